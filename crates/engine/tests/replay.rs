//! Replay is exact: the same capture gives the same bytes at any worker count and batch size.

use std::path::{Path, PathBuf};

use engine::{Config, Outcome, Sink};
use report::{Manifest, Report, page};

/// Keeps every record.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Sink for Kept {
    fn records(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// Everything a run writes.
fn run(captures: &[PathBuf], workers: usize, batch_packets: usize) -> Vec<Vec<u8>> {
    let config = Config { workers, batch_packets, ..Config::default() };
    let mut source = capture::Source::open(captures).expect("the capture opens");
    let mut kept = Kept::default();
    let outcome = engine::run(&mut source, &config, &mut kept).expect("memory takes every write");
    let Outcome { overview, findings, incidents, losses, .. } = outcome;
    let report = Report { manifest: Manifest::default(), overview, findings, incidents, losses };
    vec![kept.0, report.findings_json(), report.incidents_json(), page::render(&report)]
}

fn check(name: &str, captures: &[PathBuf]) {
    let plain = run(captures, 1, 8192);
    for (workers, batch) in [(2, 8192), (3, 64), (8, 1000), (1, 7)] {
        let other = run(captures, workers, batch);
        let names = ["eve.json", "findings.json", "incidents.json", "report.html"];
        for ((file, a), b) in names.iter().zip(&plain).zip(&other) {
            assert!(a == b, "{name}: {file} differs with {workers} workers and batches of {batch}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Captures below a folder, in order of their names.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            found.extend(captures(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_recorded_office_replays_exactly() {
    let capture = root().join("tests/real/office.pcap");
    check("office", &[capture]);
}

#[test]
fn fifty_captures_of_the_corpus_replay_exactly() {
    let all = captures(&root().join("../shared/corpus/captures"));
    if all.is_empty() {
        println!("skipped: no corpus beside the project");
        return;
    }
    for capture in all.iter().step_by(all.len().div_ceil(50)) {
        check(&capture.display().to_string(), std::slice::from_ref(capture));
    }
}

#[test]
fn every_capture_of_the_corpus_is_read_to_its_end() {
    let all = captures(&root().join("../shared/corpus/captures"));
    if all.is_empty() {
        println!("skipped: no corpus beside the project");
        return;
    }
    for capture in &all {
        let mut source = capture::Source::open(std::slice::from_ref(capture)).expect("the capture opens");
        let mut kept = Kept::default();
        engine::run(&mut source, &Config::default(), &mut kept).expect("memory takes every write");
        assert_eq!(source.total_bytes().map(|total| source.bytes_read() <= total), Some(true));
    }
}
