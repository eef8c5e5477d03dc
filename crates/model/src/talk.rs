//! Who talks to whom, as the key of tables that have an entry for each pair of hosts.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// Who talks to whom; to which port over which transport, where that is told apart (else 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Talk {
    /// Who asks.
    pub client: IpAddr,
    /// Who is asked.
    pub server: IpAddr,
    /// Port of the server.
    pub port: u16,
    /// IP protocol number.
    pub transport: u8,
}

/// The same as tables keep it: in sixteen bytes, since most is IPv4. Its order and its hash are those of [`Talk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTalk(Kept);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Short { client: Ipv4Addr, server: Ipv4Addr, port: u16, transport: u8 },
    Long(Box<Talk>),
}

impl Talk {
    /// Between two hosts, over whatever.
    pub const fn between(client: IpAddr, server: IpAddr) -> Self {
        Self { client, server, port: 0, transport: 0 }
    }
}

impl KeptTalk {
    /// What it stands for.
    pub fn talk(&self) -> Talk {
        match &self.0 {
            Kept::Short { client, server, port, transport } => {
                let (client, server) = (IpAddr::V4(*client), IpAddr::V4(*server));
                Talk { client, server, port: *port, transport: *transport }
            }
            Kept::Long(talk) => **talk,
        }
    }
}

impl From<Talk> for KeptTalk {
    fn from(talk: Talk) -> Self {
        let Talk { client, server, port, transport } = talk;
        Self(match (client, server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => Kept::Short { client, server, port, transport },
            _ => Kept::Long(Box::new(talk)),
        })
    }
}

impl PartialEq<KeptTalk> for Talk {
    fn eq(&self, other: &KeptTalk) -> bool {
        *self == other.talk()
    }
}

impl Hash for Talk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.client, self.server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => {
                state.write_u64(u64::from(client.to_bits()) << 32 | u64::from(server.to_bits()));
            }
            (client, server) => (client, server).hash(state),
        }
        state.write_u32(u32::from(self.port) << 8 | u32::from(self.transport));
    }
}

impl Hash for KeptTalk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.talk().hash(state);
    }
}

impl PartialOrd for KeptTalk {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeptTalk {
    fn cmp(&self, other: &Self) -> Ordering {
        self.talk().cmp(&other.talk())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_small_and_in_the_same_order() {
        assert!(size_of::<KeptTalk>() <= 16);
        let hosts: Vec<IpAddr> =
            ["10.0.0.1", "10.0.0.2", "fe80::1", "fe80::2"].iter().map(|host| host.parse().unwrap()).collect();
        let mut talks: Vec<Talk> = Vec::new();
        for client in &hosts {
            for server in &hosts {
                for (port, transport) in [(0, 0), (53, 17), (443, 6), (443, 17)] {
                    talks.push(Talk { client: *client, server: *server, port, transport });
                }
            }
        }
        let kept: Vec<KeptTalk> = talks.iter().map(|talk| KeptTalk::from(*talk)).collect();
        assert!(kept.is_sorted() && talks.iter().zip(&kept).all(|(talk, kept)| talk == kept));
    }
}
