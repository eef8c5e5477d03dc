//! Periodic beacons: a host that asks the same server again and again, at intervals a person would not keep.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, FlowFact, PacketId, Severity, Subject, Term,
    Time,
};

use crate::statistic::{median, probability, spread};
use crate::{Bounded, Description, Detector, Findings, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "beacon",
    sees: "Connections, or bursts inside one long connection, from a host to a server at regular intervals and with like sizes.",
    matters: "Malware asks its control server for orders on a timer (T1071, T1573); the timer shows through encryption.",
    fooled_by: "Schedules without any regularity, and implants that only speak when a user does. Updates and monitoring look \
                alike; what many hosts do is counted against it.",
    cost: "One entry per (client, server, port) with at most 512 contacts; judged once.",
    references: &["ATT&CK T1071", "ATT&CK T1573", "Hubballi and Goyal, FlowSummary, 2013"],
    knobs: &[
        Knob {
            name: "contacts_min",
            help: "Contacts that are needed to speak of a rhythm.",
            unit: "count",
            range: (4.0, 512.0),
            default: 8.0,
        },
        Knob {
            name: "interval_min",
            help: "Shortest median interval that counts.",
            unit: "s",
            range: (0.1, 3_600.0),
            default: 1.5,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which a rhythm is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 1.0,
        },
    ],
    new: |knobs| {
        Box::new(Beacon {
            contacts_min: knobs.get("contacts_min") as usize,
            interval_min: knobs.get("interval_min"),
            score_min: knobs.get("score_min"),
            channels: Bounded::new(CHANNELS_MAX),
            users: Bounded::new(CHANNELS_MAX),
        })
    },
};

/// Channels remembered.
const CHANNELS_MAX: usize = 65_536;
/// Contacts remembered per channel.
const CONTACTS_MAX: usize = 512;
/// Clients remembered per server.
const CLIENTS_MAX: usize = 64;
/// Protocols whose rhythm is their purpose.
const RHYTHMIC: [&str; 8] = ["ntp", "dns", "mdns", "llmnr", "dhcp", "snmp", "modbus", "dnp3"];

type Channel = (IpAddr, IpAddr, u16, u8);

#[derive(Debug)]
struct Beacon {
    contacts_min: usize,
    interval_min: f64,
    score_min: f64,
    channels: Bounded<Channel, Contacts>,
    users: Bounded<(IpAddr, u16), Vec<IpAddr>>,
}

#[derive(Debug, Default)]
struct Contacts {
    /// When, payload bytes sent, first packet.
    list: Vec<(Time, u64, PacketId)>,
    protocol: &'static str,
    count: u64,
    received: u64,
    failed: u64,
}

impl Detector for Beacon {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Flow(flow) = &event.kind else { return };
        if !matches!(flow.who.transport, 6 | 17) || RHYTHMIC.contains(&flow.protocol) {
            return;
        }
        let who = &flow.who;
        let clients = self.users.touch(&(who.server, who.server_port), Vec::new);
        if clients.len() < CLIENTS_MAX && !clients.contains(&who.client) {
            if clients.is_empty() {
                // Most servers have one client.
                clients.reserve_exact(1);
            }
            clients.push(who.client);
        }
        let channel = (who.client, who.server, who.server_port, who.transport);
        self.channels.touch(&channel, Contacts::default).take(flow);
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (channel, contacts) in self.channels.sorted() {
            self.judge(channel, contacts, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.channels.evicted() + self.users.evicted()
    }
}

impl Contacts {
    fn take(&mut self, flow: &FlowFact) {
        self.count += 1;
        self.received += flow.payload[1];
        if flow.payload == [0, 0] {
            self.failed += 1;
        }
        if !flow.protocol.is_empty() {
            self.protocol = flow.protocol;
        }
        // A long connection shows its rhythm in its bursts, a short one by its beginning.
        let bursts: Vec<_> =
            flow.bursts.iter().filter(|(_, direction, _)| *direction == Direction::ToServer).collect();
        if bursts.len() >= 4 {
            for (time, _, bytes) in bursts {
                self.push(*time, u64::from(*bytes), flow.who.first_packet);
            }
        } else {
            self.push(flow.who.began, flow.payload[0], flow.who.first_packet);
        }
    }

