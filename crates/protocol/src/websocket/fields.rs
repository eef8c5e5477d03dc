//! Fields of WebSocket messages: the rule keywords `websocket.*`.

use super::Message;
use crate::{Condition, Enumeration, Field, FieldKind, Scope};

/// RFC 6455 §11.8.
pub(super) const OPCODES: Enumeration =
    &[("continuation", 0), ("text", 1), ("binary", 2), ("connection_close", 8), ("ping", 9), ("pong", 10)];

const FLAGS: Enumeration = &[("fin", 0x80), ("comp", 0x40)];

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "websocket.payload",
        help: "Payload, without its mask and inflated.",
        kind: FieldKind::Bytes(|scope, _| Some(&scope.tx::<Message>().payload)),
        ..Field::EMPTY
    },
    Field {
        name: "websocket.opcode",
        help: "Kind of the message.",
        kind: FieldKind::Number {
            bits: 8,
            names: OPCODES,
            get: |scope| Some(scope.tx::<Message>().opcode.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "websocket.mask",
        help: "Mask of the payload.",
        kind: FieldKind::Number {
            bits: 32,
            names: &[],
            get: |scope| scope.tx::<Message>().mask.map(u64::from),
        },
        ..Field::EMPTY
    },
    Field {
        name: "websocket.flags",
        help: "Flags: a number, or names such as `fin,!comp`.",
        kind: FieldKind::Custom(|argument| Ok(Box::new(Flags::read(argument)?))),
        ..Field::EMPTY
    },
];

/// Flags that must be set, and flags that must not; or a value compared as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flags {
    set: u8,
    clear: u8,
    equals: Option<(u8, bool)>,
}

impl Flags {
    fn read(argument: &str) -> Result<Self, String> {
        let text = argument.trim();
        let (negated, number) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if let Some(value) = self::number(number) {
            return Ok(Self { equals: Some((value, negated)), ..Self::default() });
        }
        let mut flags = Self::default();
        if let Some(mask) = text.strip_prefix('&').and_then(self::number) {
            flags.set = mask;
            return Ok(flags);
        }
        for word in text.split(',').map(str::trim) {
            let (clear, name) = match word.strip_prefix('!') {
                Some(name) => (true, name),
                None => (false, word),
            };
            let known = FLAGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some((_, bit)) = known else { return Err(format!("`{name}` is not a flag: fin, comp")) };
            let bit = u8::try_from(*bit).unwrap_or_default();
            if clear {
                flags.clear |= bit;
            } else {
                flags.set |= bit;
            }
        }
        Ok(flags)
    }
}

fn number(text: &str) -> Option<u8> {
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl Condition for Flags {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let flags = scope.tx::<Message>().flags;
        match self.equals {
            Some((value, negated)) => (flags == value) != negated,
            None => flags & self.set == self.set && flags & self.clear == 0,
        }
    }
}
