//! The document: everything put together.

use std::collections::BTreeMap;

use domain::request::RequestState;
use serde_json::{Map, Value, json};
use web::Role;
use web::limits::{ACTS_PAGE, ACTS_PAGE_MAX, FILE_NAME_BYTES_MAX, KEY_CHARACTERS_MAX, LIST_PAGE, LIST_PAGE_MAX};
use web::problem::Slug;

use super::operations::{Body, Operation, Said, Shows, operations};
use super::shapes::{both, to};
use super::{examples, problems, shapes};
use crate::house::schema;

/// What a document may be; anything else is kept as well.
const DOCUMENT_TYPES: [&str; 3] = ["application/pdf", "image/jpeg", "application/octet-stream"];
/// Where banks' hubs call; its form is the banks' own (schemas/partners).
pub const FACE: &str = "/services/SyyhConvertDataService";

/// Visible ASCII but `%` and what parts a path, or CJK and other letters percent-encoded. Names whose encoded form is longer, up to 255 bytes once decoded,
/// are taken too.
const FILE_NAME: &str = r"^([!-$&-\-0-\[\]-~]|%E[4-9]%[89AB][0-9A-F]%[89AB][0-9A-F])([ -$&-.0-\[\]-~]|%E[4-9]%[89AB][0-9A-F]%[89AB][0-9A-F])*$";

/// The document, with these examples of answers by operation.
pub fn document(answers: &BTreeMap<&'static str, Value>) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations() {
        let item = paths.entry(operation.path).or_default();
        item.insert(operation.method.to_lowercase(), operation_object(&operation, answers.get(operation.id)));
    }
    paths.insert(FACE, face());
    let mut schemas = shapes::schemas();
    schemas.extend(problems::shapes());
    let mut examples = problems::examples();
    examples.extend(examples::requests());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "协执 · xiezhi",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": both(INTRODUCTION),
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": schemas,
            "parameters": parameters(),
            "headers": headers(),
            "examples": examples,
            "responses": refusals(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "xz_…",
                            "description": "由`xiezhi token`签发；所需角色见各操作的x-roles，具备其一即可。 Minted by `xiezhi token`; each operation names the roles in x-roles, of which one is enough." },
            },
        },
    })
}

const INTRODUCTION: Said = (
    "法院与协助单位之间的网关。一次提交，分发至各协助单位，逐步留痕，结果带回。\n\n\
     金额为以元为单位的十进制字符串；时刻为+08:00、带毫秒；日期为亚洲/上海，止日含当日。无内容的字段不写，仅分页以null结束；应答可能增加字段。\n\n\
     拒绝一律为application/problem+json（RFC 9457），中文，Accept-Language偏好英语时为英语；所有类型见schemas/intake/problems.toml。\
     未知路径404 `route_unknown`，路径不支持的方法405 `method_not_allowed`并附Allow，均可能出现于任何路径。\
     唯不成HTTP者除外：请求行或请求头有误为400，请求头超过96项或128 KiB为431，请求头迟迟不完为408；皆由HTTP层直接应答，正文为空，随即断开，不入日志。\n\n",
    "A gateway between courts and the agencies that must help them: one request goes to every partner in scope, every step is proved, results come back.\n\n\
     Amounts are decimal strings in yuan; instants are in +08:00 with milliseconds; days are of Asia/Shanghai and end days inclusive. What has nothing to say is left out, only pages end with null; answers may gain fields.\n\n\
     Every refusal is application/problem+json (RFC 9457), in Chinese, or in English when Accept-Language likes it better; schemas/intake/problems.toml lists the types. \
     An unknown path is 404 `route_unknown`, a method that a path does not take is 405 `method_not_allowed` with Allow; both may come from any path. \
     The exception is what is no HTTP: 400 for a request line or header that is none, 431 for more than 96 headers or 128 KiB of them, 408 for a head that does not end; the HTTP layer answers these by itself, with an empty body and the end of the connection, and they are not logged.",
);

