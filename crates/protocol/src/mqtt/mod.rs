//! MQTT 3.1, 3.1.1 and 5.0: a message with its answers is one transaction.
//!
//! Limits: messages of 1 MiB (`mqtt.max_msg_length`; longer ones are noted and read over), 4,096 open transactions
//! (`mqtt.max_tx`), 16 messages per transaction, 1,024 topics and 256 properties per message.

mod fields;
mod log;
mod message;
#[cfg(test)]
mod tests;

use model::Direction;

use crate::session::bookkeeping;
use crate::{
    Config, Data, Fed, Frame, Input, Log, LogWhen, Ports, Probe, ProbeAnswer, Protocol, Session, Side,
    Transaction, Transactions,
};
use message::{Content, Header, Message, Start};

const TRANSACTIONS_MAX: usize = 4096;
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Messages kept with one transaction.
const MESSAGES_MAX: usize = 16;
/// Bytes of a text that are logged.
const LOGGED_MAX: usize = 1024;
/// Topics that rules look at.
const TOPICS_MATCHED: usize = 100;

/// What the registry needs to know.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mqtt",
    help: "MQTT: messages of things.",
    probes: &[Probe {
        transport: 6,
        ports: Ports::These(&[1883]),
        side: Side::Server,
        depth_min: 1,
        depth_max: 16,
        look: |bytes, _, _| match message::start(bytes) {
            Start::Header(header) if header.kind == 0 || header.qos() == 3 => ProbeAnswer::No,
            Start::Header(_) => ProbeAnswer::Yes,
            Start::More => ProbeAnswer::More,
            Start::Broken => ProbeAnswer::No,
        },
    }],
    session: Some(|| Box::new(Mqtt::default())),
    fields: fields::FIELDS,
    events: &[
        "missing_connect",
        "missing_publish",
        "missing_subscribe",
        "missing_unsubscribe",
        "double_connect",
        "unintroduced_message",
        "invalid_qos_level",
        "missing_msg_id",
        "unassigned_msg_type",
        "too_many_transactions",
        "malformed_traffic",
    ],
    logs: &[Log { event_type: "mqtt", when: LogWhen::Complete, write: log::write, with_alert: true }],
    one_sided: true,
    ..Protocol::EMPTY
};

const MISSING_CONNECT: u8 = 0;
const MISSING_PUBLISH: u8 = 1;
const MISSING_SUBSCRIBE: u8 = 2;
const MISSING_UNSUBSCRIBE: u8 = 3;
const DOUBLE_CONNECT: u8 = 4;
const UNINTRODUCED_MESSAGE: u8 = 5;
const INVALID_QOS_LEVEL: u8 = 6;
const UNASSIGNED_MSG_TYPE: u8 = 8;
const TOO_MANY_TRANSACTIONS: u8 = 9;
const MALFORMED_TRAFFIC: u8 = 10;

/// What an answer refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Connect,
    Message(u16),
}

/// A message and its answers.
#[derive(Debug)]
pub(crate) struct Exchange {
    messages: Vec<Message>,
    /// What answers have to name; `None` once nothing is awaited.
    awaited: Option<Key>,
}

/// State of a flow.
#[derive(Debug)]
pub(crate) struct Mqtt {
    transactions: Transactions<Exchange>,
    /// From CONNECT; 0 = not seen.
    version: u8,
    connected: bool,
    /// Bytes of a message that is too long, still to be read over.
    skip: [usize; 2],
    message_limit: usize,
    log_limit: usize,
    topics_limit: [usize; 2],
    transactions_limit: usize,
    configured: bool,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            transactions: Transactions::new(TRANSACTIONS_MAX),
            version: 0,
            connected: false,
            skip: [0; 2],
            message_limit: MESSAGE_BYTES_MAX,
            log_limit: LOGGED_MAX,
            topics_limit: [TOPICS_MATCHED; 2],
            transactions_limit: TRANSACTIONS_MAX,
            configured: false,
        }
    }
}

impl Session for Mqtt {
    fn feed(&mut self, input: &mut Input<'_>) -> Fed {
        let Data::Bytes(bytes) = input.data else { return Fed::Broken };
        if !self.configured {
            self.configure(input.config);
        }
        let place = input.direction.index();
        let mut used = self.skip[place].min(bytes.len());
        self.skip[place] -= used;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let header = match message::start(rest) {
                Start::Header(header) => header,
                Start::More => return Fed::Used(used),
                Start::Broken => return self.broken(),
            };
            if header.remaining > self.message_limit {
                self.take(input, Message { header, content: Content::Truncated });
                let there = header.whole().min(rest.len());
                self.skip[place] = header.whole() - there;
                used += there;
                continue;
            }
            let Some(body) = rest.get(header.size..header.whole()) else {
                return Fed::Need { used, needed: header.whole() };
            };
            frames(input, header, used);
            let Some(content) = message::read(header, body, self.version) else {
                return self.broken();
            };
            self.take(input, Message { header, content });
            input.asks.inspect_stream[place] = true;
            used += header.whole();
        }
        Fed::Used(used)
    }

    bookkeeping!(transactions);
}

