//! What an edit has to know: who shares a value, who names a job, and what differs afterwards.

mod pipeline_common;

use std::sync::Arc;

use ci_migrate::pipeline::{At, Change, Keyword, Pipeline, compare};
use ci_migrate::yaml::Checked;
use pipeline_common::{at, line, names, of, of_files, scalar};
use serde_json::json;

const MAIN: &str = ".gitlab-ci.yml";

const SHARED: &str = "
image: global-image
variables: {GLOBAL: g, HIDDEN: h}
before_script: &before [setup]
.merged: &merged {stage: merged-stage, image: merged-image}
.base:
  script: [base-script]
  variables: {BASE: base-variable, OVER: overridden}
  unused: nobody
.lines: {script: [line-one, line-two]}
plain: {script: plain-script}
merging: {<<: *merged, script: [x], image: own-image}
extending: {extends: .base, image: own, variables: {OVER: own-variable}}
grandchild: {extends: extending, script: [g], before_script: []}
referring: {script: [!reference [.lines, script], !reference [.lines, script]], image: i, inherit: {variables: [GLOBAL]}}
aliasing: {image: i, before_script: [], inherit: {variables: false}, script: *before}
";

fn sharers(pipeline: &Pipeline, at: At) -> Vec<&str> {
    names(pipeline.sharers(at))
}

#[test]
fn an_edit_touches_those_that_take_the_value() {
    let pipeline = of(SHARED);
    let of_text = |text: &str| sharers(&pipeline, scalar(&pipeline, MAIN, text));
    assert_eq!(of_text("plain-script"), ["plain"]);
    assert_eq!(of_text("global-image"), ["plain"]);
    assert_eq!(of_text("merged-stage"), ["merging"]);
    assert_eq!(of_text("merged-image"), [""; 0], "overridden");
    assert_eq!(of_text("base-script"), ["extending"]);
    assert_eq!(of_text("base-variable"), ["extending", "grandchild"]);
    assert_eq!(of_text("overridden"), [""; 0]);
    assert_eq!(of_text("own-variable"), ["extending", "grandchild"]);
    assert_eq!(of_text("nobody"), ["extending", "grandchild"], "a keyword that GitLab does not know, but has");
    assert_eq!(of_text("line-one"), ["referring"]);
    assert_eq!(of_text("setup"), ["plain", "merging", "extending", "referring", "aliasing"]);
    assert_eq!(of_text("g"), ["plain", "merging", "extending", "grandchild", "referring"]);
    assert_eq!(of_text("h"), ["plain", "merging", "extending", "grandchild"]);
}

#[test]
fn an_edit_of_a_whole_touches_those_that_take_a_part() {
    let pipeline = of(SHARED);
    let of_keys = |keys: &[&str]| sharers(&pipeline, at(&pipeline, MAIN, keys));
    assert_eq!(of_keys(&[".merged"]), ["merging"]);
    assert_eq!(of_keys(&[".base"]), ["extending", "grandchild"]);
    assert_eq!(of_keys(&[".base", "variables"]), ["extending", "grandchild"]);
    assert_eq!(of_keys(&["extending", "extends"]), ["extending", "grandchild"]);
    assert_eq!(of_keys(&["grandchild", "extends"]), ["grandchild"]);
    assert_eq!(of_keys(&["variables"]), ["plain", "merging", "extending", "grandchild", "referring"]);
    assert_eq!(of_keys(&["before_script"]), ["plain", "merging", "extending", "referring", "aliasing"]);
    assert_eq!(of_keys(&["aliasing", "script"]), ["aliasing"], "the alias itself");
    assert_eq!(of_keys(&["merging"]), ["merging"]);
    assert_eq!(of_keys(&[".lines", "script"]), ["referring"]);
}

#[test]
fn a_key_stands_for_its_entry() {
    let pipeline = of(SHARED);
    let of_key = |text: &str| sharers(&pipeline, scalar(&pipeline, MAIN, text));
    assert_eq!(of_key(".base"), ["extending", "grandchild"]);
    assert_eq!(of_key("BASE"), ["extending", "grandchild"]);
    assert_eq!(of_key("plain"), ["plain"]);
    assert_eq!(of_key("HIDDEN"), ["plain", "merging", "extending", "grandchild"]);
    assert_eq!(of_key("image"), ["plain"], "the global one comes first");
    assert_eq!(of_key("OVER"), [""; 0], "that of the base, which is overridden");
}

