//! Which records are written when: anomalies, transactions, files, flows.

use std::net::IpAddr;

use decode::{Ethernet, Layers};
use flow::{Entry, Flow, Turn};
use json::Json;
use model::{Direction, EventKind, FileFact, OddityFact, PacketId, Time, TransactionFact};
use protocol::{FileState, LogWhen, Protocol, ProtocolId, Session};
use report::eve::{self, AppNames, EndedFlow, Ends, Head, TcpEnd, flow_ends};

use crate::config::{Config, Mode};
use crate::conversation::{Conversation, who};
use crate::facts;
use crate::frame::Frames;
use crate::output::Output;
use crate::packet;
use crate::shape::Unknown;
use crate::shard::{Tools, View};

/// Bytes of an open file that are kept for rules before those they have not seen.
const FILE_BYTES_BEFORE: u64 = 16 << 10;
/// Bytes of an open file that are kept for rules at all.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a file that may be stored; a larger one is not.
const STORED_BYTES_MAX: u64 = 64 << 20;
/// Stream anomalies written per flow.
const STREAM_ANOMALIES_MAX: u16 = 64;

/// Whether records of this type are wanted.
pub(crate) fn wanted(config: &Config, kind: &str) -> bool {
    config.eve.wants(kind)
}

/// The head of a record about a packet, as the packet goes.
pub(crate) fn packet_head<'a>(view: &View<'a>, flow: Option<&Flow>, kind: &'a str) -> Head<'a> {
    let layers = view.seen.layers;
    Head {
        time: view.seen.time,
        flow: flow.map_or(0, |flow| flow.id.0),
        parent: flow.map_or(0, |flow| flow.parent.0),
        packet: view.seen.id,
        kind,
        vlans: &layers.vlans[..usize::from(layers.vlan_count)],
        ends: packet_ends(layers),
        source: layers.source.word(),
    }
}

/// A packet's addresses; `None` without IP.
pub(crate) fn packet_ends(layers: &Layers) -> Option<Ends> {
    matches!(layers.network, decode::Network::Ipv4 { .. } | decode::Network::Ipv6 { .. }).then_some(Ends {
        src: layers.src,
        dst: layers.dst,
        src_port: layers.src_port,
        dst_port: layers.dst_port,
        protocol: layers.protocol,
        answer: None,
    })
}

/// The head of a record about a flow, seen from `direction`; the packet is the one at hand.
pub(crate) fn flow_head<'a>(
    flow: &'a Flow,
    view: Option<&View<'_>>,
    time: Time,
    kind: &'a str,
    direction: Direction,
) -> Head<'a> {
    Head {
        time,
        flow: flow.id.0,
        parent: flow.parent.0,
        packet: view.map_or(PacketId(0), |view| view.seen.id),
        kind,
        vlans: &flow.vlans[..usize::from(flow.vlan_count)],
        ends: Some(flow_ends(flow, direction)),
        source: view.map_or(decode::PacketSource::FlowTimeout.word(), |view| view.seen.layers.source.word()),
    }
}

/// Writes `ether` when the configuration asks for it.
pub(crate) fn write_ether(json: &mut Json, config: &Config, ethernet: Option<&Ethernet>) {
    if let (true, Some(ethernet)) = (config.eve.ethernet, ethernet) {
        json.object("ether");
        // What is remembered of a flow has no type.
        if ethernet.kind != 0 {
            json.number("ether_type", ethernet.kind);
        }
        json.hex("src_mac", &ethernet.src, Some(b':')).hex("dest_mac", &ethernet.dst, Some(b':')).end();
    }
}

/// A packet's hardware addresses, turned to go the way that a record's head does.
fn ether_as(head: &Head<'_>, layers: &Layers) -> Option<Ethernet> {
    let ethernet = layers.ethernet?;
    let same = head.ends.is_none_or(|ends| (ends.src, ends.src_port) == (layers.src, layers.src_port));
    Some(if same { ethernet } else { turned(ethernet) })
}

