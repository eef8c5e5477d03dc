//! Bytes in order for the application layer: `peek` and `consume`, and what the application layer may switch off.

use model::Direction;

use super::memory::Memory;
use super::session::{Session, Side};
use super::{Chunk, State, Stream, StreamEvent, Turn};
use crate::StreamConfig;

/// Where the delivery of one direction stands within one turn.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Delivery {
    started: bool,
    /// Something was shown in this turn.
    started_over: bool,
    done: bool,
    after_gap: bool,
    /// The last chunk said that the depth was reached: there is no other.
    last: bool,
    /// Progress when the last chunk was shown; without progress there is no other.
    shown_at: u64,
}

impl Stream<'_> {
    /// What the application layer should read next in `direction`; `None` when nothing is ready. Events that appear
    /// while reading (`reassembly_seq_gap`) are added to `turn.events`.
    pub fn peek(&mut self, turn: &mut Turn, direction: Direction) -> Option<Chunk<'_>> {
        let session = self.session.get_mut()?;
        let way = direction.index();
        let delivery = &mut turn.delivery[way];
        if delivery.done || session.app_disabled || session.sides[way].no_reassembly {
            return None;
        }
        let progress = session.sides[way].app_progress;
        if !delivery.started {
            delivery.started = true;
            let side = &session.sides[way];
            if side.data.right() <= progress && (session.state >= State::Closing || turn.pseudo) {
                delivery.done = true;
                return Some(Chunk::End);
            }
        } else if delivery.last {
            delivery.done = true;
            return None;
        }
        if session.sides[way].data.right() <= progress && !session.sides[way].depth_reached {
            delivery.done = true;
            return None;
        }
        let again = delivery.started_over && progress == delivery.shown_at;
        delivery.started_over = true;
        delivery.shown_at = progress;
        let ready = next(session, way, turn.pseudo, delivery.after_gap, self.config.inline);
        let ready = match ready {
            Ready::Bytes { .. } if again => Ready::Nothing,
            ready => ready,
        };
        match ready {
            Ready::Nothing => {
                turn.delivery[way].done = true;
                None
            }
            Ready::Gap(missing) => {
                turn.delivery[way].after_gap = true;
                turn.events.insert(StreamEvent::ReassemblySeqGap);
                let side = &mut session.sides[way];
                side.has_gap = true;
                self.counters.gaps += 1;
                side.data.settle(progress.saturating_add(u64::from(missing) + 1), self.memory);
                Some(Chunk::Gap(missing))
            }
            Ready::Cut(len) => {
                let side = &mut session.sides[way];
                side.needed = 0;
                side.show(0, 0);
                side.app_progress = progress + len;
                Some(Chunk::Cut(side.data.contiguous(progress).get(..len as usize).unwrap_or_default()))
            }
            Ready::Bytes { from, len, end } => {
                let delivery = &mut turn.delivery[way];
                delivery.after_gap = false;
                let side = &mut session.sides[way];
                side.needed = 0;
                side.app_progress = from;
                side.show(from, len);
                delivery.shown_at = from;
                let depth = side.depth_reached;
                delivery.last = depth;
                let data = side.data.contiguous(from).get(..len as usize).unwrap_or_default();
                Some(Chunk::Bytes { data, end, depth })
            }
        }
    }

    /// Takes `count` bytes of what [`Stream::peek`] showed; `needed` is how many the parser wants before it is called again
    /// (0: whatever comes). A chunk that is not consumed at all ends the delivery of this turn.
    pub fn consume(&mut self, direction: Direction, count: u32, needed: u32) {
        if let Some(session) = self.session.get_mut() {
            let side = &mut session.sides[direction.index()];
            side.app_progress = side.app_progress.saturating_add(u64::from(count));
            side.needed = needed;
        }
    }

    /// How far the application layer read in `direction`.
    pub fn app_progress(&self, direction: Direction) -> u64 {
        self.session.get().map_or(0, |s| s.sides[direction.index()].app_progress)
    }

    /// The application layer is done with both directions (`STREAMTCP_FLAG_APP_LAYER_DISABLED`).
    pub fn disable_app(&mut self) {
        if let Some(session) = self.session.get_mut() {
            session.app_disabled = true;
        }
    }

    /// Whether [`Stream::disable_app`] was called.
    pub fn app_disabled(&self) -> bool {
        self.session.get().is_some_and(|s| s.app_disabled)
    }

    /// No data of `direction` is kept any more.
    pub fn set_no_reassembly(&mut self, direction: Direction) {
        if let Some(session) = self.session.get_mut() {
            session.sides[direction.index()].no_reassembly = true;
        }
    }

    /// Content rules see what there is of both directions at their next packets, and nothing more after that.
    pub fn disable_raw(&mut self) {
        if let Some(session) = self.session.get_mut() {
            for side in &mut session.sides {
                side.raw_closing = true;
            }
        }
    }

    /// Nobody wants to see more of this session.
    pub fn set_bypass(&mut self) {
        if let Some(session) = self.session.get_mut() {
            session.bypass = true;
        }
    }

    /// Raises the bytes of each direction after which reassembly stops; 0 = unlimited.
    pub fn set_depth(&mut self, depth: u32) {
        if let Some(session) = self.session.get_mut()
            && (depth == 0 || depth > session.depth)
        {
            session.depth = depth;
        }
    }

    /// Forgets what nobody needs any more in `direction`; after detection and output, when `turn.established`.
    pub fn prune(&mut self, direction: Direction) {
        let inline = self.config.inline;
        let chunk = match direction {
            Direction::ToServer => self.config.chunk_to_server,
            Direction::ToClient => self.config.chunk_to_client,
        };
        let Some(session) = self.session.get_mut() else { return };
        let (state, app_disabled) = (session.state, session.app_disabled);
        let side = &mut session.sides[direction.index()];
        if side.no_reassembly {
            side.data.clear(self.memory);
            return;
        }
        if side.depth_reached || (app_disabled && side.raw_disabled) {
            side.no_reassembly = true;
            side.data.clear(self.memory);
            return;
        }
        let left = left_edge(side, state, app_disabled, inline, chunk);
        side.slide(left, self.memory);
    }

    /// Forgets all data of both directions: the flow is bypassed.
    pub fn forget(&mut self) {
        if let Some(session) = self.session.get_mut() {
            for side in &mut session.sides {
                side.no_reassembly = true;
                side.data.clear(self.memory);
            }
        }
    }
}

