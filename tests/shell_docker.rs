//! What a docker command does, and what needs a daemon.

use ci_migrate::shell::docker::{Compose, ContextVerb, Endpoint, Imagetools};
use ci_migrate::shell::{
    Command, Daemon, Docker, Script, Verb, daemon, docker, hides_docker, mentions_docker,
    other_daemon_users,
};

/// The first command of a script.
fn command(text: &str) -> Command {
    Script::parse([text]).commands()[0].clone()
}

fn parse(text: &str) -> Docker {
    docker(&command(text)).unwrap_or_else(|| panic!("{text:?} is no docker command"))
}

/// `name=value` of each option, `name` for one without value.
fn options(docker: &Docker) -> Vec<String> {
    let show = |option: &ci_migrate::shell::docker::Opt| match &option.value {
        Some(value) => format!("{}={}", option.name, value.display),
        None => option.name.clone(),
    };
    docker.options.iter().map(show).collect()
}

fn operands(text: &str) -> Vec<String> {
    let command = command(text);
    let docker = docker(&command).unwrap();
    docker
        .operands
        .iter()
        .map(|index| command.words[*index].display().to_owned())
        .collect()
}

fn code(text: &str) -> String {
    match daemon(&parse(text)) {
        Daemon::Needed(reason) => reason.code.to_owned(),
        Daemon::Builder => "BUILDER".to_owned(),
        Daemon::NotNeeded => "NOT-NEEDED".to_owned(),
        Daemon::Elsewhere(reason) => format!("elsewhere {}", reason.code),
        Daemon::Unknown(reason) => format!("unknown {}", reason.code),
    }
}

#[test]
fn verbs() {
    for (text, verb) in [
        ("docker build .", Verb::Build),
        ("docker image build .", Verb::Build),
        ("docker builder build .", Verb::Build),
        ("docker buildx build .", Verb::BuildxBuild),
        ("docker buildx b .", Verb::BuildxBuild),
        ("docker-buildx build .", Verb::BuildxBuild),
        ("docker buildx --builder x build .", Verb::BuildxBuild),
        ("docker buildx bake", Verb::BuildxBake),
        ("docker buildx create --use", Verb::BuildxCreate),
        ("docker buildx use x", Verb::BuildxUse),
        ("docker buildx rm x", Verb::BuildxRm),
        ("docker buildx inspect --bootstrap", Verb::BuildxInspect),
        ("docker buildx ls", Verb::BuildxLs),
        ("docker buildx version", Verb::BuildxVersion),
        (
            "docker buildx imagetools create -t a b",
            Verb::Imagetools(Imagetools::Create),
        ),
        (
            "docker buildx imagetools inspect a",
            Verb::Imagetools(Imagetools::Inspect),
        ),
        ("docker buildx du", Verb::BuildxOther("du".into())),
        ("docker login", Verb::Login),
        ("docker logout", Verb::Logout),
        ("docker -H tcp://x --log-level debug pull a", Verb::Pull),
        ("docker --config=/x -D push a", Verb::Push),
        ("docker image push a", Verb::Push),
        ("/usr/bin/docker tag a b", Verb::Tag),
        ("docker container run a", Verb::Run),
        ("docker exec a b", Verb::Exec),
        ("docker cp a:b c", Verb::Cp),
        ("docker image ls", Verb::Images),
        ("docker system info", Verb::Info),
        ("docker save a", Verb::Save),
        ("docker load -i a", Verb::Load),
        ("docker import a", Verb::Import),
        ("docker export a", Verb::Export),
        ("docker image rm a", Verb::Rmi),
        ("docker container inspect a", Verb::Inspect),
        ("docker network create a", Verb::Network),
        ("docker volume rm a", Verb::Volume),
        ("docker system prune -f", Verb::System),
        ("docker search a", Verb::Search),
        ("docker version", Verb::Version),
        (
            "docker context create a",
            Verb::Context(ContextVerb::Create),
        ),
        ("docker context use a", Verb::Context(ContextVerb::Use)),
        ("docker context rm a", Verb::Context(ContextVerb::Rm)),
        ("docker context list", Verb::Context(ContextVerb::Ls)),
        (
            "docker context show",
            Verb::Context(ContextVerb::Other("show".into())),
        ),
        ("docker manifest create a b", Verb::Manifest),
        ("docker compose run a", Verb::Compose(Compose::Run)),
        (
            "docker-compose -f a.yml --env-file b up -d",
            Verb::Compose(Compose::Up),
        ),
        (
            "docker --context x compose -p y down",
            Verb::Compose(Compose::Down),
        ),
        ("docker compose logs", Verb::Compose(Compose::Logs)),
        ("docker compose exec a b", Verb::Compose(Compose::Exec)),
        ("docker compose build", Verb::Compose(Compose::Build)),
        ("docker compose push", Verb::Compose(Compose::Push)),
        ("docker compose pull", Verb::Compose(Compose::Pull)),
        ("docker compose config", Verb::Compose(Compose::Config)),
        (
            "docker compose ps",
            Verb::Compose(Compose::Other("ps".into())),
        ),
        ("docker-compose --version", Verb::Compose(Compose::None)),
        ("docker --version", Verb::None),
        ("docker", Verb::None),
        ("docker ps", Verb::Other("ps".into())),
        ("docker container rm a", Verb::Other("rm".into())),
        ("docker $VERB a", Verb::Other("$VERB".into())),
        ("docker stack deploy a", Verb::Other("stack".into())),
    ] {
        assert_eq!(parse(text).verb, verb, "{text}");
    }
}

