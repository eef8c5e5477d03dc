//! One logical shard: the life of a packet, from its layers to what is said about it.

use decode::{Layers, Transport};
use flow::tcp::{Fate, State};
use flow::{Chunk, Entry, Fetch, Seen, Slot, Stream, Table, Touch, Trail, Turn};
use model::{Direction, EventKind, Seldom, Time};
use protocol::{AppStatus, Asks, Data, Expectation, Feed, FileState, Turnaround};
use rules::{Inspector, Late, Outcome, RuleSet};

use crate::config::Config;
use crate::conversation::{Conversation, endpoints};
use crate::exception::Verdict;
use crate::output::{Cause, Output};
use crate::{exception, inspect, log, rewrite};

/// Flows that are announced and not there yet, per shard; the oldest gives way.
const EXPECTATIONS_MAX: usize = 256;

/// How long an announced flow is waited for.
const EXPECTATION_NS_MAX: u64 = 30_000_000_000;

/// Bytes of a line that are carried over a gap.
const CARRIED_MAX: usize = 64 * 1024;

/// Flows that are brought near together at the end of the input.
const ENDED_TOGETHER: u64 = 8;

/// State of one shard. Every limit belongs to it.
#[derive(Debug)]
pub(crate) struct Shard {
    flows: Table,
    expectations: Vec<(Expectation, model::FlowId, Time)>,
    asks: Asks,
    /// What was told of frames without IP.
    frames: protocol::FrameLog,
}

/// What a packet looks like to the stages of a shard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// As the flow stage sees it.
    pub(crate) seen: Seen<'a>,
    /// Which of the packets inside the captured one this is, counted from 0.
    pub(crate) turn: u8,
    /// The outermost level of the packet; for `tunnel` in records.
    pub(crate) root: Option<&'a Layers>,
    /// Where its flow is looked for, when it is an ordinary packet.
    pub(crate) trail: Option<&'a Trail>,
}

/// The flows of a worker's shards.
pub(crate) type Pool = flow::Pool<Conversation>;

/// A worker's tools, lent to one shard at a time.
pub(crate) struct Tools<'a> {
    /// Configuration.
    pub(crate) config: &'a Config,
    /// Rules, when there are any.
    pub(crate) rules: Option<&'a RuleSet>,
    /// Working memory for them.
    pub(crate) inspector: Option<&'a mut Inspector>,
    /// State that crosses flows, when packets come in the order of the input.
    pub(crate) late: Option<&'a mut Late>,
    /// What inspecting the last packet came to.
    pub(crate) outcome: &'a mut Outcome,
    /// Where output goes.
    pub(crate) out: &'a mut Output,
}

impl Shard {
    /// An empty shard.
    pub(crate) fn new(config: &Config) -> Self {
        let mut flow = config.flow.clone();
        // Without rules nobody looks at streams as such, and nothing is kept for them.
        flow.stream.raw &= config.rules.is_some();
        Self {
            flows: Table::new(flow),
            expectations: Vec::new(),
            asks: Asks::default(),
            frames: Default::default(),
        }
    }

    /// Ends what is due by `now`.
    pub(crate) fn advance(&mut self, now: Time, pool: &mut Pool, tools: &mut Tools<'_>) {
        while let Some(slot) = self.flows.with(pool).next_due(now) {
            let time = self.flows.due();
            self.end_flow(slot, time, pool, tools);
        }
    }

    /// Ends everything: the input is over. `number` is the shard's own: shards end one after the other.
    pub(crate) fn finish(&mut self, number: usize, now: Time, pool: &mut Pool, tools: &mut Tools<'_>) {
        let mut ended: u64 = 0;
        while let Some(slot) = self.flows.with(pool).next_at_end(now) {
            if ended.is_multiple_of(ENDED_TOGETHER) {
                for step in Fetch::STEPS {
                    self.flows.fetch_ended(pool, ENDED_TOGETHER as usize, step, Conversation::fetch);
                }
            }
            tools.out.begin(Cause::End { time: now, shard: number, ended });
            ended += 1;
            self.end_flow_now(slot, now, pool, tools);
        }
    }

    /// Where an ordinary packet's flow is looked for.
    pub(crate) fn trail(&self, plain: &decode::Plain) -> Trail {
        self.flows.trail(plain)
    }

    /// The flow that a packet most likely belongs to; nothing but speed depends on it.
    pub(crate) fn scent(&self, trail: &Trail) -> Option<Slot> {
        self.flows.scent(trail)
    }

