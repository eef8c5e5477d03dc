//! SMB2 and SMB3 in the clear: what each command means for the connection (MS-SMB2 §2.2).

use model::Direction;

use super::file::Piece;
use super::pipe::Carrier;
use super::record::{self, Record2, long, part, quad, short, squeeze};
use super::state::{
    Connect, Create, Exchange, FileId, Kind, Negotiate, Now, Rename, SetInfo, Setup, Smb, Status, Transfer,
    Tree, answered, asked, event,
};
use crate::ntlmssp::{self, Token};

/// Commands (§2.2.1.2).
mod command {
    pub(super) const NEGOTIATE: u16 = 0;
    pub(super) const SESSION_SETUP: u16 = 1;
    pub(super) const TREE_CONNECT: u16 = 3;
    pub(super) const TREE_DISCONNECT: u16 = 4;
    pub(super) const CREATE: u16 = 5;
    pub(super) const CLOSE: u16 = 6;
    pub(super) const READ: u16 = 8;
    pub(super) const WRITE: u16 = 9;
    pub(super) const IOCTL: u16 = 11;
    pub(super) const GET_INFO: u16 = 16;
    pub(super) const SET_INFO: u16 = 17;
}

const SUCCESS: u32 = 0;
const PENDING: u32 = 0x103;
const BUFFER_OVERFLOW: u32 = 0x8000_0005;
const END_OF_FILE: u32 = 0xc000_0011;
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
const DELETE_ON_CLOSE: u32 = 0x1000;
const DIRECTORY: u32 = 1;
const SHARE_PIPE: u8 = 2;
/// Dialects of a negotiation that are kept.
const DIALECTS_MAX: usize = 64;

/// Whether a record that has not arrived whole can be begun: it carries a piece of a file, whose rest may follow.
pub(super) fn can_begin(bytes: &[u8]) -> bool {
    let Some(record) = Record2::read(bytes) else { return false };
    let body = record.body();
    let at = match (record.command, record.answer) {
        (command::WRITE, false) => short(body, 2).map(usize::from),
        (command::READ, true) if matches!(record.status, SUCCESS | BUFFER_OVERFLOW) => {
            body.get(2).map(|offset| usize::from(*offset))
        }
        _ => None,
    };
    at.is_some_and(|at| record.next == 0 && bytes.len() > at)
}

impl Record2<'_> {
    fn file_at(&self, at: usize) -> FileId {
        FileId::two(self.body().get(at..).and_then(|bytes| bytes.first_chunk()))
    }

    fn exchange(&self, kind: Kind) -> Exchange {
        Exchange {
            version: 2,
            command: self.command,
            session: self.session,
            tree: self.tree,
            message: self.message,
            kind,
            ..Exchange::default()
        }
    }

    fn carrier(&self, file: FileId) -> Carrier {
        Carrier {
            version: 2,
            command: self.command,
            session: self.session,
            tree: self.tree,
            message: self.message,
            file,
        }
    }
}

impl Smb {
    /// A request.
    pub(super) fn request2(&mut self, now: &Now<'_>, record: &Record2<'_>) {
        let kind = match record.command {
            command::WRITE => return self.write2(now, record),
            command::READ => return self.read2(record),
            command::NEGOTIATE => dialects(record),
            command::SESSION_SETUP => {
                let mut setup = Setup::default();
                let malformed = secrets(record, 12, &mut setup);
                let exchange = self.open(now, record.exchange(Kind::Setup(Box::new(setup))));
                asked(exchange);
                if malformed {
                    exchange.core.raise(event::MALFORMED_NTLMSSP_REQUEST);
                }
                return;
            }
            command::TREE_CONNECT => share(record),
            command::TREE_DISCONNECT => {
                self.trees.take(&(record.session, record.tree));
                Some(Kind::Plain)
            }
            command::CREATE => create(record),
            command::CLOSE => {
                let file = record.file_at(8);
                self.close(file, Status::Nt(SUCCESS));
                self.pipes.take(&file);
                Some(Kind::Plain)
            }
            command::IOCTL => {
                let control = long(record.body(), 4);
                let file = record.file_at(8);
                let input = long(record.body(), 24).zip(long(record.body(), 28));
                if let (Some(PIPE_TRANSCEIVE), Some((at, length))) = (control, input) {
                    let data = record.buffer(at as usize, length as usize);
                    if self.speaks_rpc(file, None, data) {
                        return self.pipe_asks(now, &record.carrier(file), data);
                    }
                }
                control.map(Kind::Control)
            }
            command::SET_INFO => match self.set_info(record) {
                Some(kind) => Some(kind),
                None => return,
            },
            command::GET_INFO => return,
            _ => Some(Kind::Plain),
        };
        let malformed = kind.is_none();
        let exchange = self.open(now, record.exchange(kind.unwrap_or_default()));
        asked(exchange);
        if malformed {
            exchange.core.raise(event::MALFORMED_DATA);
        }
    }

