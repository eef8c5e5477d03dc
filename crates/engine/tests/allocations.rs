//! The hot path does not allocate once warm: packets of known flows cost no allocation at all.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use capture::{Source, Writer};
use engine::{Config, Sink};
use model::{LinkType, Packet, PacketId, Time};

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator that counts can only be written with the unsafe trait")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Notes after each batch how much was allocated so far.
struct Notes(Vec<u64>);

impl Sink for Notes {
    fn records(&mut self, _pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {
        self.0.push(COUNT.with(Cell::get));
    }
}

/// An Ethernet frame with IPv4 and TCP around `payload`; checksums are left out and not asked for.
fn frame(to_server: bool, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [203, 0, 113, 9]);
    let (src, dst) = if to_server { (client, server) } else { (server, client) };
    let (src_port, dst_port): (u16, u16) = if to_server { (40_000, 7_777) } else { (7_777, 40_000) };
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let total = u16::try_from(40 + payload.len()).unwrap();
    bytes.extend_from_slice(&[0x45, 0]);
    bytes.extend_from_slice(&total.to_be_bytes());
    bytes.extend_from_slice(&[0, 1, 0, 0, 64, 6, 0, 0]);
    bytes.extend_from_slice(&src);
    bytes.extend_from_slice(&dst);
    bytes.extend_from_slice(&src_port.to_be_bytes());
    bytes.extend_from_slice(&dst_port.to_be_bytes());
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&ack.to_be_bytes());
    bytes.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A conversation of `turns` packets each way, in a protocol that nobody knows.
fn conversation(turns: u32) -> Vec<Vec<u8>> {
    let payload: Vec<u8> = (0..200u32).map(|position| (position * 37 % 251) as u8).collect();
    let len = payload.len() as u32;
    let mut frames = vec![
        frame(true, 99, 0, 0x02, &[]),
        frame(false, 999, 100, 0x12, &[]),
        frame(true, 100, 1000, 0x10, &[]),
    ];
    for turn in 0..turns {
        frames.push(frame(true, 100 + turn * len, 1000 + turn * len, 0x18, &payload));
        frames.push(frame(false, 1000 + turn * len, 100 + (turn + 1) * len, 0x18, &payload));
    }
    frames
}

#[test]
fn packets_of_known_flows_allocate_nothing() {
    check("plain", None);
}

/// Patterns that occur in each packet, so that their rules are tried each time, and others.
#[test]
fn nor_do_rules_that_look_at_them() {
    let text = r#"
alert tcp any any -> any any (content:"|00 25 4a 6f|"; content:"no such text"; sid:1;)
alert tcp any any -> any 7777 (content:"|4a 6f|"; offset:2; depth:2; pcre:"/%Jo.*nothing like this/"; sid:2;)
alert tcp any any -> any any (content:"|94 b9 de|"; byte_test:1,=,255,0; flowbits:isset,never; sid:3;)
alert ip 192.0.2.0/24 any -> any any (sid:4;)
alert http any any -> any any (http.uri; content:"/never"; sid:5;)
alert tcp any any -> any any (flags:S; dsize:>900; sid:6;)
"#;
    let environment = rules::Environment::default();
    let mut loader = rules::Loader::new(&environment);
    loader.rules(std::path::Path::new("test.rules"), text.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    check("rules", Some(rules::RuleSet::compile(loaded.rules, rules::Settings::default())));
}

fn check(name: &str, rules: Option<rules::RuleSet>) {
    let path = std::env::temp_dir().join(format!("targe-allocations-{name}-{}.pcap", std::process::id()));
    let mut writer = Writer::pcap(std::fs::File::create(&path).unwrap(), LinkType::ETHERNET);
    for (number, bytes) in (1u64..).zip(conversation(10_000)) {
        let time = Time::from_micros(1_700_000_000_000_000 + number * 1_000);
        let wire_len = u32::try_from(bytes.len()).unwrap();
        let packet = Packet { id: PacketId(number), time, link: LinkType::ETHERNET, bytes: &bytes, wire_len };
        writer.write(&packet).unwrap();
    }
    writer.finish().unwrap();

    let mut config = Config { batch_packets: 1_000, ..Config::default() };
    config.rules = rules.map(std::sync::Arc::new);
    config.decode.checksums = false;
    config.flow.stream.checksum_validation = false;
    // Both directions come to a depth at once, which is an event and so a record; that is not what is measured here.
    config.flow.stream.reassembly_depth = 0;
    let mut source = Source::open(std::slice::from_ref(&path)).unwrap();
    let mut notes = Notes(Vec::with_capacity(64));
    engine::run(&mut source, &config, &mut notes).unwrap();
    std::fs::remove_file(&path).unwrap();

    // The first batches open the flow, give up on its protocol and grow the buffers; the last ends it.
    let warm = &notes.0[4..18];
    let per_batch: Vec<u64> = warm.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(per_batch, vec![0; per_batch.len()], "allocations per thousand packets");
}
