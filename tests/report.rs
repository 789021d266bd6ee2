//! Diffs that `git apply` accepts, and their colours.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use ci_migrate::report::{coloured, unified};
use pretty_assertions::assert_eq;

fn git(folder: &Path, args: &[&str]) -> Output {
    let mut git = Command::new("git");
    // Settings of the machine must not help.
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    git.current_dir(folder).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Applies a diff with git, there and back, and compares every byte.
fn applies(path: &str, before: Option<&str>, after: Option<&str>) {
    let diff = unified(path, before, after, &|_| None);
    let repository = tempfile::tempdir().unwrap();
    let (root, file) = (repository.path(), repository.path().join(path));
    assert!(git(root, &["init", "-q"]).status.success());
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    if let Some(before) = before {
        fs::write(&file, before).unwrap();
    }
    fs::write(root.join(".git/patch"), &diff).unwrap();
    for (way, expected) in [(vec!["apply", "--check"], before), (vec!["apply"], after), (vec!["apply", "-R"], before)] {
        let output = git(root, &[way, vec![".git/patch"]].concat());
        assert!(output.status.success(), "{}\n{diff:?}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), expected, "{diff:?}");
    }
}

#[test]
fn git_applies_every_kind_of_text() {
    let job = "build:\r\n  script:\r\n    - make \t \r\n\r\ntest:\r\n  script: x\r\n";
    let other = job.replace("make", "make all");
    let pairs: [(&str, &str); 14] = [
        ("a: 1\n", "a: 2\n"),
        (job, &other),
        (job, &job.replace("\r\n", "\n")),
        ("\u{feff}a: 1\nb: 2\n", "\u{feff}a: 2\nb: 2\n"),
        ("\u{feff}a: 1\n", "a: 1\n"),
        ("a: 1\nb: 2", "a: 1\nb: 3"),
        ("a: 1\nb: 2", "a: 1\nb: 2\n"),
        ("a: 1\nb: 2\n", "a: 1\nb: 2"),
        ("a: 1\nb: 2", "a: 0\nb: 2"),
        ("", "a: 1\n"),
        ("a: 1", ""),
        ("a:\rb\rc: 1\nd: 1\r", "a:\rb\rc: 2\nd: 1\r"),
        ("\n\n\n \n\t\n", "\n\n \n\t\n\n"),
        ("-- a\n++ b\n@@ -1 +1 @@\n\\ No newline\n", "-- b\n++ b\n@@ -1 +2 @@\n\\ newline\n"),
    ];
    for (before, after) in pairs {
        applies(".gitlab-ci.yml", Some(before), Some(after));
    }
}

#[test]
fn git_applies_files_that_come_and_go() {
    for text in ["a: 1\nb: 2\n", "a: 1", "", "\n", "\u{feff}a: 1\r\n"] {
        applies("ci/new file.yml", None, Some(text));
        applies("ci/ü.yml", Some(text), None);
    }
    assert_eq!(unified("a.yml", None, None, &|_| None), "");
    assert_eq!(unified("a.yml", Some("a: 1"), Some("a: 1"), &|_| None), "");
}

#[test]
fn git_applies_to_every_kind_of_path() {
    for path in [
        "a b.yml",
        "b/a.yml",
        "ci/größe 日本.yml",
        "a\"b.yml",
        "a\\b.yml",
        "a\tb.yml",
        "tail .yml",
        "a\nb\u{7}.yml",
        "dev/null",
    ] {
        applies(path, Some("a: 1\n"), Some("a: 2\n"));
        applies(path, None, Some("a: 2\n"));
    }
}

/// What git itself makes of a change, without the hashes, which a diff can do without.
fn git_diff(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let repository = tempfile::tempdir().unwrap();
    let (root, file) = (repository.path(), repository.path().join(path));
    assert!(git(root, &["init", "-q"]).status.success());
    if let Some(before) = before {
        fs::write(&file, before).unwrap();
    }
    git(root, &["add", "-A"]);
    match after {
        Some(after) => fs::write(&file, after).unwrap(),
        None => fs::remove_file(&file).unwrap(),
    }
    if before.is_none() {
        git(root, &["add", "-A", "-N"]);
    }
    let diff = String::from_utf8(git(root, &["diff", "--no-color"]).stdout).unwrap();
    diff.split_inclusive('\n').filter(|line| !line.starts_with("index ")).collect()
}

#[test]
fn a_diff_is_what_git_makes_of_it() {
    let paths = ["plain.yml", "a b.yml", "größe \u{1}.yml", "quo\"te\\.yml", "tab\tbell\u{7}.yml", "tilde~\u{7f}.yml"];
    let (one, two) = (Some("a: 1\n"), Some("a: 2\nb: 1\n"));
    let changes = paths.map(|path| (path, one, two)).into_iter().chain([
        ("a.yml", None, two),
        ("a.yml", two, None),
        ("a.yml", None, Some("")),
        ("a.yml", Some(""), None),
        ("a.yml", Some(""), two),
        ("a.yml", one, Some("")),
        ("a.yml", Some("a\n"), Some("new\na\nb")),
        ("a.yml", Some("1\n2\n3\n4\n5\n6\n7\n8\n9"), Some("1\n2\n3\n4\n5\n6\n7\n8")),
        ("a.yml", Some("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), Some("0\n2\n3\n4\n5\n6\n7\n8\n0\n")),
    ]);
    for (path, before, after) in changes {
        assert_eq!(unified(path, before, after, &|_| None), git_diff(path, before, after));
    }
}

/// A small generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn edited(&mut self, text: &str, one_in: u64) -> String {
        let mut out = String::new();
        for line in text.split_inclusive('\n') {
            match self.below(one_in * 4) {
                0 => out.push_str("  services: []\n"),
                1 => {}
                2 => out.push_str(&line.to_uppercase()),
                3 => out.push_str(&format!("{line}\n{line}")),
                _ => out.push_str(line),
            }
        }
        out
    }
}

fn pipeline_of(bytes: usize) -> String {
    let job = |number: usize| {
        format!(
            "build / service-{number}:\n  stage: build\n  script:\n    - docker build -t $REG/service-{number}:$SHA services/{number}\n    \
             - docker push $REG/service-{number}:$SHA\n  rules:\n    - if: $CI_COMMIT_BRANCH == \"main\"\n\n"
        )
    };
    let mut text = String::with_capacity(bytes + 300);
    (0..)
        .take_while(|number| {
            text.push_str(&job(*number));
            text.len() < bytes
        })
        .for_each(drop);
    text
}

#[test]
fn git_applies_many_random_edits() {
    let mut numbers = Numbers(1);
    let small = pipeline_of(3000).replace("\n\n", "\r\n\n");
    for one_in in [2, 10, 40] {
        for _ in 0..15 {
            let after = numbers.edited(&small, one_in);
            applies("a.yml", Some(&small), Some(after.trim_end_matches('\n')));
        }
    }
    let large = pipeline_of(1 << 20);
    for one_in in [3, 100, 5000] {
        let after = numbers.edited(&large, one_in);
        applies("a.yml", Some(&large), Some(&after));
    }
    applies("a.yml", Some(&large), Some(&large.replace('\n', "\r\n")));
    applies("a.yml", Some(&large), Some(&(large.clone() + &large)));
}

/// Measured: 10 to 25 ms in a release build. The bound only tells a slow machine from a cost that grows with the square.
#[test]
fn few_edits_of_a_large_file_take_little_time() {
    let before = pipeline_of(10 << 20);
    let step = before.len() / 20;
    let mut after = before.clone();
    for edit in (0..20).rev() {
        let line = edit * step + before[edit * step..].find('\n').unwrap() + 1;
        after.insert_str(line, "  services: []\n");
    }
    let start = Instant::now();
    let diff = unified("a.yml", Some(&before), Some(&after), &|_| None);
    let took = start.elapsed();
    eprintln!("10 MB with 20 edits: {took:?}");
    assert_eq!(diff.matches("\n@@ ").count(), 20);
    assert_eq!(diff.lines().filter(|line| line.starts_with('+')).count(), 21);
    assert!(took < Duration::from_secs(3), "{took:?}");
}

const BEFORE: &str = "stages: [build]\n\none:\n  stage: build\n  script: a\n\ntwo:\n  stage: build\n  script: b\n  image: x\n  needs: []\n  tags: [a]\n  retry: 1\n  rules: []\n";

fn top_level_key(text: &str, line: usize) -> Option<String> {
    let lines: Vec<_> = text.lines().take(line).collect();
    let key = lines.into_iter().rev().find(|line| line.starts_with(|c: char| c.is_alphanumeric()))?;
    Some(key.split(':').next()?.to_owned())
}

#[test]
fn a_hunk_names_the_job_of_its_first_change() {
    let after = BEFORE.replace("  script: a\n", "  script: a\n  services: []\n").replace("retry: 1", "retry: 2");
    let diff = unified(".gitlab-ci.yml", Some(BEFORE), Some(&after), &|line| top_level_key(BEFORE, line));
    let expected = "\
diff --git a/.gitlab-ci.yml b/.gitlab-ci.yml
--- a/.gitlab-ci.yml
+++ b/.gitlab-ci.yml
@@ -3,6 +3,7 @@ one
 one:
   stage: build
   script: a
+  services: []
 
 two:
   stage: build
@@ -10,5 +11,5 @@ two
   image: x
   needs: []
   tags: [a]
-  retry: 1
+  retry: 2
   rules: []
";
    assert_eq!(diff, expected);
}

#[test]
fn a_hunk_header_stays_one_line_whatever_the_job_is_called() {
    let header = |name: &str| {
        let diff = unified("a", Some("a: 1\n"), Some("a: 2\n"), &|line| Some(format!("{name}{line}")));
        diff.lines().nth(3).unwrap().to_owned()
    };
    assert_eq!(header("a\r\nb\u{1b}[31m\u{202e}"), "@@ -1 +1 @@ ab[31m1");
    assert_eq!(header(&"ü".repeat(100)), format!("@@ -1 +1 @@ {}…", "ü".repeat(79)));
    let first =
        unified("a", Some("a: 1\n"), Some("# new\na: 1\n"), &|_| panic!("nothing stands before the first line"));
    assert!(first.contains("@@ -1 +1,2 @@\n"), "{first}");
}

/// Without colours, but for what is emphasised, which stands in brackets.
fn in_brackets(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut emphasised = false;
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        if code == "[7" {
            emphasised = true;
            out.push('[');
        } else if code == "[0" && emphasised {
            emphasised = false;
            out.push(']');
        }
        out.push_str(rest);
    }
    out
}

#[test]
fn changed_words_stand_out() {
    let before = "a: 1\nscript:\n  - docker build -t x .\n  - docker push x\nmiddle\nend";
    let after = "a: 1\nscript:\n  # One command.\n  - docker buildx build --push -t x .\nmiddle\nthe end";
    let diff = unified("a.yml", Some(before), Some(after), &|_| Some("job".to_owned()));
    let shown = coloured(&diff);
    let expected = "\
diff --git a/a.yml b/a.yml
--- a/a.yml
+++ b/a.yml
@@ -1,6 +1,6 @@ job
 a: 1
 script:
-  - docker build -t x .
-  - docker push x
+  # One command.
+  - docker [buildx ]build [--push ]-t x .
 middle
-end
\\ No newline at end of file
+[the ]end
\\ No newline at end of file
";
    assert_eq!(in_brackets(&shown), expected);
}

#[test]
fn colours_follow_the_hunks_and_hide_control_characters() {
    let before = "a: 1\n-- b\nc\u{1b}[2J\n\u{1b}]0;title\u{7}\td\r\n";
    let after = "a: 1\nc\u{1b}[2J\n\u{1b}]0;title\u{7}\te\r\n";
    let shown = coloured(&unified("a.yml", Some(before), Some(after), &|_| Some("job".to_owned())));
    for expected in [
        "\u{1b}[1m--- a/a.yml\u{1b}[0m\n",
        "\u{1b}[36m@@ -1,4 +1,3 @@\u{1b}[0m\u{1b}[1m job\u{1b}[0m\n",
        "\n a: 1\n",
        "\u{1b}[31m--- b\u{1b}[0m\n",
        "␛]0;title␇\t",
        "\u{1b}[0m\r\n",
    ] {
        assert!(shown.contains(expected), "{expected:?} in {shown:?}");
    }
    assert!(!shown.contains("\u{1b}]0") && !shown.contains("\u{1b}[2J"), "{shown:?}");
}
