//! Sticky buffers and the old content modifiers.

use model::Direction;
use protocol::FieldKind;

use super::{Argument, FieldKeyword, Given, Keyword, field};
use crate::ir::{PacketBuffer, Place, Subject, TransactionTest};
use crate::text::draft::{Draft, Latest, one_side};
use crate::text::error::{Code, Fault, Parsed};
use crate::text::number_text::{self, Kind};

/// Protocols that carry files.
pub(super) const FILE_PROTOCOLS: &[&str] =
    &["http", "http2", "doh2", "smtp", "imap", "ftp-data", "smb", "nfs"];

const fn header(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>,
) -> Keyword {
    Keyword { name, argument: Argument::None, help, set, ..Keyword::EMPTY }
}

const fn modifier(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Draft<'_>, &Given<'_>) -> Parsed<()>,
) -> Keyword {
    Keyword { name, argument: Argument::None, help, set, ..Keyword::EMPTY }
}

pub(super) const KEYWORDS: &[Keyword] = &[
    header("pkt_data", "Back from a sticky buffer to the payload.", |draft, _| draft.choose_payload()),
    header("base64_data", "What `base64_decode` yields.", |draft, _| draft.choose_base64()),
    header("ether.hdr", "Ethernet header.", |draft, _| packet(draft, PacketBuffer::Ethernet)),
    header("arp.hdr", "ARP header.", |draft, _| packet(draft, PacketBuffer::Arp)),
    header("ipv4.hdr", "IPv4 header with options.", |draft, _| packet(draft, PacketBuffer::Ipv4)),
    header("ipv6.hdr", "IPv6 header with extension headers.", |draft, _| packet(draft, PacketBuffer::Ipv6)),
    header("tcp.hdr", "TCP header with options.", |draft, _| packet(draft, PacketBuffer::Tcp)),
    header("udp.hdr", "UDP header.", |draft, _| packet(draft, PacketBuffer::Udp)),
    header("icmpv4.hdr", "ICMP header.", |draft, _| packet(draft, PacketBuffer::Icmp4)),
    header("icmpv6.hdr", "ICMPv6 header.", |draft, _| packet(draft, PacketBuffer::Icmp6)),
    header("igmp.hdr", "IGMP message.", |draft, _| packet(draft, PacketBuffer::Igmp)),
    header("ip.src", "Source address, 4 or 16 bytes.", |draft, _| packet(draft, PacketBuffer::IpSource)),
    header("ip.dst", "Destination address, 4 or 16 bytes.", |draft, _| {
        packet(draft, PacketBuffer::IpDestination)
    }),
    Keyword {
        name: "file.data",
        aliases: &["file_data"],
        argument: Argument::Optional,
        help: "Content of files and bodies.",
        set: |draft, given| {
            let subject = file_data(draft)?;
            let direction = direction(given)?;
            draft.choose(subject, direction)
        },
        ..Keyword::EMPTY
    },
    Keyword {
        name: "file.name",
        argument: Argument::Optional,
        help: "Names of files.",
        set: |draft, given| {
            files(draft)?;
            let direction = direction(given)?;
            draft.choose(Subject::FileName, direction)
        },
        ..Keyword::EMPTY
    },
    Keyword {
        name: "file.magic",
        argument: Argument::Optional,
        help: "What the first bytes of files tell of their kind.",
        set: |draft, given| {
            files(draft)?;
            let direction = direction(given)?;
            draft.choose(Subject::FileMagic, direction)
        },
        ..Keyword::EMPTY
    },
    Keyword {
        name: "frame",
        help: "A named part of the stream: `frame:smb2.data`.",
        set: frame,
        ..Keyword::EMPTY
    },
    modifier("http_uri", "The content before it is in the URI.", |draft, _| moved(draft, "http.uri")),
    modifier("http_raw_uri", "The content before it is in the URI as sent.", |draft, _| {
        moved(draft, "http.uri.raw")
    }),
    modifier("http_header", "The content before it is in the headers.", |draft, _| {
        moved(draft, "http.header")
    }),
    modifier("http_raw_header", "The content before it is in the headers as sent.", |draft, _| {
        moved(draft, "http.header.raw")
    }),
    modifier("http_cookie", "The content before it is in the cookie.", |draft, _| {
        moved(draft, "http.cookie")
    }),
    modifier("http_method", "The content before it is in the method.", |draft, _| {
        moved(draft, "http.method")
    }),
    modifier("http_client_body", "The content before it is in the request's body.", |draft, _| {
        moved(draft, "http.request_body")
    }),
    modifier("http_server_body", "The content before it is in the response's body.", |draft, _| {
        moved(draft, "http.response_body")
    }),
    modifier("http_stat_code", "The content before it is in the status code.", |draft, _| {
        moved(draft, "http.stat_code")
    }),
    modifier("http_stat_msg", "The content before it is in the status message.", |draft, _| {
        moved(draft, "http.stat_msg")
    }),
    modifier("http_user_agent", "The content before it is in the User-Agent.", |draft, _| {
        moved(draft, "http.user_agent")
    }),
    modifier("http_host", "The content before it is in the host.", |draft, _| moved(draft, "http.host")),
    modifier("http_raw_host", "The content before it is in the host as sent.", |draft, _| {
        moved(draft, "http.host.raw")
    }),
];

