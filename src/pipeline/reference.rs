//! `!reference`.
//!
//! Source: `Yaml::Tags::Resolver`, `Reference` and `Base`; GitLab documentation, "`!reference` tags". References are
//! resolved on the configuration that includes and `extends` have made, so they see what a base gives, and cross files.

use std::collections::BTreeMap;

use super::error::{Error, ErrorKind};
use super::names::Names;
use super::place::At;
use super::scalar::{self, Scalar};
use super::trees::Trees;
use super::value::{Held, Slot, Value, Way};

/// How many references may lead to one another. GitLab counts the levels of nested arrays that they leave in a script;
/// this counts the references themselves, everywhere.
const MAX_LEVELS: usize = 10;

/// References may make a value of this many nodes, and all of them together [`MAX_WORK`].
const MAX_NODES: usize = 1_000_000;
const MAX_WORK: usize = 20_000_000;

pub(super) struct Resolver<'p, 'c> {
    trees: Trees<'p>,
    names: &'c Names,
    held: &'c [Held],
    partial: bool,
    known: BTreeMap<Vec<String>, Known>,
    trail: Vec<Vec<String>>,
    sizes: BTreeMap<At, usize>,
    work: usize,
    unresolved: Vec<String>,
}

/// A reference that was resolved before.
#[derive(Clone)]
struct Known {
    /// None when it points out of what is known.
    slot: Option<Slot>,
    size: usize,
    unresolved: Vec<String>,
}

impl<'p, 'c> Resolver<'p, 'c> {
    /// With `partial`, a reference that points at nothing is taken note of.
    pub fn new(trees: Trees<'p>, names: &'c Names, held: &'c [Held], partial: bool) -> Self {
        Resolver {
            trees,
            names,
            held,
            partial,
            known: BTreeMap::new(),
            trail: Vec::new(),
            sizes: BTreeMap::new(),
            work: 0,
            unresolved: Vec::new(),
        }
    }

    /// A top-level entry with its references resolved, and those that could not be.
    ///
    /// # Errors
    /// A reference to nothing, to itself, of a wrong form, nested too deep or grown too large.
    pub fn entry(&mut self, held: &Held) -> Result<(Held, Vec<String>), Error> {
        self.unresolved.clear();
        let (slot, _) = self.slot(&held.slot)?;
        Ok((Held { key: held.key.clone(), slot }, std::mem::take(&mut self.unresolved)))
    }

