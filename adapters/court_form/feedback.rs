//! What partners feed back: `zhxx` of queries, `kzxx` of controls with their `hzxx` receipts, `htxx` handed back.
//!
//! The root and list elements decide what a message is, not the operation: some hubs send controls through the operation
//! for queries. An item that cannot be read fails alone, with a reason; the rest is taken.
//!
//! No element says that an answer is whole: a bank may send the accounts of a query in several messages. So a `zhxx` tells a part, and
//! what it does not name stands as it was told before; only a hand-back speaks of all.
//!
//! A `kzxx` does not repeat what was ordered (KZCS), so three things are left to the engine, which knows the line:
//! SKJE stands in `caught` *and* in `moved`, and the one that fits the act is meant; [`Verdict::Queued`] (nothing held,
//! an earlier measure named) can only be meant for a freeze, and says "not done" for a deduction; and a release that
//! is `Done` holds nothing whatever `caught` says.

use std::collections::BTreeMap;

use domain::outcome::{
    ACCOUNTS_MAX, AssetKind, AssetRole, FindingClass, FoundAccount, Lead, Outcome, Reason, SealedReply, Verdict,
};
use domain::socket::{FaceFault, FeedbackItem, ListClass};
use domain::{Money, Personal};

use super::beside;
use super::lists::{self, ahead};
use super::packed::{Packed, Values};
use super::reply::md5_hex;
use crate::dialect::Dialect;
use crate::markup::Element;

/// A request number is at most 22 characters, 45 bytes in the widest table seen; a longer one is a fault of the item.
const NUMBER_BYTES_MAX: usize = 64;

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
    /// Products and transactions that stand in no account: what each is, and the list of a provincial channel that it stands in.
    beside: Vec<(Row<'p>, FindingClass, Option<&'static str>)>,
}

impl<'p> Rows<'p> {
    /// Everything below an element; `around` names the slip for rows that name none.
    fn collect(&mut self, packed: &'p Packed<'_>, element: &'p Element, around: Option<Values<'p>>) {
        let values = packed.values(element);
        let row = Row { values, around };
        for (ours, class) in [("jrxx", FindingClass::Holding), ("wlxx", FindingClass::Transaction)] {
            if packed.is(element, ours) {
                return self.beside.push((row, class, None));
            }
        }
        if let Some((_, class, called)) = lists::PROVINCIAL.iter().find(|(list, ..)| packed.is(element, list)) {
            let rows = element.children.iter().map(|child| Row { values: packed.values(child), around });
            return self.beside.extend(rows.map(|row| (row, *class, Some(*called))));
        }
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
        // What stands in an account belongs to it, and is read with it.
        if packed.is(element, "zhxx") {
            return;
        }
        let around = if values.has("BDHM") { Some(values) } else { around };
        for child in &element.children {
            self.collect(packed, child, around);
        }
    }
}

