//! Holds what a re-run found against what is claimed.
//!
//! A re-run on a part of the packets numbers its findings anew and may find things that the whole would have explained. So
//! findings are matched by what they are about, take over the numbers they are claimed under, and what matches nothing is
//! left out; incidents are matched by their findings. Then the claims are made again, from the matched findings, by the same
//! function that made them first, and compared field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use engine::Outcome;
use model::{Finding, Incident, Subject};
use report::claim::{self, Claim, Limit, LimitKind};
use report::{Manifest, Overview, Report};
use serde_json::Value;

/// How a claim came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// The packets give it, value by value.
    Confirmed,
    /// They do not; what differs.
    Refuted(Vec<String>),
    /// It cannot be told from what is there.
    NotCheckable(String),
}

/// One claim and how it came out.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    /// Its id.
    pub(crate) id: String,
    /// How it came out.
    pub(crate) status: Status,
    /// Values that were left out of the comparison.
    pub(crate) left_out: Vec<String>,
    /// Fields that differ, by their path (`values/3/value`).
    pub(crate) paths: Vec<String>,
}

/// All verdicts.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// One per claim, in order.
    pub(crate) verdicts: Vec<Verdict>,
    /// Hosts of findings that nobody claims.
    pub(crate) strangers: Vec<Vec<IpAddr>>,
}

impl Comparison {
    /// Claims that do not come out.
    pub(crate) fn refuted(&self) -> usize {
        self.verdicts.iter().filter(|verdict| matches!(verdict.status, Status::Refuted(_))).count()
    }
}

/// Keys that mark what a bundle's packets alone do not give.
pub(crate) const UNCHECKED: &str = "not_checkable_from_bundle";

/// Compares; `thorough` also holds values against the re-run that are marked as not checkable from the bundle.
pub(crate) fn compare(claims: &[Value], findings: &[Value], outcome: Outcome, thorough: bool) -> Comparison {
    let Outcome { findings: found, incidents, .. } = outcome;
    let numbers = matched(findings, &found);
    let strangers =
        (0..found.len()).filter(|index| !numbers.contains_key(index)).map(|index| principals(&found[index]));
    let strangers = strangers.collect();
    let old_ids: BTreeMap<u64, u64> = numbers.iter().map(|(index, id)| (found[*index].id, *id)).collect();
    let mut kept: Vec<Finding> = Vec::new();
    for (index, mut finding) in found.into_iter().enumerate() {
        if let Some(id) = numbers.get(&index) {
            finding.id = *id;
            kept.push(finding);
        }
    }
    kept.sort_by_key(|finding| finding.id);
    let incidents = renumbered(claims, incidents, &old_ids);
    let report = Report {
        manifest: Manifest::default(),
        overview: Overview::default(),
        findings: kept,
        incidents,
        losses: Vec::new(),
    };
    let again: BTreeMap<String, Claim> =
        claim::claims(&report).into_iter().map(|claim| (claim.id.clone(), claim)).collect();
    let verdicts = claims.iter().map(|said| verdict(said, again.get(text(said, "id")), thorough)).collect();
    Comparison { verdicts, strangers }
}

/// Whom a finding is about.
pub(crate) fn principals(finding: &Finding) -> Vec<IpAddr> {
    let mut hosts =
        if finding.attackers.is_empty() { finding.victims.clone() } else { finding.attackers.clone() };
    hosts.extend(finding.server.iter().map(|(address, _)| *address));
    hosts
}

