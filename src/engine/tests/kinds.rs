//! Goals over property of every kind: its order, just enough, what spills over, what waits for years; leads, approvals, formal defects.

use domain::act::ActOrder;
use domain::form::{DefectKind, Form};
use domain::outcome::{AssetKind, AssetRole, Lead, LeadClass, Reason};

use super::*;
use crate::command::LeadNews;
use crate::config::ApprovalRule;

pub(super) fn at(id: &str, kind: PartnerKind) -> Partner {
    Partner { kind, ..partner(id) }
}

fn county() -> Table {
    Table::with(vec![
        at("bank", PartnerKind::Bank),
        at("fund", PartnerKind::HousingFund),
        at("insurer", PartnerKind::Insurance),
        at("police", PartnerKind::Police),
    ])
}

pub(super) fn holds(asset: AssetKind, role: AssetRole, fen: i64) -> Outcome {
    let mut outcome = found(fen);
    for account in &mut outcome.accounts {
        (account.asset, account.role) = (asset, role);
    }
    outcome
}

impl Table {
    /// Answers the newest open exchange with this partner about an act of this kind.
    pub(super) fn reply(&mut self, partner: &str, kind: ActKind, judged: Judged) {
        let state = &self.decider.state;
        let fits = |effect: &Effect| {
            let act = state.act_index(effect.act).and_then(|index| state.acts.get(index));
            effect.partner == partner && act.is_some_and(|act| act.kind() == kind)
        };
        let place = self.effects.iter().position(fits).unwrap_or_else(|| panic!("no {} at {partner}", kind.word()));
        let effect = self.effects.remove(place);
        self.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
    }

    pub(super) fn says(&mut self, partner: &str, kind: ActKind, outcome: Outcome) {
        self.reply(partner, kind, Judged::Answered(Box::new(outcome)));
    }

    /// What is under way: partner, kind, amount in fen.
    pub(super) fn under_way(&self) -> Vec<(String, ActKind, i64)> {
        let state = &self.decider.state;
        let act = |effect: &Effect| state.acts.get(state.act_index(effect.act).unwrap()).unwrap().clone();
        let mut list: Vec<_> = self
            .effects
            .iter()
            .map(|effect| (effect.partner.clone(), act(effect).kind(), act(effect).amount / 100))
            .collect();
        list.sort();
        list
    }

    fn nothing_found(&mut self, partner: &str) {
        self.says(partner, ActKind::Query, Outcome::of(Verdict::NoSuchCustomer));
    }

    pub(super) fn ledger(&self) -> domain::ledger::Ledger {
        self.decider.state.ledger(self.decider.state.cases.iter().next().unwrap().0)
    }
}

fn done(partner: &str, kind: ActKind, fen: i64) -> (String, ActKind, i64) {
    (partner.to_owned(), kind, fen)
}

#[test]
fn cash_goes_before_fund_and_policy_and_no_more_is_taken_than_is_owed() {
    let mut table = county();
    table.collect(1);
    table.nothing_found("police");
    table.says("insurer", ActKind::Query, holds(AssetKind::Policy, AssetRole::Holder, 900_000));
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 30_000));
    assert_eq!(table.under_way(), [done("bank", ActKind::Query, 0)], "the bank may have it all and answers at once");
    table.says("bank", ActKind::Query, holds(AssetKind::Cash, AssetRole::Owner, 50_000));
    let frozen = [
        done("bank", ActKind::Freeze, 50_000),
        done("fund", ActKind::Freeze, 30_000),
        done("insurer", ActKind::Freeze, 20_000),
    ];
    assert_eq!(table.under_way(), frozen, "1,000.00 are owed");
    for (partner, _, fen) in &frozen {
        table.says(partner, ActKind::Freeze, caught(*fen));
    }
    let taken = [
        done("bank", ActKind::Deduct, 50_000),
        done("fund", ActKind::Deduct, 30_000),
        done("insurer", ActKind::Surrender, 20_000),
    ];
    assert_eq!(table.under_way(), taken);
    for (partner, kind, fen) in &taken {
        table.says(partner, *kind, moved(*fen));
    }
    assert!(table.under_way().is_empty());
    assert!(table.decider.state.requests.iter().next().is_none(), "finished");
}

#[test]
fn the_court_may_take_property_in_an_order_of_its_own() {
    let mut table = county();
    let mut config = Config::clone(table.decider.config());
    let mut court = CourtFile::clone(&config.courts["330225"]);
    court.asset_order = vec![AssetKind::Policy, AssetKind::Cash];
    config.courts.insert("330225".to_owned(), Arc::new(court));
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    table.collect(1);
    table.says("insurer", ActKind::Query, holds(AssetKind::Policy, AssetRole::Beneficiary, 100_000));
    assert!(table.under_way().contains(&done("insurer", ActKind::Freeze, 100_000)));
    table.says("insurer", ActKind::Freeze, caught(100_000));
    assert!(
        table.under_way().contains(&done("insurer", ActKind::WithdrawBenefits, 100_000)),
        "it is no holder's to end"
    );
}

