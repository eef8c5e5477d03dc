//! `alert` and `drop` records.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use decode::{Ethernet, Layers};
use flow::Flow;
use json::Json;
use model::{AlertFact, Direction, EventKind, Severity, Time};
use report::eve::{self, flow_ends, write_counts};
use rules::ir::Target;
use rules::{Alert, Outcome, RuleSet, Sig};

use crate::config::{Config, Mode};
use crate::conversation::{Conversation, who};
use crate::log::{app_names, flow_head, packet_ends, packet_head, turned, wanted, write_ether};
use crate::output::Output;
use crate::packet;
use crate::shard::View;

/// Everything an alert record may show.
pub(crate) struct Stage<'a> {
    /// The packet; `None` for a pseudo packet at the end of a flow.
    pub(crate) view: Option<&'a View<'a>>,
    /// Its flow.
    pub(crate) flow: Option<&'a Flow>,
    /// What the engine keeps with the flow.
    pub(crate) conversation: Option<&'a Conversation>,
    /// Which way the packet goes.
    pub(crate) direction: Direction,
    /// Packet time.
    pub(crate) time: Time,
    /// Stream data still kept in the packet's direction.
    pub(crate) stream: &'a [u8],
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// Configuration.
    pub(crate) config: &'a Config,
}

/// Writes the alerts of a packet, and its `drop` record.
pub(crate) fn records(stage: &Stage<'_>, outcome: &mut Outcome, out: &mut Output) {
    let alerts = std::mem::take(&mut outcome.alerts);
    for alert in &alerts {
        let rule = stage.rules.rule(alert.rule);
        if wanted(stage.config, "alert") {
            let start = out.mark();
            stage.alert(alert, rule, outcome, out);
            out.record_candidate(start, alert.candidate);
        } else if let Some(candidate) = alert.candidate {
            out.ask(candidate);
        }
        if out.facts {
            let fact = EventKind::Alert(Box::new(stage.fact(rule)));
            match alert.candidate {
                Some(_) => out.tell_of_candidate(fact),
                None => out.tell(fact),
            }
        }
    }
    if let Some(reason) = outcome.drop {
        drop_record(stage, reason, &alerts, out);
    }
    outcome.alerts = alerts;
}

/// Writes the `packet` record that a tag asks for.
pub(crate) fn tagged_packet(view: &View<'_>, flow: Option<&Flow>, config: &Config, out: &mut Output) {
    if !wanted(config, "packet") {
        return;
    }
    let start = out.mark();
    let head = packet_head(view, flow, "packet");
    eve::write_head(&mut out.json, &mut out.clock, &config.eve, &head);
    write_ether(&mut out.json, config, view.seen.layers.ethernet.as_ref());
    packet::write_packet(&mut out.json, view, usize::MAX);
    out.json.end();
    out.record(start);
}

/// Writes the `drop` record of a packet.
pub(crate) fn drop_record(stage: &Stage<'_>, reason: &str, alerts: &[Alert], out: &mut Output) {
    let Some(view) = stage.view else { return };
    if stage.config.mode != Mode::Prevent || !wanted(stage.config, "drop") {
        return;
    }
    let start = out.mark();
    let head = packet_head(view, stage.flow, "drop");
    eve::write_head(&mut out.json, &mut out.clock, &stage.config.eve, &head);
    let json = &mut out.json;
    write_ether(json, stage.config, view.seen.layers.ethernet.as_ref());
    if stage.flow.is_some() {
        json.text("direction", direction_word(stage.direction));
    }
    json.object("drop");
    write_drop_headers(json, view.seen.layers, view.seen.bytes.len());
    json.text("reason", reason).end();
    if let Some(alert) = alerts.iter().find(|alert| alert.blocked) {
        write_signature(json, stage.rules.rule(alert.rule), alert, stage, &[]);
    }
    json.object("verdict").text("action", "drop").end();
    json.end();
    out.record(start);
}

