//! Jobs as people might write them: a usual one, changed in a few places by chance.

use fastrand::Rng;

/// What an image may be called; the first ones mean the same on the main branch, or once variables are known.
const NAMES: &[&str] = &[
    "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA",
    "$CI_REGISTRY_IMAGE:latest",
    "$CI_REGISTRY_IMAGE",
    "\"$CI_REGISTRY_IMAGE:$CI_COMMIT_REF_SLUG\"",
    "$CI_REGISTRY_IMAGE:main",
    "${CI_REGISTRY_IMAGE}:${CI_COMMIT_SHA}",
    "registry.test/group/project:latest",
    "$CI_REGISTRY/group/project:main",
    "$CI_REGISTRY_IMAGE/web:$TAG",
    "$CI_REGISTRY_IMAGE/web",
    "\"${CI_REGISTRY_IMAGE}:${TAG}\"",
    "$IMAGE",
    "\"$IMAGE:$TAG\"",
    "app",
    "app:test",
    "docker.io/acme/app:1",
    "acme/app:1",
    "$CI_REGISTRY_IMAGE:${CI_COMMIT_TAG:-latest}",
    "$CI_REGISTRY_IMAGE:$NAME",
    "$CI_REGISTRY_IMAGE:v$VERSION",
];

const TESTS: &[&str] = &[
    "[ \"$CI_COMMIT_BRANCH\" = main ]",
    "[ -n \"$CI_COMMIT_TAG\" ]",
    "[ -z \"$CI_COMMIT_TAG\" ]",
    "[ \"$CI_COMMIT_REF_NAME\" == \"$CI_DEFAULT_BRANCH\" ]",
    "[ -n \"$NAME\" ]",
    "test -f web/Dockerfile",
    "test -f missing",
    "[[ $CI_COMMIT_BRANCH == main ]]",
    "true",
    "git diff --quiet",
];

/// A job's sections.
#[derive(Clone, Default)]
pub struct Script {
    before: Vec<String>,
    main: Vec<String>,
    after: Vec<String>,
}

/// A repository with `count` jobs.
pub fn repository(seed: u64, count: usize) -> Vec<(String, String)> {
    let mut rng = Rng::with_seed(seed);
    let mut text = String::from(
        "image: docker:27\nservices: [docker:27-dind]\nvariables:\n  DOCKER_HOST: tcp://docker:2376\n  DOCKER_TLS_CERTDIR: /certs\n  IMAGE: $CI_REGISTRY_IMAGE\n  TAG: $CI_COMMIT_SHORT_SHA\n",
    );
    for number in 0..count {
        let script = job(&mut rng);
        text += &format!("\njob {number}:\n");
        for (key, items) in
            [("before_script", &script.before), ("script", &script.main), ("after_script", &script.after)]
        {
            if items.is_empty() {
                continue;
            }
            text += &format!("  {key}:\n");
            for item in items {
                text += "    - |\n";
                for line in item.lines() {
                    text += &format!("      {line}\n");
                }
            }
        }
    }
    let mut files = vec![(".gitlab-ci.yml".to_owned(), text)];
    for (path, text) in [
        ("Dockerfile", "FROM alpine AS base\nFROM base AS test\nRUN true\nFROM base\nCOPY . .\n"),
        ("web/Dockerfile", "ARG BASE=alpine\nFROM $BASE\n"),
        ("tests/Dockerfile", "FROM registry.test/group/project:latest\n"),
    ] {
        files.push((path.to_owned(), text.to_owned()));
    }
    files
}

fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

fn name(rng: &mut Rng) -> String {
    one(rng, NAMES).to_owned()
}

fn job(rng: &mut Rng) -> Script {
    let mut script = Script::default();
    if rng.bool() {
        script.before.push("docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY".into());
    }
    let (first, second, third) = (name(rng), name(rng), name(rng));
    script.main = match rng.u8(..9) {
        0 => vec![build(rng, &[&first]), format!("docker push {first}")],
        1 => vec![build(rng, &[&first, &second]), format!("docker push {first}"), format!("docker push {second}")],
        2 => vec![
            build(rng, &[&first]),
            format!("docker tag {first} {second}"),
            format!("docker push {first}"),
            format!("docker push {second}"),
        ],
        3 => vec![
            build(rng, &[&first]),
            format!("docker push {first}"),
            format!("docker tag {first} {second}"),
            format!("docker push {second}"),
        ],
        4 => vec![
            format!("docker pull {first}"),
            format!("docker tag {first} {second}"),
            format!("docker push {second}"),
        ],
        5 => vec![
            build(rng, &[&first]),
            build(rng, &[&second]),
            format!("docker push {first}"),
            format!("docker push {second}"),
        ],
        6 => vec![
            format!("docker pull {first} || true"),
            format!("docker build --cache-from {first} -t {first} ."),
            format!("docker push {first}"),
        ],
        7 => vec![
            build(rng, &[&first]),
            format!("docker tag {first} {second}"),
            format!("docker tag {first} {third}"),
            format!("docker push {second}"),
            format!("docker push {third}"),
        ],
        _ => vec![
            build(rng, &[&first]),
            format!("docker push {first}"),
            build(rng, &[&second]),
            format!("docker push {second}"),
        ],
    };
    let own = [first, second, third];
    for _ in 0..rng.usize(..5) {
        change(rng, &mut script, &own);
    }
    script
}

