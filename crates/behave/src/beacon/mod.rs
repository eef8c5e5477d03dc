//! Periodic beacons: a host that asks the same server again and again, at intervals a person would not keep.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{
    Direction, Event, EventKind, Fact, Finding, FlowFact, KeptTalk, PacketId, Severity, Subject, Talk, Term,
    Time, TransactionFact,
};

use crate::few::Few;
use crate::rhythm::{Rhythm, rhythm};
use crate::statistic::{median, spread};
use crate::users::{Door, Users};
use crate::verdict::{Packets, Verdict, is_nobody};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "beacon",
    sees: "Connections, or bursts inside one long connection, from a host to a server at regular intervals and with like sizes.",
    matters: "Malware asks its control server for orders on a timer (T1071, T1573); the timer shows through encryption.",
    fooled_by: "Schedules without any regularity, and implants that only speak when a user does. Updates and monitoring look \
                alike; what many hosts do is counted against it.",
    cost: "One entry per (client, server, port) with at most 512 contacts; judged once.",
    references: &["ATT&CK T1071", "ATT&CK T1573", "Hubballi and Goyal, FlowSummary, 2013"],
    hears: Hears {
        flows: true,
        exchanges: &["tls", "quic", "http"],
        fields: &["tls.sni", "quic.sni", "http.host"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "contacts_min",
            help: "Contacts that are needed to speak of a rhythm.",
            unit: "count",
            range: (4.0, 512.0),
            default: 6.0,
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
            names: Bounded::new(NAMES_MAX),
        })
    },
};

/// Channels remembered.
const CHANNELS_MAX: usize = 65_536;
/// Names remembered, by client.
const NAMES_MAX: usize = 16_384;
/// Contacts remembered per channel.
const CONTACTS_MAX: usize = 512;
/// Clients told apart per server, and servers per name.
const CLIENTS_MAX: usize = 64;
/// Protocols whose rhythm is their purpose, or whose keep-alive is part of them.
const RHYTHMIC: [&str; 12] = [
    "ntp",
    "dns",
    "mdns",
    "llmnr",
    "dhcp",
    "snmp",
    "modbus",
    "dnp3",
    "enip",
    "mqtt",
    "sip",
    "bittorrent-dht",
];

/// Most that the rhythm alone can weigh.
const TIMING_MAX: f64 = 5.5;

#[derive(Debug)]
struct Beacon {
    contacts_min: usize,
    interval_min: f64,
    score_min: f64,
    channels: Bounded<KeptTalk, Contacts>,
    /// The same by name: a server may change its address between contacts.
    names: Bounded<(IpAddr, String), Named>,
}

/// Contacts of one channel. Tens of thousands of channels see one contact.
#[derive(Debug, Default)]
struct Contacts {
    list: Few<Contact>,
    kind: Kind,
    count: u32,
    /// Contacts that are bursts inside a connection kept open.
    kept_open: u32,
    failed: u32,
}

#[derive(Debug)]
struct Contact {
    time: Time,
    /// Payload bytes sent.
    bytes: u64,
    first_packet: PacketId,
}

/// What a channel speaks, as far as that weighs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Web,
    Quic,
    #[default]
    Other,
}

/// Contacts with a name, and where they went to: address and port.
#[derive(Debug, Default)]
struct Named {
    contacts: Contacts,
    servers: Few<(IpAddr, u16)>,
}

impl Detector for Beacon {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Flow(flow) => self.flow(flow),
            // The first exchange of a connection says which name it is for.
            EventKind::Transaction(fact) if fact.tx_id == 0 => self.name(fact),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let many = self.channels.sorted_if(|_, contacts| contacts.list.len() >= self.contacts_min);
        let many: Vec<(Talk, &Contacts)> =
            many.into_iter().map(|(channel, contacts)| (channel.talk(), contacts)).collect();
        let pools = self.pools(many.iter().map(|(channel, _)| pool_of(channel)));
        let channels = self.channels.all().map(|(channel, _)| channel.talk());
        let users = Users::new(channels.map(|channel| (door_of(&channel), channel.client)), CLIENTS_MAX);
        for (channel, contacts) in many {
            let pool = pools.get(&pool_of(&channel)).copied().unwrap_or(1);
            let place = Place { channel, name: "", pool, users: users.of(door_of(&channel)) };
            self.judge(&place, contacts, home, findings);
        }
        for ((client, name), named) in self.names.sorted() {
            // A name at one address is judged by its address already.
            if let [(server, port), _, ..] = named.servers[..] {
                let channel = Talk { client: *client, server, port, transport: 6 };
                let place = Place { channel, name, pool: 1, users: users.of((server, port)) };
                self.judge(&place, &named.contacts, home, findings);
            }
        }
    }

    fn evicted(&self) -> u64 {
        self.channels.evicted() + self.names.evicted()
    }
}

