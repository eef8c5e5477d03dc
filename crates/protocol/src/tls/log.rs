//! EVE's `tls` object.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::Json;
use model::Direction;

use super::{Party, Talk};
use crate::der::time_text;
use crate::{Config, Scope};

/// Which parts of a record are written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown(u32);

/// The parts by their names in the setting `eve.tls.custom`; the position is the bit.
const PARTS: &[&str] = &[
    "version",
    "subject",
    "issuer",
    "serial",
    "fingerprint",
    "not_before",
    "not_after",
    "sni",
    "certificate",
    "chain",
    "session_resumed",
    "ja3",
    "ja3s",
    "ja4",
    "client",
    "client_certificate",
    "client_chain",
    "subjectaltname",
    "client_alpns",
    "server_alpns",
    "client_handshake",
    "server_handshake",
];
/// Parts of every record.
const BASIC: &[&str] = &["subject", "issuer", "subjectaltname", "session_resumed"];
/// Parts that only a record asks for that names them.
const EXTRA: &[&str] =
    &["certificate", "chain", "client_certificate", "client_chain", "client_handshake", "server_handshake"];

impl Shown {
    pub(super) fn from_config(config: &Config) -> Self {
        let custom = config.setting("eve.tls.custom").unwrap_or_default();
        let extended = !matches!(config.setting("eve.tls.extended"), Some("no" | "false"));
        let mut chosen = Shown::default();
        for (name, bit) in PARTS.iter().zip(0u32..) {
            let named = custom
                .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .any(|wish| wish == *name || wish.replace("notbefore", "not_before") == *name);
            let default = if extended { !EXTRA.contains(name) } else { BASIC.contains(name) };
            let on = if custom.trim_matches(['[', ']', ' ']).is_empty() { default } else { named };
            chosen.0 |= u32::from(on) << bit;
        }
        chosen
    }

    fn has(self, name: &str) -> bool {
        PARTS.iter().zip(0u32..).any(|(part, bit)| *part == name && self.0 & (1 << bit) != 0)
    }
}

/// The record: for a conversation whose certificate was seen or that needs none, and for one that was broken off after the
/// client named the server.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let talk: &Talk = scope.tx::<Box<Talk>>();
    let certified = talk.sides[Direction::ToClient.index()].leaf.is_some();
    let resumed = talk.resumed && talk.shown.has("session_resumed");
    let named = talk.sides[Direction::ToServer.index()].sni.is_some();
    if !(certified || talk.without_certificate || resumed || named) {
        return false;
    }
    write_object(scope, json)
}

/// The object, whatever is known.
pub(super) fn write_object(scope: &Scope<'_>, json: &mut Json) -> bool {
    let talk: &Talk = scope.tx::<Box<Talk>>();
    let shown = talk.shown;
    let [client, server] = &talk.sides;
    json.object("tls");
    if !talk.from.is_empty() {
        json.text("from_proto", talk.from);
    }
    write_names(server, shown, json);
    if let Some(leaf) = server.leaf.as_ref().filter(|leaf| !leaf.alternatives.is_empty())
        && shown.has("subjectaltname")
    {
        json.array("subjectaltname");
        for name in &leaf.alternatives {
            json.bytes_item(name);
        }
        json.end();
    }
    let resumed = talk.resumed && server.leaf.is_none() && talk.server_hello && !talk.without_certificate;
    if resumed && shown.has("session_resumed") {
        json.boolean("session_resumed", true);
    }
    write_identity(server, shown, json);
    if let Some(sni) = client.sni.as_ref().filter(|_| shown.has("sni")) {
        json.bytes_text("sni", sni);
    }
    if shown.has("version") {
        json.text("version", &version_name(server.version));
    }
    write_validity(server, shown, json);
    write_chain(server, [shown.has("certificate"), shown.has("chain")], json);
    write_fingerprints(client, server, shown, json);
    write_alpns("client_alpns", client, shown, json);
    write_alpns("server_alpns", server, shown, json);
    if shown.has("client") && client.leaf.is_some() {
        json.object("client");
        write_names(client, shown, json);
        write_identity(client, shown, json);
        write_validity(client, shown, json);
        write_chain(client, [shown.has("client_certificate"), shown.has("client_chain")], json);
        json.end();
    }
    json.end();
    true
}

fn write_names(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has("subject") {
        json.bytes_text("subject", &leaf.subject);
    }
    if shown.has("issuer") {
        json.bytes_text("issuerdn", &leaf.issuer);
    }
}

fn write_identity(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has("serial") {
        json.text("serial", &leaf.serial);
    }
    if shown.has("fingerprint") {
        json.text("fingerprint", &party.fingerprint);
    }
}

fn write_validity(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has("not_before") {
        json.text("notbefore", &time_text(leaf.not_before));
    }
    if shown.has("not_after") {
        json.text("notafter", &time_text(leaf.not_after));
    }
}

/// Certificates in base64: the first alone, or all.
fn write_chain(party: &Party, [first, all]: [bool; 2], json: &mut Json) {
    if let Some(certificate) = party.chain.first().filter(|_| first) {
        json.text("certificate", &STANDARD.encode(certificate));
    }
    if all && !party.chain.is_empty() {
        json.array("chain");
        for certificate in &party.chain {
            json.text_item(&STANDARD.encode(certificate));
        }
        json.end();
    }
}

fn write_fingerprints(client: &Party, server: &Party, shown: Shown, json: &mut Json) {
    for (name, party) in [("ja3", client), ("ja3s", server)] {
        if let Some(ja3) = party.ja3.as_ref().filter(|_| shown.has(name)) {
            json.object(name).text("hash", &ja3.hash).text("string", &ja3.text).end();
        }
    }
    if let Some(ja4) = client.ja4.as_ref().filter(|_| shown.has("ja4")) {
        json.text("ja4", ja4);
    }
}

fn write_alpns(key: &'static str, party: &Party, shown: Shown, json: &mut Json) {
    if party.alpns.is_empty() || !shown.has(key) {
        return;
    }
    json.array(key);
    for name in &party.alpns {
        json.bytes_item(name);
    }
    json.end();
}

/// A version's name.
fn version_name(version: u16) -> std::borrow::Cow<'static, str> {
    match version {
        0x0002 | 0x0200 => "SSLv2".into(),
        0x0300 => "SSLv3".into(),
        0x0301 => "TLSv1".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        0xfb1a => "TLS 1.3 draft-26-fb".into(),
        0x7f10..=0x7f1c => format!("TLS 1.3 draft-{}", version & 0xff).into(),
        0x7f01..0x7f10 => "TLS 1.3 draft-<16".into(),
        0 => "UNDETERMINED".into(),
        other => format!("0x{other:04x}").into(),
    }
}
