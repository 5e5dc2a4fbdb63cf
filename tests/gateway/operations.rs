//! What an operator picks up: container, service, samples, `check`, `health`, reload, backup, and the commands of the runbook.

mod broken_settings;
mod compose;
mod documents;
mod keys;
mod lines;
mod measured;
mod samples;
mod served;
mod service;
mod yaml;

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one of its files.
fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("reading {file}: {error}"))
}

/// A copy of the sample settings that only its owner may read, as an installation would have it.
pub fn copy_of_the_samples(to: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let config = to.join("config");
    for from in crate::bench::files_below(&root().join("config")) {
        let path = config.join(from.strip_prefix(root().join("config")).unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(&from, &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    config
}
