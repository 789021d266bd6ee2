//! Following includes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{content, documents, header};
use super::error::{Error, ErrorKind};
use super::facts::{Facts, Refusal};
use super::files::{Files, ReadError};
use super::include::{self, Location, Wanted};
use super::inputs::{Inputs, unknown_input};
use super::place::{At, FileId};
use super::project::{File, Inclusion, Partial, Project};
use super::read::Reader;
use super::trees::Trees;
use super::value::Held;
use super::wildcard;
use crate::yaml::{self, Checked, NodeId, Stream};

/// GitLab's default for `ci_max_includes`; every inclusion counts, of the same file too.
const MAX_INCLUDES: usize = 150;

pub(super) struct Loader<'f> {
    /// None when nothing may be read any more.
    files: Option<&'f dyn Files>,
    pub known: Vec<File>,
    paths: BTreeMap<String, FileId>,
    /// Every path of the repository, once a wildcard asked for them.
    pub listing: Option<Arc<[String]>>,
    pub partial: Vec<Partial>,
    pub conditional: Vec<At>,
    included: usize,
    /// The project as it was read before, of which much may be the same.
    pub earlier: Option<&'f Project>,
    /// Texts, by path, that were read already.
    pub read: &'f [(&'f str, &'f Checked)],
    /// The files being included in one another, to find a cycle.
    trail: Vec<FileId>,
}

impl<'f> Loader<'f> {
    pub fn new(files: Option<&'f dyn Files>, known: Vec<File>, listing: Option<Arc<[String]>>) -> Self {
        let paths = known.iter().zip(0..).map(|(file, id)| (file.path.clone(), FileId(id))).collect();
        let (partial, conditional, trail) = (Vec::new(), Vec::new(), Vec::new());
        Loader { files, known, paths, listing, partial, conditional, included: 0, earlier: None, read: &[], trail }
    }

    /// Reads the main file and follows its includes.
    pub fn main(&mut self, path: &str) -> Result<Inclusion, Error> {
        let path = normal(path);
        match self.file(&path, None)? {
            Some(file) => self.again(file),
            None => Err(Error {
                kind: ErrorKind::NoFile,
                path: path.as_str().into(),
                text: None,
                span: None,
                message: "there is no such file".to_owned(),
                hint: "go to the root of the repository, or name it with -C; a main file of another name, with --file"
                    .to_owned(),
            }),
        }
    }

    /// Follows the includes of the main file, which is known.
    pub fn again(&mut self, main: FileId) -> Result<Inclusion, Error> {
        self.include(main, &[], None)
    }

    pub fn replace(&mut self, id: FileId, by: Checked) -> Result<(), Error> {
        let Some(file) = self.known.get_mut(id.0 as usize) else { return Ok(()) };
        let facts = Facts::of(by.tree(), header(by.tree()).is_some());
        let refusal = |refusal: Refusal| unmeasured(&file.path, None, &refusal);
        *file = file.replaced(by, facts.map_err(refusal)?);
        Ok(())
    }

    fn include(&mut self, file: FileId, given: &[Held], at: Option<At>) -> Result<Inclusion, Error> {
        self.trail.push(file);
        let (content, inputs, wanted) = self.look_into(file, given, at)?;
        let mut includes = Vec::new();
        for wanted in wanted {
            self.follow(wanted, &mut includes)?;
        }
        self.trail.pop();
        Ok(Inclusion { file, content, inputs, includes, conditional: false, by_input: false })
    }

    fn look_into(
        &self,
        file: FileId,
        given: &[Held],
        at: Option<At>,
    ) -> Result<(NodeId, Option<Inputs>, Vec<Wanted>), Error> {
        let trees = Trees(&self.known);
        let tree = trees.file(file).tree();
        let (header, content) = (header(tree), content(tree));
        let Some(content) = content else { return Err(self.not_a_mapping(file)) };
        let inputs = match header {
            Some(header) => Some(Inputs::new(trees, file, header, given, at)?),
            None => match given.first() {
                Some(given) => return Err(unknown_input(trees, given, file)),
                None => None,
            },
        };
        let include = Reader::new(trees, file, inputs.as_ref()).find(content, "include")?;
        let wanted = include.map(|held| include::wanted(trees, held.slot)).transpose()?.unwrap_or_default();
        Ok((content, inputs, wanted))
    }

