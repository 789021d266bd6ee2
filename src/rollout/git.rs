//! Runs git: without a question, without the user's surroundings, and not for ever.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::target::{Login, without_credentials};

/// Process groups that are under way.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// What is the same for every git command of a rollout.
#[derive(Clone, Debug)]
pub struct Net {
    /// How long git may take for one repository.
    pub deadline: Duration,
    /// ssh as the user has it, told not to ask.
    ssh: Option<String>,
    /// Entries of `GIT_CONFIG_COUNT` that the user brings.
    inherited: usize,
}

/// What a command gave.
pub struct Ran {
    pub ok: bool,
    pub out: Vec<u8>,
    /// What it said, without credentials.
    pub said: String,
}

impl Net {
    /// Looks up how the user goes by ssh.
    pub fn new(deadline: Duration) -> Net {
        let words = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let configured = || {
            let output = Command::new("git").args(["config", "--get", "core.sshCommand"]).stdin(Stdio::null()).output();
            let value = String::from_utf8(output.ok()?.stdout).ok()?.trim().to_owned();
            Some(value).filter(|value| !value.is_empty())
        };
        let ssh = words("GIT_SSH_COMMAND").or_else(configured);
        let ssh = match (ssh, words("GIT_SSH")) {
            (None, Some(_)) => None,
            (ssh, _) => {
                Some(format!("{} -o BatchMode=yes -o ConnectTimeout=20", ssh.unwrap_or_else(|| "ssh".to_owned())))
            }
        };
        let inherited = words("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
        Net { deadline, ssh, inherited }
    }

    /// A git command in a repository, with configuration and perhaps credentials that only its environment holds.
    pub(super) fn command(&self, dir: &Path, config: &[(&str, &str)], login: Option<&Login>) -> Command {
        let mut command = Command::new("git");
        command.current_dir(dir);
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_NAMESPACE",
            "GIT_PREFIX",
            "GIT_SHALLOW_FILE",
            "GIT_QUARANTINE_PATH",
            "GIT_TRACE",
            "GIT_TRACE_CURL",
            "SSH_ASKPASS",
        ] {
            command.env_remove(name);
        }
        command.envs([
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GCM_INTERACTIVE", "never"),
            ("LC_ALL", "C"),
        ]);
        if let Some(ssh) = &self.ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        let mut all = vec![
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("fetch.writeCommitGraph", "false"),
            ("push.recurseSubmodules", "no"),
            ("push.followTags", "false"),
            ("push.gpgSign", "false"),
            ("http.lowSpeedLimit", "100"),
            ("http.lowSpeedTime", "30"),
            ("core.logAllRefUpdates", "false"),
        ];
        all.extend(config);
        if let Some(login) = login {
            all.push(("credential.username", &login.user));
            if let Some(password) = &login.password {
                all.push(("credential.helper", HELPER));
                command.env("CI_MIGRATE_USERNAME", &login.user).env("CI_MIGRATE_PASSWORD", password);
            }
        }
        for (number, (key, value)) in all.iter().enumerate() {
            let number = number + self.inherited;
            command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        command.env("GIT_CONFIG_COUNT", (all.len() + self.inherited).to_string());
        command
    }

    /// Runs a command to its end, or to the deadline.
    ///
    /// # Errors
    /// There is no git, or it takes too long ([`io::ErrorKind::TimedOut`]).
    pub(super) fn run(&self, mut command: Command, input: &[u8], time: Duration) -> io::Result<Ran> {
        let end = Instant::now() + time;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        own_group(&mut command);
        let mut child = Running::new(command.spawn()?);
        let (done, ready) = mpsc::channel();
        let out = collect(child.0.stdout.take(), done.clone());
        let said = collect(child.0.stderr.take(), done);
        if let Some(mut stdin) = child.0.stdin.take() {
            // One that does not read what it is given says why by its exit. What is given is small.
            let _ = stdin.write_all(input);
        }
        for _ in 0..2 {
            if ready.recv_timeout(end.saturating_duration_since(Instant::now())).is_err() {
                child.kill();
                return Err(io::Error::new(io::ErrorKind::TimedOut, "git took longer than the deadline"));
            }
        }
        let status = child.0.wait()?;
        let text = |thread: thread::JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
        let said = without_credentials(&String::from_utf8_lossy(&text(said)));
        Ok(Ran { ok: status.success(), out: text(out), said })
    }
}

/// Answers git with what is in the environment, and with nothing but that.
const HELPER: &str = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$CI_MIGRATE_USERNAME\" \
                      \"$CI_MIGRATE_PASSWORD\"; }; f";

/// Ends every git that is under way; for one who is about to end the process.
pub fn kill_all() {
    for group in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        kill_group(*group);
    }
}

fn collect(stream: Option<impl Read + Send + 'static>, done: mpsc::Sender<()>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What came before an error is what there is.
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = done.send(());
        bytes
    })
}

/// A child that does not outlive its end of interest.
pub(super) struct Running(pub Child);

impl Running {
    pub fn new(child: Child) -> Running {
        let group = i32::try_from(child.id()).unwrap_or(0);
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(group);
        Running(child)
    }

    pub fn kill(&mut self) {
        kill_group(i32::try_from(self.0.id()).unwrap_or(0));
        let _ = self.0.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.kill();
            let _ = self.0.wait();
        }
        let group = i32::try_from(self.0.id()).unwrap_or(0);
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }
}

/// Ctrl-C is for us: what is under way comes to its end.
#[cfg(unix)]
pub(super) fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn kill_group(group: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(group) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
pub(super) fn own_group(_command: &mut Command) {}

#[cfg(not(unix))]
fn kill_group(_group: i32) {}
