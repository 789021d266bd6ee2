//! Which jobs take what from where.

use std::collections::{BTreeMap, BTreeSet};

use super::job::Job;
use super::pipeline::{Pipeline, Role, Top};
use super::place::{At, FileId};
use super::trees::Trees;
use super::value::{Slot, Value};
use crate::yaml::{Kind, NodeId, Tree};

/// For every node from which a value is taken: who takes it. Sorted by node, so that what lies within another node is a
/// stretch of it.
#[derive(Debug)]
pub(super) struct Shares {
    taken: Vec<(At, Taker)>,
    /// The jobs that inherit a default keyword or a global variable, in the order of both.
    heirs: Vec<Vec<u32>>,
    /// The keys of the top-level entries, with their values. A file may have very many of them.
    keys: BTreeMap<At, At>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Taker {
    /// A visible job, by the number of its top-level entry.
    Job(u32),
    /// All that inherit something, by its number in `heirs`.
    Heirs(u32),
}

impl Shares {
    pub fn of(pipeline: &Pipeline) -> Shares {
        let trees = pipeline.trees();
        let aliases = trees.0.iter().map(|file| aliases(file.tree())).collect();
        let mut collector = Collector { trees, aliases, taken: Vec::new() };
        let inherited: Vec<_> = pipeline.globals.iter().chain(&pipeline.variables).collect();
        for (held, number) in inherited.iter().zip(0..) {
            collector.slot(&held.slot, Taker::Heirs(number));
        }
        let mut heirs = vec![Vec::new(); inherited.len()];
        for (top, number) in pipeline.tops.iter().zip(0..).filter(|(top, _)| top.role == Role::Job) {
            collector.job(pipeline, top, Taker::Job(number));
            let effective = Job { pipeline, top }.effective();
            for (i, (held, heirs)) in inherited.iter().zip(&mut heirs).enumerate() {
                let name = trees.key(&held.key);
                let is_keyword = i < pipeline.globals.len();
                let inherits = if is_keyword { effective.inherits(name) } else { effective.inherits_variable(name) };
                if inherits {
                    heirs.push(number);
                }
            }
        }
        let mut taken = collector.taken;
        taken.sort_unstable();
        taken.dedup();
        let definitions = pipeline.tops.iter().flat_map(|top| &top.definitions);
        let keys = definitions.map(|definition| (definition.key, definition.value)).collect();
        Shares { taken, heirs, keys }
    }

    /// The numbers of the jobs that take anything from within a node, in order; without `heirs`, other than by inheriting.
    pub fn within(&self, trees: Trees<'_>, at: At, heirs: bool) -> Vec<usize> {
        let mut jobs = BTreeSet::new();
        for at in std::iter::once(at).chain(self.value_of(trees, at)) {
            let last = at.beside(trees.last_inside(at));
            self.collect(at, last, heirs, &mut jobs);
            // A value that was taken as a whole is taken in each of its parts.
            let tree = trees.tree(at);
            let mut outer = tree.parent(at.node);
            while let Some(node) = outer {
                self.collect(at.beside(node), at.beside(node), heirs, &mut jobs);
                outer = tree.parent(node);
            }
        }
        jobs.into_iter().map(|job| job as usize).collect()
    }

    /// The value of a key.
    fn value_of(&self, trees: Trees<'_>, key: At) -> Option<At> {
        let tree = trees.tree(key);
        let parent = tree.parent(key.node)?;
        match tree.parent(parent) {
            None => self.keys.get(&key).copied(),
            Some(_) => {
                let (_, value) = tree.entries(parent).find(|&(other, _)| other == key.node)?;
                Some(trees.resolve(key.beside(value)))
            }
        }
    }

    fn collect(&self, first: At, last: At, heirs: bool, jobs: &mut BTreeSet<u32>) {
        let start = self.taken.partition_point(|&(at, _)| at < first);
        for (_, taker) in self.taken.iter().skip(start).take_while(|(at, _)| *at <= last) {
            match *taker {
                Taker::Job(job) => {
                    jobs.insert(job);
                }
                Taker::Heirs(_) if !heirs => {}
                Taker::Heirs(number) => jobs.extend(self.heirs.get(number as usize).into_iter().flatten()),
            }
        }
    }
}

struct Collector<'p> {
    trees: Trees<'p>,
    /// The aliases of every file, in order, so that those within a node are a stretch of it.
    aliases: Vec<Vec<NodeId>>,
    taken: Vec<(At, Taker)>,
}

impl Collector<'_> {
    fn job(&mut self, pipeline: &Pipeline, top: &Top, taker: Taker) {
        for definition in &top.definitions {
            self.taken.push((definition.value, taker));
        }
        self.extends(pipeline, top, taker, &mut BTreeSet::new());
        match &top.held.slot.value {
            // Its definition, which is noted already. Left are the aliases in it, and the inputs in its name.
            Value::Node(at) => {
                self.aliases_in(*at, taker);
                self.taken.extend(top.held.slot.passed.places().map(|place| (place, taker)));
            }
            _ => self.slot(&top.held.slot, taker),
        }
    }

    /// What the bases of a job extend decides about the job, too.
    fn extends(&mut self, pipeline: &Pipeline, top: &Top, taker: Taker, seen: &mut BTreeSet<usize>) {
        self.taken.extend(top.lineage.at.map(|at| (at, taker)));
        for &base in &top.lineage.bases {
            if let Some(top) = pipeline.tops.get(base).filter(|_| seen.insert(base)) {
                self.extends(pipeline, top, taker, seen);
            }
        }
    }

    fn slot(&mut self, slot: &Slot, taker: Taker) {
        self.taken.extend(slot.passed.places().map(|place| (place, taker)));
        match &slot.value {
            &Value::Node(at) => {
                // Where it is written, if that is an alias, and what it says.
                self.taken.extend([(slot.origin.at, taker), (at, taker)]);
                self.aliases_in(at, taker);
            }
            // Of a mapping, something may have been overridden; of a sequence all is taken.
            Value::Map(map) => map.entries.iter().for_each(|held| self.slot(&held.slot, taker)),
            Value::Seq(seq) => {
                self.taken.push((slot.origin.at, taker));
                seq.items.iter().for_each(|slot| self.slot(slot, taker));
            }
            Value::Text(_) => self.taken.push((slot.origin.at, taker)),
        }
    }

    fn aliases_in(&mut self, at: At, taker: Taker) {
        let FileId(file) = at.file;
        let last = self.trees.last_inside(at);
        let all = self.aliases.get(file as usize).map(Vec::as_slice).unwrap_or_default();
        let start = all.partition_point(|&alias| alias < at.node);
        let within: Vec<NodeId> = all.iter().skip(start).take_while(|&&alias| alias <= last).copied().collect();
        let targets: BTreeSet<At> = within.into_iter().map(|alias| self.trees.resolve(at.beside(alias))).collect();
        for target in targets {
            self.taken.push((target, taker));
            self.aliases_in(target, taker);
        }
    }
}

fn aliases(tree: &Tree) -> Vec<NodeId> {
    tree.ids().filter(|&id| tree.kind(id) == Kind::Alias).collect()
}