#[test]
fn sharing_crosses_files_and_inputs() {
    let pipeline = of_files(&[
        (MAIN, "include: {local: c.yml, inputs: {n: given}}\na: {extends: .t}\nb: {script: [x]}\n"),
        (
            "c.yml",
            "spec: {inputs: {n: , d: {default: defaulted}}}\n---\n.t: {script: ['$[[ inputs.n ]]'], image: '$[[ inputs.d ]]'}\n",
        ),
    ]);
    assert_eq!(sharers(&pipeline, at(&pipeline, "c.yml", &[".t"])), ["a"]);
    assert_eq!(sharers(&pipeline, scalar(&pipeline, "c.yml", "$[[ inputs.n ]]")), ["a"]);
    assert_eq!(sharers(&pipeline, scalar(&pipeline, MAIN, "given")), ["a"]);
    assert_eq!(sharers(&pipeline, scalar(&pipeline, "c.yml", "defaulted")), ["a"]);
}

#[test]
fn every_step_of_the_way_is_shared() {
    let pipeline = of_files(&[
        (
            MAIN,
            "
include: {local: c.yml, inputs: {n: given, m: embedded, job: named}}
.lines: {script: [line]}
.x: &x {stage: s}
.base: {script: [!reference [.lines, script]], variables: !reference [.v, variables], <<: *x}
.v: {variables: {V: v}}
heir: {extends: .base}
default: {image: !reference [.y, image]}
.y: {image: i}
",
        ),
        (
            "c.yml",
            "spec: {inputs: {n: , m: , job: }}
---
.t: {script: ['$[[ inputs.n ]]', 'echo $[[ inputs.m ]]']}
other: {extends: .t, image: j, stage: t}
'$[[ inputs.job ]]': {script: x, image: k}
",
        ),
    ]);
    let of_keys = |keys: &[&str]| sharers(&pipeline, at(&pipeline, MAIN, keys));
    assert_eq!(of_keys(&[".lines"]), ["heir"]);
    assert_eq!(of_keys(&[".base", "script"]), ["heir"]);
    assert_eq!(of_keys(&[".base", "script", "0"]), ["heir"]);
    assert_eq!(of_keys(&[".base", "variables"]), ["heir"]);
    assert_eq!(of_keys(&[".base", "<<"]), ["heir"]);
    assert_eq!(of_keys(&["default", "image"]), ["heir"]);
    assert_eq!(of_keys(&["include", "inputs", "n"]), ["other"]);
    assert_eq!(of_keys(&["include", "inputs", "m"]), ["other"]);
    assert_eq!(of_keys(&["include", "inputs", "job"]), ["named"]);
    assert_eq!(of_keys(&["include"]), ["other", "named"]);
    let scalar = |text: &str| sharers(&pipeline, scalar(&pipeline, "c.yml", text));
    assert_eq!(scalar("$[[ inputs.n ]]"), ["other"]);
    assert_eq!(scalar("echo $[[ inputs.m ]]"), ["other"]);
}

