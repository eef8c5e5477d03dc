//! Bytes in order for content rules: collected to a chunk, or looked at once somebody triggers it.

use model::Direction;

use super::session::{Around, Side};
use super::{State, Stream, Turn, Window, Windows};

impl Stream<'_> {
    /// Whether content rules have something to look at in the packet's direction.
    pub fn raw_ready(&self, turn: &Turn) -> bool {
        let Some(session) = self.session.get() else { return false };
        let side = &session.sides[turn.direction.index()];
        if side.no_reassembly || side.raw_disabled {
            return false;
        }
        if self.config.inline {
            return turn.added && !side.data.is_empty();
        }
        side.raw_progress != side.data.right()
            && !side.data.is_empty()
            && self.is_due(side, session.state, turn)
    }

    /// Whether enough has come together, or something demands a look now.
    fn is_due(&self, side: &Side, state: State, turn: &Turn) -> bool {
        let chunk = self.chunk(turn.direction);
        side.depth_reached
            || side.raw_triggered
            || side.raw_closing
            || state > State::TimeWait
            || turn.pseudo
            || side.acked() >= side.raw_progress.saturating_add(u64::from(chunk))
    }

    fn chunk(&self, direction: Direction) -> u32 {
        match direction {
            Direction::ToServer => self.config.chunk_to_server,
            Direction::ToClient => self.config.chunk_to_client,
        }
    }

    /// Whether [`Stream::raw`] with `min_depth` reaches further back than without.
    pub fn raw_reaches_back(&self, turn: &Turn) -> bool {
        self.session.get().is_some_and(|session| {
            let side = &session.sides[turn.direction.index()];
            side.raw_triggered && side.min_inspect_depth > 0
        })
    }

    /// Data for content rules in the packet's direction, and the offset to pass to [`Stream::raw_done`] afterwards.
    ///
    /// `seq_payload` is the packet's payload (inline mode looks around it). `min_depth`: widen to the left by the minimal
    /// inspection depth, as for rules that also look at a transaction.
    pub fn raw<'s>(&'s self, turn: &Turn, payload: &'s [u8], min_depth: bool) -> (Windows<'s>, u64) {
        let Some(session) = self.session.get() else { return (Windows::new(), 0) };
        let side = &session.sides[turn.direction.index()];
        let idle = (Windows::new(), side.raw_progress);
        if side.no_reassembly || side.raw_disabled {
            return idle;
        }
        if self.config.inline && !turn.pseudo {
            return if turn.added { self.raw_around(side, turn, payload) } else { idle };
        }
        if !self.is_due(side, session.state, turn) {
            return idle;
        }
        let mut progress = side.raw_progress;
        if min_depth && side.raw_triggered && side.min_inspect_depth > 0 {
            progress = progress.min(side.app_progress.saturating_sub(u64::from(side.min_inspect_depth)));
        }
        let right = if turn.pseudo || self.config.inline { u64::MAX } else { side.acked() };
        let mut windows = Windows::new();
        for (offset, data) in side.data.runs(progress) {
            if right <= offset {
                break;
            }
            let len = usize::try_from(right - offset).unwrap_or(usize::MAX).min(data.len());
            let data = data.get(..len).unwrap_or_default();
            progress = offset + len as u64;
            windows.push(Window { offset, data });
        }
        (windows, progress)
    }

    /// Inline: the packet's payload with what lies around it, a chunk in all.
    fn raw_around<'s>(&'s self, side: &'s Side, turn: &Turn, payload: &'s [u8]) -> (Windows<'s>, u64) {
        let left = turn.payload_at;
        let right = left + payload.len() as u64;
        let chunk = (self.chunk(turn.direction) as usize).max(payload.len());
        let around = Some(&side.rare.around).filter(|around| !around.bytes.is_empty());
        let late = around.map(|around| (around.at, around.bytes.as_slice()));
        let mut runs = side.data.runs(0).chain(late);
        let run = runs.find(|(start, data)| *start <= left && right <= start + data.len() as u64);
        let mut windows = Windows::new();
        let Some((start, data)) = run else {
            windows.push(Window { offset: left, data: payload });
            return (windows, side.raw_progress);
        };
        let (mut from, mut to) = (0, data.len());
        if data.len() > chunk {
            let before = (left - start) as usize;
            let after = data.len() - before - payload.len();
            let half = (chunk - payload.len()) / 2;
            let (keep_before, keep_after) = if after == 0 {
                (chunk - payload.len(), 0)
            } else if before == 0 {
                (0, chunk - payload.len())
            } else if after >= half && before >= half {
                (half, half)
            } else if after >= half {
                (before, chunk - payload.len() - before)
            } else {
                (chunk - payload.len() - after, after)
            };
            from = before.saturating_sub(keep_before);
            to = before + payload.len() + keep_after.min(after);
        }
        let offset = start + from as u64;
        let data = data.get(from..to).unwrap_or_default();
        let seen = offset + data.len() as u64;
        windows.push(Window { offset, data });
        if side.data.is_one_run() {
            return (windows, seen);
        }
        let acked = side.acked();
        let upto = match side.raw_progress < acked {
            true if offset > acked => acked,
            true => seen,
            false => side.raw_progress,
        };
        (windows, upto)
    }

    /// Inline: what was passed on before in the place of the packet's payload of `len` bytes.
    pub fn replacement(&self, turn: &Turn, len: usize) -> Option<&[u8]> {
        let side = &self.session.get()?.sides[turn.direction.index()];
        let settled = side.data.contiguous(turn.payload_at).get(..len);
        settled.or_else(|| {
            let Around { at, bytes } = &side.rare.around;
            let skip = usize::try_from(turn.payload_at.checked_sub(*at)?).ok()?;
            bytes.get(skip..skip.checked_add(len)?)
        })
    }

    /// Content rules have looked at everything up to `upto`; 0 when they did not look at all.
    pub fn raw_done(&mut self, turn: &Turn, upto: u64) {
        let Some(session) = self.session.get_mut() else { return };
        let app_disabled = session.app_disabled;
        let side = &mut session.sides[turn.direction.index()];
        if upto > side.raw_progress {
            side.raw_progress = upto;
            side.raw_triggered = false;
        } else if upto == 0 {
            // Nobody looked: keep at most a window of data for those who may start to.
            let reached = if app_disabled { side.acked() } else { side.app_progress };
            if reached > side.raw_progress {
                let kept = if side.raw_triggered { 0 } else { u64::from(side.window) };
                side.raw_progress = side.raw_progress.max(reached.saturating_sub(kept));
                side.raw_triggered = false;
            }
        }
        if side.raw_closing {
            side.raw_disabled = true;
        }
    }

    /// Content rules shall look at `direction` at the next occasion, however little there is (a transaction completed).
    pub fn trigger_raw(&mut self, direction: Direction) {
        if let Some(session) = self.session.get_mut() {
            session.sides[direction.index()].raw_triggered = true;
        }
    }

    /// Content rules that also look at transactions want so many bytes before the window.
    pub fn set_min_inspect_depth(&mut self, direction: Direction, bytes: u32) {
        if let Some(session) = self.session.get_mut() {
            let side = &mut session.sides[direction.index()];
            side.min_inspect_depth = side.min_inspect_depth.max(bytes);
        }
    }

    /// Everything still kept of `direction`: for payload in alerts. Offsets show what is missing between. When only
    /// watching, what was not acknowledged is no part of it.
    pub fn kept(&self, direction: Direction) -> Windows<'_> {
        let Some(session) = self.session.get() else { return Windows::new() };
        let side = &session.sides[direction.index()];
        let right = if self.config.inline { u64::MAX } else { side.acked() };
        let until = |(offset, data): (u64, _)| {
            let data: &[u8] = data;
            let len = usize::try_from(right.checked_sub(offset)?).unwrap_or(usize::MAX).min(data.len());
            data.get(..len).filter(|data| !data.is_empty()).map(|data| Window { offset, data })
        };
        side.data.everything().map_while(until).collect()
    }

    /// Everything still there of `direction`, acknowledged or not: for frames, which know how far they may look.
    pub fn held(&self, direction: Direction) -> Windows<'_> {
        let Some(session) = self.session.get() else { return Windows::new() };
        let all = session.sides[direction.index()].data.everything();
        all.map(|(offset, data)| Window { offset, data }).collect()
    }

    /// Bytes of `direction` from `offset` on, as far as they are kept and contiguous (frames look at them).
    pub fn bytes_at(&self, direction: Direction, offset: u64) -> &[u8] {
        self.session.get().map_or(&[], |s| s.sides[direction.index()].data.contiguous(offset))
    }
}
