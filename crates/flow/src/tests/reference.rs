//! A slow reassembler that is obviously right, and the fast one: they must agree on any traffic.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::talk::{OPEN, Talk, client_data};
use crate::{Config, Policy};

/// One segment: where it starts, how long it is, and what it says there.
#[derive(Debug, Clone)]
struct Piece {
    at: u32,
    bytes: Vec<u8>,
}

/// Byte by byte: the first copy stands, or the last.
#[derive(Default)]
struct Slow(BTreeMap<u32, u8>);

impl Slow {
    fn take(&mut self, piece: &Piece, last_wins: bool) {
        for (index, byte) in piece.bytes.iter().enumerate() {
            let at = piece.at + index as u32;
            if last_wins {
                self.0.insert(at, *byte);
            } else {
                self.0.entry(at).or_insert(*byte);
            }
        }
    }

    /// Everything in order, `?` for what is missing before the last byte.
    fn read(&self) -> Vec<u8> {
        let end = self.0.last_key_value().map_or(0, |(at, _)| at + 1);
        (0..end).map(|at| self.0.get(&at).copied().unwrap_or(b'?')).collect()
    }
}

fn pieces(distinct: bool) -> impl Strategy<Value = Vec<Piece>> {
    let piece = (0..300_u32, 1..40_usize, any::<u8>()).prop_map(move |(at, len, salt)| {
        let byte = |index: usize| {
            let truth = b'a' + ((at as usize + index) * 7 % 26) as u8;
            if distinct { b'A' + (salt.wrapping_add(index as u8) % 26) } else { truth }
        };
        Piece { at, bytes: (0..len).map(byte).collect() }
    });
    proptest::collection::vec(piece, 1..60)
}

fn fast(pieces: &[Piece], policy: Policy, ack_every: usize) -> Vec<u8> {
    let mut config = Config::default();
    config.stream.policies = vec![("10.0.0.0".parse().expect("address"), 8, policy)];
    let mut talk = Talk::new(config);
    talk.run(OPEN);
    let mut sent: Vec<(u32, u32)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        client_data(&mut talk, 1001 + piece.at, &piece.bytes);
        sent.push((piece.at, piece.at + piece.bytes.len() as u32));
        if ack_every > 0 && index % ack_every == 0 {
            // As a receiver does: acknowledge what is there without a hole.
            let mut edge = 0;
            sent.sort_unstable();
            for (from, to) in &sent {
                if *from <= edge {
                    edge = edge.max(*to);
                }
            }
            talk.packet(&format!("server: ACK seq=5001 ack={}", 1001 + edge));
        }
    }
    let end = sent.iter().map(|(_, to)| *to).max().unwrap_or(0);
    talk.packet(&format!("server: ACK seq=5001 ack={}", 1001 + end));
    talk.over();
    std::mem::take(&mut talk.read[0])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn honest_retransmissions_read_as_sent(pieces in pieces(false), ack_every in 0..6_usize) {
        let mut slow = Slow::default();
        pieces.iter().for_each(|piece| slow.take(piece, false));
        prop_assert_eq!(fast(&pieces, Policy::Linux, ack_every), slow.read());
    }

    #[test]
    fn the_first_copy_stands_where_the_target_keeps_it(pieces in pieces(true)) {
        let mut slow = Slow::default();
        pieces.iter().for_each(|piece| slow.take(piece, false));
        prop_assert_eq!(fast(&pieces, Policy::First, 0), slow.read());
    }

    #[test]
    fn the_last_copy_stands_where_the_target_takes_it(pieces in pieces(true)) {
        let mut slow = Slow::default();
        pieces.iter().for_each(|piece| slow.take(piece, true));
        prop_assert_eq!(fast(&pieces, Policy::Last, 0), slow.read());
    }

    #[test]
    fn any_policy_reads_every_byte_once(pieces in pieces(true), choice in 0..4_usize) {
        let policy = [Policy::Windows, Policy::Solaris, Policy::OldLinux, Policy::Linux][choice];
        let mut slow = Slow::default();
        pieces.iter().for_each(|piece| slow.take(piece, false));
        let (fast, slow) = (fast(&pieces, policy, 0), slow.read());
        prop_assert_eq!(fast.len(), slow.len());
        for (index, (a, b)) in fast.iter().zip(&slow).enumerate() {
            prop_assert_eq!(*a == b'?', *b == b'?', "byte {}", index);
            let offered = pieces.iter().any(|piece| {
                let at = index as u32;
                at >= piece.at && piece.bytes.get((at - piece.at) as usize) == Some(a)
            });
            prop_assert!(*a == b'?' || offered, "byte {} was sent by nobody", index);
        }
    }
}
