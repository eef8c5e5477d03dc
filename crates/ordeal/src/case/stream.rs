//! TCP: order, overlaps, holes, and sessions that only cost.

use lab::Random;
use lab::frame::flags;

use super::Case;
use crate::{Frames, Side, Wire};

/// Bytes of a segment in the cases about order.
const PIECE: usize = 16;
const ACK: u8 = flags::ACK;

pub(super) const SINGLE_BYTES: Case = Case {
    name: "single-bytes",
    what: "A request whose body comes one byte per segment.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        wire.say(&mut talk, Side::Client, &post(size));
        wire.say_in(&mut talk, Side::Client, &vec![b'x'; size], 1);
        wire.finish()
    },
};

/// The head of a request whose body has so many bytes.
fn post(bytes: usize) -> Vec<u8> {
    format!("POST /up HTTP/1.1\r\nHost: files.example\r\nContent-Length: {bytes}\r\n\r\n").into_bytes()
}

/// A request with a body of `size` pieces, sent in the order that `order` gives, acknowledged at the end.
fn in_order_of(size: usize, order: &[usize]) -> Frames {
    let mut wire = Wire::default();
    let mut talk = wire.open(80);
    wire.say(&mut talk, Side::Client, &post(size * PIECE));
    let start = i64::from(talk.said_by(Side::Client));
    for place in order {
        let data = [b'a' + (*place % 26) as u8; PIECE];
        wire.segment(&talk, Side::Client, ACK, start + (place * PIECE) as i64, Some(0), &data);
    }
    Wire::count(&mut talk, Side::Client, (size * PIECE) as u32);
    wire.acknowledge(&talk, Side::Client);
    wire.finish()
}

pub(super) const BACKWARDS: Case = Case {
    name: "segments-backwards",
    what: "All segments of a request's body, the last first.",
    size: 20_000,
    build: |size| in_order_of(size, &(0..size).rev().collect::<Vec<_>>()),
};

pub(super) const SHUFFLED: Case = Case {
    name: "segments-shuffled",
    what: "A hundred thousand segments of a request's body in random order.",
    size: 50_000,
    build: |size| {
        let mut order: Vec<usize> = (0..size).collect();
        let mut random = Random::new(7);
        for place in (1..size).rev() {
            order.swap(place, random.below(place as u64 + 1) as usize);
        }
        in_order_of(size, &order)
    },
};

pub(super) const OVERLAPPING: Case = Case {
    name: "segments-overlapping",
    what: "Each segment lies half over the one before and says something else there.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        wire.say(&mut talk, Side::Client, &post(size * PIECE));
        let start = i64::from(talk.said_by(Side::Client));
        // The first piece is missing until the end, so that everything waits.
        for place in 1..size * 2 - 1 {
            let data = [b'a' + (place % 26) as u8; PIECE];
            wire.segment(&talk, Side::Client, ACK, start + (place * PIECE / 2) as i64, Some(0), &data);
        }
        wire.segment(&talk, Side::Client, ACK, start, Some(0), &[b'a'; PIECE]);
        Wire::count(&mut talk, Side::Client, (size * PIECE) as u32);
        wire.acknowledge(&talk, Side::Client);
        wire.finish()
    },
};

pub(super) const SAME_AGAIN: Case = Case {
    name: "segment-again",
    what: "One segment behind a hole, sent again and again with other bytes.",
    size: 50_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        wire.say(&mut talk, Side::Client, &post(size));
        let start = i64::from(talk.said_by(Side::Client));
        for turn in 0..size {
            let data = [b'a' + (turn % 26) as u8; 512];
            wire.segment(&talk, Side::Client, ACK, start + 100, Some(0), &data);
        }
        wire.finish()
    },
};

pub(super) const HOLES: Case = Case {
    name: "holes",
    what: "Every second segment is missing, and acknowledged all the same.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        wire.say(&mut talk, Side::Client, &post(size * 2 * PIECE));
        for _ in 0..size {
            Wire::count(&mut talk, Side::Client, PIECE as u32);
            let at = i64::from(talk.said_by(Side::Client));
            wire.segment(&talk, Side::Client, ACK, at, Some(0), &[b'x'; PIECE]);
            Wire::count(&mut talk, Side::Client, PIECE as u32);
            wire.acknowledge(&talk, Side::Client);
        }
        wire.finish()
    },
};

pub(super) const URGENT: Case = Case {
    name: "urgent",
    what: "Every segment has an urgent byte.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        wire.say(&mut talk, Side::Client, &post(size * 8));
        for _ in 0..size {
            let at = i64::from(talk.said_by(Side::Client));
            wire.urgent(&talk, Side::Client, ACK, at, Some(0), b"abcdefgh", 3);
            Wire::count(&mut talk, Side::Client, 8);
            wire.acknowledge(&talk, Side::Client);
        }
        wire.finish()
    },
};

pub(super) const IDLE_ACKS: Case = Case {
    name: "idle-acks",
    what: "Acknowledgements of nothing new.",
    size: 50_000,
    build: |size| {
        let mut wire = Wire::default();
        let talk = wire.open(80);
        for _ in 0..size {
            wire.segment(&talk, Side::Client, ACK, 0, Some(0), &[]);
        }
        wire.finish()
    },
};

pub(super) const OPEN_AGAIN: Case = Case {
    name: "open-again",
    what: "The same SYN with another sequence number each time.",
    size: 50_000,
    build: |size| {
        let mut wire = Wire::default();
        let talk = wire.open(80);
        for turn in 0..size {
            wire.segment(&talk, Side::Client, flags::SYN, turn as i64 * 1_000, None, &[]);
        }
        wire.finish()
    },
};

pub(super) const PORT_REUSE: Case = Case {
    name: "port-reuse",
    what: "Sessions one after the other on the same pair of ports.",
    size: 5_000,
    build: |size| {
        let mut wire = Wire::default();
        let mut talk = wire.open(80);
        for _ in 1..size {
            wire.close(talk);
            talk = wire.reopen(&talk);
            wire.say(&mut talk, Side::Client, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        }
        wire.close(talk);
        wire.finish()
    },
};

pub(super) const HALF_OPEN: Case = Case {
    name: "half-open",
    what: "SYNs from addresses that never go on.",
    size: 100_000,
    build: |size| {
        let mut wire = Wire::default();
        for number in 0..size {
            wire.knock_from(0x0101_0101 + number as u32, 80);
        }
        wire.finish()
    },
};

pub(super) const UNIQUE_HOSTS: Case = Case {
    name: "unique-hosts",
    what: "A datagram each from ever new addresses.",
    size: 100_000,
    build: |size| {
        let mut wire = Wire::default();
        for number in 0..size {
            wire.datagram_from(0x0101_0101 + number as u32, 9_999, b"hello there, anybody home?");
        }
        wire.finish()
    },
};
