//! `report.html`: one self-contained page, no network. Headline, what happened, timeline, who talked to whom, servers behind
//! it, evidence with packet numbers, what could not be seen.

mod picture;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use model::{Evidence, Finding, Incident, Severity};

use crate::eve::Clock;
use crate::{Report, words};

/// Incidents shown in full; the rest are in `incidents.json`.
const INCIDENTS_MAX: usize = 50;
/// Findings shown per incident.
const FINDINGS_MAX: usize = 60;

const STYLE: &str = include_str!("style.css");

/// The page's bytes.
pub fn render(report: &Report) -> Vec<u8> {
    let mut page = Page { html: String::with_capacity(1 << 16), clock: Clock::default(), report };
    page.head();
    page.headline();
    page.overview();
    page.timeline();
    page.talk();
    for incident in report.incidents.iter().take(INCIDENTS_MAX) {
        page.incident(incident);
    }
    page.servers();
    page.not_seen();
    page.manifest();
    page.html.push_str("</main></body></html>\n");
    page.html.into_bytes()
}

/// Text with the five characters escaped that HTML gives a meaning.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

struct Page<'a> {
    html: String,
    clock: Clock,
    report: &'a Report,
}

/// Appends formatted text to the page.
macro_rules! put {
    ($page:expr, $($text:tt)*) => {
        write!($page.html, $($text)*).expect("a String takes every write")
    };
}