    /// Brings flows that are over by `now` near, a step at a time.
    pub(crate) fn fetch_due(&self, pool: &Pool, now: Time, step: Fetch) {
        self.flows.fetch_due(pool, now, step, Conversation::fetch);
    }

    /// What was counted.
    pub(crate) fn counters(&self) -> flow::Counters {
        self.flows.counters()
    }

    /// The life of one level of one packet.
    pub(crate) fn packet(&mut self, view: &View<'_>, pool: &mut Pool, tools: &mut Tools<'_>) {
        self.live(view, pool, tools);
        self.flows.with(pool).settle();
    }

    fn live(&mut self, view: &View<'_>, pool: &mut Pool, tools: &mut Tools<'_>) {
        let seen = &view.seen;
        self.advance(seen.time, pool, tools);
        tools.out.begin(Cause::Packet { time: seen.time, packet: seen.id, turn: view.turn });
        if inspect::is_dropped_before_flow(view, tools) {
            return;
        }
        let mut touch = self.flows.with(pool).touch_along(seen, view.trail);
        while let Some(slot) = self.flows.with(pool).next_ended() {
            // The flow that had to go is told of as of this packet.
            self.end_flow_now(slot, seen.time, pool, tools);
        }
        if !seen.layers.events.is_empty() {
            let flow = touch.slot.map(|slot| self.flows.with(pool).entry(slot).flow);
            log::decode_anomalies(view, flow.as_deref(), tools.config, tools.out);
        }
        let Some(slot) = touch.slot else {
            inspect::packet_alone(view, tools);
            log::packet_without_flow(view, tools.config, &mut self.frames, tools.out);
            return;
        };
        // The connection often stands before the command that says what it is for: its first data decide.
        if !seen.payload().is_empty() || touch.opened {
            self.meet_expectation(slot, seen.time, pool);
        }
        let mut entry = self.flows.with(pool).entry(slot);
        entry.app.sample(entry.flow.first_time, seen.time, touch.direction, seen.payload().len());
        if tools.config.eve.ethernet {
            entry.app.note_macs(seen.layers);
        }
        if entry.app.rules.dropped {
            let reason = entry.app.rules.drop_reason();
            inspect::dropped(view, &mut entry, touch.direction, reason, tools);
            return;
        }
        if exception::is_bypassed(&entry) {
            return;
        }
        let before = entry.app.detection_done();
        // What shows that the payload is encrypted from here on is looked at itself.
        let sealed = entry.app.app.no_inspection();
        let reversed = entry.flow.reversed;
        let mut turn = take_in(&mut entry, view, &touch, tools, &mut self.asks);
        if turn.is_none() && entry.flow.reversed != reversed {
            // The datagram showed that the sides are the other way round, and so does it itself go.
            touch.direction = touch.direction.other();
        }
        entry.app.note_detection(before);
        if tools.out.facts {
            entry.app.look_at(seen.layers, touch.direction, seen.payload());
            let (home, at) = (&tools.config.home, (seen.time, seen.id));
            let Conversation { app, cards, .. } = &mut *entry.app;
            cards.look(home, seen.layers, seen.payload(), app.name(), at);
        }
        if !entry.app.app.changing() {
            entry.app.changing = false;
        } else if !std::mem::replace(&mut entry.app.changing, true) {
            finish_protocol(&mut entry, view, tools);
        }
        let verdict =
            turn.as_ref().map_or(Verdict::Inspect, |turn| exception::apply(&mut entry, turn, tools.config));
        if tools.rules.is_some() {
            tools.outcome.clear();
        }
        match verdict {
            Verdict::Pass => {}
            Verdict::Drop(reason) => inspect::dropped(view, &mut entry, touch.direction, reason, tools),
            Verdict::Inspect | Verdict::InspectAndDrop(_) => {
                let earlier = match (&entry.stream, &turn) {
                    (Some(stream), Some(turn)) if turn.replaced => rewrite::passed_on(seen, stream, turn),
                    _ => None,
                };
                let rewritten =
                    earlier.as_deref().map(|bytes| View { seen: Seen { bytes, ..*seen }, ..*view });
                let view = rewritten.as_ref().unwrap_or(view);
                inspect::packet(view, &mut entry, &touch, turn.as_mut(), verdict, sealed, tools);
            }
        }
        let direction = turn.as_ref().map_or(touch.direction, |turn| turn.direction);
        log::frames(&mut entry, Some(view), seen.time, direction, tools);
        log::transactions(&mut entry, Some(view), Some(direction), tools.config, tools.out, false);
        if tools.outcome.bypass
            || turn.as_ref().is_some_and(|turn| turn.bypass)
            || entry.app.app.may_be_bypassed()
        {
            exception::bypass(&mut entry);
        }
        if let (Some(stream), Some(turn)) = (&mut entry.stream, turn)
            && turn.established
        {
            stream.prune(turn.direction);
        }
        let flow = entry.flow.id;
        self.note_expectations(flow, seen.time);
    }

