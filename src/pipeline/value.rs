//! A value of the configuration, and where it comes from.

use std::sync::Arc;

use super::facts::REFERENCE;
use super::place::At;
use super::trees::Trees;

/// A value: the node that says it, wherever nothing had to be made.
#[derive(Clone, Debug)]
pub enum Value {
    /// A node as it stands, never an alias, with no `<<` and no `!reference` inside. What cannot be resolved offline
    /// stays a `!reference` node; [`Job::unresolved`](super::Job::unresolved) names it.
    Node(At),
    /// A mapping that was merged, or that holds something made.
    Map(Arc<Map>),
    /// A sequence that holds something made.
    Seq(Arc<Seq>),
    /// A string with inputs put in.
    Text(Arc<str>),
}

/// A made mapping; [`Setting::entries`](super::Setting::entries) reads it.
#[derive(Debug)]
pub struct Map {
    pub(super) entries: Vec<Held>,
    /// Whether a `!reference` is still to be resolved inside.
    pub(super) pending: bool,
}

/// A made sequence; [`Setting::items`](super::Setting::items) reads it.
#[derive(Debug)]
pub struct Seq {
    pub(super) items: Vec<Slot>,
    /// Whether a `!reference` is still to be resolved inside.
    pub(super) pending: bool,
}

/// Where a value stands, and how it came to where it is effective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The node as it is written where it is defined, perhaps an alias. For a mapping merged from several, that of the
    /// one that wins.
    pub at: At,
    pub way: Way,
}

/// How a value came to where it is effective: the last step, if there were several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is written there.
    Own,
    /// The `<<` whose value stands at `alias` merged the mapping `from`.
    Merge { alias: At, from: At },
    /// From a base: the names from the one in the job's own `extends` to the one that has the value.
    Extends(Arc<[Arc<str>]>),
    /// From the section `default`.
    Default,
    /// From the deprecated top-level spelling of a default; for a variable, from the global `variables`.
    Global,
    /// Through the `!reference` at this place.
    Reference(At),
    /// An input, put in at this place.
    Input(At),
}

/// A value with its origin, as it is kept; [`Setting`](super::Setting) is how it is read.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub value: Value,
    pub origin: Origin,
    /// What decides about it besides the node that says it: [`Way`] only tells the last of these.
    pub passed: Passed,
    /// The scalar that inputs were put into to make it, or what it lies in.
    pub filled: Option<Arc<Filled>>,
}

/// A scalar with blocks of inputs, and what is known of these.
#[derive(Debug)]
pub(super) struct Filled {
    pub at: At,
    /// Each block as it is written.
    pub given: Vec<(Box<str>, Arc<Input>)>,
}

/// An input of one inclusion of a file.
#[derive(Debug)]
pub(super) struct Input {
    pub slot: Slot,
    pub known: Arc<Known>,
}

/// What the header of a file says that an input may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its default and its `options`.
    pub texts: Vec<String>,
    /// It can be nothing else.
    pub closed: bool,
}

/// The places that a value came by: aliases of `<<`, `!reference`, blocks of inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed(Option<Arc<Step>>);

#[derive(Debug)]
struct Step {
    at: At,
    before: Passed,
}

/// An entry of a made mapping.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub key: Key,
    pub slot: Slot,
}

/// A key: where it is written, and its text if inputs were put in.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub at: At,
    pub made: Option<Arc<str>>,
}

impl Value {
    pub(super) fn map(trees: Trees<'_>, entries: Vec<Held>) -> Value {
        let pending = entries.iter().any(|held| held.slot.value.is_pending(trees));
        Value::Map(Arc::new(Map { entries, pending }))
    }

    pub(super) fn seq(trees: Trees<'_>, items: Vec<Slot>) -> Value {
        let pending = items.iter().any(|slot| slot.value.is_pending(trees));
        Value::Seq(Arc::new(Seq { items, pending }))
    }

    /// Whether it is a `!reference`, or holds one.
    pub(super) fn is_pending(&self, trees: Trees<'_>) -> bool {
        match self {
            Value::Node(_) => self.reference(trees).is_some(),
            Value::Map(map) => map.pending,
            Value::Seq(seq) => seq.pending,
            Value::Text(_) => false,
        }
    }

    /// The place of a `!reference`.
    pub(super) fn reference(&self, trees: Trees<'_>) -> Option<At> {
        match self {
            &Value::Node(at) if trees.tree(at).tag(at.node) == Some(REFERENCE) => Some(at),
            _ => None,
        }
    }
}

impl Passed {
    pub fn and(&self, at: At) -> Passed {
        Passed(Some(Arc::new(Step { at, before: self.clone() })))
    }

    pub fn places(&self) -> impl Iterator<Item = At> {
        std::iter::successors(self.0.as_deref(), |step| step.before.0.as_deref()).map(|step| step.at)
    }
}

impl Way {
    /// The place at which a step is written, if it is written at one.
    fn place(&self) -> Option<At> {
        match *self {
            Way::Merge { alias: at, .. } | Way::Reference(at) | Way::Input(at) => Some(at),
            Way::Own | Way::Extends(_) | Way::Default | Way::Global => None,
        }
    }
}

impl Slot {
    /// The same value, come by one more step. What lies inside a made value came by the same step.
    pub fn by(&self, step: &dyn Fn(&Way) -> Way) -> Slot {
        let value = match &self.value {
            Value::Map(map) => {
                let entries = map.entries.iter().map(|held| held.by(step)).collect();
                Value::Map(Arc::new(Map { entries, pending: map.pending }))
            }
            Value::Seq(seq) => {
                let items = seq.items.iter().map(|slot| slot.by(step)).collect();
                Value::Seq(Arc::new(Seq { items, pending: seq.pending }))
            }
            value => value.clone(),
        };
        let way = step(&self.origin.way);
        let passed = way.place().map_or_else(|| self.passed.clone(), |place| self.passed.and(place));
        Slot { value, origin: Origin { at: self.origin.at, way }, passed, filled: self.filled.clone() }
    }

    /// The same value as it was made by putting inputs into a scalar, with all that lies inside.
    pub fn filled(mut self, filled: &Arc<Filled>) -> Slot {
        self.value = match self.value {
            Value::Seq(seq) => {
                let items = seq.items.iter().map(|slot| slot.clone().filled(filled)).collect();
                Value::Seq(Arc::new(Seq { items, pending: seq.pending }))
            }
            Value::Map(map) => {
                let held = |held: &Held| Held { key: held.key.clone(), slot: held.slot.clone().filled(filled) };
                Value::Map(Arc::new(Map { entries: map.entries.iter().map(held).collect(), pending: map.pending }))
            }
            value => value,
        };
        Slot { filled: Some(filled.clone()), ..self }
    }
}

impl Held {
    /// [`Slot::by`] for the value of an entry.
    pub fn by(&self, step: &dyn Fn(&Way) -> Way) -> Held {
        Held { key: self.key.clone(), slot: self.slot.by(step) }
    }
}
