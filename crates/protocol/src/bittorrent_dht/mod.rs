//! The distributed hash table of BitTorrent (BEP 5, BEP 32): each datagram is a transaction of its own.
//!
//! Limits: 64 open transactions; 8 levels and 512 items per container, so at most as many nodes and peers.

mod bencode;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use json::Json;
use model::Direction;

use crate::session::bookkeeping;
use crate::wire::Wire;
use crate::{Fed, Field, FieldKind, Input, Log, LogWhen, Pattern, Protocol, Scope, Session, Transactions};
use bencode::Value;

const TRANSACTIONS_MAX: usize = 64;
/// Nodes and peers kept of one message.
const PEERS_MAX: usize = 512;
const STARTS: [&[u8]; 4] = [b"d1:ad2:id20:", b"d1:rd2:id20:", b"d2:ip", b"d1:el"];

const fn patterns() -> [Pattern; 8] {
    let first = Pattern {
        transport: 17,
        direction: Direction::ToServer,
        bytes: STARTS[0],
        nocase: false,
        offset: 0,
        depth: STARTS[0].len(),
        confirm: None,
    };
    let mut all = [first; 8];
    let mut place = 0;
    while place < 4 {
        let bytes = STARTS[place];
        all[place] = Pattern { bytes, depth: bytes.len(), ..first };
        all[place + 4] = Pattern { bytes, depth: bytes.len(), direction: Direction::ToClient, ..first };
        place += 1;
    }
    all
}

