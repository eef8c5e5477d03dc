//! Names that led to an address, learnt from the traffic itself: passive DNS, TLS server names, HTTP hosts.

use std::net::IpAddr;

use model::{AddressSeen, NameSeen, Time, TransactionFact};

use crate::table::Recent;

/// Addresses whose names are kept, per generation.
const ADDRESSES_MAX: usize = 32_768;
/// Names kept per address.
const NAMES_MAX: usize = 8;
/// Other addresses told per server.
const SIBLINGS_MAX: usize = 32;

/// How a name was seen. A name that the client itself asked the server for wins over one from DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Dns,
    Host,
    Sni,
}

impl Source {
    const fn word(self) -> &'static str {
        match self {
            Source::Dns => "dns",
            Source::Host => "host",
            Source::Sni => "sni",
        }
    }
}

#[derive(Debug)]
struct Seen {
    name: Box<str>,
    source: Source,
    first: Time,
    last: Time,
    count: u64,
}

/// Names by address.
#[derive(Debug)]
pub(crate) struct Names {
    of: Recent<IpAddr, Vec<Seen>>,
}

impl Default for Names {
    fn default() -> Self {
        Self { of: Recent::new(ADDRESSES_MAX) }
    }
}

impl Names {
    /// Learns from a transaction.
    pub(crate) fn learn(&mut self, fact: &TransactionFact) {
        match fact.protocol {
            "tls" => self.note(fact.who.server, Source::Sni, fact.text("tls.sni"), fact.time),
            "quic" => self.note(fact.who.server, Source::Sni, fact.text("quic.sni"), fact.time),
            "http" | "http2" => self.note(fact.who.server, Source::Host, fact.text("http.host"), fact.time),
            "dns" => {
                let name = fact.text("dns.queries.rrname");
                for answer in fact.texts("dns.answers.address") {
                    if let Ok(address) = answer.parse() {
                        self.note(address, Source::Dns, name, fact.time);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, address: IpAddr, source: Source, name: &str, time: Time) {
        let name = name.split(':').next().unwrap_or_default().trim_end_matches('.');
        if name.is_empty() || name.parse::<IpAddr>().is_ok() {
            return;
        }
        let list = self.of.touch(address, Vec::new);
        if let Some(seen) = list.iter_mut().find(|seen| seen.name.eq_ignore_ascii_case(name)) {
            seen.source = seen.source.max(source);
            seen.first = seen.first.min(time);
            seen.last = seen.last.max(time);
            seen.count += 1;
        } else if list.len() < NAMES_MAX {
            let name = name.to_ascii_lowercase().into_boxed_str();
            if list.is_empty() {
                // Most addresses have one name.
                list.reserve_exact(1);
            }
            list.push(Seen { name, source, first: time, last: time, count: 1 });
        }
    }

    /// The best name of an address; empty when none is known.
    pub(crate) fn of(&self, address: IpAddr) -> &str {
        let list = self.of.get(&address).map_or(&[][..], Vec::as_slice);
        // Of several the one seen most; of those the first by name, so that the order of packets does not matter.
        let best = list.iter().max_by(|a, b| (a.source, a.count, &b.name).cmp(&(b.source, b.count, &a.name)));
        best.map_or("", |seen| &seen.name)
    }

    /// All names of an address, the best first.
    pub(crate) fn all(&self, address: IpAddr) -> Vec<NameSeen> {
        let mut list: Vec<&Seen> = self.of.get(&address).into_iter().flatten().collect();
        list.sort_by(|a, b| (b.source, b.count, &a.name).cmp(&(a.source, a.count, &b.name)));
        list.into_iter()
            .map(|seen| NameSeen {
                name: seen.name.to_string(),
                source: seen.source.word(),
                first: seen.first,
                last: seen.last,
                count: seen.count,
            })
            .collect()
    }

    /// For each of `addresses`: other addresses that one of its names led to. One pass over the table for all of them.
    pub(crate) fn siblings(&self, addresses: &[IpAddr]) -> Vec<Vec<AddressSeen>> {
        let mut wanted: std::collections::BTreeMap<&str, Vec<usize>> = std::collections::BTreeMap::new();
        for (position, address) in addresses.iter().enumerate() {
            for seen in self.of.get(address).into_iter().flatten() {
                wanted.entry(&seen.name).or_default().push(position);
            }
        }
        let mut found: Vec<Vec<AddressSeen>> = addresses.iter().map(|_| Vec::new()).collect();
        if wanted.is_empty() {
            return found;
        }
        for (address, list) in self.of.sorted() {
            for seen in list {
                for position in wanted.get(&*seen.name).into_iter().flatten() {
                    let siblings = &mut found[*position];
                    if address != addresses[*position]
                        && siblings.len() < SIBLINGS_MAX
                        && siblings.last().is_none_or(|last| last.address != address)
                    {
                        siblings.push(AddressSeen {
                            address,
                            name: seen.name.to_string(),
                            first: seen.first,
                            last: seen.last,
                        });
                    }
                }
            }
        }
        found
    }

    /// Addresses that were forgotten.
    pub(crate) fn evicted(&self) -> u64 {
        self.of.evicted()
    }
}
