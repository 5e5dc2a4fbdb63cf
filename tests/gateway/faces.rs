//! The faces of all four industries through the real gateway: simulated hubs, a registry's clerk, a third dialect, and clients of others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use simulators::bank::BankRules;
use simulators::registry::Holder;
use simulators::{BankHub, BankHubConfig, Day, PollReport, RegistryHub, RegistryHubConfig, RegistryReport, Trade};

use crate::bench::{
    Gateway, RUNTIME, Setup, Spec, View, acts, deduct, everybody, foreign, freeze, look, person, release, renew, secure,
};

/// So many days from now.
fn day(ahead: i32) -> String {
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    domain::Day::from_count(domain::Day::of(now).count() + ahead).to_string()
}

/// Today, or the Monday after a weekend: registries rest then.
fn workday() -> Day {
    (0..3).map(|ahead| Day::parse(&day(ahead)).unwrap()).find(|day| !day.is_weekend()).unwrap()
}

/// Four partners that fetch, one of each industry, none of them simulated.
const FACES: [(&str, &str, &str, &str); 4] = [
    ("bank-q", "bank", "bank_pull", "SyyhConvertDataService"),
    ("fund-q", "housing_fund", "housing_fund_pull", "GjjConvertDataService"),
    ("wallet-q", "payment", "payment_pull", "IfConvertDataService"),
    ("registry-q", "registry", "registry_pull", "IpConvertDataService"),
];

fn partner(gateway: &Gateway, id: &str, kind: &str, adapter: &str, options: &str) {
    let acts = match kind {
        "registry" => r#""query", "freeze", "renew", "release", "transfer_notice""#,
        _ => r#""query", "freeze", "renew", "release", "deduct""#,
    };
    let file = format!(
        "id = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"\nadapter = \"{adapter}\"\nregions = [\"330225\"]\nacts = [{acts}]\n\n[credential]\nusername = \"{id}\"\npassword = \"file:secrets/{id}.secret\"\n\n[options]\n{options}"
    );
    gateway.write_config_file(&format!("secrets/{id}.secret"), &format!("password of {id}"));
    gateway.write_config_file(&format!("partners/{id}.toml"), &file);
}

fn hub(gateway: &Gateway, id: &str, trade: Trade, path: &str) -> BankHub {
    let config = BankHubConfig {
        trade,
        gateway_url: format!("{}/services/{path}", gateway.door_url()),
        username: id.to_owned(),
        password: format!("password of {id}"),
        rules: BankRules { first_day: workday(), ..BankRules::default() },
        ..BankHubConfig::default()
    };
    BankHub::start(&everybody(), config).unwrap()
}

fn round(hub: &BankHub) -> PollReport {
    let report = RUNTIME.block_on(hub.poll_now()).unwrap();
    assert_eq!(report.errors, Vec::<String>::new());
    report
}

fn last(act: &Value) -> &Value {
    act["outcomes"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null)
}

fn query(partner: &str) -> Value {
    json!({ "kind": "query", "partner": partner, "subject": 0 })
}

