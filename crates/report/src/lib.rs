//! Report value to bytes.

pub mod claim;
mod document;
pub mod eve;
mod overview;
pub mod page;
mod terminal;
pub mod words;

pub use document::{Manifest, Report};
pub use overview::Overview;
pub use terminal::summary;
