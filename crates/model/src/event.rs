//! Neutral facts, the only currency from the data plane upward.

use std::net::IpAddr;

use crate::{Direction, FlowId, Moment, PacketId, Severity, Time, fetch};

/// A neutral fact at a [`Moment`].
#[derive(Debug, Clone)]
pub struct Event {
    /// Where it stands in the total order.
    pub moment: Moment,
    /// The packet that completed the fact; 0 when a timer did.
    pub packet: PacketId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum EventKind {
    /// A flow ended (closed, timed out, or the input ended).
    Flow(Box<FlowFact>),
    /// An application exchange completed or was cut off.
    Transaction(Box<TransactionFact>),
    /// A file was carried.
    File(Box<FileFact>),
    /// A signature matched.
    Alert(Box<AlertFact>),
    /// A packet, a stream or a message can be read in more than one way.
    Oddity(Box<OddityFact>),
}

impl EventKind {
    /// Brings what is said near; see [`fetch`].
    pub fn fetch(&self) {
        match self {
            EventKind::Flow(fact) => fetch(&**fact),
            EventKind::Transaction(fact) => fetch(&**fact),
            EventKind::File(fact) => fetch(&**fact),
            EventKind::Alert(fact) => fetch(&**fact),
            EventKind::Oddity(fact) => fetch(&**fact),
        }
    }

    /// Brings the fields of a transaction near, once the rest is.
    pub fn fetch_within(&self) {
        if let EventKind::Transaction(fact) = self {
            fetch(&fact.fields[..]);
        }
    }
}

/// Something that receivers read differently, or not at all.
#[derive(Debug, Clone)]
pub struct OddityFact {
    /// The flow, when the packet belonged to one.
    pub who: Option<Fact>,
    /// Who sent it.
    pub source: IpAddr,
    /// To whom it went.
    pub destination: IpAddr,
    /// What it is, by its name in EVE's `anomaly` records.
    pub kind: &'static str,
}

/// The addresses of a flow, seen from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    /// The flow.
    pub flow: FlowId,
    /// Who opened it.
    pub client: IpAddr,
    /// Whom it went to.
    pub server: IpAddr,
    /// Client port (ICMP: type).
    pub client_port: u16,
    /// Server port (ICMP: code).
    pub server_port: u16,
    /// IP protocol number.
    pub transport: u8,
    /// When the flow began.
    pub began: Time,
    /// The packet that opened it.
    pub first_packet: PacketId,
}

/// A whole conversation.
#[derive(Debug, Clone)]
pub struct FlowFact {
    /// Addresses and beginning.
    pub who: Fact,
    /// Time of the last packet.
    pub last: Time,
    /// Last packet.
    pub last_packet: PacketId,
    /// Packets by direction: to server, to client.
    pub packets: [u64; 2],
    /// Bytes by direction, link headers included, as Suricata counts them.
    pub bytes: [u64; 2],
    /// Payload bytes by direction.
    pub payload: [u64; 2],
    /// Union of TCP flags by direction.
    pub tcp_flags: [u8; 2],
    /// Whether the conversation was established in both directions.
    pub established: bool,
    /// Application protocol by its EVE name; empty when unknown.
    pub protocol: &'static str,
    /// Who spoke first, and how the server answered.
    pub opening: Opening,
    /// Starts of bursts (payload after at least a second of silence): time, direction, payload bytes. For rhythm inside long
    /// flows; at most [`FlowFact::BURSTS`].
    pub bursts: Vec<(Time, Direction, u32)>,
    /// Share of payload bytes seen that look random (compressed or encrypted), 0..=100, from the first bytes of flows
    /// whose protocol is not known; 255 = none seen.
    pub entropy_percent: u8,
    /// Reassembly gaps in bytes, by direction.
    pub gaps: [u64; 2],
    /// What the payload looked like, by direction, as long as no protocol was recognised. `None` when one was at once.
    pub shape: Option<Box<[PayloadShape; 2]>>,
    /// What a flow without a known protocol is taken for, by how it begins and how its bytes are spread (`stun`, `random`,
    /// `text`); empty when a protocol was recognised or nothing was said.
    pub guess: &'static str,
    /// Statistics of ICMP messages; `None` for other transports.
    pub echo: Option<Box<EchoShape>>,
    /// Payment card numbers that a host of ours sent out in this flow; `None` when nothing looked like one.
    pub cards: Option<Box<CardsSeen>>,
}

