//! What is known of a job before anything is changed: what its scripts run, and what they need.

mod around;
mod loads;
mod said;
mod survey;
mod unseen;
mod uses;
mod values;

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

pub use around::Around;
pub use survey::Survey;
pub use uses::Uses;
pub use values::Values;

use super::left::Reason;
use crate::pipeline::{At, Effective, Job, Project, ScriptItem, Section};
use crate::shell::docker::Verb;
use crate::shell::{Command, Docker, Place, Script, docker};

/// One section of a job's scripts, read.
pub struct Part<'p> {
    pub section: Section,
    pub items: Vec<ScriptItem<'p>>,
    pub script: Arc<Script>,
}

/// Whether what a job runs needs a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    Needed,
    NotNeeded,
    Unknown,
}

/// What is known of one job. Its scripts, command by command, are a [`Reading`], which a long pipeline keeps of no job.
pub struct Facts<'p> {
    pub job: Job<'p>,
    pub effective: Effective<'p>,
    project: &'p Project,
    reading: OnceLock<Box<Reading<'p>>>,
    /// Which of the effective services, by number, are Docker-in-Docker daemons.
    pub dind: Vec<usize>,
    /// Why it needs a daemon, other than to build, push, pull or tag.
    pub needs: Vec<Reason>,
    /// What only makes sense with a daemon, in scripts of its own: it fails without one.
    pub plumbing: Vec<Reason>,
    /// Where docker may be used out of sight.
    pub hidden: Vec<Unseen>,
    /// The same in scripts that do not speak of docker, of a job that has a daemon: most of them need none.
    pub perhaps: Vec<(Unseen, Command)>,
    /// Where it calls a scanner, which a file may tell to read images out of the daemon.
    pub scans: Vec<(Reason, Command)>,
    /// Where it sets variables by what another command prints, which may be a file's: of a job that has a daemon.
    pub exports: Vec<(Unseen, Command)>,
    /// What its scripts say of files, where it has any of those.
    pub around: Option<Box<Around>>,
    /// What its builds make, in order.
    pub recipes: Vec<Arc<Recipe>>,
    /// It builds several images as a file says: `docker buildx bake`.
    pub bake: bool,
    /// It builds or pushes with compose.
    pub compose: bool,
    /// The compose file by which `docker buildx bake` builds and pushes the same images; none where that is not shown.
    pub compose_file: Option<String>,
    /// The variables that it reads, each as `$NAME`.
    pub compose_reads: String,
    /// The images that it has to do with, by name, until it is known who waits for which; none where there are none.
    pub uses: Option<Box<Uses>>,
    /// Other jobs that may take an image from its daemon: what it builds there and does not push, or they do not pull.
    pub awaited: Vec<Reason>,
    /// What any job of the pipeline puts into lists of images.
    pub listed: Arc<BTreeSet<String>>,
    /// It makes its own builder with the Kubernetes driver.
    pub kubernetes: bool,
    /// It works on a registry without a daemon: `imagetools`, `manifest`.
    pub registry: bool,
    /// Its rules let it never run.
    pub never: bool,
}

/// The scripts of a job, understood.
pub struct Reading<'p> {
    /// `before_script`, `script`, `after_script`, in this order.
    pub parts: Vec<Part<'p>>,
    /// The builds, in order.
    pub builds: Vec<Build>,
    /// Builds of several images as a file says: `docker buildx bake`.
    pub bakes: Vec<Use>,
    /// `docker compose build` and `docker compose push`.
    pub composes: Vec<Use>,
    /// Commands that push, pull or tag in the daemon's store.
    pub images: Vec<Use>,
    /// Whether some command speaks of docker, other than what every job inherits.
    speaks: bool,
}

/// A command that may use docker where it cannot be seen, by its part and its number.
#[derive(Clone, Debug)]
pub struct Unseen {
    pub reason: Reason,
    pub part: usize,
    pub command: usize,
}

/// One command of a job.
#[derive(Clone, Debug)]
pub struct Use {
    /// Which of the parts, and which command of its script.
    pub part: usize,
    pub command: usize,
    pub docker: Arc<Docker>,
}

/// A build with what it makes.
#[derive(Clone, Debug)]
pub struct Build {
    pub at: Use,
    recipe: Arc<Recipe>,
}

/// What a build makes, and of what.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Image references of its `--tag`s, expansions as written.
    pub tags: Vec<String>,
    /// The name by which it is pushed, where its first tag is none but for `docker tag`.
    pub released: Option<String>,
    pub file: Option<String>,
    pub context: Option<String>,
    pub target: Option<String>,
    pub build_args: usize,
}

impl<'p> Deref for Facts<'p> {
    type Target = Reading<'p>;

