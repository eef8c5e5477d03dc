//! Questions about a domain: accounts, groups, sessions, shares and services, asked by one host in numbers.

mod directory;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Event, EventKind, Finding, Severity, Subject, Time, TransactionFact};

use crate::deeds;
use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use directory::{QUESTIONS, Question};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "discovery",
    sees: "One host that asks for accounts, groups and their members, for sessions or shares of many hosts, for who is logged \
           on, for every remote procedure, or searches the directory as collectors of attack paths do.",
    matters: "Before the next step an intruder looks who may do what (T1087, T1069, T1049, T1135, T1033).",
    fooled_by: "LDAP in encryption, and one question a day. Inventory programs ask the same questions.",
    cost: "One entry per asking host, at most 16,384, each with at most 64 hosts of each kind; constant time per question.",
    references: &[
        "ATT&CK T1087.002, T1069.002, T1049, T1135, T1033, T1046, T1482, T1558.003, T1558.004",
        "MS-SAMR, MS-SRVS, MS-WKST, MS-RRP, C706 appendix O, RFC 4515",
    ],
    hears: Hears {
        exchanges: &["smb", "dcerpc", "ldap"],
        fields: &[
            "dcerpc.interface",
            "dcerpc.operation",
            "ldap.request.attribute_type",
            "ldap.request.filter",
        ],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
        Knob {
            name: "hosts_min",
            help: "Hosts asked for sessions, or twice as many asked for shares, that count in full.",
            unit: "count",
            range: (2.0, 1_000.0),
            default: 5.0,
        },
    ],
    new: |knobs| {
        Box::new(Discovery {
            score_min: knobs.get("score_min"),
            hosts_min: knobs.get("hosts_min"),
            askers: Bounded::new(ASKERS_MAX),
        })
    },
};

/// Asking hosts remembered.
const ASKERS_MAX: usize = 16_384;
/// Hosts of each kind remembered per asking host.
const HOSTS_MAX: usize = 64;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.5;
/// Operations of the account manager that enumerate or look into accounts and groups.
const ACCOUNT_QUESTIONS: [u64; 20] =
    [8, 11, 13, 15, 16, 17, 18, 20, 25, 28, 33, 34, 36, 39, 40, 46, 47, 48, 49, 51];

/// What one host asked.
#[derive(Debug, Default)]
struct Asker {
    /// Operations of the account manager, by what they ask.
    accounts: BTreeSet<u64>,
    sessions: BTreeSet<IpAddr>,
    shares: BTreeSet<IpAddr>,
    /// The users' part of the registry was opened; keys of the registry that were listed; owners of identifiers looked up.
    users_opened: bool,
    keys: u64,
    owners: u64,
    /// Lookups of the endpoint mapper: all services, one by one.
    lookups: u64,
    /// Questions to the directory.
    questions: [u32; QUESTIONS.len()],
    asked: BTreeSet<IpAddr>,
    first: Option<Time>,
    last: Time,
    packets: Packets,
    filter: String,
}

#[derive(Debug)]
struct Discovery {
    score_min: f64,
    hosts_min: f64,
    askers: Bounded<IpAddr, Asker>,
}

impl Detector for Discovery {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        match fact.protocol {
            "smb" | "dcerpc" => self.call(fact),
            "ldap" => self.search(fact),
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (address, asker) in self.askers.sorted() {
            self.judge(*address, asker, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.askers.evicted()
    }
}

fn put(hosts: &mut BTreeSet<IpAddr>, host: IpAddr) {
    if hosts.len() < HOSTS_MAX {
        hosts.insert(host);
    }
}

impl Discovery {
    fn asker(&mut self, fact: &TransactionFact) -> &mut Asker {
        let asker = self.askers.touch(&fact.who.client, Asker::default);
        asker.first.get_or_insert(fact.time);
        asker.last = asker.last.max(fact.time);
        asker.packets.add(fact.who.first_packet);
        put(&mut asker.asked, fact.who.server);
        asker
    }

    fn call(&mut self, fact: &TransactionFact) {
        let Some((service, operation)) = deeds::call(fact) else { return };
        let server = fact.who.server;
        match (service, operation) {
            ("samr", _) if ACCOUNT_QUESTIONS.contains(&operation) => {
                self.asker(fact).accounts.insert(operation);
            }
            ("srvsvc", 12) | ("wkssvc", 2) => put(&mut self.asker(fact).sessions, server),
            ("srvsvc", 15 | 16) => put(&mut self.asker(fact).shares, server),
            ("winreg", 4) => self.asker(fact).users_opened = true,
            ("winreg", 9) => self.asker(fact).keys += 1,
            ("lsarpc", 15 | 57 | 76) => self.asker(fact).owners += 1,
            ("epmapper", 2) => self.asker(fact).lookups += 1,
            _ => {}
        }
    }