#[test]
fn a_fund_centre_and_a_payment_institution_are_asked_and_hold_and_pay() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    for (id, kind, adapter) in
        [("fund-q", "housing_fund", "housing_fund_pull"), ("wallet-q", "payment", "payment_pull")]
    {
        partner(&gateway, id, kind, adapter, "");
    }
    gateway.start();
    let fund = hub(&gateway, "fund-q", Trade::Fund, "GjjConvertDataService");
    let wallet = hub(&gateway, "wallet-q", Trade::Payment, "IfConvertDataService");
    for (id, hub, asset) in [("fund-q", &fund, "fund"), ("wallet-q", &wallet, "wallet")] {
        let asked = acts(&[0], vec![query(id)]);
        let request = gateway.submit(&asked);
        assert_eq!(round(hub).fed, 1);
        let view = gateway.wait_finished(&request.id);
        let found = last(view.act("query", id))["accounts"][0].clone();
        assert_eq!((&found["asset"], found["available"].is_string()), (&json!(asset), true), "{found:#}");
        let account = found["number"].as_str().unwrap();
        let before = hub.books().account(account).unwrap();
        let mut order = freeze(id, account, "10.00");
        order["to"] = json!(day(180));
        let ordered = acts(&[0], vec![order]).same_case(&asked);
        let request = gateway.submit(&ordered);
        round(hub);
        let held = gateway.wait_finished(&request.id).act("freeze", id).clone();
        assert_eq!((&held["state"], &last(&held)["caught"]), (&json!("done"), &json!("10.00")), "{held:#}");
        assert_eq!(last(&held)["replies"].as_array().map(Vec::len), Some(1), "the sealed receipt");
        let request = gateway.submit(&acts(&[0], vec![renew(&held, &day(360))]).same_case(&asked));
        round(hub);
        assert_eq!(gateway.wait_finished(&request.id).state_of("renew", id), "done");
        let request = gateway.submit(&acts(&[0], vec![deduct(&held, "4.00")]).same_case(&asked));
        round(hub);
        let view = gateway.wait_until(&request.id, "the deduction", |view| view.state_of("deduct", id) == "done");
        assert_eq!(view.ledger("deducted"), "4.00");
        let request = gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&asked));
        round(hub);
        gateway.wait_finished(&request.id);
        let after = hub.books().account(account).unwrap();
        assert_eq!((before.balance - after.balance, after.caught()), (400, 0));
        assert_eq!(hub.findings(), Vec::<String>::new());
    }
}

#[test]
fn linked_cards_of_a_wallet_come_back_as_leads_once() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    partner(&gateway, "wallet-q", "payment", "payment_pull", "");
    gateway.start();
    let wallet = hub(&gateway, "wallet-q", Trade::Payment, "IfConvertDataService");
    let request = gateway.submit(&acts(&[0], vec![query("wallet-q")]));
    wallet.knobs().set(simulators::Knob::share(simulators::Fault::DuplicateFeedback, 1.0));
    round(&wallet);
    let view = gateway.wait_finished(&request.id);
    let leads = view.0["leads"].as_array().cloned().unwrap_or_default();
    let wallets = last(view.act("query", "wallet-q"))["accounts"].as_array().unwrap().len();
    assert_eq!(leads.len(), wallets, "{:#}", view.0);
    assert_eq!(leads[0]["class"], "linked_account");
    let findings = last(view.act("query", "wallet-q"))["findings"].as_array().unwrap().len();
    assert_eq!(findings, wallets, "the bound mobile");
}

fn registry(gateway: &Gateway, names_items: bool) -> RegistryHub {
    let config = RegistryHubConfig {
        gateway_url: format!("{}/services/IpConvertDataService", gateway.door_url()),
        username: "registry-q".to_owned(),
        password: "password of registry-q".to_owned(),
        first_day: workday(),
        names_items,
        ..RegistryHubConfig::default()
    };
    RegistryHub::start(&everybody(), config).unwrap()
}

fn registry_round(registry: &RegistryHub) -> RegistryReport {
    let report = RUNTIME.block_on(registry.poll_now());
    assert_eq!(report.errors, Vec::<String>::new());
    report
}

fn with_registry(names_items: bool) -> (Gateway, RegistryHub) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    partner(&gateway, "registry-q", "registry", "registry_pull", "");
    gateway.start();
    let registry = registry(&gateway, names_items);
    (gateway, registry)
}

/// A seal of a unit, its title and right as particulars.
fn seal(registry: &RegistryHub, owner: usize) -> Value {
    let unit = unit_of(registry, owner);
    let title = registry.with_books(|books| books.units[&unit].title.clone());
    let mut order = freeze("registry-q", &unit, "1000.00");
    order["to"] = json!(day(365));
    order["details"] = json!([{ "name": "title_number", "value": title }, { "name": "right_type", "value": "FDCQ" }]);
    order
}

fn unit_of(registry: &RegistryHub, owner: usize) -> String {
    let number = person(owner).id_number;
    let own = |unit: &simulators::registry::Unit| unit.owner.id_number == number;
    registry.with_books(|books| books.units.values().find(|unit| own(unit)).unwrap().number.clone())
}

