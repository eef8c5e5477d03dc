//! The bytes of one direction: what is in order, what waits behind a hole, and who sent which byte first.
//!
//! Offsets are absolute from the first byte of the direction. *Settled* bytes lie in contiguous regions (one, unless a hole
//! was acknowledged); *late* bytes wait, segment by segment, until the hole before them is filled or given up. A byte is
//! copied once into a region, and once more if it was late: work stays linear in what arrives, in whatever order.
//!
//! Overlaps are decided per byte by the policy of the target (Novak and Sturges, *Target-Based TCP Stream Reassembly*):
//! each byte remembers the bounds of the segment that brought it. What the receiver did not take is kept as a [`Conflict`].
//!
//! Limits: [`REGIONS_MAX`] regions, [`BOUNDS_MAX`] remembered segment bounds (older ones melt together), late segments and
//! bytes by configuration, [`CONFLICTS_MAX`] conflicts of [`EXCERPT_MAX`] bytes.

use std::collections::{BTreeMap, VecDeque};

use model::{Seldom, Thin, fetch};

use super::memory::Memory;
use crate::Policy;

/// Settled regions at most; further ones stay late until a hole closes.
const REGIONS_MAX: usize = 64;
/// Segment bounds remembered at most.
const BOUNDS_MAX: usize = 4096;
/// Conflicts kept per direction.
const CONFLICTS_MAX: usize = 4;
/// Bytes kept of each reading of a conflict.
const EXCERPT_MAX: usize = 32;
/// What a late segment costs beyond its bytes.
const LATE_OVERHEAD: u64 = 96;
/// Buffers below this size grow to twice their size.
const DOUBLED_BYTES_MAX: usize = 4 * 1024;
/// Buffers from this size on grow to that one at once.
const CHUNKED_BYTES_MIN: usize = 1024;
/// A hole wider than this starts a new buffer region in Suricata's count (`ts_max_regions`).
const REGION_GAP: u64 = 262_144;

/// Two readings of the same bytes: a retransmission that differed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Absolute offset of the first byte.
    pub offset: u64,
    /// Whether the later reading was used.
    pub used_later: bool,
    /// First bytes of the earlier reading.
    pub earlier: Vec<u8>,
    /// First bytes of the later reading.
    pub later: Vec<u8>,
}

/// A segment as it comes in: `[at, at + bytes.len())`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) at: u64,
    pub(super) bytes: &'a [u8],
}

/// What became of a segment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inserted {
    /// Some byte differed from what was there.
    pub(super) different: bool,
    /// There was no room in memory for all of it.
    pub(super) no_memory: bool,
    /// Too many late segments.
    pub(super) too_many: bool,
}

impl Inserted {
    /// Both outcomes in one.
    pub(super) fn and(self, other: Inserted) -> Inserted {
        Inserted {
            different: self.different || other.different,
            no_memory: self.no_memory || other.no_memory,
            too_many: self.too_many || other.too_many,
        }
    }
}

/// How overlaps are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    /// Policy of the receiver.
    pub(super) policy: Policy,
    /// Inline: what was passed on cannot be taken back, so the first reading holds.
    pub(super) inline: bool,
    /// Late segments at most.
    pub(super) late_max: usize,
    /// Bytes of the shard at most.
    pub(super) memory_max: u64,
}

impl Rules {
    fn needs_bounds(&self) -> bool {
        !self.inline
            && !matches!(
                self.policy,
                Policy::None | Policy::First | Policy::Last | Policy::Vista | Policy::OldSolaris
            )
    }
}

#[derive(Debug, Default)]
struct Region {
    start: u64,
    /// Bytes of `buffer` that are already forgotten.
    head: usize,
    buffer: Vec<u8>,
}

impl Region {
    fn end(&self) -> u64 {
        self.start + self.live().len() as u64
    }