/// A session was silent for a while: gives back room that only waited for more bytes, and forgets what was acknowledged and
/// read, which [`Stream::prune`] keeps until the next packet of the direction. The latter only where no content rule looks and
/// nothing is passed on: they may ask for it again.
pub(crate) fn rest(session: &mut Session, config: &StreamConfig, memory: &mut Memory) {
    if config.inline || session.state < State::Established {
        return;
    }
    let (state, app_disabled) = (session.state, session.app_disabled);
    for side in &mut session.sides {
        if side.raw_disabled {
            let left = left_edge(side, state, app_disabled, false, 0);
            side.slide(left, memory);
        }
        side.data.rest();
    }
}

/// First byte that somebody still needs.
fn left_edge(side: &Side, state: State, app_disabled: bool, inline: bool, chunk: u32) -> u64 {
    let use_app = !app_disabled;
    let mut left = if !side.raw_disabled {
        let mut raw = side.raw_progress;
        if inline {
            raw = raw.saturating_sub(u64::from(chunk));
        }
        if use_app && side.min_inspect_depth > 0 && state < State::Closed {
            raw = raw.saturating_sub(u64::from(side.min_inspect_depth));
        }
        if use_app { raw.min(side.app_progress) } else { raw }
    } else if use_app {
        side.app_progress
    } else {
        side.data.consecutive_right()
    };
    // Data that is not acknowledged may still be sent again with other content.
    left = left.min(side.acked());
    left
}

enum Ready {
    Bytes { from: u64, len: u64, end: bool },
    Cut(u64),
    Gap(u32),
    Nothing,
}

/// Decides what comes next in one direction.
fn next(session: &mut Session, way: usize, pseudo: bool, after_gap: bool, inline: bool) -> Ready {
    let state = session.state;
    let end = pseudo || state == State::Closed;
    let use_unacked = inline || (pseudo && (state < State::Closed || session.closed_by_reset));
    let side = &session.sides[way];
    let progress = side.app_progress;
    let acked = side.acked();
    let limit = |len: u64| if use_unacked { len } else { len.min(acked.saturating_sub(progress)) };
    match find(side, progress) {
        Found::Gap(missing) => {
            let missing = limit(missing);
            if missing > 0 && is_gap(side, state, progress) {
                Ready::Gap(u32::try_from(missing).unwrap_or(u32::MAX))
            } else if side.depth_reached && !(after_gap && missing == 0) {
                Ready::Bytes { from: progress, len: 0, end }
            } else {
                Ready::Nothing
            }
        }
        Found::Nothing if side.depth_reached => Ready::Bytes { from: progress, len: 0, end },
        Found::Nothing => Ready::Nothing,
        Found::Data(run) => {
            let len = limit(run);
            if len == 0 && (!end || after_gap) && !side.depth_reached {
                return Ready::Nothing;
            }
            let final_call = (pseudo && state == State::Closed) || side.depth_reached;
            let waits = len < u64::from(side.needed) && !final_call;
            if (waits || side.has_shown(progress, len))
                && len == run
                && len > 0
                && gap_after(side, state, progress + len)
            {
                // What the parser waits for is lost.
                return Ready::Cut(len);
            }
            if waits { Ready::Nothing } else { Ready::Bytes { from: progress, len, end } }
        }
    }
}

enum Found {
    Data(u64),
    Gap(u64),
    Nothing,
}

fn find(side: &Side, at: u64) -> Found {
    let here = side.data.contiguous(at);
    if !here.is_empty() {
        return Found::Data(here.len() as u64);
    }
    match side.data.next_start(at) {
        Some(start) if start > at => Found::Gap(start - at),
        Some(_) | None => Found::Nothing,
    }
}

/// Whether bytes from `at` on are missing and acknowledged, with others behind them.
fn gap_after(side: &Side, state: State, at: u64) -> bool {
    side.data.next_start(at).is_some_and(|start| start > at) && is_gap(side, state, at)
}

/// Missing bytes are a gap once they were acknowledged.
fn is_gap(side: &Side, state: State, at: u64) -> bool {
    // A FIN takes one sequence number but no byte.
    let fin = u64::from(state >= State::FinWait1);
    side.acked().saturating_sub(fin) > at
}
