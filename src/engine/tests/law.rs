//! The law where it needs state: packs per partner, what is frozen of them into a request, protected property, living costs, bankruptcy.

use domain::act::{ActOrder, Original};
use domain::outcome::{AssetKind, AssetRole};
use domain::rules::{RulePack, SurrenderRule};
use domain::{ActId, Day};
use store::record::Body;

use super::*;

fn pack(id: u64, change: impl FnOnce(&mut RulePack)) -> RulePack {
    let mut pack = RulePack { name: "zhejiang".to_owned(), digest: format!("{id:064x}"), id, ..RulePack::default() };
    change(&mut pack);
    pack
}

fn under(id: &str, kind: PartnerKind, law: &RulePack) -> Partner {
    Partner { kind, law: Arc::new(law.clone()), ..partner(id) }
}

fn holds(asset: AssetKind, class: &str, fen: i64) -> Outcome {
    let mut outcome = found(fen);
    for account in &mut outcome.accounts {
        (account.asset, account.role, account.class) = (asset, AssetRole::Owner, class.to_owned());
    }
    outcome
}

fn order(kind: ActKind, partner: &str, fen: i64) -> ActOrder {
    let amount = kind.needs_amount().then(|| Money::from_fen(fen));
    ActOrder { amount, ..bare(kind, partner) }
}

fn on(kind: ActKind, partner: &str, freeze: ActId, fen: i64) -> ActOrder {
    let own = Original { act: Some(freeze), slip: String::new(), case_number: Personal::new(String::new()) };
    ActOrder { original: Some(own), ..order(kind, partner, fen) }
}

fn rules_of(refusal: Result<u64, Refusal>) -> Vec<String> {
    match refusal {
        Err(Refusal::Rules(broken)) => {
            broken.iter().map(|breach| format!("{} {}", breach.rule.id, breach.at)).collect()
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => Vec::new(),
    }
}

impl Table {
    pub(super) fn ask(&mut self, key: u64, asked: Asked, change: impl FnOnce(&mut Request)) -> Result<u64, Refusal> {
        let mut request = request(asked);
        change(&mut request);
        self.hand_in(said::submit(key, request))
    }

    fn collect_with(&mut self, key: u64, change: impl FnOnce(&mut Request)) -> Result<u64, Refusal> {
        let scope = Scope::default();
        self.ask(key, Asked::Goal { goal: Goal::Collect, subjects: vec![0], scope }, change)
    }

    fn configure(&mut self, partners: &[Partner], packs: &[&RulePack]) {
        let mut config = Config::clone(self.decider.config());
        let named = |partner: &Partner| (partner.id.clone(), Arc::new(partner.clone()));
        config.partners = partners.iter().map(named).collect();
        config.rules = packs.iter().map(|pack| (pack.id, Arc::new((*pack).clone()))).collect();
        self.tell(Command::Configure(Arc::new(config))).unwrap();
    }

    fn act(&self, kind: ActKind) -> Option<crate::state::Act> {
        self.decider.state.acts.iter().map(|(_, act)| act.clone()).find(|act| act.kind() == kind)
    }
}

fn with_consent(request: &mut Request) {
    let mut consent = request.papers[0].clone();
    consent.kind = "holder_consent".to_owned();
    request.papers.push(consent);
}

#[test]
fn a_goal_ends_a_policy_only_where_the_rules_there_let_it() {
    let tried = |surrender: SurrenderRule, consent: bool| {
        let law = pack(1, |pack| pack.surrender = surrender);
        let mut table = Table::with(vec![under("insurer", PartnerKind::Insurance, &law)]);
        table
            .collect_with(1, |request| {
                if consent {
                    with_consent(request)
                }
            })
            .unwrap();
        table.answer(holds(AssetKind::Policy, "", 100_000));
        assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)), "it is frozen in any case");
        table.answer(caught(100_000));
        table.next_kind().map(|(kind, _)| kind)
    };
    assert_eq!(tried(SurrenderRule::Forced, false), Some(ActKind::Surrender));
    assert_eq!(tried(SurrenderRule::WithConsent, false), None);
    assert_eq!(tried(SurrenderRule::WithConsent, true), Some(ActKind::Surrender));
    assert_eq!(tried(SurrenderRule::Never, true), None);
}

