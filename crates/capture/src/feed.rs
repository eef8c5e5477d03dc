//! Where the bytes of one input come from: a mapped file, or a stream through a buffer.
//!
//! Limits: all mapped files together keep about [`RESIDENT_BYTES`] resident around the reader; a stream's buffer grows
//! to the largest block it must hold, [`crate::BLOCK_BYTES_MAX`].

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use memmap2::{Advice, Mmap, UncheckedAdvice};
use model::fetch;
use sha2::{Digest, Sha256};

use crate::CaptureError;

/// How the bytes of an input are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// gzip, RFC 1952.
    Gzip,
    /// zstd, RFC 8878.
    Zstd,
}

/// The bytes of one input, from the first not yet used.
pub(crate) enum Feed {
    Map(MapFeed),
    Stream(StreamFeed),
}

/// What asking for more bytes led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Filled,
    /// Nothing there yet, and the caller did not want to wait.
    Later,
    End,
}

impl Feed {
    /// Opens a path, or standard input for `-`, and looks through any packing.
    pub(crate) fn open(path: &Path) -> Result<Opened, CaptureError> {
        let unreadable = |source| CaptureError::Unreadable { path: path.to_path_buf(), source };
        if path == Path::new("-") {
            return open_stream(Box::new(io::stdin())).map_err(unreadable);
        }
        let file = File::open(path).map_err(unreadable)?;
        let facts = file.metadata().map_err(unreadable)?;
        if !facts.is_file() {
            return open_stream(Box::new(file)).map_err(unreadable);
        }
        if facts.len() == 0 {
            return Err(CaptureError::Empty { path: path.to_path_buf() });
        }
        open_map(&file).map_err(unreadable)
    }

    /// The bytes that can be looked at now.
    #[inline]
    pub(crate) fn window(&self) -> &[u8] {
        match self {
            Feed::Map(map) => map.map.get(map.at..).unwrap_or_default(),
            Feed::Stream(stream) => stream.buffer.get(stream.start..stream.end).unwrap_or_default(),
        }
    }

    /// Leaves `count` bytes behind.
    #[inline]
    pub(crate) fn skip(&mut self, count: u64) {
        match self {
            Feed::Map(map) => {
                map.at = usize::try_from(count).map_or(usize::MAX, |count| map.at.saturating_add(count));
                map.at = map.at.min(map.map.len());
                if map.at >= map.next_warm {
                    map.warm();
                }
            }
            Feed::Stream(stream) => stream.skip(count),
        }
    }

    /// Says how many inputs share the memory.
    pub(crate) fn share(&mut self, inputs: usize) {
        if let Feed::Map(map) = self {
            let share = RESIDENT_BYTES / (STEPS_KEPT + 1) / inputs.max(1);
            map.step_bytes = share.next_power_of_two().max(STEP_BYTES_MIN);
        }
    }

    /// Computes the SHA-256 of the file while it is read, when it is mapped and plain; what can be read only once always is. See
    /// [`Feed::finish_digest`].
    pub(crate) fn start_digest(&mut self) {
        if let Feed::Map(map) = self
            && map.at == 0
        {
            map.digest = Some((Sha256::new(), 0));
        }
    }

    /// The SHA-256 of the whole file, once, when it was asked for and could be computed.
    pub(crate) fn finish_digest(&mut self) -> Option<[u8; 32]> {
        match self {
            Feed::Map(map) => map.finish_digest(),
            Feed::Stream(stream) => stream.finish_digest(),
        }
    }

    /// Makes the window at least `need` bytes long, or says why not.
    pub(crate) fn more(&mut self, need: usize, wait: bool) -> More {
        match self {
            Feed::Map(_) => More::End,
            Feed::Stream(stream) => stream.more(need, wait),
        }
    }

    /// Where the window begins, in unpacked bytes from the beginning of the input.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Feed::Map(map) => map.at as u64,
            Feed::Stream(stream) => stream.base.saturating_add(stream.start as u64),
        }
    }

    /// How many bytes of the file have been used, packed ones where it is packed.
    pub(crate) fn bytes_read(&self) -> u64 {
        match self {
            Feed::Map(map) => map.at as u64,
            Feed::Stream(stream) => stream.used.load(Ordering::Relaxed),
        }
    }

    /// Why reading stopped, when it was not the end of the file.
    pub(crate) fn failure(&self) -> Option<&str> {
        match self {
            Feed::Map(_) => None,
            Feed::Stream(stream) => stream.failure.as_deref(),
        }
    }
}

/// An opened input.
pub(crate) struct Opened {
    pub(crate) feed: Feed,
    pub(crate) packing: Packing,
    /// Size on disk, where there is one.
    pub(crate) size_bytes: Option<u64>,
}

/// A mapped file.
pub(crate) struct MapFeed {
    pub(crate) map: Arc<Mmap>,
    at: usize,
    /// When the reader gets here, the next step is fetched and one far behind is given back.
    next_step: usize,
    step_bytes: usize,
    /// When the reader gets here, the bytes after it are brought into the processor's cache.
    next_warm: usize,
    /// Digest of the file up to an offset, once somebody asked for it.
    digest: Option<(Sha256, usize)>,
}

