//! Reading and writing a repository on disk: bad input, several files at once, and a kill at any moment.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ci_migrate::apply::{Change, Folder, WriteError, Written, write};
use ci_migrate::pipeline::{Files, ReadError};
use pretty_assertions::assert_eq;
use tempfile::TempDir;

fn repository(files: &[(&str, &str)]) -> (TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let folder = Folder::open(root.path()).unwrap();
    (root, folder)
}

fn change<'t>(path: &'t str, before: &'t str, after: &'t str) -> Change<'t> {
    Change { path, before: Some(before), after: Some(after) }
}

fn read(root: &TempDir, path: &str) -> String {
    fs::read_to_string(root.path().join(path)).unwrap()
}

/// Everything in a folder, temporary files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn reads_to_the_byte() {
    let text = "\u{feff}a: 1\r\nb: ü \r\n\r\n# end";
    let (_root, folder) = repository(&[("ci/build.yml", text)]);
    assert_eq!(folder.read("ci/build.yml"), Ok(Some(text.to_owned())));
    assert_eq!(folder.read("./ci//build.yml"), Ok(Some(text.to_owned())));
    assert_eq!(folder.read("ci/other.yml"), Ok(None));
    assert_eq!(folder.read("ci/build.yml/under"), Ok(None));
}

#[test]
fn says_why_a_file_cannot_be_read() {
    let (root, folder) = repository(&[("dir/a.yml", "a: 1\n"), (".git/config", "x")]);
    fs::write(root.path().join("latin.yml"), b"a: caf\xe9\n").unwrap();
    fs::write(root.path().join("utf16.yml"), b"\xff\xfea\0").unwrap();
    symlink("nowhere", root.path().join("dangling.yml")).unwrap();
    symlink("loop.yml", root.path().join("loop.yml")).unwrap();
    let pipe = Command::new("mkfifo").arg(root.path().join("pipe.yml")).status().unwrap();
    assert!(pipe.success());

    assert_eq!(folder.read("latin.yml"), Err(ReadError::NotUtf8 { offset: 6 }));
    assert_eq!(folder.read("utf16.yml"), Err(ReadError::NotUtf8 { offset: 0 }));
    assert_eq!(folder.read("dir"), Err(ReadError::Directory));
    assert_eq!(folder.read(""), Err(ReadError::Directory));
    assert_eq!(folder.read(".git/config"), Err(ReadError::Outside));
    for path in ["dangling.yml", "loop.yml", "pipe.yml", "nul\0.yml"] {
        let Err(ReadError::Other(words)) = folder.read(path) else { panic!("{path} was read") };
        assert!(!words.contains(root.path().to_str().unwrap()) && !words.contains("os error"), "{words}");
    }
    assert!(matches!(Folder::open(root.path().join("none")), Err(ReadError::Other(_))));
    assert!(matches!(Folder::open(root.path().join("dir/a.yml")), Err(ReadError::Other(_))));
}

#[test]
fn nothing_outside_is_read_or_written() {
    let (outside, _) = repository(&[("secret.yml", "a: 1\n")]);
    let (root, folder) = repository(&[("ci/a.yml", "a: 1\n"), (".git/hooks/x", "a: 1\n")]);
    symlink(outside.path(), root.path().join("out")).unwrap();
    symlink(outside.path().join("secret.yml"), root.path().join("out.yml")).unwrap();
    symlink("../.git/hooks/x", root.path().join("ci/hook.yml")).unwrap();
    let absolute = outside.path().join("secret.yml");
    let back = format!("../{}/ci/a.yml", root.path().file_name().unwrap().to_str().unwrap());
    for path in ["out/secret.yml", "out.yml", "ci/hook.yml", absolute.to_str().unwrap(), &back, "ci/../ci/a.yml"] {
        assert_eq!(folder.read(path), Err(ReadError::Outside), "{path}");
        assert_eq!(folder.real_path(path), Err(ReadError::Outside), "{path}");
        let expected = WriteError::Unreadable { path: path.to_owned(), why: ReadError::Outside };
        assert_eq!(write(&folder, &[change(path, "a: 1\n", "b: 1\n")]), Err(expected), "{path}");
    }
    for path in ["out/new.yml", "../new.yml", ".git/new", "out/deep/new.yml"] {
        let expected = WriteError::Unreadable { path: path.to_owned(), why: ReadError::Outside };
        let new = Change { path, before: None, after: Some("x") };
        assert_eq!(write(&folder, &[new]), Err(expected), "{path}");
    }
    assert_eq!(names(outside.path()), ["secret.yml"]);
    assert_eq!(read(&outside, "secret.yml"), "a: 1\n");
    assert_eq!(read(&root, ".git/hooks/x"), "a: 1\n");
}

