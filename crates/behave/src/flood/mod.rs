//! Floods: more of what is never answered than any service gets, by victim, with the spread of its sources.

mod requests;
mod sources;
#[cfg(test)]
mod tests;
mod window;

use std::net::IpAddr;

use model::{Confidence, Event, EventKind, Evidence, Finding, FlowFact, PacketId, Severity, Subject, Term};

use crate::few::Few;
use crate::verdict::is_nobody;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use requests::Asked;
use window::{Burst, Windows};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "flood",
    sees: "A victim that within ten seconds gets hundreds of half-open connections from many sources, of datagrams that it \
           never asked for from well-known ports (amplification), of answers to connections it never opened (reflection), of \
           segments that belong to no connection, of datagrams to one port that nobody answers, of pings, of requests that are \
           never finished (slow attacks), or of complete requests for one page by what cannot be people.",
    matters: "The service is gone for everybody else (T1498.001, T1498.002, T1499.001, T1499.002).",
    fooled_by: "Complete requests inside TLS, or as varied and as patient as those of people. Captures of one direction look like \
                floods.",
    cost: "Only what was not answered, and web requests, are looked at: one entry per victim, at most 4,096, each with eight \
           windows per kind.",
    references: &[
        "ATT&CK T1498.001, T1498.002, T1499.001, T1499.002",
        "RFC 4987, RFC 5358",
        "Rossow, Amplification Hell, NDSS 2014",
        "Whang et al., A Linear-Time Probabilistic Counting Algorithm, 1990",
    ],
    hears: Hears {
        flows: true,
        exchanges: &["http", "http2"],
        fields: &["http.host", "http.stat_code", "http.uri", "http.user_agent"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "half_open_min",
            help: "Half-open connections in ten seconds.",
            unit: "count",
            range: (10.0, 1e9),
            default: 200.0,
        },
        Knob {
            name: "unasked_min",
            help: "Unasked datagrams or answers in ten seconds.",
            unit: "packets",
            range: (10.0, 1e9),
            default: 100.0,
        },
        Knob {
            name: "pings_min",
            help: "Pings and other ICMP messages in ten seconds.",
            unit: "packets",
            range: (10.0, 1e9),
            default: 1_000.0,
        },
        Knob {
            name: "unfinished_min",
            help: "Requests in ten seconds that are never finished.",
            unit: "count",
            range: (10.0, 1e9),
            default: 100.0,
        },
        Knob {
            name: "requests_min",
            help: "Complete requests in ten seconds from which they are weighed.",
            unit: "count",
            range: (10.0, 1e9),
            default: 300.0,
        },
        Knob {
            name: "sources_min",
            help: "Sources from which many of them must come, for what one source does in a scan as well.",
            unit: "count",
            range: (2.0, 1_024.0),
            default: 20.0,
        },
    ],
    new: |knobs| {
        Box::new(Flood {
            least: [
                knobs.get("half_open_min"),
                knobs.get("unasked_min"),
                knobs.get("unasked_min"),
                knobs.get("pings_min"),
                knobs.get("unfinished_min"),
                knobs.get("half_open_min"),
                knobs.get("pings_min"),
            ],
            requests_min: knobs.get("requests_min"),
            sources_min: knobs.get("sources_min"),
            victims: Bounded::new(VICTIMS_MAX),
            asked: Bounded::new(VICTIMS_MAX),
        })
    },
};

/// Victims remembered.
const VICTIMS_MAX: usize = 4_096;
/// Datagrams that go on for so many seconds are a stream, however little is answered.
const STREAM_SECS_MIN: f64 = 60.0;
/// A request that is not finished is shorter than this, payload bytes.
const UNFINISHED_BYTES_MAX: u64 = 4_096;

/// Kinds of floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    HalfOpen,
    Amplified,
    Reflected,
    Pings,
    Unfinished,
    Stray,
    Datagrams,
}

impl Kind {
    const ALL: [Kind; 7] = [
        Kind::HalfOpen,
        Kind::Amplified,
        Kind::Reflected,
        Kind::Pings,
        Kind::Unfinished,
        Kind::Stray,
        Kind::Datagrams,
    ];

