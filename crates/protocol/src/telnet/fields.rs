//! Keywords, facts and records of Telnet.

use json::Json;

use super::Exchange;
use super::option::{Negotiation, describe};
use super::typing::{Kind, Outcome, Typed};
use crate::{Field, Scope};

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Username => "username",
            Kind::Password => "password",
            Kind::Command => "command",
        }
    }
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
        }
    }
}

fn line<'a>(scope: &Scope<'a>) -> Option<&'a Typed> {
    match scope.tx::<Exchange>() {
        Exchange::Line(line) => Some(line),
        Exchange::Negotiation(_) => None,
    }
}

fn negotiation<'a>(scope: &Scope<'a>) -> Option<&'a Negotiation> {
    match scope.tx::<Exchange>() {
        Exchange::Negotiation(known) => Some(known),
        Exchange::Line(_) => None,
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field::bytes("telnet.kind", "What a line is for: `username`, `password`, `command`.", |scope, _| {
        line(scope).map(|line| line.kind.name().as_bytes())
    })
    .asked()
    .fact(),
    Field::bytes("telnet.line", "The line that was typed; `***` for a password.", |scope, _| {
        line(scope).map(|line| &*line.text)
    })
    .asked()
    .fact(),
    Field::bytes("telnet.prompt", "The prompt that it was typed at.", |scope, _| {
        line(scope).map(|line| &*line.prompt)
    })
    .asked(),
    Field::bytes("telnet.user", "Name that was given at the last prompt for one.", |scope, _| {
        line(scope).map(|line| &*line.user).filter(|user| !user.is_empty())
    })
    .asked()
    .fact(),
    Field::bytes(
        "telnet.login",
        "How a login went: `success` or `failure`, by what came back.",
        |scope, _| line(scope)?.outcome().map(|outcome| outcome.name().as_bytes()),
    )
    .answered()
    .fact(),
    Field::bytes("telnet.response", "Start of what came back.", |scope, _| {
        line(scope).map(|line| &*line.answer)
    })
    .answered(),
    Field::bytes("telnet.terminal", "Kind of the client's terminal.", |scope, _| {
        negotiation(scope)?.terminal.as_deref()
    })
    .asked()
    .fact(),
    Field::bytes("telnet.environment_user", "Variable USER that the client sends.", |scope, _| {
        negotiation(scope)?.variable(b"USER")
    })
    .asked()
    .fact(),
];

/// Writes `"telnet": {…}`.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    json.object("telnet");
    match scope.tx::<Exchange>() {
        Exchange::Negotiation(known) => write_negotiation(known, json),
        Exchange::Line(line) => {
            json.text("kind", line.kind.name()).bytes_text("prompt", &line.prompt);
            json.bytes_text("line", &line.text);
            if !line.user.is_empty() && line.kind != Kind::Username {
                json.bytes_text("user", &line.user);
            }
            if let Some(outcome) = line.outcome() {
                json.text("login", outcome.name());
            }
            if !line.answer.is_empty() {
                json.bytes_text("response", &line.answer);
            }
        }
    }
    json.end();
    true
}

fn write_negotiation(known: &Negotiation, json: &mut Json) {
    json.text("kind", "negotiation");
    for (key, options) in ["client_options", "server_options"].into_iter().zip(&known.options) {
        if options.is_empty() {
            continue;
        }
        json.array(key);
        for (verb, option) in options {
            json.text_item(&describe(*verb, *option));
        }
        json.end();
    }
    if let Some(terminal) = &known.terminal {
        json.bytes_text("terminal", terminal);
    }
    if !known.environment.is_empty() {
        json.array("environment");
        for (name, value) in &known.environment {
            json.object_item().bytes_text("name", name).bytes_text("value", value).end();
        }
        json.end();
    }
}
