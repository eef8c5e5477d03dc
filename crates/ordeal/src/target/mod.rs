//! Bodies of the fuzz targets: any bytes go in, and nothing may panic, hang or break a promise between stages.
//!
//! Each target reads its bytes as instructions, so that a mutation stays near what it mutated. A broken promise is an
//! `assert!`, which both the fuzzer and the tests see. One line in [`TARGETS`] adds a target.

mod capture;
mod decode;
mod evidence;
mod mutation;
mod protocol;
mod stream;

pub use mutation::mutations;

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, as in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
    /// Small inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "decode", run: decode::run, seeds: decode::seeds },
    Target { name: "stream", run: stream::run, seeds: stream::seeds },
    Target { name: "protocol", run: protocol::run, seeds: protocol::seeds },
    Target { name: "capture", run: capture::run, seeds: capture::seeds },
    Target { name: "evidence", run: evidence::run, seeds: evidence::seeds },
    Target { name: "replay", run: capture::replay, seeds: capture::replay_seeds },
];

/// Runs the target with this name.
///
/// # Panics
/// When there is no such target, and when a promise is broken.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the name of a target");
    (target.run)(bytes);
}
