//! Looks into the scripts and Makefiles of the repository that a job runs, for the docker that the CI file does not show.
//!
//! A shell script that is understood and uses no docker hides none. One that does is named with the line; it stays for a
//! person to change, as only what stands in the CI files is edited. That a file hides nothing is said only of one whose path
//! is certain; that it uses docker, of each that the job may mean: files are named below folders and by variables.

mod certain;
mod exports;
mod ground;
mod installs;
mod manifests;
mod neighbours;
mod scanners;
mod tools;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use certain::{is_sourced, is_written};
use globset::GlobSet;
use ground::Ground;
use installs::installs;
use neighbours::{Call, Place};
use rayon::prelude::*;

use super::engine::LONG;
use crate::pipeline::{Files, Pipeline};
use crate::shell::{
    Command, Hidden, Script, calls_own, docker, expansions_run, hides_docker, mentions_docker, other_daemon_users,
};
use crate::transform::{DAEMON_VARIABLES, Facts, Reason, Settings, Unseen, Values, cluster_of, hangs_on_daemon, short};

/// What a file is found to do.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// No docker, for certain.
    Nothing,
    /// No docker either; but what a client would feel, at this line.
    Client(usize, String),
    /// This, at this line.
    Docker(usize, String),
    Unknown,
}

/// Takes away what is shown to hide nothing, and says of the rest what was found.
pub(super) fn look_into(facts: &mut [Facts<'_>], files: &dyn Files, pipeline: &Pipeline, settings: &Settings) {
    let mut looks = Looks::new(files, settings);
    // What runs out of sight may install as well.
    let first = |facts: &Facts<'_>| {
        let command = |unseen: &Unseen| facts.parts.get(unseen.part)?.script.commands().get(unseen.command);
        let hidden = facts.hidden.iter().filter_map(|unseen| Some((unseen, command(unseen)?)));
        let perhaps = facts.perhaps.iter().map(|(unseen, command)| (unseen, command));
        let mut all = hidden.chain(perhaps).filter(|(_, command)| !looks.is_declared(command));
        all.next().map(|(unseen, _)| unseen.clone())
    };
    let firsts: Vec<Option<Unseen>> = facts.iter().map(first).collect();
    facts.iter_mut().filter(|facts| !facts.scans.is_empty()).for_each(|facts| looks.scanners(facts));
    let values = |facts: &Facts<'_>| (!facts.perhaps.is_empty()).then(|| Values::of(&facts.effective, pipeline));
    let values: Vec<Option<Values>> = facts.par_iter().with_min_len(LONG).map(values).collect();
    for (facts, values) in facts.iter_mut().zip(values) {
        let Some(values) = values else { continue };
        let ground = Ground::of(facts, values);
        looks.knows(&ground.values);
        let perhaps = std::mem::take(&mut facts.perhaps);
        let moves = ground.around.moves || looks.is_moved(facts);
        for (mut unseen, command) in perhaps {
            if looks.is_declared(&command) || looks.is_without_docker(&command) {
                continue;
            }
            let file = path(&command).filter(|_| !moves);
            let file = file.filter(|paths| !is_written(facts, paths)).and_then(|paths| looks.first(&paths, &command));
            let found = match file {
                Some((_, Found::Nothing | Found::Client(..))) => continue,
                Some((path, Found::Docker(line, what))) => Some((path, Found::Docker(line, what))),
                _ => looks.shown(&command, &ground),
            };
            match found {
                Some((path, Found::Docker(line, what))) => {
                    unseen.reason.message += &format!(": `{what}` stands in {path}:{line}");
                    facts.hidden.push(unseen);
                }
                _ => facts.perhaps.push((unseen, command)),
            }
        }
        if let Some((mut unseen, _)) = facts.perhaps.first().filter(|_| facts.hidden.is_empty()).cloned()
            && let Some((path, Found::Docker(line, what))) = looks.named(&ground)
        {
            unseen.reason.message += &format!(": `{what}` stands in {path}:{line}");
            facts.hidden.push(unseen);
        }
    }
    looks.knows(&Rc::default());
    facts.iter_mut().filter(|facts| !facts.exports.is_empty()).for_each(|facts| looks.exports(facts));
    for facts in facts.iter_mut().filter(|facts| !facts.hidden.is_empty()) {
        let mut hidden = std::mem::take(&mut facts.hidden);
        // After a `cd` a path is not one from the root.
        let moves = facts.parts.iter().flat_map(|part| part.script.commands()).any(Command::changes_folder)
            || looks.is_moved(facts);
        let builds = !facts.recipes.is_empty() || facts.bake || facts.compose;
        hidden.retain_mut(|unseen| {
            let part = facts.parts.get(unseen.part);
            let command = part.and_then(|part| part.script.commands().get(unseen.command));
            if command.is_some_and(|command| looks.is_declared(command) || looks.is_without_docker(command)) {
                return false;
            }
            let file = command.filter(|_| !moves).and_then(|command| Some((path(command)?, command)));
            let file = file.filter(|(paths, _)| !is_written(facts, paths));
            let file = file.and_then(|(paths, command)| looks.first(&paths, command));
            let file = file.or_else(|| looks.manifest(command?, &Ground::root(), DEPTH));
            let Some((path, found)) = file else { return true };
            match &found {
                Found::Docker(line, what) => unseen.reason.message += &format!(": `{what}` stands in {path}:{line}"),
                Found::Client(line, what) => {
                    let message = format!("`{what}` in {path}:{line} is about what buildx finds its builder by");
                    unseen.reason = Reason { code: "kubeconfig", message, ..unseen.reason.clone() };
                }
                Found::Nothing | Found::Unknown => {}
            }
            !matches!(found, Found::Nothing) && (builds || !matches!(found, Found::Client(..)))
        });
        facts.hidden = hidden;
    }
    if let Some((path, Found::Docker(line, what))) = looks.lifecycle() {
        let told = format!("runs `{what}` of {path}:{line} by itself");
        let withs = facts.iter_mut().zip(&firsts).filter(|(facts, _)| !facts.dind.is_empty());
        for (facts, first) in withs {
            if !installs(facts, pipeline, &told)
                && let Some(mut unseen) = first.clone()
            {
                unseen.reason.message += &format!(": if it installs packages, that {told}");
                unseen.reason.code = "package-script";
                facts.hidden.push(unseen);
            }
        }
    }
}

