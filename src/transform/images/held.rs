//! What the daemon holds when it is asked for an image: a command that fails today for want of one must not come to pass.

use super::*;
use crate::shell::docker;
use crate::transform::purpose::{Purpose, purpose};

impl Work<'_, '_, '_> {
    /// `docker inspect x` fails where nothing has made `x`, and `docker push x` or `docker tag x y` where it is removed again.
    pub(super) fn held(&mut self) {
        let mut held: BTreeSet<String> = BTreeSet::new();
        let mut removed: BTreeSet<String> = BTreeSet::new();
        let mut found = Vec::new();
        for (at, command) in self.shell.commands() {
            let Some(docker) = docker(command) else { continue };
            let words = docker.operands.iter().filter_map(|&word| command.words.get(word));
            let mut names = words.map(|word| self.shell.full(word.display()));
            let mut made: Vec<String> = Vec::new();
            match docker.verb {
                Verb::Build | Verb::BuildxBuild => {
                    let tags = docker.all("tag").filter_map(|option| option.value.as_ref());
                    made.extend(tags.map(|tag| self.shell.full(&tag.display)));
                }
                Verb::Pull => made.extend(names),
                Verb::Tag | Verb::Push => {
                    let old = names.next().filter(|name| removed.contains(name));
                    found.extend(old.map(|name| {
                        (at, "conditional-push", format!("`{name}` is removed from the daemon before this, which then fails"))
                    }));
                    made.extend(names);
                }
                Verb::Rmi => removed.extend(names),
                Verb::Inspect if purpose(command) == Purpose::Plumbing && self.facts.bakes.is_empty() => {
                    let missing = names.find(|name| !held.contains(name));
                    found.extend(missing.map(|name| {
                        (at, "docker-inspect", format!("fails where the daemon has no `{name}`, which this job has not made by then"))
                    }));
                }
                _ => {}
            }
            removed.retain(|name| !made.contains(name));
            held.extend(made);
        }
        for (at, code, message) in found {
            self.refuse(at, code, &message);
        }
    }
}
