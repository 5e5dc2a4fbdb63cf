//! How the gateway is, for those who start and stop it and those who watch it.
//!
//! # The figures of `/metrics` (Prometheus text; nothing personal: partner ids, states and counts)
//!
//! | name | labels | what |
//! |---|---|---|
//! | `xiezhi_oldest_waiting_seconds` | partner, state | how long the oldest act has been in an open state at a partner; 0 when none is |
//! | `xiezhi_waiting_acts` | partner, state | acts in an open state at a partner |
//! | `xiezhi_in_flight` | partner | exchanges under way |
//! | `xiezhi_lane_paused` | partner | 1 while somebody has paused the lane |
//! | `xiezhi_lane_broken` | partner | 1 while the breaker rests |
//! | `xiezhi_lane_retired` | partner | 1 while its file is gone from the configuration and acts are open there |
//! | `xiezhi_overdue_acts` | partner | acts without an answer for longer than `answer_due_s`; in an inbox also those nobody looked at |
//! | `xiezhi_reminder_failures` | partner | attempts in a row to remind the clerks of an inbox that failed: look at `[reminder]` and at what it names |
//! | `xiezhi_deliveries_waiting` | court | requests with something that the court has not acknowledged |
//! | `xiezhi_deliveries_oldest_seconds` | court | how long the oldest of them has been due; 0 when none is |
//! | `xiezhi_deliveries_in_flight` | court | attempts under way |
//! | `xiezhi_deliveries_given_up` | court | requests whose last try failed: look at the receiver, then ask for them again |
//! | `xiezhi_deliveries_broken` | court | 1 while the breaker rests |
//! | `xiezhi_ready` | | 1 while requests are taken |
//! | `xiezhi_open_requests` | | open requests in memory |
//! | `xiezhi_open_acts` | | open acts in memory |
//! | `xiezhi_journal_durable_events` | | events that survive a power failure |
//! | `xiezhi_index_events` | | events that the index holds |
//! | `xiezhi_index_failing` | | 1 while the index cannot be opened or written, which is tried again every minute at the latest: look at the disk |
//! | `xiezhi_checkpoint_events` | | events that the newest signed checkpoint covers |
//! | `xiezhi_stops_in_force` | scope | emergency stops in force: of acts, of a court, of all |
//! | `xiezhi_stopped_acts` | | acts ready to go that a stop holds |
//! | `xiezhi_unreadable` | | keys and events known to be damaged or lost, whose content cannot be read |
//! | `xiezhi_sweeps_total`, `xiezhi_sweeps_failed_total` | | looks into partners' mailboxes, and those that failed |
//! | `xiezhi_swept_packets_total`, `xiezhi_packets_set_aside_total` | | packets found there, and those that nobody could read |
//! | `xiezhi_exchanges_failed_total` | cause | exchanges that came to nothing, by what was seen |
//! | what the engine counts | its own | under the engine's names; `…_total` since start |

use actix_web::HttpResponse;
use serde::Serialize;

use crate::gate::{CourtView, Gate, Health, PartnerView};
use crate::intake::show::json;
use crate::right::Open;

#[derive(Serialize)]
struct ShownHealth<'a> {
    ready: bool,
    reasons: &'a [String],
    durable: u64,
    indexed: u64,
    checkpoint_size: u64,
    open_requests: u64,
    open_acts: u64,
    stops: u64,
    unreadable: u64,
}

/// The process answers; nothing more.
pub(crate) async fn live(_open: Open) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body("{\"live\":true}")
}

pub(crate) async fn ready(open: Open) -> HttpResponse {
    let Health { ready, reasons, durable, indexed, checkpoint_size, open_requests, open_acts, stops, unreadable } =
        open.gate().health();
    let reasons = &reasons;
    let shown =
        ShownHealth { ready, reasons, durable, indexed, checkpoint_size, open_requests, open_acts, stops, unreadable };
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header(("Cache-Control", "no-store")).content_type("application/json").body(json(&shown))
}

pub(crate) async fn metrics(open: Open) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(figures(open.gate()))
}

fn figures(gate: &dyn Gate) -> String {
    let mut page = String::with_capacity(4_096);
    let partners = gate.partners();
    let health = gate.health();
    waiting(&mut page, &partners, gate.now());
    lanes(&mut page, &partners);
    reminders(&mut page, &partners);
    deliveries(&mut page, &gate.courts(None), gate.now());
    let whole = [
        ("xiezhi_ready", "1 while requests are taken", u64::from(health.ready)),
        ("xiezhi_open_requests", "open requests in memory", health.open_requests),
        ("xiezhi_open_acts", "open acts in memory", health.open_acts),
        ("xiezhi_journal_durable_events", "events that survive a power failure", health.durable),
        ("xiezhi_index_events", "events that the index holds", health.indexed),
        ("xiezhi_checkpoint_events", "events that the newest signed checkpoint covers", health.checkpoint_size),
    ];
    for (name, help, value) in whole {
        family(&mut page, name, help, "gauge");
        line(&mut page, name, "", value);
    }
    counted(&mut page, gate);
    page
}

