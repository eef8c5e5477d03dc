//! Rules on transactions.
//!
//! A transaction is inspected each time it has changed, in the direction of the packet. Patterns of each buffer find
//! candidates once the buffer can be read, and again until the transaction has moved past it. A rule that matched in part
//! is remembered with the transaction and goes on from there; a rule that matched is never tried again.

use model::Direction;
use protocol::{Body, Core, FieldKind, Inspected, InspectedRule, ProtocolId, Scope};
use smallvec::SmallVec;

use super::bytes::Buffer;
use super::firewall::Gate;
use super::{Hit, Inspector, Run, Workbench};
use crate::dataset::Asked;
use crate::index::{Engine, Index, Source};
use crate::ir::{Absent, BitTrack, Place};
use crate::sig::{Part, Plan, Sig, Step, Test, What};
use crate::{BodyWindow, Settings};

/// The rule is done with the transaction.
const DONE: u32 = 1 << 31;
/// Marks an entry that says which file a rule has matched.
const OF_FILE: u32 = 1 << 31;
/// Rules remembered per transaction and direction, where candidates are looked for. In the plain way most rules match in part.
const REMEMBERED_MAX: usize = 1024;

/// Working memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    list: Vec<u32>,
    /// Where getters build what they cannot lend.
    space: Vec<u8>,
}

/// The transaction at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tx {
    pub(super) index: usize,
    pub(super) id: u64,
    pub(super) protocol: ProtocolId,
    pub(super) progress: [u8; 2],
    /// How far it had come when the packet's direction was last inspected, plus one.
    before: u8,
    /// Something has changed since.
    news: bool,
    pub(super) complete: [u8; 2],
    /// Bytes of its body that were inspected before, per direction.
    body: [u64; 2],
}

impl Tx {
    /// The transaction as it was in an earlier state of a direction.
    pub(super) fn in_state(mut self, direction: Direction, state: u8) -> Self {
        let place = &mut self.progress[direction.index()];
        *place = (*place).min(state);
        self
    }

    /// The first state that it may have gone through since the packet's direction was last inspected.
    pub(super) fn first_state(&self) -> u8 {
        self.before.saturating_sub(1)
    }
}

/// How a step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Holds,
    /// Not as things stand.
    NotYet,
}

impl Taken {
    pub(super) fn from(holds: bool) -> Self {
        if holds { Taken::Holds } else { Taken::NotYet }
    }
}

/// Looks for the strings of one transaction's buffers.
struct Search<'r, 'b> {
    groups: &'r Index,
    tools: &'r mut Inspector,
    bench: Workbench,
    /// Contents that were searched, and for which strings.
    contents: SmallVec<[(u32, &'b [u8]); 4]>,
}

impl<'b> Search<'_, 'b> {
    fn buffer(&mut self, engine: &Engine, bytes: &[u8]) {
        let bytes = self.bench.apply(&engine.transforms, bytes);
        self.tools.search(self.groups, engine.scanner, bytes);
    }

    /// A body or a file: where one is made of the other, the same strings are looked for in the same bytes, and once will do.
    fn content(&mut self, engine: &Engine, buffer: Option<Buffer<'b>>) {
        let Some(Buffer { bytes, .. }) = buffer else { return };
        if engine.transforms.is_empty() {
            if self.contents.contains(&(engine.scanner, bytes)) {
                return;
            }
            self.contents.push((engine.scanner, bytes));
        }
        self.buffer(engine, bytes);
    }
}

impl Run<'_, '_> {
    /// All open transactions.
    pub(super) fn transactions(&mut self) {
        let Some(flow) = &self.scene.flow else { return };
        if flow.stream.is_some_and(|stream| !stream.established) {
            return;
        }
        let (Some(protocol), Some(session)) = (flow.app.protocol_id(), flow.app.session()) else { return };
        let forced = self.forced(self.direction);
        if flow.state.settled[self.direction.index()] == Some(forced) && self.tools.from_payload.is_empty() {
            return;
        }
        if self.rules.index.is_blind_to(self.zone, protocol)
            && !self.plain
            && self.tools.from_payload.is_empty()
            && self.rules.firewall.is_none()
        {
            self.nothing_to_inspect();
            self.settle(forced);
            return;
        }
        for index in 0..session.count() {
            self.transaction(index, protocol);
            if self.gate == Gate::Shut {
                return;
            }
        }
        self.settle(forced);
    }

