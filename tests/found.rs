//! Inputs that the fuzz targets (`fuzz/`) found to fail once: each is tried again as it was found.

#[path = "common/attempts.rs"]
mod attempts;

use std::path::Path;

fn all(target: &str, attempt: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/found").join(target);
    let mut tried = 0;
    for entry in folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        attempt(&std::fs::read(&path).unwrap());
        tried += 1;
    }
    assert!(tried > 0, "nothing in {}", folder.display());
}

#[test]
fn scripts() {
    all("script", attempts::scripts);
}

#[test]
fn documents() {
    all("document", attempts::document);
}
