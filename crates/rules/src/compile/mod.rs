//! From typed rules to a rule set: order, numbers for names, patterns, groups.

mod fast;
mod kind;
mod lower;
mod names;
mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use model::Direction;
use protocol::{FieldKind, ProtocolId, REGISTRY};

pub(crate) use fast::{Choice, Span, Where, choose};
pub(crate) use lower::{TCP_SYN, speaks};
pub(crate) use names::Names;

use crate::Settings;
use crate::border::{Border, Sides, ZONES};
use crate::index::{
    AddressIndex, ByPort, Class, Engine, Index, Joined, PacketIndex, Patterns, Source, TransactionIndex,
};
use crate::inspect::Transform;
use crate::ir::{PacketTest, Place, Rule};
use crate::scan::{Scanner, ScannerBuilder};
use crate::sig::{Head, Kind, Part, Sig, Test, What};
use crate::store::Scanners;

/// Puts rules in order, brings them into running form, and gives names their numbers.
pub(crate) fn signatures(rules: Vec<Rule>, settings: &Settings) -> (Vec<Sig>, Names) {
    let order = order::order(&rules, settings);
    let mut slots: Vec<Option<Rule>> = rules.into_iter().map(Some).collect();
    let mut names = Names::default();
    let sigs = order
        .into_iter()
        .filter_map(|position| slots.get_mut(position).and_then(Option::take))
        .map(|rule| lower::lower(rule, &mut names))
        .collect();
    names.close();
    (sigs, names)
}

/// Brings one rule more into running form.
pub(crate) fn signature(rule: Rule, names: &mut Names) -> Sig {
    lower::lower(rule, names)
}

/// Groups signatures so that traffic meets few of them.
pub(crate) fn index(sigs: &[Sig], names: &Names) -> Index {
    let border = Border::choose(sigs, names);
    let mut builder = Builder { sides: Sides::new(&border, names), ..Builder::default() };
    for (position, sig) in sigs.iter().enumerate() {
        let number = u32::try_from(position).expect("rules are counted in 32 bits");
        builder.add(sig, number, names);
    }
    builder.build(border, sigs, names)
}

#[derive(Default)]
struct Builder {
    sides: Sides,
    /// By zone, class and direction.
    packets: HashMap<(usize, Class, usize), PacketBuilder>,
    /// By zone, protocol and direction.
    transactions: HashMap<(usize, ProtocolId, usize), TransactionBuilder>,
    frames: Vec<u32>,
    ip_only: Vec<u32>,
    backward: [[u128; 2]; ZONES],
}

#[derive(Default)]
struct PacketBuilder {
    any: PatternsBuilder,
    /// By source port, by destination port.
    ports: [BTreeMap<u16, PatternsBuilder>; 2],
}

#[derive(Default)]
struct PatternsBuilder {
    stream: ScannerBuilder,
    packet: ScannerBuilder,
    joined: Joined,
    /// Rules without a pattern, by what the packet must have.
    unfiltered: BTreeMap<u16, Vec<u32>>,
}

/// Ports of a rule up to which it is found by port.
const PORTS_MAX: u32 = 32;

impl PacketBuilder {
    /// Calls `add` with each place where the patterns of a rule with this header belong.
    fn places(&mut self, head: &Head, names: &Names, mut add: impl FnMut(&mut PatternsBuilder)) {
        let narrow = |set: u32| {
            let set = names.ports.get(set as usize)?;
            let count: u32 = set.ranges().iter().map(|(low, high)| u32::from(high - low) + 1).sum();
            (count <= PORTS_MAX).then_some(set)
        };
        // Destinations tell more: sources are mostly chosen at random.
        let side = [1, 0].into_iter().find_map(|side| {
            let set = narrow(if side == 1 { head.dst_ports } else { head.src_ports })?;
            Some((side, set))
        });
        match side {
            Some((side, set)) if !head.either_way && !head.both_sides => {
                for port in set.ranges().iter().flat_map(|(low, high)| *low..=*high) {
                    add(self.ports[side].entry(port).or_default());
                }
            }
            _ => add(&mut self.any),
        }
    }
}

