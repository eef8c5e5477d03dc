//! Drives a session in tests the way the engine does.

use std::net::{IpAddr, Ipv4Addr};

use json::Json;
use model::{Direction, PacketId, Time};

use crate::{Asks, Config, Data, Endpoints, Fed, Input, Scope, Session};

/// Who talks in a step of a test.
pub(crate) const CLIENT: Direction = Direction::ToServer;
/// See [`CLIENT`].
pub(crate) const SERVER: Direction = Direction::ToClient;

/// One session, fed piece by piece; keeps what the session did not use.
#[derive(Debug)]
pub(crate) struct Drive<S> {
    pub(crate) session: S,
    pub(crate) config: Config,
    pub(crate) asks: Asks,
    pub(crate) broken: bool,
    kept: [Vec<u8>; 2],
    packet: u64,
    transport: u8,
}

impl<S: Session> Drive<S> {
    pub(crate) fn stream(session: S) -> Self {
        Self::new(session, 6)
    }

    pub(crate) fn datagrams(session: S) -> Self {
        Self::new(session, 17)
    }

    fn new(session: S, transport: u8) -> Self {
        Self {
            session,
            config: Config::default(),
            asks: Asks::default(),
            broken: false,
            kept: Default::default(),
            packet: 0,
            transport,
        }
    }

    fn give(&mut self, direction: Direction, bytes: &[u8], end: bool) -> usize {
        self.packet += 1;
        let at = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let mut input = Input {
            direction,
            data: Data::Bytes(bytes),
            end,
            time: Time::from_secs(1_500_000_000 + self.packet),
            packet: PacketId(self.packet),
            endpoints: Endpoints {
                client: at(1),
                server: at(2),
                client_port: 40000,
                server_port: 1,
                transport: self.transport,
            },
            config: &self.config,
            asks: &mut self.asks,
        };
        match self.session.feed(&mut input) {
            Fed::Used(used) => used,
            Fed::Need { used, needed } => {
                assert!(needed > bytes.len() - used, "what is needed must be more than what is there");
                used
            }
            Fed::Broken => {
                self.broken = true;
                bytes.len()
            }
        }
    }

    /// Bytes of a stream, `chunk` at a time.
    pub(crate) fn send(&mut self, direction: Direction, bytes: &[u8], chunk: usize) -> &mut Self {
        for piece in bytes.chunks(chunk.max(1)) {
            if self.broken {
                break;
            }
            let mut kept = std::mem::take(&mut self.kept[direction.index()]);
            kept.extend_from_slice(piece);
            let used = self.give(direction, &kept, false);
            assert!(used <= kept.len(), "no more than what is there can be used");
            kept.drain(..used);
            self.kept[direction.index()] = kept;
        }
        self
    }

    /// The end of a direction.
    pub(crate) fn end(&mut self, direction: Direction) -> &mut Self {
        if !self.broken {
            let kept = std::mem::take(&mut self.kept[direction.index()]);
            self.give(direction, &kept, true);
        }
        self
    }

    /// One datagram.
    pub(crate) fn datagram(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        self.give(direction, bytes, false);
        self.broken = false;
        self
    }

    /// A record of transaction `index`, without the braces around.
    pub(crate) fn record(
        &self,
        index: usize,
        direction: Direction,
        write: fn(&Scope<'_>, &mut Json) -> bool,
    ) -> String {
        let mut json = Json::new();
        json.object_item();
        write(&self.session.scope(index, direction), &mut json);
        json.end();
        String::from_utf8_lossy(json.bytes()).into_owned()
    }

    /// All transactions, for comparing two ways of feeding.
    pub(crate) fn all(&self, write: fn(&Scope<'_>, &mut Json) -> bool) -> Vec<String> {
        (0..self.session.count())
            .map(|index| {
                let core = self.session.core(index);
                format!("{:?} {:?} {}", core.progress, core.events, self.record(index, CLIENT, write))
            })
            .collect()
    }
}

/// Bytes from hexadecimal; white space does not count.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().filter_map(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
