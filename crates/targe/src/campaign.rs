//! The memory of campaigns: a file in the folder that `--store` names.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use incident::Memory;
use report::Report;
use sha2::{Digest, Sha256};

/// Name of the memory in its folder; `incident::Memory` describes its lines.
const FILE: &str = "campaigns.jsonl";

/// Links the report's incidents to those of earlier runs, and remembers them for later ones.
///
/// # Errors
/// A folder that cannot be written, or a memory that cannot be read.
pub(crate) fn link(store: &Path, report: &mut Report) -> Result<()> {
    std::fs::create_dir_all(store).with_context(|| format!("cannot make the folder {}", store.display()))?;
    let path = store.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let (memory, broken) = Memory::read(&text);
    for line in broken {
        eprintln!("targe: {}:{line}: not a line of the memory of campaigns", path.display());
    }
    let added = memory.link(&run(report), &mut report.incidents, &report.findings);
    if added.is_empty() {
        return Ok(());
    }
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(added.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What tells this run from others: its inputs, whatever they are called.
fn run(report: &Report) -> String {
    let mut hash = Sha256::new();
    for (_, bytes, sha256) in &report.manifest.inputs {
        hash.update(format!("{bytes} {sha256}\n"));
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
