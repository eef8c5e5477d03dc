//! Writes realistic attack and benign captures, with a fixed seed and a statement of what is true about them.
//!
//! A [`Scene`] is set with hosts and acts and becomes a [`Capture`]: frames in order of time, all checksums right, TCP
//! with handshakes, acknowledgements and losses. The same seed gives the same bytes on every machine. All addresses and
//! names are those set aside for documentation (RFC 5737, RFC 3849, RFC 2606) or private (RFC 1918).
//!
//! [`scenario`] tells the whole story of an attack on an office; [`acts`] are single attacks and their benign
//! look-alikes on a grid of parameters, for tests that measure where a detector begins to see.
//!
//! Nothing here knows the engine: a capture from the lab can only say what a wire would say.

pub mod acts;
mod calendar;
pub mod frame;
pub mod office;
mod random;
pub mod scenario;
mod scene;
pub mod speech;
mod talk;
#[cfg(test)]
mod tests;
mod truth;

pub use frame::{End, Host};
pub use office::Office;
pub use random::Random;
pub use scene::{Capture, Frame, Scene};
pub use talk::{Side, Talk};
pub use truth::{Act, ActKind, ServerTruth, Truth};

use model::Time;

/// When captures begin unless something else is said: Tuesday, 4 March 2025, 08:00 UTC.
pub const START: Time = Time::from_secs(1_741_075_200);