fn tags() -> Value {
    let tag = |name: &str, said: Said| json!({ "name": name, "description": both(said) });
    json!([
        tag("documents", ("文书", "Documents")),
        tag("requests", ("协助请求", "Requests")),
        tag("commands", ("由人作出的决定", "What people decide")),
        tag("cases", ("案件：标的、中止，及对超额的解除", "Cases: the claim, halts, and releases of what is too much")),
        tag("deliveries", ("送达：结果送至法院系统", "Deliveries of results to the court's system")),
        tag("measures", ("措施：存续、届满、导入", "Measures: what stands, until when, and what came over")),
        tag("partners", ("协助单位与通道", "Partners and their lanes")),
        tag("stops", ("紧急停止：一人下达，两人解除", "Emergency stops: one person orders, two lift")),
        tag("tasks", ("待办：只能由人办理的事项", "Tasks: what only a person can do")),
        tag("settlements", ("到账核销与日清单核对", "Settlements, and reconciliation with partners")),
        tag("inbox", ("未接入系统的协助单位的收件箱", "Inboxes of partners without a system")),
        tag("trail", ("留痕与核验", "The trail, for those who check it")),
        tag("health", ("运行状况", "How the gateway is")),
    ])
}

/// References to headers by name.
pub fn headers_of(names: &[&str]) -> Value {
    let all = headers();
    let one = |name: &&str| {
        let wire = all[*name]["x-name"].as_str().unwrap_or_else(|| panic!("{name} is no header"));
        (wire.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(one).collect())
}

fn headers() -> Value {
    let header = |name: &str, schema: Value, zh: &'static str, en: &'static str| json!({ "x-name": name, "required": true, "schema": schema, "description": both((zh, en)) });
    let text = || json!({ "type": "string" });
    json!({
        "CallId": header("X-Call-Id", json!({ "type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]+$" }), "本次调用的编号，亦见于日志。", "Names this call, also in the log."),
        "ContentLanguage": header("Content-Language", json!({ "type": "string", "enum": ["zh-CN", "en"] }), "应答语言。", "The language of the texts."),
        "CacheControl": header("Cache-Control", text(), "含个人信息者no-store。", "no-store where there is personal data."),
        "ETag": header("ETag", json!({ "type": "string", "pattern": "^\"sha256:[0-9a-f]{64}\"$" }), "正文各字节的SHA-256；正文里的digest不含案款合计，故不同。", "SHA-256 over every byte of the body; not its digest, which leaves out the sums of the case."),
        "Location": header("Location", json!({ "type": "string", "format": "uri-reference" }), "可在此读取。", "Where it is read."),
        "ContentDisposition": header("Content-Disposition", text(), "附件及文件名（RFC 5987）。", "An attachment with its name (RFC 5987)."),
        "WwwAuthenticate": header("WWW-Authenticate", json!({ "type": "string", "pattern": "^Bearer " }), "", ""),
        "Allow": header("Allow", text(), "该路径支持的方法。", "Methods that the path takes."),
        "RetryAfter": header("Retry-After", json!({ "type": "integer", "minimum": 0 }), "秒。", "Seconds."),
    })
}

fn parameters() -> Value {
    let path = |name: &str, schema: Value, example: Value| json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example });
    let query = |name: &str, schema: Value, said: Said| json!({ "name": name, "in": "query", "schema": schema, "description": both(said) });
    let header = |name: &str, required: bool, schema: Value, example: Value, said: Said| json!({ "name": name, "in": "header", "required": required, "schema": schema, "example": example, "description": both(said) });
    let number = |min: u64, max: u64| json!({ "type": "integer", "minimum": min, "maximum": max });
    let partner = || schema()["$defs"]["act"]["properties"]["partner"].clone();
    let day = || schema()["$defs"]["act"]["properties"]["to"].clone();
    let lane = || json!({ "type": "string", "pattern": "^[a-z0-9\\-]{1,32}$" });
    let case_number = schema()["$defs"]["case"]["properties"]["number"]["maxLength"].clone();
    let states: Vec<&str> = RequestState::ALL.iter().map(|state| state.word()).collect();
    let language = ("语言，缺省中文。", "The language of texts; Chinese unless English is liked better.");
    let key = (
        "自定，每件新请求一个，重试时不变；按令牌区分。",
        "Of your own, one for each new request and the same when you repeat it; each token has its own.",
    );
    let file_name =
        ("文件名的UTF-8百分号编码，不含路径。", "Percent-encoded UTF-8 of the file's name, 1 to 255 bytes, no path.");
    json!({
        "Digest": path("digest", to("Digest"), json!(examples::digest(examples::PAPERS[0].0))),
        "RequestId": path("id", to("RequestId"), json!("req_00000000000a")),
        "ActId": path("id", to("ActId"), json!("act_00000000000a0000")),
        "CaseId": path("id", to("CaseId"), json!("cas_000000000003")),
        "TaskId": path("id", to("TaskId"), json!("tsk_00000000001a")),
        "TaskKind": query("kind", to("TaskKind"), ("", "")),
        "TaskCourt": query("court", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,12}$" }), ("法院代码。", "Court code.")),
        "TaskPartner": query("partner", lane(), ("", "")),
        "StopId": path("id", to("StopId"), json!("stp_00000000000y")),
        "PartnerId": path("id", lane(), json!("bank-a")),
        "InboundPartner": path("partner", lane(), json!("bank-a")),
        "Index": path("n", json!({ "type": "integer", "minimum": 0 }), json!(0)),
        "TilePath": path("path", json!({ "type": "string", "pattern": "^[0-9]{1,2}(/x[0-9]{3})*/[0-9]{3}(\\.p/[0-9]{1,3})?$" }), json!("0/000.p/1")),
        "IdempotencyKey": header("Idempotency-Key", true, json!({ "type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX, "pattern": "^[!-~]+$" }), json!("330225-2026-1234-1"), key),
        "AcceptLanguage": header("Accept-Language", false, json!({ "type": "string" }), json!("en"), language),
        "IfNoneMatch": header("If-None-Match", false, json!({ "type": "string" }), json!("\"sha256:0000000000000000000000000000000000000000000000000000000000000000\""), ("上次应答的ETag。", "The ETag of the last answer.")),
        "FileName": header("X-File-Name", true, json!({ "type": "string", "minLength": 1, "maxLength": FILE_NAME_BYTES_MAX, "pattern": FILE_NAME }), json!("%E8%A3%81%E5%AE%9A%E4%B9%A6.pdf"), file_name),
        "CaseNumber": query("case", json!({ "type": "string", "minLength": 1, "maxLength": case_number, "pattern": shapes::PLAIN }), ("案号。", "Case number.")),
        "RequestState": query("state", json!({ "type": "string", "enum": states }), ("", "")),
        "Court": query("court", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,12}$" }), ("法院代码；法院令牌仅限本院。", "Court code; a court's token sees its own only.")),
        "MeasureState": query("state", to("MeasureState"), ("", "")),
        "AssetKind": query("asset", json!({ "type": "string", "enum": domain::outcome::AssetKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>() }), ("财产种类。", "What sort of property.")),
        "EndsBefore": query("ends_before", day(), ("止日早于该日。", "Whose last day is before this one.")),
        "Partner": query("partner", partner(), ("", "")),
        "Cursor": query("cursor", number(0, u64::MAX), ("上一页的next。", "The next of the page before.")),
        "Limit": query("limit", with_default(number(1, LIST_PAGE_MAX.into()), LIST_PAGE), ("每页行数。", "Lines on a page.")),
        "Wait": query("wait", json!({ "type": "string", "pattern": "^([0-9]|[1-5][0-9]|60)s$|^[0-9]{1,4}ms$" }), ("等待，如30s或500ms，至多60s。", "Wait, such as 30s or 500ms, at most 60s.")),
        "From": query("from", number(0, u32::MAX.into()), ("首项序号。", "First task of the page.")),
        "InboxLimit": query("limit", with_default(number(1, web::gate::INBOX_PAGE_MAX.into()), web::gate::INBOX_PAGE_MAX), ("每页事项数。", "Tasks on a page.")),
        "AfterVersion": query("after_version", number(0, u64::MAX), ("已知的版本。", "The version known already.")),
        "Page": query("page", number(0, u32::MAX.into()), ("首项序号。", "First act of the page.")),
        "PageLength": query("page_len", with_default(number(1, ACTS_PAGE_MAX.into()), ACTS_PAGE), ("每页事项数。", "Acts on a page.")),
        "Replies": query("replies", json!({ "type": "string", "enum": ["inline"] }), ("附回执原文。", "With the bytes of sealed replies.")),
    })
}

fn with_default(mut schema: Value, default: u16) -> Value {
    schema["default"] = json!(default);
    schema
}

fn operation_object(operation: &Operation, answer: Option<&Value>) -> Value {
    let parameters: Vec<Value> =
        operation.parameters.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    let mut shown = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": format!("{} · {}", operation.summary.0, operation.summary.1),
        "responses": responses(operation, answer),
    });
    if !operation.about.0.is_empty() {
        shown["description"] = json!(both(operation.about));
    }
    if !parameters.is_empty() {
        shown["parameters"] = json!(parameters);
    }
    match operation.roles {
        [] => shown["security"] = json!([]),
        roles => {
            shown["security"] = json!([{ "bearer": [] }]);
            shown["x-roles"] = roles.iter().map(|role: &Role| role.word()).collect();
        }
    }
    if let Some(body) = body(operation) {
        shown["requestBody"] = body;
    }
    shown
}