/// How the payload of a flow began, from its first [`Opening::PACKETS`] packets with payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opening {
    /// Who sent the first payload.
    pub first: Option<Direction>,
    /// Bytes of the first payload from the server.
    pub answer: Option<u32>,
    /// The payload after that one: direction and bytes.
    pub after: Option<(Direction, u32)>,
}

impl Opening {
    /// Packets with payload that are looked at.
    pub const PACKETS: u8 = 64;
}

/// Payment card numbers that were seen in the clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardsSeen {
    /// Different ones, in the order they came; at most [`CardsSeen::NUMBERS`].
    pub numbers: Vec<CardNumber>,
    /// Numbers behind that limit; the same one may be counted several times.
    pub more: u32,
    /// Numbers of the form of a card's that fail its check digit.
    pub failed: u32,
    /// Numbers that are published for tests.
    pub tests: u32,
}

impl CardsSeen {
    /// Different numbers that are kept.
    pub const NUMBERS: usize = 1_024;
}

/// One payment card number, as far as it may be kept: never whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardNumber {
    /// Tells it apart from others; for comparing only, and written nowhere.
    pub key: u64,
    /// Its first six digits: the issuer.
    pub prefix: u32,
    /// Its last four digits.
    pub suffix: u16,
    /// It was written in groups, as on a card.
    pub grouped: bool,
    /// When it was seen.
    pub time: Time,
    /// In which packet it ended.
    pub packet: PacketId,
}

/// What the payload of one direction looked like, from its first packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadShape {
    /// First bytes of the first payload.
    pub head: [u8; Self::HEAD],
    /// How many of them there are.
    pub head_len: u8,
    /// Bytes that were looked at; at most [`PayloadShape::SEEN_MAX`].
    pub seen: u16,
    /// How many of those were printable text, tabs or line ends.
    pub text: u16,
    /// How many different byte values those had.
    pub distinct: u16,
    /// Entropy of the upper and the lower halves of those bytes together, in hundredths of a bit: 800 = evenly spread.
    pub entropy: u16,
    /// Payloads that ended as a command prompt does (`> `, `$ `, `# `, `>`).
    pub prompts: u16,
    /// Payloads that ended with a line end.
    pub lines: u16,
    /// Payloads seen while no protocol was recognised.
    pub payloads: u16,
}

impl PayloadShape {
    /// First bytes that are kept.
    pub const HEAD: usize = 32;
    /// Bytes that are looked at.
    pub const SEEN_MAX: u16 = 512;

    /// The first bytes.
    pub fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.head_len).min(Self::HEAD)]
    }
}

/// What the ICMP messages of a flow carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EchoShape {
    /// Requests and replies.
    pub messages: [u32; 2],
    /// Replies whose payload differs from that of their request, which RFC 792 forbids.
    pub unlike: u32,
    /// Replies to no recent request of that identifier and sequence number.
    pub unasked: u32,
    /// Requests with the identifier and sequence number of the request before them.
    pub repeated: u32,
    /// Messages whose payload length differs from the one before in their direction.
    pub resized: u32,
    /// Messages whose payload, its first 16 bytes aside (a time stamp), differs from the one before in their direction.
    pub changed: u32,
    /// Messages whose payload is a whole IP packet.
    pub inner: u32,
    /// Payload bytes looked at, the first 16 of each message aside.
    pub counted: u32,
    /// How many of those repeat or continue the byte before them, as the fill of a ping does.
    pub filled: u32,
    /// First payload bytes of the flow.
    pub head: [u8; PayloadShape::HEAD],
    /// How many of them there are.
    pub head_len: u8,
}

impl FlowFact {
    /// How many bursts a flow keeps at most.
    pub const BURSTS: usize = 64;
}

