//! What banks tell in the form: the accounts of a customer, and what became of a freeze, a renewal or a release.

use domain::outcome::{
    ACCOUNTS_MAX, About, AssetKind, AssetRole, Detail, Finding, FindingClass, FoundAccount, Outcome, PriorMeasure,
    Reason, Verdict, is_cny,
};
use domain::socket::Inbound;
use domain::whose::Named;
use domain::{ActKind, Day, Money, Personal};

use crate::court_form::beside::sorted;
use crate::court_form::feedback::{controlled, denies_queue, writings};
use crate::court_form::lists::keep;
use crate::court_form::packed::read_day;
use crate::court_form::queue::{Queue, queue_of, refuses};
use crate::court_form::reason::{is_under_way, reason_of};
use crate::markup::Element;
use crate::regulator_form::answering::{Counted, SERIAL_BYTES_MAX, Told, field, item, said, time_of};
use crate::regulator_form::names::BackName;

/// A field of the form and our word for it.
type Words = &'static [(&'static str, &'static str)];

/// Fields of an account that have a place of their own.
const PLACED: [&str; 7] = ["ZH", "ZHLB", "ZHZT", "BZ", "ZHYE", "KYYE", "KHWD"];
const ACCOUNT: Words = &[
    ("KH", "card"),
    ("KHWDDM", "branch_code"),
    ("KHRQ", "opened"),
    ("XHRQ", "closed"),
    ("XHWD", "closed_at"),
    ("CHBZ", "cash_or_remitted"),
    ("ZHJYSJ", "last_used"),
    ("BEIZ", "remark"),
];
/// Of the customer no more than how he is reached; agents and legal representatives are other people.
const CUSTOMER: Words = &[
    ("LXDH", "phone"),
    ("LXSJ", "mobile"),
    ("ZZDZ", "address"),
    ("ZZDH", "home_phone"),
    ("GZDW", "employer"),
    ("DWDZ", "employer_address"),
    ("DWDH", "employer_phone"),
    ("YXDZ", "email"),
];
const MEASURE: Words = &[
    ("ZH", "account"),
    ("CSXH", "sequence"),
    ("DJJGMC", "organ"),
    ("DJJE", "amount"),
    ("DJKSRQ", "from"),
    ("DJJZRQ", "to"),
    ("DJCSLX", "kind"),
    ("BEIZ", "remark"),
];
const RIGHT: Words = &[
    ("ZH", "account"),
    ("XH", "sequence"),
    ("QLLX", "kind"),
    ("QLRXM", "holder"),
    ("QLJE", "amount"),
    ("QLRDZ", "holder_address"),
    ("QLRLXFS", "holder_contact"),
];
const SUB_ACCOUNT: Words = &[
    ("ZH", "main_account"),
    ("ZZHXH", "sequence"),
    ("ZZHLB", "class"),
    ("ZZHZH", "account"),
    ("BZ", "currency"),
    ("CHBZ", "cash_or_remitted"),
    ("ZHYE", "balance"),
    ("KYYE", "available"),
    ("ZHZT", "status"),
];
const DETAIL: Words = &[
    ("ZHZZH", "account"),
    ("ZZHXH", "sequence"),
    ("ZZHYE", "balance"),
    ("ZXJG", "result"),
    ("ZXJGYY", "reason"),
    ("ZXDJJE", "frozen"),
    ("WDJJE", "not_frozen"),
    ("DJJG", "organ"),
    ("DJJE", "organ_amount"),
    ("DJJZRQ", "organ_until"),
    ("DJKSSJ", "from"),
    ("DJJSSJ", "to"),
    ("BZ", "currency"),
    ("CHBZ", "cash_or_remitted"),
];

/// Earlier measures and rights on all accounts of one answer together: more are one row repeated for rows of one account.
const AHEAD_MAX: usize = 10_000;

/// What stands in WNDJYY where nothing is amiss.
const NO_REASON: [&str; 4] = ["无", "-", "成功", "冻结成功"];

/// A message of the agreed form that nobody can take at its word.
const CONTRADICTION: &str = "contradiction";

