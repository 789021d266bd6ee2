//! Tools that do what files of the project say, and are silent where those say nothing of docker.

use super::docker::is_in;
use super::docker::wrap::base;
use super::familiar::without_version;
use super::{Command, Word};

/// The tool, and the verbs with which it does; none: all.
const TOOLS: &[(&str, &str)] = &[
    ("atlas", ""),
    ("helmfile", ""),
    ("kbld", ""),
    ("sphinx-build", ""),
    ("mkdocs", ""),
    ("buf", ""),
    ("netlify", ""),
    ("doxygen", ""),
    ("jekyll", ""),
    ("dotnet", "build pack publish"),
    // It compiles and runs `build.rs` (The Cargo Book, "Build Scripts").
    ("cargo", "b build c chef check clippy doc install package publish rustc rustdoc zigbuild"),
    // The hooks of a build backend run in the job (PEP 517), `setup.py` among them.
    ("hatch", "build"),
    ("pdm", "build install sync"),
    ("poetry", "build install sync"),
    ("rye", "build sync"),
    ("uv", "build sync"),
    // Its suite may say `startKIND` (kuttl, "KUTTL configuration").
    ("kubectl", "kuttl"),
];

/// The name of the tool where a command is one that does what files of the project say.
pub fn by_project_files(command: &Command) -> Option<&str> {
    of_words(&command.words, command.program_at()?)
}

pub(super) fn of_words(words: &[Word], at: usize) -> Option<&str> {
    let name = base(words.get(at)?.value()?);
    let rest = || words.iter().skip(at + 1).map(Word::display);
    let uv = name == "uv" && rest().next() == Some("pip");
    if uv || matches!(without_version(name), "pip" | "pipx") {
        return installs_folder(rest()).then_some("pip");
    }
    if name == "build" {
        let module = at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|word| word.display() == "-m");
        return module.then_some(name);
    }
    let (_, verbs) = TOOLS.iter().find(|(tool, _)| *tool == name)?;
    let verb = || rest().find(|word| !word.starts_with(['-', '+'])).unwrap_or_default();
    (verbs.is_empty() || is_in(verbs, verb())).then_some(name)
}

/// Whether a package is built of what a word names, a folder: `pip install .`, `pip install -e ./app[test]`, `pip install packages/core`.
fn installs_folder<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let words: Vec<&str> = words.collect();
    let file = |word: &str| [".txt", ".in", ".whl", ".gz", ".zip", ".toml"].iter().any(|ending| word.ends_with(ending));
    let remote = |word: &str| word.contains("://") && !word.starts_with("file:");
    let named = |word: &str| word.starts_with(['.', '$']) || word.contains('/');
    let installs = words.iter().any(|word| matches!(*word, "install" | "wheel" | "run" | "sync"));
    // `--index-url $URL`, `--target /opt/x` and the like have a value.
    let after_option = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| words.get(before)).copied().unwrap_or_default();
        before.starts_with("--") && !matches!(before, "--editable" | "--upgrade" | "--user" | "--no-deps" | "--quiet")
            || matches!(before, "-r" | "-c" | "-i" | "-f" | "-t")
    };
    let mut operands = words.iter().enumerate().filter(|(_, word)| !word.starts_with('-'));
    installs && operands.any(|(at, word)| named(word) && !file(word) && !remote(word) && !after_option(at))
}
