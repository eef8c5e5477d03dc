//! Disguises: a program that says it is a browser, and does not speak like one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{
    Confidence, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time, TransactionFact,
};

use crate::dga::model::shipped;
use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "disguise",
    sees: "A TLS client fingerprint without what every browser of today sends, towards a server that the same host addresses with a \
           browser's user agent; a fingerprint that one host uses for one server only; a user agent that no browser has.",
    matters: "Implants borrow the name of a browser, but their own TLS library and their own habits speak through it (T1036, T1001.003).",
    fooled_by: "Implants that drive the system's own browser or imitate its handshake to the letter. Old devices and scripts look alike.",
    cost: "One entry per (host, server), one per (host, fingerprint) with at most 16 servers; constant time per handshake.",
    references: &[
        "ATT&CK T1036",
        "ATT&CK T1001.003",
        "FoxIO, JA4 TLS client fingerprint, 2023",
        "Anderson and McGrew, TLS Beyond the Browser, IMC 2019",
    ],
    hears: Hears {
        exchanges: &["tls", "http"],
        fields: &["ja3.hash", "ja4.hash", "tls.sni", "http.user_agent"],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which a program is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| {
        Box::new(Disguise {
            score_min: knobs.get("score_min"),
            pairs: Bounded::new(PAIRS_MAX),
            prints: Bounded::new(PRINTS_MAX),
            hosts: BTreeMap::new(),
        })
    },
};

/// (host, server) pairs remembered.
const PAIRS_MAX: usize = 16_384;
/// (host, fingerprint) pairs remembered.
const PRINTS_MAX: usize = 16_384;
/// Hosts whose handshakes are counted.
const HOSTS_MAX: usize = 16_384;
/// Servers told apart per fingerprint, and hosts per fingerprint.
const SERVERS_MAX: usize = 16;
/// Sum of evidence that is taken for granted before anything speaks.
const OFFSET: f64 = 2.5;

#[derive(Debug)]
struct Disguise {
    score_min: f64,
    pairs: Bounded<(IpAddr, IpAddr), Pair>,
    prints: Bounded<(IpAddr, String), Vec<IpAddr>>,
    /// Handshakes by host.
    hosts: BTreeMap<IpAddr, u64>,
}

/// What a host said to a server.
#[derive(Debug, Default)]
struct Pair {
    agent: String,
    /// JA4 (or JA3 where there is no JA4), and whether it asked for a name.
    print: String,
    ja4: String,
    named: bool,
    port: u16,
    handshakes: u64,
    requests: u64,
    first: Option<Time>,
    last: Time,
    packets: Vec<PacketId>,
}

impl Detector for Disguise {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        match fact.protocol {
            "tls" => self.handshake(fact),
            "http" => self.request(fact),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let mut users: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, print), _) in self.prints.sorted() {
            *users.entry(print).or_default() += 1;
        }
        for ((client, server), pair) in self.pairs.sorted() {
            let hosts = users.get(pair.print.as_str()).copied().unwrap_or(0);
            self.judge(*client, *server, pair, hosts, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted() + self.prints.evicted()
    }
}

impl Disguise {
    fn handshake(&mut self, fact: &TransactionFact) {
        let (ja3, ja4) = (fact.text("ja3.hash"), fact.text("ja4.hash"));
        let print = if ja4.is_empty() { ja3 } else { ja4 };
        if print.is_empty() {
            return;
        }
        let (client, server) = (fact.who.client, fact.who.server);
        if self.hosts.len() < HOSTS_MAX || self.hosts.contains_key(&client) {
            *self.hosts.entry(client).or_default() += 1;
        }
        let servers = self.prints.touch(&(client, print.to_owned()), Vec::new);
        if servers.len() < SERVERS_MAX && !servers.contains(&server) {
            servers.push(server);
        }
        let pair = self.pairs.touch(&(client, server), Pair::default);
        pair.handshakes += 1;
        if pair.print.is_empty() {
            pair.print = print.to_owned();
            pair.ja4 = ja4.to_owned();
        }
        pair.named |= !fact.text("tls.sni").is_empty();
        pair.take(fact);
    }

    fn request(&mut self, fact: &TransactionFact) {
        let agent = fact.text("http.user_agent");
        if agent.is_empty() {
            return;
        }
        let pair = self.pairs.touch(&(fact.who.client, fact.who.server), Pair::default);
        pair.requests += 1;
        if pair.agent.is_empty() {
            pair.agent = agent.chars().take(200).collect();
        }
        pair.take(fact);
    }

