//! What happened, in short: four cards that answer who, by whom, what, and what now.

use super::{Page, html};
use crate::catalogue::Piece;
use crate::story;

/// Servers less likely than this to be behind it are told with the incident, not in short.
const SERVER_PROMILLE_MIN: u16 = 200;
/// Lines of a card.
const LINES_MAX: usize = 6;

impl Page<'_> {
    pub(super) fn brief(&mut self) {
        let report = self.report;
        let Some(incident) = story::told(report).next() else {
            self.put("<div id=\"brief\"></div>");
            return;
        };
        self.section("brief", "brief.title");
        self.put("<div class=\"cards\">");
        let victims = incident.victims.iter().map(|address| html::code(&address.to_string())).collect();
        self.card("brief.who", victims, "brief.nobody");
        let servers = incident
            .servers
            .iter()
            .filter(|server| server.confidence.0 >= SERVER_PROMILLE_MIN)
            .map(|server| {
                let name = if server.name.is_empty() {
                    String::new()
                } else {
                    format!("<br>{}", html::data(&server.name))
                };
                format!(
                    "{}{name}<br><small>{} · {}</small>",
                    html::code(&server.address.to_string()),
                    html::words(&self.words.role(server.role)),
                    html::words(self.words.likelihood(server.confidence))
                )
            })
            .collect();
        self.card("brief.behind", servers, "brief.no_server");
        let phases = incident
            .phases
            .iter()
            .map(|phase| {
                let what = self.word(&format!("doing.{}", phase.id));
                let tactic = html::words(&self.words.tactic(phase.id, phase.name));
                format!(
                    "{what}<br><small>{tactic} · <span dir=\"ltr\">{}</span></small>",
                    html::escape(phase.id)
                )
            })
            .collect();
        self.card("brief.what", phases, "doing.none");
        let steps = incident.next_steps.iter().map(|step| self.said(step)).collect();
        self.card("brief.todo", steps, "lead.none");
        self.put("</div></section>");
    }

    fn card(&mut self, key: &str, lines: Vec<String>, empty: &str) {
        let title = self.word(key);
        self.add(format_args!("<div class=\"card\"><h3>{title}</h3><ul>"));
        if lines.is_empty() {
            let empty = self.word(empty);
            self.add(format_args!("<li>{empty}"));
        }
        for line in lines.iter().take(LINES_MAX) {
            self.add(format_args!("<li>{line}"));
        }
        let more = lines.len().saturating_sub(LINES_MAX);
        if more > 0 {
            let more = self.fill("and.more", &[("count", Piece::words(self.words.count(more as u64)))]);
            self.add(format_args!("<li>{more}"));
        }
        self.put("</ul></div>");
    }
}
