//! Messages with the place marked, and tables.

use std::time::{Duration, Instant};

use ci_migrate::apply::WriteError;
use ci_migrate::report::{Look, Problem, Severity, Table, render};
use ci_migrate::{pipeline, yaml};
use pretty_assertions::assert_eq;

const PLAIN: Look = Look { colour: false, width: 80 };

fn problem<'p>(text: &'p str, marked: &str) -> Problem<'p> {
    let start = text.find(marked).unwrap();
    Problem::error("the key stands twice", "remove one").at("ci/a.yml", text, start..start + marked.len())
}

#[test]
fn the_place_is_marked() {
    let text = "\u{feff}build:\r\n  script: a\r\n  größe: \"日本\" # ü\r\n";
    let expected = "\
error: the key stands twice
 --> ci/a.yml:3:11
  |
3 |   größe: \"日本\" # ü
  |           ^^^^
  |
help: remove one
";
    assert_eq!(render(&problem(text, "日本"), PLAIN), expected);
    // The byte order mark is no column.
    assert!(render(&problem(text, "build"), PLAIN).contains("a.yml:1:1\n  |\n1 | build:\n  | ^^^^^\n"));
}

#[test]
fn any_span_can_be_shown() {
    let text = "a:\n  b: ü\n\n  c: 1\n";
    let at = |span| render(&Problem::error("x", "").at("a.yml", text, span), PLAIN);
    // Several lines: the first one is marked.
    assert_eq!(at(0..text.len()), "error: x\n --> a.yml:1:1\n  |\n1 | a:\n  | ^^\n");
    // The end of the file is behind the last line.
    assert_eq!(at(text.len()..text.len()), "error: x\n --> a.yml:4:7\n  |\n4 |   c: 1\n  |       ^\n");
    for start in 0..text.len() + 3 {
        for end in 0..text.len() + 3 {
            assert!(at(start..end).starts_with("error: x\n --> a.yml:"), "{start}..{end}");
        }
    }
    let empty = render(&Problem::error("x", "").at("a.yml", "", 0..0), PLAIN);
    assert_eq!(empty, "error: x\n --> a.yml:1:1\n  |\n1 |\n  | ^\n");
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let text = format!("a: 1\nb: {}needle{}\n", "x".repeat(1 << 20), "y".repeat(1 << 20));
    let shown = render(&problem(&text, "needle"), Look { colour: false, width: 60 });
    assert!(shown.contains("a.yml:2:1048580\n") && shown.contains("needle") && shown.contains("^^^^^^"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    let large = "a: 1\n".repeat(1 << 21) + "needle: 1";
    let start = Instant::now();
    assert!(render(&problem(&large, "needle"), PLAIN).contains("a.yml:2097153:1\n"));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_problem_may_have_no_place() {
    let bare = Problem::error("no such phase", "there are 1 to 6");
    assert_eq!(render(&bare, PLAIN), "error: no such phase\nhelp: there are 1 to 6\n");
    let about = Problem { severity: Severity::Warning, ..bare.clone().in_file("a b.yml") };
    assert_eq!(render(&about, PLAIN), "warning: no such phase\n--> a b.yml\nhelp: there are 1 to 6\n");
    let coloured = render(&Problem { severity: Severity::Note, ..bare }, Look { colour: true, width: 80 });
    assert!(coloured.contains("\u{1b}[") && coloured.contains("note"), "{coloured:?}");
    let odd = Problem::error("a\u{1b}[2Jb", "\u{1b}[2J").at("c\u{1b}[2J.yml", "\u{1b}[2J", 0..1);
    assert!(!render(&odd, PLAIN).contains('\u{1b}'));
}

#[test]
fn every_error_becomes_a_problem() {
    let text: std::sync::Arc<str> = "a: 1\na: 2\n".into();
    let (message, hint) = ("twice".to_owned(), "remove one".to_owned());
    let kind = yaml::ErrorKind::DuplicateKey;
    let yaml = yaml::Error { kind, span: 5..6, message: message.clone(), hint: hint.clone() };
    let marked = "error: twice\n --> a.yml:2:1\n  |\n2 | a: 2\n  | ^\n  |\nhelp: remove one\n";
    assert_eq!(render(&Problem::yaml("a.yml", &text, &yaml), PLAIN), marked);
    let kind = pipeline::ErrorKind::Yaml(kind);
    let error = pipeline::Error { kind, path: "a.yml".into(), text: Some(text), span: Some(5..6), message, hint };
    assert_eq!(render(&Problem::from(&error), PLAIN), marked);
    let unread = pipeline::Error { text: None, span: None, ..error };
    assert_eq!(render(&Problem::from(&unread), PLAIN), "error: twice\n--> a.yml\nhelp: remove one\n");
    let write = WriteError::ReadOnly { path: "a.yml".to_owned(), folder: false };
    let shown = render(&Problem::from(&write), PLAIN);
    assert!(shown.starts_with("error: the file is read-only\n--> a.yml\nhelp: nothing was written;"), "{shown}");
}

#[test]
fn tables_fit_the_terminal() {
    let mut table = Table::new(["job", "jobs", "state"]);
    table.row(["build / protocol", "2", "pending"]);
    table.row(["größe 日本", "10", "left: the image is run, tested or saved after it was built"]);
    table.row(["a\nb\u{1b}[31m", "", ""]);
    table.right(1);
    let wide = "\
job               jobs  state
build / protocol     2  pending
größe 日本          10  left: the image is run, tested or saved after it was built
a␊b␛[31m
";
    assert_eq!(table.render(None), wide);
    assert_eq!(table.render(Some(100)), wide);
    let narrow = "\
job               jobs  state
build / protocol     2  pending
größe 日本          10  left: the image is run, tested or
                        saved after it was built
a␊b␛[31m
";
    assert_eq!(table.render(Some(60)), narrow);
    assert!(table.render(Some(0)).contains("job"));
}
