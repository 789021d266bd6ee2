//! What a run changes: the daemon's images, the registry, the builders, and what was done, in order.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

/// The state of a run, in a folder.
pub struct Store {
    folder: PathBuf,
}

/// The step that is to fail, as [`Store::passes`] names it.
pub const FAIL: &str = "STAND_IN_FAIL";
/// Set when it fails the first time only.
pub const ONCE: &str = "STAND_IN_ONCE";
/// Set when the registry holds nothing at the start; else it holds an old image by every name.
pub const EMPTY: &str = "STAND_IN_EMPTY";
/// Set when there is a daemon.
pub const DAEMON: &str = "STAND_IN_DAEMON";

impl Store {
    pub fn open(folder: PathBuf) -> Store {
        for part in ["registry", "daemon", "builders", "lists"] {
            let _ = std::fs::create_dir(folder.join(part));
        }
        Store { folder }
    }

    pub fn has_daemon(&self) -> bool {
        let there = std::env::var_os(DAEMON).is_some();
        if !there {
            eprintln!("stand-in: no daemon");
            self.trace("no daemon");
        }
        there
    }

    /// Notes a line of what is done.
    pub fn trace(&self, line: &str) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(self.folder.join("trace")).unwrap();
        let _ = file.write_all(format!("{}\n", line.replace('\n', "⏎")).as_bytes());
    }

    /// A step; it fails if it is the one that is to.
    pub fn passes(&self, step: &str) -> bool {
        self.trace(&format!("step {step}"));
        let fails = std::env::var(FAIL).is_ok_and(|fail| fail == step.replace('\n', "⏎"));
        let failed = self.folder.join("failed");
        if fails && (std::env::var_os(ONCE).is_none() || !failed.exists()) {
            let _ = std::fs::write(failed, "");
            return false;
        }
        true
    }

    /// What this stand-in cannot do: nothing can be said about the job.
    pub fn unknown(&self, what: &str) -> bool {
        self.trace(&format!("unknown {what}"));
        false
    }

    pub fn in_daemon(&self, name: &str) -> Option<String> {
        self.get("daemon", &full(name))
    }

    pub fn put_in_daemon(&self, name: &str, image: &str) {
        self.put("daemon", &full(name), image);
    }

    pub fn remove_from_daemon(&self, name: &str) {
        self.remove("daemon", &full(name));
    }

    pub fn daemon(&self) -> Vec<(String, String)> {
        self.all("daemon").into_iter().collect()
    }

    /// What the registry holds by a name.
    pub fn in_registry(&self, name: &str) -> Option<String> {
        let name = full(name);
        if let Some(held) = self.get("registry", &name) {
            return Some(held.split(" by ").next().unwrap_or_default().to_owned());
        }
        let ours = name.split_once('/').is_some_and(|(host, _)| host.contains('.') || host.contains(':'));
        (!ours || std::env::var_os(EMPTY).is_none()).then(|| format!("old:{name}"))
    }

    /// Puts an image into the registry, as who is logged in there.
    pub fn push(&self, name: &str, image: &str) -> bool {
        let name = full(name);
        if !self.passes(&format!("push {name}")) {
            return false;
        }
        let image = format!("{image} by {}", user(&name));
        self.put("registry", &name, &image);
        self.trace(&format!("pushed {name} {image}"));
        true
    }

    /// All that was pushed, in short.
    pub fn registry(&self) -> String {
        let all = self.all("registry").into_iter().map(|(name, image)| format!("{name}={}", hash(&image)));
        all.collect::<Vec<_>>().join(" ")
    }

    pub fn get(&self, part: &str, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(part).join(file_name(name))).ok()
    }

    pub fn put(&self, part: &str, name: &str, value: &str) {
        std::fs::write(self.folder.join(part).join(file_name(name)), value).unwrap();
    }

    pub fn remove(&self, part: &str, name: &str) -> bool {
        std::fs::remove_file(self.folder.join(part).join(file_name(name))).is_ok()
    }

    pub fn all(&self, part: &str) -> BTreeMap<String, String> {
        let entries = std::fs::read_dir(self.folder.join(part)).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().replace("%2F", "/");
                (name, std::fs::read_to_string(&path).unwrap_or_default())
            })
            .collect()
    }
}

/// A name as the registry knows it.
pub fn full(name: &str) -> String {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || last.contains('@') { name.to_owned() } else { format!("{name}:latest") }
}

/// Who is logged in at the registry of a name, by the files of docker's configuration.
fn user(name: &str) -> String {
    let host = name.split('/').next().unwrap_or_default();
    let host = if host.contains('.') || host.contains(':') { host } else { "docker.io" };
    let folder = crate::docker::configuration();
    let held = std::fs::read_to_string(folder.join(format!("login-{}", file_name(host))));
    held.or_else(|_| std::fs::read_to_string(folder.join("config.json"))).unwrap_or_default()
}

pub fn file_name(name: &str) -> String {
    name.replace('/', "%2F").chars().take(250).collect()
}

/// A short word for a text, the same in every run.
pub fn hash(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{:08x}", sum >> 16 & 0xffff_ffff)
}
