//! The few things that are asked of git, by way of its program.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::folder::Folder;

/// A repository as git sees it. Paths are from the folder that ci-migrate works on.
#[derive(Clone, Debug)]
pub struct Git {
    root: PathBuf,
    /// The folder's path within the work tree, empty at its top.
    prefix: String,
}

/// What git refused, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitError(pub String);

impl Git {
    /// None where there is no git, or the folder is in no work tree.
    pub fn of(folder: &Folder) -> Option<Git> {
        let git = Git { root: folder.root().to_path_buf(), prefix: String::new() };
        let answer = git.ask(["rev-parse", "--is-inside-work-tree", "--show-prefix"]).ok()?;
        let (inside, prefix) = answer.split_once('\n').unwrap_or((&answer, ""));
        (inside == "true").then(|| Git { prefix: prefix.trim_end_matches('/').to_owned(), ..git })
    }

    /// A place of ours in git's own folder, of this worktree and this folder only.
    pub(super) fn private(&self, name: &str) -> Option<PathBuf> {
        let place = self.ask(["rev-parse", "--git-path", name]).ok()?;
        Some(self.root.join(place).join(&self.prefix))
    }

    /// The branch that is checked out, if one is.
    pub fn branch(&self) -> Option<String> {
        self.ask(["symbolic-ref", "--quiet", "--short", "HEAD"]).ok()
    }

    /// Whether there is such a branch.
    pub fn has_branch(&self, name: &str) -> bool {
        self.ask(["show-ref", "--verify", "--quiet", &format!("refs/heads/{name}")]).is_ok()
    }

    /// Whether git takes this as the name of a branch.
    pub fn takes_branch(&self, name: &str) -> bool {
        self.ask(["check-ref-format", "--branch", name]).is_ok_and(|taken| taken == name)
    }

    /// Goes to a branch that is there.
    ///
    /// # Errors
    /// The work tree has changes that are in the way.
    pub fn switch(&self, name: &str) -> Result<(), GitError> {
        self.ask(["switch", "--quiet", "--no-guess", name]).map(drop)
    }

    /// Makes a branch here and goes to it; no file changes.
    ///
    /// # Errors
    /// The name is taken, or is none.
    pub fn create(&self, name: &str) -> Result<(), GitError> {
        self.ask(["switch", "--quiet", "--create", name]).map(drop)
    }

    /// What is not committed of these files, or of all, as `git status --short` shows it.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn uncommitted<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Result<Vec<String>, GitError> {
        let mut arguments = vec!["status", "--porcelain=v1", "--"];
        arguments.extend(paths);
        Ok(self.ask(arguments)?.lines().map(str::to_owned).collect())
    }

    /// Whether a commit of some files could be made: no merge is under way, and git knows who commits.
    ///
    /// # Errors
    /// It could not, in words.
    pub fn ready(&self) -> Result<(), GitError> {
        if self.ask(["rev-parse", "--quiet", "--verify", "MERGE_HEAD"]).is_ok() {
            return Err(GitError("a merge is under way, during which git commits no single files".to_owned()));
        }
        self.ask(["var", "GIT_COMMITTER_IDENT"]).map(drop)
    }

    /// Commits these files as they are, and nothing else, whatever is staged; its abbreviated id.
    ///
    /// # Errors
    /// Git, or a hook, refused.
    pub fn commit(&self, paths: &[&str], message: &str) -> Result<String, GitError> {
        // A file that git does not know yet is made known, which stages none of its text.
        let with = |first: &[&'static str]| first.iter().copied().chain(paths.iter().copied()).collect::<Vec<_>>();
        self.ask(with(&["add", "--intent-to-add", "--"]))?;
        let commit = with(&["commit", "--quiet", "--only", "--file=-", "--cleanup=verbatim", "--"]);
        self.run(commit, message.as_bytes())?;
        self.ask(["rev-parse", "--short", "HEAD"])
    }

    fn ask<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Result<String, GitError> {
        self.run(arguments, b"")
    }

    fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Result<String, GitError> {
        let output = self.output(arguments, input).map_err(|error| GitError(format!("git cannot be run: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(GitError(if said.is_empty() { format!("git ended with {}", output.status) } else { said }))
    }

    fn output<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, input: &[u8]) -> io::Result<Output> {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&self.root)
            .args(arguments)
            // Nobody is asked for a password, and a path is a path, whatever characters are in it.
            .envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_LITERAL_PATHSPECS", "1"), ("LC_ALL", "C")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read what it is given says why by its exit.
            let _ = stdin.write_all(input);
        }
        child.wait_with_output()
    }
}

impl std::fmt::Display for GitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GitError {}
