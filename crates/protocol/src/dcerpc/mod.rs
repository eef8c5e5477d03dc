//! DCE/RPC (C706, MS-RPCE): remote procedure calls over TCP (version 5) and UDP (version 4). Over SMB pipes they are part of SMB.
//!
//! A transaction is a binding, a change of context or a call, with its answer; fragments are put together.
//! Limits: 1024 open transactions, 1 MiB of stub data per direction, 256 interfaces of a connection. After a gap the next
//! header is looked for.

pub(crate) mod condition;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod pdu;
#[cfg(test)]
mod tests;
mod udp;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Data, Fed, Field, FieldKind, Input, Log, LogWhen, Pattern, ProbeAnswer, Protocol, Session, Transaction,
    Transactions,
};
use condition::Call;
use pdu::{HEADER, Header, INTERFACES_MAX, Identifier, Interface, kind};

const TRANSACTIONS_MAX: usize = 1024;
/// Stub data kept per direction of a call.
const STUB_MAX: usize = 1024 * 1024;

const TCP: u8 = 6;
const UDP: u8 = 17;

const fn pattern(direction: Direction) -> Pattern {
    Pattern {
        transport: TCP,
        direction,
        bytes: &[5, 0],
        nocase: false,
        offset: 0,
        depth: 2,
        confirm: Some(match direction {
            Direction::ToServer => |bytes| look(bytes, true),
            Direction::ToClient => |bytes| look(bytes, false),
        }),
    }
}

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dcerpc",
    help: "DCE/RPC, the remote procedure calls of Windows.",
    patterns: &[
        pattern(Direction::ToServer),
        pattern(Direction::ToClient),
        Pattern {
            transport: UDP,
            direction: Direction::ToServer,
            bytes: &[4, 0],
            nocase: false,
            offset: 0,
            depth: 2,
            confirm: Some(udp::look),
        },
    ],
    session: Some(|| Box::new(Dcerpc::default())),
    fields: FIELDS,
    logs: &[Log { event_type: "dcerpc", when: LogWhen::Complete, write: log::write, with_alert: true }],
    accepts_gaps: true,
    ..Protocol::EMPTY
};

const FIELDS: &[Field] = &[
    Field {
        name: "dcerpc.iface",
        aliases: &["dce_iface"],
        help: "The interface that is called: its identifier, perhaps a version, perhaps `any_frag`.",
        kind: FieldKind::Custom(|text| {
            condition::iface(text, |scope| Some(scope.tx::<Exchange>().call(scope.state())))
        }),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.opnum",
        aliases: &["dce_opnum"],
        help: "The operation that is called: numbers and ranges.",
        kind: FieldKind::Custom(|text| {
            condition::opnum(text, |scope| Some(scope.tx::<Exchange>().call(scope.state())))
        }),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.stub_data",
        aliases: &["dce_stub_data"],
        help: "Arguments or results of the call.",
        kind: FieldKind::Bytes(|scope, _| {
            let exchange = scope.tx::<Exchange>();
            let side = match scope.direction {
                Direction::ToServer => &exchange.request,
                Direction::ToClient => &exchange.response,
            };
            (!side.stub.is_empty()).then_some(&*side.stub)
        }),
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.interface",
        help: "The called interface in words: service and identifier.",
        sides: crate::Sides::ToServer,
        kind: FieldKind::Bytes(|scope, space| {
            let call = scope.tx::<Exchange>().call(scope.state());
            (call.opnum.is_some() && condition::describe(&call, space)).then_some(&*space)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "dcerpc.operation",
        help: "The called operation as a number.",
        sides: crate::Sides::ToServer,
        kind: FieldKind::Number {
            bits: 16,
            names: &[],
            get: |scope| scope.tx::<Exchange>().call(scope.state()).opnum.map(u64::from),
        },
        fact: true,
        ..Field::EMPTY
    },
];

fn look(bytes: &[u8], to_server: bool) -> ProbeAnswer {
    if bytes.len() < HEADER {
        return ProbeAnswer::More;
    }
    match Header::plausible(bytes) {
        Some(header) if header.is_from_client() == to_server => ProbeAnswer::Yes,
        Some(_) => ProbeAnswer::YesReversed,
        None => ProbeAnswer::No,
    }
}

/// One direction of an exchange.
#[derive(Debug, Default)]
struct Half {
    kind: Option<u8>,
    done: bool,
    fragments: u16,
    stub: Vec<u8>,
}

impl Half {
    fn add(&mut self, stub: &[u8]) {
        let room = STUB_MAX.saturating_sub(self.stub.len()).min(stub.len());
        self.stub.extend_from_slice(&stub[..room]);
        self.fragments = self.fragments.saturating_add(1);
    }
}

/// A binding or a call, with its answer.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    call: u32,
    context: u16,
    opnum: u16,
    request: Half,
    response: Half,
    /// What a binding offers.
    bound: Vec<Interface>,
    /// Over UDP: identifier and number of the call.
    activity: Option<(Identifier, u32)>,
}

impl Exchange {
    fn call<'a>(&self, state: &'a Dcerpc) -> Call<'a> {
        let asked = self.request.kind == Some(kind::REQUEST);
        Call {
            interfaces: if asked || self.response.kind == Some(kind::RESPONSE) {
                &state.interfaces
            } else {
                &[]
            },
            context: self.context,
            opnum: asked.then_some(self.opnum),
            first_fragment: true,
        }
    }
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Dcerpc {
    transactions: Transactions<Exchange>,
    /// Interfaces that were agreed upon.
    interfaces: Vec<Interface>,
    minor: u8,
    /// A gap was seen, and no header after it.
    lost: [bool; 2],
    /// Something of this direction was never seen.
    holes: [bool; 2],
}

