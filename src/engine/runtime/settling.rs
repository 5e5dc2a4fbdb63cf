//! Settlements and reconciliation at run time: lines of statements keyed and matched, a partner's list held against ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{ActId, ActState, Day, Money, SlipLine, SlipNumber};
use store::record::{Body, Fact};

use super::sent::Sent;
use super::slips::{Drawn, SlipSearch};
use super::{Engine, Shared};
use crate::command::{Answer, Command, Differing, Reconcile, Settle, SettledHow, SettledLine, ToldBefore};
use crate::decide::RECONCILED_LINES_MAX;
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::settlement::line_key;
use crate::view::{Caller, Difference, Listed, ReconciledView, SettlementLine, Statement};

/// An act of ours that a line names, and what differs: a word, and the sum as we have it.
type Held = (Option<ActId>, Vec<(&'static str, Option<Money>)>);

/// What is known of a line.
enum Known {
    /// It is ours.
    Ours(Ours),
    /// It is no slip of ours to this partner.
    Not,
    /// It may be, and nobody can tell any more what became of it: its case is erased, or it is too far to look.
    Gone,
}

/// What we have of an act.
struct Ours {
    act: ActId,
    state: ActState,
    limit: Option<Money>,
    caught: Option<Money>,
    moved: Option<Money>,
}

impl Engine {
    /// Takes the lines of the statement of a court's account; one verdict per line, in their order.
    ///
    /// # Errors
    /// [`Refusal::CourtForeign`] for another court's account or a token without a court, [`Refusal::AccountNotListed`].
    pub async fn settle(&self, caller: &Caller, statement: Statement) -> Result<Vec<SettledHow>, Refusal> {
        let court = match (caller.court.clone(), statement.court) {
            // What is told of another court's account must not be booked to the caller's own.
            (Some(own), Some(named)) if own != named => return Err(Refusal::CourtForeign),
            (own, named) => own.or(named).ok_or(Refusal::CourtForeign)?,
        };
        let account = statement.account;
        let key = |line: &SettlementLine| {
            let parts = [
                court.as_bytes(),
                account.0.as_bytes(),
                account.1.expose().as_bytes(),
                line.serial.expose().as_bytes(),
            ];
            let hash = self.shared.hashers.document.hash(parts.join(&0_u8).as_slice());
            hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let mut lines: Vec<SettledLine> = statement
            .lines
            .into_iter()
            .map(|line| SettledLine {
                key: key(&line),
                slip: named(line.slip.as_deref(), line.reference.expose()),
                serial: line.serial,
                day: line.day,
                amount: line.amount,
                reference: line.reference,
                differs: None,
            })
            .collect();
        let shared = Arc::clone(&self.shared);
        let (tell, told) = tokio::sync::oneshot::channel();
        // What a serial said before stands in the journal.
        self.shared.tokio.spawn(async move {
            tokio::task::block_in_place(|| shared.hold_against_first(&mut lines));
            let _gone = tell.send(lines);
        });
        let lines = told.await.map_err(|_| Refusal::Unavailable)?;
        let settle = Settle { by: caller.token.clone(), court, account, lines };
        match self.ask(Command::Settle(Box::new(settle))).await?.answer {
            Answer::Settled(told) => Ok(told),
            _ => Err(Refusal::Unavailable),
        }
    }

    /// Holds a partner's list of a day against ours; every difference becomes a task.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown partner, or when the caller does not speak for it.
    pub async fn reconcile(
        &self,
        caller: &Caller,
        partner: &str,
        day: Day,
        (listed, is_whole): (Vec<Listed>, bool),
    ) -> Result<ReconciledView, Refusal> {
        let lane = {
            let decider = self.shared.decider.read();
            decider.state.lane_of(partner).filter(|_| caller.speaks_for(partner)).ok_or(Refusal::NotFound)?
        };
        let count = listed.len();
        let shared = Arc::clone(&self.shared);
        let (tell, told) = tokio::sync::oneshot::channel();
        // Slips that left memory are read from index and journal: not on a worker that takes calls.
        self.shared.tokio.spawn(async move {
            let _gone = tell.send(tokio::task::block_in_place(|| compare(&shared, lane, (&listed, is_whole), day)));
        });
        let Compared { differences, slots, not_compared, complete } =
            told.await.map_err(|_| Refusal::Unavailable)??;
        let lines = u32::try_from(count).unwrap_or(u32::MAX);
        let tell = |(place, (difference, slot)): (u32, (&Difference, u64))| Differing {
            line: difference.line.unwrap_or(lines.saturating_add(place)),
            act: difference.act,
            slot,
            amount: difference.amount,
            text: difference.what.to_owned(),
        };
        let reconcile = Reconcile {
            by: caller.token.clone(),
            partner: partner.to_owned(),
            day,
            lines,
            differences: (0_u32..).zip(differences.iter().zip(slots)).map(tell).collect(),
        };
        let sequence = self.done(Command::Reconcile(Box::new(reconcile))).await?;
        // The partner's own clerks know what it was asked to do. Whoever runs the gateway has no right to the money of a case: a list of
        // guesses would sound out any of them.
        let differences = differences
            .into_iter()
            .map(|difference| Difference { amount: difference.amount.filter(|_| !caller.is_operator), ..difference });
        let differences = differences.collect();
        Ok(ReconciledView { sequence, lines, not_compared, complete, differences })
    }
}

impl Shared {
    /// Notes on each line whose serial is known what it said the first time, where that was another sum. What cannot be read (any more)
    /// is held against nothing.
    fn hold_against_first(&self, lines: &mut [SettledLine]) {
        let known: Vec<Option<u64>> = {
            let decider = self.decider.read();
            lines.iter().map(|line| decider.state.settled_lines.get(&line_key(&line.key)).copied()).collect()
        };
        let mut within: BTreeMap<String, Money> = BTreeMap::new();
        for (line, known) in lines.iter_mut().zip(known) {
            let before = match known {
                Some(sequence) => self.told_before(sequence),
                None => {
                    let amount = *within.entry(line.key.clone()).or_insert(line.amount);
                    Some(ToldBefore { amount, act: None, slot: 0 })
                }
            };
            line.differs = before.filter(|before| before.amount != line.amount);
        }
    }

    fn told_before(&self, sequence: u64) -> Option<ToldBefore> {
        let event = self.papers.event(sequence)?;
        let slot = event.key;
        let (Fact::SettlementReceived(fact), Some(Body::Settled(body))) = (event.fact, event.body) else { return None };
        Some(ToldBefore { amount: Money::from_units(body.amount), act: fact.act.map(ActId::from), slot })
    }
}

/// A list held against what we have.
struct Compared {
    differences: Vec<Difference>,
    /// The key slot of the case of each; 0 = it is of none of ours.
    slots: Vec<u64>,
    /// How many lines could not be compared.
    not_compared: u32,
    /// Nothing that a whole list must name was left out.
    complete: bool,
}

/// Holds a list against what we have.
fn compare(shared: &Shared, lane: u16, (listed, is_whole): (&[Listed], bool), day: Day) -> Result<Compared, Refusal> {
    let mut comparing = Comparing { shared, lane, slips: SlipSearch::of(shared), last: None };
    let mut differences = Vec::new();
    let mut seen = BTreeSet::new();
    let mut not_compared = 0;
    for (place, line) in (0_u32..).zip(listed) {
        let Some((act, what)) = comparing.held_against(line)? else {
            not_compared += 1;
            continue;
        };
        seen.extend(act);
        differences.extend(what.into_iter().map(|(what, amount)| Difference { line: Some(place), act, what, amount }));
    }
    let mut complete = true;
    if is_whole {
        let (missing, all) = not_listed(shared, lane, day, &seen);
        complete = all;
        differences.extend(missing.into_iter().map(|act| Difference {
            line: None,
            act: Some(act),
            what: "not_listed",
            amount: None,
        }));
    }
    let slot = |act: ActId| shared.papers.slot_of(act.sequence).unwrap_or(0);
    let slots = differences.iter().map(|difference| difference.act.map_or(0, slot)).collect();
    Ok(Compared { differences, slots, not_compared, complete })
}

/// What of a day's slips is with the partner and not in its list, and whether all of it is told: what is in memory, and what
/// was finished since and stands in the journal alone.
fn not_listed(shared: &Shared, lane: u16, day: Day, seen: &BTreeSet<ActId>) -> (Vec<ActId>, bool) {
    let (partner, in_memory) = {
        let decider = shared.decider.read();
        (decider.state.partner_of(lane).to_owned(), decider.slips_of_day(lane, day))
    };
    let Sent { mut acts, complete } = shared.sent_of(&partner, day);
    acts.extend(in_memory);
    let missing = || acts.iter().map(|(_, act)| *act).filter(|act| !seen.contains(act));
    (missing().take(RECONCILED_LINES_MAX).collect(), complete && missing().count() <= RECONCILED_LINES_MAX)
}

/// One partner's list being held against ours.
struct Comparing<'s> {
    shared: &'s Shared,
    lane: u16,
    slips: SlipSearch<'s>,
    /// The finished request that was read last: lines of one slip stand together in most lists.
    last: Option<(u64, State)>,
}

impl Comparing<'_> {
    /// What of a partner's line differs from ours; `None` when nobody can tell any more.
    fn held_against(&mut self, line: &Listed) -> Result<Option<Held>, Refusal> {
        let unknown = (None, vec![("unknown_slip", None)]);
        let Some(key) = line.key() else { return Ok(Some(unknown)) };
        let ours = match self.ours(key)? {
            Known::Ours(ours) => ours,
            Known::Not => return Ok(Some(unknown)),
            Known::Gone => return Ok(None),
        };
        let mut what = Vec::new();
        if line.state.is_some_and(|state| !agree(state, ours.state)) {
            what.push(("state", None));
        }
        for (word, theirs, ours) in
            [("limit", line.limit, ours.limit), ("caught", line.caught, ours.caught), ("moved", line.moved, ours.moved)]
        {
            if let (Some(theirs), Some(ours)) = (theirs, ours)
                && theirs != ours
            {
                what.push((word, Some(ours)));
            }
        }
        Ok(Some((Some(ours.act), what)))
    }

    /// In memory while its request is open; out of its own history afterwards; by what it left behind where that is erased.
    fn ours(&mut self, key: SlipLine) -> Result<Known, Refusal> {
        {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let mut open = state.slip_acts(key.slip).into_iter().filter_map(|index| state.acts.get(index));
            if let Some(act) = open.find(|act| act.line == key.line) {
                let ours = || Known::Ours(sums(state, act.id(), act.state()));
                return Ok(if act.lane == self.lane { ours() } else { Known::Not });
            }
            if key.slip.counter() >= state.next_slip {
                return Ok(Known::Not);
            }
        }
        match self.finished(key)? {
            Known::Gone => Ok(self.left_behind(key).map_or(Known::Gone, Known::Ours)),
            known => Ok(known),
        }
    }

    fn finished(&mut self, key: SlipLine) -> Result<Known, Refusal> {
        let (request, act) = match self.shared.closed_by_slip(key.slip)? {
            Some(request) => (request, None),
            None => match self.slips.find(key) {
                Drawn::For(act, request) => (request, Some(act)),
                Drawn::Never => return Ok(Known::Not),
                Drawn::Unknown => return Ok(Known::Gone),
            },
        };
        if self.last.as_ref().is_none_or(|(read, _)| *read != request) {
            self.last = match self.shared.closed_state(request) {
                Ok(state) => Some((request, state)),
                Err(Refusal::ContentUnreadable) => Some((request, State::default())),
                Err(refusal) => return Err(refusal),
            };
        }
        let Some((_, closed)) = &self.last else { return Ok(Known::Gone) };
        let by_line = || {
            let acts = closed.slip_acts(key.slip);
            acts.into_iter().find(|index| closed.acts.get(*index).is_some_and(|act| act.line == key.line))
        };
        let index = act.and_then(|act| closed.act_index(act)).or_else(by_line);
        let Some(act) = index.and_then(|index| closed.acts.get(index)) else {
            // A history that can be read and does not have the line never had it.
            return Ok(if closed.requests.is_empty() { Known::Gone } else { Known::Not });
        };
        let decider = self.shared.decider.read();
        if closed.partner_of(act.lane) != decider.state.partner_of(self.lane) {
            return Ok(Known::Not);
        }
        let (now, then) = (
            sums(&decider.state, act.id(), act.state()),
            closed.taking_index(act.id()).map(|_| closed.moved_by(act.id())),
        );
        Ok(Known::Ours(Ours { moved: now.moved.or(then.map(Money::from_units)), ..now }))
    }

    /// Of an act whose own history nobody can read: the money that it took, or the measure that it made.
    fn left_behind(&self, key: SlipLine) -> Option<Ours> {
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let taking = state.taking_by_slip.get(&(key.slip.bits(), key.line));
        if let Some(taking) = taking.and_then(|index| state.takings.get(*index)).filter(|it| it.lane == self.lane) {
            let state_now = match taking.moved {
                0 => ActState::Refused,
                moved if moved < taking.amount => ActState::Partly,
                _ => ActState::Done,
            };
            return Some(sums(state, ActId { sequence: taking.sequence, line: taking.place }, state_now));
        }
        let partner = state.partner_of(self.lane);
        let measure = state.measure_by_number(partner, &key.to_string());
        let measure = measure.and_then(|index| state.measures.get(index)).filter(|measure| measure.is_live())?;
        Some(sums(state, ActId { sequence: measure.sequence, line: measure.place }, ActState::Done))
    }
}

fn sums(state: &State, act: ActId, now: ActState) -> Ours {
    let measure = state.measure_by_act(act).filter(|measure| measure.is_live());
    let taking = state.taking_index(act).and_then(|index| state.takings.get(index));
    Ours {
        act,
        state: now,
        limit: measure.map(|measure| Money::from_units(measure.limit())),
        caught: measure.map(|measure| Money::from_units(measure.caught())),
        moved: taking.map(|taking| Money::from_units(taking.moved)),
    }
}

/// Partners' lists know fewer states than we do: what is under way is one thing to them.
fn agree(theirs: ActState, ours: ActState) -> bool {
    let folded = |state: ActState| if state.is_open() { ActState::Awaiting } else { state };
    folded(theirs) == folded(ours)
}

/// The slip that a line names: in its own field, or as the first number of ours in what the payer wrote.
fn named(slip: Option<&str>, reference: &str) -> Option<(SlipNumber, Option<u16>)> {
    let read = |word: &str| {
        let key = SlipLine::parse(word).map(|key| (key.slip, Some(key.line)));
        key.or_else(|| SlipNumber::parse(word).map(|slip| (slip, None)))
    };
    if let Some(found) = slip.and_then(read) {
        return Some(found);
    }
    let parts = reference.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    parts.into_iter().find_map(|word| read(word.trim_matches('-')))
}

impl Listed {
    fn key(&self) -> Option<SlipLine> {
        let whole = SlipLine::parse(&self.slip);
        let parted = || Some(SlipLine { slip: SlipNumber::parse(&self.slip)?, line: self.line.unwrap_or(1) });
        whole.or_else(parted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_in_what_the_payer_wrote() {
        let slip = SlipNumber::parse("X2026112200000000012").unwrap();
        let found = |reference: &str| named(None, reference);
        assert_eq!(found("法院扣划 X2026112200000000012-3 款"), Some((slip, Some(3))));
        assert_eq!(found("扣划X2026112200000000012"), Some((slip, None)));
        assert_eq!(found("(X2026112200000000012)-"), Some((slip, None)));
        assert_eq!(found("货款"), None);
        assert_eq!(named(Some("X2026112200000000012-1"), "X2026112200000000099"), Some((slip, Some(1))));
    }
}
