//! `[delivery]` of `courts/<code>.toml`: how results are signed and carried to a court.

use adapters::transport::{Network, Networks};
use domain::partner::{Breaker, Rate};
use engine::config::{DeliveryKey, DeliveryTerms};
use trail::WebhookKey;

use super::files::bounded;
use super::page::{Found, Table};
use super::secret::Around;
use crate::courier::{Route, RouteOptions};

/// Keys in force at once: the old and the new one of each kind.
const KEYS_MAX: usize = 4;
/// Generations of derived keys; one a day for a century.
const GENERATIONS_MAX: u32 = 36_500;
/// Networks of one court's systems.
const NETWORKS_MAX: usize = 20;
/// Tries after the first one; the recommended schedule has nine.
const RETRIES_MAX: usize = 20;
/// The longest wait between two tries: a week.
const RETRY_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// Larger than any chain of certificates; a bound on what a wrong path can make us read.
const PEM_BYTES_MAX: u64 = 256 * 1_024;
/// How long connecting may take, unless told.
pub(super) const CONNECT_MS: u64 = 5_000;
/// How long an attempt may take, unless told: what Standard Webhooks recommends at least.
pub(super) const TOTAL_MS: u64 = 15_000;

/// Reads the table; `is_tls` = an origin is https.
pub(super) fn read(mut table: Table<'_>, is_tls: bool, around: &Around<'_>) -> (DeliveryTerms, Option<Route>) {
    let defaults = DeliveryTerms::default();
    let keys = keys(&mut table, around);
    let networks = networks(&mut table);
    let authorities = table.text("authorities", 400);
    let retry_ms = retries(&mut table);
    let in_flight_max = table.number("in_flight_max", 1..=64).map_or(defaults.in_flight_max, |found| found.value);
    let mut timeouts = table.table("timeouts");
    let connect_ms = timeouts.number("connect_ms", 100..=60_000).map_or(CONNECT_MS, |found| found.value);
    let total_ms = timeouts.number("total_ms", 100..=60_000).map_or(TOTAL_MS, |found| found.value);
    timeouts.finish();
    let mut rate = table.table("rate");
    let max = rate.number("max", 1..=10_000).map_or(defaults.rate.max, |found| found.value);
    let window_ms = rate.number("window_ms", 100..=3_600_000).map_or(defaults.rate.window_ms, |found| found.value);
    rate.finish();
    let mut breaker = table.table("breaker");
    let failures = breaker.number("failures", 1..=1_000).map_or(defaults.breaker.failures, |found| found.value);
    let open_ms = breaker.number("open_ms", 100..=3_600_000).map_or(defaults.breaker.open_ms, |found| found.value);
    breaker.finish();
    table.finish();
    let terms = DeliveryTerms {
        keys: keys.unwrap_or(defaults.keys),
        in_flight_max,
        rate: Rate { max, window_ms, burst: max },
        retry_ms: retry_ms.unwrap_or(defaults.retry_ms),
        breaker: Breaker { failures, open_ms },
    };
    let route = route(networks, authorities.as_ref(), is_tls, (connect_ms, total_ms), around);
    (terms, route)
}

/// The way to whoever is posted to; `None` when the file of its authorities has a fault.
pub(super) fn route(
    networks: Networks,
    authorities: Option<&Found<'_, String>>,
    is_tls: bool,
    (connect_ms, total_ms): (u64, u64),
    around: &Around<'_>,
) -> Option<Route> {
    let pem = match authorities {
        Some(found) => match bounded(&around.path(&found.value), PEM_BYTES_MAX) {
            Ok(pem) => Some(pem),
            Err(why) => {
                found.spot.fault(format!("names a file which {why}"));
                return None;
            }
        },
        None => None,
    };
    let options = RouteOptions { networks, authorities: pem, is_tls, connect_ms, total_ms };
    let route = Route::new(options).ok();
    if let (None, Some(found)) = (&route, authorities) {
        found.spot.fault("names a file without PEM certificates");
    }
    route
}

pub(super) fn keys(table: &mut Table<'_>, around: &Around<'_>) -> Option<Vec<DeliveryKey>> {
    let found = table.texts("keys", KEYS_MAX, 400)?;
    if found.value.is_empty() {
        found.spot.fault("is empty; write \"derived:1\", or leave it out");
    }
    Some(found.value.iter().filter_map(|entry| key(entry, around)).collect())
}

fn key(entry: &Found<'_, String>, around: &Around<'_>) -> Option<DeliveryKey> {
    if let Some(generation) = entry.value.strip_prefix("derived:") {
        let number = generation.parse::<u32>().ok().filter(|number| (1..=GENERATIONS_MAX).contains(number));
        if number.is_none() {
            entry.spot.fault(format!("must be derived:N with a whole number from 1 to {GENERATIONS_MAX}"));
        }
        return number.map(DeliveryKey::Derived);
    }
    let secret = around.secret(entry)?;
    if super::secret::is_literal(&entry.value) {
        entry.spot.warn("holds a key in clear in a file that people copy and compare; write file:… or env:…");
    }
    match WebhookKey::parse(secret.expose()) {
        Ok(key) => Some(DeliveryKey::Given(key)),
        Err(error) => {
            entry.spot.fault(error.to_string());
            None
        }
    }
}

pub(super) fn networks(table: &mut Table<'_>) -> Networks {
    let found = table.texts("networks", NETWORKS_MAX, 60).map(|found| found.value).unwrap_or_default();
    let network = |found: &Found<'_, String>| {
        let network = Network::parse(&found.value);
        if network.is_none() {
            found.spot.fault(
                "must be a network such as 10.33.0.0/16, no wider than /8 (IPv6: /24), without bits beside its prefix",
            );
        }
        network
    };
    found.iter().filter_map(network).collect()
}

pub(super) fn retries(table: &mut Table<'_>) -> Option<Vec<u64>> {
    let found = table.texts("retry", RETRIES_MAX, 20)?;
    Some(found.value.iter().filter_map(wait).collect())
}

/// A wait such as `500ms`, `5s`, `30m`, `2h`.
fn wait(found: &Found<'_, String>) -> Option<u64> {
    let text = found.value.as_str();
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let read = units.iter().find_map(|(unit, ms)| {
        let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
        number.checked_mul(*ms)
    });
    let ms = read.filter(|ms| (1..=RETRY_MS_MAX).contains(ms));
    if ms.is_none() {
        found.spot.fault("must be a wait such as 500ms, 5s, 30m or 2h, at most a week");
    }
    ms
}
