//! Real answers of the web floor, one for every operation; they are the document's examples too.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use web::Role;

use super::examples;
use super::operations::{Body, Operation, operations};
use crate::house::{Answer, House, read};

/// Roles by their place in the table of rights; an open call goes without.
fn role(operation: &Operation) -> Option<Role> {
    operation.roles.first().copied()
}

/// The path with ids that the made-up gate knows.
pub fn path(operation: &Operation) -> String {
    let path = operation.path.replace("/acts/{id}", "/acts/act_0000000000040001");
    let path = path.replace("/partner/tasks/{id}", "/partner/tasks/act_0000000000040001");
    let path = path.replace("/tasks/{id}", "/tasks/tsk_00000000001a");
    let path = path.replace("/stops/{id}", "/stops/stp_00000000000y");
    let path = path.replace("/cases/{id}", "/cases/cas_000000000003");
    let path = path.replace("/partners/{id}", "/partners/bank-a").replace("{partner}", "bank-a");
    let path = path.replace("{id}", "req_00000000000a").replace("{n}", "10").replace("{path}", "0/000.p/1");
    path.replace("{digest}", &format!("sha256:{:064x}", 24))
}

/// Calls it as somebody with this role.
pub async fn call(house: &House, operation: &Operation, role: Option<Role>) -> Answer {
    let mut ask = house.ask(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path(operation), role);
    let body = |name: &str| examples::of_body(operation.id)[name]["value"].clone();
    ask = match (operation.id, operation.body) {
        (_, Body::Nothing) => ask,
        ("storeDocument", _) => {
            let bytes = body("ruling").as_str().unwrap().to_owned();
            ask.header("Content-Type", "application/pdf").header("X-File-Name", "ruling.pdf").body(bytes)
        }
        ("submitRequest", _) => {
            let collect = examples::requests()["collect"]["value"].clone();
            ask.header("Idempotency-Key", "330225-2026-1234-1").json(&collect)
        }
        ("importMeasures", _) => {
            let rows = examples::of_body(operation.id)["ndjson"]["value"].as_str().unwrap().to_owned();
            ask.header("Content-Type", "application/x-ndjson").body(rows)
        }
        _ => {
            let bodies = examples::of_body(operation.id);
            ask.json(&bodies.as_object().unwrap().values().next().unwrap()["value"])
        }
    };
    read(ask).await
}

/// The answers in JSON, by operation. The leaves are replaced by one of the journal's own form: the gate that answers here makes up its own.
pub async fn answers(house: &House) -> BTreeMap<&'static str, Value> {
    let mut all = BTreeMap::new();
    for operation in operations().iter().filter(|operation| operation.id != "describeApi") {
        let answer = call(house, operation, role(operation)).await;
        if answer.header("content-type") == "application/json" {
            all.insert(operation.id, with_real_leaves(answer.json()));
        }
    }
    all
}

fn with_real_leaves(mut answer: Value) -> Value {
    const LEAF: &str = include_str!("../../../../store/record/golden/request.accepted.json");
    let leaf: Value = serde_json::from_str(LEAF).unwrap();
    match &mut answer {
        Value::Object(members) => {
            if let Some(events) = members.get_mut("events").and_then(Value::as_array_mut) {
                events.iter_mut().for_each(|event| event["leaf"] = leaf.clone());
            }
            if members.contains_key("leaf_base64") {
                use base64::Engine as _;
                use sha2::Digest as _;
                let hash = sha2::Sha256::new().chain_update([0]).chain_update(LEAF.trim_end()).finalize();
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                members.insert(
                    "leaf_base64".to_owned(),
                    json!(base64::engine::general_purpose::STANDARD.encode(LEAF.trim_end())),
                );
                members.insert("leaf_hash".to_owned(), json!(hash));
                members.insert("leaf".to_owned(), leaf);
            }
        }
        _ => panic!("an answer is an object"),
    }
    answer
}
