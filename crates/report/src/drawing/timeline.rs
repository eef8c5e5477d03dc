//! When it happened: one line per phase of the attack, a bar per finding.

use std::collections::BTreeMap;

use model::{Finding, Severity, Time};

use super::{Anchor, Drawing, Ink, Shape, WIDTH};
use crate::Report;
use crate::catalogue::{Piece, Words};

/// Findings drawn, most important incidents first.
const FINDINGS_MAX: usize = 400;
const LABEL: f64 = 215.0;
const LANE: f64 = 36.0;
const HEAD: f64 = 30.0;
/// Bars are at least this wide, or they cannot be seen.
const BAR_MIN: f64 = 9.0;
/// Sub-lanes inside a lane, for findings at the same time.
const LEVELS: usize = 3;

/// The picture, and the lines of its table.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    /// The picture.
    pub(crate) drawing: Drawing,
    /// First and last time.
    pub(crate) span: (Time, Time),
    /// One line per finding, in time order.
    pub(crate) lines: Vec<Line<'a>>,
}

/// A finding and the phases it belongs to.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// The finding.
    pub(crate) finding: &'a Finding,
    /// Tactics: position in the matrix, id, name.
    pub(crate) phases: Vec<(u8, &'static str, &'static str)>,
}

/// The picture; `None` when there is nothing to show.
pub(crate) fn timeline<'a>(report: &'a Report, words: &Words) -> Option<Timeline<'a>> {
    let shown = crate::story::shown(report);
    let mut lines: Vec<Line<'_>> = report
        .incidents
        .iter()
        .filter(|incident| incident.severity >= Severity::Low)
        .flat_map(|incident| &incident.findings)
        .filter(|id| shown.contains(id))
        .filter_map(|id| report.finding(*id))
        .take(FINDINGS_MAX)
        .map(|finding| Line { finding, phases: phases(finding) })
        .collect();
    lines.sort_by_key(|line| (line.finding.first, line.finding.id));
    let first = lines.iter().map(|line| line.finding.first).min()?;
    let last = lines.iter().map(|line| line.finding.last).max()?;
    let (began, ended) = report.overview.span.unwrap_or((first, last));
    let span = (began.min(first), ended.max(last));
    let mut drawing = draw(&lines, span, words);
    if words.language().is_rtl() {
        drawing.mirror();
    }
    Some(Timeline { drawing, span, lines })
}

fn phases(finding: &Finding) -> Vec<(u8, &'static str, &'static str)> {
    let mut phases: Vec<_> = finding
        .techniques
        .iter()
        .filter_map(|technique| incident::phase(technique))
        .map(|phase| (phase.order, phase.id, phase.name))
        .collect();
    phases.sort_unstable();
    phases.dedup();
    if phases.is_empty() {
        phases.push((u8::MAX, "none", "Other"));
    }
    phases
}

fn draw(lines: &[Line<'_>], span: (Time, Time), words: &Words) -> Drawing {
    let mut lanes: BTreeMap<(u8, &str, &str), Vec<&Finding>> = BTreeMap::new();
    for line in lines {
        for phase in &line.phases {
            lanes.entry(*phase).or_default().push(line.finding);
        }
    }
    let length = span.1.secs_since(span.0).max(1e-6);
    let place =
        |time: Time| LABEL + (WIDTH - LABEL - 10.0) * (time.secs_since(span.0) / length).clamp(0.0, 1.0);
    let height = HEAD + LANE * lanes.len() as f64 + 8.0;
    let mut drawing = Drawing { height, shapes: Vec::new() };
    for (time, label) in ticks(span, words) {
        let x = place(time);
        // Where a label would leave the drawing or cover its neighbour, there is no tick.
        if x > WIDTH - 34.0 {
            continue;
        }
        drawing.shapes.push(Shape::Line { x: [x, x], y: [HEAD - 6.0, height - 4.0], ink: Ink::Frame });
        let text = vec![Piece::words(label)];
        drawing.shapes.push(Shape::Text {
            x,
            y: 14.0,
            anchor: Anchor::Middle,
            ink: Ink::Soft,
            is_bold: false,
            text,
        });
    }
    for (lane, ((_, id, name), findings)) in lanes.iter().enumerate() {
        let top = HEAD + LANE * lane as f64;
        let text = vec![Piece::words(words.tactic(id, name))];
        let y = top + LANE / 2.0 + 4.0;
        drawing.shapes.push(Shape::Text {
            x: 0.0,
            y,
            anchor: Anchor::Start,
            ink: Ink::Text,
            is_bold: false,
            text,
        });
        drawing.shapes.push(Shape::Line { x: [0.0, WIDTH], y: [top + LANE, top + LANE], ink: Ink::Frame });
        bars(&mut drawing, findings, top, &place, words);
    }
    drawing
}

/// The bars of a lane; those that would cover each other are set below each other, and all stand in the middle of the lane.
fn bars(drawing: &mut Drawing, findings: &[&Finding], top: f64, place: &dyn Fn(Time) -> f64, words: &Words) {
    const STEP: f64 = (LANE - 6.0) / LEVELS as f64;
    let mut free = [f64::MIN; LEVELS];
    let mut set = Vec::new();
    for finding in findings {
        let x = place(finding.first).min(WIDTH - 10.0 - BAR_MIN);
        let width = (place(finding.last) - x).max(BAR_MIN);
        let level = free.iter().position(|end| *end <= x).unwrap_or(LEVELS - 1);
        free[level] = free[level].max(x + width + 1.0);
        set.push((x, width, level, finding));
    }
    let levels = set.iter().map(|(_, _, level, _)| level + 1).max().unwrap_or(1);
    let begin = top + (LANE - STEP * levels as f64) / 2.0;
    for (x, width, level, finding) in set {
        let mut title = vec![Piece::words(format!("{} ", words.moment(finding.first)))];
        title.extend(words.say(&finding.title).phrase);
        drawing.shapes.push(Shape::Bar {
            x,
            y: begin + STEP * level as f64 + 1.0,
            width,
            height: STEP - 2.0,
            ink: Ink::Severity(finding.severity),
            finding: finding.id,
            title,
        });
    }
}

/// Times at round steps, so that between four and nine fit.
fn ticks(span: (Time, Time), words: &Words) -> Vec<(Time, String)> {
    const STEPS: [u64; 20] = [
        1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800,
        604_800, 2_592_000, 31_536_000,
    ];
    const TICKS_MAX: u64 = 8;
    let length = span.1.secs().saturating_sub(span.0.secs());
    let step = STEPS.into_iter().find(|step| length / step <= TICKS_MAX).unwrap_or(length / TICKS_MAX + 1);
    // The first whole second at or after the beginning.
    let begin = span.0.secs() + u64::from(span.0 > Time::from_secs(span.0.secs()));
    let mut time = begin.div_ceil(step) * step;
    let mut ticks = Vec::new();
    while time <= span.1.secs() && ticks.len() <= TICKS_MAX as usize {
        let at = Time::from_secs(time);
        let clock = words.clock(at);
        let label = match step {
            86_400.. => words.day(at),
            60.. => clock.chars().take(5).collect(),
            _ => clock,
        };
        ticks.push((at, label));
        time += step;
    }
    ticks
}
