//! Shapes of what proves an act, and of what its applicant may see.

use domain::delay::{Awaited, Stage};
use domain::outcome::AssetKind;
use serde_json::{Value, json};
use web::limits::REASON_CHARACTERS_MAX;

use super::shapes::{PLAIN, count, flag, list, object, text, to, words};

/// What is shown and what is taken.
pub fn schemas() -> Value {
    let (Value::Object(mut all), Value::Object(more)) = (of_evidence(), of_applicants()) else {
        panic!("schemas are an object")
    };
    all.extend(more);
    Value::Object(all)
}

/// Of evidence.
fn of_evidence() -> Value {
    let awaited =
        || words("等待的对象。", "For whom was waited.", Awaited::ALL.iter().map(|word| word.word()).collect());
    let stages = Stage::ALL.iter().map(|stage| stage.word()).collect();
    let event = || count("留痕序号。", "Sequence of its event.");
    let cursor = || json!({ "oneOf": [to("Cursor"), { "type": "null" }] });
    json!({
        "Evidence": object(("证明一项事项的全部留痕。", "Everything that proves an act."), json!({
            "act": to("ActId"), "request": to("RequestId"), "case": to("CaseId"), "court": text("法院代码。", "Court code."), "state": to("ActState"),
            "as_of": to("Instant"), "erased": flag("案件密钥已销毁，密文内容不复存在，证明仍在。", "The case's key was destroyed; what was sealed is gone, the proofs stay."),
            "complete": flag("其事件均已查看。", "All of its events were looked at."), "times": to("EvidenceTimes"), "delays": list(to("Delay")),
            "waited": list(object(("", ""), json!({ "awaited": awaited(), "ms": count("合计毫秒。", "Milliseconds in all.") }), json!({}))),
            "exchanges": list(to("EvidenceExchange")), "exchanges_total": count("报文往来总次数。", "Messages in all."),
            "people": list(object(("经办人的行为。", "What a person did."), json!({ "event": event(), "at": to("Instant"), "what": text("事件名。", "The event's name."), "by": text("令牌名。", "Name of the token.") }), json!({}))),
            "reminders": list(to("EvidenceReminder")), "objections": list(to("Objection")), "ranks": list(to("RegisteredRank")), "released_alone": list(to("ReleasedAlone")),
            "rules": list(object(("适用的留痕类规则。", "A rule of the level evidence that applies."), json!({
                "id": { "type": "string", "pattern": "^D[0-9]+$" }, "source": text("出处。", "Where it stands."), "zh": text("规则。", "The rule in Chinese."), "en": text("", "The rule in English."),
            }), json!({}))),
            "events": list(to("ProvenEvent")), "events_total": count("留痕总条数。", "Events in all."), "next": cursor(),
            "tree_size": count("证明所对的树长。", "Size of the tree that the proofs are for."), "checkpoint": text("签名检查点原文。", "The signed checkpoint."), "head": to("EvidenceHead"),
        }), json!({
            "kind": to("ActKind"), "partner": text("协助单位。", "Partner."), "sealed": to("SealedEvidence"), "order_digest": to("BodyDigest"),
        })),
        "EvidenceHead": head(),
        "SealedEvidence": object(("密文中所载；运维人员不可见。", "What stands sealed; not for operators."), json!({
            "case_number": text("案号。", "Case number."), "slip": text("请求单号-行号。", "Slip and line."), "subject": count("当事人序号。", "Place in the case's parties."),
            "officers": list(object(("", ""), json!({ "name": text("", ""), "work_id": text("", ""), "duty_id": text("", "") }), json!({}))),
            "papers": list(object(("", ""), json!({ "kind": text("", ""), "number": text("", ""), "digest": to("Digest") }), json!({}))),
        }), json!({ "account": text("账号。", "Account."), "amount": to("Yuan"), "from": to("Date"), "to": to("Date") })),
        "Moment": object(("", ""), json!({ "at": to("Instant"), "event": event() }), json!({})),
        "EvidenceTimes": object(("各时点（D16）；无则未到。", "The separate times of rule D16; what is left out has not come."), json!({}), json!({
            "decided": to("Moment"), "queued": to("Moment"), "sent": to("Moment"), "received": to("Moment"), "effective": to("Moment"), "answered": to("Moment"),
            "effective_as_of": text("协助单位自称的时间。", "The partner's own time of it."), "effective_from": to("Date"),
        })),
        "Delay": object(("一段等待；首尾相接，不重叠。", "A stretch of waiting; one begins where another ends."), json!({
            "from": to("Instant"), "ms": count("毫秒。", "Milliseconds."), "stage": words("环节。", "In what stage.", stages), "what": text("环节，按调用方语言。", "The stage in words."),
            "awaited": awaited(), "event": event(),
        }), json!({ "until": to("Instant"), "by": text("令牌名。", "Name of the token that held it.") })),
        "EvidenceExchange": object(("一次报文往来。", "A message."), json!({
            "number": count("第几次，自1起。", "Which, from 1."), "event": event(), "kind": text("send、ask、offer，或送来的方式。", "send, ask, offer, or the way it came in."), "began": to("Instant"),
        }), json!({
            "ended": to("Moment"), "judged": text("判定。", "How it was judged."), "cause": text("未得答复的原因。", "What was seen when nothing was answered."), "verdict": to("Verdict"),
            "state": to("ActState"), "digest": to("BodyDigest"), "replies": list(to("Hash")),
        })),
        "EvidenceReminder": object(("向无系统单位经办人的一次催办。", "An attempt to remind the clerks of a partner without a system."), json!({
            "event": event(), "at": to("Instant"), "why": words("缘由：新到、仍未办结、逾期；就收件箱整体而言。", "Why, of the inbox as a whole.", vec!["arrived", "waiting", "overdue"]),
            "tries": count("第几次尝试，自1起。", "Which try, from 1."),
        }), json!({
            "ended": to("Moment"), "judged": words("判定；在途则不写。", "What became of it; left out while it is under way.", vec!["acknowledged", "not_acknowledged", "given_up"]),
            "cause": text("未送达的原因。", "What was seen when it was not acknowledged."),
        })),
        "Objection": object(("书面异议及其处理（D18）。", "A written objection and what became of it (D18)."), json!({ "event": event(), "at": to("Instant") }), json!({
            "due": to("Instant"), "text": text("异议内容。", "What it says."),
            "answered": object(("", ""), json!({ "at": to("Instant"), "event": event(), "end": text("", ""), "by": text("", ""), "in_time": flag("未逾期。", "Within the time allowed.") }), json!({ "text": text("答复理由。", "In the words of whoever answered.") })),
        })),
        "RegisteredRank": object(("协助单位登记的顺位（D31）。", "A rank as the partner registered it (D31)."), json!({ "event": event(), "at": to("Instant"), "queued": flag("轮候。", "Behind others.") }),
            json!({ "rank": count("1为首位；不明则不写。", "1 = first; left out when it is not known.") })),
        "ReleasedAlone": object(("协助单位未经要求的解除（D30）。", "A release by the partner without an order (D30)."), json!({
            "event": event(), "at": to("Instant"), "how": text("如何得知。", "How it came to be known."), "state": text("此后状态。", "Where it stands since."),
        }), json!({})),
        "ProvenEvent": object(("一条留痕及其包含证明。", "An event with its inclusion proof."), json!({
            "sequence": count("", ""), "at": to("Instant"), "name": text("", "Its name."), "what": text("何事，按调用方语言。", "What happened, in the caller's language."),
            "entry": { "type": "string", "pattern": "^/v1/trail/entries/[0-9]+$" }, "leaf": { "anyOf": [to("Leaf"), { "type": "null" }] }, "leaf_hash": to("Hash"),
            "proof": { "anyOf": [list(to("Hash")), { "type": "null" }], "description": "检查点尚未覆盖时为null。 null while the checkpoint does not cover it." },
        }), json!({ "reason": text("理由原文。", "In a person's words.") })),
    })
}

