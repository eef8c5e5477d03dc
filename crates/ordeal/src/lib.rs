//! Hostile input: what it is read as, what twice of it costs, and whether any bytes bring a stage down.
//!
//! Three tools over the same engine that everybody runs:
//!
//! - [`case`]: traffic that an attacker would send, in any size, each with the reading that is expected of it;
//! - [`doubling`]: each case at a size and at twice that size. Work is linear when the second costs about twice the first;
//! - [`target`]: the bodies of the fuzz targets, from single headers to whole captures. `fuzz/` drives them with coverage,
//!   the crate's own tests with seeds and a fixed number of mutations.
//!
//! Nothing here is part of the program.

pub mod case;
pub mod doubling;
mod run;
pub mod target;
mod wire;

pub use run::{Heard, hear, hear_with};
pub use wire::{Conversation, Frames, Side, Wire};
