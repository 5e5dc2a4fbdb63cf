//! The intake contract, call by call.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use web::Role;

use crate::house::{House, acts, goal, read};

const REQ: &str = "/v1/requests/req_00000000000a";

#[tokio::test]
async fn a_goal_is_accepted_with_place_and_receipt_and_understood_field_by_field() {
    let house = House::open();
    let answer = house.submit("key-1", goal().to_string()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.header("location"), REQ);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.header("x-call-id").is_empty());
    let shown = answer.json();
    assert_eq!(
        shown["request"],
        json!({"id": "req_00000000000a", "case": {"id": "cas_000000000003"}, "goal": "collect", "state": "open",
               "version": 10, "accepted_at": "2026-11-22T10:00:00.000+08:00", "acts": 4})
    );
    assert_eq!(shown["receipt"]["sequence"], 10);
    assert_eq!(shown["receipt"]["leaf_hash"], "ab".repeat(32));
    assert_eq!(shown["receipt"]["signature"].as_str().unwrap().len(), 88);
    let requests = house.gate.requests.lock().unwrap();
    let request = &requests[0];
    assert_eq!(request.case.number.expose(), "(2026)浙0225执1234号");
    assert_eq!(request.case.claim.to_string(), "123456.78");
    assert_eq!(request.case.costs.to_string(), "1200.00");
    assert_eq!(request.case.parties.len(), 2);
    assert_eq!(request.case.parties[0].id_number.expose(), "330225189506120170");
    assert_eq!(request.case.account.as_ref().unwrap().bank_code, "402332002258");
    assert_eq!(request.officers[1].duty_id.expose(), "33022518");
    assert_eq!(request.papers[0].file_name.expose(), "裁定书.pdf");
    assert_eq!(request.deadline.map(domain::day::show_instant).unwrap(), "2026-11-25T17:00:00.000+08:00");
    assert_eq!(request.callback.as_ref().unwrap().expose(), "https://court.example/xiezhi/results");
    let domain::request::Asked::Goal { goal, subjects, scope } = &request.asked else { panic!("no goal") };
    assert_eq!((goal.word(), subjects.as_slice()), ("collect", &[0][..]));
    assert_eq!((scope.kinds.len(), scope.regions.len(), scope.partners[0].as_str()), (1, 1, "bank-a"));
}

