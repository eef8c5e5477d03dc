//! Which protocol is it? By byte patterns on any port, then by probes on the ports where a protocol lives.
//!
//! The registry is turned once per configuration into an [`Index`]: patterns by the byte that stands first in them, probes
//! by port. Looking at the start of a stream then costs a few table look-ups, however many protocols there are.

use std::fmt::Debug;
use std::sync::OnceLock;

use model::Direction;

use crate::{Config, Endpoints, ProtocolId, REGISTRY};

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
    /// Bytes looked at, at most; more without an answer is a no. 0 = no limit.
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
pub struct Detection {
    /// What was found, and whether the sides are the other way round.
    pub found: Option<(ProtocolId, bool)>,
    /// More bytes would not let another pattern match.
    pub patterns_done: bool,
    /// More bytes would not let a probe say yes.
    pub probes_done: bool,
}

impl Detection {
    const fn of(protocol: ProtocolId, reversed: bool) -> Self {
        Self { found: Some((protocol, reversed)), patterns_done: true, probes_done: true }
    }
}

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) direction: Direction,
    pub(crate) endpoints: &'a Endpoints,
    /// Stands in for the server's port (a tunnel's inner port).
    pub(crate) port: Option<u16>,
    /// The protocol that was announced: its probes are asked first, whatever the port.
    pub(crate) expected: Option<ProtocolId>,
    /// Nothing matched in the data's direction: try the other (`stream.midstream`).
    pub(crate) midstream: bool,
}

/// The registry as detection wants it; built from the configuration when first used.
#[derive(Debug, Default, Clone)]
pub struct Index {
    tables: OnceLock<Box<Tables>>,
}

#[derive(Debug, Clone)]
struct Tables {
    /// By transport (TCP, UDP) and direction.
    patterns: [[PatternTable; 2]; 2],
    probes: [ProbeTable; 2],
    /// Protocols that are recognised and named, but not parsed (`<protocol>.enabled: detection-only`).
    named_only: Vec<ProtocolId>,
}

const TCP: u8 = 6;
const UDP: u8 = 17;

fn place(transport: u8) -> Option<usize> {
    match transport {
        TCP => Some(0),
        UDP => Some(1),
        _ => None,
    }
}

impl Index {
    fn tables(&self, config: &Config) -> &Tables {
        self.tables.get_or_init(|| Box::new(Tables::new(config)))
    }

    /// Whether the configuration wants `protocol` recognised but not parsed.
    pub(crate) fn named_only(&self, config: &Config, protocol: ProtocolId) -> bool {
        self.tables(config).named_only.contains(&protocol)
    }

    /// Looks at the first bytes of one direction.
    pub(crate) fn detect(&self, look: &Look<'_>, config: &Config) -> Detection {
        let tables = self.tables(config);
        let Some(place) = place(look.endpoints.transport) else {
            return Detection { found: None, patterns_done: true, probes_done: true };
        };
        let (found, patterns_done) = tables.by_pattern(place, look);
        if let Some((id, reversed)) = found {
            return match self.second_opinion(tables, place, look, id) {
                Some((id, reversed)) => Detection::of(id, reversed),
                None => Detection::of(id, reversed),
            };
        }
        let (found, probes_done) = tables.probes[place].ask(look);
        if let Some((id, reversed)) = found {
            return Detection::of(id, reversed);
        }
        Detection { found: None, patterns_done, probes_done }
    }

    /// Two bytes at the start of a datagram are weak evidence for DCERPC (a DNS id looks the same): a probe overrules them.
    fn second_opinion(
        &self,
        tables: &Tables,
        place: usize,
        look: &Look<'_>,
        found: ProtocolId,
    ) -> Option<(ProtocolId, bool)> {
        let weak = look.endpoints.transport == UDP && crate::get(found).name == "dcerpc";
        if weak { tables.probes[place].ask(look).0 } else { None }
    }
}

impl Tables {
    fn new(config: &Config) -> Self {
        let mut tables =
            Tables { patterns: Default::default(), probes: Default::default(), named_only: Vec::new() };
        for (protocol, number) in REGISTRY.iter().zip(0u8..) {
            let id = ProtocolId(number);
            if config.disabled.contains(&id) {
                continue;
            }
            let switch = format!("{}.enabled", protocol.name.replace('-', "_"));
            if config.setting(&switch) == Some("detection-only") {
                tables.named_only.push(id);
            }
            let on = |transport| place(transport).filter(|_| !config.disabled_on.contains(&(id, transport)));
            for pattern in protocol.patterns {
                let Some(place) = on(pattern.transport) else { continue };
                tables.patterns[place][pattern.direction.index()].add(id, pattern);
            }
            for probe in protocol.probes {
                let Some(place) = on(probe.transport) else { continue };
                tables.probes[place].add(id, probe, config);
            }
        }
        tables
    }

    fn by_pattern(&self, place: usize, look: &Look<'_>) -> (Option<(ProtocolId, bool)>, bool) {
        let here = look.direction.index();
        let (found, done) = self.patterns[place][here].find(look.bytes);
        if found.is_some() || !look.midstream {
            return (found, done);
        }
        let (other, other_done) = self.patterns[place][1 - here].find(look.bytes);
        (other.map(|(id, _)| (id, true)), done && other_done)
    }
}

/// Patterns of one transport and direction.
#[derive(Debug, Default, Clone)]
struct PatternTable {
    /// Patterns that stand at one position only, by that position, then by their first byte.
    fixed: Vec<(usize, Vec<Vec<Candidate>>)>,
    /// Patterns that may stand at several positions.
    floating: Vec<Candidate>,
    depth: usize,
    count: u16,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    protocol: ProtocolId,
    /// Position in the registry's order, so that the first registered wins.
    order: u16,
    pattern: &'static Pattern,
}

