//! Connectionless calls (C706 §12.5): every datagram has a header of 80 bytes.

use model::Direction;

use super::pdu::{Order, kind};
use super::{Dcerpc, Exchange};
use crate::{Fed, Input, ProbeAnswer, Transaction};

const HEADER: usize = 80;
const LAST: u8 = 0x02;
const FRAGMENT: u8 = 0x04;
/// The highest kind that travels over UDP.
const KIND_MAX: u8 = 10;

/// The parts of a header that are used.
struct Header {
    kind: u8,
    complete: bool,
    activity: super::Identifier,
    sequence: u32,
    opnum: u16,
    length: usize,
}

fn read(bytes: &[u8]) -> Option<Header> {
    let head = bytes.first_chunk::<HEADER>()?;
    let order = Order { little: head[4] & 0x10 != 0 };
    let short = |at: usize| order.short([head[at], head[at + 1]]);
    let mut activity = [0; 16];
    activity.copy_from_slice(&head[40..56]);
    let known =
        head[0] == 4 && head[1] <= KIND_MAX && head[3] & 0xfc == 0 && head[4] & 0xee == 0 && head[5] <= 3;
    known.then(|| Header {
        kind: head[1],
        complete: head[2] & FRAGMENT == 0 || head[2] & LAST != 0,
        // Suricata takes identifiers for little-endian whatever the header says.
        activity: Order { little: true }.identifier(activity),
        sequence: order.long([head[64], head[65], head[66], head[67]]),
        opnum: short(68),
        length: usize::from(short(74)),
    })
}

pub(super) fn look(bytes: &[u8]) -> ProbeAnswer {
    if read(bytes).is_some() { ProbeAnswer::Yes } else { ProbeAnswer::No }
}

impl Dcerpc {
    pub(super) fn datagram(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if bytes.is_empty() {
            return Fed::Used(0);
        }
        let Some(header) = read(bytes) else { return Fed::Broken };
        let body = bytes.get(HEADER..).unwrap_or_default();
        let Some(stub) = body.get(..header.length) else { return Fed::Broken };
        let direction = match header.kind {
            kind::REQUEST => Direction::ToServer,
            kind::RESPONSE => Direction::ToClient,
            _ => return Fed::Used(bytes.len()),
        };
        let exchange = self.of_activity(&header, input);
        exchange.body.opnum = header.opnum;
        let half = match direction {
            Direction::ToServer => &mut exchange.body.request,
            Direction::ToClient => &mut exchange.body.response,
        };
        half.kind = Some(header.kind);
        half.add(stub);
        exchange.core.updated[direction.index()] = true;
        if header.complete {
            half.done = true;
            exchange.core.advance(direction, 1);
        }
        Fed::Used(bytes.len())
    }

    fn of_activity(&mut self, header: &Header, input: &Input<'_>) -> &mut Transaction<Exchange> {
        let key = Some((header.activity, header.sequence));
        let answer = header.kind == kind::RESPONSE;
        let found = self.transactions.iter().position(|exchange| {
            let half = if answer { &exchange.body.response } else { &exchange.body.request };
            exchange.body.activity == key && !half.done
        });
        let at = match found {
            Some(at) => at,
            None => self.open(Exchange { activity: key, ..Exchange::default() }, input),
        };
        self.transactions.get_mut(at).expect("the position was just found")
    }
}
