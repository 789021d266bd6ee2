//! What is known in the end of the images of a job.

use std::collections::BTreeSet;

use super::super::left::Reason;

/// What becomes of the commands of a job that handle images.
#[derive(Default)]
pub(in crate::transform) struct Flow {
    pub builds: Vec<Built>,
    pub copies: Vec<Copy>,
    pub checks: Vec<Check>,
    /// Commands that go.
    pub dropped: BTreeSet<(usize, usize)>,
    pub reasons: Vec<Reason>,
}

/// What becomes of a build.
pub(in crate::transform) struct Built {
    /// Its number among the builds of the job.
    pub number: usize,
    /// References that it pushes, as they are written; none when it pushes nothing.
    pub push: Vec<String>,
    /// An image was pulled for its cache: the cache travels with the image from now on.
    pub inline_cache: bool,
    /// The push whose place it takes, when the login stands between the two.
    pub moved: Option<(usize, usize)>,
}

/// The question whether an image is in its registry, in place of a pull that ended the job without it.
pub(in crate::transform) struct Check {
    pub at: (usize, usize),
    pub name: String,
}

/// A copy within the registry, in place of a command.
pub(in crate::transform) struct Copy {
    pub at: (usize, usize),
    pub from: String,
    pub to: String,
}
