//! `ci-migrate phase 0`: what was understood, what will happen in which order, and what it wants. Nothing is changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::repository::Repository;
use super::ui::Ui;
use super::{Done, Global, show, status};
use crate::apply::{Cluster, Git, can_make_builders};
use crate::migration::{PartialStatus, Phase, PhaseStatus, Scene, Status};
use crate::transform::{DAEMON_VARIABLES, is_dind};

/// The branch that the guide proposes.
const BRANCH: &str = "feat/buildkit-rootless";

/// The answer of `phase 0`: what was understood, and what is wanted; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Preparation")]
pub struct Answer {
    version: u32,
    phase: u32,
    track: String,
    files: Vec<String>,
    partial: Vec<PartialStatus>,
    jobs: Jobs,
    daemon: Daemon,
    phases: Vec<Step>,
    prerequisites: Vec<Prerequisite>,
}

/// The jobs, counted.
#[derive(Serialize, JsonSchema)]
struct Jobs {
    total: usize,
    /// By what will become of them, and by the part that they play.
    outcomes: BTreeMap<String, usize>,
    roles: BTreeMap<String, usize>,
}

/// Docker-in-Docker that every job inherits.
#[derive(Serialize, JsonSchema)]
struct Daemon {
    services: Vec<String>,
    variables: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Step {
    #[serde(flatten)]
    phase: PhaseStatus,
    why: String,
}

#[derive(Serialize, JsonSchema)]
struct Prerequisite {
    name: &'static str,
    state: Met,
    message: String,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Met {
    Ok,
    Missing,
    Unknown,
}

pub fn run(repository: &Repository, global: &Global, phases: &[Phase], ui: &mut Ui) -> Done {
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    let status = Status::new(&scene, &global.track, phases);
    let whys = phases.iter().map(|phase| phase.why.clone());
    let answer = Answer {
        version: 1,
        phase: 0,
        files: pipeline.project().files().map(|(_, file)| file.path.clone()).collect(),
        jobs: count(&status),
        daemon: daemon(&scene),
        track: status.track,
        partial: status.partial,
        phases: status.phases.into_iter().zip(whys).map(|(phase, why)| Step { phase, why }).collect(),
        prerequisites: prerequisites(repository, &scene.settings.namespace),
    };
    if ui.is_json() {
        ui.json(&answer)?;
    } else {
        show::partial(ui, &scene);
        human(&answer, ui)?;
        ui.note("Nothing was changed. `ci-migrate phase 1 --dry-run` shows the first diff.");
    }
    Ok(0)
}

fn count(status: &Status) -> Jobs {
    let (mut outcomes, mut roles) = (BTreeMap::new(), BTreeMap::new());
    for job in &status.jobs {
        *outcomes.entry(status::word(&job.outcome)).or_default() += 1;
        *roles.entry(job.role.word().to_owned()).or_default() += 1;
    }
    Jobs { total: status.jobs.len(), outcomes, roles }
}

fn daemon(scene: &Scene<'_>) -> Daemon {
    let services = scene.pipeline.global("services").into_iter();
    let services = services.flat_map(|services| services.setting.items().collect::<Vec<_>>());
    let names = services.filter_map(|service| {
        let name = if service.is_mapping() { service.get("name")? } else { service };
        name.text().map(|name| name.into_owned())
    });
    let variables = scene.pipeline.variables().map(|variable| variable.key.into_owned());
    Daemon {
        services: names.filter(|name| is_dind(name)).collect(),
        variables: variables.filter(|name| DAEMON_VARIABLES.contains(&name.as_str())).collect(),
    }
}

fn prerequisites(repository: &Repository, namespace: &str) -> Vec<Prerequisite> {
    let is = |name, state, message: String| Prerequisite { name, state, message };
    let mut all = Vec::new();
    match Git::of(&repository.folder) {
        None => all.push(is("git", Met::Missing, "this is no git repository: --commit cannot be used".to_owned())),
        Some(git) => {
            all.push(is("git", Met::Ok, "this is a git repository".to_owned()));
            all.push(match git.branch() {
                Some(branch) => {
                    is("branch", Met::Ok, format!("on {branch}; `--commit --branch {BRANCH}` uses another"))
                }
                None => is("branch", Met::Missing, format!("no branch is checked out: `git switch -c {BRANCH}`")),
            });
            all.push(match git.uncommitted([]) {
                Ok(dirty) if dirty.is_empty() => is("work-tree", Met::Ok, "nothing is uncommitted".to_owned()),
                Ok(dirty) => is("work-tree", Met::Missing, format!("uncommitted: {}", dirty.join(", "))),
                Err(error) => is("work-tree", Met::Unknown, error.to_string()),
            });
        }
    }
    let namespace = plain(namespace);
    let may = format!("make Deployments in `{namespace}`");
    all.push(match can_make_builders(namespace) {
        Cluster::NoProgram => is("cluster", Met::Unknown, "there is no kubectl to ask with".to_owned()),
        Cluster::Yes => is("cluster", Met::Ok, format!("you may {may}; the runner's account must, too")),
        Cluster::No => is("cluster", Met::Missing, format!("you may not {may}; it is the runner's account that must")),
        Cluster::Unknown(why) => {
            is("cluster", Met::Unknown, format!("kubectl could not say whether you may {may}: {why}"))
        }
    });
    all
}

/// The namespace without the shell around it: of `${NAME:-default}` the default.
fn plain(namespace: &str) -> &str {
    let inner = namespace.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.and_then(|inner| inner.split_once(":-")).map_or(namespace, |(_, default)| default)
}

fn human(answer: &Answer, ui: &mut Ui) -> Result<(), super::Fail> {
    let list = |counts: &BTreeMap<String, usize>| {
        counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    };
    let Answer { jobs, daemon, .. } = answer;
    let mut out = format!("What was understood\n  Files: {}\n", answer.files.join(", "));
    for partial in &answer.partial {
        out += &format!("  Not read: {} ({})\n", partial.include, partial.reason);
    }
    out += &format!("  Jobs: {} ({})\n", jobs.total, list(&jobs.outcomes));
    out += &format!("  Roles: {}\n", list(&jobs.roles));
    out += &match daemon.services.is_empty() {
        true => "  Docker-in-Docker: not for every job\n".to_owned(),
        false => format!(
            "  Docker-in-Docker for every job: {}; {}\n",
            daemon.services.join(", "),
            daemon.variables.join(", ")
        ),
    };
    out += "\nWhat will happen, in this order\n";
    for Step { phase, why } in &answer.phases {
        let jobs = match phase.jobs.len() {
            1 => "1 job".to_owned(),
            count => format!("{count} jobs"),
        };
        let state = status::word(&phase.state);
        out += &format!("  {} {} ({state}, {jobs})\n      {why}\n", phase.number, phase.title);
    }
    out += "\nWhat it wants\n";
    for wanted in &answer.prerequisites {
        let state = status::word(&wanted.state);
        out += &format!("  {:<10} {state:<8} {}\n", wanted.name, wanted.message);
    }
    ui.answer(&out)?;
    ui.finish()
}
