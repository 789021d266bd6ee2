//! What the fuzz targets try with any bytes; the inputs that were found to fail are tried again by `tests/found.rs`.
#![allow(dead_code, reason = "each target uses a part of it")]

use ci_migrate::shell::{Script, daemon, docker, hides_docker, other_daemon_users};
use ci_migrate::yaml::{Edits, Entry, Position, Stream, Value};

/// Any text is read, or refused; what is read is kept to the byte, and what an edit anywhere in it makes can be read.
///
/// The first byte says what is edited, the next two where.
pub fn document(bytes: &[u8]) {
    let [kind, low, high, text @ ..] = bytes else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let Ok(stream) = Stream::parse(text.to_owned()) else { return };
    assert_eq!(stream.text(), text);
    let tree = stream.tree();
    let nodes: Vec<_> = tree.ids().collect();
    let at = usize::from(u16::from_le_bytes([*low, *high]));
    let Some(&node) = nodes.get(at % nodes.len().max(1)) else { return };
    let mut edits = Edits::new(&stream);
    let done = match kind % 6 {
        0 => edits.delete(node),
        1 => edits.replace(node, Value::text("a: new # value")),
        2 => edits.insert_entry(node, Position::End, Entry::new("new key", Value::text("x"))),
        3 => edits.insert_item(node, Position::End, ci_migrate::yaml::Item::new(Value::text("one\ntwo\n"))),
        4 => edits
            .replace(node, Value::Mapping(vec![Entry::new("a", Value::text("- b")), Entry::new("c", Value::text(""))])),
        _ => {
            let text = tree.scalar(node).unwrap_or_default();
            let word = text.char_indices().nth(at % 7).map_or(0, |(i, _)| i);
            edits.edit_scalar(node, word..word, "docker 'a' \"b\": #");
            Ok(())
        }
    };
    if done.is_ok()
        && let Ok(edited) = edits.finish()
    {
        let again = Stream::parse(edited.now.text().to_owned())
            .unwrap_or_else(|error| panic!("{error:?}\n{}", edited.now.text()));
        assert_eq!(again.text(), edited.now.text());
        assert_eq!(again.tree(), edited.now.tree());
    }
}

/// Any script is read; every place that is given is a part of its item and holds what it says.
///
/// Items end where a zero stands.
pub fn scripts(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let items: Vec<&str> = text.split('\0').collect();
    let script = Script::parse(items.iter().copied());
    for command in script.commands() {
        if let Some(span) = &command.span {
            assert!(items[span.item].get(span.range.clone()).is_some());
        }
        for word in &command.words {
            if let Some(place) = word.place() {
                assert_eq!(items[place.item].get(place.range.clone()), Some(word.raw()));
            }
        }
        if let Some(docker) = docker(command) {
            let _ = daemon(&docker);
        }
        let _ = (other_daemon_users(command), hides_docker(command));
    }
}
