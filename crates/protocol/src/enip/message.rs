//! EtherNet/IP encapsulation (volume 2, chapter 2) and the CIP messages inside (volume 1, chapter 2 and appendix C).

use smallvec::SmallVec;

use super::names::{COMMANDS, STATUS, name};
use crate::wire::Wire;

/// The encapsulation header.
pub(super) const HEAD_BYTES: usize = 24;
/// Items of a common packet that are read.
const ITEMS_MAX: usize = 32;
/// CIP messages inside each other.
const DEPTH_MAX: u8 = 4;
/// CIP messages kept of one packet.
const MESSAGES_MAX: usize = 64;
/// Segments kept of one path.
const SEGMENTS_MAX: usize = 16;

/// One packet.
#[derive(Debug, Default)]
pub(super) struct Packet {
    pub(super) command: u16,
    pub(super) session: u32,
    pub(super) status: u32,
    pub(super) context: [u8; 8],
    /// Of connected data: the number that the answer brings back.
    pub(super) sequence: Option<u16>,
    pub(super) register: Option<(u16, u16)>,
    pub(super) identity: Option<Identity>,
    pub(super) services: Option<Services>,
    pub(super) cip: Vec<Cip>,
}

impl Packet {
    /// Whether this is the response to `request`: connected data bring back their sequence number, and everything else its
    /// context (volume 2 §2-3.5, §2-4.8). A session is only known after its registration.
    pub(super) fn answers(&self, request: &Packet) -> bool {
        self.command == request.command
            && match (self.sequence, request.sequence) {
                (Some(here), Some(there)) => here == there,
                _ => self.context == request.context,
            }
    }
}

#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) protocol: u16,
    pub(super) vendor: u16,
    pub(super) device: u16,
    pub(super) product: u16,
    pub(super) revision: (u8, u8),
    pub(super) status: u16,
    pub(super) serial: u32,
    pub(super) name: Vec<u8>,
    pub(super) state: u8,
}

#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) protocol: u16,
    pub(super) capabilities: u16,
    pub(super) name: Vec<u8>,
}

/// A CIP message; those inside it stand behind it in the list.
#[derive(Debug, Default)]
pub(super) struct Cip {
    pub(super) service: u8,
    pub(super) path: Path,
    /// Of a response: general status and the first word of the extended one.
    pub(super) status: Option<(u8, Option<u16>)>,
}

/// Class, instance and attribute, mostly.
type Path = SmallVec<[Segment; 3]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) kind: SegmentKind,
    pub(super) value: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentKind {
    Class,
    Instance,
    Member,
    Point,
    Attribute,
}

impl SegmentKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            SegmentKind::Class => "class_id",
            SegmentKind::Instance => "instance_id",
            SegmentKind::Member => "member_id",
            SegmentKind::Point => "connection_point",
            SegmentKind::Attribute => "attribute_id",
        }
    }
}

/// Length of the packet that starts here; `None`: more is needed.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let &[_, _, low, high, ..] = bytes.get(..HEAD_BYTES)? else { return None };
    Some(HEAD_BYTES + usize::from(u16::from_le_bytes([low, high])))
}

/// Whether this looks like the start of a packet.
pub(super) fn plausible(bytes: &[u8]) -> bool {
    let wire = &mut Wire::new(bytes);
    let header = (|| {
        let (command, length, _session, status) = (wire.le16()?, wire.le16()?, wire.le32()?, wire.le32()?);
        wire.take(8)?;
        Some((command, length, status, wire.le32()?))
    })();
    let Some((command, length, status, options)) = header else { return false };
    let fits = match command {
        0x65 => length == 4,
        0x66 => length == 0,
        0x6f | 0x70 => length >= 6 || status != 0,
        _ => true,
    };
    name(COMMANDS, command.into()).is_some() && name(STATUS, status.into()).is_some() && options == 0 && fits
}

/// Reads one whole packet; true: something in it could not be read.
pub(super) fn read(bytes: &[u8]) -> (Packet, bool) {
    let mut packet = Packet::default();
    let damaged = fill(&mut packet, &mut Wire::new(bytes)).is_none();
    (packet, damaged)
}

fn fill(packet: &mut Packet, wire: &mut Wire<'_>) -> Option<()> {
    packet.command = wire.le16()?;
    let length = wire.le16()?;
    packet.session = wire.le32()?;
    packet.status = wire.le32()?;
    packet.context = wire.array()?;
    wire.le32()?;
    let data = &mut Wire::new(wire.take(usize::from(length).min(wire.len()))?);
    if data.is_empty() {
        return Some(());
    }
    match packet.command {
        0x65 => packet.register = Some((data.le16()?, data.le16()?)),
        4 | 0x63 => items(packet, data)?,
        0x6f | 0x70 => {
            let (_interface, _timeout) = (data.le32()?, data.le16()?);
            items(packet, data)?;
        }
        _ => {}
    }
    Some(())
}

