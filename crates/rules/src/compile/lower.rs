//! From a rule as it was written to a rule as it runs.

use std::sync::Arc;

use model::Direction;
use protocol::{ProtocolId, REGISTRY, Sides};

use super::kind::{is_of_transaction, kind, payload_sides};
use super::names::Names;
use crate::NumberTest;
use crate::inspect::Transform;
use crate::ir::{
    self, FlowCondition, Hook, Inspection, Late, PacketTest, Place, PostAction, Rule, Subject, Track,
    TransactionTest, Verb,
};
use crate::op::lower as lower_ops;
use crate::sig::{
    ANY, FrameLook, Head, Kind, Look, Part, PayloadSides, Plan, Post, Sig, Step, Test, What, gate,
};

/// Brings a rule into the form in which it runs.
pub(super) fn lower(rule: Rule, names: &mut Names) -> Sig {
    let kind = kind(&rule);
    let sides = payload_sides(&rule);
    let flow = flow_condition(&rule);
    let hook_direction = match rule.header.hook {
        Some(Hook::App { direction, .. }) => Some(direction),
        _ => None,
    };
    let wanted = flow.and_then(|flow| flow.direction).or(hook_direction);
    let directions = Direction::BOTH.map(|direction| wanted.is_none_or(|wanted| wanted == direction));
    let Rule {
        meta,
        action,
        header,
        packet: tests,
        inspections,
        transaction,
        hashes,
        late,
        post,
        firewall,
        ..
    } = rule;

    let mut parts = Parts::default();
    for inspection in inspections {
        parts.add(inspection, sides, kind == Kind::Transaction, names);
    }
    let directions = if header.both_sides { [true; 2] } else { directions };
    let stores_files = post.iter().any(|action| matches!(action, PostAction::Filestore { .. }));
    let plans = plans(&header, &parts.steps, &transaction, &hashes, directions, stores_files);
    let gate = gate_of(kind, &tests, &parts.looks, flow, !header.apps.is_empty());
    let tests = tests
        .into_iter()
        .filter(|test| !matches!(test, PacketTest::Flow(_)))
        .map(|test| lower_test(test, names))
        .collect();
    let head = Head {
        proto: header.proto,
        spoken: spoken(&header.apps),
        apps: header.apps.into(),
        never: header.never,
        hook: header.hook,
        hook_up_to: header.hook_up_to,
        src: names.addresses(header.src),
        dst: names.addresses(header.dst),
        src_ports: names.ports(header.src_ports),
        dst_ports: names.ports(header.dst_ports),
        directions,
        flow,
        gate,
        both_sides: header.both_sides,
        either_way: header.either_way,
    };
    let (mut suppressed, counted): (Vec<Late>, Vec<Late>) =
        late.into_iter().partition(|late| matches!(late, Late::Suppress { .. }));
    let crosses_flows = counted.iter().any(crosses_flows);
    suppressed.extend(counted);
    Sig {
        alerts: (action.alert || action.verb == Verb::Alert || drops(action.verb)) && !meta.noalert,
        kind,
        head,
        tests,
        looks: parts.looks.into(),
        frame: parts.frame,
        plans,
        tags: post
            .iter()
            .filter_map(|action| match action {
                PostAction::Tag(tag) => Some(*tag),
                _ => None,
            })
            .collect(),
        post: post.into_iter().filter_map(|action| lower_post(action, names)).collect(),
        late: suppressed.into(),
        crosses_flows,
        meta,
        action,
        firewall,
    }
}

fn drops(verb: Verb) -> bool {
    matches!(verb, Verb::Drop | Verb::Reject | Verb::RejectDst | Verb::RejectBoth)
}

/// Whether a condition is counted in tables that cross flows.
fn crosses_flows(late: &Late) -> bool {
    match late {
        Late::Threshold { track, .. }
        | Late::DetectionFilter { track, .. }
        | Late::RateFilter { track, .. } => *track != Track::Flow,
        Late::Suppress { .. } => false,
    }
}

