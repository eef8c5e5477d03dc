//! Headers of packets (RFC 8999, RFC 9000 §17), and of Google's versions.

use crate::tls::hello::Cursor;

/// Connection ids are not longer (RFC 9000 §17.2).
const CONNECTION_MAX: usize = 20;
/// Bytes of a short header's connection id, packet number and authentication that a packet has at least.
const SHORT_MIN: usize = 21;

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    EarlyData,
    Handshake,
    Retry,
    VersionNegotiation,
    Short,
}

/// The header of a packet and where things stand in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) kind: Kind,
    pub(super) version: u32,
    /// Destination connection id.
    pub(super) destination: &'a [u8],
    /// The whole packet.
    pub(super) packet: &'a [u8],
    /// Where the packet number begins.
    pub(super) number_at: usize,
    /// Where the packet ends in its datagram.
    pub(super) end: usize,
}

pub(super) const VERSION_1: u32 = 1;
pub(super) const VERSION_2: u32 = 0x6b33_43cf;

/// Google's versions that are read: `Q039` to `Q046`.
pub(super) const fn is_google(version: u32) -> bool {
    matches!(version, 0x5130_3339 | 0x5130_3433..=0x5130_3436)
}

impl Header<'_> {
    pub(super) const fn is_google(&self) -> bool {
        is_google(self.version)
    }
}

/// Reads the header at the front of `bytes`. `None`: it is none, or is cut off.
pub(super) fn read(bytes: &[u8]) -> Option<Header<'_>> {
    let first = *bytes.first()?;
    if first & 0x80 != 0 { long(bytes, first) } else { short(bytes, first) }
}

fn long(bytes: &[u8], first: u8) -> Option<Header<'_>> {
    let mut cursor = Cursor::new(bytes.get(1..)?);
    let version = cursor.u16().zip(cursor.u16()).map(|(high, low)| u32::from(high) << 16 | u32::from(low))?;
    let kind = kind(first, version);
    let (destination, _source) = if matches!(version, 0x5130_3435 | 0x5130_3436) {
        let lengths = cursor.u8()?;
        let long = |nibble: u8| if nibble == 0 { 0 } else { usize::from(nibble) + 3 };
        (cursor.take(long(lengths >> 4))?, cursor.take(long(lengths & 15))?)
    } else {
        (cursor.vector8()?, cursor.vector8()?)
    };
    if destination.len() > CONNECTION_MAX && !matches!(kind, Kind::VersionNegotiation) {
        return None;
    }
    if is_google(version) || matches!(kind, Kind::VersionNegotiation | Kind::Retry) {
        let number_at = bytes.len() - cursor.rest.len();
        return Some(Header { kind, version, destination, packet: bytes, number_at, end: bytes.len() });
    }
    if kind == Kind::Initial {
        let token = usize::try_from(number(&mut cursor)?).ok()?;
        cursor.take(token)?;
    }
    let length = usize::try_from(number(&mut cursor)?).ok()?;
    let number_at = bytes.len() - cursor.rest.len();
    let end = number_at.checked_add(length)?;
    let packet = bytes.get(..end)?;
    Some(Header { kind, version, destination, packet, number_at, end })
}

fn kind(first: u8, version: u32) -> Kind {
    let bits = (first & 0x30) >> 4;
    match version {
        0 => Kind::VersionNegotiation,
        // RFC 9369 §3.2 turns the types around.
        VERSION_2 => [Kind::Retry, Kind::Initial, Kind::EarlyData, Kind::Handshake][usize::from(bits)],
        0x5130_3434 => match first & 0x7f {
            0x7f => Kind::Initial,
            0x7e => Kind::Retry,
            0x7d => Kind::Handshake,
            _ => Kind::EarlyData,
        },
        _ => [Kind::Initial, Kind::EarlyData, Kind::Handshake, Kind::Retry][usize::from(bits)],
    }
}

/// A short header, or the public header of Q039 and Q043 when it names its version.
fn short(bytes: &[u8], first: u8) -> Option<Header<'_>> {
    if first & 0x40 != 0 {
        let header = Header {
            kind: Kind::Short,
            version: 0,
            destination: &[],
            packet: bytes,
            number_at: 1,
            end: bytes.len(),
        };
        return (bytes.len() >= SHORT_MIN).then_some(header);
    }
    // Public flags: 1 = version, 8 = connection id of eight bytes, 0x30 = length of the packet number.
    if first & 0x09 != 0x09 || first & 0x02 != 0 {
        return None;
    }
    let mut cursor = Cursor::new(bytes.get(1..)?);
    let destination = cursor.take(8)?;
    let version = cursor.u16().zip(cursor.u16()).map(|(high, low)| u32::from(high) << 16 | u32::from(low))?;
    let number_at = bytes.len() - cursor.rest.len();
    let end = bytes.len();
    is_google(version).then_some(Header {
        kind: Kind::Initial,
        version,
        destination,
        packet: bytes,
        number_at,
        end,
    })
}

/// A number of variable length (RFC 9000 §16).
pub(super) fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.u8()?;
    let more = (1usize << (first >> 6)) - 1;
    let tail = cursor.take(more)?;
    Some(tail.iter().fold(u64::from(first & 0x3f), |value, byte| value << 8 | u64::from(*byte)))
}
