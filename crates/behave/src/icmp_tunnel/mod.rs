//! ICMP tunnels: echo messages that carry something else than an echo.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{EchoShape, Event, EventKind, Finding, Severity, Subject, Time};

use crate::verdict::{Packets, Verdict, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "icmp_tunnel",
    sees: "Echo messages whose replies differ from their requests, whose payload is data rather than fill, or whose sequence \
           number stands still.",
    matters: "Ping passes most firewalls and few people read it; implants carry commands, files and whole IP packets in it \
              (T1095, T1572).",
    fooled_by: "A tunnel that moves a few bytes a day in the time stamp of well-formed pings.",
    cost: "One entry per pair of hosts; constant time per ICMP flow.",
    references: &["ATT&CK T1095", "ATT&CK T1572", "RFC 792", "Daemon9, Project Loki, Phrack 49-6, 1996"],
    hears: Hears { flows: true, ..Hears::NOTHING },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 1.0,
    }],
    new: |knobs| Box::new(IcmpTunnel { score_min: knobs.get("score_min"), pairs: Bounded::new(PAIRS_MAX) }),
};

/// Pairs of hosts remembered.
const PAIRS_MAX: usize = 16_384;

#[derive(Debug)]
struct IcmpTunnel {
    score_min: f64,
    /// Lower address, higher address.
    pairs: Bounded<(IpAddr, IpAddr), Pair>,
}

#[derive(Debug)]
struct Pair {
    client: IpAddr,
    server: IpAddr,
    shape: EchoShape,
    payload: [u64; 2],
    first: Time,
    last: Time,
    packets: Packets,
}

