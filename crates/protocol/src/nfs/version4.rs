//! What compounds of version 4 do to names, files and transactions.

use model::Direction;

use super::compound::{self, Asked as Operation, Done, op};
use super::file::Piece;
use super::rpc::{self, Call, Reply};
use super::{Asked, Exchange, Kind, MALFORMED_DATA, Nfs};
use crate::Input;

/// The procedure that carries operations.
const COMPOUND: u32 = 1;
/// Names of a compound that are remembered until its reply.
const WALKED_MAX: usize = 16;

/// Whether a call's start shows where data is written.
pub(super) fn writes(call: &Call<'_>) -> bool {
    let mut found = false;
    compound::arguments(arguments(call), |operation| found |= matches!(operation, Operation::Write(_)));
    call.procedure == COMPOUND && found
}

/// Whether a reply's start shows where data is read.
pub(super) fn reads(asked: &Asked, results: &[u8]) -> bool {
    let results = if asked.wrapped { rpc::unwrap(results) } else { results };
    let mut found = false;
    compound::results(results, |done| found |= matches!(done, Done::Read(_)));
    found
}

fn arguments<'a>(call: &Call<'a>) -> &'a [u8] {
    if call.wrapped { rpc::unwrap(call.arguments) } else { call.arguments }
}

impl Nfs {
    pub(super) fn compound_call(&mut self, input: &Input<'_>, call: &Call<'_>, missing: usize) {
        let mut asked =
            Asked { version: 4, procedure: call.procedure, wrapped: call.wrapped, ..Asked::default() };
        if call.procedure == COMPOUND && !call.sealed {
            let mut operations = Vec::new();
            if compound::arguments(arguments(call), |operation| operations.push(operation)).is_none() {
                self.raise(MALFORMED_DATA);
            }
            self.operations(input, call, &operations, &mut asked, missing);
        }
        self.asked.put(call.xid, asked);
    }

    fn operations(
        &mut self,
        input: &Input<'_>,
        call: &Call<'_>,
        operations: &[Operation<'_>],
        asked: &mut Asked,
        missing: usize,
    ) {
        // The handle that the next operation works on, as long as it is known.
        let mut current: Option<&[u8]> = None;
        let mut to = None;
        for operation in operations {
            match *operation {
                Operation::Handle(handle) => current = Some(handle),
                Operation::Named { op, name } => {
                    asked.name = name.to_vec();
                    if matches!(op, op::CREATE | op::REMOVE | op::LINK) {
                        asked.operation = op;
                        asked.handle = current.unwrap_or_default().to_vec();
                    }
                    if matches!(op, op::CREATE | op::LOOKUP | op::OPEN) {
                        if asked.walked.len() < WALKED_MAX {
                            asked.walked.push((op, name.to_vec()));
                        }
                        current = None;
                    }
                }
                Operation::Rename { name, to: new } => {
                    asked.name = name.to_vec();
                    asked.operation = op::RENAME;
                    asked.handle = current.unwrap_or_default().to_vec();
                    to = Some(new.to_vec());
                }
                Operation::Read { offset } => {
                    if let Some(handle) = current {
                        asked.offset = offset;
                        asked.handle = handle.to_vec();
                        asked.name = self.name_of(handle);
                    }
                }
                Operation::Write(write) => {
                    if let Some(handle) = current {
                        self.write(input, call, handle, &write, missing);
                    }
                }
                Operation::Other(op::COMMIT | op::CLOSE) => {
                    if let Some(handle) = current {
                        self.commit(handle, call.xid, None);
                    }
                }
                Operation::Other(op::PUTROOTFH) => current = None,
                Operation::Other(_) => {}
            }
        }
        if asked.operation != 0 {
            let exchange = Exchange {
                name: asked.name.clone(),
                handle: asked.handle.clone(),
                kind: to.map_or(Kind::Plain, |to| Kind::Rename { to }),
                ..Exchange::of(call, asked.operation)
            };
            self.open(input, exchange).core.advance(Direction::ToServer, 1);
        }
    }

    pub(super) fn compound_reply(
        &mut self,
        input: &Input<'_>,
        asked: &Asked,
        reply: &Reply<'_>,
        missing: usize,
    ) {
        let mut status = 0;
        if reply.success && asked.procedure == COMPOUND {
            let results = if asked.wrapped { rpc::unwrap(reply.results) } else { reply.results };
            let mut done = Vec::new();
            match compound::results(results, |result| done.push(result)) {
                Some(state) => status = state,
                None => self.raise(MALFORMED_DATA),
            }
            status = self.results(input, asked, reply, &done, missing).unwrap_or(status);
        }
        if asked.operation != 0 {
            self.answered(reply, status, &[]);
        }
    }

    /// The state of the operation that became a transaction, when it was come to.
    fn results(
        &mut self,
        input: &Input<'_>,
        asked: &Asked,
        reply: &Reply<'_>,
        done: &[Done<'_>],
        missing: usize,
    ) -> Option<u32> {
        let mut walked = asked.walked.iter();
        let mut name = None;
        let mut status = None;
        for result in done {
            match *result {
                Done::Handle(handle) => {
                    if let Some(name) = name.filter(|name: &&Vec<u8>| !name.is_empty()) {
                        self.names.put(handle.to_vec(), name.clone());
                    }
                }
                Done::Read(data) => {
                    if !asked.handle.is_empty() {
                        self.open_read(input, asked, reply);
                        let piece = Piece {
                            handle: &asked.handle,
                            xid: reply.xid,
                            offset: asked.offset,
                            length: data.length,
                            data: data.data,
                            last: data.last,
                            missing,
                        };
                        self.piece(Direction::ToClient, &piece, 0);
                    }
                }
                Done::Other(operation, state) => {
                    if matches!(operation, op::CREATE | op::LOOKUP | op::OPEN) {
                        name = walked.next().filter(|(op, _)| *op == operation).map(|(_, name)| name);
                    }
                    if matches!(operation, op::PUTFH | op::PUTROOTFH) {
                        name = None;
                    }
                    if operation == asked.operation {
                        status = Some(state);
                    }
                }
            }
        }
        status
    }

    fn open_read(&mut self, input: &Input<'_>, asked: &Asked, reply: &Reply<'_>) {
        if self.transfer(&asked.handle, Direction::ToClient).is_some() {
            return;
        }
        let exchange = Exchange {
            xid: reply.xid,
            version: 4,
            procedure: op::READ,
            name: asked.name.clone(),
            handle: asked.handle.clone(),
            kind: Kind::File(Box::default()),
            ..Exchange::default()
        };
        self.open_file(input, Direction::ToClient, exchange);
    }
}
