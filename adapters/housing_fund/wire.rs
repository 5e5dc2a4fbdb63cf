//! What the page of fund centres adds to the open task form: an account in every order, and the accounts a query found.

use domain::outcome::{ACCOUNTS_MAX, AssetKind, AssetRole, FindingClass, FoundAccount, Outcome, Reason, Verdict};
use domain::slip::{Line, Slip};
use domain::{ActKind, Flaw};
use serde::Deserialize;
use serde_json::Value;

use crate::open::fields::{Details, List, Prior, Sum, Word, read as read_fields};
use crate::open::{Unencodable, Unreadable};

/// Earlier freezes of one account; a centre that lists more lists its whole book.
const AHEAD_MAX: usize = 500;

/// A fund centre wants no object of its own; all but a query name the account.
pub(super) fn write(_slip: &Slip, line: &Line) -> Result<Option<Value>, Unencodable> {
    let account = line.account.as_ref().map(|account| account.expose().trim()).filter(|account| !account.is_empty());
    if (line.kind == ActKind::Query) == account.is_none() { Ok(None) } else { Err(Unencodable) }
}

#[derive(Deserialize)]
struct Lists {
    #[serde(default)]
    accounts: List<AccountText, ACCOUNTS_MAX>,
}

#[derive(Deserialize)]
struct AccountText {
    number: Word,
    #[serde(default)]
    class: Word,
    #[serde(default)]
    status: Word,
    #[serde(default)]
    currency: Word,
    #[serde(default)]
    balance: Sum,
    #[serde(default)]
    available: Sum,
    #[serde(default)]
    branch: Word,
    #[serde(default)]
    ahead: List<Prior, AHEAD_MAX>,
    #[serde(default)]
    details: Details,
}

impl TryFrom<AccountText> for FoundAccount {
    type Error = Unreadable;

    fn try_from(text: AccountText) -> Result<Self, Unreadable> {
        let number = text.number.personal().ok_or(Unreadable(Flaw::AccountUnnumbered))?;
        if text.balance.0.zip(text.available.0).is_some_and(|(balance, available)| available > balance) {
            return Err(Unreadable(Flaw::AvailableAboveBalance));
        }
        Ok(Self {
            number,
            class: text.class.or_empty(),
            status: text.status.or_empty(),
            currency: text.currency.or_empty(),
            balance: text.balance.0,
            available: text.available.0,
            branch: text.branch.or_empty(),
            ahead: text.ahead.0.into_iter().map(Into::into).collect(),
            asset: AssetKind::Fund,
            role: AssetRole::Owner,
            details: text.details.0,
        })
    }
}

/// What the page says a kind may end as, and what it may bring.
pub(super) fn read(kind: ActKind, json: &str, outcome: &mut Outcome) -> Result<(), Unreadable> {
    let has_parts = matches!(kind, ActKind::Freeze | ActKind::Deduct | ActKind::Reverse);
    match outcome.verdict {
        Verdict::Registered if kind != ActKind::Deduct => {
            return Err(Unreadable(Flaw::RegisteredAtOnce));
        }
        Verdict::Registered => outcome.reason = outcome.reason.or(Some(Reason::AwaitsCondition)),
        Verdict::Partly if !has_parts => return Err(Unreadable(Flaw::PartlyWithoutParts)),
        _ => {}
    }
    match kind {
        ActKind::Query => {
            let lists: Lists = read_fields(json)?;
            outcome.accounts = lists.accounts.0.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        }
        // What is set free or still held is no money of the court's: only `moved` says what was paid.
        ActKind::Deduct | ActKind::Release | ActKind::Reverse => outcome.caught = None,
        _ => {}
    }
    outcome.findings.retain(|finding| finding.class == FindingClass::Step);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Result<Outcome, Unreadable> {
        let mut outcome = Outcome::of(Verdict::Done);
        read(ActKind::Query, json, &mut outcome).map(|()| outcome)
    }

    #[test]
    fn an_account_is_read_exactly_or_not_at_all() {
        let good = found(
            r#"{"accounts":[{"number":"G1","balance":"1.0001","available":"1.00","details":{"loan_unpaid":"no"}}]}"#,
        );
        let account = &good.ok().unwrap().accounts[0];
        assert_eq!((account.balance.unwrap().units(), account.available.unwrap().units()), (10_001, 10_000));
        assert_eq!((account.asset, account.role, account.details.len()), (AssetKind::Fund, AssetRole::Owner, 1));
        assert!(found("{}").is_ok_and(|outcome| outcome.accounts.is_empty()));
        for bad in [
            r#"{"accounts":[{"balance":"1.00"}]}"#,
            r#"{"accounts":[{"number":""}]}"#,
            r#"{"accounts":[{"number":"G1","balance":1.00}]}"#,
            r#"{"accounts":[{"number":"G1","balance":"-1.00"}]}"#,
            r#"{"accounts":[{"number":"G1","balance":"1,000.00"}]}"#,
            r#"{"accounts":[{"number":"G1","balance":"1.00","available":"1.01"}]}"#,
            r#"{"accounts":[{"number":"G1","details":{"Remark":"x"}}]}"#,
            r#"{"accounts":{"number":"G1"}}"#,
        ] {
            assert!(found(bad).is_err(), "{bad}");
        }
        let many = format!(r#"{{"accounts":[{}]}}"#, vec![r#"{"number":"G1"}"#; ACCOUNTS_MAX + 1].join(","));
        assert!(found(&many).is_err());
    }
}
