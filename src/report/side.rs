//! The values of a keyword before and after, line by line and beside each other.

use serde_json::Value;
use similar::{DiffOp, TextDiff};

use super::data::KeywordDifference;

/// Lines that are alike, shown before and after those that are not.
const CONTEXT: usize = 2;

/// So few lines are shown rather than counted.
const SHORT: usize = 3;

/// One row of two columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Same(String),
    /// The lines that go, and those that come in their place.
    Differs(Vec<String>, Vec<String>),
    /// So many lines are alike and not shown.
    Gap(usize),
}

/// A keyword's two values beside each other.
pub(super) fn rows(difference: &KeywordDifference) -> Vec<Row> {
    let (old, new) = (written(difference, &difference.before), written(difference, &difference.after));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut rows = Vec::new();
    let count = diff.ops().len();
    for (number, op) in diff.ops().iter().enumerate() {
        if let DiffOp::Equal { old_index, len, .. } = *op {
            let same = old.get(old_index..old_index + len).unwrap_or_default();
            let (lead, tail) = (if number == 0 { 0 } else { CONTEXT }, if number + 1 == count { 0 } else { CONTEXT });
            // The key itself is always told.
            let lead = if number == 0 { 1 } else { lead };
            let all = |lines: &[&str]| lines.iter().map(|line| Row::Same((*line).to_owned())).collect::<Vec<_>>();
            if len <= lead + tail + SHORT {
                rows.extend(all(same));
            } else {
                rows.extend(all(same.get(..lead).unwrap_or_default()));
                rows.push(Row::Gap(len - lead - tail));
                rows.extend(all(same.get(len - tail..).unwrap_or_default()));
            }
            continue;
        }
        let side = |lines: Option<&[&str]>| lines.unwrap_or_default().iter().map(|line| (*line).to_owned()).collect();
        rows.push(Row::Differs(side(old.get(op.old_range())), side(new.get(op.new_range()))));
    }
    rows
}

/// The same one below the other, with the marks of a diff.
pub(super) fn unified_lines(difference: &KeywordDifference) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows(difference) {
        match row {
            Row::Same(line) => lines.push(format!(" {line}")),
            Row::Gap(count) => lines.push(format!("@@ {count} lines are the same @@")),
            Row::Differs(old, new) => {
                lines.extend(old.into_iter().map(|line| format!("-{line}")));
                lines.extend(new.into_iter().map(|line| format!("+{line}")));
            }
        }
    }
    lines
}

/// A keyword with its value in the manner of YAML, for people: it is not quoted.
fn written(difference: &KeywordDifference, value: &Option<Value>) -> String {
    let mut out = String::new();
    if let Some(value) = value {
        entry(&mut out, 0, &format!("{}:", difference.keyword), value);
    }
    out
}

fn entry(out: &mut String, indent: usize, lead: &str, value: &Value) {
    let pad = " ".repeat(indent);
    let line = |out: &mut String, text: &str| {
        let text: String = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        out.push_str(&format!("{pad}{text}\n"));
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            line(out, lead);
            items.iter().for_each(|item| entry(out, indent + 2, "-", item));
        }
        Value::Object(entries) if !entries.is_empty() => {
            line(out, lead);
            entries.iter().for_each(|(key, value)| entry(out, indent + 2, &format!("{key}:"), value));
        }
        Value::String(text) if text.trim_end_matches('\n').contains('\n') => {
            line(out, &format!("{lead} |"));
            text.trim_end_matches('\n')
                .split('\n')
                .for_each(|text| line(out, &format!("  {}", text.trim_end_matches('\r'))));
        }
        Value::String(text) if text.is_empty() => line(out, &format!("{lead} \"\"")),
        Value::String(text) => line(out, &format!("{lead} {}", text.trim_end_matches('\n'))),
        other => line(out, &format!("{lead} {other}")),
    }
}
