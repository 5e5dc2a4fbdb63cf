//! Every problem of the list is produced by somebody, and none tells more than it should.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::case::CaseUse;
use domain::form::{Defect, DefectKind};
use domain::rules::{Breach, D8, D9};
use reqwest::Method;
use serde_json::json;
use web::gate::Refusal;
use web::problem::{Problem, Slug};
use web::{Limits, Role};

use crate::house::{Answer, House, goal, read};

/// Fails to compile when there is a new one, which then belongs into the list.
fn is_listed(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::KeyReused
        | Refusal::Rules(_)
        | Refusal::PartnerUnknown { .. }
        | Refusal::ScopeEmpty
        | Refusal::DocumentUnknown { .. }
        | Refusal::DocumentLost { .. }
        | Refusal::OriginalUnknown { .. }
        | Refusal::OriginalGone { .. }
        | Refusal::AccountNotListed
        | Refusal::CallbackNotListed
        | Refusal::CourtForeign
        | Refusal::TooManyActs { .. }
        | Refusal::DeadlinePassed
        | Refusal::NotFound
        | Refusal::WrongState { .. }
        | Refusal::StillAsked
        | Refusal::SamePerson
        | Refusal::StopNotYours
        | Refusal::StageTooLow { .. }
        | Refusal::PersonNeeded
        | Refusal::CaseInUse { .. }
        | Refusal::ApplicantNotAllowed
        | Refusal::ActClaimed { .. }
        | Refusal::OutOfBounds { .. }
        | Refusal::NoCallback
        | Refusal::Unreadable(_)
        | Refusal::Formal(_)
        | Refusal::PapersMissing { .. }
        | Refusal::PartUnread(_)
        | Refusal::Overloaded
        | Refusal::Draining
        | Refusal::ContentUnreadable
        | Refusal::Unavailable
        | Refusal::AboveTaken { .. }
        | Refusal::NotYetInCheckpoint
        | Refusal::Filling => true,
    }
}

/// One of each, with the slug it becomes.
fn refusals() -> Vec<(Refusal, Slug)> {
    let at = || "/acts/0/partner".to_owned();
    let defect =
        Defect { at: "/officers/0/work_id".to_owned(), kind: DefectKind::OfficerNumberLong, wanted: "15".to_owned() };
    let part = Defect { at: "/acts/0/amount".to_owned(), kind: DefectKind::PartUnreadable, wanted: String::new() };
    let list = vec![
        (Refusal::KeyReused, Slug::IdempotencyKeyReused),
        (Refusal::Rules(vec![Breach { rule: &D9, at: "/acts/0/to".to_owned() }]), Slug::RulesBroken),
        (Refusal::PartnerUnknown { at: at() }, Slug::PartnerUnknown),
        (Refusal::ScopeEmpty, Slug::ScopeEmpty),
        (Refusal::DocumentUnknown { at: at() }, Slug::DocumentUnknown),
        (Refusal::DocumentLost { at: at() }, Slug::DocumentLost),
        (Refusal::OriginalUnknown { at: at() }, Slug::OriginalUnknown),
        (Refusal::OriginalGone { at: at() }, Slug::OriginalGone),
        (Refusal::AccountNotListed, Slug::AccountNotListed),
        (Refusal::CallbackNotListed, Slug::CallbackNotListed),
        (Refusal::CourtForeign, Slug::CourtForeign),
        (Refusal::TooManyActs { max: 10_000 }, Slug::TooManyActs),
        (Refusal::DeadlinePassed, Slug::DeadlinePassed),
        (Refusal::NotFound, Slug::NotFound),
        (Refusal::WrongState { state: "done" }, Slug::WrongState),
        (Refusal::StillAsked, Slug::WrongState),
        (Refusal::SamePerson, Slug::SamePerson),
        (Refusal::StopNotYours, Slug::StopNotYours),
        (Refusal::StageTooLow { at: at(), stage: domain::partner::Stage::Query }, Slug::RulesBroken),
        (Refusal::PersonNeeded, Slug::PersonNeeded),
        (Refusal::CaseInUse { uses: CaseUse::ALL.to_vec() }, Slug::CaseInUse),
        (Refusal::ApplicantNotAllowed, Slug::ApplicantNotAllowed),
        (Refusal::ActClaimed { by: "clerk-1".to_owned(), until: 0 }, Slug::ActClaimed),
        (Refusal::OutOfBounds { at: "/until", bound: "至多30天 · 30 d" }, Slug::OutOfBounds),
        (Refusal::NoCallback, Slug::PartnerHasNoCallback),
        (Refusal::Unreadable(domain::Flaw::ListShape.into()), Slug::InvalidRequest),
        (Refusal::Formal(vec![("bank-a".to_owned(), defect)]), Slug::WouldBeHandedBack),
        (Refusal::PapersMissing { papers: vec!["ruling".to_owned()], officers: true }, Slug::PapersMissing),
        (Refusal::PartUnread(vec![("bank-a".to_owned(), part)]), Slug::PartReleaseUnread),
        (Refusal::Overloaded, Slug::Overloaded),
        (Refusal::Draining, Slug::Draining),
        (Refusal::ContentUnreadable, Slug::ContentUnreadable),
        (Refusal::Unavailable, Slug::Unavailable),
        (Refusal::Filling, Slug::HistoryFilling),
        (Refusal::AboveTaken { at: at() }, Slug::OutOfBounds),
        (Refusal::NotYetInCheckpoint, Slug::NotYetInCheckpoint),
    ];
    assert!(list.iter().all(|(refusal, _)| is_listed(refusal)));
    list
}

