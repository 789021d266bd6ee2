//! What stands around a command, and what statements are made of.

use ci_migrate::shell::{Guard, Joint, Kind, Script};

fn parse(item: &str) -> Script {
    Script::parse([item])
}

#[test]
fn lists_and_their_joints() {
    let script = parse("a && b || c; d\ne && f && g");
    let chain = |index: usize| script.commands()[index].context.chain.as_ref().unwrap();
    assert_eq!((chain(0).position, chain(0).length, chain(0).after), (0, 3, Some(Joint::And)));
    assert_eq!((chain(1).before, chain(1).after), (Some(Joint::And), Some(Joint::Or)));
    assert!(chain(1).only_and_before && !chain(2).only_and_before && chain(6).only_and_before);
    assert!(chain(0).id == chain(2).id && chain(2).id != chain(4).id);
    let contexts: Vec<_> = script.commands().iter().map(|it| &it.context).collect();
    let conditional: Vec<_> = contexts.iter().map(|it| it.conditional).collect();
    assert_eq!(conditional, [false, true, true, false, false, true, true]);
    assert!(contexts.iter().all(|it| !it.in_branch));
    assert!(contexts[3].chain.is_none());
    let guards: Vec<_> = contexts.iter().map(|it| it.guarded).collect();
    assert_eq!(guards, [Some(Guard::Or), Some(Guard::Or), None, None, Some(Guard::And), Some(Guard::And), None]);
    let statements: Vec<_> = contexts.iter().map(|it| it.statement).collect();
    assert_eq!(statements, [0, 0, 0, 1, 2, 2, 2]);
    let positions: Vec<_> = contexts.iter().map(|it| it.position).collect();
    assert_eq!(positions, [0, 0, 0, 1, 2, 2, 2]);
}

#[test]
fn a_list_that_ends_the_script_when_it_fails_is_a_command_by_itself() {
    for text in ["a || exit 1\nb", "a || exit\nb", "a || { echo no a; exit 2; }\nb"] {
        let script = parse(text);
        assert!(script.in_a_row(&[0, script.commands().len() - 1]), "{text}");
        assert_eq!(script.commands()[0].context.guarded, None, "{text}");
    }
    for text in ["a || exit 0\nb", "a || { echo no a; }\nb", "a || { echo $(exit 1); exit 0; }\nb", "a || exit $?\nb"] {
        let script = parse(text);
        assert!(!script.in_a_row(&[0, script.commands().len() - 1]), "{text}");
    }
}

#[test]
fn what_surrounds_a_command() {
    let text = "if a; then b; { c || true; }; fi\nwhile d; do e; done\nf() { g; }\n( h )\ni=$(j)\nk &\n! l | m\nn && { o; p && q; }";
    let script = parse(text);
    let context = |name: &str| {
        let mut found = script.commands().iter().filter(|it| it.name() == Some(name));
        &found.next().unwrap_or_else(|| panic!("no {name}")).context
    };
    assert!(context("a").condition && !context("a").conditional);
    assert_eq!(context("a").guarded, Some(Guard::Condition));
    assert!(context("b").conditional && context("b").in_branch && !context("b").condition);
    assert_eq!(context("c").guarded, Some(Guard::Or));
    assert!(context("d").in_loop && context("d").condition && !context("d").conditional);
    assert!(context("e").in_loop && context("e").conditional);
    assert_eq!(context("g").function.as_deref(), Some("f"));
    assert!(!context("g").conditional && context("n").function.is_none());
    assert!(context("h").subshell && !context("h").substitution);
    assert!(context("j").substitution);
    assert!(context("k").background && context("k").guarded == Some(Guard::Background));
    for (name, position) in [("l", 0), ("m", 1)] {
        let pipeline = context(name).pipeline.as_ref().unwrap();
        assert_eq!((pipeline.position, pipeline.length), (position, 2));
        assert!(context(name).negated && context(name).guarded == Some(Guard::Negation));
    }
    assert!(context("q").in_branch && context("q").chain.as_ref().unwrap().only_and_before);
    assert!(context("o").in_branch && context("o").chain.is_none());
    let functions: Vec<_> = script.functions().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(functions, ["f"]);
    assert_eq!(script.statements()[script.functions()[0].statement].kind, Kind::Function);
}