static PATTERNS: [Pattern; 8] = patterns();

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "bittorrent-dht",
    help: "Distributed hash table of BitTorrent.",
    patterns: &PATTERNS,
    session: Some(|| Box::new(Dht::default())),
    fields: &[
        Field {
            name: "bittorrent_dht.request_type",
            help: "What is asked: ping, find_node, get_peers, announce_peer.",
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Message>().kind.as_deref()),
            fact: true,
            ..Field::EMPTY
        },
        Field {
            name: "bittorrent_dht.info_hash",
            help: "Hash of the torrent that is asked for.",
            kind: FieldKind::Bytes(|scope, _| scope.tx::<Message>().request.as_ref()?.info_hash.as_deref()),
            fact: true,
            ..Field::EMPTY
        },
    ],
    events: &["malformed_packet"],
    logs: &[Log { event_type: "bittorrent_dht", when: LogWhen::Complete, write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

const MALFORMED_PACKET: u8 = 0;

/// One datagram.
#[derive(Debug, Default)]
pub(crate) struct Message {
    transaction: Vec<u8>,
    version: Option<Vec<u8>>,
    kind: Option<Vec<u8>>,
    request: Option<Request>,
    response: Option<Response>,
    error: Option<(u16, Vec<u8>)>,
}

#[derive(Debug, Default)]
struct Request {
    id: Vec<u8>,
    target: Option<Vec<u8>>,
    info_hash: Option<Vec<u8>>,
    token: Option<Vec<u8>>,
    implied_port: Option<u8>,
    port: Option<u16>,
}

#[derive(Debug, Default)]
struct Response {
    id: Vec<u8>,
    nodes: [Vec<(Vec<u8>, IpAddr, u16)>; 2],
    values: Vec<(IpAddr, u16)>,
    token: Option<Vec<u8>>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Dht {
    transactions: Transactions<Message>,
}

impl Default for Dht {
    fn default() -> Self {
        Self { transactions: Transactions::new(TRANSACTIONS_MAX) }
    }
}

impl Session for Dht {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let bytes = input.data.bytes();
        if !bytes.is_empty() && !self.transactions.is_full() {
            let mut message = Message::default();
            let fine = fill(&mut message, bytes).is_some();
            let core = &mut self.transactions.open(input.time, input.packet, message).core;
            core.only = Some(input.direction);
            core.advance(Direction::ToServer, 1);
            core.advance(Direction::ToClient, 1);
            if !fine {
                core.raise(MALFORMED_PACKET);
            }
        }
        Fed::Used(bytes.len())
    }

    bookkeeping!(transactions);
}

/// Reads a datagram; `None`: something that must be there is not, what was read before stays.
fn fill(message: &mut Message, bytes: &[u8]) -> Option<()> {
    let whole = bencode::read(bytes)?;
    let owned = |value: &Value<'_>, key: &[u8]| value.get(key).and_then(Value::bytes).map(<[u8]>::to_vec);
    message.version = owned(&whole, b"v");
    match whole.get(b"y")?.bytes()? {
        b"q" => {
            message.kind = Some(owned(&whole, b"q")?);
            let asked = whole.get(b"a")?;
            message.request = Some(Request {
                id: owned(asked, b"id")?,
                target: owned(asked, b"target"),
                info_hash: owned(asked, b"info_hash"),
                token: owned(asked, b"token"),
                implied_port: small(asked, b"implied_port").and_then(|number| number.try_into().ok()),
                port: small(asked, b"port"),
            });
        }
        b"r" => {
            let given = whole.get(b"r")?;
            let nodes = |key: &[u8], len| given.get(key).and_then(Value::bytes).map(|list| nodes(list, len));
            message.response = Some(Response {
                id: owned(given, b"id")?,
                nodes: [nodes(b"nodes", 4).unwrap_or_default(), nodes(b"nodes6", 16).unwrap_or_default()],
                values: given.get(b"values").map(peers).unwrap_or_default(),
                token: owned(given, b"token"),
            });
        }
        b"e" => {
            let Value::List(parts) = whole.get(b"e")? else { return None };
            let [number, text, ..] = parts.as_slice() else { return None };
            message.error = Some((number.number()?.try_into().ok()?, text.bytes()?.to_vec()));
        }
        _ => return None,
    }
    message.transaction = owned(&whole, b"t")?;
    Some(())
}

fn small(value: &Value<'_>, key: &[u8]) -> Option<u16> {
    value.get(key)?.number()?.try_into().ok()
}

fn address(wire: &mut Wire<'_>, len: usize) -> Option<(IpAddr, u16)> {
    let address = match len {
        4 => IpAddr::V4(Ipv4Addr::from(wire.array::<4>()?)),
        _ => IpAddr::V6(Ipv6Addr::from(wire.array::<16>()?)),
    };
    Some((address, wire.be16()?))
}

/// Compact node info: identifier, address, port.
fn nodes(list: &[u8], len: usize) -> Vec<(Vec<u8>, IpAddr, u16)> {
    let wire = &mut Wire::new(list);
    std::iter::from_fn(|| {
        let id = wire.take(20)?.to_vec();
        address(wire, len).map(|(address, port)| (id, address, port))
    })
    .take(PEERS_MAX)
    .collect()
}

/// Compact peer info, one string each.
fn peers(list: &Value<'_>) -> Vec<(IpAddr, u16)> {
    let Value::List(list) = list else { return Vec::new() };
    let one = |value: &Value<'_>| {
        let bytes = value.bytes()?;
        address(&mut Wire::new(bytes), if bytes.len() == 18 { 16 } else { 4 })
    };
    list.iter().take(PEERS_MAX).filter_map(one).collect()
}

fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = scope.tx::<Message>();
    json.object("bittorrent_dht").hex("transaction_id", &message.transaction, None);
    if let Some(version) = &message.version {
        json.hex("client_version", version, None);
    }
    if let Some(kind) = &message.kind {
        json.bytes_text("request_type", kind);
    }
    if let Some((number, text)) = &message.error {
        json.object("error").number("num", *number).bytes_text("msg", text).end();
    }
    if let Some(request) = &message.request {
        write_request(request, json);
    }
    if let Some(response) = &message.response {
        write_response(response, json);
    }
    json.end();
    true
}

fn write_request(request: &Request, json: &mut Json) {
    json.object("request").hex("id", &request.id, None);
    for (name, value) in
        [("target", &request.target), ("info_hash", &request.info_hash), ("token", &request.token)]
    {
        if let Some(value) = value {
            json.hex(name, value, None);
        }
    }
    if let Some(implied) = request.implied_port {
        json.number("implied_port", implied);
    }
    if let Some(port) = request.port {
        json.number("port", port);
    }
    json.end();
}

fn write_response(response: &Response, json: &mut Json) {
    json.object("response").hex("id", &response.id, None);
    for (name, nodes) in ["nodes", "nodes6"].into_iter().zip(&response.nodes) {
        if nodes.is_empty() {
            continue;
        }
        json.array(name);
        for (id, address, port) in nodes {
            json.object_item().hex("id", id, None).display("ip", address).number("port", *port).end();
        }
        json.end();
    }
    if !response.values.is_empty() {
        json.array("values");
        for (address, port) in &response.values {
            json.object_item().display("ip", address).number("port", *port).end();
        }
        json.end();
    }
    if let Some(token) = &response.token {
        json.hex("token", token, None);
    }
    json.end();
}
