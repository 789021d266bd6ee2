//! Folders whose files are edited where they are: no commit, no branch, and `ci-migrate undo` takes it back.

use std::collections::BTreeMap;

use super::data::Row;
use super::make::{Rules, Stop, course, row, settings};
use super::outcome::{Fault, Outcome};
use super::target::Target;
use crate::apply::{Change, Deed, Folder, Journal, WriteError};
use crate::migration::Course;

/// A folder with what would become of its files.
pub struct InPlace {
    pub row: Row,
    folder: Folder,
    course: Option<Course>,
}

impl InPlace {
    /// Plans and proves the files of a folder as they stand.
    pub fn look(rules: &Rules<'_>, target: &Target) -> Result<InPlace, Fault> {
        let folder = Folder::open(&target.address);
        let folder = folder.map_err(|why| Fault::new(Outcome::Unreachable, why.to_string()))?;
        let main = target.file.as_deref().unwrap_or(&rules.plan.file).trim_start_matches("./");
        let settings = settings(rules, target, &folder)?;
        match course(rules, &settings, &folder, main, None) {
            Ok(course) => {
                let mut row = row(rules, target, &folder, &settings, &course);
                if row.phases.is_empty() {
                    row.outcome = Some(Outcome::NothingToDo);
                }
                Ok(InPlace { row, folder, course: Some(course) })
            }
            Err(Stop::NoPipeline) => {
                let (repository, message) = (target.id.clone(), format!("there is no {main}"));
                let row = Row { repository, message, outcome: Some(Outcome::NothingToDo), ..Row::default() };
                Ok(InPlace { row, folder, course: None })
            }
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }

    /// Writes the files, phase by phase, each noted for `undo`.
    pub fn write(self, track: &str) -> Row {
        match self.written(track) {
            Ok(()) => self.row,
            Err(error) => {
                let path = error.path().map(|path| format!("{path}: ")).unwrap_or_default();
                let message = format!("{path}{}", error.message());
                Row { outcome: Some(Outcome::Failed), message, ..self.row }
            }
        }
    }

    fn written(&self, track: &str) -> Result<(), WriteError> {
        let Some(course) = &self.course else { return Ok(()) };
        let journal = Journal::of(&self.folder)?;
        let project = course.before.project();
        let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
        for leg in course.legs.iter().filter(|leg| leg.is_sound()) {
            let Some(Ok(proof)) = &leg.proof else { continue };
            let first = |file| project.file(file).stream().map(|stream| stream.text());
            let changes: Vec<Change<'_>> = leg
                .plan
                .files
                .iter()
                .map(|file| Change {
                    path: &file.path,
                    before: texts.get(&*file.path).copied().or_else(|| first(file.file)),
                    after: Some(file.text()),
                })
                .collect();
            let phase = &leg.plan.phase;
            let deed = Deed {
                track: track.to_owned(),
                phase: phase.number,
                id: phase.id.clone(),
                title: phase.title.clone(),
                jobs: proof.differ.iter().filter_map(|differ| differ.job.clone()).collect(),
                proof: proof.summary(),
            };
            journal.write(deed, &changes)?;
            texts.extend(leg.plan.texts());
        }
        Ok(())
    }
}