    /// Until the application layer is given something, there is no news of any transaction.
    fn settle(&mut self, forced: bool) {
        if let Some(flow) = &mut self.scene.flow {
            flow.state.settled[self.direction.index()] = Some(forced);
        }
    }

    /// Marks transactions as seen, so that nobody waits for it.
    fn nothing_to_inspect(&mut self) {
        let direction = self.direction;
        let Some(session) = self.scene.flow.as_mut().and_then(|flow| flow.app.session_mut()) else { return };
        session.look_away(direction);
    }

    fn core(&mut self, index: usize) -> Option<&mut Core> {
        let session = self.scene.flow.as_mut()?.app.session_mut()?;
        (index < session.count()).then(|| session.core_mut(index))
    }

    fn transaction(&mut self, index: usize, protocol: ProtocolId) {
        let direction = self.direction;
        let side = direction.index();
        let ended = self.forced(direction);
        let found = !self.tools.from_payload.is_empty();
        let beyond = self.scene.flow.as_ref().map_or([false; 2], |flow| flow.beyond);
        let Some(core) = self.core(index) else { return };
        let again = found || (ended && !core.inspected[side].ended);
        let news = std::mem::replace(&mut core.updated[side], false);
        if core.only.is_some_and(|only| only != direction) || !(news || again) {
            return;
        }
        let mut inspected = std::mem::take(&mut core.inspected);
        let complete = protocol::get(protocol).complete;
        let tx = Tx {
            index,
            id: core.id,
            protocol,
            progress: [0, 1].map(|way| {
                if beyond[way] { complete[way].max(core.progress[way]) } else { core.progress[way] }
            }),
            before: inspected[side].upto,
            news,
            complete,
            body: [inspected[0].body, inspected[1].body],
        };
        if let (Gate::Open, Some(firewall)) = (self.gate, &self.rules.firewall)
            && news
            && !self.app_filter(firewall, &tx, &mut inspected)
        {
            self.gate = Gate::Shut;
        }
        if self.gate != Gate::Shut && self.is_inspected() {
            self.detection(&tx, &mut inspected);
        }
        inspected[side].upto = tx.progress[side].saturating_add(1);
        inspected[side].ended = ended;
        self.note_windows(&tx, &mut inspected[side]);
        if let Some(core) = self.core(index) {
            core.inspected = inspected;
        }
    }

    /// A transaction as it stands, for whoever only looks.
    pub(super) fn tx_at(&self, index: usize, protocol: ProtocolId) -> Option<Tx> {
        let session = self.scene.flow.as_ref()?.app.session()?;
        let core = (index < session.count()).then(|| session.core(index))?;
        Some(Tx {
            index,
            id: core.id,
            protocol,
            progress: core.progress,
            before: core.inspected[self.direction.index()].upto,
            news: true,
            complete: protocol::get(protocol).complete,
            body: [core.inspected[0].body, core.inspected[1].body],
        })
    }

    /// The rules of detection.
    fn detection(&mut self, tx: &Tx, inspected: &mut [Inspected; 2]) {
        let side = self.direction.index();
        let mut list = std::mem::take(&mut self.tools.transaction.list);
        self.find_candidates(tx, &mut inspected[side]);
        for entry in inspected.iter().flat_map(|inspected| &inspected.rules) {
            if entry.rule & OF_FILE == 0 && entry.matched & DONE == 0 {
                self.tools.candidates.add(entry.rule);
            }
        }
        for number in &self.tools.from_payload {
            self.tools.candidates.add(*number);
        }
        self.tools.candidates.take(&mut list);
        for number in &list {
            self.rule(*number, tx, inspected);
        }
        self.tools.transaction.list = list;
    }

