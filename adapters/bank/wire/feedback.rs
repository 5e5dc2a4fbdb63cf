//! What banks feed back: `zhxx` of queries, `kzxx` of controls with their `hzxx` receipts, `htxx` handed back.
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
    ACCOUNTS_MAX, AssetKind, AssetRole, FoundAccount, Outcome, PriorMeasure, Reason, SealedReply, Verdict,
};
use domain::socket::{FaceFault, FeedbackItem, ListClass};
use domain::{Money, Personal};

use super::packed::{Packed, Values};
use super::reason::reason_of;
use super::reply::md5_hex;
use crate::markup::Element;

/// A request number is at most 22 characters, 45 bytes in the widest table seen; a longer one is a fault of the item.
const NUMBER_BYTES_MAX: usize = 64;
/// Earlier measures of one account: a court sees a handful, a bank that lists more than this lists its whole book.
const AHEAD_MAX: usize = 500;
/// Texts that stand where a reason would and mean that there is none.
const NO_REASON: [&str; 6] = ["", "无", "-", "成功", "控制成功", "冻结成功"];

/// Reads the second argument of a feedback; what it is follows from its elements.
pub(crate) fn read(packed: &Packed, operation: ListClass) -> Result<(ListClass, Vec<FeedbackItem>), FaceFault> {
    let (mut queried, mut controlled, mut handed_back) = (Vec::new(), Vec::new(), Vec::new());
    packed.root.all("zhxx", &mut queried);
    packed.root.all("kzxx", &mut controlled);
    packed.root.all("htxx", &mut handed_back);
    let class = if controlled.is_empty() && queried.is_empty() {
        operation
    } else if controlled.is_empty() {
        ListClass::Queries
    } else {
        ListClass::Controls
    };
    let is_known =
        ["zhxxList", "kzxxList", "htxxList", "wlxxList", "hzxxList"].iter().any(|name| has(&packed.root, name));
    if !is_known && queried.is_empty() && controlled.is_empty() && handed_back.is_empty() {
        return Err(FaceFault::Malformed("no list of feedback in the argument".to_owned()));
    }
    let mut items = queries(packed, &queried);
    items.extend(controls(packed, &controlled));
    items.extend(handed_back.into_iter().map(|element| hand_back(packed.values(element))));
    Ok((class, items))
}

/// Reads the second argument of a hand-back.
pub(crate) fn read_hand_back(packed: &Packed) -> Result<Vec<FeedbackItem>, FaceFault> {
    let mut found = Vec::new();
    packed.root.all("htxx", &mut found);
    if found.is_empty() && !has(&packed.root, "htxxList") {
        return Err(FaceFault::Malformed("no htxxlist in the argument".to_owned()));
    }
    Ok(found.into_iter().map(|element| hand_back(packed.values(element))).collect())
}

fn has(root: &Element, name: &str) -> bool {
    root.is(name) || root.child(name).is_some()
}

/// One item a slip, whatever the order in which its accounts come.
fn queries(packed: &Packed, found: &[&Element]) -> Vec<FeedbackItem> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut items: Vec<FeedbackItem> = Vec::new();
    for element in found {
        let values = packed.values(element);
        let (slip, fault) = number(values);
        let place = *places.entry(slip.clone()).or_insert(items.len());
        if place == items.len() {
            items.push(FeedbackItem { slip, line: Some(0), outcome: Ok(Outcome::of(Verdict::Done)) });
        }
        let Some(item) = items.get_mut(place) else { continue };
        if let Ok(outcome) = &mut item.outcome {
            let added = fault.map_or(Ok(()), Err).and_then(|()| add_account(packed, values, outcome));
            if let Err(reason) = added {
                item.outcome = Err(reason);
            }
        }
    }
    items
}

/// What the field of the account number says.
fn add_account(packed: &Packed, values: Values<'_>, outcome: &mut Outcome) -> Result<(), String> {
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
    outcome.accounts.push(FoundAccount {
        number: Personal::new(account),
        class: values.text("CCLB")?,
        status: values.text("ZHZT")?,
        currency: values.text("BZ")?,
        balance: values.money("YE")?,
        available: values.money("KYYE")?,
        branch: values.text("KHWD")?,
        ahead: ahead(packed, values.element)?,
        asset: AssetKind::Cash,
        role: AssetRole::Owner,
        details: Vec::new(),
    });
    // An account found weighs more than a row of words beside it.
    outcome.verdict = Verdict::Done;
    outcome.reason = None;
    outcome.text = None;
    Ok(())
}