    /// Reads the scripts, if they are not at hand, and keeps what is found.
    fn deref(&self) -> &Reading<'p> {
        self.reading.get_or_init(|| Box::new(Survey::default().read(&self.effective).0))
    }
}

impl Deref for Build {
    type Target = Recipe;

    fn deref(&self) -> &Recipe {
        &self.recipe
    }
}

impl Facts<'_> {
    /// Whether what it runs, as written, needs a daemon.
    pub fn need(&self) -> Need {
        if !self.needs.is_empty() || !self.images.is_empty() {
            Need::Needed
        } else if !self.hidden.is_empty() && !self.dind.is_empty() {
            Need::Unknown
        } else {
            Need::NotNeeded
        }
    }

    /// Why it needs a daemon, or may: every reason with its place.
    pub fn reasons(&self, project: &Project) -> Vec<Reason> {
        let images = self.images.iter().filter_map(|image| {
            let (part, command) = (self.parts.get(image.part)?, self.command_of(image)?);
            let (code, message) = match image.docker.verb {
                Verb::Pull => ("docker-pull", "pulls an image into the daemon"),
                Verb::Push => ("docker-push", "pushes an image out of the daemon"),
                _ => ("docker-tag", "renames an image in the daemon"),
            };
            Some(reason(project, part, command.span.as_ref(), code, message.to_owned()))
        });
        let mut reasons: Vec<Reason> = self.needs.iter().cloned().chain(images).collect();
        if reasons.is_empty() && self.need() == Need::Unknown {
            reasons.extend(self.hidden.iter().map(|unseen| unseen.reason.clone()));
        }
        if reasons.is_empty() && !self.makes_images() {
            reasons.extend(self.plumbing.iter().cloned());
        }
        reasons
    }

    /// Whether it does nothing with docker but pull, tag and push.
    pub fn only_retags(&self) -> bool {
        let has = |verb: &Verb| self.images.iter().any(|image| image.docker.verb == *verb);
        self.builds.is_empty() && self.needs.is_empty() && has(&Verb::Tag) && has(&Verb::Push)
    }

    /// Whether it must keep the daemon that it has: what it runs needs one, may need one, or would build in one.
    pub fn keeps_daemon(&self) -> bool {
        self.need() != Need::NotNeeded
            || (self.makes_images() && !self.kubernetes)
            || (!self.plumbing.is_empty() && !self.kubernetes)
    }

    /// Whether it uses docker itself, and not only through what it inherits to set a daemon up.
    pub fn uses_docker(&self) -> bool {
        self.makes_images() || !self.images.is_empty() || !self.needs.is_empty()
    }

    /// Whether it builds images in a way that a builder without a daemon can take over.
    pub fn makes_images(&self) -> bool {
        !self.recipes.is_empty() || self.bake || self.compose_file.is_some()
    }

    /// Whether it runs a command of buildx, so that its image must hold it.
    pub fn runs_buildx(&self) -> bool {
        let commands = self.parts.iter().flat_map(|part| part.script.commands());
        let docker = commands.filter_map(docker);
        docker.into_iter().any(|docker| {
            matches!(
                docker.verb,
                Verb::BuildxBuild | Verb::BuildxBake | Verb::BuildxCreate | Verb::BuildxUse | Verb::BuildxInspect
            )
        })
    }

    /// The command of a use.
    pub fn command_of(&self, at: &Use) -> Option<&Command> {
        self.parts.get(at.part)?.script.commands().get(at.command)
    }
}

/// A reason at a place in a script.
pub fn reason(
    project: &Project,
    part: &Part<'_>,
    place: Option<&Place>,
    code: &'static str,
    message: String,
) -> Reason {
    let at = place.and_then(|place| part.items.get(place.item).map(|item| (item, place.range.clone())));
    match at {
        Some((item, range)) => {
            reason_at(project, item.at.unwrap_or(item.origin.at), item.at.map(|_| range), code, message)
        }
        None => Reason { code, message, file: String::new(), line: 0, column: 0 },
    }
}

/// A reason at a node, or at bytes of its decoded text.
pub fn reason_at(
    project: &Project,
    at: At,
    decoded: Option<std::ops::Range<usize>>,
    code: &'static str,
    message: String,
) -> Reason {
    let file = project.file(at.file);
    let offset = file.stream().map(|stream| {
        let span = decoded.and_then(|range| stream.source_span(at.node, range)).unwrap_or_else(|| stream.span(at.node));
        stream.line_column(span.start)
    });
    let (line, column) = offset.unwrap_or_default();
    Reason { code, message, file: file.path.clone(), line, column }
}

/// A text on one line, cut where it gets long.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