    /// What arrives, the technique, and whether it takes many sources to tell it from a scan or a tool.
    const fn words(self) -> (&'static str, &'static [&'static str], bool) {
        match self {
            Kind::HalfOpen => ("half-open connections", &["T1499.001", "T1498.001"], true),
            Kind::Amplified => ("unasked datagrams from well-known ports", &["T1498.002"], true),
            Kind::Reflected => ("answers to connections it never opened", &["T1498.002"], true),
            Kind::Pings => ("ICMP messages", &["T1498.001"], false),
            Kind::Unfinished => ("requests that are never finished", &["T1499.002"], false),
            Kind::Stray => ("segments that belong to no connection", &["T1499.001", "T1498.001"], true),
            Kind::Datagrams => ("datagrams to one port that nobody answers", &["T1498.001"], false),
        }
    }
}

#[derive(Debug)]
struct Flood {
    least: [f64; Kind::ALL.len()],
    sources_min: f64,
    requests_min: f64,
    /// By address, and by port for what goes to one port.
    victims: Bounded<(IpAddr, u16), Victim>,
    /// Web servers: what was asked of them.
    asked: Bounded<IpAddr, Asked>,
}

#[derive(Debug, Default)]
struct Victim {
    /// What came, by kind: most victims see one.
    kinds: Few<(Kind, Windows)>,
    packets: Few<PacketId>,
}

impl Victim {
    fn of(&self, kind: Kind) -> Option<&Windows> {
        self.kinds.iter().find(|(known, _)| *known == kind).map(|(_, windows)| windows)
    }

    fn of_mut(&mut self, kind: Kind) -> &mut Windows {
        let at = self.kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.kinds.push((kind, Windows::default()));
            self.kinds.len() - 1
        });
        &mut self.kinds[at].1
    }
}

impl Detector for Flood {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let flow = match &event.kind {
            EventKind::Flow(flow) => flow,
            EventKind::Transaction(fact) if matches!(fact.protocol, "http" | "http2") => {
                return self.asked.touch(&fact.who.server, Asked::default).add(fact, self.requests_min);
            }
            _ => return,
        };
        let Some((kind, victim, source, count)) = part(flow) else { return };
        if is_nobody(victim) {
            return;
        }
        let port = if kind == Kind::Datagrams { flow.who.server_port } else { 0 };
        let victim = self.victims.touch(&(victim, port), Victim::default);
        let least = self.least[kind as usize];
        victim.of_mut(kind).add(flow.who.began, flow.last, source, count, least);
        if victim.packets.len() < Evidence::PACKETS && flow.who.first_packet.0 != 0 {
            victim.packets.push(flow.who.first_packet);
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((address, _), victim) in self.victims.sorted() {
            for kind in Kind::ALL {
                self.judge(*address, victim, kind, findings);
            }
        }
        for (address, asked) in self.asked.sorted() {
            if let Some(finding) = asked.judge(*address, self.requests_min, home) {
                findings.push(finding);
            }
        }
    }

    fn evicted(&self) -> u64 {
        self.victims.evicted() + self.asked.evicted()
    }
}

