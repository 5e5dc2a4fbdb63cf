//! An answer to a query in several messages: what was told before stands, nothing is ordered or counted twice, and every
//! partition in every order comes to what the whole message comes to.

use std::collections::BTreeMap;

use domain::form::Form;
use domain::socket::{FeedbackItem, ListClass};
use proptest::prelude::*;

use super::simulated::pulling;
use super::*;
use crate::state::found::PARTS_MAX;

/// As the adapter of hubs says.
const QUIET_MS: i64 = 10_000;

/// An account with all of it at hand.
fn account(number: u32, fen: i64) -> FoundAccount {
    let mut account = found(fen).accounts.remove(0);
    account.number = Personal::new(format!("62{number:05}"));
    account
}

fn part(accounts: Vec<FoundAccount>) -> Outcome {
    let verdict = if accounts.is_empty() { Verdict::NoSuchCustomer } else { Verdict::Done };
    Outcome { accounts, in_part: true, ..Outcome::of(verdict) }
}

struct Query {
    table: Table,
    slip: String,
}

/// A goal whose query a bank has fetched.
fn asked(goal: Goal, claim_fen: i64) -> Query {
    asked_at(pulling("hub-a"), goal, claim_fen)
}

/// The same hub, by whose file a further part may follow for so long.
fn quiet_after(parts_quiet_ms: u64) -> Partner {
    let hub = pulling("hub-a");
    Partner { form: Form { parts_quiet_ms, ..hub.form.clone() }, ..hub }
}

fn asked_at(hub: Partner, goal: Goal, claim_fen: i64) -> Query {
    let mut table = Table::with(vec![hub]);
    let scope = Scope::default();
    let mut request = request(Asked::Goal { goal, subjects: vec![0], scope });
    request.case.claim = Money::from_fen(claim_fen);
    table.hand_in(said::submit(1, request)).unwrap();
    let mut asked = Query { table, slip: String::new() };
    asked.list(ListClass::Queries);
    let (_, query) = asked.table.decider.state.acts.iter().next().unwrap();
    asked.slip = query.slip_line().slip.to_string();
    asked
}

impl Query {
    /// The hub's file says something else from now on.
    fn configure(&mut self, hub: Partner) {
        let mut config = crate::config::Config::clone(self.table.decider.config());
        config.partners.insert(hub.id.clone(), Arc::new(hub));
        self.table.tell(Command::Configure(Arc::new(config))).unwrap();
    }

    fn list(&mut self, class: ListClass) -> usize {
        match self.table.tell(Command::List { partner: "hub-a".to_owned(), class }) {
            Ok(Answer::List(listed)) => listed.len(),
            _ => panic!("a list is answered with a list"),
        }
    }

    fn feed(&mut self, (slip, line): (String, u16), outcome: Outcome) -> Result<(), domain::Untaken> {
        let items = vec![FeedbackItem { slip, line: Some(line), outcome: Ok(outcome) }];
        match self.table.tell(Command::Feedback { partner: "hub-a".to_owned(), way: "feedback", items }) {
            Ok(Answer::Verdicts(mut verdicts)) => verdicts.remove(0).1,
            _ => panic!("feedback is answered with verdicts"),
        }
    }

    fn tell(&mut self, outcome: Outcome) -> Result<(), domain::Untaken> {
        self.feed((self.slip.clone(), 0), outcome)
    }

    /// The bank fetches whatever is ordered and holds all of it.
    fn carry_out(&mut self) {
        self.list(ListClass::Controls);
        let acts = self.table.decider.state.acts.iter().map(|(_, act)| act);
        let open = acts.filter(|act| act.kind() == ActKind::Freeze && act.state() == ActState::Awaiting);
        let ordered: Vec<_> = open.map(|act| (act.slip_line(), act.amount)).collect();
        for (key, amount) in ordered {
            let held = Outcome { caught: Some(Money::from_units(amount)), ..Outcome::of(Verdict::Done) };
            self.feed((key.slip.to_string(), key.line), held).unwrap();
        }
    }

    fn outcomes(&self) -> usize {
        self.table.events.iter().filter(|event| event.fact.name() == "outcome.received").count()
    }

    fn query_state(&self) -> ActState {
        let mut acts = self.table.decider.state.acts.iter().map(|(_, act)| act);
        acts.find(|act| act.kind() == ActKind::Query).unwrap().state()
    }

    /// What the query found, by account.
    fn standing(&self) -> BTreeMap<String, i64> {
        let open = self.table.decider.state.requests.iter().next().unwrap().1;
        open.found.iter().map(|found| (found.account.clone(), found.available)).collect()
    }

