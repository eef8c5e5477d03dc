use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{LinkType, Packet, PacketId, Time};
use proptest::prelude::*;

use super::*;

/// A folder of its own per test, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("capture-test-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    id: u64,
    nanos: u64,
    link: u16,
    bytes: Vec<u8>,
    wire: u32,
}

fn read_all(source: &mut Source, packets_max: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut batch = Batch::new();
    while source.next_batch(&mut batch, packets_max) {
        assert!(batch.len() <= packets_max.max(1));
        for packet in &batch {
            seen.push(Seen {
                id: packet.id.0,
                nanos: packet.time.nanos(),
                link: packet.link.0,
                bytes: packet.bytes.to_vec(),
                wire: packet.wire_len,
            });
        }
    }
    assert!(batch.is_empty());
    assert!(!source.next_batch(&mut batch, packets_max), "the end stays the end");
    seen
}

/// Writes bytes to a file and reads them back as a source.
fn read_bytes(name: &str, bytes: &[u8]) -> (Vec<Seen>, Source) {
    let folder = Folder::new(name);
    let path = folder.file("a", bytes);
    let mut source = Source::open(&[path]).unwrap();
    let seen = read_all(&mut source, 3);
    (seen, source)
}

fn open_error(name: &str, bytes: &[u8]) -> CaptureError {
    let folder = Folder::new(name);
    Source::open(&[folder.file("a", bytes)]).unwrap_err()
}

/// Numbers in one of the two byte orders.
#[derive(Clone, Copy)]
struct Put(bool);

