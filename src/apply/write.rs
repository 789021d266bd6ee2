//! Several files changed together or not at all.

use std::collections::BTreeSet;
use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{WriteError, is_read_only, words};
use super::folder::Folder;
use super::lock::Lock;
use super::stage::{NewFolders, Staged, flush, stage, sweep};
use crate::pipeline::ReadError;

/// What is to become of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'t> {
    /// From the root of the repository, with `/` between its parts.
    pub path: &'t str,
    /// What the file must hold, to the byte; none when there must be no such file.
    pub before: Option<&'t str>,
    /// What it is to hold; none when it is to go.
    pub after: Option<&'t str>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files that are not as they were, in the order of the changes.
    pub files: Vec<String>,
    /// Those of them that belonged to someone else and now belong to the user, who may not give files away.
    pub owner_lost: Vec<String>,
}

/// Makes all changes, or none.
///
/// Every file must still be as its change says, twice: at first, and when all new texts are on the disk. Each text is written
/// to a temporary file in the same folder, with the mode and the owner of the file that it replaces, and flushed; then
/// one after the other takes its file's place, in the order of the changes. If one cannot, those before it are put back.
///
/// A symbolic link stays, and the file that it leads to is written. Hard links are cut; access lists and extended attributes
/// are not copied. A killed process leaves each file wholly old or wholly new, and perhaps temporary files, which
/// the next run removes; it may leave some files new and others old.
///
/// # Errors
/// See [`WriteError`]; the files are as they were, but for [`WriteError::PartlyWritten`].
pub fn write(folder: &Folder, changes: &[Change<'_>]) -> Result<Written, WriteError> {
    write_locked(folder, changes, &Lock::of(folder.root())?)
}

/// The same, for one who keeps other runs out already.
pub(super) fn write_locked(folder: &Folder, changes: &[Change<'_>], lock: &Lock) -> Result<Written, WriteError> {
    let targets = changes.iter().map(|change| Target::find(folder, change)).collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(target) = targets.iter().find(|target| !seen.insert(&target.real)) {
        return Err(WriteError::Twice { path: target.path() });
    }
    let targets: Vec<Target<'_>> = targets.into_iter().filter(Target::differs).collect();
    let mut folders: BTreeSet<PathBuf> = targets.iter().map(|target| target.folder().to_path_buf()).collect();
    if lock.keeps_others_out() {
        folders.iter().for_each(|folder| sweep(folder));
    }

    let mut new_folders = NewFolders::default();
    let last = targets.len().saturating_sub(1);
    let mut steps = Vec::with_capacity(targets.len());
    for (number, target) in targets.into_iter().enumerate() {
        steps.push(Step::prepare(target, number < last, &mut new_folders)?);
    }
    for step in &steps {
        step.target.check()?;
    }
    let written = Written {
        files: steps.iter().map(|step| step.target.path()).collect(),
        owner_lost: steps.iter().filter(|step| step.owner_lost()).map(|step| step.target.path()).collect(),
    };
    for number in 0..steps.len() {
        let (done, rest) = steps.split_at_mut(number);
        if let Some(step) = rest.first_mut()
            && let Err(error) = step.go()
        {
            return Err(put_back(done, &step.target, &error));
        }
    }
    folders.append(&mut new_folders.keep());
    for folder in folders {
        flush(&folder).map_err(|error| WriteError::PartlyWritten {
            path: written.files.first().cloned().unwrap_or_default(),
            why: words(&error),
            left: written.files.clone(),
        })?;
    }
    Ok(written)
}

/// A change, and where its file really is.
struct Target<'c> {
    change: &'c Change<'c>,
    real: PathBuf,
    /// Of the file that is there.
    found: Option<Metadata>,
}

impl<'c> Target<'c> {
    fn find(folder: &Folder, change: &'c Change<'c>) -> Result<Self, WriteError> {
        let unreadable = |why| WriteError::Unreadable { path: change.path.to_owned(), why };
        let changed = || WriteError::Changed { path: change.path.to_owned() };
        let target = match (folder.locate(change.path).map_err(unreadable)?, change.before) {
            (None, None) => {
                let real = folder.locate_new(change.path).map_err(unreadable)?;
                return Ok(Target { change, real, found: None });
            }
            (Some(real), Some(_)) => real,
            (Some(_), None) | (None, Some(_)) => return Err(changed()),
        };
        let found = fs::metadata(&target).map_err(|_| changed())?;
        if !found.is_file() {
            let other = ReadError::Other("it is no regular file".to_owned());
            return Err(unreadable(if found.is_dir() { ReadError::Directory } else { other }));
        }
        let found = Target { change, real: target, found: Some(found) };
        found.check()?;
        found.may_write()?;
        Ok(found)
    }

    fn path(&self) -> String {
        self.change.path.to_owned()
    }

    fn folder(&self) -> &Path {
        self.real.parent().unwrap_or(&self.real)
    }

    fn differs(&self) -> bool {
        self.change.before != self.change.after
    }

    /// Whether the file is as the change says.
    fn check(&self) -> Result<(), WriteError> {
        let same = match (fs::read(&self.real), self.change.before) {
            (Ok(bytes), Some(before)) => bytes == before.as_bytes(),
            (Err(error), None) => error.kind() == io::ErrorKind::NotFound,
            (Err(error), Some(_)) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(WriteError::Unreadable { path: self.path(), why: ReadError::NoPermission });
            }
            (Err(_), Some(_)) | (Ok(_), None) => false,
        };
        if same { Ok(()) } else { Err(WriteError::Changed { path: self.path() }) }
    }

    /// A rename asks only the folder; a file that says that it is not to be written is left alone all the same.
    fn may_write(&self) -> Result<(), WriteError> {
        let marked = self.found.as_ref().is_some_and(|found| found.permissions().readonly());
        match OpenOptions::new().write(true).open(&self.real) {
            Ok(_) if !marked => Ok(()),
            Err(error) if !is_read_only(&error) => Err(self.failed(&error)),
            _ => Err(WriteError::ReadOnly { path: self.path(), folder: false }),
        }
    }

    fn failed(&self, error: &io::Error) -> WriteError {
        WriteError::Failed { path: self.path(), why: words(error) }
    }
}