/// All `flow` options of a rule as one.
fn flow_condition(rule: &Rule) -> Option<FlowCondition> {
    let mut all = rule.packet.iter().filter_map(|test| match test {
        PacketTest::Flow(flow) => Some(*flow),
        _ => None,
    });
    let first = all.next()?;
    Some(all.fold(first, |sum, next| FlowCondition {
        direction: next.direction.or(sum.direction),
        state: if next.state == ir::FlowState::Any { sum.state } else { next.state },
        stream: next.stream.or(sum.stream),
        fragment: next.fragment.or(sum.fragment),
    }))
}

/// Inspections, sorted by where they run.
#[derive(Default)]
struct Parts {
    looks: Vec<Look>,
    frame: Option<FrameLook>,
    steps: Vec<(Subject, Arc<Part>)>,
}

impl Parts {
    fn add(&mut self, inspection: Inspection, sides: PayloadSides, in_transaction: bool, names: &mut Names) {
        let Inspection { subject, transforms, ops, absent, direction } = inspection;
        let transforms: Box<[Transform]> = transforms.iter().map(Transform::lower).collect();
        let ops = lower_ops(ops, names);
        match subject {
            subject if is_of_transaction(&subject) => {
                self.steps.push((subject, Arc::new(Part { transforms, ops, absent, direction })));
            }
            Subject::Payload if in_transaction => {
                self.steps.push((Subject::Payload, Arc::new(Part { transforms, ops, absent, direction })));
            }
            Subject::Payload if transforms.is_empty() => {
                self.looks.push(Look::Payload { sides, ops });
            }
            Subject::Payload => self.looks.push(Look::PayloadTransformed { transforms, ops }),
            Subject::Packet(buffer) => self.looks.push(Look::Header { buffer, transforms, ops, absent }),
            Subject::Frame { protocol, kind } => {
                let mut parts = self.frame.take().map_or_else(Vec::new, |frame| frame.parts.into_vec());
                parts.push((transforms, ops));
                self.frame = Some(FrameLook { protocol, kind, parts: parts.into() });
            }
            _ => {}
        }
    }
}

/// TCP's SYN flag.
pub(crate) const TCP_SYN: u8 = 2;

fn gate_of(kind: Kind, tests: &[PacketTest], looks: &[Look], flow: Option<FlowCondition>, app: bool) -> u16 {
    let mut bits = 0;
    if looks.iter().any(|look| matches!(look, Look::Payload { .. } | Look::PayloadTransformed { .. })) {
        bits |= gate::PAYLOAD;
    }
    if flow.is_some() {
        bits |= gate::FLOW;
    }
    if app {
        bits |= gate::APP | gate::FLOW;
    }
    if kind == Kind::ProtocolOnly {
        bits |= gate::DETECTED | gate::FLOW;
    }
    for test in tests {
        bits |= match test {
            PacketTest::DecodeEvent(_) => gate::DECODE_EVENT,
            PacketTest::StreamEvent(_) => gate::STREAM_EVENT,
            // "Not so long" is about packets that carry something.
            PacketTest::Dsize(NumberTest::NotEqual(_)) => gate::PAYLOAD,
            PacketTest::Flags(flags) if flags.need(TCP_SYN) => gate::TCP | gate::SYN,
            PacketTest::Flags(_) | PacketTest::Seq(_) | PacketTest::Ack(_) | PacketTest::Window(_) => {
                gate::TCP
            }
            PacketTest::IcmpType(_)
            | PacketTest::IcmpCode(_)
            | PacketTest::IcmpId(_)
            | PacketTest::IcmpSeq(_) => gate::ICMP,
            _ => 0,
        };
    }
    bits
}

/// One plan per protocol in which every condition on transactions has a place.
fn plans(
    header: &ir::Header,
    steps: &[(Subject, Arc<Part>)],
    tests: &[TransactionTest],
    hashes: &[ir::FileHashes],
    directions: [bool; 2],
    stores_files: bool,
) -> Box<[Plan]> {
    let app_hook = match header.hook {
        Some(Hook::App { direction, progress, .. }) => Some((direction, progress)),
        _ => None,
    };
    if steps.is_empty() && tests.is_empty() && hashes.is_empty() && app_hook.is_none() && !stores_files {
        return Box::default();
    }
    let count = u8::try_from(REGISTRY.len()).unwrap_or(u8::MAX);
    let spoken = spoken(&header.apps);
    (0..count)
        .map(ProtocolId)
        .filter(|protocol| header.apps.is_empty() || spoken >> protocol.0 & 1 != 0)
        .filter_map(|protocol| {
            plan(protocol, header.both_sides, steps, tests, hashes, directions, app_hook, stores_files)
        })
        .collect()
}