/// The way back.
pub(crate) fn turned(ethernet: Ethernet) -> Ethernet {
    Ethernet { dst: ethernet.src, src: ethernet.dst, ..ethernet }
}

/// Tells the detectors of an oddity, when it is one that they care for.
fn tell_oddity(kind: &'static str, ends: (IpAddr, IpAddr), flow: Option<&Flow>, out: &mut Output) {
    if out.facts && behave::heeds(kind) {
        let fact = OddityFact { who: flow.map(who), source: ends.0, destination: ends.1, kind };
        out.tell(EventKind::Oddity(Box::new(fact)));
    }
}

/// One `anomaly` record per oddity that decoding found.
pub(crate) fn decode_anomalies(view: &View<'_>, flow: Option<&Flow>, config: &Config, out: &mut Output) {
    let layers = &view.seen.layers;
    for event in layers.events.iter() {
        tell_oddity(event.full_name(), (layers.src, layers.dst), flow, out);
    }
    if !config.eve.anomaly[0] || !wanted(config, "anomaly") {
        return;
    }
    for event in view.seen.layers.events.iter() {
        let start = out.mark();
        let head = packet_head(view, flow, "anomaly");
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        write_ether(&mut out.json, config, view.seen.layers.ethernet.as_ref());
        if config.eve.anomaly_packet {
            packet::write_packet(&mut out.json, view, packet::ANOMALY_BYTES_MAX);
        }
        out.json.object("anomaly").text("type", "decode").text("event", event.full_name()).end();
        out.json.end();
        out.record(start);
    }
}

/// One `anomaly` record per oddity that the stream engine found.
pub(crate) fn stream_anomalies(
    view: &View<'_>,
    entry: &mut Entry<'_, Conversation>,
    turn: &Turn,
    config: &Config,
    out: &mut Output,
) {
    if turn.events.is_empty() {
        return;
    }
    let layers = &view.seen.layers;
    for event in turn.events.iter() {
        tell_oddity(event.anomaly_name(), (layers.src, layers.dst), Some(entry.flow), out);
    }
    if !config.eve.anomaly[1] || !wanted(config, "anomaly") {
        return;
    }
    for event in turn.events.iter() {
        if entry.app.anomalies >= STREAM_ANOMALIES_MAX {
            return;
        }
        entry.app.anomalies += 1;
        let start = out.mark();
        let head = packet_head(view, Some(entry.flow), "anomaly");
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        write_ether(&mut out.json, config, view.seen.layers.ethernet.as_ref());
        out.json.object("anomaly").text("type", "stream").text("event", event.anomaly_name()).end();
        out.json.end();
        out.record(start);
    }
}

/// Records of packets that belong to no flow.
pub(crate) fn packet_without_flow(
    view: &View<'_>,
    config: &Config,
    frames: &mut protocol::FrameLog,
    out: &mut Output,
) {
    let layers = view.seen.layers;
    if let Some((kind, at)) = layers.without_ip
        && let Some(name) = protocol::FrameLog::event_type(kind).filter(|name| wanted(config, name))
    {
        let start = out.mark();
        let head = packet_head(view, None, name);
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        // Without IP, these addresses are all that says who it was.
        let ethernet = layers.ethernet.unwrap_or(Ethernet { dst: [0; 6], src: [0; 6], kind });
        out.json.object("ether").number("ether_type", kind);
        out.json.hex("src_mac", &ethernet.src, Some(b':')).hex("dest_mac", &ethernet.dst, Some(b':')).end();
        let content = view.seen.bytes.get(at as usize..).unwrap_or_default();
        let told = frames.write(kind, ethernet.src, content, &mut out.json);
        out.json.end();
        match told {
            true => out.record(start),
            false => out.discard(start),
        }
    }
    if let decode::Network::Arp { .. } = view.seen.layers.network
        && wanted(config, "arp")
    {
        let start = out.mark();
        let head = packet_head(view, None, "arp");
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        write_ether(&mut out.json, config, view.seen.layers.ethernet.as_ref());
        packet::write_arp(&mut out.json, view);
        out.json.end();
        out.record(start);
    }
}

