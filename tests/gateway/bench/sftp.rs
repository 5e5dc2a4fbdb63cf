//! A real SFTP server for one test, with the lines of a partner's file that lead to it.

#[path = "../../../adapters/transport/drop/tests/sshd.rs"]
mod sshd;

pub use sshd::SftpServer as Sftp;

impl Sftp {
    /// The lines of `[options]` that lead to it; the key stands in `secrets/sftp.key`.
    pub fn options(&self) -> String {
        format!(
            "sftp = \"{}\"\nhost_key = \"{}\"\nkey = \"file:secrets/sftp.key\"\n",
            self.address(),
            self.host_key().trim()
        )
    }
}
