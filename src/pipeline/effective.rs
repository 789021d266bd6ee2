//! A job as GitLab sees it.

use std::borrow::Cow;

use super::job::Job;
use super::pipeline::DEFAULTS;
use super::scalar::Scalar;
use super::script::flatten;
use super::setting::{Entry, Setting};

/// The effective configuration of a job: what it has itself, by `<<` and `extends`, and what it inherits.
#[derive(Clone, Debug)]
pub struct Effective<'p> {
    pub(super) job: Job<'p>,
    defaults: Scope,
    variables: Scope,
}

/// What of the inheritable a job inherits.
#[derive(Clone, Debug, PartialEq)]
enum Scope {
    All,
    Nothing,
    Only(Vec<String>),
}

/// A keyword in the form in which GitLab uses it.
pub(super) enum Form<'p> {
    /// Scripts and rules: one list, however nested they are.
    List(Vec<Setting<'p>>),
    /// All variables, with those that are inherited.
    Variables(Vec<Entry<'p>>),
    Value(Setting<'p>),
}

impl<'p> Effective<'p> {
    /// Source for `inherit`: `Entry::Inherit`. Source for triggers: `Entry::Bridge`, which takes no default keyword but
    /// `interruptible`.
    pub(super) fn of(job: Job<'p>) -> Effective<'p> {
        let inherit = job.own("inherit");
        let scope = |key| inherit.as_ref().and_then(|inherit| inherit.get(key)).map_or(Scope::All, |s| Scope::of(&s));
        let (mut defaults, variables) = (scope("default"), scope("variables"));
        if job.is_trigger() {
            let interruptible = "interruptible";
            let allowed = defaults.allows(interruptible);
            defaults = if allowed { Scope::Only(vec![interruptible.to_owned()]) } else { Scope::Nothing };
        }
        Effective { job, defaults, variables }
    }

    /// The value of a keyword, the job's own or inherited. Null is no value: the job inherits then. `variables` gives
    /// the job's own; see [`Effective::variables`].
    pub fn get(&self, keyword: &str) -> Option<Setting<'p>> {
        self.entry(keyword).map(|entry| entry.setting)
    }

    /// The same with its key.
    pub fn entry(&self, keyword: &str) -> Option<Entry<'p>> {
        let trees = self.job.pipeline.trees();
        let own = trees.find(&self.job.top.held.slot, keyword).map(|held| Entry::new(trees, held));
        match own {
            Some(own) if keyword == "extends" => self.shows_extends().then_some(own),
            Some(own) if !own.setting.is_null() => Some(own),
            _ => self.inherited(keyword),
        }
    }

    /// Every keyword: the job's own in the order in which they were merged, then the inherited ones. `extends` is used
    /// up, and so not among them, unless a base is not known.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'p>> + use<'p> {
        let trees = self.job.pipeline.trees();
        let held = trees.entries(&self.job.top.held.slot);
        let mut entries: Vec<Entry<'p>> = held.into_iter().map(|held| Entry::new(trees, held)).collect();
        entries.retain(|entry| !entry.setting.is_null() && (entry.key != "extends" || self.shows_extends()));
        for keyword in DEFAULTS {
            if !entries.iter().any(|entry| entry.key == keyword) {
                entries.extend(self.inherited(keyword));
            }
        }
        entries.into_iter()
    }

    /// The job's own variables, then the global ones that it inherits and does not set itself.
    ///
    /// Source: `Variables::Helpers.inherit_yaml_variables`. Variables of the project, of groups and of the instance beat
    /// both, and are not seen here.
    pub fn variables(&self) -> impl Iterator<Item = Entry<'p>> + use<'p> {
        let mut entries: Vec<Entry<'p>> = self.own_variables().collect();
        let own = entries.len();
        for variable in self.job.pipeline.variables() {
            let known = entries.iter().take(own).any(|entry| entry.key == variable.key);
            if !known && self.variables.allows(&variable.key) {
                entries.push(variable);
            }
        }
        entries.into_iter()
    }

    /// Those of [`Effective::variables`] that the job has itself, or by its bases.
    pub fn own_variables(&self) -> impl Iterator<Item = Entry<'p>> + use<'p> {
        self.job.own("variables").into_iter().flat_map(|variables| variables.entries())
    }

    /// One of [`Effective::variables`].
    pub fn variable(&self, name: &str) -> Option<Entry<'p>> {
        let own = self.job.own("variables").and_then(|variables| variables.entry(name));
        own.or_else(|| self.job.pipeline.variables().find(|entry| entry.key == name && self.variables.allows(name)))
    }

    /// Every keyword in the form in which GitLab uses it.
    pub(super) fn forms(&self) -> impl Iterator<Item = (Cow<'p, str>, Form<'p>)> + use<'p> {
        let mut forms: Vec<(Cow<'p, str>, Form<'p>)> = Vec::new();
        let mut variables = Some(self.variables().collect::<Vec<_>>()).filter(|variables| !variables.is_empty());
        for Entry { key, setting, .. } in self.iter() {
            if key != "variables" {
                let form = Form::of(&key, setting);
                forms.push((key, form));
            } else if let Some(variables) = variables.take() {
                forms.push((key, Form::Variables(variables)));
            }
        }
        forms.extend(variables.map(|variables| (Cow::Borrowed("variables"), Form::Variables(variables))));
        forms.into_iter()
    }

    /// Whether the same is inherited, should the pipelines offer the same.
    pub(super) fn inherits_like(&self, other: &Effective<'_>) -> bool {
        self.defaults == other.defaults && self.variables == other.variables
    }

    /// Whether a default keyword is inherited, if it is set.
    pub fn inherits(&self, keyword: &str) -> bool {
        self.defaults.allows(keyword) && self.job.own(keyword).is_none()
    }

    /// Whether a global variable is inherited, if it is set.
    pub(super) fn inherits_variable(&self, name: &str) -> bool {
        let is_own = |variables: Setting<'_>| variables.entry(name).is_some();
        self.variables.allows(name) && !self.job.own("variables").is_some_and(is_own)
    }

    fn inherited(&self, keyword: &str) -> Option<Entry<'p>> {
        self.job.pipeline.global(keyword).filter(|_| self.defaults.allows(keyword))
    }

    fn shows_extends(&self) -> bool {
        !self.job.top.unresolved.is_empty()
    }
}

impl<'p> Form<'p> {
    /// The form of a keyword that is not `variables`.
    pub fn of(keyword: &str, setting: Setting<'p>) -> Form<'p> {
        match keyword {
            "before_script" | "script" | "after_script" | "rules" => {
                let mut items = Vec::new();
                flatten(&setting, &mut |item| items.push(item));
                Form::List(items)
            }
            _ => Form::Value(setting),
        }
    }
}

impl Scope {
    /// `true`, `false` or a list of names. For anything else GitLab reports an error; nothing is inherited then.
    fn of(setting: &Setting<'_>) -> Scope {
        match setting.scalar() {
            Some(Scalar::Boolean(true) | Scalar::Null) => Scope::All,
            Some(_) => Scope::Nothing,
            None => Scope::Only(setting.items().filter_map(|item| item.text()).map(String::from).collect()),
        }
    }

    fn allows(&self, name: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Nothing => false,
            Scope::Only(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}
