//! Where the files may be that a job's commands name.

use std::rc::Rc;

use crate::pipeline::within;
use crate::transform::{Around, Facts, Values};

/// The folders of a job, and what its variables may be.
#[derive(Default)]
pub(super) struct Ground {
    /// From the root, which is the first.
    folders: Vec<String>,
    pub(super) values: Rc<Values>,
    pub(super) around: Around,
}

impl Ground {
    /// The root, each folder that the job changes to alone, and joined in order.
    pub(super) fn of(facts: &mut Facts<'_>, mut values: Values) -> Ground {
        // Nobody asks for it again, and a long pipeline has many.
        let around = facts.around.take().map(|around| *around).unwrap_or_default();
        around.sets.iter().for_each(|(name, value)| values.set(name, value.clone()));
        let mut ground = Ground { values: Rc::new(values), ..Ground::root() };
        let mut joined = vec![String::new()];
        for written in &around.folders {
            let readings = ground.readings(written);
            let alone = readings.iter().filter_map(|folder| within(folder).ok());
            let deeper = joined.iter().flat_map(|above| readings.iter().filter_map(|folder| join(above, folder)));
            let (alone, deeper): (Vec<String>, Vec<String>) = (alone.collect(), deeper.take(MOST).collect());
            ground.folders.extend(alone.iter().chain(&deeper).cloned());
            if !deeper.is_empty() {
                joined = deeper;
            }
        }
        unique(&mut ground.folders);
        ground.around = around;
        ground
    }

    /// A folder, and the root.
    pub(super) fn at(folder: &str) -> Ground {
        let mut ground = Ground { folders: vec![folder.to_owned(), String::new()], ..Ground::default() };
        unique(&mut ground.folders);
        ground
    }

    /// The root alone.
    pub(super) fn root() -> Ground {
        Ground { folders: vec![String::new()], ..Ground::default() }
    }

    /// The paths that a word may stand for, below every folder.
    pub(super) fn paths(&self, written: &str) -> Vec<String> {
        let readings = self.readings(written);
        let below = |folder: &String| readings.iter().filter_map(|path| join(folder, path)).collect::<Vec<_>>();
        let mut paths: Vec<String> = self.folders.iter().flat_map(below).collect();
        paths.retain(|path| !path.is_empty());
        unique(&mut paths);
        paths
    }

    /// The folders, with those that a command names itself.
    pub(super) fn folders(&self, named: &[String]) -> Vec<String> {
        let named = named.iter().flat_map(|folder| self.paths(folder));
        let mut folders: Vec<String> = self.folders.iter().cloned().chain(named).collect();
        unique(&mut folders);
        folders
    }

    /// What a word may be from where the job stands, as far as that is known.
    fn readings(&self, written: &str) -> Vec<String> {
        let root = ["$CI_PROJECT_DIR", "${CI_PROJECT_DIR}", "$PWD", "${PWD}", "$(pwd)"];
        let known = |reading: &String| {
            let path = root.iter().find_map(|prefix| reading.strip_prefix(prefix)).map(|rest| format!(".{rest}"));
            let path = path.unwrap_or_else(|| reading.clone());
            (!path.starts_with(['/', '~', '-']) && !path.contains(['$', '`', '\n'])).then_some(path)
        };
        self.values.readings(written).iter().filter_map(known).collect()
    }
}

/// As many folders are joined.
const MOST: usize = 16;

/// The path below a folder; none when it leads out of the repository.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    within(&format!("{folder}/{path}")).ok()
}

fn unique(paths: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
}
