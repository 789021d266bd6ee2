//! The repositories of a GitLab's group, listed from a stand-in for GitLab's API: a server on the loopback that answers as GitLab documents it.

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Ran, Repository};
use pretty_assertions::assert_eq;
use tiny_http::{Header, Request, Response, Server};

const TOKEN: &str = "glpat-s3cr3t";

/// What was asked: the path with its query, and the token.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A stand-in for a GitLab. `answer` gives status, further headers and body.
struct StandIn {
    server: Arc<Server>,
    asked: Asked,
    url: String,
}

impl StandIn {
    fn new(answer: impl Fn(&Request, usize) -> (u16, Vec<(String, String)>, String) + Send + 'static) -> StandIn {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr().to_ip().unwrap());
        let asked = Asked::default();
        let (own, seen) = (Arc::clone(&server), Arc::clone(&asked));
        std::thread::spawn(move || {
            for request in own.incoming_requests() {
                let token = request.headers().iter().find(|header| header.field.equiv("PRIVATE-TOKEN"));
                let token = token.map(|header| header.value.to_string());
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push((request.url().to_owned(), token));
                    seen.len()
                };
                let (status, headers, body) = answer(&request, number);
                let mut response = Response::from_string(body).with_status_code(status);
                for (name, value) in headers {
                    response.add_header(Header::from_bytes(name, value).unwrap());
                }
                let _ = request.respond(response);
            }
        });
        StandIn { server, asked, url }
    }

    fn asked(&self) -> Vec<(String, Option<String>)> {
        self.asked.lock().unwrap().clone()
    }

    fn run(&self, token: Option<&str>, arguments: &[&str]) -> Ran {
        let place = Repository::with(&[]);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        command.current_dir(place.folder.path()).arg("rollout").args(arguments).env("CI_SERVER_URL", &self.url);
        command.env("XDG_STATE_HOME", place.state.path()).env_remove("GITLAB_TOKEN").env_remove("CI_JOB_TOKEN");
        command.envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")]);
        command.envs(token.map(|token| ("GITLAB_TOKEN", token)));
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        let files = [place.folder.path(), place.state.path()].map(common::files).concat();
        let texts = files.iter().map(|(_, path)| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        for text in texts.chain([ran.out.clone(), ran.err.clone()]) {
            assert!(!text.contains("s3cr3t"), "the token is in {text}");
        }
        ran
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn project(number: usize, more: &str) -> String {
    format!(
        r#"{{"id": {number}, "path_with_namespace": "platform/sub/p{number:03}", "http_url_to_repo": "https://gitlab.example/platform/sub/p{number:03}.git",
            "ssh_url_to_repo": "git@gitlab.example:platform/sub/p{number:03}.git", "description": "a \"quoted\" one" {more}}}"#
    )
}

