//! What a YAML stream says, without where or how it is written: the representation graph.
//!
//! The same tree is built by two unrelated readers (`yaml-edit` through our index, `yaml-rust2` through its
//! events), and `==` between the two is the check that a file was understood.

use std::collections::BTreeMap;

/// A node of a [`Tree`]. Nodes are numbered in document order, parents before children, keys before values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// The place of the node in document order, from 0.
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

/// How a scalar is written (YAML 1.2, chapters 7 and 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// The kind of a node. An alias is a node of its own, so that a graph is never expanded by reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar(Style),
    Sequence,
    Mapping,
    Alias,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    kind: Kind,
    parent: u32,
    /// Scalar: bytes in `strings`. Collection: places in `children`. Alias: the target, and 0.
    from: u32,
    len: u32,
}

/// The nodes of all documents of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<Node>,
    children: Vec<NodeId>,
    strings: String,
    tags: BTreeMap<NodeId, Box<str>>,
    roots: Vec<NodeId>,
}

const NO_PARENT: u32 = u32::MAX;

impl Tree {
    /// The root node of every document, in order.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the stream holds no document.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes in document order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The kind of a node; an alias is [`Kind::Alias`].
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// The collection that holds this node as key, value or item; none for a root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        let parent = self.node(id).parent;
        (parent != NO_PARENT).then_some(NodeId(parent))
    }

    /// The node an alias stands for, the node itself otherwise.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        let node = self.node(id);
        match node.kind {
            Kind::Alias => NodeId(node.from),
            _ => id,
        }
    }

    /// The decoded text of a scalar (through an alias too); none for a collection.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        let node = self.node(self.resolve(id));
        match node.kind {
            Kind::Scalar(_) => self.strings.get(range(node)),
            _ => None,
        }
    }

    /// The style of a scalar (through an alias too).
    pub fn style(&self, id: NodeId) -> Option<Style> {
        match self.node(self.resolve(id)).kind {
            Kind::Scalar(style) => Some(style),
            _ => None,
        }
    }

    /// The resolved tag that is written at the node, as in `!reference` or `tag:yaml.org,2002:str`.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        self.tags.get(&id).map(|tag| &**tag)
    }

    /// Whether the node, seen through an alias, is a mapping.
    pub fn is_mapping(&self, id: NodeId) -> bool {
        self.kind(self.resolve(id)) == Kind::Mapping
    }

    /// Whether the node, seen through an alias, is a sequence.
    pub fn is_sequence(&self, id: NodeId) -> bool {
        self.kind(self.resolve(id)) == Kind::Sequence
    }

    /// Whether the node is null by the YAML 1.1 rules: plain and empty, `~` or `null`.
    pub fn is_null(&self, id: NodeId) -> bool {
        let id = self.resolve(id);
        self.kind(id) == Kind::Scalar(Style::Plain)
            && self.tag(id).is_none()
            && matches!(self.scalar(id), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The items of a sequence (through an alias too), as written: an item may be an alias. Empty for other kinds.
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        let id = self.resolve(id);
        match self.kind(id) {
            Kind::Sequence => self.children(id),
            _ => &[],
        }
    }

    /// Key and value of every entry of a mapping (through an alias too), in order, `<<` among them. Empty for other kinds.
    pub fn entries(&self, id: NodeId) -> impl DoubleEndedIterator<Item = (NodeId, NodeId)> + '_ {
        let id = self.resolve(id);
        let children = match self.kind(id) {
            Kind::Mapping => self.children(id),
            _ => &[],
        };
        children.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value))
    }

    /// The value that a mapping itself has for a key; `<<` is not looked into.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.entry(mapping, key).map(|(_, value)| value)
    }

    /// Key and value node that a mapping itself has for a key; `<<` is not looked into.
    pub fn entry(&self, mapping: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entries(mapping).find(|&(k, _)| self.says(k, key))
    }

    /// Whether a node is a scalar of that text. Most keys differ in length from the one that is looked for.
    fn says(&self, id: NodeId, text: &str) -> bool {
        let node = self.node(self.resolve(id));
        let scalar = node.len as usize == text.len() && matches!(node.kind, Kind::Scalar(_));
        scalar && self.strings.as_bytes().get(range(node)) == Some(text.as_bytes())
    }

    /// Follows keys and item numbers from a node: `["build", "script", "0"]`.
    pub fn look_up<'p>(&self, from: NodeId, path: impl IntoIterator<Item = &'p str>) -> Option<NodeId> {
        path.into_iter().try_fold(from, |node, step| {
            if self.is_sequence(node) {
                self.items(node).get(step.parse::<usize>().ok()?).copied()
            } else {
                self.get(node, step)
            }
        })
    }

    /// The first node at which two trees differ.
    pub(super) fn first_difference(&self, other: &Tree) -> NodeId {
        let differs = |&id: &NodeId| self.describe(id) != other.describe(id);
        self.ids().find(differs).unwrap_or(NodeId(self.len().min(other.len()) as u32))
    }

    /// A node in few words, for a message.
    pub(super) fn describe(&self, id: NodeId) -> String {
        let Some(node) = self.nodes.get(id.0 as usize) else {
            return "sees nothing".to_owned();
        };
        let tag = self.tag(id).map(|tag| format!(" tagged {tag}")).unwrap_or_default();
        match node.kind {
            Kind::Scalar(style) => {
                let text: String = self.scalar(id).unwrap_or_default().chars().take(60).collect();
                format!("sees a scalar ({style:?}) {text:?}{tag}")
            }
            Kind::Sequence | Kind::Mapping => format!("sees a {:?} of {}{tag}", node.kind, self.children(id).len()),
            Kind::Alias => format!("sees an alias of node {}", node.from),
        }
    }

    /// The children of a collection itself (no alias): items, or keys and values in turn.
    pub(super) fn children(&self, id: NodeId) -> &[NodeId] {
        let node = self.node(id);
        match node.kind {
            Kind::Sequence | Kind::Mapping => self.children.get(range(node)).unwrap_or_default(),
            _ => &[],
        }
    }

    fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize]
    }
}

