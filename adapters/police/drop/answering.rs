//! What police leave: the reception of a request, its answer, and hits; counted against EXECRESULT before any of it is believed.

use domain::outcome::{Detail, Finding, FindingClass, Lead, LeadClass, Outcome, Reason, Verdict};
use domain::socket::{FeedbackItem, Inbound, SWEPT_ITEMS_MAX};
use domain::{Day, Personal, SlipLine};

use super::names::{self, Back, BackName, Ends};
use crate::court_form::lists;
use crate::markup::{Element, Limits};
use crate::police::words::{keep_published, keep_published_of};
use crate::transport::charset::{Charset, decode_document};
use crate::transport::drop::packet::{self, Member, PacketFault};
use crate::transport::drop::sweeper::PacketReader;

/// An answer of 1,000 hits with a dozen fields each is below this.
const LIMITS: Limits = Limits { depth_max: 8, elements_max: 20_000, attributes_max: 64 };

/// A field of the form and the published word it stands for.
type Words = &'static [(&'static str, &'static str)];

/// SFXX.
const IDENTITY: Words = &[
    ("XM", "name"),
    ("CYM", "former_name"),
    ("ZZLXDM", "id_type"),
    ("ZZHM", "id_number"),
    ("XB", "sex"),
    ("CSRQ", "birth_date"),
    ("HJDZ", "household_address"),
    ("JZDZ", "residence_address"),
    ("ZT", "record_state"),
];
/// CLXX.
const VEHICLE: Words = &[
    ("HPHM", "plate"),
    ("HPZL", "plate_kind"),
    ("PPXH", "brand"),
    ("CLLX", "vehicle_type"),
    ("CSYS", "colour"),
    ("CLSBDH", "vin"),
    ("FDJH", "engine_number"),
    ("DJRQ", "registered_at"),
    ("DJJG", "office"),
    ("ZT", "record_state"),
    ("CFJG", "sealed_by"),
    ("DYQR", "pledged_to"),
    ("LXDH", "phone"),
];
/// LXXX.
const CONTACT: Words = &[("LXDH", "phone"), ("DZ", "address"), ("GZDW", "employer"), ("LY", "source"), ("SJ", "as_of")];
/// MZXX.
const HIT: Words = &[
    ("MZLX", "what"),
    ("HPHM", "plate"),
    ("DD", "place"),
    ("DZ", "address"),
    ("MZSJ", "seen_at"),
    ("FX", "direction"),
    ("SFKZ", "held"),
    ("DW", "unit"),
    ("LXR", "contact"),
    ("DH", "phone"),
];
/// Element of a finding, what it is, CXNR by which it is asked for, its words.
const FINDINGS: &[(&str, FindingClass, &str, Words)] = &[
    ("SFXX", FindingClass::Identity, "11", IDENTITY),
    ("CLXX", FindingClass::Vehicle, "12", VEHICLE),
    ("LXXX", FindingClass::Contact, "13", CONTACT),
];

/// CXNR of a class of findings.
pub(super) fn content_code(class: &str) -> Option<&'static str> {
    FINDINGS.iter().find(|(_, of, ..)| of.word() == class).map(|(_, _, code, _)| *code)
}

/// Reads what one command centre leaves.
pub(super) struct BackReader {
    pub(super) ends: Ends,
}

impl PacketReader for BackReader {
    fn is_packet(&self, name: &str) -> bool {
        name.to_ascii_lowercase().ends_with(".zip")
    }

    /// Receptions first: an answer that was read would make them stale.
    fn rank(&self, name: &str) -> u8 {
        u8::from(names::read(name).is_none_or(|named| named.back == Back::Answer))
    }

    fn passed_by(&self, name: &str) -> Option<String> {
        names::first_answer(name)
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Inbound, &'static str> {
        let named = names::read(name).ok_or("packet_name")?;
        if named.organ != self.ends.organ || named.target != self.ends.target {
            return Err("bank_code");
        }
        let members = packet::read(bytes, Some(named.base)).map_err(PacketFault::word)?;
        if packet::is_crowded(&members) {
            return Err("too_many_items");
        }
        let mut inbound = match named.back {
            Back::Reception => Inbound { feedback: vec![reception(&named, &members)?], leads: Vec::new() },
            Back::Answer => answer(&named, &members)?,
        };
        inbound.feedback.iter_mut().filter_map(|item| item.outcome.as_mut().ok()).for_each(|outcome| {
            keep_published(outcome);
            // More than anybody looks through: the last place says how many were left out.
            for finding in std::mem::take(&mut outcome.findings) {
                lists::keep(outcome, finding);
            }
        });
        inbound.leads.iter_mut().for_each(keep_published_of);
        Ok(inbound)
    }
}

fn document(member: &Member) -> Result<Element, &'static str> {
    let text = decode_document(&member.bytes, Charset::Utf8).map_err(|_| "schema")?;
    Element::read(&text, LIMITS).map_err(|_| "schema")
}

