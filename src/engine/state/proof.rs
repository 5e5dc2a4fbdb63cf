//! What proves an act beside its request's own events: what happened to its case, and what may have held it back.

use domain::task::TaskKind;
use domain::{ActId, Millis};
use serde::{Deserialize, Serialize};
use store::record::{ActRef, Event, ExchangeEnded, Fact, TaskRaised};

use super::books::id_key;
use super::slab::Index;
use super::{Case, Measure, State, short_hash};

/// Events of one case that are remembered beside those of its requests, the newest; 8 bytes each, and a case has a handful.
pub const CASE_EVENTS_MAX: usize = 4_096;
/// Pauses, stops, their ends, configurations, starts, and breakers that opened or closed, that are remembered, the newest; a few a day.
pub const HOLDS_MAX: usize = 16_384;

/// Something that may have held acts back, or let them go again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// Sequence of its event.
    pub sequence: u64,
    /// When.
    pub at: Millis,
    /// Hash of the partner whose lane it is about; 0 = a stop, which is of no single one; or [`OF_CONFIG`], [`OF_GATEWAY`].
    pub partner: u64,
}

/// In the place of a partner's hash: a configuration was loaded.
pub const OF_CONFIG: u64 = 1;
/// In the place of a partner's hash: the gateway started, and had not run before.
pub const OF_GATEWAY: u64 = 2;

/// By which a partner is named in a [`Hold`].
#[must_use]
pub fn hold_key(partner: &str) -> u64 {
    short_hash(&[partner])
}

impl State {
    /// Remembers where an event stands that belongs to a case and to none of its requests, or that holds lanes; asked before it is folded.
    pub(crate) fn note_proof(&mut self, sequence: u64, event: &Event) {
        match &event.fact {
            Fact::LanePaused(fact) => self.note_hold(sequence, event.at, hold_key(&fact.partner)),
            Fact::LaneResumed(fact) => self.note_hold(sequence, event.at, hold_key(&fact.partner)),
            Fact::StopOrdered(_) | Fact::StopLifted(_) => self.note_hold(sequence, event.at, 0),
            Fact::ConfigLoaded(_) => self.note_hold(sequence, event.at, OF_CONFIG),
            Fact::GatewayStarted(_) => self.note_hold(sequence, event.at, OF_GATEWAY),
            Fact::ExchangeEnded(fact) if self.opens_or_closes_breaker(fact) => {
                self.note_hold(sequence, event.at, hold_key(&fact.partner));
            }
            fact => {
                let mut cases = self.cases_of(fact);
                cases.dedup();
                for case in cases {
                    self.note_for(case, sequence);
                }
            }
        }
    }

    /// The first failure of several that lets the lane rest, or the first success afterwards; what fails in between is neither.
    fn opens_or_closes_breaker(&self, fact: &ExchangeEnded) -> bool {
        let lane = self.lane_of(&fact.partner).and_then(|lane| self.lane(lane));
        let rests = lane.is_some_and(|lane| lane.record.rests_until != 0);
        let failed = matches!(fact.judged.as_str(), "not_sent" | "doubt");
        if rests { !failed } else { fact.breaks.is_some() }
    }