/// Whether rules for `apps` are also for transactions of `protocol`.
pub(crate) fn speaks(apps: &[ProtocolId], protocol: ProtocolId) -> bool {
    let name = protocol::get(protocol).name;
    apps.iter().any(|app| {
        *app == protocol
            || matches!((protocol::get(*app).name, name), ("dcerpc", "smb") | ("dns" | "http2", "doh2"))
    })
}

/// A bit for each protocol that counts as one of `apps`.
fn spoken(apps: &[ProtocolId]) -> u128 {
    let count = u8::try_from(REGISTRY.len()).unwrap_or(u8::MAX);
    if apps.is_empty() {
        return 0;
    }
    assert!(count <= 128, "protocols fit into a bit set");
    (0..count).map(ProtocolId).filter(|protocol| speaks(apps, *protocol)).fold(0, |set, app| set | 1 << app.0)
}

fn plan(
    protocol: ProtocolId,
    both_sides: bool,
    steps: &[(Subject, Arc<Part>)],
    tests: &[TransactionTest],
    hashes: &[ir::FileHashes],
    directions: [bool; 2],
    hook: Option<(Direction, u8)>,
    stores_files: bool,
) -> Option<Plan> {
    let mut taken = Vec::new();
    let mut files = false;
    for (subject, part) in steps {
        let mut step = step_of(protocol, subject, part)?;
        let meant = only(part.direction);
        step.directions = [step.directions[0] && meant[0], step.directions[1] && meant[1]];
        taken.push(step);
    }
    for test in tests {
        taken.push(step_of_test(protocol, test)?);
        files |= matches!(test, TransactionTest::FileSize { .. });
    }
    for list in hashes {
        taken.push(Step { directions: [true; 2], progress: [0; 2], what: What::Hashes(list.clone()) });
        files = true;
    }
    if stores_files && !files {
        taken.push(Step { directions: [true; 2], progress: [0; 2], what: What::AnyFile });
        files = true;
    }
    if let Some((direction, progress)) = hook {
        let mut sides = [false; 2];
        sides[direction.index()] = true;
        taken.push(Step { directions: sides, progress: [progress; 2], what: What::Reached });
    }
    if taken.is_empty() || taken.len() > Plan::STEPS_MAX {
        return None;
    }
    for step in &mut taken {
        if !both_sides {
            step.directions = [step.directions[0] && directions[0], step.directions[1] && directions[1]];
        }
    }
    // Files come when they come: what is known before them is asked first, and remembered.
    let of_files = |what: &What| matches!(what, What::FileData(_) | What::FileName(_) | What::FileMagic(_));
    taken.sort_by_key(|step| (of_files(&step.what), step.progress.iter().copied().max()));
    let decided = [0, 1].map(|side| {
        if both_sides {
            taken.iter().any(|step| step.directions[side])
        } else {
            taken.iter().all(|step| step.directions[side])
        }
    });
    decided.contains(&true).then(|| Plan { protocol, steps: taken.into(), directions: decided, files })
}

/// One direction, or both.
fn only(direction: Option<Direction>) -> [bool; 2] {
    Direction::BOTH.map(|side| direction.is_none_or(|direction| direction == side))
}

fn sides_of(sides: Sides) -> [bool; 2] {
    Direction::BOTH.map(|direction| sides.has(direction))
}

fn step_of(protocol: ProtocolId, subject: &Subject, part: &Arc<Part>) -> Option<Step> {
    let of = |places: &[Place]| places.iter().copied().find(|place| place.protocol == protocol);
    let part = Arc::clone(part);
    let everywhere = |what| Step { directions: [true; 2], progress: [0; 2], what };
    match subject {
        Subject::Payload => Some(everywhere(What::Stream(part))),
        Subject::Field { places, .. } => {
            let place = of(places)?;
            let field = place.field();
            Some(Step {
                directions: sides_of(field.sides),
                progress: field.progress,
                what: What::Bytes { field: place.field, part },
            })
        }
        Subject::FileData { places } => match of(places) {
            Some(place) => {
                let field = place.field();
                // A protocol may have a body for one direction only; files serve the other.
                let what = What::Bytes { field: place.field, part };
                Some(Step { directions: sides_of(field.sides), progress: field.progress, what })
            }
            None => Some(everywhere(What::FileData(part))),
        },
        Subject::FileName => Some(everywhere(What::FileName(part))),
        Subject::FileMagic => Some(everywhere(What::FileMagic(part))),
        Subject::Packet(_) | Subject::Frame { .. } => None,
    }
}

