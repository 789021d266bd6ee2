//! The scripts of a job as one list each.

use std::borrow::Cow;
use std::sync::Arc;

use super::effective::Effective;
use super::given::Given;
use super::inputs::blocks;
use super::place::At;
use super::setting::Setting;
use super::value::{Origin, Value};

/// How deep lists may be nested in a script. Source: `Entry::Commands`.
pub(super) const MAX_LEVELS: usize = 10;

/// The scripts of a job. `before_script` and `script` share a shell, `after_script` has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    BeforeScript,
    Script,
    AfterScript,
}

/// One item of a script, after flattening.
#[derive(Clone, Debug)]
pub struct ScriptItem<'p> {
    pub text: Cow<'p, str>,
    /// The scalar whose decoded text it is; none when it was made.
    pub at: Option<At>,
    pub origin: Origin,
    /// It is a `!reference` that cannot be resolved offline, and `text` says which; what it runs is not known.
    pub unresolved: bool,
    /// The inputs in a text as it is written.
    pub given: Vec<Given>,
}

impl Section {
    pub const ALL: [Section; 3] = [Section::BeforeScript, Section::Script, Section::AfterScript];

    pub fn keyword(self) -> &'static str {
        match self {
            Section::BeforeScript => "before_script",
            Section::Script => "script",
            Section::AfterScript => "after_script",
        }
    }
}

impl<'p> Effective<'p> {
    /// A script as one list, its own or inherited. Empty when the job has none.
    pub fn script(&self, section: Section) -> Vec<ScriptItem<'p>> {
        let mut items = Vec::new();
        if let Some(script) = self.get(section.keyword()) {
            flatten(&script, &mut |setting| items.push(item(setting)));
        }
        items
    }

    /// The same as it is written, for every inclusion of its file: inputs are not put in, and a list that is an input
    /// is one item.
    pub fn written_script(&self, section: Section) -> Vec<ScriptItem<'p>> {
        let mut items = Vec::new();
        if let Some(script) = self.get(section.keyword()) {
            written(&script, &mut items);
        }
        items
    }
}

/// A value that may be one or a nested list, as a list. Source: `Entry::Commands#value`, `Entry::Rules#value`.
pub(super) fn flatten<'p>(setting: &Setting<'p>, each: &mut dyn FnMut(Setting<'p>)) {
    if setting.is_sequence() {
        for item in setting.items() {
            flatten(&item, each);
        }
    } else {
        each(setting.clone());
    }
}

/// The items of a made list beside the nodes that they are written as: of a list that is an input, there may be none.
fn written<'p>(setting: &Setting<'p>, items: &mut Vec<ScriptItem<'p>>) {
    if setting.filled.is_some() || !setting.is_sequence() {
        return items.push(written_item(setting));
    }
    let Value::Seq(_) = setting.value else { return setting.items().for_each(|item| written(&item, items)) };
    let list = setting.trees.resolve(setting.origin.at);
    let tree = setting.trees.tree(list);
    let mut made = setting.items().peekable();
    for &child in tree.items(list.node) {
        let child = setting.trees.resolve(list.beside(child));
        let text = tree.scalar(child.node).filter(|text| blocks(text).next().is_some());
        let Some(text) = text else {
            made.next().iter().for_each(|item| written(item, items));
            continue;
        };
        let here = |item: &Setting<'_>| item.written_at() == child || item.scalar_at() == Some(child);
        match made.next_if(here) {
            Some(first) => {
                let mut item = written_item(&first);
                let filled = first.filled.as_ref();
                let same =
                    |next: &Setting<'_>| filled.zip(next.filled.as_ref()).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
                while let Some(next) = made.next_if(same) {
                    let texts = item.given.first_mut().and_then(|given| given.texts.as_mut());
                    texts.into_iter().for_each(|texts| texts.extend(next.texts()));
                }
                items.push(item);
            }
            None => items.push(ScriptItem {
                text: Cow::Borrowed(text),
                at: Some(child),
                origin: Origin { at: child, way: setting.origin.way.clone() },
                unresolved: false,
                given: vec![Given {
                    block: text.to_owned(),
                    file: child.file,
                    texts: Some(Vec::new()),
                    known: Arc::default(),
                }],
            }),
        }
    }
    made.for_each(|item| written(&item, items));
}

fn written_item<'p>(setting: &Setting<'p>) -> ScriptItem<'p> {
    let Some(filled) = &setting.filled else {
        let given = setting.given();
        return ScriptItem { given, ..item(setting.clone()) };
    };
    ScriptItem {
        text: setting.written_text().unwrap_or_default(),
        at: Some(filled.at),
        origin: setting.origin.clone(),
        unresolved: false,
        given: setting.given(),
    }
}

fn item(setting: Setting<'_>) -> ScriptItem<'_> {
    let unresolved = setting.is_unresolved();
    let text = if unresolved { Cow::Owned(setting.written_reference()) } else { setting.text().unwrap_or_default() };
    ScriptItem { text, at: setting.scalar_at(), origin: setting.origin, unresolved, given: Vec::new() }
}
