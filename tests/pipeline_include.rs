//! Includes and inputs.

mod pipeline_common;

use ci_migrate::pipeline::{ErrorKind, Files, MemoryFiles, Pipeline, Project, ReadError, Section, Way};
use ci_migrate::yaml::Checked;
use pipeline_common::{error_of, job, line, names, of_files, project, script, variables};
use serde_json::json;
use std::sync::Arc;

const MAIN: &str = ".gitlab-ci.yml";

#[test]
fn files_are_merged_in_order_and_the_main_one_wins() {
    let pipeline = of_files(&[
        (MAIN, "include: [a.yml, {local: /b.yaml}]\njob: {image: main}\nvariables: {M: m}\n"),
        ("a.yml", "job: {script: [a], image: a, variables: {A: a, X: a}, tags: [a, a]}\nvariables: {M: a, G: a}\n"),
        ("b.yaml", "job: {image: b, variables: {X: b}, tags: [b]}\n"),
    ]);
    assert_eq!(
        job(&pipeline, "job"),
        json!({"script": ["a"], "image": "main", "tags": ["b"], "variables": {"A": "a", "X": "b", "M": "m", "G": "a"}})
    );
    let paths: Vec<&str> = pipeline.project().files().map(|(_, file)| file.path.as_str()).collect();
    assert_eq!(paths, [MAIN, "a.yml", "b.yaml"]);
    let x = pipeline.job("job").unwrap().effective().variable("X").unwrap();
    assert_eq!(line(&pipeline, x.setting.origin.at), "b.yaml:1");
}

#[test]
fn what_a_file_includes_comes_below_it() {
    let pipeline = of_files(&[
        (MAIN, "include: [a.yml, c.yml]\njob: {script: x}\n"),
        ("a.yml", "include: b.yml\njob: {image: a}\n"),
        ("b.yml", "job: {image: b, stage: b, tags: [b]}\n"),
        ("c.yml", "job: {tags: [c]}\n"),
    ]);
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": "a", "stage": "b", "tags": ["c"]}));
}

#[test]
fn nested_includes_are_merged_before_they_are_merged_in() {
    // Flattening the files into one row would lose K: the text of b.yml would stand between the two mappings.
    let pipeline = of_files(&[
        (MAIN, "include: [a.yml, b.yml]\njob: {script: x}\n"),
        ("a.yml", "job: {image: {a: a}}\n"),
        ("b.yml", "include: c.yml\njob: {image: {b: b}}\n"),
        ("c.yml", "job: {image: text}\n"),
    ]);
    assert_eq!(job(&pipeline, "job")["image"], json!({"a": "a", "b": "b"}));
}

#[test]
fn a_file_that_is_included_twice_is_read_once_and_merged_twice() {
    let pipeline = of_files(&[
        (MAIN, "include: [a.yml, b.yml, a.yml]\njob: {script: x}\n"),
        ("a.yml", "job: {image: a}\n"),
        ("b.yml", "job: {image: b}\n"),
    ]);
    assert_eq!(job(&pipeline, "job")["image"], "a");
    assert_eq!(pipeline.project().files().count(), 3);
}

#[test]
fn wildcards_find_files_in_the_order_of_git() {
    let pipeline = of_files(&[
        (MAIN, "include: /ci/*.yml\njob: {script: x}\n"),
        ("ci/b.yml", "job: {image: b}\n"),
        ("ci/a.yml", "job: {image: a, stage: a}\n"),
        ("ci/deep/c.yml", "job: {image: c}\n"),
        ("ci/readme.md", "no"),
    ]);
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": "b", "stage": "a"}));
    let pipeline = of_files(&[
        (MAIN, "include: {local: 'ci/**.yml'}\njob: {script: x}\n"),
        ("ci/a.yml", "job: {image: a}\n"),
        ("ci/deep/c.yml", "job: {image: c}\n"),
    ]);
    assert_eq!(job(&pipeline, "job")["image"], "c");
    assert_eq!(names(of_files(&[(MAIN, "include: none/*.yml\njob: {script: x}\n")]).jobs()), ["job"]);
}

#[test]
fn includes_out_of_reach_make_the_pipeline_partial() {
    let pipeline = of_files(&[(
        MAIN,
        "include:
  - {project: g/p, file: [a.yml, b.yml], ref: v1}
  - {remote: 'https://example.com/c.yml'}
  - https://example.com/d.yml
  - {template: T.gitlab-ci.yml}
  - {component: host/group/c@1}
  - {local: $FOLDER/e.yml}
  - {artifact: f.yml, job: gen}
job: {script: x}
",
    )]);
    let includes: Vec<&str> = pipeline.partial().iter().map(|partial| partial.include.as_str()).collect();
    assert_eq!(
        includes,
        [
            "project g/p: a.yml, b.yml",
            "remote: https://example.com/c.yml",
            "remote: https://example.com/d.yml",
            "template: T.gitlab-ci.yml",
            "component: host/group/c@1",
            "local: $FOLDER/e.yml",
            "artifact: f.yml",
        ]
    );
    assert_eq!(line(&pipeline, pipeline.partial()[1].at), ".gitlab-ci.yml:3");
    assert!(pipeline.partial().iter().all(|partial| !partial.reason.is_empty()));
}