/// Problems that the web floor finds by itself.
async fn found_by_the_web() -> Vec<(Slug, Answer)> {
    let house = House::open();
    let body = goal().to_string();
    let ask = |role: Option<Role>| house.ask(Method::POST, "/v1/requests", role);
    let typed =
        |kind: &'static str| ask(Some(Role::Submitter)).header("Content-Type", kind).header("Idempotency-Key", "k");
    let json = || typed("application/json");
    let bare = || ask(Some(Role::Submitter)).header("Content-Type", "application/json").body(body.clone());
    let mut found = vec![
        (Slug::MalformedJson, read(json().body("{\"case\":")).await),
        (Slug::InvalidRequest, read(json().body("{}")).await),
        (Slug::InvalidParameter, house.get("/v1/requests?limit=x", Role::Submitter).await),
        (Slug::IdempotencyKeyMissing, read(bare()).await),
        (Slug::IdempotencyKeyInvalid, house.submit("two words", body.clone()).await),
        (Slug::TokenMissing, read(ask(None)).await),
        (Slug::TokenUnknown, read(ask(None).bearer_auth("xz_0")).await),
        (Slug::RoleMissing, read(ask(Some(Role::Auditor))).await),
        (Slug::RouteUnknown, read(house.ask(Method::GET, "/v2", None)).await),
        (Slug::MethodNotAllowed, read(house.ask(Method::DELETE, "/v1/requests", Some(Role::Submitter))).await),
        (Slug::UnsupportedMediaType, read(typed("text/plain").body(body.clone())).await),
        (Slug::ContentEncodingUnsupported, read(json().header("Content-Encoding", "gzip").body(body.clone())).await),
    ];
    let small = House::with(Limits { request_bytes_max: 10, token_per_second: 1, ..Limits::default() });
    found.push((Slug::BodyTooLarge, small.submit("key", body.clone()).await));
    found.push((Slug::TooManyCalls, small.submit("key", body.clone()).await));
    house.gate.panics.store(true, Ordering::SeqCst);
    found.push((Slug::Internal, house.submit("key", body).await));
    found
}

