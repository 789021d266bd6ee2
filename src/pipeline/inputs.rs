//! `spec: inputs`, and `$[[ inputs.x ]]` where they are put in.
//!
//! Source: `Interpolation::Interpolator`, `Template` and `Block`; GitLab documentation, "CI/CD inputs".

use std::borrow::Cow;
use std::sync::Arc;

use super::error::{Error, ErrorKind};
use super::facts::BLOCK;
use super::place::{At, FileId};
use super::read::Reader;
use super::trees::Trees;
use super::value::{Held, Input, Known, Passed, Slot};
use crate::yaml::NodeId;

/// The inputs of one inclusion of a file, with the values that are known.
///
/// What is not known offline (the inputs that a pipeline is started with, the functions behind a `|`) stays in the text
/// as it is written.
#[derive(Debug)]
pub(super) struct Inputs(Vec<(Box<str>, Arc<Input>)>);

/// A stretch of text, and the input that it is a block for.
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// The whole block, and the name in it if it is an input alone.
    Block(&'t str, Option<&'t str>),
}

impl Inputs {
    /// Puts together what a file declares and what its inclusion gives.
    ///
    /// # Errors
    /// An include that gives what is not declared, or does not give what has no default. Nothing is asked of the main
    /// file: its inputs come with the pipeline.
    pub fn new(
        trees: Trees<'_>,
        file: FileId,
        header: NodeId,
        given: &[Held],
        include: Option<At>,
    ) -> Result<Inputs, Error> {
        let reader = Reader::new(trees, file, None);
        let spec = reader.find(header, "spec")?;
        let declared = spec.as_ref().and_then(|spec| trees.find(&spec.slot, "inputs"));
        let declared = declared.map(|inputs| trees.entries(&inputs.slot)).unwrap_or_default();
        // `spec: include` may declare more.
        let complete = spec.as_ref().is_none_or(|spec| trees.find(&spec.slot, "include").is_none());
        let name = |held: &Held| trees.key(&held.key).to_owned();
        if let Some(unknown) = given.iter().find(|held| complete && !declared.iter().any(|d| name(d) == name(held))) {
            return Err(unknown_input(trees, unknown, file));
        }
        let of = |input: &Held| known(trees, &input.slot);
        let declaration = |held: &Held| declared.iter().find(|input| name(input) == name(held)).map(of);
        let given = given.iter().map(|held| {
            let known = Arc::new(declaration(held).unwrap_or_default());
            (name(held).into(), Arc::new(Input { slot: held.slot.clone(), known }))
        });
        let mut inputs: Vec<(Box<str>, Arc<Input>)> = given.collect();
        for input in &declared {
            if inputs.iter().any(|(given, _)| **given == *name(input)) {
                continue;
            }
            match (trees.find(&input.slot, "default"), include) {
                (Some(default), _) => {
                    let known = Arc::new(of(input));
                    inputs.push((name(input).into(), Arc::new(Input { slot: default.slot, known })));
                }
                // A default may also come from rules, which are decided when the pipeline starts.
                (None, Some(at)) if trees.find(&input.slot, "rules").is_none() => {
                    return Err(trees.refuse(
                        ErrorKind::Inputs,
                        at,
                        format!("this include gives no value for the input `{}`", name(input)),
                        format!("{} declares it without a default; give it under `inputs:`", trees.name(input.key.at)),
                    ));
                }
                (None, _) => {}
            }
        }
        Ok(Inputs(inputs))
    }

    /// The value of a text that is one block and nothing else: it keeps its type.
    pub fn whole(&self, text: &str) -> Option<&Arc<Input>> {
        let mut pieces = Pieces(text);
        match (pieces.next(), pieces.next()) {
            (Some(Piece::Block(_, Some(name))), None) => self.get(name),
            _ => None,
        }
    }

