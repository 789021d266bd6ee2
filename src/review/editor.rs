//! A text in the person's own editor.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use super::foreground::Screen;

/// Opens `$VISUAL`, `$EDITOR` or `vi` on a copy; none when it came back the same.
pub(super) fn edit(path: &str, text: &str) -> io::Result<Option<String>> {
    let words = ["VISUAL", "EDITOR"].into_iter().find_map(set).unwrap_or_else(|| "vi".to_owned());
    let unusable = |why: String| io::Error::other(format!("the editor `{words}` cannot be run: {why}"));
    let command = shell_words::split(&words).map_err(|error| unusable(error.to_string()))?;
    let [program, arguments @ ..] = command.as_slice() else { return Err(unusable("it has no name".to_owned())) };

    // The name ends as the file's does, by which editors know what it is.
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let mut copy = tempfile::Builder::new().prefix("ci-migrate-").suffix(&*name).tempfile()?;
    copy.write_all(text.as_bytes())?;
    copy.flush()?;
    let ended = {
        let _screen = Screen::lend();
        Command::new(program).args(arguments).arg(copy.path()).status().map_err(|error| unusable(error.to_string()))?
    };
    if !ended.success() {
        return Err(io::Error::other(format!("Nothing was edited. The editor `{words}` ended with {ended}.")));
    }
    // By its name: an editor may have put a new file in its place.
    let edited = String::from_utf8(fs::read(copy.path())?);
    let edited = edited.map_err(|_| io::Error::other("what the editor wrote is not UTF-8"))?;
    Ok(Some(edited).filter(|edited| edited != text))
}

/// A variable of the environment that is set to something.
pub(super) fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