    fn find_candidates(&mut self, tx: &Tx, inspected: &mut Inspected) {
        if self.plain {
            self.plain_transaction_candidates(tx.protocol);
            return;
        }
        let (direction, side) = (self.direction, self.direction.index());
        let groups = &self.rules.index;
        let Some(index) = groups.transactions(self.zone, tx.protocol, direction) else { return };
        let (forced, settings) = (self.forced(direction), self.rules.settings());
        let Some(session) = self.scene.flow.as_ref().and_then(|flow| flow.app.session()) else { return };
        let scope = session.scope_of(tx.index, direction);
        let tools = &mut *self.tools;
        // What is searched is lent by the tools' own space.
        let mut space = std::mem::take(&mut tools.transaction.space);
        let mut search =
            Search { groups, bench: std::mem::take(&mut tools.bench), tools, contents: SmallVec::new() };
        for engine in &index.engines {
            if engine.progress > tx.progress[side] {
                break;
            }
            // The transaction was past this buffer when its patterns last ran. Files may come at any time.
            if engine.progress.saturating_add(1) < inspected.upto && matches!(engine.source, Source::Field(_))
            {
                continue;
            }
            match engine.source {
                Source::Field(field) => {
                    let place = Place { protocol: tx.protocol, field };
                    if let FieldKind::Body(get) = place.field().kind {
                        let settings = settings.body(tx.protocol, direction);
                        let part = get(&scope).and_then(|body| window(body, tx.body[side], settings, forced));
                        search.content(engine, part);
                        continue;
                    }
                    each_value(place, &scope, tx, settings, forced, &mut space, |buffer| {
                        search.buffer(engine, buffer.bytes);
                        false
                    });
                }
                Source::FileData => {
                    let settings = settings.files(tx.protocol, direction);
                    for file in scope.files.iter().filter(|file| file.direction == direction) {
                        search.content(engine, window(&file.body, file.inspected, settings, forced));
                    }
                }
                Source::FileName | Source::FileMagic => {
                    for file in scope.files.iter().filter(|file| file.direction == direction) {
                        let (source, protocol) = (engine.source, tx.protocol);
                        let buffer = super::file::bytes(source, file, protocol, settings, forced, &mut space);
                        if let Some(buffer) = buffer {
                            search.buffer(engine, buffer.bytes);
                        }
                    }
                }
            }
        }
        let bench = search.bench;
        self.tools.bench = bench;
        self.tools.transaction.space = space;
        self.tools.candidates.extend(&index.unfiltered);
    }

    /// What there is of a body is all there will be.
    pub(super) fn forced(&self, direction: Direction) -> bool {
        self.scene.pseudo || self.scene.flow.as_ref().is_some_and(|flow| flow.ended[direction.index()])
    }

    fn rule(&mut self, number: u32, tx: &Tx, inspected: &mut [Inspected; 2]) {
        let Some(sig) = self.sig(number) else { return };
        self.tools.weigh(Some(number));
        let Some(plan) = sig.plan(tx.protocol) else { return };
        if !plan.directions[self.direction.index()] {
            return;
        }
        let shelf = if sig.head.both_sides { 0 } else { self.direction.index() };
        let known = inspected[shelf].rules.iter().position(|entry| entry.rule == number);
        let before = known.and_then(|at| inspected[shelf].rules.get(at)).map_or(0, |entry| entry.matched);
        if before & DONE != 0 || (known.is_none() && !self.header_and_tests(sig)) {
            return;
        }
        if !self.transaction_bits(sig, tx) {
            return;
        }
        if let [Step { what: What::Reached, progress, .. }] = &*plan.steps {
            // A hook and nothing else: whenever the transaction has moved while there, or through there.
            let now = tx.progress[self.direction.index()];
            if tx.news && (tx.first_state()..=now).contains(&progress[self.direction.index()]) {
                self.matched(sig, Hit { tx: Some(tx.id), state: true, ..Hit::packet(number) });
            }
            return;
        }
        self.tools.machine.captures.clear();
        self.tools.machine.contexts.clear();
        self.tools.machine.little_endian = self.core(tx.index).is_some_and(|core| core.little_endian);
        if !sig.looks.is_empty() && self.looks(sig).is_none() {
            return;
        }
        let (mut matched, all) = self.steps(sig, plan, tx, before);
        if all && plan.files {
            self.files(sig, number, plan, tx, inspected);
        } else if all {
            matched |= DONE;
            self.matched(sig, Hit { tx: Some(tx.id), state: true, ..Hit::packet(number) });
        }
        let rules = &mut inspected[shelf].rules;
        if let Some(entry) = known.and_then(|at| rules.get_mut(at)) {
            entry.matched = matched;
        } else if matched != 0 && (rules.len() < REMEMBERED_MAX || self.plain) {
            rules.push(InspectedRule { rule: number, matched });
        }
    }

