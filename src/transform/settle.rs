//! Writes a draft into the files: a value is edited where it is if the job owns it; otherwise the job gets its own.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, DraftItem, number};
use super::inputs::{self, BLOCK};
use super::left::Reason;
use super::own::{Home, Written, comment_of, copy};
use crate::pipeline::{At, Definition, FileId, Job, ScriptItem, Section, Way};
use crate::yaml::{Edits, Entry, Error, Item, Kind, NodeId, Position, Style, Tree, Value};

/// The edits of each file.
pub type FileEdits<'p> = BTreeMap<FileId, Edits<'p>>;

/// Writes a draft as edits. `selected` are the jobs that the phase changes; a value that others share is not edited.
///
/// # Errors
/// Where the text has no safe place for a change; nothing is written then.
pub fn settle<'p>(draft: &Draft<'_, 'p>, selected: &BTreeSet<String>) -> Result<FileEdits<'p>, Vec<Reason>> {
    match draft.facts.job.definitions().last() {
        Some(own) => settle_at(draft, *own, selected),
        None => Err(vec![not_a_mapping(draft)]),
    }
}

/// The same at another place: in the template that the job is made of.
///
/// # Errors
/// As [`settle`].
pub fn settle_at<'p>(
    draft: &Draft<'_, 'p>,
    definition: Definition,
    selected: &BTreeSet<String>,
) -> Result<FileEdits<'p>, Vec<Reason>> {
    let Some(home) = Home::of(draft.pipeline.project(), definition) else { return Err(vec![not_a_mapping(draft)]) };
    let mut made = made_elsewhere(draft);
    made.extend(inputs::obstacles(draft, home.definition.value.file));
    if !made.is_empty() {
        return Err(made);
    }
    let sharers = draft.pipeline.sharers(home.definition.value);
    let others = |job: &Job<'_>| job.name() != draft.facts.job.name() && !selected.contains(job.name());
    // One that takes a value which stays, and no other, changes with nothing. It takes all of the job if it takes each value.
    let harmless = |job: &Job<'_>| {
        let values = own_values(draft, &home);
        let takes = |at: At| draft.pipeline.sharers(at).iter().any(|other| other.name() == job.name());
        let taken: Vec<bool> = values.iter().map(|&(at, _)| takes(at)).collect();
        taken.contains(&false) && !values.iter().zip(taken).any(|(&(_, changed), taken)| changed && taken)
    };
    if let Some(other) = sharers.iter().filter(|job| others(job)).find(|job| !harmless(job)) {
        let message = format!("`{}` takes values from this job, and would change with it", other.name());
        return Err(vec![draft.reason_at_setting(None, "shared-with-job", message)]);
    }
    let mut settling = Settling { draft, edits: Edits::new(home.stream), inserted: Vec::new(), home };
    settling.all().map_err(|error| vec![settling.reason(&error)])?;
    Ok(BTreeMap::from([(settling.home.definition.value.file, settling.edits)]))
}

/// The keywords of a job that a draft may change.
const CHANGED: [&str; 6] = ["image", "services", "variables", "before_script", "script", "after_script"];

/// The job's own values, and whether a draft changes them.
fn own_values(draft: &Draft<'_, '_>, home: &Home<'_>) -> Vec<(At, bool)> {
    let tree = home.stream.tree();
    let own = tree.entries(home.mapping).filter(|&(key, _)| !crate::yaml::is_merge(tree, key));
    own.map(|(key, value)| (home.at(value), tree.scalar(key).is_some_and(|name| is_changed(draft, name)))).collect()
}

fn is_changed(draft: &Draft<'_, '_>, keyword: &str) -> bool {
    CHANGED.contains(&keyword)
        && match keyword {
            "image" => draft.image.is_some(),
            "services" => draft.services.is_some(),
            "variables" => !draft.variables.is_empty(),
            "before_script" => draft.is_touched(Section::BeforeScript),
            "script" => draft.is_touched(Section::Script),
            _ => draft.is_touched(Section::AfterScript),
        }
}

fn not_a_mapping(draft: &Draft<'_, '_>) -> Reason {
    draft.reason_at_setting(None, "not-a-mapping", "the job is not written as a mapping".to_owned())
}

