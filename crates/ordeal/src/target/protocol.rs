//! One session of any registered protocol, fed in any pieces; every field read and every record written.

use std::net::{IpAddr, Ipv4Addr};

use ::protocol::{Asks, Config, Data, Endpoints, Fed, FieldKind, Input, Protocol, REGISTRY, Session};
use json::Json;
use model::{Direction, PacketId, Time};

/// Items of a list that are read.
const ITEMS_MAX: usize = 16;
/// Open transactions whose fields are read after each piece.
const READ_MAX: usize = 8;
/// Bytes that one direction may leave unused before the rest is taken from it, as the flow stage does at its limit.
const KEPT_MAX: usize = 1 << 16;

/// The first byte chooses the protocol, the second the transport. Then pieces: a byte with direction (bit 7), gap or end
/// (bit 6) and length (the rest, times four), and the bytes themselves.
pub(super) fn run(bytes: &[u8]) {
    let [which, transport, rest @ ..] = bytes else { return };
    let protocol = REGISTRY[usize::from(*which) % REGISTRY.len()];
    let Some(new) = protocol.session else { return };
    let mut drive = Drive {
        protocol,
        session: new(),
        config: Config::default(),
        asks: Asks::default(),
        kept: Default::default(),
        stream: transport & 1 == 0,
        packet: 0,
    };
    let mut rest = rest;
    while let [head, after @ ..] = rest {
        let direction = if head & 0x80 == 0 { Direction::ToServer } else { Direction::ToClient };
        let length = (usize::from(head & 0x3f) * 4).min(after.len());
        let (piece, after) = after.split_at(length);
        rest = after;
        let goes_on = match (head & 0x40 != 0, head & 1) {
            (true, 0) if protocol.accepts_gaps => drive.gap(direction, length as u32 + 1),
            (true, 0) => true,
            (true, _) => drive.give(direction, piece, true),
            (false, _) => drive.give(direction, piece, false),
        };
        drive.look();
        if !goes_on {
            return;
        }
    }
}

struct Drive {
    protocol: &'static Protocol,
    session: Box<dyn Session>,
    config: Config,
    asks: Asks,
    kept: [Vec<u8>; 2],
    stream: bool,
    packet: u64,
}

impl Drive {
    fn gap(&mut self, direction: Direction, missing: u32) -> bool {
        self.kept[direction.index()].clear();
        !matches!(self.feed(direction, Data::Gap(missing), false), Fed::Broken)
    }

    /// Feeds a piece behind what was kept; false when parsing is over.
    fn give(&mut self, direction: Direction, piece: &[u8], end: bool) -> bool {
        let mut bytes = std::mem::take(&mut self.kept[direction.index()]);
        bytes.extend_from_slice(piece);
        let fed = self.feed(direction, Data::Bytes(&bytes), end);
        let used = match fed {
            Fed::Used(used) => used,
            Fed::Need { used, needed } => {
                assert!(used <= bytes.len(), "no more than what is there can be used");
                assert!(needed > bytes.len() - used, "what is needed is more than what is there");
                used
            }
            Fed::Broken => return false,
        };
        assert!(used <= bytes.len(), "{}: no more than what is there can be used", self.protocol.name);
        if self.stream && bytes.len() - used <= KEPT_MAX {
            bytes.drain(..used);
            self.kept[direction.index()] = bytes;
        }
        !self.asks.stop
    }

    fn feed(&mut self, direction: Direction, data: Data<'_>, end: bool) -> Fed {
        self.packet += 1;
        let at = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let endpoints = Endpoints {
            client: at(1),
            server: at(2),
            client_port: 40_000,
            server_port: 1,
            transport: if self.stream { 6 } else { 17 },
        };
        self.session.feed(&mut Input {
            direction,
            data,
            end,
            time: Time::from_secs(1_700_000_000 + self.packet),
            packet: PacketId(self.packet),
            endpoints,
            config: &self.config,
            asks: &mut self.asks,
        })
    }

    /// Reads everything there is to read, then forgets what is complete, as the engine does.
    fn look(&mut self) {
        let count = self.session.count();
        for index in (0..count.min(READ_MAX)).chain(count.saturating_sub(1)..count) {
            for direction in Direction::BOTH {
                self.read(index, direction);
            }
        }
        for index in (0..count).rev() {
            let core = self.session.core(index);
            let done = Direction::BOTH.iter().all(|way| {
                core.progress[way.index()] >= self.protocol.complete[way.index()]
                    || core.only.is_some_and(|only| only != *way)
            });
            if done {
                self.session.remove(index);
            }
        }
        self.asks =
            Asks { ranges: std::mem::take(&mut self.asks.ranges), stop: self.asks.stop, ..Asks::default() };
    }

    fn read(&self, index: usize, direction: Direction) {
        let scope = self.session.scope_of(index, direction);
        let mut scratch = Vec::new();
        for field in self.protocol.fields.iter().filter(|field| field.sides.has(direction)) {
            scratch.clear();
            match field.kind {
                FieldKind::Bytes(get) => {
                    get(&scope, &mut scratch);
                }
                FieldKind::List(get) => {
                    let mut item = 0;
                    while item < ITEMS_MAX && get(&scope, item, &mut Vec::new()).is_some() {
                        item += 1;
                    }
                }
                FieldKind::Body(get) => {
                    get(&scope);
                }
                FieldKind::Number { get, .. } => {
                    get(&scope);
                }
                FieldKind::Numbers { get, .. } => {
                    let mut item = 0;
                    while item < ITEMS_MAX && get(&scope, item).is_some() {
                        item += 1;
                    }
                }
                FieldKind::Custom(_) => {}
            }
        }
        for log in self.protocol.logs {
            let mut json = Json::new();
            json.object_item();
            (log.write)(&scope, &mut json);
            json.end();
            assert!(std::str::from_utf8(json.bytes()).is_ok(), "{}: a record is UTF-8", self.protocol.name);
        }
    }
}

/// Each protocol's own patterns, and a line of text, both ways.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let piece = |direction: u8, bytes: &[u8]| {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().next_multiple_of(4).min(63 * 4), 0);
        [&[direction | (padded.len() / 4) as u8], padded.as_slice()].concat()
    };
    let mut seeds = Vec::new();
    for (protocol, which) in REGISTRY.iter().zip(0_u8..) {
        let mut seed = vec![which, u8::from(protocol.patterns.iter().any(|pattern| pattern.transport == 17))];
        for pattern in protocol.patterns.iter().take(4) {
            let mut bytes = vec![0; pattern.offset];
            bytes.extend_from_slice(pattern.bytes);
            bytes.extend_from_slice(&[0, 0, 0, 12, 1, 0, 2, b'a', b'\r', b'\n', 0, 1]);
            seed.extend_from_slice(&piece(
                if pattern.direction == Direction::ToServer { 0 } else { 0x80 },
                &bytes,
            ));
        }
        seed.extend_from_slice(&piece(0, b"HELLO there <a@b> 12\r\n\r\n"));
        seed.extend_from_slice(&piece(0x80, b"200 OK 4 bytes\r\n\r\n"));
        seed.push(0x41);
        seeds.push(seed);
    }
    seeds.extend(crate::wire::spoken().into_iter().filter_map(|(name, transport, parts)| {
        let which = REGISTRY.iter().position(|protocol| protocol.name == name)?;
        let mut seed = vec![which as u8, u8::from(transport == 17)];
        for (side, bytes) in parts {
            for part in bytes.chunks(63 * 4) {
                seed.extend_from_slice(&piece(if side == crate::Side::Client { 0 } else { 0x80 }, part));
            }
        }
        Some(seed)
    }));
    seeds
}