    /// Takes the steps that are still to be taken, except those on files; answers what is matched now, and whether that is all.
    pub(super) fn steps(&mut self, sig: &Sig, plan: &Plan, tx: &Tx, before: u32) -> (u32, bool) {
        let mut matched = before;
        for (bit, step) in plan.steps.iter().enumerate() {
            if matched & 1 << bit != 0 || super::file::is_file_step(step) {
                continue;
            }
            let direction = self.step_direction(sig, step);
            if tx.progress[direction.index()] < step.progress[direction.index()] {
                return (matched, false);
            }
            if self.step(step, tx, direction) != Taken::Holds {
                return (matched, false);
            }
            matched |= 1 << bit;
        }
        (matched, true)
    }

    /// In which direction a step is taken: the packet's, but each in its own for rules on both sides.
    pub(super) fn step_direction(&self, sig: &Sig, step: &Step) -> Direction {
        if sig.head.both_sides && !step.directions[self.direction.index()] {
            self.direction.other()
        } else {
            self.direction
        }
    }

    pub(super) fn step(&mut self, step: &Step, tx: &Tx, direction: Direction) -> Taken {
        let forced = self.forced(direction);
        let side = direction.index();
        match &step.what {
            What::Bytes { field, part } => self.field(*field, part, step, tx, direction),
            What::Stream(part) => self.stream(part),
            What::Reached => Taken::Holds,
            What::State { direction, test } => Taken::from(test.holds(tx.progress[direction.index()].into())),
            What::Number { .. } | What::Custom { .. } | What::Event(_) => {
                let Some(session) = self.scene.flow.as_ref().and_then(|flow| flow.app.session()) else {
                    return Taken::NotYet;
                };
                let scope = session.scope_of(tx.index, direction);
                let complete = forced || tx.progress[side] >= tx.complete[side];
                Taken::from(value_holds(&step.what, &scope, tx.protocol, complete))
            }
            What::FileData(part) => self.any_file(Source::FileData, part, tx, direction),
            What::FileName(part) => self.any_file(Source::FileName, part, tx, direction),
            What::FileMagic(part) => self.any_file(Source::FileMagic, part, tx, direction),
            What::FileSize(_) | What::Hashes(_) | What::AnyFile => Taken::NotYet,
        }
    }

    fn field(&mut self, field: u16, part: &Part, step: &Step, tx: &Tx, direction: Direction) -> Taken {
        let side = direction.index();
        let forced = self.forced(direction);
        let Some(session) = self.scene.flow.as_ref().and_then(|flow| flow.app.session()) else {
            return Taken::NotYet;
        };
        let scope = session.scope_of(tx.index, direction);
        let place = Place { protocol: tx.protocol, field };
        let (machine, bench) = (&mut self.tools.machine, &mut self.tools.bench);
        let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
        let mut there = false;
        let space = &mut self.tools.transaction.space;
        let holds = each_value(place, &scope, tx, self.rules.settings(), forced, space, |buffer| {
            there = true;
            if part.absent == Absent::Required {
                return false;
            }
            let whole = part.transforms.is_empty();
            let bytes = bench.apply(&part.transforms, buffer.bytes);
            let offset = if whole { buffer.offset } else { 0 };
            machine.holds(&part.ops, Buffer { bytes, offset, end: buffer.end }, &mut sets)
        });
        if there || part.absent == Absent::Fails {
            return Taken::from(holds);
        }
        // It is absent for good once the transaction is past the point where it could have appeared.
        let past =
            tx.progress[side] > step.progress[side] || tx.progress[side] >= tx.complete[side] || forced;
        Taken::from(past)
    }

    /// Payload conditions of a rule on transactions look at the stream, or at the datagram.
    fn stream(&mut self, part: &Part) -> Taken {
        let Some(flow) = &self.scene.flow else { return Taken::NotYet };
        let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
        let (machine, bench) = (&mut self.tools.machine, &mut self.tools.bench);
        match flow.stream {
            Some(stream) => {
                let windows = if stream.wide.is_empty() { stream.windows } else { stream.wide };
                Taken::from(windows.iter().any(|window| {
                    let bytes = bench.apply(&part.transforms, window.data);
                    machine.holds(&part.ops, Buffer::whole(bytes), &mut sets)
                }))
            }
            None => {
                let bytes = bench.apply(&part.transforms, self.scene.payload);
                Taken::from(machine.holds(&part.ops, Buffer::whole(bytes), &mut sets))
            }
        }
    }

