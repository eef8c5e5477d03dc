//! Whose turn it is: several workers share bits of hosts as if there were one.
//!
//! Each worker says on a board which [`Step`] of the input it has come to. Before it touches the bits it waits until every other
//! worker has come as far, so that whatever comes earlier in the input was done. Whoever is furthest behind never waits, so that
//! somebody always goes on. Such rules are rare, and their conditions on bits are asked when all else of their header holds.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use model::PacketId;
use rules::{HostBits, Succession, Turns};

/// A place in the order of the input: a packet, and what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step(u64);

impl Step {
    const ENDED: Step = Step(u64::MAX);

    fn new(packet: PacketId, what: usize) -> Self {
        Self(packet.0 << 16 | what as u64)
    }

    /// A level of a packet's tunnels.
    pub(crate) fn level(packet: PacketId, turn: u8) -> Self {
        Self::new(packet, turn.into())
    }

    /// A shard is brought up to the time of the last packet of a batch.
    pub(crate) fn advance(last: PacketId, shard: usize) -> Self {
        Self::new(last, 0x100 + shard)
    }

    /// A shard ends, since the input did.
    pub(crate) fn finish(last: PacketId, shard: usize) -> Self {
        Self::new(last, 0x200 + shard)
    }
}

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Board {
    /// How far each worker has come: what is before this was done.
    steps: Box<[Padded]>,
    /// Workers that wait for others.
    waiting: AtomicUsize,
    bits: Mutex<HostBits>,
    moved: Condvar,
}

/// A number in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded(AtomicU64);

impl Board {
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        let steps = (0..workers).map(|_| Padded::default()).collect();
        let (waiting, bits, moved) = (AtomicUsize::new(0), Mutex::default(), Condvar::new());
        Arc::new(Self { steps, waiting, bits, moved })
    }

    fn come_to(&self, worker: usize, step: Step) {
        if let Some(place) = self.steps.get(worker) {
            // In one order with what `take` does: either it sees the step, or this sees that somebody waits.
            place.0.store(step.0, Ordering::SeqCst);
        }
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(self.bits.lock().unwrap_or_else(PoisonError::into_inner));
            self.moved.notify_all();
        }
    }

    /// Other rules take over, while no worker is at work.
    pub(crate) fn succeed(&self, succession: &Succession) {
        let mut bits = self.bits.lock().unwrap_or_else(PoisonError::into_inner);
        *bits = std::mem::take(&mut *bits).succeed(succession);
    }

    fn is_turn_of(&self, worker: usize) -> bool {
        let at = |place: &Padded| place.0.load(Ordering::SeqCst);
        let own = self.steps.get(worker).map_or(0, at);
        self.steps.iter().all(|place| at(place) >= own)
    }
}

/// A worker's place at the board. When it is given up, nobody waits for the worker any more.
#[derive(Debug)]
pub(crate) struct Seat {
    board: Arc<Board>,
    worker: usize,
}

impl Seat {
    pub(crate) fn new(board: Arc<Board>, worker: usize) -> Self {
        Self { board, worker }
    }

    /// The worker has come to a step; steps only grow.
    pub(crate) fn come_to(&self, step: Step) {
        self.board.come_to(self.worker, step);
    }

    /// For the worker's inspector.
    pub(crate) fn turns(&self) -> Box<dyn Turns> {
        Box::new(Turn { board: Arc::clone(&self.board), worker: self.worker })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.come_to(Step::ENDED);
    }
}

#[derive(Debug)]
struct Turn {
    board: Arc<Board>,
    worker: usize,
}

impl Turns for Turn {
    fn take(&self, work: &mut dyn FnMut(&mut HostBits)) {
        let board = &*self.board;
        let mut bits = board.bits.lock().unwrap_or_else(PoisonError::into_inner);
        if !board.is_turn_of(self.worker) {
            board.waiting.fetch_add(1, Ordering::SeqCst);
            while !board.is_turn_of(self.worker) {
                bits = board.moved.wait(bits).unwrap_or_else(PoisonError::into_inner);
            }
            board.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        work(&mut bits);
    }
}
