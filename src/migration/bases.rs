//! What images begin with, and whether those that one compose file builds begin with one another.
//!
//! Compose builds them in the order of `depends_on`, into a daemon where the next one finds them; bake builds all of them at once, and
//! takes what is not a target's from the registry.

use super::stages::left_out;
use crate::pipeline::Files;
use crate::transform::Recipe;
use crate::yaml::{NodeId, Tree};

/// A service that is built.
pub(super) struct Built<'t> {
    name: &'t str,
    image: &'t str,
    bases: Vec<String>,
    /// A stage of its Dockerfile that only the builder of old docker runs.
    pub guard: Option<String>,
}

impl<'t> Built<'t> {
    /// Looks at the `build` of a service, and into its Dockerfile.
    pub fn of(tree: &'t Tree, name: &'t str, service: NodeId, build: NodeId, files: &dyn Files) -> Built<'t> {
        let text = |node: NodeId| tree.scalar(tree.resolve(node));
        let said = |key: &str| tree.get(build, key).and_then(text);
        let context = if tree.is_mapping(build) { said("context") } else { text(build) }.unwrap_or(".");
        let folder = context.trim_start_matches("./").trim_end_matches('/');
        let path = match folder {
            "" | "." => said("dockerfile").unwrap_or("Dockerfile").to_owned(),
            _ => format!("{folder}/{}", said("dockerfile").unwrap_or("Dockerfile")),
        };
        let file = || files.read(path.trim_start_matches("./")).ok().flatten();
        let dockerfile = said("dockerfile_inline").map(str::to_owned).or_else(file).unwrap_or_default();
        let mut bases = bases(&dockerfile);
        if let Some(args) = tree.get(build, "args").map(|args| tree.resolve(args)) {
            bases.extend(tree.entries(args).filter_map(|(_, value)| text(value)).map(str::to_owned));
            let items = tree.items(args).iter().filter_map(|&item| text(item)?.split_once('='));
            bases.extend(items.map(|(_, value)| value.to_owned()));
        }
        let image = tree.get(service, "image").and_then(text).unwrap_or_default();
        Built { name, image, bases, guard: left_out(&dockerfile, said("target")) }
    }

    /// Another one that this one begins with, by the last word of its image's name.
    pub fn begins_with<'b>(&self, all: &'b [Built<'t>]) -> Option<&'b str> {
        let others = all.iter().filter(|other| other.name != self.name && !other.image.is_empty());
        let mut others = others.filter(|other| self.bases.iter().any(|base| last(base) == last(other.image)));
        others.next().map(|other| other.name)
    }

    pub fn name(&self) -> &'t str {
        self.name
    }
}

/// The path of a build's Dockerfile from the repository's root, as far as it is written out.
pub(super) fn dockerfile(build: &Recipe) -> String {
    let root = |text: &str| -> String {
        let mut text = text.to_owned();
        // Most paths are plain.
        if text.contains(['$', '`']) {
            for here in ["$CI_PROJECT_DIR", "${CI_PROJECT_DIR}", "$PWD", "${PWD}", "$(pwd)", "`pwd`"] {
                text = text.replace(here, ".");
            }
        }
        text.trim_start_matches("./").trim_end_matches('/').to_owned()
    };
    let context = root(build.context.as_deref().unwrap_or("."));
    match &build.file {
        Some(file) => root(file),
        None if context.is_empty() || context == "." => "Dockerfile".to_owned(),
        None => format!("{context}/Dockerfile"),
    }
}

