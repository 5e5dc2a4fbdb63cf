//! The shapes of answers and of small bodies, as JSON Schema; the words in them come from the domain.
//!
//! A request's own shape stands in `schemas/intake/request.schema.json`, and its parts are taken from there.

use domain::case::HaltCause;
use domain::measure::MeasureState;
use domain::outcome::{AssetKind, AssetRole, FindingClass, LeadClass, Reason, Verdict};
use domain::request::{Goal, PartnerKind, RequestState};
use domain::rules::Level;
use domain::{ActKind, ActState};
use serde_json::{Map, Value, json};
use web::limits::REASON_CHARACTERS_MAX;

use super::operations::Said;
use crate::house::schema;

/// Chinese first, English beside.
pub fn both((chinese, english): Said) -> String {
    [chinese, english].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A reference to a schema.
pub fn to(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The same with words of its own; allowed beside `$ref` since 3.1.
pub fn said(name: &str, chinese: &'static str, english: &'static str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}"), "description": both((chinese, english)) })
}

pub fn text(chinese: &'static str, english: &'static str) -> Value {
    json!({ "type": "string", "description": both((chinese, english)) })
}

pub fn count(chinese: &'static str, english: &'static str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": both((chinese, english)) })
}

pub fn flag(chinese: &'static str, english: &'static str) -> Value {
    json!({ "type": "boolean", "description": both((chinese, english)) })
}

pub fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An object with fields that always stand and fields that may be left out.
pub fn object(what: Said, always: Value, maybe: Value) -> Value {
    let (Value::Object(always), Value::Object(maybe)) = (always, maybe) else { panic!("fields are an object") };
    let required: Vec<String> = always.keys().cloned().collect();
    let properties: Map<String, Value> = always.into_iter().chain(maybe).collect();
    json!({ "type": "object", "description": both(what), "required": required, "properties": properties })
}

pub fn words(chinese: &'static str, english: &'static str, words: Vec<&'static str>) -> Value {
    json!({ "type": "string", "enum": words, "description": both((chinese, english)) })
}

/// A closed list of the domain.
macro_rules! words_of {
    ($of:ty, $zh:literal, $en:literal) => {
        words($zh, $en, <$of>::ALL.iter().map(|word| word.word()).collect())
    };
}

/// Every schema that the document names.
pub fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    for part in [
        scalars(),
        requests(),
        outcomes(),
        deliveries(),
        others(),
        measures(),
        stops(),
        inboxes(),
        bodies(),
        answer_form(),
        super::proving::schemas(),
        super::erasing::schemas(),
        super::settling::schemas(),
        request_form(),
    ] {
        let Value::Object(part) = part else { panic!("schemas are an object") };
        for (name, shape) in part {
            assert!(all.insert(name.clone(), shape).is_none(), "{name} stands twice");
        }
    }
    all
}

