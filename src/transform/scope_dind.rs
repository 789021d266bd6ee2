//! Takes Docker-in-Docker from the global level, and gives it to the jobs that need it.
//!
//! The global service (its item in the list, not its neighbours), the daemon's variables, and what of the global
//! `before_script` and `after_script` only served the daemon go. Jobs that still need the daemon extend one hidden job,
//! `.dind`, that holds all of it: in effect they stay exactly what they were. Jobs that need none lose the service and
//! what came with it. Migrated jobs lose the `services: []` and the empty variables that nothing makes necessary any more.
//! When no job needs the daemon, there is no `.dind`. Beside an include that cannot be read it is `.ci-migrate-dind`, since GitLab would
//! merge it with a hidden job of that include by the same name.
//!
//! # What it does not do
//!
//! It goes by names, never by prefix: `DOCKER_REGISTRY` or `DOCKER_AUTH_CONFIG` are the team's own. A variable that a
//! remaining script reads stays, and is named. A pipeline with includes that cannot be read keeps its global service, since a job in
//! there may need it, unless `--assume-complete` says that none does.
//!
//! # Where this differs from the plan
//!
//! The plan deletes the service when all is migrated. While some jobs need it, it moves to them.

mod globals;
mod hidden_job;
mod own_copies;
mod readers;

use std::collections::BTreeSet;

use self::hidden_job::{alternatives, hidden_behind};
use super::choice::chosen;
use super::facts::{Facts, reason_at};
use super::global_daemon::Global;
use super::left::{LOSES_DAEMON, Left, Reason};
use super::own::{Home, Written, comment_of, copy};
use super::rewrite::{Expect, Rewrite, Stage};
use super::use_kubernetes_builder::{DAEMON_VARIABLES, DECLARES, names_of};
use crate::pipeline::{At, Definition, Entry as Setting, Section, Way};
use crate::yaml::{Edits, Entry, Error, Item, Kind, NodeId, Position, Stream, Value};

/// What a job may lose: all that a builder takes its place of, but its image and its script.
fn declares() -> impl Iterator<Item = &'static str> {
    DECLARES.iter().copied().filter(|key| !matches!(*key, "image" | "script"))
}

pub(super) fn rewrite<'p>(stage: &Stage<'_, 'p>) -> Rewrite<'p> {
    let global = Global::of(stage);
    if global.is_empty() {
        return Rewrite::default();
    }
    if let (Some(partial), false) = (stage.pipeline.partial().first(), stage.settings.assume_complete) {
        let message = format!(
            "the include {} cannot be read, and its jobs may need the global daemon; --assume-complete says that none does",
            partial.include
        );
        let reason = reason_at(stage.pipeline.project(), partial.at, None, "partial", message);
        let keep = stage.facts.iter().filter(|facts| !facts.dind.is_empty());
        let left = keep.map(|facts| Left { job: facts.job.name().to_owned(), reasons: vec![reason.clone()] }).collect();
        return Rewrite { left, ..Rewrite::default() };
    }
    let obstacle = global.input(stage).or_else(|| alternatives(stage)).or_else(|| hidden_behind(stage, &global));
    if let Some(reason) = obstacle {
        let keep = stage.facts.iter().filter(|facts| !facts.dind.is_empty());
        let left = keep.map(|facts| Left { job: facts.job.name().to_owned(), reasons: vec![reason.clone()] }).collect();
        return Rewrite { left, ..Rewrite::default() };
    }
    let (rewrite, written, heirs) = (Rewrite::default(), BTreeSet::new(), BTreeSet::new());
    let mut work = Work { stage, global, rewrite, written, blamed: None, heirs };
    match work.all() {
        Ok(()) => work.rewrite,
        Err(reason) => {
            let job = work.blamed.unwrap_or_else(|| work.global.first_job(stage));
            let left = vec![Left { job, reasons: vec![reason] }];
            Rewrite { left, ..Rewrite::default() }
        }
    }
}

struct Work<'w, 's, 'p> {
    stage: &'w Stage<'s, 'p>,
    global: Global<'p>,
    rewrite: Rewrite<'p>,
    /// What is written already: jobs of one text, included with several inputs, are written once.
    written: BTreeSet<At>,
    /// The job for which nothing can be done.
    blamed: Option<String>,
    /// Jobs that take values from one that keeps the daemon.
    heirs: BTreeSet<String>,
}

