//! The packets of a bundle, as a pcapng file: original numbers (`epb_packetid`) and times, and a comment on each.
//!
//! A comment is `packet N` where a claim names the packet, `context` where it does not, followed by notes behind semicolons: `payload left out` (the bytes behind the captured ones belong
//! to the packet and were left out of the bundle), `time raised to T` (the input's clock ran backwards; T, in nanoseconds, is
//! what the engine took), `evidence of F1 F2`. Reading is strict: the file must be, byte for byte, what [`write_slice`] writes.

use std::borrow::Cow;
use std::io;

use capture::Writer;
use model::{LinkType, Packet, PacketId, Time};

/// First note of a packet that no claim names, but which the numbers of a claim rest on.
const CONTEXT: &str = "context";
/// The whole comment of one that was cut.
const CONTEXT_CUT: &str = "context; payload left out";
/// Comment of the file as a whole.
const ABOUT: &str = "Packets behind the claims of a Targe evidence bundle; numbers (packet id) and times are those of the input.";

/// One packet of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicePacket {
    /// Its number in the input.
    pub id: u64,
    /// When the input says it was captured.
    pub own_time: Time,
    /// What the engine took as its time: never before that of the packet ahead of it.
    pub time: Time,
    /// How to read the first byte.
    pub link: LinkType,
    /// Captured bytes, without what was left out.
    pub bytes: Vec<u8>,
    /// Length on the wire.
    pub wire_len: u32,
    /// Payload behind `bytes` was captured, and left out of the bundle.
    pub cut: bool,
    /// Findings whose evidence it is.
    pub evidence_of: Vec<u64>,
}

impl SlicePacket {
    /// Its comment.
    pub fn comment(&self) -> Cow<'static, str> {
        // The number of the others is told by `epb_packetid` alone: a comment that is the same on thousands takes no room.
        if self.evidence_of.is_empty() && self.time == self.own_time {
            return Cow::Borrowed(if self.cut { CONTEXT_CUT } else { CONTEXT });
        }
        let mut text =
            if self.evidence_of.is_empty() { CONTEXT.to_owned() } else { format!("packet {}", self.id) };
        if self.cut {
            text.push_str("; payload left out");
        }
        if self.time != self.own_time {
            text.push_str(&format!("; time raised to {}", self.time.nanos()));
        }
        if !self.evidence_of.is_empty() {
            let findings: Vec<String> = self.evidence_of.iter().map(|id| format!("F{id}")).collect();
            text.push_str(&format!("; evidence of {}", findings.join(" ")));
        }
        Cow::Owned(text)
    }

    /// Writes everything about it but its bytes, as one line.
    pub(crate) fn write_head(&self, out: &mut Vec<u8>) {
        let numbers =
            [u64::from(self.link.0), self.own_time.nanos(), self.wire_len.into(), self.bytes.len() as u64];
        for number in numbers {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(self.comment().as_bytes());
        out.push(b'\n');
    }
}

/// The packets as a file.
///
/// # Panics
/// Never: memory takes every write.
pub fn write_slice(packets: &[SlicePacket]) -> Vec<u8> {
    write_to(packets, Vec::new())
}

fn write_to<W: io::Write>(packets: &[SlicePacket], out: W) -> W {
    let mut writer = Writer::pcapng(out, Some(ABOUT));
    for packet in packets {
        let shown = Packet {
            id: PacketId(packet.id),
            time: packet.own_time,
            link: packet.link,
            bytes: &packet.bytes,
            wire_len: packet.wire_len,
        };
        writer.write_numbered(&shown, &packet.comment()).expect("memory takes every write");
    }
    writer.finish().expect("memory takes every write")
}