fn packet(draft: &mut Draft<'_>, buffer: PacketBuffer) -> Parsed<()> {
    draft.choose(Subject::Packet(buffer), None)
}

/// A direction as the argument of a buffer.
fn direction(given: &Given<'_>) -> Parsed<Option<Direction>> {
    match given.text {
        "" => Ok(None),
        "to_server" | "toserver" => Ok(Some(Direction::ToServer)),
        "to_client" | "toclient" => Ok(Some(Direction::ToClient)),
        other => Err(Fault::new(Code::Argument, format!("a buffer takes no argument `{other}`"))
            .help("only `to_server` or `to_client` may stand here, in a rule with `=>`")),
    }
}

/// Restricts the rule to protocols with files.
pub(super) fn files(draft: &mut Draft<'_>) -> Parsed<()> {
    let protocols: Vec<_> = FILE_PROTOCOLS.iter().filter_map(|name| protocol::find(name)).collect();
    if protocols.is_empty() {
        return Ok(());
    }
    draft.narrow(&protocols)
}

fn file_data(draft: &mut Draft<'_>) -> Parsed<Subject> {
    files(draft)?;
    let places = field("file.data").map_or(Vec::new(), |field| field.places.clone());
    Ok(Subject::FileData { places })
}

/// The buffer of a field by its canonical name.
pub(super) fn buffer_named(draft: &mut Draft<'_>, name: &str) -> Parsed<Subject> {
    let Some(keyword) = field(name) else {
        return Err(Fault::new(Code::Unsupported, format!("the buffer `{name}` does not exist here")));
    };
    restrict(draft, keyword)?;
    Ok(Subject::Field { name: keyword.name, places: keyword.places.clone() })
}

fn moved(draft: &mut Draft<'_>, name: &str) -> Parsed<()> {
    draft.content()?;
    let subject = buffer_named(draft, name)?;
    draft.move_content(subject)
}

fn restrict(draft: &mut Draft<'_>, keyword: &FieldKeyword) -> Parsed<()> {
    let mut protocols: Vec<_> = keyword.places.iter().map(|place| place.protocol).collect();
    crate::text::protocol_name::widen(&mut protocols);
    draft.narrow(&protocols)
}

fn frame(draft: &mut Draft<'_>, given: &Given<'_>) -> Parsed<()> {
    let text = given.text;
    let named = text.split_once('.').and_then(|(first, rest)| {
        crate::text::protocol_name::application(first).map(|protocols| (protocols, rest))
    });
    let (protocols, kind) = match named {
        Some((protocols, kind)) => (protocols, kind),
        None => match draft.apps() {
            Some(apps) => (apps.to_vec(), text),
            None => {
                return Err(Fault::new(
                    Code::Place,
                    format!("it is not clear to which protocol the frame `{text}` belongs"),
                )
                .help("name it in the header, or write `frame:PROTOCOL.KIND`"));
            }
        },
    };
    draft.narrow(&protocols)?;
    let Some(protocol) = protocols.first().copied() else {
        return Err(Fault::new(Code::Name, format!("`{text}` is not a frame")));
    };
    draft.choose(Subject::Frame { protocol, kind: kind.to_owned() }, None)
}

/// A keyword that a protocol's table of fields declares.
pub(crate) fn set_field(
    draft: &mut Draft<'_>,
    keyword: &'static FieldKeyword,
    given: &Given<'_>,
) -> Parsed<()> {
    restrict(draft, keyword)?;
    let (name, places) = (keyword.name, keyword.places.clone());
    match keyword.kind() {
        FieldKind::Bytes(_) | FieldKind::List(_) | FieldKind::Body(_) => {
            let direction = direction(given)?;
            draft.choose(Subject::Field { name, places }, direction)?;
        }
        FieldKind::Number { bits, names, .. } => {
            let test = number_text::test(given.text, Kind { bits, names })?;
            transaction(
                draft,
                TransactionTest::Number { name, test, items: crate::ir::Items::default(), places },
            );
        }
        FieldKind::Numbers { bits, names, .. } => {
            let (test, items) = number_text::list_test(given.text, Kind { bits, names })?;
            transaction(draft, TransactionTest::Number { name, test, items, places });
        }
        FieldKind::Custom(_) => custom(draft, keyword, given)?,
    }
    Ok(())
}

fn custom(draft: &mut Draft<'_>, keyword: &'static FieldKeyword, given: &Given<'_>) -> Parsed<()> {
    let mut places: Vec<(Place, std::sync::Arc<dyn protocol::Condition>)> = Vec::new();
    for place in &keyword.places {
        let FieldKind::Custom(read) = place.field().kind else { continue };
        let condition = read(given.text).map_err(|cause| Fault::new(Code::Value, cause))?;
        places.push((*place, condition.into()));
    }
    transaction(draft, TransactionTest::Custom { name: keyword.name, places, negated: given.negated });
    Ok(())
}

/// Adds a condition on transactions.
pub(super) fn transaction(draft: &mut Draft<'_>, test: TransactionTest) {
    let side = match &test {
        TransactionTest::Number { places, .. } => one_side(places),
        TransactionTest::Custom { places, .. } => {
            let places: Vec<Place> = places.iter().map(|(place, _)| *place).collect();
            one_side(&places)
        }
        _ => None,
    };
    if let Some(direction) = side {
        draft.side(direction);
    }
    draft.rule.transaction.push(test);
    draft.latest = Latest::Other;
}
