//! One TCP conversation, segment by segment.

use ::decode::{Config as DecodeConfig, Decoder};
use ::flow::{Chunk, Config, Policy, Pool, Seen, Slot, Table, Turn};
use model::{Direction, LinkType, PacketId};

use crate::wire::{Side, Wire};

/// Bytes of one instruction: flags, place (two), acknowledgement (two), length.
const INSTRUCTION: usize = 6;
/// Instructions carried out.
const SEGMENTS_MAX: usize = 512;

/// The first byte chooses the overlap policy and whether reading is inline; then six bytes per segment.
pub(super) fn run(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let mut config = Config::default();
    config.stream.inline = choice & 1 == 1;
    config.stream.midstream = choice & 2 == 2;
    let policies =
        [Policy::First, Policy::Last, Policy::Linux, Policy::OldLinux, Policy::Windows, Policy::Solaris];
    let policy = policies[usize::from(choice >> 2) % policies.len()];
    config.stream.policies = vec![("0.0.0.0".parse().expect("an address"), 0, policy)];
    let mut state = State { table: Table::new(config), pool: Pool::default(), read: [0; 2] };
    let mut decoder = Decoder::new(DecodeConfig::default());
    for ((time, frame), id) in frames(rest).iter().zip(1..) {
        for layers in decoder.decode(LinkType::ETHERNET, frame, *time) {
            state.packet(&Seen {
                id: PacketId(id),
                time: *time,
                bytes: frame,
                layers,
                len: frame.len() as u32,
            });
        }
    }
    state.over(frames(rest).last().map_or(lab::START, |(time, _)| *time));
}

fn frames(instructions: &[u8]) -> crate::Frames {
    let mut wire = Wire::default();
    let talk = wire.open(80);
    for step in instructions.chunks_exact(INSTRUCTION).take(SEGMENTS_MAX) {
        let side = if step[0] & 0x80 == 0 { Side::Client } else { Side::Server };
        let place = i64::from(i16::from_be_bytes([step[1], step[2]]));
        let heard = u32::from(u16::from_be_bytes([step[3], step[4]]));
        let data: Vec<u8> = (0..step[5]).map(|index| step[0] ^ index).collect();
        wire.segment(&talk, side, step[0] & 0x3f, place, Some(heard), &data);
    }
    wire.finish()
}

struct State {
    table: Table,
    pool: Pool<()>,
    /// Bytes and gaps that were read, per direction.
    read: [u64; 2],
}

impl State {
    fn packet(&mut self, seen: &Seen<'_>) {
        while let Some(slot) = self.table.with(&mut self.pool).next_due(seen.time) {
            self.end(slot);
        }
        let touch = self.table.with(&mut self.pool).touch(seen);
        while let Some(slot) = self.table.with(&mut self.pool).next_ended() {
            self.end(slot);
        }
        let Some(slot) = touch.slot else { return };
        let mut entry = self.table.with(&mut self.pool).entry(slot);
        let Some(stream) = entry.stream.as_mut() else { return };
        let mut turn = stream.accept(entry.flow, seen, touch.direction);
        self.deliver(slot, &mut turn, seen.payload());
    }

    fn deliver(&mut self, slot: Slot, turn: &mut Turn, payload: &[u8]) {
        let mut entry = self.table.with(&mut self.pool).entry(slot);
        let Some(stream) = entry.stream.as_mut() else { return };
        for direction in turn.deliver {
            turn.begin(direction);
            while let Some(chunk) = stream.peek(turn, direction) {
                let used = match chunk {
                    Chunk::Bytes { data, .. } => data.len() as u32,
                    Chunk::Gap(missing) => missing,
                    Chunk::Cut(_) | Chunk::End => 0,
                };
                self.read[direction.index()] += u64::from(used);
                stream.consume(direction, used, 0);
            }
        }
        if stream.raw_ready(turn) {
            let (_, upto) = stream.raw(turn, payload, false);
            stream.raw_done(turn, upto);
        }
        stream.prune(turn.direction);
    }

    fn end(&mut self, slot: Slot) {
        let needed = self
            .table
            .with(&mut self.pool)
            .entry(slot)
            .stream
            .as_ref()
            .map(|stream| stream.needs_flush([false; 2]));
        for direction in Direction::BOTH {
            let mut entry = self.table.with(&mut self.pool).entry(slot);
            if let (Some(stream), Some(true)) =
                (entry.stream.as_mut(), needed.map(|both| both[direction.index()]))
            {
                let mut turn = stream.accept_end(entry.flow, direction);
                self.deliver(slot, &mut turn, &[]);
            }
        }
        self.table.with(&mut self.pool).release(slot);
    }

    fn over(&mut self, now: model::Time) {
        while let Some(slot) = self.table.with(&mut self.pool).next_at_end(now) {
            self.end(slot);
        }
        assert_eq!(self.table.memory_used(), 0, "ended flows give all their memory back");
        assert!(self.table.is_empty(), "all flows have ended");
    }
}

/// In order, out of order, overlapping, with a reset, with an end.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let step = |flag_bits: u8, place: i16, heard: u16, length: u8| {
        let [a, b] = place.to_be_bytes();
        let [c, d] = heard.to_be_bytes();
        [flag_bits, a, b, c, d, length]
    };
    let talks: [&[[u8; 6]]; 5] = [
        &[step(0x18, 0, 0, 40), step(0x90, 0, 40, 0), step(0x98, 0, 40, 60), step(0x10, 40, 60, 0)],
        &[step(0x18, 40, 0, 40), step(0x18, 0, 0, 40), step(0x90, 0, 80, 0)],
        &[step(0x18, 20, 0, 40), step(0x38, 10, 0, 40), step(0x18, 0, 0, 30), step(0x90, 0, 60, 0)],
        &[step(0x18, 0, 0, 40), step(0x04, 40, 0, 5), step(0x18, 40, 0, 40), step(0x94, 0, 40, 0)],
        &[step(0x11, 40, 0, 0), step(0x18, 0, 0, 40), step(0x91, 0, 41, 0), step(0x10, 41, 1, 0)],
    ];
    (0..24)
        .flat_map(|choice| talks.iter().map(move |talk| [&[choice], talk.concat().as_slice()].concat()))
        .collect()
}
