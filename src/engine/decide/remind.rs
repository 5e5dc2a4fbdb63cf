//! Reminders: when clerks are told what waits in their inbox, and when an attempt that failed is made again.
//!
//! Three occasions, each of them bounded to the partner's hours and to so many a day: something came that no reminder named, the
//! partner opened and something still waits, an answer became overdue. All of them say everything that waits, so one is enough.

use domain::outcome::Verdict;
use domain::partner::Partner;
use domain::{ActState, Day, Millis};
use store::record::{ActRef, ReminderBegan, ReminderEnded};

use super::Decider;
use super::deliver::{JITTER_PART, LEFT_ALONE_MS_MAX};
use super::look::{Found, Look};
use crate::command::Answer;
use crate::config::ReminderTerms;
use crate::courier::{Carried, Reminding};
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::lane::Lane;
use crate::state::reminder::Reminder;

/// An inbox is looked through so often at most: a burst of ten thousand acts stirs its lane with each of them.
const LOOK_MS: Millis = 1_000;

/// Why clerks are reminded, the most pressing first.
const CAUSES: [&str; 3] = ["overdue", "arrived", "waiting"];

/// Nothing was said yet; what is registered for later has a day of its own.
pub(crate) fn waits_for_its_partner(act: &Act) -> bool {
    act.state() == ActState::Awaiting && act.verdict() != Some(Verdict::Registered)
}

impl Decider {
    /// Reminds the clerks of an inbox, or makes sure that this is looked at when it is time. Others than inboxes have no terms for it.
    pub(super) fn remind(&mut self, lane: u16, partner: &Partner) {
        let begun = self.looks.remove(&lane);
        let Some(terms) = self.config.reminders.get(&partner.id).cloned() else { return };
        if self.state.reminders.get(&partner.id).is_some_and(Reminder::is_under_way) {
            return;
        }
        if begun.is_none() {
            let next_look = self.looked.get(&lane).map_or(0, |looked| looked.saturating_add(LOOK_MS));
            if self.now < next_look {
                return self.wake_at(lane, Some(next_look));
            }
            self.looked.insert(lane, self.now);
        }
        if let Some(until) = self.state.lane(lane).and_then(|lane| paused_until(lane, self.now)) {
            return self.wake_at(lane, Some(until));
        }
        let Some(mut look) = begun.or_else(|| Look::into(&self.state, partner, self.now)) else { return };
        if !look.go_on(&self.state) {
            self.looks.insert(lane, look);
            return self.wake_at(lane, Some(self.now));
        }
        let found = look.found();
        let Some((due, cause)) = self.occasion(&found, partner, &terms) else { return };
        if due > self.now {
            return self.wake_at(lane, Some(due));
        }
        self.begin_reminder(partner, cause, found);
    }

    /// When the clerks of an inbox are reminded next as things stand, while this partner's are.
    #[must_use]
    pub(crate) fn next_reminder(&self, partner: &str, found: &Found) -> Option<Millis> {
        let (partner, terms) = (self.config.partners.get(partner)?, self.config.reminders.get(partner)?);
        self.occasion(found, partner, terms).map(|(due, _)| due)
    }

