//! One request as a sealed packet: its message, the legal papers, the officers' credentials.

use domain::slip::{Slip, SlipLine};
use domain::socket::PaperFile;

use super::Said;
use super::names::{self, Ends};
use crate::transport::drop::call::Packet;
use crate::transport::drop::number::number_of;
use crate::transport::drop::packet::Member;

/// The most bytes of papers in one request; more than any officer's scans and notices come to.
const PAPERS_BYTES_MAX: usize = 8 << 20;

/// Writes the packet of the one line of `slip`; `None` when the form cannot say it or the whole is too large.
pub(crate) fn request(said: &Said, ends: &Ends, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
    let [line] = slip.lines.as_slice() else { return None };
    let key = SlipLine { slip: slip.number, line: line.line };
    let (number, base) = (number_of(key)?, names::request(ends, key)?);
    let bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
    if bytes > PAPERS_BYTES_MAX {
        return None;
    }
    let message = (said.write)(ends, slip, line, &number)?;
    let name = format!("{}{number}.xml", message.class);
    let mut members = vec![Member { name, bytes: message.xml.into_bytes() }];
    for (nth, file) in files.iter().enumerate() {
        let kind = match file.kind.as_str() {
            "work_id_scan" => "LI26",
            "duty_id_scan" => "LI27",
            _ => "LI25",
        };
        let name = format!("{kind}{number}{:02}.{}", nth + 1, extension(file.file_name.expose()));
        members.push(Member { name, bytes: file.bytes.expose().clone() });
    }
    let bytes = crate::transport::drop::write(&members, Some(&base))?;
    Some(Packet { name: format!("{base}.zip"), bytes })
}

/// An ending that cannot be mistaken for anything else; the file's own name stays at home, it may name people.
fn extension(file_name: &str) -> String {
    let ending = file_name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let fits = (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { ending.to_ascii_lowercase() } else { "bin".to_owned() }
}
