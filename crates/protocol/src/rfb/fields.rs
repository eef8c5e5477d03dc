//! Rule keywords, facts and EVE records of RFB.

use json::Json;
use model::Direction;

use super::{Screen, Talk};
use crate::{Field, FieldKind, Scope, Sides};

fn talk<'a>(scope: &Scope<'a>) -> &'a Talk {
    scope.tx::<Box<Talk>>()
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "rfb.name",
        help: "Name of the screen.",
        sides: Sides::ToClient,
        progress: [1, 1],
        kind: FieldKind::Bytes(|scope, _| talk(scope).screen.as_ref().map(|screen| screen.name.as_slice())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "rfb.sectype",
        help: "Security type chosen.",
        sides: Sides::ToServer,
        progress: [1, 1],
        kind: FieldKind::Number { bits: 32, names: &[], get: |scope| talk(scope).security.map(u64::from) },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "rfb.secresult",
        help: "Result of the authentication.",
        sides: Sides::ToClient,
        progress: [1, 1],
        kind: FieldKind::Number {
            bits: 32,
            names: &[("ok", 0), ("fail", 1), ("toomany", 2), ("unknown", 3)],
            get: |scope| talk(scope).result.map(u64::from),
        },
        fact: true,
        ..Field::EMPTY
    },
];

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let talk = talk(scope);
    json.object("rfb");
    let keys =
        [("server_protocol_version", Direction::ToClient), ("client_protocol_version", Direction::ToServer)];
    for (key, direction) in keys {
        if let Some([major, minor]) = &talk.versions[direction.index()] {
            json.object(key).bytes_text("major", major).bytes_text("minor", minor).end();
        }
    }
    write_authentication(talk, json);
    if let Some(reason) = &talk.reason {
        json.bytes_text("server_security_failure_reason", reason);
    }
    if let Some(shared) = talk.shared {
        json.boolean("screen_shared", shared);
    }
    if let Some(screen) = &talk.screen {
        write_screen(screen, json);
    }
    json.end();
    true
}

fn write_authentication(talk: &Talk, json: &mut Json) {
    json.object("authentication");
    if let Some(kind) = talk.security {
        json.number("security_type", kind);
    }
    if talk.security == Some(2) {
        json.object("vnc");
        if let Some(challenge) = &talk.challenge {
            json.hex("challenge", challenge, None);
        }
        if let Some(response) = &talk.response {
            json.hex("response", response, None);
        }
        json.end();
    }
    match talk.result {
        None => {}
        Some(0) => _ = json.text("security_result", "OK"),
        Some(1) => _ = json.text("security_result", "FAIL"),
        Some(2) => _ = json.text("security_result", "TOOMANY"),
        Some(other) => _ = json.display("security_result", format_args!("UNKNOWN ({other})")),
    }
    json.end();
}

fn write_screen(screen: &Screen, json: &mut Json) {
    json.object("framebuffer").number("width", screen.width).number("height", screen.height);
    json.bytes_text("name", &screen.name);
    json.object("pixel_format")
        .number("bits_per_pixel", screen.bits_per_pixel)
        .number("depth", screen.depth)
        .boolean("big_endian", screen.big_endian)
        .boolean("true_color", screen.true_color);
    for (color, max) in ["red_max", "green_max", "blue_max"].into_iter().zip(screen.max) {
        json.number(color, max);
    }
    for (color, shift) in ["red_shift", "green_shift", "blue_shift"].into_iter().zip(screen.shift) {
        json.number(color, shift);
    }
    json.end().end();
}