    fn push(&mut self, time: Time, bytes: u64, packet: PacketId) {
        if self.list.len() < CONTACTS_MAX {
            if self.list.is_empty() {
                // Most channels see one contact.
                self.list.reserve_exact(1);
            }
            self.list.push((time, bytes, packet));
        }
    }
}

impl Beacon {
    fn judge(&self, channel: &Channel, contacts: &Contacts, home: &Home, findings: &mut Findings) {
        let (client, server, port, transport) = *channel;
        let mut list = contacts.list.clone();
        list.sort();
        if list.len() < self.contacts_min || is_group(server) || client == server {
            return;
        }
        let mut gaps: Vec<f64> = list.windows(2).map(|pair| pair[1].0.secs_since(pair[0].0)).collect();
        let period = median(&mut gaps);
        if period < self.interval_min {
            return;
        }
        let jitter = spread(&gaps, period) / period;
        let mut sizes: Vec<f64> = list.iter().map(|(_, bytes, _)| *bytes as f64).collect();
        let size = median(&mut sizes);
        let size_spread = spread(&sizes, size) / size.max(1.0);
        let users = self.users.get(&(server, port)).map_or(1, Vec::len);
        let terms = vec![
            // Robust spread below a tenth is a timer; people spread over more than their median.
            term(
                "jitter, share of the interval",
                jitter,
                0.3,
                (0.35 - jitter).clamp(-0.5, 0.35) * 10.0,
                "timers keep their interval, people do not; a share above 0.35 would speak against a timer",
            ),
            term(
                "spread of sizes, share of the median",
                size_spread,
                0.3,
                (0.25 - size_spread).clamp(-0.5, 0.25) * 6.0,
                "the same question again and again has the same size",
            ),
            term(
                "contacts",
                list.len() as f64,
                self.contacts_min as f64,
                libm::log(list.len() as f64 / self.contacts_min as f64).min(2.0),
                "the more contacts keep the rhythm, the less it is chance",
            ),
            term(
                "hosts that use this server and port",
                users as f64,
                3.0,
                if users >= 3 { -2.0 } else { 0.0 },
                "what many hosts do is more often an update or a monitor",
            ),
            term(
                "datagrams",
                f64::from(transport == 17),
                1.0,
                if transport == 17 { -2.5 } else { 0.0 },
                "programs keep address translations open with datagrams on a timer (RFC 8445 §11)",
            ),
            term(
                "the server is ours",
                f64::from(home.has(server)),
                1.0,
                if home.has(server) { -3.0 } else { 0.0 },
                "inside, monitoring and file services are asked on a timer; an implant asks outside",
            ),
            term(
                "share of contacts without payload",
                contacts.failed as f64 / contacts.count as f64,
                0.5,
                if contacts.failed * 2 > contacts.count { -1.0 } else { 0.0 },
                "a server that never answers controls nobody yet",
            ),
        ];
        let score: f64 = terms.iter().map(|term| term.weight).sum::<f64>() - 3.0;
        if score < self.score_min {
            return;
        }
        let confidence = Confidence((probability(score) * 1000.0) as u16);
        let packets =
            list.iter().map(|(_, _, packet)| *packet).fold(Vec::new(), |mut kept: Vec<PacketId>, packet| {
                if kept.len() < Evidence::PACKETS && !kept.contains(&packet) {
                    kept.push(packet);
                }
                kept
            });
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} calls {server} port {port} every {period:.1} s ± {:.1} s, {} times",
                jitter * period,
                list.len()
            ),
            // More likely wrong than right is worth a note, not a night call.
            severity: if confidence.0 >= 750 { Severity::Medium } else { Severity::Low },
            confidence,
            techniques: vec![if matches!(contacts.protocol, "http" | "tls" | "http2" | "quic") {
                "T1071.001"
            } else {
                "T1095"
            }],
            attackers: Vec::new(),
            victims: vec![client],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(client)],
            first: list.first().map_or(Time::default(), |contact| contact.0),
            last: list.last().map_or(Time::default(), |contact| contact.0),
            count: list.len() as u64,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets,
                field: "",
                excerpt: format!("median payload sent: {size:.0} bytes"),
            }],
            against: vec!["Software updates, monitoring and mail clients keep timers, too.".into()],
        });
    }
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

fn term(name: &'static str, value: f64, threshold: f64, weight: f64, meaning: &str) -> Term {
    Term { name, value, threshold, weight, meaning: meaning.into() }
}
