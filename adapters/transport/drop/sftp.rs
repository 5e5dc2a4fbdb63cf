//! A mailbox on an SFTP server: its host key is pinned, every wait has an end, and nothing it says is held without a limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::socket::Cause;
use russh::client::{self, Handle, Handler};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::{Config as SftpConfig, RawSftpSession};
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};

use super::growing::{Parts, Step};
use super::held::sum;
use super::mailbox::{Folder, Listed, Lying, NAMES_MAX, PutFault, Wanted};
use super::packet::PACKET_BYTES_MAX as FILE_BYTES_MAX;
use crate::transport::address::{Guard, Refused};

/// What is read or written in one request, in bytes: every server takes so much.
const CHUNK_BYTES: usize = 32 * 1024;
/// The largest packet of the protocol that is read: a chunk, or a page of a folder's listing.
const PACKET_BYTES_MAX: u32 = 512 * 1024;

/// How we show who we are.
pub(crate) enum Proof {
    Password(Secret<String>),
    Key(Arc<PrivateKey>),
}

/// The box and how it is reached. Each use is a connection of its own: a poll every half minute keeps none alive, and a
/// connection that died while it was idle costs nobody a doubt.
pub(crate) struct SftpBox {
    pub(crate) host: String,
    /// Where its name may lead; `None` where an address stands in its place, which the options have judged.
    pub(crate) guard: Option<Guard>,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) proof: Proof,
    /// The only key that the server may show.
    pub(crate) host_key: PublicKey,
    /// Folder on the server that has the partner's folders; no slash at its end.
    pub(crate) root: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
}

/// Believes one key.
struct Pinned(PublicKey);

impl Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        // A certificate is believed for who signed it; we were given a key, so only the key will do.
        Ok(match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.key_data() == self.0.key_data(),
            PublicKeyOrCertificate::Certificate(_) => false,
        })
    }
}

/// A connection; ends when it is dropped.
struct Session {
    sftp: RawSftpSession,
    _ssh: Handle<Pinned>,
}

impl SftpBox {
    async fn open(&self) -> Result<Session, Cause> {
        tokio::time::timeout(self.connect_timeout, self.connect()).await.unwrap_or(Err(Cause::ConnectTimeout))
    }

