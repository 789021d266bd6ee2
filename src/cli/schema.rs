//! The JSON schemas of what the commands answer with `--format json`, as `schemas/` has them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::{effective, explain, phase, prepare, rollout, undo};
use crate::migration::{Check, Status};
use crate::report::Report;

/// Every answer by its command, with its schema (JSON Schema 2020-12). A command that gets an answer gets a line here.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("check", of::<Check>()),
        ("effective", of::<effective::Answer>()),
        ("explain", of::<explain::Answer>()),
        ("phase", of::<phase::Answer<'static>>()),
        ("phase-0", of::<prepare::Answer>()),
        ("report", of::<Report>()),
        ("rollout", of::<crate::rollout::Report>()),
        ("rollout-list", of::<rollout::Listed>()),
        ("rollout-undo", of::<rollout::Undone>()),
        ("run", of::<Vec<phase::Answer<'static>>>()),
        ("status", of::<Status>()),
        ("undo", of::<undo::Answer<'static>>()),
        ("undo-forget", of::<undo::Forgotten<'static>>()),
        ("undo-list", of::<undo::List<'static>>()),
    ]
}

/// As it is written, not as it might be read: a key that is null is there.
fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
