//! A job as a phase wants it: transformations change the draft, and [`super::settle`] finds where to write it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::facts::{Facts, reason, reason_at};
use super::left::Reason;
use crate::pipeline::{At, Given, Pipeline, Section, Setting, fill};
use crate::shell::{Command, Place, Script, Statement};

/// One item of a script in a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftItem {
    /// The scalar it comes from; none for a new one.
    pub at: Option<At>,
    /// Its decoded text before any edit.
    pub text: String,
    /// Edits of that text.
    pub edits: Vec<(Range<usize>, String)>,
    pub dropped: bool,
    /// New items that go before it.
    pub lead: Vec<String>,
}

/// What a job is to become.
pub struct Draft<'f, 'p> {
    pub facts: &'f Facts<'p>,
    pub pipeline: &'p Pipeline,
    sections: [Vec<DraftItem>; 3],
    touched: [bool; 3],
    /// Variables to be set, in order.
    pub variables: Vec<(String, String)>,
    /// The services that stay, if any is to go.
    pub services: Option<Vec<usize>>,
    pub image: Option<String>,
    /// Commands, by part and number, that a transformation has taken care of.
    pub handled: BTreeSet<(usize, usize)>,
    /// Those of them that go.
    pub(super) dropped: BTreeSet<(usize, usize)>,
}

impl<'f, 'p> Draft<'f, 'p> {
    /// The job as it is.
    pub fn new(pipeline: &'p Pipeline, facts: &'f Facts<'p>) -> Self {
        let items = |part: usize| match facts.parts.get(part) {
            Some(part) => part
                .items
                .iter()
                .map(|item| DraftItem {
                    at: item.at,
                    text: item.text.clone().into_owned(),
                    edits: Vec::new(),
                    dropped: false,
                    lead: Vec::new(),
                })
                .collect(),
            None => Vec::new(),
        };
        Draft {
            facts,
            pipeline,
            sections: [items(0), items(1), items(2)],
            touched: [false; 3],
            variables: Vec::new(),
            services: None,
            image: None,
            handled: BTreeSet::new(),
            dropped: BTreeSet::new(),
        }
    }

    /// The items of a section, as drafted.
    pub fn items(&self, section: Section) -> &[DraftItem] {
        &self.sections[number(section)]
    }

    /// Whether anything in a section was changed.
    pub fn is_touched(&self, section: Section) -> bool {
        self.touched[number(section)]
    }

    /// A measure that grows with every change.
    pub fn fingerprint(&self) -> usize {
        let items = self.sections.iter().flatten();
        let items: usize = items.map(|item| 1 + item.lead.len() + item.edits.len() + usize::from(item.dropped)).sum();
        items + self.variables.len() + usize::from(self.services.is_some()) + usize::from(self.image.is_some())
    }

    /// Whether nothing was changed at all.
    pub fn is_empty(&self) -> bool {
        self.touched == [false; 3] && self.variables.is_empty() && self.services.is_none() && self.image.is_none()
    }

    /// Whether two jobs are to become the same in the same way: what they take the changed parts from is the same too.
    pub fn is_like(&self, other: &Draft<'_, '_>) -> bool {
        let sections = self.sections.iter().zip(&other.sections).zip(self.touched);
        let from = |draft: &Draft<'_, '_>, keyword| draft.facts.effective.get(keyword).map(|setting| setting.origin.at);
        let same = |keyword| from(self, keyword) == from(other, keyword);
        self.touched == other.touched
            && sections.into_iter().all(|((one, other), touched)| !touched || one == other)
            && self.variables == other.variables
            && self.services == other.services
            && (self.services.is_none() || same("services"))
            && self.image == other.image
            && (self.image.is_none() || same("image"))
    }

    /// The texts that a section is to have.
    pub fn texts(&self, section: Section) -> Vec<String> {
        let texts = self
            .items(section)
            .iter()
            .flat_map(|item| item.lead.iter().cloned().chain((!item.dropped).then(|| item.result())));
        texts.collect()
    }

