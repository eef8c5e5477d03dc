//! Whose packet is it? The addresses and ports of ordinary packets, read without decoding them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::LinkType;

use crate::Config;
use crate::ipv4::{protocol, total_len};
use crate::link::ether_type;
use crate::part::Part;

/// The ends of an ordinary packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol number: TCP or UDP.
    pub protocol: u8,
    /// Source and destination port; 0 where the header is cut short.
    pub ports: [u16; 2],
}

/// The ends of a packet that is sure to decode to one level with these addresses: Ethernet, whole IPv4 or IPv6 without
/// extension headers, TCP, or UDP between ports that no tunnel uses. `None` of all others: they have to be decoded.
///
/// For workers that share the packets: most of those that belong to another one are passed over for the price of this.
pub fn plain(link: LinkType, bytes: &[u8], config: &Config) -> Option<Plain> {
    if link != LinkType::ETHERNET || config.levels_max == 0 {
        return None;
    }
    let part = Part { bytes, at: 0 };
    let (kind, part) = (part.u16(12)?, part.skip(14));
    let (src, dst, protocol, body) = match kind {
        ether_type::IPV4 => ipv4(part)?,
        ether_type::IPV6 => ipv6(part)?,
        _ => return None,
    };
    let ports = match protocol {
        protocol::TCP => [body.u16(0).unwrap_or(0), body.u16(2).unwrap_or(0)],
        protocol::UDP => between_no_tunnels(body, config)?,
        _ => return None,
    };
    Some(Plain { src, dst, protocol, ports })
}

type Datagram<'a> = (IpAddr, IpAddr, u8, Part<'a>);

fn ipv4(part: Part<'_>) -> Option<Datagram<'_>> {
    let header = part.header::<20>()?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let total_len = total_len(header, part);
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
    let whole = header[0] >> 4 == 4 && header_len >= 20 && total_len >= header_len && part.len() >= total_len;
    let [.., s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let src = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
    let dst = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));
    (whole && !fragment).then(|| (src, dst, header[9], part.first(total_len).skip(header_len)))
}

fn ipv6(part: Part<'_>) -> Option<Datagram<'_>> {
    let header = part.header::<40>()?;
    let size = 40 + usize::from(u16::from_be_bytes([header[4], header[5]]));
    let address = |from: usize| {
        let octets: [u8; 16] = header.get(from..from + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    let (src, dst) = (address(8)?, address(24)?);
    (header[0] >> 4 == 6 && part.len() >= size).then(|| (src, dst, header[6], part.first(size).skip(40)))
}

/// Ports of a datagram; `None` when a tunnel uses one of them.
fn between_no_tunnels(udp: Part<'_>, config: &Config) -> Option<[u16; 2]> {
    let ports = [udp.u16(0)?, udp.u16(2)?];
    let tunnels = [
        &config.vxlan_ports,
        &config.geneve_ports,
        &config.teredo_ports,
        &config.gre_ports,
        &config.gtp_ports,
    ];
    (!tunnels.into_iter().flatten().any(|port| ports.contains(port))).then_some(ports)
}
