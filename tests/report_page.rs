//! `report`: what each form says, that nothing in a pipeline can break out of it, and that a browser likes the page.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Repository, testdata};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

fn sample() -> Repository {
    Repository::copy(&testdata("pipelines/monorepo"))
}

fn names(report: &Value) -> Vec<&str> {
    report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

fn job<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).unwrap_or_else(|| panic!("{name}"))
}

/// Names that mean something to HTML, Markdown, Mermaid or a terminal.
const HOSTILE: [&str; 9] = [
    "\"><script>window.broken = 1</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "`a` | **b** [c](d) <!-- e",
    "end \"]:::x; click j0 call alert(1)",
    "#quot; &quot; &#34; %%{init}%%",
    "$x$ @all !1 #2 ~3",
    "turned \u{202e}around",
    "日本語のとても長い名前のジョブ、もっと長い、まだ終わらない",
];

/// A pipeline whose jobs have such names, in stages that have them too.
fn hostile() -> Repository {
    let quoted = |name: &str| serde_json::to_string(name).unwrap();
    let mut text = format!("services: [docker:dind]\nstages: [\"<b>\\\"]\", {}]\n", quoted(HOSTILE[0]));
    for (number, name) in HOSTILE.iter().enumerate() {
        let stage = if number % 2 == 0 { "<b>\"]" } else { HOSTILE[0] };
        text += &format!(
            "{}:\n  stage: {}\n  script: docker build -t a:b --push . # </pre><b>\n",
            quoted(name),
            quoted(stage)
        );
        if number > 0 {
            text += &format!("  needs: [{}]\n", quoted(HOSTILE[number - 1]));
        }
    }
    Repository::with(&[(".gitlab-ci.yml", &text)])
}

fn git(repository: &Repository, arguments: &[&str]) {
    let name = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let ran = Command::new("git").current_dir(repository.folder.path()).args(name).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&ran.stderr));
}

/// The sample as the first commit of a repository.
fn committed() -> Repository {
    let repository = sample();
    git(&repository, &["init", "-q"]);
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "as it was"]);
    repository
}

