//! TCP header and options (RFC 9293 §3.1).

use crate::part::Part;
use crate::walk::Walk;
use crate::{DecodeEvent as Event, DecodeEvents, Tcp, Transport};

/// Option kinds that are read.
mod option {
    pub(super) const END: u8 = 0;
    pub(super) const NOP: u8 = 1;
    pub(super) const MSS: u8 = 2;
    pub(super) const SCALE: u8 = 3;
    pub(super) const SACK_PERMITTED: u8 = 4;
    pub(super) const SACK: u8 = 5;
    pub(super) const TIMESTAMP: u8 = 8;
    pub(super) const MD5: u8 = 19;
    pub(super) const AUTHENTICATION: u8 = 29;
    pub(super) const MULTIPATH: u8 = 30;
    pub(super) const FAST_OPEN: u8 = 34;
    pub(super) const EXPERIMENT_1: u8 = 253;
    pub(super) const EXPERIMENT_2: u8 = 254;
}

/// RFC 7323 §2.3: larger shifts count as 14; Suricata takes them as 0.
const SCALE_MAX: u8 = 14;

impl Walk<'_> {
    pub(crate) fn tcp(&mut self, part: Part<'_>) {
        let Some(header) = part.header::<20>() else {
            return self.broken(Event::TcpPktTooSmall);
        };
        let header_len = header[12] >> 4 << 2;
        if part.len() < usize::from(header_len) {
            return self.broken(Event::TcpHlenTooSmall);
        }
        if header_len < 20 {
            return self.broken(Event::TcpInvalidOptlen);
        }
        let word = |at: usize| {
            header.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
        };
        let half = |at: usize| {
            header.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b))
        };
        let layers = &mut *self.layers;
        layers.src_port = half(0);
        layers.dst_port = half(2);
        layers.payload = part.skip(usize::from(header_len)).range();
        layers.wants_flow = true;
        layers.transport = Transport::Tcp(Tcp {
            at: part.start(),
            header_len,
            seq: word(4),
            ack: word(8),
            flags: header[13],
            window: half(14),
            urgent: half(18),
            mss: None,
            scale: None,
            sack_permitted: false,
            timestamp: None,
            sack: None,
            fast_open: false,
            md5: false,
            authentication: false,
            multipath: false,
        });
        if header_len > 20
            && let Transport::Tcp(tcp) = &mut layers.transport
        {
            let options = part.first(usize::from(header_len)).skip(20);
            layers.invalid |= !read_options(options, tcp, &mut layers.events);
        }
        self.check_sum(part);
    }
}

/// Walks the options. False when one does not fit into its space, which ends the walk.
fn read_options(mut part: Part<'_>, tcp: &mut Tcp, events: &mut DecodeEvents) -> bool {
    // The commonest layout of all: two paddings and a timestamp (RFC 7323 appendix A).
    if let Some([1, 1, 8, 10, stamp @ ..]) = part.header::<12>()
        && part.len() == 12
    {
        tcp.timestamp = Some(split_timestamp(stamp));
        return true;
    }
    while let Some(kind) = part.byte(0) {
        match kind {
            option::END => return true,
            option::NOP => {
                part = part.skip(1);
                continue;
            }
            _ => {}
        }
        let Some(size) = part.byte(1).map(usize::from) else { return true };
        if size < 2 || size > part.len() {
            events.insert(Event::TcpOptInvalidLen);
            return false;
        }
        if let Some(event) = tcp_option(kind, part.first(size), tcp) {
            events.insert(event);
        }
        part = part.skip(size);
    }
    true
}

/// Takes one option into the header. The first of a kind counts.
fn tcp_option(kind: u8, option: Part<'_>, tcp: &mut Tcp) -> Option<Event> {
    const DUPLICATE: Option<Event> = Some(Event::TcpOptDuplicate);
    let size = option.len();
    let fits = match kind {
        option::MSS => size == 4,
        option::SCALE => size == 3,
        option::SACK_PERMITTED => size == 2,
        // Blocks of eight bytes, one to four; an empty list is common and harmless.
        option::SACK => size == 2 || ((10..=34).contains(&size) && (size - 2).is_multiple_of(8)),
        option::TIMESTAMP => size == 10,
        option::MD5 => size == 18,
        option::AUTHENTICATION => size >= 4,
        // RFC 7413 §2: a cookie of 4 to 16 bytes, an even number, or none.
        option::FAST_OPEN => size == 2 || ((6..=18).contains(&size) && size.is_multiple_of(2)),
        _ => true,
    };
    if !fits {
        return Some(Event::TcpOptInvalidLen);
    }
    match kind {
        option::MSS if tcp.mss.is_some() => return DUPLICATE,
        option::MSS => tcp.mss = option.u16(2),
        option::SCALE if tcp.scale.is_some() => return DUPLICATE,
        option::SCALE => {
            tcp.scale = option.byte(2).map(|scale| if scale > SCALE_MAX { 0 } else { scale });
        }
        option::SACK_PERMITTED if tcp.sack_permitted => return DUPLICATE,
        option::SACK_PERMITTED => tcp.sack_permitted = true,
        option::SACK if size == 2 => {}
        option::SACK if tcp.sack.is_some() => return DUPLICATE,
        option::SACK => tcp.sack = Some((option.start() + 2, (size - 2) as u16)),
        option::TIMESTAMP if tcp.timestamp.is_some() => return DUPLICATE,
        option::TIMESTAMP => {
            tcp.timestamp = option.skip(2).header::<8>().map(split_timestamp);
        }
        option::FAST_OPEN if tcp.fast_open => return DUPLICATE,
        option::FAST_OPEN => tcp.fast_open = true,
        // RFC 7413 §4.1.1 grew out of an experiment that is marked by this number.
        option::EXPERIMENT_1 | option::EXPERIMENT_2 if option.u16(2) == Some(0xf989) => {
            if tcp.fast_open {
                return DUPLICATE;
            }
            tcp.fast_open = true;
        }
        option::MD5 => tcp.md5 = true,
        option::AUTHENTICATION => tcp.authentication = true,
        option::MULTIPATH => tcp.multipath = true,
        _ => {}
    }
    None
}

fn split_timestamp(bytes: &[u8; 8]) -> (u32, u32) {
    let [v0, v1, v2, v3, e0, e1, e2, e3] = *bytes;
    (u32::from_be_bytes([v0, v1, v2, v3]), u32::from_be_bytes([e0, e1, e2, e3]))
}
