//! Opens what a command works on: the folder, its settings, its pipeline, the phases of its track.

use std::path::Path;
use std::sync::Arc;

use super::Global;
use super::fail::{self, Fail};
use super::ui::Ui;
use crate::apply::{Folder, Journal, Settled};
use crate::migration::{self, Phase, built_in, tracks};
use crate::pipeline::{Files, Pipeline, Project};
use crate::transform::{Settings, nearest};

/// The file with a team's settings, at the root of the repository.
pub const SETTINGS: &str = ".ci-migrate.yml";

/// A repository with its settings.
pub struct Repository {
    pub folder: Folder,
    pub settings: Settings,
    /// Whether what is written is noted for `undo`.
    pub is_noted: bool,
    main: String,
}

impl Repository {
    pub fn open(global: &Global) -> Result<Repository, Fail> {
        Repository::at(&global.directory, global)
    }

    /// Opens another folder with the same options.
    pub fn at(directory: &Path, global: &Global) -> Result<Repository, Fail> {
        let folder = Folder::open(directory).map_err(|error| fail::no_folder(directory, &error))?;
        let mut settings = Settings::default();
        if let Some(text) = folder.read(SETTINGS).map_err(|error| fail::unreadable(SETTINGS, &error))? {
            settings.read(text.clone()).map_err(|error| fail::setting(error, Some((SETTINGS, &text))))?;
        }
        for assignment in &global.set {
            settings.set(assignment).map_err(|error| fail::setting(error, None))?;
        }
        settings.assume_complete = global.assume_complete;
        Ok(Repository { folder, settings, is_noted: true, main: global.file.trim_start_matches("./").to_owned() })
    }

    /// The journal of what was written, if it is to be kept.
    pub fn journal(&self) -> Result<Option<Journal>, Fail> {
        Ok(if self.is_noted { Some(Journal::of(&self.folder)?) } else { None })
    }

    /// Brings a run to its end that was killed, before something else is written.
    pub fn settle(&self, ui: &Ui) -> Result<(), Fail> {
        if let Some(settled) = self.journal()?.map(|journal| journal.settle()).transpose()?.flatten() {
            say_settled(&settled, ui);
        }
        Ok(())
    }

    /// The pipeline's main file, from the root of the repository.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// Reads the pipeline as it stands.
    pub fn pipeline(&self) -> Result<Pipeline, Fail> {
        self.pipeline_in(&self.folder)
    }

    /// Reads the pipeline as other files have it.
    pub fn pipeline_in(&self, files: &dyn Files) -> Result<Pipeline, Fail> {
        Ok(Pipeline::new(Arc::new(Project::load(files, &self.main)?))?)
    }
}

/// Says that a run had been cut off, and what became of it.
pub fn say_settled(settled: &Settled, ui: &Ui) {
    ui.odd(&format!(
        "Phase {} had been cut off between its files. What it had written was taken back: {}.",
        settled.entry.deed.phase,
        settled.files.join(", ")
    ));
}

/// The phases of the track that was asked for: a built-in one, or a folder.
pub fn phases(global: &Global) -> Result<Vec<Phase>, Fail> {
    let track = &global.track;
    if let Some(phases) = built_in(track) {
        return Ok(phases?);
    }
    let known = tracks();
    let folder = Path::new(track);
    if !folder.is_dir() {
        let message = format!("`{track}` is no track{}", nearest(track, known.iter().copied()));
        return Err(Fail::input(
            message,
            format!("built in are {}; a folder with phase files is one too", known.join(", ")),
        ));
    }
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_file() && (name.ends_with(".yml") || name.ends_with(".yaml")) {
            texts.push((name, std::fs::read_to_string(&path)?));
        }
    }
    texts.sort();
    let phases = migration::read(texts)?;
    if phases.is_empty() {
        return Err(Fail::input(format!("no phase in `{track}`"), "a phase is a file such as 01-protocol.yml"));
    }
    Ok(phases)
}
