//! Files that were carried and that a scanner of file content said something about.

use std::collections::BTreeMap;

use model::{
    Confidence, Direction, Evidence, FileFact, Finding, LossMark, PacketId, Severity, Subject, Term,
};

/// Files whose carriers are remembered.
const FILES_MAX: usize = 65_536;
/// Carriers remembered per file.
const CARRIERS_MAX: usize = 8;

/// What a scanner of file content says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVerdict {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Names of the rules that matched.
    pub rules: Vec<String>,
    /// What the first of them says it is; may be empty.
    pub note: String,
}

/// Who carried which file.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    files: BTreeMap<String, Vec<FileFact>>,
    left_out: u64,
}

impl Carried {
    /// Remembers who carried a file that can be looked at as a whole.
    pub(crate) fn file(&mut self, file: &FileFact) {
        if file.sha256.is_empty() {
            return;
        }
        if self.files.len() >= FILES_MAX && !self.files.contains_key(&file.sha256) {
            self.left_out += 1;
            return;
        }
        let carriers = self.files.entry(file.sha256.clone()).or_default();
        if carriers.len() < CARRIERS_MAX {
            carriers.push(file.clone());
        }
    }

    /// One finding per verdict and carrier, in order of the digest; and what was not remembered.
    pub(crate) fn findings(&self, verdicts: &[FileVerdict]) -> (Vec<Finding>, Vec<LossMark>) {
        let known = verdicts.iter().filter_map(|verdict| Some((verdict, self.files.get(&verdict.sha256)?)));
        let findings = known
            .flat_map(|(verdict, carriers)| carriers.iter().map(move |file| finding(verdict, file)))
            .collect();
        let losses = (self.left_out > 0).then(|| LossMark {
            after: PacketId(0),
            reason: format!("{} files found no room among those whose content is told", self.left_out),
        });
        (findings, losses.into_iter().collect())
    }
}

fn finding(verdict: &FileVerdict, file: &FileFact) -> Finding {
    let (client, server) = (file.who.client, file.who.server);
    let name = if file.name.is_empty() { "a file" } else { &file.name };
    let rules = verdict.rules.join(", ");
    let note = if verdict.note.is_empty() { String::new() } else { format!(" ({})", verdict.note) };
    // Down it goes to who asked, up to who was given it.
    let (attacker, victim) = match file.direction {
        Direction::ToClient => (server, client),
        Direction::ToServer => (client, server),
    };
    Finding {
        id: 0,
        detector: "yara",
        title: format!(
            "{victim} was sent {} that YARA rules know: {rules}{note}",
            name.chars().take(80).collect::<String>()
        ),
        severity: Severity::High,
        confidence: Confidence(800),
        techniques: vec!["T1105"],
        attackers: vec![attacker],
        victims: vec![victim],
        server: (file.direction == Direction::ToClient).then(|| (server, String::new())),
        subjects: vec![Subject::File(verdict.sha256.clone()), Subject::Host(victim)],
        first: file.who.began,
        last: file.who.began,
        count: 1,
        terms: vec![Term {
            name: "YARA rules that match",
            value: verdict.rules.len() as f64,
            threshold: 1.0,
            weight: 1.0,
            meaning: rules,
        }],
        evidence: vec![Evidence {
            flow: Some(file.who.flow),
            packets: vec![file.who.first_packet],
            field: "file.sha256",
            excerpt: verdict.sha256.clone(),
        }],
        against: vec!["A rule describes bytes; how well it was written decides what they mean.".into()],
    }
}
