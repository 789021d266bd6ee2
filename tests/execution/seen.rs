//! Edits that are wrong: the comparison must see it.

use crate::job::Job;

/// A script, and one that does something else without a daemon.
pub const WRONG: &[(&str, &str)] = &[
    // The push is gone.
    ("docker build -t registry.test/a .\ndocker push registry.test/a", "docker buildx build -t registry.test/a ."),
    // By another name.
    (
        "docker build -t registry.test/a .\ndocker push registry.test/a",
        "docker buildx build --push -t registry.test/b .",
    ),
    // With other arguments.
    (
        "docker build --build-arg A=1 -t registry.test/a .\ndocker push registry.test/a",
        "docker buildx build --push -t registry.test/a .",
    ),
    // Before the test.
    (
        "docker build -t registry.test/a .\nmake check\ndocker push registry.test/a",
        "docker buildx build --push -t registry.test/a .\nmake check",
    ),
    // By somebody else.
    (
        "docker build -t registry.test/a .\ndocker login -u me -p secret registry.test\ndocker push registry.test/a",
        "docker buildx build --push -t registry.test/a .\ndocker login -u me -p secret registry.test",
    ),
    // An older image, where the build fails.
    (
        "p() {\ndocker build -t registry.test/a .\ndocker push registry.test/a && docker tag registry.test/a registry.test/b \
         && docker push registry.test/b\n}\np && echo ok",
        "p() {\ndocker buildx build --push -t registry.test/a .\ndocker buildx imagetools create -t registry.test/b \
         registry.test/a\n}\np && echo ok",
    ),
    // A test comes last.
    (
        "docker build -t registry.test/a .\ndocker push registry.test/a\n[ -n \"$CI_COMMIT_TAG\" ] && make release\ndocker info",
        "docker buildx build --push -t registry.test/a .\n[ -n \"$CI_COMMIT_TAG\" ] && make release",
    ),
    // Needs the daemon.
    ("docker info\ndocker run registry.test/a", "docker run registry.test/a"),
    // Begins with what is not pushed.
    (
        "docker build -t registry.test/base .\nprintf 'FROM registry.test/base' > b\ndocker build -f b -t registry.test/a .\n\
         docker push registry.test/a",
        "docker buildx build -t registry.test/base .\nprintf 'FROM registry.test/base' > b\n\
         docker buildx build --push -f b -t registry.test/a .",
    ),
    // Compose pushes one service, and bake none.
    (
        "printf 'services: {a: {build: ., image: registry.test/a}, b: {build: ., image: registry.test/b}}' > compose.yml\n\
         docker compose build\ndocker compose push a",
        "printf 'services: {a: {build: ., image: registry.test/a}, b: {build: ., image: registry.test/b}}' > compose.yml\n\
         docker buildx bake --file compose.yml a b",
    ),
    // Both are pushed, by what the variable is then.
    (
        "printf 'services: {a: {build: ., image: \"registry.test/a:${TAG}\"}}' > compose.yml\nexport TAG=one\n\
         docker compose build\nexport TAG=two\ndocker compose build\ndocker compose push",
        "printf 'services: {a: {build: ., image: \"registry.test/a:${TAG}\"}}' > compose.yml\nexport TAG=one\n\
         docker buildx bake --file compose.yml --push\nexport TAG=two",
    ),
];

/// What a migrated script has before it.
const BUILDER: &str = "docker buildx create --driver=kubernetes --name=ours --use\n";

/// # Errors
/// The two are found to do the same, or the first of them fails by itself.
pub fn is_wrong(before: &str, after: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let old = Job::of(before, true);
    // A script is like itself, or all would differ.
    crate::compare::same(&old, &Job::of(before, true), folder.path())?;
    match crate::compare::same(&old, &Job::of(&format!("{BUILDER}{after}"), false), folder.path()) {
        Ok(()) => Err(format!("nobody saw that this is wrong:\n{after}")),
        Err(_) => Ok(()),
    }
}
