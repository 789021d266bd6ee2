//! `--group` and `rollout list`: the repositories of a GitLab's groups.

use std::collections::BTreeSet;
use std::env;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::Groups;
use super::{Done, Fail, Ui};
use crate::rollout::{GitLab, GitLabError, Which};

/// What `rollout list` found; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Rollout list")]
pub struct Listed {
    version: u32,
    /// Their addresses, each once.
    repositories: Vec<String>,
}

/// Prints the addresses, one a line.
pub fn list(args: &Groups, ui: &mut Ui) -> Done {
    if args.group.is_empty() {
        return Err(Fail::input("no group is named", "say --group GROUP"));
    }
    let addresses = addresses(args, ui)?;
    match ui.is_json() {
        true => ui.json(&Listed { version: 1, repositories: addresses })?,
        false => ui.answer(&addresses.iter().map(|address| format!("{address}\n")).collect::<String>())?,
    }
    Ok(0)
}

/// The addresses of the repositories of all groups that are named.
pub fn addresses(args: &Groups, ui: &Ui) -> Result<Vec<String>, Fail> {
    if args.group.is_empty() {
        return Ok(Vec::new());
    }
    let word = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let token = word("GITLAB_TOKEN");
    let has_job_token_only = token.is_none() && word("CI_JOB_TOKEN").is_some();
    let failed = |error: GitLabError| match has_job_token_only {
        true => Fail::input(
            error.message,
            format!(
                "{}; the CI_JOB_TOKEN of a job cannot list groups, so that a variable must bring one",
                error.remedy
            ),
        ),
        false => Fail::input(error.message, error.remedy),
    };
    let url = args.gitlab_url.clone().or_else(|| word("CI_SERVER_URL"));
    let url = url.unwrap_or_else(|| "https://gitlab.com".to_owned());
    let gitlab = GitLab::new(&url, token).map_err(failed)?;
    let which = Which { archived: args.with_archived, forks: args.with_forks, ssh: args.ssh };
    let mut addresses: Vec<String> = Vec::new();
    for group in &args.group {
        let listing = gitlab.group(group, which).map_err(failed)?;
        let mut line = format!("Group {group}: {} repositories", listing.addresses.len());
        if listing.forks > 0 {
            line += &format!(", {} forks left out (--with-forks takes them)", listing.forks);
        }
        if listing.archived > 0 {
            line += &format!(", {} archived left out (--with-archived takes them)", listing.archived);
        }
        ui.quiet(&format!("{line}."));
        addresses.extend(listing.addresses);
    }
    // A group and a subgroup of it, both named.
    let mut seen = BTreeSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    Ok(addresses)
}
