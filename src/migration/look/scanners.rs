//! What the configuration files of scanners say of where images are read from.

use super::{Found, Looks};
use crate::pipeline::within;
use crate::shell::{program, reads_from_daemon_only};
use crate::transform::{Facts, short};

struct Scanner {
    program: &'static str,
    /// What it reads without being told.
    files: &'static [&'static str],
    /// The variable that names another one.
    variable: &'static str,
    /// The keys whose values are sources of images.
    keys: &'static [&'static str],
}

/// trivy, "Config file"; anchore's syft and grype, "Configuration".
const SCANNERS: [Scanner; 3] = [
    Scanner { program: "trivy", files: &["trivy.yaml"], variable: "TRIVY_CONFIG", keys: &["source"] },
    Scanner {
        program: "syft",
        files: &[".syft.yaml", ".syft/config.yaml"],
        variable: "SYFT_CONFIG",
        keys: &["from", "default-image-pull-source", "default-pull-source"],
    },
    Scanner {
        program: "grype",
        files: &[".grype.yaml", ".grype/config.yaml"],
        variable: "GRYPE_CONFIG",
        keys: &["from", "default-image-pull-source"],
    },
];

impl Looks<'_> {
    /// Scanners that a file of the repository tells to read images out of the daemon.
    pub(super) fn scanners(&mut self, facts: &mut Facts<'_>) {
        for (mut reason, command) in std::mem::take(&mut facts.scans) {
            let Some(scanner) = SCANNERS.iter().find(|it| program(&command) == Some(it.program)) else { continue };
            let mut files: Vec<String> =
                scanner.files.iter().flat_map(|name| self.listed(&format!("**/{name}"), super::MOST)).collect();
            let variable = facts.effective.variable(scanner.variable);
            let named = variable.map(|variable| variable.setting.variable_text().into_owned());
            let words = command.words.iter().map(|word| word.display());
            let words = words.map(|word| word.split_once('=').map_or(word, |(_, value)| value).to_owned());
            let is_file = |word: &String| word.ends_with(".yaml") || word.ends_with(".yml");
            files.extend(words.chain(named).filter(is_file).filter_map(|path| within(&path).ok()));
            let told =
                files.iter().find_map(|path| Some((path, self.text(path).and_then(|text| told(&text, scanner))?)));
            if let Some((path, Found::Docker(line, what))) = told {
                reason.message = format!("`{what}` in {path}:{line} has it read the image out of the daemon");
                facts.needs.push(reason);
            }
        }
    }
}

/// The line that names the daemon as the one source: `source: [docker]`, or an item below.
fn told(text: &str, scanner: &Scanner) -> Option<Found> {
    let lines: Vec<&str> = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim()).collect();
    lines.iter().enumerate().find_map(|(number, line)| {
        let (key, value) = line.split_once(':').filter(|(key, _)| scanner.keys.contains(key))?;
        let items = lines.get(number + 1..)?.iter().map_while(|line| line.strip_prefix("- "));
        let sources: Vec<&str> = value.trim().trim_matches(['[', ']']).split(',').chain(items).collect();
        reads_from_daemon_only(&sources.join(",")).then(|| Found::Docker(number + 1, short(&format!("{key}:{value}"))))
    })
}
