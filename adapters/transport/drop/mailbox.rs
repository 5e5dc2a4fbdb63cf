//! A partner's mailbox, wherever it stands: five things are done in it, and each says what is proved.

use std::sync::Arc;
use std::time::Duration;

use domain::socket::Cause;

use super::growing::{Parts, Step, Waiting};
use super::held::held;
use super::local::LocalBox;
use super::sftp::SftpBox;

/// The most packets of one folder that a sweep looks at: more than a bank leaves in a day; what lies behind them waits.
pub const LISTED_MAX: usize = 10_000;
/// The most names of one folder that are read at all, whatever they name: a folder that somebody else fills as well.
pub const NAMES_MAX: usize = 200_000;

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
    /// It is a link, which may lead anywhere: nobody opens it.
    pub(crate) is_link: bool,
}

/// What a folder holds of what was looked for, the longest there first.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    pub(crate) files: Vec<Lying>,
    /// There may be more: a bound was reached.
    pub(crate) is_cut: bool,
}

/// Which names are looked for.
pub(crate) type Wanted = Arc<dyn Fn(&str) -> bool + Send + Sync>;

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
    parts: Parts,
}

enum Place {
    Local(LocalBox),
    Sftp(Box<SftpBox>),
}

impl Mailbox {
    pub(crate) fn local(place: LocalBox, timeout: Duration) -> Self {
        Self { place: Place::Local(place), timeout, parts: Parts::default() }
    }

    pub(crate) fn sftp(place: SftpBox, timeout: Duration) -> Self {
        Self { place: Place::Sftp(Box::new(place)), timeout, parts: Parts::default() }
    }

    /// Does it stand on a server?
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self.place, Place::Sftp(_))
    }

    /// Leaves a file under its name, whole or not at all. The same bytes under the name already are as good.
    pub(crate) async fn put(&self, folder: Folder, name: &str, bytes: Vec<u8>) -> Result<(), PutFault> {
        let waiting = Waiting::default();
        let step = &waiting.0;
        match tokio::time::timeout(self.timeout, self.leave(folder, name, bytes, step)).await {
            Ok(done) => done,
            // Work that hangs may go on one day, and must find then that nobody waits for it.
            Err(_) => Err(step.give_up(Cause::Timeout)),
        }
    }

    async fn leave(&self, folder: Folder, name: &str, bytes: Vec<u8>, step: &Step) -> Result<(), PutFault> {
        match &self.place {
            Place::Local(local) => local.put(folder, name, bytes, step, &self.parts).await,
            Place::Sftp(sftp) => sftp.put(folder, name, &bytes, step, &self.parts).await,
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

    /// The files of a folder whose names are wanted, at most [`LISTED_MAX`]; none when there is no such folder yet.
    pub(crate) async fn list(&self, folder: Folder, wanted: Wanted) -> Result<Listed, Cause> {
        self.list_up_to(folder, wanted, LISTED_MAX).await
    }

    /// The same with another bound. Only what is wanted counts, so that files of others keep nothing from being seen.
    pub(crate) async fn list_up_to(&self, folder: Folder, wanted: Wanted, most: usize) -> Result<Listed, Cause> {
        let listed = self.within(async {
            match &self.place {
                Place::Local(local) => local.list(folder, wanted, most).await,
                Place::Sftp(sftp) => sftp.list(folder, &wanted, most).await,
            }
        });
        let mut listed = listed.await?;
        listed.files.sort_by(|a, b| (a.written_s, &a.name).cmp(&(b.written_s, &b.name)));
        Ok(listed)
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

    /// Takes a packet out of the partner's folder, to the place and name `to` or altogether, if its bytes are still those of
    /// `digest`; empty is the digest of what is too large to be read. Another one under its name stays, and is found again.
    pub(crate) async fn put_away(&self, name: &str, digest: &str, to: Option<(Folder, &str)>) -> Result<(), Cause> {
        // What is held already, by us before a crash, nobody else writes over.
        let hold = is_plain(name).then(|| held(name));
        self.within(async {
            match &self.place {
                Place::Local(local) => local.put_away(name, hold, digest, to).await,
                Place::Sftp(sftp) => sftp.put_away(name, hold, digest, to).await,
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

/// Is this a name of a packet, not one that still grows and not one that leads elsewhere?
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=200).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}
