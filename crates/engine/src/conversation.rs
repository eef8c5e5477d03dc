//! What the engine keeps with a flow: its application layer, its rule state, and what detectors are told of it.

use std::net::IpAddr;

use decode::{Ethernet, Layers, Transport};
use flow::{Fetch, Flow, FlowState};
use model::{Direction, Fact, FlowFact, Opening, Seldom, Thin, Time, fetch};
use protocol::{App, Endpoints};

use crate::cards::Leaving;
use crate::frame::Frames;
use crate::shape::{Echo, Shapes, Unknown};

/// The engine's own state of a flow.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// The application layer.
    pub(crate) app: App,
    /// Rule state: flowbits and the like. Without rules no flow has any.
    pub(crate) rules: Seldom<rules::FlowState>,
    /// No more data will come, per direction.
    pub(crate) ended: [bool; 2],
    /// Bytes before a gap that their parser still needs, per direction.
    pub(crate) carried: Carried,
    /// Protocol detection came to an end in these directions, and no packet of theirs was inspected since.
    pub(crate) detected: [bool; 2],
    /// A change of protocol was announced, and everybody is done with the transactions of the old one.
    pub(crate) changing: bool,
    /// App-layer events of the flow itself that the packet at hand raised.
    pub(crate) app_events: Thin<&'static str>,
    /// A signature matched.
    pub(crate) alerted: bool,
    /// A signature matched whose late conditions decide whether that counts.
    pub(crate) perhaps_alerted: bool,
    /// Stream events already logged would repeat without bound; this many were.
    pub(crate) anomalies: u16,
    /// Transactions that were logged or dropped.
    pub(crate) transactions: u64,
    /// Nothing was read since its transactions were last looked at, and none of them waits for anything but that.
    pub(crate) looked_at: bool,
    /// Frames, once one was announced and somebody wants to know.
    pub(crate) frames: Option<Box<Frames>>,
    /// A drop record was written, per direction.
    pub(crate) drop_told: [bool; 2],
    /// Hardware addresses, when records are to show them.
    macs: Option<Box<Macs>>,
    bursts: Bursts,
    beginning: Beginning,
    last_payload: Time,
    /// What the payload looked like while no protocol was recognised.
    shape: Shapes,
    /// What ICMP messages carried.
    echo: Option<Box<Echo>>,
    /// Payment card numbers that leave.
    pub(crate) cards: Leaving,
}

/// Bytes that wait on this side of a gap, per direction; few flows ever have any.
#[derive(Debug, Default)]
pub(crate) struct Carried(Option<Box<[Vec<u8>; 2]>>);

impl Carried {
    /// How many there are.
    pub(crate) fn len(&self, direction: Direction) -> usize {
        self.0.as_ref().map_or(0, |sides| sides[direction.index()].len())
    }

    /// The bytes of one direction.
    pub(crate) fn of(&mut self, direction: Direction) -> &mut Vec<u8> {
        &mut self.0.get_or_insert_default()[direction.index()]
    }
}

/// When, which way and how much payload travelled; small, since every flow keeps some.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// Milliseconds since the flow began.
    at_ms: u32,
    payload: Payload,
}

impl Sample {
    fn new(began: Time, time: Time, payload: Payload) -> Self {
        Self { at_ms: u32::try_from(time.nanos_since(began) / 1_000_000).unwrap_or(u32::MAX), payload }
    }

    fn told(self, began: Time) -> (Time, Direction, u32) {
        let (direction, bytes) = self.payload.told();
        (began.plus_nanos(u64::from(self.at_ms) * 1_000_000), direction, bytes)
    }
}

/// Which way payload went, and how much: the top bit says to client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Payload(u32);

impl Payload {
    /// No payload.
    const NONE: Payload = Payload(0);
    const TO_CLIENT: u32 = 1 << 31;
    /// More bytes than any packet has.
    const BYTES_MAX: u32 = (1 << 30) - 1;

    fn new(direction: Direction, len: usize) -> Self {
        let bytes = u32::try_from(len).unwrap_or(u32::MAX).min(Self::BYTES_MAX);
        Self(bytes | if direction == Direction::ToClient { Self::TO_CLIENT } else { 0 })
    }

    fn told(self) -> (Direction, u32) {
        let to_client = self.0 & Self::TO_CLIENT != 0;
        (if to_client { Direction::ToClient } else { Direction::ToServer }, self.0 & Self::BYTES_MAX)
    }
}

/// Payloads that begin a burst; at most [`FlowFact::BURSTS`]. Most flows have one.
#[derive(Debug, Default)]
struct Bursts {
    /// Without payload as long as there is none.
    first: Sample,
    more: Thin<Sample>,
}

