//! The admin port of partners of the open form over HTTP: knobs, clock, calendar, and what each industry lets scripts do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod partner;

use partner::{ACCOUNT, DEBTOR, INDUSTRIES, INSURED, Industry, PLATE, POLICY, Partner, WINDOW_MS, task};
use serde_json::{Value, json};
use simulators::{County, HousingFund, HousingFundConfig, OpenConfig, SimulatorError};

fn started(industry: Industry) -> Partner {
    Partner::start(industry, None).unwrap()
}

#[tokio::test]
async fn knobs_are_set_shown_and_cleared() {
    for industry in INDUSTRIES {
        let partner = started(industry);
        assert_eq!(partner.look("/knobs").await, json!([]));
        let set = partner.tell("/knobs", json!({"fault": "error_after_effect", "next": 1, "only": "query"})).await;
        assert_eq!((&set[0]["fault"], set.as_array().unwrap().len()), (&json!("error_after_effect"), 1));
        partner.tell("/knobs", json!({"fault": "delay", "ms": 1, "probability": 1.0})).await;
        let query = task(industry, "query", "Q-1", "");
        assert_eq!(partner.send(&query).await.0, 503, "{industry:?}");
        assert_eq!(partner.send(&query).await.0, 200, "{industry:?}");
        assert_eq!(partner.look("/knobs").await.as_array().unwrap().len(), 1, "the other has fired");
        assert_eq!(partner.admin("DELETE", "/knobs", None).await, (200, json!([])));
        assert_eq!((partner.look("/knobs").await, partner.look("/taken").await), (json!([]), json!(1)));
        assert_eq!(partner.look("/violations").await, json!([]));
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    for industry in INDUSTRIES {
        let partner = started(industry);
        for (method, path) in [("GET", "/nothing"), ("POST", "/nothing"), ("DELETE", "/date"), ("PUT", "/knobs")] {
            let (status, answer) = partner.admin(method, path, None).await;
            assert!(
                status == 404 && answer["error"].as_str().unwrap().contains("/advance_ms"),
                "{method} {path}: {answer}"
            );
        }
        for (path, body) in [
            ("/knobs", json!({"fault": "no_such_fault"})),
            ("/advance_ms", json!({"ms": -1})),
            ("/advance_ms", json!({"ms": 1, "more": 1})),
            ("/date", json!({"day": "tomorrow"})),
        ] {
            let (status, answer) = partner.admin("POST", path, Some(&body)).await;
            assert!(status == 400 && answer["error"].is_string(), "{path} {body}: {answer}");
        }
        assert_eq!(partner.tell("/date", json!({"day": "2026-12-01"})).await, json!({"today": "2026-12-01"}));
        assert_eq!(
            partner.tell("/date", json!({"day": "2026-11-01"})).await,
            json!({"today": "2026-12-01"}),
            "never back"
        );
    }
}

#[test]
fn knobs_are_for_this_machine_only() {
    let open = OpenConfig { admin_address: "0.0.0.0:0".parse().unwrap(), ..OpenConfig::default() };
    let refused =
        HousingFund::start(&County::of_the_samples(), HousingFundConfig { open, ..HousingFundConfig::default() });
    assert!(matches!(refused.err(), Some(SimulatorError::NotLoopback { .. })));
}

#[tokio::test]
async fn a_policy_is_bought_out_or_its_notice_period_passes() {
    let buy = json!({"policy": POLICY, "id_number": INSURED});
    let insurer = started(Industry::Insurance);
    assert_eq!(insurer.admin("POST", "/buy_out", Some(&buy)).await.0, 400, "no window is open");
    insurer.send(&task(Industry::Insurance, "freeze", "F-1", "")).await;
    insurer.send(&task(Industry::Insurance, "surrender", "S-1", "F-1")).await;
    assert_eq!(insurer.look("/under_way").await, json!(["S-1"]));
    assert_eq!(insurer.tell("/buy_out", buy).await, json!({"done": true}));
    let paid = insurer.look("/paid").await;
    assert_eq!(
        (&paid[0]["number"], &paid[0]["paid"], &paid[0]["amount"]),
        (&json!("S-1"), &json!("buy_out"), &json!(1_800_000))
    );
    assert_eq!(insurer.look("/policies").await[0]["holder"]["id_number"], json!(INSURED));
    let insurer = started(Industry::Insurance);
    let mut policy = insurer.look("/policies").await[0].clone();
    policy["loan"] = json!(2_000_000);
    insurer.tell("/add", json!({ "policy": policy })).await;
    insurer.send(&task(Industry::Insurance, "freeze", "F-1", "")).await;
    insurer.send(&task(Industry::Insurance, "surrender", "S-1", "F-1")).await;
    assert_eq!(insurer.ask("S-1").await.1["state"], json!("registered"));
    insurer.tell("/advance_ms", json!({ "ms": WINDOW_MS })).await;
    let ended = insurer.ask("S-1").await.1;
    assert_eq!((&ended["state"], &ended["moved"]), (&json!("partly"), &json!("1480.50")), "the loan goes first");
    assert_eq!(insurer.look("/effects").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_person_of_the_fund_retires_and_what_is_registered_is_paid() {
    let fund = started(Industry::HousingFund);
    let nobody = json!({"id_number": "330225190001010011"});
    assert_eq!(fund.admin("POST", "/retire", Some(&nobody)).await.0, 400);
    fund.send(&task(Industry::HousingFund, "freeze", "F-1", "")).await;
    fund.send(&task(Industry::HousingFund, "deduct", "D-1", "F-1")).await;
    assert_eq!(fund.ask("D-1").await.0, 202);
    fund.tell("/review_all", json!({})).await;
    assert_eq!(fund.ask("D-1").await.1["state"], json!("registered"));
    fund.tell("/meet", json!({"id_number": DEBTOR, "condition": "rent_high", "allows": "6000.00"})).await;
    assert_eq!(fund.ask("D-1").await.1["moved"], json!("6000.00"));
    fund.send(&task(Industry::HousingFund, "deduct", "D-2", "F-1")).await;
    fund.tell("/review_all", json!({})).await;
    let refused = fund.ask("D-2").await.1;
    assert_eq!(refused["reason"], json!("insufficient"), "more than is left of the freeze: {refused}");
    let mut rest = task(Industry::HousingFund, "deduct", "D-3", "F-1");
    rest["amount"] = json!("12000.00");
    fund.send(&rest).await;
    fund.tell("/review_all", json!({})).await;
    fund.tell("/expect_retirement", json!({"id_number": DEBTOR, "on": "2027-06-12"})).await;
    fund.tell("/keep_back", json!({"id_number": DEBTOR, "reserve": "100.00"})).await;
    fund.tell("/contribute", json!({"account": ACCOUNT, "yuan": "1200.00"})).await;
    let other = json!({"account": ACCOUNT, "organ": "宁海县人民法院", "document": "(2026)浙0226执保77号", "limit": "1.00", "to": "2027-05-01"});
    fund.tell("/freeze_by_other", other).await;
    fund.tell("/end_by_other", json!({"account": ACCOUNT, "document": "(2026)浙0226执保77号"})).await;
    let wrong = json!({"account": ACCOUNT, "yuan": "-1"});
    assert_eq!(fund.admin("POST", "/contribute", Some(&wrong)).await.0, 400);
    fund.tell("/retire", json!({"id_number": DEBTOR})).await;
    assert_eq!(fund.ask("D-3").await.1["moved"], json!("12000.00"));
    let numbers: Vec<Value> =
        fund.look("/paid").await.as_array().unwrap().iter().map(|row| row["number"].clone()).collect();
    assert_eq!(numbers, [json!("D-1"), json!("D-3")]);
    assert_eq!(fund.look("/accounts").await[0]["balance"], json!(0), "retired: the account is closed");
    assert_eq!(fund.look("/people").await[0]["reserve"], json!(10_000));
    assert_eq!(fund.look("/effects").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn somebody_comes_by_and_people_come_to_help() {
    let police = started(Industry::Police);
    assert_eq!(police.tell("/pass", json!({"key": PLATE, "place": "象山港大桥"})).await, json!({"hits": []}));
    police.send(&task(Industry::Police, "watch_vehicle", "W-1", "")).await;
    let hits = police.tell("/pass", json!({"key": PLATE, "place": "象山港大桥"})).await;
    assert_eq!(
        (&hits["hits"][0]["number"], &hits["hits"][0]["details"]["place"]),
        (&json!("W-1"), &json!("象山港大桥"))
    );
    assert_eq!(police.look("/hits").await, hits["hits"]);
    police.send(&task(Industry::Police, "locate", "L-1", "")).await;
    assert_eq!(police.look("/waiting").await, json!(["L-1"]));
    police.tell("/settle", json!({"number": "L-1"})).await;
    assert_eq!((police.ask("L-1").await.0, police.look("/waiting").await), (200, json!([])));
    police.send(&task(Industry::Police, "support", "S-1", "")).await;
    let step = json!({"number": "S-1", "step": "arrived", "unit": "丹东派出所", "officers": 2});
    police.tell("/step", step).await;
    let wrong = json!({"number": "S-1", "step": "danced"});
    assert_eq!(police.admin("POST", "/step", Some(&wrong)).await.0, 400);
    assert_eq!(police.ask("S-1").await.1["findings"][0]["details"]["unit"], json!("丹东派出所"));
    let finish = json!({"number": "S-1", "standing": "done"});
    police.tell("/finish", finish.clone()).await;
    assert_eq!(police.ask("S-1").await.1["state"], json!("done"));
    assert_eq!(police.admin("POST", "/finish", Some(&finish)).await.0, 400, "it is over");
    assert_eq!(police.look("/measures").await[0]["plate"], json!(PLATE));
    let kinds: Vec<Value> =
        police.look("/effects").await.as_array().unwrap().iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, [json!("watch"), json!("support")], "a question changes nothing");
}
