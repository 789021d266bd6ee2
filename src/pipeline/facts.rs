//! What is worth knowing of a tree before its values are made, found in one pass and without expanding an alias.

use std::collections::BTreeMap;

use super::error::ErrorKind;
use crate::yaml::{Kind, MAX_DEPTH, NodeId, Tree};

/// The tag of a reference (GitLab: "`!reference` tags").
pub(super) const REFERENCE: &str = "!reference";

/// What opens a block of interpolation (GitLab: "CI/CD inputs").
pub(super) const BLOCK: &str = "$[[";

/// A file may grow to this many nodes through its aliases, or to [`GROWTH`] times its size. GitLab's own bound is far
/// lower (`max_yaml_size_bytes`, 2 MB of memory by default).
const MAX_NODES: u32 = 1_000_000;
const GROWTH: u32 = 8;

/// The nodes that cannot be used as they stand, with the reason. Sparse: most files hold few of them.
#[derive(Debug, Default)]
pub(super) struct Facts(Vec<(NodeId, Marks)>);

/// What a node holds, itself or anywhere inside, through aliases too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// `<<` or `!reference`.
    made: bool,
    /// `$[[`.
    block: bool,
}

/// Why a tree is refused, and where.
pub(super) struct Refusal {
    pub kind: ErrorKind,
    pub node: NodeId,
}

/// A node whose end has not been met.
struct Open {
    node: NodeId,
    sum: Sum,
}

#[derive(Clone, Copy)]
struct Sum {
    size: u32,
    height: u32,
    marks: Marks,
}

impl Facts {
    /// Walks a tree once. With `blocks`, scalars are searched for [`BLOCK`] too.
    ///
    /// Refuses a tree that its aliases make too large or too deep: GitLab measures both after expanding them
    /// (`max_yaml_size_bytes`, `max_yaml_depth`).
    pub fn of(tree: &Tree, blocks: bool) -> Result<Facts, Refusal> {
        let aliases = tree.ids().filter(|&id| tree.kind(id) == Kind::Alias);
        let mut is_target = vec![false; tree.len()];
        for target in aliases.map(|id| tree.resolve(id)) {
            is_target.iter_mut().skip(target.number()).take(1).for_each(|is| *is = true);
        }
        let mut targets = BTreeMap::new();
        let mut walk = Walk { tree, is_target, facts: Vec::new(), open: Vec::new(), largest: None, expanded: 0 };
        for node in tree.ids() {
            let parent = tree.parent(node);
            while walk.open.last().is_some_and(|open| Some(open.node) != parent) {
                walk.close(&mut targets)?;
            }
            let sum = match tree.kind(node) {
                Kind::Alias => targets.get(&tree.resolve(node)).copied().unwrap_or(Sum::LEAF),
                _ => Sum { marks: marks(tree, node, blocks), ..Sum::LEAF },
            };
            walk.open.push(Open { node, sum });
        }
        while !walk.open.is_empty() {
            walk.close(&mut targets)?;
        }
        let bound = MAX_NODES.max((tree.len() as u32).saturating_mul(GROWTH));
        match walk.largest {
            Some((_, node)) if walk.expanded > bound => Err(Refusal { kind: ErrorKind::TooLarge, node }),
            _ => Ok(Facts(walk.sorted())),
        }
    }

    /// Whether a node can be used as it stands. Blocks only matter in a file that declares inputs.
    pub fn is_plain(&self, node: NodeId, inputs: bool) -> bool {
        let marks = self.0.binary_search_by_key(&node, |&(id, _)| id).ok().and_then(|i| self.0.get(i));
        !marks.is_some_and(|(_, marks)| marks.made || inputs && marks.block)
    }
}

impl Sum {
    const LEAF: Sum = Sum { size: 1, height: 1, marks: Marks { made: false, block: false } };

    fn add(&mut self, child: Sum) {
        self.size = self.size.saturating_add(child.size);
        self.height = self.height.max(child.height.saturating_add(1));
        self.marks.made |= child.marks.made;
        self.marks.block |= child.marks.block;
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    /// By node, whether an alias stands for it: few are.
    is_target: Vec<bool>,
    facts: Vec<(NodeId, Marks)>,
    open: Vec<Open>,
    /// The entry of a root that grows most, for the message.
    largest: Option<(u32, NodeId)>,
    expanded: u32,
}

impl Walk<'_> {
    fn close(&mut self, targets: &mut BTreeMap<NodeId, Sum>) -> Result<(), Refusal> {
        let Some(Open { node, sum }) = self.open.pop() else { return Ok(()) };
        // The scalar itself counts as a level here and not in GitLab's measure.
        if sum.height > MAX_DEPTH as u32 + 1 {
            return Err(Refusal { kind: ErrorKind::TooDeep, node });
        }
        if sum.marks != Marks::default() {
            self.facts.push((node, sum.marks));
        }
        if self.is_target.get(node.number()) == Some(&true) {
            targets.insert(node, sum);
        }
        match self.open.last_mut() {
            Some(parent) => parent.sum.add(sum),
            None => self.expanded = self.expanded.saturating_add(sum.size),
        }
        if self.open.len() <= 1
            && self.largest.is_none_or(|(size, _)| size < sum.size)
            && self.tree.parent(node).is_some()
        {
            self.largest = Some((sum.size, node));
        }
        Ok(())
    }

    fn sorted(mut self) -> Vec<(NodeId, Marks)> {
        self.facts.sort_unstable_by_key(|&(node, _)| node);
        self.facts.shrink_to_fit();
        self.facts
    }
}

/// The marks of a node itself. A `<<` that is no key is marked too, which costs a copy and is not wrong.
fn marks(tree: &Tree, node: NodeId, blocks: bool) -> Marks {
    match tree.kind(node) {
        Kind::Scalar(_) => {
            let text = tree.scalar(node).unwrap_or_default();
            Marks { made: text == "<<" || tree.tag(node) == Some(REFERENCE), block: blocks && text.contains(BLOCK) }
        }
        _ => Marks { made: tree.tag(node) == Some(REFERENCE), block: false },
    }
}
