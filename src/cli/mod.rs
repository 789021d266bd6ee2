//! The command line: one file a command. Every word goes through `ui::Ui`; every failure is a `fail::Fail`.

mod check;
mod commit;
mod demo;
mod effective;
mod explain;
mod fail;
mod interrupt;
mod manual;
mod phase;
mod prepare;
mod report;
mod repository;
mod rollout;
mod run;
mod schema;
mod show;
mod status;
mod ui;
mod undo;
mod walk;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use fail::EXIT_CODES;
use fail::Fail;
pub use schema::schemas;
pub use show::diff;
use ui::Ui;

/// Changes .gitlab-ci.yml safely: phase by phase, without losing a comment, each edit proved.
#[derive(Parser)]
#[command(name = "ci-migrate", version, about, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What a person at a terminal may answer.
const KEYS: &str = "\
At a terminal, a phase is a question with one key for an answer:
  y apply        n skip            j pick jobs
  e edit by hand v effective difference of a job
  q quit         ? help
Long diffs go through $PAGER; `e` opens $VISUAL or $EDITOR, and what comes back is proved again.";

/// Heading of what most commands take, below what is their own.
const COMMON: &str = "Common options";

const AFTER_HELP: &str = "\
Examples:
  ci-migrate status                  where the pipeline of this repository stands
  ci-migrate phase 1 --dry-run       the diff of phase 1, and what is proved of it
  ci-migrate phase 1                 the same, then a question, then the change
  ci-migrate run                     all phases, each on top of the last, with a question each
  ci-migrate undo                    take back what was applied last
  ci-migrate rollout --from list     the same over many repositories, a branch in each
  ci-migrate check                   what keeps the runner privileged
  ci-migrate demo                    all of it, on a sample that is built in

Exit codes:
  0 applied, or nothing to do     1 check found something, or --exit-code and there are changes
  2 bad usage, input or file      3 refused, nothing written
  4 a rollout left some undone    130 interrupted";

#[derive(Args)]
#[command(next_help_heading = COMMON)]
struct Global {
    /// Work on the repository in this folder
    #[arg(short = 'C', value_name = "DIR", default_value = ".", global = true)]
    directory: PathBuf,
    /// The pipeline's main file, from the repository's root
    #[arg(long, value_name = "FILE", default_value = ".gitlab-ci.yml", global = true)]
    file: String,
    /// Built-in track, or a folder with phase files of your own
    #[arg(long, value_name = "NAME|DIR", default_value = "buildkit", global = true)]
    track: String,
    /// Set a key of .ci-migrate.yml for this run; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
    /// Take it that an include that cannot be read sets no script for all jobs, and that no job in it needs the global daemon
    #[arg(long, global = true)]
    assume_complete: bool,
    /// Answer for people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human, global = true)]
    format: Format,
    /// Colours: auto follows the terminal and NO_COLOR
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    color: Color,
    /// Say only errors and what was asked for
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    // What follows is for `report`, whose own option names them.
    #[value(hide = true)]
    Html,
    #[value(hide = true)]
    Markdown,
    #[value(hide = true)]
    Mermaid,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Show where every phase and every job stands
    #[command(
        after_help = "Examples:\n  ci-migrate status\n  ci-migrate status --format json | jq '.jobs[] | select(.outcome == \"left\")'"
    )]
    Status,
    /// Show the diff of one phase, prove it, and apply it after confirmation
    #[command(after_help = format!("\
`phase 0` changes nothing: it says what was understood of the pipeline, what will happen in which phase and why, and what \
it wants: git, and a cluster, asked by `kubectl auth can-i` where there is one.\n\n{KEYS}\n\n\
Examples:\n  ci-migrate phase 0\n  ci-migrate phase 1 --dry-run\n  ci-migrate phase 1 --yes\n  \
ci-migrate phase 1 --dry-run | git apply --check\n  ci-migrate phase 1 --yes --commit --branch feat/buildkit-rootless"))]
    Phase(phase::PhaseArgs),
    /// Go through the phases in order, each on top of the last
    #[command(after_help = format!("{KEYS}\n\n\
