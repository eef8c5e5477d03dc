//! NFS, versions 2 (RFC 1094), 3 (RFC 1813) and 4 (RFC 7530, 8881), over ONC-RPC (RFC 5531) on TCP and UDP.
//!
//! A call with its reply is one transaction; so is a file that is read or written, with all its pieces. Of the compounds
//! of version 4 those operations become transactions that change names (CREATE, REMOVE, RENAME, LINK); data that is
//! written with version 2 is not put together to files. Data sealed by RPCSEC_GSS cannot be read.
//!
//! Limits: records of 16 MiB, of which data of READ and WRITE is never held back, anything else up to 1 MiB; 1,024 open
//! transactions, 4,096 calls without a reply, 4,096 names of handles per flow; 2 MiB of pieces that wait for earlier ones.

mod compound;
mod fields;
mod file;
mod names;
mod plain;
mod rpc;
#[cfg(test)]
mod tests;
mod version4;

use model::Direction;

use crate::exchange::{finish, make_room};
use crate::session::bookkeeping;
use crate::table::Table;
use crate::{
    Data, Endpoints, Fed, Input, Log, LogWhen, Pattern, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transaction, Transactions,
};
use file::{Piece, Rest, Transfer};
use plain::Act;
use rpc::{Call, MARK, Message, Reply};

const TCP: u8 = 6;
const UDP: u8 = 17;
const TRANSACTIONS_MAX: usize = 1024;
const CALLS_MAX: usize = 4096;
const NAMES_MAX: usize = 4096;
/// Bytes of a record that is taken for one.
const RECORD_MAX: usize = 16 << 20;
/// Bytes of a record that is waited for as a whole.
const WHOLE_MAX: usize = 1 << 20;
/// Bytes of a record from which on data in it is taken before the record is there as a whole.
const PARTIAL_MIN: usize = 2048;
/// Bytes that the shortest reply takes, and those of a call that tell it apart.
const REPLY_MIN: usize = 24;
const HEAD_MIN: usize = 28;
/// The mark of a message's last fragment.
const LAST_FRAGMENT: u32 = 0x8000_0000;

const fn call_at(transport: u8, offset: usize, confirm: fn(&[u8]) -> ProbeAnswer) -> Pattern {
    Pattern {
        transport,
        direction: Direction::ToServer,
        bytes: &[0, 1, 0x86, 0xa3],
        nocase: false,
        offset,
        depth: offset + 4,
        confirm: Some(confirm),
    }
}

const fn probe(transport: u8, look: fn(&[u8], Direction, &Endpoints) -> ProbeAnswer) -> Probe {
    Probe {
        transport,
        ports: Ports::These(&[2049]),
        side: Side::Either,
        depth_min: REPLY_MIN,
        depth_max: 64,
        look,
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "nfs",
    help: "Network File System over ONC-RPC.",
    patterns: &[
        call_at(TCP, MARK + 12, |bytes| answer(bytes.get(MARK..).and_then(rpc::begins_call))),
        call_at(UDP, 12, |bytes| answer(rpc::begins_call(bytes))),
    ],
    probes: &[
        probe(TCP, |bytes, direction, _| match bytes.split_at_checked(MARK) {
            Some((mark, rest)) if mark[0] & 0x80 != 0 => either(rest, direction),
            _ => ProbeAnswer::No,
        }),
        probe(UDP, |bytes, direction, _| either(bytes, direction)),
    ],
    session: Some(|| Box::new(Nfs::default())),
    fields: fields::FIELDS,
    events: &["malformed_data", "non_existing_version", "unsupported_version", "too_many_transactions"],
    logs: &[Log { event_type: "nfs", when: LogWhen::Complete, write: fields::write, with_alert: true }],
    stream_depth: Some(0),
    accepts_gaps: true,
    records_as_packet: true,
    ..Protocol::EMPTY
};

const MALFORMED_DATA: u8 = 0;
const NON_EXISTING_VERSION: u8 = 1;
const TOO_MANY_TRANSACTIONS: u8 = 3;

fn answer(begins: Option<bool>) -> ProbeAnswer {
    match begins {
        Some(true) => ProbeAnswer::Yes,
        Some(false) => ProbeAnswer::No,
        None => ProbeAnswer::More,
    }
}

/// A call goes to the server, a reply to the client.
fn either(bytes: &[u8], direction: Direction) -> ProbeAnswer {
    let goes = |to| if direction == to { ProbeAnswer::Yes } else { ProbeAnswer::YesReversed };
    match (rpc::begins_call(bytes), rpc::begins_reply(bytes)) {
        (Some(true), _) => goes(Direction::ToServer),
        (_, Some(true)) => goes(Direction::ToClient),
        (None, _) | (_, None) => ProbeAnswer::More,
        _ => ProbeAnswer::No,
    }
}

/// A call with its reply, or a file on its way.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    xid: u32,
    version: u32,
    procedure: u32,
    name: Vec<u8>,
    handle: Vec<u8>,
    flavor: u32,
    unix: Option<rpc::Unix>,
    rpc_state: u32,
    status: u32,
    answered: bool,
    kind: Kind,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Plain,
    Rename {
        to: Vec<u8>,
    },
    File(Box<Transfer>),
}

