//! A partner's mailbox, wherever it stands: five things are done in it, and each says what is proved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::socket::Cause;

use super::local::LocalBox;
use super::sftp::SftpBox;

/// The most files of one folder that a sweep looks at: more than a bank leaves in a day; what lies behind them waits.
pub const LISTED_MAX: usize = 10_000;

/// The folders of one partner's box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Folder {
    /// From us to the partner.
    Download,
    /// From the partner to us.
    Upload,
    /// One small file for each packet that was taken: its digest, by which another one of that name is known.
    Taken,
    /// What could not be read, with the reason beside it, for people.
    SetAside,
}

impl Folder {
    /// Its name in the box.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Taken => "taken",
            Self::SetAside => "set_aside",
        }
    }
}

/// A file as the folder lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lying {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// When it was last written, in seconds, by the clock of whoever keeps the folder.
    pub(crate) written_s: u64,
}

/// Why something was not left for the partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PutFault {
    /// Nothing stands under the name, and nothing will.
    NotThere(Cause),
    /// It may stand there.
    Unknown(Cause),
    /// Something else stands under the name.
    Other,
}

/// A box and how long is waited for it.
pub(crate) struct Mailbox {
    place: Place,
    timeout: Duration,
}

enum Place {
    Local(LocalBox),
    Sftp(Box<SftpBox>),
}

/// Set in the last moment before the rename: what fails earlier left nothing, what fails later may have.
#[derive(Clone, Default)]
pub(crate) struct Step(Arc<AtomicBool>);

impl Step {
    /// From here on it may stand there.
    pub(crate) fn show(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// What a failure with this cause proves.
    pub(crate) fn fault(&self, cause: Cause) -> PutFault {
        if self.0.load(Ordering::SeqCst) { PutFault::Unknown(cause) } else { PutFault::NotThere(cause) }
    }
}

impl Mailbox {
    pub(crate) fn local(place: LocalBox, timeout: Duration) -> Self {
        Self { place: Place::Local(place), timeout }
    }

    pub(crate) fn sftp(place: SftpBox, timeout: Duration) -> Self {
        Self { place: Place::Sftp(Box::new(place)), timeout }
    }

    /// Does it stand on a server?
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self.place, Place::Sftp(_))
    }

    /// Leaves a file under its name, whole or not at all. The same bytes under the name already are as good.
    pub(crate) async fn put(&self, folder: Folder, name: &str, bytes: Vec<u8>) -> Result<(), PutFault> {
        let step = Step::default();
        let put = async {
            match &self.place {
                Place::Local(local) => local.put(folder, name, bytes, &step).await,
                Place::Sftp(sftp) => sftp.put(folder, name, &bytes, &step).await,
            }
        };
        match tokio::time::timeout(self.timeout, put).await {
            Ok(done) => done,
            Err(_) => Err(step.fault(Cause::Timeout)),
        }
    }

    /// Does a file stand under this name?
    pub(crate) async fn has(&self, folder: Folder, name: &str) -> Result<bool, Cause> {
        self.within(async {
            match &self.place {
                Place::Local(local) => local.has(folder, name).await,
                Place::Sftp(sftp) => sftp.has(folder, name).await,
            }
        })
        .await
    }

    /// The files of a folder, the longest there first; none when there is no such folder yet.
    pub(crate) async fn list(&self, folder: Folder) -> Result<Vec<Lying>, Cause> {
        let listed = self.within(async {
            match &self.place {
                Place::Local(local) => local.list(folder).await,
                Place::Sftp(sftp) => sftp.list(folder).await,
            }
        });
        let mut lying = listed.await?;
        lying.sort_by(|a, b| (a.written_s, &a.name).cmp(&(b.written_s, &b.name)));
        Ok(lying)
    }

    /// The bytes of a file, `None` when it is gone.
    ///
    /// # Errors
    /// [`Cause::TooLarge`] before more than `bytes_max` is held.
    pub(crate) async fn read(&self, folder: Folder, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Cause> {
        self.within(async {
            match &self.place {
                Place::Local(local) => local.read(folder, name, bytes_max).await,
                Place::Sftp(sftp) => sftp.read(folder, name, bytes_max).await,
            }
        })
        .await
    }

    /// Moves a file, over whatever stands there; gone already is as good.
    pub(crate) async fn shift(&self, from: (Folder, &str), to: (Folder, &str)) -> Result<(), Cause> {
        self.within(async {
            match &self.place {
                Place::Local(local) => local.shift(from, to).await,
                Place::Sftp(sftp) => sftp.shift(from, to).await,
            }
        })
        .await
    }

    /// Takes a file away; gone already is as good.
    pub(crate) async fn remove(&self, folder: Folder, name: &str) -> Result<(), Cause> {
        self.within(async {
            match &self.place {
                Place::Local(local) => local.remove(folder, name).await,
                Place::Sftp(sftp) => sftp.remove(folder, name).await,
            }
        })
        .await
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
        tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(Cause::Timeout))
    }
}

/// The name under which a file grows; partners' software looks for whole names, and so does ours.
pub(crate) fn growing(name: &str) -> String {
    format!(".{name}.part")
}

/// Is this a name of a packet, not one that still grows and not one that leads elsewhere?
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=200).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}
