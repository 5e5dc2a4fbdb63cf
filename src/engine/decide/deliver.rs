//! Deliveries: what is due to a court, whether its lane lets it go, when a failed one goes again, and when somebody asks for more.

use domain::{Millis, RequestId};
use store::record::{DeliveryAsked, DeliveryBegan, DeliveryEnded};

use super::Decider;
use crate::command::{Answer, ClosedRequest, Outgoing};
use crate::config::{CourtFile, DeliveryTerms};
use crate::courier::Carried;
use crate::refusal::Refusal;
use crate::state::delivery::{Delivery, court_of, is_the_receivers};

/// Deliveries begun in one go per court, so that one full lane cannot hold up the others' decisions.
const DELIVERIES_PER_PUMP_MAX: usize = 64;
/// A receiver may ask to be left alone for so long at most.
pub(super) const LEFT_ALONE_MS_MAX: u64 = 24 * 3_600_000;
/// One part in so many of a wait is drawn, so that what failed together does not come back together.
pub(super) const JITTER_PART: u64 = 10;

impl Decider {
    /// The court that a lane belongs to; `None` for a partner's lane.
    pub(super) fn court_of_lane(&self, lane: u16) -> Option<String> {
        court_of(self.state.partner_of(lane)).map(str::to_owned)
    }

    /// Begins what is due to a court. A court that the files no longer name gets nothing until they do again.
    pub(super) fn pump_court(&mut self, lane: u16, court: &str) {
        let Some(terms) = self.config.courts.get(court).map(|court: &std::sync::Arc<CourtFile>| court.delivery.clone())
        else {
            return;
        };
        for _ in 0..DELIVERIES_PER_PUMP_MAX {
            let Some((due, request)) = self.state.deliveries.first_due(lane) else { return };
            if due > self.now {
                return self.wake_at(lane, Some(due));
            }
            if let Err(wake) = self.may_deliver(lane, &terms) {
                return self.wake_at(lane, wake);
            }
            let Some((version, previous)) =
                self.state.deliveries.by_request.get(&request).map(|of| (of.version, of.acknowledged))
            else {
                return;
            };
            let delivery = self.emit(DeliveryBegan { court: court.to_owned(), request, version }.into(), None, 0);
            self.outgoing.push(Outgoing { delivery, request, court: court.to_owned(), previous });
        }
        self.wake_at(lane, Some(self.now));
    }

    /// The lane's own limits. `Err(None)` = an attempt that ends will wake it.
    fn may_deliver(&self, lane: u16, terms: &DeliveryTerms) -> Result<(), Option<Millis>> {
        let Some(state) = self.state.lane(lane) else { return Err(None) };
        if state.record.rests_until > self.now {
            return Err(Some(state.record.rests_until));
        }
        let probing = state.record.failures >= terms.breaker.failures;
        if state.in_flight >= terms.in_flight_max || (probing && state.in_flight > 0) {
            return Err(None);
        }
        match state.window_opens(terms.rate.max, terms.rate.window_ms, self.now) {
            Some(opens) => Err(Some(opens)),
            None => Ok(()),
        }
    }

    /// An attempt ended. What is not acknowledged goes again, because nobody can know that it was not received.
    pub(super) fn carried(&mut self, outgoing: &Outgoing, version: u64, end: Carried) -> Result<Answer, Refusal> {
        let Outgoing { delivery, request, previous, .. } = *outgoing;
        let Some(of) = self.state.deliveries.by_request.get(&request).filter(|of| of.under_way == delivery).cloned()
        else {
            return Err(Refusal::WrongState { state: "delivery_over" });
        };
        let court = self.court_of_lane(of.lane).unwrap_or_default();
        let terms = self.config.courts.get(&court).map(|court| court.delivery.clone()).unwrap_or_default();
        let version = if version == 0 { of.version } else { version };
        let (judged, due, cause) = match end {
            Carried::Acknowledged => ("acknowledged", None, String::new()),
            Carried::Failed { cause, retry_after_ms } => {
                let due = self.due_again(&of, version, &terms, &cause, retry_after_ms);
                (if due.is_some() { "not_acknowledged" } else { "given_up" }, due, cause)
            }
        };
        let tries = if cause == "interrupted" { of.tries } else { of.tries.saturating_add(1) };
        let failures = self.state.lane(of.lane).map_or(0, |lane| lane.record.failures);
        let breaks = (is_the_receivers(&cause) && failures + 1 >= terms.breaker.failures)
            .then(|| self.later(terms.breaker.open_ms));
        let fact = DeliveryEnded {
            breaks,
            cause,
            court,
            delivery,
            due,
            judged: judged.to_owned(),
            previous,
            request,
            tries,
            version,
        };
        Ok(Answer::Done(self.emit(fact.into(), None, 0)))
    }