/// Bytes brought into the cache at a time, and how far ahead of the reader.
const WARM_BYTES: usize = 8 * 1024;
/// Bytes that are asked for at once.
const LINE: usize = 64;

/// Pages further behind the readers than this are given back, so that a large file does not count as memory in use.
/// Packets that are still under way there are simply read again from the page cache.
const RESIDENT_BYTES: usize = 3 * 1024 * 1024;

/// Pages are fetched ahead and given back in steps: one ahead of the reader, this many behind.
const STEPS_KEPT: usize = 2;

/// More than the page cache keeps in one piece.
const FOLIO_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Smallest step, however many inputs there are.
const STEP_BYTES_MIN: usize = 256 * 1024;

impl MapFeed {
    fn new(map: Arc<Mmap>) -> Self {
        // A merge may open thousands of files: nothing is fetched before somebody reads that far.
        Self { map, at: 0, next_step: STEP_BYTES_MIN, step_bytes: STEP_BYTES_MIN, next_warm: 0, digest: None }
    }

    /// Takes the bytes up to `upto` into the digest.
    fn digest_until(&mut self, upto: usize) {
        if let Some((digest, done)) = &mut self.digest
            && let Some(fresh) = self.map.get(*done..upto)
        {
            digest.update(fresh);
            *done = upto;
        }
    }

    /// The digest of the whole file: what the reader did not come to is read now, and given back step by step.
    fn finish_digest(&mut self) -> Option<[u8; 32]> {
        let mut at = self.digest.as_ref()?.1;
        while at < self.map.len() {
            let upto = (at + STEP_BYTES_MIN).min(self.map.len());
            self.digest_until(upto);
            release(&self.map, at / STEP_BYTES_MIN * STEP_BYTES_MIN, STEP_BYTES_MIN);
            at = upto;
        }
        Some(self.digest.take()?.0.finalize().into())
    }

    /// Asks for the bytes that the reader comes to next. Each record's place is only known from the one before, so
    /// without this every header would be waited for.
    fn warm(&mut self) {
        if self.at >= self.next_step {
            self.step();
        }
        let from = self.next_warm.max(self.at).saturating_add(WARM_BYTES);
        if self.digest.is_some() {
            // Hashing reads what is about to be looked at, which warms the cache as well.
            self.digest_until(from.min(self.map.len()) & !63);
        }
        let near = self.map.get(from..).map_or(&[][..], |rest| rest.get(..WARM_BYTES).unwrap_or(rest));
        near.chunks(LINE).for_each(fetch);
        self.next_warm = self.at.saturating_add(WARM_BYTES);
    }

    /// Fetches the next step of the file and gives back what lies far behind. Advice may fail; it is only speed.
    #[cold]
    fn step(&mut self) {
        let ahead = self.step_bytes.min(self.map.len().saturating_sub(self.next_step));
        if ahead > 0 {
            let _ = self.map.advise_range(Advice::PopulateRead, self.next_step, ahead);
        }
        if let Some(behind) = self.next_step.checked_sub(self.step_bytes * STEPS_KEPT) {
            // Some kernels map the whole of a large folio when a part of it is asked for: also what was given back before.
            let from = behind.saturating_sub(FOLIO_BYTES_MAX);
            release(&self.map, from, behind - from);
        }
        self.next_step = self.next_step.saturating_add(self.step_bytes);
    }
}

#[allow(unsafe_code, reason = "the only way to give mapped pages back")]
fn release(map: &Mmap, from: usize, count: usize) {
    // Advice beyond the mapping would be about somebody else's pages.
    let count = count.min(map.len().saturating_sub(from));
    if count == 0 {
        return;
    }
    // SAFETY: the range lies inside the mapping, which is read-only and backed by a file, so its pages hold nothing but what
    // the file holds: a page that was given back is read from the file again when somebody looks at it, with the same bytes.
    let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, from, count) };
}

#[allow(unsafe_code, reason = "mapping a file is unsafe by nature")]
fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only and private to this process. Another process that cuts the file while it is
    // being read could end this one with SIGBUS; captures that are still being written belong on standard input. A
    // process that rewrites bytes can change what is seen but not memory safety here: every read is of plain bytes, and
    // lengths are checked against the mapping at the moment of use.
    unsafe { Mmap::map(file) }
}

fn open_map(file: &File) -> io::Result<Opened> {
    let map = Arc::new(map_file(file)?);
    let size_bytes = Some(map.len() as u64);
    let packing = packing_of(&map);
    if packing == Packing::Plain {
        return Ok(Opened { feed: Feed::Map(MapFeed::new(map)), packing, size_bytes });
    }
    let used = Arc::new(AtomicU64::new(0));
    let packed = Counted { read: Cursor::new(MapBytes(map)), used: Arc::clone(&used), digest: None };
    let feed = Feed::Stream(StreamFeed::new(unpack(packed, packing)?, used, None));
    Ok(Opened { feed, packing, size_bytes })
}

