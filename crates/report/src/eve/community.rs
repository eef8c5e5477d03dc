//! Community ID version 1: the same text for a conversation in every tool (corelight/community-id-spec).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The id of a conversation, `1:…`. Ports of ICMP are type and code, paired as the specification says.
pub fn community_id(seed: u16, src: (IpAddr, u16), dst: (IpAddr, u16), protocol: u8) -> String {
    let (src_port, dst_port, one_way) = ports(src.1, dst.1, protocol);
    let (low, high) = match (one_way, (src.0, src_port) <= (dst.0, dst_port)) {
        (true, _) | (false, true) => ((src.0, src_port), (dst.0, dst_port)),
        (false, false) => ((dst.0, dst_port), (src.0, src_port)),
    };
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    for address in [low.0, high.0] {
        match address {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([protocol, 0]);
    if matches!(protocol, 1 | 6 | 17 | 58 | 132) {
        hash.update(low.1.to_be_bytes());
        hash.update(high.1.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
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