#[test]
fn lists_what_can_be_committed_in_order() {
    let files = ["z.yml", "B.yml", "a/b.yml", "a.yml", "a-b/c.yml", ".gitlab/ci/ü x.yml", ".hidden.yml"];
    let left_out = [".git/config", "node_modules/x/.travis.yml", "sub/.git", "local.yml"];
    let all: Vec<_> = files.iter().chain(&left_out).map(|path| (*path, "x")).collect();
    let (root, folder) = repository(&all);
    fs::write(root.path().join(".gitignore"), "node_modules/\n").unwrap();
    fs::create_dir(root.path().join(".git/info")).unwrap();
    fs::write(root.path().join(".git/info/exclude"), "local.yml\n").unwrap();
    symlink("a", root.path().join("link")).unwrap();
    symlink("../a.yml", root.path().join("a/link.yml")).unwrap();
    symlink(".", root.path().join("a/self")).unwrap();
    let mut expected: Vec<_> = files.iter().map(|path| (*path).to_owned()).collect();
    expected.extend([".gitignore".to_owned(), "a/link.yml".to_owned()]);
    expected.sort();
    assert_eq!(folder.list(), Ok(expected));
    let (_root, folder) = repository(&[("a.yml", ""), ("b.yml", ""), (".gitignore", "b.yml\n")]);
    assert_eq!(folder.list(), Ok(vec![".gitignore".to_owned(), "a.yml".to_owned()]));
}

#[test]
fn writes_several_files_and_keeps_their_modes() {
    let (root, folder) = repository(&[("a.yml", "a: 1\r\n"), ("ci/b.yml", "b: 1"), ("c.yml", "c: 1\n")]);
    set_mode(root.path().join("a.yml"), 0o600);
    set_mode(root.path().join("ci/b.yml"), 0o4755);
    let changes =
        [change("a.yml", "a: 1\r\n", "a: 2\r\n"), change("c.yml", "c: 1\n", "c: 1\n"), change("ci/b.yml", "b: 1", "")];
    let written = write(&folder, &changes).unwrap();
    assert_eq!(written, Written { files: vec!["a.yml".to_owned(), "ci/b.yml".to_owned()], owner_lost: vec![] });
    assert_eq!((read(&root, "a.yml"), read(&root, "ci/b.yml")), ("a: 2\r\n".to_owned(), String::new()));
    let mode = |path| fs::metadata(root.path().join(path)).unwrap().mode() & 0o7777;
    assert_eq!((mode("a.yml"), mode("ci/b.yml")), (0o600, 0o4755));
    assert_eq!(
        (names(root.path()), names(&root.path().join("ci"))),
        (vec!["a.yml".into(), "c.yml".into(), "ci".into()], vec!["b.yml".into()])
    );
    assert_eq!(write(&folder, &[]), Ok(Written::default()));
}

#[test]
fn keeps_the_owner_where_it_may() {
    let (root, folder) = repository(&[("a.yml", "a: 1\n")]);
    let path = root.path().join("a.yml");
    if chown(&path, Some(1234), Some(4321)).is_err() {
        return eprintln!("skipped: only root may give files away");
    }
    assert_eq!(write(&folder, &[change("a.yml", "a: 1\n", "a: 2\n")]).unwrap().owner_lost, Vec::<String>::new());
    let found = fs::metadata(path).unwrap();
    assert_eq!((found.uid(), found.gid()), (1234, 4321));
}

