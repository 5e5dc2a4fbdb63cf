//! Packets in folders as partners' front machines handle them: a zip by the common library, left under a temporary name and renamed.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use zip::write::FileOptions;
use zip::{AesMode, CompressionMethod, ZipArchive, ZipWriter};

/// Larger packets are none that a gateway leaves.
const BYTES_MAX: u64 = 64 << 20;
/// More files in a folder than a front machine looks at in one round.
const FILES_MAX: usize = 10_000;

/// Packs members; with a password each is sealed (AES-256, which newer hubs use).
pub(crate) fn pack(members: &[(String, Vec<u8>)], password: Option<&str>) -> Result<Vec<u8>, String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let open = FileOptions::<()>::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in members {
        let options = match password {
            Some(password) => open.with_aes_encryption(AesMode::Aes256, password),
            None => open,
        };
        zip.start_file(name.as_str(), options).map_err(|error| error.to_string())?;
        zip.write_all(bytes).map_err(|error| error.to_string())?;
    }
    Ok(zip.finish().map_err(|error| error.to_string())?.into_inner())
}

/// The members of a packet that the gateway left.
pub(crate) fn unpack(bytes: &[u8], password: Option<&str>) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let file = match password {
            Some(password) => archive.by_index_decrypt(index, password.as_bytes()),
            None => archive.by_index(index),
        };
        let file = file.map_err(|error| error.to_string())?;
        let name = file.name().map_err(|error| error.to_string())?.into_owned();
        let mut content = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut content).map_err(|error| error.to_string())?;
        members.push((name, content));
    }
    Ok(members)
}

/// The names of whole packets in a folder, in order; none when there is no such folder yet.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(FILES_MAX).flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".zip") && !name.starts_with('.'));
    names.sort();
    names
}

pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let file = fs::File::open(folder.join(name)).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Fetches a packet away.
pub(crate) fn take(folder: &Path, name: &str) -> Result<(), String> {
    fs::remove_file(folder.join(name)).map_err(|error| error.to_string())
}

/// Leaves a file whole under its name.
pub(crate) fn leave(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let leave = || {
        fs::create_dir_all(folder)?;
        let part = folder.join(format!(".{name}.tmp"));
        fs::write(&part, bytes)?;
        fs::rename(part, folder.join(name))
    };
    leave().map_err(|error: std::io::Error| error.to_string())
}

/// Writes under the final name at once, as software does that knows no better: whoever looks now sees a half.
pub(crate) fn leave_growing(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(name), bytes)).map_err(|error| error.to_string())
}
