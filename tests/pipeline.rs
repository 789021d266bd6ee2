//! What a job is, what it inherits, and where its values come from.

mod pipeline_common;

use ci_migrate::pipeline::{ErrorKind, Section, Value, Way};
use pipeline_common::{error, job, line, names, of, of_files, project, script, variables};
use serde_json::json;

#[test]
fn jobs_stand_in_the_order_in_which_they_are_first_defined() {
    let pipeline = of_files(&[
        (".gitlab-ci.yml", "include: [a.yml, b.yml]\nlast: {script: x}\nfirst: {when: manual}\npages: {script: p}\n"),
        ("a.yml", "second: {script: x}\n.hidden: {image: i}\n"),
        ("b.yml", "first: {script: x}\nsecond: {image: j}\n"),
    ]);
    assert_eq!(names(pipeline.jobs()), ["second", "first", "last", "pages"]);
    assert_eq!(names(pipeline.hidden()), [".hidden"]);
    let second = pipeline.job("second").unwrap();
    let places: Vec<_> = second.definitions().iter().map(|d| line(&pipeline, d.key)).collect();
    assert_eq!(places, ["a.yml:1", "b.yml:2"]);
    assert!(pipeline.job(".hidden").is_some_and(|job| job.is_hidden()));
    assert!(pipeline.job("none").is_none());
}