fn scalars() -> Value {
    let goals: Vec<&str> = Goal::ALL.iter().map(|goal| goal.word()).chain(["acts"]).collect();
    json!({
        "RequestId": { "type": "string", "pattern": "^req_[0-9a-z]{12}$", "description": "请求编号。 Id of a request." },
        "CaseId": { "type": "string", "pattern": "^cas_[0-9a-z]{12}$", "description": "案件编号。 Id of a case." },
        "ActId": { "type": "string", "pattern": "^act_[0-9a-z]{16}$", "description": "事项编号。 Id of an act." },
        "Digest": { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": "文书原文的SHA-256。 SHA-256 of the bytes." },
        "Yuan": { "type": "string", "pattern": "^-?[0-9]+\\.([0-9]{2}|[0-9]{4})$",
                  "description": "元，十进制字符串；协助单位报到厘毫时四位小数。 Yuan as a decimal string; four decimals where a partner reported so." },
        "Instant": { "type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}\\+08:00$",
                     "description": "时刻，+08:00，毫秒。 An instant in +08:00 with milliseconds." },
        "Date": { "type": "string", "format": "date", "description": "日期（亚洲/上海）；期间止日含当日。 A day in Asia/Shanghai; end days are inclusive." },
        "Hash": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256，小写十六进制。 SHA-256 in lower-case hex." },
        "Cursor": { "type": "string", "pattern": "^[0-9]{1,20}$", "description": "下一页的cursor。 The cursor of the next page." },
        "Goal": words("所求；逐项列明者为acts。", "What was asked; acts where they were listed one by one.", goals),
        "RequestState": words_of!(RequestState, "请求状态。", "Where a request stands."),
        "ActKind": words_of!(ActKind, "事项种类。", "What is ordered."),
        "ActState": words_of!(ActState, "事项状态。", "Where an act stands."),
        "Verdict": words_of!(Verdict, "协助单位的处理结果。", "What the partner says became of it."),
        "Reason": words_of!(Reason, "未办理或部分办理的原因。", "Why not, or not all."),
        "PartnerKind": words_of!(PartnerKind, "行业。", "Industry."),
    })
}

fn stopped() -> Value {
    json!({ "type": "array", "items": { "type": "string", "enum": ["query", "freeze", "deduct"] }, "description": "紧急停止期间暂不为本请求提出的事项种类；解除后续办。 What an emergency stop keeps from being ordered for the goal; it goes on once that is lifted." })
}

fn requests() -> Value {
    let counts: Map<String, Value> = ActState::ALL
        .iter()
        .map(|state| (state.word().to_owned(), json!({ "type": "integer", "minimum": 0 })))
        .collect();
    json!({
        "Receipt": object(("签名回执：以/trail/keys的receipt公钥核验。", "A signed receipt; checked with the receipt key of /trail/keys."), json!({
            "sequence": count("日志序号，亦为留痕的叶序号。", "Place in the journal, and of the leaf in the trail."),
            "leaf_hash": to("Hash"),
            "signature": json!({ "type": "string", "contentEncoding": "base64", "minLength": 88, "maxLength": 88,
                "description": "Ed25519签名：对“xiezhi.receipt.v1”、一个零字节、{leaf_hash, log, sequence}的规范JSON（RFC 8785；log为检查点首行）。 Ed25519 over `xiezhi.receipt.v1`, one zero byte, and the canonical JSON (RFC 8785) of {leaf_hash, log, sequence}, where log is the first line of every checkpoint. A worked example: schemas/trail/receipts.md." }),
        }), json!({})),
        "DocumentStored": object(("已存文书。", "A stored document."), json!({ "digest": to("Digest"), "receipt": to("Receipt") }), json!({})),
        "Accepted": object(("已受理的请求；状态和版本为受理时的。", "An accepted request; state and version are those at acceptance."), json!({
            "request": object(("", ""), json!({
                "id": to("RequestId"),
                "case": object(("", ""), json!({ "id": to("CaseId") }), json!({})),
                "goal": to("Goal"), "state": to("RequestState"),
                "version": count("可作首次after_version。", "Serves as the first after_version."),
                "accepted_at": to("Instant"),
                "acts": count("受理时计划的事项数。", "Acts planned at acceptance."),
            }), json!({})),
            "receipt": to("Receipt"),
        }), json!({})),
        "Request": object(("请求及一页事项。", "A request with a page of its acts."), json!({
            "id": to("RequestId"), "case": to("Case"), "goal": to("Goal"), "state": to("RequestState"),
            "stopping": flag("已要求停止；已发出的仍可能反馈。", "Somebody asked it to stop; what has left may still be answered."),
            "version": count("最近一次变动的日志序号。", "Sequence of the last event that touched it."),
            "accepted_at": to("Instant"),
            "digest": said("Digest", "本页内容的摘要，轮询、长轮询、送达相同。", "Of what this page says; poll, long-poll and delivery of a version show the same."),
            "erased": flag("案件密钥已销毁，个人信息不复存在。", "The case's key was destroyed; names and sums are gone."),
            "ledger": to("Ledger"),
            "counts": json!({ "type": "object", "properties": counts, "additionalProperties": false, "description": "各状态的事项数。 How many acts are in each state." }),
            "acts": list(to("Act")),
            "next_page": or_null(count("下一页首项的序号；末页为null。", "First act of the next page; null at the end.")),
        }), json!({ "deadline": to("Instant"), "delivery": to("Delivery"), "leads": list(to("Lead")), "warnings": list(to("Warning")),
            "repeat": object(("未足额前持续查控。", "The goal repeats until it is covered."), json!({
                "round": count("已进行的轮次，首次为0。", "The newest round; the first asking is 0."), "until": to("Instant"), "next": to("Next"),
            }), json!({})),
            "halted": json!({ "type": "string", "enum": HaltCause::ALL.iter().map(|cause| cause.word()).collect::<Vec<_>>(), "description": "案件已中止。 The case is halted." }), "stopped": stopped() })),
        "Case": object(("案件。", "The case."), json!({
            "id": to("CaseId"), "number": text("案号；已销毁时为空。", "Case number; empty once erased."), "court": text("法院代码。", "Court code."),
        }), json!({ "preservation": text("转为本案的财产保全案号。", "Case number of the preservation that became this enforcement.") })),
        "Ledger": object(("全案账目，及于所有协助单位。", "The case's ledger over all partners."), json!({
            "target": said("Yuan", "标的与执行费。", "Claim and costs."),
            "exposure": said("Yuan", "已要求控制的限额合计。", "What was ordered to be held."),
            "controlled": said("Yuan", "实际控制合计。", "What is held."),
            "deducted": said("Yuan", "已扣划。", "What was moved to the court."),
            "deducting": said("Yuan", "扣划中。", "Deductions under way."),
            "in_doubt": said("Yuan", "存疑。", "In doubt."),
            "settled": said("Yuan", "已到账。", "Seen on the court's account."),
        }), json!({})),
        "Act": act(),
        "Original": object(("所依据的原措施。", "What an act builds on."), json!({}), json!({
            "act": to("ActId"), "slip": text("请求单号。", "Slip number."), "case_number": text("案号。", "Case number."),
        })),
        "Measure": object(("生效中的措施。", "The effect in force."), json!({
            "limit": said("Yuan", "限额。", "What was ordered."), "caught": said("Yuan", "实际控制。", "What is held now."),
            "queued": flag("轮候。", "Registered behind others."),
        }), json!({ "to": to("Date"), "rank": count("顺位，1为首封；不明则不写。", "Rank, 1 = first; left out when it is not known.") })),
        "Next": object(("发生了什么、下一步由谁、何时；按调用方语言。", "What happened, who acts next, by when; in the caller's language."),
            json!({ "what": text("", "") }), json!({ "who": text("", ""), "by": to("Instant") })),
        "RequestList": object(("一页请求。", "A page of requests."), json!({
            "requests": list(to("RequestLine")), "next": or_null(to("Cursor")),
            "filled_to": or_null(count("索引重建进度。", "How far the index is filled.")),
        }), json!({})),
        "RequestLine": object(("列表中的一行。", "One line of the list."), json!({
            "id": to("RequestId"), "court": text("法院代码。", "Court code."), "goal": to("Goal"), "state": to("RequestState"),
            "version": count("", ""), "accepted_at": to("Instant"), "acts": count("事项数。", "Acts."), "acts_final": count("已终结的事项数。", "Acts that are final."),
        }), json!({})),
    })
}

fn act() -> Value {
    object(
        ("一项协助事项。", "One act."),
        json!({
            "id": to("ActId"),
            "slip": text("请求单号，协助单位凭此识别。", "The number under which the partner knows it."),
            "line": count("请求单行号；查询为0。", "Line of the slip; 0 for a question."),
            "kind": to("ActKind"), "partner": text("协助单位编号。", "Partner id."),
            "subject": count("当事人序号。", "Place in the case's parties."), "state": to("ActState"),
            "exchanges": count("报文往来次数。", "Exchanges that carried it."),
            "outcomes": list(to("Outcome")), "next": to("Next"),
        }),
        json!({
            "account": text("账号；临控车辆时为号牌。", "Account; for a watch on a vehicle its plate."), "note": text("请协助人员办理的内容。", "What people are to do."), "amount": said("Yuan", "要求金额。", "What was ordered."),
            "from": to("Date"), "to": to("Date"), "original": to("Original"), "measure": to("Measure"),
            "unreadable": flag("其命令或结果中有因存储损坏暂不可读的内容；状态以留痕为准。", "Something of its order or of what was said of it cannot be read, for what keeps it is damaged; its state is what the trail tells."),
            "accounts": { "type": "array", "items": to("Account"), "description": both(("分次答复时：各账户最新所报，合为一份。", "Where the answer came in parts: the newest word about each account, together.")) },
        }),
    )
}

fn outcomes() -> Value {
    json!({
        "Outcome": object(("协助单位的一次答复；后来的可取代先前的。", "What a partner said once; a later one may supersede."), json!({
            "at": to("Instant"), "sequence": count("日志序号。", "Sequence of its event."), "verdict": to("Verdict"),
        }), json!({
            "reason": to("Reason"), "text": text("协助单位原话。", "The partner's own words."),
            "limit": to("Yuan"), "caught": said("Yuan", "实际控制。", "Held."), "moved": said("Yuan", "实际扣划。", "Moved."),
            "from": to("Date"), "to": to("Date"), "serial": text("协助单位流水号。", "The partner's own number."),
            "accounts": list(to("Account")), "ahead": list(to("Prior")), "replies": list(to("Reply")),
            "as_of": text("协助单位所称的截至时间。", "As of when, in the partner's words."),
            "due": said("Date", "已登记者，届时可期。", "When what is registered may come true."), "findings": list(to("Finding")),
            "in_part": flag("只答了一部分，未提及的以先前所答为准。", "It told a part of the answer; what it does not name stands as it was told before."),
        })),
        "Finding": object(("查明的事项。", "What was found out."), json!({
            "class": words_of!(FindingClass, "类别。", "What it is about."), "details": list(to("Detail")),
        }), json!({})),
        "Detail": object(("一项具体内容。", "One named particular."), json!({ "name": text("", "A word of the partner's published form."), "value": text("", "") }), json!({})),
        "Lead": object(("协助单位主动告知的线索。", "What a partner told unasked."), json!({
            "at": to("Instant"), "sequence": count("日志序号。", "Sequence of its event."), "act": to("ActId"), "partner": text("协助单位编号。", "Partner id."),
            "class": words_of!(LeadClass, "类别。", "What it is."), "serial": text("协助单位流水号。", "The partner's own number."),
            "as_of": text("", "As of when, in the partner's words."),
        }), json!({ "respond_by": to("Instant"), "details": list(to("Detail")), "text": text("协助单位原话。", "The partner's own words.") })),
        "Warning": object(("查得的、法律予以保护的财产。", "Property that was found and that the law protects."), json!({
            "rule": text("规则编号，见schemas/rules.md。", "The rule, as in schemas/rules.md."),
            "level": words_of!(Level, "规则的效力。", "What the rule does."),
            "source": text("出处。", "Where it stands."), "zh": text("规则。", "The rule in Chinese."), "en": text("", "The rule in English."),
            "act": to("ActId"), "account": text("账号。", "Number of the account."),
        }), json!({})),
        "Posted": object(("回传的结果与线索；各字段见schemas/partners/open-tasks.md。", "Results and leads; schemas/partners/open-tasks.md names their fields."), json!({}), json!({
            "results": { "type": "array", "items": { "type": "object" } },
            "leads": { "type": "array", "items": { "type": "object" } },
        })),
        "Verdicts": object(("逐项答复，先结果后线索。", "A verdict for each item, results before leads."), json!({
            "verdicts": list(object(("", ""), json!({ "number": text("", ""), "taken": flag("", "") }), json!({ "reason": text("未收的原因。", "Why not.") }))),
        }), json!({})),
        "Account": object(("查得的账户。", "An account that was found."), json!({
            "number": text("", ""), "class": text("", ""), "status": text("", ""),
            "currency": text("币种，按协助单位所报：156或CNY为人民币。", "As the partner reports it; 156 or CNY is the yuan."), "branch": text("开户网点。", "Branch."),
            "asset": words_of!(AssetKind, "财产种类。", "What sort of property."), "role": words_of!(AssetRole, "被执行人的身份。", "What the subject is to it."),
        }), json!({ "balance": to("Yuan"), "available": to("Yuan"), "ahead": list(to("Prior")), "details": list(to("Detail")) })),
        "Prior": object(("在先的措施。", "A measure that goes before."), json!({ "organ": text("机关。", "By whom."), "paper": text("文号。", "Paper.") }),
            json!({ "amount": to("Yuan"), "to": to("Date") })),
        "Reply": object(("协助单位的回执原件。", "A partner's sealed answer."), json!({
            "file_name": text("", ""), "file_type": text("", ""), "md5_fits": flag("与所附MD5相符。", "Its MD5 fits what was sent with it."),
            "size": count("字节。", "Bytes."), "digest": to("Digest"),
        }), json!({ "base64": { "type": "string", "contentEncoding": "base64", "description": "仅replies=inline时。 With replies=inline only." } })),
        "EventList": object(("一页留痕。", "A page of events."), json!({
            "events": list(to("Event")), "next": or_null(to("Cursor")), "filled_to": or_null(count("", "")),
        }), json!({})),
        "Event": object(("", ""), json!({ "sequence": count("", ""), "at": to("Instant"), "leaf": or_null(to("Leaf")) }), json!({})),
        "Leaf": object(("日志叶，规范化JSON原样；字段见schemas/trail/events.toml。", "A leaf as it stands in the journal; its fields are in schemas/trail/events.toml."), json!({
            "at": count("UTC毫秒。", "UTC milliseconds."), "e": { "type": "string", "pattern": "^[a-z]+\\.[a-z_]+$", "description": "事件名。 Name of the event." },
            "v": count("版本。", "Its version."),
        }), json!({
            "f": { "type": "object", "additionalProperties": true, "description": "事实。 The facts." },
            "k": count("密钥槽。", "Key slot."), "body": to("BodyDigest"),
        })),
        "BodyDigest": { "type": "string", "description": "密文正文的摘要。 Digest of the sealed body." },
        "Entry": object(("一条留痕及其包含证明。", "An entry with its inclusion proof."), json!({
            "index": count("", ""), "leaf": or_null(to("Leaf")), "leaf_base64": { "type": "string", "contentEncoding": "base64" },
            "leaf_hash": to("Hash"), "tree_size": count("", ""), "proof": list(to("Hash")),
            "checkpoint": text("签名检查点原文。", "The signed checkpoint."),
        }), json!({})),
    })
}

fn deliveries() -> Value {
    let state = || words("送达状态。", "How it stands.", vec!["waiting", "under_way", "delivered", "given_up"]);
    json!({
        "Delivery": object(("法院系统已有的。", "What the court's system has."), json!({
            "state": state(), "acknowledged": count("已收的版本；0为无。", "The version that it has acknowledged; 0 is none."), "tries": count("本次已试次数。", "Tries so far."),
        }), json!({ "due": to("Instant") })),
        "DeliveryList": object(("", ""), json!({ "delivery": or_null(to("Delivery")), "attempts": list(to("Attempt")) }), json!({})),
        "Attempt": object(("一次送达。", "One attempt."), json!({
            "sequence": count("", ""), "at": to("Instant"), "judged": words("", "", vec!["acknowledged", "not_acknowledged", "given_up"]),
            "version": count("", "The version that it carried."), "previous_version": count("", "The version that the court had before."),
        }), json!({ "cause": text("", "What was seen, when it was not acknowledged."), "due": to("Instant") })),
        "Again": object(("", ""), json!({ "version": count("", ""), "previous_version": count("", "") }), json!({})),
        "DeliveryKeys": object(("", ""), json!({ "courts": list(object(("", ""), json!({
            "court": text("法院代码。", "Court code."), "keys": list(json!({ "type": "string", "pattern": "^whpk_" })),
        }), json!({}))) }), json!({})),
        "Announcement": object(("送达的正文。", "The body of a delivery."), json!({
            "type": words("", "", vec!["request.changed", "request.finished"]), "timestamp": to("Instant"),
            "data": object(("", ""), json!({
                "id": to("RequestId"), "version": count("", ""), "previous_version": count("上次已收的版本。", "The version acknowledged last."),
                "digest": to("Digest"), "request": to("Request"),
            }), json!({})),
        }), json!({})),
    })
}

fn others() -> Value {
    json!({
        "PartnerList": object(("", ""), json!({ "partners": list(to("Partner")) }), json!({})),
        "Partner": object(("协助单位及其通道。", "A partner and its lane."), json!({
            "id": text("", ""), "name": text("", ""), "kind": or_null(to("PartnerKind")),
            "travel": or_null(words("配置文件缺失时为空。", "Does it fetch from us, or do we call it; null while its file is missing.", vec!["pull", "call_out"])),
            "acts": list(to("ActKind")), "stage": or_null(words_of!(domain::partner::Stage, "接入阶段，限定可用事项。", "How far it has come; narrows the acts.")),
            "answered": count("已反馈的事项数，重启不清零。", "Acts that it has answered; a restart forgets none."),
            "overdue": count("已接收而逾期未反馈的事项数。", "Acts that it took and has not answered in the time agreed with it."),
            "answer_rate": or_null(text("反馈率，百分数，两位小数；尚无到期事项时为空。", "Of all that was to be answered by now, what was, in per cent with two decimals; null while nothing was.")),
            "last_call_at": or_null(to("Instant")), "last_failure": or_null(to("Failure")),
            "waiting": list(to("Waiting")), "in_flight": count("在途往来数。", "Exchanges under way."),
            "paused": or_null(to("Pause")), "broken_until": or_null(to("Instant")), "opens_at": or_null(to("Instant")),
            "retired": flag("已停用：配置中已无此单位而仍有未结事项。kind 为空的，启动时其文件即已缺失，恢复文件前不能往来。", "Taken out of the configuration while acts are open there. With `kind` null its file was missing at the start already: nothing is exchanged until it is back."),
        }), json!({ "reminder": to("Reminder") })),
        "Waiting": object(("", ""), json!({ "state": to("ActState"), "count": count("", ""), "oldest_since": or_null(to("Instant")) }), json!({})),
        "Failure": object(("最近一次未成的往来或取件。", "The last exchange or sweep that came to nothing."), json!({
            "at": to("Instant"), "cause": text("", "A word that stays, such as `timeout`, `address`, `tls` or `status_503`."),
            "what": text("含义及应检查之处。", "What it means and where to look."),
        }), json!({})),
        "Pause": object(("", ""), json!({ "by": text("令牌名。", "Name of the token."), "until": to("Instant") }), json!({})),
        "Resolved": object(("一人的确认所致。", "What a person's word came to."), json!({
            "version": count("该请求的新版本。", "The request's version now."),
            "settled": flag("已了结；否则须由另一人作同样确认。", "The doubt is over; else another person must say the same."),
            "differs": flag("与此前他人所述不一致，现以本次所述待另一人确认。", "Somebody else said otherwise before; this word waits now for another person's."),
        }), json!({})),
        "Version": object(("该请求的新版本。", "The request's version now."), json!({ "version": count("", "") }), json!({})),
        "Sequence": object(("该命令的日志序号。", "Sequence of the command's event."), json!({ "sequence": count("", "") }), json!({})),
        "Keys": object(("", ""), json!({ "receipt": text("回执与事项留痕清单头的Ed25519公钥：32字节的base64。", "For receipts and the heads of evidence: base64 of the 32 bytes of an Ed25519 public key."), "checkpoint": text("检查点的Ed25519公钥：C2SP验签串“名称+标识+base64”。", "For checkpoints: a C2SP verifier key, `name+id+base64`.") }), json!({})),
        "Live": object(("", ""), json!({ "live": { "const": true } }), json!({})),
        "Health": object(("", ""), json!({
            "ready": flag("", ""), "reasons": list(text("", "")), "durable": count("", ""), "indexed": count("", ""),
            "checkpoint_size": count("", ""), "open_requests": count("", ""), "open_acts": count("", ""),
            "stops": count("生效中的紧急停止。", "Emergency stops in force."),
            "unreadable": count("已知因损坏或丢失而不可读的密钥与事件。", "Keys and events known to be damaged or lost, whose content cannot be read."),
        }), json!({})),
        "Anything": { "type": "object", "additionalProperties": true },
    })
}

/// A list of the form that may be left out.
fn some(form: &Value, list: &str, entry: &str) -> Value {
    let mut some = form["properties"][list].clone();
    some["items"] = to(entry);
    some["minItems"] = json!(0);
    some
}

fn measures() -> Value {
    let form = schema();
    let case_number = || form["$defs"]["case"]["properties"]["number"].clone();
    let of_act = |field: &str| form["$defs"]["act"]["properties"][field].clone();
    let of_party = |field: &str| form["$defs"]["party"]["properties"][field].clone();
    let amount = || of_act("amount");
    let lasting: Vec<&str> = ActKind::ALL.iter().filter(|kind| kind.is_lasting()).map(|kind| kind.word()).collect();
    let mut row = object(
        (
            "其他系统的一项存续措施；CSV以同名列给出，空格为缺省，documents、officers两列的单元格为JSON数组。",
            "A living measure of another system; CSV has columns of the same names, an empty cell is an absent field, and the cells of documents and officers hold JSON lists.",
        ),
        json!({
            "case_number": case_number(), "id_number": of_party("id_number"), "id_type": of_party("id_type"),
            "number": form["$defs"]["original"]["properties"]["slip"].clone(), "partner": of_act("partner"),
            "party_kind": of_party("kind"), "party_name": of_party("name"), "to": of_act("to"),
        }),
        json!({
            "account": of_act("account"), "asset": words_of!(AssetKind, "财产种类；缺省按协助单位所属行业。", "What sort of property; left out, what such a partner brings."), "caught": amount(), "claim": amount(), "costs": amount(), "limit": amount(),
            "court": json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,12}$", "description": "法院代码；缺省为令牌所属法院。 Court code; the token's own when left out." }),
            "court_name": form["$defs"]["court"]["properties"]["name"].clone(), "from": of_act("from"),
            "kind": words("事项种类，缺省freeze。", "What is in force, freeze when left out.", lasting),
            "documents": some(&form, "documents", "DocumentForm"), "officers": some(&form, "officers", "OfficerForm"),
            "original_case_number": case_number(), "queued": flag("轮候。", "Registered behind others."),
            "rank": count("顺位。", "Rank, 1 = first."), "stage": form["$defs"]["case"]["properties"]["stage"].clone(),
        }),
    );
    row["additionalProperties"] = json!(false);
    json!({
        "MeasureState": words_of!(MeasureState, "措施状态。", "Where a measure stands."),
        "MeasureList": object(("一页措施。", "A page of measures."),
            json!({ "measures": list(to("MeasureLine")), "next": or_null(to("Cursor")) }), json!({})),
        "MeasureLine": object(("列表中的一项措施。", "One measure of the list."), json!({
            "id": to("MeasureId"), "case": to("CaseId"), "court": text("法院代码。", "Court code."),
            "partner": text("协助单位。", "Partner."), "kind": to("ActKind"), "state": to("MeasureState"),
            "imported": flag("来自其他系统，或由后续反馈得知。", "From another system, or known by late news."),
            "releasing": flag("正在解除。", "It is being let go."),
        }), json!({
            "asset": words_of!(AssetKind, "财产种类；针对人的和不明的不写。", "What sort of property; left out of what is on a person, and where nobody has said it."),
            "from": to("Date"), "to": to("Date"), "rank": count("顺位，1为首封；不明则不写。", "Rank, 1 = first; left out when it is not known."),
            "limit": said("Yuan", "限额，已扣除划走和解除部分；运维令牌不可见。", "What was ordered, less what was moved and let go; an operator does not see it."),
            "caught": said("Yuan", "实际控制；运维令牌不可见。", "What is held now; an operator does not see it."),
            "number": text("协助单位处的编号；运维令牌不可见其他系统的编号。", "The number by which the partner knows it; an operator does not see one of another system."),
        })),
        "ImportRow": row,
        "ImportVerdicts": object(("逐行结论。", "A verdict for each row."), json!({
            "imported": count("", ""), "known": count("此前已有。", "Known before."), "refused": count("", ""),
            "rows": list(object(("", ""), json!({
                "row": count("第几行，自1起。", "Which, from 1."), "verdict": words("", "", vec!["imported", "known", "refused"]),
            }), json!({ "measure": to("MeasureId"), "differs": list(object(("", ""), json!({
                "field": words("该行与已记不一致之处。", "What the row says otherwise than what is known; nothing was changed.",
                    vec!["id_number", "account", "kind", "asset", "limit", "caught", "from", "to", "rank", "queued"]),
            }), json!({ "known": text("已记的值；不明或涉及个人的不写。", "What is known; left out where nothing is, and of what is personal.") }))), "problem": { "type": "object", "additionalProperties": true,
                "description": "未导入的原因，同其他拒绝。 Why not, in the form of every refusal." } }))),
        }), json!({})),
    })
}

