//! What is not certain is said: the parser's faults, and what no parser can know.

use ci_migrate::shell::{Command, Script, What};

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

fn doubts(script: &Script) -> Vec<&'static str> {
    script.doubts().iter().map(|doubt| doubt.what.code()).collect()
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
    assert_eq!(displays(&script)[0], ["docker", "build", "foo", "--tag", "x", "."]);
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
        ("cat <<EOF\nx\nEOF  \ndocker push a\nEOF\n", "unclosed-heredoc"),
        ("echo \"a\ndocker push a", "shell-syntax"),
        ("if x; then docker push a", "shell-syntax"),
        ("fi\ndocker push a", "shell-syntax"),
        ("alias docker=podman\ndocker push a", "alias"),
        ("VERSION=(echo \"$V\" | sed 's/^v//')\ndocker push a", "folded-operator"),
        ("x=(a b\ndocker push a", "folded-operator"),
        ("x=(a ; b)\ndocker push a", "folded-operator"),
        ("x=(a {b |} c)\ndocker push a", "folded-operator"),
        ("declare -a x=(docker)) push", "inconsistent-ranges"),
        ("x=$((docker) )", "arithmetic-or-subshell"),
        ("echo ${A:-{b}c}", "unclosed-expansion"),
        ("cat <<EOF\n${A:-{b}c}\nEOF", "unclosed-expansion"),
        ("docker push a (b c)", "skipped-text"),
        ("echo {\"a ${b} c", "unread-substitution"),
        ("for i in a; do b; done docker push a", "skipped-text"),
        ("docker push a &| b", "skipped-text"),
        ("x=$(docker push a | | b)", "skipped-text"),
        ("x=$(docker push \"${a\" b)", "unread-substitution"),
        ("echo \"${a:`-}\"", "unread-substitution"),
        ("echo \"$[A/b\"\ngrep '[1-9]' c && docker push a", "arithmetic-or-subshell"),
        ("docker[ push a", "command-name"),
        ("els\\\ne docker push a", "command-name"),
        ("git {a,b}\\\njq -y", "folded-operator"),
        ("echo {a \"b", "folded-operator"),
        ("echo \"${A{B}\" c \"d}\"", "folded-operator"),
        ("echo \"a\\\"$(docker push a)\"b", "inconsistent-ranges"),
        ("docker() { command docker -D \"$@\"; }\ndocker push a", "shadowed-command"),
    ] {
        let script = parse(text);
        assert!(!script.clean(), "{text:?} counts as clean");
        assert!(doubts(&script).contains(&code), "{text:?}: {:?}", script.doubts());
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
        "[ a ]; arr[0]=1; declare -A m=([a]=b [c]=\"$d e\")",
    ] {
        let script = parse(text);
        assert!(script.doubts().is_empty(), "{text:?}: {:?}", script.doubts());
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
    assert!(lines.doubts().is_empty(), "within an item it is an ordinary list");
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
    let order = parse("cat <<EOF; docker push a\n$(docker ps)\nEOF");
    assert_eq!(displays(&order), [vec!["cat"], vec!["docker", "push", "a"], vec!["docker", "ps"]]);
    assert!(script.commands().iter().all(|command| !command.doubtful));
    // The body stands behind the `fi`: the statement inside cannot be taken out alone, the one around it can.
    let inside = parse("if a; then cat <<EOF; fi\nx\nEOF\nb");
    assert_eq!(doubts(&inside), ["mixed-statements"]);
    let doubtful: Vec<_> = inside.statements().iter().map(|it| it.doubtful).collect();
    assert_eq!(doubtful, [false, false, true, false]);
    assert!(inside.slice(inside.statements()[0].place().unwrap()).ends_with("\nEOF"));
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
    let nested = |depth| parse(&format!("{}docker push a{}", "$(".repeat(depth), ")".repeat(depth)));
    assert!(nested(8).clean() && !nested(9).clean());
    let groups = format!("{}docker push a{}", "{ ".repeat(5000), "; }".repeat(5000));
    assert!(!parse(&groups).clean());
    let list = vec!["docker push a"; 900].join(" && ");
    let script = parse(&list);
    assert!(script.clean() && script.commands().len() == 900);
    assert!(!parse(&vec!["docker push a"; 5000].join(" && ")).clean(), "the parser's limit");
    for hostile in ["{".repeat(50_000), "$[[".repeat(100_000), "$(".repeat(50_000)] {
        assert!(!parse(&hostile).clean());
    }
    let statements = "docker push a\n".repeat(20_000);
    assert_eq!(parse(&statements).commands().len(), 20_000);
}

#[test]
fn what_would_take_the_parser_too_long_is_not_read() {
    let nest = |count: usize| format!("{}true{}", "( ".repeat(count), " )".repeat(count));
    assert!(Script::parse([nest(50)]).clean());
    for text in [nest(101), "${a:-".repeat(11), "{".repeat(1001)] {
        let script = Script::parse([text.as_str()]);
        assert!(!script.clean() && script.commands().is_empty(), "{text}");
    }
}
