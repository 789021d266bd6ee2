//! What the daemon holds when it is asked: a command that fails today for want of an image must not come to pass, and each name
//! must be pushed last by what pushes it last today.

use super::*;
use crate::shell::docker;
use crate::shell::docker::Imagetools;
use crate::transform::purpose::{Purpose, purpose};

impl Work<'_, '_, '_> {
    /// `docker inspect x` fails where nothing has made `x`, and `docker push x` or `docker tag x y` where it is removed again. A
    /// `docker pull x` behind the build puts another image in its place. Names count as they are written, since a variable may have
    /// another value than the file's, and as one where they may be.
    pub(super) fn held(&mut self) {
        let mut held: BTreeSet<String> = BTreeSet::new();
        let mut built: BTreeSet<String> = BTreeSet::new();
        let mut gone: BTreeMap<String, &str> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, command) in self.shell.commands() {
            let Some(docker) = docker(command) else { continue };
            let words = docker.operands.iter().filter_map(|&word| command.words.get(word));
            let names: Vec<String> = words.map(|word| reference::plain_hub(&key(word.display()))).collect();
            let mut made: Vec<String> = Vec::new();
            match docker.verb {
                Verb::Build | Verb::BuildxBuild => {
                    let tags = docker.all("tag").filter_map(|option| option.value.as_ref());
                    made.extend(tags.map(|tag| reference::plain_hub(&key(&tag.display))));
                    // By another name that may mean the same, it takes the place of an earlier image.
                    let replaced = |old: &&String| {
                        made.iter().any(|new| self.known(new) != self.known(old) && self.alike(new, old))
                    };
                    gone.extend(built.iter().filter(replaced).map(|name| (name.clone(), "perhaps built anew")));
                    built.extend(made.iter().cloned());
                }
                Verb::Pull => {
                    let again = |old: &&String| names.iter().any(|name| self.known(name) == self.known(old));
                    gone.extend(built.iter().filter(again).map(|name| (name.clone(), "pulled anew")));
                    held.extend(names);
                }
                Verb::Tag | Verb::Push => {
                    let mut names = names.into_iter();
                    let name = names.next().unwrap_or_default();
                    if let Some((_, how)) = gone.iter().find(|(gone, _)| self.known(gone) == self.known(&name)) {
                        let message = format!("`{name}` is {how} before this");
                        found.push((at, "conditional-push", message));
                    }
                    made.extend(names);
                }
                Verb::Rmi => {
                    let one = |held: &&String| names.iter().any(|name| self.alike(held, name));
                    let removed = held.iter().filter(one).chain(&names);
                    gone.extend(removed.map(|name| (name.clone(), "removed from the daemon")));
                }
                Verb::Inspect if purpose(command) == Purpose::Plumbing && self.facts.bakes.is_empty() => {
                    if let Some(name) = names.iter().find(|name| !held.contains(*name)) {
                        let message =
                            format!("fails where the daemon has no `{name}`, which this job has not made by then");
                        found.push((at, "docker-inspect", message));
                    }
                }
                _ => {}
            }
            gone.retain(|name, _| !made.contains(name));
            held.extend(made);
        }
        for (at, code, message) in found {
            self.refuse(at, code, &message);
        }
    }

    /// Whether two names may be of one image. The project's may be written out, and has a registry.
    fn alike(&self, one: &str, other: &str) -> bool {
        let (one, other) = (self.known(one), self.known(other));
        let written_out = [&one, &other].iter().all(|name| name.contains(['/', '$']));
        let is_open =
            |variable: &str| self.shell.sets_itself(variable) || written_out && variable == "CI_REGISTRY_IMAGE";
        reference::may_be_one(&one, &other, &is_open, &|_| false)
    }

    /// What is pushed with its build must not come before another push by the same name that it follows today.
    pub(super) fn in_order(&mut self) {
        // Where each name is pushed, and where it will be.
        let mut pushes: Vec<(Point, Point, String)> = Vec::new();
        let moved = |number: usize, at: Point| self.moved.get(&number).copied().unwrap_or(at);
        for &(place, at) in &self.joined {
            let Some(docker) = self.shell.command(at).and_then(docker).filter(|it| it.verb == Verb::Push) else {
                continue;
            };
            let word = docker.operands.first().and_then(|&word| self.shell.command(at)?.words.get(word));
            let number = self.facts.builds.iter().position(|build| point(&build.at) == place);
            let place = number.map_or(place, |number| moved(number, place));
            pushes.extend(word.map(|word| (at, place, self.known(word.display()))));
        }
        for (at, command) in self.shell.commands() {
            let Some(docker) = docker(command) else { continue };
            let number = self.facts.builds.iter().position(|build| point(&build.at) == at);
            let place = match &docker.verb {
                Verb::Build | Verb::BuildxBuild if docker.flag("push") => number.map_or(at, |number| moved(number, at)),
                Verb::Imagetools(Imagetools::Create) => at,
                _ => continue,
            };
            let tags = docker.all("tag").filter_map(|option| option.value.as_ref());
            pushes.extend(tags.map(|tag| (at, place, self.known(&tag.display))));
        }
        let is_open = |variable: &str| self.shell.sets_itself(variable);
        let mut late = Vec::new();
        for (at, place, name) in &pushes {
            let overtakes = |(other, stays, of): &(Point, Point, String)| {
                other < at && place < stays && reference::may_be_one(name, of, &is_open, &is_open)
            };
            if pushes.iter().any(overtakes) {
                late.push(*at);
            }
        }
        for at in late {
            let message = "would be pushed before another image by the same name, which it follows";
            self.refuse(at, "order-of-copies", message);
        }
    }

    /// A name with the job's variables put in, and without what stands for Docker Hub.
    fn known(&self, text: &str) -> String {
        reference::plain_hub(&self.shell.full(text))
    }
}
