//! Every field of the contract wrong in turn, with the schema as the judge of what is wrong.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::house::{House, acts, goal, schema};
use web::Role;

/// Something that must never come back.
const CANARY: &str = "CANARY";

/// A field of an example: its pointer, what the schema says of it, and whether it must be there.
struct Field {
    pointer: String,
    rule: Value,
    required: bool,
}

fn resolve<'a>(root: &'a Value, rule: &'a Value) -> &'a Value {
    rule["$ref"].as_str().map_or(rule, |name| root.pointer(name.trim_start_matches('#')).unwrap())
}

fn fields(root: &Value, rule: &Value, value: &Value, pointer: &str, found: &mut Vec<Field>) {
    let rule = resolve(root, rule);
    match value {
        Value::Object(members) => {
            let needed = |list: &Value, name: &str| list.as_array().is_some_and(|list| list.iter().any(|n| n == name));
            for (name, member) in members {
                let below = format!("{pointer}/{name}");
                let obligor = rule.get("if").is_some() && value["role"] == "obligor";
                let required = needed(&rule["required"], name)
                    || (obligor && needed(&rule["then"]["required"], name))
                    || (pointer.is_empty() && matches!(name.as_str(), "goal" | "subjects" | "acts"));
                let rule = resolve(root, &rule["properties"][name.as_str()]).clone();
                assert!(rule.is_object(), "{below} is not in the schema");
                fields(root, &rule, member, &below, found);
                found.push(Field { pointer: below, rule, required });
            }
        }
        Value::Array(entries) => {
            for (place, entry) in entries.iter().enumerate() {
                let below = format!("{pointer}/{place}");
                fields(root, &rule["items"], entry, &below, found);
                let rule = resolve(root, &rule["items"]).clone();
                found.push(Field { pointer: below, rule, required: false });
            }
        }
        _ => {}
    }
}

/// What is put in a field's place.
fn wrongs(field: &Field) -> Vec<Value> {
    let rule = &field.rule;
    let mut wrongs = vec![Value::Null];
    let kind = rule["type"].as_str().unwrap();
    let others = [
        ("string", json!(format!("{CANARY}, expected a string"))),
        ("number", json!(12.5)),
        ("number", json!(-1)),
        ("number", json!(4_294_967_296_u64)),
        ("boolean", json!(true)),
        ("array", json!([CANARY])),
        ("object", json!({"canary_field": CANARY})),
    ];
    wrongs.extend(others.into_iter().filter(|(other, _)| *other != kind).map(|(_, value)| value));
    match kind {
        "string" => {
            for text in ["", "CANARY\u{0}x", "CANARY\n", " CANARY", "CANARY ", "CAN\u{202e}ARY"] {
                wrongs.push(json!(text));
            }
            wrongs.push(json!(CANARY.repeat(1_000)));
            wrongs.push(json!("案".repeat(3_000)));
            if rule.get("enum").is_some() || rule.get("format").is_some() {
                wrongs.push(json!(CANARY));
            }
            if rule.get("pattern").is_some_and(|pattern| pattern != "^[^/\\\\]+$") {
                wrongs.push(json!("１２３４５６"));
            }
            let pattern = rule["pattern"].as_str().unwrap_or_default();
            if pattern.starts_with("^[0-9]{1,15}") {
                for amount in ["1.234", "-1", "1e5", "1,000.00", ".5", "5.", "+1", "100000000000.01", "NaN", "0x10"] {
                    wrongs.push(json!(amount));
                }
            }
            if rule["format"] == "date" {
                for day in ["2026-02-29", "2026-13-01", "20261120", "2026/11/20", "2026-11-20T00:00:00Z", "26-11-20"] {
                    wrongs.push(json!(day));
                }
            }
            if rule["format"] == "date-time" {
                for instant in ["2026-11-25", "2026-11-25T17:00:00", "2026-11-25T25:00:00Z", "2026-02-30T00:00:00Z"] {
                    wrongs.push(json!(instant));
                }
            }
        }
        "integer" => wrongs.push(json!(63)),
        // That no officer is named breaks a rule, and rules are the engine's.
        "array" if rule.get("minItems").is_some() && field.pointer != "/officers" => wrongs.push(json!([])),
        "object" => wrongs.push(json!([])),
        _ => {}
    }
    wrongs
}

