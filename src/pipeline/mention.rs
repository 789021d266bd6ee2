//! Where jobs are named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::extend::named;
use super::facts::REFERENCE;
use super::job::Job;
use super::pipeline::{Pipeline, Role, Top};
use super::place::At;
use super::scalar::Scalar;
use super::script::flatten;
use super::setting::Setting;

/// The keyword under which a job is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    Needs,
    Dependencies,
    Extends,
    /// `!reference`, which names a job first.
    Reference,
    /// `environment: on_stop`.
    OnStop,
    /// `trigger: include: job`, the job that makes the configuration.
    Trigger,
}

/// One place where a job is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The scalar that holds the name.
    pub at: At,
    /// The top-level entry that is affected by it, visible or hidden: where it stands, or what took it from there.
    pub by: Arc<str>,
    pub keyword: Keyword,
    /// `optional: true`, with which GitLab does without the job.
    pub optional: bool,
}

/// All of them, by the name of the job that is named.
#[derive(Debug)]
pub(super) struct Mentions(BTreeMap<String, Vec<Mention>>);

impl Mentions {
    pub fn of(pipeline: &Pipeline) -> Mentions {
        let mut collector = Collector { pipeline, mentions: BTreeMap::new(), seen: BTreeSet::new() };
        let references = references(pipeline);
        for (number, top) in pipeline.tops.iter().enumerate() {
            collector.of_entry(pipeline, top);
            for (name, at) in references.get(&number).into_iter().flatten() {
                collector.add(top, name, *at, Keyword::Reference, false);
            }
        }
        Mentions(collector.mentions)
    }

    pub fn of_job(&self, job: &str) -> &[Mention] {
        self.0.get(job).map(Vec::as_slice).unwrap_or_default()
    }
}

struct Collector<'p> {
    pipeline: &'p Pipeline,
    mentions: BTreeMap<String, Vec<Mention>>,
    seen: BTreeSet<(At, Arc<str>)>,
}

impl Collector<'_> {
    fn of_entry(&mut self, pipeline: &Pipeline, top: &Top) {
        let trees = pipeline.trees();
        if let Some(held) = trees.find(&top.held.slot, "extends") {
            // Its form was checked when it was resolved.
            for (name, at) in named(trees, &held.slot).unwrap_or_default() {
                self.add(top, &name, at, Keyword::Extends, false);
            }
        }
        if top.role == Role::Keyword {
            return;
        }
        let job = Job { pipeline, top };
        if let Some(needs) = job.own("needs") {
            self.needs(top, &needs);
        }
        if let Some(rules) = job.own("rules") {
            flatten(&rules, &mut |rule| {
                if let Some(needs) = rule.get("needs") {
                    self.needs(top, &needs);
                }
            });
        }
        if let Some(dependencies) = job.own("dependencies") {
            for name in dependencies.items() {
                self.scalar(top, &name, Keyword::Dependencies, false);
            }
        }
        let environment = job.own("environment");
        if let Some(on_stop) = environment.and_then(|environment| environment.get("on_stop")) {
            self.scalar(top, &on_stop, Keyword::OnStop, false);
        }
        if let Some(include) = job.own("trigger").and_then(|trigger| trigger.get("include")) {
            flatten(&include, &mut |include| {
                if let Some(name) = include.get("job") {
                    self.scalar(top, &name, Keyword::Trigger, false);
                }
            });
        }
    }

    /// A name, a mapping with `job`, or a list of both. A job of another project or pipeline is not one of ours
    /// (`Entry::Need`).
    fn needs(&mut self, top: &Top, needs: &Setting<'_>) {
        flatten(needs, &mut |need| {
            if !need.is_mapping() {
                self.scalar(top, &need, Keyword::Needs, false);
            } else if need.get("project").is_none() && need.get("pipeline").is_none() {
                let optional = need.get("optional").and_then(|optional| optional.scalar());
                if let Some(name) = need.get("job") {
                    self.scalar(top, &name, Keyword::Needs, optional == Some(Scalar::Boolean(true)));
                }
            }
        });
    }

    fn scalar(&mut self, top: &Top, name: &Setting<'_>, keyword: Keyword, optional: bool) {
        if let Some(text) = name.text().filter(|_| !name.is_null()) {
            let at = name.scalar_at().unwrap_or(name.origin.at);
            self.add(top, &text, at, keyword, optional);
        }
    }

    fn add(&mut self, top: &Top, name: &str, at: At, keyword: Keyword, optional: bool) {
        if self.seen.insert((at, Arc::clone(&top.name))) {
            let mention = Mention { at, by: Arc::clone(&top.name), keyword, optional };
            self.mentions.entry(self.job_of(name).to_owned()).or_default().push(mention);
        }
    }

    /// The job that a name is of: one that runs in parallel is many, `test: [a, b]` or `test 1/2`. `dependencies` may name one of them
    /// (gitlab-org/gitlab, merge request 82734); that other keywords may is assumed, since a job too many is kept then, and none too few.
    fn job_of<'n>(&self, name: &'n str) -> &'n str {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_share = |share: &str| share.split_once('/').is_some_and(|(n, of)| is_number(n) && is_number(of));
        let by_values = name.strip_suffix(']').and_then(|name| name.split_once(": [")).map(|(job, _)| job);
        let by_number = name.rsplit_once(' ').filter(|(_, share)| is_share(share)).map(|(job, _)| job);
        let one = by_values.or(by_number).filter(|job| self.pipeline.top(job).is_some());
        one.filter(|_| self.pipeline.top(name).is_none()).unwrap_or(name)
    }
}

/// The `!reference` nodes of every entry's definitions, by the number of the entry.
pub(super) fn references(pipeline: &Pipeline) -> BTreeMap<usize, Vec<(String, At)>> {
    let trees = pipeline.trees();
    let mut owners: Vec<(At, usize)> = pipeline
        .tops
        .iter()
        .enumerate()
        .flat_map(|(number, top)| top.definitions.iter().map(move |definition| (definition.value, number)))
        .collect();
    owners.sort_unstable();
    let mut found: BTreeMap<usize, Vec<(String, At)>> = BTreeMap::new();
    for (file, content) in pipeline.project().files() {
        let tree = content.tree();
        for node in tree.ids().filter(|&node| tree.tag(node) == Some(REFERENCE)) {
            let at = At::new(file, node);
            let Some((name, at_name)) =
                tree.items(node).first().and_then(|&first| Some((tree.scalar(first)?, at.beside(first))))
            else {
                continue;
            };
            let before = owners.partition_point(|&(owner, _)| owner <= at);
            let owner = before.checked_sub(1).and_then(|owner| owners.get(owner));
            if let Some(&(_, number)) =
                owner.filter(|(owner, _)| owner.file == file && trees.last_inside(*owner) >= node)
            {
                found.entry(number).or_default().push((name.to_owned(), at_name));
            }
        }
    }
    found
}
