//! Data inside questions about names, as iodine and its relatives send it, through the office's own resolver.

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::speech::dns::{Lookup, Record, kind, look_up};
use crate::talk::MS;
use crate::truth::ActKind;

/// The record type that carries the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the registry's own")]
pub enum TunnelRecord {
    Txt,
    Null,
    Cname,
}

/// A tunnel through DNS.
#[derive(Debug, Clone)]
pub struct DnsTunnel {
    /// Seed of the capture.
    pub seed: u64,
    /// Bits of data in each question; five per character.
    pub bits_per_query: usize,
    /// Milliseconds between questions.
    pub interval_ms: u64,
    /// How many questions there are.
    pub queries: u64,
    /// What the answers are carried in.
    pub record: TunnelRecord,
    /// Whether the office works around it.
    pub background: bool,
    /// The domain whose server is the other end.
    pub domain: &'static str,
}

impl Default for DnsTunnel {
    fn default() -> Self {
        Self {
            seed: 1,
            bits_per_query: 600,
            interval_ms: 900,
            queries: 600,
            record: TunnelRecord::Null,
            background: false,
            domain: "t.cdn-sync.example",
        }
    }
}

const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz012345";

/// Characters of data that fit into a name of 253 with its dots and domain.
const CHARACTERS_MAX: usize = 200;

impl DnsTunnel {
    /// A capture with this tunnel in it.
    pub fn make(&self) -> Capture {
        let seconds = self.queries * self.interval_ms / 1_000;
        alone("dns_tunnel", self.seed, seconds, self.background, |scene, office| {
            self.play(scene, office, START, &office.desks[0]);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, victim: &Host) -> Time {
        let mut random = scene.random(&format!("tunnel {} {}", self.domain, victim.ip));
        let characters = (self.bits_per_query / 5).clamp(1, CHARACTERS_MAX);
        scene
            .begin_act(ActKind::DnsTunnel)
            .victim(victim)
            .server(End { host: &office.resolvers.outer, port: 53 }, "udp", self.domain, "forwarder")
            .fact("domain", self.domain)
            .fact("bits_per_query", characters * 5)
            .fact("interval_ms", self.interval_ms)
            .fact("queries", self.queries);
        let mut at = start;
        for _ in 0..self.queries {
            let data = random.letters(BASE32, characters);
            let mut name = String::new();
            for label in data.as_bytes().chunks(60) {
                name.push_str(&String::from_utf8_lossy(label));
                name.push('.');
            }
            name.push_str(self.domain);
            let length = random.between(20, 110) as usize;
            let (record_kind, record) = match self.record {
                TunnelRecord::Txt => (kind::TXT, Record::Text(random.letters(BASE32, length).into_bytes())),
                TunnelRecord::Null => (kind::NULL, Record::Null(random.bytes(length))),
                TunnelRecord::Cname => {
                    let alias = format!("{}.{}", random.letters(BASE32, length.min(60)), self.domain);
                    (kind::CNAME, Record::Alias(alias))
                }
            };
            let lookup =
                Lookup { name: &name, kind: record_kind, records: &[record], seconds: 0, ask_outside: true };
            look_up(scene, &mut random, at, victim, &office.resolvers, &lookup);
            at = at.plus_nanos(random.around(self.interval_ms, 30) * MS);
        }
        scene.end_act();
        at
    }
}