/// A message of an answering class.
pub(super) fn read(named: &BackName<'_>, root: &Element) -> Result<Told, &'static str> {
    let is_query = root.is("SS03") || root.is("SS04");
    // A question is line 0 of its slip: accounts that are told of a freeze's number say nothing of the freeze.
    if is_query != (named.key.line == 0) {
        return Err("schema");
    }
    let mut counted = Counted { answered: 1, ..Counted::default() };
    let mut outcome = if is_query { query(named, root, &mut counted)? } else { control(named, root, &mut counted)? };
    if is_query {
        outcome.about = Some(About::Question);
    }
    outcome.as_of = root.child("BASICINFO").and_then(|basic| time_of(basic, "FSSJ")).map(str::to_owned);
    let inbound = Inbound { feedback: vec![item(named, Ok(outcome))], leads: Vec::new() };
    Ok(Told { inbound, counted })
}

fn money(element: &Element, name: &str) -> Result<Option<Money>, &'static str> {
    said(element, name).map(Money::parse_reported).transpose().map_err(|_| "schema")
}

fn day(element: &Element, name: &str) -> Result<Option<Day>, &'static str> {
    said(element, name).map(|text| read_day(text).ok_or("schema")).transpose()
}

/// Is it about the task that the packet is named after?
fn about(named: &BackName<'_>, element: &Element) -> Result<(), &'static str> {
    if field(element, "RWLSH") == named.number { Ok(()) } else { Err("schema") }
}

/// The customers of that name and number; a bank may keep one person under several of its own numbers.
fn query(named: &BackName<'_>, root: &Element, counted: &mut Counted) -> Result<Outcome, &'static str> {
    let mut customers = Vec::new();
    root.all("CUSTOMER", &mut customers);
    let (mut found, mut missed) = (None, None);
    let mut persons = Vec::new();
    for customer in customers {
        about(named, customer)?;
        persons.extend(Some(Named::of(field(customer, "KHMC"), field(customer, "ZZHM"))).filter(Named::says_anything));
        match field(customer, "CXFKJG") {
            "01" => {
                counted.customers += 1;
                customer_of(customer, found.get_or_insert_with(|| Outcome::of(Verdict::Done)))?;
            }
            "02" if customer.child("ACCOUNT").is_some() => return Err(CONTRADICTION),
            "02" if is_under_way(field(customer, "CXFKJGYY")) => {
                missed = Some(still_at_it(field(customer, "CXFKJGYY"))?)
            }
            // Whoever could not look has found nothing out.
            "02" if is_broken(field(customer, "CXFKJGYY")) => return Err(CONTRADICTION),
            "02" => missed = missed.or_else(|| Some(not_found(field(customer, "CXFKJGYY")))),
            _ => return Err("schema"),
        }
    }
    counted.accounts = found.as_ref().map_or(0, |told| told.accounts.len());
    // What one of them was found to have weighs more than that another was not.
    let outcome = found.or(missed).ok_or("members")?;
    Ok(Outcome { named: persons, ..outcome })
}

/// Somebody is still at it: nothing is final, and whoever says that it was refused all the same is not taken at his word.
fn still_at_it(text: &str) -> Result<Outcome, &'static str> {
    let outcome = Outcome::of(Verdict::Registered).because(Reason::UnderWay, text);
    if refuses(text) { Err(CONTRADICTION) } else { Ok(outcome) }
}

/// Words of a machine that could not look, whatever else they say.
const BROKEN: [&str; 12] =
    ["系统", "异常", "超时", "故障", "稍后", "重试", "维护", "繁忙", "中断", "网络", "通讯失败", "通信失败"];

fn is_broken(text: &str) -> bool {
    BROKEN.iter().any(|word| text.contains(word))
}

fn not_found(text: &str) -> Outcome {
    match reason_of(text) {
        Reason::NotFound => Outcome::of(Verdict::NoSuchCustomer).because(Reason::NotFound, text),
        reason => Outcome::of(Verdict::Refused).because(reason, text),
    }
}

fn customer_of(customer: &Element, outcome: &mut Outcome) -> Result<(), &'static str> {
    let mut told_ahead: usize = outcome.accounts.iter().map(|account| account.ahead.len()).sum();
    belongs(customer)?;
    for row in customer.children.iter().filter(|row| row.is("ACCOUNT")) {
        let account = account(customer, row)?;
        told_ahead += account.ahead.len();
        if outcome.accounts.len() == ACCOUNTS_MAX || told_ahead > AHEAD_MAX {
            return Err("too_many_items");
        }
        outcome.accounts.push(account);
    }
    let reached = known(customer, CUSTOMER);
    keep(outcome, Finding { class: FindingClass::Contact, details: reached });
    let nested = customer.children.iter().filter(|row| row.is("ACCOUNT")).flat_map(|account| &account.children);
    for row in customer.children.iter().chain(nested) {
        let finding = match row.name.to_ascii_uppercase().as_str() {
            "SUBACCOUNT" => Finding { class: FindingClass::SubAccount, details: whole(row, SUB_ACCOUNT) },
            "PRIORITY" => Finding { class: FindingClass::Right, details: right(row) },
            // What an earlier measure already says for itself needs no second telling.
            "MEASURE" if ["DJKSRQ", "DJCSLX", "BEIZ"].iter().any(|name| said(row, name).is_some()) => {
                Finding { class: FindingClass::Measure, details: whole(row, MEASURE) }
            }
            _ => continue,
        };
        keep(outcome, finding);
    }
    Ok(())
}

