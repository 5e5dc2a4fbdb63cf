//! Money that is counted as moved and that its partner denied after the request's end: it counts until two people have settled it.

use domain::measure::{ChangeCause, MeasureState};
use domain::task::{TaskEnd, TaskKind};
use domain::{ActKind, ActState, Money};
use store::record::{ActRef, ActResolved, Body, ChangedBody, ReasonBody};

use super::Decider;
use super::task::Draft;
use crate::command::{Answer, LateResolution};
use crate::fold::token_hash;
use crate::refusal::Refusal;
use crate::state::Taking;

impl Decider {
    /// The first word waits, the same from another person settles it, as with a doubt. What did not move after all is owed again, and
    /// the freeze that it was to come out of stands with it.
    pub(super) fn resolve_late(&mut self, late: LateResolution) -> Result<Answer, Refusal> {
        let LateResolution { act, moved, by, took_effect, amount, document, reason, slot, has_callback, closed } = late;
        let id = act.id();
        let taking = self.state.taking_index(id).and_then(|index| self.state.takings.get(index));
        let Some(taking) = taking.filter(|taking| taking.moved > moved).cloned() else {
            return Err(Refusal::WrongState { state: "finished" });
        };
        let sum = sum_left(&taking, took_effect, amount)?;
        let said = Some(sum.units()).filter(|_| took_effect);
        let court = self.court_word(taking.case);
        let confirms = act.says_the_same(took_effect, said) && self.settles_still(act.settled_by, court);
        if confirms && act.settled_by == token_hash(&by) {
            return Err(Refusal::SamePerson);
        }
        let state = match (confirms, took_effect) {
            (false, _) => "",
            (true, true) if sum.units() < taking.amount => ActState::Partly.word(),
            (true, true) => ActState::Done.word(),
            (true, false) => ActState::Unsent.word(),
        };
        let fact = ActResolved {
            act: id.into(),
            second: if confirms { by.clone() } else { String::new() },
            by,
            state: state.to_owned(),
            took_effect,
        };
        let body = Body::Reason(ReasonBody { reason, document: Some(document), amount: said });
        let sequence = self.emit(fact.into(), Some(body), slot);
        if confirms {
            self.stands_with_the_rest(taking.base, slot);
            let partner = self.state.partner_of(taking.lane).to_owned();
            let about = Draft { act: Some(id.into()), partner, ..Draft::default() };
            if let Some(task) = self.same_as_open(TaskKind::NewsContradicts, Some(taking.case), about) {
                self.close_task(task, TaskEnd::Done, None);
            }
        }
        self.relist(closed, sequence, has_callback);
        Ok(Answer::Done(sequence))
    }

    /// A freeze that was used up by what did not move, and has left memory, holds again what was not moved out of it.
    fn stands_with_the_rest(&mut self, base: u64, slot: u64) {
        let used_up = self.standing_or_gone(base);
        let used_up =
            used_up.filter(|freeze| freeze.kind() == ActKind::Freeze && freeze.state() == MeasureState::Ended);
        let Some(mut freeze) = used_up.cloned() else { return };
        freeze.stands_by_what_is_left(true);
        if freeze.is_live() {
            let about = ActRef(freeze.sequence, freeze.place);
            self.change_measure(about, freeze.state(), ChangedBody::default(), (ChangeCause::Told, slot));
        }
    }
}

/// What stays counted: never more than is, and never less than came in or went back.
fn sum_left(taking: &Taking, took_effect: bool, amount: Option<Money>) -> Result<Money, Refusal> {
    let out = |bound| Err(Refusal::OutOfBounds { at: "/amount", bound });
    let counted = Money::from_units(taking.moved);
    let floor = Money::from_units(taking.settled.max(taking.returned.saturating_add(taking.returning)));
    let sum = match (took_effect, amount) {
        (true, amount) => amount.unwrap_or(counted),
        (false, Some(amount)) if amount != Money::ZERO => {
            return out("未生效的不得有金额 · no sum where it did not take effect");
        }
        (false, _) => Money::ZERO,
    };
    if sum > counted || (took_effect && !sum.is_positive()) {
        return out("须大于0且不超过已入账金额 · above 0, at most what is counted as moved");
    }
    if sum < floor {
        return out("不得低于已到账或已退还的金额 · not below what came in or went back");
    }
    Ok(sum)
}
