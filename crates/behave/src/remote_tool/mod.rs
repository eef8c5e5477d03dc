//! Tools that open a way in or hide a way out: remote administration, tunnels as a service, proxies and Tor.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Event, EventKind, Finding, Severity, Subject, Time, TransactionFact};

use crate::domain::is_below;
use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "remote_tool",
    sees: "Names of remote administration services and of tunnels for hire, certificates as Tor relays show them, names below \
           `.onion`, and SOCKS or CONNECT to proxies outside.",
    matters: "Intruders use what administrators use, and leave through what hides them (T1219, T1090, T1572).",
    fooled_by: "A service of one's own under another name. A company's own tool is no news: what many hosts use weighs little.",
    cost: "One entry per (host, tool), at most 16,384; a list of names is looked through per handshake.",
    references: &[
        "ATT&CK T1219, T1090.002, T1090.003, T1572",
        "RFC 1928, RFC 9110 §9.3.6, RFC 7686",
        "Tor protocol specification, tor-spec §2",
    ],
    hears: Hears {
        exchanges: &["tls", "quic", "dns", "http", "socks"],
        fields: &[
            "tls.sni",
            "tls.cert_issuer",
            "tls.cert_subject",
            "dns.queries.rrname",
            "http.host",
            "http.method",
        ],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| {
        Box::new(RemoteTool {
            score_min: knobs.get("score_min"),
            uses: Bounded::new(USES_MAX),
            users: Bounded::new(TOOLS_MAX),
        })
    },
};

/// Uses remembered.
const USES_MAX: usize = 16_384;
/// Tools whose users are counted.
const TOOLS_MAX: usize = 256;
/// Users of a tool that are counted.
const USERS_MAX: usize = 16;
/// Users from which on a tool is the company's own.
const CUSTOM_MIN: usize = 3;
/// Log-odds before anything was seen.
const PRIOR: f64 = -1.0;

/// A tool by the names of its servers.
struct Tool {
    name: &'static str,
    /// Domains, with all below them.
    domains: &'static [&'static str],
    technique: &'static str,
    weight: f64,
}

const TOOLS: [Tool; 4] = [
    Tool {
        name: "remote administration",
        domains: &[
            "anydesk.com",
            "teamviewer.com",
            "screenconnect.com",
            "connectwise.com",
            "logmein.com",
            "logmeinrescue.com",
            "gotoassist.com",
            "splashtop.com",
            "rustdesk.com",
            "ultraviewer.net",
            "ammyy.com",
            "dwservice.net",
            "remoteutilities.com",
            "supremocontrol.com",
            "atera.com",
            "zohoassist.com",
            "getscreen.me",
            "hoptodesk.com",
            "simple-help.com",
            "remotepc.com",
            "netsupportsoftware.com",
            "action1.com",
            "tacticalrmm.com",
        ],
        technique: "T1219",
        weight: 1.4,
    },
    Tool {
        name: "a tunnel for hire",
        domains: &[
            "ngrok.io",
            "ngrok.com",
            "ngrok.app",
            "ngrok-free.app",
            "trycloudflare.com",
            "argotunnel.com",
            "serveo.net",
            "localhost.run",
            "localtunnel.me",
            "loca.lt",
            "portmap.io",
            "playit.gg",
            "pinggy.io",
            "bore.pub",
            "pagekite.me",
        ],
        technique: "T1572",
        weight: 2.0,
    },
    Tool {
        name: "a gateway to Tor",
        domains: &[
            "onion",
            "onion.to",
            "onion.ws",
            "onion.ly",
            "onion.pet",
            "onion.link",
            "onion.city",
            "tor2web.org",
            "tor2web.io",
        ],
        technique: "T1090.003",
        weight: 2.0,
    },
    Tool { name: "the Tor project", domains: &["torproject.org"], technique: "T1090.003", weight: 1.2 },
];

const RELAY: &str = "a relay of Tor";
const PROXY: &str = "a proxy outside";