#[test]
fn the_report_plans_each_phase_on_top_of_the_last() {
    let repository = sample();
    let before = repository.read(".gitlab-ci.yml");
    let report = repository.json(&["report", "--format", "json"]);
    assert_eq!(repository.read(".gitlab-ci.yml"), before, "nothing is written");
    let states: Vec<&str> =
        report["phases"].as_array().unwrap().iter().map(|phase| phase["state"].as_str().unwrap()).collect();
    // Alone, phase 6 is empty: it has something to do only after the others.
    assert_eq!(states, ["pending"; 6]);
    assert_eq!(report["totals"]["privileged"], json!({"before": null, "now": 15, "planned": 4}));
    let schemas = job(&report, "build / schemas");
    assert_eq!(schemas["outcome"], json!({"before": null, "now": "pending", "planned": "migrated"}));
    assert_eq!(schemas["planned"]["phases"], json!([1, 5]));
    assert!(schemas["planned"]["diff"].as_str().unwrap().contains("\n+  extends: .buildkit_template\n"), "{schemas}");
    let services = &schemas["planned"]["effective"].as_array().unwrap()[3];
    assert_eq!(*services, json!({"keyword": "services", "before": ["docker:29-dind"], "after": null}));
    assert_eq!(job(&report, "build / api")["planned"]["change"], "removed");
    let left: Vec<&str> = report["left"].as_array().unwrap().iter().map(|left| left["job"].as_str().unwrap()).collect();
    assert_eq!(left, ["lint / portal", "lint / docs", "test / backend", "e2e / portal"]);
    assert_eq!(report["left"][0]["reasons"][0]["code"], "compose-run");
    let shared: Vec<&str> = report["shared"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(shared, ["services", "before_script", "after_script", "variables", ".buildkit_template", ".dind"]);

    // The end of the plan is what the phases write, one after the other.
    repository.wants(0, &["run", "--yes"]);
    let after = repository.json(&["report", "--format", "json"]);
    assert_eq!(after["totals"]["planned"], 0);
    assert_eq!(after["checks"]["now"], report["checks"]["planned"]);
    assert_eq!(after["left"].as_array().unwrap().len(), 4);
}

#[test]
fn every_diff_of_a_job_has_the_lines_of_the_file() {
    let repository = sample();
    let report = repository.json(&["report", "--format", "json"]);
    let text = repository.read(".gitlab-ci.yml");
    let lines: Vec<&str> = text.lines().collect();
    let mut seen = 0;
    for job in report["jobs"].as_array().unwrap() {
        let diff = job["planned"]["diff"].as_str().unwrap();
        let mut at = 0;
        for line in diff.lines().skip(2) {
            if let Some(range) = line.strip_prefix("@@ -") {
                at = range.split([',', ' ']).next().unwrap().parse::<usize>().unwrap();
            } else if let Some(old) = line.strip_prefix([' ', '-']) {
                assert_eq!(lines[at - 1], old, "{diff}");
                at += 1;
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn since_a_revision_tells_what_was_applied_and_whether_it_was_all() {
    let repository = committed();
    for phase in ["1", "2"] {
        repository.wants(0, &["phase", phase, "--yes"]);
    }
    let report = repository.json(&["report", "--format", "json", "--since", "HEAD"]);
    assert_eq!(
        report["since"],
        json!({"revision": "HEAD", "exact": true, "applied": [1, 2], "files": [".gitlab-ci.yml"], "new_files": []})
    );
    assert_eq!(report["phases"][0]["state"], "applied");
    assert_eq!(report["phases"][0]["proof"]["differ"], 2);
    assert_eq!(report["phases"][2]["state"], "pending");
    let schemas = job(&report, "build / schemas");
    assert_eq!(schemas["outcome"], json!({"before": "pending", "now": "migrated", "planned": "migrated"}));
    assert_eq!(schemas["applied"]["phases"], json!([1]));
    assert_eq!(schemas["planned"]["phases"], json!([5]));
    assert_eq!(job(&report, "test / backend")["applied"], Value::Null);
    let undo = report["undo"][0]["commands"][0].as_str().unwrap();
    assert_eq!(undo, "git restore --source=HEAD -- .gitlab-ci.yml");
    let markdown = repository.wants(0, &["report", "--since", "HEAD"]).out;
    assert!(markdown.contains("phases 1, 2 were applied, and nothing else"), "{markdown}");

    // Somebody edits the file besides: the proof does not cover it.
    let text = repository.read(".gitlab-ci.yml").replace("GIT_DEPTH: 20", "GIT_DEPTH: 21");
    std::fs::write(repository.folder.path().join(".gitlab-ci.yml"), text).unwrap();
    let report = repository.json(&["report", "--format", "json", "--since", "HEAD"]);
    assert_eq!(report["since"]["exact"], false);
    assert_eq!(report["phases"][0]["proof"], Value::Null);
    assert!(!job(&report, "test / backend")["applied"].is_null());

    // What is said of undoing is true.
    let ran = Command::new("sh").current_dir(repository.folder.path()).args(["-c", undo]).status().unwrap();
    assert!(ran.success());
    let report = repository.json(&["report", "--format", "json", "--since", "HEAD"]);
    assert_eq!((&report["since"]["applied"], &report["since"]["files"]), (&json!([]), &json!([])));
}

#[test]
fn a_revision_is_read_with_its_includes_links_and_folder() {
    let repository = Repository::with(&[
        ("sub/.gitlab-ci.yml", "include: ci/builds.yml\na:\n  script: x\n"),
        ("sub/real/builds.yml", "b:\n  services: [docker:dind]\n  script: docker build -t r/a:b --push .\n"),
        ("outside.yml", "c:\n  script: z\n"),
    ]);
    let sub = repository.folder.path().join("sub");
    std::os::unix::fs::symlink("real", sub.join("ci")).unwrap();
    git(&repository, &["init", "-q"]);
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "one"]);
    std::fs::write(sub.join(".gitlab-ci.yml"), "include: ci/builds.yml\na:\n  script: y\n").unwrap();
    let report = repository.json(&["-C", "sub", "report", "--format", "json", "--since", "HEAD"]);
    assert_eq!(names(&report), ["b", "a"]);
    assert_eq!(job(&report, "a")["applied"]["effective"][0]["keyword"], "script");
    assert_eq!(job(&report, "b")["applied"], Value::Null);
    assert_eq!(report["since"]["files"], json!([".gitlab-ci.yml"]));

    let ran = repository.wants(2, &["-C", "sub", "report", "--since", "no-such-branch"]);
    assert!(ran.err.contains("no-such-branch") && ran.err.contains("git does not know this revision"), "{}", ran.err);
    let ran = repository.wants(2, &["-C", "sub", "report", "--since", "--output=x"]);
    assert!(!repository.folder.path().join("x").exists(), "{}", ran.err);
    std::fs::write(sub.join(".gitlab-ci.yml"), "a: [\n").unwrap();
    git(&repository, &["commit", "-qam", "broken"]);
    std::fs::write(sub.join(".gitlab-ci.yml"), "a:\n  script: y\n").unwrap();
    let ran = repository.wants(2, &["-C", "sub", "report", "--since", "HEAD"]);
    assert!(ran.err.contains("HEAD:.gitlab-ci.yml"), "{}", ran.err);
    let ran = sample().wants(2, &["report", "--since", "HEAD"]);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);
}

#[test]
fn the_form_comes_from_the_option_or_the_name_of_the_file() {
    let repository = sample();
    for (file, start) in
        [("a.html", "<!doctype html>"), ("a.md", "# Migration of"), ("a.mmd", "graph LR"), ("a.json", "{")]
    {
        let ran = repository.wants(0, &["report", "--out", file]);
        assert_eq!(ran.out, "");
        assert!(ran.err.contains(file), "{}", ran.err);
        assert!(repository.read(file).starts_with(start), "{file}");
    }
    let html = repository.wants(0, &["report", "--format", "html"]).out;
    assert_eq!(html, repository.read("a.html"));
    assert_eq!(repository.wants(0, &["--format", "html", "report"]).out, html);
    assert!(repository.wants(0, &["report"]).out.starts_with("# Migration of"));
    repository.wants(2, &["report", "--out", "a.txt"]);
    repository.wants(2, &["report", "--out", "no/such/folder.html"]);
    repository.wants(2, &["report", "--format", "human"]);
    for command in ["status", "check", "effective"] {
        let ran = repository.wants(2, &[command, "--format", "html"]);
        assert!(ran.err.contains("`report`"), "{}", ran.err);
    }
    // The worst typing mistake.
    let before = repository.read(".gitlab-ci.yml");
    repository.wants(3, &["report", "--format", "html", "--out", ".gitlab-ci.yml"]);
    assert_eq!(repository.read(".gitlab-ci.yml"), before);
}

#[test]
fn a_report_is_the_same_every_time_and_names_no_place_of_this_machine() {
    let repository = committed();
    repository.wants(0, &["phase", "1", "--yes"]);
    for form in ["html", "markdown", "mermaid", "json"] {
        let arguments = ["report", "--format", form, "--since", "HEAD"];
        let first = repository.wants(0, &arguments).out;
        for _ in 0..3 {
            assert_eq!(repository.wants(0, &arguments).out, first);
        }
        assert!(!first.contains(repository.folder.path().to_str().unwrap()), "{form}");
    }
}

#[test]
fn the_page_loads_nothing_and_draws_each_job_once() {
    let repository = sample();
    let page = repository.wants(0, &["report", "--format", "html"]).out;
    for word in ["http:", "https:", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"), "the browser holds it to that");
    let report = repository.json(&["report", "--format", "json"]);
    assert_eq!(names(&report).len(), 18);
    for (number, name) in names(&report).into_iter().enumerate() {
        assert_eq!(page.matches(&format!("aria-label=\"{name}, stage ")).count(), 1, "{name}");
        assert_eq!(page.matches(&format!("href=\"#job-{number}\" data-job=\"{number}\"")).count(), 1, "{name}");
        assert_eq!(page.matches(&format!("id=\"job-{number}\"")).count(), 1, "{name}");
    }
    // `needs` within this pipeline: five, as the file has them.
    assert_eq!(page.matches("<path d=").count(), 5);
}

#[test]
fn the_readme_has_the_graph_of_the_sample() {
    let graph = sample().wants(0, &["report", "--format", "mermaid"]).out;
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.contains(&format!("```mermaid\n{graph}```")), "{graph}");
}

#[test]
fn hostile_names_stay_names_in_every_form() {
    let repository = hostile();
    let page = repository.wants(0, &["report", "--format", "html"]).out;
    assert_eq!(page.matches("<script").count(), 1, "our own");
    assert_eq!(page.matches("</script").count(), 1);
    for word in ["<img", "<b>\"", "</pre><b>", "\u{202e}"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("{{ 7 * 7 }} {% raw %}"), "not read as a template");
    let mermaid = repository.wants(0, &["report", "--format", "mermaid"]).out;
    for line in mermaid.lines() {
        let quotes = line.matches('"').count();
        let plain = line.split('"').nth(1).unwrap_or_default();
        assert!(quotes == 0 || quotes == 2, "{line}");
        assert!(!plain.contains(['<', '>', '[', ']', '{', '`', '&', '"']), "{line}");
    }
    assert_eq!(mermaid.matches("]:::").count(), HOSTILE.len());
    let markdown = repository.wants(0, &["report", "--format", "markdown"]).out;
    assert!(!mermaid.contains('\u{202e}') && !markdown.contains('\u{202e}'));
    for line in markdown.lines().filter(|line| line.starts_with("| `")) {
        // Six bars make five cells; a bar of a name is not one of them.
        assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "{line}");
    }
    assert!(markdown.contains("| `` `a` \\| **b** [c](d) <!-- e `` |"), "{markdown}");
    for line in markdown.lines().filter(|line| line.starts_with("<details>")) {
        assert!(!line.contains("<script") && !line.contains("<img") && !line.contains("<!--"), "{line}");
    }
}

/// A browser's view of the page, as HTML, and what it logged. None, with a plain word, where there is no browser.
fn browse(page: &Path, hash: &str) -> Option<(String, String)> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok()) else {
        eprintln!("skipped: the page in a browser (no chromium on PATH)");
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let written = |name: &str| profile.path().join(name);
    let file = |name: &str| std::fs::File::create(written(name)).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
        .args(["--dump-dom".to_owned(), format!("file://{}{hash}", page.display())])
        .stdout(file("dom"))
        .stderr(file("log"))
        .spawn()
        .unwrap();
    // A page that asks something waits for ever.
    let begin = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed().as_secs() > 90 {
            child.kill().unwrap();
            panic!("the browser does not come to an end");
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(written(name)).unwrap()).into_owned();
    assert!(status.success(), "{}", read("log"));
    Some((read("dom"), read("log")))
}