    fn set_info(&self, record: &Record2<'_>) -> Option<Kind> {
        let body = record.body();
        let (class, level) = (*body.get(2)?, *body.get(3)?);
        let info = record.buffer(usize::from(short(body, 8)?), long(body, 4)? as usize);
        let file = record.file_at(16);
        // In a compound the file is the one that was just opened (MS-SMB2 §3.3.5.2.7.2).
        let opened = || {
            let before = record.message.wrapping_sub(1);
            let mut all = self.transactions.iter().rev().map(|exchange| &exchange.body);
            all.find_map(|exchange| match &exchange.kind {
                Kind::Create(create) if exchange.message == before => Some(create.name.clone()),
                _ => None,
            })
        };
        let name = || match self.names.get(&file) {
            None if file.bytes == [0xff; 16] => opened(),
            name => name.cloned(),
        };
        // FILE_INFO: rename, disposition (MS-FSCC §2.4.37, §2.4.11).
        match (class, level) {
            (1, 10) => {
                let length = long(info, 16)? as usize;
                let to = squeeze(part(info, 20, length)?);
                let from = name().unwrap_or_else(|| b"<unknown>".to_vec());
                Some(Kind::Rename(Box::new(Rename { file, from, to })))
            }
            (1, 13) => {
                let delete = *info.first()? & 1 != 0;
                let name = name().unwrap_or_default();
                Some(Kind::SetInfo(Box::new(SetInfo { file, name, by_path: false, delete })))
            }
            _ => None,
        }
    }

    fn tree2(&self, record: &Record2<'_>) -> Option<&Tree> {
        self.trees.get(&(record.session, record.tree))
    }

    fn write2(&mut self, now: &Now<'_>, record: &Record2<'_>) {
        let body = record.body();
        let (Some(at), Some(length), Some(offset)) = (short(body, 2), long(body, 4), quad(body, 8)) else {
            return self.raise(event::MALFORMED_DATA);
        };
        let file = record.file_at(16);
        let data = record.whole.get(usize::from(at)..).unwrap_or_default();
        let data = data.get(..length as usize).unwrap_or(data);
        if self.too_large(now.direction, length, self.write_max) {
            self.rest[now.direction.index()].skip = now.missing as u64;
            return self.raise(event::WRITE_REQUEST_TOO_LARGE);
        }
        if !self.has_transfer(file, now.direction) {
            if self.speaks_rpc(file, self.tree2(record), data) {
                self.rest[now.direction.index()].skip = now.missing as u64;
                return self.pipe_asks(now, &record.carrier(file), data);
            }
            if self.tree2(record).is_some_and(|tree| tree.pipe) {
                self.rest[now.direction.index()].skip = now.missing as u64;
                return;
            }
        }
        let piece = Piece { file, offset, length: length.into(), data };
        self.piece(now, &piece, |state| state.new_transfer(record, file, Direction::ToServer));
    }

    /// Whether one read or write is beyond what was agreed upon, or allowed.
    pub(super) fn too_large(&self, direction: Direction, length: u32, agreed: u32) -> bool {
        let limit = self.limits().request[direction.index()];
        (agreed != 0 && length > agreed) || (limit != 0 && u64::from(length) > limit)
    }