#[tokio::test]
async fn every_slug_is_produced() {
    let house = House::open();
    let mut produced = BTreeSet::new();
    for (refusal, slug) in refusals() {
        house.gate.refuse_next(refusal);
        let answer = house.submit("key", goal().to_string()).await;
        assert_eq!(answer.slug(), slug.word());
        assert_eq!(answer.status == 503, answer.headers.contains_key("retry-after"), "{}", slug.word());
        produced.insert(slug);
    }
    for (slug, answer) in found_by_the_web().await {
        assert_eq!(answer.slug(), slug.word(), "{}", answer.text());
        produced.insert(slug);
    }
    // These two need a caller that stops in the middle of a body; see `limits`.
    let produced: BTreeSet<_> = produced.into_iter().chain([Slug::BodyTooSlow, Slug::BodyBroken]).collect();
    let missing: Vec<_> = Slug::ALL.iter().filter(|slug| !produced.contains(slug)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn broken_rules_are_told_with_source_and_text_in_the_callers_language() {
    let house = House::open();
    let breaches = || {
        Refusal::Rules(vec![
            Breach { rule: &D8, at: "/case/claim".to_owned() },
            Breach { rule: &D9, at: "/acts/0/to".to_owned() },
        ])
    };
    house.gate.refuse_next(breaches());
    let chinese = house.submit("key", goal().to_string()).await;
    assert_eq!((chinese.status, chinese.header("content-language")), (422, "zh-CN"));
    assert_eq!(
        chinese.json()["rules"][1],
        json!({"id": "D9", "source": "民事诉讼法解释 第四百八十五条", "text": D9.zh, "pointer": "/acts/0/to"})
    );
    house.gate.refuse_next(breaches());
    let ask =
        house.ask(Method::POST, "/v1/requests", Some(Role::Submitter)).header("Accept-Language", "en-GB, zh;q=0.5");
    let ask = ask.header("Idempotency-Key", "key").header("Content-Type", "application/json");
    let english = read(ask.body(goal().to_string())).await;
    assert_eq!((english.header("content-language"), &english.json()["rules"][0]["text"]), ("en", &json!(D8.en)));
    assert_eq!(english.json()["title"], "The request breaks rules of law");
}

#[tokio::test]
async fn a_refused_request_does_not_bind_its_key() {
    let house = House::open();
    house.gate.refuse_next(Refusal::Overloaded);
    assert_eq!(house.submit("key", goal().to_string()).await.status, 503);
    assert_eq!(house.submit("key", goal().to_string()).await.status, 202);
}

#[tokio::test]
async fn a_panic_leaks_nothing_and_stops_nobody() {
    let house = House::open();
    house.gate.panics.store(true, Ordering::SeqCst);
    let answer = house.submit("key", goal().to_string()).await;
    assert_eq!((answer.status, answer.slug().as_str()), (500, "internal"));
    assert!(!answer.text().contains("CANARY"));
    house.gate.panics.store(false, Ordering::SeqCst);
    assert_eq!(house.submit("key", goal().to_string()).await.status, 202);
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there_say_what_is() {
    let house = House::open();
    let answer = read(house.ask(Method::PUT, "/v1/requests", Some(Role::Submitter))).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, POST"));
    for (path, allow) in
        [("/health/live", "GET, HEAD"), ("/v1/documents", "POST"), ("/services/FakeService", "GET, HEAD, POST")]
    {
        for method in [Method::DELETE, Method::OPTIONS, Method::TRACE, Method::from_bytes(b"BREW").unwrap()] {
            let answer = read(house.ask(method.clone(), path, Some(Role::Submitter))).await;
            assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
            assert_eq!(answer.slug(), "method_not_allowed");
        }
    }
    for path in ["/health/live", "/v1/partners", "/trail/keys", "/v1/requests/req_00000000000a"] {
        let whole = house.get(path, Role::Submitter).await;
        let head = read(house.ask(Method::HEAD, path, Some(Role::Submitter))).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
        for header in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(header), whole.header(header), "{path}");
        }
    }
    assert_eq!(read(house.ask(Method::HEAD, "/v1/partners", None)).await.status, 401);
    for path in ["/", "/v1", "/v1/requests/", "/v1/requests/req_x/../y", "/%ff", "/v1/documents/%00", "//v1/requests"] {
        let answer = house.get(path, Role::Submitter).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.slug().ends_with("unknown") || answer.slug() == "not_found", "{path}");
    }
    for path in ["/v1/requests/req_x", "/v1/requests/req_00000000000é", "/v1/documents/sha256:0"] {
        assert_eq!(house.get(path, Role::Submitter).await.slug(), "not_found", "{path}");
    }
    let call = house.get("/nowhere", Role::Submitter).await;
    assert_eq!(call.json()["instance"], format!("urn:xiezhi:call:{}", call.header("x-call-id")));
}

#[test]
fn a_problem_in_a_log_is_its_slug() {
    assert_eq!(Problem::from(Slug::NotFound).to_string(), "not_found");
    assert_eq!(Limits::default().wait_max, Duration::from_secs(60));
}

#[tokio::test]
async fn every_bound_is_told_in_the_callers_language() {
    let house = House::open();
    let bound = Refusal::OutOfBounds { at: "/until", bound: "至多30天 · at most 30 days" };
    let body = json!({ "reason": "维护", "until": "2026-11-25T17:00:00+08:00" });
    for (language, told) in [("zh-CN", "至多30天"), ("en", "at most 30 days")] {
        house.gate.refuse_next(bound.clone());
        let call = house.ask(Method::POST, "/v1/partners/bank-a/pause", Some(Role::Operator)).json(&body);
        let answer = read(call.header("Accept-Language", language)).await;
        assert_eq!(answer.json()["errors"][0]["message"], told);
    }
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine")];
    let mut bounds = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&entry) else { continue };
            for said in text.split("bound: \"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(
                    said.split_once(" · ").is_some_and(|(zh, _)| !zh.is_ascii()),
                    "{said}: say it in both languages"
                );
                bounds += 1;
            }
        }
    }
    assert!(bounds > 5, "only {bounds} bounds were found");
}

#[tokio::test]
async fn a_doubt_that_is_being_asked_about_says_so_in_either_language() {
    let house = House::open();
    let ask = |language: &'static str| {
        house.gate.refuse_next(Refusal::StillAsked);
        let ask = house.ask(Method::POST, "/v1/requests", Some(Role::Submitter)).header("Idempotency-Key", "k");
        ask.header("Content-Type", "application/json").header("Accept-Language", language).body(goal().to_string())
    };
    for (language, words) in
        [("zh", ["正以己方编号向协助单位询问", "无须由人确认"]), ("en", ["is asking", "not due yet"])]
    {
        let told = read(ask(language)).await;
        let (text, json): (_, serde_json::Value) = (told.text(), serde_json::from_str(&told.text()).unwrap());
        assert_eq!((told.status, &json["state"]), (409, &serde_json::Value::from("in_doubt")));
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}
