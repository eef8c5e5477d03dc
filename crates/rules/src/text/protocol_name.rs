//! What the second word of a rule means: transports, application protocols, and the hook behind a colon.

use model::Direction;
use protocol::{ProtocolId, REGISTRY};

use super::error::{Code, Fault, Parsed, meant};
use crate::ir::{Hook, Proto};

const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;

/// What a header's protocol comes to.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    pub(crate) proto: Proto,
    pub(crate) apps: Vec<ProtocolId>,
    pub(crate) hook: Option<Hook>,
    /// The hook was written with `<`: it and the states before it.
    pub(crate) up_to: bool,
}

/// Words for transports and below.
const TRANSPORTS: &[(&str, Proto)] = &[
    ("ip", Proto::ANY),
    ("ipv4", Proto { ipv4: true, ..Proto::ANY }),
    ("ip4", Proto { ipv4: true, ..Proto::ANY }),
    ("ipv6", Proto { ipv6: true, ..Proto::ANY }),
    ("ip6", Proto { ipv6: true, ..Proto::ANY }),
    ("pkthdr", Proto { packet_header: true, ..Proto::ANY }),
    ("tcp", Proto::one(TCP)),
    ("tcp-pkt", Proto { only_packet: true, ..Proto::one(TCP) }),
    ("tcp-stream", Proto { only_stream: true, ..Proto::one(TCP) }),
    ("udp", Proto::one(UDP)),
    ("sctp", Proto::one(SCTP)),
    ("icmp", Proto::one(1).and(58)),
    ("icmpv4", Proto::one(1)),
    ("icmpv6", Proto::one(58)),
    ("igmp", Proto::one(2)),
    ("gre", Proto::one(47)),
    ("esp", Proto::one(50)),
    ("ether", Proto { ether: true, ..Proto::ANY }),
    ("arp", Proto { arp: true, ..Proto::ANY }),
];

/// One name that stands for several protocols, or for one that others carry inside.
const FAMILIES: &[(&str, &[&str])] = &[
    ("http", &["http", "http2", "doh2"]),
    ("http2", &["http2", "doh2"]),
    ("dns", &["dns", "doh2"]),
    ("dcerpc", &["dcerpc", "smb"]),
];

/// Reads a header's protocol.
pub(crate) fn parse(text: &str, disabled: &[ProtocolId]) -> Parsed<Meant> {
    let (name, hook) = match text.split_once(':') {
        Some((name, hook)) => (name, Some(hook)),
        None => (text, None),
    };
    if let Some((_, proto)) = TRANSPORTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        let hook =
            hook.map(|hook| packet_hook(hook).map_err(|fault| fault.shifted(name.len() + 1, hook.len())));
        return Ok(Meant { proto: *proto, apps: Vec::new(), hook: hook.transpose()?, up_to: false });
    }
    let Some(apps) = application(name) else {
        let names =
            TRANSPORTS.iter().map(|(name, _)| *name).chain(REGISTRY.iter().flat_map(|known| known.names()));
        let mut fault = Fault::new(Code::Protocol, format!("unknown protocol `{name}`")).at(0..name.len());
        fault.help = meant(name, names);
        return Err(fault);
    };
    let apps: Vec<ProtocolId> = apps.into_iter().filter(|app| !disabled.contains(app)).collect();
    let Some(first) = apps.first().copied() else {
        return Err(
            Fault::new(Code::Protocol, format!("the protocol `{name}` is switched off")).at(0..name.len())
        );
    };
    let proto = apps.iter().fold(Proto { any: false, numbers: [0; 4], ..Proto::ANY }, |proto, app| {
        transports(*app).fold(proto, Proto::and)
    });
    let (hook, up_to) = match hook {
        None => (None, false),
        Some(hook) => {
            let (state, up_to) = match hook.strip_prefix('<') {
                Some(state) => (state, true),
                None => (hook, false),
            };
            let place = name.len() + 1;
            (Some(state_hook(first, state).map_err(|fault| fault.shifted(place, hook.len()))?), up_to)
        }
    };
    Ok(Meant { proto, apps, hook, up_to })
}

