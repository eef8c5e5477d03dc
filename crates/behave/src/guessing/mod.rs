//! Password guessing: many short, alike sessions to a service that asks for a password, or many refusals inside few.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Confidence, Event, EventKind, Evidence, Finding, FlowFact, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};

use crate::statistic::{median, probability, spread};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "guessing",
    sees: "Refused logins (FTP, HTTP, mail, SMB, LDAP, VNC, MQTT, databases), many posts to a page where people log in, and \
           where logins are encrypted (SSH, RDP) many short sessions of one size.",
    matters: "Guessed passwords are how SamSam and most botnets get in (T1110.001, T1110.003).",
    fooled_by: "One guess an hour from many addresses. Backup scripts with a wrong password look alike.",
    cost: "One entry per (client, server, port) with at most 512 sessions.",
    references: &[
        "ATT&CK T1110",
        "Javed and Paxson, Detecting Stealthy, Distributed SSH Brute-Forcing, CCS 2013",
    ],
    hears: Hears {
        flows: true,
        exchanges: &[
            "ftp", "http", "http2", "smtp", "pop3", "imap", "smb", "mysql", "pgsql", "ldap", "rfb", "redis",
            "mqtt",
        ],
        fields: &[
            "ftp.command",
            "ftp.command_data",
            "ftp.completion_code",
            "http.auth_user",
            "http.method",
            "http.stat_code",
            "http.uri",
            "imap.command",
            "imap.status",
            "imap.user",
            "ldap.request.dn",
            "ldap.responses.result_code",
            "mqtt.reason_code",
            "mysql.error_code",
            "mysql.user",
            "pgsql.error",
            "pgsql.user",
            "pop3.command",
            "pop3.status",
            "redis.error",
            "rfb.secresult",
            "smb.command_name",
            "smb.ntlmssp_user",
            "smb.status_code",
            "smtp.authenticated",
            "smtp.refused_logins",
        ],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "refusals_min",
            help: "Refused logins.",
            unit: "count",
            range: (2.0, 10_000.0),
            default: 8.0,
        },
        Knob {
            name: "forms_min",
            help: "Posts to pages where people log in.",
            unit: "count",
            range: (3.0, 100_000.0),
            default: 30.0,
        },
        Knob {
            name: "sessions_min",
            help: "Short alike sessions, where logins are encrypted.",
            unit: "count",
            range: (3.0, 10_000.0),
            default: 8.0,
        },
    ],
    new: |knobs| {
        Box::new(Guessing {
            refusals_min: knobs.get("refusals_min"),
            forms_min: knobs.get("forms_min"),
            sessions_min: knobs.get("sessions_min"),
            doors: Bounded::new(DOORS_MAX),
        })
    },
};

/// (client, server, port) remembered.
const DOORS_MAX: usize = 65_536;
/// Sessions remembered per door.
const SESSIONS_MAX: usize = 512;
/// User names remembered per door, and letters of each.
const USERS_MAX: usize = 8;
const USER_CHARS_MAX: usize = 64;
/// Longest session that is a guess, in seconds.
const SESSION_SECS_MAX: f64 = 90.0;
/// Most payload bytes that a session of guesses has from the client.
const SESSION_BYTES_MAX: u64 = 12_000;

#[derive(Debug)]
struct Guessing {
    refusals_min: f64,
    forms_min: f64,
    sessions_min: f64,
    doors: Bounded<(IpAddr, IpAddr, u16), Door>,
}

#[derive(Debug, Default)]
struct Door {
    protocol: &'static str,
    /// Began, payload bytes from the client.
    sessions: Vec<(Time, u64)>,
    refusals: u64,
    /// What was sent to pages where people log in.
    forms: u64,
    accepted: u64,
    users: Vec<String>,
    packets: Vec<PacketId>,
    first: Option<Time>,
    last: Time,
}

impl Detector for Guessing {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Flow(flow) => self.session(flow),
            EventKind::Transaction(fact) => self.login(fact),
            EventKind::File(_) | EventKind::Alert(_) | EventKind::Oddity(_) => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((client, server, port), door) in self.doors.sorted() {
            self.judge(*client, *server, *port, door, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.doors.evicted()
    }
}

/// What became of a login.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Logins that were refused.
    refused: u64,
    accepted: bool,
    /// Something was sent to a page where people log in; the page itself says whether it was taken.
    forms: bool,
}