/// What the files do not say as the job runs it: a reference or a base that cannot be read.
fn made_elsewhere(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let facts = draft.facts;
    let mut reasons = Vec::new();
    if let Some(base) = facts.job.unresolved().first() {
        let message = format!("extends `{base}` of an include that cannot be read, and would hide what that has");
        reasons.push(draft.reason_at_setting(None, "partial", message));
    }
    for (number, part) in facts.parts.iter().enumerate().filter(|(_, part)| draft.is_touched(part.section)) {
        for (index, item) in part.items.iter().enumerate() {
            let place = crate::shell::Place { item: index, range: 0..0 };
            if item.unresolved {
                let message = format!("`{}` cannot be read, and may use docker", item.text);
                reasons.push(draft.reason(number, Some(&place), "partial", message));
            }
        }
    }
    reasons
}

struct Settling<'d, 'f, 'p> {
    draft: &'d Draft<'f, 'p>,
    home: Home<'p>,
    edits: Edits<'p>,
    /// New entries that go before `script`, in order.
    inserted: Vec<Entry>,
}

impl<'d> Settling<'d, '_, '_> {
    fn all(&mut self) -> Result<(), Error> {
        self.image()?;
        self.services()?;
        self.variables()?;
        self.section(Section::BeforeScript, "before_script")?;
        let inserted = std::mem::take(&mut self.inserted);
        let script = self.position_before_script();
        for entry in inserted {
            self.edits.insert_entry(self.home.mapping, script, entry)?;
        }
        self.section(Section::Script, "script")?;
        self.section(Section::AfterScript, "after_script")
    }

    fn image(&mut self) -> Result<(), Error> {
        match &self.draft.image {
            Some(image) => self.put("image", Value::text(image)),
            None => Ok(()),
        }
    }

    fn services(&mut self) -> Result<(), Error> {
        let Some(stay) = &self.draft.services else { return Ok(()) };
        let tree = self.home.stream.tree();
        if let Written::Own { value, .. } = self.home.written("services")
            && tree.kind(value) == Kind::Sequence
            && !stay.is_empty()
        {
            let items: Vec<NodeId> = tree.items(value).to_vec();
            let gone = items.iter().enumerate().filter(|(n, _)| !stay.contains(n));
            return gone
                .map(|(_, &item)| item)
                .collect::<Vec<_>>()
                .into_iter()
                .try_for_each(|item| self.edits.delete(item));
        }
        if let Written::Own { key, .. } = self.home.written("services")
            && stay.is_empty()
            && self.nothing_in_its_place("services")
        {
            return self.edits.delete(key);
        }
        let project = self.draft.pipeline.project();
        let services = self.draft.facts.effective.get("services");
        let kept = services.iter().flat_map(|services| services.items()).enumerate().filter(|(n, _)| stay.contains(n));
        let mut items = Vec::new();
        for (_, service) in kept {
            let at = service.written_at();
            let stream = project.file(at.file).stream();
            let value = stream.and_then(|stream| Some((comment_of(stream, at.node), copy(stream, at.node)?)));
            let Some((comment, value)) = value else {
                return Err(self.refusal("a service that stays cannot be copied into the job"));
            };
            items.push(Item { comment, value });
        }
        self.put("services", Value::Sequence(items))
    }

    /// Whether the job has no value for a keyword once it has no own one.
    fn nothing_in_its_place(&self, keyword: &str) -> bool {
        self.nothing_from_bases(keyword)
            && self.draft.pipeline.global(keyword).is_none()
            && !self.home.is_merged(keyword)
    }

    fn nothing_from_bases(&self, keyword: &str) -> bool {
        let here = |base: &crate::pipeline::Job<'_>| base.definitions().contains(&self.home.definition);
        let mut bases = self.draft.facts.job.bases().filter(|base| !here(base));
        bases.all(|base| base.setting().get(keyword).is_none())
    }