/// The protocols that a name means in rules.
pub(crate) fn application(name: &str) -> Option<Vec<ProtocolId>> {
    let mut apps = exactly(name);
    if let Some((_, members)) = FAMILIES.iter().find(|(family, _)| family.eq_ignore_ascii_case(name)) {
        apps.extend(members.iter().filter_map(|member| protocol::find(member)));
    }
    apps.sort_unstable();
    apps.dedup();
    (!apps.is_empty()).then_some(apps)
}

/// The protocols that have this name themselves.
pub(crate) fn exactly(name: &str) -> Vec<ProtocolId> {
    REGISTRY
        .iter()
        .zip(0u8..)
        .filter(|(protocol, _)| protocol.names().any(|known| known.eq_ignore_ascii_case(name)))
        .map(|(_, number)| ProtocolId(number))
        .collect()
}

/// Adds the protocols that carry one of these inside.
pub(crate) fn widen(apps: &mut Vec<ProtocolId>) {
    for (family, members) in FAMILIES {
        if protocol::find(family).is_some_and(|id| apps.contains(&id)) && *family != "http" {
            apps.extend(members.iter().filter_map(|member| protocol::find(member)));
        }
    }
    apps.sort_unstable();
    apps.dedup();
}

/// IP protocols over which an application protocol is known.
fn transports(app: ProtocolId) -> impl Iterator<Item = u8> {
    let protocol = protocol::get(app);
    let known = protocol
        .patterns
        .iter()
        .map(|pattern| pattern.transport)
        .chain(protocol.probes.iter().map(|probe| probe.transport))
        .collect::<Vec<u8>>();
    if known.is_empty() { vec![TCP, UDP] } else { known }.into_iter()
}

const PACKET_HOOKS: &[(&str, Hook)] = &[
    ("all", Hook::All),
    ("flow_start", Hook::FlowStart),
    ("pre_flow", Hook::PreFlow),
    ("pre_stream", Hook::PreStream),
];

fn packet_hook(text: &str) -> Parsed<Hook> {
    PACKET_HOOKS.iter().find(|(name, _)| *name == text).map(|(_, hook)| *hook).ok_or_else(|| {
        let mut fault = Fault::new(Code::Protocol, format!("unknown hook `{text}`"));
        fault.help = Some("known hooks: all, flow_start, pre_flow, pre_stream".to_owned());
        fault
    })
}

/// A state of a protocol, by its name.
pub(crate) fn state(app: ProtocolId, text: &str) -> Option<(Direction, u8, &'static str)> {
    let protocol = protocol::get(app);
    let [to_server, to_client] = protocol.complete;
    let always = [
        ("request_started", Direction::ToServer, 0),
        ("response_started", Direction::ToClient, 0),
        ("request_complete", Direction::ToServer, to_server),
        ("response_complete", Direction::ToClient, to_client),
    ];
    let own = [Direction::ToServer, Direction::ToClient].into_iter().zip(protocol.states).flat_map(
        |(direction, states)| states.iter().map(move |(name, progress)| (*name, direction, *progress)),
    );
    own.chain(always)
        .find(|(name, ..)| *name == text)
        .map(|(name, direction, progress)| (direction, progress, name))
}

fn state_hook(app: ProtocolId, text: &str) -> Parsed<Hook> {
    let protocol = protocol::get(app);
    match state(app, text) {
        Some((direction, progress, name)) => Ok(Hook::App { direction, progress, name }),
        None => {
            let names: Vec<&str> =
                protocol.states.iter().flat_map(|states| states.iter().map(|(name, _)| *name)).collect();
            let mut fault = Fault::new(Code::Protocol, format!("`{}` has no state `{text}`", protocol.name));
            fault.help = meant(text, names.iter().copied());
            if fault.help.is_none() && !names.is_empty() {
                fault.help = Some(format!("its states: {}", names.join(", ")));
            }
            Err(fault)
        }
    }
}