#[test]
fn keywords_are_no_jobs() {
    let pipeline = of("
stages: [a]
workflow: {name: n}
variables: {V: v}
default: {image: i}
spec: {inputs: {}}
types: [a]
cache: {key: k}
job: {script: x}
");
    assert_eq!(names(pipeline.jobs()), ["job"]);
    assert_eq!(pipeline.keyword("stages").unwrap().setting.to_json(), json!(["a"]));
    assert!(pipeline.keyword("job").is_none());
    assert!(pipeline.job("workflow").is_none());
    assert_eq!(pipeline.definitions("workflow").len(), 1);
}

#[test]
fn a_job_needs_something_to_do() {
    assert_eq!(error("job: {image: x}\n").kind, ErrorKind::NotAJob);
    assert_eq!(error("job: {script: []}\n").kind, ErrorKind::NotAJob);
    assert_eq!(error("job: {script: }\n").kind, ErrorKind::NotAJob);
    assert_eq!(error("job: {needs: [other]}\nother: {script: x}\n").kind, ErrorKind::NotAJob);
    assert_eq!(error("job: [script]\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("job: text\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("? [a, b]\n: {script: x}\n").kind, ErrorKind::WrongShape);
    for fine in ["{script: x}", "{run: [{name: n, script: s}]}", "{trigger: group/project}", "{needs: {pipeline: a/b}}"]
    {
        assert_eq!(names(of(&format!("job: {fine}\n")).jobs()), ["job"], "{fine}");
    }
    assert_eq!(names(of(".any: [1, 2]\n.thing: text\njob: {script: x}\n").jobs()), ["job"]);
}

#[test]
fn an_error_shows_its_place_and_a_remedy() {
    let error = error("fine: {script: x}\nbroken:\n  image: i\n");
    assert_eq!(error.path.as_ref(), ".gitlab-ci.yml");
    let text = error.text.unwrap();
    assert_eq!(&text[error.span.unwrap()], "broken");
    assert!(error.message.contains("broken") && !error.hint.is_empty());
}

#[test]
fn global_keywords_are_inherited_whole_and_only_when_the_job_has_none() {
    let pipeline = of("
image: global
services: [docker:dind]
before_script: [global]
cache: {key: k, paths: [p]}
own: {image: {name: n}, before_script: [], script: x}
nulls: {image: ~, services: , script: x}
empty: {services: [], script: x}
cached: {cache: {key: other}, script: x}
");
    let own = job(&pipeline, "own");
    assert_eq!(own["image"], json!({"name": "n"}));
    assert_eq!(own["before_script"], json!([]));
    assert_eq!(own["services"], json!(["docker:dind"]));
    let null = job(&pipeline, "nulls");
    assert_eq!(null["image"], "global", "a null re-opens inheritance");
    assert_eq!(null["services"], json!(["docker:dind"]));
    assert_eq!(job(&pipeline, "empty")["services"], json!([]), "an empty list stops it");
    assert_eq!(job(&pipeline, "cached")["cache"], json!({"key": "other"}), "replaced, not merged");
    let image = pipeline.job("nulls").unwrap().effective().entry("image").unwrap();
    assert_eq!(image.setting.origin.way, Way::Global);
    assert_eq!(line(&pipeline, image.setting.origin.at), ".gitlab-ci.yml:2");
    assert_eq!(line(&pipeline, image.key_at), ".gitlab-ci.yml:2");
}

#[test]
fn the_default_section_is_inherited_by_its_list_of_keywords() {
    let pipeline = of("
default: {image: d, tags: [t], interruptible: true, retry: 2, timeout: 1h, id_tokens: {T: {aud: a}}, hooks: {pre_get_sources_script: [h]},
  artifacts: {paths: [p]}, cache: ~, identity: i, after_script: [a], rules: [{when: never}]}
services: [s]
job: {script: x}
");
    let job = pipeline.job("job").unwrap().effective();
    let keywords: Vec<String> = job.iter().map(|entry| entry.key.into_owned()).collect();
    let expected = [
        "script",
        "after_script",
        "hooks",
        "image",
        "services",
        "interruptible",
        "retry",
        "timeout",
        "tags",
        "artifacts",
        "id_tokens",
        "identity",
    ];
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(keywords), sorted(expected.map(String::from).to_vec()), "no rules, no null cache");
    assert_eq!(job.get("image").unwrap().origin.way, Way::Default);
    assert_eq!(job.get("services").unwrap().origin.way, Way::Global);
    assert_eq!(
        names_of(pipeline.globals()),
        [
            "after_script",
            "hooks",
            "image",
            "services",
            "interruptible",
            "timeout",
            "retry",
            "tags",
            "artifacts",
            "id_tokens",
            "identity"
        ]
    );
}

fn names_of<'p>(entries: impl Iterator<Item = ci_migrate::pipeline::Entry<'p>>) -> Vec<String> {
    entries.map(|entry| entry.key.into_owned()).collect()
}

#[test]
fn one_keyword_in_default_and_at_the_top_is_refused() {
    let error = error("image: a\ndefault: {image: b}\njob: {script: x}\n");
    assert_eq!(error.kind, ErrorKind::DefaultAndGlobal);
    assert!(error.message.contains(".gitlab-ci.yml:2"), "{}", error.message);
    let pipeline = of("image: a\ndefault: {image: ~}\njob: {script: x}\n");
    assert_eq!(job(&pipeline, "job")["image"], "a", "null is not set");
    let pipeline = of("services: ~\ndefault: {services: [d]}\njob: {script: x}\n");
    assert_eq!(job(&pipeline, "job")["services"], json!(["d"]));
}

#[test]
fn inherit_narrows_defaults() {
    let pipeline = of("
default: {image: d, tags: [t]}
services: [s]
all: {script: x, inherit: {default: true}}
none: {script: x, inherit: {default: false}}
some: {script: x, inherit: {default: [image, services]}}
nulls: {script: x, inherit: {default: ~}}
");
    let keywords = |name: &str| {
        let job = job(&pipeline, name);
        ["image", "tags", "services"].into_iter().filter(|keyword| !job[*keyword].is_null()).collect::<Vec<_>>()
    };
    assert_eq!(keywords("all"), ["image", "tags", "services"]);
    assert_eq!(keywords("none"), [""; 0]);
    assert_eq!(keywords("some"), ["image", "services"]);
    assert_eq!(keywords("nulls"), ["image", "tags", "services"]);
}

#[test]
fn a_trigger_inherits_no_script_and_no_services() {
    let pipeline = of("
default: {image: d, before_script: [b], interruptible: true, tags: [t]}
services: [s]
variables: {V: v}
bridge: {trigger: group/project}
deaf: {trigger: group/project, inherit: {default: false, variables: false}}
");
    assert_eq!(
        job(&pipeline, "bridge"),
        json!({"trigger": "group/project", "interruptible": true, "variables": {"V": "v"}})
    );
    assert_eq!(job(&pipeline, "deaf")["interruptible"], json!(null));
    assert!(pipeline.job("bridge").unwrap().is_trigger());
    assert!(script(&pipeline, "bridge", Section::BeforeScript).is_empty());
}

#[test]
fn variables_of_the_job_beat_the_global_ones() {
    let pipeline = of("
variables: {A: global, B: global, C: {value: c, description: d}}
job: {script: x, variables: {B: job, D: job}}
none: {script: x, inherit: {variables: false}, variables: {D: job}}
some: {script: x, inherit: {variables: [A]}}
nulls: {script: x, variables: }
");
    assert_eq!(variables(&pipeline, "job"), ["B=job", "D=job", "A=global", "C=c"]);
    assert_eq!(variables(&pipeline, "none"), ["D=job"]);
    assert_eq!(variables(&pipeline, "some"), ["A=global"]);
    assert_eq!(variables(&pipeline, "nulls"), ["A=global", "B=global", "C=c"]);
    let effective = pipeline.job("job").unwrap().effective();
    assert_eq!(effective.variable("A").unwrap().setting.origin.way, Way::Global);
    assert_eq!(effective.variable("B").unwrap().setting.origin.way, Way::Own);
    assert!(effective.variable("E").is_none());
    assert!(pipeline.job("none").unwrap().effective().variable("A").is_none());
}

#[test]
fn variables_are_strings() {
    let pipeline = of(r#"
job:
  script: x
  variables: {YES: yes, OCT: 0755, F: 1.10, NULL: ~, Q: "0755", LONG: {value: 010, expand: false}, NONE: {expand: true}, T: 1:30}
"#);
    assert_eq!(
        variables(&pipeline, "job"),
        ["YES=true", "OCT=493", "F=1.1", "NULL=", "Q=0755", "LONG=8", "NONE=", "T=5400"]
    );
    assert_eq!(job(&pipeline, "job")["variables"]["OCT"], "493");
    assert_eq!(error("job: {script: x, variables: {A: [1]}}\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("job: {script: x, variables: [A]}\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("variables: x\njob: {script: x}\n").kind, ErrorKind::WrongShape);
}

#[test]
fn scripts_are_flattened() {
    let pipeline = of("
.lines: &lines [two, [three]]
job:
  before_script: one line
  script: [one, *lines, [[four]]]
  after_script: |
    first
    second
");
    assert_eq!(script(&pipeline, "job", Section::BeforeScript), ["one line"]);
    assert_eq!(script(&pipeline, "job", Section::Script), ["one", "two", "three", "four"]);
    assert_eq!(script(&pipeline, "job", Section::AfterScript), ["first\nsecond\n"]);
    let items = pipeline.job("job").unwrap().effective().script(Section::Script);
    let places: Vec<_> = items.iter().map(|item| line(&pipeline, item.at.unwrap())).collect();
    assert_eq!(places, [".gitlab-ci.yml:5", ".gitlab-ci.yml:2", ".gitlab-ci.yml:2", ".gitlab-ci.yml:5"]);
    assert_eq!(job(&pipeline, "job")["script"], json!(["one", "two", "three", "four"]));
    assert!(script(&of("job: {script: x}\n"), "job", Section::AfterScript).is_empty());
}

#[test]
fn scripts_nest_ten_levels() {
    let nested = |levels: usize| format!("job: {{script: {}x{}}}\n", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(script(&of(&nested(10)), "job", Section::Script), ["x"]);
    assert_eq!(error(&nested(11)).kind, ErrorKind::TooDeep);
}

#[test]
fn a_script_is_made_of_strings() {
    for wrong in [
        "script: {a: b}",
        "script: [true]",
        "script: [x, 1]",
        "script: [x, ~]",
        "script: [echo: b]",
        "script: x, after_script: 1.5",
    ] {
        assert_eq!(error(&format!("job: {{{wrong}}}\n")).kind, ErrorKind::WrongShape, "{wrong}");
    }
    assert_eq!(error("before_script: {a: b}\njob: {script: x}\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("job: {script: x, services: docker:dind}\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("job: {script: x, inherit: false}\n").kind, ErrorKind::WrongShape);
    assert_eq!(error("default: text\njob: {script: x}\n").kind, ErrorKind::WrongShape);
    assert_eq!(
        script(&of(".t: {script: {a: b}}\njob: {script: ['true', \"1\"]}\n"), "job", Section::Script),
        ["true", "1"]
    );
}

#[test]
fn values_stay_where_they_are_unless_something_was_made() {
    let pipeline = of("
.a: &a {image: i}
job: {<<: *a, script: [x], rules: [{when: never}]}
plain: {script: [x]}
");
    assert!(matches!(pipeline.job("plain").unwrap().setting().value, Value::Node(_)));
    let merged = pipeline.job("job").unwrap();
    assert!(matches!(merged.setting().value, Value::Map(_)));
    assert!(matches!(merged.effective().get("rules").unwrap().value, Value::Node(_)));
}

#[test]
fn rules_are_flattened() {
    let pipeline = of("
.r: {rules: [{if: a}, {if: b}]}
job: {script: x, rules: [!reference [.r, rules], {when: never}]}
");
    assert_eq!(job(&pipeline, "job")["rules"], json!([{"if": "a"}, {"if": "b"}, {"when": "never"}]));
}

#[test]
fn types_are_those_of_ruby() {
    let pipeline = of("job: {script: x, retry: 2, allow_failure: yes, coverage: '1', parallel: ~, timeout: 1:30}\n");
    assert_eq!(
        job(&pipeline, "job"),
        json!({"script": ["x"], "retry": 2, "allow_failure": true, "coverage": "1", "timeout": 5400})
    );
}

#[test]
fn rows_name_every_scalar_and_its_origin() {
    let pipeline = of("
image: {name: i, entrypoint: []}
variables: {G: g}
job:
  script: [a, [b]]
  variables: {}
");
    let rows = pipeline.job("job").unwrap().effective().rows();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            format!("{}={} {} {:?}", row.path.join("."), row.text, line(&pipeline, row.origin.at), row.origin.way)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "script.0=a .gitlab-ci.yml:5 Own",
            "script.1=b .gitlab-ci.yml:5 Own",
            "variables.G=g .gitlab-ci.yml:3 Global",
            "image.name=i .gitlab-ci.yml:2 Global",
            "image.entrypoint=[] .gitlab-ci.yml:2 Global",
        ]
    );
}

#[test]
fn the_alias_is_the_place_and_its_anchor_the_value() {
    let pipeline = of(".a: &a i\njob:\n  script: x\n  image: *a\n");
    let image = pipeline.job("job").unwrap().effective().get("image").unwrap();
    assert_eq!(line(&pipeline, image.origin.at), ".gitlab-ci.yml:4");
    assert_eq!(line(&pipeline, image.scalar_at().unwrap()), ".gitlab-ci.yml:1");
    assert_eq!(image.text().unwrap(), "i");
}

#[test]
fn a_pipeline_of_templates_alone_is_looked_at() {
    let pipeline = of(".a: {script: x}\n");
    assert_eq!(pipeline.jobs().count(), 0);
}

#[test]
fn files_without_a_pipeline_are_refused() {
    let kind = |text: &str| project(&[(".gitlab-ci.yml", text)]).err().unwrap().kind;
    assert_eq!(kind(""), ErrorKind::NotAMapping);
    assert_eq!(kind("# nothing\n"), ErrorKind::NotAMapping);
    assert_eq!(kind("- list\n"), ErrorKind::NotAMapping);
    assert_eq!(kind("text\n"), ErrorKind::NotAMapping);
    assert!(matches!(kind("a: [b\n"), ErrorKind::Yaml(_)));
    assert!(matches!(kind("a: 1\na: 2\n"), ErrorKind::Yaml(_)));
    assert_eq!(project(&[]).err().unwrap().kind, ErrorKind::NoFile);
}

#[test]
fn only_the_first_of_several_documents_counts_without_a_header() {
    let pipeline = of("---\na: {script: x}\n---\nb: {script: x}\n");
    assert_eq!(names(pipeline.jobs()), ["a"]);
    let pipeline = of("---\n---\nb: {script: x}\n");
    assert_eq!(names(pipeline.jobs()), ["b"], "an empty document is passed over");
}
