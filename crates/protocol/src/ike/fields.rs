//! Rule keywords and facts of IKE.

use super::{Message, names};
use crate::{Condition, Field, FieldKind, Scope, Sides};
use json::hex;

fn message<'a>(scope: &Scope<'a>) -> &'a Message {
    scope.tx::<Box<Message>>()
}

fn filled(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

fn length(bytes: &[u8]) -> Option<u64> {
    filled(bytes).map(|bytes| bytes.len() as u64)
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "ike.init_spi",
        help: "Initiator's SPI in hexadecimal.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, scratch| {
            scratch.extend_from_slice(hex(&message(scope).header.initiator).as_bytes());
            Some(scratch)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ike.resp_spi",
        help: "Responder's SPI in hexadecimal.",
        sides: Sides::ToClient,
        kind: FieldKind::Bytes(|scope, scratch| {
            scratch.extend_from_slice(hex(&message(scope).header.responder).as_bytes());
            Some(scratch)
        }),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ike.exchtype",
        help: "Type of the exchange.",
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| Some(message(scope).header.exchange.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ike.vendor",
        help: "Each vendor id in hexadecimal.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, index, _| message(scope).vendors.get(index).map(String::as_bytes)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ike.key_exchange_payload",
        help: "The key exchange's public value.",
        kind: FieldKind::Bytes(|scope, _| filled(&message(scope).key_exchange)),
        ..Field::EMPTY
    },
    Field {
        name: "ike.key_exchange_payload_length",
        help: "Bytes of the key exchange's public value.",
        kind: FieldKind::Number { bits: 32, names: &[], get: |scope| length(&message(scope).key_exchange) },
        ..Field::EMPTY
    },
    Field {
        name: "ike.nonce_payload",
        help: "The nonce.",
        kind: FieldKind::Bytes(|scope, _| filled(&message(scope).nonce)),
        ..Field::EMPTY
    },
    Field {
        name: "ike.nonce_payload_length",
        help: "Bytes of the nonce.",
        kind: FieldKind::Number { bits: 32, names: &[], get: |scope| length(&message(scope).nonce) },
        ..Field::EMPTY
    },
    Field {
        name: "ike.chosen_sa_attribute",
        help: "An attribute of the transform that the server chose, as in `alg_enc=7`.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(chosen),
        ..Field::EMPTY
    },
];

#[derive(Debug)]
struct Chosen {
    kind: u16,
    number: u32,
}

impl Condition for Chosen {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let mut chosen = message(scope).chosen.iter();
        chosen.any(|attribute| attribute.kind == self.kind && attribute.number == Some(self.number))
    }
}

fn chosen(argument: &str) -> Result<Box<dyn Condition>, String> {
    let wrong = || "an attribute and its number are expected, as in `alg_enc=7`".to_owned();
    let (name, number) = argument.split_once('=').ok_or_else(wrong)?;
    let name = name.trim();
    let (_, kind) = names::ATTRIBUTES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| format!("`{name}` is not an attribute of IKE"))?;
    let number = number.trim().parse().map_err(|_| wrong())?;
    Ok(Box::new(Chosen { kind: *kind, number }))
}
