//! The answers of a bank that we call: read in one pass without a tree, then judged.

use std::borrow::Cow;

use domain::outcome::{ACCOUNTS_MAX, AssetKind, AssetRole, FoundAccount, Outcome, PriorMeasure, Reason, Verdict};
use domain::socket::{Cause, Judged};
use domain::whose::Named;
use domain::{ActKind, Day, Flaw, Money, Personal};

use super::order::{ASK_CODE, answer_code};
use super::packed::read_day;
use super::reason::reason_of;
use crate::markup::{Limits, Markup, MarkupFault, Piece};
use crate::transport::charset::{Charset, decode_document};

/// An answer of 2,000 accounts with a few measures each is below this; the deepest element stands at 7.
const LIMITS: Limits = Limits { depth_max: 64, elements_max: 60_000, attributes_max: 16 };

/// Earlier measures in one answer, over all its accounts.
const AHEAD_MAX: usize = 10_000;

macro_rules! fields {
    ($($field:ident),+ $(,)?) => {
        /// A value of an answer; those of repeated elements are moved away when the element ends.
        #[derive(Clone, Copy)]
        enum Field { $($field),+ }
        const FIELDS: usize = [$(Field::$field),+].len();
    };
}

fields! {
    TxCode, Serial, Code, OriginalSerial, OriginalTxCode, OriginalCode, Result, AccountNumber, Applied, Frozen, Deducted,
    Returned, Remaining, Start, Expire, FailureCause, CoreSerial, PaidTime, Number, Class, Status, Currency, Balance, Available, Branch, Organ,
    Paper, Amount, Until, Holder,
}

/// An open element.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Outside,
    Response,
    Head,
    Body,
    Accounts,
    Account,
    Measures,
    Measure,
    Priorities,
    Priority,
    Formers,
    Former,
    /// Anything a later edition adds.
    Unknown,
}

#[derive(Clone, Copy)]
enum Slot {
    Place(Place),
    Leaf(Field),
}

/// Where an element leads; by place, because names repeat with other meanings.
fn slot(place: Place, name: &str) -> Slot {
    use Field as F;
    use Place as P;
    match (place, name) {
        (P::Outside, "Response") => Slot::Place(P::Response),
        (P::Response, "Head") => Slot::Place(P::Head),
        (P::Response, "Body") => Slot::Place(P::Body),
        (P::Head, "TxCode") => Slot::Leaf(F::TxCode),
        (P::Head, "TransSerialNumber") => Slot::Leaf(F::Serial),
        (P::Head, "Code") => Slot::Leaf(F::Code),
        (P::Body, "OriginalTransSerialNumber") => Slot::Leaf(F::OriginalSerial),
        (P::Body, "OriginalTxCode") => Slot::Leaf(F::OriginalTxCode),
        (P::Body, "OriginalCode") => Slot::Leaf(F::OriginalCode),
        (P::Body, "Result") => Slot::Leaf(F::Result),
        (P::Body, "AccountName") => Slot::Leaf(F::Holder),
        (P::Body, "AccountNumber") => Slot::Leaf(F::AccountNumber),
        (P::Body, "AppliedBalance") => Slot::Leaf(F::Applied),
        (P::Body, "FrozedBalance") => Slot::Leaf(F::Frozen),
        (P::Body, "DeductedBalance") => Slot::Leaf(F::Deducted),
        (P::Body, "ReturnedBalance") => Slot::Leaf(F::Returned),
        (P::Body, "RemainBalance") => Slot::Leaf(F::Remaining),
        (P::Body, "StartTime") => Slot::Leaf(F::Start),
        (P::Body, "ExpireTime") => Slot::Leaf(F::Expire),
        (P::Body, "FailureCause") => Slot::Leaf(F::FailureCause),
        (P::Body, "CoreSerial") => Slot::Leaf(F::CoreSerial),
        (P::Body, "PaidTime") => Slot::Leaf(F::PaidTime),
        (P::Body, "Accounts") => Slot::Place(P::Accounts),
        (P::Body, "FormerFreezes") => Slot::Place(P::Formers),
        (P::Accounts, "Account") => Slot::Place(P::Account),
        (P::Account, "AccountNumber") => Slot::Leaf(F::Number),
        (P::Account, "AccountClass") => Slot::Leaf(F::Class),
        (P::Account, "AccountStatus") => Slot::Leaf(F::Status),
        (P::Account, "Currency") => Slot::Leaf(F::Currency),
        (P::Account, "AccountBalance") => Slot::Leaf(F::Balance),
        (P::Account, "AccountAvaiableBalance") => Slot::Leaf(F::Available),
        (P::Account, "OpenBranch") => Slot::Leaf(F::Branch),
        (P::Account, "Measures") => Slot::Place(P::Measures),
        (P::Account, "Priorities") => Slot::Place(P::Priorities),
        (P::Measures, "Measure") => Slot::Place(P::Measure),
        (P::Priorities, "Priority") => Slot::Place(P::Priority),
        (P::Formers, "FormerFreeze") => Slot::Place(P::Former),
        (P::Measure, "FreezeOrg") | (P::Priority, "RightHolder") | (P::Former, "FormerApplicationDepartment") => {
            Slot::Leaf(F::Organ)
        }
        (P::Measure, "FreezeDocument") | (P::Priority, "RightType") | (P::Former, "FormerDocument") => {
            Slot::Leaf(F::Paper)
        }
        (P::Measure, "FreezeBalance") | (P::Priority, "RightBalance") | (P::Former, "FormerFrozenBalance") => {
            Slot::Leaf(F::Amount)
        }
        (P::Measure, "ExpireTime") | (P::Former, "FormerFrozenExpireTime") => Slot::Leaf(F::Until),
        _ => Slot::Place(P::Unknown),
    }
}