#[test]
fn a_registry_fetches_in_its_hours_tells_units_seals_and_queues() {
    let (gateway, registry) = with_registry(true);
    let asked = acts(&[0], vec![query("registry-q")]);
    let request = gateway.submit(&asked);
    registry.set_minute(19 * 60);
    assert!(registry_round(&registry).closed);
    registry.set_minute(9 * 60);
    assert_eq!(registry_round(&registry).fed, 1);
    let found = last(gateway.wait_finished(&request.id).act("query", "registry-q"))["accounts"][0].clone();
    let unit = unit_of(&registry, 0);
    assert_eq!((&found["asset"], &found["number"]), (&json!("real_estate"), &json!(unit)), "{found:#}");
    let first = gateway.submit(&acts(&[0], vec![seal(&registry, 0)]).same_case(&asked));
    registry_round(&registry);
    let held = gateway.wait_finished(&first.id).act("freeze", "registry-q").clone();
    assert_eq!((&held["state"], &last(&held)["verdict"]), (&json!("done"), &json!("done")), "{held:#}");
    let second = gateway.submit(&acts(&[0], vec![seal(&registry, 0)]));
    registry_round(&registry);
    let waits = gateway.wait_finished(&second.id).act("freeze", "registry-q").clone();
    assert_eq!(last(&waits)["verdict"], "queued", "{waits:#}");
    assert_eq!(last(&waits)["ahead"].as_array().unwrap().len(), 1);
    let request = gateway.submit(&acts(&[0], vec![renew(&held, &day(720))]).same_case(&asked));
    registry_round(&registry);
    assert_eq!(gateway.wait_finished(&request.id).state_of("renew", "registry-q"), "done");
    let request = gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&asked));
    registry_round(&registry);
    assert_eq!(gateway.wait_finished(&request.id).state_of("release", "registry-q"), "done");
    let seals = registry.with_books(|books| books.units[&unit].seals.clone());
    assert_eq!((seals.len(), seals[0].queued), (1, false), "the next in the queue holds");
    assert_eq!(registry.findings(), Vec::<String>::new());
}

#[test]
fn a_clerk_who_sends_a_seal_back_later_is_believed_and_both_words_stay() {
    let (gateway, registry) = with_registry(true);
    let request = gateway.submit(&acts(&[0], vec![seal(&registry, 0), query("registry-q")]));
    registry.with_books(|books| books.units.clear());
    let report = RUNTIME.block_on(registry.poll_now());
    assert_eq!(report.errors, Vec::<String>::new());
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "registry-q"), view.state_of("query", "registry-q")), ("refused", "done"));
    assert_eq!(last(view.act("query", "registry-q"))["verdict"], "no_such_customer");
    let (gateway, registry) = with_registry(true);
    let request = gateway.submit(&acts(&[0], vec![seal(&registry, 0)]));
    registry_round(&registry);
    let act = gateway.wait_finished(&request.id).act("freeze", "registry-q").clone();
    let key = View::key(&act, false);
    assert!(registry.clerk_refuses(&key, "退件：权利人名称与登记簿不一致"));
    assert_eq!(registry_round(&registry).fed, 1);
    let later = |view: &View| view.state_of("freeze", "registry-q") == "refused";
    let view = gateway.wait_until(&request.id, "the clerk's word", later);
    let outcomes = view.act("freeze", "registry-q")["outcomes"].as_array().unwrap();
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| outcome["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("done"), json!("refused")]);
    assert!(last(view.act("freeze", "registry-q"))["text"].as_str().unwrap().contains("退件"));
}

