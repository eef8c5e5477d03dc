#![allow(dead_code, reason = "keywords land next")]
//! From text to [`crate::ir`]: reading rule files and everything that goes with them.

mod address_text;
mod classification;
mod error;
pub(crate) mod group;
mod port_text;
mod requires;
mod syntax;
mod variable;

pub use classification::{Class, Classification, ReferenceSystem, References};
pub use error::{Code, Error, Fault};
pub use requires::VERSION;
pub use variable::Variables;
