//! Rules change while a capture comes in through a pipe: a signal says so, no packet is lost, and what cannot be read leaves
//! the rules as they are.

use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Datagrams before and after each change: several batches.
const DATAGRAMS: u32 = 30_000;

/// A folder of its own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("targe-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the system's folder of things that do not last.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The head of a capture (libpcap, Ethernet).
fn head() -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    bytes.extend([0; 8]);
    bytes.extend(65_535u32.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes
}

/// A datagram of four bytes; each is a flow of its own.
fn datagram(number: u32) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let address = number.to_be_bytes();
    let mut header =
        vec![0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, address[1], address[2], address[3], 192, 0, 2, 1];
    let words = header.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum = words.sum::<u32>();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    frame.extend(header);
    frame.extend([0x30, 0x39, 0x30, 0x39, 0, 12, 0, 0]);
    frame.extend(b"ping");
    let mut bytes = (1_700_000_000 + number / 1_000).to_le_bytes().to_vec();
    bytes.extend((number % 1_000 * 1_000).to_le_bytes());
    bytes.extend((frame.len() as u32).to_le_bytes());
    bytes.extend((frame.len() as u32).to_le_bytes());
    bytes.extend(frame);
    bytes
}

fn rule(sid: u32) -> String {
    format!("alert udp any any -> any 12345 (content:\"ping\"; sid:{sid};)\n")
}

/// Signals that rules are to be read again, and waits until the program has said what came of it.
fn reload(child: &Child, said: &mut impl BufRead, until: &str) -> String {
    let signalled = Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let mut all = String::new();
    while !all.contains(until) {
        assert!(said.read_line(&mut all).unwrap() > 0, "the program ended: {all}");
    }
    all
}

#[test]
fn rules_change_on_a_signal_and_no_packet_is_lost() {
    let folder = Folder::new("reload");
    let (rules, out) = (folder.0.join("live.rules"), folder.0.join("out"));
    std::fs::write(&rules, rule(1)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_targe"))
        .args(["investigate", "-", "--workers", "2", "--set", "rules.cache=off", "-o"])
        .args([&out, &PathBuf::from("-r"), &rules])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut packets = child.stdin.take().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    packets.write_all(&head()).unwrap();
    let mut send = |from: u32| {
        let all: Vec<u8> = (from..from + DATAGRAMS).flat_map(datagram).collect();
        packets.write_all(&all).unwrap();
    };

    send(0);
    // One rule that cannot be honoured takes no other down.
    std::fs::write(&rules, format!("{}alert udp any any -> any any (contnet:\"x\"; sid:3;)\n", rule(2)))
        .unwrap();
    let words = reload(&child, &mut said, "they hold from the next packets on");
    assert!(words.contains("contnet"), "{words}");
    send(DATAGRAMS);
    // Rules that are not there leave the others as they are.
    std::fs::remove_file(&rules).unwrap();
    reload(&child, &mut said, "those so far stay");
    send(2 * DATAGRAMS);
    drop(packets);
    let mut rest = String::new();
    while said.read_line(&mut rest).unwrap() > 0 {}
    assert!(child.wait().unwrap().success(), "{rest}");

    let eve = std::fs::read_to_string(out.join("eve.json")).unwrap();
    let count =
        |sid: u32| eve.lines().filter(|line| line.contains(&format!("\"signature_id\":{sid},"))).count();
    assert_eq!(count(1) + count(2), 3 * DATAGRAMS as usize, "each packet gave one alert");
    let listing = std::fs::read_to_string(out.join("reloads.json")).unwrap();
    let changed = listing.split_once("\"before_packet\":").map_or("", |(_, rest)| rest);
    let changed: usize = changed.split_once(',').map_or("", |(number, _)| number).parse().unwrap();
    assert_eq!((count(1), count(2)), (changed - 1, 3 * DATAGRAMS as usize + 1 - changed), "{listing}");
    assert!(count(1) > 0 && changed <= 2 * DATAGRAMS as usize, "{listing}");
    assert_eq!(listing.matches("before_packet").count(), 1, "{listing}");
}
