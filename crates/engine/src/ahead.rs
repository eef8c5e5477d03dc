//! Looking ahead: whose the next packets are, and bringing near what they are going to need.
//!
//! Flows are many times what the processor keeps near. A packet that is worked on waits for its flow's place in the index, then
//! for the flow, then for its session, one after the other; when several packets are looked at together, all of them wait at
//! the same time. Nothing is decided here: each packet finds its flow by itself afterwards.

use std::ops::Range;

use capture::Batch;
use flow::{Slot, Trail};

use crate::config::Config;
use crate::shard::Shard;
use crate::worker::shard_of;

/// Packets that are looked at together.
pub(crate) const PACKETS: usize = 32;

/// What is known of [`PACKETS`] packets before they are worked on.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Which of them are another worker's: bit by bit, the first one lowest.
    others: u32,
    /// Which of them are ordinary ones of this worker; the places of `trails` that mean something.
    plain: u32,
    trails: [(usize, Trail); PACKETS],
}

impl Default for Ahead {
    fn default() -> Self {
        Self { others: 0, plain: 0, trails: [(0, Trail::default()); PACKETS] }
    }
}

impl Ahead {
    /// Whether the packet is sure to be another worker's.
    pub(crate) fn is_of_others(&self, place: usize) -> bool {
        self.others >> place & 1 == 1
    }

    /// Of an ordinary packet: its shard, and where its flow is looked for.
    pub(crate) fn trail(&self, place: usize) -> Option<(usize, &Trail)> {
        let (shard, trail) = self.trails.get(place).filter(|_| self.plain >> place & 1 == 1)?;
        Some((*shard, trail))
    }

    /// Looks at the packets in `range`, at most [`PACKETS`] of them.
    pub(crate) fn look(
        &mut self,
        shards: &[Option<Box<Shard>>],
        batch: &Batch,
        range: Range<usize>,
        config: &Config,
    ) {
        (self.others, self.plain) = (0, 0);
        for (place, index) in range.take(PACKETS).enumerate() {
            let Some(packet) = batch.get(index) else { break };
            let Some(plain) = decode::plain(packet.link, packet.bytes, &config.decode) else { continue };
            let number = shard_of(plain.src, plain.dst);
            match &shards[number] {
                Some(shard) => {
                    self.trails[place] = (number, shard.trail(&plain));
                    self.plain |= 1 << place;
                }
                None => self.others |= 1 << place,
            }
        }
        let mut slots: [Option<(&Shard, Slot)>; PACKETS] = [None; PACKETS];
        for (place, slot) in slots.iter_mut().enumerate() {
            let Some((number, trail)) = self.trail(place) else { continue };
            let shard = shards[number].as_deref();
            *slot = shard.and_then(|shard| Some((shard, shard.scent(trail)?)));
        }
        let read = slots.iter().flatten().fold(0, |sum, (shard, slot)| sum ^ shard.warm(*slot));
        // Without a reader, nothing would be read.
        std::hint::black_box(read);
    }
}
