//! A text on disk beside the file that it is to become.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".ci-migrate-";
const SUFFIX: &str = ".tmp";

/// A text, flushed to the disk in the folder where it is to go.
pub(super) struct Staged {
    file: NamedTempFile,
    /// Whether the file that it replaces belongs to someone that this process cannot give it to.
    pub owner_lost: bool,
}

/// Writes a text beside `target`, with the mode and the owner of `like`, or what a new file gets.
pub(super) fn stage(target: &Path, text: &str, like: Option<&Metadata>) -> io::Result<Staged> {
    let folder = target.parent().unwrap_or(target);
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    if like.is_none() {
        new_file_mode(&mut builder);
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let mut owner_lost = false;
    if let Some(like) = like {
        owner_lost = !keep_owner(file.as_file(), like)?;
        file.as_file().set_permissions(like.permissions())?;
    }
    file.as_file().sync_all()?;
    Ok(Staged { file, owner_lost })
}

impl Staged {
    /// Takes the place of a file, which is there.
    pub fn replace(self, target: &Path) -> io::Result<()> {
        self.file.persist(target).map(drop).map_err(|refused| refused.error)
    }

    /// Takes a place where no file is.
    pub fn create(self, target: &Path) -> io::Result<()> {
        self.file.persist_noclobber(target).map(drop).map_err(|refused| refused.error)
    }
}

/// Removes what a killed run left in a folder. Only while no other run can be writing there.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Flushes the names in a folder to the disk, where the file system can.
pub(super) fn flush(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Err(error),
        _ => Ok(()),
    }
}

/// The folders that a new file needs; they go again unless they are kept.
#[derive(Default)]
pub(super) struct NewFolders(BTreeSet<PathBuf>);

impl NewFolders {
    pub fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
        for above in missing.into_iter().rev() {
            fs::create_dir(above)?;
            self.0.insert(above.to_path_buf());
        }
        Ok(())
    }

    /// Keeps them, and names the folders in which new names stand.
    pub fn keep(mut self) -> BTreeSet<PathBuf> {
        let made = std::mem::take(&mut self.0);
        made.iter().filter_map(|folder| folder.parent()).map(Path::to_path_buf).collect()
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // One that someone has put something into stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(unix)]
fn new_file_mode(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn new_file_mode(_builder: &mut Builder<'_, '_>) {}

/// Gives a file to the owner of another, or at least to its group; whether both are the same now.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) == (like.uid(), like.gid()) {
        return Ok(true);
    }
    let both = fchown(file, Some(like.uid()), Some(like.gid())).is_ok();
    Ok(both || fchown(file, None, Some(like.gid())).is_ok() && ours.uid() == like.uid())
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _like: &Metadata) -> io::Result<bool> {
    Ok(true)
}