    async fn connect(&self) -> Result<Session, Cause> {
        let config = client::Config { inactivity_timeout: Some(self.timeout), nodelay: true, ..Default::default() };
        let pinned = Pinned(self.host_key.clone());
        let addresses = self.addresses().await?;
        let connected = client::connect(Arc::new(config), addresses.as_slice(), pinned).await;
        let mut ssh = connected.map_err(|error| match error {
            // Nothing was said to whoever showed it.
            russh::Error::UnknownKey => Cause::HostKey,
            _ => Cause::Connect,
        })?;
        let shown = match &self.proof {
            Proof::Password(password) => {
                ssh.authenticate_password(self.user.as_str(), password.expose().as_str()).await
            }
            Proof::Key(key) => {
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), None);
                ssh.authenticate_publickey(self.user.as_str(), key).await
            }
        };
        if !shown.map_err(|_| Cause::Connect)?.success() {
            return Err(Cause::Credential);
        }
        let channel = ssh.channel_open_session().await.map_err(|_| Cause::Connect)?;
        channel.request_subsystem(true, "sftp").await.map_err(|_| Cause::Connect)?;
        let config = SftpConfig { max_packet_len: PACKET_BYTES_MAX, ..SftpConfig::default() };
        let sftp = RawSftpSession::new_with_config(channel.into_stream(), config);
        sftp.set_timeout(self.timeout.as_secs().max(1));
        sftp.init().await.map_err(|error| cause(&error))?;
        Ok(Session { sftp, _ssh: ssh })
    }

    /// Where it stands; looked up for each use, so that a name that leads elsewhere tomorrow is judged anew.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Cause> {
        let found: Vec<SocketAddr> = match &self.guard {
            Some(guard) => guard.addresses(&self.host).await.map_err(|refused| match refused {
                Refused::Nowhere => Cause::Name,
                Refused::Name | Refused::Address => Cause::Address,
            })?,
            None => {
                let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
                found.map_err(|_| Cause::Name)?.collect()
            }
        };
        Ok(found.into_iter().map(|found| SocketAddr::new(found.ip(), self.port)).collect())
    }

    fn path(&self, folder: Folder, name: &str) -> String {
        format!("{}/{}/{name}", self.root, folder.name())
    }

    fn folder(&self, folder: Folder) -> String {
        format!("{}/{}", self.root, folder.name())
    }

    pub(crate) async fn put(
        &self,
        folder: Folder,
        name: &str,
        bytes: &[u8],
        step: &Step,
        parts: &Parts,
    ) -> Result<(), PutFault> {
        let session = self.open().await.map_err(PutFault::NotThere)?;
        let whole = self.path(folder, name);
        match session.read(&whole, bytes.len()).await {
            Ok(Some(there)) => return if there == bytes { Ok(()) } else { Err(PutFault::Other) },
            Ok(None) => {}
            // Something longer than ours stands there.
            Err(Cause::TooLarge) => return Err(PutFault::Other),
            Err(cause) => return Err(PutFault::NotThere(cause)),
        }
        session.make(&self.folder(folder)).await;
        // A server that was cut off may still do what it was told: to a name of its own, which goes while nothing stands yet.
        let part = parts.take(folder, name);
        for earlier in part.others() {
            let _gone_or_left = session.take_away(&self.path(folder, &earlier)).await;
        }
        let grown = self.path(folder, &part.name());
        if let Err(cause) = session.write(&grown, bytes).await {
            if session.take_away(&grown).await.is_ok() {
                part.ended();
            }
            return Err(step.fault(cause));
        }
        if !step.show() {
            return Err(step.fault(Cause::Timeout));
        }
        // Plain rename never takes the place of a file that stands there.
        session.sftp.rename(grown, whole).await.map_err(|error| step.fault(cause(&error)))?;
        part.ended_whole();
        Ok(())
    }

    pub(crate) async fn has(&self, folder: Folder, name: &str) -> Result<bool, Cause> {
        let session = self.open().await?;
        match session.sftp.lstat(self.path(folder, name)).await {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(cause(&error)),
        }
    }

    pub(crate) async fn list(&self, folder: Folder, wanted: &Wanted, most: usize) -> Result<Listed, Cause> {
        let session = self.open().await?;
        let handle = match session.sftp.opendir(self.folder(folder)).await {
            Ok(handle) => handle.handle,
            Err(error) if is_absent(&error) => {
                // The box itself must be there: a wrong path is no empty box.
                let stands = session.sftp.stat(self.root.as_str()).await;
                return stands.map(|_| Listed::default()).map_err(|error| cause(&error));
            }
            Err(error) => return Err(cause(&error)),
        };
        let (mut listed, mut names) = (Listed::default(), 0_usize);
        while !listed.is_cut {
            let page = match session.sftp.readdir(handle.as_str()).await {
                Ok(page) => page.files,
                Err(error) if is_end(&error) => break,
                Err(error) => return Err(cause(&error)),
            };
            if page.is_empty() {
                break;
            }
            for file in page {
                listed.is_cut = listed.files.len() == most || names == NAMES_MAX;
                if listed.is_cut {
                    break;
                }
                names += 1;
                let is_link = is_link(&file.attrs);
                if wanted(&file.filename) && (is_link || is_regular(&file.attrs)) {
                    listed.files.push(Lying {
                        is_link,
                        bytes: file.attrs.size.unwrap_or(0),
                        written_s: file.attrs.mtime.map_or(0, u64::from),
                        name: file.filename,
                    });
                }
            }
        }
        Ok(listed)
    }

    pub(crate) async fn read(&self, folder: Folder, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Cause> {
        self.open().await?.read(&self.path(folder, name), bytes_max).await
    }

    pub(crate) async fn shift(&self, from: (Folder, &str), to: (Folder, &str)) -> Result<(), Cause> {
        let session = self.open().await?;
        session.make(&self.folder(to.0)).await;
        session.replace(&self.path(from.0, from.1), &self.path(to.0, to.1)).await
    }

    pub(crate) async fn put_away(
        &self,
        name: &str,
        hold: Option<String>,
        digest: &str,
        to: Option<(Folder, &str)>,
    ) -> Result<(), Cause> {
        let session = self.open().await?;
        let place = self.path(Folder::Upload, hold.as_deref().unwrap_or(name));
        if hold.is_some() {
            match session.sftp.rename(self.path(Folder::Upload, name), place.as_str()).await {
                Err(error) if !is_absent(&error) => return Err(cause(&error)),
                _ => {}
            }
        }
        let is_link = session.sftp.lstat(place.as_str()).await.is_ok_and(|about| is_link(&about.attrs));
        let stands = if is_link { Err(Cause::TooLarge) } else { session.read(&place, FILE_BYTES_MAX).await };
        let stands = match stands {
            Ok(None) => return Ok(()),
            Ok(Some(bytes)) => sum(&bytes),
            // Neither is summed: what is too large, and what is a link.
            Err(Cause::TooLarge) => String::new(),
            Err(cause) => return Err(cause),
        };
        match to {
            _ if stands != digest => Ok(()),
            None => session.take_away(&place).await,
            Some((folder, aside)) => {
                session.make(&self.folder(folder)).await;
                session.replace(&place, &self.path(folder, aside)).await
            }
        }
    }

    pub(crate) async fn remove(&self, folder: Folder, name: &str) -> Result<(), Cause> {
        self.open().await?.take_away(&self.path(folder, name)).await
    }
}

