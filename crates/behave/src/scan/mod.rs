//! Port and host scans: one source tries many doors, and few open.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Confidence, Event, EventKind, Evidence, Finding, FlowFact, PacketId, Severity, Subject, Term, Time,
};

use crate::{Bounded, Description, Detector, Findings, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "scan",
    sees: "One source that tries many ports of a host, or one port of many hosts, and is mostly refused or ignored.",
    matters: "Reconnaissance comes before most break-ins; inside the network it comes after one (T1046, T1595.001).",
    fooled_by: "Sources that change their address per probe, and scans slower than the memory of the table.",
    cost: "One entry per source address, each with at most 4,096 doors; constant time per flow.",
    references: &["ATT&CK T1046", "ATT&CK T1595.001", "Jung et al., Fast Portscan Detection, IEEE S&P 2004"],
    knobs: &[
        Knob {
            name: "ports_min",
            help: "Different ports of one host that make a port scan.",
            unit: "count",
            range: (2.0, 65_535.0),
            default: 15.0,
        },
        Knob {
            name: "hosts_min",
            help: "Different hosts on one port that make a host scan.",
            unit: "count",
            range: (2.0, 65_535.0),
            default: 15.0,
        },
        Knob {
            name: "failed_share_min",
            help: "Share of tries without an answer that carried data.",
            unit: "share",
            range: (0.0, 1.0),
            default: 0.6,
        },
    ],
    new: |knobs| {
        Box::new(Scan {
            ports_min: knobs.get("ports_min") as usize,
            hosts_min: knobs.get("hosts_min") as usize,
            failed_share_min: knobs.get("failed_share_min"),
            sources: Bounded::new(SOURCES_MAX),
        })
    },
};

/// Sources remembered.
const SOURCES_MAX: usize = 65_536;
/// Doors remembered per source.
const DOORS_MAX: usize = 4_096;

#[derive(Debug)]
struct Scan {
    ports_min: usize,
    hosts_min: usize,
    failed_share_min: f64,
    sources: Bounded<IpAddr, Source>,
}

#[derive(Debug)]
struct Source {
    /// Host, port, IP protocol; sorted.
    doors: Vec<(IpAddr, u16, u8)>,
    tries: u64,
    failed: u64,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
}

impl Detector for Scan {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Flow(flow) = &event.kind else { return };
        if !matches!(flow.who.transport, 6 | 17) {
            return;
        }
        let source = self.sources.touch(&flow.who.client, || Source {
            doors: Vec::new(),
            tries: 0,
            failed: 0,
            first: flow.who.began,
            last: flow.last,
            packets: Vec::new(),
        });
        source.tries += 1;
        source.first = source.first.min(flow.who.began);
        source.last = source.last.max(flow.last);
        if failed(flow) {
            source.failed += 1;
            let door = (flow.who.server, flow.who.server_port, flow.who.transport);
            if source.doors.len() < DOORS_MAX
                && let Err(place) = source.doors.binary_search(&door)
            {
                if source.doors.is_empty() {
                    // Most hosts fail at one door.
                    source.doors.reserve_exact(1);
                    source.packets.reserve_exact(1);
                }
                source.doors.insert(place, door);
                if source.packets.len() < Evidence::PACKETS {
                    source.packets.push(flow.who.first_packet);
                }
            }
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (address, source) in self.sources.sorted() {
            self.judge(*address, source, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.sources.evicted()
    }
}

/// A try that led to nothing: no answer, a refusal, or a session without a byte of payload.
fn failed(flow: &FlowFact) -> bool {
    let answered = flow.payload[1] > 0;
    match flow.who.transport {
        6 => !answered && flow.payload[0] == 0,
        // Datagrams that nobody asked for go to many places in ordinary networks: broadcast and multicast do not count.
        _ => !answered && flow.packets[1] == 0 && !is_group(flow.who.server),
    }
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

impl Scan {
    fn judge(&self, address: IpAddr, source: &Source, home: &Home, findings: &mut Findings) {
        let share = source.failed as f64 / source.tries.max(1) as f64;
        if share < self.failed_share_min {
            return;
        }
        let mut hosts: Vec<(IpAddr, usize)> = Vec::new();
        for (host, _, _) in &source.doors {
            match hosts.last_mut() {
                Some((last, count)) if last == host => *count += 1,
                _ => hosts.push((*host, 1)),
            }
        }
        let most = hosts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        if most < self.ports_min && hosts.len() < self.hosts_min {
            return;
        }
        let ours = home.has(address);
        let width = if hosts.len() >= self.hosts_min { "hosts" } else { "ports of a host" };
        let count = if hosts.len() >= self.hosts_min { hosts.len() } else { most };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{address} tried {count} {width}; {} of {} tries led to nothing",
                source.failed, source.tries
            ),
            severity: Severity::Medium,
            confidence: Confidence(if share > 0.9 { 950 } else { 800 }),
            techniques: if ours { vec!["T1046"] } else { vec!["T1595.001", "T1046"] },
            attackers: vec![address],
            victims: hosts.iter().take(64).map(|(host, _)| *host).collect(),
            server: (!ours).then(|| (address, String::new())),
            subjects: vec![Subject::Host(address)],
            first: source.first,
            last: source.last,
            count: source.failed,
            terms: vec![
                term(
                    "ports of one host, most",
                    most as f64,
                    self.ports_min as f64,
                    "many ports of one host are tried by scanners, not by programs",
                ),
                term(
                    "hosts tried",
                    hosts.len() as f64,
                    self.hosts_min as f64,
                    "many hosts are tried by scanners and worms",
                ),
                term(
                    "share of tries that failed",
                    share,
                    self.failed_share_min,
                    "a program that knows its servers is rarely refused",
                ),
            ],
            evidence: vec![Evidence {
                flow: None,
                packets: source.packets.clone(),
                field: "",
                excerpt: format!("first packets of {} tries", source.packets.len()),
            }],
            against: vec![
                "An inventory or monitoring system looks the same; it would be known to the operator.".into(),
            ],
        });
    }
}

fn term(name: &'static str, value: f64, threshold: f64, meaning: &str) -> Term {
    Term {
        name,
        value,
        threshold,
        weight: if value >= threshold { 1.0 } else { 0.0 },
        meaning: meaning.into(),
    }
}
