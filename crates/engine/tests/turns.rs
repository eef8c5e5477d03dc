//! Bits of hosts are set and read across flows, and so across workers: the outcome is that of one worker, to the byte.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{Config, Sink};
use rules::{Environment, Loader, RuleSet, Settings};

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

const RULES: &str = "\
    alert udp any any -> any any (content:\"set\"; xbits:set,bad,track ip_dst,expire 5; noalert; sid:1;)\n\
    alert udp any any -> any any (content:\"ask\"; xbits:isset,bad,track ip_dst; sid:2;)\n\
    alert udp any any -> any any (content:\"end\"; xbits:unset,bad,track ip_dst; noalert; sid:3;)\n\
    alert udp any any -> any any (content:\"turn\"; xbits:toggle,bad,track ip_dst,expire 5; noalert; sid:4;)\n";
const WORDS: [&str; 5] = ["set", "ask", "ask", "end", "turn"];
const SERVERS: u64 = 3;
const CLIENTS: u64 = 40;
const PACKETS: u64 = 6_000;

fn rules() -> Arc<RuleSet> {
    let environment = Environment::default();
    let mut loader = Loader::new(&environment);
    loader.rules(Path::new("test.rules"), RULES.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let rules = RuleSet::compile(loaded.rules, Settings::default());
    assert!(rules.needs_turns() && !rules.needs_order());
    Arc::new(rules)
}

/// One packet: its client, its server, its word.
type Said = (u8, u8, &'static str);

/// Clients say words to servers, in no particular order.
fn said() -> Vec<Said> {
    // A plain generator (Knuth's MMIX constants).
    let mut state = 1u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let small = |number: u64| u8::try_from(number).expect("there are few of them");
    (0..PACKETS)
        .map(|_| (small(next(CLIENTS)), small(next(SERVERS)), WORDS[usize::from(small(next(5)))]))
        .collect()
}

/// How many alerts there must be: a bit is good for five seconds, and packets come every tenth of a second.
fn expected(said: &[Said]) -> usize {
    let mut until = [0usize; SERVERS as usize];
    let mut alerts = 0;
    for (at, (_, server, word)) in said.iter().enumerate() {
        let place = &mut until[usize::from(*server)];
        let is_set = *place > at;
        match *word {
            "set" => *place = at + 50,
            "end" => *place = 0,
            "turn" => *place = if is_set { 0 } else { at + 50 },
            _ => alerts += usize::from(is_set),
        }
    }
    alerts
}

/// Writes them as a classic capture.
fn written(said: &[Said]) -> PathBuf {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    for (at, (client, server, word)) in (0u32..).zip(said) {
        let frame = frame(*client, *server, word);
        let len = u32::try_from(frame.len()).expect("frames are short");
        for word in [1_000 + at / 10, at % 10 * 100_000, len, len] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&frame);
    }
    let path = std::env::temp_dir().join(format!("targe-turns-{}.pcap", std::process::id()));
    std::fs::write(&path, bytes).expect("the temporary folder takes a file");
    path
}

fn frame(client: u8, server: u8, word: &str) -> Vec<u8> {
    let udp_len = u8::try_from(8 + word.len()).expect("words are short");
    let mut ip = vec![0x45, 0, 0, 20 + udp_len, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, client, 10, 0, 1, server];
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let sum = !((sum & 0xffff) + (sum >> 16));
    ip[10..12].copy_from_slice(&[(sum >> 8) as u8, sum as u8]);
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend_from_slice(&ip);
    frame.extend_from_slice(&[0x9c, 0x40, 0x23, 0x28, 0, udp_len, 0, 0]);
    frame.extend_from_slice(word.as_bytes());
    frame
}

fn run(capture: &Path, rules: &Arc<RuleSet>, workers: usize, batch_packets: usize) -> Vec<u8> {
    let mut source = capture::Source::open(&[capture.to_owned()]).expect("the capture opens");
    let config = Config { workers, batch_packets, rules: Some(Arc::clone(rules)), ..Config::default() };
    let mut kept = Kept::default();
    engine::run(&mut source, &config, &mut kept).expect("memory takes every write");
    kept.0
}

#[test]
fn bits_of_hosts_are_the_same_for_any_number_of_workers() {
    let said = said();
    let capture = written(&said);
    let rules = rules();
    let alone = run(&capture, &rules, 1, 8192);
    let alerts = alone.windows(20).filter(|part| part == b"\"event_type\":\"alert\"").count();
    assert_eq!(alerts, expected(&said));
    for (workers, batch) in [(2, 8192), (3, 64), (8, 1000), (2, 1)] {
        assert!(run(&capture, &rules, workers, batch) == alone, "{workers} workers, batches of {batch}");
    }
    std::fs::remove_file(&capture).expect("it was written above");
}
