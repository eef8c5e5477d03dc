use json::Json;

use super::Message;
use crate::{Field, FieldKind, Scope};

/// RFC 5905 §7.3, association modes.
const MODES: crate::Enumeration = &[
    ("symmetric_active", 1),
    ("symmetric_passive", 2),
    ("client", 3),
    ("server", 4),
    ("broadcast", 5),
    ("control", 6),
    ("private", 7),
];

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "ntp.version",
        help: "Version number.",
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| Some(scope.tx::<Message>().version.into()),
        },
        ..Field::EMPTY
    },
    Field {
        name: "ntp.mode",
        help: "Association mode.",
        kind: FieldKind::Number {
            bits: 8,
            names: MODES,
            get: |scope| Some(scope.tx::<Message>().mode.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ntp.stratum",
        help: "Stratum of the clock.",
        kind: FieldKind::Number {
            bits: 8,
            names: &[],
            get: |scope| Some(scope.tx::<Message>().stratum.into()),
        },
        ..Field::EMPTY
    },
    Field {
        name: "ntp.reference_id",
        help: "Reference identifier, four bytes.",
        kind: FieldKind::Bytes(|scope, _| Some(&scope.tx::<Message>().reference_id)),
        ..Field::EMPTY
    },
];

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = scope.tx::<Message>();
    json.object("ntp")
        .number("version", message.version)
        .number("mode", message.mode)
        .number("stratum", message.stratum)
        .hex("reference_id", &message.reference_id, Some(b':'))
        .end();
    true
}
