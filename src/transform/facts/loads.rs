//! Builds that load their image into the daemon only to push it from there.

use std::collections::BTreeSet;

use super::{Facts, Reading};
use crate::shell::docker::Verb;
use crate::shell::{Daemon, daemon};
use crate::transform::images::image_key;

impl Facts<'_> {
    /// `docker buildx build --load -t x .` and `docker push x` need no daemon: the builder can push. Whether it does is for the
    /// transformation to show; anything else that uses the image is a need of its own.
    pub(super) fn loads_to_push(&mut self, reading: &Reading<'_>) {
        if self.needs.is_empty() || self.needs.iter().any(|reason| reason.code != "buildx-load") {
            return;
        }
        // The bakes among them nobody pushes.
        let loaded = |build: &&super::Build| matches!(daemon(&build.at.docker), Daemon::Needed(why) if why.code == "buildx-load");
        if reading.builds.iter().filter(loaded).count() < self.needs.len() {
            return;
        }
        let key = |name: &str| image_key(name, &|_| None);
        let used = reading.images.iter().filter(|image| matches!(image.docker.verb, Verb::Push | Verb::Tag));
        let used: BTreeSet<String> = used
            .filter_map(|image| {
                let command = reading.parts.get(image.part)?.script.commands().get(image.command)?;
                Some(key(command.words.get(*image.docker.operands.first()?)?.display()))
            })
            .collect();
        let loads = |build: &super::Build| build.at.docker.flag("load") || build.at.docker.last("output").is_some();
        let pushed = reading
            .builds
            .iter()
            .filter(|build| loads(build))
            .all(|build| build.at.docker.flag("load") && build.tags.iter().any(|tag| used.contains(&key(tag))));
        if pushed {
            self.needs.clear();
        }
    }
}
