//! What GitLab makes of a project.

use std::sync::{Arc, OnceLock};

use super::check;
use super::choice::Choices;
use super::document::header;
use super::error::Error;
use super::extend::{Lineage, extend};
use super::heirs::Heirs;
use super::job::{Definition, Job};
use super::mention::{Mention, Mentions};
use super::merge::Entries;
use super::names::Names;
use super::place::At;
use super::project::{Inclusion, Partial, Project};
use super::read::Reader;
use super::reference::Resolver;
use super::setting::{Entry, Setting};
use super::share::Shares;
use super::trees::Trees;
use super::value::{Held, Way};

/// The top-level keywords that are no jobs.
///
/// Source: `Entry::Root` and the header keyword `spec`; `types` was a keyword until GitLab 15. GitLab would take a
/// `default` or `workflow` that has a `script` for a job; that is not followed here.
const KEYWORDS: [&str; 12] = [
    "default",
    "include",
    "image",
    "services",
    "before_script",
    "after_script",
    "variables",
    "stages",
    "cache",
    "workflow",
    "spec",
    "types",
];

/// The keywords that a job inherits. Source: `Entry::Default`, with `identity` of its paid edition.
pub(super) const DEFAULTS: [&str; 13] = [
    "before_script",
    "after_script",
    "hooks",
    "cache",
    "image",
    "services",
    "interruptible",
    "timeout",
    "retry",
    "tags",
    "artifacts",
    "id_tokens",
    "identity",
];

/// Those of them that may also stand at the top level, which is deprecated. Source: `Entry::Root`.
pub(super) const GLOBALS: [&str; 5] = ["image", "services", "cache", "before_script", "after_script"];

/// The configuration that GitLab sees: jobs, and what they inherit.
///
/// Order of making, as in `Gitlab::Ci::Config`: YAML with `<<`, inputs, includes, `extends`, `!reference`, defaults.
pub struct Pipeline {
    project: Arc<Project>,
    pub(super) tops: Vec<Top>,
    names: Names,
    /// The default keywords that are set.
    pub(super) globals: Vec<Held>,
    /// The global variables.
    pub(super) variables: Vec<Held>,
    shares: OnceLock<Shares>,
    heirs: OnceLock<Heirs>,
    mentions: OnceLock<Mentions>,
    choices: OnceLock<Choices>,
}

/// A top-level entry, resolved.
pub(super) struct Top {
    pub name: Arc<str>,
    pub role: Role,
    pub held: Held,
    pub definitions: Vec<Definition>,
    pub lineage: Lineage,
    /// What cannot be resolved offline.
    pub unresolved: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Job,
    Hidden,
    Keyword,
}

impl Pipeline {
    /// Makes of a project what GitLab makes of it.
    ///
    /// A pipeline without a visible job is accepted, unlike in GitLab: templates are looked at, too.
    ///
    /// # Errors
    /// What GitLab refuses, as far as this tool depends on it. What only an unreadable include could bring is no error
    /// in a partial pipeline; see [`Job::unresolved`].
    pub fn new(project: Arc<Project>) -> Result<Pipeline, Error> {
        let trees = project.trees();
        let partial = !project.partial().is_empty();
        let mut log = Vec::new();
        let mut held = configuration(trees, project.root(), &mut log)?;
        held.retain(|held| trees.key(&held.key) != "include");
        let names = Names::new(trees, &held);
        let mut definitions = vec![Vec::new(); held.len()];
        for held in &log {
            if let Some(found) = names.find(trees.key(&held.key)).and_then(|entry| definitions.get_mut(entry)) {
                found.push(Definition { key: held.key.at, value: trees.resolve(held.slot.origin.at) });
            }
        }
        drop(log);
        let (held, lineages) = extend(trees, held, &names, partial)?;
        let tops = resolve(trees, &names, &held, lineages, definitions, partial)?;
        let find = |name: &str| names.find(name).and_then(|entry| tops.get(entry)).map(|top| &top.held);
        let globals = check::globals(trees, find)?;
        let variables = find("variables").map(|held| trees.entries(&held.slot)).unwrap_or_default();
        let variables = variables.iter().map(|held| held.by(&|_| Way::Global)).collect();
        let pipeline = Pipeline {
            project: Arc::clone(&project),
            tops,
            names,
            globals,
            variables,
            shares: OnceLock::new(),
            heirs: OnceLock::new(),
            mentions: OnceLock::new(),
            choices: OnceLock::new(),
        };
        check::pipeline(&pipeline)?;
        Ok(pipeline)
    }

