//! SIP messages in EVE.

use json::Json;

use super::message::{First, Message};
use crate::{Scope, sdp};

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = scope.tx::<Message>();
    json.object("sip");
    match &message.first {
        First::Request { method, uri, version } => {
            json.bytes_text("method", method).bytes_text("uri", uri).bytes_text("version", version);
            json.bytes_text("request_line", &message.line);
        }
        First::Response { version, code, reason } => {
            json.bytes_text("version", version).bytes_text("code", code).bytes_text("reason", reason);
            json.bytes_text("response_line", &message.line);
        }
    }
    if let Some(description) = &message.sdp {
        sdp::write(description, json);
    }
    json.end();
    true
}
