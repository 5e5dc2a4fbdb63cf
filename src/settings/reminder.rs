//! `[reminder]` of `partners/<id>.toml`: where and when the clerks of an inbox are reminded of what waits.

use domain::Personal;
use domain::calendar::Hours;
use engine::config::{DeliveryKey, ReminderTerms};
use reqwest::Url;

use super::delivery::{self, CONNECT_MS, TOTAL_MS};
use super::page::{Found, Table};
use super::secret::Around;
use crate::courier::Route;

/// Characters of an address.
const URL_CHARACTERS_MAX: usize = 500;
/// What arrives waits for more: a court's morning is a burst of clicks.
const GATHER_S: u64 = 600;
/// The longest that it may: half a working day.
const GATHER_S_MAX: u64 = 4 * 3_600;
/// Reminders on one day when the file does not say: opening, and some arrivals.
const PER_DAY: u32 = 6;
/// More would be a nuisance that nobody reads.
const PER_DAY_MAX: u32 = 48;
/// Waits between attempts when the file does not say: after them it is nearly the next opening.
const RETRY_MS: [u64; 4] = [60_000, 300_000, 1_800_000, 7_200_000];
/// Where the partner's file says nothing of hours, nobody is woken by a message.
const HOURS: Hours = Hours { from_minute: 8 * 60 + 30, to_minute: 17 * 60 + 30, every_day: false };

/// Reads the table; `hours` = the partner's own. `None` when it has faults that leave nothing to remind by.
pub(super) fn read(mut table: Table<'_>, hours: Option<&Hours>, around: &Around<'_>) -> Option<(ReminderTerms, Route)> {
    let url = table.required(
        "url",
        URL_CHARACTERS_MAX,
        "where reminders are posted; file:PATH or env:NAME when it holds a secret",
    );
    let link = table.required(
        "link",
        URL_CHARACTERS_MAX,
        "where clerks sign in, such as https://gateway.example/console/partner",
    );
    let own = table.text("hours", 40).map(|found| {
        let hours = Hours::parse(&found.value);
        if hours.is_none() {
            found.spot.fault("cannot be read; write \"08:30-17:00\" for working days or \"daily 08:00-20:00\"");
        }
        hours.unwrap_or(HOURS)
    });
    let gather_s = table.number("gather_s", 1..=GATHER_S_MAX).map_or(GATHER_S, |found| found.value);
    let per_day = table.number("per_day", 1..=PER_DAY_MAX).map_or(PER_DAY, |found| found.value);
    let retry_ms = delivery::retries(&mut table).unwrap_or_else(|| RETRY_MS.to_vec());
    let keys = delivery::keys(&mut table, around).unwrap_or_else(|| vec![DeliveryKey::Derived(1)]);
    let networks = delivery::networks(&mut table);
    let authorities = table.text("authorities", 400);
    table.finish();
    let link = link.filter(|found| is_address(&found.value, found))?;
    let url = url?;
    let followed = around.secret(&url)?;
    if !is_address(followed.expose(), &url) {
        return None;
    }
    let is_tls = followed.expose().starts_with("https://");
    if !is_tls {
        url.spot.warn("is not https: whoever sits on the line reads how much waits, and could hold it back");
    }
    let route = delivery::route(networks, authorities.as_ref(), is_tls, (CONNECT_MS, TOTAL_MS), around)?;
    let partners = hours.filter(|hours| **hours != Hours::ALWAYS).cloned();
    let terms = ReminderTerms {
        url: Personal::new(followed.expose().clone()),
        link: link.value,
        keys,
        hours: own.or(partners).unwrap_or(HOURS),
        gather_ms: gather_s * 1_000,
        per_day,
        retry_ms,
    };
    Some((terms, route))
}

fn is_address(text: &str, found: &Found<'_, String>) -> bool {
    let formed = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !formed {
        found.spot.fault("must be an address such as https://messages.example/xiezhi");
    }
    formed
}
