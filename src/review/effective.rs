//! What a plan does to a job in effect, as a diff.

use serde_json::Value;

use crate::pipeline::Pipeline;
use crate::report::unified;

/// The effective configuration of a job before and after, as a unified diff without the lines that name files. Each hunk names the
/// keyword that it is in.
pub fn effective_diff(before: &Pipeline, after: &Pipeline, job: &str) -> String {
    let outline = |pipeline: &Pipeline| {
        let job = pipeline.job(job)?;
        let mut lines = Vec::new();
        outline(&job.effective().to_json(), 0, &mut lines);
        Some(lines)
    };
    let (before, after) = (outline(before), outline(after));
    let keyword = |line: usize| {
        let lines = before.as_ref()?.get(..line)?;
        let top = lines.iter().rev().find(|line| !line.starts_with([' ', '-']))?;
        Some(top.split_once(':').map_or(top.as_str(), |(keyword, _)| keyword).to_owned())
    };
    let text = |lines: &Option<Vec<String>>| lines.as_ref().map(|lines| lines.join("\n") + "\n");
    let diff = unified(job, text(&before).as_deref(), text(&after).as_deref(), &keyword);
    diff.find("@@ ").and_then(|start| diff.get(start..)).unwrap_or_default().to_owned()
}

/// A value as a person would write it in YAML, without a thought of quotes.
fn outline(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let below = |mark: String, value: &Value, lines: &mut Vec<String>| match value {
        Value::Object(map) if !map.is_empty() => {
            lines.push(format!("{indent}{mark}"));
            outline(value, depth + 1, lines);
        }
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{indent}{mark}"));
            outline(value, depth + 1, lines);
        }
        Value::String(text) if text.trim_end().contains('\n') => {
            lines.push(format!("{indent}{mark} |"));
            lines.extend(text.lines().map(|line| format!("{indent}    {line}").trim_end().to_owned()));
        }
        Value::String(text) if text.is_empty() => lines.push(format!("{indent}{mark} \"\"")),
        Value::String(text) => lines.push(format!("{indent}{mark} {}", text.trim_end())),
        scalar => lines.push(format!("{indent}{mark} {scalar}")),
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(format!("{key}:"), value, lines)),
        Value::Array(items) => items.iter().for_each(|item| below("-".to_owned(), item, lines)),
        _ => {}
    }
}
