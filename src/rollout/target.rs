//! Which repositories: paths and URLs, from the command line or a list.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::yaml::{NodeId, Stream, Tree};

/// A repository of a rollout. Its credentials are kept apart from its address, and are nowhere written.
#[derive(Clone)]
pub struct Target {
    /// What it is called everywhere: host and path of a URL, or the path as it was given but for what says nothing in it.
    pub id: String,
    /// The URL without credentials, or the path.
    pub address: String,
    /// The host that is asked; none for a path.
    pub host: Option<String>,
    /// Branch, tag or full ref to begin with; without one, what HEAD of the repository is.
    pub base: Option<String>,
    /// The pipeline's main file, if it is another than that of the rollout.
    pub file: Option<String>,
    /// `KEY=VALUE`, over the rollout's.
    pub set: Vec<String>,
    pub(super) login: Option<Login>,
}

/// What stood before the `@` of an `https` URL.
#[derive(Clone)]
pub(super) struct Login {
    pub user: String,
    pub password: Option<String>,
}

impl Target {
    /// Reads a path or a URL.
    ///
    /// # Errors
    /// It is empty, or git would take it for an option or a program to run.
    pub fn new(word: &str) -> Result<Target, String> {
        let word = word.trim();
        // `ext::` and its like would run programs.
        let is_helper = word.split(['/', '@']).next().is_some_and(|head| head.contains("::"));
        if word.is_empty() || word.starts_with('-') || word.contains(char::is_control) || is_helper {
            return Err(format!("`{}` is neither a path nor a URL", without_credentials(word).escape_debug()));
        }
        if let Some((scheme, rest)) = word.split_once("://") {
            return Ok(Target::of_url(scheme, rest));
        }
        match scp(word) {
            // An ssh address without a scheme; a user's name is no secret there, and is part of the way in.
            Some((host, path)) => {
                let name = host.rsplit_once('@').map_or(host, |(_, host)| host);
                let mut target = Target::plain(word.to_owned(), String::new());
                target.id = normal(&format!("{}/{}", name.to_ascii_lowercase(), path.trim_start_matches('/')));
                target.host = Some(name.to_ascii_lowercase());
                Ok(target)
            }
            None => Ok(Target::plain(word.to_owned(), local(word))),
        }
    }

    /// Whether it is a folder on this machine, by its path.
    pub fn is_path(&self) -> bool {
        self.host.is_none() && !self.address.contains("://")
    }

    /// Where it is, the same for every way to say it. Only a folder of this machine is looked for.
    pub fn place(&self) -> PathBuf {
        if self.host.is_some() {
            return PathBuf::from(&self.id);
        }
        let path = match self.address.split_once("://") {
            Some((_, path)) => decoded(path),
            None => self.address.clone(),
        };
        // Git looks for the one, and then for the other.
        let found = [path.clone(), format!("{}.git", path.trim_end_matches('/'))]
            .iter()
            .find_map(|path| fs::canonicalize(path).ok());
        let place = found.or_else(|| std::path::absolute(&path).ok()).unwrap_or_else(|| PathBuf::from(path));
        match place.parent() {
            Some(parent) if place.file_name() == Some(OsStr::new(".git")) => parent.to_owned(),
            _ => place,
        }
    }

    fn of_url(scheme: &str, rest: &str) -> Target {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let scheme = scheme.to_ascii_lowercase();
        let mut target = Target::plain(String::new(), String::new());
        let has_login = scheme == "http" || scheme == "https";
        if let Some(user) = user.filter(|_| has_login) {
            let (user, password) = user.split_once(':').map_or((user, None), |(u, p)| (u, Some(p)));
            target.login = Some(Login { user: decoded(user), password: password.map(decoded) });
        }
        // Of ssh, the name stays, and a password, which it would not take, goes.
        let name = user.filter(|_| !has_login).and_then(|user| user.split(':').next());
        let name = name.map(|name| format!("{name}@")).unwrap_or_default();
        target.address = format!("{scheme}://{name}{host}/{path}");
        let host = host.to_ascii_lowercase();
        target.id = match host.is_empty() {
            true => local(&decoded(&format!("/{path}"))),
            false => normal(&format!("{host}/{path}")),
        };
        target.host = Some(host).filter(|host| !host.is_empty());
        target
    }

    fn plain(address: String, id: String) -> Target {
        Target { id, address, host: None, base: None, file: None, set: Vec::new(), login: None }
    }
}

