//! Secrets: `env:NAME` and `file:PATH` are followed, anything else is the secret itself.

use std::path::{Path, PathBuf};

use domain::{Day, Secret};

use super::files::bounded;
use super::page::{Found, Spot};

/// A password or token; larger ones are most likely the wrong file.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// What the settings are read amid.
pub(super) struct Around<'a> {
    /// The settings directory; paths in files start from it.
    pub(super) directory: &'a Path,
    /// A variable of the environment.
    pub(super) environment: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Today, to know whether the calendar does.
    pub(super) today: Day,
}

impl Around<'_> {
    /// A path of a settings file, seen from the settings directory.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.directory.join(text)
    }

    /// The secret that a text names; `None` when it cannot be had, which is then noted. Its value is in no fault.
    pub(super) fn secret(&self, found: &Found<'_, String>) -> Option<Secret<String>> {
        let spot = &found.spot;
        if let Some(name) = found.value.strip_prefix("env:") {
            return self.variable(name, spot).map(Secret::new);
        }
        match found.value.strip_prefix("file:") {
            Some(path) => self.file(&self.path(path), spot).map(Secret::new),
            None => Some(Secret::new(found.value.clone())),
        }
    }

    /// A variable that must hold something.
    pub(super) fn variable(&self, name: &str, spot: &Spot<'_>) -> Option<String> {
        let value = (self.environment)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        if value.is_none() {
            spot.fault("names a variable of the environment that is not set or empty; set it for this process");
        }
        value
    }

    fn file(&self, path: &Path, spot: &Spot<'_>) -> Option<String> {
        use std::os::unix::fs::PermissionsExt as _;
        let text = match bounded(path, FILE_BYTES_MAX).map(String::from_utf8) {
            Ok(Ok(text)) => text.trim().to_owned(),
            Ok(Err(_)) => {
                spot.fault("names a file that is no text; write the secret into it as UTF-8");
                return None;
            }
            Err(why) => {
                spot.fault(format!("names the file {}, which {why}", path.display().to_string().escape_debug()));
                return None;
            }
        };
        if text.is_empty() {
            spot.fault(format!(
                "names the file {}, which is empty; write the secret into it",
                path.display().to_string().escape_debug()
            ));
            return None;
        }
        if std::fs::metadata(path).is_ok_and(|of| of.permissions().mode() & 0o004 != 0) {
            spot.warn(format!("everyone on this machine may read {}; run `chmod o-r` on it", path.display()));
        }
        Some(text)
    }
}

/// Does the text stand for itself, in a file that people copy and compare?
pub(super) fn is_literal(text: &str) -> bool {
    !text.starts_with("env:") && !text.starts_with("file:")
}
