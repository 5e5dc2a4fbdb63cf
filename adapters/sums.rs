//! Does what was told agree with the word for it? Sums and days that contradict their verdict make the whole a doubt.

use domain::outcome::{Outcome, Reason, Verdict};
use domain::{ActKind, Flaw, Money};

use crate::open::Unreadable;

/// Holds an outcome of an act of that kind against its own sums, and fills in what follows from the verdict.
///
/// # Errors
/// [`Unreadable`] when something the verdict promises is missing, or when a sum says otherwise.
pub(crate) fn agree(kind: ActKind, outcome: &mut Outcome) -> Result<(), Unreadable> {
    match outcome.verdict {
        Verdict::Done | Verdict::Partly => took_effect(kind, outcome),
        _ => held_back(kind, outcome),
    }
}

/// All or part: the sums must be there and must agree with the word.
fn took_effect(kind: ActKind, outcome: &mut Outcome) -> Result<(), Unreadable> {
    if matches!(kind, ActKind::Freeze | ActKind::Renew) && outcome.to.is_none() {
        return Err(Unreadable(Flaw::LastDayMissing));
    }
    let got = match kind {
        ActKind::Freeze => outcome.caught,
        kind if kind.transfers() => outcome.moved,
        _ => return Ok(()),
    };
    let got = got.ok_or(Unreadable(Flaw::SumMissing))?;
    let is_whole = outcome.limit.is_none_or(|limit| got >= limit);
    match outcome.verdict {
        Verdict::Done if !is_whole || (kind.transfers() && !got.is_positive()) => Err(Unreadable(Flaw::SumBelowDone)),
        Verdict::Partly if outcome.limit.is_some() && is_whole => Err(Unreadable(Flaw::SumAbovePartly)),
        Verdict::Partly if outcome.reason.is_none() => {
            outcome.reason = Some(if outcome.ahead.is_empty() { Reason::Insufficient } else { Reason::PriorRight });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Nothing moved, nothing newly held: a sum that says otherwise contradicts the word.
fn held_back(kind: ActKind, outcome: &mut Outcome) -> Result<(), Unreadable> {
    let is_nothing = |sum: Option<Money>| sum.is_none_or(|sum| sum == Money::ZERO);
    if !is_nothing(outcome.moved) || (kind == ActKind::Freeze && !is_nothing(outcome.caught)) {
        return Err(Unreadable(Flaw::SumWithoutEffect));
    }
    match outcome.verdict {
        Verdict::Refused | Verdict::HandedBack if outcome.reason.is_none() => outcome.reason = Some(Reason::Other),
        Verdict::Queued if outcome.reason.is_none() => outcome.reason = Some(Reason::PriorRight),
        _ => {}
    }
    if kind == ActKind::Freeze {
        outcome.caught = Some(Money::ZERO);
    }
    Ok(())
}