#[test]
fn a_question_that_is_not_answered_is_not_waited_for_for_ever() {
    let mut table = county();
    table.collect(1);
    table.nothing_found("police");
    table.nothing_found("fund");
    table.reply("bank", ActKind::Query, Judged::Accepted);
    table.says("insurer", ActKind::Query, holds(AssetKind::Policy, AssetRole::Holder, 100_000));
    assert!(table.under_way().is_empty(), "the bank has said that it will answer");
    table.pass(crate::decide::allocate::PATIENCE_MS);
    assert!(table.under_way().contains(&done("insurer", ActKind::Freeze, 100_000)), "{:?}", table.under_way());
}

#[test]
fn a_freeze_that_holds_nothing_gives_way_to_property_that_can_be_had() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.collect(1);
    table.says("bank", ActKind::Query, holds(AssetKind::Cash, AssetRole::Owner, 100_000));
    let mut queued = Outcome::of(Verdict::Queued);
    queued.limit = Some(Money::from_fen(100_000));
    table.says("bank", ActKind::Freeze, queued);
    assert_eq!(
        table.under_way(),
        [done("fund", ActKind::Query, 0)],
        "nothing else is known of yet, so the place is kept"
    );
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 80_000));
    assert_eq!(table.under_way(), [done("bank", ActKind::Release, 0)], "the ceiling leaves no room for both");
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    assert_eq!(table.under_way(), [done("fund", ActKind::Freeze, 80_000)]);
    assert!(table.ledger().exposure <= table.ledger().target);
}

#[test]
fn what_waits_for_a_condition_stays_open_and_is_asked_about_in_its_own_rhythm() {
    let mut table = Table::with(vec![at("fund", PartnerKind::HousingFund)]);
    table.collect(1);
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 100_000));
    table.says("fund", ActKind::Freeze, caught(100_000));
    table.reply("fund", ActKind::Deduct, Judged::Accepted);
    table.pass(2_000);
    let registered = || Outcome::of(Verdict::Registered).because(Reason::AwaitsCondition, "未满足提取条件");
    table.says("fund", ActKind::Deduct, registered());
    assert!(table.states().contains(&(ActKind::Deduct, ActState::Awaiting)));
    assert_eq!(table.ledger().deducting, Money::from_fen(100_000), "nothing more is ordered while it may still come");
    table.pass(3_600_000);
    assert!(table.under_way().is_empty(), "not asked every minute for years");
    table.pass(86_400_000);
    table.says("fund", ActKind::Deduct, registered());
    table.pass(86_400_000);
    table.says("fund", ActKind::Deduct, moved(100_000));
    assert!(table.decider.state.requests.iter().next().is_none(), "finished years later");
}

#[test]
fn a_lead_is_recorded_once_however_often_it_is_told() {
    let mut table = Table::with(vec![at("police", PartnerKind::Police)]);
    let watch = ActOrder { account: Some(Personal::from("浙B12345")), ..bare(ActKind::Watch, "police") };
    table.submit(1, Asked::Acts(vec![watch])).unwrap();
    let act = table.effects[0].act;
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.decider.state.requests.iter().next().is_none(), "the watch is in force, the request is finished");
    assert!(table.decider.state.measure_by_act(act).unwrap().is_live());
    let hit = |serial: &str| LeadNews {
        act,
        partner: "police".to_owned(),
        slot: 1,
        has_callback: false,
        closed: None,
        beside: false,
        lead: Lead {
            slip: String::new(),
            line: None,
            class: LeadClass::Hit,
            serial: Personal::from(serial),
            as_of: "2026-11-22 09:00".to_owned(),
            respond_by: Some(START),
            details: Vec::new(),
            text: None,
        },
    };
    let mut tell = |serial| match table.tell(Command::Lead(Box::new(hit(serial)))) {
        Ok(Answer::Done(sequence)) => sequence,
        _ => panic!("refused"),
    };
    let first = tell("h1");
    assert_eq!(tell("h1"), first);
    assert!(tell("h2") > first);
}

