//! Partners that hold no accounts or hold other property: each through its own form, in its own time, and what they tell unasked.

use serde_json::{Value, json};
use sha2::Digest as _;
use simulators::insurance::{self, InsurerRules};
use simulators::police::Standing;
use simulators::{
    Callback, Grid, GridConfig, HousingFund, HousingFundConfig, Insurance, InsuranceConfig, OpenConfig, Police,
    PoliceConfig,
};

use crate::bench::{Ask, Gateway, Setup, Spec, View, acts, collect, eventually, everybody, person};

const POLICE_ACTS: [&str; 6] = ["query", "locate", "watch", "border_control", "lift", "support"];

/// A gateway with police beside it who post to it by themselves.
fn with_police() -> (Gateway, Police) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let police = Police::start(&everybody(), PoliceConfig::default()).unwrap();
    let token = gateway.add_open_partner("police-a", "police", police.url(), "police-token", &POLICE_ACTS);
    gateway.start();
    police.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "police-a".to_owned(), token });
    (gateway, police)
}

fn of_police(kind: &str, more: Value) -> Value {
    let mut act = json!({ "kind": kind, "partner": "police-a", "subject": 0 });
    act.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act
}

fn classes(act: &Value) -> Vec<String> {
    let outcome = act["outcomes"].as_array().unwrap().last().unwrap();
    let findings = outcome["findings"].as_array().into_iter().flatten();
    findings.map(|finding| finding["class"].as_str().unwrap().to_owned()).collect()
}

/// One partner of each kind that speaks the open task form.
pub struct EveryKind {
    pub police: Police,
    pub insurer: Insurance,
    pub fund: HousingFund,
    pub tokens: Vec<String>,
    pub plate: String,
    pub child: String,
    pub policy: String,
    pub fund_account: String,
}

impl EveryKind {
    /// Starts them and writes their files; the first person drives a vehicle, holds a policy and has retired.
    pub fn beside(gateway: &Gateway) -> Self {
        let police = Police::start(&everybody(), PoliceConfig::default()).unwrap();
        let config = HousingFundConfig { open: open("fund-token"), ..HousingFundConfig::default() };
        let fund = HousingFund::start(&everybody(), config).unwrap();
        fund.retire(&person(0).id_number).unwrap();
        let insurer = insurer(5_000_000, 20);
        let tokens = vec![
            gateway.add_open_partner("police-a", "police", police.url(), "police-token", &POLICE_ACTS),
            gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &INSURES),
            gateway.add_open_partner("fund-a", "housing_fund", fund.url(), "fund-token", &HOLDS),
        ];
        let vehicle = simulators::police::Vehicle {
            plate: "浙B7F3A9".to_owned(),
            owner: person(0).id_number,
            brand: "金鲳牌".to_owned(),
            vehicle_type: "小型轿车".to_owned(),
            vin: "LJC7F3A91X0000001".to_owned(),
            registered_at: "2019-03-05".to_owned(),
            sealed_by: String::new(),
        };
        let plate = vehicle.plate.clone();
        police.books().add_vehicle(vehicle);
        let own = |account: &simulators::housing_fund::Account| account.owner == person(0).id_number;
        let fund_account = fund.books().accounts().into_iter().find(own).unwrap().number;
        let (child, policy) = (person(1).name, "HA330225001".to_owned());
        Self { police, insurer, fund, tokens, plate, child, policy, fund_account }
    }

    /// Tells them where the gateway is.
    pub fn meet(&self, gateway: &Gateway) {
        let to = |partner: &str, token: &String| Callback {
            gateway: gateway.door_url().to_owned(),
            partner: partner.to_owned(),
            token: token.clone(),
        };
        self.police.call_back(to("police-a", &self.tokens[0]));
        self.insurer.call_back(to("insurer-a", &self.tokens[1]));
        self.fund.call_back(to("fund-a", &self.tokens[2]));
    }
}

#[test]
fn police_say_who_somebody_is_and_where_they_were() {
    let (gateway, _police) = with_police();
    let asked = vec![of_police("query", json!({})), of_police("locate", json!({}))];
    let request = gateway.submit(&acts(&[0], asked));
    let view = gateway.wait_finished(&request.id);
    let who = view.act("query", "police-a");
    assert!(classes(who).contains(&"identity".to_owned()), "{who:#}");
    let identity = &who["outcomes"][0]["findings"][0]["details"];
    assert!(identity.as_array().unwrap().iter().any(|detail| detail["value"] == person(0).name), "{identity:#}");
    let whereabouts = view.act("locate", "police-a");
    assert!(classes(whereabouts).iter().all(|class| class == "whereabouts"), "{whereabouts:#}");
    assert_eq!(whereabouts["line"], 0, "a question stands on line 0");
}

