//! Speed as ratios in one run: what each step costs beside the bare `yaml-rust2` event parse of the same text.
//!
//! `cargo bench` prints a table. Each run of a step comes behind one of the event parse: a ratio is the median of what the one
//! took over the other, so that a machine which is slower for a while is so for both. The ratio of the shortest runs is shown
//! as well; where other machines share the cores it favours what is short, since a long run is less often left alone. Peak
//! memory is read from `/proc`, in a process of its own for each size, which reads the pipeline from a file as a person's run does.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ci_migrate::apply::Folder;
use ci_migrate::migration::{Plan, Scene, built_in, prove};
use ci_migrate::pipeline::{Files, MemoryFiles, Pipeline, Project};
use ci_migrate::transform::{Role, Settings};
use ci_migrate::yaml::Stream;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [once, bytes] = &arguments[..]
        && once == "--peak"
    {
        return peak(bytes.parse().expect("a size in bytes"));
    }
    println!("{:<28} {:>10} {:>10} {:>10}", "", "sample", "1 MB", "10 MB");
    let texts = [generate(0), generate(1 << 20), generate(10 << 20)];
    let alone: Vec<Duration> = texts.iter().map(|text| beside(text, |_| ()).events).collect();
    // By the event parses, since the two sizes are not measured at one moment.
    let times = over(alone[2], alone[1]);
    row("event parse (ms)", alone.iter().map(|events| format!("{:.2}", events.as_secs_f64() * 1e3)));
    let steps: [Step; 5] = [
        ("index", index),
        ("effective, all jobs", effective),
        ("plan with proof", plan),
        ("whole phase 1 --dry-run", dry_run),
        ("the same, many pilots", dry_run_of_many),
    ];
    for (name, step) in steps {
        let runs: Vec<Beside> = texts.iter().map(|text| beside(text, step)).collect();
        row(&format!("{name} (× events)"), runs.iter().map(|run| format!("{:.2}", run.ratio)));
        row("  shortest", runs.iter().map(|run| format!("{:.2}", over(run.step, run.events))));
        row(
            "  10 MB over 1 MB",
            ["".into(), "".into(), format!("{:.2}", runs[2].ratio / runs[1].ratio * times)].into_iter(),
        );
    }
    let peaks = texts.iter().map(|text| {
        let me = std::env::current_exe().expect("this program");
        let out = Command::new(me).args(["--peak", &text.len().to_string()]).output().expect("a second process");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    });
    row("peak memory (× file)", peaks);
}

