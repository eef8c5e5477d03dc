//! Judgements with their arithmetic and evidence.

use std::net::IpAddr;

use crate::{FlowId, PacketId, Time};

/// How bad, from a note to an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// Look when there is time.
    Low,
    /// Look today.
    Medium,
    /// Look now.
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// Lower-case word, as in `incidents.json`.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How sure: a probability in thousandths, so that it is exact and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(pub u16);

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A host.
    Host(IpAddr),
    /// A name, such as a domain.
    Name(String),
    /// A file by its SHA-256.
    File(String),
}

/// One term of a finding's arithmetic: value, threshold, and what it contributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What was measured, in a few words with its unit ("interval spread, s").
    pub name: &'static str,
    /// The measured value.
    pub value: f64,
    /// The threshold or reference it was held against.
    pub threshold: f64,
    /// What it added to the score (negative: evidence against).
    pub weight: f64,
    /// One sentence: what it means, and what would flip it.
    pub meaning: String,
}

impl Term {
    /// Name of the term that says at which interval something happens, in seconds.
    pub const INTERVAL: &'static str = "interval, s";
    /// Name of the term that says how far the intervals spread, in seconds.
    pub const INTERVAL_SPREAD: &'static str = "spread of the interval, s";
}

/// Packets and bytes that let a stranger re-derive a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The flow, when there is one.
    pub flow: Option<FlowId>,
    /// Packets, in order; bounded by [`Evidence::PACKETS`].
    pub packets: Vec<PacketId>,
    /// The named field the claim is about (`dns.rrname`), or empty.
    pub field: &'static str,
    /// Bounded excerpt of the value, secrets masked.
    pub excerpt: String,
}

impl Evidence {
    /// How many packets one piece of evidence names at most.
    pub const PACKETS: usize = 32;
}

/// A judgement: what, how bad, how sure, which technique, about whom, with its arithmetic and evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Number within the run, from 1; given in order.
    pub id: u64,
    /// Detector that said it (`beacon`), or `rule` for a signature.
    pub detector: &'static str,
    /// What, in one plain sentence.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// ATT&CK technique ids (`T1071.001`), most specific first.
    pub techniques: Vec<&'static str>,
    /// Who did it, as far as known: the hosts where the hostile traffic comes from.
    pub attackers: Vec<IpAddr>,
    /// Whom it was done to: ours.
    pub victims: Vec<IpAddr>,
    /// The server behind it: address and, when known, name.
    pub server: Option<(IpAddr, String)>,
    /// What ties this finding to others besides its hosts: names, fingerprints, files.
    pub subjects: Vec<Subject>,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
    /// How many events stand behind it.
    pub count: u64,
    /// The arithmetic, term by term.
    pub terms: Vec<Term>,
    /// The evidence; never empty.
    pub evidence: Vec<Evidence>,
    /// What speaks against it, and what could not be seen.
    pub against: Vec<String>,
}
