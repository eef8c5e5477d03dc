//! SMB1: what each command means for the connection (MS-CIFS §2.2.4, MS-SMB §2.2.4). Commands may be chained (AndX).

use model::Direction;

use super::file::Piece;
use super::pipe::Carrier;
use super::record::{HEADER1, Parts, Record1, long, part, quad, short, squeeze, text};
use super::state::{
    Connect, Create, Exchange, FileId, Host, Kind, Negotiate, Now, Rename, SetInfo, Setup, Smb, Status,
    Transfer, Tree, answered, asked, event,
};
use crate::ntlmssp::{self, Token};

/// Commands (MS-CIFS §2.2.2.1).
mod command {
    pub(super) const CLOSE: u8 = 0x04;
    pub(super) const RENAME: u8 = 0x07;
    pub(super) const WRITE: u8 = 0x0b;
    pub(super) const LOCKING_ANDX: u8 = 0x24;
    pub(super) const TRANS: u8 = 0x25;
    pub(super) const TRANS_SECONDARY: u8 = 0x26;
    pub(super) const WRITE_AND_CLOSE: u8 = 0x2c;
    pub(super) const OPEN_ANDX: u8 = 0x2d;
    pub(super) const READ_ANDX: u8 = 0x2e;
    pub(super) const WRITE_ANDX: u8 = 0x2f;
    pub(super) const TRANS2: u8 = 0x32;
    pub(super) const TRANS2_SECONDARY: u8 = 0x33;
    pub(super) const TREE_DISCONNECT: u8 = 0x71;
    pub(super) const NEGOTIATE: u8 = 0x72;
    pub(super) const SESSION_SETUP: u8 = 0x73;
    pub(super) const LOGOFF_ANDX: u8 = 0x74;
    pub(super) const TREE_CONNECT: u8 = 0x75;
    pub(super) const NT_TRANS: u8 = 0xa0;
    pub(super) const NT_TRANS_SECONDARY: u8 = 0xa1;
    pub(super) const NT_CREATE: u8 = 0xa2;
    pub(super) const NONE: u8 = 0xff;
}

/// Commands chained in one record.
const CHAIN_MAX: usize = 16;
/// Dialects of a negotiation that are kept.
const DIALECTS_MAX: usize = 64;
const TRANSACT_PIPE: u16 = 0x26;
const PEEK_PIPE: u16 = 0x23;
/// TRANS2_SESSION_SETUP is reserved and was never sent by any client (MS-CIFS §2.2.6.15); DoublePulsar listens to it.
const TRANS2_SESSION_SETUP: u16 = 0x0e;
const BUFFER_OVERFLOW: u32 = 0x8000_0005;
const END_OF_FILE: u32 = 0xc000_0011;
const DELETE_ON_CLOSE: u32 = 0x1000;
const DIRECTORY: u32 = 1;
const EXTENDED_SECURITY: u32 = 0x8000_0000;

fn can_chain(command: u8) -> bool {
    matches!(
        command,
        command::LOCKING_ANDX
            | command::OPEN_ANDX
            | command::READ_ANDX
            | command::WRITE_ANDX
            | command::SESSION_SETUP
            | command::LOGOFF_ANDX
            | command::TREE_CONNECT
            | command::NT_CREATE
    )
}

/// Whether a record that has not arrived whole can be begun: it carries a piece of a file, whose rest may follow.
pub(super) fn can_begin(bytes: &[u8]) -> bool {
    let Some(record) = Record1::read(bytes) else { return false };
    let Some(parts) = record.parts(HEADER1) else { return false };
    let at = match (record.command, record.answer) {
        (command::WRITE_ANDX, false) => short(parts.words, 22),
        (command::READ_ANDX, true) => short(parts.words, 12),
        _ => None,
    };
    at.is_some_and(|at| parts.words.first() == Some(&command::NONE) && bytes.len() > usize::from(at))
}

impl Record1<'_> {
    fn state(&self) -> Status {
        if self.old {
            let bytes = self.status.to_le_bytes();
            Status::Old { class: bytes[0], code: u16::from_le_bytes([bytes[2], bytes[3]]) }
        } else {
            Status::Nt(self.status)
        }
    }

    fn failed(&self) -> bool {
        self.status != 0
    }

    fn exchange(&self, command: u8, kind: Kind) -> Exchange {
        Exchange {
            version: 1,
            command: command.into(),
            session: self.user.into(),
            tree: self.tree.into(),
            message: self.multiplex.into(),
            kind,
            ..Exchange::default()
        }
    }

    fn file(&self, words: &[u8], at: usize) -> Option<FileId> {
        Some(FileId::one(short(words, at)?, self.user))
    }

    fn carrier(&self, command: u8, file: FileId) -> Carrier {
        Carrier {
            version: 1,
            command: command.into(),
            session: self.user.into(),
            tree: self.tree.into(),
            message: self.multiplex.into(),
            file,
        }
    }
}