/// How deeply scripts that call scripts are followed.
const DEPTH: usize = 4;

/// As many files are read that a job's words only may mean.
const MOST: usize = 100;

struct Looks<'f> {
    files: &'f dyn Files,
    /// By the path of a file, and by how it is run.
    known: BTreeMap<(String, Call), Option<Found>>,
    /// What the files of tools hold: many jobs call the same tool.
    texts: BTreeMap<String, Option<String>>,
    /// Which tools that do what files say find no docker in them.
    by_file: BTreeMap<String, bool>,
    list: OnceCell<Vec<String>>,
    /// Those that match a pattern: many jobs ask for the same.
    listed: RefCell<BTreeMap<String, Vec<String>>>,
    /// What the variables of the job may be, and those of them that speak of docker.
    values: Rc<Values>,
    speaking: Vec<String>,
    /// Commands that the team says use no docker.
    declared: GlobSet,
}

impl<'f> Looks<'f> {
    fn new(files: &'f dyn Files, settings: &Settings) -> Self {
        let (known, texts) = (BTreeMap::new(), BTreeMap::new());
        let declared = settings.declared_commands();
        let (list, listed, values, by_file) = (OnceCell::new(), RefCell::default(), Rc::default(), BTreeMap::new());
        Looks { files, known, texts, by_file, list, listed, values, speaking: Vec::new(), declared }
    }

    /// Whether the team says that a command uses no docker, by its program or by all of its words.
    fn is_declared(&self, command: &Command) -> bool {
        let words: Vec<&str> = command.words.iter().map(|word| word.display()).collect();
        let is = |text: &str| self.declared.is_match(text);
        !self.declared.is_empty() && (words.first().is_some_and(|word| is(word)) || is(&words.join(" ")))
    }

    /// Turns to a job with other variables: a script that runs one may then use docker.
    fn knows(&mut self, values: &Rc<Values>) {
        let speaking = values.speaking();
        if speaking != self.speaking {
            self.known.clear();
        }
        self.speaking = speaking;
        self.values = Rc::clone(values);
    }

    fn list(&self) -> &[String] {
        self.list.get_or_init(|| self.files.list().unwrap_or_default())
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let read = || self.files.read(path).ok().flatten();
        self.texts.entry(path.to_owned()).or_insert_with(read).clone()
    }

