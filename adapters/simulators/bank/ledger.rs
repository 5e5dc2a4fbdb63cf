//! The file under the books: one JSON entry a line, appended and fsynced in groups before any answer leaves.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::JoinHandle;

use serde::de::DeserializeOwned;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::BooksError;

/// Lines waiting for the disk; above this the partner itself waits.
const WAITING_LINES_MAX: usize = 4096;
/// Lines that share one fsync.
const GROUP_LINES_MAX: usize = 1024;
/// A ledger of a test or demo; more is a mistake, not a ledger.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

pub(crate) type Done = Box<dyn FnOnce() + Send>;

/// Appends lines from one thread of its own.
pub(crate) struct Ledger {
    lines: Option<SyncSender<(Vec<u8>, Done)>>,
    writer: Option<JoinHandle<()>>,
}

impl Ledger {
    /// Opens or makes the file and gives the entries it holds. A last line without its end was never answered and is cut.
    pub(crate) fn open<E: DeserializeOwned>(path: &Path) -> Result<(Ledger, Vec<E>), BooksError> {
        let failed = |source| BooksError::File { path: path.to_owned(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let mut text = Vec::new();
        (&mut file).take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        let kept = text.get(..whole).unwrap_or_default();
        for (number, line) in kept.split(|b| *b == b'\n').filter(|l| !l.is_empty()).enumerate() {
            let entry = serde_json::from_slice(line).map_err(|source| BooksError::Line {
                path: path.to_owned(),
                line: number + 1,
                source,
            })?;
            entries.push(entry);
        }
        let end = u64::try_from(whole).unwrap_or(u64::MAX);
        file.set_len(end).map_err(failed)?;
        file.seek(SeekFrom::Start(end)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let (sender, receiver) = sync_channel(WAITING_LINES_MAX);
        let writer = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || write_groups(&mut file, &receiver))
            .map_err(failed)?;
        Ok((Ledger { lines: Some(sender), writer: Some(writer) }, entries))
    }

    /// Queues a line (empty = only wait for what is queued before it); `done` runs once it is on disk, and never if the disk fails.
    pub(crate) fn append(&self, line: Vec<u8>, done: Done) -> Result<(), BooksError> {
        let lines = self.lines.as_ref().ok_or(BooksError::Stopped)?;
        lines.send((line, done)).map_err(|_| BooksError::Stopped)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        drop(self.lines.take());
        if let Some(writer) = self.writer.take() {
            // A panicked writer has answered nobody; there is nothing to add.
            drop(writer.join());
        }
    }
}

fn write_groups(file: &mut File, lines: &Receiver<(Vec<u8>, Done)>) {
    while let Ok(first) = lines.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LINES_MAX
            && let Ok(next) = lines.try_recv()
        {
            group.push(next);
        }
        let bytes: Vec<u8> = group.iter().flat_map(|(line, _)| line.iter().copied()).collect();
        // After a failed write or fsync nothing may be answered any more: dropping `lines` refuses all that follows.
        if !bytes.is_empty() && file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for (_, done) in group {
            done();
        }
    }
}
