//! The page of a rollout over a thousand repositories, in a real browser: it opens at once, and its filter works.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ci_migrate::rollout::{Outcome, Plan, Report, Row, Rows, Stage, html};
use rollout_common::Place;

/// A thousand repositories with the row of a real one, and some of every outcome.
fn thousand() -> Report {
    let place = Place::new();
    place.work("sample", "monorepo", &[]);
    let answer = place.json(0, &["work/sample", "--dry-run", "plan"]);
    let row: Row = serde_json::from_value(answer["repositories"][0].clone()).unwrap();
    assert!(row.diff.lines().count() > 200, "{}", row.diff.lines().count());
    let mut rows = Rows::new().unwrap();
    let named = (0..1000).map(|number| Row {
        repository: format!("gitlab.example/group{:02}/service-{number:04}", number % 40),
        outcome: Some(if number % 4 == 0 { Outcome::ALL[number / 4 % 10] } else { Outcome::Migrated }),
        message: if number % 4 == 0 { format!("message of {number}") } else { String::new() },
        merge_request: Some(format!("https://gitlab.example/group/service-{number:04}/-/merge_requests/{number}")),
        commit: Some("0".repeat(40)),
        diff: row.diff.replace("tidewater", &format!("tidewater-{number}")),
        ..row.clone()
    });
    named.for_each(|row| rows.push(&row).unwrap());
    let plan: Plan = serde_json::from_value(serde_json::json!({
        "version": 1, "id": "0123456789ab", "date": 0, "author": "A <a@example.com>", "track": "buildkit", "rules": "", "phase": null,
        "through": null, "branch": "feat/buildkit-rootless", "file": ".gitlab-ci.yml", "set": [], "assume_complete": false, "repositories": []
    }))
    .unwrap();
    Report::new(&plan, Stage::Done, rows, vec!["gitlab.example/group/late".to_owned()])
}

fn page() -> String {
    let mut page = Vec::new();
    html(&thousand(), &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// The page as a browser has it when it is loaded, and what the browser logged. None, with a plain word, where there is no browser.
fn browse(page: &Path, more: &[&str]) -> Option<(String, String)> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok()) else {
        eprintln!("skipped: the page in a browser (no chromium on PATH)");
        return None;
    };
    // One profile beside the page: what a browser does at its first start is no part of a page's opening.
    let folder = page.parent().unwrap();
    let file = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(file("dom"))
        .stderr(file("log"))
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > Duration::from_secs(90) {
            child.kill().unwrap();
            panic!("the browser does not come to an end");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned();
    assert!(status.success(), "{}", read("log"));
    Some((read("dom"), read("log")))
}

/// The page with a script of the test at its end.
fn with_script(page: &str, script: &str) -> String {
    page.replace("</body>", &format!("<script>addEventListener('load', () => {{ {script} }});</script></body>"))
}

/// The page without its elements of one name.
fn without(page: &str, name: &str) -> String {
    let (begin, end) = (format!("<{name}"), format!("</{name}>"));
    let mut pieces = page.split(begin.as_str());
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once(end.as_str()).unwrap().1)
}

fn attribute<'d>(dom: &'d str, name: &str) -> &'d str {
    let at = dom.find(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name}"));
    dom[at..].split('"').nth(1).unwrap()
}