/// What is remembered of a call until its reply comes.
#[derive(Debug, Default)]
struct Asked {
    version: u32,
    procedure: u32,
    offset: u64,
    handle: Vec<u8>,
    name: Vec<u8>,
    /// The operation of a compound that became a transaction; 0 = none did.
    operation: u32,
    /// Names that a compound walks or opens, in order.
    walked: Vec<(u32, Vec<u8>)>,
    wrapped: bool,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Nfs {
    transactions: Transactions<Exchange>,
    asked: Table<u32, Asked>,
    names: Table<Vec<u8>, Vec<u8>>,
    rest: [Rest; 2],
    lost: [bool; 2],
    last_file: u32,
}

impl Default for Nfs {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            asked: Table::new(CALLS_MAX),
            names: Table::new(NAMES_MAX),
            rest: Default::default(),
            lost: [false; 2],
            last_file: 0,
        }
    }
}

impl Session for Nfs {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        match input.data {
            Data::Gap(missing) => {
                self.gap(input.direction, missing as usize);
                Fed::Used(0)
            }
            Data::Bytes(bytes) if input.endpoints.transport == UDP => {
                self.message(input, bytes, 0);
                Fed::Used(bytes.len())
            }
            Data::Bytes(bytes) => self.stream(input, bytes),
        }
    }

    bookkeeping!(transactions);
}

