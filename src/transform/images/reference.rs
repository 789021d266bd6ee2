//! Image references as they stand in a script.

use std::collections::BTreeSet;

/// What two references have alike when they name the same image: `$X` is `${X}`, and a name without a tag is `:latest`.
pub(super) fn key(display: &str) -> String {
    let mut out = String::with_capacity(display.len() + 8);
    let mut rest = display;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        match end {
            0 => out.push('$'),
            _ => {
                out.push_str("${");
                out.push_str(&rest[..end]);
                out.push('}');
            }
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    let last = out.rsplit('/').next().unwrap_or_default();
    // The address of a project's registry has no tag.
    if !last.is_empty() && !last.contains(['$', ':', '@', '`']) || out == "${CI_REGISTRY_IMAGE}" {
        out.push_str(":latest");
    }
    out
}

/// Whether two references may name the same image: open variables may be any text, the others only what they are. A name that may
/// have no tag may be `latest`.
/// Where both begin alike, the rest decides, but for variables that change.
pub(super) fn may_be_one(
    one: &str,
    other: &str,
    is_open: &dyn Fn(&str) -> bool,
    changes: &dyn Fn(&str) -> bool,
) -> bool {
    let pattern = |text: &str| -> Option<String> {
        let mut parts = text.split('$');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.strip_prefix('{')?.split_once('}')?;
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            out.push_str(&if plain && !is_open(name) { format!("<{name}>") } else { format!("${{{name}}}") });
            out.push_str(rest);
        }
        (!out.contains('`')).then_some(out)
    };
    let shared = |one: &str, other: &str| {
        let (mut at, mut end) = (0, 0);
        let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        while let Some(rest) = one.get(at..same) {
            let variable = rest.strip_prefix("${").and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
            match (variable, rest.chars().next()) {
                (Some(name), _) if changes(name) => break,
                (Some(name), _) => at += name.len() + "${}".len(),
                (None, Some(c)) if !rest.starts_with("${") => at += c.len_utf8(),
                _ => break,
            }
            end = at;
        }
        end
    };
    let names = |text: &str| {
        let untagged = !text.rsplit('/').next().unwrap_or_default().contains([':', '@']);
        std::iter::once(text.to_owned()).chain(untagged.then(|| format!("{text}:latest"))).collect::<Vec<_>>()
    };
    let (Some(one), Some(other)) = (pattern(one), pattern(other)) else { return true };
    let rests = |one: &str, other: &str| {
        let from = shared(one, other);
        alike(one.get(from..).unwrap_or_default(), other.get(from..).unwrap_or_default())
    };
    names(&one).iter().any(|one| names(&other).iter().any(|other| rests(one, other)))
}

/// Whether two texts may be the same, each of whose variables may be any text.
fn alike(one: &str, other: &str) -> bool {
    match (one.split_once("${"), other.split_once("${")) {
        (Some((before, _)), Some((start, _))) => {
            let end = |text: &str| text.rsplit_once('}').map(|(_, end)| end.to_owned()).unwrap_or_default();
            let (after, end) = (end(one), end(other));
            (before.starts_with(start) || start.starts_with(before))
                && (after.ends_with(&*end) || end.ends_with(&*after))
        }
        (Some(_), None) => may_read(one, other),
        _ => may_read(other, one),
    }
}

/// A reference without what stands for Docker Hub (distribution/reference, "familiar names").
pub(super) fn plain_hub(key: &str) -> String {
    let hosts = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    let name = hosts.iter().find_map(|host| key.strip_prefix(host)).unwrap_or(key);
    name.strip_prefix("library/").unwrap_or(name).to_owned()
}

/// Whether a reference is one of Docker Hub's official images, which everybody reads.
pub(super) fn is_official(key: &str) -> bool {
    !plain_hub(key).contains(['/', '$', '`'])
}

/// Whether a variable of GitLab's has another value in every commit, pipeline or job, and none that a person would write.
pub(super) fn is_unique(name: &str) -> bool {
    matches!(
        name,
        "CI_COMMIT_SHA" | "CI_COMMIT_SHORT_SHA" | "CI_PIPELINE_ID" | "CI_PIPELINE_IID" | "CI_JOB_ID" | "CI_BUILD_REF"
    )
}

/// The names of the variables in a reference; none when something else is expanded in it, such as `$(date)`. What an input
/// of the file may read is not among them.
pub(super) fn variables(raw: &str) -> Option<BTreeSet<&str>> {
    let mut found = BTreeSet::new();
    if raw.contains('`') {
        return None;
    }
    let mut rest = raw;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(block) = rest.strip_prefix("[[").and_then(|rest| rest.find("]]").map(|end| &rest[end + 2..])) {
            rest = block;
            continue;
        }
        let inner = rest.strip_prefix('{').unwrap_or(rest);
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        if end == 0 {
            return None;
        }
        found.insert(&inner[..end]);
        rest = &inner[end..];
    }
    Some(found)
}

