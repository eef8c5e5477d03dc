//! Forms that the law asks for, filled as far as packets allow, with the blanks listed: NIS2 and DORA.
//!
//! Each stage is a Markdown file for people and a JSON file for programs. Fields are named as the law names them, in English.
//! What only the organisation knows (who it is, when it became aware, what it costs) is left blank and says why.

mod dora;
mod nis2;

use std::fmt::Write;

use serde_json::{Value, json};

use crate::exchange::indicator::{Indicator, indicators};
use crate::exchange::{pretty, rfc3339};
use crate::{Edition, Report, story, visible, words};

/// Indicators listed in a form; the rest are in `indicators.csv`.
const INDICATORS_MAX: usize = 50;

/// One stage of a procedure.
struct Form {
    /// Name of its files, without ending.
    file: &'static str,
    /// Its name.
    title: &'static str,
    /// The law that asks for it.
    law: &'static str,
    /// When it is due.
    due: &'static str,
    fields: Vec<Field>,
}

/// One field.
struct Field {
    /// Number or letter in the law.
    number: &'static str,
    /// Name in the law.
    name: &'static str,
    content: Content,
}

enum Content {
    /// Known from packets.
    Filled(String),
    /// Proposed from packets; somebody who knows the organisation must confirm.
    Proposed(String),
    /// Not known from packets: why, or who knows.
    Blank(&'static str),
}

fn filled(number: &'static str, name: &'static str, text: String) -> Field {
    Field { number, name, content: Content::Filled(text) }
}

fn proposed(number: &'static str, name: &'static str, text: String) -> Field {
    Field { number, name, content: Content::Proposed(text) }
}

fn blank(number: &'static str, name: &'static str, why: &'static str) -> Field {
    Field { number, name, content: Content::Blank(why) }
}

/// The NIS2 forms.
pub(crate) fn nis2(report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    files(nis2::forms(&Facts::of(report)), report, edition)
}

/// The DORA forms.
pub(crate) fn dora(report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    files(dora::forms(&Facts::of(report)), report, edition)
}

fn files(forms: Vec<Form>, report: &Report, edition: Edition) -> Vec<(String, Vec<u8>)> {
    forms
        .iter()
        .flat_map(|form| {
            [
                (format!("{}.md", form.file), form.markdown(report, edition).into_bytes()),
                (format!("{}.json", form.file), pretty(&form.json(report, edition))),
            ]
        })
        .collect()
}

impl Form {
    fn markdown(&self, report: &Report, edition: Edition) -> String {
        let mut text = String::new();
        let blanks: Vec<&Field> =
            self.fields.iter().filter(|field| !matches!(field.content, Content::Filled(_))).collect();
        let mut put =
            |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a String takes every write");
        put(format_args!("# {}\n\nTLP:{}\n", self.title, edition.tlp.label()));
        put(format_args!("- Asked for by: {}\n- Due: {}", self.law, self.due));
        put(format_args!("- Made from: {}", inputs(report)));
        put(format_args!(
            "- Filled from packets: {} of {} fields. **To be filled or confirmed by you: {}.**\n",
            self.fields.len() - blanks.len(),
            self.fields.len(),
            blanks.len()
        ));
        for field in &self.fields {
            put(format_args!("## {} {}\n", field.number, field.name));
            match &field.content {
                Content::Filled(content) => put(format_args!("{content}\n")),
                Content::Proposed(content) => {
                    put(format_args!("{content}\n\n*Proposed from packets; please confirm.*\n"))
                }
                Content::Blank(why) => put(format_args!("________________\n\n*{why}*\n")),
            }
        }
        put(format_args!("## Still to be filled or confirmed\n"));
        for field in &blanks {
            let what = match field.content {
                Content::Blank(why) => why,
                _ => "confirm the proposal",
            };
            put(format_args!("- [ ] {} {}: {what}", field.number, field.name));
        }
        text
    }