    /// Every freeze, by account: what was ordered.
    fn freezes(&self) -> Vec<(u64, i64)> {
        let acts = self.table.decider.state.acts.iter().map(|(_, act)| act);
        let mut freezes: Vec<_> =
            acts.filter(|act| act.kind() == ActKind::Freeze).map(|act| (act.asset, act.amount)).collect();
        freezes.sort_unstable();
        freezes
    }

    fn ledger(&self) -> domain::ledger::Ledger {
        self.table.decider.state.ledger(self.table.decider.state.case_index((5, 5)).unwrap())
    }

    fn fold_again(&self) {
        let mut again = State::default();
        for (sequence, event) in (0..).zip(&self.table.events) {
            again.fold(sequence, event);
        }
        assert_eq!(again.digest(), self.table.decider.state.digest());
    }
}

#[test]
fn a_second_part_adds_and_what_is_frozen_is_not_frozen_again() {
    let mut asked = asked(Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    assert_eq!(asked.freezes().len(), 1);
    asked.tell(part(vec![account(2, 50_000)])).unwrap();
    assert_eq!(
        asked.standing(),
        BTreeMap::from([("6200001".to_owned(), 3_000_000), ("6200002".to_owned(), 5_000_000)])
    );
    asked.list(ListClass::Controls);
    // The first account again, with more on it than its freeze asks for.
    asked.tell(part(vec![account(1, 35_000)])).unwrap();
    assert_eq!(asked.standing().values().sum::<i64>(), 8_500_000);
    assert_eq!(asked.freezes().len(), 2, "one freeze an account");
    asked.carry_out();
    assert_eq!(
        (asked.ledger().exposure, asked.ledger().controlled),
        (Money::from_fen(80_000), Money::from_fen(80_000))
    );
    asked.fold_again();
}

#[test]
fn parts_are_known_again_in_any_order_and_an_older_word_that_comes_back_is_news() {
    let mut asked = asked(Goal::Secure, 100_000);
    let (first, second) = (part(vec![account(1, 30_000)]), part(vec![account(2, 50_000)]));
    for outcome in [&first, &second, &first, &second, &first] {
        asked.tell(outcome.clone()).unwrap();
    }
    assert_eq!(asked.outcomes(), 2);
    asked.tell(part(vec![account(2, 50_000), account(1, 30_000)])).unwrap();
    assert_eq!(asked.outcomes(), 2, "both at once are no news either");
    asked.tell(part(vec![account(1, 10_000)])).unwrap();
    asked.tell(first).unwrap();
    assert_eq!((asked.outcomes(), asked.standing()["6200001"]), (4, 3_000_000), "the newest word stands");
    asked.fold_again();
}

#[test]
fn words_of_no_account_take_away_none_and_count_where_there_is_none() {
    let mut asked = asked(Goal::Secure, 100_000);
    asked.tell(part(Vec::new())).unwrap();
    asked.table.pass(QUIET_MS);
    assert_eq!(asked.table.decider.state.requests.len(), 0, "nothing to secure: it is over");
    let mut asked = self::asked(Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    asked.tell(part(Vec::new())).unwrap();
    let refused =
        Outcome { in_part: true, ..Outcome::of(Verdict::Refused).because(domain::outcome::Reason::Other, "未通过") };
    asked.tell(refused).unwrap();
    assert_eq!((asked.query_state(), asked.standing().len(), asked.outcomes()), (ActState::Done, 1, 3));
    // Handed back is a word about all of it.
    asked.tell(Outcome::of(Verdict::HandedBack)).unwrap();
    assert_eq!((asked.query_state(), asked.standing().len()), (ActState::HandedBack, 0));
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    assert_eq!((asked.query_state(), asked.standing().len(), asked.freezes().len()), (ActState::Done, 1, 1));
    asked.fold_again();
}

#[test]
fn what_is_told_beside_answers_nothing_by_itself() {
    let mut asked = asked(Goal::Secure, 100_000);
    let beside = |text: &str| {
        let details =
            vec![domain::outcome::Detail { name: "serial".to_owned(), value: Personal::new(text.to_owned()) }];
        let finding = domain::outcome::Finding { class: domain::outcome::FindingClass::Transaction, details };
        Outcome { in_part: true, findings: vec![finding], ..Outcome::of(Verdict::Registered) }
    };
    asked.tell(beside("1")).unwrap();
    assert_eq!(asked.query_state(), ActState::Awaiting);
    assert_eq!(asked.list(ListClass::Queries), 1, "still to be answered");
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    for (text, outcomes) in [("1", 2), ("2", 3), ("1", 3), ("2", 3)] {
        asked.tell(beside(text)).unwrap();
        assert_eq!((asked.query_state(), asked.outcomes()), (ActState::Done, outcomes));
    }
    assert_eq!(asked.standing().len(), 1);
    asked.fold_again();
}

#[test]
fn deposits_and_currencies_of_one_number_stand_beside_each_other() {
    let mut asked = asked(Goal::Look, 100_000);
    let of = |class: &str, currency: &str, fen: i64| {
        let mut account = account(1, fen);
        (account.class, account.currency) = (class.to_owned(), currency.to_owned());
        account
    };
    let query = asked.table.decider.state.acts.iter().next().unwrap().0;
    asked.tell(part(vec![of("活期", "156", 100), of("定期", "156", 200)])).unwrap();
    assert_eq!(asked.table.decider.state.requests.len(), 0, "looked at, and over");
    let mut asked = self::asked(Goal::Secure, 100_000);
    asked.tell(part(vec![of("活期", "156", 100), of("定期", "156", 200)])).unwrap();
    asked.tell(part(vec![of("活期", "人民币", 150), of("活期", "840", 9_000)])).unwrap();
    let open = asked.table.decider.state.requests.iter().next().unwrap().1;
    let standing: Vec<i64> = open.found.iter().map(|found| found.available).collect();
    assert_eq!(standing, [15_000, 20_000, 0]);
    assert!(open.found.iter().all(|found| found.query == query));
}

#[test]
fn a_goal_that_would_end_short_hears_the_answer_out() {
    let mut asked = asked(Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 0)])).unwrap();
    asked.table.pass(QUIET_MS - 1);
    asked.tell(part(vec![account(2, 30_000)])).unwrap();
    assert_eq!(asked.ledger().exposure, Money::from_fen(30_000), "the second message came before the end");
    asked.carry_out();
    asked.table.pass(QUIET_MS - 1);
    assert_eq!(asked.table.decider.state.requests.len(), 1, "a third may follow");
    asked.fold_again();
    // A start forgets no rest.
    asked.table = asked.table.restart(vec![pulling("hub-a")]);
    asked.table.pass(1);
    assert_eq!(asked.table.decider.state.requests.len(), 0);
    let site = |task: &crate::state::Task| task.kind() == domain::task::TaskKind::SiteInvestigation;
    assert!(asked.table.decider.state.tasks.values().any(site), "now it is short");
}

