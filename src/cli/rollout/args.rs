//! The options of `ci-migrate rollout`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

pub const HELP: &str = "\
Without --yes it plans every repository, shows a table and asks. A run that was stopped, or killed, goes on when the same command is
said again; a branch is made once. docs/rollout.md has the outcomes with their remedies, and a pipeline for several machines.

Examples:
  ci-migrate rollout --from repositories.txt --dry-run plan/
  ci-migrate rollout --from repositories.txt --yes --merge-request --label buildkit --draft
  ci-migrate rollout list --group platform/services > repositories.txt
  ci-migrate rollout https://gitlab.example/group/api.git ../web --through 4
  ci-migrate rollout --from repositories.yml --yes --wave 20 --pause 10m --stop-after-failures 5
  ci-migrate rollout --from repositories.txt --yes --shard auto --state rollout/
  ci-migrate rollout ../api ../web --in-place --through 2
  ci-migrate rollout status --report rollout.html
  ci-migrate rollout undo --dry-run";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RolloutArgs {
    #[command(subcommand)]
    pub command: Option<Later>,
    #[command(flatten)]
    pub go: Go,
}

/// What is done with a rollout that there is.
#[derive(Subcommand)]
pub enum Later {
    /// Show what became of each repository
    #[command(
        after_help = "Examples:\n  ci-migrate rollout status\n  ci-migrate rollout status --state rollout/ --report rollout.html"
    )]
    Status(StatusArgs),
    /// Delete the branches that a rollout made and that are still as it made them; put back what they replaced
    #[command(
        after_help = "Examples:\n  ci-migrate rollout undo --dry-run\n  ci-migrate rollout undo --state rollout/ --yes"
    )]
    Undo(UndoArgs),
    /// Print the addresses of the repositories of a GitLab's groups, for --from
    #[command(
        after_help = "Examples:\n  ci-migrate rollout list --group platform > repositories.txt\n  ci-migrate rollout list --group platform --ssh --gitlab-url https://gitlab.example"
    )]
    List(Groups),
    /// Put the shards of a rollout together: the same plan, every shard once
    #[command(after_help = "Example:\n  ci-migrate rollout merge shard-1/ shard-2/ --report rollout.html")]
    Merge(MergeArgs),
}

#[derive(Args)]
pub struct Go {
    /// Paths and URLs of repositories
    #[arg(value_name = "REPOSITORY")]
    pub repositories: Vec<String>,
    /// Read repositories from this file, one a line, or YAML with url, ref, file and settings of each; - is stdin
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub groups: Groups,
    /// Stop after this phase
    #[arg(long, value_name = "N", conflicts_with = "phase")]
    pub through: Option<u32>,
    /// Only this phase, where those before it are done
    #[arg(long, value_name = "N")]
    pub phase: Option<u32>,
    /// Write the patches and the reports to this folder, and nothing else anywhere
    #[arg(long, value_name = "DIR", conflicts_with_all = ["yes", "merge_request"])]
    pub dry_run: Option<PathBuf>,
    /// Push without asking
    #[arg(long)]
    pub yes: bool,
    /// Edit the files of folders where they are, in place of making a branch; `ci-migrate undo` takes it back
    #[arg(long, conflicts_with_all = ["merge_request", "only", "state", "shard", "wave", "on_conflict"])]
    pub in_place: bool,
    /// The branch that is made in each repository
    #[arg(long, value_name = "NAME", default_value = "feat/buildkit-rootless")]
    pub branch: String,
    /// Who makes the commits, as NAME <EMAIL>; without it, who git says you are
    #[arg(long, value_name = "WHO")]
    pub author: Option<String>,
    /// Ask for a merge request with the push (GitLab's push options), described by the report
    #[arg(long)]
    pub merge_request: bool,
    /// Title of the merge requests
    #[arg(long, value_name = "TEXT", requires = "merge_request")]
    pub title: Option<String>,
    /// Branch that the merge requests are for; without it, the default branch
    #[arg(long, value_name = "BRANCH", requires = "merge_request")]
    pub target: Option<String>,
    /// Label of the merge requests; may be repeated
    #[arg(long, value_name = "LABEL", requires = "merge_request")]
    pub label: Vec<String>,
    /// Make the merge requests drafts
    #[arg(long, requires = "merge_request")]
    pub draft: bool,
    /// What to do with a branch of this name that holds something else
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnConflict::Stop)]
    pub on_conflict: OnConflict,
    /// Repositories at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = positive)]
    pub jobs: usize,
    /// Pause after each N repositories
    #[arg(long, value_name = "N", requires = "pause", value_parser = positive)]
    pub wave: Option<usize>,
    /// How long, as in 30s or 10m
    #[arg(long, value_name = "TIME", requires = "wave", value_parser = humantime::parse_duration)]
    pub pause: Option<Duration>,
    /// Begin no other repository after K that failed
    #[arg(long, value_name = "K", value_parser = positive)]
    pub stop_after_failures: Option<usize>,
    /// How often a fault of the network is met with another try
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(..=8))]
    pub retries: u32,
    /// How long git may take for one repository
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    pub deadline: Duration,
    /// Only part I of N, as I/N; auto takes it from CI_NODE_INDEX and CI_NODE_TOTAL, auto/N from JOB_COMPLETION_INDEX
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Keep plan and journal in this folder; without it, in the user's state directory
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Of an earlier run of the same command, take up only these
    #[arg(long, value_enum, value_name = "WHICH")]
    pub only: Option<Only>,
    /// Write the report to this file (.html, .md, .csv or .json); may be repeated
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
}

/// Groups of a GitLab.
#[derive(Args)]
pub struct Groups {
    /// All repositories of this group and its subgroups, by GitLab's API with the token in GITLAB_TOKEN; may be repeated
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    /// The GitLab of the groups; without it, CI_SERVER_URL or https://gitlab.com
    #[arg(long, value_name = "URL")]
    pub gitlab_url: Option<String>,
    /// Take archived repositories of the groups as well
    #[arg(long, requires = "group")]
    pub with_archived: bool,
    /// Take repositories of the groups that are forks as well
    #[arg(long, requires = "group")]
    pub with_forks: bool,
    /// Take the groups' addresses for ssh
    #[arg(long, requires = "group")]
    pub ssh: bool,
}

#[derive(Args)]
pub struct StatusArgs {
    /// The rollout's folder; without it, the newest in the user's state directory
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Write the report to this file (.html, .md, .csv or .json); may be repeated
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
}

#[derive(Args)]
pub struct UndoArgs {
    /// The rollout's folder; without it, the newest in the user's state directory
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Show which branches would go; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Delete them without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
}

#[derive(Args)]
pub struct MergeArgs {
    /// The folders of the shards
    #[arg(value_name = "DIR", required = true)]
    pub states: Vec<PathBuf>,
    /// Write the report to this file (.html, .md, .csv or .json); may be repeated
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnConflict {
    /// Leave it, and say so
    Stop,
    /// Put ours in its place, if it is still what was seen
    Replace,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// Those that are not done
    Failed,
    /// Those whose branch held something else
    Conflict,
    /// Those that were pushed without a merge request; they are pushed again
    MissingMr,
}

fn positive(word: &str) -> Result<usize, String> {
    word.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1".to_owned())
}
