//! What happens between two commands of a job: whether the second always follows, and what changes on the way.

use std::collections::BTreeSet;

use super::harmless::{always_set, is_harmless, switches, without_defaults};
use super::reference::{may_read, variables};
use super::sets::{Sets, changes_by_itself, runs_always, set_by, set_within};
use crate::shell::docker::Verb;
use crate::shell::{Command, Kind, Script, docker};
use crate::transform::facts::Facts;
use crate::transform::image::expand;
use crate::transform::inputs::BLOCK;
use crate::transform::purpose::{Purpose, purpose};

/// The option by which a failure ends the script.
pub(super) const ERREXIT: (char, &str) = ('e', "errexit");

/// A command, by the number of its part and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub part: usize,
    pub command: usize,
}

/// The scripts of a job, as the shells that run them: `before_script` and `script` in one, `after_script` in another.
pub(super) struct Shell<'f, 'p> {
    pub(super) facts: &'f Facts<'p>,
}

impl<'f, 'p> Shell<'f, 'p> {
    pub fn of(facts: &'f Facts<'p>) -> Self {
        Shell { facts }
    }

    /// Whether the job makes or picks a builder, so that builds of buildx do not end in the daemon.
    pub fn makes_builder(&self) -> bool {
        self.commands().any(|(_, command)| {
            docker(command).is_some_and(|docker| matches!(docker.verb, Verb::BuildxCreate | Verb::BuildxUse))
        })
    }

    /// Whether commands run one after the other, each because the one before succeeded. An `after_script` counts as behind its
    /// script: what moves from there into a build is pushed only if that succeeds. It runs after a failure as well, which
    /// [`Shell::in_another_shell`] is for.
    pub fn in_a_row(&self, points: &[Point]) -> bool {
        let mut parts: Vec<usize> = points.iter().map(|point| point.part).collect();
        parts.dedup();
        let rows = parts.iter().all(|&part| {
            let commands: Vec<usize> = points.iter().filter(|point| point.part == part).map(|p| p.command).collect();
            self.script(part).is_some_and(|script| script.in_a_row(&commands))
        });
        let top = |point: &Point| {
            self.command(*point).is_some_and(|command| {
                let context = &command.context;
                context.sequence == 0 && context.chain.is_none() && context.function.is_none() && !context.subshell
            })
        };
        rows && (parts.len() < 2 || points.iter().all(top))
    }

    /// Whether a place is reached only after a command that ran.
    pub fn leads_to(&self, from: Point, to: Point) -> bool {
        let (Some(one), Some(other)) = (self.command(from), self.command(to)) else { return false };
        let free = one.context.chain.is_none() && one.context.guarded.is_none() && one.context.pipeline.is_none();
        if from.part != to.part {
            return free && one.context.sequence == 0 && other.context.function.is_none();
        }
        if one.context.function != other.context.function {
            return false;
        }
        let Some(script) = self.script(from.part) else { return false };
        if one.context.innermost == other.context.innermost {
            return script.in_a_row(&[from.command, to.command]);
        }
        let around = std::iter::successors(Some(other.context.innermost), |&statement| {
            script.statements().get(statement).and_then(|statement| statement.parent)
        });
        let mut after = around.filter_map(|statement| script.statements().get(statement));
        free && after.any(|s| s.sequence == one.context.sequence && s.position > one.context.position)
    }