#[test]
fn whoever_names_a_job_is_found() {
    let pipeline = of("
.list: &list [target]
target: {script: x, environment: {name: e, on_stop: stopper}}
stopper: {script: x, environment: {name: e, action: stop}}
a: {script: x, needs: [other, {job: target, artifacts: false}, {job: target2, optional: true}, {project: p, job: target, ref: r, artifacts: true}]}
b: {script: x, dependencies: *list}
c: {extends: target}
d: {script: [!reference [target, script]]}
e: {script: x, rules: [{if: y, needs: [target]}]}
f: {trigger: {include: [{artifact: g.yml, job: target}]}}
.h: {needs: target}
g: {extends: .h, script: x}
other: {script: x}
target2: {script: x}
");
    let found = |name: &str| {
        let mentions = pipeline.named_by(name).iter();
        let shown = mentions.map(|m| format!("{} {:?} {}", m.by, m.keyword, line(&pipeline, m.at)));
        shown.map(|line| line.replace(".gitlab-ci.yml", "")).collect::<Vec<_>>()
    };
    assert_eq!(
        found("target"),
        [
            "a Needs :5",
            "b Dependencies :2",
            "c Extends :7",
            "d Reference :8",
            "e Needs :9",
            "f Trigger :10",
            ".h Needs :11",
            "g Needs :11",
        ]
    );
    assert_eq!(found("stopper"), ["target OnStop :3", "c OnStop :3"]);
    assert_eq!(found(".h"), ["g Extends :12"]);
    assert_eq!(found("nobody"), [""; 0]);
    let optional = pipeline.named_by("target2");
    assert!(optional.len() == 1 && optional[0].optional && optional[0].keyword == Keyword::Needs);
    assert!(pipeline.named_by("target").iter().all(|mention| !mention.optional));
}

fn differences(before: &str, after: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for job in compare(&of(before), &of(after)) {
        let name = job.job.unwrap_or_else(|| "pipeline".to_owned());
        if job.change != Change::Changed {
            lines.push(format!("{name} {:?}", job.change));
        }
        for difference in job.differences {
            let shown = |value: Option<serde_json::Value>| value.map_or("-".to_owned(), |value| value.to_string());
            let (before, after) = (shown(difference.before), shown(difference.after));
            lines.push(format!("{name} {}: {before} → {after}", difference.path.join(".")));
        }
    }
    lines
}

#[test]
fn what_is_written_otherwise_and_means_the_same_is_no_difference() {
    for (before, after) in [
        ("a: {script: x}", "a: {script: [x]}"),
        ("a: {script: [x, y]}", "a: {script: [x, [[y]]]}"),
        ("a: {script: x, image: i}", "a: {image: \"i\", script: 'x'}"),
        (".t: {image: i}\na: {extends: .t, script: x}", "a: {image: i, script: x}"),
        (".t: &t {image: i}\na: {<<: *t, script: x}", ".u: {image: i}\na: {extends: .u, script: x}"),
        (".t: {script: [x]}\na: {script: [!reference [.t, script], y]}", "a: {script: [x, y]}"),
        ("image: i\na: {script: x}", "a: {script: x, image: i}"),
        ("image: i\na: {script: x}", "default: {image: i}\na: {script: x}"),
        (
            "variables: {A: 1}\na: {script: x, variables: {B: yes}}",
            "variables: {A: '1'}\na: {script: x, variables: {B: 'true'}}",
        ),
        ("a: {script: x, variables: {A: v}}", "a: {script: x, variables: {A: {value: v}}}"),
        ("a: {script: x, services: ~}", "a: {script: x}"),
        ("a: {script: x}\nb: {script: y}", "b: {script: y}\na: {script: x}"),
        ("a: {script: x}", ".hidden: {image: j}\na: {script: x}"),
        ("a: {script: x, rules: [[{if: b}]]}", "a: {script: x, rules: [{if: b}]}"),
        ("a:\n  script: |\n    x", "a: {script: \"x\\n\"}"),
        ("a: {script: x, cache: {key: k, paths: [p]}}", "a: {cache: {paths: [p], key: k}, script: x}"),
        (
            ".t: {cache: {key: k}}\na: {extends: .t, script: x, cache: {paths: [p]}}",
            "a: {script: x, cache: {paths: [p], key: k}}",
        ),
    ] {
        assert_eq!(differences(&format!("{before}\n"), &format!("{after}\n")), [""; 0], "{before}\n{after}");
    }
}

#[test]
fn differences_are_told_with_their_path() {
    let before = "
stages: [a, b]
image: i
variables: {G: 1, H: h}
a: {script: [x, y], tags: [t], cache: {key: k, paths: [p, q]}, variables: {A: a, B: b}}
gone: {script: x}
typed: {script: x, retry: 1}
";
    let after = "
stages: [a, c]
image: j
variables: {G: 2, H: h}
a: {script: [x, z, w], cache: {paths: [p], policy: pull}, variables: {A: other, C: c}, image: own}
new: {script: x}
typed: {script: x, retry: '1', image: i}
";
    assert_eq!(
        differences(before, after),
        [
            "pipeline stages.1: \"b\" → \"c\"",
            "pipeline variables.G: \"1\" → \"2\"",
            "a script.1: \"y\" → \"z\"",
            "a script.2: - → \"w\"",
            "a tags: [\"t\"] → -",
            "a cache.key: \"k\" → -",
            "a cache.paths.1: \"q\" → -",
            "a cache.policy: - → \"pull\"",
            "a variables.A: \"a\" → \"other\"",
            "a variables.B: \"b\" → -",
            "a variables.G: \"1\" → \"2\"",
            "a variables.C: - → \"c\"",
            "a image: \"i\" → \"own\"",
            "gone Removed",
            "typed retry: 1 → \"1\"",
            "typed variables.G: \"1\" → \"2\"",
            "new Added",
        ]
    );
}

#[test]
fn a_changed_default_is_a_difference_of_those_that_inherit_it() {
    let jobs = "
heir: {script: x}
own: {script: x, image: own, variables: {V: own}}
deaf: {script: x, inherit: {default: false, variables: false}}
some: {script: x, inherit: {default: [tags], variables: [W]}}
bridge: {trigger: g/p}
";
    assert_eq!(
        differences(
            &format!("image: a\nvariables: {{V: a, W: w}}\n{jobs}"),
            &format!("default: {{tags: [t]}}\nimage: b\nvariables: {{V: b, W: w}}\n{jobs}")
        ),
        [
            "pipeline variables.V: \"a\" → \"b\"",
            "heir variables.V: \"a\" → \"b\"",
            "heir image: \"a\" → \"b\"",
            "heir tags: - → [\"t\"]",
            "own tags: - → [\"t\"]",
            "some tags: - → [\"t\"]",
            "bridge variables.V: \"a\" → \"b\"",
        ]
    );
    assert_eq!(
        differences("services: [d]\na: {script: x}\n", "services: [d]\na: {script: x, services: []}\n"),
        ["a services.0: \"d\" → -"]
    );
    assert_eq!(
        differences("a: {script: x, inherit: {default: false}}\n", "a: {script: x}\n"),
        ["a inherit: {\"default\":false} → -"]
    );
}

#[test]
fn in_a_partial_pipeline_defaults_and_includes_count_by_themselves() {
    let include = "include: {template: T}\n";
    let job = "a: {script: x, image: own, extends: .theirs}\n";
    assert_eq!(
        differences(&format!("image: i\n{job}.theirs: {{}}\n"), &format!("image: j\n{job}.theirs: {{}}\n")),
        [""; 0]
    );
    assert_eq!(
        differences(&format!("{include}image: i\n{job}"), &format!("{include}image: j\n{job}")),
        ["pipeline image: \"i\" → \"j\""]
    );
    assert_eq!(
        differences(&format!("{include}{job}"), &format!("{}{job}", include.replace('T', "U"))),
        ["pipeline include: [\"template: T\"] → [\"template: U\"]"]
    );
    let other = job.replace(".theirs", ".others");
    assert_eq!(
        differences(&format!("{include}{job}"), &format!("{include}{other}")),
        ["a extends: \".theirs\" → \".others\""],
        "what an unknown base brings is not known"
    );
}

#[test]
fn a_changed_header_is_a_difference() {
    let file = |default: &str| {
        format!("spec: {{inputs: {{n: {{default: {default}}}}}}}\n---\na: {{script: '$[[ inputs.n ]]'}}\n")
    };
    assert_eq!(
        differences(&file("x"), &file("y")),
        ["pipeline spec.inputs.n.default: \"x\" → \"y\"", "a script.0: \"x\" → \"y\""]
    );
}

#[test]
fn a_project_with_replaced_trees_compares_with_itself() {
    let before = of(SHARED);
    let project = before.project();
    let read = |text: &str| Checked::read(text.to_owned()).unwrap();
    let same = project.with([(project.main(), read(SHARED))]).unwrap();
    assert_eq!(compare(&before, &Pipeline::new(Arc::new(same)).unwrap()), []);
    let text = SHARED.replace("base-variable", "edited");
    let after = Pipeline::new(Arc::new(project.with([(project.main(), read(&text))]).unwrap())).unwrap();
    let changed: Vec<_> = compare(&before, &after).into_iter().map(|d| (d.job.unwrap(), d.differences)).collect();
    assert_eq!(changed.iter().map(|(job, _)| job.as_str()).collect::<Vec<_>>(), ["extending", "grandchild"]);
    let [difference] = changed[0].1.as_slice() else { panic!() };
    assert_eq!(difference.path, ["variables", "BASE"]);
    assert_eq!((&difference.before, &difference.after), (&Some(json!("base-variable")), &Some(json!("edited"))));
}