impl Put {
    fn u16(self, value: u16) -> [u8; 2] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
    fn u32(self, value: u32) -> [u8; 4] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
    fn u64(self, value: u64) -> [u8; 8] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

const LITTLE: Put = Put(false);
const BIG: Put = Put(true);

fn pcap_header(put: Put, magic: u32, minor: u16, link: u32) -> Vec<u8> {
    let mut file = put.u32(magic).to_vec();
    file.extend(put.u16(2));
    file.extend(put.u16(minor));
    file.extend([0; 8]);
    file.extend(put.u32(65_535));
    file.extend(put.u32(link));
    file
}

fn pcap_record(file: &mut Vec<u8>, put: Put, seconds: u32, ticks: u32, lengths: (u32, u32), bytes: &[u8]) {
    for field in [seconds, ticks, lengths.0, lengths.1] {
        file.extend(put.u32(field));
    }
    file.extend(bytes);
}

fn pcap_of(packets: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut file = pcap_header(LITTLE, 0xa1b2_c3d4, 4, 1);
    for (seconds, micros, bytes) in packets {
        let length = bytes.len() as u32;
        pcap_record(&mut file, LITTLE, *seconds, *micros, (length, length), bytes);
    }
    file
}

fn block(put: Put, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(body.len().next_multiple_of(4), 0);
    let length = put.u32(padded.len() as u32 + 12);
    [&put.u32(kind)[..], &length, &padded, &length].concat()
}

fn option(put: Put, code: u16, value: &[u8]) -> Vec<u8> {
    let mut out = [&put.u16(code)[..], &put.u16(value.len() as u16), value].concat();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn section(put: Put, options: &[u8]) -> Vec<u8> {
    let body = [&put.u32(0x1a2b_3c4d)[..], &put.u16(1), &put.u16(0), &put.u64(u64::MAX), options].concat();
    block(put, 0x0a0d_0d0a, &body)
}

fn interface(put: Put, link: u16, snap: u32, options: &[u8]) -> Vec<u8> {
    block(put, 1, &[&put.u16(link)[..], &[0, 0], &put.u32(snap), options].concat())
}

fn enhanced(put: Put, interface: u32, ticks: u64, bytes: &[u8], options: &[u8]) -> Vec<u8> {
    let mut body = put.u32(interface).to_vec();
    for field in [(ticks >> 32) as u32, ticks as u32, bytes.len() as u32, bytes.len() as u32] {
        body.extend(put.u32(field));
    }
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(put, 6, &body)
}

#[test]
fn pcap_reads_in_both_byte_orders_and_resolutions() {
    for (name, put) in [("le", LITTLE), ("be", BIG)] {
        for (magic, nanos, format) in
            [(0xa1b2_c3d4, 5_000, Format::Pcap), (0xa1b2_3c4d, 5, Format::PcapNanos)]
        {
            let mut file = pcap_header(put, magic, 4, 1);
            pcap_record(&mut file, put, 7, 5, (3, 60), b"abc");
            let (seen, source) = read_bytes(&format!("pcap-{name}-{magic:x}"), &file);
            let expected =
                Seen { id: 1, nanos: 7_000_000_000 + nanos, link: 1, bytes: b"abc".to_vec(), wire: 60 };
            assert_eq!(seen, [expected]);
            assert!(source.losses().is_empty());
            let facts = source.inputs().next().unwrap();
            assert_eq!(
                (facts.format, facts.packets, facts.links.as_slice()),
                (format, 1, &[LinkType(1)][..])
            );
            assert_eq!(source.total_bytes(), Some(file.len() as u64));
            assert_eq!(source.bytes_read(), file.len() as u64);
        }
    }
}

#[test]
fn the_longer_records_of_kuznetzovs_pcap_are_read() {
    let mut file = pcap_header(LITTLE, 0xa1b2_cd34, 4, 101);
    for bytes in [&b"first"[..], b"second"] {
        let length = bytes.len() as u32;
        pcap_record(&mut file, LITTLE, 1, 2, (length, length), &[0; 8]);
        file.extend(bytes);
    }
    let (seen, _) = read_bytes("kuznetzov", &file);
    assert_eq!(seen.iter().map(|seen| seen.bytes.as_slice()).collect::<Vec<_>>(), [&b"first"[..], b"second"]);
}

#[test]
fn very_old_pcap_has_its_lengths_the_other_way_round() {
    for minor in [2, 3] {
        let mut file = pcap_header(LITTLE, 0xa1b2_c3d4, minor, 1);
        pcap_record(&mut file, LITTLE, 1, 2, (60, 3), b"abc");
        let (seen, _) = read_bytes(&format!("old-{minor}"), &file);
        assert_eq!((seen[0].bytes.as_slice(), seen[0].wire), (&b"abc"[..], 60));
    }
}

#[test]
fn checksum_bits_are_no_part_of_the_link_type() {
    let mut file = pcap_header(LITTLE, 0xa1b2_c3d4, 4, 0x2400_0001);
    pcap_record(&mut file, LITTLE, 1, 2, (3, 3), b"abc");
    assert_eq!(read_bytes("fcs", &file).0[0].link, 1);
}

#[test]
fn a_packet_without_bytes_is_a_packet() {
    let (seen, source) = read_bytes("zero", &pcap_of(&[(1, 0, b""), (2, 0, b"x")]));
    assert_eq!(seen.len(), 2);
    assert!(seen[0].bytes.is_empty());
    assert!(source.losses().is_empty());
}

#[test]
fn time_never_runs_backwards_and_the_own_time_is_kept() {
    let folder = Folder::new("clamp");
    let path = folder.file("a", &pcap_of(&[(5, 0, b"a"), (3, 0, b"b"), (6, 0, b"c")]));
    let mut source = Source::open(&[path]).unwrap();
    let mut batch = Batch::new();
    assert!(source.next_batch(&mut batch, 10));
    assert_eq!(batch.iter().map(|packet| packet.time.secs()).collect::<Vec<_>>(), [5, 5, 6]);
    assert_eq!(batch.original_time(1), Some(Time::from_secs(3)));
    assert_eq!(batch.original_time(2), Some(Time::from_secs(6)));
    assert_eq!(batch.original_time(3), None);
    assert_eq!(source.clamped(), 1);
}

#[test]
fn a_packet_longer_than_any_packet_ends_the_file() {
    let mut file = pcap_of(&[(1, 0, b"good")]);
    let stop = file.len() as u64;
    pcap_record(&mut file, LITTLE, 1, 0, (PACKET_BYTES_MAX + 1, 9), &vec![0; 300_000]);
    let (seen, source) = read_bytes("long", &file);
    assert_eq!(seen.len(), 1);
    let loss = &source.losses()[0];
    assert_eq!((loss.offset, loss.after), (stop, PacketId(1)));
    assert_eq!(loss.kind, LossKind::PacketTooLong { bytes: PACKET_BYTES_MAX + 1 });
    assert!(loss.mark().reason.contains(&format!("at byte {stop}: damaged")), "{}", loss.mark().reason);
}

#[test]
fn every_prefix_of_a_file_reads_as_far_as_it_goes() {
    let pcap = pcap_of(&[(1, 0, b"abcd"), (2, 0, b""), (3, 0, b"efghij")]);
    let folder = Folder::new("prefix");
    for file in [pcap, rich_pcapng(LITTLE), rich_pcapng(BIG)] {
        let whole = {
            let path = folder.file("whole", &file);
            read_all(&mut Source::open(&[path]).unwrap(), 2)
        };
        for packed in [false, true] {
            for length in 1..file.len() {
                let bytes = if packed { gzip(&file[..length]) } else { file[..length].to_vec() };
                let path = folder.file("part", &bytes);
                match Source::open(&[path]) {
                    Ok(mut source) => {
                        let seen = read_all(&mut source, 2);
                        assert_eq!(seen, whole[..seen.len()]);
                        let lost = source.losses().iter().any(|loss| loss.kind == LossKind::CutShort);
                        let clean = source.losses().is_empty() && seen.len() <= whole.len();
                        assert!(lost || clean, "{length}: {:?}", source.losses());
                    }
                    Err(error) => {
                        assert!(length < 4, "{error}");
                        assert!(matches!(error, CaptureError::NotACapture { .. }));
                    }
                }
            }
        }
    }
}

/// A file with every kind of block: two sections' worth is tested apart.
fn rich_pcapng(put: Put) -> Vec<u8> {
    let end = option(put, 0, b"");
    let mut file =
        section(put, &[option(put, 1, b"the whole"), option(put, 4, b"dumpcap"), end.clone()].concat());
    file.extend(interface(put, 1, 0, &[]));
    file.extend(interface(put, 101, 4, &[option(put, 9, &[9]), end.clone()].concat()));
    file.extend(block(put, 4, b"names are skipped"));
    file.extend(enhanced(put, 0, 1_000_000, b"micro", &[option(put, 1, b"look here"), end.clone()].concat()));
    file.extend(enhanced(put, 1, 2_000_000_000, b"nano", &[]));
    // Simple: original length 9 of which the first interface's limit keeps all.
    file.extend(block(put, 3, &[&put.u32(9)[..], b"simplest!"].concat()));
    let mut obsolete = [put.u16(0), put.u16(7)].concat();
    for field in [0, 3_000_000, 3, 1500] {
        obsolete.extend(put.u32(field));
    }
    obsolete.extend(b"old");
    file.extend(block(put, 2, &obsolete));
    file.extend(block(put, 10, b"secrets are skipped"));
    file.extend(block(put, 0x0bad, b"custom blocks as well"));
    let counters = [option(put, 5, &put.u64(30)), option(put, 7, &put.u64(12)), end].concat();
    file.extend(block(put, 5, &[&put.u32(1)[..], &[0; 8], &counters].concat()));
    file
}

#[test]
fn pcapng_reads_every_kind_of_block_in_both_byte_orders() {
    for (name, put) in [("le", LITTLE), ("be", BIG)] {
        let (seen, source) = read_bytes(&format!("rich-{name}"), &rich_pcapng(put));
        let short: Vec<_> = seen
            .iter()
            .map(|seen| (seen.nanos, seen.link, String::from_utf8_lossy(&seen.bytes).into_owned(), seen.wire))
            .collect();
        let expected = [
            (1_000_000_000, 1, "micro".to_owned(), 5),
            (2_000_000_000, 101, "nano".to_owned(), 4),
            (2_000_000_000, 1, "simplest!".to_owned(), 9),
            (3_000_000_000, 1, "old".to_owned(), 1500),
        ];
        assert_eq!(short, expected);
        assert_eq!(source.comment(PacketId(1)), Some("look here"));
        assert_eq!(source.comment(PacketId(2)), None);
        let facts = source.inputs().next().unwrap();
        assert_eq!(facts.application.as_deref(), Some("dumpcap"));
        assert_eq!(facts.comment.as_deref(), Some("the whole"));
        assert_eq!(facts.links, [LinkType(1), LinkType(101)]);
        assert_eq!(source.losses()[0].kind, LossKind::DroppedAtCapture { packets: 42 });
    }
}

#[test]
fn a_new_section_brings_its_own_byte_order_and_interfaces() {
    let mut file = section(LITTLE, &[]);
    file.extend(interface(LITTLE, 1, 0, &[]));
    file.extend(enhanced(LITTLE, 0, 1, b"one", &[]));
    file.extend(section(BIG, &[]));
    file.extend(interface(BIG, 113, 0, &option(BIG, 9, &[3])));
    file.extend(enhanced(BIG, 0, 5, b"two", &[]));
    file.extend(section(LITTLE, &[]));
    file.extend(enhanced(LITTLE, 0, 9, b"nobody", &[]));
    let (seen, source) = read_bytes("sections", &file);
    assert_eq!(
        seen.iter().map(|seen| (seen.nanos, seen.link)).collect::<Vec<_>>(),
        [(1_000, 1), (5_000_000, 113)]
    );
    assert_eq!(source.losses()[0].kind, LossKind::UnknownInterface { index: 0 });
}

#[test]
fn interface_clocks_count_in_powers_of_ten_and_two_from_any_offset() {
    for (resolution, offset, ticks, nanos) in [
        (6, 0_i64, 1_500_000_u64, 1_500_000_000_u64),
        (0, 0, 3, 3_000_000_000),
        (12, 0, 2_000, 2),
        (127, 0, u64::MAX, 1),
        (0x80 | 10, 0, 1_536, 1_500_000_000),
        (0x80 | 32, 0, 1 << 31, 500_000_000),
        (0xff, 0, u64::MAX, 0),
        (0, 0, u64::MAX, u64::MAX),
        (9, 10, 5, 10_000_000_005),
        (9, -10, 5, 0),
        (9, i64::MAX, 5, u64::MAX),
    ] {
        let options =
            [option(LITTLE, 9, &[resolution]), option(LITTLE, 14, &LITTLE.u64(offset as u64))].concat();
        let mut file = section(LITTLE, &[]);
        file.extend(interface(LITTLE, 1, 0, &options));
        file.extend(enhanced(LITTLE, 0, ticks, b"x", &[]));
        let (seen, _) = read_bytes("clock", &file);
        // 10^-127 s: the divisor is past 64 bits; a time of one tick's rounding is all that can be asked.
        let close = seen[0].nanos.abs_diff(nanos) <= u64::from(resolution == 127);
        assert!(close, "{resolution} {offset}: {} is not {nanos}", seen[0].nanos);
    }
}

#[test]
fn a_simple_packet_is_cut_by_the_first_interfaces_limit() {
    let mut file = section(LITTLE, &[]);
    file.extend(interface(LITTLE, 1, 4, &[]));
    file.extend(block(LITTLE, 3, &[&LITTLE.u32(1000)[..], b"four"].concat()));
    let (seen, _) = read_bytes("simple", &file);
    assert_eq!((seen[0].bytes.as_slice(), seen[0].wire), (&b"four"[..], 1000));
}

#[test]
fn damaged_blocks_end_the_file_and_are_named() {
    let good = [section(LITTLE, &[]), interface(LITTLE, 1, 0, &[])].concat();
    let mut trailer = enhanced(LITTLE, 0, 1, b"abcd", &[]);
    let last = trailer.len() - 4;
    trailer[last] ^= 4;
    let mut beyond = enhanced(LITTLE, 0, 1, b"abcd", &[]);
    beyond[20] = 5;
    let mut odd = enhanced(LITTLE, 0, 1, b"abcd", &[]);
    odd[4] = 37;
    let mut version = section(LITTLE, &[]);
    version[12] = 2;
    for (name, bad, kind) in [
        ("trailer", trailer, LossKind::BlockTrailer),
        ("beyond", beyond, LossKind::PacketBeyondBlock),
        ("odd", odd, LossKind::BlockLength { bytes: 37 }),
        ("tiny", [LITTLE.u32(6), LITTLE.u32(8)].concat(), LossKind::BlockLength { bytes: 8 }),
        (
            "huge",
            [LITTLE.u32(6), LITTLE.u32(0xffff_fff0)].concat(),
            LossKind::BlockLength { bytes: 0xffff_fff0 },
        ),
        ("version", version, LossKind::SectionHeader),
    ] {
        let (seen, source) = read_bytes(&format!("bad-{name}"), &[&good[..], &bad].concat());
        assert!(seen.is_empty());
        assert_eq!(source.losses()[0].kind, kind, "{name}");
        assert_eq!(source.losses()[0].offset, good.len() as u64);
    }
}

#[test]
fn an_unknown_block_longer_than_the_file_is_a_cut_file() {
    let mut file = [section(LITTLE, &[]), interface(LITTLE, 1, 0, &[])].concat();
    file.extend([LITTLE.u32(0x99), LITTLE.u32(0xffff_fff0)].concat());
    for bytes in [file.clone(), gzip(&file)] {
        let (seen, _) = read_bytes("skip-far", &bytes);
        assert!(seen.is_empty());
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn many_packets(count: u32) -> Vec<u8> {
    let mut file = pcap_header(LITTLE, 0xa1b2_c3d4, 4, 1);
    for number in 0..count {
        let bytes = vec![number as u8; (number % 1500) as usize];
        pcap_record(&mut file, LITTLE, number, 0, (bytes.len() as u32, 1500), &bytes);
    }
    file
}

#[test]
fn packed_files_read_the_same_as_plain_ones() {
    let file = many_packets(5_000);
    let (plain, _) = read_bytes("plain", &file);
    assert_eq!(plain.len(), 5_000);
    let half = file.len() / 2;
    let zstd = zstd::stream::encode_all(&file[..], 1).unwrap();
    let members = [gzip(&file[..half]), gzip(&file[half..])].concat();
    for (name, packed, packing) in [("gz", members, Packing::Gzip), ("zst", zstd, Packing::Zstd)] {
        let (seen, source) = read_bytes(name, &packed);
        assert_eq!(seen, plain);
        let facts = source.inputs().next().unwrap();
        assert_eq!((facts.packing, facts.size_bytes), (packing, Some(packed.len() as u64)));
        assert_eq!(source.bytes_read(), packed.len() as u64);
        // Cut in the middle, it is read as far as it unpacks.
        let (seen, source) = read_bytes(name, &packed[..packed.len() / 2]);
        assert!(!seen.is_empty() && seen.len() < plain.len());
        assert_eq!(seen, plain[..seen.len()]);
        assert!(!source.losses().is_empty());
    }
}

#[test]
fn inputs_merge_in_time_order_and_ties_keep_the_order_given() {
    let folder = Folder::new("merge");
    let a = folder.file("a", &pcap_of(&[(1, 0, b"a1"), (3, 0, b"a3"), (5, 0, b"a5")]));
    let b = folder.file("b", &gzip(&pcap_of(&[(1, 0, b"b1"), (2, 0, b"b2"), (5, 0, b"b5"), (9, 0, b"b9")])));
    let c = folder.file("c", &pcap_of(&[(0, 0, b"c0")]));
    let order = |paths: &[&PathBuf], packets_max| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
        let seen = read_all(&mut Source::open(&paths).unwrap(), packets_max);
        assert!(seen.iter().enumerate().all(|(index, seen)| seen.id == index as u64 + 1));
        seen.iter().map(|seen| String::from_utf8(seen.bytes.clone()).unwrap()).collect::<Vec<_>>().join(" ")
    };
    for packets_max in [1, 2, 3, 100] {
        assert_eq!(order(&[&a, &b, &c], packets_max), "c0 a1 b1 b2 a3 a5 b5 b9");
        assert_eq!(order(&[&b, &a], packets_max), "b1 a1 b2 a3 b5 a5 b9");
    }
}

#[test]
fn a_folder_is_searched_for_captures_and_says_what_it_passed_over() {
    let folder = Folder::new("folder");
    folder.file("in/2", &pcap_of(&[(1, 0, b"two")]));
    folder.file("in/1", &pcap_of(&[(1, 0, b"one")]));
    folder.file("in/deeper/3", &pcap_of(&[(0, 0, b"three")]));
    folder.file("in/notes.txt", b"not packets");
    folder.file("in/empty", b"");
    folder.file("in/.hidden", &pcap_of(&[(0, 0, b"hidden")]));
    let mut source = Source::open(&[folder.0.join("in")]).unwrap();
    let seen = read_all(&mut source, 10);
    assert_eq!(
        seen.iter().map(|seen| seen.bytes.as_slice()).collect::<Vec<_>>(),
        [&b"three"[..], b"one", b"two"]
    );
    let kinds: Vec<_> = source.losses().iter().map(|loss| loss.kind.to_string()).collect();
    assert_eq!(kinds, ["passed over: it is empty", "passed over: not a capture"]);
    folder.file("other/text", b"words");
    let error = Source::open(&[folder.0.join("other")]).unwrap_err();
    assert!(matches!(error, CaptureError::NoCaptureInFolder { files: 1, .. }));
}

#[test]
fn what_is_no_capture_is_refused_with_a_reason() {
    assert!(matches!(Source::open(&[]), Err(CaptureError::NoInput)));
    let missing = Source::open(&[PathBuf::from("/nowhere/at/all.pcap")]).unwrap_err();
    assert!(matches!(missing, CaptureError::Unreadable { .. }));
    assert_eq!(missing.fault(), Fault::Machine);
    assert!(matches!(open_error("none", b""), CaptureError::Empty { .. }));
    let zip = open_error("zip", b"PK\x03\x04rest of it");
    assert_eq!(zip.fault(), Fault::Operator);
    assert!(
        zip.to_string().ends_with("it begins with 50 4b 03 04 72 65 73 74; a zip archive; unpack it first")
    );
    assert!(matches!(open_error("gz-text", &gzip(b"text")), CaptureError::NotACapture { .. }));
    assert!(matches!(open_error("gz-none", &gzip(b"")), CaptureError::Empty { .. }));
}

#[test]
fn a_batch_closes_once_its_bytes_reach_the_limit() {
    let bytes = vec![7; 200_000];
    let file = pcap_of(&vec![(1, 0, &bytes[..]); 60]);
    let folder = Folder::new("bytes");
    for packed in [file.clone(), gzip(&file)] {
        let mut source = Source::open(&[folder.file("a", &packed)]).unwrap();
        let mut batch = Batch::new();
        let mut count = 0;
        while source.next_batch(&mut batch, 1_000) {
            assert!(batch.payload_bytes() < BATCH_BYTES_MAX + bytes.len());
            count += batch.len();
        }
        assert_eq!(count, 60);
    }
}

#[test]
fn a_shared_batch_can_be_read_by_other_threads_after_the_source_is_gone() {
    let folder = Folder::new("shared");
    let mut source = Source::open(&[folder.file("a", &many_packets(100))]).unwrap();
    let mut batch = Batch::new();
    assert!(source.next_batch(&mut batch, 1_000));
    drop(source);
    let batch = Arc::new(batch);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let batch = Arc::clone(&batch);
            std::thread::spawn(move || batch.iter().map(|packet| packet.bytes.len()).sum::<usize>())
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == (0..100).sum::<usize>()));
}

#[test]
fn packets_in_memory_make_a_batch() {
    let batch = Batch::from_packets(
        PacketId(5),
        [(Time::from_secs(2), LinkType::RAW, &b"one"[..]), (Time::from_secs(1), LinkType::RAW, b"two")],
    );
    assert_eq!(
        batch.get(1).map(|packet| (packet.id.0, packet.time.secs(), packet.bytes)),
        Some((6, 2, &b"two"[..]))
    );
    assert_eq!(batch.original_time(1), Some(Time::from_secs(1)));
}

#[cfg(unix)]
#[test]
fn a_stream_hands_out_what_is_complete_without_waiting_for_the_rest() {
    let file = pcap_of(&[(1, 0, b"first"), (2, 0, b"second")]);
    let split = file.len() - 4;
    let (read, mut write) = std::io::pipe().unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&read)));
    write.write_all(&file[..split]).unwrap();
    let mut source = Source::open(&[path]).unwrap();
    let mut batch = Batch::new();
    assert!(source.next_batch(&mut batch, 100));
    assert_eq!(batch.len(), 1);
    write.write_all(&file[split..]).unwrap();
    drop((write, read));
    assert!(source.next_batch(&mut batch, 100));
    assert_eq!(batch.get(0).map(|packet| (packet.id.0, packet.bytes)), Some((2, &b"second"[..])));
    assert!(!source.next_batch(&mut batch, 100));
    assert_eq!(source.total_bytes(), None);
    assert!(source.losses().is_empty());
}

