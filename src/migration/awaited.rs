//! Jobs that may hand an image to another one through a daemon that they share.
//!
//! With Docker-in-Docker every job has a daemon of its own, unless the runner mounts the host's socket: docker's image
//! prefers that (docker-library/docker, `docker-entrypoint.sh`), and then what one job builds is there for the next. Nothing in the
//! CI file tells. A job that uses an image which another one builds, and does not pull it, is the sign.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::Project;
use crate::shell::docker::Verb;
use crate::shell::{Command, docker};
use crate::transform::{Facts, Reason, image_key, reason};

/// What one job does with images, by their names as far as the files tell them.
struct Uses {
    /// With the number of the build.
    builds: BTreeMap<String, usize>,
    pulls: BTreeSet<String>,
    pushes: BTreeSet<String>,
    /// It must be in the job's daemon: tagged, saved.
    needs: BTreeSet<String>,
    /// It is run, pushed, or named to another tool: all the same if it is in a registry by then.
    runs: BTreeSet<String>,
}

/// Notes for every job that builds which other job may wait for its image.
pub(super) fn await_images(facts: &mut [Facts<'_>], project: &Project) {
    if !facts.iter().any(|facts| !facts.builds.is_empty() && !facts.dind.is_empty()) {
        return;
    }
    let uses: Vec<Uses> = facts.iter().map(Uses::of).collect();
    let released: BTreeSet<&String> =
        uses.iter().flat_map(|job| job.builds.keys().filter(|name| job.pushes.contains(*name))).collect();
    let mut found: Vec<(usize, Reason)> = Vec::new();
    for (number, (job, of)) in facts.iter().zip(&uses).enumerate().filter(|(_, (job, _))| !job.dind.is_empty()) {
        for (name, &build) in &of.builds {
            let waits = |other: &Uses| {
                let foreign = !other.builds.contains_key(name) && !other.pulls.contains(name);
                foreign && (other.needs.contains(name) || other.runs.contains(name) && !released.contains(name))
            };
            let other = facts.iter().zip(&uses).enumerate().find(|(at, (_, other))| *at != number && waits(other));
            let Some((_, (other, _))) = other else { continue };
            let Some(build) = job.builds.get(build) else { continue };
            let place = job.command_of(&build.at).and_then(|command| command.span.as_ref());
            let Some(part) = job.parts.get(build.at.part) else { continue };
            let message = format!(
                "`{}` uses `{name}`, which is built here, and does not pull it: the two may share a daemon",
                other.job.name()
            );
            found.push((number, reason(project, part, place, "image-used-elsewhere", message)));
        }
    }
    for (number, reason) in found {
        if let Some(facts) = facts.get_mut(number) {
            facts.awaited.push(reason);
        }
    }
}

impl Uses {
    fn of(facts: &Facts<'_>) -> Uses {
        let mut uses = Uses {
            builds: BTreeMap::new(),
            pulls: BTreeSet::new(),
            pushes: BTreeSet::new(),
            needs: BTreeSet::new(),
            runs: BTreeSet::new(),
        };
        let set = set_once(facts);
        let value = |name: &str| match set.get(name) {
            Some(text) => text.clone(),
            None => facts.effective.variable(name).map(|variable| variable.setting.variable_text().into_owned()),
        };
        let name = |text: &str| image_key(text, &value);
        for (number, build) in facts.builds.iter().enumerate() {
            let tags = build.tags.iter().filter(|tag| !tag.is_empty());
            uses.builds.extend(tags.clone().map(|tag| (name(tag), number)));
            if build.at.docker.flag("push") {
                uses.pushes.extend(tags.map(|tag| name(tag)));
            }
        }
        let mut given: BTreeSet<String> = BTreeSet::new();
        for command in facts.parts.iter().flat_map(|part| part.script.commands()) {
            let words = || command.words.iter().skip(1).map(|word| name(word.display()));
            match docker(command) {
                Some(docker) => {
                    let operand = |at: usize| {
                        let word = command.words.get(*docker.operands.get(at)?)?;
                        Some(name(word.display()))
                    };
                    match docker.verb {
                        Verb::Build | Verb::BuildxBuild | Verb::Login | Verb::Logout | Verb::Rmi => {}
                        Verb::Pull => uses.pulls.extend(operand(0)),
                        Verb::Push => {
                            uses.pushes.extend(operand(0));
                            uses.runs.extend(operand(0).filter(|name| !given.contains(name)));
                        }
                        Verb::Tag => {
                            uses.needs.extend(operand(0).filter(|name| !given.contains(name)));
                            given.extend(operand(1));
                        }
                        Verb::Save | Verb::Inspect | Verb::Export => uses.needs.extend(words()),
                        Verb::Imagetools(_) | Verb::Manifest => {}
                        _ => uses.runs.extend(words()),
                    }
                }
                None if shows_only(command) => {}
                // A bare word may be anything.
                None => {
                    let words = command.words.iter().skip(1).map(|word| word.display());
                    uses.runs.extend(words.filter(|word| word.contains([':', '$'])).map(name));
                }
            }
        }
        uses
    }
}

/// The variables that a job's scripts set, with their value where there is only one.
fn set_once(facts: &Facts<'_>) -> BTreeMap<String, Option<String>> {
    let mut set: BTreeMap<String, Option<String>> = BTreeMap::new();
    for command in facts.parts.iter().flat_map(|part| part.script.commands()) {
        let lasts = command.words.is_empty() || command.name() == Some("export");
        let words = command.words.iter().skip(1).filter_map(|word| word.display().split_once('='));
        let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let assigned = command.assignments.iter().filter_map(|set| Some((set.name.clone(), set.value.as_ref()?)));
        let assigned = assigned.map(|(name, value)| (name, value.display().to_owned()));
        for (name, value) in assigned.chain(words).filter(|_| lasts) {
            let itself = value.contains(&format!("${name}")) || value.contains(&format!("${{{name}"));
            let value = Some(value).filter(|value| !itself && !value.contains(['(', '`']));
            set.entry(name).and_modify(|before| *before = None).or_insert(value);
        }
    }
    set
}

fn shows_only(command: &Command) -> bool {
    command.words.is_empty()
        || matches!(command.name(), Some("echo" | "printf" | "export" | "[" | "test" | "crane" | "skopeo"))
}
