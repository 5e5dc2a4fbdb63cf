//! What a partner leaves: the reception of a request, and its answers; counted against EXECRESULT before any of it is believed.

use domain::Untaken;
use domain::outcome::{Outcome, Reason, Verdict};
use domain::socket::{FeedbackItem, Inbound};

use super::Said;
use super::names::{self, Back, BackName, Ends};
use crate::markup::{Element, Limits};
use crate::transport::charset::{Charset, decode_document};
use crate::transport::drop::packet::{self, Member, PacketFault};
use crate::transport::drop::sweeper::PacketReader;

/// An answer of 1,000 rows with a dozen fields each is below this.
const LIMITS: Limits = Limits { depth_max: 8, elements_max: 20_000, attributes_max: 64 };
/// The longest text that is kept, in characters: an address takes a line.
const TEXT_CHARS_MAX: usize = 500;
/// The longest time, in bytes: one with fractions and an offset is below it.
const TIME_BYTES_MAX: usize = 40;
/// The longest number of theirs, in bytes; one that is cut would be another's.
pub(crate) const SERIAL_BYTES_MAX: usize = 64;

/// What an answer says, and what was counted while it was read.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) inbound: Inbound,
    pub(crate) counted: Counted,
}

/// EXECRESULT must say the same.
#[derive(Default)]
pub(crate) struct Counted {
    /// FKRWS, tasks answered.
    pub(crate) answered: usize,
    /// FKKHS, customers told of.
    pub(crate) customers: usize,
    /// FKZHS, accounts told of.
    pub(crate) accounts: usize,
    /// FKJYMXS, entries told of.
    pub(crate) entries: usize,
}

/// Reads what one partner leaves.
pub(crate) struct BackReader {
    pub(crate) said: &'static Said,
    pub(crate) ends: Ends,
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
        names::note(name, Back::Reception)
    }

    fn noted_as(&self, name: &str) -> Option<String> {
        names::note(name, Back::Answer)
    }

    fn place_of(&self, name: &str) -> Option<(String, u16)> {
        names::place(name)
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
        match named.back {
            Back::Reception => Ok(Inbound { feedback: vec![reception(&named, &members)?], leads: Vec::new() }),
            Back::Answer => answer(self.said, &named, &members),
        }
    }
}

fn document(member: &Member) -> Result<Element, &'static str> {
    let text = decode_document(&member.bytes, Charset::Utf8).map_err(|_| "schema")?;
    Element::read(&text, LIMITS).map_err(|_| "schema")
}

/// A field's text, as much of it as is kept; empty when it is not there.
pub(crate) fn field<'e>(element: &'e Element, name: &str) -> &'e str {
    let text = element.attribute(name).unwrap_or_default().trim();
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}

/// A field's text where it says anything.
pub(crate) fn said<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    Some(field(element, name)).filter(|text| !text.is_empty())
}

/// When something was so, as they write it. It is no personal word and must not become one: whatever is no time is left out.
pub(crate) fn time_of<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let is_of_time =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b':' | b'.' | b'+' | b' ' | b'T' | b'Z');
    said(element, name).filter(|text| text.len() <= TIME_BYTES_MAX && text.bytes().all(is_of_time))
}

/// The class of a member named `class`, QQDBS, `.xml`.
fn class_of<'m>(named: &BackName<'_>, member: &'m Member) -> Result<&'m str, &'static str> {
    let class = member.name.strip_suffix(".xml").and_then(|name| name.strip_suffix(named.number));
    class.ok_or("members")
}

/// What comes back about the one line that the packet's name says.
pub(crate) fn item(named: &BackName<'_>, outcome: Result<Outcome, Untaken>) -> FeedbackItem {
    FeedbackItem { slip: named.key.to_string(), line: Some(named.key.line), outcome }
}

/// RR28: exactly one member. A code that is not agreed proves nothing, so the packet is set aside and the act stays as it was.
fn reception(named: &BackName<'_>, members: &[Member]) -> Result<FeedbackItem, &'static str> {
    let [member] = members else { return Err("members") };
    if class_of(named, member)? != "RR28" {
        return Err("members");
    }
    let root = document(member)?;
    let receipt = root.child("HZXX").filter(|_| root.is("RR28") && is_about(&root, named)).ok_or("schema")?;
    let (code, words) = (field(receipt, "HZDM"), field(receipt, "HZSM"));
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
    let words = if words.is_empty() { meaning } else { words };
    let mut outcome = Outcome::of(verdict).because(reason, &format!("{code} {words}"));
    outcome.as_of = time_of(receipt, "JSSJ").map(str::to_owned);
    Ok(item(named, Ok(outcome)))
}

/// One BASICINFO, of this request and, where it says whose, of these two.
fn is_about(root: &Element, named: &BackName<'_>) -> bool {
    let mut all = Vec::new();
    root.all("BASICINFO", &mut all);
    let Some(basic) = root.child("BASICINFO").filter(|_| all.len() == 1) else { return false };
    let is_ours = |name: &str, own: &str| said(basic, name).is_none_or(|code| code == own);
    field(basic, "QQDBS") == named.number && is_ours("SQJGDM", named.organ) && is_ours("MBJGDM", named.target)
}

/// One message of an answering class, and EXECRESULT.
fn answer(said: &Said, named: &BackName<'_>, members: &[Member]) -> Result<Inbound, &'static str> {
    let (mut message, mut sums) = (None, None);
    for member in members {
        let class = class_of(named, member)?;
        let place = match class {
            "EXECRESULT" => &mut sums,
            class if said.answers.contains(&class) => &mut message,
            _ => return Err("members"),
        };
        if place.replace((class, document(member)?)).is_some() {
            return Err("members");
        }
    }
    let ((class, root), (_, sums)) = (message.ok_or("members")?, sums.ok_or("totals")?);
    if !root.is(class) || !is_about(&root, named) {
        return Err("schema");
    }
    let told = (said.read)(named, &root)?;
    if told.inbound.feedback.is_empty() && told.inbound.leads.is_empty() {
        return Err("members");
    }
    // Counts of another request count nothing of this one.
    let is_of_this = matches!(field(&sums, "QQDBS"), number if number.is_empty() || number == named.number);
    if sums.is("EXECRESULT") && is_of_this && adds_up(&sums, &told.counted) { Ok(told.inbound) } else { Err("totals") }
}

fn adds_up(sums: &Element, counted: &Counted) -> bool {
    let says = |name: &str, count: usize| field(sums, name).parse() == Ok(count);
    says("JSRWS", 1)
        && says("FKRWS", counted.answered)
        && says("FKKHS", counted.customers)
        && says("FKZHS", counted.accounts)
        && says("FKJYMXS", counted.entries)
}
