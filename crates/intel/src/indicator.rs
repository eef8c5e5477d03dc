//! Indicators, and finding one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use foldhash::fast::FixedState;
use model::Time;

use crate::read::{self, Fault};

/// Indicators kept at most; what is beyond is told as a fault of its file.
pub(crate) const INDICATORS_MAX: usize = 4_000_000;
/// Confidence, in hundredths, of an indicator whose file states none.
pub(crate) const CONFIDENCE_UNSTATED: u8 = 60;

/// What an indicator names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An address.
    Address,
    /// A network in CIDR notation.
    Network,
    /// A domain and everything below it.
    Domain,
    /// A URL: host, path and query.
    Url,
    /// MD5, SHA-1 or SHA-256 of a file, or SHA-1 of a certificate.
    Hash,
    /// JA3, JA3S or JA4 fingerprint.
    Fingerprint,
}

impl Kind {
    /// Its word in output.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Address => "address",
            Kind::Network => "network",
            Kind::Domain => "domain",
            Kind::Url => "url",
            Kind::Hash => "hash",
            Kind::Fingerprint => "fingerprint",
        }
    }
}

/// One thing that is known to be bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it names.
    pub kind: Kind,
    /// The value, in lower case where case does not matter.
    pub value: String,
    /// How sure its source is, 0..=100.
    pub confidence: u8,
    /// Seconds since 1970 after which it does not hold any more.
    pub expires: Option<u64>,
    /// Who says so: the feed, the event, or the file.
    pub source: String,
    /// What it is, in the source's words; may be empty.
    pub note: String,
}

/// Indicators, ready for look-ups.
#[derive(Debug, Default)]
pub struct Indicators {
    list: Vec<Indicator>,
    by_value: HashMap<(Kind, String), u32, FixedState>,
    by_address: HashMap<IpAddr, u32, FixedState>,
    /// Networks by prefix length, longest first, so that the narrowest wins.
    networks: Vec<(u8, HashMap<IpAddr, u32, FixedState>)>,
    sha256: bool,
}

/// An indicator that was met.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Its number.
    pub number: u32,
    /// The indicator.
    pub indicator: &'a Indicator,
}

impl Indicators {
    /// Adds the indicators of a file; `name` is what faults and sources call it. Says what could not be used.
    pub fn read(&mut self, name: &str, bytes: &[u8]) -> Vec<Fault> {
        let (found, mut faults) = read::file(name, bytes);
        for (line, indicator) in found {
            if let Err(cause) = self.add(indicator) {
                faults.push(Fault { file: name.to_owned(), line, cause });
            }
        }
        faults.sort_by_key(|fault| fault.line);
        faults
    }

    /// Adds one; of two with the same value the surer stays, with both sources.
    ///
    /// # Errors
    /// Why it cannot be used, in a sentence.
    pub fn add(&mut self, indicator: Indicator) -> Result<(), String> {
        if self.list.len() >= INDICATORS_MAX {
            return Err(format!("there are more than {INDICATORS_MAX} indicators"));
        }
        let number = u32::try_from(self.list.len()).expect("the limit is below four billion");
        let hasher = || HashMap::with_hasher(FixedState::with_seed(0));
        let known = match indicator.kind {
            Kind::Address => {
                let address = indicator.value.parse().map_err(|_| "not an address".to_owned())?;
                *self.by_address.entry(address).or_insert(number)
            }
            Kind::Network => {
                let (address, bits) = network(&indicator.value).ok_or("not a network in CIDR notation")?;
                let place = self
                    .networks
                    .iter()
                    .position(|(length, _)| *length <= bits)
                    .unwrap_or(self.networks.len());
                if self.networks.get(place).is_none_or(|(length, _)| *length != bits) {
                    self.networks.insert(place, (bits, hasher()));
                }
                *self.networks[place].1.entry(mask(address, bits)).or_insert(number)
            }
            kind => *self.by_value.entry((kind, indicator.value.clone())).or_insert(number),
        };
        self.sha256 |= indicator.kind == Kind::Hash && indicator.value.len() == 64;
        if known == number {
            self.list.push(indicator);
            return Ok(());
        }
        let old = &mut self.list[known as usize];
        if !old.source.split(", ").any(|source| source == indicator.source) && old.source.len() < 200 {
            old.source = format!("{}, {}", old.source, indicator.source);
        }
        old.confidence = old.confidence.max(indicator.confidence);
        old.expires = old.expires.zip(indicator.expires).map(|(a, b)| a.max(b));
        Ok(())
    }

    /// All of them, in the order of their files.
    pub fn list(&self) -> &[Indicator] {
        &self.list
    }

    /// Whether SHA-256 of files is asked for.
    pub fn needs_sha256(&self) -> bool {
        self.sha256
    }

    /// The indicator that names an address, or the narrowest network around it.
    pub fn address(&self, address: IpAddr, time: Time) -> Option<Sighting<'_>> {
        let number = self.by_address.get(&address).or_else(|| {
            self.networks.iter().find_map(|(bits, networks)| {
                let fits = *bits <= if address.is_ipv4() { 32 } else { 128 };
                fits.then(|| networks.get(&mask(address, *bits))).flatten()
            })
        })?;
        self.valid(*number, time)
    }

    /// The indicator that names a domain or one above it.
    pub fn name(&self, name: &str, time: Time) -> Option<Sighting<'_>> {
        if self.by_value.is_empty() {
            return None;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = name.as_str();
        loop {
            if let Some(number) = self.by_value.get(&(Kind::Domain, rest.to_owned())) {
                return self.valid(*number, time);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// The indicator with exactly this value: a URL without its scheme, a hash, a fingerprint.
    pub fn value(&self, kind: Kind, value: &str, time: Time) -> Option<Sighting<'_>> {
        if self.by_value.is_empty() || value.is_empty() {
            return None;
        }
        let number = self.by_value.get(&(kind, value.to_owned()))?;
        self.valid(*number, time)
    }

    fn valid(&self, number: u32, time: Time) -> Option<Sighting<'_>> {
        let indicator = &self.list[number as usize];
        indicator
            .expires
            .is_none_or(|expires| time.secs() <= expires)
            .then_some(Sighting { number, indicator })
    }
}

/// Address and prefix length.
pub(crate) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

fn mask(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(address) & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
        }
    }
}