Examples:\n  ci-migrate run\n  ci-migrate run --dry-run\n  ci-migrate run --yes --through 4\n  \
ci-migrate run --commit --branch feat/buildkit-rootless\n  ci-migrate run --dry-run --format json | jq '.[].proof.summary'"))]
    Run(run::RunArgs),
    /// Take back what was applied last, to the byte
    #[command(
        after_help = "It is refused where the files were changed since. Said again, it takes back the phase before; the last \
50 can be taken back.\n\n\
Examples:\n  ci-migrate undo --dry-run\n  ci-migrate undo --yes\n  ci-migrate undo --list"
    )]
    Undo(undo::UndoArgs),
    /// Show what still stands between this pipeline and an unprivileged runner
    #[command(
        after_help = "Examples:\n  ci-migrate check\n  ci-migrate check --fail-on warning\n  ci-migrate check --report code-quality > gl-code-quality-report.json"
    )]
    Check(check::CheckArgs),
    /// Show a job as GitLab sees it, and where each value comes from
    #[command(after_help = "Examples:\n  ci-migrate effective \"build / api\"\n  ci-migrate effective --format json")]
    Effective {
        /// The job; without it, every job
        job: Option<String>,
    },
    /// Explain a phase or a transformation: what it does, why, with an example
    #[command(after_help = "Examples:\n  ci-migrate explain 1\n  ci-migrate explain branch-cache")]
    Explain {
        /// Number or id of a phase, or a transformation; without it, a list of both
        what: Option<String>,
    },
    /// Report what was done and what is left, for people who were not there
    #[command(
        after_help = "Examples:\n  ci-migrate report --out report.html\n  ci-migrate report --format markdown --since main\n  ci-migrate report --format mermaid >> README.md"
    )]
    Report(report::ReportArgs),
    /// The same over many repositories: plan, prove, push a branch to each, and ask for its merge
    #[command(after_help = rollout::HELP)]
    Rollout(Box<rollout::RolloutArgs>),
    /// Run phase 1 on a copy of a built-in sample, and show it as a person would meet it
    #[command(after_help = "Examples:\n  ci-migrate demo\n  ci-migrate demo --color never | less")]
    Demo,
    /// Print the completions of a shell
    #[command(
        after_help = "Examples:\n  source <(ci-migrate completions bash)     in this shell; in each, from ~/.bashrc\n  \
mkdir -p ~/.zfunc && ci-migrate completions zsh > ~/.zfunc/_ci-migrate     with ~/.zfunc in $fpath\n  \
ci-migrate completions fish | source       in this shell; in each, from ~/.config/fish/config.fish"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands
    #[command(after_help = "Examples:\n  ci-migrate man | man -l -\n  ci-migrate man --out ~/.local/share/man/man1")]
    Man {
        /// Write a page a command into this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// What means nothing to a command, and is not in its help.
const NOT_FOR: [(&str, &[&str]); 5] = [
    ("undo", &["file", "track", "set", "assume_complete"]),
    ("explain", &["directory", "file", "set", "assume_complete"]),
    ("demo", &["directory", "file", "format"]),
    ("completions", &["directory", "file", "track", "set", "assume_complete", "format", "color"]),
    ("man", &["directory", "file", "track", "set", "assume_complete", "format", "color"]),
];

/// The commands with their options, as help texts, completions and manual pages are made of them.
fn command() -> clap::Command {
    let mut command = Cli::command();
    for (name, ids) in NOT_FOR {
        let hidden = command.get_arguments().filter(|arg| ids.contains(&arg.get_id().as_str()));
        let hidden: Vec<clap::Arg> = hidden.map(|arg| arg.clone().hide(true)).collect();
        command = command.mut_subcommand(name, |sub| sub.args(hidden));
    }
    command
}

/// Whether a command has the form that was asked for.
fn has_form(matches: &ArgMatches, format: Format) -> Result<(), Fail> {
    let name = matches.subcommand_name().unwrap_or_default();
    let has_none = NOT_FOR.iter().any(|(command, ids)| *command == name && ids.contains(&"format"));
    match format {
        Format::Human => Ok(()),
        _ if has_none => Err(Fail::input(format!("`{name}` answers in one form only"), "leave --format out")),
        Format::Html | Format::Markdown | Format::Mermaid if name != "report" => Err(Fail::input(
            "html, markdown and mermaid are forms of `report`",
            "say --format human or --format json, or `ci-migrate report`",
        )),
        _ => Ok(()),
    }
}

/// Runs the command line; what it returns is the process's exit code ([`EXIT_CODES`]).
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Nobody is left to be told when this fails.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    interrupt::listen();
    let mut ui = Ui::new(cli.global.color, cli.global.format, cli.global.quiet);
    let result = has_form(&matches, cli.global.format).and_then(|()| match &cli.command {
        Command::Status => status::run(&cli.global, &mut ui),
        Command::Phase(args) => phase::run(&cli.global, args, &mut ui),
        Command::Run(args) => run::run(&cli.global, args, &mut ui),
        Command::Undo(args) => undo::run(&cli.global, args, &mut ui),
        Command::Check(args) => check::run(&cli.global, args, &mut ui),
        Command::Effective { job } => effective::run(&cli.global, job.as_deref(), &mut ui),
        Command::Explain { what } => explain::run(&cli.global, what.as_deref(), &mut ui),
        Command::Report(args) => report::run(&cli.global, args, &mut ui),
        Command::Rollout(args) => rollout::run(&cli.global, args, &mut ui),
        Command::Demo => demo::run(&cli.global, &mut ui),
        Command::Completions { shell } => manual::completions(*shell, &mut ui),
        Command::Man { out } => manual::man(out.as_deref(), &mut ui),
    });
    match result.and_then(|code| ui.finish().map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        Err(fail) => fail.report(&ui),
    }
}

/// The reference of the command line, as `docs/cli.md` has it.
pub fn reference() -> String {
    let mut out = String::from("# Command line\n\nGenerated from the help texts; `tests/house.rs` compares them.\n");
    let mut command = command().term_width(100);
    command.build();
    describe(&mut command, "", &mut out);
    out
}

fn describe(command: &mut clap::Command, parents: &str, out: &mut String) {
    let name = format!("{parents}{}", command.get_name());
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        describe(sub, &format!("{name} "), out);
    }
}

type Done = Result<u8, Fail>;
