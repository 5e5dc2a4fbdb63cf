//! What insurers add to the open task form: the scope of a freeze, and policies by role.

use domain::outcome::{ACCOUNTS_MAX, AssetKind, AssetRole, Detail, FoundAccount, Outcome, Reason, Verdict};
use domain::slip::{Line, Slip};
use domain::{ActKind, Flaw, Money, Personal};
use serde::Deserialize;
use serde_json::Value;

use crate::open::fields::{Date, List, Prior, Sum, Word, read as read_fields};
use crate::open::{AHEAD_MAX, Unencodable, Unreadable};

/// What a freeze bars; a policy that can still be surrendered, lent against or given to somebody else is not frozen.
const SCOPE: [&str; 4] = ["holder_change", "surrender", "loan", "dividend"];
/// More words than any edition of the form has.
const SCOPE_WORDS_MAX: usize = 16;

/// All but a query name the policy; a freeze says what is barred.
pub(super) fn write(_slip: &Slip, line: &Line) -> Result<Option<Value>, Unencodable> {
    let policy = line.account.as_ref().map(|policy| policy.expose().trim()).filter(|policy| !policy.is_empty());
    match (line.kind, policy) {
        (ActKind::Query, _) => Ok(None),
        (_, None) => Err(Unencodable),
        (ActKind::Freeze, _) => Ok(Some(serde_json::json!({ "scope": SCOPE }))),
        _ => Ok(None),
    }
}

#[derive(Deserialize)]
struct Found {
    policies: List<Policy, ACCOUNTS_MAX>,
}

#[derive(Deserialize)]
struct Policy {
    number: Word,
    role: Word,
    product: Word,
    state: Word,
    available: Sum,
    #[serde(default)]
    currency: Word,
    #[serde(default)]
    cash_value: Sum,
    #[serde(default)]
    cash_value_as_of: Date,
    #[serde(default)]
    loan: Sum,
    #[serde(default)]
    dividends_due: Sum,
    #[serde(default)]
    survival_benefits_due: Sum,
    #[serde(default)]
    unpaid_benefits: Sum,
    #[serde(default)]
    premium_status: Word,
    #[serde(default)]
    effective: Date,
    #[serde(default)]
    ends: Date,
    #[serde(default)]
    branch: Word,
    #[serde(default)]
    surrender: Word,
    #[serde(default)]
    personal_nature: Word,
    #[serde(default)]
    ahead: List<Prior, AHEAD_MAX>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    scope: List<Word, SCOPE_WORDS_MAX>,
}

/// What the page says a kind may end as, and what it brings.
pub(super) fn read(kind: ActKind, json: &str, outcome: &mut Outcome) -> Result<(), Unreadable> {
    match (kind, outcome.verdict) {
        (ActKind::Surrender, Verdict::Registered) => {
            outcome.reason = outcome.reason.or(Some(Reason::NoticePeriod));
            Ok(())
        }
        (_, Verdict::Registered) => Err(Unreadable(Flaw::RegisteredAtOnce)),
        (ActKind::Query, Verdict::Done) => {
            let found: Found = read_fields(json)?;
            outcome.accounts = found.policies.0.into_iter().map(account).collect::<Result<_, _>>()?;
            Ok(())
        }
        (ActKind::Freeze, Verdict::Done | Verdict::Partly) => barred(read_fields(json)?, outcome),
        // A policy stands again, or it does not.
        (ActKind::Query | ActKind::Renew | ActKind::Release | ActKind::Reinstate, Verdict::Partly) => {
            Err(Unreadable(Flaw::PartlyWithoutParts))
        }
        _ => Ok(()),
    }
}

/// A freeze that leaves something open is no whole one, whatever it calls itself.
fn barred(scope: Scope, outcome: &mut Outcome) -> Result<(), Unreadable> {
    let words: Vec<String> = scope.scope.0.into_iter().map(Word::or_empty).collect();
    if words.is_empty() {
        return Err(Unreadable(Flaw::ScopeMissing));
    }
    if !SCOPE.iter().all(|word| words.iter().any(|barred| barred == word)) {
        outcome.verdict = Verdict::Partly;
        outcome.reason = Some(Reason::PartOfAssets);
    }
    Ok(())
}

fn account(policy: Policy) -> Result<FoundAccount, Unreadable> {
    let role = match policy.role.0.as_deref().and_then(AssetRole::from_word) {
        Some(role @ (AssetRole::Holder | AssetRole::Insured | AssetRole::Beneficiary)) => role,
        _ => return Err(Unreadable(Flaw::PolicyRoleMissing)),
    };
    let available = policy.available.0.ok_or(Unreadable(Flaw::PolicyReachMissing))?;
    let due = Money::plus(or_zero(&policy.survival_benefits_due), or_zero(&policy.unpaid_benefits));
    // The cash value is the holder's: what is said to be available beyond the benefits due would be somebody else's.
    let (balance, available) = match role {
        AssetRole::Holder => (policy.cash_value.0, available),
        _ => (Some(due), available.min(due)),
    };
    let details = details(&policy);
    Ok(FoundAccount {
        number: policy.number.personal().ok_or(Unreadable(Flaw::PolicyUnnumbered))?,
        class: policy.product.or_empty(),
        status: policy.state.or_empty(),
        currency: policy.currency.or_empty(),
        balance,
        available: Some(available),
        branch: policy.branch.or_empty(),
        ahead: policy.ahead.0.into_iter().map(Into::into).collect(),
        asset: AssetKind::Policy,
        role,
        details,
    })
}

fn or_zero(sum: &Sum) -> Money {
    sum.0.unwrap_or(Money::ZERO)
}

/// In the words of the page, in its order; what was not said is left out.
fn details(policy: &Policy) -> Vec<Detail> {
    let sum = |sum: &Sum| sum.0.map(|sum| sum.to_string());
    let day = |day: &Date| day.0.map(|day| day.to_string());
    let word = |word: &Word| word.0.clone();
    let all = [
        ("product", word(&policy.product)),
        ("contract_state", word(&policy.state)),
        ("premium_status", word(&policy.premium_status)),
        ("effective", day(&policy.effective)),
        ("ends", day(&policy.ends)),
        ("cash_value", sum(&policy.cash_value)),
        ("cash_value_as_of", day(&policy.cash_value_as_of)),
        ("loan", sum(&policy.loan)),
        ("dividends_due", sum(&policy.dividends_due)),
        ("survival_benefits_due", sum(&policy.survival_benefits_due)),
        ("unpaid_benefits", sum(&policy.unpaid_benefits)),
        ("surrender", word(&policy.surrender)),
        ("personal_nature", word(&policy.personal_nature)),
    ];
    let said = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    said.map(|(name, value)| Detail { name: name.to_owned(), value: Personal::new(value) }).collect()
}