    /// A flow that was announced gets its protocol from the announcement.
    fn meet_expectation(&mut self, slot: Slot, now: Time, pool: &mut Pool) {
        if self.expectations.is_empty() {
            return;
        }
        self.expectations.retain(|(_, _, since)| now.nanos_since(*since) <= EXPECTATION_NS_MAX);
        let entry = self.flows.with(pool).entry(slot);
        if !entry.app.app.is_fresh() {
            return;
        }
        let ends = endpoints(entry.flow);
        let Some(position) = self.expectations.iter().position(|(expected, _, _)| {
            expected.server == ends.server
                && expected.server_port == ends.server_port
                && expected.client == ends.client
        }) else {
            return;
        };
        let (expected, parent, _) = self.expectations.remove(position);
        if let Some(id) = protocol::find(expected.protocol) {
            entry.app.app = protocol::App::expected(id, &expected);
            entry.flow.parent = parent;
        }
    }

    fn note_expectations(&mut self, flow: model::FlowId, now: Time) {
        for expectation in self.asks.expect.drain(..) {
            if self.expectations.len() >= EXPECTATIONS_MAX {
                self.expectations.remove(0);
            }
            self.expectations.push((expectation, flow, now));
        }
    }

    fn end_flow(&mut self, slot: Slot, time: Time, pool: &mut Pool, tools: &mut Tools<'_>) {
        let flow = self.flows.with(pool).entry(slot).flow.id.0;
        tools.out.begin(Cause::Timer { time, flow });
        self.end_flow_now(slot, time, pool, tools);
    }

    /// Flushes what was not acknowledged, logs what is left, tells of the flow, forgets it.
    fn end_flow_now(&mut self, slot: Slot, time: Time, pool: &mut Pool, tools: &mut Tools<'_>) {
        let mut entry = self.flows.with(pool).entry(slot);
        // Of a dropped flow nothing is told that its drop came before.
        let dropped = entry.app.rules.dropped;
        if let (Some(stream), false) = (&entry.stream, dropped) {
            let busy = entry.app.app.session().is_some_and(|session| session.count() > 0);
            let needed = stream.needs_flush([busy; 2]);
            for direction in Direction::BOTH {
                if !needed[direction.index()] {
                    continue;
                }
                let Some(stream) = &mut entry.stream else { continue };
                let mut turn = stream.accept_end(entry.flow, direction);
                // What earlier packets found out waits for packets of the wire.
                entry.app.detected = [false; 2];
                let before = entry.app.detection_done();
                deliver(&mut entry, &mut turn, time, model::PacketId(0), tools.config, &mut self.asks);
                entry.app.note_detection(before);
                inspect::pseudo_packet(&mut entry, &mut turn, time, tools);
                log::frames(&mut entry, None, time, direction, tools);
                log::transactions(&mut entry, None, Some(turn.direction), tools.config, tools.out, false);
            }
        }
        if !dropped {
            log::transactions(&mut entry, None, None, tools.config, tools.out, true);
        }
        let unknown = entry.app.unknown(entry.flow);
        log::ended_flow(&mut entry, time, unknown.as_ref(), tools);
        if tools.out.facts {
            let gaps = entry.stream.as_ref().map_or([false; 2], Stream::gaps);
            let fact = entry.app.flow_fact(entry.flow, gaps, unknown.as_ref());
            tools.out.tell(EventKind::Flow(Box::new(fact)));
        }
        self.asks.expect.clear();
        self.flows.with(pool).release(slot);
    }
}