fn build(rng: &mut Rng, names: &[&str]) -> String {
    let mut words = vec![
        one(
            rng,
            &[
                "docker build",
                "docker build",
                "docker build",
                "docker build",
                "docker buildx build",
                "docker buildx build --push",
                "docker image build",
            ],
        )
        .to_owned(),
    ];
    if rng.u8(..5) == 0 {
        words.push(
            one(
                rng,
                &[
                    "--pull",
                    "--build-arg A=1",
                    "--target base",
                    "--target test",
                    "--no-cache",
                    "--cache-from $CI_REGISTRY_IMAGE:latest",
                    "-q",
                    "--build-arg BASE=$CI_REGISTRY_IMAGE:latest",
                    "--build-arg BASE=app",
                    "--build-arg TAG",
                ],
            )
            .to_owned(),
        );
    }
    words.extend(names.iter().map(|name| format!("-t {name}")));
    words.push(one(rng, &[".", ".", ".", "web", "-f web/Dockerfile .", "-f tests/Dockerfile .", "./web"]).to_owned());
    words.join(" ")
}

/// A statement of any kind; names are mostly the job's own.
fn statement(rng: &mut Rng, own: &[String; 3]) -> String {
    let some = |rng: &mut Rng| if rng.u8(..4) > 0 { own[rng.usize(..3)].clone() } else { name(rng) };
    match rng.u8(..40) {
        0 | 1 => format!("docker push {}", some(rng)),
        2 => format!("docker tag {} {}", some(rng), some(rng)),
        3 => {
            let name = some(rng);
            build(rng, &[&name])
        }
        4 => format!("docker pull {}", some(rng)),
        5 => format!("docker rmi {}", some(rng)),
        6 => "docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY".into(),
        7 => "docker login -u other -p $TOKEN $CI_REGISTRY".into(),
        8 => one(rng, &["docker logout", "docker logout $CI_REGISTRY"]).into(),
        9 => "docker info".into(),
        10 => one(rng, &["echo hello", "echo \"built $IMAGE\"", "date", "ls -la", "pwd"]).into(),
        11 => one(
            rng,
            &[
                "npm ci",
                "kubectl rollout restart deploy/app",
                "curl -X POST https://example.com/hook",
                "helm upgrade app ./chart",
            ],
        )
        .into(),
        12 => one(rng, &["./test.sh", "make check", "npm test"]).into(),
        13 => one(
            rng,
            &[
                "export TAG=latest",
                "TAG=$CI_COMMIT_SHA",
                "NAME=main",
                "export IMAGE=$CI_REGISTRY_IMAGE/web",
                "VERSION=1",
            ],
        )
        .into(),
        14 => one(rng, &["VERSION=$(git describe --tags)", "TAG=$(cat version)", "export NAME=$(date +%s)"]).into(),
        15 => one(rng, &["cd web", "cd ..", "mkdir -p out", "cp Dockerfile web/", "echo 1 > version", "rm -f version"])
            .into(),
        16 => one(rng, &["set +e", "set -e", "set -x", "set -euo pipefail", "set +o errexit"]).into(),
        17 => format!("docker pull {} || true", some(rng)),
        18 => format!("docker image inspect {} > /dev/null", some(rng)),
        19 => format!("docker manifest inspect {} > /dev/null", some(rng)),
        20 => format!("{} || exit 0", one(rng, TESTS)),
        21 => one(rng, TESTS).into(),
        22 => one(
            rng,
            &["docker images", "docker ps -a", "docker system prune -f", "docker rmi $(docker images -q) || true"],
        )
        .into(),
        23 => format!(
            "docker push {} || {}",
            some(rng),
            one(rng, &["true", "exit 1", "echo failed", "docker push -q app"])
        ),
        24 => {
            one(rng, &["trap 'echo bye' EXIT", "exit 0", "sleep 5", "until docker info; do sleep 1; done", "return 0"])
                .into()
        }
        25 => format!("docker run --rm {} true", some(rng)),
        26 => format!("for i in 1 2 3; do docker push {} && break; sleep 1; done", some(rng)),
        27 => format!("docker push {} || (sleep 5 && docker push {})", some(rng), some(rng)),
        28 => format!(
            "if ! docker manifest inspect {0} > /dev/null; then docker build -t {0} . && docker push {0}; fi",
            some(rng)
        ),
        29 => {
            format!("if docker pull {0}; then docker tag {0} {1}; else docker build -t {1} .; fi", some(rng), some(rng))
        }
        30 => "if [ \"$CI_COMMIT_BRANCH\" = main ]; then TAG=latest; else TAG=$CI_COMMIT_REF_SLUG; fi".into(),
        31 => one(
            rng,
            &[
                "TAG=${CI_COMMIT_TAG:-latest}",
                "export TAG=\"${CI_COMMIT_TAG#v}\"",
                ": ${VERSION:=1}",
                "read NAME < version || true",
                "unset TAG",
                "readonly TAG=x",
            ],
        )
        .into(),
        32 => format!("DIGEST=$(docker inspect --format '{{{{.Id}}}}' {})", some(rng)),
        33 => format!("push() {{ docker push \"$1\"; }}\npush {}", some(rng)),
        34 => format!("release() {{\n  docker tag $1 $2\n  docker push $2\n}}\nrelease {} {}", some(rng), some(rng)),
        35 => format!("docker buildx imagetools create -t {} {}", some(rng), some(rng)),
        36 => {
            format!("{}\n{}", build(rng, &["app"]), "docker build --build-arg BASE=app -t $CI_REGISTRY_IMAGE/web web")
        }
        37 => one(
            rng,
            &[
                "cleanup() { docker logout; }\ntrap cleanup EXIT",
                "trap 'docker rmi app' EXIT",
                "ARGS=\"--build-arg A=1\"",
                "export DOCKER_BUILDKIT=0",
                ". ./env.sh",
                "eval \"$(cat version)\"",
            ],
        )
        .into(),
        38 => format!("test -z \"$CI_COMMIT_TAG\" || docker push {}", some(rng)),
        _ => format!("docker tag {0} {1} && docker push {1} && docker rmi {1}", some(rng), some(rng)),
    }
}