    fn variables(&mut self) -> Result<(), Error> {
        if self.draft.variables.is_empty() {
            return Ok(());
        }
        let stream = self.home.stream;
        let tree = stream.tree();
        let new = |(name, value): &(String, String)| {
            Entry::new(name.clone(), Value::Styled(value.clone(), Style::DoubleQuoted))
        };
        match self.home.written("variables") {
            Written::Own { value, .. } if tree.kind(value) == Kind::Mapping && tree.entries(value).next().is_some() => {
                for (name, text) in &self.draft.variables {
                    match super::own::written(tree, value, name) {
                        Written::Own { value, .. } => {
                            self.edits.replace(value, Value::Styled(text.clone(), Style::DoubleQuoted))?
                        }
                        _ => self.edits.insert_entry(value, Position::End, new(&(name.clone(), text.clone())))?,
                    }
                }
                Ok(())
            }
            Written::Own { value, .. } | Written::Merged { value, .. } => {
                let carried =
                    match copy(stream, value) {
                        Some(Value::Mapping(entries)) => entries,
                        // No value hides what a base has, which a mapping would take in again.
                        Some(Value::Plain(text))
                            if matches!(&*text, "" | "~" | "null") && self.nothing_from_bases("variables") =>
                        {
                            Vec::new()
                        }
                        _ => return Err(self.refusal(
                            "the job's variables cannot be written out: they are merged, or null over those of a base",
                        )),
                    };
                let mut entries: Vec<Entry> = carried
                    .into_iter()
                    .filter(|e| !self.draft.variables.iter().any(|(name, _)| *name == e.key))
                    .collect();
                entries.extend(self.draft.variables.iter().map(new));
                self.put("variables", Value::Mapping(entries))
            }
            Written::Not => {
                let entries = self.draft.variables.iter().map(new).collect();
                self.put("variables", Value::Mapping(entries))
            }
        }
    }

    fn section(&mut self, section: Section, keyword: &'static str) -> Result<(), Error> {
        if !self.draft.is_touched(section) {
            return Ok(());
        }
        if let Written::Own { value, .. } = self.home.written(keyword)
            && self.home.stream.tree().kind(value) != Kind::Alias
            && self.in_place(section, value)?
        {
            return Ok(());
        }
        let items = self.written_anew(self.draft.items(section))?;
        if let Written::Own { key, .. } = self.home.written(keyword)
            && items.is_empty()
            && keyword != "script"
            && self.nothing_in_its_place(keyword)
        {
            return self.edits.delete(key);
        }
        self.put(keyword, Value::Sequence(items))
    }

    /// Edits a section item by item where it is written; false when its items do not all stand there.
    fn in_place(&mut self, section: Section, value: NodeId) -> Result<bool, Error> {
        let tree = self.home.stream.tree();
        let items = self.draft.items(section);
        let here = |node: NodeId| Some(self.home.at(node));
        if matches!(tree.kind(value), Kind::Scalar(_)) {
            return match items {
                [item] if item.at == here(value) && !item.dropped && item.lead.is_empty() => {
                    item.tidied().into_iter().for_each(|(range, text)| self.edits.edit_scalar(value, range, text));
                    Ok(true)
                }
                _ => Ok(false),
            };
        }
        if self.home.stream.is_flow(value) || !items.iter().any(|item| item.at.is_some() && !item.dropped) {
            return Ok(false);
        }
        let Some(groups) = self.groups(section, value) else { return Ok(false) };
        // Of a list in which nothing stays, nothing is edited: it is written anew.
        let stays = |(child, group): &(NodeId, &[DraftItem])| match group {
            [item] if item.at == here(*child) => !item.dropped,
            group => group.iter().all(|item| !item.dropped && item.edits.is_empty() && item.lead.is_empty()),
        };
        if !groups.iter().any(stays) {
            return Ok(false);
        }
        for (child, group) in groups {
            match group {
                _ if group.iter().all(|item| !item.dropped && item.edits.is_empty() && item.lead.is_empty()) => {}
                [item] if item.at == here(child) && !item.dropped => {
                    for text in &item.lead {
                        let item = Item::new(Value::Text(text.clone()));
                        self.edits.insert_item(value, Position::Before(child), item)?;
                    }
                    item.tidied().into_iter().for_each(|(range, text)| self.edits.edit_scalar(child, range, text));
                }
                _ => {
                    // What an alias or a reference brings is written out where some of it changes.
                    for item in self.written_anew(group)? {
                        self.edits.insert_item(value, Position::After(child), item)?;
                    }
                    self.edits.delete(child)?;
                }
            }
        }
        for item in items.iter().filter(|item| item.at.is_none() && !item.text.is_empty()) {
            self.edits.insert_item(value, Position::End, self.item(item))?;
        }
        Ok(true)
    }

