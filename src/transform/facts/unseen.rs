//! Jobs with a daemon of their own that nothing in sight uses.

use super::{Facts, reason_at};
use crate::pipeline::{Project, Way};
use crate::transform::left::Reason;

impl Facts<'_> {
    /// Why a job is not one without docker although none shows: somebody gave it a Docker-in-Docker service of its own. What
    /// may use it where it cannot be seen comes first.
    pub fn unseen(&self, project: &Project) -> Vec<Reason> {
        let services = self.effective.get("services");
        let own = services.filter(|services| !matches!(services.origin.way, Way::Default | Way::Global));
        let idle = !self.uses_docker()
            && self.hidden.is_empty()
            && self.plumbing.is_empty()
            && !(self.kubernetes || self.never);
        let Some(services) = own.filter(|_| idle && !self.dind.is_empty()) else { return Vec::new() };
        if !self.perhaps.is_empty() {
            return self.perhaps.iter().map(|(unseen, _)| unseen.reason.clone()).collect();
        }
        let message = "has a Docker-in-Docker service of its own, and nothing in sight uses it".to_owned();
        vec![reason_at(project, services.origin.at, None, "daemon-unseen", message)]
    }
}