#[tokio::test]
async fn explicit_acts_are_understood() {
    let house = House::open();
    let answer = house.submit("key-1", acts().to_string()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let requests = house.gate.requests.lock().unwrap();
    let domain::request::Asked::Acts(acts) = &requests[0].asked else { panic!("no acts") };
    assert_eq!(acts[0].kind.word(), "freeze");
    assert_eq!(acts[0].amount.unwrap().to_string(), "50000.00");
    assert_eq!(acts[0].to.unwrap().to_string(), "2027-11-19");
    let original = acts[1].original.as_ref().unwrap();
    assert_eq!(original.act.unwrap().to_string(), "act_0000000000120003");
    assert_eq!(original.slip, "X2026112200000000012");
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_same_bytes_and_another_body_is_refused() {
    let house = House::open();
    let first = house.submit("key-1", goal().to_string()).await;
    house.gate.move_to(99);
    let again = house.submit("key-1", serde_json::to_string_pretty(&goal()).unwrap()).await;
    assert_eq!((again.status, &again.bytes), (202, &first.bytes));
    assert_eq!(again.header("location"), first.header("location"));
    let mut other = goal();
    other["goal"] = json!("look");
    let refused = house.submit("key-1", other.to_string()).await;
    assert_eq!((refused.status, refused.slug().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(house.gate.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn documents_come_back_as_they_went() {
    let house = House::open();
    let name = "%E8%A3%81%E5%AE%9A%E4%B9%A6.pdf";
    let store = house.ask(Method::POST, "/v1/documents", Some(Role::Submitter));
    let stored =
        read(store.header("Content-Type", "application/pdf").header("X-File-Name", name).body("%PDF-1.7")).await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    let digest = stored.json()["digest"].as_str().unwrap().to_owned();
    assert_eq!(stored.json()["receipt"]["sequence"], 1);
    let document = house.get(&format!("/v1/documents/{digest}"), Role::Auditor).await;
    assert_eq!((document.status, document.text().as_str()), (200, "%PDF-1.7"));
    assert_eq!(document.header("content-type"), "application/pdf");
    assert_eq!(document.header("content-disposition"), format!("attachment; filename*=UTF-8''{name}"));
    assert_eq!(document.header("x-content-type-options"), "nosniff");
    assert_eq!(document.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_request_is_shown_with_its_acts_in_the_callers_language() {
    let house = House::open();
    let answer = house.get(REQ, Role::Submitter).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let shown = answer.json();
    assert_eq!(
        shown["case"],
        json!({"id": "cas_000000000003", "number": "(2026)浙0225执1234号", "court": "330225",
               "preservation": "(2026)浙0225财保12号"})
    );
    assert_eq!(shown["counts"], json!({"ready": 1, "done": 2}));
    assert_eq!(shown["ledger"]["target"], "124656.78");
    assert_eq!((&shown["version"], &shown["next_page"]), (&json!(7), &json!(1)));
    let act = &shown["acts"][0];
    assert_eq!(act["id"], "act_0000000000040001");
    assert_eq!((&act["slip"], &act["line"]), (&json!("X2026112200000000012"), &json!(1)));
    assert_eq!(
        (&act["amount"], &act["from"], &act["to"]),
        (&json!("50000.00"), &json!("2026-11-20"), &json!("2027-11-19"))
    );
    assert_eq!(act["original"], json!({"slip": "X1", "case_number": "(2025)浙0225执1号"}));
    assert_eq!(
        act["measure"],
        json!({"limit": "0.09", "caught": "0.05", "to": "2026-11-20", "queued": false, "rank": 1})
    );
    assert_eq!(
        act["next"],
        json!({"what": "该协助单位的通道已暂停", "who": "运维人员", "by": "2026-11-22T10:00:00.000+08:00"})
    );
    let outcome = &act["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["reason"]), (&json!("partly"), &json!("insufficient")));
    assert_eq!(outcome["accounts"][0]["balance"], "0.1250");
    assert_eq!(outcome["accounts"][0]["ahead"][0]["organ"], "某法院");
    assert_eq!((&outcome["replies"][0]["size"], outcome["replies"][0].get("base64")), (&json!(4), None));
    let warning = &shown["warnings"][0];
    assert_eq!((&warning["rule"], &warning["level"]), (&json!("D25"), &json!("warn")), "{shown:#}");
    assert_eq!((&warning["act"], &warning["account"]), (&act["id"], &outcome["accounts"][1]["number"]));
    assert!(warning["zh"].as_str().unwrap().contains("工会经费"));
    assert_eq!(shown["warnings"].as_array().unwrap().len(), 1, "an ordinary account is not warned of");
    let ask = house.ask(Method::GET, &format!("{REQ}?replies=inline"), Some(Role::Submitter));
    let english = read(ask.header("Accept-Language", "en")).await.json();
    assert_eq!(english["acts"][0]["next"]["who"], "the operator");
    assert_eq!(english["acts"][0]["outcomes"][0]["replies"][0]["base64"], "JVBERg==");
}

#[tokio::test]
async fn a_long_poll_ends_with_the_news() {
    let house = House::open();
    let path = format!("{REQ}?wait=30s&after_version=7&page=200&page_len=5");
    let waiting = house.get(&path, Role::Submitter);
    let news = async {
        let looked = || !house.gate.looks.lock().unwrap().is_empty();
        while !looked() {
            tokio::task::yield_now().await;
        }
        house.gate.move_to(8);
    };
    let (answer, ()) = tokio::join!(waiting, news);
    assert_eq!(answer.json()["version"], 8);
    let look = house.gate.looks.lock().unwrap()[0];
    assert_eq!((look.page_from, look.page_len, look.after_version, look.wait_ms), (200, 5, Some(7), 30_000));
}

#[tokio::test]
async fn a_stop_sends_watchers_home() {
    let house = House::open();
    let (url, token) = (house.url.clone(), house.token(Role::Submitter).to_owned());
    let client = house.client.clone();
    let ask = client.get(format!("{url}{REQ}?wait=60s&after_version=7")).bearer_auth(token);
    let waiting = tokio::spawn(read(ask));
    while house.gate.looks.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let running = house.running;
    let ended = tokio::task::spawn_blocking(move || running.stop());
    assert_eq!(waiting.await.unwrap().json()["version"], 7);
    ended.await.unwrap().unwrap();
    assert!(client.get(format!("{url}/health/live")).send().await.is_err());
}

#[tokio::test]
async fn lists_and_events_are_paged() {
    let house = House::open();
    let case = "%282026%29%E6%B5%990225%E6%89%A71234%E5%8F%B7";
    let path = format!("/v1/requests?case={case}&state=open&partner=bank-a&cursor=77&limit=20");
    let list = house.get(&path, Role::Operator).await.json();
    assert_eq!(list["requests"][0]["id"], "req_000000000009");
    assert_eq!((&list["next"], &list["filled_to"]), (&json!("8"), &json!(null)));
    {
        let filters = house.gate.filters.lock().unwrap();
        let filter = &filters[0];
        assert_eq!(filter.case_number.as_ref().unwrap().expose(), "(2026)浙0225执1234号");
        assert_eq!((filter.state.unwrap().word(), filter.partner.as_deref()), ("open", Some("bank-a")));
        assert_eq!((filter.cursor, filter.limit), (Some(77), 20));
    }
    let events = house.get(&format!("{REQ}/events"), Role::Submitter).await;
    let expected = r#"{"events":[{"sequence":10,"at":"2026-11-22T10:00:00.000+08:00","leaf":{"event":"request.accepted","v":1}}],"next":null,"filled_to":5}"#;
    assert_eq!(events.text(), expected);
}

#[tokio::test]
async fn commands_reach_the_gate_with_their_reasons() {
    let house = House::open();
    let reason = json!({"reason": "情况属实"});
    let digest = format!("sha256:{}", "0".repeat(64));
    let resolution = json!({"took_effect": true, "amount": "12.50", "document": digest, "reason": "见回执"});
    let pause = json!({"reason": "对方升级", "until": "2026-11-23T08:00:00+08:00"});
    let act = "/v1/acts/act_0000000000040001";
    for (path, role, body) in [
        (format!("{REQ}/approve"), Role::Approver, &reason),
        (format!("{REQ}/stop"), Role::Submitter, &reason),
        (format!("{act}/withdraw"), Role::Submitter, &reason),
        (format!("{act}/resolve"), Role::Approver, &resolution),
    ] {
        let told = match path.ends_with("/resolve") {
            true => r#"{"version":42,"settled":false,"differs":false}"#,
            false => r#"{"version":42}"#,
        };
        assert_eq!(house.post(&path, role, body).await.text(), told, "{path}");
    }
    let lane = "/v1/partners/bank-a";
    assert_eq!(house.post(&format!("{lane}/pause"), Role::Operator, &pause).await.text(), r#"{"sequence":42}"#);
    let bare = |path: String, role| read(house.ask(Method::POST, &path, Some(role)));
    assert_eq!(bare(format!("{lane}/resume"), Role::Operator).await.text(), r#"{"sequence":42}"#);
    let said = house.gate.said.lock().unwrap().clone();
    assert_eq!(
        said,
        [
            "approve req_00000000000a 情况属实 by approver-token".to_owned(),
            "stop req_00000000000a 情况属实".to_owned(),
            "withdraw act_0000000000040001 情况属实".to_owned(),
            format!("resolve act_0000000000040001 true Some(Money(125000)) {digest} 见回执"),
            "pause bank-a 对方升级 1795392000000".to_owned(),
            "resume bank-a".to_owned(),
        ]
    );
}

#[tokio::test]
async fn partners_are_shown_with_their_lanes() {
    let house = House::open();
    let shown = house.get("/v1/partners", Role::Submitter).await.json();
    let partner = &shown["partners"][0];
    assert_eq!(
        (&partner["id"], &partner["kind"], &partner["travel"]),
        (&json!("bank-a"), &json!("bank"), &json!("pull"))
    );
    assert_eq!(
        (&partner["answered"], &partner["overdue"], &partner["answer_rate"], &partner["last_call_at"]),
        (&json!(1_563), &json!(26), &json!("98.36"), &json!(null))
    );
    let failure = &partner["last_failure"];
    assert_eq!((&failure["cause"], &failure["at"]), (&json!("address"), &json!("2026-11-22T09:59:00.000+08:00")));
    assert!(failure["what"].as_str().unwrap().contains("options.networks"), "{failure}");
    assert_eq!(
        partner["waiting"],
        json!([{"state": "ready", "count": 2, "oldest_since": "2026-11-22T09:58:58.500+08:00"},
               {"state": "in_doubt", "count": 0, "oldest_since": null}])
    );
    assert_eq!(partner["paused"], json!({"by": "operator-token", "until": "2026-11-22T10:00:00.000+08:00"}));
}

#[tokio::test]
async fn the_trail_is_public_and_its_entries_are_for_auditors() {
    let house = House::open();
    let public = |path: &'static str| read(house.ask(Method::GET, path, None));
    let checkpoint = public("/trail/checkpoint").await;
    assert_eq!(
        (checkpoint.header("content-type"), checkpoint.header("cache-control")),
        ("text/plain; charset=utf-8", "no-cache")
    );
    assert!(checkpoint.text().starts_with("xiezhi.example\n11\n"));
    let full = public("/trail/tile/0/x001/234").await;
    assert_eq!((full.bytes.len(), full.header("cache-control")), (32, "public, max-age=31536000, immutable"));
    let partial = public("/trail/tile/0/000.p/11").await;
    assert_eq!((partial.status, partial.header("cache-control")), (200, "public, max-age=60"));
    for none in ["/trail/tile/entries/000", "/trail/tile/", "/trail/tile/0/..%2f..%2fkeys", "/trail/tile/0/X"] {
        assert_eq!(public(none).await.status, 404, "{none}");
    }
    assert_eq!(public("/trail/keys").await.json()["receipt"], "UR2ffWXcY9z6SgPQkoFVkkOVvQOC1Rvr8AUTHO+x0mY=");
    let entry = house.get("/v1/trail/entries/10", Role::Auditor).await.json();
    assert_eq!((&entry["index"], &entry["tree_size"]), (&json!(10), &json!(11)));
    assert_eq!(entry["leaf"], json!({"event": "request.accepted", "v": 1}));
    assert_eq!(entry["proof"], json!(["01".repeat(32), "02".repeat(32)]));
    assert_eq!(entry["leaf_hash"], "77b38e7df42f0d4d6373243e7819ec736061b414b624905607c347e42ca7e003");
    assert_eq!(house.get("/v1/trail/entries/x", Role::Auditor).await.status, 404);
}

#[tokio::test]
async fn health_and_figures_are_told() {
    let house = House::open();
    let public = |path: &'static str| read(house.ask(Method::GET, path, None));
    assert_eq!(public("/health/live").await.status, 200);
    assert_eq!(public("/health/ready").await.status, 200);
    house.gate.unready.store(true, std::sync::atomic::Ordering::SeqCst);
    let unready = public("/health/ready").await;
    assert_eq!((unready.status, &unready.json()["reasons"]), (503, &json!(["the journal is full"])));
    let page = public("/metrics").await.text();
    let first = page.lines().nth(2).unwrap();
    assert_eq!(first, r#"xiezhi_oldest_waiting_seconds{partner="bank-a",state="ready"} 61.500"#);
    for line in [
        r#"xiezhi_oldest_waiting_seconds{partner="bank-a",state="in_doubt"} 0.000"#,
        r#"xiezhi_waiting_acts{partner="bank-a",state="ready"} 2"#,
        r#"xiezhi_lane_paused{partner="bank-a"} 1"#,
        "xiezhi_ready 0",
        "xiezhi_open_acts 4",
        "xiezhi_requests_total 5",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
    let families: Vec<_> = page.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let mut once = families.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), families.len());
    let exchanges: Vec<_> = page.lines().filter(|line| line.starts_with("xiezhi_exchanges_total")).collect();
    assert_eq!(
        exchanges,
        [r#"xiezhi_exchanges_total{partner="bank-a"} 2"#, r#"xiezhi_exchanges_total{partner="bank-b"} 1"#]
    );
}

/// What a court computes from what it reads; written from the contract, not from our code.
fn digest_of(request: &serde_json::Value) -> String {
    use sha2::Digest as _;
    let mut of = request.clone();
    let fields = of.as_object_mut().unwrap();
    for name in ["digest", "delivery", "ledger", "repeat", "halted", "stopped"] {
        fields.remove(name);
    }
    for act in of["acts"].as_array_mut().unwrap() {
        let act = act.as_object_mut().unwrap();
        act.remove("next");
        act.remove("measure");
        for outcome in act["outcomes"].as_array_mut().unwrap() {
            for reply in outcome["replies"].as_array_mut().into_iter().flatten() {
                reply.as_object_mut().unwrap().remove("base64");
            }
        }
    }
    let canonical = serde_json_canonicalizer::to_vec(&of).unwrap();
    let hex: String = sha2::Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[tokio::test]
async fn a_request_has_one_digest_in_every_language_and_form() {
    let house = House::open();
    let chinese = house.get(REQ, Role::Submitter).await;
    let digest = digest_of(&chinese.json());
    assert_eq!(chinese.json()["digest"], digest);
    let tag_of =
        |bytes: &[u8]| format!("\"sha256:{}\"", engine::vault::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes)));
    assert_eq!(chinese.header("etag"), tag_of(&chinese.bytes));
    assert_eq!(chinese.json()["delivery"]["state"], "waiting");
    let ask = house.ask(Method::GET, &format!("{REQ}?replies=inline"), Some(Role::Submitter));
    let english = read(ask.header("Accept-Language", "en")).await;
    assert_ne!(english.bytes, chinese.bytes);
    assert_eq!(english.json()["digest"], digest);
    assert_eq!(english.header("etag"), tag_of(&english.bytes));
    let known = |tags: String| house.ask(Method::GET, REQ, Some(Role::Submitter)).header("If-None-Match", tags);
    let tag = chinese.header("etag").to_owned();
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let unchanged = read(known(tags.clone())).await;
        let told = (unchanged.status, unchanged.header("etag"), unchanged.header("cache-control"));
        assert_eq!(told, (304, tag.as_str(), "no-store"), "{tags}");
        assert!(unchanged.bytes.is_empty());
    }
    for tags in ["W/\"other\"", "no tag at all", ""] {
        assert_eq!(read(known(tags.to_owned())).await.bytes, chinese.bytes, "{tags}");
    }
    house.gate.move_to(8);
    assert_ne!(read(known(tag)).await.json()["digest"], digest);
}

#[tokio::test]
async fn deliveries_are_listed_and_asked_for_again() {
    let house = House::open();
    let listed = house.get(&format!("{REQ}/deliveries"), Role::Operator).await;
    assert_eq!(
        listed.json(),
        json!({"delivery": {"state": "waiting", "acknowledged": 5, "tries": 2, "due": "2026-11-22T10:00:00.000+08:00"},
               "attempts": [{"sequence": 8, "at": "2026-11-22T10:00:00.000+08:00", "judged": "not_acknowledged", "cause": "status_503",
                             "version": 7, "previous_version": 5, "due": "2026-11-22T10:00:00.000+08:00"}]})
    );
    let again = house.post(&format!("{REQ}/deliveries"), Role::Submitter, &json!({"since_version": 5})).await;
    assert_eq!((again.status, again.text().as_str()), (202, r#"{"version":42,"previous_version":5}"#));
    let all = read(house.ask(Method::POST, &format!("{REQ}/deliveries"), Some(Role::Operator))).await;
    assert_eq!((all.status, all.text().as_str()), (202, r#"{"version":42,"previous_version":0}"#));
    let wrong = house.post(&format!("{REQ}/deliveries"), Role::Submitter, &json!({"since": 5})).await;
    assert_eq!((wrong.status, wrong.slug().as_str()), (422, "invalid_request"));
    let keys = house.get("/v1/deliveries/keys", Role::Submitter).await.json();
    assert_eq!(keys, json!({"courts": [{"court": "330225", "keys": ["whpk_AAAA"]}]}));
}

/// The calls in the table of `schemas/intake/README.md`.
fn calls_of_the_readme() -> BTreeSet<(String, String)> {
    let text = include_str!("../../../../schemas/intake/README.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let calls = rows.flat_map(|cell| cell.split('`').filter_map(|call| call.split_once(' ')));
    let calls = calls.filter(|(method, path)| ["GET", "POST"].contains(method) && path.starts_with('/'));
    calls.map(|(method, path)| (method.to_owned(), path.to_owned())).collect()
}

#[test]
fn the_readmes_table_names_every_call_and_no_other() {
    let plain = |path: &str| path.replace("{path:.*}", "{path}");
    let served: BTreeSet<(String, String)> =
        web::paths().into_iter().map(|(method, path)| (method.to_owned(), plain(path))).collect();
    assert_eq!(calls_of_the_readme(), served);
}
