//! `ci-migrate check`: what still stands between this pipeline and an unprivileged runner.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::fail::Fail;
use super::repository::Repository;
use super::ui::Ui;
use super::{Done, Global};
use crate::migration::{Check, Finding, RULES, Scene, Severity};

#[derive(Args)]
pub struct CheckArgs {
    /// Exit 1 on findings of this severity or above
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Write the findings as SARIF 2.1 or as a GitLab Code Quality report
    #[arg(long, value_enum, value_name = "KIND")]
    report: Option<Report>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Report {
    Sarif,
    CodeQuality,
}

/// Where the rules are explained.
const PAGE: &str = "docs/checks.md";

pub fn run(global: &Global, args: &CheckArgs, ui: &mut Ui) -> Done {
    let repository = Repository::open(global)?;
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    let check = Check::new(&scene);
    match args.report {
        Some(Report::Sarif) => ui.json(&sarif(&check))?,
        Some(Report::CodeQuality) => ui.json(&code_quality(&check))?,
        None if ui.is_json() => ui.json(&check)?,
        None => human(&check, ui)?,
    }
    let limit = match args.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Note => Severity::Note,
        FailOn::Never => return Ok(0),
    };
    Ok(u8::from(check.findings.iter().any(|finding| finding.severity >= limit)))
}

fn human(check: &Check, ui: &mut Ui) -> Result<(), Fail> {
    for finding in &check.findings {
        let job = finding.job.as_ref().map(|job| format!("{job}: ")).unwrap_or_default();
        ui.answer(&format!(
            "{} {} [{}]\n  {job}{}\n  remedy: {}\n",
            place(finding),
            word(finding.severity),
            finding.code,
            finding.message,
            finding.remedy
        ))?;
    }
    let verdict = match (check.ready, check.privileged_jobs.len()) {
        (true, _) => "Ready: no job of this pipeline needs a privileged runner.".to_owned(),
        (false, 0) => "Not known: the findings name what could not be read, or was not looked at.".to_owned(),
        (false, count) => format!(
            "Not ready for `privileged = false`: {count} job(s) keep the runner privileged.\n  {}",
            check.privileged_jobs.join("\n  ")
        ),
    };
    ui.answer(&format!("{verdict}\n"))
}

fn place(finding: &Finding) -> String {
    match finding.file.is_empty() {
        true => "-".to_owned(),
        false => format!("{}:{}:{}", finding.file, finding.line, finding.column),
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// SARIF 2.1.0 (OASIS): one run, its rules, its results.
fn sarif(check: &Check) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| json!({ "id": rule.code, "shortDescription": { "text": rule.title }, "help": { "text": rule.remedy }, "helpUri": format!("{PAGE}#{}", rule.code), "defaultConfiguration": { "level": word(rule.severity) } }))
        .collect();
    let result = |finding: &Finding| {
        let region = json!({ "startLine": finding.line.max(1), "startColumn": finding.column.max(1) });
        let location = json!({ "physicalLocation": { "artifactLocation": { "uri": finding.file }, "region": region } });
        json!({ "ruleId": finding.code, "level": word(finding.severity), "message": { "text": format!("{}. {}", finding.message, finding.remedy) }, "locations": [location] })
    };
    let results: Vec<Value> = check.findings.iter().map(result).collect();
    let driver = json!({ "name": "ci-migrate", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{ "tool": { "driver": driver }, "results": results }] })
}

/// GitLab, "Code Quality report format": a list, each with a fingerprint that does not depend on the line.
fn code_quality(check: &Check) -> Value {
    let issue = |finding: &Finding| {
        let severity = match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        let job = finding.job.as_deref().unwrap_or_default();
        json!({
            "description": format!("{}. {}", finding.message, finding.remedy),
            "check_name": finding.code,
            "fingerprint": format!("{:016x}", fingerprint(&[finding.code, &finding.file, job, &finding.message])),
            "severity": severity,
            "location": { "path": finding.file, "lines": { "begin": finding.line.max(1) } },
        })
    };
    check.findings.iter().map(issue).collect()
}

/// FNV-1a: the same on every machine and in every version.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