fn stops() -> Value {
    let alone = |name: &str, schema: Value| {
        let mut shape = object(("", ""), json!({ name: schema }), json!({}));
        shape["additionalProperties"] = json!(false);
        shape
    };
    json!({
        "StopId": { "type": "string", "pattern": "^stp_[0-9a-z]{12}$", "description": "紧急停止编号。 Id of an emergency stop." },
        "StopScope": { "description": "三者之一：事项种类、法院、全部。 One of three: kinds of act, a court, everything.", "oneOf": [
            alone("acts", json!({ "type": "array", "minItems": 1, "maxItems": 32, "items": to("ActKind") })),
            alone("court", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,6}$", "description": "法院代码。 Court code." })),
            alone("all", json!({ "const": true })),
        ] },
        "StopList": object(("", ""), json!({ "stops": list(to("Stop")) }), json!({})),
        "Stop": object(("一项紧急停止。", "An emergency stop."), json!({
            "id": to("StopId"), "scope": to("StopScope"), "by": text("令牌名。", "Name of the token."),
            "own": flag("由该院人员下达。", "A person of that court ordered it."), "at": to("Instant"), "reason": text("理由。", "Why."),
        }), json!({ "lift_proposed": object(("已有一人同意解除。", "A first person wants it lifted."),
            json!({ "by": text("令牌名。", "Name of the token."), "at": to("Instant") }), json!({})) })),
        "StopOrdered": object(("", ""), json!({ "id": to("StopId"), "sequence": count("", "") }), json!({})),
        "StopLifted": object(("", ""), json!({ "sequence": count("", ""), "lifted": flag("已解除；否则尚需另一人。", "It is lifted; else another person is needed.") }), json!({})),
    })
}

