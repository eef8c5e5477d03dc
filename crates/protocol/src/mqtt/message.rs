//! MQTT control packets (MQTT 3.1.1 §2, MQTT 5.0 §2).

use crate::wire::Wire;

/// Topics kept of one message.
const TOPICS_MAX: usize = 1024;
/// Properties kept of one message.
const PROPERTIES_MAX: usize = 256;
/// Reason codes kept of one message.
const CODES_MAX: usize = 1024;

/// Names of the types as rules spell them, by their number; 0 is not assigned.
pub(super) const TYPES: &[(&str, u64)] = &[
    ("unassigned", 0),
    ("connect", 1),
    ("connack", 2),
    ("publish", 3),
    ("puback", 4),
    ("pubrec", 5),
    ("pubrel", 6),
    ("pubcomp", 7),
    ("subscribe", 8),
    ("suback", 9),
    ("unsubscribe", 10),
    ("unsuback", 11),
    ("pingreq", 12),
    ("pingresp", 13),
    ("disconnect", 14),
    ("auth", 15),
];

/// The fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    /// The low half of the first byte: DUP 8, QoS 6, RETAIN 1.
    pub(super) flags: u8,
    /// Bytes that follow.
    pub(super) remaining: usize,
    /// Its own size.
    pub(super) size: usize,
}

impl Header {
    pub(super) fn qos(self) -> u8 {
        self.flags >> 1 & 3
    }

    pub(super) fn whole(self) -> usize {
        self.size + self.remaining
    }

    pub(super) fn name(self) -> &'static str {
        TYPES.get(usize::from(self.kind)).map_or("", |(name, _)| name)
    }
}

/// What the start of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Header(Header),
    More,
    /// The length has more than four bytes.
    Broken,
}

pub(super) fn start(bytes: &[u8]) -> Start {
    let Some((&first, rest)) = bytes.split_first() else { return Start::More };
    let (mut remaining, mut size) = (0usize, 1);
    for (place, byte) in rest.iter().take(4).enumerate() {
        remaining |= usize::from(byte & 0x7f) << (7 * place);
        size += 1;
        if byte & 0x80 == 0 {
            return Start::Header(Header { kind: first >> 4, flags: first & 15, remaining, size });
        }
    }
    if rest.len() < 4 { Start::More } else { Start::Broken }
}

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) content: Content,
}

/// What is behind the header.
#[derive(Debug)]
pub(super) enum Content {
    Connect(Box<Connect>),
    Connack {
        session_present: bool,
        code: u8,
        properties: Properties,
    },
    Publish {
        topic: Vec<u8>,
        id: Option<u16>,
        message: Vec<u8>,
        properties: Properties,
    },
    /// PUBACK, PUBREC, PUBREL, PUBCOMP.
    Answer {
        id: u16,
        code: Option<u8>,
        properties: Properties,
    },
    Subscribe {
        id: u16,
        topics: Vec<(Vec<u8>, u8)>,
        properties: Properties,
    },
    Suback {
        id: u16,
        granted: Vec<u8>,
        properties: Properties,
    },
    Unsubscribe {
        id: u16,
        topics: Vec<Vec<u8>>,
        properties: Properties,
    },
    Unsuback {
        id: u16,
        codes: Option<Vec<u8>>,
        properties: Properties,
    },
    /// DISCONNECT, AUTH.
    Reason {
        code: Option<u8>,
        properties: Properties,
    },
    /// PINGREQ, PINGRESP.
    Nothing,
    Unassigned,
    /// Longer than the limit: not read.
    Truncated,
}

#[derive(Debug, Default)]
pub(super) struct Connect {
    pub(super) protocol: Vec<u8>,
    pub(super) version: u8,
    pub(super) flags: u8,
    pub(super) client_id: Vec<u8>,
    pub(super) will_properties: Properties,
    pub(super) will_topic: Option<Vec<u8>>,
    pub(super) will_message: Option<Vec<u8>>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) properties: Properties,
}

pub(super) const FLAG_USER: u8 = 0x80;
pub(super) const FLAG_PASSWORD: u8 = 0x40;
pub(super) const FLAG_WILL_RETAIN: u8 = 0x20;
pub(super) const FLAG_WILL: u8 = 0x04;
pub(super) const FLAG_CLEAN: u8 = 0x02;

/// `None`: a message without properties (before MQTT 5).
pub(super) type Properties = Option<Vec<Property>>;

