//! What differs between two pipelines, such as the one before an edit and the one after it.

use std::borrow::Cow;

use rayon::prelude::*;
use serde_json::Value as Json;

use super::effective::{Effective, Form};
use super::equal::{is_same, is_same_variable};
use super::job::Job;
use super::listing::variable;
use super::pipeline::{DEFAULTS, Pipeline};
use super::setting::{Entry, Setting};

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Added,
    Removed,
    Changed,
}

/// The differences of one job, or of what belongs to no job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobDifference {
    /// None for the pipeline itself: `stages`, `workflow`, the global variables, `spec`; of a partial one also its
    /// `include` and default keywords, which may have effects that are not known.
    pub job: Option<String>,
    pub change: Change,
    /// Empty for a job that was added or removed.
    pub differences: Vec<Difference>,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `["variables", "DOCKER_HOST"]`, `["script", "0"]`.
    pub path: Vec<String>,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// Every difference between the effective configurations of two pipelines: the pipeline first, then its jobs in the
/// order of `before`, then the added ones.
///
/// Scalars are equal when text and type (as Ruby reads them) are; variables when their texts are, since GitLab makes
/// strings of them; scripts and rules are compared flattened. The order of keys does not count. Hidden jobs have no
/// effect of their own and are not looked at.
pub fn compare(before: &Pipeline, after: &Pipeline) -> Vec<JobDifference> {
    let mut all = Vec::new();
    let differences = top_level(before, after);
    if !differences.is_empty() {
        all.push(JobDifference { job: None, change: Change::Changed, differences });
    }
    let inherited = Inherited::of(before, after);
    let jobs: Vec<Job<'_>> = before.jobs().collect();
    all.par_extend(jobs.into_par_iter().with_min_len(FEW).filter_map(|job| {
        let (change, differences) = match after.job(job.name()).filter(|job| !job.is_hidden()) {
            Some(other) => (Change::Changed, inherited.and_own(job, other)),
            None => (Change::Removed, Vec::new()),
        };
        let differs = change == Change::Removed || !differences.is_empty();
        differs.then(|| JobDifference { job: Some(job.name().to_owned()), change, differences })
    }));
    for job in after.jobs().filter(|job| before.job(job.name()).is_none_or(|job| job.is_hidden())) {
        let job = Some(job.name().to_owned());
        all.push(JobDifference { job, change: Change::Added, differences: Vec::new() });
    }
    all
}

/// Fewer jobs than this are compared before another core would have begun.
const FEW: usize = 64;

/// The differences between what two pipelines offer to inherit, which are the same for every job that does inherit it.
struct Inherited {
    keywords: Vec<(String, Vec<Difference>)>,
    variables: Vec<(String, Vec<Difference>)>,
}

impl Inherited {
    fn of(before: &Pipeline, after: &Pipeline) -> Inherited {
        let (mut keywords, mut variables) = (Vec::new(), Vec::new());
        for keyword in DEFAULTS {
            let left = before.global(keyword).map(|entry| Form::of(keyword, entry.setting));
            let right = after.global(keyword).map(|entry| Form::of(keyword, entry.setting));
            let mut differences = Differences::default();
            differences.within(keyword, |all| all.form(left, right));
            if !differences.all.is_empty() {
                keywords.push((keyword.to_owned(), differences.all));
            }
        }
        let mut differences = Differences::default();
        differences.within("variables", |all| all.variables(before.variables().collect(), after.variables().collect()));
        for difference in differences.all {
            let name = difference.path.last().cloned().unwrap_or_default();
            variables.push((name, vec![difference]));
        }
        Inherited { keywords, variables }
    }

    /// The differences of a job. Most jobs are as they were but for what they inherit, and this is the quick way to see
    /// it.
    fn and_own(&self, before: Job<'_>, after: Job<'_>) -> Vec<Difference> {
        let (left, right) = (before.effective(), after.effective());
        let is_alike = before.unresolved() == after.unresolved() && left.inherits_like(&right);
        if !is_alike || !is_same(&before.setting(), &after.setting()) {
            let mut differences = Differences::default();
            differences.forms(&left, &right);
            return differences.all;
        }
        let mut all = Vec::new();
        for (name, differences) in &self.variables {
            if left.inherits_variable(name) {
                all.extend_from_slice(differences);
            }
        }
        for (name, differences) in &self.keywords {
            if left.inherits(name) {
                all.extend_from_slice(differences);
            }
        }
        all
    }
}