    /// Bits that belong to the transaction (`xbits` with `track tx`).
    pub(super) fn transaction_bits(&self, sig: &Sig, tx: &Tx) -> bool {
        sig.tests.iter().all(|test| match test {
            Test::Xbit { bit, track: BitTrack::Tx, set } => {
                let known = self
                    .scene
                    .flow
                    .as_ref()
                    .is_some_and(|flow| flow.state.rare.tx_bits.contains(&(*bit, tx.id)));
                known == *set
            }
            _ => true,
        })
    }

    /// Notes how far the body and the files were inspected.
    fn note_windows(&mut self, tx: &Tx, inspected: &mut Inspected) {
        let direction = self.direction;
        let forced = self.forced(direction);
        let settings = self.rules.settings();
        let Some(session) = self.scene.flow.as_mut().and_then(|flow| flow.app.session_mut()) else { return };
        let scope = session.scope_of(tx.index, direction);
        for field in protocol::get(tx.protocol).fields {
            let FieldKind::Body(get) = field.kind else { continue };
            if !field.sides.has(direction) {
                continue;
            }
            if let Some(body) = get(&scope)
                && window(body, tx.body[direction.index()], settings.body(tx.protocol, direction), forced)
                    .is_some()
            {
                inspected.body = inspected.body.max(body.kept());
            }
        }
        let of_files = settings.files(tx.protocol, direction);
        for file in session.files_mut(tx.index).iter_mut().filter(|file| file.direction == direction) {
            if window(&file.body, file.inspected, of_files, forced).is_some() {
                file.inspected = file.body.kept();
            }
        }
    }
}

/// Calls `look` with each value of a field until it holds; answers whether it did.
pub(super) fn each_value(
    place: Place,
    scope: &Scope<'_>,
    tx: &Tx,
    settings: &Settings,
    forced: bool,
    space: &mut Vec<u8>,
    mut look: impl FnMut(Buffer<'_>) -> bool,
) -> bool {
    match place.field().kind {
        FieldKind::Bytes(get) => {
            space.clear();
            get(scope, space).is_some_and(|bytes| look(Buffer::whole(bytes)))
        }
        FieldKind::List(get) => (0..ITEMS_MAX)
            .map_while(|item| {
                space.clear();
                get(scope, item, space).map(|bytes| look(Buffer::whole(bytes)))
            })
            .any(|holds| holds),
        FieldKind::Body(get) => {
            let inspected = tx.body[scope.direction.index()];
            let part = get(scope).and_then(|body| {
                window(body, inspected, settings.body(tx.protocol, scope.direction), forced)
            });
            part.is_some_and(look)
        }
        FieldKind::Number { .. } | FieldKind::Numbers { .. } | FieldKind::Custom(_) => false,
    }
}

/// Values of a list that are inspected.
const ITEMS_MAX: usize = 65_536;

fn value_holds(what: &What, scope: &Scope<'_>, protocol: ProtocolId, complete: bool) -> bool {
    match what {
        What::Number { field, test, items } => match (Place { protocol, field: *field }).field().kind {
            FieldKind::Number { get, .. } => get(scope).is_some_and(|value| test.holds(value)),
            FieldKind::Numbers { get, .. } => {
                super::packet::items_hold(*items, *test, complete, |at| get(scope, at))
            }
            FieldKind::Bytes(_) | FieldKind::List(_) | FieldKind::Body(_) | FieldKind::Custom(_) => false,
        },
        What::Custom { condition, negated } => condition.holds(scope) != *negated,
        What::Event(code) => scope.core.events.contains(code),
        _ => false,
    }
}

/// The part of a body that is inspected now; `None` while too little is there.
///
/// At least a window's worth is looked at; when more is new, a quarter of a window before it is looked at again.
pub(super) fn window(body: &Body, inspected: u64, settings: BodyWindow, forced: bool) -> Option<Buffer<'_>> {
    let (data, base) = body.window();
    let total = base + data.len() as u64;
    if data.is_empty() {
        return None;
    }
    let limited = settings.limit > 0 && total >= u64::from(settings.limit);
    if !(body.ended || body.cut || forced || limited) && total < u64::from(settings.least) {
        return None;
    }
    let window = u64::from(settings.window);
    let from = if inspected > u64::from(settings.least) {
        let new = total.saturating_sub(inspected);
        inspected.saturating_sub(if new < window { window - new } else { window / 4 })
    } else {
        0
    };
    let start = usize::try_from(from.saturating_sub(base)).ok()?;
    Some(Buffer { bytes: data.get(start..)?, offset: from.max(base), end: body.ended || forced })
}
