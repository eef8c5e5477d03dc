//! TFTP (RFC 1350): the request is the transaction; the transfer itself uses ports of its own.
//!
//! Limits: file names of 255 bytes, 64 open transactions.

#[cfg(test)]
mod tests;

use json::Json;
use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Fed, Field, FieldKind, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Scope, Session, Side,
    Sides, Transactions,
};

const MESSAGE_BYTES_MIN: usize = 4;
const NAME_BYTES_MAX: usize = 255;
const TRANSACTIONS_MAX: usize = 64;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "tftp",
    help: "Trivial File Transfer Protocol.",
    probes: &[Probe {
        transport: 17,
        ports: Ports::These(&[69]),
        side: Side::Server,
        depth_min: MESSAGE_BYTES_MIN,
        depth_max: MESSAGE_BYTES_MIN,
        look: |bytes, _, _| match bytes {
            [0, 1..=6, ..] => ProbeAnswer::Yes,
            _ => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Tftp::default())),
    fields: &[Field {
        name: "tftp.file",
        help: "Name of the file asked for.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| Some(&scope.tx::<Request>().file)),
        fact: true,
        ..Field::EMPTY
    }],
    logs: &[Log { event_type: "tftp", when: LogWhen::Complete, write, with_alert: true }],
    ..Protocol::EMPTY
};

/// A request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    write: bool,
    file: Vec<u8>,
    /// In lower case.
    mode: Vec<u8>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Tftp {
    transactions: Transactions<Request>,
}

impl Default for Tftp {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

impl Session for Tftp {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if input.direction == Direction::ToServer
            && let Some(request) = read(bytes)
            && !self.transactions.is_full()
        {
            let core = &mut self.transactions.open(input.time, input.packet, request).core;
            core.advance(Direction::ToServer, 1);
            core.advance(Direction::ToClient, 1);
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}

/// `opcode | file | 0 | mode | 0` (RFC 1350 §5); options behind it are not looked at.
fn read(bytes: &[u8]) -> Option<Request> {
    let (&[high, low], rest) = bytes.split_first_chunk()?;
    let write = match u16::from_be_bytes([high, low]) {
        1 => false,
        2 => true,
        _ => return None,
    };
    let mut texts = rest.split(|&byte| byte == 0);
    let (file, mode) = (texts.next()?, texts.next()?.to_ascii_lowercase());
    let known = [b"netascii".as_slice(), b"mail", b"octet"].contains(&mode.as_slice());
    (known && file.len() <= NAME_BYTES_MAX).then(|| Request { write, file: file.to_vec(), mode })
}

fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let request = scope.tx::<Request>();
    json.object("tftp").text("packet", if request.write { "write" } else { "read" });
    json.bytes_text("file", &request.file).bytes_text("mode", &request.mode).end();
    true
}
