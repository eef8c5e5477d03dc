//! Encrypted channels to lonely servers: TLS without a name, with a certificate that nobody vouches for, that one host uses.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Direction, Event, EventKind, Finding, FlowFact, Severity, Subject, Time, TransactionFact};

use crate::rhythm::rhythm;
use crate::statistic::{median, spread};
use crate::users::Users;
use crate::verdict::{Packets, Verdict, is_nobody, start_of};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "tls_channel",
    sees: "TLS to a server that was never looked up, asked for without a name, on a port of its own, with a certificate that \
           signs itself and names no host, kept up by a heartbeat.",
    matters: "Remote access tools bring their own certificate and call an address in their configuration (T1573.002, T1571).",
    fooled_by: "A tool behind a bought name and a certificate from a public authority on port 443.",
    cost: "One entry per (client, server, port); constant time per TLS flow.",
    references: &[
        "ATT&CK T1573.002",
        "ATT&CK T1571",
        "Anderson and McGrew, Machine Learning for Encrypted Malware, KDD 2017",
    ],
    hears: Hears {
        flows: true,
        exchanges: &["tls"],
        fields: &[
            "tls.cert_chain_len",
            "tls.cert_issuer",
            "tls.cert_subject",
            "tls.not_after",
            "tls.not_before",
            "tls.sni",
        ],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.5,
    }],
    new: |knobs| {
        Box::new(TlsChannel { score_min: knobs.get("score_min"), channels: Bounded::new(CHANNELS_MAX) })
    },
};

/// Channels remembered.
const CHANNELS_MAX: usize = 16_384;
/// Clients remembered per server.
const CLIENTS_MAX: usize = 16;
/// Times of bursts remembered per channel.
const TIMES_MAX: usize = 256;
/// Ports where TLS is expected.
const TLS_PORTS: [u16; 14] = [443, 465, 563, 587, 636, 853, 989, 990, 993, 995, 5061, 5223, 8443, 25];
/// Longest validity that public authorities and most private ones give, in days.
const DAYS_MAX: f64 = 1_200.0;

type Key = (IpAddr, IpAddr, u16);

#[derive(Debug)]
struct TlsChannel {
    score_min: f64,
    channels: Bounded<Key, Channel>,
}

