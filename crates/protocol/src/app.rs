//! The application layer of one flow: finds the protocol, feeds its session, handles changes of protocol.
//!
//! Detection follows Suricata: both directions are looked at on their own; the first that is recognised decides, and when it
//! was not the first that spoke, what the other side had said before is parsed first. Until then nothing is used up. A
//! direction that stays unknown is parsed as the other one's protocol; when both do, or when too much waits, the flow's
//! application layer is given up as `failed`.

use model::{Direction, PacketId, Thin, Time};

use crate::detect::Look;
use crate::{
    Asks, Config, Data, Endpoints, Expectation, Fed, FieldKind, Input, Protocol, ProtocolId, Session, get,
};

/// Bytes that may wait in one direction for a protocol to be recognised while the other direction is silent. Twice as
/// many end detection in any case.
const WAITING_MAX: u32 = 100_000;
/// Bytes after a change of protocol within which the new one must be recognised.
const CHANGE_MAX: usize = 4096;
/// Fields of the last transaction that a new protocol is told when the flow changes to it: what HTTP/2 needs of the
/// HTTP/1 request that asked for the upgrade.
pub(crate) const HANDED_OVER: &[&str] = &["http.method", "http.uri.raw", "http.request_header"];
/// Items of a list that are handed over.
const ITEMS_MAX: usize = 128;
/// Flow-level events kept until somebody takes them.
const EVENTS_MAX: usize = 8;

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

/// What one direction was recognised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Unknown,
    Known(ProtocolId),
    Failed,
}

impl Side {
    fn id(self) -> Option<ProtocolId> {
        match self {
            Side::Known(id) => Some(id),
            Side::Unknown | Side::Failed => None,
        }
    }
}

/// The application layer of one flow.
#[derive(Debug)]
pub struct App {
    status: AppStatus,
    protocol: Option<ProtocolId>,
    /// What each direction was recognised as; differs on mismatches.
    sides: [Side; 2],
    /// Detection of this direction is over, whatever came out.
    completed: [bool; 2],
    /// More bytes would change neither patterns nor probes of this direction.
    exhausted: [bool; 2],
    /// Bytes last offered and not used.
    waiting: [u32; 2],
    /// The direction that spoke first, until a session has been fed.
    first: Option<Direction>,
    fed: bool,
    /// The caller was asked to offer the other direction first.
    turned: bool,
    /// What the flow spoke before a change of protocol.
    before: Option<ProtocolId>,
    /// What it was announced to change to.
    expected: Option<ProtocolId>,
    /// A change was announced and has not happened yet.
    changing: bool,
    /// Stands in for the server's port after a change.
    port: Option<u16>,
    session: Option<Box<dyn Session>>,
    /// App-layer events of the flow itself (`applayer_mismatch_protocol_both_directions`, …), to be logged.
    events: Thin<&'static str>,
    no_inspection: bool,
    bypass: bool,
    /// What the last transaction before a change of protocol said.
    told: Option<Box<Told>>,
}

/// Fields by name, and their values.
type Told = Vec<(&'static str, Vec<u8>)>;

/// Everything one call of [`App::feed_stream`] needs besides the data.
#[derive(Debug, Clone, Copy)]
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
    /// The session began without its handshake (and not with a SYN/ACK), so its direction is a guess.
    pub midstream: bool,
    /// The TCP handshake is complete; before that, detection never gives up.
    pub established: bool,
}

/// What became of a stream's data.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Bytes used; the rest comes again with more behind it.
    pub used: usize,
    /// Bytes behind the used ones without which a call would be useless; 0 = any.
    pub needed: usize,
    /// What the caller has to do before it offers the same data again.
    pub turnaround: Option<Turnaround>,
}

