//! Frames: named parts of a stream or datagram that protocols announce, kept for `frame:` rules and frame records.
//!
//! Only kept when a rule looks at frames or their records are wanted. Limits: [`FRAMES_MAX`] frames per direction,
//! [`BYTES_MAX`] bytes of each; of a longer one the end is kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow::Stream;
use json::Json;
use model::Direction;
use protocol::{Asks, ProtocolId};
use rules::FrameScene;
use smallvec::SmallVec;

use crate::alert::printable;

/// Frames kept per direction; the oldest gives way.
const FRAMES_MAX: usize = 256;
/// Bytes kept of a frame.
const BYTES_MAX: usize = 128 << 10;
/// Bytes of a long frame that must be new before rules look again, and that are shown again before them.
const WINDOW_BYTES: u64 = 2500;
/// Bytes of a frame that records show.
const SHOWN_BYTES_MAX: usize = 4 << 10;

/// Frames of a flow.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    frames: Vec<Frame>,
    last_id: u64,
    /// How far the application layer was shown the stream.
    shown: u64,
}

#[derive(Debug)]
pub(crate) struct Frame {
    protocol: ProtocolId,
    kind: &'static str,
    direction: Direction,
    id: u64,
    /// Where it starts in the stream.
    start: u64,
    len: Option<u64>,
    tx: Option<u64>,
    data: Vec<u8>,
    /// Bytes at its start that are gone.
    gone: u64,
    inspected: u64,
    logged: bool,
    of_stream: bool,
    matched: SmallVec<[u32; 2]>,
}

impl Frame {
    fn have(&self) -> u64 {
        self.gone + self.data.len() as u64
    }

    fn whole(&self) -> bool {
        self.len.is_some_and(|len| self.have() >= len)
    }

    /// Whether rules should look now.
    fn is_due(&self, ending: bool) -> bool {
        let have = self.have();
        let wanted = self.inspected.saturating_add(WINDOW_BYTES);
        let wanted = self.len.map_or(wanted, |len| wanted.min(len));
        have > self.inspected && (ending || have >= wanted)
    }

    /// Writes the `frame` object.
    pub(crate) fn write(&self, json: &mut Json) {
        json.object("frame").text("type", self.kind).number("id", self.id);
        json.text("direction", if self.direction == Direction::ToServer { "toserver" } else { "toclient" });
        if self.of_stream {
            json.number("stream_offset", self.start);
        }
        json.number("length", self.len.unwrap_or_else(|| self.have()));
        json.boolean("complete", self.whole());
        let shown = self.data.get(..SHOWN_BYTES_MAX).unwrap_or(&self.data);
        json.text("payload", &STANDARD.encode(shown)).text("payload_printable", &printable(shown));
        if let Some(tx) = self.tx {
            json.number("tx_id", tx);
        }
        json.end();
    }
}

impl Frames {
    /// Takes what the application layer announced while it was fed the bytes of `direction` from `base` on; `others` is
    /// how far it read the other direction.
    pub(crate) fn note(
        &mut self,
        asks: &mut Asks,
        protocol: Option<ProtocolId>,
        direction: Direction,
        (base, others): (u64, u64),
    ) {
        let Some(protocol) = protocol else { return asks.frames.clear() };
        for asked in asks.frames.drain(..) {
            let from = if asked.direction == direction { base } else { others };
            let start = from.saturating_add_signed(asked.offset);
            let side = &mut self.sides[asked.direction.index()];
            if side.last_id == 0 {
                // The stream as a whole comes first.
                side.open(protocol, "stream", asked.direction, 0, None, None, true);
            }
            let known = side
                .frames
                .iter_mut()
                .find(|frame| frame.kind == asked.kind && frame.start == start && frame.len.is_none());
            match known {
                Some(frame) => frame.len = asked.len,
                None => side.open(protocol, asked.kind, asked.direction, start, asked.len, asked.tx, true),
            }
        }
    }

    /// Notes how far the application layer was shown the stream of `direction`.
    pub(crate) fn show(&mut self, direction: Direction, upto: u64) {
        let side = &mut self.sides[direction.index()];
        side.shown = side.shown.max(upto);
    }

    /// Takes the frames of a datagram.
    pub(crate) fn datagram(
        &mut self,
        asks: &mut Asks,
        protocol: Option<ProtocolId>,
        direction: Direction,
        payload: &[u8],
    ) {
        let Some(protocol) = protocol else { return asks.frames.clear() };
        for asked in asks.frames.drain(..).filter(|asked| asked.direction == direction) {
            let side = &mut self.sides[direction.index()];
            let start = u64::try_from(asked.offset).unwrap_or(0);
            side.open(protocol, asked.kind, direction, start, asked.len, asked.tx, false);
            let Some(frame) = side.frames.last_mut() else { continue };
            let rest = usize::try_from(start).ok().and_then(|start| payload.get(start..)).unwrap_or_default();
            let len = asked.len.and_then(|len| usize::try_from(len).ok()).unwrap_or(rest.len());
            frame.data.extend_from_slice(rest.get(..len).unwrap_or(rest));
            frame.len = frame.len.or(Some(frame.data.len() as u64));
        }
    }