#[test]
fn a_component_of_the_project_itself_is_read() {
    let include = |address: &str| format!("include:\n  - component: {address}\n    inputs: {{name: a}}\n");
    let component = "spec: {inputs: {name: }}\n---\n$[[ inputs.name ]]-job: {script: x, image: i}\n";
    let own = "$CI_SERVER_FQDN/$CI_PROJECT_PATH/c@$CI_COMMIT_SHA";
    for path in ["templates/c.yml", "templates/c/template.yml"] {
        let pipeline = of_files(&[(MAIN, &include(own)), (path, component)]);
        assert_eq!(job(&pipeline, "a-job")["image"], "i");
        assert!(pipeline.partial().is_empty());
    }
    let lint = "lint: {script: x}\n";
    for address in [own, "$CI_SERVER_FQDN/$CI_PROJECT_PATH/c@1.0", "$CI_SERVER_FQDN/other/c@$CI_COMMIT_SHA"] {
        let files = [(MAIN, &*(include(address) + lint)), ("templates/d.yml", component)];
        assert_eq!(of_files(&files).partial().len(), 1, "{address}");
    }
}

#[test]
fn a_conditional_include_is_taken_as_included() {
    let text = "include:\n  - local: a.yml\n    rules: [{if: $X}]\njob: {script: x}\n";
    let pipeline = of_files(&[(MAIN, text), ("a.yml", "job: {image: a}\n")]);
    assert_eq!(job(&pipeline, "job")["image"], "a");
    assert_eq!(pipeline.project().conditional().len(), 1);
    assert!(pipeline.partial().is_empty());
    let missing = of_files(&[(MAIN, text)]);
    assert_eq!(missing.partial()[0].include, "local: a.yml");
    let itself = of_files(&[(MAIN, &text.replace("a.yml", ".gitlab-ci.yml"))]);
    assert_eq!(itself.partial().len(), 1);
}

#[test]
fn bad_includes_are_refused_where_they_stand() {
    let refused = |text: &str| {
        let error = error_of(&[(MAIN, text), ("dir/x.txt", "a: 1"), ("empty.yml", ""), ("list.yml", "[a]")]);
        let place = error.text.clone().zip(error.span.clone()).map(|(text, span)| text[span].to_owned());
        (error.kind, error.path.to_string(), place.unwrap_or_default())
    };
    let main = || MAIN.to_owned();
    assert_eq!(refused("include: none.yml\n"), (ErrorKind::MissingInclude, main(), "none.yml".into()));
    assert_eq!(refused("include: ../a.yml\n"), (ErrorKind::Outside, main(), "../a.yml".into()));
    assert_eq!(refused("include: a/../b.yml\n").0, ErrorKind::Outside);
    assert_eq!(refused("include: dir/x.txt\n").0, ErrorKind::WrongShape);
    assert_eq!(refused("include: [[a.yml]]\n").0, ErrorKind::WrongShape);
    assert_eq!(refused("include: {file: a.yml}\n").0, ErrorKind::WrongShape);
    assert_eq!(refused("include: {local: a.yml, template: b}\n").0, ErrorKind::WrongShape);
    assert_eq!(refused("include: {local: [a.yml]}\n").0, ErrorKind::WrongShape);
    assert_eq!(refused("include: empty.yml\n"), (ErrorKind::NotAMapping, "empty.yml".into(), String::new()));
    assert_eq!(refused("include: list.yml\n").0, ErrorKind::NotAMapping);
}

#[test]
fn circles_of_includes_are_named() {
    let error = error_of(&[(MAIN, "include: a.yml\n"), ("a.yml", "include: b.yml\n"), ("b.yml", "include: /a.yml\n")]);
    assert_eq!(error.kind, ErrorKind::IncludeCycle);
    assert!(error.message.contains("a.yml → b.yml → a.yml"), "{}", error.message);
    assert_eq!(error.path.as_ref(), "b.yml");
}

#[test]
fn a_hundred_and_fifty_inclusions_are_allowed() {
    let including = |count: usize| format!("include: [{}]\njob: {{script: x}}\n", vec!["a.yml"; count].join(", "));
    assert_eq!(names(of_files(&[(MAIN, &including(150)), ("a.yml", ".a: {image: i}\n")]).jobs()), ["job"]);
    let error = error_of(&[(MAIN, &including(151)), ("a.yml", ".a: {image: i}\n")]);
    assert_eq!(error.kind, ErrorKind::TooManyIncludes);
}

