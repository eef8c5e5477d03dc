//! WebSocket (RFC 6455) with compression (RFC 7692), after HTTP has handed the flow over: each message is a transaction.
//!
//! Limits: 64 KiB of a message's payload are kept, as much of what it inflates to; 256 open transactions.

mod fields;
#[cfg(test)]
mod tests;

use flate2::{Decompress, FlushDecompress};
use json::Json;
use model::Direction;

use crate::session::bookkeeping;
use crate::{Data, Fed, Frame, Input, Log, LogWhen, Protocol, Scope, Session, Transactions};

const PAYLOAD_BYTES_MAX: usize = 0xffff;
const TRANSACTIONS_MAX: usize = 256;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "websocket",
    help: "WebSocket, on top of HTTP.",
    session: Some(|| Box::new(WebSocket::default())),
    fields: fields::FIELDS,
    events: &["skip_end_of_payload", "reassembly_limit_reached"],
    logs: &[Log { event_type: "websocket", when: LogWhen::Complete, write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

const SKIP_END_OF_PAYLOAD: u8 = 0;
const REASSEMBLY_LIMIT_REACHED: u8 = 1;

/// A message: a frame, or the frames it was cut into.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    fin: bool,
    compressed: bool,
    /// The first byte without the opcode: FIN, RSV1 to RSV3.
    flags: u8,
    opcode: u8,
    mask: Option<u32>,
    payload: Vec<u8>,
}

/// One direction of a flow.
#[derive(Debug, Default)]
struct Side {
    /// Bytes of a payload that are read over.
    skip: u64,
    /// A message whose frames are still coming.
    begun: Option<Message>,
    inflate: Option<Box<Decompress>>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct WebSocket {
    transactions: Transactions<Message>,
    sides: [Side; 2],
}

impl Default for WebSocket {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX), sides: Default::default() }
    }
}

impl Session for WebSocket {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        let place = input.direction.index();
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let skip = self.sides[place].skip.min(rest.len() as u64);
            if skip > 0 {
                self.sides[place].skip -= skip;
                used += skip as usize;
                continue;
            }
            let Some(head) = Head::read(rest) else { return Fed::Need { used, needed: rest.len() + 1 } };
            let kept = head.payload_len.min(PAYLOAD_BYTES_MAX as u64) as usize;
            let Some(payload) = rest.get(head.len..head.len + kept) else {
                return Fed::Need { used, needed: head.len + kept };
            };
            let tx = self.frame(input, &head, payload);
            push_frames(input, used, &head, tx);
            self.sides[place].skip = head.payload_len - kept as u64;
            used += head.len + kept;
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

impl WebSocket {
    /// Takes a frame; the number of the transaction when it completes a message.
    fn frame(&mut self, input: &Input<'_>, head: &Head, payload: &[u8]) -> Option<u64> {
        let mut message = head.message();
        message.payload = payload.to_vec();
        if let Some(mask) = head.mask {
            for (byte, key) in message.payload.iter_mut().zip(mask.to_be_bytes().into_iter().cycle()) {
                *byte ^= key;
            }
        }
        let side = &mut self.sides[input.direction.index()];
        let mut full = false;
        // RFC 6455 §5.4: control frames may stand between the frames of a message.
        if message.opcode < 8 {
            if message.opcode == 0
                && let Some(mut begun) = side.begun.take()
            {
                let room = PAYLOAD_BYTES_MAX.saturating_sub(begun.payload.len());
                full = room < message.payload.len();
                begun.payload.extend(message.payload.into_iter().take(room));
                begun.fin = head.fin();
                begun.flags |= head.first & 0x80;
                message = begun;
            }
            if !head.fin() {
                side.begun = Some(message);
                return None;
            }
            if message.compressed {
                inflate(&mut side.inflate, &mut message.payload);
            }
        }
        if self.transactions.is_full() {
            return None;
        }
        let core = &mut self.transactions.open(input.time, input.packet, message).core;
        core.only = Some(input.direction);
        core.advance(Direction::ToServer, 1);
        core.advance(Direction::ToClient, 1);
        if head.payload_len > PAYLOAD_BYTES_MAX as u64 {
            core.raise(SKIP_END_OF_PAYLOAD);
        }
        if full {
            core.raise(REASSEMBLY_LIMIT_REACHED);
        }
        Some(core.id)
    }
}

/// RFC 7692 §7.2.2: the four bytes that the sender left off are put back; the window goes on from message to message.
fn inflate(state: &mut Option<Box<Decompress>>, payload: &mut Vec<u8>) {
    let inflater = state.get_or_insert_with(|| Box::new(Decompress::new(false)));
    let packed = [payload.as_slice(), &[0, 0, 0xff, 0xff]].concat();
    let mut plain = Vec::with_capacity(PAYLOAD_BYTES_MAX);
    match inflater.decompress_vec(&packed, &mut plain, FlushDecompress::Sync) {
        Ok(_) => {
            // Rules see what the peer sees.
            plain.shrink_to_fit();
            *payload = plain;
        }
        Err(_) => *state = None,
    }
}

/// The head of a frame (RFC 6455 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    first: u8,
    mask: Option<u32>,
    len: usize,
    payload_len: u64,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Head> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (payload_len, extra) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let masked = second & 0x80 != 0;
        let mask = match masked {
            true => Some(u32::from_be_bytes(*rest.get(extra..)?.first_chunk()?)),
            false => None,
        };
        Some(Head { first, mask, len: 2 + extra + if masked { 4 } else { 0 }, payload_len })
    }

    fn fin(&self) -> bool {
        self.first & 0x80 != 0
    }

    fn message(&self) -> Message {
        Message {
            fin: self.fin(),
            compressed: self.first & 0x40 != 0,
            flags: self.first & 0xf0,
            opcode: self.first & 0x0f,
            mask: self.mask,
            payload: Vec::new(),
        }
    }
}

fn push_frames(input: &mut Input<'_>, start: usize, head: &Head, tx: Option<u64>) {
    let whole = (head.len as u64).saturating_add(head.payload_len);
    let parts = [("pdu", 0, whole), ("header", 0, head.len as u64), ("data", head.len, head.payload_len)];
    for (kind, offset, len) in parts {
        input.asks.frames.push(Frame {
            kind,
            direction: input.direction,
            offset: (start + offset) as i64,
            len: Some(len),
            tx,
        });
    }
}

fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = scope.tx::<Message>();
    json.object("websocket").boolean("fin", message.fin);
    if let Some(mask) = message.mask {
        json.number("mask", mask);
    }
    match fields::OPCODES.iter().find(|(_, code)| *code == u64::from(message.opcode)) {
        Some((name, _)) => json.text("opcode", name),
        None => json.display("opcode", format_args!("unknown-{}", message.opcode)),
    };
    json.end();
    true
}