fn packet<'a>(nanos: u64, link: u16, bytes: &'a [u8]) -> Packet<'a> {
    let wire_len = bytes.len() as u32 + 9;
    Packet { id: PacketId(1), time: Time::from_nanos(nanos), link: LinkType(link), bytes, wire_len }
}

#[test]
fn a_pcap_file_holds_one_link_type() {
    let mut writer = Writer::pcap(Vec::new(), LinkType::ETHERNET);
    assert!(writer.write(&packet(1, 1, b"yes")).is_ok());
    assert!(writer.write(&packet(1, 101, b"no")).is_err());
    assert!(writer.write(&packet(u64::MAX, 1, b"no")).is_err());
    let (seen, _) = read_bytes("one-link", &writer.finish().unwrap());
    assert_eq!(seen.len(), 1);
}

#[test]
fn comments_survive_writing_and_reading() {
    let mut writer = Writer::pcapng(Vec::new(), Some("all of it"));
    writer.write_with_comment(&packet(1, 1, b"abc"), Some("evidence 1")).unwrap();
    writer.write(&packet(2, 101, b"abcd")).unwrap();
    writer.write_with_comment(&packet(3, 1, b""), Some("größer")).unwrap();
    let (seen, source) = read_bytes("comments", &writer.finish().unwrap());
    assert_eq!(seen.iter().map(|seen| seen.link).collect::<Vec<_>>(), [1, 101, 1]);
    assert_eq!(source.comment(PacketId(1)), Some("evidence 1"));
    assert_eq!(source.comment(PacketId(3)), Some("größer"));
    assert_eq!(source.inputs().next().unwrap().comment.as_deref(), Some("all of it"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_reads_back_the_same(
        packets in prop::collection::vec(
            (0..4_000_000_000_000_000_000_u64, prop::bool::ANY, prop::collection::vec(any::<u8>(), 0..80)), 0..40),
    ) {
        let mut packets = packets;
        packets.sort_by_key(|packet| packet.0);
        let mut ng = Writer::pcapng(Vec::new(), None);
        let mut classic = Writer::pcap(Vec::new(), LinkType(1));
        for (nanos, raw, bytes) in &packets {
            ng.write(&packet(*nanos, if *raw { 101 } else { 1 }, bytes)).unwrap();
            classic.write(&packet(*nanos, 1, bytes)).unwrap();
        }
        let (seen, source) = read_bytes("round-ng", &ng.finish().unwrap());
        prop_assert!(source.losses().is_empty());
        prop_assert_eq!(seen.len(), packets.len());
        for (seen, (nanos, raw, bytes)) in seen.iter().zip(&packets) {
            prop_assert_eq!((seen.nanos, seen.link), (*nanos, if *raw { 101 } else { 1 }));
            prop_assert_eq!((&seen.bytes, seen.wire), (bytes, bytes.len() as u32 + 9));
        }
        let (seen, _) = read_bytes("round-classic", &classic.finish().unwrap());
        prop_assert!(seen.iter().map(|seen| (seen.nanos, &seen.bytes)).eq(packets.iter().map(|p| (p.0, &p.2))));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        big in prop::bool::ANY,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        for file in [rich_pcapng(Put(big)), many_packets(8)] {
            let mut file = file;
            for (at, byte) in &flips {
                let at = at.index(file.len());
                file[at] = *byte;
            }
            let folder = Folder::new("flips");
            for bytes in [file.clone(), gzip(&file)] {
                if let Ok(mut source) = Source::open(&[folder.file("a", &bytes)]) {
                    let _ = read_all(&mut source, 5);
                }
            }
        }
    }
}

/// The shared test data beside the workspace, if this machine has it.
fn corpus() -> Option<PathBuf> {
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    loop {
        if fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]")) {
            break;
        }
        folder = folder.parent()?;
    }
    let corpus = folder.join("../shared/corpus");
    corpus.is_dir().then_some(corpus)
}