/// Logs what is ready of every open transaction, its files and oddities, and forgets what everybody is done with.
///
/// `ending`: the flow is over, whatever is left is logged as it stands.
#[inline]
pub(crate) fn transactions(
    entry: &mut Entry<'_, Conversation>,
    view: Option<&View<'_>>,
    packet: Option<Direction>,
    config: &Config,
    out: &mut Output,
    ending: bool,
) {
    if !entry.app.app_events.is_empty() {
        flow_anomalies(entry, view, config, out);
    }
    let Some(id) = entry.app.app.protocol_id() else { return };
    // Most packets bring nothing that was not looked at.
    if ending || !entry.app.looked_at || is_cut(entry, packet) {
        open_transactions(id, entry, view, packet, config, out, ending);
    }
}

/// Whether the packet goes beyond the reassembly depth: nothing of a file will come, and it is cut off by what shows so.
fn is_cut(entry: &Entry<'_, Conversation>, packet: Option<Direction>) -> bool {
    match (&entry.stream, packet) {
        (Some(stream), Some(direction)) => stream.depth_reached(direction),
        _ => false,
    }
}

#[inline(never)]
fn open_transactions(
    id: ProtocolId,
    entry: &mut Entry<'_, Conversation>,
    view: Option<&View<'_>>,
    packet: Option<Direction>,
    config: &Config,
    out: &mut Output,
    ending: bool,
) {
    let (protocol, cut) = (protocol::get(id), is_cut(entry, packet));
    let time = view.map_or(entry.flow.last_time, |view| view.seen.time);
    let conversation = &mut *entry.app;
    let ethernet = conversation.first_macs(entry.flow);
    let Some(session) = conversation.app.session_mut() else { return };
    // Both sides have said that nothing more will come: what is open is logged as it stands.
    let over = conversation.ended == [true; 2];
    let silent = conversation.rules.quiet;
    let quiet_rules = config.rules.is_none() || conversation.rules.passed || conversation.rules.dropped;
    let beyond = match &entry.stream {
        Some(stream) => Direction::BOTH.map(|direction| stream.depth_reached(direction)),
        None => [false; 2],
    };
    let (mut storing, mut carrying) = (false, false);
    // Something is over and waits for rules to look at it.
    let mut unseen = false;
    let mut index = 0;
    let waiting = !(ending || over || cut || beyond[0] || beyond[1]);
    loop {
        if waiting {
            index = session.next_restless(index);
        }
        if index >= session.count() {
            break;
        }
        let mut turn = TransactionTurn {
            session,
            index,
            id,
            protocol,
            flow: entry.flow,
            ethernet,
            view,
            packet,
            time,
            config,
            silent,
            quiet_rules,
            cut,
            beyond,
        };
        turn.anomalies(out);
        let done = turn.records(out, ending || over);
        let files_done = turn.files(out, ending, done);
        storing |= turn.session.files(index).iter().any(|file| file.store);
        carrying |= !turn.session.files(index).is_empty();
        // What was cut off tells as much as what was brought to an end; rules that still want to look at it change nothing.
        if done || ending {
            turn.tell(out);
        }
        if done && (files_done && turn.inspected(quiet_rules) || ending) {
            session.remove(index);
            conversation.transactions += 1;
        } else {
            unseen |= done;
            if !done && turn.session.files(index).is_empty() {
                let core = turn.session.core_mut(index);
                core.rested = Some(core.progress);
            }
            index += 1;
        }
    }
    // Files are logged by packets of their own direction.
    conversation.looked_at = !unseen && !carrying;
    if let (true, true, Some(depth), Some(stream)) =
        (storing, config.protocol.files.store, config.protocol.files.store_depth, &mut entry.stream)
    {
        stream.set_depth(depth);
    }
}

