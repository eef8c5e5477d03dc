//! The Suricata rule language: text → typed rules ([`ir`]) → a compiled [`RuleSet`] → alerts.

mod address;
pub mod ir;
mod number;
mod pattern;

pub use address::{AddressSet, PortSet};
pub use number::NumberTest;
pub use pattern::{Flags, Pattern};
