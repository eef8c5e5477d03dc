//! Captures taken on a sender itself: its hardware fills in checksums after the packet was recorded.

use capture::{Batch, Source};
use decode::{Checksum, Decoder, Transport};

/// Packets at the front of the input that are looked at.
const PACKETS_MAX: usize = 1_000;

/// Whether more than a tenth of the TCP segments at the front of `source` have a wrong checksum.
///
/// Segments with wrong checksums are left out of streams, since their receiver drops them. Where the sender's hardware
/// computes checksums that is everything a recorded host said. Reads up to 1,000 packets: give it a source of its own.
pub fn checksums_are_offloaded(source: &mut Source, config: &decode::Config) -> bool {
    let mut decoder = Decoder::new(config.clone());
    let mut batch = Batch::new();
    let (mut looked, mut segments, mut wrong) = (0, 0_u32, 0_u32);
    while looked < PACKETS_MAX && source.next_batch(&mut batch, PACKETS_MAX - looked) {
        for packet in batch.iter() {
            for layers in decoder.decode(packet.link, packet.bytes, packet.time) {
                let tcp =
                    matches!(layers.transport, Transport::Tcp(_)) && layers.checksum != Checksum::Unchecked;
                segments += u32::from(tcp);
                wrong += u32::from(tcp && layers.checksum == Checksum::Bad);
            }
        }
        looked += batch.len();
    }
    wrong * 10 > segments
}