/// Writes the records of frames that are there as a whole, and forgets them.
#[inline]
pub(crate) fn frames(
    entry: &mut Entry<'_, Conversation>,
    view: Option<&View<'_>>,
    time: Time,
    direction: Direction,
    tools: &mut Tools<'_>,
) {
    if let Some(frames) = entry.app.frames.take() {
        whole_frames(frames, entry, view, time, direction, tools);
    }
}

#[inline(never)]
fn whole_frames(
    mut frames: Box<Frames>,
    entry: &mut Entry<'_, Conversation>,
    view: Option<&View<'_>>,
    time: Time,
    direction: Direction,
    tools: &mut Tools<'_>,
) {
    if let Some(stream) = &entry.stream {
        frames.collect(direction, stream);
    }
    let (config, out) = (tools.config, &mut *tools.out);
    let name = entry.app.app.name();
    frames.finish(direction, view.is_none(), config.eve.frames, |frame| {
        let start = out.mark();
        let head = match view {
            Some(view) => packet_head(view, Some(entry.flow), "frame"),
            None => flow_head(entry.flow, None, time, "frame", direction),
        };
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        out.json.text("app_proto", name);
        frame.write(&mut out.json);
        out.json.end();
        out.record(start);
    });
    entry.app.frames = Some(frames);
}

/// Oddities of the flow's application layer itself.
fn flow_anomalies(
    entry: &mut Entry<'_, Conversation>,
    view: Option<&View<'_>>,
    config: &Config,
    out: &mut Output,
) {
    let (conversation, flow) = (&mut *entry.app, &*entry.flow);
    let events = std::mem::take(&mut conversation.app_events);
    if !config.eve.anomaly[2] || !wanted(config, "anomaly") {
        return;
    }
    for event in events.iter() {
        let start = out.mark();
        let head = match view {
            Some(view) => packet_head(view, Some(flow), "anomaly"),
            None => flow_head(flow, None, flow.last_time, "anomaly", Direction::ToServer),
        };
        eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
        out.json.object("anomaly");
        app_names(conversation, flow).write_name_only(&mut out.json);
        out.json
            .text("type", "applayer")
            .text("event", &event.to_ascii_uppercase())
            .text("layer", "proto_detect")
            .end();
        out.json.end();
        out.record(start);
    }
}

/// One transaction at hand.
struct TransactionTurn<'a> {
    session: &'a mut (dyn Session + 'static),
    index: usize,
    id: ProtocolId,
    protocol: &'static Protocol,
    flow: &'a Flow,
    /// Hardware addresses from client to server, for records that no packet causes.
    ethernet: Option<Ethernet>,
    view: Option<&'a View<'a>>,
    /// Which way the packet at hand goes, pseudo packets too.
    packet: Option<Direction>,
    time: Time,
    config: &'a Config,
    /// A rule switched off the records of the flow.
    silent: bool,
    /// No rule looks at the flow.
    quiet_rules: bool,
    /// The packet goes beyond the reassembly depth.
    cut: bool,
    /// Directions that have reached the reassembly depth: nothing more of them will be read.
    beyond: [bool; 2],
}

