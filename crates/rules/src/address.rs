//! Sets of addresses and ports, as rule headers and `suppress` use them.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::group::{self, holds};

/// A set of IP addresses: sorted, disjoint, inclusive ranges per version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AddressSet {
    pub(crate) v4: Vec<(u32, u32)>,
    pub(crate) v6: Vec<(u128, u128)>,
    pub(crate) any: bool,
    /// A negation took part in writing it; matters for the rule's type.
    pub(crate) negated: bool,
}

impl AddressSet {
    /// All addresses.
    pub fn any() -> Self {
        Self { v4: vec![(0, u32::MAX)], v6: vec![(0, u128::MAX)], any: true, negated: false }
    }

    /// From included and excluded ranges (first, last). With nothing included, everything is.
    pub fn new(included: &[(IpAddr, IpAddr)], excluded: &[(IpAddr, IpAddr)]) -> Self {
        let mut set = if included.is_empty() { Self::any() } else { Self::default() };
        for range in included {
            match *range {
                (IpAddr::V4(low), IpAddr::V4(high)) => set.v4.push((low.to_bits(), high.to_bits())),
                (IpAddr::V6(low), IpAddr::V6(high)) => set.v6.push((low.to_bits(), high.to_bits())),
                _ => {}
            }
        }
        let mut taken = Self::default();
        for range in excluded {
            match *range {
                (IpAddr::V4(low), IpAddr::V4(high)) => taken.v4.push((low.to_bits(), high.to_bits())),
                (IpAddr::V6(low), IpAddr::V6(high)) => taken.v6.push((low.to_bits(), high.to_bits())),
                _ => {}
            }
        }
        group::tidy(&mut set.v4);
        group::tidy(&mut set.v6);
        group::tidy(&mut taken.v4);
        group::tidy(&mut taken.v6);
        set.v4 = group::without(&set.v4, &taken.v4);
        set.v6 = group::without(&set.v6, &taken.v6);
        set.any = set.v4 == [(0, u32::MAX)] && set.v6 == [(0, u128::MAX)];
        set.negated = !excluded.is_empty();
        set
    }

    /// Whether it has all addresses.
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether a negation took part in writing it.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Its IPv4 ranges: sorted, disjoint, inclusive.
    pub fn v4(&self) -> &[(u32, u32)] {
        &self.v4
    }

    /// Its IPv6 ranges: sorted, disjoint, inclusive.
    pub fn v6(&self) -> &[(u128, u128)] {
        &self.v6
    }

    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        if self.any {
            return true;
        }
        match address {
            IpAddr::V4(address) => holds(&self.v4, address.to_bits()),
            IpAddr::V6(address) => holds(&self.v6, address.to_bits()),
        }
    }
}

/// A set of ports: sorted, disjoint, inclusive ranges.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PortSet {
    pub(crate) ranges: Vec<(u16, u16)>,
}

impl PortSet {
    /// All ports.
    pub fn any() -> Self {
        Self { ranges: vec![(0, u16::MAX)] }
    }

    /// From included and excluded ranges (first, last). With nothing included, everything is.
    pub fn new(included: &[(u16, u16)], excluded: &[(u16, u16)]) -> Self {
        let all = [(0, u16::MAX)];
        let included = if included.is_empty() { &all[..] } else { included };
        let (mut ranges, mut taken) = (included.to_vec(), excluded.to_vec());
        group::tidy(&mut ranges);
        group::tidy(&mut taken);
        Self { ranges: group::without(&ranges, &taken) }
    }

    /// Whether it has all ports.
    pub fn is_any(&self) -> bool {
        self.ranges == [(0, u16::MAX)]
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Its ranges: sorted, disjoint, inclusive.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    /// Whether `port` is in it.
    pub fn contains(&self, port: u16) -> bool {
        holds(&self.ranges, port)
    }
}

impl std::fmt::Display for AddressSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_any() {
            return f.write_str("any");
        }
        let v4 = self
            .v4
            .iter()
            .map(|(low, high)| (Ipv4Addr::from(*low).to_string(), Ipv4Addr::from(*high).to_string()));
        let v6 = self
            .v6
            .iter()
            .map(|(low, high)| (Ipv6Addr::from(*low).to_string(), Ipv6Addr::from(*high).to_string()));
        for (index, (low, high)) in v4.chain(v6).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if low == high { write!(f, "{comma}{low}")? } else { write!(f, "{comma}{low}-{high}")? }
        }
        Ok(())
    }
}

impl std::fmt::Display for PortSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_any() {
            return f.write_str("any");
        }
        for (index, (low, high)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if low == high { write!(f, "{comma}{low}")? } else { write!(f, "{comma}{low}:{high}")? }
        }
        Ok(())
    }
}
