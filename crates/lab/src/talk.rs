//! A TCP conversation as it looks on the wire: handshake, segments, acknowledgements, losses, and how it ends.

use model::Time;

use crate::frame::{self, End, Host, Segment, flags};
use crate::random::Random;
use crate::scene::Scene;

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who opened the conversation.
    Client = 0,
    /// Who was called.
    Server = 1,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// A conversation that is being written into a scene.
#[derive(Debug)]
pub struct Talk<'a> {
    scene: &'a mut Scene,
    random: Random,
    sides: [Peer; 2],
    /// When the side that spoke last was done.
    now: Time,
    last: Side,
    /// When the conversation began; timestamps count from here.
    start: Time,
    stamps: bool,
    segment_bytes: usize,
    bytes_per_second: u64,
}

#[derive(Debug)]
struct Peer {
    host: Host,
    port: u16,
    /// Sequence number of the next byte it sends.
    next: u32,
    /// Nanoseconds between a packet to this side and its answer, both seen where the capture is made.
    delay: u64,
    stamp_base: u32,
    /// The timestamp it sent last: what the other side echoes (RFC 7323 §4.3).
    stamp_sent: u32,
}

impl<'a> Talk<'a> {
    /// Opens a conversation. The answer to the caller takes the time that the way to the server takes.
    pub fn open(scene: &'a mut Scene, at: Time, client: &Host, server: &Host, port: u16) -> Self {
        let mut talk = Self::prepare(scene, at, client, server, port);
        talk.emit(Side::Client, at, flags::SYN, talk.sides[0].next, 0, &[]);
        talk.sides[0].next = talk.sides[0].next.wrapping_add(1);
        let answered = at.plus_nanos(talk.sides[1].delay);
        talk.emit(
            Side::Server,
            answered,
            flags::SYN | flags::ACK,
            talk.sides[1].next,
            talk.sides[0].next,
            &[],
        );
        talk.sides[1].next = talk.sides[1].next.wrapping_add(1);
        let confirmed = answered.plus_nanos(talk.sides[0].delay);
        talk.acknowledge(Side::Client, confirmed, talk.sides[1].next);
        talk.now = confirmed.plus_nanos(MS / 10);
        talk
    }

    /// Knocks at a port that answers with a reset.
    pub fn refused(scene: &'a mut Scene, at: Time, client: &Host, server: &Host, port: u16) -> Time {
        let mut talk = Self::prepare(scene, at, client, server, port);
        let seq = talk.sides[0].next;
        talk.emit(Side::Client, at, flags::SYN, seq, 0, &[]);
        let answered = at.plus_nanos(talk.sides[1].delay);
        talk.emit(Side::Server, answered, flags::RST | flags::ACK, 0, seq.wrapping_add(1), &[]);
        answered
    }

    /// Knocks at a port that never answers, `times` times with the usual pauses.
    pub fn unanswered(
        scene: &'a mut Scene,
        at: Time,
        client: &Host,
        server: &Host,
        port: u16,
        times: u32,
    ) -> Time {
        let mut talk = Self::prepare(scene, at, client, server, port);
        let seq = talk.sides[0].next;
        let mut when = at;
        for again in 0..times {
            talk.emit(Side::Client, when, flags::SYN, seq, 0, &[]);
            when = when.plus_secs(1 << again.min(6));
        }
        when
    }

    /// Knocks and, where the port is open, hangs up at once, as scanners do.
    pub fn probed(scene: &'a mut Scene, at: Time, client: &Host, server: &Host, port: u16) -> Time {
        let mut talk = Self::prepare(scene, at, client, server, port);
        let (seq, answer) = (talk.sides[0].next, talk.sides[1].next);
        talk.emit(Side::Client, at, flags::SYN, seq, 0, &[]);
        let answered = at.plus_nanos(talk.sides[1].delay);
        talk.emit(Side::Server, answered, flags::SYN | flags::ACK, answer, seq.wrapping_add(1), &[]);
        let done = answered.plus_nanos(talk.sides[0].delay);
        talk.emit(Side::Client, done, flags::RST, seq.wrapping_add(1), 0, &[]);
        done
    }