fn account(customer: &Element, row: &Element) -> Result<FoundAccount, &'static str> {
    let number = said(row, "ZH").or_else(|| said(row, "KH")).ok_or("schema")?;
    // One that is cut would be another's.
    if number.len() > SERIAL_BYTES_MAX {
        return Err("schema");
    }
    let text = |name: &str| field(row, name).to_owned();
    let rest = row.attributes().filter(|(name, _)| !PLACED.iter().any(|placed| placed.eq_ignore_ascii_case(name)));
    let rest = rest.map(|(name, value)| (name, value.trim().to_owned())).collect();
    Ok(FoundAccount {
        number: Personal::from(number),
        class: text("ZHLB"),
        status: text("ZHZT"),
        currency: text("BZ"),
        balance: money(row, "ZHYE")?,
        available: money(row, "KYYE")?,
        branch: text("KHWD"),
        ahead: ahead(customer, row)?,
        asset: AssetKind::Cash,
        role: AssetRole::Owner,
        details: sorted(rest, ACCOUNT),
    })
}

/// Is a measure or a right told of this account, by its number or its card's?
fn is_of(row: &Element, account: &Element) -> bool {
    let number = said(row, "ZH");
    number.is_some() && (number == said(account, "ZH") || number == said(account, "KH"))
}

/// Measures and rights must be of an account that is told: beside it by its number, or within it.
fn belongs(customer: &Element) -> Result<(), &'static str> {
    let is_prior = |row: &&Element| row.is("MEASURE") || row.is("PRIORITY");
    let accounts = || customer.children.iter().filter(|row| row.is("ACCOUNT"));
    let beside = customer.children.iter().filter(is_prior).all(|row| accounts().any(|account| is_of(row, account)));
    let within = |account: &Element| {
        account.children.iter().filter(is_prior).all(|row| said(row, "ZH").is_none() || is_of(row, account))
    };
    if beside && accounts().all(within) { Ok(()) } else { Err(CONTRADICTION) }
}

/// Measures on the account in the bank's order, then rights that go before every freeze.
fn ahead(customer: &Element, account: &Element) -> Result<Vec<PriorMeasure>, &'static str> {
    let of = |name: &'static str| {
        let beside = customer.children.iter().filter(move |row| row.is(name) && is_of(row, account));
        beside.chain(account.children.iter().filter(move |row| row.is(name)))
    };
    let mut numbered: Vec<(u32, PriorMeasure)> = Vec::new();
    for row in of("MEASURE") {
        let measure = PriorMeasure {
            organ: Personal::from(field(row, "DJJGMC")),
            paper: Personal::from(""),
            amount: money(row, "DJJE")?,
            to: day(row, "DJJZRQ")?,
        };
        numbered.push((field(row, "CSXH").parse().unwrap_or(u32::MAX), measure));
    }
    // A stable sort: those without a number stay in the order in which they were told.
    numbered.sort_by_key(|(place, _)| *place);
    let mut ahead: Vec<PriorMeasure> = numbered.into_iter().map(|(_, measure)| measure).collect();
    for row in of("PRIORITY").filter(|row| !is_shared(row)) {
        ahead.push(PriorMeasure {
            organ: Personal::from(field(row, "QLRXM")),
            paper: Personal::from(field(row, "QLLX")),
            amount: money(row, "QLJE")?,
            to: None,
        });
    }
    Ok(ahead)
}

