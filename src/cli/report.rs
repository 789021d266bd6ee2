//! `ci-migrate report`: what was done and what is left, for people who were not there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::fail::{self, Fail};
use super::repository::{Repository, phases};
use super::ui::Ui;
use super::{Done, Format, Global};
use crate::apply::{Revision, words};
use crate::pipeline::Files;
use crate::report::{Report, Sources, html, markdown, mermaid};

#[derive(Args)]
pub struct ReportArgs {
    /// Form of the report; without it, that of FILE's name, or markdown
    // It stands in place of the global option of this name, with forms of its own.
    #[arg(long, value_name = "FORM", value_parser = forms())]
    format: Option<Format>,
    /// Compare with this git revision, to tell what was applied since
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(global: &Global, args: &ReportArgs, ui: &mut Ui) -> Done {
    let form = form(args)?;
    let repository = Repository::open(global)?;
    let phases = phases(global)?;
    let revision = match &args.since {
        Some(name) => Some((name.as_str(), open(&repository, name)?)),
        None => None,
    };
    let sources = Sources {
        main: repository.main(),
        track: &global.track,
        phases: &phases,
        settings: &repository.settings,
        now: &repository.folder,
        since: revision.as_ref().map(|(name, files)| (*name, files as &dyn Files)),
    };
    let report = Report::new(&sources)?;
    if !report.partial.is_empty() {
        ui.odd(&format!("{} include(s) could not be read: the report says which.", report.partial.len()));
    }
    let text = match form {
        Format::Html => html(&report).map_err(|error| Fail::input(error.to_string(), ""))?,
        Format::Mermaid => mermaid(&report),
        Format::Json => serde_json::to_string_pretty(&report).map_err(std::io::Error::from)? + "\n",
        Format::Markdown | Format::Human => markdown(&report),
    };
    match &args.out {
        None => ui.answer(&text)?,
        Some(file) => {
            write(file, &text, &repository)?;
            ui.good(&format!("Written to {}.", file.display()));
        }
    }
    Ok(0)
}

/// The forms that a report has, with what each is for.
fn forms() -> impl TypedValueParser<Value = Format> {
    let known = [
        ("html", "One page with a graph, for a browser; it loads nothing"),
        ("markdown", "For the description of a merge request"),
        ("mermaid", "The graph alone, for a README"),
        ("json", "All of it, for programs"),
    ];
    let values = known.map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).try_map(|word| <Format as clap::ValueEnum>::from_str(&word, false))
}

/// The form that was asked for, or that the file's name asks for.
fn form(args: &ReportArgs) -> Result<Format, Fail> {
    // Without a word, the global option's default is here.
    if let Some(format) = args.format.filter(|format| *format != Format::Human) {
        return Ok(format);
    }
    let Some(file) = &args.out else { return Ok(Format::Markdown) };
    match file.extension().and_then(OsStr::to_str) {
        Some("html" | "htm") => Ok(Format::Html),
        Some("md" | "markdown") => Ok(Format::Markdown),
        Some("mmd" | "mermaid") => Ok(Format::Mermaid),
        Some("json") => Ok(Format::Json),
        _ => Err(Fail::input(
            format!("the name `{}` does not tell the form of the report", file.display()),
            "say --format html, markdown, mermaid or json",
        )),
    }
}

fn open(repository: &Repository, revision: &str) -> Result<Revision, Fail> {
    Revision::open(repository.folder.root(), revision).map_err(|error| {
        Fail::input(
            format!("the revision `{revision}` cannot be read: {error}"),
            "--since takes a branch, a tag or a commit of the repository that the pipeline is in",
        )
    })
}

/// A report goes anywhere but over a file that is part of a pipeline.
fn write(file: &Path, text: &str, repository: &Repository) -> Result<(), Fail> {
    if let Ok(real) = file.canonicalize() {
        let inside = real.strip_prefix(repository.folder.root()).ok().and_then(Path::to_str);
        let pipeline = repository.pipeline()?;
        let taken = inside.and_then(|inside| pipeline.project().find(inside));
        let is_yaml = real.extension().and_then(OsStr::to_str).is_some_and(|end| end == "yml" || end == "yaml");
        if taken.is_some() || is_yaml {
            let message = format!("`{}` is no place for a report: it is YAML, perhaps a pipeline", file.display());
            return Err(Fail::refused(message, "name another file"));
        }
    }
    std::fs::write(file, text).map_err(|error| {
        let what = crate::pipeline::ReadError::Other(words(&error));
        fail::unreadable(&file.to_string_lossy(), &what)
    })
}
