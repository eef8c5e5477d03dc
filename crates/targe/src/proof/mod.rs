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
