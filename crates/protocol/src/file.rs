//! Files that travel inside transactions.

use json::Json;
use md5::Md5;
use model::{CardsSeen, Direction, PacketId, ScriptSeen, Time};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::script::Script;
use crate::{Body, Cards, magic};

/// What is computed for files.
#[derive(Debug, Clone)]
pub struct FileConfig {
    /// Compute SHA-256.
    pub sha256: bool,
    /// Compute SHA-1.
    pub sha1: bool,
    /// Compute MD5.
    pub md5: bool,
    /// Keep content, of bodies that are no files too: for rules to look at, and to be stored.
    pub content: bool,
    /// Bytes of each file kept in memory for inspection and storing; 0 = all.
    pub kept_max: u64,
    /// Look for payment card numbers in files that go to a server.
    pub cards: bool,
    /// Look at pages and scripts that come to a client.
    pub scripts: bool,
    /// Files that rules ask for are stored.
    pub store: bool,
    /// All files are stored.
    pub store_all: bool,
    /// Bytes of a stream that are reassembled when it carries stored files; 0 = all, `None` = as for other streams.
    pub store_depth: Option<u32>,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            sha256: true,
            sha1: false,
            md5: false,
            content: true,
            kept_max: 0,
            cards: true,
            scripts: true,
            store: false,
            store_all: false,
            store_depth: None,
        }
    }
}

impl FileConfig {
    /// The body of a file that begins.
    fn body(&self) -> Body {
        if self.content { Body::new(self.kept_max) } else { Body::counting() }
    }
}

/// Where a file stands, in EVE's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// More may come.
    Open,
    /// Seen to its end: `CLOSED`.
    Closed,
    /// Cut off, by a gap, a limit or the end of its flow: `TRUNCATED`.
    Truncated,
    /// Something broke: `ERROR`.
    Error,
}

impl FileState {
    /// The wording of `fileinfo.state`.
    pub const fn word(self) -> &'static str {
        match self {
            FileState::Open => "UNKNOWN",
            FileState::Closed => "CLOSED",
            FileState::Truncated => "TRUNCATED",
            FileState::Error => "ERROR",
        }
    }
}

/// A file inside a transaction.
#[derive(Debug)]
pub struct File {
    /// Number inside its session, from 1: `file_id` when stored.
    pub id: u32,
    /// Which way it goes.
    pub direction: Direction,
    /// Name as announced; bytes, since traffic decides them.
    pub name: Vec<u8>,
    /// Bytes seen.
    pub size: u64,
    /// A part of it is missing.
    pub gaps: bool,
    /// Where it stands.
    pub state: FileState,
    /// Content, for inspection.
    pub body: Body,
    /// First bytes, for telling its kind. At most [`File::HEAD`].
    pub head: Vec<u8>,
    /// Byte range of a partial transfer: first, last, whole size (HTTP Content-Range).
    pub range: Option<(u64, u64, u64)>,
    /// When and where it began.
    pub began: (Time, PacketId),
    /// A rule or the configuration wants it stored.
    pub store: bool,
    /// It was stored.
    pub stored: bool,
    /// Written to EVE already.
    pub logged: bool,
    /// Whether the detectors were told of it.
    pub told: bool,
    /// Bytes of its content that rules have inspected.
    pub inspected: u64,
    /// Signatures (sids) that matched on it with `filestore` or file keywords.
    pub sids: Vec<u32>,
    cards: Option<Box<Cards>>,
    script: Option<Box<Script>>,
    sha256: Option<Box<Sha256>>,
    sha1: Option<Box<Sha1>>,
    md5: Option<Box<Md5>>,
    digests: Digests,
}

/// Finished digests.
#[derive(Debug, Default, Clone)]
struct Digests {
    sha256: Option<[u8; 32]>,
    sha1: Option<[u8; 20]>,
    md5: Option<[u8; 16]>,
}

impl File {
    /// How many leading bytes are kept for telling the kind.
    pub const HEAD: usize = 512;

    /// A file that begins.
    pub fn new(
        id: u32,
        direction: Direction,
        name: &[u8],
        config: &FileConfig,
        began: (Time, PacketId),
    ) -> Self {
        Self {
            id,
            direction,
            name: name.to_vec(),
            size: 0,
            gaps: false,
            state: FileState::Open,
            body: config.body(),
            head: Vec::new(),
            range: None,
            began,
            store: config.store_all,
            stored: false,
            logged: false,
            told: false,
            inspected: 0,
            sids: Vec::new(),
            cards: (config.cards && direction == Direction::ToServer).then(Box::default),
            script: (config.scripts && direction == Direction::ToClient).then(Box::default),
            sha256: config.sha256.then(Box::default),
            sha1: config.sha1.then(Box::default),
            md5: config.md5.then(Box::default),
            digests: Digests::default(),
        }
    }

