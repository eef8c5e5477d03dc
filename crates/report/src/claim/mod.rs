//! Claims: every sentence of a report, taken apart so that a stranger can check it.
//!
//! A claim says of a subject that something holds, with the values that were measured and what they were held against, the
//! packets behind it, what speaks against it, how likely it is (ICD 203 words, chosen by the number), how sure the judgement
//! itself is (a sentence of its own, as ICD 203 demands: likelihood and confidence never share one), and which limits of what
//! could be seen weaken it. [`claims`] is a pure function of the report.
//!
//! Ids are stable within a report: `F3.1` is the first claim of finding 3, `I1.2` the second of incident 1.

mod certainty;
mod limit;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use json::Json;
use model::{Confidence, Evidence, Finding, Incident, Severity};

pub use certainty::{Certainty, Level};
pub use limit::{Limit, LimitKind};

use crate::eve::Clock;
use crate::{Report, words};

/// Claims written for one report at most; what is beyond is counted in the file.
pub const CLAIMS_MAX: usize = 20_000;

/// What a claim says of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Predicate {
    /// It was observed doing what the detector names.
    Observed,
    /// The technique it used.
    Used,
    /// A server stands behind it.
    DirectedBy,
    /// Findings tell one story.
    Comprises,
    /// A server has this part in the story.
    ServedAs,
    /// The story reached these phases.
    Reached,
}

impl Predicate {
    /// Its word in `claims.json`.
    pub const fn word(self) -> &'static str {
        match self {
            Predicate::Observed => "observed",
            Predicate::Used => "used",
            Predicate::DirectedBy => "directed_by",
            Predicate::Comprises => "comprises",
            Predicate::ServedAs => "served_as",
            Predicate::Reached => "reached",
        }
    }
}

/// What was measured, and what it was held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What, with its unit.
    pub name: String,
    /// The value.
    pub value: f64,
    /// The threshold or reference; `None` for plain counts.
    pub threshold: Option<f64>,
    /// What it added to the score.
    pub weight: f64,
    /// What it means, and what would flip it.
    pub meaning: String,
    /// Why the packets of a bundle alone do not give this value; empty when they do.
    pub unchecked: String,
}

/// One statement that can be checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// `F3.1`, `I1.2`.
    pub id: String,
    /// Of whom or what.
    pub subject: String,
    /// What is said.
    pub predicate: Predicate,
    /// The rest of the statement: detector, technique, server, role, findings.
    pub object: String,
    /// The whole, as a sentence.
    pub sentence: String,
    /// How bad.
    pub severity: Severity,
    /// First time, as EVE writes it.
    pub first: String,
    /// Last time.
    pub last: String,
    /// What was measured.
    pub values: Vec<Measured>,
    /// Packets, flow, field, excerpt.
    pub evidence: Vec<Evidence>,
    /// Why it is believed, where no values say so.
    pub grounds: Vec<String>,
    /// What speaks against it.
    pub counter: Vec<String>,
    /// How likely it is.
    pub likelihood: Confidence,
    /// How sure that judgement is, and why.
    pub confidence: Certainty,
    /// What could not be seen.
    pub limits: Vec<Limit>,
    /// Why the packets of a bundle alone do not show it; empty when they do.
    pub unchecked: String,
}

/// All claims of a report: findings first, then incidents.
pub fn claims(report: &Report) -> Vec<Claim> {
    let limits = limit::of(report);
    let mut list = Vec::new();
    let mut clock = Clock::default();
    for finding in &report.findings {
        of_finding(finding, &mut clock, &mut list);
    }
    for incident in &report.incidents {
        of_incident(incident, report, &mut clock, &mut list);
    }
    list.truncate(CLAIMS_MAX);
    for claim in &mut list {
        claim.limits.clone_from(&limits);
        claim.judge();
    }
    list
}

/// `claims.json`: one claim per line, so that ordinary tools can compare two files.
pub fn claims_json(claims: &[Claim]) -> Vec<u8> {
    let mut out = b"{\"claims\":[\n".to_vec();
    for (position, claim) in claims.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b",\n");
        }
        out.extend_from_slice(&claim.json());
    }
    out.extend_from_slice(b"\n]}\n");
    out
}

impl Claim {
    /// Judges how sure the claim is, from its values, its evidence and its limits.
    pub fn judge(&mut self) {
        self.confidence = certainty::judge(self);
    }

