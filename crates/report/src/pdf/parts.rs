//! What stands in the PDF, part by part.

use std::collections::BTreeSet;

use model::{Finding, Incident, Severity};

use super::setting::{Look, Span, span, spans};
use super::sheet::{Column, Press};
use crate::Report;
use crate::catalogue::{Language, Phrase, Piece, Words};
use crate::drawing::{Ink, talk, timeline};
use crate::story::{self, INCIDENTS_MAX};

/// Rows of a table.
const ROWS_MAX: usize = 200;
/// Hosts listed.
const HOSTS_MAX: usize = 64;

/// Writes the parts, one after another.
pub(super) struct Parts<'a, 'b> {
    pub(super) report: &'a Report,
    pub(super) words: &'a Words,
    pub(super) press: &'a mut Press<'b>,
    /// Findings told in full.
    pub(super) shown: BTreeSet<u64>,
}

fn column(share: f32) -> Column {
    Column { share, is_number: false }
}

fn numbers(share: f32) -> Column {
    Column { share, is_number: true }
}

impl Parts<'_, '_> {
    pub(super) fn all(&mut self) {
        self.cover();
        self.press.turn();
        self.press.turn();
        self.picture();
        self.timeline();
        self.incidents();
        self.servers();
        self.unseen();
        self.numbers();
        self.check();
    }

    fn word(&self, key: &str) -> String {
        self.words.text(key).to_owned()
    }

    fn heading(&mut self, level: u8, key: &str) {
        let text = vec![Piece::words(self.word(key))];
        self.press.heading(level, &text);
    }

