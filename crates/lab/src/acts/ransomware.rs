//! Files on a share are read, overwritten with noise and given another name, one after the other.

use model::Time;

use super::alone;
use crate::START;
use crate::frame::{End, Host};
use crate::office::Office;
use crate::scene::{Capture, Scene};
use crate::speech::http::prose;
use crate::speech::smb::{self, FileStep, Login};
use crate::talk::MS;
use crate::truth::ActKind;

/// A run over a share.
#[derive(Debug, Clone)]
pub struct Ransomware {
    /// Seed of the capture.
    pub seed: u64,
    /// How many files.
    pub files: usize,
    /// Milliseconds between files.
    pub interval_ms: u64,
    /// Bytes of each file.
    pub file_bytes: usize,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Ransomware {
    fn default() -> Self {
        Self { seed: 1, files: 80, interval_ms: 250, file_bytes: 3_000, background: false }
    }
}

impl Ransomware {
    /// A capture with this run in it.
    pub fn make(&self) -> Capture {
        let seconds = self.files as u64 * self.interval_ms / 1_000;
        alone("ransomware", self.seed, seconds.max(60), self.background, |scene, office| {
            self.play(scene, office, START, &office.desks[1]);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, infected: &Host) -> Time {
        let mut random = scene.random("ransomware");
        scene
            .begin_act(ActKind::Ransomware)
            .attacker(infected)
            .victim(&office.files)
            .server(End { host: &office.files, port: 445 }, "tcp", "", "target")
            .fact("files", self.files)
            .fact("extension", "locked");
        let names: Vec<String> = (0..self.files)
            .map(|n| format!("team\\{}-{n}.docx", random.letters(b"abcdeilmnorst", 6)))
            .collect();
        let mut steps = Vec::new();
        for name in &names {
            let text = prose(&mut random, self.file_bytes / 6).into_bytes();
            let noise = random.bytes(text.len());
            steps.push(FileStep::Read(name, text));
            steps.push(FileStep::Write(name, noise));
            steps.push(FileStep::Rename(name, format!("{name}.locked")));
            steps.push(FileStep::Pause(random.around(self.interval_ms, 30) * MS));
        }
        let note = "Your files are locked. Write to pay@example.invalid.".repeat(4).into_bytes();
        steps.push(FileStep::Write("team\\READ_ME_TO_UNLOCK.txt", note));
        let login = Login {
            user: "bela",
            domain: "OFFICE",
            machine: "DESK-BELA",
            share: "\\\\files.office.example\\team",
        };
        let over = smb::play(scene, start, infected, &office.files, &login, &steps);
        scene.end_act();
        over
    }
}
