//! Report value to bytes.

pub mod eve;
