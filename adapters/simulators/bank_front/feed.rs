//! Leaving a feedback packet, soundly or with the fault that was asked for.

use encoding_rs::GBK;

use super::{Front, FrontFault, FrontReport, Owed};
use crate::bank_hub::answers;
use crate::bank_hub::element::Element;
use crate::bank_hub::slip::Slip;
use crate::packets;

/// What a bomb unpacks to.
const BOMB_BYTES: usize = 20 << 20;

/// Members of one packet: name and content.
type Members = Vec<(String, Vec<u8>)>;

fn document(list: &Element) -> Vec<u8> {
    format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{}", list.inner(GBK)).into_bytes()
}

/// A new batch: the bank's code and 30 signs of its own.
fn stem(front: &Front) -> String {
    let mut kept = front.kept();
    kept.batch += 1;
    format!("{}F{}{:021}", front.config.bank_code, front.books.today().compact(), kept.batch)
}

fn named(slip: &Slip, stem: &str) -> (String, String) {
    if slip.control {
        let padded = format!("{:0<30}", slip.number);
        (format!("KZFK{stem}{padded}.zip"), padded)
    } else {
        (format!("CXFK{stem}.zip"), format!("{:012}", 1))
    }
}

fn members(front: &Front, slip: &Slip, list: &Element, stem: &str, tail: &str) -> Members {
    let mut members = vec![(format!("QR{stem}{tail}.xml"), document(list))];
    if slip.control && front.config.sealed_receipts {
        let receipts = Element::list("hzxxList", vec![answers::hzxx(slip)]);
        members.push((format!("QRI{stem}{tail}.xml"), document(&receipts)));
    }
    members
}

/// Leaves the answer to a request, or what the next fault makes of it.
pub(crate) fn leave(front: &Front, slip: &Slip, list: Element, report: &mut FrontReport) -> Result<(), String> {
    let was_late = {
        let mut kept = front.kept();
        let before = kept.late.len();
        kept.late.retain(|number| *number != slip.number);
        kept.late.len() < before
    };
    if was_late {
        return sound(front, slip, &list, report);
    }
    let fault = front.kept().faults.pop_front();
    let Some(fault) = fault else { return sound(front, slip, &list, report) };
    report.faulty += 1;
    let upload = front.config.folder.join("upload");
    let stem = stem(front);
    let (name, tail) = named(slip, &stem);
    let packet = packets::pack(&members(front, slip, &list, &stem, &tail), None)?;
    let half = || packet.get(..packet.len() / 2).unwrap_or_default();
    match fault {
        FrontFault::Truncated => packets::leave(&upload, &name, half()),
        FrontFault::Bomb => {
            let bomb = vec![(format!("QR{stem}{tail}.xml"), vec![b' '; BOMB_BYTES])];
            packets::leave(&upload, &name, &packets::pack(&bomb, None)?)
        }
        FrontFault::WrongTotals => {
            let other = format!("QR{stem}{}.xml", tail.replace(|sign: char| sign.is_ascii_digit(), "7"));
            packets::leave(&upload, &name, &packets::pack(&[(other, document(&list))], None)?)
        }
        FrontFault::DuplicateBatch => {
            packets::leave(&upload, &name, &packet)?;
            let other = vec![(format!("QR{stem}{tail}.xml"), b"<zhxxList/>".to_vec())];
            front.kept().owed.push(Owed::Double { name, bytes: packets::pack(&other, None)? });
            fed(front, slip, report)
        }
        FrontFault::Partial => {
            packets::leave_growing(&upload, &name, half())?;
            front.kept().owed.push(Owed::Rest { name, bytes: packet });
            fed(front, slip, report)
        }
        FrontFault::Late => {
            front.kept().late.push(slip.number.clone());
            Ok(())
        }
        FrontFault::HandBack => {
            let back = answers::hand_back(&slip.number, "无法律文书", "");
            let member = vec![(format!("QNA{stem}{tail}.xml"), document(&back))];
            packets::leave(&upload, &name, &packets::pack(&member, None)?)?;
            report.handed_back += 1;
            front.books.fed(&slip.number).map_err(|error| error.to_string())
        }
    }
}

fn sound(front: &Front, slip: &Slip, list: &Element, report: &mut FrontReport) -> Result<(), String> {
    let stem = stem(front);
    let (name, tail) = named(slip, &stem);
    let packet = packets::pack(&members(front, slip, list, &stem, &tail), None)?;
    packets::leave(&front.config.folder.join("upload"), &name, &packet)?;
    fed(front, slip, report)
}

fn fed(front: &Front, slip: &Slip, report: &mut FrontReport) -> Result<(), String> {
    report.fed += 1;
    front.books.fed(&slip.number).map_err(|error| error.to_string())
}
