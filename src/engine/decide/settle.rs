//! Settlements and reconciliation: reported and settled are two things, and every difference is somebody's task.

use domain::task::{TaskEnd, TaskKind};
use domain::{ActId, Day, Millis, Money, SlipLine};
use store::record::{ActRef, Body, PartnerReconciled, SettledBody, SettlementReceived};

use super::Decider;
use super::task::Draft;
use crate::command::{Answer, Differing, Reconcile, Settle, SettledHow, SettledLine, ToldBefore};
use crate::refusal::Refusal;
use crate::state::settlement::line_key;
use crate::state::slab::Index;

/// The most lines of one statement: one decision, written as one batch.
pub const SETTLED_LINES_MAX: usize = 1_000;
/// The most lines of one reconciliation, and the most differences of it that become tasks.
pub const RECONCILED_LINES_MAX: usize = 2_000;
/// A bank's day may begin before ours: its evening run books on the next one, and clocks differ.
const BOOKED_AHEAD_DAYS: i32 = 1;
/// Told in one tick, so that a tick stays short.
const OVERDUE_PER_TICK_MAX: usize = 100;

/// Looked for so often: sums of courts that tell no statements stand among them, and days are what counts.
const OVERDUE_EVERY_MS: Millis = 60_000;

const DAY_MS: Millis = 86_400_000;

impl Decider {
    /// Takes the lines of an account statement: each once, matched by slip and line, the rest left to a person.
    pub(super) fn settle(&mut self, settle: Settle) -> Result<Answer, Refusal> {
        let court = self.config.courts.get(&settle.court).ok_or(Refusal::CourtForeign)?;
        let (bank, number) = &settle.account;
        let listed = court.accounts.iter().any(|(code, account)| code == bank && account == number.expose());
        if !listed {
            return Err(Refusal::AccountNotListed);
        }
        let mut told = Vec::with_capacity(settle.lines.len());
        for line in &settle.lines {
            told.push(self.settle_line(&settle, line));
        }
        Ok(Answer::Settled(told))
    }

    fn settle_line(&mut self, settle: &Settle, line: &SettledLine) -> SettledHow {
        if let Some(first) = self.state.settled_lines.get(&line_key(&line.key)).copied() {
            let Some(before) = line.differs else { return SettledHow::Known };
            self.tell_differing(&settle.court, line, before, first);
            return SettledHow::Differs(before.act);
        }
        if line.day > Day::of(self.now).plus_days(BOOKED_AHEAD_DAYS) {
            return SettledHow::Ahead;
        }
        let taking = self.taking_for(&settle.court, line);
        let found = taking.and_then(|index| self.state.takings.get(index));
        let act = found.map(|taking| ActRef(taking.sequence, taking.place));
        let slot = found.and_then(|taking| self.state.cases.get(taking.case)).map_or(0, |case| case.slot);
        let fact = SettlementReceived {
            act,
            by: settle.by.clone(),
            court: settle.court.clone(),
            day: u32::try_from(line.day.count()).unwrap_or(0),
            line: line.key.clone(),
        };
        let body = SettledBody {
            amount: line.amount.units(),
            account: settle.account.1.expose().clone(),
            serial: line.serial.expose().clone(),
            reference: line.reference.expose().clone(),
        };
        let sequence = self.emit(fact.into(), Some(Body::Settled(body)), slot);
        match (taking, act) {
            (Some(taking), Some(act)) => {
                self.after_settlement(&settle.court, taking, act);
                SettledHow::Matched(act.into())
            }
            _ => {
                // Each line is a task of its own: its event stands where an act would.
                let draft = Draft {
                    act: Some(ActRef(sequence, 0)),
                    amount: Some(line.amount.units()),
                    text: line.reference.expose().clone(),
                    ..Draft::default()
                };
                self.raise(TaskKind::SettlementUnmatched, None, &settle.court, draft);
                SettledHow::Unmatched
            }
        }
    }

