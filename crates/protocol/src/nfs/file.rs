//! Files that are read and written in pieces: one transaction per file and direction, pieces put in order.

use std::collections::BTreeMap;

use model::Direction;
use smallvec::SmallVec;

use super::{Exchange, Kind, Nfs};
use crate::exchange::finish;
use crate::{File, FileState, Input, Transaction};

/// Bytes of pieces that wait for those before them, per file.
const WAITING_BYTES_MAX: usize = 2 << 20;
/// Pieces that wait for those before them, per file.
const WAITING_MAX: usize = 256;
/// Other procedures of a file's transaction that are kept.
const MORE_MAX: usize = 8;

/// A file on its way.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    pub(super) write: bool,
    /// Nothing more belongs to it; the next piece of the same handle begins a new one.
    pub(super) closed: bool,
    /// Its last piece was announced.
    pub(super) last: bool,
    pub(super) last_xid: u32,
    pub(super) chunks: u32,
    /// Procedures that belong to it besides the first one: a COMMIT after WRITEs.
    pub(super) more_procedures: SmallVec<[u32; 1]>,
    seen: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// Where the piece at hand goes; `None`: it is dropped.
    current: Option<u64>,
}

/// A piece in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) handle: &'a [u8],
    pub(super) xid: u32,
    pub(super) offset: u64,
    /// Bytes that the record announces; more than `data` when it has not arrived whole.
    pub(super) length: usize,
    pub(super) data: &'a [u8],
    /// The file ends with it.
    pub(super) last: bool,
    /// Bytes of the record that have not arrived.
    pub(super) missing: usize,
}

/// What is still to come of a record that was begun.
#[derive(Debug, Default)]
pub(super) struct Rest {
    handle: Vec<u8>,
    file_bytes: usize,
    skip: usize,
}

impl Transfer {
    /// A file that is written.
    pub(super) fn written() -> Self {
        Self { write: true, ..Self::default() }
    }

