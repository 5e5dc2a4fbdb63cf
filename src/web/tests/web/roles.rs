//! Who may do what: every route against every role, and a route without a row fails.

use std::sync::atomic::Ordering;

use reqwest::Method;
use web::Role;

use crate::house::{House, read, tokens_of};

/// `S`ubmitter, `A`pprover, aud`I`tor, `O`perator, `P`artner; `*` = anybody, without a token.
const MATRIX: &[(&str, &str, &str)] = &[
    ("POST", "/v1/documents", "S"),
    ("GET", "/v1/documents/{digest}", "SAI"),
    ("GET", "/v1/requests", "SAIO"),
    ("POST", "/v1/requests", "S"),
    ("GET", "/v1/requests/{id}", "SAI"),
    ("GET", "/v1/requests/{id}/events", "SAIO"),
    ("POST", "/v1/requests/{id}/approve", "A"),
    ("POST", "/v1/requests/{id}/stop", "SA"),
    ("GET", "/v1/requests/{id}/applicant", "SAI"),
    ("GET", "/v1/requests/{id}/deliveries", "SAIO"),
    ("POST", "/v1/requests/{id}/deliveries", "SO"),
    ("GET", "/v1/deliveries/keys", "SAIO"),
    ("GET", "/v1/acts/{id}/evidence", "SAIO"),
    ("POST", "/v1/acts/{id}/withdraw", "SA"),
    ("POST", "/v1/acts/{id}/resolve", "SA"),
    ("POST", "/v1/acts/{id}/objection", "OP"),
    ("POST", "/v1/cases/{id}/claim", "SA"),
    ("POST", "/v1/cases/{id}/halt", "SA"),
    ("POST", "/v1/cases/{id}/resume", "SA"),
    ("POST", "/v1/cases/{id}/erase", "SA"),
    ("POST", "/v1/cases/{id}/applicant", "A"),
    ("POST", "/v1/tasks/{id}/accept", "SA"),
    ("GET", "/v1/measures", "SAIO"),
    ("POST", "/v1/measures/import", "SO"),
    ("GET", "/v1/partners", "SAIO"),
    ("POST", "/v1/partners/{id}/pause", "O"),
    ("POST", "/v1/partners/{id}/resume", "O"),
    ("GET", "/v1/stops", "SAIO"),
    ("POST", "/v1/stops", "AO"),
    ("POST", "/v1/stops/{id}/lift", "AO"),
    ("GET", "/v1/tasks", "SAIO"),
    ("POST", "/v1/tasks/{id}/end", "SAO"),
    ("POST", "/v1/settlements", "SO"),
    ("POST", "/v1/partners/{id}/reconciliation", "OP"),
    ("POST", "/v1/inbound/{partner}", "P"),
    ("GET", "/v1/partner/tasks", "P"),
    ("GET", "/v1/partner/tasks/{id}", "P"),
    ("POST", "/v1/partner/tasks/{id}/claim", "P"),
    ("POST", "/v1/partner/tasks/{id}/answer", "P"),
    ("GET", "/v1/partner/tasks/{id}/papers/{n}", "P"),
    ("GET", "/v1/trail/entries/{n}", "I"),
    ("GET", "/v1/openapi.json", "*"),
    ("GET", "/trail/checkpoint", "*"),
    ("GET", "/trail/keys", "*"),
    ("GET", "/trail/tile/{path:.*}", "*"),
    ("GET", "/health/live", "*"),
    ("GET", "/health/ready", "*"),
    ("GET", "/metrics", "*"),
];

fn letter(role: Role) -> char {
    match role {
        Role::Submitter => 'S',
        Role::Approver => 'A',
        Role::Auditor => 'I',
        Role::Operator => 'O',
        Role::Partner => 'P',
    }
}

fn filled(template: &str) -> String {
    template
        .replace("{digest}", &format!("sha256:{}", "0".repeat(64)))
        .replace("acts/{id}", "acts/act_0000000000040001")
        .replace("partner/tasks/{id}", "partner/tasks/act_0000000000040001")
        .replace("requests/{id}", "requests/req_00000000000a")
        .replace("cases/{id}", "cases/cas_000000000003")
        .replace("partners/{id}", "partners/bank-a")
        .replace("stops/{id}", "stops/stp_00000000000y")
        .replace("tasks/{id}", "tasks/tsk_00000000001a")
        .replace("{partner}", "bank-a")
        .replace("{n}", "10")
        .replace("{path:.*}", "0/000")
}

#[tokio::test]
async fn every_route_knows_its_roles() {
    let house = House::open();
    let routes = web::paths();
    assert_eq!(routes.len(), MATRIX.len(), "a row for each route and a route for each row");
    for (method, template) in routes {
        let row = MATRIX.iter().find(|(m, path, _)| (*m, *path) == (method, template));
        let (_, _, allowed) = row.unwrap_or_else(|| panic!("{method} {template} has no row"));
        let ask = |role| read(house.ask(Method::from_bytes(method.as_bytes()).unwrap(), &filled(template), role));
        let nobody = ask(None).await.status;
        assert_eq!(nobody == 401, *allowed != "*", "{method} {template} without a token: {nobody}");
        for role in Role::ALL {
            let status = ask(Some(*role)).await.status;
            let may = allowed.contains('*') || allowed.contains(letter(*role));
            assert_eq!(status == 403, !may, "{method} {template} as {}: {status}", role.word());
            assert_ne!(status, 401);
            assert!(status < 500, "{method} {template} as {}: {status}", role.word());
        }
    }
}

#[tokio::test]
async fn refusals_are_counted_and_name_the_role() {
    let house = House::open();
    let answer = house.get("/v1/trail/entries/1", Role::Partner).await;
    assert_eq!((answer.status, answer.slug().as_str()), (403, "role_missing"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("auditor"));
    for shown in ["", "Bearer", "Bearer x", "Basic eHo6", "Bearer xz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let ask = house.ask(Method::GET, "/v1/partners", None).header("Authorization", shown);
        let answer = read(ask).await;
        assert_eq!(answer.status, 401, "{shown}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"xiezhi\"");
    }
    assert_eq!(house.gate.refused.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn tokens_can_be_exchanged_while_calls_go_on() {
    let house = House::open();
    assert_eq!(house.get("/v1/partners", Role::Operator).await.status, 200);
    let mut tokens = tokens_of("330225");
    tokens.retain(|token| !token.roles.contains(&Role::Operator));
    house.tokens.replace(tokens).unwrap();
    assert_eq!(house.get("/v1/partners", Role::Operator).await.slug(), "token_unknown");
    assert_eq!(house.get("/v1/partners", Role::Auditor).await.status, 200);
}
