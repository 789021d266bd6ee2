//! Jobs that may hand an image to another one through a daemon that they share.
//!
//! With Docker-in-Docker every job has a daemon of its own, unless the runner mounts the host's socket: docker's image
//! prefers that (docker-library/docker, `docker-entrypoint.sh`), and then what one job builds is there for the next. Nothing in the
//! CI file tells. A job that uses an image which another one builds, and does not pull it, is the sign.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::bases::{bases, dockerfile, last};
use crate::pipeline::{Files, Pipeline};
use crate::transform::{Build, Facts, Reason, Survey, Uses, Values, reason};

/// Notes for every job that builds which other job may wait for its image, and whose image it may begin with.
pub(super) fn await_images(facts: &mut [Facts<'_>], files: &dyn Files, pipeline: &Pipeline) {
    let uses = facts.iter().filter_map(|facts| facts.uses.as_ref());
    let listed: BTreeSet<String> = uses.flat_map(|uses| uses.lists.iter().cloned()).collect();
    if !listed.is_empty() {
        let listed = Arc::new(listed);
        facts.iter_mut().for_each(|facts| facts.listed = Arc::clone(&listed));
    }
    if !facts.iter().any(|facts| !facts.recipes.is_empty() && !facts.dind.is_empty()) {
        return;
    }
    let none = Uses::default();
    let uses: Vec<&Uses> = facts.iter().map(|facts| facts.uses.as_deref().unwrap_or(&none)).collect();
    // Who may wait for an image, by its name, in the order of the jobs.
    let mut waiting: HashMap<&String, Vec<usize>> =
        uses.iter().flat_map(|job| job.builds.keys()).map(|name| (name, Vec::new())).collect();
    let mut waits = |number: usize, job: &Uses, name: &String| {
        if !job.builds.contains_key(name)
            && !job.pulls.contains(name)
            && let Some(jobs) = waiting.get_mut(name)
        {
            jobs.push(number);
        }
    };
    let wants = wants(facts, &uses, pipeline);
    let begins = begins(&wants, &uses, files);
    for (number, job) in uses.iter().enumerate() {
        let runs = wants.get(number).into_iter().flat_map(|wants| &wants.runs);
        let runs = runs.filter(|name| !job.needs.contains(*name));
        job.needs.iter().chain(runs).for_each(|name| waits(number, job, name));
    }
    for (job, name, _) in &begins {
        if let Some(uses) = uses.get(*job) {
            waits(*job, uses, name);
        }
    }
    let mut found: Vec<(usize, Reason)> = Vec::new();
    let at = |job: &Facts<'_>, build: &Build, message| {
        let place = job.command_of(&build.at).and_then(|command| command.span.as_ref());
        let part = job.parts.get(build.at.part)?;
        Some(reason(pipeline.project(), part, place, "image-used-elsewhere", message))
    };
    for (number, (job, of)) in facts.iter().zip(&uses).enumerate().filter(|(_, (job, _))| !job.dind.is_empty()) {
        for (name, &build) in &of.builds {
            let others = waiting.get(name).into_iter().flatten();
            let other = others.copied().find(|other| *other != number).and_then(|other| facts.get(other));
            let Some(other) = other else { continue };
            // Only now: the scripts are read again for it.
            let Some(build) = job.builds.get(build) else { continue };
            let message = format!(
                "`{}` uses `{name}`, which is built here, and does not pull it: the two may share a daemon",
                other.job.name()
            );
            found.extend(at(job, build, message).map(|reason| (number, reason)));
        }
    }
    for (number, name, maker) in begins {
        let (Some(job), Some(maker)) = (facts.get(number), facts.get(maker)) else { continue };
        let Some(build) = (!job.dind.is_empty()).then(|| job.builds.first()).flatten() else { continue };
        let message = format!(
            "may begin with `{name}`, which `{}` builds and nobody pushes: the two may share a daemon",
            maker.job.name()
        );
        found.extend(at(job, build, message).map(|reason| (number, reason)));
    }
    for facts in facts.iter_mut() {
        facts.uses = None;
    }
    for (number, reason) in found {
        if let Some(facts) = facts.get_mut(number) {
            facts.awaited.push(reason);
        }
    }
}

/// What a job takes of images that are in no registry.
#[derive(Default)]
struct Wants {
    runs: BTreeSet<String>,
    /// What its builds may begin with: the Dockerfiles, and the images that its commands name.
    dockerfiles: BTreeSet<String>,
    given: Vec<String>,
}

