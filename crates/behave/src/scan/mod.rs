//! Port and host scans: one source tries many doors, and few open.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Confidence, Event, EventKind, Evidence, Finding, FlowFact, PacketId, Severity, Subject, Term, Time,
};

use crate::few::Few;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "scan",
    sees: "One source that tries many ports of a host, or one port of many hosts, and is mostly refused or ignored; that pings \
           many hosts once; or that sends segments which no system sends by itself.",
    matters: "Reconnaissance comes before most break-ins; inside the network it comes after one (T1046, T1595.001).",
    fooled_by: "Sources that change their address per probe, and scans slower than the memory of the table.",
    cost: "One entry per source address, each with at most 4,096 doors; constant time per flow.",
    references: &[
        "ATT&CK T1046",
        "ATT&CK T1018",
        "ATT&CK T1595.001",
        "RFC 9293 §3.10",
        "Jung et al., Fast Portscan Detection, IEEE S&P 2004",
    ],
    hears: Hears { flows: true, ..Hears::NOTHING },
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
        Knob {
            name: "failed_share_min_datagrams",
            help: "The same for one port of many hosts over UDP: games and measurements ask many servers, some of which answer.",
            unit: "share",
            range: (0.0, 1.0),
            default: 0.85,
        },
        Knob {
            name: "odd_min",
            help: "Conversations that begin with flags which no system sends.",
            unit: "count",
            range: (1.0, 65_535.0),
            default: 2.0,
        },
    ],
    new: |knobs| {
        Box::new(Scan {
            ports_min: knobs.get("ports_min") as usize,
            hosts_min: knobs.get("hosts_min") as usize,
            failed_share_min: knobs.get("failed_share_min"),
            failed_share_min_datagrams: knobs.get("failed_share_min_datagrams"),
            odd_min: knobs.get("odd_min") as u32,
            sources: Bounded::new(SOURCES_MAX),
        })
    },
};

/// Sources remembered.
const SOURCES_MAX: usize = 65_536;
/// Doors remembered per source.
const DOORS_MAX: usize = 4_096;

/// Pings of one host within a sweep, and seconds per host that it takes at most.
const PINGS_MAX: u64 = 2;
const PING_SECS_MAX: f64 = 4.0;

#[derive(Debug)]
struct Scan {
    ports_min: usize,
    hosts_min: usize,
    failed_share_min: f64,
    failed_share_min_datagrams: f64,
    odd_min: u32,
    sources: Bounded<IpAddr, Source>,
}

#[derive(Debug, Default)]
struct Source {
    /// Host, port, IP protocol; sorted.
    doors: Few<(IpAddr, u16, u8)>,
    tries: u32,
    failed: u32,
    /// Conversations that begin with flags which no system sends.
    odd: u32,
    /// Hosts that were pinged once or twice; sorted.
    pinged: Few<IpAddr>,
    first: Time,
    last: Time,
    packets: Few<PacketId>,
}

/// What a conversation says about scanning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// It was answered.
    Answered,
    /// It led to nothing.
    Failed,
    /// It led to nothing, and began as no system begins a conversation.
    Odd,
    /// One or two pings.
    Ping,
}

