//! The pipeline as a drawing: a column a stage, a box a job, a line for each of `needs`.

use std::collections::HashMap;

use super::data::{JobReport, Report};
use super::visible::visible;
use super::words::{Word, change, phases, way};

/// A box, and the space around it.
pub(super) const WIDTH: usize = 226;
pub(super) const HEIGHT: usize = 60;
const GAP: usize = 12;
/// Between two stages, where the lines run.
const BETWEEN: usize = 64;
const MARGIN: usize = 16;
/// The stage's name stands above its boxes.
const HEADING: usize = 40;
/// Letters of a name that a box has room for.
const LETTERS: usize = 27;

/// A drawing in whole pixels.
pub(super) struct Graph {
    pub width: usize,
    pub height: usize,
    pub columns: Vec<Column>,
    pub boxes: Vec<Node>,
    pub lines: Vec<Line>,
}

/// A stage: perhaps in several columns.
pub(super) struct Column {
    pub x: usize,
    pub width: usize,
    pub name: String,
    pub jobs: usize,
}

pub(super) struct Node {
    /// The number of the job in the report.
    pub job: usize,
    pub x: usize,
    pub y: usize,
    /// What fits into the box.
    pub name: String,
    pub note: String,
    pub when: String,
    /// All of it, for a pointer that rests and for those who hear it.
    pub title: String,
    pub first: Word,
    pub last: Word,
    pub changed: bool,
}

pub(super) struct Line {
    pub from: usize,
    pub to: usize,
    pub path: String,
}

impl Graph {
    pub fn of(report: &Report) -> Graph {
        let rows = rows(report);
        let mut graph = Graph { width: MARGIN, height: 0, columns: Vec::new(), boxes: Vec::new(), lines: Vec::new() };
        for stage in &report.stages {
            let jobs = report.jobs.iter().enumerate().filter(|(_, job)| job.stage == *stage);
            let jobs: Vec<(usize, &JobReport)> = jobs.collect();
            let columns = jobs.len().div_ceil(rows).max(1);
            // Columns of one stage are filled evenly.
            let rows = jobs.len().div_ceil(columns).max(1);
            let width = columns * WIDTH + (columns - 1) * GAP;
            for (place, (number, job)) in jobs.iter().enumerate() {
                let x = graph.width + (place / rows) * (WIDTH + GAP);
                let y = MARGIN + HEADING + (place % rows) * (HEIGHT + GAP);
                graph.boxes.push(node(*number, job, x, y));
                graph.height = graph.height.max(y + HEIGHT + MARGIN);
            }
            graph.columns.push(Column { x: graph.width, width, name: short(stage), jobs: jobs.len() });
            graph.width += width + BETWEEN;
        }
        graph.width = graph.width.saturating_sub(BETWEEN) + MARGIN;
        graph.lines = lines(report, &graph.boxes);
        graph
    }
}

/// How many boxes stand one below the other: as few as make a drawing that is not too wide.
fn rows(report: &Report) -> usize {
    match report.jobs.len() {
        0..=200 => 16,
        201..=600 => 24,
        _ => 40,
    }
}

fn node(number: usize, job: &JobReport, x: usize, y: usize) -> Node {
    let (first, last) = way(job);
    Node {
        job: number,
        x,
        y,
        name: short(&job.name),
        note: format!("{} {}", last.sign, last.label),
        when: phases(job),
        title: format!("{}, stage {}: {}{}", visible(&job.name), visible(&job.stage), change(job), {
            let phases = phases(job);
            if phases.is_empty() { phases } else { format!(", {phases}") }
        }),
        first,
        last,
        changed: job.is_changed(),
    }
}

/// The lines, each from the right of the box that is needed to the left of the one that needs it.
fn lines(report: &Report, boxes: &[Node]) -> Vec<Line> {
    let places: HashMap<&str, &Node> =
        boxes.iter().filter_map(|node| Some((report.jobs.get(node.job)?.name.as_str(), node))).collect();
    let mut lines = Vec::new();
    for node in boxes {
        let needs = report.jobs.get(node.job).into_iter().flat_map(|job| job.needs.iter().flatten());
        for from in needs.filter_map(|need| places.get(need.as_str())) {
            let (x1, y1, y2) = (from.x + WIDTH, from.y + HEIGHT / 2, node.y + HEIGHT / 2);
            let path = if node.x > x1 {
                let bend = (node.x - x1).div_ceil(2).clamp(24, 120);
                format!("M{x1} {y1}C{} {y1} {} {y2} {} {y2}", x1 + bend, node.x.saturating_sub(bend), node.x)
            } else {
                // In its own column or before it: around the right side.
                let (x2, bend) = (node.x + WIDTH, x1.max(node.x + WIDTH) + 40);
                format!("M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}")
            };
            lines.push(Line { from: from.job, to: node.job, path });
        }
    }
    lines
}

/// As much of a name as a box has room for; wide letters take two places.
fn short(name: &str) -> String {
    let name = visible(name);
    let width = |letter: char| if u32::from(letter) < 0x1100 { 1 } else { 2 };
    if name.chars().map(width).sum::<usize>() <= LETTERS {
        return name.into_owned();
    }
    let mut room = LETTERS - 1;
    let fits = |letter: &char| {
        let fits = width(*letter) <= room;
        room = room.saturating_sub(width(*letter));
        fits
    };
    name.chars().take_while(fits).chain(['…']).collect()
}
