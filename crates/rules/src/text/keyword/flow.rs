//! Conditions on the flow and its stream.

use model::Direction;

use super::packet::add;
use super::{Argument, Given, Keyword};
use crate::ir::{Counter, FlowCondition, FlowSide, FlowState, PacketTest, StreamSide};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::number_text::{self, Kind};

type Set = fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>;

const fn keyword(name: &'static str, help: &'static str, set: Set) -> Keyword {
    Keyword { name, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    keyword("flow", "Direction and state of the flow: `established,to_server`.", flow),
    keyword("flow.age", "Age of the flow in seconds.", |draft, given| {
        let test = number_text::test(given.text, Kind::bits(32))?;
        add(draft, PacketTest::FlowAge(test))
    }),
    keyword("flow.pkts", "Packets of the flow: `toserver,>10`.", |draft, given| {
        counter(draft, given, Counter::Packets)
    }),
    keyword("flow.bytes", "Bytes of the flow: `toclient,>1mb`.", |draft, given| {
        counter(draft, given, Counter::Bytes)
    }),
    keyword("flow.pkts_toserver", "Packets to the server.", |draft, given| {
        count(draft, given.text, Counter::Packets, FlowSide::ToServer)
    }),
    keyword("flow.pkts_toclient", "Packets to the client.", |draft, given| {
        count(draft, given.text, Counter::Packets, FlowSide::ToClient)
    }),
    keyword("flow.bytes_toserver", "Bytes to the server.", |draft, given| {
        count(draft, given.text, Counter::Bytes, FlowSide::ToServer)
    }),
    keyword("flow.bytes_toclient", "Bytes to the client.", |draft, given| {
        count(draft, given.text, Counter::Bytes, FlowSide::ToClient)
    }),
    keyword("flow.elephant", "The flow moves very much data.", |draft, given| {
        let side = side(given.text)?;
        add(draft, PacketTest::Elephant(side))
    }),
    keyword("stream_size", "Bytes of the stream by its sequence numbers: `client,>,1000`.", stream_size),
    keyword("stream-event", "The stream engine saw something odd.", stream_event),
    keyword("tcp.session", "The TCP session is in one of these states: `setup`, `established`.", tcp_session),
    Keyword {
        name: "bypass",
        argument: Argument::None,
        help: "The rest of the flow is not looked at.",
        set: |draft, _| {
            if draft.environment.firewall {
                return Err(Fault::new(Code::Place, "`bypass` is not allowed in firewall mode"));
            }
            draft.rule.post.push(crate::ir::PostAction::Bypass);
            Ok(())
        },
        ..Keyword::EMPTY
    },
];

fn flow(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if std::mem::replace(&mut draft.once.flow, true) {
        return Err(
            Fault::new(Code::Place, "a rule can have one `flow`").help("put the words into one, with commas")
        );
    }
    let mut condition = FlowCondition::default();
    let mut state = None;
    for word in given.text.split(',').map(str::trim) {
        match word.to_ascii_lowercase().as_str() {
            "to_server" | "from_client" => direct(&mut condition, Direction::ToServer)?,
            "to_client" | "from_server" => direct(&mut condition, Direction::ToClient)?,
            "established" => settle(&mut state, FlowState::Established)?,
            "not_established" => settle(&mut state, FlowState::NotEstablished)?,
            "stateless" => settle(&mut state, FlowState::Any)?,
            "only_stream" => choose(&mut condition.stream, true)?,
            "no_stream" => choose(&mut condition.stream, false)?,
            "only_frag" => choose(&mut condition.fragment, true)?,
            "no_frag" => choose(&mut condition.fragment, false)?,
            _ => {
                let mut fault = Fault::new(Code::Value, format!("`{word}` is not a word of `flow`"));
                fault.help = meant(word, WORDS.iter().copied());
                return Err(fault);
            }
        }
    }
    condition.state = state.unwrap_or_default();
    if let Some(direction) = condition.direction {
        draft.side(direction);
    }
    add(draft, PacketTest::Flow(condition))
}

const WORDS: &[&str] = &[
    "to_server",
    "from_client",
    "to_client",
    "from_server",
    "established",
    "not_established",
    "stateless",
    "only_stream",
    "no_stream",
    "only_frag",
    "no_frag",
];

fn direct(condition: &mut FlowCondition, direction: Direction) -> Parsed<()> {
    match condition.direction.replace(direction) {
        None => Ok(()),
        Some(before) if before == direction => {
            Err(Fault::new(Code::Value, "the direction stands here twice"))
        }
        Some(_) => Err(Fault::new(Code::Never, "a packet goes either to the server or to the client")),
    }
}

fn settle(state: &mut Option<FlowState>, new: FlowState) -> Parsed<()> {
    match state.replace(new) {
        None => Ok(()),
        Some(_) => {
            Err(Fault::new(Code::Never, "only one of established, not_established and stateless can hold"))
        }
    }
}

fn choose(place: &mut Option<bool>, new: bool) -> Parsed<()> {
    match place.replace(new) {
        None => Ok(()),
        Some(_) => Err(Fault::new(Code::Never, "`only_…` and `no_…` of the same thing exclude each other")),
    }
}

fn side(text: &str) -> Parsed<FlowSide> {
    match text.trim().to_ascii_lowercase().as_str() {
        "toserver" | "to_server" => Ok(FlowSide::ToServer),
        "toclient" | "to_client" => Ok(FlowSide::ToClient),
        "either" => Ok(FlowSide::Either),
        "both" => Ok(FlowSide::Both),
        other => Err(Fault::new(Code::Value, format!("`{other}` is not a side"))
            .help("write toserver, toclient, either or both")),
    }
}

fn counter(draft: &mut Draft<'_>, given: &Given<'_>, counter: Counter) -> Parsed<()> {
    let Some((side_text, test)) = given.text.split_once(',') else {
        return Err(Fault::new(Code::Value, "a side and a number are needed")
            .help("write for example `toserver,>10`"));
    };
    let side = side(side_text)?;
    count(draft, test, counter, side)
}

fn count(draft: &mut Draft<'_>, text: &str, counter: Counter, side: FlowSide) -> Parsed<()> {
    let bits = match counter {
        Counter::Packets => 32,
        Counter::Bytes => 64,
    };
    let test = number_text::test(text, Kind::bits(bits))?;
    add(draft, PacketTest::FlowCount(counter, side, test))
}

fn stream_size(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut parts = given.text.splitn(3, ',').map(str::trim);
    let side = match parts.next().unwrap_or_default() {
        "server" => StreamSide::Server,
        "client" => StreamSide::Client,
        "both" => StreamSide::Both,
        "either" => StreamSide::Either,
        other => {
            return Err(Fault::new(Code::Value, format!("`{other}` is not a side"))
                .help("write server, client, both or either"));
        }
    };
    let (operator, number) = match (parts.next(), parts.next()) {
        (Some(operator), Some(number)) => (operator, number),
        (Some(test), None) => ("", test),
        _ => {
            return Err(
                Fault::new(Code::Value, "a comparison is missing").help("write `stream_size:client,>,1000`")
            );
        }
    };
    let test = number_text::test(&format!("{operator}{number}"), Kind::bits(32))?;
    add(draft, PacketTest::StreamSize(side, test))
}

fn stream_event(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let name = given.text.strip_prefix("stream.").unwrap_or(given.text);
    let events = &draft.environment.stream_events;
    match events.iter().zip(0u16..).find(|(event, _)| **event == name) {
        Some((_, number)) => add(draft, PacketTest::StreamEvent(number)),
        None => {
            let mut fault = Fault::new(Code::Name, format!("`{name}` is not a stream event"));
            fault.help = meant(name, events.iter().copied());
            Err(fault)
        }
    }
}

fn tcp_session(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let mut states = 0;
    for word in given.text.split(',').map(str::trim) {
        states |= match word {
            "setup" => 1,
            "established" => 2,
            other => {
                return Err(Fault::new(Code::Value, format!("`{other}` is not a state of a session"))
                    .help("write setup, established, or both"));
            }
        };
    }
    add(draft, PacketTest::TcpSession(states))
}
