//! Application protocols in general: which it is, where it stands, what was odd.

use super::buffer::transaction;
use super::packet::add;
use super::{Given, Keyword};
use crate::NumberTest;
use crate::ir::{AppSide, PacketTest, TransactionTest};
use crate::text::draft::Draft;
use crate::text::error::{Code, Fault, Parsed, meant};
use crate::text::protocol_name;

pub(super) const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "app-layer-protocol",
        help: "The application protocol: `tls`, `!http`, `dns|tls`, `failed`, with `final`, `original`, `exact`, ….",
        set: app_layer_protocol,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "app-layer-event",
        help: "The parser saw something odd: `http.invalid_content_length_field_in_request`.",
        set: app_layer_event,
        ..Keyword::EMPTY
    },
    Keyword {
        name: "app-layer-state",
        help: "The transaction has come to this state, or (`<`, `>`) not yet or beyond.",
        set: app_layer_state,
        ..Keyword::EMPTY
    },
];

/// Events of a flow's protocol detection rather than of one protocol.
const FLOW_EVENTS: &[&str] = &[
    "applayer_mismatch_protocol_both_directions",
    "applayer_wrong_direction_first_data",
    "applayer_detect_protocol_only_one_direction",
    "applayer_proto_detection_skipped",
    "applayer_no_tls_after_starttls",
    "applayer_unexpected_protocol",
];

fn app_layer_protocol(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    if !draft.rule.header.apps.is_empty() && draft.rule.header.hook.is_none() {
        return Err(Fault::new(Code::Protocols, "the header names an application protocol already")
            .help("write `tcp` or `ip` in the header"));
    }
    let mut parts = given.text.split(',').map(str::trim);
    let names = parts.next().unwrap_or_default();
    let (mut side, mut exact) = (AppSide::Direction, false);
    for part in parts {
        side = match part {
            "final" => AppSide::Final,
            "original" => AppSide::Original,
            "either" => AppSide::Either,
            "to_server" | "toserver" => AppSide::ToServer,
            "to_client" | "toclient" => AppSide::ToClient,
            "direction" => AppSide::Direction,
            "exact" => {
                exact = true;
                continue;
            }
            other => {
                let mut fault =
                    Fault::new(Code::Value, format!("`{other}` is not a mode of `app-layer-protocol`"));
                fault.help =
                    Some("modes: final, original, either, to_server, to_client, direction, exact".to_owned());
                return Err(fault);
            }
        };
    }
    let (negated, names) = match names.strip_prefix('!') {
        Some(names) => (true, names),
        None => (false, names),
    };
    let (mut protocols, mut failed, mut unknown) = (Vec::new(), false, false);
    for name in names.split('|').map(str::trim) {
        match name {
            "failed" => failed = true,
            "unknown" => unknown = true,
            name => protocols.extend(named(name, exact)?),
        }
    }
    protocols.sort_unstable();
    protocols.dedup();
    conflicts(draft, &protocols, negated, side)?;
    add(draft, PacketTest::AppProtocol { protocols, failed, unknown, side, negated, exact })
}

fn named(name: &str, exact: bool) -> Parsed<Vec<protocol::ProtocolId>> {
    let found = if exact { Some(protocol_name::exactly(name)) } else { protocol_name::application(name) };
    let found = found.filter(|list| !list.is_empty());
    if exact && name.eq_ignore_ascii_case("http") {
        return Err(Fault::new(Code::Value, "`http` stands for HTTP/1 and HTTP/2, which is not exact")
            .help("write http1,exact or http2,exact"));
    }
    found.ok_or_else(|| {
        let mut fault = Fault::new(Code::Protocol, format!("unknown protocol `{name}`"));
        fault.help = meant(name, protocol::REGISTRY.iter().flat_map(|known| known.names()));
        fault
    })
}

/// Several of these on the same side must be able to hold together.
fn conflicts(
    draft: &Draft<'_>,
    new: &[protocol::ProtocolId],
    new_negated: bool,
    new_side: AppSide,
) -> Parsed<()> {
    for test in &draft.rule.packet {
        let PacketTest::AppProtocol { protocols, negated, side, .. } = test else { continue };
        if *side != new_side {
            continue;
        }
        if !negated && !new_negated {
            return Err(
                Fault::new(Code::Never, "a flow has one application protocol").help("write `a|b` for either")
            );
        }
        if *negated != new_negated {
            return Err(Fault::new(Code::Place, "`app-layer-protocol` stands here plain and negated")
                .help("a plain one says it all"));
        }
        if protocols == new {
            return Err(Fault::new(Code::Place, "the same protocol is excluded twice"));
        }
    }
    Ok(())
}

fn app_layer_event(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let text = given.text;
    if FLOW_EVENTS.contains(&text) {
        return add(draft, PacketTest::AppEvent(text.to_owned()));
    }
    let Some((name, event)) = text.split_once('.') else {
        let mut fault = Fault::new(Code::Name, format!("`{text}` is not an event"));
        fault.help =
            meant(text, FLOW_EVENTS.iter().copied()).or_else(|| Some("write PROTOCOL.EVENT".to_owned()));
        return Err(fault);
    };
    let protocols = protocol_name::exactly(name);
    let Some(id) = protocols.first().copied() else {
        let mut fault = Fault::new(Code::Protocol, format!("unknown protocol `{name}`")).at(0..name.len());
        fault.help = meant(name, protocol::REGISTRY.iter().flat_map(|known| known.names()));
        return Err(fault);
    };
    let events = protocol::get(id).events;
    let aliases = protocol::get(id).event_aliases;
    let today = aliases.iter().find(|(old, _)| old.eq_ignore_ascii_case(event)).map(|(_, today)| *today);
    let event = today.unwrap_or(event);
    let Some((_, code)) = events.iter().zip(0u8..).find(|(known, _)| known.eq_ignore_ascii_case(event))
    else {
        let mut fault =
            Fault::new(Code::Name, format!("`{name}` has no event `{event}`")).at(name.len() + 1..text.len());
        fault.help = meant(event, events.iter().copied());
        return Err(fault);
    };
    let mut wide = vec![id];
    protocol_name::widen(&mut wide);
    draft.narrow(&wide)?;
    transaction(draft, TransactionTest::Event { protocol: id, code });
    Ok(())
}

fn app_layer_state(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let (operator, name) = match given.text.strip_prefix(['<', '>']) {
        Some(name) => (given.text.chars().next(), name.trim()),
        None => (None, given.text),
    };
    let Some(app) = draft.apps().and_then(|apps| apps.first().copied()) else {
        return Err(Fault::new(Code::Place, "`app-layer-state` needs an application protocol in the header"));
    };
    let Some((direction, progress, _)) = protocol_name::state(app, name) else {
        let mut fault =
            Fault::new(Code::Name, format!("`{}` has no state `{name}`", protocol::get(app).name));
        let names = protocol::get(app).states.iter().flat_map(|states| states.iter().map(|(name, _)| *name));
        fault.help = meant(name, names);
        return Err(fault);
    };
    let progress = u64::from(progress);
    let test = match operator {
        Some('<') => NumberTest::Less(progress),
        Some(_) => NumberTest::Greater(progress),
        None => NumberTest::Equal(progress),
    };
    draft.side(direction);
    transaction(draft, TransactionTest::State { direction, test });
    Ok(())
}
