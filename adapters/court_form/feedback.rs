//! What partners feed back: `zhxx` of queries, `kzxx` of controls with their `hzxx` receipts, `htxx` handed back.
//!
//! The root and list elements decide what a message is, not the operation: some hubs send controls through the operation
//! for queries. An item that cannot be read fails alone, with a reason; the rest is taken.
//!
//! A `kzxx` does not repeat what was ordered (KZCS), so three things are left to the engine, which knows the line:
//! SKJE stands in `caught` *and* in `moved`, and the one that fits the act is meant; [`Verdict::Queued`] (nothing held,
//! an earlier measure named) can only be meant for a freeze, and says "not done" for a deduction; and a release that
//! is `Done` holds nothing whatever `caught` says.

use std::collections::BTreeMap;

use domain::outcome::{
    ACCOUNTS_MAX, AssetKind, AssetRole, FoundAccount, Lead, Outcome, PriorMeasure, Reason, SealedReply, Verdict,
};
use domain::socket::{FaceFault, FeedbackItem, ListClass};
use domain::{Money, Personal};

use super::beside;
use super::packed::{Packed, Values};
use super::reason::reason_of;
use super::reply::md5_hex;
use crate::markup::Element;

/// A request number is at most 22 characters, 45 bytes in the widest table seen; a longer one is a fault of the item.
const NUMBER_BYTES_MAX: usize = 64;
/// Earlier measures of one account: a court sees a handful, a bank that lists more than this lists its whole book.
const AHEAD_MAX: usize = 500;
/// Texts that stand where a reason would and mean that there is none.
pub(crate) const NO_REASON: [&str; 6] = ["", "无", "-", "成功", "控制成功", "冻结成功"];

/// What a feedback says.
pub(crate) struct Fed {
    pub(crate) class: ListClass,
    pub(crate) items: Vec<FeedbackItem>,
    /// Linked cards and the like, told beside.
    pub(crate) leads: Vec<Lead>,
}

/// A row, and the element around it that names the slip where the row itself does not (`backinfo` of a provincial channel).
#[derive(Clone, Copy)]
struct Row<'p> {
    values: Values<'p>,
    around: Option<Values<'p>>,
}

impl Row<'_> {
    /// BDHM, and what is wrong with it.
    fn number(&self) -> (String, Option<String>) {
        let own = number(self.values);
        match self.around {
            Some(around) if own.0.is_empty() && !self.values.has("BDHM") => number(around),
            _ => own,
        }
    }
}

/// The rows of a message by what they are.
#[derive(Default)]
struct Rows<'p> {
    queried: Vec<Row<'p>>,
    controlled: Vec<Row<'p>>,
    handed_back: Vec<Row<'p>>,
    receipts: Vec<Row<'p>>,
}

impl<'p> Rows<'p> {
    fn collect(&mut self, packed: &'p Packed<'_>, element: &'p Element, around: Option<Values<'p>>) {
        let values = packed.values(element);
        let row = Row { values, around };
        let sorts = [
            ("zhxx", &mut self.queried),
            ("kzxx", &mut self.controlled),
            ("htxx", &mut self.handed_back),
            ("hzxx", &mut self.receipts),
        ];
        for (ours, rows) in sorts {
            if packed.is(element, ours) {
                rows.push(row);
            }
        }
        let around = if packed.is(element, "bdhm") { Some(values) } else { around };
        for child in &element.children {
            self.collect(packed, child, around);
        }
    }
}

/// Reads the second argument of a feedback; what it is follows from its elements.
pub(crate) fn read(packed: &Packed<'_>, operation: ListClass, asset: AssetKind) -> Result<Fed, FaceFault> {
    let mut rows = Rows::default();
    rows.collect(packed, &packed.root, None);
    let class = match (rows.queried.is_empty(), rows.controlled.is_empty()) {
        (true, true) => operation,
        (_, true) => ListClass::Queries,
        _ => ListClass::Controls,
    };
    let lists = ["zhxxList", "kzxxList", "htxxList", "wlxxList", "hzxxList", "bdhm"];
    let is_known = lists.iter().any(|name| has(packed, name));
    if !is_known && rows.queried.is_empty() && rows.controlled.is_empty() && rows.handed_back.is_empty() {
        return Err(FaceFault::Malformed("no list of feedback in the argument".to_owned()));
    }
    let mut leads = Vec::new();
    let mut items = queries(packed, &rows.queried, asset, &mut leads);
    items.extend(controls(packed, &rows));
    items.extend(rows.handed_back.iter().map(hand_back));
    Ok(Fed { class, items, leads })
}

