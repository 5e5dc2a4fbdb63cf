//! Measures over HTTP: filters and pages, and rows of another system read one by one.

use reqwest::Method;
use serde_json::{Value, json};
use web::Role;

use crate::house::{Answer, House, read};

async fn import(house: &House, role: Role, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let ask = house.ask(Method::POST, "/v1/measures/import", Some(role)).header("Content-Type", kind);
    read(ask.body(body)).await
}

fn row(number: &str) -> Value {
    json!({
        "case_number": "(2025)浙0225执77号", "partner": "bank-a", "number": number, "party_kind": "person",
        "party_name": "石某某", "id_type": "01", "id_number": "330225189506120170", "account": "6228480318051081870",
        "limit": "5000.00", "caught": "1200.00", "from": "2026-03-02", "to": "2027-03-01", "rank": 2, "queued": true,
    })
}

#[tokio::test]
async fn filters_are_read_and_a_page_names_nobody() {
    let house = House::open();
    let path = "/v1/measures?court=330225&state=queued&ends_before=2026-12-01&partner=bank-a&limit=10";
    let answer = house.get(path, Role::Submitter).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["measures"][0]["number"], "X2026112200000000012-1");
    assert_eq!((answer.json()["next"].clone(), answer.header("cache-control")), (json!("7"), "no-store"));
    let said = house.gate.said.lock().unwrap().last().unwrap().clone();
    assert!(said.starts_with("measures Some(\"330225\") Some(Queued)"), "{said}");
    for bad in ["state=gone", "ends_before=2026/12/01", "ends_before=soon", "court=三", "who=me"] {
        assert_eq!(house.get(&format!("/v1/measures?{bad}"), Role::Auditor).await.slug(), "invalid_parameter", "{bad}");
    }
}

