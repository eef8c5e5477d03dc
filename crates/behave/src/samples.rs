//! Events for the detectors' tests.

use model::{Event, EventKind, Fact, FlowFact, FlowId, Moment, PacketId, Time, TransactionFact, Value};

/// A TCP conversation that begins at second `number`.
pub(crate) fn flow(number: u64, client: &str, server: &str, port: u16, payload: [u64; 2]) -> Event {
    let fact = FlowFact {
        who: who(number, client, server, port, 6),
        last: Time::from_secs(number + 1),
        last_packet: PacketId(number),
        packets: [2, 2],
        bytes: [payload[0] + 120, payload[1] + 120],
        payload,
        tcp_flags: [0x1b, 0x1b],
        established: true,
        protocol: "",
        opening: model::Opening::default(),
        bursts: Vec::new(),
        entropy_percent: 255,
        gaps: [0, 0],
        shape: None,
        guess: "",
        echo: None,
        cards: None,
    };
    event(number, EventKind::Flow(Box::new(fact)))
}

/// A transaction with text fields.
pub(crate) fn transaction(
    number: u64,
    protocol: &'static str,
    ends: (&str, &str, u16),
    fields: &[(&'static str, &str)],
) -> Event {
    let fact = TransactionFact {
        who: who(number, ends.0, ends.1, ends.2, 17),
        protocol,
        tx_id: 0,
        time: Time::from_secs(number),
        only: Some(model::Direction::ToServer),
        fields: fields.iter().map(|(name, value)| (*name, Value::Text((*value).into()))).collect(),
    };
    event(number, EventKind::Transaction(Box::new(fact)))
}

fn who(number: u64, client: &str, server: &str, port: u16, transport: u8) -> Fact {
    Fact {
        flow: FlowId(number),
        client: client.parse().expect("an address"),
        server: server.parse().expect("an address"),
        client_port: 40_000,
        server_port: port,
        transport,
        began: Time::from_secs(number),
        first_packet: PacketId(number),
    }
}

fn event(number: u64, kind: EventKind) -> Event {
    let moment = Moment { time: Time::from_secs(number), cause: number, step: 0 };
    Event { moment, packet: PacketId(number), kind }
}

/// The body of an HTTP message.
pub(crate) fn file(number: u64, ends: (&str, &str, u16), direction: model::Direction, head: &[u8]) -> Event {
    let fact = model::FileFact {
        who: who(number, ends.0, ends.1, ends.2, 6),
        direction,
        protocol: "http",
        name: String::new(),
        magic: String::new(),
        size: head.len() as u64,
        cards: None,
        script: None,
        complete: true,
        sha256: String::new(),
        head: head.to_vec(),
    };
    event(number, EventKind::File(Box::new(fact)))
}

/// A call of a remote procedure.
pub(crate) fn called(number: u64, ends: (&str, &str, u16), service: &'static str, operation: u64) -> Event {
    let mut event = transaction(number, "dcerpc", ends, &[("dcerpc.interface", service)]);
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.fields.push(("dcerpc.operation", Value::Number(operation)));
    }
    event
}

/// A file of any protocol that the client sends.
pub(crate) fn file_of(
    number: u64,
    ends: (&str, &str, u16),
    protocol: &'static str,
    name: &str,
    head: &[u8],
) -> Event {
    let mut event = file(number, ends, model::Direction::ToServer, head);
    if let EventKind::File(fact) = &mut event.kind {
        (fact.protocol, fact.name) = (protocol, name.to_owned());
    }
    event
}

/// A transaction with numbers besides its texts.
pub(crate) fn numbered(
    number: u64,
    protocol: &'static str,
    ends: (&str, &str, u16),
    texts: &[(&'static str, &str)],
    numbers: &[(&'static str, u64)],
) -> Event {
    let mut event = transaction(number, protocol, ends, texts);
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.fields.extend(numbers.iter().map(|(name, value)| (*name, Value::Number(*value))));
    }
    event
}

/// Something odd that one host sent to another.
pub(crate) fn oddity(number: u64, source: &str, destination: &str, kind: &'static str) -> Event {
    let address = |text: &str| text.parse().expect("an address");
    let fact =
        model::OddityFact { who: None, source: address(source), destination: address(destination), kind };
    event(number, EventKind::Oddity(Box::new(fact)))
}
