//! Inputs as they stand in a value, and what is put in their place.
//!
//! What a file says of a job holds for every inclusion of it: here a value is seen as it is written, with all that its
//! inputs are known to be (GitLab documentation, "CI/CD inputs").

use std::borrow::Cow;
use std::sync::Arc;

use super::facts::BLOCK;
use super::inputs::{Piece, blocks, pieces, to_string};
use super::place::{At, FileId};
use super::setting::Setting;
use super::value::{Known, Value};

/// A block of an input in a text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// As it is written: `$[[ inputs.x ]]`.
    pub block: String,
    pub file: FileId,
    /// What takes its place: one text, or the items of a list; none where that is not known.
    pub texts: Option<Vec<String>>,
    pub known: Arc<Known>,
}

impl<'p> Setting<'p> {
    /// Whether inputs decide about it, or about anything in it: another inclusion of its file may have another value.
    pub fn holds_input(&self) -> bool {
        if self.filled.is_some() {
            return true;
        }
        let here = |at: At| self.trees.tree(at).scalar(at.node).is_some_and(|text| text.contains(BLOCK));
        let written = self.trees.resolve(self.origin.at);
        let spliced = || self.trees.tree(written).items(written.node).iter().any(|&item| here(written.beside(item)));
        match &self.value {
            Value::Node(at) => here(*at) || self.children().any(|child| child.holds_input()),
            Value::Text(_) => true,
            Value::Map(_) => self.children().any(|child| child.holds_input()),
            Value::Seq(_) => spliced() || self.children().any(|child| child.holds_input()),
        }
    }

    /// Whether it is a list, and an input is all of it, or some of its items.
    pub fn has_list_of_input(&self) -> bool {
        let written = self.trees.resolve(self.origin.at);
        let items = self.trees.tree(written).items(written.node).len();
        self.filled.is_some() || matches!(self.value, Value::Seq(_)) && items != self.items().count()
    }

    /// Where it is written: not where an input that is put in has its value from.
    pub fn written_at(&self) -> At {
        self.filled.as_ref().map_or(self.origin.at, |filled| filled.at)
    }

    /// The decoded text of a scalar as it is written, its inputs not put in.
    pub fn written_text(&self) -> Option<Cow<'p, str>> {
        match &self.filled {
            Some(filled) => self.trees.tree(filled.at).scalar(filled.at.node).map(Cow::Borrowed),
            None => self.text(),
        }
    }

    /// The inputs in a scalar, or the one that a list is.
    pub fn given(&self) -> Vec<Given> {
        let Some(text) = self.written_text().filter(|text| text.contains(BLOCK)) else { return Vec::new() };
        let file = self.written_at().file;
        let all = self.filled.iter().flat_map(|filled| &filled.given);
        let alone = blocks(&text).next() == Some(&*text);
        let given = |block: &str| {
            let input = all.clone().find(|(other, _)| **other == *block).map(|(_, input)| input);
            let texts = input.map(|input| match alone {
                true => self.texts(),
                false => vec![to_string(self.trees, &input.slot)],
            });
            let known = input.map(|input| input.known.clone()).unwrap_or_default();
            Given { block: block.to_owned(), file, texts, known }
        };
        let mut found: Vec<Given> = blocks(&text).map(given).collect();
        found.dedup();
        found
    }

    /// The texts that a scalar is known to have: the one of this inclusion, and those by what its inputs may be.
    pub fn versions(&self) -> Vec<String> {
        let Some(text) = self.written_text() else { return Vec::new() };
        let given = self.given();
        let mut versions = fill(&text, &given);
        for (number, input) in given.iter().enumerate() {
            for known in &input.known.texts {
                let mut other = given.clone();
                other[number].texts = Some(vec![known.clone()]);
                versions.extend(fill(&text, &other));
            }
        }
        versions
    }

    /// The texts of a scalar, or of all that lies in a list.
    pub(super) fn texts(&self) -> Vec<String> {
        match self.is_sequence() {
            true => self.items().flat_map(|item| item.texts()).collect(),
            false => vec![self.text().unwrap_or_default().into_owned()],
        }
    }

    fn children(&self) -> impl Iterator<Item = Setting<'p>> + use<'p> {
        self.items().chain(self.entries().map(|entry| entry.setting))
    }
}

/// A text with inputs put in. A list that is all of it makes several texts, or none.
pub fn fill(text: &str, given: &[Given]) -> Vec<String> {
    let of = |block: &str| given.iter().find(|given| given.block == block).and_then(|given| given.texts.as_ref());
    if let Some(texts) = of(text) {
        return texts.clone();
    }
    let mut made = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => made.push_str(text),
            Piece::Block(block, _) => match of(block).map(Vec::as_slice) {
                Some([one]) => made.push_str(one),
                _ => made.push_str(block),
            },
        }
    }
    vec![made]
}
