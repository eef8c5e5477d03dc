//! Which protocol is it? By byte patterns on any port, then by probes on the ports where a protocol lives.

use model::Direction;

use crate::{Config, Endpoints, Protocol, ProtocolId, REGISTRY};

/// Bytes that identify a protocol at the start of one direction.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// IP protocol number.
    pub transport: u8,
    /// Direction in which it is sent.
    pub direction: Direction,
    /// The bytes.
    pub bytes: &'static [u8],
    /// Ignore ASCII case.
    pub nocase: bool,
    /// First position where it may stand.
    pub offset: usize,
    /// It must end at or before this position.
    pub depth: usize,
    /// Has the last word, when given: looks at all bytes there are.
    pub confirm: Option<fn(&[u8]) -> ProbeAnswer>,
}

/// On which side of the flow a probe's port lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server's port.
    Server,
    /// Either port.
    Either,
}

/// Ports of a probe.
#[derive(Debug, Clone, Copy)]
pub enum Ports {
    /// Any port.
    Any,
    /// One of these, changed by the setting `<protocol>.ports`.
    These(&'static [u16]),
}

/// A function that looks at the first bytes.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// IP protocol number.
    pub transport: u8,
    /// Ports.
    pub ports: Ports,
    /// On which side they lie.
    pub side: Side,
    /// Bytes needed at least.
    pub depth_min: usize,
    /// Bytes looked at, at most; more without an answer is a no.
    pub depth_max: usize,
    /// The function, told the direction of the bytes.
    pub look: fn(&[u8], Direction, &Endpoints) -> ProbeAnswer,
}

/// What a probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// It is this protocol.
    Yes,
    /// It is this protocol, and the sides are the other way round: the flow's "client" is the protocol's server.
    YesReversed,
    /// It is not.
    No,
    /// More bytes are needed.
    More,
}

/// Outcome of looking at the start of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// Found.
    Found {
        /// Which.
        protocol: ProtocolId,
        /// The sides are the other way round.
        reversed: bool,
    },
    /// More bytes may tell.
    More,
    /// None that we know.
    Unknown,
}

/// Looks at the first bytes of one direction.
pub(crate) fn detect(
    bytes: &[u8],
    direction: Direction,
    endpoints: &Endpoints,
    config: &Config,
) -> Detection {
    let mut more = false;
    for (protocol, id) in enabled(config, endpoints.transport) {
        match by_pattern(protocol, bytes, direction, endpoints) {
            ProbeAnswer::Yes => return Detection::Found { protocol: id, reversed: false },
            ProbeAnswer::YesReversed => return Detection::Found { protocol: id, reversed: true },
            ProbeAnswer::More => more = true,
            ProbeAnswer::No => {}
        }
    }
    for (protocol, id) in enabled(config, endpoints.transport) {
        match by_probe(protocol, bytes, direction, endpoints, config.ports_of(id, endpoints.transport)) {
            ProbeAnswer::Yes => return Detection::Found { protocol: id, reversed: false },
            ProbeAnswer::YesReversed => return Detection::Found { protocol: id, reversed: true },
            ProbeAnswer::More => more = true,
            ProbeAnswer::No => {}
        }
    }
    if more { Detection::More } else { Detection::Unknown }
}

fn enabled(config: &Config, transport: u8) -> impl Iterator<Item = (&'static Protocol, ProtocolId)> {
    REGISTRY.iter().zip(0u8..).map(|(protocol, number)| (*protocol, ProtocolId(number))).filter(
        move |&(_, id)| !config.disabled.contains(&id) && !config.disabled_on.contains(&(id, transport)),
    )
}

fn by_pattern(protocol: &Protocol, bytes: &[u8], direction: Direction, endpoints: &Endpoints) -> ProbeAnswer {
    let mut answer = ProbeAnswer::No;
    for pattern in protocol.patterns {
        if pattern.transport != endpoints.transport || pattern.direction != direction {
            continue;
        }
        if found(pattern, bytes) {
            match pattern.confirm.map_or(ProbeAnswer::Yes, |confirm| confirm(bytes)) {
                ProbeAnswer::No => {}
                ProbeAnswer::More => answer = ProbeAnswer::More,
                yes => return yes,
            }
        } else if bytes.len() < pattern.depth {
            answer = ProbeAnswer::More;
        }
    }
    answer
}

fn found(pattern: &Pattern, bytes: &[u8]) -> bool {
    let end = pattern.depth.min(bytes.len());
    let Some(window) = bytes.get(pattern.offset..end) else { return false };
    window.windows(pattern.bytes.len()).any(|part| {
        if pattern.nocase { part.eq_ignore_ascii_case(pattern.bytes) } else { part == pattern.bytes }
    })
}

fn by_probe(
    protocol: &Protocol,
    bytes: &[u8],
    direction: Direction,
    endpoints: &Endpoints,
    configured: Option<&[u16]>,
) -> ProbeAnswer {
    let mut answer = ProbeAnswer::No;
    for probe in protocol.probes {
        let here = match (probe.ports, probe.side) {
            (Ports::Any, _) => true,
            (Ports::These(ports), side) => {
                let ports = configured.unwrap_or(ports);
                ports.contains(&endpoints.server_port)
                    || side == Side::Either && ports.contains(&endpoints.client_port)
            }
        };
        if !here || probe.transport != endpoints.transport {
            continue;
        }
        if bytes.len() < probe.depth_min {
            answer = ProbeAnswer::More;
            continue;
        }
        match (probe.look)(bytes, direction, endpoints) {
            ProbeAnswer::No => {}
            ProbeAnswer::More if bytes.len() >= probe.depth_max => {}
            ProbeAnswer::More => answer = ProbeAnswer::More,
            yes => return yes,
        }
    }
    answer
}