#[test]
fn a_registry_that_names_units_instead_of_lines_is_understood_and_a_notice_passes_a_title() {
    let (gateway, registry) = with_registry(false);
    let mut other = seal(&registry, 0);
    let number = format!("{}-2", unit_of(&registry, 0));
    registry.with_books(|books| {
        let mut unit = books.units[&unit_of_books(books, 0)].clone();
        (unit.number, unit.title) = (number.clone(), "浙(2019)象山县不动产权第9999999号".to_owned());
        books.units.insert(number.clone(), unit);
    });
    other["account"] = json!(number);
    other["details"] = json!([{ "name": "title_number", "value": "浙(2019)象山县不动产权第9999999号" }]);
    let asked = acts(&[0], vec![seal(&registry, 0), other]);
    let request = gateway.submit(&asked);
    registry_round(&registry);
    registry_round(&registry);
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.states(), ["done", "done"], "{:#}", view.0);
    // The clerk sends one of them back when the request is finished: the unit alone tells which.
    let act = view.acts().into_iter().find(|act| act["account"] == json!(number)).unwrap();
    assert!(registry.clerk_refuses(&View::key(act, false), "退件：材料不齐"));
    registry_round(&registry);
    let view = gateway.view(&request.id);
    let refused = |act: &&Value| last(act)["verdict"] == "refused";
    let sent_back: Vec<_> = view.acts().into_iter().filter(refused).map(|act| act["account"].clone()).collect();
    assert_eq!(sent_back, [json!(number)], "{:#}", view.0);
    let buyer = person(1);
    let notice = json!({
        "kind": "transfer_notice", "partner": "registry-q", "subject": 0, "account": number,
        "details": [
            { "name": "title_number", "value": "浙(2019)象山县不动产权第9999999号" },
            { "name": "transferee", "value": buyer.name }, { "name": "transferee_id_type", "value": "01" },
            { "name": "transferee_id_number", "value": buyer.id_number },
        ],
    });
    let request = gateway.submit(&acts(&[0], vec![notice]).same_case(&asked));
    registry_round(&registry);
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("transfer_notice", "registry-q"), "done", "{:#}", view.0);
    let owner = registry.with_books(|books| books.units[&number].owner.clone());
    assert_eq!(owner, Holder { name: buyer.name, id_number: buyer.id_number });
}

#[test]
fn an_order_that_the_form_cannot_say_is_unsent_and_not_waited_for() {
    let (gateway, registry) = with_registry(true);
    let notice = json!({
        "kind": "transfer_notice", "partner": "registry-q", "subject": 0, "account": unit_of(&registry, 0),
        "details": [{ "name": "transferee", "value": person(1).name }],
    });
    let request = gateway.submit(&acts(&[0], vec![notice]));
    registry_round(&registry);
    let view = gateway.wait_finished(&request.id);
    let act = view.act("transfer_notice", "registry-q");
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("unsent"), &json!("unsupported")), "{act:#}");
    assert_eq!(registry.findings(), Vec::<String>::new());
}

fn unit_of_books(books: &simulators::registry::Books, owner: usize) -> String {
    let number = person(owner).id_number;
    books.units.values().find(|unit| unit.owner.id_number == number).unwrap().number.clone()
}

const THIRD: &str = r#"
title = "某省点对点"
charset = "UTF-8"
dates = "dashes"
slip_prefix = "none"
query_papers_by = "BDHM"

[operations.bank]
list_queries = "fetchQueries"
list_controls = "fetchControls"
feed_queries = "tellQueries"
feed_controls = ["tellControls", "tellControls2"]

[elements]
cxqq = "query"

[fields]
BDHM = "QQDH"
KHZH = "ZHHM"

[measures]
freeze = "F1"

[codes]
controlled = "Y"
not_controlled = "N"

[id_types]
01 = "SFZ"

[limits]
officer_number = 11
account = 20
ruling_number = 40
"#;

fn covered(text: &str) -> String {
    STANDARD.encode(text)
}

/// A call in the third dialect; the inner document of the answer.
fn said(gateway: &Gateway, operation: &str, inner: Option<&str>) -> String {
    let marker = format!(
        "<usermarker><condition username=\"{}\" password=\"{}\"/></usermarker>",
        covered("bank-third"),
        covered("password of bank-third")
    );
    let argument = inner.map(|inner| format!("<arg1>{}</arg1>", covered(inner))).unwrap_or_default();
    let envelope = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><{operation}><arg0>{}</arg0>{argument}</{operation}></e:Body></e:Envelope>",
        covered(&marker)
    );
    let headers = [("Content-Type", "text/xml; charset=utf-8")];
    let call = gateway.caller("");
    let path = "/services/SyyhConvertDataService";
    let answer =
        RUNTIME.block_on(call.call(reqwest::Method::POST, path, &headers, Some(envelope.into_bytes()))).unwrap();
    let text = answer.text();
    let Some(told) = text.split("<return>").nth(1).and_then(|rest| rest.split("</return>").next()) else { return text };
    String::from_utf8(STANDARD.decode(told.trim()).unwrap()).unwrap()
}