    fn cases_of(&self, fact: &Fact) -> Vec<Index> {
        let known = |case: u64| self.case_by_sequence(case).into_iter().collect();
        let of_measure = |measure: &ActRef| self.measure_at(id_key(measure.0, measure.1)).map(|measure| measure.case);
        let of_act = |act: ActRef| {
            let index = self.act_index(act.into());
            index.and_then(|index| self.acts.get(index)).map(|act| act.case)
        };
        let of_acts = |acts: &[ActRef]| {
            let mut cases: Vec<Index> = acts.iter().copied().filter_map(of_act).collect();
            cases.sort_unstable();
            cases
        };
        match fact {
            Fact::CaseAmended(fact) => known(fact.case),
            Fact::CaseHalted(fact) => known(fact.case),
            Fact::CaseResumed(fact) => known(fact.case),
            Fact::ErasureProposed(fact) => known(fact.case),
            Fact::ApplicantAllowed(fact) => known(fact.case),
            Fact::ApplicantBarred(fact) => known(fact.case),
            // That an end comes near proves nothing about an act, and a measure has it told again and again.
            Fact::TaskRaised(fact) if fact.kind != TaskKind::Expiring.word() => {
                fact.case.map(known).unwrap_or_default()
            }
            Fact::TaskEnded(fact) => {
                let task = self.tasks.get(&fact.task).filter(|task| task.kind() != TaskKind::Expiring);
                task.and_then(|task| task.case).map(known).unwrap_or_default()
            }
            Fact::MeasureImported(fact) if fact.by.is_empty() => fact.case.map(known).unwrap_or_default(),
            Fact::MeasureChanged(fact) => of_measure(&fact.measure).into_iter().collect(),
            Fact::MeasureLapsed(fact) => {
                let mut cases: Vec<Index> = fact.measures.iter().filter_map(of_measure).collect();
                cases.sort_unstable();
                cases
            }
            Fact::SettlementReceived(fact) => {
                let taking = fact.act.and_then(|act| self.taking_index(act.into()));
                taking.and_then(|taking| self.takings.get(taking)).map(|taking| taking.case).into_iter().collect()
            }
            // That it was passed is no proof for it: it names an act of another case, which may be secret.
            Fact::ActClaimed(fact) => of_act(fact.act).into_iter().collect(),
            Fact::ReminderBegan(fact) => of_acts(&fact.acts),
            Fact::ActHeld(fact) => of_acts(&fact.acts),
            Fact::ActFreed(fact) => of_acts(&fact.acts),
            Fact::ReminderEnded(fact) => {
                let of = self.reminders.get(&fact.partner).filter(|of| of.under_way == fact.reminder);
                of.map(|of| of_acts(&of.acts)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn note_for(&mut self, case: Index, sequence: u64) {
        let Some(case) = self.cases.get_mut(case) else { return };
        if case.events.len() >= CASE_EVENTS_MAX {
            case.events.remove_first();
        }
        case.events.push(sequence);
    }

    fn note_hold(&mut self, sequence: u64, at: Millis, partner: u64) {
        if self.holds.len() >= HOLDS_MAX {
            self.holds.pop_front();
        }
        self.holds.push_back(Hold { sequence, at, partner });
    }

    /// Applies an event about what an applicant may see; any other changes nothing here.
    pub(crate) fn fold_applicant(&mut self, fact: &Fact) {
        let (case, may_see) = match fact {
            Fact::ApplicantAllowed(fact) => (fact.case, true),
            Fact::ApplicantBarred(fact) => (fact.case, false),
            _ => return,
        };
        if let Some(case) = self.case_by_sequence(case).and_then(|index| self.cases.get_mut(index)) {
            case.applicant = may_see;
        }
    }
}

/// Whom the debtor's notice (rule D20) is owed to, and who has it.
impl State {
    /// A measure stands now or money has moved: the debtor is owed a notice, once for each case and party.
    pub(crate) fn owe_notice(&mut self, case: Index, subject: u64, about: ActRef) {
        let told = |case: &Case| case.told.contains(&subject);
        if subject != 0 && self.cases.get(case).is_some_and(|case| !told(case)) {
            self.notices.entry((case, subject)).or_insert(about);
        }
    }

    /// The same, of a measure that came into force; what is secret, or came from another system, is not told.
    pub(crate) fn owe_notice_of(&mut self, measure: &Measure) {
        let silent = measure.imported || measure.is_secret();
        if !silent && measure.is_live_freeze() {
            self.owe_notice(measure.case, measure.subject_key, ActRef(measure.sequence, measure.place));
        }
    }

    /// The same, of money that moved.
    pub(crate) fn owe_notice_of_taking(&mut self, taking: Index) {
        let Some(taking) = self.takings.get(taking).filter(|taking| taking.moved > 0) else { return };
        let Some(act) = self.acts.get(taking.act).filter(|act| !act.is_secret()) else { return };
        let (case, subject, about) = (taking.case, act.subject_key, ActRef(taking.sequence, taking.place));
        self.owe_notice(case, subject, about);
    }

    /// The party's key by an act, a measure or a taking that is in memory.
    pub(crate) fn subject_of(&self, about: ActRef) -> Option<u64> {
        let act = self.act_index(about.into()).and_then(|index| self.acts.get(index)).map(|act| act.subject_key);
        let measure = || {
            let index = self.measure_index(ActId::from(about).into());
            index.and_then(|index| self.measures.get(index)).map(|measure| measure.subject_key)
        };
        let taking = || {
            let index = self.taking_index(about.into());
            index.and_then(|index| self.takings.get(index)).map(|taking| taking.subject_key)
        };
        act.or_else(measure).or_else(taking)
    }

    /// The debtor's notice was raised: it is not raised again for this party of this case.
    pub(crate) fn note_notice(&mut self, fact: &TaskRaised) {
        if fact.kind != TaskKind::NotifyDebtor.word() {
            return;
        }
        let about = [fact.act, fact.measure].into_iter().flatten();
        let subject = about.filter_map(|about| self.subject_of(about)).next();
        let case = fact.case.and_then(|case| self.case_by_sequence(case));
        let (Some(subject), Some(case)) = (subject, case) else { return };
        self.notices.remove(&(case, subject));
        if let Some(found) = self.cases.get_mut(case).filter(|found| !found.told.contains(&subject)) {
            found.told.push(subject);
        }
    }
}
