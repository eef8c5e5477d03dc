//! The binary: arguments, configuration, exit codes.

fn main() {}
