//! Content that is lost when the journal is folded: what of it a start needs, told whole, and what can be left out of the state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::ActKind;
use store::journal::{Journal, ReadLimits, Reader};
use store::record::{ActRef, Body, Event, Fact, read_leaf};

use super::opening::{OpenError, OpenedEvent, each_event};
use crate::command::{BringBack, LeaveOut};
use crate::state::State;
use crate::state::stand_in::StandIns;
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
    /// Those among them that are sound themselves, and tied to one that is not.
    tied: BTreeSet<u64>,
    /// Courts of those cases, by slot.
    courts: BTreeMap<u64, String>,
    /// The first event whose case nobody can tell, if there is one.
    unowned: Option<u64>,
    /// What earlier starts left out.
    told: Told,
    /// Keys that stand in for those of cases.
    stand_ins: StandIns,
}

/// What earlier starts said in the trail of cases that they left out, and of those that were back.
#[derive(Default)]
pub(super) struct Told {
    /// Their slots.
    slots: BTreeSet<u64>,
    /// Events that could not be read when that was said last.
    events: u64,
}

impl Told {
    pub(super) fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::ContentLeftOut(fact) => {
                self.slots.extend(&fact.slots);
                self.events = fact.events;
            }
            Fact::ContentReturned(fact) => {
                for slot in &fact.slots {
                    self.slots.remove(slot);
                }
            }
            _ => {}
        }
    }

    /// The cases among them that the state has again.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn returned(mut self, state: &State, journal: &Journal) -> Result<Option<BringBack>, OpenError> {
        self.slots.retain(|slot| !state.left_out.contains_key(slot));
        if self.slots.is_empty() {
            return Ok(None);
        }
        let (mut courts, reader) = (BTreeSet::new(), journal.reader());
        let mut range = reader.read_range(0, ReadLimits::NONE);
        while let Some((_, record)) = range.next_record()? {
            let Ok(leaf) = read_leaf(record.leaf) else { continue };
            courts.extend(court_of(&leaf.fact).filter(|_| self.slots.contains(&leaf.key)).map(str::to_owned));
        }
        Ok(Some(BringBack { slots: self.slots.into_iter().collect(), courts: courts.into_iter().collect() }))
    }
}

/// The court whose case an event opens or goes on with, as its leaf says it.
fn court_of(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::RequestAccepted(fact) => Some(&fact.court),
        Fact::MeasureImported(fact) => Some(&fact.court),
        _ => None,
    }
}

/// The whole journal being looked through.
#[derive(Default)]
pub(crate) struct Looking {
    lost: LostContent,
    /// Cases by slot: their court, and the first event of each.
    courts: BTreeMap<u64, (String, u64)>,
    /// Slots of the cases under a key, as far as it can be read.
    owners: BTreeMap<(u64, u64), BTreeSet<u64>>,
    /// Enforcements that take over what a preservation holds (rule D11): the event, the slot, the key of the preservation.
    taking_over: Vec<(u64, u64, (u64, u64))>,
    /// Requests that are open at this place.
    open: BTreeSet<u64>,
    /// Answers to questions of requests that are not finished behind them: of those that are, memory needs none.
    answers: BTreeMap<u64, BTreeSet<u64>>,
}

impl Looking {
    /// Takes the next event, and why what stands beside its leaf cannot be read; `question` = the request whose question it answers.
    ///
    /// # Errors
    /// The reason, where that is no loss.
    pub(crate) fn visit(
        &mut self,
        sequence: u64,
        event: &Event,
        why: Option<VaultError>,
        question: impl Fn(&Fact) -> Option<u64>,
    ) -> Result<(), VaultError> {
        self.lost.told.note(&event.fact);
        if let Fact::KeyStoodIn(fact) = &event.fact {
            self.lost.stand_ins.note(fact.stand_in, fact.slot);
        }
        // What is sealed under a key that stands in is of the case all the same.
        let slot = self.lost.stand_ins.own(event.key);
        if let Some(court) = court_of(&event.fact)
            && !self.courts.contains_key(&slot)
        {
            self.courts.insert(slot, (court.to_owned(), sequence));
        }
        self.note_keys((sequence, slot), event);
        match &event.fact {
            Fact::RequestAccepted(_) => {
                self.open.insert(sequence);
            }
            Fact::RequestFinished(fact) => {
                self.open.remove(&fact.request);
                self.answers.remove(&fact.request);
            }
            _ => {}
        }
        let Some(why) = why else { return Ok(()) };
        if !why.is_loss() {
            return Err(why);
        }
        self.lost.note(sequence, event, &why);
        match (is_needed(&event.fact), slot) {
            (false, _) => {}
            (true, 0) => self.lost.unowned = self.lost.unowned.or(Some(sequence)),
            (true, slot) => match question(&event.fact) {
                // One that came when its request was over changed nothing in memory either.
                Some(request) if !self.open.contains(&request) => {}
                Some(request) => drop(self.answers.entry(request).or_default().insert(slot)),
                None => drop(self.lost.cases.insert(slot)),
            },
        }
        Ok(())
    }

    fn note_keys(&mut self, (sequence, slot): (u64, u64), event: &Event) {
        match &event.body {
            Some(Body::Accepted(body)) => {
                self.owners.entry(body.case_key).or_default().insert(slot);
                self.taking_over.extend(body.preservation.map(|before| (sequence, slot, before)));
            }
            Some(Body::Imported(body)) => drop(self.owners.entry(body.case_key).or_default().insert(slot)),
            _ => {}
        }
    }

