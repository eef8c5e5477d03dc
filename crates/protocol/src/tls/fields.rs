//! Rule keywords and facts of TLS.

use model::Direction;

use super::{Certificate, Party, Talk, keywords, state};
use crate::{Field, FieldKind, Scope, Sides};

const HELLO: [u8; 2] = [state::CLIENT_HELLO_DONE, state::SERVER_HELLO];

fn talk<'a>(scope: &Scope<'a>) -> &'a Talk {
    scope.tx::<Box<Talk>>()
}

/// The party whose direction is looked at.
fn party<'a>(scope: &Scope<'a>) -> &'a Party {
    &talk(scope).sides[scope.direction.index()]
}

fn leaf<'a>(scope: &Scope<'a>) -> Option<&'a Certificate> {
    party(scope).leaf.as_ref()
}

const FIELD: Field = Field { progress: state::CERT_DONE, ..Field::EMPTY };

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "tls.sni",
        aliases: &["tls_sni"],
        help: "Host name that the client asks for.",
        sides: Sides::ToServer,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).sni.as_deref()),
        fact: true,
    },
    Field {
        name: "tls.cert_subject",
        aliases: &["tls_cert_subject"],
        help: "Subject of the certificate.",
        kind: FieldKind::Bytes(|scope, _| leaf(scope).map(|leaf| leaf.subject.as_slice())),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.cert_issuer",
        aliases: &["tls_cert_issuer"],
        help: "Issuer of the certificate.",
        kind: FieldKind::Bytes(|scope, _| leaf(scope).map(|leaf| leaf.issuer.as_slice())),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.cert_serial",
        aliases: &["tls_cert_serial"],
        help: "Serial number of the certificate, upper-case hexadecimal with colons.",
        kind: FieldKind::Bytes(|scope, _| leaf(scope).map(|leaf| leaf.serial.as_bytes())),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.cert_fingerprint",
        aliases: &["tls_cert_fingerprint"],
        help: "SHA-1 of the certificate, lower-case hexadecimal with colons.",
        kind: FieldKind::Bytes(|scope, _| leaf(scope).map(|_| party(scope).fingerprint.as_bytes())),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.certs",
        help: "Each certificate of the chain, as it was sent.",
        kind: FieldKind::List(|scope, index, _| party(scope).chain.get(index).map(Vec::as_slice)),
        ..FIELD
    },
    Field {
        name: "tls.cert_chain_len",
        help: "Certificates in the chain.",
        sides: Sides::ToClient,
        kind: FieldKind::Number { bits: 32, names: &[], get: |scope| Some(party(scope).chain_len as u64) },
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.subjectaltname",
        help: "Each subject alternative name of the certificate.",
        sides: Sides::ToClient,
        kind: FieldKind::List(|scope, index, _| {
            leaf(scope).and_then(|leaf| leaf.alternatives.get(index)).map(Vec::as_slice)
        }),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.alpn",
        help: "Each application protocol offered, or the one chosen.",
        progress: HELLO,
        kind: FieldKind::List(|scope, index, _| party(scope).alpns.get(index).map(Vec::as_slice)),
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.random",
        help: "The 32 random bytes of the hello.",
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).random.as_ref().map(|random| &random[..])),
        ..FIELD
    },
    Field {
        name: "tls.random_time",
        help: "The first four random bytes of the hello, once a time.",
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).random.as_ref().map(|random| &random[..4])),
        ..FIELD
    },
    Field {
        name: "tls.random_bytes",
        help: "The last 28 random bytes of the hello.",
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).random.as_ref().map(|random| &random[4..])),
        ..FIELD
    },
    Field {
        name: "ja3.hash",
        aliases: &["ja3_hash"],
        help: "JA3 of the client: MD5 in hexadecimal.",
        sides: Sides::ToServer,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).ja3.as_ref().map(|ja3| ja3.hash.as_bytes())),
        fact: true,
    },
    Field {
        name: "ja3.string",
        aliases: &["ja3_string"],
        help: "JA3 of the client before hashing.",
        sides: Sides::ToServer,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).ja3.as_ref().map(|ja3| ja3.text.as_bytes())),
        ..FIELD
    },
    Field {
        name: "ja3s.hash",
        help: "JA3S of the server: MD5 in hexadecimal.",
        sides: Sides::ToClient,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).ja3.as_ref().map(|ja3| ja3.hash.as_bytes())),
        fact: true,
        ..FIELD
    },
    Field {
        name: "ja3s.string",
        help: "JA3S of the server before hashing.",
        sides: Sides::ToClient,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).ja3.as_ref().map(|ja3| ja3.text.as_bytes())),
        ..FIELD
    },
    Field {
        name: "ja4.hash",
        aliases: &["ja4_hash"],
        help: "JA4 of the client.",
        sides: Sides::ToServer,
        progress: HELLO,
        kind: FieldKind::Bytes(|scope, _| party(scope).ja4.as_ref().map(String::as_bytes)),
        fact: true,
    },
    Field {
        name: "tls.version",
        help: "Version spoken: 1.0 to 1.3, or a number like 0x0303.",
        kind: FieldKind::Custom(keywords::version),
        ..Field::EMPTY
    },
    Field {
        name: "ssl_version",
        help: "Versions: sslv2, sslv3, tls1.0 to tls1.3, with commas; `!` excludes.",
        kind: FieldKind::Custom(keywords::ssl_version),
        ..Field::EMPTY
    },
    Field {
        name: "ssl_state",
        help: "The last message: client_hello, server_hello, client_keyx, server_keyx, unknown.",
        kind: FieldKind::Custom(keywords::ssl_state),
        ..Field::EMPTY
    },
    Field {
        name: "tls.subject",
        help: "Text that the certificate's subject contains; `!` before it: does not contain.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::subject),
        ..FIELD
    },
    Field {
        name: "tls.issuerdn",
        help: "Text that the certificate's issuer contains; `!` before it: does not contain.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::issuer),
        ..FIELD
    },
    Field {
        name: "tls.fingerprint",
        help: "The certificate's SHA-1, hexadecimal with colons; `!` before it: another.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::fingerprint),
        ..FIELD
    },
    Field {
        name: "tls.store",
        aliases: &["tls_store"],
        help: "Keep the certificates of the conversation.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::store),
        ..FIELD
    },
    Field {
        name: "tls_cert_notbefore",
        help: "When the certificate begins to be valid: `<`, `>`, a range `<>` or a date.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::not_before),
        ..FIELD
    },
    Field {
        name: "tls_cert_notafter",
        help: "When the certificate ends to be valid: `<`, `>`, a range `<>` or a date.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::not_after),
        ..FIELD
    },
    Field {
        name: "tls_cert_expired",
        help: "The certificate is no longer valid at the packet's time.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::expired),
        ..FIELD
    },
    Field {
        name: "tls_cert_valid",
        help: "The certificate is valid at the packet's time.",
        sides: Sides::ToClient,
        kind: FieldKind::Custom(keywords::valid),
        ..FIELD
    },
    Field {
        name: "tls.not_before",
        help: "Seconds since 1970 from which the certificate is valid.",
        sides: Sides::ToClient,
        kind: FieldKind::Number { bits: 64, names: &[], get: |scope| seconds(leaf(scope)?.not_before) },
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.not_after",
        help: "Seconds since 1970 until which the certificate is valid.",
        sides: Sides::ToClient,
        kind: FieldKind::Number { bits: 64, names: &[], get: |scope| seconds(leaf(scope)?.not_after) },
        fact: true,
        ..FIELD
    },
    Field {
        name: "tls.version_number",
        help: "Version that the server chose, as it is written on the wire.",
        sides: Sides::ToClient,
        progress: HELLO,
        kind: FieldKind::Number {
            bits: 16,
            names: &[],
            get: |scope| Some(talk(scope).sides[Direction::ToClient.index()].version.into()),
        },
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "tls.ech",
        help: "1 when the client sent an encrypted hello, or the imitation of one.",
        sides: Sides::ToServer,
        progress: HELLO,
        kind: FieldKind::Number { bits: 8, names: &[], get: |scope| Some(talk(scope).hidden_hello.into()) },
        fact: true,
        ..Field::EMPTY
    },
];

fn seconds(seconds: i64) -> Option<u64> {
    u64::try_from(seconds).ok()
}
