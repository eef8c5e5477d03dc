//! How bytes are cut into segments says nothing: cut smaller, the same recording gives the same findings and incidents.

use std::path::{Path, PathBuf};

use engine::{Config, Outcome, Sink};

struct Nothing;

impl Sink for Nothing {
    fn records(&mut self, _pieces: &mut dyn Iterator<Item = &[u8]>) -> std::io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
const ETHERNET: usize = 14;
const TCP: u8 = 6;

/// A capture with every TCP segment over IPv4 cut into pieces of at most `most` bytes.
fn cut(capture: &[u8], most: usize) -> Vec<u8> {
    assert_eq!(
        capture[..4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        "the recording is a little-endian pcap with nanoseconds"
    );
    let mut out = capture[..FILE_HEADER].to_vec();
    let mut rest = &capture[FILE_HEADER..];
    while !rest.is_empty() {
        let long = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        let length = long(8) as usize;
        let (head, frame) = rest[..PACKET_HEADER + length].split_at(PACKET_HEADER);
        for piece in pieces(frame, most) {
            let size = (piece.len() as u32).to_le_bytes();
            out.extend_from_slice(&head[..8]);
            out.extend_from_slice(&size);
            out.extend_from_slice(&size);
            out.extend_from_slice(&piece);
        }
        rest = &rest[PACKET_HEADER + length..];
    }
    out
}

/// The frames that carry the payload of `frame` in pieces; the frame itself when there is nothing to cut.
fn pieces(frame: &[u8], most: usize) -> Vec<Vec<u8>> {
    let whole = || vec![frame.to_vec()];
    if frame.get(12..14) != Some(&[8, 0])
        || frame.get(ETHERNET) != Some(&0x45)
        || frame.get(ETHERNET + 9) != Some(&TCP)
    {
        return whole();
    }
    let short = |at: usize| usize::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    let tcp = ETHERNET + 20;
    let start = tcp + usize::from(frame[tcp + 12] >> 4) * 4;
    let end = ETHERNET + short(ETHERNET + 2);
    if end <= start + most || end > frame.len() {
        return whole();
    }
    let sequence = u32::from_be_bytes(frame[tcp + 4..tcp + 8].try_into().expect("four bytes"));
    let payload = &frame[start..end];
    let last = payload.len().div_ceil(most) - 1;
    let piece = |(number, part): (usize, &[u8])| {
        let mut piece = frame[..start].to_vec();
        piece.extend_from_slice(part);
        let length = (start - ETHERNET + part.len()) as u16;
        piece[ETHERNET + 2..ETHERNET + 4].copy_from_slice(&length.to_be_bytes());
        piece[ETHERNET + 10..ETHERNET + 12].copy_from_slice(&[0, 0]);
        let sum = checksum(&piece[ETHERNET..tcp]);
        piece[ETHERNET + 10..ETHERNET + 12].copy_from_slice(&sum.to_be_bytes());
        let moved = sequence.wrapping_add((number * most) as u32);
        piece[tcp + 4..tcp + 8].copy_from_slice(&moved.to_be_bytes());
        if number < last {
            // Only the last piece ends the conversation or pushes.
            piece[tcp + 13] &= !0x09;
        }
        piece
    };
    payload.chunks(most).enumerate().map(piece).collect()
}

/// The checksum of a header (RFC 1071).
fn checksum(header: &[u8]) -> u16 {
    let sum: u32 = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

/// What is said of a capture, without what counts packets.
fn told(path: &Path) -> Vec<String> {
    let mut config = Config::default();
    // Sums over the payload would have to be made anew; what is tested is how bytes are put together.
    config.flow.stream.checksum_validation = false;
    config.checksum_auto = false;
    let mut source = capture::Source::open(&[path.to_path_buf()]).expect("the capture opens");
    let Outcome { findings, incidents, .. } =
        engine::run(&mut source, &config, &mut Nothing).expect("nothing is written");
    let findings = findings.iter().map(|finding| {
        format!("{} {:?} {:?} {:?}", finding.detector, finding.severity, finding.techniques, finding.victims)
    });
    let incidents = incidents.iter().map(|incident| {
        format!("incident {:?} {:?} {:?}", incident.severity, incident.victims, incident.techniques)
    });
    findings.chain(incidents).collect()
}

#[test]
fn cut_smaller_the_recorded_office_says_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let recording = std::fs::read(&path).expect("the recording is in the repository");
    let plain = told(&path);
    assert!(!plain.is_empty(), "the recording has something to tell");
    for most in [700, 100, 7] {
        let smaller: PathBuf =
            std::env::temp_dir().join(format!("targe-cut-{most}-{}.pcap", std::process::id()));
        std::fs::write(&smaller, cut(&recording, most)).expect("the temporary folder takes a file");
        let said = told(&smaller);
        std::fs::remove_file(&smaller).expect("it was written above");
        assert_eq!(plain, said, "in pieces of {most} bytes");
    }
}
