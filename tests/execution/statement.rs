//! Statements that stand in the scripts of build jobs.

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

/// Tests that decide.
pub const TESTS: &[&str] = &[
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

/// One of several.
pub fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

/// What an image is called.
pub fn name(rng: &mut Rng) -> String {
    one(rng, NAMES).to_owned()
}

/// A build of an image by some names.
pub fn build(rng: &mut Rng, names: &[&str]) -> String {
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
pub fn statement(rng: &mut Rng, own: &[String; 3]) -> String {
    let some = |rng: &mut Rng| if rng.u8(..4) > 0 { own[rng.usize(..3)].clone() } else { name(rng) };
    match rng.u8(..46) {
        42 => "docker push --all-tags $CI_REGISTRY_IMAGE".into(),
        43 => format!("docker pull {0} || docker build -t {0} .", some(rng)),
        44 => format!("if [ \"$(docker images -q {0})\" = \"\" ]; then echo none; fi", some(rng)),
        45 => one(rng, &["crane tag $CI_REGISTRY_IMAGE:latest stable", "skopeo copy docker://$CI_REGISTRY_IMAGE docker://acme/app", "docker buildx imagetools inspect $CI_REGISTRY_IMAGE:latest", "docker manifest create $CI_REGISTRY_IMAGE:list $CI_REGISTRY_IMAGE:latest && docker manifest push $CI_REGISTRY_IMAGE:list"]).into(),
        40 => one(
            rng,
            &[
                "docker compose push",
                "docker compose push api",
                "docker compose push || true",
                "docker compose build web",
            ],
        )
        .into(),
        41 => one(
            rng,
            &[
                "docker compose down",
                "docker compose build --pull",
                "docker compose build && docker compose push",
                "docker push $CI_REGISTRY_IMAGE/web",
            ],
        )
        .into(),
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