/// Reads the second argument of a hand-back.
pub(crate) fn read_hand_back(packed: &Packed<'_>) -> Result<Vec<FeedbackItem>, FaceFault> {
    let mut rows = Rows::default();
    rows.collect(packed, &packed.root, None);
    if rows.handed_back.is_empty() && !has(packed, "htxxList") {
        return Err(FaceFault::Malformed("no htxxlist in the argument".to_owned()));
    }
    Ok(rows.handed_back.iter().map(hand_back).collect())
}

fn has(packed: &Packed<'_>, name: &str) -> bool {
    packed.is(&packed.root, name) || packed.root.children.iter().any(|child| packed.is(child, name))
}

/// One item a slip, whatever the order in which its accounts come.
fn queries(packed: &Packed<'_>, found: &[Row<'_>], asset: AssetKind, leads: &mut Vec<Lead>) -> Vec<FeedbackItem> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut items: Vec<FeedbackItem> = Vec::new();
    for row in found {
        let (slip, fault) = row.number();
        let place = *places.entry(slip.clone()).or_insert(items.len());
        if place == items.len() {
            items.push(FeedbackItem { slip: slip.clone(), line: Some(0), outcome: Ok(Outcome::of(Verdict::Done)) });
        }
        let Some(item) = items.get_mut(place) else { continue };
        if let Ok(outcome) = &mut item.outcome {
            let added =
                fault.map_or(Ok(()), Err).and_then(|()| add_account(packed, row.values, asset, &slip, outcome, leads));
            if let Err(reason) = added {
                item.outcome = Err(reason);
            }
        }
    }
    items
}

/// What the field of the account number says.
fn add_account(
    packed: &Packed<'_>,
    values: Values<'_>,
    asset: AssetKind,
    slip: &str,
    outcome: &mut Outcome,
    leads: &mut Vec<Lead>,
) -> Result<(), String> {
    let account = values.text("KHZH")?;
    let as_of = values.text("FKSJ")?;
    if outcome.as_of.is_none() && !as_of.is_empty() {
        outcome.as_of = Some(as_of);
    }
    if account.is_empty() {
        return Err("缺少KHZH".to_owned());
    }
    // Words in place of a number: nobody's account number is written in Chinese.
    if account.contains("查无") || account.contains("未通过") {
        let text = values.first(&["WNKZYY", "BEIZ"])?;
        let said = if text.is_empty() { account.clone() } else { format!("{account}：{text}") };
        if outcome.accounts.is_empty() && account.contains("查无") {
            outcome.verdict = Verdict::NoSuchCustomer;
            outcome.text = Some(Personal::new(said));
        } else if outcome.accounts.is_empty() {
            outcome.verdict = Verdict::Refused;
            *outcome = outcome.clone().because(reason_of(&said), &said);
        }
        return Ok(());
    }
    if outcome.accounts.len() == ACCOUNTS_MAX {
        return Err(format!("账户超过{ACCOUNTS_MAX}个"));
    }
    let ahead = ahead(packed, values.element)?;
    let balance = values.money("YE")?;
    let mut available = values.money("KYYE")?;
    // A fund centre has no field for it; where it says that no court holds anything, all of the balance can be held.
    if asset == AssetKind::Fund && available.is_none() && ahead.is_empty() && values.text("SFBFYDJ")? == "否" {
        available = balance;
    }
    outcome.accounts.push(FoundAccount {
        number: Personal::new(account),
        class: values.text("CCLB")?,
        status: values.text("ZHZT")?,
        currency: values.text("BZ")?,
        balance,
        available,
        branch: values.text("KHWD")?,
        ahead,
        asset,
        role: AssetRole::Owner,
        details: beside::details(values),
    });
    beside::linked(packed, values, slip, leads);
    beside::findings(packed, values.element, outcome);
    // An account found weighs more than a row of words beside it.
    outcome.verdict = Verdict::Done;
    outcome.reason = None;
    outcome.text = None;
    Ok(())
}