    fn new_transfer(&self, record: &Record2<'_>, file: FileId, direction: Direction) -> Exchange {
        let name = self.names.get(&file).cloned().unwrap_or_else(|| b"<unknown>".to_vec());
        let share = self.tree2(record).map(|tree| tree.name.clone()).unwrap_or_default();
        record.exchange(Kind::File(Box::new(Transfer::new(file, direction, name, share))))
    }

    fn read2(&mut self, record: &Record2<'_>) {
        let body = record.body();
        let (Some(length), Some(offset)) = (long(body, 4), quad(body, 8)) else {
            return self.raise(event::MALFORMED_DATA);
        };
        if self.too_large(Direction::ToClient, length, self.read_max) {
            return self.raise(event::READ_REQUEST_TOO_LARGE);
        }
        self.reads.put((record.session, record.message), (record.file_at(16), offset));
    }

    /// An answer.
    pub(super) fn response2(&mut self, now: &Now<'_>, record: &Record2<'_>) {
        // The real answer comes later (§3.3.4.2).
        if record.status == PENDING {
            return;
        }
        let status = Status::Nt(record.status);
        match record.command {
            command::READ => return self.read_answer2(now, record),
            command::NEGOTIATE => return self.negotiated2(record),
            command::SESSION_SETUP => return self.set_up2(record),
            command::IOCTL if long(record.body(), 4) == Some(PIPE_TRANSCEIVE) => {
                let (body, file) = (record.body(), record.file_at(8));
                let output = long(body, 32).zip(long(body, 36));
                if let Some((at, length)) = output
                    && self.pipes.get(&file).is_some()
                {
                    let data = record.buffer(at as usize, length as usize);
                    return self.pipe_answers(now, &record.carrier(file), data, status);
                }
            }
            _ => {}
        }
        let (session, message, command) = (record.session, record.message, record.command);
        let found = self.find(|exchange| {
            exchange.version == 2
                && exchange.command == command
                && exchange.message == message
                && exchange.session == session
                && !matches!(exchange.kind, Kind::File(_) | Kind::Call(_))
        });
        let Some(exchange) = found else { return };
        answered(exchange, status);
        if record.status != SUCCESS {
            return;
        }
        let body = record.body();
        match &mut exchange.body.kind {
            Kind::Tree(connect) => {
                connect.share_type = body.get(2).copied().unwrap_or(0);
                connect.pipe = connect.share_type == SHARE_PIPE;
                let tree = Tree { name: connect.name.clone(), pipe: connect.pipe };
                exchange.body.tree = record.tree;
                self.trees.put((session, record.tree), tree);
            }
            Kind::Create(create) => {
                for (place, time) in create.times.iter_mut().enumerate() {
                    *time = quad(body, 8 + place * 8).unwrap_or(0);
                }
                create.size = quad(body, 48).unwrap_or(0);
                create.file = record.file_at(64);
                let (file, name) = (create.file, create.name.clone());
                self.names.put(file, name);
            }
            _ => {}
        }
    }

    fn negotiated2(&mut self, record: &Record2<'_>) {
        let body = record.body();
        let (Some(dialect), Some(server)) =
            (short(body, 4), body.get(8..).and_then(|rest| rest.first_chunk()))
        else {
            return self.raise(event::MALFORMED_DATA);
        };
        let (server, status) = (*server, Status::Nt(record.status));
        if record.status == SUCCESS {
            self.dialect = dialect;
            self.read_max = long(body, 32).unwrap_or(0);
            self.write_max = long(body, 36).unwrap_or(0);
        }
        // A negotiation begun in SMB1 may be answered in SMB2 (§3.3.5.3.1).
        for version in [2, 1] {
            let found = self
                .find(|exchange| exchange.version == version && matches!(exchange.kind, Kind::Negotiate(_)));
            if let Some(exchange) = found {
                if let Kind::Negotiate(negotiate) = &mut exchange.body.kind {
                    negotiate.server = server;
                }
                return answered(exchange, status);
            }
        }
    }

