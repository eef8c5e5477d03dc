//! Names that led to an address, learnt from the traffic itself (passive DNS, TLS server names, HTTP hosts).

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::TransactionFact;

/// Addresses whose names are kept.
const ADDRESSES_MAX: usize = 100_000;

/// Names by address. A name that the client itself asked the server for (SNI, Host) wins over one from DNS.
#[derive(Debug, Default)]
pub(crate) struct Names {
    of: BTreeMap<IpAddr, (u8, String)>,
}

impl Names {
    /// Learns from a transaction.
    pub(crate) fn learn(&mut self, fact: &TransactionFact) {
        match fact.protocol {
            "tls" | "quic" => self.note(
                fact.who.server,
                2,
                fact.text(if fact.protocol == "tls" { "tls.sni" } else { "quic.sni" }),
            ),
            "http" | "http2" => self.note(fact.who.server, 1, fact.text("http.host")),
            "dns" => {
                let name = fact.text("dns.queries.rrname").to_owned();
                for answer in fact.texts("dns.answers.address") {
                    if let Ok(address) = answer.parse() {
                        self.note(address, 0, &name);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, address: IpAddr, rank: u8, name: &str) {
        let name = name.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() || name.parse::<IpAddr>().is_ok() {
            return;
        }
        if let Some((known, old)) = self.of.get_mut(&address) {
            if rank > *known {
                (*known, *old) = (rank, name);
            }
        } else if self.of.len() < ADDRESSES_MAX {
            self.of.insert(address, (rank, name));
        }
    }

    /// The best name of an address; empty when none is known.
    pub(crate) fn of(&self, address: IpAddr) -> &str {
        self.of.get(&address).map_or("", |(_, name)| name)
    }
}