impl Bursts {
    fn add(&mut self, sample: Sample) {
        if self.first.payload == Payload::NONE {
            self.first = sample;
        } else if self.more.len() + 1 < FlowFact::BURSTS {
            self.more.push(sample);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Sample> {
        let first = (self.first.payload != Payload::NONE).then_some(&self.first);
        first.into_iter().chain(self.more.iter())
    }

    /// Gives back the room for further ones.
    fn rest(&mut self) {
        self.more.shrink();
    }
}

/// How the payload of a flow began.
#[derive(Debug, Default)]
struct Beginning {
    /// Packets with payload so far, up to [`Opening::PACKETS`].
    packets: u8,
    /// Who sent the first one.
    to_client_first: bool,
    /// The first one from the server, and the one after it.
    answer: Payload,
    after: Payload,
}

impl Beginning {
    fn take(&mut self, payload: Payload) {
        if self.packets >= Opening::PACKETS {
            return;
        }
        let to_client = payload.told().0 == Direction::ToClient;
        if self.packets == 0 {
            self.to_client_first = to_client;
        }
        self.packets += 1;
        if self.answer == Payload::NONE {
            if to_client {
                self.answer = payload;
            }
        } else {
            self.after = payload;
            // Nothing more is asked for.
            self.packets = Opening::PACKETS;
        }
    }

    fn told(&self) -> Opening {
        let first = if self.to_client_first { Direction::ToClient } else { Direction::ToServer };
        let some = |payload: Payload| (payload != Payload::NONE).then(|| payload.told());
        Opening {
            first: (self.packets > 0).then_some(first),
            answer: some(self.answer).map(|(_, bytes)| bytes),
            after: some(self.after),
        }
    }
}

/// Silence after which a payload counts as the start of a burst, in nanoseconds.
const BURST_SILENCE_NS: u64 = 1_000_000_000;

/// Hardware addresses kept per side of a flow.
const MACS_MAX: usize = 10;

/// Hardware addresses that both sides of a flow used, in order of appearance.
#[derive(Debug)]
struct Macs {
    /// Who counts as the first side: client and server may turn out to be the other way round.
    first: (IpAddr, u16),
    sides: [Vec<[u8; 6]>; 2],
}

impl Macs {
    fn add(&mut self, side: usize, mac: [u8; 6]) {
        let known = &mut self.sides[side];
        if known.len() < MACS_MAX && !known.contains(&mac) {
            known.push(mac);
        }
    }
}

impl flow::Rest for Conversation {
    fn rest(&mut self) {
        if let Some(session) = self.app.session_mut() {
            session.rest();
        }
        self.bursts.rest();
    }
}

impl Conversation {
    /// Remembers the hardware addresses of a packet.
    pub(crate) fn note_macs(&mut self, layers: &Layers) {
        let Some(ethernet) = &layers.ethernet else { return };
        let source = (layers.src, layers.src_port);
        let macs =
            self.macs.get_or_insert_with(|| Box::new(Macs { first: source, sides: Default::default() }));
        let side = usize::from(macs.first != source);
        macs.add(side, ethernet.src);
        macs.add(1 - side, ethernet.dst);
    }

    /// The hardware addresses that client and server used first.
    pub(crate) fn first_macs(&self, flow: &Flow) -> Option<Ethernet> {
        let [client, server] = self.macs(flow);
        Some(Ethernet { src: *client.first()?, dst: *server.first()?, kind: 0 })
    }

    /// Hardware addresses of client and server.
    pub(crate) fn macs(&self, flow: &Flow) -> [&[[u8; 6]]; 2] {
        let Some(macs) = &self.macs else { return [&[]; 2] };
        let client = usize::from(macs.first.0 != flow.client);
        let client =
            if flow.client == flow.server { usize::from(macs.first.1 != flow.client_port) } else { client };
        [&macs.sides[client], &macs.sides[1 - client]]
    }

    /// Its share in [`flow::Pool::fetch`]: what hangs on it, then the last transaction.
    pub(crate) fn fetch(&self, step: Fetch) {
        match step {
            Fetch::Flow => {}
            Fetch::Session => {
                self.app.session().into_iter().for_each(fetch);
                self.bursts.more.fetch();
                self.rules.fetch();
                self.shape.fetch();
            }
            Fetch::Bytes => {
                if let Some(session) = self.app.session()
                    && let Some(last) = session.count().checked_sub(1)
                {
                    fetch(session.core(last));
                }
            }
        }
    }

    /// Notes when and how much payload travelled.
    pub(crate) fn sample(&mut self, began: Time, time: Time, direction: Direction, len: usize) {
        if len == 0 {
            return;
        }
        let payload = Payload::new(direction, len);
        self.beginning.take(payload);
        if time.nanos_since(self.last_payload) >= BURST_SILENCE_NS {
            self.bursts.add(Sample::new(began, time, payload));
        }
        self.last_payload = time;
    }

    /// Looks at payload of a flow whose protocol is not known, or of an ICMP message.
    pub(crate) fn look_at(&mut self, layers: &Layers, direction: Direction, payload: &[u8]) {
        match layers.transport {
            Transport::Icmp(icmp) | Transport::Icmp6(icmp) => {
                self.echo.get_or_insert_default().take(&icmp, direction, payload);
            }
            // Segments are looked at before they are acknowledged and read: a protocol may have been recognised since.
            _ if self.app.is_recognised() => self.shape.forget(),
            _ if !payload.is_empty() => self.shape.take(direction, payload),
            _ => {}
        }
    }

    /// Other rules take the place of those so far.
    pub(crate) fn follow(&mut self, succession: &rules::Succession) {
        if let Some(state) = self.rules.written_mut() {
            succession.flow(state);
        }
        if let Some(session) = self.app.session_mut() {
            for index in 0..session.count() {
                succession.transaction(&mut session.core_mut(index).inspected);
            }
        }
        if let Some(frames) = &mut self.frames {
            frames.follow(succession);
        }
    }

    /// For which directions detection of the protocol is over.
    pub(crate) fn detection_done(&self) -> [bool; 2] {
        Direction::BOTH.map(|direction| self.app.detection_done(direction))
    }

    /// Notes what the packet at hand changed in the application layer; `before`: what was over before it.
    pub(crate) fn note_detection(&mut self, before: [bool; 2]) {
        if before != [true; 2] {
            let now = self.detection_done();
            for side in 0..2 {
                self.detected[side] |= now[side] && !before[side];
            }
        }
        if !self.app.events().is_empty() {
            self.app_events.list().extend(self.app.take_events());
        }
    }

    /// What the payload looked like, when no protocol was found for the flow.
    pub(crate) fn unknown(&self, flow: &Flow) -> Option<Unknown> {
        (!self.app.is_recognised() && !self.shape.is_empty()).then(|| self.shape.unknown(flow))
    }

    /// The flow as a fact for the detectors; takes the samples.
    pub(crate) fn flow_fact(&mut self, flow: &Flow, gaps: [bool; 2], unknown: Option<&Unknown>) -> FlowFact {
        let told = |sample: &Sample| sample.told(flow.first_time);
        FlowFact {
            who: who(flow),
            last: flow.last_time,
            last_packet: flow.last_packet,
            packets: flow.packets,
            bytes: flow.bytes,
            payload: flow.payload,
            tcp_flags: flow.tcp_flags,
            established: flow.state != FlowState::New && flow.packets.iter().all(|count| *count > 0),
            protocol: self.app.name(),
            opening: self.beginning.told(),
            bursts: self.bursts.all().map(told).collect(),
            entropy_percent: unknown.map_or(255, Unknown::random_percent),
            gaps: gaps.map(u64::from),
            guess: unknown.map_or("", |unknown| unknown.guess.label),
            shape: unknown.map(|unknown| Box::new(unknown.told)),
            cards: self.cards.told(),
            echo: self.echo.take().map(|echo| Box::new(echo.told())).filter(|echo| echo.messages != [0, 0]),
        }
    }
}

/// The flow's addresses as facts carry them.
pub(crate) fn who(flow: &Flow) -> Fact {
    Fact {
        flow: flow.id,
        client: flow.client,
        server: flow.server,
        client_port: flow.client_port,
        server_port: flow.server_port,
        transport: flow.protocol,
        began: flow.first_time,
        first_packet: flow.first_packet,
    }
}

/// The flow's addresses as protocols take them.
pub(crate) fn endpoints(flow: &Flow) -> Endpoints {
    Endpoints {
        client: flow.client,
        server: flow.server,
        client_port: flow.client_port,
        server_port: flow.server_port,
        transport: flow.protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_stays_small() {
        // Two hundred thousand flows are an ordinary quarter of an hour; what each keeps decides the memory.
        let bytes = size_of::<Conversation>();
        assert!(bytes <= 320, "a conversation keeps {bytes} bytes before its protocol says a word");
        println!(
            "conversation {bytes}, app {}, rules {}, flow {}",
            size_of::<App>(),
            size_of::<rules::FlowState>(),
            size_of::<Flow>()
        );
    }
}
