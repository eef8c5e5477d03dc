//! Evidence that a stranger can check: bundles are made, verified, stamped and redacted; statements are held against them.
//!
//! The format is the crate `evidence`; here is what needs the engine (the re-run), the disk and the operator.

mod cast;
mod compare;
mod edit;
mod keys;
mod ledger;
mod ledger_grammar;
mod make;
mod needed;
mod rerun;
mod scope;
mod verify;

pub(crate) use edit::command as bundle_command;
pub(crate) use keys::{command as key_command, read_private};
pub(crate) use ledger::command as claim_command;
pub(crate) use make::{Making, spool, write};
pub(crate) use verify::command as verify_command;

/// Bytes of a file that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// SHA-256 of a file, in hexadecimal.
fn hash_of(path: &std::path::Path) -> anyhow::Result<String> {
    use anyhow::Context;
    use sha2::{Digest, Sha256};
    use std::io::Read;
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; READ_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(evidence::hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}