#[tokio::test]
async fn each_row_has_a_verdict_and_a_bad_one_stops_no_other() {
    let house = House::open();
    let mut unknown = row("FG4");
    unknown["colour"] = json!("red");
    let mut bad = row("FG 5");
    bad["limit"] = json!("5,000");
    let rows = [row("FG1"), unknown, row("FG2"), bad, row("FG3")].map(|row| format!("{row}\n")).concat();
    let answer = import(&house, Role::Submitter, "application/x-ndjson", format!("{rows}\n{{\n")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let shown = answer.json();
    assert_eq!((&shown["imported"], &shown["known"], &shown["refused"]), (&json!(1), &json!(1), &json!(4)));
    let verdict = |row: usize| shown["rows"][row - 1]["verdict"].as_str().unwrap().to_owned();
    let verdicts: Vec<String> = (1..=6).map(verdict).collect();
    assert_eq!(verdicts, ["known", "refused", "refused", "refused", "imported", "refused"]);
    assert_eq!(shown["rows"][2]["problem"]["type"], "urn:xiezhi:problem:partner_unknown");
    let pointers: Vec<&str> = shown["rows"][3]["problem"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/limit", "/number"]);
    assert_eq!(shown["rows"][5]["problem"]["type"], "urn:xiezhi:problem:malformed_json");
    assert!(!answer.text().contains("石某某"), "nothing of a row is echoed");
}

#[tokio::test]
async fn a_row_that_is_known_and_says_otherwise_is_told_with_what() {
    let house = House::open();
    let answer = import(&house, Role::Submitter, "application/x-ndjson", row("FG1-2").to_string()).await;
    let shown = answer.json();
    assert_eq!((&shown["known"], &shown["rows"][0]["verdict"]), (&json!(1), &json!("known")));
    let differs = json!([{ "field": "limit", "known": "70.00" }, { "field": "account" }]);
    assert_eq!(shown["rows"][0]["differs"], differs, "{}", answer.text());
    let same = import(&house, Role::Submitter, "application/x-ndjson", row("FG1").to_string()).await;
    assert!(same.json()["rows"][0].get("differs").is_none(), "{}", same.text());
}

#[tokio::test]
async fn a_table_means_what_the_same_objects_mean() {
    let house = House::open();
    let names =
        "number,case_number,partner,party_kind,party_name,id_type,id_number,account,limit,caught,to,rank,queued";
    let line = "FG3,(2025)浙0225执77号,bank-a,person,\"石,某\",01,330225189506120170,622848,5000.00,,2027-03-01,2,true";
    let answer =
        import(&house, Role::Submitter, "text/csv; charset=utf-8", format!("\u{FEFF}{names}\r\n{line}\r\n")).await;
    assert_eq!(answer.json()["rows"][0]["verdict"], "imported", "{}", answer.text());
    assert_eq!(*house.gate.said.lock().unwrap(), ["import 石,某"]);
    let torn = import(&house, Role::Submitter, "text/csv", format!("{names}\n{line},extra\n")).await;
    assert_eq!(torn.slug(), "invalid_request");
    // A name twice would be one of two; what a spreadsheet saved in GBK is told as what it is. Neither is echoed.
    let twice = import(&house, Role::Submitter, "text/csv", format!("{names},limit\n{line},1\n")).await;
    assert!(twice.text().contains("第14列与前面一列同名"), "{}", twice.text());
    let gbk = import(&house, Role::Submitter, "text/csv", b"number,party_name\nFG3,\xCD\xF5\xC4\xB3\n".to_vec()).await;
    assert!(gbk.text().contains("不是UTF-8"), "{}", gbk.text());
}

#[tokio::test]
async fn a_row_may_say_its_property_and_bring_papers_also_in_a_table() {
    let house = House::open();
    let digest = format!("sha256:{:064x}", 7);
    let mut told = row("FG3");
    told["asset"] = json!("vehicle");
    told["documents"] = json!([{ "kind": "ruling", "file_name": "裁定书.pdf", "digest": digest }]);
    told["officers"] = json!([{ "name": "林望海", "work_id": "1", "duty_id": "2" }]);
    let answer = import(&house, Role::Submitter, "application/x-ndjson", told.to_string()).await;
    assert_eq!(answer.json()["rows"][0]["verdict"], "imported", "{}", answer.text());
    let names = "number,case_number,partner,party_kind,party_name,id_type,id_number,limit,to,asset,documents,officers";
    let quoted = |list: &Value| format!("\"{}\"", list.to_string().replace('"', "\"\""));
    let line = format!(
        "FG3,(2025)浙0225执77号,bank-a,person,石某,01,330225189506120170,5000.00,2027-03-01,vehicle,{},{}",
        quoted(&told["documents"]),
        quoted(&told["officers"])
    );
    let answer = import(&house, Role::Submitter, "text/csv", format!("{names}\n{line}\n")).await;
    assert_eq!(answer.json()["rows"][0]["verdict"], "imported", "{}", answer.text());
    for (field, wrong, pointer) in [
        ("asset", json!("boat"), "/asset"),
        ("documents", json!([{ "kind": "letter", "file_name": "a.pdf", "digest": digest }]), "/documents/0/kind"),
        ("officers", json!([{ "name": "", "work_id": "1", "duty_id": "2" }]), "/officers/0/name"),
        ("documents", json!("裁定书"), "/documents"),
    ] {
        let mut bad = told.clone();
        bad[field] = wrong;
        let answer = import(&house, Role::Submitter, "application/x-ndjson", bad.to_string()).await;
        assert_eq!(answer.json()["rows"][0]["problem"]["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    let list = house.get("/v1/measures?asset=vehicle", Role::Auditor).await;
    assert_eq!(list.json()["measures"][0]["asset"], "cash", "{}", list.text());
    assert_eq!(house.get("/v1/measures?asset=boat", Role::Auditor).await.slug(), "invalid_parameter");
}

#[tokio::test]
async fn accepting_a_task_may_bring_papers_and_officers_and_hears_what_is_missing() {
    let house = House::open();
    let paper = |kind: &str| json!({ "kind": kind, "file_name": "a.pdf", "digest": format!("sha256:{:064x}", 7) });
    let body = json!({
        "reason": "续行", "document": paper("release_notice"), "documents": [paper("ruling"), paper("freeze_notice")],
        "officers": [{ "name": "林望海", "work_id": "1", "duty_id": "2" }],
    });
    let path = "/v1/tasks/tsk_00000000001a/accept";
    assert_eq!(house.post(path, Role::Submitter, &body).await.status, 202);
    let said = house.gate.said.lock().unwrap().last().unwrap().clone();
    assert!(said.ends_with("续行 [\"release_notice\", \"ruling\", \"freeze_notice\"] 1"), "{said}");
    let mut bad = body.clone();
    bad["documents"][1]["digest"] = json!("sha256:7");
    let answer = house.post(path, Role::Submitter, &bad).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/documents/1/digest", "{}", answer.text());
    house.gate.refuse_next(web::gate::Refusal::PapersMissing { papers: vec!["ruling".to_owned()], officers: true });
    let answer = house.post(path, Role::Submitter, &json!({ "reason": "续行" })).await;
    assert_eq!((answer.status, answer.slug()), (422, "papers_missing".into()));
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors[0]["message"], "缺少执行裁定书（kind为ruling）");
    assert_eq!(errors[1]["pointer"], "/officers");
}

#[tokio::test]
async fn an_operator_names_the_court_and_too_many_rows_are_refused() {
    let house = House::open();
    let alone = import(&house, Role::Operator, "application/x-ndjson", row("FG3").to_string()).await;
    assert_eq!(alone.json()["rows"][0]["problem"]["errors"][0]["pointer"], "/court");
    let many = "{}\n".repeat(2_001);
    assert_eq!(import(&house, Role::Operator, "application/x-ndjson", many).await.slug(), "invalid_request");
    assert_eq!(import(&house, Role::Operator, "application/x-ndjson", "").await.slug(), "invalid_request");
    assert_eq!(import(&house, Role::Operator, "application/json", "{}").await.slug(), "unsupported_media_type");
}
