//! Money goes back, policies stand again, and parts of freezes are let go only where the partner reads how much.

use domain::ActId;
use domain::act::ActOrder;
use domain::form::{DefectKind, Form, PartRelease};
use domain::outcome::{AssetKind, AssetRole, Reason};
use domain::socket::FeedbackItem;
use domain::task::TaskKind;

use super::kinds::{at, holds};
use super::ledger::freeze_of;
use super::simulated::{on, order};
use super::*;
use crate::config::ReleasePolicy;

/// A partner whose form lets go of a whole freeze, whatever sum stands beside it.
fn deaf(id: &str, kind: PartnerKind) -> Partner {
    let form = Form { part_release: PartRelease::Unagreed, ..Form::default() };
    Partner { form, ..at(id, kind) }
}

pub(super) fn sum(kind: ActKind, partner: &str, act: ActId, fen: i64) -> ActOrder {
    // What it builds on names the account.
    ActOrder { amount: Some(Money::from_fen(fen)), account: None, ..on(kind, partner, act) }
}

/// A freeze of 1,000.00 at the bank, out of which 600.00 were taken.
pub(super) fn deducted(partners: Vec<Partner>) -> (Table, ActId) {
    let mut table = Table::with(partners);
    table.acts(1, vec![freeze_of("bank", "62", 100_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(100_000));
    table.acts(2, vec![sum(ActKind::Deduct, "bank", freeze, 60_000)]);
    let deduct = table.effects[0].act;
    table.says("bank", ActKind::Deduct, moved(60_000));
    (table, deduct)
}

impl Table {
    /// The partner says it by itself, of the newest act of this kind.
    pub(super) fn feeds_back(&mut self, partner: &str, kind: ActKind, outcome: Outcome) {
        let acts = self.decider.state.acts.iter();
        let key = acts.filter(|(_, act)| act.kind() == kind).map(|(_, act)| act.slip_line()).last().unwrap();
        let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
        self.tell(Command::Feedback { partner: partner.to_owned(), way: "callback", items: vec![item] }).unwrap();
    }

    pub(super) fn returned(&self, act: ActId) -> i64 {
        let state = &self.decider.state;
        state.taking_index(act).and_then(|index| state.takings.get(index)).unwrap().returned / 100
    }

    pub(super) fn limit(&self, partner: &str) -> i64 {
        let state = &self.decider.state;
        let mut freezes = state.measures.iter().filter(|(_, found)| state.partner_of(found.lane) == partner);
        freezes.next().map_or(0, |(_, found)| found.limit() / 100)
    }

    fn folded_alike(&self) {
        let mut again = State::default();
        for (sequence, event) in (0..).zip(&self.events) {
            again.fold(sequence, event);
        }
        assert_eq!(again.digest(), self.decider.state.digest());
    }
}

#[test]
fn later_word_about_money_that_went_back_counts_the_difference_alone() {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    // The question keeps the request open.
    table.acts(3, vec![sum(ActKind::Reverse, "bank", deduct, 50_000), order(ActKind::Query, "fund")]);
    table.says("bank", ActKind::Reverse, moved(20_000));
    assert!(table.states().contains(&(ActKind::Reverse, ActState::Partly)), "less than ordered is a part");
    assert_eq!((table.returned(deduct), table.ledger().deducted), (20_000, Money::from_fen(40_000)));
    let mut all = moved(50_000);
    all.text = Some(Personal::from("补足"));
    table.feeds_back("bank", ActKind::Reverse, all);
    assert_eq!((table.returned(deduct), table.ledger().deducted), (50_000, Money::from_fen(10_000)), "not 700.00");
    table.feeds_back("bank", ActKind::Reverse, Outcome::of(Verdict::Refused).because(Reason::Other, "退汇"));
    assert_eq!(
        (table.returned(deduct), table.ledger().deducted),
        (0, Money::from_fen(60_000)),
        "it is not back after all"
    );
    assert_eq!(table.limit("bank"), 40_000, "the freeze that was deducted from stays as it was");
    table.folded_alike();
}

#[test]
fn no_more_goes_back_than_was_taken_and_only_from_whoever_took_it() {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    let refused = |table: &mut Table, key, order| table.submit(key, Asked::Acts(vec![order])).err().unwrap();
    let above = sum(ActKind::Reverse, "bank", deduct, 60_001);
    assert!(matches!(refused(&mut table, 3, above), Refusal::AboveTaken { at } if at == "/acts/0/amount"));
    let elsewhere = sum(ActKind::Reverse, "fund", deduct, 100);
    assert!(matches!(refused(&mut table, 4, elsewhere), Refusal::OriginalUnknown { .. }));
    let reinstated = sum(ActKind::Reinstate, "bank", deduct, 100);
    assert!(matches!(refused(&mut table, 5, reinstated), Refusal::OriginalUnknown { .. }), "it ended no policy");
    table.acts(6, vec![sum(ActKind::Reverse, "bank", deduct, 60_000)]);
    let more = sum(ActKind::Reverse, "bank", deduct, 1);
    assert!(matches!(refused(&mut table, 7, more), Refusal::AboveTaken { .. }), "all of it is under way");
    table.says("bank", ActKind::Reverse, Outcome::of(Verdict::Refused).because(Reason::Other, ""));
    table.acts(8, vec![sum(ActKind::Reverse, "bank", deduct, 60_000)]);
    table.reply("bank", ActKind::Reverse, Judged::Doubt { cause: Cause::Timeout });
    table.pass(2_000);
    assert_eq!(table.next_kind(), Some((ActKind::Reverse, true)), "asked about, never sent again");
    table.answer(moved(60_000));
    assert_eq!(table.ledger().deducted, Money::ZERO);
}

#[test]
fn money_goes_back_from_a_listed_account_alone() {
    let (mut table, deduct) = deducted(vec![at("bank", PartnerKind::Bank)]);
    table.with_policy(|court| court.accounts.clear());
    let order = sum(ActKind::Reverse, "bank", deduct, 100);
    assert!(matches!(table.submit(3, Asked::Acts(vec![order])), Err(Refusal::AccountNotListed)));
}

#[test]
fn a_surrendered_policy_stands_again() {
    let mut table = Table::with(vec![at("insurer", PartnerKind::Insurance)]);
    table.collect(1);
    table.says("insurer", ActKind::Query, holds(AssetKind::Policy, AssetRole::Holder, 100_000));
    table.says("insurer", ActKind::Freeze, caught(100_000));
    let surrender = table.effects[0].act;
    table.says("insurer", ActKind::Surrender, moved(100_000));
    assert_eq!(table.ledger().deducted, Money::from_fen(100_000));
    table.acts(2, vec![sum(ActKind::Reinstate, "insurer", surrender, 100_000)]);
    table.reply("insurer", ActKind::Reinstate, Judged::Accepted);
    assert_eq!(table.ledger().deducted, Money::from_fen(100_000), "nothing is back until it is said");
    table.feeds_back("insurer", ActKind::Reinstate, moved(100_000));
    assert_eq!((table.returned(surrender), table.ledger().deducted), (100_000, Money::ZERO));
    table.folded_alike();
}

#[test]
fn later_word_about_a_part_that_was_let_go_counts_the_difference_alone() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.acts(2, vec![sum(ActKind::Release, "bank", freeze, 20_000), freeze_of("fund", "63", 100)]);
    let with = |text: &str| {
        let mut done = Outcome::of(Verdict::Done);
        done.text = Some(Personal::from(text));
        done
    };
    table.says("bank", ActKind::Release, with("已解除"));
    assert_eq!(table.limit("bank"), 30_000);
    table.feeds_back("bank", ActKind::Release, with("已部分解除"));
    assert_eq!(table.limit("bank"), 30_000, "the same part is not let go twice");
    table.feeds_back("bank", ActKind::Release, Outcome::of(Verdict::Refused).because(Reason::Other, "未解除"));
    assert_eq!((table.limit("bank"), table.ledger().exposure), (50_000, Money::from_fen(50_100)));
    table.folded_alike();
}

#[test]
fn a_part_is_refused_where_it_would_be_read_as_the_whole() {
    let mut table = Table::with(vec![deaf("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000), freeze_of("fund", "63", 1_000)]);
    let (bank, fund) = (table.effects[0].act, table.effects[1].act);
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.says("fund", ActKind::Freeze, caught(1_000));
    let both = vec![sum(ActKind::Release, "fund", fund, 500), sum(ActKind::Release, "bank", bank, 20_000)];
    let told = table.submit(2, Asked::Acts(both));
    let Err(Refusal::PartUnread(unread)) = told else { panic!("{:?}", told.err()) };
    let [(partner, defect)] = unread.as_slice() else { panic!("one of the two") };
    assert_eq!(
        (partner.as_str(), defect.at.as_str(), defect.kind),
        ("bank", "/acts/1/amount", DefectKind::PartUnreadable)
    );
    for way_out in ["书面", "丧失原冻结顺位"] {
        assert!(defect.kind.chinese().contains(way_out));
    }
    assert!(table.effects.is_empty(), "nothing of it was taken");
    // In full, and a sum that is all of it, every partner can read.
    table.acts(3, vec![sum(ActKind::Release, "bank", bank, 50_000)]);
    assert_eq!(table.under_way(), [("bank".to_owned(), ActKind::Release, 0)]);
}

#[test]
fn too_much_is_let_go_in_part_where_that_is_read_and_is_a_persons_elsewhere() {
    let mut table = Table::with(vec![deaf("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.with_policy(|court| court.excess = ReleasePolicy::Send);
    table.acts(1, vec![freeze_of("bank", "62", 70_000), freeze_of("fund", "63", 30_000)]);
    table.says("bank", ActKind::Freeze, caught(70_000));
    table.says("fund", ActKind::Freeze, caught(30_000));
    // The court takes a fund account last, and a part of it is enough.
    table.amend(90_000).unwrap();
    assert_eq!(table.proposed(), [(TaskKind::Excess, "fund".to_owned(), 10_000)]);
    assert!(table.tasks_beside_notices().all(|task| task.automatic));
    // All of the fund goes, and a part of the bank is left over: nobody sends that, and nothing goes whole in its place.
    table.amend(50_000).unwrap();
    let excess = |partner: &str, fen| (TaskKind::Excess, partner.to_owned(), fen);
    assert_eq!(table.proposed(), [excess("fund", 0), excess("bank", 20_000)]);
    let by_hand = table.task_at("bank");
    let task = &table.decider.state.tasks[&by_hand];
    assert!(!task.automatic, "a person's, whatever the court lets the gateway do");
    assert!(matches!(table.accept(by_hand, "judge-1"), Err(Refusal::PartUnread(_))));
    assert!(table.under_way().is_empty());
    let told = table.events.iter().any(|event| {
        matches!((&event.fact, &event.body), (store::record::Fact::TaskRaised(fact), Some(store::record::Body::Task(body)))
            if fact.partner == "bank" && body.text.contains("书面") && body.text.contains("rank"))
    });
    assert!(told, "the task says the way out");
    // Once the bank reads a part, the same proposal can be accepted.
    let mut config = Config::clone(table.decider.config());
    config.partners.insert("bank".to_owned(), Arc::new(at("bank", PartnerKind::Bank)));
    config.digest.push('y');
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    table.accept(by_hand, "judge-1").unwrap();
    assert_eq!(table.under_way(), [("bank".to_owned(), ActKind::Release, 20_000)]);
}

#[test]
fn a_part_that_was_taken_is_held_once_the_partner_does_not_read_it_any_more() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.acts(1, vec![freeze_of("bank", "62", 50_000)]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.acts(2, vec![sum(ActKind::Release, "bank", freeze, 20_000)]);
    table.reply("bank", ActKind::Release, Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    let reads = |table: &mut Table, partner: Partner, digest: char| {
        let mut config = Config::clone(table.decider.config());
        config.partners.insert("bank".to_owned(), Arc::new(partner));
        config.digest.push(digest);
        table.tell(Command::Configure(Arc::new(config))).unwrap();
    };
    reads(&mut table, deaf("bank", PartnerKind::Bank), 'x');
    table.pass(600_000);
    assert!(table.under_way().is_empty(), "the whole would go");
    reads(&mut table, at("bank", PartnerKind::Bank), 'y');
    table.pass(600_000);
    assert_eq!(table.under_way(), [("bank".to_owned(), ActKind::Release, 20_000)]);
}

#[test]
fn the_idle_part_of_a_freeze_is_a_persons_where_no_part_can_be_released() {
    let keeping =
        Partner { acts: vec![ActKind::Query, ActKind::Freeze, ActKind::Release], ..deaf("bank-a", PartnerKind::Bank) };
    let mut table = Table::with(vec![keeping, at("bank-b", PartnerKind::Bank)]);
    table.submit(1, Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() }).unwrap();
    table.says("bank-a", ActKind::Query, found(100_000));
    table.says("bank-a", ActKind::Freeze, caught(30_000));
    table.says("bank-b", ActKind::Query, found(45_000));
    assert!(table.under_way().is_empty(), "the whole freeze is not let go for a part of it");
    assert_eq!(table.proposed(), [(TaskKind::PartByHand, "bank-a".to_owned(), 45_000)]);
    assert!(table.decider.state.requests.is_empty(), "the goal is at its end");
}

#[test]
fn more_taken_than_is_owed_by_now_is_told_to_people_once() {
    let (mut table, _) = deducted(vec![at("bank", PartnerKind::Bank)]);
    let overtaken = |table: &Table| {
        let tasks = table.proposed().into_iter().filter(|(kind, ..)| *kind == TaskKind::Overtaken);
        tasks.map(|(_, _, fen)| fen).collect::<Vec<_>>()
    };
    table.amend(60_000).unwrap();
    assert!(overtaken(&table).is_empty(), "exactly what is owed");
    table.amend(45_000).unwrap();
    assert_eq!(overtaken(&table), [15_000]);
    table.amend(44_000).unwrap();
    assert_eq!(overtaken(&table).len(), 1);
    table.fold_again();
}
