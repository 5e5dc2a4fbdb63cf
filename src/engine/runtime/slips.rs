//! Slips that left memory, found again in the journal: numbers are drawn from a counter, so the plan that drew one stands where
//! the counters of plans pass its own.

use std::collections::BTreeMap;

use domain::{ActId, SlipLine};
use store::journal::ReadLimits;
use store::record::{Body, Fact, read_leaf};

use super::Shared;

/// Events looked at in one search for many slips, a few microseconds each: half a second of a thread that nothing waits for.
pub(super) const SEARCHED_EVENTS_MAX: u64 = 100_000;

/// Where the slip of a line was drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Drawn {
    /// For this act of this request.
    For(ActId, u64),
    /// Nowhere: no act of ours has this number and line.
    Never,
    /// Nobody can say: the case was erased, the journal could not be read, or too many events were looked at.
    Unknown,
}

/// A plan that drew numbers.
#[derive(Clone, Copy)]
struct Drawing {
    /// No plan stands from here up to its own place.
    from: u64,
    /// Sequence of its event.
    at: u64,
    /// How many it drew.
    slips: u64,
}

/// A search through the journal that remembers what it passed, so that slips of one day cost little more than one of them.
pub(super) struct SlipSearch<'s> {
    shared: &'s Shared,
    /// By the first number drawn.
    passed: BTreeMap<u64, Drawing>,
    end: u64,
    left: u64,
}

impl<'s> SlipSearch<'s> {
    pub(super) fn of(shared: &'s Shared) -> Self {
        let end = shared.reader.durable_size();
        Self { shared, passed: BTreeMap::new(), end, left: SEARCHED_EVENTS_MAX }
    }

    /// Whose slip and line it was; of a number that was drawn.
    pub(super) fn find(&mut self, key: SlipLine) -> Drawn {
        let counter = key.slip.counter();
        let Some(found) = self.halve(counter) else { return Drawn::Unknown };
        // What nobody can read any more drew the numbers that none of those around it did, and the first of all where none is before it.
        let Some((first, drawing)) = found else { return Drawn::Unknown };
        if counter >= first.saturating_add(drawing.slips) {
            return Drawn::Unknown;
        }
        let Some(plan) = self.shared.papers.plan(drawing.at) else { return Drawn::Unknown };
        let is_it = |line: &store::record::PlanLine| line.slip == key.slip.bits() && line.line == key.line;
        let place = plan.lines.iter().position(is_it).and_then(|place| u32::try_from(place).ok());
        place.map_or(Drawn::Never, |line| Drawn::For(ActId { sequence: drawing.at, line }, plan.request))
    }

    /// The last plan whose first number is not above the one looked for; the outer `None` = nobody can say.
    fn halve(&mut self, counter: u64) -> Option<Option<(u64, Drawing)>> {
        loop {
            let below = self.passed.range(..=counter).next_back().map(|(first, drawing)| (*first, *drawing));
            let above = self.passed.range(counter.saturating_add(1)..).next().map(|(_, drawing)| drawing.from);
            let low = below.map_or(0, |(_, drawing)| drawing.at.saturating_add(1));
            let mut high = above.unwrap_or(self.end);
            loop {
                if low >= high {
                    return Some(below);
                }
                let middle = low + (high - low) / 2;
                match self.next_drawing(middle, high)? {
                    Some((first, drawing)) => {
                        self.passed.insert(first, drawing);
                        break;
                    }
                    None => high = middle,
                }
            }
        }
    }

    /// The first plan from `from` on that can be read, before `to`; the outer `None` = nobody can say: it is too far to look, or
    /// cannot be read.
    fn next_drawing(&mut self, from: u64, to: u64) -> Option<Option<(u64, Drawing)>> {
        let mut range = self.shared.reader.read_range(from, ReadLimits { records_max: to - from, ..ReadLimits::NONE });
        loop {
            self.left = self.left.checked_sub(1)?;
            // What cannot be read may have drawn the number: that there is none would be laid at the partner's door.
            let Some((at, record)) = range.next_record().ok()? else { return Some(None) };
            let slips = match read_leaf(record.leaf).ok()?.fact {
                Fact::RequestAccepted(fact) => fact.slips,
                Fact::PlanExtended(fact) => fact.slips,
                _ => 0,
            };
            if slips == 0 {
                continue;
            }
            let lines = match self.shared.papers.event(at).and_then(|event| event.body) {
                Some(Body::Accepted(body)) => body.plan,
                Some(Body::Planned(body)) => body.plan,
                _ => continue,
            };
            let numbers = lines.iter().map(|line| domain::SlipNumber::from_bits(line.slip).counter());
            if let Some(first) = numbers.min() {
                return Some(Some((first, Drawing { from, at, slips: u64::from(slips) })));
            }
        }
    }
}