/// An answer, read and not yet believed.
struct Answer<'x> {
    values: [Cow<'x, str>; FIELDS],
    accounts: Vec<FoundAccount>,
    /// Measures of the account being read.
    account_ahead: Vec<PriorMeasure>,
    ahead: Vec<PriorMeasure>,
    ahead_count: usize,
}

impl<'x> Answer<'x> {
    fn read(text: &'x str) -> Result<Self, MarkupFault> {
        let mut answer = Self {
            values: std::array::from_fn(|_| Cow::Borrowed("")),
            accounts: Vec::new(),
            account_ahead: Vec::new(),
            ahead: Vec::new(),
            ahead_count: 0,
        };
        let mut markup = Markup::new(text, LIMITS);
        let mut open: Vec<Slot> = Vec::with_capacity(8);
        let mut leaf: Cow<'x, str> = Cow::Borrowed("");
        loop {
            match markup.next()? {
                Piece::Open(start) => {
                    let place = match open.last() {
                        None => Place::Outside,
                        Some(Slot::Place(place)) => *place,
                        Some(Slot::Leaf(_)) => return Err(MarkupFault::Malformed(Flaw::ValueShape)),
                    };
                    let slot = slot(place, start.local_name().into_inner());
                    if place == Place::Outside && !matches!(slot, Slot::Place(Place::Response)) {
                        return Err(MarkupFault::Malformed(Flaw::RootUnknown));
                    }
                    open.push(slot);
                    leaf = Cow::Borrowed("");
                }
                Piece::Text(piece) if leaf.is_empty() => leaf = piece,
                Piece::Text(piece) => leaf.to_mut().push_str(&piece),
                Piece::Close => {
                    match open.pop() {
                        Some(Slot::Leaf(field)) => answer.put(field, std::mem::take(&mut leaf))?,
                        Some(Slot::Place(place)) => answer.leave(place)?,
                        None => {}
                    }
                    leaf = Cow::Borrowed("");
                }
                Piece::End => return Ok(answer),
            }
        }
    }

    /// A value said twice would let two readers see two answers.
    fn put(&mut self, field: Field, text: Cow<'x, str>) -> Result<(), MarkupFault> {
        match self.values.get_mut(field as usize) {
            Some(value) if value.is_empty() => *value = text,
            _ => return Err(MarkupFault::Malformed(Flaw::ValueTwice)),
        }
        Ok(())
    }