    /// More bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.state != FileState::Open || bytes.is_empty() {
            return;
        }
        self.size += bytes.len() as u64;
        let room = Self::HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        if let Some(cards) = &mut self.cards {
            cards.take(bytes, self.began.0, self.began.1);
        }
        if let Some(script) = &mut self.script {
            script.take(bytes);
        }
        if let Some(hash) = &mut self.sha256 {
            hash.update(bytes);
        }
        if let Some(hash) = &mut self.sha1 {
            hash.update(bytes);
        }
        if let Some(hash) = &mut self.md5 {
            hash.update(bytes);
        }
        self.body.append(bytes);
    }

    /// `bytes` are missing. SHA-256 goes on over what is there, since stored files are named by it; the others are given up.
    pub fn gap(&mut self, bytes: u64) {
        self.size += bytes;
        self.gaps = true;
        if let Some(cards) = &mut self.cards {
            cards.interrupt();
        }
        self.sha1 = None;
        self.md5 = None;
    }

    /// It ends. MD5 and SHA-1 are finished only for a file seen whole; SHA-256 is of what was seen.
    pub fn close(&mut self, state: FileState) {
        if self.state != FileState::Open {
            return;
        }
        self.state = state;
        self.body.ended = true;
        let (sha256, sha1, md5) = (self.sha256.take(), self.sha1.take(), self.md5.take());
        self.digests.sha256 = sha256.map(|hash| (*hash).finalize().into());
        if state == FileState::Closed && !self.gaps {
            self.digests.sha1 = sha1.map(|hash| (*hash).finalize().into());
            self.digests.md5 = md5.map(|hash| (*hash).finalize().into());
        }
    }

    /// Payment card numbers in it; given out once.
    pub fn take_cards(&mut self) -> Option<Box<CardsSeen>> {
        self.cards.take()?.told()
    }

    /// What a page in it does; given out once.
    pub fn take_script(&mut self) -> Option<Box<ScriptSeen>> {
        self.script.take()?.told()
    }

    /// SHA-256, once closed.
    pub fn sha256(&self) -> Option<&[u8; 32]> {
        self.digests.sha256.as_ref()
    }

    /// SHA-1, once closed.
    pub fn sha1(&self) -> Option<&[u8; 20]> {
        self.digests.sha1.as_ref()
    }

    /// MD5, once closed.
    pub fn md5(&self) -> Option<&[u8; 16]> {
        self.digests.md5.as_ref()
    }

    /// Its kind by its first bytes, in the words of file(1): appended to `out`.
    pub fn describe(&self, out: &mut Vec<u8>) {
        magic::describe(&self.head, out);
    }
}

/// Writes what EVE says of a file into the open object (`fileinfo`, an item of `files`): with its kind when `magic` is
/// wanted, and with the digests that were computed.
pub fn write_fileinfo(file: &File, json: &mut Json, tx_id: u64, magic: bool) {
    json.bytes_text("filename", &file.name);
    if !file.sids.is_empty() {
        json.array("sid");
        for sid in &file.sids {
            json.number_item(*sid);
        }
        json.end();
    }
    if magic {
        let mut words = Vec::new();
        file.describe(&mut words);
        json.bytes_text("magic", &words);
    }
    json.boolean("gaps", file.gaps).text("state", file.state.word());
    if let Some(digest) = file.md5() {
        json.hex("md5", digest, None);
    }
    if let Some(digest) = file.sha1() {
        json.hex("sha1", digest, None);
    }
    if let Some(digest) = file.sha256() {
        json.hex("sha256", digest, None);
    }
    json.boolean("stored", file.stored);
    if file.stored {
        json.number("file_id", file.id);
    }
    json.number("size", file.size);
    if let Some((first, last, _)) = file.range {
        json.number("start", first).number("end", last);
    }
    json.number("tx_id", tx_id);
}

/// Where a protocol puts the files of one transaction.
#[derive(Debug)]
pub(crate) struct FileSource<'a> {
    /// The transaction's files.
    pub(crate) files: &'a mut Vec<File>,
    /// What is computed for them.
    pub(crate) config: &'a FileConfig,
    /// Which way they go.
    pub(crate) direction: Direction,
    /// When and where the data now at hand came.
    pub(crate) began: (Time, PacketId),
    /// Number of the last file of the session.
    pub(crate) last_id: &'a mut u32,
}

impl FileSource<'_> {
    /// Files of one transaction at most; more are not kept.
    const FILES_MAX: usize = 256;

    /// A file begins; `false` when there are too many.
    pub(crate) fn open(&mut self, name: &[u8]) -> bool {
        if self.files.len() >= Self::FILES_MAX {
            return false;
        }
        *self.last_id += 1;
        self.files.push(File::new(*self.last_id, self.direction, name, self.config, self.began));
        true
    }

    /// More bytes of the last file.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if let Some(file) = self.files.last_mut() {
            file.append(bytes);
        }
    }

    /// The last file ends.
    pub(crate) fn close(&mut self, state: FileState) {
        if let Some(file) = self.files.last_mut() {
            file.close(state);
        }
    }
}
