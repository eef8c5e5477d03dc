#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ordeal::target::run("evidence", bytes));
