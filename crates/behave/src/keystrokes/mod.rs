//! Who is really the client: in a connection that one of ours opened, the other side types and ours answers.

#[cfg(test)]
mod tests;

use model::{Direction, Event, EventKind, Finding, FlowFact, Severity, Subject, Time};

use crate::rhythm::rhythm;
use crate::statistic::median;
use crate::verdict::{Packets, Verdict, is_nobody};
use crate::{Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "keystrokes",
    sees: "A long encrypted or unknown connection to the outside in which, after silence, it is the server that speaks first, in \
           small words at a person's pace, and the client answers with more.",
    matters: "A reverse shell turns client and server around; encryption hides the words, not who begins (T1059, T1572, T1021.004).",
    fooled_by: "Shells that pad or poll. Services that push questions at a person's pace look alike in part.",
    cost: "No state: each connection is judged by its first 64 bursts when it ends.",
    references: &[
        "ATT&CK T1059, T1572, T1021.004",
        "Zhang and Paxson, Detecting Stepping Stones and Detecting Backdoors, USENIX Security 2000",
    ],
    hears: Hears { flows: true, ..Hears::NOTHING },
    knobs: &[
        Knob {
            name: "bursts_min",
            help: "Times that somebody speaks after a second of silence.",
            unit: "count",
            range: (4.0, 64.0),
            default: 8.0,
        },
        Knob {
            name: "share_min",
            help: "Share of them begun by the server.",
            unit: "share",
            range: (0.5, 1.0),
            default: 0.8,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
    ],
    new: |knobs| {
        Box::new(Keystrokes {
            bursts_min: knobs.get("bursts_min") as usize,
            share_min: knobs.get("share_min"),
            score_min: knobs.get("score_min"),
        })
    },
};

/// Bytes that a typed word, encrypted, has at most.
const WORD_MAX: f64 = 160.0;
/// Log-odds before anything was seen.
const PRIOR: f64 = -4.0;

#[derive(Debug)]
struct Keystrokes {
    bursts_min: usize,
    share_min: f64,
    score_min: f64,
}

impl Detector for Keystrokes {
    fn event(&mut self, event: &Event, home: &Home, findings: &mut Findings) {
        if let EventKind::Flow(flow) = &event.kind
            && flow.bursts.len() >= self.bursts_min
        {
            self.judge(flow, home, findings);
        }
    }

    fn finish(&mut self, _home: &Home, _findings: &mut Findings) {}
}

impl Keystrokes {
    fn judge(&self, flow: &FlowFact, home: &Home, findings: &mut Findings) {
        let who = &flow.who;
        let hidden = matches!(flow.protocol, "ssh" | "tls" | "" | "failed");
        if who.transport != 6 || !hidden || !home.leaves(who.client, who.server) || is_nobody(who.server) {
            return;
        }
        let typed: Vec<&(Time, Direction, u32)> =
            flow.bursts.iter().filter(|(_, side, _)| *side == Direction::ToClient).collect();
        let share = typed.len() as f64 / flow.bursts.len() as f64;
        if share < self.share_min {
            return;
        }
        let verdict = weigh(flow, &typed, share, self.share_min, home);
        if verdict.score() < self.score_min {
            return;
        }
        let mut packets = Packets::default();
        packets.add(who.first_packet);
        packets.add(flow.last_packet);
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{} types and {} answers, though {} opened the connection to port {}: {} words",
                who.server,
                who.client,
                who.client,
                who.server_port,
                typed.len()
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec![if flow.protocol == "ssh" { "T1572" } else { "T1059" }],
            attackers: Vec::new(),
            victims: vec![who.client],
            server: Some((who.server, String::new())),
            subjects: vec![Subject::Host(who.client)],
            first: who.began,
            last: flow.last,
            count: typed.len() as u64,
            terms: verdict.terms(),
            evidence: vec![packets.evidence("", &format!("{} bursts, {} of them begun by the server", flow.bursts.len(), typed.len()))],
            against: vec!["Services that push questions to their clients are answered in the same way, at a machine's pace.".into()],
        });
    }
}

fn weigh(
    flow: &FlowFact,
    typed: &[&(Time, Direction, u32)],
    share: f64,
    share_min: f64,
    home: &Home,
) -> Verdict {
    let who = &flow.who;
    let mut verdict = Verdict::new(PRIOR);
    verdict.term(
        "share of bursts begun by the server",
        share,
        share_min,
        3.0,
        "clients ask and servers answer; here it is the other way round",
    );
    let mut sizes: Vec<f64> = typed.iter().map(|(_, _, size)| f64::from(*size)).collect();
    let size = median(&mut sizes);
    verdict.term(
        "bytes of what it says, median",
        size,
        WORD_MAX,
        if size <= WORD_MAX { 1.0 } else { -1.5 },
        "typed words are short",
    );
    let answers = flow.payload[0] as f64 / (flow.payload[1] as f64).max(1.0);
    let weight = match answers {
        1.5.. => 1.5,
        0.5.. => 0.0,
        _ => -2.5,
    };
    verdict.term(
        "sent back for each byte received",
        answers,
        1.5,
        weight,
        "commands are short, what they print is long",
    );
    let mut times: Vec<Time> = typed.iter().map(|(time, _, _)| *time).collect();
    let jitter = rhythm(&mut times).map_or(1.0, |found| found.jitter);
    verdict.term(
        "jitter of the pauses, share of the interval",
        jitter,
        0.3,
        match jitter {
            0.3.. => 1.0,
            0.12.. => 0.0,
            _ => -3.0,
        },
        "people pause as they like; machines that poll keep their interval",
    );
    verdict.fact(
        "address never asked for",
        home.is_unasked(who.client, who.server),
        0.7,
        "the host asks for names, but not for this one",
    );
    verdict.fact(
        "inside SSH",
        flow.protocol == "ssh",
        0.7,
        "a server of SSH speaks first only when something is tunnelled back",
    );
    verdict
}
