//! What is kept: journal, records, keys, blobs, index, snapshot.

pub mod blobs;
pub mod disk;
pub mod hex;
pub mod index;
pub mod journal;
pub mod keys;
pub mod random;
pub mod record;
pub mod seal;
pub mod snapshot;
