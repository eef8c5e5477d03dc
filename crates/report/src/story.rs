//! What every reader is told first, in words: shared by the page, the PDF and the forms.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Finding, Incident, Severity};

use crate::Report;
use crate::catalogue::{Phrase, Piece, Words};

/// Incidents from here on are told; lesser ones are listed.
pub(crate) const TOLD_FROM: Severity = Severity::Medium;

/// Incidents told in full; the rest are in `incidents.json`.
pub(crate) const INCIDENTS_MAX: usize = 50;
/// Findings told per incident, gravest first; the rest are in `findings.json`.
const FINDINGS_MAX: usize = 60;
/// Findings told in one report.
const FINDINGS_MAX_ALL: usize = 1_000;

/// The findings that are told in full: what pages link to.
pub(crate) fn shown(report: &Report) -> BTreeSet<u64> {
    let mut shown = BTreeSet::new();
    for incident in report.incidents.iter().take(INCIDENTS_MAX) {
        let mut findings: Vec<&Finding> =
            incident.findings.iter().filter_map(|id| report.finding(*id)).collect();
        findings.sort_by_key(|finding| {
            std::cmp::Reverse((finding.severity, finding.confidence, std::cmp::Reverse(finding.id)))
        });
        let room = FINDINGS_MAX.min(FINDINGS_MAX_ALL - shown.len());
        shown.extend(findings.iter().take(room).map(|finding| finding.id));
    }
    shown
}

/// Incidents of medium severity or above.
pub(crate) fn told(report: &Report) -> impl Iterator<Item = &Incident> {
    report.incidents.iter().filter(|incident| incident.severity >= TOLD_FROM)
}

/// The headline: what was done, and to whom.
pub(crate) fn headline(report: &Report, words: &Words) -> Phrase {
    told(report).next().map_or_else(
        || vec![Piece::words(words.text("headline.none"))],
        |incident| {
            let mut phrase = Phrase::new();
            for piece in words.fill("headline.some", &[("what", doing(report, incident, words))]) {
                if piece.text == "{who}" {
                    phrase.extend(hosts(&incident.victims, words))
                } else {
                    phrase.push(piece)
                }
            }
            phrase
        },
    )
}

/// The gravest finding of an incident.
pub(crate) fn lead<'a>(report: &'a Report, incident: &Incident) -> Option<&'a Finding> {
    incident
        .findings
        .iter()
        .filter_map(|id| report.finding(*id))
        .max_by_key(|finding| (finding.severity, finding.confidence, std::cmp::Reverse(finding.id)))
}

/// What was done, by the gravest tactic of the gravest finding.
fn doing(report: &Report, incident: &Incident, words: &Words) -> Piece {
    // From the end of an attack backwards: what hurts most comes first.
    const GRAVITY: [&str; 15] = [
        "TA0106", "TA0040", "TA0010", "TA0011", "TA0008", "TA0006", "TA0002", "TA0001", "TA0009", "TA0003",
        "TA0004", "TA0005", "TA0007", "TA0043", "TA0042",
    ];
    let tactics: Vec<&str> = lead(report, incident)
        .into_iter()
        .flat_map(|finding| &finding.techniques)
        .filter_map(|technique| incident::phase(technique))
        .map(|phase| phase.id)
        .collect();
    let gravest = GRAVITY.into_iter().find(|id| tactics.contains(id)).unwrap_or("none");
    Piece::words(words.text(&format!("doing.{gravest}")))
}

/// `10.0.0.21 and 3 more`.
pub(crate) fn hosts(addresses: &[IpAddr], words: &Words) -> Phrase {
    match addresses {
        [] => vec![Piece::words("–")],
        [one] => vec![Piece::data(one.to_string())],
        [first, more @ ..] => words.fill(
            "headline.more",
            &[
                ("who", Piece::data(first.to_string())),
                ("count", Piece::words(words.count(more.len() as u64))),
            ],
        ),
    }
}

/// How sure and how bad, in a sentence.
pub(crate) fn sure(incident: &Incident, words: &Words) -> Phrase {
    words.fill(
        "lead.sure",
        &[
            ("likelihood", Piece::words(words.likelihood(incident.confidence))),
            ("promille", Piece::words(words.count(u64::from(incident.confidence.0)))),
            ("severity", Piece::words(words.severity(incident.severity))),
        ],
    )
}

/// The numbers of what was looked at: key of the catalogue, value.
pub(crate) fn numbers(report: &Report, words: &Words) -> Vec<(&'static str, String)> {
    let overview = &report.overview;
    vec![
        ("packets", words.count(overview.packets)),
        ("flows", words.count(overview.flows)),
        ("bytes", words.bytes(overview.bytes)),
        ("hosts", words.count(overview.hosts as u64)),
        ("files", words.count(overview.files)),
        ("alerts", words.count(overview.alerts)),
        ("findings", words.count(report.findings.len() as u64)),
        ("incidents", words.count(told(report).count() as u64)),
    ]
}

/// How to count one of [`numbers`] again. What stands between backticks is code, and isolated like it.
pub(crate) fn source(name: &str, words: &Words) -> Phrase {
    let key = format!("source.{name}");
    let parts = words.text(&key).split('`').enumerate();
    parts
        .filter(|(_, part)| !part.is_empty())
        .map(|(position, part)| if position % 2 == 1 { Piece::data(part) } else { Piece::words(part) })
        .collect()
}

/// The score of an incident with one digit behind the point; hundredths are all that is kept.
pub(crate) fn score(incident: &Incident, words: &Words) -> String {
    words.digits(&format!("{:.1}", (incident.score * 100.0).round() / 100.0))
}

/// The line with which anyone looks at packets without Targe; the capture's name is quoted for a shell.
pub(crate) fn look(report: &Report, packets: &[model::PacketId]) -> String {
    let list: Vec<String> = packets.iter().map(|packet| packet.0.to_string()).collect();
    let name = match report.manifest.inputs.as_slice() {
        [(name, _, _)] => quoted(name),
        [] => "capture.pcap".to_owned(),
        _ => "merged.pcapng".to_owned(),
    };
    format!("tshark -r {name} -Y 'frame.number in {{{}}}'", list.join(", "))
}

/// A name as one word of a POSIX shell.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/+".contains(letter);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain) {
        return name.to_owned();
    }
    let start = if name.starts_with('-') { "./" } else { "" };
    format!("'{start}{}'", name.replace('\'', r"'\''"))
}
