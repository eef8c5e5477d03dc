//! All inputs as one: merged in time order, numbered, and with a time that never runs backwards.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{LinkType, PacketId, Time};

use crate::batch::{Batch, Maps};
use crate::feed::Feed;
use crate::input::{Input, InputFacts, Loss, LossKind, State};
use crate::{BATCH_BYTES_MAX, COMMENTS_MAX, CaptureError, FOLDER_DEPTH_MAX, INPUTS_MAX};

/// The packets of one or several inputs.
pub struct Source {
    inputs: Vec<Input>,
    maps: Arc<Maps>,
    /// Inputs whose head is a packet: its time, then the input's place, so that equal times keep the order of inputs.
    heads: BinaryHeap<Reverse<(u64, u16)>>,
    started: bool,
    /// A live input that had nothing complete when the last batch was closed.
    waiting: Option<u16>,
    packets: u64,
    latest: u64,
    clamped: u64,
    losses: Vec<Loss>,
    /// By packet id, ascending.
    comments: Vec<(PacketId, String)>,
    comments_dropped: u64,
    /// Packets picked out of another input, in place of inputs of its own.
    picked: Option<Picked>,
}

/// A packet picked out of an input, with the number and the time it had there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickedPacket {
    /// Its number in the input it comes from.
    pub id: PacketId,
    /// Its time there, raised to that of the packet before it where it ran backwards.
    pub time: Time,
    /// The time the input gave it.
    pub own_time: Time,
    /// How to read the first byte.
    pub link: LinkType,
    /// Captured bytes.
    pub bytes: Vec<u8>,
    /// Length on the wire.
    pub wire_len: u32,
}

/// Picked packets that were not handed out yet.
type Picked = Box<dyn Iterator<Item = PickedPacket> + Send>;

/// How far [`Source::pull`] came with one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pull {
    /// Another input's packet is earlier, or this one has ended.
    Turn,
    /// The batch is full.
    Full,
    /// A live stream has nothing complete right now.
    Later,
}

impl Source {
    /// Opens files, folders (searched for captures, in order of their names) or, with `-`, standard input.
    ///
    /// # Errors
    /// When something named cannot be opened or is no capture. Files found in a folder that are no captures are passed
    /// over and listed among the losses.
    pub fn open(paths: &[PathBuf]) -> Result<Source, CaptureError> {
        if paths.is_empty() {
            return Err(CaptureError::NoInput);
        }
        let mut inputs = Vec::new();
        let mut losses = Vec::new();
        for path in paths {
            if path.is_dir() {
                open_folder(path, &mut inputs, &mut losses)?;
            } else {
                inputs.push(Input::open(path)?);
            }
        }
        if inputs.len() > INPUTS_MAX {
            return Err(CaptureError::TooManyInputs { inputs: inputs.len(), limit: INPUTS_MAX });
        }
        let count = inputs.len();
        for input in &mut inputs {
            input.feed.share(count);
        }
        let maps = inputs.iter().map(|input| match &input.feed {
            Feed::Map(feed) => Some(Arc::clone(&feed.map)),
            Feed::Stream(_) => None,
        });
        Ok(Source {
            maps: Arc::new(maps.collect()),
            inputs,
            heads: BinaryHeap::new(),
            started: false,
            waiting: None,
            packets: 0,
            latest: 0,
            clamped: 0,
            losses,
            comments: Vec::new(),
            comments_dropped: 0,
            picked: None,
        })
    }

    /// Packets picked out of another input: they keep the numbers and times they had there. They are handed out as they are
    /// given, and made when their turn comes; numbers must grow.
    pub fn from_picked<P>(packets: P) -> Source
    where
        P: IntoIterator<Item = PickedPacket>,
        P::IntoIter: Send + 'static,
    {
        Source {
            inputs: Vec::new(),
            maps: Arc::default(),
            heads: BinaryHeap::new(),
            started: true,
            waiting: None,
            packets: 0,
            latest: 0,
            clamped: 0,
            losses: Vec::new(),
            comments: Vec::new(),
            comments_dropped: 0,
            picked: Some(Box::new(packets.into_iter())),
        }
    }