    /// What came of it.
    pub(crate) fn end(mut self) -> LostContent {
        self.lost.cases.extend(std::mem::take(&mut self.answers).into_values().flatten());
        while self.spread() {}
        let Self { mut lost, courts, .. } = self;
        let of_lost = courts.into_iter().filter(|(slot, _)| lost.cases.contains(slot));
        lost.courts = of_lost.map(|(slot, (court, _))| (slot, court)).collect();
        lost
    }

    /// What went over from a preservation to an enforcement is in the ledger of the one because of the other: where either cannot be
    /// folded whole, neither can. Says whether there are more of them now.
    fn spread(&mut self) -> bool {
        let known: BTreeSet<u64> = self.owners.values().flatten().copied().collect();
        let mut more = BTreeSet::new();
        for (at, slot, before) in &self.taking_over {
            let began = |slot: &&u64| self.courts.get(slot).is_some_and(|(_, first)| first < at);
            let own = self.owners.get(before).into_iter().flatten().filter(began);
            let tied: Vec<u64> = own.copied().chain([*slot]).collect();
            // The key of a case of which nothing can be read is unknown: it may be any that the court had begun by then.
            let court = self.courts.get(slot).map(|(court, _)| court);
            let of_court = |slot: &&u64| self.courts.get(slot).map(|(court, _)| court) == court;
            let mut nameless = self.lost.cases.iter().filter(|slot| !known.contains(slot));
            let mut may_be_nameless = || nameless.any(|lost| began(&lost) && of_court(&lost));
            if tied.iter().any(|slot| self.lost.cases.contains(slot)) || (tied.len() == 1 && may_be_nameless()) {
                more.extend(tied.into_iter().filter(|slot| !self.lost.cases.contains(slot)));
            }
        }
        self.lost.cases.extend(&more);
        self.lost.tied.extend(&more);
        !more.is_empty()
    }
}

impl LostContent {
    /// Looks through the whole journal.
    ///
    /// # Errors
    /// [`OpenError`]: for all that is no loss of content.
    pub(super) fn look_for(journal: &Journal, vault: &Vault) -> Result<Self, OpenError> {
        let (reader, mut looking) = (journal.reader(), Looking::default());
        each_event(journal, vault, 0, |sequence, opened| {
            let OpenedEvent { event, lost, .. } = opened;
            looking.visit(sequence, &event, lost, |fact| answers_a_question(fact, vault, &reader))?;
            Ok(())
        })?;
        Ok(looking.end())
    }

    /// The cases that no start before left out.
    fn new_cases(&self) -> impl Iterator<Item = u64> {
        self.cases.difference(&self.told.slots).copied()
    }

    /// Is something lost that no start before told? What it left out stays out without anybody saying so again.
    pub(super) fn is_news(&self) -> bool {
        self.new_cases().next().is_some() || self.events > self.told.events
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

    /// Is this the slot of a case that cannot be folded whole, or one that stands in for it?
    pub(crate) fn is_of_lost_case(&self, slot: u64) -> bool {
        self.cases.contains(&self.stand_ins.own(slot))
    }

    /// May the state leave it out? Not when nobody can tell whose it is.
    pub(super) fn can_be_left_out(&self) -> bool {
        self.unowned.is_none()
    }

    /// Events that cannot be read, key slots among what is lost, cases, and the courts of those.
    fn counts(&self) -> (u64, u32, u32) {
        let keys = self.found.keys().filter(|what| matches!(what, What::Slot(_))).count();
        let cases = u32::try_from(self.cases.len()).unwrap_or(u32::MAX);
        (self.events, u32::try_from(keys).unwrap_or(u32::MAX), cases)
    }

    /// Whose the cases are that no start before left out.
    fn new_courts(&self) -> Vec<String> {
        let courts: BTreeSet<&String> = self.new_cases().filter_map(|slot| self.courts.get(&slot)).collect();
        courts.into_iter().cloned().collect()
    }

    /// What the trail must say of it; `None` when it says all of it.
    pub(super) fn into_news(self) -> Option<LeaveOut> {
        let (events, keys, _) = self.counts();
        let (slots, courts) = (self.new_cases().collect(), self.new_courts());
        self.is_news().then_some(LeaveOut { events, keys, slots, courts })
    }

    /// Tells each once.
    pub(super) fn tell(&self, without: bool) {
        for (what, one) in &self.found {
            let One { why, event, first, events } = one;
            let (slot, left_out) = match what {
                What::Slot(slot) => (Some(*slot), without && self.is_of_lost_case(*slot)),
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
        for slot in self.tied.iter().take(LOST_TOLD_MAX) {
            tracing::error!(
                slot,
                left_out = without,
                runbook = "docs/RUNBOOK.md#lost",
                "a case goes with one that rests on lost content: measures went over from one to the other"
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
                "\nOr, if they are lost for good, start once with `xiezhi serve --without-lost-content`: {cases} cases are left out ({} of them are already); their requests read as unreadable for ever, nothing of them is sent, followed up or counted, {} courts are stopped until two people lift it, and the trail says so. docs/RUNBOOK.md#lost",
                self.cases.len() - self.new_cases().count(),
                self.new_courts().len()
            ),
        }
    }
}
