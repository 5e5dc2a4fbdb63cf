//! What is kept: journal, records, keys, blobs, index, snapshot.
