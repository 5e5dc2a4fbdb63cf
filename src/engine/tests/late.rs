//! Word that comes late, twice or otherwise: what was moved, let go and given back since is not forgotten.

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::task::TaskKind;
use domain::{ActId, Day};

use super::giving_back::{deducted, sum};
use super::kinds::at;
use super::ledger::{freeze_of, moved_in_part};
use super::simulated::{on, order};
use super::*;
use crate::command::{ClosedRequest, LateOutcome};

impl Table {
    /// What the index has of a finished request.
    pub(super) fn closed(&self, request: u64) -> ClosedRequest {
        said::closed(request, self.case().0)
    }

    /// News about an act of a finished request, as the runtime reads it out of its history.
    pub(super) fn told_late(&mut self, act: ActId, outcome: Outcome) {
        let (closed, known) = (self.closed(act.sequence), self.known_of(act));
        let partner = known.planned.line.partner.clone();
        let late = LateOutcome { partner, ..said::late(act, closed, known, outcome) };
        self.tell(Command::LateOutcome(Box::new(late))).unwrap();
    }

    /// Limit and catch of the only measure of this partner, in fen.
    fn stands_with(&self, partner: &str) -> Option<(MeasureState, i64, i64)> {
        let state = &self.decider.state;
        let mut measures = state.measures.iter().filter(|(_, found)| state.partner_of(found.lane) == partner);
        let found = measures.next().map(|(_, it)| (it.state(), it.limit() / 100, it.caught() / 100));
        assert!(measures.next().is_none(), "one measure");
        found
    }

    fn tasks_of_kind(&self, kind: TaskKind) -> usize {
        self.decider.state.tasks.values().filter(|task| task.kind() == kind).count()
    }
}

fn refused() -> Outcome {
    Outcome::of(Verdict::Refused).because(domain::outcome::Reason::Other, "")
}

fn saying(text: &str, outcome: Outcome) -> Outcome {
    Outcome { text: Some(Personal::from(text)), ..outcome }
}

/// A freeze in a request that a question to the fund keeps open.
fn held_open(fen: i64) -> (Table, ActId) {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.acts(1, vec![freeze_of("bank", "62", fen), order(ActKind::Query, "fund")]);
    let freeze = table.effects.iter().find(|effect| effect.partner == "bank").unwrap().act;
    table.says("bank", ActKind::Freeze, caught(fen));
    (table, freeze)
}

#[test]
fn a_freeze_told_again_after_a_part_was_let_go_stands_with_what_is_left() {
    let (mut table, freeze) = held_open(50_000);
    table.acts(2, vec![sum(ActKind::Release, "bank", freeze, 20_000)]);
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    let left = Some((MeasureState::InForce, 30_000, 30_000));
    assert_eq!(table.stands_with("bank"), left);
    table.feeds_back("bank", ActKind::Freeze, saying("重发", caught(50_000)));
    assert_eq!(table.stands_with("bank"), left, "the old answer says how it began");
    assert_eq!(table.ledger().exposure, Money::from_fen(30_000));
    table.acts(3, vec![sum(ActKind::Deduct, "bank", freeze, 10_000)]);
    table.says("bank", ActKind::Deduct, moved(10_000));
    table.feeds_back("bank", ActKind::Freeze, saying("再次重发", caught(50_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 20_000, 20_000)));
    table.feeds_back("bank", ActKind::Freeze, saying("实冻四百", Outcome { limit: None, ..caught(40_000) }));
    assert_eq!(
        table.stands_with("bank"),
        Some((MeasureState::InForce, 20_000, 20_000)),
        "400.00 less 100.00, and no more than is left"
    );
    table.feeds_back("bank", ActKind::Freeze, saying("实冻二百五", caught(25_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 20_000, 15_000)));
    table.fold_again();
}

#[test]
fn what_was_let_go_whole_stays_so_when_the_old_answer_comes_again_and_is_a_persons_when_another_does() {
    let (mut table, freeze) = held_open(50_000);
    table.acts(2, vec![on(ActKind::Release, "bank", freeze)]);
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    table.feeds_back("bank", ActKind::Freeze, saying("重发", caught(50_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::Ended, 0, 0)));
    assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 0, "nothing new was said");
    table.feeds_back("bank", ActKind::Freeze, saying("仍冻结", caught(45_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 45_000)));
    assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1);
    table.fold_again();
}