    fn json(&self, report: &Report, edition: Edition) -> Value {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|field| {
                let (state, value, note) = match &field.content {
                    Content::Filled(text) => ("filled", json!(text), Value::Null),
                    Content::Proposed(text) => ("proposed", json!(text), Value::Null),
                    Content::Blank(why) => ("blank", Value::Null, json!(why)),
                };
                json!({ "number": field.number, "name": field.name, "state": state, "value": value, "note": note })
            })
            .collect();
        let blanks: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| matches!(field.content, Content::Blank(_)))
            .map(|field| field.number)
            .collect();
        json!({
            "form": self.file,
            "title": self.title,
            "law": self.law,
            "due": self.due,
            "tlp": format!("TLP:{}", edition.tlp.label()),
            "program": report.manifest.program,
            "inputs": report.manifest.inputs.iter().map(|(name, bytes, sha256)| json!({ "name": name, "bytes": bytes, "sha256": sha256 })).collect::<Vec<_>>(),
            "fields": fields,
            "blanks": blanks
        })
    }
}

fn inputs(report: &Report) -> String {
    let list: Vec<String> = report
        .manifest
        .inputs
        .iter()
        .map(|(name, bytes, sha256)| match sha256.as_str() {
            "" => format!("{} ({bytes} bytes)", markdown(name)),
            sha256 => format!("{} (SHA-256 `{sha256}`)", markdown(name)),
        })
        .collect();
    if list.is_empty() { "a capture without a name".into() } else { list.join(", ") }
}

/// Text from traffic inside Markdown: hidden letters spelled out, letters with a meaning escaped.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        if "\\`*_{}[]<>()#+!|~&".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// What packets tell that forms ask for.
struct Facts<'a> {
    report: &'a Report,
    indicators: Vec<Indicator>,
}

impl<'a> Facts<'a> {
    fn of(report: &'a Report) -> Self {
        Self { report, indicators: indicators(report) }
    }

    fn has_incident(&self) -> bool {
        story::told(self.report).next().is_some()
    }

    /// First hostile packet of all incidents told.
    fn began(&self) -> String {
        story::told(self.report).map(|incident| incident.first).min().map_or_else(
            || "No incident of medium severity or above was found.".into(),
            |first| {
                format!("{} (first hostile packet in the capture; it may have begun before)", rfc3339(first))
            },
        )
    }

    fn span(&self) -> String {
        let first = story::told(self.report).map(|incident| incident.first).min();
        let last = story::told(self.report).map(|incident| incident.last).max();
        match (first, last) {
            (Some(first), Some(last)) => format!(
                "At least {} from {} to {} (seen in the capture; it may have gone on longer)",
                duration(last.secs_since(first)),
                rfc3339(first),
                rfc3339(last)
            ),
            _ => "No incident of medium severity or above was found.".into(),
        }
    }

    /// Each incident in a paragraph: title, severity, likelihood, times, victims, timeline.
    fn description(&self) -> String {
        let mut text = String::new();
        for incident in story::told(self.report) {
            let victims: Vec<String> = incident.victims.iter().take(20).map(ToString::to_string).collect();
            let more = incident.victims.len().saturating_sub(20);
            write!(
                text,
                "**Incident {}: {}** {} Severity {}. That this is an incident is {} ({} in 1,000). From {} to {}. Hosts concerned: {}{}.\n\n",
                incident.id,
                markdown(&incident.title),
                markdown(&incident.summary),
                incident.severity.word(),
                words::likelihood(incident.confidence),
                incident.confidence.0,
                rfc3339(incident.first),
                rfc3339(incident.last),
                if victims.is_empty() { "none known".into() } else { victims.join(", ") },
                if more > 0 { format!(" and {more} more") } else { String::new() }
            )
            .expect("a String takes every write");
            for entry in incident.timeline.iter().take(30) {
                writeln!(
                    text,
                    "- {}: {} (finding {})",
                    rfc3339(entry.time),
                    markdown(&entry.text),
                    entry.finding
                )
                .expect("a String takes every write");
            }
            text.push('\n');
        }
        if text.is_empty() {
            text.push_str("No incident of medium severity or above was found in this traffic.\n\n");
        }
        let unseen = self.report.not_seen();
        if !unseen.is_empty() {
            let lines: Vec<String> = unseen.iter().map(|line| markdown(line)).collect();
            write!(text, "Could not be seen: {}.", lines.join("; ")).expect("a String takes every write");
        }
        text.trim_end().to_owned()
    }

