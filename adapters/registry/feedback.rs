//! What registries feed back: `BDCCXJG` of queries, `BDCKZJG` of seals and notices with their `HZXX` receipts, `HTXX` handed back.
//!
//! A seal catches a thing and no sum, so an outcome tells none. Lines are named by KZQQDH where the registry gives it back, else by
//! the unit or title that the row is about.

use std::collections::BTreeMap;

use domain::outcome::{
    ACCOUNTS_MAX, About, AssetKind, AssetRole, Finding, FindingClass, FoundAccount, Outcome, PriorMeasure, Reason,
    SealedReply, Verdict,
};
use domain::slip::SlipLine;
use domain::socket::{FaceFault, FeedbackItem};
use domain::{Flaw, Money, Personal, Untaken};

use super::message::TAKEN;
use crate::court_form::beside;
use crate::court_form::feedback::{controlled, denies_queue, handed_back, receipt};
use crate::court_form::lists::keep;
use crate::court_form::packed::{Packed, TEXT_CHARS_MAX, Values, cut};
use crate::markup::Element;

/// As with banks: a longer number is a fault of the item.
const NUMBER_BYTES_MAX: usize = 64;
/// A unit's number has 28 characters; a title's names its place, year and book.
const UNIT_CHARS_MAX: usize = 100;
/// Earlier measures of one unit.
const AHEAD_MAX: usize = 500;

/// Lists of rights, and what they are called.
const RIGHTS: [(&str, &str); 7] = [
    ("FDCQ", "房地产权"),
    ("TDSYQ", "土地所有权"),
    ("JSYDSYQ", "建设用地使用权"),
    ("HYSYQ", "海域使用权"),
    ("GJZWSYQ", "构建筑物所有权"),
    ("LQ", "林权"),
    ("YGDJ", "预告登记"),
];

/// Fields that have a place of their own.
const PLACED: [&str; 4] = ["BDCDYH", "CXQQDH", "DJJG", "BDHM"];

/// Our words for fields of rights; others keep their own name.
const WORDS: &[(&str, &str)] = &[
    ("BDCQZH", "title_number"),
    ("ZL", "location"),
    ("FDZL", "location"),
    ("YGDJZL", "location"),
    ("JZMJ", "floor_area"),
    ("ZYJZMJ", "own_floor_area"),
    ("FTJZMJ", "shared_floor_area"),
    ("ZDMJ", "area"),
    ("SYQMJ", "area"),
    ("MJDW", "area_unit"),
    ("YT", "use"),
    ("GHYT", "use"),
    ("QLXZ", "right_nature"),
    ("FWXZ", "house_nature"),
    ("JGSJ", "completed"),
    ("SYQQSSJ", "use_from"),
    ("SYQJSSJ", "use_to"),
    ("TDSYQSSJ", "land_use_from"),
    ("TDSYJSSJ", "land_use_to"),
    ("DQDM", "region"),
    ("YWH", "business_number"),
    ("BEIZ", "remark"),
];

/// `CFDJ`.
const SEAL: &[(&str, &str)] = &[
    ("BDCDYH", "unit"),
    ("BDCQZH", "title_number"),
    ("CFJG", "organ"),
    ("CFLX", "kind"),
    ("CFWH", "paper"),
    ("CFQSSJ", "from"),
    ("CFJSSJ", "to"),
    ("CFYWH", "business_number"),
    ("BEIZ", "remark"),
];
/// `DYAQ`.
const MORTGAGE: &[(&str, &str)] = &[
    ("BDCDYH", "unit"),
    ("BDCQZH", "title_number"),
    ("DYBDCLX", "property_kind"),
    ("DYR", "mortgagor"),
    ("DYFS", "kind"),
    ("DYQR", "holder"),
    ("BDBZZQSE", "amount"),
    ("ZWLXQSSJ", "from"),
    ("ZWLXJSSJ", "to"),
    ("BDCDJZMH", "paper"),
    ("BEIZ", "remark"),
];

/// The places of items that name an asset where others name a line.
type Assets = Vec<(usize, Personal<String>)>;

