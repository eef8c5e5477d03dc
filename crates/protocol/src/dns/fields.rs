//! Fields of DNS messages: the rule keywords `dns.*`.

use std::net::IpAddr;

use model::Direction;

use super::message::{Data, Message, Name, Record};
use super::names::{CODES, TYPES};
use crate::{Field, FieldKind, Scope, Sides};

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "dns.query",
        aliases: &["dns_query"],
        help: "Name in a question of a request.",
        sides: Sides::ToServer,
        kind: FieldKind::List(query_name),
        ..Field::EMPTY
    },
    Field { fact: true, ..name_field("dns.queries.rrname", "Name in a question.", query_name) },
    name_field("dns.answers.rrname", "Owner name of an answer.", answer_name),
    Field {
        fact: true,
        ..name_field("dns.answers.address", "Address in an A or AAAA answer, as text.", answer_address)
    },
    Field { fact: true, ..name_field("dns.answers.text", "Content of a TXT or NULL answer.", answer_text) },
    name_field("dns.authorities.rrname", "Owner name in the authority section.", authority_name),
    name_field("dns.additionals.rrname", "Owner name in the additional section.", additional_name),
    Field {
        fact: true,
        ..name_field(
            "dns.response.rrname",
            "Owner names of all records, and the names in their data.",
            response_name,
        )
    },
    Field {
        name: "dns.opcode",
        help: "Operation code.",
        kind: FieldKind::Number { bits: 8, names: &[], get: |scope| Some(message(scope).opcode().into()) },
        ..Field::EMPTY
    },
    Field {
        name: "dns.rcode",
        help: "Response code.",
        kind: FieldKind::Number { bits: 16, names: CODES, get: |scope| Some(message(scope).rcode().into()) },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "dns.rrtype",
        help: "Type asked for in requests, types of the answers in responses.",
        kind: FieldKind::Numbers { bits: 16, names: TYPES, get: rrtype },
        fact: true,
        ..Field::EMPTY
    },
];

/// A sticky buffer over names in both directions.
pub(crate) const fn name_field(
    name: &'static str,
    help: &'static str,
    get: for<'a> fn(&Scope<'a>, usize, &'a mut Vec<u8>) -> Option<&'a [u8]>,
) -> Field {
    Field { name, help, kind: FieldKind::List(get), ..Field::EMPTY }
}

fn message<'a>(scope: &Scope<'a>) -> &'a Message {
    scope.tx::<Message>()
}

/// Name of question `index`.
pub(crate) fn query_name<'a>(scope: &Scope<'a>, index: usize, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let message = message(scope);
    message.queries.get(index).map(|query| message.name(query.name))
}

fn owner<'a>(message: &'a Message, records: &[Record], index: usize) -> Option<&'a [u8]> {
    records.get(index).map(|record| message.name(record.name))
}

/// Owner of answer `index`.
pub(crate) fn answer_name<'a>(scope: &Scope<'a>, index: usize, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    owner(message(scope), message(scope).answers(), index)
}

/// Address of the answer that is number `index` among those with an address.
fn answer_address<'a>(scope: &Scope<'a>, index: usize, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let message = message(scope);
    let mut addresses = message.answers().iter().filter_map(|record| match record.data {
        Data::Address(span) => Some(message.bytes(span)),
        _ => None,
    });
    let bytes = addresses.nth(index)?;
    let address: IpAddr = match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(octets), _) => octets.into(),
        (_, Ok(octets)) => octets.into(),
        _ => return None,
    };
    scratch.extend_from_slice(address.to_string().as_bytes());
    Some(scratch)
}

/// Content of the answer that is number `index` among those of type TXT or NULL.
fn answer_text<'a>(scope: &Scope<'a>, index: usize, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let message = message(scope);
    let free = message.answers().iter().filter(|record| matches!(record.data, Data::Text(_) | Data::Null(_)));
    match free.clone().nth(index)?.data {
        Data::Text(span) => message.strings(span).for_each(|text| scratch.extend_from_slice(text)),
        Data::Null(span) => scratch.extend_from_slice(message.bytes(span)),
        _ => {}
    }
    Some(scratch)
}

/// Owner of authority record `index`.
pub(crate) fn authority_name<'a>(scope: &Scope<'a>, index: usize, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    owner(message(scope), message(scope).authorities(), index)
}

/// Owner of additional record `index`.
pub(crate) fn additional_name<'a>(scope: &Scope<'a>, index: usize, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    owner(message(scope), message(scope).additionals(), index)
}

/// Two places per record: its owner, and the name in its data (its owner again when there is none).
pub(crate) fn response_name<'a>(scope: &Scope<'a>, index: usize, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let message = message(scope);
    let record = message.records().get(index / 2)?;
    let name =
        if index.is_multiple_of(2) { record.name } else { name_in_data(&record.data).unwrap_or(record.name) };
    Some(message.name(name))
}

fn name_in_data(data: &Data) -> Option<Name> {
    match *data {
        Data::Name(name) | Data::Srv(_, name) => Some(name),
        Data::Soa { mname, .. } => Some(mname),
        Data::Address(_)
        | Data::Text(_)
        | Data::Null(_)
        | Data::Sshfp(..)
        | Data::Options(_)
        | Data::Other => None,
    }
}

fn rrtype(scope: &Scope<'_>, index: usize) -> Option<u64> {
    let message = message(scope);
    let rrtype = match scope.direction {
        Direction::ToServer => message.queries.get(index)?.rrtype,
        Direction::ToClient => message.answers().get(index)?.rrtype,
    };
    Some(rrtype.into())
}
