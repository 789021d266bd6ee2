//! The one question that is put to a cluster, by way of `kubectl`.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a cluster may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `kubectl` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// There is no `kubectl`.
    NoProgram,
    /// Builders may be made, with the rights of whoever asks.
    Yes,
    No,
    /// It did not say, in its own words.
    Unknown(String),
}

/// Whether Deployments, which is what buildx's Kubernetes driver makes, may be made in a namespace. Nothing is changed.
pub fn can_make_builders(namespace: &str) -> Cluster {
    let child = Command::new("kubectl")
        .args(["auth", "can-i", "create", "deployments.apps", "--request-timeout=4s", "--namespace", namespace])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return Cluster::NoProgram };
    let start = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(20)),
            _ => {
                // One that has just ended by itself is no trouble.
                let _ = child.kill();
                let _ = child.wait();
                return Cluster::Unknown(format!("no answer within {} seconds", PATIENCE.as_secs()));
            }
        }
    };
    let read = |pipe: Option<&mut dyn Read>| {
        let mut text = String::new();
        // What is not text says nothing.
        let _ = pipe.map(|pipe| pipe.read_to_string(&mut text));
        text
    };
    let out = read(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read));
    let err = read(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read));
    match (ended.success(), out.trim()) {
        (true, "yes") => Cluster::Yes,
        (false, answer) if answer == "no" || answer.starts_with("no ") => Cluster::No,
        _ => Cluster::Unknown(err.lines().last().unwrap_or("it said nothing").trim().to_owned()),
    }
}