fn change(rng: &mut Rng, script: &mut Script, own: &[String; 3]) {
    let len = script.main.len();
    if len == 0 {
        script.main.push(statement(rng, own));
        return;
    }
    let at = rng.usize(..len);
    let to = at + 1 + rng.usize(..(len - at).min(3));
    match rng.u8(..20) {
        0..=6 => {
            let new = statement(rng, own);
            script.main.insert(rng.usize(..=len), new);
        }
        7 => {
            let new = statement(rng, own);
            script.before.push(new);
        }
        8 => {
            let new = statement(rng, own);
            script.after.push(new);
        }
        9 => {
            let joined =
                script.main.drain(at..to).collect::<Vec<_>>().join(one(rng, &[" && ", " && ", "; ", "\n", " &&\n  "]));
            script.main.insert(at, joined);
        }
        10 => {
            let inner = script.main.drain(at..to).collect::<Vec<_>>().join("\n");
            let test = one(rng, TESTS);
            let other = if rng.bool() { String::new() } else { format!("else\n{}\n", statement(rng, own)) };
            script.main.insert(at, format!("if {test}; then\n{inner}\n{other}fi"));
        }
        11 => {
            let inner = script.main.drain(at..to).collect::<Vec<_>>().join("\n");
            let words = one(rng, &["latest main", "a b", "\"$CI_COMMIT_SHA\" latest", "$TAG"]);
            let variable = one(rng, &["TAG", "NAME", "i"]);
            script.main.insert(at, format!("for {variable} in {words}; do\n{inner}\ndone"));
        }
        12 => {
            let inner = script.main.drain(at..to).collect::<Vec<_>>().join("\n");
            script.main.insert(
                at,
                one(rng, &["{\n%\n}", "(\n%\n)", "(cd web\n%\n)", "{\n%\n} > log", "(\n%\n) || true"])
                    .replace('%', &inner),
            );
        }
        13 => {
            let inner = script.main.drain(at..to).collect::<Vec<_>>().join("\n");
            script.main.insert(at, format!("publish() {{\n{inner}\n}}"));
            script.main.insert(
                (at + 1 + rng.usize(..2)).min(script.main.len()),
                one(rng, &["publish", "publish", "publish && echo ok", "publish || exit 1"]).into(),
            );
        }
        14 => {
            script.main[at] = format!(
                "{} {}",
                script.main[at],
                one(rng, &["|| true", "|| exit 1", "&& echo done", "> log", "2>&1 | tee log", "&"])
            );
        }
        15 => script.main[at] = format!("{} {} {}", one(rng, TESTS), one(rng, &["&&", "||"]), script.main[at]),
        16 => {
            let last = script.main.pop().unwrap_or_default();
            script.after.push(last);
        }
        17 => {
            let first = script.main.remove(0);
            script.before.push(first);
        }
        18 if at + 1 < len => script.main.swap(at, at + 1),
        _ => {
            let inner = script.main.drain(at..to).collect::<Vec<_>>().join("\n");
            script.main.insert(at, format!("case \"$CI_COMMIT_BRANCH\" in\nmain) {inner} ;;\n*) echo other ;;\nesac"));
        }
    }
}
