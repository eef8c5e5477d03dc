//! Messages of the set-up ([MS-RDPBCGR] §2.2.1).

use model::Direction;

use crate::der;
use crate::tls::hello::Cursor;

/// Channels of a client.
const CHANNELS_MAX: usize = 32;
/// Bytes of a cookie.
const COOKIE_MAX: usize = 256;

/// What one message says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    ConnectionRequest {
        /// The user's name, cut short by the client.
        cookie: Option<Vec<u8>>,
        flags: u8,
    },
    ConnectionConfirm(Option<Negotiation>),
    ConnectRequest {
        client: Option<Box<Client>>,
        channels: Vec<Vec<u8>>,
    },
    ConnectResponse,
    TlsHandshake {
        serials: Vec<String>,
    },
}

/// The server's answer about security.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Negotiation {
    Response { flags: u8, protocol: u32 },
    Failure { code: u32 },
}

/// `TS_UD_CS_CORE` ([MS-RDPBCGR] §2.2.1.3.2). What stands behind the first fields is optional.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) version: u32,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) color_depth: u16,
    pub(super) keyboard_layout: u32,
    pub(super) build: u32,
    pub(super) name: String,
    pub(super) keyboard_type: u32,
    pub(super) keyboard_subtype: u32,
    pub(super) function_keys: u32,
    pub(super) ime: String,
    pub(super) post_beta_depth: Option<u16>,
    pub(super) product: Option<u16>,
    pub(super) serial: Option<u32>,
    pub(super) high_color_depth: Option<u16>,
    pub(super) supported_depths: Option<u16>,
    pub(super) capabilities: Option<u16>,
    pub(super) id: Option<String>,
    pub(super) connection: Option<u8>,
    pub(super) physical_width: Option<u32>,
    pub(super) physical_height: Option<u32>,
    pub(super) orientation: Option<u16>,
    pub(super) scale: Option<u32>,
    pub(super) device_scale: Option<u32>,
}

/// Reads an X.224 packet; `None` when it is not one that is shown.
pub(super) fn read(packet: &[u8], direction: Direction) -> Option<Message> {
    let mut cursor = Cursor::new(packet);
    let length = usize::from(cursor.u8()?);
    let kind = cursor.u8()?;
    match (kind & 0xf0, direction) {
        (0xe0, Direction::ToServer) => {
            cursor.take(5)?;
            Some(connection_request(cursor))
        }
        (0xd0, Direction::ToClient) => {
            cursor.take(5)?;
            Some(Message::ConnectionConfirm(negotiation(cursor)))
        }
        (0xf0, _) => {
            cursor.take(length.checked_sub(1)?)?;
            conference(cursor, direction)
        }
        _ => None,
    }
}

fn connection_request(mut cursor: Cursor<'_>) -> Message {
    let cookie = cursor.rest.strip_prefix(b"Cookie: mstshash=").and_then(|rest| {
        let end = memchr::memmem::find(rest, b"\r\n").filter(|end| *end <= COOKIE_MAX)?;
        cursor = Cursor::new(rest.get(end + 2..)?);
        rest.get(..end).map(<[u8]>::to_vec)
    });
    let flags = match cursor.rest {
        [1, flags, 8, 0, ..] => *flags,
        _ => 0,
    };
    Message::ConnectionRequest { cookie, flags }
}

fn negotiation(cursor: Cursor<'_>) -> Option<Negotiation> {
    let &[kind, flags, 8, 0, a, b, c, d] = cursor.rest.first_chunk()? else { return None };
    let value = u32::from_le_bytes([a, b, c, d]);
    match kind {
        2 => Some(Negotiation::Response { flags, protocol: value }),
        3 => Some(Negotiation::Failure { code: value }),
        _ => None,
    }
}

/// T.125 `Connect-Initial` (application 101) and `Connect-Response` (application 102), in BER.
fn conference(cursor: Cursor<'_>, direction: Direction) -> Option<Message> {
    match (cursor.rest, direction) {
        ([0x7f, 0x66, ..], Direction::ToClient) => Some(Message::ConnectResponse),
        ([0x7f, 0x65, rest @ ..], Direction::ToServer) => connect_initial(rest),
        _ => None,
    }
}

