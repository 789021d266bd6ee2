//! The builder that a job gets, and what another one that it makes would be.

use super::super::draft::Draft;
use super::super::settings::Settings;
use super::{is_here, names_of_daemons};
use crate::shell::{Command, Docker};

/// The command that makes the builder (buildx, `create`; driver options: docker/buildx `driver/kubernetes/factory.go`).
///
/// `docker build` builds for the runner it stands on: the builder gets nodes of the architecture that the job's tags name.
pub(super) fn create(settings: &Settings, architecture: Option<&str>) -> String {
    let mut lines = vec![
        "docker buildx create".to_owned(),
        "--driver=kubernetes".to_owned(),
        format!("--driver-opt=namespace={}", settings.namespace),
        "--driver-opt=rootless=true".to_owned(),
    ];
    if let Some(architecture) =
        architecture.filter(|_| !settings.driver_options.iter().any(|(name, _)| name == "nodeselector"))
    {
        lines.push(format!("--driver-opt=nodeselector=kubernetes.io/arch={architecture}"));
    }
    for (name, value) in &settings.driver_options {
        // A value with commas wants quotes that buildx sees.
        lines.push(match value.contains([',', ' ', '"', '\'']) {
            true => format!("'--driver-opt=\"{name}={}\"'", value.replace('\'', "'\\''").replace('"', "\"\"")),
            false => format!("--driver-opt={name}={value}"),
        });
    }
    lines.push(format!("--name=\"{}\"", settings.builder_name));
    lines.push("--use".to_owned());
    lines.join(" \\\n  ") + "\n"
}

/// What is the team's choice in a builder that the job makes, and would be another one.
pub(super) fn chosen(command: &Command, docker: &Docker, draft: &Draft<'_, '_>) -> Option<String> {
    let value = |name: &str| docker.last(name).and_then(|option| Some(option.value.as_ref()?.display.clone()));
    let driver = value("driver").unwrap_or_else(|| "docker-container".to_owned());
    match &*driver {
        "kubernetes" => return None,
        "docker-container" => {}
        _ => return Some(format!("makes a builder with the driver `{driver}`, which is the team's choice")),
    }
    let own = ["config", "buildkitd-config", "buildkitd-flags", "flags", "append"]
        .into_iter()
        .find(|o| docker.last(o).is_some());
    if let Some(option) = own {
        return Some(format!("makes a builder with `--{option}`, which the one of this phase would not have"));
    }
    // Which BuildKit it is matters little; the pod has its cluster's network.
    let usual = |option: &str| option.starts_with("image=") || option == "network=host";
    let options = docker.all("driver-opt").filter_map(|option| option.value.as_ref());
    let options = options.flat_map(|value| value.display.split(','));
    if let Some(option) = options.into_iter().find(|option| !usual(option.trim_matches('"'))) {
        return Some(format!("makes a builder with the option `{option}`, which the one of this phase would not have"));
    }
    let mut places = docker.operands.iter().filter_map(|&word| command.words.get(word)).map(|word| word.display());
    let daemons = names_of_daemons(draft);
    let elsewhere = places.find(|place| place.contains("://") && !is_here(place, &daemons))?;
    Some(format!("makes a builder at `{elsewhere}`, which is another machine's"))
}
