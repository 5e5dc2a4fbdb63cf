//! Bodies that may be sent as they stand: papers to upload, requests that name them, commands; and where an answer leads.
//!
//! They run: a gateway with a partner `bank-a`, the court 330225 and its listed account takes them (tests/gateway/openapi.rs).

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Kind, file name, number of each paper of a collection.
pub const PAPERS: [(&str, &str, &str); 7] = [
    ("ruling", "执行裁定书.pdf", "(2026)浙0225执1234号之一"),
    ("query_notice", "协助查询存款通知书.pdf", "(2026)浙0225执1234号"),
    ("freeze_notice", "协助冻结存款通知书.pdf", "(2026)浙0225执1234号"),
    ("deduct_notice", "协助扣划存款通知书.pdf", "(2026)浙0225执1234号"),
    ("release_notice", "协助解除冻结存款通知书.pdf", "(2026)浙0225执1234号"),
    ("work_id_scan", "工作证.pdf", "浙法0225-17"),
    ("duty_id_scan", "执行公务证.pdf", "33022517"),
];

fn paper(kind: &str) -> String {
    format!("%PDF-1.4\n% {kind}\n%%EOF\n")
}

/// Digest of a paper of the examples.
pub fn digest(kind: &str) -> String {
    let hash = Sha256::digest(paper(kind));
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn request(number: &str) -> Value {
    let documents: Vec<Value> = PAPERS
        .iter()
        .map(
            |(kind, name, number)| json!({ "kind": kind, "number": number, "file_name": name, "digest": digest(kind) }),
        )
        .collect();
    json!({
        "case": {
            "number": number, "stage": "enforcement", "court": { "code": "330225", "name": "象山县人民法院" },
            "claim": "123456.78", "costs": "1200.00",
            "parties": [
                { "role": "obligor", "kind": "person", "name": "石某某", "id_type": "01", "id_number": "330225189506120170" },
                { "role": "creditor", "kind": "organisation", "name": "象山某某建材有限公司" },
            ],
            "account": { "holder": "象山县人民法院执行款专户", "bank": "象山农商银行", "bank_code": "402332002258", "number": "2010000000001234" },
        },
        "officers": [
            { "name": "林某", "work_id": "浙法0225-17", "duty_id": "33022517", "phone": "0574-65700001" },
            { "name": "周某", "work_id": "浙法0225-18", "duty_id": "33022518", "phone": "0574-65700002" },
        ],
        "documents": documents,
    })
}

fn goal(word: &str, number: &str) -> Value {
    let mut body = request(number);
    body["goal"] = json!(word);
    body["subjects"] = json!([0]);
    body["scope"] = json!({ "kinds": ["bank"], "regions": ["330225"] });
    body
}

/// Examples of requests, for the components.
pub fn requests() -> Map<String, Value> {
    let mut acts = request("(2026)浙0225执1236号");
    acts["acts"] = json!([{ "kind": "freeze", "partner": "bank-a", "subject": 0, "account": "6228480318051081870", "amount": "50000.00" }]);
    let all = json!({
        "collect": { "summary": "一键：查询、冻结、扣划、解除超额 · query, freeze just enough, deduct, release what is over",
                     "value": goal("collect", "(2026)浙0225执1234号") },
        "look": { "summary": "仅查询 · query only", "value": goal("look", "(2026)浙0225执1235号") },
        "acts": { "summary": "逐项列明 · acts one by one", "value": acts },
    });
    let Value::Object(all) = all else { panic!("examples are an object") };
    all
}

fn named(name: &str, value: Value) -> Value {
    json!({ name: { "value": value } })
}

fn of_books(operation: &str) -> Option<Value> {
    let reason = || named("reason", json!({ "reason": "申请执行人申请" }));
    Some(match operation {
        "objectToAct" => named("unlawful", json!({ "text": "该账户系社会保险基金专户，依法不得冻结" })),
        "approveRequest" | "stopRequest" | "withdrawAct" | "liftStop" | "resumeCase" => reason(),
        "amendClaim" => {
            named("less", json!({ "claim": "80000.00", "costs": "600.00", "reason": "申请执行人减少请求" }))
        }
        "haltCase" => named(
            "bankruptcy",
            json!({ "cause": "bankruptcy", "reason": "已受理破产申请", "document": digest("ruling") }),
        ),
        "eraseCase" => named("retention", json!({ "cause": "retention", "reason": "终本五年，保管期限届满" })),
        "allowApplicant" => named("allow", json!({ "allow": true, "reason": "申请执行人书面申请，准予查看" })),
        "acceptTask" => named("release", {
            let paper = PAPERS.iter().find(|(kind, _, _)| *kind == "release_notice").map(|(kind, name, number)| {
                json!({ "kind": kind, "number": number, "file_name": name, "digest": digest(kind) })
            });
            json!({ "reason": "解除超标的部分", "document": paper })
        }),
        "endTask" => named("done", json!({ "end": "done", "reason": "已裁定续行" })),
        "settle" => named(
            "day",
            json!({
                "account": "6222000000002010", "bank_code": "402332002258",
                "lines": [{ "serial": "JY20261122-0001", "day": "2026-11-22", "amount": "5000.00", "reference": "法院扣划 X2026112200000000012-1" }],
            }),
        ),
        "reconcile" => named(
            "day",
            json!({
                "day": "2026-11-22", "whole": true,
                "lines": [{ "slip": "X2026112200000000012-1", "state": "done", "limit": "5000.00", "caught": "4000.00" }],
            }),
        ),
        _ => return None,
    })
}

/// Examples of an operation's body.
pub fn of_body(operation: &str) -> Value {
    if let Some(books) = of_books(operation) {
        return books;
    }
    match operation {
        "storeDocument" => {
            let one = |(kind, name, _): &(&str, &str, &str)| {
                ((*kind).to_owned(), json!({ "summary": name, "value": paper(kind) }))
            };
            Value::Object(PAPERS.iter().map(one).collect())
        }
        "submitRequest" => {
            let to = |name: String| (name.clone(), json!({ "$ref": format!("#/components/examples/{name}") }));
            Value::Object(requests().into_iter().map(|(name, _)| to(name)).collect())
        }
        "orderStop" => json!({
            "acts": { "value": { "scope": { "acts": ["deduct"] }, "reason": "账号错配，先行停止" } },
            "court": { "value": { "scope": { "court": "330225" }, "reason": "账号错配，先行停止" } },
            "everything": { "value": { "scope": { "all": true }, "reason": "密钥泄露" } },
        }),
        "resolveAct" => named(
            "done",
            json!({ "took_effect": true, "amount": "12.50", "document": digest("ruling"), "reason": "见协助单位书面回复" }),
        ),
        "importMeasures" => {
            let row = json!({ "case_number": "(2025)浙0225执77号", "court": "330225", "partner": "bank-a", "number": "FG2025000077",
                "party_kind": "person", "party_name": "石某某", "id_type": "01", "id_number": "330225189506120170",
                "account": "6228480318051081870", "limit": "5000.00", "caught": "1200.00", "from": "2026-03-02", "to": "2027-03-01", "rank": 1 });
            let csv = "case_number,court,partner,number,party_kind,party_name,id_type,id_number,account,limit,caught,to,rank\n(2025)浙0225执77号,330225,bank-a,FG2025000078,person,石某某,01,330225189506120170,6228480318051081871,5000.00,,2027-03-01,2\n";
            json!({ "ndjson": { "value": format!("{row}\n") }, "csv": { "value": csv } })
        }
        "redeliver" => named("since", json!({ "since_version": 0 })),
        "pausePartner" => named("upgrade", json!({ "reason": "对方升级", "until": "2026-11-25T18:00:00+08:00" })),
        "sendResults" => named(
            "answered",
            json!({
                "results": [{ "number": "X2026112200000000012-1", "kind": "freeze", "state": "done", "limit": "5000.00", "caught": "5000.00", "serial": "F2026-17" }],
                "leads": [{ "number": "X2026112200000000014-1", "class": "hit", "serial": "K-3301", "as_of": "2026-11-22T10:15:30+08:00", "details": { "place": "石浦大道收费站" } }],
            }),
        ),
        "answerAct" => json!({
            "found": { "summary": "查询结果 · found", "value": { "verdict": "done", "serial": "2026-0117",
                "accounts": [{ "number": "6228480318051081870", "class": "活期", "status": "正常", "balance": "5000.00", "available": "5000.00" }] } },
            "held": { "summary": "已冻结 · held", "value": { "verdict": "done", "limit": "5000.00", "caught": "5000.00",
                "from": "2026-11-22", "to": "2027-11-21", "replies": [{ "file_name": "回执.pdf", "base64": "JVBERi0xLjQK" }] } },
            "refused": { "summary": "未办理 · not done", "value": { "verdict": "refused", "reason": "not_found", "text": "查无此户" } },
        }),
        other => panic!("{other} has a body and no example"),
    }
}

/// Where an answer leads.
pub fn links(operation: &str) -> Option<Value> {
    let id = |to: &str| json!({ "operationId": to, "parameters": { "id": "$response.body#/request/id" } });
    match operation {
        "storeDocument" => Some(
            json!({ "read": { "operationId": "readDocument", "parameters": { "digest": "$response.body#/digest" } } }),
        ),
        "submitRequest" => Some(json!({
            "show": id("showRequest"), "events": id("listEvents"), "approve": id("approveRequest"), "deliveries": id("listDeliveries"), "redeliver": id("redeliver"), "stop": id("stopRequest"),
            "entry": { "operationId": "readEntry", "parameters": { "n": "$response.body#/receipt/sequence" } },
        })),
        "orderStop" => {
            Some(json!({ "lift": { "operationId": "liftStop", "parameters": { "id": "$response.body#/id" } } }))
        }
        "listInbox" => {
            let task = |to: &str| json!({ "operationId": to, "parameters": { "id": "$response.body#/tasks/0/id" } });
            Some(json!({ "show": task("showInboxTask"), "claim": task("claimAct"), "answer": task("answerAct") }))
        }
        "showRequest" => {
            let act = |to: &str| json!({ "operationId": to, "parameters": { "id": "$response.body#/acts/0/id" } });
            Some(json!({ "withdraw": act("withdrawAct"), "resolve": act("resolveAct") }))
        }
        _ => None,
    }
}
