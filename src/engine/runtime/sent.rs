//! What of a day's slips was handed to a partner, out of the journal: most of it has left memory with its request.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActId, ActKind, ActState, Day, Millis, SlipLine, SlipNumber};
use store::journal::ReadLimits;
use store::record::{Fact, read_leaf};

use super::Shared;

/// Leaves looked at for what was handed over of one day's slips, a few microseconds each: a county's month, a province's afternoon.
pub(super) const SENT_EVENTS_MAX: u64 = 1_000_000;

/// What was handed over.
pub(super) struct Sent {
    /// Control acts by the slip and line that the partner has.
    pub(super) acts: BTreeSet<(SlipLine, ActId)>,
    /// All of the journal since that day was looked at.
    pub(super) complete: bool,
}

impl Shared {
    /// Control acts on slips issued on a day that may be with their partner.
    pub(super) fn sent_of(&self, partner: &str, day: Day) -> Sent {
        let end = self.reader.durable_size();
        let from = self.first_since(day.start(), end);
        let limits = ReadLimits { records_max: SENT_EVENTS_MAX, ..ReadLimits::NONE };
        let mut range = self.reader.read_range(from, limits);
        let mut handed: BTreeMap<ActId, u32> = BTreeMap::new();
        let mut next = from;
        while let Ok(Some((sequence, record))) = range.next_record() {
            next = sequence + 1;
            match read_leaf(record.leaf).map(|leaf| leaf.fact) {
                Ok(Fact::ExchangeBegan(fact)) if fact.partner == partner && fact.kind != "ask" => {
                    for act in fact.acts {
                        *handed.entry(act.into()).or_default() += 1;
                    }
                }
                // It provably did not leave, and no earlier message may have.
                Ok(Fact::ExchangeEnded(fact))
                    if fact.partner == partner && did_not_leave(&fact.judged, &fact.state) =>
                {
                    if let Some(times) = handed.get_mut(&fact.act.into()) {
                        *times = times.saturating_sub(1);
                    }
                }
                _ => {}
            }
        }
        let acts = handed.into_iter().filter(|(_, times)| *times > 0).filter_map(|(act, _)| self.issued_on(act, day));
        Sent { acts: acts.collect(), complete: next >= end }
    }

    fn issued_on(&self, act: ActId, day: Day) -> Option<(SlipLine, ActId)> {
        let line = self.papers.line(act)?;
        let slip = SlipNumber::from_bits(line.slip);
        let is_control = ActKind::from_code(line.kind).is_some_and(ActKind::is_control);
        (is_control && slip.issued_on() == Some(day)).then_some((SlipLine { slip, line: line.line }, act))
    }

    /// The first event at `at` or later: times in the journal never go backwards.
    pub(super) fn first_since(&self, at: Millis, end: u64) -> u64 {
        let is_before = |sequence: u64| {
            let record = self.reader.read(sequence).ok().flatten();
            record.and_then(|record| read_leaf(&record.leaf).ok()).is_some_and(|leaf| leaf.at < at)
        };
        let (mut low, mut high) = (0, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

fn did_not_leave(judged: &str, state: &str) -> bool {
    let back = [ActState::Ready, ActState::Planned, ActState::Unsent].iter().any(|before| before.word() == state);
    back && (judged == "not_sent" || state == ActState::Unsent.word())
}