fn body(operation: &Operation) -> Option<Value> {
    let json = |name: &str, required: bool| {
        let content =
            json!({ "application/json": { "schema": to(name), "examples": examples::of_body(operation.id) } });
        json!({ "required": required, "content": content })
    };
    match operation.body {
        Body::Nothing => None,
        Body::Json(name) => Some(json(name, true)),
        Body::MaybeJson(name) => Some(json(name, false)),
        Body::Inbound => Some(json("Posted", true)),
        Body::Rows(name) => {
            let each = both((
                "每行（CSV每行）为一个contentSchema。",
                "Each line, or row of a table, is one of contentSchema.",
            ));
            let text = json!({ "type": "string", "minLength": 1, "contentSchema": to(name), "description": each });
            let media =
                |kind: &str| json!({ "schema": text, "examples": { "rows": examples::of_body(operation.id)[kind] } });
            let content = json!({ "application/x-ndjson": media("ndjson"), "text/csv": media("csv") });
            Some(json!({ "required": true, "content": content }))
        }
        Body::Document => {
            let bytes = json!({ "type": "string", "format": "binary", "minLength": 1 });
            let mut content: Map<String, Value> =
                DOCUMENT_TYPES.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": bytes }))).collect();
            content[DOCUMENT_TYPES[0]]["examples"] = examples::of_body(operation.id);
            Some(json!({ "required": true, "content": content }))
        }
    }
}

