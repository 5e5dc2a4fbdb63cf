//! What a list hands over: whole slips in their order, within what may be with a partner at once.

use std::collections::BTreeSet;

use domain::slip::LINES_MAX;
use domain::socket::ListClass;
use domain::{ActKind, ActState, SlipNumber};
use store::record::{ActRef, ActWithdrawn, Body, ExchangeBegan, ReasonBody};

use super::Decider;
use super::face::LIST_ACTS_MAX;
use crate::command::Answer;
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::slab::Index;

/// One place in so many is kept for releases.
const PLACES_A_RELEASE_PLACE: usize = 10;

/// Told of lines that were left behind by a list of an earlier release.
const LEFT_BEHIND: &str = "请求单的其余行已先行下发，对方按请求单号去重，再次下发会被忽略；本行从未下发，如仍需要请重新提交 · \
the other lines of this slip were handed over before it, and the partner ignores a number that it has seen; this line was never sent: order it anew if it is still wanted";

/// What may be with a partner that fetches: `in_flight_max` acts handed over and not answered, a tenth of them for releases alone, of the
/// rest a half each for questions and for controls while the other has something waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    in_flight_max: usize,
}

/// A slip that waits to be handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// How many lines it has.
    pub(crate) lines: usize,
    /// It ends measures.
    pub(crate) releases: bool,
}

/// The places of one list: how many are taken, and whether the other list has something waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    places: Places,
    /// It is the list of questions, in which no release ever stands.
    questions: bool,
    /// With the partner and not answered, of this list.
    pub(crate) own: usize,
    /// The same of the other list.
    pub(crate) other: usize,
    /// Something of the other list waits to be handed over.
    pub(crate) other_waits: bool,
    /// Acts that the list has room for still.
    pub(crate) list_left: usize,
}

impl Places {
    /// By a partner's `in_flight_max`, at least 1.
    pub(crate) fn of(in_flight_max: u32) -> Self {
        Self { in_flight_max: usize::try_from(in_flight_max).unwrap_or(usize::MAX).max(1) }
    }

    /// Kept for releases. What is with a partner stands in one list until it is answered, so a list's room is the measure.
    pub(crate) fn for_releases(self) -> usize {
        match self.in_flight_max.min(LIST_ACTS_MAX) {
            0 | 1 => 0,
            many => (many / PLACES_A_RELEASE_PLACE).max(1),
        }
    }

    /// What either list is left by the other while both have something waiting.
    fn share(self) -> usize {
        (self.in_flight_max - self.for_releases()) / 2
    }

    /// The most lines on a slip, so that it finds room whole however busy the partner is.
    pub(crate) fn lines_max(self, releases: bool) -> usize {
        let room = if releases { self.for_releases() } else { self.share().min(LIST_ACTS_MAX - self.for_releases()) };
        room.clamp(1, LINES_MAX)
    }
}

impl Room {
    /// May this slip go now, with what has gone? One that is larger than slips are made by the settings in force goes when nothing of its
    /// list is with the partner: it was numbered before they changed, and would wait for ever.
    pub(crate) fn takes(&self, slip: Waiting) -> bool {
        let usual_max = self.places.lines_max(slip.releases);
        if slip.lines > usual_max && self.own == 0 {
            return true;
        }
        let kept = if slip.releases { 0 } else { self.places.for_releases() };
        let for_other =
            if self.other_waits && !slip.releases { self.places.share().saturating_sub(self.other) } else { 0 };
        let in_flight = self.own + self.other + for_other + kept + slip.lines;
        let in_list = self.own + if self.questions { 0 } else { kept } + slip.lines;
        in_flight <= self.places.in_flight_max && in_list <= LIST_ACTS_MAX && slip.lines <= self.list_left
    }

    /// It goes.
    pub(crate) fn take(&mut self, slip: Waiting) {
        self.own += slip.lines;
        self.list_left = self.list_left.saturating_sub(slip.lines);
    }
}

