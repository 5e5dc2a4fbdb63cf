//! An exchange ended: what it says about the act, when it is tried or asked again, and whether the lane rests.

use domain::outcome::{Outcome, Reason, Verdict};
use domain::partner::{Breaker, DoubtPolicy, Partner, Retry};
use domain::socket::{Cause, Judged};
use domain::{ActId, ActKind, ActState, Day, Flaw, Millis, Money, Personal, Untaken};
use store::record::{Body, ExchangeEnded, OutcomeTwin};

use super::Decider;
use super::duties::names_co_owner;
use crate::command::Answer;
use crate::refusal::Refusal;
use crate::state::lane::is_the_partners;
use crate::state::measure::NO_DAY;
use crate::state::slab::Index;
use crate::state::{Act, short_hash};

/// What is assumed of a partner that the configuration no longer names.
const ABSENT_DOUBT: DoubtPolicy =
    DoubtPolicy { deduplicates: false, can_be_asked: false, ask_after_ms: 60_000, not_found_final_after_ms: None };
const ABSENT_RETRY: Retry = Retry { first_ms: 60_000, max_ms: 3_600_000 };
const ABSENT_ASK_EVERY_MS: u64 = 86_400_000;
const ABSENT_BREAKER: Breaker = Breaker { failures: 5, open_ms: 60_000 };

struct After {
    state: ActState,
    due: Option<Millis>,
    judged: &'static str,
    cause: String,
    outcome: Option<Outcome>,
}

impl After {
    fn plain(state: ActState, judged: &'static str) -> Self {
        Self { state, due: None, judged, cause: String::new(), outcome: None }
    }
}

impl Decider {
    pub(super) fn ended(&mut self, exchange: u64, act_id: ActId, judged: Judged) -> Result<Answer, Refusal> {
        let Some(index) = self.state.act_index(act_id) else { return Err(Refusal::NotFound) };
        let Some(act) = self.state.acts.get(index).filter(|act| act.exchange == exchange).cloned() else {
            return Err(Refusal::WrongState { state: "exchange_over" });
        };
        let partner = self.partner(act.lane);
        let after = self.after(&act, judged, partner.as_deref());
        let breaks = self.breaks(&act, &after, partner.as_deref());
        let shown = after.outcome.as_ref().map_or_else(Vec::new, |outcome| self.shown_by(&act, outcome));
        let before = self.before_news(&act);
        let verdict = after.outcome.as_ref().map_or(String::new(), |outcome| outcome.verdict.word().to_owned());
        let body = after.outcome.as_ref().map(|outcome| Body::Outcome(Box::new(OutcomeTwin::from(outcome))));
        let slot = if body.is_some() { self.slot_of(index) } else { 0 };
        let fact = ExchangeEnded {
            act: act_id.into(),
            breaks,
            cause: after.cause,
            due: after.due,
            exchange,
            judged: after.judged.to_owned(),
            partner: self.state.partner_of(act.lane).to_owned(),
            state: after.state.word().to_owned(),
            verdict,
        };
        let co_owned = after.outcome.as_ref().is_some_and(names_co_owner);
        let left = after.outcome.as_ref().and_then(|outcome| outcome.left);
        let sequence = self.emit(fact.into(), body, slot);
        self.tell_co_owners(index, co_owned);
        self.after_news(&act, before);
        self.hold_to_what_is_left(index, left);
        self.stand_as_shown(index, shown);
        self.after_outcome(index);
        Ok(Answer::Done(sequence))
    }

    /// Whatever an outcome makes possible: the goal goes on, or the request is finished.
    pub(super) fn after_outcome(&mut self, index: Index) {
        let Some(act) = self.state.acts.get(index) else { return };
        let request = act.request;
        if act.state().is_final() {
            self.go_on(request);
        }
    }