    /// Severity and impact, as far as packets show.
    fn impact(&self) -> String {
        let gravest = story::told(self.report).map(|incident| incident.severity).max();
        let mut victims: Vec<_> =
            story::told(self.report).flat_map(|incident| incident.victims.clone()).collect();
        victims.sort_unstable();
        victims.dedup();
        let mut phases: Vec<_> =
            story::told(self.report).flat_map(|incident| incident.phases.clone()).collect();
        phases.sort();
        phases.dedup();
        let phases: Vec<&str> = phases.iter().map(|phase| phase.name).collect();
        match gravest {
            Some(severity) => format!(
                "Severity {}; {} hosts concerned of {} of ours that were seen; phases of the attack seen: {}.",
                severity.word(),
                victims.len(),
                self.report.overview.hosts,
                if phases.is_empty() { "none named".into() } else { phases.join(", ") }
            ),
            None => "No incident of medium severity or above was found.".into(),
        }
    }

    fn techniques(&self) -> String {
        let mut techniques: Vec<&str> =
            story::told(self.report).flat_map(|incident| incident.techniques.clone()).collect();
        techniques.sort_unstable();
        techniques.dedup();
        let list: Vec<String> =
            techniques.iter().map(|id| format!("- {id} {}", incident::technique_name(id))).collect();
        if list.is_empty() { "No ATT&CK technique was recognised.".into() } else { list.join("\n") }
    }

    fn indicators(&self) -> String {
        let list: Vec<String> = self
            .indicators
            .iter()
            .filter(|indicator| indicator.what.is_global())
            .take(INDICATORS_MAX)
            .map(|indicator| {
                format!(
                    "- `{}` ({}; {}; first seen {}, last seen {})",
                    indicator.what.value(),
                    indicator.role.word(),
                    words::likelihood(indicator.confidence),
                    rfc3339(indicator.first),
                    rfc3339(indicator.last)
                )
            })
            .collect();
        if list.is_empty() {
            return "None that means something outside this network.".into();
        }
        format!("{}\n\nMachine-readable: `stix.json`, `misp.json`, `indicators.csv`.", list.join("\n"))
    }

    /// What the findings propose to do.
    fn steps(&self) -> String {
        let mut steps: Vec<String> = story::told(self.report)
            .flat_map(|incident| &incident.next_steps)
            .map(|step| format!("- {}", markdown(step)))
            .collect();
        steps.dedup();
        if steps.is_empty() { "None proposed.".into() } else { steps.join("\n") }
    }

    /// Hosts concerned, with names of servers known.
    fn components(&self) -> String {
        let mut victims: Vec<_> =
            story::told(self.report).flat_map(|incident| incident.victims.clone()).collect();
        victims.sort_unstable();
        victims.dedup();
        let list: Vec<String> = victims.iter().take(100).map(|address| format!("`{address}`")).collect();
        let more = victims.len().saturating_sub(100);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        if list.is_empty() { "None known.".into() } else { format!("{}{tail}", list.join(", ")) }
    }

    fn has_tactic(&self, id: &str) -> bool {
        story::told(self.report).any(|incident| incident.phases.iter().any(|phase| phase.id == id))
    }
}

/// Hours and minutes, or seconds.
fn duration(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        3_600.. => format!("{} h {} min", whole / 3_600, whole / 60 % 60),
        60.. => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{seconds:.1} s"),
    }
}
