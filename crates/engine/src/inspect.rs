//! Sets the scene for the rules, and acts on what they say.

use decode::{Layers, Network, PacketSource, Transport};
use flow::tcp::Fate;
use flow::{Entry, Flow, FlowState, Touch, Turn};
use model::{Direction, PacketId, Time};
use protocol::AppStatus;
use rules::{FlowScene, RuleSet, Scene, StreamScene, Window};
use smallvec::SmallVec;

use crate::alert::{Stage, drop_record, records, tagged_packet};
use crate::config::Config;
use crate::conversation::Conversation;
use crate::exception::Verdict;
use crate::shard::{Tools, View};

/// Stretches of a stream that one packet makes visible.
type Stretch<'a> = SmallVec<[Window<'a>; 2]>;

/// Whether the firewall drops a packet before its flow is looked for.
pub(crate) fn is_dropped_before_flow(view: &View<'_>, tools: &mut Tools<'_>) -> bool {
    let (Some(rules), Some(inspector)) = (tools.rules, tools.inspector.as_deref_mut()) else { return false };
    if !rules.needs_look_before_flow() {
        return false;
    }
    let mut scene = alone(view);
    inspector.inspect_before_flow(rules, &mut scene, tools.outcome);
    if tools.outcome.drop.is_some() {
        let stage = stage_alone(view, rules, tools.config);
        records(&stage, tools.outcome, tools.out);
    }
    tools.outcome.drop.is_some()
}

/// A packet without its flow.
fn alone<'a>(view: &View<'a>) -> Scene<'a> {
    let seen = &view.seen;
    Scene {
        packet: seen.id,
        time: seen.time,
        bytes: seen.bytes,
        layers: seen.layers,
        payload: seen.payload(),
        pseudo: false,
        inspect_payload: !seen.layers.carries_tunnel,
        flow: None,
    }
}

fn stage_alone<'a>(view: &'a View<'a>, rules: &'a RuleSet, config: &'a Config) -> Stage<'a> {
    Stage {
        view: Some(view),
        flow: None,
        conversation: None,
        direction: Direction::ToServer,
        time: view.seen.time,
        stream: &[],
        rules,
        config,
    }
}

/// Holds rules against a packet that has no flow.
pub(crate) fn packet_alone(view: &View<'_>, tools: &mut Tools<'_>) {
    let (Some(rules), Some(inspector)) = (tools.rules, tools.inspector.as_deref_mut()) else { return };
    inspector.inspect(rules, &mut alone(view), tools.late.as_deref_mut(), tools.outcome);
    records(&stage_alone(view, rules, tools.config), tools.outcome, tools.out);
    if tools.outcome.tagged {
        tagged_packet(view, None, tools.config, tools.out);
    }
}

/// A packet that is dropped unseen: its flow was, or the stream engine cannot follow it.
pub(crate) fn dropped(
    view: &View<'_>,
    entry: &mut Entry<'_, Conversation>,
    direction: Direction,
    reason: &str,
    tools: &mut Tools<'_>,
) {
    let Some(rules) = tools.rules else { return };
    let told = std::mem::replace(&mut entry.app.drop_told[direction.index()], entry.app.rules.dropped);
    if told && !tools.config.eve.drop_all {
        return;
    }
    let stage = Stage {
        view: Some(view),
        flow: Some(entry.flow),
        conversation: Some(entry.app),
        direction,
        time: view.seen.time,
        stream: &[],
        rules,
        config: tools.config,
    };
    drop_record(&stage, reason, &[], tools.out);
}

/// Holds rules against a packet and its flow. `sealed`: what came before it has shown that its payload is encrypted.
pub(crate) fn packet(
    view: &View<'_>,
    entry: &mut Entry<'_, Conversation>,
    touch: &Touch,
    turn: Option<&mut Turn>,
    verdict: Verdict,
    sealed: bool,
    tools: &mut Tools<'_>,
) {
    if tools.rules.is_none() {
        finish_raw(entry, turn, None);
        return;
    }
    let seen = &view.seen;
    let bad = turn.as_ref().is_some_and(|turn| turn.fate == Fate::BadChecksum);
    let blind = turn.as_ref().is_some_and(|turn| turn.no_payload_inspection);
    let scene = Scene {
        packet: seen.id,
        time: seen.time,
        bytes: seen.bytes,
        layers: seen.layers,
        payload: seen.payload(),
        pseudo: false,
        inspect_payload: !bad && !blind && !sealed && !seen.layers.carries_tunnel,
        flow: None,
    };
    // A packet that completes the handshake and carries data belongs to the established flow already.
    let established = touch.established
        || (!seen.payload().is_empty() && turn.as_ref().is_some_and(|turn| turn.established));
    let about = About { opened: touch.first, established, direction: touch.direction, verdict };
    with_flow(scene, Some(view), entry, &about, turn, tools);
}

