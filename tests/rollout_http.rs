//! A rollout over servers that want a login, that fail for a moment, that hang, or that speak ssh.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rollout_common::http::Http;
use rollout_common::{BRANCH, Place, git_in, head, hook, outcomes, rows};

/// Base64 of `someone:right`.
const RIGHT: &str = "Basic c29tZW9uZTpyaWdodA==";

#[test]
fn credentials_are_nowhere_to_be_found() {
    let place = Place::new();
    // Answers whatever is asked with 401, as a server does that knows nobody, and counts.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(64) {
            use std::io::Read;
            let Ok(mut stream) = stream else { break };
            let mut request = [0; 8192];
            let length = stream.read(&mut request).unwrap_or(0);
            let _ = sender.send(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    let urls: Vec<String> =
        (0..6).map(|number| format!("http://oauth2:s3cr%33tt0ken@127.0.0.1:{port}/g/p{number}.git")).collect();
    let list = place.list(&urls);
    let ran = place.wants(4, &["--from", &list, "--yes", "--report", "r.html", "--report", "r.json", "--state", "st"]);
    std::fs::remove_file(&list).unwrap();
    let answer = place.json(4, &["status", "--state", "st"]);
    assert!(outcomes(&answer).values().all(|outcome| outcome == "auth"), "{answer:#}");
    let requests: Vec<String> = receiver.try_iter().collect();
    let with_login = requests.iter().filter(|request| request.contains("Authorization: Basic")).count();
    // Base64 of `oauth2:s3cr3tt0ken`.
    assert!(requests.iter().any(|request| request.contains("b2F1dGgyOnMzY3IzdHQwa2Vu")), "{requests:?}");
    assert_eq!(with_login, 1, "a host is stopped at its first failure: {requests:#?}");
    for (name, text) in [("stdout", ran.out), ("stderr", ran.err)] {
        assert!(!text.contains("s3cr") && !text.contains("oauth2"), "{name}: {text}");
    }
    for (name, path) in common::files(place.folder.path()) {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        assert!(!text.contains("s3cr") && !text.contains("oauth2"), "{name}: {text}");
    }
}

#[test]
fn over_http_with_a_login_it_is_pushed_with_its_options() {
    let place = Place::new();
    let bares = ["a", "b"].map(|name| place.repository(name, "included-builds", &[]));
    for bare in &bares {
        git_in(bare, &["config", "receive.advertisePushOptions", "true"]);
        hook(bare, "post-receive", "echo \"$GIT_PUSH_OPTION_0\" >> pushes");
    }
    let server = Http::new(&place, Some(RIGHT));
    let list = place.list(&["a", "b"].map(|name| server.url("someone:right@", name)));
    let answer = place.json(0, &["--from", &list, "--yes", "--merge-request", "--label", "x"]);
    for (bare, row) in bares.iter().zip(rows(&answer).values()) {
        assert_eq!(head(bare, BRANCH).as_deref(), row["commit"].as_str());
        assert_eq!(std::fs::read_to_string(bare.join("pushes")).unwrap(), "merge_request.create\n");
    }
    // GitLab keeps a ref for every merge request, by which one is found whose answer was lost.
    let made = head(&bares[0], BRANCH).unwrap();
    git_in(&bares[0], &["update-ref", "refs/merge-requests/7/head", "main"]);
    git_in(&bares[0], &["update-ref", "refs/merge-requests/41/head", &made]);
    let answer = place.json(0, &["--from", &list, "--yes", "--merge-request", "--label", "x", "--only", "missing-mr"]);
    let found = rows(&answer)["a"]["merge_request"].as_str().unwrap().to_owned();
    assert_eq!(found, format!("http://127.0.0.1:{}/a/-/merge_requests/41", server.port));
    assert_eq!(head(&bares[0], BRANCH).unwrap(), made, "it is not pushed again");
    assert_eq!(std::fs::read_to_string(bares[0].join("pushes")).unwrap().lines().count(), 1);
    assert_eq!(std::fs::read_to_string(bares[1].join("pushes")).unwrap().lines().count(), 2);
    let again = place.json(0, &["--from", &list, "--yes", "--merge-request", "--label", "x"]);
    assert_eq!(rows(&again)["a"]["merge_request"], found.as_str(), "it is in the journal");
    // The list's login is in no plan: undo has none, and does not knock twice.
    let before = server.logins.lock().unwrap().len();
    let ran = place.wants(4, &["undo", "--yes"]);
    assert!(ran.out.contains("auth") && ran.out.contains("was stopped"), "{}", ran.out);
    assert_eq!(server.logins.lock().unwrap().len(), before + 1);
}

#[test]
fn a_wrong_password_stops_its_host_and_no_other() {
    let place = Place::new();
    let bares = ["a", "b", "c", "d"].map(|name| place.repository(name, "job-level-dind", &[]));
    let strict = Http::new(&place, Some(RIGHT));
    let open = Http::new(&place, None);
    let mut urls = ["a", "b", "c"].map(|name| strict.url("someone:wr0ng@", name)).to_vec();
    urls.push(open.url("", "d"));
    let answer = place.json(4, &["--from", &place.list(&urls), "--yes"]);
    let found = outcomes(&answer);
    assert_eq!(["a", "b", "c", "d"].map(|name| found[name].as_str()), ["auth", "auth", "auth", "migrated"]);
    let asked = strict.logins.lock().unwrap();
    assert_eq!(asked.iter().flatten().count(), 1, "one wrong password and no other: {asked:?}");
    let stopped = rows(&answer).values().filter(|row| row["message"].as_str().unwrap().contains("was stopped")).count();
    assert_eq!(stopped, 2);
    assert!(head(&bares[0], BRANCH).is_none() && head(&bares[3], BRANCH).is_some());
}

#[test]
fn a_fault_of_a_moment_is_met_with_another_try() {
    let place = Place::new();
    let bare = place.repository("a", "job-level-dind", &[]);
    let server = Http::new(&place, None);
    server.faults.store(2, Ordering::SeqCst);
    let list = place.list(&[server.url("", "a")]);
    let answer = place.json(4, &["--from", &list, "--yes", "--retries", "0"]);
    assert_eq!(outcomes(&answer)["a"], "unreachable");
    assert!(rows(&answer)["a"]["message"].as_str().unwrap().contains("503"), "{answer:#}");
    let answer = place.json(0, &["--from", &list, "--yes", "--retries", "3"]);
    assert_eq!(head(&bare, BRANCH).as_deref(), rows(&answer)["a"]["commit"].as_str());
    assert_eq!(server.faults.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_that_never_answers_is_left_at_the_deadline() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let held: Vec<_> = listener.incoming().take(16).collect();
        drop(held);
    });
    for scheme in ["git", "http"] {
        let list = place.list(&["a", "b"].map(|name| format!("{scheme}://127.0.0.1:{port}/{name}.git")));
        let start = Instant::now();
        let state = format!("state-{scheme}");
        let arguments = ["--from", &list, "--yes", "--deadline", "2s", "--retries", "0", "--state", &state];
        let answer = place.json(4, &arguments);
        assert!(outcomes(&answer).values().all(|outcome| outcome == "unreachable"), "{answer:#}");
        assert!(start.elapsed() >= Duration::from_secs(2) && start.elapsed() < Duration::from_secs(12), "{scheme}");
        let words: Vec<String> =
            rows(&answer).values().map(|row| row["message"].as_str().unwrap().to_owned()).collect();
        assert!(words.iter().any(|words| words.contains("longer than the deadline")), "{words:?}");
        assert!(words.iter().any(|words| words.contains("was stopped")), "{words:?}");
    }
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0, "nothing is left behind");
}