    fn leave(&mut self, place: Place) -> Result<(), MarkupFault> {
        match place {
            Place::Account if self.accounts.len() == ACCOUNTS_MAX => Err(MarkupFault::TooLarge(Flaw::ListShape)),
            Place::Account => {
                let account = FoundAccount {
                    number: Personal::new(self.take(Field::Number)),
                    class: self.take(Field::Class),
                    status: status_word(&self.take(Field::Status)),
                    currency: self.take(Field::Currency),
                    balance: self.take_money(Field::Balance)?,
                    available: self.take_money(Field::Available)?,
                    branch: self.take(Field::Branch),
                    ahead: std::mem::take(&mut self.account_ahead),
                    asset: AssetKind::Cash,
                    role: AssetRole::Owner,
                    details: Vec::new(),
                };
                if account.number.expose().is_empty() {
                    return Err(MarkupFault::Malformed(Flaw::AccountUnnumbered));
                }
                self.accounts.push(account);
                Ok(())
            }
            Place::Measure | Place::Priority | Place::Former => {
                self.ahead_count += 1;
                if self.ahead_count > AHEAD_MAX {
                    return Err(MarkupFault::TooLarge(Flaw::ListShape));
                }
                let mut paper = self.take(Field::Paper);
                if place == Place::Priority {
                    paper = right_word(&paper);
                }
                let measure = PriorMeasure {
                    organ: Personal::new(self.take(Field::Organ)),
                    paper: Personal::new(paper),
                    amount: self.take_money(Field::Amount)?,
                    to: day(&self.take(Field::Until))?,
                };
                if place == Place::Former {
                    self.ahead.push(measure)
                } else {
                    self.account_ahead.push(measure)
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text(&self, field: Field) -> &str {
        self.values.get(field as usize).map_or("", |value| value.trim())
    }

    fn take(&mut self, field: Field) -> String {
        match self.values.get_mut(field as usize).map(std::mem::take) {
            Some(value) => value.trim().to_owned(),
            None => String::new(),
        }
    }

    fn take_money(&mut self, field: Field) -> Result<Option<Money>, MarkupFault> {
        money(&self.take(field))
    }

    fn money(&self, field: Field) -> Result<Option<Money>, MarkupFault> {
        money(self.text(field))
    }

    fn code_is(&self, field: Field, code: u32) -> bool {
        self.text(field).parse() == Ok(code)
    }

    fn said(&self) -> Option<Personal<String>> {
        Some(self.text(Field::FailureCause)).filter(|text| !text.is_empty()).map(Personal::from)
    }
}

fn money(text: &str) -> Result<Option<Money>, MarkupFault> {
    if text.is_empty() {
        return Ok(None);
    }
    Money::parse_reported(text).map(Some).map_err(|_| MarkupFault::Malformed(Flaw::ValueShape))
}

fn day(text: &str) -> Result<Option<Day>, MarkupFault> {
    if text.is_empty() {
        return Ok(None);
    }
    read_day(text).map(Some).ok_or(MarkupFault::Malformed(Flaw::ValueShape))
}

fn status_word(code: &str) -> String {
    match code {
        "0" => "正常",
        "1" => "冻结",
        "2" => "销户",
        "3" => "挂失",
        other => other,
    }
    .to_owned()
}

fn right_word(code: &str) -> String {
    match code {
        "01" => "保证金",
        "02" => "质押",
        other => other,
    }
    .to_owned()
}

const SCHEMA: Judged = Judged::Doubt { cause: Cause::Schema };

/// Judges the answer to an order.
///
/// `serial` is the number we sent, `account` the account we named. An answer to another number, another code or about
/// another account is some other order's answer: it says nothing about ours, so ours is in doubt.
#[must_use]
pub fn judge_send(body: &[u8], serial: &str, kind: ActKind, account: Option<&str>) -> Judged {
    let Ok(text) = decode_document(body, Charset::Utf8) else { return SCHEMA };
    let Ok(mut answer) = Answer::read(&text) else { return SCHEMA };
    if answer.text(Field::Serial) != serial || !answer.code_is(Field::TxCode, answer_code(kind)) {
        return SCHEMA;
    }
    let named = answer.text(Field::AccountNumber);
    if account.is_some_and(|account| !named.is_empty() && named != account) {
        return SCHEMA;
    }
    match answer.text(Field::Code) {
        "200010" => not_found(kind),
        code => judge_code(code).unwrap_or_else(|| body_or_doubt(&mut answer, kind)),
    }
}

/// Judges the answer to a question about `key`, asked under `serial`.
pub(crate) fn judge_ask(body: &[u8], serial: &str, key: &str, kind: ActKind) -> Judged {
    let Ok(text) = decode_document(body, Charset::Utf8) else { return SCHEMA };
    let Ok(mut answer) = Answer::read(&text) else { return SCHEMA };
    if answer.text(Field::Serial) != serial || !answer.code_is(Field::TxCode, ASK_CODE + 1) {
        return SCHEMA;
    }
    let code = answer.text(Field::Code);
    let is_about_key = answer.text(Field::OriginalSerial) == key;
    match code {
        // What concerns our number counts only when it names our number.
        "100000" | "100001" | "200011" if !is_about_key => SCHEMA,
        "200011" => Judged::NotFound,
        "100000" if !answer.code_is(Field::OriginalTxCode, answer_code(kind)) => SCHEMA,
        "100000" => match answer.text(Field::OriginalCode) {
            "100000" => body_or_doubt(&mut answer, kind),
            "200010" => not_found(kind),
            _ => SCHEMA,
        },
        // A question that the bank cannot read leaves the order as doubtful as it was; to call the *order* unencodable
        // would be to say that it never arrived.
        "200001" => SCHEMA,
        code => judge_code(code).unwrap_or(SCHEMA),
    }
}

/// What a code proves by itself (section 2); `None` for 100000, whose body decides.
///
/// * 200001: the bank could not read our message and did not use the number: it is *unencodable*, and sending it again
///   will not help until somebody looks.
/// * 200002: the bank's core was silent: it may have happened.
/// * 200003: the number was used before with other content. Nothing new happened, but something stands under our number
///   that is not this message, so only a question tells what.
/// * anything unknown is never taken for success or failure.
fn judge_code(code: &str) -> Option<Judged> {
    let not_sent = |cause| Judged::NotSent { cause, retry_after_ms: None };
    Some(match code {
        "100000" => return None,
        "100001" => Judged::Accepted,
        "200001" => not_sent(Cause::Unencodable),
        "200002" => Judged::Doubt { cause: Cause::Timeout },
        "200004" | "200005" | "200006" | "200007" => not_sent(Cause::Credential),
        "200008" => not_sent(Cause::Throttled),
        "200009" => not_sent(Cause::Closed),
        _ => SCHEMA,
    })
}

fn not_found(kind: ActKind) -> Judged {
    let outcome = match kind {
        ActKind::Query => Outcome::of(Verdict::NoSuchCustomer),
        _ => Outcome::of(Verdict::Refused).because(Reason::NotFound, ""),
    };
    Judged::Answered(Box::new(outcome))
}

fn body_or_doubt(answer: &mut Answer<'_>, kind: ActKind) -> Judged {
    let named = Named::of(answer.text(Field::Holder), "");
    let account = Some(answer.text(Field::AccountNumber)).filter(|number| !number.is_empty()).map(Personal::from);
    let judged = if kind == ActKind::Query { query(answer) } else { control(answer, kind) };
    judged.ok().flatten().map_or(SCHEMA, |outcome| {
        let named = Some(named).filter(Named::says_anything).into_iter().collect();
        let account_numbers = account.into_iter().collect();
        Judged::Answered(Box::new(Outcome { named, account_numbers, ..outcome }))
    })
}

fn query(answer: &mut Answer<'_>) -> Result<Option<Outcome>, MarkupFault> {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.accounts = std::mem::take(&mut answer.accounts);
    Ok(Some(outcome))
}

/// `None` when the body lacks what its result promises.
fn control(answer: &mut Answer<'_>, kind: ActKind) -> Result<Option<Outcome>, MarkupFault> {
    let is_freeze = kind == ActKind::Freeze;
    let mut outcome = match answer.text(Field::Result) {
        "0000" => return done(answer, kind),
        "0001" | "1005" if is_freeze => {
            let mut outcome = Outcome::of(Verdict::Queued).because(Reason::PriorRight, "");
            outcome.from = day(answer.text(Field::Start))?;
            outcome.to = day(answer.text(Field::Expire))?;
            outcome
        }
        result => match refusal(result, answer.text(Field::FailureCause)) {
            Some(reason) => Outcome::of(Verdict::Refused).because(reason, ""),
            None => return Ok(None),
        },
    };
    outcome.text = answer.said();
    outcome.ahead = std::mem::take(&mut answer.ahead);
    if is_freeze {
        outcome.limit = answer.money(Field::Applied)?.filter(|_| outcome.verdict == Verdict::Queued);
        outcome.caught = answer.money(Field::Frozen)?.or(Some(Money::ZERO));
        // A result that holds nothing and an amount that is held contradict each other.
        if outcome.caught != Some(Money::ZERO) {
            return Ok(None);
        }
    }
    Ok(Some(outcome))
}

/// The reason of a result other than 0000, 0001 and 1005 (section 3); `None` when it is unknown.
fn refusal(result: &str, cause: &str) -> Option<Reason> {
    Some(match result {
        "1001" => Reason::NameMismatch,
        "1002" => Reason::IdMismatch,
        "1003" | "1004" => Reason::NoOriginalFreeze,
        "1006" => Reason::Insufficient,
        "1007" => Reason::PriorRight,
        "1008" => Reason::PaperMissing,
        "1009" => Reason::Other,
        "1010" => Reason::Unsupported,
        "1011" => Reason::CredentialMissing,
        "9999" => reason_of(cause),
        _ => return None,
    })
}

/// What was moved, under which number of the bank's, and when.
fn paid(answer: &Answer<'_>, sum: Field, outcome: &mut Outcome) -> Result<Option<Money>, MarkupFault> {
    let said = |field| Some(answer.text(field)).filter(|text| !text.is_empty());
    outcome.moved = answer.money(sum)?;
    outcome.serial = said(Field::CoreSerial).map(Personal::from);
    outcome.as_of = said(Field::PaidTime).map(str::to_owned);
    Ok(outcome.moved)
}

/// Result 0000: all or part, told by the amounts, which must be there.
fn done(answer: &mut Answer<'_>, kind: ActKind) -> Result<Option<Outcome>, MarkupFault> {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.text = answer.said();
    outcome.from = day(answer.text(Field::Start))?;
    outcome.to = day(answer.text(Field::Expire))?;
    outcome.ahead = std::mem::take(&mut answer.ahead);
    let (applied, held) = (answer.money(Field::Applied)?, answer.money(Field::Frozen)?);
    let got = match kind {
        ActKind::Freeze => {
            outcome.limit = applied;
            outcome.caught = held;
            held
        }
        ActKind::Deduct => {
            outcome.caught = held;
            paid(answer, Field::Deducted, &mut outcome)?
        }
        ActKind::Reverse => paid(answer, Field::Returned, &mut outcome)?,
        ActKind::Renew => {
            outcome.caught = held;
            return Ok(outcome.to.is_some().then_some(outcome));
        }
        // What is left of the limit after a part of it was released.
        ActKind::Release => {
            outcome.limit = answer.money(Field::Remaining)?;
            outcome.left = outcome.limit;
            return Ok(Some(outcome));
        }
        _ => return Ok(Some(outcome)),
    };
    let (Some(applied), Some(got)) = (applied, got) else { return Ok(None) };
    let is_nothing = kind == ActKind::Reverse && got == Money::ZERO;
    if got < Money::ZERO || is_nothing || (kind == ActKind::Freeze && outcome.to.is_none()) {
        return Ok(None);
    }
    if got < applied {
        outcome.verdict = Verdict::Partly;
        outcome.reason = Some(if outcome.ahead.is_empty() { Reason::Insufficient } else { Reason::PriorRight });
    }
    Ok(Some(outcome))
}
