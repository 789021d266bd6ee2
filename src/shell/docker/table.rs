//! Which options docker's commands have, and which of them take a value.
//!
//! From `docker COMMAND --help` of docker 28.2.2, and for the plugins from the reference pages of buildx
//! (<https://docs.docker.com/reference/cli/docker/buildx/>) and compose (<https://docs.docker.com/reference/cli/docker/compose/>), with
//! what older releases had, since scripts are old. An entry is `long`, `s/long`, and ends in `=` when it takes a value.

use memchr::memmem;

/// What a verb's command line may hold.
pub(super) struct Table {
    pub(super) options: &'static str,
    /// How many operands there may be.
    pub(super) operands: usize,
    /// Options end at the first operand: `docker run IMAGE sh -c …`.
    pub(super) stops: bool,
}

const MANY: usize = usize::MAX;

const fn table(options: &'static str, operands: usize) -> Option<Table> {
    Some(Table { options, operands, stops: false })
}

const fn stops(options: &'static str) -> Option<Table> {
    Some(Table { options, operands: MANY, stops: true })
}

/// `docker [OPTIONS] COMMAND`
pub(super) const GLOBAL: &str = "config= c/context= D/debug H/host= l/log-level= tls tlscacert= tlscert= tlskey= tlsverify v/version \
    h/help";

/// `docker buildx [OPTIONS] COMMAND`
pub(super) const BUILDX: &str = "builder= D/debug h/help";

/// `docker compose [OPTIONS] COMMAND`, and `docker-compose` of version 1.
pub(super) const COMPOSE: &str = "all-resources ansi= compatibility dry-run env-file= f/file= parallel= profile= progress= \
    project-directory= p/project-name= workdir= verbose log-level= no-ansi v/version h/help H/host= c/context= tls tlscacert= tlscert= \
    tlskey= tlsverify skip-hostname-check insecure-registry=";

/// Of the classic builder as well as of buildx, because `docker build` is whichever of them is installed.
const BUILD: &str = "add-host= allow= annotation= attest= build-arg= build-context= builder= cache-from= cache-to= call= \
    cgroup-parent= check compress cpu-period= cpu-quota= c/cpu-shares= cpuset-cpus= cpuset-mems= D/debug detach \
    disable-content-trust f/file= force-rm iidfile= invoke= isolation= label= load m/memory= memory-swap= metadata-file= network= \
    no-cache no-cache-filter= o/output= platform= policy= print= progress= provenance= pull push q/quiet rm root= sbom= secret= \
    security-opt= server-config= shm-size= squash ssh= stream t/tag= target= ulimit=";

const CONTAINER: &str = "add-host= annotation= a/attach= blkio-weight= blkio-weight-device= cap-add= cap-drop= cgroup-parent= \
    cgroupns= cidfile= cpu-count= cpu-percent= cpu-period= cpu-quota= cpu-rt-period= cpu-rt-runtime= c/cpu-shares= cpus= \
    cpuset-cpus= cpuset-mems= d/detach detach-keys= device= device-cgroup-rule= device-read-bps= device-read-iops= \
    device-write-bps= device-write-iops= disable-content-trust dns= dns-opt= dns-option= dns-search= domainname= entrypoint= \
    e/env= env-file= expose= gpus= group-add= health-cmd= health-interval= health-retries= health-start-interval= \
    health-start-period= health-timeout= h/hostname= init i/interactive io-maxbandwidth= io-maxiops= ip= ip6= ipc= isolation= \
    kernel-memory= l/label= label-file= link= link-local-ip= log-driver= log-opt= mac-address= m/memory= memory-reservation= \
    memory-swap= memory-swappiness= mount= name= net= net-alias= network= network-alias= no-healthcheck oom-kill-disable \
    oom-score-adj= pid= pids-limit= platform= privileged p/publish= P/publish-all pull= q/quiet read-only restart= rm runtime= \
    security-opt= shm-size= sig-proxy stop-signal= stop-timeout= storage-opt= sysctl= tmpfs= t/tty ulimit= use-api-socket u/user= \
    userns= uts= v/volume= volume-driver= volumes-from= w/workdir=";

