//! `report.html`: one self-contained page that needs no network and no script.
//!
//! One headline, one picture, one timeline; details fold out. Every number leads to packets: through a finding, or through a
//! note that says how to count it again. Everything from traffic is escaped and isolated; the page forbids itself to load
//! anything (Content-Security-Policy). It prints, reads in the dark, and is laid out from right to left where the language is.

mod brief;
mod close;
pub(crate) mod html;
mod incident;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write;

use model::Severity;

use crate::catalogue::{Piece, Words};
use crate::drawing::{talk, timeline};
use crate::edition::Edition;
use crate::{Report, story};

/// Lines of the tables below pictures.
const LINES_MAX: usize = 200;

const STYLE: &str = include_str!("style.css");

/// The page's bytes.
pub fn render(report: &Report, edition: Edition) -> Vec<u8> {
    let words = Words::new(edition.language);
    let shown = story::shown(report);
    let mut page = Page { html: String::with_capacity(1 << 16), words: &words, report, edition, shown };
    page.head();
    page.banner();
    page.put("<main id=\"main\">");
    page.headline();
    page.brief();
    page.picture();
    page.timeline();
    page.incidents();
    page.servers();
    page.not_seen();
    page.numbers();
    page.check();
    page.put("</main>");
    page.footer();
    page.put("</body></html>\n");
    page.html.into_bytes()
}

struct Page<'a> {
    html: String,
    words: &'a Words,
    report: &'a Report,
    edition: Edition,
    /// Findings told in full.
    shown: BTreeSet<u64>,
}

impl<'a> Page<'a> {
    fn put(&mut self, text: &str) {
        self.html.push_str(text);
    }