/// Reads the second argument of a feedback.
pub(super) fn read(packed: &Packed<'_>) -> Result<(Vec<FeedbackItem>, Assets), FaceFault> {
    let root = &packed.root;
    let (queried, answered) = (packed.all(root, "BDCCXJG"), packed.all(root, "BDCKZJG"));
    let handed_back = packed.all(root, "HTXX");
    let receipts = packed.all(root, "HZXX");
    let is_message = packed.is(root, "Message") || packed.is(root, "Data") || root.is("Message") || root.is("Data");
    if !is_message && queried.is_empty() && answered.is_empty() && handed_back.is_empty() && receipts.is_empty() {
        return Err(FaceFault::Malformed(Flaw::ListMissing.into()));
    }
    let mut items: Vec<FeedbackItem> = queried.iter().map(|element| query(packed, element)).collect();
    let mut assets = Assets::new();
    let mut receipts = sealed(packed, &receipts);
    for element in answered {
        controls(packed, element, &mut receipts, &mut items, &mut assets);
    }
    for slip in receipts.into_keys() {
        // A receipt says nothing of what was done; it is asked for again together with the result.
        items.push(FeedbackItem { slip, line: None, outcome: Err(Flaw::ReceiptAlone.into()) });
    }
    items.extend(handed_back.into_iter().map(|element| hand_back(packed.values(element))));
    if items.is_empty() {
        // Whoever sent it would never hear that nobody has read an answer in it.
        items.push(FeedbackItem { slip: String::new(), line: None, outcome: Err(Flaw::NothingSaid.into()) });
    }
    Ok((items, assets))
}

/// Reads the second argument of a hand-back.
pub(super) fn read_hand_back(packed: &Packed<'_>) -> Result<Vec<FeedbackItem>, FaceFault> {
    let found = packed.all(&packed.root, "HTXX");
    if found.is_empty() {
        return Err(FaceFault::Malformed(Flaw::ElementMissing.of_field("HTXX")));
    }
    Ok(found.into_iter().map(|element| hand_back(packed.values(element))).collect())
}

/// CXQQDH, and what is wrong with it.
fn number(values: Values<'_>) -> (String, Option<Untaken>) {
    let read = match values.number("CXQQDH") {
        Ok(slip) if slip.is_empty() => values.number("BDHM"),
        read => read,
    };
    match read {
        Ok(slip) if slip.is_empty() => (slip, Some(Flaw::FieldMissing.of_field("CXQQDH"))),
        Ok(slip) if slip.len() > NUMBER_BYTES_MAX => (String::new(), Some(Flaw::FieldLong.of_field("CXQQDH"))),
        Ok(slip) => (slip, None),
        Err(reason) => (String::new(), Some(reason)),
    }
}

fn query(packed: &Packed<'_>, element: &Element) -> FeedbackItem {
    let values = packed.values(element);
    let (slip, fault) = number(values);
    let outcome = fault.map_or_else(|| found(packed, element), Err);
    FeedbackItem { slip, line: Some(0), outcome }
}

/// RESULT and the words beside it.
fn result_of(values: Values<'_>, texts: &[&str]) -> Result<(String, String), Untaken> {
    let text = cut(&values.first(texts)?, TEXT_CHARS_MAX);
    Ok((values.word("RESULT")?, text))
}

fn found(packed: &Packed<'_>, element: &Element) -> Result<Outcome, Untaken> {
    let values = packed.values(element);
    let (result, text) = result_of(values, &["MESSAGE"])?;
    let outcome = told(packed, element, &text)?;
    match (result.as_str(), outcome.accounts.is_empty()) {
        // That nothing was found must be said: a registry that could not look says nothing either.
        ("", true) => Err(Flaw::FieldMissing.of_field("RESULT")),
        ("" | TAKEN, _) => Ok(outcome),
        (_, false) => Err(Flaw::RightsWithoutSuccess.into()),
        (_, true) => {
            let said = if text.is_empty() { result } else { text };
            let refused = Outcome::of(Verdict::Refused).because(packed.dialect.reason(&said), &said);
            Ok(Outcome { about: Some(About::Question), ..refused })
        }
    }
}

/// The rights that a query found.
fn told(packed: &Packed<'_>, element: &Element, text: &str) -> Result<Outcome, Untaken> {
    let mut outcome = Outcome { about: Some(About::Question), ..Outcome::of(Verdict::Done) };
    for (list, called) in RIGHTS {
        for right in packed.all(element, list) {
            if outcome.accounts.len() == ACCOUNTS_MAX {
                return Err(Flaw::RightsTooMany.above(ACCOUNTS_MAX));
            }
            outcome.accounts.extend(account(packed.values(right), list, called)?);
        }
    }
    if outcome.accounts.is_empty() {
        outcome.verdict = Verdict::NoSuchCustomer;
        outcome.text = (!text.is_empty()).then(|| Personal::new(text.to_owned()));
        return Ok(outcome);
    }
    told_of_others(packed, element, &mut outcome);
    for (unit, title, measure) in ahead(packed, element)? {
        // A seal that names no unit stands on everything that was told with it.
        let on = |account: &&mut FoundAccount| {
            let is_title = |detail: &domain::outcome::Detail| *detail.value.expose() == title;
            let by_title = !title.is_empty() && account.details.iter().any(is_title);
            (unit.is_empty() && title.is_empty()) || *account.number.expose() == unit || by_title
        };
        outcome.accounts.iter_mut().filter(on).for_each(|account| account.ahead.push(measure.clone()));
    }
    Ok(outcome)
}

