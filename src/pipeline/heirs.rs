//! Which jobs are made of which mappings: what is added to one of these is theirs too, unless they say it themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::pipeline::{Pipeline, Role, Top};
use super::place::At;
use super::trees::Trees;
use crate::yaml::is_merge;

/// The numbers of the visible jobs that extend or merge a mapping, by the mapping.
#[derive(Debug, Default)]
pub(super) struct Heirs(BTreeMap<At, BTreeSet<usize>>);

impl Heirs {
    pub fn of(pipeline: &Pipeline) -> Heirs {
        let mut heirs = Heirs::default();
        for (number, top) in pipeline.tops.iter().enumerate().filter(|(_, top)| top.role == Role::Job) {
            let mut made_of = BTreeSet::new();
            above(pipeline, top, &mut made_of, &mut BTreeSet::new());
            let own = |at: &At| top.definitions.iter().any(|definition| definition.value == *at);
            for at in made_of.into_iter().filter(|at| !own(at)) {
                heirs.0.entry(at).or_default().insert(number);
            }
        }
        heirs
    }

    pub fn of_mapping(&self, at: At) -> impl Iterator<Item = usize> + '_ {
        self.0.get(&at).into_iter().flatten().copied()
    }
}

/// The mappings that a job is written in, those that it merges, and the same of its bases.
fn above(pipeline: &Pipeline, top: &Top, made_of: &mut BTreeSet<At>, seen: &mut BTreeSet<usize>) {
    for definition in &top.definitions {
        merged(pipeline.trees(), definition.value, made_of);
    }
    for &base in &top.lineage.bases {
        if let Some(top) = pipeline.tops.get(base).filter(|_| seen.insert(base)) {
            above(pipeline, top, made_of, seen);
        }
    }
}

fn merged(trees: Trees<'_>, mapping: At, made_of: &mut BTreeSet<At>) {
    if !made_of.insert(mapping) {
        return;
    }
    let tree = trees.tree(mapping);
    for (_, value) in tree.entries(mapping.node).filter(|&(key, _)| is_merge(tree, key)) {
        let several = tree.is_sequence(value);
        for node in if several { tree.items(value).to_vec() } else { vec![value] } {
            merged(trees, trees.resolve(mapping.beside(node)), made_of);
        }
    }
}