fn inboxes() -> Value {
    json!({
        "InboxList": object(("一页待办事项，旧的在前。", "A page of tasks, oldest first."), json!({
            "partner": text("协助单位名称。", "The partner's name."), "tasks": list(to("InboxTask")),
            "open": count("待办总数。", "How many are open in all."), "overdue": count("其中逾期。", "How many of those are overdue."),
            "next": or_null(count("下一页的from。", "The from of the next page.")),
        }), json!({ "reminder": to("Reminder") })),
        "Reminder": object(("如何催办；文件未设则无。", "How the clerks are reminded; left out where the partner's file says nothing of it."), json!({
            "next_at": or_null(said("Instant", "照目前情形的下次催办。", "When the next one goes as things stand.")), "failures": count("连续未送达的次数。", "Attempts in a row that were not acknowledged."),
        }), json!({
            "reminded_at": said("Instant", "最近一次送达。", "When one was acknowledged last."), "cause": text("最近一次未送达的原因。", "What was seen at the last that was not."),
            "keys": list(text("验签公钥，只向运维人员显示。", "A public key that they are signed with; for operators.")),
        })),
        "InboxTask": object(("一件待办事项。", "A task."), json!({
            "id": to("ActId"), "slip": text("请求单号。", "Slip number."), "line": count("请求单内序号。", "Line on the slip."),
            "kind": to("ActKind"), "state": to("ActState"), "offered_at": said("Instant", "首次下发。", "When it was shown first."),
            "due": said("Instant", "应反馈时间。", "When an answer is due."), "overdue": flag("已逾期。", "That has passed."),
            "held": flag("已被紧急停止：未办理的请勿办理。", "Held by an emergency stop: not to be carried out now."),
            "case": object(("", ""), json!({ "number": text("案号。", "Case number."), "court": text("法院代码。", "Court code."),
                "court_name": text("法院名称。", "Name of the court.") }), json!({})),
            "officers": list(object(("承办人。", "An officer."), json!({ "name": text("", ""), "work_id": text("工作证。", "Work card."),
                "duty_id": text("执行公务证。", "Duty card."), "phone": text("", "") }), json!({}))),
            "papers": list(object(("法院文书或证件扫描件。", "A paper of the court, or a credential's scan."), json!({
                "n": count("在papers/{n}下载。", "Read at papers/{n}."), "kind": text("", ""), "number": text("文号。", "Its own number."),
                "file_name": text("", "") }), json!({}))),
        }), json!({
            "reminded_at": said("Instant", "本件最近一次催办送达。", "When the clerks were reminded of it last."),
            "claim": to("Claim"), "subject": object(("被执行人。", "Whom it is about."), json!({ "kind": text("", ""), "name": text("", ""),
                "id_type": text("", ""), "id_number": text("", "") }), json!({})),
            "account": text("账号或财产。", "Account or other asset."), "amount": to("Yuan"), "from": to("Date"), "to": to("Date"),
            "original": object(("所依据的原请求。", "What it builds on."), json!({ "slip": text("", ""), "case_number": text("", "") }), json!({})),
            "payer": object(("退回款项来源的执行款专户。", "The court's account that money comes back from."), json!({ "holder": text("", ""),
                "bank": text("", ""), "bank_code": text("", ""), "number": text("", "") }), json!({})),
            "destination": object(("款项划往的执行款专户。", "Where money goes."), json!({ "holder": text("", ""), "bank": text("", ""),
                "bank_code": text("", ""), "number": text("", "") }), json!({})),
            "note": text("办理要求。", "What people are to do."), "details": list(to("Detail")), "answer": said("Outcome", "最近一次答复。", "What was answered last."),
        })),
        "Claim": object(("认领。", "Who is at it."), json!({ "by": text("令牌名。", "Name of the token."), "until": to("Instant"),
            "own": flag("本人。", "It is the caller's own.") }), json!({})),
        "Answered": object(("已收到的答复；重复提交得同一应答。", "An answer that was taken; a repeat gets the same."), json!({
            "id": to("ActId"), "state": to("ActState"), "verdict": said("Verdict", "按金额核定的结果。", "As it was read by its sums."), "receipt": to("Receipt"),
        }), json!({})),
    })
}