    /// The likelihood in words.
    pub fn likelihood_words(&self) -> &'static str {
        words::likelihood(self.likelihood)
    }

    /// The claim as one line of JSON.
    pub fn json(&self) -> Vec<u8> {
        let mut json = Json::new();
        json.object_item().text("id", &self.id).text("subject", &self.subject);
        json.text("predicate", self.predicate.word()).text("object", &self.object);
        json.text("sentence", &self.sentence).text("severity", self.severity.word());
        json.text("first", &self.first).text("last", &self.last);
        json.text("likelihood", self.likelihood_words());
        json.float("probability", f64::from(self.likelihood.0) / 1000.0);
        json.text("confidence", self.confidence.level.word());
        json.text("confidence_sentence", &self.confidence.sentence).array("values");
        for value in &self.values {
            write_value(&mut json, value);
        }
        json.end().array("evidence");
        for evidence in &self.evidence {
            json.object_item();
            if let Some(flow) = evidence.flow {
                json.number("flow_id", flow.0);
            }
            json.array("packets");
            for packet in &evidence.packets {
                json.number_item(packet.0);
            }
            json.end().text("field", evidence.field).text("excerpt", &evidence.excerpt).end();
        }
        json.end();
        for (key, lines) in [("grounds", &self.grounds), ("counter_evidence", &self.counter)] {
            json.array(key);
            for line in lines {
                json.text_item(line);
            }
            json.end();
        }
        json.array("limits");
        for limit in &self.limits {
            json.object_item().text("kind", limit.kind.word()).text("sentence", &limit.sentence).end();
        }
        json.end();
        if !self.unchecked.is_empty() {
            json.text("not_checkable_from_bundle", &self.unchecked);
        }
        json.end();
        std::mem::take(json.bytes_mut())
    }
}

fn write_value(json: &mut Json, value: &Measured) {
    json.object_item().text("name", &value.name).float("value", value.value);
    if let Some(threshold) = value.threshold {
        json.float("threshold", threshold).float("weight", value.weight);
    }
    if !value.meaning.is_empty() {
        json.text("meaning", &value.meaning);
    }
    if !value.unchecked.is_empty() {
        json.text("not_checkable_from_bundle", &value.unchecked);
    }
    json.end();
}

fn of_finding(finding: &Finding, clock: &mut Clock, list: &mut Vec<Claim>) {
    let base = Claim {
        id: String::new(),
        subject: subject_of(finding),
        predicate: Predicate::Observed,
        object: finding.detector.to_owned(),
        sentence: sentence(&finding.title),
        severity: finding.severity,
        first: clock.format(finding.first).to_owned(),
        last: clock.format(finding.last).to_owned(),
        values: values(finding),
        evidence: finding.evidence.clone(),
        grounds: Vec::new(),
        counter: finding.against.clone(),
        likelihood: finding.confidence,
        confidence: Certainty::default(),
        limits: Vec::new(),
        unchecked: String::new(),
    };
    let mut number = 0;
    let mut push = |claim: Claim| {
        number += 1;
        list.push(Claim { id: format!("F{}.{number}", finding.id), ..claim });
    };
    push(base.clone());
    if !finding.techniques.is_empty() {
        let object = finding.techniques.join(", ");
        push(Claim {
            predicate: Predicate::Used,
            sentence: format!(
                "What finding {} describes is the behaviour that ATT&CK calls {object}.",
                finding.id
            ),
            object,
            values: Vec::new(),
            grounds: vec![format!("The detector `{}` assigns these techniques.", finding.detector)],
            counter: Vec::new(),
            ..base.clone()
        });
    }
    if let Some((address, name)) = &finding.server {
        let object = if name.is_empty() { address.to_string() } else { format!("{address} ({name})") };
        push(Claim {
            predicate: Predicate::DirectedBy,
            sentence: format!("The other end of finding {} is {object}.", finding.id),
            object,
            values: Vec::new(),
            grounds: if name.is_empty() {
                Vec::new()
            } else {
                vec![
                    "The name was taken from the traffic itself (TLS server name, HTTP host or DNS)."
                        .to_owned(),
                ]
            },
            counter: vec!["An address says which machine answered, not whose it is.".to_owned()],
            ..base
        });
    }
}

