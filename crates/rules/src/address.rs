//! Sets of addresses and ports, as rule headers and `suppress` use them.

use std::net::IpAddr;

/// A set of IP addresses: sorted, disjoint, inclusive ranges per version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
    any: bool,
    /// A negation took part in writing it; matters for the rule's type.
    negated: bool,
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
        let (mut not4, mut not6) = (Vec::new(), Vec::new());
        for range in excluded {
            match *range {
                (IpAddr::V4(low), IpAddr::V4(high)) => not4.push((low.to_bits(), high.to_bits())),
                (IpAddr::V6(low), IpAddr::V6(high)) => not6.push((low.to_bits(), high.to_bits())),
                _ => {}
            }
        }
        set.v4 = subtract(merge(set.v4, |last| last.checked_add(1)), merge(not4, |last| last.checked_add(1)));
        set.v6 = subtract(merge(set.v6, |last| last.checked_add(1)), merge(not6, |last| last.checked_add(1)));
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
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => within(&self.v6, address.to_bits()),
        }
    }
}

/// A set of ports: sorted, disjoint, inclusive ranges.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortSet {
    ranges: Vec<(u16, u16)>,
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
        let next = |last: u16| last.checked_add(1);
        Self { ranges: subtract(merge(included.to_vec(), next), merge(excluded.to_vec(), next)) }
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
        within(&self.ranges, port)
    }
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], value: T) -> bool {
    let after = ranges.partition_point(|range| range.0 <= value);
    after > 0 && ranges.get(after - 1).is_some_and(|range| value <= range.1)
}

/// Sorts and joins ranges that touch; `next` gives a value's successor.
fn merge<T: Ord + Copy>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Vec<(T, T)> {
    ranges.retain(|range| range.0 <= range.1);
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if next(last.1).is_none_or(|touching| range.0 <= touching) => {
                last.1 = last.1.max(range.1);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Integers whose neighbours are known.
trait Neighbours: Ord + Copy {
    fn before(self) -> Option<Self>;
    fn after(self) -> Option<Self>;
}

macro_rules! neighbours {
    ($($number:ty),*) => {$(
        impl Neighbours for $number {
            fn before(self) -> Option<Self> {
                self.checked_sub(1)
            }
            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }
        }
    )*};
}
neighbours!(u16, u32, u128);

/// What is in the merged ranges `from` and not in the merged ranges `less`.
fn subtract<T: Neighbours>(from: Vec<(T, T)>, less: Vec<(T, T)>) -> Vec<(T, T)> {
    let mut left = Vec::with_capacity(from.len());
    let mut holes = less.iter().peekable();
    for (mut low, high) in from {
        let mut open = true;
        while let Some(hole) = holes.peek() {
            if hole.1 < low {
                holes.next();
                continue;
            }
            if hole.0 > high {
                break;
            }
            if let Some(end) = hole.0.before()
                && hole.0 > low
            {
                left.push((low, end));
            }
            match hole.1.after() {
                Some(after) if after <= high => {
                    low = after;
                    holes.next();
                }
                _ => {
                    open = false;
                    break;
                }
            }
        }
        if open {
            left.push((low, high));
        }
    }
    left
}