    /// Fills `batch` with the next packets, at most `packets_max`. False when there are none left.
    ///
    /// A batch may be shorter: it also ends at [`BATCH_BYTES_MAX`], and when a live stream has nothing more right now.
    /// How packets fall into batches never changes their ids or times.
    pub fn next_batch(&mut self, batch: &mut Batch, packets_max: usize) -> bool {
        batch.restart(self.packets + 1, &self.maps);
        let packets_max = packets_max.max(1);
        if self.picked.is_some() {
            return self.next_picked(batch, packets_max);
        }
        if !self.started {
            self.started = true;
            for index in 0..self.inputs.len() {
                self.refill(index as u16);
            }
        }
        if let Some(index) = self.waiting.take() {
            self.refill(index);
        }
        while let Some(Reverse((_, index))) = self.heads.pop() {
            match self.pull(index, batch, packets_max) {
                Pull::Turn => {}
                Pull::Full | Pull::Later => break,
            }
        }
        !batch.is_empty()
    }

    fn next_picked(&mut self, batch: &mut Batch, packets_max: usize) -> bool {
        let Some(picked) = &mut self.picked else { return false };
        while batch.len() < packets_max && batch.payload_bytes() < BATCH_BYTES_MAX {
            let Some(packet) = picked.next() else { break };
            let (id, own) = (packet.id, packet.own_time);
            self.latest = self.latest.max(packet.time.nanos());
            let time = Time::from_nanos(self.latest);
            batch.push_picked(id, time, own, &packet.bytes, packet.wire_len, packet.link);
        }
        self.packets += batch.len() as u64;
        !batch.is_empty()
    }

    /// Computes the SHA-256 of the inputs while they are read, where that is possible: call it before the first batch.
    pub fn digest_inputs(&mut self) {
        for input in &mut self.inputs {
            input.feed.start_digest();
        }
    }

    /// Path, size and SHA-256 of each input that [`Source::digest_inputs`] could follow: plain files, and streams to their end. Call it once, after
    /// the last batch; what was not read (behind damage, say) is read now, so that the digest is of the whole file.
    pub fn digests(&mut self) -> Vec<(PathBuf, u64, [u8; 32])> {
        let digest = |input: &mut Input| {
            let digest = input.feed.finish_digest()?;
            let bytes = input.facts.size_bytes.unwrap_or_else(|| input.feed.bytes_read());
            Some((input.facts.path.clone(), bytes, digest))
        };
        self.inputs.iter_mut().filter_map(digest).collect()
    }