/// The table for a verb of `docker`, by the words that name it; `None` if there is none.
pub(super) fn of_docker(verb: &str) -> Option<Table> {
    match verb {
        "build" => table(BUILD, 1),
        "run" | "create" => stops(CONTAINER),
        "exec" => stops("d/detach detach-keys= e/env= env-file= i/interactive privileged t/tty u/user= w/workdir="),
        "pull" | "push" => table("a/all-tags disable-content-trust platform= q/quiet", 1),
        "tag" => table("f/force", 2),
        "login" => table("p/password= password-stdin u/username= e/email=", 1),
        "logout" => table("", 1),
        "cp" => table("a/archive L/follow-link q/quiet", 2),
        "images" => table("a/all digests f/filter= format= no-trunc q/quiet tree", 1),
        "info" => table("f/format=", 0),
        "version" => table("f/format=", 0),
        "save" => table("o/output= platform=", MANY),
        "load" => table("i/input= platform= q/quiet", 0),
        "import" => table("c/change= m/message= platform=", 2),
        "export" => table("o/output=", 1),
        "rmi" => table("f/force no-prune platform=", MANY),
        "inspect" => table("f/format= s/size t/type= type=", MANY),
        "search" => table("f/filter= format= limit= no-trunc", 1),
        "commit" => table("a/author= c/change= m/message= p/pause", 2),
        "ps" => table("a/all f/filter= format= n/last= l/latest no-trunc q/quiet s/size", 0),
        "rm" => table("f/force l/link v/volumes", MANY),
        "logs" => table("details f/follow since= n/tail= t/timestamps until=", 1),
        "start" => table("a/attach checkpoint= checkpoint-dir= detach-keys= i/interactive", MANY),
        "stop" | "restart" => table("s/signal= t/timeout= time=", MANY),
        "kill" => table("s/signal=", MANY),
        "wait" => table("", MANY),
        "manifest" => table("a/amend arch= insecure os= os-features= os-version= p/purge variant= v/verbose", MANY),
        "system" => table("a/all filter= f/force format= since= until= v/verbose volumes", 0),
        "volume" => table("a/all d/driver= f/force filter= format= label= name= o/opt= q/quiet", MANY),
        "network" => table(
            "alias= attachable d/driver= filter= f/force format= gateway= internal ip= ip6= ip-range= ipv4 ipv6 label= link= \
             no-trunc o/opt= q/quiet subnet= v/verbose",
            MANY,
        ),
        "context create" => table("default-stack-orchestrator= description= docker= from= kubernetes=", 1),
        "context use" => table("", 1),
        "context rm" => table("f/force", MANY),
        "context ls" => table("format= q/quiet", 0),
        _ => None,
    }
}

/// The table for a verb of buildx.
pub(super) fn of_buildx(verb: &str) -> Option<Table> {
    match verb {
        "build" => table(BUILD, 1),
        "bake" => table(
            "allow= builder= call= check D/debug f/file= list= list-targets list-variables load metadata-file= no-cache print \
             progress= provenance= pull push sbom= set= var=",
            MANY,
        ),
        "create" => table(
            "append bootstrap builder= buildkitd-config= buildkitd-flags= config= D/debug driver= driver-opt= flags= leave name= \
             node= platform= timeout= use",
            1,
        ),
        "use" => table("builder= D/debug default global", 1),
        "rm" => table("all-inactive builder= D/debug f/force keep-daemon keep-state timeout=", MANY),
        "inspect" => table("bootstrap builder= D/debug timeout=", 1),
        "ls" => table("builder= D/debug format= no-trunc timeout=", 0),
        "version" => table("", 0),
        "imagetools create" => table(
            "annotation= append builder= D/debug dry-run f/file= metadata-file= p/platform= prefer-index progress= t/tag=",
            MANY,
        ),
        "imagetools inspect" => table("builder= D/debug format= raw", 1),
        "prune" => table(
            "a/all builder= D/debug filter= f/force keep-storage= max-used-space= min-free-space= reserved-space= verbose",
            0,
        ),
        "du" => table("builder= D/debug filter= format= verbose", 0),
        "stop" => table("builder= D/debug", 1),
        "install" | "uninstall" => table("builder= D/debug", 0),
        _ => None,
    }
}

