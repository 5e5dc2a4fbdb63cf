//! What was read of the journal for the evidence of an act, kept for its next page: leaves never change, so only what came since is read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parking_lot::Mutex;
use store::record::ActRef;

use super::lines;
use crate::delay::Seen;

/// Acts of which it is kept what was read, the newest: somebody who pages through one, and some beside.
const ACTS_KEPT: usize = 16;
/// Events of an act that are kept; some 300 bytes each. One with more is read anew with each page.
const EVENTS_KEPT_MAX: usize = 10_000;
/// Pauses, stops, configurations and starts that are kept; acts of one time share them.
const HOLDS_KEPT_MAX: usize = 2_048;

/// Of one act.
#[derive(Clone, Default)]
pub(in crate::runtime) struct Read {
    /// Events of its request that are of it.
    pub own: Vec<Seen>,
    /// Events of its case that may have held it.
    pub around: Vec<Seen>,
    /// Events of its case that are about it.
    pub about: Vec<Seen>,
    begun: BTreeSet<u64>,
    /// The last event of its request that was looked at.
    own_to: Option<u64>,
    /// The oldest event of its case that was remembered then, and the last that was looked at.
    case: Option<(u64, u64)>,
}

impl Read {
    fn len(&self) -> usize {
        self.own.len() + self.around.len() + self.about.len() + self.begun.len()
    }

    /// Reads what came since; `false` = something could not be read, and may be later.
    fn go_on(
        &mut self,
        act: ActRef,
        events: &[u64],
        of_case: &[u64],
        read: &mut impl FnMut(u64) -> Option<Seen>,
    ) -> bool {
        let mut is_whole = true;
        let looked_to = self.own_to;
        for sequence in events.iter().copied().filter(|sequence| looked_to.is_none_or(|to| *sequence > to)) {
            self.own_to = Some(sequence);
            match read(sequence) {
                Some(seen) if lines::is_of(&seen, act) => self.own.push(seen),
                Some(_) => {}
                None => is_whole = false,
            }
        }
        let first = of_case.first().copied();
        // What is remembered of a case is forgotten from the front; what rested on it is then looked at anew.
        if self.case.is_some_and(|(from, _)| first != Some(from)) {
            (self.around, self.about, self.begun, self.case) = (Vec::new(), Vec::new(), BTreeSet::new(), None);
        }
        let Some(first) = first else { return is_whole };
        let looked_to = self.case.map(|(_, to)| to);
        for sequence in of_case.iter().copied().filter(|sequence| looked_to.is_none_or(|to| *sequence > to)) {
            self.case = Some((first, sequence));
            match read(sequence) {
                Some(seen) if lines::holds(&seen, act) => self.around.push(seen),
                Some(seen) if lines::is_about(&seen, act, &mut self.begun) => self.about.push(seen),
                Some(_) => {}
                None => is_whole = false,
            }
        }
        is_whole
    }
}

/// What was read for the acts that were last asked about.
#[derive(Default)]
pub(in crate::runtime) struct Kept {
    acts: Mutex<VecDeque<(ActRef, Read)>>,
    holds: Mutex<BTreeMap<u64, Seen>>,
}

impl Kept {
    /// What is of an act, of these events of its request and of its case, in their order.
    pub(super) fn of(
        &self,
        act: ActRef,
        (events, of_case): (&[u64], &[u64]),
        mut read: impl FnMut(u64) -> Option<Seen>,
    ) -> Read {
        let known = {
            let mut acts = self.acts.lock();
            let place = acts.iter().position(|(known, _)| *known == act);
            place.and_then(|place| acts.remove(place)).map(|(_, read)| read)
        };
        let mut found = known.unwrap_or_default();
        if found.go_on(act, events, of_case, &mut read) && found.len() <= EVENTS_KEPT_MAX {
            let mut acts = self.acts.lock();
            acts.push_back((act, found.clone()));
            if acts.len() > ACTS_KEPT {
                acts.pop_front();
            }
        }
        found
    }