/// One application exchange, as named fields.
#[derive(Debug, Clone)]
pub struct TransactionFact {
    /// The flow it belongs to.
    pub who: Fact,
    /// Protocol by its EVE name (`http`, `tls`, `dns`, …).
    pub protocol: &'static str,
    /// Number of the transaction inside its flow, from 0.
    pub tx_id: u64,
    /// Time the exchange was first seen.
    pub time: Time,
    /// The only direction it has, for protocols whose requests and answers are transactions of their own (DNS).
    pub only: Option<Direction>,
    /// Named fields, in the order of the protocol's table: `("http.hostname", Text("…"))`.
    pub fields: Vec<(&'static str, Value)>,
}

impl TransactionFact {
    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The first text under `name`; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The first number under `name`.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// All texts under `name`.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(key, _)| *key == name).filter_map(|(_, value)| match value {
            Value::Text(text) => Some(&**text),
            Value::Number(_) => None,
        })
    }
}

/// The value of a named field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text; bytes that are not UTF-8 are replaced.
    Text(Box<str>),
    /// A number.
    Number(u64),
}

/// A file that travelled.
#[derive(Debug, Clone)]
pub struct FileFact {
    /// The flow it travelled in.
    pub who: Fact,
    /// Which way it went.
    pub direction: Direction,
    /// Protocol by its EVE name.
    pub protocol: &'static str,
    /// Name as announced; empty when none.
    pub name: String,
    /// Kind by content, in words of `file(1)` where known; empty when unknown.
    pub magic: String,
    /// Bytes seen.
    pub size: u64,
    /// Whether it was seen from beginning to end without gaps.
    pub complete: bool,
    /// SHA-256 in hexadecimal; empty when not complete.
    pub sha256: String,
    /// First bytes; at most [`FileFact::HEAD`].
    pub head: Vec<u8>,
    /// Payment card numbers in it, when it went to a server.
    pub cards: Option<Box<CardsSeen>>,
    /// What the page or script in it does, when it came to a client and does any of it.
    pub script: Option<Box<ScriptSeen>>,
}

/// Marks of exploits in a page or a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptSeen {
    /// Characters written as four hexadecimal digits (`%u` or `\\u`).
    pub escapes: u32,
    /// Those of them, and pairs of bytes, that are good to land on wherever: 9090, 0c0c and their like.
    pub sled: u32,
    /// Those of them that are no characters: surrogates and the private use area (U+D800 to U+F8FF).
    pub unwritable: u32,
    /// Calls that turn numbers into strings.
    pub unescapes: u32,
    /// Objects of the system that are made.
    pub objects: u32,
    /// Loops that let a string grow to a length.
    pub growth: u32,
    /// Words such as "shellcode".
    pub words: u32,
    /// Files on a disk (`c:\`) that are named.
    pub paths: u32,
    /// Letters of the longest word; 0 below 128.
    pub longest_word: u32,
    /// What the objects do, in bits.
    pub reaches: u16,
}

impl ScriptSeen {
    /// Runs programs.
    pub const RUNS: u16 = 1;
    /// Writes files.
    pub const STORES: u16 = 2;
    /// Fetches from the net.
    pub const FETCHES: u16 = 4;
}

impl FileFact {
    /// First bytes that are kept.
    pub const HEAD: usize = 96;
}

/// A signature that matched.
#[derive(Debug, Clone)]
pub struct AlertFact {
    /// The flow, when the packet belonged to one.
    pub who: Option<Fact>,
    /// Source of the packet that matched.
    pub source: IpAddr,
    /// Destination of the packet that matched.
    pub destination: IpAddr,
    /// Generator id.
    pub gid: u32,
    /// Signature id.
    pub sid: u32,
    /// Revision.
    pub rev: u32,
    /// The rule's message.
    pub message: String,
    /// Classification in words; empty when none.
    pub category: String,
    /// 1 is the most severe, as in Suricata.
    pub priority: u32,
    /// The rule's own `metadata`, pair by pair.
    pub metadata: Vec<(String, String)>,
    /// Severity that the priority maps to.
    pub severity: Severity,
    /// Attacker and victim address, when the rule says which side is the target.
    pub target: Option<IpAddr>,
}