    /// A text with what is known put in, and the places that this comes from; borrowed when there was nothing to put in.
    pub fn put_into<'t>(&self, trees: Trees<'_>, text: &'t str) -> (Cow<'t, str>, Passed) {
        let mut passed = Passed::default();
        if !text.contains(BLOCK) {
            return (Cow::Borrowed(text), passed);
        }
        let mut made = String::new();
        let mut changed = false;
        for piece in Pieces(text) {
            match piece {
                Piece::Text(text) | Piece::Block(text, None) => made.push_str(text),
                Piece::Block(block, Some(name)) => match self.get(name) {
                    Some(input) => {
                        let slot = &input.slot;
                        changed = true;
                        made.push_str(&to_string(trees, slot));
                        passed = slot.passed.places().fold(passed.and(slot.origin.at), |passed, at| passed.and(at));
                    }
                    None => made.push_str(block),
                },
            }
        }
        (if changed { Cow::Owned(made) } else { Cow::Borrowed(text) }, passed)
    }

    /// The blocks of a text whose input is known, as they are written.
    pub fn given_in(&self, text: &str) -> Vec<(Box<str>, Arc<Input>)> {
        let known = |piece| match piece {
            Piece::Block(block, Some(name)) => Some((block.into(), self.get(name)?.clone())),
            _ => None,
        };
        Pieces(text).filter_map(known).collect()
    }

    fn get(&self, name: &str) -> Option<&Arc<Input>> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, input)| input)
    }
}

/// A text, cut into blocks and what stands between them.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    Pieces(text)
}

/// The blocks of a text, as they are written.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = &str> {
    Pieces(text).filter_map(|piece| match piece {
        Piece::Block(block, _) => Some(block),
        Piece::Text(_) => None,
    })
}

/// What a declaration says that its input may be (GitLab: `spec:inputs:options`, `spec:inputs:type`).
fn known(trees: Trees<'_>, declaration: &Slot) -> Known {
    let text = |slot: Slot| trees.setting(slot).text().map(|text| text.into_owned());
    let default = trees.find(declaration, "default").and_then(|held| text(held.slot));
    let options = trees.find(declaration, "options");
    let kind = trees.find(declaration, "type").and_then(|held| text(held.slot));
    let listed = options.iter().flat_map(|held| trees.items(&held.slot)).filter_map(text);
    let truth = matches!(kind.as_deref(), Some("boolean")).then_some(["true", "false"].map(str::to_owned));
    let texts = default.into_iter().chain(listed).chain(truth.into_iter().flatten()).collect();
    Known { texts, closed: options.is_some() || matches!(kind.as_deref(), Some("boolean" | "number")) }
}

/// An include that gives inputs to a file that declares none, or not this one.
pub(super) fn unknown_input(trees: Trees<'_>, given: &Held, file: FileId) -> Error {
    let path = &trees.file(file).path;
    trees.refuse(
        ErrorKind::Inputs,
        given.key.at,
        format!("{path} declares no input `{}`", trees.key(&given.key)),
        format!("declare it under `spec: inputs:` at the head of {path}, or remove it here"),
    )
}

/// Ruby's `to_s` for scalars. How a list or mapping is written into a string has changed between versions of GitLab;
/// JSON is what the newer ones do.
pub(super) fn to_string(trees: Trees<'_>, slot: &Slot) -> String {
    let setting = trees.setting(slot.clone());
    match setting.scalar() {
        Some(scalar) => scalar.into_ruby_string().into_owned(),
        None => setting.to_json().to_string(),
    }
}

/// Cuts a text by `\$\[\[\s*\S.*?\S\s*\]\]`.
struct Pieces<'t>(&'t str);

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if self.0.is_empty() {
            return None;
        }
        let (length, piece): (usize, fn(&'t str) -> Piece<'t>) = match self.0.find(BLOCK) {
            None => (self.0.len(), Piece::Text),
            Some(0) => match block_end(self.0) {
                Some(end) => (end, block),
                None => (BLOCK.len(), Piece::Text),
            },
            Some(start) => (start, Piece::Text),
        };
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(piece(taken))
    }
}

/// Where the block ends that a text starts with. `.` in the pattern above does not match a line break.
fn block_end(text: &str) -> Option<usize> {
    let end = text.find("]]")?;
    let content = text.get(BLOCK.len()..end)?.trim();
    (!content.is_empty() && !content.contains('\n')).then_some(end + "]]".len())
}

fn block(text: &str) -> Piece<'_> {
    let content = text.trim_start_matches(BLOCK).trim_end_matches("]]").trim();
    let name = content.strip_prefix("inputs.").filter(|name| !name.is_empty() && !name.contains(['|', '.']));
    Piece::Block(text, name)
}
