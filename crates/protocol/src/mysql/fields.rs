//! Keywords, facts and records of MySQL.

use json::Json;

use super::names::{self, COMMANDS};
use super::result::Status;
use super::{Exchange, MySql};
use crate::{Field, Scope};

fn here<'a>(scope: &Scope<'a>) -> &'a Exchange {
    scope.tx()
}

pub(super) const FIELDS: &[Field] = &[
    Field::bytes("mysql.version", "Version that the server says it is.", |scope, _| {
        here(scope).greeting.as_ref().map(|greeting| &*greeting.version)
    })
    .answered()
    .fact(),
    Field::bytes("mysql.user", "Name of the user.", |scope, _| {
        match &here(scope).login {
            Some(login) => Some(&*login.user),
            None => Some(&*scope.state::<MySql>().user),
        }
        .filter(|user| !user.is_empty())
    })
    .asked()
    .fact(),
    Field::bytes("mysql.database", "Database that a login or a command names.", |scope, _| {
        let exchange = here(scope);
        match (&exchange.login, exchange.command) {
            (Some(login), _) => Some(&*login.database).filter(|name| !name.is_empty()),
            (None, Some(2 | 5 | 6)) => Some(&*exchange.text),
            _ => None,
        }
    })
    .asked()
    .fact(),
    Field::number("mysql.command", "Command.", 8, COMMANDS, |scope| here(scope).command.map(u64::from))
        .asked(),
    Field::bytes("mysql.command_name", "Name of the command.", |scope, _| {
        here(scope).command.and_then(names::command).map(str::as_bytes)
    })
    .asked()
    .fact(),
    Field::bytes("mysql.query", "Text of a query or of a statement that is prepared.", |scope, _| {
        Some(&*here(scope).text).filter(|_| matches!(here(scope).command, Some(3 | 22)))
    })
    .asked()
    .fact(),
    Field::number("mysql.error_code", "Number of the error that came back.", 16, &[], |scope| {
        here(scope).outcome.error.as_ref().map(|(code, _)| u64::from(*code))
    })
    .answered()
    .fact(),
    Field::number("mysql.rows", "Rows that came back.", 64, &[], |scope| {
        let outcome = &here(scope).outcome;
        (outcome.status == Status::Rows).then_some(outcome.rows)
    })
    .answered()
    .fact(),
    Field::bytes("mysql.local_file", "File of the client that the server asks for.", |scope, _| {
        here(scope).outcome.local_file.as_deref()
    })
    .answered()
    .fact(),
];

/// Writes `"mysql": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let exchange = here(scope);
    if exchange.greeting.is_none() && exchange.command.is_none() && exchange.outcome.status == Status::None {
        return false;
    }
    json.object("mysql");
    if let Some(greeting) = &exchange.greeting {
        json.bytes_text("version", &greeting.version).number("connection_id", greeting.connection);
    }
    if let Some(login) = &exchange.login {
        json.boolean("tls", login.tls);
        for (key, value) in
            [("user", &login.user), ("database", &login.database), ("auth_plugin", &login.plugin)]
        {
            if !value.is_empty() {
                json.bytes_text(key, value);
            }
        }
    }
    if let Some(command) = exchange.command {
        match names::command(command) {
            Some(name) => json.text("command", name),
            None => json.number("command", command),
        };
        match command {
            3 | 22 => json.bytes_text("query", &exchange.text),
            2 | 5 | 6 => json.bytes_text("database", &exchange.text),
            _ => json,
        };
    }
    write_outcome(exchange, json);
    json.end();
    true
}

fn write_outcome(exchange: &Exchange, json: &mut Json) {
    let outcome = &exchange.outcome;
    match outcome.status {
        Status::None => {}
        Status::Ok => {
            json.text("status", "ok").number("affected_rows", outcome.affected);
        }
        Status::Rows => {
            json.text("status", "ok").number("columns", outcome.columns).number("rows", outcome.rows);
        }
        Status::Error => {
            json.text("status", "error");
        }
    }
    if let Some((code, text)) = &outcome.error {
        json.number("error_code", *code).bytes_text("error_message", text);
    }
    if let Some(name) = &outcome.local_file {
        json.bytes_text("local_file", name);
    }
}