impl TransactionTurn<'_> {
    /// Whether the rules have seen what there is, each direction with a packet of its own.
    fn inspected(&self, no_rules: bool) -> bool {
        let core = self.session.core(self.index);
        no_rules
            || Direction::BOTH
                .iter()
                .all(|side| !core.updated[side.index()] || core.only.is_some_and(|only| only != *side))
    }

    fn anomalies(&mut self, out: &mut Output) {
        let core = self.session.core(self.index);
        let (from, upto) = (usize::from(core.events_logged), core.events.len());
        if from == upto {
            return;
        }
        for code in &core.events[from..] {
            let name = self.protocol.events.get(usize::from(*code)).copied().unwrap_or("unknown");
            let ends = who(self.flow);
            tell_oddity(name, (ends.client, ends.server), Some(self.flow), out);
        }
        if self.config.eve.anomaly[2] && wanted(self.config, "anomaly") {
            let (tx, events) = (core.id, core.events.clone());
            let direction = self.packet.unwrap_or_else(|| self.direction());
            for code in &events[from..] {
                let name = self.protocol.events.get(usize::from(*code)).copied().unwrap_or("unknown");
                let start = out.mark();
                let head = flow_head(self.flow, self.view, self.time, "anomaly", direction);
                eve::write_head(&mut out.json, &mut out.clock, &self.config.eve, &head);
                out.json.number("tx_id", tx).object("anomaly").text("app_proto", self.protocol.name);
                out.json.text("type", "applayer").text("event", name).text("layer", "proto_parser").end();
                out.json.end();
                out.record(start);
            }
        }
        self.session.core_mut(self.index).events_logged = u8::try_from(upto).unwrap_or(u8::MAX);
    }

    fn direction(&self) -> Direction {
        self.session.core(self.index).only.unwrap_or(Direction::ToServer)
    }

    /// Writes the records that are due; says whether nothing more will come.
    fn records(&mut self, out: &mut Output, ending: bool) -> bool {
        let core = self.session.core(self.index);
        let complete = reached(core, self.wanted(self.protocol.complete));
        let mut logged = core.logged;
        for (number, log) in self.protocol.logs.iter().enumerate() {
            let bit = 1 << number;
            let due = match log.when {
                LogWhen::Complete => complete,
                LogWhen::Progress(to_server, to_client) => reached(core, self.wanted([to_server, to_client])),
                LogWhen::Never => continue,
            };
            if logged & bit != 0 || !(due || ending) {
                continue;
            }
            logged |= bit;
            let silent = self.silent || self.session.core(self.index).quiet;
            if !silent && wanted(self.config, log.event_type) {
                self.record(log, out);
            }
        }
        self.session.core_mut(self.index).logged = logged;
        complete
    }

    /// The progress that is still waited for.
    fn wanted(&self, progress: [u8; 2]) -> [u8; 2] {
        [0, 1].map(|side| if self.beyond[side] { 0 } else { progress[side] })
    }

    fn record(&self, log: &protocol::Log, out: &mut Output) {
        let direction = self.direction();
        let scope = self.session.scope_of(self.index, direction);
        let start = out.mark();
        let shown = match self.protocol {
            Protocol { records_as_flow: true, .. } => Direction::ToServer,
            Protocol { records_as_packet: true, .. } => self.packet.unwrap_or(direction),
            _ => direction,
        };
        let head = flow_head(self.flow, self.view, self.time, log.event_type, shown);
        eve::write_head(&mut out.json, &mut out.clock, &self.config.eve, &head);
        let ethernet = match (self.view, shown) {
            (Some(view), _) => ether_as(&head, view.seen.layers),
            (None, Direction::ToServer) => self.ethernet,
            (None, Direction::ToClient) => self.ethernet.map(turned),
        };
        write_ether(&mut out.json, self.config, ethernet.as_ref());
        out.json.number("tx_id", scope.core.id);
        let written = (log.write)(&scope, &mut out.json);
        out.json.end();
        if written {
            out.record(start);
        } else {
            out.discard(start);
        }
    }

    /// Logs files that ended; says whether all have.
    fn files(&mut self, out: &mut Output, ending: bool, done: bool) -> bool {
        let mut all = true;
        let unseen = self.session.core(self.index).updated;
        for position in 0..self.session.files(self.index).len() {
            let file = &mut self.session.files_mut(self.index)[position];
            if ending || done || self.cut {
                file.close(FileState::Truncated);
            }
            if file.state == FileState::Open {
                all = false;
                // Rules want what they have not seen, and a bit before it; nobody else looks at it later than now.
                let kept = file.body.kept();
                let needed = if self.config.protocol.files.store && kept <= STORED_BYTES_MAX {
                    0
                } else if self.config.rules.is_some() {
                    file.inspected.saturating_sub(FILE_BYTES_BEFORE).max(kept.saturating_sub(FILE_BYTES_MAX))
                } else {
                    kept
                };
                file.body.forget(needed);
                continue;
            }
            // Detectors are told as soon as it ended: what they see does not depend on the rules.
            if !std::mem::replace(&mut file.told, true) {
                self.tell_file(position, out);
            }
            let file = &mut self.session.files_mut(self.index)[position];
            // A file is logged by a packet that goes its way, unless none is waited for; and when no rule can ask any more
            // for it to be stored.
            let turned = self.packet.is_some_and(|packet| packet != file.direction);
            let unseen = !self.quiet_rules && unseen[file.direction.index()];
            if !ending && (turned && !done || unseen) && !file.logged {
                all = false;
            } else if !std::mem::replace(&mut file.logged, true) {
                if file.store && self.config.protocol.files.store {
                    store(file, out);
                }
                self.file(position, out);
            }
        }
        all
    }

    fn file(&self, position: usize, out: &mut Output) {
        let file = &self.session.files(self.index)[position];
        let scope = self.session.scope_of(self.index, file.direction);
        if wanted(self.config, "fileinfo") {
            let start = out.mark();
            let head = flow_head(self.flow, self.view, self.time, "fileinfo", file.direction);
            eve::write_head(&mut out.json, &mut out.clock, &self.config.eve, &head);
            for log in self.protocol.logs.iter().filter(|log| log.with_alert) {
                (log.write)(&scope, &mut out.json);
            }
            out.json.text("app_proto", self.protocol.name);
            out.json.object("fileinfo");
            protocol::write_fileinfo(file, &mut out.json, scope.core.id, self.config.eve.force_magic);
            out.json.end();
            out.json.end();
            out.record(start);
        }
    }

    /// Gives the facts of a file that ended to the detectors.
    fn tell_file(&mut self, position: usize, out: &mut Output) {
        if out.facts {
            let file = &self.session.files(self.index)[position];
            let complete = file.state == FileState::Closed && !file.gaps;
            let sha256 =
                file.sha256().filter(|_| complete).map(|digest| json::hex(digest)).unwrap_or_default();
            let cards = self.session.files_mut(self.index)[position].take_cards();
            let script = self.session.files_mut(self.index)[position].take_script();
            let file = &self.session.files(self.index)[position];
            out.tell(EventKind::File(Box::new(FileFact {
                who: who(self.flow),
                direction: file.direction,
                protocol: self.protocol.name,
                name: String::from_utf8_lossy(&file.name).into_owned(),
                magic: magic_of(file),
                size: file.size,
                complete,
                sha256,
                head: file.head[..file.head.len().min(FileFact::HEAD)].to_vec(),
                cards,
                script,
            })));
        }
    }

    /// Gives the transaction's facts to the detectors.
    fn tell(&mut self, out: &mut Output) {
        if !out.facts || std::mem::replace(&mut self.session.core_mut(self.index).told, true) {
            return;
        }
        let core = self.session.core(self.index);
        let mut fields = out.fields();
        let mut said = false;
        for direction in Direction::BOTH {
            if core.only.is_some_and(|only| only != direction) {
                continue;
            }
            let scope = self.session.scope_of(self.index, direction);
            facts::gather(self.id, &scope, &mut fields, &mut out.scratch);
            said = said || !fields.is_empty() || facts::says_more(self.id, &scope, &mut out.scratch);
        }
        if !said {
            return out.keep_fields(fields);
        }
        out.tell_transaction(TransactionFact {
            who: who(self.flow),
            protocol: self.protocol.name,
            tx_id: core.id,
            time: core.began,
            only: core.only,
            fields,
        });
    }
}

