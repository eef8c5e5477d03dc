//! Holding rules against packets.
//!
//! For each packet: rules on addresses alone, rules on the packet and its stream, rules on frames, then rules on the open
//! transactions of the packet's direction. What matched is queued, and decided in the order of the rules at the end.

mod asn1;
mod bytes;
mod codec;
mod file;
mod finish;
mod firewall;
mod header;
mod packet;
mod payload;
mod plain;
mod post;
mod transaction;
mod transform;
mod witness;

pub(crate) use bytes::{Machine, Sets};
use firewall::Gate;
pub(crate) use transform::{Transform, Workbench};

use model::Direction;
use smallvec::SmallVec;

use crate::border::mirrored;
use crate::firewall::Firewall;
use crate::index::{Class, Joined, Patterns};
use crate::ir::CaptureKind;
use crate::scan::Candidates;
use crate::sig::{Kind, Sig};
use crate::{Late, Outcome, RuleSet, Scene, Turns, Witness};

/// Working memory of one worker. Holds nothing that outlives a packet.
#[derive(Debug)]
pub struct Inspector {
    machine: Machine,
    bench: Workbench,
    candidates: Candidates,
    list: Vec<u32>,
    /// Rules on transactions that a pattern in the payload found.
    from_payload: Vec<u32>,
    transaction: transaction::Memory,
    hits: Vec<Hit>,
    /// Whether the packet's addresses are in a set: by set, source then destination; 0 = not yet known.
    known: Vec<[u8; 2]>,
    known_used: Vec<u32>,
    /// What is held against what without looking for candidates, once that was asked for.
    plain: Option<Box<plain::Lists>>,
    /// Lends bits of hosts, when there are several inspectors.
    turns: Option<Box<dyn Turns>>,
    /// Takes down what becomes of every rule, when somebody watches.
    witness: Option<Box<Witness>>,
    /// The rule whose cost is being counted, when somebody watches.
    weighed: Option<u32>,
}

/// A rule that matched, until it is decided what comes of it.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) sig: u32,
    pub(crate) tx: Option<u64>,
    pub(crate) stream: bool,
    pub(crate) state: bool,
    pub(crate) frame: Option<u64>,
    pub(crate) contexts: SmallVec<[(u32, u32); 1]>,
    pub(crate) captures: Vec<(u32, Vec<u8>)>,
}

impl Hit {
    fn packet(sig: u32) -> Self {
        Self {
            sig,
            tx: None,
            stream: false,
            state: false,
            frame: None,
            contexts: SmallVec::new(),
            captures: Vec::new(),
        }
    }
}

/// One packet under inspection.
pub(crate) struct Run<'r, 's> {
    rules: &'r RuleSet,
    scene: &'r mut Scene<'s>,
    late: Option<&'r mut Late>,
    outcome: &'r mut Outcome,
    tools: &'r mut Inspector,
    direction: Direction,
    class: Class,
    /// On which sides of the border its addresses are.
    zone: usize,
    /// What the packet has; bits of `gate`.
    have: u16,
    /// Whether rules are held against it without looking for candidates first; for tests.
    plain: bool,
    /// What the firewall made of it.
    gate: Gate,
}

impl Inspector {
    /// Working memory for a rule set.
    pub fn new(rules: &RuleSet) -> Self {
        Self {
            machine: Machine::default(),
            bench: Workbench::default(),
            candidates: Candidates::new(rules.len()),
            list: Vec::new(),
            from_payload: Vec::new(),
            transaction: transaction::Memory::default(),
            hits: Vec::new(),
            known: vec![[0; 2]; rules.names.addresses.len()],
            known_used: Vec::new(),
            plain: None,
            turns: None,
            witness: None,
            weighed: None,
        }
    }

    /// One of several inspectors: the bits of hosts are lent by whoever knows whose turn it is. Without this, and without
    /// [`Late`], rules see no such bits.
    pub fn take_turns(&mut self, turns: Box<dyn Turns>) {
        self.turns = Some(turns);
    }

    /// Holds all rules against a packet: packet rules first, then frames, then the open transactions of its direction.
    ///
    /// `late` is given when packets come one after the other in input order (always so in prevention, and when
    /// [`RuleSet::needs_order`]); without it, alerts that depend on it come out as candidates.
    pub fn inspect(
        &mut self,
        rules: &RuleSet,
        scene: &mut Scene<'_>,
        late: Option<&mut Late>,
        outcome: &mut Outcome,
    ) {
        self.inspect_as(rules, scene, late, outcome, !rules.settings().prefilter);
    }

    /// Like [`Inspector::inspect`], but holds every rule against everything without looking for candidates first.
    /// Slow; the fast way must come to the same.
    pub fn inspect_plainly(
        &mut self,
        rules: &RuleSet,
        scene: &mut Scene<'_>,
        late: Option<&mut Late>,
        outcome: &mut Outcome,
    ) {
        self.inspect_as(rules, scene, late, outcome, true);
    }

