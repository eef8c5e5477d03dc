//! Keywords, facts and records of Redis.

use json::Json;

use super::resp::Value;
use super::{Exchange, Message};
use crate::{Field, Scope};

/// Bytes of an argument or reply that a record shows.
const SHOWN_MAX: usize = 256;

fn words<'a>(scope: &Scope<'a>) -> Option<&'a [Vec<u8>]> {
    match scope.tx::<Exchange<Message>>().request.as_ref()? {
        Message::Command { words, .. } => Some(words),
        _ => None,
    }
}

fn reply<'a>(scope: &Scope<'a>) -> Option<&'a Value> {
    match scope.tx::<Exchange<Message>>().response.as_ref()? {
        Message::Reply(value) => Some(value),
        _ => None,
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field::bytes("redis.command", "Name of the command, in upper case.", |scope, _| {
        words(scope)?.first().map(Vec::as_slice)
    })
    .asked()
    .fact(),
    Field::list("redis.argument", "Each argument of the command.", |scope, index, _| {
        words(scope)?.get(index + 1).map(Vec::as_slice)
    })
    .asked()
    .fact(),
    Field::bytes("redis.error", "Text of an error that came back.", |scope, _| {
        let value = reply(scope)?;
        value.words.first().filter(|_| matches!(value.kind, b'-' | b'!')).map(Vec::as_slice)
    })
    .answered()
    .fact(),
    Field::bytes("redis.reply", "Line or string that came back.", |scope, _| {
        reply(scope)?.words.first().map(Vec::as_slice)
    })
    .answered(),
];

fn shown(word: &[u8]) -> &[u8] {
    word.get(..SHOWN_MAX).unwrap_or(word)
}

/// Writes `"redis": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange<Message>>();
    let Some(Message::Command { words, count }) = &exchange.request else { return false };
    json.object("redis").bytes_text("command", words.first().map(Vec::as_slice).unwrap_or_default());
    json.number("argument_count", count.saturating_sub(1));
    if words.len() > 1 {
        json.array("arguments");
        for word in words.iter().skip(1) {
            json.bytes_item(shown(word));
        }
        json.end();
    }
    if let Some(Message::Reply(value)) = &exchange.response {
        write_reply(value, json);
    }
    json.end();
    true
}

fn write_reply(value: &Value, json: &mut Json) {
    json.object("reply");
    json.text(
        "type",
        match value.kind {
            b'+' => "status",
            b'-' | b'!' => "error",
            b':' => "integer",
            b'$' | b'=' => "string",
            b'*' => "array",
            b'%' => "map",
            b'~' => "set",
            b'_' => "null",
            b'#' => "boolean",
            b',' => "double",
            b'(' => "big_number",
            _ => "other",
        },
    );
    if matches!(value.kind, b'$' | b'*' | b'%' | b'~' | b'=') {
        json.number("size", value.size);
    }
    if let (b'+' | b'-' | b'!' | b':' | b'#' | b',', Some(word)) = (value.kind, value.words.first()) {
        json.bytes_text("value", shown(word));
    }
    json.end();
}