/// What a conversation may be a part of: kind, victim, source, and how much it adds.
fn part(flow: &FlowFact) -> Option<(Kind, IpAddr, IpAddr, u64)> {
    let who = &flow.who;
    match who.transport {
        6 if flow.packets[0] == 0 => {
            // Nothing was seen of who is said to have opened it.
            let answered = flow.tcp_flags[1] & (SYN | RST) != 0 && flow.payload[1] == 0;
            answered.then_some((Kind::Reflected, who.client, who.server, flow.packets[1]))
        }
        6 if !flow.established && flow.payload == [0, 0] && flow.tcp_flags[0] & SYN != 0 => {
            let half_open = flow.tcp_flags[1] & RST == 0;
            half_open.then_some((Kind::HalfOpen, who.server, who.client, 1))
        }
        6 if flow.tcp_flags[0] & SYN == 0 && flow.payload == [0, 0] => {
            // The victim says nothing, or that it knows of no such connection.
            let refused = flow.tcp_flags[1] & !(RST | ACK) == 0 && flow.packets[1] <= flow.packets[0];
            refused.then_some((Kind::Stray, who.server, who.client, flow.packets[0]))
        }
        6 => {
            let open = flow.tcp_flags[0] & (FIN | RST) == 0;
            let unfinished = flow.payload[1] == 0 && (1..UNFINISHED_BYTES_MAX).contains(&flow.payload[0]);
            let web = flow.protocol == "http" || crate::verdict::WEB_PORTS.contains(&who.server_port);
            (flow.established && open && unfinished && web).then_some((
                Kind::Unfinished,
                who.server,
                who.client,
                1,
            ))
        }
        17 if flow.packets[1] == 0 && flow.payload[0] > 0 && is_reflector(who.client_port) => {
            Some((Kind::Amplified, who.server, who.client, flow.packets[0]))
        }
        // The service's port is taken for the server's, though it began.
        17 if flow.packets[0] == 0 && flow.payload[1] > 0 && is_reflector(who.server_port) => {
            Some((Kind::Amplified, who.client, who.server, flow.packets[1]))
        }
        17 if flow.packets[1] == 0 && flow.payload[0] > 0 && flow.protocol.is_empty() => {
            // What lasts is a stream to somebody who listens, such as a film.
            let lasts = flow.last.secs_since(flow.who.began) > STREAM_SECS_MIN;
            (!lasts).then_some((Kind::Datagrams, who.server, who.client, flow.packets[0]))
        }
        1 | 58 => {
            Some((Kind::Pings, who.server, who.client, flow.packets[0].saturating_sub(flow.packets[1] / 2)))
        }
        _ => None,
    }
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Ports of services that answer strangers with more than they were asked.
fn is_reflector(port: u16) -> bool {
    const PORTS: [u16; 27] = [
        17, 19, 53, 69, 111, 123, 137, 161, 177, 389, 427, 500, 520, 623, 1434, 1604, 1900, 3283, 3478, 3702,
        4500, 5060, 5093, 5353, 5683, 10_001, 11_211,
    ];
    PORTS.contains(&port)
}

impl Flood {
    fn judge(&self, address: IpAddr, victim: &Victim, kind: Kind, findings: &mut Findings) {
        let Some(burst) = victim.of(kind).and_then(Windows::best) else { return };
        let Burst { count, sources, first, last } = burst;
        let least = self.least[kind as usize];
        let (what, techniques, spread) = kind.words();
        if (count as f64) < least || (spread && sources < self.sources_min) {
            return;
        }
        let times = count as f64 / least;
        let terms = vec![
            Term {
                name: "in the worst ten seconds",
                value: count as f64,
                threshold: least,
                weight: 2.0 + libm::log(times).min(3.0),
                meaning: format!("{what}: none of them was answered to the end"),
            },
            Term {
                name: "sources in those ten seconds",
                value: sources,
                threshold: self.sources_min,
                weight: if sources >= self.sources_min { 1.0 } else { 0.0 },
                meaning: "a flood comes from many or under false addresses; one source may be a tool".into(),
            },
        ];
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{address} is flooded: {count} {what} within ten seconds, from about {sources:.0} sources"
            ),
            severity: if times >= 20.0 { Severity::High } else { Severity::Medium },
            confidence: Confidence(if times >= 3.0 { 900 } else { 800 }),
            techniques: techniques.to_vec(),
            attackers: burst_sources(victim, kind),
            victims: vec![address],
            server: None,
            subjects: vec![Subject::Host(address)],
            first,
            last,
            count,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: victim.packets.to_vec(),
                field: "",
                excerpt: format!("first of {count} {what}"),
            }],
            against: vec![
                "A capture of one direction, or of a link that lost most packets, shows no answers either."
                    .into(),
            ],
        });
    }
}

/// Sources that are known one by one: none when their addresses are false anyway.
fn burst_sources(victim: &Victim, kind: Kind) -> Vec<IpAddr> {
    victim.of(kind).and_then(Windows::few).map(<[IpAddr]>::to_vec).unwrap_or_default()
}
