//! How a file with jobs is written: styles of scalars, and what jobs take from elsewhere.

use fastrand::Rng;

/// A job's sections.
#[derive(Clone, Default)]
pub struct Script {
    pub before: Vec<String>,
    pub main: Vec<String>,
    pub after: Vec<String>,
}

impl Script {
    fn sections(&self) -> [(&'static str, &[String]); 3] {
        [("before_script", &self.before), ("script", &self.main), ("after_script", &self.after)]
    }
}

/// What stands before the jobs.
pub fn head(rng: &mut Rng) -> String {
    let (image, services) = ("docker:27", "[docker:27-dind]");
    let mut text = match rng.u8(..4) {
        0 => format!("default:\n  image: {image}\n  services: {services}\n"),
        1 => format!("image: {image}\nservices:\n- name: docker:27-dind\n  alias: docker\n"),
        _ => format!("image: {image}\nservices: {services}\n"),
    };
    if rng.u8(..4) == 0 {
        text += "before_script:\n  - docker info\n  - docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY\n";
    }
    text + "variables:\n  DOCKER_HOST: tcp://docker:2376\n  DOCKER_TLS_CERTDIR: /certs\n  IMAGE: $CI_REGISTRY_IMAGE\n  TAG: $CI_COMMIT_SHORT_SHA\n"
}

/// A job, and what it takes from elsewhere.
pub fn job(rng: &mut Rng, number: usize, script: &Script) -> String {
    let variables = match rng.u8(..6) {
        0 => "  variables:\n    TAG: latest\n",
        1 => "  variables: { NAME: main }\n",
        _ => "",
    };
    let (own, other) = match rng.u8(..8) {
        // A template has some of the sections, and the job the others.
        0 => (format!("  extends: .base {number}\n"), format!(".base {number}:\n")),
        1 => (format!("  <<: *base{number}\n"), format!(".base {number}: &base{number}\n")),
        // Lists have a part of their own, and one that comes from elsewhere.
        2 => return referring(rng, number, script, variables),
        _ => {
            let sections = script.sections().into_iter().map(|(key, items)| section(rng, key, items));
            return format!("\njob {number}:\n{variables}{}", sections.collect::<String>());
        }
    };
    let (mut base, mut job) = (other, own + variables);
    for (key, items) in script.sections() {
        let text = section(rng, key, items);
        if rng.bool() { base += &text } else { job += &text }
    }
    if base.ends_with(":\n") || base.ends_with(&format!("&base{number}\n")) {
        base += "  stage: build\n";
    }
    let second = if rng.bool() { String::new() } else { format!("\nother {number}:\n{job}  needs: []\n") };
    format!("\n{base}\njob {number}:\n{job}{second}")
}

fn referring(rng: &mut Rng, number: usize, script: &Script, variables: &str) -> String {
    let anchored = rng.bool();
    let (mut base, mut job) = (String::new(), variables.to_owned());
    for (key, list) in script.sections().into_iter().filter(|(_, list)| !list.is_empty()) {
        let (from, to) = (rng.usize(..=list.len()), list.len());
        let (head, tail) = (&list[..from], &list[from..to]);
        if tail.is_empty() {
            job += &section(rng, key, list);
            continue;
        }
        job += &format!("  {key}:\n{}", items(rng, head));
        if anchored {
            base += &format!("  {key}: &{key}{number}\n{}", items(rng, tail));
            job += &format!("    - *{key}{number}\n");
        } else {
            base += &section(rng, key, tail);
            job += &format!("    - !reference [.part {number}, {key}]\n");
        }
    }
    let base = if base.is_empty() { base } else { format!("\n.part {number}:\n{base}") };
    format!("{base}\njob {number}:\n{job}")
}

fn section(rng: &mut Rng, key: &str, list: &[String]) -> String {
    match list {
        [] => String::new(),
        _ if rng.u8(..12) == 0 => format!("  {key}: |\n{}", indented(&list.join("\n"), "    ")),
        [only] if plain(only) && !only.contains(['[', ']', '{', '}', ',']) && rng.u8(..3) == 0 => {
            format!("  {key}: [{only}]\n")
        }
        _ => format!("  {key}:\n{}", items(rng, list)),
    }
}

fn items(rng: &mut Rng, list: &[String]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < list.len() {
        // Several commands in one item.
        let to = if rng.u8(..6) == 0 { (at + 2).min(list.len()) } else { at + 1 };
        text += &item(rng, &list[at..to].join("\n"));
        at = to;
    }
    text
}

fn item(rng: &mut Rng, command: &str) -> String {
    let one_line = !command.contains('\n');
    match rng.u8(..10) {
        0 if one_line => format!("    - '{}'\n", command.replace('\'', "''")),
        1 if one_line => format!("    - \"{}\"\n", command.replace('\\', "\\\\").replace('"', "\\\"")),
        2 if one_line => format!("    - >-\n{}", indented(&folded(command), "      ")),
        3 => format!("    - |-\n{}", indented(command, "      ")),
        4 => format!("    # What comes next.\n    - |\n{}", indented(command, "        ")),
        5..=8 if plain(command) => {
            format!("    - {command}{}\n", if rng.u8(..8) == 0 { "  # a comment" } else { "" })
        }
        _ => format!("    - |\n{}", indented(command, "      ")),
    }
}

/// Whether it may be written without quotes.
fn plain(command: &str) -> bool {
    let special = |c: char| "[]{}\"'&*!|>%@`-?:#,".contains(c);
    !command.starts_with(special)
        && !command.ends_with(':')
        && ![": ", " #", "\n"].iter().any(|part| command.contains(part))
        && !["true", "false"].contains(&command)
}

/// Broken where its first flag begins, as a folded scalar lets a person do.
fn folded(command: &str) -> String {
    let at = command.match_indices(" -").map(|(at, _)| at).find(|at| {
        let before = &command[..*at];
        ['"', '\''].iter().all(|quote| before.matches(*quote).count().is_multiple_of(2))
    });
    at.map_or_else(|| command.to_owned(), |at| format!("{}\n{}", &command[..at], &command[at + 1..]))
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}
