//! `extends`.
//!
//! Source: `Extendable::Entry` and `Extendable::Collection`; GitLab documentation, "extends".

use std::sync::Arc;

use super::error::{Error, ErrorKind};
use super::merge::Entries;
use super::names::Names;
use super::place::At;
use super::trees::Trees;
use super::value::{Held, Slot, Value, Way};

/// `MAX_NESTING_LEVELS` is 10 and counts the ancestors of a job that still extends, so eleven steps are taken.
const MAX_LEVELS: usize = 11;

/// What a top-level entry extends.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    /// The value of `extends`.
    pub at: Option<At>,
    /// Its bases, as numbers of top-level entries.
    pub bases: Vec<usize>,
    /// Bases that are not there, in a configuration of which not everything is known.
    pub unknown: Vec<String>,
}

/// Merges every top-level entry over its bases: from left to right, then the entry itself. Only mappings merge; a null
/// stays, and so stops what a base has.
///
/// # Errors
/// A base that is not there, is no mapping, or extends the entry in turn; more than eleven steps. With `partial`, a base
/// that is not there is taken note of.
pub(super) fn extend(
    trees: Trees<'_>,
    held: Vec<Held>,
    names: &Names,
    partial: bool,
) -> Result<(Vec<Held>, Vec<Lineage>), Error> {
    let lineages = held.iter().map(|one| lineage(trees, one, &held, names, partial)).collect::<Result<Vec<_>, _>>()?;
    let states = lineages.iter().map(|lineage| lineage.at.is_none().then_some(0)).collect();
    let views = held.iter().map(|_| None).collect();
    let mut extender = Extender { trees, names, held, lineages, states, views, trail: Vec::new() };
    for entry in 0..extender.held.len() {
        extender.extend(entry)?;
    }
    Ok((extender.held, extender.lineages))
}

struct Extender<'p, 'n> {
    trees: Trees<'p>,
    names: &'n Names,
    held: Vec<Held>,
    lineages: Vec<Lineage>,
    /// How many steps an entry takes, once it is done.
    states: Vec<Option<usize>>,
    /// The entries of a base as its heirs get them.
    views: Vec<Option<Arc<[Held]>>>,
    trail: Vec<usize>,
}

impl Extender<'_, '_> {
    /// How many steps lead from an entry to the last base.
    fn extend(&mut self, entry: usize) -> Result<usize, Error> {
        if let Some(levels) = self.states[entry] {
            return self.checked(entry, levels);
        }
        self.checked(entry, 1)?;
        if let Some(first) = self.trail.iter().position(|&outer| outer == entry) {
            return Err(self.cycle(first, entry));
        }
        self.trail.push(entry);
        let mut merged = Entries::new(self.trees);
        let mut levels = 0;
        for base in self.lineages[entry].bases.clone() {
            levels = levels.max(self.extend(base)?);
            for held in self.view(base).iter() {
                merged.merge(held.clone());
            }
        }
        for held in self.trees.entries(&self.held[entry].slot) {
            merged.merge(held);
        }
        self.held[entry].slot.value = Value::map(self.trees, merged.finish());
        self.trail.pop();
        self.states[entry] = Some(levels + 1);
        Ok(levels + 1)
    }

    fn checked(&self, entry: usize, levels: usize) -> Result<usize, Error> {
        if self.trail.len() + levels > MAX_LEVELS && levels > 0 {
            let root = self.trail.first().copied().unwrap_or(entry);
            let message = format!("`extends` takes more than {MAX_LEVELS} steps from `{}` on", self.names.name(root));
            return Err(self.refuse(ErrorKind::TooDeep, root, message, "extend a base nearer to the end of the chain"));
        }
        Ok(levels)
    }

    /// What a base gives: its entries, come by one more step. Shared by all that extend it.
    fn view(&mut self, base: usize) -> Arc<[Held]> {
        if let Some(view) = &self.views[base] {
            return Arc::clone(view);
        }
        let name = self.names.name(base);
        let alone: Arc<[Arc<str>]> = Arc::new([Arc::clone(name)]);
        let step = |way: &Way| match way {
            Way::Extends(chain) => Way::Extends(std::iter::once(name).chain(chain.iter()).cloned().collect()),
            _ => Way::Extends(Arc::clone(&alone)),
        };
        let entries = self.trees.entries(&self.held[base].slot);
        let view: Arc<[Held]> = entries.iter().map(|held| held.by(&step)).collect();
        self.views[base] = Some(Arc::clone(&view));
        view
    }

    fn cycle(&self, first: usize, entry: usize) -> Error {
        let cycle: Vec<&str> =
            self.trail.iter().skip(first).chain([&entry]).map(|&step| &**self.names.name(step)).collect();
        let message = format!("`extends` leads back to itself: {}", cycle.join(" → "));
        self.refuse(ErrorKind::ExtendsCycle, entry, message, "remove one of these steps")
    }

    fn refuse(&self, kind: ErrorKind, entry: usize, message: String, hint: &str) -> Error {
        let at = self.lineages[entry].at.unwrap_or(self.held[entry].key.at);
        self.trees.refuse(kind, at, message, hint)
    }
}

fn lineage(trees: Trees<'_>, held: &Held, all: &[Held], names: &Names, partial: bool) -> Result<Lineage, Error> {
    let Some(extends) = trees.find(&held.slot, "extends") else { return Ok(Lineage::default()) };
    let mut lineage = Lineage { at: Some(extends.slot.origin.at), ..Lineage::default() };
    for (name, at) in named(trees, &extends.slot)? {
        match names.find(&name) {
            Some(base) if all.get(base).is_some_and(|base| trees.is_mapping(&base.slot.value)) => {
                lineage.bases.push(base)
            }
            Some(_) => {
                let message = format!("`{name}` is extended, and is no mapping");
                return Err(trees.refuse(ErrorKind::WrongShape, at, message, "extend a job, or a hidden one"));
            }
            None if partial => lineage.unknown.push(name),
            None => {
                let message = format!("`{}` extends `{name}`, which is not there", trees.key(&held.key));
                let hint = match names.nearest(&name) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "define it, or remove it from `extends`".to_owned(),
                };
                return Err(trees.refuse(ErrorKind::UnknownBase, at, message, hint));
            }
        }
    }
    Ok(lineage)
}

/// The names in a value of `extends`.
pub(super) fn named(trees: Trees<'_>, extends: &Slot) -> Result<Vec<(String, At)>, Error> {
    if trees.is_null(&extends.value) {
        return Ok(Vec::new());
    }
    let items = if trees.is_sequence(&extends.value) { trees.items(extends) } else { vec![extends.clone()] };
    let name = |slot: Slot| {
        let at = slot.origin.at;
        match trees.setting(slot).text() {
            Some(text) => Ok((text.into_owned(), at)),
            None => {
                let message = "`extends` takes a name or a list of names";
                Err(trees.refuse(ErrorKind::WrongShape, at, message, "write the name of a job"))
            }
        }
    };
    items.into_iter().map(name).collect()
}
