//! Paths as git writes them in a diff.

/// A path behind `a/` or `b/`, in quotes where git puts it in quotes (with `core.quotePath` as it is by default).
pub(super) fn quoted(side: &str, path: &str) -> String {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if path.bytes().all(plain) {
        return format!("{side}/{path}");
    }
    let mut out = format!("\"{side}/");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b'\x07' => out.push_str("\\a"),
            b'\x08' => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\x0b' => out.push_str("\\v"),
            b'\x0c' => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03o}")),
        }
    }
    out.push('"');
    out
}

/// The same behind `---` and `+++`, where a tab ends a name with blanks in it.
pub(super) fn labelled(side: &str, path: &str) -> String {
    let end = if path.contains(' ') { "\t" } else { "" };
    quoted(side, path) + end
}
