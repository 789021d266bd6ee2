//! A second opinion on every script that we can find: `brush-parser`, which shares no line with the parser that we use.
//!
//! The snippets here always run. The scripts of real CI files run when `CI_MIGRATE_SHARED` names the folder that holds `corpus` and
//! `pipelines`.

mod common;

use brush_parser::ast::{AndOrList, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, Pipeline};
use ci_migrate::shell::Script;
use yaml_rust2::{Yaml, YamlLoader};

/// Odd shell that both parsers must read alike.
const SNIPPETS: &[&str] = &[
    "docker build -t a . && docker push a || exit 1",
    "docker build \\\n  --tag \"$A/b\":c \\\n  --file=x/Dockerfile . # end\n# more\necho a#b",
    "if [ -n \"$A\" ]; then # why\n  docker a\nelif b; then c; else d; fi >log 2>&1",
    "for i in a \"$B\" $(c); do docker rm $i; done; for j; do k; done",
    "while ! docker info; do sleep 1; done\nuntil a; do b; done",
    "case $x in a|b) docker a;; \"c d\") docker b ;; *) ;; esac",
    "f() { docker a; }\nfunction g { docker b; }\nh() ( docker c )",
    "{ a; b & }; ( c | d |& e ) && ! f",
    "A=b C=\"$D e\" docker login -u x --password-stdin <<< \"$PW\" 2>/dev/null",
    "cat <<EOF | docker load && docker push a\n$(docker ps) $X\nEOF\ndocker tag a b",
    "cat <<'A' <<-B > x\n$1\nA\n\tz\n\tB\nz",
    "export A=b C=\"$(d e)\" F; local g=h; readonly I",
    "docker run --rm -v \"$PWD\":/x img sh -c 'echo \"hi\" && b' \"c 'd'\" e\\ f",
    "echo \"$(docker ps \"$(a \"b\")\")\" `c d` ${e:-\"f g\"} ${h//i/j} ${k%%:*} $((1 + 2)) $'l\\'m'",
    "docker ps --format '{{.Names}}' --filter name=^x$ {a,b} [c] *.d ~/e",
    "[ \"$A\" == b ] && [[ $c =~ ^d(e|f)$ && -n $g ]] || exit 1",
    "x=1; ((x++)); y=(a \"b c\" $d); echo ${y[@]} ${#y[*]}",
    "time docker build . ; exec docker a; return 3; break; exit",
    "a >b 2>&1 <c >>d &>e; >f g",
    "docker build -t a . \r\ndocker push a\r",
    "diff <(docker a; b) <(c) d",
    "echo é \"ü ß\" 日本 # ö\ndocker push ä/b:ç",
];

/// Snippets that the two read differently, with the one who is right.
const DIFFERENCES: &[(&str, &str)] = &[
    // Ours folds the word, and says so; the other splits it as bash does.
    ("docker ps --format {{ .Names }} -q", "folded-word"),
    // Ours cuts the word, and says so.
    ("docker inspect {{.A}}:{{.B}} x", "cut-word"),
];

/// A command as the list of its words, as written.
type Words = Vec<String>;

/// `\`-newlines inside a word mean nothing, and parsers keep them or not. Of `<(…)` the other parser keeps no text.
fn joined(word: &str) -> String {
    if word.starts_with("<(") || word.starts_with(">(") {
        return "<()".to_owned();
    }
    word.replace("\\\n", "")
}

/// Our reading, without what stands in command substitutions, which the other parser leaves as text.
fn ours(script: &Script) -> Vec<Words> {
    let commands = script.commands().iter().filter(|command| !command.context.substitution);
    let words = commands.map(|it| it.words.iter().map(|word| joined(word.raw())).collect());
    // A test in brackets is a command here, and something else there.
    let is_test = |words: &Words| matches!(words.first().map(String::as_str), Some("[[" | "(("));
    words.filter(|words: &Words| !words.is_empty() && !is_test(words)).collect()
}

