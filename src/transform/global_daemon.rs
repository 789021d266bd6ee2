//! What stands at the global level of a pipeline and only serves the daemon.

use super::image::{expand, name};
use super::purpose::{Whole, whole};
use super::rewrite::Stage;
use super::use_kubernetes_builder::DAEMON_VARIABLES;
use crate::pipeline::Entry as Setting;
use crate::shell::Script;

/// What stands at the global level and only serves the daemon.
pub(super) struct Global<'p> {
    pub services: Option<Setting<'p>>,
    /// Numbers of the services that are daemons.
    pub dind: Vec<usize>,
    pub variables: Vec<Setting<'p>>,
    pub before: Plumbing<'p>,
    pub after: Plumbing<'p>,
}

/// A global script, and which of its items go.
pub(super) struct Plumbing<'p> {
    pub keyword: &'static str,
    pub setting: Option<Setting<'p>>,
    /// Texts of all items, and whether each goes.
    pub items: Vec<(String, bool)>,
}

impl<'p> Global<'p> {
    pub fn of(stage: &Stage<'_, 'p>) -> Global<'p> {
        let pipeline = stage.pipeline;
        let services = pipeline.global("services");
        let value =
            |name: &str| pipeline.variables().find(|v| v.key == name).map(|v| v.setting.variable_text().into_owned());
        let items = services.iter().flat_map(|entry| entry.setting.items()).enumerate();
        let dind: Vec<usize> =
            items.filter(|(_, service)| super::is_dind(&expand(&name(service), &value))).map(|(n, _)| n).collect();
        let variables = pipeline.variables().filter(|variable| DAEMON_VARIABLES.contains(&&*variable.key)).collect();
        let services = services.filter(|_| !dind.is_empty());
        let before = Plumbing::of(stage, "before_script");
        let after = Plumbing::of(stage, "after_script");
        Global { services, dind, variables, before, after }
    }

    pub fn is_empty(&self) -> bool {
        self.services.is_none()
    }

    pub fn first_job(&self, stage: &Stage<'_, '_>) -> String {
        stage.facts.first().map(|facts| facts.job.name().to_owned()).unwrap_or_default()
    }
}

impl<'p> Plumbing<'p> {
    pub fn of(stage: &Stage<'_, 'p>, keyword: &'static str) -> Plumbing<'p> {
        let setting = stage.pipeline.global(keyword);
        let texts: Vec<String> = match &setting {
            Some(entry) if entry.setting.is_sequence() => {
                entry.setting.items().filter_map(|item| item.text().map(|t| t.into_owned())).collect()
            }
            Some(entry) => entry.setting.text().map(|text| text.into_owned()).into_iter().collect(),
            None => Vec::new(),
        };
        let script = Script::parse(&texts);
        let goes = |number: usize| {
            let mut statements = script
                .statements()
                .iter()
                .filter(|s| s.parent.is_none() && s.places.iter().any(|p| p.item == number))
                .peekable();
            statements.peek().is_some()
                && statements.all(|s| s.place().is_some() && whole(&script, s) == Whole::Plumbing)
        };
        let items = (0..texts.len()).map(|n| script.clean() && goes(n)).collect::<Vec<_>>();
        Plumbing { keyword, setting, items: texts.into_iter().zip(items).collect() }
    }

    pub fn kept(&self) -> Vec<String> {
        self.items.iter().filter(|(_, goes)| !goes).map(|(text, _)| text.clone()).collect()
    }

    pub fn goes(&self) -> bool {
        self.items.iter().any(|(_, goes)| *goes)
    }
}