/// Earlier measures and rights, in the bank's order: `djxx`, then `qlxx`.
fn ahead(packed: &Packed<'_>, element: &Element) -> Result<Vec<PriorMeasure>, String> {
    if element.children.is_empty() {
        return Ok(Vec::new());
    }
    let (measures, rights) = (packed.all(element, "djxx"), packed.all(element, "qlxx"));
    let mut ahead = Vec::new();
    if measures.len() + rights.len() > AHEAD_MAX {
        return Err(format!("在先措施超过{AHEAD_MAX}项"));
    }
    for values in measures.into_iter().map(|measure| packed.values(measure)) {
        ahead.push(PriorMeasure {
            organ: Personal::new(values.text("DJJG")?),
            paper: Personal::new(values.text("DJWH")?),
            amount: values.money("DJJE")?,
            to: values.day("DJJZRQ")?,
        });
    }
    for values in rights.into_iter().map(|right| packed.values(right)) {
        ahead.push(PriorMeasure {
            organ: Personal::new(values.text("QLR")?),
            paper: Personal::new(values.text("QLLX")?),
            amount: values.money("QLJE")?,
            to: None,
        });
    }
    Ok(ahead)
}

/// One item a line, with the receipts of its slip on the first.
fn controls(packed: &Packed<'_>, rows: &Rows<'_>) -> Vec<FeedbackItem> {
    let mut receipts = receipts(&rows.receipts);
    let mut items = Vec::with_capacity(rows.controlled.len());
    for row in &rows.controlled {
        let values = row.values;
        let (slip, fault) = row.number();
        let line = values.text("CCXH").ok().and_then(|text| text.parse::<u16>().ok());
        let mut outcome = match (fault, line) {
            (Some(fault), _) => Err(fault),
            (None, None) => Err("缺少CCXH".to_owned()),
            (None, Some(_)) => control(packed, values),
        };
        if let Some(replies) = receipts.remove(&slip) {
            outcome = match (outcome, replies) {
                (Ok(mut outcome), Ok(replies)) => {
                    outcome.replies = replies;
                    Ok(outcome)
                }
                (Ok(_), Err(reason)) | (Err(reason), _) => Err(reason),
            };
        }
        items.push(FeedbackItem { slip, line, outcome });
    }
    for slip in receipts.into_keys() {
        // A receipt says nothing of what was done; it is asked for again together with the result.
        items.push(FeedbackItem { slip, line: None, outcome: Err("回执须随控制结果一并反馈".to_owned()) });
    }
    items
}

fn control(packed: &Packed<'_>, values: Values<'_>) -> Result<Outcome, String> {
    let text = values.text("WNKZYY")?;
    let text = if NO_REASON.contains(&text.as_str()) { String::new() } else { text };
    let held = values.money("SKJE")?;
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.limit = values.money("DJXE")?;
    outcome.caught = held;
    outcome.moved = held;
    outcome.from = values.day("CSKSRQ")?;
    outcome.to = values.day("CSJSRQ")?;
    outcome.ahead = ahead(packed, values.element)?;
    let short = values.money("CESKJE")?.is_some_and(Money::is_positive)
        || matches!((held, outcome.limit), (Some(held), Some(limit)) if held < limit);
    let word = values.text("KZZT")?;
    let (verdict, reason) = match packed.dialect.is_controlled(&word) {
        Some(true) => controlled(&outcome, &text, short),
        Some(false) => not_controlled(&outcome, &text),
        None if word.is_empty() => return Err("缺少KZZT".to_owned()),
        None => return Err("KZZT只能为1或2".to_owned()),
    };
    if let Some(fault) = contradicts(&outcome, verdict) {
        return Err(fault.to_owned());
    }
    outcome.verdict = verdict;
    outcome.reason = reason;
    outcome.text = (!text.is_empty()).then(|| Personal::new(text));
    Ok(outcome)
}

/// What no reading makes true: it is sent back, and the act stays as it was until the partner says which half it means.
fn contradicts(outcome: &Outcome, verdict: Verdict) -> Option<&'static str> {
    let below = |sum: Option<Money>| sum.is_some_and(|sum| sum < Money::ZERO);
    if below(outcome.caught) || below(outcome.limit) {
        return Some("SKJE、DJXE不得为负数");
    }
    if verdict == Verdict::Refused && outcome.caught.is_some_and(Money::is_positive) {
        return Some("KZZT为未控制而SKJE大于0，请核对");
    }
    if matches!((outcome.from, outcome.to), (Some(from), Some(to)) if to < from) {
        return Some("CSJSRQ早于CSKSRQ");
    }
    None
}