    /// Size of all inputs on disk; `None` when one of them is a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.inputs.iter().map(|input| input.facts.size_bytes).sum()
    }

    /// How much of [`Source::total_bytes`] has been read.
    pub fn bytes_read(&self) -> u64 {
        self.inputs.iter().map(|input| input.feed.bytes_read()).sum()
    }

    /// Packets handed out so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets so far whose time had to be raised to that of the packet before.
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// What is missing of the inputs, as far as they have been read.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// The comment that the capture carries on a packet that was already handed out.
    pub fn comment(&self, id: PacketId) -> Option<&str> {
        let at = self.comments.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.comments.get(at).map(|(_, comment)| comment.as_str())
    }

    /// All comments so far, by packet, and how many more did not fit.
    pub fn comments(&self) -> (&[(PacketId, String)], u64) {
        (&self.comments, self.comments_dropped)
    }

    /// What is known about each input, in the order they were given.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &InputFacts> {
        self.inputs.iter().map(|input| &input.facts)
    }

    /// Hands out packets of one input for as long as no other input's head is earlier.
    fn pull(&mut self, index: u16, batch: &mut Batch, packets_max: usize) -> Pull {
        let next = self.heads.peek().map(|Reverse(key)| *key);
        let Some(input) = self.inputs.get_mut(usize::from(index)) else {
            return Pull::Turn;
        };
        while let Some(found) = input.head {
            let key = (found.nanos, index);
            if next.is_some_and(|next| next < key) {
                self.heads.push(Reverse(key));
                return Pull::Turn;
            }
            if batch.len() >= packets_max || batch.payload_bytes() >= BATCH_BYTES_MAX {
                self.heads.push(Reverse(key));
                return Pull::Full;
            }
            input.head = None;
            self.packets += 1;
            self.clamped += u64::from(found.nanos < self.latest);
            self.latest = self.latest.max(found.nanos);
            let (time, own) = (Time::from_nanos(self.latest), Time::from_nanos(found.nanos));
            match &input.feed {
                Feed::Map(_) => {
                    let offset = input.feed.offset() + u64::from(found.data);
                    batch.push_mapped(time, own, (index, offset), found.captured, found.wire, found.link);
                }
                Feed::Stream(_) => {
                    batch.push_owned(time, own, input.bytes(&found), found.wire, found.link);
                }
            }
            if found.options_bytes > 0
                && let Some(comment) = input.comment(&found)
            {
                if self.comments.len() < COMMENTS_MAX {
                    self.comments.push((PacketId(self.packets), comment));
                } else {
                    self.comments_dropped += 1;
                }
            }
            input.took(own, &found);
            match input.advance(false) {
                State::Ready => {}
                State::Later => {
                    self.waiting = Some(index);
                    return Pull::Later;
                }
                State::End => note_end(input, PacketId(self.packets), &mut self.losses),
            }
        }
        Pull::Turn
    }

    /// Looks for the next packet of an input that has none at its head, waiting for it if need be.
    fn refill(&mut self, index: u16) {
        let Some(input) = self.inputs.get_mut(usize::from(index)) else {
            return;
        };
        match (input.advance(true), input.head) {
            (State::Ready | State::Later, Some(found)) => self.heads.push(Reverse((found.nanos, index))),
            (State::Ready | State::Later | State::End, _) => {
                note_end(input, PacketId(self.packets), &mut self.losses);
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Source")
            .field("inputs", &self.inputs.len())
            .field("packets", &self.packets)
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}

/// Writes down how an input ended.
fn note_end(input: &mut Input, after: PacketId, losses: &mut Vec<Loss>) {
    let offset = input.feed.offset();
    let path = &input.facts.path;
    if let Some(kind) = input.stopped.take() {
        losses.push(Loss { path: path.clone(), offset, after, kind });
    }
    if input.facts.dropped > 0 {
        let kind = LossKind::DroppedAtCapture { packets: input.facts.dropped };
        losses.push(Loss { path: path.clone(), offset, after, kind });
    }
}

/// Opens every capture in a folder and the folders in it.
fn open_folder(folder: &Path, inputs: &mut Vec<Input>, losses: &mut Vec<Loss>) -> Result<(), CaptureError> {
    let mut files = Vec::new();
    list_files(folder, 0, &mut files)?;
    let before = inputs.len();
    for path in &files {
        if inputs.len() > INPUTS_MAX {
            return Err(CaptureError::TooManyInputs { inputs: inputs.len(), limit: INPUTS_MAX });
        }
        match Input::open(path) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                let kind = LossKind::PassedOver(passed_over(&error));
                losses.push(Loss { path: path.clone(), offset: 0, after: PacketId(0), kind });
            }
        }
    }
    if inputs.len() == before {
        return Err(CaptureError::NoCaptureInFolder { path: folder.to_path_buf(), files: files.len() });
    }
    Ok(())
}

fn passed_over(error: &CaptureError) -> String {
    match error {
        CaptureError::Empty { .. } => "it is empty".to_owned(),
        CaptureError::NotACapture { .. } => "not a capture".to_owned(),
        CaptureError::Unreadable { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Regular files of a folder and the folders in it, in order of their names. Links to folders are not followed, so the
/// search ends; hidden files are left alone.
fn list_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), CaptureError> {
    let unreadable = |source| CaptureError::Unreadable { path: folder.to_path_buf(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if depth < FOLDER_DEPTH_MAX {
                list_files(&path, depth + 1, files)?;
            }
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
