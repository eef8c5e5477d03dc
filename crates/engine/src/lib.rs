//! The only crate that knows threads.
