//! Writes a draft into the files: a value is edited where it is if the job owns it; otherwise the job gets its own.

mod items;

use std::collections::{BTreeMap, BTreeSet};

use super::choice::chosen;
use super::draft::Draft;
use super::facts::reason_at;
use super::inputs;
use super::left::Reason;
use super::own::{Home, Written, comment_of, copy};
use crate::pipeline::{At, Definition, FileId, Job, Keyword, Section, Setting, Way};
use crate::yaml::{Edits, Entry, Error, ErrorKind, Item, Kind, NodeId, Position, Style, Value};

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
    made.extend(taken_from(draft, selected));
    if draft.is_touched(Section::Script) && draft.effective_texts(Section::Script).is_empty() {
        let message = "nothing would be left of its `script`, which a job must have".to_owned();
        made.push(draft.reason_at_setting(draft.facts.effective.get("script").as_ref(), "no-safe-place", message));
    }
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
    // A key that is new to the job is its heirs' as well, if they do not have it; variables are merged one by one.
    let says = |at: At, keyword: &str| draft.pipeline.project().file(at.file).tree().get(at.node, keyword).is_some();
    let felt = |job: &Job<'_>| {
        let own = |keyword: &str| job.definitions().iter().any(|definition| says(definition.value, keyword));
        let new = |keyword: &str| !says(home.definition.value, keyword) && !own(keyword);
        CHANGED.into_iter().any(|keyword| is_changed(draft, keyword) && (keyword == "variables" || new(keyword)))
    };
    let heirs = draft.pipeline.heirs(home.definition.value);
    if let Some(heir) = heirs.iter().filter(|job| others(job)).find(|job| felt(job)) {
        let message = format!("`{}` extends or merges this job, and would change with it", heir.name());
        return Err(vec![draft.reason_at_setting(None, "shared-with-job", message)]);
    }
    // A reference sees what the job has in the end: a key that is new to it is seen there, too.
    let new = CHANGED.into_iter().any(|keyword| is_changed(draft, keyword) && !says(home.definition.value, keyword));
    let named = draft.pipeline.named_by(draft.facts.job.name()).iter().filter(|it| it.keyword == Keyword::Reference);
    let mut named = named.filter(|it| new && *it.by != *draft.facts.job.name() && !selected.contains(&*it.by));
    if let Some(mention) = named.next() {
        let message = format!("`{}` refers to this job, and would change with it", mention.by);
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
    if let Some((at, code, message)) = chosen(draft.pipeline, facts) {
        reasons.push(reason_at(draft.pipeline.project(), at, None, code, message));
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

/// A part of a script that stands in another job, and would change there too.
fn taken_from(draft: &Draft<'_, '_>, selected: &BTreeSet<String>) -> Option<Reason> {
    let parts = draft.facts.parts.iter().filter(|part| draft.is_touched(part.section));
    let items = parts.flat_map(|part| &part.items).filter(|item| matches!(item.origin.way, Way::Reference(_)));
    items.into_iter().find_map(|item| {
        let at = item.origin.at;
        let tree = draft.pipeline.project().file(at.file).tree();
        let around: Vec<NodeId> = std::iter::successors(Some(at.node), |&node| tree.parent(node)).collect();
        let holds =
            |definition: &Definition| definition.value.file == at.file && around.contains(&definition.value.node);
        let changes = |job: &Job<'_>| job.name() != draft.facts.job.name() && selected.contains(job.name());
        let owner = draft.pipeline.jobs().filter(changes).find(|job| job.definitions().iter().any(holds))?;
        let message = format!(
            "takes `{}` from `{}`, which would change as well",
            crate::transform::short(&item.text),
            owner.name()
        );
        Some(draft.reason_at_setting(None, "shared-with-job", message))
    })
}

struct Settling<'d, 'f, 'p> {
    draft: &'d Draft<'f, 'p>,
    home: Home<'p>,
    edits: Edits<'p>,
    /// New entries that go before `script`, in order.
    inserted: Vec<Entry>,
}

impl Settling<'_, '_, '_> {
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
            Some(image) => self.renamed(image),
            None => Ok(()),
        }
    }

    /// The image under another name: what else is said of it (`pull_policy`, `docker`, `entrypoint`) stays.
    fn renamed(&mut self, image: &str) -> Result<(), Error> {
        let old = self.draft.facts.effective.get("image").filter(|old| old.is_mapping());
        let Some(name) = old.as_ref().and_then(|old| old.get("name")) else {
            return self.put("image", Value::text(image));
        };
        let tree = self.home.stream.tree();
        if let Written::Own { value, .. } = self.home.written("image")
            && let Some(own) = tree.get(value, "name").filter(|_| tree.kind(value) == Kind::Mapping)
            && self.home.at(own) == name.written_at()
        {
            return self.edits.replace(own, Value::text(image));
        }
        let at = old.as_ref().map(Setting::written_at);
        let stream = at.and_then(|at| self.draft.pipeline.project().file(at.file).stream());
        match at.zip(stream).and_then(|(at, stream)| copy(stream, at.node)) {
            Some(Value::Mapping(mut entries)) if entries.iter().any(|entry| entry.key == "name") => {
                let named = entries.iter_mut().filter(|entry| entry.key == "name");
                named.for_each(|entry| entry.value = Value::text(image));
                self.put("image", Value::Mapping(entries))
            }
            _ => Err(self.refusal("the image is a mapping that cannot be copied into the job")),
        }
    }

    fn services(&mut self) -> Result<(), Error> {
        let Some(stay) = &self.draft.services else { return Ok(()) };
        let tree = self.home.stream.tree();
        if let Written::Own { value, .. } = self.home.written("services")
            && tree.kind(value) == Kind::Sequence
            && tree.tag(value).is_none()
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

    /// Gives the job its own value for a keyword: in place of what it wrote, or as a new entry.
    fn put(&mut self, keyword: &'static str, value: Value) -> Result<(), Error> {
        match self.home.written(keyword) {
            Written::Own { value: old, .. } => {
                self.loses_no_comment(old)?;
                self.edits.replace(old, value)
            }
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

    /// A collection in brackets is written anew, with the comments that are one item's; in a job in brackets, in one line.
    pub(super) fn loses_no_comment(&self, node: NodeId) -> Result<(), Error> {
        let stream = self.home.stream;
        let stray = Some(node).filter(|&node| stream.is_flow(node)).and_then(|node| stream.stray_comment(node));
        let span = stream.outer_span(node);
        let inside = stream.comments().iter().find(|it| stream.is_flow(self.home.mapping) && span.contains(&it.start));
        match stray.or_else(|| stream.text().get(inside?.clone())) {
            Some(comment) => Err(self.refusal(&format!("the comment `{}` would lose its place", comment.trim()))),
            None => Ok(()),
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
            kind: ErrorKind::Edit,
            span: self.home.stream.span(self.home.definition.key.node),
            message: message.to_owned(),
            hint: String::new(),
        }
    }

    fn reason(&self, error: &Error) -> Reason {
        let (line, column) = self.home.stream.line_column(error.span.start);
        let file = self.draft.pipeline.project().file(self.home.definition.value.file).path.clone();
        let code = if error.kind == ErrorKind::Anchored { "anchor-in-use" } else { "no-safe-place" };
        Reason { code, message: error.message.clone(), file, line, column }
    }
}
