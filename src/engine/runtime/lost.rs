//! Content that is lost when the journal is folded: what of it a start needs, told whole, and what can be left out of the state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::ActKind;
use store::journal::{Journal, Reader};
use store::record::{ActRef, Body, Event, Fact};

use super::opening::{OpenError, OpenedEvent, each_event};
use crate::vault::{Vault, VaultError};

/// Slots, blobs and events that are remembered one by one; of more than that only their number is told. About 300 B each.
const LOST_TOLD_MAX: usize = 10_000;
/// So many of them stand in the refusal itself; the others are in the log.
const LOST_IN_REFUSAL_MAX: usize = 8;

/// What cannot be read, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The key in a slot, and with it all that is sealed under it.
    Slot(u64),
    /// What stands beside the leaf of one event.
    Event(u64),
}

/// One of them.
struct One {
    why: String,
    event: &'static str,
    first: u64,
    events: u64,
}

/// What of the whole journal cannot be read though its leaves can, and what follows for the state.
#[derive(Default)]
pub struct LostContent {
    found: BTreeMap<What, One>,
    /// How many events.
    events: u64,
    /// Slots of the cases whose sums or acts rest on it.
    cases: BTreeSet<u64>,
    /// Courts of those cases.
    courts: BTreeSet<String>,
    /// The first event whose case nobody can tell, if there is one.
    unowned: Option<u64>,
}

impl LostContent {
    /// Looks through the whole journal.
    ///
    /// # Errors
    /// [`OpenError`]: for all that is no loss of content.
    pub(super) fn look_for(journal: &Journal, vault: &Vault) -> Result<Self, OpenError> {
        let (mut lost, mut courts) = (Self::default(), BTreeMap::new());
        // Answers to questions of requests that are finished behind them: memory needs them no more.
        let mut answers: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        let reader = journal.reader();
        each_event(journal, vault, 0, |sequence, opened| {
            let OpenedEvent { event, lost: why, .. } = opened;
            match &event.fact {
                Fact::RequestAccepted(fact) => drop(courts.insert(event.key, fact.court.clone())),
                Fact::MeasureImported(fact) => drop(courts.insert(event.key, fact.court.clone())),
                Fact::RequestFinished(fact) => drop(answers.remove(&fact.request)),
                _ => {}
            }
            let Some(why) = why else { return Ok(()) };
            if !why.is_loss() {
                return Err(why.into());
            }
            lost.note(sequence, &event, &why);
            match (is_needed(&event.fact), event.key) {
                (false, _) => {}
                (true, 0) => lost.unowned = lost.unowned.or(Some(sequence)),
                (true, slot) => match answers_a_question(&event.fact, vault, &reader) {
                    Some(request) => drop(answers.entry(request).or_default().insert(slot)),
                    None => drop(lost.cases.insert(slot)),
                },
            }
            Ok(())
        })?;
        lost.cases.extend(answers.into_values().flatten());
        lost.courts = lost.cases.iter().filter_map(|slot| courts.remove(slot)).collect();
        Ok(lost)
    }

    fn note(&mut self, sequence: u64, event: &Event, why: &VaultError) {
        self.events += 1;
        let what = if matches!(why, VaultError::Key { .. }) { What::Slot(event.key) } else { What::Event(sequence) };
        if self.found.len() >= LOST_TOLD_MAX && !self.found.contains_key(&what) {
            return;
        }
        let one = One { why: why.to_string(), event: event.fact.name(), first: sequence, events: 0 };
        self.found.entry(what).or_insert(one).events += 1;
    }

    /// Is this the slot of a case that cannot be folded whole?
    pub(super) fn is_of_lost_case(&self, slot: u64) -> bool {
        self.cases.contains(&slot)
    }

    /// May the state leave it out? Not when nobody can tell whose it is.
    pub(super) fn can_be_left_out(&self) -> bool {
        self.unowned.is_none()
    }