/// Reads a file that [`write_slice`] wrote.
///
/// # Errors
/// Where it differs from what is written, naming the packet.
pub fn read_slice(bytes: &[u8]) -> Result<Vec<SlicePacket>, String> {
    let mut packets: Vec<SlicePacket> = Vec::new();
    let mut links = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let place = packets
            .last()
            .map_or("at its beginning".to_owned(), |packet| format!("behind packet {}", packet.id));
        let block =
            block(bytes, at).ok_or_else(|| format!("packets.pcapng is damaged {place} (byte {at})"))?;
        match word(block, 0) {
            Some(1) => links.push(LinkType(word(block, 8).unwrap_or(0) as u16)),
            Some(6) => packets.push(
                packet(block, &links)
                    .ok_or_else(|| format!("packets.pcapng holds no packet of a bundle {place}"))?,
            ),
            _ if at == 0 => {}
            _ => return Err(format!("packets.pcapng holds a block that does not belong there, {place}")),
        }
        at += block.len();
    }
    let again = write_to(&packets, Same { bytes, at: 0, differs: None });
    if again.differs.is_some() || again.at != bytes.len() {
        let position = again.differs.unwrap_or(again.at.min(bytes.len()));
        let touched = packet_at(bytes, position);
        return Err(match touched {
            Some(id) => format!("the record of packet {id} in packets.pcapng was altered (byte {position})"),
            None => format!("the head of packets.pcapng was altered (byte {position})"),
        });
    }
    Ok(packets)
}

/// Compares what is written with what is there.
struct Same<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where they differ first.
    differs: Option<usize>,
}

impl io::Write for Same<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        let there = self.bytes.get(self.at..).unwrap_or_default();
        let there = &there[..there.len().min(written.len())];
        if self.differs.is_none() && there != &written[..there.len()] {
            let place = there.iter().zip(written).position(|(a, b)| a != b);
            self.differs = place.map(|place| self.at + place);
        }
        self.at += written.len();
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The packet whose block holds a byte.
fn packet_at(bytes: &[u8], position: usize) -> Option<u64> {
    let (mut at, mut number) = (0, None);
    while let Some(block) = block(bytes, at) {
        if word(block, 0) == Some(6) {
            number = options(block).find(|(code, _)| *code == 5).and_then(|(_, value)| long(value));
        }
        at += block.len();
        if position < at {
            return number;
        }
    }
    number
}

fn packet(block: &[u8], links: &[LinkType]) -> Option<SlicePacket> {
    let link = *links.get(word(block, 8)? as usize)?;
    let own_time = Time::from_nanos(u64::from(word(block, 12)?) << 32 | u64::from(word(block, 16)?));
    let (captured, wire_len) = (word(block, 20)? as usize, word(block, 24)?);
    let data = block.get(28..28 + captured)?.to_vec();
    let mut number = None;
    let mut comment = None;
    for (code, value) in options(block) {
        match code {
            1 => comment = std::str::from_utf8(value).ok(),
            5 => number = long(value),
            _ => return None,
        }
    }
    let (id, comment) = (number?, comment?);
    let cut = comment == CONTEXT_CUT;
    let mut packet = SlicePacket {
        id,
        own_time,
        time: own_time,
        link,
        bytes: data,
        wire_len,
        cut,
        evidence_of: Vec::new(),
    };
    if !cut && comment != CONTEXT {
        read_notes(comment, &mut packet)?;
    }
    Some(packet)
}

/// Reads a comment that is not one of the two that most packets have.
fn read_notes(comment: &str, packet: &mut SlicePacket) -> Option<()> {
    let mut notes = comment.split("; ");
    let first = notes.next()?;
    if first != CONTEXT && first != format!("packet {}", packet.id) {
        return None;
    }
    for note in notes {
        if note == "payload left out" {
            packet.cut = true;
        } else if let Some(time) = note.strip_prefix("time raised to ") {
            packet.time = Time::from_nanos(time.parse().ok()?);
        } else {
            let findings = note.strip_prefix("evidence of ")?.split(' ');
            packet.evidence_of =
                findings.map(|id| id.strip_prefix('F')?.parse().ok()).collect::<Option<_>>()?;
        }
    }
    Some(())
}

/// The block that begins at `at`, whole.
fn block(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = word(bytes, at + 4)? as usize;
    let block = bytes.get(at..at.checked_add(length)?)?;
    (length >= 12 && length.is_multiple_of(4) && word(block, length - 4)? as usize == length).then_some(block)
}

/// The options of a packet's block.
fn options(block: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let captured = word(block, 20).unwrap_or(0) as usize;
    let mut rest =
        block.get(28 + captured.next_multiple_of(4)..block.len().saturating_sub(4)).unwrap_or_default();
    std::iter::from_fn(move || {
        let [a, b, c, d, ..] = *rest else { return None };
        let (code, length) = (u16::from_le_bytes([a, b]), usize::from(u16::from_le_bytes([c, d])));
        let value = rest.get(4..4 + length).filter(|_| code != 0)?;
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn long(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
