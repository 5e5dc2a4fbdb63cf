//! Packets against what strangers make of them, and a mailbox in a folder and on a real SFTP server.

mod boxes;
mod guarded;
mod hanging;
mod hostile;
mod passing;
pub(crate) mod server;
mod swept;
mod taking;
