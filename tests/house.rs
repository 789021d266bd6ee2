//! The rules of the house: floors, one name everywhere, documentation that is what the program says.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use ci_migrate::migration::built_in;
use ci_migrate::transform::{KEYS, REGISTRY};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let files = common::files(&root().join(folder)).into_iter().filter(|(name, _)| name.ends_with(".rs"));
    files.map(|(name, path)| (format!("{folder}/{name}"), std::fs::read_to_string(path).unwrap())).collect()
}

/// From below; modules of one floor know nothing of each other, but for `proof` beside the engine and what is named here.
const FLOORS: &[&[&str]] = &[&["yaml", "shell"], &["pipeline"], &["transform"], &["migration"], &["apply"], &["report"], &["cli"]];

#[test]
fn a_module_imports_only_from_floors_below() {
    for (floor, modules) in FLOORS.iter().enumerate() {
        for module in *modules {
            let above: Vec<&str> = FLOORS[floor..].iter().flat_map(|m| m.iter()).filter(|m| *m != module).copied().collect();
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
    let forbidden = ["std::fs", "std::io", "std::env", "std::process", "std::net", "println!", "eprintln!", "print!(", "dbg!(", "SystemTime", "Instant::now"];
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
        assert!(text.lines().count() <= 450, "{file} has {} lines", text.lines().count());
        for word in ["todo!", "unimplemented!", "TODO", "FIXME", "XXX"] {
            assert!(!text.contains(word), "{file} has {word}");
        }
    }
}

#[test]
fn one_name_runs_through_everything() {
    let words: BTreeSet<String> = REGISTRY.iter().map(|transform| transform.word()).collect();
    let folders = |path: &str| -> BTreeSet<String> {
        std::fs::read_dir(root().join(path)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
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
fn every_setting_and_every_reason_is_documented() {
    let settings = std::fs::read_to_string(root().join("docs/settings.md")).unwrap();
    for key in KEYS {
        assert!(settings.contains(&format!("`{}`", key.name)), "docs/settings.md: {}", key.name);
    }
    let reasons = std::fs::read_to_string(root().join("docs/reasons.md")).unwrap();
    for code in codes() {
        assert!(reasons.contains(&format!("`{code}`")), "docs/reasons.md: {code}");
    }
}

/// Every code that the sources give as a reason.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let files = sources("src/transform").into_iter().chain(sources("src/shell")).chain(sources("src/migration"));
    for (_, text) in files {
        for part in text.split('"').skip(1).step_by(2) {
            let kebab = part.contains('-') && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            let at = text.find(&format!("\"{part}\"")).unwrap();
            let before = text[..at].trim_end();
            let is_code = ["code: ", "add(", "reason(", "Reason::new(", "place, ", "needed(", "hidden("].iter().any(|c| before.ends_with(c.trim_end()));
            if kebab && is_code && !part.starts_with('-') {
                codes.insert(part.to_owned());
            }
        }
    }
    codes
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