#[test]
fn writes_what_a_link_leads_to() {
    let (root, folder) = repository(&[("ci/real.yml", "a: 1\n")]);
    symlink("ci/real.yml", root.path().join(".gitlab-ci.yml")).unwrap();
    assert_eq!(folder.real_path(".gitlab-ci.yml"), Ok(Some("ci/real.yml".to_owned())));
    write(&folder, &[change(".gitlab-ci.yml", "a: 1\n", "a: 2\n")]).unwrap();
    assert!(fs::symlink_metadata(root.path().join(".gitlab-ci.yml")).unwrap().is_symlink());
    assert_eq!(read(&root, "ci/real.yml"), "a: 2\n");

    let both = [change(".gitlab-ci.yml", "a: 2\n", "a: 3\n"), change("ci/real.yml", "a: 2\n", "a: 4\n")];
    assert_eq!(write(&folder, &both), Err(WriteError::Twice { path: "ci/real.yml".to_owned() }));
    assert_eq!(read(&root, "ci/real.yml"), "a: 2\n");
}

#[test]
fn a_file_that_is_not_as_it_was_stops_all() {
    let (root, folder) = repository(&[("a.yml", "a: 1\n"), ("b.yml", "b: 1\n")]);
    let first = change("a.yml", "a: 1\n", "a: 2\n");
    let new = |path| Change { path, before: None, after: Some("x") };
    for second in [change("b.yml", "b: 1\r\n", "b: 2\n"), change("none.yml", "", "b: 2\n"), new("b.yml")] {
        let expected = WriteError::Changed { path: second.path.to_owned() };
        assert_eq!(write(&folder, &[first, second]), Err(expected));
        assert_eq!(read(&root, "a.yml"), "a: 1\n");
    }
    assert_eq!(names(root.path()), ["a.yml", "b.yml"]);
}

#[test]
fn files_come_and_go() {
    let (root, folder) = repository(&[("old.yml", "a: 1\n")]);
    let new = Change { path: "ci/deep/new.yml", before: None, after: Some("b: 1\n") };
    let old = Change { path: "old.yml", before: Some("a: 1\n"), after: None };
    write(&folder, &[new, old]).unwrap();
    assert_eq!(read(&root, "ci/deep/new.yml"), "b: 1\n");
    assert_eq!(
        (names(root.path()), names(&root.path().join("ci/deep"))),
        (vec!["ci".to_owned()], vec!["new.yml".to_owned()])
    );
    let like = root.path().join("like");
    File::create(&like).unwrap();
    assert_eq!(fs::metadata(root.path().join("ci/deep/new.yml")).unwrap().mode(), fs::metadata(like).unwrap().mode());

    // Folders that were made for a file go again with it.
    fs::write(root.path().join("file"), "").unwrap();
    let new = Change { path: "more/new.yml", before: None, after: Some("b: 1\n") };
    let below_a_file = Change { path: "file/new.yml", before: None, after: Some("b: 1\n") };
    let refused = write(&folder, &[new, below_a_file]).unwrap_err();
    assert!(matches!(&refused, WriteError::Failed { path, .. } if path == "file/new.yml"), "{refused:?}");
    assert_eq!(names(root.path()), ["ci", "file", "like"]);
}

#[test]
fn one_run_at_a_time() {
    let (root, folder) = repository(&[("a.yml", "a: 1\n")]);
    let other = File::open(root.path()).unwrap();
    other.lock().unwrap();
    let changes = [change("a.yml", "a: 1\n", "a: 2\n")];
    assert_eq!(write(&folder, &changes), Err(WriteError::Busy));
    other.unlock().unwrap();
    write(&folder, &changes).unwrap();
}

