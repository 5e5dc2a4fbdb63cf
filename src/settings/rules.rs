//! `rules/<name>.toml`: what differs by province or agreement, with its version and sources.

use domain::Money;
use domain::outcome::AssetKind;
use domain::rules::{RulePack, SurrenderRule, WithdrawalCondition, lawful_years_max};
use sha2::{Digest as _, Sha256};

use super::page::{Found, Page, Spot, Table};

/// Characters of a name, as it stands in partner files and in the trail.
const NAME_CHARACTERS_MAX: usize = 32;
/// Characters of a version, such as `2026-01`.
const VERSION_CHARACTERS_MAX: usize = 40;
/// Sources of one pack, and characters of one.
const SOURCES_MAX: usize = 50;
const SOURCE_CHARACTERS_MAX: usize = 500;
/// A year: no notice lasts longer.
const BUYOUT_DAYS_MAX: u16 = 365;
/// Two months of working days: what is told later is not told promptly.
const NOTICE_DAYS_MAX: u16 = 40;
/// Accounts of a list: every payment institution of the country has a handful.
const ACCOUNTS_MAX: usize = 1_000;

/// Reads the file; `None` when it has faults that leave no pack. A file that is named by name and version holds an earlier
/// version: it is known by its digest alone, for what was planned under it.
pub(super) fn read(page: &Page<'_>, stem: &str, text: &str) -> Option<RulePack> {
    let mut root = page.root()?;
    let name = name(&mut root);
    let version = root.required("version", VERSION_CHARACTERS_MAX, "a version such as \"2026-01\"");
    if let (Some(name), Some(version)) = (&name, &version) {
        let earlier = format!("{}-{}", name.value, version.value);
        if name.value != stem && earlier != stem {
            let message =
                format!("is not the file's name; call it {0}.toml, or {earlier}.toml once another holds", name.value);
            name.spot.fault(message);
        }
    }
    let sources = root.texts("sources", SOURCES_MAX, SOURCE_CHARACTERS_MAX);
    match sources {
        Some(found) if found.value.is_empty() => found.spot.fault("is empty; write where these rules stand"),
        Some(_) => {}
        None => root.spot_of("sources").fault("is missing; write where these rules stand, as [\"…\"]"),
    }
    let mut pack = RulePack::default();
    let mut policy = root.table("policy");
    if let Some(rule) = word(&mut policy, "surrender", SurrenderRule::from_word, SurrenderRule::ALL, |it| it.word()) {
        pack.surrender = rule;
    }
    if let Some(days) = policy.number("buyout_days", 0..=BUYOUT_DAYS_MAX) {
        pack.buyout_days = days.value;
    }
    policy.finish();
    let mut notice = root.table("notice");
    if let Some(days) = notice.number("debtor_workdays", 1..=NOTICE_DAYS_MAX) {
        pack.debtor_notice_days = days.value;
    }
    notice.finish();
    let mut fund = root.table("fund");
    conditions(&mut fund, &mut pack);
    fund.finish();
    freeze_years(root.table("freeze_years"), &mut pack);
    let mut living = root.table("living");
    if let Some(reserve) = living.text("reserve", 30) {
        match Money::parse_order(&reserve.value).ok().filter(|sum| *sum >= Money::ZERO) {
            Some(sum) => pack.living_reserve = sum,
            None => reserve.spot.fault("must be an amount in yuan such as \"2490.00\""),
        }
    }
    living.finish();
    let mut protected = root.table("accounts");
    pack.reserve_accounts = accounts(&mut protected, "reserve");
    pack.margin_accounts = accounts(&mut protected, "margin");
    protected.finish();
    root.finish();
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
    Some(RulePack { name: name?.value, version: version?.value, digest: super::hex(&digest), id: first.max(1), ..pack })
}

fn name<'p>(root: &mut Table<'p>) -> Option<Found<'p, String>> {
    let name = root.required("name", NAME_CHARACTERS_MAX, "the file's name without .toml")?;
    let formed = name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !formed {
        name.spot.fault("holds other characters than lower-case letters, digits and dashes; rename it");
    }
    formed.then_some(name)
}

fn word<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    read: fn(&str) -> Option<T>,
    all: &[T],
    shown: fn(T) -> &'static str,
) -> Option<T> {
    let found = table.text(key, 40)?;
    let value = read(&found.value);
    if value.is_none() {
        found.spot.fault(format!("is no such word; write one of {}", listed(all, shown)));
    }
    value
}

fn listed<T: Copy>(all: &[T], shown: fn(T) -> &'static str) -> String {
    all.iter().map(|one| shown(*one)).collect::<Vec<_>>().join(", ")
}

/// A missing list means all; an empty one that nothing opens an account here.
fn conditions(table: &mut Table<'_>, pack: &mut RulePack) {
    let Some(found) = table.texts("conditions", WithdrawalCondition::ALL.len(), 40) else { return };
    pack.fund_conditions.clear();
    for word in found.value {
        match WithdrawalCondition::from_word(&word.value) {
            None => {
                let known = listed(WithdrawalCondition::ALL, |it| it.word());
                word.spot.fault(format!("is no condition of withdrawal; write some of {known}"));
            }
            Some(condition) if pack.fund_conditions.contains(&condition) => twice(&word.spot),
            Some(condition) => pack.fund_conditions.push(condition),
        }
    }
}

fn freeze_years(mut table: Table<'_>, pack: &mut RulePack) {
    for asset in AssetKind::ALL {
        if let Some(years) = table.number(asset.word(), 1..=9_u8) {
            let lawful = lawful_years_max(*asset);
            if i32::from(years.value) > lawful {
                years.spot.fault(format!("is more than the law allows (rule D9); write at most {lawful}"));
            }
            pack.freeze_years.push((*asset, i32::from(years.value)));
        }
    }
    table.finish();
}

fn accounts(table: &mut Table<'_>, key: &'static str) -> Vec<String> {
    let mut accounts = Vec::new();
    for found in table.texts(key, ACCOUNTS_MAX, 64).map(|found| found.value).unwrap_or_default() {
        let formed = found.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !formed {
            found
                .spot
                .fault("holds other characters than letters, digits, dashes and dots; write the account's number");
        } else if accounts.contains(&found.value) {
            twice(&found.spot);
        } else {
            accounts.push(found.value);
        }
    }
    accounts
}

fn twice(spot: &Spot<'_>) {
    spot.fault("stands here twice; leave one out");
}
