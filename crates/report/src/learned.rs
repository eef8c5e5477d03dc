//! Suricata rules for what was learned: an address, a name that controls, receives or delivers.
//!
//! A rule is offered only after a trial on the capture it was learned from: it must fire on its incident, and on no flow
//! outside the hosts of the incidents. What was dropped is written down with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use model::Role;

use crate::exchange::indicator::{Indicator, What, indicators};
use crate::exchange::rfc3339;
use crate::{Edition, Report, story, visible};

/// First signature id. 1,000,000 to 1,999,999 are for local rules.
const SID_FIRST: u32 = 1_980_000;
/// Rules at most.
const RULES_MAX: usize = 500;

/// A rule that may be offered.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its signature id.
    pub sid: u32,
    /// The rule.
    pub text: String,
    /// What it looks for.
    pub about: String,
    kind: &'static str,
    why: String,
    findings: Vec<u64>,
}

/// How a candidate did on the capture.
#[derive(Debug, Default, Clone)]
pub struct Trial {
    /// Alerts between hosts of incidents.
    pub inside: u64,
    /// Alerts on other traffic.
    pub outside: u64,
    /// The first of those: source, destination, packet.
    pub example: Option<(IpAddr, IpAddr, u64)>,
}

/// Lets a rule that is offered speak once an hour per host. A trial counts every match, so it goes without.
const LIMIT: &str = "threshold:type limit, track by_src, count 1, seconds 3600; ";

impl Candidate {
    /// The rule as it is tried: without its limit, which would hide matches.
    pub fn trial_text(&self) -> String {
        self.text.replace(LIMIT, "")
    }
}

/// Rules for the indicators of a report that mean something outside its network.
pub fn candidates(report: &Report) -> Vec<Candidate> {
    let mut list = Vec::new();
    for indicator in indicators(report).iter().filter(|indicator| indicator.what.is_global()) {
        let rules: Vec<(&'static str, String)> = match &indicator.what {
            What::Address(address) => vec![of_address(*address, indicator.role)],
            What::Name(name) => of_name(name),
            What::File(_) => Vec::new(),
        };
        for (kind, head) in rules {
            if list.len() < RULES_MAX {
                let sid = SID_FIRST + u32::try_from(list.len()).unwrap_or(0);
                list.push(candidate(sid, kind, &head, indicator));
            }
        }
    }
    list
}

/// Hosts of all incidents of medium severity or above.
pub fn parties(report: &Report) -> BTreeSet<IpAddr> {
    let mut parties = BTreeSet::new();
    for incident in story::told(report) {
        parties.extend(incident.victims.iter().chain(&incident.attackers).copied());
        parties.extend(incident.servers.iter().map(|server| server.address));
    }
    parties
}

fn of_address(address: IpAddr, role: Role) -> (&'static str, String) {
    let address = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    match role {
        Role::Attack => (
            "address",
            format!(
                "alert ip {address} any -> $HOME_NET any (msg:\"Targe learned: traffic from a host that attacked, {{}}\"; "
            ),
        ),
        _ => (
            "address",
            format!(
                "alert ip $HOME_NET any -> {address} any (msg:\"Targe learned: traffic to a hostile server, {{}}\"; "
            ),
        ),
    }
}

/// The name as it is asked for and as it is connected to. Names are checked: letters, digits, `-`, `_` and dots.
fn of_name(name: &str) -> Vec<(&'static str, String)> {
    let content = format!("dotprefix; content:\".{name}\"; nocase; endswith; ");
    vec![
        (
            "dns",
            format!(
                "alert dns any any -> any any (msg:\"Targe learned: question for a hostile name, {{}}\"; dns.query; {content}"
            ),
        ),
        (
            "tls",
            format!(
                "alert tls $HOME_NET any -> any any (msg:\"Targe learned: TLS to a hostile name, {{}}\"; flow:established,to_server; tls.sni; {content}"
            ),
        ),
        (
            "http",
            format!(
                "alert http $HOME_NET any -> any any (msg:\"Targe learned: HTTP to a hostile name, {{}}\"; flow:established,to_server; http.host; {content}"
            ),
        ),
    ]
}

