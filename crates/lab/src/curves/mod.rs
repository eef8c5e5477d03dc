//! Curves: how often each detector sees what is there, and how often it sees what is not, over grids of known truth.
//!
//! `lab curves` prints the manual of the detectors with their curves; `docs/detectors.md` is its output.

mod facts;
mod grid;
mod hosts;
mod names;
mod services;

use std::fmt::Write;

use behave::{Behaviour, DETECTORS, Home};
use lab::Random;
use model::{Event, Severity};

/// Runs per point of a grid.
const RUNS: u64 = 40;

/// Names that are protected from look-alikes in every run.
const PROTECTED: [&str; 2] = ["exemplarbank.com", "paylink.com"];

/// Detectors that only ever take notes, which others make something of: any finding of theirs counts.
const NOTES: [&str; 3] = ["rare", "remote_tool", "disguise"];

/// All tables.
fn tables() -> Vec<Table> {
    grid::tables()
        .into_iter()
        .chain(names::tables())
        .chain(hosts::tables())
        .chain(services::tables())
        .collect()
}

/// How often a detector spoke in runs of one kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Rate {
    runs: u64,
    /// Any finding.
    noted: u64,
    /// A finding of severity medium or above.
    raised: u64,
}

impl Rate {
    /// Share of runs with a finding that was worth a look, or with any at all.
    fn percent(self, any: bool) -> u64 {
        let spoke = if any { self.noted } else { self.raised };
        spoke * 100 / self.runs.max(1)
    }
}

/// A table of rates: rows by columns.
struct Table {
    detector: &'static str,
    /// Whether what is made is an attack.
    hostile: bool,
    title: &'static str,
    corner: &'static str,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Rate>)>,
}

/// Lets all detectors look at facts and counts what `detector` says.
fn measure(detector: &str, make: impl Fn(&mut Random) -> Vec<Event>) -> Rate {
    let mut rate = Rate::default();
    for seed in 0..RUNS {
        let mut behaviour = Behaviour::new(Home::default(), &|_| None);
        behaviour.set_list("lookalike.protected", &PROTECTED.map(str::to_owned));
        make(&mut Random::new(seed)).iter().for_each(|event| behaviour.event(event));
        let (findings, _, _) = behaviour.finish();
        let of = || findings.iter().filter(|finding| finding.detector == detector);
        rate.runs += 1;
        rate.noted += u64::from(of().next().is_some());
        rate.raised += u64::from(of().any(|finding| finding.severity >= Severity::Medium));
    }
    rate
}

/// The manual of the detectors with their curves, in Markdown.
pub(crate) fn manual() -> String {
    let tables = tables();
    let mut page = String::from(HEAD);
    for description in DETECTORS {
        let name = description.name;
        let _ = write!(page, "\n## {name}\n\n{}\n\n", description.sees);
        let _ = writeln!(page, "*Why it matters.* {}\n", description.matters);
        let _ = writeln!(page, "*What fools it.* {}\n", description.fooled_by);
        let _ = writeln!(page, "*Cost.* {}\n", description.cost);
        let _ = writeln!(page, "*References.* {}.\n", description.references.join("; "));
        page.push_str("| setting | default | unit | range | |\n|---|---|---|---|---|\n");
        for knob in description.knobs {
            let (low, high) = knob.range;
            let _ = writeln!(
                page,
                "| `behave.{name}.{}` | {} | {} | {low} to {high} | {} |",
                knob.name, knob.default, knob.unit, knob.help
            );
        }
        for table in tables.iter().filter(|table| table.detector == name) {
            write_table(&mut page, table);
        }
    }
    page
}

const HEAD: &str = "\
# Detectors

Written by `cargo run --release -p lab -- curves > docs/detectors.md`. Each number is the share of 40 runs, in per cent, in
which the detector raised a finding of severity medium or above (`rare`, `remote_tool` and `disguise`: any finding, since they only take notes); the random numbers of a run depend on its number alone, so
the page comes out the same everywhere. Tables of attacks should be near 100, tables of innocent traffic at 0.
";

fn write_table(page: &mut String, table: &Table) {
    let kind = if table.hostile { "detection rate" } else { "false alarm rate" };
    let _ = write!(page, "\n{}: {kind}, per cent.\n\n| {} |", table.title, table.corner);
    for column in &table.columns {
        let _ = write!(page, " {column} |");
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(table.columns.len()));
    page.push('\n');
    for (row, rates) in &table.rows {
        let _ = write!(page, "| {row} |");
        for rate in rates {
            let _ = write!(page, " {} |", rate.percent(NOTES.contains(&table.detector)));
        }
        page.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_has_its_curves() {
        let tables = tables();
        for description in DETECTORS {
            let own = |hostile: bool| {
                tables.iter().any(|table| table.detector == description.name && table.hostile == hostile)
            };
            assert!(own(true), "{}: what it sees is missing", description.name);
            assert!(
                own(false) || ONE_SIDED.contains(&description.name),
                "{}: what looks like it is missing",
                description.name
            );
        }
    }

    /// Detectors whose innocent traffic stands in the tables of others.
    const ONE_SIDED: [&str; 2] = ["raw_channel", "tls_channel"];

    #[test]
    fn innocent_traffic_raises_next_to_nothing_and_attacks_nearly_always() {
        let (mut innocent, mut alarms) = (0, 0);
        let mut missed = Vec::new();
        for table in tables() {
            let last: u64 = table
                .rows
                .iter()
                .filter_map(|(_, rates)| rates.last())
                .map(|rate| rate.percent(NOTES.contains(&table.detector)))
                .max()
                .unwrap_or(0);
            if table.hostile {
                if last < 95 {
                    missed.push(format!(
                        "{} ({}): the plainest case in {last} of 100 runs",
                        table.title, table.detector
                    ));
                }
            } else {
                let rates = table.rows.iter().flat_map(|(_, rates)| rates);
                rates.for_each(|rate| (innocent, alarms) = (innocent + rate.runs, alarms + rate.raised));
            }
        }
        assert!(missed.is_empty(), "{missed:#?}");
        assert!(alarms * 100 <= innocent * 2, "{alarms} of {innocent} innocent runs raised something");
    }
}
