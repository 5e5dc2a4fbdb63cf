//! The server of one test with the options that lead to it.

use domain::Secret;
use domain::socket::{OptionText, PartnerOptions};

pub(crate) use super::sshd::SftpServer;

impl SftpServer {
    /// The options of the SFTP side, without those of an adapter.
    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        vec![("sftp", self.address()), ("host_key", self.host_key()), ("key", self.key())]
    }
}

/// Options with time-outs that no loopback exchange reaches.
pub(crate) fn partner_options(entries: &[(&str, String)]) -> PartnerOptions {
    let entry =
        |(key, text): &(&str, String)| ((*key).to_owned(), OptionText { text: Secret::new(text.clone()), line: 1 });
    PartnerOptions {
        entries: entries.iter().map(entry).collect(),
        connect_timeout_ms: 20_000,
        timeout_ms: 60_000,
        dialect: None,
    }
}
