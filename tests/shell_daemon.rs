//! What needs a daemon, and what may hide that it does.

use std::sync::Arc;

use ci_migrate::shell::{
    Command, Daemon, Docker, Script, daemon, docker, hides_docker, mentions_docker, other_daemon_users,
};

/// The first command of a script.
fn command(text: &str) -> Command {
    Script::parse([text]).commands()[0].clone()
}

fn parse(text: &str) -> Arc<Docker> {
    docker(&command(text)).unwrap_or_else(|| panic!("{text:?} is no docker command"))
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
fn what_needs_a_daemon() {
    for (text, expected) in [
        ("docker run a", "docker-run"),
        ("docker exec a b", "docker-exec"),
        ("docker images", "docker-images"),
        ("docker trust sign x:1", "docker-trust"),
        ("docker trust inspect x:1", "NOT-NEEDED"),
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
        ("DOCKER_BUILDKIT=0 BUILDX_BUILDER=x docker build .", "docker-build-classic"),
        ("BUILDX_BUILDER=x docker build .", "BUILDER"),
        ("BUILDX_BUILDER=x docker build --load .", "buildx-load"),
        ("docker buildx build --push .", "BUILDER"),
        ("docker buildx build .", "BUILDER"),
        ("docker buildx build --load .", "buildx-load"),
        ("docker buildx build --load=false .", "BUILDER"),
        ("docker buildx build -o type=docker .", "buildx-load"),
        ("docker buildx build -o type=docker,dest=a.tar .", "BUILDER"),
        ("docker buildx build --builder default .", "buildx-default-builder"),
        ("docker buildx bake --push", "BUILDER"),
        ("docker buildx bake --load", "buildx-load"),
        ("docker buildx bake --set '*.output=type=docker'", "buildx-load"),
        ("docker buildx bake --print", "NOT-NEEDED"),
        ("docker buildx create --use", "buildx-create-container"),
        ("docker buildx create --driver docker-container", "buildx-create-container"),
        ("docker buildx create --driver=kubernetes --use", "NOT-NEEDED"),
        ("docker buildx create --driver $D", "unknown buildx-create-driver"),
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
        ("docker run -v /var/run/docker.sock:/var/run/docker.sock a", "docker-socket"),
        ("X=/run/docker.sock", "docker-socket"),
        ("echo a >/var/run/docker.sock", "docker-socket"),
        ("skopeo copy docker-daemon:a docker://b", "docker-daemon-image"),
        ("syft docker:a", "docker-daemon-image"),
        ("nixpacks build .", "nixpacks"),
        ("npx wp-env start", "wp-env"),
        ("sam build --use-container", "image-by-build-tool"),
        ("sam local invoke", "image-by-build-tool"),
        ("./mvnw -B spring-boot:build-image", "image-by-build-tool"),
        ("gradle :app:bootBuildImage", "image-by-build-tool"),
        ("flyctl deploy --local-only", "image-by-build-tool"),
        ("trivy image --image-src docker a", "docker-daemon-image"),
        ("trivy image --image-src=docker a", "docker-daemon-image"),
        ("TRIVY_IMAGE_SRC=docker trivy image a", "docker-daemon-image"),
        ("export GRYPE_DEFAULT_IMAGE_PULL_SOURCE=docker", "docker-daemon-image"),
        ("syft scan --from docker a", "docker-daemon-image"),
        ("container-diff diff daemon://a remote://a", "docker-daemon-image"),
        ("bentoml containerize a:latest", "bentoml"),
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
        "trivy image --image-src remote a",
        "TRIVY_IMAGE_SRC=docker,remote trivy image a",
        "syft scan --from registry a",
        "bentoml build",
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
        ("gotestsum ./...", "test-runner", Some(1)),
        ("serverless deploy", "deployer", Some(1)),
        ("pre-commit run --all-files", "pre-commit", Some(1)),
        ("moon run app:test", "task", Some(1)),
        ("sam build", "deployer", Some(1)),
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
        ("sh -c '$TOOL push'", "shell-string", Some(2)),
        ("sops exec-env secrets.env 'docker compose up -d'", "shell-string", Some(3)),
        ("script -qec \"docker run $IMAGE\" /dev/null", "shell-string", Some(2)),
        ("busybox sh -c 'docker run a'", "shell-string", Some(3)),
        ("nix-shell --run='cd x && kind-of docker; docker run a'", "shell-string", Some(1)),
        ("retry -t 3 'docker run a'", "shell-string", Some(3)),
        ("awk '{ system(\"docker ps\") }' x", "shell-string", Some(1)),
        ("xvfb-run make it", "make", Some(2)),
        ("doppler run -- npm test", "package-script", Some(4)),
        ("coverage run -m pytest", "test-runner", None),
        ("wait-for db:1 -- ./ci/run.sh", "script", Some(3)),
        ("aws-vault exec x -- python ci/run.py", "interpreter", Some(5)),
        ("nvm exec npm run e2e", "package-script", Some(3)),
        ("parallel make ::: a b", "make", Some(2)),
        ("sops exec-env x 'make it'", "shell-string", Some(3)),
        ("run.sh", "script", Some(0)),
        ("poetry run e2e", "package-script", Some(2)),
        ("python3 -m ci.run", "interpreter", Some(2)),
        ("packer build .", "deployer", Some(1)),
        ("cargo llvm-cov", "test-runner", Some(1)),
        ("git submodule foreach 'docker build -t a .'", "shell-string", Some(3)),
        ("nextflow run main.nf -profile test,docker", "says-docker", Some(4)),
        ("mlflow models build-docker -m x", "says-docker", Some(2)),
        ("inspec exec . -t docker://c", "says-docker", Some(4)),
        ("tool --driver=docker", "says-docker", Some(1)),
        ("alias dc='docker compose'", "alias", Some(1)),
        ("alias -- ll='ls -l' d=docker", "alias", Some(3)),
        ("alias e2e='make e2e'", "alias", Some(1)),
        ("find ci -name '*.sh' -exec sh {} \\;", "script", Some(6)),
        ("find ci -type f -execdir {} +", "script", Some(5)),
        ("find . -ok sh -c 'make x' \\;", "shell-string", Some(5)),
        ("xargs -I{} sh ci/{}", "script", Some(3)),
        ("run-parts ci", "script", Some(1)),
        ("npm --prefix app run e2e", "package-script", Some(3)),
        ("npm -w app run e2e", "package-script", Some(3)),
        ("pnpm --filter app e2e", "package-script", Some(3)),
        ("pnpm -w e2e", "package-script", Some(2)),
        ("yarn workspace app e2e", "package-script", Some(3)),
        ("yarn workspaces foreach -A run e2e", "package-script", Some(4)),
        ("goreleaser release --clean", "goreleaser", Some(1)),
        ("goreleaser", "goreleaser", None),
        ("terraform -chdir=infra apply -auto-approve", "terraform", Some(2)),
        ("tofu plan", "terraform", Some(1)),
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
        "kubectl exec pod -- sh -c 'docker ps'",
        "release-cli create --description 'docker pull a'",
        "git commit -m 'docker build of a'",
        "notify 'the image is there'",
        "notify the docker/x.log of ci/docker",
        "conda install -y make pytest",
        "virtualenv -p python3 venv",
        "pyenv local python3",
        "notify that just a task is done",
        "shfmt -d ./ci/run.sh",
        "poetry run black .",
        "python -m json.tool x",
        "python -m venv x",
        "rustup component add clippy",
        "awk '/docker/ { print }' x",
        "cd docker",
        "apk add docker-cli",
        "skopeo inspect docker://a",
        "tool --image registry/docker:1 $docker",
        "X=1",
        "alias ll='ls -l'",
        "find . -name '*.o' -exec rm {} +",
        "find . -name '*.sh' -exec chmod +x {} \\;",
        "npm --prefix app ci",
        "yarn workspace app install",
        "yarn workspaces list",
        "goreleaser check",
        "terraform init",
        "terraform fmt -check",
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
