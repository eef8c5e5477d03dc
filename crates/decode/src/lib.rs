//! Bytes to layers.
