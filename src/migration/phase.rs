//! A phase is data: `migrations/<track>/<number>-<id>.yml`.

use std::ops::Range;

use include_dir::{Dir, include_dir};

use crate::transform::{Role, Run, Transform, nearest};
use crate::yaml::{NodeId, Stream};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// One step of a migration.
#[derive(Clone)]
pub struct Phase {
    /// From the file's name, as is the id: `01-protocol.yml`.
    pub number: u32,
    pub id: String,
    pub title: String,
    pub why: String,
    /// Which jobs it may touch.
    pub select: Select,
    pub transforms: Vec<&'static Transform>,
}

impl Phase {
    /// Whether it changes each job for itself, so that some of them can be picked.
    pub fn is_of_jobs(&self) -> bool {
        self.transforms.iter().all(|transform| is_of_jobs(transform))
    }
}

pub(super) fn is_of_jobs(transform: &Transform) -> bool {
    matches!(transform.run, Run::Job { .. })
}

/// Which jobs a phase may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// Every job.
    All,
    /// The jobs that play a part.
    Role(Role),
}

impl Select {
    pub fn takes(self, role: Role) -> bool {
        self == Select::All || self == Select::Role(role)
    }
}

impl std::fmt::Display for Select {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Select::All => f.write_str("every job"),
            Select::Role(role) => write!(f, "jobs whose role is `{role}`"),
        }
    }
}

/// A phase file that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseError {
    pub file: String,
    pub text: String,
    pub span: Option<Range<usize>>,
    pub message: String,
    pub hint: String,
}

/// The phases of a built-in track, in order; none when there is no such track.
pub fn built_in(track: &str) -> Option<Result<Vec<Phase>, PhaseError>> {
    let files = BUILT_IN.get_dir(track)?.files();
    let texts = files
        .filter_map(|file| Some((file.path().file_name()?.to_str()?.to_owned(), file.contents_utf8()?.to_owned())));
    Some(read(texts))
}

/// The names of the built-in tracks.
pub fn tracks() -> Vec<&'static str> {
    let mut names: Vec<_> = BUILT_IN.dirs().filter_map(|dir| dir.path().file_name()?.to_str()).collect();
    names.sort_unstable();
    names
}

/// Reads the phase files of a track, given by name and text; others than `NN-id.yml` are passed over.
///
/// # Errors
/// A file that is no phase: an unknown key, role or transformation is named with the nearest known one.
pub fn read(files: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Phase>, PhaseError> {
    let mut phases = Vec::new();
    for (file, text) in files {
        let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"));
        let Some((number, id)) = stem.and_then(|stem| stem.split_once('-')) else { continue };
        let Ok(number) = number.parse() else { continue };
        phases.push(Reader { file: &file, text: &text }.phase(number, id)?);
    }
    phases.sort_by_key(|phase: &Phase| phase.number);
    Ok(phases)
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

const KEYS: [&str; 4] = ["title", "why", "select", "transforms"];

impl Reader<'_> {
    fn phase(&self, number: u32, id: &str) -> Result<Phase, PhaseError> {
        let stream = Stream::parse(self.text.to_owned()).map_err(|e| self.error(Some(e.span), e.message, e.hint))?;
        let tree = stream.tree();
        let root = tree.roots().first().copied().filter(|&root| tree.is_mapping(root));
        let Some(root) = root else {
            return Err(self.error(None, "a phase is a mapping".into(), format!("its keys are {}", KEYS.join(", "))));
        };
        for (key, _) in tree.entries(root) {
            let name = tree.scalar(key).unwrap_or_default();
            if !KEYS.contains(&name) {
                return Err(self.error(
                    Some(stream.span(key)),
                    format!("`{name}` is no key of a phase{}", nearest(name, KEYS)),
                    format!("its keys are {}", KEYS.join(", ")),
                ));
            }
        }
        let select = self.wanted(&stream, root, "select")?;
        let select = match tree.scalar(select) {
            Some("all") => Select::All,
            _ => {
                let known = Role::ALL.map(|r| r.word().to_owned()).to_vec();
                let role = self.wanted(&stream, select, "role")?;
                Select::Role(self.word(&stream, role, "role", known, |word| word.parse().ok())?)
            }
        };
        let transforms = self.wanted(&stream, root, "transforms")?;
        Ok(Phase {
            number,
            id: id.to_owned(),
            title: self.text_of(&stream, self.wanted(&stream, root, "title")?)?,
            why: self.text_of(&stream, self.wanted(&stream, root, "why")?)?,
            select,
            transforms: tree
                .items(transforms)
                .iter()
                .map(|&node| {
                    let known = crate::transform::REGISTRY.iter().map(Transform::word).collect();
                    self.word(&stream, node, "transformation", known, |word| {
                        Transform::find(word).filter(|t| t.word() == word)
                    })
                })
                .collect::<Result<_, _>>()?,
        })
    }

    fn wanted(&self, stream: &Stream, mapping: NodeId, key: &str) -> Result<NodeId, PhaseError> {
        stream.tree().get(mapping, key).ok_or_else(|| {
            self.error(
                Some(stream.span(mapping)),
                format!("`{key}` is missing"),
                "see migrations/buildkit/01-protocol.yml".into(),
            )
        })
    }

    fn text_of(&self, stream: &Stream, node: NodeId) -> Result<String, PhaseError> {
        let text = stream.tree().scalar(node).filter(|text| !text.is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| self.error(Some(stream.span(node)), "this must be a text".into(), String::new()))
    }

    fn word<T>(
        &self,
        stream: &Stream,
        node: NodeId,
        what: &str,
        known: Vec<String>,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, PhaseError> {
        let word = self.text_of(stream, node)?;
        find(&word).ok_or_else(|| {
            let near = nearest(&word, known.iter().map(String::as_str));
            self.error(
                Some(stream.span(node)),
                format!("`{word}` is no {what}{near}"),
                format!("known are {}", known.join(", ")),
            )
        })
    }

    fn error(&self, span: Option<Range<usize>>, message: String, hint: String) -> PhaseError {
        PhaseError { file: self.file.to_owned(), text: self.text.to_owned(), span, message, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Vec<Phase>, PhaseError> {
        read([("07-x.yml".to_owned(), text.to_owned()), ("README.md".to_owned(), String::new())])
    }

    #[test]
    fn the_built_in_phases_are_in_order() {
        let phases = built_in("buildkit").unwrap().unwrap();
        let numbers: Vec<u32> = phases.iter().map(|phase| phase.number).collect();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
        assert_eq!(phases[0].id, "protocol");
        assert!(built_in("none").is_none());
    }

    #[test]
    fn what_is_unknown_is_named_with_the_nearest() {
        let good = "title: a\nwhy: b\nselect: {role: test}\ntransforms: [branch-cache]\n";
        assert_eq!(one(good).unwrap()[0].number, 7);
        assert!(one(&good.replace("test", "tst")).err().unwrap().message.contains("`test`"));
        assert!(one(&good.replace("branch-cache", "branch-cash")).err().unwrap().message.contains("`branch-cache`"));
        assert!(one(&good.replace("why", "wy")).err().unwrap().message.contains("`why`"));
        assert!(one(&good.replace("title: a\n", "")).err().unwrap().message.contains("`title` is missing"));
    }
}
