//! Kerberos abused: passwords sprayed, tickets collected to be cracked, logins with a stolen hash.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Event, EventKind, Finding, FlowId, Severity, Subject, Time, TransactionFact};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "kerberos",
    sees: "One host that asks for tickets of many users and is refused (spraying, user enumeration), collects tickets of many \
           services in the old RC4 encryption (Kerberoasting), gets answers for accounts without pre-authentication, or logs \
           in with RC4 where the domain has AES (a stolen hash).",
    matters: "Tickets are cracked at home, and one weak password among thousands is enough (T1110.003, T1558).",
    fooled_by: "One try per user and day; AES tickets asked for one by one. Very old domains have nothing but RC4.",
    cost: "One entry per client, at most 16,384, each with at most 256 names; constant time per message.",
    references: &[
        "ATT&CK T1110.003, T1558.003, T1558.004, T1550.002",
        "RFC 4120 §7.5, RFC 8429",
        "MS-KILE §3.1.5.2",
    ],
    hears: Hears {
        exchanges: &["krb5"],
        fields: &[
            "krb5.client",
            "krb5.proof",
            "krb5.reply_etype",
            "krb5.service",
            "krb5.ticket_etype",
            "krb5_err_code",
            "krb5_msg_type",
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
            name: "users_min",
            help: "Refused users of one client that make spraying.",
            unit: "count",
            range: (2.0, 10_000.0),
            default: 6.0,
        },
        Knob {
            name: "tickets_min",
            help: "Services with RC4 tickets that make Kerberoasting.",
            unit: "count",
            range: (1.0, 10_000.0),
            default: 3.0,
        },
    ],
    new: |knobs| {
        Box::new(Kerberos {
            score_min: knobs.get("score_min"),
            users_min: knobs.get("users_min"),
            tickets_min: knobs.get("tickets_min"),
            clients: Bounded::new(CLIENTS_MAX),
            flows: Bounded::new(FLOWS_MAX),
            weak: Bounded::new(SERVERS_MAX),
        })
    },
};

/// Clients remembered.
const CLIENTS_MAX: usize = 16_384;
/// Conversations whose last request is remembered.
const FLOWS_MAX: usize = 8_192;
/// Servers whose other clients of RC4 are remembered.
const SERVERS_MAX: usize = 1_024;
/// Names remembered per client.
const NAMES_MAX: usize = 256;
/// Clients from which on RC4 is the custom of a domain.
const CUSTOM_MIN: usize = 4;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;

/// Numbers of RFC 4120: messages, errors, encryptions, proofs.
mod number {
    pub(super) const AS_REQ: u64 = 10;
    pub(super) const AS_REP: u64 = 11;
    pub(super) const TGS_REP: u64 = 13;
    pub(super) const ERROR: u64 = 30;
    pub(super) const UNKNOWN_CLIENT: u64 = 6;
    pub(super) const REVOKED: u64 = 18;
    pub(super) const WRONG_PASSWORD: u64 = 24;
    pub(super) const RC4: [u64; 2] = [23, 24];
    pub(super) const AES: [u64; 4] = [17, 18, 19, 20];
    /// Time stamp, certificate (two drafts), challenge inside a tunnel.
    pub(super) const PROOFS: [u64; 5] = [2, 14, 16, 17, 138];
}