/// A step with its name.
type Step = (&'static str, fn(&str));

fn row(name: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.map(|cell| format!("{cell:>10}")).collect();
    println!("{name:<28} {}", cells.join(" "));
}

/// What a step takes beside the event parse.
struct Beside {
    /// The median of each run's time over that of the event parse before it.
    ratio: f64,
    /// The shortest run of each.
    events: Duration,
    step: Duration,
}

fn over(step: Duration, events: Duration) -> f64 {
    step.as_secs_f64() / events.as_secs_f64()
}

/// Several runs of the event parse and of a step, in turn.
fn beside(text: &str, step: fn(&str)) -> Beside {
    let started = Instant::now();
    let time = |step: fn(&str)| {
        let start = Instant::now();
        step(text);
        start.elapsed()
    };
    let mut runs: Vec<(Duration, Duration)> = Vec::new();
    while runs.len() < 5 || (runs.len() < 45 && started.elapsed() < Duration::from_secs(6)) {
        runs.push((time(events), time(step)));
    }
    let mut ratios: Vec<f64> = runs.iter().map(|&(events, step)| over(step, events)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let shortest = |durations: &mut dyn Iterator<Item = Duration>| durations.min().unwrap_or_default();
    Beside {
        ratio: ratios[ratios.len() / 2],
        events: shortest(&mut runs.iter().map(|run| run.0)),
        step: shortest(&mut runs.iter().map(|run| run.1)),
    }
}

fn events(text: &str) {
    let mut parser = yaml_rust2::parser::Parser::new_from_str(text);
    while black_box(parser.next_token().expect("YAML")).0 != yaml_rust2::Event::StreamEnd {}
}

fn index(text: &str) {
    black_box(Stream::parse(text.to_owned()).expect("YAML"));
}

fn effective(text: &str) {
    let pipeline = pipeline(text);
    black_box(pipeline.jobs().map(|job| job.effective().iter().count()).sum::<usize>());
}

fn plan(text: &str) {
    planned(text, &Settings::default(), |_, _| ());
}

fn dry_run(text: &str) {
    planned(text, &Settings::default(), show);
}

/// Two jobs of each copy are said to be pilots: the phase changes as many.
fn dry_run_of_many(text: &str) {
    planned(text, &many_pilots(text), show);
}

fn many_pilots(text: &str) -> Settings {
    let mut settings = Settings::default();
    let names = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix("\":"));
    settings.roles =
        names.filter(|job| job.starts_with("build / schemas")).map(|job| (job.to_owned(), Role::Pilot)).collect();
    settings
}

fn show(scene: &Scene<'_>, plan: &Plan) {
    black_box(ci_migrate::cli::diff(scene, plan));
}

fn planned(text: &str, settings: &Settings, then: impl Fn(&Scene<'_>, &Plan)) {
    planned_of(&pipeline(text), &MemoryFiles::default(), settings, then);
}

fn planned_of(pipeline: &Pipeline, files: &dyn Files, settings: &Settings, then: impl Fn(&Scene<'_>, &Plan)) {
    let scene = Scene::new(pipeline, files, settings);
    let phases = built_in("buildkit").expect("the track").unwrap_or_else(|e| panic!("{}", e.message));
    let plan = Plan::new(&scene, &phases[0]);
    assert!(!plan.is_empty());
    black_box(prove(&scene, &plan).expect("proved"));
    then(&scene, &plan);
}

fn pipeline(text: &str) -> Pipeline {
    let files: MemoryFiles = [(NAME, text)].into_iter().collect();
    loaded(&files)
}

fn loaded(files: &dyn Files) -> Pipeline {
    Pipeline::new(Arc::new(Project::load(files, NAME).expect("a pipeline"))).expect("a pipeline")
}

const NAME: &str = ".gitlab-ci.yml";

/// Peak resident memory of a whole dry run, over the size of the text.
fn peak(bytes: usize) {
    let text = generate(bytes.saturating_sub(SAMPLE.len()));
    let (settings, bytes) = (many_pilots(&text), text.len());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(NAME), text).expect("a file");
    let files = Folder::open(folder.path()).expect("a folder");
    planned_of(&loaded(&files), &files, &settings, show);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    match kilobytes {
        Some(kilobytes) => println!("{:.1}", kilobytes * 1024.0 / bytes as f64),
        None => println!("unknown"),
    }
}

const SAMPLE: &str = include_str!("../testdata/pipelines/monorepo/.gitlab-ci.yml");

/// The sample, with all of its jobs again and again under other names until the text has a size.
fn generate(bytes: usize) -> String {
    let start = SAMPLE.find(".build_template").map_or(0, |i| SAMPLE[..i].rfind("\n\n").map_or(i, |j| j + 2));
    let (head, body) = SAMPLE.split_at(start);
    let mut text = format!("{head}{body}");
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        text.push('\n');
        for line in body.lines() {
            text.push_str(&renamed(line, number));
            text.push('\n');
        }
    }
    text
}

/// A line with its job, the jobs it needs, its anchor and its image under names of their own.
fn renamed(line: &str, number: usize) -> String {
    let line = line.replace("build_template", &format!("build_template_{number}"));
    let line = line.replace("${CI_REGISTRY_IMAGE}/", &format!("${{CI_REGISTRY_IMAGE}}/{number}-"));
    if let Some(job) = line.strip_prefix('"').and_then(|l| l.strip_suffix("\":")) {
        return format!("\"{job} {number}\":");
    }
    if let Some((before, after)) = line.split_once("job: \"")
        && let Some((job, rest)) = after.split_once('"')
    {
        return format!("{before}job: \"{job} {number}\"{rest}");
    }
    match line.strip_suffix(':') {
        Some(job) if !line.starts_with([' ', '.', '#', '-']) => format!("{job}_{number}:"),
        _ => line,
    }
}
