//! Any text is read, or refused; what is read is kept to the byte, and an edit anywhere reads back as it was meant.
#![no_main]

use ci_migrate::yaml::{Edits, Entry, Position, Stream, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, &str)| {
    let (kind, at, text) = input;
    let Ok(stream) = Stream::parse(text.to_owned()) else { return };
    assert_eq!(stream.text(), text);
    let tree = stream.tree();
    let nodes: Vec<_> = tree.ids().collect();
    let Some(&node) = nodes.get(at as usize % nodes.len().max(1)) else { return };
    let mut edits = Edits::new(&stream);
    let done = match kind % 4 {
        0 => edits.delete(node),
        1 => edits.replace(node, Value::text("a: new # value")),
        2 => edits.insert_entry(node, Position::End, Entry::new("new key", Value::text("x"))),
        _ => {
            edits.edit_scalar(node, 0..0, "docker ");
            Ok(())
        }
    };
    if done.is_ok() && let Ok(edited) = edits.finish() {
        // What comes out can be read again, and is kept again.
        let again = Stream::parse(edited.text.clone()).unwrap_or_else(|error| panic!("{error:?}\n{}", edited.text));
        assert_eq!(again.text(), edited.text);
    }
});
