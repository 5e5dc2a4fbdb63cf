//! Settlements and reconciliation: statements of courts' accounts, and partners' lists of a day.

use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ActState, Money, Personal, SlipLine};
use serde::Serialize;
use serde_json::Value;

use crate::body;
use crate::fault::{Fault, Want};
use crate::gate::{Difference, Listed, Refusal, SettledHow, SettlementLine, Statement};
use crate::intake::at::At;
use crate::intake::check::each;
use crate::intake::commands::checked;
use crate::intake::form::{ListedForm, ReconciliationForm, SettlementForm, SettlementLineForm};
use crate::intake::parts::{ACCOUNT, BANK_CODE, COURT_CODE};
use crate::intake::requests::personal_answer;
use crate::intake::show::{Yuan, json};
use crate::intake::text::{Allows, Faults, ascii, plain};
use crate::language::Language;
use crate::limits::Limits;
use crate::partners::is_partner;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Reconcile, SettleAccounts};

/// A bank's own serial of a credit.
const SERIAL: Allows = ascii(64, "-_./");
/// What a payer can write: 140 characters in interbank payments.
const REFERENCE: Allows = plain(200);
/// `slip-line`.
const SLIP_LINE: Allows = ascii(28, "-");

/// Said of a line that moves nothing: it would be shown as matched, and means nothing.
const NOTHING_CAME: &str = "零元的行没有到账，请去掉 · nothing came in by it: leave the line out";

#[derive(Serialize)]
struct ShownSettled {
    lines: Vec<ShownLine>,
}

#[derive(Serialize)]
struct ShownLine {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

impl ShownLine {
    fn of(how: &SettledHow, language: Language) -> Self {
        let (result, act, problem) = match how {
            SettledHow::Matched(act) => ("matched", Some(act.to_string()), None),
            SettledHow::Unmatched => ("unmatched", None, None),
            SettledHow::Known => ("known", None, None),
            SettledHow::Differs(act) => ("differs", act.map(|act| act.to_string()), None),
            SettledHow::Ahead => {
                let problem = Problem::from(Slug::OutOfBounds).at(vec![Fault::at("/day", Want::Booked)]);
                ("refused", None, Some(problem.within(language)))
            }
        };
        Self { result, act, problem }
    }
}

#[derive(Serialize)]
struct ShownReconciled {
    sequence: u64,
    lines: u32,
    not_compared: u32,
    complete: bool,
    differences: Vec<ShownDifference>,
}

#[derive(Serialize)]
struct ShownDifference {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ours: Option<Yuan>,
}

impl ShownDifference {
    fn of(difference: &Difference) -> Self {
        Self {
            line: difference.line,
            act: difference.act.map(|act| act.to_string()),
            what: difference.what,
            ours: difference.amount.map(Yuan),
        }
    }
}

/// Lists of up to thousands of lines: as long as a request may be.
async fn long(request: &HttpRequest, payload: Payload, limits: &Limits) -> Result<Bytes, Problem> {
    body::require_json(request)?;
    body::read(request, payload, limits.request_bytes_max, limits).await
}

pub(crate) async fn settle(
    allowed: Allowed<SettleAccounts>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = long(&request, payload, allowed.limits()).await?;
    let statement = checked(&bytes, |form: SettlementForm<'_>, at, faults| {
        let account = Personal::new(faults.text(&at.field("account"), form.account, ACCOUNT));
        let bank = faults.text(&at.field("bank_code"), form.bank_code, BANK_CODE);
        let court = faults.maybe(&at.field("court"), form.court, COURT_CODE);
        let lines = each(form.lines.0, &at.field("lines"), |form, at| line(form, at, faults));
        Some(Statement { court, account: (bank, account), lines })
    })?;
    let told = allowed.gate().settle(allowed.caller(), statement).await.map_err(|refusal| match refusal {
        // Here it is the statement's own account, not that of a request's case.
        Refusal::AccountNotListed => {
            Problem::from(Slug::AccountNotListed).at(vec![Fault::at("/account", Want::Listed)])
        }
        other => other.into(),
    })?;
    let lines = told.iter().map(|how| ShownLine::of(how, allowed.language())).collect();
    Ok(personal_answer(json(&ShownSettled { lines })))
}

fn line(form: SettlementLineForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<SettlementLine> {
    let amount = faults.amount_above_zero(&at.field("amount"), &form.amount, NOTHING_CAME);
    let amount = if form.booked_back == Some(true) { Money::ZERO.minus(amount) } else { amount };
    let day = faults.day(&at.field("day"), &form.day);
    let reference = faults.maybe(&at.field("reference"), form.reference, REFERENCE).unwrap_or_default();
    let serial = faults.text(&at.field("serial"), form.serial, SERIAL);
    let slip = faults.maybe(&at.field("slip"), form.slip, SLIP_LINE);
    Some(SettlementLine { serial: Personal::new(serial), day: day?, amount, slip, reference: Personal::new(reference) })
}

pub(crate) async fn reconcile(
    allowed: Allowed<Reconcile>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = long(&request, payload, allowed.limits()).await?;
    if !is_partner(&id) {
        return Err(Slug::NotFound.into());
    }
    let (day, lines, whole) = checked(&bytes, |form: ReconciliationForm<'_>, at, faults| {
        let day = faults.day(&at.field("day"), &form.day);
        let lines = each(form.lines.0, &at.field("lines"), |form, at| listed(form, at, faults));
        Some((day?, lines, form.whole.unwrap_or(false)))
    })?;
    let view = allowed.gate().reconcile(allowed.caller(), &id, day, (lines, whole)).await?;
    let differences = view.differences.iter().map(ShownDifference::of).collect();
    Ok(personal_answer(json(&ShownReconciled {
        sequence: view.sequence,
        lines: view.lines,
        not_compared: view.not_compared,
        complete: view.complete,
        differences,
    })))
}

fn listed(form: ListedForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Listed> {
    let sum = |name: &'static str, amount: Option<crate::intake::form::Amount<'_>>, faults: &mut Faults| {
        amount.map(|amount| faults.amount(&at.field(name), &amount))
    };
    let caught = sum("caught", form.caught, faults);
    let limit = sum("limit", form.limit, faults);
    let moved = sum("moved", form.moved, faults);
    let slip = faults.text(&at.field("slip"), form.slip, SLIP_LINE);
    let words = || ActState::ALL.iter().map(|state| state.word());
    let state = form.state.and_then(|state| faults.word(&at.field("state"), &state, ActState::from_word, words()));
    let line = SlipLine::parse(&slip).map(|key| key.line).or(form.line.map(|line| line.0));
    Some(Listed { slip, line, state, limit, caught, moved })
}