/// The common packet format (volume 2 §2-6).
fn items(packet: &mut Packet, wire: &mut Wire<'_>) -> Option<()> {
    let count = wire.le16()?;
    for _ in 0..usize::from(count).min(ITEMS_MAX) {
        let (kind, length) = (wire.le16()?, wire.le16()?);
        let item = &mut Wire::new(wire.take(usize::from(length))?);
        match kind {
            0x0c => packet.identity = Some(identity(item)?),
            0x100 => {
                let (protocol, capabilities) = (item.le16()?, item.le16()?);
                let name = item.rest().split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
                packet.services = Some(Services { protocol, capabilities, name });
            }
            0xb1 => {
                // Connected data begin with a sequence number.
                packet.sequence = Some(item.le16()?);
                cip(item.rest(), 0, &mut packet.cip)?;
            }
            0xb2 => cip(item.rest(), 0, &mut packet.cip)?,
            _ => {}
        }
    }
    Some(())
}

fn identity(wire: &mut Wire<'_>) -> Option<Identity> {
    let protocol = wire.le16()?;
    // A socket address.
    wire.take(16)?;
    let (vendor, device, product) = (wire.le16()?, wire.le16()?, wire.le16()?);
    let revision = (wire.byte()?, wire.byte()?);
    let (status, serial) = (wire.le16()?, wire.le32()?);
    let length = wire.byte()?;
    let name = wire.take(usize::from(length))?.to_vec();
    Some(Identity { protocol, vendor, device, product, revision, status, serial, name, state: wire.byte()? })
}

fn cip(bytes: &[u8], depth: u8, list: &mut Vec<Cip>) -> Option<()> {
    if depth >= DEPTH_MAX || list.len() >= MESSAGES_MAX || bytes.is_empty() {
        return Some(());
    }
    let wire = &mut Wire::new(bytes);
    let first = wire.byte()?;
    let service = first & 0x7f;
    if first & 0x80 != 0 {
        wire.byte()?;
        let (status, words) = (wire.byte()?, wire.byte()?);
        let extended = wire.take(usize::from(words) * 2)?;
        let extended = extended.first_chunk().map(|pair| u16::from_le_bytes(*pair));
        list.push(Cip { service, path: Path::new(), status: Some((status, extended)) });
        if service == MULTIPLE {
            several(wire, depth, list)?;
        }
        return Some(());
    }
    let words = wire.byte()?;
    let path = path(wire.take(usize::from(words) * 2)?);
    let manager = path.first() == Some(&Segment { kind: SegmentKind::Class, value: 6 });
    list.push(Cip { service, path, status: None });
    match service {
        MULTIPLE => several(wire, depth, list)?,
        // Unconnected send: time, then a message with its length.
        0x52 if manager => {
            wire.le16()?;
            let length = wire.le16()?;
            cip(wire.take(usize::from(length))?, depth + 1, list)?;
        }
        _ => {}
    }
    Some(())
}

const MULTIPLE: u8 = 0x0a;

/// Offsets count from the number of messages on (volume 1 § ).
fn several(wire: &mut Wire<'_>, depth: u8, list: &mut Vec<Cip>) -> Option<()> {
    let all = wire.rest();
    let count = usize::from(wire.le16()?);
    let mut offsets = Wire::new(wire.take(count.checked_mul(2)?)?);
    list.reserve(count.min(MESSAGES_MAX - list.len()));
    let mut from = usize::from(offsets.le16()?);
    loop {
        let next = offsets.le16().map(usize::from);
        cip(all.get(from..next.unwrap_or(all.len()))?, depth + 1, list)?;
        match next {
            Some(next) if list.len() < MESSAGES_MAX => from = next,
            _ => return Some(()),
        }
    }
}

/// Logical segments; anything else ends the path (volume 1 §C-1.4).
fn path(bytes: &[u8]) -> Path {
    let wire = &mut Wire::new(bytes);
    let mut path = Path::new();
    while let Some(first) = wire.byte().filter(|_| path.len() < SEGMENTS_MAX) {
        if first == 0x91 {
            // A symbol: length and text, padded to words.
            let length = wire.byte().map_or(0, usize::from);
            if wire.take(length + length % 2).is_none() {
                break;
            }
            continue;
        }
        let kind = match first & 0xfc {
            0x20 => SegmentKind::Class,
            0x24 => SegmentKind::Instance,
            0x28 => SegmentKind::Member,
            0x2c => SegmentKind::Point,
            0x30 => SegmentKind::Attribute,
            _ => break,
        };
        let value = match first & 3 {
            0 => wire.byte().map(u32::from),
            1 => wire.byte().and_then(|_| wire.le16()).map(u32::from),
            2 => wire.byte().and_then(|_| wire.le32()),
            _ => None,
        };
        let Some(value) = value else { break };
        path.push(Segment { kind, value });
    }
    path
}