    /// The commands between two others that may stop the job, or that only make sense where they stand.
    pub fn deciding_between(&self, from: Point, to: Point) -> Vec<&'f Command> {
        let lets_fail = self.lets_fail();
        let demands = self.commands().any(|(_, command)| switches(command, &['-'], ('u', "nounset")));
        let decides = |(point, command): &(Point, &Command)| match purpose(command) {
            // A build that pushes nothing is a test, as far as anybody can see.
            Purpose::Build => !self.is_pushed(*point) || self.is_test(*point),
            _ => {
                !self.is_harmless(command)
                    || self.waits(*point, command)
                    || lets_fail && switches(command, &['-', '+'], ERREXIT)
                    || demands && self.may_be_unset(command, from)
            }
        };
        // `docker tag a b || exit 1` ends the job as `docker tag a b` does.
        let names = |command: &Command| docker(command).is_some_and(|it| matches!(it.verb, Verb::Tag | Verb::Push));
        let images = self.between(from, to).filter(|(_, command)| names(command)).map(|(point, _)| point);
        let ends: Vec<Point> = images.chain([from, to]).collect();
        self.between(from, to)
            .filter(|(_, command)| !self.is_inside(command, from) && !self.is_inside(command, to))
            .filter(|(_, command)| !ends.iter().any(|&point| self.is_exit_of(command, point)))
            .filter(decides)
            .map(|(_, command)| command)
            .collect()
    }

    /// Whether a push may move over a command, which a function of the job's own may have the name of.
    fn is_harmless(&self, command: &Command) -> bool {
        let mut functions = self.facts.parts.iter().flat_map(|part| part.script.functions());
        !functions.any(|function| command.name() == Some(&*function.name)) && is_harmless(command)
    }

    /// Whether the job lets commands fail somewhere: `set +e`.
    pub(super) fn lets_fail(&self) -> bool {
        self.commands().any(|(_, command)| switches(command, &['+'], ERREXIT))
    }

    /// Whether a loop goes on until a test says so: `until [ -f approved ]; do sleep 5; done`.
    fn waits(&self, point: Point, command: &Command) -> bool {
        let statement = |number: usize| self.script(point.part)?.statements().get(number);
        let around = statement(command.context.innermost).and_then(|own| statement(own.parent?));
        let tests = matches!(command.name(), Some("[" | "[[" | "((" | "test" | "ls" | "true" | ":"));
        command.context.condition && tests && around.is_some_and(|around| around.kind == Kind::Loop)
    }

    /// The first command between a build and a later place that a build which moves there could feel: all but logins, docker's image
    /// commands, what is printed, and variables that the build does not read. Other builds are seen to elsewhere.
    pub fn felt_on_the_way(&self, build: Point, to: Point) -> Option<&'f Command> {
        let own = self.command(build)?;
        let reads = |name: &str| {
            let client = ["DOCKER", "BUILD", "COMPOSE", "HOME", "PATH"].iter().any(|prefix| name.starts_with(prefix));
            // What a compose file reads is not in its command.
            client || own.raw().contains(name) || self.facts.compose
        };
        let harmless = |command: &Command| match purpose(command) {
            _ if self.logs_in(command) => true,
            Purpose::Login | Purpose::Image | Purpose::Build | Purpose::Plumbing => true,
            Purpose::Idle => !matches!(command.name(), Some("exit" | "break" | "continue")),
            Purpose::Other if command.words.is_empty() || command.name() == Some("export") => match set_by(command) {
                Sets::These(names) => !names.iter().any(|name| reads(name)),
                Sets::Anything => false,
            },
            Purpose::Other => matches!(command.name(), Some("ls" | "pwd" | "env" | "printenv")),
            _ => false,
        };
        let mut between = self.between(build, to).filter(|(_, command)| !self.is_inside(command, build));
        between
            .find(|(_, command)| {
                !harmless(command) && !self.is_exit_of(command, build) && !self.is_exit_of(command, to)
            })
            .map(|(_, command)| command)
    }

    /// Whether a command only ends the job when another one failed: `docker build … || exit 1`.
    pub(super) fn is_exit_of(&self, command: &Command, point: Point) -> bool {
        let (Some(script), Some(other)) = (self.script(point.part), self.command(point)) else { return false };
        let list = script.statements().get(other.context.innermost).filter(|list| list.kind == Kind::List);
        // A sequence that ends the job is all that `||` may lead to where the other is no element of a list (see the reader).
        let ends = matches!(command.name(), Some("exit" | "return" | "echo")) && other.context.chain.is_none();
        ends && list.is_some_and(|list| {
            let around = std::iter::successors(Some(command.context.innermost), |&statement| {
                script.statements().get(statement).and_then(|statement| statement.parent)
            });
            around
                .filter_map(|statement| script.statements().get(statement))
                .any(|statement| (statement.sequence, statement.position) == (list.sequence, list.position))
        })
    }

    /// Whether a command is a substitution within the words of another, and so part of it: `-t x:$(git describe)`.
    fn is_inside(&self, command: &Command, outer: Point) -> bool {
        let outer = self.command(outer).and_then(|outer| outer.span.as_ref());
        command.context.substitution
            && outer.zip(command.span.as_ref()).is_some_and(|(outer, inner)| {
                outer.item == inner.item && outer.range.start < inner.range.start && inner.range.end < outer.range.end
            })
    }

    /// Whether a name that a build gives is pushed or renamed by the job, or the build pushes itself.
    fn is_pushed(&self, at: Point) -> bool {
        let Some(build) = self.facts.builds.iter().find(|b| (b.at.part, b.at.command) == (at.part, at.command)) else {
            return false;
        };
        let names: BTreeSet<String> = build.tags.iter().map(|tag| super::reference::key(tag)).collect();
        let used = self.facts.images.iter().filter(|image| matches!(image.docker.verb, Verb::Push | Verb::Tag));
        let mut used = used.filter_map(|image| {
            let command = self.facts.command_of(image)?;
            command.words.get(*image.docker.operands.first()?).map(|word| super::reference::key(word.display()))
        });
        build.at.docker.flag("push") || used.any(|name| names.contains(&name))
    }

    /// Whether a command reads a variable that nothing in sight sets, and that the build has not read before it.
    fn may_be_unset(&self, command: &Command, build: Point) -> bool {
        let read = self.command(build).and_then(|build| variables(build.raw())).unwrap_or_default();
        let given = |name: &str| {
            let set = |command: &Command| matches!(set_by(command), Sets::These(names) if names.contains(name));
            read.contains(name)
                || always_set(name)
                || self.facts.effective.variable(name).is_some()
                || self.loops().any(|one| one == name)
                || self.commands().take_while(|(_, other)| !std::ptr::eq(*other, command)).any(|(_, other)| set(other))
        };
        // What handles images becomes part of a command that reads the same.
        let moves = matches!(purpose(command), Purpose::Image | Purpose::Plumbing);
        !moves && variables(&without_defaults(command.raw())).is_none_or(|names| !names.into_iter().all(given))
    }

    /// Whether a command may run several times.
    pub(super) fn comes_again(&self, at: Point) -> bool {
        self.command(at).is_none_or(|command| command.context.in_loop || command.context.function.is_some())
    }

    /// Whether the job's scripts set a variable.
    pub(super) fn sets_itself(&self, name: &str) -> bool {
        let positional = name.bytes().all(|byte| byte.is_ascii_digit());
        let sets = |command: &Command| matches!(set_by(command), Sets::These(names) if names.contains(name));
        positional || self.loops().any(|one| one == name) || self.commands().any(|(_, command)| sets(command))
    }

    /// Whether a `docker manifest` of another job may name an image: by a loop or a matrix it names several.
    pub fn is_listed_elsewhere(&self, name: &str) -> bool {
        let name = self.full(name);
        let is_list = |command: &Command| docker(command).is_some_and(|docker| docker.verb == Verb::Manifest);
        let lists: Vec<&Command> = self.commands().map(|(_, command)| command).filter(|it| is_list(it)).collect();
        let own = |text: &str| lists.iter().any(|it| it.words.iter().any(|word| self.full(word.display()) == text));
        let alike = |listed: &str| may_read(listed, &name) || may_read(&name, listed);
        self.facts.listed.iter().any(|listed| alike(listed) && !own(listed))
    }

    /// Whether a `docker manifest` behind a place names an image: its lists have no lists in them.
    pub fn lists_after(&self, from: Point, name: &str) -> bool {
        let name = self.full(name);
        let lists = |command: &Command| {
            let set =
                |word: &str| variables(word).is_none_or(|names| names.into_iter().any(|name| self.sets_itself(name)));
            docker(command).is_some_and(|docker| docker.verb == Verb::Manifest)
                && command.words.iter().any(|word| self.full(word.display()) == name || set(word.display()))
        };
        self.commands().any(|(point, command)| from < point && lists(command))
    }

    /// A reference with the job's variables put in.
    pub fn full(&self, text: &str) -> String {
        let value = |name: &str| {
            let variable = self.facts.effective.variable(name)?;
            Some(variable.setting.variable_text().into_owned())
        };
        super::reference::key(&expand(&text.replace(['"', '\''], ""), &value))
    }

    /// A command behind a place that is none of docker's image commands and names an image, other than to print it.
    pub fn names_after(&self, from: Point, name: &str) -> Option<Point> {
        self.users_after(from, name).first().map(|(point, _)| *point)
    }

    /// All such commands.
    pub fn users_after(&self, from: Point, name: &str) -> Vec<(Point, &'f Command)> {
        let names = |command: &Command| {
            let words = command.words.iter().map(|word| word.display());
            let values = command.assignments.iter().filter_map(|set| set.value.as_ref()).map(|value| value.display());
            words.chain(values).any(|word| super::reference::key(word).trim_end_matches(":latest").contains(name))
        };
        let follows = |command: &Command| {
            matches!(purpose(command), Purpose::Image | Purpose::Build | Purpose::Plumbing | Purpose::Idle)
        };
        let after = self.commands().filter(|(point, _)| from < *point);
        after.filter(|(_, command)| !follows(command) && names(command)).collect()
    }

    /// Whether the second of two places is in an `after_script` and the first is not: it is reached after a failure as well.
    pub fn in_another_shell(&self, from: Point, to: Point) -> bool {
        from.part != 2 && to.part == 2
    }

    /// Whether an image is pushed on the way that is pushed under a condition or in a loop: a copy takes its place, which may fail
    /// where it stands.
    pub fn pushes_between(&self, from: Point, to: Point) -> bool {
        let pushes = |command: &Command| docker(command).is_some_and(|docker| docker.verb == Verb::Push);
        !self.in_another_shell(from, to)
            && self
                .between(from, to)
                .any(|(point, command)| pushes(command) && self.sequence(point) != self.sequence(to))
    }

    /// Whether a failure ends the job where a command stands if it does so where another one stands, that became part of the first:
    /// the shell passes over what fails within a `&&` list, and nothing of that may be left behind it.
    pub fn ends_alike(&self, place: Point, other: Point, gone: &BTreeSet<(usize, usize)>) -> bool {
        let (Some(here), Some(there)) = (self.command(place), self.command(other)) else { return true };
        if self.lets_fail() && here.context.innermost != there.context.innermost {
            let in_list = |command: &Command, part: usize| {
                let statement = self.script(part).and_then(|script| script.statements().get(command.context.innermost));
                statement.is_some_and(|statement| statement.kind == Kind::List)
            };
            // `docker push x || exit 1` ends the job where nothing else would.
            let exits = here.context.chain.is_none() && in_list(here, place.part);
            return exits == in_list(there, other.part);
        }
        let (Some(chain), None) = (&here.context.chain, there.context.guarded) else { return true };
        let behind = |(point, command): &(Point, &Command)| {
            let element = command.context.chain.as_ref().filter(|_| !command.context.substitution);
            point.part == place.part
                // Behind its end stands what ends the job, `|| exit 1`.
                && element.is_some_and(|it| it.id == chain.id && it.position > chain.position && it.position < chain.length)
                && !gone.contains(&(point.part, point.command))
        };
        // The last statement's status is the script's.
        let script = self.script(place.part);
        let ends = script.and_then(|script| script.statements().iter().rfind(|it| it.sequence == 0));
        let is_last = here.context.sequence == 0 && ends.is_some_and(|last| last.position == here.context.position);
        place.part == 2 || place.part == 1 && is_last || !self.commands().any(|found| behind(&found))
    }

    /// Whether two commands are statements of one sequence, each by itself.
    pub fn in_one_sequence(&self, from: Point, to: Point) -> bool {
        let alone = |point| self.command(point).is_some_and(|command| command.context.chain.is_none());
        self.sequence(from) == self.sequence(to) && alone(from) && alone(to)
    }

    /// Whether a reference means the same at both places: nothing on the way can set a variable that it reads.
    pub fn means_the_same(&self, raw: &str, from: Point, to: Point) -> bool {
        let Some(names) = variables(raw) else { return false };
        // An input may be a variable.
        let open = raw.contains(BLOCK);
        if names.is_empty() && !open {
            return true;
        }
        if names.iter().any(|name| changes_by_itself(name)) || self.commands().any(|(_, command)| runs_always(command))
        {
            return false;
        }
        let reads = |name: &str| open || names.contains(name);
        let sets = |command: &Command| match set_by(command) {
            Sets::Anything => true,
            Sets::These(set) => set.iter().any(|name| reads(name)),
        };
        // In a loop, what stands behind the second place may have run before it.
        let everywhere = |point: Point| {
            self.command(point).is_some_and(|command| command.context.in_loop || command.context.function.is_some())
        };
        let same = self.sequence(from).is_some() && self.sequence(from) == self.sequence(to);
        if !same && (everywhere(from) || everywhere(to))
            || from.part == 2 && to.part != 2
            || from.part != 2 && to.part == 2
        {
            let texts = self.facts.parts.iter().map(|part| part.script.text());
            return !self.commands().any(|(_, command)| sets(command))
                && !texts.flat_map(set_within).any(reads)
                && !self.loops().any(reads);
        }
        // What a function sets, it sets where it is called; a trap may call one at any time.
        let calls = self.between(from, to).any(|(_, command)| self.calls(command))
            || self.commands().any(|(_, command)| command.name() == Some("trap"));
        let in_functions = self.commands().filter(|(_, command)| calls && command.context.function.is_some());
        let between = self.between(from, to).chain(in_functions);
        let texts = match calls {
            true => Some(self.facts.parts.iter().map(|part| part.script.text()).collect()),
            false => self.texts_between(from, to),
        };
        !between.into_iter().any(|(_, command)| sets(command))
            && texts.is_some_and(|texts: Vec<&str>| !texts.into_iter().flat_map(set_within).any(reads))
            && (same && !calls || !self.loops().any(reads))
    }

    /// Whether a command may call a function of the job's own.
    fn calls(&self, command: &Command) -> bool {
        let mut functions = self.facts.parts.iter().flat_map(|part| part.script.functions());
        functions.any(|function| command.words.iter().any(|word| word.display() == function.name))
    }

    /// All that stands from one command to another, both with it.
    fn texts_between(&self, from: Point, to: Point) -> Option<Vec<&'f str>> {
        let place = |point| self.command(point)?.span.as_ref();
        let (first, last) = (from.min(to), from.max(to));
        (first.part..=last.part)
            .map(|part| {
                let begin = if part == first.part { Some(place(first)?) } else { None };
                let end = if part == last.part { Some(place(last)?) } else { None };
                self.script(part)?.stretch(begin, end)
            })
            .collect()
    }

    pub(super) fn sequence(&self, point: Point) -> Option<(usize, usize)> {
        Some((point.part, self.command(point)?.context.sequence))
    }

    /// The variables of `for` loops.
    fn loops(&self) -> impl Iterator<Item = &'f str> {
        self.facts.parts.iter().flat_map(|part| {
            let loops = part.script.statements().iter().filter(|statement| statement.kind == Kind::Loop);
            loops.filter_map(|statement| {
                let text = part.script.slice(statement.places.first()?);
                text.strip_prefix("for")?.split_whitespace().next()
            })
        })
    }

    pub(super) fn between(&self, from: Point, to: Point) -> impl Iterator<Item = (Point, &'f Command)> {
        self.commands().filter(move |(point, _)| from < *point && *point < to)
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = (Point, &'f Command)> + use<'f, 'p> {
        self.facts.parts.iter().enumerate().flat_map(|(part, script)| {
            script.script.commands().iter().enumerate().map(move |(command, c)| (Point { part, command }, c))
        })
    }

    pub(super) fn script(&self, part: usize) -> Option<&'f Script> {
        Some(&*self.facts.parts.get(part)?.script)
    }

    pub(super) fn command(&self, point: Point) -> Option<&'f Command> {
        self.script(point.part)?.commands().get(point.command)
    }
}