/// Runs a test of this file again, as nobody where this is root, who may do everything.
fn as_nobody(test: &str, root: &TempDir) {
    let program = root.path().join("test-program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    set_mode(root.path(), 0o755);
    let mut command = Command::new(&program);
    command.args(["--exact", test, "--nocapture"]).env("CI_MIGRATE_TEST_ROOT", root.path()).current_dir("/");
    if fs::metadata(root.path()).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    let output = loop {
        match command.output() {
            // A process that another test starts at this moment may still hold the copy open.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(5)),
            output => break output.unwrap(),
        }
    };
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// The folder that this process is to work on, if it is such a second run.
fn second_run() -> Option<Folder> {
    std::env::var_os("CI_MIGRATE_TEST_ROOT").map(|root| Folder::open(root).unwrap())
}

#[test]
fn no_permission_is_said_as_such() {
    let Some(folder) = second_run() else {
        let (root, _) = repository(&[
            ("secret.yml", "a: 1\n"),
            ("fixed.yml", "a: 1\n"),
            ("dir/a.yml", "a: 1\n"),
            ("shut/a.yml", ""),
        ]);
        set_mode(root.path().join("secret.yml"), 0o000);
        set_mode(root.path().join("fixed.yml"), 0o444);
        set_mode(root.path().join("dir/a.yml"), 0o666);
        set_mode(root.path().join("dir"), 0o555);
        set_mode(root.path().join("shut"), 0o000);
        as_nobody("no_permission_is_said_as_such", &root);
        for path in ["dir", "shut"] {
            set_mode(root.path().join(path), 0o755);
        }
        assert_eq!(names(&root.path().join("dir")), ["a.yml"]);
        for path in ["secret.yml", "fixed.yml", "dir/a.yml"] {
            assert_eq!(fs::read(root.path().join(path)).unwrap_or_default(), b"a: 1\n", "{path}");
        }
        return;
    };
    assert_eq!(folder.read("secret.yml"), Err(ReadError::NoPermission));
    assert_eq!(folder.read("shut/a.yml"), Err(ReadError::NoPermission));
    assert_eq!(folder.list(), Err(ReadError::Other("`shut` cannot be listed: permission denied".to_owned())));
    let refused = |path| write(&folder, &[change(path, "a: 1\n", "a: 2\n")]).unwrap_err();
    let secret = WriteError::Unreadable { path: "secret.yml".to_owned(), why: ReadError::NoPermission };
    assert_eq!(refused("secret.yml"), secret);
    assert_eq!(refused("fixed.yml"), WriteError::ReadOnly { path: "fixed.yml".to_owned(), folder: false });
    let in_folder = |path: &str| WriteError::ReadOnly { path: path.to_owned(), folder: true };
    assert_eq!(refused("dir/a.yml"), in_folder("dir/a.yml"));
    for (path, before, after) in [("dir/a.yml", Some("a: 1\n"), None), ("dir/new/b.yml", None, Some(""))] {
        assert_eq!(write(&folder, &[Change { path, before, after }]), Err(in_folder(path)));
    }
}

#[test]
fn a_file_marked_read_only_is_left_alone_even_by_root() {
    let (root, folder) = repository(&[("a.yml", "a: 1\n")]);
    set_mode(root.path().join("a.yml"), 0o444);
    let refused = write(&folder, &[change("a.yml", "a: 1\n", "a: 2\n")]).unwrap_err();
    assert_eq!(refused, WriteError::ReadOnly { path: "a.yml".to_owned(), folder: false });
    assert!(refused.hint().contains("chmod"));
}

/// In a folder with the sticky bit nobody may replace another's file, which shows only when it comes to it.
#[test]
fn what_was_written_before_a_refusal_is_put_back() {
    let Some(folder) = second_run() else {
        let (root, _) = repository(&[("open/a.yml", "a: 1\n"), ("sticky/b.yml", "b: 1\n"), ("gone/c.yml", "c: 1\n")]);
        if fs::metadata(root.path()).unwrap().uid() != 0 {
            return eprintln!("skipped: only root can make another's files");
        }
        for (path, mode) in [
            ("open", 0o777),
            ("open/a.yml", 0o666),
            ("gone", 0o777),
            ("gone/c.yml", 0o646),
            ("sticky", 0o1777),
            ("sticky/b.yml", 0o666),
        ] {
            set_mode(root.path().join(path), mode);
        }
        as_nobody("what_was_written_before_a_refusal_is_put_back", &root);
        assert_eq!(
            (read(&root, "open/a.yml"), read(&root, "sticky/b.yml"), read(&root, "gone/c.yml")),
            ("a: 1\n".into(), "b: 1\n".into(), "c: 1\n".into())
        );
        assert_eq!(
            (names(&root.path().join("open")), names(&root.path().join("sticky"))),
            (vec!["a.yml".into()], vec!["b.yml".into()])
        );
        assert_eq!(fs::metadata(root.path().join("gone/c.yml")).unwrap().mode() & 0o777, 0o646);
        return;
    };
    let changes = [
        change("open/a.yml", "a: 1\n", "a: 2\n"),
        Change { path: "gone/c.yml", before: Some("c: 1\n"), after: None },
        Change { path: "open/new/d.yml", before: None, after: Some("d: 1\n") },
        change("sticky/b.yml", "b: 1\n", "b: 2\n"),
    ];
    let Err(WriteError::Failed { path, why }) = write(&folder, &changes) else { panic!("it was written") };
    assert_eq!((path.as_str(), why.as_str()), ("sticky/b.yml", "operation not permitted"));
    // What another owned is nobody's now, and that is said.
    let owner_lost = write(&folder, &changes[..1]).unwrap().owner_lost;
    write(&folder, &[change("open/a.yml", "a: 2\n", "a: 1\n")]).unwrap();
    let was_lost_before = fs::metadata(folder.root().join("open/a.yml")).unwrap().uid() == 65534;
    assert!(was_lost_before && owner_lost.is_empty());
}

const KILLED: [&str; 2] = [".gitlab-ci.yml", "ci/template.yml"];

/// Long enough that a kill meets it half written.
fn long_text(word: &str) -> String {
    format!("# {word}\n").repeat(1 << 17)
}

#[test]
fn a_kill_leaves_each_file_whole() {
    let texts = [long_text("old text"), long_text("a new text")];
    if let Some(folder) = second_run() {
        loop {
            let now = KILLED.map(|path| folder.read(path).unwrap().unwrap());
            let after = |before: &String| if *before == texts[0] { &texts[1] } else { &texts[0] };
            let changes: Vec<_> =
                KILLED.iter().zip(&now).map(|(path, before)| change(path, before, after(before))).collect();
            println!("writing");
            write(&folder, &changes).unwrap();
        }
    }
    let (root, folder) = repository(&KILLED.map(|path| (path, texts[0].as_str())));
    set_mode(root.path().join(KILLED[1]), 0o640);
    let (mut littered, mut half) = (0, 0);
    for round in 0..50u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_kill_leaves_each_file_whole", "--nocapture"])
            .env("CI_MIGRATE_TEST_ROOT", root.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("writing")));
        sleep(Duration::from_micros(round * 7919 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();

        let found = KILLED.map(|path| folder.read(path).unwrap().unwrap());
        for (path, text) in KILLED.iter().zip(&found) {
            assert!(texts.contains(text), "{path} is neither old nor new after kill {round}");
        }
        assert_eq!(fs::metadata(root.path().join(KILLED[1])).unwrap().mode() & 0o777, 0o640);
        half += usize::from(found[0] != found[1]);
        littered += usize::from(names(root.path()).len() + names(&root.path().join("ci")).len() > 3);
    }
    eprintln!("50 kills: {littered} left temporary files, {half} came between the two files");
    assert!(littered > 0, "no kill came while a file was being written");

    let now = KILLED.map(|path| read(&root, path));
    let changes: Vec<_> = KILLED.iter().zip(&now).map(|(path, before)| change(path, before, "done\n")).collect();
    let start = Instant::now();
    write(&folder, &changes).unwrap();
    eprintln!("two files of 1 MB written in {:?}", start.elapsed());
    assert_eq!(
        (names(root.path()), names(&root.path().join("ci"))),
        (vec![KILLED[0].into(), "ci".into()], vec!["template.yml".into()])
    );
}