    fn set_up2(&mut self, record: &Record2<'_>) {
        let (message, session, tree) = (record.message, record.session, record.tree);
        let found = self.find(|exchange| {
            exchange.version == 2 && exchange.message == message && matches!(exchange.kind, Kind::Setup(_))
        });
        if let Some(exchange) = found {
            // The request may have come before there was a session.
            (exchange.body.session, exchange.body.tree) = (session, tree);
            answered(exchange, Status::Nt(record.status));
        }
    }

    fn read_answer2(&mut self, now: &Now<'_>, record: &Record2<'_>) {
        let place = now.direction.index();
        self.rest[place].skip = now.missing as u64;
        let Some((file, offset)) = self.reads.take(&(record.session, record.message)) else { return };
        match record.status {
            SUCCESS | BUFFER_OVERFLOW => {}
            END_OF_FILE => {
                if let Some(transaction) = self.transfer(file, Direction::ToClient) {
                    super::file::end(transaction, Status::Nt(SUCCESS));
                }
                return;
            }
            _ => return,
        }
        let body = record.body();
        let (Some(at), Some(length)) = (body.get(2), long(body, 4)) else {
            return self.raise(event::MALFORMED_DATA);
        };
        if self.too_large(Direction::ToClient, length, self.read_max) {
            return self.raise(event::READ_RESPONSE_TOO_LARGE);
        }
        let data = record.whole.get(usize::from(*at)..).unwrap_or_default();
        let data = data.get(..length as usize).unwrap_or(data);
        if !self.has_transfer(file, Direction::ToClient) {
            if self.speaks_rpc(file, self.tree2(record), data) {
                return self.pipe_answers(now, &record.carrier(file), data, Status::Nt(record.status));
            }
            if self.tree2(record).is_some_and(|tree| tree.pipe) {
                return;
            }
        }
        let piece = Piece { file, offset, length: length.into(), data };
        self.piece(now, &piece, |state| state.new_transfer(record, file, Direction::ToClient));
    }
}

fn dialects(record: &Record2<'_>) -> Option<Kind> {
    let body = record.body();
    let client = *body.get(12..)?.first_chunk()?;
    let list = body.get(36..)?.as_chunks::<2>().0;
    let dialects = list
        .iter()
        .take(usize::from(short(body, 2)?).min(DIALECTS_MAX))
        .map(|code| super::names::dialect(u16::from_le_bytes(*code)).unwrap_or("unknown").as_bytes().to_vec())
        .collect();
    Some(Kind::Negotiate(Box::new(Negotiate { dialects, client: Some(client), server: [0; 16] })))
}

/// Reads the security blob whose offset stands at `at` of the body; true when it is malformed.
fn secrets(record: &Record2<'_>, at: usize, setup: &mut Setup) -> bool {
    let body = record.body();
    let (Some(offset), Some(length)) = (short(body, at), short(body, at + 2)) else { return false };
    match ntlmssp::read(record.buffer(offset.into(), length.into())) {
        Token::Logon(logon) => setup.logon = Some(logon),
        Token::Ticket(ticket) => setup.ticket = Some(ticket),
        Token::Malformed => return true,
        Token::Other => {}
    }
    false
}

fn share(record: &Record2<'_>) -> Option<Kind> {
    let body = record.body();
    let name = record::squeeze(record.buffer(short(body, 4)?.into(), short(body, 6)?.into()));
    Some(Kind::Tree(Box::new(Connect { name, ..Connect::default() })))
}

fn create(record: &Record2<'_>) -> Option<Kind> {
    let body = record.body();
    let options = long(body, 40)?;
    let name = squeeze(record.buffer(short(body, 44)?.into(), short(body, 46)?.into()));
    Some(Kind::Create(Box::new(Create {
        name,
        disposition: long(body, 36)?,
        delete: options & DELETE_ON_CLOSE != 0,
        directory: options & DIRECTORY != 0,
        ..Create::default()
    })))
}
