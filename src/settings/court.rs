//! `courts/<code>.toml`: a court's accounts, callbacks, approvals and tokens.

use domain::outcome::AssetKind;
use domain::{ActKind, Money};
use engine::config::{ApprovalRule, CourtFile, ReleasePolicy};
use web::{Role, Token};

use super::page::{Found, Page, Table};
use super::secret::Around;
use crate::courier::Route;

/// Accounts of one court; it has one a case-money bank.
const ACCOUNTS_MAX: usize = 100;
/// Origins of one court's systems.
const ORIGINS_MAX: usize = 20;
/// More approvals than a court has persons for are a slip of the finger.
const APPROVALS_MAX: u8 = 5;

/// More rules than there are kinds of act, thrice over.
/// The longest that reported money may be on its way before somebody is told: a quarter.
const SETTLED_DAYS_MAX: u16 = 92;
const APPROVAL_RULES_MAX: usize = 50;

/// What a court's file says.
pub(super) struct Made<'p> {
    pub(super) court: CourtFile,
    pub(super) tokens: Vec<Found<'p, Token>>,
    /// The way to its system.
    pub(super) route: Option<Route>,
}

/// Six digits?
pub(super) fn is_code(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads the file; `None` when it has faults that leave no court.
pub(super) fn read<'p>(page: &'p Page<'p>, stem: &str, around: &Around<'_>) -> Option<Made<'p>> {
    let mut root = page.root()?;
    let code = root.required("code", 20, "the court's six digits");
    if let Some(code) = &code {
        if !is_code(&code.value) {
            code.spot.fault("must be six digits, such as \"330225\"");
        } else if code.value != stem {
            code.spot.fault(format!("is not the file's name; call the file {}.toml or write \"{stem}\"", code.value));
        }
    }
    let name = root.required("name", 100, "the court's full name");
    let accounts = root.tables("accounts", ACCOUNTS_MAX).into_iter().filter_map(account).collect::<Vec<_>>();
    unique_accounts(&accounts);
    let callback_origins = origins(&mut root);
    let is_tls = callback_origins.iter().any(|origin| origin.starts_with("https://"));
    let (delivery, route) = super::delivery::read(root.table("delivery"), is_tls, around);
    let mut table = root.table("approvals");
    let mut approvals = approvals(&mut table);
    table.finish();
    approvals.extend(root.tables("approval_rules", APPROVAL_RULES_MAX).into_iter().filter_map(approval_rule));
    let asset_order = asset_order(&mut root);
    let excess = policy(&mut root, "excess");
    let bankruptcy = policy(&mut root, "bankruptcy");
    let settled_within_days = root.number("settled_within_days", 0..=SETTLED_DAYS_MAX).map_or(0, |found| found.value);
    let tokens = super::tokens::read(&mut root, Some(stem), &[Role::Submitter, Role::Approver, Role::Auditor]);
    root.finish();
    let approvers = tokens.iter().filter(|token| token.value.roles.contains(&Role::Approver)).count();
    for needed in approvals.iter().filter(|needed| usize::from(needed.value.persons) > approvers) {
        needed
            .spot
            .warn(format!("only {approvers} tokens of this court may approve, so such acts would wait for ever"));
    }
    let court = CourtFile {
        code: code?.value,
        name: name?.value,
        accounts: accounts.into_iter().map(|account| account.value).collect(),
        callback_origins,
        approvals: approvals.into_iter().map(|found| found.value).collect(),
        asset_order,
        excess,
        bankruptcy,
        settled_within_days,
        delivery,
        tokens: tokens.iter().map(|token| token.value.name.clone()).collect(),
    };
    Some(Made { court, tokens, route })
}

fn account(mut table: Table<'_>) -> Option<Found<'_, (String, String)>> {
    let spot = table.spot();
    let formed = |found: &Found<'_, String>| {
        let formed = found.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !formed {
            found.spot.fault("holds other characters than letters, digits and dashes");
        }
        formed
    };
    let bank = table.required("bank_code", 20, "the code of the bank that keeps the account").filter(formed);
    let number = table.required("number", 40, "the number of the account").filter(formed);
    table.finish();
    Some(Found { spot, value: (bank?.value, number?.value) })
}