/// Reads the second argument of a feedback; what it is follows from its elements.
pub(crate) fn read(packed: &Packed<'_>, operation: ListClass, asset: AssetKind) -> Result<Fed, FaceFault> {
    let mut rows = Rows::default();
    rows.collect(packed, &packed.root, None);
    let class = match (rows.queried.is_empty() && rows.beside.is_empty(), rows.controlled.is_empty()) {
        (true, true) => operation,
        (_, true) => ListClass::Queries,
        _ => ListClass::Controls,
    };
    let lists = ["zhxxList", "kzxxList", "htxxList", "wlxxList", "jrxxList", "hzxxList", "bdhm"];
    let is_known = lists.iter().any(|name| has(packed, name));
    let says = [rows.queried.len(), rows.controlled.len(), rows.handed_back.len(), rows.beside.len()];
    if !is_known && says.iter().all(|rows| *rows == 0) {
        return Err(FaceFault::Malformed("no list of feedback in the argument".to_owned()));
    }
    let mut leads = Vec::new();
    let mut items = queries(packed, &rows, asset, &mut leads);
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
fn queries(packed: &Packed<'_>, rows: &Rows<'_>, asset: AssetKind, leads: &mut Vec<Lead>) -> Vec<FeedbackItem> {
    let mut answers = Answers::default();
    for row in &rows.queried {
        answers.add(row, |slip, outcome| add_account(packed, row.values, asset, slip, outcome, leads));
    }
    for (row, class, list) in &rows.beside {
        answers.add(row, |_, outcome| {
            let standing = list.map(|list| ("list", list));
            lists::keep(outcome, lists::finding(*class, row.values, lists::words_of(*class), standing));
            // Products are an answer; transactions come with one, or before it.
            if *class == FindingClass::Holding && outcome.accounts.is_empty() && outcome.verdict != Verdict::Refused {
                outcome.verdict = Verdict::Done;
                (outcome.reason, outcome.text) = (None, None);
            }
            Ok(())
        });
    }
    answers.items
}

/// Items by slip, in the order of first mention.
#[derive(Default)]
struct Answers {
    places: BTreeMap<String, usize>,
    items: Vec<FeedbackItem>,
}

impl Answers {
    /// What a row adds to the answer of its slip; a row that cannot be read fails the answer, not the message.
    fn add(&mut self, row: &Row<'_>, add: impl FnOnce(&str, &mut Outcome) -> Result<(), String>) {
        let (slip, fault) = row.number();
        let place = *self.places.entry(slip.clone()).or_insert(self.items.len());
        if place == self.items.len() {
            let nothing = Outcome { in_part: true, ..Outcome::of(Verdict::Registered).because(Reason::UnderWay, "") };
            self.items.push(FeedbackItem { slip: slip.clone(), line: Some(0), outcome: Ok(nothing) });
        }
        let Some(item) = self.items.get_mut(place) else { return };
        if let Ok(outcome) = &mut item.outcome
            && let Err(reason) = fault.map_or(Ok(()), Err).and_then(|()| add(&slip, outcome))
        {
            item.outcome = Err(reason);
        }
    }
}

/// Words in place of a number, as nobody's account number is written in Chinese: is it that there is none, or was a check not passed?
fn says_none(dialect: &Dialect, account: &str) -> Option<bool> {
    let says = |words: &[String]| words.iter().any(|word| account.contains(word.as_str()));
    let none = says(&dialect.no_account);
    (none || says(&dialect.not_passed)).then_some(none)
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
    if let Some(none) = says_none(packed.dialect, &account) {
        let text = values.first(&["WNKZYY", "BEIZ"])?;
        let said = if text.is_empty() { account.clone() } else { format!("{account}：{text}") };
        // A refusal leaves something unanswered, which words that there is nothing elsewhere do not change.
        let is_refused = outcome.verdict == Verdict::Refused;
        if outcome.accounts.is_empty() && none && !is_refused {
            outcome.verdict = Verdict::NoSuchCustomer;
            outcome.reason = None;
            outcome.text = Some(Personal::new(said));
        } else if outcome.accounts.is_empty() && !none {
            outcome.verdict = Verdict::Refused;
            *outcome = outcome.clone().because(packed.dialect.reason(&said), &said);
        }
        return Ok(());
    }
    if outcome.accounts.len() == ACCOUNTS_MAX {
        return Err(format!("账户超过{ACCOUNTS_MAX}个"));
    }
    let ahead = ahead(packed, values.element)?;
    lists::of_account(packed, values.element, &account, outcome);
    let balance = values.money("YE")?;
    let mut available = values.money("KYYE")?;
    // A fund centre has no field for it; where it says that no court holds anything, all of the balance can be held.
    if asset == AssetKind::Fund
        && available.is_none()
        && ahead.is_empty()
        && packed.dialect.no.contains(&values.text("SFBFYDJ")?)
    {
        available = balance;
    }
    outcome.accounts.push(FoundAccount {
        number: Personal::new(account),
        class: values.text("CCLB")?,
        status: values.text("ZHZT")?,
        currency: packed.dialect.read_currency(values.text("BZ")?),
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
    let text = if packed.dialect.is_no_reason(&text) { String::new() } else { text };
    let named = packed.dialect.reason(&text);
    let held = values.money("SKJE")?;
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.limit = values.money("DJXE")?;
    outcome.caught = held;
    outcome.moved = held;
    outcome.from = values.day("CSKSRQ")?;
    outcome.to = values.day("CSJSRQ")?;
    outcome.ahead = ahead(packed, values.element)?;
    lists::of_result(packed, values.element, &values.text("KHZH")?, &mut outcome);
    let short = values.money("CESKJE")?.is_some_and(Money::is_positive)
        || matches!((held, outcome.limit), (Some(held), Some(limit)) if held < limit);
    let word = values.text("KZZT")?;
    let (verdict, reason) = match packed.dialect.is_controlled(&word) {
        Some(true) => controlled(&outcome, (&text, named), short),
        Some(false) => not_controlled(&outcome, (&text, named)),
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
pub(crate) fn controlled(outcome: &Outcome, (text, named): (&str, Reason), short: bool) -> (Verdict, Option<Reason>) {
    let named = Some(named).filter(|reason| !text.is_empty() && *reason != Reason::Other);
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
pub(crate) fn not_controlled(outcome: &Outcome, (text, named): (&str, Reason)) -> (Verdict, Option<Reason>) {
    let reason = if text.is_empty() && !outcome.ahead.is_empty() { Reason::PriorRight } else { named };
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
    let outcome = fault.map_or(Ok(()), Err).and_then(|()| handed_back(values));
    FeedbackItem { slip, line: None, outcome }
}

/// A request handed back, with the ground that the form gives or else the note that people write.
pub(crate) fn handed_back(values: Values<'_>) -> Result<Outcome, String> {
    let words = [values.text("XCHTYY")?, values.text("XCHTBZ")?, values.text("XCHTR")?, values.text("XCHTDH")?];
    let said = words.iter().filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join("；");
    let [ground, note, ..] = &words;
    let reason = match values.dialect.reason(ground) {
        Reason::Other => values.dialect.reason(note),
        reason => reason,
    };
    Ok(Outcome::of(Verdict::HandedBack).because(reason, &said))
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