#[test]
fn a_fund_account_is_frozen_and_not_deducted_where_nothing_opens_it() {
    for (conditions, follows) in [(RulePack::default().fund_conditions, Some(ActKind::Deduct)), (Vec::new(), None)] {
        let law = pack(1, |pack| pack.fund_conditions = conditions);
        let mut table = Table::with(vec![under("fund", PartnerKind::HousingFund, &law)]);
        table.collect(1);
        table.answer(holds(AssetKind::Fund, "", 100_000));
        table.answer(caught(100_000));
        assert_eq!(table.next_kind().map(|(kind, _)| kind), follows);
    }
}

#[test]
fn the_note_tells_the_partner_what_the_rules_there_ask() {
    let law = pack(1, |pack| pack.buyout_days = 15);
    let mut table = Table::with(vec![under("insurer", PartnerKind::Insurance, &law)]);
    table.collect(1);
    table.answer(holds(AssetKind::Policy, "", 100_000));
    table.answer(caught(100_000));
    let notes: Vec<String> = table.events.iter().flat_map(lines).filter_map(|line| line.note).collect();
    assert!(notes.len() == 1 && notes[0].contains("15日"), "{notes:?}");
}

fn lines(event: &Event) -> Vec<store::record::PlanLine> {
    match &event.body {
        Some(Body::Accepted(body)) => body.plan.clone(),
        Some(Body::Planned(body)) => body.plan.clone(),
        _ => Vec::new(),
    }
}

#[test]
fn every_act_names_the_pack_it_was_planned_under_and_the_request_its_digest() {
    let law = pack(7, |_| ());
    let mut table = Table::with(vec![under("bank-a", PartnerKind::Bank, &law), partner("bank-b")]);
    table.collect(1);
    table.answer(found(100_000));
    table.answer(caught(100_000));
    let at = |id: &str| -> Vec<u64> {
        table.events.iter().flat_map(lines).filter(|line| line.partner == id).map(|line| line.rules).collect()
    };
    assert!(at("bank-a").len() >= 2 || at("bank-b").len() >= 2, "the goal went on");
    assert!(at("bank-a").iter().all(|id| *id == 7) && at("bank-b").iter().all(|id| *id == 0));
    let accepted = table.events.iter().find_map(|event| match &event.body {
        Some(Body::Accepted(body)) => Some(body.rules.clone()),
        _ => None,
    });
    let named: Vec<_> = accepted.unwrap().into_iter().map(|pack| (pack.name, pack.version, pack.digest)).collect();
    assert_eq!(named, [("zhejiang".to_owned(), "1".to_owned(), law.digest.clone())], "the built-in one is left out");
}

#[test]
fn what_a_request_plans_follows_the_text_it_was_accepted_under_while_that_is_there() {
    let years = |years: i32| move |pack: &mut RulePack| pack.freeze_years = vec![(AssetKind::Policy, years)];
    let (old, new) = (pack(1, years(1)), pack(2, years(2)));
    let planned = |kept: &[&RulePack]| {
        let mut table = Table::with(vec![under("insurer", PartnerKind::Insurance, &old)]);
        table.collect(1);
        table.configure(&[under("insurer", PartnerKind::Insurance, &new)], kept);
        table.answer(holds(AssetKind::Policy, "", 100_000));
        let freeze = table.act(ActKind::Freeze).unwrap();
        (freeze.rules, table.made_by(&freeze).last_day().unwrap().to_string())
    };
    let today = Day::of(START);
    assert_eq!(planned(&[&old, &new]), (1, today.last_of_years(1).to_string()), "by its digest");
    assert_eq!(planned(&[&new]), (1, today.last_of_years(2).to_string()), "gone, so the newest holds");
}

