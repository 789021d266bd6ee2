//! A bare repository of our own for a moment: what is fetched into it, committed in it, pushed from it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::git::{Net, Ran};
use super::outcome::{Fault, Outcome, fault};
use super::target::Target;

/// What a server is asked to leave out, the least first that is enough; the last leaves nothing out.
const FILTERS: [Option<&str>; 4] =
    [Some("--filter=combine:tree:2+blob:limit=128k"), Some("--filter=tree:2"), Some("--filter=blob:none"), None];

const BASE: &str = "refs/ci-migrate/base";
const THERE: &str = "refs/ci-migrate/there/";

/// The scratch repository of one target.
pub struct Scratch {
    dir: TempDir,
    target: Target,
    net: Net,
    /// What is left of the time that git may take here.
    left: Mutex<Duration>,
    hash: gix_hash::Kind,
    /// The commit to begin with.
    pub base: String,
    /// The commit of the branch, if the repository has it.
    pub found: Option<String>,
}

/// What is there to begin with.
enum Found {
    Commit,
    /// The repository is empty.
    Nothing,
    /// It has no such ref.
    NoRef(String),
}

impl Scratch {
    /// Reads what is needed to begin with: a shallow fetch, or of a folder the way to its objects. None when there is no commit.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn open(target: &Target, branch: &str, net: &Net) -> Result<Option<Scratch>, Fault> {
        match Scratch::find(target, branch, net)? {
            (scratch, Found::Commit) => Ok(Some(scratch)),
            (_, Found::Nothing) => Ok(None),
            (_, Found::NoRef(base)) => Err(Fault::new(Outcome::Invalid, format!("the repository has no `{base}`"))),
        }
    }

    /// The same with the branch itself to begin with, for what has nothing to do with any other. None when there is no such branch.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn of_branch(target: &Target, branch: &str, net: &Net) -> Result<Option<Scratch>, Fault> {
        let target = Target { base: Some(format!("refs/heads/{branch}")), ..target.clone() };
        let (scratch, found) = Scratch::find(&target, branch, net)?;
        Ok(matches!(found, Found::Commit).then_some(scratch))
    }

    fn find(target: &Target, branch: &str, net: &Net) -> Result<(Scratch, Found), Fault> {
        let dir = folder()?;
        let (hash, base, found) = (gix_hash::Kind::Sha1, String::new(), None);
        let left = Mutex::new(net.deadline);
        let mut scratch = Scratch { dir, target: target.clone(), net: net.clone(), left, hash, base, found };
        let found = if target.is_path() { scratch.attach(branch)? } else { scratch.fetch_first(branch)? };
        Ok((scratch, found))
    }

    /// Fetches objects by their ids; all that a tree holds, or the tree alone.
    ///
    /// # Errors
    /// The server does not give them.
    pub fn fetch(&self, ids: &[String], whole_trees: bool) -> Result<(), Fault> {
        if self.target.is_path() {
            return Err(Fault::new(Outcome::Invalid, "objects are missing from the repository"));
        }
        // Of a server that knows no trees as filters comes more than is wanted, which does no harm.
        let filters: &[&str] = &["--filter=tree:1", "--filter=blob:none", "--no-filter"];
        let filters = if whole_trees { filters.get(1..).unwrap_or_default() } else { filters };
        let arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"];
        let config = [("fetch.negotiationAlgorithm", "noop")];
        let mut last = Fault::new(Outcome::Failed, "the server gives no objects by their ids");
        for filter in filters {
            let arguments = [&arguments[..], &[*filter, "--stdin", "origin"]].concat();
            let ran = self.git(&config, &arguments, ids.join("\n").as_bytes())?;
            if ran.ok {
                return Ok(());
            }
            // A server of the first protocol, as ssh without `AcceptEnv GIT_PROTOCOL` makes one: it gives what a branch has, and all of it.
            if ran.said.contains("unadvertised object") {
                return self.fetch_whole();
            }
            last = fault(&ran.said);
            if !ran.said.contains("filter") {
                break;
            }
        }
        Err(last)
    }

    /// All files of the commit to begin with.
    fn fetch_whole(&self) -> Result<(), Fault> {
        let refspec = format!("+{}:{BASE}", self.target.base.as_deref().unwrap_or("HEAD"));
        let arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"];
        let arguments = [&arguments[..], &["--depth=1", "--refetch", "--no-filter", "origin", &refspec]].concat();
        match self.git(&[], &arguments, b"")? {
            ran if ran.ok => Ok(()),
            ran => Err(fault(&ran.said)),
        }
    }

    /// The objects that are here, and a place for new ones.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn objects(&self) -> Result<gix_odb::Handle, Fault> {
        gix_odb::at(self.dir.path().join("objects"), self.hash).map_err(|error| failed(&error))
    }

    /// A git command in the scratch repository.
    fn command(&self, config: &[(&str, &str)]) -> Command {
        let url = [("remote.origin.url", self.target.address.as_str())];
        self.net.command(self.dir.path(), &[&url[..], config].concat(), self.target.login.as_ref())
    }

    /// Runs a git command in the scratch repository.
    ///
    /// # Errors
    /// It cannot be run, or takes too long.
    pub fn git(&self, config: &[(&str, &str)], arguments: &[&str], input: &[u8]) -> Result<Ran, Fault> {
        let mut command = self.command(config);
        command.args(arguments);
        let mut ran = self.run(command, input)?;
        // The scratch folder is nobody's business.
        ran.said = ran.said.replace(&*self.dir.path().to_string_lossy(), ".");
        Ok(ran)
    }

    /// The merge request whose source is this commit, if the server keeps one. Source: GitLab, "Checkout merge requests locally through the
    /// head ref".
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn merge_request(&self, commit: &str) -> Result<Option<String>, Fault> {
        if self.target.is_path() {
            return Ok(None);
        }
        let ran = self.git(&[], &["ls-remote", "--quiet", "origin", "refs/merge-requests/*/head"], b"")?;
        if !ran.ok {
            return Err(fault(&ran.said));
        }
        let out = String::from_utf8_lossy(&ran.out);
        let numbers = out.lines().filter_map(|line| {
            let (id, name) = line.split_once('\t')?;
            let number = name.strip_prefix("refs/merge-requests/")?.strip_suffix("/head")?;
            number.parse::<u64>().ok().filter(|_| id == commit)
        });
        Ok(numbers.max().map(|number| {
            let address = &self.target.address;
            match address.starts_with("http://") || address.starts_with("https://") {
                true => {
                    let address = address.trim_end_matches('/');
                    let address = address.strip_suffix(".git").unwrap_or(address);
                    format!("{address}/-/merge_requests/{number}")
                }
                false => format!("!{number}"),
            }
        }))
    }

    /// Another scratch repository of the same target, with a commit that no branch has any more, and all its past.
    ///
    /// # Errors
    /// The server does not have it any more, or does not give it.
    pub fn with_lost(self, commit: &str) -> Result<Scratch, Fault> {
        if self.target.is_path() {
            return Ok(self);
        }
        let dir = folder()?;
        let scratch = Scratch { dir, ..self };
        scratch.write(None)?;
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "origin"];
        let refspec = format!("{commit}:{BASE}");
        match scratch.git(&[], &[&fetch[..], &[refspec.as_str()]].concat(), b"")? {
            ran if ran.ok => Ok(scratch),
            ran => Err(fault(&ran.said)),
        }
    }

    /// Whether the target is a folder on this machine.
    pub fn is_local(&self) -> bool {
        self.target.is_path()
    }

    /// Runs a command within the time that is left.
    fn run(&self, command: Command, input: &[u8]) -> Result<Ran, Fault> {
        let begin = Instant::now();
        let left = *self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let ran = self.net.run(command, input, left);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(begin.elapsed());
        ran.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => {
                Fault { is_passing: true, ..Fault::new(Outcome::Unreachable, error.to_string()) }
            }
            _ => failed(&error),
        })
    }

    fn fetch_first(&mut self, branch: &str) -> Result<Found, Fault> {
        let base = self.target.base.clone().unwrap_or_else(|| "HEAD".to_owned());
        let refs = [format!("+{base}:{BASE}"), format!("+refs/heads/{branch}*:{THERE}b*")];
        let mut filters = FILTERS.iter();
        let mut filter = filters.next().copied().flatten();
        loop {
            self.write(filter)?;
            let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1"];
            arguments.extend(["--recurse-submodules=no"].into_iter().chain(filter));
            arguments.extend(["origin", &refs[0], &refs[1]]);
            let ran = self.git(&[], &arguments, b"")?;
            if ran.ok {
                break;
            }
            let said = &ran.said;
            if said.contains("mismatched algorithms") && self.hash == gix_hash::Kind::Sha1 {
                self.hash = gix_hash::Kind::Sha256;
            } else if said.contains("filter") && filter.is_some() {
                filter = filters.next().copied().flatten();
            } else if said.contains("couldn't find remote ref HEAD") {
                return Ok(Found::Nothing);
            } else if said.contains("couldn't find remote ref") {
                return Ok(Found::NoRef(base));
            } else {
                return Err(fault(said));
            }
        }
        self.base = self.reference(BASE).ok_or_else(|| Fault::new(Outcome::Failed, "git fetched no commit"))?;
        self.found = self.reference(&format!("{THERE}b"));
        Ok(Found::Commit)
    }

    /// Takes the objects of a folder's repository as its own; nothing there is changed.
    fn attach(&mut self, branch: &str) -> Result<Found, Fault> {
        let path = PathBuf::from(&self.target.address);
        if !path.is_dir() {
            return Err(Fault::new(Outcome::Unreachable, "there is no such folder"));
        }
        let ask = |arguments: &[&str]| {
            let mut command = self.net.command(&path, &[], None);
            command.args(arguments);
            self.run(command, b"")
        };
        let ran = ask(&["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-object-format"])?;
        let answer = String::from_utf8_lossy(&ran.out).into_owned();
        let mut lines = answer.lines();
        let (true, Some(common), Some(format)) = (ran.ok, lines.next(), lines.next()) else {
            return Err(Fault::new(Outcome::Invalid, "this folder is no git repository"));
        };
        let base = format!("{}^{{commit}}", self.target.base.as_deref().unwrap_or("HEAD"));
        let commit = ask(&["rev-parse", "--quiet", "--verify", "--end-of-options", &base])?;
        if !commit.ok {
            return Ok(self.target.base.clone().map_or(Found::Nothing, Found::NoRef));
        }
        let found = ask(&["rev-parse", "--quiet", "--verify", &format!("refs/heads/{branch}")])?;
        if format == "sha256" {
            self.hash = gix_hash::Kind::Sha256;
        }
        self.write(None)?;
        let place = |result: io::Result<()>| result.map_err(|error| failed(&error));
        let alternates = self.dir.path().join("objects/info");
        place(fs::create_dir_all(&alternates))?;
        place(fs::write(alternates.join("alternates"), format!("{common}/objects\n")))?;
        if let Ok(shallow) = fs::read(Path::new(common).join("shallow")) {
            place(fs::write(self.dir.path().join("shallow"), shallow))?;
        }
        let line = |ran: &Ran| String::from_utf8_lossy(&ran.out).trim().to_owned();
        self.base = line(&commit);
        self.found = Some(line(&found)).filter(|_| found.ok);
        self.target.address = common.to_owned();
        Ok(Found::Commit)
    }

    /// What `git init --bare` would write, and no more.
    fn write(&self, filter: Option<&str>) -> Result<(), Fault> {
        let dir = self.dir.path();
        // What does not outlive the process need not be on the disk.
        let core = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tfsync = none\n";
        // A few objects are packed and indexed sooner than threads are made for it.
        let mut config = format!("{core}[pack]\n\tthreads = 1\n[extensions]\n");
        if self.hash == gix_hash::Kind::Sha256 {
            config.push_str("\tobjectFormat = sha256\n");
        }
        if let Some(filter) = filter {
            let filter = filter.trim_start_matches("--filter=");
            config.push_str("\tpartialClone = origin\n[remote \"origin\"]\n\tpromisor = true\n");
            config.push_str(&format!("\tpartialclonefilter = {filter}\n"));
        }
        let write = || {
            fs::create_dir_all(dir.join("objects"))?;
            fs::create_dir_all(dir.join("refs/heads"))?;
            fs::write(dir.join("HEAD"), "ref: refs/heads/none\n")?;
            fs::write(dir.join("config"), &config)
        };
        write().map_err(|error| failed(&error))
    }

    fn reference(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.dir.path().join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|id| !id.is_empty())
    }
}

fn folder() -> Result<TempDir, Fault> {
    tempfile::Builder::new().prefix("ci-migrate-").tempdir().map_err(|error| failed(&error))
}

/// Objects that should be here are not.
pub(super) fn lacking(what: &str) -> Fault {
    Fault::new(Outcome::Failed, format!("git fetched a {what} that cannot be read"))
}

/// The scratch repository takes no objects.
pub(super) fn unwritten() -> Fault {
    Fault::new(Outcome::Failed, "the commits cannot be written to the folder for temporary files")
}

/// The system's words, without a number and without a path.
pub(super) fn failed(error: &io::Error) -> Fault {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "there is no `git` on PATH".to_owned(),
        kind => kind.to_string(),
    };
    Fault::new(Outcome::Failed, message)
}
