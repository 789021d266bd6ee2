//! Which image goes where in a job: what it builds, pulls, renames and pushes, in order.
//!
//! A push of what the job built becomes part of the build; a push of what it pulled, or of what a build has pushed
//! under another name, becomes a copy within the registry. What belongs together must do so provably: the commands run
//! one after the other, the references are the same and mean the same at both places, and nothing that could stop the
//! job stands where the order changes.

mod acting;
mod bake;
mod between;
mod copies;
mod edit;
mod flow;
mod harmless;
mod held;
mod later;
mod logins;
mod names;
mod pulls;
mod reference;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::facts::{Build, Facts, Use};
use crate::shell::docker::Verb;

pub(super) use bake::bake;
use between::{Point, Shell};
pub(super) use edit::{apply, bakes_send_one};
pub(super) use flow::{Built, Check, Copy, Flow};
pub(super) use harmless::{demands, switches};
use names::names;
use reference::key;
pub(super) use sets::set_within;

/// Where the image of a local name comes from.
#[derive(Clone)]
struct Local {
    source: Source,
    /// The commands that led to the name, from the source on.
    way: Vec<Point>,
    /// The name as it is written.
    raw: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The number of the build.
    Build(usize),
    /// The number among the uses of images.
    Pull(usize),
}

struct Work<'d, 'f, 'p> {
    draft: &'d Draft<'f, 'p>,
    facts: &'f Facts<'p>,
    shell: Shell<'f, 'p>,
    locals: BTreeMap<String, Local>,
    /// What `docker tag` made, by key.
    renamed: Vec<(Point, String)>,
    /// By build: what it pushes, by key, as written.
    pushed: BTreeMap<usize, Vec<(String, String)>>,
    /// By build: the push whose place it takes.
    moved: BTreeMap<usize, Point>,
    /// Pushes that are not part of a build, with the name's origin.
    later: Vec<(Point, Local, String)>,
    used: BTreeSet<usize>,
    /// What became part of another command, or is done in its place: that one, and where it stood.
    joined: Vec<(Point, Point)>,
    /// By copy: the build that it is of.
    origins: Vec<Option<usize>>,
    flow: Flow,
}

impl Flow {
    /// Follows the images through a job.
    pub fn of<'f, 'p>(draft: &Draft<'f, 'p>) -> Flow {
        let facts = draft.facts;
        let mut work = Work {
            draft,
            facts,
            shell: Shell::of(facts),
            locals: BTreeMap::new(),
            renamed: Vec::new(),
            pushed: BTreeMap::new(),
            moved: BTreeMap::new(),
            later: Vec::new(),
            used: BTreeSet::new(),
            joined: Vec::new(),
            origins: Vec::new(),
            flow: Flow::default(),
        };
        work.all();
        work.flow
    }
}

/// Whether GitLab treats the failures of a job by the code that it ends with itself (GitLab, `allow_failure:exit_codes`,
/// `retry:exit_codes`).
pub(super) fn tells_failures_apart(facts: &Facts<'_>) -> bool {
    let coded = |key: &&str| facts.effective.get(key).is_some_and(|setting| setting.get("exit_codes").is_some());
    let mut commands = facts.parts.iter().flat_map(|part| part.script.commands());
    ["allow_failure", "retry"].iter().any(coded) && commands.any(|command| command.name() == Some("exit"))
}

/// What the references of one image have alike, their variables replaced where they are known.
pub(super) fn image_key(display: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    key(&super::image::expand(&plain(display), value))
}

/// Whether what a command of the job prints goes on to a file or another command.
pub(super) fn is_captured(facts: &Facts<'_>, image: &Use) -> bool {
    Shell::of(facts).is_captured(point(image))
}

/// Whether a build leaves its image in the daemon, as `docker build` does. A build of buildx does so with the default
/// builder; one that pushes or writes elsewhere does not.
pub(super) fn is_local(build: &Build, own_builder: bool) -> bool {
    let docker = &build.at.docker;
    let elsewhere = docker.flag("push") || docker.last("output").is_some();
    match docker.verb {
        Verb::Build => !elsewhere,
        _ => !elsewhere && (!own_builder || docker.flag("load")),
    }
}

