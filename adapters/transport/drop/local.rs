//! A mailbox in a folder of this machine, or in one that is mounted on it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use domain::socket::Cause;
use tokio::sync::Semaphore;

use super::growing::{Parts, Step};
use super::held::sum;
use super::mailbox::{Folder, Listed, Lying, NAMES_MAX, PutFault, Wanted};
use super::packet::PACKET_BYTES_MAX;

/// File operations at once in one box: a mount that hangs holds so many threads and no more.
pub const LOCAL_AT_ONCE_MAX: usize = 4;

/// The box: its root has the partner's folders.
pub(crate) struct LocalBox {
    root: Arc<PathBuf>,
    places: Arc<Semaphore>,
}

impl LocalBox {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root: Arc::new(root), places: Arc::new(Semaphore::new(LOCAL_AT_ONCE_MAX)) }
    }

    /// Runs blocking work; it keeps its place for as long as it takes, also when nobody waits for it any more.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Cause> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Cause::Interrupted)?;
        let root = Arc::clone(&self.root);
        let worked = tokio::task::spawn_blocking(move || {
            let worked = work(&root);
            drop(place);
            worked
        });
        worked.await.map_err(|_| Cause::Panicked)?.map_err(|error| cause(&error))
    }

    pub(crate) async fn put(
        &self,
        folder: Folder,
        name: &str,
        bytes: Vec<u8>,
        step: &Step,
        parts: &Parts,
    ) -> Result<(), PutFault> {
        let (name, own, parts) = (name.to_owned(), step.clone(), parts.clone());
        let put = self.work(move |root| {
            // It waited for a thread, and longer than anybody waited for it.
            if own.is_given_up() {
                return Err(ErrorKind::TimedOut.into());
            }
            let place = made(root, folder)?;
            let whole = place.join(&name);
            if is_link(&whole) {
                return Ok(false);
            }
            if let Some(there) = read_capped(&whole, bytes.len())? {
                return Ok(there == bytes);
            }
            let part = parts.take(folder, &name);
            let grown = grow(&place.join(part.name()), &whole, &bytes, &own);
            part.ended();
            grown?;
            // The name is in the folder once the folder is on the disk.
            File::open(&place)?.sync_all()?;
            Ok(true)
        });
        match put.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(PutFault::Other),
            // Something longer than ours stands there.
            Err(Cause::TooLarge) => Err(PutFault::Other),
            Err(cause) => Err(step.fault(cause)),
        }
    }

    pub(crate) async fn has(&self, folder: Folder, name: &str) -> Result<bool, Cause> {
        let name = name.to_owned();
        self.work(move |root| root.join(folder.name()).join(name).try_exists()).await
    }

    pub(crate) async fn list(&self, folder: Folder, wanted: Wanted, most: usize) -> Result<Listed, Cause> {
        self.work(move |root| listed(root, folder, &wanted, most)).await
    }

    pub(crate) async fn read(&self, folder: Folder, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Cause> {
        let name = name.to_owned();
        self.work(move |root| read_capped(&root.join(folder.name()).join(name), bytes_max)).await
    }

    pub(crate) async fn shift(&self, from: (Folder, &str), to: (Folder, &str)) -> Result<(), Cause> {
        let (old, folder, new) = (format!("{}/{}", from.0.name(), from.1), to.0, to.1.to_owned());
        self.work(move |root| {
            let folder = made(root, folder)?;
            gone_is_good(fs::rename(root.join(old), folder.join(new)))?;
            File::open(&folder)?.sync_all()
        })
        .await
    }

    pub(crate) async fn put_away(
        &self,
        name: &str,
        hold: Option<String>,
        digest: &str,
        to: Option<(Folder, &str)>,
    ) -> Result<(), Cause> {
        let (name, digest) = (name.to_owned(), digest.to_owned());
        let to = to.map(|(folder, name)| (folder, name.to_owned()));
        self.work(move |root| {
            let upload = root.join(Folder::Upload.name());
            let place = upload.join(hold.as_ref().unwrap_or(&name));
            if hold.is_some() {
                gone_is_good(fs::rename(upload.join(&name), &place))?;
            }
            let stands = match read_capped(&place, PACKET_BYTES_MAX) {
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) => sum(&bytes),
                // Neither is summed: what is too large, and what is a link.
                Err(error) if matches!(error.kind(), ErrorKind::FileTooLarge | ErrorKind::InvalidInput) => {
                    String::new()
                }
                Err(error) => return Err(error),
            };
            match to {
                _ if stands != digest => Ok(()),
                None => gone_is_good(fs::remove_file(place)),
                Some((folder, aside)) => {
                    let folder = made(root, folder)?;
                    gone_is_good(fs::rename(place, folder.join(aside)))?;
                    File::open(&folder)?.sync_all()
                }
            }
        })
        .await
    }

    pub(crate) async fn remove(&self, folder: Folder, name: &str) -> Result<(), Cause> {
        let name = name.to_owned();
        self.work(move |root| gone_is_good(fs::remove_file(root.join(folder.name()).join(name)))).await
    }
}

/// A folder of the box, made when it is missing. The box itself is never made: where a share should be mounted and is not, whatever
/// were left would be hidden by the share and never fetched.
fn made(root: &Path, folder: Folder) -> io::Result<PathBuf> {
    let folder = root.join(folder.name());
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(folder),
    }
}

/// Writes a file and lets it appear, unless nobody waits for that any more; what was written of it goes again.
fn grow(part: &Path, whole: &Path, bytes: &[u8], step: &Step) -> io::Result<()> {
    let written = (|| {
        let mut file = File::create(part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if step.show() { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    })();
    let grown = written.and_then(|()| fs::rename(part, whole));
    if grown.is_err() {
        let _gone_or_never_there = fs::remove_file(part);
    }
    grown
}

/// The wanted files of a folder.
fn listed(root: &Path, folder: Folder, wanted: &Wanted, most: usize) -> io::Result<Listed> {
    let entries = match fs::read_dir(root.join(folder.name())) {
        // The box itself must be there: an unmounted share is no empty one.
        Err(error) if error.kind() == ErrorKind::NotFound && root.try_exists()? => return Ok(Listed::default()),
        entries => entries?,
    };
    let mut listed = Listed::default();
    for (names, entry) in entries.enumerate() {
        if listed.files.len() == most || names == NAMES_MAX {
            listed.is_cut = true;
            break;
        }
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().filter(|name| wanted(name)).map(str::to_owned) else {
            continue;
        };
        // What was taken away while we looked is no packet, nor is a folder.
        let Ok(about) = entry.metadata() else { continue };
        let is_link = about.is_symlink();
        if !about.is_file() && !is_link {
            continue;
        }
        let written = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        listed.files.push(Lying { name, bytes: about.len(), written_s: written.as_secs(), is_link });
    }
    Ok(listed)
}

fn gone_is_good(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Does a link stand there, wherever it leads?
fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())
}

/// The bytes, `None` when there is no such file. A link is not followed.
fn read_capped(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    if is_link(path) {
        return Err(ErrorKind::InvalidInput.into());
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max { Err(ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}

fn cause(error: &io::Error) -> Cause {
    match error.kind() {
        ErrorKind::PermissionDenied => Cause::Credential,
        ErrorKind::FileTooLarge => Cause::TooLarge,
        ErrorKind::TimedOut => Cause::Timeout,
        // A link where a file should be.
        ErrorKind::InvalidInput => Cause::Schema,
        // No folder, no mount, no room.
        _ => Cause::Connect,
    }
}
