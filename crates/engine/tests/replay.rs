//! Replay is exact: the same capture gives the same bytes at any worker count and batch size.

use std::path::{Path, PathBuf};

use engine::{Config, Outcome, Sink};
use model::{LinkType, Packet, PacketId, Time};
use report::{Edition, Format, Manifest, Report};

/// Keeps every record.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Sink for Kept {
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        self.0.extend(pieces.flatten());
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// Everything a run writes.
fn run(captures: &[PathBuf], config: Config) -> Vec<(String, Vec<u8>)> {
    let mut source = capture::Source::open(captures).expect("the capture opens");
    let mut kept = Kept::default();
    let outcome = engine::run(&mut source, &config, &mut kept).expect("memory takes every write");
    let Outcome { overview, findings, incidents, losses, .. } = outcome;
    let report = Report { manifest: Manifest::default(), overview, findings, incidents, losses };
    let mut files = vec![
        ("eve.json".to_owned(), kept.0),
        ("findings.json".to_owned(), report.findings_json()),
        ("incidents.json".to_owned(), report.incidents_json()),
        ("report.json".to_owned(), report.to_json()),
    ];
    // Formats that this build lacks, or that need more than the report, have no files here.
    files.extend(
        Format::ALL.iter().flat_map(|format| format.render(&report, Edition::default()).unwrap_or_default()),
    );
    files
}

fn check(name: &str, captures: &[PathBuf]) {
    check_with(name, captures, &Config::default());
}

fn check_with(name: &str, captures: &[PathBuf], config: &Config) {
    let run = |workers, batch_packets| run(captures, Config { workers, batch_packets, ..config.clone() });
    let plain = run(1, 8192);
    for (workers, batch) in [(2, 8192), (3, 64), (8, 1000), (1, 7)] {
        let other = run(workers, batch);
        assert_eq!(plain.len(), other.len(), "{name}: the same files");
        for ((file, a), b) in plain.iter().zip(&other) {
            assert!(
                *file == b.0 && *a == b.1,
                "{name}: {file} differs with {workers} workers and batches of {batch}"
            );
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

/// Connections that nobody answers, one every three seconds, all of one pair of hosts and so of one shard.
fn half_open(count: u16) -> PathBuf {
    let path = std::env::temp_dir().join(format!("targe-half-open-{}.pcap", std::process::id()));
    let mut writer = capture::Writer::pcap(std::fs::File::create(&path).unwrap(), LinkType::ETHERNET);
    for number in 0..count {
        let mut bytes =
            vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0];
        bytes.extend_from_slice(&[10, 0, 0, 1, 203, 0, 113, 9]);
        bytes.extend_from_slice(&(20_000 + number).to_be_bytes());
        bytes.extend_from_slice(&[0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
        let time = Time::from_secs(1_700_000_000 + 3 * u64::from(number));
        let id = PacketId(u64::from(number) + 1);
        let wire_len = u32::try_from(bytes.len()).unwrap();
        writer.write(&Packet { id, time, link: LinkType::ETHERNET, bytes: &bytes, wire_len }).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// A full table shortens the timeouts of flows that would be over by then: they end behind the packet that found it full.
#[test]
fn a_full_table_of_flows_replays_exactly() {
    let capture = half_open(200);
    for flows_max in [1, 5, 8, 12] {
        let mut config = Config::default();
        config.flow.flows_max = flows_max;
        config.decode.checksums = false;
        config.flow.stream.checksum_validation = false;
        check_with(&format!("{flows_max} flows per shard"), std::slice::from_ref(&capture), &config);
    }
    std::fs::remove_file(&capture).unwrap();
}

/// Writes a capture of the lab where a source can open it.
fn written(name: &str, capture: &lab::Capture) -> PathBuf {
    let path = std::env::temp_dir().join(format!("targe-{name}-{}.pcapng", std::process::id()));
    capture
        .write_pcapng(std::fs::File::create(&path).expect("the temporary folder takes a file"))
        .expect("it is written");
    path
}

#[test]
fn the_second_attack_within_a_week_replays_exactly_and_is_told_as_one_story() {
    let path = written("scenario", &lab::scenario::second_attack(lab::scenario::SEED));
    check("scenario", std::slice::from_ref(&path));
    let mut source = capture::Source::open(std::slice::from_ref(&path)).expect("the capture opens");
    let outcome =
        engine::run(&mut source, &Config::default(), &mut Kept::default()).expect("memory takes every write");
    std::fs::remove_file(&path).expect("it was written above");
    let lead = outcome.incidents.first().expect("an attack is an incident");
    assert_eq!(lead.victims[0].to_string(), "10.0.0.21", "{}", lead.title);
    let servers: Vec<String> =
        lead.servers.iter().map(|server| format!("{} {}", server.address, server.name)).collect();
    assert!(
        servers.contains(&"203.0.113.9 updates.example".to_owned()),
        "the control server is named: {servers:?}"
    );
    for technique in ["T1071.001", "T1071.004", "T1110.001"] {
        assert!(lead.techniques.contains(&technique), "{technique} is among {:?}", lead.techniques);
    }
    let scanner = outcome.incidents.iter().find(|incident| incident.techniques.contains(&"T1595.001"));
    assert_eq!(scanner.map(|incident| incident.attackers[0].to_string()), Some("203.0.113.45".to_owned()));
}

#[test]
fn a_quiet_day_raises_nothing_of_medium_severity() {
    let path = written("quiet", &lab::scenario::quiet_day(lab::scenario::SEED));
    let mut source = capture::Source::open(std::slice::from_ref(&path)).expect("the capture opens");
    let outcome =
        engine::run(&mut source, &Config::default(), &mut Kept::default()).expect("memory takes every write");
    std::fs::remove_file(&path).expect("it was written above");
    let loud: Vec<_> =
        outcome.incidents.iter().filter(|incident| incident.severity >= model::Severity::Medium).collect();
    assert!(loud.is_empty(), "{loud:#?}");
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