/// Earlier measures and rights, in the bank's order: `djxx`, then `qlxx`.
fn ahead(packed: &Packed, element: &Element) -> Result<Vec<PriorMeasure>, String> {
    let (mut measures, mut rights, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    element.all("djxx", &mut measures);
    element.all("qlxx", &mut rights);
    if measures.len() + rights.len() > AHEAD_MAX {
        return Err(format!("在先措施超过{AHEAD_MAX}项"));
    }
    for values in measures.into_iter().map(|measure| packed.values(measure)) {
        ahead.push(PriorMeasure {
            organ: Personal::new(values.first(&["DJJG", "DJDW"])?),
            paper: Personal::new(values.text("DJWH")?),
            amount: values.money("DJJE")?,
            to: values.day(&["DJJZRQ", "DJJSSJ"])?,
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
fn controls(packed: &Packed, found: &[&Element]) -> Vec<FeedbackItem> {
    let mut receipts = receipts(packed);
    let mut items = Vec::with_capacity(found.len());
    for element in found {
        let values = packed.values(element);
        let (slip, fault) = number(values);
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

fn control(packed: &Packed, values: Values<'_>) -> Result<Outcome, String> {
    let text = values.text("WNKZYY")?;
    let text = if NO_REASON.contains(&text.as_str()) { String::new() } else { text };
    let held = values.money("SKJE")?;
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.limit = values.money("DJXE")?;
    outcome.caught = held;
    outcome.moved = held;
    outcome.from = values.day(&["CSKSRQ"])?;
    outcome.to = values.day(&["CSJSRQ"])?;
    outcome.ahead = ahead(packed, values.element)?;
    let short = values.money("CESKJE")?.is_some_and(Money::is_positive)
        || matches!((held, outcome.limit), (Some(held), Some(limit)) if held < limit);
    // `KTZT` is a misspelling seen on the wire of 2016.
    let (verdict, reason) = match values.first(&["KZZT", "KTZT"])?.as_str() {
        "1" | "01" => controlled(&outcome, &text, short),
        "2" | "02" => not_controlled(&outcome, &text),
        "" => return Err("缺少KZZT".to_owned()),
        _ => return Err("KZZT只能为1或2".to_owned()),
    };
    outcome.verdict = verdict;
    outcome.reason = reason;
    outcome.text = (!text.is_empty()).then(|| Personal::new(text));
    Ok(outcome)
}

/// KZZT = 1: done, unless the amounts or a reason say otherwise.
fn controlled(outcome: &Outcome, text: &str, short: bool) -> (Verdict, Option<Reason>) {
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
fn not_controlled(outcome: &Outcome, text: &str) -> (Verdict, Option<Reason>) {
    let reason = if text.is_empty() && !outcome.ahead.is_empty() { Reason::PriorRight } else { reason_of(text) };
    let holds_nothing = outcome.caught.is_none_or(|held| !held.is_positive());
    if reason == Reason::PriorRight && holds_nothing && (text.contains("轮候") || text.is_empty()) {
        return (Verdict::Queued, Some(reason));
    }
    (Verdict::Refused, Some(reason))
}

/// The sealed receipts by slip. One that is damaged fails its slip, so that it is sent again.
fn receipts(packed: &Packed) -> BTreeMap<String, Result<Vec<SealedReply>, String>> {
    let mut found = Vec::new();
    packed.root.all("hzxx", &mut found);
    let mut receipts: BTreeMap<String, Result<Vec<SealedReply>, String>> = BTreeMap::new();
    for values in found.into_iter().map(|element| packed.values(element)) {
        let (slip, _) = number(values);
        let read = receipt(values);
        match (receipts.entry(slip).or_insert_with(|| Ok(Vec::new())), read) {
            (Ok(replies), Ok(reply)) => replies.push(reply),
            (known @ Ok(_), Err(reason)) => *known = Err(reason),
            (Err(_), _) => {}
        }
    }
    receipts
}

fn receipt(values: Values<'_>) -> Result<SealedReply, String> {
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

fn hand_back(values: Values<'_>) -> FeedbackItem {
    let (slip, fault) = number(values);
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
    match values.text("BDHM") {
        Ok(slip) if slip.is_empty() => (slip, Some("缺少BDHM".to_owned())),
        Ok(slip) if slip.len() > NUMBER_BYTES_MAX => (String::new(), Some("BDHM过长".to_owned())),
        Ok(slip) => (slip, None),
        Err(reason) => (String::new(), Some(reason)),
    }
}
