//! Phases, samples and examples are embedded: a change of theirs is a change of the program.
fn main() {
    for folder in ["migrations", "testdata/pipelines/monorepo", "testdata/transforms"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
