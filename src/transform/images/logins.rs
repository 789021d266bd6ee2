//! What a job's logins and logouts mean for what moves over them.

use super::between::{Point, Shell};
use crate::shell::docker::Verb;
use crate::shell::{Command, Context, docker};
use crate::transform::environment::{forgets, set_by};
use crate::transform::purpose::{Purpose, purpose};

impl<'f, 'p> Shell<'f, 'p> {
    /// Whether a build may move behind a command: a login, or what hands it its password. What the build begins with may be behind a
    /// login that a logout ends.
    pub fn logs_in(&self, command: &Command) -> bool {
        let is_login = |command: &Command| {
            purpose(command) == Purpose::Login && docker(command).is_none_or(|docker| docker.verb != Verb::Logout)
        };
        // It only names who is asked for a password later.
        let helps =
            command.name() == Some("gcloud") && command.words.iter().any(|it| it.display() == "configure-docker");
        let Some(pipeline) = command.context.pipeline.as_ref() else { return is_login(command) || helps };
        let beside = |other: &Command| other.context.pipeline.as_ref().is_some_and(|it| it.id == pipeline.id);
        let mut same = self.commands().skip_while(|(_, other)| !std::ptr::eq(*other, command));
        let own = same.next().map(|(point, _)| point.part);
        // `aws ecr get-login-password | docker login --password-stdin …`
        let hands = matches!(command.name(), Some("aws" | "gcloud" | "az" | "cat" | "echo" | "printf"))
            && command.redirects.is_empty()
            && !command.words.iter().any(|word| word.raw().contains(['`', '(']));
        is_login(command) || hands && same.any(|(at, other)| Some(at.part) == own && beside(other) && is_login(other))
    }

    /// Whether a push is the end of a list that only logs in before it, behind a build that stands alone: `docker login … && docker push x`.
    /// The build may take the place of the push, since it ends the job there as it does where it stands.
    pub fn is_behind_login(&self, build: Point, push: Point) -> bool {
        let (Some(one), Some(other)) = (self.command(build), self.command(push)) else { return false };
        let Some(chain) = &other.context.chain else { return false };
        let alone = |it: &Context| it.pipeline.is_none() && it.guarded.is_none() && !it.negated && !it.background;
        let listed = |it: &Command| it.context.chain.as_ref().is_some_and(|it| it.id == chain.id);
        let mut before = self.commands().filter(|(at, it)| at.part == push.part && *at < push && listed(it));
        build.part == push.part
            && self.sequence(build) == self.sequence(push)
            && one.context.chain.is_none()
            && alone(&one.context)
            && alone(&other.context)
            && chain.only_and_before
            && chain.position > 0
            && chain.position + 1 == chain.length
            && before.all(|(_, it)| self.logs_in(it))
    }

    /// Whether a command is an element of a list.
    pub fn is_in_list(&self, at: Point) -> bool {
        self.command(at).is_some_and(|command| command.context.chain.is_some())
    }

