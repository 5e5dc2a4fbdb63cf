//! What partners feed back: `zhxx` of queries, `kzxx` of controls with their `hzxx` receipts, `htxx` handed back.
//!
//! The root and list elements decide what a message is, not the operation: some hubs send controls through the operation
//! for queries. An item that cannot be read fails alone, with a reason; the rest is taken.
//!
//! No element says that an answer is whole: a bank may send the accounts of a query in several messages. So a `zhxx` tells a part, and
//! what it does not name stands as it was told before; only a hand-back speaks of all.
//!
//! A `kzxx` does not repeat what was ordered (KZCS), so three things are left to the engine, which knows the line:
//! SKJE stands in `caught` *and* in `moved`, and the one that fits the act is meant; sums below what was asked for leave the
//! verdict `Done` with `Insufficient` or `PriorRight` beside it, because a release with such sums was done and a freeze was not;
//! and [`Verdict::Queued`] (KZZT 2, an earlier measure named) can only be meant for a freeze, and says "not done" for anything else.

use std::collections::{BTreeMap, BTreeSet};

use domain::outcome::{
    ACCOUNTS_MAX, About, AssetKind, AssetRole, FindingClass, FoundAccount, Lead, Outcome, Reason, SealedReply, Verdict,
};
use domain::socket::{FaceFault, FeedbackItem, ListClass};
use domain::whose::Named;
use domain::{Flaw, Money, Personal, Untaken};

use super::beside;
use super::lists::{self, ahead};
use super::packed::{Packed, TEXT_CHARS_MAX, Values, cut};
use super::queue::{Queue, is_doubtful, queue_of, refuses};
use super::reason::is_under_way;
use super::reply::md5_hex;
use crate::dialect::Dialect;
use crate::markup::Element;

/// A request number is at most 22 characters, 45 bytes in the widest table seen, and an account number too; words in its place are
/// longer. What is longer than this is a fault of the item.
const NUMBER_BYTES_MAX: usize = 64;

/// Elements around rows.
const FRAMES: [&str; 7] = ["zhxxList", "kzxxList", "htxxList", "wlxxList", "jrxxList", "hzxxList", "bdhm"];

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
    fn number(&self) -> (String, Option<Untaken>) {
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
    /// Elements that name a slip for rows within them, and hold none.
    empty: Vec<Row<'p>>,
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
        let names_slip = values.has("BDHM");
        let (around, before) = (if names_slip { Some(values) } else { around }, self.count());
        for child in &element.children {
            self.collect(packed, child, around);
        }
        let is_frame = FRAMES.iter().any(|name| packed.is(element, name));
        if names_slip && is_frame && self.count() == before {
            self.empty.push(row);
        }
    }

    fn count(&self) -> usize {
        let rows = [&self.queried, &self.controlled, &self.handed_back, &self.receipts, &self.empty];
        rows.map(Vec::len).iter().sum::<usize>() + self.beside.len()
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
    let is_known = FRAMES.iter().any(|name| has(packed, name));
    let says = [rows.queried.len(), rows.controlled.len(), rows.handed_back.len(), rows.beside.len()];
    if !is_known && says.iter().all(|rows| *rows == 0) {
        return Err(FaceFault::Malformed(Flaw::ListMissing.into()));
    }
    let mut leads = Vec::new();
    let mut items = queries(packed, &rows, asset, &mut leads);
    items.extend(controls(packed, &rows));
    items.extend(rows.handed_back.iter().map(hand_back));
    items.extend(nothing_said(&rows, &items));
    Ok(Fed { class, items, leads })
}

/// What a message leaves open that says nothing of a slip, or nothing at all: a frame without rows is no answer that there is nothing,
/// and whoever sent it would never hear that nobody has read one.
fn nothing_said(rows: &Rows<'_>, items: &[FeedbackItem]) -> Vec<FeedbackItem> {
    let unsaid = |slip| FeedbackItem { slip, line: None, outcome: Err(Flaw::NothingSaid.into()) };
    let named = rows.empty.iter().map(|row| row.number().0);
    let left: Vec<FeedbackItem> =
        named.filter(|slip| !items.iter().any(|item| item.slip == *slip)).map(unsaid).collect();
    if items.is_empty() && left.is_empty() { vec![unsaid(String::new())] } else { left }
}