/// The other parser's reading; `None` if it refuses the text.
fn theirs(text: &str) -> Option<Vec<Words>> {
    let reader = std::io::Cursor::new(text);
    let mut parser = brush_parser::Parser::new(reader, &brush_parser::ParserOptions::default());
    let program = parser.parse_program().ok()?;
    let mut found = Vec::new();
    program.complete_commands.iter().for_each(|list| compound_list(list, &mut found));
    Some(found)
}

fn compound_list(list: &CompoundList, found: &mut Vec<Words>) {
    list.0.iter().for_each(|item| and_or(&item.0, found));
}

fn and_or(list: &AndOrList, found: &mut Vec<Words>) {
    list.iter().for_each(|(_, elements)| pipeline(elements, found));
}

fn pipeline(pipeline: &Pipeline, found: &mut Vec<Words>) {
    pipeline.seq.iter().for_each(|one| command(one, found));
}

fn command(one: &Command, found: &mut Vec<Words>) {
    match one {
        Command::Simple(simple) => {
            let mut words: Words = simple.word_or_name.iter().map(|it| joined(&it.value)).collect();
            let mut substitutions = Vec::new();
            for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
                match item {
                    CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                        words.push(joined(&word.value));
                    }
                    CommandPrefixOrSuffixItem::ProcessSubstitution(_, inner) => {
                        words.push("<()".to_owned());
                        compound_list(&inner.list, &mut substitutions);
                    }
                    CommandPrefixOrSuffixItem::IoRedirect(_) => {}
                }
            }
            if !words.is_empty() {
                found.push(words);
            }
            found.append(&mut substitutions);
        }
        Command::Compound(inner, _) => compound(inner, found),
        Command::Function(function) => compound(&function.body.0, found),
        Command::ExtendedTest(..) => {}
    }
}

fn compound(inner: &CompoundCommand, found: &mut Vec<Words>) {
    match inner {
        CompoundCommand::Arithmetic(_) => {}
        CompoundCommand::ArithmeticForClause(it) => compound_list(&it.body.list, found),
        CompoundCommand::BraceGroup(it) => compound_list(&it.list, found),
        CompoundCommand::Subshell(it) => compound_list(&it.list, found),
        CompoundCommand::ForClause(it) => compound_list(&it.body.list, found),
        CompoundCommand::CaseClause(it) => {
            it.cases.iter().filter_map(|case| case.cmd.as_ref()).for_each(|list| {
                compound_list(list, found);
            });
        }
        CompoundCommand::IfClause(it) => {
            compound_list(&it.condition, found);
            compound_list(&it.then, found);
            for clause in it.elses.iter().flatten() {
                clause.condition.iter().for_each(|list| compound_list(list, found));
                compound_list(&clause.body, found);
            }
        }
        CompoundCommand::WhileClause(it) | CompoundCommand::UntilClause(it) => {
            compound_list(&it.0, found);
            compound_list(&it.1.list, found);
        }
        CompoundCommand::Coprocess(it) => command(&it.body, found),
    }
}

/// Every word and command of a script stands where it says; every statement, taken alone, is what it was in its script.
fn check(items: &[String]) -> Script {
    let script = Script::parse(items);
    for command in script.commands() {
        for word in &command.words {
            let place = word.place().unwrap_or_else(|| panic!("{:?} has no place", word.raw()));
            assert_eq!(&items[place.item][place.range.clone()], word.raw());
        }
        let place = command.span.as_ref().unwrap_or_else(|| panic!("{command:?} has no place"));
        assert_eq!(&items[place.item][place.range.clone()], command.raw());
    }
    for statement in script.statements().iter().filter(|statement| !statement.doubtful) {
        let parts: Vec<_> = statement.places.iter().map(|place| script.slice(place)).collect();
        let alone = Script::parse(&parts);
        let inside = statement.commands.iter().map(|index| script.commands()[*index].raw());
        assert!(alone.clean(), "{parts:?}");
        assert!(inside.eq(alone.commands().iter().map(|command| command.raw())), "{parts:?}");
        let top = alone.statements().iter().filter(|it| it.parent.is_none());
        assert_eq!(top.count(), 1, "{parts:?}");
    }
    script
}

