//! What records show of a packet itself: its bytes, and headers that have no record of their own.

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use decode::{Layers, Network, Transport};
use json::Json;

use crate::shard::View;

/// Bytes of a packet that an anomaly record carries.
pub(crate) const ANOMALY_BYTES_MAX: usize = 32;

/// Writes `packet`, at most `bytes_max` bytes of it, and `packet_info`.
pub(crate) fn write_packet(json: &mut Json, view: &View<'_>, bytes_max: usize) {
    let layers = view.seen.layers;
    let frame = layers.frame.start as usize..layers.frame.end as usize;
    let bytes = view.seen.bytes.get(frame).unwrap_or(view.seen.bytes);
    json.text("packet", &STANDARD.encode(&bytes[..bytes.len().min(bytes_max)]));
    json.object("packet_info").number("linktype", linktype(layers.link.0));
    json.text("linktype_name", link_name(layers.link.0)).end();
}

/// The number libpcap uses inside a program (`DLT_*`), which differs from the file's for raw IP.
fn linktype(link: u16) -> u16 {
    match link {
        101 => 12,
        other => other,
    }
}

/// Names of link types as libpcap prints them.
fn link_name(link: u16) -> &'static str {
    match link {
        0 => "NULL",
        1 => "EN10MB",
        9 => "PPP",
        12 | 14 | 101 => "RAW",
        104 => "C_HDLC",
        105 => "IEEE802_11",
        108 => "LOOP",
        113 => "LINUX_SLL",
        127 => "IEEE802_11_RADIO",
        228 => "IPv4",
        229 => "IPv6",
        276 => "LINUX_SLL2",
        _ => "unknown",
    }
}

/// Writes the objects that alerts carry for protocols without flows or parsers.
pub(crate) fn write_headers(json: &mut Json, layers: &Layers) {
    match &layers.transport {
        Transport::Igmp(igmp) if igmp.version == 0 && igmp.kind >= 0xfc => {
            json.object("rgmp").number("type", igmp.kind).end();
        }
        Transport::Igmp(igmp) => {
            json.object("igmp").number("type", igmp.kind);
            if igmp.version > 0 {
                json.number("version", igmp.version);
            }
            json.end();
        }
        Transport::Sctp(sctp) => {
            json.object("sctp").number("vtag", sctp.tag).number("chunk_cnt", sctp.chunks);
            json.array("chunk_types");
            for kind in sctp.kinds() {
                json.number_item(*kind);
            }
            json.end().end();
        }
        _ => {}
    }
}

/// Writes `arp`: addresses and what is asked or answered.
pub(crate) fn write_arp(json: &mut Json, view: &View<'_>) {
    let Network::Arp { at } = view.seen.layers.network else { return };
    let header = view.seen.bytes.get(at as usize..).and_then(|bytes| bytes.first_chunk::<28>());
    let Some([_, _, _, _, _, _, high, low, addresses @ ..]) = header else { return };
    let [source @ .., d0, d1, d2, d3, d4, d5, i0, i1, i2, i3] = addresses;
    let [s0, s1, s2, s3, s4, s5, j0, j1, j2, j3] = source;
    json.object("arp").text("hw_type", "ethernet").text("proto_type", "ipv4");
    json.text("opcode", operation(u16::from_be_bytes([*high, *low])));
    json.hex("src_mac", &[*s0, *s1, *s2, *s3, *s4, *s5], Some(b':'));
    json.display("src_ip", Ipv4Addr::new(*j0, *j1, *j2, *j3));
    json.hex("dest_mac", &[*d0, *d1, *d2, *d3, *d4, *d5], Some(b':'));
    json.display("dest_ip", Ipv4Addr::new(*i0, *i1, *i2, *i3));
    json.end();
}

fn operation(code: u16) -> &'static str {
    match code {
        1 => "request",
        2 => "reply",
        3 => "request_reverse",
        4 => "reply_reverse",
        8 => "request_inverse",
        9 => "reply_inverse",
        _ => "unknown",
    }
}
