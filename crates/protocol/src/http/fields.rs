//! The sticky buffers and keywords.

use model::Direction;

use super::exchange::{BODY, Exchange, HEADERS, LINE};
use super::head::{Head, Span};
use crate::{Condition, Field, FieldKind, Scope, Sides};

const ON_LINE: [u8; 2] = [LINE, LINE];
const ON_HEADERS: [u8; 2] = [HEADERS, HEADERS];
const ON_BODY: [u8; 2] = [BODY, BODY];

/// A part of the request's first line, or what was made of it.
macro_rules! request_field {
    ($scope:ident, $field:ident) => {{
        let exchange = $scope.tx::<Exchange>();
        exchange.$field.map(|span| exchange.request.get(span))
    }};
}

/// A part of the response's first line.
macro_rules! response_field {
    ($scope:ident, $field:ident) => {{
        let exchange = $scope.tx::<Exchange>();
        exchange.$field.map(|span| exchange.response.get(span))
    }};
}

/// A field that is the value of one header.
macro_rules! header {
    ($name:literal, $alias:literal, $header:literal, $sides:expr, $fact:literal, $help:literal) => {
        Field {
            name: $name,
            aliases: &[$alias],
            help: $help,
            sides: $sides,
            progress: ON_HEADERS,
            kind: FieldKind::Bytes(|scope, _| ended(scope)?.find($header)),
            fact: $fact,
        }
    };
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "http.method",
        aliases: &["http_method"],
        help: "Method of the request.",
        sides: Sides::ToServer,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, method_name)),
        fact: true,
    },
    Field {
        name: "http.uri",
        aliases: &["http_uri"],
        help: "Normalised path, query and fragment of the request.",
        sides: Sides::ToServer,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, uri_normal)),
        fact: true,
    },
    Field {
        name: "http.uri.raw",
        aliases: &["http_raw_uri"],
        help: "URI of the request as sent.",
        sides: Sides::ToServer,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, uri)),
        ..Field::EMPTY
    },
    Field {
        name: "urilen",
        help: "Length of the URI: normalised, or with `raw` as sent.",
        sides: Sides::ToServer,
        progress: ON_LINE,
        kind: FieldKind::Custom(uri_len),
        ..Field::EMPTY
    },
    Field {
        name: "http.request_line",
        aliases: &["http_request_line"],
        help: "First line of the request, without its end.",
        sides: Sides::ToServer,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| line(&scope.tx::<Exchange>().request)),
        ..Field::EMPTY
    },
    Field {
        name: "http.response_line",
        aliases: &["http_response_line"],
        help: "First line of the response, without its end.",
        sides: Sides::ToClient,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| line(&scope.tx::<Exchange>().response)),
        ..Field::EMPTY
    },
    Field {
        name: "http.protocol",
        aliases: &["http_protocol"],
        help: "Version in the first line.",
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| match scope.direction {
            Direction::ToServer => request_field!(scope, version_text),
            Direction::ToClient => response_field!(scope, response_version_text),
        }),
        ..Field::EMPTY
    },
    Field {
        name: "http.stat_code",
        aliases: &["http_stat_code"],
        help: "Status code of the response.",
        sides: Sides::ToClient,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| response_field!(scope, status_text)),
        fact: true,
    },
    Field {
        name: "http.stat_msg",
        aliases: &["http_stat_msg"],
        help: "Reason behind the status code.",
        sides: Sides::ToClient,
        progress: ON_LINE,
        kind: FieldKind::Bytes(|scope, _| response_field!(scope, reason)),
        ..Field::EMPTY
    },
    Field {
        name: "http.host",
        aliases: &["http_host"],
        help: "Host of the request, in lower case and without port.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, host)),
        fact: true,
    },
    Field {
        name: "http.host.raw",
        aliases: &["http_raw_host"],
        help: "Host of the request as sent.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| {
            let exchange = scope.tx::<Exchange>();
            match exchange.uri_host {
                Some((host, _)) => Some(exchange.request.get(host)),
                None => ended(scope)?.find(b"host"),
            }
        }),
        ..Field::EMPTY
    },
    header!("http.user_agent", "http_user_agent", b"user-agent", Sides::ToServer, true, "User-Agent header."),
    header!("http.referer", "http_referer", b"referer", Sides::ToServer, true, "Referer header."),
    header!("http.accept", "http_accept", b"accept", Sides::ToServer, true, "Accept header."),
    header!(
        "http.accept_enc",
        "http_accept_enc",
        b"accept-encoding",
        Sides::ToServer,
        false,
        "Accept-Encoding header."
    ),
    header!(
        "http.accept_lang",
        "http_accept_lang",
        b"accept-language",
        Sides::ToServer,
        true,
        "Accept-Language header."
    ),
    header!("http.connection", "http_connection", b"connection", Sides::Both, false, "Connection header."),
    header!(
        "http.content_type",
        "http_content_type",
        b"content-type",
        Sides::Both,
        true,
        "Content-Type header."
    ),
    header!(
        "http.content_len",
        "http_content_len",
        b"content-length",
        Sides::Both,
        true,
        "Content-Length header."
    ),
    header!("http.location", "http_location", b"location", Sides::ToClient, true, "Location header."),
    header!("http.server", "http_server", b"server", Sides::ToClient, true, "Server header."),
    Field {
        name: "http.cookie",
        aliases: &["http_cookie"],
        help: "Cookie header of a request, Set-Cookie of a response.",
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| ended(scope)?.find(cookie(scope.direction))),
        ..Field::EMPTY
    },
    Field {
        name: "http.header",
        aliases: &["http_header"],
        help: "All headers but cookies, one per line, folds undone.",
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(headers),
        ..Field::EMPTY
    },
    Field {
        name: "http.header.raw",
        aliases: &["http_raw_header"],
        help: "The header block as sent.",
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| head(scope).raw()),
        ..Field::EMPTY
    },
    Field {
        name: "http.header_names",
        aliases: &["http_header_names"],
        help: "Names of the headers, each between line ends.",
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(header_names),
        ..Field::EMPTY
    },
    Field {
        name: "http.start",
        aliases: &["http_start"],
        help: "First line and header block, with the line ends as sent.",
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(start),
        ..Field::EMPTY
    },
    Field {
        name: "http.request_header",
        aliases: &["http_request_header"],
        help: "Each header of the request by itself, `name: value`.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::List(header_item),
        ..Field::EMPTY
    },
    Field {
        name: "http.response_header",
        aliases: &["http_response_header"],
        help: "Each header of the response by itself, `name: value`.",
        sides: Sides::ToClient,
        progress: ON_HEADERS,
        kind: FieldKind::List(header_item),
        ..Field::EMPTY
    },
    Field {
        name: "http.request_body",
        aliases: &["http_client_body"],
        help: "Body of the request, decoded.",
        sides: Sides::ToServer,
        progress: ON_BODY,
        kind: FieldKind::Body(|scope| scope.tx::<Exchange>().body(Direction::ToServer, scope.files)),
        ..Field::EMPTY
    },
    Field {
        name: "http.response_body",
        aliases: &["http_server_body"],
        help: "Body of the response, decoded.",
        sides: Sides::ToClient,
        progress: ON_BODY,
        kind: FieldKind::Body(|scope| scope.tx::<Exchange>().body(Direction::ToClient, scope.files)),
        ..Field::EMPTY
    },
    Field {
        name: "http.uri.climbing",
        help: "URI of the request as sent, when it holds `..` in any spelling: normalising takes that away.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, uri).filter(|uri| climbs(uri))),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "http.expression",
        help: "First header of the request whose value holds an expression that some programs evaluate: `${` or `() {`.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| expression(ended(scope)?)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "http.auth_user",
        help: "User of basic or digest authentication.",
        sides: Sides::ToServer,
        progress: ON_HEADERS,
        kind: FieldKind::Bytes(|scope, _| request_field!(scope, user)),
        fact: true,
        ..Field::EMPTY
    },
];