    fn head(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.word(key)).collect()
    }

    /// A sentence of another stage; soft where it stays English.
    fn said(&self, english: &str, look: Look) -> Vec<Span> {
        let said = self.words.say(english);
        let mut list = spans(&said.phrase, look);
        if !said.is_translated {
            list.insert(0, Span { piece: Piece::words("† "), look: Look::SOFT });
        }
        list
    }

    fn badge(&self, severity: Severity) -> Vec<Span> {
        span(self.words.severity(severity), Look { is_bold: true, ink: Ink::Severity(severity) })
    }

    fn cover(&mut self) {
        let report = self.report;
        let lead = story::told(report).next();
        self.press.space(60.0);
        if let Some(incident) = lead {
            let mut badge = self.badge(incident.severity);
            badge.extend(span(format!(" · {}", self.words.likelihood(incident.confidence)), Look::BOLD));
            self.press.text(&badge, 13.0, 0.0);
            self.press.space(6.0);
        }
        let headline = story::headline(report, self.words);
        self.press.text(&spans(&headline, Look::BOLD), 25.0, 0.0);
        self.press.space(10.0);
        match lead {
            Some(incident) => {
                let sure = story::sure(incident, self.words);
                self.press.text(&spans(&sure, Look::PLAIN), 11.5, 0.0);
                self.press.space(4.0);
                if !incident.summary.is_empty() {
                    let claim = self.said(&incident.summary, Look::PLAIN);
                    self.press.paragraph(&claim);
                }
                if let Some(finding) = story::lead(report, incident) {
                    let (before, after) =
                        self.words.text("lead.strongest").split_once("{what}").unwrap_or_default();
                    let mut line = span(before, Look::PLAIN);
                    line.extend(self.said(&finding.title, Look::PLAIN));
                    line.extend(span(format!("{after} [{}]", self.words.count(finding.id)), Look::PLAIN));
                    self.press.paragraph(&line);
                }
                let others = story::told(report).count() - 1;
                if others > 0 {
                    let line = self.words.fill_count("lead.others", others as u64, &[]);
                    self.press.paragraph(&spans(&line, Look::PLAIN));
                }
            }
            None => {
                let line = span(self.word("lead.none"), Look::PLAIN);
                self.press.paragraph(&line);
            }
        }
        if let Some((first, last)) = report.overview.span {
            let line = self.span_line("brief.span", first, last, &[]);
            self.press.paragraph(&spans(&line, Look::SOFT));
        }
        if let Some(incident) = lead {
            self.press.space(10.0);
            self.brief(incident);
        }
    }

    fn span_line(&self, key: &str, first: model::Time, last: model::Time, more: &[(&str, Piece)]) -> Phrase {
        let mut values = vec![
            ("first", Piece::data(self.words.moment(first))),
            ("last", Piece::data(self.words.moment(last))),
        ];
        values.extend_from_slice(more);
        self.words.fill(key, &values)
    }

    fn brief(&mut self, incident: &Incident) {
        let mut rows: Vec<Vec<Vec<Span>>> = Vec::new();
        let who = story::hosts(&incident.victims, self.words);
        rows.push(vec![span(self.word("brief.who"), Look::BOLD), spans(&who, Look::PLAIN)]);
        for (position, server) in incident.servers.iter().take(5).enumerate() {
            let title = if position == 0 { self.word("brief.behind") } else { String::new() };
            let mut cell = vec![Span { piece: Piece::data(server.address.to_string()), look: Look::BOLD }];
            if !server.name.is_empty() {
                cell.extend(span(" ", Look::PLAIN));
                cell.push(Span { piece: Piece::data(server.name.clone()), look: Look::PLAIN });
            }
            let role =
                format!(" – {} · {}", self.words.role(server.role), self.words.likelihood(server.confidence));
            cell.extend(span(role, Look::SOFT));
            rows.push(vec![span(title, Look::BOLD), cell]);
        }
        for (position, phase) in incident.phases.iter().enumerate() {
            let title = if position == 0 { self.word("brief.what") } else { String::new() };
            let mut cell = span(self.word(&format!("doing.{}", phase.id)), Look::PLAIN);
            cell.extend(span(format!(" – {} ", self.words.tactic(phase.id, phase.name)), Look::SOFT));
            cell.push(Span { piece: Piece::data(phase.id), look: Look::SOFT });
            rows.push(vec![span(title, Look::BOLD), cell]);
        }
        for (position, step) in incident.next_steps.iter().enumerate() {
            let title = if position == 0 { self.word("brief.todo") } else { String::new() };
            rows.push(vec![span(title, Look::BOLD), self.said(step, Look::PLAIN)]);
        }
        self.press.table(&[column(1.2), column(4.0)], &[], &rows);
    }

    fn picture(&mut self) {
        let Some(talk) = talk(self.report, self.words) else { return };
        self.heading(1, "picture.title");
        self.press.drawing(&talk.drawing);
        let caption = span(self.word("picture.caption"), Look::SOFT);
        self.press.paragraph(&caption);
        let head = self.head(&["column.host", "column.server", "column.bytes", "column.severity"]);
        let rows: Vec<_> = talk
            .rows
            .iter()
            .take(ROWS_MAX)
            .map(|(host, server, bytes, severity)| {
                vec![
                    data(host),
                    data(server),
                    span(self.words.bytes(*bytes), Look::PLAIN),
                    self.badge(*severity),
                ]
            })
            .collect();
        self.press.table(&[column(3.0), column(3.0), numbers(1.2), column(1.2)], &head, &rows);
    }

    fn timeline(&mut self) {
        let report = self.report;
        let Some(timeline) = timeline(report, self.words) else { return };
        self.heading(1, "timeline.title");
        self.press.drawing(&timeline.drawing);
        let caption = span(self.word("timeline.caption"), Look::SOFT);
        self.press.paragraph(&caption);
        let head = self.head(&["column.time", "column.phase", "column.what", "column.finding"]);
        let rows: Vec<_> = timeline
            .lines
            .iter()
            .take(ROWS_MAX)
            .map(|line| {
                let phases: Vec<String> =
                    line.phases.iter().map(|(_, id, name)| self.words.tactic(id, name)).collect();
                vec![
                    data(&self.words.moment(line.finding.first)),
                    span(phases.join(", "), Look::PLAIN),
                    self.said(&line.finding.title, Look::PLAIN),
                    span(format!("[{}]", self.words.count(line.finding.id)), Look::PLAIN),
                ]
            })
            .collect();
        self.press.table(&[column(1.7), column(1.7), column(5.0), numbers(0.9)], &head, &rows);
    }

    fn incidents(&mut self) {
        let report = self.report;
        if report.incidents.is_empty() {
            return;
        }
        self.heading(1, "incidents.title");
        for incident in report.incidents.iter().take(INCIDENTS_MAX) {
            self.incident(incident);
        }
        let more = report.incidents.len().saturating_sub(INCIDENTS_MAX);
        if more > 0 {
            let line = self.words.fill_count("incidents.more", more as u64, &[]);
            self.press.paragraph(&spans(&line, Look::PLAIN));
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let mut title =
            self.words.fill("incident.heading", &[("number", Piece::words(self.words.count(incident.id)))]);
        title.push(Piece::words(": "));
        title.extend(self.words.say(&incident.title).phrase);
        self.press.heading(2, &title);
        let mut line = self.badge(incident.severity);
        line.extend(span(" · ", Look::PLAIN));
        let more = [
            ("likelihood", Piece::words(self.words.likelihood(incident.confidence))),
            ("promille", Piece::words(self.words.count(u64::from(incident.confidence.0)))),
            ("score", Piece::words(story::score(incident, self.words))),
        ];
        line.extend(spans(
            &self.span_line("incident.span", incident.first, incident.last, &more),
            Look::PLAIN,
        ));
        self.press.paragraph(&line);
        if !incident.summary.is_empty() {
            let claim = self.said(&incident.summary, Look::BOLD);
            self.press.paragraph(&claim);
        }
        for line in crate::seen::ties(incident) {
            let line = self.said(&line, Look::PLAIN);
            self.press.bullet(&line);
        }
        let mut rows = Vec::new();
        for (key, list) in
            [("incident.victims", &incident.victims), ("incident.attackers", &incident.attackers)]
        {
            if !list.is_empty() {
                let mut cell: Vec<Span> = Vec::new();
                for address in list.iter().take(HOSTS_MAX) {
                    cell.extend(data(&address.to_string()));
                    cell.extend(span(" ", Look::PLAIN));
                }
                let more = list.len().saturating_sub(HOSTS_MAX);
                if more > 0 {
                    let count = ("count", Piece::words(self.words.count(more as u64)));
                    cell.extend(spans(&self.words.fill("and.more", &[count]), Look::PLAIN));
                }
                rows.push(vec![span(self.word(key), Look::BOLD), cell]);
            }
        }
        if !incident.techniques.is_empty() {
            let list: Vec<String> = incident
                .techniques
                .iter()
                .map(|id| format!("{id} {}", incident::technique_name(id)))
                .collect();
            rows.push(vec![span(self.word("incident.techniques"), Look::BOLD), data(&list.join(", "))]);
        }
        for (position, step) in incident.next_steps.iter().enumerate() {
            let title = if position == 0 { self.word("incident.todo") } else { String::new() };
            rows.push(vec![span(title, Look::BOLD), self.said(step, Look::PLAIN)]);
        }
        self.press.table(&[column(1.2), column(4.0)], &[], &rows);
        let report = self.report;
        let mut more = 0;
        for id in &incident.findings {
            match report.finding(*id) {
                Some(finding) if self.shown.contains(id) => self.finding(finding),
                _ => more += 1,
            }
        }
        if more > 0 {
            let line = self.words.fill_count("incident.more_findings", more, &[]);
            self.press.paragraph(&spans(&line, Look::PLAIN));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.press.space(4.0);
        self.press.need(90.0);
        self.press.place(format!("finding-{}", finding.id));
        let mut title = span(format!("[{}] ", self.words.count(finding.id)), Look::SOFT);
        title.extend(self.said(&finding.title, Look::BOLD));
        self.press.text(&title, 10.5, 0.0);
        let mut line = self.badge(finding.severity);
        line.extend(span(format!(" · {} · ", self.words.likelihood(finding.confidence)), Look::SOFT));
        let detector =
            if finding.detector == "rule" { self.word("finding.rule") } else { finding.detector.to_owned() };
        line.extend(data_soft(&detector));
        line.extend(span(" · ", Look::SOFT));
        line.extend(data_soft(&finding.techniques.join(" ")));
        line.extend(span(" · ", Look::SOFT));
        line.extend(data_soft(&format!(
            "{} – {}",
            self.words.moment(finding.first),
            self.words.moment(finding.last)
        )));
        self.press.text(&line, 9.0, 0.0);
        self.press.space(4.0);
        self.arithmetic(finding);
        for evidence in &finding.evidence {
            let mut line = span(format!("{}: ", self.word("finding.evidence")), Look::BOLD);
            let packets: Vec<String> = evidence.packets.iter().map(|packet| packet.0.to_string()).collect();
            line.extend(data(&packets.join(" ")));
            if !evidence.field.is_empty() {
                line.extend(span(" · ", Look::SOFT));
                line.extend(data_soft(evidence.field));
            }
            if !evidence.excerpt.is_empty() {
                line.extend(span(" · ", Look::SOFT));
                let said = self.words.say(&evidence.excerpt);
                let is_own = said.is_translated && self.words.language() != Language::English;
                line.extend(if is_own { spans(&said.phrase, Look::PLAIN) } else { data(&evidence.excerpt) });
            }
            self.press.text(&line, 9.0, 0.0);
            self.press.space(3.0);
            if !evidence.packets.is_empty() {
                self.press.command(&story::look(self.report, &evidence.packets));
            }
        }
        if !finding.against.is_empty() {
            let mut line = span(format!("{}: ", self.word("finding.against")), Look::BOLD);
            for against in &finding.against {
                line.extend(self.said(against, Look::PLAIN));
                line.extend(span(" ", Look::PLAIN));
            }
            self.press.text(&line, 9.0, 0.0);
        }
        self.press.space(8.0);
    }

    fn arithmetic(&mut self, finding: &Finding) {
        if finding.terms.is_empty() {
            return;
        }
        let head = self.head(&[
            "column.measured",
            "column.value",
            "column.threshold",
            "column.weight",
            "column.meaning",
        ]);
        let rows: Vec<_> = finding
            .terms
            .iter()
            .map(|term| {
                vec![
                    self.said(term.name, Look::PLAIN),
                    data(&self.words.number(term.value)),
                    data(&self.words.number(term.threshold)),
                    data(&self.words.digits(&format!("{:+.1}", term.weight))),
                    self.said(&term.meaning, Look::PLAIN),
                ]
            })
            .collect();
        self.press.table(&[column(2.3), numbers(1.1), numbers(1.1), numbers(0.9), column(4.0)], &head, &rows);
    }

    fn servers(&mut self) {
        let report = self.report;
        let mut rows = Vec::new();
        for incident in report.incidents.iter().filter(|incident| incident.severity >= Severity::Low) {
            for server in &incident.servers {
                let mut name = data(&server.address.to_string());
                if !server.name.is_empty() {
                    name.extend(span(" ", Look::PLAIN));
                    name.extend(data(&server.name));
                }
                let mut why = Vec::new();
                let seen = server.profile.as_deref().map_or_else(Vec::new, crate::seen::profile);
                for line in server.reasons.iter().take(6).chain(&seen) {
                    why.extend(self.said(line, Look::PLAIN));
                    why.extend(span(". ", Look::SOFT));
                }
                rows.push(vec![
                    name,
                    span(self.words.role(server.role), Look::PLAIN),
                    span(self.words.likelihood(server.confidence), Look::PLAIN),
                    why,
                    span(self.words.count(incident.id), Look::PLAIN),
                ]);
            }
        }
        if rows.is_empty() {
            return;
        }
        rows.truncate(ROWS_MAX);
        self.heading(1, "servers.title");
        let head =
            self.head(&["column.server", "column.role", "column.sure", "column.why", "column.incident"]);
        self.press.table(&[column(2.2), column(1.3), column(1.2), column(4.0), numbers(0.9)], &head, &rows);
    }

    fn unseen(&mut self) {
        self.heading(1, "unseen.title");
        let lines = self.report.not_seen();
        if lines.is_empty() {
            let line = span(self.word("unseen.nothing"), Look::PLAIN);
            self.press.paragraph(&line);
        }
        for line in lines {
            let line = self.said(&line, Look::PLAIN);
            self.press.bullet(&line);
        }
    }

    fn numbers(&mut self) {
        self.heading(1, "numbers.title");
        let head = self.head(&["column.number", "column.what", "column.source"]);
        let rows: Vec<_> = story::numbers(self.report, self.words)
            .into_iter()
            .map(|(name, value)| {
                vec![
                    span(value, Look::BOLD),
                    span(self.word(&format!("numbers.{name}")), Look::PLAIN),
                    spans(&story::source(name, self.words), Look::SOFT),
                ]
            })
            .collect();
        self.press.table(&[numbers(1.0), column(2.0), column(5.0)], &head, &rows);
        let spoken: Vec<String> = self
            .report
            .overview
            .transactions
            .iter()
            .map(|(protocol, count)| format!("{protocol} {}", self.words.count(*count)))
            .collect();
        if !spoken.is_empty() {
            let mut line = span(format!("{}: ", self.word("numbers.protocols")), Look::PLAIN);
            line.extend(data(&spoken.join(" · ")));
            self.press.paragraph(&line);
        }
    }

    fn check(&mut self) {
        self.heading(1, "check.title");
        let intro = span(self.word("check.intro"), Look::PLAIN);
        self.press.paragraph(&intro);
        let manifest = &self.report.manifest;
        let mut rows = vec![vec![span(self.word("check.program"), Look::BOLD), data(&manifest.program)]];
        for (name, bytes, sha256) in &manifest.inputs {
            let mut cell = data(name);
            cell.extend(span(format!(" · {} · SHA-256 ", self.words.bytes(*bytes)), Look::SOFT));
            cell.extend(if sha256.is_empty() { data_soft("—") } else { data(sha256) });
            rows.push(vec![span(self.word("check.input"), Look::BOLD), cell]);
        }
        for (name, sha256, count) in &manifest.rules {
            let mut cell = data(name);
            let count = ("count", Piece::words(self.words.count(*count as u64)));
            cell.extend(span(" · ", Look::SOFT));
            cell.extend(spans(&self.words.fill("check.rules_count", &[count]), Look::SOFT));
            cell.extend(span(" · SHA-256 ", Look::SOFT));
            cell.extend(data(sha256));
            rows.push(vec![span(self.word("check.rules"), Look::BOLD), cell]);
        }
        let mut cell = span("SHA-256 ", Look::SOFT);
        cell.extend(data(&manifest.configuration));
        rows.push(vec![span(self.word("check.configuration"), Look::BOLD), cell]);
        self.press.table(&[column(1.2), column(4.0)], &[], &rows);
        let note = span(self.word("note.words"), Look::SOFT);
        self.press.paragraph(&note);
        if self.words.language() != Language::English {
            let note = span(format!("† {}", self.word("note.english")), Look::SOFT);
            self.press.paragraph(&note);
        }
    }
}

fn data(text: &str) -> Vec<Span> {
    if text.is_empty() { Vec::new() } else { vec![Span { piece: Piece::data(text), look: Look::PLAIN }] }
}

fn data_soft(text: &str) -> Vec<Span> {
    if text.is_empty() { Vec::new() } else { vec![Span { piece: Piece::data(text), look: Look::SOFT }] }
}
