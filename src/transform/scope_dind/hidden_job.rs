//! The hidden job that holds the daemon, and who gets it: by `extends`, or through another job.

use super::*;

impl Work<'_, '_, '_> {
    /// Writes the hidden job before the first one that extends it.
    pub(super) fn hidden_job(&mut self, name: &str, keep: &[&Facts<'_>]) -> Result<(), Reason> {
        let global = &self.global;
        let mut entries = Vec::new();
        for setting in global
            .services
            .iter()
            .chain(global.before.setting.iter().filter(|_| global.before.goes()))
            .chain(global.after.setting.iter().filter(|_| global.after.goes()))
        {
            // With its comments, unless its key stays.
            let comment = if self.goes_whole(setting) { self.comment(setting) } else { Vec::new() };
            entries.push(Entry { comment, key: setting.key.to_string(), value: self.copied(setting)? });
        }
        if !global.variables.is_empty() {
            let variables: Result<Vec<Entry>, Reason> = global
                .variables
                .iter()
                .map(|variable| {
                    Ok(Entry {
                        comment: self.comment(variable),
                        key: variable.key.to_string(),
                        value: self.copied(variable)?,
                    })
                })
                .collect();
            let all = self.stage.pipeline.keyword("variables").filter(|_| self.loses_all_variables());
            let comment = all.map(|all| self.comment(&all)).unwrap_or_default();
            let variables = Entry { comment, key: "variables".to_owned(), value: Value::Mapping(variables?) };
            entries.insert(1.min(entries.len()), variables);
        }
        let entry = Entry {
            comment: vec![
                "# Docker-in-Docker, for the jobs that need a daemon: they keep the runner privileged".to_owned(),
            ],
            key: name.to_owned(),
            value: Value::Mapping(entries),
        };
        let users: Vec<Definition> = keep.iter().filter_map(|facts| facts.job.definitions().last().copied()).collect();
        self.rewrite.hidden_job(self.stage.pipeline, &users, entry).map_err(|(at, error)| match error {
            Some(error) => self.refusal(at, &error),
            None => self.reason("no-safe-place", "the text of the first job is not at hand".into()),
        })
    }

    /// The jobs that extend or merge one of these: an entry that one of these gets is theirs too.
    pub(super) fn heirs(&self, keep: &[&Facts<'_>]) -> BTreeSet<String> {
        let names: BTreeSet<&str> = keep.iter().map(|facts| facts.job.name()).collect();
        let definitions = keep.iter().filter_map(|facts| facts.job.definitions().last());
        let heirs = definitions.flat_map(|definition| self.stage.pipeline.heirs(definition.value));
        heirs.map(|job| job.name()).filter(|name| !names.contains(name)).map(str::to_owned).collect()
    }

    /// Why a job would not get the hidden job's variables: a reference in the place of its own hides them.
    pub(super) fn hides_variables(&self, facts: &Facts<'_>) -> Option<Reason> {
        let project = self.stage.pipeline.project();
        let own = facts.job.definitions().iter().find_map(|definition| {
            let tree = project.file(definition.value.file).tree();
            let value = tree.get(definition.value.node, "variables")?;
            tree.tag(value).map(|_| At { node: value, ..definition.value })
        });
        let at = own.filter(|_| !self.global.variables.is_empty())?;
        let message = "the variables of this job are a reference, which would hide those of the daemon".to_owned();
        Some(reason_at(project, at, None, "no-safe-place", message))
    }
}

/// Why the global level is not known: includes under a condition give a job, or what all jobs inherit, in several ways.
pub(super) fn alternatives(stage: &Stage<'_, '_>) -> Option<Reason> {
    let project = stage.pipeline.project();
    let at = *project.conditional().first()?;
    let in_several = |facts: &Facts<'_>| {
        let mut files: Vec<_> = facts.job.definitions().iter().map(|definition| definition.value.file).collect();
        files.dedup();
        files.len() > 1
    };
    let has = |file: &crate::pipeline::File, key: &str| {
        let root = file.tree().roots().last();
        root.is_some_and(|&root| file.tree().get(root, key).is_some())
    };
    let said = |key: &str| project.files().filter(|(_, file)| has(file, key)).count() > 1;
    let what = match stage.facts.iter().find(|facts| in_several(facts)) {
        Some(facts) => format!("`{}`", facts.job.name()),
        None => {
            format!("`{}`", ["default", "services", "before_script", "after_script"].into_iter().find(|key| said(key))?)
        }
    };
    let message = format!("{what} stands in several files, and a condition picks which of them counts");
    Some(reason_at(project, at, None, "conditional-include", message))
}