/// Hands a file that has ended to whoever keeps files.
fn store(file: &mut protocol::File, out: &mut Output) {
    file.stored = true;
    let (content, missing_before) = file.body.window();
    if let Some(digest) = file.sha256()
        && missing_before == 0
        && content.len() as u64 == file.size
    {
        out.stored.push((json::hex(digest), content.to_vec()));
    }
}

/// Whether a transaction has come as far as `goal` in each direction that it has.
fn reached(core: &protocol::Core, goal: [u8; 2]) -> bool {
    Direction::BOTH.iter().all(|direction| {
        core.only.is_some_and(|only| only != *direction)
            || core.progress[direction.index()] >= goal[direction.index()]
    })
}

fn magic_of(file: &protocol::File) -> String {
    let mut words = Vec::new();
    file.describe(&mut words);
    String::from_utf8_lossy(&words).into_owned()
}

/// Names of the flow's application protocol as records show them.
pub(crate) fn app_names(conversation: &Conversation, _flow: &Flow) -> AppNames {
    let app = &conversation.app;
    let name = |id: Option<protocol::ProtocolId>| id.map_or("", |id| protocol::get(id).name);
    AppNames {
        name: app.name(),
        to_server: app.differing_name(Direction::ToServer),
        to_client: app.differing_name(Direction::ToClient),
        original: name(app.before()),
        expected: name(app.announced()),
    }
}

