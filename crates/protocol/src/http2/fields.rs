//! Rule keywords and facts of HTTP/2: its own, those of HTTP, and of DNS inside it.

use model::Direction;

use super::frame::Content;
use super::hpack::Header;
use super::names;
use super::stream::{Side, Stream, state};
use crate::{Body, Condition, Field, FieldKind, HOLE, Scope, Sides, dns};

/// Requests can be read once the client is past its headers, responses once the server is.
const READY: [u8; 2] = [state::DATA_CLIENT, state::DATA_SERVER];
const OPEN: [u8; 2] = [state::OPEN; 2];

fn stream<'a>(scope: &Scope<'a>) -> &'a Stream {
    scope.tx::<Box<Stream>>()
}

fn side<'a>(scope: &Scope<'a>) -> &'a Side {
    stream(scope).side(scope.direction)
}

const REQUEST: Field = Field { sides: Sides::ToServer, progress: READY, ..Field::EMPTY };
const RESPONSE: Field = Field { sides: Sides::ToClient, progress: READY, ..Field::EMPTY };
const BOTH: Field = Field { progress: READY, ..Field::EMPTY };
const FRAMES: Field = Field { progress: OPEN, ..Field::EMPTY };

/// All values under a name, joined as one (RFC 9110 §5.2).
fn value<'a>(scope: &Scope<'a>, name: &[u8], between: &[u8], out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let mut values = side(scope).fields().filter(|(found, _)| *found == name).map(|(_, value)| value);
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(first) };
    out.extend_from_slice(first);
    for value in std::iter::once(second).chain(values) {
        out.extend_from_slice(between);
        out.extend_from_slice(value);
    }
    Some(out)
}

macro_rules! header {
    ($base:expr, $name:literal, $alias:literal, $header:literal, $fact:literal, $help:literal) => {
        Field {
            name: $name,
            aliases: &[$alias],
            help: $help,
            kind: FieldKind::Bytes(|scope, out| value(scope, $header, b", ", out)),
            fact: $fact,
            ..$base
        }
    };
}