/// A Dockerfile without its comments, which may stand within an instruction, each instruction in one line.
pub(super) fn joined(dockerfile: &str) -> String {
    let lines = dockerfile.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim_start().starts_with('#'));
    let lines = lines.map(str::trim_end).map(|line| match line.strip_suffix('\\') {
        Some(line) => format!("{line} "),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The images that a Dockerfile names, other than its own stages.
pub(super) fn bases(dockerfile: &str) -> Vec<String> {
    let dockerfile = joined(dockerfile);
    let stage = |line: &str| {
        let mut words = line.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("as"));
        words.nth(1).map(str::to_owned)
    };
    let is_from = |line: &str| line.trim_start().get(..5).is_some_and(|it| it.eq_ignore_ascii_case("from "));
    // A stage counts from the line behind its own: `FROM app AS app` begins with an image.
    let mut stages: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in dockerfile.lines() {
        found.extend(named(line).into_iter().filter(|name| !stages.contains(name)));
        stages.extend(stage(line).filter(|_| is_from(line)));
    }
    found
}

/// The images that a line of a Dockerfile names (<https://docs.docker.com/reference/dockerfile/>).
fn named(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    match &*first {
        "FROM" => {
            let name = words.find(|word| !word.starts_with("--"));
            name.into_iter().flat_map(|name| std::iter::once(name).chain(default(name))).map(str::to_owned).collect()
        }
        "ARG" => words.filter_map(|word| word.split_once('=')).map(|(_, value)| value.to_owned()).collect(),
        _ => {
            let from = words.flat_map(|word| word.trim_start_matches("--").trim_start_matches("mount=").split(','));
            from.filter_map(|part| part.strip_prefix("from=")).map(str::to_owned).collect()
        }
    }
}

/// What a name is unless an argument says otherwise: `${BASE:-x}`.
fn default(name: &str) -> Option<&str> {
    let (_, value) = name.strip_prefix("${")?.strip_suffix('}')?.split_once(":-")?;
    Some(value)
}

/// The last word of an image's name, without its tag.
pub(super) fn last(image: &str) -> &str {
    let name = image.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::MemoryFiles;
    use crate::yaml::Stream;

    fn begins(compose: &str, dockerfile: &str) -> Option<String> {
        let files: MemoryFiles = [("web/Dockerfile", dockerfile)].into_iter().collect();
        let stream = Stream::parse(compose.to_owned()).unwrap();
        let tree = stream.tree();
        let built: Vec<Built<'_>> = tree
            .entries(tree.roots()[0])
            .map(|(key, service)| {
                let build = tree.resolve(tree.get(service, "build").unwrap());
                Built::of(tree, tree.scalar(key).unwrap(), service, build, &files)
            })
            .collect();
        built.iter().find_map(|one| Some(format!("{} {}", one.name(), one.begins_with(&built)?)))
    }

    #[test]
    fn a_base_is_found_in_the_dockerfile_and_in_the_arguments() {
        let compose =
            "base: {image: 'r.example/t/base:${TAG}', build: ./base}\nweb: {image: r.example/t/web, build: ./web}\n";
        let found = Some("web base".to_owned());
        assert_eq!(begins(compose, "FROM --platform=linux/amd64 r.example/t/base:1 AS all\n"), found);
        assert_eq!(begins(compose, "FROM alpine\nCOPY --from=r.example/t/base:1 /a /a\n"), found);
        assert_eq!(begins(compose, "FROM alpine\nRUN --mount=type=bind,from=base,target=/b true\n"), found);
        assert_eq!(begins(compose, "FROM alpine\nRUN --mount=from=base,target=/b true\n"), found);
        assert_eq!(begins(compose, "FROM alpine\nCOPY \\ \n# as it is\n  --from=base /a /a\n"), found);
        assert_eq!(begins(compose, "\u{feff}FROM r.example/t/base\n"), found);
        assert_eq!(begins(compose, "ARG BASE=r.example/t/base\nFROM $BASE\n"), found);
        assert_eq!(begins(compose, "FROM alpine\n# FROM base\nRUN echo base\n"), None);
        let given = compose.replace("./web}", "{context: web, args: {BASE: 'r.example/t/base:1'}}}");
        assert_eq!(begins(&given, "ARG BASE\nFROM $BASE\n"), found);
    }
}