/// What a clerk says became of an act.
fn answer_form() -> Value {
    let closed = |always: Value, maybe: Value| {
        let mut shape = object(("", ""), always, maybe);
        shape["additionalProperties"] = json!(false);
        shape
    };
    let plain = |max: usize| json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": PLAIN });
    let amount = || schema()["$defs"]["act"]["properties"]["amount"].clone();
    let day = || schema()["$defs"]["act"]["properties"]["to"].clone();
    let up_to = |of: Value, max: usize| json!({ "type": "array", "maxItems": max, "items": of });
    // Base64 of what begins with %PDF-, without stray bits at its end.
    let pdf =
        "^JVBERi[0-3][A-Za-z0-9+/]([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
    let file_name = schema()["$defs"]["document"]["properties"]["file_name"].clone();
    let detail = || json!({ "$ref": "#/components/schemas/DetailForm" });
    json!({
        "AnswerForm": closed(json!({ "verdict": to("Verdict") }), json!({
            "reason": to("Reason"), "text": plain(1_000), "limit": amount(), "caught": amount(), "moved": amount(),
            "from": day(), "to": day(), "due": day(), "serial": plain(64),
            "accounts": up_to(to("FoundForm"), domain::outcome::ACCOUNTS_MAX), "ahead": up_to(to("PriorForm"), 100),
            "findings": up_to(to("FindingForm"), domain::outcome::FINDINGS_MAX), "replies": up_to(to("ReplyForm"), 4),
        })),
        "FoundForm": closed(json!({ "number": plain(64) }), json!({
            "class": plain(100), "status": plain(100), "currency": plain(10), "balance": amount(), "available": amount(), "branch": plain(100),
            "asset": words_of!(AssetKind, "", ""), "role": words_of!(AssetRole, "", ""), "ahead": up_to(to("PriorForm"), 100),
            "details": up_to(detail(), domain::outcome::DETAILS_MAX),
        })),
        "PriorForm": closed(json!({ "organ": plain(100) }), json!({ "paper": plain(100), "amount": amount(), "to": day() })),
        "FindingForm": closed(json!({ "class": words_of!(FindingClass, "", ""), "details": up_to(detail(), domain::outcome::DETAILS_MAX) }), json!({})),
        "ReplyForm": closed(json!({ "base64": { "type": "string", "maxLength": 6_990_508, "pattern": pdf, "description": "PDF原文的Base64。 Base64 of a PDF." }, "file_name": file_name }), json!({})),
    })
}

