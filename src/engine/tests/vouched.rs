//! Of two persons' words the first counts while the token that said it is in force: with its role, at its court, under its secret.

use domain::case::EraseCause;
use domain::stop::StopScope;
use domain::{CaseId, StopId};

use super::simulated::order;
use super::*;
use crate::command::{EraseCase, LiftStop, OrderStop};

/// What becomes of the first person's token before the second speaks.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Stays,
    Goes,
    GoesAndComesBack,
    LosesItsRole,
    GoesToAnotherCourt,
    HasAnotherSecret,
    HasAnotherSecretAndTheGatewayStarts,
}

const FATES: [Fate; 7] = [
    Fate::Stays,
    Fate::Goes,
    Fate::GoesAndComesBack,
    Fate::LosesItsRole,
    Fate::GoesToAnotherCourt,
    Fate::HasAnotherSecret,
    Fate::HasAnotherSecretAndTheGatewayStarts,
];

impl Fate {
    /// A doubt keeps who spoke and not when: under the same name a new secret is not told from the old.
    fn is_told_by_name(self) -> bool {
        matches!(self, Self::Goes | Self::LosesItsRole | Self::GoesToAnotherCourt)
    }

    fn befalls(self, table: &mut Table) {
        // Reloads come after words.
        table.pass(10);
        let now = Arc::clone(table.decider.config());
        let mut persons = now.persons.clone();
        let first = persons.get_mut("judge-1").unwrap();
        match self {
            Self::Stays => {}
            Self::LosesItsRole => (first.settles, first.lifts) = (false, false),
            Self::GoesToAnotherCourt => first.court = Some("330226".to_owned()),
            Self::HasAnotherSecret | Self::HasAnotherSecretAndTheGatewayStarts => first.hash = [2; 32],
            Self::Goes | Self::GoesAndComesBack => drop(persons.remove("judge-1")),
        }
        table.reload(persons, "other");
        match self {
            Self::GoesAndComesBack => table.reload(now.persons.clone(), "d"),
            Self::HasAnotherSecretAndTheGatewayStarts => {
                let mut state = State::default();
                (0..).zip(&table.events).for_each(|(sequence, event)| state.fold(sequence, event));
                let config = Arc::clone(table.decider.config());
                table.decider = Decider::new(state, Box::new(CountingKeyring(50)), Box::new(SeededRandom::new(2)));
                table.tell(Command::Start { version: "test".to_owned() }).unwrap();
                table.tell(Command::Configure(config)).unwrap();
            }
            _ => {}
        }
    }
}

impl Table {
    fn reload(&mut self, persons: BTreeMap<String, Person>, digest: &str) {
        let config = Config { persons, digest: digest.to_owned(), ..self.decider.config().as_ref().clone() };
        self.tell(Command::Configure(Arc::new(config))).unwrap();
    }

    fn erases(&mut self, case: CaseId, by: &str) -> bool {
        let cause = EraseCause::Retention;
        let (by, reason, slots) = (by.to_owned(), "保管期限届满".to_owned(), Vec::new());
        let erase = EraseCase { case, cause, by, court: Some("330225".to_owned()), is_person: true, reason, slots };
        self.tell(Command::EraseCase(Box::new(erase))).unwrap();
        self.decider.state.erased_cases.contains_key(&case.0)
    }

    fn lifts(&mut self, StopId(stop): StopId, by: &str) -> bool {
        let (by, reason) = (by.to_owned(), "已查清".to_owned());
        let lift = LiftStop { stop, by, court: None, is_person: true, reason };
        self.tell(Command::LiftStop(Box::new(lift))).unwrap();
        self.decider.state.stops.is_empty()
    }

    fn settles(&mut self, act: domain::ActId, by: &str) -> bool {
        let (by, reason) = (by.to_owned(), "银行书面答复".to_owned());
        let (amount, document) = (None, "sha256:paper".to_owned());
        self.tell(Command::Resolve { act, by, took_effect: false, amount, document, reason }).unwrap();
        let state = &self.decider.state;
        let open = state.act_index(act).and_then(|index| state.acts.get(index));
        open.is_none_or(|act| act.state() != ActState::InDoubt)
    }
}

#[test]
fn a_first_word_that_a_case_is_to_be_erased_goes_with_the_token_that_said_it() {
    for fate in FATES {
        let mut table = Table::with(vec![partner("bank-a")]);
        table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
        table.answer(found(30_000));
        let case = table.case();
        assert!(!table.erases(case, "judge-1"));
        fate.befalls(&mut table);
        assert_eq!(table.erases(case, "judge-2"), matches!(fate, Fate::Stays), "{fate:?}");
        if !matches!(fate, Fate::Stays) {
            assert!(table.erases(case, "judge-3"), "{fate:?}: the second was the first, and the next confirms it");
        }
    }
}

#[test]
fn a_first_word_that_a_stop_is_lifted_goes_with_the_token_that_said_it() {
    for fate in FATES {
        let mut table = Table::with(vec![partner("bank-a")]);
        let scope = StopScope::Court("330225".to_owned());
        let order = OrderStop { scope, by: "operator".to_owned(), court: None, reason: "密钥泄露".to_owned() };
        table.tell(Command::OrderStop(Box::new(order))).unwrap();
        let stop = StopId(*table.decider.state.stops.keys().next().unwrap());
        assert!(!table.lifts(stop, "judge-1"));
        fate.befalls(&mut table);
        assert_eq!(table.lifts(stop, "judge-2"), matches!(fate, Fate::Stays), "{fate:?}");
        if !matches!(fate, Fate::Stays) {
            assert!(table.lifts(stop, "judge-3"), "{fate:?}");
        }
    }
}

#[test]
fn a_first_word_on_a_doubt_goes_with_the_name_that_said_it() {
    for fate in FATES {
        let mut bank = partner("bank-a");
        bank.doubt.can_be_asked = false;
        let mut table = Table::with(vec![bank]);
        table.acts(1, vec![order(ActKind::Freeze, "bank-a")]);
        let act = table.effects.first().unwrap().act;
        table.end(Judged::Doubt { cause: Cause::Timeout });
        assert!(!table.settles(act, "judge-1"));
        fate.befalls(&mut table);
        assert_eq!(table.settles(act, "judge-2"), !fate.is_told_by_name(), "{fate:?}");
        if fate.is_told_by_name() {
            assert!(table.settles(act, "judge-3"), "{fate:?}");
        }
    }
}

#[test]
fn people_are_not_due_while_a_doubt_is_being_asked_about() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.acts(1, vec![order(ActKind::Freeze, "bank-a")]);
    let act = table.effects.first().unwrap().act;
    table.end(Judged::Doubt { cause: Cause::Timeout });
    let word = |by: &str| Command::Resolve {
        act,
        by: by.to_owned(),
        took_effect: false,
        amount: None,
        document: "sha256:paper".to_owned(),
        reason: "银行书面答复".to_owned(),
    };
    let due = table.decider.state.acts.iter().next().unwrap().1.due_at;
    table.pass(due - table.now);
    assert_eq!(table.state_of(act), ActState::InDoubt);
    assert_eq!(table.tell(word("judge-1")).err(), Some(Refusal::StillAsked));
}
