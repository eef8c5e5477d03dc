//! Watching rules: each is held against a scene condition by condition, from the outside in, beside the usual inspection.

use model::Direction;
use protocol::{FieldKind, ProtocolId};

use super::bytes::Buffer;
use super::transaction::{Taken, each_value};
use super::{Inspector, Run};
use crate::dataset::Asked;
use crate::index::Index;
use crate::ir::{Absent, PacketTest, Place};
use crate::op::Op;
use crate::sig::{Look, Part, Plan, Sig, Step, Test, What};
use crate::text::describe;
use crate::witness::{HITS_MAX, Held, Near, Scenery, Search, Sighting, Testimony, Watch, Witness, excerpt};
use crate::{Outcome, RuleSet, Scene};

/// How far a rule got on one way through its conditions.
#[derive(Debug, Default)]
struct Progress {
    held: u32,
    bytes: Vec<Held>,
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    condition: String,
    buffer: String,
    seen: String,
    tx: Option<u64>,
}

impl Progress {
    fn hold(&mut self) {
        self.held = self.held.saturating_add(1);
    }

    /// Notes a condition; says whether it held.
    fn ask(
        &mut self,
        holds: bool,
        condition: impl FnOnce() -> String,
        seen: impl FnOnce() -> String,
    ) -> bool {
        if holds {
            self.hold();
        } else {
            self.fail(condition(), String::new(), seen());
        }
        holds
    }

    fn fail(&mut self, condition: String, buffer: String, seen: String) {
        self.failed.get_or_insert(Failed { condition, buffer, seen, tx: None });
    }
}

impl Inspector {
    /// Watches from now on: [`Inspector::testimony`] tells what became of every rule.
    pub fn watch(&mut self, rules: &RuleSet, watch: &Watch) {
        let watched = match watch {
            Watch::Costs => Vec::new(),
            Watch::Conditions(sids) => (0u32..)
                .zip(&rules.sigs)
                .filter(|(_, sig)| sids.is_empty() || sids.contains(&sig.meta.sid))
                .map(|(number, _)| number)
                .collect(),
        };
        let searches = vec![Search::default(); rules.index.scanners.len()];
        let rules = vec![Testimony::default(); rules.len()];
        self.witness = Some(Box::new(Witness { rules, searches, packets: 0, watched }));
    }

    /// What became of every rule since watching began.
    pub fn testimony(&mut self) -> Option<Witness> {
        self.weigh(None);
        self.witness.take().map(|witness| *witness)
    }

    /// What follows is the cost of this rule; what came since the last call was that of the one named then.
    pub(super) fn weigh(&mut self, rule: Option<u32>) {
        let Some(witness) = &mut self.witness else { return };
        let (steps, bytes) = std::mem::take(&mut self.machine.meter);
        let of = |rule: Option<u32>| rule.map(|rule| rule as usize);
        if let Some(place) = of(self.weighed).and_then(|rule| witness.rules.get_mut(rule)) {
            place.steps += steps;
            place.bytes += bytes;
        }
        if let Some(place) = of(rule).and_then(|rule| witness.rules.get_mut(rule)) {
            place.checks += 1;
        }
        self.weighed = rule;
    }

    /// Looks for the strings of a group; what has one is a candidate.
    #[inline]
    pub(super) fn search(&mut self, index: &Index, position: u32, bytes: &[u8]) {
        let Some(scanner) = index.scanner(position) else { return };
        let before = self.candidates.len();
        scanner.scan(bytes, |rules| self.candidates.extend(rules));
        if let Some(witness) = &mut self.witness
            && let Some(search) = witness.searches.get_mut(position as usize)
        {
            search.buffers += 1;
            search.bytes += bytes.len() as u64;
            search.candidates += (self.candidates.len() - before) as u64;
        }
    }

    /// Counts a match.
    pub(super) fn count_match(&mut self, rule: u32) {
        if let Some(place) = self.witness.as_mut().and_then(|witness| witness.rules.get_mut(rule as usize)) {
            place.matches += 1;
        }
    }
}