/// `flow` and `netflow` records of a flow that ended.
pub(crate) fn ended_flow(
    entry: &mut Entry<'_, Conversation>,
    time: Time,
    looks: Option<&Unknown>,
    tools: &mut Tools<'_>,
) {
    let config = tools.config;
    let (mut metadata, mut traffic) = (Json::new(), Json::new());
    if let (Some(rules), true) = (tools.rules, config.eve.metadata) {
        metadata.object_item();
        rules.write_metadata(&entry.app.rules, None, &mut metadata);
        metadata.end();
        traffic.object_item();
        rules.write_traffic(&entry.app.rules, &mut traffic);
        traffic.end();
    }
    let out = &mut *tools.out;
    let mut unknown = std::mem::take(&mut out.part);
    unknown.clear();
    if let Some(looks) = looks {
        looks.write(&mut unknown);
    }
    let tcp = entry.stream.as_ref().map(|stream| TcpEnd {
        state: stream.state().map(flow::tcp::State::word),
        regions: stream.regions_max(),
        gaps: stream.gaps(),
        flags: stream.flags(),
    });
    let ended = EndedFlow {
        flow: entry.flow,
        tcp,
        app: app_names(entry.app, entry.flow),
        alerted: entry.app.alerted,
        action: match (&*entry.app.rules, config.mode) {
            (rules::FlowState { dropped: true, .. }, Mode::Prevent) => "drop",
            (rules::FlowState { accepted: true, .. }, _) => "accept",
            (rules::FlowState { passed: true, .. }, _) => "pass",
            _ => "",
        },
        metadata: member_of(metadata.bytes(), br#"{"metadata":"#),
        traffic: member_of(traffic.bytes(), br#"{"traffic":"#),
        unknown: unknown.bytes(),
        transactions: entry.app.transactions,
        macs: entry.app.macs(entry.flow),
    };
    if wanted(config, "flow") {
        let start = out.mark();
        eve::write_flow(&mut out.json, &mut out.clock, &config.eve, &ended, time);
        out.record_flow(start, entry.flow.id, entry.app.perhaps_alerted);
    }
    if wanted(config, "netflow") {
        for direction in Direction::BOTH {
            if ended.flow.packets[direction.index()] == 0 {
                continue;
            }
            let start = out.mark();
            eve::write_netflow(&mut out.json, &mut out.clock, &config.eve, &ended, time, direction);
            out.record(start);
        }
    }
    out.part = unknown;
}

/// The value inside a document with one member; empty when it has none.
fn member_of<'a>(document: &'a [u8], before: &[u8]) -> &'a [u8] {
    document.strip_prefix(before).and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default()
}