    fn live(&self) -> &[u8] {
        self.buffer.get(self.head..).unwrap_or_default()
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.head > 0
            && self.buffer.len() + bytes.len() > self.buffer.capacity()
            && self.head >= self.buffer.len() - self.head
        {
            self.buffer.copy_within(self.head.., 0);
            self.buffer.truncate(self.buffer.len() - self.head);
            self.head = 0;
        }
        if self.buffer.len() + bytes.len() > self.buffer.capacity() {
            // A quarter more at a time, not twice as much: what waits here may be most of the memory in use. Small buffers are
            // few bytes and many copies; those that take whole segments soon hold a chunk for content rules.
            let len = self.buffer.len();
            let more = match len {
                ..CHUNKED_BYTES_MIN => len,
                CHUNKED_BYTES_MIN..DOUBLED_BYTES_MAX => (DOUBLED_BYTES_MAX - len).max(len),
                _ => len / 4,
            };
            self.buffer.reserve_exact(bytes.len().max(more));
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Gives back the room that nothing needs now. An allocator that is asked to shrink a block in place keeps it when less than
    /// half of it would be saved.
    fn shrink(&mut self) {
        let len = self.live().len();
        if self.buffer.capacity() > len + len / 8 {
            self.buffer = self.live().to_vec();
            self.head = 0;
        }
    }
}

/// Settled bytes `[start, end)` came in the segment `[from, to)`.
#[derive(Debug, Clone, Copy)]
struct Bound {
    start: u64,
    end: u64,
    from: u64,
    to: u64,
}

#[derive(Debug)]
struct Late {
    bytes: Box<[u8]>,
    from: u64,
    to: u64,
}

/// The bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// Everything before it is forgotten or was never there.
    base: u64,
    /// Where in-order bytes go.
    edge: u64,
    /// End of the rightmost byte ever inserted.
    right: u64,
    regions: VecDeque<Region>,
    bounds: VecDeque<Bound>,
    /// Late segments by where they start; nearly no session has one.
    late: Seldom<BTreeMap<u64, Late>>,
    /// Segment bounds matter to the receiver's policy.
    bounded: bool,
    seen: bool,
    regions_most: u32,
    conflicts: Thin<Conflict>,
}

impl Data {
    /// End of the rightmost byte ever inserted.
    pub(super) fn right(&self) -> u64 {
        self.right
    }

    /// Whether anything was ever inserted.
    pub(super) fn seen(&self) -> bool {
        self.seen
    }

    /// Brings what inserting a segment needs near; see [`crate::Pool::fetch`].
    pub(super) fn fetch(&self) {
        self.regions.front().into_iter().for_each(fetch);
        self.bounds.back().into_iter().for_each(fetch);
    }

    /// First offset still kept.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Whether no byte is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.late.is_empty() && self.regions.iter().all(|region| region.live().is_empty())
    }

    /// End of the first contiguous run from the base.
    pub(super) fn consecutive_right(&self) -> u64 {
        self.regions.front().map_or(self.base, Region::end)
    }

    /// Most buffer regions at once, as Suricata counts them.
    pub(super) fn regions_most(&self) -> u32 {
        self.regions_most.max(1)
    }

    /// Readings that differed.
    pub(super) fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Bytes from `offset` as far as they are contiguous; empty when the byte there is missing.
    pub(super) fn contiguous(&self, offset: u64) -> &[u8] {
        match self.regions.iter().rev().find(|region| region.start <= offset) {
            Some(region) => region.live().get((offset - region.start) as usize..).unwrap_or_default(),
            None => &[],
        }
    }