impl Page<'_> {
    fn head(&mut self) {
        let title = self.title();
        put!(
            self,
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{STYLE}</style></head><body><main>",
            escape(&title)
        );
    }

    fn title(&self) -> String {
        match self.report.incidents.first() {
            Some(incident) if incident.severity >= Severity::Medium => incident.title.clone(),
            _ => "No incident of medium severity or above".to_owned(),
        }
    }

    fn headline(&mut self) {
        let title = self.title();
        let class = self.report.incidents.first().map_or("info", |incident| incident.severity.word());
        put!(
            self,
            "<header class=\"{class}\"><p class=\"brand\">Targe · report</p><h1>{}</h1>",
            escape(&title)
        );
        if let Some(incident) = self.report.incidents.first() {
            put!(
                self,
                "<p class=\"lead\">Severity <b>{}</b>. That this is an incident is <b>{}</b> ({} in 1,000).</p>",
                incident.severity.word(),
                words::likelihood(incident.confidence),
                incident.confidence.0
            );
        }
        self.html.push_str("</header>");
    }

    fn overview(&mut self) {
        let overview = &self.report.overview;
        let severe =
            self.report.incidents.iter().filter(|incident| incident.severity >= Severity::Medium).count();
        let facts = [
            ("packets", words::count(overview.packets)),
            ("flows", words::count(overview.flows)),
            ("bytes", words::bytes(overview.bytes)),
            ("hosts of ours", words::count(overview.hosts as u64)),
            ("files", words::count(overview.files)),
            ("alerts of rules", words::count(overview.alerts)),
            ("findings", words::count(self.report.findings.len() as u64)),
            ("incidents, medium and above", words::count(severe as u64)),
        ];
        self.html.push_str("<section class=\"facts\">");
        for (name, value) in facts {
            put!(self, "<div><b>{value}</b><span>{name}</span></div>");
        }
        self.html.push_str("</section>");
        if let Some((first, last)) = overview.span {
            let first = self.clock.format(first).to_owned();
            let last = self.clock.format(last).to_owned();
            put!(self, "<p class=\"span\">Traffic from <time>{first}</time> to <time>{last}</time>. ");
            let spoken: Vec<String> = overview
                .transactions
                .iter()
                .map(|(protocol, count)| format!("{protocol} {}", words::count(*count)))
                .collect();
            put!(
                self,
                "Transactions: {}.</p>",
                if spoken.is_empty() { "none".into() } else { spoken.join(", ") }
            );
        }
    }

    fn timeline(&mut self) {
        if let Some(svg) = picture::timeline(self.report, &mut self.clock) {
            put!(self, "<section><h2>When it happened</h2>{svg}</section>");
        }
    }

    fn talk(&mut self) {
        if let Some(svg) = picture::talk(self.report) {
            put!(self, "<section><h2>Who talked to whom</h2>{svg}</section>");
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let class = incident.severity.word();
        let open = if incident.id == 1 { " open" } else { "" };
        put!(
            self,
            "<section class=\"incident {class}\" id=\"incident-{}\"><details{open}><summary><h2><span class=\"badge\">{class}</span> \
             Incident {}: {}</h2></summary>",
            incident.id,
            incident.id,
            escape(&incident.title)
        );
        let (first, last) =
            (self.clock.format(incident.first).to_owned(), self.clock.format(incident.last).to_owned());
        put!(
            self,
            "<p>From <time>{first}</time> to <time>{last}</time>; {} ({} in 1,000), score {:.1}.</p>",
            words::likelihood(incident.confidence),
            incident.confidence.0,
            incident.score
        );
        self.people("Suffered", &incident.victims);
        self.people("Acted", &incident.attackers);
        if !incident.phases.is_empty() {
            self.html.push_str("<p class=\"phases\">");
            for phase in &incident.phases {
                put!(self, "<span title=\"{}\">{}</span>", phase.id, phase.name);
            }
            self.html.push_str("</p>");
        }
        self.html.push_str("<table><caption>Timeline</caption><tr><th scope=\"col\">Time<th scope=\"col\">What<th scope=\"col\">Finding");
        for entry in &incident.timeline {
            let time = self.clock.format(entry.time).to_owned();
            put!(
                self,
                "<tr><td><time>{time}</time><td>{}<td><a href=\"#finding-{}\">{}</a>",
                escape(&entry.text),
                entry.finding,
                entry.finding
            );
        }
        self.html.push_str("</table>");
        if !incident.next_steps.is_empty() {
            self.html.push_str("<h3>What to do next</h3><ul>");
            for step in &incident.next_steps {
                put!(self, "<li>{}", escape(step));
            }
            self.html.push_str("</ul>");
        }
        self.html.push_str("<h3>Findings, with their arithmetic</h3>");
        let report = self.report;
        for id in incident.findings.iter().take(FINDINGS_MAX) {
            let position = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(finding) = report.findings.get(position) {
                self.finding(finding);
            }
        }
        if incident.findings.len() > FINDINGS_MAX {
            put!(
                self,
                "<p>{} further findings are in findings.json.</p>",
                incident.findings.len() - FINDINGS_MAX
            );
        }
        self.html.push_str("</details></section>");
    }

    fn people(&mut self, what: &str, addresses: &[std::net::IpAddr]) {
        const SHOWN: usize = 12;
        if addresses.is_empty() {
            return;
        }
        let list: Vec<String> =
            addresses.iter().take(SHOWN).map(|address| format!("<code>{address}</code>")).collect();
        let more = addresses.len().saturating_sub(SHOWN);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        put!(self, "<p><b>{what}:</b> {}{tail}</p>", list.join(" "));
    }

    fn finding(&mut self, finding: &Finding) {
        put!(
            self,
            "<details class=\"finding\" id=\"finding-{}\"><summary><span class=\"badge {}\">{}</span> {} <small>{} · {}</small></summary>",
            finding.id,
            finding.severity.word(),
            finding.severity.word(),
            escape(&finding.title),
            finding.detector,
            finding.techniques.join(", ")
        );
        if !finding.terms.is_empty() {
            self.html.push_str("<table><caption>Arithmetic</caption><tr><th scope=\"col\">Measured<th scope=\"col\">Value<th scope=\"col\">Threshold<th scope=\"col\">Meaning");
            for term in &finding.terms {
                put!(
                    self,
                    "<tr><td>{}<td>{}<td>{}<td>{}",
                    escape(term.name),
                    words::number(term.value),
                    words::number(term.threshold),
                    escape(&term.meaning)
                );
            }
            self.html.push_str("</table>");
        }
        for evidence in &finding.evidence {
            self.evidence(evidence);
        }
        for line in &finding.against {
            put!(self, "<p class=\"against\">Against: {}</p>", escape(line));
        }
        self.html.push_str("</details>");
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let packets: Vec<String> = evidence.packets.iter().map(|packet| packet.0.to_string()).collect();
        put!(self, "<p class=\"evidence\">Evidence: packets {}", packets.join(", "));
        if !evidence.field.is_empty() {
            put!(self, " · <code>{}</code>", escape(evidence.field));
        }
        if !evidence.excerpt.is_empty() {
            put!(self, " · <q>{}</q>", escape(&evidence.excerpt));
        }
        self.html.push_str("</p>");
    }

    fn servers(&mut self) {
        let report = self.report;
        let mut rows = Vec::new();
        for incident in report.incidents.iter().filter(|incident| incident.severity >= Severity::Low) {
            for server in &incident.servers {
                rows.push((incident.id, server));
            }
        }
        if rows.is_empty() {
            return;
        }
        self.html.push_str("<section><h2>Servers behind it</h2><table><tr><th scope=\"col\">Server<th scope=\"col\">Role<th scope=\"col\">How sure<th scope=\"col\">Why<th scope=\"col\">Incident");
        for (incident, server) in rows.into_iter().take(200) {
            let name =
                if server.name.is_empty() { String::new() } else { format!("<br>{}", escape(&server.name)) };
            let reasons: Vec<String> = server.reasons.iter().take(4).map(|reason| escape(reason)).collect();
            put!(
                self,
                "<tr><td><code>{}</code>{name}<td>{}<td>{}<td>{}<td><a href=\"#incident-{incident}\">{incident}</a>",
                server.address,
                server.role.word(),
                words::likelihood(server.confidence),
                reasons.join("<br>")
            );
        }
        self.html.push_str("</table></section>");
    }

    fn not_seen(&mut self) {
        self.html.push_str("<section><h2>What could not be seen</h2><ul>");
        let lines = self.report.not_seen();
        if lines.is_empty() {
            self.html.push_str("<li>Nothing is known to be missing from this capture.");
        }
        for line in lines {
            put!(self, "<li>{}", escape(&line));
        }
        self.html.push_str("</ul></section>");
    }

    fn manifest(&mut self) {
        let manifest = &self.report.manifest;
        put!(
            self,
            "<section class=\"manifest\"><h2>Made from</h2><table><tr><th scope=\"row\">Program<td>{}",
            escape(&manifest.program)
        );
        for (name, bytes, sha256) in &manifest.inputs {
            put!(
                self,
                "<tr><th scope=\"row\">Input<td>{} · {} · SHA-256 <code>{sha256}</code>",
                escape(name),
                words::bytes(*bytes)
            );
        }
        for (name, sha256, count) in &manifest.rules {
            put!(
                self,
                "<tr><th scope=\"row\">Rules<td>{} · {count} rules · SHA-256 <code>{sha256}</code>",
                escape(name)
            );
        }
        put!(self, "<tr><th scope=\"row\">Configuration<td>SHA-256 <code>{}</code>", manifest.configuration);
        put!(self, "<tr><th scope=\"row\">Shards<td>{}</table></section>", manifest.shards);
    }
}
