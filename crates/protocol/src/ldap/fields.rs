//! Keywords and facts of LDAP.

use super::Exchange;
use super::message::{Attribute, Content, Message};
use super::names::{OPERATIONS, RESULTS};
use crate::{Field, FieldKind, Scope, Sides};

fn request<'a>(scope: &Scope<'a>) -> Option<&'a Message> {
    scope.tx::<Exchange>().request.as_ref()
}

fn response<'a>(scope: &Scope<'a>, at: usize) -> Option<&'a Message> {
    scope.tx::<Exchange>().responses.get(at)
}

/// The name that an operation is about; empty for those without one.
fn dn(message: &Message) -> Option<&[u8]> {
    match &message.content {
        Content::Bind { name, .. } => Some(name),
        Content::Search(search) => Some(&search.base),
        Content::Entry { base, .. } => Some(base),
        Content::Modify { object, .. } => Some(object),
        Content::Delete(dn) => Some(dn),
        Content::Rename { entry, .. } | Content::Compare { entry, .. } => Some(entry),
        Content::Outcome(outcome) => Some(&outcome.matched),
        _ => None,
    }
}

fn attribute(message: &Message, at: usize) -> Option<&[u8]> {
    match &message.content {
        Content::Search(search) => search.attributes.get(at).map(Vec::as_slice),
        Content::Entry { attributes, .. } => attributes.get(at).map(|Attribute { name, .. }| name.as_slice()),
        Content::Modify { changes, .. } => changes.get(at).map(|(_, attribute)| attribute.name.as_slice()),
        Content::Compare { attribute, .. } if at == 0 => Some(attribute),
        _ => None,
    }
}

/// Attribute `at` of all responses in order.
fn response_attribute<'a>(scope: &Scope<'a>, at: usize) -> Option<&'a [u8]> {
    let all = scope.tx::<Exchange>().responses.iter();
    all.flat_map(|message| (0..).map_while(move |at| attribute(message, at))).nth(at)
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "ldap.request.operation",
        help: "What is asked for.",
        sides: Sides::ToServer,
        kind: FieldKind::Number {
            bits: 8,
            names: OPERATIONS,
            get: |scope| request(scope).map(|message| message.operation.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.operation",
        help: "Kinds of the answers.",
        sides: Sides::ToClient,
        kind: FieldKind::Numbers {
            bits: 8,
            names: OPERATIONS,
            get: |scope, at| response(scope, at).map(|message| message.operation.into()),
        },
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.count",
        help: "How many answers there are.",
        sides: Sides::ToClient,
        kind: FieldKind::Number {
            bits: 32,
            names: &[],
            get: |scope| Some(scope.tx::<Exchange>().responses.len() as u64),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.result_code",
        help: "Results of the answers.",
        sides: Sides::ToClient,
        kind: FieldKind::Numbers {
            bits: 32,
            names: RESULTS,
            get: |scope, at| {
                let all = scope.tx::<Exchange>().responses.iter();
                all.filter_map(|message| match &message.content {
                    Content::Outcome(outcome) => Some(outcome.code),
                    _ => None,
                })
                .nth(at)
            },
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ldap.request.dn",
        help: "The name that is asked about: base of a search, entry of a change, who binds.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| request(scope).and_then(dn)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.dn",
        help: "Names in the answers.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, at, _| {
            response(scope, at).map(|message| dn(message).unwrap_or_default())
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.message",
        help: "Messages for people in the answers.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, at, _| {
            response(scope, at).map(|message| match &message.content {
                Content::Outcome(outcome) => outcome.message.as_slice(),
                _ => &[],
            })
        }),
        ..Field::EMPTY
    },
    Field {
        name: "ldap.request.attribute_type",
        help: "Attributes that are asked for or changed.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, at, _| request(scope).and_then(|message| attribute(message, at))),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ldap.responses.attribute_type",
        help: "Attributes in the answers.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, at, _| response_attribute(scope, at)),
        ..Field::EMPTY
    },
    Field {
        name: "ldap.request.filter",
        help: "Filter of a search, in the words of RFC 4515.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| match &request(scope)?.content {
            Content::Search(search) => Some(search.filter.as_bytes()),
            _ => None,
        }),
        fact: true,
        ..Field::EMPTY
    },
];