impl Smb {
    /// A record, command by command.
    pub(super) fn record1(&mut self, now: &Now<'_>, record: &Record1<'_>) {
        let (mut command, mut at) = (record.command, HEADER1);
        for _ in 0..CHAIN_MAX {
            let parts =
                record.parts(at).unwrap_or(Parts { words: &[], data: &[], start: record.whole.len() });
            if record.answer {
                self.response1(now, record, command, &parts);
            } else {
                self.request1(now, record, command, &parts);
            }
            let (Some(next), Some(offset)) = (parts.words.first(), short(parts.words, 2)) else { return };
            let offset = usize::from(offset);
            // Chains only go forward.
            if !can_chain(command) || *next == command::NONE || offset <= at {
                return;
            }
            (command, at) = (*next, offset);
        }
    }

    fn request1(&mut self, now: &Now<'_>, record: &Record1<'_>, command: u8, parts: &Parts<'_>) {
        let words = parts.words;
        let oddity = self.continued1(record, command);
        let kind = match command {
            command::WRITE_ANDX | command::WRITE | command::WRITE_AND_CLOSE => {
                return self.write1(now, record, command, parts);
            }
            command::READ_ANDX => {
                let read = record.file(words, 4).zip(long(words, 6));
                if let Some((file, low)) = read {
                    let high = long(words, 20).unwrap_or(0);
                    let offset = u64::from(high) << 32 | u64::from(low);
                    self.reads.put((record.user.into(), record.multiplex.into()), (file, offset));
                }
                return;
            }
            command::TRANS => return self.trans1(now, record, parts),
            command::TRANS2 => match self.trans2(record, parts) {
                Some(kind) => Some(kind),
                None if short(words, 28) == Some(TRANS2_SESSION_SETUP) => {
                    asked(self.open(now, record.exchange(command, Kind::Plain)));
                    return self.raise(event::TRANS2_SESSION_SETUP);
                }
                None => return,
            },
            command::NEGOTIATE => return self.negotiate1(now, record, parts),
            command::NT_CREATE => create(record, parts),
            command::SESSION_SETUP => return self.set_up1(now, record, parts),
            command::TREE_CONNECT => connect(record, parts),
            command::TREE_DISCONNECT => {
                self.trees.take(&(record.user.into(), record.tree.into()));
                Some(Kind::Plain)
            }
            command::CLOSE => {
                if let Some(file) = record.file(words, 0) {
                    self.close(file, Status::Nt(0));
                    self.pipes.take(&file);
                }
                Some(Kind::Plain)
            }
            command::RENAME => rename(record, parts),
            _ => Some(Kind::Plain),
        };
        let malformed = kind.is_none();
        let exchange = self.open(now, record.exchange(command, kind.unwrap_or_default()));
        asked(exchange);
        for code in malformed.then_some(event::MALFORMED_DATA).into_iter().chain(oddity) {
            exchange.core.raise(code);
        }
    }

    /// Long transactions go on in secondary requests, of the kind of the first one (MS-CIFS §2.2.4.34, §2.2.4.47, §2.2.4.63).
    /// Servers that mixed them up were broken into (CVE-2017-0144 and its like).
    fn continued1(&mut self, record: &Record1<'_>, command: u8) -> Option<u8> {
        let key = (record.multiplex, record.process);
        match command {
            command::NEGOTIATE => self.from_start = true,
            command::TRANS | command::TRANS2 | command::NT_TRANS => self.continued.put(key, command),
            command::TRANS_SECONDARY | command::TRANS2_SECONDARY | command::NT_TRANS_SECONDARY => {
                return match self.continued.get(&key) {
                    Some(first) => (*first + 1 != command).then_some(event::SECONDARY_OF_ANOTHER),
                    None => self.from_start.then_some(event::SECONDARY_OF_NONE),
                };
            }
            _ => {}
        }
        None
    }