impl Detector for Scan {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Flow(flow) = &event.kind else { return };
        let Some(kind) = tried(flow) else { return };
        let who = &flow.who;
        let source = self.sources.touch(&who.client, || Source { first: who.began, ..Source::default() });
        source.first = source.first.min(who.began);
        source.last = source.last.max(flow.last);
        if kind == Try::Ping {
            if source.pinged.len() < DOORS_MAX
                && let Err(place) = source.pinged.binary_search(&who.server)
            {
                source.pinged.insert(place, who.server);
                source.note(flow);
            }
            return;
        }
        source.tries = source.tries.saturating_add(1);
        source.odd = source.odd.saturating_add(u32::from(kind == Try::Odd));
        if kind != Try::Answered {
            source.failed = source.failed.saturating_add(1);
            let door = (who.server, who.server_port, who.transport);
            if source.doors.len() < DOORS_MAX
                && let Err(place) = source.doors.binary_search(&door)
            {
                source.doors.insert(place, door);
                source.note(flow);
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

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// How a conversation counts; `None` when it says nothing.
fn tried(flow: &FlowFact) -> Option<Try> {
    let answered = flow.payload[1] > 0;
    let group = is_group(flow.who.server);
    match flow.who.transport {
        // What nobody began was not seen from its beginning, or was answered by somebody who was never asked.
        6 if flow.packets[0] == 0 => None,
        6 if answered || flow.payload[0] > 0 => Some(Try::Answered),
        6 => match flow.tcp_flags[0] {
            flags if flags & (SYN | FIN) == SYN | FIN && flags & ACK == 0 => Some(Try::Odd),
            flags if flags & (SYN | RST | ACK) == 0 => Some(Try::Odd),
            flags if flags & SYN != 0 => Some(Try::Failed),
            // The end of a conversation that began before the capture did.
            _ => None,
        },
        // Datagrams that nobody asked for go to many places in ordinary networks: broadcast and multicast do not count.
        17 if answered || group => Some(Try::Answered),
        17 => Some(Try::Failed),
        1 | 58
            if !group
                && flow
                    .echo
                    .as_ref()
                    .is_some_and(|echo| u64::from(echo.messages[0]) <= PINGS_MAX && echo.messages[0] > 0) =>
        {
            Some(Try::Ping)
        }
        _ => None,
    }
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// How wide a source looked around.
#[derive(Debug, Default)]
struct Width {
    /// Most ports of one host.
    ports: usize,
    /// Most hosts on one port, and its protocol.
    hosts: usize,
    transport: u8,
}

impl Source {
    fn note(&mut self, flow: &FlowFact) {
        if self.packets.len() < Evidence::PACKETS {
            self.packets.push(flow.who.first_packet);
        }
    }

    fn width(&self) -> Width {
        let mut width = Width::default();
        for chunk in self.doors.chunk_by(|a, b| a.0 == b.0) {
            width.ports = width.ports.max(chunk.len());
        }
        let mut by_port: Vec<(u8, u16, IpAddr)> =
            self.doors.iter().map(|(host, port, transport)| (*transport, *port, *host)).collect();
        by_port.sort_unstable();
        for chunk in by_port.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            if chunk.len() > width.hosts {
                (width.hosts, width.transport) = (chunk.len(), chunk[0].0);
            }
        }
        width
    }

    /// Hosts that were tried, without repetition; at most `limit`.
    fn hosts(&self, limit: usize) -> Vec<IpAddr> {
        let mut hosts: Vec<IpAddr> =
            self.doors.iter().map(|(host, _, _)| *host).chain(self.pinged.iter().copied()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.truncate(limit);
        hosts
    }
}

impl Scan {
    fn judge(&self, address: IpAddr, source: &Source, home: &Home, findings: &mut Findings) {
        let share = f64::from(source.failed) / f64::from(source.tries.max(1));
        let width = source.width();
        let datagrams = width.transport == 17;
        let share_min = if datagrams { self.failed_share_min_datagrams } else { self.failed_share_min };
        let by_hosts = width.hosts >= self.hosts_min && share >= share_min;
        let by_ports = width.ports >= self.ports_min && share >= self.failed_share_min;
        let seconds = source.last.secs_since(source.first);
        let pinged = source.pinged.len();
        let by_pings = pinged >= self.hosts_min && seconds <= PING_SECS_MAX * pinged as f64;
        let by_flags = source.odd >= self.odd_min;
        let nothing = format!("{} of {} tries led to nothing", source.failed, source.tries);
        let (what, first) = match () {
            () if by_hosts => (format!("tried {} hosts on one port; {nothing}", width.hosts), "T1046"),
            () if by_ports => (format!("tried {} ports of a host; {nothing}", width.ports), "T1046"),
            () if by_pings => (format!("pinged {pinged} hosts once or twice"), "T1018"),
            () if by_flags => {
                (format!("began {} conversations with flags that no system sends", source.odd), "T1046")
            }
            () => return,
        };
        let ours = home.has(address);
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{address} {what}"),
            severity: Severity::Medium,
            confidence: Confidence(if share > 0.9 { 950 } else { 800 }),
            techniques: if ours { vec![first] } else { vec!["T1595.001", first] },
            attackers: vec![address],
            victims: source.hosts(64),
            server: (!ours).then(|| (address, String::new())),
            subjects: vec![Subject::Host(address)],
            first: source.first,
            last: source.last,
            count: u64::from(source.failed) + pinged as u64,
            terms: self.terms(source, &width, share, share_min),
            evidence: vec![Evidence {
                flow: None,
                packets: source.packets.to_vec(),
                field: "",
                excerpt: format!("first packets of {} tries", source.packets.len()),
            }],
            against: vec![
                "An inventory or monitoring system looks the same; it would be known to the operator.".into(),
            ],
        });
    }

    fn terms(&self, source: &Source, width: &Width, share: f64, share_min: f64) -> Vec<Term> {
        vec![
            term(
                "ports of one host, most",
                width.ports as f64,
                self.ports_min as f64,
                "many ports of one host are tried by scanners, not by programs",
            ),
            term(
                "hosts tried on one port, most",
                width.hosts as f64,
                self.hosts_min as f64,
                "many hosts are tried by scanners and worms",
            ),
            term(
                "share of tries that failed",
                share,
                share_min,
                "a program that knows its servers is rarely refused",
            ),
            term(
                "hosts pinged once or twice",
                source.pinged.len() as f64,
                self.hosts_min as f64,
                "monitoring pings the same hosts again and again",
            ),
            term(
                "conversations begun with odd flags",
                f64::from(source.odd),
                f64::from(self.odd_min),
                "no flags, or an end without a beginning: sent to see how a system answers (RFC 9293)",
            ),
        ]
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