fn unique_accounts(accounts: &[Found<'_, (String, String)>]) {
    let mut seen = std::collections::BTreeSet::new();
    for account in accounts {
        if !seen.insert(&account.value) {
            account.spot.fault("is the same account as one above; leave one out");
        }
    }
}

fn origins(root: &mut Table<'_>) -> Vec<String> {
    let found = root.texts("callback_origins", ORIGINS_MAX, 200).map(|found| found.value).unwrap_or_default();
    for origin in &found {
        let text = &origin.value;
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let formed = host.is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
        });
        if !formed {
            origin
                .spot
                .fault("must be an origin without path or slash at its end, such as https://enforcement.example");
        } else if text.starts_with("http://") {
            origin.spot.warn("is not https: whoever sits on the line reads and changes what is announced");
        }
    }
    found.into_iter().map(|origin| origin.value).collect()
}

/// `[approvals]`: a number of persons by kind of act, whatever its amount.
fn approvals<'p>(table: &mut Table<'p>) -> Vec<Found<'p, ApprovalRule>> {
    let rule = |kind: &ActKind, found: Found<'p, u8>| Found {
        spot: found.spot,
        value: ApprovalRule { kinds: vec![*kind], from: Money::ZERO, persons: found.value },
    };
    let kinds = ActKind::ALL.iter();
    kinds.filter_map(|kind| table.number(kind.word(), 0..=APPROVALS_MAX).map(|found| rule(kind, found))).collect()
}

/// `[[approval_rules]]`: so many persons for these kinds, from an amount on.
fn approval_rule(mut table: Table<'_>) -> Option<Found<'_, ApprovalRule>> {
    let spot = table.spot();
    let words = ActKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let mut kinds = Vec::new();
    for word in table.texts("acts", ActKind::ALL.len(), 40).map(|found| found.value).unwrap_or_default() {
        match ActKind::from_word(&word.value) {
            Some(kind) => kinds.push(kind),
            None => word.spot.fault(format!("is no act; write some of {words}")),
        }
    }
    if kinds.is_empty() {
        table.spot_of("acts").fault(format!("is missing or empty; write some of {words}"));
    }
    let from = table.text("from", 30);
    let amount = from.as_ref().map_or(Some(Money::ZERO), |found| {
        let amount = Money::parse_order(&found.value).ok();
        if amount.is_none() {
            found.spot.fault("must be an amount in yuan such as \"100000.00\"");
        }
        amount
    });
    let persons = table.required_number("persons", 1..=APPROVALS_MAX);
    table.finish();
    Some(Found { spot, value: ApprovalRule { kinds, from: amount?, persons: persons?.value } })
}

/// `excess` and `bankruptcy`: who sends a release that the law wants.
fn policy(root: &mut Table<'_>, key: &'static str) -> ReleasePolicy {
    let Some(word) = root.text(key, 20) else { return ReleasePolicy::default() };
    let found = ReleasePolicy::ALL.iter().copied().find(|policy| policy.word() == word.value);
    if found.is_none() {
        word.spot.fault("must be \"propose\" or \"send\"");
    }
    found.unwrap_or_default()
}

/// `asset_order`: kinds of property in the order in which they are taken; what is left out comes last.
fn asset_order(root: &mut Table<'_>) -> Vec<AssetKind> {
    let words = AssetKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let mut order = Vec::new();
    for word in root.texts("asset_order", AssetKind::ALL.len(), 40).map(|found| found.value).unwrap_or_default() {
        match AssetKind::from_word(&word.value) {
            None => word.spot.fault(format!("is no kind of property; write some of {words}")),
            Some(kind) if order.contains(&kind) => word.spot.fault("stands here twice; leave one out"),
            Some(kind) => order.push(kind),
        }
    }
    order
}
