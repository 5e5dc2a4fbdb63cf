//! A message of the form being written: elements whose fields are attributes, and what every message begins with.

use domain::Day;
use domain::case::PartyKind;
use domain::slip::{Line, Slip, SlipLine};

use super::names::Ends;
use crate::markup::push_text;
use crate::transport::drop::number::number_of;

/// A message and the class that its member is named after.
pub(crate) struct Message {
    pub(crate) class: &'static str,
    pub(crate) xml: String,
}

/// Is the slip about a person? `None` when it is about nobody.
pub(crate) fn is_person(slip: &Slip) -> Option<bool> {
    Some(slip.party()?.kind == PartyKind::Person)
}

/// CKZTLB, ZTLB.
pub(crate) fn subject_class(is_person: bool) -> &'static str {
    if is_person { "01" } else { "02" }
}

/// QQCSLX of a question; those of orders are the industry's.
pub(crate) const QUERY: &str = "01";

/// Begins BASICINFO; the industry may add fields of its own before it closes the element.
pub(crate) fn basic_info(
    xml: &mut Xml,
    ends: &Ends,
    (slip, line): (&Slip, &Line),
    (number, measure): (&str, &str),
) -> Option<()> {
    xml.open("BASICINFO");
    xml.field("QQDBS", number);
    xml.field("QQCSLX", measure);
    xml.field("SQJGDM", &ends.organ);
    xml.field("MBJGDM", &ends.target);
    xml.field("CKZTLB", subject_class(is_person(slip)?));
    xml.field("AJLX", "执行");
    xml.field("AH", slip.context.case.number.expose());
    xml.field("FYMC", &slip.context.case.court.name);
    xml.field("BEIZ", line.note.as_ref().map_or("", |note| note.expose()));
    // The day inside our number: a repeat is the same to the byte.
    xml.field("FSSJ", number.get(1..9)?);
    Some(())
}

/// Begins the task of a question: who is asked about, which of three must be there each.
pub(crate) fn query_task(xml: &mut Xml, slip: &Slip, number: &str) -> Option<()> {
    let party = slip.party()?;
    xml.open("QUERYTASK");
    xml.field("RWLSH", number);
    xml.field("ZTLB", subject_class(is_person(slip)?));
    xml.must("ZTMC", party.name.expose())?;
    xml.must("ZZLXDM", &party.id_type)?;
    xml.must("ZZHM", party.id_number.expose())
}

/// YRWLSH and YAH: what an act builds on, under the number that it had in this form where it was ours.
pub(crate) fn original(xml: &mut Xml, line: &Line) -> Option<()> {
    let original = line.original.as_ref()?;
    let number = SlipLine::parse(&original.slip).and_then(number_of);
    xml.must("YRWLSH", number.as_deref().unwrap_or(&original.slip))?;
    xml.must("YAH", original.case_number.expose())
}

/// 8 digits.
pub(crate) fn digits(day: Day) -> String {
    let (year, month, day) = day.ymd();
    format!("{year:04}{month:02}{day:02}")
}

/// A message of elements that hold fields and nothing else.
pub(crate) struct Xml {
    text: String,
    /// No character came that XML cannot carry.
    whole: bool,
}

impl Xml {
    pub(crate) fn begin(root: &str) -> Self {
        Self { text: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>"), whole: true }
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
    }

    pub(crate) fn field(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        self.whole &= push_text(&mut self.text, value);
        self.text.push('"');
    }

    pub(crate) fn must(&mut self, name: &str, value: &str) -> Option<()> {
        if value.is_empty() {
            return None;
        }
        self.field(name, value);
        Some(())
    }

    pub(crate) fn close(&mut self) {
        self.text.push_str("/>");
    }

    /// The whole message; `None` when a character came that XML cannot carry.
    pub(crate) fn end(mut self, class: &'static str) -> Option<Message> {
        self.text.push_str("</");
        self.text.push_str(class);
        self.text.push('>');
        self.whole.then_some(Message { class, xml: self.text })
    }
}
