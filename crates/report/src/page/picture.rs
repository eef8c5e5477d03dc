//! Pictures as inline SVG: when it happened, and who talked to whom.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use model::{Severity, Time};

use super::escape;
use crate::eve::Clock;
use crate::{Report, words};

const WIDTH: f64 = 960.0;
const LANE: f64 = 26.0;
const LANES_MAX: usize = 14;
const LABEL: f64 = 300.0;
const NODES_MAX: usize = 14;

/// One lane per incident, one dot per finding; `None` when there is nothing to show.
pub(super) fn timeline(report: &Report, clock: &mut Clock) -> Option<String> {
    let incidents: Vec<_> = report.incidents.iter().take(LANES_MAX).collect();
    let (first, last) = report.overview.span?;
    if incidents.is_empty() {
        return None;
    }
    let height = LANE * incidents.len() as f64 + 40.0;
    let length = last.secs_since(first).max(1e-6);
    let place =
        |time: Time| LABEL + (WIDTH - LABEL - 20.0) * (time.secs_since(first) / length).clamp(0.0, 1.0);
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Timeline of incidents\">");
    for (lane, incident) in incidents.iter().enumerate() {
        let y = LANE * lane as f64 + 20.0;
        let label: String = incident.title.chars().take(44).collect();
        let (from, to) = (place(incident.first), place(incident.last).max(place(incident.first) + 2.0));
        put(
            &mut svg,
            format_args!(
                "<text x=\"8\" y=\"{:.1}\"><title>{}</title>{}</text>",
                y + 4.0,
                escape(&incident.title),
                escape(&label)
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<line class=\"axis\" x1=\"{LABEL}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\"/>",
                WIDTH - 20.0
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<rect class=\"s-{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"4\" opacity=\".6\"/>",
                incident.severity.word(),
                y - 2.0,
                to - from
            ),
        );
        for entry in incident.timeline.iter().take(60) {
            put(
                &mut svg,
                format_args!(
                    "<circle class=\"s-{}\" cx=\"{:.1}\" cy=\"{y}\" r=\"5\"><title>{}</title></circle>",
                    incident.severity.word(),
                    place(entry.time),
                    escape(&entry.text)
                ),
            );
        }
    }
    let base = height - 8.0;
    put(
        &mut svg,
        format_args!("<text class=\"soft\" x=\"{LABEL}\" y=\"{base}\">{}</text>", short(clock.format(first))),
    );
    put(
        &mut svg,
        format_args!(
            "<text class=\"soft\" x=\"{:.1}\" y=\"{base}\" text-anchor=\"end\">{}</text></svg>",
            WIDTH - 20.0,
            short(clock.format(last))
        ),
    );
    Some(svg)
}

/// Date and time to the second.
fn short(timestamp: &str) -> String {
    timestamp.get(..19).unwrap_or(timestamp).replace('T', " ")
}

/// Hosts that suffered on the left, those behind it on the right, lines as thick as the bytes between them.
pub(super) fn talk(report: &Report) -> Option<String> {
    let mut sides: (Vec<IpAddr>, Vec<IpAddr>) = Default::default();
    let mut ties: BTreeMap<(IpAddr, IpAddr), Severity> = BTreeMap::new();
    let mut names: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for incident in report.incidents.iter().filter(|incident| incident.severity >= Severity::Low) {
        for server in &incident.servers {
            names.insert(server.address, &server.name);
        }
        let behind =
            incident.servers.iter().map(|server| server.address).chain(incident.attackers.iter().copied());
        for server in behind.take(NODES_MAX) {
            for victim in incident.victims.iter().take(NODES_MAX).filter(|victim| **victim != server) {
                if bytes_between(report, *victim, server) > 0 {
                    note(&mut sides.0, *victim);
                    note(&mut sides.1, server);
                    let severity = ties.entry((*victim, server)).or_insert(incident.severity);
                    *severity = (*severity).max(incident.severity);
                }
            }
        }
    }
    ties.retain(|(victim, server), _| sides.0.contains(victim) && sides.1.contains(server));
    if ties.is_empty() {
        return None;
    }
    let rows = sides.0.len().max(sides.1.len());
    let height = 34.0 * rows as f64 + 30.0;
    let y = |list: &[IpAddr], address: IpAddr| {
        let position = list.iter().position(|each| *each == address).unwrap_or(0);
        (height - 10.0) * (position as f64 + 0.5) / list.len() as f64 + 5.0
    };
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Who talked to whom\">");
    for ((victim, server), severity) in &ties {
        let (from, to) = (y(&sides.0, *victim), y(&sides.1, *server));
        let bytes = bytes_between(report, *victim, *server);
        let thick = (bytes as f64).sqrt().clamp(900.0, 90_000.0) / 9_000.0 + 1.0;
        put(
            &mut svg,
            format_args!(
                "<path class=\"tie s-{}\" d=\"M330 {from:.1} C 480 {from:.1} 480 {to:.1} 630 {to:.1}\" stroke-width=\"{thick:.1}\"><title>{victim} and {server}: {}</title></path>",
                severity.word(),
                words::bytes(bytes)
            ),
        );
    }
    for address in &sides.0 {
        put(
            &mut svg,
            format_args!(
                "<text x=\"320\" y=\"{:.1}\" text-anchor=\"end\">{address}</text>",
                y(&sides.0, *address) + 4.0
            ),
        );
    }
    for address in &sides.1 {
        let name = names.get(address).copied().unwrap_or_default();
        put(
            &mut svg,
            format_args!(
                "<text x=\"640\" y=\"{:.1}\">{address} <tspan class=\"soft\">{}</tspan></text>",
                y(&sides.1, *address) + 4.0,
                escape(name)
            ),
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

fn note(list: &mut Vec<IpAddr>, address: IpAddr) {
    if list.len() < NODES_MAX && !list.contains(&address) {
        list.push(address);
    }
}

fn bytes_between(report: &Report, a: IpAddr, b: IpAddr) -> u64 {
    let talk = &report.overview.talk;
    talk.get(&(a, b)).copied().unwrap_or(0) + talk.get(&(b, a)).copied().unwrap_or(0)
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("a String takes every write");
}
