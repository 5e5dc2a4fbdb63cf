//! Reminders at run time: one attempt on tokio, written, signed, carried, and back to the decider; how they stand.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::trail::WebhookKey;
use domain::Personal;
use futures_util::FutureExt;

use super::dispatch::tell;
use super::{Engine, Shared};
use crate::command::Command;
use crate::courier::{Carried, Parcel, Reminding, reminder_route};
use crate::decide::look::look_through;
use crate::inbox::ReminderView;

/// Starts an attempt whose beginning is durable. A stop lets it end: cut off, it would be said again after the next start.
pub fn begin(shared: &Arc<Shared>, reminding: Reminding) {
    shared.counts.reminders.fetch_add(1, Ordering::Relaxed);
    let shared = Arc::clone(shared);
    let tokio = shared.tokio.clone();
    tokio.spawn(async move {
        let attempt = AssertUnwindSafe(shared.remind(&reminding)).catch_unwind();
        let end = attempt.await.unwrap_or_else(|_| Carried::failed("panicked"));
        let Reminding { partner, reminder, .. } = reminding;
        match &end {
            Carried::Acknowledged => {
                shared.counts.reminders_acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Carried::Failed { cause, .. } => {
                tracing::warn!(partner, cause, "the clerks of an inbox were not reminded; look at [reminder] in the partner's file and at what it names");
            }
        }
        tell(&shared, Command::Reminded { partner, reminder, end }).await;
    });
}

impl Shared {
    async fn remind(&self, reminding: &Reminding) -> Carried {
        let terms = self.decider.read().config().reminders.get(&reminding.partner).cloned();
        let Some(terms) = terms else { return Carried::failed("origin") };
        let body = self.courier.remind(reminding, &terms.link);
        let route = reminder_route(&reminding.partner);
        let id = format!("{}-{}", reminding.partner, reminding.first);
        let sent_at_s = self.clock.wall().div_euclid(1_000);
        let keys = self.signing_keys(&route, &terms.keys);
        let signatures: Vec<String> = keys.iter().map(|key| key.sign(&id, sent_at_s, &body)).collect();
        let parcel = Parcel {
            route,
            url: terms.url.clone(),
            id,
            sent_at_s,
            signatures: signatures.join(" "),
            body: Personal::new(body),
        };
        self.courier.carry(&parcel).await
    }

    /// How the clerks of a partner are reminded; `None` = its file says nothing of it.
    fn reminder_view(&self, partner: &str) -> Option<ReminderView> {
        let read = || self.decider.read();
        read().config().reminders.get(partner)?;
        let found = look_through(read, partner, self.clock.wall());
        let decider = read();
        let terms = decider.config().reminders.get(partner)?;
        let told = decider.state.reminders.get(partner);
        let under_way = told.is_some_and(crate::state::reminder::Reminder::is_under_way);
        let keys = self.signing_keys(&reminder_route(partner), &terms.keys);
        Some(ReminderView {
            reminded: told.map(|told| told.acknowledged_at).filter(|at| *at != 0),
            next: decider.next_reminder(partner, &found).filter(|_| !under_way),
            failures: told.map_or(0, |told| told.failures),
            cause: told.map(|told| told.cause.clone()).unwrap_or_default(),
            keys: keys.iter().filter_map(WebhookKey::public).collect(),
        })
    }
}

impl Engine {
    pub(super) fn reminder_of(&self, partner: &str) -> Option<ReminderView> {
        self.shared.reminder_view(partner)
    }
}