fn candidate(sid: u32, kind: &'static str, head: &str, indicator: &Indicator) -> Candidate {
    let about = indicator.what.value();
    let kind_class = match indicator.role {
        Role::Control => "command-and-control",
        Role::Attack => "attempted-recon",
        Role::Drop | Role::Delivery | Role::Relay | Role::Benign | Role::Unknown => "bad-unknown",
    };
    let mut text = head.replace("{}", &about.replace(':', "\\:"));
    if let Some(technique) = indicator.techniques.first() {
        write!(text, "metadata:mitre_technique_id {technique}; ").expect("a String takes every write");
    }
    // One alert per host and hour is enough to act on.
    write!(text, "{LIMIT}classtype:{kind_class}; sid:{sid}; rev:1;)").expect("a String takes every write");
    Candidate { sid, text, about, kind, why: indicator.why.clone(), findings: indicator.findings.clone() }
}

/// `learned.rules`: what is offered, and below it, as comments, what was dropped and why.
pub fn render(
    report: &Report,
    edition: Edition,
    candidates: &[Candidate],
    trials: &BTreeMap<u32, Trial>,
) -> Vec<u8> {
    let mut text = String::new();
    let mut put =
        |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a String takes every write");
    put(format_args!("# Rules for what was learned. TLP:{}", edition.tlp.label()));
    put(format_args!("# Made by {} from:", one_line(&report.manifest.program)));
    for (name, _, sha256) in &report.manifest.inputs {
        let sha256 = if sha256.is_empty() { "not computed" } else { sha256 };
        put(format_args!("#   {} SHA-256 {sha256}", one_line(name)));
    }
    let as_of = rfc3339(crate::exchange::as_of(report));
    put(format_args!(
        "# Knowledge ends at {as_of}. Each rule was tried on that capture: alerts inside the incidents are counted,"
    ));
    put(format_args!("# and a rule that fired on any other traffic, or on none, is not offered.\n"));
    let mut dropped = Vec::new();
    for candidate in candidates {
        let trial = trials.get(&candidate.sid).cloned().unwrap_or_default();
        match verdict(&trial) {
            None => {
                let findings: Vec<String> = candidate.findings.iter().map(u64::to_string).collect();
                put(format_args!(
                    "# {} (findings {}); fired {} times inside, never outside",
                    one_line(&candidate.why),
                    findings.join(", "),
                    trial.inside
                ));
                put(format_args!("{}\n", candidate.text));
            }
            Some(reason) => dropped.push((candidate, reason)),
        }
    }
    if !dropped.is_empty() {
        put(format_args!("# Not offered:"));
    }
    for (candidate, reason) in dropped {
        put(format_args!("# sid {}, {} by {}: {reason}", candidate.sid, candidate.about, candidate.kind));
    }
    text.into_bytes()
}

/// Rules that are offered, of all candidates.
pub fn offered(candidates: &[Candidate], trials: &BTreeMap<u32, Trial>) -> usize {
    candidates
        .iter()
        .filter(|candidate| trials.get(&candidate.sid).is_some_and(|trial| verdict(trial).is_none()))
        .count()
}

/// Why a rule is not offered; `None` when it is.
fn verdict(trial: &Trial) -> Option<String> {
    match (trial.outside, trial.inside, trial.example) {
        (0, 0, _) => Some("did not fire on the capture it was learned from".into()),
        (0, _, _) => None,
        (outside, _, Some((source, destination, packet))) => Some(format!(
            "fired {outside} times outside the incidents, first from {source} to {destination} in packet {packet}"
        )),
        (outside, _, None) => Some(format!("fired {outside} times outside the incidents")),
    }
}

/// Text from traffic inside a comment: it cannot end the line.
fn one_line(text: &str) -> String {
    visible(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_fires_outside_or_never_is_not_offered_and_says_so() {
        let report = crate::sample::report();
        let list = candidates(&report);
        assert!(
            list.iter()
                .any(|candidate| candidate.text.contains("content:\".cdn-sync.example\"; nocase; endswith;"))
        );
        assert!(
            list.iter().all(|candidate| !candidate.text.contains("10.0.0.")),
            "no rule for a host of ours"
        );
        let mut trials = BTreeMap::new();
        trials.insert(list[0].sid, Trial { inside: 5, ..Trial::default() });
        let example = Some(("10.0.0.9".parse().unwrap(), "203.0.113.9".parse().unwrap(), 77));
        trials.insert(list[1].sid, Trial { inside: 5, outside: 2, example });
        let text = String::from_utf8(render(&report, Edition::default(), &list, &trials)).unwrap();
        let rules: Vec<&str> = text.lines().filter(|line| line.starts_with("alert ")).collect();
        assert_eq!(rules, [list[0].text.as_str()]);
        assert!(text.contains(
            "fired 2 times outside the incidents, first from 10.0.0.9 to 203.0.113.9 in packet 77"
        ));
        assert!(text.contains("did not fire on the capture"));
        assert_eq!(offered(&list, &trials), 1);
    }
}