/// The places at which a fault may be told: the field itself, or something inside what was put there.
fn told(pointers: &[String], field: &str) -> bool {
    pointers
        .iter()
        .any(|pointer| pointer == field || pointer.strip_prefix(field).is_some_and(|rest| rest.starts_with('/')))
}

async fn refused(house: &House, body: &Value, field: &str, what: &str) {
    let answer = house.submit("key", body.to_string()).await;
    assert_eq!(answer.status, 422, "{field} = {what}: {}", answer.text());
    assert_eq!(answer.slug(), "invalid_request");
    assert!(told(&answer.pointers(), field), "{field} = {what}: {}", answer.text());
    assert!(!answer.text().contains(CANARY), "{field} echoed: {}", answer.text());
    assert!(!answer.text().contains("330225189506120170"), "{field}: {}", answer.text());
}

#[tokio::test]
async fn every_field_wrong_in_turn_is_named_and_never_echoed() {
    let house = House::open();
    let root = schema();
    let mut tried = 0;
    for example in [goal(), acts()] {
        let mut found = Vec::new();
        fields(&root, &root, &example, "", &mut found);
        for field in &found {
            for wrong in wrongs(field) {
                let mut body = example.clone();
                *body.pointer_mut(&field.pointer).unwrap() = wrong.clone();
                let what: String = wrong.to_string().chars().take(40).collect();
                refused(&house, &body, &field.pointer, &what).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    assert!(house.gate.requests.lock().unwrap().is_empty());
}

fn without(example: &Value, pointer: &str) -> Value {
    let mut body = example.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    body
}

#[tokio::test]
async fn a_missing_field_is_named_when_the_schema_wants_it_and_taken_when_not() {
    let house = House::open();
    let root = schema();
    for (name, example) in [("goal", goal()), ("acts", acts())] {
        let mut found = Vec::new();
        fields(&root, &root, &example, "", &mut found);
        for field in found.iter().filter(|field| !field.pointer.ends_with(|c: char| c.is_ascii_digit())) {
            let body = without(&example, &field.pointer);
            if field.required {
                // Without acts, a goal is what is missed.
                let named = if field.pointer == "/acts" { "/goal" } else { &field.pointer };
                refused(&house, &body, named, "missing").await;
            } else {
                let answer = house.submit(&format!("{name}-without-{}", field.pointer), body.to_string()).await;
                assert_eq!(answer.status, 202, "{}: {}", field.pointer, answer.text());
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_or_repeated_field_is_named_anywhere() {
    let house = House::open();
    let root = schema();
    let text = goal().to_string();
    let mut found = vec![Field { pointer: String::new(), rule: root.clone(), required: true }];
    fields(&root, &root, &goal(), "", &mut found);
    for field in found.iter().filter(|field| field.rule["type"] == "object") {
        let mut body = goal();
        body.pointer_mut(&field.pointer).unwrap()["surprise"] = json!(CANARY);
        refused(&house, &body, &format!("{}/surprise", field.pointer), "unknown").await;
        let mut body = goal();
        body.pointer_mut(&field.pointer).unwrap()["330225189506120170"] = json!(1);
        refused(&house, &body, &field.pointer, "a name that is a number of somebody").await;
    }
    for (once, twice, pointer) in [
        ("\"goal\":", "\"goal\":\"look\",\"goal\":", "/goal"),
        ("\"claim\":", "\"claim\":\"1\",\"claim\":", "/case/claim"),
        ("\"role\":\"creditor\"", "\"role\":\"creditor\",\"role\":\"creditor\"", "/case/parties/1/role"),
    ] {
        assert!(text.contains(once));
        let answer = house.submit("key", text.replacen(once, twice, 1)).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![pointer.to_owned()]), "{}", answer.text());
    }
}

#[tokio::test]
async fn all_faults_of_meaning_are_told_at_once() {
    let house = House::open();
    let mut body = goal();
    body["case"]["claim"] = json!("1.234");
    body["case"]["parties"][0]["id_number"] = json!("３３０２２５");
    body["goal"] = json!("seize");
    body["subjects"] = json!([0, 7, 0]);
    body["documents"][0]["digest"] = json!("md5:1");
    body["deadline"] = json!("tomorrow");
    let answer = house.submit("key", body.to_string()).await;
    let expected = [
        "/case/claim",
        "/case/parties/0/id_number",
        "/goal",
        "/subjects/1",
        "/subjects/2",
        "/documents/0/digest",
        "/deadline",
    ];
    assert_eq!(answer.pointers(), expected);
    let messages = answer.json()["errors"].to_string();
    for word in ["look", "secure", "collect", "至多两位小数"] {
        assert!(messages.contains(word), "{messages}");
    }
}

#[tokio::test]
async fn what_would_be_passed_over_in_silence_is_refused_with_its_field() {
    let house = House::open();
    let mut twice = goal();
    let mut again = twice["case"]["parties"][0].clone();
    again["name"] = json!("另一写法");
    twice["case"]["parties"].as_array_mut().unwrap().push(again);
    let answer = house.submit("key", twice.to_string()).await;
    assert_eq!(answer.pointers(), ["/case/parties/2/id_number"]);
    let mut other_role = twice;
    other_role["case"]["parties"][2]["role"] = json!("other");
    assert_eq!(
        house.submit("key-2", other_role.to_string()).await.status,
        202,
        "in another role it is somebody else's part"
    );
    let mut asking = acts();
    asking["acts"] =
        json!([{ "kind": "query", "partner": asking["acts"][0]["partner"], "subject": 0, "amount": "1.00" }]);
    assert_eq!(house.submit("key-3", asking.to_string()).await.pointers(), ["/acts/0/amount"]);
    let listed = house.get("/v1/requests?case=cas_000000000abc", Role::Submitter).await;
    assert_eq!((listed.status, &listed.json()["errors"][0]["parameter"]), (400, &json!("case")));
}

#[tokio::test]
async fn a_wrong_type_is_told_in_words_of_the_api_and_not_of_the_program() {
    let house = House::open();
    let path = "/v1/requests/req_000000000abc/deliveries";
    let answer = house.post(path, Role::Submitter, &json!({ "since_version": -1 })).await;
    let told = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("不小于0的整数"), "{told}");
}

#[tokio::test]
async fn goal_and_acts_are_one_or_the_other() {
    let house = House::open();
    let mut both = goal();
    both["acts"] = acts()["acts"].clone();
    assert_eq!(house.submit("key", both.to_string()).await.pointers(), ["/acts"]);
    let mut scoped = acts();
    scoped["scope"] = json!({});
    scoped["subjects"] = json!([0]);
    assert_eq!(house.submit("key", scoped.to_string()).await.pointers(), ["/subjects", "/scope"]);
    let mut bare = acts();
    bare["acts"][1]["original"] = json!({"slip": "X1"});
    assert_eq!(house.submit("key", bare.to_string()).await.pointers(), ["/acts/1/original"]);
}

#[tokio::test]
async fn lists_stop_at_their_limits() {
    let house = House::open();
    let mut body = goal();
    let party = body["case"]["parties"][0].clone();
    body["case"]["parties"] = json!(vec![party; 65]);
    refused(&house, &body, "/case/parties", "65 parties").await;
    let mut body = goal();
    body["officers"] = json!(vec![body["officers"][0].clone(); 5]);
    refused(&house, &body, "/officers", "5 officers").await;
}

#[test]
fn arbitrary_bytes_never_fail_inside() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = runtime.block_on(async { House::open() });
    let text = goal().to_string().into_bytes();
    let spoiled = (proptest::collection::vec((0..text.len(), any::<u8>()), 1..6)).prop_map(move |changes| {
        let mut bytes = text.clone();
        for (place, byte) in changes {
            bytes[place] = byte;
        }
        bytes
    });
    let bodies = prop_oneof![proptest::collection::vec(any::<u8>(), 0..2_000), spoiled];
    let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&bodies, |body| {
        let answer = runtime.block_on(house.submit("key", body));
        prop_assert!(answer.status < 500, "{}", answer.text());
        Ok(())
    });
    run.unwrap();
}