    /// When a failed attempt goes again; `None` = it is given up.
    fn due_again(
        &mut self,
        of: &Delivery,
        version: u64,
        terms: &DeliveryTerms,
        cause: &str,
        retry_after_ms: Option<u64>,
    ) -> Option<Millis> {
        if cause == "interrupted" {
            return Some(self.now);
        }
        // What came meanwhile has every try before it.
        let tries = if of.version > version { 0 } else { of.tries };
        let gone = cause == "gone" && of.version <= version;
        let wait = terms.retry_ms.get(usize::try_from(tries).unwrap_or(usize::MAX)).copied().filter(|_| !gone)?;
        let wait = wait.saturating_add(self.random_below(wait / JITTER_PART + 1));
        Some(self.later(wait.max(retry_after_ms.unwrap_or(0).min(LEFT_ALONE_MS_MAX))))
    }

    fn later(&self, wait_ms: u64) -> Millis {
        self.now.saturating_add(Millis::try_from(wait_ms).unwrap_or(Millis::MAX))
    }

    /// Delivers the newest version once more to a court that has everything up to `since`. Asking twice is asking once.
    pub(super) fn redeliver(
        &mut self,
        request: RequestId,
        by: String,
        since: u64,
        closed: Option<(String, u64)>,
    ) -> Result<Answer, Refusal> {
        let open = self.state.request_index(request).and_then(|index| self.state.requests.get(index));
        let (court, version) = match (open, closed) {
            (Some(open), _) => (self.state.word(open.court).to_owned(), open.version),
            (None, Some(closed)) => closed,
            (None, None) => return Err(Refusal::NotFound),
        };
        if since > version {
            return Err(Refusal::OutOfBounds {
                at: "/since_version",
                bound: "0至该请求的当前版本 · 0 up to the request's version",
            });
        }
        let waits = self.state.deliveries.by_request.get(&request.0).is_some_and(|of| {
            of.acknowledged <= since && (of.is_under_way() || (of.due_at != 0 && of.due_at <= self.now))
        });
        if since == version || waits {
            return Ok(Answer::Done(version));
        }
        self.emit(DeliveryAsked { by, court, request: request.0, since, version }.into(), None, 0);
        Ok(Answer::Done(version))
    }

    /// News of a finished request: its court has what it had acknowledged, or what it was last told.
    pub(super) fn tell_late(&mut self, closed: &ClosedRequest, before: u64) {
        let known = self.state.deliveries.by_request.get(&closed.sequence).map(|of| of.acknowledged);
        let fact = DeliveryAsked {
            by: String::new(),
            court: closed.court.clone(),
            request: closed.sequence,
            since: known.unwrap_or(before),
            version: closed.version,
        };
        self.emit(fact.into(), None, 0);
    }

    /// At a start: what was under way may have been received or not.
    pub(super) fn interrupted_deliveries(&self) -> impl Iterator<Item = Outgoing> {
        self.state.deliveries.under_way().map(|(request, of)| Outgoing {
            delivery: of.under_way,
            request,
            court: String::new(),
            previous: of.acknowledged,
        })
    }

    /// A configuration came into force: courts may be reachable again.
    pub(super) fn rouse_courts(&mut self) {
        let courts: Vec<(u16, usize)> = (0..)
            .zip(&self.state.lanes)
            .filter_map(|(lane, of)| {
                let court = self.config.courts.get(court_of(&of.record.partner)?)?;
                Some((lane, usize::try_from(court.delivery.rate.max).unwrap_or(usize::MAX)))
            })
            .collect();
        for (lane, keep) in courts {
            if let Some(lane) = self.state.lane_mut(lane) {
                lane.ring_keep = keep;
            }
            self.state.stirred.insert(lane);
        }
    }
}
