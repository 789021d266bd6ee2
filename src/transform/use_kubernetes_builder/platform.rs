//! For which platforms a job builds, and on which architecture it runs.

use std::collections::BTreeSet;

use super::super::draft::Draft;
use super::super::{environment, image};
use crate::pipeline::{Entry, Setting};

/// The platforms of an option, its variables replaced by all that the files give them; none where they are open. A script of the
/// job that sets one of them leaves it open.
pub(super) fn platforms(draft: &Draft<'_, '_>, platform: &str) -> Option<String> {
    let facts = draft.facts;
    let commands = || facts.parts.iter().flat_map(|part| part.script.commands());
    let matrix = facts.effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
    let value = |name: &str| {
        let ruled = environment::ruled(draft).iter().any(|variables| variables.get(name).is_some());
        if ruled || commands().any(|command| environment::set_by(command).iter().any(|(set, _)| set == name)) {
            return None;
        }
        let rows = matrix.iter().flat_map(|matrix| matrix.items()).filter_map(|row| row.get(name));
        let mut values = rows.flat_map(|row| match row.is_sequence() {
            true => row.items().collect::<Vec<_>>(),
            false => vec![row],
        });
        match values.next() {
            // All of them at once: a list among them shows by its comma.
            Some(first) => Some(values.fold(first.variable_text().into_owned(), |text, v| text + &v.variable_text())),
            // One that an input gives may be another for another inclusion.
            None => {
                let variable = facts.effective.variable(name).filter(|variable| !variable.setting.holds_input());
                variable.map(|variable| variable.setting.variable_text().into_owned())
            }
        }
    };
    Some(image::expand(platform, &value)).filter(|all| !all.contains('$'))
}

/// The architecture that the tags of a job's runner name, as Kubernetes calls it.
pub(super) fn architecture(draft: &Draft<'_, '_>) -> Option<&'static str> {
    architectures(draft)?.into_iter().next()
}

/// The architectures that the tags of a job's runner name, at most one; none where they may be several, or are only known when it
/// runs.
pub(super) fn architectures(draft: &Draft<'_, '_>) -> Option<BTreeSet<&'static str>> {
    let tags = draft.facts.effective.get("tags");
    let mut found = BTreeSet::new();
    let tags: Vec<Setting<'_>> = tags.iter().flat_map(|tags| tags.items()).chain(node_selectors(draft)).collect();
    for tag in &tags {
        let written: Vec<String> = tag.versions();
        let all: Vec<String> = written.iter().flat_map(|text| environment::expansions(draft, text)).collect();
        let named: BTreeSet<Option<&str>> = all.iter().map(|text| named_in(text)).collect();
        let open = |text: &String| {
            let variable = text.split_once('$').map(|(_, rest)| rest.to_ascii_lowercase()).unwrap_or_default();
            ["arch", "arm", "amd", "platform", "cpu"].iter().any(|word| variable.contains(word))
        };
        if named.len() > 1
            || named.contains(&None) && all.iter().any(|text| is_vague(text))
            || tag.holds_input() && named.iter().any(Option::is_some)
            || all.iter().any(open)
        {
            return None;
        }
        found.extend(named.into_iter().flatten());
    }
    // The runner is of one all the same, if the job or its image is called so.
    if given_by_rules(draft).is_some() || of_another(draft).is_some() {
        return None;
    }
    let called = || named_otherwise(draft).into_iter().any(|name| named_in(&name).is_some() || is_vague(&name));
    let open = found.is_empty() && !tags.is_empty() && called();
    (found.len() < 2 && !open).then_some(found)
}

/// The job's image or one of its services, where that is of another architecture than amd64 by its name or by `docker: platform:`
/// (<https://docs.gitlab.com/ci/yaml/#imagedocker>): so is what the daemon builds, or the runner that it is on.
pub(super) fn of_another<'p>(draft: &Draft<'_, 'p>) -> Option<Setting<'p>> {
    let facts = draft.facts;
    let services = facts.effective.get("services").iter().flat_map(|services| services.items()).collect::<Vec<_>>();
    let said = |setting: &Setting<'p>| -> Vec<String> {
        let platform = setting.get("docker").and_then(|docker| docker.get("platform"));
        let name = setting.get("name").or(Some(setting.clone()).filter(|it| it.text().is_some()));
        let texts = platform.into_iter().chain(name).filter_map(|it| it.text().map(|text| text.into_owned()));
        texts.flat_map(|text| environment::expansions(draft, &text)).collect()
    };
    let another = |text: String| named_in(&text).is_some_and(|it| it != "amd64") || is_vague(&text);
    let mut all = facts.effective.get("image").into_iter().chain(services);
    all.find(|setting| said(setting).into_iter().any(another))
}