/// What the caller has to do before it offers the same data again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turnaround {
    /// Offer the other direction's waiting data first: it was sent first.
    OtherFirst,
    /// Client and server are the other way round: swap the flow, then offer the data in its new direction.
    /// [`App::swap`] has been called already.
    Swap,
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
            sides: [Side::Unknown; 2],
            completed: [false; 2],
            exhausted: [false; 2],
            waiting: [0; 2],
            first: None,
            fed: false,
            turned: false,
            before: None,
            expected: None,
            changing: false,
            port: None,
            session: None,
            events: Thin::default(),
            no_inspection: false,
            bypass: false,
            told: None,
        }
    }

    /// A flow that was announced to speak a protocol (FTP data).
    pub fn expected(protocol: ProtocolId, expectation: &Expectation) -> Self {
        let mut app = Self::new();
        app.sides = [Side::Known(protocol); 2];
        app.completed = [true; 2];
        app.fed = true;
        app.settle(protocol, false);
        if let Some(session) = app.session.as_deref_mut() {
            session.announced(expectation);
        }
        app
    }

    /// Whether nothing is known and nothing was parsed, so that an announcement may still say what it speaks.
    pub fn is_fresh(&self) -> bool {
        self.status == AppStatus::Unknown && self.sides == [Side::Unknown; 2] && !self.fed && !self.changing
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
        self.sides[direction.index()].id()
    }

    /// EVE's `app_proto_ts` and `app_proto_tc`: what one direction was recognised as when it differs from the flow's
    /// protocol (`failed` when it was not), else empty.
    pub fn differing_name(&self, direction: Direction) -> &'static str {
        match self.sides[direction.index()] {
            Side::Known(id) if self.status == AppStatus::Failed || self.protocol != Some(id) => get(id).name,
            Side::Failed if self.protocol.is_some() && self.status != AppStatus::Failed => "failed",
            _ => "",
        }
    }

    /// What the flow spoke before it changed its protocol (EVE `app_proto_orig`).
    pub fn before(&self) -> Option<ProtocolId> {
        self.before
    }

    /// What the flow was announced to change to, when it speaks something else (EVE `app_proto_expected`).
    pub fn announced(&self) -> Option<ProtocolId> {
        self.expected.filter(|id| self.protocol != Some(*id))
    }

    /// EVE's `app_proto`: the name, `failed` when given up, empty while unknown.
    pub fn name(&self) -> &'static str {
        match (self.status, self.protocol) {
            (AppStatus::Failed, _) => "failed",
            (_, Some(id)) => get(id).name,
            _ => "",
        }
    }

    /// Whether detection of `direction` is over (rules that ask for the protocol wait for this).
    pub fn detection_done(&self, direction: Direction) -> bool {
        let place = direction.index();
        self.completed[place] || self.status == AppStatus::Failed
    }

    /// Whether a change of protocol was announced and the new one is not known yet. What is left of the old protocol's
    /// transactions should be inspected and logged now: the next data may replace them.
    pub fn changing(&self) -> bool {
        self.changing
    }

    /// Whether the protocol is known and was not given up.
    pub fn is_recognised(&self) -> bool {
        self.status != AppStatus::Failed && self.protocol.is_some()
    }

    /// Whether content rules need not look at the flow's payload any more: it is encrypted.
    pub fn no_inspection(&self) -> bool {
        self.no_inspection
    }

    /// Whether nobody need look at the flow any more, its protocol being done with it (`tls.encryption_handling: bypass`).
    pub fn may_be_bypassed(&self) -> bool {
        self.bypass
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
        self.events.take()
    }

    /// The flow's own app-layer events, not taken yet.
    pub fn events(&self) -> &[&'static str] {
        &self.events
    }

    /// Whether bytes of `direction` are still wanted (for detection or parsing).
    pub fn wants(&self, direction: Direction) -> bool {
        match self.status {
            AppStatus::Unknown => !self.completed[direction.index()],
            AppStatus::Parsing => true,
            AppStatus::Named => {
                self.changing
                    || (self.sides[direction.index()] == Side::Unknown && !self.completed[direction.index()])
            }
            AppStatus::Failed => false,
        }
    }

    /// Client and server are the other way round. Only before a session was fed.
    pub fn swap(&mut self) {
        self.sides.swap(0, 1);
        self.completed.swap(0, 1);
        self.exhausted.swap(0, 1);
        self.waiting.swap(0, 1);
        self.first = self.first.map(Direction::other);
    }

    /// Takes data of a stream. What is not used comes again with more behind it.
    pub fn feed_stream(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let place = feed.direction.index();
        let everything = Taken { used: feed.data.bytes().len(), ..Taken::default() };
        if self.status == AppStatus::Failed {
            return everything;
        }
        let Data::Bytes(bytes) = feed.data else { return self.gap(feed, config, asks) };
        if self.first.is_none() && !bytes.is_empty() {
            self.first = Some(feed.direction);
        }
        if self.changing {
            return self.redetect(feed, config, asks);
        }
        if self.sides[place] == Side::Unknown && !self.completed[place] {
            return self.detect_stream(feed, config, asks);
        }
        match self.status {
            AppStatus::Parsing => self.parse_from_start(feed, config, asks),
            // Detection of this direction ended without a result: it waits for the other one.
            AppStatus::Unknown => Taken::default(),
            AppStatus::Named | AppStatus::Failed => everything,
        }
    }

    /// Takes one datagram. True: client and server are the other way round; swap the flow, the datagram has been used.
    pub fn feed_datagram(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> bool {
        let place = feed.direction.index();
        let mut reversed = false;
        if self.sides[place] == Side::Unknown {
            reversed = self.detect_datagram(feed, config);
        }
        if self.status == AppStatus::Parsing {
            let direction = if reversed { feed.direction.other() } else { feed.direction };
            let endpoints = if reversed { feed.endpoints.swapped() } else { feed.endpoints };
            self.parse(&Feed { direction, endpoints, ..*feed }, config, asks);
        }
        reversed
    }

    fn detect_datagram(&mut self, feed: &Feed<'_>, config: &Config) -> bool {
        let (here, other) = (feed.direction.index(), feed.direction.other().index());
        let found = self.look(feed, config);
        self.completed[here] = true;
        self.first.get_or_insert(feed.direction);
        let Some((id, reversed)) = found else {
            self.sides[here] = match self.sides[other] {
                Side::Unknown => Side::Failed,
                known => known,
            };
            if self.protocol.is_none() {
                self.status = AppStatus::Failed;
            }
            return false;
        };
        self.sides[here] = Side::Known(id);
        match self.sides[other] {
            Side::Known(already) if already != id => self.raise("applayer_mismatch_protocol_both_directions"),
            Side::Known(_) => {}
            Side::Unknown | Side::Failed => {
                let named_only = config.index.named_only(config, id);
                self.settle(id, named_only);
            }
        }
        if reversed {
            self.swap();
        }
        reversed
    }

    fn look(&mut self, feed: &Feed<'_>, config: &Config) -> Option<(ProtocolId, bool)> {
        let look = Look {
            bytes: feed.data.bytes(),
            direction: feed.direction,
            endpoints: &feed.endpoints,
            port: self.port,
            expected: self.expected.filter(|_| self.changing),
            midstream: config.midstream,
        };
        let detection = config.index.detect(&look, config);
        self.exhausted[feed.direction.index()] = detection.patterns_done && detection.probes_done;
        detection.found
    }

    fn detect_stream(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let bytes = feed.data.bytes();
        if bytes.is_empty() && !feed.end {
            return Taken::default();
        }
        match self.look(feed, config) {
            Some((id, reversed)) => self.recognised(id, reversed, feed, config, asks),
            None => self.not_recognised(feed, config, asks),
        }
    }

    fn recognised(
        &mut self,
        id: ProtocolId,
        reversed: bool,
        feed: &Feed<'_>,
        config: &Config,
        asks: &mut Asks,
    ) -> Taken {
        let (here, other) = (feed.direction.index(), feed.direction.other().index());
        self.sides[here] = Side::Known(id);
        self.completed[here] = true;
        self.waiting[here] = 0;
        // A direction that probes had given up on gets another chance now that the flow's protocol is known.
        if self.sides[other] == Side::Unknown {
            self.exhausted[other] = false;
        }
        let named_only = config.index.named_only(config, id);
        match self.sides[other] {
            Side::Known(already) if already != id => {
                self.raise("applayer_mismatch_protocol_both_directions");
                // What a session was fed with stays; before that, the server is trusted more.
                if !self.fed && feed.direction == Direction::ToClient {
                    self.settle(id, named_only);
                }
            }
            Side::Known(_) => {}
            Side::Unknown | Side::Failed => self.settle(id, named_only),
        }
        if reversed && feed.midstream && self.sides[other] == Side::Unknown {
            self.swap();
            return Taken { turnaround: Some(Turnaround::Swap), ..Taken::default() };
        }
        self.parse_from_start(feed, config, asks)
    }

    /// Parses; before the first time, sees to it that who spoke first is parsed first, and that he was allowed to.
    fn parse_from_start(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        if self.fed {
            return self.parse(feed, config, asks);
        }
        if self.first == Some(feed.direction.other()) && !self.turned {
            self.turned = true;
            return Taken { turnaround: Some(Turnaround::OtherFirst), ..Taken::default() };
        }
        if let Some(direction) = self.protocol().and_then(|protocol| protocol.first_data) {
            if self.first != Some(direction) {
                self.raise("applayer_wrong_direction_first_data");
                self.fail();
                return Taken { used: feed.data.bytes().len(), ..Taken::default() };
            }
            if feed.direction != direction {
                // What must come first is there, but not acknowledged yet: as if nothing had been recognised.
                let place = feed.direction.index();
                self.sides[place] = Side::Unknown;
                self.completed[place] = false;
                self.exhausted[place] = false;
                self.turned = false;
                (self.protocol, self.session, self.status) = (None, None, AppStatus::Unknown);
                return Taken::default();
            }
        }
        self.fed = true;
        self.parse(feed, config, asks)
    }

    fn not_recognised(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let (here, other) = (feed.direction.index(), feed.direction.other().index());
        let available = feed.data.bytes().len();
        self.waiting[here] = u32::try_from(available).unwrap_or(u32::MAX);
        // Without the handshake only the request is reliable evidence: a reply would be parsed without its request.
        let request = Direction::ToServer.index();
        if feed.midstream && self.exhausted[request] && self.sides[request] == Side::Unknown {
            self.fail();
            return Taken { used: available, ..Taken::default() };
        }
        if self.sides[other] == Side::Unknown {
            self.check_waiting(feed);
            let used = if self.status == AppStatus::Failed { available } else { 0 };
            return Taken { used, ..Taken::default() };
        }
        let first = self.protocol().and_then(|protocol| protocol.first_data);
        if !self.fed && first.is_some_and(|direction| direction != feed.direction) {
            self.fail();
            return Taken { used: available, ..Taken::default() };
        }
        if !self.exhausted[here] {
            return Taken::default();
        }
        self.fed |= available > 0;
        self.sides[here] = Side::Failed;
        self.completed[here] = true;
        let taken = self.parse(feed, config, asks);
        self.raise("applayer_detect_protocol_only_one_direction");
        taken
    }

    /// Both directions are unknown: gives up when nothing more can be learnt, or too much waits.
    fn check_waiting(&mut self, feed: &Feed<'_>) {
        if !feed.established {
            return;
        }
        let done = [0, 1].map(|side| self.completed[side] || self.exhausted[side]);
        if done == [true; 2] {
            self.fail();
            return;
        }
        let flooded = self.waiting.iter().any(|waiting| *waiting > 2 * WAITING_MAX);
        let one_way = |a: usize, b: usize| {
            self.waiting[a] > WAITING_MAX && self.exhausted[a] && (self.waiting[b] == 0 || !self.exhausted[b])
        };
        if flooded || one_way(0, 1) || one_way(1, 0) {
            self.raise("applayer_proto_detection_skipped");
            self.fail();
        }
    }

    fn gap(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let place = feed.direction.index();
        if self.sides[place] == Side::Unknown {
            self.completed[place] = true;
            if self.protocol.is_none() {
                self.fail();
            }
        }
        if self.changing {
            self.fail();
        }
        if self.status == AppStatus::Parsing {
            self.parse(feed, config, asks);
        }
        Taken::default()
    }

    fn fail(&mut self) {
        self.status = AppStatus::Failed;
        self.session = None;
        self.protocol = None;
        self.changing = false;
        self.fed = true;
        for side in &mut self.sides {
            if *side == Side::Unknown {
                *side = Side::Failed;
            }
        }
    }

    fn raise(&mut self, event: &'static str) {
        if self.events.len() < EVENTS_MAX && !self.events.contains(&event) {
            self.events.push(event);
        }
    }

    fn settle(&mut self, protocol: ProtocolId, named_only: bool) {
        self.protocol = Some(protocol);
        self.session = if named_only { None } else { get(protocol).session.map(|new| new()) };
        if let (Some(session), Some(before)) = (&mut self.session, self.before) {
            let told = self.told.take().unwrap_or_default();
            session.follows(get(before).name, &told);
        }
        self.status = if self.session.is_some() { AppStatus::Parsing } else { AppStatus::Named };
    }

    fn parse(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let available = feed.data.bytes().len();
        let (Some(session), Some(id)) = (self.session.as_deref_mut(), self.protocol) else {
            return Taken { used: available, ..Taken::default() };
        };
        if matches!(feed.data, Data::Gap(_)) && !get(id).accepts_gaps {
            self.end_parsing();
            return Taken::default();
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
        let taken = match session.feed(&mut input) {
            Fed::Used(used) => Taken { used: used.min(available), ..Taken::default() },
            Fed::Need { used, needed } => Taken { used: used.min(available), needed, turnaround: None },
            Fed::Broken => {
                // A broken datagram says nothing about the next one.
                if feed.endpoints.transport == 6 {
                    self.end_parsing();
                }
                Taken { used: available, ..Taken::default() }
            }
        };
        self.heed(asks);
        taken
    }

    fn end_parsing(&mut self) {
        self.status = AppStatus::Named;
        self.completed = [true; 2];
    }

    /// Does what the session asked of the application layer itself.
    fn heed(&mut self, asks: &mut Asks) {
        if asks.stop {
            self.end_parsing();
        }
        self.no_inspection |= std::mem::take(&mut asks.stop_inspection);
        self.bypass |= std::mem::take(&mut asks.bypass);
        if let Some(id) = asks.rename.take().and_then(crate::find)
            && self.protocol != Some(id)
        {
            self.before = self.protocol;
            self.protocol = Some(id);
            self.sides = [Side::Known(id); 2];
        }
        if let Some(change) = asks.change.take() {
            self.changing = true;
            self.expected = change.and_then(crate::find);
            self.before = self.protocol;
            self.told = Some(Box::new(self.last_words()));
            self.port = (asks.change_port != 0).then_some(asks.change_port);
        }
        asks.change_port = 0;
    }

    /// Values of the fields that the next protocol is told, from the newest transaction.
    fn last_words(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut told = Vec::new();
        let (Some(session), Some(protocol)) = (self.session(), self.protocol()) else { return told };
        let Some(newest) = session.count().checked_sub(1) else { return told };
        let scope = session.scope_of(newest, Direction::ToServer);
        for name in HANDED_OVER {
            let Some(field) = protocol.fields.iter().find(|field| field.name == *name) else { continue };
            match field.kind {
                FieldKind::Bytes(get) => {
                    let mut scratch = Vec::new();
                    if let Some(value) = get(&scope, &mut scratch) {
                        told.push((*name, value.to_vec()));
                    }
                }
                FieldKind::List(get) => {
                    for index in 0..ITEMS_MAX {
                        let mut scratch = Vec::new();
                        let Some(value) = get(&scope, index, &mut scratch) else { break };
                        told.push((*name, value.to_vec()));
                    }
                }
                _ => {}
            }
        }
        told
    }

    /// The first data after an announced change of protocol.
    fn redetect(&mut self, feed: &Feed<'_>, config: &Config, asks: &mut Asks) -> Taken {
        let available = feed.data.bytes().len();
        if available == 0 {
            return Taken::default();
        }
        let looked = self.look(feed, config).map(|(id, _)| id);
        let Some(id) = looked.or_else(|| self.unlooked()) else {
            if available >= CHANGE_MAX || feed.end {
                self.check_announced(None);
                self.fail();
                return Taken { used: available, ..Taken::default() };
            }
            return Taken::default();
        };
        self.changing = false;
        self.check_announced(Some(id));
        let (here, other) = (feed.direction.index(), feed.direction.other().index());
        self.sides[here] = Side::Known(id);
        // Nothing could recognise the other direction of what is only believed, either.
        self.sides[other] = if looked.is_some() { Side::Unknown } else { Side::Known(id) };
        self.completed[here] = true;
        self.completed[other] = looked.is_none();
        self.exhausted = [true, looked.is_none()];
        self.waiting = [0; 2];
        let named_only = config.index.named_only(config, id);
        self.settle(id, named_only);
        self.parse(feed, config, asks)
    }

    /// An announced protocol that nothing could recognise is believed.
    fn unlooked(&self) -> Option<ProtocolId> {
        self.expected.filter(|id| get(*id).patterns.is_empty() && get(*id).probes.is_empty())
    }

    fn check_announced(&mut self, found: Option<ProtocolId>) {
        let Some(expected) = self.expected else { return };
        if found == Some(expected) {
            return;
        }
        self.raise("applayer_unexpected_protocol");
        if get(expected).name == "tls" {
            self.raise("applayer_no_tls_after_starttls");
        }
    }
}

#[cfg(test)]
mod tests;
