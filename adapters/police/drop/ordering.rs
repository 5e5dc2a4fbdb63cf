//! What police are asked in the form: the class of a message, and what stands in its task.

use domain::ActKind;
use domain::case::Officer;
use domain::slip::{Line, Slip};

use crate::regulator_form::message::{self, Message, Xml, basic_info, digits, is_person, query_task};
use crate::regulator_form::names::Ends;

/// The class of a request; its answer has the number two higher.
fn class_of(kind: ActKind, is_person: bool) -> Option<&'static str> {
    Some(match (kind, is_person) {
        (ActKind::Query, true) => "SS01",
        (ActKind::Query, false) => "SS02",
        (ActKind::Watch | ActKind::Lift, true) => "SS11",
        (ActKind::Watch | ActKind::Lift, false) => "SS12",
        _ => return None,
    })
}

/// QQCSLX.
fn measure_of(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Watch => "02",
        ActKind::Lift => "04",
        _ => message::QUERY,
    }
}

/// Writes the message of one line under its number.
pub(super) fn write(ends: &Ends, slip: &Slip, line: &Line, number: &str) -> Option<Message> {
    let is_person = is_person(slip)?;
    let class = class_of(line.kind, is_person)?;
    let mut xml = Xml::begin(class);
    basic_info(&mut xml, ends, (slip, line), (number, measure_of(line.kind)))?;
    xml.close();
    xml.open("QUERYPERSON");
    for (officer, prefix) in slip.context.officers.iter().zip(["QQR", "XCR"]) {
        officer_fields(&mut xml, prefix, officer);
    }
    xml.close();
    query_task(&mut xml, slip, number)?;
    match line.kind {
        ActKind::Query => {
            let wanted: Vec<&str> = crate::police::words::wanted(is_person)
                .into_iter()
                .filter_map(super::answering::content_code)
                .collect();
            xml.must("CXNR", &wanted.join(","))?;
        }
        ActKind::Watch => watch(&mut xml, line, is_person)?,
        _ => message::original(&mut xml, line)?,
    }
    xml.close();
    xml.end(class)
}

fn officer_fields(xml: &mut Xml, prefix: &str, officer: &Officer) {
    xml.field(&format!("{prefix}XM"), officer.name.expose());
    xml.field(&format!("{prefix}GZZH"), officer.work_id.expose());
    xml.field(&format!("{prefix}GWZH"), officer.duty_id.expose());
    xml.field(&format!("{prefix}DH"), officer.phone.expose());
}

/// A vehicle by its plate, or a person; an organisation cannot be watched.
fn watch(xml: &mut Xml, line: &Line, is_person: bool) -> Option<()> {
    let plate = line.account.as_ref().map(|plate| plate.expose().trim());
    match plate {
        Some(plate) => xml.must("HPHM", plate)?,
        None if is_person => {}
        None => return None,
    }
    xml.field("KSSJ", &line.from.map(digits).unwrap_or_default());
    xml.must("JSSJ", &line.to.map(digits)?)
}
