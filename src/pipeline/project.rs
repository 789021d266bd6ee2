//! The files of a pipeline: the main one and what it includes.

use std::sync::Arc;

use super::error::Error;
use super::facts::Facts;
use super::files::Files;
use super::inputs::Inputs;
use super::load::Loader;
use super::place::{At, FileId};
use super::trees::Trees;
use crate::shell::Scripts;
use crate::yaml::{Checked, NodeId, Stream, Tree};

/// The files of a pipeline, and in what order they are put together.
pub struct Project {
    files: Vec<File>,
    root: Inclusion,
    partial: Vec<Partial>,
    conditional: Vec<At>,
    listing: Option<Arc<[String]>>,
    scripts: Arc<Scripts>,
}

/// One file.
#[derive(Clone)]
pub struct File {
    /// Relative to the root of the repository.
    pub path: String,
    content: Content,
    facts: Arc<Facts>,
}

#[derive(Clone)]
enum Content {
    Read(Arc<Stream>),
    Replaced(Checked),
}

/// An include that cannot be resolved offline: what it would bring is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The include as a person would name it: `project group/name: file`, `template: X`.
    pub include: String,
    /// Why it is not there.
    pub reason: String,
    pub at: At,
}

/// A file in its place among the others: GitLab merges what it includes in order, then the file itself over that. A
/// file that is included twice is read once and merged twice.
#[derive(Debug)]
pub(super) struct Inclusion {
    pub file: FileId,
    /// The mapping that is the configuration.
    pub content: NodeId,
    /// None in a file without a `spec` header.
    pub inputs: Option<Inputs>,
    pub includes: Vec<Inclusion>,
    /// It stands under `rules`, or an input names it.
    pub conditional: bool,
    pub by_input: bool,
}

impl Inclusion {
    /// It, and what it includes under no condition.
    fn brings(&self, file: FileId) -> bool {
        self.file == file || self.includes.iter().filter(|include| !include.conditional).any(|it| it.brings(file))
    }

    /// Whether a file is part of it by an input.
    fn chooses(&self, file: FileId, by_input: bool) -> bool {
        let by_input = by_input || self.by_input;
        self.file == file && by_input || self.includes.iter().any(|include| include.chooses(file, by_input))
    }

    fn find(&self, file: FileId) -> Option<&Inclusion> {
        if self.file == file { Some(self) } else { self.includes.iter().find_map(|include| include.find(file)) }
    }
}

impl File {
    pub(super) fn read(path: String, stream: Arc<Stream>, facts: Facts) -> File {
        File { path, content: Content::Read(stream), facts: Arc::new(facts) }
    }

    pub(super) fn replaced(&self, by: Checked, facts: Facts) -> File {
        File { path: self.path.clone(), content: Content::Replaced(by), facts: Arc::new(facts) }
    }

    /// The text and its index; none after [`Project::with`] replaced it.
    pub fn stream(&self) -> Option<&Arc<Stream>> {
        match &self.content {
            Content::Read(stream) => Some(stream),
            Content::Replaced(_) => None,
        }
    }

    /// What the file says.
    pub fn tree(&self) -> &Tree {
        match &self.content {
            Content::Read(stream) => stream.tree(),
            Content::Replaced(by) => by.tree(),
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl Project {
    /// Reads the main file and, from the same repository, all that it includes.
    ///
    /// Includes that cannot be resolved offline are listed in [`Project::partial`]. Includes under `rules` are taken as
    /// included, and listed in [`Project::conditional`].
    ///
    /// # Errors
    /// A file that is missing, unreadable, no YAML or no mapping; an include that GitLab refuses. Source:
    /// `External::Processor`, `External::Mapper`, `External::File::Local`.
    pub fn load(files: &dyn Files, main: &str) -> Result<Project, Error> {
        let mut loader = Loader::new(Some(files), Vec::new(), None);
        let root = loader.main(main)?;
        Ok(Project::from(loader, root, Arc::default()))
    }

    /// Reads it anew from files that may hold other texts by now; what is still the same is taken over. Some texts, by
    /// their path, may have been read already.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn reload(&self, files: &dyn Files, read: &[(&str, &Checked)]) -> Result<Project, Error> {
        let mut loader = Loader::new(Some(files), Vec::new(), None);
        (loader.earlier, loader.read) = (Some(self), read);
        let root = loader.main(&self.file(self.main()).path)?;
        Ok(Project::from(loader, root, Arc::clone(&self.scripts)))
    }

    /// The same project with some files replaced, as after an edit: by what they say, not by where it stands. Nothing is read.
    ///
    /// # Errors
    /// As [`Project::load`]; besides, an include that names a file that was not part of the project.
    pub fn with(&self, replaced: impl IntoIterator<Item = (FileId, Checked)>) -> Result<Project, Error> {
        let mut loader = Loader::new(None, self.files.clone(), self.listing.clone());
        for (file, by) in replaced {
            loader.replace(file, by)?;
        }
        let root = loader.again(self.root.file)?;
        Ok(Project::from(loader, root, Arc::clone(&self.scripts)))
    }

    /// The files in the order in which they were met, the main one first.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &File)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// A file of this project.
    pub fn file(&self, id: FileId) -> &File {
        self.trees().file(id)
    }

    /// A file by its path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files().find(|(_, file)| file.path == path).map(|(id, _)| id)
    }

    /// The main file.
    pub fn main(&self) -> FileId {
        self.root.file
    }

    /// Path of a node, with line and column (both from 1) where the text is known.
    pub fn place(&self, at: At) -> (&str, Option<(usize, usize)>) {
        let file = self.file(at.file);
        let place = file.stream().map(|stream| stream.line_column(stream.span(at.node).start));
        (&file.path, place)
    }

    /// The includes that cannot be resolved offline, in order.
    pub fn partial(&self) -> &[Partial] {
        &self.partial
    }

    /// The places of the local includes that stand under `rules`. GitLab decides about them anew for each pipeline.
    pub fn conditional(&self) -> &[At] {
        &self.conditional
    }

    /// Whether a file is part of every pipeline of this project, or of every one that another file is part of.
    pub fn comes_with(&self, file: FileId, other: Option<FileId>) -> bool {
        self.root.brings(file) || other.and_then(|other| self.root.find(other)).is_some_and(|it| it.brings(file))
    }

    /// Whether an input says which file is read: another one may stand in the place of this.
    pub fn is_chosen_by_input(&self, file: FileId) -> bool {
        self.root.chooses(file, false)
    }

    /// The scripts of its jobs, as far as somebody parsed them.
    pub fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    pub(super) fn trees(&self) -> Trees<'_> {
        Trees(&self.files)
    }

    pub(super) fn root(&self) -> &Inclusion {
        &self.root
    }

    fn from(loader: Loader<'_>, root: Inclusion, scripts: Arc<Scripts>) -> Project {
        let Loader { known: files, partial, conditional, listing, .. } = loader;
        Project { files, root, partial, conditional, listing, scripts }
    }
}
