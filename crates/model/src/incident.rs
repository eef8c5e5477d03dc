//! Findings that tell one story.

use std::net::IpAddr;

use crate::{Confidence, Severity, Time};

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
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The score it is ranked by, from the findings' log-likelihoods.
    pub score: f64,
    /// Hosts of ours that suffered, most concerned first.
    pub victims: Vec<IpAddr>,
    /// Hosts that did it, lead suspect first.
    pub attackers: Vec<IpAddr>,
    /// Servers behind it, most likely first.
    pub servers: Vec<Server>,
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
