//! What comes later than it did, and what a registry does not keep as a daemon does: names that are written again, and images that
//! are in none.

use super::*;

impl Work<'_, '_, '_> {
    /// A build that moves behind the login comes later: nothing on the way may change what it is, and no other build may overtake it,
    /// which could begin with its image.
    pub(super) fn delayed(&mut self) {
        let place = |number: usize| self.moved.get(&number).copied().unwrap_or(point(&self.facts.builds[number].at));
        let mut found = Vec::new();
        for (&number, &to) in &self.moved {
            let from = point(&self.facts.builds[number].at);
            let overtakes = |other: &usize| from < point(&self.facts.builds[*other].at) && place(*other) < to;
            if let Some(command) = self.shell.felt_on_the_way(from, to) {
                let what = crate::transform::short(command.raw());
                found.push((to, format!("`{what}` stands before the login, behind which the build would have to go")));
            } else if (0..self.facts.builds.len()).any(|other| overtakes(&other)) {
                let message = "another build, which may begin with this image, would come before it";
                found.push((to, message.to_owned()));
            }
        }
        for (at, message) in found {
            self.refuse(at, "between-build-and-push", &message);
        }
    }

    /// Whether a local name means at a place what it meant where it was given. One that is made by a command such as `$(date)` was
    /// the same or not there; what a job does without it is seen in an `after_script` only.
    pub(super) fn is_still(&self, local: &Local, raw: &str, at: Point) -> bool {
        let given = local.way.last().copied().unwrap_or(at);
        let one_shell = (given.part == 2) == (at.part == 2);
        one_shell && reference::variables(raw).is_none() || self.shell.means_the_same(raw, given, at)
    }

    /// A name that `docker tag` gave is in no registry before it is pushed: nothing may use it until then.
    pub(super) fn renamed_later(&mut self) {
        let mut found = Vec::new();
        for (at, name) in &self.renamed {
            if self.pushed.values().flatten().any(|(key, _)| key == name) {
                continue;
            }
            let goes_on = self.locals.iter().any(|(other, local)| other != name && local.way.contains(at));
            let pulled = self.locals.get(name).is_some_and(|local| matches!(local.source, Source::Pull(_)) && !goes_on);
            // Where something else is wrong already, the push is left for that.
            if pulled
                && self.flow.reasons.is_empty()
                && !self.flow.copies.iter().any(|copy| key(&plain(&copy.to)) == *name)
            {
                let message =
                    format!("`{name}` is pushed nowhere here: another job may use it, by a daemon that they share");
                found.push((*at, message));
            }
            let copies = self.flow.copies.iter().filter(|copy| key(&plain(&copy.to)) == *name);
            let pushed = copies.map(|copy| Point { part: copy.at.0, command: copy.at.1 }).min();
            let waits = |place: &Point| place > at && pushed.is_none_or(|pushed| *place < pushed);
            let user = self.shell.names_after(*at, name.trim_end_matches(":latest")).filter(waits);
            found.extend(user.map(|place| (place, format!("uses `{name}`, which is not pushed by then"))));
            let build = self.makers().into_iter().find(waits);
            found.extend(build.map(|place| (place, format!("may begin with `{name}`, which is not pushed by then"))));
        }
        for (at, message) in found {
            self.refuse(at, "image-used-later", &message);
        }
    }

    /// What the daemon holds needs no login, and what is in a registry may: nothing may use an image behind a logout.
    pub(super) fn logged_out(&mut self) {
        let pushed = self.pushed.values().flatten().map(|(name, _)| name.clone());
        let copied = self.flow.copies.iter().map(|copy| key(&plain(&copy.to)));
        let names: BTreeSet<String> = pushed.chain(copied).collect();
        let mut found = Vec::new();
        let images = self.facts.images.iter().map(point).chain(self.makers());
        let Some(first) = images.min() else { return };
        for logout in self.shell.logouts().filter(|logout| *logout > first) {
            for name in &names {
                let users = self.shell.users_after(logout, name.trim_end_matches(":latest"));
                // What only writes the name down pulls nothing.
                let user = users.iter().find(|(_, user)| !matches!(user.name(), Some("echo" | "printf")));
                found.extend(
                    user.map(|(at, _)| {
                        (*at, format!("uses `{name}` behind a logout, where it would have to be pulled"))
                    }),
                );
            }
        }
        for (at, message) in found {
            self.refuse(at, "image-used-later", &message);
        }
    }

    /// A push of every tag: all that the job has made must be of that repository, as far as the names tell.
    pub(super) fn all_tags(&mut self, at: Point, name: &str) {
        let repository = self.shell.full(name);
        let repository = repository.trim_end_matches(":latest");
        let is_of = |key: &String| {
            let full = self.shell.full(key);
            full == repository || full.strip_prefix(repository).is_some_and(|rest| rest.starts_with(':'))
        };
        // Another name without a variable is another one's.
        let far = repository.contains('$');
        let open = |key: &&String| is_of(key) || key.contains('$') || far && key.contains('/');
        let locals = self.locals.iter().filter(|(key, _)| is_of(key));
        // By their values alone: a variable may have another one, of the project's settings or of who starts the pipeline.
        let written = key(name);
        let written = written.trim_end_matches(":latest");
        let by_value = |key: &String| !key.strip_prefix(written).is_some_and(|rest| rest.starts_with(':'));
        let all: Vec<(String, Local)> = locals.map(|(key, local)| (key.clone(), local.clone())).collect();
        let removes = |command: &crate::shell::Command| {
            crate::shell::docker(command).is_some_and(|docker| docker.verb == Verb::Rmi)
        };
        let removes = self.shell.commands().any(|(point, command)| point < at && removes(command));
        if all.len() < self.locals.keys().filter(open).count()
            || all.is_empty()
            || removes
            || all.iter().any(|(key, _)| by_value(key))
        {
            self.refuse(at, "push-not-built", "pushes every tag, and it is not certain which there are");
        }
        for (key, local) in all {
            let raw = local.raw.clone();
            self.push(at, key, raw, local);
        }
    }

    /// A push that ended the job when it failed must do so as part of the build as well.
    pub(super) fn masked(&mut self) {
        let apart = |(place, push): &&(Point, Point)| !self.shell.ends_alike(*place, *push, &self.flow.dropped);
        let found: Vec<Point> = self.joined.iter().filter(apart).map(|(_, push)| *push).collect();
        for at in found {
            self.refuse(
                at,
                "conditional-push",
                "its failure would not do to the job what it does now, as a part of its build",
            );
        }
        for (place, at) in self.joined.clone() {
            if let Some(command) = self.shell.hides_failure(place, at, &self.flow.dropped) {
                let what = "follows a failure, which is passed over there, and would hide that the push failed";
                let message = format!("`{}` {what}", super::super::facts::short(command.raw()));
                self.refuse(at, "conditional-push", &message);
            }
        }
    }

    /// What follows in an `after_script` must not come to run where a failed job has no image to push or to remove.
    pub(super) fn afterwards(&mut self) {
        let is_one = |command: &crate::shell::Command| {
            crate::shell::docker(command).is_some_and(|docker| {
                matches!(docker.verb, Verb::Push | Verb::Tag | Verb::Pull | Verb::Rmi | Verb::Inspect)
            })
        };
        let handles = self.shell.commands().filter(|(at, command)| at.part == 2 && is_one(command));
        let waits = |(at, _): (Point, _)| Some((at, self.shell.waits_for(at, &self.flow.dropped)?));
        let found: Vec<_> = handles.filter_map(waits).collect();
        for (at, command) in found {
            let what = super::super::facts::short(command.raw());
            let message = format!("`{what}` runs only where this passed, which it does not without its image");
            self.refuse(at, "conditional-image", &message);
        }
    }

    /// What makes images, in no order.
    fn makers(&self) -> Vec<Point> {
        let builds = self.facts.builds.iter().map(|build| point(&build.at));
        builds.chain(self.facts.bakes.iter().map(point)).collect()
    }

    /// An image that is built and not pushed is in no registry: nothing may use it afterwards, and no build begin with it.
    pub(super) fn used_later(&mut self) {
        let builds = &self.facts.builds;
        let mut found = Vec::new();
        for (number, build) in builds.iter().enumerate() {
            let pushed =
                |name: &str| self.pushed.get(&number).is_some_and(|all| all.iter().any(|(key, _)| key == name));
            let tags = build.at.docker.all("tag").filter_map(|option| option.value.as_ref());
            let local: Vec<String> = tags.map(|tag| key(&tag.display)).filter(|name| !pushed(name)).collect();
            if !local.is_empty() && is_local(build, self.shell.makes_builder()) {
                let after = |other: &Point| *other > point(&build.at);
                if let Some(other) = self.makers().into_iter().find(after) {
                    found.push((other, "may begin with an image that is built before it and not pushed".to_owned()));
                }
                for name in &local {
                    let user = self.shell.names_after(point(&build.at), name.trim_end_matches(":latest"));
                    found.extend(user.map(|at| (at, format!("uses `{name}`, which is built and not pushed"))));
                }
            }
        }
        for (at, message) in found {
            self.refuse(at, "image-used-later", &message);
        }
    }
}
