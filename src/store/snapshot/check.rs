//! A folder of snapshots looked at without taking it up.

use super::{
    HEADER_BYTES, LoadFault, SnapshotError, SnapshotHeader, file_name, is_damage, load_one, read_header, sequences,
};
use crate::disk::Disk;
use crate::seal::frames::sealed_bytes;
use crate::seal::root::RootKey;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A snapshot file, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSnapshot {
    /// The file.
    pub path: PathBuf,
    /// What it says of itself; none when that cannot be read.
    pub header: Option<SnapshotHeader>,
    /// What is wrong with it; never holds content.
    pub fault: Option<String>,
}

/// Looks at every snapshot in `folder`, oldest first; nothing is changed. Without `root` only the header and the length can be held
/// against each other, with it every byte is opened and the digest computed again.
///
/// # Errors
/// [`SnapshotError::Disk`]. What is damaged is no error.
pub fn check_snapshots(
    disk: &dyn Disk,
    folder: &Path,
    root: Option<&RootKey>,
) -> Result<Vec<CheckedSnapshot>, SnapshotError> {
    let mut checked = Vec::new();
    for sequence in sequences(disk, folder)? {
        let path = folder.join(file_name(sequence));
        let found = read_header(disk, &path, sequence).and_then(|(header, file)| match root {
            Some(root) => {
                let mut nothing = |_: &SnapshotHeader, _: &mut dyn Read| Ok(());
                match load_one(disk, root, (&path, sequence), &mut nothing) {
                    Ok(_) => Ok((header, None)),
                    Err(LoadFault::Read(error)) if is_damage(&error) => Ok((header, Some(error.to_string()))),
                    Err(LoadFault::Read(error)) => Err(error),
                    Err(LoadFault::Unsuited(reason)) => Ok((header, Some(reason))),
                }
            }
            None if file.size()? != HEADER_BYTES as u64 + sealed_bytes(header.plaintext_bytes) => {
                Ok((header, Some("it does not have the length that its header tells".to_owned())))
            }
            None => Ok((header, None)),
        });
        checked.push(match found {
            Ok((header, fault)) => CheckedSnapshot { path, header: Some(header), fault },
            Err(error) if is_damage(&error) => CheckedSnapshot { path, header: None, fault: Some(error.to_string()) },
            Err(source) => return Err(SnapshotError::Disk { operation: "read", path, source }),
        });
    }
    Ok(checked)
}
