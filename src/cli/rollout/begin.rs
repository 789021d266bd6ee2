//! What a rollout begins with: the repositories, the plan, the state folder.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::args::Go;
use super::{Fail, Global, Opened, Ui, first, groups, shard};
use crate::apply::words;
use crate::cli::repository::phases;
use crate::migration::Phase;
use crate::rollout::{Entry, Journal, Past, Plan, Shard, Target, Work, home, read_list, without_credentials};
use crate::transform::Settings;

/// What is known before anything is asked of a server.
pub struct Begun {
    pub plan: Plan,
    pub phases: Vec<Phase>,
    pub works: Vec<Work>,
    pub shard: Option<Shard>,
}

/// Reads the repositories and makes the plan.
pub fn begin(global: &Global, args: &Go, ui: &Ui) -> Result<Begun, Fail> {
    let targets = targets(args, ui)?;
    let mut phases = phases(global)?;
    if let Some(last) = args.phase.or(args.through) {
        if !phases.iter().any(|phase| phase.number == last) {
            return Err(Fail::input(format!("there is no phase {last}"), "`ci-migrate explain` lists them"));
        }
        phases.retain(|phase| phase.number <= last);
    }
    for assignment in global.set.iter().chain(targets.iter().flat_map(|target| &target.set)) {
        Settings::default().set(assignment).map_err(|error| super::super::fail::setting(error, None))?;
    }
    if !is_branch(&args.branch) {
        return Err(Fail::input(
            format!("`{}` is no name for a branch", args.branch),
            "such as feat/buildkit-rootless",
        ));
    }
    if args.in_place
        && let Some(target) = targets.iter().find(|target| !target.is_path() || target.base.is_some())
    {
        let message = format!("{} is no folder whose files could be edited in place", target.id);
        return Err(Fail::input(message, "--in-place is for paths without a ref; leave it out to make branches"));
    }
    let shard = shard(args)?;
    let plan = Plan {
        version: 1,
        id: String::new(),
        date: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        author: if args.in_place { String::new() } else { author(args)? },
        track: global.track.clone(),
        rules: String::new(),
        phase: args.phase,
        through: args.through,
        branch: if args.in_place { String::new() } else { args.branch.clone() },
        file: global.file.clone(),
        set: global.set.clone(),
        assume_complete: global.assume_complete,
        repositories: targets.iter().map(Entry::from).collect(),
    };
    let plan = plan.sealed(&phases);
    let here = targets.into_iter().filter(|target| shard.is_none_or(|shard| shard.holds(&target.id)));
    let works = here.map(|target| Work { target, past: Past::default() }).collect();
    Ok(Begun { plan, phases, works, shard })
}

/// The folder in which plan and journal are kept.
pub fn state(args: &Go, plan: &Plan) -> Result<PathBuf, Fail> {
    match &args.state {
        Some(folder) => Ok(folder.clone()),
        None => Ok(home().ok_or_else(|| Fail::input("there is no home directory", "say --state DIR"))?.join(&plan.id)),
    }
}

/// Writes the plan down, or takes the one that is there.
pub fn keep(plan: Plan, state: &Path) -> Result<Plan, Fail> {
    plan.keep(state).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Fail::refused(
            format!("{} holds another rollout: other repositories, options or phases", state.display()),
            "name another folder with --state, or say the same command as before",
        ),
        _ => unwritable(state, &error),
    })
}

/// Opens the journal, whose first line says which plan and which part of it.
pub fn journal(state: &Path, plan: &Plan, shard: Option<Shard>) -> Result<Opened, Fail> {
    let (journal, history) = Journal::open(state).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => {
            Fail::refused("another process is at work on this rollout", "wait for it to end, or name another --state")
        }
        _ => unwritable(state, &error),
    })?;
    match &history.plan {
        None => journal.add(&first(plan, shard)).map_err(|error| unwritable(state, &error))?,
        Some(_) if history.shard != shard.map(|shard| shard.to_string()) => {
            return Err(Fail::refused(
                format!("{} holds another shard of this rollout", state.display()),
                "name a folder for each shard with --state",
            ));
        }
        Some(_) => {}
    }
    Ok((journal, history))
}

fn targets(args: &Go, ui: &Ui) -> Result<Vec<Target>, Fail> {
    let mut targets = Vec::new();
    for word in &args.repositories {
        targets.push(Target::new(word).map_err(|why| Fail::input(why, "a repository is a path or a URL"))?);
    }
    if let Some(file) = &args.from {
        let name = if file.as_os_str() == "-" { "stdin".to_owned() } else { file.display().to_string() };
        let text = match file.as_os_str() == "-" {
            true => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map(|_| text)
            }
            false => std::fs::read_to_string(file),
        };
        let text =
            text.map_err(|error| Fail::input(format!("{name}: {}", words(&error)), "name a list that can be read"))?;
        let listed = read_list(&text).map_err(|why| {
            Fail::input(
                format!("{name}: {}", without_credentials(&why)),
                "a line a repository, or YAML as in docs/rollout.md",
            )
        })?;
        targets.extend(listed);
    }
    for address in groups::addresses(&args.groups, ui)? {
        targets.push(Target::new(&address).map_err(|why| Fail::input(why, "the GitLab gave an address that is none"))?);
    }
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    targets.retain(|target| {
        let is_new = ids.insert(target.id.clone()) & places.insert(target.place());
        if !is_new {
            ui.odd(&format!("{} is named twice; once is enough.", target.id));
        }
        is_new
    });
    if targets.is_empty() {
        return Err(Fail::input("no repository is named", "give paths or URLs, a list with --from, or a --group"));
    }
    Ok(targets)
}

/// Who makes the commits.
fn author(args: &Go) -> Result<String, Fail> {
    let unknown =
        || Fail::input("git does not know who commits", "say --author 'Name <email>', or set user.name and user.email");
    if let Some(author) = &args.author {
        let is_whole =
            author.ends_with('>') && author.matches(['<', '>']).count() == 2 && !author.contains(char::is_control);
        return match author.split_once(" <").filter(|(name, _)| is_whole && !name.trim().is_empty()) {
            Some(_) => Ok(author.clone()),
            None => Err(Fail::input(format!("`{author}` is no author"), "write --author 'Name <email>'")),
        };
    }
    let ident = Command::new("git").args(["var", "GIT_COMMITTER_IDENT"]).stdin(Stdio::null()).output();
    let ident = ident.map_err(|_| Fail::input("there is no `git` on PATH", "install git"))?;
    let text = String::from_utf8_lossy(&ident.stdout).trim().to_owned();
    // `Name <email> SECONDS ZONE`.
    let end = text.rfind('>').filter(|_| ident.status.success()).ok_or_else(unknown)?;
    Ok(text.get(..=end).ok_or_else(unknown)?.to_owned())
}

fn is_branch(name: &str) -> bool {
    let output = Command::new("git").args(["check-ref-format", "--branch", name]).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success() && String::from_utf8_lossy(&output.stdout).trim_end() == name)
}

fn unwritable(state: &Path, error: &io::Error) -> Fail {
    let message = format!("the state of the rollout cannot be kept in {}: {error}", state.display());
    Fail::input(message, "name a folder that may be written with --state")
}
