//! What a script runs: words, places, contexts, statements, doubts.

use ci_migrate::shell::{Command, Guard, Joint, Kind, Script, What};

fn parse(item: &str) -> Script {
    Script::parse([item])
}

/// The commands, each as the list of its words without quotes.
fn displays(script: &Script) -> Vec<Vec<&str>> {
    script.commands().iter().map(shown).collect()
}

fn shown(command: &Command) -> Vec<&str> {
    command.words.iter().map(|word| word.display()).collect()
}

fn raws(script: &Script) -> Vec<&str> {
    script.commands().iter().map(Command::raw).collect()
}

fn doubts(script: &Script) -> Vec<&'static str> {
    script
        .doubts()
        .iter()
        .map(|doubt| doubt.what.code())
        .collect()
}

/// Every word, assignment, redirect and command stands where it says, in the items as they were given.
fn check_places(items: &[&str]) -> Script {
    let script = Script::parse(items);
    for command in script.commands() {
        for word in &command.words {
            match word.place() {
                Some(place) => assert_eq!(&items[place.item][place.range.clone()], word.raw()),
                None => assert!(word.is_doubtful(), "{:?} has no place", word.raw()),
            }
        }
        match &command.span {
            Some(place) => assert_eq!(&items[place.item][place.range.clone()], command.raw()),
            None => assert!(command.doubtful, "{:?} has no place", command.raw()),
        }
    }
    script
}

#[test]
fn words_stand_where_they_say() {
    let items = [
        "docker build \\\n  --tag  \"$A/b\":c \\\n  --file=x/Dockerfile . # the end",
        "# first\n\n  ä='ö' docker push ${A}/\"ü ß\" >log 2>&1 # last\n",
        "",
        "if x; then\n\tdocker run --rm img sh -c 'echo hi'; fi",
    ];
    let script = check_places(&items);
    assert_eq!(
        raws(&script),
        [
            "docker build \\\n  --tag  \"$A/b\":c \\\n  --file=x/Dockerfile .",
            "ä='ö' docker push ${A}/\"ü ß\" >log 2>&1",
            "x",
            "docker run --rm img sh -c 'echo hi'",
        ]
    );
    let place = |index: usize| script.commands()[index].span.clone().unwrap();
    assert_eq!(
        (place(0).item, place(0).range),
        (0, 0..items[0].len() - "  # the end".len() + 1)
    );
    assert_eq!((place(1).item, place(1).range.start), (1, 11));
    assert_eq!(
        (place(3).item, place(3).range),
        (3, 12..items[3].len() - "; fi".len())
    );
    assert!(script.clean());
    assert_eq!(script.text(), items.join("\n"));
}

#[test]
fn items_with_a_final_newline_keep_their_places() {
    let script = check_places(&["docker pull a\n", "docker push a\n"]);
    let places: Vec<_> = script
        .commands()
        .iter()
        .map(|it| it.span.clone().unwrap())
        .collect();
    assert_eq!((places[1].item, places[1].range.clone()), (1, 0..13));
    assert_eq!(script.slice(&places[1]), "docker push a");
}

#[test]
fn nothing_at_all() {
    for items in [vec![], vec![""], vec!["", "\n", "# only a comment"]] {
        let script = Script::parse(&items);
        assert!(script.commands().is_empty() && script.statements().is_empty());
        assert!(script.clean() && script.doubts().is_empty());
    }
}

#[test]
fn comments_are_never_words() {
    let text = "# docker a\ndocker b # docker c\necho a#b '# d' # e\nX=1 # docker f\n";
    let script = parse(text);
    assert_eq!(
        displays(&script),
        [vec!["docker", "b"], vec!["echo", "a#b", "# d"], vec![]]
    );
    let within = parse("docker build \\\n  -t a \\\n  # a comment ends the command\n  -t b .");
    assert_eq!(
        displays(&within),
        [vec!["docker", "build", "-t", "a"], vec!["-t", "b", "."]]
    );
}

