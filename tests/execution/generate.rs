//! Jobs as people might write them: a usual one, changed in a few places by chance.

use fastrand::Rng;

use crate::layout::{self, Script};
use crate::statement::{TESTS, build, name, one, statement};

const COMPOSE: &str = "services:
  api:
    image: ${CI_REGISTRY_IMAGE}/api:${TAG}
    build: {context: ., target: base, args: {VERSION: \"${VERSION:-0}\"}}
  web:
    image: $CI_REGISTRY_IMAGE/web
    build: ./web
  database:
    image: postgres:17
";

/// A repository with `count` jobs.
pub fn repository(seed: u64, count: usize) -> Vec<(String, String)> {
    let mut rng = Rng::with_seed(seed);
    let mut text = layout::head(&mut rng);
    for number in 0..count {
        let script = job(&mut rng);
        text += &layout::job(&mut rng, number, &script);
    }
    let mut files = vec![(".gitlab-ci.yml".to_owned(), text)];
    for (path, text) in [
        ("docker-compose.yml", COMPOSE),
        ("other.yml", "services:\n  app: {build: ., image: \"${IMAGE}:${TAG}\"}\n"),
        ("Dockerfile", "FROM alpine AS base\nFROM base AS test\nRUN true\nFROM base\nCOPY . .\n"),
        ("web/Dockerfile", "ARG BASE=alpine\nFROM $BASE\n"),
        ("tests/Dockerfile", "FROM registry.test/group/project:latest\n"),
    ] {
        files.push((path.to_owned(), text.to_owned()));
    }
    files
}

fn job(rng: &mut Rng) -> Script {
    let mut script = Script::default();
    if rng.bool() {
        script.before.push("docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY".into());
    }
    let (first, second, third) = (name(rng), name(rng), name(rng));
    script.main = match rng.u8(..11) {
        9 => {
            let which = one(rng, &["", "", " api", " web", " api web", " -f other.yml"]);
            let (file, names) = if which.contains("-f") { (which, "") } else { ("", which) };
            vec![format!("docker compose{file} build{names}"), format!("docker compose{file} push{names}")]
        }
        10 => [
            "docker-compose build api",
            "docker-compose build web",
            "docker-compose push api",
            "docker-compose push web",
        ]
        .map(str::to_owned)
        .to_vec(),
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
    if script.main.is_empty() {
        script.main.push("echo done".into());
    }
    script
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
