//! DCE/RPC over named pipes: what is written to a pipe asks, what is read from it answers.

use model::Direction;

use super::state::{Call, Exchange, FileId, Kind, Now, Pipe, Smb, Status, asked, event};
use crate::dcerpc::pdu::{self, HEADER, Header, kind};

/// Bytes of one direction of a pipe that wait for the rest of their PDU: the longest PDU, and a bit.
const WAITING_MAX: usize = 128 * 1024;
/// Interfaces of a pipe.
const INTERFACES_MAX: usize = 256;

/// Pipes over which nothing but DCE/RPC is spoken.
const SERVICES: &[&str] = &[
    "atsvc",
    "browser",
    "efsrpc",
    "epmapper",
    "eventlog",
    "initshutdown",
    "lsarpc",
    "lsass",
    "netdfs",
    "netlogon",
    "ntsvcs",
    "protected_storage",
    "samr",
    "spoolss",
    "srvsvc",
    "svcctl",
    "winreg",
    "wkssvc",
];

/// Where a PDU travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier {
    pub(super) version: u8,
    pub(super) command: u16,
    pub(super) session: u64,
    pub(super) tree: u32,
    pub(super) message: u64,
    pub(super) file: FileId,
}

impl Smb {
    /// Whether DCE/RPC is spoken on this file: by its name, by what was said before, or by how `data` looks.
    pub(super) fn speaks_rpc(&self, file: FileId, share: Option<&super::state::Tree>, data: &[u8]) -> bool {
        if share.is_some_and(|tree| !tree.pipe) {
            return false;
        }
        if self.pipes.get(&file).is_some() {
            return true;
        }
        let name = self.names.get(&file).map(|name| name.to_ascii_lowercase());
        let known = name.is_some_and(|name| {
            let name = name.strip_prefix(b"\\").unwrap_or(&name);
            SERVICES.iter().any(|service| service.as_bytes() == name)
        });
        let looks = Header::plausible(data).is_some_and(|header| header.minor == 0);
        looks && (share.is_some() || known || data.len() >= HEADER)
    }

    /// Bytes written to a pipe.
    pub(super) fn pipe_asks(&mut self, now: &Now<'_>, carrier: &Carrier, data: &[u8]) {
        for unit in self.units(carrier.file, Direction::ToServer, data) {
            if let Some(header) = Header::read(&unit) {
                self.question(now, carrier, &header, unit.get(HEADER..).unwrap_or_default());
            }
        }
    }

    /// Bytes read from a pipe.
    pub(super) fn pipe_answers(&mut self, now: &Now<'_>, carrier: &Carrier, data: &[u8], status: Status) {
        for unit in self.units(carrier.file, Direction::ToClient, data) {
            if let Some(header) = Header::read(&unit) {
                self.answer(now, carrier, &header, unit.get(HEADER..).unwrap_or_default(), status);
            }
        }
    }

    /// The PDUs that are whole now.
    fn units(&mut self, file: FileId, direction: Direction, data: &[u8]) -> Vec<Vec<u8>> {
        if self.pipes.get(&file).is_none() {
            self.pipes.put(file, Pipe::default());
        }
        let Some(pipe) = self.pipes.get_mut(&file) else { return Vec::new() };
        let waiting = &mut pipe.waiting[direction.index()];
        let room = WAITING_MAX.saturating_sub(waiting.len()).min(data.len());
        waiting.extend_from_slice(&data[..room]);
        let mut units = Vec::new();
        let mut used = 0;
        while let Some(rest) = waiting.get(used..).filter(|rest| rest.len() >= HEADER) {
            let Some(header) = Header::read(rest).filter(|header| header.length >= HEADER) else {
                used = waiting.len();
                break;
            };
            let Some(unit) = rest.get(..header.length) else { break };
            units.push(unit.to_vec());
            used += header.length;
        }
        waiting.drain(..used);
        units
    }

    fn question(&mut self, now: &Now<'_>, carrier: &Carrier, header: &Header, body: &[u8]) {
        let request = match header.kind {
            kind::REQUEST => pdu::request(header, body),
            _ => None,
        };
        if !header.first
            && let Some(request) = request
            && let Some(exchange) = self.find(|exchange| {
                matches!(&exchange.kind, Kind::Call(call)
                    if call.file == carrier.file && call.call == header.call && call.answered.is_none())
            })
        {
            if let Kind::Call(call) = &mut exchange.body.kind {
                call.add(Direction::ToServer, request.stub);
            }
            exchange.core.updated[Direction::ToServer.index()] = true;
            if header.last {
                asked(exchange);
            }
            return;
        }
        let mut call =
            Call { file: carrier.file, call: header.call, asked: Some(header.kind), ..Call::default() };
        let mut complete = true;
        match header.kind {
            kind::REQUEST => {
                let Some(request) = request else { return };
                (call.context, call.opnum) = (request.context, request.opnum);
                call.add(Direction::ToServer, request.stub);
                complete = header.last;
            }
            kind::BIND | kind::ALTER => call.bound = pdu::bound(header, body).unwrap_or_default(),
            _ => {}
        }
        let malformed = header.kind > kind::MAX;
        let exchange = self.open_call(now, carrier, call);
        exchange.core.little_endian = header.little;
        if malformed {
            exchange.core.raise(event::MALFORMED_DATA);
        }
        if complete {
            asked(exchange);
        }
    }

    fn open_call(
        &mut self,
        now: &Now<'_>,
        carrier: &Carrier,
        call: Call,
    ) -> &mut crate::Transaction<Exchange> {
        self.open(
            now,
            Exchange {
                version: carrier.version,
                command: carrier.command,
                session: carrier.session,
                tree: carrier.tree,
                message: carrier.message,
                kind: Kind::Call(Box::new(call)),
                ..Exchange::default()
            },
        )
    }

    fn answer(&mut self, now: &Now<'_>, carrier: &Carrier, header: &Header, body: &[u8], status: Status) {
        let waits = |exchange: &Exchange| matches!(&exchange.kind, Kind::Call(call) if call.file == carrier.file && call.call == header.call);
        if self.find(waits).is_none() {
            let call = Call { file: carrier.file, call: header.call, ..Call::default() };
            asked(self.open_call(now, carrier, call));
        }
        let Some(exchange) = self.find(waits) else { return };
        let Kind::Call(call) = &mut exchange.body.kind else { return };
        call.answered = Some(header.kind);
        let mut agreed = Vec::new();
        let mut complete = true;
        match header.kind {
            kind::RESPONSE => {
                call.add(Direction::ToClient, pdu::response(body).unwrap_or_default());
                complete = header.last;
            }
            kind::BIND_ACK | kind::ALTER_RESPONSE => {
                let answers = pdu::answers(header, body).unwrap_or_default();
                for (interface, result) in call.bound.iter_mut().zip(answers) {
                    (interface.answered, interface.result) = (true, result);
                }
                agreed = call.bound.iter().filter(|interface| interface.accepted()).cloned().collect();
            }
            _ => {}
        }
        exchange.body.status = Some(status);
        exchange.core.updated[Direction::ToClient.index()] = true;
        if header.kind > kind::MAX {
            exchange.core.raise(event::MALFORMED_DATA);
        }
        if complete {
            exchange.core.advance(Direction::ToClient, 1);
        }
        if let Some(pipe) = self.pipes.get_mut(&carrier.file) {
            for interface in agreed {
                pipe.interfaces.retain(|known| known.context != interface.context);
                if pipe.interfaces.len() < INTERFACES_MAX {
                    pipe.interfaces.push(interface);
                }
            }
        }
    }
}
