//! What payload looks like, for the detectors: bounded, in integers, and only where no protocol explains it.

use decode::Icmp;
use flow::Flow;
use json::Json;
use model::{Direction, EchoShape, PayloadShape};
use protocol::{Guess, Halves, Look};

/// Payload of both directions while no protocol is recognised.
///
/// Of most flows the protocol is recognised by the next packet: bytes are kept as they are, and looked at when the flow ends
/// without one, or goes on without one after enough of them.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    sides: [Option<Box<Side>>; 2],
}

/// One direction of it; a hundred thousand flows that nobody answers keep one each.
#[derive(Debug, Default)]
struct Side {
    bytes: Bytes,
    /// How many of them came with the first payload.
    first: u16,
    payloads: u16,
    prompts: u16,
    lines: u16,
}

/// The first bytes of a direction.
#[derive(Debug)]
enum Bytes {
    /// As they are; at most [`PayloadShape::SEEN_MAX`].
    Kept(Box<[u8]>),
    /// What they looked like, once there were enough and more came.
    Looked(Box<PayloadShape>),
}

impl Default for Bytes {
    fn default() -> Self {
        Bytes::Kept(Box::default())
    }
}

/// What the payload of a flow without a known protocol looked like, and what it is taken for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unknown {
    pub(crate) told: [PayloadShape; 2],
    pub(crate) guess: Guess,
}

impl Shapes {
    /// Brings it near; see [`model::fetch`].
    pub(crate) fn fetch(&self) {
        self.sides.iter().flatten().for_each(|side| model::fetch(&**side));
    }

    /// Takes in one payload.
    pub(crate) fn take(&mut self, direction: Direction, payload: &[u8]) {
        let side = self.sides[direction.index()].get_or_insert_default();
        side.keep(payload);
        side.payloads = side.payloads.saturating_add(1);
        side.prompts = side.prompts.saturating_add(u16::from(ends_with_prompt(payload)));
        side.lines = side.lines.saturating_add(u16::from(payload.ends_with(b"\n")));
    }

    /// Forgets all: a protocol explains it.
    pub(crate) fn forget(&mut self) {
        self.sides = [None, None];
    }

    /// Whether there was no payload.
    pub(crate) fn is_empty(&self) -> bool {
        self.sides.iter().all(Option::is_none)
    }

    /// What was seen.
    pub(crate) fn told(&self) -> [PayloadShape; 2] {
        self.sides.each_ref().map(|side| side.as_ref().map_or_else(PayloadShape::default, |side| side.told()))
    }

    /// What was seen, and what the flow is taken for.
    pub(crate) fn unknown(&self, flow: &Flow) -> Unknown {
        let told = self.told();
        let [to_server, to_client] = &told;
        let guess = protocol::guess(flow.protocol, flow.server_port, [look(to_server), look(to_client)]);
        Unknown { told, guess }
    }
}

impl Side {
    /// Keeps the first bytes, and looks at them when there are enough.
    fn keep(&mut self, payload: &[u8]) {
        let Bytes::Kept(bytes) = &mut self.bytes else { return };
        let room = usize::from(PayloadShape::SEEN_MAX) - bytes.len();
        if room == 0 {
            self.bytes = Bytes::Looked(Box::new(shape(bytes, self.first)));
            return;
        }
        let more = &payload[..payload.len().min(room)];
        let mut longer = std::mem::take(bytes).into_vec();
        longer.reserve_exact(more.len());
        longer.extend_from_slice(more);
        *bytes = longer.into_boxed_slice();
        if self.payloads == 0 {
            self.first = more.len() as u16;
        }
    }

    fn told(&self) -> PayloadShape {
        let Self { payloads, prompts, lines, .. } = *self;
        let shape = match &self.bytes {
            Bytes::Looked(looked) => **looked,
            Bytes::Kept(bytes) if bytes.is_empty() => PayloadShape::default(),
            Bytes::Kept(bytes) => shape(bytes, self.first),
        };
        PayloadShape { payloads, prompts, lines, ..shape }
    }
}

