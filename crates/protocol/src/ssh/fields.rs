//! Rule keywords, facts and EVE records of SSH.

use json::Json;

use super::{BANNER_DONE, FINISHED, Party, Talk};
use crate::{Condition, Field, FieldKind, Scope, Sides};

fn party<'a>(scope: &Scope<'a>) -> &'a Party {
    &scope.tx::<Box<Talk>>().sides[scope.direction.index()]
}

fn filled(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

const BANNER: Field = Field { progress: [BANNER_DONE; 2], ..Field::EMPTY };
const KEYS: Field = Field { progress: [FINISHED; 2], ..Field::EMPTY };

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "ssh.proto",
        aliases: &["ssh_proto"],
        help: "Protocol version of the banner.",
        kind: FieldKind::Bytes(|scope, _| filled(&party(scope).version)),
        fact: true,
        ..BANNER
    },
    Field {
        name: "ssh.software",
        aliases: &["ssh_software"],
        help: "Software of the banner.",
        kind: FieldKind::Bytes(|scope, _| filled(&party(scope).software)),
        fact: true,
        ..BANNER
    },
    Field {
        name: "ssh.hassh",
        aliases: &["ssh-hassh"],
        help: "HASSH of the client: MD5 in hexadecimal.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| party(scope).hassh.as_ref().map(|hassh| hassh.hash.as_bytes())),
        fact: true,
        ..KEYS
    },
    Field {
        name: "ssh.hassh.string",
        aliases: &["ssh-hassh-string"],
        help: "HASSH of the client before hashing.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| party(scope).hassh.as_ref().map(|hassh| hassh.text.as_bytes())),
        ..KEYS
    },
    Field {
        name: "ssh.hassh.server",
        aliases: &["ssh-hassh-server"],
        help: "HASSH of the server: MD5 in hexadecimal.",
        sides: Sides::ToClient,
        kind: FieldKind::Bytes(|scope, _| party(scope).hassh.as_ref().map(|hassh| hassh.hash.as_bytes())),
        fact: true,
        ..KEYS
    },
    Field {
        name: "ssh.hassh.server.string",
        aliases: &["ssh-hassh-server-string"],
        help: "HASSH of the server before hashing.",
        sides: Sides::ToClient,
        kind: FieldKind::Bytes(|scope, _| party(scope).hassh.as_ref().map(|hassh| hassh.text.as_bytes())),
        ..KEYS
    },
    Field {
        name: "ssh.protoversion",
        help: "Protocol version: a version, or 2_compat for 2.0 and 1.99.",
        kind: FieldKind::Custom(|argument| {
            let text = argument.trim().trim_matches('"').as_bytes();
            if text.is_empty()
                || text.iter().any(|byte| !(byte.is_ascii_alphanumeric() || b"._".contains(byte)))
            {
                return Err("a version like 2.0, or 2_compat, is expected".to_owned());
            }
            Ok(Box::new(Equal { text: text.to_vec(), of: |party| &party.version }))
        }),
        ..BANNER
    },
    Field {
        name: "ssh.softwareversion",
        help: "Software of the banner, exactly.",
        kind: FieldKind::Custom(|argument| {
            let text = argument.trim().trim_matches('"').as_bytes();
            if text.is_empty() {
                return Err("the name of a software is expected".to_owned());
            }
            Ok(Box::new(Equal { text: text.to_vec(), of: |party| &party.software }))
        }),
        ..BANNER
    },
];

#[derive(Debug)]
struct Equal {
    text: Vec<u8>,
    of: fn(&Party) -> &[u8],
}

impl Condition for Equal {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        let value = (self.of)(party(scope));
        if self.text == b"2_compat" {
            value == b"2" || value == b"2.0" || value == b"1.99"
        } else {
            value == self.text
        }
    }
}

/// The record as soon as both banners are there, when HASSH was not asked for.
pub(super) fn write_early(scope: &Scope<'_>, json: &mut Json) -> bool {
    !scope.tx::<Box<Talk>>().with_hassh && write(scope, json)
}

/// The record with HASSH.
pub(super) fn write_late(scope: &Scope<'_>, json: &mut Json) -> bool {
    scope.tx::<Box<Talk>>().with_hassh && write(scope, json)
}

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let talk = scope.tx::<Box<Talk>>();
    if talk.sides.iter().all(|party| party.version.is_empty()) {
        return false;
    }
    json.object("ssh");
    for (key, party) in ["client", "server"].into_iter().zip(&talk.sides) {
        if party.version.is_empty() {
            continue;
        }
        json.object(key).bytes_text("proto_version", &party.version);
        if !party.software.is_empty() {
            json.bytes_text("software_version", &party.software);
        }
        if let Some(hassh) = &party.hassh {
            json.object("hassh").text("hash", &hassh.hash).text("string", &hassh.text).end();
        }
        json.end();
    }
    json.end();
    true
}