    /// Start of the first byte at or after `offset`, settled or late.
    pub(super) fn next_start(&self, offset: u64) -> Option<u64> {
        let settled = self
            .regions
            .iter()
            .find(|region| region.end() > offset && !region.live().is_empty())
            .map(|region| region.start.max(offset));
        let late = self
            .late
            .range(..=offset)
            .next_back()
            .filter(|(start, late)| **start + late.bytes.len() as u64 > offset)
            .map(|_| offset)
            .or_else(|| self.late.range(offset..).next().map(|(start, _)| *start));
        match (settled, late) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Whether everything kept is contiguous.
    pub(super) fn is_one_run(&self) -> bool {
        self.late.is_empty() && self.regions.len() <= 1
    }

    /// Contiguous runs of settled bytes from `offset` on.
    pub(super) fn runs(&self, offset: u64) -> impl Iterator<Item = (u64, &[u8])> {
        self.regions.iter().filter_map(move |region| {
            let skip = offset.saturating_sub(region.start) as usize;
            let bytes = region.live().get(skip..).unwrap_or_default();
            (!bytes.is_empty()).then_some((region.start + skip as u64, bytes))
        })
    }

    /// What is contiguous with late bytes `[left, right)`, up to `most` bytes on either side, appended to `out`; says where
    /// it begins. `None` when the bytes are not late.
    pub(super) fn around_late(&self, left: u64, right: u64, most: u64, out: &mut Vec<u8>) -> Option<u64> {
        let first = *self
            .late
            .range(..=left)
            .next_back()
            .filter(|(start, late)| **start + late.bytes.len() as u64 > left)?
            .0;
        let mut from = first;
        for (start, late) in self.late.range(..first).rev() {
            if start + late.bytes.len() as u64 != from || left.saturating_sub(from) >= most {
                break;
            }
            from = *start;
        }
        let mut end = from;
        for (start, late) in self.late.range(from..) {
            if *start != end || end >= right.saturating_add(most) {
                break;
            }
            out.extend_from_slice(&late.bytes);
            end += late.bytes.len() as u64;
        }
        Some(from)
    }

    /// Everything that is kept, late bytes too, in order.
    pub(super) fn everything(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut all: Vec<(u64, &[u8])> = self.runs(0).collect();
        all.extend(self.late.iter().map(|(start, late)| (*start, &*late.bytes)));
        all.sort_by_key(|(start, _)| *start);
        all.into_iter()
    }

    /// Takes a segment in.
    pub(super) fn insert(&mut self, segment: Segment<'_>, rules: &Rules, memory: &mut Memory) -> Inserted {
        let skip = self.base.saturating_sub(segment.at);
        let Some(bytes) = usize::try_from(skip).ok().and_then(|skip| segment.bytes.get(skip..)) else {
            return Inserted::default();
        };
        if bytes.is_empty() {
            return Inserted::default();
        }
        let at = segment.at + skip;
        let end = at + bytes.len() as u64;
        if memory.used() + bytes.len() as u64 > rules.memory_max {
            return Inserted { no_memory: true, ..Inserted::default() };
        }
        self.seen = true;
        self.bounded = rules.needs_bounds();
        let bound = (segment.at, end);
        let mut outcome = Inserted::default();
        if at == self.edge && self.late.is_empty() {
            self.append(at, bytes, bound, memory);
        } else {
            self.insert_around(at, bytes, bound, rules, memory, &mut outcome);
        }
        self.right = self.right.max(end);
        self.count_regions();
        outcome
    }

    /// Makes late bytes that start before `limit` readable in place: the holes before them are given up for now.
    pub(super) fn settle(&mut self, limit: u64, memory: &mut Memory) {
        while let Some((&start, _)) = self.late.first_key_value() {
            if start >= limit || self.regions.len() >= REGIONS_MAX {
                return;
            }
            let place = self.regions.partition_point(|region| region.start <= start);
            let joins = place.checked_sub(1).and_then(|before| self.regions.get(before));
            if joins.is_none_or(|region| region.end() != start) {
                let region = Region { start, head: 0, buffer: memory.take() };
                self.regions.insert(place, region);
            }
            self.absorb(start, memory);
        }
    }

    /// Forgets everything before `offset`.
    pub(super) fn slide(&mut self, offset: u64, memory: &mut Memory) {
        if offset <= self.base {
            return;
        }
        self.base = offset;
        self.edge = self.edge.max(offset);
        while let Some(region) = self.regions.front_mut() {
            let forgotten = offset.saturating_sub(region.start).min(region.live().len() as u64);
            memory.release(forgotten);
            region.start += forgotten;
            region.head += forgotten as usize;
            let last = self.regions.len() == 1;
            let front = self.regions.front_mut().expect("checked above");
            if !front.live().is_empty() {
                break;
            }
            if last && front.start == self.edge {
                // An idle stream keeps its place and no buffer: most flows of a table are idle.
                memory.give(std::mem::take(&mut front.buffer));
                front.head = 0;
                break;
            }
            if let Some(region) = self.regions.pop_front() {
                memory.give(region.buffer);
            }
        }
        while self.bounds.front().is_some_and(|bound| bound.end <= offset) {
            self.bounds.pop_front();
        }
        while let Some(entry) = self.late.written_mut().and_then(BTreeMap::first_entry) {
            let late = entry.get();
            let end = *entry.key() + late.bytes.len() as u64;
            if end > offset {
                break;
            }
            memory.release(late.bytes.len() as u64 + LATE_OVERHEAD);
            entry.remove();
        }
        // A late segment across the new base leads the bytes in order from now on.
        self.settle(offset, memory);
    }

    /// Nothing is expected for a while: gives back what only waited for more.
    pub(super) fn rest(&mut self) {
        if self.regions.iter().all(|region| region.live().is_empty()) {
            self.regions = VecDeque::new();
        }
        for region in &mut self.regions {
            region.shrink();
        }
        self.bounds.shrink_to_fit();
        if self.late.is_empty() {
            self.late = Seldom::default();
        }
    }

    /// Forgets everything; later segments are as if before the base.
    pub(super) fn clear(&mut self, memory: &mut Memory) {
        let right = self.right.max(self.base);
        self.slide(right, memory);
        for region in self.regions.drain(..) {
            memory.give(region.buffer);
        }
        self.bounds.clear();
    }

    fn append(&mut self, at: u64, bytes: &[u8], bound: (u64, u64), memory: &mut Memory) {
        memory.reserve(bytes.len() as u64);
        match self.regions.back_mut() {
            Some(region) if region.end() == at => {
                if region.buffer.capacity() == 0 {
                    region.buffer = memory.take();
                }
                region.append(bytes);
            }
            _ => {
                let mut buffer = memory.take();
                buffer.extend_from_slice(bytes);
                if self.regions.capacity() == 0 {
                    // There is one region unless a hole was acknowledged.
                    self.regions.reserve_exact(1);
                }
                self.regions.push_back(Region { start: at, head: 0, buffer });
            }
        }
        self.edge = at + bytes.len() as u64;
        self.remember(Bound { start: at, end: self.edge, from: bound.0, to: bound.1 });
    }

    /// The general case: holes are filled, overlaps are decided.
    fn insert_around(
        &mut self,
        at: u64,
        bytes: &[u8],
        bound: (u64, u64),
        rules: &Rules,
        memory: &mut Memory,
        outcome: &mut Inserted,
    ) {
        let end = at + bytes.len() as u64;
        let mut cursor = at;
        while cursor < end {
            let rest = &bytes[(cursor - at) as usize..];
            let next = self.next_start(cursor).unwrap_or(end).min(end);
            if next > cursor {
                let hole = &rest[..(next - cursor) as usize];
                if !self.fill(cursor, hole, bound, rules, memory) {
                    outcome.too_many = true;
                    return;
                }
                cursor = next;
                continue;
            }
            cursor += self.overlap(cursor, rest, bound, rules, outcome);
        }
    }

    /// Decides the overlap that begins at `cursor`; says how many bytes it covered, at least one.
    fn overlap(
        &mut self,
        cursor: u64,
        new: &[u8],
        bound: (u64, u64),
        rules: &Rules,
        outcome: &mut Inserted,
    ) -> u64 {
        let limit = new.len() as u64;
        if let Some(at) =
            self.regions.iter().rposition(|region| region.start <= cursor && cursor < region.end())
        {
            let owner = self.owner(cursor);
            let region = &mut self.regions[at];
            let len = (region.end() - cursor).min(limit).min(owner.end - cursor);
            let from = region.head + (cursor - region.start) as usize;
            let old = &mut region.buffer[from..from + len as usize];
            let later = new_wins(rules, bound, (owner.from, owner.to));
            let new = &new[..len as usize];
            if note_conflict(&mut self.conflicts, cursor, old, new, later) {
                outcome.different = true;
                if later {
                    old.copy_from_slice(new);
                    let taken = Bound { start: cursor, end: cursor + len, from: bound.0, to: bound.1 };
                    self.reassign(taken);
                }
            }
            return len;
        }
        let Some((start, late)) = self.late.range_mut(..=cursor).next_back() else { return limit };
        let skip = (cursor - start) as usize;
        let old = late.bytes.get_mut(skip..).unwrap_or_default();
        let len = old.len().min(new.len());
        if len == 0 {
            return limit;
        }
        let later = new_wins(rules, bound, (late.from, late.to));
        if note_conflict(&mut self.conflicts, cursor, &old[..len], &new[..len], later) {
            outcome.different = true;
            if later {
                old[..len].copy_from_slice(&new[..len]);
                if skip == 0 && len == late.bytes.len() {
                    (late.from, late.to) = bound;
                }
            }
        }
        len as u64
    }

    /// Puts bytes where there were none. False when there are too many late segments.
    fn fill(&mut self, at: u64, bytes: &[u8], bound: (u64, u64), rules: &Rules, memory: &mut Memory) -> bool {
        if at == self.edge {
            self.append(at, bytes, bound, memory);
            self.absorb(at, memory);
            return true;
        }
        if self.late.len() >= rules.late_max {
            return false;
        }
        memory.reserve(bytes.len() as u64 + LATE_OVERHEAD);
        self.late.insert(at, Late { bytes: bytes.into(), from: bound.0, to: bound.1 });
        if self.regions.iter().any(|region| region.end() == at) {
            self.absorb(at, memory);
        }
        true
    }

    /// Moves late bytes that continue the region around `offset` into it, and joins regions that now touch.
    fn absorb(&mut self, offset: u64, memory: &mut Memory) {
        let Some(at) =
            self.regions.iter().rposition(|region| region.start <= offset && offset <= region.end())
        else {
            return;
        };
        loop {
            let end = self.regions[at].end();
            if let Some(late) = self.late.written_mut().and_then(|late| late.remove(&end)) {
                self.regions[at].append(&late.bytes);
                memory.release(LATE_OVERHEAD);
                let bound = Bound { start: end, end: self.regions[at].end(), from: late.from, to: late.to };
                self.remember(bound);
            } else if self.regions.get(at + 1).is_some_and(|next| next.start == end) {
                let next = self.regions.remove(at + 1).expect("checked by the condition");
                self.regions[at].append(next.live());
                memory.give(next.buffer);
            } else {
                break;
            }
        }
        self.edge = self.edge.max(self.regions[at].end());
    }

    fn remember(&mut self, bound: Bound) {
        if !self.bounded {
            return;
        }
        match self.bounds.back() {
            Some(last) if last.start > bound.start => {
                let place = self.bounds.partition_point(|other| other.start < bound.start);
                self.bounds.insert(place, bound);
            }
            _ => self.bounds.push_back(bound),
        }
        if self.bounds.len() > BOUNDS_MAX
            && let (Some(first), Some(second)) = (self.bounds.pop_front(), self.bounds.front_mut())
        {
            second.start = first.start;
            second.from = first.from.min(second.from);
            second.to = first.to.max(second.to);
        }
    }

    /// Which segment brought the settled byte at `offset`, and up to where.
    fn owner(&self, offset: u64) -> Bound {
        let at = self.bounds.partition_point(|bound| bound.start <= offset);
        match at.checked_sub(1).and_then(|at| self.bounds.get(at)) {
            Some(bound) if bound.end > offset => *bound,
            _ => {
                let end = self.bounds.get(at).map_or(u64::MAX, |next| next.start);
                Bound { start: offset, end, from: 0, to: end }
            }
        }
    }

    /// Gives settled bytes a new owner.
    fn reassign(&mut self, taken: Bound) {
        if !self.bounded {
            return;
        }
        let at = self.bounds.partition_point(|bound| bound.start <= taken.start);
        if let Some(owner) = at.checked_sub(1).and_then(|at| self.bounds.get_mut(at))
            && owner.end > taken.start
        {
            let rest = Bound { start: taken.end, ..*owner };
            owner.end = taken.start;
            let emptied = owner.start == owner.end;
            if rest.start < rest.end {
                self.bounds.insert(at, rest);
            }
            if emptied {
                self.bounds[at - 1] = taken;
                return;
            }
        }
        self.bounds.insert(at, taken);
    }

    fn count_regions(&mut self) {
        let mut count = 1;
        if !self.late.is_empty() {
            let mut end = self.edge;
            // Late segments are many only in odd traffic; the rightmost few tell whether a far region opened.
            for (start, late) in self.late.iter().rev().take(2) {
                count += u32::from(*start > end.saturating_add(REGION_GAP));
                end = end.max(start + late.bytes.len() as u64);
            }
        }
        self.regions_most = self.regions_most.max(count);
    }
}

/// Whether bytes of a later segment replace those of an earlier one under the receiver's policy.
fn new_wins(rules: &Rules, new: (u64, u64), old: (u64, u64)) -> bool {
    if rules.inline {
        return false;
    }
    let starts_before = new.0 < old.0;
    let starts_same = new.0 == old.0;
    let ends_beyond = new.1 > old.1;
    let covers_end = new.1 >= old.1;
    match rules.policy {
        Policy::Last => true,
        Policy::None | Policy::First | Policy::Vista | Policy::OldSolaris => false,
        Policy::Bsd
        | Policy::Hpux10
        | Policy::Irix
        | Policy::Windows
        | Policy::Windows2k3
        | Policy::MacOs => starts_before,
        Policy::BsdRight => !starts_before && ends_beyond,
        Policy::Linux => starts_before || (starts_same && ends_beyond),
        Policy::OldLinux => starts_before || (starts_same && covers_end),
        Policy::Solaris | Policy::Hpux11 => {
            if starts_before || starts_same {
                covers_end
            } else {
                ends_beyond
            }
        }
    }
}

/// Compares two readings and remembers how they differ. True when they do.
fn note_conflict(kept: &mut Thin<Conflict>, offset: u64, old: &[u8], new: &[u8], used_later: bool) -> bool {
    if old == new {
        return false;
    }
    if kept.len() < CONFLICTS_MAX {
        let excerpt = |bytes: &[u8]| bytes.iter().take(EXCERPT_MAX).copied().collect();
        kept.push(Conflict { offset, used_later, earlier: excerpt(old), later: excerpt(new) });
    }
    true
}
