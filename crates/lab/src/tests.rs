use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use model::Time;
use sha2::{Digest, Sha256};

use crate::acts::{
    Beacon, DnsTunnel, Flood, FloodKind, Guessing, Leak, Periodic, Phishing, PlcWrite, Ransomware, Scan,
    Service, Technique, TunnelRecord, Upload, Wrapping,
};
use crate::calendar::Date;
use crate::frame::transport_checksum;
use crate::{ActKind, Capture, Host, Random, START, Scene, Side, Talk, scenario};

/// Addresses, protocol, IP payload (without Ethernet padding) of an IP frame.
fn open_ip(frame: &[u8]) -> Option<(IpAddr, IpAddr, u8, &[u8])> {
    let ip = frame.get(14..)?;
    match frame.get(12..14)? {
        [8, 0] => {
            let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            assert_eq!(ip[0], 0x45);
            assert_eq!(sum(&ip[..20]), 0xffff, "IPv4 header checksum");
            let address = |at: usize| IpAddr::V4(Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]));
            Some((address(12), address(16), ip[9], &ip[20..total]))
        }
        [0x86, 0xdd] => {
            let length = usize::from(u16::from_be_bytes([ip[4], ip[5]]));
            let address = |at: usize| IpAddr::V6(<[u8; 16]>::try_from(&ip[at..at + 16]).unwrap().into());
            Some((address(8), address(24), ip[6], &ip[40..40 + length]))
        }
        _ => None,
    }
}

