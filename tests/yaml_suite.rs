//! The YAML test suite: what is read must be what the suite says, and what is refused must be known by name.

mod common;

use ci_migrate::yaml::{Kind, NodeId, Stream, Style, Tree};
use yaml_rust2::{Yaml, YamlLoader};

/// Valid cases that the tool refuses, each with the reader that stands against the others.
const REFUSED: &[(&str, &str)] = &[
    ("2JQS", "two empty keys in one mapping: a repeated key is refused, whatever it is"),
    ("6CK3", "a percent escape in a tag: the index does not decode it"),
    ("JEF9-02", "`|+` whose only line is blanks without a line break: yaml-rust2 adds one"),
    ("ZYU8-00", "a directive that YAML reserves: yaml-rust2 refuses it"),
    ("ZYU8-01", "a directive without a name: yaml-rust2 refuses it"),
    ("ZYU8-02", "a directive that YAML reserves: yaml-rust2 refuses it"),
];

#[test]
fn valid_cases_are_read_as_the_suite_says() {
    let Some(shared) = common::shared("YAML test suite") else { return };
    let mut read = 0;
    let mut refused = Vec::new();
    let mut wrong = Vec::new();
    for case in cases(&shared.join("yaml-test-suite/src")) {
        if case.fails {
            continue;
        }
        match Stream::parse(case.yaml.clone()) {
            Ok(stream) => {
                assert_eq!(stream.text(), case.yaml, "{}: the text is kept", case.id);
                let events = events(&stream);
                if events != case.tree {
                    wrong.push(format!("{}:\n{events}---\n{}", case.id, case.tree));
                }
                read += 1;
            }
            Err(error) => refused.push((case.id, error.to_string())),
        }
    }
    assert!(wrong.is_empty(), "read otherwise than the suite says:\n{}", wrong.join("\n"));
    let known: Vec<&str> = REFUSED.iter().map(|(id, _)| *id).collect();
    let found: Vec<&str> = refused.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(found, known, "refused: {refused:#?}");
    println!("YAML test suite: {read} valid cases read, {} refused by name", refused.len());
}

#[test]
fn invalid_cases_never_panic() {
    let Some(shared) = common::shared("YAML test suite") else { return };
    for case in cases(&shared.join("yaml-test-suite/src")) {
        let _ = Stream::parse(case.yaml);
    }
}

struct Case {
    id: String,
    yaml: String,
    tree: String,
    fails: bool,
}

fn cases(folder: &std::path::Path) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, path) in common::files(folder) {
        let text = std::fs::read_to_string(path).unwrap();
        let documents = YamlLoader::load_from_str(&text).unwrap();
        let list = documents[0].as_vec().unwrap();
        let mut last = (String::new(), String::new());
        for (n, entry) in list.iter().enumerate() {
            let field = |key: &str| entry[key].as_str().map(str::to_owned);
            if let Some(yaml) = field("yaml") {
                last.0 = shown(&yaml);
            }
            if let Some(tree) = field("tree") {
                last.1 = tree;
            }
            let id = name.trim_end_matches(".yaml").to_owned();
            all.push(Case {
                id: if list.len() > 1 { format!("{id}-{n:02}") } else { id },
                yaml: last.0.clone(),
                tree: normal(&last.1),
                fails: entry["fail"] == Yaml::Boolean(true),
            });
        }
    }
    all
}

/// The suite's signs for what cannot be seen.
fn shown(text: &str) -> String {
    let mut text = text.replace('␣', " ").replace('→', "\t").replace('←', "\r").replace('⇔', "\u{feff}");
    while text.contains("—»") {
        text = text.replace("—»", "»");
    }
    text.replace('»', "\t").replace("↵", "").replace("∎\n", "")
}

/// The suite's events without what the representation does not keep: stream, document marks, flow signs.
fn normal(tree: &str) -> String {
    let mut out = String::new();
    for line in tree.lines().map(str::trim_start) {
        if line.is_empty() || line.starts_with("+STR") || line.starts_with("-STR") || line.contains("DOC") {
            continue;
        }
        let line = line.replacen("+SEQ []", "+SEQ", 1).replacen("+MAP {}", "+MAP", 1);
        out.push_str(&shown(&line));
        out.push('\n');
    }
    out
}

fn events(stream: &Stream) -> String {
    let mut out = String::new();
    for &root in stream.tree().roots() {
        event(stream, root, &mut out);
    }
    out
}

fn event(stream: &Stream, id: NodeId, out: &mut String) {
    let tree: &Tree = stream.tree();
    let mut properties = String::new();
    if let Some(anchor) = stream.anchor(id) {
        properties += &format!(" &{anchor}");
    }
    if let Some(tag) = tree.tag(id) {
        properties += &format!(" <{tag}>");
    }
    match tree.kind(id) {
        Kind::Scalar(style) => {
            let sign = match style {
                Style::Plain => ':',
                Style::SingleQuoted => '\'',
                Style::DoubleQuoted => '"',
                Style::Literal => '|',
                Style::Folded => '>',
            };
            let text = tree.scalar(id).unwrap();
            let text = text
                .replace('\\', "\\\\")
                .replace('\n', "\\n")
                .replace('\t', "\\t")
                .replace('\r', "\\r")
                .replace('\u{8}', "\\b");
            *out += &format!("=VAL{properties} {sign}{text}\n");
        }
        Kind::Alias => *out += &format!("=ALI *{}\n", stream.anchor(tree.resolve(id)).unwrap()),
        Kind::Sequence => {
            *out += &format!("+SEQ{properties}\n");
            tree.items(id).iter().for_each(|&item| event(stream, item, out));
            *out += "-SEQ\n";
        }
        Kind::Mapping => {
            *out += &format!("+MAP{properties}\n");
            for (key, value) in tree.entries(id) {
                event(stream, key, out);
                event(stream, value, out);
            }
            *out += "-MAP\n";
        }
    }
}