#[test]
fn values_without_quotes() {
    let script = parse(
        r#"x "a b"'c'd\ e "q\"q" 'it''s' $'t\tb' "\x \\ \$y" '$z' a\
b """#,
    );
    let values: Vec<_> = script.commands()[0]
        .words
        .iter()
        .map(|it| it.value().unwrap())
        .collect();
    assert_eq!(
        values,
        [
            "x",
            "a bcd e",
            "q\"q",
            "its",
            "t\tb",
            "\\x \\ $y",
            "$z",
            "ab",
            ""
        ]
    );
}

#[test]
fn displays_keep_expansions_as_written() {
    let script = parse(
        r#"x "${CI_REGISTRY_IMAGE}/x":y $A"$B"'$C' "$(git rev-parse "HEAD")" `id` ${A:-"b c"} "\$D" "${L[@]}" *.txt {a,b} ~/x"#,
    );
    let words = &script.commands()[0].words;
    let shown: Vec<_> = words.iter().map(|word| word.display()).collect();
    assert_eq!(
        shown,
        [
            "x",
            "${CI_REGISTRY_IMAGE}/x:y",
            "$A$B\\$C",
            "$(git rev-parse \"HEAD\")",
            "`id`",
            "${A:-\"b c\"}",
            "\\$D",
            "${L[@]}",
            "*.txt",
            "{a,b}",
            "~/x",
        ]
    );
    let literal: Vec<_> = words.iter().map(|word| word.value().is_some()).collect();
    assert_eq!(
        literal,
        [
            true, false, false, false, false, false, true, false, true, false, true
        ]
    );
    let splits: Vec<_> = words.iter().map(|word| word.may_split()).collect();
    assert_eq!(
        splits,
        [
            false, false, true, false, true, true, false, true, true, true, false
        ]
    );
}

#[test]
fn words_that_differ_in_quoting_only_display_alike() {
    let script = parse("a \"$X/y\":z $X/y:z \"$X\"/'y:z' '$X/y:z'");
    let words = shown(&script.commands()[0]);
    assert!(words[1] == words[2] && words[2] == words[3]);
    assert_ne!(words[1], words[4], "a literal dollar is not an expansion");
}

#[test]
fn inputs_are_opaque() {
    let text = "docker push $[[ inputs.image ]]:\"$TAG\" '$[[inputs.a | expand_vars]]' $[[ inputs.b ]]\nX=$[[ inputs.c ]]y";
    let script = check_places(&[text]);
    assert!(script.clean(), "{:?}", script.doubts());
    let command = &script.commands()[0];
    assert_eq!(
        shown(command),
        [
            "docker",
            "push",
            "$[[ inputs.image ]]:$TAG",
            "$[[inputs.a | expand_vars]]",
            "$[[ inputs.b ]]"
        ]
    );
    assert!(command.words[2..].iter().all(|word| word.value().is_none()));
    let value = script.commands()[1].assignments[0].value.as_ref().unwrap();
    assert_eq!((value.display(), value.value()), ("$[[ inputs.c ]]y", None));
    let arithmetic = parse("echo $(( $[[ inputs.n ]] + 1 )) $[[ inputs.n ]]>log");
    assert!(arithmetic.clean(), "{:?}", arithmetic.doubts());
    assert_eq!(arithmetic.commands()[0].words.len(), 3);
}

#[test]
fn a_carriage_return_belongs_to_the_last_word() {
    let script = parse("docker push a\r\ndocker push b \r\n");
    assert_eq!(
        displays(&script),
        [
            vec!["docker", "push", "a\r"],
            vec!["docker", "push", "b", "\r"]
        ]
    );
    assert!(
        !parse("if a; then\r\n docker push a\r\nfi\r\n").clean(),
        "bash refuses `then\\r`"
    );
}

#[test]
fn assignments_redirects_and_heredocs() {
    let text = "A=\"b c\" D=$E F+=g >out docker login --password-stdin <<EOF 2>&1\n$PW $(date)\nEOF\ndocker push a <<'X'\n$(no)\nX\n";
    let script = check_places(&[text]);
    assert!(script.clean(), "{:?}", script.doubts());
    let command = &script.commands()[0];
    let assignments: Vec<_> = command
        .assignments
        .iter()
        .map(|set| {
            (
                set.name.as_str(),
                set.append,
                set.value.as_ref().unwrap().display(),
            )
        })
        .collect();
    assert_eq!(
        assignments,
        [("A", false, "b c"), ("D", false, "$E"), ("F", true, "g")]
    );
    let redirects: Vec<_> = command
        .redirects
        .iter()
        .map(|to| (to.operator.as_str(), to.target.display()))
        .collect();
    assert_eq!(redirects, [(">", "out"), ("<<", "EOF"), ("2>&", "1")]);
    let odd = check_places(&["x >&2 2>&- &>$log 3<>f {fd}>z >|y <<<\"$w\" 2>$l"]);
    let redirects: Vec<_> = odd.commands()[0]
        .redirects
        .iter()
        .map(|to| (to.operator.as_str(), to.target.display()))
        .collect();
    assert_eq!(
        redirects,
        [
            (">&", "2"),
            ("2>&", "-"),
            ("&>", "$log"),
            ("3<>", "f"),
            ("{fd}>", "z"),
            (">|", "y"),
            ("<<<", "$w"),
            ("2>", "$l")
        ]
    );
    assert!(odd.doubts().is_empty(), "{:?}", odd.doubts());
    let heredoc = command.redirects[1].heredoc.as_ref().unwrap();
    assert_eq!(
        script.slice(heredoc.body.as_ref().unwrap()),
        "$PW $(date)\n"
    );
    assert!(heredoc.expands);
    assert!(
        command.raw().ends_with("2>&1"),
        "the body is no part of the command"
    );
    assert_eq!(shown(&script.commands()[1]), ["date"]);
    assert!(
        !script.commands()[2].redirects[0]
            .heredoc
            .as_ref()
            .unwrap()
            .expands
    );
    assert_eq!(script.commands().len(), 3, "a quoted heredoc runs nothing");
    let places: Vec<_> = script
        .statements()
        .iter()
        .filter(|it| it.parent.is_none())
        .map(|it| it.place())
        .collect();
    assert!(
        script.slice(places[0].unwrap()).ends_with("\nEOF"),
        "but of the statement"
    );
}

#[test]
fn commands_are_found_everywhere() {
    let text = r#"
if docker a; then docker b; elif docker c; then docker d; else docker e; fi
for i in $(docker f) x; do docker g; done
for ((i=$(docker f2); i<2; i++)); do docker g2; done
while docker h; do docker i; done; until docker j; do docker k; done
case $(docker l) in $(docker m)) docker n;; *) docker o; docker p;; esac
{ docker q; }; ( docker r ); docker s & docker t | docker u |& docker v
f() { docker w; }; function g { docker x; }
echo "a $(docker y "$(docker z)") ${A:-$(docker aa)} ${A/b/$(docker ab)} ${A:$(docker ac)} ${A%$(docker ad)} $(( $(docker ae) + 1 ))"
B=$(docker af) C=(x "$(docker ag)") D[$(docker ah)]=1
echo `docker ai` <(docker aj) >$(docker ak) <<< "$(docker al)"
[[ -n $(docker am) && $(docker an) == $(docker ao)* ]] && (( $(docker ap) > 1 ))
export E=$(docker aq); local -r F="`docker ar`"
! docker as; time docker at; coproc docker au; select x in $(docker av); do docker aw; done
exit $(docker ax)
"#;
    let script = check_places(&[text]);
    let found: Vec<_> = script
        .commands()
        .iter()
        .filter(|command| command.name() == Some("docker"))
        .map(|command| command.words[1].display().to_owned())
        .collect();
    let mut expected: Vec<String> = ('a'..='z').map(|name| name.to_string()).collect();
    expected.extend(('a'..='x').map(|name| format!("a{name}")));
    let mut sorted = found.clone();
    sorted.retain(|name| !name.ends_with('2'));
    sorted.sort_by_key(|name| (name.len(), name.clone()));
    assert_eq!(sorted, expected);
    assert_eq!(found.iter().filter(|name| name.ends_with('2')).count(), 2);
    assert!(script.clean(), "{:?}", script.doubts());
    let starts: Vec<_> = script
        .commands()
        .iter()
        .map(|it| it.span.as_ref().unwrap().range.start)
        .collect();
    assert!(starts.is_sorted(), "source order");
}

#[test]
fn lists_and_their_joints() {
    let script = parse("a && b || c; d\ne && f && g");
    let chain = |index: usize| script.commands()[index].context.chain.as_ref().unwrap();
    assert_eq!(
        (chain(0).position, chain(0).length, chain(0).after),
        (0, 3, Some(Joint::And))
    );
    assert_eq!(
        (chain(1).before, chain(1).after),
        (Some(Joint::And), Some(Joint::Or))
    );
    assert!(chain(1).only_and_before && !chain(2).only_and_before && chain(6).only_and_before);
    assert!(chain(0).id == chain(2).id && chain(2).id != chain(4).id);
    let contexts: Vec<_> = script.commands().iter().map(|it| &it.context).collect();
    let conditional: Vec<_> = contexts.iter().map(|it| it.conditional).collect();
    assert_eq!(conditional, [false, true, true, false, false, true, true]);
    assert!(contexts.iter().all(|it| !it.in_branch));
    assert!(contexts[3].chain.is_none());
    let guards: Vec<_> = contexts.iter().map(|it| it.guarded).collect();
    assert_eq!(
        guards,
        [
            Some(Guard::Or),
            Some(Guard::Or),
            None,
            None,
            Some(Guard::And),
            Some(Guard::And),
            None
        ]
    );
    let statements: Vec<_> = contexts.iter().map(|it| it.statement).collect();
    assert_eq!(statements, [0, 0, 0, 1, 2, 2, 2]);
    let positions: Vec<_> = contexts.iter().map(|it| it.position).collect();
    assert_eq!(positions, [0, 0, 0, 1, 2, 2, 2]);
}

#[test]
fn what_surrounds_a_command() {
    let text = "if a; then b; { c || true; }; fi\nwhile d; do e; done\nf() { g; }\n( h )\ni=$(j)\nk &\n! l | m\nn && { o; p && q; }";
    let script = parse(text);
    let context = |name: &str| {
        let mut found = script
            .commands()
            .iter()
            .filter(|it| it.name() == Some(name));
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
    let functions: Vec<_> = script
        .functions()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(functions, ["f"]);
    assert_eq!(
        script.statements()[script.functions()[0].statement].kind,
        Kind::Function
    );
}

#[test]
fn a_guard_from_outside_wins() {
    let script = parse("{ a && b; } || true\n{ c && d; } &");
    let guards: Vec<_> = script
        .commands()
        .iter()
        .map(|it| it.context.guarded)
        .collect();
    assert_eq!(
        guards,
        [
            Some(Guard::Or),
            Some(Guard::Or),
            None,
            Some(Guard::Background),
            Some(Guard::Background)
        ]
    );
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
    let top: Vec<_> = script
        .statements()
        .iter()
        .filter(|it| it.parent.is_none())
        .collect();
    let kinds: Vec<_> = top.iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Simple,
            Kind::If,
            Kind::Simple,
            Kind::List,
            Kind::Loop,
            Kind::Function,
            Kind::Subshell
        ]
    );
    let commands = |index: usize| -> Vec<_> {
        let indices = top[index].commands.iter();
        indices
            .map(|command| script.commands()[*command].raw())
            .collect()
    };
    assert_eq!(commands(1), ["[ -n \"$X\" ]", "echo hi", "docker login"]);
    assert_eq!(commands(3), ["b", "c"]);
    let text = |index: usize| script.slice(top[index].place().unwrap());
    assert_eq!(text(1), items[1]);
    assert_eq!((text(2), text(3)), ("a", "b && c"));
    assert_eq!(script.slice(top[2].terminator.as_ref().unwrap()), ";");
    assert!(top[4].place().is_none(), "it spans items");
    let parts: Vec<_> = top[4]
        .places
        .iter()
        .map(|place| script.slice(place))
        .collect();
    assert_eq!(parts, ["for i in 1 2; do", "  docker push $i", "done"]);
    assert_eq!(text(5), items[6]);
    assert_eq!(text(6), items[7]);
    assert!(top.iter().all(|it| !it.doubtful) && script.clean());
    let inner = script
        .statements()
        .iter()
        .find(|it| it.parent == Some(1))
        .unwrap();
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
    assert!(
        row("pull%%echo%%tag%%if x; then y; fi%%push", &[0, 2, 5]),
        "others between"
    );
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

#[test]
fn what_the_parser_folds_or_cuts_is_doubtful() {
    let folded = parse("docker ps --format {{ .Names }} -q\ndocker push a");
    assert_eq!(doubts(&folded), ["folded-word"]);
    assert!(folded.clean(), "it concerns one command");
    assert!(folded.commands()[0].doubtful && !folded.commands()[1].doubtful);
    assert!(folded.statements()[0].doubtful && !folded.statements()[1].doubtful);
    assert_eq!(doubts(&parse("curl -d {\"a\": 1} x")), ["folded-word"]);
    let cut = parse("docker inspect {{.A}}:{{.B}} x");
    assert_eq!(doubts(&cut), ["cut-word"]);
    assert!(cut.commands()[0].doubtful && cut.clean());
    for text in ["echo a > ]b", "docker run a 10<<<b", "docker push }\\\nb"] {
        let cut = parse(text);
        assert_eq!(doubts(&cut), ["cut-word"], "{text}");
    }
    let mixed = parse("sed \"s/a\\\"$B/\"c x");
    assert_eq!(doubts(&mixed), ["inconsistent-word"]);
    assert!(mixed.commands()[0].doubtful && mixed.clean());
    let fine = parse("docker inspect '{{ .A }}:{{.B}}' \"{{ .C }}\" {{.D}}");
    assert!(fine.doubts().is_empty() && !fine.commands()[0].doubtful);
}

#[test]
fn a_word_does_not_hold_the_continuation_that_it_touches() {
    let script = check_places(&["docker build foo\\\n  --tag x\\\n \\\n.\\\n\necho a\\\nb"]);
    assert_eq!(
        displays(&script)[0],
        ["docker", "build", "foo", "--tag", "x", "."]
    );
    assert_eq!(displays(&script)[1], ["echo", "ab"]);
    assert!(script.commands()[0].raw().ends_with("\n."));
    assert!(script.doubts().is_empty(), "{:?}", script.doubts());
}

#[test]
fn what_the_parser_misreads_makes_the_script_unclean() {
    for (text, code) in [
        ("x=$((docker ps) | wc)", "arithmetic-or-subshell"),
        ("echo `echo \\`docker ps\\``", "escaped-backticks"),
        ("echo ${foo bar\ndocker push a", "unclosed-expansion"),
        ("echo ${a:-${b}", "unclosed-expansion"),
        ("cat <<EOF\ndocker push a", "unclosed-heredoc"),
        (
            "cat <<EOF\nx\nEOF  \ndocker push a\nEOF\n",
            "unclosed-heredoc",
        ),
        ("echo \"a\ndocker push a", "shell-syntax"),
        ("if x; then docker push a", "shell-syntax"),
        ("fi\ndocker push a", "shell-syntax"),
        ("alias docker=podman\ndocker push a", "alias"),
        (
            "docker() { command docker -D \"$@\"; }\ndocker push a",
            "shadowed-command",
        ),
    ] {
        let script = parse(text);
        assert!(!script.clean(), "{text:?} counts as clean");
        assert!(
            doubts(&script).contains(&code),
            "{text:?}: {:?}",
            script.doubts()
        );
    }
    for text in [
        "x=$((1 + $Y * ${Z:-2})) y=$(((1+2)*3))",
        "echo `docker ps | sed 's/\\.//'` \"`id`\"",
        "echo ${a:-${b}} \"${c:-\"}\"}\" ${d:-'}'} ${e#\\}}",
        "cat <<-EOF\n\tx\n\tEOF\ndocker push a",
        "my_alias x; alias_it",
        "x=(a \"b c\" # d\n  $(e) f\n)",
        "a;b & c # d\n# e\n\n f \\\n ;g",
        "x=$( # a\n b\n # c\n)",
        "[ a ]; arr[0]=1",
    ] {
        let script = parse(text);
        assert!(
            script.doubts().is_empty(),
            "{text:?}: {:?}",
            script.doubts()
        );
    }
}

#[test]
fn items_that_reach_into_the_next_are_doubtful() {
    let word = Script::parse(["docker push \"a", "b\"", "docker push c"]);
    assert!(doubts(&word).contains(&"word-spans-items") && word.clean());
    assert!(word.commands()[0].doubtful && word.commands()[0].span.is_none());
    assert!(!word.commands()[1].doubtful);
    for operator in ["&&", "||", "|"] {
        let list = Script::parse([&format!("docker push a {operator}"), "b", "c"]);
        assert_eq!(doubts(&list), ["operator-spans-items"]);
        assert!(list.commands()[0].doubtful && list.commands()[1].doubtful);
        assert!(!list.commands()[2].doubtful && list.clean());
    }
    let lines = Script::parse(["docker push a &&\nb"]);
    assert!(
        lines.doubts().is_empty(),
        "within an item it is an ordinary list"
    );
    let continued = Script::parse(["docker push \\", "a"]);
    assert!(continued.commands()[0].doubtful && continued.commands()[0].span.is_none());
    let heredoc = Script::parse(["cat <<EOF", "docker push a", "EOF"]);
    assert_eq!(doubts(&heredoc), ["heredoc-spans-items"]);
    assert!(!heredoc.clean());
    let block = Script::parse(["if x; then", "docker push a", "fi"]);
    assert!(block.doubts().is_empty() && !block.commands()[1].doubtful);
}

#[test]
fn statements_inside_one_another_are_doubtful() {
    let script = parse("cat <<EOF; docker push a\nx\nEOF\ndocker push b");
    assert_eq!(doubts(&script), ["mixed-statements"]);
    let doubtful: Vec<_> = script.statements().iter().map(|it| it.doubtful).collect();
    assert_eq!(doubtful, [true, true, false]);
    assert!(script.commands().iter().all(|command| !command.doubtful));
}

#[test]
fn doubts_say_where_and_what() {
    let script = parse("docker push a\necho ${b\n");
    let doubt = &script.doubts()[0];
    assert_eq!(doubt.what, What::UnclosedExpansion);
    assert_eq!(script.slice(doubt.place.as_ref().unwrap()), "${b\n");
    assert_eq!(doubt.what.to_string(), "`${` without `}`");
}

#[test]
fn deep_and_long_scripts_end() {
    let deep = format!("{}docker push a{}", "$(".repeat(300), ")".repeat(300));
    assert!(!parse(&deep).clean());
    let nested = |depth| {
        parse(&format!(
            "{}docker push a{}",
            "$(".repeat(depth),
            ")".repeat(depth)
        ))
    };
    assert!(nested(8).clean() && !nested(9).clean());
    let groups = format!("{}docker push a{}", "{ ".repeat(5000), "; }".repeat(5000));
    assert!(!parse(&groups).clean());
    let list = vec!["docker push a"; 900].join(" && ");
    let script = parse(&list);
    assert!(script.clean() && script.commands().len() == 900);
    assert!(
        !parse(&vec!["docker push a"; 5000].join(" && ")).clean(),
        "the parser's limit"
    );
    for hostile in [
        "{".repeat(50_000),
        "$[[".repeat(100_000),
        "$(".repeat(50_000),
    ] {
        assert!(!parse(&hostile).clean());
    }
    let statements = "docker push a\n".repeat(20_000);
    assert_eq!(parse(&statements).commands().len(), 20_000);
}
