//! The application layer of one flow: finds the protocol, feeds its session, handles changes of protocol.

use model::{Direction, PacketId, Time};

use crate::detect::{Detection, detect};
use crate::{Asks, Config, Data, Endpoints, Fed, Input, Protocol, ProtocolId, Session, get};

/// Where the application layer of a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppStatus {
    /// Not yet known.
    Unknown,
    /// Known and parsed.
    Parsing,
    /// Known, but no longer (or never) parsed: encrypted, broken, or recognised only.
    Named,
    /// Given up: EVE's `failed`.
    Failed,
}

/// The application layer of one flow.
#[derive(Debug)]
pub struct App {
    status: AppStatus,
    protocol: Option<ProtocolId>,
    /// What each direction was recognised as; differs on mismatches.
    seen: [Option<ProtocolId>; 2],
    /// What the flow spoke before a change of protocol.
    before: Option<ProtocolId>,
    given_up: [bool; 2],
    session: Option<Box<dyn Session>>,
    /// App-layer events of the flow itself (`applayer_mismatch_protocol_both_directions`, …), to be logged.
    events: Vec<&'static str>,
}

/// Everything one call of [`App::feed`] needs besides the data.
#[derive(Debug)]
pub struct Feed<'a> {
    /// Direction of the data.
    pub direction: Direction,
    /// All bytes that are there and were not used yet, or a gap.
    pub data: Data<'a>,
    /// Nothing comes behind it in this direction.
    pub end: bool,
    /// Packet time.
    pub time: Time,
    /// The packet that made it available; 0 = a timer.
    pub packet: PacketId,
    /// The flow's ends.
    pub endpoints: Endpoints,
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// A flow about which nothing is known.
    pub fn new() -> Self {
        Self {
            status: AppStatus::Unknown,
            protocol: None,
            seen: [None; 2],
            before: None,
            given_up: [false; 2],
            session: None,
            events: Vec::new(),
        }
    }

    /// A flow that was expected to speak `protocol` (FTP data).
    pub fn expected(protocol: ProtocolId) -> Self {
        let mut app = Self::new();
        app.settle(protocol, Direction::ToServer);
        app
    }

    /// Where it stands.
    pub fn status(&self) -> AppStatus {
        self.status
    }

    /// The protocol, once known.
    pub fn protocol(&self) -> Option<&'static Protocol> {
        self.protocol.map(get)
    }

    /// The protocol's id, once known.
    pub fn protocol_id(&self) -> Option<ProtocolId> {
        self.protocol
    }

    /// What one direction was recognised as.
    pub fn seen(&self, direction: Direction) -> Option<ProtocolId> {
        self.seen[direction.index()]
    }

    /// What the flow spoke before it changed its protocol (EVE `app_proto_orig`).
    pub fn before(&self) -> Option<ProtocolId> {
        self.before
    }

    /// EVE's `app_proto`: the name, `failed` when given up, empty while unknown.
    pub fn name(&self) -> &'static str {
        match (self.status, self.protocol) {
            (_, Some(id)) => get(id).name,
            (AppStatus::Failed, None) => "failed",
            _ => "",
        }
    }

    /// The session, when there is one.
    pub fn session(&self) -> Option<&(dyn Session + 'static)> {
        self.session.as_deref()
    }

    /// The session, to change.
    pub fn session_mut(&mut self) -> Option<&mut (dyn Session + 'static)> {
        self.session.as_deref_mut()
    }

    /// Takes the flow's own app-layer events.
    pub fn take_events(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.events)
    }

    /// Whether bytes of `direction` are still wanted (for detection or parsing).
    pub fn wants(&self, direction: Direction) -> bool {
        match self.status {
            AppStatus::Unknown => !self.given_up[direction.index()],
            AppStatus::Parsing => true,
            AppStatus::Named | AppStatus::Failed => false,
        }
    }

    /// Takes data of a stream; answers how many bytes were used. 0 means: keep them, they come again with more.
    ///
    /// When the status changes from unknown to parsing, the caller offers the other direction's kept bytes again.
    pub fn feed_stream(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> usize {
        let available = feed.data.bytes().len();
        match self.status {
            AppStatus::Named | AppStatus::Failed => available,
            AppStatus::Parsing => self.parse(feed, config, asks),
            AppStatus::Unknown => {
                if !self.look(feed, config) {
                    return if self.status == AppStatus::Failed { available } else { 0 };
                }
                self.parse(feed, config, asks)
            }
        }
    }

    /// Takes one datagram.
    pub fn feed_datagram(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) {
        if self.status == AppStatus::Unknown && !self.look(feed, config) {
            return;
        }
        if self.status == AppStatus::Parsing {
            self.parse(feed, config, asks);
        }
    }

    fn look(&mut self, feed: &Feed<'_>, config: &Config) -> bool {
        let place = feed.direction.index();
        let Data::Bytes(bytes) = feed.data else {
            self.give_up(place);
            return false;
        };
        if bytes.is_empty() || self.given_up[place] {
            return false;
        }
        match detect(bytes, feed.direction, &feed.endpoints, config) {
            Detection::Found { protocol, .. } => {
                self.settle(protocol, feed.direction);
                true
            }
            Detection::More if !feed.end => false,
            Detection::More | Detection::Unknown => {
                self.give_up(place);
                false
            }
        }
    }

    fn give_up(&mut self, place: usize) {
        self.given_up[place] = true;
        if self.given_up == [true; 2] {
            self.status = AppStatus::Failed;
        }
    }

    fn settle(&mut self, protocol: ProtocolId, direction: Direction) {
        self.protocol = Some(protocol);
        self.seen[direction.index()] = Some(protocol);
        self.session = get(protocol).session.map(|new| new());
        self.status = if self.session.is_some() { AppStatus::Parsing } else { AppStatus::Named };
    }

    fn parse(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> usize {
        let available = feed.data.bytes().len();
        let (Some(session), Some(id)) = (self.session.as_deref_mut(), self.protocol) else {
            return available;
        };
        if matches!(feed.data, Data::Gap(_)) && !get(id).accepts_gaps {
            self.status = AppStatus::Named;
            return available;
        }
        let mut input = Input {
            direction: feed.direction,
            data: feed.data,
            end: feed.end,
            time: feed.time,
            packet: feed.packet,
            endpoints: feed.endpoints,
            config,
            asks,
        };
        let used = match session.feed(&mut input) {
            Fed::Used(used) | Fed::Need { used, .. } => used.min(available),
            Fed::Broken => {
                self.status = AppStatus::Named;
                available
            }
        };
        if asks.stop {
            self.status = AppStatus::Named;
        }
        if let Some(change) = asks.change.take() {
            self.change(change);
        }
        used
    }

    fn change(&mut self, next: Option<&'static str>) {
        self.before = self.protocol.take();
        self.seen = [None; 2];
        self.given_up = [false; 2];
        self.status = AppStatus::Unknown;
        if let Some(id) = next.and_then(crate::find) {
            self.settle(id, Direction::ToServer);
        }
    }
}
