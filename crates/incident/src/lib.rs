//! Findings to incidents.