fn connect_initial(bytes: &[u8]) -> Option<Message> {
    // The tag has two bytes, so the length is read as if it belonged to a tag of one.
    let with_tag = [&[0x65][..], bytes.get(..bytes.len().min(5))?].concat();
    let (header, _) = der::header(&with_tag)?;
    let mut inner = der::Reader::new(bytes.get(header - 1..)?);
    // Two domain selectors, the upward flag, and three sets of parameters stand before the user data.
    for _ in 0..6 {
        inner.next()?;
    }
    let data = inner.take(der::tag::OCTET_STRING)?.content;
    // `Duca` is Microsoft's key in the conference request of T.124; behind it the length, then blocks.
    let at = memchr::memmem::find(data, b"Duca")?;
    let mut cursor = Cursor::new(data.get(at + 4..)?);
    if cursor.u8()? & 0x80 != 0 {
        cursor.u8()?;
    }
    let (mut client, mut channels) = (None, Vec::new());
    while let Some((kind, length)) = little16(&mut cursor).zip(little16(&mut cursor)) {
        let Some(block) = usize::from(length).checked_sub(4).and_then(|length| cursor.take(length)) else {
            break;
        };
        match kind {
            0xc001 => client = read_client(block).map(Box::new),
            0xc003 => channels = read_channels(block).unwrap_or_default(),
            _ => {}
        }
    }
    Some(Message::ConnectRequest { client, channels })
}

fn little16(cursor: &mut Cursor<'_>) -> Option<u16> {
    cursor.u16().map(u16::swap_bytes)
}

fn little32(cursor: &mut Cursor<'_>) -> Option<u32> {
    Some(u32::from(little16(cursor)?) | u32::from(little16(cursor)?) << 16)
}

/// Text of two-byte units, ended by zero.
fn wide(cursor: &mut Cursor<'_>, bytes: usize) -> Option<String> {
    let units = cursor.take(bytes)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text = char::decode_utf16(units.take_while(|unit| *unit != 0));
    Some(text.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn read_client(block: &[u8]) -> Option<Client> {
    let cursor = &mut Cursor::new(block);
    let mut client = Client {
        version: little32(cursor)?,
        width: little16(cursor)?,
        height: little16(cursor)?,
        color_depth: little16(cursor)?,
        ..Client::default()
    };
    little16(cursor)?;
    client.keyboard_layout = little32(cursor)?;
    client.build = little32(cursor)?;
    client.name = wide(cursor, 32)?;
    client.keyboard_type = little32(cursor)?;
    client.keyboard_subtype = little32(cursor)?;
    client.function_keys = little32(cursor)?;
    client.ime = wide(cursor, 64)?;
    read_optional(cursor, &mut client);
    Some(client)
}

/// Each field is only there when all before it are.
fn read_optional(cursor: &mut Cursor<'_>, client: &mut Client) -> Option<()> {
    client.post_beta_depth = Some(little16(cursor)?);
    client.product = Some(little16(cursor)?);
    client.serial = Some(little32(cursor)?);
    client.high_color_depth = Some(little16(cursor)?);
    client.supported_depths = Some(little16(cursor)?);
    client.capabilities = Some(little16(cursor)?);
    client.id = Some(wide(cursor, 64)?);
    client.connection = Some(cursor.u8()?);
    cursor.u8()?;
    little32(cursor)?;
    client.physical_width = Some(little32(cursor)?);
    client.physical_height = Some(little32(cursor)?);
    client.orientation = Some(little16(cursor)?);
    client.scale = Some(little32(cursor)?);
    client.device_scale = Some(little32(cursor)?);
    Some(())
}

fn read_channels(block: &[u8]) -> Option<Vec<Vec<u8>>> {
    let cursor = &mut Cursor::new(block);
    let count = usize::try_from(little32(cursor)?).ok()?.min(CHANNELS_MAX);
    let mut channels = Vec::new();
    for _ in 0..count {
        let Some(name) = cursor.take(8) else { break };
        channels.push(name.iter().copied().take_while(|byte| *byte != 0).collect());
        cursor.take(4);
    }
    Some(channels)
}