    /// Holds the firewall's rules of `pre_flow` against a packet whose flow was not looked for yet.
    pub fn inspect_before_flow(&mut self, rules: &RuleSet, scene: &mut Scene<'_>, outcome: &mut Outcome) {
        outcome.clear();
        let Some(firewall) = rules.firewall.as_ref().filter(|firewall| !firewall.before_flow.is_empty())
        else {
            return;
        };
        let (class, have) = (header::class(scene), header::have(scene));
        let (direction, gate) = (Direction::ToServer, Gate::Accepted);
        let tools = &mut *self;
        let mut run = Run {
            rules,
            scene,
            late: None,
            outcome,
            tools,
            direction,
            class,
            zone: 0,
            have,
            plain: false,
            gate,
        };
        run.before_flow(firewall);
        run.finish();
        self.forget_addresses();
    }

    fn forget_addresses(&mut self) {
        for set in self.known_used.drain(..) {
            if let Some(known) = self.known.get_mut(set as usize) {
                *known = [0; 2];
            }
        }
    }

    fn inspect_as(
        &mut self,
        rules: &RuleSet,
        scene: &mut Scene<'_>,
        late: Option<&mut Late>,
        outcome: &mut Outcome,
        plain: bool,
    ) {
        outcome.clear();
        if let Some(flow) = &scene.flow {
            if flow.state.dropped && rules.settings().prevent {
                outcome.drop = Some(flow.state.drop_reason());
                return;
            }
            if flow.state.passed && rules.firewall.is_none() {
                outcome.pass = true;
                return;
            }
        }
        if rules.is_empty() {
            return;
        }
        let direction = scene.flow.as_ref().map_or(Direction::ToServer, |flow| flow.direction);
        let class = header::class(scene);
        let have = header::have(scene);
        let gate = Gate::Accepted;
        let tools = &mut *self;
        let mut run =
            Run { rules, scene, late, outcome, tools, direction, class, zone: 0, have, plain, gate };
        run.zone = run.zone_of_packet();
        if run.tools.witness.is_some() {
            let whole = run.watch();
            run.all();
            run.tools.weigh(None);
            run.note_alerts(&whole);
        } else {
            run.all();
        }
        self.forget_addresses();
    }
}

