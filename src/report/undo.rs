//! How to take a migration back.

use super::data::{PhaseReport, PhaseState, Since, Undo};

/// What to do to undo what was applied, and what is still to come.
pub(super) fn undo(since: Option<&Since>, phases: &[PhaseReport]) -> Vec<Undo> {
    let mut all = Vec::new();
    if let Some(since) = since.filter(|since| !since.files.is_empty()) {
        let words = |files: Vec<&String>| files.into_iter().map(|file| quoted(file)).collect::<Vec<_>>().join(" ");
        let (new, old): (Vec<_>, Vec<_>) = since.files.iter().partition(|file| since.new_files.contains(file));
        let restore =
            (!old.is_empty()).then(|| format!("git restore --source={} -- {}", quoted(&since.revision), words(old)));
        let remove = (!new.is_empty()).then(|| format!("rm -- {}", words(new)));
        all.push(Undo {
            what: format!("Everything since `{}`: bring its pipeline files back.", since.revision),
            commands: restore.into_iter().chain(remove).collect(),
        });
        if !since.applied.is_empty() {
            all.push(Undo {
                what: "The phase that was applied last, where it was applied: from the journal that is kept there."
                    .to_owned(),
                commands: vec!["ci-migrate undo".to_owned()],
            });
        }
        all.push(Undo {
            what: "One commit that is already merged: revert it, which leaves the others.".to_owned(),
            commands: vec!["git revert COMMIT".to_owned()],
        });
    }
    let pending: Vec<&PhaseReport> = phases.iter().filter(|phase| phase.state == PhaseState::Pending).collect();
    if let Some(first) = pending.first() {
        all.push(Undo {
            what:
                "What is planned is not written yet: there is nothing to undo. Each phase is applied on its own, and \
                   can be taken back before the next."
                    .to_owned(),
            commands: vec![
                format!("ci-migrate phase {} --dry-run", first.number),
                format!("ci-migrate phase {}", first.number),
                "ci-migrate undo".to_owned(),
            ],
        });
    }
    all
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
