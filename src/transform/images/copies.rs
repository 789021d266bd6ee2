//! What is copied within a registry in place of a pull, a tag and a push.

use super::*;

impl Work<'_, '_, '_> {
    /// What is pushed otherwise is copied within the registry, from where it already is.
    pub(super) fn copies(&mut self) {
        let mut late: Vec<(Point, Point, String)> = Vec::new();
        for (at, local, to) in std::mem::take(&mut self.later) {
            let source = local.way[0];
            let known = match local.source {
                Source::Pull(number) => {
                    let image = self.facts.images.get(number);
                    let name = image.and_then(|image| names(self.facts.command_of(image)?, image));
                    self.used.insert(number);
                    name.and_then(|names| names.into_iter().next()).map(|(raw, _)| raw)
                }
                Source::Build(number) => {
                    let pushed = self.pushed.get(&number).into_iter().flatten().map(|(_, raw)| raw);
                    let mut pushed: Vec<&String> = pushed.collect();
                    // Under `latest` another pipeline may have pushed meanwhile.
                    pushed.sort_by_key(|raw| !reference::is_of_one_run(raw));
                    pushed.into_iter().find(|raw| self.shell.means_the_same(raw, source, at)).cloned()
                }
            };
            let Some(from) = known else {
                let (code, message) = match self.facts.images.iter().any(|image| point(image) == at) {
                    true => (
                        "conditional-push",
                        "does not plainly follow its build: under a condition, in a pipeline or list, more than once, or by a name \
                         that changes",
                    ),
                    false => ("push-not-built", "pushes something that this job did not build"),
                };
                self.refuse(at, code, message);
                continue;
            };
            let way: Vec<Point> = local.way.iter().copied().chain([at]).collect();
            let follows = way.windows(2).all(|pair| self.shell.leads_to(pair[0], pair[1]));
            let early =
                matches!(local.source, Source::Build(number) if self.moved.get(&number).is_some_and(|to| at < *to));
            let is_still = self.is_still(&local, &to, at);
            if !follows || early || !is_still || !self.shell.means_the_same(&from, source, at) {
                self.refuse(at, "conditional-push", "what it pushes is not always there, or its name may have changed");
                continue;
            }
            // Where the name was given, if the push follows at once: its comment stays.
            let tag = local.way.get(1..).and_then(<[Point]>::last).copied();
            // A build on the way may fail, or another pull or push, and what is pushed behind it is not, then.
            let near = |from: Point| {
                self.shell.deciding_between(from, at).is_empty()
                    && self.shell.builds_between(from, at).next().is_none()
                    && self.shell.pull_between(from, at).is_none()
                    && !self.shell.push_between(from, at)
            };
            let together = |tag: &Point| self.shell.in_a_row(&[*tag, at]) && near(*tag);
            let mut place = tag.filter(together).unwrap_or(at);
            let pulled = matches!(local.source, Source::Pull(_));
            let taken =
                |place: Point, copies: &[Copy]| copies.iter().any(|copy| copy.at == (place.part, place.command));
            if pulled
                && source.part == at.part
                && self.shell.in_a_row(&way)
                && near(source)
                && self.shell.means_the_same(&to, source, at)
                && !taken(source, &self.flow.copies)
            {
                place = source;
            }
            if taken(place, &self.flow.copies) {
                place = at;
            }
            if taken(place, &self.flow.copies) {
                self.refuse(at, "conditional-push", "pushes several images at once");
                continue;
            }
            let built = matches!(local.source, Source::Build(_));
            if self.shell.in_another_shell(source, place) || built && self.shell.goes_on_after(source) {
                let message = "it follows a failure too (after_script, set +e, a call that is a condition), when the registry may hold \
                               an older image by that name";
                self.refuse(at, "conditional-push", message);
                continue;
            }
            if let Some(command) = self.shell.writes_between(source, place.max(at)) {
                let what = "may end a login that the copy needs, or write what is copied here";
                let message = format!("`{}` {what}", super::super::facts::short(command));
                self.refuse(at, "order-of-copies", &message);
                continue;
            }
            if self.shell.lists_after(place, &to) || pulled && self.shell.is_listed_elsewhere(&to) {
                let message =
                    "copies an image, perhaps with its list, for a `docker manifest create` that takes no list";
                self.refuse(at, "order-of-copies", message);
                continue;
            }
            let begin = match local.source {
                Source::Build(number) => self.moved.get(&number).copied().unwrap_or(source),
                Source::Pull(_) => source,
            };
            let account = self.shell.changes_account(begin, place.max(at), &from);
            if let Some(login) = self.shell.logs_in_anew(begin, place, &from).or(account) {
                let message = format!(
                    "`{}` logs in where the copy is read from, perhaps as somebody who may not read it",
                    super::super::facts::short(login)
                );
                self.refuse(at, "order-of-copies", &message);
                continue;
            }
            if pulled && place != source && self.shell.passes_over(place, source) {
                let message = "its failure is passed over, and that of the pull is not, which becomes part of it";
                self.refuse(at, "conditional-push", message);
                continue;
            }
            let mut acting = self.shell.acting_between(begin, place);
            if pulled {
                acting.extend(self.shell.builds_between(begin, place));
            }
            if let Some(command) = acting.first().filter(|_| place != source && !reference::is_of_one_run(&from)) {
                let message = format!(
                    "`{}` runs before the copy, and meanwhile another pipeline may push by that name",
                    super::super::facts::short(command.raw())
                );
                self.refuse(at, "order-of-copies", &message);
                continue;
            }
            if pulled && place != source {
                let apart = self.shell.in_another_shell(source, place) || !self.shell.in_a_row(&[source, place]);
                if apart || !acting.is_empty() || self.shell.ends_between(source, place) {
                    self.check(source, &from);
                }
                self.joined.push((place, source));
                late.push((source, place, from.clone()));
            }
            self.flow.dropped.insert((at.part, at.command));
            self.flow.dropped.remove(&(place.part, place.command));
            self.joined.push((place, at));
            self.origins.push(match local.source {
                Source::Build(number) => Some(number),
                Source::Pull(_) => None,
            });
            self.flow.copies.push(Copy { at: (place.part, place.command), from, to });
        }
        // Nothing may be copied before an image that was pulled earlier is known to be there.
        for (source, place, from) in late {
            let between = |copy: &Copy| {
                let other = Point { part: copy.at.0, command: copy.at.1 };
                source < other && other < place
            };
            if self.flow.copies.iter().any(between) {
                self.check(source, &from);
            }
        }
    }

    /// Without the image that it pulls the job ended there, before something happened, or where nothing else would have failed: the
    /// question whether the image is there stays.
    pub(super) fn check(&mut self, at: Point, name: &str) {
        let at = (at.part, at.command);
        let copied = self.flow.copies.iter().any(|copy| copy.at == at);
        if !copied && !self.flow.checks.iter().any(|check| check.at == at) {
            self.flow.checks.push(Check { at, name: name.to_owned() });
        }
    }

    /// A daemon keeps what it pulled; a copy reads what is in the registry by then. So nothing of the job may write a name
    /// that it copies from, but the build that the copy is of.
    pub(super) fn overwritten(&mut self) {
        let name = |raw: &str| reference::plain_hub(&self.shell.full(&plain(raw)));
        let place = |number: usize| self.moved.get(&number).copied().unwrap_or(point(&self.facts.builds[number].at));
        let joined = self.pushed.iter().flat_map(|(build, names)| names.iter().map(|(_, raw)| (*build, name(raw))));
        let own = self.facts.builds.iter().enumerate().filter(|(_, build)| build.at.docker.flag("push"));
        let own = own.flat_map(|(number, build)| {
            let tags = build.at.docker.all("tag").filter_map(|option| option.value.as_ref());
            tags.map(move |tag| (number, tag.raw.clone()))
        });
        let pushed: Vec<(usize, String)> = joined.chain(own.map(|(number, raw)| (number, name(&raw)))).collect();
        let copies: Vec<(Point, String, String)> = self
            .flow
            .copies
            .iter()
            .map(|copy| (Point { part: copy.at.0, command: copy.at.1 }, name(&copy.from), name(&copy.to)))
            .collect();
        let mut places = Vec::new();
        for (number, ((at, from, to), origin)) in copies.iter().zip(&self.origins).enumerate() {
            // What nothing here sets may be any text; under the names of builds, that one means two of them is no way to work.
            let is_open = |variable: &str| match origin {
                _ if self.shell.sets_itself(variable) => true,
                Some(_) => false,
                None => !reference::is_unique(variable),
            };
            let changes = |variable: &str| self.shell.sets_itself(variable);
            let is_written = |other: &String| reference::may_be_one(from, other, &is_open, &changes);
            // What is written later does no harm, unless all of it comes again.
            let before = |write: Point| write < *at || self.shell.comes_again(*at) || self.shell.comes_again(write);
            let mut pushed = pushed.iter().filter(|(build, _)| Some(*build) != *origin && before(place(*build)));
            let mut others = copies.iter().enumerate();
            let by_copy = others
                .any(|(other, (write, of, to))| other != number && of != from && before(*write) && is_written(to));
            if by_copy || from == to || pushed.any(|(_, other)| is_written(other)) {
                places.push((at.part, at.command));
            }
        }
        for (part, command) in places {
            let message = "copies an image under whose name this job may push another";
            self.refuse(Point { part, command }, "order-of-copies", message);
        }
    }
}
