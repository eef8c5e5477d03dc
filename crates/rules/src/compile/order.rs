//! In which order rules are held against a packet.
//!
//! By action; then who writes flow state before who reads it, so that one packet can go through a chain of rules; then by
//! priority; then as loaded.

use std::cmp::Reverse;

use hashbrown::HashMap;

use crate::Settings;
use crate::ir::{CaptureKind, Op, PacketTest, PostAction, Rule, Verb};

/// How a rule uses one kind of state. Higher comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Unused,
    Reads,
    Both,
    Writes,
}

impl Use {
    fn of(reads: bool, writes: bool) -> Self {
        match (reads, writes) {
            (false, false) => Use::Unused,
            (true, false) => Use::Reads,
            (true, true) => Use::Both,
            (false, true) => Use::Writes,
        }
    }
}

/// Positions of rules in the order in which they run.
pub(super) fn order(rules: &[Rule], settings: &Settings) -> Vec<usize> {
    let depths = chain_depths(rules);
    let mut positions: Vec<usize> = (0..rules.len()).collect();
    positions.sort_by_cached_key(|position| {
        let rule = &rules[*position];
        let depth = depths.get(position).copied().unwrap_or(0);
        // Firewall rules are asked in the order of their file, and come before those of detection.
        let detection = (!rule.firewall)
            .then(|| (action_rank(rule, settings), state_rank(rule, depth), rule.meta.priority));
        (detection, *position)
    });
    positions
}

fn action_rank(rule: &Rule, settings: &Settings) -> usize {
    let verb = match rule.action.verb {
        Verb::RejectDst | Verb::RejectBoth => Verb::Reject,
        // A `config` rule acts before anything else looks.
        Verb::Config => return 0,
        Verb::Accept => Verb::Pass,
        verb => verb,
    };
    1 + settings.action_order.iter().position(|each| *each == verb).unwrap_or(settings.action_order.len())
}

type StateRank = (Reverse<Use>, u16, Reverse<Use>, Reverse<Use>, Reverse<Use>, Reverse<Use>);

fn state_rank(rule: &Rule, depth: u16) -> StateRank {
    let reads = |test: fn(&PacketTest) -> bool| rule.packet.iter().any(test);
    let writes = |action: fn(&PostAction) -> bool| rule.post.iter().any(action);
    let captures = |kind| {
        rule.inspections.iter().flat_map(|inspection| &inspection.ops).any(|op| match op {
            Op::Pcre(pcre) => pcre.captures.iter().any(|capture| capture.kind == kind),
            _ => false,
        })
    };
    let bits = Use::of(
        reads(|test| matches!(test, PacketTest::FlowbitsSet(_) | PacketTest::FlowbitsNotSet(_))),
        writes(|action| {
            matches!(
                action,
                PostAction::FlowbitSet(_) | PostAction::FlowbitUnset(_) | PostAction::FlowbitToggle(_)
            )
        }),
    );
    let ints = Use::of(
        reads(|test| {
            matches!(
                test,
                PacketTest::FlowintIs { .. } | PacketTest::FlowintSet(_) | PacketTest::FlowintNotSet(_)
            )
        }),
        writes(|action| matches!(action, PostAction::Flowint { .. })),
    );
    let flow_vars =
        Use::of(reads(|test| matches!(test, PacketTest::Flowvar { .. })), captures(CaptureKind::Flow));
    let packet_vars =
        Use::of(reads(|test| matches!(test, PacketTest::Pktvar { .. })), captures(CaptureKind::Packet));
    let xbits = Use::of(
        reads(|test| matches!(test, PacketTest::Xbits { .. })),
        writes(|action| {
            matches!(
                action,
                PostAction::XbitSet { .. } | PostAction::XbitUnset { .. } | PostAction::XbitToggle { .. }
            )
        }),
    );
    (Reverse(bits), depth, Reverse(ints), Reverse(flow_vars), Reverse(packet_vars), Reverse(xbits))
}

/// How many rules that both read and write flowbits come before each such rule in a chain (`isset:a; set:b` before
/// `isset:b; set:c`). Circles end where they began.
fn chain_depths(rules: &[Rule]) -> HashMap<usize, u16> {
    let mut links: Vec<(usize, Vec<&str>, Vec<&str>)> = Vec::new();
    for (position, rule) in rules.iter().enumerate() {
        let reads: Vec<&str> = rule
            .packet
            .iter()
            .filter_map(|test| match test {
                PacketTest::FlowbitsSet(names) | PacketTest::FlowbitsNotSet(names) => Some(names),
                _ => None,
            })
            .flatten()
            .map(String::as_str)
            .collect();
        let writes: Vec<&str> = rule
            .post
            .iter()
            .filter_map(|action| match action {
                PostAction::FlowbitSet(name)
                | PostAction::FlowbitUnset(name)
                | PostAction::FlowbitToggle(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if !reads.is_empty() && !writes.is_empty() {
            links.push((position, reads, writes));
        }
    }
    let mut writers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (link, (_, _, writes)) in links.iter().enumerate() {
        for name in writes {
            writers.entry(name).or_default().push(link);
        }
    }
    let mut depths = vec![0_u16; links.len()];
    // Each round moves readers behind their writers by one; a chain longer than this many rules keeps its load order.
    for _ in 0..CHAIN_MAX {
        let mut moved = false;
        for (link, (_, reads, _)) in links.iter().enumerate() {
            let deepest = reads
                .iter()
                .filter_map(|name| writers.get(name))
                .flatten()
                .filter(|writer| **writer != link)
                .map(|writer| depths[*writer].saturating_add(1))
                .max()
                .unwrap_or(0);
            if deepest > depths[link] && deepest <= CHAIN_MAX {
                depths[link] = deepest;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    links.iter().zip(depths).map(|((position, _, _), depth)| (*position, depth)).collect()
}

/// Rules in one chain of flowbits that are put in order.
const CHAIN_MAX: u16 = 32;