/// Reads the second argument of a hand-back.
pub(crate) fn read_hand_back(packed: &Packed<'_>) -> Result<Vec<FeedbackItem>, FaceFault> {
    let mut rows = Rows::default();
    rows.collect(packed, &packed.root, None);
    if rows.handed_back.is_empty() && !has(packed, "htxxList") {
        return Err(FaceFault::Malformed(Flaw::ElementMissing.of_field("htxxlist")));
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
                answered(outcome);
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
    fn add(&mut self, row: &Row<'_>, add: impl FnOnce(&str, &mut Outcome) -> Result<(), Untaken>) {
        let (slip, fault) = row.number();
        let place = *self.places.entry(slip.clone()).or_insert(self.items.len());
        if place == self.items.len() {
            let nothing = Outcome {
                in_part: true,
                about: Some(About::Question),
                ..Outcome::of(Verdict::Registered).because(Reason::UnderWay, "")
            };
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

/// What stands in the field of the account number.
enum Said {
    /// The number of an account.
    Number,
    /// Words: there is none.
    None,
    /// Words: the partner's own check was not passed, or it did not look.
    Refused,
}

/// Words in place of a number, as nobody's account number is written in Chinese.
///
/// # Errors
/// Words that nobody can make out, such as text of another character set: neither an account nor a statement that there is none.
fn said_of(dialect: &Dialect, account: &str) -> Result<Said, Untaken> {
    let says = |words: &[String]| words.iter().any(|word| account.contains(word.as_str()));
    if says(&dialect.no_account) {
        return Ok(Said::None);
    }
    if says(&dialect.not_passed) {
        return Ok(Said::Refused);
    }
    if account.is_ascii() {
        // What programs write where they have nothing.
        let is_filler = ["null", "none", "nil", "n/a"].iter().any(|word| account.eq_ignore_ascii_case(word));
        let is_number = !is_filler && account.bytes().any(|byte| byte.is_ascii_alphanumeric());
        return match (is_number, account.len() > NUMBER_BYTES_MAX) {
            (true, false) => Ok(Said::Number),
            (true, true) => Err(Flaw::FieldLong.of_field("KHZH")),
            (false, _) => Err(Flaw::FieldUnreadable.of_field("KHZH")),
        };
    }
    match dialect.reason(account) {
        Reason::NotFound => Ok(Said::None),
        Reason::Other if account == "无" => Ok(Said::None),
        Reason::Other => Err(Flaw::FieldUnreadable.of_field("KHZH")),
        _ => Ok(Said::Refused),
    }
}

/// What the field of the account number says.
fn add_account(
    packed: &Packed<'_>,
    values: Values<'_>,
    asset: AssetKind,
    slip: &str,
    outcome: &mut Outcome,
    leads: &mut Vec<Lead>,
) -> Result<(), Untaken> {
    let account = values.text("KHZH")?;
    let as_of = values.word("FKSJ")?;
    if outcome.as_of.is_none() && !as_of.is_empty() {
        outcome.as_of = Some(as_of);
    }
    if account.is_empty() {
        return Err(Flaw::FieldMissing.of_field("KHZH"));
    }
    match said_of(packed.dialect, &account)? {
        Said::Number => {}
        said => {
            let text = values.first(&["WNKZYY", "BEIZ"])?;
            let text = if text.is_empty() { account } else { format!("{account}：{text}") };
            say_none(packed.dialect, outcome, matches!(said, Said::Refused), &text);
            return Ok(());
        }
    }
    if outcome.accounts.len() == ACCOUNTS_MAX {
        return Err(Flaw::AccountsTooMany.above(ACCOUNTS_MAX));
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
        class: values.word("CCLB")?,
        status: values.word("ZHZT")?,
        currency: packed.dialect.read_currency(values.word("BZ")?),
        balance,
        available,
        branch: values.word("KHWD")?,
        ahead,
        asset,
        role: AssetRole::Owner,
        details: beside::details(values),
    });
    // A registered name may be one that its owner chose; it tells who that is only where no number does.
    let number = values.text("ZCZJHM")?;
    let name = if number.is_empty() { values.text("ZCMC")? } else { String::new() };
    outcome.named.extend(Some(Named::of(&name, &number)).filter(Named::says_anything));
    beside::linked(packed, values, slip, leads);
    beside::findings(packed, values.element, outcome);
    answered(outcome);
    Ok(())
}

/// What was found weighs more than a row of words beside it; a refusal among them still says that something is left unanswered.
fn answered(outcome: &mut Outcome) {
    if !matches!(outcome.verdict, Verdict::Refused | Verdict::Done) {
        (outcome.reason, outcome.text) = (None, None);
    }
    outcome.verdict = Verdict::Done;
}

/// A row of words: there is no account, or it was not answered.
fn say_none(dialect: &Dialect, outcome: &mut Outcome, is_refusal: bool, text: &str) {
    let said = cut(text, TEXT_CHARS_MAX);
    match (is_refusal, outcome.verdict) {
        // It changes nothing of what was found, nor of a refusal, that there is nothing elsewhere.
        (false, Verdict::Done | Verdict::Refused) => {}
        (false, _) => {
            (outcome.verdict, outcome.reason) = (Verdict::NoSuchCustomer, None);
            outcome.text = Some(Personal::new(said));
        }
        (true, before) => {
            let verdict = if before == Verdict::Done { before } else { Verdict::Refused };
            let known = outcome.text.take().filter(|_| matches!(before, Verdict::Done | Verdict::Refused));
            let known = known.map(|text| format!("{}；", text.expose())).unwrap_or_default();
            let said = cut(&format!("{known}{said}"), TEXT_CHARS_MAX);
            *outcome = Outcome { verdict, ..outcome.clone().because(dialect.reason(text), &said) };
        }
    }
}

/// One item a line, with the receipts of its slip on the first.
fn controls(packed: &Packed<'_>, rows: &Rows<'_>) -> Vec<FeedbackItem> {
    let mut receipts = receipts(&rows.receipts);
    let mut items: Vec<FeedbackItem> = rows.controlled.iter().map(|row| controlled_line(packed, row)).collect();
    refuse_contradicting(&mut items);
    for item in &mut items {
        let Some(replies) = receipts.remove(&item.slip) else { continue };
        match (&mut item.outcome, replies) {
            (Ok(outcome), Ok(replies)) => outcome.replies = replies,
            (outcome @ Ok(_), Err(reason)) => *outcome = Err(reason),
            (Err(_), _) => {}
        }
    }
    for slip in receipts.into_keys() {
        // A receipt says nothing of what was done; it is asked for again together with the result.
        items.push(FeedbackItem { slip, line: None, outcome: Err(Flaw::ReceiptAlone.into()) });
    }
    items
}

fn controlled_line(packed: &Packed<'_>, row: &Row<'_>) -> FeedbackItem {
    let (slip, fault) = row.number();
    let line = row.values.text("CCXH").ok().and_then(|text| text.parse::<u16>().ok());
    let outcome = match (fault, line) {
        (Some(fault), _) => Err(fault),
        (None, None) => Err(Flaw::FieldMissing.of_field("CCXH")),
        (None, Some(_)) => control(packed, row.values),
    };
    FeedbackItem { slip, line, outcome }
}

/// Rows of one message for one line that say different things are none of them believed: which one is meant is the partner's to say.
/// The same twice is the same.
fn refuse_contradicting(items: &mut [FeedbackItem]) {
    let mut first: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    for (place, item) in items.iter().enumerate() {
        let Some(line) = item.line else { continue };
        let known = *first.entry((&item.slip, line)).or_insert(place);
        if items.get(known).is_some_and(|known| known.outcome != item.outcome) {
            differing.insert((item.slip.clone(), line));
        }
    }
    if differing.is_empty() {
        return;
    }
    for item in items {
        let Some(line) = item.line else { continue };
        if item.outcome.is_ok() && differing.contains(&(item.slip.clone(), line)) {
            item.outcome = Err(Flaw::RowsDiffer.into());
        }
    }
}

fn control(packed: &Packed<'_>, values: Values<'_>) -> Result<Outcome, Untaken> {
    let text = cut(&values.text("WNKZYY")?, TEXT_CHARS_MAX);
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
    let account = values.text("KHZH")?;
    lists::of_result(packed, values.element, &account, &mut outcome);
    // Words in its place, as in a refusal, name no account.
    if matches!(said_of(packed.dialect, &account), Ok(Said::Number)) {
        outcome.account_numbers = writings(&account);
    }
    let short = values.money("CESKJE")?.is_some_and(Money::is_positive)
        || matches!((held, outcome.limit), (Some(held), Some(limit)) if held < limit);
    let word = values.text("KZZT")?;
    let (verdict, reason) = match packed.dialect.is_controlled(&word) {
        Some(true) if denies_queue(&outcome, (&text, named)) => return Err(Flaw::QueueUnclear.into()),
        Some(true) => controlled(&outcome, (&text, named), short),
        Some(false) => not_controlled(&outcome, (&text, named))?,
        None if word.is_empty() => return Err(Flaw::FieldMissing.of_field("KZZT")),
        None => return Err(Flaw::ControlWord.into()),
    };
    if let Some(fault) = contradicts(&outcome, verdict) {
        return Err(fault.into());
    }
    if verdict == Verdict::Registered {
        (outcome.limit, outcome.caught, outcome.moved, outcome.from, outcome.to) = (None, None, None, None, None);
    }
    outcome.verdict = verdict;
    outcome.reason = reason;
    outcome.text = (!text.is_empty()).then(|| Personal::new(text));
    outcome.about = Some(About::Control);
    Ok(outcome)
}

/// An account's number as it stands there, and as it was perhaps told before: in narrow digits, without what divides them.
pub(crate) fn writings(number: &str) -> Vec<Personal<String>> {
    let narrow = |sign: char| match u32::from(sign) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(sign),
        _ => sign,
    };
    let plain: String = number.chars().map(narrow).filter(|sign| !sign.is_whitespace() && *sign != '-').collect();
    let other = (plain != number && !plain.is_empty()).then(|| Personal::new(plain));
    std::iter::once(Personal::from(number)).chain(other).collect()
}

/// What no reading makes true: it is sent back, and the act stays as it was until the partner says which half it means.
fn contradicts(outcome: &Outcome, verdict: Verdict) -> Option<Flaw> {
    let below = |sum: Option<Money>| sum.is_some_and(|sum| sum < Money::ZERO);
    if below(outcome.caught) || below(outcome.limit) {
        return Some(Flaw::NegativeSum);
    }
    if matches!(verdict, Verdict::Refused | Verdict::Registered) && outcome.caught.is_some_and(Money::is_positive) {
        return Some(Flaw::HeldUncontrolled);
    }
    if matches!((outcome.from, outcome.to), (Some(from), Some(to)) if to < from) {
        return Some(Flaw::DaysReversed);
    }
    None
}

/// KZZT = 1: done, unless words say otherwise. Sums say why there was less, and leave the verdict to whoever knows what was ordered.
pub(crate) fn controlled(outcome: &Outcome, (text, named): (&str, Reason), short: bool) -> (Verdict, Option<Reason>) {
    let named = Some(named).filter(|reason| !text.is_empty() && *reason != Reason::Other);
    let names_queue = text.contains("轮候");
    let is_behind = !outcome.ahead.is_empty() || names_queue;
    // A limit of zero is no freeze that could stand in a queue: it is what is left after a release.
    let waits = is_behind && outcome.caught == Some(Money::ZERO) && outcome.limit != Some(Money::ZERO);
    let cause = if is_behind { Reason::PriorRight } else { Reason::Insufficient };
    // Words that say no more than that others go before.
    let only_queue = waits && names_queue && !is_doubtful(text) && !text.contains(['未', '部']);
    match (text.is_empty() || only_queue, waits || short) {
        (true, true) => (Verdict::Done, Some(cause)),
        (true, false) => (Verdict::Done, None),
        (false, true) if waits && names_queue => (Verdict::Partly, Some(Reason::PriorRight)),
        (false, true) => (Verdict::Partly, named.or(Some(cause))),
        // Success with a reason: the payback account was held, the product was not.
        (false, false) => (Verdict::Partly, Some(Reason::PartOfAssets)),
    }
}

/// KZZT = 1 with nothing held and words by which it does not stand in the queue either: of a freeze that is nothing done.
pub(crate) fn denies_queue(outcome: &Outcome, (text, named): (&str, Reason)) -> bool {
    let holds_nothing = outcome.caught == Some(Money::ZERO) && outcome.limit != Some(Money::ZERO);
    holds_nothing
        && is_doubtful(text)
        && matches!(queue_of(text, named), Some(Queue::Refused | Queue::Unclear))
        && !["解除", "续"].iter().any(|word| text.contains(word))
}

/// KZZT = 2: refused. Only a bank that names earlier measures and no other ground, or whose words say so, means 轮候 by it; one whose
/// words name a queue and say neither that it stands in it nor that it does not is asked which. Words by which somebody is still at it
/// end nothing.
fn not_controlled(outcome: &Outcome, (text, named): (&str, Reason)) -> Result<(Verdict, Option<Reason>), Untaken> {
    let holds_nothing = outcome.caught.is_none_or(|held| !held.is_positive());
    if text.is_empty() && !outcome.ahead.is_empty() {
        let verdict = if holds_nothing { Verdict::Queued } else { Verdict::Refused };
        return Ok((verdict, Some(Reason::PriorRight)));
    }
    let queue = queue_of(text, named);
    if queue.is_none() && is_under_way(text) {
        let is_unclear = refuses(text);
        return if is_unclear {
            Err(Flaw::UnderWayUnclear.into())
        } else {
            Ok((Verdict::Registered, Some(Reason::UnderWay)))
        };
    }
    match queue {
        Some(Queue::Registered) if holds_nothing => Ok((Verdict::Queued, Some(Reason::PriorRight))),
        Some(Queue::Unclear) => Err(Flaw::QueueUnclear.into()),
        _ => Ok((Verdict::Refused, Some(named))),
    }
}

/// The sealed receipts by slip. One that is damaged fails its slip, so that it is sent again.
fn receipts(found: &[Row<'_>]) -> BTreeMap<String, Result<Vec<SealedReply>, Untaken>> {
    let mut receipts: BTreeMap<String, Result<Vec<SealedReply>, Untaken>> = BTreeMap::new();
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

pub(crate) fn receipt(values: Values<'_>) -> Result<SealedReply, Untaken> {
    let bytes = values.file("WSNR")?;
    if bytes.is_empty() {
        return Err(Flaw::ReceiptEmpty.into());
    }
    let md5 = values.text("MD5")?;
    Ok(SealedReply {
        file_name: Personal::new(values.word("WJMC")?),
        file_type: values.word("WJLX")?,
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
pub(crate) fn handed_back(values: Values<'_>) -> Result<Outcome, Untaken> {
    let words = [values.text("XCHTYY")?, values.text("XCHTBZ")?, values.text("XCHTR")?, values.text("XCHTDH")?];
    let said = words.iter().filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join("；");
    let [ground, note, ..] = &words;
    let reason = match values.dialect.reason(ground) {
        Reason::Other => values.dialect.reason(note),
        reason => reason,
    };
    Ok(Outcome::of(Verdict::HandedBack).because(reason, &cut(&said, TEXT_CHARS_MAX)))
}

/// BDHM, and what is wrong with it.
fn number(values: Values<'_>) -> (String, Option<Untaken>) {
    match values.number("BDHM") {
        Ok(slip) if slip.is_empty() => (slip, Some(Flaw::FieldMissing.of_field("BDHM"))),
        Ok(slip) if slip.len() > NUMBER_BYTES_MAX => (String::new(), Some(Flaw::FieldLong.of_field("BDHM"))),
        Ok(slip) => (slip, None),
        Err(reason) => (String::new(), Some(reason)),
    }
}
