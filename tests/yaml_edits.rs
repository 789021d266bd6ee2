//! Edits: where they go, what they keep, and that every file of the corpus takes them.

mod common;

use ci_migrate::yaml::{Edits, Entry, Error, Item, Kind, NodeId, Position, Stream, Style, Value};
use pretty_assertions::assert_eq;

type Result = std::result::Result<(), Error>;

fn edited(before: &str, edit: impl FnOnce(&Stream, &mut Edits<'_>) -> Result) -> String {
    let stream = Stream::parse(before.to_owned()).unwrap();
    let mut edits = Edits::new(&stream);
    edit(&stream, &mut edits).unwrap();
    edits.finish().unwrap().now.text().to_owned()
}

fn refused(before: &str, edit: impl FnOnce(&Stream, &mut Edits<'_>) -> Result) -> String {
    let stream = Stream::parse(before.to_owned()).unwrap();
    let mut edits = Edits::new(&stream);
    match edit(&stream, &mut edits) {
        Err(error) => error.to_string(),
        Ok(()) => edits.finish().unwrap_err().to_string(),
    }
}

fn at(stream: &Stream, path: &str) -> NodeId {
    let root = stream.tree().roots()[0];
    stream.tree().look_up(root, path.split('/').filter(|s| !s.is_empty())).unwrap_or_else(|| panic!("no {path}"))
}

fn key(stream: &Stream, path: &str, key: &str) -> NodeId {
    stream.tree().entry(at(stream, path), key).unwrap().0
}

fn variables() -> Entry {
    let host = Entry { comment: vec!["# none".into()], key: "HOST".into(), value: Value::text("") };
    Entry::new("variables", Value::Mapping(vec![host, Entry::new("K", Value::text("1"))]))
}

fn script() -> Entry {
    let items = vec![Item::new(Value::text("a: b")), Item::new(Value::text("one\ntwo\n"))];
    Entry::new("script", Value::Sequence(items))
}

#[test]
fn a_new_entry_follows_its_siblings() {
    let add = |stream: &Stream, edits: &mut Edits<'_>| {
        edits.insert_entry(at(stream, "job"), Position::End, variables())?;
        edits.insert_entry(at(stream, "job"), Position::End, script())
    };
    let cases = [
        // Before the blank lines that end the block.
        (
            "job:\n  stage: x # why\n\n\n# next\nnext:\n  rules:\n    - a\n",
            "job:\n  stage: x # why\n  variables:\n    # none\n    HOST: \"\"\n    K: \"1\"\n  script:\n    - \"a: b\"\n    - |\n      one\n      two\n\n\n# next\nnext:\n  rules:\n    - a\n",
        ),
        // Four columns, lists at the key's column.
        (
            "job:\n    rules:\n    - a\n    env:\n        A: 1\n",
            "job:\n    rules:\n    - a\n    env:\n        A: 1\n    variables:\n        # none\n        HOST: \"\"\n        K: \"1\"\n    script:\n    - \"a: b\"\n    - |\n        one\n        two\n",
        ),
        // CRLF, no final line break, trailing blanks.
        (
            "job:\r\n  stage: x  \r\n  image: y  ",
            "job:\r\n  stage: x  \r\n  image: y  \r\n  variables:\r\n    # none\r\n    HOST: \"\"\r\n    K: \"1\"\r\n  script:\r\n    - \"a: b\"\r\n    - |\r\n      one\r\n      two",
        ),
        // A block scalar that keeps its blank lines keeps them.
        (
            "job:\n  a: |+\n    x\n\n\nnext: 1\n",
            "job:\n  a: |+\n    x\n\n\n  variables:\n    # none\n    HOST: \"\"\n    K: \"1\"\n  script:\n    - \"a: b\"\n    - |\n      one\n      two\nnext: 1\n",
        ),
        // A comment that ends the block at its column stays there: above what is new it would go when that is deleted again.
        (
            "job:\n  a: 1\n  # b: 2\n\n# next\nnext: 1\n",
            "job:\n  a: 1\n  variables:\n    # none\n    HOST: \"\"\n    K: \"1\"\n  script:\n    - \"a: b\"\n    - |\n      one\n      two\n  # b: 2\n\n# next\nnext: 1\n",
        ),
        // Flow style stays flow style.
        ("job: {a: 1}\n", "job: {a: 1, variables: {HOST: \"\", K: \"1\"}, script: [\"a: b\", \"one\\ntwo\\n\"]}\n"),
    ];
    for (before, after) in cases {
        assert_eq!(edited(before, add), after);
    }
}

#[test]
fn an_empty_value_takes_a_first_entry() {
    let add = |stream: &Stream, edits: &mut Edits<'_>| {
        edits.insert_entry(at(stream, "a/b"), Position::End, Entry::new("k", Value::text("v")))
    };
    assert_eq!(edited("a:\n  b:\n  c: 1\n", add), "a:\n  b:\n    k: v\n  c: 1\n");
    assert_eq!(edited("a:\n  b: {} # why\n", add), "a:\n  b: # why\n    k: v\n");
    assert_eq!(edited("a:\n  b: # why\n", add), "a:\n  b: # why\n    k: v\n");
    assert_eq!(refused("a:\n  b: text\n", add), "this is not a place that can take an entry");
}

