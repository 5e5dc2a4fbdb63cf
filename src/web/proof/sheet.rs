//! The sheet: what proves one act as Chinese text to print, sign and file; drawn from a page of its evidence as it is shown to programs,
//! so that whoever has checked a page draws the very same.

use std::fmt::{self, Write as _};

use domain::delay::{Awaited, Stage};
use domain::{ActKind, Millis};
use serde_json::Value;

use crate::intake::text::Visible;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What somebody wrote, with hidden characters by their number.
fn said<'v>(value: &'v Value, key: &str) -> Visible<'v> {
    Visible(text(value, key))
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A line with its heading, when there is anything to say.
fn line(out: &mut String, heading: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(out, "{heading}：{text}")
}

fn moment(out: &mut String, heading: &str, moment: Option<&Value>) -> fmt::Result {
    match moment {
        Some(it) => writeln!(out, "  {heading}　{}　（留痕第{}条）", text(it, "at"), number(it, "event")),
        None => writeln!(out, "  {heading}　——"),
    }
}

/// Days, hours, minutes and seconds; what is zero in front is left out.
fn length(ms: Millis) -> String {
    let s = ms / 1_000;
    let parts = [(s / 86_400, "天"), (s / 3_600 % 24, "小时"), (s / 60 % 60, "分"), (s % 60, "秒")];
    let shown: String =
        parts.iter().skip_while(|(count, _)| *count == 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "不足1秒".to_owned() } else { shown }
}

fn ms(value: &Value) -> Millis {
    value.get("ms").and_then(Value::as_i64).unwrap_or_default()
}

fn awaited(value: &Value) -> &'static str {
    Awaited::from_word(text(value, "awaited")).map_or("", Awaited::chinese)
}

/// The sheet of a page of evidence; what the page does not say is left out.
#[must_use]
pub fn sheet(page: &Value) -> String {
    let mut out = String::with_capacity(8_192);
    // Writing into a string does not fail.
    let _written = write(&mut out, page);
    out
}

fn write(out: &mut String, page: &Value) -> fmt::Result {
    writeln!(out, "协助执行事项证据单\n")?;
    line(out, "事项编号", text(page, "act"))?;
    let kind = ActKind::from_word(text(page, "kind"));
    line(out, "事项种类", kind.map_or("（案件密钥已销毁）", ActKind::chinese))?;
    line(out, "协助单位", text(page, "partner"))?;
    line(out, "法院代码", text(page, "court"))?;
    line(out, "所属请求", text(page, "request"))?;
    line(out, "目前状态", text(page, "state"))?;
    line(out, "出具时间", text(page, "as_of"))?;
    if let Some(sealed) = page.get("sealed") {
        write_sealed(out, sealed)?;
    }
    if !text(page, "order_digest").is_empty() {
        line(out, "下达内容密文摘要（SHA-256）", text(page, "order_digest"))?;
    }
    writeln!(out, "\n一、各时点（D16）")?;
    let times = [
        ("作出决定", "decided"),
        ("可以发送", "queued"),
        ("发出", "sent"),
        ("协助单位收到", "received"),
        ("协助单位办理生效", "effective"),
        ("办结", "answered"),
    ];
    for (heading, key) in times {
        moment(out, heading, page.get("times").and_then(|times| times.get(key)))?;
    }
    writeln!(out, "\n二、等待的环节（D29）")?;
    for it in list(page, "delays") {
        let until = Some(text(it, "until")).filter(|until| !until.is_empty()).unwrap_or("至今");
        let stage = Stage::from_word(text(it, "stage")).map_or("", Stage::chinese);
        let (from, took, event) = (text(it, "from"), length(ms(it)), number(it, "event"));
        writeln!(out, "  {from}—{until}　{took}　{stage}　等待：{}（留痕第{event}条）", awaited(it))?;
    }
    for it in list(page, "waited") {
        writeln!(out, "  合计等待{}：{}", awaited(it), length(ms(it)))?;
    }
    write_exchanges(out, page)?;
    write_people(out, page)?;
    write_standing(out, page)?;
    writeln!(out, "\n七、适用规则")?;
    for rule in list(page, "rules") {
        writeln!(out, "  {}　{}（{}）", text(rule, "id"), text(rule, "zh"), text(rule, "source"))?;
    }
    write_events(out, page)
}

fn write_sealed(out: &mut String, sealed: &Value) -> fmt::Result {
    for (heading, key) in [("案号", "case_number"), ("请求单号", "slip"), ("账号", "account"), ("金额（元）", "amount")]
    {
        if !text(sealed, key).is_empty() {
            line(out, heading, said(sealed, key))?;
        }
    }
    for it in list(sealed, "officers") {
        let (name, work_id, duty_id) = (said(it, "name"), said(it, "work_id"), said(it, "duty_id"));
        line(out, "承办人", format!("{name}　工作证{work_id}　公务证{duty_id}"))?;
    }
    for it in list(sealed, "papers") {
        line(out, "文书", format!("{}　{}　{}", text(it, "kind"), said(it, "number"), text(it, "digest")))?;
    }
    Ok(())
}