/// What is judged: a server, or a name with the server that answered last.
struct Place<'a> {
    channel: Talk,
    name: &'a str,
    /// Servers of one network that the client has like contacts with.
    pool: usize,
    /// Hosts that use this server and port.
    users: usize,
}

fn door_of(channel: &Talk) -> Door {
    (channel.server, channel.port)
}

/// Client, port, and the network of the server: the first half of its address.
type Pool = (IpAddr, u16, u64);

fn pool_of(channel: &Talk) -> Pool {
    let Talk { client, server, port, .. } = *channel;
    let network = match server {
        IpAddr::V4(server) => u64::from(u32::from(server) >> 16),
        IpAddr::V6(server) => (u128::from(server) >> 96) as u64,
    };
    (client, port, network)
}

impl Kind {
    fn of(protocol: &str) -> Self {
        match protocol {
            "http" | "tls" | "http2" => Kind::Web,
            "quic" => Kind::Quic,
            _ => Kind::Other,
        }
    }
}

impl Contacts {
    fn take(&mut self, flow: &FlowFact) {
        self.count = self.count.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(flow.payload == [0, 0]));
        if !flow.protocol.is_empty() {
            self.kind = Kind::of(flow.protocol);
        }
        // A long connection shows its rhythm in its bursts, a short one by its beginning. Either side may keep the timer.
        let of = |side: Direction| flow.bursts.iter().filter(move |(_, direction, _)| *direction == side);
        let side = if of(Direction::ToClient).count() > of(Direction::ToServer).count() {
            Direction::ToClient
        } else {
            Direction::ToServer
        };
        if of(side).count() >= 4 {
            for (time, _, bytes) in of(side) {
                self.push(*time, u64::from(*bytes), flow.who.first_packet);
                self.kept_open = self.kept_open.saturating_add(1);
            }
        } else {
            self.push(flow.who.began, flow.payload[0], flow.who.first_packet);
        }
    }

    fn push(&mut self, time: Time, bytes: u64, packet: PacketId) {
        if self.list.len() < CONTACTS_MAX {
            self.list.push(Contact { time, bytes, first_packet: packet });
        }
    }

    /// Median of what was sent, and its spread as a share of it.
    fn size(&self) -> (f64, f64) {
        let mut sizes: Vec<f64> = self.list.iter().map(|contact| contact.bytes as f64).collect();
        let size = median(&mut sizes);
        (size, spread(&sizes, size) / size.max(1.0))
    }
}

impl Beacon {
    fn flow(&mut self, flow: &FlowFact) {
        if !matches!(flow.who.transport, 6 | 17) || RHYTHMIC.contains(&flow.protocol) {
            return;
        }
        let Fact { client, server, server_port: port, transport, .. } = flow.who;
        self.channels.touch_as(Talk { client, server, port, transport }, Contacts::default).take(flow);
    }

    fn name(&mut self, fact: &TransactionFact) {
        let name = match fact.protocol {
            "tls" => fact.text("tls.sni"),
            "quic" => fact.text("quic.sni"),
            "http" => fact.text("http.host"),
            _ => return,
        };
        if name.is_empty() || name.parse::<IpAddr>().is_ok() {
            return;
        }
        let who = &fact.who;
        let named = self.names.touch(&(who.client, name.to_ascii_lowercase()), Named::default);
        named.servers.add((who.server, who.server_port), CLIENTS_MAX);
        named.contacts.count = named.contacts.count.saturating_add(1);
        named.contacts.kind = Kind::of(fact.protocol);
        named.contacts.push(who.began, 0, who.first_packet);
    }

    /// How many servers of one network a client has contacts of like size with, for those `asked` for.
    fn pools(&self, asked: impl Iterator<Item = Pool>) -> BTreeMap<Pool, usize> {
        let mut pools: BTreeMap<Pool, Vec<f64>> = asked.map(|pool| (pool, Vec::new())).collect();
        for (channel, contacts) in self.channels.all() {
            if let Some(sizes) = pools.get_mut(&pool_of(&channel.talk())) {
                sizes.push(contacts.size().0);
            }
        }
        let alike = |sizes: &[f64]| {
            let most = sizes.iter().copied().fold(0.0, f64::max);
            sizes.iter().filter(|size| **size >= most * 0.8).count()
        };
        pools.into_iter().map(|(pool, sizes)| (pool, alike(&sizes))).collect()
    }