    /// A bank that says something else under a serial that was booked, such as that it took the money back, books nothing by it: a person
    /// looks. The task is about the line, whose event stands where an act would, so that no other line ends it.
    fn tell_differing(&mut self, court: &str, line: &SettledLine, before: ToldBefore, first: u64) {
        let taking = before.act.and_then(|act| self.state.taking_index(act)).and_then(|it| self.state.takings.get(it));
        let (case, lane) = taking.map(|taking| (taking.case, taking.lane)).unzip();
        let (was, says) = (before.amount, line.amount);
        let draft = Draft {
            act: Some(ActRef(first, 0)),
            partner: lane.map(|lane| self.state.partner_of(lane).to_owned()).unwrap_or_default(),
            amount: Some(says.units()),
            slot: before.slot,
            text: format!("{}：原为{was}元，现为{says}元 · was {was}, is told as {says}", line.serial.expose()),
            ..Draft::default()
        };
        self.raise(TaskKind::SettlementDiffers, case, court, draft);
    }

    /// By the slip line that it names; by the slip alone when that has one taking, or one of exactly this sum that is not settled.
    fn taking_for(&self, court: &str, line: &SettledLine) -> Option<Index> {
        let of_court = |index: &Index| {
            let case = self.state.takings.get(*index).and_then(|taking| self.state.cases.get(taking.case));
            case.is_some_and(|case| self.state.word(case.court) == court)
        };
        let (slip, number) = line.slip?;
        let bits = slip.bits();
        if let Some(number) = number {
            return self.state.taking_by_slip.get(&(bits, number)).copied().filter(of_court);
        }
        let on_slip: Vec<Index> =
            self.state.taking_by_slip.range((bits, 0)..=(bits, u16::MAX)).map(|(_, index)| *index).collect();
        let exact = |index: &&Index| {
            let taking = self.state.takings.get(**index);
            taking.is_some_and(|taking| taking.settled == 0 && taking.moved == line.amount.units())
        };
        let found = match on_slip.as_slice() {
            [one] => Some(*one),
            several => {
                let mut fits = several.iter().filter(exact);
                fits.next().copied().filter(|_| fits.next().is_none())
            }
        };
        found.filter(of_court)
    }

    /// More than was reported is somebody's task; exactly as much ends whatever task there was.
    fn after_settlement(&mut self, court: &str, taking: Index, act: ActRef) {
        let Some(found) = self.state.takings.get(taking) else { return };
        let (moved, settled, case) = (found.moved, found.settled, found.case);
        let partner = self.state.partner_of(found.lane).to_owned();
        if settled > moved {
            let amount = Some(settled - moved);
            let draft = Draft { act: Some(act), partner, amount, ..Draft::default() };
            // One that is open has a sum that is true no more.
            if let Some(task) = self.same_as_open(TaskKind::SettlementDiffers, Some(case), draft.clone()) {
                self.close_task(task, TaskEnd::Moot, None);
            }
            self.raise(TaskKind::SettlementDiffers, Some(case), court, draft);
            return;
        }
        if settled == moved {
            for kind in [TaskKind::SettlementOverdue, TaskKind::SettlementDiffers] {
                let about = Draft { act: Some(act), partner: partner.clone(), ..Draft::default() };
                if let Some(task) = self.same_as_open(kind, Some(case), about) {
                    self.close_task(task, TaskEnd::Moot, None);
                }
            }
        }
    }

    /// Tells what was reported as moved and has not come within the days that the court's file allows.
    pub(super) fn tell_overdue(&mut self) {
        let days = |court: &str| self.config.courts.get(court).map_or(0, |court| court.settled_within_days);
        let fewest = self.config.courts.values().map(|court| court.settled_within_days).filter(|days| *days > 0).min();
        let Some(fewest) = fewest.filter(|_| self.now >= self.settlements_seen.saturating_add(OVERDUE_EVERY_MS)) else {
            return;
        };
        self.settlements_seen = self.now;
        let before = self.now.saturating_sub(Millis::from(fewest) * DAY_MS);
        let mut late = Vec::new();
        for index in self.state.unsettled_before(before) {
            let Some(taking) = self.state.takings.get(index) else { continue };
            let Some(case) = self.state.cases.get(taking.case) else { continue };
            let court = self.state.word(case.court);
            let within = Millis::from(days(court)) * DAY_MS;
            if within > 0 && taking.reported_at.saturating_add(within) <= self.now {
                let partner = self.state.partner_of(taking.lane).to_owned();
                let draft = Draft {
                    act: Some(ActRef(taking.sequence, taking.place)),
                    partner,
                    amount: Some(taking.moved - taking.settled),
                    ..Draft::default()
                };
                late.push((taking.case, court.to_owned(), draft));
            }
            if late.len() >= OVERDUE_PER_TICK_MAX {
                break;
            }
        }
        for (case, court, draft) in late {
            self.raise(TaskKind::SettlementOverdue, Some(case), &court, draft);
        }
    }

