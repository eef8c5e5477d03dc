//! How rules write addresses: CIDR blocks, masks, ranges, single addresses, and groups of them.

use std::net::{IpAddr, Ipv4Addr};

use crate::AddressSet;
use crate::text::error::{Code, Fault, Parsed};
use crate::text::group::{self, Set};

pub(crate) fn parse(text: &str, variable: &mut dyn FnMut(&str) -> Parsed<AddressSet>) -> Parsed<AddressSet> {
    group::parse(text, variable)
}

impl AddressSet {
    /// Sees whether it became `any`.
    fn settle(&mut self) {
        self.any = self.v4 == [(0, u32::MAX)] && self.v6 == [(0, u128::MAX)];
    }
}

impl Set for AddressSet {
    const CODE: Code = Code::Address;
    const NOUN: &'static str = "address";

    fn all() -> Self {
        Self::any()
    }

    fn element(text: &str) -> Parsed<Self> {
        if let Some((low, high)) = text.split_once('-') {
            return between(low.trim(), high.trim());
        }
        let (address, mask) = match text.split_once('/') {
            Some((address, mask)) => (address.trim(), Some(mask.trim())),
            None => (text, None),
        };
        block(one(address)?, mask)
    }

    fn add(&mut self, other: Self) {
        self.v4.extend(other.v4);
        self.v6.extend(other.v6);
        self.negated |= other.negated;
    }

    fn tidy(&mut self) {
        group::tidy(&mut self.v4);
        group::tidy(&mut self.v6);
        self.settle();
    }

    fn remove(&mut self, other: &Self) {
        self.v4 = group::without(&self.v4, &other.v4);
        self.v6 = group::without(&self.v6, &other.v6);
        self.negated = true;
        self.settle();
    }

    fn is_nothing(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    fn is_all(&self) -> bool {
        self.is_any()
    }
}

fn one(text: &str) -> Parsed<IpAddr> {
    text.parse().map_err(|_| {
        Fault::new(Code::Address, format!("`{text}` is not an address")).help(
            "write an address, a block like 10.0.0.0/8, a range like 10.0.0.1-10.0.0.9, a group in brackets, or a $VARIABLE",
        )
    })
}

fn between(low: &str, high: &str) -> Parsed<AddressSet> {
    let mut set = AddressSet::default();
    match (one(low)?, one(high)?) {
        (IpAddr::V4(low), IpAddr::V4(high)) if low <= high => set.v4.push((low.into(), high.into())),
        (IpAddr::V6(low), IpAddr::V6(high)) if low <= high => set.v6.push((low.into(), high.into())),
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
            return Err(Fault::new(Code::Address, format!("the range {low}-{high} is empty"))
                .help(format!("write {high}-{low}")));
        }
        _ => return Err(Fault::new(Code::Address, "a range cannot go from IPv4 to IPv6")),
    }
    Ok(set)
}

fn block(address: IpAddr, mask: Option<&str>) -> Parsed<AddressSet> {
    let mut set = AddressSet::default();
    match address {
        IpAddr::V4(address) => {
            let mask = v4_mask(mask)?;
            let low = u32::from(address) & mask;
            set.v4.push((low, low | !mask));
        }
        IpAddr::V6(address) => {
            let mask = v6_mask(mask)?;
            let low = u128::from(address) & mask;
            set.v6.push((low, low | !mask));
        }
    }
    Ok(set)
}

fn v4_mask(mask: Option<&str>) -> Parsed<u32> {
    let Some(mask) = mask else { return Ok(u32::MAX) };
    if let Ok(mask) = mask.parse::<Ipv4Addr>() {
        let mask = u32::from(mask);
        return match mask.leading_ones() + mask.trailing_zeros() {
            32 => Ok(mask),
            _ => Err(Fault::new(Code::Address, "the mask has holes")),
        };
    }
    let bits = prefix(mask, 32)?;
    Ok(u32::MAX.checked_shl(32 - bits).unwrap_or(0))
}

fn v6_mask(mask: Option<&str>) -> Parsed<u128> {
    let Some(mask) = mask else { return Ok(u128::MAX) };
    let bits = prefix(mask, 128)?;
    Ok(u128::MAX.checked_shl(128 - bits).unwrap_or(0))
}

fn prefix(text: &str, max: u32) -> Parsed<u32> {
    match text.parse::<u32>() {
        Ok(bits) if bits <= max => Ok(bits),
        _ => Err(Fault::new(Code::Address, format!("`/{text}` is not a prefix length from 0 to {max}"))),
    }
}
