//! Report value to bytes.
