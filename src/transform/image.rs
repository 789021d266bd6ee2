//! Images and services: which is a Docker-in-Docker daemon, and which is known to hold buildx.

use globset::Glob;

use super::settings::Settings;

/// Whether a service's image is a Docker-in-Docker daemon: `docker` with a tag that has `dind` in it, from any registry
/// or through a dependency proxy (domain facts, 1; <https://docs.gitlab.com/ci/docker/using_docker_build/>).
pub fn is_dind(image: &str) -> bool {
    let (name, tag) = split(image);
    let base = name.rsplit('/').next().unwrap_or(name);
    (matches!(base, "docker" | "dind") && tag.is_some_and(|tag| tag.contains("dind")))
        || base.ends_with("docker-dind")
        || (base == "dind")
}

/// What is known of the image that a job runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cli {
    /// Docker's own image, new enough to bring buildx, or one that the settings declare.
    WithBuildx,
    /// Docker's own image, from before it brought buildx (older than 23).
    TooOld,
    /// Another image: what it holds is not known.
    Unknown,
}

/// What is known of an image. Docker's own image brings the buildx plugin since 23.0.
pub fn cli(image: &str, settings: &Settings) -> Cli {
    let declared = |pattern: &String| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(image));
    if image == settings.image || settings.images_with_buildx.iter().any(declared) {
        return Cli::WithBuildx;
    }
    let (name, tag) = split(image);
    if name.rsplit('/').next() != Some("docker") || name.matches('/').count() > 0 && !is_mirror(name) {
        return Cli::Unknown;
    }
    match tag {
        None => Cli::WithBuildx,
        Some("stable") => Cli::TooOld,
        Some(tag) => {
            let major: String = tag.chars().take_while(char::is_ascii_digit).collect();
            match major.parse::<u32>() {
                Ok(major) if major < 23 => Cli::TooOld,
                Ok(_) => Cli::WithBuildx,
                Err(_) if tag.contains('$') => Cli::Unknown,
                Err(_) if tag.starts_with("stable") => Cli::TooOld,
                Err(_) => Cli::WithBuildx,
            }
        }
    }
}

/// Docker's own image under another address: Docker Hub's full name, or GitLab's dependency proxy.
fn is_mirror(name: &str) -> bool {
    let prefix = name.trim_end_matches("docker").trim_end_matches('/').trim_end_matches("/library");
    matches!(prefix, "docker.io" | "index.docker.io" | "registry-1.docker.io" | "library")
        || prefix.contains("CI_DEPENDENCY_PROXY")
        || prefix.ends_with("dependency_proxy/containers")
}

/// Name and tag of an image reference; a digest is no tag.
fn split(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    let slash = image.rfind('/').map_or(0, |i| i + 1);
    match image[slash..].find(':') {
        Some(colon) => (&image[..slash + colon], Some(&image[slash + colon + 1..])),
        None => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_are_known_by_image_and_not_by_a_word_in_it() {
        for image in [
            "docker:dind",
            "docker:29-dind",
            "docker:24.0.5-dind-rootless",
            "registry.example.com/mirror/docker:20.10-dind",
            "${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/docker:27-dind",
            "docker:29-dind@sha256:abc",
            "example.com:5000/docker-dind:1",
        ] {
            assert!(is_dind(image), "{image}");
        }
        for image in ["docker:29-cli", "docker", "postgres:16", "my-docker:dinder", "docker.io/library/docker:29"] {
            assert!(!is_dind(image), "{image}");
        }
    }

    #[test]
    fn buildx_is_known_in_dockers_own_image_since_23() {
        let settings = Settings { images_with_buildx: vec!["ci/tools*".into()], ..Settings::default() };
        for image in [
            "docker:29-cli",
            "docker:23.0.1",
            "docker",
            "docker:latest",
            "docker:cli",
            "docker.io/library/docker:27",
            "ci/tools:1",
        ] {
            assert_eq!(cli(image, &settings), Cli::WithBuildx, "{image}");
        }
        for image in ["docker:19.03.12", "docker:20.10-git", "docker:stable"] {
            assert_eq!(cli(image, &settings), Cli::TooOld, "{image}");
        }
        for image in ["alpine", "example.com/docker:29", "docker:$VERSION", "$IMAGE"] {
            assert_eq!(cli(image, &settings), Cli::Unknown, "{image}");
        }
    }
}