#[derive(Default)]
struct TransactionBuilder {
    engines: Vec<(u8, Source, Arc<Part>, ScannerBuilder)>,
    unfiltered: Vec<u32>,
}

impl Builder {
    fn add(&mut self, sig: &Sig, number: u32, names: &Names) {
        if sig.firewall
            || sig.head.never
            || sig.tests.iter().any(|test| matches!(test, Test::Packet(PacketTest::Never)))
        {
            return;
        }
        if matches!(sig.kind, Kind::IpOnly | Kind::LikeIpOnly) {
            self.ip_only.push(number);
            return;
        }
        if sig.frame.is_some() {
            self.frames.push(number);
            return;
        }
        let choice = fast::choose(sig);
        if sig.kind == Kind::Transaction {
            self.add_transaction(sig, number, choice.as_ref(), names);
        } else {
            self.add_packet(sig, number, choice.as_ref(), names);
        }
    }

    fn add_packet(&mut self, sig: &Sig, number: u32, choice: Option<&Choice>, names: &Names) {
        let protocols = |class: &Class| {
            sig.tests.iter().all(|test| match test {
                Test::Packet(PacketTest::IpProto(set)) => class.has_any(set),
                _ => true,
            })
        };
        let classes = Class::ALL.into_iter().filter(|class| class.meets(&sig.head.proto));
        for class in classes.filter(protocols) {
            for (zone, direction) in self.places(&sig.head, sig.head.directions) {
                let place = self.packets.entry((zone, class, direction)).or_default();
                match choice {
                    Some(Choice { place: Where::Payload(looked), pattern, span }) => {
                        let stream = looked.stream && class == Class::Tcp;
                        place.places(&sig.head, names, |patterns| {
                            if stream {
                                patterns.stream.add(pattern, *span, number);
                            }
                            if looked.packet || !stream {
                                patterns.packet.add(pattern, *span, number);
                            }
                        });
                    }
                    _ => place.places(&sig.head, names, |patterns| {
                        patterns.unfiltered.entry(sig.head.gate).or_default().push(number);
                    }),
                }
            }
        }
    }

    fn add_transaction(&mut self, sig: &Sig, number: u32, choice: Option<&Choice>, names: &Names) {
        let chosen = match choice {
            Some(Choice { place: Where::Step(part), pattern, span }) => Some((part, pattern, *span)),
            _ => None,
        };
        let mut in_payload = false;
        for plan in &sig.plans {
            if plan.steps.iter().any(|step| matches!(step.what, What::Stream(_))) {
                for (zone, direction) in self.places(&sig.head, sig.head.directions) {
                    self.backward[zone][direction] |= 1 << plan.protocol.0;
                }
            }
            for (zone, direction) in self.places(&sig.head, plan.directions) {
                let place = self.transactions.entry((zone, plan.protocol, direction)).or_default();
                let step = chosen.and_then(|(part, pattern, span)| {
                    plan.steps
                        .iter()
                        .find(|step| part_of(&step.what).is_some_and(|of| Arc::ptr_eq(of, part)))
                        .map(|step| (step, part, pattern, span))
                });
                match step {
                    // A `=>` rule is found by its pattern in one direction, and goes on from there in the other.
                    Some((step, ..))
                        if !step.directions[direction] && !matches!(step.what, What::Stream(_)) => {}
                    Some((step, part, pattern, span)) => match source_of(&step.what) {
                        Some(source) => {
                            let progress = step.progress[direction];
                            let whole = is_whole(plan.protocol, source);
                            let span = if whole { span } else { span.in_part() };
                            place.engine(progress, source, part).add(pattern, span, number);
                        }
                        None => in_payload = true,
                    },
                    None => place.unfiltered.push(number),
                }
            }
        }
        // The stream is then looked at from further back than it is searched: no place in it is known.
        if let (true, Some((_, pattern, _))) = (in_payload, chosen) {
            for class in Class::ALL.into_iter().filter(|class| class.meets(&sig.head.proto)) {
                for (zone, direction) in self.places(&sig.head, sig.head.directions) {
                    let place = self.packets.entry((zone, class, direction)).or_default();
                    place.places(&sig.head, names, |patterns| {
                        let tcp = class == Class::Tcp;
                        let scanner = if tcp { &mut patterns.stream } else { &mut patterns.packet };
                        scanner.add(pattern, Span::Anywhere, number);
                    });
                }
            }
        }
    }

