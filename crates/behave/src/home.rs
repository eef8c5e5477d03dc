//! Which hosts are ours.

use std::collections::HashSet;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use model::{Event, EventKind};

/// The networks that are ours, and what was learnt about who lives there.
#[derive(Debug, Clone)]
pub struct Home {
    networks: Vec<(IpAddr, u8)>,
    /// Hosts of ours that spoke, addresses that a DNS answer named, and hosts that got answers; bounded, never iterated.
    hosts: HashSet<IpAddr, FixedState>,
    named: HashSet<IpAddr, FixedState>,
    resolving: HashSet<IpAddr, FixedState>,
}

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
        Self { networks, hosts: empty(), named: empty(), resolving: empty() }
    }

    /// Whether an address is ours.
    pub fn has(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|(network, bits)| covers(*network, *bits, address))
    }

    /// Whether `server` is inside as seen from `client`: ours, or a neighbour in the same small network.
    pub fn is_inside(&self, client: IpAddr, server: IpAddr) -> bool {
        let neighbours = match client {
            IpAddr::V4(_) => covers(client, 24, server),
            IpAddr::V6(_) => covers(client, 64, server),
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
        if let EventKind::Transaction(fact) = &event.kind
            && fact.protocol == "dns"
        {
            for address in fact.texts("dns.answers.address").filter_map(|text| text.parse().ok()) {
                if self.named.len() < NAMED_MAX {
                    self.named.insert(address);
                }
                if self.resolving.len() < HOSTS_MAX {
                    self.resolving.insert(fact.who.client);
                }
            }
        }
        if let EventKind::Flow(flow) = &event.kind {
            for address in [flow.who.client, flow.who.server] {
                if self.hosts.len() < HOSTS_MAX && self.has(address) {
                    self.hosts.insert(address);
                }
            }
        }
    }
}

fn covers(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}