#[test]
fn how_many_must_approve_follows_kind_and_amount() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    let mut config = Config::clone(table.decider.config());
    let mut court = CourtFile::clone(&config.courts["330225"]);
    let rule = |fen, persons| ApprovalRule { kinds: vec![ActKind::Freeze], from: Money::from_fen(fen), persons };
    court.approvals = vec![rule(10_000, 1), rule(60_000, 2)];
    config.courts.insert("330225".to_owned(), Arc::new(court));
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    let freeze = |fen: i64| ActOrder {
        account: Some(Personal::new(format!("62{fen}"))),
        amount: Some(Money::from_fen(fen)),
        ..bare(ActKind::Freeze, "bank")
    };
    table.submit(1, Asked::Acts(vec![freeze(9_999), freeze(10_000), freeze(60_000)])).unwrap();
    let needed: Vec<u8> = table.decider.state.acts.iter().map(|(_, act)| act.approvals).collect();
    assert_eq!(needed, [0, 1, 2]);
}

#[test]
fn what_a_partner_would_hand_back_is_refused_before_anything_is_sent() {
    let form = Form {
        officer_number_bytes_max: Some(4),
        two_officers: true,
        papers: vec![(ActKind::Freeze, vec!["freeze_notice".to_owned()])],
        ..Form::default()
    };
    let strict = Partner { form, ..at("bank", PartnerKind::Bank) };
    let mut table = Table::with(vec![strict, at("fund", PartnerKind::HousingFund)]);
    let scope = Scope { partners: vec!["bank".to_owned()], ..Scope::default() };
    let ask = |goal, scope: &Scope| Asked::Goal { goal, subjects: vec![0], scope: scope.clone() };
    let Err(Refusal::Formal(defects)) = table.submit(1, ask(Goal::Secure, &scope)) else { panic!("taken") };
    let told: Vec<(&str, DefectKind)> = defects.iter().map(|(_, defect)| (defect.at.as_str(), defect.kind)).collect();
    assert_eq!(
        told,
        [("/documents", DefectKind::PaperMissing), ("/officers", DefectKind::SecondOfficerMissing)],
        "a question may be followed by a freeze"
    );
    assert!(table.effects.is_empty());
    let elsewhere = Scope { partners: vec!["fund".to_owned()], ..Scope::default() };
    assert!(table.submit(2, ask(Goal::Secure, &elsewhere)).is_ok());
}

#[test]
fn behind_others_a_place_in_the_queue_is_taken_only_when_nothing_else_is_to_be_had() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.collect(1);
    let mut taken = found(50_000);
    taken.accounts[0].available = Some(Money::ZERO);
    taken.accounts[0].ahead.push(domain::outcome::PriorMeasure {
        organ: Personal::from("别的法院"),
        paper: Personal::from("1"),
        amount: None,
        to: None,
    });
    table.says("bank", ActKind::Query, taken);
    assert_eq!(table.under_way(), [done("fund", ActKind::Query, 0)], "the fund may have it all");
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 70_000));
    table.says("fund", ActKind::Freeze, caught(70_000));
    let next = [done("bank", ActKind::Freeze, 30_000), done("fund", ActKind::Deduct, 70_000)];
    assert_eq!(table.under_way(), next, "1,000.00 are owed");
}

#[test]
fn what_only_waits_for_a_condition_holds_up_no_release() {
    let mut table = Table::with(vec![at("fund", PartnerKind::HousingFund)]);
    table.collect(1);
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 100_000));
    let freeze = table.effects[0].act;
    table.says("fund", ActKind::Freeze, caught(100_000));
    table.reply("fund", ActKind::Deduct, Judged::Accepted);
    let original = domain::act::Original { act: Some(freeze), slip: String::new(), case_number: Personal::from("") };
    let release = ActOrder { original: Some(original), ..bare(ActKind::Release, "fund") };
    table.submit(2, Asked::Acts(vec![release])).unwrap();
    assert!(!table.under_way().contains(&done("fund", ActKind::Release, 0)), "the deduction is decided first (D33)");
    table.pass(2_000);
    table.says("fund", ActKind::Deduct, Outcome::of(Verdict::Registered).because(Reason::AwaitsCondition, ""));
    assert!(table.under_way().contains(&done("fund", ActKind::Release, 0)), "{:?}", table.under_way());
}

#[test]
fn what_two_persons_found_never_to_have_happened_is_ordered_again() {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank)]);
    table.collect(1);
    table.says("bank", ActKind::Query, found(250_000));
    let act = table.effects[0].act;
    table.reply("bank", ActKind::Freeze, Judged::Doubt { cause: Cause::Timeout });
    for by in ["officer", "approver"] {
        let resolve = Command::Resolve {
            act,
            by: by.to_owned(),
            took_effect: false,
            amount: None,
            document: "sha256:paper".to_owned(),
            reason: "the bank has nothing".to_owned(),
        };
        table.tell(resolve).unwrap();
    }
    assert_eq!(table.under_way(), [done("bank", ActKind::Freeze, 100_000)]);
}