fn field<'e>(element: &'e Element, name: &str) -> &'e str {
    let text = element.attribute(name).unwrap_or_default().trim();
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}

/// When something was so, as they write it. It is no personal word and must not become one: whatever is no time is left out.
fn time_of<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let is_of_time =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b':' | b'.' | b'+' | b' ' | b'T' | b'Z');
    Some(field(element, name)).filter(|text| (1..=TIME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_of_time))
}

/// The class of a member named `class`, QQDBS, `.xml`.
fn class_of<'m>(named: &BackName<'_>, member: &'m Member) -> Result<&'m str, &'static str> {
    let class = member.name.strip_suffix(".xml").and_then(|name| name.strip_suffix(named.number));
    class.ok_or("members")
}

/// RR28: exactly one member.
fn reception(named: &BackName<'_>, members: &[Member]) -> Result<FeedbackItem, &'static str> {
    let [member] = members else { return Err("members") };
    if class_of(named, member)? != "RR28" {
        return Err("members");
    }
    let root = document(member)?;
    let receipt = root.child("HZXX").filter(|_| root.is("RR28") && is_about(&root, named)).ok_or("schema")?;
    let (code, said) = (field(receipt, "HZDM"), field(receipt, "HZSM"));
    let (verdict, reason, meaning) = match code {
        "30000" => (Verdict::Registered, Reason::UnderWay, "已接收"),
        "30001" => (Verdict::HandedBack, Reason::Other, "签名无效"),
        "30002" => (Verdict::HandedBack, Reason::Other, "报文解析失败"),
        "30003" => (Verdict::HandedBack, Reason::PaperMissing, "缺少法律文书"),
        "30004" => (Verdict::HandedBack, Reason::PaperMissing, "法律文书与请求不符"),
        "30005" => (Verdict::HandedBack, Reason::Other, "缺少请求文件"),
        "99999" => (Verdict::HandedBack, Reason::Other, "其他原因"),
        _ => return Err("schema"),
    };
    let said = if said.is_empty() { meaning } else { said };
    let mut outcome = Outcome::of(verdict).because(reason, &format!("{code} {said}"));
    outcome.as_of = time_of(receipt, "JSSJ").map(str::to_owned);
    Ok(FeedbackItem { slip: named.key.to_string(), line: Some(named.key.line), outcome: Ok(outcome) })
}

fn is_about(root: &Element, named: &BackName<'_>) -> bool {
    root.child("BASICINFO").is_some_and(|basic| field(basic, "QQDBS") == named.number)
}

/// What was counted while reading; EXECRESULT must say the same.
#[derive(Default)]
struct Counted {
    answered: usize,
    identities: usize,
    vehicles: usize,
    hits: usize,
}

/// One message of an answering class, and EXECRESULT.
fn answer(named: &BackName<'_>, members: &[Member]) -> Result<Inbound, &'static str> {
    let (mut said, mut sums) = (None, None);
    for member in members {
        let class = class_of(named, member)?;
        let place = match class {
            "SS03" | "SS04" | "SS13" | "SS14" => &mut said,
            "EXECRESULT" => &mut sums,
            _ => return Err("members"),
        };
        if place.replace((class, document(member)?)).is_some() {
            return Err("members");
        }
    }
    let ((class, root), (_, sums)) = (said.ok_or("members")?, sums.ok_or("totals")?);
    if !root.is(class) || !is_about(&root, named) {
        return Err("schema");
    }
    let mut counted = Counted::default();
    let mut inbound = Inbound::default();
    let is_query = matches!(class, "SS03" | "SS04");
    let mut results = Vec::new();
    root.all("RESULT", &mut results);
    for result in results {
        counted.answered += 1;
        if field(result, "RWLSH") != named.number {
            return Err("schema");
        }
        let outcome = if is_query { found(result, &mut counted) } else { watched(result) };
        let (slip, line) = (named.key.to_string(), Some(named.key.line));
        inbound.feedback.push(FeedbackItem { slip, line, outcome });
    }
    let mut hits = Vec::new();
    root.all("MZXX", &mut hits);
    counted.hits = hits.len();
    if is_query && counted.hits > 0 || counted.answered > 1 || counted.hits > SWEPT_ITEMS_MAX {
        return Err("schema");
    }
    for hit in hits {
        inbound.leads.push(lead(hit, named.key)?);
    }
    if inbound.feedback.is_empty() && inbound.leads.is_empty() {
        return Err("members");
    }
    if sums.is("EXECRESULT") && adds_up(&sums, &counted) { Ok(inbound) } else { Err("totals") }
}

fn adds_up(sums: &Element, counted: &Counted) -> bool {
    let says = |name: &str, count: usize| field(sums, name).parse() == Ok(count);
    says("JSRWS", 1)
        && says("FKRWS", counted.answered)
        && says("FKKHS", counted.identities)
        && says("FKZHS", counted.vehicles)
        && says("FKJYMXS", counted.hits)
}

/// CXJG of a query: 0 found, 1 nobody of that number, 2 not answered.
fn found(result: &Element, counted: &mut Counted) -> Result<Outcome, String> {
    let mut outcome = match field(result, "CXJG") {
        "0" => Outcome::of(Verdict::Done),
        "1" => Outcome::of(Verdict::NoSuchCustomer),
        "2" => refused(result),
        _ => return Err("CXJG只能为0、1或2".to_owned()),
    };
    outcome.as_of = time_of(result, "FKSJ").map(str::to_owned);
    for row in &result.children {
        let Some((_, class, _, words)) = FINDINGS.iter().find(|(name, ..)| row.is(name)) else { continue };
        match class {
            FindingClass::Identity => counted.identities += 1,
            FindingClass::Vehicle => counted.vehicles += 1,
            _ => {}
        }
        outcome.findings.push(Finding { class: *class, details: details(row, words) });
    }
    if outcome.verdict != Verdict::Done && !outcome.findings.is_empty() {
        return Err("未查询到结果时不应反馈明细".to_owned());
    }
    Ok(outcome)
}

/// CXJG of a dynamic query: 0 in force or ended, 2 not done.
fn watched(result: &Element) -> Result<Outcome, String> {
    let day = |name: &'static str| match field(result, name) {
        "" => Ok(None),
        text => Day::parse(text.get(..8).unwrap_or(text)).map(Some).ok_or_else(|| format!("{name}不是日期")),
    };
    let mut outcome = match field(result, "CXJG") {
        "0" => Outcome::of(Verdict::Done),
        "2" => refused(result),
        _ => return Err("CXJG只能为0或2".to_owned()),
    };
    (outcome.from, outcome.to) = (day("KSSJ")?, day("JSSJ")?);
    // In force until no day is no watch that anybody may count on; an ended one says when.
    if outcome.verdict == Verdict::Done && outcome.to.is_none() {
        return Err("缺少JSSJ".to_owned());
    }
    let serial = field(result, "BKBH");
    if serial.len() > SERIAL_BYTES_MAX {
        return Err("BKBH过长".to_owned());
    }
    outcome.serial = (!serial.is_empty()).then(|| Personal::new(serial.to_owned()));
    outcome.as_of = time_of(result, "FKSJ").map(str::to_owned);
    Ok(outcome)
}

fn refused(result: &Element) -> Outcome {
    let reason = match field(result, "YYDM") {
        "01" => Reason::NameMismatch,
        "02" => Reason::IdMismatch,
        "03" => Reason::NoOriginalFreeze,
        "04" => Reason::Unsupported,
        _ => Reason::Other,
    };
    Outcome::of(Verdict::Refused).because(reason, field(result, "JGSM"))
}

fn details(row: &Element, words: Words) -> Vec<Detail> {
    let told = words.iter().map(|(name, word)| (*word, field(row, name))).filter(|(_, text)| !text.is_empty());
    told.map(|(word, text)| Detail { name: word.to_owned(), value: Personal::new(text.to_owned()) }).collect()
}

/// The longest text that is kept, in characters: an address takes a line.
const TEXT_CHARS_MAX: usize = 500;
/// The longest time, in bytes: one with fractions and an offset is below it.
const TIME_BYTES_MAX: usize = 40;
/// The longest number of theirs, in bytes; one that is cut would be another's.
const SERIAL_BYTES_MAX: usize = 64;

/// A hit without a number of its own could not be told from its repeat.
fn lead(hit: &Element, key: SlipLine) -> Result<Lead, &'static str> {
    let serial = field(hit, "MZLSH");
    if serial.is_empty() || serial.len() > SERIAL_BYTES_MAX {
        return Err("schema");
    }
    let respond_by = match field(hit, "HYSX") {
        "" => None,
        text => Some(instant(text).ok_or("schema")?),
    };
    Ok(Lead {
        slip: key.to_string(),
        line: Some(key.line),
        class: LeadClass::Hit,
        serial: Personal::new(serial.to_owned()),
        as_of: time_of(hit, "MZSJ").unwrap_or_default().to_owned(),
        respond_by,
        details: details(hit, HIT),
        text: Some(field(hit, "BEIZ")).filter(|text| !text.is_empty()).map(|text| Personal::new(text.to_owned())),
    })
}

/// 14 digits, Beijing time.
fn instant(text: &str) -> Option<domain::Millis> {
    let part = |from: usize, to: usize| text.get(from..to);
    if text.len() != 14 {
        return None;
    }
    let (day, clock) = (
        format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?),
        format!("{}:{}:{}", part(8, 10)?, part(10, 12)?, part(12, 14)?),
    );
    domain::day::parse_instant(&format!("{day}T{clock}+08:00"))
}
