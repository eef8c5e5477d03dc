//! PostgreSQL exchanges in EVE.

use json::Json;

use super::message::{Request, Response};
use super::{Exchange, Pgsql};
use crate::Scope;

/// Writes `"pgsql": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = scope.tx::<Exchange>();
    json.object("pgsql").number("tx_id", scope.core.id + 1);
    if !exchange.requests.is_empty() {
        json.object("request");
        for request in &exchange.requests {
            write_request(request, scope.state::<Pgsql>().passwords, json);
        }
        json.end();
    }
    if !exchange.responses.is_empty() || !exchange.parameters.is_empty() {
        json.object("response");
        for response in &exchange.responses {
            write_response(response, json);
        }
        if !exchange.parameters.is_empty() {
            json.array("parameter_status");
            exchange.parameters.iter().for_each(|parameter| write_parameter(parameter, json));
            json.end();
        }
        json.end();
    }
    json.end();
    true
}

fn write_request(request: &Request, passwords: bool, json: &mut Json) {
    match request {
        Request::Ssl => json.text("message", "SSL Request"),
        Request::Startup { version, user, parameters } => {
            json.display("protocol_version", format_args!("{}.{}", version.0, version.1));
            json.object("startup_parameters");
            if let Some(user) = user {
                json.bytes_text("user", user);
            }
            if !parameters.is_empty() {
                json.array("optional_parameters");
                parameters.iter().for_each(|parameter| write_parameter(parameter, json));
                json.end();
            }
            json.end()
        }
        Request::Cancel { process, secret } => json
            .text("message", "cancel_request")
            .number("process_id", *process)
            .number("secret_key", *secret),
        Request::Password(password) if passwords => json.bytes_text("password", password),
        Request::Password(_) => json.boolean("password_redacted", true),
        Request::SaslInitial { mechanism, parameter } => {
            let mechanism: &[u8] = match mechanism.as_slice() {
                b"SCRAM-SHA-256" => b"scram_SHA256",
                b"SCRAM-SHA-256-PLUS" => b"scram_SHA256_plus",
                other => other,
            };
            json.bytes_text("sasl_authentication_mechanism", mechanism).bytes_text("sasl_param", parameter)
        }
        Request::SaslResponse(response) => json.bytes_text("sasl_response", response),
        Request::Query(query) => json.bytes_text("simple_query", query),
        Request::CopyData { count, bytes } => {
            json.object("copy_data_in").number("msg_count", *count).number("data_size", *bytes).end()
        }
        Request::CopyDone => json.text("message", "copy_done"),
        Request::CopyFail(cause) => json.bytes_text("copy_fail", cause),
        Request::Terminate => json.text("message", "termination_message"),
    };
}

fn write_response(response: &Response, json: &mut Json) {
    match response {
        Response::Ssl(accepted) => {
            json.boolean("ssl_accepted", *accepted);
        }
        Response::Fields { fields, .. } => {
            for (name, value) in fields {
                json.bytes_text(name, value);
            }
        }
        Response::Authentication(name) => {
            json.text("message", name);
        }
        Response::Md5(salt) => {
            json.bytes_text("authentication_md5_password", salt);
        }
        Response::SaslFinal(parameter) => {
            json.bytes_text("authentication_sasl_final", parameter);
        }
        Response::Key { process, secret } => {
            json.number("process_id", *process).number("secret_key", *secret);
        }
        Response::RowDescription(count) => {
            json.number("field_count", *count);
        }
        Response::Rows { count, bytes } => {
            json.number("data_rows", *count).number("data_size", *bytes);
        }
        Response::Completed(command) => {
            json.bytes_text("command_completed", command);
        }
        Response::CopyIn(columns) => {
            json.object("copy_in_response").number("columns", *columns).end();
        }
        Response::CopyOut(columns) => {
            json.object("copy_out_response").number("columns", *columns).end();
        }
        Response::CopyData { count, bytes } => {
            json.object("copy_data_out").number("row_count", *count).number("data_size", *bytes).end();
        }
        Response::CopyDone => {
            json.text("message", "copy_done");
        }
        Response::Notification { process, channel, payload } => {
            json.number("pid", *process).bytes_text("channel_name", channel).bytes_text("payload", payload);
        }
        Response::Parameter(..) | Response::Ready | Response::Unknown => {}
    }
}

fn write_parameter((name, value): &(Vec<u8>, Vec<u8>), json: &mut Json) {
    let name: &[u8] = match name.as_slice() {
        b"DateStyle" => b"date_style",
        b"IntervalStyle" => b"interval_style",
        b"TimeZone" => b"time_zone",
        name => name,
    };
    let mut key = Vec::new();
    json::escape_into(&mut key, name);
    json.object_item().bytes_text(&String::from_utf8_lossy(&key), value).end();
}
