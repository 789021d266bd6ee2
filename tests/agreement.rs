//! The effective configuration of the corpus, beside what `gitlab-ci-local` makes of it.
//!
//! Needs `CI_MIGRATE_SHARED` and the tool, which `.ci/run` installs; without them the test says so. Where the two differ,
//! the difference must be one of those in [`known`], and no other.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ci_migrate::pipeline::{Files, Job, MemoryFiles, Pipeline, Project, Way};
use ci_migrate::yaml::{Edits, Stream};
use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

#[test]
fn the_corpus_means_what_gitlab_ci_local_says() {
    let Some(shared) = common::shared("agreement with gitlab-ci-local") else { return };
    let Some(tool) = tool() else {
        eprintln!("skipped: agreement with gitlab-ci-local (it is not installed)");
        return;
    };
    let pipelines = common::corpus(&shared);
    let halves = std::thread::scope(|scope| {
        let halves: Vec<_> = pipelines
            .chunks(pipelines.len().div_ceil(2))
            .map(|half| {
                scope.spawn(|| half.iter().map(|(name, main, texts)| compare(&tool, name, main, texts)).collect())
            })
            .collect();
        halves.into_iter().map(|half| half.join().unwrap()).collect::<Vec<Vec<Compared>>>()
    });
    let all: Vec<Compared> = halves.into_iter().flatten().collect();
    let jobs: usize = all.iter().map(|compared| compared.jobs).sum();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().flat_map(|compared| &compared.known).for_each(|what| *known.entry(what).or_default() += 1);
    for (what, count) in &known {
        println!("{count:4} {what}");
    }
    let refused: Vec<&String> = all.iter().filter_map(|compared| compared.refused.as_ref()).collect();
    refused.iter().for_each(|said| println!("     not read, {said}"));
    println!("{jobs} jobs of {} pipelines compared", all.len() - refused.len());
    let different: Vec<&String> = all.iter().flat_map(|compared| &compared.different).collect();
    assert!(different.is_empty(), "{different:#?}");
    assert!(jobs > 300, "{jobs} jobs");
}

#[derive(Default)]
struct Compared {
    jobs: usize,
    known: Vec<&'static str>,
    different: Vec<String>,
    refused: Option<String>,
}

fn tool() -> Option<PathBuf> {
    let tools = std::env::var_os("CI_MIGRATE_TOOLS").map(PathBuf::from);
    let tools = tools.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/ci-migrate-tools")))?;
    let bin = tools.join("node_modules/.bin");
    let runs = Command::new(bin.join("gitlab-ci-local")).arg("--version").env("PATH", path(&bin)).output();
    runs.is_ok_and(|output| output.status.success()).then_some(bin)
}