    fn after(&mut self, act: &Act, judged: Judged, partner: Option<&Partner>) -> After {
        let doubt = partner.map_or(ABSENT_DOUBT, |partner| partner.doubt);
        let was_question = act.state() != ActState::Sending;
        match as_it_can_be(act, judged, partner) {
            // Leads are commands of their own, and were given before this one.
            Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) => {
                let outcome = fit(act, *outcome);
                let due = (outcome.verdict == Verdict::Registered && doubt.can_be_asked)
                    .then(|| self.goes_on_at(&outcome, partner));
                After { due, outcome: Some(outcome.clone()), ..After::plain(outcome.verdict.state(), "answered") }
            }
            Judged::Accepted => {
                let due = doubt.can_be_asked.then(|| self.again_at(act, partner, doubt.ask_after_ms));
                After { due, ..After::plain(ActState::Awaiting, "accepted") }
            }
            Judged::NotFound if was_question => self.not_found(act, &doubt, partner),
            Judged::NotFound => self.doubtful(act, Cause::Schema, &doubt, partner),
            Judged::NotSent { cause: Cause::Unencodable, .. } if !was_question && !act.doubted => {
                let outcome = Outcome::of(Verdict::NeverReached).because(Reason::Unsupported, "");
                After { outcome: Some(outcome), ..After::plain(ActState::Unsent, "answered") }
            }
            Judged::NotSent { cause, retry_after_ms } => {
                let state = if was_question { act.state() } else { self.not_sent_state(act) };
                let due = self.again_at(act, partner, retry_after_ms.unwrap_or(0));
                let due = state.is_open().then_some(due);
                After { due, cause: cause_word(cause), ..After::plain(state, "not_sent") }
            }
            Judged::Doubt { cause } if was_question => {
                let due = self.again_at(act, partner, doubt.ask_after_ms);
                After { due: Some(due), cause: cause_word(cause), ..After::plain(act.state(), "doubt") }
            }
            Judged::Doubt { cause } => self.doubtful(act, cause, &doubt, partner),
        }
    }

    /// What is registered for later is asked about on the day the partner named, and in its own slow rhythm otherwise.
    fn goes_on_at(&self, outcome: &Outcome, partner: Option<&Partner>) -> Millis {
        let rhythm = self.in_ms(partner.map_or(ABSENT_ASK_EVERY_MS, |partner| partner.ask_every_ms));
        outcome.due.map_or(rhythm, |day| day.start().clamp(self.now + 1, rhythm))
    }

    /// What provably did not leave is ready again, unless its request may start nothing any more. That this message did
    /// not leave says nothing about an earlier one that may have: such an act stays in doubt.
    fn not_sent_state(&self, act: &Act) -> ActState {
        if act.doubted {
            return ActState::InDoubt;
        }
        let request = self.state.requests.get(act.request);
        let may_go = request.is_none_or(crate::state::OpenRequest::may_start) || act.kind().ends_a_measure();
        let may_go = may_go && !self.is_suspended(act);
        if may_go { ActState::Ready } else { ActState::Unsent }
    }

    fn doubtful(&mut self, act: &Act, cause: Cause, doubt: &DoubtPolicy, partner: Option<&Partner>) -> After {
        let cause = cause_word(cause);
        if act.kind().harmless_to_repeat() {
            let state = self.not_sent_state(act);
            let due = self.again_at(act, partner, 0);
            return After { due: state.is_open().then_some(due), cause, ..After::plain(state, "doubt") };
        }
        let by_itself = doubt.can_be_asked || doubt.deduplicates;
        let due = by_itself.then(|| self.again_at(act, partner, doubt.ask_after_ms));
        After { due, cause, ..After::plain(ActState::InDoubt, "doubt") }
    }

    /// "Not found" is believed only after the time the partner has stated; no statement = never.
    fn not_found(&mut self, act: &Act, doubt: &DoubtPolicy, partner: Option<&Partner>) -> After {
        let believed_from = doubt
            .not_found_final_after_ms
            .map(|ms| act.sent_at.saturating_add(Millis::try_from(ms).unwrap_or(Millis::MAX)));
        let absent = believed_from.is_some_and(|from| act.began_at >= from);
        if absent {
            let mut settled = act.clone();
            settled.doubted = false;
            let state = self.not_sent_state(&settled);
            return After { due: state.is_open().then_some(self.now), ..After::plain(state, "not_found") };
        }
        let again = self.again_at(act, partner, doubt.ask_after_ms);
        let due = believed_from.map_or(again, |from| again.min(from.max(self.now + 1)));
        After { due: Some(due), ..After::plain(ActState::InDoubt, "not_found") }
    }

    /// Capped exponential, at least `floor_ms` (what the partner asked, or the first wait before a question), with up
    /// to a quarter of jitter so that what failed together does not come back together.
    fn backoff(&mut self, act: &Act, partner: Option<&Partner>, floor_ms: u64) -> u64 {
        let retry = partner.map_or(ABSENT_RETRY, |partner| partner.retry);
        let doubled = retry.first_ms.saturating_mul(1_u64 << u32::from(act.tries).min(20));
        let wait = doubled.max(floor_ms).min(retry.max_ms.max(1));
        wait - self.random_below(wait / 4 + 1).min(wait.saturating_sub(floor_ms.min(wait)))
    }

    fn again_at(&mut self, act: &Act, partner: Option<&Partner>, floor_ms: u64) -> Millis {
        // At a start nothing is configured yet: what the stop interrupted goes on as soon as it is, not a guessed wait later.
        if partner.is_none() {
            return self.now;
        }
        let wait_ms = self.backoff(act, partner, floor_ms);
        self.in_ms(wait_ms)
    }

    fn in_ms(&self, wait_ms: u64) -> Millis {
        self.now.saturating_add(Millis::try_from(wait_ms).unwrap_or(Millis::MAX))
    }

    /// Enough failures in a row on the partner's side: the lane rests.
    fn breaks(&self, act: &Act, after: &After, partner: Option<&Partner>) -> Option<Millis> {
        let failed = matches!(after.judged, "not_sent" | "doubt") && is_the_partners(&after.cause);
        let breaker = partner.map_or(ABSENT_BREAKER, |partner| partner.breaker);
        let failures = self.state.lane(act.lane).map_or(0, |lane| lane.record.failures);
        (failed && failures + 1 >= breaker.failures).then(|| self.in_ms(breaker.open_ms))
    }
}