/// What stands at the head of the waiting: the lines of its slip that go, and those that may never go under its number.
struct Head {
    going: Vec<Index>,
    left_behind: Vec<Index>,
    releases: bool,
}

impl Decider {
    pub(super) fn list(&mut self, partner: &str, class: ListClass) -> Result<Answer, Refusal> {
        let lane = self.state.lane_of(partner).ok_or(Refusal::NotFound)?;
        self.state.ripen(lane, self.now);
        let Some(state) = self.state.lane(lane) else { return Err(Refusal::NotFound) };
        // A paused lane shows an empty list: nobody learns why, and nothing is handed over.
        if state.record.paused.as_ref().is_some_and(|pause| pause.until > self.now) {
            return Ok(Answer::List(Vec::new()));
        }
        let mut listed = self.again(lane, class);
        let mut room = self.room(lane, class, LIST_ACTS_MAX.saturating_sub(listed.len()));
        // What is handed over with this list lets the next slip on the same subject go, so look again until nothing is new.
        for _ in 0..LIST_ACTS_MAX {
            let (fresh, left_behind) = self.fresh(lane, class, &mut room);
            self.leave_behind(&left_behind);
            if fresh.is_empty() {
                if left_behind.is_empty() {
                    break;
                }
                continue;
            }
            let acts: Vec<ActRef> =
                fresh.iter().filter_map(|index| self.state.acts.get(*index)).map(|act| act.id().into()).collect();
            self.free_what_goes(lane, &fresh);
            self.emit(ExchangeBegan::of(acts, "offer", partner).into(), None, 0);
            listed.extend(fresh);
        }
        Ok(Answer::List(listed))
    }

    /// What was handed over and is not answered, whole slips in the order of their numbers, as many as a list takes.
    fn again(&self, lane: u16, class: ListClass) -> Vec<Index> {
        // What was offered before a stop and not answered is not shown either: a partner may only now read it for the first time.
        let shown = |act: &Act| is_of(act.kind(), class) && !self.state.is_held(act);
        let offered = self.state.lane(lane).into_iter().flat_map(|lane| &lane.offered);
        let fits = |index: &Index| self.state.acts.get(*index).is_some_and(shown);
        let offered: Vec<(u64, Index)> =
            offered.filter(|(_, _, index)| fits(index)).map(|(slip, _, index)| (*slip, *index)).collect();
        let mut listed: Vec<Index> = Vec::with_capacity(offered.len().min(LIST_ACTS_MAX));
        for slip in offered.chunk_by(|one, next| one.0 == next.0) {
            if listed.len() + slip.len() > LIST_ACTS_MAX {
                break;
            }
            listed.extend(slip.iter().map(|(_, index)| *index));
        }
        listed
    }

    fn room(&self, lane: u16, class: ListClass, list_left: usize) -> Room {
        let in_flight_max = self.partner(lane).map_or(1, |partner| partner.in_flight_max);
        let (places, questions) = (Places::of(in_flight_max), class == ListClass::Queries);
        let mut room = Room { places, questions, own: 0, other: 0, other_waits: false, list_left };
        let Some(state) = self.state.lane(lane) else { return room };
        let with_it = state.offered.iter().filter_map(|(_, _, index)| self.state.acts.get(*index));
        // Whoever waits for a condition has answered.
        for act in with_it.filter(|act| act.verdict().is_none()) {
            if is_of(act.kind(), class) {
                room.own += 1;
            } else {
                room.other += 1;
            }
        }
        room.other_waits = state.ready.iter().flatten().any(|index| {
            let waits = |act: &Act| !is_of(act.kind(), class) && self.may_be_offered(act);
            self.state.acts.get(*index).is_some_and(waits) && self.state.is_its_turn(lane, *index)
        });
        room
    }

