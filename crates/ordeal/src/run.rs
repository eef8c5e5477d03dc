//! Runs frames through the whole engine.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Config, Outcome, Sink};
use model::{LinkType, Packet, PacketId};

use crate::Frames;

/// What the engine said.
#[derive(Debug, Default)]
pub struct Heard {
    /// EVE records, one per line.
    pub records: Vec<u8>,
    /// Findings, incidents, counts.
    pub outcome: Outcome,
}

impl Sink for Heard {
    fn records(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> io::Result<()> {
        pieces.for_each(|piece| self.records.extend_from_slice(piece));
        Ok(())
    }

    fn progress(&mut self, _packets: u64, _bytes: u64) {}
}

/// A capture file that goes away with its owner.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// An empty place for a file; every call gets another one.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("targe-ordeal-{}-{number}", std::process::id())))
    }

    /// A file with frames, as a pcap.
    ///
    /// # Panics
    /// When the folder for temporary files takes none.
    pub(crate) fn with_frames(frames: &Frames) -> Self {
        let scratch = Self::new();
        let file = File::create(&scratch.0).expect("the folder for temporary files takes a file");
        let mut writer = capture::Writer::pcap(BufWriter::new(file), LinkType::ETHERNET);
        for ((time, bytes), id) in frames.iter().zip(1..) {
            let packet = Packet {
                id: PacketId(id),
                time: *time,
                link: LinkType::ETHERNET,
                bytes,
                wire_len: bytes.len() as u32,
            };
            writer.write(&packet).expect("the folder for temporary files has room");
        }
        writer.finish().expect("the folder for temporary files has room");
        scratch
    }

    /// A file with these bytes.
    ///
    /// # Panics
    /// When the folder for temporary files takes none.
    pub(crate) fn with_bytes(bytes: &[u8]) -> Self {
        let scratch = Self::new();
        std::fs::write(&scratch.0, bytes).expect("the folder for temporary files takes a file");
        scratch
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.clone()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may have been removed from outside; then there is nothing left to do.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Everything the engine says about some frames, with one worker and the settings that everybody starts with.
///
/// # Panics
/// When the engine fails, which no traffic may cause.
pub fn hear(frames: &Frames) -> Heard {
    hear_with(frames, &Config::default())
}

/// The same, with a configuration.
///
/// # Panics
/// When the engine fails.
pub fn hear_with(frames: &Frames, config: &Config) -> Heard {
    let scratch = Scratch::with_frames(frames);
    let mut source = capture::Source::open(&[scratch.path()]).expect("a written capture opens");
    let mut heard = Heard::default();
    heard.outcome = engine::run(&mut source, config, &mut heard).expect("memory takes every record");
    heard
}