/// Whether a URI holds two dots in a row, be they encoded, doubly encoded or overlong.
fn climbs(uri: &[u8]) -> bool {
    const SPELLINGS: [&[u8]; 5] = [b"..", b"%2e", b"%2E", b"%252", b"%c0"];
    memchr::memchr2(b'.', b'%', uri).is_some()
        && SPELLINGS.iter().any(|spelling| memchr::memmem::find(uri, spelling).is_some())
}

/// The first header whose value holds an expression; only its name and value are looked at when there is one at all.
fn expression(head: &Head) -> Option<&[u8]> {
    let holds = |bytes: &[u8]| {
        memchr::memmem::find(bytes, b"${").is_some() || memchr::memmem::find(bytes, b"() {").is_some()
    };
    if !head.raw().is_none_or(holds) {
        return None;
    }
    head.iter().map(|(_, value)| value).find(|value| holds(value))
}

fn head<'a>(scope: &Scope<'a>) -> &'a Head {
    scope.tx::<Exchange>().head(scope.direction)
}

/// The head, once its headers are all there.
fn ended<'a>(scope: &Scope<'a>) -> Option<&'a Head> {
    Some(head(scope)).filter(|head| head.ended())
}

fn line(head: &Head) -> Option<&[u8]> {
    (head.line != Span::default()).then(|| head.get(head.line))
}