    fn prepare(scene: &'a mut Scene, at: Time, client: &Host, server: &Host, port: u16) -> Self {
        let from_port = scene.next_port(client);
        let mut random =
            scene.random(&format!("{} {from_port} {} {port} {}", client.ip, server.ip, at.nanos()));
        let delay = |random: &mut Random, host: &Host| {
            if host.inside { random.between(150_000, 600_000) } else { way(host) + random.below(2 * MS) }
        };
        let mut peer = |host: &Host, port| Peer {
            host: host.clone(),
            port,
            next: random.word() as u32,
            delay: delay(&mut random, host),
            stamp_base: random.word() as u32,
            stamp_sent: 0,
        };
        let sides = [peer(client, from_port), peer(server, port)];
        let stamps = !client.is_windows() && !server.is_windows();
        let near = client.inside && server.inside;
        Self {
            scene,
            random,
            sides,
            now: at,
            last: Side::Client,
            start: at,
            stamps,
            // RFC 9293 §3.7.1: what fits into 1500 bytes behind the IP and TCP headers, less the timestamps.
            segment_bytes: usize::from(segment_limit(client)) - if stamps { 12 } else { 0 },
            bytes_per_second: if near { 100_000_000 } else { 6_000_000 },
        }
    }

    /// When the side that spoke last was done.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Nothing is said for a while.
    pub fn wait(&mut self, nanos: u64) -> &mut Self {
        self.now = self.now.plus_nanos(nanos);
        self
    }

    /// The client says something.
    pub fn client(&mut self, bytes: &[u8]) -> &mut Self {
        self.say(Side::Client, bytes)
    }

    /// The server says something.
    pub fn server(&mut self, bytes: &[u8]) -> &mut Self {
        self.say(Side::Server, bytes)
    }

    /// One side says something, in as many segments as it takes.
    pub fn say(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        let other = side.other();
        let start_pause = if side == self.last { MS / 5 } else { self.delay(side) };
        let mut at = self.now.plus_nanos(start_pause);
        let heard = self.sides[other as usize].next;
        let base = self.sides[side as usize].next;
        let count = bytes.len().div_ceil(self.segment_bytes);
        let (mut window, mut in_flight) = (10, 0);
        // A segment that was lost before the capture saw it: its index.
        let mut hole: Option<usize> = None;
        for (index, data) in bytes.chunks(self.segment_bytes).enumerate() {
            let seq = base.wrapping_add((index * self.segment_bytes) as u32);
            let last = index + 1 == count;
            let push = if last { flags::PSH | flags::ACK } else { flags::ACK };
            let lost = self.random.chance(self.scene.loss_per_mille);
            if lost && !last && hole.is_none() {
                hole = Some(index);
            } else {
                self.emit(side, at, push, seq, heard, data);
                if lost && hole.is_none() {
                    // Lost behind the capture: it is seen twice.
                    at = at.plus_nanos(self.round_trip() + 200 * MS);
                    self.emit(side, at, push, seq, heard, data);
                }
            }
            let reached = seq.wrapping_add(data.len() as u32);
            if let Some(missing) = hole.filter(|missing| last || index >= missing + 3) {
                at = self.resend(side, at, base, missing, bytes);
                self.acknowledge(other, at.plus_nanos(self.delay(other)), reached);
                hole = None;
            } else if last || index % 2 == 1 || hole.is_some() {
                let known =
                    hole.map_or(reached, |missing| base.wrapping_add((missing * self.segment_bytes) as u32));
                self.acknowledge(other, at.plus_nanos(self.delay(other)), known);
            }
            in_flight += 1;
            at = at.plus_nanos((data.len() as u64 + 54) * 1_000_000_000 / self.bytes_per_second);
            if in_flight == window && !last {
                at = at.plus_nanos(self.round_trip());
                window = (window * 2).min(64);
                in_flight = 0;
            }
        }
        self.sides[side as usize].next = base.wrapping_add(bytes.len() as u32);
        self.now = at;
        self.last = side;
        self
    }

    /// Sends a lost segment after the receiver has complained.
    fn resend(&mut self, side: Side, at: Time, base: u32, index: usize, bytes: &[u8]) -> Time {
        let heard = self.sides[side.other() as usize].next;
        let at = at.plus_nanos(self.round_trip());
        let from = index * self.segment_bytes;
        if let Some(data) = bytes.chunks(self.segment_bytes).nth(index) {
            self.emit(side, at, flags::ACK, base.wrapping_add(from as u32), heard, data);
        }
        at
    }

