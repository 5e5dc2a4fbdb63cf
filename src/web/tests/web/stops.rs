//! Emergency stops over HTTP: what is read of them, and what is refused before the engine is asked.

use reqwest::Method;
use serde_json::{Value, json};
use web::Role;

use crate::house::{Answer, House, read};

async fn order(house: &House, body: &Value) -> Answer {
    let ask = house.ask(Method::POST, "/v1/stops", Some(Role::Operator)).header("Content-Type", "application/json");
    read(ask.body(body.to_string())).await
}

#[tokio::test]
async fn a_stop_names_exactly_one_thing_and_its_reason() {
    let house = House::open();
    for (scope, said) in [
        (json!({ "acts": ["deduct", "freeze"] }), "order Acts([Freeze, Deduct]) 密钥泄露"),
        (json!({ "court": "330225" }), "order Court(\"330225\") 密钥泄露"),
        (json!({ "all": true }), "order All 密钥泄露"),
    ] {
        let answer = order(&house, &json!({ "scope": scope, "reason": "密钥泄露" })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["id"], "stp_00000000001a");
        assert_eq!(house.gate.said.lock().unwrap().last().unwrap(), said);
    }
    for (scope, pointer) in [
        (json!({}), "/scope"),
        (json!({ "all": false }), "/scope"),
        (json!({ "all": true, "court": "330225" }), "/scope"),
        (json!({ "acts": [] }), "/scope/acts"),
        (json!({ "acts": ["jail"] }), "/scope/acts/0"),
        (json!({ "court": "三三零" }), "/scope/court"),
    ] {
        let answer = order(&house, &json!({ "scope": scope, "reason": "密钥泄露" })).await;
        assert_eq!(answer.slug(), "invalid_request", "{scope}");
        assert!(answer.pointers().contains(&pointer.to_owned()), "{scope}: {:?}", answer.pointers());
    }
    let silent = order(&house, &json!({ "scope": { "all": true }, "reason": "" })).await;
    assert_eq!(silent.pointers(), ["/reason"]);
}

#[tokio::test]
async fn stops_in_force_are_shown_with_who_when_and_why() {
    let house = House::open();
    let answer = house.get("/v1/stops", Role::Operator).await;
    let stop = &answer.json()["stops"][0];
    assert_eq!((&stop["scope"], &stop["reason"]), (&json!({ "acts": ["deduct"] }), &json!("账号错配")), "{stop:#}");
    assert_eq!(stop["lift_proposed"]["by"], "operator-2");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(house.get("/health/ready", Role::Operator).await.json()["stops"], 0);
}

#[tokio::test]
async fn a_lift_is_told_to_the_engine_with_its_reason() {
    let house = House::open();
    let ask = |path: &str| {
        let ask = house.ask(Method::POST, path, Some(Role::Approver)).header("Content-Type", "application/json");
        read(ask.body(json!({ "reason": "已查清" }).to_string()))
    };
    assert_eq!(ask("/v1/stops/stp_00000000000y/lift").await.json(), json!({ "sequence": 42, "lifted": true }));
    assert_eq!(*house.gate.said.lock().unwrap(), ["lift stp_00000000000y 已查清"]);
    assert_eq!(ask("/v1/stops/req_00000000000y/lift").await.slug(), "not_found");
}
