//! The wildcards of `include: local`.

/// Whether a path matches: `*` is anything within a folder, `**` anything at all.
///
/// Source: `Repository#search_files_by_wildcard_path`, which turns `**` into `.*?` and `*` into `[^/]*?`; so
/// `configs/**.yml` finds the files of `configs` and below it, `configs/**/*.yml` only those below. That is not what
/// `globset` or a shell takes these for, hence this.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.as_bytes();
    // Which prefixes of the path the pattern so far can take.
    let mut reached = vec![false; path.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    let mut rest = pattern;
    loop {
        rest = match rest {
            [] => return reached.last() == Some(&true),
            [b'*', b'*', rest @ ..] => {
                spread(&mut reached, path, |_| true);
                rest
            }
            [b'*', rest @ ..] => {
                spread(&mut reached, path, |byte| byte != b'/');
                rest
            }
            [byte, rest @ ..] => {
                let stepped = std::iter::once(false)
                    .chain(reached.iter().zip(path.bytes()).map(|(&here, next)| here && next == *byte));
                reached = stepped.collect();
                rest
            }
        };
    }
}

fn spread(reached: &mut [bool], path: &str, passes: impl Fn(u8) -> bool) {
    let mut before = false;
    for (here, byte) in reached.iter_mut().zip(std::iter::once(b'/').chain(path.bytes())) {
        *here |= before && passes(byte);
        before = *here;
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_are_those_of_gitlab() {
        assert!(matches("configs/*.yml", "configs/a.yml"));
        assert!(!matches("configs/*.yml", "configs/b/a.yml"));
        assert!(matches("configs/**.yml", "configs/a.yml"));
        assert!(matches("configs/**.yml", "configs/b/c/a.yml"));
        assert!(matches("configs/**/*.yml", "configs/b/c/a.yml"));
        assert!(!matches("configs/**/*.yml", "configs/a.yml"));
        assert!(matches("*/ci.yml", "a/ci.yml"));
        assert!(!matches("a.yml", "axyml"));
        assert!(!matches("[a].yml", "a.yml"));
        assert!(matches("**", "any/thing"));
    }
}