    fn judge(
        &self,
        client: IpAddr,
        server: IpAddr,
        pair: &Pair,
        users: u64,
        home: &Home,
        findings: &mut Findings,
    ) {
        let handshakes = self.hosts.get(&client).copied().unwrap_or(0);
        let reach = self.prints.get(&(client, pair.print.clone())).map_or(0, Vec::len);
        let missing = lacks(&pair.ja4);
        let claim = is_browser(&pair.agent);
        let misfit = claim && !pair.ja4.is_empty() && missing.len() >= 2;
        let lonely = pair.handshakes >= 2 && reach == 1 && users == 1 && handshakes >= pair.handshakes + 5;
        let strange = odd_agent(&pair.agent);
        if !misfit && !lonely && strange.is_none() {
            return;
        }
        let term = |name, value, threshold, weight, meaning: &str| Term {
            name,
            value,
            threshold,
            weight,
            meaning: meaning.into(),
        };
        let bare = pair.handshakes > 0 && !pair.named;
        let terms = vec![
            term(
                "a browser's user agent with a handshake that no browser makes",
                f64::from(misfit),
                1.0,
                if misfit { 2.8 } else { 0.0 },
                "browsers name the server, offer HTTP/2, TLS 1.3 and many extensions",
            ),
            term(
                "servers that the host uses this fingerprint for",
                reach as f64,
                1.0,
                if lonely { 1.2 } else { 0.0 },
                "a browser's fingerprint goes to many servers, an implant's to one",
            ),
            term(
                "what browsers send and this client does not",
                missing.len() as f64,
                2.0,
                if lonely { 0.4 * missing.len() as f64 } else { 0.0 },
                "read from the parts of JA4",
            ),
            term(
                "no server name asked for",
                f64::from(bare),
                1.0,
                if bare && lonely { 0.6 } else { 0.0 },
                "browsers and updates always say whom they want",
            ),
            term(
                "a user agent that no program has",
                f64::from(strange.is_some()),
                1.0,
                if strange.is_some() { 2.4 } else { 0.0 },
                strange.unwrap_or("none"),
            ),
            term(
                "the server is ours",
                f64::from(home.has(server)),
                1.0,
                if home.has(server) { -0.7 } else { 0.0 },
                "inside, scripts and devices talk to each other",
            ),
        ];
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - OFFSET;
        if score < self.score_min {
            return;
        }
        let what = if misfit {
            format!(
                "claims to be a browser towards {server} but shakes hands like none ({})",
                missing.join(", ")
            )
        } else if let Some(strange) = strange {
            format!(
                "calls itself `{}` towards {server}: {strange}",
                pair.agent.chars().take(60).collect::<String>()
            )
        } else {
            format!("has a TLS client that speaks to {server} alone ({})", pair.print)
        };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{client} {what}"),
            severity: Severity::Low,
            confidence: Confidence((probability(score) * 1000.0) as u16),
            techniques: vec!["T1071.001", "T1036"],
            attackers: Vec::new(),
            victims: vec![client],
            server: Some((server, String::new())),
            subjects: vec![Subject::Host(client)],
            first: pair.first.unwrap_or_default(),
            last: pair.last,
            count: pair.handshakes + pair.requests,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: pair.packets.clone(),
                field: if pair.handshakes > 0 { "ja4.hash" } else { "http.user_agent" },
                excerpt: if pair.handshakes > 0 {
                    pair.print.clone()
                } else {
                    pair.agent.chars().take(120).collect()
                },
            }],
            against: vec!["Old devices, scripts and virus scanners that look into TLS do the same.".into()],
        });
    }
}

impl Pair {
    fn take(&mut self, fact: &TransactionFact) {
        self.first.get_or_insert(fact.time);
        self.last = self.last.max(fact.time);
        self.port = fact.who.server_port;
        if self.packets.len() < Evidence::PACKETS && self.packets.last() != Some(&fact.who.first_packet) {
            self.packets.push(fact.who.first_packet);
        }
    }
}

/// What every browser of today sends and a JA4 shows as missing: `t13d1516h2_…` is transport, version, `d` for a name, two digits of
/// cipher count, two of extension count, and the first and last letter of the first ALPN value.
fn lacks(ja4: &str) -> Vec<&'static str> {
    let bytes = ja4.as_bytes();
    if bytes.len() < 10 || bytes[0] != b't' {
        return Vec::new();
    }
    let mut missing = Vec::new();
    if &bytes[1..3] < b"13".as_slice() || bytes[1] == b's' {
        missing.push("no TLS 1.3");
    }
    if bytes[3] != b'd' {
        missing.push("no server name");
    }
    if &bytes[6..8] < b"09".as_slice() {
        missing.push("few extensions");
    }
    if &bytes[8..10] != b"h2" {
        missing.push("no HTTP/2");
    }
    missing
}

/// Whether a user agent claims to be a browser of the time of TLS 1.3.
fn is_browser(agent: &str) -> bool {
    let version = |mark: &str| {
        let (_, rest) = agent.split_once(mark)?;
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<u32>().ok()
    };
    agent.starts_with("Mozilla/5.0 (")
        && (version("Chrome/").is_some_and(|version| version >= 70)
            || version("Firefox/").is_some_and(|version| version >= 63))
}

/// Why no program has such a user agent; `None` when one may.
fn odd_agent(agent: &str) -> Option<&'static str> {
    if agent.is_empty() {
        return None;
    }
    let word = agent.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if word && agent.len() >= 12 && shipped().score(agent).0 >= 4.0 {
        return Some("letters without sense");
    }
    // Since 1994 a comment in brackets follows the product (RFC 9110 §10.1.5); who invents one forgets its form.
    if let Some(rest) = agent.strip_prefix("Mozilla/") {
        let digits = rest.split(' ').next().unwrap_or_default();
        if !matches!(digits, "3.0" | "4.0" | "5.0")
            && digits.starts_with(|letter: char| letter.is_ascii_digit())
        {
            return Some("a version of Mozilla that no browser carries since the 1990s");
        }
        if rest.matches('(').count() != rest.matches(')').count() {
            return Some("brackets that do not close");
        }
    }
    None
}
