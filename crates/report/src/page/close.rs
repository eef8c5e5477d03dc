//! The end of the page: servers, what could not be seen, what was looked at, and how to check it all.

use model::Severity;

use super::{LINES_MAX, Page, html};
use crate::catalogue::{Language, Piece};
use crate::{seen, story};

/// Reasons shown per server.
const REASONS_MAX: usize = 6;

impl Page<'_> {
    pub(super) fn servers(&mut self) {
        let report = self.report;
        let mut rows = Vec::new();
        let told = report.incidents.iter().take(story::INCIDENTS_MAX);
        for incident in told.filter(|incident| incident.severity >= Severity::Low) {
            rows.extend(incident.servers.iter().map(|server| (incident.id, server)));
        }
        if rows.is_empty() {
            return;
        }
        self.section("servers", "servers.title");
        self.columns(&["column.server", "column.role", "column.sure", "column.why", "column.incident"]);
        for (incident, server) in rows.into_iter().take(LINES_MAX) {
            let name = if server.name.is_empty() {
                String::new()
            } else {
                format!("<br>{}", html::data(&server.name))
            };
            let reasons: Vec<String> = server
                .reasons
                .iter()
                .take(REASONS_MAX)
                .map(|reason| format!("<li>{}", self.said(reason)))
                .collect();
            let seen = server.profile.as_deref().map_or_else(Vec::new, seen::profile);
            let seen: Vec<String> = seen.iter().map(|line| format!("<li>{}", self.said(line))).collect();
            self.add(format_args!(
                "<tr><th scope=\"row\">{}{name}<td>{}<td>{}<td><ul>{}</ul><td><a href=\"#incident-{incident}\">{}</a>",
                html::code(&server.address.to_string()),
                html::words(&self.words.role(server.role)),
                html::words(self.words.likelihood(server.confidence)),
                [reasons, seen].concat().join(""),
                self.words.count(incident)
            ));
        }
        self.put("</table></div></section>");
    }

    pub(super) fn not_seen(&mut self) {
        self.section("unseen", "unseen.title");
        self.put("<ul>");
        let lines = self.report.not_seen();
        if lines.is_empty() {
            let line = self.word("unseen.nothing");
            self.add(format_args!("<li>{line}"));
        }
        for line in lines {
            let line = self.said(&line);
            self.add(format_args!("<li>{line}"));
        }
        self.put("</ul></section>");
    }

    pub(super) fn numbers(&mut self) {
        self.section("numbers", "numbers.title");
        let numbers = story::numbers(self.report, self.words);
        self.put("<dl class=\"facts\">");
        for (position, (name, value)) in numbers.iter().enumerate() {
            let label = self.word(&format!("numbers.{name}"));
            let source = html::flat(&story::source(name, self.words));
            let note = self.words.count(position as u64 + 1);
            self.add(format_args!(
                "<div title=\"{source}\"><dt>{label} <sup><a href=\"#from-{name}\">{note}</a></sup><dd>{value}</div>"
            ));
        }
        self.put("</dl>");
        let spoken: Vec<String> = self
            .report
            .overview
            .transactions
            .iter()
            .map(|(protocol, count)| format!("{} {}", html::data(protocol), self.words.count(*count)))
            .collect();
        if !spoken.is_empty() {
            let name = self.word("numbers.protocols");
            self.add(format_args!("<p>{name}: {}</p>", spoken.join(" · ")));
        }
        self.put("<ol class=\"notes\">");
        for (name, _) in &numbers {
            let source: String = story::source(name, self.words)
                .iter()
                .map(|piece| if piece.is_data { html::code(&piece.text) } else { html::words(&piece.text) })
                .collect();
            self.add(format_args!("<li id=\"from-{name}\">{source}"));
        }
        self.put("</ol></section>");
    }

    pub(super) fn check(&mut self) {
        self.section("check", "check.title");
        let intro = self.word("check.intro");
        self.add(format_args!("<p>{intro}</p><div class=\"wide\" tabindex=\"0\"><table class=\"keys\">"));
        let manifest = &self.report.manifest;
        let row = |page: &mut Self, key: &str, value: String| {
            let name = page.word(key);
            page.add(format_args!("<tr><th scope=\"row\">{name}<td>{value}"));
        };
        row(self, "check.program", html::data(&manifest.program));
        for (name, bytes, sha256) in &manifest.inputs {
            let check = if sha256.is_empty() {
                self.word("check.no_digest")
            } else {
                html::code(&format!("echo '{sha256}  '{} | sha256sum -c", story::quoted(name)))
            };
            let value =
                format!("{} · {}<br>{check}", html::data(name), html::words(&self.words.bytes(*bytes)),);
            row(self, "check.input", value);
        }
        for (name, sha256, count) in &manifest.rules {
            let count = Piece::words(self.words.count(*count as u64));
            let value = format!(
                "{} · {}<br>SHA-256 {}",
                html::data(name),
                self.fill("check.rules_count", &[("count", count)]),
                html::code(sha256)
            );
            row(self, "check.rules", value);
        }
        row(self, "check.configuration", format!("SHA-256 {}", html::code(&manifest.configuration)));
        row(self, "check.shards", self.words.count(manifest.shards as u64));
        self.put("</table></div>");
        let words = self.word("note.words");
        self.add(format_args!("<p class=\"small\">{words}</p>"));
        if self.edition.language != Language::English {
            let line = self.word("note.english");
            self.add(format_args!("<p class=\"small\"><span class=\"as-is\"></span>{line}</p>"));
        }
        self.put("</section>");
    }

    pub(super) fn footer(&mut self) {
        let tlp = self.edition.tlp.label();
        let meaning = self.word(&format!("tlp.{tlp}"));
        self.add(format_args!(
            "<footer><span dir=\"ltr\">TLP:{tlp}</span> · {meaning} · {}</footer>",
            html::data(&self.report.manifest.program)
        ));
    }
}
