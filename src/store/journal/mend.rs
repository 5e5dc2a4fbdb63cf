//! What opening changes on the disk: cut bytes kept aside, the newest segment renewed, leftovers removed.

use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::scan::Torn;
use super::segment::{allocation_target, segment_path};
use crate::disk::Disk;

/// Copied at once.
const COPY_BYTES: usize = 1 << 20;
/// Files in `cut/` for one sequence; a start that is interrupted again and again must not fill the disk.
const CUTS_PER_SEQUENCE_MAX: u32 = 1000;

/// Puts the bytes of a torn batch into a durable file of their own and tells its path.
pub(super) fn keep_cut(disk: &dyn Disk, directory: &Path, segment: u64, torn: &Torn) -> io::Result<PathBuf> {
    let cuts = directory.join("cut");
    disk.create_directory(&cuts)?;
    let source = disk.open(&segment_path(directory, segment))?;
    let bytes = usize::try_from(torn.end.min(source.size()?) - torn.start).map_err(io::Error::other)?;
    let mut content = vec![0; bytes];
    source.read_exact_at(&mut content, torn.start)?;
    for number in 0..CUTS_PER_SEQUENCE_MAX {
        let path = cuts.join(format!("{:020}-{number}.bytes", torn.sequence));
        if !disk.exists(&path)? {
            disk.replace_file(&path, &content)?;
            return Ok(path);
        }
        // The same bytes again: the last start was interrupted between keeping them and cutting them.
        if disk.open(&path)?.size()? == bytes as u64 && disk.read_file(&path, bytes as u64)? == content {
            return Ok(path);
        }
    }
    Err(io::Error::other(format!(
        "{CUTS_PER_SEQUENCE_MAX} cuts at one sequence stand in {}; move them away",
        cuts.display()
    )))
}

/// Copies the first `end` bytes of a segment into a new file with fresh zeros behind them, syncs it, and renames it over. Returns
/// the size of the new file. What was read may come from a page cache that never reached the disk; what is written here is synced.
pub(super) fn renew_segment(
    disk: &dyn Disk,
    directory: &Path,
    options: &Options,
    segment: u64,
    end: u64,
) -> io::Result<u64> {
    let path = segment_path(directory, segment);
    let fresh = path.with_added_extension("new");
    if disk.exists(&fresh)? {
        disk.remove(&fresh)?;
    }
    let from = disk.open(&path)?;
    let to = disk.create(&fresh)?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut offset = 0;
    while offset < end {
        let count = usize::try_from(end - offset).unwrap_or(COPY_BYTES).min(COPY_BYTES);
        let piece = buffer.get_mut(..count).unwrap_or_default();
        from.read_exact_at(piece, offset)?;
        to.write_all_at(piece, offset)?;
        offset += count as u64;
    }
    let allocated = allocation_target(options, end, end);
    to.allocate(end, allocated)?;
    to.sync_data()?;
    disk.rename(&fresh, &path)?;
    disk.sync_directory(directory)?;
    Ok(allocated)
}

/// Removes files that an interrupted creation left under their temporary names.
pub(super) fn remove_leftovers(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    for name in disk.list(directory)? {
        if name.ends_with(".new") {
            disk.remove(&directory.join(name))?;
        }
    }
    Ok(())
}