impl PatternTable {
    fn add(&mut self, protocol: ProtocolId, pattern: &'static Pattern) {
        let candidate = Candidate { protocol, order: self.count, pattern };
        self.count += 1;
        self.depth = self.depth.max(pattern.depth);
        let Some(&first) = pattern.bytes.first() else { return };
        if pattern.depth > pattern.offset + pattern.bytes.len() {
            self.floating.push(candidate);
            return;
        }
        let position = match self.fixed.iter().position(|(offset, _)| *offset == pattern.offset) {
            Some(position) => position,
            None => {
                self.fixed.push((pattern.offset, vec![Vec::new(); 256]));
                self.fixed.len() - 1
            }
        };
        let lists = &mut self.fixed[position].1;
        lists[usize::from(first)].push(candidate);
        let other_case = match first {
            b'a'..=b'z' => first.to_ascii_uppercase(),
            _ => first.to_ascii_lowercase(),
        };
        if pattern.nocase && other_case != first {
            lists[usize::from(other_case)].push(candidate);
        }
    }

    /// What matches, and whether more bytes could not change a "nothing".
    fn find(&self, bytes: &[u8]) -> (Option<(ProtocolId, bool)>, bool) {
        let mut best: Option<(u16, ProtocolId, bool)> = None;
        let mut more = bytes.len() < self.depth;
        let fixed = self.fixed.iter().filter_map(|(offset, lists)| {
            let first = bytes.get(*offset)?;
            Some(lists[usize::from(*first)].iter())
        });
        for candidate in fixed.flatten().chain(&self.floating) {
            if !found(candidate.pattern, bytes) {
                continue;
            }
            let answer = candidate.pattern.confirm.map_or(ProbeAnswer::Yes, |confirm| confirm(bytes));
            match answer {
                ProbeAnswer::No => {}
                ProbeAnswer::More => more = true,
                ProbeAnswer::Yes | ProbeAnswer::YesReversed => {
                    if best.is_none_or(|(order, _, _)| candidate.order < order) {
                        best =
                            Some((candidate.order, candidate.protocol, answer == ProbeAnswer::YesReversed));
                    }
                }
            }
        }
        (best.map(|(_, id, reversed)| (id, reversed)), !more)
    }
}

fn found(pattern: &Pattern, bytes: &[u8]) -> bool {
    let end = pattern.depth.min(bytes.len());
    let Some(window) = bytes.get(pattern.offset..end) else { return false };
    window.windows(pattern.bytes.len()).any(|part| {
        if pattern.nocase { part.eq_ignore_ascii_case(pattern.bytes) } else { part == pattern.bytes }
    })
}

/// Probes of one transport.
#[derive(Debug, Default, Clone)]
struct ProbeTable {
    list: Vec<PlacedProbe>,
}

#[derive(Debug, Clone)]
struct PlacedProbe {
    protocol: ProtocolId,
    /// Sorted; `None` = any port.
    ports: Option<Vec<u16>>,
    probe: &'static Probe,
}

impl PlacedProbe {
    fn at(&self, server: u16, client: u16) -> bool {
        self.holds(server) || (self.probe.side == Side::Either && self.holds(client))
    }

    fn holds(&self, port: u16) -> bool {
        self.ports.as_ref().is_none_or(|ports| ports.binary_search(&port).is_ok())
    }

    fn ask(&self, look: &Look<'_>) -> ProbeAnswer {
        if look.bytes.len() < self.probe.depth_min {
            return ProbeAnswer::More;
        }
        match (self.probe.look)(look.bytes, look.direction, look.endpoints) {
            ProbeAnswer::More if self.probe.depth_max > 0 && look.bytes.len() > self.probe.depth_max => {
                ProbeAnswer::No
            }
            answer => answer,
        }
    }
}

impl ProbeTable {
    fn add(&mut self, id: ProtocolId, probe: &'static Probe, config: &Config) {
        let ports = match probe.ports {
            Ports::Any => None,
            Ports::These(default) => {
                let mut ports = config.ports_of(id, probe.transport).unwrap_or(default).to_vec();
                ports.sort_unstable();
                Some(ports)
            }
        };
        self.list.push(PlacedProbe { protocol: id, ports, probe });
    }

    /// What says yes, and whether more bytes could not change a "nothing".
    fn ask(&self, look: &Look<'_>) -> (Option<(ProtocolId, bool)>, bool) {
        let server = look.port.unwrap_or(look.endpoints.server_port);
        let client = look.endpoints.client_port;
        let mut more = false;
        let expected = self.list.iter().filter(|placed| Some(placed.protocol) == look.expected);
        let at_port = self.list.iter().filter(|placed| {
            Some(placed.protocol) != look.expected
                && (placed.at(server, client) || (look.midstream && placed.at(client, server)))
        });
        for placed in expected.chain(at_port) {
            match placed.ask(look) {
                ProbeAnswer::No => {}
                ProbeAnswer::More => more = true,
                // Picked up midway, the server spoke first: its port stands where the client's was taken to be.
                ProbeAnswer::Yes => {
                    let expected = Some(placed.protocol) == look.expected;
                    let reversed = look.midstream && !expected && !placed.at(server, client);
                    return (Some((placed.protocol, reversed)), true);
                }
                ProbeAnswer::YesReversed => return (Some((placed.protocol, true)), true),
            }
        }
        (None, !more)
    }
}
