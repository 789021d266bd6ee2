//! What a script runs: commands, words, and where they stand.

use ci_migrate::shell::{Command, Script};

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
    assert_eq!((place(0).item, place(0).range), (0, 0..items[0].len() - "  # the end".len() + 1));
    assert_eq!((place(1).item, place(1).range.start), (1, 11));
    assert_eq!((place(3).item, place(3).range), (3, 12..items[3].len() - "; fi".len()));
    assert!(script.clean());
    assert_eq!(script.text(), items.join("\n"));
}

#[test]
fn items_with_a_final_newline_keep_their_places() {
    let script = check_places(&["docker pull a\n", "docker push a\n"]);
    let places: Vec<_> = script.commands().iter().map(|it| it.span.clone().unwrap()).collect();
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
    assert_eq!(displays(&script), [vec!["docker", "b"], vec!["echo", "a#b", "# d"], vec![]]);
    let within = parse("docker build \\\n  -t a \\\n  # a comment ends the command\n  -t b .");
    assert_eq!(displays(&within), [vec!["docker", "build", "-t", "a"], vec!["-t", "b", "."]]);
}

#[test]
fn values_without_quotes() {
    let script = parse(
        r#"x "a b"'c'd\ e "q\"q" 'it''s' $'t\tb' "\x \\ \$y" '$z' a\
b "c\
d" """#,
    );
    let values: Vec<_> = script.commands()[0].words.iter().map(|it| it.value().unwrap()).collect();
    assert_eq!(values, ["x", "a bcd e", "q\"q", "its", "t\tb", "\\x \\ $y", "$z", "ab", "cd", ""]);
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
    assert_eq!(literal, [true, false, false, false, false, false, true, false, true, false, true]);
    let splits: Vec<_> = words.iter().map(|word| word.may_split()).collect();
    assert_eq!(splits, [false, false, true, false, true, true, false, true, true, true, false]);
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
    let text =
        "docker push $[[ inputs.image ]]:\"$TAG\" '$[[inputs.a | expand_vars]]' $[[ inputs.b ]]\nX=$[[ inputs.c ]]y";
    let script = check_places(&[text]);
    assert!(script.clean(), "{:?}", script.doubts());
    let command = &script.commands()[0];
    assert_eq!(
        shown(command),
        ["docker", "push", "$[[ inputs.image ]]:$TAG", "$[[inputs.a | expand_vars]]", "$[[ inputs.b ]]"]
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
    assert_eq!(displays(&script), [vec!["docker", "push", "a\r"], vec!["docker", "push", "b", "\r"]]);
    assert!(!parse("if a; then\r\n docker push a\r\nfi\r\n").clean(), "bash refuses `then\\r`");
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
        .map(|set| (set.name.as_str(), set.append, set.value.as_ref().unwrap().display()))
        .collect();
    assert_eq!(assignments, [("A", false, "b c"), ("D", false, "$E"), ("F", true, "g")]);
    let redirects: Vec<_> = command.redirects.iter().map(|to| (to.operator.as_str(), to.target.display())).collect();
    assert_eq!(redirects, [(">", "out"), ("<<", "EOF"), ("2>&", "1")]);
    let odd = check_places(&["x >&2 2>&- &>$log 3<>f {fd}>z >|y <<<\"$w\" 2>$l"]);
    let redirects: Vec<_> =
        odd.commands()[0].redirects.iter().map(|to| (to.operator.as_str(), to.target.display())).collect();
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
    assert_eq!(script.slice(heredoc.body.as_ref().unwrap()), "$PW $(date)\n");
    assert!(heredoc.expands);
    assert!(command.raw().ends_with("2>&1"), "the body is no part of the command");
    assert_eq!(shown(&script.commands()[1]), ["date"]);
    assert!(!script.commands()[2].redirects[0].heredoc.as_ref().unwrap().expands);
    assert_eq!(script.commands().len(), 3, "a quoted heredoc runs nothing");
    let places: Vec<_> = script.statements().iter().filter(|it| it.parent.is_none()).map(|it| it.place()).collect();
    assert!(script.slice(places[0].unwrap()).ends_with("\nEOF"), "but of the statement");
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
    let starts: Vec<_> = script.commands().iter().map(|it| it.span.as_ref().unwrap().range.start).collect();
    assert!(starts.is_sorted(), "source order");
}
