//! Packets by hand, and what decoding says about them.

mod any;
mod build;
mod events;
mod ip;
mod link;
mod transport;
mod tunnel;

use std::fmt::Write;

use model::{LinkType, Time};

use crate::{Config, Decoder, Layers, Network, Transport};

/// Decodes and describes: one line per level, `SOURCE VLANS NETWORK TRANSPORT +PAYLOAD EVENTS`.
fn describe(link: LinkType, bytes: &[u8]) -> String {
    let mut decoder = Decoder::new(Config::default());
    describe_levels(decoder.decode(link, bytes, Time::default()))
}

fn describe_levels(levels: &[Layers]) -> String {
    let lines: Vec<String> = levels.iter().map(describe_level).collect();
    lines.join(" / ")
}

fn describe_level(level: &Layers) -> String {
    let mut text = String::from(level.source.word().split(' ').next().unwrap_or(""));
    if !level.vlan_ids().is_empty() {
        let _ = write!(text, " vlan{:?}", level.vlan_ids());
    }
    match level.network {
        Network::None => {}
        Network::Arp { .. } => text.push_str(" arp"),
        Network::Ipv4 { .. } => text.push_str(" ip4"),
        Network::Ipv6 { .. } => text.push_str(" ip6"),
    }
    if level.protocol != 0 {
        let _ = write!(text, ":{}", level.protocol);
    }
    let ports = (level.src_port, level.dst_port);
    match level.transport {
        Transport::None => {}
        Transport::Tcp(_) => text.push_str(&format!(" tcp{ports:?}")),
        Transport::Udp { .. } => text.push_str(&format!(" udp{ports:?}")),
        Transport::Sctp(_) => text.push_str(&format!(" sctp{ports:?}")),
        Transport::Icmp(_) | Transport::Icmp6(_) => text.push_str(&format!(" icmp{ports:?}")),
        Transport::Esp { spi, .. } => text.push_str(&format!(" esp({spi})")),
        Transport::Gre => text.push_str(" gre"),
        Transport::Igmp(igmp) => text.push_str(&format!(" igmp{}", igmp.version)),
    }
    if !level.payload.is_empty() {
        let _ = write!(text, " +{}", level.payload.len());
    }
    if level.fragment.is_some() {
        text.push_str(" fragment");
    }
    if !level.events.is_empty() {
        let _ = write!(text, " {:?}", level.events);
    }
    text
}

/// Asserts what decoding says.
#[track_caller]
fn check(link: LinkType, bytes: &[u8], expected: &str) {
    assert_eq!(describe(link, bytes), expected);
}

/// [`check`] for an Ethernet frame.
#[track_caller]
fn check_ethernet(bytes: &[u8], expected: &str) {
    check(LinkType::ETHERNET, bytes, expected);
}

/// [`check`] for a raw IP packet.
#[track_caller]
fn check_ip(bytes: &[u8], expected: &str) {
    check(LinkType::RAW, bytes, expected);
}

/// The only level of a raw IP packet.
fn one_level(bytes: &[u8]) -> Layers {
    let mut decoder = Decoder::new(Config::default());
    let levels = decoder.decode(LinkType::RAW, bytes, Time::default());
    assert_eq!(levels.len(), 1);
    levels[0].clone()
}