impl Work<'_, '_, '_> {
    fn all(&mut self) -> Result<(), Reason> {
        let stage = self.stage;
        let for_that = stage.facts.iter().filter(|facts| !facts.keeps_daemon() && self.keeps(facts));
        let left = for_that.filter_map(|facts| {
            let reason = self.what_stays_for(facts)?.clone();
            Some(Left { job: facts.job.name().to_owned(), reasons: vec![reason] })
        });
        self.rewrite.left = left.collect();
        let (mut keep, mut lose): (Vec<&Facts<'_>>, Vec<&Facts<'_>>) =
            stage.facts.iter().partition(|facts| self.keeps(facts));
        if let Some(facts) = stage.facts.iter().find(|facts| self.is_out_of_sight(facts)) {
            self.blamed = Some(facts.job.name().to_owned());
            let message = "takes what it runs from an include that cannot be read, and may need the global daemon";
            return Err(self.reason_of(facts, "partial", message));
        }
        // What extends or merges a job that keeps the daemon gets it back through that one.
        let heirs = self.heirs(&keep);
        let (back, others): (Vec<_>, Vec<_>) =
            lose.into_iter().partition(|facts| heirs.contains(facts.job.name()) && !facts.kubernetes);
        if let Some(facts) = back.iter().find(|facts| !self.takes_all(facts)) {
            self.blamed = Some(facts.job.name().to_owned());
            let message = "extends or merges a job that keeps the daemon, and would get what it does not inherit now";
            return Err(self.reason_of(facts, "shared-with-job", message));
        }
        lose = others;
        keep.extend(back);
        self.heirs = heirs;
        self.keep_read_variables(&keep, &lose);
        // Hidden jobs of an include that cannot be read may have the usual names.
        let names = match stage.pipeline.partial().is_empty() {
            true => ["\u{2e}dind", ".docker-in-docker"],
            false => [".ci-migrate-dind", ".ci-migrate-docker-in-docker"],
        };
        let name = names.into_iter().find(|name| stage.pipeline.job(name).is_none());
        let Some(name) = name.filter(|_| !keep.is_empty()).or(keep.is_empty().then_some("")) else {
            let [first, second] = names;
            return Err(self.reason("name-taken", format!("`{first}` and `{second}` are taken by other jobs")));
        };
        if !keep.is_empty() {
            if let Some((facts, reason)) = keep.iter().find_map(|facts| Some((facts, self.hides_variables(facts)?))) {
                self.blamed = Some(facts.job.name().to_owned());
                return Err(reason);
            }
            let (all, some): (Vec<&Facts<'_>>, Vec<&Facts<'_>>) = keep.iter().partition(|facts| self.takes_all(facts));
            if !all.is_empty() {
                self.hidden_job(name, &all)?;
            }
            for facts in all.iter().filter(|facts| self.is_first(facts)).collect::<Vec<_>>() {
                self.extend(facts, name)?;
            }
            for facts in some.iter().filter(|facts| self.is_first(facts)).collect::<Vec<_>>() {
                self.own_copies(facts)?;
            }
            // They are written otherwise, and in effect must stay what they were.
            self.rewrite.jobs.extend(keep.iter().map(|facts| (facts.job.name().to_owned(), Expect::default())));
        }
        lose.iter().try_for_each(|facts| self.lose(facts))?;
        self.globals()
    }

    /// Whether the text of a job is not written yet.
    fn is_first(&mut self, facts: &Facts<'_>) -> bool {
        facts.job.definitions().last().is_none_or(|definition| self.written.insert(definition.value))
    }

    /// Whether a job needs the global daemon and has it.
    fn keeps(&self, facts: &Facts<'_>) -> bool {
        let own = facts.effective.get("services").is_some_and(|s| !matches!(s.origin.way, Way::Default | Way::Global));
        // A daemon of the job's own is the clearest sign of need.
        let services = facts.effective.get("services");
        let answers = |service: crate::pipeline::Setting<'_>| names_of(&service).iter().any(|name| name == "docker");
        let daemon = !facts.dind.is_empty() || services.iter().flat_map(|services| services.items()).any(answers);
        // What the steps of `run:` do is not looked at.
        let steps = facts.effective.get("run").is_some();
        let needs = facts.keeps_daemon() || steps || (own && daemon && !facts.kubernetes);
        let needs = needs || self.what_stays_for(facts).is_some();
        needs && !facts.never && (!facts.dind.is_empty() || self.inherits_variables(facts))
    }

    /// What of the global level a job would run without a daemon, in vain.
    fn what_stays_for(&self, facts: &Facts<'_>) -> Option<&Reason> {
        let mut all = [&self.global.before, &self.global.after].into_iter();
        all.find_map(|plumbing| plumbing.stays.as_ref().filter(|_| plumbing.is_inherited_by(facts)))
    }

    /// A reason at a job.
    fn reason_of(&self, facts: &Facts<'_>, code: &'static str, message: &str) -> Reason {
        match facts.job.definitions().last() {
            Some(definition) => {
                reason_at(self.stage.pipeline.project(), definition.key, None, code, message.to_owned())
            }
            None => self.reason(code, message.to_owned()),
        }
    }

    /// Whether a job has the global daemon, and what it runs is in an include that cannot be read.
    fn is_out_of_sight(&self, facts: &Facts<'_>) -> bool {
        let scripts = ["before_script", "script", "after_script"].iter().filter_map(|key| facts.effective.get(key));
        let unseen = |script: crate::pipeline::Setting<'_>| {
            script.is_unresolved() || script.items().any(|item| item.is_unresolved())
        };
        let away = !facts.job.unresolved().is_empty() || scripts.into_iter().any(unseen);
        away && (!facts.dind.is_empty() || self.inherits_variables(facts))
    }

    fn inherits_variables(&self, facts: &Facts<'_>) -> bool {
        facts.effective.variables().any(|v| v.setting.origin.way == Way::Global && DAEMON_VARIABLES.contains(&&*v.key))
    }

    fn copied(&self, setting: &Setting<'_>) -> Result<Value, Reason> {
        let at = setting.setting.written_at();
        let stream = self.stage.pipeline.project().file(at.file).stream();
        let value = stream.and_then(|stream| copy(stream, at.node));
        value.ok_or_else(|| {
            reason_at(
                self.stage.pipeline.project(),
                at,
                None,
                "no-safe-place",
                format!("`{}` cannot be copied to the jobs: `<<`, a tag or an input is in it", setting.key),
            )
        })
    }

    fn comment(&self, setting: &Setting<'_>) -> Vec<String> {
        let stream = self.stage.pipeline.project().file(setting.key_at.file).stream();
        stream.map(|stream| comment_of(stream, setting.key_at.node)).unwrap_or_default()
    }

    /// Lets a job that needs the daemon extend the hidden job, before its other bases, so that those still win.
    fn extend(&mut self, facts: &Facts<'_>, name: &str) -> Result<(), Reason> {
        let pipeline = self.stage.pipeline;
        let home = facts.job.definitions().last().and_then(|d| Home::of(pipeline.project(), *d));
        let Some(home) = home else {
            return Err(self.reason("not-a-mapping", format!("`{}` is not written as a mapping", facts.job.name())));
        };
        let bases: Vec<String> = facts.job.bases().map(|job| job.name().to_owned()).collect();
        if bases
            .iter()
            .any(|base| pipeline.job(base).is_some_and(|base| !base.is_hidden() && self.extends_anyway(base.name())))
        {
            return Ok(());
        }
        let value = match bases.is_empty() {
            true => Value::text(name),
            false => Value::Sequence(
                std::iter::once(name)
                    .chain(bases.iter().map(String::as_str))
                    .map(|base| Item::new(Value::text(base)))
                    .collect(),
            ),
        };
        let written = home.written("extends");
        let tree = home.stream.tree();
        let first = tree.entries(home.mapping).next().map(|(key, _)| key);
        let Some((edits, _)) = self.rewrite.at(pipeline, home.definition.key) else { return Ok(()) };
        let done = match (written, first) {
            (Written::Own { value: old, .. }, _) if tree.kind(old) == Kind::Sequence => {
                let before = tree.items(old).first().copied().map_or(Position::End, Position::Before);
                edits.insert_item(old, before, Item::new(Value::text(name)))
            }
            (Written::Own { value: old, .. }, _) => edits.replace(old, value),
            (Written::Merged { .. }, _) | (_, None) => {
                edits.insert_entry(home.mapping, Position::End, Entry::new("extends", value))
            }
            (Written::Not, Some(first)) => {
                edits.insert_entry(home.mapping, Position::Before(first), Entry::new("extends", value))
            }
        };
        done.map_err(|error| self.refusal(home.definition.key, &error))
    }

    /// Whether a visible job that serves as a base gets the hidden job itself.
    fn extends_anyway(&self, name: &str) -> bool {
        self.stage.facts.iter().any(|facts| facts.job.name() == name && self.keeps(facts))
    }

    /// Says what a job that needs no daemon loses, and cleans a migrated one.
    fn lose(&mut self, facts: &Facts<'_>) -> Result<(), Reason> {
        // Through a job that keeps the daemon it has what that one has; what it says against it itself stays.
        if facts.kubernetes && self.heirs.contains(facts.job.name()) {
            return Ok(());
        }
        let mut expect = Expect { declares: declares().collect(), ..Expect::default() };
        let services = facts.effective.get("services");
        let inherited =
            services.as_ref().is_some_and(|services| matches!(services.origin.way, Way::Default | Way::Global));
        if inherited && let Some((unseen, _)) = facts.perhaps.first() {
            let message = format!("{}; it loses the daemon that it inherits", unseen.reason.message);
            let reason = Reason { code: LOSES_DAEMON, message, ..unseen.reason.clone() };
            self.rewrite.left.push(Left { job: facts.job.name().to_owned(), reasons: vec![reason] });
        }
        if inherited || facts.kubernetes {
            expect.services = Some(services.map_or(0, |services| services.items().count()) - facts.dind.len());
        }
        for variable in facts.effective.variables().filter(|v| v.setting.origin.way == Way::Global) {
            if self.global.variables.iter().any(|global| global.key == variable.key) {
                expect.variables.insert(variable.key.to_string(), None);
            }
        }
        for (part, plumbing) in [(0, &self.global.before), (2, &self.global.after)] {
            if plumbing.is_inherited_by(facts) && plumbing.goes() {
                expect.scripts[part] = Some(plumbing.kept());
            }
        }
        if facts.kubernetes {
            self.clean(facts, &mut expect)?;
        }
        let changes =
            expect.services.is_some() || !expect.variables.is_empty() || expect.scripts.iter().any(Option::is_some);
        if changes || facts.kubernetes {
            self.rewrite.jobs.insert(facts.job.name().to_owned(), expect);
        }
        Ok(())
    }

    /// Drops what a migrated job only said against the global daemon.
    fn clean(&mut self, facts: &Facts<'_>, expect: &mut Expect) -> Result<(), Reason> {
        let pipeline = self.stage.pipeline;
        let Some(home) = facts.job.definitions().last().and_then(|d| Home::of(pipeline.project(), *d)) else {
            return Ok(());
        };
        let stream = home.stream;
        let tree = stream.tree();
        let stays = self.global.services.as_ref().is_some_and(|s| s.setting.items().count() > self.global.dind.len());
        let mut gone: Vec<NodeId> = Vec::new();
        if let Written::Own { key, value } = home.written("services")
            && tree.is_sequence(value)
            && tree.items(value).is_empty()
            && !stays
            && !home.is_merged("services")
            && facts.job.bases().all(|base| base.setting().get("services").is_none())
        {
            gone.push(key);
        }
        if let Written::Own { key, value } = home.written("variables")
            && tree.kind(value) == Kind::Mapping
        {
            let empty = |name: &str, value: NodeId| DAEMON_VARIABLES.contains(&name) && tree.scalar(value) == Some("");
            // What a base has would be back.
            let brought = |name: &str| {
                let mut variables = facts.job.bases().filter_map(|base| base.setting().get("variables"));
                variables.any(|variables| variables.get(name).is_some())
            };
            let global =
                |name: &str| self.global.variables.iter().any(|variable| variable.key == name) && !brought(name);
            let (idle, rest): (Vec<_>, Vec<_>) = tree
                .entries(value)
                .partition(|&(key, value)| tree.scalar(key).is_some_and(|name| empty(name, value) && global(name)));
            for &(key, _) in &idle {
                expect.variables.insert(tree.scalar(key).unwrap_or_default().to_owned(), None);
            }
            if (rest.is_empty() && !home.is_merged("variables")) || same_as_merged(tree, home.mapping, key, &rest) {
                gone.push(key);
            } else {
                gone.extend(idle.into_iter().map(|(key, _)| key));
            }
        }
        if !self.is_first(facts) {
            return Ok(());
        }
        let Some((edits, _)) = self.rewrite.at(pipeline, home.definition.key) else { return Ok(()) };
        let done: Result<(), Error> = gone.into_iter().try_for_each(|key| edits.delete(key));
        done.map_err(|error| self.refusal(home.definition.key, &error))
    }

    fn reason(&self, code: &'static str, message: String) -> Reason {
        Reason { code, message, file: String::new(), line: 0, column: 0 }
    }

    /// Why a file cannot be edited: `at` is anywhere in it.
    fn refusal(&self, at: At, error: &Error) -> Reason {
        let file = self.stage.pipeline.project().file(at.file);
        let place = file.stream().map(|stream| stream.line_column(error.span.start));
        let (line, column) = place.unwrap_or_default();
        let (code, message) = ("no-safe-place", error.message.clone());
        Reason { code, message, file: file.path.clone(), line, column }
    }
}

/// Whether the entries left are just those that `<<` would bring without them.
fn same_as_merged(tree: &crate::yaml::Tree, mapping: NodeId, own: NodeId, rest: &[(NodeId, NodeId)]) -> bool {
    let merged = tree
        .entries(mapping)
        .filter(|&(key, _)| crate::yaml::is_merge(tree, key))
        .map(|(_, value)| tree.resolve(value))
        .next_back();
    let brought = merged.and_then(|merged| tree.get(merged, tree.scalar(own).unwrap_or_default()));
    let pairs = |entries: Vec<(NodeId, NodeId)>| -> BTreeSet<(String, String)> {
        let text = |node| tree.scalar(node).unwrap_or("\u{0}").to_owned();
        entries.into_iter().map(|(key, value)| (text(key), text(value))).collect()
    };
    brought.is_some_and(|brought| pairs(tree.entries(brought).collect()) == pairs(rest.to_vec()))
}