/// What a client did.
#[derive(Debug, Default)]
struct Client {
    server: Option<IpAddr>,
    refused_users: BTreeSet<String>,
    unknown: u64,
    wrong: u64,
    accepted: u64,
    weak_services: BTreeSet<String>,
    unproven: BTreeSet<String>,
    downgrades: BTreeSet<String>,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

/// The last request of a conversation.
#[derive(Debug, Default)]
struct Asked {
    user: String,
    proven: bool,
}

#[derive(Debug)]
struct Kerberos {
    score_min: f64,
    users_min: f64,
    tickets_min: f64,
    clients: Bounded<IpAddr, Client>,
    flows: Bounded<FlowId, Asked>,
    /// Clients that got RC4 from a server, a few of them.
    weak: Bounded<IpAddr, BTreeSet<IpAddr>>,
}

impl Detector for Kerberos {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        if let EventKind::Transaction(fact) = &event.kind
            && fact.protocol == "krb5"
        {
            self.message(fact);
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (address, client) in self.clients.sorted() {
            self.judge(*address, client, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted() + self.flows.evicted() + self.weak.evicted()
    }
}

fn put(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < NAMES_MAX && !names.contains(name) {
        names.insert(name.chars().take(80).collect());
    }
}

impl Kerberos {
    fn message(&mut self, fact: &TransactionFact) {
        let flow = fact.who.flow;
        match fact.number("krb5_msg_type") {
            Some(number::AS_REQ) => {
                let proofs = fact.fields.iter().filter(|(name, _)| *name == "krb5.proof");
                let proven = proofs.into_iter().any(
                    |(_, value)| matches!(value, model::Value::Number(kind) if number::PROOFS.contains(kind)),
                );
                let asked = self.flows.touch(&flow, Asked::default);
                *asked = Asked { user: fact.text("krb5.client").chars().take(80).collect(), proven };
            }
            Some(number::AS_REP) => self.login(fact),
            Some(number::TGS_REP) => self.ticket(fact),
            Some(number::ERROR) => self.refusal(fact),
            _ => {}
        }
    }

    fn client(&mut self, fact: &TransactionFact) -> &mut Client {
        let client = self.clients.touch(&fact.who.client, Client::default);
        client.server = Some(fact.who.server);
        client.first.get_or_insert(fact.time);
        client.last = client.last.max(fact.time);
        client.packets.add(fact.who.first_packet);
        client
    }

    fn got_weak(&mut self, fact: &TransactionFact) {
        let clients = self.weak.touch(&fact.who.server, BTreeSet::new);
        if clients.len() < CUSTOM_MIN {
            clients.insert(fact.who.client);
        }
    }

    fn refusal(&mut self, fact: &TransactionFact) {
        let code = fact.number("krb5_err_code");
        if !matches!(code, Some(number::UNKNOWN_CLIENT | number::WRONG_PASSWORD | number::REVOKED)) {
            return;
        }
        let user = self.flows.get(&fact.who.flow).map(|asked| asked.user.clone()).unwrap_or_default();
        let client = self.client(fact);
        client.unknown += u64::from(code == Some(number::UNKNOWN_CLIENT));
        client.wrong += u64::from(code != Some(number::UNKNOWN_CLIENT));
        if !user.is_empty() {
            put(&mut client.refused_users, &user);
        }
    }

    fn login(&mut self, fact: &TransactionFact) {
        let reply = fact.number("krb5.reply_etype").unwrap_or_default();
        let ticket = fact.number("krb5.ticket_etype").unwrap_or_default();
        let weak = number::RC4.contains(&reply);
        let unproven = self.flows.get(&fact.who.flow).is_some_and(|asked| !asked.proven);
        let user = fact.text("krb5.client").to_owned();
        let client = self.client(fact);
        client.accepted += 1;
        if weak && unproven {
            put(&mut client.unproven, &user);
        } else if weak && number::AES.contains(&ticket) {
            put(&mut client.downgrades, &user);
        }
        if weak {
            self.got_weak(fact);
        }
    }

    fn ticket(&mut self, fact: &TransactionFact) {
        if !fact.number("krb5.ticket_etype").is_some_and(|kind| number::RC4.contains(&kind)) {
            return;
        }
        let service = fact.text("krb5.service").to_owned();
        // The domain's own ticket is no service, and a machine's account has a long random password.
        if service.starts_with("krbtgt") {
            return;
        }
        put(&mut self.client(fact).weak_services, &service);
        self.got_weak(fact);
    }

    fn judge(&self, address: IpAddr, client: &Client, home: &Home, findings: &mut Findings) {
        let Some(server) = client.server else { return };
        let mut verdict = Verdict::new(PRIOR);
        let mut said: Vec<(f64, &'static str, String)> = Vec::new();
        self.weigh(client, &mut verdict, &mut said);
        let custom = self.weak.get(&server).map_or(0, BTreeSet::len) >= CUSTOM_MIN;
        let weak = !client.downgrades.is_empty() || !client.weak_services.is_empty();
        verdict.fact(
            "RC4 is the custom of this domain",
            custom && weak,
            -3.0,
            "many clients get it: an old domain rather than an attack on a new one",
        );
        said.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((_, _, lead)) = said.first() else { return };
        if verdict.score() < self.score_min {
            return;
        }
        let ours = home.has(address);
        let names = client.weak_services.iter().chain(&client.refused_users).chain(&client.downgrades);
        let excerpt = names.chain(&client.unproven).take(8).cloned().collect::<Vec<_>>().join(", ");
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{address} {lead} at {server}"),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: said.iter().map(|(_, technique, _)| *technique).collect(),
            attackers: vec![address],
            victims: vec![server],
            server: (!ours).then(|| (address, String::new())),
            subjects: vec![Subject::Host(address), Subject::Host(server)],
            first: client.first.unwrap_or_default(),
            last: client.last,
            count: client.unknown + client.wrong + client.accepted + client.weak_services.len() as u64,
            terms: verdict.terms(),
            evidence: vec![client.packets.evidence("krb5.client", &excerpt)],
            against: vec![
                "A terminal server with many users, or a service with an old keytab, looks alike in part."
                    .into(),
            ],
        });
    }

    fn weigh(&self, client: &Client, verdict: &mut Verdict, said: &mut Vec<(f64, &'static str, String)>) {
        let refused = (client.unknown + client.wrong) as f64;
        let share = refused / (refused + client.accepted as f64).max(1.0);
        let users = client.refused_users.len() as f64;
        let mut add =
            |name, value: f64, threshold: f64, weight: f64, technique, words: String, meaning: &str| {
                let weight = if value >= threshold { weight } else { 0.0 };
                verdict.term(name, value, threshold, weight, meaning);
                if weight > 0.0 {
                    said.push((weight, technique, words));
                }
            };
        let sprayed =
            if share >= 0.5 { 4.6 + libm::log(users.max(1.0) / self.users_min).clamp(0.0, 2.0) } else { 0.0 };
        add(
            "users who were refused",
            users,
            self.users_min,
            sprayed,
            "T1110.003",
            format!("tries {users:.0} user names and is refused {refused:.0} times"),
            "a host belongs to one or two people; most of the tries failed",
        );
        let wrong = client.wrong as f64;
        add(
            "wrong passwords",
            wrong,
            12.0,
            4.2,
            "T1110.001",
            format!("is refused for wrong passwords {wrong:.0} times"),
            "a person stops after a few; an old keytab goes on at a steady pace",
        );
        let services = client.weak_services.len() as f64;
        add(
            "services with RC4 tickets",
            services,
            self.tickets_min,
            4.6,
            "T1558.003",
            format!("collects RC4 tickets of {services:.0} services"),
            "RC4 tickets are cracked a thousand times faster than AES ones",
        );
        let unproven = client.unproven.len() as f64;
        add(
            "logins without pre-authentication in RC4",
            unproven,
            1.0,
            4.3,
            "T1558.004",
            format!("gets answers for {unproven:.0} accounts without pre-authentication"),
            "whoever asks gets something to crack",
        );
        let downgrades = client.downgrades.len() as f64;
        add(
            "logins in RC4 where the domain has AES",
            downgrades,
            1.0,
            4.3,
            "T1550.002",
            format!("logs in {downgrades:.0} accounts with RC4 although the domain has AES"),
            "the hash of a password is the key of RC4: stolen hashes are used so; hosts before Windows Vista as well",
        );
    }
}