    /// The items that each child of a list brings: itself, those of an alias, of a nested list, of a `!reference`.
    fn groups(&self, section: Section, value: NodeId) -> Option<Vec<(NodeId, &'d [DraftItem])>> {
        let tree = self.home.stream.tree();
        let part = &self.draft.facts.parts.get(number(section))?.items;
        let mut rest = self.draft.items(section).get(..part.len())?;
        let mut groups = Vec::new();
        for &child in tree.items(value) {
            let from = part.len() - rest.len();
            let belongs = |item: &ScriptItem<'_>| match (&item.origin.way, item.at) {
                (Way::Reference(at), _) if *at == self.home.at(child) => true,
                (_, Some(at)) if at.file == self.home.definition.value.file => {
                    is_within(tree, at.node, tree.resolve(child))
                }
                _ => false,
            };
            let count = part.get(from..)?.iter().take_while(|item| belongs(item)).count();
            let (group, others) = rest.split_at_checked(count)?;
            groups.push((child, group));
            rest = others;
        }
        rest.is_empty().then_some(groups)
    }

    /// Items to be written in this file, which may have other inputs than the file that they come from.
    fn written_anew(&self, items: &[DraftItem]) -> Result<Vec<Item>, Error> {
        let here = |item: &&DraftItem| item.at.is_none_or(|at| at.file == self.home.definition.value.file);
        match items.iter().filter(|item| !item.dropped && item.text.contains(BLOCK)).all(|item| here(&item)) {
            true => Ok(items.iter().flat_map(|item| self.with_lead(item)).collect()),
            false => Err(self.refusal("what holds an input of another file would be written into this one")),
        }
    }

    /// An item with those that go before it; only these when it goes itself.
    fn with_lead(&self, item: &DraftItem) -> Vec<Item> {
        let lead = item.lead.iter().map(|text| Item::new(Value::Text(text.clone())));
        lead.chain((!item.dropped).then(|| self.item(item))).collect()
    }

    /// An item to be written anew, with the comment and the style of the one it comes from.
    fn item(&self, item: &DraftItem) -> Item {
        let source = item.at.and_then(|at| Some((self.draft.pipeline.project().file(at.file).stream()?, at.node)));
        let text = item.result();
        match source {
            Some((stream, node)) => {
                let style = stream.tree().style(node).unwrap_or(Style::Plain);
                let keep = matches!(style, Style::Literal | Style::SingleQuoted | Style::DoubleQuoted)
                    && item.edits.is_empty();
                let value = if keep { Value::Styled(text, style) } else { Value::Text(text) };
                Item { comment: comment_of(stream, node), value }
            }
            None => Item::new(Value::Text(text)),
        }
    }

    /// Gives the job its own value for a keyword: in place of what it wrote, or as a new entry.
    fn put(&mut self, keyword: &'static str, value: Value) -> Result<(), Error> {
        match self.home.written(keyword) {
            Written::Own { value: old, .. } => self.edits.replace(old, value),
            _ if keyword == "after_script" || keyword == "script" => {
                let position = self.position_after_script();
                self.edits.insert_entry(self.home.mapping, position, Entry::new(keyword, value))
            }
            _ => {
                self.inserted.push(Entry::new(keyword, value));
                Ok(())
            }
        }
    }

    /// Before `script`, unless a `<<` behind it would override what is put there.
    fn position_before_script(&self) -> Position {
        self.script_key().map_or(Position::End, Position::Before)
    }

    fn position_after_script(&self) -> Position {
        self.script_key().map_or(Position::End, Position::After)
    }

    fn script_key(&self) -> Option<NodeId> {
        let tree = self.home.stream.tree();
        let keys: Vec<NodeId> = tree.entries(self.home.mapping).map(|(key, _)| key).collect();
        let script = keys.iter().position(|&key| tree.scalar(key) == Some("script"))?;
        let merged_behind = keys[script..].iter().any(|&key| crate::yaml::is_merge(tree, key));
        (!merged_behind && !self.home.stream.is_flow(self.home.mapping)).then_some(keys[script])
    }

    fn refusal(&self, message: &str) -> Error {
        Error {
            kind: crate::yaml::ErrorKind::Edit,
            span: self.home.stream.span(self.home.definition.key.node),
            message: message.to_owned(),
            hint: String::new(),
        }
    }

    fn reason(&self, error: &Error) -> Reason {
        let (line, column) = self.home.stream.line_column(error.span.start);
        let file = self.draft.pipeline.project().file(self.home.definition.value.file).path.clone();
        Reason { code: "no-safe-place", message: error.message.clone(), file, line, column }
    }
}

fn is_within(tree: &Tree, node: NodeId, outer: NodeId) -> bool {
    std::iter::successors(Some(node), |&node| tree.parent(node)).any(|node| node == outer)
}
