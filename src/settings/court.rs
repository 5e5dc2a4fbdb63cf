//! `courts/<code>.toml`: a court's accounts, callbacks, approvals and tokens.

use std::collections::BTreeMap;

use domain::ActKind;
use engine::config::CourtFile;
use web::{Role, Token};

use super::page::{Found, Page, Table};

/// Accounts of one court; it has one a case-money bank.
const ACCOUNTS_MAX: usize = 100;
/// Origins of one court's systems.
const ORIGINS_MAX: usize = 20;
/// More approvals than a court has persons for are a slip of the finger.
const APPROVALS_MAX: u8 = 5;

/// Six digits?
pub(super) fn is_code(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads the file; `None` when it has faults that leave no court.
pub(super) fn read<'p>(page: &'p Page<'p>, stem: &str) -> Option<(CourtFile, Vec<Found<'p, Token>>)> {
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
    let mut table = root.table("approvals");
    let approvals = approvals(&mut table);
    table.finish();
    let tokens = super::tokens::read(&mut root, Some(stem), &[Role::Submitter, Role::Approver, Role::Auditor]);
    root.finish();
    let approvers = tokens.iter().filter(|token| token.value.roles.contains(&Role::Approver)).count();
    for needed in approvals.values().filter(|needed| usize::from(needed.value) > approvers) {
        needed
            .spot
            .warn(format!("only {approvers} tokens of this court may approve, so such acts would wait for ever"));
    }
    let court = CourtFile {
        code: code?.value,
        name: name?.value,
        accounts: accounts.into_iter().map(|account| account.value).collect(),
        callback_origins,
        approvals: approvals.into_iter().map(|(kind, found)| (kind, found.value)).collect(),
    };
    Some((court, tokens))
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

fn approvals<'p>(table: &mut Table<'p>) -> BTreeMap<ActKind, Found<'p, u8>> {
    let kinds = ActKind::ALL.iter();
    kinds.filter_map(|kind| table.number(kind.word(), 0..=APPROVALS_MAX).map(|found| (*kind, found))).collect()
}
