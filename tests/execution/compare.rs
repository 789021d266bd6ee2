//! What a job does before its migration and after it, in every world that is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::job::{Done, Job, World};
use crate::repository::Repository;
use crate::world::{prepare, world};

/// How many jobs were compared.
pub static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// Migrates a repository (a case of `testdata/transforms`, or a folder with a pipeline) and compares each job that changed.
///
/// # Errors
/// What differs, with all that either run did.
pub fn repository(case: &Path) -> Result<(), String> {
    let repository = if case.join("before.yml").exists() {
        let others = case.join("repository");
        let repository = if others.exists() { Repository::copy(&others) } else { Repository::with(&[]) };
        std::fs::copy(case.join("before.yml"), repository.folder.path().join(".gitlab-ci.yml")).unwrap();
        repository
    } else {
        Repository::copy(case)
    };
    let assume = case.join("assume-complete").exists().then_some("--assume-complete");
    migrate(repository, assume)
}

/// Migrates a repository and compares each job that changed.
///
/// # Errors
/// What differs, with all that either run did.
pub fn migrate(repository: Repository, option: Option<&str>) -> Result<(), String> {
    let folder = repository.folder.path().to_owned();
    let Some(before) = jobs(&repository) else { return Ok(()) };
    let ran = repository.run(&["run", "--yes"].into_iter().chain(option).collect::<Vec<_>>());
    if ran.code != 0 {
        return Ok(());
    }
    let after = jobs(&repository).ok_or("the migrated pipeline cannot be read")?;
    let mut said = String::new();
    for (name, (old, job)) in &before {
        let Some((_, new)) = after.get(name).filter(|(new, _)| new != old) else { continue };
        COMPARED.fetch_add(1, Ordering::Relaxed);
        if let Err(difference) = same(job, new, &folder) {
            said += &format!("== {name}\n{difference}\n");
        }
    }
    if said.is_empty() { Ok(()) } else { Err(said) }
}

fn jobs(repository: &Repository) -> Option<BTreeMap<String, (Value, Job)>> {
    let ran = repository.run(&["effective", "--format", "json"]);
    let answer: Value = serde_json::from_str(&ran.out).ok()?;
    let jobs = answer["jobs"].as_array()?.iter();
    Some(
        jobs.filter(|job| job["configuration"]["script"] != Value::Null)
            .map(|job| {
                (job["name"].as_str().unwrap_or_default().to_owned(), (job["configuration"].clone(), Job::new(job)))
            })
            .collect(),
    )
}

