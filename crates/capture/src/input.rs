//! One input: its bytes, its format, and the packet at its head.

use std::fmt;
use std::path::{Path, PathBuf};

use model::{LinkType, LossMark, PacketId, Time};

use crate::CaptureError;
use crate::feed::{Feed, More, Packing};
use crate::pcap::PcapReader;
use crate::pcapng::PcapngReader;

/// The file format of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Classic pcap with microseconds.
    Pcap,
    /// Classic pcap with nanoseconds.
    PcapNanos,
    /// pcapng.
    Pcapng,
}

impl Format {
    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Pcap => "pcap",
            Format::PcapNanos => "pcap (nanoseconds)",
            Format::Pcapng => "pcapng",
        }
    }
}

/// What is known about one input.
#[derive(Debug, Clone)]
pub struct InputFacts {
    /// Where it was read from; `-` for standard input.
    pub path: PathBuf,
    /// Its file format.
    pub format: Format,
    /// How it was packed.
    pub packing: Packing,
    /// Its size on disk; standard input has none.
    pub size_bytes: Option<u64>,
    /// Packets handed out so far.
    pub packets: u64,
    /// Time of the first packet in the file.
    pub first_time: Option<Time>,
    /// Largest time of a packet so far.
    pub last_time: Option<Time>,
    /// Link types of its packets so far, in order of appearance; at most 16.
    pub links: Vec<LinkType>,
    /// The program that wrote it, when it says so.
    pub application: Option<String>,
    /// The comment on the whole file, if any.
    pub comment: Option<String>,
    /// Packets that the capturing machine says it dropped.
    pub dropped: u64,
}

/// Something of an input that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Which file.
    pub path: PathBuf,
    /// Where in it, in bytes from its beginning; of the unpacked bytes if it is packed.
    pub offset: u64,
    /// The last packet that was handed out before.
    pub after: PacketId,
    /// What happened.
    pub kind: LossKind,
}

/// How bytes of an input went missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LossKind {
    /// The file ends in the middle of a packet or header.
    CutShort,
    /// The bytes could not be unpacked or read any further; the system's or unpacker's words.
    ReadFailed(String),
    /// A packet claims more bytes than any packet has.
    PacketTooLong {
        /// What it claims.
        bytes: u32,
    },
    /// A packet claims more bytes than the block that holds it.
    PacketBeyondBlock,
    /// A block's length cannot be.
    BlockLength {
        /// What it claims.
        bytes: u32,
    },
    /// A block's two lengths differ.
    BlockTrailer,
    /// A section begins with an unknown byte order or version.
    SectionHeader,
    /// A packet names an interface that was never described.
    UnknownInterface {
        /// Which one.
        index: u32,
    },
    /// A section describes more interfaces than are kept.
    TooManyInterfaces,
    /// The capturing machine itself says that it dropped packets.
    DroppedAtCapture {
        /// How many.
        packets: u64,
    },
    /// A file in a folder that was passed over; why.
    PassedOver(String),
}

impl fmt::Display for LossKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LossKind::CutShort => write!(out, "the file ends in the middle of a packet"),
            LossKind::ReadFailed(why) => write!(out, "it cannot be read any further: {why}"),
            LossKind::PacketTooLong { bytes } => write!(out, "damaged: a packet claims {bytes} bytes"),
            LossKind::PacketBeyondBlock => write!(out, "damaged: a packet claims more bytes than its block"),
            LossKind::BlockLength { bytes } => write!(out, "damaged: a block claims {bytes} bytes"),
            LossKind::BlockTrailer => write!(out, "damaged: a block's two lengths differ"),
            LossKind::SectionHeader => write!(out, "damaged: a section of unknown byte order or version"),
            LossKind::UnknownInterface { index } => {
                write!(out, "damaged: a packet from interface {index}, which was never described")
            }
            LossKind::TooManyInterfaces => write!(out, "damaged: too many interfaces in one section"),
            LossKind::DroppedAtCapture { packets } => {
                write!(out, "the capturing machine says that it dropped {packets} packets")
            }
            LossKind::PassedOver(why) => write!(out, "passed over: {why}"),
        }
    }
}

impl Loss {
    /// The same in the words that every stage shares.
    pub fn mark(&self) -> LossMark {
        LossMark { after: self.after, reason: self.to_string() }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LossKind::PassedOver(_) | LossKind::DroppedAtCapture { .. } => {
                write!(out, "{}: {}", self.path.display(), self.kind)
            }
            kind => write!(out, "{} at byte {}: {kind}", self.path.display(), self.offset),
        }
    }
}

/// One packet in the window; offsets count from the window's beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) nanos: u64,
    pub(crate) data: u32,
    pub(crate) captured: u32,
    pub(crate) wire: u32,
    /// Bytes of the file that the packet takes, with headers and padding.
    pub(crate) used: u32,
    pub(crate) options: u32,
    pub(crate) options_bytes: u32,
    pub(crate) link: LinkType,
}

/// What a format reader made of the bytes at the window's beginning.
pub(crate) enum Step {
    Packet(Found),
    /// No packet in these bytes.
    Skip(u64),
    /// Undecided until the window has this many bytes.
    More(usize),
    Damaged(LossKind),
}