impl<'r> Run<'r, '_> {
    /// Holds every rule against the scene, before it is inspected; what rules know of a flow is not changed.
    pub(super) fn watch(&mut self) -> Vec<(u32, Vec<Held>)> {
        let Some(mut witness) = self.tools.witness.take() else { return Vec::new() };
        witness.packets += 1;
        let mut whole = Vec::new();
        for number in std::mem::take(&mut witness.watched) {
            witness.watched.push(number);
            let Some(sig) = self.sig(number) else { continue };
            let progress = self.testify(sig);
            let Some(failed) = progress.failed else {
                whole.push((number, progress.bytes));
                continue;
            };
            let Some(place) = witness.rules.get_mut(number as usize) else { continue };
            if place.nearest.as_ref().is_none_or(|near| progress.held > near.held) {
                let at = scenery(self.scene, self.direction, failed.tx);
                let (held, of) = (progress.held, conditions(sig).max(progress.held + 1));
                let Failed { condition, buffer, seen, .. } = failed;
                place.nearest = Some(Near { at, held, of, failed: condition, buffer, seen });
            }
        }
        self.tools.witness = Some(witness);
        // What watching cost is nobody's.
        self.tools.machine.meter = (0, 0);
        self.tools.machine.captures.clear();
        self.tools.machine.contexts.clear();
        whole
    }

    fn testify(&mut self, sig: &Sig) -> Progress {
        let mut progress = Progress::default();
        if self.testify_header(sig, &mut progress) && self.testify_tests(sig, &mut progress) {
            self.testify_looks(sig, &mut progress);
            if progress.failed.is_none() && sig.frame.is_some() {
                self.testify_frames(sig, &mut progress);
            }
            if progress.failed.is_none() && !sig.plans.is_empty() {
                self.testify_transactions(sig, &mut progress);
            }
        }
        progress
    }

    fn testify_header(&mut self, sig: &Sig, progress: &mut Progress) -> bool {
        let layers = self.scene.layers;
        let head = &sig.head;
        let ends = self.ends(head, false) || ((head.either_way || head.both_sides) && self.ends(head, true));
        let flow = head.flow.is_none_or(|flow| self.flow(flow));
        let way = || match self.direction {
            Direction::ToServer => "a packet to the server".to_owned(),
            Direction::ToClient => "a packet to the client".to_owned(),
        };
        let spoken = || match self.scene.flow.as_ref() {
            None => "no flow".to_owned(),
            Some(flow) if flow.app.name().is_empty() => "a protocol not known yet".to_owned(),
            Some(flow) => flow.app.name().to_owned(),
        };
        progress.ask(
            self.proto(sig),
            || "the protocol in the rule's header".to_owned(),
            || format!("IP protocol {}", layers.protocol),
        ) && progress.ask(
            ends,
            || "addresses and ports in the rule's header".to_owned(),
            || format!("{}:{} -> {}:{}", layers.src, layers.src_port, layers.dst, layers.dst_port),
        ) && progress.ask(
            head.directions[self.direction.index()],
            || "the direction of `flow`, or of the buffers".to_owned(),
            way,
        ) && progress.ask(flow, || "`flow`".to_owned(), || self.flow_in_words())
            && progress.ask(
                self.app(head),
                || "the application protocol in the rule's header".to_owned(),
                spoken,
            )
            && progress.ask(self.hook(head), || "the rule's hook".to_owned(), way)
    }

    fn flow_in_words(&self) -> String {
        match &self.scene.flow {
            None => "a packet without a flow".to_owned(),
            Some(flow) => {
                let state = if flow.established { "an established" } else { "a not yet established" };
                let to = if flow.direction == Direction::ToServer { "server" } else { "client" };
                format!("{state} flow, a packet to the {to}")
            }
        }
    }

    fn testify_tests(&mut self, sig: &Sig, progress: &mut Progress) -> bool {
        for test in &sig.tests {
            // A rule about the protocol alone is asked once; watching asks whenever.
            let holds = matches!(test, Test::Packet(PacketTest::AppEvent(_))) && self.scene.flow.is_none();
            let holds = !holds && self.test(sig, test);
            if !progress.ask(holds, || describe::test(test, self.rules), String::new) {
                return false;
            }
        }
        true
    }

    fn testify_looks(&mut self, sig: &Sig, progress: &mut Progress) {
        for look in &sig.looks {
            let mut best: Option<(Vec<Held>, Option<Failed>)> = None;
            let mut offer = |of: (Vec<Held>, Option<Failed>)| {
                let better = best.as_ref().is_none_or(|(held, failed)| {
                    failed.is_some() && (of.1.is_none() || of.0.len() > held.len())
                });
                if better {
                    best = Some(of);
                }
            };
            match look {
                Look::Payload { sides, ops } => {
                    let stream = self.scene.flow.as_ref().and_then(|flow| flow.stream);
                    for window in stream.iter().flat_map(|stream| stream.windows).filter(|_| sides.stream) {
                        let buffer = Buffer { bytes: window.data, offset: 0, end: true };
                        offer(self.operations(ops, buffer, "the stream"));
                    }
                    if self.scene.inspect_payload && !self.scene.payload.is_empty() {
                        let payload = Buffer::whole(self.scene.payload);
                        offer(self.operations(ops, payload, "the packet's payload"));
                    }
                }
                Look::PayloadTransformed { transforms, ops } => {
                    let bytes = self.tools.bench.apply(transforms, self.scene.payload).to_vec();
                    offer(self.operations(ops, Buffer::whole(&bytes), "the payload after transforms"));
                }
                Look::Header { buffer, transforms, ops, absent } => {
                    let mut space = [0; 16];
                    let name = format!("the packet's {buffer:?} header");
                    match super::payload::header_bytes(self.scene, *buffer, &mut space) {
                        Some(bytes) if *absent != Absent::Required => {
                            let bytes = self.tools.bench.apply(transforms, bytes).to_vec();
                            offer(self.operations(ops, Buffer::whole(&bytes), &name));
                        }
                        None if *absent != Absent::Fails => offer((Vec::new(), None)),
                        _ => offer((Vec::new(), Some(missing(&name)))),
                    }
                }
            }
            let (held, failed) = best.unwrap_or_else(|| (Vec::new(), Some(missing("payload"))));
            progress.held += u32::try_from(held.len()).unwrap_or(0);
            progress.bytes.extend(held);
            if let Some(failed) = failed {
                progress.failed = Some(failed);
                return;
            }
        }
    }

    fn testify_frames(&mut self, sig: &Sig, progress: &mut Progress) {
        let Some(look) = &sig.frame else { return };
        let name = format!("frame {}.{}", protocol::get(look.protocol).name, look.kind);
        let count = self.scene.flow.as_ref().map_or(0, |flow| flow.frames.len());
        let mut best: Option<Progress> = None;
        for at in 0..count {
            let Some(frame) = self.scene.flow.as_ref().and_then(|flow| flow.frames.get(at)) else { continue };
            if frame.protocol != look.protocol || frame.kind != look.kind {
                continue;
            }
            let (data, offset, whole) = (frame.data.to_vec(), frame.offset, frame.whole);
            let mut here = Progress { held: progress.held + 1, ..Progress::default() };
            for (transforms, ops) in &look.parts {
                let bytes = self.tools.bench.apply(transforms, &data).to_vec();
                let buffer = Buffer { bytes: &bytes, offset, end: whole };
                let (held, failed) = self.operations(ops, buffer, &name);
                here.held += u32::try_from(held.len()).unwrap_or(0);
                here.bytes.extend(held);
                if failed.is_some() {
                    here.failed = failed;
                    break;
                }
            }
            if best.as_ref().is_none_or(|best| best.failed.is_some() && here.held > best.held) {
                best = Some(here);
            }
        }
        match best {
            Some(here) => *progress = here,
            None => progress.failed = Some(missing(&name)),
        }
    }

    fn testify_transactions(&mut self, sig: &Sig, progress: &mut Progress) {
        let spoken = self.scene.flow.as_ref().and_then(|flow| flow.app.protocol_id());
        let Some((protocol, plan)) = spoken.and_then(|protocol| Some((protocol, sig.plan(protocol)?))) else {
            let seen = spoken.map_or("none yet", |protocol| protocol::get(protocol).name).to_owned();
            return progress.fail(
                "a protocol that has all the rule's buffers".to_owned(),
                String::new(),
                seen,
            );
        };
        if !plan.directions[self.direction.index()] {
            let what = "a packet in the direction of the rule's buffers".to_owned();
            return progress.fail(what, String::new(), "one in the other direction".to_owned());
        }
        progress.hold();
        let count = self.scene.flow.as_ref().and_then(|flow| flow.app.session()).map_or(0, |all| all.count());
        let mut best: Option<Progress> = None;
        for index in 0..count {
            let here = self.testify_transaction(sig, plan, index, protocol, progress.held);
            if best.as_ref().is_none_or(|best| best.failed.is_some() && here.held > best.held) {
                best = Some(here);
            }
        }
        match best {
            Some(here) => {
                progress.held = here.held;
                progress.bytes.extend(here.bytes);
                progress.failed = here.failed;
            }
            None => progress.fail("a transaction".to_owned(), String::new(), "none is open".to_owned()),
        }
    }

    fn testify_transaction(
        &mut self,
        sig: &Sig,
        plan: &Plan,
        index: usize,
        protocol: ProtocolId,
        held: u32,
    ) -> Progress {
        let mut here = Progress { held, ..Progress::default() };
        let Some(tx) = self.tx_at(index, protocol) else {
            here.failed = Some(missing("a transaction"));
            return here;
        };
        for step in &plan.steps {
            let direction = self.step_direction(sig, step);
            let name = describe::subject(protocol, &step.what);
            if tx.progress[direction.index()] < step.progress[direction.index()] {
                here.failed = Some(Failed {
                    condition: describe::condition(protocol, &step.what),
                    buffer: name,
                    seen: "the transaction has not come that far".to_owned(),
                    tx: Some(tx.id),
                });
                return here;
            }
            let (bytes, failed) = match &step.what {
                What::Bytes { field, part } if part.absent == Absent::Fails => {
                    self.testify_field(*field, part, &tx, direction, &name)
                }
                _ => self.testify_step(step, &tx, direction, &name),
            };
            here.held += u32::try_from(bytes.len()).unwrap_or(0);
            here.bytes.extend(bytes);
            if let Some(failed) = failed {
                here.failed = Some(Failed { tx: Some(tx.id), ..failed });
                return here;
            }
        }
        here
    }

    fn testify_step(
        &mut self,
        step: &Step,
        tx: &super::transaction::Tx,
        direction: Direction,
        name: &str,
    ) -> (Vec<Held>, Option<Failed>) {
        let of_file = super::file::is_file_step(step)
            && !matches!(step.what, What::FileData(_) | What::FileName(_) | What::FileMagic(_));
        let condition = describe::condition(tx.protocol, &step.what);
        let holds = if of_file {
            let session = self.scene.flow.as_ref().and_then(|flow| flow.app.session());
            session.is_some_and(|session| !session.files(tx.index).is_empty())
        } else {
            self.step(step, tx, direction) == Taken::Holds
        };
        let (buffer, seen) = (name.to_owned(), String::new());
        if holds {
            (vec![Held { buffer, condition, end: None }], None)
        } else {
            (Vec::new(), Some(Failed { condition, buffer, seen, tx: None }))
        }
    }

    /// The best of the values of a field.
    fn testify_field(
        &mut self,
        field: u16,
        part: &Part,
        tx: &super::transaction::Tx,
        direction: Direction,
        name: &str,
    ) -> (Vec<Held>, Option<Failed>) {
        let forced = self.forced(direction);
        let mut values: Vec<(Vec<u8>, u64, bool)> = Vec::new();
        if let Some(session) = self.scene.flow.as_ref().and_then(|flow| flow.app.session()) {
            let scope = session.scope_of(tx.index, direction);
            let place = Place { protocol: tx.protocol, field };
            let mut space = Vec::new();
            each_value(place, &scope, tx, self.rules.settings(), forced, &mut space, |buffer| {
                let whole = part.transforms.is_empty();
                let bytes = self.tools.bench.apply(&part.transforms, buffer.bytes).to_vec();
                values.push((bytes, if whole { buffer.offset } else { 0 }, buffer.end));
                values.len() >= VALUES_MAX
            });
            if values.is_empty() && matches!(place.field().kind, FieldKind::Body(_)) {
                let seen = "too little of it is there yet, or none".to_owned();
                return (Vec::new(), Some(Failed { seen, ..missing(name) }));
            }
        }
        let mut best: Option<(Vec<Held>, Option<Failed>)> = None;
        for (bytes, offset, end) in &values {
            let buffer = Buffer { bytes, offset: *offset, end: *end };
            let here = self.operations(&part.ops, buffer, name);
            if best.as_ref().is_none_or(|(held, failed)| failed.is_some() && here.0.len() > held.len()) {
                best = Some(here);
            }
        }
        best.unwrap_or_else(|| (Vec::new(), Some(missing(name))))
    }

    /// Holds operations against a buffer, one more at a time; tells which hold and the first that does not.
    fn operations(&mut self, ops: &[Op], buffer: Buffer<'_>, name: &str) -> (Vec<Held>, Option<Failed>) {
        let mut held = Vec::new();
        for (at, op) in ops.iter().enumerate() {
            let mut sets = Asked { rules: self.rules, late: None };
            let upto = ops.get(..=at).unwrap_or_default();
            let condition = describe::operation(op, self.rules);
            let buffer_name = name.to_owned();
            match self.tools.machine.end_of(upto, buffer, &mut sets) {
                Some(end) => {
                    let placed = matches!(op, Op::Content(content) if !content.negated)
                        || matches!(op, Op::Pcre(pcre) if !pcre.negated)
                        || matches!(op, Op::ByteJump(_) | Op::ByteExtract(_) | Op::ByteMath(_));
                    held.push(Held { buffer: buffer_name, condition, end: placed.then_some(end) });
                }
                None => {
                    let from = held.iter().rev().find_map(|held: &Held| held.end).unwrap_or(0);
                    let rest = buffer.bytes.get(from..).unwrap_or_default();
                    let seen = format!("{} bytes, from {from}: {}", buffer.bytes.len(), excerpt(rest));
                    return (held, Some(Failed { condition, buffer: buffer_name, seen, tx: None }));
                }
            }
        }
        (held, None)
    }

    /// Takes down the alerts of the packet. `whole`: rules of which every condition held, before inspection.
    pub(super) fn note_alerts(&mut self, whole: &[(u32, Vec<Held>)]) {
        let (scene, direction) = (&*self.scene, self.direction);
        let Some(witness) = &mut self.tools.witness else { return };
        note(witness, self.outcome, scene, direction, whole);
    }
}

