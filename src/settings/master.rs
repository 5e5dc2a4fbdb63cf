//! The file of the master key: read, and judged before anything is opened with it.

use std::path::Path;

use domain::Secret;
use store::seal::master::{MasterKey, MasterKeyError};

use super::files::bounded;
use super::page::Spot;
use super::secret::Around;

/// 64 hex digits or 44 of base64, and a line's end.
const FILE_BYTES_MAX: u64 = 256;
/// Where a service manager says that it put a service's secrets.
const HANDED: &str = "CREDENTIALS_DIRECTORY";

fn lies_in(path: &Path, directory: Option<&Path>) -> bool {
    directory.is_some_and(|directory| !directory.as_os_str().is_empty() && path.starts_with(directory))
}

/// Was this file handed over by the service manager? Such a file is never made by us.
pub fn is_handed(path: &Path) -> bool {
    lies_in(path, std::env::var_os(HANDED).as_deref().map(Path::new))
}

/// Reads the key.
///
/// # Errors
/// [`MasterKeyError`], or what a handed file lacks.
pub fn read(path: &Path) -> anyhow::Result<MasterKey> {
    if is_handed(path) { handed(path).map_err(|why| anyhow::anyhow!(why)) } else { Ok(MasterKey::read(path)?) }
}

/// systemd gives its service access by an access-control list, whose mask shows as the bits of the group; who may read is
/// said by the directory, which only that service may enter.
fn handed(path: &Path) -> Result<MasterKey, String> {
    let shown = path.display();
    let bytes = bounded(path, FILE_BYTES_MAX).map_err(|why| format!("the master key file {shown} {why}"))?;
    let text = Secret::new(String::from_utf8(bytes).map_err(|_| format!("the master key file {shown} is no text"))?);
    MasterKey::from_text(text.expose(), &shown.to_string()).map_err(|error| error.to_string())
}

/// Notes what would keep a gateway from starting with this file. One that is not there is made by the first start, and
/// only by that.
pub(super) fn judge(path: &Path, data: &Path, spot: &Spot<'_>, around: &Around<'_>) {
    let directory = (around.environment)(HANDED);
    let found = if lies_in(path, directory.as_deref().map(Path::new)) {
        handed(path).map(drop)
    } else {
        match MasterKey::read(path) {
            Err(MasterKeyError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let made_with_it = data.join("journal").exists().then(|| {
                    format!(
                        "names the file {}, which is not there, and {} was made with it; put it back",
                        path.display(),
                        data.display()
                    )
                });
                made_with_it.map_or(Ok(()), Err)
            }
            found => found.map(drop).map_err(|error| error.to_string()),
        }
    };
    if let Err(why) = found {
        spot.fault(why);
    }
}