    /// One side hangs up, the other agrees. Returns when it was over.
    pub fn close(mut self, side: Side) -> Time {
        let other = side.other();
        let at = self.now.plus_nanos(self.delay(side));
        let (mine, theirs) = (self.sides[side as usize].next, self.sides[other as usize].next);
        self.emit(side, at, flags::FIN | flags::ACK, mine, theirs, &[]);
        let answered = at.plus_nanos(self.delay(other));
        self.emit(other, answered, flags::FIN | flags::ACK, theirs, mine.wrapping_add(1), &[]);
        self.sides[side as usize].next = mine.wrapping_add(1);
        let done = answered.plus_nanos(self.delay(side));
        self.acknowledge(side, done, theirs.wrapping_add(1));
        done
    }

    /// One side breaks the conversation off.
    pub fn reset(mut self, side: Side) -> Time {
        let at = self.now.plus_nanos(self.delay(side));
        let (mine, theirs) = (self.sides[side as usize].next, self.sides[side.other() as usize].next);
        self.emit(side, at, flags::RST | flags::ACK, mine, theirs, &[]);
        at
    }

    fn delay(&self, side: Side) -> u64 {
        self.sides[side as usize].delay
    }

    fn round_trip(&self) -> u64 {
        self.sides[0].delay + self.sides[1].delay
    }

    fn acknowledge(&mut self, side: Side, at: Time, ack: u32) {
        let seq = self.sides[side as usize].next;
        self.emit(side, at, flags::ACK, seq, ack, &[]);
    }

    fn emit(&mut self, side: Side, at: Time, flag_bits: u8, seq: u32, ack: u32, data: &[u8]) {
        let options = self.options(side, at, flag_bits);
        let window = if flag_bits & flags::SYN != 0 { 64_240 } else { 1_026 };
        let window = if flag_bits & flags::RST != 0 { 0 } else { window };
        let segment = Segment { seq, ack, flags: flag_bits, window, options: &options, data };
        let ip_id = self.scene.next_ip_id(&self.sides[side as usize].host);
        let (from, to) = (&self.sides[side as usize], &self.sides[side.other() as usize]);
        let bytes = frame::tcp(
            End { host: &from.host, port: from.port },
            End { host: &to.host, port: to.port },
            ip_id,
            &segment,
        );
        self.scene.note(&self.sides[side.other() as usize].host);
        self.scene.add(at, bytes);
    }

    /// Options as the common systems send them.
    fn options(&mut self, side: Side, at: Time, flag_bits: u8) -> Vec<u8> {
        if flag_bits & flags::RST != 0 {
            return Vec::new();
        }
        let mut options = Vec::with_capacity(20);
        let elapsed = (at.nanos_since(self.start) / MS) as u32;
        let answer =
            if flag_bits & flags::ACK == 0 { 0 } else { self.sides[side.other() as usize].stamp_sent };
        let mine = &mut self.sides[side as usize];
        mine.stamp_sent = mine.stamp_base.wrapping_add(elapsed);
        let value = mine.stamp_sent;
        let stamp = |options: &mut Vec<u8>| {
            options.extend_from_slice(&[8, 10]);
            options.extend_from_slice(&value.to_be_bytes());
            options.extend_from_slice(&answer.to_be_bytes());
        };
        if flag_bits & flags::SYN != 0 {
            options.extend_from_slice(&[2, 4]);
            options.extend_from_slice(&segment_limit(&mine.host).to_be_bytes());
            if self.stamps {
                options.extend_from_slice(&[4, 2]);
                stamp(&mut options);
                options.extend_from_slice(&[1, 3, 3, 7]);
            } else {
                options.extend_from_slice(&[1, 3, 3, 8, 1, 1, 4, 2]);
            }
        } else if self.stamps {
            options.extend_from_slice(&[1, 1]);
            stamp(&mut options);
        }
        options
    }
}

/// Most data that a host takes in one segment, without options.
fn segment_limit(host: &Host) -> u16 {
    if host.ip.is_ipv6() { 1_440 } else { 1_460 }
}

/// How long the way to a machine outside and back takes: a property of its address.
pub(crate) fn way(host: &Host) -> u64 {
    let mix = Random::new(0).fork(&host.ip.to_string()).below(70);
    (8 + mix) * MS
}
