//! The files of the settings directory: found, bounded, read, hashed.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Fault;

/// What a kind of file may cost.
struct Bound {
    folder: &'static str,
    count_max: usize,
    bytes_max: u64,
}

/// gateway.toml holds up to 10,000 tokens of about 150 bytes.
const GATEWAY_BYTES_MAX: u64 = 4 << 20;
/// Banks of the whole country are about 4,000; a partner with many regions takes a few kilobytes.
const PARTNERS: Bound = Bound { folder: "partners", count_max: 10_000, bytes_max: 64 << 10 };
/// Courts of the whole country are about 3,500; one holds its own people's tokens.
const COURTS: Bound = Bound { folder: "courts", count_max: 5_000, bytes_max: 1 << 20 };
/// A pack for each province, some for agreements, and what earlier requests were accepted under.
const RULES: Bound = Bound { folder: "rules", count_max: 1_000, bytes_max: 64 << 10 };
/// One for each channel of each province and industry.
const DIALECTS: Bound = Bound { folder: "dialects", count_max: 500, bytes_max: 64 << 10 };
/// One a year.
const CALENDARS: Bound = Bound { folder: "calendar", count_max: 100, bytes_max: 64 << 10 };

/// A file as read.
pub(super) struct Read {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name without `.toml`.
    pub(super) stem: String,
    /// What it says.
    pub(super) text: String,
}

/// All files there are.
#[derive(Default)]
pub(super) struct Files {
    pub(super) gateway: Option<Read>,
    pub(super) partners: Vec<Read>,
    pub(super) courts: Vec<Read>,
    pub(super) calendars: Vec<Read>,
    pub(super) rules: Vec<Read>,
    pub(super) dialects: Vec<Read>,
    /// SHA-256 over names and bytes, hex.
    pub(super) digest: String,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

/// Reads everything below `directory`; what cannot be read is a fault.
pub(super) fn read(directory: &Path) -> Files {
    let mut files = Files::default();
    if !directory.is_dir() {
        files
            .faults
            .push(whole(directory, "is no directory; name the one that holds gateway.toml, partners/, courts/"));
        return files;
    }
    let mut hash = Sha256::new();
    let gateway = directory.join("gateway.toml");
    if gateway.exists() {
        files.gateway = one(gateway, "gateway.toml", GATEWAY_BYTES_MAX, &mut hash, &mut files.faults);
    }
    files.calendars = folder(directory, &CALENDARS, &mut hash, &mut files.faults, &mut files.warnings);
    files.courts = folder(directory, &COURTS, &mut hash, &mut files.faults, &mut files.warnings);
    files.dialects = folder(directory, &DIALECTS, &mut hash, &mut files.faults, &mut files.warnings);
    files.partners = folder(directory, &PARTNERS, &mut hash, &mut files.faults, &mut files.warnings);
    files.rules = folder(directory, &RULES, &mut hash, &mut files.faults, &mut files.warnings);
    files.digest = super::hex(&hash.finalize());
    files
}

fn folder(
    directory: &Path,
    bound: &Bound,
    hash: &mut Sha256,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<Read> {
    let folder = directory.join(bound.folder);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            faults.push(whole(&folder, &format!("cannot be listed ({}); let this process read it", error.kind())));
            return Vec::new();
        }
    };
    // One above the bound is enough to know that it is passed, and keeps a wrong directory from filling memory.
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).take(bound.count_max + 1).collect();
    if paths.len() > bound.count_max {
        faults.push(whole(&folder, &format!("holds more than {} files; take out what is not in use", bound.count_max)));
        return Vec::new();
    }
    paths.sort_unstable();
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".toml") && !name.starts_with('.') {
            let named = format!("{}/{name}", bound.folder);
            found.extend(one(path, &named, bound.bytes_max, hash, faults));
        } else if !name.starts_with('.') && !name.ends_with(".md") {
            warnings.push(whole(&path, "is not read: its name does not end in .toml"));
        }
    }
    found
}

fn one(path: PathBuf, name: &str, bytes_max: u64, hash: &mut Sha256, faults: &mut Vec<Fault>) -> Option<Read> {
    let bytes = match bounded(&path, bytes_max) {
        Ok(bytes) => bytes,
        Err(why) => {
            faults.push(whole(&path, &why));
            return None;
        }
    };
    for part in [name.as_bytes(), &bytes] {
        // With its length before it, no part can be taken for the end of another.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match String::from_utf8(bytes) {
        Ok(text) => Some(Read { path, stem, text }),
        Err(error) => {
            let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            let mut fault = whole(&path, "is not UTF-8; save it as UTF-8");
            fault.line = u32::try_from(line).unwrap_or(0);
            faults.push(fault);
            None
        }
    }
}

/// The bytes of a file of at most `bytes_max` bytes, or what to do about it.
pub(super) fn bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= bytes_max) => Ok(bytes),
        Ok(_) => Err(format!("is larger than {bytes_max} bytes; split or shorten it")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("is not there; write it, and let this process read it".to_owned())
        }
        Err(error) => Err(format!("cannot be read ({}); let this process read it", error.kind())),
    }
}

fn whole(file: &Path, message: &str) -> Fault {
    Fault { file: file.to_owned(), line: 0, key: String::new(), message: message.to_owned() }
}
