//! EVE's `tls` object.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::Json;
use model::Direction;

use super::{Party, Talk};
use crate::der::time_text;
use crate::{Config, Scope};

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Version,
    Subject,
    Issuer,
    Serial,
    Fingerprint,
    NotBefore,
    NotAfter,
    Sni,
    Certificate,
    Chain,
    SessionResumed,
    Ja3,
    Ja3s,
    Ja4,
    Client,
    ClientCertificate,
    ClientChain,
    Subjectaltname,
    ClientAlpns,
    ServerAlpns,
    ClientHandshake,
    ServerHandshake,
}

impl Part {
    /// Their names in the setting `eve.tls.custom`.
    const NAMES: [(&str, Part); 22] = [
        ("version", Part::Version),
        ("subject", Part::Subject),
        ("issuer", Part::Issuer),
        ("serial", Part::Serial),
        ("fingerprint", Part::Fingerprint),
        ("not_before", Part::NotBefore),
        ("not_after", Part::NotAfter),
        ("sni", Part::Sni),
        ("certificate", Part::Certificate),
        ("chain", Part::Chain),
        ("session_resumed", Part::SessionResumed),
        ("ja3", Part::Ja3),
        ("ja3s", Part::Ja3s),
        ("ja4", Part::Ja4),
        ("client", Part::Client),
        ("client_certificate", Part::ClientCertificate),
        ("client_chain", Part::ClientChain),
        ("subjectaltname", Part::Subjectaltname),
        ("client_alpns", Part::ClientAlpns),
        ("server_alpns", Part::ServerAlpns),
        ("client_handshake", Part::ClientHandshake),
        ("server_handshake", Part::ServerHandshake),
    ];
    /// Parts of every record.
    const BASIC: [Part; 4] = [Part::Subject, Part::Issuer, Part::Subjectaltname, Part::SessionResumed];
    /// Parts that only a record asks for that names them.
    const EXTRA: [Part; 6] = [
        Part::Certificate,
        Part::Chain,
        Part::ClientCertificate,
        Part::ClientChain,
        Part::ClientHandshake,
        Part::ServerHandshake,
    ];
}

/// Which parts of a record are written: the bit with the number of each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown(u32);

impl Shown {
    pub(super) fn from_config(config: &Config) -> Self {
        let custom = config.setting("eve.tls.custom").unwrap_or_default();
        let named = custom
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .filter(|wish| !wish.is_empty());
        let mut chosen = Shown::default();
        for wish in named {
            for (_, part) in Part::NAMES
                .iter()
                .filter(|(name, _)| wish == *name || wish.replace("notbefore", "not_before") == *name)
            {
                chosen.0 |= 1 << *part as u32;
            }
        }
        if !custom.trim_matches(['[', ']', ' ']).is_empty() {
            return chosen;
        }
        match config.setting("eve.tls.extended") {
            Some("no" | "false") => Self(Self::mask(&Part::BASIC)),
            _ => Self(!Self::mask(&Part::EXTRA)),
        }
    }

    const fn mask(parts: &[Part]) -> u32 {
        let (mut mask, mut at) = (0, 0);
        while at < parts.len() {
            mask |= 1 << parts[at] as u32;
            at += 1;
        }
        mask
    }

    fn has(self, part: Part) -> bool {
        self.0 & 1 << part as u32 != 0
    }

    /// Whether certificates are written as they came.
    pub(super) fn has_chain(self) -> bool {
        let chains = [Part::Certificate, Part::Chain, Part::ClientCertificate, Part::ClientChain];
        self.0 & Self::mask(&chains) != 0
    }
}

/// The record: for a conversation whose certificate was seen or that needs none, and for one that was broken off after the
/// client named the server.
pub(super) fn write(scope: &Scope<'_>, json: &mut Json) -> bool {
    let talk: &Talk = scope.tx::<Box<Talk>>();
    let certified = talk.sides[Direction::ToClient.index()].leaf.is_some();
    let resumed = talk.resumed && talk.shown.has(Part::SessionResumed);
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
        && shown.has(Part::Subjectaltname)
    {
        json.array("subjectaltname");
        for name in &leaf.alternatives {
            json.bytes_item(name);
        }
        json.end();
    }
    let resumed = talk.resumed && server.leaf.is_none() && talk.server_hello && !talk.without_certificate;
    if resumed && shown.has(Part::SessionResumed) {
        json.boolean("session_resumed", true);
    }
    write_identity(server, shown, json);
    if let Some(sni) = client.sni.as_ref().filter(|_| shown.has(Part::Sni)) {
        json.bytes_text("sni", sni);
    }
    if shown.has(Part::Version) {
        json.text("version", &version_name(server.version));
    }
    write_validity(server, shown, json);
    write_chain(server, [shown.has(Part::Certificate), shown.has(Part::Chain)], json);
    write_fingerprints(client, server, shown, json);
    write_alpns("client_alpns", client, shown.has(Part::ClientAlpns), json);
    write_alpns("server_alpns", server, shown.has(Part::ServerAlpns), json);
    if shown.has(Part::Client) && client.leaf.is_some() {
        json.object("client");
        write_names(client, shown, json);
        write_identity(client, shown, json);
        write_validity(client, shown, json);
        write_chain(client, [shown.has(Part::ClientCertificate), shown.has(Part::ClientChain)], json);
        json.end();
    }
    json.end();
    true
}

fn write_names(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has(Part::Subject) {
        json.bytes_text("subject", &leaf.subject);
    }
    if shown.has(Part::Issuer) {
        json.bytes_text("issuerdn", &leaf.issuer);
    }
}

fn write_identity(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has(Part::Serial) {
        json.text("serial", &leaf.serial);
    }
    if shown.has(Part::Fingerprint) {
        json.text("fingerprint", &party.fingerprint);
    }
}

fn write_validity(party: &Party, shown: Shown, json: &mut Json) {
    let Some(leaf) = &party.leaf else { return };
    if shown.has(Part::NotBefore) {
        json.text("notbefore", &time_text(leaf.not_before));
    }
    if shown.has(Part::NotAfter) {
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
    for (name, part, party) in [("ja3", Part::Ja3, client), ("ja3s", Part::Ja3s, server)] {
        if let Some(ja3) = party.ja3.as_ref().filter(|_| shown.has(part)) {
            json.object(name).text("hash", &ja3.hash).text("string", &ja3.text).end();
        }
    }
    if let Some(ja4) = client.ja4.as_ref().filter(|_| shown.has(Part::Ja4)) {
        json.text("ja4", ja4);
    }
}

fn write_alpns(key: &'static str, party: &Party, shown: bool, json: &mut Json) {
    if party.alpns.is_empty() || !shown {
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
