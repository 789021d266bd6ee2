//! What a team may set: `.ci-migrate.yml` at the repository's root, then `--set KEY=VALUE` over it.

use std::collections::BTreeMap;
use std::ops::Range;

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::role::Role;
use crate::yaml::{NodeId, Stream};

/// The settings of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the builder. It must differ from job to job: two jobs with one name share one Deployment, and the first to
    /// finish removes the other's (domain facts, 3).
    pub builder_name: String,
    /// Kubernetes namespace of the builder.
    pub namespace: String,
    /// More options for `--driver-opt`, in order.
    pub driver_options: Vec<(String, String)>,
    /// The image for migrated jobs whose own is docker's but too old to hold buildx.
    pub image: String,
    /// Images that hold docker and buildx, as globs.
    pub images_with_buildx: Vec<String>,
    /// Commands that use no docker although that cannot be seen, as globs.
    pub without_docker: Vec<String>,
    /// What follows a registry cache's tag to make the branch's own.
    pub branch_suffix: String,
    /// Whether includes that cannot be read may be taken not to need the global daemon. A flag, no setting of a repository.
    pub assume_complete: bool,
    /// Roles that were said, by job.
    pub roles: BTreeMap<String, Role>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            builder_name: "k8s-builder-${CI_JOB_ID}".to_owned(),
            namespace: "${BUILDKIT_NAMESPACE:-gitlab-runner}".to_owned(),
            driver_options: Vec::new(),
            image: "docker:29-cli".to_owned(),
            images_with_buildx: Vec::new(),
            without_docker: Vec::new(),
            branch_suffix: "-${CI_COMMIT_REF_SLUG}".to_owned(),
            assume_complete: false,
            roles: BTreeMap::new(),
        }
    }
}

/// A setting as the documentation shows it.
pub struct Key {
    pub name: &'static str,
    pub takes: &'static str,
    pub about: &'static str,
}

/// Every key of the settings.
pub const KEYS: &[Key] = &[
    Key { name: "builder.name", takes: "text", about: "name of the builder; must differ from job to job" },
    Key { name: "builder.namespace", takes: "text", about: "Kubernetes namespace of the builder" },
    Key { name: "builder.driver-options", takes: "option: value", about: "more options of buildx's Kubernetes driver" },
    Key { name: "image", takes: "image", about: "image for migrated jobs whose docker image is older than 23" },
    Key { name: "images-with-buildx", takes: "list of globs", about: "other images that hold docker and buildx" },
    Key { name: "commands-without-docker", takes: "list of globs", about: "commands that use no docker" },
    Key { name: "branch-cache.suffix", takes: "text", about: "what follows a cache's tag to make the branch's own" },
    Key { name: "roles", takes: "job: role", about: "pilot, single, test, multi or none, where the guess is wrong" },
];

/// Options of buildx's Kubernetes driver (docker/buildx, `driver/kubernetes/factory.go`). An unknown one is an error there.
pub const DRIVER_OPTIONS: &[&str] = &[
    "annotations",
    "buildkit-root-volume-memory",
    "default-load",
    "image",
    "labels",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "loadbalance",
    "namespace",
    "nodeselector",
    "persistent-volume-claim.requests.storage",
    "qemu.image",
    "qemu.install",
    "replicas",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "rootless",
    "schedulername",
    "serviceaccount",
    "timeout",
    "tolerations",
];

/// A setting that is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    pub message: String,
    pub hint: String,
    /// Bytes of the settings file; none for `--set`.
    pub span: Option<Range<usize>>,
}

impl Settings {
    /// Reads the text of `.ci-migrate.yml` over what is set.
    ///
    /// # Errors
    /// Not YAML, an unknown key (the nearest known one is named), a value that the key does not take.
    pub fn read(&mut self, text: String) -> Result<(), SettingError> {
        let stream =
            Stream::parse(text).map_err(|e| SettingError { message: e.message, hint: e.hint, span: Some(e.span) })?;
        match stream.tree().roots().first() {
            Some(&root) if !stream.tree().is_null(root) => self.read_mapping(&stream, root, ""),
            _ => Ok(()),
        }
    }