/// Where an input stands after it was asked to move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The head is a packet.
    Ready,
    /// Nothing there yet; ask again.
    Later,
    /// No more packets.
    End,
}

enum Reader {
    Pcap(PcapReader),
    Pcapng(PcapngReader),
}

/// One opened input.
pub(crate) struct Input {
    pub(crate) facts: InputFacts,
    pub(crate) feed: Feed,
    reader: Reader,
    pub(crate) head: Option<Found>,
    /// Why it ended early, if it did.
    pub(crate) stopped: Option<LossKind>,
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, CaptureError> {
        let mut opened = Feed::open(path)?;
        opened.feed.more(4, true);
        let first = opened.feed.window();
        let reader = match (PcapReader::recognise(first), PcapngReader::recognise(first)) {
            (Some(reader), _) => Reader::Pcap(reader),
            (None, Some(reader)) => Reader::Pcapng(reader),
            (None, None) => return Err(refuse(path, &opened.feed)),
        };
        let format = match &reader {
            Reader::Pcap(reader) if reader.is_nanos() => Format::PcapNanos,
            Reader::Pcap(_) => Format::Pcap,
            Reader::Pcapng(_) => Format::Pcapng,
        };
        let facts = InputFacts {
            path: path.to_path_buf(),
            format,
            packing: opened.packing,
            size_bytes: opened.size_bytes,
            packets: 0,
            first_time: None,
            last_time: None,
            links: Vec::new(),
            application: None,
            comment: None,
            dropped: 0,
        };
        Ok(Self { facts, feed: opened.feed, reader, head: None, stopped: None })
    }

    /// Puts the next packet at the head. The one that was there must have been taken.
    #[inline(always)]
    pub(crate) fn advance(&mut self, wait: bool) -> State {
        loop {
            let step = match &mut self.reader {
                Reader::Pcap(reader) => reader.step(self.feed.window()),
                Reader::Pcapng(reader) => reader.step(self.feed.window()),
            };
            match step {
                Step::Packet(found) => {
                    self.head = Some(found);
                    return State::Ready;
                }
                Step::Skip(bytes) => self.feed.skip(bytes),
                Step::More(need) => match self.feed.more(need, wait) {
                    More::Filled => {}
                    More::Later => return State::Later,
                    More::End => return self.end(),
                },
                Step::Damaged(kind) => {
                    self.stopped = Some(kind);
                    self.settle();
                    return State::End;
                }
            }
        }
    }

    /// Leaves a packet behind that was handed out.
    #[inline(always)]
    pub(crate) fn took(&mut self, time: Time, found: &Found) {
        if self.facts.links.last() != Some(&found.link) {
            self.note_link(found.link);
        }
        if self.facts.packets == 0 {
            self.facts.first_time = Some(time);
            self.settle();
        }
        self.facts.packets += 1;
        self.facts.last_time = self.facts.last_time.max(Some(time));
        self.feed.skip(u64::from(found.used));
    }

    #[cold]
    fn note_link(&mut self, link: LinkType) {
        let links = &mut self.facts.links;
        if !links.contains(&link) && links.len() < LINKS_MAX {
            links.push(link);
        }
    }

    /// The bytes of the packet at the head.
    #[inline]
    pub(crate) fn bytes(&self, found: &Found) -> &[u8] {
        let from = found.data as usize;
        self.feed.window().get(from..from + found.captured as usize).unwrap_or_default()
    }

    /// The comment on the packet at the head.
    #[cold]
    pub(crate) fn comment(&self, found: &Found) -> Option<String> {
        let Reader::Pcapng(reader) = &self.reader else {
            return None;
        };
        let from = found.options as usize;
        reader.comment_in(self.feed.window().get(from..from + found.options_bytes as usize)?)
    }

    #[cold]
    fn end(&mut self) -> State {
        if let Some(why) = self.feed.failure() {
            self.stopped = Some(LossKind::ReadFailed(why.to_owned()));
        } else if !self.feed.window().is_empty() || !self.begun() {
            self.stopped = Some(LossKind::CutShort);
        }
        self.settle();
        State::End
    }

    fn begun(&self) -> bool {
        match &self.reader {
            Reader::Pcap(reader) => reader.has_begun(),
            Reader::Pcapng(_) => true,
        }
    }

    /// Brings the facts that the reader gathers up to date.
    fn settle(&mut self) {
        let Reader::Pcapng(reader) = &self.reader else {
            return;
        };
        self.facts.dropped = reader.dropped();
        if self.facts.application.is_none() {
            self.facts.application.clone_from(&reader.application);
        }
        if self.facts.comment.is_none() {
            self.facts.comment.clone_from(&reader.comment);
        }
    }
}

/// Most link types of one input that are listed.
const LINKS_MAX: usize = 16;

fn refuse(path: &Path, feed: &Feed) -> CaptureError {
    let path = path.to_path_buf();
    let window = feed.window();
    match feed.failure() {
        Some(why) => CaptureError::Unreadable {
            path,
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned()),
        },
        None if window.is_empty() => CaptureError::Empty { path },
        None => CaptureError::NotACapture { path, first_bytes: window.get(..8).unwrap_or(window).to_vec() },
    }
}
