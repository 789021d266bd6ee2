//! Files whose lines a job exports: `export $(grep -v '^#' .env | xargs)`.

use super::Looks;
use crate::shell::{Command, Script};
use crate::transform::{Facts, cluster_of, hangs_on_daemon};

impl Looks<'_> {
    /// Notes where such a file sets what the docker client reads: what the job says of it counts no longer.
    pub(super) fn exports(&mut self, facts: &mut Facts<'_>) {
        for (mut unseen, command) in std::mem::take(&mut facts.exports) {
            if let Some((path, name)) = self.client_variable(&command) {
                unseen.reason.message += &format!(": {path} says {name}");
                facts.hidden.push(unseen);
            }
        }
    }

    /// The first file among the words of a command that names a variable of the docker client.
    fn client_variable(&mut self, command: &Command) -> Option<(String, String)> {
        let words = command.raw().split(|c: char| c.is_whitespace() || "()<>|;'\"`".contains(c));
        let paths = words.map(|word| {
            let below = ["./", "$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/"];
            below.iter().find_map(|prefix| word.strip_prefix(prefix)).unwrap_or(word)
        });
        let mut paths = paths.filter(|path| !path.is_empty() && !path.starts_with(['-', '/', '$', '~']));
        paths.find_map(|path| {
            let script = Script::parse([self.text(path)?]);
            let said = hangs_on_daemon(&script).map(str::to_owned);
            Some((path.to_owned(), said.or_else(|| Some(cluster_of(&script)?.1))?))
        })
    }
}
