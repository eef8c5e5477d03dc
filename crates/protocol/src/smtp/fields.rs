//! Fields of mails: the rule keywords `smtp.*` and `email.*`.

use super::{DATA, Mail, Smtp};
use crate::mime::{Header, Message};
use crate::{Field, FieldKind, Scope, Sides};

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "smtp.helo",
        help: "Name that the client gave for itself.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| present(&scope.state::<Smtp>().helo)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smtp.mail_from",
        help: "Sender of the envelope.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| scope.tx::<Mail>().mail_from.as_deref()),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "smtp.rcpt_to",
        help: "Recipient of the envelope.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, index, _| scope.tx::<Mail>().rcpt_to.get(index).map(Vec::as_slice)),
        fact: true,
        ..Field::EMPTY
    },
    Field::number(
        "smtp.refused_logins",
        "How many logins the server refused (RFC 4954).",
        32,
        &[],
        |scope| Some(u64::from(scope.tx::<Mail>().refused)).filter(|refused| *refused > 0),
    )
    .asked()
    .fact(),
    Field::number("smtp.authenticated", "1 once a login was accepted (RFC 4954).", 8, &[], |scope| {
        scope.tx::<Mail>().authenticated.then_some(1)
    })
    .asked()
    .fact(),
    email("email.from", "Header field From.", FieldKind::Bytes(|scope, _| header(scope, b"from"))),
    email("email.subject", "Header field Subject.", FieldKind::Bytes(|scope, _| header(scope, b"subject"))),
    email("email.to", "Header field To.", FieldKind::Bytes(|scope, _| header(scope, b"to"))),
    email("email.cc", "Header field Cc.", FieldKind::Bytes(|scope, _| header(scope, b"cc"))),
    email("email.date", "Header field Date.", FieldKind::Bytes(|scope, _| header(scope, b"date"))),
    email(
        "email.message_id",
        "Header field Message-Id.",
        FieldKind::Bytes(|scope, _| header(scope, b"message-id")),
    ),
    email(
        "email.x_mailer",
        "Header field X-Mailer.",
        FieldKind::Bytes(|scope, _| header(scope, b"x-mailer")),
    ),
    email(
        "email.url",
        "URL in the text.",
        FieldKind::List(|scope, index, _| mime(scope)?.urls.get(index).map(Vec::as_slice)),
    ),
    email(
        "email.received",
        "Header field Received.",
        FieldKind::List(|scope, index, _| {
            let mut received = mime(scope)?.headers().iter().filter(|field| is_received(field));
            received.nth(index).map(|field| field.value.as_slice())
        }),
    ),
    email(
        "email.forwarded",
        "First header field by which a mail says that a rule passed it on: Auto-Submitted (RFC 3834), Resent-To (RFC 5322 \
         §3.6.6), X-Forwarded-To and their like.",
        FieldKind::Bytes(|scope, _| forwarded(scope)),
    ),
    email("email.body_md5", "MD5 of the body, in hexadecimal.", FieldKind::Bytes(body_md5)),
];

const fn email(name: &'static str, help: &'static str, kind: FieldKind) -> Field {
    Field { name, help, sides: Sides::ToServer, progress: [DATA, DATA], kind, fact: true, ..Field::EMPTY }
}

fn is_received(field: &Header) -> bool {
    field.name.eq_ignore_ascii_case(b"received")
}

fn present(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn mime<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    scope.tx::<Mail>().mime.as_deref()
}

fn header<'a>(scope: &Scope<'a>, name: &[u8]) -> Option<&'a [u8]> {
    present(mime(scope)?.header(name)?)
}

fn forwarded<'a>(scope: &Scope<'a>) -> Option<&'a [u8]> {
    const NAMES: [&[u8]; 5] = [
        b"x-forwarded-to",
        b"x-forwarded-for",
        b"resent-to",
        b"x-ms-exchange-inbox-rules-loop",
        b"x-forwarding-to",
    ];
    let says = header(scope, b"auto-submitted").filter(|value| begins(value, b"auto-forwarded"));
    says.or_else(|| NAMES.iter().find_map(|name| header(scope, name)))
}

fn begins(value: &[u8], word: &[u8]) -> bool {
    value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn body_md5<'a>(scope: &Scope<'a>, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    scratch.extend(mime(scope)?.body_md5?.into_iter().flat_map(json::hex_pair));
    Some(scratch)
}
