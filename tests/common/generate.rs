//! Pipelines made of bytes: each byte is a choice, so that the same ones serve the property tests and the fuzz targets.

use std::collections::BTreeMap;

/// A source of choices; without bytes left it always takes the first.
pub struct Choices<'b> {
    bytes: &'b [u8],
}

impl<'b> Choices<'b> {
    pub fn new(bytes: &'b [u8]) -> Choices<'b> {
        Choices { bytes }
    }

    fn below(&mut self, count: usize) -> usize {
        match self.bytes.split_first() {
            Some((&first, rest)) => {
                self.bytes = rest;
                first as usize % count
            }
            None => 0,
        }
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }
}

const COMMENTS: &[&str] = &["", "", "# plain", "# größe: ü, 「」 🐳", "#no blank", "# docker push is said here only"];

/// One item of a script each; `%` is the job's image.
const SCRIPTS: &[&[&str]] = &[
    &["docker build -t % .", "docker push %"],
    &["docker buildx build --push -t % ."],
    &["docker pull % || true", "docker build --cache-from % -t % app", "docker push %"],
    &["docker build -t local .", "docker tag local %", "docker push %"],
    &["docker build -t % . && docker push %"],
    &["set -e\ndocker build \\\n  --tag % \\\n  --build-arg A=1 \\\n  .\n\ndocker push %\n"],
    &[
        "docker build -t % .",
        "docker push %",
        "if [ -n \"$CI_COMMIT_TAG\" ]; then docker tag % %-tag; docker push %-tag; fi",
    ],
    &["for d in a b; do docker build -t %-$d $d; docker push %-$d; done"],
    &[
        "docker buildx build --cache-from type=registry,ref=%:buildcache --cache-to type=registry,ref=%:buildcache,mode=max --push -t % .",
    ],
    &["docker build -t % ."],
    &["docker pull %", "docker tag % %-new", "docker push %-new"],
    &["docker compose run --rm app test"],
    &["docker run --rm % true"],
    &["make image"],
    &["echo \"no docker: at all\"", "date"],
    &["docker login -u me -p secret host", "docker build -t % .", "docker push %", "docker logout"],
    &["docker build -t % .", "./test.py", "docker push %"],
    &["docker info", "echo \"$DOCKER_HOST\""],
];

const SERVICES: &[&[&str]] = &[
    &["docker:29-dind"],
    &["postgres:16", "docker:29-dind"],
    &["name: docker:29-dind\nalias: docker"],
    &["name: docker:29-dind\ncommand: [--mtu=1450]"],
    &["redis"],
];

/// The files of a pipeline.
pub fn pipeline(choices: &mut Choices<'_>) -> BTreeMap<String, String> {
    let mut writer = Writer {
        step: [2, 4][choices.below(2)],
        flush: choices.yes(),
        tail: choices.one(&["", "", " "]),
        out: String::new(),
        names: Some(Vec::new()),
    };
    writer.comment(choices, 0);
    if choices.yes() {
        writer.line(0, "image: docker:29-cli");
        writer.blank(choices);
    }
    let global = choices.below(3);
    let depth = match global {
        1 => 0,
        2 => {
            writer.line(0, "default:");
            1
        }
        _ => 0,
    };
    if global > 0 {
        writer.services(choices, depth);
        if choices.yes() {
            writer.key(depth, "before_script");
            writer.comment(choices, depth + 1);
            writer.items(
                choices,
                depth,
                &["docker login -u \"$CI_REGISTRY_USER\" -p \"$CI_REGISTRY_PASSWORD\" $CI_REGISTRY", "docker info"],
            );
        }
        if choices.yes() {
            writer.key(depth, "after_script");
            writer.items(choices, depth, &["docker compose down"]);
        }
        writer.blank(choices);
    }
    if choices.yes() {
        writer.key(0, "variables");
        writer.comment(choices, 1);
        writer.line(1, "DOCKER_HOST: tcp://docker:2376");
        writer.line(1, "DOCKER_TLS_CERTDIR: \"/certs\"");
        if choices.yes() {
            writer.line(1, "DOCKER_REGISTRY: registry.example.com  # ours");
        }
        writer.blank(choices);
    }
    let template = choices.below(3);
    let mut scripted = false;
    if template > 0 {
        writer.line(0, if template == 1 { ".base: &base" } else { ".base:" });
        writer.line(1, "stage: build");
        writer.key(1, "variables");
        writer.line(2, "TARGET: development");
        if choices.yes() {
            writer.services(choices, 1);
        }
        scripted = choices.yes();
        if scripted {
            writer.key(1, "script");
            let script = SCRIPTS[choices.below(SCRIPTS.len())];
            writer.script(choices, 1, script, "$CI_REGISTRY_IMAGE/base");
        }
        writer.blank(choices);
    }
    let mut included = None;
    for number in 0..1 + choices.below(5) {
        if number == 2 && template != 1 && choices.yes() {
            // What follows stands in a file of its own.
            included = Some(std::mem::take(&mut writer.out));
            writer.names = None;
        }
        writer.job(choices, number, template, scripted);
    }
    let newline = choices.one(&["\n", "\n", "\r\n"]);
    let ended = !choices.yes();
    let finish = |text: String| {
        let text = if ended { text } else { text.trim_end_matches('\n').to_owned() };
        text.replace('\n', newline)
    };
    let (more, include) = match included.is_some() && choices.yes() {
        true => (with_inputs(choices, &writer.out), TWICE),
        false => (writer.out, "include:\n  - local: ci/more.yml\n"),
    };
    let last = finish(more);
    match included {
        Some(main) => BTreeMap::from([
            (".gitlab-ci.yml".to_owned(), finish(format!("{include}\n{main}"))),
            ("ci/more.yml".to_owned(), last),
        ]),
        None => BTreeMap::from([(".gitlab-ci.yml".to_owned(), last)]),
    }
}

/// One text for two sets of jobs.
const TWICE: &str = "include:
  - local: ci/more.yml
    inputs: {name: one}
  - local: ci/more.yml
    inputs: {name: two, more: [date]}
";

const HEADER: &str = "spec:
  inputs:
    name:
      description: Of the image  # and of the job
    more: {type: array, default: []}
    version: {default: '29'}
---
";

/// The file with inputs: in the names of its jobs and images, and perhaps in services and scripts.
fn with_inputs(choices: &mut Choices<'_>, text: &str) -> String {
    let (services, scripts) = (choices.yes(), choices.yes());
    let mut out = HEADER.to_owned();
    for line in text.lines() {
        let name = line.trim_end().strip_suffix(':').filter(|_| !line.starts_with([' ', '#', '.']));
        let mut line = match name {
            Some(name) if name.ends_with(['"', '\'']) => {
                let (name, quote) = name.split_at(name.len() - 1);
                format!("{name} $[[ inputs.name ]]{quote}:")
            }
            Some(name) => format!("{name}-$[[ inputs.name ]]:"),
            None => line.replace("$CI_REGISTRY_IMAGE/app", "$CI_REGISTRY_IMAGE/$[[ inputs.name ]]"),
        };
        if services && !line.contains('[') {
            line = line.replace("docker:29", "docker:$[[ inputs.version ]]");
        }
        if scripts {
            line =
                line.replace("- echo before", "- $[[ inputs.more ]]").replace("- echo after", "- $[[ inputs.more ]]");
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

struct Writer<'c> {
    step: usize,
    /// Lists begin at the column of their key.
    flush: bool,
    tail: &'c str,
    out: String,
    /// The jobs that others may extend: those of the main file.
    names: Option<Vec<String>>,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        self.raw(depth * self.step, text);
    }

    fn raw(&mut self, column: usize, text: &str) {
        for line in text.split('\n') {
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(column));
                self.out.push_str(line);
                self.out.push_str(if line.ends_with('\\') { "" } else { self.tail });
            }
            self.out.push('\n');
        }
    }