#[test]
fn an_explicit_freeze_lasts_as_long_as_the_rules_there_allow_when_nothing_is_said() {
    let law = pack(1, |pack| pack.freeze_years = vec![(AssetKind::Fund, 3)]);
    let mut table = Table::with(vec![under("fund", PartnerKind::HousingFund, &law)]);
    table.ask(1, Asked::Acts(vec![order(ActKind::Freeze, "fund", 100)]), |_| ()).unwrap();
    let freeze = table.act(ActKind::Freeze).unwrap();
    assert_eq!((freeze.rules, table.made_by(&freeze).last_day()), (1, Some(Day::of(START).last_of_years(3))));
}

#[test]
fn a_person_keeps_what_it_takes_to_live_once_and_an_organisation_nothing() {
    let law = pack(1, |pack| pack.living_reserve = Money::from_fen(20_000));
    let banks = || vec![under("bank-a", PartnerKind::Bank, &law), under("bank-b", PartnerKind::Bank, &law)];
    let frozen = |kind: PartyKind, found_fen: [i64; 2], asset: AssetKind| {
        let mut table = Table::with(banks());
        table.collect_with(1, |request| request.case.parties[0].kind = kind).unwrap();
        for fen in found_fen {
            let query = table.effects.iter().position(|effect| {
                let index = table.decider.state.act_index(effect.act).unwrap();
                table.decider.state.acts.get(index).unwrap().kind() == ActKind::Query
            });
            let effect = table.effects.remove(query.unwrap());
            let judged = Judged::Answered(Box::new(holds(asset, "", fen)));
            table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
        }
        let of_kind = |act: &&crate::state::Act| act.kind() == ActKind::Freeze;
        let acts: Vec<_> = table.decider.state.acts.iter().map(|(_, act)| act.clone()).collect();
        acts.iter().filter(of_kind).map(|act| act.amount / 100).collect::<Vec<_>>()
    };
    assert_eq!(frozen(PartyKind::Person, [30_000, 40_000], AssetKind::Cash), [10_000, 40_000]);
    assert_eq!(frozen(PartyKind::Person, [15_000, 40_000], AssetKind::Fund), [35_000], "the rest stays on the second");
    assert_eq!(frozen(PartyKind::Person, [20_000, 100], AssetKind::Cash), [100]);
    assert_eq!(frozen(PartyKind::Organisation, [30_000, 40_000], AssetKind::Cash), [30_000, 40_000]);
    assert_eq!(frozen(PartyKind::Person, [30_000, 40_000], AssetKind::Wallet), [30_000, 40_000]);
}

#[test]
fn what_the_answer_calls_a_reserve_is_left_alone_and_margin_is_only_frozen() {
    for (class, kinds) in [
        ("客户备付金", vec![ActKind::Query]),
        ("信用证开证保证金", vec![ActKind::Query, ActKind::Freeze]),
        ("活期", vec![ActKind::Query, ActKind::Freeze, ActKind::Deduct]),
        ("工会经费", vec![ActKind::Query, ActKind::Freeze, ActKind::Deduct]),
    ] {
        let mut table = Table::with(vec![partner("bank-a")]);
        table.collect(1);
        table.answer(holds(AssetKind::Cash, class, 100_000));
        if table.next_kind().is_some() {
            table.answer(caught(100_000));
        }
        let planned: Vec<_> =
            table.events.iter().flat_map(lines).filter_map(|line| ActKind::from_code(line.kind)).collect();
        assert_eq!(planned, kinds, "{class}");
    }
}

#[test]
fn an_account_that_the_case_knows_as_protected_is_refused_by_name() {
    for (class, freezing, deducting) in [
        ("存款准备金", vec!["D24 /acts/0/account"], None),
        ("信用证开证保证金", vec![], Some(vec!["D23 /acts/0/original"])),
        ("活期", vec![], Some(vec![])),
    ] {
        let mut table = Table::with(vec![partner("bank-a"), partner("slow")]);
        let scope = Scope::default();
        table.ask(1, Asked::Goal { goal: Goal::Look, subjects: vec![0], scope }, |_| ()).unwrap();
        let place = table.effects.iter().position(|effect| effect.partner == "bank-a").unwrap();
        let effect = table.effects.remove(place);
        let judged = Judged::Answered(Box::new(holds(AssetKind::Cash, class, 100_000)));
        table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
        let account = Some(Personal::new("62100000".to_owned()));
        let freeze = ActOrder { account, ..order(ActKind::Freeze, "bank-a", 50_000) };
        assert_eq!(rules_of(table.ask(2, Asked::Acts(vec![freeze]), |_| ())), freezing, "{class}");
        let Some(deducting) = deducting else { continue };
        let place = table.effects.iter().position(|effect| effect.partner == "bank-a").unwrap();
        let effect = table.effects.remove(place);
        let held = effect.act;
        let judged = Judged::Answered(Box::new(caught(50_000)));
        table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
        let deduct = on(ActKind::Deduct, "bank-a", held, 10_000);
        assert_eq!(rules_of(table.ask(3, Asked::Acts(vec![deduct]), |_| ())), deducting, "{class}");
    }
}

