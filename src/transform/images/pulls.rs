//! Images that are pulled: to be renamed, or for their layers.

use super::*;

impl Work<'_, '_, '_> {
    /// A pull goes when its image was only renamed and pushed, or only gave its layers to a build's cache.
    pub(super) fn pulls(&mut self) {
        for (number, image) in self.facts.images.iter().enumerate() {
            if image.docker.verb != Verb::Pull {
                continue;
            }
            let at = point(image);
            let name = self.facts.command_of(image).and_then(|command| names(command, image));
            let Some((raw, name)) = name.and_then(|names| names.into_iter().next()) else { continue };
            let fed: Vec<usize> = self.feeds(at, &raw, &key(&name));
            if !self.used.contains(&number) && fed.is_empty() {
                let message = "pulls an image, which is not renamed, pushed or used as a cache";
                self.refuse(at, "docker-pull", message);
                continue;
            }
            // It may be what the build begins with: then it is read again, by the login that stands by then.
            let another = |to: Point| {
                self.shell.logouts().any(|logout| at < logout && logout < to)
                    || self.shell.changes_login(at, to).is_some()
                    || self.shell.changes_account(at, to, &raw).is_some()
            };
            if fed.iter().filter_map(|&number| self.facts.builds.get(number)).any(|build| another(point(&build.at))) {
                let message = "pulls an image by a login that another follows: the build would read it by that one";
                self.refuse(at, "docker-pull", message);
                continue;
            }
            if !self.flow.copies.iter().any(|copy| copy.at == (at.part, at.command)) {
                self.flow.dropped.insert((at.part, at.command));
            }
            for number in fed {
                match self.flow.builds.iter_mut().find(|built| built.number == number) {
                    Some(built) => built.inline_cache = true,
                    None => self.flow.builds.push(Built { number, push: Vec::new(), inline_cache: true, moved: None }),
                }
            }
        }
    }

    /// The builds after a place that read their cache from an image.
    fn feeds(&self, at: Point, raw: &str, image: &str) -> Vec<usize> {
        let builds = self.facts.builds.iter().enumerate();
        let reads = |build: &Build| {
            build.at.docker.all("cache-from").filter_map(|option| option.value.as_ref()).any(|value| {
                let reference = value.display.split(',').find_map(|field| field.strip_prefix("ref="));
                key(reference.unwrap_or(&value.display)) == image
            })
        };
        let fits = builds.filter(|(_, build)| {
            let there = point(&build.at);
            at < there && reads(build) && self.shell.means_the_same(raw, at, there)
        });
        fits.map(|(number, _)| number).collect()
    }
}
