//! EVE's `http` object for HTTP/2, and the `dns` object for DNS inside it.

use json::Json;
use model::Direction;

use super::frame::Content;
use super::hpack::Header;
use super::names;
use super::stream::{Side, Stream};
use crate::{Scope, dns};

fn stream<'a>(scope: &Scope<'a>) -> &'a Stream {
    scope.tx::<Box<Stream>>()
}

/// The record: only when there is something to tell besides the stream's number.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let tells = stream(scope).sides.iter().any(|side| {
        side.frames.iter().any(|frame| match &frame.content {
            Content::Headers(headers, _) => !headers.is_empty(),
            Content::Settings(list) => !list.is_empty(),
            Content::Priority(_) | Content::Error(_) => true,
            Content::Window(_) | Content::Other => false,
        })
    });
    tells && write_object(scope, json)
}

/// The record of a stream without DNS on a flow with it.
pub(super) fn write_without_dns(scope: &Scope<'_>, json: &mut Json) -> bool {
    let carries = messages(scope).is_some_and(|messages| messages.iter().any(Option::is_some));
    !carries && write(scope, json)
}

/// The object, whatever there is.
pub(super) fn write_object(scope: &Scope<'_>, json: &mut Json) -> bool {
    let stream = stream(scope);
    let [client, server] = &stream.sides;
    json.object("http").text("version", "2");
    write_headers("request_headers", client, json);
    write_headers("response_headers", server, json);
    write_common(client, server, json);
    json.object("http2").number("stream_id", stream.id);
    for (key, side) in [("request", client), ("response", server)] {
        json.object(key);
        write_frames(side, json);
        json.end();
    }
    json.end().end();
    true
}

fn write_headers(key: &str, side: &Side, json: &mut Json) {
    if side.headers().next().is_none() {
        return;
    }
    json.array(key);
    for header in side.headers() {
        json.object_item();
        match header {
            Header::Field(name, value) => {
                json.bytes_text("name", name).bytes_text("value", value);
            }
            Header::SizeUpdate(size) => _ = json.number("table_size_update", *size),
            Header::Invalid(word) => _ = json.text("error", word),
        }
        json.end();
    }
    json.end();
}

/// Fields that HTTP/1 has, too. The last header of a name counts.
fn write_common(client: &Side, server: &Side, json: &mut Json) {
    let mut found: [Option<&[u8]>; 6] = [None; 6];
    for (name, value) in client.fields().chain(server.fields()) {
        let place = match name.to_ascii_lowercase().as_slice() {
            b":method" => 0,
            b":path" => 1,
            b"host" | b":authority" => 2,
            b"user-agent" => 3,
            b"content-length" => 4,
            b":status" => 5,
            _ => continue,
        };
        found[place] = Some(value);
    }
    for (key, value) in ["http_method", "url", "hostname", "http_user_agent"].into_iter().zip(found) {
        if let Some(value) = value {
            json.bytes_text(key, value);
        }
    }
    for (key, value) in ["length", "status"].into_iter().zip(&found[4..]) {
        let text = value.and_then(|value| std::str::from_utf8(value).ok());
        if let Some(number) = text.and_then(|text| text.parse::<u64>().ok()) {
            json.number(key, number);
        }
    }
}

fn write_frames(side: &Side, json: &mut Json) {
    let contents = || side.frames.iter().map(|frame| &frame.content);
    let mut open = false;
    for content in contents() {
        let Content::Settings(list) = content else { continue };
        for (number, value) in list {
            if !std::mem::replace(&mut open, true) {
                json.array("settings");
            }
            json.object_item();
            match names::SETTINGS.iter().find(|(_, _, known)| known == number) {
                Some((_, name, _)) => json.text("settings_id", name),
                None => json.display("settings_id", format_args!("SETTINGSUNKNOWN({number})")),
            };
            json.number("settings_value", *value).end();
        }
    }
    if open {
        json.end();
    }
    let code = contents().find_map(|content| match content {
        Content::Error(code) => Some(*code),
        _ => None,
    });
    if let Some(code) = code {
        match names::error(code) {
            Some(name) => json.text("error_code", name),
            None => json.display("error_code", code),
        };
    }
    let weight = contents().find_map(|content| match content {
        Content::Priority(weight) | Content::Headers(_, Some(weight)) => Some(*weight),
        _ => None,
    });
    if let Some(weight) = weight {
        json.number("priority", weight);
    }
}

fn messages<'a>(scope: &Scope<'a>) -> Option<&'a [Option<dns::Message>; 2]> {
    stream(scope).doh.as_ref().map(|doh| &doh.messages)
}

/// The `dns` record: the exchange with the stream around it.
pub(super) fn write_dns_record(scope: &Scope<'_>, json: &mut Json) -> bool {
    let carries = messages(scope).is_some_and(|messages| messages.iter().any(Option::is_some));
    if carries {
        write_object(scope, json);
        write_dns(scope, json);
    }
    carries
}

/// The `dns` object: the response, which repeats the question; before that the request.
pub(super) fn write_dns(scope: &Scope<'_>, json: &mut Json) -> bool {
    let Some([request, response]) = messages(scope) else { return false };
    let (message, direction) = match (request, response) {
        (_, Some(response)) => (response, Direction::ToClient),
        (Some(request), None) => (request, Direction::ToServer),
        (None, None) => return false,
    };
    dns::write_message(message, scope.core.id, direction, json);
    true
}
