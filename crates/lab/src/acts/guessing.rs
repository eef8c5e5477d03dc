//! Trying passwords until one fits.

use std::net::Ipv4Addr;

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::speech::{ftp, ssh};
use crate::talk::MS;
use crate::truth::ActKind;

/// The service whose passwords are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocols' own")]
pub enum Service {
    Ssh,
    Ftp,
}

/// A series of wrong passwords.
#[derive(Debug, Clone)]
pub struct Guessing {
    /// Seed of the capture.
    pub seed: u64,
    /// The service.
    pub service: Service,
    /// Conversations, of three passwords each.
    pub conversations: u64,
    /// Milliseconds from the beginning of one conversation to the next.
    pub interval_ms: u64,
    /// Whether the last password fits.
    pub succeeds: bool,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            seed: 1,
            service: Service::Ssh,
            conversations: 40,
            interval_ms: 4_000,
            succeeds: false,
            background: false,
        }
    }
}

impl Guessing {
    /// A capture with this guessing in it, from outside.
    pub fn make(&self) -> Capture {
        let seconds = self.conversations * self.interval_ms / 1_000;
        alone("guessing", self.seed, seconds.max(60), self.background, |scene, office| {
            let guesser = Host::outside("guesser", Ipv4Addr::new(198, 51, 100, 99), 17);
            self.play(scene, office, START, &guesser);
        })
    }

    /// Plays it into a scene, against the records server; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, guesser: &Host) -> Time {
        let mut random = scene.random(&format!("guessing {} {}", guesser.ip, start.nanos()));
        let target = &office.records;
        let port = if self.service == Service::Ssh { 22 } else { 21 };
        scene
            .begin_act(ActKind::Guessing)
            .attacker(guesser)
            .victim(target)
            .server(End { host: target, port }, "tcp", "", "target")
            .fact("conversations", self.conversations)
            .fact("passwords", self.conversations * 3)
            .fact("succeeds", self.succeeds);
        let (mut at, mut over) = (start, start);
        for number in 1..=self.conversations {
            let accepted = self.succeeds && number == self.conversations;
            over = match self.service {
                Service::Ssh => ssh::Session {
                    banner: ssh::BANNER_GUESSER,
                    refused: if accepted { 2 } else { 3 },
                    accepted,
                    exchanges: &[],
                }
                .play(scene, at, guesser, target),
                Service::Ftp => {
                    let passwords: Vec<String> =
                        (0..3).map(|_| random.letters(b"abcdefghijklmnopqrstuvwxyz0123456789", 8)).collect();
                    ftp::log_in(scene, at, (guesser, target), "admin", &passwords, accepted)
                }
            };
            at = at.plus_nanos(random.around(self.interval_ms, 15) * MS);
        }
        scene.end_act();
        over
    }
}
