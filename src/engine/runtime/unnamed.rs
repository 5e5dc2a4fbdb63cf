//! Blobs that a crash left between the file and the event that was to name it: found by their intents, looked up in the journal, and
//! erased. What an event names is never touched, and where nobody can tell everything stays as it is.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;

use store::blobs::{BlobError, Intended, Intent, IntentFile};
use store::journal::{Journal, ReadError, ReadLimits};
use store::keys::KeyError;
use store::random::OsRandom;
use store::record::{Fact, LeafError, read_leaf};

use super::documents::DOCUMENT_AAD;
use crate::vault::Vault;

/// Why nobody can tell, or why it could not be erased.
#[derive(Debug, thiserror::Error)]
enum Doubt {
    #[error("the journal has {has} events and had {had} when the blob was written: it is an older copy")]
    Older { has: u64, had: u64 },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Leaf(#[from] LeafError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Erases what is surely left over; `slot_highest` = the highest key slot that any event names. Nothing that fails here keeps the gateway
/// from starting: the intent stays, and the next start looks again.
pub(super) fn erase(vault: &Vault, journal: &Journal, slot_highest: u64) {
    let in_doubt = |what: &dyn fmt::Display, error: &Doubt| {
        tracing::error!(%error, intent = %what, "nobody can tell whether an event names a blob; it is kept, and the next start looks again");
    };
    let intents = match vault.blobs().intents() {
        Ok(intents) => intents,
        Err(error) => return in_doubt(&"all", &error.into()),
    };
    for (file, intent) in intents {
        let settled = intent.map_or(Ok(()), |intent| settle(vault, journal, slot_highest, &intent));
        let forgotten = settled.and_then(|()| Ok(vault.blobs().forget(&file)?));
        forgotten.unwrap_or_else(|error| in_doubt(&shown(&file), &error));
    }
    // A key slot that an intent names may be handed out from here on: the intent must not come back.
    if let Err(error) = vault.blobs().sync_intents() {
        in_doubt(&"all", &error.into());
    }
}

fn shown(file: &IntentFile) -> impl fmt::Display {
    file.path().display()
}

fn settle(vault: &Vault, journal: &Journal, slot_highest: u64, intent: &Intent) -> Result<(), Doubt> {
    let has = journal.durable_size();
    if has < intent.head {
        return Err(Doubt::Older { has, had: intent.head });
    }
    let unnamed = unnamed(journal, intent)?;
    for blob in intent.blobs.iter().filter(|blob| unnamed.contains(&blob.id.to_string())) {
        if vault.blobs().contains(&blob.id)? {
            tracing::warn!(blob = %blob.id, slot = blob.slot, "a crash left a blob that no event names; it is erased");
        }
        if may_end(vault, blob, slot_highest) {
            vault.keys().destroy(&[blob.slot], &mut OsRandom)?;
        }
        vault.blobs().remove(&blob.id)?;
    }
    Ok(())
}

/// Those of its blobs that no event names.
fn unnamed(journal: &Journal, intent: &Intent) -> Result<BTreeSet<String>, Doubt> {
    let (reader, mut left) = (journal.reader(), BTreeSet::new());
    for blob in &intent.blobs {
        let record = blob.sequence.map(|sequence| reader.read(sequence)).transpose()?.flatten();
        let named = record.map(|record| read_leaf(&record.leaf)).transpose()?.and_then(|leaf| leaf.body_digest);
        let id = blob.id.to_string();
        if named.as_ref() != Some(&id) {
            left.insert(id);
        }
    }
    // Which event a document got is not known beforehand. All since then are looked at, for bodies too: a crash leaves few behind it.
    let mut range = reader.read_range(intent.head, ReadLimits::NONE);
    while !left.is_empty()
        && let Some((_, record)) = range.next_record()?
    {
        let leaf = read_leaf(record.leaf)?;
        if let Fact::DocumentStored(fact) = leaf.fact {
            left.remove(&fact.blob);
        }
        if let Some(digest) = leaf.body_digest {
            left.remove(&digest);
        }
    }
    Ok(left)
}

/// Is it surely nobody else's key? Of a document its bytes tell; a key above all that events name is a new case's that never was.
fn may_end(vault: &Vault, blob: &Intended, slot_highest: u64) -> bool {
    let Ok(Some(key)) = vault.keys().get(blob.slot) else { return false };
    let opens = || {
        let opened = vault.blobs().get(&blob.id, &key, DOCUMENT_AAD);
        opened.is_ok_and(|mut reader| reader.read(&mut [0]).is_ok())
    };
    blob.slot > slot_highest || (blob.sequence.is_none() && opens())
}