    fn search(&mut self, fact: &TransactionFact) {
        let filter = fact.text("ldap.request.filter");
        if filter.is_empty() {
            return;
        }
        let filter = filter.to_ascii_lowercase();
        let attributes = || fact.texts("ldap.request.attribute_type");
        let asked: Vec<usize> =
            (0..QUESTIONS.len()).filter(|at| QUESTIONS[*at].is_asked(&filter, attributes())).collect();
        if asked.is_empty() {
            return;
        }
        let asker = self.asker(fact);
        for at in asked {
            asker.questions[at] = asker.questions[at].saturating_add(1);
        }
        if asker.filter.is_empty() {
            asker.filter = filter.chars().take(120).collect();
        }
    }

    fn judge(&self, address: IpAddr, asker: &Asker, home: &Home, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let mut techniques = Vec::new();
        let what = self.weigh(asker, &mut verdict, &mut techniques);
        if verdict.score() < self.score_min || what.is_empty() {
            return;
        }
        let ours = home.has(address);
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{address} explores the domain: {}", what.join(", ")),
            severity: verdict.severity(Severity::Medium),
            confidence: verdict.confidence(),
            techniques,
            attackers: vec![address],
            victims: asker.asked.iter().take(HOSTS_MAX).copied().collect(),
            server: (!ours).then(|| (address, String::new())),
            subjects: vec![Subject::Host(address)],
            first: asker.first.unwrap_or_default(),
            last: asker.last,
            count: asker.accounts.len() as u64 + asker.lookups,
            terms: verdict.terms(),
            evidence: vec![asker.packets.evidence("dcerpc.operation", &asker.filter)],
            against: vec![
                "Inventory, monitoring and administrators ask the same; the operator knows their hosts."
                    .into(),
            ],
        });
    }

    /// Adds the terms; says in words what was asked.
    fn weigh(
        &self,
        asker: &Asker,
        verdict: &mut Verdict,
        techniques: &mut Vec<&'static str>,
    ) -> Vec<&'static str> {
        let mut what = Vec::new();
        let kinds = asker.accounts.len() as f64;
        let sessions = asker.sessions.len() as f64;
        let shares = asker.shares.len() as f64;
        let lookups = asker.lookups as f64;
        let reach = |hosts: f64, full: f64, weight: f64| {
            if hosts >= 2.0 { weight * (hosts / full).min(1.0) } else { 0.0 }
        };
        let opened = asker.users_opened && asker.keys > 0;
        let users = if opened || (asker.keys >= 5 && asker.owners > 0) { 4.8 } else { 0.0 };
        let mut add = |name, value, threshold, weight: f64, technique, words, meaning: &str| {
            verdict.term(name, value, threshold, weight, meaning);
            if weight > 0.0 {
                techniques.push(technique);
                what.push(words);
            }
        };
        add(
            "kinds of questions about accounts and groups",
            kinds,
            2.0,
            (1.2 * (kinds - 2.0)).clamp(0.0, 5.0),
            "T1087.002",
            "accounts and groups",
            "a login asks one or two; a tool that lists the domain asks many",
        );
        add(
            "hosts asked who has a session",
            sessions,
            self.hosts_min,
            reach(sessions, self.hosts_min, 5.0),
            "T1049",
            "sessions",
            "who is logged in where is what attack paths are made of",
        );
        add(
            "hosts asked for their shares",
            shares,
            2.0 * self.hosts_min,
            reach(shares, 2.0 * self.hosts_min, 5.0),
            "T1135",
            "shares",
            "a person opens the shares of one server",
        );
        add(
            "keys of the registry listed, with the users they belong to",
            asker.keys as f64,
            1.0,
            users,
            "T1033",
            "users logged on",
            "the registry keeps one branch per user who is logged on",
        );
        add(
            "services listed one by one",
            lookups,
            20.0,
            if lookups >= 20.0 { 4.8 } else { 0.0 },
            "T1046",
            "remote procedures",
            "a program asks for the service it needs; a scanner lists all",
        );
        for (question, count) in QUESTIONS.iter().zip(asker.questions) {
            let Question { name, weight, technique, words, meaning, .. } = question;
            if count > 0 {
                add(name, f64::from(count), 1.0, *weight, *technique, *words, meaning);
            }
        }
        techniques.dedup();
        what.dedup();
        what
    }
}
