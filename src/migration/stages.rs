//! Stages of Dockerfiles that the builder of old docker runs, and buildx would leave out.
//!
//! Before docker 23.0 `docker build` has the daemon run every stage up to the one that is built, unless `DOCKER_BUILDKIT` says
//! otherwise; BuildKit runs those that it needs (<https://docs.docker.com/build/building/multi-stage/#differences-between-legacy-builder-and-buildkit>).
//! A stage such as `RUN go test` guards the push there.

use rayon::prelude::*;

use super::bases::{dockerfile, joined};
use super::engine::LONG;
use crate::pipeline::{Files, Pipeline};
use crate::shell::docker::Verb;
use crate::shell::{Command, Script};
use crate::transform::{Build, Facts, Settings, Values, is_before_buildkit, reason};

/// Notes for every job with docker's old image which stage would no longer be run.
pub(super) fn look_at_stages(facts: &mut [Facts<'_>], files: &dyn Files, pipeline: &Pipeline, settings: &Settings) {
    let old =
        |facts: &Facts<'_>| !facts.recipes.is_empty() && !facts.dind.is_empty() && is_before_buildkit(facts, settings);
    let old: Vec<bool> = facts.par_iter().with_min_len(LONG).map(old).collect();
    for (facts, _) in facts.iter_mut().zip(old).filter(|(_, old)| *old) {
        let values = Values::of(&facts.effective, pipeline);
        let mut builds = facts.builds.iter().filter(|build| build.at.docker.verb == Verb::Build);
        let Some((at, path, stage)) = builds.find_map(|build| {
            let read = |path: String| Some((files.read(&path).ok().flatten()?, path));
            let given = given(facts, build).map(|text| (text, GIVEN.to_owned()));
            let commands = || facts.parts.iter().flat_map(|part| part.script.commands());
            let folders: Vec<&str> = commands().filter_map(folder).collect();
            let mut paths = dockerfiles(build, &values, files, &folders);
            // One that the script writes may be any of those that are there.
            let written = |path: &String| commands().any(|command| writes(command, path));
            if paths.iter().any(written) || paths.is_empty() && commands().any(|command| writes(command, "Dockerfile"))
            {
                let all = files.list().unwrap_or_default();
                paths.extend(all.into_iter().filter(|path| path.contains("Dockerfile")).take(MOST));
            }
            let mut texts =
                given.into_iter().chain(texts_written(facts, &values)).chain(paths.into_iter().filter_map(read));
            let (path, stage) = texts.find_map(|(text, path)| Some((path, guard(&text, build, facts, &values)?)))?;
            Some((build.at.clone(), path, stage))
        }) else {
            continue;
        };
        let message = format!("the builder of this docker runs the stage `{stage}` of {path}, which buildx leaves out");
        let place = facts.command_of(&at).and_then(|command| command.span.as_ref());
        let Some(part) = facts.parts.get(at.part) else { continue };
        let reason = reason(pipeline.project(), part, place, "legacy-builder", message);
        facts.awaited.push(reason);
    }
}

const GIVEN: &str = "what it is given";

/// The Dockerfiles that the script may hold: `cat > Dockerfile <<EOF`, `printf 'FROM …\nRUN …' > Dockerfile`, `{ echo FROM …; echo RUN …; }`.
fn texts_written(facts: &Facts<'_>, values: &Values) -> Vec<(String, String)> {
    let prints = |command: &&Command| matches!(command.name(), Some("echo" | "printf" | "cat" | "tee"));
    let part = |script: &Script| {
        let printing = || script.commands().iter().filter(prints);
        let bodies = printing().flat_map(|command| &command.redirects);
        let bodies = bodies.filter_map(|redirect| redirect.heredoc.as_ref()?.body.as_ref());
        let mut texts: Vec<String> = bodies.map(|body| script.slice(body).to_owned()).collect();
        let words =
            |command: &Command| command.words.iter().skip(1).map(|word| word.display()).collect::<Vec<_>>().join(" ");
        // A backslash that quotes keep is doubled in what a word shows.
        let lines = printing().map(|command| words(command).replace("\\\\n", "\n").replace("\\n", "\n"));
        texts.extend(values.readings(&lines.collect::<Vec<_>>().join("\n")));
        texts
    };
    facts.parts.iter().flat_map(|it| part(&it.script)).map(|text| (text, GIVEN.to_owned())).collect()
}

/// The Dockerfile that a build is handed by the script: `docker build - <<EOF`.
fn given(facts: &Facts<'_>, build: &Build) -> Option<String> {
    let script = &facts.parts.get(build.at.part)?.script;
    let mut redirects = facts.command_of(&build.at)?.redirects.iter();
    redirects.find_map(|redirect| Some(script.slice(redirect.heredoc.as_ref()?.body.as_ref()?).to_owned()))
}

/// The folder that a command goes to.
fn folder(command: &Command) -> Option<&str> {
    let words = &command.words;
    match command.name() {
        Some("cd" | "pushd") => words.get(1).map(|word| word.display()),
        Some("env" | "sudo") => {
            let option = words.iter().position(|word| matches!(word.display(), "-C" | "-D" | "--chdir"))?;
            words.get(option + 1).map(|word| word.display())
        }
        _ => None,
    }
}

/// Whether a command may write a file of the name of another.
fn writes(command: &Command, path: &str) -> bool {
    let name = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let mut targets = command.redirects.iter().filter(|redirect| redirect.operator.contains('>'));
    let handles = matches!(command.name(), Some("cp" | "mv" | "ln" | "tee" | "install" | "rsync" | "curl" | "wget"));
    // Another state of the repository, an archive.
    let says = |words: &[&str]| command.words.iter().skip(1).any(|word| words.contains(&word.display()));
    let extracts = || command.words.get(1).is_some_and(|word| word.display().trim_start_matches('-').contains('x'));
    let unpacks = command.name() == Some("unzip")
        || command.name() == Some("tar") && extracts()
        || command.name() == Some("git") && says(&["checkout", "switch", "reset", "restore", "pull", "merge"]);
    // `cp -r ci/docker/. .`
    let here = handles && command.words.last().is_some_and(|word| matches!(word.display(), "." | "./"));
    let whole = |text: &str| text.ends_with(['.', '*', '/']) || text.starts_with("-r") || text.starts_with("-a");
    let all = here && command.words.iter().rev().skip(1).any(|word| whole(word.display()));
    all || unpacks
        || targets.any(|redirect| name(redirect.target.display()) == name(path))
        || handles && command.words.iter().skip(1).any(|word| name(word.display()) == name(path))
}

/// The Dockerfiles that a build may read: the one it names, there and in the folders that the job goes to, or all of that name where
/// that is not known.
fn dockerfiles(build: &Build, values: &Values, files: &dyn Files, folders: &[&str]) -> Vec<String> {
    let there = |path: &String| files.read(path).ok().flatten().is_some();
    let paths = values.readings(&dockerfile(build));
    let plain = |folder: &&str| !folder.contains(['$', '`', '(', '~']) && !folder.split('/').any(|part| part == "..");
    let below = |folder: &str, path: &str| format!("{}/{path}", folder.trim_start_matches("./").trim_end_matches('/'));
    let within = folders.iter().flat_map(|folder| paths.iter().map(move |path| below(folder, path)));
    let found: Vec<String> = paths.iter().cloned().chain(within).filter(there).collect();
    // `cd -` leads back. One folder may be meant from another.
    let into = folders.iter().filter(|folder| **folder != "-");
    let is_input = paths.iter().any(|path| path == "-");
    // A folder that is not in the repository has a Dockerfile that is not known.
    let holds = |folder: &&str| paths.iter().any(|path| there(&below(folder, path)));
    let known = !is_input && into.clone().count() < 2 && into.into_iter().all(|folder| plain(folder) && holds(folder));
    if !found.is_empty() && known {
        return found;
    }
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    // What it is called is not known either.
    let open = |wanted: &String| wanted == "-" || wanted.contains(['$', '`', '(']);
    let is_one = |path: &&String| {
        let name = name(path);
        names.iter().any(|wanted| *wanted == name || open(wanted) && name.contains("Dockerfile"))
    };
    files.list().unwrap_or_default().iter().filter(is_one).take(MOST).cloned().collect()
}

/// As many Dockerfiles are read that a build only may mean.
const MOST: usize = 32;

/// A stage that a build runs and would run no longer, other than what the job builds before it for itself.
fn guard(text: &str, build: &Build, facts: &Facts<'_>, values: &Values) -> Option<String> {
    let stages = stages(text);
    let place = |build: &Build| (build.at.part, build.at.command);
    let targets = |build: &Build| build.target.iter().flat_map(|target| values.readings(target)).collect::<Vec<_>>();
    let before = facts.builds.iter().filter(|other| place(other) < place(build));
    let run: Vec<usize> = before
        .flat_map(targets)
        .filter_map(|target| find(&stages, &target))
        .flat_map(|target| needed(&stages, target))
        .collect();
    let all = || 0..stages.len();
    let built: Vec<usize> = match &build.target {
        None => all().next_back().into_iter().collect(),
        Some(_) => {
            let known: Vec<Option<usize>> = targets(build).iter().map(|target| find(&stages, target)).collect();
            // A target by a variable that is not known may be any.
            if known.iter().all(Option::is_some) { known.into_iter().flatten().collect() } else { all().collect() }
        }
    };
    let left = built.into_iter().flat_map(|target| skipped(&stages, target)).find(|stage| !run.contains(stage));
    left.and_then(|stage| Some(stages.get(stage)?.name.clone().unwrap_or_else(|| stage.to_string())))
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
    // A target by a variable may be any.
    let targets = match target {
        Some(target) if target.contains('$') => 0..stages.len(),
        Some(target) => find(&stages, target).map_or(0..0, |at| at..at + 1),
        None => stages.len().saturating_sub(1)..stages.len(),
    };
    let left = targets.flat_map(|target| skipped(&stages, target)).next();
    left.and_then(|stage| Some(stages.get(stage)?.name.clone().unwrap_or_else(|| stage.to_string())))
}

/// The stages before a target that run something, and that it does not need.
fn skipped(stages: &[Stage], target: usize) -> Vec<usize> {
    let needed = needed(stages, target);
    let before = stages.iter().enumerate().take(target);
    before.filter(|(number, stage)| stage.runs && !needed.contains(number)).map(|(number, _)| number).collect()
}

/// A stage and all those that it takes from.
fn needed(stages: &[Stage], target: usize) -> Vec<usize> {
    let mut needed = vec![target];
    let mut next = 0;
    while let Some(stage) = needed.get(next).and_then(|&number| stages.get(number)) {
        let more: Vec<usize> = stage.takes.iter().copied().filter(|number| !needed.contains(number)).collect();
        needed.extend(more);
        next += 1;
    }
    needed
}

fn stages(text: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in joined(text).lines() {
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
