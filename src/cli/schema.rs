//! The JSON schemas of what the commands answer with `--format json`, as `schemas/` has them.

use schemars::{Schema, schema_for};

use super::{effective, phase};
use crate::migration::{Check, Status};
use crate::report::Report;

/// Every answer by its command, with its schema (JSON Schema 2020-12). A command that gets an answer gets a line here.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("check", schema_for!(Check)),
        ("effective", schema_for!(effective::Answer)),
        ("phase", schema_for!(phase::Answer<'static>)),
        ("report", schema_for!(Report)),
        ("status", schema_for!(Status)),
    ]
}