#[test]
fn a_goal_that_is_met_or_answered_whole_rests_for_nobody() {
    let mut asked = asked(Goal::Secure, 30_000);
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    asked.carry_out();
    assert_eq!(asked.table.decider.state.requests.len(), 0, "all is held");
    let mut asked = self::asked(Goal::Secure, 30_000);
    asked.tell(Outcome { in_part: false, ..part(Vec::new()) }).unwrap();
    assert_eq!(asked.table.decider.state.requests.len(), 0, "all was said");
}

#[test]
fn a_goal_rests_only_as_long_as_its_partner_may_still_tell_more() {
    let ends = |asked: &Query| asked.table.decider.state.requests.is_empty();
    let mut asked = asked_at(quiet_after(0), Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    asked.carry_out();
    assert!(ends(&asked), "its file says that its first message is the whole answer");
    let mut asked = asked_at(quiet_after(3_000), Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 0)])).unwrap();
    asked.table.pass(2_999);
    assert!(!ends(&asked));
    asked.table.pass(1);
    assert!(ends(&asked), "its file says three seconds");
}

#[test]
fn a_file_that_says_the_answer_is_whole_ends_a_rest_and_one_that_says_more_may_come_makes_it_longer() {
    let ends = |asked: &Query| asked.table.decider.state.requests.is_empty();
    let mut asked = self::asked(Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 0)])).unwrap();
    asked.configure(quiet_after(20_000));
    asked.table.pass(QUIET_MS);
    assert!(!ends(&asked));
    asked.configure(quiet_after(0));
    asked.table.pass(1);
    assert!(ends(&asked));
    asked.fold_again();
}