fn waiting(page: &mut String, partners: &[PartnerView], now: i64) {
    let labels = |partner: &PartnerView, state: domain::ActState| {
        format!("partner=\"{}\",state=\"{}\"", escaped(&partner.id), state.word())
    };
    let name = "xiezhi_oldest_waiting_seconds";
    family(page, name, "how long the oldest act has been in an open state at a partner", "gauge");
    for partner in partners {
        for (state, _, oldest) in &partner.waiting {
            let age_ms = oldest.map_or(0, |since| now.saturating_sub(since).max(0));
            let age = format!("{}.{:03}", age_ms / 1_000, age_ms % 1_000);
            line(page, name, &labels(partner, *state), age);
        }
    }
    let name = "xiezhi_waiting_acts";
    family(page, name, "acts in an open state at a partner", "gauge");
    for partner in partners {
        for (state, count, _) in &partner.waiting {
            line(page, name, &labels(partner, *state), count);
        }
    }
}

fn lanes(page: &mut String, partners: &[PartnerView]) {
    let families: [(&str, &str, fn(&PartnerView) -> u64); 5] = [
        ("xiezhi_in_flight", "exchanges under way", |partner| u64::from(partner.in_flight)),
        ("xiezhi_lane_paused", "1 while somebody has paused the lane", |partner| u64::from(partner.paused.is_some())),
        ("xiezhi_overdue_acts", "acts without an answer for longer than agreed", |partner| partner.overdue),
        ("xiezhi_lane_retired", "1 while its file is gone from the configuration and acts are open there", |partner| {
            u64::from(partner.retired)
        }),
        ("xiezhi_lane_broken", "1 while the breaker rests", |partner| u64::from(partner.broken_until.is_some())),
    ];
    for (name, help, value) in families {
        family(page, name, help, "gauge");
        for partner in partners {
            line(page, name, &format!("partner=\"{}\"", escaped(&partner.id)), value(partner));
        }
    }
}

/// Of inboxes whose file says how their clerks are reminded.
fn reminders(page: &mut String, partners: &[PartnerView]) {
    let name = "xiezhi_reminder_failures";
    family(page, name, "attempts in a row to remind the clerks of an inbox that failed", "gauge");
    for partner in partners {
        let Some(reminder) = &partner.reminder else { continue };
        line(page, name, &format!("partner=\"{}\"", escaped(&partner.id)), reminder.failures);
    }
}

fn deliveries(page: &mut String, courts: &[CourtView], now: i64) {
    let overdue = |court: &CourtView| court.oldest_due.map_or(0, |due| now.saturating_sub(due).max(0) / 1_000);
    let families: [(&str, &str, Vec<u64>); 5] = [
        (
            "xiezhi_deliveries_waiting",
            "requests with something that the court has not acknowledged",
            courts.iter().map(|court| court.waiting).collect(),
        ),
        (
            "xiezhi_deliveries_oldest_seconds",
            "how long the oldest of them has been due",
            courts.iter().map(|court| u64::try_from(overdue(court)).unwrap_or(0)).collect(),
        ),
        ("xiezhi_deliveries_in_flight", "attempts under way", courts.iter().map(|court| court.in_flight).collect()),
        (
            "xiezhi_deliveries_given_up",
            "requests whose last try failed",
            courts.iter().map(|court| court.given_up).collect(),
        ),
        (
            "xiezhi_deliveries_broken",
            "1 while the breaker rests",
            courts.iter().map(|court| u64::from(court.broken_until.is_some())).collect(),
        ),
    ];
    for (name, help, values) in families {
        family(page, name, help, "gauge");
        for (court, value) in courts.iter().zip(values) {
            line(page, name, &format!("court=\"{}\"", escaped(&court.court)), value);
        }
    }
}

/// What the engine counts, each family once and together, as the format wants it.
fn counted(page: &mut String, gate: &dyn Gate) {
    let mut values = gate.counters().values;
    values.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut last = "";
    for (name, labels, value) in values {
        if name != last {
            let counts = name.ends_with("_total");
            let (help, kind) = if counts { ("counted since start", "counter") } else { ("as it is now", "gauge") };
            family(page, name, help, kind);
            last = name;
        }
        line(page, name, &labels, value);
    }
}

fn family(page: &mut String, name: &str, help: &str, kind: &str) {
    page.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn line(page: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    page.push_str(&format!("{name}{braced} {value}\n"));
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