    /// The same with their inputs put in, as this inclusion of the file has them.
    pub fn effective_texts(&self, section: Section) -> Vec<String> {
        let given: Vec<Given> =
            self.facts.parts.iter().flat_map(|part| &part.items).flat_map(|item| item.given.clone()).collect();
        self.texts(section).iter().flat_map(|text| fill(text, &given)).collect()
    }

    /// Replaces bytes of an item's text.
    pub fn edit(&mut self, part: usize, place: &Place, text: impl Into<String>) {
        if let Some(item) = self.sections.get_mut(part).and_then(|items| items.get_mut(place.item)) {
            item.edits.push((place.range.clone(), text.into()));
            self.touched[part] = true;
        }
    }

    /// Drops an item.
    pub fn drop_item(&mut self, part: usize, item: usize) {
        if let Some(item) = self.sections.get_mut(part).and_then(|items| items.get_mut(item)) {
            item.dropped = true;
            self.touched[part] = true;
        }
    }

    /// Drops a statement with the lines that it fills, or its part of a line; the item goes with its last statement.
    ///
    /// # Errors
    /// Its bytes are not known.
    pub fn drop_statement(&mut self, part: usize, script: &Script, statement: &Statement) -> Result<(), Reason> {
        if statement.places.is_empty() || statement.doubtful || !script.clean() {
            let message = "the shell code here is not understood beyond doubt".to_owned();
            return Err(self.reason(part, statement.places.first(), "doubtful-script", message));
        }
        for place in &statement.places {
            let text = self.sections[part].get(place.item).map(|item| item.text.clone()).unwrap_or_default();
            let range = statement_range(place, statement);
            let range = whole_lines(&text, range.clone()).unwrap_or_else(|| part_of_line(&text, range));
            self.edit(part, &Place { item: place.item, range }, "");
            // `set -e` does something where the job has let commands fail.
            let lets_fail = self.sections.iter().flatten().any(|item| item.text.contains("set +"));
            let item = self.sections[part].get(place.item);
            let gone = item.is_some_and(|item| is_idle(&item.result(), lets_fail));
            if gone {
                self.drop_item(part, place.item);
            }
        }
        Ok(())
    }

    /// The text at a place of a section, as it was.
    pub fn slice(&self, part: usize, place: &Place) -> Option<&str> {
        self.sections.get(part)?.get(place.item)?.text.get(place.range.clone())
    }

    /// Adds an item at the end of a section.
    pub fn append(&mut self, section: Section, text: impl Into<String>) {
        let part = number(section);
        self.sections[part].push(DraftItem {
            at: None,
            text: text.into(),
            edits: Vec::new(),
            dropped: false,
            lead: Vec::new(),
        });
        self.touched[part] = true;
    }

    /// Adds an item before another one.
    pub fn insert_before(&mut self, section: Section, item: usize, text: impl Into<String>) {
        let part = number(section);
        if let Some(item) = self.sections[part].get_mut(item) {
            item.lead.push(text.into());
            self.touched[part] = true;
        }
    }

    /// A reason at a place of a script.
    pub fn reason(&self, part: usize, place: Option<&Place>, code: &'static str, message: String) -> Reason {
        match self.facts.parts.get(part) {
            Some(of) => reason(self.pipeline.project(), of, place, code, message),
            None => Reason { code, message, file: String::new(), line: 0, column: 0 },
        }
    }

    /// A reason at a command.
    pub fn reason_at_command(&self, part: usize, command: &Command, code: &'static str, message: String) -> Reason {
        self.reason(part, command.span.as_ref(), code, message)
    }

    /// A reason at a setting.
    pub fn reason_at_setting(&self, setting: Option<&Setting<'_>>, code: &'static str, message: String) -> Reason {
        let at =
            setting.map(|setting| setting.written_at()).or_else(|| self.facts.job.definitions().last().map(|d| d.key));
        match at {
            Some(at) => reason_at(self.pipeline.project(), at, None, code, message),
            None => Reason { code, message, file: String::new(), line: 0, column: 0 },
        }
    }
}

impl DraftItem {
    /// Whether nothing was changed.
    pub fn is_as_it_was(&self) -> bool {
        !self.dropped && self.edits.is_empty() && self.lead.is_empty()
    }

