//! The lists that registries fetch: `BDCCXQQ` of queries, `BDCKZQQ` of seals and notices with their units.

use domain::ActKind;
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::ListClass;

use super::message::{Message, Part};
use crate::court_form::list::{error, ruling_number};
use crate::dialect::Dialect;
use crate::transport::pull::ANSWER_BYTES_MAX;

/// Transferees of one notice: with three particulars each they fit the particulars of an order.
const TRANSFEREES_MAX: usize = 8;

/// Writes the list. A slip that would pass the size cap is left for the next pull, and so is one that cannot be said whole.
pub(super) fn list(dialect: &Dialect, class: ListClass, slips: &[Slip]) -> String {
    let mut message = Message::new(dialect, list_of(class));
    for slip in slips {
        let row = match class {
            ListClass::Queries => header(dialect, slip, "BDCCXQQ", ActKind::Query),
            ListClass::Controls => control(dialect, slip),
        };
        if row.is_some_and(|row| !message.push(&row, ANSWER_BYTES_MAX)) {
            break;
        }
    }
    message.finish(error(dialect, 0), "")
}

/// Can the slip be said whole?
pub(super) fn can_write(dialect: &Dialect, slip: &Slip) -> bool {
    let is_query = slip.lines.first().is_some_and(|line| line.kind.is_question());
    let row = if is_query { header(dialect, slip, "BDCCXQQ", ActKind::Query) } else { control(dialect, slip) };
    row.is_some()
}

/// The list's element.
pub(super) fn list_of(class: ListClass) -> &'static str {
    match class {
        ListClass::Queries => "BDCCXQQLIST",
        ListClass::Controls => "BDCKZQQLIST",
    }
}

fn header(dialect: &Dialect, slip: &Slip, name: &'static str, kind: ActKind) -> Option<Part> {
    let (party, context) = (slip.party()?, &slip.context);
    let officer = context.officers.first()?;
    let number = slip.number.to_string();
    let number = dialect.write_number(&number);
    let id_number = party.id_number.expose();
    let is_chinese = matches!(party.id_type.as_str(), "01" | "20500" | "20600" | "24100");
    let part = Part::new(name)
        .field("CXQQDH", &number)
        .field("LB", &dialect.industry_word)
        .field("XZ", if kind == ActKind::Query { &dialect.natures.0 } else { &dialect.natures.1 })
        .field("XM", party.name.expose())
        .field("GJ", if is_chinese { &dialect.chinese } else { "" })
        .field("ZJZL", dialect.id_type(&party.id_type))
        .field("ZJH", id_number)
        .field("FIFTEENZJH", &fifteen(&party.id_type, id_number))
        .field("FZJG", "")
        .field("FYMC", &context.case.court.name)
        .field("CBR", officer.name.expose())
        .field("AH", context.case.number.expose())
        .field("CKH", dialect.notice(kind, notice_of(kind)))
        // By which the papers are fetched; ours and unique, as with banks.
        .field("WSBH", &number);
    Some(part)
}

/// A `BDCKZQQ` with its units; `None` when any of it is missing, because half an order is a wrong order.
fn control(dialect: &Dialect, slip: &Slip) -> Option<Part> {
    let first = slip.lines.first()?;
    let mut units = Part::new("BDCQLLIST");
    for line in &slip.lines {
        units = units.part(unit(dialect, slip, line)?);
    }
    Some(header(dialect, slip, "BDCKZQQ", first.kind)?.part(units))
}

fn unit(dialect: &Dialect, slip: &Slip, line: &Line) -> Option<Part> {
    let account = line.account.as_ref()?.expose();
    let key = SlipLine { slip: slip.number, line: line.line }.to_string();
    let day = |day: Option<domain::Day>| day.map(|day| dialect.day(day)).unwrap_or_default();
    let right = told(line, "right_type");
    let (original, original_case) = match &line.original {
        Some(original) => {
            let number =
                SlipLine::parse(&original.slip).map_or_else(|| original.slip.clone(), |key| key.slip.to_string());
            (dialect.write_number(&number).into_owned(), original.case_number.expose().as_str())
        }
        None if line.kind.builds_on_freeze() => return None,
        None => (String::new(), ""),
    };
    let unit_number = told(line, "unit_number");
    let part = Part::new("BDCQL")
        .field("KZQQDH", &dialect.write_number(&key))
        .field("KZCS", dialect.measure(line.kind)?)
        .field("BDCQLLX", dialect.right_types.get(right).map_or(right, String::as_str))
        .field("BDCDYH", if unit_number.is_empty() { account } else { unit_number })
        .field("ZL", told(line, "location"))
        .field("BDCQZH", told(line, "title_number"))
        .field("CKWH", ruling_number(slip))
        .field("KSRQ", &day(line.from))
        .field("JSRQ", &day(line.to))
        .field("YDJAH", original_case)
        .field("YDJDH", &original)
        .field("YWH", told(line, "business_number"))
        .field("YCFYWH", told(line, "seal_number"))
        .field("DJJG", told(line, "registry"));
    if line.kind != ActKind::TransferNotice {
        return Some(part);
    }
    Some(part.part(transferees(dialect, line)?))
}

/// `GHDXLIST`: to whom the title passes; `transferee`, `transferee_2` and so on, each with the type and number of its paper.
fn transferees(dialect: &Dialect, line: &Line) -> Option<Part> {
    let mut list = Part::new("GHDXLIST");
    for place in 1..=TRANSFEREES_MAX {
        let of = |word: &str| told(line, &if place == 1 { word.to_owned() } else { format!("{word}_{place}") });
        let name = of("transferee");
        if name.is_empty() {
            return (place > 1).then_some(list);
        }
        let number = of("transferee_id_number");
        if number.is_empty() {
            return None;
        }
        let id_type = of("transferee_id_type");
        list = list.part(
            Part::new("GHDX")
                .field("DXXH", &place.to_string())
                .field("DXXM", name)
                .field("DXZJLX", dialect.id_type(if id_type.is_empty() { "01" } else { id_type }))
                .field("DXSFZHM", number),
        );
    }
    Some(list)
}

/// A particular of the order, empty when it has none of that name.
fn told<'l>(line: &'l Line, word: &str) -> &'l str {
    line.details.iter().find(|detail| detail.name == word).map_or("", |detail| detail.value.expose())
}

/// The number that a person born in the 1900s had before 1999: registers of that time know no other.
fn fifteen(id_type: &str, number: &str) -> String {
    let is_number = id_type == "01" && number.len() == 18 && number.is_ascii();
    match (number.get(..6), number.get(6..8), number.get(8..17)) {
        (Some(region), Some("19"), Some(rest)) if is_number => format!("{region}{rest}"),
        _ => String::new(),
    }
}

/// CKH: the name of the notice that goes with an act.
fn notice_of(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Freeze | ActKind::Renew => "协助查封通知书",
        ActKind::Release => "协助解除查封通知书",
        ActKind::TransferNotice => "协助办理过户登记通知书",
        _ => "协助查询通知书",
    }
}