impl<'r> Run<'r, '_> {
    fn all(&mut self) {
        if let Some(firewall) = &self.rules.firewall {
            self.behind_firewall(firewall);
        } else {
            self.ip_only();
            self.packet_rules();
            self.frames();
            self.transactions();
        }
        self.finish();
        self.tags();
    }

    /// Detection sees what the firewall's tables let through.
    fn behind_firewall(&mut self, firewall: &'r Firewall) {
        self.gate = self.packet_filter(firewall);
        if self.gate == Gate::Shut {
            return;
        }
        if self.is_inspected() {
            self.ip_only();
            self.packet_rules();
            self.frames();
        }
        if !self.is_dropped_by_detection() {
            self.transactions();
        }
    }

    /// The zone of the packet. All segments of a TCP flow go between the same two addresses, whichever is the server's.
    fn zone_of_packet(&mut self) -> usize {
        let border = &self.rules.index.border;
        if self.class != Class::Tcp || self.scene.flow.is_none() {
            return border.zone(|set, side| self.address(set, side));
        }
        let swapped = self.scene.layers.src > self.scene.layers.dst;
        let turned = |zone: usize| if swapped { mirrored(zone) } else { zone };
        if let Some(known) = self.scene.flow.as_ref().and_then(|flow| flow.state.zone) {
            return turned(known.into());
        }
        let zone = border.zone(|set, side| self.address(set, side));
        if let Some(flow) = &mut self.scene.flow {
            flow.state.zone = u8::try_from(turned(zone)).ok();
        }
        zone
    }

    /// Whether the rules of detection look at the packet at all.
    fn is_inspected(&self) -> bool {
        !self.outcome.pass && !self.scene.flow.as_ref().is_some_and(|flow| flow.state.passed)
    }

    fn sig(&self, number: u32) -> Option<&'r Sig> {
        self.rules.sigs.get(number as usize)
    }

    /// Rules on addresses alone: once per direction of a flow.
    fn ip_only(&mut self) {
        if self.scene.pseudo {
            return;
        }
        if let Some(flow) = &mut self.scene.flow {
            let done = &mut flow.state.ip_only_done[flow.direction.index()];
            if std::mem::replace(done, true) {
                return;
            }
        }
        if self.class == Class::NotIp {
            return;
        }
        let mut list = std::mem::take(&mut self.tools.list);
        let (src, dst) = (self.scene.layers.src, self.scene.layers.dst);
        self.rules.index.ip_only.find(src, dst, &mut list);
        list.sort_unstable();
        for number in &list {
            let Some(sig) = self.sig(*number) else { continue };
            if self.header(sig) && self.tests(sig) {
                self.matched(sig, Hit::packet(*number));
            }
        }
        self.tools.list = list;
    }

    /// Rules on the packet and its stream.
    fn packet_rules(&mut self) {
        self.find_packet_candidates();
        let mut list = std::mem::take(&mut self.tools.list);
        self.tools.candidates.take(&mut list);
        self.tools.from_payload.clear();
        for number in &list {
            let Some(sig) = self.sig(*number) else { continue };
            self.tools.weigh(Some(*number));
            if sig.kind == Kind::Transaction {
                self.tools.from_payload.push(*number);
                continue;
            }
            if sig.frame.is_some() || matches!(sig.kind, Kind::IpOnly | Kind::LikeIpOnly) {
                continue;
            }
            if self.scene.pseudo && matches!(sig.kind, Kind::Packet | Kind::DecodeOnly) {
                continue;
            }
            if !self.header(sig) {
                continue;
            }
            self.tools.machine.captures.clear();
            self.tools.machine.contexts.clear();
            let Some(stream) = self.looks(sig) else { continue };
            if self.tests(sig) {
                self.matched(sig, Hit { stream, tx: self.guess(sig), ..Hit::packet(*number) });
            }
        }
        self.tools.list = list;
    }

    fn find_packet_candidates(&mut self) {
        if self.plain {
            self.plain_packet_candidates();
            return;
        }
        let Some(index) = self.rules.index.packets(self.zone, self.class, self.direction) else { return };
        let (source, destination) = (self.scene.layers.src_port, self.scene.layers.dst_port);
        let [any, by_source, by_destination] = index.patterns(source, destination);
        let mut joined = Joined::default();
        for patterns in [by_source, by_destination].into_iter().flatten() {
            joined = joined.or(patterns.joined);
            self.find_among(patterns, Joined::default());
        }
        if let Some(any) = any {
            self.find_among(any, joined);
        }
    }

    /// Candidates of one group; what is joined to another one is looked for there.
    fn find_among(&mut self, patterns: &'r Patterns, joined: Joined) {
        for (gate, rules) in &patterns.unfiltered {
            if gate & !self.have == 0 {
                self.tools.candidates.extend(rules);
            }
        }
        let stream = self.scene.flow.as_ref().and_then(|flow| flow.stream);
        let (windows, added) = stream.map_or((&[][..], false), |stream| (stream.windows, stream.added));
        let payload =
            Some(self.scene.payload).filter(|bytes| self.scene.inspect_payload && !bytes.is_empty());
        let groups = &self.rules.index;
        if let Some(scanner) = patterns.stream.filter(|_| !joined.stream) {
            for window in windows {
                self.tools.search(groups, scanner, window.data);
            }
            if let (Some(payload), false) = (payload, added) {
                self.tools.search(groups, scanner, payload);
            }
        }
        if let (Some(scanner), Some(payload)) = (patterns.packet.filter(|_| !joined.packet), payload) {
            self.tools.search(groups, scanner, payload);
        }
    }

    /// A rule matched: variables and state are kept, and what comes of it is decided later.
    fn matched(&mut self, sig: &Sig, mut hit: Hit) {
        self.tools.count_match(hit.sig);
        let captures = std::mem::take(&mut self.tools.machine.captures);
        for (kind, name, value) in captures {
            match kind {
                CaptureKind::Flow | CaptureKind::FlowKey => {
                    if let Some(flow) = &mut self.scene.flow {
                        flow.state.set_var(name, &value);
                    }
                }
                CaptureKind::Packet => self.outcome.packet_vars.push((name, value)),
                CaptureKind::Alert => hit.captures.push((name, value)),
            }
        }
        hit.contexts.extend(self.tools.machine.contexts.drain(..));
        self.post(sig, hit.tx);
        self.tools.hits.push(hit);
    }

    /// The transaction that an alert of a packet rule may be about: that of the datagram, when the rule names a protocol;
    /// else, when that is configured, the only one.
    fn guess(&self, sig: &Sig) -> Option<u64> {
        let flow = self.scene.flow.as_ref()?;
        let session = flow.app.session()?;
        if !sig.head.apps.is_empty() && self.class == Class::Udp {
            let fits = |index: &usize| session.core(*index).only.is_none_or(|only| only == self.direction);
            return (0..session.count()).rev().find(fits).map(|index| session.core(index).id);
        }
        let only = self.rules.settings().guess_transaction && session.count() == 1;
        only.then(|| session.core(0).id)
    }
}
