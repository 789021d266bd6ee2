//! What stands at the global level of a pipeline and only serves the daemon.

use std::ops::Range;

use super::draft::{Draft, number};
use super::facts::{Facts, reason_at, short};
use super::image::{expand, is_dind, name, named};
use super::left::Reason;
use super::plumbing::{Whose, drop_plumbing_of};
use super::purpose::{Whole, whole};
use super::rewrite::Stage;
use super::use_kubernetes_builder::DAEMON_VARIABLES;
use crate::pipeline::{At, Entry, Given, Section, Setting, Way, fill};
use crate::shell::{Kind, Place, Script, Statement};

/// What stands at the global level and only serves the daemon.
pub(super) struct Global<'p> {
    pub services: Option<Entry<'p>>,
    /// Numbers of the services that are daemons.
    pub dind: Vec<usize>,
    pub variables: Vec<Entry<'p>>,
    pub before: Plumbing<'p>,
    pub after: Plumbing<'p>,
}

/// A global script, and what of it goes.
pub(super) struct Plumbing<'p> {
    pub keyword: &'static str,
    pub setting: Option<Entry<'p>>,
    pub items: Vec<Piece>,
    /// What the jobs that inherit it are to have of it.
    rest: Vec<String>,
    /// What serves the daemon and cannot be taken out: without one it would fail, or wait for ever.
    pub stays: Option<Reason>,
}

/// An item of a global script.
pub(super) struct Piece {
    pub at: At,
    pub text: String,
    /// It is understood, and holds no input.
    is_plain: bool,
    /// All of it goes.
    pub goes: bool,
    /// What goes of its text.
    pub edits: Vec<(Range<usize>, String)>,
    /// What stays of it.
    pub rest: String,
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
        let before = Plumbing::of(stage, Section::BeforeScript);
        let after = Plumbing::of(stage, Section::AfterScript);
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
    fn of(stage: &Stage<'_, 'p>, section: Section) -> Plumbing<'p> {
        let keyword = section.keyword();
        let setting = stage.pipeline.global(keyword);
        let items = pieces(setting.as_ref());
        let mut plumbing = Plumbing { keyword, setting, items, rest: Vec::new(), stays: None };
        let heirs = stage.facts.iter().filter(|facts| plumbing.is_inherited_by(facts));
        match heirs.min_by_key(|facts| facts.kubernetes) {
            Some(heir) => plumbing.take_out(stage, section, heir),
            None => plumbing.rest = plumbing.items.iter().filter(|it| !it.goes).map(|it| it.text.clone()).collect(),
        }
        plumbing
    }

    /// Takes more out than whole items, and looks at what stays, as a job has it that inherits the script.
    fn take_out(&mut self, stage: &Stage<'_, 'p>, section: Section, heir: &Facts<'p>) {
        let mut draft = Draft::new(stage.pipeline, heir);
        let refused = drop_plumbing_of(&mut draft, number(section), Whose::All).err();
        for item in draft.items(section).iter().filter(|item| refused.is_none() && !item.edits.is_empty()) {
            let own = self.items.iter_mut().find(|own| Some(own.at) == item.at && !own.goes && own.is_plain);
            if let Some(own) = own.filter(|_| !item.dropped) {
                (own.edits, own.rest) = (item.tidied(), item.result());
            }
        }
        let piece = |at: Option<At>| self.items.iter().find(|own| Some(own.at) == at);
        let all = draft.items(section).iter().enumerate();
        let stay = all.filter_map(|(number, item)| match piece(item.at) {
            Some(piece) if piece.goes => None,
            Some(piece) => Some((number, piece.rest.clone())),
            None => Some((number, item.text.clone())),
        });
        let (numbers, rest): (Vec<usize>, Vec<String>) = stay.unzip();
        let script = Script::parse(&rest);
        let serves = |statement: &&Statement| {
            statement.parent.is_none() && matches!(whole(&script, statement), Whole::Plumbing | Whole::Mixed)
        };
        let is_broken = !script.clean();
        if is_broken {
            self.items.iter_mut().for_each(|item| item.edits.clear());
        }
        if let Some(statement) = script.statements().iter().find(|it| is_broken || serves(it)) {
            let what = short(statement.places.first().map(|place| script.slice(place)).unwrap_or_default());
            let message =
                format!("`{what}` of the global `{}` serves the daemon, and does not go by itself", self.keyword);
            let item = statement.places.first().and_then(|place| numbers.get(place.item)).copied();
            let place = item.map(|item| Place { item, range: 0..0 });
            let here = || draft.reason(number(section), place.as_ref(), "global-plumbing", message);
            let because = |reason: Reason| {
                let message = format!(
                    "what serves the daemon in the global `{}` does not go by itself: {}",
                    self.keyword, reason.message
                );
                Reason { code: "global-plumbing", message, ..reason }
            };
            self.stays = Some(refused.map_or_else(here, because));
        }
        let given: Vec<Given> =
            heir.parts.iter().flat_map(|part| &part.items).flat_map(|it| it.given.clone()).collect();
        self.rest = rest.iter().flat_map(|text| fill(text, &given)).collect();
    }

    /// Whether a job has the script from the global level.
    pub fn is_inherited_by(&self, facts: &Facts<'_>) -> bool {
        let own = facts.effective.get(self.keyword);
        own.is_some_and(|own| matches!(own.origin.way, Way::Default | Way::Global))
    }

    /// What stays of it, as jobs inherit it.
    pub fn kept(&self) -> Vec<String> {
        self.rest.clone()
    }

    pub fn goes(&self) -> bool {
        self.items.iter().any(|item| item.goes || !item.edits.is_empty())
    }
}

/// The items of a global script, and which of them go whole.
fn pieces(setting: Option<&Entry<'_>>) -> Vec<Piece> {
    let items: Vec<Setting<'_>> = match setting {
        Some(entry) if entry.setting.is_sequence() => {
            entry.setting.items().filter(|item| item.text().is_some()).collect()
        }
        Some(entry) => vec![entry.setting.clone()],
        None => Vec::new(),
    };
    let texts: Vec<String> =
        items.iter().map(|item| item.text().map(|text| text.into_owned()).unwrap_or_default()).collect();
    let script = Script::parse(&texts);
    let goes = |number: usize| {
        let mut statements = script
            .statements()
            .iter()
            .filter(|s| s.parent.is_none() && s.places.iter().any(|p| p.item == number))
            .peekable();
        // What a function serves is asked for where it is called.
        let serves = |s: &Statement| s.kind != Kind::Function && whole(&script, s) == Whole::Plumbing;
        statements.peek().is_some() && statements.all(|s| s.place().is_some() && serves(s))
    };
    let piece = |(number, (item, text)): (usize, (&Setting<'_>, String))| {
        // What an input is here may be another thing for another inclusion: it stays.
        let is_plain = script.clean() && !item.holds_input();
        let goes = is_plain && goes(number);
        Piece { at: item.origin.at, is_plain, goes, edits: Vec::new(), rest: text.clone(), text }
    };
    items.iter().zip(texts.clone()).enumerate().map(piece).collect()
}