/// How each service says that a name and a password do not fit.
fn outcome(fact: &TransactionFact) -> Outcome {
    let number = |field: &str| fact.number(field).or_else(|| fact.text(field).parse().ok());
    let told = |refused: bool, accepted: bool| Outcome { refused: refused.into(), accepted, forms: false };
    let codes = |field, code| fact.texts(field).any(|text| text == code);
    match fact.protocol {
        "ftp" => told(codes("ftp.completion_code", "530"), codes("ftp.completion_code", "230")),
        "http" | "http2" => {
            Outcome { forms: is_form(fact), ..told(number("http.stat_code") == Some(401), false) }
        }
        "smtp" => Outcome {
            refused: number("smtp.refused_logins").unwrap_or(0),
            ..told(false, number("smtp.authenticated").is_some())
        },
        "pop3" => {
            let pass = fact.text("pop3.command") == "PASS";
            told(pass && fact.text("pop3.status") == "ERR", pass && fact.text("pop3.status") == "OK")
        }
        "imap" => {
            let login = matches!(fact.text("imap.command"), "LOGIN" | "AUTHENTICATE");
            told(login && fact.text("imap.status") == "NO", login && fact.text("imap.status") == "OK")
        }
        "smb" => {
            let setup = fact.text("smb.command_name").to_ascii_lowercase().contains("session_setup");
            let status = number("smb.status_code").filter(|_| setup);
            let named = !fact.text("smb.ntlmssp_user").is_empty();
            told(status.is_some_and(|status| SMB_REFUSALS.contains(&status)), named && status == Some(0))
        }
        // ER_ACCESS_DENIED_ERROR; SQLSTATE class 28; invalidCredentials (RFC 4511 §4.1.9).
        "mysql" => told(number("mysql.error_code") == Some(1045), false),
        "pgsql" => told(fact.text("pgsql.error").starts_with("28"), false),
        "ldap" => told(number("ldap.responses.result_code") == Some(49), false),
        // RFC 6143 §7.1.3.
        "rfb" => told(matches!(number("rfb.secresult"), Some(1 | 2)), number("rfb.secresult") == Some(0)),
        "redis" => {
            let error = fact.text("redis.error");
            told(error.starts_with("WRONGPASS") || error.contains("invalid password"), false)
        }
        // MQTT 3.1.1 §3.2.2.3, MQTT 5 §3.2.2.2.
        "mqtt" => told(matches!(number("mqtt.reason_code"), Some(4 | 5 | 0x86 | 0x87)), false),
        _ => Outcome::default(),
    }
}

/// NT status codes of a login that is refused (MS-ERREF 2.3.1): no such user, wrong password, logon failure, account
/// locked out.
const SMB_REFUSALS: [u64; 4] = [0xc000_0064, 0xc000_006a, 0xc000_006d, 0xc000_0234];

/// Where a name stands, by protocol; an FTP command's argument only with USER.
const USERS: [&str; 6] =
    ["http.auth_user", "smb.ntlmssp_user", "mysql.user", "pgsql.user", "ldap.request.dn", "imap.user"];

/// Whether something is sent to a page where people log in.
fn is_form(fact: &TransactionFact) -> bool {
    const WORDS: [&str; 9] =
        ["login", "logon", "signin", "sign-in", "sign_in", "auth", "xmlrpc.php", "session", "administrator"];
    if fact.text("http.method") != "POST" {
        return false;
    }
    let uri = fact.text("http.uri");
    let path = uri.split('?').next().unwrap_or_default().to_ascii_lowercase();
    WORDS.iter().any(|word| path.contains(word))
}

impl Door {
    fn note(&mut self, time: Time, packet: PacketId) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = self.last.max(time);
        if self.packets.len() < Evidence::PACKETS && !self.packets.contains(&packet) {
            self.packets.push(packet);
        }
    }
}