    /// When to remind of what waits, and why; `None` = nothing waits.
    fn occasion(&self, found: &Found, partner: &Partner, terms: &ReminderTerms) -> Option<(Millis, &'static str)> {
        let told = self.state.reminders.get(&partner.id);
        if let Some(told) = told.filter(|told| goes_again(told, found)) {
            let cause = CAUSES.into_iter().find(|cause| *cause == told.why).unwrap_or("waiting");
            return Some((self.when_open(told.due_at, terms), cause));
        }
        let gather = Millis::try_from(terms.gather_ms).unwrap_or(Millis::MAX);
        let since = told.zip(found.oldest).map(|(told, oldest)| told.at.max(oldest));
        let opens = since.map(|since| terms.hours.opens_after(since, &self.config.calendar));
        let due =
            [found.due.map(|at| at.saturating_add(gather)), found.arrived.map(|at| at.saturating_add(gather)), opens];
        let due = due.map(|at| at.map(|at| self.within_a_day(at, told, terms)));
        let first = due.into_iter().flatten().min()?;
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= first.max(self.now));
        let cause = due.into_iter().zip(CAUSES).find(|(at, _)| is_due(*at)).map_or("waiting", |(_, cause)| cause);
        Some((first, cause))
    }

    /// The first instant from `at` on, and not in the past, at which clerks may be reminded.
    fn when_open(&self, at: Millis, terms: &ReminderTerms) -> Millis {
        let at = at.max(self.now);
        terms.hours.opens_at(at, &self.config.calendar).unwrap_or(at)
    }

    /// The same for a new reminder, of which there are only so many a day.
    fn within_a_day(&self, at: Millis, told: Option<&Reminder>, terms: &ReminderTerms) -> Millis {
        let at = self.when_open(at, terms);
        let day = Day::of(at);
        let spent = told.is_some_and(|told| told.day == day.count() && told.day_count >= terms.per_day);
        if spent { terms.hours.opens_after(day.end().saturating_sub(1), &self.config.calendar) } else { at }
    }

    fn begin_reminder(&mut self, partner: &Partner, cause: &'static str, found: Found) {
        let now = self.now;
        let (open, overdue, oldest) = (found.open, found.overdue, found.oldest.unwrap_or(now));
        let before = self.state.reminders.get(&partner.id).filter(|told| goes_again(told, &found));
        let waiting = found.named();
        let mut acts: Vec<ActRef> = waiting.iter().map(|act| act.act.into()).collect();
        acts.sort_unstable();
        let tries = before.map_or(1, |told| told.tries.saturating_add(1));
        let repeats = before.filter(|told| told.acts == acts).map(|told| told.first);
        let fact =
            ReminderBegan { acts, cause: cause.to_owned(), open, overdue, partner: partner.id.clone(), repeats, tries };
        let reminder = self.emit(fact.into(), None, 0);
        self.reminding.push(Reminding {
            reminder,
            first: repeats.unwrap_or(reminder),
            partner: partner.id.clone(),
            cause,
            open,
            overdue,
            oldest,
            at: now,
            acts: waiting,
        });
    }

    /// An attempt ended. Nobody can know that one which was not acknowledged did not arrive: it goes again under the same id.
    pub(super) fn reminded(&mut self, partner: &str, reminder: u64, end: &Carried) -> Result<Answer, Refusal> {
        let tries = self.state.reminders.get(partner).filter(|of| of.under_way == reminder).map(|of| of.tries);
        let tries = tries.ok_or(Refusal::WrongState { state: "reminder_over" })?;
        let mut fact = ReminderEnded {
            cause: String::new(),
            due: None,
            judged: "acknowledged".to_owned(),
            partner: partner.to_owned(),
            reminder,
            tries,
        };
        if let Carried::Failed { cause, retry_after_ms } = end {
            fact.cause.clone_from(cause);
            if cause == "interrupted" {
                (fact.due, fact.tries) = (Some(self.now), tries.saturating_sub(1));
            } else {
                fact.due = self.remind_again(partner, tries, cause, *retry_after_ms);
            }
            fact.judged = if fact.due.is_some() { "not_acknowledged" } else { "given_up" }.to_owned();
        }
        Ok(Answer::Done(self.emit(fact.into(), None, 0)))
    }

    /// When an attempt is made again; `None` = it is given up, and the next occasion is awaited.
    fn remind_again(&mut self, partner: &str, tries: u32, cause: &str, retry_after_ms: Option<u64>) -> Option<Millis> {
        let terms = self.config.reminders.get(partner).filter(|_| cause != "gone")?;
        let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = terms.retry_ms.get(place).copied()?;
        let wait = wait.saturating_add(self.random_below(wait / JITTER_PART + 1));
        let wait = wait.max(retry_after_ms.unwrap_or(0).min(LEFT_ALONE_MS_MAX));
        Some(self.now.saturating_add(Millis::try_from(wait).unwrap_or(Millis::MAX)))
    }
}

/// Is an attempt owed at something that still waits?
fn goes_again(told: &Reminder, found: &Found) -> bool {
    told.due_at != 0 && found.has_known
}

pub(super) fn paused_until(lane: &Lane, now: Millis) -> Option<Millis> {
    lane.record.paused.as_ref().map(|pause| pause.until).filter(|until| *until > now)
}
