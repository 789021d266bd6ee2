//! Stages of Dockerfiles that the builder of old docker runs, and buildx would leave out.
//!
//! Before docker 23.0 `docker build` has the daemon run every stage up to the one that is built, unless `DOCKER_BUILDKIT` says
//! otherwise; BuildKit runs those that it needs (<https://docs.docker.com/build/building/multi-stage/#differences-between-legacy-builder-and-buildkit>).
//! A stage such as `RUN go test` guards the push there.

use super::bases::dockerfile;
use crate::pipeline::{Files, Pipeline};
use crate::shell::docker::Verb;
use crate::transform::{Facts, Settings, Values, is_before_buildkit, reason};

/// Notes for every job with docker's old image which stage would no longer be run.
pub(super) fn look_at_stages(facts: &mut [Facts<'_>], files: &dyn Files, pipeline: &Pipeline, settings: &Settings) {
    let old = |facts: &&mut Facts<'_>| {
        !facts.recipes.is_empty() && !facts.dind.is_empty() && is_before_buildkit(facts, settings)
    };
    for facts in facts.iter_mut().filter(old) {
        let values = Values::of(&facts.effective, pipeline);
        let built = |stage: &String| facts.builds.iter().any(|build| build.target.as_ref() == Some(stage));
        let found = facts.builds.iter().filter(|build| build.at.docker.verb == Verb::Build).find_map(|build| {
            let paths = values.readings(&dockerfile(build));
            let texts = paths.iter().filter_map(|path| Some((path, files.read(path).ok().flatten()?)));
            let mut left =
                texts.filter_map(|(path, text)| Some((path.clone(), left_out(&text, build.target.as_deref())?)));
            left.next().map(|(path, stage)| (build.at.clone(), path, stage))
        });
        // One that is built for itself is run.
        let Some((at, path, stage)) = found.filter(|(.., stage)| !built(stage)) else { continue };
        let message = format!("the builder of this docker runs the stage `{stage}` of {path}, which buildx leaves out");
        let place = facts.command_of(&at).and_then(|command| command.span.as_ref());
        let Some(part) = facts.parts.get(at.part) else { continue };
        let reason = reason(pipeline.project(), part, place, "legacy-builder", message);
        facts.awaited.push(reason);
    }
}

/// One stage of a Dockerfile.
struct Stage {
    name: Option<String>,
    runs: bool,
    /// The numbers of the stages that it takes from.
    takes: Vec<usize>,
}

/// A stage that runs something and that the one which is built does not need.
pub(super) fn left_out(text: &str, target: Option<&str>) -> Option<String> {
    let stages = stages(text);
    let target = match target {
        Some(target) => find(&stages, target)?,
        None => stages.len().checked_sub(1)?,
    };
    let mut needed = vec![target];
    let mut next = 0;
    while let Some(stage) = needed.get(next).and_then(|&number| stages.get(number)) {
        let more: Vec<usize> = stage.takes.iter().copied().filter(|number| !needed.contains(number)).collect();
        needed.extend(more);
        next += 1;
    }
    let before = stages.iter().enumerate().take(target);
    let mut left = before.filter(|(number, stage)| stage.runs && !needed.contains(number));
    left.next().map(|(number, stage)| stage.name.clone().unwrap_or_else(|| number.to_string()))
}

fn stages(text: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        if first == "FROM" {
            let words: Vec<&str> = words.filter(|word| !word.starts_with("--")).collect();
            let named = words.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
            let name = words.get(2).filter(|_| named).map(|name| name.to_ascii_lowercase());
            let takes = words.first().and_then(|base| find(&stages, base)).into_iter().collect();
            stages.push(Stage { name, runs: false, takes });
            continue;
        }
        let options = words.filter_map(|word| word.strip_prefix("--"));
        let from = options.flat_map(|option| option.strip_prefix("mount=").unwrap_or(option).split(','));
        let taken: Vec<usize> = from.filter_map(|part| find(&stages, part.strip_prefix("from=")?)).collect();
        if let Some(stage) = stages.last_mut() {
            stage.runs |= first == "RUN";
            stage.takes.extend(taken);
        }
    }
    stages
}

/// A stage by its name or number.
fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let named = stages.iter().rposition(|stage| stage.name.as_deref() == Some(&name));
    named.or_else(|| name.parse().ok().filter(|number| *number < stages.len()))
}