#[test]
fn what_is_no_docker_command() {
    for text in [
        "echo docker push a",
        "printf '%s' docker build .",
        "apk add docker docker-compose",
        "apt-get install -y docker push",
        "command -v docker",
        "which docker",
        "./docker build .",
        "cd docker",
        "make docker build",
        "yarn docker build",
        "docker_build .",
        "dockerd",
        "crane push docker a",
        "$DOCKER push a",
        "X=docker",
        "sh -c 'docker build .'",
        "ssh host 'docker pull a'",
    ] {
        assert!(docker(&command(text)).is_none(), "{text}");
    }
}

#[test]
fn options_and_their_values() {
    let text = "docker buildx build -t a --tag b --tag=c -td -t=e -qt f --push --pull=false -f \"$D/Dockerfile\" \
                --build-arg A=\"b c\" --build-arg=\"D=$E\" --no-cache-filter x --secret id=s,src=f .";
    let docker = parse(text);
    assert_eq!(
        options(&docker),
        [
            "tag=a",
            "tag=b",
            "tag=c",
            "tag=d",
            "tag=e",
            "quiet",
            "tag=f",
            "push",
            "pull=false",
            "file=$D/Dockerfile",
            "build-arg=A=b c",
            "build-arg=D=$E",
            "no-cache-filter=x",
            "secret=id=s,src=f",
        ]
    );
    assert!(docker.certain());
    assert_eq!(docker.all("tag").count(), 6);
    assert!(docker.flag("push") && !docker.flag("pull") && !docker.flag("load"));
    assert_eq!(operands(text), ["."]);
    assert_eq!(docker.verb_words, [1, 2]);
    assert_eq!(docker.last("file").unwrap().words.len(), 2);
    assert_eq!(
        docker.last("quiet").unwrap().words,
        docker.all("tag").last().unwrap().words.start
            ..docker.all("tag").last().unwrap().words.start + 1
    );
}