/// The nodes that a job asks the Kubernetes executor for
/// (<https://docs.gitlab.com/runner/executors/kubernetes/#overwrite-the-node-selector>).
fn node_selectors<'p>(draft: &Draft<'_, 'p>) -> impl Iterator<Item = Setting<'p>> {
    draft.facts.effective.variables().filter(is_selector).map(|it| it.setting)
}

fn is_selector(variable: &Entry<'_>) -> bool {
    variable.key.starts_with("KUBERNETES_NODE_SELECTOR_")
}

/// The nodes that a job asks for by a rule or a matrix: which of them is only known when it runs.
fn given_by_rules<'p>(draft: &Draft<'_, 'p>) -> Option<Setting<'p>> {
    let matrix = draft.facts.effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
    let rows = matrix.iter().flat_map(|matrix| matrix.items()).collect::<Vec<_>>();
    let given = environment::ruled(draft).into_iter().chain(rows).flat_map(|given| given.entries().collect::<Vec<_>>());
    given.into_iter().find(is_selector).map(|variable| variable.setting)
}

/// The first setting that says on which nodes a job runs, other than its tags.
pub(super) fn chooses_nodes<'p>(draft: &Draft<'_, 'p>) -> Option<Setting<'p>> {
    node_selectors(draft).next().or_else(|| given_by_rules(draft))
}

/// What a job is called, and its images, with the values of their variables.
fn named_otherwise(draft: &Draft<'_, '_>) -> Vec<String> {
    let tags = draft.facts.builds.iter().flat_map(|build| &build.tags);
    let names = tags.flat_map(|tag| environment::expansions(draft, tag));
    names.chain([draft.facts.job.name().to_owned()]).collect()
}

/// A name that says ARM, and not in which width.
fn is_vague(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let names = ["armv", "arm32v", "graviton", "ampere", "altra"];
    let apple = text.contains("apple") || text.contains("mac");
    // An instance type names its processor by a letter.
    text.contains("instance-type=")
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            matches!(word, "arm" | "armhf")
                || names.iter().any(|start| word.starts_with(start))
                || apple && matches!(word, "m1" | "m2" | "m3" | "m4" | "silicon")
                || is_instance_of_arm(word)
        })
}

/// An instance type of AWS whose processor is a Graviton: `t4g`, `c7gn`, `m6gd`.
fn is_instance_of_arm(word: &str) -> bool {
    let letters = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let behind = letters.trim_start_matches(|c: char| c.is_ascii_digit());
    let (family, number) = (word.len() - letters.len(), letters.len() - behind.len());
    (1..=2).contains(&family) && number == 1 && matches!(behind, "g" | "gd" | "gn")
}

/// Whether all builds of a job are for an architecture, as far as they say one.
pub(super) fn builds_for(draft: &Draft<'_, '_>, architecture: &str) -> bool {
    let mut said = draft.facts.builds.iter().flat_map(|build| build.at.docker.all("platform"));
    said.all(|option| {
        let platform = option.value.as_ref().and_then(|value| platforms(draft, &value.display));
        platform.is_some_and(|platform| platform.split('/').nth(1) == Some(architecture))
    })
}

/// The architecture that a runner's tag names.
fn named_in(tag: &str) -> Option<&'static str> {
    tag.to_ascii_lowercase().replace("x86_64", "amd64").split(['-', '_', '/', '.', ' ', ':', '=', ',']).find_map(
        |word| match word {
            _ if word.starts_with("arm64") || word.ends_with("arm64") || word.ends_with("aarch64") => Some("arm64"),
            "armv8" => Some("arm64"),
            "amd64" | "x64" => Some("amd64"),
            "s390x" => Some("s390x"),
            "ppc64le" => Some("ppc64le"),
            _ => None,
        },
    )
}