fn open_stream(mut read: Box<dyn Read + Send>) -> io::Result<Opened> {
    let mut first = [0; 4];
    let mut count = 0;
    while let Some(rest) = first.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match read.read(rest) {
            Ok(0) => break,
            Ok(got) => count += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let first = first.get(..count).unwrap_or_default().to_vec();
    let packing = packing_of(&first);
    let used = Arc::new(AtomicU64::new(0));
    let digest = SharedDigest::default();
    let read = Cursor::new(first).chain(read);
    let counted = Counted { read, used: Arc::clone(&used), digest: Some(Arc::clone(&digest)) };
    let feed = Feed::Stream(StreamFeed::new(unpack(counted, packing)?, used, Some(digest)));
    Ok(Opened { feed, packing, size_bytes: None })
}

fn packing_of(first: &[u8]) -> Packing {
    match first {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
        _ => Packing::Plain,
    }
}

fn unpack(packed: impl Read + Send + 'static, packing: Packing) -> io::Result<Box<dyn Read + Send>> {
    Ok(match packing {
        Packing::Plain => Box::new(packed),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
    })
}

/// A shared mapping as a byte slice, for a cursor.
struct MapBytes(Arc<Mmap>);

impl AsRef<[u8]> for MapBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Digest of what passed, shared between whoever reads and whoever asks at the end.
type SharedDigest = Arc<Mutex<Sha256>>;

/// Counts what passes, and hashes what passes only once.
struct Counted<R> {
    read: R,
    used: Arc<AtomicU64>,
    digest: Option<SharedDigest>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(into)?;
        self.used.fetch_add(count as u64, Ordering::Relaxed);
        if let Some(digest) = &self.digest
            && let (Ok(mut digest), Some(bytes)) = (digest.lock(), into.get(..count))
        {
            digest.update(bytes);
        }
        Ok(count)
    }
}

/// A stream, and the part of it that was read but not yet used.
pub(crate) struct StreamFeed {
    read: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[0]` in the stream.
    base: u64,
    /// Bytes still to be passed over that have not been read yet.
    pending_skip: u64,
    done: bool,
    failure: Option<String>,
    used: Arc<AtomicU64>,
    /// Somebody may be writing the other end right now: what is complete is handed out without waiting for more.
    live: bool,
    /// Of what can be read only once.
    digest: Option<SharedDigest>,
}

/// First size of a stream's buffer.
const BUFFER_BYTES: usize = 512 * 1024;

impl StreamFeed {
    fn new(read: Box<dyn Read + Send>, used: Arc<AtomicU64>, digest: Option<SharedDigest>) -> Self {
        Self {
            read,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            base: 0,
            pending_skip: 0,
            done: false,
            failure: None,
            used,
            live: digest.is_some(),
            digest,
        }
    }

    /// The digest of all that came, packed as it came; `None` where reading broke off, so that the rest is not known.
    fn finish_digest(&mut self) -> Option<[u8; 32]> {
        let digest = self.digest.take()?;
        while !self.done {
            self.start = 0;
            self.end = 0;
            self.read_once();
        }
        if self.failure.is_some() {
            return None;
        }
        let digest = digest.lock().ok()?.clone();
        Some(digest.finalize().into())
    }

    fn skip(&mut self, count: u64) {
        let here = (self.end - self.start) as u64;
        if count <= here {
            self.start += count as usize;
        } else {
            self.start = self.end;
            self.pending_skip = self.pending_skip.saturating_add(count - here);
        }
    }

    fn more(&mut self, need: usize, wait: bool) -> More {
        self.make_room(need);
        while self.end - self.start < need {
            if self.done {
                return More::End;
            }
            // Asking a live stream may block, so it is only done once everything complete has been handed out.
            if self.live && !wait {
                return More::Later;
            }
            self.read_once();
        }
        More::Filled
    }

    /// Moves what is unused to the front when `need` bytes would not fit behind it, and grows when they never would.
    fn make_room(&mut self, need: usize) {
        if self.start > 0
            && (self.start == self.end || self.buffer.len() - self.start < need.max(BUFFER_BYTES / 4))
        {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base = self.base.saturating_add(self.start as u64);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.start < need {
            self.buffer.resize(self.start + need, 0);
        }
    }

    fn read_once(&mut self) {
        let Some(room) = self.buffer.get_mut(self.end..).filter(|room| !room.is_empty()) else {
            return;
        };
        match self.read.read(room) {
            Ok(0) => self.done = true,
            Ok(count) => {
                let count = count.min(room.len());
                self.accept(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.done = true;
                self.failure = Some(error.to_string());
            }
        }
    }

    fn accept(&mut self, count: usize) {
        self.end += count;
        if self.pending_skip > 0 {
            let now = self.pending_skip.min((self.end - self.start) as u64);
            self.start += now as usize;
            self.pending_skip -= now;
            if self.start == self.end {
                self.base = self.base.saturating_add(self.start as u64);
                self.start = 0;
                self.end = 0;
            }
        }
    }
}
