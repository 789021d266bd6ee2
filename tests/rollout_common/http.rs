//! `git http-backend` behind a small HTTP server on the loopback.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tiny_http::{Header, Request, Response, Server};

use super::Place;

/// A server of the repositories of a place. It ends with it.
pub struct Http {
    server: Arc<Server>,
    pub port: u16,
    /// The `Authorization` of every request, as it was.
    pub logins: Arc<Mutex<Vec<Option<String>>>>,
    /// How many of the next requests are answered with 503.
    pub faults: Arc<AtomicUsize>,
}

impl Http {
    /// Serves a place to those who bring this `Authorization`, or to all.
    pub fn new(place: &Place, login: Option<&'static str>) -> Http {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let port = server.server_addr().to_ip().unwrap().port();
        let (logins, faults) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let http = Http { server, port, logins, faults };
        let root = place.srv("");
        for _ in 0..4 {
            let (server, logins, faults) = (http.server.clone(), http.logins.clone(), http.faults.clone());
            let root = root.clone();
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    let found = header(&request, "Authorization");
                    let may = login.is_none() || found.as_deref() == login;
                    logins.lock().unwrap().push(found);
                    let one_less = |left: usize| left.checked_sub(1);
                    if faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                        let _ = request.respond(Response::empty(503));
                    } else if may {
                        backend(request, &root);
                    } else {
                        let challenge = Header::from_bytes("WWW-Authenticate", "Basic realm=\"x\"").unwrap();
                        let _ = request.respond(Response::empty(401).with_header(challenge));
                    }
                }
            });
        }
        http
    }

    pub fn url(&self, login: &str, name: &str) -> String {
        format!("http://{login}127.0.0.1:{}/{name}.git", self.port)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        (0..4).for_each(|_| self.server.unblock());
    }
}

fn header(request: &Request, name: &'static str) -> Option<String> {
    let found = request.headers().iter().find(|header| header.field.equiv(name))?;
    Some(found.value.to_string())
}

/// Answers a request as a web server does that runs `git http-backend`. Source: RFC 3875, `git help http-backend`.
fn backend(mut request: Request, root: &std::path::Path) {
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("REMOTE_USER", "someone"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .envs([("PATH_INFO", path), ("QUERY_STRING", query)])
        .env("REQUEST_METHOD", request.method().to_string());
    for (name, field) in [
        ("CONTENT_TYPE", "Content-Type"),
        ("HTTP_CONTENT_ENCODING", "Content-Encoding"),
        ("GIT_PROTOCOL", "Git-Protocol"),
    ] {
        command.envs(header(&request, field).map(|value| (name, value)));
    }
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body).unwrap();
    command.env("CONTENT_LENGTH", body.len().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&body)));
    let mut out = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    writer.join().unwrap();
    child.wait().unwrap();
    let end = out.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(out[..end].to_vec()).unwrap();
    let mut response = Response::from_data(&out[end + 4..]);
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => response = response.with_status_code(value.split(' ').next().unwrap().parse::<u16>().unwrap()),
            _ => response.add_header(Header::from_bytes(name, value).unwrap()),
        }
    }
    let _ = request.respond(response);
}
