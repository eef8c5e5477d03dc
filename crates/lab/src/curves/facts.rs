//! Facts as the engine would tell them, for measuring detectors without the cost of packets.

use std::net::IpAddr;

use lab::{Random, START};
use model::{
    Direction, EchoShape, Event, EventKind, Fact, FileFact, FlowFact, FlowId, Moment, PacketId, PayloadShape,
    Time, TransactionFact, Value,
};

/// A host of ours.
pub(super) const OURS: &str = "10.0.0.23";
/// A server outside.
pub(super) const THEIRS: &str = "203.0.113.9";

/// Facts in the making; sorted by time when they are taken.
#[derive(Debug, Default)]
pub(super) struct Facts {
    events: Vec<Event>,
    number: u64,
}

/// The ends of a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) client: &'a str,
    pub(super) server: &'a str,
    pub(super) port: u16,
    pub(super) transport: u8,
}

/// From our host to the server outside, by TCP.
pub(super) const OUTWARD: Ends<'_> = Ends { client: OURS, server: THEIRS, port: 443, transport: 6 };

impl Facts {
    /// All facts in the order of their moments.
    pub(super) fn take(mut self) -> Vec<Event> {
        self.events.sort_by_key(|event| event.moment);
        self.events
    }

    fn who(&mut self, ends: Ends<'_>, at: f64) -> Fact {
        self.number += 1;
        let address = |text: &str| -> IpAddr { text.parse().expect("addresses here are written by hand") };
        Fact {
            flow: FlowId(self.number),
            client: address(ends.client),
            server: address(ends.server),
            client_port: 40_000,
            server_port: ends.port,
            transport: ends.transport,
            began: time(at),
            first_packet: PacketId(self.number),
        }
    }

    fn push(&mut self, at: f64, kind: EventKind) {
        let moment = Moment { time: time(at), cause: self.number, step: self.events.len() as u32 };
        self.events.push(Event { moment, packet: PacketId(self.number), kind });
    }

    /// A flow at `at` seconds.
    pub(super) fn flow(
        &mut self,
        at: f64,
        ends: Ends<'_>,
        payload: [u64; 2],
        edit: impl FnOnce(&mut FlowFact),
    ) {
        let who = self.who(ends, at);
        let mut fact = FlowFact {
            who,
            last: time(at + 1.0),
            last_packet: who.first_packet,
            packets: [4, 4],
            bytes: [payload[0] + 240, payload[1] + 240],
            payload,
            tcp_flags: [0x1b, 0x1b],
            established: true,
            protocol: "",
            opening: model::Opening::default(),
            bursts: Vec::new(),
            entropy_percent: 255,
            gaps: [0, 0],
            guess: "",
            shape: None,
            echo: None,
            cards: None,
        };
        edit(&mut fact);
        self.push(at + 1.0, EventKind::Flow(Box::new(fact)));
    }

    /// An exchange with text fields.
    pub(super) fn exchange(
        &mut self,
        at: f64,
        ends: Ends<'_>,
        protocol: &'static str,
        only: Option<Direction>,
        fields: &[(&'static str, &str)],
    ) {
        let fact = TransactionFact {
            who: self.who(ends, at),
            protocol,
            tx_id: 0,
            time: time(at),
            only,
            fields: fields.iter().map(|(name, value)| (*name, Value::Text((*value).into()))).collect(),
        };
        self.push(at, EventKind::Transaction(Box::new(fact)));
    }

    /// An exchange with text fields and numbers.
    pub(super) fn numbered(
        &mut self,
        at: f64,
        ends: Ends<'_>,
        protocol: &'static str,
        only: Option<Direction>,
        fields: &[(&'static str, &str)],
        numbers: &[(&'static str, u64)],
    ) {
        self.exchange(at, ends, protocol, only, fields);
        if let Some(EventKind::Transaction(fact)) = self.events.last_mut().map(|event| &mut event.kind) {
            fact.fields.extend(numbers.iter().map(|(name, value)| (*name, Value::Number(*value))));
        }
    }

    /// Something odd that a stranger sends to a host of ours.
    pub(super) fn oddity(&mut self, at: f64, kind: &'static str) {
        let ends = Ends { client: THEIRS, server: OURS, ..OUTWARD };
        let who = self.who(ends, at);
        let fact = model::OddityFact { who: Some(who), source: who.client, destination: who.server, kind };
        self.push(at, EventKind::Oddity(Box::new(fact)));
    }

    /// A call of a remote procedure.
    pub(super) fn call(&mut self, at: f64, ends: Ends<'_>, service: &str, operation: u64) {
        let texts = [("dcerpc.interface", service)];
        self.numbered(at, ends, "dcerpc", None, &texts, &[("dcerpc.operation", operation)]);
    }

    /// A page that comes to the client, just before the exchange that follows with the same ends.
    pub(super) fn page(&mut self, at: f64, ends: Ends<'_>, script: model::ScriptSeen) {
        self.body(at, ends, b"<html>".to_vec());
        if let Some(EventKind::File(fact)) = self.events.last_mut().map(|event| &mut event.kind) {
            (fact.direction, fact.script) = (Direction::ToClient, Some(Box::new(script)));
        }
    }

    /// A file that the client sends.
    pub(super) fn file(&mut self, at: f64, ends: Ends<'_>, protocol: &'static str, name: &str, head: &[u8]) {
        self.body(at, ends, head.to_vec());
        if let Some(EventKind::File(fact)) = self.events.last_mut().map(|event| &mut event.kind) {
            (fact.protocol, fact.name) = (protocol, name.to_owned());
        }
    }

    /// A body sent by the client, told just before the exchange that follows with the same ends.
    pub(super) fn body(&mut self, at: f64, ends: Ends<'_>, head: Vec<u8>) {
        let mut who = self.who(ends, at);
        // The body belongs to the conversation of the exchange that comes next.
        who.flow = FlowId(self.number + 1);
        let fact = FileFact {
            who,
            direction: Direction::ToServer,
            protocol: "http",
            name: String::new(),
            magic: String::new(),
            size: head.len() as u64,
            cards: None,
            script: None,
            complete: true,
            sha256: String::new(),
            head,
        };
        self.push(at, EventKind::File(Box::new(fact)));
    }

    /// Echo messages between our host and the server outside.
    pub(super) fn echo(&mut self, shape: EchoShape) {
        let ends = Ends { port: 0, transport: 1, ..OUTWARD };
        self.flow(0.0, ends, [0, 0], |fact| {
            fact.who.client_port = 8;
            fact.echo = Some(Box::new(shape));
        });
    }
}

/// The moment `seconds` after the lab's clock starts.
pub(super) fn time(seconds: f64) -> Time {
    START.plus_nanos((seconds.max(0.0) * 1e9) as u64)
}

/// A share of one, evenly spread.
pub(super) fn share(random: &mut Random) -> f64 {
    random.below(1_000_000) as f64 / 1e6
}

/// Payload of an unknown protocol that begins with `head`.
pub(super) fn shape(head: &[u8], prompts: u16) -> PayloadShape {
    let mut shape =
        PayloadShape { prompts, payloads: 20, seen: 500, text: 480, lines: 10, ..PayloadShape::default() };
    let len = head.len().min(PayloadShape::HEAD);
    shape.head[..len].copy_from_slice(&head[..len]);
    shape.head_len = len as u8;
    shape
}