#[derive(Debug, Default)]
struct Channel {
    flows: u64,
    payload: [u64; 2],
    named: bool,
    certificate: bool,
    self_signed: bool,
    /// Signed by an issuer whose certificate the server does not send.
    alone: bool,
    subject: String,
    days: f64,
    asked: u64,
    bursts: u64,
    times: Vec<Time>,
    /// Payload bytes of the client's bursts.
    sizes: Vec<f64>,
    longest_secs: f64,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for TlsChannel {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Transaction(fact) if fact.protocol == "tls" => {
                let who = &fact.who;
                if (home.has(who.client) || !home.has(who.server)) && !is_nobody(who.server) {
                    let key = (who.client, who.server, who.server_port);
                    self.channels.touch(&key, Channel::default).handshake(fact);
                }
            }
            EventKind::Flow(flow) if flow.protocol == "tls" => {
                let key = (flow.who.client, flow.who.server, flow.who.server_port);
                if let Some(channel) = self.channels.use_known(&key) {
                    channel.end(flow);
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let channels = self.channels.all();
        let users =
            Users::new(channels.map(|((client, server, port), _)| ((*server, *port), *client)), CLIENTS_MAX);
        for (key, channel) in self.channels.sorted() {
            self.judge(key, channel, &users, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.channels.evicted()
    }
}

impl Channel {
    fn handshake(&mut self, fact: &TransactionFact) {
        self.named |= !fact.text("tls.sni").is_empty();
        let subject = fact.text("tls.cert_subject");
        if !subject.is_empty() && !self.certificate {
            self.certificate = true;
            self.self_signed = subject == fact.text("tls.cert_issuer");
            self.alone = !self.self_signed && fact.number("tls.cert_chain_len") == Some(1);
            self.subject = start_of(subject, 120).to_owned();
            if let (Some(from), Some(to)) = (fact.number("tls.not_before"), fact.number("tls.not_after")) {
                self.days = (to as f64 - from as f64) / 86_400.0;
            }
        }
        self.first = Some(self.first.map_or(fact.time, |first| first.min(fact.time)));
        self.last = self.last.max(fact.time);
        self.packets.add(fact.who.first_packet);
    }

    fn end(&mut self, flow: &FlowFact) {
        self.flows += 1;
        self.payload[0] += flow.payload[0];
        self.payload[1] += flow.payload[1];
        for (time, side, bytes) in &flow.bursts {
            self.bursts += 1;
            if *side == Direction::ToServer && self.sizes.len() < TIMES_MAX {
                self.sizes.push(f64::from(*bytes));
            }
            self.asked += u64::from(*side == Direction::ToClient);
            if self.times.len() < TIMES_MAX {
                self.times.push(*time);
            }
        }
        self.longest_secs = self.longest_secs.max(flow.last.secs_since(flow.who.began));
        self.last = self.last.max(flow.last);
        self.packets.add(flow.last_packet);
    }
}

/// Whether the common name of a subject names a host: letters, digits, hyphens and at least one dot.
fn names_a_host(subject: &str) -> bool {
    let name = subject.split("CN=").nth(1).unwrap_or_default();
    let name = name.split([',', '/']).next().unwrap_or_default().trim();
    name.contains('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b'_'))
}

fn weigh(key: &Key, channel: &Channel, home: &Home, users: usize) -> Verdict {
    let (client, server, port) = *key;
    let mut verdict = Verdict::new(-3.7);
    let outside = !home.is_inside(client, server);
    verdict.fact(
        "no server name in the hello",
        !channel.named,
        if outside { 1.7 } else { 0.9 },
        "browsers and libraries name the host they want (RFC 6066); inside, hosts are often reached by address",
    );
    verdict.fact(
        "certificate signs itself",
        channel.self_signed,
        if outside { 2.3 } else { 2.0 },
        "nobody vouches for it; the program must know it beforehand",
    );
    verdict.fact(
        "certificate comes without its issuer",
        channel.alone,
        1.0,
        "servers of public authorities send the chain (RFC 8446 §4.4.2)",
    );
    let hostless = channel.certificate && !names_a_host(&channel.subject);
    let local = channel.subject.contains("CN=localhost");
    verdict.fact(
        "certificate names no host, or one that nobody else can reach",
        hostless,
        if local { 1.5 } else { 1.0 },
        "a certificate for others names where they reach it; `localhost` is the server itself",
    );
    verdict.term(
        "validity, days",
        channel.days,
        DAYS_MAX,
        if channel.days > DAYS_MAX { 0.7 } else { 0.0 },
        "authorities give little more than a year; tools that make their own give ten or a thousand",
    );
    verdict.term(
        "port",
        f64::from(port),
        443.0,
        if TLS_PORTS.contains(&port) { 0.0 } else { 1.0 },
        "TLS on a port of its own is a private service",
    );
    verdict.fact(
        "address never asked for",
        home.is_unasked(client, server),
        1.0,
        "the host asks for names, but not for this one",
    );
    let mut times = channel.times.clone();
    let timed = rhythm(&mut times).filter(|found| found.contacts >= 6 && found.period >= 1.5);
    let jitter = timed.map_or(1.0, |found| found.jitter);
    let strict = ((0.35 - jitter) / 0.35).clamp(0.0, 1.0);
    let contacts = timed.map_or(0, |found| found.contacts);
    verdict.term(
        "jitter of the exchanges, share of the interval",
        jitter,
        0.35,
        strict * (1.5 + 0.5 * libm::log((contacts as f64 / 8.0).max(1.0)).min(2.0)),
        "a heartbeat keeps the channel; the more beats, the less it is chance",
    );
    let mut sizes = channel.sizes.clone();
    let size = median(&mut sizes);
    let alike = spread(&sizes, size) / size.max(1.0);
    verdict.term(
        "spread of the client's messages, share of the median",
        alike,
        0.1,
        if sizes.len() >= 8 && alike <= 0.1 && contacts >= 8 { 0.5 } else { 0.0 },
        "the same question again and again has the same size",
    );
    verdict.reversed(channel.asked, channel.bursts, channel.payload, 0.6);
    verdict.fact(
        "the server is ours",
        home.is_inside(client, server),
        -1.0,
        "inside, devices sign their own certificates",
    );
    verdict.term(
        "hosts that use this server and port",
        users as f64,
        3.0,
        if users >= 3 { -2.0 } else { 0.0 },
        "what many hosts do is more often a service they share",
    );
    verdict
}

impl TlsChannel {
    fn judge(&self, key: &Key, channel: &Channel, users: &Users, home: &Home, findings: &mut Findings) {
        let (client, server, port) = *key;
        let users = users.of((server, port));
        let verdict = weigh(key, channel, home, users);
        if verdict.score() < self.score_min {
            return;
        }
        let mut techniques = vec!["T1573.002"];
        techniques.extend((!TLS_PORTS.contains(&port)).then_some("T1571"));
        let signed = if channel.self_signed { ", which signs its own certificate" } else { "" };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} keeps an encrypted channel to {server} port {port}{signed}: {} connections, {} bytes out, {} bytes in",
                channel.flows.max(1),
                channel.payload[0],
                channel.payload[1]
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques,
            attackers: Vec::new(),
            victims: vec![client],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(client)],
            first: channel.first.unwrap_or_default(),
            last: channel.last,
            count: channel.flows.max(1),
            terms: verdict.terms(),
            evidence: vec![channel.packets.evidence("tls.cert_subject", &channel.subject)],
            against: vec!["Appliances, private clouds and peer-to-peer programs sign their own certificates, too.".into()],
        });
    }
}
