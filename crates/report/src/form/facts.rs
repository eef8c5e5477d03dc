//! What packets tell that forms ask for, in the words of a language.

use model::{Incident, Time};

use super::escaped;
use crate::catalogue::{Language, Piece, Words};
use crate::exchange::indicator::{Indicator, indicators};
use crate::exchange::rfc3339;
use crate::{Report, story};

/// Indicators listed in a form; the rest are in `indicators.csv`.
const INDICATORS_MAX: usize = 50;
/// Hosts listed in a description.
const VICTIMS_MAX: usize = 20;
/// Steps of an incident's timeline that a description holds.
const STEPS_MAX: usize = 30;
/// Hosts listed as components.
const COMPONENTS_MAX: usize = 100;

/// What packets tell that forms ask for.
pub(super) struct Facts<'a> {
    pub(super) report: &'a Report,
    pub(super) words: &'a Words,
    indicators: Vec<Indicator>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(report: &'a Report, words: &'a Words) -> Self {
        Self { report, words, indicators: indicators(report) }
    }

    fn told(&self) -> impl Iterator<Item = &'a Incident> {
        story::told(self.report)
    }

    fn fill(&self, key: &str, values: &[(&str, Piece)]) -> String {
        self.text_of(&self.words.fill(key, values))
    }

    /// A phrase as Markdown: what comes from traffic is escaped, and keeps its own direction inside a line from right to left.
    fn text_of(&self, phrase: &[Piece]) -> String {
        let mut text = String::new();
        for piece in phrase {
            let isolated = piece.is_data && self.words.language().is_rtl();
            if isolated {
                text.push('\u{2068}');
            }
            text.push_str(&if piece.is_data { escaped(&piece.text) } else { piece.text.clone() });
            if isolated {
                text.push('\u{2069}');
            }
        }
        text
    }

    /// A sentence of another stage.
    fn say(&self, english: &str) -> String {
        if self.words.language() == Language::English {
            return escaped(english);
        }
        self.text_of(&self.words.say(english).phrase)
    }

    fn time(&self, time: Time) -> Piece {
        Piece::data(rfc3339(time))
    }

    /// A count, in the digits of the language.
    fn number(&self, count: usize) -> Piece {
        Piece::words(self.words.count(count as u64))
    }

    fn none(&self) -> String {
        self.words.text("form.none").to_owned()
    }

    /// First hostile packet of all incidents told.
    pub(super) fn began(&self) -> String {
        match self.told().map(|incident| incident.first).min() {
            Some(first) => self.fill("form.began", &[("first", self.time(first))]),
            None => self.none(),
        }
    }

    pub(super) fn span(&self) -> String {
        let first = self.told().map(|incident| incident.first).min();
        let last = self.told().map(|incident| incident.last).max();
        let (Some(first), Some(last)) = (first, last) else { return self.none() };
        let whole = last.secs_since(first) as u64;
        // Days, hours and minutes, as the glossary of Implementing Regulation (EU) 2025/302, Annex II, field 3.15 wants them.
        let duration = format!("{:02}:{:02}:{:02}", whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
        let values =
            [("duration", Piece::data(duration)), ("first", self.time(first)), ("last", self.time(last))];
        self.fill("form.span", &values)
    }

    /// Each incident in a paragraph: title, severity, likelihood, times, victims, timeline.
    pub(super) fn description(&self) -> String {
        let mut parts: Vec<String> = self.told().map(|incident| self.incident(incident)).collect();
        if parts.is_empty() {
            parts.push(self.none());
        }
        let unseen = self.report.not_seen();
        if !unseen.is_empty() {
            let lines: Vec<String> = unseen.iter().map(|line| format!("- {}", self.say(line))).collect();
            parts.push(format!("{}:\n\n{}", self.words.text("unseen.title"), lines.join("\n")));
        }
        parts.join("\n\n")
    }

    fn incident(&self, incident: &Incident) -> String {
        let victims: Vec<String> =
            incident.victims.iter().take(VICTIMS_MAX).map(|victim| format!("`{victim}`")).collect();
        let more = incident.victims.len().saturating_sub(VICTIMS_MAX);
        let mut hosts =
            if victims.is_empty() { self.words.text("form.nobody").into() } else { victims.join(", ") };
        if more > 0 {
            hosts.push(' ');
            hosts.push_str(&self.fill("and.more", &[("count", self.number(more))]));
        }
        let heading = self.fill("incident.heading", &[("number", self.number(incident.id as usize))]);
        let values = [
            ("severity", Piece::words(self.words.severity(incident.severity))),
            ("likelihood", Piece::words(self.words.likelihood(incident.confidence))),
            ("promille", self.number(usize::from(incident.confidence.0))),
            ("first", self.time(incident.first)),
            ("last", self.time(incident.last)),
        ];
        let mut text = format!(
            "**{heading}: {}** {}. {} {}: {hosts}.",
            self.say(&incident.title),
            self.say(&incident.summary),
            self.fill("form.incident", &values),
            self.words.text("incident.victims"),
        );
        if !incident.timeline.is_empty() {
            text.push('\n');
        }
        for entry in incident.timeline.iter().take(STEPS_MAX) {
            let finding = self.number(entry.finding as usize);
            let number = self.fill("form.finding", &[("number", finding)]);
            text.push_str(&format!("\n- {}: {} ({number})", rfc3339(entry.time), self.say(&entry.text)));
        }
        text
    }

    fn victims(&self) -> Vec<std::net::IpAddr> {
        let mut victims: Vec<_> = self.told().flat_map(|incident| incident.victims.clone()).collect();
        victims.sort_unstable();
        victims.dedup();
        victims
    }

    /// Severity and impact, as far as packets show.
    pub(super) fn impact(&self) -> String {
        let Some(severity) = self.told().map(|incident| incident.severity).max() else { return self.none() };
        let mut phases: Vec<_> = self.told().flat_map(|incident| incident.phases.clone()).collect();
        phases.sort();
        phases.dedup();
        let phases: Vec<String> =
            phases.iter().map(|phase| self.words.tactic(phase.id, phase.name)).collect();
        let phases =
            if phases.is_empty() { self.words.text("form.nobody").to_owned() } else { phases.join(", ") };
        let values = [
            ("severity", Piece::words(self.words.severity(severity))),
            ("victims", self.number(self.victims().len())),
            ("hosts", self.number(self.report.overview.hosts)),
            ("phases", Piece::words(phases)),
        ];
        self.fill("form.impact", &values)
    }

    /// Whether unlawful or malicious acts are suspected.
    pub(super) fn malicious(&self) -> String {
        if self.told().next().is_none() {
            return self.words.text("form.no_suspicion").to_owned();
        }
        format!("{} {}", self.words.text("form.suspicion"), self.impact())
    }

    pub(super) fn techniques(&self) -> String {
        let mut techniques: Vec<&str> =
            self.told().flat_map(|incident| incident.techniques.clone()).collect();
        techniques.sort_unstable();
        techniques.dedup();
        let list: Vec<String> =
            techniques.iter().map(|id| format!("- {id} {}", incident::technique_name(id))).collect();
        if list.is_empty() { self.words.text("form.no_technique").into() } else { list.join("\n") }
    }

    /// Techniques as the likely cause, with what cannot be known.
    pub(super) fn cause(&self) -> String {
        format!("{}\n\n{}", self.techniques(), self.words.text("form.cause"))
    }

    pub(super) fn indicators(&self) -> String {
        let list: Vec<String> = self
            .indicators
            .iter()
            .filter(|indicator| indicator.what.is_global())
            .take(INDICATORS_MAX)
            .map(|indicator| {
                let values = [
                    ("role", Piece::words(self.words.role(indicator.role))),
                    ("likelihood", Piece::words(self.words.likelihood(indicator.confidence))),
                    ("first", self.time(indicator.first)),
                    ("last", self.time(indicator.last)),
                ];
                format!("- `{}` ({})", indicator.what.value(), self.fill("form.indicator", &values))
            })
            .collect();
        if list.is_empty() {
            return self.words.text("form.no_indicator").to_owned();
        }
        format!("{}\n\n{}", list.join("\n"), self.words.text("form.machine"))
    }

    /// What the findings propose to do.
    pub(super) fn steps(&self) -> String {
        let mut steps: Vec<String> = self
            .told()
            .flat_map(|incident| &incident.next_steps)
            .map(|step| format!("- {}", self.say(step)))
            .collect();
        steps.dedup();
        if steps.is_empty() {
            return self.words.text("form.no_step").to_owned();
        }
        format!("{}\n\n{}", self.words.text("form.steps"), steps.join("\n"))
    }

    /// Whether components were affected, as the template's choice.
    pub(super) fn is_affected(&self) -> String {
        self.words.text(if self.victims().is_empty() { "form.unknown" } else { "form.yes" }).to_owned()
    }

    /// Hosts concerned.
    pub(super) fn components(&self) -> String {
        let victims = self.victims();
        let mut list: Vec<String> =
            victims.iter().take(COMPONENTS_MAX).map(|address| format!("`{address}`")).collect();
        if list.is_empty() {
            return self.words.text("form.nobody").to_owned();
        }
        if let Some(more) = victims.len().checked_sub(COMPONENTS_MAX).filter(|more| *more > 0) {
            list.push(self.fill("and.more", &[("count", self.number(more))]));
        }
        format!("{}\n\n{}", list.join(", "), self.impact())
    }

    /// What is known of data losses.
    pub(super) fn losses(&self) -> String {
        let has = |id: &str| self.told().any(|incident| incident.phases.iter().any(|phase| phase.id == id));
        let key = if has("TA0010") || has("TA0009") { "form.data_left" } else { "form.no_data_left" };
        self.words.text(key).to_owned()
    }

    /// The type of the incident, in the template's words.
    pub(super) fn kind(&self) -> String {
        if self.told().next().is_none() { self.none() } else { self.words.text("form.cyber").to_owned() }
    }

    /// The root cause, in the template's words.
    pub(super) fn root(&self) -> String {
        let key = if self.told().next().is_none() { "form.unknown" } else { "form.malicious" };
        self.words.text(key).to_owned()
    }

    pub(super) fn discovery(&self) -> String {
        self.words.text("form.discovery").to_owned()
    }

    pub(super) fn estimate(&self) -> String {
        self.words.text("form.estimate").to_owned()
    }

    /// What of the criteria for a significant incident packets can show.
    pub(super) fn significance(&self) -> String {
        format!("{} {}", self.words.text("form.significance"), self.malicious())
    }
}
