//! Too much of everything: floods of one kind at a rate.

use std::net::Ipv4Addr;

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{self, End, Host, Segment, flags};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::speech::dns::{Record, answer, kind};
use crate::truth::ActKind;

/// What the flood is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloodKind {
    /// Opening segments from invented addresses.
    Syn,
    /// Datagrams from one address.
    Udp,
    /// Echo requests from one address.
    Icmp,
    /// Large DNS answers that nobody asked for, from many resolvers.
    DnsAnswers,
}

/// A flood.
#[derive(Debug, Clone)]
pub struct Flood {
    /// Seed of the capture.
    pub seed: u64,
    /// What it is made of.
    pub kind: FloodKind,
    /// Packets per second.
    pub packets_per_second: u64,
    /// How long it lasts.
    pub seconds: u64,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Flood {
    fn default() -> Self {
        Self { seed: 1, kind: FloodKind::Syn, packets_per_second: 1_000, seconds: 20, background: false }
    }
}

/// How many resolvers send answers that nobody asked for.
const REFLECTORS: u64 = 60;

impl Flood {
    /// A capture with this flood in it.
    pub fn make(&self) -> Capture {
        alone("flood", self.seed, self.seconds.max(60), self.background, |scene, office| {
            self.play(scene, office, START.plus_secs(if self.background { 20 } else { 0 }));
        })
    }

    /// Plays it into a scene, against the mail server; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time) -> Time {
        let mut random = scene.random("flood");
        let target = &office.mail;
        let attacker = Host::outside("flooder", Ipv4Addr::new(198, 51, 100, 44), 15);
        let act = scene.begin_act(ActKind::Flood).victim(target);
        act.fact("kind", format!("{:?}", self.kind).to_lowercase());
        act.fact("packets_per_second", self.packets_per_second);
        if matches!(self.kind, FloodKind::Udp | FloodKind::Icmp) {
            act.attacker(&attacker);
        }
        let records: Vec<Record> =
            (0..8).map(|_| Record::Text(random.letters(b"abcdef", 140).into_bytes())).collect();
        let pause = 1_000_000_000 / self.packets_per_second.max(1);
        let mut at = start;
        for _ in 0..self.packets_per_second * self.seconds {
            match self.kind {
                FloodKind::Syn => {
                    // Invented addresses, out of the range set aside for benchmarks (RFC 2544).
                    let ip = Ipv4Addr::from(0xc612_0000 | random.below(1 << 17) as u32);
                    let from = Host::outside("", ip, random.between(5, 25) as u8);
                    let segment = Segment {
                        seq: random.word() as u32,
                        flags: flags::SYN,
                        window: 64_240,
                        options: &[2, 4, 0x05, 0xb4],
                        ..Segment::default()
                    };
                    let ends = (
                        End { host: &from, port: random.between(1_024, 65_000) as u16 },
                        End { host: target, port: 25 },
                    );
                    scene.add(at, frame::tcp(ends.0, ends.1, random.word() as u16, &segment));
                }
                FloodKind::Udp => {
                    let data = random.bytes(400);
                    let port = random.between(1, 65_000) as u16;
                    scene.udp(at, End { host: &attacker, port: 40_000 }, End { host: target, port }, &data);
                }
                FloodKind::Icmp => {
                    let data = random.bytes(60);
                    scene.icmp(at, &attacker, target, (8, 0), &data);
                }
                FloodKind::DnsAnswers => {
                    let ip = Ipv4Addr::new(192, 0, 2, 130 + random.below(REFLECTORS) as u8);
                    let from = Host::outside("open resolver", ip, 12);
                    let data = answer(random.word() as u16, "big.example", kind::TXT, &records, 60, 0);
                    scene.udp(at, End { host: &from, port: 53 }, End { host: target, port: 4_444 }, &data);
                }
            }
            at = at.plus_nanos(random.around(pause, 30));
        }
        scene.end_act();
        at
    }
}