/// An sshd of our own, for one key. None, with a plain word, where there is none that starts.
fn sshd(folder: &Path) -> Option<(Child, u16, String)> {
    let program =
        ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|p| Path::new(p).exists());
    let Some(program) = program else {
        eprintln!("skipped: a rollout over ssh (no sshd is installed)");
        return None;
    };
    let file = |name: &str| -> PathBuf { folder.join(name) };
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file(key)).status();
        assert!(made.unwrap().success());
    }
    std::fs::copy(file("user.pub"), file("authorized")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nSetEnv PATH={}\n",
        file("host").display(),
        file("authorized").display(),
        std::env::var("PATH").unwrap(),
    );
    std::fs::write(file("config"), config).unwrap();
    let mut child = Command::new(program)
        .args(["-D", "-e", "-f"])
        .arg(file("config"))
        .stdin(Stdio::null())
        .stderr(std::fs::File::create(file("log")).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if let Some(status) = child.try_wait().unwrap() {
            let log = std::fs::read_to_string(file("log")).unwrap();
            eprintln!("skipped: a rollout over ssh (sshd does not start here: {status}: {})", log.trim());
            return None;
        }
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            let way = "ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
            return Some((child, port, format!("{way} -i {}", file("user").display())));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("sshd does not listen");
}

#[test]
fn over_ssh_it_is_pushed_and_a_wrong_key_stops_the_host() {
    let place = Place::new();
    let bares = ["a", "b"].map(|name| place.repository(name, "job-level-dind", &[]));
    let keys = tempfile::tempdir().unwrap();
    let Some((mut daemon, port, way)) = sshd(keys.path()) else { return };
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let url =
        |name: &str| format!("ssh://{}@127.0.0.1:{port}{}", user.trim(), place.srv(&format!("{name}.git")).display());
    let list = place.list(&["a", "b"].map(url));
    let run = |way: &str, state: &str| {
        let mut command =
            place.command(&["--from", &list, "--yes", "--state", state, "--format", "json", "--retries", "0"]);
        let output = command.env("GIT_SSH_COMMAND", way).output().unwrap();
        let answer = serde_json::from_slice(&output.stdout);
        answer.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    std::fs::remove_file(keys.path().join("authorized")).unwrap();
    let answer = run(&way, "no");
    assert!(outcomes(&answer).values().all(|outcome| outcome == "auth"), "{answer:#}");
    let stopped = |row: &serde_json::Value| row["message"].as_str().unwrap().contains("was stopped");
    assert_eq!(rows(&answer).values().filter(|row| stopped(row)).count(), 1, "{answer:#}");
    std::fs::copy(keys.path().join("user.pub"), keys.path().join("authorized")).unwrap();
    let answer = run(&way, "yes");
    assert!(outcomes(&answer).values().all(|outcome| outcome == "migrated"), "{answer:#}");
    assert!(bares.iter().all(|bare| head(bare, BRANCH).is_some()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}
