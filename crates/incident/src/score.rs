//! How sure: findings add up as log-likelihoods, once per dependency group, the older the less.

use std::collections::BTreeMap;

use model::{Confidence, Finding, Severity, Term, Time};

/// Log-odds of an incident before anything was found: one in a thousand.
pub(crate) const PRIOR: f64 = -6.9;
/// Share of a further finding's weight that counts inside one dependency group, each time anew.
const REPEAT: f64 = 0.25;
/// Time in which a finding's weight halves against the newest of its incident, s.
const HALF_LIFE: f64 = 30.0 * 86_400.0;
/// Probability below which the gravest finding counts one step less.
const DOUBT: f64 = 0.2;
/// Independent faint signs that together are worth a look.
const SIGNS_MIN: usize = 3;

/// What findings that belong together come to.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) score: f64,
    pub(crate) confidence: Confidence,
    pub(crate) severity: Severity,
    pub(crate) terms: Vec<Term>,
}

/// Judges findings that belong together.
pub(crate) fn judge(findings: &[&Finding]) -> Judgement {
    let newest = findings.iter().map(|finding| finding.last).max().unwrap_or_default();
    let mut groups: BTreeMap<&str, Vec<(f64, &Finding)>> = BTreeMap::new();
    for finding in findings {
        groups
            .entry(group(finding))
            .or_default()
            .push((weight(finding) * freshness(finding, newest), finding));
    }
    let mut terms = vec![Term {
        name: "prior",
        value: PRIOR,
        threshold: 0.0,
        weight: PRIOR,
        meaning: "before anything was found: one case in a thousand is an incident".into(),
    }];
    let mut signs = 0;
    for members in groups.into_values() {
        let (weight, lead) = sum(members.iter().map(|(weight, finding)| (*weight, *finding)));
        signs += usize::from(lead.severity >= Severity::Low && weight >= 1.0);
        terms.push(Term {
            name: lead.detector,
            value: members.len() as f64,
            threshold: 1.0,
            weight,
            meaning: match members.len() {
                1 => lead.title.clone(),
                count => format!(
                    "{} and {} more of its kind, each counted a quarter of the one before",
                    lead.title,
                    count - 1
                ),
            },
        });
    }
    let score: f64 = terms.iter().map(|term| term.weight).sum();
    let probability = probability(score);
    Judgement {
        score,
        confidence: Confidence((probability * 1000.0) as u16),
        severity: severity(findings, probability, signs),
        terms,
    }
}

/// The weight of a dependency group, and its strongest member.
pub(crate) fn sum<'a>(members: impl Iterator<Item = (f64, &'a Finding)>) -> (f64, &'a Finding) {
    let mut members: Vec<_> = members.collect();
    members.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then_with(|| (b.1.severity, a.1.id).cmp(&(a.1.severity, b.1.id)))
    });
    let mut share = 1.0;
    let mut total = 0.0;
    for (weight, _) in &members {
        total += weight * share;
        share *= REPEAT;
    }
    (total, members[0].1)
}

/// Probability of log-odds.
pub(crate) fn probability(score: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-score))
}

/// What depends on what: copies of one detector's finding say little new; so do signatures of one class, and detectors that read the
/// same handshake or the same names.
pub(crate) fn group(finding: &Finding) -> &str {
    match finding.detector {
        "rule" => finding.evidence.first().map_or("rule", |evidence| &evidence.excerpt),
        "certificate" | "disguise" | "tls_channel" => "handshake",
        "dga" | "nxdomain" | "flux" | "rare" => "names",
        detector => detector,
    }
}

/// Weight of a finding in log-odds: of its confidence against the prior, by severity.
pub(crate) fn weight(finding: &Finding) -> f64 {
    let sure = f64::from(finding.confidence.0.clamp(1, 999)) / 1000.0;
    let odds = libm::log(sure / (1.0 - sure));
    let base = match finding.severity {
        Severity::Info => return 0.0,
        Severity::Low => 1.3,
        Severity::Medium => 4.5,
        Severity::High => 6.5,
        Severity::Critical => 8.0,
    };
    (base + odds).max(0.0)
}

/// What is left of a finding's weight when the incident went on without it.
fn freshness(finding: &Finding, newest: Time) -> f64 {
    libm::exp2(-newest.secs_since(finding.last) / HALF_LIFE)
}

/// The gravest finding decides, one step lower when it is more likely wrong than right; several independent faint signs that
/// together are more likely right than wrong are worth a look.
fn severity(findings: &[&Finding], probability: f64, signs: usize) -> Severity {
    let gravest = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
    if gravest == Severity::Low && signs >= SIGNS_MIN && probability >= 0.5 {
        return Severity::Medium;
    }
    if probability >= DOUBT {
        return gravest;
    }
    match gravest {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}