/// Three pages of a hundred, a hundred and five projects, of which some are archived and some forks.
fn three_pages(request: &Request, _number: usize) -> (u16, Vec<(String, String)>, String) {
    let page = match request.url().rsplit_once("cursor=") {
        None => 0,
        Some((_, cursor)) => cursor.parse().unwrap(),
    };
    let numbers = [(1..=100), (101..=200), (201..=205)][page].clone();
    let projects = numbers.map(|number| match number {
        150 => project(number, r#", "archived": true"#),
        7 | 203 => project(number, r#", "archived": false, "forked_from_project": {"id": 1, "name": "x"}"#),
        _ => project(number, r#", "archived": false, "forked_from_project": null"#),
    });
    let body = format!("[{}]", projects.collect::<Vec<_>>().join(","));
    // As behind a proxy, the address is another than the one that was asked: only its query counts.
    let next = format!(
        "<http://elsewhere.example/api/v4/x?cursor={}>; rel=\"next\", <http://h/first>; rel=\"first\"",
        page + 1
    );
    (200, if page < 2 { vec![("Link".to_owned(), next)] } else { Vec::new() }, body)
}

#[test]
fn a_group_is_listed_over_three_pages() {
    let gitlab = StandIn::new(three_pages);
    let ran = gitlab.run(Some(TOKEN), &["list", "--group", "platform/sub"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 202);
    assert_eq!(lines[0], "https://gitlab.example/platform/sub/p001.git");
    assert!(!ran.out.contains("p007") && !ran.out.contains("p150") && !ran.out.contains("p203"));
    assert!(ran.err.contains("202 repositories, 2 forks left out"), "{}", ran.err);
    let asked = gitlab.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].0.starts_with("/api/v4/groups/platform%2Fsub/projects?"), "{}", asked[0].0);
    for word in ["include_subgroups=true", "archived=false", "per_page=100", "with_shared=false"] {
        assert!(asked[0].0.contains(word), "{}: {word}", asked[0].0);
    }
    assert!(asked.iter().all(|(_, token)| token.as_deref() == Some(TOKEN)));

    let ran = gitlab.run(None, &["list", "--group", "platform/sub", "--with-forks", "--with-archived", "--ssh"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 205), "{}", ran.err);
    assert!(ran.out.starts_with("git@gitlab.example:platform/sub/p001.git\n"));
    let asked = gitlab.asked();
    assert!(!asked[3].0.contains("archived=") && asked[3].1.is_none());
    let ran = gitlab.run(None, &["list", "--group", "a", "--group", "a", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/rollout-list.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    jsonschema::validate(&schema, &answer).unwrap();
    let listed: Vec<String> = serde_json::from_value(answer["repositories"].clone()).unwrap();
    assert_eq!(listed.len(), 202, "once each");
    assert_eq!(gitlab.run(None, &["list"]).code, 2);
}

#[test]
fn a_group_is_what_a_rollout_goes_over() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("only.git");
    assert!(std::process::Command::new("git").args(["init", "-q", "--bare"]).arg(&bare).status().unwrap().success());
    let address = format!("file://{}", bare.display());
    let gitlab = StandIn::new(move |_, _| {
        let body = format!(r#"[{{"path_with_namespace": "g/only", "http_url_to_repo": "{address}"}}]"#);
        (200, Vec::new(), body)
    });
    let ran = gitlab.run(Some(TOKEN), &["--group", "g", "--dry-run", "plan", "--author", "A <a@example.com>"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("nothing-to-do") && ran.err.contains("the repository is empty"), "{}{}", ran.out, ran.err);
}

#[test]
fn each_refusal_has_its_remedy() {
    for (status, token, words) in [
        (401, Some(TOKEN), ["does not know the token", "read_api"]),
        (401, None, ["wants a token", "GITLAB_TOKEN"]),
        (403, Some(TOKEN), ["does not let this token", "read_api"]),
        (404, Some(TOKEN), ["no group platform", "member"]),
        (404, None, ["no group platform", "set GITLAB_TOKEN"]),
        (302, None, ["does not answer as a GitLab does", "--gitlab-url"]),
        (200, None, ["does not answer as a GitLab does", "--gitlab-url"]),
    ] {
        let gitlab = StandIn::new(move |_, _| {
            (status, vec![("Location".to_owned(), "http://127.0.0.1:1/".to_owned())], "<html>".to_owned())
        });
        let ran = gitlab.run(token, &["list", "--group", "platform"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{status}");
        assert!(words.iter().all(|word| ran.err.contains(word)), "{status}: {}", ran.err);
        assert_eq!(gitlab.asked().len(), 1, "{status} is no reason to ask again");
    }
    let ran = StandIn::new(three_pages).run(None, &["list", "--group", "a", "--gitlab-url", "http://127.0.0.1:1"]);
    assert!(ran.code == 2 && ran.err.contains("cannot be asked"), "{}", ran.err);
    let ran = StandIn::new(three_pages).run(None, &["list", "--group", "a", "--gitlab-url", "https://u:p4ss@h"]);
    assert!(ran.code == 2 && !ran.err.contains("p4ss"), "{}", ran.err);
}

#[test]
fn the_token_of_a_job_is_said_to_list_no_groups() {
    let gitlab = StandIn::new(|_, _| (401, Vec::new(), String::new()));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
        .args(["rollout", "list", "--group", "g", "--gitlab-url", &gitlab.url])
        .env_remove("GITLAB_TOKEN")
        .env("CI_JOB_TOKEN", "j0b-s3cr3t")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("CI_JOB_TOKEN of a job cannot list groups") && !err.contains("s3cr3t"), "{err}");
    assert_eq!(gitlab.asked()[0].1, None, "it is not sent either");
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let gitlab = StandIn::new(|request, number| match number {
        1 => (429, vec![("Retry-After".to_owned(), "1".to_owned())], String::new()),
        2 => (502, Vec::new(), String::new()),
        _ => three_pages(request, number),
    });
    let start = Instant::now();
    let ran = gitlab.run(None, &["list", "--group", "g"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 202), "{}", ran.err);
    assert!(start.elapsed() >= Duration::from_millis(1900), "a second as it was told, and a pause of our own");
    assert_eq!(gitlab.asked().len(), 5);

    let gitlab = StandIn::new(|_, _| (503, vec![("Retry-After".to_owned(), "0".to_owned())], String::new()));
    let ran = gitlab.run(None, &["list", "--group", "g"]);
    assert!(ran.code == 2 && ran.err.contains("answers 503"), "{}", ran.err);
    assert_eq!(gitlab.asked().len(), 5, "four more tries, and no more");
}