fn write_exchanges(out: &mut String, page: &Value) -> fmt::Result {
    writeln!(out, "\n三、报文往来（共{}次）", number(page, "exchanges_total"))?;
    for it in list(page, "exchanges") {
        write!(out, "  第{}次　{}　{}", number(it, "number"), text(it, "kind"), text(it, "began"))?;
        if let Some(ended) = it.get("ended") {
            write!(out, "—{}　判定：{}", text(ended, "at"), text(it, "judged"))?;
        }
        for (heading, key) in [("　结果：", "verdict"), ("　原因：", "cause"), ("　答复密文摘要：", "digest")]
        {
            if !text(it, key).is_empty() {
                write!(out, "{heading}{}", text(it, key))?;
            }
        }
        for reply in list(it, "replies") {
            write!(out, "　回执摘要：{}", reply.as_str().unwrap_or_default())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_reminders(out: &mut String, page: &Value) -> fmt::Result {
    let reminders = list(page, "reminders");
    if !reminders.is_empty() {
        writeln!(out, "\n　　向协助单位经办人催办")?;
    }
    for it in reminders {
        let why = match text(it, "why") {
            "arrived" => "新到",
            "overdue" => "逾期",
            _ => "仍未办结",
        };
        write!(out, "  {}　{why}　第{}次　", text(it, "at"), number(it, "tries"))?;
        match it.get("ended") {
            None => write!(out, "尚未判定")?,
            Some(ended) if text(it, "judged") == "acknowledged" => write!(out, "已送达（{}）", text(ended, "at"))?,
            Some(_) => write!(out, "未送达：{}", text(it, "cause"))?,
        }
        writeln!(out, "（留痕第{}条）", number(it, "event"))?;
    }
    Ok(())
}

fn write_people(out: &mut String, page: &Value) -> fmt::Result {
    writeln!(out, "\n四、经办与审批")?;
    for it in list(page, "people") {
        let (at, what, by) = (text(it, "at"), text(it, "what"), text(it, "by"));
        writeln!(out, "  {at}　{what}　{by}（留痕第{}条）", number(it, "event"))?;
    }
    write_reminders(out, page)?;
    writeln!(out, "\n五、书面异议（D18）")?;
    for it in list(page, "objections") {
        writeln!(out, "  {}提出（留痕第{}条）{}", text(it, "at"), number(it, "event"), said(it, "text"))?;
        match it.get("answered") {
            Some(answered) => {
                let (at, end, by) = (text(answered, "at"), text(answered, "end"), text(answered, "by"));
                let (words, event) = (said(answered, "text"), number(answered, "event"));
                writeln!(out, "    {at}答复：{end}　{by}　{words}（留痕第{event}条）")?;
            }
            None => {
                let due = Some(text(it, "due")).filter(|due| !due.is_empty()).unwrap_or("——");
                writeln!(out, "    尚未答复，期限：{due}")?;
            }
        }
    }
    Ok(())
}

fn write_standing(out: &mut String, page: &Value) -> fmt::Result {
    writeln!(out, "\n六、顺位（D31）与未经本系统下达的解除（D30）")?;
    for it in list(page, "ranks") {
        let rank = it.get("rank").and_then(Value::as_u64);
        let rank = rank.map_or("未报明".to_owned(), |rank| format!("第{rank}位"));
        let queued = if it.get("queued").and_then(Value::as_bool) == Some(true) { "（轮候）" } else { "" };
        writeln!(out, "  {}　{rank}{queued}（留痕第{}条）", text(it, "at"), number(it, "event"))?;
    }
    for it in list(page, "released_alone") {
        let (at, how, state) = (text(it, "at"), text(it, "how"), text(it, "state"));
        writeln!(out, "  {at}　协助单位未经本院要求解除：{how}，{state}（留痕第{}条）", number(it, "event"))?;
    }
    Ok(())
}

fn write_events(out: &mut String, page: &Value) -> fmt::Result {
    let events = list(page, "events");
    writeln!(out, "\n八、留痕（共{}条，本单{}条）", number(page, "events_total"), events.len())?;
    for it in events {
        let covered = if it.get("proof").is_some_and(Value::is_array) { "" } else { "　（检查点尚未覆盖）" };
        let (at, name, what) = (text(it, "at"), text(it, "name"), text(it, "what"));
        writeln!(out, "  第{}条　{at}　{name}　{what}{covered}", number(it, "sequence"))?;
        writeln!(out, "    叶哈希：{}　证明：{}", text(it, "leaf_hash"), text(it, "entry"))?;
    }
    if !text(page, "next").is_empty() {
        writeln!(out, "  其余见下一页：cursor={}", text(page, "next"))?;
    }
    writeln!(out, "\n检查点（树长{}）：\n{}", number(page, "tree_size"), text(page, "checkpoint"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_whole_words() {
        assert_eq!(length(999), "不足1秒");
        assert_eq!(length(61_000), "1分1秒");
        assert_eq!(length(86_400_000 + 5_000), "1天0小时0分5秒");
    }
}