/// Fields of HTTP/2, as a macro so that DNS over HTTP/2 has them, too.
macro_rules! http2_fields {
    ($($more:expr),* $(,)?) => {
        &[
            header!(REQUEST, "http.method", "http_method", b":method", true, "Method of the request."),
            header!(REQUEST, "http.uri", "http_uri", b":path", true, "Path and query of the request."),
            header!(REQUEST, "http.uri.raw", "http_raw_uri", b":path", false, "Path and query of the request as sent."),
            header!(REQUEST, "http.user_agent", "http_user_agent", b"user-agent", true, "User-Agent header."),
            header!(REQUEST, "http.referer", "http_referer", b"referer", true, "Referer header."),
            header!(REQUEST, "http.accept", "http_accept", b"accept", false, "Accept header."),
            header!(REQUEST, "http.accept_enc", "http_accept_enc", b"accept-encoding", false, "Accept-Encoding header."),
            header!(REQUEST, "http.accept_lang", "http_accept_lang", b"accept-language", false, "Accept-Language header."),
            header!(BOTH, "http.connection", "http_connection", b"connection", false, "Connection header."),
            header!(BOTH, "http.content_type", "http_content_type", b"content-type", true, "Content-Type header."),
            header!(BOTH, "http.content_len", "http_content_len", b"content-length", true, "Content-Length header."),
            header!(RESPONSE, "http.location", "http_location", b"location", true, "Location header."),
            header!(RESPONSE, "http.server", "http_server", b"server", true, "Server header."),
            header!(RESPONSE, "http.stat_code", "http_stat_code", b":status", true, "Status code of the response."),
            Field {
                name: "http.stat_msg",
                aliases: &["http_stat_msg"],
                help: "Reason behind the status code: HTTP/2 has none.",
                kind: FieldKind::Bytes(|scope, _| side(scope).find(b":status").map(|_| &[][..])),
                ..RESPONSE
            },
            Field {
                name: "http.protocol",
                aliases: &["http_protocol"],
                help: "Version of the protocol.",
                kind: FieldKind::Bytes(|scope, _| side(scope).fields().next().map(|_| &b"HTTP/2"[..])),
                ..BOTH
            },
            Field {
                name: "http.request_line",
                aliases: &["http_request_line"],
                help: "The request's first line as HTTP/1 would have it.",
                kind: FieldKind::Bytes(request_line),
                ..REQUEST
            },
            Field {
                name: "http.response_line",
                aliases: &["http_response_line"],
                help: "The response's first line as HTTP/1 would have it.",
                kind: FieldKind::Bytes(response_line),
                ..RESPONSE
            },
            Field {
                name: "http.host",
                aliases: &["http_host"],
                help: "Host of the request, in lower case and without port.",
                kind: FieldKind::Bytes(host),
                fact: true,
                ..REQUEST
            },
            Field {
                name: "http.host.raw",
                aliases: &["http_raw_host"],
                help: "Host of the request as sent.",
                kind: FieldKind::Bytes(|scope, _| host_sent(scope)),
                ..REQUEST
            },
            Field {
                name: "http.cookie",
                aliases: &["http_cookie"],
                help: "Cookie header of a request, Set-Cookie of a response.",
                kind: FieldKind::Bytes(|scope, out| value(scope, cookie(scope.direction), b"; ", out)),
                ..BOTH
            },
            Field {
                name: "http.header",
                aliases: &["http_header"],
                help: "All headers but cookies, one per line.",
                kind: FieldKind::Bytes(|scope, out| headers(scope, Some(cookie(scope.direction)), out)),
                ..BOTH
            },
            Field {
                name: "http.header.raw",
                aliases: &["http_raw_header"],
                help: "All headers, one per line.",
                kind: FieldKind::Bytes(|scope, out| headers(scope, None, out)),
                ..BOTH
            },
            Field {
                name: "http.header_names",
                aliases: &["http_header_names"],
                help: "Names of the headers, each between line ends.",
                kind: FieldKind::Bytes(header_names),
                ..BOTH
            },
            Field {
                name: "http.request_header",
                aliases: &["http_request_header"],
                help: "Each header of the request by itself, `name: value`.",
                kind: FieldKind::List(header_item),
                ..REQUEST
            },
            Field {
                name: "http.response_header",
                aliases: &["http_response_header"],
                help: "Each header of the response by itself, `name: value`.",
                kind: FieldKind::List(header_item),
                ..RESPONSE
            },
            Field {
                name: "http.request_body",
                aliases: &["http_client_body"],
                help: "Body of the request, decoded.",
                kind: FieldKind::Body(|scope| body(scope, Direction::ToServer)),
                ..REQUEST
            },
            Field {
                name: "http.response_body",
                aliases: &["http_server_body"],
                help: "Body of the response, decoded.",
                kind: FieldKind::Body(|scope| body(scope, Direction::ToClient)),
                ..RESPONSE
            },
            Field {
                name: "urilen",
                help: "Length of the path.",
                kind: FieldKind::Custom(uri_len),
                ..REQUEST
            },
            Field {
                name: "http2.frametype",
                help: "Type of each frame.",
                kind: FieldKind::Numbers {
                    bits: 8,
                    names: names::FRAMES,
                    get: |scope, index| side(scope).frames.get(index).map(|frame| frame.kind.into()),
                },
                ..FRAMES
            },
            Field {
                name: "http2.errorcode",
                help: "Error code of each GOAWAY and RST_STREAM frame.",
                kind: FieldKind::Numbers {
                    bits: 32,
                    names: names::ERRORS,
                    get: |scope, index| nth(scope, index, |content| match content {
                        Content::Error(code) => Some((*code).into()),
                        _ => None,
                    }),
                },
                ..FRAMES
            },
            Field {
                name: "http2.priority",
                help: "Weight in each PRIORITY and HEADERS frame.",
                kind: FieldKind::Numbers {
                    bits: 8,
                    names: &[],
                    get: |scope, index| nth(scope, index, |content| match content {
                        Content::Priority(weight) | Content::Headers(_, Some(weight)) => Some((*weight).into()),
                        _ => None,
                    }),
                },
                ..FRAMES
            },
            Field {
                name: "http2.window",
                help: "Size in each WINDOW_UPDATE frame.",
                kind: FieldKind::Numbers {
                    bits: 32,
                    names: &[],
                    get: |scope, index| nth(scope, index, |content| match content {
                        Content::Window(size) => Some((*size).into()),
                        _ => None,
                    }),
                },
                ..FRAMES
            },
            Field {
                name: "http2.size_update",
                help: "Each size that a sender gave its header table.",
                kind: FieldKind::Numbers { bits: 64, names: &[], get: size_update },
                ..FRAMES
            },
            Field {
                name: "http2.settings",
                help: "A setting that is there, or has a value: `SETTINGS_ENABLE_PUSH=0`.",
                kind: FieldKind::Custom(settings),
                ..FRAMES
            },
            Field {
                name: "http2.header_name",
                help: "Name of each header.",
                kind: FieldKind::List(|scope, index, _| side(scope).fields().nth(index).map(|(name, _)| name)),
                ..FRAMES
            },
            $($more),*
        ]
    };
}