    fn judge(&self, place: &Place<'_>, contacts: &Contacts, home: &Home, findings: &mut Findings) {
        let Talk { client, server, port, .. } = place.channel;
        if contacts.list.len() < self.contacts_min || is_nobody(server) || client == server {
            return;
        }
        let mut times: Vec<Time> = contacts.list.iter().map(|contact| contact.time).collect();
        let Some(found) = rhythm(&mut times) else { return };
        if found.contacts < self.contacts_min || found.period < self.interval_min {
            return;
        }
        let verdict = self.weigh(place, contacts, &found, home);
        if verdict.score() < self.score_min {
            return;
        }
        let mut packets = Packets::default();
        contacts.list.iter().for_each(|contact| packets.add(contact.first_packet));
        let to = if place.name.is_empty() { format!("{server} port {port}") } else { place.name.to_owned() };
        let web = contacts.kind != Kind::Other;
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} calls {to} every {:.1} s ± {:.1} s, {} times",
                found.period,
                found.jitter * found.period,
                found.contacts
            ),
            severity: verdict.severity(Severity::Medium),
            confidence: verdict.confidence(),
            techniques: vec![if web { "T1071.001" } else { "T1095" }],
            attackers: Vec::new(),
            victims: vec![client],
            server: Some((server, place.name.to_owned())),
            subjects: vec![Subject::Host(client)],
            first: times.first().copied().unwrap_or_default(),
            last: times.last().copied().unwrap_or_default(),
            count: found.contacts as u64,
            terms: verdict.terms(),
            evidence: vec![
                packets.evidence("", &format!("median payload sent: {:.0} bytes", contacts.size().0)),
            ],
            against: vec!["Software updates, monitoring and mail clients keep timers, too.".into()],
        });
    }

    fn weigh(&self, place: &Place<'_>, contacts: &Contacts, found: &Rhythm, home: &Home) -> Verdict {
        let Talk { client, server, transport, .. } = place.channel;
        let mut verdict = Verdict::new(-3.0);
        let timing = (0.35 - found.jitter).clamp(-0.5, 0.35) * 10.0;
        verdict.term(
            "jitter, share of the interval",
            found.jitter,
            0.3,
            timing,
            "timers keep their interval, people do not; a share above 0.35 would speak against a timer",
        );
        if place.name.is_empty() {
            let (_, size_spread) = contacts.size();
            verdict.term(
                "spread of sizes, share of the median",
                size_spread,
                0.3,
                (0.25 - size_spread).clamp(-0.5, 0.25) * 6.0,
                "the same question again and again has the same size",
            );
        }
        verdict.term(
            Term::INTERVAL,
            found.period,
            self.interval_min,
            0.0,
            "the timer's setting, as far as it is seen",
        );
        verdict.term(
            Term::INTERVAL_SPREAD,
            found.jitter * found.period,
            0.3 * found.period,
            0.0,
            "how far it is off, as a rule",
        );
        // A loose timer needs more contacts to be believed; a strict one is soon believed and gains little by more.
        let strict = ((0.35 - found.jitter) / 0.15).clamp(0.0, 1.0);
        verdict.term(
            "contacts",
            found.contacts as f64,
            8.0,
            (libm::log(found.contacts as f64 / 8.0) * strict).min(TIMING_MAX - timing),
            "the more contacts keep the rhythm, the less it is chance",
        );
        verdict.term(
            "hosts that use this server and port",
            place.users as f64,
            3.0,
            prevalence(place.users),
            "what many hosts do is more often an update or a monitor",
        );
        verdict.term(
            "like servers of the same network",
            place.pool as f64,
            3.0,
            if place.pool >= 3 { -2.5 } else { 0.0 },
            "a service has a pool of servers that answer alike; a control server is one",
        );
        verdict.fact(
            "datagrams of no known protocol",
            transport == 17 && contacts.kind != Kind::Quic,
            -4.0,
            "programs keep address translations open with datagrams on a timer (RFC 8445 §11)",
        );
        verdict.fact(
            "the server is ours",
            home.is_inside(client, server),
            -3.0,
            "inside, monitoring and file services are asked on a timer; an implant asks outside",
        );
        verdict.fact(
            "address never asked for",
            place.name.is_empty() && home.is_unasked(client, server),
            0.7,
            "the host asks for names, but not for this one",
        );
        let small = contacts.kept_open as usize * 2 > contacts.list.len() && contacts.size().0 < 72.0;
        verdict.fact(
            "small words inside a connection kept open",
            small,
            -0.7,
            "messengers and push services keep their connections alive so",
        );
        verdict.fact(
            "most contacts without payload",
            u64::from(contacts.failed) * 2 > u64::from(contacts.count),
            -1.0,
            "a server that never answers controls nobody yet",
        );
        verdict
    }
}

/// Weight of how many hosts do the same: nothing below three, then more with each doubling.
fn prevalence(users: usize) -> f64 {
    if users < 3 { 0.0 } else { -2.0 - 1.5 * libm::log2(users as f64 / 3.0).min(2.0) }
}
