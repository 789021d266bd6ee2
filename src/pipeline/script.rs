//! The scripts of a job as one list each.

use std::borrow::Cow;

use super::effective::Effective;
use super::place::At;
use super::setting::Setting;
use super::value::Origin;

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

fn item(setting: Setting<'_>) -> ScriptItem<'_> {
    let unresolved = setting.is_unresolved();
    let text = if unresolved { Cow::Owned(setting.written_reference()) } else { setting.text().unwrap_or_default() };
    ScriptItem { text, at: setting.scalar_at(), origin: setting.origin, unresolved }
}