pub(super) const FIELDS: &[Field] = http2_fields!();

/// Fields of DNS over HTTP/2.
pub(super) const DOH_FIELDS: &[Field] = http2_fields!(
    Field {
        name: "dns.query",
        aliases: &["dns_query"],
        help: "Name in a question of a request.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::query_name)),
        ..REQUEST
    },
    Field {
        name: "dns.queries.rrname",
        help: "Name in a question.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::query_name)),
        fact: true,
        ..BOTH
    },
    Field {
        name: "dns.answers.rrname",
        help: "Owner name of an answer.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::answer_name)),
        ..BOTH
    },
    Field {
        name: "dns.authorities.rrname",
        help: "Owner name in the authority section.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::authority_name)),
        ..BOTH
    },
    Field {
        name: "dns.additionals.rrname",
        help: "Owner name in the additional section.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::additional_name)),
        ..BOTH
    },
    Field {
        name: "dns.response.rrname",
        help: "Owner names of all records, and the names in their data.",
        kind: FieldKind::List(|scope, index, out| in_dns(scope, index, out, dns::response_name)),
        fact: true,
        ..BOTH
    },
    Field {
        name: "dns.opcode",
        help: "Operation code.",
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| Some(dns_message(scope)?.opcode().into()),
        },
        ..BOTH
    },
    Field {
        name: "dns.rcode",
        help: "Response code.",
        kind: FieldKind::Number {
            bits: 16,
            names: dns::CODES,
            get: |scope| Some(dns_message(scope)?.rcode().into()),
        },
        fact: true,
        ..BOTH
    },
    Field {
        name: "dns.rrtype",
        help: "Type asked for in requests, types of the answers in responses.",
        kind: FieldKind::Numbers {
            bits: 16,
            names: dns::TYPES,
            get: |scope, index| {
                let message = dns_message(scope)?;
                let number = match scope.direction {
                    Direction::ToServer => message.queries.get(index)?.rrtype,
                    Direction::ToClient => message.answers().get(index)?.rrtype,
                };
                Some(number.into())
            },
        },
        fact: true,
        ..BOTH
    },
);

fn dns_message<'a>(scope: &Scope<'a>) -> Option<&'a dns::Message> {
    stream(scope).doh.as_ref()?.messages[scope.direction.index()].as_ref()
}

type ItemOf = for<'a> fn(&Scope<'a>, usize, &'a mut Vec<u8>) -> Option<&'a [u8]>;

/// A field of DNS, read from the message inside.
fn in_dns<'a>(scope: &Scope<'a>, index: usize, out: &'a mut Vec<u8>, get: ItemOf) -> Option<&'a [u8]> {
    let inner = Scope { body: dns_message(scope)?, ..*scope };
    get(&inner, index, out)
}

/// The number in frame `index`; other frames are holes in the list.
fn nth(scope: &Scope<'_>, index: usize, get: fn(&Content) -> Option<u64>) -> Option<u64> {
    side(scope).frames.get(index).map(|frame| get(&frame.content).unwrap_or(HOLE))
}

fn size_update(scope: &Scope<'_>, index: usize) -> Option<u64> {
    let sizes = side(scope).headers().filter_map(|header| match header {
        Header::SizeUpdate(size) => Some(*size),
        Header::Field(..) | Header::Invalid(_) => None,
    });
    sizes.into_iter().nth(index)
}

fn body<'a>(scope: &Scope<'a>, direction: Direction) -> Option<&'a Body> {
    let place = stream(scope).side(direction).file?;
    scope.files.get(place).map(|file| &file.body)
}

fn cookie(direction: Direction) -> &'static [u8] {
    match direction {
        Direction::ToServer => b"cookie",
        Direction::ToClient => b"set-cookie",
    }
}

fn host_sent<'a>(scope: &Scope<'a>) -> Option<&'a [u8]> {
    side(scope).find(b":authority").or_else(|| side(scope).find(b"host"))
}

fn host<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let sent = host_sent(scope)?;
    let without_user = sent.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let end = match without_user.first() {
        Some(b'[') => memchr::memchr(b']', without_user).map(|at| at + 1),
        _ => memchr::memchr(b':', without_user),
    };
    out.extend_from_slice(without_user.get(..end.unwrap_or(without_user.len())).unwrap_or_default());
    out.make_ascii_lowercase();
    Some(out)
}