    /// Records a reconciliation; each difference is a task of the operators.
    pub(super) fn reconcile(&mut self, reconcile: Reconcile) -> Result<Answer, Refusal> {
        if self.state.lane_of(&reconcile.partner).is_none() {
            return Err(Refusal::NotFound);
        }
        let fact = PartnerReconciled {
            by: reconcile.by,
            day: u32::try_from(reconcile.day.count()).unwrap_or(0),
            differences: u32::try_from(reconcile.differences.len()).unwrap_or(u32::MAX),
            lines: reconcile.lines,
            partner: reconcile.partner.clone(),
        };
        let sequence = self.emit(fact.into(), None, 0);
        for difference in reconcile.differences.iter().take(RECONCILED_LINES_MAX) {
            self.raise_difference(sequence, &reconcile.partner, difference);
        }
        Ok(Answer::Done(sequence))
    }

    fn raise_difference(&mut self, reconciled: u64, partner: &str, difference: &Differing) {
        let act = difference.act.map(ActRef::from).unwrap_or(ActRef(reconciled, difference.line));
        let case = difference.act.and_then(|act| self.case_of(act));
        let draft = Draft {
            act: Some(act),
            partner: partner.to_owned(),
            amount: difference.amount.map(Money::units),
            text: difference.text.clone(),
            slot: difference.slot,
            ..Draft::default()
        };
        self.raise(TaskKind::ReconciliationDiffers, case, "", draft);
    }

    /// The case of an act that is in memory, or that left something there.
    fn case_of(&self, act: ActId) -> Option<Index> {
        let state = &self.state;
        let open = state.act_index(act).and_then(|index| state.acts.get(index)).map(|act| act.case);
        let measure = || state.measure_by_act(act).map(|measure| measure.case);
        let taking = || state.taking_index(act).and_then(|index| state.takings.get(index)).map(|taking| taking.case);
        open.or_else(measure).or_else(taking)
    }

    /// What we have with a partner of slips issued on a day, as far as it is in memory.
    pub(crate) fn slips_of_day(&self, lane: u16, day: Day) -> Vec<(SlipLine, ActId)> {
        let state = &self.state;
        let issued = |slip: u64| domain::SlipNumber::from_bits(slip).issued_on() == Some(day);
        let acts = state.acts.iter().map(|(_, act)| act).filter(|act| act.lane == lane && act.sent_at != 0);
        let acts = acts.filter(|act| act.kind().is_control()).map(|act| (act.slip_line(), act.id()));
        let line = |slip: u64, line: u16| SlipLine { slip: domain::SlipNumber::from_bits(slip), line };
        let measures = state.measures.iter().map(|(_, measure)| measure);
        let measures = measures.filter(|measure| measure.lane == lane && measure.is_live() && !measure.imported);
        let measures = measures.map(|measure| {
            let id = ActId { sequence: measure.sequence, line: measure.place };
            (line(measure.slip, measure.line), id)
        });
        let takings =
            state.takings.iter().map(|(_, taking)| taking).filter(|taking| taking.lane == lane && taking.moved > 0);
        let takings = takings
            .map(|taking| (line(taking.slip, taking.line), ActId { sequence: taking.sequence, line: taking.place }));
        let mut all: Vec<(SlipLine, ActId)> =
            acts.chain(measures).chain(takings).filter(|(key, _)| issued(key.slip.bits())).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