/// The flow is about to speak another protocol: rules and records see the last of the old one, in both directions.
fn finish_protocol(entry: &mut Entry<'_, Conversation>, view: &View<'_>, tools: &mut Tools<'_>) {
    let news = (std::mem::take(&mut entry.app.detected), std::mem::take(&mut entry.app.app_events));
    for direction in Direction::BOTH {
        inspect::last_look(entry, direction, view.seen.time, tools);
    }
    log::transactions(entry, Some(view), None, tools.config, tools.out, true);
    (entry.app.detected, entry.app.app_events) = news;
}

/// Runs a packet through the stream engine and the application layer.
fn take_in(
    entry: &mut Entry<'_, Conversation>,
    view: &View<'_>,
    touch: &Touch,
    tools: &mut Tools<'_>,
    asks: &mut Asks,
) -> Option<Turn> {
    let seen = &view.seen;
    match seen.layers.transport {
        Transport::Tcp(_) => {
            let mut turn = entry.stream.as_mut()?.accept(entry.flow, seen, touch.direction);
            if turn.fate != Fate::BadChecksum {
                deliver(entry, &mut turn, seen.time, seen.id, tools.config, asks);
                log::stream_anomalies(view, entry, &turn, tools.config, tools.out);
            }
            Some(turn)
        }
        Transport::Udp { .. } if !seen.payload().is_empty() => {
            let feed = Feed {
                direction: touch.direction,
                data: Data::Bytes(seen.payload()),
                end: false,
                time: seen.time,
                packet: seen.id,
                endpoints: endpoints(entry.flow),
                midstream: false,
                established: true,
            };
            entry.app.looked_at = false;
            unsettle(&mut entry.app.rules);
            if entry.app.app.feed_datagram(&feed, &tools.config.protocol, asks) {
                entry.flow.swap();
            }
            if wants_frames(tools.config) && !asks.frames.is_empty() {
                let frames = entry.app.frames.get_or_insert_default();
                frames.datagram(asks, entry.app.app.protocol_id(), touch.direction, seen.payload());
            }
            asks.frames.clear();
            None
        }
        _ => None,
    }
}

/// Hands what became readable to the application layer, direction by direction.
fn deliver(
    entry: &mut Entry<'_, Conversation>,
    turn: &mut Turn,
    time: Time,
    packet: model::PacketId,
    config: &Config,
    asks: &mut Asks,
) {
    let mut swapped = false;
    for direction in turn.deliver {
        let direction = if swapped { direction.other() } else { direction };
        let unknown = entry.app.app.status() == AppStatus::Unknown;
        match feed_direction(entry, turn, direction, time, packet, config, asks) {
            Some(Turnaround::OtherFirst) => {
                feed_direction(entry, turn, direction.other(), time, packet, config, asks);
                feed_direction(entry, turn, direction, time, packet, config, asks);
            }
            Some(Turnaround::Swap) => {
                let Some(stream) = &mut entry.stream else { return };
                stream.swap(entry.flow, turn);
                swapped = !swapped;
                feed_direction(entry, turn, direction.other(), time, packet, config, asks);
            }
            // The other direction was held back until the protocol was known.
            None if unknown && entry.app.app.status() == AppStatus::Parsing => {
                feed_direction(entry, turn, direction.other(), time, packet, config, asks);
            }
            None => {}
        }
    }
}

/// Whether frames have to be kept.
pub(crate) fn wants_frames(config: &Config) -> bool {
    config.eve.frames || config.rules.as_deref().is_some_and(RuleSet::needs_frames)
}