#[test]
fn both_parsers_read_our_snippets_alike() {
    for text in SNIPPETS {
        let script = check(&[(*text).to_owned()]);
        assert!(script.doubts().is_empty(), "{text}: {:?}", script.doubts());
        let theirs = theirs(text).unwrap_or_else(|| panic!("brush refuses {text}"));
        assert_eq!(ours(&script), theirs, "{text}");
    }
}

#[test]
fn where_they_differ_it_is_said() {
    for (text, code) in DIFFERENCES {
        let script = Script::parse([text]);
        assert_ne!(Some(ours(&script)), theirs(text), "{text}: no difference any more");
        assert!(script.doubts().iter().any(|doubt| doubt.what.code() == *code), "{text}");
    }
}

/// The items of a script key. Elements of `!reference` are names of other keys, not commands, but as good as any other text here.
fn items(node: &Yaml, found: &mut Vec<String>) {
    match node {
        Yaml::String(text) => found.push(text.clone()),
        Yaml::Array(elements) => elements.iter().for_each(|element| items(element, found)),
        _ => {}
    }
}

/// All scripts below a node, and for a job with both keys what its one shell runs.
fn scripts(node: &Yaml, found: &mut Vec<Vec<String>>) {
    match node {
        Yaml::Hash(entries) => {
            let mut both = Vec::new();
            for (key, value) in entries {
                match key.as_str() {
                    Some(key @ ("script" | "before_script" | "after_script")) => {
                        let mut list = Vec::new();
                        items(value, &mut list);
                        match key {
                            "before_script" => drop(both.splice(0..0, list.clone())),
                            "script" => both.extend(list.clone()),
                            _ => {}
                        }
                        found.push(list);
                    }
                    _ => scripts(value, found),
                }
            }
            found.push(both);
        }
        Yaml::Array(elements) => elements.iter().for_each(|element| scripts(element, found)),
        _ => {}
    }
}

/// Parts of real scripts that are no valid shell: `bash -n` and the other parser refuse them too.
const INVALID: &[&str] = &["VERSION=(echo \"$VERSION\" | sed 's/^v//')"];

#[test]
fn both_parsers_read_real_scripts_alike() {
    let Some(shared) = common::shared("the scripts of real pipelines") else {
        return;
    };
    let files = common::pipelines(&shared);
    let (mut read, mut all, mut compared) = (0, Vec::new(), 0);
    for (_, file) in &files {
        let text = std::fs::read_to_string(file).unwrap();
        // Files that this YAML reader refuses are not this test's concern.
        let Ok(documents) = YamlLoader::load_from_str(text.trim_start_matches('\u{feff}')) else {
            continue;
        };
        read += 1;
        documents.iter().for_each(|document| scripts(document, &mut all));
    }
    all.retain(|items| !items.is_empty());
    for items in &all {
        let script = Script::parse(items);
        if INVALID.iter().any(|part| script.text().contains(part)) {
            assert!(!script.clean() && theirs(script.text()).is_none(), "{}", script.text());
            continue;
        }
        check(items);
        assert!(script.doubts().is_empty(), "{items:?}: {:?}", script.doubts());
        let theirs = theirs(script.text()).unwrap_or_else(|| panic!("refused: {items:?}"));
        compared += 1;
        assert_eq!(ours(&script), theirs, "{}", script.text());
    }
    println!("{read} of {} files, {} scripts, {compared} compared", files.len(), all.len());
    assert!(read * 100 >= files.len() * 95, "{read} of {} files read", files.len());
    assert!(compared * 100 >= all.len() * 95, "{compared} of {} scripts compared", all.len());
}
