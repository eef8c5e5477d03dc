//! Keywords, facts and records of IMAP.

use json::Json;

use super::{Exchange, Imap};
use crate::{Field, Scope};

fn here<'a>(scope: &Scope<'a>) -> &'a Exchange {
    scope.tx()
}

fn header<'a>(scope: &Scope<'a>, name: &[u8]) -> Option<&'a [u8]> {
    here(scope).mail.as_ref()?.header(name)
}

pub(super) const FIELDS: &[Field] = &[
    Field::bytes("imap.command", "Name of the command, in upper case.", |scope, _| {
        Some(&*here(scope).command.name).filter(|name| !name.is_empty())
    })
    .asked()
    .fact(),
    Field::list("imap.argument", "Each argument of the command; `***` for a password.", |scope, index, _| {
        here(scope).command.arguments.get(index).map(Vec::as_slice)
    })
    .asked(),
    Field::bytes("imap.user", "Name of the user who logged in.", |scope, _| {
        Some(&*scope.state::<Imap>().user).filter(|user| !user.is_empty())
    })
    .asked()
    .fact(),
    Field::bytes("imap.mailbox", "Mailbox that the command names.", |scope, _| here(scope).command.mailbox())
        .asked()
        .fact(),
    Field::bytes("imap.status", "How the command went: OK, NO or BAD.", |scope, _| {
        here(scope).status.map(|status| status.word().as_bytes())
    })
    .answered()
    .fact(),
    Field::bytes("imap.text", "What the server says of it.", |scope, _| Some(&here(scope).text)).answered(),
    Field::bytes("imap.mail_from", "Header `From` of a mail that is fetched or appended.", |scope, _| {
        header(scope, b"from")
    })
    .fact(),
    Field::bytes(
        "imap.mail_subject",
        "Header `Subject` of a mail that is fetched or appended.",
        |scope, _| header(scope, b"subject"),
    )
    .fact(),
    Field::list("imap.mail_attachment", "Name of each attachment of a mail.", |scope, index, _| {
        here(scope).mail.as_ref()?.attachments.get(index).map(Vec::as_slice)
    })
    .fact(),
    Field::list("imap.mail_url", "Each URL in a mail.", |scope, index, _| {
        here(scope).mail.as_ref()?.urls.get(index).map(Vec::as_slice)
    })
    .fact(),
];

/// Writes `"imap": {…}`, and `"email": {…}` for a mail.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let (exchange, session) = (here(scope), scope.state::<Imap>());
    json.object("imap");
    let command = &exchange.command;
    if !command.name.is_empty() {
        json.bytes_text("tag", &command.tag).bytes_text("command", &command.name);
    }
    if !command.arguments.is_empty() {
        json.array("arguments");
        for argument in &command.arguments {
            json.bytes_item(argument);
        }
        json.end();
    }
    if !session.user.is_empty() {
        json.bytes_text("user", &session.user);
    }
    if let Some(number) = exchange.number {
        json.number("message_number", number);
        if !session.mailbox.is_empty() {
            json.bytes_text("mailbox", &session.mailbox);
        }
    }
    if let Some(status) = exchange.status {
        json.text("status", status.word()).bytes_text("text", &exchange.text);
        json.number("untagged", exchange.untagged);
    }
    json.end();
    if let Some(mail) = &exchange.mail {
        json.object("email");
        crate::smtp::write_mail(mail, json);
        json.end();
    }
    true
}