impl Default for Dcerpc {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            interfaces: Vec::new(),
            minor: 0,
            lost: [false; 2],
            holes: [false; 2],
        }
    }
}

impl Session for Dcerpc {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        if input.endpoints.transport != TCP {
            return self.datagram(input);
        }
        match input.data {
            Data::Gap(_) => {
                self.lost[input.direction.index()] = true;
                self.give_up(input.direction);
                Fed::Used(0)
            }
            Data::Bytes(bytes) => {
                let fed = self.stream(input, bytes);
                if input.end {
                    self.give_up(input.direction);
                }
                fed
            }
        }
    }

    bookkeeping!(transactions);
}

impl Dcerpc {
    fn stream(&mut self, input: &mut Input<'_>, bytes: &[u8]) -> Fed {
        let place = input.direction.index();
        let mut used = 0;
        if self.lost[place] {
            let found = bytes.windows(HEADER).position(|window| Header::plausible(window).is_some());
            let Some(at) = found else { return Fed::Used(bytes.len().saturating_sub(HEADER - 1)) };
            self.lost[place] = false;
            used = at;
        }
        while let Some(rest) = bytes.get(used..).filter(|rest| rest.len() >= HEADER) {
            let Some(header) = Header::read(rest).filter(|header| header.length >= HEADER) else {
                return Fed::Broken;
            };
            let Some(pdu) = rest.get(..header.length) else {
                return Fed::Need { used, needed: header.length };
            };
            self.minor = header.minor;
            self.pdu(&header, pdu, input);
            used += header.length;
        }
        if used == bytes.len() { Fed::Used(used) } else { Fed::Need { used, needed: HEADER } }
    }

    fn pdu(&mut self, header: &Header, pdu: &[u8], input: &mut Input<'_>) {
        let body = pdu.get(HEADER..).unwrap_or_default();
        match header.kind {
            kind::BIND | kind::ALTER => {
                let bound = pdu::bound(header, body).unwrap_or_default();
                let exchange = self.asked(header, input);
                exchange.core.little_endian = header.little;
                exchange.body.bound = bound;
                exchange.body.request.fragments = 1;
                exchange.body.request.done = true;
                exchange.core.advance(Direction::ToServer, 1);
                input.asks.inspect_stream[Direction::ToServer.index()] = true;
            }
            kind::BIND_ACK | kind::ALTER_RESPONSE => {
                let answers = pdu::answers(header, body).unwrap_or_default();
                let exchange = self.answered(header, input);
                exchange.body.response.fragments = 1;
                exchange.body.response.done = true;
                exchange.core.advance(Direction::ToClient, 1);
                for (interface, result) in exchange.body.bound.iter_mut().zip(answers) {
                    (interface.answered, interface.result) = (true, result);
                }
                let agreed: Vec<Interface> =
                    exchange.body.bound.iter().filter(|interface| interface.accepted()).cloned().collect();
                self.agree(agreed);
                input.asks.inspect_stream[Direction::ToClient.index()] = true;
            }
            kind::REQUEST => self.request(header, body, input),
            kind::RESPONSE => self.response(header, body, input),
            kind::FAULT | kind::BIND_NAK => {
                let exchange = self.answered(header, input);
                exchange.body.response.done = true;
                exchange.core.advance(Direction::ToClient, 1);
            }
            _ => {}
        }
    }

