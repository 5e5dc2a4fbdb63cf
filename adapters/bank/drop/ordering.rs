//! One order as a packet: the request, its papers, and the officers' credentials.

use domain::case::Officer;
use domain::slip::{Slip, SlipLine};
use domain::socket::PaperFile;

use super::document;
use super::names::{SEQUENCE_DIGITS, padded};
use crate::court_form::list::{self, Particulars};
use crate::court_form::packed::Packing;
use crate::court_form::reply::{write_credentials, write_papers};
use crate::dialect::Dialect;
use crate::transport::drop::call::Packet;
use crate::transport::drop::number::number_of;
use crate::transport::drop::packet::Member;
use crate::transport::pull::ANSWER_BYTES_MAX;

/// The name of an order's packet: our number stands in its batch, so the same order is the same file.
pub(super) fn name_of(code: &str, key: SlipLine, is_query: bool) -> Option<String> {
    let kind = if is_query { "CXQQ" } else { "KZQQ" };
    Some(format!("{kind}{code}{}.zip", padded(&number_of(key)?)))
}

/// Writes the packet of the one line of `slip`; `None` when a value that banks need is missing or the whole is too large.
pub(super) fn order(dialect: &Dialect, code: &str, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
    let [line] = slip.lines.as_slice() else { return None };
    let key = SlipLine { slip: slip.number, line: line.line };
    let is_query = line.kind.is_question();
    let bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
    // What SOAP hands out in parts goes at once here or not at all: half of the papers are no papers.
    if bytes > ANSWER_BYTES_MAX / 2 {
        return None;
    }
    let number = number_of(key)?;
    let particulars = Particulars { number: &number, paper_number: &number, contact: "", account_class: "" };
    let mut packing = Packing::new(dialect);
    let root = if is_query { "cxqqList" } else { "kzqqList" };
    list::open(&mut packing, root);
    if is_query {
        list::query(&mut packing, slip, &particulars)?;
    } else {
        list::control(&mut packing, &with_original(slip), &particulars)?;
    }
    packing.end(root);
    let stem = format!("{code}{}{:0>SEQUENCE_DIGITS$}", padded(&number), 1);
    let member =
        |kind: &str, packing: Packing<'_>| Member { name: format!("{kind}{stem}.xml"), bytes: document(packing) };
    let (scans, papers): (Vec<PaperFile>, Vec<PaperFile>) =
        files.iter().map(copy).partition(|file| file.kind.ends_with("_scan"));
    let key_field = if is_query { "WSBH" } else { "BDHM" };
    let members = [
        member("QA", packing),
        member("QI", write_papers(dialect, key_field, &number, &papers)),
        member("QC", write_credentials(dialect, &number, &by_officer(&slip.context.officers, scans))),
    ];
    Some(Packet { name: name_of(code, key, is_query)?, bytes: crate::transport::drop::write(&members, None)? })
}

/// What an act builds on goes under the number that it had in this form, where it was ours.
fn with_original(slip: &Slip) -> Slip {
    let mut slip = slip.clone();
    for original in slip.lines.iter_mut().filter_map(|line| line.original.as_mut()) {
        if let Some(number) = SlipLine::parse(&original.slip).and_then(number_of) {
            original.slip = number;
        }
    }
    slip
}

/// Scans belong to the officer whose number they bear, else to the first.
fn by_officer(officers: &[Officer], scans: Vec<PaperFile>) -> Vec<(Officer, Vec<PaperFile>)> {
    let mut sorted: Vec<(Officer, Vec<PaperFile>)> =
        officers.iter().map(|officer| (officer.clone(), Vec::new())).collect();
    for scan in scans {
        let owner =
            sorted.iter().position(|(officer, _)| scan.number == officer.work_id || scan.number == officer.duty_id);
        if let Some((_, own)) = sorted.get_mut(owner.unwrap_or(0)) {
            own.push(scan);
        }
    }
    sorted
}

fn copy(file: &PaperFile) -> PaperFile {
    PaperFile {
        number: file.number.clone(),
        kind: file.kind.clone(),
        file_name: file.file_name.clone(),
        bytes: file.bytes.clone(),
    }
}