/// KZZT = 1: done, unless the amounts or a reason say otherwise.
pub(crate) fn controlled(outcome: &Outcome, text: &str, short: bool) -> (Verdict, Option<Reason>) {
    let named = Some(reason_of(text)).filter(|reason| !text.is_empty() && *reason != Reason::Other);
    let is_behind = !outcome.ahead.is_empty() || text.contains("轮候");
    // A limit of zero is no freeze that could stand in a queue: it is what is left after a release.
    if outcome.caught == Some(Money::ZERO) && outcome.limit != Some(Money::ZERO) && is_behind {
        return (Verdict::Queued, named.or(Some(Reason::PriorRight)));
    }
    if short {
        let cause = if is_behind { Reason::PriorRight } else { Reason::Insufficient };
        return (Verdict::Partly, named.or(Some(cause)));
    }
    // Success with a reason: the payback account was held, the product was not.
    if text.is_empty() { (Verdict::Done, None) } else { (Verdict::Partly, Some(Reason::PartOfAssets)) }
}

/// KZZT = 2: refused. Only a bank that names earlier measures and no other ground means 轮候 by it.
pub(crate) fn not_controlled(outcome: &Outcome, text: &str) -> (Verdict, Option<Reason>) {
    let reason = if text.is_empty() && !outcome.ahead.is_empty() { Reason::PriorRight } else { reason_of(text) };
    let holds_nothing = outcome.caught.is_none_or(|held| !held.is_positive());
    if reason == Reason::PriorRight && holds_nothing && (text.contains("轮候") || text.is_empty()) {
        return (Verdict::Queued, Some(reason));
    }
    (Verdict::Refused, Some(reason))
}

/// The sealed receipts by slip. One that is damaged fails its slip, so that it is sent again.
fn receipts(found: &[Row<'_>]) -> BTreeMap<String, Result<Vec<SealedReply>, String>> {
    let mut receipts: BTreeMap<String, Result<Vec<SealedReply>, String>> = BTreeMap::new();
    for row in found {
        let (slip, _) = row.number();
        let read = receipt(row.values);
        match (receipts.entry(slip).or_insert_with(|| Ok(Vec::new())), read) {
            (Ok(replies), Ok(reply)) => replies.push(reply),
            (known @ Ok(_), Err(reason)) => *known = Err(reason),
            (Err(_), _) => {}
        }
    }
    receipts
}

pub(crate) fn receipt(values: Values<'_>) -> Result<SealedReply, String> {
    let bytes = values.file("WSNR")?;
    if bytes.is_empty() {
        return Err("回执内容为空".to_owned());
    }
    let md5 = values.text("MD5")?;
    Ok(SealedReply {
        file_name: Personal::new(values.text("WJMC")?),
        file_type: values.text("WJLX")?,
        // Payment institutions send none; a sum that did not come contradicts nothing.
        md5_fits: md5.is_empty() || md5.eq_ignore_ascii_case(&md5_hex(&bytes)),
        bytes: Personal::new(bytes),
    })
}

fn hand_back(row: &Row<'_>) -> FeedbackItem {
    let values = row.values;
    let (slip, fault) = row.number();
    let outcome = fault.map_or(Ok(()), Err).and_then(|()| {
        let words = [values.text("XCHTYY")?, values.text("XCHTBZ")?, values.text("XCHTR")?, values.text("XCHTDH")?];
        let said = words.iter().filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join("；");
        let [ground, note, ..] = &words;
        let reason = match reason_of(ground) {
            Reason::Other => reason_of(note),
            reason => reason,
        };
        Ok(Outcome::of(Verdict::HandedBack).because(reason, &said))
    });
    FeedbackItem { slip, line: None, outcome }
}

/// BDHM, and what is wrong with it.
fn number(values: Values<'_>) -> (String, Option<String>) {
    match values.number("BDHM") {
        Ok(slip) if slip.is_empty() => (slip, Some("缺少BDHM".to_owned())),
        Ok(slip) if slip.len() > NUMBER_BYTES_MAX => (String::new(), Some("BDHM过长".to_owned())),
        Ok(slip) => (slip, None),
        Err(reason) => (String::new(), Some(reason)),
    }
}
