//! What holds the document: the committed file, the table of routes, the rights, the problems, its own examples, real answers.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use web::Role;
use web::problem::Slug;

use super::document::{FACE, document};
use super::judge::{Judge, follow};
use super::operations::{Body, Operation, operations};
use super::{committed, examples, place, said};
use crate::house::{Answer, House, acts, goal, read, schema};

fn judge() -> Judge {
    Judge::new(committed())
}

/// Holds an answer of the house.
fn hold(judge: &Judge, operation: &Operation, answer: &Answer) {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let (method, path, _) = judge.operation(operation.id);
    assert_eq!((method.as_str(), path.as_str()), (operation.method, operation.path));
    judge.hold(operation.id, answer.status, &header, &answer.bytes);
}

#[tokio::test]
async fn the_committed_document_is_what_routes_schemas_and_problems_make() {
    let made = document(&said::answers(&House::open()).await);
    let text = format!("{}\n", serde_json::to_string_pretty(&made).unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(place(), &text).unwrap();
    }
    let found = std::fs::read_to_string(place()).unwrap();
    let differs = text.lines().zip(found.lines()).find(|(made, found)| made != found);
    assert!(
        found == text,
        "schemas/intake/openapi.json is not what is made now; look at what changed for callers, then run this with UPDATE_GOLDEN=1. First difference: {differs:?}"
    );
}

/// What the clients of the documentation send, who store the papers themselves.
#[test]
fn the_clients_request_is_the_documents_example() {
    let mut request = examples::requests()["collect"]["value"].clone();
    request.as_object_mut().unwrap().remove("documents");
    let text = format!("{}\n", serde_json::to_string_pretty(&request).unwrap());
    let place = place().with_file_name("examples").join("request.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&place, &text).unwrap();
    }
    assert!(std::fs::read_to_string(place).unwrap() == text, "run this with UPDATE_GOLDEN=1");
}

#[test]
fn every_route_is_in_the_document_and_the_reverse() {
    let routes: BTreeSet<(String, String)> =
        web::paths().into_iter().map(|(method, path)| (method.to_lowercase(), path.replace(":.*}", "}"))).collect();
    let document = committed();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["x-face"] != true {
                described.insert((method.clone(), path.clone()));
            }
        }
    }
    assert_eq!(routes, described, "give every route its line in tests/web/openapi/operations.rs");
    assert!(document["paths"][FACE].is_object());
}

/// What may be asked grows in the domain; the schema of a request grows with it.
#[test]
fn the_words_of_a_request_are_the_domains() {
    use domain::request::{Goal, PartnerKind, Priority};
    let schema = schema();
    let held = |pointer: &str, words: Vec<&str>| {
        assert_eq!(schema.pointer(pointer).unwrap()["enum"], json!(words), "{pointer} of request.schema.json");
    };
    held("/properties/goal", Goal::ALL.iter().map(|word| word.word()).collect());
    held("/properties/priority", Priority::ALL.iter().map(|word| word.word()).collect());
    held("/$defs/scope/properties/kinds/items", PartnerKind::ALL.iter().map(|word| word.word()).collect());
    held("/$defs/act/properties/kind", domain::ActKind::ALL.iter().map(|word| word.word()).collect());
}

#[test]
fn every_problem_is_in_the_document() {
    let text = committed()["components"]["responses"].to_string();
    let missing: Vec<&str> = Slug::ALL
        .iter()
        .map(|slug| slug.word())
        .filter(|word| !text.contains(&format!("\"urn:xiezhi:problem:{word}\"")))
        .collect();
    assert!(missing.is_empty(), "no operation names {missing:?}");
}

/// Names of the schemas below a value that are none.
fn no_schemas(value: &Value, place: &str, found: &mut Vec<String>) {
    let maps = ["properties", "schemas", "$defs"];
    for (name, below) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        let held: Vec<&Value> = match name.as_str() {
            name if maps.contains(&name) => below.as_object().into_iter().flat_map(|map| map.values()).collect(),
            "items" | "schema" => vec![below],
            "anyOf" | "oneOf" | "allOf" => below.as_array().into_iter().flatten().collect(),
            _ => Vec::new(),
        };
        found.extend(held.iter().filter(|held| !held.is_object() && !held.is_boolean()).map(|_| place.clone()));
        no_schemas(below, &place, found);
    }
    for (entry, below) in value.as_array().into_iter().flatten().enumerate() {
        no_schemas(below, &format!("{place}/{entry}"), found);
    }
}