fn verdict(said: &Value, again: Option<&Claim>, thorough: bool) -> Verdict {
    let id = text(said, "id").to_owned();
    let mut verdict = Verdict { id, status: Status::Confirmed, left_out: Vec::new(), paths: Vec::new() };
    if said["withheld"] == true {
        verdict.status = Status::NotCheckable("the claim was taken out of the bundle".into());
        return verdict;
    }
    let marked = said[UNCHECKED].as_str().filter(|_| !thorough);
    if let Some(reason) = marked {
        verdict.status = Status::NotCheckable(reason.to_owned());
        return verdict;
    }
    let Some(again) = again else {
        verdict.paths.push(String::new());
        verdict.status = Status::Refuted(vec!["the engine does not find it in these packets".into()]);
        return verdict;
    };
    let mut again = again.clone();
    // What could not be seen is stated for the whole input; the judgement that follows from it is made again.
    again.limits = limits(said);
    again.judge();
    let again: Value = serde_json::from_slice(&again.json()).unwrap_or_default();
    let mut differences = Vec::new();
    differ(said, &again, "", thorough, &mut verdict, &mut differences);
    if !differences.is_empty() {
        verdict.status = Status::Refuted(differences);
    }
    verdict
}

fn limits(said: &Value) -> Vec<Limit> {
    let list = said["limits"].as_array().into_iter().flatten();
    list.filter_map(|limit| {
        Some(Limit {
            kind: LimitKind::from_word(limit["kind"].as_str()?)?,
            sentence: limit["sentence"].as_str()?.to_owned(),
        })
    })
    .collect()
}

