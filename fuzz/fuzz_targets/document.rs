//! Any text is read, or refused; what is read is kept to the byte, and an edit anywhere reads back as it was meant.
#![no_main]

#[path = "../../tests/common/attempts.rs"]
mod attempts;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attempts::document(bytes));
