//! Generated pipelines, in every style, go through all phases with the proof; with a line changed they are refused or proved.
//!
//! `PROPTEST_CASES=100000 cargo test --test properties` goes further. What is found becomes a case in
//! `testdata/transforms` once it is understood.

#[path = "common/generate.rs"]
mod generate;
#[path = "common/journey.rs"]
mod journey;

use std::collections::BTreeMap;

use generate::{Choices, pipeline};
use journey::through_all_phases;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases every time, unless more are asked for.
fn config() -> ProptestConfig {
    match std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()) {
        Some(cases) => ProptestConfig::with_cases(cases),
        None => ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(29), ..ProptestConfig::default() },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn generated_pipelines_go_through_every_phase(bytes in prop::collection::vec(any::<u8>(), 0..220)) {
        let files = pipeline(&mut Choices::new(&bytes));
        match through_all_phases(&files) {
            Ok(Some(_)) => {}
            Ok(None) => prop_assert!(false, "not a pipeline:\n{}", shown(&files)),
            Err(error) => prop_assert!(false, "{error}\n{}", shown(&files)),
        }
    }

    #[test]
    fn pipelines_with_a_line_that_is_changed_are_refused_or_proved(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        line in any::<prop::sample::Index>(),
        change in 0usize..4,
    ) {
        let mut files = pipeline(&mut Choices::new(&bytes));
        let text = files.get_mut(".gitlab-ci.yml").unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        prop_assume!(!lines.is_empty());
        let at = line.index(lines.len());
        match change {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at].insert_str(0, "  "),
            _ => lines[at].push_str(" &anchor"),
        }
        *text = lines.join("\n");
        if let Err(error) = through_all_phases(&files) {
            prop_assert!(false, "{error}\n{}", shown(&files));
        }
    }
}

/// The generator is of use only if its pipelines are migrated, each kind of them.
#[test]
fn most_generated_pipelines_change() {
    let mut changed = 0;
    for seed in 0..200u32 {
        let bytes: Vec<u8> = (0..200u32)
            .map(|at| (seed.wrapping_mul(2_654_435_761).rotate_left(at % 31) >> 5) as u8 ^ at as u8)
            .collect();
        let files = pipeline(&mut Choices::new(&bytes));
        changed += usize::from(through_all_phases(&files).is_ok_and(|after| after.is_some_and(|after| after != files)));
    }
    assert!(changed > 60, "{changed} of 200");
}

fn shown(files: &BTreeMap<String, String>) -> String {
    files.iter().map(|(path, text)| format!("--- {path}\n{text}\n")).collect()
}