/// The name of the response that holds these problems: the problems themselves where they are few.
fn response_name(slugs: &[Slug]) -> String {
    let words: Vec<&str> = slugs.iter().map(|slug| slug.word()).collect();
    match words.as_slice() {
        few @ ([_] | [_, _] | [_, _, _]) => few.join("."),
        [first, .., last] => format!("{first}.to.{last}.{}", words.len()),
        [] => panic!("a refusal without a problem"),
    }
}

/// Every set of problems with one status that some call may be refused with; and those that any path may answer.
fn refusals() -> Map<String, Value> {
    let mut all = BTreeMap::from([(404, vec![vec![Slug::RouteUnknown]]), (405, vec![vec![Slug::MethodNotAllowed]])]);
    for operation in operations() {
        for (status, slugs) in by_status(&operation) {
            all.entry(status).or_default().push(slugs);
        }
    }
    let mut named: BTreeMap<String, (u16, Vec<Slug>)> = BTreeMap::new();
    for (status, slugs) in all.into_iter().flat_map(|(status, sets)| sets.into_iter().map(move |slugs| (status, slugs)))
    {
        let before = named.insert(response_name(&slugs), (status, slugs.clone()));
        assert!(before.is_none_or(|(_, before)| before == slugs), "two sets of problems have one name");
    }
    named.into_iter().map(|(name, (status, slugs))| (name, problems::response(status, &slugs))).collect()
}

fn by_status(operation: &Operation) -> BTreeMap<u16, Vec<Slug>> {
    let mut by_status: BTreeMap<u16, Vec<Slug>> = BTreeMap::new();
    for slug in operation.slugs() {
        by_status.entry(problems::entry(slug).status).or_default().push(slug);
    }
    by_status
}