impl Nfs {
    fn stream(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let place = input.direction.index();
        let mut used = self.take_rest(input.direction, bytes);
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if self.lost[place] {
                match find(rest, input.direction) {
                    Some(at) => used += at,
                    None => return Fed::Used(used + rest.len().saturating_sub(HEAD_MIN + MARK)),
                }
                self.lost[place] = false;
                continue;
            }
            let Some(mark) = rest.first_chunk().map(|mark| u32::from_be_bytes(*mark)) else {
                return Fed::Need { used, needed: MARK };
            };
            let length = (mark & !LAST_FRAGMENT) as usize;
            if length > RECORD_MAX {
                self.raise(MALFORMED_DATA);
                self.lost[place] = true;
                used += 1;
                continue;
            }
            if mark & LAST_FRAGMENT == 0 {
                match self.fragments(input, rest) {
                    Ok(length) => used += length,
                    Err(needed) => return Fed::Need { used, needed },
                }
                continue;
            }
            let whole = MARK + length;
            let there = rest.get(MARK..).unwrap_or_default();
            if let Some(content) = there.get(..length) {
                self.message(input, content, 0);
                input.asks.inspect_stream[place] = true;
                used += whole;
            } else if length >= PARTIAL_MIN && self.is_transfer(there) {
                self.message(input, there, length - there.len());
                return Fed::Used(bytes.len());
            } else if length > WHOLE_MAX {
                self.raise(MALFORMED_DATA);
                self.lost[place] = true;
                used += 1;
            } else {
                return Fed::Need { used, needed: whole };
            }
        }
        Fed::Used(used)
    }

    /// A message in several fragments: the bytes used, or the bytes needed. One that is too long is passed over.
    fn fragments(&mut self, input: &Input<'_>, bytes: &[u8]) -> Result<usize, usize> {
        let mut message = Vec::new();
        let mut at = 0;
        loop {
            let Some(mark) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
                return Err(at + MARK);
            };
            let mark = u32::from_be_bytes(*mark);
            let end = at + MARK + (mark & !LAST_FRAGMENT) as usize;
            if end > WHOLE_MAX {
                self.raise(MALFORMED_DATA);
                self.lost[input.direction.index()] = true;
                return Ok(1);
            }
            message.extend_from_slice(bytes.get(at + MARK..end).ok_or(end)?);
            at = end;
            if mark & LAST_FRAGMENT != 0 {
                self.message(input, &message, 0);
                return Ok(at);
            }
        }
    }

    /// Whether the start of a record shows where data of a file begins in it.
    fn is_transfer(&self, content: &[u8]) -> bool {
        match rpc::read(content) {
            Some(Message::Call(call)) if !call.sealed => match call.version {
                3 => {
                    plain::act(3, call.procedure) == Act::Write
                        && plain::arguments(3, Act::Write, call.arguments).is_some()
                }
                4 => version4::writes(&call),
                _ => false,
            },
            Some(Message::Reply(reply)) if reply.success => {
                let Some(asked) = self.asked.get(&reply.xid) else { return false };
                match asked.version {
                    2 | 3 => {
                        plain::act(asked.version, asked.procedure) == Act::Read
                            && plain::data(asked.version, asked.offset, reply.results).is_some()
                    }
                    _ => version4::reads(asked, reply.results),
                }
            }
            _ => false,
        }
    }

    fn message(&mut self, input: &Input<'_>, content: &[u8], missing: usize) {
        match (rpc::read(content), input.direction) {
            (Some(Message::Call(call)), Direction::ToServer) => self.call(input, &call, missing),
            (Some(Message::Reply(reply)), Direction::ToClient) => self.reply(input, &reply, missing),
            // The other way round go calls back to the client, which have a program of their own.
            (Some(_), _) => {}
            (None, _) => self.raise(MALFORMED_DATA),
        }
    }

    fn call(&mut self, input: &Input<'_>, call: &Call<'_>, missing: usize) {
        match call.version {
            2 | 3 => self.plain_call(input, call, missing),
            4 => self.compound_call(input, call, missing),
            _ => {
                let exchange = Exchange::of(call, call.procedure);
                self.open(input, exchange).core.raise(NON_EXISTING_VERSION);
                if let Some(transaction) = self.transactions.last_mut() {
                    finish(transaction);
                }
            }
        }
    }

    fn plain_call(&mut self, input: &Input<'_>, call: &Call<'_>, missing: usize) {
        let act = plain::act(call.version, call.procedure);
        let mut malformed = false;
        let arguments = match call.sealed {
            true => plain::Arguments::default(),
            false => {
                let bytes = if call.wrapped { rpc::unwrap(call.arguments) } else { call.arguments };
                plain::arguments(call.version, act, bytes).unwrap_or_else(|| {
                    malformed = true;
                    plain::Arguments::default()
                })
            }
        };
        let name = match arguments.name {
            Some(name) => name.to_vec(),
            None => self.name_of(arguments.handle),
        };
        let asked = Asked {
            version: call.version,
            procedure: call.procedure,
            offset: arguments.offset,
            handle: arguments.handle.to_vec(),
            name,
            wrapped: call.wrapped,
            ..Asked::default()
        };
        match (act, arguments.write) {
            (Act::Write, Some(write)) => self.write(input, call, arguments.handle, &write, missing),
            (Act::Commit, _) if !malformed => self.commit(arguments.handle, call.xid, Some(call.procedure)),
            (Act::Write | Act::Commit, _) => {}
            (Act::Read, _) => {
                if self.transfer(&asked.handle, Direction::ToClient).is_none() {
                    let exchange = Exchange {
                        name: asked.name.clone(),
                        handle: asked.handle.clone(),
                        kind: Kind::File(Box::default()),
                        ..Exchange::of(call, call.procedure)
                    };
                    self.open_file(input, Direction::ToClient, exchange);
                }
            }
            _ => {
                let exchange = Exchange {
                    name: asked.name.clone(),
                    // What is looked up has a handle of its own; it comes with the reply.
                    handle: if act == Act::Lookup { Vec::new() } else { asked.handle.clone() },
                    kind: arguments.to.map_or(Kind::Plain, |to| Kind::Rename { to: to.to_vec() }),
                    ..Exchange::of(call, call.procedure)
                };
                self.open(input, exchange).core.advance(Direction::ToServer, 1);
            }
        }
        if malformed {
            self.raise(MALFORMED_DATA);
        }
        self.asked.put(call.xid, asked);
    }

    fn write(
        &mut self,
        input: &Input<'_>,
        call: &Call<'_>,
        handle: &[u8],
        write: &plain::Written<'_>,
        missing: usize,
    ) {
        if self.transfer(handle, Direction::ToServer).is_none() {
            let procedure = if call.version == 4 { compound::op::WRITE } else { call.procedure };
            // Who wrote may change from piece to piece, so that none of them stands for the file.
            let exchange = Exchange {
                name: self.name_of(handle),
                handle: handle.to_vec(),
                kind: Kind::File(Box::new(Transfer::written())),
                flavor: 0,
                unix: None,
                ..Exchange::of(call, procedure)
            };
            self.open_file(input, Direction::ToServer, exchange);
        }
        let (xid, offset) = (call.xid, write.offset);
        let piece =
            Piece { handle, xid, offset, length: write.length, data: write.data, last: write.last, missing };
        self.piece(Direction::ToServer, &piece, 0);
    }

    fn reply(&mut self, input: &Input<'_>, reply: &Reply<'_>, missing: usize) {
        let Some(asked) = self.asked.take(&reply.xid) else { return };
        if asked.version == 4 {
            return self.compound_reply(input, &asked, reply, missing);
        }
        let act = plain::act(asked.version, asked.procedure);
        let results = if asked.wrapped { rpc::unwrap(reply.results) } else { reply.results };
        let results = if reply.success { results } else { &[] };
        let status = plain::status(results).unwrap_or(0);
        let mut handle = &[][..];
        match act {
            Act::Read => return self.read(&asked, reply, results, missing),
            Act::Lookup | Act::Create => {
                if let Some(new) = plain::new_handle(asked.version, act, results) {
                    self.names.put(new.to_vec(), asked.name.clone());
                    handle = new;
                }
            }
            Act::Directory => {
                let names = &mut self.names;
                let whole = plain::entries(results, |handle, name| names.put(handle.to_vec(), name.to_vec()));
                if !whole && reply.success {
                    self.raise(MALFORMED_DATA);
                }
            }
            _ => {}
        }
        self.answered(reply, status, handle);
    }

    fn read(&mut self, asked: &Asked, reply: &Reply<'_>, results: &[u8], missing: usize) {
        let Some(data) = plain::data(asked.version, asked.offset, results) else {
            if reply.success {
                self.raise(MALFORMED_DATA);
            }
            return;
        };
        let piece = Piece {
            handle: &asked.handle,
            xid: reply.xid,
            offset: asked.offset,
            length: data.length,
            data: data.data,
            last: data.last,
            missing,
        };
        self.piece(Direction::ToClient, &piece, plain::status(results).unwrap_or(0));
    }

    /// Ends the transaction of a call.
    fn answered(&mut self, reply: &Reply<'_>, status: u32, handle: &[u8]) {
        let asked =
            self.transactions.iter_mut().rev().find(|exchange| {
                exchange.body.xid == reply.xid && !matches!(exchange.body.kind, Kind::File(_))
            });
        let Some(transaction) = asked else { return };
        transaction.body.rpc_state = reply.state;
        transaction.body.status = status;
        transaction.body.answered = true;
        if transaction.body.handle.is_empty() {
            transaction.body.handle = handle.to_vec();
        }
        finish(transaction);
    }

    fn open(&mut self, input: &Input<'_>, exchange: Exchange) -> &mut Transaction<Exchange> {
        if self.transactions.is_full() {
            make_room(&mut self.transactions, TOO_MANY_TRANSACTIONS);
            // What was given up takes no more pieces.
            for open in self.transactions.iter_mut().filter(|open| open.core.progress == [1; 2]) {
                if let Kind::File(transfer) = &mut open.body.kind {
                    transfer.closed = true;
                }
            }
        }
        self.transactions.open(input.time, input.packet, exchange)
    }

    fn name_of(&self, handle: &[u8]) -> Vec<u8> {
        self.names.get(&handle.to_vec()).cloned().unwrap_or_default()
    }

    fn raise(&mut self, code: u8) {
        if let Some(newest) = self.transactions.last_mut() {
            newest.core.raise(code);
        }
    }
}

impl Exchange {
    fn of(call: &Call<'_>, procedure: u32) -> Self {
        Self {
            xid: call.xid,
            version: call.version,
            procedure,
            flavor: call.flavor,
            unix: call.unix.clone(),
            ..Self::default()
        }
    }
}

/// Where the next record begins that is a call of NFS or, to the client, a reply.
fn find(bytes: &[u8], direction: Direction) -> Option<usize> {
    bytes.windows(MARK + HEAD_MIN).position(|window| {
        let (mark, message) = window.split_at(MARK);
        let begins = match direction {
            Direction::ToServer => rpc::begins_call(message),
            Direction::ToClient => rpc::begins_reply(message),
        };
        mark[0] == 0x80 && begins == Some(true)
    })
}
