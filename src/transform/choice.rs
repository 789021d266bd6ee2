//! What may be something else in another pipeline, so that what is written for this one would be wrong there.

use std::collections::BTreeSet;

use super::environment::variables_in;
use super::facts::Facts;
use super::use_kubernetes_builder::DAEMON_VARIABLES;
use crate::pipeline::{At, Choice, Pipeline};

/// Why a job is not known from what the files say of it: an include under a condition, or an input, decides what it is made of, or what
/// a variable that it reads is. With the place and the code of the reason.
pub(super) fn chosen(pipeline: &Pipeline, facts: &Facts<'_>) -> Option<(At, &'static str, String)> {
    match pipeline.choice(&facts.job) {
        Some(Choice::Include { name, at }) if name == facts.job.name() => {
            let message = "is defined in several files, of which a condition picks: only one of them would change";
            Some((at, "conditional-include", message.to_owned()))
        }
        Some(Choice::Include { name, at }) => {
            let message = format!(
                "`{name}` stands here in a file that is included under a condition: without it the job is something else"
            );
            Some((at, "conditional-include", message))
        }
        Some(Choice::Input { text, at }) => {
            let message = format!("an input says what `{text}` is, and it may be something else");
            Some((at, "input", message))
        }
        None => {
            let variables = pipeline.chosen_variables(&facts.job);
            let read = if variables.is_empty() { BTreeSet::new() } else { variables_of(facts) };
            let found = variables.into_iter().find(|(name, _)| read.contains(name));
            let (name, at) = found?;
            let message =
                format!("`{name}` is set here in a file that is included under a condition, and may be another");
            Some((at, "conditional-include", message))
        }
    }
}

/// The variables that a job reads, itself or by the values of others, and those of the daemon.
fn variables_of(facts: &Facts<'_>) -> BTreeSet<String> {
    let effective = &facts.effective;
    let items = facts.parts.iter().flat_map(|part| &part.items).map(|item| item.text.clone().into_owned());
    let named = ["image", "services"].into_iter().filter_map(|keyword| effective.get(keyword));
    let named =
        named.flat_map(|setting| setting.all_texts().into_iter().map(|text| text.into_owned()).collect::<Vec<_>>());
    let mut texts: Vec<String> = items.chain(named).collect();
    let mut names: BTreeSet<String> = DAEMON_VARIABLES.iter().map(|name| (*name).to_owned()).collect();
    while let Some(text) = texts.pop() {
        for name in variables_in(&text) {
            if names.insert(name.clone()) {
                texts.extend(effective.variable(&name).map(|variable| variable.setting.variable_text().into_owned()));
            }
        }
    }
    names
}
