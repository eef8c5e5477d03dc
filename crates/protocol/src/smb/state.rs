//! What a connection remembers, and what a transaction of it holds.

use std::collections::{BTreeMap, VecDeque};

use model::{Direction, PacketId, Time};

use crate::dcerpc::pdu::Interface;
use crate::ntlmssp::{Logon, Ticket};
use crate::{FileConfig, Transaction, Transactions};

/// Entries of each table of a connection.
const TABLE_MAX: usize = 1024;
/// Stub data kept per direction of a call.
const STUB_MAX: usize = 1024 * 1024;

/// Events; the position in the protocol's list is the code.
pub(super) mod event {
    pub(crate) const MALFORMED_DATA: u8 = 1;
    pub(crate) const MALFORMED_NTLMSSP_REQUEST: u8 = 3;
    pub(crate) const NEGOTIATE_MALFORMED_DIALECTS: u8 = 5;
    pub(crate) const FILE_OVERLAP: u8 = 7;
    pub(crate) const REQUEST_TO_CLIENT: u8 = 8;
    pub(crate) const RESPONSE_TO_SERVER: u8 = 9;
    pub(crate) const READ_REQUEST_TOO_LARGE: u8 = 11;
    pub(crate) const READ_RESPONSE_TOO_LARGE: u8 = 12;
    pub(crate) const READ_QUEUE_SIZE_EXCEEDED: u8 = 13;
    pub(crate) const READ_QUEUE_CNT_EXCEEDED: u8 = 14;
    pub(crate) const WRITE_REQUEST_TOO_LARGE: u8 = 15;
    pub(crate) const WRITE_QUEUE_SIZE_EXCEEDED: u8 = 16;
    pub(crate) const WRITE_QUEUE_CNT_EXCEEDED: u8 = 17;
    pub(crate) const TOO_MANY_TRANSACTIONS: u8 = 19;
    pub(crate) const TRANS2_SESSION_SETUP: u8 = 20;
    pub(crate) const PEEK_AT_NO_PIPE: u8 = 21;
    pub(crate) const SECONDARY_OF_ANOTHER: u8 = 22;
    pub(crate) const SECONDARY_OF_NONE: u8 = 23;
    pub(crate) const COMPRESSED_SIZE_OVERFLOW: u8 = 24;
}

/// Names of the events.
pub(super) const EVENTS: &[&str] = &[
    "internal_error",
    "malformed_data",
    "record_overflow",
    "malformed_ntlmssp_request",
    "malformed_ntlmssp_response",
    "negotiate_malformed_dialects",
    "duplicate_negotiate",
    "file_overlap",
    "request_to_client",
    "response_to_server",
    "negotiate_max_read_size_too_large",
    "read_request_too_large",
    "read_response_too_large",
    "read_queue_size_exceeded",
    "read_queue_cnt_exceeded",
    "write_request_too_large",
    "write_queue_size_exceeded",
    "write_queue_cnt_exceeded",
    "unusual_ntlmssp_order",
    "too_many_transactions",
    "trans2_session_setup",
    "peek_at_no_pipe",
    "secondary_of_another",
    "secondary_of_none",
    "compressed_size_overflow",
];

/// A table that forgets what it was told first.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Ord + Copy, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Ord + Copy, V> Table<K, V> {
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.entries.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        // Keys that were taken out stay in the order until they are the oldest.
        while self.order.len() > TABLE_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        let value = self.entries.remove(key)?;
        if let Some(at) = self.order.iter().rposition(|known| known == key) {
            self.order.remove(at);
        }
        Some(value)
    }
}

/// Identifies an open file or pipe: 16 bytes in SMB2, file and user in SMB1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct FileId {
    pub(super) bytes: [u8; 16],
    pub(super) short: bool,
}

impl FileId {
    pub(super) fn two(bytes: Option<&[u8; 16]>) -> FileId {
        FileId { bytes: bytes.copied().unwrap_or_default(), short: false }
    }

    pub(super) fn one(file: u16, user: u16) -> FileId {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&file.to_le_bytes());
        bytes[2..6].copy_from_slice(&u32::from(user).to_be_bytes());
        FileId { bytes, short: true }
    }
}

/// A connection to a share.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) name: Vec<u8>,
    pub(super) pipe: bool,
}