#[test]
fn a_whole_release_that_is_denied_gives_back_what_it_had_let_go() {
    let (mut table, freeze) = held_open(50_000);
    table.acts(2, vec![sum(ActKind::Release, "bank", freeze, 20_000)]);
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    table.acts(3, vec![on(ActKind::Release, "bank", freeze), order(ActKind::Query, "fund")]);
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::Ended, 0, 0)));
    table.feeds_back("bank", ActKind::Release, refused());
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 30_000, 30_000)), "the part stays let go");
    assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1);
    table.fold_again();
}

#[test]
fn a_freeze_denied_and_told_again_after_its_end_knows_what_was_moved_and_let_go() {
    for part in [0, 5_000] {
        let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
        table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
        let freeze = table.effects[0].act;
        table.says("bank", ActKind::Freeze, caught(50_000));
        table.acts(2, vec![sum(ActKind::Deduct, "bank", freeze, 20_000)]);
        table.says("bank", ActKind::Deduct, moved(20_000));
        if part > 0 {
            table.acts(3, vec![sum(ActKind::Release, "bank", freeze, part)]);
            table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
        }
        table.told_late(freeze, refused());
        assert_eq!(table.ledger().exposure, Money::ZERO, "what is denied holds nothing");
        assert_eq!(table.ledger().deducted, Money::from_fen(20_000), "what was moved stays counted");
        table.told_late(freeze, saying("核实后确已冻结", caught(50_000)));
        let left = 30_000 - part;
        assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, left, left)));
        assert_eq!(table.ledger().exposure, Money::from_fen(left));
        assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1, "raised once for the act");
        table.fold_again();
    }
}

#[test]
fn a_release_denied_after_its_freeze_is_gone_brings_back_no_more_than_was_left() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.acts(2, vec![sum(ActKind::Deduct, "bank", freeze, 20_000)]);
    let deduct = table.effects[0].act;
    table.says("bank", ActKind::Deduct, moved(20_000));
    table.acts(3, vec![on(ActKind::Release, "bank", freeze)]);
    let release = table.effects[0].act;
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    assert_eq!(table.stands_with("bank"), None, "gone");
    table.told_late(release, refused());
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 30_000, 30_000)), "as it was before");
    assert_eq!(table.ledger().exposure.plus(table.ledger().deducted), Money::from_fen(50_000));
    // Money told of later goes on coming out of it.
    table.told_late(deduct, moved(25_000));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 25_000, 25_000)));
    table.told_late(release, saying("已解除", Outcome::of(Verdict::Done)));
    assert_eq!(table.stands_with("bank"), None);
    table.fold_again();
}

#[test]
fn a_part_denied_late_stands_again_and_no_more() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.acts(2, vec![sum(ActKind::Release, "bank", freeze, 20_000)]);
    let part = table.effects[0].act;
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    table.told_late(part, refused());
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 50_000)));
    table.told_late(part, saying("确已解除", Outcome::of(Verdict::Done)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 30_000, 30_000)));
    table.told_late(freeze, saying("重发", caught(50_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 30_000, 30_000)), "the part stays let go");
    table.fold_again();
}

#[test]
fn more_taken_than_was_caught_and_denied_later_leaves_what_was_caught() {
    let (mut table, freeze) = held_open(50_000);
    table.feeds_back("bank", ActKind::Freeze, caught(30_000));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 30_000)));
    table.acts(2, vec![sum(ActKind::Deduct, "bank", freeze, 30_000), order(ActKind::Query, "fund")]);
    table.says("bank", ActKind::Deduct, moved(35_000));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 15_000, 0)));
    table.feeds_back("bank", ActKind::Deduct, refused());
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 30_000)), "not 350.00");
    assert_eq!(table.ledger().controlled, Money::from_fen(30_000));
    table.fold_again();
}

/// A reversal of 500.00 of the 600.00 taken, answered and over.
fn reversed(answer: Outcome) -> (Table, ActId, ActId) {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank)]);
    table.acts(3, vec![sum(ActKind::Reverse, "bank", deduct, 50_000)]);
    let reverse = table.effects[0].act;
    table.says("bank", ActKind::Reverse, answer);
    assert!(table.decider.state.requests.is_empty());
    (table, deduct, reverse)
}

