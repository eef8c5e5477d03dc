//! A conversation in text, and what the flow stage made of it.
//!
//! One packet per line: `client: SYN seq=100 win=1000 data=hello`. Words in capitals are flags; `seq`, `ack`, `win`, `ts=value/echo`,
//! `scale`, `sack=left-right`, `urg`, `data`, `tfo`, `bad` (checksum), `at=seconds`, `zeros=n` (n bytes of payload). Sequence numbers
//! of the client count from its first SYN at 1000, of the server from 5000, unless said otherwise.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use decode::{Checksum, Layers, Tcp, Transport};
use model::{Direction, PacketId, Time};

use crate::tcp::Turn;
use crate::{Chunk, Config, Fate, Pool, Seen, Slot, Table};

/// Runs a conversation and writes down what came of each packet.
pub(super) struct Talk {
    table: Table,
    pool: Pool<()>,
    packets: u64,
    now: Time,
    pub(super) said: String,
    /// Bytes handed to the application layer per direction; gaps as `?`.
    pub(super) read: [Vec<u8>; 2],
    /// What content rules were shown, per look.
    pub(super) raw: bool,
    /// The application layer takes nothing from these directions.
    pub(super) deaf: [bool; 2],
}

impl Talk {
    pub(super) fn new(config: Config) -> Self {
        Self {
            table: Table::new(config),
            pool: Pool::default(),
            packets: 0,
            now: Time::from_secs(1_000_000),
            said: String::new(),
            read: [Vec::new(), Vec::new()],
            raw: false,
            deaf: [false; 2],
        }
    }

    pub(super) fn run(&mut self, text: &str) {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.packet(line);
        }
    }

    pub(super) fn packet(&mut self, line: &str) {
        let line = Line::read(line);
        if let Some(at) = line.at {
            self.now = Time::from_secs(1_000_000 + at);
        }
        self.packets += 1;
        self.send(&line);
    }

    fn send(&mut self, line: &Line) {
        while let Some(slot) = self.table.with(&mut self.pool).next_due(self.now) {
            self.end(slot);
        }
        let seen = Seen {
            id: PacketId(self.packets),
            time: self.now,
            bytes: &line.bytes,
            layers: &line.layers,
            len: line.bytes.len() as u32 + 54,
        };
        let touch = self.table.with(&mut self.pool).touch(&seen);
        while let Some(slot) = self.table.with(&mut self.pool).next_ended() {
            self.end(slot);
        }
        let slot = touch.slot.expect("TCP always has a flow");
        let mut entry = self.table.with(&mut self.pool).entry(slot);
        let stream = entry.stream.as_mut().expect("TCP has a stream");
        let mut turn = stream.accept(entry.flow, &seen, touch.direction);
        let mut said = format!("{}", self.packets);
        if touch.opened && self.packets > 1 {
            said.push_str(" new flow");
        }
        match turn.fate {
            Fate::Accepted => {
                let _ = write!(said, " {}", stream.state().map_or("none", crate::tcp::State::word));
            }
            fate => {
                let _ = write!(said, " {fate:?}");
            }
        }
        self.finish(slot, &mut turn, seen.payload(), &mut said);
        if turn.trouble.is_some() {
            let _ = write!(said, " {:?}", turn.trouble);
        }
        self.said.push_str(&said);
        self.said.push('\n');
    }

    fn finish(&mut self, slot: Slot, turn: &mut Turn, payload: &[u8], said: &mut String) {
        let mut entry = self.table.with(&mut self.pool).entry(slot);
        let stream = entry.stream.as_mut().expect("TCP has a stream");
        for direction in turn.deliver {
            let way = direction.index();
            turn.begin(direction);
            while let Some(chunk) = stream.peek(turn, direction) {
                let name = if way == 0 { "to_server" } else { "to_client" };
                let mut used = 0;
                match chunk {
                    Chunk::Bytes { data, end, depth } => {
                        let _ = write!(said, " > {name} {}", shorten(data));
                        if end {
                            said.push_str(" end");
                        }
                        if depth {
                            said.push_str(" depth");
                        }
                        if !self.deaf[way] {
                            used = data.len() as u32;
                            self.read[way].extend_from_slice(data);
                        }
                    }
                    Chunk::Cut(data) => {
                        let _ = write!(said, " > {name} cut {}", shorten(data));
                    }
                    Chunk::Gap(missing) => {
                        let _ = write!(said, " > {name} gap({missing})");
                        used = missing;
                        self.read[way].extend(std::iter::repeat_n(b'?', missing as usize));
                    }
                    Chunk::End => {
                        let _ = write!(said, " > {name} end");
                    }
                }
                stream.consume(direction, used, 0);
            }
        }
        for event in turn.events.iter() {
            let _ = write!(said, " !{}", event.name());
        }
        if self.raw {
            if stream.raw_ready(turn) {
                let (windows, upto) = stream.raw(turn, payload, false);
                for window in &windows {
                    let _ = write!(said, " raw@{}{}", window.offset, shorten(window.data));
                }
                drop(windows);
                stream.raw_done(turn, upto);
            }
        } else {
            let reached = stream.app_progress(turn.direction);
            stream.raw_done(turn, reached);
        }
        if turn.established {
            stream.prune(turn.direction);
        }
    }

    fn end(&mut self, slot: Slot) {
        let entry = self.table.with(&mut self.pool).entry(slot);
        let flow = entry.flow.clone();
        let needed = entry.stream.as_ref().expect("TCP has a stream").needs_flush([false; 2]);
        let mut said = format!("end {} {}", flow.reason.word(), flow.state.word());
        for direction in Direction::BOTH {
            if needed[direction.index()] {
                let mut entry = self.table.with(&mut self.pool).entry(slot);
                let stream = entry.stream.as_mut().expect("TCP has a stream");
                let mut turn = stream.accept_end(entry.flow, direction);
                self.finish(slot, &mut turn, &[], &mut said);
            }
        }
        let _ = write!(said, " packets={}/{}", flow.packets[0], flow.packets[1]);
        self.said.push_str(&said);
        self.said.push('\n');
        self.table.with(&mut self.pool).release(slot);
    }

    /// Ends the input.
    pub(super) fn over(&mut self) {
        while let Some(slot) = self.table.with(&mut self.pool).next_at_end(self.now) {
            self.end(slot);
        }
        assert_eq!(self.table.memory_used(), 0, "ended flows give all their memory back");
    }

    pub(super) fn memory_used(&self) -> u64 {
        self.table.memory_used()
    }
}