    /// A value with its references resolved, and what they added to its size.
    fn slot(&mut self, slot: &Slot) -> Result<(Slot, usize), Error> {
        if !slot.value.is_pending(self.trees) {
            return Ok((slot.clone(), 0));
        }
        let mut sum = 0;
        let value = match &slot.value {
            &Value::Node(at) => return self.reference(slot, at),
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for held in &map.entries {
                    let (slot, size) = self.slot(&held.slot)?;
                    sum += size;
                    entries.push(Held { key: held.key.clone(), slot });
                }
                Value::map(self.trees, entries)
            }
            Value::Seq(seq) => {
                let mut items = Vec::with_capacity(seq.items.len());
                for item in &seq.items {
                    let (slot, size) = self.slot(item)?;
                    sum += size;
                    items.push(slot);
                }
                Value::seq(self.trees, items)
            }
            Value::Text(_) => slot.value.clone(),
        };
        self.work += sum;
        if sum > MAX_NODES || self.work > MAX_WORK {
            let hint = "refer to less, or write part of it out";
            return Err(self.trees.refuse(ErrorKind::TooLarge, slot.origin.at, "references make this too large", hint));
        }
        Ok((Slot { value, ..slot.clone() }, sum))
    }

    fn reference(&mut self, slot: &Slot, at: At) -> Result<(Slot, usize), Error> {
        let path = self.path(at)?;
        if !self.known.contains_key(&path) {
            let outer = std::mem::take(&mut self.unresolved);
            let (found, size) = self.follow(&path, at)?;
            let unresolved = std::mem::replace(&mut self.unresolved, outer);
            self.known.insert(path.clone(), Known { slot: found, size, unresolved });
        }
        let Some(known) = self.known.get(&path).cloned() else { return Ok((slot.clone(), 0)) };
        self.unresolved.extend(known.unresolved);
        match known.slot {
            Some(found) => Ok((found.by(&|_| Way::Reference(at)), known.size)),
            None => {
                self.unresolved.push(format!("!reference [{}]", path.join(", ")));
                Ok((slot.clone(), 0))
            }
        }
    }

    fn follow(&mut self, path: &[String], at: At) -> Result<(Option<Slot>, usize), Error> {
        if self.trail.iter().any(|outer| outer == path) {
            let cycle: Vec<String> = self.trail.iter().map(Vec::as_slice).chain([path]).map(shown).collect();
            let message = format!("a reference that leads back to itself: {}", cycle.join(" → "));
            return Err(self.trees.refuse(ErrorKind::ReferenceCycle, at, message, "write one of these values out"));
        }
        if self.trail.len() >= MAX_LEVELS {
            let message = format!("references lead to references more than {MAX_LEVELS} times");
            return Err(self.trees.refuse(ErrorKind::TooDeep, at, message, "refer to the last of them"));
        }
        let Some(target) = self.dig(path) else { return self.nothing(path, at) };
        self.trail.push(path.to_vec());
        let (found, added) = self.slot(&target)?;
        self.trail.pop();
        // GitLab takes null and false for nothing (`raise … unless value`), before and after it resolves them.
        match self.trees.setting(found.clone()).scalar() {
            Some(Scalar::Null | Scalar::Boolean(false)) => self.nothing(path, at),
            _ => Ok((Some(found), added + self.size(&target.value))),
        }
    }

    fn nothing(&self, path: &[String], at: At) -> Result<(Option<Slot>, usize), Error> {
        if self.partial {
            return Ok((None, 0));
        }
        let hint = match path.first() {
            Some(first) if self.names.find(first).is_none() => match self.names.nearest(first) {
                Some(near) => format!("there is no `{first}`; did you mean `{near}`?"),
                None => format!("there is no `{first}`"),
            },
            _ => "null and false count as nothing; a reference does not lead through another one".to_owned(),
        };
        Err(self.trees.refuse(ErrorKind::MissingReference, at, format!("{} points at nothing", shown(path)), hint))
    }

    /// What a path leads to, before references are resolved: it does not lead through one.
    fn dig(&self, path: &[String]) -> Option<Slot> {
        let (first, rest) = path.split_first()?;
        let top = self.held.get(self.names.find(first)?)?.slot.clone();
        rest.iter().try_fold(top, |slot, key| self.trees.find(&slot, key).map(|held| held.slot))
    }

    fn path(&self, at: At) -> Result<Vec<String>, Error> {
        let tree = self.trees.tree(at);
        let name = |&item: &_| match scalar::of(tree, item) {
            Some(Scalar::String(text)) => Some(text.into_owned()),
            _ => None,
        };
        let path: Option<Vec<String>> = tree.items(at.node).iter().map(name).collect();
        path.filter(|path| !path.is_empty()).ok_or_else(|| {
            let hint = "such as `!reference [.job, script]`";
            self.trees.refuse(ErrorKind::WrongShape, at, "`!reference` takes a list of names", hint)
        })
    }

    /// How many nodes a value has, what references add to it not counted.
    fn size(&mut self, value: &Value) -> usize {
        match value {
            &Value::Node(at) => match self.sizes.get(&at) {
                Some(&size) => size,
                None => {
                    let size = size(self.trees, at);
                    self.work += size;
                    self.sizes.insert(at, size);
                    size
                }
            },
            Value::Map(map) => map.entries.iter().map(|held| 1 + self.size(&held.slot.value)).sum(),
            Value::Seq(seq) => seq.items.iter().map(|slot| self.size(&slot.value)).sum(),
            Value::Text(_) => 1,
        }
    }
}

fn shown(path: &[String]) -> String {
    format!("`!reference [{}]`", path.join(", "))
}

/// [`Facts`](super::facts::Facts) has seen to it that this ends.
fn size(trees: Trees<'_>, at: At) -> usize {
    let tree = trees.tree(at);
    let children = tree.items(at.node).iter().copied().chain(tree.entries(at.node).map(|(_, value)| value));
    1 + children.map(|child| size(trees, trees.resolve(at.beside(child)))).sum::<usize>()
}