#[test]
fn money_that_is_back_after_all_is_not_owed_by_the_court_twice() {
    let (mut table, deduct, reverse) = reversed(refused());
    assert_eq!((table.returned(deduct), table.ledger().deducted), (0, Money::from_fen(60_000)));
    table.told_late(reverse, moved(50_000));
    assert_eq!((table.returned(deduct), table.ledger().deducted), (50_000, Money::from_fen(10_000)));
    assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1, "and people are told");
    let again = table.submit(4, Asked::Acts(vec![sum(ActKind::Reverse, "bank", deduct, 10_001)]));
    assert!(matches!(again, Err(Refusal::AboveTaken { .. })), "it cannot be given back twice");
    table.told_late(reverse, saying("重发", moved(50_000)));
    assert_eq!(table.ledger().deducted, Money::from_fen(10_000), "told twice is once");
    table.told_late(reverse, saying("多退", moved(70_000)));
    assert_eq!(table.ledger().deducted, Money::from_fen(10_000), "no more goes back than was ordered to");
    table.fold_again();
}

#[test]
fn money_that_is_not_back_after_all_counts_as_taken_also_after_a_restart() {
    let (mut table, deduct, reverse) = reversed(moved(50_000));
    assert_eq!(table.ledger().deducted, Money::from_fen(10_000));
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    assert_eq!(read.digest(), table.decider.state.digest());
    assert_eq!(read.returns.len(), 1, "what a snapshot forgets could not be told otherwise later");
    table.told_late(reverse, moved_in_part(20_000));
    assert_eq!((table.returned(deduct), table.ledger().deducted), (20_000, Money::from_fen(40_000)));
    table.told_late(reverse, refused());
    assert_eq!((table.returned(deduct), table.ledger().deducted), (0, Money::from_fen(60_000)));
    assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1);
    table.fold_again();
}

#[test]
fn a_policy_that_is_not_reinstated_after_all_was_surrendered() {
    let mut table = Table::with(vec![at("insurer", PartnerKind::Insurance)]);
    table.acts(1, vec![freeze_of("insurer", "P1", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("insurer", ActKind::Freeze, caught(50_000));
    table.acts(2, vec![sum(ActKind::Surrender, "insurer", freeze, 50_000)]);
    let surrender = table.effects[0].act;
    table.says("insurer", ActKind::Surrender, moved(50_000));
    table.acts(3, vec![sum(ActKind::Reinstate, "insurer", surrender, 50_000)]);
    let reinstate = table.effects[0].act;
    table.says("insurer", ActKind::Reinstate, moved(50_000));
    assert_eq!(table.ledger().deducted, Money::ZERO);
    table.told_late(reinstate, refused());
    assert_eq!((table.returned(surrender), table.ledger().deducted), (0, Money::from_fen(50_000)));
    table.fold_again();
}

#[test]
fn what_never_left_leaves_nothing_that_could_be_told_late() {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank)]);
    table.acts(3, vec![sum(ActKind::Reverse, "bank", deduct, 50_000)]);
    table.reply("bank", ActKind::Reverse, Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None });
    assert!(table.decider.state.requests.is_empty());
    assert_eq!(table.returned(deduct), 0);
    table.fold_again();
}

#[test]
fn too_much_taken_is_nobodys_any_more_once_it_is_owed_again_or_back() {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank)]);
    let overtaken = |table: &Table| {
        let tasks = table.proposed().into_iter().filter(|(kind, ..)| *kind == TaskKind::Overtaken);
        tasks.map(|(_, _, fen)| fen).collect::<Vec<_>>()
    };
    table.amend(45_000).unwrap();
    assert_eq!(overtaken(&table), [15_000]);
    table.amend(59_999).unwrap();
    assert_eq!(overtaken(&table), [1], "the sum is that of today");
    table.amend(60_000).unwrap();
    assert!(overtaken(&table).is_empty(), "owed again: moot");
    // The request says again what its court is owed.
    table.acts(3, vec![sum(ActKind::Reverse, "bank", deduct, 15_000)]);
    table.amend(45_000).unwrap();
    assert_eq!(overtaken(&table), [15_000], "ordered is not back");
    table.says("bank", ActKind::Reverse, moved_in_part(10_000));
    assert_eq!(overtaken(&table), [5_000]);
    table.acts(4, vec![sum(ActKind::Reverse, "bank", deduct, 5_000)]);
    table.amend(45_000).unwrap();
    table.says("bank", ActKind::Reverse, moved(5_000));
    assert!(overtaken(&table).is_empty());
    let ends = table.events.iter().filter(
        |event| matches!(&event.fact, store::record::Fact::TaskEnded(fact) if fact.end == "moot" && fact.by.is_empty()),
    );
    assert!(ends.count() >= 3);
    table.fold_again();
}

