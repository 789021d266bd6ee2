//! Jobs that were migrated, run before and after: a shell runs their real scripts, and this program stands in for `docker`,
//! for a registry and for all other commands (no daemon, no cluster, no GitLab is asked).
//!
//! What a job does is what it leaves in the registry, which other commands it runs in which state of the registry, and
//! whether it passes. All that must be the same after the migration: on a branch, for a tag, with an empty registry, and
//! when any one of its steps fails.
//!
//! What may differ, as the README says under "What is not": a failing build or push that a list passed over, or that only
//! `after_script` pushed, ends the job; of several builds the first is pushed when the second fails; and without an image that a
//! build only reads its cache from, or begins with, the job need not fail.
//!
//! `CI_MIGRATE_SEEDS=100..200 cargo test --test execution made` tries other jobs than those that are always tried.

mod build;
mod buildx;
mod compare;
mod compose;
mod docker;
mod generate;
mod job;
mod layout;
#[path = "../common/repository.rs"]
mod repository;
mod seen;
mod stand_in;
mod statement;
mod store;
mod world;

use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(code) = stand_in::answer() {
        return code;
    }
    let mut trials: Vec<Trial> = seen::WRONG
        .iter()
        .enumerate()
        .map(|(number, (before, after))| {
            Trial::test(format!("seen/{number}"), move || seen::is_wrong(before, after).map_err(Into::into))
        })
        .collect();
    let mut folders = vec![repository::testdata("pipelines")];
    let transforms = std::fs::read_dir(repository::testdata("transforms")).unwrap();
    folders.extend(transforms.map(|entry| entry.unwrap().path()));
    match std::env::var_os("CI_MIGRATE_SHARED") {
        Some(shared) => folders.push(Path::new(&shared).join("corpus")),
        None => eprintln!("skipped: jobs of the corpus (CI_MIGRATE_SHARED is not set)"),
    }
    for folder in folders {
        let mut cases: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        for case in cases.into_iter().filter(|case| case.is_dir()) {
            let name = format!("{}/{}", last(&folder), last(&case));
            trials.push(Trial::test(name, move || compare::repository(&case).map_err(Into::into)));
        }
    }
    for seed in seeds() {
        trials.push(Trial::test(format!("made/{seed}"), move || {
            let files = generate::repository(seed, 20);
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            compare::migrate(repository::Repository::with(&files), None).map_err(Into::into)
        }));
    }
    let arguments = Arguments::from_args();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let compared = compare::COMPARED.load(Ordering::Relaxed);
    println!("{compared} migrated jobs ran before and after");
    // Where nothing is migrated any more, nothing differs.
    let all = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    if all && compared < 300 { ExitCode::FAILURE } else { conclusion.exit_code() }
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Which repositories are made: a few, or those of `CI_MIGRATE_SEEDS=100..200`.
fn seeds() -> Range<u64> {
    let said = std::env::var("CI_MIGRATE_SEEDS").unwrap_or_default();
    let range = said.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or(0..4)
}