fn value(inner: &str, name: &str) -> String {
    let found = inner.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    String::from_utf8(STANDARD.decode(found.unwrap_or_default()).unwrap()).unwrap()
}

#[test]
fn a_third_dialect_is_a_file_and_nothing_else() {
    let gateway = with_third();
    let asked = acts(&[0], vec![query("bank-third")]);
    let request = gateway.submit(&asked);
    let list = said(&gateway, "fetchQueries", None);
    assert!(list.contains("<query QQDH=") && value(&list, "ZJLX") == "SFZ", "{list}");
    let number = value(&list, "QQDH");
    assert!(number.len() == 19 && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
    let account = format!(
        "<zhxxList><zhxx QQDH=\"{}\" ZHHM=\"{}\" YE=\"{}\" KYYE=\"{}\"/></zhxxList>",
        covered(&number),
        covered("6222-third"),
        covered("100.00"),
        covered("100.00")
    );
    let told = said(&gateway, "tellQueries", Some(&account));
    assert_eq!((value(&told, "RESULT").as_str(), value(&told, "QQDH")), ("success", number));
    assert_eq!(gateway.wait_finished(&request.id).state_of("query", "bank-third"), "done");
    let mut order = freeze("bank-third", "6222-third", "50.00");
    order["to"] = json!(day(300));
    let request = gateway.submit(&acts(&[0], vec![order]).same_case(&asked));
    let list = said(&gateway, "fetchControls", None);
    assert_eq!((value(&list, "KZCS").as_str(), value(&list, "ZHHM").as_str()), ("F1", "6222-third"), "{list}");
    assert_eq!(value(&list, "JSRQ"), day(300));
    let result = format!(
        "<kzxxList><kzxx QQDH=\"{}\" CCXH=\"{}\" KZZT=\"{}\" SKJE=\"{}\" DJXE=\"{}\"/></kzxxList>",
        covered(&value(&list, "QQDH")),
        covered("1"),
        covered("Y"),
        covered("50.00"),
        covered("50.00")
    );
    assert_eq!(value(&said(&gateway, "tellControls2", Some(&result)), "RESULT"), "success");
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "bank-third"), view.ledger("controlled")), ("done", "50.00"));
    // And its own checks before anything is accepted.
    let long = gateway.submit_as("long-account", &acts(&[0], vec![freeze("bank-third", &"6".repeat(21), "1.00")]));
    assert_eq!((long.status, long.slug().as_str()), (422, "would_be_handed_back"));
    assert!(long.text().contains("/acts/0/account"), "{}", long.text());
    // What the standard operations are for others is unknown here.
    assert!(said(&gateway, "getXzcxList", None).contains("Fault"));
}

#[test]
fn feedback_for_what_is_not_theirs_is_answered_item_by_item() {
    let mut gateway = Setup::of(vec![Spec::pulling("bank-a").with(|spec| spec.poll_ms = 0)]).lay_out();
    gateway.write_config_file("dialects/third.toml", THIRD);
    partner(&gateway, "bank-third", "bank", "bank_pull", "dialect = \"third\"\n");
    gateway.start();
    let mine = gateway.submit(&look(&[0]).at(&["bank-third"]));
    let others = gateway.submit(&look(&[1]).at(&["bank-a"]));
    said(&gateway, "fetchQueries", None);
    RUNTIME.block_on(gateway.bank("bank-a").hub().poll_now()).unwrap();
    let foreign = gateway.wait_finished(&others.id).acts()[0]["slip"].as_str().unwrap().to_owned();
    let own = gateway.view(&mine.id).acts()[0]["slip"].as_str().unwrap().to_owned();
    let row = |slip: &str| format!("<zhxx QQDH=\"{}\" ZHHM=\"{}\"/>", covered(slip), covered("查无开户信息"));
    let rows = [row(&foreign), row("A20201120E0100000001"), row(""), row(&own), "<zhxx QQDH=\"*\"/>".to_owned()];
    let told = said(&gateway, "tellQueries", Some(&format!("<zhxxList>{}</zhxxList>", rows.concat())));
    let results: Vec<String> = told.split("<jg").skip(1).map(|row| value(row, "RESULT")).collect();
    assert_eq!(results.iter().filter(|result| *result == "fail").count(), results.len() - 1, "{told}");
    assert_eq!(gateway.wait_finished(&mine.id).state_of("query", "bank-third"), "done");
    // Finished: the same again is the same; a line that nobody asked for is not.
    let told = said(&gateway, "tellQueries", Some(&format!("<zhxxList>{}</zhxxList>", row(&own))));
    assert_eq!(value(&told, "RESULT"), "success");
}

