//! Fields of SIP messages: the rule keywords `sip.*` and `sdp.*`.

use super::message::{First, Message};
use crate::sdp::Description;
use crate::{Field, FieldKind, Scope, Sides};

pub(super) const FIELDS: &[Field] = &[
    Field {
        sides: Sides::ToServer,
        fact: true,
        ..bytes("sip.method", "Method of a request.", |scope, _| match first(scope) {
            First::Request { method, .. } => Some(method),
            First::Response { .. } => None,
        })
    },
    Field {
        sides: Sides::ToServer,
        fact: true,
        ..bytes("sip.uri", "URI of a request.", |scope, _| match first(scope) {
            First::Request { uri, .. } => Some(uri),
            First::Response { .. } => None,
        })
    },
    Field {
        sides: Sides::ToServer,
        ..bytes("sip.request_line", "First line of a request.", |scope, _| match first(scope) {
            First::Request { .. } => Some(&scope.tx::<Message>().line),
            First::Response { .. } => None,
        })
    },
    Field {
        sides: Sides::ToClient,
        fact: true,
        ..bytes("sip.stat_code", "Code of a response.", |scope, _| match first(scope) {
            First::Response { code, .. } => Some(code),
            First::Request { .. } => None,
        })
    },
    Field {
        sides: Sides::ToClient,
        ..bytes("sip.stat_msg", "Reason of a response.", |scope, _| match first(scope) {
            First::Response { reason, .. } => Some(reason),
            First::Request { .. } => None,
        })
    },
    Field {
        sides: Sides::ToClient,
        ..bytes("sip.response_line", "First line of a response.", |scope, _| match first(scope) {
            First::Response { .. } => Some(&scope.tx::<Message>().line),
            First::Request { .. } => None,
        })
    },
    bytes("sip.protocol", "Version of the protocol.", |scope, _| match first(scope) {
        First::Request { version, .. } | First::Response { version, .. } => Some(version),
    }),
    Field {
        fact: true,
        ..header("sip.from", "Header field From.", |scope, n, _| value(scope, b"from", b'f', n))
    },
    Field { fact: true, ..header("sip.to", "Header field To.", |scope, n, _| value(scope, b"to", b't', n)) },
    header("sip.via", "Header field Via.", |scope, n, _| value(scope, b"via", b'v', n)),
    Field {
        fact: true,
        ..header("sip.user_agent", "Header field User-Agent.", |scope, n, _| {
            value(scope, b"user-agent", 0, n)
        })
    },
    header("sip.content_type", "Header field Content-Type.", |scope, n, _| {
        value(scope, b"content-type", b'c', n)
    }),
    header("sip.content_length", "Header field Content-Length.", |scope, n, _| {
        value(scope, b"content-length", b'l', n)
    }),
    bytes("sdp.origin", "Originator of the session.", |scope, _| Some(&sdp(scope)?.origin)),
    bytes("sdp.session_name", "Name of the session.", |scope, _| Some(&sdp(scope)?.session_name)),
    bytes("sdp.session_info", "About the session.", |scope, _| sdp(scope)?.session_info.as_deref()),
    bytes("sdp.uri", "Page about the session.", |scope, _| sdp(scope)?.uri.as_deref()),
    bytes("sdp.email", "Mail address of who is responsible.", |scope, _| sdp(scope)?.email.as_deref()),
    bytes("sdp.phone_number", "Phone number of who is responsible.", |scope, _| {
        sdp(scope)?.phone_number.as_deref()
    }),
    bytes("sdp.connection_data", "Address of the media.", |scope, _| sdp(scope)?.connection_data.as_deref()),
    header("sdp.bandwidth", "Bandwidth proposed.", |scope, n, _| item(&sdp(scope)?.bandwidths, n)),
    header("sdp.time", "Time of the session.", |scope, n, _| Some(&sdp(scope)?.times.get(n)?.0)),
    header("sdp.repeat_time", "Repetition of the session.", |scope, n, _| {
        sdp(scope)?.times.iter().filter_map(|(_, repeat)| repeat.as_deref()).nth(n)
    }),
    bytes("sdp.timezone", "Changes of the time zone.", |scope, _| sdp(scope)?.timezone.as_deref()),
    bytes("sdp.encryption_key", "Key of the session.", |scope, _| sdp(scope)?.encryption_key.as_deref()),
    header("sdp.attribute", "Attribute of the session.", |scope, n, _| item(&sdp(scope)?.attributes, n)),
    header("sdp.media.media", "Media, port, protocol and formats.", |scope, n, _| {
        Some(&sdp(scope)?.media.get(n)?.media)
    }),
    header("sdp.media.media_info", "About a stream of media.", |scope, n, _| {
        sdp(scope)?.media.iter().filter_map(|media| media.info.as_deref()).nth(n)
    }),
    header("sdp.media.connection_data", "Address of a stream of media.", |scope, n, _| {
        sdp(scope)?.media.iter().filter_map(|media| media.connection_data.as_deref()).nth(n)
    }),
    header("sdp.media.encryption_key", "Key of a stream of media.", |scope, n, _| {
        sdp(scope)?.media.iter().filter_map(|media| media.encryption_key.as_deref()).nth(n)
    }),
];

type Bytes = for<'a> fn(&Scope<'a>, &'a mut Vec<u8>) -> Option<&'a [u8]>;
type Item = for<'a> fn(&Scope<'a>, usize, &'a mut Vec<u8>) -> Option<&'a [u8]>;

const fn bytes(name: &'static str, help: &'static str, get: Bytes) -> Field {
    Field { name, help, kind: FieldKind::Bytes(get), ..Field::EMPTY }
}

const fn header(name: &'static str, help: &'static str, get: Item) -> Field {
    Field { name, help, kind: FieldKind::List(get), ..Field::EMPTY }
}

fn first<'a>(scope: &Scope<'a>) -> &'a First {
    &scope.tx::<Message>().first
}

fn value<'a>(scope: &Scope<'a>, name: &'static [u8], compact: u8, index: usize) -> Option<&'a [u8]> {
    scope.tx::<Message>().values(name, compact).nth(index)
}

fn sdp<'a>(scope: &Scope<'a>) -> Option<&'a Description> {
    scope.tx::<Message>().sdp.as_deref()
}

fn item(items: &[Vec<u8>], index: usize) -> Option<&[u8]> {
    items.get(index).map(Vec::as_slice)
}
