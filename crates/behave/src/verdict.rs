//! Arithmetic of a finding: terms add up as log-odds.

use std::net::IpAddr;

use model::{Confidence, Evidence, PacketId, Severity, Term};

use crate::few::Few;
use crate::statistic::probability;

/// Terms that add up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    terms: Vec<Term>,
    score: f64,
}

impl Verdict {
    /// Begins with the odds before anything was seen.
    pub(crate) fn new(prior: f64) -> Self {
        let mut verdict = Self::default();
        let meaning = "odds before anything was seen: most channels of this kind are innocent";
        verdict.term("prior", prior, 0.0, prior, meaning);
        verdict
    }

    /// Adds a term. What weighs nothing is kept: it shows that it was looked at.
    pub(crate) fn term(
        &mut self,
        name: &'static str,
        value: f64,
        threshold: f64,
        weight: f64,
        meaning: impl Into<String>,
    ) {
        self.score += weight;
        self.terms.push(Term { name, value, threshold, weight, meaning: meaning.into() });
    }

    /// Adds a term that is there or is not.
    pub(crate) fn fact(&mut self, name: &'static str, holds: bool, weight: f64, meaning: impl Into<String>) {
        self.term(name, f64::from(u8::from(holds)), 1.0, if holds { weight } else { 0.0 }, meaning);
    }

    /// Adds the term of who asks on a connection: of so many exchanges the server began `asked`, with so much payload of
    /// client and server. From a share of `share_min` on, the roles are reversed.
    pub(crate) fn reversed(&mut self, asked: u64, exchanges: u64, payload: [u64; 2], share_min: f64) {
        let share = asked as f64 / exchanges.max(1) as f64;
        let reversed = exchanges >= 4 && share >= share_min && payload[0] > payload[1];
        self.term(
            "share of exchanges that the server began",
            share,
            share_min,
            if reversed { 1.5 } else { 0.0 },
            "who opened the connection is asked and answers at length: the roles are reversed",
        );
    }

    /// The sum, in log-odds.
    pub(crate) fn score(&self) -> f64 {
        self.score
    }

    /// The sum as a probability.
    pub(crate) fn confidence(&self) -> Confidence {
        Confidence((probability(self.score) * 1000.0) as u16)
    }

    /// How bad: `grave` when it is as good as sure, medium when it is likely, else worth a note.
    pub(crate) fn severity(&self, grave: Severity) -> Severity {
        match self.confidence().0 {
            900.. => grave,
            750.. => grave.min(Severity::Medium),
            _ => Severity::Low,
        }
    }

    /// The terms.
    pub(crate) fn terms(self) -> Vec<Term> {
        self.terms
    }
}

/// Packets of one piece of evidence: bounded, in order, each once.
#[derive(Debug, Default, Clone)]
pub(crate) struct Packets(Few<PacketId>);

impl Packets {
    /// Adds one, up to the limit.
    pub(crate) fn add(&mut self, packet: PacketId) {
        if packet.0 != 0 {
            self.0.add(packet, Evidence::PACKETS);
        }
    }

    /// As evidence.
    pub(crate) fn evidence(&self, field: &'static str, excerpt: &str) -> Evidence {
        let mut packets = self.0.to_vec();
        packets.sort();
        Evidence { flow: None, packets, field, excerpt: excerpt.chars().take(EXCERPT_MAX).collect() }
    }
}

/// Letters of an excerpt.
const EXCERPT_MAX: usize = 160;

/// Multicast, broadcast and loopback addresses: nobody in particular answers there, or the host itself.
pub(crate) fn is_nobody(address: IpAddr) -> bool {
    match address {
        _ if address.is_loopback() => true,
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// Ports that programs choose for HTTP when not 80.
pub(crate) const WEB_PORTS: [u16; 12] = [80, 81, 591, 3128, 5000, 8000, 8008, 8080, 8081, 8088, 8090, 9080];
