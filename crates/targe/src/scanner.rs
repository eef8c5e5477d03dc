//! YARA rules on the files that were carried.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use engine::FileVerdict;
use yara::Rules;

/// Different files that are looked at.
const FILES_MAX: usize = 100_000;

/// Rules, and what they said so far by the digest of the file.
#[derive(Debug)]
pub(crate) struct Scanner {
    rules: Rules,
    /// Every file that was looked at; without a verdict when nothing matched.
    seen: BTreeMap<String, Option<FileVerdict>>,
}

impl Scanner {
    /// Compiles rule files; `None` when there are none.
    ///
    /// # Errors
    /// A file that cannot be read, a rule that cannot be compiled, or a build without YARA.
    pub(crate) fn new(files: &[PathBuf]) -> Result<Option<Self>> {
        if files.is_empty() {
            return Ok(None);
        }
        let mut texts = Vec::new();
        for path in files {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            texts.push((path.display().to_string(), text));
        }
        Ok(Some(Self { rules: Rules::compile(&texts)?, seen: BTreeMap::new() }))
    }

    /// Looks at a file, once.
    pub(crate) fn file(&mut self, sha256: &str, content: &[u8]) {
        if self.seen.contains_key(sha256) || self.seen.len() >= FILES_MAX {
            return;
        }
        let matches = self.rules.scan(content);
        let verdict = (!matches.is_empty()).then(|| FileVerdict {
            sha256: sha256.to_owned(),
            note: matches
                .iter()
                .map(|found| &found.note)
                .find(|note| !note.is_empty())
                .cloned()
                .unwrap_or_default(),
            rules: matches.into_iter().map(|found| found.rule).collect(),
        });
        self.seen.insert(sha256.to_owned(), verdict);
    }

    /// What was said, in the order of the digests.
    pub(crate) fn verdicts(&mut self) -> Vec<FileVerdict> {
        std::mem::take(&mut self.seen).into_values().flatten().collect()
    }
}
