//! Programs in one word of a command, and options by which a command runs another.

use super::Word;
use super::docker::is_in;

/// What a program says when it runs another: Python's, Node's, Ruby's, Perl's and PHP's ways.
const RUNS: [&str; 12] = [
    "docker",
    "__import__",
    "subprocess",
    "system(",
    "system \"",
    "system '",
    "popen",
    "exec",
    "spawn",
    "passthru",
    "%x",
    "`",
];

/// Modules of Python that run nothing by themselves, but what [`RUNS`] names.
const MODULES: &str = "argparse ast base64 collections configparser csv datetime django email glob hashlib io itertools json math \
    os packaging pathlib pip pkg_resources platform pprint random re requests secrets setuptools shutil site socket sqlite3 ssl string \
    struct sys sysconfig tempfile textwrap time toml tomli tomllib traceback types typing urllib uuid xml yaml zipfile zlib";

/// Whether an option has the program itself behind it: `python -c`, `node -p`, `perl -pe`.
pub(super) fn is_inline(language: &str, option: &str) -> bool {
    match language {
        "python" => option == "-c",
        "node" => is_in("-e -p -pe --eval --print", option),
        "php" => option == "-r",
        "pwsh" => option.eq_ignore_ascii_case("-c") || option.eq_ignore_ascii_case("-command"),
        _ => option.strip_prefix('-').is_some_and(|letters| {
            letters.contains('e') && letters.chars().all(|letter| letter.is_ascii_alphanumeric())
        }),
    }
}

/// Whether a word of a language's command line runs what the script does not show: another program, a file of the repository's, a
/// program that only a variable knows.
pub(super) fn runs(language: &str, word: &Word) -> bool {
    let text = word.value().unwrap_or(word.display());
    let by_variable = word.value().is_none() && text.starts_with('$');
    let loads = match language {
        "python" => imports(text).any(|module| !is_in(MODULES, module)),
        "node" => {
            let file = |rest: &str| {
                let path = rest.trim_start_matches(['"', '\'', '(']);
                let end = path.find(['"', '\'']).unwrap_or(path.len());
                path.starts_with(['.', '/', '$']) && !path[..end].ends_with(".json")
            };
            text.starts_with("--import")
                || text.starts_with("--require")
                || text == "-r"
                || ["require(", "import("].iter().any(|way| text.split(way).skip(1).any(file))
        }
        "php" => text.contains("require") || text.contains("include"),
        "ruby" => {
            text.starts_with("-r")
                || ["require_relative", "require './", "require \"./", "load ", "load("]
                    .iter()
                    .any(|way| text.contains(way))
        }
        "perl" => {
            text.starts_with("-M") || text.contains("require ") || text.contains("do '") || text.contains("do \"")
        }
        _ => false,
    };
    by_variable || loads || RUNS.iter().any(|way| text.contains(way))
}

/// The modules that a program of Python's imports, by their first names.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let statements = text.split([';', '\n']).map(str::trim);
    statements.flat_map(|statement| {
        let rest = statement.strip_prefix("import ").or_else(|| statement.strip_prefix("from "));
        let list = rest.unwrap_or_default().split(" import ").next().unwrap_or_default();
        let names = list.split(',').filter_map(|name| name.split_whitespace().next());
        names.filter_map(|name| name.split('.').next())
    })
}

/// Whether a program of awk's runs a command: `system("x")`, `"x" | getline`, `print | "x"`.
pub(super) fn awk_runs(program: &str) -> bool {
    // A bar alone is a text: `print $1 "|" $2`.
    let program = program.replace("\"|\"", "").replace("\" | \"", "");
    ["system(", "| getline", "|getline", "| \"", "|\"", "|&"].iter().any(|way| program.contains(way))
}

/// The word by which a command that is known otherwise runs another: `git rebase --exec`, `helm --post-renderer`.
pub(super) fn by_option(words: &[Word], at: usize, name: &str) -> Option<usize> {
    let mut rest = words.iter().enumerate().skip(at + 1).map(|(index, word)| (index, word.display()));
    let says = |verb: &str| words.get(at + 1).is_some_and(|word| word.display() == verb);
    let found = match name {
        "git" if rest.clone().any(|(_, word)| word == "bisect") => rest.find(|(_, word)| *word == "run"),
        "git" if says("rebase") => rest.find(|(_, word)| *word == "-x" || word.starts_with("--exec")),
        "helm" => rest.find(|(_, word)| word.starts_with("--post-renderer")),
        "tar" => rest.find(|(_, word)| word.starts_with("--checkpoint-action") || word.starts_with("--to-command")),
        // Their clients have a way out to the shell.
        "psql" | "mysql" | "mariadb" | "sqlite3" | "redis-cli" => {
            rest.find(|(_, word)| [r"\!", ".shell", ".system", "system "].iter().any(|way| word.contains(way)))
        }
        "rsync" => rest.find(|(_, word)| word.contains("docker ")),
        _ => None,
    };
    found.map(|(index, _)| index)
}