/// A freeze of 500.00 that is gone, and no request is open: moved whole, or let go whole.
fn gone(kind: ActKind) -> (Table, ActId) {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    if kind == ActKind::Deduct {
        table.acts(2, vec![sum(kind, "bank", freeze, 50_000)]);
        table.says("bank", kind, moved(50_000));
    } else {
        table.acts(2, vec![on(kind, "bank", freeze)]);
        table.says("bank", kind, Outcome::of(Verdict::Done));
    }
    assert!(table.decider.state.requests.is_empty() && table.stands_with("bank").is_none(), "gone");
    (table, freeze)
}

#[test]
fn a_freeze_told_otherwise_after_it_is_gone_stands_with_what_was_not_moved() {
    let told = |limit, held| Outcome { limit: Some(Money::from_fen(limit)), ..caught(held) };
    for (kind, answer, left) in [
        (ActKind::Deduct, told(90_000, 90_000), Some((40_000, 40_000))),
        (ActKind::Deduct, told(60_000, 60_000), Some((10_000, 10_000))),
        (ActKind::Deduct, told(50_000, 20_000), None),
        (ActKind::Deduct, told(50_000, 50_000), None),
        (ActKind::Release, told(90_000, 90_000), Some((90_000, 90_000))),
        (ActKind::Release, told(50_000, 20_000), Some((50_000, 20_000))),
        (ActKind::Release, told(50_000, 50_000), None),
    ] {
        let (mut table, freeze) = gone(kind);
        table.told_late(freeze, saying("重发", answer.clone()));
        let stands = left.map(|(limit, held)| (MeasureState::InForce, limit, held));
        assert_eq!(table.stands_with("bank"), stands, "{kind:?}");
        assert_eq!(table.ledger().exposure, Money::from_fen(left.map_or(0, |(limit, _)| limit)));
        assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), usize::from(left.is_some()), "{kind:?}");
        table.told_late(freeze, saying("再次重发", answer));
        assert_eq!(table.stands_with("bank"), stands, "told twice is once");
        table.fold_again();
    }
}

#[test]
fn what_was_told_above_the_order_after_it_was_gone_is_an_excess_and_holds_its_account() {
    let (mut table, freeze) = gone(ActKind::Deduct);
    table.amend(50_000).unwrap();
    table.told_late(freeze, caught(90_000));
    assert_eq!(table.tasks_of_kind(TaskKind::Excess), 1);
    table.amend(900_000).unwrap();
    let again = table.submit(3, Asked::Acts(vec![freeze_of("bank", "62", 1_000)]));
    assert!(matches!(&again, Err(Refusal::Rules(broken)) if broken[0].rule.id == "D14"), "{:?}", again.err());
    table.fold_again();
}

const OWN: i32 = 200;

fn day(days: i32) -> Day {
    Day::of(START).plus_days(days)
}

impl Table {
    /// In how many days the only measure ends.
    fn ends_in(&self) -> i32 {
        let (_, measure) = self.decider.state.measures.iter().next().unwrap();
        measure.to - day(0).count()
    }

    /// A renewal of the freeze, `done`; with `open` a question to the fund keeps its request.
    fn renewed(&mut self, key: u64, freeze: ActId, days: i32, open: bool) -> ActId {
        let mut acts = vec![ActOrder { to: Some(day(days)), ..on(ActKind::Renew, "bank", freeze) }];
        acts.extend(open.then(|| order(ActKind::Query, "fund")));
        self.acts(key, acts);
        let act = self.effects.iter().find(|effect| effect.partner == "bank").unwrap().act;
        self.says("bank", ActKind::Renew, until(days));
        assert_eq!(self.ends_in(), days);
        act
    }

    /// Another word about an act, whether its request is open or finished.
    fn told_again(&mut self, act: ActId, kind: ActKind, outcome: Outcome, open: bool) {
        if open { self.feeds_back("bank", kind, outcome) } else { self.told_late(act, outcome) }
    }
}

