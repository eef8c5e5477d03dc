//! Findings that tell one story.

use std::net::IpAddr;

use crate::{Confidence, Severity, Term, Time};

/// What a server does in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Controls hosts of ours.
    Control,
    /// Receives stolen data.
    Drop,
    /// Delivers malware or phishing.
    Delivery,
    /// Scans or attacks.
    Attack,
    /// Forwards for somebody else.
    Relay,
    /// Serves its users, and was drawn in by what others did.
    Benign,
    /// Role not known.
    Unknown,
}

impl Role {
    /// Lower-case word, as in `incidents.json`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Control => "control",
            Role::Drop => "drop",
            Role::Delivery => "delivery",
            Role::Attack => "attack",
            Role::Relay => "relay",
            Role::Benign => "benign",
            Role::Unknown => "unknown",
        }
    }
}

/// A server behind an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// A name that led to it, or empty.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// How sure.
    pub confidence: Confidence,
    /// Reasons, for and against, in sentences.
    pub reasons: Vec<String>,
    /// The arithmetic behind role and order, term by term, in log-odds.
    pub terms: Vec<Term>,
    /// What the traffic showed of it; `None` when it was forgotten for want of room.
    pub profile: Option<Box<Profile>>,
}

/// What the traffic showed of a server. Lists are bounded; the longest-lived or most-used entries come first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// Names that led to it.
    pub names: Vec<NameSeen>,
    /// Other addresses that the same names led to.
    pub addresses: Vec<AddressSeen>,
    /// Ports it served.
    pub ports: Vec<PortSeen>,
    /// Certificates it showed.
    pub certificates: Vec<Certificate>,
    /// Fingerprints and banners of its software: kind (`ja3s`, `hassh`, `banner`) and value.
    pub fingerprints: Vec<(&'static str, String)>,
    /// Autonomous system: number and holder, when a database was given.
    pub asn: Option<(u32, String)>,
    /// Country as ISO 3166-1 alpha-2, when a database was given.
    pub country: Option<String>,
    /// Who talked to it, most bytes first.
    pub clients: Vec<ClientSeen>,
    /// How many of our hosts talked to it; a lower bound when it is [`Profile::CLIENTS`].
    pub client_count: u64,
    /// Hosts of ours that spoke at all.
    pub hosts: u64,
    /// First packet time of any conversation with it.
    pub first: Time,
    /// Last packet time.
    pub last: Time,
    /// Conversations with it.
    pub flows: u64,
    /// Payload bytes that went to it.
    pub bytes_to: u64,
    /// Payload bytes that came from it.
    pub bytes_from: u64,
    /// When it is called at a rhythm: period and spread.
    pub rhythm: Option<Rhythm>,
}

impl Profile {
    /// How many clients are told apart at most.
    pub const CLIENTS: usize = 32;
}

/// A name that led to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSeen {
    /// The name, in lower case.
    pub name: String,
    /// How it was seen: `dns` (an answer), `sni` (TLS or QUIC), `host` (HTTP).
    pub source: &'static str,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
    /// How often.
    pub count: u64,
}

/// An address that a name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressSeen {
    /// The address.
    pub address: IpAddr,
    /// The name that led to it.
    pub name: String,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
}

/// A port that a server answered on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSeen {
    /// Port number.
    pub port: u16,
    /// IP protocol number.
    pub transport: u8,
    /// Application protocol by its EVE name; empty when unknown.
    pub protocol: &'static str,
    /// Conversations.
    pub flows: u64,
}

/// A certificate that a server showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-1 of the certificate, hexadecimal with colons, as in EVE.
    pub fingerprint: String,
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hexadecimal with colons.
    pub serial: String,
    /// Names it is valid for.
    pub names: Vec<String>,
    /// Validity as seconds since 1970: begin and end.
    pub validity: Option<(i64, i64)>,
    /// Subject and issuer are the same.
    pub self_signed: bool,
}

/// A host that talked to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSeen {
    /// The host.
    pub address: IpAddr,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
    /// Conversations.
    pub flows: u64,
    /// Payload bytes it sent.
    pub bytes_to: u64,
    /// Payload bytes it got.
    pub bytes_from: u64,
}

/// Calls at a rhythm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// Median interval, s.
    pub period: f64,
    /// Its spread, s.
    pub spread: f64,
}

/// Servers that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Infrastructure {
    /// The servers, in order of their address.
    pub servers: Vec<IpAddr>,
    /// What they share, one sentence each.
    pub links: Vec<String>,
}

/// Incidents that share infrastructure, tools or schedule with earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Stable name, from the first link that founded it (`C-1f3a…`).
    pub id: String,
    /// Runs that saw it, this one included.
    pub runs: u64,
    /// First time it was seen.
    pub first: Time,
    /// Last time it was seen.
    pub last: Time,
    /// What links this incident to it, one sentence each.
    pub links: Vec<String>,
}

/// Kill-chain phase: an ATT&CK tactic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phase {
    /// Position of the tactic in the matrix.
    pub order: u8,
    /// Tactic id (`TA0011`).
    pub id: &'static str,
    /// Tactic name (`Command and Control`).
    pub name: &'static str,
}

/// One line of an incident's timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// When.
    pub time: Time,
    /// The finding it comes from.
    pub finding: u64,
    /// What, in one sentence.
    pub text: String,
}

/// Findings that tell one story.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Number within the run, from 1, most important first.
    pub id: u64,
    /// One sentence a minister understands.
    pub title: String,
    /// The whole claim in one sentence: who does what to whom, since when, how often, how much, how rarely seen.
    pub summary: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The score it is ranked by, from the findings' log-likelihoods.
    pub score: f64,
    /// The score's arithmetic: the prior and one term per dependency group, in log-odds.
    pub terms: Vec<Term>,
    /// Hosts of ours that suffered, most concerned first.
    pub victims: Vec<IpAddr>,
    /// Hosts that did it, lead suspect first.
    pub attackers: Vec<IpAddr>,
    /// Servers behind it, most likely first.
    pub servers: Vec<Server>,
    /// Groups of servers that belong together.
    pub infrastructure: Vec<Infrastructure>,
    /// The campaign it belongs to, when earlier runs are known.
    pub campaign: Option<Campaign>,
    /// ATT&CK techniques, in order of first appearance.
    pub techniques: Vec<&'static str>,
    /// Phases reached, in matrix order.
    pub phases: Vec<Phase>,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
    /// The findings, by number.
    pub findings: Vec<u64>,
    /// What happened when.
    pub timeline: Vec<TimelineEntry>,
    /// What the analyst should do next, one sentence each.
    pub next_steps: Vec<String>,
}
