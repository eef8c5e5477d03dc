//! The flows of one shard: lookup, timers, limits.
//!
//! Flows wait for their deadline in one queue per timeout (protocol class and state), oldest first, so that ending what is
//! due costs the number of flows that end, and evicting the longest idle one looks at the heads only.

use decode::Layers;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use model::{Direction, FlowId, PacketId, Time};
use std::collections::VecDeque;
use std::hash::BuildHasher;

use crate::key::{self, Identity, Key};
use crate::pool::{Link, Node, Pool};
use crate::tcp::{Held, Memory, Session, is_reuse, rest};
use crate::{Config, EndReason, Fetch, Flow, FlowState, Stream, Timeouts};

/// One level of a packet as the flow stage sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Position in the input.
    pub id: PacketId,
    /// Packet time.
    pub time: Time,
    /// The bytes that the ranges of `layers` index.
    pub bytes: &'a [u8],
    /// What decoding found.
    pub layers: &'a Layers,
    /// Bytes that the flow counts for this packet: captured length at level 0, else from the start of the inner packet.
    pub len: u32,
}

impl<'a> Seen<'a> {
    /// The transport payload.
    pub fn payload(&self) -> &'a [u8] {
        let range = self.layers.payload.start as usize..self.layers.payload.end as usize;
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Handle of a flow inside its table; valid until [`Flows::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub(crate) u32);

/// Where a packet's flow is looked for; see [`Table::trail`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trail {
    key: Key,
    hash: u64,
}

/// What [`Flows::touch`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// The flow; `None` when this kind of packet has none.
    pub slot: Option<Slot>,
    /// Which way the packet goes.
    pub direction: Direction,
    /// The packet opened the flow.
    pub opened: bool,
    /// It is the first of its direction (Suricata's `FLOW_PKT_TOSERVER_FIRST`).
    pub first: bool,
    /// The flow was established before or by this packet (`FLOW_PKT_ESTABLISHED`, what `flow:established` asks).
    pub established: bool,
}

/// Who a packet belongs to, and where that is looked up.
struct Found {
    identity: Identity,
    hash: u64,
}

/// What the table counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Flows opened.
    pub opened: u64,
    /// Flows ended because the table was full.
    pub evicted: u64,
    /// Flows ended by a new session on the same ports.
    pub reused: u64,
    /// TCP sessions refused because the shard had too many.
    pub sessions_refused: u64,
    /// TCP segments that found the memory limit reached.
    pub segments_refused: u64,
    /// Reassembly gaps.
    pub gaps: u64,
}

impl Counters {
    /// Both together.
    pub fn plus(self, other: Counters) -> Counters {
        Counters {
            opened: self.opened + other.opened,
            evicted: self.evicted + other.evicted,
            reused: self.reused + other.reused,
            sessions_refused: self.sessions_refused + other.sessions_refused,
            segments_refused: self.segments_refused + other.segments_refused,
            gaps: self.gaps + other.gaps,
        }
    }
}

/// A flow with everything that hangs on it.
#[derive(Debug)]
pub struct Entry<'a, A> {
    /// The flow.
    pub flow: &'a mut Flow,
    /// The engine's own state.
    pub app: &'a mut A,
    /// The TCP stream; `None` for other protocols.
    pub stream: Option<Stream<'a>>,
}

/// The flows of one shard, by number in a [`Pool`].
#[derive(Debug)]
pub struct Table {
    config: Config,
    hasher: FixedState,
    index: HashTable<u32>,
    pub(crate) queues: [Queue; CLASSES],
    pub(crate) ended: VecDeque<u32>,
    /// Last flow handed out for change: its state may have moved it to another queue.
    dirty: Option<u32>,
    emergency: bool,
    /// Right behind the packet that found the table full: no flow that shorter timeouts end is due before.
    emergency_from: Time,
    /// When the flow that was taken out last was due.
    due: Time,
    /// No flow is due before.
    pub(crate) earliest: Time,
    /// No session is to be laid to rest before.
    rest_due: Time,
    memory: Memory,
    counters: Counters,
}

/// Ends of a queue through the nodes, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    pub(crate) head: u32,
    tail: u32,
    /// Not before the time of any flow in the queue.
    latest: Time,
    /// First flow that was not laid to rest; those behind it were not either.
    awake: u32,
}

pub(crate) const NONE: u32 = u32::MAX;

/// Protocol classes (TCP, UDP, ICMP, other) times states (new, established, closed, bypassed).
const CLASSES: usize = 16;
/// A flow without a packet for so long keeps only what somebody still has to read: a table holds many idle flows, and the last
/// segment of each, kept to compare it with a copy of itself, and room for the next exchange would be most of their memory.
const REST_SECS: u64 = 10;
/// Flows that are brought near together before they are laid to rest.
const RESTED_TOGETHER: usize = 16;

/// The first class of a protocol.
fn protocol_class(protocol: u8) -> u8 {
    match protocol {
        key::TCP => 0,
        key::UDP => 4,
        key::ICMP | key::ICMP6 => 8,
        _ => 12,
    }
}

/// When a flow with its last packet at `last` is laid to rest: at the first whole second after [`REST_SECS`].
fn rest_due(last: Time) -> Time {
    Time::from_secs(last.secs()).plus_secs(REST_SECS + 1)
}

/// What the caller keeps with a flow.
pub trait Rest {
    /// Nothing came for a while: gives back room that only waits for more.
    fn rest(&mut self);
}

/// Nothing is kept.
impl Rest for () {
    fn rest(&mut self) {}
}

impl Table {
    /// An empty table.
    pub fn new(config: Config) -> Self {
        Self {
            hasher: FixedState::with_seed(config.seed),
            config,
            index: HashTable::new(),
            queues: [Queue { head: NONE, tail: NONE, latest: Time::default(), awake: NONE }; CLASSES],
            ended: VecDeque::new(),
            dirty: None,
            emergency: false,
            emergency_from: Time::default(),
            due: Time::default(),
            earliest: Time::default(),
            rest_due: Time::default(),
            memory: Memory::default(),
            counters: Counters::default(),
        }
    }

    /// The table at work, with what lies in the pool.
    pub fn with<'a, A>(&'a mut self, pool: &'a mut Pool<A>) -> Flows<'a, A> {
        Flows { table: self, pool }
    }

    /// Where an ordinary packet's flow is looked for; the same in all tables with one seed.
    pub fn trail(&self, plain: &decode::Plain) -> Trail {
        let key = key::of_plain(plain);
        Trail { key, hash: self.hasher.hash_one(key) }
    }

    /// Follows a trail to the flow that a packet most likely belongs to. Nothing but speed may depend on it.
    pub fn scent(&self, trail: &Trail) -> Option<Slot> {
        self.index.find(trail.hash, |_| true).copied().map(Slot)
    }

    /// When the flow was due that [`Flows::next_due`] gave last.
    pub fn due(&self) -> Time {
        self.due
    }

    /// When a flow is due: always later than its last packet, and than the packet that shortened its timeout.
    pub(crate) fn deadline(&self, last: Time, timeout_secs: u32) -> Time {
        let deadline = last.plus_secs(u64::from(timeout_secs)).max(last.plus_nanos(1));
        if self.emergency { deadline.max(self.emergency_from) } else { deadline }
    }

    /// Who a packet belongs to. Of an ordinary packet that is known already; what its layers turned out to be still counts.
    fn identify(&self, layers: &Layers, trail: Option<&Trail>) -> Option<Found> {
        if let (Some(trail), decode::Transport::Tcp(_) | decode::Transport::Udp { .. }, None) =
            (trail, &layers.transport, &layers.fragment)
        {
            let identity = Identity::of_ports(trail.key);
            debug_assert_eq!(key::identify(layers, &self.config).map(|known| known.key), Some(identity.key));
            return Some(Found { identity, hash: trail.hash });
        }
        let identity = key::identify(layers, &self.config)?;
        Some(Found { hash: self.hasher.hash_one(identity.key), identity })
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Flows in the table.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes of reassembly memory in use.
    pub fn memory_used(&self) -> u64 {
        self.memory.used()
    }

    fn timeouts(&self, protocol_class: u8) -> &Timeouts {
        match protocol_class {
            0 => &self.config.tcp,
            1 => &self.config.udp,
            2 => &self.config.icmp,
            _ => &self.config.other,
        }
    }

    pub(crate) fn timeout(&self, class: u8) -> u32 {
        let t = self.timeouts(class / 4);
        match (class % 4, self.emergency) {
            (0, false) => t.new,
            (0, true) => t.emergency_new,
            (1, false) => t.established,
            (1, true) => t.emergency_established,
            (2, false) => t.closed,
            (2, true) => t.emergency_closed,
            (_, false) => t.bypassed,
            (_, true) => t.emergency_bypassed,
        }
    }
}

/// The flows of one shard at work: its table, and the pool that they lie in, always the same one.
#[derive(Debug)]
pub struct Flows<'a, A> {
    table: &'a mut Table,
    pool: &'a mut Pool<A>,
}

impl<'a, A: Default + Rest> Flows<'a, A> {
    /// Takes the next flow whose deadline has come by `now` out of the table, earliest deadline first.
    ///
    /// The caller finishes it through [`Flows::entry`] and then calls [`Flows::release`].
    #[inline]
    pub fn next_due(&mut self, now: Time) -> Option<Slot> {
        self.settle();
        // Asked before each packet, and nearly always in vain.
        if now < self.table.rest_due && now < self.table.earliest { None } else { self.look_for_due(now) }
    }

    #[inline(never)]
    fn look_for_due(&mut self, now: Time) -> Option<Slot> {
        if now >= self.table.rest_due {
            self.lay_to_rest(now);
        }
        if now < self.table.earliest {
            return None;
        }
        let mut best: Option<(Time, FlowId, u32, u32)> = None;
        let mut earliest = Time::from_nanos(u64::MAX);
        for class in 0..CLASSES {
            let head = self.table.queues[class].head;
            if head == NONE {
                continue;
            }
            let timeout = self.table.timeout(class as u8);
            let deadline = self.table.deadline(self.pool.links[head as usize].last, timeout);
            earliest = earliest.min(deadline);
            if deadline > now {
                continue;
            }
            let id = self.pool.nodes[head].flow.id;
            if best.is_none_or(|(time, other, ..)| (deadline, id) < (time, other)) {
                best = Some((deadline, id, head, timeout));
            }
        }
        self.table.earliest = earliest;
        let (due, _, at, timeout) = best?;
        self.table.due = due;
        self.pool.nodes[at].flow.timeout_secs = timeout;
        self.end(at, EndReason::Timeout);
        Some(Slot(at))
    }

    /// Lets flows that were silent long enough forget what nobody needs, all that are due by the last whole second, so that
    /// several of them are waited for at once. As with deadlines, this is done before anything at `now` is looked at, so it
    /// does not matter who asks when.
    fn lay_to_rest(&mut self, now: Time) {
        let second = Time::from_secs(now.secs());
        self.table.rest_due = Time::from_nanos(u64::MAX);
        for class in 0..CLASSES {
            let mut at = self.table.queues[class].awake;
            while at != NONE {
                let mut due = [NONE; RESTED_TOGETHER];
                let mut count = 0;
                while at != NONE && count < RESTED_TOGETHER {
                    let link = self.pool.links[at as usize];
                    if rest_due(link.last) > second {
                        break;
                    }
                    due[count] = at;
                    count += 1;
                    at = link.after;
                }
                if count == 0 {
                    self.table.rest_due =
                        self.table.rest_due.min(rest_due(self.pool.links[at as usize].last));
                    break;
                }
                let due = &due[..count];
                for step in Fetch::STEPS {
                    due.iter().for_each(|at| self.pool.fetch(Slot(*at), step, |_, _| ()));
                }
                for at in due {
                    let node = &mut self.pool.nodes[*at];
                    if let Some(session) = node.session {
                        rest(
                            &mut self.pool.sessions[session],
                            &self.table.config.stream,
                            &mut self.table.memory,
                        );
                    }
                    node.app.rest();
                }
            }
            self.table.queues[class].awake = at;
        }
    }

    /// Takes the next flow that [`Flows::touch`] ended (port reuse, eviction).
    pub fn next_ended(&mut self) -> Option<Slot> {
        self.table.ended.pop_front().map(Slot)
    }

    /// Takes the next flow at the end of the input: those past their deadline at `now` first, with reason `timeout`, then
    /// the others with reason `shutdown`, in the order of their ids.
    pub fn next_at_end(&mut self, now: Time) -> Option<Slot> {
        if let Some(slot) = self.next_due(now) {
            return Some(slot);
        }
        if self.table.ended.is_empty() {
            let mut rest: Vec<u32> = self.table.index.iter().copied().collect();
            rest.sort_unstable_by_key(|at| self.pool.nodes[*at].flow.id);
            for at in rest {
                self.end(at, EndReason::Shutdown);
                self.table.ended.push_back(at);
            }
        }
        self.next_ended()
    }

    /// Finds the flow of a packet or opens one, and counts the packet in it.
    pub fn touch(&mut self, seen: &Seen<'_>) -> Touch {
        self.touch_along(seen, None)
    }

    /// The same for an ordinary packet whose [`Table::trail`] was taken already.
    pub fn touch_along(&mut self, seen: &Seen<'_>, trail: Option<&Trail>) -> Touch {
        self.settle();
        let nothing = Touch {
            slot: None,
            direction: Direction::ToServer,
            opened: false,
            first: false,
            established: false,
        };
        let Some(Found { identity, hash }) = self.table.identify(seen.layers, trail) else { return nothing };
        let mut found = self.find(hash, &identity.key);
        if let Some(at) = found
            && self.is_reused(at, seen)
        {
            self.end(at, EndReason::TcpReuse);
            self.table.ended.push_back(at);
            self.table.counters.reused += 1;
            found = None;
        }
        let opened = found.is_none();
        let at = match found {
            Some(at) => at,
            None if identity.may_open => self.open(seen, &identity, hash),
            None => return nothing,
        };
        let node = &mut self.pool.nodes[at];
        let session = node.session.map(|session| &self.pool.sessions[session]);
        let touch = count(&mut node.flow, session, seen, &identity);
        self.requeue(at);
        Touch { slot: Some(Slot(at)), opened, ..touch }
    }

    /// The flow behind a handle.
    pub fn entry(mut self, slot: Slot) -> Entry<'a, A> {
        self.settle();
        self.table.dirty = Some(slot.0);
        let node = &mut self.pool.nodes[slot.0];
        let stream = (node.flow.protocol == key::TCP).then(|| {
            let session = Held { number: &mut node.session, sessions: &mut self.pool.sessions };
            Stream::new(session, &mut self.table.memory, &self.table.config.stream, &mut self.table.counters)
        });
        Entry { flow: &mut node.flow, app: &mut node.app, stream }
    }

    /// Forgets an ended flow; gives its application state back for logging or recycling.
    pub fn release(&mut self, slot: Slot) -> A {
        let at = slot.0;
        assert!(!self.pool.links[at as usize].linked, "only ended flows are released");
        if self.table.dirty == Some(at) {
            self.table.dirty = None;
        }
        let mut node = self.pool.nodes.remove(at);
        let mut session = Held { number: &mut node.session, sessions: &mut self.pool.sessions };
        session.close(&mut self.table.memory);
        node.app
    }

    fn find(&self, hash: u64, key: &Key) -> Option<u32> {
        self.table.index.find(hash, |at| self.pool.nodes[*at].key == *key).copied()
    }

    fn is_reused(&self, at: u32, seen: &Seen<'_>) -> bool {
        let decode::Transport::Tcp(tcp) = &seen.layers.transport else { return false };
        let node = &self.pool.nodes[at];
        let session = node.session.map(|session| &self.pool.sessions[session]);
        is_reuse(&self.table.config.stream, session, direction(&node.flow, seen.layers), tcp)
    }

    fn open(&mut self, seen: &Seen<'_>, identity: &Identity, hash: u64) -> u32 {
        if self.table.index.len() >= self.table.config.flows_max.max(1) as usize {
            if !self.table.emergency {
                self.table.emergency = true;
                self.table.emergency_from = seen.time.plus_nanos(1);
            }
            self.table.earliest = Time::default();
            self.evict();
        }
        let flow = new_flow(seen, identity);
        let node = Node { flow, app: A::default(), session: None, key: identity.key };
        let at = self.pool.nodes.insert(node);
        if self.pool.links.len() <= at as usize {
            self.pool.links.resize(
                at as usize + 1,
                Link { before: NONE, after: NONE, last: Time::default(), class: 0, linked: false },
            );
        }
        let (nodes, hasher) = (&self.pool.nodes, &self.table.hasher);
        self.table.index.insert_unique(hash, at, |other| hasher.hash_one(nodes[*other].key));
        self.table.counters.opened += 1;
        // The state that it begins in comes on top.
        self.pool.links[at as usize].class = protocol_class(self.pool.nodes[at].flow.protocol);
        self.pool.links[at as usize].class = self.class_of(at);
        self.link(at);
        at
    }

    /// Ends the flow that has been idle longest.
    fn evict(&mut self) {
        let oldest = self
            .table
            .queues
            .iter()
            .filter(|queue| queue.head != NONE)
            .map(|queue| queue.head)
            .min_by_key(|at| (self.pool.nodes[*at].flow.last_time, self.pool.nodes[*at].flow.id));
        if let Some(at) = oldest {
            self.end(at, EndReason::Forced);
            self.table.ended.push_back(at);
            self.table.counters.evicted += 1;
        }
    }

    fn end(&mut self, at: u32, reason: EndReason) {
        self.unlink(at);
        let node = &mut self.pool.nodes[at];
        node.flow.reason = reason;
        node.flow.emergency = self.table.emergency;
        let hash = self.table.hasher.hash_one(node.key);
        let entry =
            self.table.index.find_entry(hash, |other| *other == at).expect("a linked flow is indexed");
        entry.remove();
        // Emergency ends once three tenths of the table are free again.
        if self.table.emergency && self.table.index.len() * 10 <= self.table.config.flows_max as usize * 7 {
            self.table.emergency = false;
        }
    }

    /// The class that a flow belongs to now: its protocol stays what it was.
    #[inline]
    fn class_of(&self, at: u32) -> u8 {
        let state = match self.pool.nodes[at].flow.state {
            FlowState::New => 0,
            FlowState::Established => 1,
            FlowState::Closed => 2,
            FlowState::LocalBypassed | FlowState::CaptureBypassed => 3,
        };
        self.pool.links[at as usize].class & !3 | state
    }

    /// Takes note of what the last flow handed out became. Whoever asks for something next does so too; done at once, the
    /// flow is still at hand.
    #[inline]
    pub fn settle(&mut self) {
        if let Some(at) = self.table.dirty.take()
            && self.pool.links[at as usize].linked
            && self.class_of(at) != self.pool.links[at as usize].class
        {
            self.requeue(at);
        }
    }

    fn requeue(&mut self, at: u32) {
        let class = self.class_of(at);
        if self.pool.links[at as usize].class == class && self.table.queues[class as usize].tail == at {
            let last = self.pool.nodes[at].flow.last_time;
            self.pool.links[at as usize].last = last;
            let queue = &mut self.table.queues[class as usize];
            queue.latest = queue.latest.max(last);
            return;
        }
        self.unlink(at);
        self.pool.links[at as usize].class = class;
        self.link(at);
    }

    fn link(&mut self, at: u32) {
        let class = self.pool.links[at as usize].class;
        let timeout = self.table.timeout(class);
        let flow = &mut self.pool.nodes[at].flow;
        flow.timeout_secs = timeout;
        let time = flow.last_time;
        let queue = &mut self.table.queues[class as usize];
        // Time is monotone, so the place is the tail, save for a flow whose state changed without a packet of its own.
        let mut before = queue.tail;
        if time < queue.latest {
            while before != NONE && self.pool.links[before as usize].last > time {
                before = self.pool.links[before as usize].before;
            }
        }
        queue.latest = queue.latest.max(time);
        let after = match before {
            NONE => std::mem::replace(&mut queue.head, at),
            _ => std::mem::replace(&mut self.pool.links[before as usize].after, at),
        };
        if queue.awake == after {
            queue.awake = at;
            self.table.rest_due = self.table.rest_due.min(rest_due(time));
        }
        match after {
            NONE => queue.tail = at,
            _ => self.pool.links[after as usize].before = at,
        }
        self.table.earliest = self.table.earliest.min(time.plus_secs(u64::from(timeout)));
        self.pool.links[at as usize] = Link { before, after, last: time, class, linked: true };
    }

    fn unlink(&mut self, at: u32) {
        let Link { before, after, class, linked, .. } = self.pool.links[at as usize];
        assert!(linked, "a flow leaves its queue once");
        self.pool.links[at as usize].linked = false;
        let queue = &mut self.table.queues[class as usize];
        if queue.awake == at {
            queue.awake = after;
        }
        match before {
            NONE => queue.head = after,
            _ => self.pool.links[before as usize].after = after,
        }
        match after {
            NONE => queue.tail = before,
            _ => self.pool.links[after as usize].before = before,
        }
    }
}

fn new_flow(seen: &Seen<'_>, identity: &Identity) -> Flow {
    let layers = seen.layers;
    let ports = identity.transport == crate::Transport::Ports;
    Flow {
        id: FlowId(seen.id.0 << 4 | u64::from(layers.level & 15)),
        client: layers.src,
        server: layers.dst,
        client_port: if ports { layers.src_port } else { 0 },
        server_port: if ports { layers.dst_port } else { 0 },
        transport: identity.transport,
        protocol: layers.protocol,
        vlans: layers.vlans,
        vlan_count: layers.vlan_count,
        level: layers.level,
        tenant: layers.tenant,
        parent: FlowId(0),
        first_time: seen.time,
        last_time: seen.time,
        first_packet: seen.id,
        last_packet: seen.id,
        first_direction: Direction::ToServer,
        packets: [0; 2],
        bytes: [0; 2],
        payload: [0; 2],
        ttl_min: [0; 2],
        ttl_max: [0; 2],
        tcp_flags: [0; 2],
        seen: [false; 2],
        state: FlowState::New,
        reason: EndReason::Shutdown,
        emergency: false,
        reversed: false,
        timeout_secs: 0,
    }
}

/// Which way a packet goes in its flow. Ports decide where they differ; otherwise addresses do, as in Suricata.
fn direction(flow: &Flow, layers: &Layers) -> Direction {
    let from_client = match layers.transport {
        decode::Transport::Tcp(_) | decode::Transport::Udp { .. } | decode::Transport::Sctp { .. }
            if layers.src_port != layers.dst_port =>
        {
            flow.client_port == layers.src_port
        }
        decode::Transport::Esp { .. } => true,
        _ => flow.client == layers.src,
    };
    if from_client { Direction::ToServer } else { Direction::ToClient }
}

/// Counts a packet in its flow.
fn count(flow: &mut Flow, session: Option<&Session>, seen: &Seen<'_>, identity: &Identity) -> Touch {
    let layers = seen.layers;
    let direction = direction(flow, layers);
    let way = direction.index();
    flow.last_time = flow.last_time.max(seen.time);
    flow.last_packet = seen.id;
    flow.packets[way] += 1;
    flow.bytes[way] += u64::from(seen.len);
    let first = identity.counts_as_seen && !flow.seen[way];
    flow.seen[way] |= identity.counts_as_seen;
    let lowest = if flow.ttl_max[way] == 0 { layers.ttl } else { flow.ttl_min[way].min(layers.ttl) };
    flow.ttl_min[way] = lowest;
    flow.ttl_max[way] = flow.ttl_max[way].max(layers.ttl);
    if let decode::Transport::Tcp(tcp) = &layers.transport {
        flow.tcp_flags[way] |= tcp.flags;
    }
    if matches!(flow.transport, crate::Transport::Ports) && identity.transport == flow.transport {
        flow.payload[way] += u64::from(layers.payload.end.saturating_sub(layers.payload.start));
    }
    let established = match flow.state {
        FlowState::Established => true,
        _ if flow.protocol == key::TCP => session.is_some_and(Session::is_established),
        FlowState::New if flow.seen == [true; 2] => {
            flow.state = FlowState::Established;
            true
        }
        _ => flow.seen == [true; 2],
    };
    Touch { slot: None, direction, opened: false, first, established }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_stays_small() {
        let bytes = size_of::<Node<()>>();
        assert!(bytes <= 264, "a flow keeps {bytes} bytes besides what the engine keeps with it");
    }
}
