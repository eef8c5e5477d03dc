//! A run of packets that travels through the engine as one piece.

use std::fmt;
use std::sync::Arc;

use memmap2::Mmap;
use model::{LinkType, Packet, PacketId, Time};

/// A run of consecutive packets: places in mapped files, or bytes of its own for what came through a stream.
///
/// A batch is filled by [`crate::Source::next_batch`], can be shared by any number of threads as `Arc<Batch>`, and is
/// given back to be filled again; its memory is kept.
#[derive(Default, Clone)]
pub struct Batch {
    first: u64,
    /// Ids of their own, for packets picked out of a longer input; empty when they count from `first`.
    ids: Vec<u64>,
    entries: Vec<Entry>,
    /// Packets whose own time was smaller than the one before: index and own time, by index.
    clamped: Vec<(u32, Time)>,
    maps: Arc<Maps>,
    owned: Vec<u8>,
    payload_bytes: usize,
}

/// The mapped files among the inputs, by input.
pub(crate) type Maps = Vec<Option<Arc<Mmap>>>;

/// One packet's place.
#[derive(Debug, Clone, Copy)]
struct Entry {
    time: Time,
    offset: u64,
    captured: u32,
    wire: u32,
    store: u16,
    link: LinkType,
}

/// Marks bytes that the batch owns.
const OWNED: u16 = u16::MAX;

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch of packets that are already in memory, as tests and live captures have them. Ids count from `first`.
    pub fn from_packets<'a>(
        first: PacketId,
        packets: impl IntoIterator<Item = (Time, LinkType, &'a [u8])>,
    ) -> Self {
        let mut batch = Self { first: first.0, ..Self::default() };
        let mut latest = Time::default();
        for (time, link, bytes) in packets {
            latest = latest.max(time);
            let wire = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            batch.push_owned(latest, time, bytes, wire, link);
        }
        batch
    }

    /// How many packets it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Id of its first packet.
    pub fn first_id(&self) -> PacketId {
        PacketId(self.first)
    }

    /// Captured bytes of all its packets.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// One packet.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Packet<'_>> {
        self.entries.get(index).map(|entry| self.packet(index, entry))
    }

    /// All packets in order.
    pub fn iter(&self) -> Packets<'_> {
        Packets { batch: self, index: 0 }
    }

    /// The time that the input gave a packet, before it was raised to keep time monotone.
    pub fn original_time(&self, index: usize) -> Option<Time> {
        let entry = self.entries.get(index)?;
        let at = self.clamped.binary_search_by_key(&index, |(at, _)| *at as usize).ok();
        Some(at.and_then(|at| self.clamped.get(at)).map_or(entry.time, |(_, time)| *time))
    }

    #[inline]
    fn packet(&self, index: usize, entry: &Entry) -> Packet<'_> {
        let store: &[u8] = if entry.store == OWNED {
            &self.owned
        } else {
            self.maps.get(usize::from(entry.store)).and_then(Option::as_deref).map_or(&[], |map| &map[..])
        };
        let from = entry.offset as usize;
        Packet {
            id: PacketId(self.ids.get(index).copied().unwrap_or(self.first + index as u64)),
            time: entry.time,
            link: entry.link,
            bytes: store.get(from..from + entry.captured as usize).unwrap_or_default(),
            wire_len: entry.wire,
        }
    }

    pub(crate) fn restart(&mut self, first: u64, maps: &Arc<Maps>) {
        self.first = first;
        self.ids.clear();
        self.entries.clear();
        self.clamped.clear();
        self.owned.clear();
        self.payload_bytes = 0;
        if !Arc::ptr_eq(&self.maps, maps) {
            self.maps = Arc::clone(maps);
        }
    }

    #[inline]
    pub(crate) fn push_mapped(
        &mut self,
        time: Time,
        own: Time,
        place: (u16, u64),
        captured: u32,
        wire: u32,
        link: LinkType,
    ) {
        self.note_clamped(time, own);
        let (store, offset) = place;
        self.payload_bytes += captured as usize;
        self.entries.push(Entry { time, offset, captured, wire, store, link });
    }

    pub(crate) fn push_owned(&mut self, time: Time, own: Time, bytes: &[u8], wire: u32, link: LinkType) {
        self.note_clamped(time, own);
        let offset = self.owned.len() as u64;
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.payload_bytes += bytes.len();
        self.owned.extend_from_slice(bytes);
        self.entries.push(Entry { time, offset, captured, wire, store: OWNED, link });
    }

    /// A packet that keeps the id it had in another input. A batch holds only such packets, or none.
    pub(crate) fn push_picked(
        &mut self,
        id: PacketId,
        time: Time,
        own: Time,
        bytes: &[u8],
        wire: u32,
        link: LinkType,
    ) {
        debug_assert_eq!(self.ids.len(), self.entries.len(), "ids are given to all packets or to none");
        self.ids.push(id.0);
        self.push_owned(time, own, bytes, wire, link);
    }

    #[inline]
    fn note_clamped(&mut self, time: Time, own: Time) {
        if own != time {
            self.clamped.push((self.entries.len() as u32, own));
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Batch").field("first", &self.first).field("packets", &self.entries.len()).finish()
    }
}

/// The packets of a batch in order.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'a>> {
        let packet = self.batch.get(self.index)?;
        self.index += 1;
        Some(packet)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batch.len() - self.index.min(self.batch.len());
        (left, Some(left))
    }
}

impl ExactSizeIterator for Packets<'_> {}

impl<'a> IntoIterator for &'a Batch {
    type Item = Packet<'a>;
    type IntoIter = Packets<'a>;

    fn into_iter(self) -> Packets<'a> {
        self.iter()
    }
}