#[test]
fn a_guard_from_outside_wins() {
    let script = parse("{ a && b; } || true\n{ c && d; } &");
    let guards: Vec<_> = script.commands().iter().map(|it| it.context.guarded).collect();
    assert_eq!(guards, [Some(Guard::Or), Some(Guard::Or), None, Some(Guard::Background), Some(Guard::Background)]);
}

#[test]
fn statements_know_their_commands_and_places() {
    let items = [
        "docker login -u a",
        "if [ -n \"$X\" ]; then\n  echo hi # why\n  docker login\nfi",
        "a; b && c # d",
        "for i in 1 2; do",
        "  docker push $i",
        "done",
        "f() {\n  docker ps\n}",
        "( # open\n  cd x\n  docker y # close\n) >log",
    ];
    let script = Script::parse(items);
    let top: Vec<_> = script.statements().iter().filter(|it| it.parent.is_none()).collect();
    let kinds: Vec<_> = top.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::Simple, Kind::If, Kind::Simple, Kind::List, Kind::Loop, Kind::Function, Kind::Subshell]);
    let commands = |index: usize| -> Vec<_> {
        let indices = top[index].commands.iter();
        indices.map(|command| script.commands()[*command].raw()).collect()
    };
    assert_eq!(commands(1), ["[ -n \"$X\" ]", "echo hi", "docker login"]);
    assert_eq!(commands(3), ["b", "c"]);
    let text = |index: usize| script.slice(top[index].place().unwrap());
    assert_eq!(text(1), items[1]);
    assert_eq!((text(2), text(3)), ("a", "b && c"));
    assert_eq!(script.slice(top[2].terminator.as_ref().unwrap()), ";");
    assert!(top[4].place().is_none(), "it spans items");
    let parts: Vec<_> = top[4].places.iter().map(|place| script.slice(place)).collect();
    assert_eq!(parts, ["for i in 1 2; do", "  docker push $i", "done"]);
    assert_eq!(text(5), items[6]);
    assert_eq!(text(6), items[7]);
    assert!(top.iter().all(|it| !it.doubtful) && script.clean());
    let inner = script.statements().iter().find(|it| it.parent == Some(1)).unwrap();
    assert_eq!(script.slice(inner.place().unwrap()), "[ -n \"$X\" ]");
}

#[test]
fn a_row_of_commands() {
    let row = |text: &str, commands: &[usize]| Script::parse(text.split("%%")).in_a_row(commands);
    assert!(row("pull%%tag%%push", &[0, 1, 2]));
    assert!(row("pull; tag\npush", &[0, 1, 2]));
    assert!(row("pull && tag && push", &[0, 1, 2]));
    assert!(row("cd x && pull && tag && push", &[1, 2, 3]));
    assert!(row("pull && tag%%push && echo done", &[0, 1, 2]));
    assert!(row("if x; then pull; tag; push; fi", &[1, 2, 3]));
    assert!(row("pull%%echo%%tag%%if x; then y; fi%%push", &[0, 2, 5]), "others between");
    assert!(row("f() { pull; push; }", &[0, 1]));
    for (text, commands) in [
        ("pull || true%%tag%%push", [0, 2, 3]),
        ("pull%%[ -n $X ] && tag%%push", [0, 2, 3]),
        ("pull%%if x; then tag; fi%%push", [0, 2, 3]),
        ("pull%%tag%%push &", [0, 1, 2]),
        ("pull%%tag%%push | tee log", [0, 1, 2]),
        ("pull%%tag%%! push", [0, 1, 2]),
        ("cd x && pull%%tag%%push", [1, 2, 3]),
        ("pull && cd x%%tag%%push", [0, 2, 3]),
        ("a || pull && tag && push", [1, 2, 3]),
        ("pull%%tag%%f() { push; }", [0, 1, 2]),
        ("pull%%tag%%( push )", [0, 1, 2]),
        ("pull%%tag%%x=$(push)", [0, 1, 3]),
        ("push%%tag%%pull", [2, 1, 0]),
        ("if pull; then tag; push; fi", [0, 1, 2]),
        ("pull%%tag%%push", [0, 1, 7]),
    ] {
        assert!(!row(text, &commands), "{text}");
    }
}