    /// Zones and directions in which a rule is looked for.
    fn places(&self, head: &Head, directions: [bool; 2]) -> Vec<(usize, usize)> {
        let zones = self.sides.zones(head);
        zones.flat_map(|zone| sides(directions).map(move |direction| (zone, direction))).collect()
    }

    fn build(self, border: Border, sigs: &[Sig], names: &Names) -> Index {
        let mut packets = self.packets;
        let mut transactions = self.transactions;
        let mut shared = Shared::default();
        let per_zone = (0..ZONES).map(|zone| {
            Class::ALL.map(|class| {
                [0, 1].map(|direction| {
                    packets.remove(&(zone, class, direction)).unwrap_or_default().build(&mut shared)
                })
            })
        });
        let packets = per_zone.collect();
        let protocols =
            || (0..REGISTRY.len()).map(|at| u8::try_from(at).expect("protocols are counted in 8 bits"));
        let per_zone = (0..ZONES).map(|zone| {
            let of_protocol = protocols().map(|at| {
                [0, 1].map(|direction| {
                    let place = (zone, ProtocolId(at), direction);
                    transactions.remove(&place).unwrap_or_default().build(ProtocolId(at), &mut shared)
                })
            });
            of_protocol.collect()
        });
        let transactions: Box<[Box<[[TransactionIndex; 2]]>]> = per_zone.collect();
        Index {
            border,
            blind: Index::blind(&transactions),
            packets,
            transactions,
            scanners: Scanners::built(shared.scanners),
            backward: self.backward,
            frames: self.frames.into(),
            ip_only: AddressIndex::build(&self.ip_only, sigs, names),
        }
    }
}

/// Scanners that several groups use.
#[derive(Default)]
struct Shared {
    scanners: Vec<Scanner>,
    /// By what they were built from.
    positions: HashMap<ScannerBuilder, u32>,
}

impl Shared {
    /// Where the scanner for these patterns is; `None` without patterns.
    fn position(&mut self, patterns: ScannerBuilder) -> Option<u32> {
        if let Some(position) = self.positions.get(&patterns) {
            return Some(*position);
        }
        let scanner = patterns.build()?;
        let position = u32::try_from(self.scanners.len()).expect("groups are counted in 32 bits");
        self.scanners.push(scanner);
        self.positions.insert(patterns, position);
        Some(position)
    }
}

/// Ports whose patterns have those for any port put with them: one pass over the traffic of such a port, then, in place of two.
/// They are the ones with most patterns of their own, which are those with most traffic, too.
const JOINED_MAX: usize = 4;
/// A port with fewer patterns of its own is none of them.
const JOINED_PATTERNS_MIN: usize = 16;

impl PacketBuilder {
    fn build(self, shared: &mut Shared) -> PacketIndex {
        let any = &self.any;
        let [sources, destinations] = self.ports.map(|mut ports| {
            let mut counts: Vec<(usize, u16)> = ports.iter().map(|(port, own)| (own.len(), *port)).collect();
            counts.sort_unstable_by_key(|(count, port)| (std::cmp::Reverse(*count), *port));
            for (_, port) in counts.into_iter().take(JOINED_MAX) {
                if let Some(patterns) = ports.get_mut(&port) {
                    patterns.join(any);
                }
            }
            ByPort::new(ports.into_iter().map(|(port, patterns)| (port, patterns.build(shared))))
        });
        PacketIndex { any: self.any.build(shared), sources, destinations }
    }
}

impl PatternsBuilder {
    /// How many patterns there are.
    fn len(&self) -> usize {
        self.stream.len().max(self.packet.len())
    }

    /// Takes in the patterns for any port, if that is worth it.
    fn join(&mut self, any: &PatternsBuilder) {
        if self.len() < JOINED_PATTERNS_MIN {
            return;
        }
        for (own, others, joined) in [
            (&mut self.stream, &any.stream, &mut self.joined.stream),
            (&mut self.packet, &any.packet, &mut self.joined.packet),
        ] {
            // Where there are only a few, they cost a pass all the same.
            if own.len() > 0 {
                own.merge(others);
                *joined = true;
            }
        }
    }

