//! Keywords, facts and records of OPC UA.

use json::Json;

use super::message::Message;
use super::{Exchange, names};
use crate::exchange::side;
use crate::{Field, Scope};

fn here<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    side(scope)
}

pub(super) const FIELDS: &[Field] = &[
    Field::bytes("opcua.message_type", "Kind of message: `HEL`, `OPN`, `MSG`, ….", |scope, _| {
        here(scope).map(|message| message.kind.word().as_bytes())
    })
    .fact(),
    Field::bytes("opcua.endpoint", "URL of the endpoint that is asked for.", |scope, _| {
        here(scope)?.endpoint.as_deref()
    })
    .fact(),
    Field::bytes("opcua.security_policy", "URI of the policy that a channel is opened with.", |scope, _| {
        here(scope)?.policy.as_deref()
    })
    .fact(),
    Field::number("opcua.service_id", "Identifier of the service's binary encoding.", 32, &[], |scope| {
        here(scope)?.service.map(u64::from)
    }),
    Field::bytes("opcua.service", "Name of the service, such as `WriteRequest`.", |scope, _| {
        names::service(here(scope)?.service?).map(str::as_bytes)
    })
    .fact(),
    Field::number(
        "opcua.status",
        "Result of a response, or code of an error; 0 is good.",
        32,
        &[],
        |scope| here(scope)?.status.map(u64::from),
    )
    .fact(),
];

/// Writes `"opcua": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange<Message>>();
    let Some(first) = exchange.either() else { return false };
    json.object("opcua").text("message_type", first.kind.word());
    if let Some(version) = first.version {
        json.number("version", version);
    }
    if first.channel != 0 {
        json.number("channel_id", first.channel);
    }
    for (key, value) in [("endpoint", &first.endpoint), ("security_policy", &first.policy)] {
        if let Some(value) = value {
            json.bytes_text(key, value);
        }
    }
    if let Some(request) = first.request {
        json.number("request_id", request);
    }
    if let Some(service) = first.service {
        json.number("service_id", service).text("service", names::service(service).unwrap_or("unknown"));
    }
    if let (Some(_), Some(answer)) = (&exchange.request, &exchange.response) {
        json.text("answer", answer.service.and_then(names::service).unwrap_or(answer.kind.word()));
    }
    let answer = exchange.response.as_ref().unwrap_or(first);
    if let Some(status) = answer.status {
        json.display("status", format_args!("{status:#010x}"));
    }
    if let Some(reason) = &answer.reason {
        json.bytes_text("reason", reason);
    }
    json.end();
    true
}
