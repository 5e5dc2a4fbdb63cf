//! What police tell: the record of somebody, a watch in force or ended, and hits.

use domain::outcome::{About, Detail, Finding, FindingClass, Lead, LeadClass, Outcome, Reason, Verdict};
use domain::socket::{Inbound, SWEPT_ITEMS_MAX};
use domain::{Flaw, Personal, SlipLine, Untaken};

use crate::court_form::lists;
use crate::court_form::packed::read_day;
use crate::markup::Element;
use crate::police::words::{keep_published, keep_published_of};
use crate::regulator_form::answering::{Counted, SERIAL_BYTES_MAX, Told, field, item, said, time_of};
use crate::regulator_form::names::BackName;

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

/// A message of an answering class; what the page does not name is dropped unread.
pub(super) fn read(named: &BackName<'_>, root: &Element) -> Result<Told, &'static str> {
    let (mut inbound, mut counted) = (Inbound::default(), Counted::default());
    let is_query = root.is("SS03") || root.is("SS04");
    let mut results = Vec::new();
    root.all("RESULT", &mut results);
    for result in results {
        counted.answered += 1;
        if field(result, "RWLSH") != named.number {
            return Err("schema");
        }
        let (outcome, about) =
            if is_query { (found(result, &mut counted), About::Question) } else { (watched(result), About::Control) };
        let outcome = outcome.map(|outcome| Outcome { about: Some(about), ..outcome });
        inbound.feedback.push(item(named, outcome));
    }
    let mut hits = Vec::new();
    root.all("MZXX", &mut hits);
    counted.entries = hits.len();
    if is_query && counted.entries > 0 || counted.answered > 1 || counted.entries > SWEPT_ITEMS_MAX {
        return Err("schema");
    }
    for hit in hits {
        inbound.leads.push(lead(hit, named.key)?);
    }
    inbound.feedback.iter_mut().filter_map(|item| item.outcome.as_mut().ok()).for_each(|outcome| {
        keep_published(outcome);
        // More than anybody looks through: the last place says how many were left out.
        for finding in std::mem::take(&mut outcome.findings) {
            lists::keep(outcome, finding);
        }
    });
    inbound.leads.iter_mut().for_each(keep_published_of);
    Ok(Told { inbound, counted })
}

/// CXJG of a query: 0 found, 1 nobody of that number, 2 not answered.
fn found(result: &Element, counted: &mut Counted) -> Result<Outcome, Untaken> {
    let mut findings = Vec::new();
    for row in &result.children {
        let Some((_, class, _, words)) = FINDINGS.iter().find(|(name, ..)| row.is(name)) else { continue };
        match class {
            FindingClass::Identity => counted.customers += 1,
            FindingClass::Vehicle => counted.accounts += 1,
            _ => {}
        }
        findings.push(Finding { class: *class, details: details(row, words) });
    }
    let mut outcome = match field(result, "CXJG") {
        "0" => Outcome::of(Verdict::Done),
        "1" => Outcome::of(Verdict::NoSuchCustomer),
        "2" => refused(result)?,
        _ => return Err(Flaw::QueryWord.into()),
    };
    outcome.as_of = time_of(result, "FKSJ").map(str::to_owned);
    outcome.findings = findings;
    if outcome.verdict != Verdict::Done && !outcome.findings.is_empty() {
        return Err(Flaw::DetailsWithoutResult.into());
    }
    Ok(outcome)
}

/// CXJG of a dynamic query: 0 in force or ended, 2 not done.
fn watched(result: &Element) -> Result<Outcome, Untaken> {
    let day = |name: &'static str| match field(result, name) {
        "" => Ok(None),
        text => read_day(text).map(Some).ok_or_else(|| Flaw::FieldNoDay.of_field(name)),
    };
    let mut outcome = match field(result, "CXJG") {
        "0" => Outcome::of(Verdict::Done),
        "2" => refused(result)?,
        _ => return Err(Flaw::WatchWord.into()),
    };
    (outcome.from, outcome.to) = (day("KSSJ")?, day("JSSJ")?);
    // In force until no day is no watch that anybody may count on; an ended one says when.
    if outcome.verdict == Verdict::Done && outcome.to.is_none() {
        return Err(Flaw::FieldMissing.of_field("JSSJ"));
    }
    let serial = said(result, "BKBH");
    if serial.is_some_and(|serial| serial.len() > SERIAL_BYTES_MAX) {
        return Err(Flaw::FieldLong.of_field("BKBH"));
    }
    outcome.serial = serial.map(Personal::from);
    outcome.as_of = time_of(result, "FKSJ").map(str::to_owned);
    Ok(outcome)
}

/// A code that is not agreed says nothing; none at all says what its words say.
fn refused(result: &Element) -> Result<Outcome, Untaken> {
    let text = field(result, "JGSM");
    let reason = match field(result, "YYDM") {
        "01" => Reason::NameMismatch,
        "02" => Reason::IdMismatch,
        "03" => Reason::NoOriginalFreeze,
        "04" => Reason::Unsupported,
        "99" => Reason::Other,
        "" if !text.is_empty() => Reason::Other,
        _ => return Err(Flaw::GroundWord.into()),
    };
    Ok(Outcome::of(Verdict::Refused).because(reason, text))
}

fn details(row: &Element, words: Words) -> Vec<Detail> {
    let told = words.iter().map(|(name, word)| (*word, field(row, name))).filter(|(_, text)| !text.is_empty());
    told.map(|(word, text)| Detail { name: word.to_owned(), value: Personal::new(text.to_owned()) }).collect()
}

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
        text: said(hit, "BEIZ").map(Personal::from),
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