/// How much of a stream content rules are shown around a transaction of this protocol, per direction.
fn inspect_depths(protocol: &str, config: &Config) -> [u32; 2] {
    let number = |name: &str, default| {
        config.protocol.setting(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    match protocol {
        "http" => [
            number("http.request_body_minimal_inspect_size", 32_768),
            number("http.response_body_minimal_inspect_size", 40_960),
        ],
        "smtp" => [number("smtp.inspected_tracker.content_inspect_min_size", 32_768), 0],
        _ => [0; 2],
    }
}

/// New data came: rules that had settled look again.
fn unsettle(rules: &mut Seldom<rules::FlowState>) {
    if let Some(state) = rules.written_mut() {
        state.unsettle();
    }
}

fn feed_direction(
    entry: &mut Entry<'_, Conversation>,
    turn: &mut Turn,
    direction: Direction,
    time: Time,
    packet: model::PacketId,
    config: &Config,
    asks: &mut Asks,
) -> Option<Turnaround> {
    let stream = entry.stream.as_mut()?;
    let app = &mut entry.app.app;
    if Direction::BOTH.iter().all(|side| !app.wants(*side)) {
        stream.disable_app();
        return None;
    }
    if app.changing() && !entry.app.changing {
        return None;
    }
    let endpoints = endpoints(entry.flow);
    let midstream = stream.is_midstream();
    let established = stream.state().is_some_and(|state| state >= State::Established);
    turn.begin(direction);
    while let Some(chunk) = stream.peek(turn, direction) {
        let carried = &mut entry.app.carried;
        let before = carried.len(direction);
        let (data, end, cut) = match chunk {
            Chunk::Bytes { data, end, depth } if before > 0 => {
                let carried = carried.of(direction);
                carried.extend_from_slice(data);
                (Data::Bytes(carried), end, depth)
            }
            Chunk::Bytes { data, end, depth } => (Data::Bytes(data), end, depth),
            Chunk::Cut(data) => {
                // Lines of HTTP are read across gaps, as Suricata does.
                if app.name() == "http" && before + data.len() <= CARRIED_MAX {
                    carried.of(direction).extend_from_slice(data);
                }
                continue;
            }
            Chunk::Gap(missing) => (Data::Gap(missing), false, false),
            Chunk::End => (Data::Bytes(&[]), true, false),
        };
        let feed = Feed { direction, data, end, time, packet, endpoints, midstream, established };
        let protocol = app.protocol_id();
        entry.app.looked_at = false;
        unsettle(&mut entry.app.rules);
        let taken = app.feed_stream(&feed, &config.protocol, asks);
        let shown = data.bytes().len().saturating_sub(before) as u64;
        let used = match data {
            Data::Gap(missing) => missing,
            Data::Bytes(_) => {
                if before > 0 {
                    let carried = carried.of(direction);
                    carried.truncate(before);
                    carried.drain(..taken.used.min(before));
                }
                u32::try_from(taken.used.saturating_sub(before)).unwrap_or(u32::MAX)
            }
        };
        let needed = u32::try_from(taken.needed).unwrap_or(u32::MAX);
        entry.app.ended[direction.index()] |= end || cut;
        if wants_frames(config) && (!asks.frames.is_empty() || entry.app.frames.is_some()) {
            let progress = (stream.app_progress(direction), stream.app_progress(direction.other()));
            let frames = entry.app.frames.get_or_insert_default();
            frames.note(asks, app.protocol_id().or(protocol), direction, progress);
            frames.show(direction, progress.0 + shown);
        }
        asks.frames.clear();
        stream.consume(direction, used, needed);
        if let Some(now) = app.protocol()
            && app.protocol_id() != protocol
        {
            if let Some(depth) = now.stream_depth {
                stream.set_depth(depth);
            }
            // Payload in alerts, and frames, show what is kept, whoever it is kept for.
            let all = config.eve.alert.shows_payload() || wants_frames(config);
            let kept = match (&config.rules, app.protocol_id()) {
                (Some(rules), Some(id)) if !all => rules.looks_back(id, [endpoints.client, endpoints.server]),
                _ => [all; 2],
            };
            for (side, bytes) in Direction::BOTH.into_iter().zip(inspect_depths(now.name, config)) {
                if kept[side.index()] {
                    stream.set_min_inspect_depth(side, bytes);
                }
            }
        }
        for side in Direction::BOTH {
            if std::mem::take(&mut asks.inspect_stream[side.index()]) {
                stream.trigger_raw(side);
            }
        }
        if std::mem::take(&mut asks.stop) {
            stream.disable_app();
        }
        if app.no_inspection() {
            stream.disable_raw();
        }
        if taken.turnaround.is_some() {
            return taken.turnaround;
        }
        // What follows is another protocol's; it waits until everybody is done with this one's.
        if app.changing() && !entry.app.changing {
            break;
        }
        if cut {
            truncate_files(app, direction);
        }
        if end || cut {
            break;
        }
    }
    None
}

/// Files that are still open stay incomplete: nothing more of `direction` will be seen.
fn truncate_files(app: &mut protocol::App, direction: Direction) {
    let Some(session) = app.session_mut() else { return };
    for index in 0..session.count() {
        // Rules and records take what there is for all there will be, and look once more.
        session.core_mut(index).updated[direction.index()] = true;
        for file in session.files_mut(index).iter_mut().filter(|file| file.direction == direction) {
            file.close(FileState::Truncated);
        }
    }
}