fn cause_word(cause: Cause) -> String {
    match cause {
        Cause::Status(status) => format!("status_{status}"),
        other => other.word().to_owned(),
    }
}

/// Reads the partner's sums against what was ordered: less than ordered is `partly`, whatever word came with it.
///
/// Forms that do not repeat what was ordered cannot say whether a shortfall matters: they say `done` and give `insufficient` or
/// `prior_right` as the reason. Of a freeze or a transfer that is a part; a release or a renewal was done all the same, because the
/// sums that come with it are of the freeze.
pub(crate) fn fit(act: &Act, mut outcome: Outcome) -> Outcome {
    let ordered = Money::from_units(act.amount);
    if act.to != NO_DAY && (act.kind().is_lasting() || act.kind() == ActKind::Renew) {
        end_as_ordered(&mut outcome, Day::from_count(act.to));
    }
    // Only a freeze stands in a queue; of anything else it says that others go before and that it was not done.
    if outcome.verdict == Verdict::Queued && act.kind() != ActKind::Freeze {
        outcome.verdict = Verdict::Refused;
        outcome.reason = outcome.reason.or(Some(Reason::PriorRight));
    }
    match act.kind() {
        ActKind::Freeze => fit_freeze(act, ordered, &mut outcome),
        kind if kind.transfers() => fit_transfer(ordered, &mut outcome),
        ActKind::Renew => fit_renewal(act, &mut outcome),
        _ => forget_shortfall(&mut outcome),
    }
    if act.kind().is_control() && outcome.verdict == Verdict::NoSuchCustomer {
        outcome.verdict = Verdict::Refused;
        outcome.reason = outcome.reason.or(Some(Reason::NotFound));
    }
    outcome
}

/// Sums that come with what has none of its own are those of its freeze.
fn forget_shortfall(outcome: &mut Outcome) {
    if outcome.verdict == Verdict::Done && fell_short(outcome) {
        outcome.reason = None;
    }
}

/// A renewal that is told to end before the day that was ordered holds until then, and is a part of what was ordered.
fn fit_renewal(act: &Act, outcome: &mut Outcome) {
    forget_shortfall(outcome);
    let ordered = Day::from_count(act.to);
    let Some(told) = outcome.to.filter(|told| act.to != NO_DAY && *told < ordered) else { return };
    if matches!(outcome.verdict, Verdict::Done | Verdict::Partly) {
        outcome.verdict = Verdict::Partly;
        outcome.reason = outcome.reason.or(Some(Reason::EndsEarly));
        add_words(outcome, &format!("所报止期{told}早于所令止期{ordered}，按所报止期计"));
    }
}

/// Was there less than was asked for?
fn fell_short(outcome: &Outcome) -> bool {
    matches!(outcome.reason, Some(Reason::Insufficient | Reason::PriorRight))
}

