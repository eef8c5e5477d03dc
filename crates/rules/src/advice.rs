//! What a rule costs before any traffic was seen: which pattern finds it, where, and what makes it slow.

use std::sync::Arc;

use protocol::ProtocolId;

use crate::RuleSet;
use crate::compile::{Choice, Where, choose};
use crate::index::is_any;
use crate::ir::PacketTest;
use crate::op::{Content, Op, commonness};
use crate::sig::{Kind, Look, Part, Sig, Test, What, gate};
use crate::text::describe;

/// Patterns shorter than this occur everywhere.
const SHORT_BYTES: usize = 3;
/// Bytes that are this common say little.
const COMMON: u8 = 195;

/// How a rule is found, and what makes it slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Position in the rule set.
    pub rule: u32,
    /// The pattern that finds it, as a rule would write it; `None`: it has none.
    pub pattern: Option<String>,
    /// Where the pattern is looked for, or what every rule of this group is asked of.
    pub group: String,
    /// Why it is slow, with what would help; empty for a rule that is not.
    pub slow: Vec<&'static str>,
}

impl RuleSet {
    /// How each rule is found, and which are slow.
    pub fn advice(&self) -> Vec<Advice> {
        (0u32..).zip(&self.sigs).map(|(rule, sig)| advise(rule, sig)).collect()
    }
}

fn advise(rule: u32, sig: &Sig) -> Advice {
    let found = choose(sig);
    let group = match &found {
        _ if matches!(sig.kind, Kind::IpOnly | Kind::LikeIpOnly) => "addresses, once per flow".to_owned(),
        _ if sig.frame.is_some() => frame_group(sig),
        Some(Choice { place: Where::Payload(sides), .. }) => match (sides.stream, sides.packet) {
            (true, true) => "the stream and each packet".to_owned(),
            (true, false) => "the stream".to_owned(),
            (false, _) => "each packet's payload".to_owned(),
        },
        Some(Choice { place: Where::Step(part), .. }) => step_group(sig, part),
        None => unfiltered_group(sig),
    };
    let pattern = found.as_ref().map(|found| crate::text::written(&found.pattern));
    let slow = if sig.firewall { Vec::new() } else { reasons(sig, found.as_ref()) };
    Advice { rule, pattern, group, slow }
}

fn frame_group(sig: &Sig) -> String {
    sig.frame.as_ref().map_or_else(String::new, |look| {
        format!("frames {}.{}", protocol::get(look.protocol).name, look.kind)
    })
}

/// The buffer, with the protocols that have it.
fn step_group(sig: &Sig, part: &Arc<Part>) -> String {
    let mut name = String::new();
    let mut protocols: Vec<&str> = Vec::new();
    for plan in &sig.plans {
        let step = plan.steps.iter().find(|step| part_of(&step.what).is_some_and(|of| Arc::ptr_eq(of, part)));
        if let Some(step) = step {
            name = describe::subject(plan.protocol, &step.what);
            protocols.push(protocol::get(plan.protocol).name);
        }
    }
    format!("{name} of {}", protocols.join(", "))
}

fn part_of(what: &What) -> Option<&Arc<Part>> {
    match what {
        What::Bytes { part, .. }
        | What::FileData(part)
        | What::FileName(part)
        | What::FileMagic(part)
        | What::Stream(part) => Some(part),
        _ => None,
    }
}

fn unfiltered_group(sig: &Sig) -> String {
    if sig.kind == Kind::Transaction {
        let names: Vec<&str> = sig.plans.iter().map(|plan: &_| name(plan.protocol)).collect();
        return format!("every transaction of {}", names.join(", "));
    }
    let bits = [
        (gate::DECODE_EVENT, "with a decoder event"),
        (gate::STREAM_EVENT, "with a stream event"),
        (gate::DETECTED, "that shows a flow's protocol"),
        (gate::PAYLOAD, "with payload"),
        (gate::ICMP, "of ICMP"),
        (gate::TCP, "of TCP"),
        (gate::APP, "of a flow with a known protocol"),
        (gate::FLOW, "of a flow"),
    ];
    let wanted: Vec<&str> =
        bits.iter().filter(|(bit, _)| sig.head.gate & bit != 0).map(|(_, words)| *words).collect();
    format!("every packet {}", wanted.join(", ")).trim_end().to_owned()
}

fn name(protocol: ProtocolId) -> &'static str {
    protocol::get(protocol).name
}

fn reasons(sig: &Sig, found: Option<&Choice>) -> Vec<&'static str> {
    let mut slow = Vec::new();
    let cheap = matches!(
        sig.kind,
        Kind::IpOnly | Kind::LikeIpOnly | Kind::DecodeOnly | Kind::ProtocolOnly | Kind::App
    ) || sig.frame.is_some()
        || sig.head.gate & (gate::DECODE_EVENT | gate::STREAM_EVENT | gate::DETECTED) != 0;
    let everywhere = is_any(sig.head.src_ports) && is_any(sig.head.dst_ports);
    match found {
        None if has_pcre(sig) => {
            slow.push("its pcre runs on all traffic of its group: add a content that any match must contain");
        }
        None if !cheap && sig.kind == Kind::Packet && everywhere && !narrows(sig) => {
            slow.push("it has neither a content nor ports: every packet of its protocol is held against it");
        }
        None => {}
        Some(found) => {
            let pattern = &found.pattern;
            let common = pattern.iter().all(|byte| commonness(*byte) >= COMMON);
            if pattern.len() < SHORT_BYTES {
                slow.push("the pattern that finds it is shorter than 3 bytes: add a longer content");
            } else if common {
                slow.push(
                    "the pattern that finds it is made of common bytes: mark a rarer content `fast_pattern`",
                );
            }
            if matches!(found.place, Where::Payload(_)) && everywhere && pattern.len() <= SHORT_BYTES {
                slow.push("it looks for it on all ports: name the ports or the application protocol");
            }
        }
    }
    if buffers(sig).any(is_lonely_pcre) && !slow.iter().any(|reason| reason.contains("pcre")) {
        slow.push(
            "a buffer has a pcre and no content: add one to the same buffer, so that the pcre runs seldom",
        );
    }
    slow
}

/// Conditions that few packets meet.
fn narrows(sig: &Sig) -> bool {
    sig.tests.iter().any(|test| match test {
        Test::Packet(test) => !matches!(test, PacketTest::Version(_) | PacketTest::FlowAge(_)),
        _ => true,
    })
}

fn buffers(sig: &Sig) -> impl Iterator<Item = &[Op]> {
    let looks = sig.looks.iter().map(|look| match look {
        Look::Payload { ops, .. } | Look::Header { ops, .. } | Look::PayloadTransformed { ops, .. } => {
            &ops[..]
        }
    });
    let steps = sig.plans.first().into_iter().flat_map(|plan| &plan.steps);
    looks.chain(steps.filter_map(|step| part_of(&step.what)).map(|part| &part.ops[..]))
}

fn has_pcre(sig: &Sig) -> bool {
    buffers(sig).any(|ops| ops.iter().any(|op| matches!(op, Op::Pcre(_))))
}

fn is_lonely_pcre(ops: &[Op]) -> bool {
    let content = |op: &Op| matches!(op, Op::Content(Content { negated: false, .. }));
    ops.iter().any(|op| matches!(op, Op::Pcre(pcre) if !pcre.negated)) && !ops.iter().any(content)
}
