//! How sure: findings add up as log-likelihoods, once per dependency group.

use std::collections::BTreeMap;

use model::{Confidence, Finding, Severity};

/// Log-odds of an incident before anything was found: one in a thousand.
const PRIOR: f64 = -6.9;
/// Share of a further finding's weight that counts inside one dependency group, each time anew.
const REPEAT: f64 = 0.25;

/// Score in log-odds, probability, and severity of findings that belong together.
pub(crate) fn judge(findings: &[&Finding]) -> (f64, Confidence, Severity) {
    let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for finding in findings {
        groups.entry(group(finding)).or_default().push(weight(finding));
    }
    let mut score = PRIOR;
    for weights in groups.values_mut() {
        weights.sort_by(|a, b| b.total_cmp(a));
        let mut share = 1.0;
        for weight in weights {
            score += *weight * share;
            share *= REPEAT;
        }
    }
    let probability = 1.0 / (1.0 + libm::exp(-score));
    let confidence = Confidence((probability * 1000.0) as u16);
    (score, confidence, severity(findings, probability))
}

/// What depends on what: copies of one detector's finding say little new; so do signatures of one class.
fn group(finding: &Finding) -> &str {
    match finding.detector {
        "rule" => finding.evidence.first().map_or("rule", |evidence| &evidence.excerpt),
        detector => detector,
    }
}

/// Weight of a finding in log-odds: of its confidence against the prior, by severity.
fn weight(finding: &Finding) -> f64 {
    let sure = f64::from(finding.confidence.0.clamp(1, 999)) / 1000.0;
    let odds = libm::log(sure / (1.0 - sure));
    let base = match finding.severity {
        Severity::Info => 0.0,
        Severity::Low => 1.0,
        Severity::Medium => 4.5,
        Severity::High => 6.5,
        Severity::Critical => 8.0,
    };
    (base + odds).max(0.0)
}

/// The gravest finding decides, one step lower when it is more likely wrong than right.
fn severity(findings: &[&Finding], probability: f64) -> Severity {
    let gravest = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
    if probability >= 0.2 {
        return gravest;
    }
    match gravest {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}