#[test]
fn a_watched_person_who_turns_up_is_told_once_and_no_more_once_the_watch_is_lifted() {
    let (gateway, police) = with_police();
    let request = gateway.submit(&acts(&[0], vec![of_police("watch", json!({ "to": "2027-02-01" }))]));
    let watch = gateway.wait_finished(&request.id).act("watch", "police-a").clone();
    assert_eq!(watch["state"], "done");
    let hits = police.pass(&person(0).id_number, "石浦渔港");
    assert_eq!(hits.len(), 1);
    let leads = |view: &View| view.0["leads"].as_array().cloned().unwrap_or_default();
    let told = eventually("the hit", || {
        let view = gateway.view(&request.id);
        (leads(&view).len() == 1).then_some(view)
    });
    let lead = &leads(&told)[0];
    assert_eq!((&lead["class"], &lead["act"]), (&json!("hit"), &watch["id"]));
    assert!(lead["respond_by"].is_string(), "somebody of the court has a clock: {lead:#}");
    eventually("the police know that we have it", || police.all_posted().then_some(()));
    let lift = of_police("lift", json!({ "original": { "act": watch["id"] } }));
    let same_case = told.0["case"]["number"].as_str().unwrap().to_owned();
    let lifted = gateway.submit(&acts(&[0], vec![lift]).case(&same_case));
    assert_eq!(gateway.wait_finished(&lifted.id).state_of("lift", "police-a"), "done");
    assert!(police.pass(&person(0).id_number, "石浦渔港").is_empty());
    assert_eq!(leads(&gateway.view(&request.id)).len(), 1);
}

#[test]
fn people_who_come_to_help_are_under_way_until_they_have_come() {
    let (gateway, police) = with_police();
    let missing = gateway.submit_as("no-note", &acts(&[0], vec![of_police("support", json!({}))])).of_status(422);
    assert_eq!(missing.json()["errors"][0]["pointer"], "/acts/0/note");
    let ask = of_police("support", json!({ "to": "2026-12-01", "note": "强制腾退，请派员维持秩序" }));
    let request = gateway.submit(&acts(&[0], vec![ask]));
    let waits = |view: &View| view.act("support", "police-a")["outcomes"].as_array().is_some_and(|all| !all.is_empty());
    let view = gateway.wait_until(&request.id, "the police at it", waits);
    let act = view.act("support", "police-a");
    assert_eq!((&act["state"], &act["outcomes"][0]["verdict"]), (&json!("awaiting"), &json!("registered")));
    assert!(!act["next"]["who"].as_str().unwrap().is_empty());
    let number = View::key(act, false);
    assert!(police.finish(&number, Standing::Done, "已到场"));
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("support", "police-a"), "done");
}

#[test]
fn only_the_partner_itself_posts_and_only_what_it_may() {
    let (gateway, _police) = with_police();
    let path = "/v1/inbound/police-a";
    assert_eq!(gateway.caller("partner").post(path, &json!({})).of_status(404).slug(), "not_found", "another partner");
    assert_eq!(gateway.caller("submitter").post(path, &json!({})).of_status(403).slug(), "role_missing");
}

/// A gateway with a grid platform beside it that posts what its workers report; their report waits to be asked for.
fn with_grid() -> (Gateway, Grid) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let grid = Grid::start(&everybody(), GridConfig { open: open("grid-token"), report_after_ms: None }).unwrap();
    let token = gateway.add_open_partner("grid-a", "grid", grid.url(), "grid-token", &["grid_task"]);
    gateway.start();
    grid.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "grid-a".to_owned(), token });
    (gateway, grid)
}

fn grid_task(task: &str) -> Value {
    json!({ "kind": "grid_task", "partner": "grid-a", "subject": 0, "to": "2027-02-01",
            "note": "请走访石浦镇渔港路", "details": [{ "name": "task", "value": task }] })
}

fn grid_figures(gateway: &Gateway) -> Value {
    let shown = gateway.caller("operator").get("/v1/partners").of_status(200).json();
    shown["partners"].as_array().unwrap().iter().find(|partner| partner["id"] == "grid-a").unwrap().clone()
}