fn note(
    witness: &mut Witness,
    outcome: &Outcome,
    scene: &Scene<'_>,
    direction: Direction,
    whole: &[(u32, Vec<Held>)],
) {
    for alert in &outcome.alerts {
        let Some(place) = witness.rules.get_mut(alert.rule as usize) else { continue };
        place.alerts += 1;
        if place.hits.len() < HITS_MAX {
            let held = whole.iter().find(|(rule, _)| *rule == alert.rule).map(|(_, held)| held.clone());
            let at = scenery(scene, direction, alert.tx);
            place.hits.push(Sighting { at, held: held.unwrap_or_default() });
        }
    }
}

/// Values of a list that watching looks at.
const VALUES_MAX: usize = 256;

fn scenery(scene: &Scene<'_>, direction: Direction, tx: Option<u64>) -> Scenery {
    let flow = scene.flow.as_ref().map_or(model::FlowId(0), |flow| flow.id);
    Scenery { packet: scene.packet, time: scene.time, flow, direction, tx }
}

fn missing(name: &str) -> Failed {
    Failed {
        condition: "the buffer is there".to_owned(),
        buffer: name.to_owned(),
        seen: "it is not".to_owned(),
        tx: None,
    }
}

/// How many conditions a rule has, as progress counts them.
fn conditions(sig: &Sig) -> u32 {
    const HEADER: usize = 6;
    let looks = sig.looks.iter().map(|look| match look {
        Look::Payload { ops, .. } | Look::PayloadTransformed { ops, .. } | Look::Header { ops, .. } => {
            ops.len()
        }
    });
    let frames: usize =
        sig.frame.iter().map(|f| 1 + f.parts.iter().map(|(_, ops)| ops.len()).sum::<usize>()).sum();
    let steps = sig.plans.first().map_or(0, |plan| {
        1 + plan
            .steps
            .iter()
            .map(|step| match &step.what {
                What::Bytes { part, .. } if part.absent == Absent::Fails => part.ops.len(),
                _ => 1,
            })
            .sum::<usize>()
    });
    let all = HEADER + sig.tests.len() + looks.sum::<usize>() + frames + steps;
    u32::try_from(all).unwrap_or(u32::MAX)
}
