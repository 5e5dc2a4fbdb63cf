//! What banks are asked in the form: the class of a message, and what stands in its task.

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
        (ActKind::Freeze | ActKind::Renew | ActKind::Release, true) => "SS17",
        (ActKind::Freeze | ActKind::Renew | ActKind::Release, false) => "SS18",
        _ => return None,
    })
}

/// QQCSLX.
fn measure_of(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Freeze => "05",
        ActKind::Renew => "06",
        ActKind::Release => "07",
        _ => message::QUERY,
    }
}

/// DJFS: within a limit. 02, the whole account, is more than anybody ordered.
const WITHIN_A_LIMIT: &str = "01";

/// Writes the message of one line under its number.
pub(super) fn write(ends: &Ends, slip: &Slip, line: &Line, number: &str) -> Option<Message> {
    let class = class_of(line.kind, is_person(slip)?)?;
    let mut xml = Xml::begin(class);
    basic_info(&mut xml, ends, (slip, line), (number, measure_of(line.kind)))?;
    xml.field("JJCD", "01");
    xml.close();
    xml.open("QUERYPERSON");
    for (officer, prefix) in slip.context.officers.iter().zip(["QQR", "XCR"]) {
        officer_fields(&mut xml, prefix, officer, &slip.context.case.court.name);
    }
    xml.close();
    if line.kind == ActKind::Query {
        query_task(&mut xml, slip, number)?;
        xml.field("CXNR", "01");
    } else {
        control(&mut xml, slip, line, number)?;
    }
    xml.close();
    xml.end(class)
}

/// The credential shown is the 工作证, else the 执行公务证.
fn officer_fields(xml: &mut Xml, prefix: &str, officer: &Officer, court: &str) {
    let (kind, number) = match officer.work_id.expose().as_str() {
        "" => ("执行公务证", officer.duty_id.expose().as_str()),
        work_id => ("工作证", work_id),
    };
    xml.field(&format!("{prefix}XM"), officer.name.expose());
    xml.field(&format!("{prefix}ZJLX"), kind);
    xml.field(&format!("{prefix}ZJHM"), number);
    xml.field(&format!("{prefix}DWMC"), court);
    xml.field(&format!("{prefix}SJH"), officer.phone.expose());
}

fn control(xml: &mut Xml, slip: &Slip, line: &Line, number: &str) -> Option<()> {
    let party = slip.party()?;
    xml.open("FREEZEACCOUNT");
    xml.field("RWLSH", number);
    match line.kind {
        // There is no word for a freeze that takes over another organ's; without it the rank would be lost.
        ActKind::Freeze if line.original.is_some() => return None,
        ActKind::Freeze => {}
        _ => message::original(xml, line)?,
    }
    xml.must("DJZHHZ", party.name.expose())?;
    xml.must("ZZLXDM", &party.id_type)?;
    xml.must("ZZHM", party.id_number.expose())?;
    xml.must("ZH", line.account.as_ref()?.expose().trim())?;
    xml.field("ZHXH", "");
    match line.kind {
        ActKind::Freeze => freeze(xml, line)?,
        ActKind::Renew => {
            xml.field("DJFS", WITHIN_A_LIMIT);
            xml.must("JSSJ", &line.to.map(digits)?)?;
        }
        // Without a sum all of it is let go.
        _ => {
            if let Some(part) = line.amount {
                money(xml, part.is_positive().then_some(part)?);
            }
        }
    }
    Some(())
}

fn freeze(xml: &mut Xml, line: &Line) -> Option<()> {
    // Without an amount the message would have to freeze the whole account, which nobody ordered.
    let amount = line.amount.filter(|amount| amount.is_positive())?;
    xml.field("DJFS", WITHIN_A_LIMIT);
    money(xml, amount);
    if let Some(from) = line.from {
        xml.field("KSSJ", &digits(from));
    }
    xml.must("JSSJ", &line.to.map(digits)?)
}

fn money(xml: &mut Xml, amount: domain::Money) {
    xml.field("JE", &amount.to_string());
    xml.field("BZ", "CNY");
}