#[derive(Debug)]
struct RemoteTool {
    score_min: f64,
    uses: Bounded<(IpAddr, &'static str), Use>,
    users: Bounded<&'static str, BTreeSet<IpAddr>>,
}

/// One host's use of one tool.
#[derive(Debug)]
struct Use {
    server: Option<IpAddr>,
    name: String,
    technique: &'static str,
    weight: f64,
    count: u64,
    first: Time,
    last: Time,
    packets: Packets,
}

impl Detector for RemoteTool {
    fn event(&mut self, event: &Event, home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        match fact.protocol {
            "tls" | "quic" => self.handshake(fact, home),
            "dns" => self.named(fact, fact.text("dns.queries.rrname"), None),
            "http" => {
                self.named(fact, fact.text("http.host"), Some(fact.who.server));
                if fact.text("http.method") == "CONNECT" {
                    self.proxy(fact, home);
                }
            }
            "socks" => self.proxy(fact, home),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((host, tool), used) in self.uses.sorted() {
            self.judge(*host, tool, used, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.uses.evicted()
    }
}

impl RemoteTool {
    fn handshake(&mut self, fact: &TransactionFact, home: &Home) {
        self.named(fact, fact.text("tls.sni"), Some(fact.who.server));
        if home.leaves(fact.who.client, fact.who.server)
            && is_relay(fact.text("tls.cert_subject"), fact.text("tls.cert_issuer"))
        {
            let subject = fact.text("tls.cert_subject").to_owned();
            self.note(fact, RELAY, "T1090.003", 3.0, &subject, Some(fact.who.server));
        }
    }

    fn proxy(&mut self, fact: &TransactionFact, home: &Home) {
        if home.leaves(fact.who.client, fact.who.server) {
            self.note(fact, PROXY, "T1090.002", 1.6, "", Some(fact.who.server));
        }
    }

    fn named(&mut self, fact: &TransactionFact, name: &str, server: Option<IpAddr>) {
        let name = name.trim_end_matches('.');
        let tool = TOOLS.iter().find(|tool| tool.domains.iter().any(|domain| is_below(name, domain)));
        if let Some(tool) = tool {
            self.note(fact, tool.name, tool.technique, tool.weight, name, server);
        }
    }

    fn note(
        &mut self,
        fact: &TransactionFact,
        tool: &'static str,
        technique: &'static str,
        weight: f64,
        name: &str,
        server: Option<IpAddr>,
    ) {
        let used = self.uses.touch(&(fact.who.client, tool), || Use {
            server: None,
            name: name.chars().take(80).collect(),
            technique,
            weight,
            count: 0,
            first: fact.time,
            last: fact.time,
            packets: Packets::default(),
        });
        used.count += 1;
        used.server = used.server.or(server);
        used.last = used.last.max(fact.time);
        used.packets.add(fact.who.first_packet);
        let users = self.users.touch(&tool, BTreeSet::new);
        if users.len() < USERS_MAX {
            users.insert(fact.who.client);
        }
    }

    fn judge(&self, host: IpAddr, tool: &'static str, used: &Use, home: &Home, findings: &mut Findings) {
        let users = self.users.get(&tool).map_or(1, BTreeSet::len);
        let mut verdict = Verdict::new(PRIOR);
        verdict.term(
            "uses of a tool that intruders use, too",
            used.count as f64,
            1.0,
            used.weight,
            "known by the names and handshakes of its servers",
        );
        verdict.term(
            "hosts that use it",
            users as f64,
            CUSTOM_MIN as f64,
            if users >= CUSTOM_MIN { -2.0 } else { 0.0 },
            "what many hosts use is the company's own",
        );
        if verdict.score() < self.score_min || !home.has(host) {
            return;
        }
        let name = if used.name.is_empty() { String::new() } else { format!(" ({})", used.name) };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{host} uses {tool}{name}"),
            severity: Severity::Low,
            confidence: verdict.confidence(),
            techniques: vec![used.technique],
            attackers: Vec::new(),
            victims: vec![host],
            server: used.server.map(|server| (server, String::new())),
            subjects: vec![Subject::Host(host)],
            first: used.first,
            last: used.last,
            count: used.count,
            terms: verdict.terms(),
            evidence: vec![used.packets.evidence("tls.sni", &used.name)],
            against: vec!["The help desk uses such tools; ask it whether this host was helped then.".into()],
        });
    }
}

/// Certificates of Tor relays: nothing but a name on both sides, random letters each, and not the same.
fn is_relay(subject: &str, issuer: &str) -> bool {
    let random = |name: &str| {
        let label = name
            .strip_prefix("CN=www.")
            .and_then(|rest| rest.rsplit_once('.'))
            .map(|(label, end)| (label.to_owned(), end.to_owned()));
        label.filter(|(label, end)| {
            (8..=20).contains(&label.len())
                && matches!(end.as_str(), "com" | "net")
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
        })
    };
    subject != issuer
        && random(subject).is_some_and(|(_, end)| end == "net")
        && random(issuer).is_some_and(|(_, end)| end == "com")
}
