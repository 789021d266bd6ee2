//! What stands at the global level of a pipeline and only serves the daemon.

use super::facts::reason_at;
use super::image::{expand, is_dind, name, named};
use super::left::Reason;
use super::purpose::{Whole, whole};
use super::rewrite::Stage;
use super::use_kubernetes_builder::DAEMON_VARIABLES;
use crate::pipeline::{Entry, Setting};
use crate::shell::Script;

/// What stands at the global level and only serves the daemon.
pub(super) struct Global<'p> {
    pub services: Option<Entry<'p>>,
    /// Numbers of the services that are daemons.
    pub dind: Vec<usize>,
    pub variables: Vec<Entry<'p>>,
    pub before: Plumbing<'p>,
    pub after: Plumbing<'p>,
}

/// A global script, and which of its items go.
pub(super) struct Plumbing<'p> {
    pub keyword: &'static str,
    pub setting: Option<Entry<'p>>,
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
            items.filter(|(_, service)| is_dind(&expand(&name(service), &value))).map(|(n, _)| n).collect();
        let variables = pipeline.variables().filter(|variable| DAEMON_VARIABLES.contains(&&*variable.key)).collect();
        let services = services.filter(|_| !dind.is_empty());
        let before = Plumbing::of(stage, "before_script");
        let after = Plumbing::of(stage, "after_script");
        Global { services, dind, variables, before, after }
    }

    pub fn is_empty(&self) -> bool {
        self.services.is_none()
    }

    /// Why its services cannot go: they are an input, and may be others.
    pub fn input(&self, stage: &Stage<'_, '_>) -> Option<Reason> {
        let services = &self.services.as_ref()?.setting;
        let daemons = services.items().enumerate().filter(|(number, _)| self.dind.contains(number));
        let other = || daemons.flat_map(|(_, service)| named(&service).versions()).any(|image| !is_dind(&image));
        (services.has_list_of_input() || services.holds_input() && other()).then(|| {
            let message = "the global services are an input, which may hold others".to_owned();
            reason_at(stage.pipeline.project(), services.written_at(), None, "input", message)
        })
    }

    pub fn first_job(&self, stage: &Stage<'_, '_>) -> String {
        stage.facts.first().map(|facts| facts.job.name().to_owned()).unwrap_or_default()
    }
}

impl<'p> Plumbing<'p> {
    pub fn of(stage: &Stage<'_, 'p>, keyword: &'static str) -> Plumbing<'p> {
        let setting = stage.pipeline.global(keyword);
        let items: Vec<Setting<'_>> = match &setting {
            Some(entry) if entry.setting.is_sequence() => {
                entry.setting.items().filter(|item| item.text().is_some()).collect()
            }
            Some(entry) => vec![entry.setting.clone()],
            None => Vec::new(),
        };
        // What an input is here may be another thing for another inclusion: it stays.
        let given: Vec<bool> = items.iter().map(|item| item.holds_input()).collect();
        let texts: Vec<String> = items.iter().filter_map(|item| item.text().map(|text| text.into_owned())).collect();
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
        let items =
            (0..texts.len()).map(|n| script.clean() && given.get(n) == Some(&false) && goes(n)).collect::<Vec<_>>();
        Plumbing { keyword, setting, items: texts.into_iter().zip(items).collect() }
    }

    pub fn kept(&self) -> Vec<String> {
        self.items.iter().filter(|(_, goes)| !goes).map(|(text, _)| text.clone()).collect()
    }

    pub fn goes(&self) -> bool {
        self.items.iter().any(|(_, goes)| *goes)
    }
}