/// The registry of a reference; empty for Docker Hub (distribution/reference, "familiar names").
pub(super) fn registry(key: &str) -> String {
    let Some((first, _)) = key.split_once('/') else {
        let whole = key.split_once("}:").map_or(key, |(name, _)| &key[..=name.len()]);
        return if whole.starts_with('$') { server(whole) } else { String::new() };
    };
    match first.contains(['.', ':', '$']) || first == "localhost" {
        true => server(first),
        false => String::new(),
    }
}

/// What one logs in to: the project's own images are in the project's registry.
pub(super) fn server(name: &str) -> String {
    let name = name.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches(":latest");
    let host = name.split('/').next().unwrap_or_default();
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => String::new(),
        host => match host.split_once("CI_REGISTRY_IMAGE") {
            Some(_) => "${CI_REGISTRY}".to_owned(),
            None => host.to_owned(),
        },
    }
}

/// Whether a reference may be read as another one: each of its variables may be any text.
pub(super) fn may_read(pattern: &str, text: &str) -> bool {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        parts.push(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    if parts.is_empty() {
        return pattern == text;
    }
    let Some(mut text) = text.strip_prefix(parts.remove(0)).and_then(|text| text.strip_suffix(rest)) else {
        return false;
    };
    parts.into_iter().filter(|part| !part.is_empty()).all(|part| match text.find(part) {
        Some(at) => {
            text = &text[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Whether a reference holds what only this commit or this pipeline has.
pub(super) fn is_of_one_run(raw: &str) -> bool {
    let names = variables(raw).unwrap_or_default();
    names.iter().any(|name| is_unique(name) || *name == "CI_COMMIT_TAG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_name_the_same_image_have_the_same_key() {
        assert_eq!(key("$A/b:$C"), key("${A}/b:${C}"));
        assert_eq!(key("app"), key("app:latest"));
        assert_eq!(key("host:5000/app"), "host:5000/app:latest");
        assert_ne!(key("$A"), key("$A:latest"));
        assert_ne!(key("${A:-b}"), key("$A"));
    }

    #[test]
    fn the_registry_of_a_reference_is_what_one_logs_in_to() {
        for (reference, login) in [
            ("$CI_REGISTRY_IMAGE/a:1", "$CI_REGISTRY"),
            ("${CI_REGISTRY_IMAGE}:1", "${CI_REGISTRY}"),
            ("$CI_REGISTRY_IMAGE", "$CI_REGISTRY"),
            ("$IMAGE:dev", "$IMAGE"),
            ("host:5000/a/b", "https://host:5000/v2/"),
            ("team/app", "docker.io"),
            ("app:1", "https://index.docker.io/v1/"),
        ] {
            assert_eq!(registry(&key(reference)), server(&key(login)), "{reference}");
        }
        assert_ne!(registry(&key("$CI_REGISTRY_IMAGE/a")), server(&key("registry.example.com")));
    }

    #[test]
    fn references_may_be_of_one_image() {
        let open = |name: &str| matches!(name, "T" | "U" | "V");
        let changes = |name: &str| name == "V";
        for (one, other) in [
            ("a:1", "a:1"),
            ("${R}:latest", "${R}:${T}"),
            ("${R}:latest", "${R}"),
            ("${R}:latest", "${T}"),
            ("${R}:${T}", "${R}"),
            ("${R}:${T}", "${R}:${U}"),
            ("${U}:latest", "${R}:${T}"),
            ("a:$(date)", "b:1"),
            ("${R}/${V}:1", "${R}/${V}/b:${T}"),
            ("${T}/a:${U}", "${T}/a:1"),
        ] {
            let may = |one, other| may_be_one(one, other, &open, &changes);
            assert!(may(one, other) && may(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("a:1", "a:2"),
            ("${R}:latest", "${R}:${SHA}"),
            ("${R}/a:${T}", "${R}/b:${T}"),
            ("${R}/${T}:${SHA}", "${R}/${T}:latest"),
            ("a:1", "a"),
            ("${T}:${U}", "${T}/b:latest"),
            ("${T}/a:${U}", "${T}/b:${U}"),
        ] {
            let may = |one, other| may_be_one(one, other, &open, &changes);
            assert!(!may(one, other) && !may(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_variable_may_be_any_text() {
        assert!(may_read("${A}/app:${TAG}-${ARCH}", "${A}/app:1-amd64") && may_read("a/b:1", "a/b:1"));
        assert!(!may_read("${A}/app:${TAG}-${ARCH}", "${A}/app:2") && !may_read("${A}/app:x", "${A}/app:y"));
    }

    #[test]
    fn the_variables_of_a_reference() {
        assert_eq!(variables("\"${A:-$B}/c:$D\""), Some(BTreeSet::from(["A", "B", "D"])));
        assert_eq!(variables("a:$(date)"), None);
        assert_eq!(variables("a:`date`"), None);
        assert_eq!(variables("a"), Some(BTreeSet::new()));
    }
}
