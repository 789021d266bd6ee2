//! Gives each branch a registry cache of its own, beside the common one.
//!
//! A build that reads or writes a registry cache `…:buildcache` also reads `…:buildcache-${CI_COMMIT_REF_SLUG}`, and
//! writes it if it writes the common one. The branch's cache is written first, so that a common one written by another
//! branch meanwhile does not decide what this branch finds. BuildKit takes several `--cache-to` since 0.11.
//!
//! # What it does not do
//!
//! A build without a registry cache gets none: whether the registry may be used for it is the team's to say.

use std::borrow::Cow;

use super::draft::Draft;
use super::images::image_key;
use super::left::Reason;
use super::settings::Settings;
use super::words::beside;
use crate::shell::docker::Opt;

pub(super) const DECLARES: &[&str] = &["script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    for build in &facts.builds {
        let Some(command) = facts.command_of(&build.at) else { continue };
        if command.doubtful || !build.at.docker.certain() {
            continue;
        }
        for name in ["cache-from", "cache-to"] {
            let options: Vec<&Opt> = build.at.docker.all(name).collect();
            for option in &options {
                let Some(raw) = option.value.as_ref().and_then(|value| expanding(&value.raw)) else { continue };
                let Some((before, reference, after)) = common(&raw) else { continue };
                let branch = format!("{reference}{}", settings.branch_suffix);
                let there = options.iter().any(|o| o.value.as_ref().is_some_and(|v| refers(&v.display, &branch)));
                let text = format!("--{name} {before}{branch}{after}");
                if !there
                    && let Some((place, text)) =
                        beside(draft, build.at.part, command, option, &text, name == "cache-to")
                {
                    draft.edit(build.at.part, &place, text);
                }
            }
        }
    }
    Ok(())
}

/// A value with quotes in which the shell expands variables: in single ones the branch's name would stay as it is written.
fn expanding(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('\'') {
        return Some(Cow::Borrowed(raw));
    }
    let inner = raw.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '"', '$', '`', '\\'])).then(|| Cow::Owned(format!("\"{inner}\"")))
}

/// Splits a cache option's value around its reference, if that is a registry's and its tag is a fixed one.
fn common(raw: &str) -> Option<(&str, &str, &str)> {
    let bare = raw.trim_matches(['"', '\'']);
    let registry = bare.split(',').any(|field| field == "type=registry");
    let start = raw.find("ref=")? + "ref=".len();
    let end = raw[start..].find([',', '"', '\'']).map_or(raw.len(), |i| start + i);
    let reference = raw.get(start..end)?;
    let tag = reference.rsplit('/').next()?.split_once(':')?.1;
    let fixed = !tag.is_empty() && !tag.contains('$') && tag.contains("cache");
    (registry && fixed).then(|| (&raw[..start], reference, &raw[end..]))
}

/// Whether a value is of this reference, however its variables are written.
fn refers(display: &str, branch: &str) -> bool {
    let plain = |text: &str| image_key(text, &|_| None);
    display.split(',').any(|field| field.strip_prefix("ref=").is_some_and(|it| plain(it) == plain(branch)))
}
