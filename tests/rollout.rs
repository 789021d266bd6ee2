//! A rollout over real git servers on the loopback: what is pushed, what is refused, and what a kill leaves.
#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Ran, testdata};
use serde_json::Value;

const BRANCH: &str = "feat/buildkit-rootless";

/// A folder with bare repositories, `git daemon` over it, and a user's state. The server ends with it.
struct Place {
    folder: tempfile::TempDir,
    daemon: Option<Child>,
    port: u16,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Someone", "-c", "user.email=someone@example.com"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("srv")).unwrap();
        Place { folder, daemon: None, port: 0 }
    }

    /// Starts `git daemon` on a port of the loopback that was free a moment ago.
    fn serve(mut self) -> Place {
        for _ in 0..5 {
            self.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let exec = Command::new("git").arg("--exec-path").output().unwrap();
            let exec = String::from_utf8(exec.stdout).unwrap();
            // The program itself, so that what is ended is the server and not its parent.
            let mut daemon = Command::new(Path::new(exec.trim()).join("git-daemon"))
                .args(["--reuseaddr", "--listen=127.0.0.1", "--export-all", "--enable=receive-pack", "--timeout=30"])
                .arg(format!("--port={}", self.port))
                .arg(format!("--base-path={}", self.srv("").display()))
                .arg(self.srv(""))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(10) && daemon.try_wait().unwrap().is_none() {
                if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    self.daemon = Some(daemon);
                    return self;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        panic!("git daemon does not start");
    }

    fn srv(&self, name: &str) -> PathBuf {
        self.folder.path().join("srv").join(name)
    }

    /// A bare repository with a sample in it, made like a server's.
    fn repository(&self, name: &str, sample: &str, init: &[&str]) -> PathBuf {
        let work = self.work(name, sample, init);
        self.publish(name, &work)
    }

    fn work(&self, name: &str, sample: &str, init: &[&str]) -> PathBuf {
        let work = self.folder.path().join("work").join(name);
        std::fs::create_dir_all(&work).unwrap();
        git_in(&work, &[&["init", "-q", "-b", "main"], init].concat());
        for (path, from) in common::files(&testdata("pipelines").join(sample)) {
            let to = work.join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
        }
        git_in(&work, &["add", "-A"]);
        git_in(&work, &["commit", "-q", "-m", "before"]);
        work
    }

    fn publish(&self, name: &str, work: &Path) -> PathBuf {
        let bare = self.srv(&format!("{name}.git"));
        git_in(self.folder.path(), &["clone", "-q", "--bare", work.to_str().unwrap(), bare.to_str().unwrap()]);
        git_in(&bare, &["config", "uploadpack.allowFilter", "true"]);
        bare
    }

    fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}.git", self.port)
    }

    /// Writes a list of repositories, and gives its path.
    fn list(&self, urls: &[String]) -> String {
        let path = self.folder.path().join("list");
        std::fs::write(&path, urls.join("\n")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        command
            .current_dir(self.folder.path())
            .arg("rollout")
            .args(arguments)
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("TMPDIR", self.scratch())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Someone")
            .envs([("GIT_COMMITTER_NAME", "Someone"), ("GIT_COMMITTER_EMAIL", "someone@example.com")])
            .stdin(Stdio::null());
        command
    }

    fn scratch(&self) -> PathBuf {
        let scratch = self.folder.path().join("tmp");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    #[track_caller]
    fn wants(&self, code: i32, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
        assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.out, ran.err);
        ran
    }

    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.wants(code, &[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
    }
}

/// The rows of an answer by the last part of their name.
fn rows(answer: &Value) -> BTreeMap<String, Value> {
    let rows = answer["repositories"].as_array().unwrap().iter();
    let name = |row: &Value| row["repository"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    rows.map(|row| (name(row), row.clone())).collect()
}

fn outcomes(answer: &Value) -> BTreeMap<String, String> {
    rows(answer).into_iter().map(|(name, row)| (name, row["outcome"].as_str().unwrap().to_owned())).collect()
}

fn hook(bare: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(bare.join("hooks")).unwrap();
    let path = bare.join("hooks").join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn head(bare: &Path, branch: &str) -> Option<String> {
    let output = Command::new("git")
        .current_dir(bare)
        .args(["rev-parse", "--quiet", "--verify", &format!("refs/heads/{branch}")])
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Every line of every journal below a folder.
fn journal(state: &Path) -> Vec<Value> {
    let files = common::files(state).into_iter().filter(|(name, _)| name.ends_with("journal.jsonl"));
    let texts = files.map(|(_, path)| std::fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()).collect()
}

#[test]
fn thirty_repositories_are_planned_pushed_and_left_alone_by_a_second_run() {
    let place = Place::new();
    let samples = ["monorepo", "included-builds", "job-level-dind", "crlf", "own-before-script", "no-final-newline"];
    let names: Vec<String> = (0..30).map(|number| format!("r{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        let bare = place.srv(&format!("{name}.git"));
        match number {
            0..6 => drop(place.repository(name, samples[number], &[])),
            // The others are copies: what counts is that they are many.
            _ => {
                let from = place.srv(&format!("r{:02}.git", number % 6));
                git_in(place.folder.path(), &["clone", "-q", "--bare", from.to_str().unwrap(), bare.to_str().unwrap()]);
                git_in(&bare, &["config", "uploadpack.allowFilter", "true"]);
            }
        }
    }
    let place = place.serve();
    let list = place.list(&names.iter().map(|name| place.url(name)).collect::<Vec<_>>());

    // The plan writes to its folder and to no other.
    place.wants(0, &["--from", &list, "--dry-run", "plan"]);
    let written = common::files(&place.folder.path().join("plan"));
    assert_eq!(written.iter().filter(|(name, _)| name.ends_with(".patch")).count(), 30);
    for form in ["report.html", "report.md", "report.csv", "report.json"] {
        assert!(written.iter().any(|(name, _)| name == form), "{form}");
    }
    assert!(!place.folder.path().join("state").exists());
    assert!(names.iter().all(|name| head(&place.srv(&format!("{name}.git")), BRANCH).is_none()));
    let texts = || written.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>();
    let first = texts();
    place.wants(0, &["--from", &list, "--dry-run", "plan", "--jobs", "2"]);
    assert!(first == texts(), "the same plan, whatever the order in which the servers answer");

    // Without a terminal and without a word nothing happens.
    let ran = place.wants(2, &["--from", &list]);
    assert!(ran.err.contains("--dry-run DIR") && ran.err.contains("--yes"), "{}", ran.err);
    assert!(!place.folder.path().join("state").exists());

    let answer = place.json(0, &["--from", &list, "--yes", "--author", "A B <a@example.com>"]);
    assert_eq!(answer["totals"]["repositories"], 30);
    assert!(outcomes(&answer).values().all(|outcome| outcome == "migrated" || outcome == "partly"));
    for (name, row) in rows(&answer) {
        let bare = place.srv(&format!("{name}.git"));
        assert_eq!(head(&bare, BRANCH).as_deref(), row["commit"].as_str(), "{name}");
        let base = row["base"].as_str().unwrap();
        let commits = git_in(&bare, &["rev-list", "--count", &format!("{base}..{BRANCH}")]);
        assert_eq!(commits, row["phases"].as_array().unwrap().len().to_string(), "a commit a phase");
        git_in(&bare, &["fsck", "--strict"]);
        let log = git_in(&bare, &["log", "-1", "--format=%an <%ae>%n%B", BRANCH]);
        assert!(log.starts_with("A B <a@example.com>\nci: ") && log.contains("Proved: "), "{log}");
    }

    // What is pushed is what `run` makes of it, to the byte.
    for (number, sample) in samples.iter().enumerate() {
        let local = common::Repository::copy(&testdata("pipelines").join(sample));
        local.wants(0, &["run", "--yes"]);
        let bare = place.srv(&format!("r{number:02}.git"));
        for (path, file) in common::files(local.folder.path()).into_iter().filter(|(path, _)| path.ends_with(".yml")) {
            let pushed =
                Command::new("git").current_dir(&bare).args(["show", &format!("{BRANCH}:{path}")]).output().unwrap();
            assert_eq!(pushed.stdout, std::fs::read(file).unwrap(), "{sample}: {path}");
        }
    }

    // Nothing happens twice, and nothing is asked: the server may be gone.
    let before = journal(&place.folder.path().join("state"));
    let mut place = place;
    if let Some(mut daemon) = place.daemon.take() {
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    let second = place.json(0, &["--from", &list, "--yes", "--author", "A B <a@example.com>"]);
    assert_eq!(second, answer);
    assert_eq!(journal(&place.folder.path().join("state")), before);
    assert_eq!(place.json(0, &["status"]), answer);
    place.wants(0, &["status", "--report", "a.html", "--report", "a.csv", "--report", "a.md"]);
    let page = std::fs::read_to_string(place.folder.path().join("a.html")).unwrap();
    assert!(page.contains("127.0.0.1") && page.contains("migrated") && !page.contains(env!("CARGO_MANIFEST_DIR")));
    assert!(!page.contains("src=") && !page.contains("<link"), "it loads nothing");

    // The scratch repositories are gone.
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[test]
fn every_outcome_has_its_case() {
    let place = Place::new();
    place.repository("plain", "monorepo", &[]);
    place.repository("sha256", "included-builds", &["--object-format=sha256"]);
    let bare = place.repository("without-filters", "included-builds", &[]);
    git_in(&bare, &["config", "uploadpack.allowFilter", "false"]);
    let bare = place.repository("without-tree-filters", "included-builds", &[]);
    git_in(&bare, &["config", "uploadpackfilter.allow", "false"]);
    git_in(&bare, &["config", "uploadpackfilter.blob:none.allow", "true"]);
    git_in(place.folder.path(), &["init", "-q", "--bare", place.srv("empty.git").to_str().unwrap()]);

    let bare = place.repository("protected", "monorepo", &[]);
    hook(&bare, "pre-receive", "echo 'You are not allowed to push here' >&2; exit 1");

    let work = place.work("taken", "monorepo", &[]);
    git_in(&work, &["switch", "-q", "-c", BRANCH]);
    git_in(&work, &["commit", "-q", "--allow-empty", "-m", "someone else's"]);
    std::fs::write(work.join("more"), "more").unwrap();
    git_in(&work, &["add", "more"]);
    git_in(&work, &["commit", "-q", "-m", "more"]);
    git_in(&work, &["switch", "-q", "main"]);
    let taken = place.publish("taken", &work);
    let theirs = head(&taken, BRANCH).unwrap();

    // A submodule and an LFS pointer beside the pipeline, and an include that is a symbolic link.
    let work = place.work("with-modules", "included-builds", &[]);
    git_in(&work, &["update-index", "--add", "--cacheinfo", &format!("160000,{theirs},vendored")]);
    std::fs::write(work.join("big.bin"), POINTER).unwrap();
    std::fs::rename(work.join(".gitlab-ci.yml"), work.join("pipeline.yml")).unwrap();
    std::os::unix::fs::symlink("pipeline.yml", work.join(".gitlab-ci.yml")).unwrap();
    git_in(&work, &["add", "big.bin", ".gitlab-ci.yml", "pipeline.yml"]);
    git_in(&work, &["commit", "-q", "-m", "module"]);
    let modules = place.publish("with-modules", &work);

    let work = place.work("pointer", "monorepo", &[]);
    std::fs::write(work.join(".gitlab-ci.yml"), POINTER).unwrap();
    git_in(&work, &["commit", "-q", "-a", "-m", "pointer"]);
    place.publish("pointer", &work);

    let work = place.work("none", "monorepo", &[]);
    git_in(&work, &["rm", "-q", ".gitlab-ci.yml"]);
    git_in(&work, &["commit", "-q", "-m", "no pipeline"]);
    place.publish("none", &work);

    let place = place.serve();
    let names = [
        "plain",
        "sha256",
        "without-filters",
        "without-tree-filters",
        "empty",
        "protected",
        "taken",
        "with-modules",
        "pointer",
        "none",
        "not-there",
    ];
    let mut urls: Vec<String> = names.iter().map(|name| place.url(name)).collect();
    // Nobody listens at port 1.
    urls.extend(["git://127.0.0.1:1/unreachable-1.git".to_owned(), "git://127.0.0.1:1/unreachable-2.git".to_owned()]);
    let list = place.list(&urls);
    let answer = place.json(4, &["--from", &list, "--yes", "--retries", "1"]);
    let expected = BTreeMap::from([
        ("plain", "migrated"),
        ("sha256", "migrated"),
        ("without-filters", "migrated"),
        ("without-tree-filters", "migrated"),
        ("empty", "nothing-to-do"),
        ("protected", "rejected"),
        ("taken", "conflict"),
        ("with-modules", "migrated"),
        ("pointer", "invalid"),
        ("none", "nothing-to-do"),
        ("not-there", "unreachable"),
        ("unreachable-1", "unreachable"),
        ("unreachable-2", "unreachable"),
    ]);
    let found = outcomes(&answer);
    let found: BTreeMap<&str, &str> = found.iter().map(|(name, outcome)| (name.as_str(), outcome.as_str())).collect();
    pretty_assertions::assert_eq!(found, expected);
    let message = |name: &str| rows(&answer)[name]["message"].as_str().unwrap().to_owned();
    assert!(message("protected").contains("You are not allowed to push here"), "{}", message("protected"));
    assert!(message("pointer").contains("LFS pointer"), "{}", message("pointer"));
    let asked = ["unreachable-1", "unreachable-2"].map(message);
    assert_eq!(asked.iter().filter(|words| words.contains("was stopped")).count(), 1, "one probe a host: {asked:?}");
    assert_eq!(head(&taken, BRANCH).unwrap(), theirs);
    let kinds = git_in(&modules, &["ls-tree", BRANCH]);
    assert!(kinds.contains("160000 commit") && kinds.contains("120000 blob"), "{kinds}");
    assert!(git_in(&modules, &["diff", "--name-only", "main", BRANCH]).contains("ci/"));
    let schema: Value = serde_json::from_str(
        &std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/rollout.json")).unwrap(),
    )
    .unwrap();
    assert!(jsonschema::is_valid(&schema, &answer), "{answer:#}");

    // What was put right is taken up again, and what is someone else's only with a word.
    std::fs::remove_file(place.srv("protected.git/hooks/pre-receive")).unwrap();
    let answer = place.json(4, &["--from", &list, "--yes", "--retries", "0"]);
    assert_eq!((&*outcomes(&answer)["protected"], &*outcomes(&answer)["taken"]), ("migrated", "conflict"));
    let answer = place.json(4, &["--from", &list, "--yes", "--only", "conflict", "--on-conflict", "replace"]);
    assert_eq!(outcomes(&answer)["taken"], "migrated");
    assert_ne!(head(&taken, BRANCH).unwrap(), theirs);
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";

#[test]
fn a_merge_request_is_asked_for_with_the_push() {
    let place = Place::new();
    let with = place.repository("with", "monorepo", &[]);
    git_in(&with, &["config", "receive.advertisePushOptions", "true"]);
    // Stands in for GitLab's hook: it keeps the options, and says what GitLab says.
    hook(
        &with,
        "post-receive",
        "i=0; while [ $i -lt ${GIT_PUSH_OPTION_COUNT:-0} ]; do eval \"printf '%s\\\\0' \\\"\\$GIT_PUSH_OPTION_$i\\\"\"; \
         i=$((i+1)); done > options\n[ -e silent ] && exit\nprintf '\\nView merge request for x:  \\n  https://gitlab.example/with/-/merge_requests/7  \\n' >&2",
    );
    let silent = place.repository("silent", "monorepo", &[]);
    git_in(&silent, &["config", "receive.advertisePushOptions", "true"]);
    let without = place.repository("without", "monorepo", &[]);
    git_in(&without, &["config", "receive.advertisePushOptions", "false"]);
    let place = place.serve();
    let list = place.list(&["with", "silent", "without"].map(|name| place.url(name)));
    let arguments = [
        "--from",
        &list,
        "--yes",
        "--jobs",
        "1",
        "--merge-request",
        "--label",
        "buildkit",
        "--label",
        "ci",
        "--draft",
        "--target",
        "main",
        "--title",
        "ci: no daemon",
    ];
    let answer = place.json(0, &arguments);
    let rows = rows(&answer);
    assert_eq!(rows["with"]["merge_request"], "https://gitlab.example/with/-/merge_requests/7");
    assert_eq!(answer["totals"]["merge_requests"], 1);
    assert!(rows["silent"]["message"].as_str().unwrap().contains("no merge request"));
    assert!(rows["without"]["message"].as_str().unwrap().contains("takes no push options"));
    let options = std::fs::read_to_string(with.join("options")).unwrap();
    let options: Vec<&str> = options.trim_end_matches('\0').split('\0').collect();
    let (description, others) = options.split_last().unwrap();
    assert_eq!(
        others,
        [
            "merge_request.create",
            "merge_request.title=ci: no daemon",
            "merge_request.target=main",
            "merge_request.label=buildkit",
            "merge_request.label=ci",
            "merge_request.draft"
        ]
    );
    let description = description.strip_prefix("merge_request.description=").unwrap();
    assert!(description.starts_with("# Migration of `.gitlab-ci.yml`") && description.contains("\\n## Phases\\n"));
    assert!(description.len() <= 65_000 && !description.contains('\n'));

    // Another push for those without: one branch each, and what was done is not pushed again.
    hook(
        &silent,
        "post-receive",
        "printf 'View merge request for x:\\n  http://gitlab.example/silent/-/merge_requests/1\\n' >&2",
    );
    let (before, done) = (head(&silent, BRANCH), head(&with, BRANCH));
    let again: Vec<&str> = arguments.iter().copied().chain(["--only", "missing-mr"]).collect();
    let answer = place.json(0, &again);
    assert_eq!(self::rows(&answer)["silent"]["merge_request"], "http://gitlab.example/silent/-/merge_requests/1");
    assert_ne!(head(&silent, BRANCH), before);
    assert_eq!(git_in(&silent, &["diff", &before.unwrap(), BRANCH]), "", "the same files");
    assert_eq!(head(&with, BRANCH), done);
}

#[test]
fn a_folder_keeps_its_work_tree_and_its_index() {
    let place = Place::new();
    let work = place.work("local", "monorepo", &[]);
    std::fs::write(work.join("unsaved"), "mine").unwrap();
    git_in(&work, &["add", "unsaved"]);
    std::fs::write(work.join(".gitlab-ci.yml"), "nonsense: [").unwrap();
    let before = git_in(&work, &["status", "--porcelain=v2", "--branch"]);
    let index = std::fs::read(work.join(".git/index")).unwrap();
    let answer = place.json(0, &["work/local", "--yes", "--branch", "feat/x", "--through", "2"]);
    let row = &answer["repositories"][0];
    assert_eq!((row["repository"].as_str(), row["outcome"].as_str()), (Some("work/local"), Some("migrated")));
    assert_eq!(row["phases"], serde_json::json!([1, 2]));
    assert_eq!(head(&work, "feat/x").as_deref(), row["commit"].as_str());
    assert_eq!(std::fs::read(work.join(".git/index")).unwrap(), index);
    assert_eq!(git_in(&work, &["status", "--porcelain=v2", "--branch"]), before);
    assert_eq!(git_in(&work, &["rev-list", "--count", "main..feat/x"]), "2");
    // A phase alone wants those before it to be done.
    let answer = place.json(4, &["work/local", "--yes", "--branch", "feat/y", "--phase", "3"]);
    assert_eq!(answer["repositories"][0]["outcome"], "refused");
    // The branch that is checked out is not pushed to.
    let answer = place.json(4, &["work/local", "--yes", "--branch", "main"]);
    assert_eq!(answer["repositories"][0]["outcome"], "conflict");
    assert!(place.wants(2, &["work/local", "--yes", "--branch", "a..b"]).err.contains("no name for a branch"));
}

#[test]
fn undo_deletes_what_is_as_it_was_made() {
    let place = Place::new();
    let bares = ["kept", "gone", "changed"].map(|name| place.repository(name, "job-level-dind", &[]));
    let place = place.serve();
    let list = place.list(&["kept", "gone", "changed"].map(|name| place.url(name)));
    place.json(0, &["--from", &list, "--yes"]);
    git_in(&bares[1], &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
    let main = head(&bares[2], "main").unwrap();
    git_in(&bares[2], &["update-ref", &format!("refs/heads/{BRANCH}"), &main]);
    place.wants(2, &["undo"]);
    place.wants(0, &["undo", "--dry-run"]);
    assert!(head(&bares[0], BRANCH).is_some());
    let ran = place.wants(4, &["undo", "--yes"]);
    for (name, result) in [("kept", "deleted"), ("gone", "gone"), ("changed", "conflict")] {
        let line = ran.out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(result), "{line}");
    }
    assert_eq!(head(&bares[0], BRANCH), None);
    assert_eq!(head(&bares[2], BRANCH), Some(main));
    // What was taken back can be made again.
    let answer = place.json(4, &["--from", &list, "--yes", "--only", "failed"]);
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 2);
    place.json(0, &["--from", &list, "--yes", "--on-conflict", "replace"]);
    assert!(head(&bares[0], BRANCH).is_some() && head(&bares[1], BRANCH).is_some());
}

#[test]
fn shards_are_parts_of_one_plan() {
    let place = Place::new();
    let names: Vec<String> = (0..8).map(|number| format!("s{number}")).collect();
    names.iter().for_each(|name| drop(place.repository(name, "job-level-dind", &[])));
    // Paths, since a port that differs from run to run would make other shards.
    let list = place.list(&names.iter().map(|name| format!("srv/{name}.git")).collect::<Vec<_>>());
    let shard = |index: &str, state: &str| -> Vec<String> {
        let output = place
            .command(&["--from", &list, "--yes", "--shard", "auto", "--state", state, "--format", "json"])
            .envs([("CI_NODE_INDEX", index), ("CI_NODE_TOTAL", "2")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        rows(&serde_json::from_slice(&output.stdout).unwrap()).into_keys().collect()
    };
    let first = shard("1", "one");
    assert!(place.wants(3, &["merge", "one"]).err.contains("shard 2/2 is missing"));
    let second = shard("2", "two");
    let mut all = [first.clone(), second.clone()].concat();
    all.sort();
    assert_eq!(all, names);
    assert!(!first.is_empty() && !second.is_empty());
    let merged = place.json(0, &["merge", "one", "two"]);
    assert_eq!(merged["totals"]["repositories"], 8);
    assert!(place.wants(3, &["merge", "one", "one"]).err.contains("twice"));
    let other = place.wants(0, &["--from", &list, "--yes", "--branch", "b", "--shard", "2/2", "--state", "other"]);
    drop(other);
    assert!(place.wants(3, &["merge", "one", "other"]).err.contains("another plan"));
    assert!(place.wants(3, &["--from", &list, "--yes", "--state", "one"]).err.contains("another shard"));
    place.wants(2, &["--from", &list, "--yes", "--shard", "3/2"]);
}

#[test]
fn credentials_are_nowhere_to_be_found() {
    let place = Place::new();
    // Answers whatever is asked with 401, as a server does that knows nobody, and counts.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(64) {
            use std::io::Read;
            let Ok(mut stream) = stream else { break };
            let mut request = [0; 8192];
            let length = stream.read(&mut request).unwrap_or(0);
            let _ = sender.send(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    let urls: Vec<String> =
        (0..6).map(|number| format!("http://oauth2:s3cr%33tt0ken@127.0.0.1:{port}/g/p{number}.git")).collect();
    let list = place.list(&urls);
    let ran = place.wants(4, &["--from", &list, "--yes", "--report", "r.html", "--report", "r.json", "--state", "st"]);
    std::fs::remove_file(&list).unwrap();
    let answer = place.json(4, &["status", "--state", "st"]);
    assert!(outcomes(&answer).values().all(|outcome| outcome == "auth"), "{answer:#}");
    let requests: Vec<String> = receiver.try_iter().collect();
    let with_login = requests.iter().filter(|request| request.contains("Authorization: Basic")).count();
    // Base64 of `oauth2:s3cr3tt0ken`.
    assert!(requests.iter().any(|request| request.contains("b2F1dGgyOnMzY3IzdHQwa2Vu")), "{requests:?}");
    assert_eq!(with_login, 1, "a host is stopped at its first failure: {requests:#?}");
    for (name, text) in [("stdout", ran.out), ("stderr", ran.err)] {
        assert!(!text.contains("s3cr") && !text.contains("oauth2"), "{name}: {text}");
    }
    for (name, path) in common::files(place.folder.path()) {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        assert!(!text.contains("s3cr") && !text.contains("oauth2"), "{name}: {text}");
    }
}

#[test]
fn a_list_in_yaml_has_a_ref_a_file_and_settings_of_each() {
    let place = Place::new();
    let work = place.work("listed", "job-level-dind", &[]);
    git_in(&work, &["switch", "-q", "-c", "develop"]);
    git_in(&work, &["mv", ".gitlab-ci.yml", "pipeline.yml"]);
    git_in(&work, &["commit", "-q", "-m", "moved"]);
    git_in(&work, &["switch", "-q", "main"]);
    let bare = place.publish("listed", &work);
    let place = place.serve();
    let list = place.list(&[format!(
        "- url: {}\n  ref: develop\n  file: pipeline.yml\n  settings: {{builder: {{namespace: elsewhere}}}}",
        place.url("listed")
    )]);
    let answer = place.json(0, &["--from", &list, "--yes"]);
    assert_eq!(answer["repositories"][0]["base"].as_str(), head(&bare, "develop").as_deref());
    assert!(git_in(&bare, &["show", &format!("{BRANCH}:pipeline.yml")]).contains("namespace=elsewhere"));
    for (list, words) in [
        ("- url: a\n  branch: b\n", "`branch` is no key"),
        ("- --upload-pack=x\n", "neither a path nor a URL"),
        ("- url: a\n  ref: a:b\n", "`ref` is a branch"),
        ("- url: a\n  settings: {nonsense: 1}\n", "nonsense"),
        ("# nothing\n", "no repository is named"),
    ] {
        let list = place.list(&[list.to_owned()]);
        let ran = place.wants(2, &["--from", &list, "--yes"]);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn it_stops_after_failures_and_says_who_waits() {
    let place = Place::new();
    let bares = ["a", "b", "c", "d"].map(|name| place.repository(name, "job-level-dind", &[]));
    bares.iter().take(2).for_each(|bare| hook(bare, "pre-receive", "exit 1"));
    let place = place.serve();
    let list = place.list(&["a", "b", "c", "d"].map(|name| place.url(name)));
    let arguments = ["--from", &list, "--yes", "--jobs", "1", "--stop-after-failures", "2"];
    let answer = place.json(4, &arguments);
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 2);
    let start = Instant::now();
    bares.iter().take(2).for_each(|bare| std::fs::remove_file(bare.join("hooks/pre-receive")).unwrap());
    let answer = place.json(0, &["--from", &list, "--yes", "--wave", "2", "--pause", "300ms"]);
    assert!(start.elapsed() >= Duration::from_millis(300), "there are two waves");
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 0);
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let place = Place::new();
    let names: Vec<String> = (0..10).map(|number| format!("k{number}")).collect();
    let bares: Vec<PathBuf> = names.iter().map(|name| place.repository(name, "included-builds", &[])).collect();
    // Who made the branch, and how often.
    bares.iter().for_each(|bare| hook(bare, "post-receive", "cat >> pushes"));
    let place = place.serve();
    let list = place.list(&names.iter().map(|name| place.url(name)).collect::<Vec<_>>());
    let start = Instant::now();
    place.json(0, &["--from", &list, "--yes", "--state", "whole"]);
    let whole = start.elapsed();
    place.wants(0, &["undo", "--state", "whole", "--yes"]);
    bares.iter().for_each(|bare| std::fs::remove_file(bare.join("pushes")).unwrap());

    let (mut cut, mut torn) = (0, 0);
    for round in 0..20u32 {
        let mut child = place
            .command(&["--from", &list, "--yes", "--state", "state-k"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The state goes on from kill to kill; after some of them it is begun anew.
        std::thread::sleep(whole.mul_f64(f64::from(round * 7 % 20 + 1) / 24.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let state = place.folder.path().join("state-k");
        if round % 5 == 4 || !state.join("journal.jsonl").exists() {
            // Some of the kills leave half a line.
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(state.join("journal.jsonl")) {
                file.write_all(b"{\"step\":\"inte").unwrap();
                torn += 1;
            }
            // A push that was under way comes to its end without us.
            std::thread::sleep(Duration::from_millis(150));
            let answer = place.json(0, &["--from", &list, "--yes", "--state", "state-k"]);
            assert_eq!(answer["repositories"].as_array().unwrap().len(), 10);
            let text = std::fs::read_to_string(state.join("journal.jsonl")).unwrap();
            assert!(text.ends_with('\n'));
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            cut += usize::from(lines.iter().filter(|line| line["step"] == "begin").count() == 1);
            for (bare, row) in bares.iter().zip(rows(&answer).values()) {
                assert_eq!(head(bare, BRANCH).as_deref(), row["commit"].as_str());
                let pushes = std::fs::read_to_string(bare.join("pushes")).unwrap();
                assert_eq!(pushes.lines().count(), 1, "the branch is made once: {pushes}");
            }
            let ran = place.wants(0, &["undo", "--state", "state-k", "--yes"]);
            assert_eq!(ran.out.matches("deleted").count(), 10, "{}", ran.out);
            assert!(bares.iter().all(|bare| head(bare, BRANCH).is_none()));
            bares.iter().for_each(|bare| std::fs::remove_file(bare.join("pushes")).unwrap());
            std::fs::remove_dir_all(&state).unwrap();
        }
    }
    assert!(cut >= 4 && torn >= 4, "{cut} {torn}");
}

#[test]
fn an_interrupt_lets_what_is_under_way_come_to_its_end() {
    let place = Place::new();
    let bares = ["a", "b", "c", "d"].map(|name| place.repository(name, "job-level-dind", &[]));
    bares.iter().for_each(|bare| hook(bare, "pre-receive", "touch begun; sleep 1"));
    let place = place.serve();
    let list = place.list(&["a", "b", "c", "d"].map(|name| place.url(name)));
    let mut child = place
        .command(&["--from", &list, "--yes", "--jobs", "1", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !bares[0].join("begun").exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut out = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(outcomes(&answer).get("a").map(String::as_str), Some("migrated"), "{answer:#}");
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 3);
    assert!(head(&bares[0], BRANCH).is_some() && head(&bares[1], BRANCH).is_none());
    bares.iter().for_each(|bare| hook(bare, "pre-receive", "exit 0"));
    assert_eq!(place.json(0, &["--from", &list, "--yes"])["waiting"].as_array().unwrap().len(), 0);
}

#[test]
fn every_outcome_is_documented() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rollout.md")).unwrap();
    for outcome in ci_migrate::rollout::Outcome::ALL {
        let line = format!("| `{}` | {} | {} |", outcome.word(), outcome.meaning(), outcome.remedy());
        assert!(page.contains(&line), "docs/rollout.md: {line}");
    }
}