    /// The first of these files that is there.
    fn first(&mut self, paths: &[String], command: &Command) -> Option<(String, Found)> {
        let call = Call::of(command, "");
        paths.iter().find_map(|path| Some((path.clone(), self.file(path, &call, DEPTH)?)))
    }

    /// The docker in what a command may run, wherever that may be.
    fn shown(&mut self, command: &Command, ground: &Ground) -> Option<(String, Found)> {
        let operand = matches!(hides_docker(command)?.code, "script" | "interpreter" | "expansion" | "ansible");
        let word = hides_docker(command)?.target.filter(|_| operand).and_then(|target| command.words.get(target));
        let paths = word.map(|word| ground.paths(word.display())).unwrap_or_default();
        paths
            .iter()
            .find_map(|path| self.uses(path, &Call::of(command, "")))
            .or_else(|| self.manifest(command, ground, DEPTH))
    }

    /// The docker in the scripts that the words of a job name, by their paths, by a wildcard, or by their folder.
    fn named(&mut self, ground: &Ground) -> Option<(String, Found)> {
        let is_glob = |path: &String| path.contains(['*', '?', '[']);
        let words = ground.around.words.iter().flat_map(|word| ground.paths(word));
        let (globs, mut paths): (Vec<String>, Vec<String>) = words.partition(is_glob);
        paths.extend(globs.iter().flat_map(|glob| self.listed(glob, MOST)));
        let folders = ground.around.listed.iter().flat_map(|folder| ground.paths(folder));
        let below = folders.filter(|folder| !is_glob(folder)).collect::<Vec<_>>();
        paths.extend(below.iter().flat_map(|folder| self.listed(&format!("{folder}/**"), MOST)));
        paths.retain(|path| is_script(path));
        paths.into_iter().take(MOST).find_map(|path| self.uses(&path, &Call::default()))
    }

    fn uses(&mut self, path: &str, call: &Call) -> Option<(String, Found)> {
        let found = self.file(path, call, DEPTH)?;
        matches!(found, Found::Docker(..)).then(|| (path.to_owned(), found))
    }

