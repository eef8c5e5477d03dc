//! The summary on the terminal: one screen, colour only when asked for.

use std::fmt::Write;

use model::Severity;

use crate::{Report, words};

/// Incidents shown.
const INCIDENTS_MAX: usize = 8;

/// The summary; `colour` adds ANSI sequences, `width` cuts lines.
pub fn summary(report: &Report, colour: bool, width: usize) -> String {
    let mut text = String::new();
    let overview = &report.overview;
    line(
        &mut text,
        width,
        &format!(
            "{} packets, {} flows, {}, {} hosts of ours, {} alerts, {} findings",
            words::count(overview.packets),
            words::count(overview.flows),
            words::bytes(overview.bytes),
            words::count(overview.hosts as u64),
            words::count(overview.alerts),
            words::count(report.findings.len() as u64)
        ),
    );
    let severe = report.incidents.iter().filter(|incident| incident.severity >= Severity::Medium).count();
    if severe == 0 {
        line(&mut text, width, "No incident of medium severity or above.");
    }
    for incident in report.incidents.iter().take(INCIDENTS_MAX) {
        let word = incident.severity.word();
        let badge = if colour {
            format!("\x1b[{}m{word:>8}\x1b[0m", paint(incident.severity))
        } else {
            format!("{word:>8}")
        };
        let said = if incident.summary.is_empty() { &incident.title } else { &incident.summary };
        let title = cut(said, width.saturating_sub(10));
        writeln!(text, "{badge}  {title}").expect("a String takes every write");
        let mut who = Vec::new();
        if let Some(victim) = incident.victims.first() {
            let more = incident.victims.len() - 1;
            who.push(if more > 0 {
                format!("{victim} and {more} more suffered")
            } else {
                format!("{victim} suffered")
            });
        }
        if let Some(server) = incident.servers.first() {
            let name = if server.name.is_empty() { String::new() } else { format!(" ({})", server.name) };
            let more = incident.servers.len() - 1;
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            who.push(format!("behind it {}{name}, {}{tail}", server.address, server.role.word()));
        }
        if let Some(campaign) = &incident.campaign {
            who.push(format!("campaign {}, seen in {} runs", campaign.id, campaign.runs));
        }
        who.push(words::likelihood(incident.confidence).to_owned());
        if !incident.techniques.is_empty() {
            who.push(incident.techniques.join(" "));
        }
        line(&mut text, width, &format!("          {}", who.join("; ")));
    }
    if report.incidents.len() > INCIDENTS_MAX {
        line(
            &mut text,
            width,
            &format!("          and {} more in incidents.json", report.incidents.len() - INCIDENTS_MAX),
        );
    }
    let not_seen = report.not_seen();
    if let Some(first) = not_seen.first() {
        let more = not_seen.len() - 1;
        let tail = if more > 0 { format!(" (and {more} more limits in the report)") } else { String::new() };
        line(&mut text, width, &format!("Not seen: {first}{tail}"));
    }
    text
}

fn line(text: &mut String, width: usize, content: &str) {
    text.push_str(&cut(content, width));
    text.push('\n');
}

fn cut(content: &str, width: usize) -> String {
    if content.chars().count() <= width {
        return content.to_owned();
    }
    let mut short: String = content.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn paint(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;97;41",
        Severity::High => "1;31",
        Severity::Medium => "1;33",
        Severity::Low => "32",
        Severity::Info => "34",
    }
}
