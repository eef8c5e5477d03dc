//! An incident in full: who, which phases, what happened when, and each finding with its arithmetic and packets.

use std::net::IpAddr;

use model::{Evidence, Finding, Incident};

use super::{Page, html};
use crate::catalogue::Piece;
use crate::seen;
use crate::story::{self, INCIDENTS_MAX};

/// Hosts shown per list.
const HOSTS_MAX: usize = 24;

impl Page<'_> {
    pub(super) fn incidents(&mut self) {
        let report = self.report;
        if report.incidents.is_empty() {
            return;
        }
        self.section("incidents", "incidents.title");
        for incident in report.incidents.iter().take(INCIDENTS_MAX) {
            self.incident(incident);
        }
        let more = report.incidents.len().saturating_sub(INCIDENTS_MAX);
        if more > 0 {
            let line = self.count_of("incidents.more", more as u64);
            self.add(format_args!("<p>{line}</p>"));
        }
        self.put("</section>");
    }

    fn incident(&mut self, incident: &Incident) {
        let class = incident.severity.word();
        let open = if incident.id == 1 { " open" } else { "" };
        let (badge, title) = (self.badge(incident.severity), self.said(&incident.title));
        let number =
            self.fill("incident.heading", &[("number", Piece::words(self.words.count(incident.id)))]);
        self.add(format_args!(
            "<article class=\"incident {class}\" id=\"incident-{}\"><details{open}><summary><h3>{badge} <span \
             class=\"number\">{number}</span> {title}</h3></summary>",
            incident.id
        ));
        let score = story::score(incident, self.words);
        let span = self
            .span("incident.span", incident.first, incident.last)
            .replace("{likelihood}", &html::words(self.words.likelihood(incident.confidence)))
            .replace("{promille}", &self.words.count(u64::from(incident.confidence.0)))
            .replace("{score}", &score);
        if !incident.summary.is_empty() {
            let claim = self.said(&incident.summary);
            self.add(format_args!("<p class=\"claim\"><strong>{claim}</strong></p>"));
        }
        self.add(format_args!("<p>{span}</p>"));
        let ties: Vec<String> =
            seen::ties(incident).iter().map(|line| format!("<li>{}", self.said(line))).collect();
        if !ties.is_empty() {
            self.add(format_args!("<ul class=\"ties\">{}</ul>", ties.join("")));
        }
        self.put("<dl class=\"who\">");
        self.hosts("incident.victims", &incident.victims);
        self.hosts("incident.attackers", &incident.attackers);
        self.techniques(incident);
        self.put("</dl>");
        self.chain(incident);
        self.steps(incident);
        let heading = self.word("incident.findings");
        self.add(format_args!("<h4>{heading}</h4>"));
        let report = self.report;
        let mut more = 0;
        for id in &incident.findings {
            match report.finding(*id) {
                Some(finding) if self.shown.contains(id) => self.finding(finding),
                _ => more += 1,
            }
        }
        if more > 0 {
            let line = self.count_of("incident.more_findings", more);
            self.add(format_args!("<p>{line}</p>"));
        }
        self.put("</details></article>");
    }

    fn hosts(&mut self, key: &str, addresses: &[IpAddr]) {
        if addresses.is_empty() {
            return;
        }
        let name = self.word(key);
        let list: Vec<String> =
            addresses.iter().take(HOSTS_MAX).map(|address| html::code(&address.to_string())).collect();
        self.add(format_args!("<dt>{name}<dd>{}", list.join(" ")));
        let more = addresses.len().saturating_sub(HOSTS_MAX);
        if more > 0 {
            let more = self.fill("and.more", &[("count", Piece::words(self.words.count(more as u64)))]);
            self.add(format_args!(" {more}"));
        }
    }

    fn techniques(&mut self, incident: &Incident) {
        if incident.techniques.is_empty() {
            return;
        }
        let name = self.word("incident.techniques");
        let list: Vec<String> = incident
            .techniques
            .iter()
            .map(|id| {
                let name = incident::technique_name(id);
                format!(
                    "<span dir=\"ltr\" lang=\"en\"><b>{}</b> {}</span>",
                    html::escape(id),
                    html::escape(name)
                )
            })
            .collect();
        self.add(format_args!("<dt>{name}<dd>{}", list.join(" · ")));
    }

    /// The phases of the attack in the order of the matrix; those reached stand out.
    fn chain(&mut self, incident: &Incident) {
        if incident.phases.is_empty() {
            return;
        }
        let name = self.word("incident.phases");
        self.add(format_args!("<ol class=\"chain\" aria-label=\"{name}\">"));
        for phase in &incident.phases {
            let tactic = html::words(&self.words.tactic(phase.id, phase.name));
            self.add(format_args!("<li title=\"{}\">{tactic}", html::escape(phase.id)));
        }
        self.put("</ol>");
    }

    fn steps(&mut self, incident: &Incident) {
        if incident.next_steps.is_empty() {
            return;
        }
        let name = self.word("incident.todo");
        self.add(format_args!("<h4>{name}</h4><ul>"));
        for step in &incident.next_steps {
            let step = self.said(step);
            self.add(format_args!("<li>{step}"));
        }
        self.put("</ul>");
    }

    fn finding(&mut self, finding: &Finding) {
        let (badge, title) = (self.badge(finding.severity), self.said(&finding.title));
        let likelihood = html::words(self.words.likelihood(finding.confidence));
        self.add(format_args!(
            "<details class=\"finding\" id=\"finding-{0}\"><summary><span class=\"number\">[{0}]</span> {badge} {title} \
             <small>{likelihood} · {1} · <span dir=\"ltr\">{2}</span></small></summary>",
            finding.id,
            if finding.detector == "rule" { self.word("finding.rule") } else { html::data(finding.detector) },
            html::escape(&finding.techniques.join(" "))
        ));
        let (first, last) = (self.time(finding.first), self.time(finding.last));
        let count = self.count_of("finding.count", finding.count);
        self.add(format_args!("<p>{first} – {last} · {count}</p>"));
        self.arithmetic(finding);
        for evidence in &finding.evidence {
            self.evidence(evidence);
        }
        if !finding.against.is_empty() {
            let name = self.word("finding.against");
            self.add(format_args!("<h5>{name}</h5><ul class=\"against\">"));
            for line in &finding.against {
                let line = self.said(line);
                self.add(format_args!("<li>{line}"));
            }
            self.put("</ul>");
        }
        self.put("</details>");
    }

    fn arithmetic(&mut self, finding: &Finding) {
        if finding.terms.is_empty() {
            return;
        }
        let name = self.word("finding.arithmetic");
        self.add(format_args!("<h5>{name}</h5>"));
        self.columns(&[
            "column.measured",
            "column.value",
            "column.threshold",
            "column.weight",
            "column.meaning",
        ]);
        for term in &finding.terms {
            let (name, meaning) = (self.said(term.name), self.said(&term.meaning));
            let weight = self.words.digits(&format!("{:+.1}", term.weight));
            self.add(format_args!(
                "<tr><th scope=\"row\">{name}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\" dir=\"ltr\">{weight}<td>{meaning}",
                self.words.number(term.value),
                self.words.number(term.threshold),
            ));
        }
        self.put("</table></div>");
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let name = self.word("finding.evidence");
        let packets: Vec<String> = evidence.packets.iter().map(|packet| packet.0.to_string()).collect();
        self.add(format_args!("<h5>{name}</h5><p class=\"packets\" dir=\"ltr\">{}</p>", packets.join(" ")));
        if !evidence.field.is_empty() || !evidence.excerpt.is_empty() {
            self.put("<p>");
            if !evidence.field.is_empty() {
                self.put(&html::code(evidence.field));
                self.put(" ");
            }
            let said = self.words.say(&evidence.excerpt);
            if said.is_translated && self.edition.language != crate::catalogue::Language::English {
                self.put(&html::said(&said));
            } else if !evidence.excerpt.is_empty() {
                self.add(format_args!("<q dir=\"auto\">{}</q>", html::escape(&evidence.excerpt)));
            }
            self.put("</p>");
        }
        if !evidence.packets.is_empty() {
            let (name, line) = (self.word("finding.look"), story::look(self.report, &evidence.packets));
            self.add(format_args!("<p>{name}:</p><pre dir=\"ltr\">{}</pre>", html::escape(&line)));
        }
    }
}