    fn key(&mut self, depth: usize, key: &str) {
        self.line(depth, &format!("{key}:"));
    }

    fn comment(&mut self, choices: &mut Choices<'_>, depth: usize) {
        let comment = choices.one(COMMENTS);
        if !comment.is_empty() {
            self.line(depth, comment);
        }
    }

    fn blank(&mut self, choices: &mut Choices<'_>) {
        if choices.yes() {
            self.out.push('\n');
        }
    }

    /// Where the dash of a list below a key goes.
    fn dash(&self, depth: usize) -> usize {
        if self.flush { depth * self.step } else { (depth + 1) * self.step }
    }

    fn services(&mut self, choices: &mut Choices<'_>, depth: usize) {
        self.key(depth, "services");
        let column = self.dash(depth);
        for service in SERVICES[choices.below(SERVICES.len())] {
            let mut lines = service.split('\n');
            self.raw(column, &format!("- {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| self.raw(column + 2, line));
        }
    }

    fn items(&mut self, choices: &mut Choices<'_>, depth: usize, items: &[&str]) {
        let column = self.dash(depth);
        for item in items {
            let plain =
                !item.contains(": ") && !item.contains(" #") && !item.contains('\n') && !item.starts_with(['%', '"']);
            match if plain { choices.below(4) } else { 2 + choices.below(2) } {
                0 | 1 => self.raw(column, &format!("- {item}")),
                2 if !item.contains('\n') => self.raw(column, &format!("- '{}'", item.replace('\'', "''"))),
                _ => {
                    self.raw(column, "- |");
                    self.raw(column + self.step, item.trim_end_matches('\n'));
                }
            }
            if choices.below(4) == 3 {
                self.raw(column, "# between two items");
            }
        }
    }

    fn script(&mut self, choices: &mut Choices<'_>, depth: usize, script: &[&str], image: &str) {
        let items: Vec<String> = script.iter().map(|item| item.replace('%', image)).collect();
        self.items(choices, depth, &items.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// `scripted`: the template has a script, which a job may do with.
    fn job(&mut self, choices: &mut Choices<'_>, number: usize, template: usize, scripted: bool) {
        self.comment(choices, 0);
        let name = match choices.below(4) {
            0 => format!("job {number}"),
            1 => format!("\"build / {number}\""),
            2 => format!("'it''s {number}'"),
            _ => format!("job_{number}"),
        };
        self.line(0, &format!("{name}:"));
        let mut way = choices.below(3);
        let base = self.names.as_ref().filter(|names| !names.is_empty() && choices.below(5) == 4);
        if let Some(names) = base {
            let base = format!("extends: {}", names[choices.below(names.len())]);
            self.line(1, &base);
            way = 0;
        }
        if let Some(names) = &mut self.names {
            names.push(name);
        }
        match (template, way) {
            (1, 1) => self.line(1, "<<: *base"),
            (2, 1) => self.line(1, "extends: .base"),
            (2, 2) => {
                self.key(1, "extends");
                let column = self.dash(1);
                self.raw(column, "- .base");
            }
            _ => {}
        }
        self.comment(choices, 1);
        self.line(1, choices.one(&["stage: build", "stage: test  # a stage"]));
        if choices.below(3) == 1 {
            self.line(1, choices.one(&["image: docker:29", "image: docker:19.03", "image: alpine"]));
        }
        match choices.below(4) {
            1 => self.services(choices, 1),
            2 => self.line(1, "services: [docker:29-dind, redis]"),
            _ => {}
        }
        if choices.below(3) == 1 {
            self.key(1, "variables");
            self.comment(choices, 2);
            self.line(2, choices.one(&["A: b", "DOCKER_HOST: tcp://docker:2375", "DOCKER_TLS_VERIFY: 1"]));
        }
        if choices.below(3) == 1 {
            self.key(1, "before_script");
            self.items(choices, 1, &["docker info", "echo before"]);
        }
        let inherits = matches!((template, way), (1, 1) | (2, 1 | 2));
        if !(scripted && inherits && choices.yes()) {
            self.key(1, "script");
            let script = SCRIPTS[choices.below(SCRIPTS.len())];
            self.script(choices, 1, script, &format!("$CI_REGISTRY_IMAGE/app{number}"));
        }
        if choices.below(4) == 1 {
            self.line(1, "rules: [{when: never}]");
        }
        if choices.below(4) == 1 {
            self.key(1, "after_script");
            self.items(choices, 1, &["echo after"]);
        }
        if choices.below(6) == 5 {
            self.line(1, "# only:\n#   - main");
        }
        self.blank(choices);
    }
}