fn top_level(before: &Pipeline, after: &Pipeline) -> Vec<Difference> {
    let mut differences = Differences::default();
    let partial = !before.partial().is_empty() || !after.partial().is_empty();
    for keyword in ["stages", "workflow", "types"] {
        let (left, right) = (before.keyword(keyword), after.keyword(keyword));
        let (left, right) = (left.map(|entry| entry.setting), right.map(|entry| entry.setting));
        differences.within(keyword, |all| all.values(left.as_ref(), right.as_ref()));
    }
    differences.within("variables", |all| all.variables(before.variables().collect(), after.variables().collect()));
    differences.within("spec", |all| all.values(before.spec().as_ref(), after.spec().as_ref()));
    if partial {
        let includes = |pipeline: &Pipeline| -> Json {
            pipeline.partial().iter().map(|partial| partial.include.clone()).collect()
        };
        differences.within("include", |all| all.json(Some(includes(before)), Some(includes(after))));
        for keyword in DEFAULTS {
            let (left, right) = (before.global(keyword), after.global(keyword));
            let (left, right) = (left.map(|entry| entry.setting), right.map(|entry| entry.setting));
            differences.within(keyword, |all| all.values(left.as_ref(), right.as_ref()));
        }
    }
    differences.all
}

/// Collects differences, with the path at which they are.
#[derive(Default)]
struct Differences {
    path: Vec<String>,
    all: Vec<Difference>,
}

impl Differences {
    fn forms(&mut self, before: &Effective<'_>, after: &Effective<'_>) {
        let mut right: Vec<Option<(Cow<'_, str>, Form<'_>)>> = after.forms().map(Some).collect();
        for (keyword, left) in before.forms() {
            let other = right.iter_mut().find(|form| form.as_ref().is_some_and(|(other, _)| *other == keyword));
            let other = other.and_then(Option::take).map(|(_, form)| form);
            self.within(&keyword, |all| all.form(Some(left), other));
        }
        for (keyword, form) in right.into_iter().flatten() {
            self.within(&keyword, |all| all.form(None, Some(form)));
        }
    }

    fn form(&mut self, before: Option<Form<'_>>, after: Option<Form<'_>>) {
        match (before, after) {
            (Some(Form::List(left)), Some(Form::List(right))) => self.lists(&left, &right),
            (Some(Form::Variables(left)), Some(Form::Variables(right))) => self.variables(left, right),
            (Some(Form::Variables(left)), None) => self.variables(left, Vec::new()),
            (None, Some(Form::Variables(right))) => self.variables(Vec::new(), right),
            (Some(Form::Value(left)), Some(Form::Value(right))) => self.values(Some(&left), Some(&right)),
            (left, right) => {
                self.json(left.as_ref().map(Form::to_json), right.as_ref().map(Form::to_json));
            }
        }
    }

    fn values(&mut self, before: Option<&Setting<'_>>, after: Option<&Setting<'_>>) {
        match (before, after) {
            (Some(left), Some(right)) if is_same(left, right) => {}
            (Some(left), Some(right)) if left.is_mapping() && right.is_mapping() => {
                for entry in left.entries() {
                    self.within(&entry.key, |all| all.values(Some(&entry.setting), right.get(&entry.key).as_ref()));
                }
                for entry in right.entries().filter(|entry| left.entry(&entry.key).is_none()) {
                    self.within(&entry.key, |all| all.values(None, Some(&entry.setting)));
                }
            }
            (Some(left), Some(right)) if left.is_sequence() && right.is_sequence() => {
                self.lists(&left.items().collect::<Vec<_>>(), &right.items().collect::<Vec<_>>());
            }
            (None, None) => {}
            (left, right) => self.push(left.map(Setting::to_json), right.map(Setting::to_json)),
        }
    }

    fn lists(&mut self, before: &[Setting<'_>], after: &[Setting<'_>]) {
        for i in 0..before.len().max(after.len()) {
            self.within(&i.to_string(), |all| all.values(before.get(i), after.get(i)));
        }
    }

    fn variables(&mut self, before: Vec<Entry<'_>>, after: Vec<Entry<'_>>) {
        for left in &before {
            let right = after.iter().find(|right| right.key == left.key);
            if !right.is_some_and(|right| is_same_variable(&left.setting, &right.setting)) {
                let right = right.map(|right| variable(&right.setting));
                self.within(&left.key, |all| all.push(Some(variable(&left.setting)), right));
            }
        }
        for right in after.iter().filter(|right| !before.iter().any(|left| left.key == right.key)) {
            self.within(&right.key, |all| all.push(None, Some(variable(&right.setting))));
        }
    }

    fn json(&mut self, before: Option<Json>, after: Option<Json>) {
        if before != after {
            self.push(before, after);
        }
    }

    fn push(&mut self, before: Option<Json>, after: Option<Json>) {
        self.all.push(Difference { path: self.path.clone(), before, after });
    }

    fn within(&mut self, step: &str, compare: impl FnOnce(&mut Self)) {
        self.path.push(step.to_owned());
        compare(self);
        self.path.pop();
    }
}
