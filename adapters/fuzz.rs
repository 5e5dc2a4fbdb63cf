//! Fuzzing of the decoders: documents that are known to be hostile, and sound ones that are bent at random, within a bound of memory.
//!
//! A target is a test: on stable Rust it runs its seeds and hostile documents and then bends them for a second, or for as long as
//! `BOLERO_RANDOM_TEST_TIME_MS` says (`.ci/test` gives each 10 s), twice where the grammar is large. A failure names the seed that repeats
//! it (`BOLERO_RANDOM_SEED`). What a run has found stands below `fuzz/found/`, by target, and is a seed from then on. `decoders.rs` holds
//! that every adapter of the list has a target for all that its partners make it read.

mod decoders;
pub(crate) mod hostile;
mod mailboxes;
pub(crate) mod packets;
mod targets;

use std::path::PathBuf;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading may take beside its document: tables, and the first pages of what grows.
const MEMORY_BYTES_MAX: usize = 4 << 20;
/// What a byte of a document may become: a tree of the smallest elements is the worst that is allowed.
const MEMORY_PER_BYTE_MAX: usize = 64;

/// Reads a document; whatever it is, it ends without a panic and within the bound of memory.
///
/// The count is of the whole process. Under nextest that is this test alone; under `cargo test` neighbours are counted too.
pub(crate) fn within_memory<T>(document: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    within(MEMORY_BYTES_MAX + MEMORY_PER_BYTE_MAX * document.len(), document, read)
}

/// The same within so many bytes, for what is packed: its size says nothing of what it becomes.
pub(crate) fn within<T>(most: usize, document: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let told = read(document);
    let taken = MEMORY.peak_usage().saturating_sub(before);
    assert!(taken <= most, "{taken} bytes of memory for a document of {}", document.len());
    told
}

/// How much a decoder can be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// Some fields or codes; it is bent once for as long as said.
    Small,
    /// A tree of its own with hundreds of places; it is bent for twice as long.
    Large,
}

/// Runs one target: every seed, every hostile document, and then what becomes of them when they are bent.
fn fuzz(
    name: &str,
    grammar: Grammar,
    mut seeds: Vec<Vec<u8>>,
    hostile: Vec<(&'static str, Vec<u8>)>,
    read: impl Fn(&[u8]),
) {
    seeds.extend(files(&format!("fuzz/found/{name}")));
    assert!(!seeds.is_empty());
    for document in seeds.iter().chain(hostile.iter().map(|(_, document)| document)) {
        within_memory(document, &read);
    }
    // The large ones have been read; bending them shows nothing that a small one does not, and takes the time.
    seeds.extend(hostile.into_iter().map(|(_, document)| document).filter(|document| document.len() <= 16 << 10));
    // What a target holds is only read, and a failure ends it.
    let read = std::panic::AssertUnwindSafe(read);
    let times = if grammar == Grammar::Large { 2 } else { 1 };
    for _ in 0..times {
        bolero::check!().with_type::<(u16, Vec<Bend>)>().cloned().for_each(|(seed, bends)| {
            let mut document = at(&seeds, usize::from(seed)).clone();
            for bend in bends.into_iter().take(BENDS_MAX) {
                bent(&mut document, bend, &seeds);
            }
            within_memory(&document, &*read);
        });
    }
}

/// Where, how, and with what.
type Bend = (u32, u8, u16);

/// Bends of one document; with more of them nothing of the seed is left.
const BENDS_MAX: usize = 12;
/// A document may not grow without bound by being bent.
const DOCUMENT_BYTES_MAX: usize = 256 << 10;

/// Texts that mean something to a decoder.
const WORDS: &[&[u8]] = &[
    b"<",
    b">",
    b"</",
    b"/>",
    b"&",
    b";",
    b"&lt;",
    b"&#0;",
    b"&#xD800;",
    b"&#x10FFFF;",
    b"&a;",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<?xml version='1.0' encoding='GB18030'?>",
    b"<?xml version='1.0' encoding='UTF-16'?>",
    b"<!DOCTYPE a [<!ENTITY a 'b'>]>",
    b" xmlns='x'",
    b"=\"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"0.00001",
    b"9223372036854775808",
    b"\\ud800",
    b"\\u0000",
    b"\\",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\x81\x30\x81\x30",
    b"\xfe\x39\xfe\x39",
    b"\xe3\x32\x9a\x35",
    b"====",
    b"AAAA",
    b"\r\n",
    b"\xe2\x80\xae",
    b"2024-02-30",
    b"20240230",
    b"99999999999999",
    b"-1.00",
    b"X2026112200000000012-1",
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"../",
    b"\xff\xff\xff\xff",
];

fn at<T>(all: &[T], nth: usize) -> &T {
    &all[nth % all.len()]
}

fn bent(document: &mut Vec<u8>, (place, how, with): Bend, seeds: &[Vec<u8>]) {
    let length = document.len();
    let from = usize::try_from(place).unwrap() % (length + 1);
    let to = (from + usize::from(with) % 64).min(length);
    match how % 8 {
        0 => document.get_mut(from).into_iter().for_each(|byte| *byte ^= with.to_le_bytes()[0].max(1)),
        1 => drop(document.drain(from..to)),
        2 => document.truncate(from),
        3 => {
            let again = document[from..to].repeat(1 + usize::from(with >> 8));
            drop(document.splice(from..from, again));
        }
        4 | 5 => drop(document.splice(from..from, at(WORDS, usize::from(with)).iter().copied())),
        6 => drop(document.splice(from..to, at(WORDS, usize::from(with)).iter().copied())),
        _ => {
            let other = at(seeds, usize::from(with));
            let piece = other[from.min(other.len())..].to_vec();
            document.truncate(from);
            document.extend(piece);
        }
    }
    document.truncate(DOCUMENT_BYTES_MAX);
}

/// The files of a folder below `adapters/`, in the order of their names; none when there is no such folder.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn bending_is_bounded_whatever_is_asked_of_it() {
    let seeds = vec![b"<a/>".to_vec(), Vec::new()];
    for how in 0..=u8::MAX {
        for with in [0, 1, 63, 64, 0xff00, u16::MAX] {
            for place in [0, 1, 3, 4, 5, u32::MAX] {
                let mut document = seeds[usize::from(with % 2)].clone();
                bent(&mut document, (place, how, with), &seeds);
                assert!(document.len() <= DOCUMENT_BYTES_MAX);
            }
        }
    }
}
