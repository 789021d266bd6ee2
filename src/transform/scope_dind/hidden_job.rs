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

/// Why the jobs that the daemon is taken from are not known: in another pipeline they may be something else.
pub(super) fn alternatives(stage: &Stage<'_, '_>) -> Option<Reason> {
    let (name, (at, code, message)) =
        stage.facts.iter().find_map(|facts| Some((facts.job.name(), chosen(stage.pipeline, facts)?)))?;
    Some(reason_at(stage.pipeline.project(), at, None, code, format!("of `{name}`: {message}")))
}

/// Why something of the daemon's cannot go: it stands at the global level of several files, and with the one that counts the other
/// would come to light.
pub(super) fn hidden_behind(stage: &Stage<'_, '_>, global: &Global<'_>) -> Option<Reason> {
    let project = stage.pipeline.project();
    let says = |definition: &&Definition, keyword: &str| {
        project.file(definition.value.file).tree().get(definition.value.node, keyword).is_some()
    };
    let within = |section: &str, keyword: &str| -> Vec<Definition> {
        stage.pipeline.definitions(section).iter().filter(|definition| says(definition, keyword)).copied().collect()
    };
    let variables = global.variables.iter().map(|it| (it.key.to_string(), within("variables", &it.key)));
    let settings = [global.services.as_ref(), global.before.setting.as_ref(), global.after.setting.as_ref()];
    let keywords = settings.into_iter().flatten().map(|setting| {
        let key = setting.key.to_string();
        let all = stage.pipeline.definitions(&key).iter().copied().chain(within("default", &key)).collect();
        (key, all)
    });
    // A file may be included twice.
    let several = |(_, all): &(String, Vec<Definition>)| all.iter().any(|it| it.value != all[0].value);
    let (name, all) = variables.chain(keywords).find(several)?;
    let at = all.first()?.key;
    let message =
        format!("`{name}` stands at the global level of several files: where one goes, the other comes to light");
    Some(reason_at(project, at, None, "no-safe-place", message))
}
