//! Report value to bytes.

pub mod catalogue;
pub mod claim;
mod document;
mod drawing;
mod edition;
pub mod eve;
mod exchange;
mod form;
mod format;
pub mod learned;
mod overview;
pub mod page;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(test)]
mod sample;
mod saved;
mod seen;
mod story;
mod terminal;
mod visible;
pub mod words;

pub use document::{Manifest, Report};
pub use edition::{Edition, Tlp};
pub use format::{Format, Unavailable};
pub use overview::Overview;
pub use saved::Unreadable;
pub use terminal::summary;
pub use visible::visible;