impl<'f> Work<'_, 'f, '_> {
    fn all(&mut self) {
        let mut points: Vec<(Point, Option<usize>, &'f Use)> = Vec::new();
        let (builds, images) = (&self.facts.builds, &self.facts.images);
        points.extend(builds.iter().enumerate().map(|(n, build)| (point(&build.at), Some(n), &build.at)));
        points.extend(images.iter().map(|image| (point(image), None, image)));
        points.sort_by_key(|(point, ..)| *point);
        let own_builder = self.shell.makes_builder();
        for (at, build, image) in points {
            match build {
                Some(number) if is_local(&builds[number], own_builder) => self.build(at, number),
                // The daemon's own builder keeps what it pushes.
                Some(number) if !own_builder && image.docker.flag("push") => self.pushed_build(at, number),
                Some(_) => {}
                None => self.image(at, image),
            }
        }
        self.delayed();
        self.copies();
        self.pulls();
        self.overwritten();
        self.used_later();
        self.logged_out();
        self.renamed_later();
        self.masked();
        self.afterwards();
        self.held();
        self.in_order();
        self.builds(own_builder);
    }

    fn build(&mut self, at: Point, number: usize) {
        let Some(build) = self.facts.builds.get(number) else { return };
        let tags = build.at.docker.all("tag").filter_map(|option| option.value.as_ref());
        for tag in tags {
            let local = Local { source: Source::Build(number), way: vec![at], raw: tag.raw.clone() };
            self.locals.insert(key(&tag.display), local);
        }
    }

    fn pushed_build(&mut self, at: Point, number: usize) {
        self.build(at, number);
        let Some(build) = self.facts.builds.get(number) else { return };
        let tags = build.at.docker.all("tag").filter_map(|option| option.value.as_ref());
        let tags: Vec<(String, String)> = tags.map(|tag| (key(&tag.display), tag.raw.clone())).collect();
        self.pushed.entry(number).or_default().extend(tags);
    }

    fn image(&mut self, at: Point, image: &'f Use) {
        let Some(command) = self.facts.command_of(image) else { return };
        let Some(names) = names(command, image) else {
            return self.refuse(
                at,
                "doubtful-options",
                "not every option, prefix or redirection of this command can be kept",
            );
        };
        if command.context.condition || command.context.substitution || command.context.background {
            return self.refuse(at, "conditional-image", "something else depends on how this command ends");
        }
        if self.shell.is_captured(at) && image.docker.verb != Verb::Tag {
            let message = "what it prints goes on to a file or another command, with what stands around it";
            self.refuse(at, "doubtful-options", message);
        }
        match (&image.docker.verb, &names[..]) {
            (Verb::Pull, [name]) => {
                let number = self.facts.images.iter().position(|other| point(other) == at).unwrap_or_default();
                let local = Local { source: Source::Pull(number), way: vec![at], raw: name.0.clone() };
                self.locals.insert(key(&name.1), local);
            }
            (Verb::Tag, [old, new]) => match self.locals.get(&key(&old.1)).cloned() {
                Some(mut local) => {
                    if !self.is_still(&local, &old.0, at) {
                        let message = "renames an image by a name that may be another one's by then";
                        self.refuse(at, "conditional-push", message);
                    }
                    local.way.push(at);
                    local.raw.clone_from(&new.0);
                    self.renamed.push((at, key(&new.1)));
                    self.locals.insert(key(&new.1), local);
                    self.flow.dropped.insert((at.part, at.command));
                }
                None => self.refuse(at, "tag-not-pulled", "renames an image that this job did not pull or build"),
            },
            (Verb::Push, [name]) if image.docker.flag("all-tags") => self.all_tags(at, &name.1),
            (Verb::Push, [name]) => match self.locals.get(&key(&name.1)).cloned() {
                Some(local) => self.push(at, key(&name.1), name.0.clone(), local),
                None => self.refuse(at, "push-not-built", "pushes something that this job did not build"),
            },
            _ => self.refuse(
                at,
                "doubtful-options",
                "not every option, prefix or redirection of this command can be kept",
            ),
        }
    }

    /// A push becomes part of the build if it always follows it, and the name means the same there.
    fn push(&mut self, at: Point, key: String, raw: String, local: Local) {
        if let Source::Build(number) = local.source {
            let row: Vec<Point> = local.way.iter().copied().chain([at]).collect();
            let direct =
                local.way.len() == 1 && reference::variables(&raw).is_none() && self.is_still(&local, &raw, at);
            let movable = direct || self.shell.means_the_same(&raw, local.way[0], at);
            let behind = row.len() == 2 && self.shell.is_behind_login(row[0], at);
            if (behind || self.shell.in_a_row(&row)) && movable {
                let from = self.moved.get(&number).copied().unwrap_or(local.way[0]);
                if self.shell.is_in_list(from) && from != local.way[0] {
                    let message = "follows a push that is only done after a login";
                    return self.refuse(at, "conditional-push", message);
                }
                let is_pushed = self.pushed.get(&number).is_some_and(|names| !names.is_empty());
                // A push that fails in an `after_script` does not fail the job, and one of the script does.
                let by_script = self.joined.iter().any(|(place, push)| *place == from && push.part != at.part);
                let later = self.shell.in_another_shell(local.way[0], at) && by_script;
                if later || is_pushed && self.shell.pushes_between(from, at) {
                    return self.later.push((at, local, raw));
                }
                let mut between = self.shell.deciding_between(from, at);
                between.extend(self.shell.pull_between(from, at));
                if !between.is_empty() && between.iter().all(|command| self.shell.logs_in(command)) {
                    // A build that pushes must come after the login.
                    if self.pushed.contains_key(&number) || !behind && !self.shell.in_one_sequence(from, at) {
                        return self.later.push((at, local, raw));
                    }
                    if let Some(login) = self.shell.changes_login(from, at) {
                        let message = format!(
                            "`{}` stands between the build and the push, and may be somebody who may not read what is built from",
                            super::facts::short(login)
                        );
                        return self.refuse(at, "between-build-and-push", &message);
                    }
                    self.moved.insert(number, at);
                } else if let Some(command) = between.first() {
                    let message = format!(
                        "`{}` runs between the build and the push: the image would be pushed before it",
                        super::facts::short(command.raw())
                    );
                    return self.refuse(at, "between-build-and-push", &message);
                }
                let place = self.moved.get(&number).copied().unwrap_or(from);
                if let Some(command) = self.shell.changes_account(place, at, &raw) {
                    let message = format!(
                        "`{}` stands between the build and the push, and may say who pushes",
                        super::facts::short(command)
                    );
                    return self.refuse(at, "between-build-and-push", &message);
                }
                let pushed = self.pushed.entry(number).or_default();
                if !pushed.iter().any(|(other, _)| *other == key) {
                    pushed.push((key, raw));
                }
                self.flow.dropped.insert((at.part, at.command));
                self.joined.push((from, at));
                return;
            }
        }
        self.later.push((at, local, raw));
    }

    fn builds(&mut self, own_builder: bool) {
        let cached: BTreeSet<usize> =
            self.flow.builds.drain(..).filter(|built| built.inline_cache).map(|built| built.number).collect();
        for (number, build) in self.facts.builds.iter().enumerate() {
            let push = self.pushed.remove(&number).unwrap_or_default();
            let more = push.len() > build.at.docker.all("tag").count();
            let elsewhere = !is_local(build, own_builder) && build.at.docker.verb != Verb::Build;
            if elsewhere && !more && !cached.contains(&number) && !edit::sends_one(self.draft, build) {
                continue;
            }
            if push.is_empty() && build.at.docker.flag("load") {
                self.refuse(point(&build.at), "buildx-load", "the result of the build is loaded into the daemon");
            }
            if !push.is_empty() && build.at.docker.last("metadata-file").is_some() && !build.at.docker.flag("push") {
                let message = "keeps the image's id in a file, where a pushed build keeps another digest";
                self.refuse(point(&build.at), "build-output", message);
            }
            let push = push.into_iter().map(|(_, raw)| raw).collect();
            let moved = self.moved.get(&number).map(|to| (to.part, to.command));
            if let Some(to) = moved {
                self.flow.dropped.remove(&to);
                self.flow.dropped.insert((build.at.part, build.at.command));
            }
            self.flow.builds.push(Built { number, push, inline_cache: cached.contains(&number), moved });
        }
    }

    fn refuse(&mut self, at: Point, code: &'static str, message: &str) {
        let part = self.facts.parts.get(at.part);
        if let Some(command) = part.and_then(|part| part.script.commands().get(at.command)) {
            self.flow.reasons.push(self.draft.reason_at_command(at.part, command, code, message.to_owned()));
        }
    }
}

fn point(image: &Use) -> Point {
    Point { part: image.part, command: image.command }
}

/// A reference without its quotes.
fn plain(raw: &str) -> String {
    raw.replace(['"', '\''], "")
}