/// A gateway with one bank of the third dialect.
fn with_third() -> Gateway {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    gateway.write_config_file("dialects/third.toml", THIRD);
    partner(&gateway, "bank-third", "bank", "bank_pull", "dialect = \"third\"\n");
    gateway.start();
    gateway
}

/// A line's result in the third dialect.
fn line_result(slip: &str, line: &str, word: &str, reason: &str) -> String {
    let held = if word == "N" { "0.00" } else { "10.00" };
    let fields =
        [("QQDH", slip), ("CCXH", line), ("KZZT", word), ("SKJE", held), ("DJXE", "10.00"), ("WNKZYY", reason)];
    let fields: String = fields.iter().map(|(name, text)| format!(" {name}=\"{}\"", covered(text))).collect();
    format!("<kzxxList><kzxx{fields}/></kzxxList>")
}

#[test]
fn lines_are_fed_back_in_parts_and_a_failure_in_words_is_a_part() {
    let gateway = with_third();
    let order = |account: &str| freeze("bank-third", account, "10.00");
    let request = gateway.submit(&acts(&[0], vec![order("6222-1"), order("6222-2"), order("6222-3")]));
    let list = said(&gateway, "fetchControls", None);
    let slip = value(&list, "QQDH");
    assert_eq!(list.matches("<kzzh ").count(), 3, "{list}");
    let tell = |line: &str, word: &str, reason: &str| {
        let told = said(&gateway, "tellControls", Some(&line_result(&slip, line, word, reason)));
        (value(&told, "RESULT"), value(&told, "MSG"))
    };
    assert_eq!(tell("2", "Y", "").0, "success");
    assert_eq!(said(&gateway, "fetchControls", None).matches("<kzzh ").count(), 2, "the rest is delivered again");
    assert_eq!(tell("1", "Y", "成功冻结资金回款账户，但理财产品冻结失败").0, "success");
    assert_eq!(tell("9", "Y", ""), ("fail".to_owned(), "请求单内无此序号".to_owned()));
    assert_eq!(tell("3", "X", "").0, "fail");
    assert_eq!(tell("3", "N", "查无账户信息").0, "success");
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.states(), ["partly", "done", "refused"]);
    assert_eq!(last(view.acts()[0])["reason"], "part_of_assets");
    // Finished: the same is the same, news is recorded.
    assert_eq!(tell("2", "Y", "").0, "success");
    assert_eq!(tell("2", "N", "账户已销户").0, "success");
    assert_eq!(gateway.view(&request.id).acts()[1]["outcomes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_thousand_that_wait_are_handed_out_by_halves() {
    let gateway = with_third();
    let people: Vec<usize> = (0..20).collect();
    for _ in 0..50 {
        gateway.submit(&look(&people).at(&["bank-third"]));
    }
    let first = said(&gateway, "fetchQueries", None);
    assert_eq!((first.matches("<query ").count(), said(&gateway, "fetchQueries", None) == first), (500, true));
    let rows: String = first
        .split("<query ")
        .skip(1)
        .map(|row| {
            format!(
                "<zhxx QQDH=\"{}\" ZHHM=\"{}\"/>",
                covered(&value(&format!(" {row}"), "QQDH")),
                covered("查无开户信息")
            )
        })
        .collect();
    let told = said(&gateway, "tellQueries", Some(&format!("<zhxxList>{rows}</zhxxList>")));
    assert_eq!(told.matches("<jg ").count(), 500);
    let second = said(&gateway, "fetchQueries", None);
    assert_eq!(second.matches("<query ").count(), 500);
    assert_ne!(first, second);
}

fn operations(kind: &str) -> Value {
    let names = match kind {
        "bank" => ["getXzcxList", "getXzkzList", "cxwsInfo", "kzwsInfo", "zjInfo", "shfeedXzcxInfo", "htInfo"],
        "housing_fund" => [
            "gjjgetXzcxList",
            "gjjgetXzkzList",
            "gjjcxwsInfo",
            "gjjkzwsInfo",
            "gjjzjInfo",
            "gjjfeedXzcxInfo",
            "gjjhtInfo",
        ],
        "payment" => {
            ["ifgetXzcxList", "ifgetXzkzList", "ifcxwsInfo", "ifkzwsInfo", "ifzjInfo", "ifshfeedXzcxInfo", "ifhtInfo"]
        }
        _ => ["cxBdcQL", "kzBdcQL", "cxwsInfo", "kzwsInfo", "zjInfo", "feedBdcQL", "htInfo"],
    };
    let purposes =
        ["list_queries", "list_controls", "query_papers", "control_papers", "credentials", "feed_queries", "hand_back"];
    purposes.iter().zip(names).map(|(purpose, name)| ((*purpose).to_owned(), json!(name))).collect()
}

fn drive(program: &[&str], subject: usize) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    for (id, kind, adapter, _) in FACES {
        partner(&gateway, id, kind, adapter, "");
    }
    gateway.start();
    let orders = |(id, ..): &(&str, &str, &str, &str)| [query(id), freeze(id, "6222-1", "10.00")];
    let request = gateway.submit(&acts(&[subject], FACES.iter().flat_map(orders).collect()));
    let face = |(id, kind, _, path): &(&str, &str, &str, &str)| {
        json!({
            "url": format!("{}/services/{path}", gateway.url()), "kind": kind, "username": id,
            "password": format!("password of {id}"),
            "charset": if *kind == "registry" { "utf-8" } else { "gbk" },
            "operations": operations(kind),
        })
    };
    let told = json!({ "faces": FACES.iter().map(face).collect::<Vec<_>>() });
    let seen: Value = serde_json::from_str(&foreign(program, &told)).unwrap();
    let who = person(subject);
    for ((id, kind, ..), seen) in FACES.iter().zip(seen.as_array().unwrap()) {
        assert_eq!(seen["queries"], json!([[who.name, who.id_number]]), "{id}");
        assert!(seen["query_papers"].as_u64().unwrap() > 0 && seen["control_papers"].as_u64().unwrap() > 0, "{seen}");
        assert_eq!(seen["scans"][0], true, "{id}: {seen}");
        assert_eq!(seen["unknown"][0][0], "fail", "{id}: {seen}");
        assert_eq!((&seen["fed"][0][0], &seen["handed_back"][0][0]), (&json!("success"), &json!("success")), "{id}");
        assert_eq!(seen["measures"], json!([if *kind == "registry" { "11" } else { "01" }]), "{id}");
        assert_eq!(seen["left"], 0, "{id}");
    }
    let view = gateway.wait_finished(&request.id);
    for (id, ..) in FACES {
        assert_eq!((view.state_of("query", id), view.state_of("freeze", id)), ("done", "handed_back"), "{:#}", view.0);
    }
}

#[test]
fn zeep_drives_all_four_faces_from_their_descriptions() {
    drive(&["python/bin/python", "pull.py"], 0);
}

#[test]
fn the_soap_client_of_npm_drives_all_four_faces_from_their_descriptions() {
    drive(&["node", "pull.mjs", "node"], 1);
}

#[test]
fn a_goal_reaches_a_fund_centre_that_fetches() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    partner(&gateway, "fund-q", "housing_fund", "housing_fund_pull", "");
    gateway.start();
    let fund = hub(&gateway, "fund-q", Trade::Fund, "GjjConvertDataService");
    let mut ask = secure(&[0]).claim("20.00");
    ask.0["scope"] = json!({ "kinds": ["housing_fund"], "regions": ["330225"], "partners": [] });
    let request = gateway.submit(&ask);
    round(&fund);
    round(&fund);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "fund-q"), view.ledger("controlled")), ("done", "20.00"), "{:#}", view.0);
}
