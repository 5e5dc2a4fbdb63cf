//! The machine under the bench: cores, processor, load, and whether the disk is one that keeps what it is given.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use serde::Serialize;

/// Syncs of the disk's own measurement: enough for a median, a second on a slow disk.
const SYNCS: u32 = 200;
/// Bytes of the measured file, allocated before it is measured, as the journal does.
const FILE_BYTES: usize = 4 << 20;
/// One write of the measurement: about a small batch.
const WRITE_BYTES: usize = 4_096;
/// File systems that forget; a sync on them costs nothing and proves nothing.
const FORGETFUL: [&str; 3] = ["tmpfs", "ramfs", "devtmpfs"];

/// What the figures were measured on.
#[derive(Serialize, Clone)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// The processor's name.
    pub processor: String,
    /// Load of the last minute, five and fifteen, before anything was measured.
    pub load: String,
    /// File system and device of the data.
    pub disk: String,
    /// Median of one `fdatasync` behind a 4 KiB write into an allocated file, in microseconds.
    pub fdatasync_p50_us: u64,
}

/// Load averages as the system tells them.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Looks at the machine, and measures the disk under `folder`.
pub fn look(folder: &Path) -> anyhow::Result<Machine> {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors.lines().find_map(|line| line.strip_prefix("model name"));
    Ok(Machine {
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        processor: processor.map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':'])).to_owned(),
        load: load(),
        disk: disk_of(folder)?,
        fdatasync_p50_us: fdatasync_p50_us(folder)?,
    })
}

/// The mount that holds `folder`; refused when it is memory.
fn disk_of(folder: &Path) -> anyhow::Result<String> {
    let folder = std::fs::canonicalize(folder).with_context(|| format!("looking up {}", folder.display()))?;
    let mounts = std::fs::read_to_string("/proc/mounts").context("reading /proc/mounts")?;
    let parts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holding = parts.filter_map(|parts| match parts.as_slice() {
        [device, point, kind, ..] if folder.starts_with(point) => {
            Some((point.len(), (*device).to_owned(), (*kind).to_owned()))
        }
        _ => None,
    });
    // A later mount on the same point hides the earlier one, and `max_by_key` gives the last of equals.
    let Some((_, device, kind)) = holding.max_by_key(|(length, ..)| *length) else {
        bail!("{} is on no mount that /proc/mounts knows", folder.display());
    };
    if FORGETFUL.contains(&kind.as_str()) {
        bail!("{} is on {kind}, which is memory and keeps nothing; give --data on a disk", folder.display());
    }
    Ok(format!("{kind} on {device}"))
}

fn fdatasync_p50_us(folder: &Path) -> anyhow::Result<u64> {
    let path = folder.join("fdatasync.probe");
    let failed = || format!("measuring the disk with {}", path.display());
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).with_context(failed)?;
    file.write_all_at(&vec![0; FILE_BYTES], 0).with_context(failed)?;
    file.sync_all().with_context(failed)?;
    let block = [7; WRITE_BYTES];
    let mut took = Vec::new();
    for turn in 0..SYNCS {
        let place = (turn as usize * WRITE_BYTES) % FILE_BYTES;
        let began = Instant::now();
        file.write_all_at(&block, u64::try_from(place)?).with_context(failed)?;
        file.sync_data().with_context(failed)?;
        took.push(u64::try_from(began.elapsed().as_micros())?);
    }
    std::fs::remove_file(&path).with_context(failed)?;
    Ok(super::report::share_of(&mut took, 50))
}