fn responses(operation: &Operation, answer: Option<&Value>) -> Value {
    let mut all = Map::new();
    for (status, slugs) in by_status(operation) {
        all.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{}", response_name(&slugs)) }));
    }
    let content = match operation.shows {
        Shows::Json(name) | Shows::JsonOrText(name) => {
            let mut media = json!({ "schema": to(name) });
            if let Some(answer) = answer {
                media["example"] = answer.clone();
            }
            let mut content = json!({ "application/json": media });
            if matches!(operation.shows, Shows::JsonOrText(_)) {
                content["text/plain; charset=utf-8"] = json!({ "schema": { "type": "string" } });
            }
            content
        }
        Shows::Text(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        Shows::Tile => json!({ "application/octet-stream": {} }),
        Shows::Document => DOCUMENT_TYPES.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect(),
    };
    let names: Vec<&str> = ["CallId"].iter().chain(operation.headers).copied().collect();
    if operation.headers.contains(&"ETag") {
        let unchanged = "Nothing has changed since the answer of that ETag.";
        all.insert("304".to_owned(), json!({ "description": unchanged, "headers": headers_of(&names) }));
    }
    let mut taken = json!({ "description": operation.summary.1, "headers": headers_of(&names), "content": content });
    if let Some(links) = examples::links(operation.id) {
        taken["links"] = links;
    }
    all.insert(operation.status.to_string(), taken.clone());
    if operation.id == "ready" {
        taken["description"] = json!("不可受理。 Requests are not taken; reasons says why.");
        all.insert("503".to_owned(), taken);
    }
    Value::Object(all)
}

/// What we send to the address that a request gave as its callback.
fn webhooks() -> Value {
    let header = |name: &str, said: Said| json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" }, "description": both(said) });
    json!({
        "requestChanged": { "post": {
            "operationId": "deliver", "tags": ["deliveries"],
            "summary": "结果送达（Standard Webhooks） · Results are delivered (Standard Webhooks)",
            "description": "送至请求所给的callback.url；2xx即为已收。约定与验签见schemas/intake/deliveries.md。 Sent to callback.url of the request; 2xx acknowledges. schemas/intake/deliveries.md says how to check the signature.",
            "parameters": [
                header("webhook-id", ("同一版本各次相同。", "The same for every try at a version.")),
                header("webhook-timestamp", ("", "Unix seconds.")),
                header("webhook-signature", ("v1为HMAC-SHA256，v1a为Ed25519，空格分隔。", "v1 is HMAC-SHA256, v1a Ed25519, parted by blanks.")),
            ],
            "requestBody": { "required": true, "content": { "application/json": { "schema": to("Announcement") } } },
            "responses": { "2XX": { "description": "已收。 Acknowledged." }, "410": { "description": "不再送达此请求。 Nothing more of this request." } },
        } },
    })
}

/// The face of banks' hubs is named here, so that nobody takes it for a secret; what is said there is the banks' own form.
fn face() -> Map<String, Value> {
    let answer = |zh, en| json!({ "description": both((zh, en)), "content": { "text/xml": { "schema": { "type": "string" } } } });
    let item = json!({
        "post": {
            "operationId": "callBankFace", "tags": ["partners"], "x-face": true, "security": [],
            "summary": "银行总对总取件与反馈（SOAP 1.1） · Bank hubs fetch and feed back (SOAP 1.1)",
            "description": "凭据在报文内；报文格式见schemas/partners。 The credential is in the message; schemas/partners draws the messages.",
            "requestBody": { "required": true, "content": { "text/xml": { "schema": { "type": "string" } } } },
            "responses": { "200": answer("", "The face's own form."), "500": answer("SOAP故障。", "A SOAP fault, as SOAP 1.1 wants it.") },
        },
        "get": {
            "operationId": "describeBankFace", "tags": ["partners"], "x-face": true, "security": [],
            "summary": "服务描述（?wsdl） · Its description (?wsdl)",
            "responses": { "200": answer("", "WSDL 1.1."), "404": { "$ref": "#/components/responses/not_found" }, "405": { "$ref": "#/components/responses/method_not_allowed" } },
        },
    });
    let Value::Object(item) = item else { panic!("a path item is an object") };
    item
}