fn write_drop_headers(json: &mut Json, layers: &Layers, captured: usize) {
    let len = layers.datagram.end.saturating_sub(layers.datagram.start);
    json.number("len", if len == 0 { u32::try_from(captured).unwrap_or(u32::MAX) } else { len });
    if let decode::Network::Ipv4 { id, tos, .. } = layers.network {
        json.number("tos", tos).number("ttl", layers.ttl).number("ipid", id);
    }
    match layers.transport {
        decode::Transport::Tcp(tcp) => {
            json.number("tcpseq", tcp.seq).number("tcpack", tcp.ack).number("tcpwin", tcp.window);
            for (bit, name) in [(2, "syn"), (16, "ack"), (8, "psh"), (4, "rst"), (32, "urg"), (1, "fin")] {
                json.boolean(name, tcp.flags & bit != 0);
            }
            json.number("tcpres", 0u8).number("tcpurgp", tcp.urgent);
        }
        decode::Transport::Udp { len, .. } => {
            json.number("udplen", len);
        }
        _ => {}
    }
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to_server",
        Direction::ToClient => "to_client",
    }
}

impl Stage<'_> {
    fn alert(&self, alert: &Alert, rule: &Sig, outcome: &Outcome, out: &mut Output) {
        let head = match (self.view, self.flow) {
            (Some(view), flow) => packet_head(view, flow, "alert"),
            (None, Some(flow)) => flow_head(flow, None, self.time, "alert", self.direction),
            (None, None) => return,
        };
        eve::write_head(&mut out.json, &mut out.clock, &self.config.eve, &head);
        let json = &mut out.json;
        write_ether(json, self.config, self.ethernet().as_ref());
        self.tunnel(json);
        if let Some(view) = self.view {
            packet::write_headers(json, view.seen.layers);
        }
        if let (true, Some(conversation)) = (self.config.eve.metadata, self.conversation) {
            self.rules.write_metadata(&conversation.rules, Some(outcome), json);
            self.rules.write_traffic(&conversation.rules, json);
        }
        if let Some(tx) = alert.tx {
            json.number("tx_id", tx);
            // A stream's match that was given the only transaction there is; a datagram belongs to its own.
            let guessed = !alert.state && alert.frame.is_none();
            if guessed && self.flow.is_some_and(|flow| flow.protocol == 6) {
                json.boolean("tx_guessed", true);
            }
        }
        write_signature(json, rule, alert, self, &alert.context);
        if rule.is_packet_policy() {
            json.object("firewall").text("hook", "packet:filter").end();
        }
        if let Some(conversation) = self.conversation {
            self.application(alert, conversation, json);
        }
        if let (Some(conversation), Some(flow)) = (self.conversation, self.flow) {
            app_names(conversation, flow).write(json);
        }
        if let Some(flow) = self.flow {
            json.text("direction", direction_word(self.direction));
            if self.config.eve.alert.flow && self.config.eve.alert.metadata {
                self.flow_object(flow, out);
            }
        }
        let frames = self.conversation.and_then(|conversation| conversation.frames.as_deref());
        if let Some(frame) = alert.frame.and_then(|id| frames?.find(self.direction, id)) {
            frame.write(&mut out.json);
        }
        self.payload(alert, &mut out.json);
        self.packet(&mut out.json);
        self.verdict(outcome, &mut out.json);
        out.json.end();
    }

    /// Hardware addresses of the packet; of a pseudo packet, those that its flow used first.
    fn ethernet(&self) -> Option<Ethernet> {
        if let Some(view) = self.view {
            return view.seen.layers.ethernet;
        }
        let first = self.conversation?.first_macs(self.flow?)?;
        Some(if self.direction == Direction::ToServer { first } else { turned(first) })
    }

    fn tunnel(&self, json: &mut Json) {
        let Some(view) = self.view else { return };
        let Some(root) = view.root.filter(|_| view.seen.layers.level > 0) else { return };
        let Some(ends) = packet_ends(root) else { return };
        json.object("tunnel");
        eve::write_ends(json, &ends, &self.config.eve);
        json.number("depth", view.seen.layers.level).number("pcap_cnt", view.seen.id.0);
        json.text("pkt_src", root.source.word()).end();
    }

    /// The record of the transaction, and its files.
    fn application(&self, alert: &Alert, conversation: &Conversation, json: &mut Json) {
        if !self.config.eve.alert.app_layer || !self.config.eve.alert.metadata {
            return;
        }
        let (Some(tx), Some(protocol), Some(session)) =
            (alert.tx, conversation.app.protocol(), conversation.app.session())
        else {
            return;
        };
        let Some(index) = (0..session.count()).find(|index| session.core(*index).id == tx) else { return };
        let direction = session.core(index).only.unwrap_or(self.direction);
        let scope = session.scope_of(index, direction);
        for log in protocol.logs.iter().filter(|log| log.with_alert) {
            (log.write)(&scope, json);
        }
        let files = session.files(index);
        if files.iter().any(|file| file.direction == self.direction) {
            json.array("files");
            for file in files.iter().filter(|file| file.direction == self.direction) {
                json.object_item();
                protocol::write_fileinfo(file, json, tx, self.config.eve.force_magic);
                json.end();
            }
            json.end();
        }
    }

    fn flow_object(&self, flow: &Flow, out: &mut Output) {
        write_counts(out.json.object("flow"), flow);
        out.json.text("start", out.clock.format(flow.first_time));
        let ends = flow_ends(flow, Direction::ToServer);
        eve::address(&mut out.json, "src_ip", ends.src, &self.config.eve);
        eve::address(&mut out.json, "dest_ip", ends.dst, &self.config.eve);
        if matches!(flow.protocol, 6 | 17 | 132) {
            out.json.number("src_port", ends.src_port).number("dest_port", ends.dst_port);
        }
        out.json.end();
    }

    fn payload(&self, alert: &Alert, json: &mut Json) {
        let wants = &self.config.eve.alert;
        let from_stream = alert.stream || alert.state;
        let packet = self.view.map_or(&[][..], |view| view.seen.payload());
        let bytes = if from_stream && !self.stream.is_empty() { self.stream } else { packet };
        let bytes = &bytes[..bytes.len().min(wants.payload_bytes)];
        if wants.payload {
            json.text("payload", &STANDARD.encode(bytes));
        }
        if wants.payload_printable {
            json.text("payload_printable", &printable(bytes));
        }
        if wants.payload_length {
            json.number("payload_length", bytes.len());
        }
        json.number("stream", u8::from(from_stream && !self.stream.is_empty()));
    }

    fn packet(&self, json: &mut Json) {
        let (Some(view), true) = (self.view, self.config.eve.alert.packet) else { return };
        packet::write_packet(json, view, usize::MAX);
    }

    fn verdict(&self, outcome: &Outcome, json: &mut Json) {
        if self.config.mode != Mode::Prevent && !self.config.eve.verdict {
            return;
        }
        let action = match outcome {
            Outcome { drop: Some(_), .. } => "drop",
            _ if self.rules.settings().firewall.is_some() => "accept",
            Outcome { pass: true, .. } => "pass",
            _ => "alert",
        };
        json.object("verdict").text("action", action);
        if outcome.reject != [false; 2] {
            let target = match outcome.reject {
                [true, true] => "both",
                [true, false] => "to_client",
                _ => "to_server",
            };
            json.text("reject-target", target);
            let tcp = self.flow.is_some_and(|flow| flow.protocol == 6);
            json.array("reject").text_item(if tcp { "tcp-reset" } else { "icmp-prohib" }).end();
        }
        json.end();
    }

    /// The alert as a fact for the detectors.
    pub(crate) fn fact(&self, rule: &Sig) -> AlertFact {
        let ends = match (self.view, self.flow) {
            (Some(view), _) if packet_ends(view.seen.layers).is_some() => packet_ends(view.seen.layers),
            (_, Some(flow)) => Some(flow_ends(flow, self.direction)),
            _ => None,
        };
        let nowhere = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        let (source, destination) = ends.map_or((nowhere, nowhere), |ends| (ends.src, ends.dst));
        AlertFact {
            who: self.flow.map(who),
            source,
            destination,
            gid: rule.meta.gid,
            sid: rule.meta.sid,
            rev: rule.meta.rev,
            message: rule.meta.msg.clone(),
            category: rule.meta.category.clone(),
            priority: u32::from(rule.meta.priority),
            metadata: rule.meta.metadata.clone(),
            severity: match rule.meta.priority {
                0 | 1 => Severity::High,
                2 => Severity::Medium,
                3 => Severity::Low,
                _ => Severity::Info,
            },
            target: rule.meta.target.map(|target| match target {
                Target::Source => source,
                Target::Destination => destination,
            }),
        }
    }
}

