//! Community ID version 1: the same text for a conversation in every tool (corelight/community-id-spec).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Length of an id: `1:` and 20 bytes in base64.
const LEN: usize = 30;

/// The id of a conversation, `1:…`. Ports of ICMP are type and code, paired as the specification says.
pub fn community_id(seed: u16, src: (IpAddr, u16), dst: (IpAddr, u16), protocol: u8) -> String {
    String::from_utf8_lossy(&text(seed, src, dst, protocol)).into_owned()
}

fn text(seed: u16, src: (IpAddr, u16), dst: (IpAddr, u16), protocol: u8) -> [u8; LEN] {
    let (src_port, dst_port, one_way) = ports(src.1, dst.1, protocol);
    let (low, high) = match (one_way, (src.0, src_port) <= (dst.0, dst_port)) {
        (true, _) | (false, true) => ((src.0, src_port), (dst.0, dst_port)),
        (false, false) => ((dst.0, dst_port), (src.0, src_port)),
    };
    let mut input = Input { bytes: [0; 40], len: 0 };
    input.push(&seed.to_be_bytes());
    for address in [low.0, high.0] {
        match address {
            IpAddr::V4(address) => input.push(&address.octets()),
            IpAddr::V6(address) => input.push(&address.octets()),
        }
    }
    input.push(&[protocol, 0]);
    if matches!(protocol, 1 | 6 | 17 | 58 | 132) {
        input.push(&low.1.to_be_bytes());
        input.push(&high.1.to_be_bytes());
    }
    let digest = Sha1::digest(&input.bytes[..input.len]);
    let mut text = *b"1:----------------------------";
    STANDARD.encode_slice(digest, &mut text[2..]).expect("20 bytes are 28 in base64");
    text
}

/// What is hashed: at most a seed, two addresses, protocol and ports.
struct Input {
    bytes: [u8; 40],
    len: usize,
}

impl Input {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

/// The last id that was computed: the records of a flow often come one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct LastCommunity {
    ends: Option<(u16, (IpAddr, u16), (IpAddr, u16), u8)>,
    text: [u8; LEN],
}

impl LastCommunity {
    /// The id of a conversation, either way round.
    pub(super) fn of(
        &mut self,
        seed: u16,
        src: (IpAddr, u16),
        dst: (IpAddr, u16),
        protocol: u8,
    ) -> &[u8; LEN] {
        // Types and codes of ICMP stand for different things in the two places.
        let ports = !matches!(protocol, 1 | 58);
        let known = self.ends.is_some_and(|ends| {
            ends == (seed, src, dst, protocol) || (ports && ends == (seed, dst, src, protocol))
        });
        if !known {
            self.text = text(seed, src, dst, protocol);
            self.ends = Some((seed, src, dst, protocol));
        }
        &self.text
    }
}

/// ICMP has no ports: a request's type stands with its answer's, other messages are one-way.
fn ports(src: u16, dst: u16, protocol: u8) -> (u16, u16, bool) {
    const PAIRS_V4: [(u16, u16); 5] = [(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
    const PAIRS_V6: [(u16, u16); 5] = [(128, 129), (133, 134), (135, 136), (130, 131), (144, 145)];
    let pairs = match protocol {
        1 => &PAIRS_V4,
        58 => &PAIRS_V6,
        _ => return (src, dst, false),
    };
    for &(asks, answers) in pairs {
        if src == asks {
            return (asks, answers, false);
        }
        if src == answers {
            return (answers, asks, false);
        }
    }
    (src, dst, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values of the specification's own baseline.
    #[test]
    fn both_directions_have_one_id() {
        let client = ("128.232.110.120".parse().unwrap(), 34855);
        let server = ("66.35.250.204".parse().unwrap(), 80);
        assert_eq!(community_id(0, client, server, 6), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(community_id(0, server, client, 6), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    }

    #[test]
    fn an_echo_and_its_reply_have_one_id() {
        let asks = ("192.168.0.89".parse().unwrap(), 8);
        let answers = ("192.168.0.1".parse().unwrap(), 0);
        assert_eq!(community_id(0, asks, answers, 1), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
        assert_eq!(community_id(0, answers, asks, 1), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    }
}