#[test]
fn grid_workers_find_a_person_and_send_a_photo() {
    let (gateway, grid) = with_grid();
    assert_eq!(grid_figures(&gateway)["answer_rate"], json!(null));
    let request = gateway.submit(&acts(&[0], vec![grid_task("find_person")]));
    let under_way = |view: &View| view.act("grid_task", "grid-a")["state"] == "awaiting";
    let view = gateway.wait_until(&request.id, "workers under way", under_way);
    let number = View::key(view.act("grid_task", "grid-a"), false);
    grid.books().see(&person(0).id_number, "石浦渔港二号码头");
    assert!(grid.report(&number));
    let view = gateway.wait_finished(&request.id);
    let act = view.act("grid_task", "grid-a");
    let outcome = act["outcomes"].as_array().unwrap().last().unwrap();
    assert_eq!((&act["state"], &outcome["verdict"]), (&json!("done"), &json!("done")), "{act:#}");
    let finding = &outcome["findings"][0];
    assert_eq!(finding["class"], "whereabouts");
    let told = |name: &str| {
        let details = finding["details"].as_array().unwrap();
        details.iter().find(|detail| detail["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(told("place"), "石浦渔港二号码头");
    let photo = grid.books().reports()[0].photo.clone().unwrap();
    let digest: String = sha2::Sha256::digest(&photo).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told("photo"), digest, "the photo that the finding names is the one that was taken");
    let file = &outcome["replies"][0];
    assert!(file["digest"].as_str().is_none_or(|kept| kept.ends_with(&digest)), "{file:#}");
    let figures = grid_figures(&gateway);
    assert_eq!(
        (&figures["answered"], &figures["overdue"], &figures["answer_rate"]),
        (&json!(1), &json!(0), &json!("100.00")),
        "{figures:#}"
    );
    assert!(figures["last_call_at"].is_string(), "it called back: {figures:#}");
}

#[test]
fn nobody_found_is_an_answer_and_a_clue_comes_unasked() {
    let (gateway, grid) = with_grid();
    let request = gateway.submit(&acts(&[0], vec![grid_task("find_property")]));
    let under_way = |view: &View| view.act("grid_task", "grid-a")["state"] == "awaiting";
    let view = gateway.wait_until(&request.id, "workers under way", under_way);
    let number = View::key(view.act("grid_task", "grid-a"), false);
    assert!(grid.tell(&number, "年底有股份分红待发"));
    eventually("the clue", || {
        (gateway.view(&request.id).0["leads"].as_array().is_some_and(|leads| leads.len() == 1)).then_some(())
    });
    assert!(grid.report(&number));
    let view = gateway.wait_finished(&request.id);
    let outcome = view.act("grid_task", "grid-a")["outcomes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&outcome["verdict"], &outcome["reason"]), (&json!("refused"), &json!("not_found")), "{outcome:#}");
}

#[test]
fn a_grid_task_says_what_to_do() {
    let (gateway, _grid) = with_grid();
    let pointer = |key: &str, change: fn(&mut Value)| {
        let mut act = grid_task("find_person");
        change(&mut act);
        let refused = gateway.submit_as(key, &acts(&[0], vec![act])).of_status(422).json();
        refused["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(pointer("no-note", |act| drop(act.as_object_mut().unwrap().remove("note"))), "/acts/0/note");
    assert_eq!(pointer("no-task", |act| act["details"] = json!([])), "/acts/0/details");
    assert_eq!(pointer("tea", |act| act["details"][0]["value"] = json!("tea")), "/acts/0/details/0/value");
    let twice = |act: &mut Value| act["details"] = json!([act["details"][0], act["details"][0]]);
    assert_eq!(pointer("twice", twice), "/acts/0/details/1");
}

const HOLDS: [&str; 5] = ["query", "freeze", "renew", "release", "deduct"];
const INSURES: [&str; 6] = ["query", "freeze", "renew", "release", "surrender", "withdraw_benefits"];

fn today() -> simulators::Day {
    let (year, month, day) = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).ymd();
    simulators::Day::new(year, month, day).unwrap()
}

fn open(token: &str) -> OpenConfig {
    OpenConfig { token: token.to_owned(), first_day: today(), ..OpenConfig::default() }
}

/// An insurer of the first person, with a policy of this cash value; a day of its notice period takes `day_ms`.
fn insurer(cash: simulators::Fen, day_ms: u64) -> Insurance {
    let holder = insurance::Person::new(&person(0).name, &person(0).id_number);
    let child = insurance::Person::new(&person(1).name, &person(1).id_number);
    let policy = insurance::Policy::endowment("HA330225001", holder, child.clone(), vec![child], cash);
    let rules = InsurerRules { notice_days: 2, day_ms, ..InsurerRules::default() };
    Insurance::start_with(vec![policy], InsuranceConfig { open: open("insurance-token"), rules }).unwrap()
}

fn with_insurer(cash: simulators::Fen, day_ms: u64) -> (Gateway, Insurance) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let insurer = insurer(cash, day_ms);
    let token = gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &INSURES);
    gateway.start();
    insurer.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "insurer-a".to_owned(), token });
    (gateway, insurer)
}

pub fn everywhere(ask: Ask) -> Ask {
    let mut ask = ask;
    ask.0["scope"] = json!({ "kinds": [], "regions": [], "partners": [] });
    ask
}

#[test]
fn a_policy_is_surrendered_after_its_notice_and_the_money_is_the_courts() {
    let (gateway, insurer) = with_insurer(5_000_000, 50);
    let request = gateway.submit(&everywhere(collect(&[0])).claim("30000.00"));
    let view = gateway.wait_finished(&request.id);
    let surrender = view.act("surrender", "insurer-a");
    let verdicts: Vec<&str> =
        surrender["outcomes"].as_array().unwrap().iter().filter_map(|outcome| outcome["verdict"].as_str()).collect();
    assert_eq!(verdicts.last(), Some(&"done"), "{surrender:#}");
    assert_eq!(view.ledger("deducted"), "30000.00");
    let found = &view.act("query", "insurer-a")["outcomes"][0]["accounts"][0];
    assert_eq!((&found["asset"], &found["role"]), (&json!("policy"), &json!("holder")), "{found:#}");
    assert!(insurer.violations().is_empty());
}

#[test]
fn a_notice_period_outlives_a_kill_and_is_paid_once() {
    let (mut gateway, insurer) = with_insurer(5_000_000, 86_400_000);
    let request = gateway.submit(&everywhere(collect(&[0])).claim("30000.00"));
    let waits = |view: &View| {
        let acts = view.acts_of("surrender", "insurer-a");
        acts.first().is_some_and(|act| act["outcomes"].as_array().is_some_and(|all| !all.is_empty()))
    };
    let view = gateway.wait_until(&request.id, "the notice given", waits);
    assert_eq!(view.state_of("surrender", "insurer-a"), "awaiting");
    assert_eq!((view.ledger("deducted"), view.ledger("deducting")), ("0.00", "30000.00"));
    gateway.kill();
    // The days pass and the insurer pays while the gateway is down; its callback is repeated until somebody takes it.
    insurer.advance_ms(3 * 86_400_000);
    gateway.start();
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), view.ledger("deducting")), ("30000.00", "0.00"));
    eventually("the insurer knows that we have it", || insurer.all_posted().then_some(()));
    let paid: simulators::Fen = insurer.books().paid_out().iter().map(|payment| payment.amount).sum();
    assert_eq!(paid, 3_000_000);
}

