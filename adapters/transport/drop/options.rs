//! The options that every partner with a mailbox has: where it stands, who we are there, how often we look.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::socket::PartnerOptions;
use reqwest::Url;
use russh::keys::{Algorithm, PublicKey, decode_secret_key};

use super::local::LocalBox;
use super::mailbox::Mailbox;
use super::sftp::{Proof, SftpBox};
use super::sweeper::Sweeper;
use crate::options::Reading;
use crate::transport::address::{Guard, NETWORKS_FORM, Networks, Reach, reach};

/// How often the box is swept when the file does not say, in milliseconds.
const SWEEP_EVERY_MS: u64 = 30_000;
/// How long an unreadable packet must lie unchanged before it is set aside, when the file does not say: partners' software
/// copies slowly and under the final name.
const SETTLE_MS: u64 = 60_000;

/// A line of an adapter's option table.
type Line = (&'static str, &'static str);
pub(crate) const FOLDER: Line =
    ("folder", "folder on this machine in which the partner's box stands; an absolute path (this or sftp)");
pub(crate) const SFTP: Line =
    ("sftp", "sftp://user@host:port/path of the folder in which the partner's box stands (this or folder)");
pub(crate) const HOST_KEY: Line =
    ("host_key", "the SFTP server's only key, as in known_hosts without the name: ssh-ed25519 AAAA…");
pub(crate) const PASSWORD: Line = ("password", "password of the SFTP user; a secret (this or key)");
pub(crate) const KEY: Line =
    ("key", "private key of the SFTP user, in OpenSSH's form, ed25519 or ECDSA; a secret (this or password)");
pub(crate) const NETWORKS: Line = (
    "networks",
    "comma list of networks near us, such as 10.33.0.0/16, where the name of the SFTP server may lead (default none: public addresses only)",
);
pub(crate) const SWEEP: Line =
    ("sweep_every_ms", "time between two looks into the box, in milliseconds, 50 to 86400000 (default 30000)");
pub(crate) const SETTLE: Line = (
    "settle_ms",
    "how long an unreadable packet must lie unchanged before it is set aside, in milliseconds, 0 to 3600000 (default 60000)",
);

/// All of them.
pub(crate) const TABLE: [Line; 8] = [FOLDER, SFTP, HOST_KEY, PASSWORD, KEY, NETWORKS, SWEEP, SETTLE];

/// A box as agreed.
pub(crate) struct Agreed {
    pub(crate) sweeper: Sweeper,
    pub(crate) sweep_every_ms: u64,
}

/// Reads the options; `inside` is the folder of this partner below the common one. `None` beside at least one fault.
pub(crate) fn read(reading: &mut Reading<'_>, options: &PartnerOptions, inside: &str) -> Option<Agreed> {
    let sweep_every_ms = reading
        .read("sweep_every_ms", SWEEP_EVERY_MS, "a number from 50 to 86400000", |text| within(text, 50, 86_400_000));
    let settle_ms =
        reading.read("settle_ms", SETTLE_MS, "a number from 0 to 3600000", |text| within(text, 0, 3_600_000));
    if options.connect_timeout_ms == 0 || options.connect_timeout_ms >= options.timeout_ms {
        reading.fault("connect_timeout_ms", "must be above 0 and below timeout_ms");
    }
    let timeout = Duration::from_millis(options.timeout_ms);
    let mailbox = match (reading.text("folder"), reading.text("sftp")) {
        (Some(folder), None) => {
            for key in ["host_key", "password", "key", "networks"] {
                if reading.text(key).is_some() {
                    reading.fault(key, "belongs to an SFTP server; write `sftp` instead of `folder`, or leave it out");
                }
            }
            let folder = PathBuf::from(folder);
            if !folder.is_absolute() {
                reading.fault("folder", "is no absolute path; write where it stands from the root");
            }
            Some(Mailbox::local(LocalBox::new(folder.join(inside)), timeout))
        }
        (None, Some(address)) => sftp(reading, options, address, inside).map(|place| Mailbox::sftp(place, timeout)),
        (Some(_), Some(_)) => {
            reading.fault("sftp", "stands beside `folder`; a box stands in one place, leave one out");
            None
        }
        (None, None) => {
            reading.fault("folder", "is missing; write the folder on this machine, or `sftp` and a server's address");
            None
        }
    };
    let sweeper = Sweeper::new(mailbox?, Duration::from_millis(settle_ms));
    reading.faults.is_empty().then_some(Agreed { sweeper, sweep_every_ms })
}

