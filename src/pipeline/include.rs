//! What a file includes.

use super::error::{Error, ErrorKind};
use super::place::At;
use super::setting::Setting;
use super::trees::Trees;
use super::value::{Held, Slot};

/// One element of `include`.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Where it is written.
    pub at: At,
    pub location: Location,
    /// It stands under `rules`, which are decided anew for each pipeline.
    pub conditional: bool,
    /// An input names it.
    pub by_input: bool,
    pub inputs: Vec<Held>,
}

#[derive(Debug)]
pub(super) enum Location {
    /// A path from the root of the repository, perhaps with wildcards.
    Local(String),
    /// A component of this very project and commit, by its name.
    OwnComponent(String),
    /// Out of reach: what it is, and why.
    Elsewhere { include: String, reason: String },
}

/// The subkeys of which an include has exactly one (`Mapper::Matcher`).
const KINDS: [&str; 6] = ["local", "project", "remote", "template", "artifact", "component"];

/// Reads the value of `include`: a string, a mapping, or a list of both.
///
/// Source: `External::Mapper` and what it calls; GitLab documentation, "include".
pub(super) fn wanted(trees: Trees<'_>, include: Slot) -> Result<Vec<Wanted>, Error> {
    let include = trees.setting(include);
    if include.is_sequence() {
        include.items().filter(|item| !item.is_null()).map(|item| one(trees, &item)).collect()
    } else if include.is_null() {
        Ok(Vec::new())
    } else {
        Ok(vec![one(trees, &include)?])
    }
}

fn one(trees: Trees<'_>, include: &Setting<'_>) -> Result<Wanted, Error> {
    let at = include.origin.at;
    if let Some(text) = include.text() {
        let location = if text.contains("://") { remote(&text) } else { local(&text) };
        return Ok(Wanted { at, location, conditional: false, by_input: include.holds_input(), inputs: Vec::new() });
    }
    if !include.is_mapping() {
        return Err(trees.refuse(ErrorKind::WrongShape, at, "an include is a string or a mapping", HINT));
    }
    let kinds: Vec<(&str, Setting<'_>)> =
        KINDS.iter().filter_map(|&kind| Some((kind, include.get(kind).filter(|value| !value.is_null())?))).collect();
    let [(kind, value)] = kinds.as_slice() else {
        let message = "an include has exactly one of `local`, `project`, `remote`, `template`, `artifact`, `component`";
        return Err(trees.refuse(ErrorKind::WrongShape, at, message, HINT));
    };
    let text = value.text().unwrap_or_default();
    let location = match *kind {
        "local" if value.text().is_none() => {
            return Err(trees.refuse(ErrorKind::WrongShape, value.origin.at, "`local` takes a path", HINT));
        }
        "local" => local(&text),
        "remote" => remote(&text),
        "project" => {
            let files = include.get("file");
            let files: Vec<String> = match &files {
                Some(file) if file.is_sequence() => {
                    file.items().filter_map(|file| file.text()).map(String::from).collect()
                }
                Some(file) => file.text().map(String::from).into_iter().collect(),
                None => Vec::new(),
            };
            elsewhere(format!("project {text}: {}", files.join(", ")), "it is in another project")
        }
        "template" => elsewhere(format!("template: {text}"), "templates come with GitLab"),
        "artifact" => elsewhere(format!("artifact: {text}"), "it is made by a job"),
        _ => match own_component(&text) {
            Some(name) => Location::OwnComponent(name.to_owned()),
            None => elsewhere(format!("component: {text}"), "it is in another project"),
        },
    };
    Ok(Wanted {
        at,
        location,
        conditional: include.get("rules").is_some_and(|rules| !rules.is_null()),
        by_input: value.holds_input(),
        inputs: include.get("inputs").map(|inputs| trees.entries(&inputs.slot())).unwrap_or_default(),
    })
}

const HINT: &str = "GitLab documentation: https://docs.gitlab.com/ci/yaml/#include";

/// A path is expanded with the variables of the project, which are not known here.
fn local(path: &str) -> Location {
    if path.contains('$') {
        return elsewhere(format!("local: {path}"), "the path holds a variable");
    }
    Location::Local(path.to_owned())
}

/// The name of a component that is included from the project and the commit of the pipeline itself, as a project tests its own
/// components (GitLab documentation, "CI/CD components", "Test the component").
fn own_component(address: &str) -> Option<&str> {
    let plain = |part: &str| part.trim_start_matches(['$', '{']).trim_end_matches('}').to_owned();
    let (path, version) = address.rsplit_once('@')?;
    let mut parts = path.splitn(3, '/');
    let (host, project, name) = (parts.next()?, parts.next()?, parts.next()?);
    let own = matches!(&*plain(host), "CI_SERVER_FQDN" | "CI_SERVER_HOST") && host.starts_with('$');
    let here = project.starts_with('$') && plain(project) == "CI_PROJECT_PATH" && plain(version) == "CI_COMMIT_SHA";
    (own && here && version.starts_with('$') && !name.is_empty() && !name.contains(['$', '/', '*', '.']))
        .then_some(name)
}

fn remote(url: &str) -> Location {
    elsewhere(format!("remote: {url}"), "it is on the network")
}

fn elsewhere(include: String, reason: &str) -> Location {
    Location::Elsewhere { include, reason: reason.to_owned() }
}
