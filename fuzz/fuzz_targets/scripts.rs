//! Any script is read; every place that is given is a part of its item and holds what it says.
#![no_main]

#[path = "../../tests/common/attempts.rs"]
mod attempts;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attempts::scripts(bytes));