fn request_line<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let (method, path) = (side(scope).find(b":method")?, side(scope).find(b":path")?);
    for part in [method, b" ", path, b" HTTP/2\r\n"] {
        out.extend_from_slice(part);
    }
    Some(out)
}

fn response_line<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let status = side(scope).find(b":status")?;
    for part in [b"HTTP/2 ", status, b"\r\n"] {
        out.extend_from_slice(part);
    }
    Some(out)
}

fn headers<'a>(scope: &Scope<'a>, skipped: Option<&[u8]>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    for (name, value) in side(scope).fields().filter(|(name, _)| Some(*name) != skipped) {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn header_names<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    out.extend_from_slice(b"\r\n");
    for (name, _) in side(scope).fields() {
        out.extend_from_slice(name);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    (out.len() > 4).then_some(out)
}

fn header_item<'a>(scope: &Scope<'a>, index: usize, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let (name, value) = side(scope).fields().nth(index)?;
    for part in [name, b": ", value] {
        out.extend_from_slice(part);
    }
    Some(out)
}

/// A comparison with a number.
#[derive(Debug, Clone, Copy)]
enum Compared {
    Equal(u64),
    Different(u64),
    Less(u64),
    LessOrEqual(u64),
    Greater(u64),
    GreaterOrEqual(u64),
    /// Exclusive on both ends.
    Between(u64, u64),
    Any,
}

impl Compared {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<u64>().ok();
        if text.is_empty() {
            return Some(Compared::Any);
        }
        let prefixes: [(&str, fn(u64) -> Compared); 7] = [
            ("<=", Compared::LessOrEqual),
            (">=", Compared::GreaterOrEqual),
            ("!=", Compared::Different),
            ("!", Compared::Different),
            ("<", Compared::Less),
            (">", Compared::Greater),
            ("=", Compared::Equal),
        ];
        for (prefix, make) in prefixes {
            if let Some(rest) = text.strip_prefix(prefix) {
                return number(rest).map(make);
            }
        }
        if let Some((low, high)) = text.split_once("<>").or_else(|| text.split_once('-')) {
            let (low, high) = (number(low)?, number(high)?);
            return (low < high).then_some(Compared::Between(low, high));
        }
        number(text).map(Compared::Equal)
    }

    fn holds(self, value: u64) -> bool {
        match self {
            Compared::Equal(number) => value == number,
            Compared::Different(number) => value != number,
            Compared::Less(number) => value < number,
            Compared::LessOrEqual(number) => value <= number,
            Compared::Greater(number) => value > number,
            Compared::GreaterOrEqual(number) => value >= number,
            Compared::Between(low, high) => low < value && value < high,
            Compared::Any => true,
        }
    }
}

#[derive(Debug)]
struct UriLen {
    compared: Compared,
}

impl Condition for UriLen {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        side(scope).find(b":path").is_some_and(|path| self.compared.holds(path.len() as u64))
    }
}

fn uri_len(argument: &str) -> Result<Box<dyn Condition>, String> {
    let text = argument.trim();
    let text = ["raw", "norm"].iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text);
    match Compared::read(text.trim().trim_end_matches(',')) {
        None | Some(Compared::Any) => Err("a length is expected, as in `<10`, `5<>9` or `10,raw`".to_owned()),
        Some(compared) => Ok(Box::new(UriLen { compared })),
    }
}

#[derive(Debug)]
struct Setting {
    number: u16,
    compared: Compared,
}

impl Condition for Setting {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        side(scope).frames.iter().any(|frame| match &frame.content {
            Content::Settings(list) => list
                .iter()
                .any(|(number, value)| *number == self.number && self.compared.holds((*value).into())),
            _ => false,
        })
    }
}

fn settings(argument: &str) -> Result<Box<dyn Condition>, String> {
    let text = argument.trim();
    let end = text.find(|letter: char| !letter.is_ascii_alphabetic() && letter != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let wished = name.replace('_', "");
    let (_, _, number) = names::SETTINGS
        .iter()
        .find(|(_, plain, _)| plain.eq_ignore_ascii_case(&wished))
        .ok_or_else(|| format!("`{name}` is not a setting of HTTP/2"))?;
    let compared = Compared::read(rest).ok_or_else(|| format!("`{rest}` does not compare with a number"))?;
    Ok(Box::new(Setting { number: *number, compared }))
}