    /// Appends formatted text.
    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        self.html.write_fmt(text).expect("a String takes every write");
    }

    /// Escaped words of the catalogue.
    fn word(&self, key: &str) -> String {
        html::words(self.words.text(key))
    }

    /// A line of the catalogue with its places filled.
    fn fill(&self, key: &str, values: &[(&str, Piece)]) -> String {
        html::phrase(&self.words.fill(key, values))
    }

    fn count_of(&self, key: &str, count: u64) -> String {
        html::phrase(&self.words.fill_count(key, count, &[]))
    }

    fn time(&self, time: model::Time) -> String {
        let mut clock = crate::eve::Clock::default();
        format!("<time datetime=\"{}\">{}</time>", iso(clock.format(time)), self.words.moment(time))
    }

    fn said(&self, english: &str) -> String {
        html::said(&self.words.say(english))
    }

    fn badge(&self, severity: Severity) -> String {
        format!(
            "<span class=\"badge {}\">{}</span>",
            severity.word(),
            html::words(self.words.severity(severity))
        )
    }

    fn head(&mut self) {
        let title = crate::catalogue::plain(&story::headline(self.report, self.words));
        let language = self.edition.language;
        let direction = if language.is_rtl() { "rtl" } else { "ltr" };
        self.add(format_args!(
            "<!doctype html><html lang=\"{}\" dir=\"{direction}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\"><meta name=\"color-scheme\" content=\"light dark\">\
             <meta name=\"generator\" content=\"{}\"><title>{}</title><style>{STYLE}</style></head><body>",
            language.tag(),
            html::escape(&self.report.manifest.program),
            html::escape(&title)
        ));
    }

    fn banner(&mut self) {
        let [red, green, blue] = self.edition.tlp.colour();
        let label = self.edition.tlp.label();
        self.add(format_args!(
            "<a class=\"skip\" href=\"#brief\">{}</a><header class=\"banner\"><span class=\"brand\">{}</span><span class=\"tlp\" \
             style=\"color:#{red:02x}{green:02x}{blue:02x}\" title=\"{}\" dir=\"ltr\">TLP:{label}</span></header>",
            self.word("skip"),
            self.word("brand"),
            self.word(&format!("tlp.{label}"))
        ));
    }

    fn headline(&mut self) {
        let report = self.report;
        let lead = story::told(report).next();
        let class = lead.map_or("info", |incident| incident.severity.word());
        let title = html::phrase(&story::headline(report, self.words));
        self.add(format_args!("<section class=\"hero {class}\" aria-labelledby=\"headline\">"));
        if let Some(incident) = lead {
            let badge = self.badge(incident.severity);
            let likelihood = html::words(self.words.likelihood(incident.confidence));
            self.add(format_args!(
                "<p class=\"badges\">{badge}<span class=\"badge sure\">{likelihood}</span></p>"
            ));
        }
        self.add(format_args!("<h1 id=\"headline\">{title}</h1>"));
        match lead {
            Some(incident) => {
                let sure = html::phrase(&story::sure(incident, self.words));
                let number = self.words.count(incident.id);
                self.add(format_args!(
                    "<p class=\"lead\">{sure} <a href=\"#incident-{0}\" class=\"note\">[{1} {number}]</a></p>",
                    incident.id,
                    self.word("column.incident")
                ));
                if !incident.summary.is_empty() {
                    let claim = self.said(&incident.summary);
                    self.add(format_args!("<p>{claim}</p>"));
                }
                if let Some(finding) = story::lead(report, incident) {
                    let what = self.said(&finding.title);
                    let (before, after) = self.around("lead.strongest");
                    self.add(format_args!(
                        "<p>{before}{what}{after} <a href=\"#finding-{0}\" class=\"note\">[{0}]</a></p>",
                        finding.id
                    ));
                }
                let others = story::told(report).count() - 1;
                if others > 0 {
                    let line = self.count_of("lead.others", others as u64);
                    self.add(format_args!("<p>{line}</p>"));
                }
            }
            None => {
                let line = self.word("lead.none");
                self.add(format_args!("<p class=\"lead\">{line}</p>"));
            }
        }
        if let Some((first, last)) = report.overview.span {
            let span = self.span("brief.span", first, last);
            self.add(format_args!("<p class=\"span\">{span}</p>"));
        }
        self.put("</section>");
    }

    /// What stands before and after `{what}` in a line, escaped.
    fn around(&self, key: &str) -> (String, String) {
        let (before, after) = self.words.text(key).split_once("{what}").unwrap_or_default();
        (html::words(before), html::words(after))
    }

    /// A line with `{first}` and `{last}` as times.
    fn span(&self, key: &str, first: model::Time, last: model::Time) -> String {
        html::words(self.words.text(key))
            .replace("{first}", &self.time(first))
            .replace("{last}", &self.time(last))
    }

    fn section(&mut self, id: &str, key: &str) {
        let title = self.word(key);
        self.add(format_args!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>"
        ));
    }

    fn picture(&mut self) {
        let Some(talk) = talk(self.report, self.words) else { return };
        self.section("picture", "picture.title");
        let count = |number: usize| Piece::words(self.words.count(number as u64));
        let values = [("hosts", count(talk.sides[0])), ("servers", count(talk.sides[1]))];
        let alt = html::flat(&self.words.fill("picture.alt", &values));
        let svg = html::svg(&talk.drawing, &alt);
        let caption = self.word("picture.caption");
        self.add(format_args!(
            "<figure><div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">{svg}</div><figcaption>{caption}",
            self.word("picture.title")
        ));
        if talk.left_out > 0 {
            let line = self.count_of("picture.left_out", talk.left_out as u64);
            self.add(format_args!(" {line}"));
        }
        self.put("</figcaption></figure>");
        self.table_head(
            "picture.table",
            &["column.host", "column.server", "column.bytes", "column.severity"],
        );
        for (host, server, bytes, severity) in talk.rows.iter().take(LINES_MAX) {
            let (badge, bytes) = (self.badge(*severity), self.words.bytes(*bytes));
            self.add(format_args!(
                "<tr><td>{}<td>{}<td>{bytes}<td>{badge}",
                html::code(host),
                html::code(server)
            ));
        }
        self.put("</table></div></details></section>");
    }

    fn timeline(&mut self) {
        let report = self.report;
        let Some(timeline) = timeline(report, self.words) else { return };
        self.section("timeline", "timeline.title");
        let (first, last) = timeline.span;
        let values = [
            ("count", Piece::words(self.words.count(timeline.lines.len() as u64))),
            ("first", Piece::words(self.words.moment(first))),
            ("last", Piece::words(self.words.moment(last))),
        ];
        let alt = html::flat(&self.words.fill("timeline.alt", &values));
        let svg = html::svg(&timeline.drawing, &alt);
        let (title, caption) = (self.word("timeline.title"), self.word("timeline.caption"));
        self.add(format_args!(
            "<figure><div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{title}\">{svg}</div>\
             <figcaption>{caption}</figcaption></figure>"
        ));
        self.table_head("timeline.table", &["column.time", "column.phase", "column.what", "column.finding"]);
        for line in timeline.lines.iter().take(LINES_MAX) {
            let finding = line.finding;
            let phases: Vec<String> =
                line.phases.iter().map(|(_, id, name)| html::words(&self.words.tactic(id, name))).collect();
            let (time, what) = (self.time(finding.first), self.said(&finding.title));
            self.add(format_args!(
                "<tr><td class=\"when\">{time}<td>{}<td>{what}<td><a href=\"#finding-{1}\">{1}</a>",
                phases.join("<br>"),
                finding.id
            ));
        }
        self.put("</table></div></details></section>");
    }

    /// A table that folds out; the caller closes `</table></div></details>`.
    fn table_head(&mut self, key: &str, columns: &[&str]) {
        let title = self.word(key);
        self.add(format_args!("<details class=\"fold\"><summary>{title}</summary>"));
        self.columns(columns);
    }

    fn columns(&mut self, columns: &[&str]) {
        self.put("<div class=\"wide\" tabindex=\"0\"><table><tr>");
        for column in columns {
            let name = self.word(column);
            self.add(format_args!("<th scope=\"col\">{name}"));
        }
    }
}

/// EVE's timestamp as HTML's `datetime` wants it: `2025-03-04T08:04:42.000000+00:00`.
fn iso(timestamp: &str) -> String {
    timestamp.replace("+0000", "+00:00")
}