impl Session {
    /// Makes a folder that is missing; a server that does not let us says so with the next thing that is done in it.
    async fn make(&self, folder: &str) {
        let _there_or_refused = self.sftp.mkdir(folder, FileAttributes::empty()).await;
    }

    /// Moves a file, over whatever stands there; gone already is as good.
    async fn replace(&self, old: &str, new: &str) -> Result<(), Cause> {
        match self.sftp.rename(old, new).await {
            Err(error) if !is_absent(&error) => {
                // Servers refuse to rename over a file: what stands there is an earlier one of the same name.
                self.take_away(new).await?;
                self.sftp.rename(old, new).await.map(drop).map_err(|error| cause(&error))
            }
            _ => Ok(()),
        }
    }

    async fn take_away(&self, path: &str) -> Result<(), Cause> {
        match self.sftp.remove(path).await {
            Err(error) if !is_absent(&error) => Err(cause(&error)),
            _ => Ok(()),
        }
    }

    async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Cause> {
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
        let opened = self.sftp.open(path, flags, FileAttributes::empty()).await;
        let handle = opened.map_err(|error| cause(&error))?.handle;
        let mut at = 0_u64;
        for chunk in bytes.chunks(CHUNK_BYTES) {
            let written = self.sftp.write(handle.as_str(), at, chunk.to_vec()).await;
            written.map_err(|error| cause(&error))?;
            at += u64::try_from(chunk.len()).unwrap_or(0);
        }
        // An extension that some servers lack: what they hold they hold by their own rules.
        match self.sftp.fsync(handle.as_str()).await {
            Err(error) if !is_unsupported(&error) => return Err(cause(&error)),
            _ => {}
        }
        self.sftp.close(handle).await.map(drop).map_err(|error| cause(&error))
    }

    async fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Cause> {
        let handle = match self.sftp.open(path, OpenFlags::READ, FileAttributes::empty()).await {
            Ok(handle) => handle.handle,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(cause(&error)),
        };
        let mut bytes = Vec::new();
        let chunk = u32::try_from(CHUNK_BYTES).unwrap_or(1_024);
        loop {
            let at = u64::try_from(bytes.len()).map_err(|_| Cause::TooLarge)?;
            match self.sftp.read(handle.as_str(), at, chunk).await {
                Ok(data) if data.data.is_empty() => break,
                Ok(data) if bytes.len() + data.data.len() > bytes_max => return Err(Cause::TooLarge),
                Ok(data) => bytes.extend_from_slice(&data.data),
                Err(error) if is_end(&error) => break,
                Err(error) => return Err(cause(&error)),
            }
        }
        // Read it is; a handle left open ends with the connection.
        let _closed = self.sftp.close(handle).await;
        Ok(Some(bytes))
    }
}

/// The library's own question takes a link for a file, because the bits of the one stand in the other.
fn is_regular(attributes: &FileAttributes) -> bool {
    attributes.permissions.is_none_or(|mode| mode & 0o170_000 == 0o100_000)
}

fn is_link(attributes: &FileAttributes) -> bool {
    attributes.permissions.is_some_and(|mode| mode & 0o170_000 == 0o120_000)
}

fn status(error: &SftpError) -> Option<StatusCode> {
    match error {
        SftpError::Status(status) => Some(status.status_code),
        _ => None,
    }
}

fn is_absent(error: &SftpError) -> bool {
    status(error) == Some(StatusCode::NoSuchFile)
}

fn is_end(error: &SftpError) -> bool {
    status(error) == Some(StatusCode::Eof)
}

fn is_unsupported(error: &SftpError) -> bool {
    status(error) == Some(StatusCode::OpUnsupported)
}

fn cause(error: &SftpError) -> Cause {
    match (error, status(error)) {
        (_, Some(StatusCode::PermissionDenied)) => Cause::Credential,
        (_, Some(StatusCode::NoSuchFile)) => Cause::Status(2),
        // What servers say of a full disk, a name that stands there already, and all else that they have no word for.
        (_, Some(_)) => Cause::Status(4),
        (SftpError::Timeout, _) => Cause::Timeout,
        (SftpError::UnexpectedPacket | SftpError::UnexpectedBehavior(_), _) => Cause::Schema,
        _ => Cause::Broken,
    }
}