fn within(text: &str, least: u64, most: u64) -> Option<u64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn sftp(reading: &mut Reading<'_>, options: &PartnerOptions, address: &str, inside: &str) -> Option<SftpBox> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "sftp" && url.has_host());
    let user = url.as_ref().map(|url| url.username().to_owned()).filter(|user| !user.is_empty());
    match (&url, &user) {
        (None, _) => reading.fault("sftp", "is no address such as sftp://user@host:22/path"),
        (Some(_), None) => reading.fault("sftp", "names no user; write sftp://user@host:22/path"),
        (Some(url), _) if url.password().is_some() => {
            reading.fault("sftp", "holds a password; use the option `password`");
        }
        (Some(url), _) if url.path().contains(['%', ' ']) || url.query().is_some() || url.fragment().is_some() => {
            reading
                .fault("sftp", "holds signs that paths need not have; use letters, digits, dashes, dots and slashes");
        }
        _ => {}
    }
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    // An IPv6 address stands in brackets in an address and without them everywhere else.
    let host = host.trim_matches(['[', ']']).to_owned();
    let literal: Option<IpAddr> = host.parse().ok();
    if literal.is_some_and(|address| reach(address) == Reach::Never) {
        reading
            .fault("sftp", "is an address that no partner has (link-local, multicast, unspecified or a cloud's own)");
    }
    let networks = reading.read("networks", Networks::default(), NETWORKS_FORM, Networks::parse);
    let guard = literal.is_none().then(|| Guard::new(vec![host.clone()], networks));
    let host_key = host_key(reading);
    let proof = proof(reading);
    let (url, user) = (url?, user?);
    Some(SftpBox {
        host,
        guard,
        port: url.port().unwrap_or(22),
        user,
        proof: proof?,
        host_key: host_key?,
        root: format!("{}/{inside}", url.path().trim_end_matches('/')),
        connect_timeout: Duration::from_millis(options.connect_timeout_ms),
        timeout: Duration::from_millis(options.timeout_ms),
    })
}

fn host_key(reading: &mut Reading<'_>) -> Option<PublicKey> {
    let text = reading.required("host_key", "the server's key, such as ssh-ed25519 AAAA…; ssh-keyscan shows it");
    if text.is_empty() {
        return None;
    }
    let key = PublicKey::from_openssh(text).ok();
    if key.is_none() {
        reading.fault("host_key", "is no key; write its kind and its Base64, such as ssh-ed25519 AAAA…");
    }
    key.filter(|key| is_fit(reading, "host_key", &key.algorithm()))
}

fn proof(reading: &mut Reading<'_>) -> Option<Proof> {
    match (reading.text("password"), reading.text("key")) {
        (Some(password), None) => Some(Proof::Password(Secret::new(password.to_owned()))),
        (None, Some(text)) => {
            let key = decode_secret_key(&format!("{text}\n"), None).ok();
            if key.is_none() {
                reading.fault(
                    "key",
                    "is no private key in OpenSSH's form, or has a passphrase; give the file without one",
                );
            }
            key.filter(|key| is_fit(reading, "key", &key.algorithm())).map(|key| Proof::Key(Arc::new(key)))
        }
        (Some(_), Some(_)) => {
            reading.fault("key", "stands beside `password`; show one of the two");
            None
        }
        (None, None) => {
            reading.fault("key", "is missing; write the private key by way of a secret file, or `password`");
            None
        }
    }
}

/// What is built in; RSA is not, for its timing leaks the key.
fn is_fit(reading: &mut Reading<'_>, key: &str, algorithm: &Algorithm) -> bool {
    let fits = matches!(algorithm, Algorithm::Ed25519 | Algorithm::Ecdsa { .. });
    if !fits {
        reading.fault(key, "is of a kind that is not supported; use ed25519 or ECDSA");
    }
    fits
}