    /// An event that may have held acts of many cases.
    pub(super) fn hold(&self, sequence: u64, read: impl FnOnce(u64) -> Option<Seen>) -> Option<Seen> {
        if let Some(known) = self.holds.lock().get(&sequence) {
            return Some(known.clone());
        }
        let seen = read(sequence)?;
        let mut holds = self.holds.lock();
        if holds.len() >= HOLDS_KEPT_MAX {
            holds.pop_first();
        }
        holds.insert(sequence, seen.clone());
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use domain::task::TaskKind;
    use proptest::prelude::*;
    use store::record::{CaseHalted, ExchangeBegan, Fact, TaskEnded, TaskRaised};

    use super::*;

    const ACT: ActRef = ActRef(1, 0);

    fn event(sequence: u64) -> Option<Seen> {
        let act = ActRef(1, u32::try_from(sequence % 3).unwrap());
        let raised = TaskRaised {
            act: Some(act),
            automatic: false,
            case: Some(1),
            court: String::new(),
            due: None,
            kind: TaskKind::AnswerObjection.word().to_owned(),
            measure: None,
            partner: String::new(),
        };
        let fact: Fact = match sequence % 4 {
            0 => ExchangeBegan::of(vec![act], "send", "bank").into(),
            1 => raised.into(),
            2 => CaseHalted { by: "judge".to_owned(), case: 1, cause: "suspended".to_owned(), news: false }.into(),
            _ => TaskEnded { by: String::new(), end: "done".to_owned(), request: None, task: sequence - 2 }.into(),
        };
        Some(Seen {
            sequence,
            at: i64::try_from(sequence).unwrap(),
            fact,
            body: None,
            leaf_hash: trail::leaf_hash(&sequence.to_be_bytes()),
        })
    }

    fn sequences(seen: &[Seen]) -> Vec<u64> {
        seen.iter().map(|seen| seen.sequence).collect()
    }

    fn told(read: &Read) -> [Vec<u64>; 3] {
        [&read.own, &read.around, &read.about].map(|seen| sequences(seen))
    }

    #[test]
    fn a_second_page_reads_nothing_and_what_came_since_is_read_once() {
        let (kept, mut asked) = (Kept::default(), Vec::new());
        let (mut events, case): (Vec<u64>, Vec<u64>) = ((4..400).collect(), (1..9).collect());
        let mut of = |act, events: &[u64], case: &[u64]| {
            asked.clear();
            let read = kept.of(act, (events, case), |sequence| {
                asked.push(sequence);
                event(sequence)
            });
            (told(&read), asked.clone())
        };
        let (first, read) = of(ACT, &events, &case);
        assert_eq!((read.len(), first[0].first()), (404, Some(&12)));
        assert_eq!(of(ACT, &events, &case), (first.clone(), vec![]));
        events.extend([408, 420]);
        let (more, read) = of(ACT, &events, &case);
        assert_eq!((read, more[0].last()), (vec![408, 420], Some(&420)));
        assert_eq!(more[1..], first[1..]);
        // Many others later it is read anew, and found the same.
        for line in 0..ACTS_KEPT {
            of(ActRef(2, u32::try_from(line).unwrap()), &[4], &[]);
        }
        assert_eq!(of(ACT, &events, &case).1.len(), 406);
    }

    #[test]
    fn what_could_not_be_read_is_tried_again() {
        let kept = Kept::default();
        let found = kept.of(ACT, (&[12, 24], &[]), |sequence| event(sequence).filter(|_| sequence != 12));
        assert_eq!(sequences(&found.own), [24]);
        assert_eq!(sequences(&kept.of(ACT, (&[12, 24], &[]), event).own), [12, 24]);
        assert!(kept.hold(7, |_| None).is_none());
        assert_eq!(kept.hold(7, event).map(|seen| seen.sequence), Some(7));
        assert_eq!(kept.hold(7, |_| None).map(|seen| seen.sequence), Some(7));
        for sequence in 100..200_u64 + u64::try_from(HOLDS_KEPT_MAX).unwrap() {
            kept.hold(sequence, event);
        }
        assert_eq!(kept.holds.lock().len(), HOLDS_KEPT_MAX);
    }

    #[test]
    fn of_a_case_that_is_forgotten_whole_nothing_is_kept() {
        let kept = Kept::default();
        kept.of(ACT, (&[4, 5, 6], &[8, 9]), event);
        assert_eq!(
            told(&kept.of(ACT, (&[4, 5, 6], &[]), event)),
            told(&Kept::default().of(ACT, (&[4, 5, 6], &[]), event))
        );
    }

    proptest! {
        /// However a request and its case grow between pages, and whatever is forgotten of the case, a page finds what reading all of it finds.
        #[test]
        fn a_page_finds_what_reading_all_of_it_finds(steps in proptest::collection::vec((0_usize..30, 0_usize..30, 0_usize..3), 1..8)) {
            let (kept, mut next) = (Kept::default(), 4_u64);
            let (mut events, mut case) = (Vec::new(), Vec::new());
            for (more, of_case, forgotten) in steps {
                for place in 0..more + of_case {
                    if place < more { events.push(next) } else { case.push(next) }
                    next += 1;
                }
                case.drain(..forgotten.min(case.len()));
                let page = kept.of(ACT, (&events, &case), event);
                let anew = Kept::default().of(ACT, (&events, &case), event);
                prop_assert_eq!(told(&page), told(&anew));
            }
        }
    }
}