impl Guessing {
    /// Logins in the clear: the service says whether it takes them.
    fn login(&mut self, fact: &TransactionFact) {
        let Outcome { refused, accepted, forms } = outcome(fact);
        if refused == 0 && !accepted && !forms {
            return;
        }
        let who = &fact.who;
        let door = self.doors.touch(&(who.client, who.server, who.server_port), Door::default);
        door.protocol = fact.protocol;
        door.note(fact.time, who.first_packet);
        door.refusals += refused;
        door.forms += u64::from(forms);
        door.accepted += u64::from(accepted);
        let ftp = if fact.text("ftp.command") == "USER" { fact.text("ftp.command_data") } else { "" };
        let mut users = USERS.iter().map(|field| fact.text(field)).chain([ftp]);
        let user = users.find(|user| !user.is_empty()).unwrap_or_default();
        if !user.is_empty() && door.users.len() < USERS_MAX && !door.users.iter().any(|known| known == user) {
            door.users.push(user.chars().take(USER_CHARS_MAX).collect());
        }
    }

    /// Encrypted logins: only the shape of a session tells.
    fn session(&mut self, flow: &FlowFact) {
        let short =
            flow.last.secs_since(flow.who.began) < SESSION_SECS_MAX && flow.payload[0] < SESSION_BYTES_MAX;
        let spoke = flow.payload[0] > 0 && flow.payload[1] > 0;
        if !matches!(flow.protocol, "ssh" | "rdp" | "telnet" | "rfb") || !short || !spoke {
            return;
        }
        let who = &flow.who;
        let door = self.doors.touch(&(who.client, who.server, who.server_port), Door::default);
        door.protocol = flow.protocol;
        door.note(who.began, who.first_packet);
        if door.sessions.len() < SESSIONS_MAX {
            door.sessions.push((who.began, flow.payload[0]));
        }
    }

    fn judge(
        &self,
        client: IpAddr,
        server: IpAddr,
        port: u16,
        door: &Door,
        home: &Home,
        findings: &mut Findings,
    ) {
        let mut sizes: Vec<f64> = door.sessions.iter().map(|(_, bytes)| *bytes as f64).collect();
        let size = median(&mut sizes);
        let alike = sizes.iter().filter(|each| (*each - size).abs() <= size * 0.25).count() as f64;
        let refusals = door.refusals as f64;
        let forms = door.forms as f64;
        if refusals < self.refusals_min && alike < self.sessions_min && forms < self.forms_min {
            return;
        }
        let terms = vec![
            term(
                "refused logins",
                refusals,
                self.refusals_min,
                if refusals >= self.refusals_min {
                    2.0 + libm::log(refusals / self.refusals_min)
                } else {
                    0.0
                },
                "a person stops after a few; a program goes on",
            ),
            term(
                "short sessions of like size",
                alike,
                self.sessions_min,
                if alike >= self.sessions_min { 1.5 + libm::log(alike / self.sessions_min) } else { 0.0 },
                "every guess sends the same bytes but for the password",
            ),
            term(
                "posts to pages where people log in",
                forms,
                self.forms_min,
                if forms >= self.forms_min { 1.5 + libm::log(forms / self.forms_min) } else { 0.0 },
                "a person logs in once; a program goes through a list",
            ),
            term(
                "spread of sizes, share of the median",
                spread(&sizes, size) / size.max(1.0),
                0.25,
                0.0,
                "sessions with work in them differ in size",
            ),
        ];
        let score: f64 = terms.iter().map(|term| term.weight).sum();
        let tries = if refusals >= self.refusals_min { refusals } else { alike.max(forms) };
        let fell = door.accepted > 0 && refusals >= self.refusals_min;
        let ending = if fell { "; then one login was accepted" } else { "" };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} guesses passwords of {server} ({} port {port}), {tries:.0} tries{ending}",
                door.protocol
            ),
            severity: if fell { Severity::High } else { Severity::Medium },
            confidence: Confidence((probability(score) * 1000.0) as u16),
            techniques: vec!["T1110.001"],
            attackers: vec![client],
            victims: vec![server],
            server: (!home.has(client)).then(|| (client, String::new())),
            subjects: vec![Subject::Host(server)],
            first: door.first.unwrap_or_default(),
            last: door.last,
            count: tries as u64,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: door.packets.clone(),
                field: "",
                excerpt: door.users.join(", "),
            }],
            against: vec![
                "A script with an old password tries again and again, too; it uses one user name.".into(),
            ],
        });
    }
}

fn term(name: &'static str, value: f64, threshold: f64, weight: f64, meaning: &str) -> Term {
    Term { name, value, threshold, weight, meaning: meaning.into() }
}