/// An open pipe.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) interfaces: Vec<Interface>,
    /// PDUs that have not arrived whole, per direction.
    pub(super) waiting: [Vec<u8>; 2],
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Nt(u32),
    Old { class: u8, code: u16 },
}

/// A transaction.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(super) version: u8,
    pub(super) command: u16,
    pub(super) status: Option<Status>,
    pub(super) session: u64,
    pub(super) tree: u32,
    pub(super) message: u64,
    pub(super) kind: Kind,
}

/// What a transaction is about.
#[derive(Debug, Default)]
pub(super) enum Kind {
    #[default]
    Plain,
    Negotiate(Box<Negotiate>),
    Setup(Box<Setup>),
    Tree(Box<Connect>),
    Create(Box<Create>),
    File(Box<Transfer>),
    Call(Box<Call>),
    Control(u32),
    Rename(Box<Rename>),
    SetInfo(Box<SetInfo>),
}

#[derive(Debug, Default)]
pub(super) struct Negotiate {
    pub(super) dialects: Vec<Vec<u8>>,
    pub(super) client: Option<[u8; 16]>,
    pub(super) server: [u8; 16],
}

/// Operating system and program of one side.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) system: Vec<u8>,
    pub(super) program: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Setup {
    pub(super) logon: Option<Logon>,
    pub(super) ticket: Option<Ticket>,
    pub(super) request: Option<Host>,
    pub(super) response: Option<Host>,
}

#[derive(Debug, Default)]
pub(super) struct Connect {
    pub(super) name: Vec<u8>,
    pub(super) pipe: bool,
    pub(super) share_type: u8,
    pub(super) asked: Vec<u8>,
    pub(super) given: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Create {
    pub(super) name: Vec<u8>,
    pub(super) disposition: u32,
    pub(super) delete: bool,
    pub(super) directory: bool,
    /// Creation, access, write, change, as Windows counts time.
    pub(super) times: [u64; 4],
    pub(super) size: u64,
    pub(super) file: FileId,
}

/// A file that is read or written.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) file: FileId,
    pub(super) direction: Direction,
    pub(super) name: Vec<u8>,
    pub(super) share: Vec<u8>,
    /// Bytes from the start that are there.
    pub(super) seen: u64,
    /// Pieces behind a hole, by their offset.
    pub(super) waiting: BTreeMap<u64, Vec<u8>>,
    pub(super) waiting_bytes: usize,
    /// Where the piece that now arrives goes on: in order, or the waiting piece at this offset.
    pub(super) current: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) file: FileId,
    pub(super) call: u32,
    pub(super) context: u16,
    pub(super) opnum: u16,
    pub(super) asked: Option<u8>,
    pub(super) answered: Option<u8>,
    pub(super) fragments: [u16; 2],
    pub(super) stubs: [Vec<u8>; 2],
    pub(super) bound: Vec<Interface>,
}

impl Call {
    pub(super) fn add(&mut self, direction: Direction, stub: &[u8]) {
        let place = direction.index();
        let room = STUB_MAX.saturating_sub(self.stubs[place].len()).min(stub.len());
        self.stubs[place].extend_from_slice(&stub[..room]);
        self.fragments[place] = self.fragments[place].saturating_add(1);
    }
}

#[derive(Debug, Default)]
pub(super) struct Rename {
    pub(super) file: FileId,
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct SetInfo {
    pub(super) file: FileId,
    pub(super) name: Vec<u8>,
    /// By path rather than by file (SMB1).
    pub(super) by_path: bool,
    pub(super) delete: bool,
}

/// Limits on reads and writes; 0 = none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) transactions: usize,
    /// One request; per direction.
    pub(super) request: [u64; 2],
    /// Bytes and pieces that wait behind a hole; per direction.
    pub(super) queue: [usize; 2],
    pub(super) pieces: [usize; 2],
}

impl Limits {
    pub(super) fn read(config: &crate::Config) -> Limits {
        let number = |name: &str, default: u64| config.setting(name).and_then(bytes_of).unwrap_or(default);
        let size = |name: &str, default| usize::try_from(number(name, default)).unwrap_or(usize::MAX);
        Limits {
            transactions: size("smb.max_tx", 1024).max(1),
            request: [number("smb.max_write_size", 16 << 20), number("smb.max_read_size", 16 << 20)],
            queue: [size("smb.max_write_queue_size", 64 << 20), size("smb.max_read_queue_size", 64 << 20)],
            pieces: [size("smb.max_write_queue_cnt", 64), size("smb.max_read_queue_cnt", 64)],
        }
    }
}

