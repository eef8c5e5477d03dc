//! Writes traffic segment by segment: every number can be wrong on purpose.

use std::net::{IpAddr, Ipv4Addr};

use lab::frame::{self, End, Segment, flags};
use lab::{Host, START};
use model::Time;

/// Frames in order of time.
pub type Frames = Vec<(Time, Vec<u8>)>;

/// Nanoseconds between two frames unless something else is said.
const STEP_NS: u64 = 10_000;
/// Data of a segment, at most.
const SEGMENT_BYTES: usize = 1_400;
/// First sequence number of either side.
const FIRST: u32 = 10_000;
/// Maximum segment size 1460, and the window counts in units of 16 KiB (RFC 7323 §2).
const OPEN_OPTIONS: &[u8] = &[2, 4, 5, 0xb4, 1, 3, 3, 14];

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who opened the conversation.
    Client,
    /// Who was called.
    Server,
}

/// One TCP conversation: its ports, and how much each side has said.
#[derive(Debug, Clone, Copy)]
pub struct Conversation {
    ports: [u16; 2],
    /// Bytes that each side has sent in order.
    said: [u32; 2],
    /// Sequence number of the SYN of both.
    first: u32,
}

impl Conversation {
    /// Bytes that a side has sent in order.
    pub fn said_by(&self, side: Side) -> u32 {
        self.said[side as usize]
    }
}

/// Frames between one client and one server.
#[derive(Debug)]
pub struct Wire {
    frames: Frames,
    now: Time,
    hosts: [Host; 2],
    port: u16,
}

impl Default for Wire {
    fn default() -> Self {
        let hosts = [
            Host::inside("client", Ipv4Addr::new(10, 0, 0, 5), 64),
            Host::outside("server", Ipv4Addr::new(198, 51, 100, 7), 9),
        ];
        Self { frames: Frames::new(), now: START, hosts, port: 40_000 }
    }
}

impl Wire {
    /// All frames.
    pub fn finish(self) -> Frames {
        self.frames
    }

    /// Time passes.
    pub fn wait(&mut self, nanos: u64) {
        self.now = self.now.plus_nanos(nanos);
    }

    /// Adds a frame as it is.
    pub fn add(&mut self, bytes: Vec<u8>) {
        self.now = self.now.plus_nanos(STEP_NS);
        self.frames.push((self.now, bytes));
    }

    /// A UDP datagram between the two, from a fresh client port.
    pub fn datagram(&mut self, side: Side, client_port: u16, port: u16, data: &[u8]) {
        let [client, server] = &self.hosts;
        let (from, to) = match side {
            Side::Client => (End { host: client, port: client_port }, End { host: server, port }),
            Side::Server => (End { host: server, port }, End { host: client, port: client_port }),
        };
        let bytes = frame::udp(from, to, 1, data);
        self.add(bytes);
    }

    /// A UDP datagram from any address.
    pub fn datagram_from(&mut self, source: u32, port: u16, data: &[u8]) {
        let host = Host::outside("", IpAddr::V4(Ipv4Addr::from(source)), 9);
        let bytes = frame::udp(End { host: &host, port: 1024 }, End { host: &self.hosts[0], port }, 1, data);
        self.add(bytes);
    }

    /// A SYN from any address.
    pub fn knock_from(&mut self, source: u32, port: u16) {
        let host = Host::outside("", IpAddr::V4(Ipv4Addr::from(source)), 9);
        let segment = Segment { seq: FIRST, flags: flags::SYN, window: 1024, ..Segment::default() };
        let bytes =
            frame::tcp(End { host: &host, port: 1024 }, End { host: &self.hosts[0], port }, 1, &segment);
        self.add(bytes);
    }

    /// Opens a conversation to a port, from a fresh client port.
    pub fn open(&mut self, port: u16) -> Conversation {
        self.port = if self.port >= 65_000 { 20_000 } else { self.port + 1 };
        let talk = Conversation { ports: [self.port, port], said: [0; 2], first: FIRST };
        self.handshake(&talk);
        talk
    }

    /// Opens a conversation anew on the same ports, with sequence numbers of its own (RFC 9293 §3.6.1).
    pub fn reopen(&mut self, talk: &Conversation) -> Conversation {
        let again = Conversation { said: [0; 2], first: talk.first.wrapping_add(0x0101_0000), ..*talk };
        self.handshake(&again);
        again
    }

    fn handshake(&mut self, talk: &Conversation) {
        self.segment(talk, Side::Client, flags::SYN, -1, None, &[]);
        self.segment(talk, Side::Server, flags::SYN | flags::ACK, -1, Some(0), &[]);
        self.segment(talk, Side::Client, flags::ACK, 0, Some(0), &[]);
    }

    /// One side says something in order, in segments of ordinary size, and is acknowledged.
    pub fn say(&mut self, talk: &mut Conversation, side: Side, data: &[u8]) {
        self.say_in(talk, side, data, SEGMENT_BYTES);
    }

    /// The same, in segments of `size` bytes.
    pub fn say_in(&mut self, talk: &mut Conversation, side: Side, data: &[u8], size: usize) {
        let (me, other) = (side as usize, 1 - side as usize);
        for (count, piece) in (1..).zip(data.chunks(size.max(1))) {
            let heard = i64::from(talk.said[other]);
            self.segment(
                talk,
                side,
                flags::ACK | flags::PSH,
                i64::from(talk.said[me]),
                Some(heard as u32),
                piece,
            );
            talk.said[me] = talk.said[me].wrapping_add(piece.len() as u32);
            if count % 2 == 0 {
                self.acknowledge(talk, side);
            }
        }
        self.acknowledge(talk, side);
    }