/// A repository in which one file cannot be had.
struct Broken(ReadError);

impl Files for Broken {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        match path {
            MAIN => Ok(Some("include: broken.yml\n".to_owned())),
            "broken.yml" => Err(self.0.clone()),
            _ => Ok(None),
        }
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        Err(self.0.clone())
    }
}

#[test]
fn unreadable_files_are_told_apart() {
    for (error, kind, word) in [
        (ReadError::NotUtf8 { offset: 7 }, ErrorKind::Unreadable, "byte 7"),
        (ReadError::Directory, ErrorKind::Unreadable, "directory"),
        (ReadError::NoPermission, ErrorKind::Unreadable, "permission"),
        (ReadError::Outside, ErrorKind::Outside, "out of the repository"),
        (ReadError::Other("disk on fire".to_owned()), ErrorKind::Unreadable, "disk on fire"),
    ] {
        let refused = Project::load(&Broken(error.clone()), MAIN).err().unwrap();
        assert_eq!(refused.kind, kind);
        assert!(refused.message.contains(word), "{}", refused.message);
        assert_eq!(refused.path.as_ref(), MAIN, "the include is to blame");
        let refused = Project::load(&Broken(error), "broken.yml").err().unwrap();
        assert_eq!((refused.kind, refused.path.as_ref()), (kind, "broken.yml"));
    }
}

#[test]
fn an_error_of_yaml_in_an_included_file_shows_that_file() {
    let error = error_of(&[(MAIN, "include: a.yml\n"), ("a.yml", "x: [y\n")]);
    assert!(matches!(error.kind, ErrorKind::Yaml(_)));
    assert_eq!((error.path.as_ref(), error.text.as_deref()), ("a.yml", Some("x: [y\n")));
}

const COMPONENT: &str = "spec:
  inputs:
    name: {default: build}
    count: {type: number, default: 2}
    flags: {type: array, default: [a, b]}
    needed:
