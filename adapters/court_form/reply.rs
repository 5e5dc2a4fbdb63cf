//! What a face answers beside lists: papers, credentials, and one verdict per fed-back slip.

use domain::Untaken;
use domain::case::Officer;
use domain::socket::{ItemVerdict, PaperFile};
use md5::{Digest as _, Md5};

use super::list::{open, paper_name};
use super::packed::Packing;
use crate::dialect::Dialect;

/// `wsinfoList` of files that fit one answer; `key_field` is WSBH or BDHM, whichever the operation asks by.
pub(crate) fn papers(dialect: &Dialect, key_field: &str, key: &str, files: &[PaperFile]) -> String {
    write_papers(dialect, key_field, key, files).finish()
}

/// The document of it, as it lies in a file; see [`papers`].
pub(crate) fn write_papers<'d>(dialect: &'d Dialect, key_field: &str, key: &str, files: &[PaperFile]) -> Packing<'d> {
    let mut packing = Packing::new(dialect);
    open(&mut packing, "wsinfoList");
    for (place, file) in files.iter().enumerate() {
        let (name, bytes) = (file.file_name.expose(), file.bytes.expose());
        packing.begin("wsinfo");
        packing.field(key_field, &dialect.write_number(key));
        packing.field("XH", &(place + 1).to_string());
        packing.field("WJMC", name);
        packing.field("WJLX", file_type(name));
        packing.field("WSLB", dialect.paper_name(&file.kind, paper_name(&file.kind)));
        packing.file("WSNR", bytes);
        packing.field("MD5", &md5_hex(bytes));
        packing.empty();
    }
    packing.end("wsinfoList");
    packing
}

/// `zjinfoList`: one row an officer, an empty image where no scan was found.
pub(crate) fn credentials(dialect: &Dialect, slip: &str, officers: &[(Officer, Vec<PaperFile>)]) -> String {
    write_credentials(dialect, slip, officers).finish()
}

/// The document of it, as it lies in a file; see [`credentials`].
pub(crate) fn write_credentials<'d>(
    dialect: &'d Dialect,
    slip: &str,
    officers: &[(Officer, Vec<PaperFile>)],
) -> Packing<'d> {
    let mut packing = Packing::new(dialect);
    open(&mut packing, "zjinfoList");
    for (place, (officer, files)) in officers.iter().enumerate() {
        let scan = |kind: &str| files.iter().find(|file| file.kind == kind);
        packing.begin("zjinfo");
        packing.field("BDHM", &dialect.write_number(slip));
        packing.field("XH", &(place + 1).to_string());
        packing.field("ZJMC", "工作证、执行公务证");
        for (number, id, format, image, kind) in [
            ("GZZBM", &officer.work_id, "GZZWJGS", "GZZ", "work_id_scan"),
            ("GWZBM", &officer.duty_id, "GWZWJGS", "GWZ", "duty_id_scan"),
        ] {
            let scan = scan(kind);
            packing.field(number, id.expose());
            packing.field(format, scan.map_or("", |file| file_type(file.file_name.expose())));
            packing.file(image, scan.map_or(&[], |file| file.bytes.expose().as_slice()));
        }
        packing.empty();
    }
    packing.end("zjinfoList");
    packing
}

/// `result`: one `jg` a slip in the order of first mention; a slip fails when any of its lines does.
pub(crate) fn verdicts(dialect: &Dialect, list: &str, attribute: &str, verdicts: &[ItemVerdict]) -> String {
    let mut packing = Packing::new(dialect);
    packing.begin("result");
    packing.field(attribute, "");
    packing.inside();
    packing.begin(list);
    packing.inside();
    for (slip, reason) in merged(verdicts) {
        packing.begin("jg");
        packing.field("BDHM", &dialect.write_number(slip));
        packing.field("RESULT", if reason.is_some() { &dialect.failed } else { &dialect.taken });
        packing.field("MSG", &reason.unwrap_or_default());
        packing.empty();
    }
    packing.end(list);
    packing.end("result");
    packing.finish()
}

pub(crate) fn merged(verdicts: &[ItemVerdict]) -> Vec<(&str, Option<String>)> {
    let mut places = std::collections::BTreeMap::new();
    let mut merged: Vec<(&str, Option<String>)> = Vec::new();
    for verdict in verdicts {
        let reason = verdict.taken.as_ref().err().map(Untaken::chinese);
        let place = *places.entry(verdict.slip.as_str()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some((_, known)) => *known = known.take().or(reason),
            None => merged.push((&verdict.slip, reason)),
        }
    }
    merged
}

/// The extension of a file name, which is what partners mean by a file's type.
pub(crate) fn file_type(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// MD5 as 32 lower-case hex digits.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(32);
    for byte in Md5::digest(bytes) {
        hex.extend([byte >> 4, byte & 15].into_iter().filter_map(|nibble| char::from_digit(u32::from(nibble), 16)));
    }
    hex
}
