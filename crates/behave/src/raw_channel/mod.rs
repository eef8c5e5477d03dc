//! Channels without a known protocol: shells, loaders, and remote control over bare connections.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Direction, Event, EventKind, Finding, FlowFact, Opening, PayloadShape, Severity, Subject, Time};

use crate::rhythm::rhythm;
use crate::verdict::{Packets, Verdict, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "raw_channel",
    sees: "A connection in no known protocol that behaves like remote control: command prompts, a loader that announces its \
           length and sends a program, a server that asks and a client that answers, on a port of another protocol.",
    matters: "Reverse shells and the first stage of most remote access tools are bare connections (T1095, T1571, T1059); who \
              opened the connection is the one that is controlled.",
    fooled_by: "Remote control inside a protocol that is recognised, or one that waits for the client to ask.",
    cost: "One entry per (client, server, port); constant time per flow whose protocol is unknown.",
    references: &[
        "ATT&CK T1095",
        "ATT&CK T1571",
        "ATT&CK T1059",
        "Zhang and Paxson, Detecting Backdoors, USENIX Security 2000",
    ],
    hears: Hears { flows: true, ..Hears::NOTHING },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.5,
    }],
    new: |knobs| {
        Box::new(RawChannel { score_min: knobs.get("score_min"), channels: Bounded::new(CHANNELS_MAX) })
    },
};

/// Channels remembered.
const CHANNELS_MAX: usize = 8_192;
/// Ports that belong to a protocol which is recognised when it is spoken.
const KNOWN_PORTS: [u16; 16] = [21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 465, 587, 993, 995, 3389, 8080];
/// Ports whose protocol the client opens.
const CLIENT_FIRST: [u16; 4] = [80, 443, 3389, 8080];
/// Times of bursts remembered per channel.
const TIMES_MAX: usize = 256;

type Key = (IpAddr, IpAddr, u16);

#[derive(Debug)]
struct RawChannel {
    score_min: f64,
    channels: Bounded<Key, Channel>,
}