#[derive(Debug)]
pub(super) enum Property {
    Number(&'static str, u32),
    Bytes(&'static str, Vec<u8>),
    User(Vec<u8>, Vec<u8>),
}

/// Reads what follows the header; `None` when it is damaged.
pub(super) fn read(header: Header, body: &[u8], version: u8) -> Option<Content> {
    let wire = &mut Wire::new(body);
    let five = version >= 5;
    Some(match header.kind {
        1 => Content::Connect(Box::new(connect(wire)?)),
        2 => {
            let flags = wire.byte()?;
            let code = wire.byte()?;
            Content::Connack { session_present: flags & 1 != 0, code, properties: properties(wire, five)? }
        }
        3 => {
            let topic = text(wire)?;
            // A quality of service of 0 has no identifier (MQTT 5.0 §3.3.2.2).
            let id = if header.qos() > 0 { Some(wire.be16()?) } else { None };
            let properties = properties(wire, five)?;
            Content::Publish { topic, id, message: wire.rest().to_vec(), properties }
        }
        4..=7 => {
            let id = wire.be16()?;
            let (code, properties) = reason(wire, five)?;
            Content::Answer { id, code, properties }
        }
        8 => {
            let (id, properties) = (wire.be16()?, properties(wire, five)?);
            let mut topics = Vec::new();
            while !wire.is_empty() && topics.len() < TOPICS_MAX {
                topics.push((text(wire)?, wire.byte()?));
            }
            Content::Subscribe { id, topics, properties }
        }
        9 => {
            let (id, properties) = (wire.be16()?, properties(wire, five)?);
            Content::Suback { id, granted: codes(wire), properties }
        }
        10 => {
            let (id, properties) = (wire.be16()?, properties(wire, five)?);
            let mut topics = Vec::new();
            while !wire.is_empty() && topics.len() < TOPICS_MAX {
                topics.push(text(wire)?);
            }
            Content::Unsubscribe { id, topics, properties }
        }
        11 => {
            let (id, properties) = (wire.be16()?, properties(wire, five)?);
            Content::Unsuback { id, codes: five.then(|| codes(wire)), properties }
        }
        12 | 13 => Content::Nothing,
        // A code without properties behind it is read as a success, as Suricata does.
        14 | 15 if five && header.remaining < 2 => Content::Reason { code: Some(0), properties: None },
        14 | 15 => {
            let (code, properties) = reason(wire, five)?;
            Content::Reason { code, properties }
        }
        _ => Content::Unassigned,
    })
}

fn codes(wire: &Wire<'_>) -> Vec<u8> {
    wire.rest().iter().take(CODES_MAX).copied().collect()
}

/// The reason code and the properties may be left out when it is a success (MQTT 5.0 §3.4.2.1, §3.14.2.1).
fn reason(wire: &mut Wire<'_>, five: bool) -> Option<(Option<u8>, Properties)> {
    if !five {
        return Some((None, None));
    }
    let code = wire.byte().unwrap_or(0);
    let properties = if wire.is_empty() { None } else { properties(wire, true)? };
    Some((Some(code), properties))
}

fn connect(wire: &mut Wire<'_>) -> Option<Connect> {
    let protocol = text(wire)?;
    let (version, flags, _keep_alive) = (wire.byte()?, wire.byte()?, wire.be16()?);
    let five = version >= 5;
    let mut connect =
        Connect { protocol, version, flags, properties: properties(wire, five)?, ..Connect::default() };
    connect.client_id = text(wire)?;
    if flags & FLAG_WILL != 0 {
        connect.will_properties = properties(wire, five)?;
        connect.will_topic = Some(text(wire)?);
        connect.will_message = Some(text(wire)?);
    }
    if flags & FLAG_USER != 0 {
        connect.user = Some(text(wire)?);
    }
    if flags & FLAG_PASSWORD != 0 {
        connect.password = Some(text(wire)?);
    }
    Some(connect)
}

fn text(wire: &mut Wire<'_>) -> Option<Vec<u8>> {
    let len = wire.be16()?;
    wire.take(usize::from(len)).map(<[u8]>::to_vec)
}

fn varint(wire: &mut Wire<'_>) -> Option<u32> {
    let mut value = 0;
    for place in 0..4 {
        let byte = wire.byte()?;
        value |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// MQTT 5.0 §2.2.2; outer `None`: damaged.
fn properties(wire: &mut Wire<'_>, five: bool) -> Option<Properties> {
    if !five {
        return Some(None);
    }
    let len = varint(wire)?;
    let inner = &mut Wire::new(wire.take(usize::try_from(len).ok()?)?);
    let mut list = Vec::new();
    while !inner.is_empty() && list.len() < PROPERTIES_MAX {
        list.push(property(inner)?);
    }
    Some(Some(list))
}

fn property(wire: &mut Wire<'_>) -> Option<Property> {
    let short = |wire: &mut Wire<'_>, name| wire.byte().map(|value| Property::Number(name, value.into()));
    let two = |wire: &mut Wire<'_>, name| wire.be16().map(|value| Property::Number(name, value.into()));
    let four = |wire: &mut Wire<'_>, name| wire.be32().map(|value| Property::Number(name, value));
    let bytes = |wire: &mut Wire<'_>, name| text(wire).map(|value| Property::Bytes(name, value));
    match wire.byte()? {
        1 => short(wire, "payload_format_indicator"),
        2 => four(wire, "message_expiry_interval"),
        3 => bytes(wire, "content_type"),
        8 => bytes(wire, "response_topic"),
        9 => bytes(wire, "correlation_data"),
        11 => varint(wire).map(|value| Property::Number("subscription_identifier", value)),
        17 => four(wire, "session_expiry_interval"),
        18 => bytes(wire, "assigned_client_identifier"),
        19 => two(wire, "server_keep_alive"),
        21 => bytes(wire, "authentication_method"),
        22 => bytes(wire, "authentication_data"),
        23 => short(wire, "request_problem_information"),
        24 => four(wire, "will_delay_interval"),
        25 => short(wire, "request_response_information"),
        26 => bytes(wire, "response_information"),
        28 => bytes(wire, "server_reference"),
        31 => bytes(wire, "reason_string"),
        33 => two(wire, "receive_maximum"),
        34 => two(wire, "topic_alias_maximum"),
        35 => two(wire, "topic_alias"),
        36 => short(wire, "maximum_qos"),
        37 => short(wire, "retain_available"),
        38 => Some(Property::User(text(wire)?, text(wire)?)),
        39 => four(wire, "maximum_packet_size"),
        40 => short(wire, "wildcard_subscription_available"),
        41 => short(wire, "subscription_identifiers_available"),
        42 => short(wire, "shared_subscription_available"),
        _ => None,
    }
}