#[test]
fn a_thousand_repositories_open_in_a_second_and_can_be_filtered() {
    let page = page();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    // Laid out, and not only read.
    let measure = "document.body.offsetHeight; document.documentElement.dataset.ms = Math.round(performance.now());";
    std::fs::write(&file, with_script(&page, measure)).unwrap();
    let open = |file: &Path, tries: usize| {
        let mut best = u64::MAX;
        for _ in 0..tries {
            let (dom, log) = browse(file, &["--dump-dom"])?;
            assert!(!log.contains("CONSOLE"), "{log}");
            best = best.min(attribute(&dom, "data-ms").parse().unwrap());
            if best < 1000 {
                break;
            }
        }
        Some(best)
    };
    let Some(best) = open(&file, 8) else { return };
    eprintln!("{} kB of page are open after {best} ms", page.len() / 1024);
    if best >= 1000 {
        // Where the machine is slow, the browser is no faster with the same page without our styles and script.
        let bare = without(&without(&page, "style"), "script");
        let plain = folder.path().join("bare.html");
        std::fs::write(&plain, with_script(&bare, measure)).unwrap();
        let Some(bare) = open(&plain, 4) else { return };
        eprintln!("and without styles and script after {bare} ms");
        assert!(best < bare, "{best} ms, and {bare} ms without styles and script");
    }

    let act = "const set = (id, value) => { const e = document.querySelector(id); e.value = value; e.dispatchEvent(new Event('input', \
        {bubbles: true})); return document.querySelector('#found').textContent; }; const shown = () => \
        document.querySelectorAll('tbody tr:not([hidden])').length + ' ' + document.querySelectorAll('details:not([hidden])').length; \
        const d = document.documentElement.dataset; d.all = set('#q', ''); const t = performance.now(); d.name = set('#q', 'Service-000'); \
        document.body.offsetHeight; d.took = Math.round(performance.now() - t); d.names = shown(); d.both = set('#outcome', 'refused'); d.boths = shown(); set('#q', ''); \
        d.outcome = set('#outcome', 'auth'); set('#outcome', ''); location.hash = '#r3'; const one = document.querySelector('#r3'); \
        one.open = true; one.dispatchEvent(new Event('toggle')); d.add = one.querySelectorAll('.diff .add').length; d.del = one.querySelectorAll('.diff .del').length; \
        d.closed = document.querySelectorAll('#r4 .diff .add').length;";
    std::fs::write(&file, with_script(&page, act)).unwrap();
    let Some((dom, log)) = browse(&file, &["--dump-dom"]) else { return };
    assert!(!log.contains("CONSOLE"), "{log}");
    let found = |name: &str| attribute(&dom, &format!("data-{name}")).to_owned();
    assert_eq!(found("all"), "1000 of 1000");
    assert_eq!((found("name"), found("names")), ("10 of 1000".to_owned(), "10 10".to_owned()));
    // None of those ten is refused.
    assert_eq!((found("both"), found("boths")), ("0 of 1000".to_owned(), "0 0".to_owned()));
    assert_eq!(found("outcome"), "25 of 1000");
    eprintln!("the filter took {} ms", found("took"));
    let diff = &thousand().repositories.iter().nth(2).unwrap().unwrap().diff;
    // The two lines that name the file are neither.
    let is_name = |line: &str| line.starts_with("+++ ") || line.starts_with("--- ");
    let lines = |sign: char| diff.lines().filter(|line| line.starts_with(sign) && !is_name(line)).count();
    assert_eq!(
        (found("add"), found("del")),
        (lines('+').to_string(), lines('-').to_string()),
        "coloured when it is opened"
    );
    assert_eq!(found("closed"), "0");

    // For a person to look at: CI_MIGRATE_SCREENSHOTS=folder.
    if let Some(folder) = std::env::var_os("CI_MIGRATE_SCREENSHOTS") {
        let folder = Path::new(&folder);
        std::fs::write(&file, &page).unwrap();
        for (name, size, scheme) in [
            ("light-1400", "1400,1000", "light"),
            ("dark-1400", "1400,1000", "dark"),
            ("light-375", "500,1000", "light"),
            ("dark-375", "500,1000", "dark"),
        ] {
            let shot = format!("--screenshot={}", folder.join(format!("{name}.png")).display());
            let scheme = if scheme == "dark" { "--force-dark-mode" } else { "--disable-features=DarkMode" };
            browse(&file, &[&shot, &format!("--window-size={size}"), scheme]);
        }
    }
}