fn bodies() -> Value {
    let reason = json!({ "type": "string", "minLength": 1, "maxLength": REASON_CHARACTERS_MAX, "pattern": PLAIN,
        "description": "理由；无控制字符、不可见字符、首尾空白。 In a person's words; no control or invisible characters, no blanks around." });
    let closed = |mut shape: Value| {
        shape["additionalProperties"] = json!(false);
        shape
    };
    let form = schema();
    json!({
        "AgainForm": closed(object(("", ""), json!({ "since_version": count("已有的版本。", "The version that is there.") }), json!({}))),
        "ClaimForm": closed(object(("", ""), json!({ "claim": form["$defs"]["case"]["properties"]["claim"].clone(), "reason": reason }),
            json!({ "costs": form["$defs"]["case"]["properties"]["costs"].clone() }))),
        "HaltForm": closed(object(("", ""), json!({
            "cause": { "type": "string", "enum": HaltCause::ALL.iter().map(|cause| cause.word()).collect::<Vec<_>>(), "description": "破产受理；和解；撤回申请。 Why." },
            "reason": reason,
        }), json!({ "document": to("Digest") }))),
        "AcceptForm": closed(object(("", ""), json!({ "reason": reason }), json!({
            "document": to("DocumentForm"), "documents": some(&form, "documents", "DocumentForm"),
            "officers": some(&form, "officers", "OfficerForm"),
        }))),
        "StopForm": closed(object(("", ""), json!({ "reason": reason, "scope": to("StopScope") }), json!({}))),
        "ReasonForm": closed(object(("", ""), json!({ "reason": reason }), json!({}))),
        "PauseForm": closed(object(("", ""), json!({ "reason": reason, "until": { "type": "string", "format": "date-time", "maxLength": 35,
            "description": "至何时。 Until when." } }), json!({}))),
        "ResolveForm": closed(object(("", ""), json!({
            "took_effect": flag("协助单位文书是否载明已生效。", "Whether the partner's paper says that it took effect."),
            "document": to("Digest"), "reason": reason,
        }), json!({ "amount": form["$defs"]["act"]["properties"]["amount"].clone() }))),
    })
}