#[test]
fn a_fund_account_is_paid_out_once_a_condition_is_met_and_never_before() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let config = HousingFundConfig { open: open("fund-token"), ..HousingFundConfig::default() };
    let fund = HousingFund::start(&everybody(), config).unwrap();
    gateway.add_open_partner("fund-a", "housing_fund", fund.url(), "fund-token", &HOLDS);
    gateway.start();
    let has: simulators::Fen = fund
        .books()
        .accounts()
        .iter()
        .filter(|account| account.owner == person(0).id_number)
        .map(simulators::housing_fund::Account::available)
        .sum();
    let owed = simulators::yuan(has / 2);
    let request = gateway.submit(&everywhere(collect(&[0])).claim(&owed));
    let registered = |view: &View| {
        let acts = view.acts_of("deduct", "fund-a");
        acts.first().is_some_and(|act| act["outcomes"].as_array().is_some_and(|all| !all.is_empty()))
    };
    let view = gateway.wait_until(&request.id, "what the fund waits for", registered);
    let act = view.act("deduct", "fund-a");
    assert_eq!((&act["state"], &act["outcomes"][0]["reason"]), (&json!("awaiting"), &json!("awaits_condition")));
    assert!(fund.books().paid_out().is_empty());
    fund.retire(&person(0).id_number).unwrap();
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.ledger("deducted"), owed);
    assert_eq!(fund.books().paid_out().len(), 1);
}

#[test]
fn the_cash_is_taken_first_and_the_policy_pays_only_the_rest() {
    let mut gateway = Setup::of(vec![Spec::called("bank-a").holds(&[2_000_000])]).lay_out();
    let insurer = insurer(5_000_000, 20);
    let token = gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &INSURES);
    gateway.start();
    insurer.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "insurer-a".to_owned(), token });
    let request = gateway.submit(&everywhere(collect(&[0])).claim("30000.00"));
    let view = gateway.wait_finished(&request.id);
    let sum = |kind, partner| view.act(kind, partner)["amount"].as_str().unwrap().to_owned();
    assert_eq!((sum("deduct", "bank-a"), sum("surrender", "insurer-a")), ("20000.00".into(), "10000.00".into()));
    assert_eq!(view.ledger("deducted"), "30000.00");
    assert_eq!(gateway.bank("bank-a").paid(), 2_000_000);
}