fn path(bin: &Path) -> std::ffi::OsString {
    let mut path = bin.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

fn compare(bin: &Path, name: &str, main: &str, texts: &BTreeMap<String, String>) -> Compared {
    let at = format!("{name}/{main}");
    let texts: BTreeMap<String, String> =
        texts.iter().map(|(path, text)| (path.clone(), without_external(text))).collect();
    let mut compared = Compared::default();
    let (pipeline, files) = match completed(&texts, main) {
        Ok(completed) => completed,
        Err(error) => {
            compared.refused = Some(format!("{at}: by neither: {error}"));
            return compared;
        }
    };
    let theirs = match preview(bin, ALL, &files) {
        Ok(theirs) => theirs,
        Err(said) => {
            compared.refused = Some(format!("{at}: {said}"));
            return compared;
        }
    };
    for job in pipeline.jobs() {
        let Some(their) = theirs.get(job.name()) else {
            compared.different.push(format!("{at}: they have no job {}", job.name()));
            continue;
        };
        compared.jobs += 1;
        let ours = ours(&job);
        let keys: BTreeSet<&String> = ours.keys().chain(their.keys()).collect();
        for key in keys {
            let (our, their) = (ours.get(key), their.get(key));
            if our == their {
                continue;
            }
            match known(&job, key, our, their) {
                Some(what) => compared.known.push(what),
                None => compared.different.push(format!("{at}: {} {key}\n  {our:?}\n  {their:?}", job.name())),
            }
        }
    }
    for job in theirs.keys().filter(|name| pipeline.job(name).is_none()) {
        compared.different.push(format!("{at}: we have no job {job}"));
    }
    compared
}

/// The differences that are known, each shown to be that one (domain facts, "Second opinions"; design, "The meaning").
fn known(job: &Job<'_>, key: &str, our: Option<&Value>, their: Option<&Value>) -> Option<&'static str> {
    let way = job.effective().get(key).map(|setting| setting.origin.way);
    if their.is_none() && our.is_some() && matches!(way, Some(Way::Default | Way::Global)) {
        return Some("it does not hand down this keyword of `default:`");
    }
    if our.is_none() && their == Some(&serde_json::json!([null])) {
        return Some("it gives `null` back as a list");
    }
    None
}

/// The file that both readers begin with: it includes the pipeline, and stands for what that includes from elsewhere.
const ALL: &str = "all-of-it.yml";

/// A pipeline whose jobs and bases from elsewhere are made up, as far as it does not stand without them.
fn completed(texts: &BTreeMap<String, String>, main: &str) -> Result<(Pipeline, MemoryFiles), String> {
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    for _ in 0..40 {
        let mut files: MemoryFiles = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut made_up: Map<String, Value> = missing
            .iter()
            .map(|(job, keys)| {
                let script = |key: &String| (key.clone(), serde_json::json!(["made up"]));
                (job.clone(), Value::Object(keys.iter().map(script).collect()))
            })
            .collect();
        made_up.insert(".made-up".to_owned(), serde_json::json!({ "stage": "test" }));
        // JSON is YAML.
        files.insert("made-up.yml".to_owned(), serde_json::to_string(&made_up).unwrap());
        let mut all = serde_json::json!({ "include": [{ "local": "made-up.yml" }, { "local": main }] });
        if !stages.is_empty() {
            all["stages"] = stages.iter().cloned().collect();
        }
        files.insert(ALL.to_owned(), all.to_string());
        let error = match Project::load(&files, ALL).and_then(|project| Pipeline::new(Arc::new(project))) {
            Ok(pipeline) if stages.is_empty() && pipeline.keyword("stages").is_none() => {
                let stage = |job: Job<'_>| Some(job.effective().get("stage")?.text()?.into_owned());
                stages = pipeline.jobs().filter_map(stage).chain(["test".to_owned()]).collect();
                continue;
            }
            Ok(pipeline) => return Ok((pipeline, files)),
            Err(error) => error.message,
        };
        let words: Vec<&str> = error.split('`').collect();
        let (job, key) = match words[..] {
            ["the job ", job, " has no ", ..] => (job, Some("script")),
            [_, _, " extends ", base, ..] => (base, None),
            ["", reference, " points at nothing"] => {
                let inner = reference.trim_start_matches("!reference [").trim_end_matches(']');
                let mut names = inner.split(", ");
                (names.next().unwrap_or_default(), names.next())
            }
            _ => return Err(error),
        };
        let keys = missing.entry(job.to_owned()).or_default();
        match key.map(str::to_owned).filter(|key| !keys.contains(key)) {
            Some(key) => keys.push(key),
            None if key.is_some() => return Err(error),
            None => {}
        }
    }
    Err("too much of it is elsewhere".to_owned())
}

/// A file without what it includes from elsewhere, which the other reader would fetch.
fn without_external(text: &str) -> String {
    let Ok(stream) = Stream::parse(text.to_owned()) else { return text.to_owned() };
    let tree = stream.tree();
    let mut edits = Edits::new(&stream);
    for &root in tree.roots() {
        for (key, value) in tree.entries(root).filter(|(key, _)| tree.scalar(*key) == Some("include")) {
            let external = |node| match tree.scalar(tree.resolve(node)) {
                Some(text) => text.contains("://"),
                None => ["project", "remote", "template", "component", "artifact"]
                    .iter()
                    .any(|kind| tree.get(tree.resolve(node), kind).is_some()),
            };
            let items: Vec<_> = if tree.is_sequence(value) { tree.items(value).to_vec() } else { vec![value] };
            let gone: Vec<_> = items.iter().copied().filter(|&item| external(item)).collect();
            let done = match gone.len() == items.len() {
                true => edits.delete(key),
                false => gone.into_iter().try_for_each(|item| edits.delete(item)),
            };
            done.unwrap_or_else(|e| panic!("{}", e.message));
        }
    }
    match edits.is_empty() {
        true => text.to_owned(),
        false => edits.finish().map_or_else(|e| panic!("{}", e.message), |edited| edited.now.text().to_owned()),
    }
}

/// What the other reader makes of a repository: jobs with their keywords.
fn preview(bin: &Path, main: &str, files: &MemoryFiles) -> Result<BTreeMap<String, Map<String, Value>>, String> {
    let folder = tempfile::tempdir().unwrap();
    for path in files.list().unwrap() {
        let to = folder.path().join(&path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, files.read(&path).unwrap().unwrap()).unwrap();
    }
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .current_dir(folder.path())
            .args(arguments)
            .env_clear()
            .env("PATH", path(bin))
            .env("HOME", folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
        command.output().unwrap()
    };
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all", "--force"],
        &["-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=x"],
        &["remote", "add", "origin", "git@example.com:group/project.git"],
        &["update-ref", "refs/remotes/origin/main", "HEAD"],
        &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"],
    ] {
        assert!(run("git", arguments).status.success(), "git {arguments:?}");
    }
    let output = run(
        bin.join("gitlab-ci-local").to_str().unwrap(),
        &[
            "--preview",
            "--file",
            main,
            "--ignore-predefined-vars",
            "CI",
            "--evaluate-rule-changes=false",
            "--json-schema-validation=false",
        ],
    );
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(start) = out.find("---\n") else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &out;
        let said = said.lines().rfind(|line| !line.trim().is_empty());
        return Err(format!("by gitlab-ci-local: {}", said.unwrap_or_default()));
    };
    let documents = YamlLoader::load_from_str(&out[start..]).map_err(|error| error.to_string())?;
    let Some(Yaml::Hash(jobs)) = documents.into_iter().next() else { return Err("no mapping".into()) };
    let mut found = BTreeMap::new();
    for (name, job) in jobs {
        let (Some(name), Value::Object(job)) = (name.as_str().map(str::to_owned), plain(&job)) else { continue };
        if !name.starts_with('.') && !matches!(name.as_str(), "default" | "variables" | "workflow" | "include") {
            found.insert(name, normal(job));
        }
    }
    Ok(found)
}