    fn file(&mut self, path: &str, call: &Call, depth: usize) -> Option<Found> {
        let key = (path.to_owned(), call.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        // A script that calls itself: not known before it is read.
        self.known.insert(key.clone(), Some(Found::Unknown));
        let text = self.files.read(path).ok().flatten();
        let found = text.map(|text| match is_shell(path, &text) {
            true => self.shell(&text, folder_of(path), call, depth),
            false => mention(&text).unwrap_or(Found::Unknown),
        });
        // What is not known here, because others were being read, may be known to the next who asks.
        if matches!(found, Some(Found::Unknown)) && depth < DEPTH {
            self.known.remove(&key);
        } else {
            self.known.insert(key, found.clone());
        }
        found
    }

    /// What a script does that stands in a folder, called so.
    fn shell(&mut self, text: &str, folder: &str, call: &Call, depth: usize) -> Found {
        let script = Script::parse([text]);
        if depth == 0 || !script.clean() {
            return mention(text).unwrap_or(Found::Unknown);
        }
        if let Some(found) = feels_daemon(text, &script) {
            return found;
        }
        let mut place = Place::of(&script, folder, call);
        let sourced = script.commands().iter().enumerate().filter(|(_, command)| is_sourced(command));
        let files: Vec<String> =
            sourced.filter_map(|(index, command)| place.files(index, command)).flat_map(|it| it.1).collect();
        place.lost |= files.iter().any(|path| self.changes_folder(path));
        let (mut unknown, mut client) = (false, None);
        for (index, command) in script.commands().iter().enumerate() {
            let line = || {
                let at = command.span.as_ref().map_or(0, |span| span.range.start);
                text.get(..at).unwrap_or_default().matches('\n').count() + 1
            };
            let calls = |what: String| (line(), format!("{}` for `{what}", short(command.raw())));
            let hidden = hides_docker(command).filter(|_| {
                !calls_own(&script, command) && !self.is_declared(command) && !self.is_without_docker(command)
            });
            let shown = docker(command).is_some() || other_daemon_users(command).is_some();
            // A string or an alias that speaks of docker, and a variable that is docker.
            let said = hidden.as_ref().is_some_and(|hidden| {
                (matches!(hidden.code, "shell-string" | "alias" | "says-docker") && mentions_docker(command.raw()))
                    || expansions_run(command).iter().any(|run| self.values.docker(run).is_some())
            });
            if shown || said {
                return Found::Docker(line(), short(command.raw()));
            }
            if hidden.is_none() {
                continue;
            }
            let inner = place.files(index, command);
            let inner = inner.and_then(|(call, paths)| paths.iter().find_map(|path| self.file(path, &call, depth - 1)));
            match inner {
                Some(Found::Nothing) => {}
                Some(Found::Docker(_, what)) => {
                    let (line, what) = calls(what);
                    return Found::Docker(line, what);
                }
                Some(Found::Client(_, what)) => {
                    let (line, what) = calls(what);
                    client = Some(Found::Client(line, what));
                }
                Some(Found::Unknown) | None => {
                    match self.manifest(command, &Ground::at(place.at(index).unwrap_or_default()), depth) {
                        Some((_, Found::Docker(_, what))) => {
                            let (line, what) = calls(what);
                            return Found::Docker(line, what);
                        }
                        _ => unknown = true,
                    }
                }
            }
        }
        if unknown {
            return Found::Unknown;
        }
        let own = cluster_of(&script).map(|(line, what)| Found::Client(line, what));
        own.or(client).unwrap_or(Found::Nothing)
    }
}

/// Where a script hangs on the daemon without a word of docker.
fn feels_daemon(text: &str, script: &Script) -> Option<Found> {
    let name = hangs_on_daemon(script)?;
    let is_there = |line: &str| !line.trim_start().starts_with('#') && line.contains(name);
    let line = text.lines().position(is_there).unwrap_or_default();
    Some(Found::Docker(line + 1, name.to_owned()))
}

/// The first line that speaks of docker, for files whose language is not read.
fn mention(text: &str) -> Option<Found> {
    let says = |line: &str| {
        let reads = DAEMON_VARIABLES.iter().any(|name| line.contains(name));
        (reads || mentions_docker(line)) && !line.trim_start().starts_with(['#', '/'])
    };
    let (number, line) = text.lines().enumerate().find(|(_, line)| says(line))?;
    Some(Found::Docker(number + 1, short(line)))
}

/// Whether a path is a script's, by its ending: data that is handed over is not run.
fn is_script(path: &str) -> bool {
    const ENDINGS: &[&str] =
        &["sh", "bash", "zsh", "ksh", "bats", "py", "rb", "js", "mjs", "ts", "pl", "php", "ps1", "mk"];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

fn is_shell(path: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let named =
        first.starts_with("#!") && first.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "dash"));
    named || (!first.starts_with("#!") && (path.ends_with(".sh") || path.ends_with(".bash")))
}

/// The folder of a path, from the root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The files that a command runs, one of them, by their paths from the root.
fn path(command: &Command) -> Option<Vec<String>> {
    let Hidden { code, target } = hides_docker(command)?;
    // `env -C ci ./t.sh`
    let elsewhere =
        |word: &str| word.starts_with("-C") || word.starts_with("--chdir") || word == "-execdir" || word == "-okdir";
    if command.words.iter().any(|word| elsewhere(word.display())) {
        return None;
    }
    match code {
        "make" => {
            let named = command.words.iter().skip_while(|word| word.display() != "-f").nth(1);
            let usual = || ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec();
            Some(named.map_or_else(usual, |file| vec![file.display().trim_start_matches("./").to_owned()]))
        }
        "script" | "interpreter" | "expansion" => {
            let target = target?;
            let written = command.words.get(target)?.display();
            let below = ["./", "$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/"];
            let path = below.iter().find_map(|prefix| written.strip_prefix(prefix)).unwrap_or(written);
            let plain = !path.is_empty() && !path.starts_with(['/', '~', '-']) && !path.contains(['$', '`']);
            // `python -m ci.run`
            let module = || format!("{}.py", path.replace('.', "/"));
            let is_module = target
                .checked_sub(1)
                .and_then(|before| command.words.get(before))
                .is_some_and(|it| it.display() == "-m");
            let path = if is_module { module() } else { path.to_owned() };
            (plain && !path.split('/').any(|part| part == "..")).then(|| vec![path])
        }
        _ => None,
    }
}