#[test]
fn no_schema_is_null() {
    let mut found = Vec::new();
    no_schemas(&json!({ "properties": { "a": null }, "items": null }), "", &mut found);
    assert_eq!(found.len(), 2, "the look finds what is none");
    found.clear();
    no_schemas(&committed()["components"]["schemas"], "/components/schemas", &mut found);
    no_schemas(&committed()["paths"], "/paths", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_used() {
    let document = committed();
    let mut found = Vec::new();
    references(&document, &mut found);
    for place in &found {
        assert!(document.pointer(place.trim_start_matches('#')).is_some(), "{place} leads nowhere");
    }
    for kind in ["schemas", "parameters", "headers", "examples", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let from_any_path = matches!(name.as_str(), "route_unknown" | "method_not_allowed");
            assert!(
                from_any_path || found.contains(&format!("#/components/{kind}/{name}")),
                "{kind}/{name} is used nowhere"
            );
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let judge = judge();
    let document = &judge.document;
    let mut tried = 0;
    let mut hold = |schema: &Value, value: &Value, name: &str| {
        assert_eq!(judge.faults(schema, value), Vec::<String>::new(), "{name}");
        tried += 1;
    };
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let bodies = [&operation["requestBody"]].into_iter().map(|body| (format!("{method} {path}"), body));
            let answers = operation["responses"].as_object().unwrap().iter();
            let answers = answers.map(|(status, response)| (format!("{method} {path} {status}"), response));
            for (name, content) in bodies.chain(answers) {
                let content = follow(document, content);
                for media in content["content"].as_object().into_iter().flat_map(serde_json::Map::values) {
                    if let Some(value) = media.get("example") {
                        hold(&media["schema"], value, &name);
                    }
                    for (which, example) in media["examples"].as_object().into_iter().flatten() {
                        hold(&media["schema"], &follow(document, example)["value"], &format!("{name} {which}"));
                    }
                }
            }
        }
    }
    for (name, parameter) in document["components"]["parameters"].as_object().unwrap() {
        if let Some(value) = parameter.get("example") {
            hold(&parameter["schema"], value, name);
        }
    }
    // The examples of the request's own schema hold every field.
    let form = json!({ "$ref": "#/components/schemas/RequestForm" });
    hold(&form, &goal(), "goal");
    hold(&form, &acts(), "acts");
    assert!(tried > 300, "{tried}");
}

#[tokio::test]
async fn real_answers_are_as_described() {
    let house = House::open();
    let judge = judge();
    for operation in operations() {
        let role = operation.roles.first().copied();
        let answer = said::call(&house, &operation, role).await;
        assert_eq!(answer.status, operation.status, "{}: {}", operation.id, answer.text());
        // The made-up gate's leaves are none of the journal's.
        if !matches!(operation.id, "listEvents" | "readEntry") {
            hold(&judge, &operation, &answer);
        }
    }
    house.gate.unready.store(true, std::sync::atomic::Ordering::SeqCst);
    let operation = operations().into_iter().find(|operation| operation.id == "ready").unwrap();
    hold(&judge, &operation, &said::call(&house, &operation, None).await);
}

#[tokio::test]
async fn what_is_announced_is_as_described() {
    use web::gate::{Caller, Gate as _, Look};
    let house = House::open();
    let caller = Caller { token: "court".to_owned(), court: None, partner: None, is_person: false, is_operator: false };
    let look = Look { page_from: 0, page_len: 100, after_version: None, wait_ms: 0 };
    let view = house.gate.request(&caller, domain::RequestId(10), look).await.unwrap();
    let announced: Value = serde_json::from_slice(&web::announce(&view, 5, view.accepted_at)).unwrap();
    assert_eq!(
        judge().faults(&json!({ "$ref": "#/components/schemas/Announcement" }), &announced),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn refusals_are_as_described() {
    let house = House::open();
    let judge = judge();
    for operation in operations() {
        let strange = [
            Some(Role::Submitter),
            Some(Role::Approver),
            Some(Role::Auditor),
            Some(Role::Operator),
            Some(Role::Partner),
        ];
        let mut seen = BTreeMap::new();
        for role in strange {
            let answer = said::call(&house, &operation, role).await;
            hold_unless_faked(&judge, &operation, &answer);
            seen.insert(role, answer.status);
        }
        let may: Vec<Role> = seen.iter().filter(|(_, status)| **status != 403).map(|(role, _)| role.unwrap()).collect();
        let roles = if operation.roles.is_empty() { Role::ALL } else { operation.roles };
        assert_eq!(BTreeSet::from_iter(&may), BTreeSet::from_iter(roles), "{}", operation.id);
        if !operation.roles.is_empty() {
            let nobody = said::call(&house, &operation, None).await;
            assert_eq!(nobody.status, 401);
            hold(&judge, &operation, &nobody);
        }
        if matches!(operation.body, Body::Json(_) | Body::MaybeJson(_)) {
            for (body, status) in [("{", 400), ("[]", 422), ("[5]", 422), ("{}", 422), ("{\"reason\":null}", 422)] {
                let ask = house.ask(Method::POST, &said::path(&operation), operation.roles.first().copied());
                let answer =
                    read(ask.header("Content-Type", "application/json").header("Idempotency-Key", "k").body(body))
                        .await;
                assert_eq!(answer.status, status, "{} {body}: {}", operation.id, answer.text());
                hold(&judge, &operation, &answer);
            }
        }
        let wrong = read(house.ask(Method::PATCH, &said::path(&operation), operation.roles.first().copied())).await;
        assert_eq!((wrong.status, wrong.slug().as_str()), (405, "method_not_allowed"), "{}", operation.id);
        assert!(wrong.header("allow").split(", ").any(|method| method == operation.method), "{}", operation.id);
        let response = &judge.document["components"]["responses"]["method_not_allowed"];
        let schema = &response["content"]["application/problem+json"]["schema"];
        assert_eq!(judge.faults(schema, &wrong.json()), Vec::<String>::new());
    }
}

fn hold_unless_faked(judge: &Judge, operation: &Operation, answer: &Answer) {
    if answer.status >= 400 || !matches!(operation.id, "listEvents" | "readEntry") {
        hold(judge, operation, answer);
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let house = House::open();
    let answer = read(house.ask(Method::GET, "/v1/openapi.json", None)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json(), committed());
}