fn range(node: Node) -> std::ops::Range<usize> {
    node.from as usize..(node.from + node.len) as usize
}

/// All that some nodes have in one of the stores of a tree.
fn extent<'n>(nodes: impl Iterator<Item = &'n Node>) -> std::ops::Range<usize> {
    let both = nodes.map(|&node| range(node)).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    both.unwrap_or_default()
}

/// Builds a [`Tree`] from what a reader meets, in document order.
#[derive(Default)]
pub(super) struct Builder {
    tree: Tree,
    open: Vec<(NodeId, usize)>,
    pending: Vec<NodeId>,
}

impl Builder {
    /// With room for what a text of some bytes says, so that nothing is moved while it grows.
    pub fn of(bytes: usize) -> Builder {
        let mut builder = Builder::default();
        builder.tree.nodes.reserve((bytes / 8).min(1 << 20));
        builder.tree.strings.reserve(bytes.min(1 << 24));
        builder
    }

    pub fn scalar(&mut self, style: Style, tag: Option<String>, value: &str) -> NodeId {
        let from = self.tree.strings.len() as u32;
        self.tree.strings.push_str(value);
        self.add(Kind::Scalar(style), from, value.len() as u32, tag)
    }

    pub fn alias(&mut self, target: NodeId) -> NodeId {
        self.add(Kind::Alias, target.0, 0, None)
    }

    pub fn open(&mut self, kind: Kind, tag: Option<String>) -> NodeId {
        let id = self.add(kind, 0, 0, tag);
        self.open.push((id, self.pending.len()));
        id
    }

    pub fn close(&mut self) -> Option<NodeId> {
        let (id, mark) = self.open.pop()?;
        let from = self.tree.children.len() as u32;
        self.tree.children.extend(self.pending.drain(mark..));
        let node = &mut self.tree.nodes[id.0 as usize];
        node.from = from;
        node.len = self.tree.children.len() as u32 - from;
        Some(id)
    }