/// `8mb`, `200`.
fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].chars().next() {
        None | Some('b') => 1,
        Some('k') => 1 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some(_) => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// The rest of a record that did not come whole: bytes of a file, then bytes to read over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rest {
    pub(super) file: Option<FileId>,
    pub(super) file_bytes: u64,
    pub(super) skip: u64,
}

/// When and how data came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) direction: Direction,
    pub(super) time: Time,
    pub(super) packet: PacketId,
    pub(super) files: &'a FileConfig,
    /// Bytes of the record that have not arrived.
    pub(super) missing: usize,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Smb {
    pub(super) transactions: Transactions<Exchange>,
    pub(super) limits: Option<Limits>,
    /// Kinds of records that are wanted (`eve.smb.types`); empty = all.
    pub(super) types: Vec<String>,
    pub(super) dialect: u16,
    pub(super) dialect_name: Option<Vec<u8>>,
    pub(super) read_max: u32,
    pub(super) write_max: u32,
    pub(super) trees: Table<(u64, u32), Tree>,
    /// Names of open files.
    pub(super) names: Table<FileId, Vec<u8>>,
    /// What a read asked for, by its message.
    pub(super) reads: Table<(u64, u64), (FileId, u64)>,
    /// Transactions of SMB1 that may be continued, by multiplex and process: their commands.
    pub(super) continued: Table<(u16, u16), u8>,
    /// The connection was seen from its negotiation on.
    pub(super) from_start: bool,
    pub(super) pipes: Table<FileId, Pipe>,
    pub(super) rest: [Rest; 2],
    /// A gap was seen, and no record after it.
    pub(super) lost: [bool; 2],
    pub(super) last_file: u32,
    /// Transactions were given up.
    pub(super) crowded: bool,
}

impl Default for Smb {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(usize::MAX),
            limits: None,
            types: Vec::new(),
            dialect: 0,
            dialect_name: None,
            read_max: 0,
            write_max: 0,
            trees: Table::default(),
            names: Table::default(),
            reads: Table::default(),
            continued: Table::default(),
            from_start: false,
            pipes: Table::default(),
            rest: [Rest::default(); 2],
            lost: [false; 2],
            last_file: 0,
            crowded: false,
        }
    }
}

impl Smb {
    pub(super) fn limits(&self) -> Limits {
        self.limits.expect("limits are read before the first record")
    }

    /// Opens a transaction. When there are too many, the oldest unfinished one is given up.
    pub(super) fn open(&mut self, now: &Now<'_>, exchange: Exchange) -> &mut Transaction<Exchange> {
        if self.transactions.len() > self.limits().transactions
            && let Some(oldest) = self.transactions.unfinished().next()
        {
            // Said once per connection, lest every further request says it again.
            if !std::mem::replace(&mut self.crowded, true) {
                oldest.core.raise(event::TOO_MANY_TRANSACTIONS);
            }
            finish(oldest);
        }
        self.transactions.open(now.time, now.packet, exchange)
    }

    /// The oldest open transaction for which `holds`.
    pub(super) fn find(&mut self, holds: impl Fn(&Exchange) -> bool) -> Option<&mut Transaction<Exchange>> {
        self.transactions
            .unfinished()
            .find(|exchange| exchange.core.progress[1] == 0 && holds(&exchange.body))
    }

    /// Raises an event on the newest transaction.
    pub(super) fn raise(&mut self, code: u8) {
        if let Some(last) = self.transactions.last_mut() {
            last.core.raise(code);
        }
    }
}

/// Both directions of the transaction are over.
pub(super) fn finish(exchange: &mut Transaction<Exchange>) {
    exchange.core.advance(Direction::ToServer, 1);
    exchange.core.advance(Direction::ToClient, 1);
}

/// The question is complete.
pub(super) fn asked(exchange: &mut Transaction<Exchange>) {
    exchange.core.advance(Direction::ToServer, 1);
}

/// The answer is complete, with this status.
pub(super) fn answered(exchange: &mut Transaction<Exchange>, status: Status) {
    exchange.body.status = Some(status);
    exchange.core.advance(Direction::ToClient, 1);
}
