//! Variables of the daemon that something reads where the daemon goes: they stay at the global level.

use std::collections::BTreeMap;

use super::*;
use crate::transform::environment::asked_by;

impl Work<'_, '_, '_> {
    /// Takes the variables that stay off the list of those that go, each with the reason and its place.
    ///
    /// A variable stays with what it is made of: `DOCKER_CERT_PATH` may be below `$DOCKER_TLS_CERTDIR`.
    pub(super) fn keep_read_variables(&mut self, keep: &[&Facts<'_>], lose: &[&Facts<'_>]) {
        let mut read = Readers { stage: self.stage, stays: BTreeMap::new() };
        for facts in lose {
            self.read_by(facts, &mut read);
        }
        for facts in keep.iter().filter(|facts| hides_variables(facts)) {
            for variable in &self.global.variables {
                let inherited = facts.effective.variable(&variable.key);
                if inherited.is_some_and(|variable| variable.setting.origin.way == Way::Global) {
                    read.stay_for(facts.job.name(), &variable.key, variable.key_at);
                }
            }
        }
        for variable in &self.global.variables {
            let form = variable.setting.entries().any(|entry| !matches!(&*entry.key, "value" | "expand"));
            if variable.setting.is_mapping() && form {
                let who = "the form of \"Run pipeline\"";
                read.note(&self.global.first_job(self.stage), &variable.key, variable.key_at, who);
            }
        }
        for facts in self.stage.facts.iter().filter(|facts| facts.job.is_trigger() && forwards(facts)) {
            for variable in &self.global.variables {
                let who = format!("the pipeline that `{}` triggers", facts.job.name());
                read.note(facts.job.name(), &variable.key, variable.key_at, &who);
            }
        }
        self.read_by_all(&mut read);
        loop {
            let known = read.stays.len();
            for variable in self.stage.pipeline.variables() {
                if !DAEMON_VARIABLES.contains(&&*variable.key) || read.stays.contains_key(&*variable.key) {
                    let who = format!("the variable {}", variable.key);
                    read.note(
                        &self.global.first_job(self.stage),
                        &variable.setting.variable_text(),
                        variable.key_at,
                        &who,
                    );
                }
            }
            if read.stays.len() == known {
                break;
            }
        }
        self.global.variables.retain(|variable| !read.stays.contains_key(&*variable.key));
        self.rewrite.left.extend(read.stays.into_values());
    }

    /// What decides on whole pipelines and on includes: `workflow:` and `include: rules`.
    fn read_by_all(&self, read: &mut Readers<'_, '_, '_>) {
        let job = self.global.first_job(self.stage);
        if let Some(workflow) = self.stage.pipeline.keyword("workflow") {
            for text in workflow.setting.all_texts() {
                read.note(&job, &text, workflow.key_at, "`workflow:`");
            }
        }
        for (file, stream) in self.stage.pipeline.project().files().filter_map(|(id, file)| Some((id, file.stream()?)))
        {
            let tree = stream.tree();
            let includes = tree.roots().iter().filter_map(|root| tree.get(*root, "include"));
            for node in includes {
                let text = stream.text().get(stream.span(node)).unwrap_or_default();
                read.note(&job, text, At { node, file }, "`include:`");
            }
        }
    }

    /// What a job that loses the daemon reads, in what stays of its scripts and in its own variables.
    fn read_by(&self, facts: &Facts<'_>, read: &mut Readers<'_, '_, '_>) {
        let name = facts.job.name();
        for part in &facts.parts {
            let plumbing = match part.section {
                Section::BeforeScript => Some(&self.global.before),
                Section::Script => None,
                Section::AfterScript => Some(&self.global.after),
            };
            let pieces = || plumbing.iter().flat_map(|plumbing| &plumbing.items);
            for item in &part.items {
                let piece = pieces().find(|piece| piece.text == item.text);
                if piece.is_none_or(|piece| !piece.goes) {
                    let text = piece.map_or(&*item.text, |piece| &piece.rest);
                    read.note(name, text, item.at.unwrap_or(item.origin.at), &format!("`{name}`"));
                }
            }
        }
        for (entry, variable) in asked_by(facts) {
            read.note(name, variable, entry.key_at, &format!("`{}:` of `{name}`", entry.key));
        }
        for variable in facts.effective.variables().filter(|v| v.setting.origin.way != Way::Global) {
            let who = format!("the variable {} of `{name}`", variable.key);
            read.note(name, &variable.setting.variable_text(), variable.key_at, &who);
        }
    }
}

/// Whether a job writes `variables:` without a value over those of a base: with variables of its own it would have these
/// again.
fn hides_variables(facts: &Facts<'_>) -> bool {
    let has = |job: crate::pipeline::Job<'_>| job.setting().get("variables").is_some_and(|value| value.is_mapping());
    let null = facts.job.setting().get("variables").is_some_and(|variables| variables.is_null());
    null && (facts.job.bases().any(has) || facts.job.definitions().len() > 1)
}

/// Whether a trigger job hands its variables down, as it does unless it says otherwise (GitLab, `trigger:forward`).
fn forwards(facts: &Facts<'_>) -> bool {
    let forward = facts.effective.get("trigger").and_then(|trigger| trigger.get("forward"));
    let yaml = forward.and_then(|forward| forward.get("yaml_variables"));
    yaml.and_then(|yaml| yaml.text().map(|text| text != "false")).unwrap_or(true)
}

/// The variables that stay, and for whom.
struct Readers<'w, 's, 'p> {
    stage: &'w Stage<'s, 'p>,
    stays: BTreeMap<&'static str, Left>,
}

impl Readers<'_, '_, '_> {
    fn stay_for(&mut self, job: &str, name: &str, at: At) {
        let Some(name) = DAEMON_VARIABLES.into_iter().find(|known| *known == name) else { return };
        self.stays.entry(name).or_insert_with(|| {
            let message = format!(
                "`{job}` hides the variables of a base by `variables:` without a value, so that {name} stays at the global level"
            );
            let reason = reason_at(self.stage.pipeline.project(), at, None, "no-safe-place", message);
            Left { job: job.to_owned(), reasons: vec![reason] }
        });
    }

    fn note(&mut self, job: &str, text: &str, at: At, who: &str) {
        for name in DAEMON_VARIABLES.into_iter().filter(|name| text.contains(name)) {
            self.stays.entry(name).or_insert_with(|| {
                let message = format!("{who} reads {name}, which therefore stays at the global level");
                let reason = reason_at(self.stage.pipeline.project(), at, None, "reads-daemon-variable", message);
                Left { job: job.to_owned(), reasons: vec![reason] }
            });
        }
    }
}
