//! What happens to a case is news of its open requests; what a partner has answered is remembered over a restart.

use domain::case::HaltCause;
use domain::{CaseId, RequestId};
use store::record::Fact;

use super::measures::order;
use super::*;
use crate::command::{Amend, Halt, ResumeCase};
use crate::state::delivery::GATHER_MS;

fn look() -> Asked {
    Asked::Acts(vec![order(ActKind::Query)])
}

impl Table {
    fn version_of(&self, request: u64) -> Option<u64> {
        let state = &self.decider.state;
        let index = state.request_index(RequestId(request))?;
        state.requests.get(index).map(|open| open.version)
    }

    /// Tells a command and gives the requests whose watchers are woken by it.
    fn woken(&mut self, command: Command) -> Vec<u64> {
        let decision = self.decider.decide(command, self.now);
        let mut touched = decision.touched.clone();
        self.keep(decision).unwrap();
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    fn first_case(&self) -> CaseId {
        CaseId(self.decider.state.cases.iter().next().unwrap().1.sequence)
    }

    fn amendment(&self, fen: i64) -> Command {
        Command::Amend(Box::new(Amend {
            case: self.first_case(),
            claim: Money::from_fen(fen),
            costs: Money::ZERO,
            by: "court".to_owned(),
            court: None,
            reason: "变更".to_owned(),
        }))
    }

    fn answered_by(&self, partner: &str) -> u64 {
        let state = &self.decider.state;
        state.lane_of(partner).and_then(|lane| state.lane(lane)).map_or(0, |lane| lane.record.answered)
    }
}

#[test]
fn whoever_waits_for_a_version_hears_of_claim_halt_and_resume() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let done = table.submit(1, look()).unwrap();
    table.answer(found(1));
    let (first, second) = (table.submit(2, look()).unwrap(), table.submit(3, look()).unwrap());
    assert_eq!(table.version_of(done), None, "finished");
    let before = [table.version_of(first).unwrap(), table.version_of(second).unwrap()];
    let amendment = table.amendment(50_000);
    assert_eq!(table.woken(amendment), [first, second]);
    let after = [table.version_of(first).unwrap(), table.version_of(second).unwrap()];
    assert!(after[0] > before[0] && after[1] > before[1]);
    let case = table.first_case();
    let halt = Halt {
        case,
        cause: HaltCause::Settlement,
        by: "judge-1".to_owned(),
        court: None,
        reason: "和解".to_owned(),
        document: None,
    };
    assert_eq!(table.woken(Command::Halt(Box::new(halt))), [first, second]);
    let halted = table.version_of(first).unwrap();
    assert!(halted > after[0]);
    let resume =
        ResumeCase { case, by: "judge-2".to_owned(), court: None, is_person: true, reason: "不履行".to_owned() };
    assert_eq!(table.woken(Command::ResumeCase(Box::new(resume))), [first, second]);
    assert!(table.version_of(second).unwrap() > halted);
    let open = table.decider.state.requests.iter().next().unwrap().1;
    let named = |sequence: &u64| table.events[usize::try_from(*sequence).unwrap()].fact.name();
    let history: Vec<&str> = open.events.iter().map(named).filter(|name| name.starts_with("case.")).collect();
    assert_eq!(history, ["case.amended", "case.halted", "case.resumed"], "they stand in the request's own history");
    let mut again = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| again.fold(sequence, event));
    assert_eq!(again.digest(), table.decider.state.digest());
}

#[test]
fn a_trail_of_before_folds_as_it_did() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.submit(1, look()).unwrap();
    let before = table.version_of(request);
    table.tell(table.amendment(50_000)).unwrap();
    let mut again = State::default();
    for (sequence, event) in (0..).zip(&table.events) {
        let mut event = event.clone();
        if let Fact::CaseAmended(fact) = &mut event.fact {
            fact.news = false;
        }
        again.fold(sequence, &event);
    }
    let index = again.request_index(RequestId(request)).unwrap();
    assert_eq!(again.requests.get(index).map(|open| open.version), before);
}

#[test]
fn a_court_with_a_callback_is_told_of_it_as_of_any_news() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.with_policy(|court| court.callback_origins = vec!["https://court.example".to_owned()]);
    let mut asked = request(look());
    asked.callback = Some(Personal::new("https://court.example/results".to_owned()));
    let request = table.hand_in(said::submit(1, asked)).unwrap();
    table.pass(GATHER_MS);
    let of = |table: &Table| table.decider.state.deliveries.by_request[&request].clone();
    let told = of(&table).version;
    table.tell(table.amendment(50_000)).unwrap();
    let delivery = of(&table);
    assert!(delivery.version > told && Some(delivery.version) == table.version_of(request));
    assert!(delivery.is_under_way(), "the one before is still under way: of one request there is one at a time");
}

#[test]
fn what_a_partner_has_answered_is_counted_once_and_remembered() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, look()).unwrap();
    table.submit(2, look()).unwrap();
    table.submit(3, look()).unwrap();
    table.answer(found(1));
    table.end(Judged::Accepted);
    assert_eq!(table.answered_by("bank-a"), 1, "a receipt is no answer");
    table.end(Judged::Doubt { cause: Cause::Timeout });
    assert_eq!(table.answered_by("bank-a"), 1, "nor is silence");
    table.pass(2_000);
    table.answer(found(3));
    let answered = table.answered_by("bank-a");
    assert_eq!(answered, 2);
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let mut again = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| again.fold(sequence, event));
    for mut state in [State::read_record(&bytes).unwrap(), again] {
        let lane = state.lane_for("bank-a");
        assert_eq!(
            state.lane(lane).map(|lane| lane.record.answered),
            Some(answered),
            "from a snapshot, from the trail"
        );
    }
}