#[test]
fn a_recording_of_real_programs_is_read_to_its_end() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let mut source = Source::open(&[path]).unwrap();
    let seen = read_all(&mut source, 100);
    assert_eq!(seen.len(), 1_910);
    assert_eq!(source.inputs().next().unwrap().format, Format::PcapNanos);
    assert!(source.losses().is_empty());
    assert!(seen.iter().all(|seen| seen.bytes.len() as u32 == seen.wire));
}

#[test]
fn every_capture_of_the_corpus_is_read_to_its_end() {
    let Some(corpus) = corpus() else {
        println!("skipped: ../shared/corpus is not on this machine");
        return;
    };
    let labels: serde_json::Value =
        serde_json::from_slice(&fs::read(corpus.join("labels.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for label in labels.as_array().unwrap() {
        let path = corpus.join(label["file"].as_str().unwrap());
        let mut source = Source::open(std::slice::from_ref(&path)).unwrap();
        let mut batch = Batch::new();
        while source.next_batch(&mut batch, 1_024) {}
        let links: Vec<u64> =
            label["linktypes"].as_array().unwrap().iter().filter_map(|l| l.as_u64()).collect();
        let facts = source.inputs().next().unwrap();
        if Some(source.packets()) != label["packets"].as_u64()
            || facts.links.iter().any(|link| !links.contains(&u64::from(link.0)))
        {
            wrong.push(format!(
                "{}: {} packets, expected {}; links {:?}, expected {links:?}; {:?}",
                path.display(),
                source.packets(),
                label["packets"],
                facts.links,
                source.losses()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_digest_is_of_the_whole_file_wherever_reading_stops() {
    use sha2::{Digest, Sha256};
    let packet = vec![7; 1_000];
    let packets: Vec<(u32, u32, &[u8])> = (0..700).map(|second| (second, 0, packet.as_slice())).collect();
    let whole = pcap_of(&packets);
    // Half way a packet claims to be longer than any.
    let mut damaged = whole.clone();
    damaged[24 + 350 * 1_016 + 8..][..8].fill(0xff);
    for (name, bytes) in
        [("digest-whole", &whole), ("digest-damaged", &damaged), ("digest-short", &whole[..60].to_vec())]
    {
        let folder = Folder::new(name);
        let path = folder.file("a", bytes);
        let mut source = Source::open(std::slice::from_ref(&path)).unwrap();
        source.digest_inputs();
        read_all(&mut source, 100);
        let expected: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(source.digests(), [(path, bytes.len() as u64, expected)]);
        assert!(source.digests().is_empty(), "a digest is handed out once");
    }
}