/// A row of a list of rights; `None` when it is empty, as some registries send the list's frame alone.
fn account(values: Values<'_>, list: &str, called: &str) -> Result<Option<FoundAccount>, Untaken> {
    let said = values.each_but(&PLACED);
    let number = values.first(&["BDCDYH", "BDCQZH"])?;
    if number.is_empty() && said.iter().all(|(_, text)| text.is_empty()) {
        return Ok(None);
    }
    if number.is_empty() {
        return Err(Flaw::FieldMissing.of_field("BDCDYH"));
    }
    // Words in its place, such as 查无, are no unit; where nothing is found RESULT says so.
    if !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Flaw::FieldUnreadable.of_field("BDCDYH"));
    }
    if number.chars().count() > UNIT_CHARS_MAX {
        return Err(Flaw::FieldLong.of_field("BDCDYH"));
    }
    let mut details: Vec<_> = beside::detail("right_type", list.to_owned()).into_iter().collect();
    details.extend(beside::sorted(said, WORDS));
    details.truncate(domain::outcome::DETAILS_MAX);
    Ok(Some(FoundAccount {
        number: Personal::new(number),
        class: called.to_owned(),
        status: values.word("ZT")?,
        currency: String::new(),
        balance: None,
        available: None,
        branch: values.word("DJJG")?,
        ahead: Vec::new(),
        asset: AssetKind::RealEstate,
        role: AssetRole::Owner,
        details,
    }))
}

/// Seals and mortgages with all that is said of them, beyond their place before us.
fn told_of_others(packed: &Packed<'_>, element: &Element, outcome: &mut Outcome) {
    for (list, class, words) in [("CFDJ", FindingClass::Measure, SEAL), ("DYAQ", FindingClass::Right, MORTGAGE)] {
        for row in packed.all(element, list) {
            let mut details = beside::sorted(packed.values(row).each_but(&["CXQQDH", "BDHM"]), words);
            details.truncate(domain::outcome::DETAILS_MAX);
            keep(outcome, Finding { class, details });
        }
    }
}

/// Seals and mortgages with the unit and title they stand on, in the registry's order.
fn ahead(packed: &Packed<'_>, element: &Element) -> Result<Vec<(String, String, PriorMeasure)>, Untaken> {
    let (seals, mortgages) = (packed.all(element, "CFDJ"), packed.all(element, "DYAQ"));
    if seals.len() + mortgages.len() > AHEAD_MAX {
        return Err(Flaw::AheadTooMany.above(AHEAD_MAX));
    }
    let mut ahead = Vec::new();
    for (rows, organ, paper, to) in [(seals, "CFJG", "CFWH", "CFJSSJ"), (mortgages, "DYQR", "BDCDJZMH", "ZWLXJSSJ")] {
        for values in rows.into_iter().map(|row| packed.values(row)) {
            let measure = PriorMeasure {
                organ: Personal::new(values.word(organ)?),
                paper: Personal::new(values.word(paper)?),
                // Registries write sums with their unit too; the seal counts, whatever it is for.
                amount: values.money("BDBZZQSE").unwrap_or_default(),
                to: values.day(to).unwrap_or_default(),
            };
            if measure.organ.expose().is_empty() && measure.paper.expose().is_empty() {
                continue;
            }
            ahead.push((values.text("BDCDYH")?, values.text("BDCQZH")?, measure));
        }
    }
    Ok(ahead)
}

/// The results of one slip, each a line, with the slip's receipts on the first.
fn controls(
    packed: &Packed<'_>,
    element: &Element,
    receipts: &mut BTreeMap<String, Result<Vec<SealedReply>, Untaken>>,
    items: &mut Vec<FeedbackItem>,
    assets: &mut Assets,
) {
    let values = packed.values(element);
    let (slip, fault) = number(values);
    let first = items.len();
    let rows = packed.all(element, "KZXX");
    for row in &rows {
        let row = packed.values(row);
        let line = line(row, &slip);
        let fault = fault.clone().or_else(|| line.as_ref().err().cloned());
        let outcome = fault.map_or_else(|| control(packed, row).and_then(|outcome| agrees(values, outcome)), Err);
        let is_other = line.is_err();
        let line = line.ok().flatten();
        if line.is_none() && !is_other {
            let asset = row.first(&["BDCDYH", "BDCQZH"]).unwrap_or_default();
            assets.push((items.len(), Personal::new(asset)));
        }
        items.push(FeedbackItem { slip: slip.clone(), line, outcome });
    }
    if rows.is_empty() {
        let outcome = fault.map_or_else(|| whole(values), Err);
        items.push(FeedbackItem { slip: slip.clone(), line: None, outcome });
    }
    if let (Some(item), Some(replies)) = (items.get_mut(first), receipts.remove(&slip)) {
        match (&mut item.outcome, replies) {
            (Ok(outcome), Ok(replies)) => outcome.replies = replies,
            (Ok(_), Err(reason)) => item.outcome = Err(reason),
            (Err(_), _) => {}
        }
    }
}