---
\"$[[ inputs.name ]]-job\":
  image: $[[ inputs.needed ]]
  parallel: $[[ inputs.count ]]
  variables: {N: \"n=$[[ inputs.count ]]\", U: \"$[[ inputs.unknown ]]\", F: \"$[[inputs.name | truncate(0,1)]]\"}
  tags: [x, \"$[[ inputs.flags ]]\"]
  script: [\"echo $[[ inputs.name ]] and $[[   inputs.needed   ]]\", plain]
";

#[test]
fn inputs_are_put_in() {
    let pipeline =
        of_files(&[(MAIN, "include: {local: c.yml, inputs: {needed: docker, name: test}}\n"), ("c.yml", COMPONENT)]);
    assert_eq!(names(pipeline.jobs()), ["test-job"]);
    assert_eq!(
        job(&pipeline, "test-job"),
        json!({
            "image": "docker", "parallel": 2, "tags": ["x", "a", "b"], "script": ["echo test and docker", "plain"],
            "variables": {"N": "n=2", "U": "$[[ inputs.unknown ]]", "F": "$[[inputs.name | truncate(0,1)]]"},
        })
    );
    let job = pipeline.job("test-job").unwrap().effective();
    let items = job.script(Section::Script);
    assert!(items[0].at.is_none() && items[1].at.is_some());
    let image = job.get("image").unwrap();
    assert_eq!(line(&pipeline, image.origin.at), ".gitlab-ci.yml:1", "the value is where it is given");
    assert!(matches!(image.origin.way, Way::Input(at) if line(&pipeline, at) == "c.yml:9"));
}

#[test]
fn one_file_with_different_inputs_is_two_things() {
    let component = "spec: {inputs: {n: }}\n---\n\"$[[ inputs.n ]]\": {script: \"$[[ inputs.n ]]\"}\n";
    let include = "include: [{local: c.yml, inputs: {n: a}}, {local: c.yml, inputs: {n: b}}]\n";
    let pipeline = of_files(&[(MAIN, include), ("c.yml", component)]);
    assert_eq!(names(pipeline.jobs()), ["a", "b"]);
    assert_eq!(script(&pipeline, "b", Section::Script), ["b"]);
    assert_eq!(pipeline.project().files().count(), 2);
}

#[test]
fn inputs_pass_through_files() {
    let pipeline = of_files(&[
        (MAIN, "include: {local: a.yml, inputs: {x: {k: v}}}\n"),
        ("a.yml", "spec: {inputs: {x: }}\n---\ninclude: {local: b.yml, inputs: {y: '$[[ inputs.x ]]'}}\n"),
        (
            "b.yml",
            "spec: {inputs: {y: }}\n---\njob: {script: x, image: '$[[ inputs.y ]]', stage: 'is $[[ inputs.y ]]'}\n",
        ),
    ]);
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": {"k": "v"}, "stage": "is {\"k\":\"v\"}"}));
}

#[test]
fn inputs_of_the_main_file_stay_open() {
    let pipeline = of_files(&[(MAIN, COMPONENT)]);
    assert_eq!(job(&pipeline, "build-job")["image"], "$[[ inputs.needed ]]");
    let inputs = pipeline.spec().unwrap().get("inputs").unwrap();
    assert_eq!(
        inputs.entries().map(|entry| entry.key.into_owned()).collect::<Vec<_>>(),
        ["name", "count", "flags", "needed"]
    );
    assert_eq!(variables(&pipeline, "build-job")[0], "N=n=2");
}

#[test]
fn without_a_header_a_block_is_text() {
    let pipeline = of_files(&[(MAIN, "job: {script: '$[[ inputs.x ]]'}\n")]);
    assert_eq!(script(&pipeline, "job", Section::Script), ["$[[ inputs.x ]]"]);
}

#[test]
fn wrong_inputs_are_refused() {
    let component = "spec: {inputs: {n: }}\n---\njob: {script: x}\n";
    let refused = |include: &str, component: &str| error_of(&[(MAIN, include), ("c.yml", component)]);
    let missing = refused("include: c.yml\n", component);
    assert_eq!(missing.kind, ErrorKind::Inputs);
    assert!(missing.message.contains("`n`") && missing.hint.contains("c.yml:1"), "{missing:?}");
    let unknown = refused("include: {local: c.yml, inputs: {n: 1, m: 2}}\n", component);
    assert_eq!((unknown.kind, &unknown.text.unwrap()[unknown.span.unwrap()]), (ErrorKind::Inputs, "m"));
    assert_eq!(refused("include: {local: c.yml, inputs: {n: 1}}\n", "job: {script: x}\n").kind, ErrorKind::Inputs);
}

#[test]
fn a_tree_may_be_replaced_without_reading_anything() {
    let before = project(&[
        (MAIN, "include: ['ci/*.yml', b.yml]\njob: {script: x}\n"),
        ("ci/a.yml", "job: {image: a}\n"),
        ("b.yml", "job: {stage: b}\n"),
    ])
    .unwrap();
    let read = |text: &str| Checked::read(text.to_owned()).unwrap();
    let with = |path: &str, text: &str| before.with([(before.find(path).unwrap(), read(text))]);
    let after = Pipeline::new(Arc::new(with("ci/a.yml", "job: {image: changed}\n").unwrap())).unwrap();
    assert_eq!(job(&after, "job"), json!({"script": ["x"], "image": "changed", "stage": "b"}));
    let a = after.project().find("ci/a.yml").unwrap();
    assert!(after.project().file(a).stream().is_none());
    assert_eq!(
        after.project().place(ci_migrate::pipeline::At { file: a, node: after.project().file(a).tree().roots()[0] }).1,
        None
    );
    let fewer = Pipeline::new(Arc::new(with(MAIN, "include: b.yml\njob: {script: y}\n").unwrap())).unwrap();
    assert_eq!(job(&fewer, "job"), json!({"script": ["y"], "stage": "b"}));
    assert_eq!(with(MAIN, "include: c.yml\njob: {script: y}\n").err().unwrap().kind, ErrorKind::NewInclude);
    let plain = project(&[(MAIN, "job: {script: x}\n")]).unwrap();
    let wild = plain.with([(plain.main(), read("include: '*.yml'\njob: {script: x}\n"))]);
    assert_eq!(wild.err().unwrap().kind, ErrorKind::NewInclude);
    let bomb = with(MAIN, &format!("{}job: {{script: x}}\n", bomb()));
    assert_eq!(bomb.err().unwrap().kind, ErrorKind::TooLarge);
}

fn bomb() -> String {
    let lines = (1..12).map(|i| format!(".{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    std::iter::once(".0: &a0 [x]\n".to_owned()).chain(lines).collect()
}

#[test]
fn paths_are_taken_from_the_root() {
    let files: MemoryFiles =
        [("ci/main.yml", "include: ./ci//a.yml\njob: {script: x}\n"), ("ci/a.yml", "job: {image: a}\n")]
            .into_iter()
            .collect();
    let pipeline = Pipeline::new(Arc::new(Project::load(&files, "./ci/main.yml").unwrap())).unwrap();
    assert_eq!(job(&pipeline, "job")["image"], "a");
    assert_eq!(pipeline.project().file(pipeline.project().main()).path, "ci/main.yml");
}
