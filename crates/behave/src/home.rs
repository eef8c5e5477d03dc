//! Which hosts are ours.

use std::collections::HashSet;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use model::{Event, EventKind, Time};

/// The networks that are ours, and what was learnt about who lives there.
#[derive(Debug, Clone)]
pub struct Home {
    /// Networks as their bits and the mask of those.
    short: Vec<(u32, u32)>,
    long: Vec<(u128, u128)>,
    /// When the first event was.
    began: Option<Time>,
    /// Hosts of ours that spoke, addresses that a DNS answer named, and hosts that got answers; bounded, never iterated.
    hosts: HashSet<IpAddr, FixedState>,
    named: HashSet<IpAddr, FixedState>,
    resolving: HashSet<IpAddr, FixedState>,
}

/// Addresses that a DNS answer names.
const ANSWERS: &str = "dns.answers.address";
/// Fields of exchanges that are read.
pub(crate) const FIELDS: &[&str] = &[ANSWERS];
/// Hosts of ours that are remembered at most.
const HOSTS_MAX: usize = 1 << 16;
/// Addresses with a name that are remembered at most.
const NAMED_MAX: usize = 1 << 18;

impl Default for Home {
    /// The private networks of RFC 1918 and RFC 4193, shared space (RFC 6598), and link-local addresses.
    fn default() -> Self {
        let networks = [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ];
        Self::new(networks.iter().filter_map(|network| parse(network)).collect())
    }
}

fn parse(network: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = network.split_once('/')?;
    Some((address.parse().ok()?, bits.parse().ok()?))
}

impl Home {
    /// These networks, as address and prefix length.
    pub fn new(networks: Vec<(IpAddr, u8)>) -> Self {
        let empty = || HashSet::with_hasher(FixedState::with_seed(0));
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (network, bits) in networks {
            match network {
                IpAddr::V4(network) => short.push((network.to_bits() & short_mask(bits), short_mask(bits))),
                IpAddr::V6(network) => long.push((network.to_bits() & long_mask(bits), long_mask(bits))),
            }
        }
        Self { short, long, began: None, hosts: empty(), named: empty(), resolving: empty() }
    }

    /// When the first event was; `None` before it.
    pub(crate) fn began(&self) -> Option<Time> {
        self.began
    }

    /// Whether an address is ours.
    pub fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => {
                self.short.iter().any(|(network, mask)| address.to_bits() & mask == *network)
            }
            IpAddr::V6(address) => {
                self.long.iter().any(|(network, mask)| address.to_bits() & mask == *network)
            }
        }
    }

    /// Whether `server` is inside as seen from `client`: ours, or a neighbour in the same small network.
    pub fn is_inside(&self, client: IpAddr, server: IpAddr) -> bool {
        let neighbours = match (client, server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => client.to_bits() >> 8 == server.to_bits() >> 8,
            (IpAddr::V6(client), IpAddr::V6(server)) => client.to_bits() >> 64 == server.to_bits() >> 64,
            _ => false,
        };
        neighbours || self.has(server)
    }

    /// Whether a conversation crosses the border, from inside to outside.
    pub fn leaves(&self, client: IpAddr, server: IpAddr) -> bool {
        self.has(client) && !self.has(server)
    }

    /// How many hosts of ours spoke so far.
    pub fn hosts_seen(&self) -> usize {
        self.hosts.len()
    }

    /// Whether `client` went to `server` without asking for a name, though it asks for others. Never so
    /// when its questions are not seen.
    pub fn is_unasked(&self, client: IpAddr, server: IpAddr) -> bool {
        self.resolving.contains(&client) && !self.named.contains(&server) && !self.is_inside(client, server)
    }

    pub(crate) fn learn(&mut self, event: &Event) {
        self.began.get_or_insert(event.moment.time);
        match &event.kind {
            EventKind::Transaction(fact) if fact.protocol == "dns" => {
                for address in fact.texts(ANSWERS).filter_map(|text| text.parse().ok()) {
                    if self.named.len() < NAMED_MAX {
                        self.named.insert(address);
                    }
                    if self.resolving.len() < HOSTS_MAX {
                        self.resolving.insert(fact.who.client);
                    }
                }
            }
            EventKind::Flow(flow) => {
                for address in [flow.who.client, flow.who.server] {
                    if self.hosts.len() < HOSTS_MAX && self.has(address) {
                        self.hosts.insert(address);
                    }
                }
            }
            _ => {}
        }
    }
}

fn short_mask(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0)
}

fn long_mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0)
}
