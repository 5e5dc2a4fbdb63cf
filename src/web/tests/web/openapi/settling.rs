//! Shapes of tasks, settlements and reconciliation.

use domain::ActState;
use domain::task::TaskKind;
use serde_json::{Value, json};

use super::shapes::{PLAIN, count, flag, list, object, said, text, to, words};
use crate::house::schema;

/// What is shown and what is taken.
pub fn schemas() -> Value {
    let closed = |mut shape: Value| {
        shape["additionalProperties"] = json!(false);
        shape
    };
    let amount = || schema()["$defs"]["act"]["properties"]["amount"].clone();
    let above_zero = |mut shape: Value| {
        let said = shape["description"].as_str().unwrap_or_default();
        shape["description"] = json!(format!("大于零。{said} Above zero."));
        shape["not"] = json!({ "pattern": "^[0.]*$" });
        shape
    };
    let day = || schema()["$defs"]["act"]["properties"]["to"].clone();
    let ascii = |max: u16, beside: &str, said: &str| json!({ "type": "string", "pattern": format!("^[A-Za-z0-9{beside}]{{1,{max}}}$"), "description": said });
    let plain = |max: u16, said: &str| json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": PLAIN, "description": said });
    let kinds: Vec<&str> = TaskKind::ALL.iter().map(|kind| kind.word()).collect();
    let states: Vec<&str> = ActState::ALL.iter().map(|state| state.word()).collect();
    json!({
        "TaskId": { "type": "string", "pattern": "^tsk_[0-9a-z]{12}$", "description": "待办编号。 Id of a task." },
        "MeasureId": { "type": "string", "pattern": "^mea_[0-9a-z]{16}$", "description": "措施编号。 Id of a measure." },
        "TaskKind": words("待办种类。", "What is to be done.", kinds),
        "TaskPage": object(("", ""), json!({ "tasks": list(to("Task")), "next": { "oneOf": [to("Cursor"), { "type": "null" }] } }), json!({})),
        "Task": object(("一项待办。", "A task."), json!({
            "id": to("TaskId"), "kind": to("TaskKind"), "what": text("须办理的事。", "What is to be done, in words."), "at": to("Instant"),
            "automatic": flag("到时由网关按法院策略办理。", "The court's policy does what it proposes, unless a person is quicker."),
        }), json!({
            "rule": text("所依规则。", "The rule it serves."), "due": to("Instant"), "court": text("法院代码；无则属运维。", "Court code; left out when it is the operators'."),
            "case": to("CaseId"), "act": to("ActId"), "measure": to("MeasureId"), "partner": text("协助单位。", "Partner."),
            "amount": said("Yuan", "金额；属于案件的，运维令牌不可见。", "A sum; an operator does not see one that belongs to a case."),
            "text": text("说明；运维令牌不可见他人所书。", "In words; an operator does not see what somebody wrote."),
        })),
        "ObjectionForm": closed(object(("", ""), json!({ "text": plain(500, "异议内容。 What it says.") }), json!({}))),
        "TaskEndForm": closed(object(("", ""), json!({
            "end": { "type": "string", "enum": ["done", "dismissed"], "description": "已办理，或无需办理。 It was done, or nothing is to be done." },
            "reason": plain(500, "理由。 Why."),
        }), json!({}))),
        "SettlementForm": closed(object(("", ""), json!({
            "account": ascii(64, "\\-_.", "账号。 Account number."), "bank_code": ascii(20, "", "开户行联行号。 Clearing number of the bank."),
            "lines": { "type": "array", "maxItems": 1_000, "items": to("SettlementLine") },
        }), json!({ "court": ascii(12, "", "法院代码；令牌不属法院时须写。 Court code, when the token is of no court.") }))),
        "SettlementLine": closed(object(("一笔到账。", "A line of the statement."), json!({
            "amount": above_zero(amount()), "day": day(), "serial": ascii(64, "\\-_./", "银行流水号；同一流水号只计一次。 The bank's own serial; each counts once."),
        }), json!({
            "booked_back": flag("冲正。", "It was booked back."),
            "reference": plain(200, "附言；其中的请求单号用于匹配。 What the payer wrote; a slip in it is found."),
            "slip": ascii(28, "\\-", "请求单号，或请求单号-行号。 The slip, or slip-line."),
        }))),
        "Settled": object(("", ""), json!({ "lines": list(object(("一行的结果，按原次序。", "What became of a line, in the order given."), json!({
            "result": { "type": "string", "enum": ["matched", "unmatched", "known", "differs", "refused"],
                "description": "已匹配、未匹配、先前已告知、先前同一流水号告知的金额不同（未记，已列为待办）、未记（入账日晚于明日）。 Matched, unmatched, told before, told before under this serial with another sum (not taken; a task asks a person to look), not taken (booked later than tomorrow)." },
        }), json!({ "act": to("ActId"), "problem": { "type": "object", "additionalProperties": true,
            "description": "未记的原因，同其他拒绝。 Why not, in the form of every refusal." } }))) }), json!({})),
        "ReconciliationForm": closed(object(("", ""), json!({
            "day": day(), "lines": { "type": "array", "maxItems": 2_000, "items": to("ListedLine") },
        }), json!({ "whole": flag("清单列尽该日签发的全部请求单。", "The list names everything issued on that day.") }))),
        "ListedLine": closed(object(("协助单位清单的一行。", "A line of the partner's list."), json!({
            "slip": ascii(28, "\\-", "请求单号，或请求单号-行号。 The slip, or slip-line."),
        }), json!({
            "line": { "type": "integer", "minimum": 0, "maximum": 65_535, "description": "行号。 Line on the slip." },
            "state": words("办理状态。", "What became of it there.", states), "limit": amount(), "caught": amount(), "moved": amount(),
        }))),
        "Reconciled": object(("", ""), json!({
            "sequence": count("", ""), "lines": count("清单行数。", "Lines of the list."), "not_compared": count("无从比对的行数：案件已清除，或年代过久。", "Lines that cannot be compared any more: their case was erased, or they stand too far back to be looked for."), "complete": flag("清单所应列尽的均已查过；false时所缺可能不止所列。", "All that a whole list must name was looked through; when false it may lack more than is told."), "differences": list(object(("一项差异。", "A difference."), json!({
                "what": { "type": "string", "enum": ["unknown_slip", "not_listed", "state", "limit", "caught", "moved"], "description": "差在何处。 What differs." },
            }), json!({ "line": count("清单行序，自0起。", "Place in the list, from 0."), "act": to("ActId"), "ours": said("Yuan", "我方记录的金额；仅协助单位自己可见，运维令牌不可见。", "Our sum; shown to the partner itself, not to an operator.") }))),
        }), json!({})),
    })
}