fn until(days: i32) -> Outcome {
    Outcome { to: Some(day(days)), ..Outcome::of(Verdict::Done) }
}

/// A freeze of 500.00 that ends in [`OWN`] days.
fn ending(open: bool) -> (Table, ActId) {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    let mut acts = vec![ActOrder { to: Some(day(OWN)), ..freeze_of("bank", "62", 50_000) }];
    acts.extend(open.then(|| order(ActKind::Query, "fund")));
    table.acts(1, acts);
    let freeze = table.effects.iter().find(|effect| effect.partner == "bank").unwrap().act;
    table.says("bank", ActKind::Freeze, Outcome { to: Some(day(OWN)), ..caught(50_000) });
    (table, freeze)
}

#[test]
fn a_freeze_told_again_does_not_undo_its_renewal() {
    for open in [true, false] {
        let (mut table, freeze) = ending(open);
        let renewal = table.renewed(2, freeze, 300, false);
        let again = |fen, days| saying("重发", Outcome { to: Some(day(days)), ..caught(fen) });
        table.told_again(freeze, ActKind::Freeze, again(40_000, OWN), open);
        assert_eq!((table.ends_in(), table.ledger().controlled), (300, Money::from_fen(40_000)), "open {open}");
        table.told_again(freeze, ActKind::Freeze, again(40_000, OWN - 10), open);
        table.told_late(renewal, refused());
        assert_eq!(table.ends_in(), OWN - 10, "its own end is as it was told last");
        table.fold_again();
    }
}

#[test]
fn a_renewal_that_is_denied_leaves_the_end_before() {
    for open in [true, false] {
        let (mut table, freeze) = ending(false);
        let renewal = table.renewed(2, freeze, 300, open);
        table.told_again(renewal, ActKind::Renew, refused(), open);
        assert_eq!(table.ends_in(), OWN, "open {open}");
        assert_eq!(table.tasks_of_kind(TaskKind::NewsContradicts), 1);
        table.told_again(renewal, ActKind::Renew, saying("核实后", until(290)), open);
        assert_eq!(table.ends_in(), 290);
        table.told_again(renewal, ActKind::Renew, saying("更正", until(280)), open);
        assert_eq!(table.ends_in(), 280, "its own later word may shorten it");
        table.fold_again();
    }
}

#[test]
fn of_two_renewals_the_one_that_stands_says_how_it_ends() {
    for open in [true, false] {
        let (mut table, freeze) = ending(false);
        let first = table.renewed(2, freeze, 250, false);
        let second = table.renewed(3, freeze, 300, open);
        table.told_late(first, saying("更正", until(240)));
        assert_eq!(table.ends_in(), 300, "the second was ordered later");
        table.told_late(first, refused());
        assert_eq!(table.ends_in(), 300);
        let mut bytes = Vec::new();
        table.decider.state.write_record(&mut bytes).unwrap();
        table.decider.state = State::read_record(&bytes).unwrap();
        table.told_again(second, ActKind::Renew, refused(), open);
        assert_eq!(table.ends_in(), OWN);
        table.told_late(first, saying("核实后", until(250)));
        assert_eq!(table.ends_in(), 250);
        table.fold_again();
    }
}

#[test]
fn what_was_let_go_stays_so_when_its_freeze_is_denied_and_told_again_after_all() {
    let (mut table, freeze) = gone(ActKind::Release);
    table.told_late(freeze, refused());
    assert_eq!((table.tasks_of_kind(TaskKind::NewsContradicts), table.ledger().exposure), (1, Money::ZERO));
    table.told_late(freeze, saying("核实后确曾冻结", caught(50_000)));
    assert_eq!((table.stands_with("bank"), table.ledger().exposure), (None, Money::ZERO), "let go since");
    table.told_late(freeze, saying("再次更正", refused()));
    table.told_late(freeze, saying("仍冻结", caught(45_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 45_000)), "another word");
    table.fold_again();
    // What was denied while it stood was not let go.
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.told_late(freeze, refused());
    table.told_late(freeze, saying("核实后", caught(50_000)));
    assert_eq!(table.stands_with("bank"), Some((MeasureState::InForce, 50_000, 50_000)));
    table.fold_again();
}
