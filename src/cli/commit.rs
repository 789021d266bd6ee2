//! `--commit`: one git commit a phase.

use clap::Args;

use super::Global;
use super::fail::{self, Fail};
use super::repository::Repository;
use super::ui::Ui;
use crate::apply::{Folder, Git};
use crate::migration::{Plan, Proof};
use crate::report::commit_message;

#[derive(Args, Default)]
pub struct CommitArgs {
    /// Make one git commit a phase, of the files that it changes and nothing else
    #[arg(long, conflicts_with = "dry_run")]
    commit: bool,
    /// Commit on this branch, which is made if there is none (feat/buildkit-rootless, say); without it on the current one
    #[arg(long, value_name = "NAME", requires = "commit")]
    branch: Option<String>,
    /// Commit although the same files have uncommitted changes, which then are part of the commit
    #[arg(long, requires = "commit")]
    allow_dirty: bool,
}

/// A git repository in which phases are committed.
pub struct Commits {
    git: Git,
    folder: Folder,
    /// To be made with the first commit.
    new_branch: Option<String>,
    allow_dirty: bool,
}

impl CommitArgs {
    /// Sees to it that commits can be made, and goes to the branch that was asked for if it is there. Before anything is read.
    pub fn begin(&self, global: &Global, ui: &Ui) -> Result<Option<Commits>, Fail> {
        if !self.commit {
            return Ok(None);
        }
        let directory = &global.directory;
        let folder = Folder::open(directory).map_err(|error| fail::no_folder(directory, &error))?;
        let Some(git) = Git::of(&folder) else {
            return Err(Fail::input(
                "--commit wants a git repository, and this is none",
                "leave --commit out, or `git init`",
            ));
        };
        git.ready()?;
        let mut new_branch = None;
        if let Some(name) = self.branch.as_ref().filter(|name| git.branch().as_ref() != Some(name)) {
            if !git.takes_branch(name) {
                return Err(Fail::input(format!("`{name}` is no name for a branch"), "such as feat/buildkit-rootless"));
            }
            if git.has_branch(name) {
                git.switch(name)?;
                ui.note(&format!("Switched to branch {name}."));
            } else {
                new_branch = Some(name.clone());
            }
        }
        Ok(Some(Commits { git, folder, new_branch, allow_dirty: self.allow_dirty }))
    }
}

impl Commits {
    /// Refuses where a commit would take along changes of the same files that are someone else's.
    pub fn clean(&self, plan: &Plan) -> Result<(), Fail> {
        if self.allow_dirty {
            return Ok(());
        }
        let paths = self.paths(plan);
        let dirty = self.git.uncommitted(paths.iter().map(String::as_str))?;
        if dirty.is_empty() {
            return Ok(());
        }
        Err(Fail::refused(
            format!("there are uncommitted changes in the files of phase {}:\n{}", plan.phase.number, dirty.join("\n")),
            "nothing was written; commit or stash them, or say --allow-dirty to commit them with the phase",
        ))
    }

    /// Commits what a plan wrote.
    pub fn commit(&mut self, repository: &Repository, plan: &Plan, proof: &Proof, ui: &Ui) -> Result<(), Fail> {
        let paths = self.paths(plan);
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let made = match self.new_branch.take() {
            Some(name) => self.git.create(&name),
            None => Ok(()),
        };
        let commit = made.and_then(|()| self.git.commit(&paths, &commit_message(plan, proof))).map_err(|error| {
            Fail::input(
                format!("phase {} is applied, and git did not commit it: {error}", plan.phase.number),
                "commit it yourself, or take it back with `ci-migrate undo`",
            )
        })?;
        if let Some(journal) = repository.journal()? {
            journal.committed(&commit)?;
        }
        match self.git.branch() {
            Some(branch) => ui.good(&format!("Committed as {commit} on {branch}.")),
            None => ui.odd(&format!("Committed as {commit} on no branch: `git switch -c NAME` keeps it.")),
        }
        Ok(())
    }

    /// The files that hold the text: of a symbolic link, the one that it leads to.
    fn paths(&self, plan: &Plan) -> Vec<String> {
        let real = |path: &str| self.folder.real_path(path).ok().flatten().unwrap_or_else(|| path.to_owned());
        plan.files.iter().map(|file| real(&file.path)).collect()
    }
}
