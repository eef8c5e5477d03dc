//! EVE JSON: Suricata's records, names, types and order of keys, written straight into a byte buffer.

mod community;
mod config;
mod flow;
mod time;

use std::net::IpAddr;

use json::Json;
use model::{PacketId, Time};

pub use community::community_id;
pub use config::{AlertConfig, EveConfig};
pub use flow::{AppNames, EndedFlow, TcpEnd, flow_ends, write_counts, write_flow, write_netflow};
pub use time::{Clock, civil};

/// What stands at the head of every record.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// `timestamp`.
    pub time: Time,
    /// `flow_id`; 0 = none.
    pub flow: u64,
    /// `parent_id`; 0 = none.
    pub parent: u64,
    /// `pcap_cnt`; 0 = none (timers and pseudo packets).
    pub packet: PacketId,
    /// `event_type`.
    pub kind: &'a str,
    /// `vlan`, outermost first.
    pub vlans: &'a [u16],
    /// `src_ip`, `src_port`, `dest_ip`, `dest_port`, `proto`; `None` for packets without IP.
    pub ends: Option<Ends>,
    /// `pkt_src`; empty = left out.
    pub source: &'a str,
}

/// Addresses as a record shows them.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// Source port; for ICMP the type.
    pub src_port: u16,
    /// Destination port; for ICMP the code.
    pub dst_port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// For ICMP flows: the type and code that answer (`response_icmp_type`).
    pub answer: Option<(u8, u8)>,
}

/// Opens a record's object and writes its head. The caller adds the rest and closes it.
pub fn write_head(json: &mut Json, clock: &mut Clock, config: &EveConfig, head: &Head<'_>) {
    json.object_item().plain("timestamp", clock.ascii(head.time));
    if head.flow != 0 {
        json.number("flow_id", head.flow);
    }
    if head.parent != 0 {
        json.number("parent_id", head.parent);
    }
    if let Some(interface) = &config.interface {
        json.text("in_iface", interface);
    }
    if head.packet.0 != 0 {
        json.number("pcap_cnt", head.packet.0);
    }
    json.text("event_type", head.kind);
    if !head.vlans.is_empty() {
        json.array("vlan");
        for vlan in head.vlans {
            json.number_item(*vlan);
        }
        json.end();
    }
    if let Some(ends) = &head.ends {
        write_ends(json, ends, config);
    }
    if !head.source.is_empty() {
        json.text("pkt_src", head.source);
    }
    if let (true, Some(ends)) = (config.community_id, &head.ends)
        && has_community(ends.protocol)
    {
        let (src, dst) = ((ends.src, ends.src_port), (ends.dst, ends.dst_port));
        json.plain("community_id", clock.community.of(config.community_id_seed, src, dst, ends.protocol));
    }
}

fn has_community(protocol: u8) -> bool {
    matches!(protocol, 1 | 6 | 17 | 58 | 132)
}

/// Writes the five keys of a conversation's ends, and what ICMP has instead of ports.
pub fn write_ends(json: &mut Json, ends: &Ends, config: &EveConfig) {
    address(json, "src_ip", ends.src, config);
    let ports = matches!(ends.protocol, 6 | 17 | 132);
    if ports {
        json.number("src_port", ends.src_port);
    }
    address(json, "dest_ip", ends.dst, config);
    if ports {
        json.number("dest_port", ends.dst_port);
    }
    match protocol_name(ends.protocol) {
        Some(name) => json.text("proto", name),
        None => json.display("proto", format_args!("{:03}", ends.protocol)),
    };
    json.number("ip_v", if ends.src.is_ipv4() { 4u8 } else { 6u8 });
    if matches!(ends.protocol, 1 | 58) {
        json.number("icmp_type", ends.src_port).number("icmp_code", ends.dst_port);
        if let Some((kind, code)) = ends.answer {
            json.number("response_icmp_type", kind).number("response_icmp_code", code);
        }
    }
}

/// Writes an address under `key`: IPv6 in full groups as Suricata prints them, or short (RFC 5952) when configured.
pub fn address(json: &mut Json, key: &str, address: IpAddr, config: &EveConfig) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            let mut text = [0u8; 15];
            let mut len = 0;
            for (index, octet) in [a, b, c, d].into_iter().enumerate() {
                if index > 0 {
                    text[len] = b'.';
                    len += 1;
                }
                if octet >= 100 {
                    text[len] = b'0' + octet / 100;
                    len += 1;
                }
                if octet >= 10 {
                    text[len] = b'0' + octet / 10 % 10;
                    len += 1;
                }
                text[len] = b'0' + octet % 10;
                len += 1;
            }
            json.plain(key, &text[..len]);
        }
        IpAddr::V6(address) if config.ipv6_short => {
            json.display(key, address);
        }
        IpAddr::V6(address) => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let mut text = [b':'; 39];
            for (group, octets) in text.chunks_mut(5).zip(address.octets().as_chunks::<2>().0) {
                for (place, octet) in group.as_chunks_mut::<2>().0.iter_mut().zip(octets) {
                    *place = [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]];
                }
            }
            json.plain(key, &text);
        }
    }
}

/// The name Suricata prints for an IP protocol number.
pub fn protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "IPv6-Hop-by-Hop",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IP-in-IP",
        6 => "TCP",
        8 => "EGP",
        17 => "UDP",
        41 => "IPv6",
        43 => "IPv6-Route",
        44 => "IPv6-Frag",
        46 => "RSVP",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "IPv6-ICMP",
        59 => "IPv6-NoNxt",
        60 => "IPv6-Opts",
        88 => "EIGRP",
        89 => "OSPFIGP",
        97 => "ETHERIP",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "L2TP",
        132 => "SCTP",
        135 => "Mobility-Header",
        136 => "UDPLite",
        _ => return None,
    })
}
