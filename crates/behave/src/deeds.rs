//! Deeds: calls of remote procedures and the like that one host does to another, counted per pair of hosts and weighed.
//!
//! Windows is administered by remote procedures, and attacked by the same ones. A detector lists the calls it cares for as
//! [`Deed`]s; what one host did to another adds up as log-odds.

use std::net::IpAddr;

use model::{Fact, Finding, Severity, Subject, Time, TransactionFact};

use crate::Bounded;
use crate::verdict::{Packets, Verdict};

/// Something that one host does to another.
#[derive(Debug)]
pub(crate) struct Deed {
    /// Its name in the arithmetic.
    pub(crate) name: &'static str,
    /// The service that is called, in the words of `dcerpc.interface`; empty when a detector notes the deed by itself.
    pub(crate) service: &'static str,
    /// Operations of that service.
    pub(crate) operations: &'static [u64],
    /// From how many times on it counts.
    pub(crate) least: u32,
    /// What it adds, in log-odds.
    pub(crate) weight: f64,
    /// ATT&CK technique.
    pub(crate) technique: &'static str,
    /// What a host does to another, between their addresses: "starts a service on".
    pub(crate) phrase: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

/// Pairs of hosts remembered.
const PAIRS_MAX: usize = 16_384;
/// Most deeds of a list.
const DEEDS_MAX: usize = 16;

/// What each host did to each other.
#[derive(Debug)]
pub(crate) struct Deeds {
    list: &'static [Deed],
    pairs: Bounded<(IpAddr, IpAddr), Done>,
}

/// What one host did to another.
#[derive(Debug, Default)]
pub(crate) struct Done {
    counts: [u32; DEEDS_MAX],
    first: Time,
    last: Time,
    packets: Packets,
    /// Something of it went over named pipes of SMB.
    pub(crate) over_smb: bool,
    /// What was said, such as the name of a file.
    pub(crate) excerpt: String,
}

impl Done {
    /// How often a deed was done.
    pub(crate) fn count(&self, deed: usize) -> u32 {
        self.counts.get(deed).copied().unwrap_or(0)
    }

    /// Whether the last deed was done within `seconds` before `time`.
    pub(crate) fn is_recent(&self, time: Time, seconds: f64) -> bool {
        time.secs_since(self.last) <= seconds
    }
}

/// The service and the operation that a transaction calls.
pub(crate) fn call(fact: &TransactionFact) -> Option<(&str, u64)> {
    if !matches!(fact.protocol, "smb" | "dcerpc") {
        return None;
    }
    let operation = fact.number("dcerpc.operation")?;
    let interface = fact.text("dcerpc.interface");
    Some((interface.split(' ').next().unwrap_or_default(), operation))
}

impl Deeds {
    /// Counts the deeds of `list`.
    pub(crate) fn new(list: &'static [Deed]) -> Self {
        assert!(list.len() <= DEEDS_MAX, "a detector has at most {DEEDS_MAX} deeds");
        Self { list, pairs: Bounded::new(PAIRS_MAX) }
    }

    /// Takes a transaction; says which deed it was.
    pub(crate) fn transaction(&mut self, fact: &TransactionFact) -> Option<usize> {
        let (service, operation) = call(fact)?;
        let deed = self
            .list
            .iter()
            .position(|deed| deed.service == service && deed.operations.contains(&operation))?;
        self.note(deed, &fact.who, fact.time).over_smb |= fact.protocol == "smb";
        Some(deed)
    }

    /// Notes a deed.
    pub(crate) fn note(&mut self, deed: usize, who: &Fact, time: Time) -> &mut Done {
        let done = self.pairs.touch(&(who.client, who.server), || Done { first: time, ..Done::default() });
        if let Some(count) = done.counts.get_mut(deed) {
            *count = count.saturating_add(1);
        }
        done.last = done.last.max(time);
        done.packets.add(who.first_packet);
        done
    }

    /// What one host did to another, if anything.
    pub(crate) fn of(&self, pair: (IpAddr, IpAddr)) -> Option<&Done> {
        self.pairs.get(&pair)
    }

    /// What each host did to each other, in the order of their addresses.
    pub(crate) fn sorted(&self) -> Vec<(&(IpAddr, IpAddr), &Done)> {
        self.pairs.sorted()
    }

    /// Pairs that were forgotten.
    pub(crate) fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// Weighs what was done; `None` when nothing of it counts.
    pub(crate) fn weigh(&self, done: &Done, verdict: &mut Verdict) -> Option<Weighed> {
        let mut did: Vec<&Deed> = Vec::new();
        for (deed, count) in self.list.iter().zip(done.counts).filter(|(_, count)| *count > 0) {
            let counts = count >= deed.least;
            let weight = if counts { deed.weight } else { 0.0 };
            verdict.term(deed.name, f64::from(count), f64::from(deed.least), weight, deed.meaning);
            if counts {
                did.push(deed);
            }
        }
        did.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let lead = did.first()?;
        let mut techniques = Vec::new();
        for deed in &did {
            if !techniques.contains(&deed.technique) {
                techniques.push(deed.technique);
            }
        }
        Some(Weighed { phrase: lead.phrase, others: did.len() - 1, techniques })
    }
}

/// What came of weighing.
#[derive(Debug)]
pub(crate) struct Weighed {
    /// What the gravest deed is.
    pub(crate) phrase: &'static str,
    /// How many other deeds there are.
    pub(crate) others: usize,
    /// Techniques, gravest first.
    pub(crate) techniques: Vec<&'static str>,
}

/// A finding about what one host did to another.
pub(crate) struct Told {
    pub(crate) detector: &'static str,
    pub(crate) grave: Severity,
    pub(crate) title: String,
    pub(crate) field: &'static str,
    pub(crate) against: &'static str,
}

/// Makes the finding.
pub(crate) fn finding(
    told: Told,
    pair: (IpAddr, IpAddr),
    done: &Done,
    verdict: Verdict,
    weighed: Weighed,
) -> Finding {
    let (client, server) = pair;
    Finding {
        id: 0,
        detector: told.detector,
        title: told.title,
        severity: verdict.severity(told.grave),
        confidence: verdict.confidence(),
        techniques: weighed.techniques,
        attackers: vec![client],
        victims: vec![server],
        server: None,
        subjects: vec![Subject::Host(client), Subject::Host(server)],
        first: done.first,
        last: done.last,
        count: done.counts.iter().map(|count| u64::from(*count)).sum(),
        terms: verdict.terms(),
        evidence: vec![done.packets.evidence(told.field, &done.excerpt)],
        against: vec![told.against.into()],
    }
}