    /// Takes over nodes that another tree has one behind the other, as children of what is open: `count` of them, from one
    /// child of a collection to before another. The place of the first one. What its aliases stand for is still to be said.
    pub fn take_over(&mut self, other: &Tree, from: NodeId, count: u32) -> Option<NodeId> {
        let nodes = other.nodes.get(from.0 as usize..(from.0 + count) as usize)?;
        let (outer, first) = (nodes.first()?.parent, NodeId(self.tree.nodes.len() as u32));
        let open = self.open.last()?.0;
        // Texts and children stand one behind the other as well, from the first that is asked for.
        let texts = extent(nodes.iter().filter(|node| matches!(node.kind, Kind::Scalar(_))));
        let children = extent(nodes.iter().filter(|node| matches!(node.kind, Kind::Sequence | Kind::Mapping)));
        let (text, child) = (self.tree.strings.len() as u32, self.tree.children.len() as u32);
        self.tree.strings.push_str(other.strings.get(texts.clone())?);
        let moved = |id: NodeId| NodeId(id.0.wrapping_sub(from.0).wrapping_add(first.0));
        self.tree.children.extend(other.children.get(children.clone())?.iter().map(|&id| moved(id)));
        for (&node, id) in nodes.iter().zip(first.0..) {
            let parent = if node.parent == outer { open } else { moved(NodeId(node.parent)) };
            let start = match node.kind {
                Kind::Scalar(_) => node.from - texts.start as u32 + text,
                Kind::Sequence | Kind::Mapping => node.from - children.start as u32 + child,
                Kind::Alias => node.from,
            };
            if node.parent == outer {
                self.pending.push(NodeId(id));
            }
            self.tree.nodes.push(Node { parent: parent.0, from: start, ..node });
        }
        let tags = other.tags.range(from..NodeId(from.0 + count));
        self.tree.tags.extend(tags.map(|(&id, tag)| (moved(id), tag.clone())));
        Some(first)
    }

    /// Takes back the last entry of the mapping that is open, `x: x`; none where that is not what was read last.
    pub fn take_back(&mut self) -> Option<()> {
        let (open, _) = *self.open.last()?;
        let last = self.pending.last_chunk::<2>()?.map(|id| self.tree.node(id));
        let is_it = last.iter().all(|node| node.kind == Kind::Scalar(Style::Plain) && node.parent == open.0)
            && self.tree.nodes.ends_with(&last)
            && last.iter().all(|&node| self.tree.strings.get(range(node)) == Some("x"));
        is_it.then_some(())?;
        self.pending.truncate(self.pending.len() - last.len());
        self.tree.nodes.truncate(self.tree.nodes.len() - last.len());
        self.tree.strings.truncate(last.first()?.from as usize);
        Some(())
    }

    /// Says what an alias stands for.
    pub fn stand_for(&mut self, alias: NodeId, target: NodeId) {
        if let Some(node) = self.tree.nodes.get_mut(alias.0 as usize) {
            node.from = target.0;
        }
    }

    /// How deep the open collections are nested.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether a collection is still being read, as it is for an alias inside it.
    pub fn is_open(&self, id: NodeId) -> bool {
        self.open.iter().any(|&(open, _)| open == id)
    }

    pub fn finish(mut self) -> Tree {
        self.tree.nodes.shrink_to_fit();
        self.tree.children.shrink_to_fit();
        self.tree.strings.shrink_to_fit();
        self.tree
    }

    fn add(&mut self, kind: Kind, from: u32, len: u32, tag: Option<String>) -> NodeId {
        let id = NodeId(self.tree.nodes.len() as u32);
        let parent = match self.open.last() {
            Some(&(parent, _)) => {
                self.pending.push(id);
                parent.0
            }
            None => {
                self.tree.roots.push(id);
                NO_PARENT
            }
        };
        self.tree.nodes.push(Node { kind, parent, from, len });
        if let Some(tag) = tag {
            self.tree.tags.insert(id, tag.into_boxed_str());
        }
        id
    }
}