impl Detector for IcmpTunnel {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Flow(flow) = &event.kind else { return };
        let Some(shape) = &flow.echo else { return };
        let who = &flow.who;
        if is_nobody(who.server) {
            return;
        }
        let key = (who.client.min(who.server), who.client.max(who.server));
        let pair = self.pairs.touch(&key, || Pair {
            client: who.client,
            server: who.server,
            shape: EchoShape { head: shape.head, head_len: shape.head_len, ..EchoShape::default() },
            payload: [0, 0],
            first: who.began,
            last: flow.last,
            packets: Packets::default(),
        });
        add(&mut pair.shape, shape);
        for side in 0..2 {
            pair.payload[side] += flow.payload[side];
        }
        pair.first = pair.first.min(who.began);
        pair.last = pair.last.max(flow.last);
        pair.packets.add(who.first_packet);
        pair.packets.add(flow.last_packet);
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (_, pair) in self.pairs.sorted() {
            self.judge(pair, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }
}

/// Adds the counts of a further flow.
fn add(sum: &mut EchoShape, shape: &EchoShape) {
    let pairs = [
        (&mut sum.unlike, shape.unlike),
        (&mut sum.unasked, shape.unasked),
        (&mut sum.repeated, shape.repeated),
        (&mut sum.resized, shape.resized),
        (&mut sum.changed, shape.changed),
        (&mut sum.inner, shape.inner),
        (&mut sum.counted, shape.counted),
        (&mut sum.filled, shape.filled),
    ];
    for (to, from) in pairs {
        *to = to.saturating_add(from);
    }
    for (to, from) in sum.messages.iter_mut().zip(shape.messages) {
        *to = to.saturating_add(from);
    }
}

/// The sum of what the messages of a pair show.
fn weigh(pair: &Pair) -> Verdict {
    let shape = &pair.shape;
    let total = f64::from(shape.messages[0]) + f64::from(shape.messages[1]);
    let replies = f64::from(shape.messages[1]);
    let share = |count: u32| f64::from(count) / total.max(1.0);
    let mut verdict = Verdict::new(-3.2);
    verdict.fact(
        "messages that are a whole IP packet",
        shape.inner >= 3,
        5.0,
        "an echo that carries IP packets is a tunnel; a ping never does",
    );
    let unlike = f64::from(shape.unlike);
    verdict.term(
        "replies unlike their request",
        unlike,
        2.0,
        if unlike >= 2.0 && unlike >= replies * 0.05 { 3.5 } else { 0.0 },
        "RFC 792 has the data of the request returned; a reply that says something else answers a question",
    );
    let unasked = f64::from(shape.unasked);
    // Where only one direction was captured, every reply is without a request.
    let requests = f64::from(shape.messages[0]);
    let both = shape.messages[0] > 0 && shape.messages[1] > 0;
    verdict.term(
        "replies that nobody asked for",
        unasked,
        3.0,
        if both && unasked >= 3.0 && unasked >= replies * 0.1 { 2.0 } else { 0.0 },
        "a tunnel's far end speaks when it has something to say, not when it is asked",
    );
    let repeated = f64::from(shape.repeated);
    verdict.term(
        "requests with the number of the one before",
        repeated,
        2.0,
        if repeated >= 2.0 && repeated >= requests * 0.3 { 2.5 } else { 0.0 },
        "ping counts its requests; a carrier does not need to",
    );
    let fill = if shape.counted == 0 { 1.0 } else { f64::from(shape.filled) / f64::from(shape.counted) };
    verdict.term(
        "share of payload that is fill",
        fill,
        0.6,
        if shape.counted >= 64 { (0.6 - fill).clamp(0.0, 0.4) * 5.0 } else { 0.0 },
        "ping fills with a pattern that runs on; data does not",
    );
    verdict.term(
        "share of messages with a new payload",
        share(shape.changed),
        0.2,
        if shape.changed >= 3 && share(shape.changed) >= 0.2 { 1.5 } else { 0.0 },
        "ping sends the same bytes each time, but for the time of sending",
    );
    verdict.term(
        "share of messages of a new size",
        share(shape.resized),
        0.15,
        if shape.resized >= 3 && share(shape.resized) >= 0.15 { 1.5 } else { 0.0 },
        "ping keeps its size; messages are as long as what they say",
    );
    let words = word_length(&shape.head[..usize::from(shape.head_len)]);
    verdict.term(
        "letters of a word at the front of the payload",
        words as f64,
        4.0,
        if words >= 4 { 2.5 } else { 0.0 },
        "words stand where ping keeps the time of sending or the alphabet",
    );
    verdict
}

/// Letters at the front that make a word: printable, and no run such as the alphabet.
fn word_length(head: &[u8]) -> usize {
    let printable = head.iter().take_while(|byte| (0x21..0x7f).contains(*byte)).count();
    let runs = head[..printable].windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1).count();
    if runs * 2 > printable { 0 } else { printable }
}

impl IcmpTunnel {
    fn judge(&self, pair: &Pair, home: &Home, findings: &mut Findings) {
        let verdict = weigh(pair);
        if verdict.score() < self.score_min {
            return;
        }
        // Ours is the victim; among our own, who began is: it went to fetch.
        let (victim, server) = if home.has(pair.server) && !home.has(pair.client) {
            (pair.server, pair.client)
        } else {
            (pair.client, pair.server)
        };
        let bytes = pair.payload[0] + pair.payload[1];
        let head = &pair.shape.head[..usize::from(pair.shape.head_len)];
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{victim} and {server} carry {bytes} bytes inside {} ICMP messages that are no pings",
                pair.shape.messages[0] + pair.shape.messages[1]
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1095", "T1572"],
            attackers: vec![server],
            victims: vec![victim],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(victim), Subject::Host(server)],
            first: pair.first,
            last: pair.last,
            count: u64::from(pair.shape.messages[0] + pair.shape.messages[1]),
            terms: verdict.terms(),
            evidence: vec![pair.packets.evidence("icmp.payload", &head.escape_ascii().to_string())],
            against: vec![
                "Measuring tools vary size and payload of pings on purpose; they get their own bytes back."
                    .into(),
            ],
        });
    }
}
