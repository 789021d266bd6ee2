//! A cheap look before parsing.

use super::users::is_user;

/// Whether a script can hold a docker command or another that needs docker's daemon: if not, it need not be parsed for them.
///
/// Conservative: `true` proves nothing. `false` proves that [`docker`](super::docker()) and
/// [`other_daemon_users`](super::other_daemon_users) would find nothing, but for a name that is put together from pieces (`dock"er"`,
/// `$D`). It says nothing on [`hides_docker`](super::hides_docker): almost every script has a command that could hide something.
pub fn mentions_docker(text: &str) -> bool {
    if text.contains("docker") {
        return true;
    }
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.as_bytes()
        .split(|byte| !letter(byte))
        .filter(|word| word.len() > 2)
        .any(|word| std::str::from_utf8(word).is_ok_and(is_user))
}