/// A change whose texts are on the disk.
struct Step<'c> {
    target: Target<'c>,
    new: Option<Staged>,
    /// To be put back if a later change cannot be made.
    old: Option<Staged>,
}

impl<'c> Step<'c> {
    fn prepare(target: Target<'c>, keep_old: bool, folders: &mut NewFolders) -> Result<Self, WriteError> {
        let stage = |text| stage(&target.real, text, target.found.as_ref());
        let refused = |error| match is_read_only(&error) {
            true => WriteError::ReadOnly { path: target.path(), folder: true },
            false => target.failed(&error),
        };
        if target.found.is_none() {
            folders.make(target.folder()).map_err(refused)?;
        }
        let new = target.change.after.map(stage).transpose().map_err(refused)?;
        // A file that only goes is staged too, which shows now whether its folder may be written.
        let keep_old = keep_old || new.is_none();
        let old = target.change.before.filter(|_| keep_old).map(stage).transpose().map_err(refused)?;
        Ok(Step { target, new, old })
    }

    fn owner_lost(&self) -> bool {
        self.new.as_ref().is_some_and(|new| new.owner_lost)
    }

    fn go(&mut self) -> io::Result<()> {
        match self.new.take() {
            Some(new) if self.target.found.is_some() => new.replace(&self.target.real),
            Some(new) => new.create(&self.target.real),
            None => fs::remove_file(&self.target.real),
        }
    }

    fn back(&mut self) -> io::Result<()> {
        match self.old.take() {
            Some(old) => old.replace(&self.target.real),
            None => fs::remove_file(&self.target.real),
        }
    }
}

/// Puts the files back that were written before one could not be.
fn put_back(done: &mut [Step<'_>], at: &Target<'_>, error: &io::Error) -> WriteError {
    let mut left = Vec::new();
    for step in done.iter_mut().rev() {
        if step.back().is_err() {
            left.insert(0, step.target.path());
        }
    }
    if left.is_empty() {
        return at.failed(error);
    }
    WriteError::PartlyWritten { path: at.path(), why: words(error), left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_put_back_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &'static str| Change { path, before: None, after: Some("") };
        let (gone, at) = (file("gone.yml"), file("at.yml"));
        let target = |change| Target { change, real: folder.path().join("gone.yml"), found: None };
        let mut done = [Step { target: target(&gone), new: None, old: None }];
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let expected = WriteError::PartlyWritten {
            path: "at.yml".to_owned(),
            why: "no storage space".to_owned(),
            left: vec!["gone.yml".to_owned()],
        };
        assert_eq!(put_back(&mut done, &target(&at), &error), expected);
    }
}