/// Holds rules against the transactions of a flow before they give way to those of another protocol.
pub(crate) fn last_look(
    entry: &mut Entry<'_, Conversation>,
    direction: Direction,
    time: Time,
    tools: &mut Tools<'_>,
) {
    if tools.rules.is_none() {
        return;
    }
    let layers = pseudo_layers(entry.flow, direction);
    let scene = Scene {
        packet: PacketId(0),
        time,
        bytes: &[],
        layers: &layers,
        payload: &[],
        pseudo: true,
        inspect_payload: false,
        flow: None,
    };
    let about = About { opened: false, established: true, direction, verdict: Verdict::Inspect };
    with_flow(scene, None, entry, &about, None, tools);
}

/// Holds rules against the pseudo packet that ends a direction of a flow.
pub(crate) fn pseudo_packet(
    entry: &mut Entry<'_, Conversation>,
    turn: &mut Turn,
    time: Time,
    tools: &mut Tools<'_>,
) {
    if tools.rules.is_none() {
        return;
    }
    let layers = pseudo_layers(entry.flow, turn.direction);
    let scene = Scene {
        packet: PacketId(0),
        time,
        bytes: &[],
        layers: &layers,
        payload: &[],
        pseudo: true,
        inspect_payload: false,
        flow: None,
    };
    let about = About {
        opened: false,
        established: turn.established,
        direction: turn.direction,
        verdict: Verdict::Inspect,
    };
    with_flow(scene, None, entry, &about, Some(turn), tools);
}

/// What is known of a packet's place in its flow.
struct About {
    opened: bool,
    established: bool,
    direction: Direction,
    verdict: Verdict,
}