/// What bytes look like; so many of them came with the `first` payload.
fn shape(bytes: &[u8], first: u16) -> PayloadShape {
    let mut counts = [0u16; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    // No sum is above the number of bytes; additions that need not ask are done side by side.
    let sum = |counts: &[u16]| counts.iter().fold(0u16, |sum, count| sum.wrapping_add(*count));
    let mut told = PayloadShape {
        seen: bytes.len() as u16,
        text: sum(&counts[0x20..=0x7e]) + counts[0x09] + counts[0x0a] + counts[0x0d],
        distinct: sum(&counts.map(|count| u16::from(count > 0))),
        entropy: Halves::of(&counts).entropy(),
        ..PayloadShape::default()
    };
    let len = usize::from(first).min(PayloadShape::HEAD);
    told.head[..len].copy_from_slice(&bytes[..len]);
    told.head_len = len as u8;
    told
}

impl Unknown {
    /// Share of the bytes that look random, in percent of those looked at; 255 = there were none.
    pub(crate) fn random_percent(&self) -> u8 {
        let seen: u32 = self.told.iter().map(|side| u32::from(side.seen)).sum();
        let random = |side: &&PayloadShape| look(side).is_random();
        let found: u32 = self.told.iter().filter(random).map(|side| u32::from(side.seen)).sum();
        (found * 100).checked_div(seen).map_or(255, |percent| percent as u8)
    }

    /// Writes the guess and its grounds, as the value of `unknown` in the record of a flow.
    pub(crate) fn write(&self, json: &mut Json) {
        let guess = &self.guess;
        json.object_item().plain("guess", guess.label.as_bytes()).plain("by", guess.by.as_bytes());
        if !guess.port_hint.is_empty() {
            json.text("port_hint", guess.port_hint);
        }
        for (key, side) in ["to_server", "to_client"].into_iter().zip(&self.told) {
            if side.seen == 0 {
                continue;
            }
            json.object(key).number("bytes_seen", side.seen).number("text_bytes", side.text);
            json.number("distinct", side.distinct).number("payloads", side.payloads);
            json.hundredths("entropy", side.entropy).hex("head", side.head(), None).end();
        }
        json.end();
    }
}

fn look(side: &PayloadShape) -> Look<'_> {
    Look { head: side.head(), seen: side.seen, text: side.text, entropy: side.entropy }
}

/// A command interpreter waits after its prompt; the program name and path before it differ, the end does not.
fn ends_with_prompt(payload: &[u8]) -> bool {
    match payload {
        [.., b'$' | b'#' | b'>' | b'%', b' '] => true,
        // The Windows interpreter ends with a path and an angle bracket: `C:\Users>`. So does markup, without a path.
        [line @ .., b'>'] => {
            let line = &line[line.len().saturating_sub(PROMPT_MAX)..];
            let line = line.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            line.get(1..3) == Some(b":\\")
        }
        _ => false,
    }
}

/// Longest prompt that is looked at.
const PROMPT_MAX: usize = 300;

/// Messages of an ICMP flow.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    told: EchoShape,
    /// Per direction: length and digest of the last payload, once there was one.
    last: [Option<(u32, u64)>; 2],
    /// Recent requests: identifier and sequence number, digest of the payload.
    asked: [Option<(u32, u64)>; ASKED],
    next: u8,
}

/// Requests that may be under way at once.
const ASKED: usize = 8;
/// Bytes at the front of a payload that programs use for the time of sending.
const STAMP: usize = 16;
/// Payload bytes of a message that are looked at.
const LOOKED_MAX: usize = 512;

impl Echo {
    /// Looks at one message.
    pub(crate) fn take(&mut self, icmp: &Icmp, direction: Direction, payload: &[u8]) {
        let asks = match icmp.kind {
            8 | 128 => true,
            0 | 129 => false,
            _ => return,
        };
        let told = &mut self.told;
        if told.messages == [0, 0] {
            let len = payload.len().min(PayloadShape::HEAD);
            told.head[..len].copy_from_slice(&payload[..len]);
            told.head_len = len as u8;
        }
        let looked = &payload[..payload.len().min(LOOKED_MAX)];
        let behind_stamp = looked.get(STAMP..).unwrap_or_default();
        let tail = digest(behind_stamp);
        let side = direction.index();
        let count = &mut told.messages[usize::from(!asks)];
        *count = count.saturating_add(1);
        if let Some((len, digest)) = self.last[side].replace((payload.len() as u32, tail)) {
            told.resized = told.resized.saturating_add(u32::from(len != payload.len() as u32));
            told.changed = told.changed.saturating_add(u32::from(digest != tail));
        }
        told.inner = told.inner.saturating_add(u32::from(is_ip(payload)));
        let runs = behind_stamp.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1).count();
        told.filled = told.filled.saturating_add(runs as u32);
        told.counted = told.counted.saturating_add(behind_stamp.len().saturating_sub(1) as u32);
        let number = u32::from(icmp.id.unwrap_or(0)) << 16 | u32::from(icmp.seq.unwrap_or(0));
        let whole = digest(looked) ^ payload.len() as u64;
        if asks {
            let last = self.next.checked_sub(1).and_then(|last| self.asked[usize::from(last)]);
            told.repeated =
                told.repeated.saturating_add(u32::from(last.is_some_and(|(last, _)| last == number)));
            self.asked[usize::from(self.next) % ASKED] = Some((number, whole));
            self.next = self.next % ASKED as u8 + 1;
        } else {
            let mut asked = self.asked.iter().flatten().filter(|(known, _)| *known == number).peekable();
            told.unasked = told.unasked.saturating_add(u32::from(asked.peek().is_none()));
            // A request may be repeated with the same number: any of them may be the one that is answered.
            let unlike = asked.peek().is_some() && asked.all(|(_, digest)| *digest != whole);
            told.unlike = told.unlike.saturating_add(u32::from(unlike));
        }
    }

    /// What was seen.
    pub(crate) fn told(self: Box<Self>) -> EchoShape {
        self.told
    }
}

