//! The global level without the daemon.

use super::*;

impl Work<'_, '_, '_> {
    /// Takes the daemon from the global level.
    pub(super) fn globals(&mut self) -> Result<(), Reason> {
        let mut gone: Vec<At> = Vec::new();
        let mut edited = Vec::new();
        if let Some(services) = &self.global.services {
            // While an include cannot be read, the global level itself is compared.
            self.rewrite.globals.insert("services".to_owned());
            let at = services.setting.origin.at;
            let tree = self.stage.pipeline.project().file(at.file).tree();
            let items = tree.items(at.node);
            match self.goes_whole(services) {
                true => gone.push(services.key_at),
                false => {
                    gone.extend(self.global.dind.iter().filter_map(|&n| items.get(n)).map(|&node| At { node, ..at }))
                }
            }
        }
        let variables = self.stage.pipeline.keyword("variables");
        let all = self.loses_all_variables();
        match variables {
            Some(variables) if all && !self.global.variables.is_empty() => gone.push(variables.key_at),
            _ => gone.extend(self.global.variables.iter().map(|variable| variable.key_at)),
        }
        for name in self.global.variables.iter().map(|variable| variable.key.to_string()) {
            self.rewrite.globals.insert(format!("variables.{name}"));
        }
        if all {
            self.rewrite.globals.insert("variables".to_owned());
        }
        for plumbing in [&self.global.before, &self.global.after].into_iter().filter(|plumbing| plumbing.goes()) {
            let Some(setting) = &plumbing.setting else { continue };
            self.rewrite.globals.insert(plumbing.keyword.to_owned());
            if self.goes_whole(setting) {
                gone.push(setting.key_at);
                continue;
            }
            gone.extend(plumbing.items.iter().filter(|item| item.goes).map(|item| item.at));
            edited.extend(
                plumbing.items.iter().filter(|item| !item.edits.is_empty()).map(|it| (it.at, it.edits.clone())),
            );
        }
        for (at, parts) in edited {
            self.is_free(at)?;
            if let Some((edits, _)) = self.rewrite.at(self.stage.pipeline, at) {
                parts.into_iter().for_each(|(range, text)| edits.edit_scalar(at.node, range, text));
            }
        }
        for at in gone {
            self.is_free(at)?;
            let deleted = match self.rewrite.at(self.stage.pipeline, at) {
                Some((edits, stream)) => delete(edits, stream, at.node),
                None => Ok(()),
            };
            deleted.map_err(|error| self.refusal(at, &error))?;
        }
        Ok(())
    }

    /// Whether nothing stays of a global keyword that holds a part of the daemon.
    pub(super) fn goes_whole(&self, setting: &Setting<'_>) -> bool {
        match [&self.global.before, &self.global.after].into_iter().find(|plumbing| plumbing.keyword == setting.key) {
            Some(plumbing) => plumbing.kept().is_empty(),
            None => setting.setting.items().count() == self.global.dind.len(),
        }
    }

    /// Whether every global variable is the daemon's.
    pub(super) fn loses_all_variables(&self) -> bool {
        let variables = self.stage.pipeline.keyword("variables");
        variables.is_some_and(|variables| variables.setting.entries().count() == self.global.variables.len())
    }

    /// Whether nobody takes what goes but by inheriting it.
    fn is_free(&mut self, gone: At) -> Result<(), Reason> {
        let tree = self.stage.pipeline.project().file(gone.file).tree();
        let entry = tree.parent(gone.node).and_then(|mapping| tree.entries(mapping).find(|(key, _)| *key == gone.node));
        let node = entry.map_or(gone.node, |(_, value)| value);
        let takers = self.stage.pipeline.takers(At { node, ..gone });
        let Some(taker) = takers.first().filter(|_| tree.kind(node) != Kind::Alias) else { return Ok(()) };
        self.blamed = Some(taker.name().to_owned());
        let message = format!("`{}` takes this, too, by an alias or a reference, and would lose it", taker.name());
        Err(reason_at(self.stage.pipeline.project(), gone, None, "no-safe-place", message))
    }
}

/// Deletes an entry or item; the only entry of `default:` takes it along.
fn delete(edits: &mut Edits<'_>, stream: &Stream, node: NodeId) -> Result<(), Error> {
    let tree = stream.tree();
    let Some(parent) = tree.parent(node) else { return edits.delete(node) };
    let alone = tree.entries(parent).count() == 1 && tree.kind(parent) == Kind::Mapping;
    let key = tree
        .parent(parent)
        .and_then(|outer| tree.entries(outer).find(|(_, value)| *value == parent))
        .map(|(key, _)| key);
    match key.filter(|_| alone) {
        Some(key) => edits.delete(key),
        None => edits.delete(node),
    }
}