fn with_flow(
    scene: Scene<'_>,
    view: Option<&View<'_>>,
    entry: &mut Entry<'_, Conversation>,
    about: &About,
    mut turn: Option<&mut Turn>,
    tools: &mut Tools<'_>,
) {
    let (Some(rules), Some(inspector)) = (tools.rules, tools.inspector.as_deref_mut()) else { return };
    let Scene { packet, time, bytes, layers, payload, pseudo, inspect_payload, .. } = scene;
    let direction = turn.as_ref().map_or(about.direction, |turn| turn.direction);
    let mut upto = None;
    let app_events = std::mem::take(&mut entry.app.app_events);
    {
        let (mut narrow, mut wide) = (Stretch::new(), Stretch::new());
        let mut frames = Vec::new();
        if let Some(of_flow) = entry.app.frames.as_deref_mut() {
            if let Some(stream) = &entry.stream {
                of_flow.collect(direction, stream);
            }
            frames = of_flow.scenes(direction, pseudo);
        }
        let mut stream_scene = None;
        if let (Some(stream), Some(turn)) = (&entry.stream, &turn) {
            if stream.raw_ready(turn) {
                let (windows, done) = stream.raw(turn, payload, false);
                narrow
                    .extend(windows.iter().map(|window| Window { offset: window.offset, data: window.data }));
                if stream.raw_reaches_back(turn) {
                    let (windows, _) = stream.raw(turn, payload, true);
                    wide.extend(
                        windows.iter().map(|window| Window { offset: window.offset, data: window.data }),
                    );
                }
                upto = Some(done);
            }
            stream_scene = Some(StreamScene {
                established: turn.established,
                added: turn.added,
                app_off: matches!(entry.app.app.status(), AppStatus::Named | AppStatus::Failed),
                windows: &narrow,
                wide: &wide,
                sizes: stream.sizes(),
                events: turn.events.iter().fold(0u128, |bits, event| bits | 1 << (event as u32)),
            });
        }
        let parser_done = matches!(entry.app.app.status(), AppStatus::Named | AppStatus::Failed);
        // Rules about the protocol alone are asked by the first packet of the direction that was recognised.
        let mut detected = [false; 2];
        detected[direction.index()] = std::mem::take(&mut entry.app.detected[direction.index()]);
        let flow = FlowScene {
            id: entry.flow.id,
            direction,
            established: about.established,
            closed: entry.flow.state == FlowState::Closed,
            opened: about.opened,
            age_secs: entry.flow.age_secs(),
            packets: entry.flow.packets,
            bytes: entry.flow.bytes,
            detected,
            app_events: &app_events,
            state: &mut entry.app.rules,
            app: &mut entry.app.app,
            beyond: entry
                .stream
                .as_ref()
                .map_or([false; 2], |stream| Direction::BOTH.map(|side| stream.depth_reached(side))),
            ended: entry.app.ended.map(|ended| ended || parser_done || pseudo),
            stream: stream_scene,
            frames,
        };
        let flow = Some(flow);
        let mut scene = Scene { packet, time, bytes, layers, payload, pseudo, inspect_payload, flow };
        inspector.inspect(rules, &mut scene, tools.late.as_deref_mut(), tools.outcome);
    }
    entry.app.app_events = app_events;
    if let Verdict::InspectAndDrop(reason) = about.verdict {
        tools.outcome.drop = Some(reason);
    }
    if tools.outcome.alerts.is_empty() && tools.outcome.drop.is_none() {
        write_tagged(view, entry, tools);
        finish_raw(entry, turn, upto);
        return;
    }
    for alert in &tools.outcome.alerts {
        match alert.candidate {
            Some(_) => entry.app.perhaps_alerted = true,
            None => entry.app.alerted = true,
        }
    }
    let mut kept = Vec::new();
    if let (Some(stream), Some(_), true) = (&entry.stream, &turn, tools.config.eve.alert.shows_payload()) {
        let mut end = None;
        for window in &stream.kept(direction) {
            if let Some(missing) =
                end.map(|end| window.offset.saturating_sub(end)).filter(|missing| *missing > 0)
            {
                kept.extend_from_slice(format!("[{missing} bytes missing]").as_bytes());
            }
            kept.extend_from_slice(window.data);
            end = Some(window.offset + window.data.len() as u64);
        }
    }
    let stage = Stage {
        view,
        flow: Some(entry.flow),
        conversation: Some(entry.app),
        direction,
        time,
        stream: &kept,
        rules,
        config: tools.config,
    };
    records(&stage, tools.outcome, tools.out);
    write_tagged(view, entry, tools);
    entry.app.drop_told[direction.index()] |= tools.outcome.drop.is_some() && entry.app.rules.dropped;
    finish_raw(entry, turn.take(), upto);
}

fn write_tagged(view: Option<&View<'_>>, entry: &Entry<'_, Conversation>, tools: &mut Tools<'_>) {
    if let (true, Some(view)) = (tools.outcome.tagged, view) {
        tagged_packet(view, Some(entry.flow), tools.config, tools.out);
    }
}

fn finish_raw(entry: &mut Entry<'_, Conversation>, turn: Option<&mut Turn>, upto: Option<u64>) {
    if let (Some(stream), Some(turn)) = (&mut entry.stream, turn)
        && turn.established
    {
        stream.raw_done(turn, upto.unwrap_or(0));
    }
}

/// Headers of a pseudo packet: its flow's addresses and ports in its direction.
fn pseudo_layers(flow: &Flow, direction: Direction) -> Layers {
    let (src, dst, src_port, dst_port) = match direction {
        Direction::ToServer => (flow.client, flow.server, flow.client_port, flow.server_port),
        Direction::ToClient => (flow.server, flow.client, flow.server_port, flow.client_port),
    };
    let network = if src.is_ipv4() {
        Network::Ipv4 { at: 0, id: 0, tos: 0, flags: 0, options: Default::default() }
    } else {
        Network::Ipv6 { at: 0, class: 0, flow_label: 0 }
    };
    Layers {
        level: flow.level,
        source: PacketSource::FlowTimeout,
        vlans: flow.vlans,
        vlan_count: flow.vlan_count,
        tenant: flow.tenant,
        network,
        src,
        dst,
        protocol: flow.protocol,
        ttl: 64,
        src_port,
        dst_port,
        transport: Transport::None,
        ..Layers::default()
    }
}