#[test]
fn entries_go_before_and_behind_with_their_comments() {
    let before = "a: 1\n\n# about b\n# more\nb:\n  x: 1\n\nc: 1\n";
    let hidden = || Entry {
        comment: vec!["# about t".into()],
        key: ".t".into(),
        value: Value::Mapping(vec![Entry::new("k", Value::text("z"))]),
    };
    assert_eq!(
        edited(before, |s, e| e.insert_entry(at(s, ""), Position::Before(key(s, "", "b")), hidden())),
        "a: 1\n\n# about t\n.t:\n  k: z\n\n# about b\n# more\nb:\n  x: 1\n\nc: 1\n"
    );
    assert_eq!(
        edited(before, |s, e| e.insert_entry(at(s, ""), Position::After(key(s, "", "b")), hidden())),
        "a: 1\n\n# about b\n# more\nb:\n  x: 1\n\n# about t\n.t:\n  k: z\n\nc: 1\n"
    );
    assert_eq!(
        edited(before, |s, e| e.insert_entry(at(s, ""), Position::End, hidden())),
        "a: 1\n\n# about b\n# more\nb:\n  x: 1\n\nc: 1\n\n# about t\n.t:\n  k: z\n"
    );
    assert_eq!(
        edited("\u{feff}a: 1\nb: 2\n", |s, e| e.insert_entry(
            at(s, ""),
            Position::Before(key(s, "", "a")),
            Entry::new("z", Value::text("w"))
        )),
        "\u{feff}z: w\na: 1\nb: 2\n"
    );
    assert_eq!(
        edited("- a: 1\n  b: 2\n", |s, e| e.insert_entry(
            at(s, "0"),
            Position::Before(key(s, "0", "a")),
            Entry::new("z", Value::text("w"))
        )),
        "- z: w\n  a: 1\n  b: 2\n"
    );
}

#[test]
fn items_keep_the_list_style() {
    let add = |stream: &Stream, edits: &mut Edits<'_>| {
        let list = at(stream, "s");
        let item = Item { comment: vec!["# new".into()], value: Value::text("new") };
        edits.insert_item(list, Position::After(stream.tree().items(list)[0]), item)
    };
    assert_eq!(edited("s:\n- a\n- b\n", add), "s:\n- a\n# new\n- new\n- b\n");
    assert_eq!(
        edited("s:\n    - a # a\n\n    # b\n    - b\n", add),
        "s:\n    - a # a\n    # new\n    - new\n\n    # b\n    - b\n"
    );
    assert_eq!(edited("s: [a, b]\n", add), "s: [a, new, b]\n");
    assert_eq!(edited("s:\n  - |\n    a\n\n  - b\n", add), "s:\n  - |\n    a\n  # new\n  - new\n\n  - b\n");
}