fn fit_freeze(act: &Act, ordered: Money, outcome: &mut Outcome) {
    outcome.moved = None;
    // A limit of nothing is what a release leaves, and none that a freeze could be measured by.
    let limit = outcome.limit.filter(|limit| limit.is_positive()).unwrap_or(ordered);
    let short = outcome.caught.is_some_and(|caught| caught < limit) || fell_short(outcome) || limit < ordered;
    if outcome.verdict == Verdict::Done && short {
        outcome.verdict = Verdict::Partly;
    }
    // Forms without a word for it say "part of it" and mean: registered behind others, nothing held yet.
    let behind = outcome.ahead.iter().any(|prior| !act.takes_over(prior)) || outcome.reason == Some(Reason::PriorRight);
    if outcome.verdict == Verdict::Partly && behind && outcome.caught == Some(Money::ZERO) {
        outcome.verdict = Verdict::Queued;
    }
    let stands = matches!(outcome.verdict, Verdict::Done | Verdict::Partly | Verdict::Queued);
    if stands && limit != ordered && ordered.is_positive() {
        outcome.reason = outcome.reason.or(Some(Reason::LimitDiffers));
        add_words(outcome, &format!("所报限额{limit}元与所令{ordered}元不符"));
    }
}

fn fit_transfer(ordered: Money, outcome: &mut Outcome) {
    outcome.moved = outcome.moved.or(outcome.caught);
    outcome.caught = None;
    let moved = outcome.moved.unwrap_or(ordered);
    match outcome.verdict {
        Verdict::Done | Verdict::Partly if moved == Money::ZERO && ordered.is_positive() => {
            outcome.verdict = Verdict::Refused;
        }
        Verdict::Done if moved < ordered || fell_short(outcome) => outcome.verdict = Verdict::Partly,
        _ => {}
    }
}

/// No effect outlasts what the court ordered (rule D9), whatever end was registered; what was told stands in the words.
fn end_as_ordered(outcome: &mut Outcome, last: Day) {
    let Some(told) = outcome.to.filter(|told| *told > last) else { return };
    outcome.to = Some(last);
    add_words(outcome, &format!("所报止期{told}晚于所令，按所令止期计"));
}

/// What was made of the answer, behind the partner's own words.
fn add_words(outcome: &mut Outcome, said: &str) {
    let words = outcome.text.as_ref().map(|text| format!("{}；", text.expose())).unwrap_or_default();
    outcome.text = Some(Personal::new(format!("{words}{said}")));
}

/// An answer that cannot be what the partner means says nothing, whichever way it came: a feed is asked to look again, and of
/// what was called out nobody knows what became.
fn as_it_can_be(act: &Act, judged: Judged, partner: Option<&Partner>) -> Judged {
    match judged {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _)
            if contradiction(act, &outcome, partner).is_some() =>
        {
            Judged::Doubt { cause: Cause::Schema }
        }
        judged => judged,
    }
}

/// Why an answer cannot be what the partner means, in its language: it is about another sort of order, lacks the sum without which
/// nobody knows what was done, or tells of an effect that was over before it was ordered.
pub(crate) fn contradiction(act: &Act, outcome: &Outcome, partner: Option<&Partner>) -> Option<Untaken> {
    if outcome.about.is_some_and(|about| !about.fits(act.kind())) {
        return Some(Untaken::of_kind(act.kind()));
    }
    if partner.is_some_and(|partner| is_of_another(act, outcome, partner)) {
        return Some(Flaw::AnotherAccount.into());
    }
    if lacks_sum(act, outcome, partner) {
        let missing = if act.kind() == ActKind::Freeze { Flaw::CaughtMissing } else { Flaw::MovedMissing };
        return Some(missing.into());
    }
    let lasts = act.kind().is_lasting() || act.kind() == ActKind::Renew;
    let effect = lasts && outcome.verdict.state().took_effect();
    let over = outcome.to.filter(|to| effect && act.sent_at > 0 && *to < Day::of(act.sent_at));
    over.map(|_| Flaw::EndsTooEarly.into())
}

/// Does it name accounts, and none that was ordered?
fn is_of_another(act: &Act, outcome: &Outcome, partner: &Partner) -> bool {
    let is_ordered = |number: &Personal<String>| short_hash(&[&partner.id, number.expose()]) == act.asset;
    let numbers = &outcome.account_numbers;
    act.kind().is_control() && act.asset != 0 && !numbers.is_empty() && !numbers.iter().any(is_ordered)
}

/// Done, all or in part, without a word of how much: what was ordered is not what was got.
fn lacks_sum(act: &Act, outcome: &Outcome, partner: Option<&Partner>) -> bool {
    let took = matches!(outcome.verdict, Verdict::Done | Verdict::Partly) && act.amount > 0;
    match act.kind() {
        ActKind::Freeze => took && outcome.caught.is_none() && partner.is_some_and(|partner| partner.kind.holds_sums()),
        kind => took && kind.transfers() && outcome.moved.is_none(),
    }
}