/// Bytes as text: what is not printable becomes a dot, line ends stay.
pub(crate) fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if matches!(byte, b'\n' | b'\r' | 0x20..=0x7e) { char::from(*byte) } else { '.' })
        .collect()
}

fn write_signature(
    json: &mut Json,
    rule: &Sig,
    alert: &Alert,
    stage: &Stage<'_>,
    context: &[(std::sync::Arc<str>, std::sync::Arc<str>)],
) {
    let meta = &rule.meta;
    json.object("alert").text("action", if alert.blocked { "blocked" } else { "allowed" });
    json.number("gid", meta.gid).number("signature_id", meta.sid).number("rev", meta.rev);
    json.text("signature", &meta.msg).text("category", &meta.category).number("severity", meta.priority);
    if let (Some(target), Some(flow_side)) = (meta.target, stage.ends()) {
        let (target, source) = match target {
            Target::Source => ((flow_side.src, flow_side.src_port), (flow_side.dst, flow_side.dst_port)),
            Target::Destination => ((flow_side.dst, flow_side.dst_port), (flow_side.src, flow_side.src_port)),
        };
        for (key, (address, port)) in [("source", source), ("target", target)] {
            eve::address(json.object(key), "ip", address, &stage.config.eve);
            json.number("port", port).end();
        }
    }
    if !context.is_empty() {
        json.object("context");
        for (key, value) in context {
            json.raw(key, value.as_bytes());
        }
        json.end();
    }
    if stage.rules.settings().firewall.is_some() {
        json.text("engine", if rule.firewall { "fw" } else { "td" });
    }
    if stage.config.eve.alert.reference && !meta.references.is_empty() {
        json.array("references");
        for reference in &meta.references {
            json.text_item(reference);
        }
        json.end();
    }
    if stage.config.eve.alert.metadata && !meta.metadata.is_empty() {
        write_rule_metadata(json, &meta.metadata);
    }
    if stage.config.eve.alert.raw_rule {
        json.text("rule", &meta.text);
    }
    json.end();
}

/// `metadata` of a rule: values of one key stand together, keys in order of first appearance.
fn write_rule_metadata(json: &mut Json, pairs: &[(String, String)]) {
    json.object("metadata");
    for (position, (key, _)) in pairs.iter().enumerate() {
        if pairs[..position].iter().any(|(earlier, _)| earlier == key) {
            continue;
        }
        json.array(key);
        for (_, value) in pairs.iter().filter(|(other, _)| other == key) {
            json.text_item(value);
        }
        json.end();
    }
    json.end();
}

impl Stage<'_> {
    fn ends(&self) -> Option<eve::Ends> {
        match (self.view, self.flow) {
            (Some(view), _) => packet_ends(view.seen.layers),
            (None, Some(flow)) => Some(flow_ends(flow, self.direction)),
            (None, None) => None,
        }
    }
}