#[test]
fn deleting_takes_the_leading_comment_and_nothing_else() {
    let delete =
        |path: &'static str, name: &'static str| move |s: &Stream, e: &mut Edits<'_>| e.delete(key(s, path, name));
    assert_eq!(edited("a: 1\n# about b\nb: 2 # b\nc: 3\n", delete("", "b")), "a: 1\nc: 3\n");
    assert_eq!(
        edited("a:\n  x: 1\n\n# about b\nb:\n  y: |\n    z\n\n# about c\nc: 3\n", delete("", "b")),
        "a:\n  x: 1\n\n# about c\nc: 3\n"
    );
    assert_eq!(edited("a: 1\n\nb: 2\n\nc: 3\n", delete("", "c")), "a: 1\n\nb: 2\n");
    assert_eq!(edited("# file\n\na: 1\n\nb: 2\n", delete("", "a")), "# file\n\nb: 2\n");
    assert_eq!(edited("l:\n  - a: 1\n    b: 2\n", delete("l/0", "a")), "l:\n  - b: 2\n");
    assert_eq!(edited("m: {a: 1, b: 2, c: 3}\n", delete("m", "b")), "m: {a: 1, c: 3}\n");
    assert_eq!(edited("m: {a: 1, b: 2}\n", delete("m", "b")), "m: {a: 1}\n");
    for names in [["b", "c"], ["c", "b"]] {
        let both = |s: &Stream, e: &mut Edits<'_>| names.into_iter().try_for_each(|name| e.delete(key(s, "m", name)));
        assert_eq!(edited("m: {a: 1, b: 2, c: 3}\n", both), "m: {a: 1}\n");
        assert_eq!(edited("m: {b: 2, a: 1, c: 3, d: 4}\n", both), "m: {a: 1, d: 4}\n");
        assert_eq!(edited("m: {c: 3, b: 2, a: 1}\n", both), "m: {a: 1}\n");
    }
    assert!(refused("m: {a: 1,\n  b: 2 # b\n  }\n", delete("m", "b")).contains("a comment stands"));
    assert!(refused("m:\n  a: 1\n", delete("m", "a")).contains("last entry"));
    assert_eq!(refused("t: &t\n  x: 1\nu: *t\n", delete("", "t")), "the anchor `&t` is still used in line 3");
    // A file that ends without a line break still does.
    assert_eq!(edited("a: 1\nb: 2", delete("", "b")), "a: 1");
}

#[test]
fn replacing_keeps_the_comment_on_the_line() {
    let put = |value: Value| move |s: &Stream, e: &mut Edits<'_>| e.replace(at(s, "a"), value);
    assert_eq!(edited("a: 1 # why\nb: 2\n", put(Value::text("x"))), "a: x # why\nb: 2\n");
    assert_eq!(edited("a: # why\n  - x\n\nb: 2\n", put(Value::text("x"))), "a: x # why\n\nb: 2\n");
    assert_eq!(edited("a:\n  - x\nb: 2\n", put(Value::Sequence(vec![]))), "a: []\nb: 2\n");
    assert_eq!(
        edited("a: 1 # why\nb:\n- 2\n", put(Value::Sequence(vec![Item::new(Value::text("x"))]))),
        "a: # why\n- x\nb:\n- 2\n"
    );
    assert_eq!(edited("a: |\n  x\n  y\n\nb: 2\n", put(Value::Plain("true".into()))), "a: true\n\nb: 2\n");
}

#[test]
fn comments_that_go_are_named() {
    let stream = Stream::parse("a:\n  # about x\n  x: 1 # x\n  y: 2\n".into()).unwrap();
    let mut edits = Edits::new(&stream);
    edits.delete(key(&stream, "a", "x")).unwrap();
    assert_eq!(edits.finish().unwrap().done.lost_comments, ["# about x", "# x"]);
}

