//! Deliveries at run time: one attempt on tokio, written, signed, carried, and back to the decider; what courts may ask about them.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::trail::WebhookKey;
use domain::{Millis, RequestId};
use futures_util::FutureExt;
use store::record::{Fact, read_leaf};

use super::dispatch::tell;
use super::figures::LOOKED_AT_ONCE_MAX;
use super::head::Reading;
use super::{Engine, Shared};
use crate::command::{Command, Outgoing};
use crate::config::{CourtFile, DeliveryKey};
use crate::courier::{Carried, Parcel};
use crate::refusal::Refusal;
use crate::state::delivery::{Delivery, court_of, lane_name};
use crate::view::{AttemptView, Caller, CourtView, DeliveryView};

/// Starts an attempt whose beginning is durable.
pub fn begin(shared: &Arc<Shared>, outgoing: Outgoing) {
    shared.counts.deliveries.fetch_add(1, Ordering::Relaxed);
    let engine = Engine { shared: Arc::clone(shared) };
    let tokio = shared.tokio.clone();
    tokio.spawn(async move {
        let mut stopping = engine.shared.stopping.subscribe();
        let attempt = AssertUnwindSafe(engine.attempt(&outgoing)).catch_unwind();
        let (version, end) = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => (0, Carried::failed("interrupted")),
            ended = attempt => ended.unwrap_or_else(|_| (0, Carried::failed("panicked"))),
        };
        if end == Carried::Acknowledged {
            engine.shared.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        tell(&engine.shared, Command::Carried { outgoing, version, end }).await;
    });
}

impl Engine {
    /// Writes, signs and carries; with the version that was carried.
    async fn attempt(&self, outgoing: &Outgoing) -> (u64, Carried) {
        match self.parcel(outgoing).await {
            Ok((version, parcel)) => (version, self.shared.courier.carry(&parcel).await),
            Err(cause) => (0, Carried::failed(cause)),
        }
    }

    async fn parcel(&self, outgoing: &Outgoing) -> Result<(u64, Parcel), &'static str> {
        let shared = &self.shared;
        let config = self.config();
        let court = config.courts.get(&outgoing.court).ok_or("origin")?;
        let papers = shared.papers.request(outgoing.request).ok_or("unreadable")?;
        let url = papers.callback.clone().ok_or("unreadable")?;
        // The court's file may have changed since the request was accepted.
        if !crate::decide::is_listed(court, url.expose()) {
            return Err("origin");
        }
        let view = self.durable_view(RequestId(outgoing.request)).await.map_err(|refusal| match refusal {
            crate::refusal::Refusal::ContentUnreadable => "unreadable",
            _ => "unavailable",
        })?;
        // A version is acknowledged once and for all: it waits until it can be told whole.
        if view.acts.iter().any(|act| act.unreadable) {
            return Err("unreadable");
        }
        let became = shared.papers.event(view.version).ok_or("unreadable")?.at;
        let body = shared.courier.write(&view, outgoing.previous, became);
        let id = format!("{}-{}", view.id, view.version);
        let sent_at_s = shared.clock.wall().div_euclid(1_000);
        let signatures: Vec<String> =
            shared.delivery_keys(court).iter().map(|key| key.sign(&id, sent_at_s, &body)).collect();
        let parcel = Parcel {
            route: outgoing.court.clone(),
            url,
            id,
            sent_at_s,
            signatures: signatures.join(" "),
            body: domain::Personal::new(body),
        };
        Ok((view.version, parcel))
    }

    /// What a court has of a request, and the newest attempts, oldest first; no attempts when they are no longer remembered.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unavailable`].
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: RequestId,
    ) -> Result<(Option<DeliveryView>, Vec<AttemptView>), Refusal> {
        self.court_and_version(caller, id)?;
        let attempts: Vec<u64> = {
            let decider = self.shared.decider.read();
            let of = decider.state.deliveries.by_request.get(&id.0);
            of.map(|of| of.attempts.iter().copied().collect()).unwrap_or_default()
        };
        self.done(Command::Barrier).await?;
        let attempts = attempts.into_iter().filter_map(|sequence| self.attempt_view(sequence)).collect();
        Ok((self.shared.delivery_of(id), attempts))
    }

    fn attempt_view(&self, sequence: u64) -> Option<AttemptView> {
        let leaf = read_leaf(&self.shared.reader.read(sequence).ok()??.leaf).ok()?;
        let Fact::DeliveryEnded(fact) = leaf.fact else { return None };
        Some(AttemptView {
            sequence,
            at: leaf.at,
            judged: fact.judged,
            cause: fact.cause,
            version: fact.version,
            previous: fact.previous,
            due: fact.due,
        })
    }

    /// Delivers the newest version again to a court that has everything up to `since`; gives that version.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::WrongState`] for a request without callback; [`Refusal::OutOfBounds`].
    pub async fn redeliver(&self, caller: &Caller, id: RequestId, since: u64) -> Result<u64, Refusal> {
        let closed = self.court_and_version(caller, id)?;
        let papers = self.shared.papers.request(id.0).ok_or_else(|| self.shared.papers.absence(id.0))?;
        if papers.callback.is_none() {
            return Err(Refusal::WrongState { state: "no_callback" });
        }
        let by = caller.token.clone();
        match self.done(Command::Redeliver { request: id, by: by.clone(), since, closed }).await {
            // Finished in between.
            Err(Refusal::NotFound) => {
                let closed = self.court_and_version(caller, id)?;
                self.done(Command::Redeliver { request: id, by, since, closed }).await
            }
            other => other,
        }
    }

    /// Court and version of a finished request; `None` for an open one. Another court's is not found.
    fn court_and_version(&self, caller: &Caller, id: RequestId) -> Result<Option<(String, u64)>, Refusal> {
        let known = self.shared.known_to(caller, id)?;
        Ok(known.closed.map(|closed| (closed.court, closed.version)))
    }

    /// The courts that a caller may see, with their deliveries together; all of them for the gateway's own use.
    #[must_use]
    pub fn courts(&self, of: Option<&str>) -> Vec<CourtView> {
        let now = self.now();
        let config = self.config();
        let asked = || config.courts.values().filter(|court| of.is_none_or(|of| of == court.code));
        let mut views: Vec<CourtView> = asked().map(|court| self.shared.court_view(court)).collect();
        let mut by_lane: BTreeMap<u16, &mut CourtView> = BTreeMap::new();
        {
            let decider = self.shared.decider.read();
            for view in &mut views {
                let Some(lane) = decider.state.lane_of(&lane_name(&view.court)) else { continue };
                let rests = decider.state.lane(lane).map(|lane| lane.record.rests_until);
                view.broken_until = rests.filter(|until| *until > now);
                by_lane.insert(lane, view);
            }
        }
        each_delivery(
            || self.shared.decider.read(),
            |of| {
                let Some(view) = by_lane.get_mut(&of.lane) else { return };
                view.in_flight += u64::from(of.is_under_way());
                view.given_up += u64::from(of.given_up);
                view.waiting += u64::from(of.due_at != 0 || of.is_under_way());
                if of.due_at != 0 {
                    view.oldest_due = Some(view.oldest_due.map_or(of.due_at, |oldest: Millis| oldest.min(of.due_at)));
                }
            },
        );
        views
    }
}