/// What each job takes of the images that are built, and not in a registry by then; nothing where all of them are.
fn wants(facts: &[Facts<'_>], uses: &[&Uses], pipeline: &Pipeline) -> Vec<Wants> {
    let released: HashSet<&String> = uses.iter().flat_map(|job| &job.releases).collect();
    if uses.iter().flat_map(|job| job.builds.keys()).all(|name| released.contains(name)) {
        return Vec::new();
    }
    let jobs = facts.par_iter().map_init(Survey::default, |survey, facts| {
        let again = survey.again(facts);
        let facts = again.as_ref().unwrap_or(facts);
        let mut wants = Wants { runs: facts.runs(), ..Wants::default() };
        wants.runs.retain(|name| !released.contains(name));
        if !facts.builds.is_empty() {
            let values = Values::of(&facts.effective, pipeline);
            wants.dockerfiles = facts.builds.iter().flat_map(|build| values.readings(&dockerfile(build))).collect();
            let options = |build: &'_ Build| -> Vec<String> {
                let options = ["build-arg", "build-context"].map(|name| build.at.docker.all(name));
                let given = options.into_iter().flatten().filter_map(|option| option.value.as_ref());
                given.filter_map(|value| Some(value.display.split_once('=')?.1.to_owned())).collect()
            };
            wants.given = facts.builds.iter().flat_map(options).flat_map(|text| values.readings(&text)).collect();
        }
        wants
    });
    jobs.collect()
}

/// Whether two names may be of one image: what is written out of their folders and tags is the same.
fn may_be(one: &str, other: &str) -> bool {
    let parts = |name: &str| -> (String, String) {
        let name = name.trim_matches(['"', '\'']);
        let at = name.rfind('/').map_or(0, |slash| slash + 1);
        let tag = name[at..].split_once(':').map_or("latest", |(_, tag)| tag);
        (name[..at].to_owned(), tag.to_owned())
    };
    let alike = |one: &str, other: &str| one == other || one.contains('$') || other.contains('$');
    let ((folder, tag), (others_folder, others_tag)) = (parts(one), parts(other));
    // Without a folder it is Docker Hub's, or the daemon's own.
    let folders = folder.is_empty() == others_folder.is_empty() && alike(&folder, &others_folder);
    last(one) == last(other) && folders && alike(&tag, &others_tag)
}

/// The jobs whose builds may begin with an image that another job builds, and nobody pushes: both, and the image.
fn begins(wants: &[Wants], uses: &[&Uses], files: &dyn Files) -> Vec<(usize, String, usize)> {
    let released: BTreeSet<&String> = uses.iter().flat_map(|job| &job.releases).collect();
    let local = uses.iter().enumerate().flat_map(|(job, uses)| uses.builds.keys().map(move |name| (name, job)));
    let local = local.filter(|(name, _)| !released.contains(name)).map(|(name, job)| (last(name), (name, job)));
    let local: BTreeMap<&str, (&String, usize)> = local.filter(|(name, _)| !name.starts_with('$')).collect();
    let mut read: BTreeMap<&String, Option<Vec<String>>> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, (wants, own)) in wants.iter().zip(uses).enumerate() {
        for path in &wants.dockerfiles {
            read.entry(path).or_insert_with(|| files.read(path).ok().flatten().map(|text| bases(&text)));
        }
        let dockerfiles = || wants.dockerfiles.iter().filter_map(|path| read.get(path));
        // An argument is a base where the Dockerfile asks for one, or is not there to be read.
        let open = |bases: &Option<Vec<String>>| bases.as_ref().is_none_or(|all| all.iter().any(|it| it.contains('$')));
        let given = wants.given.iter().filter(|_| dockerfiles().any(open));
        let named = dockerfiles().flatten().flatten().chain(given);
        let has = |name: &str| own.builds.keys().chain(&own.pulls).any(|one| last(one) == last(name));
        let pushed = |name: &str| released.iter().any(|one| may_be(name, one));
        let taken = named.filter(|name| !has(name) && !pushed(name)).collect::<BTreeSet<_>>();
        let taken = taken.into_iter().filter_map(|name| local.get(last(name)).filter(|(one, _)| may_be(name, one)));
        found.extend(taken.filter(|(_, job)| *job != number).map(|(name, job)| (number, (*name).clone(), *job)));
    }
    found
}
