//! Files read and written over SMB: pieces at offsets become a file in order.

use model::Direction;

use super::state::{Exchange, FileId, Kind, Now, Rest, Smb, Status, Transfer, event, finish};
use crate::file::FileSource;
use crate::{File, FileState, Transaction};

/// A piece of a file in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) file: FileId,
    pub(super) offset: u64,
    /// Bytes the record announces; more than `data` when it has not arrived whole.
    pub(super) length: u64,
    pub(super) data: &'a [u8],
}

impl Smb {
    /// Whether a transfer of the file is open.
    pub(super) fn has_transfer(&self, file: FileId, direction: Direction) -> bool {
        self.transactions.iter().any(|exchange| is_transfer(exchange, file, direction))
    }

    /// The open transfer of a file.
    pub(super) fn transfer(
        &mut self,
        file: FileId,
        direction: Direction,
    ) -> Option<&mut Transaction<Exchange>> {
        self.transactions.iter_mut().find(|exchange| is_transfer(exchange, file, direction))
    }

    /// Adds a piece; `new` makes the transaction when there is none yet.
    pub(super) fn piece(&mut self, now: &Now<'_>, piece: &Piece<'_>, new: impl FnOnce(&Smb) -> Exchange) {
        let direction = now.direction;
        if !self.has_transfer(piece.file, direction) {
            let exchange = new(self);
            let name = match &exchange.kind {
                Kind::File(transfer) => transfer.name.clone(),
                _ => Vec::new(),
            };
            let mut last_id = self.last_file;
            let transaction = self.open(now, exchange);
            FileSource {
                files: &mut transaction.files,
                config: now.files,
                direction,
                began: (now.time, now.packet),
                last_id: &mut last_id,
            }
            .open(&name);
            self.last_file = last_id;
        }
        let limits = self.limits();
        let place = direction.index();
        let Some(transaction) = self.transfer(piece.file, direction) else { return };
        let Kind::File(transfer) = &mut transaction.body.kind else { return };
        transaction.core.updated = [true; 2];
        let Some(file) = transaction.files.first_mut() else { return };
        let mut code = None;
        if piece.offset < transfer.seen {
            code = Some(event::FILE_OVERLAP);
            transfer.current = None;
        } else if piece.offset > transfer.seen {
            let bytes =
                transfer.waiting_bytes.saturating_add(usize::try_from(piece.length).unwrap_or(usize::MAX));
            let [size, count] = match direction {
                Direction::ToServer => [event::WRITE_QUEUE_SIZE_EXCEEDED, event::WRITE_QUEUE_CNT_EXCEEDED],
                Direction::ToClient => [event::READ_QUEUE_SIZE_EXCEEDED, event::READ_QUEUE_CNT_EXCEEDED],
            };
            transfer.current = None;
            if limits.queue[place] != 0 && bytes > limits.queue[place] {
                code = Some(size);
            } else if limits.pieces[place] != 0 && transfer.waiting.len() >= limits.pieces[place] {
                code = Some(count);
            } else {
                transfer.current = Some(piece.offset);
            }
        } else {
            transfer.current = Some(piece.offset);
        }
        transfer.take(file, piece.data, piece.data.len() as u64 >= piece.length);
        if let Some(code) = code {
            self.raise(code);
        }
        let file_bytes = piece.length.saturating_sub(piece.data.len() as u64).min(now.missing as u64);
        self.rest[place] = Rest {
            file: Some(piece.file),
            file_bytes,
            skip: (now.missing as u64).saturating_sub(file_bytes),
        };
    }

    /// The rest of a piece.
    pub(super) fn continue_piece(&mut self, direction: Direction, file: FileId, bytes: &[u8], last: bool) {
        let Some(transaction) = self.transfer(file, direction) else { return };
        let Kind::File(transfer) = &mut transaction.body.kind else { return };
        let Some(file) = transaction.files.first_mut() else { return };
        transfer.take(file, bytes, last);
        transaction.core.updated = [true; 2];
    }

    /// The file is closed: its transfers are over.
    pub(super) fn close(&mut self, file: FileId, status: Status) {
        for direction in Direction::BOTH {
            if let Some(transaction) = self.transfer(file, direction) {
                end(transaction, status);
            }
        }
    }
}

fn is_transfer(exchange: &Transaction<Exchange>, file: FileId, direction: Direction) -> bool {
    exchange.core.progress != [1; 2]
        && matches!(&exchange.body.kind,
            Kind::File(transfer) if transfer.file == file && transfer.direction == direction)
}

/// Ends a transfer.
pub(super) fn end(transaction: &mut Transaction<Exchange>, status: Status) {
    for file in &mut transaction.files {
        file.close(FileState::Closed);
    }
    transaction.body.status = Some(status);
    finish(transaction);
}

impl Transfer {
    pub(super) fn new(file: FileId, direction: Direction, name: Vec<u8>, share: Vec<u8>) -> Self {
        Self {
            file,
            direction,
            name,
            share,
            seen: 0,
            waiting: std::collections::BTreeMap::new(),
            waiting_bytes: 0,
            current: None,
        }
    }

    /// Takes bytes of the current piece: into the file when it is its turn, else to where they wait.
    fn take(&mut self, file: &mut File, bytes: &[u8], last: bool) {
        let Some(offset) = self.current else { return };
        let in_turn = !self.waiting.contains_key(&offset) && offset <= self.seen;
        if in_turn {
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
                continue;
            }
            file.append(&piece);
            self.seen += piece.len() as u64;
        }
    }
}