    fn negotiate1(&mut self, now: &Now<'_>, record: &Record1<'_>, parts: &Parts<'_>) {
        let mut dialects = Vec::new();
        let mut malformed = false;
        // A two in front of each, a zero behind it.
        let list = parts.data.strip_suffix(&[0]).unwrap_or(parts.data);
        for item in list.split(|byte| *byte == 0).take(DIALECTS_MAX) {
            match item.strip_prefix(&[2]) {
                Some(name) => dialects.push(name.to_vec()),
                None => malformed = true,
            }
        }
        let negotiate = Negotiate { dialects, ..Negotiate::default() };
        let exchange =
            self.open(now, record.exchange(command::NEGOTIATE, Kind::Negotiate(Box::new(negotiate))));
        asked(exchange);
        if malformed {
            exchange.core.raise(event::NEGOTIATE_MALFORMED_DIALECTS);
        }
    }

    fn set_up1(&mut self, now: &Now<'_>, record: &Record1<'_>, parts: &Parts<'_>) {
        let mut setup = Setup::default();
        let words = parts.words;
        let mut malformed = false;
        // With extended security: one blob. Without: two passwords, account and domain.
        if words.len() == 24 {
            let length = usize::from(short(words, 14).unwrap_or(0));
            match ntlmssp::read(parts.data.get(..length).unwrap_or(parts.data)) {
                Token::Logon(logon) => setup.logon = Some(logon),
                Token::Ticket(ticket) => setup.ticket = Some(ticket),
                Token::Malformed => malformed = true,
                Token::Other => {}
            }
            setup.request = host(record, parts.start + length, 0);
        } else if words.len() == 26 {
            let passwords = [short(words, 14), short(words, 16)];
            let length: usize = passwords.iter().map(|length| usize::from(length.unwrap_or(0))).sum();
            setup.request = host(record, parts.start + length, 2);
        }
        let exchange = self.open(now, record.exchange(command::SESSION_SETUP, Kind::Setup(Box::new(setup))));
        asked(exchange);
        if malformed {
            exchange.core.raise(event::MALFORMED_NTLMSSP_REQUEST);
        }
    }

    fn write1(&mut self, now: &Now<'_>, record: &Record1<'_>, command: u8, parts: &Parts<'_>) {
        let words = parts.words;
        let write = match command {
            command::WRITE_ANDX => write_andx(record, parts),
            command::WRITE => record.file(words, 0).zip(long(words, 4)).and_then(|(file, offset)| {
                let length = short(parts.data, 1)?;
                Some((file, u64::from(offset), u32::from(length), part(parts.data, 3, length.into())?))
            }),
            _ => record.file(words, 0).zip(long(words, 4)).and_then(|(file, offset)| {
                let length = short(words, 2)?;
                Some((file, u64::from(offset), u32::from(length), part(parts.data, 1, length.into())?))
            }),
        };
        let Some((file, offset, length, data)) = write else { return self.raise(event::MALFORMED_DATA) };
        let place = now.direction.index();
        self.rest[place].skip = now.missing as u64;
        if self.too_large(now.direction, length, 0) {
            return self.raise(event::WRITE_REQUEST_TOO_LARGE);
        }
        let tree = self.trees.get(&(record.user.into(), record.tree.into()));
        if !self.has_transfer(file, now.direction) {
            if self.speaks_rpc(file, tree, data) {
                return self.pipe_asks(now, &record.carrier(command, file), data);
            }
            if tree.is_some_and(|tree| tree.pipe) {
                return;
            }
        }
        let piece = Piece { file, offset, length: length.into(), data };
        self.piece(now, &piece, |state| state.new_transfer1(record, command, file, Direction::ToServer));
        if command == command::WRITE_AND_CLOSE {
            self.close(file, Status::Nt(0));
        }
    }

    fn new_transfer1(
        &self,
        record: &Record1<'_>,
        command: u8,
        file: FileId,
        direction: Direction,
    ) -> Exchange {
        let name = self.names.get(&file).cloned().unwrap_or_else(|| b"<unknown>".to_vec());
        let tree = self.trees.get(&(record.user.into(), record.tree.into()));
        let share = tree.map(|tree| tree.name.clone()).unwrap_or_default();
        record.exchange(command, Kind::File(Box::new(Transfer::new(file, direction, name, share))))
    }

    /// A transaction on a pipe: write and read in one.
    fn trans1(&mut self, now: &Now<'_>, record: &Record1<'_>, parts: &Parts<'_>) {
        let words = parts.words;
        let pipe = short(words, 28) == Some(TRANSACT_PIPE);
        // Pipe 0 is never open: who looks into it asks how the server stumbles.
        if short(words, 28) == Some(PEEK_PIPE) && short(words, 30) == Some(0) {
            asked(self.open(now, record.exchange(command::TRANS, Kind::Plain)));
            return self.raise(event::PEEK_AT_NO_PIPE);
        }
        let data = short(words, 24).zip(short(words, 22));
        if let (true, Some(file), Some((at, length))) = (pipe, record.file(words, 30), data) {
            let data = part(record.whole, at.into(), length.into()).unwrap_or_default();
            self.reads.put((record.user.into(), record.multiplex.into()), (file, 0));
            self.pipe_asks(now, &record.carrier(command::TRANS, file), data);
        }
    }

