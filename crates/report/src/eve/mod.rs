//! EVE JSON: Suricata's records, names, types and order of keys, written straight into a byte buffer.

mod community;
mod config;
mod flow;
mod time;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
///
/// Every record has one, so it is put together here from pieces of known length.
pub fn write_head(json: &mut Json, clock: &mut Clock, config: &EveConfig, head: &Head<'_>) {
    let out = json.object_with_members();
    out.extend_from_slice(b"\"timestamp\":\"");
    out.extend_from_slice(clock.ascii(head.time));
    out.push(b'"');
    if head.flow != 0 {
        member(out, b",\"flow_id\":", head.flow);
    }
    if head.parent != 0 {
        member(out, b",\"parent_id\":", head.parent);
    }
    if let Some(interface) = &config.interface {
        json.text("in_iface", interface);
    }
    let out = json.members();
    if head.packet.0 != 0 {
        member(out, b",\"pcap_cnt\":", head.packet.0);
    }
    word(out, b",\"event_type\":\"", head.kind);
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
        word(json.members(), b",\"pkt_src\":\"", head.source);
    }
    if let (true, Some(ends)) = (config.community_id, &head.ends)
        && has_community(ends.protocol)
    {
        let (src, dst) = ((ends.src, ends.src_port), (ends.dst, ends.dst_port));
        let out = json.members();
        out.extend_from_slice(b",\"community_id\":\"");
        out.extend_from_slice(clock.community.of(config.community_id_seed, src, dst, ends.protocol));
        out.push(b'"');
    }
}

/// Appends a number behind its comma and key.
#[inline(always)]
fn member<const LEN: usize>(out: &mut Vec<u8>, key: &[u8; LEN], value: u64) {
    out.extend_from_slice(key);
    json::decimal_into(out, value);
}

/// Appends one of the words of EVE, which need no escaping, behind its comma, key and first quote.
#[inline(always)]
fn word<const LEN: usize>(out: &mut Vec<u8>, key: &[u8; LEN], word: &str) {
    out.extend_from_slice(key);
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

fn has_community(protocol: u8) -> bool {
    matches!(protocol, 1 | 6 | 17 | 58 | 132)
}

/// Writes the five keys of a conversation's ends, and what ICMP has instead of ports.
pub fn write_ends(json: &mut Json, ends: &Ends, config: &EveConfig) {
    let ports = matches!(ends.protocol, 6 | 17 | 132);
    match (ends.src, ends.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) if ports && json.has_members() => {
            let out = json.members();
            end_v4(out, b",\"src_ip\":\"", src, b"\",\"src_port\":", ends.src_port);
            end_v4(out, b",\"dest_ip\":\"", dst, b"\",\"dest_port\":", ends.dst_port);
            match ends.protocol {
                6 => return out.extend_from_slice(b",\"proto\":\"TCP\",\"ip_v\":4"),
                17 => return out.extend_from_slice(b",\"proto\":\"UDP\",\"ip_v\":4"),
                _ => {}
            }
        }
        _ => {
            address(json, "src_ip", ends.src, config);
            if ports {
                json.number("src_port", ends.src_port);
            }
            address(json, "dest_ip", ends.dst, config);
            if ports {
                json.number("dest_port", ends.dst_port);
            }
        }
    }
    match protocol_name(ends.protocol) {
        Some(name) => json.plain("proto", name.as_bytes()),
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

/// One end of nearly every record: its address and port behind their keys.
fn end_v4<const A: usize, const P: usize>(
    out: &mut Vec<u8>,
    address_key: &[u8; A],
    address: Ipv4Addr,
    port_key: &[u8; P],
    port: u16,
) {
    out.extend_from_slice(address_key);
    let start = out.len();
    let (text, len) = dotted(address);
    // A block of known size is copied in a move or two; what is beyond the address is cut off again.
    out.extend_from_slice(&text);
    out.truncate(start + len);
    member(out, port_key, port.into());
}

/// Writes an address under `key`: IPv6 in full groups as Suricata prints them, or short (RFC 5952) when configured.
pub fn address(json: &mut Json, key: &str, address: IpAddr, config: &EveConfig) {
    match address {
        IpAddr::V4(address) => {
            let (text, len) = dotted(address);
            json.plain(key, &text[..len]);
        }
        IpAddr::V6(address) if config.ipv6_short => {
            json.display(key, address);
        }
        IpAddr::V6(address) => {
            json.plain(key, &grouped(address));
        }
    }
}

/// An IPv4 address as text, and how long it is.
fn dotted(address: Ipv4Addr) -> ([u8; 16], usize) {
    let mut text = [0; 16];
    let mut len = 0;
    for octet in address.octets() {
        let (digits, used) = OCTETS[usize::from(octet)];
        text[len..len + 4].copy_from_slice(&digits);
        len += usize::from(used);
    }
    (text, len - 1)
}

/// Each octet with a dot behind it, and how long that is.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let len = 1 + (octet >= 10) as usize + (octet >= 100) as usize;
        let mut place = 0;
        while place < len {
            octets[octet].0[place] = b'0' + digits[3 - len + place] as u8;
            place += 1;
        }
        octets[octet].1 = len as u8 + 1;
        octet += 1;
    }
    octets
};

/// An IPv6 address in full groups.
fn grouped(address: Ipv6Addr) -> [u8; 39] {
    let mut text = [b':'; 39];
    for (group, octets) in text.chunks_mut(5).zip(address.octets().as_chunks::<2>().0) {
        for (place, octet) in group.as_chunks_mut::<2>().0.iter_mut().zip(octets) {
            *place = json::hex_pair(*octet);
        }
    }
    text
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
