//! Application exchanges, and what the stages above keep with each of them.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use model::{PacketId, Time};
use smallvec::SmallVec;

use crate::File;

/// What every transaction carries, whatever its protocol.
#[derive(Debug, Default, Clone)]
pub struct Core {
    /// Number inside its flow, from 0.
    pub id: u64,
    /// When its first byte was seen.
    pub began: Time,
    /// The packet that brought its first byte.
    pub first_packet: PacketId,
    /// How far it has come, to server and to client; protocol-specific, only ever grows.
    pub progress: [u8; 2],
    /// Whether something changed since rules last looked, per direction.
    pub updated: [bool; 2],
    /// For one-sided transactions: the only direction it has. `None`: both.
    pub only: Option<model::Direction>,
    /// Codes of the app-layer events raised, in order. Bounded by [`Core::EVENTS`].
    pub events: SmallVec<[u8; 4]>,
    /// How many of `events` were already written as anomalies.
    pub events_logged: u8,
    /// What the rules have already inspected, per direction. Owned by the rules stage.
    pub inspected: Looked,
    /// The progress at which it was last found incomplete, without files.
    pub rested: Option<[u8; 2]>,
    /// Bit `n`: log number `n` of the protocol has been written.
    pub logged: u8,
    /// Whether the fact for the detectors has been given.
    pub told: bool,
    /// Whether a signature matched on it.
    pub alerted: bool,
    /// A rule switched off its records.
    pub quiet: bool,
    /// Numbers in its data are little-endian (`byte_test` and the like with `dce`).
    pub little_endian: bool,
}

impl Core {
    /// How many events one transaction keeps at most.
    pub const EVENTS: usize = 15;

    /// Raises an app-layer event by its code; each code once, as many as the limit allows.
    pub fn raise(&mut self, code: u8) {
        if self.events.len() < Self::EVENTS && !self.events.contains(&code) {
            self.events.push(code);
            self.updated = [true; 2];
        }
    }

    /// Whether nothing has changed since it was looked at and found incomplete.
    pub fn is_at_rest(&self) -> bool {
        self.rested == Some(self.progress) && usize::from(self.events_logged) == self.events.len()
    }

    /// Raises the progress of one direction; never lowers it.
    pub fn advance(&mut self, direction: model::Direction, progress: u8) {
        let place = &mut self.progress[direction.index()];
        *place = (*place).max(progress);
        self.updated[direction.index()] = true;
    }
}

/// What the rules have inspected of a transaction, per direction: made when a rule comes to look at it.
#[derive(Debug, Default, Clone)]
pub struct Looked(Option<Box<[Inspected; 2]>>);

impl Deref for Looked {
    type Target = [Inspected; 2];

    fn deref(&self) -> &[Inspected; 2] {
        static NOTHING: LazyLock<[Inspected; 2]> = LazyLock::new(Default::default);
        self.0.as_deref().unwrap_or_else(|| &NOTHING)
    }
}

impl DerefMut for Looked {
    fn deref_mut(&mut self) -> &mut [Inspected; 2] {
        self.0.get_or_insert_default()
    }
}

/// What the rules have inspected of one direction of a transaction.
#[derive(Debug, Default, Clone)]
pub struct Inspected {
    /// Progress up to which prefilters have run, plus one; 0 = nothing yet.
    pub upto: u8,
    /// Rules in the middle of matching, by their internal number, in order.
    pub rules: SmallVec<[InspectedRule; 2]>,
    /// Bytes of the body (or file) already inspected.
    pub body: u64,
    /// The direction had ended when it was last inspected: nothing can change any more.
    pub ended: bool,
}

/// A rule that matched part of a transaction.
#[derive(Debug, Default, Clone, Copy)]
pub struct InspectedRule {
    /// Internal number of the rule.
    pub rule: u32,
    /// Bit `n`: condition `n` has matched. The top bit says that the rule is done (matched or cannot match).
    pub matched: u32,
}

/// One exchange: what every protocol keeps, and what this one does.
#[derive(Debug, Default)]
pub struct Transaction<T> {
    /// Common part.
    pub core: Core,
    /// Files that it carries.
    pub files: Vec<File>,
    /// The protocol's own.
    pub body: T,
}

/// The open transactions of a session, oldest first.
#[derive(Debug)]
pub struct Transactions<T> {
    list: VecDeque<Transaction<T>>,
    next_id: u64,
    limit: usize,
    /// All with a smaller number are finished.
    settled: u64,
    /// Nothing of those with a smaller number was lent to be changed since a direction was last looked away from.
    changed: [u64; 2],
}