    /// The other side acknowledges everything that `side` has said.
    pub fn acknowledge(&mut self, talk: &Conversation, side: Side) {
        let (me, other) = (side as usize, 1 - side as usize);
        let answerer = if side == Side::Client { Side::Server } else { Side::Client };
        self.segment(talk, answerer, flags::ACK, i64::from(talk.said[other]), Some(talk.said[me]), &[]);
    }

    /// Counts bytes as said that were sent with [`Wire::segment`].
    pub fn count(talk: &mut Conversation, side: Side, bytes: u32) {
        talk.said[side as usize] = talk.said[side as usize].wrapping_add(bytes);
    }

    /// Both sides hang up.
    pub fn close(&mut self, talk: Conversation) {
        let [client, server] = talk.said;
        let fin = flags::FIN | flags::ACK;
        self.segment(&talk, Side::Client, fin, i64::from(client), Some(server), &[]);
        self.segment(&talk, Side::Server, fin, i64::from(server), Some(client.wrapping_add(1)), &[]);
        let past = i64::from(client) + 1;
        self.segment(&talk, Side::Client, flags::ACK, past, Some(server.wrapping_add(1)), &[]);
    }

    /// One segment: where it starts counted from the first byte of data, and what it acknowledges, counted likewise.
    pub fn segment(
        &mut self,
        talk: &Conversation,
        side: Side,
        flag_bits: u8,
        at: i64,
        heard: Option<u32>,
        data: &[u8],
    ) {
        self.urgent(talk, side, flag_bits, at, heard, data, 0);
    }

    /// One segment with an urgent pointer.
    pub fn urgent(
        &mut self,
        talk: &Conversation,
        side: Side,
        flag_bits: u8,
        at: i64,
        heard: Option<u32>,
        data: &[u8],
        pointer: u16,
    ) {
        let (me, other) = (side as usize, 1 - side as usize);
        let first = talk.first.wrapping_add(1);
        let segment = Segment {
            seq: first.wrapping_add(at as u32),
            ack: heard.map_or(0, |heard| first.wrapping_add(heard)),
            flags: flag_bits,
            window: 64_240,
            options: if flag_bits & flags::SYN != 0 { OPEN_OPTIONS } else { &[] },
            data,
        };
        let mut bytes = frame::tcp(
            End { host: &self.hosts[me], port: talk.ports[me] },
            End { host: &self.hosts[other], port: talk.ports[other] },
            1,
            &segment,
        );
        if pointer != 0 {
            set_urgent(&mut bytes, pointer);
        }
        self.add(bytes);
    }

    /// Addresses of client and server.
    pub fn hosts(&self) -> &[Host; 2] {
        &self.hosts
    }
}

/// Writes an urgent pointer into a frame without IP options, and mends its checksum (RFC 1624 §3, equation 3).
fn set_urgent(bytes: &mut [u8], pointer: u16) {
    let tcp = 14 + 20;
    let sum = u16::from_be_bytes([bytes[tcp + 16], bytes[tcp + 17]]);
    let mut mended = u32::from(!sum) + u32::from(pointer);
    mended = (mended & 0xffff) + (mended >> 16);
    bytes[tcp + 13] |= 0x20;
    // The flags share a word with the data offset: URG is bit 5 of the low byte.
    mended += 0x20;
    mended = (mended & 0xffff) + (mended >> 16);
    bytes[tcp + 16..tcp + 18].copy_from_slice(&(!(mended as u16)).to_be_bytes());
    bytes[tcp + 18..tcp + 20].copy_from_slice(&pointer.to_be_bytes());
}

/// What the hostile cases say in a small size, as bytes of the application layer: protocol, transport, and who said what.
pub(crate) fn spoken() -> Vec<(&'static str, u8, Vec<(Side, Vec<u8>)>)> {
    let ports: [(u16, &str); 12] = [
        (80, "http"),
        (443, "tls"),
        (25, "smtp"),
        (21, "ftp"),
        (22, "ssh"),
        (110, "pop3"),
        (143, "imap"),
        (445, "smb"),
        (502, "modbus"),
        (53, "dns"),
        (80, "http2"),
        (53, "mdns"),
    ];
    let mut spoken = Vec::new();
    for case in crate::case::CASES {
        let said = said_in(&(case.build)(3));
        for (transport, port, parts) in said.into_iter().take(1) {
            for (_, name) in ports.iter().filter(|(known, _)| *known == port) {
                spoken.push((*name, transport, parts.clone()));
            }
        }
    }
    spoken
}

/// Payloads of the first conversation in frames that [`Wire`] wrote: transport, server port, parts in order.
fn said_in(frames: &Frames) -> Option<(u8, u16, Vec<(Side, Vec<u8>)>)> {
    let mut decoder = decode::Decoder::new(decode::Config::default());
    let mut parts = Vec::new();
    let mut about = None;
    for (time, frame) in frames {
        for layers in decoder.decode(model::LinkType::ETHERNET, frame, *time) {
            let payload =
                frame.get(layers.payload.start as usize..layers.payload.end as usize).unwrap_or_default();
            let side = if layers.src_port > layers.dst_port { Side::Client } else { Side::Server };
            let port = layers.src_port.min(layers.dst_port);
            if !payload.is_empty() && matches!(layers.protocol, 6 | 17) {
                about.get_or_insert((layers.protocol, port));
                parts.push((side, payload.to_vec()));
            }
        }
    }
    about.map(|(transport, port)| (transport, port, parts))
}
