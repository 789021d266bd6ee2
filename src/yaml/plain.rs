//! Which text may be written without quotes, and still be read as that text by YAML 1.1 *and* 1.2 readers.

/// Whether a plain scalar of this text is read as a string and as this text.
///
/// GitLab's parser (Psych on libyaml) follows YAML 1.1, others 1.2: where one of them would see a number, a
/// date, a boolean, null, a merge key or a value sign, the answer is no.
pub fn is_plain_string(text: &str, flow: bool) -> bool {
    is_plain(text, flow) && !is_typed(text)
}

/// Whether the text, written plain, is one plain scalar (YAML 1.2, 7.3.3), whatever its type.
pub fn is_plain(text: &str, flow: bool) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second = chars.next();
    let indicator = match first {
        '-' | '?' | ':' => second.is_none_or(|c| c == ' ' || (flow && is_flow(c))),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => true,
        c => c.is_whitespace(),
    };
    !indicator
        && !text.ends_with([' ', '\t', ':'])
        && !text.contains(": ")
        && !text.contains(":\t")
        && !text.contains(" #")
        && !text.contains("\t#")
        && !(text.starts_with("---") || text.starts_with("..."))
        && !text.chars().any(|c| is_unprintable(c) || (flow && is_flow(c)))
}

/// Whether a plain scalar of this text is not a string to a YAML 1.1 or 1.2 reader.
pub fn is_typed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | "="
            | "<<"
            | ".nan"
            | ".inf"
            | "-.inf"
            | "+.inf"
    ) || is_numeric(&lower)
}

/// Numbers, sexagesimals and dates of both versions, taken widely: what starts like one and has only their signs.
fn is_numeric(lower: &str) -> bool {
    let unsigned = lower.trim_start_matches(['+', '-', '.']);
    let Some(first) = unsigned.chars().next() else { return false };
    let is_part = |c: char| c.is_ascii_digit() || "_.,:+-etz \t".contains(c);
    if !first.is_ascii_digit() {
        return false;
    }
    match unsigned.get(..2) {
        Some("0x") => unsigned[2..].chars().all(|c| c.is_ascii_hexdigit() || c == '_'),
        Some("0b" | "0o") => unsigned[2..].chars().all(|c| c.is_ascii_digit() || c == '_'),
        _ => unsigned.chars().all(is_part),
    }
}

/// Characters that only an escape can carry.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

fn is_flow(c: char) -> bool {
    matches!(c, ',' | '[' | ']' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_either_version_reads_as_something_else_is_not_plain() {
        for text in [
            "",
            "~",
            "null",
            "Null",
            "true",
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "=",
            "<<",
            "1",
            "-1",
            "+1",
            "0755",
            "1_000",
            "1:30",
            "190:20:30",
            "0x1F",
            "0b101",
            "0o17",
            "1.5",
            "1e3",
            ".5",
            ".inf",
            "-.INF",
            ".nan",
            "2001-12-14",
            "2001-12-14 21:59:43.10 -5",
            "1,000",
        ] {
            assert!(!is_plain_string(text, false), "{text:?}");
        }
    }

    #[test]
    fn what_would_not_be_one_plain_scalar_is_not_plain() {
        for text in [
            "- a",
            "?",
            ": a",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "'a",
            "\"a",
            "%a",
            "@a",
            "`a",
            " a",
            "a ",
            "a:",
            "a\nb",
            "---",
            "... a",
            "[a",
            "{a",
            "a\tb",
            "\u{feff}a",
        ] {
            assert!(!is_plain_string(text, false), "{text:?}");
        }
        assert!(!is_plain_string("a,b", true));
        assert!(!is_plain_string("-]", true));
    }

    #[test]
    fn ordinary_text_is_plain() {
        for text in [
            "docker:29-cli",
            "a,b",
            "-a",
            "a:b",
            "http://x/#y",
            "echo \"$A\" | docker login",
            "1.2.3-alpine",
            "v1",
            "${A}",
        ] {
            assert!(is_plain_string(text, false), "{text:?}");
        }
    }
}