    fn build(self, shared: &mut Shared) -> Patterns {
        let unfiltered = self.unfiltered.into_iter().map(|(gate, rules)| (gate, rules.into())).collect();
        let (stream, packet) = (shared.position(self.stream), shared.position(self.packet));
        Patterns { stream, packet, joined: self.joined, unfiltered }
    }
}

impl TransactionBuilder {
    fn engine(&mut self, progress: u8, source: Source, part: &Arc<Part>) -> &mut ScannerBuilder {
        let known = self.engines.iter().position(|(known_progress, known_source, known_part, _)| {
            (*known_progress, *known_source) == (progress, source)
                && Transform::same(&known_part.transforms, &part.transforms)
        });
        let position = known.unwrap_or_else(|| {
            self.engines.push((progress, source, Arc::clone(part), ScannerBuilder::default()));
            self.engines.len() - 1
        });
        &mut self.engines[position].3
    }

    /// What a protocol keeps as a body and what it makes a file of are mostly the same bytes: their patterns are searched in one
    /// pass.
    fn share_contents(&mut self, protocol: ProtocolId) {
        let is_content = |engine: &&mut (u8, Source, Arc<Part>, ScannerBuilder)| {
            engine.2.transforms.is_empty() && is_content(protocol, engine.1)
        };
        let mut all = ScannerBuilder::default();
        for (.., patterns) in self.engines.iter_mut().filter(is_content) {
            all.merge(patterns);
        }
        for (.., patterns) in self.engines.iter_mut().filter(is_content) {
            *patterns = all.clone();
        }
    }

    fn build(mut self, protocol: ProtocolId, shared: &mut Shared) -> TransactionIndex {
        self.share_contents(protocol);
        self.engines.sort_by_key(|(progress, ..)| *progress);
        let engines = self.engines.into_iter().filter_map(|(progress, source, part, patterns)| {
            let scanner = shared.position(patterns)?;
            Some(Engine { progress, source, transforms: part.transforms.clone(), scanner })
        });
        TransactionIndex { engines: engines.collect(), unfiltered: self.unfiltered.into() }
    }
}

fn sides(directions: [bool; 2]) -> impl Iterator<Item = usize> {
    Direction::BOTH.into_iter().map(Direction::index).filter(move |direction| directions[*direction])
}

fn part_of(what: &What) -> Option<&Arc<Part>> {
    match what {
        What::Bytes { part, .. }
        | What::FileData(part)
        | What::FileName(part)
        | What::FileMagic(part)
        | What::Stream(part) => Some(part),
        What::Number { .. }
        | What::Custom { .. }
        | What::Event(_)
        | What::State { .. }
        | What::FileSize(_)
        | What::Hashes(_)
        | What::AnyFile
        | What::Reached => None,
    }
}

/// Whether a buffer is always looked at from its start.
fn is_whole(protocol: ProtocolId, source: Source) -> bool {
    match source {
        Source::Field(field) => {
            matches!(Place { protocol, field }.field().kind, FieldKind::Bytes(_) | FieldKind::List(_))
        }
        Source::FileName | Source::FileMagic => true,
        Source::FileData => false,
    }
}

/// Whether a buffer is a file's content, or a body that may be made a file of.
fn is_content(protocol: ProtocolId, source: Source) -> bool {
    match source {
        Source::Field(field) => matches!(Place { protocol, field }.field().kind, FieldKind::Body(_)),
        Source::FileData => true,
        Source::FileName | Source::FileMagic => false,
    }
}

fn source_of(what: &What) -> Option<Source> {
    match what {
        What::Bytes { field, .. } => Some(Source::Field(*field)),
        What::FileData(_) => Some(Source::FileData),
        What::FileName(_) => Some(Source::FileName),
        What::FileMagic(_) => Some(Source::FileMagic),
        What::Stream(_)
        | What::Number { .. }
        | What::Custom { .. }
        | What::Event(_)
        | What::State { .. }
        | What::FileSize(_)
        | What::Hashes(_)
        | What::AnyFile
        | What::Reached => None,
    }
}
