//! What a docker command does: verbs, options, operands, prefixes.

use std::sync::Arc;

use ci_migrate::shell::docker::{Compose, ContextVerb, Endpoint, Imagetools, Opt};
use ci_migrate::shell::{Command, Docker, Script, Verb, docker};

/// The first command of a script.
fn command(text: &str) -> Command {
    Script::parse([text]).commands()[0].clone()
}

fn parse(text: &str) -> Arc<Docker> {
    docker(&command(text)).unwrap_or_else(|| panic!("{text:?} is no docker command"))
}

/// `name=value` of each option, `name` for one without value.
fn options(docker: &Docker) -> Vec<String> {
    let show = |option: &Opt| match &option.value {
        Some(value) => format!("{}={}", option.name, value.display),
        None => option.name.clone(),
    };
    docker.options.iter().map(show).collect()
}

fn operands(text: &str) -> Vec<String> {
    let command = command(text);
    let docker = docker(&command).unwrap();
    docker.operands.iter().map(|index| command.words[*index].display().to_owned()).collect()
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
        ("docker buildx imagetools create -t a b", Verb::Imagetools(Imagetools::Create)),
        ("docker buildx imagetools inspect a", Verb::Imagetools(Imagetools::Inspect)),
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
        ("docker context create a", Verb::Context(ContextVerb::Create)),
        ("docker context use a", Verb::Context(ContextVerb::Use)),
        ("docker context rm a", Verb::Context(ContextVerb::Rm)),
        ("docker context list", Verb::Context(ContextVerb::Ls)),
        ("docker context show", Verb::Context(ContextVerb::Other("show".into()))),
        ("docker manifest create a b", Verb::Manifest),
        ("docker compose run a", Verb::Compose(Compose::Run)),
        ("docker-compose -f a.yml --env-file b up -d", Verb::Compose(Compose::Up)),
        ("docker --context x compose -p y down", Verb::Compose(Compose::Down)),
        ("docker compose logs", Verb::Compose(Compose::Logs)),
        ("docker compose exec a b", Verb::Compose(Compose::Exec)),
        ("docker compose build", Verb::Compose(Compose::Build)),
        ("docker compose push", Verb::Compose(Compose::Push)),
        ("docker compose pull", Verb::Compose(Compose::Pull)),
        ("docker compose config", Verb::Compose(Compose::Config)),
        ("docker compose ps", Verb::Compose(Compose::Other("ps".into()))),
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
    let quiet = docker.last("quiet").unwrap();
    assert_eq!((quiet.words.clone(), docker.all("tag").last().unwrap().words.clone()), (10..11, 10..12));
}

#[test]
fn values_stand_where_they_say() {
    let items = ["echo", "docker build --tag=\"$A\":b -f\"x y\" -t $C \"--target=d\" --label='e'f ."];
    let script = Script::parse(items);
    let docker = docker(&script.commands()[1]).unwrap();
    let found: Vec<_> = docker
        .options
        .iter()
        .map(|option| {
            let value = option.value.as_ref().unwrap();
            let place = value.place.as_ref().map(|place| script.slice(place));
            (value.raw.as_str(), place, value.display.as_str(), value.literal.as_deref())
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
    let values: Vec<_> = docker.options.iter().filter_map(|it| it.value.as_ref()).collect();
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
    assert_eq!(options(&parse(text)), ["rm", "volume=$PWD:/x", "env=A=b", "entrypoint=sh"]);
    let text = "docker compose -f a.yml -f b.yml run --no-deps -T web npm test -- --ci";
    assert_eq!(operands(text), ["web", "npm", "test", "--", "--ci"]);
    let docker = parse(text);
    assert_eq!(options(&docker), ["no-deps", "no-TTY"]);
    let files: Vec<_> = docker.globals.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(files, ["file", "file"]);
    assert_eq!(operands("docker exec -it web sh -c x"), ["web", "sh", "-c", "x"]);
    assert_eq!(operands("docker pull -- -q"), ["-q"]);
}

#[test]
fn expansions_that_may_be_options() {
    let docker = parse("docker build $ARGS -t x ${MORE:+--pull} .");
    assert_eq!(docker.dynamic, [2, 5]);
    assert!(!docker.certain());
    assert_eq!(operands("docker build $ARGS -t x ${MORE:+--pull} ."), ["."]);
    for text in ["docker push $IMAGE", "docker build -t x $CONTEXT", "docker tag $A $B"] {
        assert!(parse(text).certain(), "{text}");
    }
    assert!(parse("docker build \"$ARGS\" .").unknown_options.len() == 1, "one operand too many");
}

#[test]
fn options_in_no_table() {
    let docker = parse("docker build --tga x -t y .");
    // Nobody knows whether `x` is its value; if not, there is one operand too many.
    assert_eq!(docker.unknown_options, [2, 6]);
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
        ("timeout -k 5 --signal=KILL 60 docker push a", vec!["timeout"]),
        ("nice -n 10 docker push a", vec!["nice"]),
        ("nice -10 sudo nohup docker push a", vec!["nice", "sudo", "nohup"]),
        ("/usr/bin/time -f %e docker push a", vec!["/usr/bin/time"]),
        ("sshpass -p x ssh -o A=b -p 22 u@h sudo docker push a", vec!["sshpass", "ssh", "sudo"]),
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
    assert_eq!(parse("BUILDX_BUILDER=x docker build .").builder.as_deref(), Some("x"));
    assert_eq!(parse("BUILDX_BUILDER=x docker build --builder=y .").builder.as_deref(), Some("y"));
    assert_eq!(parse("docker buildx --builder z build .").builder.as_deref(), Some("z"));
    assert_eq!(parse("BUILDX_BUILDER= docker build .").builder, None);
    let host = |text: &str| Some(Endpoint::Host(text.to_owned()));
    assert_eq!(parse("docker -H tcp://x pull a").endpoint, host("tcp://x"));
    assert_eq!(parse("DOCKER_HOST=ssh://y docker pull a").endpoint, host("ssh://y"));
    assert_eq!(parse("DOCKER_HOST= docker pull a").endpoint, None);
    assert_eq!(parse("docker -c z pull a").endpoint, Some(Endpoint::Context("z".into())));
    assert_eq!(parse("ssh h docker pull a").endpoint, Some(Endpoint::Ssh));
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
    assert!(found.iter().all(|docker| docker.certain()));
    assert_eq!(options(&found[3]), ["use", "name=ci-builder", "driver=docker-container"]);
    assert_eq!(found[5].operands.len(), 1);
    let block = &script.statements()[1];
    let inside: Vec<_> = block.commands.iter().map(|index| &script.commands()[*index]).collect();
    assert_eq!(inside.iter().filter(|command| docker(command).is_some()).count(), 1);
    assert_eq!(block.place().unwrap().item, 1);
}
