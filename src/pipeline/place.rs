//! Where something stands in a project.

use crate::yaml::NodeId;

/// A file of a [`Project`](super::Project), numbered in the order in which GitLab meets them; 0 is the main file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) u32);

/// A node of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    pub file: FileId,
    pub node: NodeId,
}

impl At {
    pub(super) fn new(file: FileId, node: NodeId) -> At {
        At { file, node }
    }

    /// Another node of the same file.
    pub(super) fn beside(self, node: NodeId) -> At {
        At { node, ..self }
    }
}