    fn trans2(&self, record: &Record1<'_>, parts: &Parts<'_>) -> Option<Kind> {
        let words = parts.words;
        let params = part(record.whole, short(words, 20)?.into(), short(words, 18)?.into())?;
        let data = part(record.whole, short(words, 24)?.into(), short(words, 22)?.into())?;
        // SET_PATH_INFORMATION and SET_FILE_INFORMATION (MS-CIFS §2.2.6.7, §2.2.6.9).
        let (by_path, file, level) = match short(words, 28)? {
            6 => (true, FileId::default(), short(params, 0)?),
            8 => (false, FileId::one(short(params, 0)?, record.user), short(params, 2)?),
            _ => return None,
        };
        let name = || match by_path {
            true => params.get(6..).map(squeeze).unwrap_or_default(),
            false => self.names.get(&file).cloned().unwrap_or_default(),
        };
        match level {
            1013 => {
                let delete = data.first().is_some_and(|flag| flag & 1 != 0);
                Some(Kind::SetInfo(Box::new(SetInfo { file, name: name(), by_path, delete })))
            }
            1010 => {
                let to = squeeze(part(data, 12, long(data, 8)? as usize)?);
                Some(Kind::Rename(Box::new(Rename { file, from: name(), to })))
            }
            _ => None,
        }
    }

    fn response1(&mut self, now: &Now<'_>, record: &Record1<'_>, command: u8, parts: &Parts<'_>) {
        let status = record.state();
        match command {
            command::READ_ANDX => return self.read_answer1(now, record, parts),
            command::TRANS => {
                let file = self.reads.take(&(record.user.into(), record.multiplex.into()));
                let data = short(parts.words, 14).zip(short(parts.words, 12));
                if let (Some((file, _)), Some((at, length))) = (file, data) {
                    let data = part(record.whole, at.into(), length.into()).unwrap_or_default();
                    self.pipe_answers(now, &record.carrier(command, file), data, status);
                }
                if file.is_some() {
                    return;
                }
            }
            command::NEGOTIATE => return self.negotiated1(record, parts),
            _ => {}
        }
        let (message, user) = (u64::from(record.multiplex), u64::from(record.user));
        let found = self.find(|exchange| {
            exchange.version == 1
                && exchange.command == u16::from(command)
                && exchange.message == message
                && !matches!(exchange.kind, Kind::File(_) | Kind::Call(_))
        });
        let Some(exchange) = found else { return };
        answered(exchange, status);
        match &mut exchange.body.kind {
            Kind::Setup(setup) => {
                let blob = if parts.words.len() == 8 { short(parts.words, 6).unwrap_or(0) } else { 0 };
                setup.response = host(record, parts.start + usize::from(blob), 0);
                exchange.body.session = user;
            }
            Kind::Tree(connect) if !record.failed() => {
                if let Some((service, _)) = text(record.whole, parts.start, false) {
                    connect.pipe = service == b"IPC";
                    connect.given = service;
                }
                let tree = Tree { name: connect.name.clone(), pipe: connect.pipe };
                exchange.body.tree = record.tree.into();
                self.trees.put((user, record.tree.into()), tree);
            }
            Kind::Create(create) if !record.failed() => {
                let Some(file) = record.file(parts.words, 5) else { return };
                for (place, time) in create.times.iter_mut().enumerate() {
                    *time = quad(parts.words, 11 + place * 8).unwrap_or(0);
                }
                create.size = quad(parts.words, 55).unwrap_or(0);
                create.file = file;
                let name = create.name.clone();
                self.names.put(file, name);
            }
            _ => {}
        }
    }

    fn negotiated1(&mut self, record: &Record1<'_>, parts: &Parts<'_>) {
        let chosen = short(parts.words, 0);
        let extended =
            long(parts.words, 19).is_some_and(|capabilities| capabilities & EXTENDED_SECURITY != 0);
        let status = record.state();
        let found =
            self.find(|exchange| exchange.version == 1 && matches!(exchange.kind, Kind::Negotiate(_)));
        let Some(exchange) = found else { return };
        let mut name = None;
        if let Kind::Negotiate(negotiate) = &mut exchange.body.kind {
            name = chosen.and_then(|chosen| negotiate.dialects.get(usize::from(chosen))).cloned();
            if let Some(server) = parts.data.first_chunk().filter(|_| extended) {
                negotiate.server = *server;
            }
        }
        if name.is_none() && chosen.is_some_and(|chosen| chosen != 0xffff) {
            exchange.core.raise(event::MALFORMED_DATA);
        }
        answered(exchange, status);
        if name.is_some() {
            self.dialect_name = name;
        }
    }