/// Co-ownership: whoever owns a part of it must be told, and is not before anybody.
fn is_shared(row: &Element) -> bool {
    field(row, "QLLX").contains("共有")
}

fn right(row: &Element) -> Vec<Detail> {
    let mut details = whole(row, RIGHT);
    if is_shared(row) {
        let holders = details.iter_mut().filter(|detail| detail.name == "holder");
        holders.for_each(|holder| "co_owner".clone_into(&mut holder.name));
    }
    details
}

/// A row's fields, unknown ones under their own names.
fn whole(row: &Element, words: Words) -> Vec<Detail> {
    sorted(row.attributes().map(|(name, value)| (name, value.trim().to_owned())).collect(), words)
}

/// Of a row's fields those that are listed.
fn known(row: &Element, words: Words) -> Vec<Detail> {
    let listed = row.attributes().filter(|(name, _)| words.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)));
    sorted(listed.map(|(name, value)| (name, value.trim().to_owned())).collect(), words)
}

/// What the answer says was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Freeze,
    Renew,
    Release,
    /// Not said: whatever a freeze must say must be there.
    Unsaid,
}

/// The one record of the one task.
fn control(named: &BackName<'_>, root: &Element, counted: &mut Counted) -> Result<Outcome, &'static str> {
    let mut records = Vec::new();
    root.all("FREEZERECORD", &mut records);
    let [record] = records.as_slice() else { return Err("members") };
    about(named, record)?;
    counted.accounts = 1;
    let asked = match root.child("BASICINFO").map_or("", |basic| field(basic, "QQCSLX")) {
        "05" => Asked::Freeze,
        "06" => Asked::Renew,
        "07" => Asked::Release,
        "" => Asked::Unsaid,
        _ => return Err("schema"),
    };
    let about = match asked {
        Asked::Freeze => About::Kind(ActKind::Freeze),
        Asked::Renew => About::Kind(ActKind::Renew),
        Asked::Release => About::Kind(ActKind::Release),
        Asked::Unsaid => About::Control,
    };
    let text = said(record, "WNDJYY").filter(|text| !NO_REASON.contains(text)).unwrap_or_default();
    let mut outcome = Outcome { about: Some(about), ..Outcome::of(Verdict::Done) };
    outcome.account_numbers = ["ZH", "KH"].iter().filter_map(|name| said(record, name)).flat_map(writings).collect();
    outcome.ahead = before(record)?;
    (outcome.from, outcome.to) = (day(record, "ZXQSSJ")?, day(record, "DJJSRQ")?);
    (outcome.limit, outcome.caught) = (money(record, "SQDJXE")?, money(record, "SDJE")?);
    let rest = money(record, "WDJJE")?;
    if [outcome.limit, outcome.caught, rest].iter().flatten().any(|sum| *sum < Money::ZERO) {
        return Err(CONTRADICTION);
    }
    (outcome.verdict, outcome.reason) = match field(record, "ZXJG") {
        "0" => done(record, asked, (text, rest), &mut outcome)?,
        "1" => not_done(asked, text, &mut outcome)?,
        _ => return Err("schema"),
    };
    outcome.text = Some(text).filter(|text| !text.is_empty()).map(Personal::from);
    for row in record.children.iter().filter(|row| row.is("FREEZEDETAIL")) {
        if !matches!(field(row, "ZXJG"), "" | "0" | "1") {
            return Err("schema");
        }
        keep(&mut outcome, Finding { class: FindingClass::SubAccount, details: whole(row, DETAIL) });
    }
    Ok(outcome)
}

/// The organ before us, if one is named.
fn before(record: &Element) -> Result<Vec<PriorMeasure>, &'static str> {
    let (amount, to) = (money(record, "DJJE")?, day(record, "DJJZRQ")?);
    let organ = said(record, "DJJG");
    let measure = |organ: &str| PriorMeasure { organ: Personal::from(organ), paper: Personal::from(""), amount, to };
    Ok(organ.map(measure).into_iter().collect())
}

