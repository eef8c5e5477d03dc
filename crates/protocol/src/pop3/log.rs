//! POP3 exchanges in EVE.

use json::Json;

use super::Exchange;
use crate::Scope;

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("pop3");
    if let Some(keyword) = &exchange.keyword {
        json.object("request").bytes_text("command", keyword);
        json.array("args");
        for argument in &exchange.arguments {
            json.bytes_item(argument);
        }
        json.end().end();
    }
    if let Some(response) = &exchange.response {
        json.object("response").boolean("success", response.success);
        json.text("status", if response.success { "OK" } else { "ERR" });
        json.bytes_text("header", &response.header);
        json.array("data");
        for line in &response.lines {
            json.bytes_item(line);
        }
        json.end().end();
    }
    json.end();
    true
}