/// What is signed of them all.
fn head() -> Value {
    object(
        (
            "签名的留痕清单头：该事项共有哪些留痕。以/trail/keys的receipt公钥，对“xiezhi.evidence.v1”、一个零字节、本对象去掉signature后的规范JSON（RFC 8785）作Ed25519签名。",
            "Which events there are of the act, signed: Ed25519 by the receipt key of /trail/keys over `xiezhi.evidence.v1`, one zero byte, and the canonical JSON (RFC 8785) of this object without `signature`.",
        ),
        json!({
            "act": to("ActId"), "request": to("RequestId"), "case": to("CaseId"), "complete": flag("其事件均已查看。", "All of its events were looked at."),
            "events_digest": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "按序对每条留痕的序号（8字节大端）与叶哈希（32字节）求SHA-256。 SHA-256 over each event in order: its sequence in eight bytes, big-endian, then its leaf hash, 32 bytes." },
            "events_total": count("留痕总条数，各页合计。", "Events in all, of all pages."), "log": text("日志名，即检查点首行。", "The log's name, first line of every checkpoint."),
            "tree_size": count("证明所对的树长。", "Size of the tree that the proofs of this answer are for."), "v": count("本格式版本：1。", "Version of this form: 1."),
            "signature": { "type": "string", "contentEncoding": "base64", "minLength": 88, "maxLength": 88, "description": "Ed25519签名。 The signature." },
        }),
        json!({}),
    )
}

/// Of applicants.
fn of_applicants() -> Value {
    let assets = AssetKind::ALL.iter().map(|asset| asset.word()).collect();
    let mut form = object(
        ("", ""),
        json!({
            "allow": flag("许可，或撤回许可。", "It may, or no longer."),
            "reason": { "type": "string", "minLength": 1, "maxLength": REASON_CHARACTERS_MAX, "pattern": PLAIN, "description": "理由。 Why." },
        }),
        json!({}),
    );
    form["additionalProperties"] = json!(false);
    json!({
        "ApplicantForm": form,
        "ApplicantView": object(("申请执行人可见的结果。", "What the applicant may see."), json!({
            "case_number": text("案号。", "Case number."), "court": text("法院代码。", "Court code."), "goal": to("Goal"), "state": to("RequestState"), "accepted_at": to("Instant"),
            "as_of": to("Instant"), "erased": flag("", ""), "sums": object(("仅及于本请求。", "Of this request alone."), json!({ "target": to("Yuan"), "controlled": to("Yuan"), "deducted": to("Yuan") }), json!({})),
            "counts": { "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 }, "description": "各状态的事项数。 Acts in each state." },
            "results": list(to("ApplicantResult")), "next_page": { "anyOf": [count("", ""), { "type": "null" }] },
        }), json!({})),
        "ApplicantResult": object(("一项事项的结果。", "What came of an act."), json!({
            "kind": to("ActKind"), "partner": text("协助单位。", "Partner."), "subject": count("当事人序号。", "Place in the case's parties."), "state": to("ActState"),
        }), json!({
            "account_end": text("账号末四位。", "The last four characters of the account."), "amount": to("Yuan"), "caught": to("Yuan"), "moved": to("Yuan"), "measure": to("Measure"),
            "found": list(object(("", ""), json!({ "asset": words("财产种类。", "What sort of property.", assets) }), json!({ "account_end": text("", ""), "balance": to("Yuan"), "available": to("Yuan") }))),
        })),
    })
}
