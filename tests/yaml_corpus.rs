//! Every file of the corpus: the text is kept, both readers agree, or the file is refused as invalid.

mod common;

use ci_migrate::yaml::{self, ErrorKind, Stream};

/// Files that are refused, and why.
const REFUSED: &[(&str, ErrorKind)] = &[
    // A line of a double-quoted scalar is indented less than its parent, which YAML 1.2 forbids and libyaml lets pass.
    ("corpus/UbiquitousLanguage__gitlab-auto-deploy-image/.gitlab/ci/ test.gitlab-ci.yml", ErrorKind::Syntax),
];

#[test]
fn corpus_files_are_kept_to_the_byte_or_refused() {
    let Some(shared) = common::shared("corpus") else { return };
    let mut refused = Vec::new();
    let mut kept = 0;
    for (name, path) in common::pipelines(&shared) {
        let text = std::fs::read_to_string(path).unwrap();
        match Stream::parse(text.clone()) {
            Ok(stream) => {
                assert_eq!(stream.text(), text, "{name}");
                assert_eq!(*stream.tree(), yaml::read(&text).unwrap(), "{name}");
                kept += 1;
            }
            Err(error) => refused.push((name, error.kind, error.to_string())),
        }
    }
    let known: Vec<(&str, ErrorKind)> = REFUSED.to_vec();
    let found: Vec<(&str, ErrorKind)> = refused.iter().map(|(n, k, _)| (n.as_str(), *k)).collect();
    assert_eq!(found, known, "{refused:#?}");
    println!("corpus: {kept} files kept to the byte, {} refused", refused.len());
}