/// Whether bytes are an IP packet from its first to its last byte.
fn is_ip(bytes: &[u8]) -> bool {
    match bytes {
        [0x45..=0x4f, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) == bytes.len(),
        [0x60..=0x6f, _, _, _, high, low, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) + 40 == bytes.len()
        }
        _ => false,
    }
}

/// FNV-1a, 64 bits: payloads are compared, never printed from it.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icmp(kind: u8, seq: u16) -> Icmp {
        Icmp { at: 0, header_len: 8, kind, code: 0, id: Some(7), seq: Some(seq), embedded: None }
    }

    #[test]
    fn a_plain_ping_is_filled_answered_and_unchanged() {
        let payload: Vec<u8> = (0..56).collect();
        let mut echo = Box::<Echo>::default();
        for seq in 1..5 {
            echo.take(&icmp(8, seq), Direction::ToServer, &payload);
            echo.take(&icmp(0, seq), Direction::ToClient, &payload);
        }
        let told = echo.told();
        assert_eq!((told.messages, told.unlike, told.unasked, told.changed), ([4, 4], 0, 0, 0));
        assert_eq!(told.filled, told.counted);
    }

    #[test]
    fn replies_that_say_something_else_are_counted() {
        let mut echo = Box::<Echo>::default();
        echo.take(&icmp(8, 1), Direction::ToServer, b"what now?");
        echo.take(&icmp(0, 1), Direction::ToClient, b"whoami");
        echo.take(&icmp(0, 2), Direction::ToClient, b"hostname");
        let told = echo.told();
        assert_eq!((told.unlike, told.unasked, told.resized), (1, 1, 1));
    }

    #[test]
    fn requests_that_keep_their_number_are_counted() {
        let mut echo = Box::<Echo>::default();
        (0..20).for_each(|_| echo.take(&icmp(8, 0), Direction::ToServer, b"shell"));
        assert_eq!(echo.told().repeated, 19);
    }

    #[test]
    fn what_nobody_answers_is_small() {
        assert!(size_of::<Shapes>() <= 16 && size_of::<Side>() <= 24, "{}", size_of::<Side>());
    }

    #[test]
    fn bytes_look_the_same_however_soon_they_are_looked_at() {
        let (mut once, mut often) = (Shapes::default(), Shapes::default());
        let bytes: Vec<u8> = (0..600u32).map(|n| ((n * n) >> 3) as u8).collect();
        once.take(Direction::ToServer, &bytes[..512]);
        bytes.chunks(100).for_each(|part| often.take(Direction::ToServer, part));
        often.take(Direction::ToServer, b"more");
        let [one, other] = [once, often].map(|shapes| shapes.told()[0]);
        let looks = |shape: PayloadShape| (shape.seen, shape.text, shape.distinct, shape.entropy, shape.head);
        assert_eq!(looks(one), looks(other));
        assert_eq!((one.payloads, other.payloads), (1, 7));
    }

    #[test]
    fn a_shell_shows_its_prompts_and_its_text() {
        let mut shapes = Shapes::default();
        shapes.take(Direction::ToServer, b"Microsoft Windows [Version 6.1.7601]\r\n\r\nC:\\Users\\anna>");
        shapes.take(Direction::ToClient, b"dir\n");
        let [sent, received] = shapes.told();
        assert_eq!((sent.prompts, sent.text, received.lines), (1, sent.seen, 1));
        assert_eq!(received.head(), b"dir\n");
    }
}