    fn follow(&mut self, wanted: Wanted, includes: &mut Vec<Inclusion>) -> Result<(), Error> {
        let Wanted { at, location, conditional, by_input, inputs } = wanted;
        let conditional = conditional || by_input;
        let first = includes.len();
        let path = match location {
            Location::Local(path) => normal(&path),
            Location::OwnComponent(name) => {
                let mut paths = [format!("templates/{name}.yml"), format!("templates/{name}/template.yml")].into_iter();
                let Some(path) = paths.find(|path| self.is_there(path)) else {
                    let reason = "it is not in this repository".to_owned();
                    self.partial.push(Partial { include: format!("component: {name}"), reason, at });
                    return Ok(());
                };
                path
            }
            Location::Elsewhere { include, reason } => {
                self.partial.push(Partial { include, reason, at });
                return Ok(());
            }
        };
        if conditional {
            self.conditional.push(at);
        }
        if path.contains('*') {
            let matching: Vec<String> =
                self.list(at)?.iter().filter(|listed| wildcard::matches(&path, listed)).cloned().collect();
            for path in matching {
                // GitLab drops `inputs` where it expands a wildcard (`LocationExpander`).
                includes.extend(self.follow_one(&path, &[], at, conditional)?);
            }
        } else {
            includes.extend(self.follow_one(&path, &inputs, at, conditional)?);
        }
        includes.iter_mut().skip(first).for_each(|include| include.by_input = by_input);
        Ok(())
    }

    fn follow_one(
        &mut self,
        path: &str,
        inputs: &[Held],
        at: At,
        conditional: bool,
    ) -> Result<Option<Inclusion>, Error> {
        self.included += 1;
        if self.included > MAX_INCLUDES {
            let hint = "GitLab stops there by default (ci_max_includes); join some of the files";
            let message = format!("more than {MAX_INCLUDES} files are included");
            return Err(self.refuse(ErrorKind::TooManyIncludes, at, message, hint));
        }
        if !path.to_ascii_lowercase().ends_with(".yml") && !path.to_ascii_lowercase().ends_with(".yaml") {
            let message = format!("the included file `{path}` has neither the extension .yml nor .yaml");
            return Err(self.refuse(ErrorKind::WrongShape, at, message, "GitLab includes no other files; rename it"));
        }
        let Some(file) = self.file(path, Some(at))? else {
            if conditional {
                let reason = "the file is not there, and the include is conditional".to_owned();
                self.partial.push(Partial { include: format!("local: {path}"), reason, at });
                return Ok(None);
            }
            let message = format!("the included file `{path}` is not there");
            let hint = "local includes are looked up from the root of the repository";
            return Err(self.refuse(ErrorKind::MissingInclude, at, message, hint));
        };
        if let Some(first) = self.trail.iter().position(|&outer| outer == file) {
            if conditional {
                let reason = "it includes itself under a condition".to_owned();
                self.partial.push(Partial { include: format!("local: {path}"), reason, at });
                return Ok(None);
            }
            let cycle: Vec<&str> = self.trail.iter().skip(first).map(|&id| self.path(id)).chain([path]).collect();
            let message = format!("an include that leads back to itself: {}", cycle.join(" → "));
            return Err(self.refuse(ErrorKind::IncludeCycle, at, message, "remove one of these includes"));
        }
        let inclusion = self.include(file, inputs, Some(at))?;
        Ok(Some(Inclusion { conditional, ..inclusion }))
    }

    fn is_there(&self, path: &str) -> bool {
        let known = self.paths.contains_key(path);
        known || self.files.is_some_and(|files| matches!(files.read(path), Ok(Some(_))))
    }

    /// A file by its path: known, or read now. None when it is not there.
    fn file(&mut self, path: &str, include: Option<At>) -> Result<Option<FileId>, Error> {
        if let Some(&id) = self.paths.get(path) {
            return Ok(Some(id));
        }
        if path.split('/').any(|part| part == "..") {
            return Err(self.unreadable(path, include, &ReadError::Outside));
        }
        let Some(files) = self.files else {
            return match include {
                Some(at) => {
                    let message = format!("this include of `{path}` was not there before the edit");
                    Err(self.refuse(ErrorKind::NewInclude, at, message, "an edit may not bring in new files"))
                }
                None => Ok(None),
            };
        };
        let Some(text) = files.read(path).map_err(|error| self.unreadable(path, include, &error))? else {
            return Ok(None);
        };
        let earlier = self.earlier.and_then(|project| Some(project.file(project.find(path)?)));
        let file = match earlier.filter(|file| file.stream().is_some_and(|stream| stream.text() == text)) {
            Some(same) => same.clone(),
            None => {
                let stream = match earlier.and_then(File::stream) {
                    Some(earlier) => match self.read.iter().find(|(at, read)| *at == path && read.text() == text) {
                        Some((_, read)) => read.stream(earlier),
                        None => Stream::reparse(text, earlier, None).map(Arc::new),
                    },
                    None => Stream::parse(text).map(Arc::new),
                };
                let stream = stream.map_err(|error| refused_by_yaml(files, path, error))?;
                let facts = Facts::of(stream.tree(), header(stream.tree()).is_some())
                    .map_err(|refusal| unmeasured(path, Some(&stream), &refusal))?;
                File::read(path.to_owned(), stream, facts)
            }
        };
        let id = FileId(self.known.len() as u32);
        self.known.push(file);
        self.paths.insert(path.to_owned(), id);
        Ok(Some(id))
    }