fn step_of_test(protocol: ProtocolId, test: &TransactionTest) -> Option<Step> {
    let at = |place: &Place, what| {
        let field = place.field();
        Step { directions: sides_of(field.sides), progress: field.progress, what }
    };
    match test {
        TransactionTest::Number { places, test, items, .. } => {
            let place = places.iter().find(|place| place.protocol == protocol)?;
            Some(at(place, What::Number { field: place.field, test: *test, items: *items }))
        }
        TransactionTest::Custom { places, negated, .. } => {
            let (place, condition) = places.iter().find(|(place, _)| place.protocol == protocol)?;
            Some(at(place, What::Custom { condition: Arc::clone(condition), negated: *negated }))
        }
        TransactionTest::Event { protocol: of, code } => (*of == protocol).then(|| Step {
            directions: [true; 2],
            progress: [0; 2],
            what: What::Event(*code),
        }),
        TransactionTest::State { direction, test } => Some(Step {
            directions: [true; 2],
            progress: [0; 2],
            what: What::State { direction: *direction, test: *test },
        }),
        TransactionTest::FileSize { test, direction } => {
            let directions = only(*direction);
            Some(Step { directions, progress: [0; 2], what: What::FileSize(*test) })
        }
    }
}

fn lower_test(test: PacketTest, names: &mut Names) -> Test {
    match test {
        PacketTest::FlowbitsSet(bits) => Test::BitsSet(bits.iter().map(|bit| names.bit(bit)).collect()),
        PacketTest::FlowbitsNotSet(bits) => Test::BitsNotSet(bits.iter().map(|bit| names.bit(bit)).collect()),
        PacketTest::FlowintIs { name, test, other } => {
            Test::IntIs { name: names.int(&name), test, other: other.map(|other| names.int(&other)) }
        }
        PacketTest::FlowintSet(name) => Test::IntSet(names.int(&name)),
        PacketTest::FlowintNotSet(name) => Test::IntNotSet(names.int(&name)),
        PacketTest::Xbits { name, track, set } => Test::Xbit { bit: names.xbit(&name), track, set },
        PacketTest::Flowvar { name, bytes, negated } => {
            Test::Flowvar { name: names.var(&name), bytes, negated }
        }
        PacketTest::Pktvar { name, bytes, negated } => {
            Test::Pktvar { name: names.var(&name), bytes, negated }
        }
        plain => Test::Packet(plain),
    }
}

fn lower_post(action: PostAction, names: &mut Names) -> Option<Post> {
    Some(match action {
        PostAction::FlowbitSet(name) => Post::BitSet(names.bit(&name)),
        PostAction::FlowbitUnset(name) => Post::BitUnset(names.bit(&name)),
        PostAction::FlowbitToggle(name) => Post::BitToggle(names.bit(&name)),
        PostAction::Flowint { name, operator, value, other } => {
            Post::Int { name: names.int(&name), operator, value, other: other.map(|other| names.int(&other)) }
        }
        PostAction::XbitSet { name, track, expire } => {
            Post::XbitSet { bit: names.xbit(&name), track, expire }
        }
        PostAction::XbitUnset { name, track } => Post::XbitUnset { bit: names.xbit(&name), track },
        PostAction::XbitToggle { name, track, expire } => {
            Post::XbitToggle { bit: names.xbit(&name), track, expire }
        }
        PostAction::Filestore { direction, scope } => Post::Filestore { direction, scope },
        PostAction::Bypass => Post::Bypass,
        PostAction::ConfigLoggingOff { scope } => Post::LoggingOff(scope),
        PostAction::Tag(_) => return None,
    })
}

/// The number of "any".
pub(super) const fn any() -> u32 {
    ANY
}
