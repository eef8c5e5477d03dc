//! DNS messages: one question and its answer. References: RFC 1035, RFC 3596, RFC 6891.

use std::net::IpAddr;

use model::Time;

use crate::frame::{End, Host};
use crate::random::Random;
use crate::scene::Scene;
use crate::talk::way;

/// Record types.
pub mod kind {
    #![expect(missing_docs, reason = "the names are the registry's own")]
    pub const A: u16 = 1;
    pub const CNAME: u16 = 5;
    pub const NULL: u16 = 10;
    pub const PTR: u16 = 12;
    pub const MX: u16 = 15;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
}

/// One record of an answer, about the name in question.
#[derive(Debug, Clone)]
pub enum Record {
    /// An address, of either family.
    Address(IpAddr),
    /// Another name; later records are about that one.
    Alias(String),
    /// Text.
    Text(Vec<u8>),
    /// Any bytes.
    Null(Vec<u8>),
    /// A mail server.
    Mail(u16, String),
}

/// A question.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut out = head(id, 0x0100, 0, 1);
    question(&mut out, name, kind);
    out.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    out
}

/// The answer to a question; an empty list with `code` 3 says that the name does not exist.
pub fn answer(id: u16, name: &str, kind: u16, records: &[Record], seconds: u32, code: u16) -> Vec<u8> {
    let mut out = head(id, 0x8180 | code, records.len() as u16, 1);
    question(&mut out, name, kind);
    // The owner of the first record is the name in question, which stands right behind the header.
    let mut owner = 0xc000_u16 | 12;
    for record in records {
        let mut data = Vec::new();
        let record_kind = match record {
            Record::Address(IpAddr::V4(ip)) => {
                data.extend_from_slice(&ip.octets());
                kind::A
            }
            Record::Address(IpAddr::V6(ip)) => {
                data.extend_from_slice(&ip.octets());
                kind::AAAA
            }
            Record::Alias(name) => {
                labels(&mut data, name);
                kind::CNAME
            }
            Record::Text(text) => {
                for piece in text.chunks(255) {
                    data.push(piece.len() as u8);
                    data.extend_from_slice(piece);
                }
                kind::TXT
            }
            Record::Null(bytes) => {
                data.extend_from_slice(bytes);
                kind::NULL
            }
            Record::Mail(preference, name) => {
                data.extend_from_slice(&preference.to_be_bytes());
                labels(&mut data, name);
                kind::MX
            }
        };
        out.extend_from_slice(&owner.to_be_bytes());
        out.extend_from_slice(&record_kind.to_be_bytes());
        out.extend_from_slice(&[0, 1]);
        out.extend_from_slice(&seconds.to_be_bytes());
        out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        if matches!(record, Record::Alias(_)) {
            owner = 0xc000 | out.len() as u16;
        }
        out.extend_from_slice(&data);
    }
    out.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    out
}

fn head(id: u16, flags: u16, answers: u16, additional: u16) -> Vec<u8> {
    [id, flags, 1, answers, 0, additional].into_iter().flat_map(u16::to_be_bytes).collect()
}

fn question(out: &mut Vec<u8>, name: &str, kind: u16) {
    labels(out, name);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
}

fn labels(out: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        assert!(label.len() <= 63, "a DNS label has at most 63 bytes");
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
}

/// Who answers questions: the office's own resolver, and the server that it asks in turn.
#[derive(Debug, Clone)]
pub struct Resolvers {
    /// Asked by everybody inside.
    pub inner: Host,
    /// Asked by the inner one about what it does not know.
    pub outer: Host,
}

/// One look-up and what comes of it.
#[derive(Debug, Clone)]
pub struct Lookup<'a> {
    /// The name.
    pub name: &'a str,
    /// The record type.
    pub kind: u16,
    /// What it leads to; none says that the name does not exist.
    pub records: &'a [Record],
    /// How long the answer may be kept.
    pub seconds: u32,
    /// Whether the inner resolver has to ask.
    pub ask_outside: bool,
}

/// Looks a name up through the resolvers. Returns when the answer is there.
pub fn look_up(
    scene: &mut Scene,
    random: &mut Random,
    at: Time,
    client: &Host,
    resolvers: &Resolvers,
    lookup: &Lookup<'_>,
) -> Time {
    let code = if lookup.records.is_empty() { 3 } else { 0 };
    let mut ask = |scene: &mut Scene, at: Time, from: &Host, to: &Host, wait: u64| {
        let (id, port) = (random.word() as u16, 49_152 + random.below(16_000) as u16);
        let (from, to) = (End { host: from, port }, End { host: to, port: 53 });
        scene.udp(at, from, to, &query(id, lookup.name, lookup.kind));
        let bytes = answer(id, lookup.name, lookup.kind, lookup.records, lookup.seconds, code);
        let answered = at.plus_nanos(wait);
        scene.udp(answered, to, from, &bytes);
        answered
    };
    let near = 300_000;
    let mut wait = near;
    if lookup.ask_outside {
        let outside =
            ask(scene, at.plus_nanos(near / 2), &resolvers.inner, &resolvers.outer, way(&resolvers.outer));
        wait = outside.plus_nanos(near / 2).nanos_since(at);
    }
    ask(scene, at, client, &resolvers.inner, wait)
}
