//! Rules change while a run goes on: from the packet on that the order stands before, whatever the number of workers, and
//! with what the old rules knew of flows.

use std::path::Path;
use std::sync::Arc;

use engine::{Config, Order, Recorded, Sink};
use model::PacketId;
use rules::{Environment, Loader, RuleSet, Settings};

/// The order stands before this packet.
const CHANGE: u64 = 600;

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

fn compiled(text: &str) -> Arc<RuleSet> {
    let environment = Environment::default();
    let mut loader = Loader::new(&environment);
    loader.rules(Path::new("test.rules"), text.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    Arc::new(RuleSet::compile(loaded.rules, Settings::default()))
}

const BEFORE: &str = "\
    alert tcp any any -> any any (flags:S; flowbits:set,began; sid:1;)\n\
    alert ip any any -> any any (threshold:type limit,track by_src,count 1,seconds 3600; sid:3;)\n";
const AFTER: &str = "\
    alert ip any any -> any any (threshold:type limit,track by_src,count 1,seconds 3600; sid:3;)\n\
    alert tcp any any -> any any (flowbits:isset,other; sid:4;)\n\
    alert tcp any any -> any any (flags:F+; flowbits:isset,began; sid:2;)\n";

fn run(workers: usize, batch_packets: usize) -> String {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let mut source = capture::Source::open(&[capture]).expect("the capture opens");
    let config = Config { workers, batch_packets, rules: Some(compiled(BEFORE)), ..Config::default() };
    let mut orders = Recorded::new(vec![(PacketId(CHANGE), Order::Rules(compiled(AFTER)))]);
    let mut kept = Kept::default();
    engine::run_with_orders(&mut source, &config, &mut kept, &mut orders).expect("memory takes every write");
    String::from_utf8(kept.0).expect("records are text")
}

/// Packets of the alerts of a rule.
fn packets(eve: &str, sid: u32) -> Vec<u64> {
    let number = |line: &str, key: &str| -> Option<u64> {
        let rest = line.split_once(&format!("\"{key}\":"))?.1;
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    };
    eve.lines()
        .filter(|line| number(line, "signature_id") == Some(sid.into()))
        .filter_map(|line| number(line, "pcap_cnt"))
        .collect()
}

#[test]
fn new_rules_hold_from_their_packet_on_and_know_what_the_old_ones_knew() {
    let eve = run(1, 8192);
    let (old, new) = (packets(&eve, 1), packets(&eve, 2));
    assert!(!old.is_empty() && old.iter().all(|packet| *packet < CHANGE), "{old:?}");
    assert!(!new.is_empty() && new.iter().all(|packet| *packet >= CHANGE), "{new:?}");
    assert!(packets(&eve, 4).is_empty(), "a bit that nobody set");
    let mut hosts = packets(&eve, 3);
    let count = hosts.len();
    hosts.sort_unstable();
    assert!(count > 0 && hosts.iter().any(|packet| *packet < CHANGE), "the threshold is counted through");
}

#[test]
fn a_change_of_rules_replays_exactly() {
    let plain = run(1, 8192);
    for (workers, batch) in [(1, 7), (2, 8192), (2, 64), (3, 64), (8, 1000)] {
        let other = run(workers, batch);
        let differs = plain.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert!(
            differs.is_none(),
            "{workers} workers and batches of {batch} give something else: {differs:#?}"
        );
        assert_eq!(plain.len(), other.len(), "{workers} workers and batches of {batch}");
    }
}
