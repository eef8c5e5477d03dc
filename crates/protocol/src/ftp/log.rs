//! FTP exchanges in EVE.

use json::Json;

use super::{Exchange, Reply};
use crate::Scope;

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("ftp");
    if let Some(command) = exchange.command {
        json.text("command", command.name());
        if let Some(argument) = exchange.shown() {
            json.bytes_text("command_data", argument);
            json.boolean("command_truncated", exchange.request_truncated);
        }
    }
    if !exchange.replies.is_empty() {
        json.array("completion_code");
        for code in exchange.replies.iter().filter_map(Reply::code) {
            json.bytes_item(code);
        }
        json.end();
        json.array("reply");
        for reply in &exchange.replies {
            json.bytes_item(reply.text());
        }
        json.end();
    }
    if let Some(port) = exchange.port() {
        json.number("dynamic_port", port);
    }
    if let Some(mode) = exchange.mode() {
        json.text("mode", mode);
    }
    json.text("reply_received", if exchange.done { "yes" } else { "no" });
    json.boolean("reply_truncated", exchange.reply_truncated);
    json.end();
    true
}
