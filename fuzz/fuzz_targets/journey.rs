//! Generated pipelines go through all phases with the proof, and keep every comment.
#![no_main]

#[path = "../../tests/common/generate.rs"]
mod generate;
#[path = "../../tests/common/journey.rs"]
mod journey;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = generate::pipeline(&mut generate::Choices::new(bytes));
    match journey::through_all_phases(&files) {
        Ok(Some(_)) => {}
        Ok(None) => panic!("not a pipeline: {files:#?}"),
        Err(error) => panic!("{error}\n{files:#?}"),
    }
});