    /// Sets one key from `KEY=VALUE`.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn set(&mut self, assignment: &str) -> Result<(), SettingError> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(bad(
                format!("`{assignment}` has no `=`"),
                "write --set KEY=VALUE, as in --set builder.namespace=ci".into(),
            ));
        };
        if matches!(key, "images-with-buildx" | "commands-without-docker") {
            return value.split(',').try_for_each(|image| self.put(key, image.trim()));
        }
        self.put(key, value)
    }

    fn read_mapping(&mut self, stream: &Stream, mapping: NodeId, prefix: &str) -> Result<(), SettingError> {
        let tree = stream.tree();
        if !tree.is_mapping(mapping) {
            let at = if prefix.is_empty() { "the settings".to_owned() } else { format!("`{prefix}`") };
            return Err(SettingError {
                span: Some(stream.span(mapping)),
                ..bad(format!("{at} must be a mapping"), known())
            });
        }
        for (key, value) in tree.entries(mapping) {
            let name = tree.scalar(key).unwrap_or_default();
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            let put = match tree.scalar(value) {
                Some(text) => self.put(&path, text),
                None if tree.is_sequence(value) => tree
                    .items(value)
                    .iter()
                    .try_for_each(|&item| self.put(&path, tree.scalar(item).unwrap_or_default())),
                None => {
                    self.read_mapping(stream, value, &path)?;
                    Ok(())
                }
            };
            put.map_err(|error| SettingError { span: Some(stream.span(key)), ..error })?;
        }
        Ok(())
    }

    fn put(&mut self, path: &str, value: &str) -> Result<(), SettingError> {
        if value.is_empty() {
            return Err(bad(format!("`{path}` is empty"), known()));
        }
        match path {
            "builder.name" => self.builder_name = value.to_owned(),
            "builder.namespace" => self.namespace = value.to_owned(),
            "image" => self.image = value.to_owned(),
            "branch-cache.suffix" => self.branch_suffix = value.to_owned(),
            "images-with-buildx" => {
                Glob::new(value).map_err(|error| bad(error.to_string(), "a glob as in registry/ci-*:latest".into()))?;
                self.images_with_buildx.push(value.to_owned());
            }
            "commands-without-docker" => {
                Glob::new(value).map_err(|error| bad(error.to_string(), "a glob as in ./ci/lint-*.sh".into()))?;
                self.without_docker.push(value.to_owned());
            }
            _ => match (path.strip_prefix("builder.driver-options."), path.strip_prefix("roles.")) {
                (Some(option), _) => self.driver_option(option, value)?,
                (_, Some(job)) => {
                    let words = Role::ALL.map(Role::word);
                    let role = value.parse().map_err(|()| {
                        bad(
                            format!("`{value}` is no role{}", nearest(value, words)),
                            format!("the roles are {}", words.join(", ")),
                        )
                    })?;
                    self.roles.insert(job.to_owned(), role);
                }
                _ => {
                    let groups = ["builder", "builder.driver-options", "branch-cache", "roles"];
                    if groups.contains(&path) {
                        return Err(bad(format!("`{path}` holds settings, and is none itself"), known()));
                    }
                    let names = KEYS.iter().map(|key| key.name).chain(groups);
                    return Err(bad(format!("`{path}` is no setting{}", nearest(path, names)), known()));
                }
            },
        }
        Ok(())
    }

    /// The commands that were said to use no docker.
    pub fn declared_commands(&self) -> GlobSet {
        let mut set = GlobSetBuilder::new();
        for glob in self.without_docker.iter().filter_map(|glob| Glob::new(glob).ok()) {
            set.add(glob);
        }
        set.build().unwrap_or_default()
    }

    fn driver_option(&mut self, option: &str, value: &str) -> Result<(), SettingError> {
        let known = DRIVER_OPTIONS.contains(&option) || option.starts_with("env.");
        if !known {
            let message = format!(
                "`{option}` is no option of the Kubernetes driver{}",
                nearest(option, DRIVER_OPTIONS.iter().copied())
            );
            return Err(bad(message, format!("the options are {}, env.NAME", DRIVER_OPTIONS.join(", "))));
        }
        match option {
            "namespace" => return self.put("builder.namespace", value),
            "rootless" if value != "true" => {
                return Err(bad(
                    "without `rootless=true` the builder's pod is privileged".into(),
                    "leave it out; true is what is written".into(),
                ));
            }
            "rootless" => return Ok(()),
            "qemu.install" if value != "false" => {
                return Err(bad(
                    "`qemu.install` adds a privileged init container".into(),
                    "build for one platform, or on nodes of each".into(),
                ));
            }
            "image" if !value.contains("rootless") => {
                return Err(bad(
                    format!("`{value}` is used as it is, and it is no rootless image"),
                    "name one whose tag ends in -rootless".into(),
                ));
            }
            _ => {}
        }
        self.driver_options.retain(|(name, _)| name != option);
        self.driver_options.push((option.to_owned(), value.to_owned()));
        Ok(())
    }
}

/// ", did you mean `x`?" for the nearest of the known words, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|k| (strsim::damerau_levenshtein(word, k), k)).min();
    match near {
        Some((distance, name)) if distance <= 2.max(word.len() / 3) => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

fn known() -> String {
    let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    format!("the settings are {}", names.join(", "))
}

fn bad(message: String, hint: String) -> SettingError {
    SettingError { message, hint, span: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, SettingError> {
        let mut settings = Settings::default();
        settings.read(text.to_owned()).map(|()| settings)
    }

    #[test]
    fn a_file_sets_what_it_names() {
        let settings = read("builder:\n  namespace: ci\n  driver-options:\n    requests.cpu: 500m\nimages-with-buildx: [a/*]\nroles:\n  build / x: test\n").unwrap();
        assert_eq!(settings.namespace, "ci");
        assert_eq!(settings.driver_options, [("requests.cpu".to_owned(), "500m".to_owned())]);
        assert_eq!(settings.images_with_buildx, ["a/*"]);
        assert_eq!(settings.roles["build / x"], Role::Test);
        assert_eq!(read("# nothing\n").unwrap(), Settings::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest() {
        assert!(read("bulder: {name: x}\n").unwrap_err().message.contains("did you mean `builder.name`"));
        assert!(read("builder:\n  namspace: x\n").unwrap_err().message.contains("did you mean `builder.namespace`"));
        assert!(read("builder: {driver-options: {request.cpu: 1}}\n").unwrap_err().message.contains("`requests.cpu`"));
        assert!(read("roles: {a: pilt}\n").unwrap_err().message.contains("`pilot`"));
        assert_eq!(read("a: 1\nimage: x\n").unwrap_err().span, Some(0..1));
    }

    #[test]
    fn what_would_need_privileges_is_refused() {
        for option in ["rootless: false", "qemu.install: true", "image: 'moby/buildkit:latest'"] {
            assert!(read(&format!("builder: {{driver-options: {{{option}}}}}\n")).is_err(), "{option}");
        }
    }

    #[test]
    fn the_command_line_sets_over_the_file() {
        let mut settings = read("builder: {namespace: a}\n").unwrap();
        settings.set("builder.namespace=b").unwrap();
        assert_eq!(settings.namespace, "b");
        assert!(settings.set("builder.namespace").is_err());
    }
}
