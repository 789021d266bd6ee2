//! `<<`, `extends` and `!reference`.

mod pipeline_common;

use std::fmt::Write as _;

use ci_migrate::pipeline::{ErrorKind, Section, Way};
use pipeline_common::{error, error_of, job, line, of, of_files, script, variables};
use serde_json::json;

fn image(text: &str) -> String {
    job(&of(text), "job")["image"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn a_merge_key_overrides_what_stands_before_it_and_yields_to_what_comes_after() {
    assert_eq!(image(".a: &a {image: merged}\njob:\n  script: x\n  image: own\n  <<: *a\n"), "merged");
    assert_eq!(image(".a: &a {image: merged}\njob:\n  script: x\n  <<: *a\n  image: own\n"), "own");
    assert_eq!(image(".a: &a {image: merged}\njob:\n  script: x\n  '<<': *a\n"), "merged", "quoted, too");
    assert_eq!(image("job:\n  script: x\n  <<: {image: inline}\n"), "inline");
}

#[test]
fn of_a_list_the_first_wins_and_of_several_merge_keys_the_last() {
    let anchors = ".a: &a {image: a, stage: a}\n.b: &b {image: b, when: b}\n";
    let pipeline = of(&format!("{anchors}job:\n  script: x\n  <<: [*a, *b]\n"));
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": "a", "stage": "a", "when": "b"}));
    let pipeline = of(&format!("{anchors}job:\n  script: x\n  <<: *a\n  <<: *b\n"));
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": "b", "stage": "a", "when": "b"}));
}

#[test]
fn a_merge_key_is_shallow() {
    let pipeline = of("
.a: &a {script: x, variables: {TARGET: development, OTHER: o}}
job:
  <<: *a
  variables: {MINE: m}
");
    assert_eq!(variables(&pipeline, "job"), ["MINE=m"]);
}

#[test]
fn a_merged_mapping_may_merge_in_turn() {
    let pipeline = of("
.a: &a {image: a, stage: a}
.b: &b
  <<: *a
  stage: b
job: {script: x, <<: *b}
");
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "image": "a", "stage": "b"}));
    let image = pipeline.job("job").unwrap().effective().get("image").unwrap();
    assert_eq!(line(&pipeline, image.origin.at), ".gitlab-ci.yml:2");
    let Way::Merge { alias, from } = image.origin.way else { panic!("{:?}", image.origin.way) };
    assert_eq!((line(&pipeline, alias), line(&pipeline, from)), (".gitlab-ci.yml:6".into(), ".gitlab-ci.yml:4".into()));
}

#[test]
fn merge_keys_work_anywhere() {
    let pipeline = of("
.v: &v {A: merged, B: merged}
.top: &top {late: {script: late}}
variables:
  <<: *v
  B: own
job: {script: x, rules: [{<<: *v, if: y}]}
<<: *top
");
    assert_eq!(variables(&pipeline, "job"), ["A=merged", "B=own"]);
    assert_eq!(job(&pipeline, "job")["rules"], json!([{"A": "merged", "B": "merged", "if": "y"}]));
    assert_eq!(script(&pipeline, "late", Section::Script), ["late"]);
}

#[test]
fn what_ruby_does_not_merge_is_refused() {
    for wrong in ["<<: text", "<<: ", "<<: [text]", "<<: *list"] {
        let error = error(&format!(".m: &m {{image: i}}\n.list: &list [*m]\njob:\n  script: x\n  {wrong}\n"));
        assert_eq!(error.kind, ErrorKind::WrongShape, "{wrong}");
    }
}

#[test]
fn extends_merges_mappings_deeply_and_replaces_everything_else() {
    let pipeline = of("
.a: {script: [a], image: {name: a, entrypoint: [a]}, variables: {A: a, C: a}, tags: [a]}
.b: {script: [b], variables: {B: b, C: b}}
job:
  extends: [.a, .b]
  image: {entrypoint: [own]}
  variables: {A: own}
text: {extends: .a, image: text}
");
    assert_eq!(
        job(&pipeline, "job"),
        json!({
            "script": ["b"], "image": {"name": "a", "entrypoint": ["own"]}, "tags": ["a"],
            "variables": {"A": "own", "C": "b", "B": "b"},
        })
    );
    assert_eq!(job(&pipeline, "text")["image"], "text");
    let effective = pipeline.job("job").unwrap().effective();
    let way = |name: &str| effective.variable(name).unwrap().setting.origin.way;
    assert_eq!(way("A"), Way::Own);
    assert!(matches!(way("B"), Way::Extends(chain) if *chain == [".b".into()]));
    assert_eq!(line(&pipeline, effective.variable("B").unwrap().setting.origin.at), ".gitlab-ci.yml:3");
    assert!(effective.get("extends").is_none(), "it is used up");
    let bases: Vec<&str> = pipeline.job("job").unwrap().bases().map(|base| base.name()).collect();
    assert_eq!(bases, [".a", ".b"]);
}

#[test]
fn the_chain_of_bases_is_told() {
    let pipeline = of("
.a: {script: [a], variables: {A: a}}
.b: {extends: .a, variables: {B: b}}
.c: {extends: .b, image: c}
job: {extends: .c, variables: {J: j}}
");
    let effective = pipeline.job("job").unwrap().effective();
    let chain = |way: Way| match way {
        Way::Extends(chain) => chain.join(" "),
        way => format!("{way:?}"),
    };
    assert_eq!(chain(effective.get("script").unwrap().origin.way), ".c .b .a");
    assert_eq!(chain(effective.get("image").unwrap().origin.way), ".c");
    assert_eq!(chain(effective.variable("A").unwrap().setting.origin.way), ".c .b .a");
    assert_eq!(chain(effective.variable("B").unwrap().setting.origin.way), ".c .b");
    assert_eq!(chain(effective.variable("J").unwrap().setting.origin.way), "Own");
}

#[test]
fn a_null_stops_a_base_and_lets_defaults_in() {
    let pipeline = of("
services: [global]
.a: {script: x, services: [base], image: base}
job: {extends: .a, services: ~, image: ~}
");
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "services": ["global"]}));
}

#[test]
fn extends_sees_what_merge_keys_and_other_files_made() {
    let pipeline = of_files(&[
        (".gitlab-ci.yml", "include: t.yml\njob: {extends: .late, variables: {M: main}}\n.late: {extends: .t}\n"),
        ("t.yml", ".x: &x {script: [x]}\n.t: {<<: *x, variables: {T: t}}\n"),
    ]);
    assert_eq!(job(&pipeline, "job"), json!({"script": ["x"], "variables": {"T": "t", "M": "main"}}));
    let script = pipeline.job("job").unwrap().effective().get("script").unwrap();
    assert_eq!(line(&pipeline, script.origin.at), "t.yml:1");
}

#[test]
fn extends_takes_eleven_steps() {
    let chain = |steps: usize| {
        let mut text = String::from(".0: {script: x}\n");
        for step in 1..steps {
            let _ = writeln!(text, ".{step}: {{extends: .{}}}", step - 1);
        }
        let _ = writeln!(text, "job: {{extends: .{}}}", steps - 1);
        text
    };
    assert_eq!(script(&of(&chain(11)), "job", Section::Script), ["x"]);
    assert_eq!(error(&chain(12)).kind, ErrorKind::TooDeep);
    assert_eq!(error(&chain(20_000)).kind, ErrorKind::TooDeep);
    let backwards: String = chain(12).lines().rev().map(|line| format!("{line}\n")).collect();
    assert_eq!(error(&backwards).kind, ErrorKind::TooDeep);
}

#[test]
fn circles_of_extends_are_named() {
    let error = error(".a: {extends: .b}\n.b: {extends: [.c]}\n.c: {extends: .a}\njob: {script: x}\n");
    assert_eq!(error.kind, ErrorKind::ExtendsCycle);
    assert!(error.message.contains(".a → .b → .c → .a"), "{}", error.message);
    assert_eq!(pipeline_common::error("job: {extends: job, script: x}\n").kind, ErrorKind::ExtendsCycle);
}

#[test]
fn unknown_bases_are_refused_with_the_nearest_name() {
    let error = error(".build_template: {script: x}\njob: {extends: .build_templat, script: y}\n");
    assert_eq!(error.kind, ErrorKind::UnknownBase);
    assert!(error.hint.contains(".build_template"), "{}", error.hint);
    let text = error.text.unwrap();
    assert_eq!(&text[error.span.unwrap()], ".build_templat");
    assert_eq!(pipeline_common::error(".a: [x]\njob: {extends: .a, script: y}\n").kind, ErrorKind::WrongShape);
    assert_eq!(pipeline_common::error("job: {extends: {a: b}, script: y}\n").kind, ErrorKind::WrongShape);
    let hidden = pipeline_common::error(".h: {extends: .none}\njob: {script: y}\n");
    assert_eq!(hidden.kind, ErrorKind::UnknownBase, "hidden jobs are resolved as well");
}

#[test]
fn references_put_values_in() {
    let pipeline = of("
.a: {script: [one, two], variables: {V: v, W: w}, image: {name: i}}
job:
  script: [before, !reference [.a, script], after]
  variables: !reference [.a, variables]
  image: !reference [.a, image]
deep: {script: x, variables: {V: !reference [.a, variables, W]}}
");
    assert_eq!(
        job(&pipeline, "job"),
        json!({"script": ["before", "one", "two", "after"], "variables": {"V": "v", "W": "w"}, "image": {"name": "i"}})
    );
    assert_eq!(variables(&pipeline, "deep"), ["V=w"]);
    let items = pipeline.job("job").unwrap().effective().script(Section::Script);
    let places: Vec<String> = items.iter().map(|item| line(&pipeline, item.at.unwrap())).collect();
    assert_eq!(places, [".gitlab-ci.yml:4", ".gitlab-ci.yml:2", ".gitlab-ci.yml:2", ".gitlab-ci.yml:4"]);
    let ways: Vec<bool> = items.iter().map(|item| matches!(item.origin.way, Way::Reference(_))).collect();
    assert_eq!(ways, [false, true, true, false]);
}

#[test]
fn references_see_the_merged_configuration() {
    let pipeline = of_files(&[
        (".gitlab-ci.yml", "include: t.yml\njob: {script: [!reference [.child, script]]}\n.t: {image: main}\n"),
        ("t.yml", ".t: {script: [t], image: t}\n.child: {extends: .t, before_script: !reference [.t, image]}\n"),
    ]);
    assert_eq!(script(&pipeline, "job", Section::Script), ["t"], "what a base gave");
    assert_eq!(script(&pipeline, ".child", Section::BeforeScript), ["main"], "what another file put over it");
}

#[test]
fn references_lead_to_references_ten_times() {
    let chain = |steps: usize| {
        let mut text = String::from(".s0: {script: [x]}\n");
        for step in 1..steps {
            let _ = writeln!(text, ".s{step}: {{script: !reference [.s{}, script]}}", step - 1);
        }
        let _ = writeln!(text, "job: {{script: !reference [.s{}, script]}}", steps - 1);
        text
    };
    // From the end on, so that nothing is known before.
    let backwards = |steps| chain(steps).lines().rev().map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(script(&of(&backwards(10)), "job", Section::Script), ["x"]);
    assert_eq!(error(&backwards(11)).kind, ErrorKind::TooDeep);
    let circle = error(".a: {script: !reference [.b, script]}\n.b: {script: [!reference [.a, script]]}\n");
    assert_eq!(circle.kind, ErrorKind::ReferenceCycle);
    assert!(circle.message.contains("[.b, script]") && circle.message.contains("→"), "{}", circle.message);
}

#[test]
fn references_to_nothing_are_refused() {
    for (target, kind) in [
        ("[.a, none]", ErrorKind::MissingReference),
        ("[.none, script]", ErrorKind::MissingReference),
        ("[.a, null]", ErrorKind::WrongShape),
        ("[.a, empty]", ErrorKind::MissingReference),
        ("[.a, no]", ErrorKind::WrongShape),
        ("[.a, off]", ErrorKind::WrongShape),
        ("[.a, interruptible]", ErrorKind::MissingReference),
        ("[.a, list, x]", ErrorKind::MissingReference),
        ("[.a, list, 0]", ErrorKind::WrongShape),
        ("[.a, through, A]", ErrorKind::MissingReference),
        ("[]", ErrorKind::WrongShape),
        (".a", ErrorKind::WrongShape),
    ] {
        let error = error(&format!(
            ".v: {{A: a}}\n.a: {{empty: ~, interruptible: false, list: [x], through: !reference [.v]}}\n\
             job: {{script: x, image: !reference {target}}}\n"
        ));
        assert_eq!(error.kind, kind, "{target}");
        assert_eq!(error.path.as_ref(), ".gitlab-ci.yml");
        assert!(error.span.is_some());
    }
}

#[test]
fn a_default_may_be_a_reference() {
    let pipeline = of(".a: {image: i}\ndefault: {image: !reference [.a, image]}\njob: {script: x}\n");
    let image = pipeline.job("job").unwrap().effective().get("image").unwrap();
    assert_eq!(image.text().unwrap(), "i");
    assert_eq!(image.origin.way, Way::Default, "the last step");
}

#[test]
fn a_partial_pipeline_takes_note_of_what_it_lacks() {
    let files = [(
        ".gitlab-ci.yml",
        "include: {project: g/p, file: f.yml}
.mine: {extends: .theirs, image: i}
job: {extends: .mine, script: [!reference [.theirs, script], x], tags: !reference [.theirs, tags]}
bare: {extends: .theirs}
whole: {script: x}
",
    )];
    let pipeline = of_files(&files);
    assert_eq!(pipeline.partial().len(), 1);
    let unresolved = |name: &str| pipeline.job(name).unwrap().unresolved().to_vec();
    assert_eq!(unresolved("job"), [".theirs", "!reference [.theirs, script]", "!reference [.theirs, tags]"]);
    assert_eq!(unresolved("bare"), [".theirs"]);
    assert!(unresolved("whole").is_empty());
    let job = pipeline.job("job").unwrap();
    let items = job.effective().script(Section::Script);
    assert_eq!(items[0].text, "!reference [.theirs, script]");
    assert!(items[0].unresolved && items[0].at.is_none() && !items[1].unresolved);
    assert!(job.effective().get("tags").unwrap().is_unresolved());
    assert_eq!(job.effective().get("image").unwrap().text().unwrap(), "i");
    assert_eq!(job.effective().get("extends").unwrap().text().unwrap(), ".mine", "not used up");
    let same = files[0].1.replace("include", ".include");
    assert_eq!(error_of(&[(".gitlab-ci.yml", &same)]).kind, ErrorKind::UnknownBase);
}

#[test]
fn bombs_are_refused_without_being_expanded() {
    let mut aliases = String::from(".0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let inside = vec![format!("*a{}", i - 1); 10].join(", ");
        let _ = writeln!(aliases, ".{i}: &a{i} [{inside}]");
    }
    assert_eq!(error(&format!("{aliases}job: {{script: x}}\n")).kind, ErrorKind::TooLarge);

    let mut references = String::from(".s0: {r: [x, x, x, x, x, x, x, x, x, x]}\n");
    for i in 1..9 {
        let inside = vec![format!("!reference [.s{}, r]", i - 1); 10].join(", ");
        let _ = writeln!(references, ".s{i}: {{r: [{inside}]}}");
    }
    assert_eq!(error(&format!("{references}job: {{script: x}}\n")).kind, ErrorKind::TooLarge);

    let mut merges = String::from(".0: &a0 {k0: x}\n");
    for i in 1..40 {
        let _ = writeln!(merges, ".{i}: &a{i} {{<<: [*a{0}, *a{0}], k{i}: x}}", i - 1);
    }
    assert_eq!(error(&format!("{merges}job: {{script: x}}\n")).kind, ErrorKind::TooLarge);

    let mut deep = String::from(".0: &a0 [x]\n");
    for i in 1..120 {
        let _ = writeln!(deep, ".{i}: &a{i} [*a{}]", i - 1);
    }
    assert_eq!(error(&format!("{deep}job: {{script: x}}\n")).kind, ErrorKind::TooDeep);
}

#[test]
fn the_deepest_value_there_can_be_is_read() {
    let mut text = String::from(".s0: {rules: [x]}\n");
    for i in 1..10 {
        let inside = format!("!reference [.s{}, rules]", i - 1);
        let _ = writeln!(text, ".s{i}: {{rules: {}{inside}{}}}", "[".repeat(96), "]".repeat(96));
    }
    let pipeline =
        of(&format!("{text}job: {{script: x, rules: !reference [.s9, rules], other: !reference [.s9, rules]}}\n"));
    assert_eq!(job(&pipeline, "job")["rules"], json!(["x"]));
    assert_eq!(pipeline.job("job").unwrap().effective().rows().len(), 3);
    assert_eq!(ci_migrate::pipeline::compare(&pipeline, &pipeline), []);
    assert_eq!(pipeline.jobs().map(|job| pipeline.sharers(job.definitions()[0].value).len()).sum::<usize>(), 1);
    let entries = format!("{}x{}", "{k: ".repeat(97), "}".repeat(97));
    let pipeline = of(&format!(".a: {entries}\n.b: {{extends: .a}}\njob: {{extends: .b, script: x}}\n"));
    assert!(job(&pipeline, "job")["k"].is_object());
}