    /// The files that it is made of.
    pub fn project(&self) -> &Arc<Project> {
        &self.project
    }

    /// The visible jobs, in the order in which they are first defined.
    pub fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        self.with_role(Role::Job)
    }

    /// The hidden jobs, in the order in which they are first defined.
    pub fn hidden(&self) -> impl Iterator<Item = Job<'_>> {
        self.with_role(Role::Hidden)
    }

    /// A job by its name, visible or hidden.
    pub fn job(&self, name: &str) -> Option<Job<'_>> {
        let top = self.top(name).filter(|top| top.role != Role::Keyword)?;
        Some(Job { pipeline: self, top })
    }

    /// The default keywords that are set, in `default` or at the top level ([`Way`] says which).
    pub fn globals(&self) -> impl Iterator<Item = Entry<'_>> {
        self.globals.iter().map(|held| Entry::new(self.trees(), held.clone()))
    }

    /// A default keyword.
    pub fn global(&self, keyword: &str) -> Option<Entry<'_>> {
        self.globals().find(|entry| entry.key == keyword)
    }

    /// The global variables.
    pub fn variables(&self) -> impl Iterator<Item = Entry<'_>> {
        self.variables.iter().map(|held| Entry::new(self.trees(), held.clone()))
    }

    /// A top-level keyword that is no job: `stages`, `workflow`, `variables`, `default` and the like.
    pub fn keyword(&self, keyword: &str) -> Option<Entry<'_>> {
        let top = self.top(keyword).filter(|top| top.role == Role::Keyword)?;
        Some(Entry::new(self.trees(), top.held.clone()))
    }

    /// Where a top-level keyword or a job is written, in the order in which the files are merged: the last one wins.
    pub fn definitions(&self, name: &str) -> &[Definition] {
        self.top(name).map(|top| top.definitions.as_slice()).unwrap_or_default()
    }

    /// `spec` of the main file's header, as it is written.
    pub fn spec(&self) -> Option<Setting<'_>> {
        let main = self.project.main();
        let header = header(self.project.file(main).tree())?;
        let spec = Reader::new(self.trees(), main, None).find(header, "spec").ok()??;
        Some(self.trees().setting(spec.slot))
    }

    /// The includes that cannot be resolved offline. While there are any, a global keyword may have effects, and a job
    /// heirs, that are not known.
    pub fn partial(&self) -> &[Partial] {
        self.project.partial()
    }

    /// The visible jobs whose effective configuration takes any value from inside this node, in order: an edit there
    /// touches exactly them. A key stands for its entry.
    pub fn sharers(&self, at: At) -> Vec<Job<'_>> {
        self.within(at, true)
    }

    /// Those of [`Pipeline::sharers`] that take something there other than by inheriting it: through an alias or a
    /// reference.
    pub fn takers(&self, at: At) -> Vec<Job<'_>> {
        self.within(at, false)
    }

    /// Finds out at once what [`Pipeline::sharers`], [`Pipeline::takers`] and [`Pipeline::heirs`] would find out when first
    /// asked. Of a long pipeline that takes a while, in which another core can do something else.
    pub fn know_sharers(&self) {
        self.shares.get_or_init(|| Shares::of(self));
        self.heirs.get_or_init(|| Heirs::of(self));
    }

    pub(super) fn choices(&self) -> &Choices {
        self.choices.get_or_init(|| Choices::of(self))
    }

    /// The number of a top-level entry.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    fn within(&self, at: At, heirs: bool) -> Vec<Job<'_>> {
        let jobs = self.shares.get_or_init(|| Shares::of(self)).within(self.trees(), at, heirs);
        jobs.into_iter().filter_map(|entry| self.tops.get(entry)).map(|top| Job { pipeline: self, top }).collect()
    }

    /// The visible jobs that extend or merge the mapping of another, themselves or by their bases, in order: a key that it gets is
    /// theirs too, unless they have it.
    pub fn heirs(&self, mapping: At) -> Vec<Job<'_>> {
        let heirs = self.heirs.get_or_init(|| Heirs::of(self)).of_mapping(mapping);
        heirs.filter_map(|entry| self.tops.get(entry)).map(|top| Job { pipeline: self, top }).collect()
    }

    /// Where a job is named, in the order of the jobs that name it.
    pub fn named_by(&self, job: &str) -> &[Mention] {
        self.mentions.get_or_init(|| Mentions::of(self)).of_job(job)
    }

    pub(super) fn trees(&self) -> Trees<'_> {
        self.project.trees()
    }

    pub(super) fn top(&self, name: &str) -> Option<&Top> {
        self.names.find(name).and_then(|entry| self.tops.get(entry))
    }

    fn with_role(&self, role: Role) -> impl Iterator<Item = Job<'_>> {
        self.tops.iter().filter(move |top| top.role == role).map(|top| Job { pipeline: self, top })
    }
}

