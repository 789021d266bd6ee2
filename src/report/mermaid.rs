//! The pipeline as a Mermaid graph, for a README.

use std::collections::HashMap;
use std::fmt::Write;

use super::data::Report;
use super::visible::visible;
use super::words::{WORDS, way};

/// Fill, line and text of each class, readable on a light and on a dark page.
const COLOURS: [(&str, &str, &str, &str); 7] = [
    ("migrated", "#d7f0de", "#1a7f45", "#0b3d20"),
    ("pending", "#dbe8fb", "#2b63b8", "#122f5c"),
    ("scoped", "#fbe9cf", "#a35c00", "#4a2a00"),
    ("left", "#fbdcdc", "#b3261e", "#4d0f0b"),
    ("doubtful", "#fbf3c4", "#8a6d00", "#3f3200"),
    ("none", "#eceef1", "#6b7280", "#27303b"),
    ("removed", "#f3f0f7", "#7a5ea8", "#3a2a56"),
];

/// The graph: a subgraph a stage, a node a job with what it becomes, an arrow for each of `needs`.
///
/// Source for the syntax: Mermaid's "Flowcharts", with "Entity codes to escape characters".
pub fn mermaid(report: &Report) -> String {
    let mut out = String::from("graph LR\n");
    let ids: HashMap<&str, usize> = report.jobs.iter().enumerate().map(|(id, job)| (job.name.as_str(), id)).collect();
    for (number, stage) in report.stages.iter().enumerate() {
        let _ = writeln!(out, "  subgraph s{number}[\"{}\"]", escaped(stage));
        for (id, job) in report.jobs.iter().enumerate().filter(|(_, job)| job.stage == *stage) {
            let (_, last) = way(job);
            let _ = writeln!(out, "    j{id}[\"{} {}\"]:::{}", last.sign, escaped(&job.name), last.class);
        }
        out.push_str("  end\n");
    }
    for (id, job) in report.jobs.iter().enumerate() {
        for need in job.needs.iter().flatten().filter_map(|need| ids.get(need.as_str())) {
            let _ = writeln!(out, "  j{need} --> j{id}");
        }
    }
    // Stages without a `needs` between them still follow one another.
    for number in 1..report.stages.len() {
        let _ = writeln!(out, "  s{} ~~~ s{number}", number - 1);
    }
    for word in WORDS {
        if !report.jobs.iter().any(|job| way(job).1 == word) {
            continue;
        }
        for (class, fill, line, text) in COLOURS.iter().filter(|colours| colours.0 == word.class) {
            let _ = writeln!(out, "  classDef {class} fill:{fill},stroke:{line},color:{text}");
        }
    }
    out
}

/// Text within quotes: whatever could be markup, or end the quotes, is an entity code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            ' ' | '/' | '-' | '.' | ',' | '(' | ')' => out.push(letter),
            _ if letter.is_alphanumeric() => out.push(letter),
            _ => {
                let _ = write!(out, "#{};", letter as u32);
            }
        }
    }
    out
}