impl<T> Transactions<T> {
    /// At most `limit` open transactions; a protocol decides itself what to do when [`Transactions::is_full`].
    pub fn new(limit: usize) -> Self {
        Self { list: VecDeque::new(), next_id: 0, limit, settled: 0, changed: [0; 2] }
    }

    /// Opens a transaction and gives it the next number.
    pub fn open(&mut self, began: Time, packet: PacketId, body: T) -> &mut Transaction<T> {
        let core =
            Core { id: self.next_id, began, first_packet: packet, updated: [true; 2], ..Core::default() };
        self.note_change(self.next_id);
        self.next_id += 1;
        if self.list.capacity() == 0 {
            // Most flows have one transaction at a time; a list grows to four places at once otherwise.
            self.list.reserve_exact(1);
        }
        self.list.push_back(Transaction { core, files: Vec::new(), body });
        self.list.back_mut().expect("one was just added")
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the limit is reached.
    pub fn is_full(&self) -> bool {
        self.list.len() >= self.limit
    }

    /// How many were ever opened.
    pub fn opened(&self) -> u64 {
        self.next_id
    }

    /// By position, oldest first.
    pub fn get(&self, index: usize) -> Option<&Transaction<T>> {
        self.list.get(index)
    }

    /// By position, oldest first.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Transaction<T>> {
        self.note_change(self.list.get(index)?.core.id);
        self.list.get_mut(index)
    }

    /// By number, when it is still open.
    pub fn by_id_mut(&mut self, id: u64) -> Option<&mut Transaction<T>> {
        // Numbers only grow along the list.
        let place = self.list.partition_point(|transaction| transaction.core.id < id);
        self.note_change(id);
        self.list.get_mut(place).filter(|transaction| transaction.core.id == id)
    }

    /// The newest.
    pub fn last_mut(&mut self) -> Option<&mut Transaction<T>> {
        self.note_change(self.list.back()?.core.id);
        self.list.back_mut()
    }

    /// Those whose two directions have not both come to step 1, the last step of most protocols; oldest first.
    ///
    /// Finished ones stay until everybody has looked at them, thousands where one segment held thousands: they are passed
    /// over once, not each time.
    pub fn unfinished(&mut self) -> impl Iterator<Item = &mut Transaction<T>> {
        let known = self.list.partition_point(|transaction| transaction.core.id < self.settled);
        let more = self.list.range(known..).position(|transaction| transaction.core.progress != [1; 2]);
        let from = more.map_or(self.list.len(), |more| known + more);
        self.settled = self.list.get(from).map_or(self.next_id, |open| open.core.id);
        self.note_change(self.settled);
        self.list.range_mut(from..).filter(|transaction| transaction.core.progress != [1; 2])
    }

    /// All open ones, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Transaction<T>> {
        self.list.iter()
    }

    /// All open ones, oldest first.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Transaction<T>> {
        self.note_change(0);
        self.list.iter_mut()
    }

    /// Some with this number or greater ones are lent to be changed.
    fn note_change(&mut self, id: u64) {
        self.changed = self.changed.map(|from| from.min(id));
    }

    /// See [`crate::Session::next_restless`].
    pub fn next_restless(&self, index: usize) -> usize {
        let from = index.min(self.list.len());
        let restless = |open: &Transaction<T>| !open.core.is_at_rest() || !open.files.is_empty();
        self.list.range(from..).position(restless).map_or(self.list.len(), |more| from + more)
    }

    /// Gives back room for more than there are, and for more of their files than came.
    pub fn rest(&mut self) {
        self.list.shrink_to_fit();
        for file in self.list.iter_mut().flat_map(|open| &mut open.files) {
            file.body.rest();
        }
    }

    /// See [`crate::Session::look_away`]. A flow may have a thousand open, and be looked away from with each packet: only those
    /// that may have changed since the last time are gone through.
    pub fn look_away(&mut self, direction: model::Direction) {
        let from = std::mem::replace(&mut self.changed[direction.index()], self.next_id);
        let from = self.list.partition_point(|open| open.core.id < from);
        for open in self.list.range_mut(from..) {
            open.core.updated[direction.index()] = false;
            for file in open.files.iter_mut().filter(|file| file.direction == direction) {
                file.inspected = file.body.kept();
            }
        }
    }

    /// Takes one out, when everybody is done with it.
    pub fn remove(&mut self, index: usize) -> Option<Transaction<T>> {
        self.list.remove(index)
    }
}