    /// A command on the way that may give the name another image, by other means than the docker commands that are followed.
    pub fn writes_between(&self, from: Point, to: Point) -> Option<&'f str> {
        let (first, last) = (from.min(to), from.max(to));
        let writes = |command: &Command| {
            let tool = matches!(
                command.words.first().and_then(|word| word.value()),
                Some(
                    "crane"
                        | "skopeo"
                        | "regctl"
                        | "oras"
                        | "buildah"
                        | "podman"
                        | "gcrane"
                        | "img"
                        | "ctr"
                        | "nerdctl"
                )
            );
            let reads = command.words.iter().skip(1).any(|word| {
                matches!(word.display(), "inspect" | "digest" | "ls" | "list-tags" | "version" | "--version")
            });
            let builds = matches!(purpose(command), Purpose::Registry | Purpose::Bake)
                || docker(command).is_some_and(|docker| matches!(docker.verb, Verb::Compose(_)));
            is_logout(command) || (tool || builds) && !reads
        };
        self.between(first, last)
            .map(|(_, command)| command)
            .find(|command| writes(command))
            .map(|command| command.raw())
    }

    /// A login between two places to the registry of a name, other than one that stands before them as well.
    pub fn logs_in_anew(&self, from: Point, to: Point, raw: &str) -> Option<&'f str> {
        let registry = super::reference::registry(&self.full(raw));
        let there =
            |(_, command): &(Point, &Command)| self.logs_in_to(command).is_some_and(|server| server == registry);
        let before = self.commands().filter(|(point, _)| *point < from).filter(there).last();
        let mut between = self.between(from.min(to), from.max(to)).filter(there);
        let again = |at: Point| before.is_some_and(|(before, _)| self.says_the_same(before, at));
        between.find(|(point, _)| !again(*point)).map(|(_, command)| command.raw())
    }

    /// A login between two places to a registry where somebody was logged in before them in other words, perhaps as
    /// someone else.
    pub fn changes_login(&self, from: Point, to: Point) -> Option<&'f str> {
        let changes = |at: Point, command: &Command| {
            let server = self.logs_in_to(command)?;
            let same = |(point, other): &(Point, &Command)| {
                *point < from && self.logs_in_to(other).is_some_and(|other| other == server)
            };
            let before = self.commands().filter(same).last()?.0;
            Some(!self.says_the_same(before, at))
        };
        let mut between = self.between(from, to);
        between.find(|(point, command)| changes(*point, command) == Some(true)).map(|(_, command)| command.raw())
    }

    /// Whether two logins are in the same words, and these mean the same.
    fn says_the_same(&self, one: Point, other: Point) -> bool {
        let said = self.said(one);
        // What a file holds may have changed.
        let is_file = |raw: &&str| raw.starts_with("cat ") || raw.contains('<');
        let same = |raw: &&str| !is_file(raw) && self.means_the_same(raw, one, other);
        said == self.said(other) && said.iter().all(same)
    }

    /// A command between two places that may change by whose leave images are read and written, other than `docker login`: the
    /// account of a cloud's client, its variables, a function of the script that logs in.
    pub fn changes_account(&self, from: Point, to: Point, raw: &str) -> Option<&'f str> {
        const NAMES: [&str; 4] = ["DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "HOME", "REGISTRY_AUTH"];
        // What a credential helper reads, which Docker Hub has none of. A region is no account.
        const CLOUDS: [&str; 4] = ["AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_"];
        const REGIONS: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PAGER"];
        let hub = super::reference::registry(&self.full(raw)).is_empty();
        let is_name = |text: &str| {
            let cloud = CLOUDS.iter().any(|name| text.starts_with(name));
            NAMES.iter().any(|name| text.starts_with(name))
                || !hub && cloud && !REGIONS.iter().any(|name| text.starts_with(name))
        };
        let in_function = self.commands().any(|(_, it)| it.context.function.is_some() && self.logs_in_to(it).is_some());
        let changes = |point: Point, command: &Command| {
            let says = |words: &[&str]| command.words.iter().skip(1).any(|word| words.contains(&word.display()));
            let sets = matches!(command.name(), Some("unset" | "export" | "read" | "declare"))
                && command.words.iter().skip(1).any(|word| is_name(word.display()));
            let account = match command.name() {
                Some("gcloud") => {
                    says(&["auth"]) && !says(&["configure-docker", "print-access-token"])
                        || says(&["activate", "account", "core/account", "auth/impersonate_service_account"])
                }
                Some("aws") => says(&["configure", "sts", "sso"]),
                Some("az") => says(&["login", "account"]),
                _ => false,
            };
            let calls = in_function && self.script(point.part).is_some_and(|script| script.defines(command));
            account && !hub || sets || calls && !hub || command.assignments.iter().any(|set| is_name(&set.name))
        };
        self.between(from, to).find(|(point, command)| changes(*point, command)).map(|(_, command)| command.raw())
    }

    /// What a login is in its own words, and in those of what hands it its password.
    fn said(&self, at: Point) -> Vec<&'f str> {
        let Some(script) = self.script(at.part) else { return Vec::new() };
        let Some(own) = script.commands().get(at.command) else { return Vec::new() };
        let id = |command: &Command| command.context.pipeline.as_ref().map(|pipeline| pipeline.id);
        let beside = |command: &&Command| std::ptr::eq(*command, own) || id(own).is_some() && id(command) == id(own);
        script.commands().iter().filter(beside).map(Command::raw).collect()
    }

    /// The registry that a command logs in to.
    fn logs_in_to(&self, command: &Command) -> Option<String> {
        let docker = docker(command).filter(|docker| docker.verb == Verb::Login)?;
        let server = docker.operands.first().and_then(|&word| command.words.get(word));
        Some(server.map_or(String::new(), |word| super::reference::server(&self.full(word.display()))))
    }

    /// Where the job logs out of a registry.
    pub fn logouts(&self) -> impl Iterator<Item = Point> + use<'f, 'p> {
        self.commands().filter(|(_, command)| is_logout(command)).map(|(point, _)| point)
    }
}

/// Whether a command takes a login away: `docker logout`, or another file or folder in place of the client's.
fn is_logout(command: &Command) -> bool {
    // `cd ~/.docker && cp x config.json`
    let is_file = |text: &str| {
        text.contains(".docker/config.json")
            || text.contains("DOCKER_CONFIG")
            || text.trim_start_matches("./") == "config.json"
    };
    let writes = command.redirects.iter().filter(|redirect| redirect.operator.contains('>'));
    let handles = matches!(command.name(), Some("cp" | "mv" | "rm" | "ln" | "tee" | "install"));
    docker(command).is_some_and(|docker| docker.verb == Verb::Logout)
        || set_by(command).iter().any(|(name, _)| matches!(name.as_str(), "DOCKER_CONFIG" | "HOME"))
        || forgets(command)
        || writes.into_iter().any(|redirect| is_file(redirect.target.display()))
        || handles && command.words.iter().any(|word| is_file(word.display()))
}