#[test]
fn values_stand_where_they_say() {
    let items = [
        "echo",
        "docker build --tag=\"$A\":b -f\"x y\" -t $C \"--target=d\" --label='e'f .",
    ];
    let script = Script::parse(items);
    let docker = docker(&script.commands()[1]).unwrap();
    let found: Vec<_> = docker
        .options
        .iter()
        .map(|option| {
            let value = option.value.as_ref().unwrap();
            let place = value.place.as_ref().map(|place| script.slice(place));
            (
                value.raw.as_str(),
                place,
                value.display.as_str(),
                value.literal.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("\"$A\":b", Some("\"$A\":b"), "$A:b", None),
            ("\"x y\"", Some("\"x y\""), "x y", Some("x y")),
            ("$C", Some("$C"), "$C", None),
            // The quote begins before the value: it cannot be replaced on its own.
            ("d", None, "d", Some("d")),
            ("'e'f", Some("'e'f"), "ef", Some("ef")),
        ]
    );
    let values: Vec<_> = docker
        .options
        .iter()
        .filter_map(|it| it.value.as_ref())
        .collect();
    assert!(values[2].may_split && !values[0].may_split);
}

#[test]
fn values_in_doubtful_words_have_no_place() {
    let script = Script::parse(["docker inspect --format={{ .Id }} a"]);
    let docker = docker(&script.commands()[0]).unwrap();
    assert_eq!(docker.options[0].value.as_ref().unwrap().place, None);
}

#[test]
fn what_follows_the_image_belongs_to_the_container() {
    let text = "docker run --rm -v $PWD:/x -e A=b --entrypoint sh img:1 -c 'docker build -t x .'";
    assert_eq!(operands(text), ["img:1", "-c", "docker build -t x ."]);
    assert_eq!(
        options(&parse(text)),
        ["rm", "volume=$PWD:/x", "env=A=b", "entrypoint=sh"]
    );
    let text = "docker compose -f a.yml -f b.yml run --no-deps -T web npm test -- --ci";
    assert_eq!(operands(text), ["web", "npm", "test", "--", "--ci"]);
    let docker = parse(text);
    assert_eq!(options(&docker), ["no-deps", "no-TTY"]);
    let files: Vec<_> = docker.globals.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(files, ["file", "file"]);
    assert_eq!(
        operands("docker exec -it web sh -c x"),
        ["web", "sh", "-c", "x"]
    );
    assert_eq!(operands("docker pull -- -q"), ["-q"]);
}

#[test]
fn expansions_that_may_be_options() {
    let docker = parse("docker build $ARGS -t x ${MORE:+--pull} .");
    assert_eq!(docker.dynamic, [2, 5]);
    assert!(!docker.certain());
    assert_eq!(operands("docker build $ARGS -t x ${MORE:+--pull} ."), ["."]);
    for text in [
        "docker push $IMAGE",
        "docker build -t x $CONTEXT",
        "docker tag $A $B",
    ] {
        assert!(parse(text).certain(), "{text}");
    }
    assert!(
        parse("docker build \"$ARGS\" .").unknown_options.len() == 1,
        "one operand too many"
    );
}

#[test]
fn options_in_no_table() {
    let docker = parse("docker build --tga x -t y .");
    assert_eq!(docker.unknown_options, [2, 3 + 3]);
    assert!(!docker.certain());
    assert!(!parse("docker build -tx -Z .").certain());
    assert!(!parse("docker push a b").certain());
    assert!(!parse("docker push a \r").certain());
}

#[test]
fn prefixes() {
    for (text, names) in [
        ("sudo docker push a", vec!["sudo"]),
        ("sudo -E -u root X=y docker push a", vec!["sudo"]),
        ("env -i A=b docker push a", vec!["env"]),
        ("env -u DOCKER_HOST docker push a", vec!["env"]),
        ("command docker push a", vec!["command"]),
        ("exec docker push a", vec!["exec"]),
        ("timeout 5m docker push a", vec!["timeout"]),
        (
            "timeout -k 5 --signal=KILL 60 docker push a",
            vec!["timeout"],
        ),
        ("nice -n 10 docker push a", vec!["nice"]),
        (
            "nice -10 sudo nohup docker push a",
            vec!["nice", "sudo", "nohup"],
        ),
        ("/usr/bin/time -f %e docker push a", vec!["/usr/bin/time"]),
        (
            "sshpass -p x ssh -o A=b -p 22 u@h sudo docker push a",
            vec!["sshpass", "ssh", "sudo"],
        ),
    ] {
        let docker = parse(text);
        let found: Vec<_> = docker.wrappers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(found, names, "{text}");
        assert!(docker.certain() && docker.verb == Verb::Push, "{text}");
        assert_eq!(docker.operands.len(), 1, "{text}");
    }
    for text in [
        "retry 3 docker push a",
        ".gitlab/retry.sh -- docker push a",
        "$SUDO docker push a",
        "xargs -r docker push",
        "eval docker push a",
        "sudo --strange docker push a",
        "kubectl exec pod -- docker push a",
    ] {
        let docker = parse(text);
        assert!(!docker.certain() && !docker.wrappers[0].known, "{text}");
        assert_eq!(docker.verb, Verb::Push, "{text}");
    }
    let timed = Script::parse(["time docker push a"]);
    assert!(docker(&timed.commands()[0]).is_some(), "bash's own `time`");
}

#[test]
fn variables_builders_and_endpoints() {
    let docker = parse("A=1 DOCKER_BUILDKIT=0 env B=\"$C\" docker build .");
    assert_eq!(docker.variable("DOCKER_BUILDKIT"), Some("0"));
    assert_eq!(docker.variable("B"), Some("$C"));
    assert_eq!(docker.variable("C"), None);
    assert_eq!(
        parse("BUILDX_BUILDER=x docker build .").builder.as_deref(),
        Some("x")
    );
    assert_eq!(
        parse("BUILDX_BUILDER=x docker build --builder=y .")
            .builder
            .as_deref(),
        Some("y")
    );
    assert_eq!(
        parse("docker buildx --builder z build .")
            .builder
            .as_deref(),
        Some("z")
    );
    assert_eq!(parse("BUILDX_BUILDER= docker build .").builder, None);
    let host = |text: &str| Some(Endpoint::Host(text.to_owned()));
    assert_eq!(parse("docker -H tcp://x pull a").endpoint, host("tcp://x"));
    assert_eq!(
        parse("DOCKER_HOST=ssh://y docker pull a").endpoint,
        host("ssh://y")
    );
    assert_eq!(parse("DOCKER_HOST= docker pull a").endpoint, None);
    assert_eq!(
        parse("docker -c z pull a").endpoint,
        Some(Endpoint::Context("z".into()))
    );
    assert_eq!(parse("ssh h docker pull a").endpoint, Some(Endpoint::Ssh));
}

#[test]
fn what_needs_a_daemon() {
    for (text, expected) in [
        ("docker run a", "docker-run"),
        ("docker exec a b", "docker-exec"),
        ("docker images", "docker-images"),
        ("docker info", "docker-info"),
        ("docker version", "docker-version"),
        ("docker save a", "docker-save"),
        ("docker load", "docker-load"),
        ("docker tag a b", "docker-tag"),
        ("docker cp a:b c", "docker-cp"),
        ("docker inspect a", "docker-inspect"),
        ("docker rmi a", "docker-rmi"),
        ("docker network ls", "docker-network"),
        ("docker volume ls", "docker-volume"),
        ("docker system df", "docker-system"),
        ("docker search a", "docker-search"),
        ("docker pull a", "docker-pull"),
        ("docker push a", "docker-push"),
        ("docker ps", "docker-container"),
        ("docker stack deploy a", "docker-swarm"),
        ("docker compose run a", "compose-run"),
        ("docker compose up", "compose-up"),
        ("docker compose down", "compose-down"),
        ("docker-compose logs", "compose-logs"),
        ("docker compose exec a b", "compose-exec"),
        ("docker compose build", "compose-build"),
        ("docker compose push", "compose-push"),
        ("docker compose ps", "compose-other"),
        ("docker build .", "docker-build"),
        ("docker build --push .", "docker-build"),
        (
            "DOCKER_BUILDKIT=0 BUILDX_BUILDER=x docker build .",
            "docker-build-classic",
        ),
        ("BUILDX_BUILDER=x docker build .", "BUILDER"),
        ("BUILDX_BUILDER=x docker build --load .", "buildx-load"),
        ("docker buildx build --push .", "BUILDER"),
        ("docker buildx build .", "BUILDER"),
        ("docker buildx build --load .", "buildx-load"),
        ("docker buildx build --load=false .", "BUILDER"),
        ("docker buildx build -o type=docker .", "buildx-load"),
        ("docker buildx build -o type=docker,dest=a.tar .", "BUILDER"),
        (
            "docker buildx build --builder default .",
            "buildx-default-builder",
        ),
        ("docker buildx bake --push", "BUILDER"),
        ("docker buildx bake --load", "buildx-load"),
        (
            "docker buildx bake --set '*.output=type=docker'",
            "buildx-load",
        ),
        ("docker buildx bake --print", "NOT-NEEDED"),
        ("docker buildx create --use", "buildx-create-container"),
        (
            "docker buildx create --driver docker-container",
            "buildx-create-container",
        ),
        (
            "docker buildx create --driver=kubernetes --use",
            "NOT-NEEDED",
        ),
        (
            "docker buildx create --driver $D",
            "unknown buildx-create-driver",
        ),
        ("docker buildx rm x", "BUILDER"),
        ("docker buildx inspect --bootstrap x", "BUILDER"),
        ("docker buildx ls", "NOT-NEEDED"),
        ("docker buildx use x", "NOT-NEEDED"),
        ("docker buildx imagetools create -t a b", "NOT-NEEDED"),
        ("docker buildx frobnicate", "unknown buildx-unknown-verb"),
        ("docker login -u a", "NOT-NEEDED"),
        ("docker logout", "NOT-NEEDED"),
        ("docker context create a", "NOT-NEEDED"),
        ("docker manifest push a", "NOT-NEEDED"),
        ("docker compose config", "NOT-NEEDED"),
        ("docker compose version", "NOT-NEEDED"),
        ("docker --version", "NOT-NEEDED"),
        ("docker run --help", "NOT-NEEDED"),
        ("docker scout cves a", "unknown docker-unknown-verb"),
        ("docker $VERB", "unknown docker-unknown-verb"),
        ("ssh h docker pull a", "elsewhere ssh"),
        ("docker -H ssh://u@h pull a", "elsewhere remote-docker-host"),
        ("DOCKER_HOST=tcp://docker:2375 docker pull a", "docker-pull"),
        ("ssh h docker login", "NOT-NEEDED"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
}

#[test]
fn others_that_need_the_daemon() {
    for (text, code) in [
        ("kind create cluster", "kind"),
        ("k3d cluster create", "k3d"),
        ("sudo minikube start", "minikube"),
        ("pack build x --builder y", "pack-build"),
        ("molecule test", "molecule"),
        ("poetry run molecule test", "molecule"),
        ("python3 -m molecule test", "molecule"),
        ("skaffold build", "skaffold"),
        ("act push", "act"),
        ("dive $IMAGE", "dive"),
        ("earthly +all", "earthly"),
        ("gitlab-runner exec docker x", "gitlab-runner-exec"),
        ("dockerd &", "dockerd"),
        ("service docker start", "dockerd"),
        ("systemctl restart docker", "dockerd"),
        ("chmod 777 /var/run/docker.sock", "docker-socket"),
        (
            "docker run -v /var/run/docker.sock:/var/run/docker.sock a",
            "docker-socket",
        ),
        ("X=/run/docker.sock", "docker-socket"),
        ("echo a >/var/run/docker.sock", "docker-socket"),
        (
            "skopeo copy docker-daemon:a docker://b",
            "docker-daemon-image",
        ),
        ("syft docker:a", "docker-daemon-image"),
        ("nc -z docker 2375", "docker-host"),
        ("curl http://docker:8080/health", "docker-host"),
        ("wait-for-it.sh docker:2376", "docker-host"),
    ] {
        let found = other_daemon_users(&command(text));
        assert_eq!(found.map(|reason| reason.code), Some(code), "{text}");
    }
    for text in [
        "podman run a",
        "buildah bud .",
        "skopeo copy docker://a docker://b",
        "trivy image a",
        "pack inspect a",
        "kind version",
        "echo kind create",
        "export DOCKER_HOST=tcp://docker:2375",
        "kubectl get kind",
        "service nginx start",
        "docker run a",
    ] {
        assert_eq!(other_daemon_users(&command(text)), None, "{text}");
    }
}

#[test]
fn what_hides_docker() {
    for (text, code, target) in [
        ("make -C x image", "make", Some(2)),
        ("sudo make image", "make", Some(2)),
        ("task build", "task", Some(1)),
        ("just", "just", None),
        ("npm run build", "package-script", Some(1)),
        ("npm test", "package-script", Some(1)),
        ("yarn docker:build", "package-script", Some(1)),
        ("pnpm build", "package-script", Some(1)),
        ("npx semantic-release", "package-runner", Some(1)),
        ("./gradlew build", "gradle", Some(1)),
        ("mvn -B verify", "maven", Some(2)),
        ("pytest", "test-runner", None),
        ("go test ./...", "test-runner", Some(1)),
        ("./build.sh x", "script", Some(0)),
        ("ci/build", "script", Some(0)),
        ("bash -ex build.sh", "script", Some(2)),
        ("bash -o pipefail build.sh", "script", Some(3)),
        (". ./lib.sh", "script", Some(1)),
        ("source lib.sh", "script", Some(1)),
        ("python3 build.py", "interpreter", Some(1)),
        ("bash -s", "shell-input", None),
        ("sh -c 'docker build .'", "shell-string", Some(2)),
        ("bash -euxc \"cd a && make\"", "shell-string", Some(2)),
        ("sh -c \"sh -c 'docker ps'\"", "shell-string", Some(2)),
        ("su user -c 'kind create cluster'", "shell-string", Some(3)),
        ("eval \"docker push $X\"", "shell-string", Some(1)),
        ("eval $(aws ecr get-login)", "shell-string", Some(1)),
        ("trap 'docker compose down' EXIT", "shell-string", Some(1)),
        ("$TOOL push", "expansion", Some(0)),
    ] {
        let found = hides_docker(&command(text)).map(|hidden| (hidden.code, hidden.target));
        assert_eq!(found, Some((code, target)), "{text}");
    }
    for text in [
        "echo hi",
        "npm ci",
        "npm install -g x",
        "yarn",
        "yarn install --frozen-lockfile",
        "go build",
        "sh -c 'echo hi'",
        "eval $(ssh-agent -s)",
        "eval \"$(ssh-agent)\"",
        ". /etc/os-release",
        "python --version",
        "python3 -c 'import sys'",
        "trap cleanup EXIT",
        "trap - EXIT",
        "docker build .",
        "/usr/bin/env",
        "/kaniko/executor --context .",
        "ssh host ./deploy.sh",
        "ssh host 'docker pull a'",
        "X=1",
    ] {
        assert_eq!(hides_docker(&command(text)), None, "{text}");
    }
}

#[test]
fn mentions_miss_nothing() {
    for text in [
        "docker push a",
        "kind create cluster",
        "/usr/local/bin/k3d x",
        "(act)",
        "systemctl start docker",
        "echo $DOCKER_HOST; pack build x",
    ] {
        assert!(mentions_docker(text), "{text}");
    }
    for text in ["", "npm ci", "echo DOCKER", "kinds of actors", "unpack"] {
        assert!(!mentions_docker(text), "{text}");
    }
}

#[test]
fn the_real_pipeline() {
    let script = Script::parse([
        "docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY",
        "if [ -n \"$DOCKERHUB_USERNAME\" ] && [ -n \"$DOCKERHUB_TOKEN\" ]; then\n  echo \"$DOCKERHUB_TOKEN\" | docker login -u \"$DOCKERHUB_USERNAME\" --password-stdin\nelse\n  echo no\nfi",
        "docker context create buildx-context --docker \"host=$DOCKER_HOST,ca=$DOCKER_CERT_PATH/ca.pem\"",
        "docker buildx create --use --name ci-builder --driver docker-container buildx-context",
        "docker compose down --volumes --remove-orphans",
        "set -e\ndocker buildx build \\\n  --cache-from type=registry,ref=${CI_REGISTRY_IMAGE}/p:buildcache \\\n  --tag ${CI_REGISTRY_IMAGE}/p:x \\\n  --push \\\n  --file p/Dockerfile \\\n  p",
    ]);
    assert!(script.clean() && script.doubts().is_empty());
    let found: Vec<_> = script.commands().iter().filter_map(docker).collect();
    let verbs: Vec<_> = found.iter().map(|docker| docker.verb.clone()).collect();
    assert_eq!(
        verbs,
        [
            Verb::Login,
            Verb::Login,
            Verb::Context(ContextVerb::Create),
            Verb::BuildxCreate,
            Verb::Compose(Compose::Down),
            Verb::BuildxBuild
        ]
    );
    assert!(found.iter().all(Docker::certain));
    assert_eq!(
        options(&found[3]),
        ["use", "name=ci-builder", "driver=docker-container"]
    );
    assert_eq!(found[5].operands.len(), 1);
    let block = &script.statements()[1];
    let inside: Vec<_> = block
        .commands
        .iter()
        .map(|index| &script.commands()[*index])
        .collect();
    assert_eq!(
        inside
            .iter()
            .filter(|command| docker(command).is_some())
            .count(),
        1
    );
    assert_eq!(block.place().unwrap().item, 1);
}