#[test]
fn renaming_keeps_the_quotes() {
    let rename = |to: &'static str| {
        move |s: &Stream, e: &mut Edits<'_>| {
            e.rename(key(s, "", "a"), to);
            Ok(())
        }
    };
    assert_eq!(edited("\"a\" : 1\n", rename("b")), "\"b\" : 1\n");
    assert_eq!(edited("a: 1\n", rename("b: c")), "\"b: c\": 1\n");
}

#[test]
fn scalars_are_edited_where_they_are_written() {
    let put = |from: &'static str, to: &'static str| {
        move |s: &Stream, e: &mut Edits<'_>| {
            let node = at(s, "a");
            let start = s.tree().scalar(node).unwrap().find(from).unwrap();
            e.edit_scalar(node, start..start + from.len(), to);
            Ok(())
        }
    };
    // Literal: lines keep the indentation, blank lines get none, trailing blanks stay.
    assert_eq!(
        edited("a: |\n    x  \n    y\n\n    z\nb: 1\n", put("y\n", "y1\n\ny2\n")),
        "a: |\n    x  \n    y1\n\n    y2\n\n    z\nb: 1\n"
    );
    assert_eq!(edited("a: |\n  x\n  y\nb: 1\n", put("y\n", "")), "a: |\n  x\nb: 1\n");
    assert_eq!(edited("a: |\n  x\n  y\nb: 1\n", put("x\n", "")), "a: |\n  y\nb: 1\n");
    assert_eq!(edited("a: |\n  x\n  y\nb: 1\n", put("y\n", "p\nq\n")), "a: |\n  x\n  p\n  q\nb: 1\n");
    assert_eq!(edited("a: |-\r\n  x\r\n  y", put("x", "p\nq")), "a: |-\r\n  p\r\n  q\r\n  y");
    // Folded, quoted and plain ones, within a line.
    assert_eq!(edited("a: >\n  one\n  two\n", put("e t", "e 2 t")), "a: >\n  one 2 two\n");
    assert_eq!(edited("a: >\n  one\n  two\n", put("two", "2")), "a: >\n  one\n  2\n");
    assert_eq!(edited("a: 'it''s x'\n", put("x", "y's")), "a: 'it''s y''s'\n");
    assert_eq!(edited("a: \"a\\tb x\"\n", put("x", "\"\\")), "a: \"a\\tb \\\"\\\\\"\n");
    assert_eq!(edited("a: some x # c\n", put("x", "y")), "a: some y # c\n");
    assert_eq!(edited("a: some\n  x\n", put("x", "y")), "a: some\n  y\n");
    // What the style cannot hold is written anew.
    assert_eq!(edited("a: some x # c\n", put("x", "y: z")), "a: \"some y: z\" # c\n");
    assert_eq!(edited("a: x y\n", put("x ", "")), "a: \"y\"\n");
    assert_eq!(edited("l:\n- k\na: some x\n", put("x", "p\nq")), "l:\n- k\na: |-\n  some p\n  q\n");
}

#[test]
fn overlapping_edits_are_an_error() {
    let text = refused("a:\n  x: 1\n  y: 2\n", |s, e| {
        e.replace(at(s, "a"), Value::text("z"))?;
        e.replace(at(s, "a/x"), Value::text("z"))
    });
    assert_eq!(text, "two edits touch the same bytes");
}

#[test]
fn a_result_that_says_something_else_is_an_error() {
    // A literal block cannot begin with more blanks than its first line has.
    let text = refused("a: |\n  x\n  y\n", |s, e| {
        e.edit_scalar(at(s, "a"), 0..0, "   ");
        Ok(())
    });
    assert!(text.contains("would not say what was meant") || text.contains("not YAML"), "{text}");
}

#[test]
fn several_documents_are_edited_each_in_its_place() {
    let before = "spec:\n  inputs:\n    a: {}\n---\njob:\n  script: x\n...\n";
    let stream = Stream::parse(before.into()).unwrap();
    let job = stream.tree().get(stream.tree().roots()[1], "job").unwrap();
    let mut edits = Edits::new(&stream);
    edits.insert_entry(job, Position::End, Entry::new("stage", Value::text("test"))).unwrap();
    assert_eq!(
        edits.finish().unwrap().now.text(),
        "spec:\n  inputs:\n    a: {}\n---\njob:\n  script: x\n  stage: test\n...\n"
    );
}