/// A conversation with its end, as text.
pub(super) fn talk(config: Config, text: &str) -> String {
    let mut talk = Talk::new(config);
    talk.run(text);
    talk.over();
    talk.said
}

/// The usual opening: client data from sequence number 1001, server data from 5001.
pub(super) const OPEN: &str = "
    client: SYN seq=1000
    server: SYN ACK seq=5000 ack=1001
    client: ACK seq=1001 ack=5001
";

fn shorten(data: &[u8]) -> String {
    if data.len() <= 40 { format!("\"{}\"", data.escape_ascii()) } else { format!("[{} bytes]", data.len()) }
}

/// One packet in text.
pub(super) struct Line {
    layers: Layers,
    bytes: Vec<u8>,
    at: Option<u64>,
}

impl Line {
    fn read(text: &str) -> Line {
        let (who, rest) = text.split_once(": ").expect("client: or server: comes first");
        let client = match who {
            "client" => true,
            "server" => false,
            _ => panic!("unknown side {who}"),
        };
        let mut line = Line::blank(client);
        let mut tcp = blank_tcp();
        let mut payload = Vec::new();
        let mut sack = Vec::new();
        for word in rest.split_whitespace() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let number = || value.parse::<u32>().expect("a number");
            match key {
                "SYN" => tcp.flags |= Tcp::SYN,
                "ACK" => tcp.flags |= Tcp::ACK,
                "FIN" => tcp.flags |= Tcp::FIN,
                "RST" => tcp.flags |= Tcp::RST,
                "URG" => tcp.flags |= Tcp::URG,
                "seq" => tcp.seq = number(),
                "ack" => tcp.ack = number(),
                "win" => tcp.window = number() as u16,
                "urg" => tcp.urgent = number() as u16,
                "scale" => tcp.scale = Some(number() as u8),
                "ts" => {
                    let (value, echo) = value.split_once('/').expect("value/echo");
                    tcp.timestamp = Some((value.parse().expect("value"), echo.parse().expect("echo")));
                }
                "sack" => {
                    let (left, right) = value.split_once('-').expect("left-right");
                    sack.extend(left.parse::<u32>().expect("left").to_be_bytes());
                    sack.extend(right.parse::<u32>().expect("right").to_be_bytes());
                }
                "sackok" => tcp.sack_permitted = true,
                "tfo" => tcp.fast_open = true,
                "bad" => line.layers.checksum = Checksum::Bad,
                "data" => payload = value.as_bytes().to_vec(),
                "zeros" => payload = vec![b'0'; number() as usize],
                "at" => line.at = Some(value.parse().expect("seconds")),
                _ => panic!("unknown word {word}"),
            }
        }
        line.set(tcp, &payload, &sack);
        line
    }

    fn blank(client: bool) -> Line {
        let a = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 40000);
        let b = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 80);
        let (from, to) = if client { (a, b) } else { (b, a) };
        let layers = Layers {
            src: from.0,
            dst: to.0,
            src_port: from.1,
            dst_port: to.1,
            protocol: 6,
            ttl: 64,
            checksum: Checksum::Good,
            ..Layers::default()
        };
        Line { layers, bytes: Vec::new(), at: None }
    }

    fn set(&mut self, mut tcp: Tcp, payload: &[u8], sack: &[u8]) {
        self.bytes = payload.to_vec();
        if !sack.is_empty() {
            tcp.sack = Some((payload.len() as u32, sack.len() as u16));
            self.bytes.extend_from_slice(sack);
        }
        self.layers.payload = 0..payload.len() as u32;
        self.layers.transport = Transport::Tcp(tcp);
    }
}

fn blank_tcp() -> Tcp {
    Tcp {
        at: 0,
        header_len: 20,
        seq: 0,
        ack: 0,
        flags: 0,
        window: 8192,
        urgent: 0,
        mss: None,
        scale: None,
        sack_permitted: false,
        timestamp: None,
        sack: None,
        fast_open: false,
        authentication: false,
        md5: false,
        multipath: false,
    }
}

/// Data of the client at `seq`, without going through text.
pub(super) fn client_data(talk: &mut Talk, seq: u32, payload: &[u8]) {
    let mut line = Line::blank(true);
    let tcp = Tcp { seq, ack: 5001, flags: Tcp::ACK, ..blank_tcp() };
    line.set(tcp, payload, &[]);
    talk.packets += 1;
    talk.send(&line);
    talk.said.clear();
}