#[test]
fn a_freeze_of_margin_remembers_it_when_the_request_that_found_it_is_over() {
    let law = pack(1, |pack| pack.margin_accounts = vec!["LC1".to_owned()]);
    let mut table = Table::with(vec![under("bank-a", PartnerKind::Bank, &law)]);
    let account = Some(Personal::new("LC1".to_owned()));
    let freeze = ActOrder { account, ..order(ActKind::Freeze, "bank-a", 50_000) };
    table.ask(1, Asked::Acts(vec![freeze]), |_| ()).unwrap();
    let held = table.effects[0].act;
    table.answer(caught(50_000));
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    assert_eq!(State::read_record(&bytes).unwrap().digest(), table.decider.state.digest());
    let deduct = on(ActKind::Deduct, "bank-a", held, 10_000);
    assert_eq!(rules_of(table.ask(2, Asked::Acts(vec![deduct]), |_| ())), ["D23 /acts/0/original"]);
    let release = on(ActKind::Release, "bank-a", held, 0);
    assert!(table.ask(3, Asked::Acts(vec![release]), |_| ()).is_ok());
}

fn bankrupt(told: bool) -> impl Fn(&mut Request) {
    move |request| request.case.parties[0].bankrupt = Some(told)
}

#[test]
fn a_bankruptcy_told_once_rests_the_case_until_it_is_told_to_be_over() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    let look = || Asked::Goal { goal: Goal::Look, subjects: vec![0], scope: Scope::default() };
    table.ask(2, look(), bankrupt(true)).unwrap();
    table.answer(found(250_000));
    let kinds = |table: &Table| table.states().into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert!(!kinds(&table).contains(&ActKind::Freeze), "the open request goes no further");
    assert_eq!(rules_of(table.collect_with(3, |_| ())), ["D28 /subjects/0"]);
    let freeze = || Asked::Acts(vec![order(ActKind::Freeze, "bank-a", 100)]);
    assert_eq!(rules_of(table.ask(4, freeze(), |_| ())), ["D28 /acts/0/subject"]);
    assert_eq!(rules_of(table.ask(5, look(), |_| ())), [""; 0], "to look is no measure");
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    assert_eq!(State::read_record(&bytes).unwrap().digest(), table.decider.state.digest());
    assert_eq!(rules_of(table.ask(6, freeze(), bankrupt(false))), [""; 0]);
    assert_eq!(rules_of(table.ask(7, freeze(), |_| ())), [""; 0], "it stays over");
}

#[test]
fn what_was_not_sent_is_taken_back_and_what_was_is_not_tried_again() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freezes = Asked::Acts(vec![order(ActKind::Freeze, "bank-a", 100), order(ActKind::Freeze, "bank-a", 200)]);
    let request = table.ask(1, freezes, |_| ()).unwrap();
    let look = Asked::Goal { goal: Goal::Look, subjects: vec![0], scope: Scope::default() };
    table.ask(2, look, bankrupt(true)).unwrap();
    assert!(table.states().contains(&(ActKind::Freeze, ActState::Withdrawn)), "the second waited for the first");
    let withdrawn = table.events.iter().filter(|event| event.fact.name() == "act.withdrawn").count();
    assert_eq!(withdrawn, 1);
    table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    table.pass(100_000);
    assert!(
        table.decider.state.requests.iter().all(|(_, open)| open.sequence != request),
        "over: nothing is tried again"
    );
    assert_eq!(table.effects.len(), 1, "the question alone");
}