    /// Collects the bytes of open frames of `direction`.
    pub(crate) fn collect(&mut self, direction: Direction, stream: &Stream<'_>) {
        let side = &mut self.sides[direction.index()];
        let shown = side.shown;
        if side.frames.iter().all(Frame::whole) {
            return;
        }
        for window in &stream.held(direction) {
            for frame in side.frames.iter_mut().filter(|frame| !frame.whole()) {
                frame.take(window.offset, window.data, shown);
            }
        }
    }

    /// Frames of `direction` that rules should look at now.
    pub(crate) fn scenes(&mut self, direction: Direction, ending: bool) -> Vec<FrameScene<'_>> {
        let due = self.sides[direction.index()].frames.iter_mut().filter(|frame| frame.is_due(ending));
        due.map(|frame| {
            let again = frame.inspected.saturating_sub(WINDOW_BYTES).max(frame.gone);
            let from = usize::try_from(again - frame.gone).unwrap_or(usize::MAX);
            FrameScene {
                protocol: frame.protocol,
                kind: frame.kind,
                id: frame.id,
                data: frame.data.get(from..).unwrap_or_default(),
                offset: again,
                whole: frame.len.is_some_and(|len| frame.gone + frame.data.len() as u64 >= len) || ending,
                tx: frame.tx,
                matched: &mut frame.matched,
            }
        })
        .collect()
    }

    /// Other rules take the place of those so far.
    pub(crate) fn follow(&mut self, succession: &rules::Succession) {
        for frame in self.sides.iter_mut().flat_map(|side| &mut side.frames) {
            succession.frame(&mut frame.matched);
        }
    }

    /// A frame by its number.
    pub(crate) fn find(&self, direction: Direction, id: u64) -> Option<&Frame> {
        self.sides[direction.index()].frames.iter().find(|frame| frame.id == id)
    }

    /// Calls `write` with each frame of `direction` that is to be written now, and forgets frames that are done with.
    pub(crate) fn finish(
        &mut self,
        direction: Direction,
        ending: bool,
        logs: bool,
        mut write: impl FnMut(&Frame),
    ) {
        let side = &mut self.sides[direction.index()];
        for frame in &mut side.frames {
            if frame.is_due(ending) {
                frame.inspected = frame.have();
            }
            let ready = ending || frame.whole() || frame.have() >= WINDOW_BYTES;
            if logs && ready && !std::mem::replace(&mut frame.logged, true) {
                write(frame);
            }
        }
        side.frames.retain(|frame| !frame.whole() || (logs && !frame.logged));
    }
}

impl Side {
    #[expect(clippy::too_many_arguments, reason = "a frame has that many properties")]
    fn open(
        &mut self,
        protocol: ProtocolId,
        kind: &'static str,
        direction: Direction,
        start: u64,
        len: Option<u64>,
        tx: Option<u64>,
        of_stream: bool,
    ) {
        if self.frames.len() >= FRAMES_MAX {
            self.frames.remove(0);
        }
        self.last_id += 1;
        self.frames.push(Frame {
            protocol,
            kind,
            direction,
            id: self.last_id,
            start,
            len,
            tx,
            data: Vec::new(),
            gone: 0,
            inspected: 0,
            logged: false,
            of_stream,
            matched: SmallVec::new(),
        });
    }
}

impl Frame {
    /// Takes its part of a stretch of the stream, up to what the application layer was shown.
    fn take(&mut self, offset: u64, data: &[u8], shown: u64) {
        let next = self.start + self.have();
        let end = self.len.map_or(u64::MAX, |len| self.start.saturating_add(len)).min(shown);
        let stretch_end = offset + data.len() as u64;
        if stretch_end <= next || offset >= end {
            return;
        }
        if offset > next {
            // What lay between is gone; what is left is shown from here.
            self.gone += self.data.len() as u64 + (offset - next);
            self.data.clear();
        }
        let from = usize::try_from(next.max(offset) - offset).unwrap_or(usize::MAX);
        let to = usize::try_from(end.min(stretch_end) - offset).unwrap_or(usize::MAX);
        self.data.extend_from_slice(data.get(from..to).unwrap_or_default());
        if self.data.len() > BYTES_MAX {
            let surplus = self.data.len() - BYTES_MAX / 2;
            self.data.drain(..surplus);
            self.gone += surplus as u64;
        }
    }
}