    /// The edits in order, those that touch as one. Where lines go between two blank ones, one of these goes too; so do blank
    /// lines that would be the last.
    pub fn tidied(&self) -> Vec<(Range<usize>, String)> {
        // What goes in two steps goes once.
        let (mut gone, mut edits): (Vec<_>, Vec<_>) = self.edits.iter().cloned().partition(|(_, text)| text.is_empty());
        gone.sort_by_key(|(range, _)| (range.start, range.end));
        gone.dedup_by(|(next, _), (last, _)| {
            let overlaps = next.start < last.end;
            last.end = if overlaps { last.end.max(next.end) } else { last.end };
            overlaps
        });
        edits.extend(gone);
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut joined: Vec<(Range<usize>, String)> = Vec::with_capacity(edits.len());
        for (range, text) in edits {
            match joined.last_mut() {
                Some((last, before)) if last.end == range.start => {
                    last.end = range.end.max(last.end);
                    before.push_str(&text);
                }
                _ => joined.push((range, text)),
            }
        }
        let mut free = 0;
        for (range, text) in &mut joined {
            let before = self.text.get(..range.start).unwrap_or_default();
            let after = self.text.get(range.end..).unwrap_or_default();
            let blank_before = before.is_empty() || before.ends_with("\n\n");
            if text.is_empty() && range.start < range.end && blank_before && after.starts_with('\n') {
                range.end += 1;
            }
            // Of what stood on one line with it, nothing but the `;` between the two is left.
            let line = before.trim_end_matches([' ', '\t']);
            let next = after.trim_start_matches([' ', '\t']);
            let ends = next.is_empty() || next.starts_with('\n') || next.starts_with(';') && !next.starts_with(";;");
            if text.is_empty()
                && range.start < range.end
                && ends
                && line.ends_with(';')
                && !line.ends_with(";;")
                && free < line.len()
            {
                range.start = line.len() - 1;
            }
            let kept = before.trim_end_matches('\n').len() + 1;
            if text.is_empty() && after.is_empty() && kept < range.start && free <= kept {
                range.start = kept;
            }
            free = range.end;
        }
        joined
    }

    /// The text after the edits.
    pub fn result(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for (range, new) in self.tidied() {
            out.push_str(self.text.get(at..range.start).unwrap_or_default());
            out.push_str(&new);
            at = range.end.max(at);
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        out
    }
}

/// The number of a section among the parts of [`Facts`].
pub fn number(section: Section) -> usize {
    match section {
        Section::BeforeScript => 0,
        Section::Script => 1,
        Section::AfterScript => 2,
    }
}

/// The bytes of a statement with the `;` that ends it.
fn statement_range(place: &Place, statement: &Statement) -> Range<usize> {
    match &statement.terminator {
        Some(end) if end.item == place.item => place.range.start..end.range.end.max(place.range.end),
        _ => place.range.clone(),
    }
}

/// The lines that a range fills, with their last line break and a comment behind it; none if something else stands on them.
fn whole_lines(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..range.start)?.rfind('\n').map_or(0, |i| i + 1);
    let end = text.get(range.end..)?.find('\n').map_or(text.len(), |i| range.end + i + 1);
    let before = text.get(start..range.start)?;
    let after = text.get(range.end..end)?;
    let is_comment = after.starts_with([' ', '\t']) && after.trim_start().starts_with('#');
    (before.trim().is_empty() && (after.trim().is_empty() || is_comment)).then_some(start..end)
}

/// A statement beside others: with the blanks behind its `;`, or with the `;` before it if it is the last.
fn part_of_line(text: &str, range: Range<usize>) -> Range<usize> {
    let statement = text.get(range.clone()).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    if statement.ends_with(';') {
        return range.start..range.end + (after.len() - after.trim_start_matches([' ', '\t']).len());
    }
    let before = text.get(..range.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    before.strip_suffix(';').unwrap_or(before).len()..range.end
}

/// Whether nothing but blanks, comments and options that the runner sets itself is left of an item.
fn is_idle(text: &str, lets_fail: bool) -> bool {
    text.lines().all(|line| {
        line.trim().is_empty()
            || line.trim_start().starts_with('#')
            || !lets_fail && matches!(line.trim(), "set -e" | "set -ex" | "set -x")
    })
}