/// The opening tags of the jobs' details.
fn details(dom: &str) -> Vec<&str> {
    dom.split("<details class=\"job ")
        .skip(1)
        .filter(|tag| tag.contains("data-name="))
        .map(|tag| tag.split("\n<summary").next().unwrap())
        .collect()
}

fn console(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("CONSOLE")).collect()
}

#[test]
fn a_browser_filters_the_jobs_and_finds_no_fault() {
    let repository = sample();
    repository.wants(0, &["report", "--out", "report.html"]);
    let page = repository.folder.path().join("report.html");
    let Some((dom, log)) = browse(&page, "") else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert!(dom.contains("18 of 18 jobs</output>"));
    assert!(!details(&dom).iter().any(|tag| tag.contains("hidden")));

    let Some((dom, log)) = browse(&page, "#job=build%20%2F%20schemas") else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert!(dom.contains("2 of 18 jobs</output>"), "the filter has not run");
    let tags = details(&dom);
    assert_eq!(tags.len(), 18);
    let shown: Vec<&&str> = tags.iter().filter(|tag| !tag.contains("hidden")).collect();
    assert!(shown.len() == 2 && shown.iter().all(|tag| tag.contains("data-name=\"build / schemas")), "{shown:?}");
    assert_eq!(tags.iter().filter(|tag| tag.contains(" open")).count(), 1, "{tags:?}");
    assert_eq!(dom.matches("class=\"node ").count() - dom.matches(" dim\"").count(), 2);

    // A job whose difference is written at another one shows it all the same.
    let Some((dom, _)) = browse(&page, "#job-3") else { return };
    let page = repository.read("report.html");
    assert_eq!(dom.matches("data-same=").count() + 1, page.matches("data-same=").count());
    // What is open is unpacked, with the one that it is like; all else waits.
    assert_eq!(dom.matches("<noscript>").count() + 2, page.matches("<noscript>").count());
    assert!(page.matches("<noscript>").count() >= 18);
}

#[test]
fn a_browser_runs_nothing_of_a_hostile_pipeline() {
    let repository = hostile();
    repository.wants(0, &["report", "--out", "report.html"]);
    let Some((dom, log)) = browse(&repository.folder.path().join("report.html"), "#job=%E0%A4%A") else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert_eq!(details(&dom).len(), HOSTILE.len());
    assert!(dom.contains(&format!("0 of {} jobs</output>", HOSTILE.len())));
    assert!(!dom.contains("<img") && dom.matches("<script>").count() == 1);
}