/// What a file and its includes come to: the includes in order, each over the last, and the file over all of them.
/// Source: `External::Processor#perform`. Every entry of every file is logged.
fn configuration(trees: Trees<'_>, file: &Inclusion, log: &mut Vec<Held>) -> Result<Vec<Held>, Error> {
    let reader = Reader::new(trees, file.file, file.inputs.as_ref());
    if file.includes.is_empty() {
        let own = reader.tops(file.content)?;
        log.extend(own.iter().cloned());
        return Ok(own);
    }
    let mut all = Entries::new(trees);
    for include in &file.includes {
        for held in configuration(trees, include, log)? {
            all.merge(held);
        }
    }
    for held in reader.tops(file.content)? {
        log.push(held.clone());
        all.merge(held);
    }
    Ok(all.finish())
}

fn resolve(
    trees: Trees<'_>,
    names: &Names,
    held: &[Held],
    lineages: Vec<Lineage>,
    definitions: Vec<Vec<Definition>>,
    partial: bool,
) -> Result<Vec<Top>, Error> {
    let mut resolver = Resolver::new(trees, names, held, partial);
    let mut tops: Vec<Top> = Vec::with_capacity(held.len());
    for (number, ((held, lineage), definitions)) in held.iter().zip(lineages).zip(definitions).enumerate() {
        let (held, unresolved) = resolver.entry(held)?;
        let name = Arc::clone(names.name(number));
        let role = if name.starts_with('.') {
            Role::Hidden
        } else if KEYWORDS.contains(&&*name) {
            Role::Keyword
        } else {
            Role::Job
        };
        tops.push(Top { name, role, held, definitions, lineage, unresolved });
    }
    pass_on_unknown(&mut tops);
    Ok(tops)
}

/// A job lacks what its bases lack.
fn pass_on_unknown(tops: &mut [Top]) {
    let mut all: Vec<Vec<String>> = tops.iter().map(|top| top.lineage.unknown.clone()).collect();
    // `extends` takes few steps, so few rounds are needed; mostly none.
    while !all.iter().all(Vec::is_empty) {
        let mut changed = false;
        for (number, top) in tops.iter().enumerate() {
            for base in
                top.lineage.bases.iter().filter_map(|&base| all.get(base).cloned()).flatten().collect::<Vec<_>>()
            {
                if let Some(own) = all.get_mut(number).filter(|own| !own.contains(&base)) {
                    own.push(base);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    for (top, mut unknown) in tops.iter_mut().zip(all) {
        unknown.append(&mut top.unresolved);
        top.unresolved = unknown;
    }
}
