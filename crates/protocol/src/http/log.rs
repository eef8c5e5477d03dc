//! The EVE record.

use json::Json;
use model::Direction;

use super::Http;
use super::exchange::Exchange;
use super::head::Head;
use crate::Scope;

/// Bytes of a header's name that are written when all headers are.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of a header's value that are written when all headers are.
const VALUE_BYTES_MAX: usize = 2_048;

/// Writes `"http": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    let (request, response) = (&exchange.request, &exchange.response);
    json.object("http");
    let text = |json: &mut Json, key: &str, value: Option<&[u8]>| {
        if let Some(value) = value {
            json.bytes_text(key, value);
        }
    };
    text(json, "hostname", exchange.host.map(|span| request.get(span)));
    if let Some(port) = exchange.port {
        json.number("http_port", port);
    }
    text(json, "url", exchange.uri.map(|span| request.get(span)));
    text(json, "http_user_agent", request.find(b"user-agent"));
    text(json, "xff", request.find(b"x-forwarded-for"));
    text(json, "http_content_type", response.find(b"content-type").map(before_semicolon));
    if let Some(range) = response.find(b"content-range") {
        write_range(json, range);
    }
    text(json, "http_refer", request.find(b"referer"));
    text(json, "http_method", exchange.method_name.map(|span| request.get(span)));
    text(json, "protocol", exchange.version_text.map(|span| request.get(span)));
    match exchange.status {
        Some(status) => {
            json.number("status", status);
        }
        None => text(json, "status_string", exchange.status_text.map(|span| response.get(span))),
    }
    text(json, "redirect", response.find(b"location"));
    json.number("length", exchange.bodies[Direction::ToClient.index()].wire);
    let dump = scope.state::<Http>().limits.map_or([false; 2], |limits| limits.dump);
    for (on, key, head) in [(dump[0], "request_headers", request), (dump[1], "response_headers", response)] {
        if on {
            write_headers(json, key, head);
        }
    }
    json.end();
    true
}

fn before_semicolon(value: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    value.get(..end).unwrap_or_default()
}

fn write_range(json: &mut Json, value: &[u8]) {
    json.object("content_range").bytes_text("raw", value);
    if let Some((first, last, size)) = super::body::content_range(value) {
        json.number("start", first).number("end", last);
        if size > 0 {
            json.number("size", size);
        }
    }
    json.end();
}

fn write_headers(json: &mut Json, key: &str, head: &Head) {
    json.array(key);
    for (name, value) in head.iter() {
        json.object_item()
            .bytes_text("name", name.get(..NAME_BYTES_MAX.min(name.len())).unwrap_or_default())
            .bytes_text("value", value.get(..VALUE_BYTES_MAX.min(value.len())).unwrap_or_default())
            .end();
    }
    json.end();
}