    fn read_answer1(&mut self, now: &Now<'_>, record: &Record1<'_>, parts: &Parts<'_>) {
        let place = now.direction.index();
        self.rest[place].skip = now.missing as u64;
        let Some((file, offset)) = self.reads.take(&(record.user.into(), record.multiplex.into())) else {
            return;
        };
        match record.status {
            0 | BUFFER_OVERFLOW => {}
            END_OF_FILE => {
                if let Some(transaction) = self.transfer(file, Direction::ToClient) {
                    super::file::end(transaction, Status::Nt(0));
                }
                return;
            }
            _ => return,
        }
        let words = parts.words;
        let (Some(low), Some(at)) = (short(words, 10), short(words, 12)) else {
            return self.raise(event::MALFORMED_DATA);
        };
        let length = u32::from(short(words, 14).unwrap_or(0)) << 16 | u32::from(low);
        let data = record.whole.get(usize::from(at)..).unwrap_or_default();
        let data = data.get(..length as usize).unwrap_or(data);
        if self.too_large(Direction::ToClient, length, 0) {
            return self.raise(event::READ_RESPONSE_TOO_LARGE);
        }
        let tree = self.trees.get(&(record.user.into(), record.tree.into()));
        if !self.has_transfer(file, Direction::ToClient) {
            if self.speaks_rpc(file, tree, data) {
                let carrier = record.carrier(command::READ_ANDX, file);
                return self.pipe_answers(now, &carrier, data, record.state());
            }
            if tree.is_some_and(|tree| tree.pipe) {
                return;
            }
        }
        let piece = Piece { file, offset, length: length.into(), data };
        self.piece(now, &piece, |state| {
            state.new_transfer1(record, command::READ_ANDX, file, Direction::ToClient)
        });
    }
}

fn write_andx<'a>(record: &Record1<'a>, parts: &Parts<'a>) -> Option<(FileId, u64, u32, &'a [u8])> {
    let words = parts.words;
    let file = record.file(words, 4)?;
    let offset = u64::from(long(words, 24).unwrap_or(0)) << 32 | u64::from(long(words, 6)?);
    let length = u32::from(short(words, 18)?) << 16 | u32::from(short(words, 20)?);
    let data = record.whole.get(usize::from(short(words, 22)?)..)?;
    Some((file, offset, length, data.get(..length as usize).unwrap_or(data)))
}

/// Operating system and program, behind `before` other texts.
fn host(record: &Record1<'_>, mut at: usize, before: usize) -> Option<Host> {
    for _ in 0..before {
        at = text(record.whole, at, record.unicode)?.1;
    }
    let (system, next) = text(record.whole, at, record.unicode)?;
    let program = text(record.whole, next, record.unicode).map(|(program, _)| program).unwrap_or_default();
    Some(Host { system, program })
}

fn connect(record: &Record1<'_>, parts: &Parts<'_>) -> Option<Kind> {
    let password = usize::from(short(parts.words, 6)?);
    let (name, next) = text(record.whole, parts.start + password, record.unicode)?;
    let (asked, _) = text(record.whole, next, false).unwrap_or_default();
    Some(Kind::Tree(Box::new(Connect { name, asked, ..Connect::default() })))
}

fn create(record: &Record1<'_>, parts: &Parts<'_>) -> Option<Kind> {
    let words = parts.words;
    let length = usize::from(short(words, 5)?);
    let options = long(words, 39)?;
    let at = if record.unicode { parts.start.next_multiple_of(2) } else { parts.start };
    let raw = record.whole.get(at..)?;
    let name = squeeze(raw.get(..length).unwrap_or(raw));
    Some(Kind::Create(Box::new(Create {
        name,
        disposition: long(words, 35)?,
        delete: options & DELETE_ON_CLOSE != 0,
        directory: options & DIRECTORY != 0,
        file: FileId { short: true, ..FileId::default() },
        ..Create::default()
    })))
}

fn rename(record: &Record1<'_>, parts: &Parts<'_>) -> Option<Kind> {
    let (from, next) = text(record.whole, parts.start + 1, record.unicode)?;
    let (to, _) = text(record.whole, next + 1, record.unicode)?;
    let file = FileId { short: true, ..FileId::default() };
    Some(Kind::Rename(Box::new(Rename { file, from, to })))
}