#[derive(Debug, Default)]
struct Channel {
    flows: u64,
    /// By direction, over all flows.
    shapes: [PayloadShape; 2],
    payload: [u64; 2],
    /// Flows that began with a length, followed by as many bytes from the server.
    staged: u64,
    /// Bursts that the server began, and all.
    asked: u64,
    bursts: u64,
    server_first: u64,
    whole: u64,
    times: Vec<Time>,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for RawChannel {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        let EventKind::Flow(flow) = &event.kind else { return };
        let Some(shapes) = &flow.shape else { return };
        let who = &flow.who;
        if who.transport != 6 || is_nobody(who.server) || (!home.has(who.client) && home.has(who.server)) {
            return;
        }
        let key = (who.client, who.server, who.server_port);
        self.channels.touch(&key, Channel::default).take(flow, shapes);
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (key, channel) in self.channels.sorted() {
            self.judge(key, channel, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.channels.evicted()
    }
}

impl Channel {
    fn take(&mut self, flow: &FlowFact, shapes: &[PayloadShape; 2]) {
        self.flows += 1;
        for (sum, shape) in self.shapes.iter_mut().zip(shapes) {
            if sum.payloads == 0 {
                (sum.head, sum.head_len, sum.distinct) = (shape.head, shape.head_len, shape.distinct);
            }
            sum.seen = sum.seen.saturating_add(shape.seen);
            sum.text = sum.text.saturating_add(shape.text);
            sum.prompts = sum.prompts.saturating_add(shape.prompts);
            sum.lines = sum.lines.saturating_add(shape.lines);
            sum.payloads = sum.payloads.saturating_add(shape.payloads);
        }
        self.payload.iter_mut().zip(flow.payload).for_each(|(sum, bytes)| *sum += bytes);
        // The opening packet and its answer were seen, and nothing is missing: what is first is first.
        let whole = flow.tcp_flags.iter().all(|flags| flags & SYN != 0) && flow.gaps == [0, 0];
        self.whole += u64::from(whole);
        let server_first = flow.opening.first == Some(Direction::ToClient);
        self.server_first += u64::from(whole && server_first);
        self.staged += u64::from(is_staged(flow, &shapes[Direction::ToClient.index()]));
        for (time, side, _) in &flow.bursts {
            self.bursts += 1;
            self.asked += u64::from(*side == Direction::ToClient);
            if self.times.len() < TIMES_MAX {
                self.times.push(*time);
            }
        }
        self.first = Some(self.first.map_or(flow.who.began, |first| first.min(flow.who.began)));
        self.last = self.last.max(flow.last);
        self.packets.add(flow.who.first_packet);
        self.packets.add(flow.last_packet);
    }
}

/// TCP's flag of the opening packets.
const SYN: u8 = 2;
/// Smallest stage that counts: a length of zero or a few bytes is a frame of some protocol.
const STAGE_BYTES_MIN: u64 = 200;

/// A loader's first stage: the server says a length in four bytes of their own, then sends as many, unasked.
fn is_staged(flow: &FlowFact, received: &PayloadShape) -> bool {
    let Opening { answer: Some(4), after: Some((Direction::ToClient, next)), .. } = flow.opening else {
        return false;
    };
    let Ok(four) = <[u8; 4]>::try_from(received.head().get(..4).unwrap_or_default()) else { return false };
    let length = u64::from(u32::from_le_bytes(four));
    // A short stage comes whole; of a long one the first segment is full.
    let follows =
        u64::from(next) == length || (u64::from(next) >= STAGE_SEGMENT_MIN && length > u64::from(next));
    length >= STAGE_BYTES_MIN && follows && length <= flow.payload[1]
}

/// A segment this long is full enough to be the front of something longer.
const STAGE_SEGMENT_MIN: u64 = 500;

/// First words of command interpreters and of tools that report where they run.
const BANNERS: [&[u8]; 8] = [
    b"Microsoft Windows [",
    b"Windows PowerShell",
    b"PS C:\\",
    b"uid=",
    b"/bin/sh:",
    b"sh-",
    b"bash:",
    b"Linux ",
];

fn weigh(key: &Key, channel: &Channel, home: &Home) -> Verdict {
    let (client, server, port) = *key;
    let [sent, received] = &channel.shapes;
    let mut verdict = Verdict::new(-3.7);
    verdict.term(
        "loaders: a length, then as many bytes from the server",
        channel.staged as f64,
        1.0,
        if channel.staged >= 1 { 5.0 } else { 0.0 },
        "a stager asks for nothing: it takes a length and runs what follows",
    );
    let prompts = f64::from(sent.prompts);
    verdict.term(
        "command prompts from the client",
        prompts,
        2.0,
        if prompts >= 2.0 { 4.5 } else { prompts * 1.5 },
        "the one that shows a prompt is the one that is commanded",
    );
    let banner = BANNERS.iter().any(|banner| sent.head().starts_with(banner));
    verdict.fact(
        "the client begins as a command interpreter does",
        banner,
        3.0,
        "a shell greets whoever it serves",
    );
    let spoke = channel.payload.iter().all(|bytes| *bytes > 0);
    verdict.fact(
        "a port of another protocol",
        spoke && channel.whole > 0 && KNOWN_PORTS.contains(&port),
        1.5,
        "what is spoken there is not what belongs there",
    );
    verdict.fact(
        "the server speaks first where the client should",
        channel.server_first > 0 && CLIENT_FIRST.contains(&port),
        1.5,
        "in HTTP, TLS and remote desktop the client begins",
    );
    verdict.reversed(channel.asked, channel.bursts, channel.payload, 0.7);
    let mut times = channel.times.clone();
    let timed = rhythm(&mut times).filter(|found| found.contacts >= 8 && found.period >= 1.5);
    let jitter = timed.map_or(1.0, |found| found.jitter);
    verdict.term(
        "jitter of the exchanges, share of the interval",
        jitter,
        0.25,
        (0.25 - jitter).clamp(0.0, 0.25) * 6.0,
        "a heartbeat keeps the channel",
    );
    verdict.fact(
        "address never asked for",
        home.is_unasked(client, server),
        1.0,
        "the host asks for names, but not for this one",
    );
    let outside = !home.is_inside(client, server);
    let weight = if !outside {
        -1.0
    } else if KNOWN_PORTS.contains(&port) {
        0.0
    } else {
        0.5
    };
    verdict.term(
        "the server is outside",
        f64::from(u8::from(outside)),
        1.0,
        weight,
        "inside, many programs have protocols of their own",
    );
    let chat = [b"NICK ".as_slice(), b"USER ", b"PASS "].iter().any(|word| sent.head().starts_with(word));
    let usual = (6660..=7000).contains(&port);
    let weight = match (chat, usual) {
        (false, _) => 0.0,
        (true, true) => 1.0,
        (true, false) => 3.0,
    };
    verdict.term(
        "Internet relay chat",
        f64::from(u8::from(chat)),
        1.0,
        weight,
        "bots wait for orders in a channel; on a port of its own more so",
    );
    let share = (f64::from(received.text) + f64::from(sent.text))
        / (f64::from(received.seen) + f64::from(sent.seen)).max(1.0);
    verdict.term("share of text", share, 0.9, 0.0, "readable or not, for the reader of this finding");
    verdict
}

impl RawChannel {
    fn judge(&self, key: &Key, channel: &Channel, home: &Home, findings: &mut Findings) {
        let (client, server, port) = *key;
        let verdict = weigh(key, channel, home);
        if verdict.score() < self.score_min {
            return;
        }
        let shell = channel.shapes[0].prompts >= 2;
        let what = match (channel.staged > 0, shell) {
            (true, _) => "loads a program from",
            (_, true) => "serves a shell to",
            _ => "is controlled over a bare connection from",
        };
        let mut techniques = vec!["T1095"];
        techniques.extend((!KNOWN_PORTS.contains(&port)).then_some("T1571"));
        techniques.extend((channel.staged > 0).then_some("T1105"));
        techniques.extend(shell.then_some("T1059"));
        let [sent, received] = &channel.shapes;
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{client} {what} {server} port {port}: {} bytes out, {} bytes in", channel.payload[0], channel.payload[1]),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques,
            attackers: if home.is_inside(client, server) { vec![server] } else { Vec::new() },
            victims: vec![client],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(client)],
            first: channel.first.unwrap_or_default(),
            last: channel.last,
            count: channel.flows,
            terms: verdict.terms(),
            evidence: vec![channel.packets.evidence(
                "tcp.payload",
                &format!("out: {} in: {}", sent.head().escape_ascii(), received.head().escape_ascii()),
            )],
            against: vec!["Games, messengers and databases have protocols of their own; their servers do not send prompts.".into()],
        });
    }
}