    /// Events that cannot be read, key slots among what is lost, cases, and the courts of those.
    pub(super) fn counts(&self) -> (u64, u32, u32) {
        let keys = self.found.keys().filter(|what| matches!(what, What::Slot(_))).count();
        let cases = u32::try_from(self.cases.len()).unwrap_or(u32::MAX);
        (self.events, u32::try_from(keys).unwrap_or(u32::MAX), cases)
    }

    /// Courts of the cases that cannot be folded whole.
    pub(super) fn into_courts(self) -> Vec<String> {
        self.courts.into_iter().collect()
    }

    /// Tells each once.
    pub(super) fn tell(&self, without: bool) {
        for (what, one) in &self.found {
            let One { why, event, first, events } = one;
            let (slot, left_out) = match what {
                What::Slot(slot) => (Some(*slot), without && self.cases.contains(slot)),
                What::Event(_) => (None, without),
            };
            tracing::error!(
                slot,
                sequence = first,
                event,
                events,
                left_out,
                error = why,
                runbook = "docs/RUNBOOK.md#lost",
                "content is lost, and a fold of the journal meets it"
            );
        }
    }
}

/// Does the state follow from what stands beside this leaf, and not from the leaf alone?
fn is_needed(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::RequestAccepted(_)
            | Fact::PlanExtended(_)
            | Fact::ExchangeEnded(_)
            | Fact::OutcomeReceived(_)
            | Fact::ActResolved(_)
            | Fact::MeasureImported(_)
            | Fact::MeasureChanged(_)
            | Fact::CaseAmended(_)
            | Fact::SettlementReceived(_)
            | Fact::TaskRaised(_)
    )
}

/// The request whose question this answers; `None` when it is no answer, or nobody can tell to what.
fn answers_a_question(fact: &Fact, vault: &Vault, reader: &Reader) -> Option<u64> {
    let ActRef(sequence, line) = match fact {
        Fact::ExchangeEnded(fact) => fact.act,
        Fact::OutcomeReceived(fact) => fact.act,
        _ => return None,
    };
    let record = reader.read(sequence).ok()??;
    let event = vault.read(sequence, &record).ok()?;
    let (request, plan) = match (event.fact, event.body?) {
        (Fact::RequestAccepted(_), Body::Accepted(body)) => (sequence, body.plan),
        (Fact::PlanExtended(fact), Body::Planned(body)) => (fact.request, body.plan),
        _ => return None,
    };
    let kind = ActKind::from_code(plan.get(usize::try_from(line).ok()?)?.kind)?;
    kind.is_question().then_some(request)
}

impl fmt::Debug for LostContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LostContent").field("events", &self.events).field("cases", &self.cases.len()).finish()
    }
}

impl fmt::Display for LostContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, keys, cases) = self.counts();
        write!(
            formatter,
            "folding the journal: all leaves are there, but the content of {events} events cannot be read ({keys} key slots; {cases} cases rest on it)"
        )?;
        for (what, one) in self.found.iter().take(LOST_IN_REFUSAL_MAX) {
            match what {
                What::Slot(slot) => {
                    write!(formatter, "\n  key slot {slot}, {} events: {}", one.events, one.why)?;
                }
                What::Event(_) => write!(formatter, "\n  {}: {}", one.event, one.why)?,
            }
        }
        if let Some(more) = self.found.len().checked_sub(LOST_IN_REFUSAL_MAX).filter(|more| *more > 0) {
            write!(formatter, "\n  and {more} more, each in the log")?;
        }
        write!(
            formatter,
            "\nEither put the newest copy back from the mirror or a backup and start again: then nothing is lost."
        )?;
        match self.unowned {
            Some(sequence) => write!(
                formatter,
                "\nThere is no other way: event {sequence} belongs to no case that could be left out. docs/RUNBOOK.md#lost"
            ),
            None => write!(
                formatter,
                "\nOr, if they are lost for good, start once with `xiezhi serve --without-lost-content`: {cases} cases are left out; their requests read as unreadable for ever, nothing of them is sent, followed up or counted, {} courts are stopped until two people lift it, and the trail says so. docs/RUNBOOK.md#lost",
                self.courts.len()
            ),
        }
    }
}