    /// A context that is bound again replaces the old one.
    fn agree(&mut self, agreed: Vec<Interface>) {
        for interface in agreed {
            self.interfaces.retain(|known| known.context != interface.context);
            if self.interfaces.len() < INTERFACES_MAX {
                self.interfaces.push(interface);
            }
        }
    }

    fn request(&mut self, header: &Header, body: &[u8], input: &mut Input<'_>) {
        let Some(request) = pdu::request(header, body) else { return };
        let exchange = self.asked(header, input);
        exchange.core.little_endian = header.little;
        exchange.body.opnum = request.opnum;
        exchange.body.context = request.context;
        exchange.body.request.add(request.stub);
        exchange.core.updated[Direction::ToServer.index()] = true;
        if header.last {
            exchange.body.request.done = true;
            exchange.core.advance(Direction::ToServer, 1);
            input.asks.inspect_stream[Direction::ToServer.index()] = true;
        }
    }

    fn response(&mut self, header: &Header, body: &[u8], input: &mut Input<'_>) {
        let exchange = self.answered(header, input);
        // Allocation hint and context count as stub data of an answer: so does Suricata.
        exchange.body.response.add(body);
        exchange.core.updated[Direction::ToClient.index()] = true;
        if header.last {
            exchange.body.response.done = true;
            exchange.core.advance(Direction::ToClient, 1);
            input.asks.inspect_stream[Direction::ToClient.index()] = true;
        }
    }

    /// The exchange that a request belongs to: one that is still being asked, or a new one.
    fn asked(&mut self, header: &Header, input: &Input<'_>) -> &mut Transaction<Exchange> {
        let found = self.transactions.iter().position(|exchange| {
            let request = &exchange.body.request;
            exchange.body.call == header.call && request.kind == Some(header.kind) && !request.done
        });
        let at = match found {
            Some(at) => at,
            None => self.open(Exchange { call: header.call, ..Exchange::default() }, input),
        };
        let exchange = self.transactions.get_mut(at).expect("the position was just found");
        exchange.body.request.kind = Some(header.kind);
        exchange
    }

    /// The exchange that an answer belongs to; one without a request when that was not seen.
    fn answered(&mut self, header: &Header, input: &Input<'_>) -> &mut Transaction<Exchange> {
        let found = self
            .transactions
            .iter()
            .position(|exchange| exchange.body.call == header.call && !exchange.body.response.done);
        let at = match found {
            Some(at) => at,
            None => {
                let at = self.open(Exchange { call: header.call, ..Exchange::default() }, input);
                if self.holes[Direction::ToServer.index()] {
                    let core = &mut self.transactions.get_mut(at).expect("one was just opened").core;
                    core.advance(Direction::ToServer, 1);
                }
                at
            }
        };
        let exchange = self.transactions.get_mut(at).expect("the position was just found");
        exchange.body.response.kind = Some(header.kind);
        exchange
    }

    /// Opens an exchange, and answers its position. When there are too many, the oldest is given up.
    fn open(&mut self, exchange: Exchange, input: &Input<'_>) -> usize {
        if self.transactions.is_full()
            && let Some(oldest) = self.transactions.unfinished().next()
        {
            oldest.core.advance(Direction::ToServer, 1);
            oldest.core.advance(Direction::ToClient, 1);
        }
        self.transactions.open(input.time, input.packet, exchange);
        self.transactions.len() - 1
    }

    /// Bytes are missing: what was under way in this direction will not be seen to its end.
    fn give_up(&mut self, direction: Direction) {
        self.holes[direction.index()] = true;
        for exchange in self.transactions.iter_mut() {
            exchange.core.advance(direction, 1);
        }
    }
}