fn frames(input: &mut Input<'_>, header: Header, offset: usize) {
    for (kind, from, len) in
        [("pdu", 0, header.whole()), ("header", 0, header.size), ("data", header.size, header.remaining)]
    {
        input.asks.frames.push(Frame {
            kind,
            direction: input.direction,
            offset: (offset + from) as i64,
            len: Some(len as u64),
            tx: None,
        });
    }
}

impl Mqtt {
    fn configure(&mut self, config: &Config) {
        self.configured = true;
        let size = |name, default| config.setting(name).and_then(size).unwrap_or(default);
        self.message_limit = size("mqtt.max_msg_length", MESSAGE_BYTES_MAX);
        self.log_limit = size("eve.mqtt.string_log_limit", LOGGED_MAX);
        self.topics_limit = [
            size("mqtt.subscribe_topic_match_limit", TOPICS_MATCHED),
            size("mqtt.unsubscribe_topic_match_limit", TOPICS_MATCHED),
        ];
        self.transactions_limit = size("mqtt.max_tx", TRANSACTIONS_MAX).min(TRANSACTIONS_MAX);
    }

    fn broken(&mut self) -> Fed {
        if let Some(last) = self.transactions.last_mut() {
            last.core.raise(MALFORMED_TRAFFIC);
        }
        Fed::Broken
    }

    fn take(&mut self, input: &Input<'_>, message: Message) {
        match (&message.content, message.header.kind) {
            (Content::Connect(connect), _) => {
                self.version = connect.version;
                let again = self.connected.then_some(DOUBLE_CONNECT);
                self.open(input, message, Some(Key::Connect), &[again]);
            }
            (Content::Connack { .. }, _) => {
                self.answer(input, message, Key::Connect, MISSING_CONNECT, true);
            }
            (&Content::Publish { id, .. }, _) => {
                let qos = message.header.qos();
                let key = id.filter(|_| qos < 3).map(Key::Message);
                let bad = (qos == 3).then_some(INVALID_QOS_LEVEL);
                self.open(input, message, key, &[self.unintroduced(), bad]);
            }
            (&(Content::Subscribe { id, .. } | Content::Unsubscribe { id, .. }), _) => {
                self.open(input, message, Some(Key::Message(id)), &[self.unintroduced()]);
            }
            // PUBREC and PUBREL go on, PUBACK and PUBCOMP end (MQTT 5.0 §4.3).
            (&Content::Answer { id, .. }, kind) => {
                self.answer(input, message, Key::Message(id), MISSING_PUBLISH, matches!(kind, 4 | 7));
            }
            (&Content::Suback { id, .. }, _) => {
                self.answer(input, message, Key::Message(id), MISSING_SUBSCRIBE, true);
            }
            (&Content::Unsuback { id, .. }, _) => {
                self.answer(input, message, Key::Message(id), MISSING_UNSUBSCRIBE, true);
            }
            (Content::Unassigned, _) => self.open(input, message, None, &[Some(UNASSIGNED_MSG_TYPE)]),
            (Content::Truncated, _) => self.open(input, message, None, &[]),
            (Content::Reason { .. } | Content::Nothing, _) => {
                self.open(input, message, None, &[self.unintroduced()]);
            }
        }
    }

    fn unintroduced(&self) -> Option<u8> {
        (!self.connected).then_some(UNINTRODUCED_MESSAGE)
    }

    fn answer(&mut self, input: &Input<'_>, message: Message, key: Key, missing: u8, last: bool) {
        let unintroduced = self.unintroduced().filter(|_| key != Key::Connect);
        let found = self.transactions.iter_mut().find(|exchange| exchange.body.awaited == Some(key));
        let Some(exchange) = found else {
            self.open(input, message, None, &[Some(missing), unintroduced]);
            return;
        };
        unintroduced.into_iter().for_each(|code| exchange.core.raise(code));
        if exchange.body.messages.len() < MESSAGES_MAX {
            exchange.body.messages.push(message);
        }
        exchange.core.updated = [true; 2];
        if last {
            self.connected |= key == Key::Connect;
            complete(exchange);
        }
    }

    fn open(&mut self, input: &Input<'_>, message: Message, awaited: Option<Key>, events: &[Option<u8>]) {
        if self.transactions.len() >= self.transactions_limit {
            let Some(oldest) = self.transactions.iter_mut().find(|exchange| exchange.body.awaited.is_some())
            else {
                return;
            };
            oldest.core.raise(TOO_MANY_TRANSACTIONS);
            complete(oldest);
            if self.transactions.len() >= 2 * TRANSACTIONS_MAX {
                return;
            }
        }
        let body = Exchange { messages: vec![message], awaited };
        let exchange = self.transactions.open(input.time, input.packet, body);
        exchange.core.only = Some(input.direction);
        events.iter().flatten().for_each(|code| exchange.core.raise(*code));
        if awaited.is_none() {
            complete(exchange);
        }
    }
}

fn complete(exchange: &mut Transaction<Exchange>) {
    exchange.body.awaited = None;
    exchange.core.advance(Direction::ToServer, 1);
    exchange.core.advance(Direction::ToClient, 1);
}

/// A number of bytes, with unit: `1024`, `1kb`, `1 MiB`.
fn size(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|last: char| !last.is_ascii_digit());
    let factor = match text.get(digits.len()..)?.trim() {
        "" | "b" => 1,
        "kb" | "kib" => 1 << 10,
        "mb" | "mib" => 1 << 20,
        "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(factor)
}