/// ZXJG 0.
fn done(
    record: &Element,
    asked: Asked,
    (text, rest): (&str, Option<Money>),
    outcome: &mut Outcome,
) -> Result<(Verdict, Option<Reason>), &'static str> {
    match asked {
        Asked::Freeze | Asked::Unsaid => {
            let (Some(limit), Some(held), Some(_)) = (outcome.limit, outcome.caught, outcome.to) else {
                return Err("schema");
            };
            sums_agree(record, limit, held, rest)?;
            if denies_queue(outcome, (text, reason_of(text))) {
                return Err(CONTRADICTION);
            }
            Ok(match controlled(outcome, (text, reason_of(text)), held < limit) {
                (Verdict::Done, Some(Reason::PriorRight)) if asked == Asked::Freeze && held == Money::ZERO => {
                    (Verdict::Queued, Some(Reason::PriorRight))
                }
                (Verdict::Done, Some(reason)) if asked == Asked::Freeze => (Verdict::Partly, Some(reason)),
                told => told,
            })
        }
        Asked::Renew => {
            outcome.limit = None;
            outcome.to.ok_or("schema").map(|_| all_or_part(text))
        }
        // SDJE is what came free, and nothing is held any more by what was let go.
        Asked::Release => {
            (outcome.limit, outcome.caught, outcome.from, outcome.to) = (None, None, None, None);
            let is_left = rest.is_some_and(Money::is_positive);
            Ok(if is_left { (Verdict::Partly, Some(Reason::PartOfAssets)) } else { all_or_part(text) })
        }
    }
}

/// Done with a reason beside it was not done for all of it.
fn all_or_part(text: &str) -> (Verdict, Option<Reason>) {
    if refuses(text) || text.contains(['未', '部']) {
        (Verdict::Partly, Some(Reason::PartOfAssets))
    } else {
        (Verdict::Done, None)
    }
}

/// What is held and what is not make the limit; the sub-accounts in CNY make what is held. More held than the limit, with nothing left
/// over, is no contradiction but a freeze of too much: the ledger must see it, or nobody lets it go.
fn sums_agree(record: &Element, limit: Money, held: Money, rest: Option<Money>) -> Result<(), &'static str> {
    let rest_fits = match rest {
        None => true,
        Some(rest) => held.plus(rest) == limit || (held > limit && rest == Money::ZERO),
    };
    let (mut parts, mut sum) = (0_usize, Money::ZERO);
    for row in record.children.iter().filter(|row| row.is("FREEZEDETAIL") && is_cny(field(row, "BZ"))) {
        parts += 1;
        sum = sum.plus(money(row, "ZXDJJE")?.unwrap_or(Money::ZERO));
    }
    let agrees = rest_fits && (parts == 0 || sum == held);
    if agrees { Ok(()) } else { Err(CONTRADICTION) }
}

/// ZXJG 1. Only of a freeze 轮候 can mean that it stands in the queue.
fn not_done(asked: Asked, text: &str, outcome: &mut Outcome) -> Result<(Verdict, Option<Reason>), &'static str> {
    let is_asked_to_hold = matches!(asked, Asked::Freeze | Asked::Unsaid);
    if is_asked_to_hold && outcome.caught.is_some_and(Money::is_positive) {
        return Err(CONTRADICTION);
    }
    match queue_of(text, reason_of(text)).filter(|_| asked == Asked::Freeze) {
        Some(Queue::Registered) => {
            outcome.caught = Some(Money::ZERO);
            return Ok((Verdict::Queued, Some(Reason::PriorRight)));
        }
        Some(Queue::Unclear) => return Err(CONTRADICTION),
        Some(Queue::Refused) | None => {}
    }
    if is_under_way(text) {
        let told = still_at_it(text)?;
        (outcome.limit, outcome.caught, outcome.from, outcome.to) = (None, None, None, None);
        return Ok((told.verdict, told.reason));
    }
    (outcome.limit, outcome.caught, outcome.from, outcome.to) = (None, None, None, None);
    Ok((Verdict::Refused, Some(reason_of(text))))
}