/// Differences between two values, in sentences; at most a handful.
fn differ(
    said: &Value,
    found: &Value,
    path: &str,
    thorough: bool,
    verdict: &mut Verdict,
    out: &mut Vec<String>,
) {
    match (said, found) {
        (Value::Object(a), Value::Object(b)) => {
            let marked = a.contains_key(UNCHECKED) && !path.is_empty();
            if marked && !thorough {
                verdict.left_out.push(said["name"].as_str().unwrap_or(path).to_owned());
                return;
            }
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).filter(|key| *key != UNCHECKED).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}/{key}") };
                let nothing = Value::Null;
                differ(
                    a.get(key).unwrap_or(&nothing),
                    b.get(key).unwrap_or(&nothing),
                    &path,
                    thorough,
                    verdict,
                    out,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (position, (a, b)) in a.iter().zip(b).enumerate() {
                differ(a, b, &format!("{path}/{position}"), thorough, verdict, out);
            }
        }
        _ if said == found => {}
        _ => {
            verdict.paths.push(path.to_owned());
            if out.len() < DIFFERENCES_MAX {
                out.push(format!("{path}: claimed {}, found {}", short(said), short(found)));
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN_MAX {
        return text;
    }
    text.chars().take(SHOWN_MAX).chain(std::iter::once('…')).collect()
}

/// Differences told of one claim.
const DIFFERENCES_MAX: usize = 6;
/// Letters of a value shown in a difference.
const SHOWN_MAX: usize = 160;

/// Which finding of the re-run is which claimed one: by index, the number it is claimed under.
fn matched(claimed: &[Value], found: &[Finding]) -> BTreeMap<usize, u64> {
    let mut scores = Vec::new();
    for said in claimed {
        let Some(id) = said["id"].as_u64() else { continue };
        let about = About::of(said);
        for (index, finding) in
            found.iter().enumerate().filter(|(_, finding)| said["detector"] == finding.detector)
        {
            let score = about.score(finding);
            if score > 0 {
                scores.push((std::cmp::Reverse(score), id, index));
            }
        }
    }
    scores.sort();
    let (mut numbers, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, id, index) in scores {
        if !numbers.contains_key(&index) && taken.insert(id) {
            numbers.insert(index, id);
        }
    }
    numbers
}

/// What a claimed finding is about.
struct About<'a> {
    title: &'a str,
    attackers: Vec<String>,
    victims: Vec<String>,
    server: &'a str,
    subjects: Vec<String>,
    packets: BTreeSet<u64>,
}

impl<'a> About<'a> {
    fn of(said: &'a Value) -> Self {
        let list = |key: &str| {
            said[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let subjects = said["subjects"].as_array().into_iter().flatten();
        let subjects =
            subjects.filter_map(|subject| subject.as_object()?.values().next()?.as_str().map(str::to_owned));
        let packets = said["evidence"].as_array().into_iter().flatten().flat_map(|evidence| {
            evidence["packets"].as_array().into_iter().flatten().filter_map(Value::as_u64)
        });
        Self {
            title: text(said, "title"),
            attackers: list("attackers"),
            victims: list("victims"),
            server: said["server"]["address"].as_str().unwrap_or_default(),
            subjects: subjects.collect(),
            packets: packets.collect(),
        }
    }

    /// How well a finding fits; 0: not at all.
    fn score(&self, finding: &Finding) -> u32 {
        let same = |said: &[String], found: &[IpAddr]| {
            said.len() == found.len() && said.iter().zip(found).all(|(a, b)| *a == b.to_string())
        };
        let server = finding.server.as_ref().map(|(address, _)| address.to_string()).unwrap_or_default();
        let subjects: Vec<String> = finding
            .subjects
            .iter()
            .map(|subject| match subject {
                Subject::Host(address) => address.to_string(),
                Subject::Name(name) => name.clone(),
                Subject::File(sha256) => sha256.clone(),
            })
            .collect();
        let shares = finding
            .evidence
            .iter()
            .flat_map(|evidence| &evidence.packets)
            .any(|id| self.packets.contains(&id.0));
        let hosts = same(&self.attackers, &finding.attackers) && same(&self.victims, &finding.victims);
        let title = self.title == finding.title;
        if !(title || shares || (hosts && server == self.server && subjects == self.subjects)) {
            return 0;
        }
        1 + u32::from(title) * 8
            + u32::from(hosts) * 4
            + u32::from(shares) * 4
            + u32::from(server == self.server) * 2
            + u32::from(subjects == self.subjects) * 2
    }
}

/// Incidents of the re-run under the numbers they are claimed with, and their findings likewise.
fn renumbered(claims: &[Value], incidents: Vec<Incident>, ids: &BTreeMap<u64, u64>) -> Vec<Incident> {
    let mut claimed: Vec<(u64, BTreeSet<u64>)> = Vec::new();
    for said in claims.iter().filter(|said| said["predicate"] == "comprises") {
        let number = text(said, "id").strip_prefix('I').and_then(|id| id.split('.').next()?.parse().ok());
        let findings =
            text(said, "object").split(' ').filter_map(|id| id.strip_prefix('F')?.parse().ok()).collect();
        claimed.extend(number.map(|number| (number, findings)));
    }
    let mut scores = Vec::new();
    let mut mapped = Vec::new();
    for (index, mut incident) in incidents.into_iter().enumerate() {
        // A finding that nobody claims keeps a number that no claimed one has, so that the difference shows.
        let number = |id: &u64| ids.get(id).copied().unwrap_or(STRANGER + *id);
        incident.findings = incident.findings.iter().map(number).collect();
        incident.findings.sort_unstable();
        for entry in &mut incident.timeline {
            entry.finding = number(&entry.finding);
        }
        for (id, findings) in &claimed {
            let shared = incident.findings.iter().filter(|finding| findings.contains(finding)).count();
            if shared > 0 {
                scores.push((std::cmp::Reverse(shared), *id, index));
            }
        }
        mapped.push(incident);
    }
    scores.sort();
    let (mut given, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, id, index) in scores {
        if !given.contains_key(&index) && taken.insert(id) {
            given.insert(index, id);
        }
    }
    let mut kept = Vec::new();
    for (index, mut incident) in mapped.into_iter().enumerate() {
        if let Some(id) = given.get(&index) {
            incident.id = *id;
            kept.push(incident);
        }
    }
    kept.sort_by_key(|incident| incident.id);
    kept
}

/// Numbers of findings that nobody claims begin here.
const STRANGER: u64 = 1 << 32;

/// A text field; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
