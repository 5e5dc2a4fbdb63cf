//! The sheet: what proves one act as Chinese text to print, sign and file; a page of its events with their places in the trail.

use std::fmt::{self, Write as _};

use domain::day::show_instant;
use domain::{ActKind, Millis};
use engine::view::evidence::{Moment, SealedEvidence};

use crate::gate::EvidenceView;
use crate::intake::show::hex;
use crate::intake::text::Visible;

/// A line with its heading, when there is anything to say.
fn line(out: &mut String, heading: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(out, "{heading}：{text}")
}

fn moment(out: &mut String, heading: &str, moment: Option<Moment>) -> fmt::Result {
    match moment {
        Some(Moment { at, event }) => writeln!(out, "  {heading}　{}　（留痕第{event}条）", show_instant(at)),
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

/// The sheet.
pub(super) fn of(view: &EvidenceView) -> String {
    let mut out = String::with_capacity(8_192);
    // Writing into a string does not fail.
    let _written = write(&mut out, view);
    out
}

fn write(out: &mut String, view: &EvidenceView) -> fmt::Result {
    writeln!(out, "协助执行事项证据单\n")?;
    line(out, "事项编号", view.act)?;
    line(out, "事项种类", view.kind.map_or("（案件密钥已销毁）", ActKind::chinese))?;
    line(out, "协助单位", &view.partner)?;
    line(out, "法院代码", &view.court)?;
    line(out, "所属请求", view.request)?;
    line(out, "目前状态", view.state.word())?;
    line(out, "出具时间", show_instant(view.as_of))?;
    if let Some(sealed) = &view.sealed {
        write_sealed(out, sealed)?;
    }
    if let Some(digest) = &view.order_digest {
        line(out, "下达内容密文摘要（SHA-256）", digest)?;
    }
    writeln!(out, "\n一、各时点（D16）")?;
    let times = &view.times;
    moment(out, "作出决定", times.decided)?;
    moment(out, "可以发送", times.queued)?;
    moment(out, "发出", times.sent)?;
    moment(out, "协助单位收到", times.received)?;
    moment(out, "协助单位办理生效", times.effective)?;
    moment(out, "办结", times.answered)?;
    writeln!(out, "\n二、等待的环节（D29）")?;
    for stretch in &view.delays {
        let until = stretch.until.map_or("至今".to_owned(), show_instant);
        let took = length(stretch.until.unwrap_or(view.as_of.max(stretch.from)) - stretch.from);
        let (stage, awaited) = (stretch.stage.chinese(), stretch.awaited.chinese());
        writeln!(
            out,
            "  {}—{until}　{took}　{stage}　等待：{awaited}（留痕第{}条）",
            show_instant(stretch.from),
            stretch.event
        )?;
    }
    for (awaited, ms) in &view.waited {
        writeln!(out, "  合计等待{}：{}", awaited.chinese(), length(*ms))?;
    }
    write_exchanges(out, view)?;
    write_people(out, view)?;
    write_standing(out, view)?;
    writeln!(out, "\n七、适用规则")?;
    for rule in &view.rules {
        writeln!(out, "  {}　{}（{}）", rule.id, rule.zh, rule.source)?;
    }
    write_events(out, view)
}

fn write_sealed(out: &mut String, sealed: &SealedEvidence) -> fmt::Result {
    line(out, "案号", Visible(sealed.case_number.expose()))?;
    line(out, "请求单号", &sealed.slip)?;
    if let Some(account) = &sealed.order.account {
        line(out, "账号", Visible(account.expose()))?;
    }
    if let Some(amount) = sealed.order.amount {
        line(out, "金额（元）", amount)?;
    }
    for [name, work_id, duty_id] in &sealed.officers {
        let [name, work_id, duty_id] = [name, work_id, duty_id].map(|text| Visible(text.expose()));
        line(out, "承办人", format!("{name}　工作证{work_id}　公务证{duty_id}"))?;
    }
    for (kind, number, digest) in &sealed.papers {
        line(out, "文书", format!("{kind}　{}　{}", Visible(number.expose()), digest.expose()))?;
    }
    Ok(())
}

fn write_exchanges(out: &mut String, view: &EvidenceView) -> fmt::Result {
    writeln!(out, "\n三、报文往来（共{}次）", view.exchanges_total)?;
    for it in &view.exchanges {
        write!(out, "  第{}次　{}　{}", it.number, it.kind, show_instant(it.began))?;
        if let Some(ended) = it.ended {
            write!(out, "—{}　判定：{}", show_instant(ended.at), it.judged)?;
        }
        for (heading, text) in [("　结果：", &it.verdict), ("　原因：", &it.cause)] {
            if !text.is_empty() {
                write!(out, "{heading}{text}")?;
            }
        }
        if let Some(digest) = &it.digest {
            write!(out, "　答复密文摘要：{digest}")?;
        }
        for reply in &it.replies {
            write!(out, "　回执摘要：{reply}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_people(out: &mut String, view: &EvidenceView) -> fmt::Result {
    writeln!(out, "\n四、经办与审批")?;
    for it in &view.people {
        writeln!(out, "  {}　{}　{}（留痕第{}条）", show_instant(it.at), it.what, it.by, it.event)?;
    }
    writeln!(out, "\n五、书面异议（D18）")?;
    for it in &view.objections {
        writeln!(out, "  {}提出（留痕第{}条）{}", show_instant(it.at), it.event, Visible(it.text.expose()))?;
        match &it.answered {
            Some((moment, end, by)) => {
                let answered = show_instant(moment.at);
                let words = Visible(it.answer.expose());
                writeln!(out, "    {answered}答复：{end}　{by}　{words}（留痕第{}条）", moment.event)?;
            }
            None => writeln!(out, "    尚未答复，期限：{}", it.due.map_or("——".to_owned(), show_instant))?,
        }
    }
    Ok(())
}

fn write_standing(out: &mut String, view: &EvidenceView) -> fmt::Result {
    writeln!(out, "\n六、顺位（D31）与未经本系统下达的解除（D30）")?;
    for it in &view.ranks {
        let rank = it.rank.map_or("未报明".to_owned(), |rank| format!("第{rank}位"));
        let queued = if it.queued { "（轮候）" } else { "" };
        writeln!(out, "  {}　{rank}{queued}（留痕第{}条）", show_instant(it.at), it.event)?;
    }
    for it in &view.released_alone {
        let at = show_instant(it.at);
        writeln!(out, "  {at}　协助单位未经本院要求解除：{}，{}（留痕第{}条）", it.how, it.state, it.event)?;
    }
    Ok(())
}

fn write_events(out: &mut String, view: &EvidenceView) -> fmt::Result {
    writeln!(out, "\n八、留痕（共{}条，本单{}条）", view.events_total, view.events.len())?;
    for it in &view.events {
        let covered = if it.proof.is_some() { "" } else { "　（检查点尚未覆盖）" };
        writeln!(out, "  第{}条　{}　{}　{}{covered}", it.sequence, show_instant(it.at), it.name, it.zh)?;
        writeln!(out, "    叶哈希：{}　证明：/v1/trail/entries/{}", hex(&it.leaf_hash), it.sequence)?;
    }
    if let Some(next) = view.next {
        writeln!(out, "  其余见下一页：cursor={next}")?;
    }
    writeln!(out, "\n检查点（树长{}）：\n{}", view.tree_size, view.checkpoint)
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
