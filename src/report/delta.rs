//! What differs in the jobs of two pipelines.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Delta, DeltaKind, KeywordDifference};
use super::entries::Entries;
use crate::migration::Course;
use crate::pipeline::{Change, JobDifference, Pipeline, compare};

/// The phases and transformations that change a job.
#[derive(Clone, Debug, Default)]
pub(super) struct Doer {
    phases: Vec<u32>,
    transforms: Vec<String>,
}

impl Doer {
    /// By job. With `only`, the other phases do not count.
    pub fn of(course: &Course, only: Option<&[u32]>) -> BTreeMap<String, Doer> {
        let mut doers: BTreeMap<String, Doer> = BTreeMap::new();
        for plan in course.legs.iter().filter(|leg| leg.is_sound()).map(|leg| &leg.plan) {
            let number = plan.phase.number;
            if only.is_some_and(|only| !only.contains(&number)) {
                continue;
            }
            for job in &plan.changed {
                let doer = doers.entry(job.job.clone()).or_default();
                doer.take(number);
                doer.transforms.extend(job.transforms.iter().cloned());
            }
            plan.removed.iter().for_each(|job| doers.entry(job.clone()).or_default().take(number));
        }
        doers
    }

    fn take(&mut self, phase: u32) {
        if self.phases.last() != Some(&phase) {
            self.phases.push(phase);
        }
    }
}

/// The differences between two pipelines, job by job.
pub(super) struct Deltas<'a> {
    effective: BTreeMap<String, JobDifference>,
    pipelines: (&'a Pipeline, &'a Pipeline),
    entries: (&'a Entries<'a>, &'a Entries<'a>),
    doers: &'a BTreeMap<String, Doer>,
}

impl<'a> Deltas<'a> {
    pub fn new(
        before: &'a Pipeline,
        after: &'a Pipeline,
        old: &'a Entries<'a>,
        new: &'a Entries<'a>,
        doers: &'a BTreeMap<String, Doer>,
    ) -> Deltas<'a> {
        let differences = compare(before, after).into_iter();
        let effective = differences.filter_map(|difference| Some((difference.job.clone()?, difference))).collect();
        Deltas { effective, pipelines: (before, after), entries: (old, new), doers }
    }

    /// What differs in a job; none when neither its text nor its effective configuration does.
    pub fn of(&self, job: &str) -> Option<Delta> {
        let diff = self.entries.0.diff(job, self.entries.1);
        let found = self.effective.get(job);
        if diff.is_empty() && found.is_none() {
            return None;
        }
        let doer = self.doers.get(job).cloned().unwrap_or_default();
        let change = match found.map(|found| found.change) {
            Some(Change::Added) => DeltaKind::Added,
            Some(Change::Removed) => DeltaKind::Removed,
            Some(Change::Changed) | None => DeltaKind::Changed,
        };
        let effective = found.map(|found| self.keywords(job, found)).unwrap_or_default();
        Some(Delta { change, phases: doer.phases, transforms: doer.transforms, diff, effective })
    }

    /// The whole value of each keyword in which something differs.
    fn keywords(&self, job: &str, found: &JobDifference) -> Vec<KeywordDifference> {
        let keywords: BTreeSet<&String> = found.differences.iter().filter_map(|one| one.path.first()).collect();
        if keywords.is_empty() {
            return Vec::new();
        }
        let json = |pipeline: &Pipeline| pipeline.job(job).map(|job| job.effective().to_json()).unwrap_or_default();
        let (before, after) = (json(self.pipelines.0), json(self.pipelines.1));
        let differences = keywords.into_iter().map(|keyword| KeywordDifference {
            keyword: keyword.clone(),
            before: before.get(keyword).cloned(),
            after: after.get(keyword).cloned(),
        });
        differences.collect()
    }
}
