//! The transformations: one file each, and this registry. They change a [`Draft`]; [`settle`] writes it down.
//!
//! A transformation's module documentation is what `ci-migrate explain` prints.

mod branch_cache;
mod build_with_buildx;
mod choice;
mod cluster;
mod draft;
mod drop;
mod ending;
mod environment;
mod extract_template;
mod facts;
mod global_daemon;
mod image;
mod images;
mod inputs;
mod left;
mod login_over_stdin;
mod own;
mod plumbing;
mod purpose;
mod remove_legacy_jobs;
mod retag_without_daemon;
mod rewrite;
mod role;
mod scope_dind;
mod settings;
mod settle;
mod surroundings;
mod use_kubernetes_builder;
mod words;

pub use cluster::cluster_of;
pub use draft::Draft;
pub use environment::{set_by, writes_client};
pub use facts::{
    Around, Build, Facts, Need, Reading, Recipe, Survey, Unseen, Use, Uses, Values, reason, reason_at, short,
};
pub use image::{image_of, is_before_buildkit, is_dind, is_off, name};
pub use left::{Left, Reason};
pub use rewrite::{Expect, Rewrite, Stage};
pub use role::Role;
pub use settings::{DRIVER_OPTIONS, KEYS, Key, SettingError, Settings, nearest};
pub use settle::{FileEdits, settle, settle_at};
pub use use_kubernetes_builder::{DAEMON_VARIABLES, hangs_on_daemon};

/// One transformation.
pub struct Transform {
    /// The word for it in phase files, on the command line and in JSON.
    pub name: &'static str,
    pub run: Run,
    source: &'static str,
}

/// How a transformation works.
#[derive(Clone, Copy)]
pub enum Run {
    /// Job by job: it changes a draft, or says why the job is left as it is.
    Job {
        /// Keys of a job's effective configuration that it may change.
        declares: &'static [&'static str],
        apply: fn(&mut Draft<'_, '_>, &Settings) -> Result<(), Vec<Reason>>,
    },
    /// On the pipeline as a whole.
    Pipeline(for<'p> fn(&Stage<'_, 'p>) -> Rewrite<'p>),
}

macro_rules! transforms {
    ($($module:ident: $run:expr),* $(,)?) => {
        &[$(Transform { name: stringify!($module), run: $run, source: include_str!(concat!(stringify!($module), ".rs")) }),*]
    };
}

macro_rules! job {
    ($module:ident) => {
        Run::Job { declares: $module::DECLARES, apply: $module::apply }
    };
}

/// Every transformation, in the order of their names.
pub const REGISTRY: &[Transform] = transforms![
    branch_cache: job!(branch_cache),
    build_with_buildx: job!(build_with_buildx),
    extract_template: Run::Pipeline(extract_template::rewrite),
    login_over_stdin: job!(login_over_stdin),
    remove_legacy_jobs: Run::Pipeline(remove_legacy_jobs::rewrite),
    retag_without_daemon: job!(retag_without_daemon),
    scope_dind: Run::Pipeline(scope_dind::rewrite),
    use_kubernetes_builder: job!(use_kubernetes_builder),
];

impl Transform {
    /// A transformation by its name, `_` or `-` alike.
    pub fn find(name: &str) -> Option<&'static Transform> {
        REGISTRY.iter().find(|transform| transform.name == name.replace('-', "_"))
    }

    /// The name as it is written for people: `branch-cache`.
    pub fn word(&self) -> String {
        self.name.replace('_', "-")
    }

    /// What it does, why, and what it leaves alone: the documentation of its module.
    pub fn documentation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}