#[test]
fn what_is_found_after_a_goal_ended_short_is_for_its_court_to_ask_for() {
    let mut asked = asked(Goal::Secure, 100_000);
    asked.tell(part(vec![account(1, 30_000)])).unwrap();
    let query = asked.table.decider.state.acts.iter().next().unwrap().1.id();
    asked.carry_out();
    asked.table.pass(QUIET_MS);
    let state = &asked.table.decider.state;
    assert!(state.requests.is_empty());
    for (fen, tasks) in [(0, 0), (50_000, 1)] {
        let of_goal = asked.table.closed(query.sequence);
        let closed = crate::command::ClosedRequest { goal: "secure".to_owned(), acts: 2, ..of_goal };
        let known = known(query.sequence, query.line, ActKind::Query);
        let late = said::late(query, closed, known, part(vec![account(2, fen)]));
        let late = crate::command::LateOutcome { partner: "hub-a".to_owned(), ..late };
        asked.table.tell(Command::LateOutcome(Box::new(late))).unwrap();
        let told = asked.table.decider.state.tasks.values().map(crate::state::Task::kind);
        assert_eq!(told.filter(|kind| *kind == domain::task::TaskKind::NewsContradicts).count(), tasks);
    }
}

#[test]
fn an_answer_has_an_end() {
    let mut asked = asked(Goal::Secure, 100);
    asked.tell(part(vec![account(1, 100)])).unwrap();
    let many = (10..10 + 2_000).map(|number| account(number, 1)).collect();
    assert!(asked.tell(part(many)).unwrap_err().chinese().contains("2000"));
    assert_eq!(asked.standing().len(), 1);
    let sequence = asked.table.decider.state.requests.iter().next().unwrap().0;
    let query = asked.table.decider.state.acts.iter().next().unwrap().0;
    let open = asked.table.decider.state.requests.get_mut(sequence).unwrap();
    let filler = crate::state::Part { query, sequence: 0, beside: 0 };
    open.parts.resize(PARTS_MAX, filler);
    assert!(asked.tell(part(vec![account(2, 100)])).is_err());
    asked.tell(part(vec![account(1, 100)])).unwrap();
}

#[derive(Clone, Debug)]
struct Told {
    balances: Vec<i64>,
    /// The message in which each account comes.
    places: Vec<usize>,
    order: Vec<usize>,
    /// Messages that come twice.
    again: Vec<bool>,
    /// Whether the bank fetches what is ordered between the messages.
    fetched: Vec<bool>,
    enough: bool,
}

fn told() -> impl Strategy<Value = Told> {
    (1_usize..9).prop_flat_map(|accounts| {
        let messages = 4_usize;
        (
            proptest::collection::vec(1_i64..50_000, accounts),
            proptest::collection::vec(0..messages, accounts),
            Just((0..messages).collect::<Vec<_>>()).prop_shuffle(),
            proptest::collection::vec(any::<bool>(), messages),
            proptest::collection::vec(any::<bool>(), messages),
            any::<bool>(),
        )
            .prop_map(|(balances, places, order, again, fetched, enough)| Told {
                balances,
                places,
                order,
                again,
                fetched,
                enough,
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Any partition, any order, any repeats, orders fetched in between or not: what stands in the end is what the whole
    /// message comes to.
    #[test]
    fn any_partition_in_any_order_comes_to_the_whole(told in told()) {
        let all: Vec<FoundAccount> =
            (1..).zip(&told.balances).map(|(number, fen)| account(number, *fen)).collect();
        let sum: i64 = told.balances.iter().sum();
        let claim = if told.enough { sum + 1 } else { (sum / 2).max(1) };
        let mut whole = asked(Goal::Secure, claim);
        whole.tell(part(all.clone())).unwrap();
        let standing = whole.standing();
        whole.carry_out();
        let mut parted = asked(Goal::Secure, claim);
        let mut last = BTreeMap::new();
        for message in &told.order {
            let of_message = all.iter().zip(&told.places).filter(|(_, place)| *place == message);
            let accounts: Vec<FoundAccount> = of_message.map(|(account, _)| account.clone()).collect();
            // An empty message before all others would be the whole answer of a customer whom nobody knows, and end the request.
            if accounts.is_empty() && last.is_empty() {
                continue;
            }
            for _ in 0..=u8::from(told.again[*message]) {
                parted.tell(part(accounts.clone())).unwrap();
            }
            last = parted.standing();
            if told.fetched[*message] {
                parted.list(ListClass::Controls);
            }
        }
        let freezes = parted.freezes();
        let mut assets: Vec<u64> = freezes.iter().map(|(asset, _)| *asset).collect();
        assets.dedup();
        prop_assert_eq!(assets.len(), freezes.len(), "no account is frozen twice");
        prop_assert_eq!(&last, &standing);
        parted.carry_out();
        parted.fold_again();
        let (one, other) = (whole.ledger(), parted.ledger());
        prop_assert_eq!((one.exposure, one.controlled), (other.exposure, other.controlled));
        prop_assert!(other.exposure <= Money::from_fen(claim));
    }
}