/// A job as we see it, without the variables that it only inherits.
fn ours(job: &Job<'_>) -> Map<String, Value> {
    let effective = job.effective();
    let Value::Object(mut configuration) = effective.to_json() else { panic!("a job is a mapping") };
    let own: BTreeSet<String> = effective
        .variables()
        .filter(|variable| variable.setting.origin.way != Way::Global)
        .map(|variable| variable.key.to_string())
        .collect();
    if let Some(Value::Object(variables)) = configuration.get_mut("variables") {
        variables.retain(|name, _| own.contains(name));
    }
    normal(configuration)
}

/// Both in one form: scalars as text, images and services by their long form, nothing that is empty.
fn normal(mut job: Map<String, Value>) -> Map<String, Value> {
    fn long(value: &mut Value) {
        if let Value::String(name) = value {
            *value = Value::Object(Map::from_iter([("name".to_owned(), Value::String(name.clone()))]));
        }
    }
    fn list(value: &mut Value) {
        if !value.is_array() {
            *value = Value::Array(vec![value.take()]);
        }
    }
    fn defaults(value: &mut Value, entries: &[(&str, &str)]) {
        let Value::Object(map) = value else { return };
        for (key, default) in entries {
            map.entry(*key).or_insert_with(|| Value::String((*default).to_owned()));
        }
    }
    let texts: Vec<String> = job.keys().cloned().collect();
    for key in texts {
        let Some(value) = job.get_mut(&key) else { continue };
        *value = text(value.take());
        match key.as_str() {
            "image" => long(value),
            "services" => value.as_array_mut().into_iter().flatten().for_each(long),
            "script" | "before_script" | "after_script" | "tags" => list(value),
            "needs" => {
                list(value);
                for need in value.as_array_mut().into_iter().flatten() {
                    if let Value::String(job) = need {
                        *need = serde_json::json!({ "job": job });
                    }
                    defaults(need, &[("artifacts", "true"), ("optional", "false")]);
                }
            }
            "cache" => {
                list(value);
                let caches = value.as_array_mut().into_iter().flatten();
                caches.for_each(|cache| defaults(cache, &[("policy", "pull-push"), ("when", "on_success")]));
            }
            "parallel" => {
                let rows = value.get_mut("matrix").and_then(Value::as_array_mut).into_iter().flatten();
                rows.filter_map(Value::as_object_mut).flat_map(|row| row.values_mut()).for_each(list);
            }
            "trigger" => {
                if let Some(include) = value.get_mut("include") {
                    list(include);
                    for file in include.as_array_mut().into_iter().flatten() {
                        if let Value::String(path) = file {
                            *file = serde_json::json!({ "local": path });
                        }
                    }
                }
            }
            _ => {}
        }
        if matches!(value, Value::Object(map) if map.is_empty()) {
            job.remove(&key);
        }
    }
    job
}

fn text(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(text).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, text(value))).collect()),
        Value::String(text) => Value::String(text),
        Value::Null => Value::Null,
        other => Value::String(other.to_string()),
    }
}

fn plain(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Yaml::Hash(map) => Value::Object(
            map.iter().map(|(key, value)| (plain(key).as_str().unwrap_or_default().to_owned(), plain(value))).collect(),
        ),
        Yaml::String(text) | Yaml::Real(text) => Value::String(text.clone()),
        Yaml::Integer(number) => Value::String(number.to_string()),
        Yaml::Boolean(truth) => Value::String(truth.to_string()),
        _ => Value::Null,
    }
}
