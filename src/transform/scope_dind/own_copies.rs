//! For a job that takes only some of what is global (`inherit`): copies of just that, in place of the hidden job.

use super::*;

impl Work<'_, '_, '_> {
    /// Whether a job that extends the hidden job gains nothing that it does not have.
    pub(super) fn takes_all(&self, facts: &Facts<'_>) -> bool {
        let keywords = self.moved().all(|setting| facts.effective.get(&setting.key).is_some());
        let variables = self.global.variables.iter().all(|variable| facts.effective.variable(&variable.key).is_some());
        keywords && variables && !self.says_null(facts)
    }

    /// Whether a job, or a base of it, writes a keyword and no value: it takes what is global then, and would hide what
    /// another base has.
    fn says_null(&self, facts: &Facts<'_>) -> bool {
        let all: Vec<_> = facts.job.bases().chain([facts.job]).map(|job| job.setting()).collect();
        let null = |key: &str| all.iter().any(|own| own.get(key).is_some_and(|value| value.is_null()));
        self.moved().any(|setting| null(&setting.key)) || null("variables")
    }

    /// The global keywords that the hidden job takes over.
    pub(super) fn moved(&self) -> impl Iterator<Item = &Setting<'_>> {
        let scripts = [&self.global.before, &self.global.after].into_iter().filter(|plumbing| plumbing.goes());
        self.global.services.iter().chain(scripts.filter_map(|plumbing| plumbing.setting.as_ref()))
    }

    /// Writes into a job what it inherits of all that leaves the global level.
    pub(super) fn own_copies(&mut self, facts: &Facts<'_>) -> Result<(), Reason> {
        let pipeline = self.stage.pipeline;
        let home = facts.job.definitions().last().and_then(|d| Home::of(pipeline.project(), *d));
        let Some(home) = home else {
            return Err(self.reason("not-a-mapping", format!("`{}` is not written as a mapping", facts.job.name())));
        };
        let inherits = |way: &Way| matches!(way, Way::Default | Way::Global);
        let mut entries = Vec::new();
        for setting in self.moved() {
            if facts.effective.get(&setting.key).is_some_and(|own| inherits(&own.origin.way)) {
                entries.push(Entry::new(setting.key.to_string(), self.copied(setting)?));
            }
        }
        let mut variables = Vec::new();
        for variable in &self.global.variables {
            if facts.effective.variable(&variable.key).is_some_and(|own| inherits(&own.setting.origin.way)) {
                variables.push(Entry::new(variable.key.to_string(), self.copied(variable)?));
            }
        }
        let tree = home.stream.tree();
        let mut into = home.mapping;
        match home.written("variables") {
            _ if variables.is_empty() => {}
            Written::Own { value, .. } if tree.kind(value) == Kind::Mapping => into = value,
            Written::Own { .. } | Written::Not => {
                entries.push(Entry::new("variables", Value::Mapping(std::mem::take(&mut variables))));
            }
            _ => {
                return Err(self.reason(
                    "no-safe-place",
                    format!("the variables of `{}` are merged from elsewhere", facts.job.name()),
                ));
            }
        }
        let Some((edits, _)) = self.rewrite.at(pipeline, home.definition.key) else { return Ok(()) };
        let written = entries
            .into_iter()
            .map(|entry| (home.mapping, entry))
            .chain(variables.into_iter().map(|entry| (into, entry)));
        let done: Result<(), Error> = written.into_iter().try_for_each(|(mapping, entry)| {
            match super::super::own::written(tree, mapping, &entry.key) {
                Written::Own { value, .. } => edits.replace(value, entry.value),
                _ => edits.insert_entry(mapping, Position::End, entry),
            }
        });
        done.map_err(|error| self.refusal(home.definition.key, &error))
    }
}
