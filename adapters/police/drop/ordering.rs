//! One request as a sealed packet: the class of its message, the legal papers, the officers' credentials.

use domain::case::{Officer, PartyKind};
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::PaperFile;
use domain::{ActKind, Day};

use super::names::{self, Ends};
use crate::markup::push_text;
use crate::transport::drop::call::Packet;
use crate::transport::drop::number::number_of;
use crate::transport::drop::packet::Member;

/// The most bytes of papers in one request; more than any officer's scans and notices come to.
const PAPERS_BYTES_MAX: usize = 8 << 20;

/// The class of a request; its answer has the number two higher.
pub(super) fn class_of(kind: ActKind, is_person: bool) -> Option<&'static str> {
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
        _ => "01",
    }
}

/// Writes the packet of the one line of `slip`; `None` when the form cannot say it or the whole is too large.
pub(super) fn request(ends: &Ends, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
    let [line] = slip.lines.as_slice() else { return None };
    let key = SlipLine { slip: slip.number, line: line.line };
    let (number, base) = (number_of(key)?, names::request(ends, key)?);
    let bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
    if bytes > PAPERS_BYTES_MAX {
        return None;
    }
    let is_person = slip.party()?.kind == PartyKind::Person;
    let class = class_of(line.kind, is_person)?;
    let message = message(ends, slip, line, class, &number)?;
    let mut members = vec![Member { name: format!("{class}{number}.xml"), bytes: message.into_bytes() }];
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

fn message(ends: &Ends, slip: &Slip, line: &Line, class: &str, number: &str) -> Option<String> {
    let (party, context) = (slip.party()?, &slip.context);
    let is_person = party.kind == PartyKind::Person;
    let mut xml = Xml::begin(class);
    xml.open("BASICINFO");
    xml.field("QQDBS", number);
    xml.field("QQCSLX", measure_of(line.kind));
    xml.field("SQJGDM", &ends.organ);
    xml.field("MBJGDM", &ends.target);
    xml.field("CKZTLB", subject_class(is_person));
    xml.field("AJLX", "执行");
    xml.field("AH", context.case.number.expose());
    xml.field("FYMC", &context.case.court.name);
    xml.field("BEIZ", line.note.as_ref().map_or("", |note| note.expose()));
    // The day inside our number: a repeat is the same to the byte.
    xml.field("FSSJ", number.get(1..9)?);
    xml.close();
    xml.open("QUERYPERSON");
    for (officer, prefix) in context.officers.iter().zip(["QQR", "XCR"]) {
        officer_fields(&mut xml, prefix, officer);
    }
    xml.close();
    xml.open("QUERYTASK");
    xml.field("RWLSH", number);
    xml.field("ZTLB", subject_class(is_person));
    xml.must("ZTMC", party.name.expose())?;
    xml.must("ZZLXDM", &party.id_type)?;
    xml.must("ZZHM", party.id_number.expose())?;
    match line.kind {
        ActKind::Query => {
            let wanted: Vec<&str> = crate::police::words::wanted(is_person)
                .into_iter()
                .filter_map(super::answering::content_code)
                .collect();
            xml.must("CXNR", &wanted.join(","))?;
        }
        ActKind::Watch => watch(&mut xml, line, is_person)?,
        _ => lift(&mut xml, line)?,
    }
    xml.close();
    xml.end(class)
}

fn subject_class(is_person: bool) -> &'static str {
    if is_person { "01" } else { "02" }
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

fn lift(xml: &mut Xml, line: &Line) -> Option<()> {
    let original = line.original.as_ref()?;
    let number = SlipLine::parse(&original.slip).and_then(number_of);
    xml.must("YRWLSH", number.as_deref().unwrap_or(&original.slip))?;
    xml.must("YAH", original.case_number.expose())
}

fn digits(day: Day) -> String {
    let (year, month, day) = day.ymd();
    format!("{year:04}{month:02}{day:02}")
}

/// A message of elements that hold fields and nothing else.
struct Xml {
    text: String,
    /// No character came that XML cannot carry.
    whole: bool,
}

impl Xml {
    fn begin(root: &str) -> Self {
        Self { text: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>"), whole: true }
    }

    fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
    }

    fn field(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        self.whole &= push_text(&mut self.text, value);
        self.text.push('"');
    }

    fn must(&mut self, name: &str, value: &str) -> Option<()> {
        if value.is_empty() {
            return None;
        }
        self.field(name, value);
        Some(())
    }

    fn close(&mut self) {
        self.text.push_str("/>");
    }

    fn end(mut self, root: &str) -> Option<String> {
        self.text.push_str("</");
        self.text.push_str(root);
        self.text.push('>');
        self.whole.then_some(self.text)
    }
}
