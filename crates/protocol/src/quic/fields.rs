//! Rule keywords, facts and EVE records of QUIC.

use json::Json;

use super::Message;
use super::packet::{VERSION_1, VERSION_2, is_google};
use crate::{Field, FieldKind, Scope, Sides};

fn message<'a>(scope: &Scope<'a>) -> &'a Message {
    scope.tx::<Box<Message>>()
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "quic.version",
        help: "Version of the packet: four bytes, which are text for Google's versions.",
        kind: FieldKind::Bytes(|scope, scratch| {
            scratch.extend_from_slice(&message(scope).version.to_be_bytes());
            Some(scratch)
        }),
        ..Field::EMPTY
    },
    Field {
        name: "quic.sni",
        help: "Host name that the client asks for.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| message(scope).sni.as_deref()),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "quic.ua",
        help: "User agent that the client names.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| message(scope).agent.as_deref()),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "quic.cyu.hash",
        help: "CYU fingerprint of Google's hello: MD5 in hexadecimal.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, index, _| Some(message(scope).cyu.get(index)?.hash.as_bytes())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "quic.cyu.string",
        help: "CYU fingerprint of Google's hello before hashing.",
        sides: Sides::ToServer,
        kind: FieldKind::List(|scope, index, _| Some(message(scope).cyu.get(index)?.text.as_bytes())),
        ..Field::EMPTY
    },
    Field {
        name: "ja3.hash",
        aliases: &["ja3_hash"],
        help: "JA3 of the client: MD5 in hexadecimal.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| Some(message(scope).ja3.as_ref()?.hash.as_bytes())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ja3.string",
        aliases: &["ja3_string"],
        help: "JA3 of the client before hashing.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| Some(message(scope).ja3.as_ref()?.text.as_bytes())),
        ..Field::EMPTY
    },
    Field {
        name: "ja3s.hash",
        help: "JA3S of the server: MD5 in hexadecimal.",
        sides: Sides::ToClient,
        kind: FieldKind::Bytes(|scope, _| Some(message(scope).ja3.as_ref()?.hash.as_bytes())),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "ja3s.string",
        help: "JA3S of the server before hashing.",
        sides: Sides::ToClient,
        kind: FieldKind::Bytes(|scope, _| Some(message(scope).ja3.as_ref()?.text.as_bytes())),
        ..Field::EMPTY
    },
    Field {
        name: "ja4.hash",
        aliases: &["ja4_hash"],
        help: "JA4 of the client.",
        sides: Sides::ToServer,
        kind: FieldKind::Bytes(|scope, _| message(scope).ja4.as_ref().map(String::as_bytes)),
        fact: true,
        ..Field::EMPTY
    },
];

pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let message = message(scope);
    json.object("quic");
    write_version(message.version, json);
    if let Some(sni) = &message.sni {
        json.bytes_text("sni", sni);
    }
    if let Some(agent) = &message.agent {
        json.bytes_text("ua", agent);
    }
    if !message.cyu.is_empty() {
        json.array("cyu");
        for cyu in &message.cyu {
            json.object_item().text("hash", &cyu.hash).text("string", &cyu.text).end();
        }
        json.end();
    }
    if let Some(ja3) = &message.ja3 {
        let key = if message.from_client { "ja3" } else { "ja3s" };
        json.object(key).text("hash", &ja3.hash).text("string", &ja3.text).end();
    }
    if let Some(ja4) = &message.ja4 {
        json.text("ja4", ja4);
    }
    write_extensions(message, json);
    json.end();
    true
}

fn write_version(version: u32, json: &mut Json) {
    match version {
        VERSION_1 => json.text("version", "1"),
        VERSION_2 => json.text("version", "2"),
        google if is_google(google) => json.bytes_text("version", &google.to_be_bytes()),
        draft @ 0xff00_001b..=0xff00_001d => json.display("version", format_args!("draft-{}", draft & 0xff)),
        other => json.display("version", format_args!("{other:x}")),
    };
}

fn write_extensions(message: &Message, json: &mut Json) {
    if message.extensions.is_empty() {
        return;
    }
    json.array("extensions");
    for extension in &message.extensions {
        json.object_item();
        if let Some(name) = extension_name(extension.number) {
            json.text("name", name);
        }
        json.number("type", extension.number);
        if !extension.values.is_empty() {
            json.array("values");
            for value in &extension.values {
                json.bytes_item(value);
            }
            json.end();
        }
        json.end();
    }
    json.end();
}

/// Names of TLS extensions as IANA registers them.
fn extension_name(number: u16) -> Option<&'static str> {
    const FIRST: &[&str] = &[
        "server_name",
        "max_fragment_length",
        "client_certificate_url",
        "trusted_ca_keys",
        "truncated_hmac",
        "status_request",
        "user_mapping",
        "client_authz",
        "server_authz",
        "cert_type",
        "supported_groups",
        "ec_point_formats",
        "srp",
        "signature_algorithms",
        "use_srtp",
        "heartbeat",
        "alpn",
        "status_request_v2",
        "signed_certificate_timestamp",
        "client_certificate_type",
        "server_certificate_type",
        "padding",
        "encrypt_then_mac",
        "extended_master_secret",
        "token_binding",
        "cached_info",
        "tls_lts",
        "compress_certificate",
        "record_size_limit",
        "pwd_protect",
        "pwd_clear",
        "password_salt",
        "ticket_pinning",
        "tls_cert_with_extern_psk",
        "delegated_credentials",
        "session_ticket",
        "tlmsp",
        "tlmsp_proxying",
        "tlmsp_delegate",
        "supported_ekt_ciphers",
    ];
    if let Some(name) = FIRST.get(usize::from(number)) {
        return Some(name);
    }
    Some(match number {
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        52 => "transparency_info",
        53 => "connection_id_deprecated",
        54 => "connection_id",
        55 => "external_id_hash",
        56 => "external_session_id",
        57 => "quic_transport_parameters",
        58 => "ticket_request",
        59 => "dnssec_chain",
        0xfe0d => "encrypted_client_hello",
        0xff01 => "renegotiation_info",
        _ => return None,
    })
}