/// Every collection of every corpus file takes an insert at its end, and every child a deletion, as it was meant.
#[test]
fn corpus_files_take_edits_everywhere() {
    let Some(shared) = common::shared("corpus edits") else { return };
    let mut done = 0;
    let mut declined = Vec::new();
    let mut wrong = Vec::new();
    for (name, path) in common::pipelines(&shared) {
        let Ok(stream) = Stream::parse(std::fs::read_to_string(path).unwrap()) else { continue };
        for id in stream.tree().ids() {
            for (what, edits) in edits_at(&stream, id) {
                match edits {
                    Err(error) => {
                        declined.push(format!("{name} {what} {:?}: {error}", stream.line_column(stream.span(id).start)))
                    }
                    Ok(edits) => match edits.finish() {
                        Ok(edited) => {
                            if done % 50 == 0 {
                                Stream::parse(edited.now.text().to_owned())
                                    .unwrap_or_else(|e| panic!("{name} {what}: {e}"));
                            }
                            done += 1;
                        }
                        Err(error) => wrong
                            .push(format!("{name} {what} {:?}: {error}", stream.line_column(stream.span(id).start))),
                    },
                }
            }
        }
    }
    println!("corpus: {done} edits made, {} declined", declined.len());
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    let reasons = ["is still used in line", "the last entry of its block"];
    let odd: Vec<_> = declined.iter().filter(|d| !reasons.iter().any(|r| d.contains(r))).take(20).collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

fn edits_at(stream: &Stream, id: NodeId) -> Vec<(&'static str, std::result::Result<Edits<'_>, Error>)> {
    let tree = stream.tree();
    let with = |edit: &dyn Fn(&mut Edits<'_>) -> Result| {
        let mut edits = Edits::new(stream);
        edit(&mut edits).map(|()| edits)
    };
    let mut all = Vec::new();
    let is_key = |parent: NodeId| tree.kind(parent) == Kind::Mapping && tree.entries(parent).any(|(key, _)| key == id);
    if tree.parent(id).is_some_and(|parent| !is_key(parent)) {
        let value = || Value::Sequence(vec![Item::new(Value::text("new"))]);
        all.push(("replace by a list", with(&|e| e.replace(id, value()))));
        all.push(("replace by a text", with(&|e| e.replace(id, Value::text("new: text")))));
    }
    match tree.kind(id) {
        Kind::Mapping => {
            let entry = |mut entry: Entry| {
                entry.key += " of the test";
                entry
            };
            all.push(("entry at the end", with(&|e| e.insert_entry(id, Position::End, entry(variables())))));
            if let Some((first, _)) = tree.entries(id).next() {
                all.push((
                    "entry before the first",
                    with(&|e| e.insert_entry(id, Position::Before(first), entry(script()))),
                ));
                all.push(("delete the first", with(&|e| e.delete(first))));
            }
        }
        Kind::Sequence => {
            let item = || Item { comment: vec!["# c".into()], value: Value::text("a\nb\n") };
            all.push(("item at the end", with(&|e| e.insert_item(id, Position::End, item()))));
            if let Some(&last) = tree.items(id).last() {
                all.push(("delete the last", with(&|e| e.delete(last))));
            }
        }
        Kind::Scalar(style) => {
            let text = tree.scalar(id).unwrap();
            let line = text.find('\n').map_or(0, |i| i + 1);
            let word = text.char_indices().nth(3).map_or(0, |(i, _)| i);
            if style == Style::Literal {
                all.push((
                    "line into a literal",
                    with(&|e| {
                        e.edit_scalar(id, line..line, "new\n\nlines\n");
                        Ok(())
                    }),
                ));
            }
            all.push((
                "word into a scalar",
                with(&|e| {
                    e.edit_scalar(id, word..word, "n'e\"w: ");
                    Ok(())
                }),
            ));
        }
        Kind::Alias => {}
    }
    all
}