    /// Slips of a class that go now, in their order, and lines that never go. The first that finds no room ends it: what stands behind must
    /// not take the places that it waits for.
    fn fresh(&self, lane: u16, class: ListClass, room: &mut Room) -> (Vec<Index>, Vec<Index>) {
        let (mut fresh, mut left_behind) = (Vec::new(), Vec::new());
        let Some(state) = self.state.lane(lane) else { return (fresh, left_behind) };
        // A subject has one act in the queues at a time, a question one place.
        let mut seen = BTreeSet::new();
        for index in state.ready.iter().flatten().copied() {
            let fits = |act: &Act| is_of(act.kind(), class) && self.may_be_offered(act);
            let Some(act) = self.state.acts.get(index).filter(|act| fits(act)) else { continue };
            if !self.state.is_its_turn(lane, index) || !seen.insert(act.slip) {
                continue;
            }
            let head = self.head(lane, index, act);
            left_behind.extend(head.left_behind);
            if head.going.is_empty() {
                continue;
            }
            let slip = Waiting { lines: head.going.len(), releases: head.releases };
            if !room.takes(slip) {
                break;
            }
            room.take(slip);
            fresh.extend(head.going);
        }
        (fresh, left_behind)
    }

    /// The lines of the slip of an act whose turn it is. Partners know a repeat by the slip's number alone, so what was not in its first
    /// list is in none.
    fn head(&self, lane: u16, index: Index, act: &Act) -> Head {
        let releases = act.kind().ends_a_measure();
        if act.kind().is_question() {
            return Head { going: vec![index], left_behind: Vec::new(), releases };
        }
        let lines = self.state.slip_acts(SlipNumber::from_bits(act.slip));
        let was_offered = |act: &Act| act.sent_at != 0 && act.answers_later;
        let is_known = lines.iter().filter_map(|line| self.state.acts.get(*line)).any(was_offered);
        let goes = |line: &Index| {
            let line_act = self.state.acts.get(*line).filter(|act| act.lane == lane && self.may_be_offered(act));
            line_act.is_some_and(|act| self.state.waits_for(*line, act).is_none())
        };
        let was_sent = |line: &Index| self.state.acts.get(*line).is_some_and(|act| act.sent_at != 0);
        let ready = lines.into_iter().filter(goes);
        let (going, left_behind) = ready.partition(|line| !is_known || was_sent(line));
        Head { going, left_behind, releases }
    }

    fn may_be_offered(&self, act: &Act) -> bool {
        let ready = act.state() == ActState::Ready && !act.is_under_way() && act.due_at <= self.now;
        ready && !self.state.is_held(act)
    }

    /// Lines whose slip went without them, as lists of an earlier release let happen: nobody would ever answer them.
    fn leave_behind(&mut self, lines: &[Index]) {
        let mut requests = Vec::new();
        for index in lines {
            let Some(act) = self.state.acts.get(*index) else { continue };
            let (id, request, slot) = (act.id(), act.request, self.slot_of(*index));
            let body = Body::Reason(ReasonBody { reason: LEFT_BEHIND.to_owned(), document: None, amount: None });
            self.emit(ActWithdrawn { act: id.into(), by: String::new() }.into(), Some(body), slot);
            requests.push(request);
        }
        requests.sort_unstable();
        requests.dedup();
        requests.into_iter().for_each(|request| self.go_on(request));
    }
}

