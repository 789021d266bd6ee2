//! The values of a keyword before and after, line by line and beside each other.

use serde_json::Value;
use similar::{DiffOp, TextDiff};

use super::data::KeywordDifference;

/// Lines that are alike, shown before and after those that are not.
const CONTEXT: usize = 2;

/// One row: a line before, a line after, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Same(String),
    /// Either may be none.
    Differs(Option<String>, Option<String>),
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
            if len <= lead + tail + 1 {
                rows.extend(all(same));
            } else {
                rows.extend(all(same.get(..lead).unwrap_or_default()));
                rows.push(Row::Gap(len - lead - tail));
                rows.extend(all(same.get(len - tail..).unwrap_or_default()));
            }
            continue;
        }
        let (old, new) = (old.get(op.old_range()).unwrap_or_default(), new.get(op.new_range()).unwrap_or_default());
        for line in 0..old.len().max(new.len()) {
            let side = |lines: &[&str]| lines.get(line).map(|line| (*line).to_owned());
            rows.push(Row::Differs(side(old), side(new)));
        }
    }
    rows
}

/// The same one below the other, with the marks of a diff.
pub(super) fn unified_lines(difference: &KeywordDifference) -> Vec<String> {
    let (mut lines, mut added) = (Vec::new(), Vec::new());
    for row in rows(difference) {
        if let Row::Differs(old, new) = row {
            lines.extend(old.map(|line| format!("-{line}")));
            added.extend(new.map(|line| format!("+{line}")));
            continue;
        }
        lines.append(&mut added);
        lines.push(match row {
            Row::Same(line) => format!(" {line}"),
            Row::Gap(count) => format!("@@ {count} lines are the same @@"),
            Row::Differs(..) => String::new(),
        });
    }
    lines.append(&mut added);
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
