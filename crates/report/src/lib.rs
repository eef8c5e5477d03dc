//! Report value to bytes.

mod document;
pub mod eve;
mod overview;

pub use document::{Manifest, Report};
pub use overview::Overview;
