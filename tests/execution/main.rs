//! Jobs that were migrated, run before and after: a shell runs their real scripts, and this program stands in for `docker`,
//! for a registry and for all other commands (no daemon, no cluster, no GitLab is asked).
//!
//! What a job does is what it leaves in the registry, which other commands it runs in which state of the registry, and
//! whether it passes. All that must be the same after the migration: on a branch, for a tag, with an empty registry, and
//! when any one of its steps fails.

mod compare;
mod docker;
mod generate;
mod job;
mod stand_in;
mod store;

#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(code) = stand_in::answer() {
        return code;
    }
    let mut trials = Vec::new();
    let kinds = std::env::var_os("CI_MIGRATE_CASES").map_or_else(
        || {
            let transforms = std::fs::read_dir(common::testdata("transforms")).unwrap();
            let mut folders: Vec<_> = transforms.map(|entry| entry.unwrap().path()).collect();
            folders.push(common::testdata("pipelines"));
            folders
        },
        |folder| vec![folder.into()],
    );
    for folder in kinds {
        let mut cases: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        for case in cases.into_iter().filter(|case| case.is_dir()) {
            let name = format!(
                "{}/{}",
                folder.file_name().unwrap_or_default().to_string_lossy(),
                case.file_name().unwrap_or_default().to_string_lossy()
            );
            trials.push(Trial::test(name, move || compare::repository(&case).map_err(Into::into)));
        }
    }
    let rounds: Vec<u64> = std::env::var("CI_MIGRATE_SEEDS").ok().map_or_else(
        || (0..4).collect(),
        |seeds| {
            let (from, to) = seeds.split_once("..").unwrap_or((&seeds, &seeds));
            (from.parse().unwrap_or(0)..to.parse().unwrap_or(0)).collect()
        },
    );
    for seed in rounds {
        trials.push(Trial::test(format!("made/{seed}"), move || {
            let files = generate::repository(seed, 40);
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            compare::migrate(common::Repository::with(&files), None).map_err(Into::into)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