fn cookie(direction: Direction) -> &'static [u8] {
    match direction {
        Direction::ToServer => b"cookie",
        Direction::ToClient => b"set-cookie",
    }
}

fn headers<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let skipped = cookie(scope.direction);
    for (name, value) in ended(scope)?.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(skipped)) {
        write_header(out, name, value);
        out.extend_from_slice(b"\r\n");
    }
    (!out.is_empty()).then_some(out.as_slice())
}

fn write_header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

fn header_item<'a>(scope: &Scope<'a>, n: usize, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let (name, value) = ended(scope)?.nth(n)?;
    write_header(out, name, value);
    Some(out)
}

fn header_names<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let names = ended(scope)?.iter();
    if names.len() == 0 {
        return None;
    }
    out.extend_from_slice(b"\r\n");
    for (name, _) in names {
        out.extend_from_slice(name);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Some(out)
}

fn start<'a>(scope: &Scope<'a>, out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let head = head(scope);
    let raw = head.raw()?;
    out.extend_from_slice(line(head)?);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(raw);
    Some(out)
}

/// A condition on the length of the URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct UriLen {
    test: Test,
    raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Is(u16),
    Not(u16),
    Below(u16),
    AtMost(u16),
    Above(u16),
    AtLeast(u16),
    /// Both ends excluded.
    Between(u16, u16),
}

impl Condition for UriLen {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let exchange = scope.tx::<Exchange>();
        let uri = if self.raw { exchange.uri } else { exchange.uri_normal };
        let Some(uri) = uri else { return false };
        let len = exchange.request.get(uri).len();
        let is = |limit: u16| len.cmp(&usize::from(limit));
        match self.test {
            Test::Is(limit) => is(limit).is_eq(),
            Test::Not(limit) => is(limit).is_ne(),
            Test::Below(limit) => is(limit).is_lt(),
            Test::AtMost(limit) => is(limit).is_le(),
            Test::Above(limit) => is(limit).is_gt(),
            Test::AtLeast(limit) => is(limit).is_ge(),
            Test::Between(low, high) => is(low).is_gt() && is(high).is_lt(),
        }
    }
}

/// `[<|>|<=|>=|!|=]N[<>M][,norm|raw]`.
fn uri_len(argument: &str) -> Result<Box<dyn Condition>, String> {
    let (length, which) = argument.split_once(',').unwrap_or((argument, "norm"));
    let raw = match which.trim() {
        "norm" => false,
        "raw" => true,
        other => return Err(format!("urilen knows `norm` and `raw`, not `{other}`")),
    };
    let length = length.trim();
    let number = |text: &str| {
        let text = text.trim();
        text.parse::<u16>().map_err(|_| format!("`{text}` is not a length from 0 to 65535"))
    };
    let test = if let Some((low, high)) = length.split_once("<>").or_else(|| length.split_once('-')) {
        let (low, high) = (number(low)?, number(high)?);
        if low >= high {
            return Err(format!("the range `{length}` is empty"));
        }
        Test::Between(low, high)
    } else if let Some(rest) = length.strip_prefix("<=") {
        Test::AtMost(number(rest)?)
    } else if let Some(rest) = length.strip_prefix(">=") {
        Test::AtLeast(number(rest)?)
    } else if let Some(rest) = length.strip_prefix('<') {
        Test::Below(number(rest)?)
    } else if let Some(rest) = length.strip_prefix('>') {
        Test::Above(number(rest)?)
    } else if let Some(rest) = length.strip_prefix("!=").or_else(|| length.strip_prefix('!')) {
        Test::Not(number(rest)?)
    } else {
        Test::Is(number(length.strip_prefix('=').unwrap_or(length))?)
    };
    Ok(Box::new(UriLen { test, raw }))
}