fn sum(bytes: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

fn is_documentation_or_private(ip: IpAddr) -> bool {
    let [a, b, c, _] = match ip {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(ip) => return ip.octets().starts_with(&[0x20, 0x01, 0x0d, 0xb8]),
    };
    a == 10
        || matches!([a, b, c], [192, 0, 2] | [198, 51, 100] | [203, 0, 113])
        || (a == 198 && b & 0xfe == 18)
}

/// What must hold for every capture of the lab.
fn examine(capture: &Capture) {
    assert!(!capture.frames.is_empty());
    assert!(capture.frames.is_sorted_by_key(|frame| frame.time));
    assert_eq!(capture.truth.packets, capture.frames.len() as u64);
    for frame in &capture.frames {
        assert!((60..=1_514).contains(&frame.bytes.len()), "a frame of {} bytes", frame.bytes.len());
        let Some((from, to, protocol, body)) = open_ip(&frame.bytes) else { continue };
        assert!(is_documentation_or_private(from) && is_documentation_or_private(to), "{from} {to}");
        match protocol {
            // A body with its right checksum in it sums up to nothing.
            6 => assert_eq!(transport_checksum(from, to, protocol, body), 0),
            17 => {
                assert_eq!(transport_checksum(from, to, protocol, body), 0);
                assert_eq!(usize::from(u16::from_be_bytes([body[4], body[5]])), body.len());
            }
            1 => assert_eq!(sum(body), 0xffff),
            other => panic!("protocol {other}"),
        }
    }
    for (index, act) in capture.truth.acts.iter().enumerate() {
        let mine: Vec<usize> =
            (0..capture.frames.len()).filter(|at| capture.frames[*at].act == Some(index)).collect();
        let (first, last) = (mine[0], mine[mine.len() - 1]);
        assert_eq!(act.packets, mine.len() as u64);
        assert_eq!((act.first_packet, act.last_packet), (first as u64 + 1, last as u64 + 1));
        assert_eq!((act.first_time, act.last_time), (capture.frames[first].time, capture.frames[last].time));
        let mut seen = BTreeSet::new();
        for at in &mine {
            if let Some((from, to, _, _)) = open_ip(&capture.frames[*at].bytes) {
                seen.extend([from, to]);
            }
        }
        for ip in act.attackers.iter().chain(&act.servers.iter().map(|server| server.ip).collect::<Vec<_>>())
        {
            assert!(seen.contains(ip), "{}: {ip} takes no part", act.kind.name());
        }
        // The victim of a phishing mail reads it on the mail server.
        if act.kind != ActKind::Phishing {
            assert!(act.victims.iter().all(|ip| seen.contains(ip)), "{}", act.kind.name());
        }
    }
    check_streams(capture);
}

/// Both directions of every conversation are complete: no byte of the stream is missing, and copies agree.
fn check_streams(capture: &Capture) {
    type Key = (IpAddr, u16, IpAddr, u16);
    let mut streams: BTreeMap<Key, (u32, BTreeMap<u32, u8>)> = BTreeMap::new();
    for frame in &capture.frames {
        let Some((from, to, 6, body)) = open_ip(&frame.bytes) else { continue };
        let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let seq = u32::from_be_bytes([body[4], body[5], body[6], body[7]]);
        let data = &body[usize::from(body[12] >> 4) * 4..];
        let key = (from, port(0), to, port(2));
        if body[13] & 2 != 0 {
            streams.insert(key, (seq.wrapping_add(1), BTreeMap::new()));
        } else if !data.is_empty() {
            let (start, bytes) = streams.get_mut(&key).expect("data follows the handshake");
            for (index, byte) in data.iter().enumerate() {
                let at = seq.wrapping_sub(*start).wrapping_add(index as u32);
                assert_eq!(*bytes.entry(at).or_insert(*byte), *byte, "two copies differ");
            }
        }
    }
    for (key, (_, bytes)) in streams {
        assert!(bytes.keys().copied().eq(0..bytes.len() as u32), "{key:?} has a hole");
    }
}

fn hash(capture: &Capture) -> String {
    let bytes = capture.write_pcapng(Vec::new()).unwrap();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_random_numbers_are_those_of_the_reference() {
    // SplitMix64 from 0 begins with e220a8397b1dcdaf; the first number of xoshiro256** follows from its second word.
    let mut random = Random::new(0);
    let second: u64 = 0x6e78_9e6a_a1b9_65f4;
    assert_eq!(random.word(), second.wrapping_mul(5).rotate_left(7).wrapping_mul(9));
    assert!((0..1_000).all(|_| (5..=7).contains(&random.between(5, 7))));
    assert!((0..1_000).all(|_| (90..=110).contains(&random.around(100, 10))));
}

#[test]
fn dates_are_those_of_the_calendar() {
    assert_eq!(Date::rfc3339(START), "2025-03-04T08:00:00.000000Z");
    assert_eq!(Date::rfc3339(Time::from_micros(951_782_400_000_001)), "2000-02-29T00:00:00.000001Z");
    assert_eq!(Date::imf(START, "GMT"), "Tue, 04 Mar 2025 08:00:00 GMT");
    assert_eq!(Date::utc_time(Time::from_secs(0)), "700101000000Z");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let make = |seed| hash(&DnsTunnel { seed, queries: 30, ..DnsTunnel::default() }.make());
    assert_eq!(make(7), make(7));
    assert_ne!(make(7), make(8));
    // The same on every machine: whoever changes what is written changes this line as well.
    expect_test::expect!["9fa7651a5d4a57031633bd950c72d46188f087bd6ada1b4dd81ea7926cd31f57"]
        .assert_eq(&make(7));
    assert_eq!(hash(&scenario::first_attack(3)), hash(&scenario::first_attack(3)));
}

#[test]
fn lost_segments_are_sent_again_and_nothing_is_missing() {
    for seed in 0..40 {
        let mut scene = Scene::new("loss", seed);
        scene.loss_per_mille = 150;
        let client = Host::inside("client", Ipv4Addr::new(10, 0, 0, 9), if seed % 2 == 0 { 64 } else { 128 });
        let server = Host::outside("server", Ipv4Addr::new(192, 0, 2, 9), 9);
        let mut talk = Talk::open(&mut scene, START, &client, &server, 80);
        let mut random = Random::new(seed);
        for size in [10, 5_000, 90_000] {
            talk.client(&random.bytes(size)).server(&random.bytes(size * 2));
        }
        talk.close(Side::Client);
        let capture = scene.finish();
        check_streams(&capture);
        assert!(capture.frames.len() > 200);
    }
}

#[test]
fn every_act_stands_alone_and_is_what_its_truth_says() {
    let made = [
        Beacon { lifetime_secs: 3_600, ..Beacon::default() }.make(),
        Beacon { lifetime_secs: 3_600, wrapping: Wrapping::Http, missed_per_mille: 200, ..Beacon::default() }
            .make(),
        Beacon { lifetime_secs: 900, background: true, ..Beacon::default() }.make(),
        Periodic { machines: 2, lifetime_secs: 3_600, ..Periodic::default() }.make(),
        DnsTunnel { queries: 20, record: TunnelRecord::Txt, ..DnsTunnel::default() }.make(),
        DnsTunnel { queries: 20, record: TunnelRecord::Cname, bits_per_query: 5_000, ..DnsTunnel::default() }
            .make(),
        Scan::default().make(),
        Scan { technique: Technique::Udp, ports: 60, ..Scan::default() }.make(),
        Scan { addresses: 254, ports: 1, ..Scan::default() }.make(),
        Guessing { conversations: 3, succeeds: true, ..Guessing::default() }.make(),
        Guessing { conversations: 3, service: Service::Ftp, ..Guessing::default() }.make(),
        Phishing::default().make(),
        Upload { wrapping: Wrapping::Http, bytes: 50_000, ..Upload::default() }.make(),
        Upload { bytes: 50_000, ..Upload::default() }.make(),
        Leak::default().make(),
        Ransomware { files: 5, ..Ransomware::default() }.make(),
        PlcWrite { reads: 20, ..PlcWrite::default() }.make(),
    ];
    made.iter().for_each(examine);
    for kind in [FloodKind::Syn, FloodKind::Udp, FloodKind::Icmp, FloodKind::DnsAnswers] {
        let flood = Flood { kind, packets_per_second: 100, seconds: 3, ..Flood::default() }.make();
        examine(&flood);
        assert_eq!(flood.truth.acts[0].packets, 300);
    }
}

#[test]
fn a_beacon_keeps_its_period() {
    let beacon =
        Beacon { lifetime_secs: 7_200, period_secs: 60, jitter_percent: 5, ..Beacon::default() }.make();
    let opened: Vec<Time> = beacon
        .frames
        .iter()
        .filter(|frame| {
            open_ip(&frame.bytes).is_some_and(|(_, _, protocol, body)| protocol == 6 && body[13] == 2)
        })
        .map(|frame| frame.time)
        .collect();
    assert!((110..=130).contains(&opened.len()), "{}", opened.len());
    for pair in opened.windows(2) {
        let gap = pair[1].secs_since(pair[0]);
        assert!((56.5..=63.5).contains(&gap), "{gap}");
    }
}

#[test]
fn the_second_attack_has_all_its_parts_in_order() {
    let capture = scenario::second_attack(scenario::SEED);
    examine(&capture);
    let size: usize = capture.frames.iter().map(|frame| frame.bytes.len() + 32).sum();
    assert!((3_000_000..6_500_000).contains(&size), "{size} bytes");
    let kinds: Vec<&str> = capture.truth.attacks().map(|act| act.kind.name()).collect();
    assert_eq!(
        kinds,
        ["scan", "scan", "phishing", "download", "beacon", "guessing", "collection", "dns_tunnel", "upload"]
    );
    let json: serde_json::Value = serde_json::from_slice(&capture.truth.to_json()).unwrap();
    assert_eq!(json["packets"].as_u64(), Some(capture.truth.packets));
    let beacon = json["acts"].as_array().unwrap().iter().find(|act| act["kind"] == "beacon").unwrap();
    assert_eq!(beacon["servers"][0]["ip"], "203.0.113.9");
    assert_eq!(beacon["servers"][0]["name"], "updates.example");
    assert_eq!(beacon["victims"][0], "10.0.0.21");
    assert!(capture.truth.acts.iter().any(|act| act.kind == ActKind::Periodic));
    assert!(
        capture.frames.iter().any(|frame| open_ip(&frame.bytes).is_some_and(|(from, ..)| from.is_ipv6()))
    );
}

#[test]
fn both_attacks_come_from_the_same_hands() {
    let servers = |capture: &Capture| -> BTreeSet<IpAddr> {
        capture.truth.attacks().flat_map(|act| act.attackers.iter().copied()).collect()
    };
    let (first, second) = (scenario::first_attack(1), scenario::second_attack(1));
    examine(&first);
    assert!(servers(&first).iter().filter(|ip| servers(&second).contains(ip)).count() >= 3);
    let days = second.truth.first_time.secs_since(first.truth.first_time) / 86_400.0;
    assert!((4.0..7.0).contains(&days));
}

#[test]
fn a_quiet_day_has_nobody_to_accuse() {
    let capture = scenario::quiet_day(1);
    examine(&capture);
    assert_eq!(capture.truth.attacks().count(), 0);
}

#[test]
fn what_is_written_is_read_again() {
    let made = Scan { ports: 30, ..Scan::default() }.make();
    let path = std::env::temp_dir().join(format!("lab-test-{}.pcapng", std::process::id()));
    std::fs::write(&path, made.write_pcapng(Vec::new()).unwrap()).unwrap();
    let mut source = capture::Source::open(std::slice::from_ref(&path)).unwrap();
    let mut batch = capture::Batch::new();
    let mut count = 0;
    while source.next_batch(&mut batch, 7) {
        for packet in &batch {
            assert_eq!(packet.bytes, made.frames[count].bytes);
            assert_eq!(packet.time, made.frames[count].time);
            count += 1;
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(count, made.frames.len());
}