/// The table for a verb of compose.
pub(super) fn of_compose(verb: &str) -> Option<Table> {
    match verb {
        "run" => stops(
            "build cap-add= cap-drop= d/detach dry-run entrypoint= e/env= env-from-file= i/interactive l/label= name= no-deps \
             T/no-TTY no-tty t/tty p/publish= pull= q/quiet quiet-build quiet-pull remove-orphans rm P/service-ports use-aliases \
             u/user= v/volume= w/workdir=",
        ),
        "exec" => {
            stops("d/detach dry-run e/env= index= i/interactive T/no-TTY no-tty t/tty privileged u/user= w/workdir=")
        }
        "up" => table(
            "abort-on-container-exit abort-on-container-failure always-recreate-deps attach= attach-dependencies build d/detach \
             dry-run exit-code-from= force-recreate menu no-attach= no-build no-color no-deps no-log-prefix no-recreate no-start \
             pull= quiet-build quiet-pull remove-orphans V/renew-anon-volumes scale= t/timeout= timestamps wait wait-timeout= \
             w/watch y/yes",
            MANY,
        ),
        "down" => table("dry-run remove-orphans rmi= t/timeout= v/volumes", MANY),
        "logs" => table("dry-run f/follow index= no-color no-log-prefix since= n/tail= t/timestamps until=", MANY),
        "build" => table(
            "build-arg= builder= check compress dry-run force-rm m/memory= no-cache no-rm parallel print progress= provenance= \
             pull push q/quiet sbom= ssh= with-dependencies",
            MANY,
        ),
        "push" => table("dry-run ignore-push-failures include-deps q/quiet", MANY),
        "pull" => table(
            "dry-run ignore-buildable ignore-pull-failures include-deps no-include-deps no-parallel parallel policy= q/quiet",
            MANY,
        ),
        "config" => table(
            "dry-run environment format= hash= images lock-image-digests models networks no-consistency no-env-resolution \
             no-interpolate no-normalize no-path-resolution o/output= profiles q/quiet resolve-image-digests services variables \
             volumes",
            MANY,
        ),
        "version" => table("dry-run f/format= short", 0),
        "ps" => table("a/all dry-run filter= format= no-trunc orphans q/quiet services status=", MANY),
        "rm" => table("a/all dry-run f/force s/stop v/volumes", MANY),
        "start" | "stop" | "restart" => table("dry-run no-deps t/timeout= wait wait-timeout=", MANY),
        "kill" => table("dry-run remove-orphans s/signal=", MANY),
        "cp" => table("all a/archive dry-run L/follow-link index=", 2),
        "create" => table(
            "build dry-run force-recreate no-build no-recreate pull= quiet-pull remove-orphans scale= y/yes",
            MANY,
        ),
        "images" => table("dry-run format= q/quiet", MANY),
        "port" => table("dry-run index= protocol=", 2),
        "ls" => table("a/all dry-run filter= format= q/quiet", 0),
        "wait" => table("down-project dry-run", MANY),
        _ => None,
    }
}

/// The entry of a long option: does it take a value?
pub(super) fn long(options: &str, name: &str) -> Option<bool> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let options = options.as_bytes();
    memmem::find_iter(options, name).find_map(|start| {
        let begins = start.checked_sub(1).is_none_or(|before| matches!(options[before], b' ' | b'/'));
        let takes = match options.get(start + name.len()) {
            None | Some(b' ') => false,
            Some(b'=') => true,
            Some(_) => return None,
        };
        begins.then_some(takes)
    })
}

/// The entry of a short option: its long name, and does it take a value?
pub(super) fn short(options: &str, name: char) -> Option<(&str, bool)> {
    let mut found = entries(options).filter(|(short, _, _)| *short == Some(name));
    found.next().map(|(_, long, takes)| (long, takes))
}

fn entries(options: &str) -> impl Iterator<Item = (Option<char>, &str, bool)> {
    options.split_ascii_whitespace().map(|entry| {
        let (name, takes) = match entry.strip_suffix('=') {
            Some(name) => (name, true),
            None => (entry, false),
        };
        match name.split_once('/') {
            Some((short, long)) => (short.chars().next(), long, takes),
            None => (None, name, takes),
        }
    })
}