fn of_incident(incident: &Incident, report: &Report, clock: &mut Clock, list: &mut Vec<Claim>) {
    let of = |id: &u64| report.findings.iter().find(|finding| finding.id == *id);
    let evidence: Vec<Evidence> = incident
        .findings
        .iter()
        .filter_map(of)
        .filter_map(|finding| finding.evidence.first())
        .take(EVIDENCE_MAX)
        .cloned()
        .collect();
    let mut counter: Vec<String> = Vec::new();
    for line in incident.findings.iter().filter_map(of).flat_map(|finding| &finding.against) {
        if counter.len() < EVIDENCE_MAX && !counter.contains(line) {
            counter.push(line.clone());
        }
    }
    let ids: Vec<String> = incident.findings.iter().map(|id| format!("F{id}")).collect();
    let base = Claim {
        id: String::new(),
        subject: hosts(&incident.victims),
        predicate: Predicate::Comprises,
        object: ids.join(" "),
        sentence: sentence(&incident.title),
        severity: incident.severity,
        first: clock.format(incident.first).to_owned(),
        last: clock.format(incident.last).to_owned(),
        values: vec![
            // Hundredths are all that the arithmetic supports.
            count("score, log-odds", (incident.score * 100.0).round() / 100.0),
            count("findings that share a host, server, name or file", incident.findings.len() as f64),
            count("hosts that suffered", incident.victims.len() as f64),
            count("hosts that acted", incident.attackers.len() as f64),
        ],
        evidence,
        grounds: Vec::new(),
        counter,
        likelihood: incident.confidence,
        confidence: Certainty::default(),
        limits: Vec::new(),
        unchecked: String::new(),
    };
    let mut number = 0;
    let mut push = |claim: Claim| {
        number += 1;
        list.push(Claim { id: format!("I{}.{number}", incident.id), ..claim });
    };
    push(base.clone());
    for server in &incident.servers {
        let name = if server.name.is_empty() { String::new() } else { format!(" ({})", server.name) };
        push(Claim {
            subject: server.address.to_string(),
            predicate: Predicate::ServedAs,
            object: server.role.word().to_owned(),
            sentence: format!(
                "In incident {}, {}{name} has the role: {}.",
                incident.id,
                server.address,
                server.role.word()
            ),
            values: Vec::new(),
            grounds: server.reasons.clone(),
            likelihood: server.confidence,
            ..base.clone()
        });
    }
    if !incident.phases.is_empty() {
        let phases: Vec<String> =
            incident.phases.iter().map(|phase| format!("{} {}", phase.id, phase.name)).collect();
        push(Claim {
            predicate: Predicate::Reached,
            object: phases.join(", "),
            sentence: format!("Incident {} reached: {}.", incident.id, phases.join(", ")),
            values: Vec::new(),
            grounds: vec![format!(
                "The techniques {} belong to these tactics.",
                incident.techniques.join(", ")
            )],
            ..base
        });
    }
}

fn values(finding: &Finding) -> Vec<Measured> {
    let mut values = vec![count("events behind it", finding.count as f64)];
    values.extend(finding.terms.iter().map(|term| Measured {
        name: term.name.to_owned(),
        value: term.value,
        threshold: Some(term.threshold),
        weight: term.weight,
        meaning: term.meaning.clone(),
        unchecked: String::new(),
    }));
    values
}

fn count(name: &str, value: f64) -> Measured {
    Measured {
        name: name.to_owned(),
        value,
        threshold: None,
        weight: 0.0,
        meaning: String::new(),
        unchecked: String::new(),
    }
}

/// Who did it, else whom it was done to, else the server.
fn subject_of(finding: &Finding) -> String {
    if !finding.attackers.is_empty() {
        return hosts(&finding.attackers);
    }
    if !finding.victims.is_empty() {
        return hosts(&finding.victims);
    }
    finding.server.as_ref().map_or_else(|| "unknown".to_owned(), |(address, _)| address.to_string())
}

fn hosts(list: &[IpAddr]) -> String {
    let shown: Vec<String> = list.iter().take(HOSTS_SHOWN).map(IpAddr::to_string).collect();
    match list.len() {
        0 => "unknown".to_owned(),
        len if len > HOSTS_SHOWN => format!("{} and {} more", shown.join(", "), len - HOSTS_SHOWN),
        _ => shown.join(", "),
    }
}

/// With a full stop at its end.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Addresses shown in a claim's subject.
const HOSTS_SHOWN: usize = 4;
/// Pieces of evidence and lines against it that a claim of an incident takes over from its findings.
const EVIDENCE_MAX: usize = 16;