fn is_of(kind: ActKind, class: ListClass) -> bool {
    kind.is_question() == (class == ListClass::Queries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two lists of one partner as rounds of asking and answering, told by nothing but what this module promises.
    #[derive(Clone, Debug)]
    enum Step {
        Ready { lines: usize, kind: u8 },
        Ask { questions: bool },
        Answer { place: usize },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let ready = (1_usize..=300, 0_u8..3).prop_map(|(lines, kind)| Step::Ready { lines, kind });
        let ask = any::<bool>().prop_map(|questions| Step::Ask { questions });
        let answer = any::<usize>().prop_map(|place| Step::Answer { place });
        proptest::collection::vec(prop_oneof![ready, ask, answer], 1..80)
    }

    /// A slip of the model: its lines, 0 = question, 1 = control, 2 = release, and its place in the order.
    type Numbered = (usize, u8, usize);

    fn ask(places: Places, waiting: &mut Vec<Numbered>, with_it: &mut Vec<Numbered>, questions: bool) -> Vec<Numbered> {
        let of = |slip: &Numbered| (slip.1 == 0) == questions;
        let lines = |slips: &[Numbered], own: bool| -> usize {
            slips.iter().filter(|slip| of(slip) == own).map(|slip| slip.0).sum()
        };
        let (own, other) = (lines(with_it, true), lines(with_it, false));
        let other_waits = waiting.iter().any(|slip| !of(slip));
        let list_left = LIST_ACTS_MAX.saturating_sub(own);
        let mut room = Room { places, questions, own, other, other_waits, list_left };
        let mut due: Vec<Numbered> = waiting.iter().copied().filter(of).collect();
        due.sort_by_key(|slip| (slip.1 != 2, slip.2));
        let mut handed = Vec::new();
        for slip in due {
            let told = Waiting { lines: slip.0, releases: slip.1 == 2 };
            if !room.takes(told) {
                break;
            }
            room.take(told);
            handed.push(slip);
        }
        waiting.retain(|slip| !handed.contains(slip));
        with_it.extend(&handed);
        handed
    }

    proptest! {
        #[test]
        fn what_may_be_with_a_partner_is_never_passed_and_everything_goes_in_the_end(
            in_flight_max in prop_oneof![1_u32..20, 20_u32..400, 400_u32..10_000],
            steps in steps(),
        ) {
            let places = Places::of(in_flight_max);
            let max = usize::try_from(in_flight_max).unwrap();
            let (mut waiting, mut with_it): (Vec<Numbered>, Vec<Numbered>) = (Vec::new(), Vec::new());
            let mut next = 0;
            for step in steps {
                match step {
                    // As slips are numbered by these settings.
                    Step::Ready { lines, kind } => {
                        let lines_max = if kind == 0 { 1 } else { places.lines_max(kind == 2) };
                        waiting.push((lines.min(lines_max), kind, next));
                        next += 1;
                    }
                    Step::Ask { questions } => {
                        let handed = ask(places, &mut waiting, &mut with_it, questions);
                        let listed: usize =
                            with_it.iter().filter(|slip| (slip.1 == 0) == questions).map(|slip| slip.0).sum();
                        prop_assert!(listed <= LIST_ACTS_MAX);
                        prop_assert!(with_it.iter().map(|slip| slip.0).sum::<usize>() <= max);
                        let order: Vec<_> = handed.iter().map(|slip| (slip.1 != 2, slip.2)).collect();
                        prop_assert!(order.is_sorted(), "{handed:?}");
                        // Whatever else is with the partner, a release finds its place while no release is.
                        let release = waiting.iter().any(|slip| slip.1 == 2);
                        prop_assert!(questions || !release || max < 2 || with_it.iter().any(|slip| slip.1 == 2));
                    }
                    Step::Answer { place } if !with_it.is_empty() => {
                        let place = place % with_it.len();
                        with_it.remove(place);
                    }
                    Step::Answer { .. } => {}
                }
            }
            for _ in 0..=2 * next {
                with_it.clear();
                ask(places, &mut waiting, &mut with_it, false);
                with_it.clear();
                ask(places, &mut waiting, &mut with_it, true);
            }
            prop_assert_eq!(waiting, Vec::new());
        }

        #[test]
        fn a_slip_from_before_the_settings_goes_alone(in_flight_max in 1_u32..400, lines in 1_usize..=LINES_MAX) {
            let places = Places::of(in_flight_max);
            let idle =
                Room { places, questions: false, own: 0, other: 0, other_waits: true, list_left: LIST_ACTS_MAX };
            let slip = Waiting { lines, releases: false };
            prop_assert!(idle.takes(slip) || lines <= places.lines_max(false), "{lines} lines");
            let busy = Room { own: 1, ..idle };
            let fits = 1 + lines + places.for_releases() + places.share() <= usize::try_from(in_flight_max).unwrap();
            prop_assert_eq!(busy.takes(slip), fits && 1 + lines + places.for_releases() <= LIST_ACTS_MAX);
        }
    }
}
