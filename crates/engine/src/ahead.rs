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

/// Which of the packets in `range`, at most [`PACKETS`] of them, are another worker's: bit by bit, the first one lowest.
pub(crate) fn look(
    shards: &[Option<Box<Shard>>],
    batch: &Batch,
    range: Range<usize>,
    config: &Config,
) -> u32 {
    let mut others = 0;
    let mut trails = [(0usize, Trail::default()); PACKETS];
    let mut found = 0;
    for (bit, index) in range.take(PACKETS).enumerate() {
        let Some(packet) = batch.get(index) else { break };
        let Some(plain) = decode::plain(packet.link, packet.bytes, &config.decode) else { continue };
        let number = shard_of(plain.src, plain.dst);
        match &shards[number] {
            Some(shard) => {
                trails[found] = (number, shard.trail(&plain));
                found += 1;
            }
            None => others |= 1 << bit,
        }
    }
    let mut slots: [Option<(&Shard, Slot)>; PACKETS] = [None; PACKETS];
    for (place, (number, trail)) in slots.iter_mut().zip(&trails[..found]) {
        let shard = shards[*number].as_deref();
        *place = shard.and_then(|shard| Some((shard, shard.scent(*trail)?)));
    }
    let read = slots[..found].iter().flatten().fold(0, |sum, (shard, slot)| sum ^ shard.warm(*slot));
    // Without a reader, nothing would be read.
    std::hint::black_box(read);
    others
}
