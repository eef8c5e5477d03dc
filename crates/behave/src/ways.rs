//! Ways of doing what nobody means: oddities that one host shows another, counted per pair of hosts and weighed.

use std::net::IpAddr;

use model::{Event, EventKind, Finding, Severity, Subject, Time};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Detector, Findings, Home};

/// One of them.
#[derive(Debug)]
pub(crate) struct Way {
    /// Its name in the arithmetic.
    pub(crate) name: &'static str,
    /// Names of the oddities, as in EVE's `anomaly` records.
    pub(crate) kinds: &'static [&'static str],
    /// From how many on it counts in full; below, with its share.
    pub(crate) full: f64,
    /// What it adds, in log-odds.
    pub(crate) weight: f64,
    /// ATT&CK technique.
    pub(crate) technique: &'static str,
    /// What one sends the other.
    pub(crate) words: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

/// How findings are told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) detector: &'static str,
    pub(crate) against: &'static str,
}

/// Pairs remembered.
const PAIRS_MAX: usize = 8_192;
/// Most ways of a list.
const WAYS_MAX: usize = 16;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;

/// What each host showed each other.
#[derive(Debug)]
pub(crate) struct Ways {
    list: &'static [Way],
    told: &'static Told,
    score_min: f64,
    /// By sender and receiver.
    pairs: Bounded<(IpAddr, IpAddr), Pair>,
}

#[derive(Debug, Default)]
struct Pair {
    counts: [u32; WAYS_MAX],
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for Ways {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Oddity(fact) = &event.kind else { return };
        let Some(way) = self.list.iter().position(|way| way.kinds.contains(&fact.kind)) else { return };
        self.note(way, event, (fact.source, fact.destination), fact.who.as_ref());
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((source, destination), pair) in self.pairs.sorted() {
            self.judge(*source, *destination, pair, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }
}

impl Ways {
    /// Counts the ways of `list`.
    pub(crate) fn new(list: &'static [Way], told: &'static Told, score_min: f64) -> Self {
        assert!(list.len() <= WAYS_MAX, "a detector has at most {WAYS_MAX} ways");
        Self { list, told, score_min, pairs: Bounded::new(PAIRS_MAX) }
    }

    /// Notes that `ends.0` showed `ends.1` a way.
    pub(crate) fn note(
        &mut self,
        way: usize,
        event: &Event,
        ends: (IpAddr, IpAddr),
        who: Option<&model::Fact>,
    ) {
        let pair = self.pairs.touch(&ends, Pair::default);
        pair.counts[way] = pair.counts[way].saturating_add(1);
        pair.first.get_or_insert(event.moment.time);
        pair.last = pair.last.max(event.moment.time);
        pair.packets.add(event.packet);
        if let Some(who) = who {
            pair.packets.add(who.first_packet);
        }
    }

    fn judge(&self, source: IpAddr, destination: IpAddr, pair: &Pair, home: &Home, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let mut ways: Vec<(&Way, f64)> = Vec::new();
        for (way, count) in self.list.iter().zip(pair.counts).filter(|(_, count)| *count > 0) {
            let weight = way.weight * (f64::from(count) / way.full).min(1.0);
            verdict.term(way.name, f64::from(count), way.full, weight, way.meaning);
            ways.push((way, weight));
        }
        ways.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some((lead, _)) = ways.first() else { return };
        let evidence = pair.packets.evidence("", lead.name);
        if verdict.score() < self.score_min || evidence.packets.is_empty() {
            return;
        }
        let mut techniques: Vec<&'static str> = Vec::new();
        for (way, _) in &ways {
            if !techniques.contains(&way.technique) {
                techniques.push(way.technique);
            }
        }
        findings.push(Finding {
            id: 0,
            detector: self.told.detector,
            title: format!("{source} sends {destination} {}", lead.words),
            severity: verdict.severity(Severity::Medium),
            confidence: verdict.confidence(),
            techniques,
            attackers: vec![source],
            victims: vec![destination],
            server: (!home.has(source)).then(|| (source, String::new())),
            subjects: vec![Subject::Host(destination)],
            first: pair.first.unwrap_or_default(),
            last: pair.last,
            count: pair.counts.iter().map(|count| u64::from(*count)).sum(),
            terms: verdict.terms(),
            evidence: vec![evidence],
            against: vec![self.told.against.into()],
        });
    }
}
