//! Capture files as they lie on a disk, and the whole engine over any packets.

use ::capture::{Batch, Source, Writer};
use engine::Config;
use model::{LinkType, Packet, PacketId, Time};

use crate::case::CASES;
use crate::run::{Heard, Scratch, hear_with};

/// Packets of a batch.
const BATCH_PACKETS: usize = 256;
/// Bytes of an instruction before a packet: length (two), milliseconds since the one before (two).
const INSTRUCTION: usize = 4;

/// The bytes are a file.
pub(super) fn run(bytes: &[u8]) {
    let scratch = Scratch::with_bytes(bytes);
    let Ok(mut source) = Source::open(&[scratch.path()]) else { return };
    let (mut batch, mut last, mut count) = (Batch::new(), Time::default(), 0);
    while source.next_batch(&mut batch, BATCH_PACKETS) {
        for packet in batch.iter() {
            count += 1;
            assert_eq!(packet.id, PacketId(count), "ids count from 1 without a hole");
            assert!(packet.time >= last, "time never runs backwards");
            last = packet.time;
        }
    }
    assert_eq!(source.packets(), count, "what was handed out is what is counted");
}

/// The first packets of some hostile cases in both formats.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for case in CASES.iter().step_by(9) {
        let frames: Vec<_> = (case.build)(2).into_iter().take(6).collect();
        for pcapng in [false, true] {
            let writer = if pcapng {
                Writer::pcapng(Vec::new(), None)
            } else {
                Writer::pcap(Vec::new(), LinkType::ETHERNET)
            };
            seeds.push(written(writer, &frames));
        }
    }
    seeds
}

fn written(mut writer: Writer<Vec<u8>>, frames: &[(Time, Vec<u8>)]) -> Vec<u8> {
    for ((time, bytes), id) in frames.iter().zip(1..) {
        let wire_len = bytes.len() as u32;
        let packet = Packet { id: PacketId(id), time: *time, link: LinkType::ETHERNET, bytes, wire_len };
        writer.write(&packet).expect("memory takes every packet");
    }
    writer.finish().expect("memory takes every packet")
}

/// The bytes are packets, each behind its length and the time since the one before. One worker and two must agree.
pub(super) fn replay(bytes: &[u8]) {
    let (mut frames, mut now, mut rest) = (crate::Frames::new(), lab::START, bytes);
    while let Some((head, after)) = rest.split_first_chunk::<INSTRUCTION>() {
        let length = usize::from(u16::from_be_bytes([head[0], head[1]]) & 0x0fff).min(after.len());
        now = now.plus_nanos(u64::from(u16::from_be_bytes([head[2], head[3]])) * 1_000_000);
        let (frame, after) = after.split_at(length);
        frames.push((now, frame.to_vec()));
        rest = after;
    }
    let alone = hear_with(&frames, &Config::default());
    let together = hear_with(&frames, &Config { workers: 2, batch_packets: 3, ..Config::default() });
    assert!(alone.records == together.records, "records differ between one worker and two");
    assert_eq!(told(&alone), told(&together), "findings differ between one worker and two");
}

fn told(heard: &Heard) -> Vec<String> {
    heard.outcome.findings.iter().map(|finding| finding.title.clone()).collect()
}

/// The first packets of each hostile case.
pub(super) fn replay_seeds() -> Vec<Vec<u8>> {
    let seed = |frames: crate::Frames| {
        let mut seed = Vec::new();
        for (_, frame) in frames.iter().take(12) {
            let length = frame.len().min(0x0fff);
            seed.extend_from_slice(&(length as u16).to_be_bytes());
            seed.extend_from_slice(&[0, 1]);
            seed.extend_from_slice(&frame[..length]);
        }
        seed
    };
    CASES.iter().map(|case| seed((case.build)(3))).collect()
}
