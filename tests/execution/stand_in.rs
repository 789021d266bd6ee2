//! What runs in place of a job's commands: this program, under their names.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use crate::docker;
use crate::store::Store;

/// Where the state of a run is; set by `job`.
pub const STATE: &str = "STAND_IN_STATE";

/// Shell tools that do what they do everywhere.
const REAL: &[&str] = &[
    "awk",
    "base64",
    "basename",
    "bash",
    "cat",
    "chmod",
    "cp",
    "cut",
    "dirname",
    "env",
    "expr",
    "find",
    "grep",
    "head",
    "id",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mktemp",
    "mv",
    "nproc",
    "od",
    "printenv",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "sort",
    "tail",
    "tee",
    "touch",
    "tr",
    "uniq",
    "wc",
    "xargs",
    "egrep",
    "fgrep",
];

/// Commands of other tools, which other programs (`xargs`, `env`) must find as well.
const OTHERS: &[&str] = &[
    "apk",
    "apt-get",
    "aws",
    "az",
    "cosign",
    "crane",
    "curl",
    "date",
    "git",
    "gcloud",
    "helm",
    "jq",
    "kubectl",
    "make",
    "npm",
    "npx",
    "pip",
    "python",
    "python3",
    "skopeo",
    "sleep",
    "ssh",
    "timeout",
    "trivy",
    "wget",
    "yarn",
    "yq",
    "nc",
    "external",
    "docker",
    "docker-compose",
    "buildx",
    "pnpm",
    "go",
    "mvn",
    "gradle",
    "composer",
    "php",
    "node",
    "sudo",
    "nohup",
    "nice",
    "time",
    "ionice",
    "stdbuf",
];

/// The folder with the commands that a job finds.
pub fn commands() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let me = std::env::current_exe().unwrap();
        for name in REAL {
            let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(name));
            if let Some(real) = places.into_iter().find(|at| at.exists()) {
                std::os::unix::fs::symlink(real, folder.path().join(name)).unwrap();
            }
        }
        for name in OTHERS {
            std::os::unix::fs::symlink(&me, folder.path().join(name)).unwrap();
        }
        folder
    });
    folder.path()
}

/// Answers as the command by whose name this program was called in a job; none outside of one.
pub fn answer() -> Option<ExitCode> {
    let state = std::env::var_os(STATE)?;
    let mut words = std::env::args();
    let called = words.next()?;
    let name = Path::new(&called).file_name()?.to_str()?.to_owned();
    let mut words: Vec<String> = words.collect();
    let store = Store::open(PathBuf::from(state));
    let passed = match name.as_str() {
        "docker" => docker::run(&store, &words),
        "docker-compose" => crate::compose::compose(&store, &words),
        "buildx" => docker::run(&store, &[vec!["buildx".to_owned()], words].concat()),
        "sleep" => true,
        "timeout" | "sudo" | "nohup" | "nice" | "time" | "ionice" | "stdbuf" => return Some(through(&name, &words)),
        "external" if !words.is_empty() => {
            let name = words.remove(0);
            external(&store, &name, &words)
        }
        _ => external(&store, &name, &words),
    };
    Some(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Any other command: it is known by its words and by what the registry held when it ran, and leaves a trace in the
/// project's folder, which the builds behind it see.
fn external(store: &Store, name: &str, words: &[String]) -> bool {
    // Where the run takes place is another folder each time.
    let place = std::env::var("CI_BUILDS_DIR").unwrap_or_default();
    let said = format!("{name} {}", words.join(" ")).replace(&place, "");
    if reads(&said) {
        println!("said-by-{name}");
        return true;
    }
    if said.starts_with("gcloud auth ") || said.contains("docker-credential-") {
        let _ = std::fs::create_dir_all(docker::configuration());
        return std::fs::write(docker::configuration().join("config.json"), said).is_ok();
    }
    let passed = store.passes(&format!("external {said}"));
    store.trace(&format!("external {said} [{}] {}", store.registry(), if passed { "" } else { "failed" }));
    let project = std::env::var("CI_PROJECT_DIR").unwrap_or_default();
    if passed {
        let file = Path::new(&project).join(".effects");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::write(&file, before + &said + "\n");
    }
    println!("said-by-{name}");
    passed
}

/// Whether a command only asks for something, so that it makes no difference how often it is run.
fn reads(said: &str) -> bool {
    let asks = [
        "date ",
        "jq ",
        "yq ",
        "nc ",
        "git describe",
        "git rev-parse",
        "git log",
        "git show",
        "git status",
        "aws ecr get-login",
        "ping ",
    ];
    asks.iter().any(|asks| said.starts_with(asks)) || said.contains("docker:237")
}

/// A command that runs another.
fn through(name: &str, words: &[String]) -> ExitCode {
    let mut words = words.iter().peekable();
    while words.next_if(|word| word.starts_with('-') || word.contains('=')).is_some() {}
    if name == "timeout" {
        words.next();
    }
    let Some(program) = words.next() else { return ExitCode::FAILURE };
    match std::process::Command::new(program).args(words).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
