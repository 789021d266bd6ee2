//! Images that are pulled: to be renamed, or for their layers.

use super::*;
use crate::shell::Joint;

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
            if self.leads_away(image, at) {
                self.refuse(at, "conditional-image", "something else depends on how this command ends");
                continue;
            }
            if !self.used.contains(&number) && fed.is_empty() && self.only_warms_up(image, at, &raw) {
                let builds = 0..self.facts.builds.len();
                if !self.is_read_again(image, at, &raw, &key(&name)) {
                    self.check(at, &raw);
                }
                self.drop_pull(image, at, &raw, builds.collect::<Vec<_>>().as_slice());
                continue;
            }
            if !self.used.contains(&number) && fed.is_empty() {
                let message = "pulls an image, which is not renamed, pushed or used as a cache";
                self.refuse(at, "docker-pull", message);
                continue;
            }
            // It may be what the build begins with: then it is read again, by the login that stands by then.
            let mut builds = fed.iter().filter_map(|&number| self.facts.builds.get(number));
            if !builds.all(|build| self.by_one_account(at, build, &raw)) {
                let message = "pulls an image by a login that another follows: the build would read it by that one";
                self.refuse(at, "docker-pull", message);
                continue;
            }
            self.drop_pull(image, at, &raw, &fed);
            for number in fed {
                match self.flow.builds.iter_mut().find(|built| built.number == number) {
                    Some(built) => built.inline_cache = true,
                    None => self.flow.builds.push(Built { number, push: Vec::new(), inline_cache: true, moved: None }),
                }
            }
        }
    }

    /// A pull goes, unless something else is in its place. Where it ended the job before something happened, it asks whether the
    /// image is there.
    fn drop_pull(&mut self, image: &Use, at: Point, raw: &str, builds: &[usize]) {
        let ends = self.facts.command_of(image).is_some_and(|command| command.context.guarded.is_none());
        let builds = builds.iter().filter_map(|&number| self.facts.builds.get(number)).map(|build| point(&build.at));
        let first = builds.filter(|build| at < *build).min();
        let follows = |first: Point| {
            !self.shell.acting_between(at, first).is_empty()
                || self.shell.builds_between(at, first).next().is_some()
                || self.shell.push_between(at, first)
        };
        if ends && first.is_some_and(follows) {
            self.check(at, raw);
        }
        let at = (at.part, at.command);
        let copied = self.flow.copies.iter().any(|copy| copy.at == at);
        if !copied && !self.flow.checks.iter().any(|check| check.at == at) {
            self.flow.dropped.insert(at);
        }
    }

    /// Whether the login that an image is pulled by still stands at a build behind it.
    fn by_one_account(&self, at: Point, build: &Build, raw: &str) -> bool {
        let to = point(&build.at);
        let logs_out = self.shell.logouts().any(|logout| at < logout && logout < to);
        !logs_out && self.shell.changes_login(at, to).is_none() && self.shell.changes_account(at, to, raw).is_none()
    }

    /// Whether the job ends, or goes on elsewhere, where an image is not there: `docker pull x || exit 0`.
    fn leads_away(&self, image: &Use, at: Point) -> bool {
        let Some(command) = self.facts.command_of(image).filter(|command| command.context.chain.is_some()) else {
            return false;
        };
        let Some(part) = self.facts.parts.get(at.part) else { return false };
        let commands = part.script.statements().get(command.context.innermost).map(|list| &list.commands);
        let mut commands = commands.into_iter().flatten().filter_map(|&number| part.script.commands().get(number));
        commands.any(|command| matches!(command.name(), Some("exit" | "return" | "break" | "continue")))
    }

    /// Whether a pull only fetches what a build may begin with, which BuildKit fetches itself: no command that stays uses the image.
    fn only_warms_up(&self, image: &Use, at: Point, raw: &str) -> bool {
        let Some(command) = self.facts.command_of(image) else { return false };
        let context = &command.context;
        let inside = context.condition || context.negated || context.substitution || context.background;
        let plain = !inside && context.pipeline.is_none() && context.function.is_none() && !context.in_loop;
        let quiet = image.docker.options.iter().all(|option| option.name == "quiet");
        let mut later = self.facts.builds.iter().filter(|build| at < point(&build.at)).peekable();
        let tolerated = context.chain.as_ref().is_some_and(|chain| chain.length == 2 && chain.after == Some(Joint::Or));
        let alone = context.chain.is_none() && context.guarded.is_none() && !context.conditional;
        plain
            && quiet
            && later.peek().is_some()
            && later.all(|build| self.by_one_account(at, build, raw))
            && (tolerated || alone)
    }

    /// Whether nothing is lost without the question whether an image is there: its answer was passed over, a build that is given the
    /// image fails as well, or it is one that everybody reads.
    fn is_read_again(&self, image: &Use, at: Point, raw: &str, name: &str) -> bool {
        let passed = self.facts.command_of(image).is_some_and(|command| command.context.guarded.is_some());
        let is_given = |build: &Build| {
            let given = build.at.docker.all("build-arg").filter_map(|option| option.value.as_ref());
            let mut given = given.filter_map(|value| value.display.split_once('='));
            given.any(|(_, value)| key(value) == name) && self.shell.means_the_same(raw, at, point(&build.at))
        };
        let mut later = self.facts.builds.iter().filter(|build| at < point(&build.at));
        passed || later.any(is_given) || reference::is_official(name)
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
