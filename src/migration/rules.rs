//! What `check` can find.

use schemars::JsonSchema;
use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// What `check` can find; `docs/checks.md` has a section for each.
pub struct Rule {
    pub code: &'static str,
    pub severity: Severity,
    pub title: &'static str,
    pub remedy: &'static str,
}

/// A rule by its code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// Every rule, by code.
pub const RULES: &[Rule] = &[
    Rule {
        code: "builder-collision",
        severity: Severity::Error,
        title: "Jobs share one builder's name",
        remedy: "let the name end in ${CI_JOB_ID}",
    },
    Rule {
        code: "cache-race",
        severity: Severity::Warning,
        title: "Two jobs write one cache reference at the same time",
        remedy: "give each a reference of its own, or let one need the other",
    },
    Rule {
        code: "child-pipeline",
        severity: Severity::Warning,
        title: "A child pipeline that is not looked at",
        remedy: "run `ci-migrate check --file` on its file",
    },
    Rule {
        code: "daemon-variable",
        severity: Severity::Warning,
        title: "A daemon's variable where no daemon is",
        remedy: "remove it; the client would look for a daemon that is not there",
    },
    Rule {
        code: "docker-build",
        severity: Severity::Error,
        title: "`docker build` ignores the builder",
        remedy: "write `docker buildx build`",
    },
    Rule {
        code: "driver-option",
        severity: Severity::Error,
        title: "An option that the Kubernetes driver does not have",
        remedy: "see docs/settings.md for those it has",
    },
    Rule {
        code: "needs-conditional",
        severity: Severity::Warning,
        title: "`needs` on a job that is not always there",
        remedy: "say `optional: true`, or the pipeline fails when the job is absent",
    },
    Rule {
        code: "needs-daemon",
        severity: Severity::Error,
        title: "A job that needs a daemon",
        remedy: "see docs/reasons.md for what can be done about each command",
    },
    Rule {
        code: "no-template",
        severity: Severity::Warning,
        title: "A build beside the template",
        remedy: "let it extend .buildkit_template",
    },
    Rule {
        code: "partial",
        severity: Severity::Error,
        title: "An include that cannot be read",
        remedy: "check the project that it comes from as well",
    },
    Rule {
        code: "password-argument",
        severity: Severity::Warning,
        title: "A password as an argument",
        remedy: "echo it into `docker login --password-stdin`",
    },
    Rule {
        code: "qemu-install",
        severity: Severity::Error,
        title: "`qemu.install` adds a privileged container",
        remedy: "build on nodes of each platform",
    },
    Rule {
        code: "service-unknown",
        severity: Severity::Warning,
        title: "A service whose image is not known",
        remedy: "see whether it is a Docker-in-Docker daemon; a value in `variables:` would tell",
    },
    Rule {
        code: "several-targets",
        severity: Severity::Error,
        title: "Several `--target` in one build",
        remedy: "the last one wins silently; write one build for each",
    },
    Rule {
        code: "unused-daemon",
        severity: Severity::Error,
        title: "A daemon that no command needs",
        remedy: "run the phases that are pending; if none is, `status` says why the job was left",
    },
];
