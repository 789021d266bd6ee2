//! What GitLab refuses once everything is resolved, as far as this tool depends on it.

use rayon::prelude::*;

use super::error::{Error, ErrorKind};
use super::job::Job;
use super::pipeline::{DEFAULTS, GLOBALS, Pipeline, Role, Top};
use super::place::At;
use super::scalar::Scalar;
use super::script::MAX_LEVELS;
use super::setting::Setting;
use super::trees::Trees;
use super::value::{Held, Way};

/// The default keywords that are set, from `default` or from the top level.
///
/// # Errors
/// One keyword in both places. Source: `Entry::Default#overwrite_entry`.
pub(super) fn globals<'a>(trees: Trees<'_>, find: impl Fn(&str) -> Option<&'a Held>) -> Result<Vec<Held>, Error> {
    let default = find("default").map(|held| held.slot.clone());
    if let Some(default) = default.as_ref().filter(|slot| !trees.is_null(&slot.value) && !trees.is_mapping(&slot.value))
    {
        let hint = "such as `default: {image: docker:29-cli}`";
        return Err(trees.refuse(ErrorKind::WrongShape, default.origin.at, "`default` takes a mapping", hint));
    }
    let set = |held: &Held| !trees.is_null(&held.slot.value);
    let mut globals = Vec::new();
    for keyword in DEFAULTS {
        let section = default.as_ref().and_then(|default| trees.find(default, keyword)).filter(set);
        let top = if GLOBALS.contains(&keyword) { find(keyword).cloned().filter(set) } else { None };
        match (section, top) {
            (Some(section), Some(top)) => {
                let message =
                    format!("`{keyword}` stands at the top level and in `default` ({})", trees.name(section.key.at));
                return Err(trees.refuse(ErrorKind::DefaultAndGlobal, top.key.at, message, "remove one of them"));
            }
            (Some(section), None) => globals.push(section.by(&|_| Way::Default)),
            (None, Some(top)) => globals.push(top.by(&|_| Way::Global)),
            (None, None) => {}
        }
    }
    for held in &globals {
        shape(trees.key(&held.key), &trees.setting(held.slot.clone()))?;
    }
    Ok(globals)
}

/// Looks at what has a shape that is relied on: the global variables, and every visible job.
///
/// # Errors
/// See [`shape`] and [`job`].
pub(super) fn pipeline(pipeline: &Pipeline) -> Result<(), Error> {
    if let Some(entry) = pipeline.keyword("variables") {
        shape("variables", &entry.setting)?;
    }
    let partial = !pipeline.partial().is_empty();
    let check = |top: &Top| {
        let key = top.held.key.at;
        let trees = pipeline.trees();
        if trees.tree(key).scalar(key.node).is_none() {
            return Err(trees.refuse(ErrorKind::WrongShape, key, "the name of a job is a string", "write it out"));
        }
        match top.role {
            Role::Job => job(Job { pipeline, top }, top, partial),
            Role::Hidden | Role::Keyword => Ok(()),
        }
    };
    // The first in order is named.
    let fault = pipeline.tops.par_iter().with_min_len(FEW).find_map_first(|top| check(top).err());
    fault.map_or(Ok(()), Err)
}

/// Fewer entries than this are looked at before another core would have begun.
const FEW: usize = 64;

/// A visible job is a mapping with a `script`, a `run` or a `trigger`, or waits for a pipeline of another project.
///
/// Source: `Entry::Jobs`, `Entry::Job`, `Entry::Bridge`. What a job lacks may come from an include that cannot be read.
fn job(job: Job<'_>, top: &Top, partial: bool) -> Result<(), Error> {
    let trees = job.pipeline.trees();
    let at = top.held.slot.origin.at;
    if !trees.is_mapping(&top.held.slot.value) {
        let message = format!("the job `{}` is no mapping", job.name());
        let hint = "a job is a mapping of keywords; begin the name with `.` if it is none";
        return Err(trees.refuse(ErrorKind::WrongShape, at, message, hint));
    }
    for held in trees.entries(&top.held.slot) {
        let keyword = trees.key(&held.key);
        if SHAPED.contains(&keyword) {
            shape(keyword, &trees.setting(held.slot.clone()))?;
        }
    }
    let runs = job.own("script").is_some_and(|script| !is_blank(&script)) || job.own("run").is_some();
    let waits = || {
        let needs = job.own("needs");
        let pipeline = |need: Setting<'_>| need.get("pipeline").is_some();
        needs.is_some_and(|needs| pipeline(needs.clone()) || needs.items().any(pipeline))
    };
    if partial || runs || job.own("trigger").is_some() || waits() {
        return Ok(());
    }
    let message = format!("the job `{}` has no `script`, `run` or `trigger`", job.name());
    let hint = "GitLab refuses it; begin the name with `.` if it is for others to extend";
    Err(trees.refuse(ErrorKind::NotAJob, top.held.key.at, message, hint))
}

const SHAPED: [&str; 6] = ["script", "before_script", "after_script", "services", "variables", "inherit"];

/// The kinds of value that keywords take. Source: `Entry::Commands`, `Entry::Services`, `Entry::Variables`,
/// `Entry::Inherit`.
fn shape(keyword: &str, setting: &Setting<'_>) -> Result<(), Error> {
    if setting.is_null() || setting.is_unresolved() {
        return Ok(());
    }
    let wrong = |at: At, message: String| {
        let hint = format!("GitLab documentation: https://docs.gitlab.com/ci/yaml/#{keyword}");
        Err(setting.trees.refuse(ErrorKind::WrongShape, at, message, hint))
    };
    match keyword {
        "script" | "before_script" | "after_script" => match not_a_command(setting, MAX_LEVELS) {
            Some((at, Fault::Kind)) => wrong(at, format!("`{keyword}` takes strings; this is something else to YAML")),
            Some((at, Fault::Depth)) => {
                let message = format!("`{keyword}` is nested deeper than {MAX_LEVELS} levels");
                Err(setting.trees.refuse(ErrorKind::TooDeep, at, message, "GitLab flattens no more; nest less"))
            }
            None => Ok(()),
        },
        "services" if !setting.is_sequence() => wrong(setting.origin.at, "`services` takes a list".to_owned()),
        "inherit" if !setting.is_mapping() => wrong(setting.origin.at, "`inherit` takes a mapping".to_owned()),
        "variables" if !setting.is_mapping() => wrong(setting.origin.at, "`variables` takes a mapping".to_owned()),
        "variables" => match setting.entries().find(|entry| entry.setting.is_sequence()) {
            Some(entry) => {
                wrong(entry.setting.origin.at, format!("the variable `{}` takes a string or a mapping", entry.key))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

enum Fault {
    Kind,
    Depth,
}

/// The first part of a script that is neither a string nor a list of such (`validate_nested_array`).
fn not_a_command(setting: &Setting<'_>, levels: usize) -> Option<(At, Fault)> {
    if setting.is_unresolved() || matches!(setting.scalar(), Some(Scalar::String(_))) {
        None
    } else if !setting.is_sequence() {
        Some((setting.origin.at, Fault::Kind))
    } else if levels == 0 {
        Some((setting.origin.at, Fault::Depth))
    } else {
        setting.items().find_map(|item| not_a_command(&item, levels - 1))
    }
}

fn is_blank(script: &Setting<'_>) -> bool {
    match script.text() {
        Some(text) => text.trim().is_empty(),
        None => script.is_sequence() && script.items().next().is_none(),
    }
}