    /// Every path, sorted as git lists them.
    fn list(&mut self, at: At) -> Result<Arc<[String]>, Error> {
        if let Some(listing) = &self.listing {
            return Ok(Arc::clone(listing));
        }
        let Some(files) = self.files else {
            let message = "this include with a wildcard was not there before the edit";
            return Err(self.refuse(ErrorKind::NewInclude, at, message, "an edit may not bring in new files"));
        };
        let mut listing = files.list().map_err(|error| self.unreadable("", Some(at), &error))?;
        listing.sort_unstable();
        let listing: Arc<[String]> = listing.into();
        self.listing = Some(Arc::clone(&listing));
        Ok(listing)
    }

    fn not_a_mapping(&self, file: FileId) -> Error {
        let trees = Trees(&self.known);
        let (kind, hint) = (ErrorKind::NotAMapping, "a pipeline is a mapping of keywords and jobs");
        match documents(trees.file(file).tree()).next() {
            Some(node) => trees.refuse(kind, At::new(file, node), "the file does not hold a mapping", hint),
            None => Error {
                kind,
                path: self.path(file).into(),
                text: trees.file(file).stream().map(|stream| stream.text().into()),
                span: None,
                message: "the file is empty".to_owned(),
                hint: hint.to_owned(),
            },
        }
    }

    /// A file that is there and cannot be had: the include is to blame, if there is one.
    fn unreadable(&self, path: &str, include: Option<At>, error: &ReadError) -> Error {
        let (kind, hint) = match error {
            ReadError::Outside => (ErrorKind::Outside, "GitLab only includes files of the same repository by `local`"),
            ReadError::NotUtf8 { .. } => (ErrorKind::Unreadable, "GitLab reads UTF-8; convert the file"),
            ReadError::Directory => (ErrorKind::Unreadable, "name a file"),
            ReadError::NoPermission | ReadError::Other(_) => (ErrorKind::Unreadable, "see to it that it can be read"),
        };
        match include {
            Some(at) => self.refuse(kind, at, format!("`{path}` cannot be included: {error}"), hint),
            None => Error {
                kind,
                path: path.into(),
                text: None,
                span: None,
                message: format!("the file cannot be read: {error}"),
                hint: hint.to_owned(),
            },
        }
    }

    fn refuse(&self, kind: ErrorKind, at: At, message: impl Into<String>, hint: &str) -> Error {
        Trees(&self.known).refuse(kind, at, message, hint)
    }

    fn path(&self, file: FileId) -> &str {
        &Trees(&self.known).file(file).path
    }
}

/// From the root, without the slash in front and without `.`: `Local` strips the one, and the other changes nothing.
fn normal(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// The text went into the parser, so it is read again for the message.
fn refused_by_yaml(files: &dyn Files, path: &str, error: yaml::Error) -> Error {
    Error {
        kind: ErrorKind::Yaml(error.kind),
        path: path.into(),
        text: files.read(path).ok().flatten().map(Arc::from),
        span: Some(error.span),
        message: error.message,
        hint: error.hint,
    }
}

fn unmeasured(path: &str, stream: Option<&Stream>, refusal: &Refusal) -> Error {
    let (message, hint) = match refusal.kind {
        ErrorKind::TooDeep => ("with its aliases, this is nested too deeply", "GitLab stops at 100 levels"),
        _ => ("with its aliases, this grows beyond all measure", "GitLab refuses such a file as well"),
    };
    Error {
        kind: refusal.kind,
        path: path.into(),
        text: stream.map(|stream| stream.text().into()),
        span: stream.map(|stream| stream.span(refusal.node)),
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}
