//! Rule keywords, facts and EVE records of Kerberos.

use json::Json;

use super::message::Message;
use super::names;
use crate::{Condition, Field, FieldKind, Scope, Sides};

fn message<'a>(scope: &Scope<'a>) -> &'a Message {
    scope.tx::<Box<Message>>()
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "krb5_msg_type",
        aliases: &["krb5.msg_type"],
        help: "Type of the message.",
        kind: FieldKind::Number {
            bits: 8,
            names: names::MESSAGES,
            get: |scope| Some(message(scope).kind.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "krb5_err_code",
        aliases: &["krb5.err_code"],
        help: "Code of an error.",
        sides: Sides::ToClient,
        kind: FieldKind::Number {
            bits: 32,
            names: &[],
            get: |scope| u64::try_from(message(scope).error?).ok(),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "krb5.cname",
        aliases: &["krb5_cname"],
        help: "Each component of the client's name.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, index, _| {
            message(scope).client.as_ref()?.get(index).map(Vec::as_slice)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "krb5.sname",
        aliases: &["krb5_sname"],
        help: "Each component of the service's name.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, index, _| {
            message(scope).service.as_ref()?.get(index).map(Vec::as_slice)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "krb5.ticket_encryption",
        help: "Encryption of the ticket: numbers or names with commas, `weak`, `!` to exclude.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(ticket_encryption),
        ..Field::EMPTY
    },
    Field {
        name: "krb5.ticket_etype",
        help: "Encryption of the ticket as a number.",
        sides: Sides::ToClient,
        kind: FieldKind::Number {
            bits: 32,
            names: &[],
            get: |scope| u64::try_from(message(scope).ticket_encryption?).ok(),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field::bytes("krb5.client", "The client's name, its components with `/` between.", |scope, scratch| {
        joined(message(scope).client.as_ref()?, scratch)
    })
    .fact(),
    Field::bytes("krb5.service", "The service's name, its components with `/` between.", |scope, scratch| {
        joined(message(scope).service.as_ref()?, scratch)
    })
    .fact(),
    Field::number("krb5.reply_etype", "Encryption of an answer's sealed part.", 32, &[], |scope| {
        u64::try_from(message(scope).encryption?).ok()
    })
    .fact(),
    Field::numbers("krb5.offered_etype", "Encryptions that a request offers.", 32, &[], |scope, index| {
        message(scope).offered.get(index).and_then(|number| u64::try_from(*number).ok())
    })
    .fact(),
    Field::numbers("krb5.proof", "Kinds of data that prove who asks.", 32, &[], |scope, index| {
        message(scope).proofs.get(index).and_then(|number| u64::try_from(*number).ok())
    })
    .fact(),
];

fn joined<'a>(name: &[Vec<u8>], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    *scratch = name.join(&b'/');
    Some(scratch)
}

#[derive(Debug)]
struct Encryption {
    /// `None` in the list: any weak one.
    list: Vec<Option<i32>>,
    negated: bool,
}

impl Condition for Encryption {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let Some(found) = message(scope).ticket_encryption else { return false };
        let named = self.list.iter().any(|wish| wish.map_or(names::is_weak(found), |wish| wish == found));
        named != self.negated
    }
}

fn ticket_encryption(argument: &str) -> Result<Box<dyn Condition>, String> {
    let text = argument.trim();
    let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let list = text
        .split(',')
        .map(|item| {
            let item = item.trim();
            if item.eq_ignore_ascii_case("weak") {
                return Ok(None);
            }
            let named = names::ENCRYPTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(item));
            let number = named.map(|(_, number)| *number).or_else(|| item.parse().ok());
            number.map(Some).ok_or_else(|| format!("`{item}` is not an encryption type of Kerberos"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Box::new(Encryption { list, negated }))
}

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = message(scope);
    if message.kind == 0 {
        return false;
    }
    json.object("krb5").text("msg_type", names::message(message.kind));
    if let Some(code) = message.error {
        json.text("failed_request", names::message(message.failed.unwrap_or(message.kind)));
        json.text("error_code", &names::error(code));
    }
    write_name("cname", message.client.as_deref(), json);
    json.bytes_text("realm", message.realm.as_deref().unwrap_or(b"<empty>"));
    write_name("sname", message.service.as_deref(), json);
    match message.encryption {
        Some(number) => json.text("encryption", &names::encryption(number)),
        None => json.text("encryption", "<none>"),
    };
    json.boolean("weak_encryption", message.encryption.is_some_and(names::is_weak));
    if let Some(number) = message.ticket_encryption {
        json.text("ticket_encryption", &names::encryption(number));
        json.boolean("ticket_weak_encryption", names::is_weak(number));
    }
    json.end();
    true
}

fn write_name(key: &str, name: Option<&[Vec<u8>]>, json: &mut Json) {
    match name {
        Some(parts) => json.bytes_text(key, &parts.join(&b'/')),
        None => json.text(key, "<empty>"),
    };
}