    fn begin(&mut self, offset: u64, length: usize) {
        self.chunks = self.chunks.saturating_add(1);
        let room = self.waiting.len() < WAITING_MAX
            && self.waiting_bytes.saturating_add(length) <= WAITING_BYTES_MAX;
        // What was there before is not taken twice; what comes too early waits as long as there is room.
        self.current = match offset.cmp(&self.seen) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(offset),
            std::cmp::Ordering::Greater => room.then_some(offset),
        };
    }

    fn take(&mut self, file: &mut File, bytes: &[u8], last: bool) {
        let Some(offset) = self.current else { return };
        if offset <= self.seen && !self.waiting.contains_key(&offset) {
            file.append(bytes);
            self.seen += bytes.len() as u64;
        } else {
            self.waiting.entry(offset).or_default().extend_from_slice(bytes);
            self.waiting_bytes += bytes.len();
        }
        if !last {
            return;
        }
        self.current = None;
        while let Some(piece) = self.waiting.remove(&self.seen) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(piece.len());
            if piece.is_empty() {
                break;
            }
            file.append(&piece);
            self.seen += piece.len() as u64;
        }
    }

    /// Whether pieces wait for some that never came.
    fn has_holes(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Nfs {
    /// The open transaction of a file.
    pub(super) fn transfer(
        &mut self,
        handle: &[u8],
        direction: Direction,
    ) -> Option<&mut Transaction<Exchange>> {
        let write = direction == Direction::ToServer;
        self.transactions.iter_mut().rev().find(|exchange| {
            matches!(&exchange.body.kind, Kind::File(transfer) if transfer.write == write && !transfer.closed)
                && exchange.body.handle == handle
        })
    }

    /// Opens the transaction of a file.
    pub(super) fn open_file(&mut self, input: &Input<'_>, direction: Direction, exchange: Exchange) {
        let name = exchange.name.clone();
        self.last_file += 1;
        let file =
            File::new(self.last_file, direction, &name, &input.config.files, (input.time, input.packet));
        self.open(input, exchange).files.push(file);
    }

    /// Adds a piece to the file that it belongs to, which is open.
    pub(super) fn piece(&mut self, direction: Direction, piece: &Piece<'_>, status: u32) {
        let read = direction == Direction::ToClient;
        let whole = piece.data.len() >= piece.length;
        let Some(transaction) = self.transfer(piece.handle, direction) else { return };
        transaction.core.updated = [true; 2];
        let Some(file) = transaction.files.first_mut() else { return };
        let Kind::File(transfer) = &mut transaction.body.kind else { return };
        let again = transfer.chunks > 0;
        transfer.begin(piece.offset, piece.length);
        transfer.take(file, piece.data, whole);
        if piece.last {
            transfer.last = true;
            transfer.last_xid = piece.xid;
            transaction.body.answered |= read;
            if read {
                transaction.body.status = status;
            }
            match (read, again) {
                // A file that is written may be written again; what says otherwise is the end of the flow.
                (false, true) => transaction.core.advance(Direction::ToClient, 1),
                _ => transaction.core.advance(Direction::ToServer, 1),
            }
            if whole {
                close(transaction, read);
            }
        }
        let file_bytes = piece.length.saturating_sub(piece.data.len()).min(piece.missing);
        self.rest[direction.index()] =
            Rest { handle: piece.handle.to_vec(), file_bytes, skip: piece.missing - file_bytes };
    }

    /// Takes what belongs to a record that was begun before; answers how much that is.
    pub(super) fn take_rest(&mut self, direction: Direction, bytes: &[u8]) -> usize {
        let rest = &mut self.rest[direction.index()];
        let length = rest.file_bytes.min(bytes.len());
        rest.file_bytes -= length;
        let last = rest.file_bytes == 0;
        let skip = rest.skip.min(bytes.len() - length);
        rest.skip -= skip;
        if length > 0 {
            let handle = std::mem::take(&mut rest.handle);
            if let Some(transaction) = self.transfer(&handle, direction) {
                transaction.core.updated = [true; 2];
                if let (Some(file), Kind::File(transfer)) =
                    (transaction.files.first_mut(), &mut transaction.body.kind)
                {
                    transfer.take(file, &bytes[..length], last);
                    if last && transfer.last {
                        close(transaction, direction == Direction::ToClient);
                    }
                }
            }
            self.rest[direction.index()].handle = handle;
        }
        length + skip
    }

    /// Bytes are missing: inside a file they leave a hole, elsewhere the next record is to be found.
    pub(super) fn gap(&mut self, direction: Direction, missing: usize) {
        let rest = &mut self.rest[direction.index()];
        if missing > rest.file_bytes + rest.skip {
            *rest = Rest::default();
            self.lost[direction.index()] = true;
            return;
        }
        let in_file = missing.min(rest.file_bytes);
        rest.file_bytes -= in_file;
        rest.skip -= missing - in_file;
        let handle = rest.handle.clone();
        if let Some(transaction) = self.transfer(&handle, direction).filter(|_| in_file > 0)
            && let (Some(file), Kind::File(transfer)) =
                (transaction.files.first_mut(), &mut transaction.body.kind)
        {
            file.gap(in_file as u64);
            transfer.seen += in_file as u64;
        }
    }

    /// The client says that it is done writing a file: COMMIT, CLOSE.
    pub(super) fn commit(&mut self, handle: &[u8], xid: u32, procedure: Option<u32>) {
        let Some(transaction) = self.transfer(handle, Direction::ToServer) else { return };
        if let Kind::File(transfer) = &mut transaction.body.kind {
            transfer.chunks = transfer.chunks.saturating_add(u32::from(procedure.is_some()));
            transfer.last = true;
            transfer.last_xid = xid;
            if transfer.more_procedures.len() < MORE_MAX {
                transfer.more_procedures.extend(procedure);
            }
        }
        transaction.core.advance(Direction::ToServer, 1);
        close(transaction, false);
    }
}

/// Closes the file of a transaction; one that was read ends with it.
fn close(transaction: &mut Transaction<Exchange>, read: bool) {
    if let Kind::File(transfer) = &mut transaction.body.kind {
        transfer.closed = true;
        let state = if transfer.has_holes() { FileState::Truncated } else { FileState::Closed };
        for file in &mut transaction.files {
            file.close(state);
        }
    }
    if read {
        finish(transaction);
    }
}