/// Looks at what courts have of each request, so many under one reading of the state, as at acts.
fn each_delivery<'h>(read: impl Fn() -> Reading<'h>, mut look: impl FnMut(&Delivery)) {
    let mut from = 0;
    loop {
        let decider = read();
        let mut some = decider.state.deliveries.by_request.range(from..).take(LOOKED_AT_ONCE_MAX).peekable();
        if some.peek().is_none() {
            return;
        }
        for (request, of) in some {
            look(of);
            from = request.saturating_add(1);
        }
    }
}

impl Shared {
    fn court_view(&self, court: &Arc<CourtFile>) -> CourtView {
        let keys = self.delivery_keys(court).iter().filter_map(WebhookKey::public).collect();
        CourtView { court: court.code.clone(), keys, ..CourtView::default() }
    }

    /// The keys of a court, newest first.
    fn delivery_keys(&self, court: &CourtFile) -> Vec<WebhookKey> {
        self.signing_keys(&court.code, &court.delivery.keys)
    }

    /// The keys that somebody's messages are signed with: as the files give them, or of this installation's own.
    pub(super) fn signing_keys(&self, of: &str, keys: &[DeliveryKey]) -> Vec<WebhookKey> {
        let key = |key: &DeliveryKey| match key {
            DeliveryKey::Given(key) => key.clone(),
            DeliveryKey::Derived(generation) => {
                let salt = format!("{of}/{generation}");
                let seed = self.vault.keys().root().derive("delivery-signing", salt.as_bytes());
                WebhookKey::from_seed(seed.expose_for_wrap())
            }
        };
        keys.iter().map(key).collect()
    }

    /// What a court has of a request, as far as that is remembered.
    pub(crate) fn delivery_of(&self, id: RequestId) -> Option<DeliveryView> {
        let decider = self.decider.read();
        let of = decider.state.deliveries.by_request.get(&id.0)?;
        debug_assert!(court_of(decider.state.partner_of(of.lane)).is_some(), "a delivery outside its court's lane");
        Some(DeliveryView {
            state: of.word(),
            acknowledged: of.acknowledged,
            tries: of.tries,
            due: (of.due_at != 0).then_some(of.due_at),
        })
    }
}
