//! Looking ahead: whose the next packets are, and bringing near what they are going to need.
//!
//! Flows are many times what the processor keeps near. A packet that is worked on waits for its flow's place in the index, then
//! for the flow, then for its session, one after the other; when several packets are looked at together, all of them wait at
//! the same time. Nothing is decided here: each packet finds its flow by itself afterwards.

use flow::{Fetch, Slot, Trail};
use model::{Packet, Time, fetch};
use smallvec::SmallVec;

use crate::config::Config;
use crate::conversation::Conversation;
use crate::shard::Shard;
use crate::worker::{Shards, shard_of};

/// Packets that are looked at together.
const PACKETS: usize = 32;

/// Bytes of a packet that its headers rarely go beyond.
const HEADERS: usize = 128;

/// Whose a packet is, as far as a look at its addresses tells.
#[derive(Debug)]
pub(crate) enum Whose {
    /// Sure to be another worker's.
    Others,
    /// An ordinary packet of this worker's: its shard, and where its flow is looked for.
    Ours(usize, Trail),
    /// Only decoding tells.
    Unknown,
}

/// What is known of the next packets before they are worked on.
#[derive(Debug, Default)]
pub(crate) struct Ahead<'b> {
    packets: SmallVec<[(Packet<'b>, Whose); PACKETS]>,
}

impl<'b> Ahead<'b> {
    /// The packets that were looked at.
    pub(crate) fn packets(&self) -> &[(Packet<'b>, Whose)] {
        &self.packets
    }

    /// Looks at the next packets, and at the flows that are over by then; false when there are none.
    pub(crate) fn look(
        &mut self,
        shards: &Shards,
        packets: impl Iterator<Item = Packet<'b>>,
        config: &Config,
    ) -> bool {
        self.packets.clear();
        for packet in packets.take(PACKETS) {
            fetch(packet.bytes.get(..HEADERS).unwrap_or(packet.bytes));
            self.packets.push((packet, Whose::Unknown));
        }
        for (packet, found) in &mut self.packets {
            *found = whose(shards, packet, config);
        }
        let mut known: [Option<(&Shard, Time, Option<Slot>)>; PACKETS] = [None; PACKETS];
        for ((packet, whose), known) in self.packets.iter().zip(&mut known) {
            if let Whose::Ours(number, trail) = whose {
                let shard = shards.each[*number].as_deref();
                *known = shard.map(|shard| (shard, packet.time, shard.scent(trail)));
            }
        }
        for step in Fetch::STEPS {
            for (shard, now, slot) in known.iter().flatten() {
                shard.fetch_due(&shards.pool, *now, step);
                slot.iter().for_each(|slot| shards.pool.fetch(*slot, step, Conversation::fetch));
            }
        }
        !self.packets.is_empty()
    }
}

#[inline]
fn whose(shards: &Shards, packet: &Packet<'_>, config: &Config) -> Whose {
    let Some(plain) = decode::plain(packet.link, packet.bytes, &config.decode) else {
        return Whose::Unknown;
    };
    let number = shard_of(plain.src, plain.dst);
    match &shards.each[number] {
        Some(shard) => Whose::Ours(number, shard.trail(&plain)),
        None => Whose::Others,
    }
}