/// No control or hidden characters, nothing that turns text around, no blank at either end: what `is_plain` lets through, but for where a variation
/// selector may stand. Those above U+FFFF stand as themselves, because regular expressions name them differently and all read them so.
pub const PLAIN: &str = concat!(
    r"^[^\s\u0000-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFD",
    "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E00FF}\u{E01F0}-\u{E0FFF}",
    r"]([^\u0000-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFD",
    "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E00FF}\u{E01F0}-\u{E0FFF}",
    r"]*[^\s\u0000-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFD",
    "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E00FF}\u{E01F0}-\u{E0FFF}",
    r"])?$",
);

/// `request.schema.json` with its parts as schemas of their own: `case` becomes `CaseForm`.
fn request_form() -> Value {
    let mut form = schema();
    let whole = form.as_object_mut().unwrap();
    let Some(Value::Object(parts)) = whole.remove("$defs") else { panic!("request.schema.json has no $defs") };
    whole.remove("$schema");
    whole.remove("$id");
    whole.remove("examples");
    let mut all = Map::new();
    all.insert("RequestForm".to_owned(), form);
    for (name, shape) in parts {
        all.insert(form_name(&name), shape);
    }
    let mut all = Value::Object(all);
    retarget(&mut all);
    all
}

fn form_name(part: &str) -> String {
    let (first, rest) = part.split_at(1);
    format!("{}{rest}Form", first.to_uppercase())
}

fn retarget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member.as_str().and_then(|text| text.strip_prefix("#/$defs/"))) {
                    ("$ref", Some(part)) => *member = json!(format!("#/components/schemas/{}", form_name(part))),
                    _ => retarget(member),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(retarget),
        _ => {}
    }
}