/// Compares one job.
///
/// # Errors
/// What differs, with all that either run did.
pub fn same(before: &Job, after: &Job, repository: &Path) -> Result<(), String> {
    prepare(before, repository);
    // What a list passed over, and what only `after_script` pushed, ends the job now: the README says so.
    let lenient = before.text().contains("&&") || before.after_script.iter().any(|item| item.contains("push"));
    let branch = world(
        before,
        &[("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_REF_NAME", "main"), ("CI_COMMIT_REF_SLUG", "main")],
        true,
    );
    let tag = world(
        before,
        &[("CI_COMMIT_TAG", "v1.2"), ("CI_COMMIT_REF_NAME", "v1.2"), ("CI_COMMIT_REF_SLUG", "v1-2")],
        true,
    );
    let bare =
        world(before, &[("CI_COMMIT_BRANCH", "a"), ("CI_COMMIT_REF_NAME", "a"), ("CI_COMMIT_REF_SLUG", "a")], false);
    let empty = World { empty: true, ..branch.clone() };
    let by_hand = World { by_hand: Some(("registry.test/group/by-hand", "by-hand")), ..branch.clone() };
    let one_name = World { by_hand: Some(("registry.test/group/project", "latest")), ..branch.clone() };
    let mut first: Option<(Done, Done)> = None;
    let text = before.text();
    let tries_again = ["||", "&&", "until", "while", "for ", "if ", "set +"].iter().any(|word| text.contains(word));
    let asks_tag = text.contains("CI_COMMIT_TAG");
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for (name, world) in [
        ("on the main branch", &branch),
        ("for a tag", &tag),
        ("with few variables", &bare),
        ("with an empty registry", &empty),
        ("with variables by hand", &by_hand),
        ("with variables that make names alike", &one_name),
    ] {
        let (old, new) = (before.run(world, repository, true), after.run(world, repository, false));
        // What runs in the background runs in no certain order.
        if !old.unknown.is_empty()
            || before.script.iter().flat_map(|item| item.lines()).any(|line| line.ends_with(" &"))
        {
            return Ok(());
        }
        // Where a step fails in any case, the main branch tells what a whole run pushes.
        let whole = first.as_ref().filter(|_| !old.passed || world.empty).map(|(old, new)| (old, new));
        let reads = text.contains("--cache-from") || text.contains("--build-arg");
        if world.empty && !old.passed && new.passed && reads {
            continue;
        }
        alike(&old, &new, whole, lenient).map_err(|what| report(name, &what, before, after, &old, &new))?;
        // A pull only fetches what a build reads, or is written out as a copy, which fails as well.
        let public = |step: &str| {
            step.strip_prefix("pull ").is_some_and(|image| !image.split('/').next().unwrap_or_default().contains('.'))
        };
        for step in old.steps.iter().filter(|step| !public(step)).take(20) {
            if !tried.insert(format!("{step}{}", if asks_tag && name == "for a tag" { name } else { "" })) {
                continue;
            }
            let lenient = lenient || step.starts_with("build ") || step.starts_with("push ");
            // A pull of what a build begins with, or reads its cache from, asked whether it is there.
            let warms = step.strip_prefix("pull ").is_some_and(|image| {
                text.contains("--cache-from")
                    || text.contains("--build-arg")
                    || old.pushes.iter().any(|push| push.starts_with(image))
            });
            // What is asked more often, or less, meets a failure that passes somewhere else.
            let times = |done: &Done| done.steps.iter().filter(|other| *other == step).count();
            let passes = step.starts_with("pull ") && times(&old) != times(&new);
            let tries: &[bool] = if tries_again && !passes { &[false, true] } else { &[false] };
            for &once in tries {
                let world = World { fails: Some(step.clone()), once, ..world.clone() };
                let (failed, again) = (before.run(&world, repository, true), after.run(&world, repository, false));
                if warms && !failed.passed && again.passed {
                    continue;
                }
                alike(&failed, &again, Some((&old, &new)), lenient).map_err(|what| {
                    let name = format!("{name}, where {step} fails{}", if once { " once" } else { "" });
                    report(&name, &what, before, after, &failed, &again)
                })?;
            }
        }
        first.get_or_insert((old, new));
    }
    Ok(())
}

/// Whether two runs did the same. In a run that fails, what is pushed may be less or more of what the run without a
/// failure (`whole`) pushes: several builds are pushed one by one.
fn alike(old: &Done, new: &Done, whole: Option<(&Done, &Done)>, lenient: bool) -> Result<(), String> {
    if whole.is_some() && old.passed && !new.passed && lenient {
        return Ok(());
    }
    if old.passed != new.passed {
        return Err(format!("it {}", if old.passed { "passed, and fails" } else { "failed, and passes" }));
    }
    let plain = |done: &Done| -> Vec<String> {
        let others = done.others.iter().map(|other| match whole {
            Some(_) => other.split(" [").next().unwrap_or_default().to_owned(),
            None => other.clone(),
        });
        others.collect()
    };
    if plain(old) != plain(new) {
        return Err("other commands".into());
    }
    match whole {
        None if old.registry != new.registry => Err("the registry".into()),
        Some(whole) => {
            let pushed = |done: &Done, push: &String| done.pushes.contains(push);
            let odd =
                new.pushes.iter().find(|push| !pushed(old, push) && !pushed(whole.0, push) && !pushed(whole.1, push));
            odd.map_or(Ok(()), |push| Err(format!("the registry: {push}")))
        }
        None => Ok(()),
    }
}

fn report(world: &str, what: &str, before: &Job, after: &Job, old: &Done, new: &Done) -> String {
    let said = |job: &Job, done: &Done| {
        format!(
            "{}\n-- after_script\n{}\n-- {}\n{}{:#?}\n",
            job.script.join("\n"),
            job.after_script.join("\n"),
            if done.passed { "passed" } else { "failed" },
            done.log,
            done.registry
        )
    };
    format!("{world}: {what}\n---- before {}\n{}---- after\n{}", before.name, said(before, old), said(after, new))
}