/// Reads a list: a line a repository (`#` begins a comment), or a YAML list of addresses or of mappings with `url` (or `path`),
/// `ref`, `file` and `settings`.
///
/// # Errors
/// No YAML, or more than one document, an unknown key, an entry that is no address; with the line.
pub fn read_list(text: &str) -> Result<Vec<Target>, String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    if !first.is_some_and(|line| line == "---" || line == "-" || line.starts_with("- ") || line.starts_with('[')) {
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        return lines.map(|(number, line)| Target::new(line).map_err(|why| format!("line {number}: {why}"))).collect();
    }
    let stream = Stream::parse(text.to_owned()).map_err(|error| error.message)?;
    let tree = stream.tree();
    let root = match tree.roots() {
        [] => return Ok(Vec::new()),
        [root] => *root,
        [_, second, ..] => {
            let (line, _) = stream.line_column(stream.span(*second).start);
            return Err(format!("line {line}: a second document begins here, and a list is one"));
        }
    };
    let entry = |&item: &NodeId| {
        let (line, _) = stream.line_column(stream.span(item).start);
        entry(tree, item).map_err(|why| format!("line {line}: {why}"))
    };
    tree.items(root).iter().map(entry).collect()
}

fn entry(tree: &Tree, item: NodeId) -> Result<Target, String> {
    if let Some(word) = tree.scalar(item) {
        return Target::new(word);
    }
    let text = |key: &str| tree.get(item, key).and_then(|value| tree.scalar(value)).map(str::to_owned);
    for (key, _) in tree.entries(item) {
        let key = tree.scalar(key).unwrap_or_default();
        if !["url", "path", "ref", "file", "settings"].contains(&key) {
            return Err(format!("`{key}` is no key of a repository; its keys are url (or path), ref, file, settings"));
        }
    }
    let mut target = Target::new(&text("url").or_else(|| text("path")).unwrap_or_default())?;
    target.base = text("ref").filter(|base| !base.is_empty());
    if target.base.as_ref().is_some_and(|base| base.starts_with('-') || base.contains([':', '*', ' '])) {
        return Err("`ref` is a branch, a tag or a full ref".to_owned());
    }
    target.file = text("file").filter(|file| !file.is_empty());
    if let Some(settings) = tree.get(item, "settings") {
        assignments(tree, settings, "", &mut target.set)?;
    }
    Ok(target)
}

/// `a: {b: c}` as `a.b=c`.
fn assignments(tree: &Tree, mapping: NodeId, prefix: &str, out: &mut Vec<String>) -> Result<(), String> {
    for (key, value) in tree.entries(mapping) {
        let key = format!("{prefix}{}", tree.scalar(key).unwrap_or_default());
        match tree.scalar(value) {
            Some(text) => out.push(format!("{key}={text}")),
            None if tree.is_mapping(value) => assignments(tree, value, &format!("{key}."), out)?,
            None => return Err(format!("the setting `{key}` is a text here")),
        }
    }
    Ok(())
}

/// `host:path`, as ssh takes it: the colon comes before the first slash, and there is no such file here.
fn scp(word: &str) -> Option<(&str, &str)> {
    let (host, path) = word.split_once(':')?;
    let is_ssh = !host.is_empty() && !host.contains('/') && !path.is_empty() && !Path::new(word).exists();
    is_ssh.then_some((host, path))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A path without what says nothing in it. It stays relative to the current folder, so that a plan is the same on every machine; its `.git`
/// stays too, since `a` and `a.git` can be two repositories.
fn local(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    match (path.starts_with('/'), parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// A host and a path.
fn normal(id: &str) -> String {
    let id = id.trim_end_matches('/');
    let id = id.strip_suffix(".git").filter(|rest| !rest.is_empty() && !rest.ends_with('/')).unwrap_or(id);
    if id.is_empty() { "/".to_owned() } else { id.to_owned() }
}

/// The text with whatever stands between `://` and `@` taken out.
pub fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|c: char| c == '/' || c.is_whitespace() || c == '\'' || c == '"').unwrap_or(tail.len());
        let authority = &tail[..end];
        rest = match authority.rfind('@') {
            Some(at) => &tail[at + 1..],
            None => tail,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_name_and_no_credentials() {
        for (word, id, address, host) in [
            ("https://oauth2:t0ken@H.example/g/a.git", "h.example/g/a", "https://h.example/g/a.git", Some("h.example")),
            ("ssh://git@h:2222/g/a.git/", "h:2222/g/a", "ssh://git@h:2222/g/a.git/", Some("h:2222")),
            ("git@h:g/a.git", "h/g/a", "git@h:g/a.git", Some("h")),
            ("../a/b/", "../a/b", "../a/b/", None),
            ("./a//b/./c.git", "a/b/c.git", "./a//b/./c.git", None),
            ("file:///srv/a%20b.git", "/srv/a b.git", "file:///srv/a%20b.git", None),
        ] {
            let target = Target::new(word).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!((target.id.as_str(), target.host.as_deref()), (id, host), "{word}");
            assert_eq!(target.address.to_lowercase(), address, "{word}");
            assert_eq!(target.is_path(), word.starts_with('.'));
        }
        for word in ["", "-x", "ext::sh -c x", "a\nb"] {
            assert!(Target::new(word).is_err(), "{word}");
        }
        let said = "fatal: 'https://u:p@h/a' and http://t@h/b, not a@b or c://d/e@f";
        assert_eq!(without_credentials(said), "fatal: 'https://h/a' and http://h/b, not a@b or c://d/e@f");
    }
}
