//! The rules of the house: floors, one name everywhere, documentation that is what the program says.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use ci_migrate::migration::{RULES, built_in};
use ci_migrate::transform::{KEYS, REGISTRY};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let files = common::files(&root().join(folder)).into_iter().filter(|(name, _)| name.ends_with(".rs"));
    files.map(|(name, path)| (format!("{folder}/{name}"), std::fs::read_to_string(path).unwrap())).collect()
}

/// From below; modules of one floor know nothing of each other, but for `proof` beside the engine and what is named here.
const FLOORS: &[&[&str]] = &[
    &["yaml", "shell"],
    &["pipeline"],
    &["transform"],
    &["migration"],
    &["apply"],
    &["report"],
    &["review"],
    &["rollout"],
    &["cli"],
];

#[test]
fn a_module_imports_only_from_floors_below() {
    for (floor, modules) in FLOORS.iter().enumerate() {
        for module in *modules {
            let above: Vec<&str> =
                FLOORS[floor..].iter().flat_map(|m| m.iter()).filter(|m| *m != module).copied().collect();
            for (file, text) in sources(&format!("src/{module}")) {
                for other in &above {
                    assert!(!text.contains(&format!("crate::{other}")), "{file} imports {other}");
                }
                for line in text.lines().filter(|line| line.trim_start().starts_with("use crate::{")) {
                    assert!(above.iter().all(|other| !line.contains(other)), "{file}: {line}");
                }
            }
        }
    }
}

#[test]
fn the_lower_floors_do_no_io_and_never_print() {
    let forbidden = [
        "std::fs",
        "std::io",
        "std::env",
        "std::process",
        "std::net",
        "println!",
        "eprintln!",
        "print!(",
        "dbg!(",
        "SystemTime",
        "Instant::now",
    ];
    for module in FLOORS[..4].iter().flat_map(|modules| modules.iter()) {
        for (file, text) in sources(&format!("src/{module}")) {
            for word in forbidden {
                assert!(!text.contains(word), "{file} has {word}");
            }
        }
    }
}

#[test]
fn files_are_of_a_readable_length() {
    for (file, text) in sources("src") {
        assert!(text.lines().count() <= 420, "{file} has {} lines", text.lines().count());
        for word in ["todo!", "unimplemented!", "TODO", "FIXME", "XXX"] {
            assert!(!text.contains(word), "{file} has {word}");
        }
    }
}

#[test]
fn one_name_runs_through_everything() {
    let words: BTreeSet<String> = REGISTRY.iter().map(|transform| transform.word()).collect();
    let folders = |path: &str| -> BTreeSet<String> {
        std::fs::read_dir(root().join(path))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(folders("testdata/transforms"), words);
    let phases = built_in("buildkit").unwrap().unwrap_or_else(|e| panic!("{}", e.message));
    let used: BTreeSet<String> = phases.iter().flat_map(|phase| phase.transforms.iter().map(|t| t.word())).collect();
    assert_eq!(used, words, "every transformation belongs to a phase");
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    for transform in REGISTRY {
        assert!(root().join(format!("src/transform/{}.rs", transform.name)).exists());
        assert!(transform.documentation().contains("# What it does not do"), "{}", transform.word());
        assert!(changelog.contains(&format!("`{}`", transform.word())), "CHANGELOG.md: {}", transform.word());
    }
}

/// `CI_MIGRATE_BLESS=1 cargo test --test house` writes the generated parts anew.
#[test]
fn the_command_line_is_documented_as_it_is() {
    let path = root().join("docs/cli.md");
    if std::env::var_os("CI_MIGRATE_BLESS").is_some() {
        std::fs::write(&path, ci_migrate::cli::reference()).unwrap();
    }
    pretty_assertions::assert_eq!(std::fs::read_to_string(path).unwrap(), ci_migrate::cli::reference());
}

#[test]
fn every_setting_is_documented() {
    let settings = std::fs::read_to_string(root().join("docs/settings.md")).unwrap();
    for key in KEYS {
        assert!(settings.contains(&format!("`{}`", key.name)), "docs/settings.md: {}", key.name);
    }
}

#[test]
fn every_check_is_documented() {
    let page = std::fs::read_to_string(root().join("docs/checks.md")).unwrap();
    for rule in RULES {
        let section = page.split("\n## ").find(|section| section.starts_with(&format!("{}\n", rule.code)));
        let section = section.unwrap_or_else(|| panic!("docs/checks.md: {}", rule.code));
        assert!(section.contains(rule.title) && section.contains(rule.remedy), "docs/checks.md: {}", rule.code);
    }
}

/// Every code that a case, a sample or (with the shared data) a repository of the corpus has for a reason.
#[test]
fn every_reason_that_is_given_is_documented() {
    let mut codes = BTreeSet::new();
    for (name, path) in common::files(&common::testdata("transforms")) {
        if name.ends_with("left-alone.txt") {
            let text = std::fs::read_to_string(path).unwrap();
            codes.extend(text.lines().map(|line| line.rsplit_once(" [").unwrap().1.trim_end_matches(']').to_owned()));
        }
    }
    let own = std::fs::read_dir(common::testdata("pipelines")).unwrap().map(|entry| entry.unwrap().path());
    let corpus =
        common::shared("reasons of the corpus").map(|shared| std::fs::read_dir(shared.join("corpus")).unwrap());
    let corpus = corpus.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut read = 0;
    for repository in own.chain(corpus) {
        let repository = common::Repository::copy(&repository);
        let ran = repository.run(&["status", "--format", "json"]);
        let Ok(status) = serde_json::from_str::<serde_json::Value>(&ran.out) else { continue };
        read += 1;
        for job in status["jobs"].as_array().unwrap() {
            codes.extend(
                job["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned()),
            );
        }
    }
    let reasons = std::fs::read_to_string(root().join("docs/reasons.md")).unwrap();
    let missing: Vec<&String> = codes.iter().filter(|code| !reasons.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/reasons.md: {missing:?}");
    println!("{} codes in {read} repositories", codes.len());
}

#[test]
fn what_the_readme_shows_is_what_the_program_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let repository = common::Repository::copy(&common::testdata("pipelines/monorepo"));
    let diff = repository.wants(0, &["phase", "1", "--dry-run"]).out;
    let first: String = diff.split("@@ build / schemas / release").next().unwrap().to_owned();
    let first = first.rsplit_once("\n@@").unwrap().0;
    assert!(readme.contains(first), "the README's diff is not the program's:\n{first}");
    for line in repository.wants(0, &["status"]).out.lines().take(5) {
        assert!(readme.contains(line), "{line}");
    }
}
