//! A machine that reports to its controller at intervals, and benign services that do the same.

use std::net::Ipv4Addr;

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::office::{Office, Site};
use crate::random::Random;
use crate::scene::{Capture, Scene};
use crate::speech::dns::{Lookup, Record, kind, look_up};
use crate::speech::http::{AGENTS, Request, response};
use crate::speech::media;
use crate::speech::tls::{Certificate, IMPLANT, Session};
use crate::talk::{MS, Side, Talk};
use crate::truth::ActKind;

/// What a beacon is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// HTTP POST in the clear.
    Http,
    /// TLS 1.2 with a certificate that the server made itself.
    Tls,
}

/// A beacon.
#[derive(Debug, Clone)]
pub struct Beacon {
    /// Seed of the capture.
    pub seed: u64,
    /// Seconds between reports.
    pub period_secs: u64,
    /// How far a pause may be off, in percent of the period.
    pub jitter_percent: u64,
    /// Of a thousand reports, how many never happen.
    pub missed_per_mille: u64,
    /// Seconds from the first to the last report.
    pub lifetime_secs: u64,
    /// Whether the office works around it.
    pub background: bool,
    /// What it is wrapped in.
    pub wrapping: Wrapping,
    /// The controller's name.
    pub name: &'static str,
    /// The controller's address.
    pub address: Ipv4Addr,
}

impl Default for Beacon {
    fn default() -> Self {
        Self {
            seed: 1,
            period_secs: 300,
            jitter_percent: 10,
            missed_per_mille: 0,
            lifetime_secs: 4 * 3_600,
            background: false,
            wrapping: Wrapping::Tls,
            name: "updates.example",
            address: Ipv4Addr::new(203, 0, 113, 9),
        }
    }
}

impl Beacon {
    /// A capture with this beacon in it.
    pub fn make(&self) -> Capture {
        alone("beacon", self.seed, self.lifetime_secs, self.background, |scene, office| {
            self.play(scene, office, START, &office.desks[0]);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, victim: &Host) -> Time {
        let mut random = scene.random(&format!("beacon {} {}", self.name, victim.ip));
        let server = Host::outside(self.name, self.address, 16);
        let port = if self.wrapping == Wrapping::Tls { 443 } else { 80 };
        scene
            .begin_act(ActKind::Beacon)
            .attacker(&server)
            .victim(victim)
            .server(End { host: &server, port }, "tcp", self.name, "controller")
            .fact("period_s", self.period_secs)
            .fact("jitter_percent", self.jitter_percent)
            .fact("missed_per_mille", self.missed_per_mille);
        let certificate = Certificate::self_signed(&random, self.name, start);
        let site = Site { name: self.name.to_owned(), host: server, second: None, secure: true, certificate };
        let mut at = start;
        let mut last = start;
        while at.nanos_since(start) <= self.lifetime_secs * 1_000 * MS {
            if !random.chance(self.missed_per_mille) {
                last = self.report(scene, office, &mut random, at, victim, &site);
            }
            at = at.plus_nanos(random.around(self.period_secs * 1_000, self.jitter_percent) * MS);
        }
        scene.end_act();
        last
    }

    fn report(
        &self,
        scene: &mut Scene,
        office: &Office,
        random: &mut Random,
        at: Time,
        victim: &Host,
        site: &Site,
    ) -> Time {
        let records = [Record::Address(site.host.ip)];
        let lookup =
            Lookup { name: &site.name, kind: kind::A, records: &records, seconds: 60, ask_outside: true };
        let found = look_up(scene, random, at, victim, &office.resolvers, &lookup);
        // Nearly always the same: "here I am" and "nothing to do". Now and then an order.
        let down = if random.chance(60) { random.between(600, 2_000) as usize } else { 96 };
        match self.wrapping {
            Wrapping::Tls => Session {
                name: &site.name,
                program: &IMPLANT,
                certificate: &site.certificate,
                exchanges: &[(208, down, 0)],
            }
            .play(scene, found, victim, &site.host),
            Wrapping::Http => {
                let body =
                    random.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 128);
                let request = Request {
                    method: "POST",
                    target: "/v2/status",
                    host: &site.name,
                    agent: AGENTS[0],
                    headers: &[("Accept", "*/*"), ("Content-Type", "application/octet-stream")],
                    body: body.as_bytes(),
                };
                let mut talk = Talk::open(scene, found, victim, &site.host, 80);
                talk.client(&request.bytes());
                let order = random.bytes(down);
                let answer = response(talk.now(), "200 OK", "nginx", "application/octet-stream", &order);
                talk.wait(20 * MS).server(&answer);
                talk.close(Side::Client)
            }
        }
    }
}

/// A benign service that is called at intervals, by several machines.
#[derive(Debug, Clone)]
pub struct Periodic {
    /// Seed of the capture.
    pub seed: u64,
    /// Seconds between calls.
    pub period_secs: u64,
    /// How far a pause may be off, in percent of the period.
    pub jitter_percent: u64,
    /// Seconds from the first to the last call.
    pub lifetime_secs: u64,
    /// How many machines call.
    pub machines: usize,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Periodic {
    fn default() -> Self {
        Self {
            seed: 1,
            period_secs: 300,
            jitter_percent: 2,
            lifetime_secs: 4 * 3_600,
            machines: 8,
            background: false,
        }
    }
}

impl Periodic {
    /// A capture with this service in it: updates over TLS from the vendor, and the clock.
    pub fn make(&self) -> Capture {
        alone("periodic", self.seed, self.lifetime_secs, self.background, |scene, office| {
            self.play(scene, office, START);
        })
    }

    /// Plays it into a scene.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time) {
        let mut random = scene.random("periodic");
        for desk in office.desks.iter().take(self.machines) {
            let site = &office.vendor;
            scene
                .begin_act(ActKind::Periodic)
                .victim(desk)
                .fact("what", "updates")
                .fact("period_s", self.period_secs)
                .server(End { host: &site.host, port: 443 }, "tcp", &site.name, "updates");
            let mut at = start.plus_nanos(random.below(self.period_secs * 1_000) * MS);
            while at.nanos_since(start) <= self.lifetime_secs * 1_000 * MS {
                office.visit(scene, &mut random, at, desk, site);
                media::ask_time(scene, &mut random, at.plus_secs(1), desk, &office.clock);
                at = at.plus_nanos(random.around(self.period_secs * 1_000, self.jitter_percent) * MS);
            }
            scene.end_act();
        }
    }
}