/// KZQQDH as we wrote it, or the line alone; `None` when neither is there.
///
/// # Errors
/// When it is a line of another slip: what is said of that one must not be taken for this.
fn line(row: Values<'_>, slip: &str) -> Result<Option<u16>, Untaken> {
    let number = row.number("KZQQDH").ok().filter(|number| !number.is_empty());
    let Some(number) = number.or_else(|| row.text("CCXH").ok()) else { return Ok(None) };
    match SlipLine::parse(&number) {
        Some(key) if key.slip.to_string() == slip || SlipLine::parse(slip) == Some(key) => Ok(Some(key.line)),
        Some(_) => Err(Flaw::NumbersDiffer.into()),
        None => Ok(number.parse().ok()),
    }
}

/// A line's result beside the RESULT of its slip: one says that it was done, the other that nothing was.
fn agrees(slip: Values<'_>, outcome: Outcome) -> Result<Outcome, Untaken> {
    let result = slip.text("RESULT")?;
    if matches!(result.as_str(), "" | TAKEN) || outcome.verdict == Verdict::Refused {
        return Ok(outcome);
    }
    Err(Flaw::ControlledWithoutSuccess.into())
}

/// A slip whose RESULT says that nothing of it was done.
fn whole(values: Values<'_>) -> Result<Outcome, Untaken> {
    let (result, text) = result_of(values, &["MESSAGE", "WNKZYY"])?;
    if matches!(result.as_str(), "" | TAKEN) {
        return Err(Flaw::FieldMissing.of_field("KZXX"));
    }
    let said = if text.is_empty() { result } else { text };
    let outcome = Outcome::of(Verdict::Refused).because(values.dialect.reason(&said), &said);
    Ok(Outcome { about: Some(About::Control), ..outcome })
}

fn control(packed: &Packed<'_>, values: Values<'_>) -> Result<Outcome, Untaken> {
    let text = cut(&values.text("WNKZYY")?, TEXT_CHARS_MAX);
    let text = if packed.dialect.is_no_reason(&text) { String::new() } else { text };
    let named = packed.dialect.reason(&text);
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.from = values.day("CSKSRQ")?;
    outcome.to = values.day("CSJSRQ")?;
    outcome.ahead = ahead(packed, values.element)?.into_iter().map(|(_, _, measure)| measure).collect();
    let serial = cut(&values.first(&["CFYWH", "YWH"])?, UNIT_CHARS_MAX);
    outcome.serial = (!serial.is_empty()).then(|| Personal::new(serial));
    let remark = values.text("BEIZ")?;
    // A registry tells no sum: whoever it names as earlier is before us, and a freeze of ours waits behind them.
    let said = if remark.contains("轮候") { format!("{text}{remark}") } else { text.clone() };
    let word = values.text("KZZT")?;
    let (verdict, reason) = match packed.dialect.is_controlled(&word) {
        Some(true) => {
            outcome.caught = (!outcome.ahead.is_empty() || said.contains("轮候")).then_some(Money::ZERO);
            if denies_queue(&outcome, (&said, named)) {
                return Err(Flaw::QueueUnclear.into());
            }
            controlled(&outcome, (&said, named), false)
        }
        Some(false) if text.is_empty() && !outcome.ahead.is_empty() => (Verdict::Refused, Some(Reason::PriorRight)),
        Some(false) => (Verdict::Refused, Some(named)),
        None if word.is_empty() => return Err(Flaw::FieldMissing.of_field("KZZT")),
        None => return Err(Flaw::ControlWord.into()),
    };
    outcome.about = Some(About::Control);
    outcome.verdict = verdict;
    outcome.reason = reason;
    outcome.text = (!text.is_empty()).then(|| Personal::new(text));
    Ok(outcome)
}

fn sealed(packed: &Packed<'_>, found: &[&Element]) -> BTreeMap<String, Result<Vec<SealedReply>, Untaken>> {
    let mut receipts: BTreeMap<String, Result<Vec<SealedReply>, Untaken>> = BTreeMap::new();
    for values in found.iter().map(|element| packed.values(element)) {
        let (slip, _) = number(values);
        match (receipts.entry(slip).or_insert_with(|| Ok(Vec::new())), receipt(values)) {
            (Ok(replies), Ok(reply)) => replies.push(reply),
            (known @ Ok(_), Err(reason)) => *known = Err(reason),
            (Err(_), _) => {}
        }
    }
    receipts
}

fn hand_back(values: Values<'_>) -> FeedbackItem {
    let (slip, fault) = number(values);
    let outcome = fault.map_or(Ok(()), Err).and_then(|()| handed_back(values));
    FeedbackItem { slip, line: None, outcome }
}
