//! What the pages say: the list, a task, the sheet that is printed and sealed.

use domain::case::{Officer, Party, PartyKind};
use domain::slip::Line;
use domain::{ActKind, ActState, Millis};
use sha2::{Digest as _, Sha256};

use super::form;
use super::html::Html;
use crate::gate::{ClaimView, InboxPage, InboxSums, InboxTask, OutcomeView};
use crate::intake::show::hex;
use crate::language::Language;
use crate::problem::Problem;

/// An instant as people write it, to the minute.
fn minute(at: Millis) -> String {
    domain::day::show_instant(at).replace('T', " ").chars().take(16).collect()
}

/// How long ago, in the largest unit that fits and the next.
fn age(since: Millis, now: Millis) -> (String, String) {
    let minutes = now.saturating_sub(since).max(0) / 60_000;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    match (days, hours) {
        (0, 0) => (format!("{minutes}分钟"), format!("{minutes} min")),
        (0, _) => (format!("{hours}小时"), format!("{hours} h")),
        _ => (format!("{days}天{hours}小时"), format!("{days} d {hours} h")),
    }
}

pub(super) fn kind(kind: ActKind) -> (&'static str, String) {
    (kind.chinese(), kind.word().replace('_', " "))
}

fn say_kind(page: &mut Html, of: ActKind) {
    let (chinese, english) = kind(of);
    page.both((chinese, &english));
}

/// The number by which court and partner speak of it.
pub(super) fn number(view: &InboxTask) -> String {
    view.key.to_string()
}

fn link(page: &mut Html, view: &InboxTask, tail: &'static str) {
    page.put("<a href=\"").put(super::ROOT).put("/tasks/").say(&view.act.to_string()).put(tail).put("\">");
}

/// A title with how much waits in front, where a tab shows it.
pub(super) fn counted(title: &str, open: u32, overdue: u32) -> String {
    match (open, overdue) {
        (0, _) => title.to_owned(),
        (open, 0) => format!("({open}) {title}"),
        (open, overdue) => format!("({open}) 逾期{overdue} · {title}"),
    }
}

fn sums(page: &mut Html, open: u32, overdue: u32) {
    page.put("<p class=\"sums\"><span>").both(("待办", "open")).put(" <b>").say(&open.to_string()).put("</b></span>");
    page.put(if overdue > 0 { "<span class=\"late\">" } else { "<span>" });
    page.both(("逾期", "overdue")).put(" <b>").say(&overdue.to_string()).put("</b></span></p>");
}

/// How much waits, and the way to it.
pub(super) fn waiting(page: &mut Html, of: &InboxSums, now: Millis) {
    page.put("<p class=\"partner\">").say(&of.partner).put("</p><h1>").both(("守候", "Waiting")).put("</h1>");
    sums(page, of.open, of.overdue);
    if let Some(oldest) = of.oldest {
        let (chinese, english) = age(oldest, now);
        page.put("<p>").both(("最早一件已等待", "the oldest has waited for")).put(" <b>");
        page.both((&chinese, &english)).put("</b></p>");
    }
    page.put("<p class=\"act\"><a href=\"").put(super::ROOT).put("/tasks\">");
    page.both(("打开待办事项", "open the tasks")).put("</a></p><p class=\"hint\">");
    page.both((
        "本页每分钟自动更新，只显示件数，不构成查看；久未操作时打开待办事项需重新登录。",
        "This page asks again each minute, shows numbers alone and is no read; after a long rest the tasks ask you to sign in again.",
    ));
    page.put("</p>");
}

/// The list.
pub(super) fn list(page: &mut Html, tasks: &InboxPage, now: Millis, from: u32) {
    page.put("<h1>").both(("待办事项", "Tasks")).put("</h1>");
    sums(page, tasks.open, tasks.overdue);
    reminder(page, tasks);
    if tasks.tasks.is_empty() {
        page.put("<p class=\"none\">").both(("没有待办事项。", "Nothing waits.")).put("</p>");
        return;
    }
    page.put("<table class=\"list\"><thead><tr>");
    for label in [
        ("请求单号", "slip"),
        ("事项", "what"),
        ("案号、法院", "case, court"),
        ("被执行人", "subject"),
        ("已下发", "age"),
        ("应反馈", "due"),
        ("经办", "clerk"),
    ] {
        page.put("<th scope=\"col\">").both(label).put("</th>");
    }
    page.put("</tr></thead><tbody>");
    for task in &tasks.tasks {
        line(page, task, now);
    }
    page.put("</tbody></table>");
    turn(page, tasks, from);
}

/// How the partner is reminded, and the way to the page that may stand open.
fn reminder(page: &mut Html, tasks: &InboxPage) {
    page.put("<p class=\"minor\"><a href=\"").put(super::ROOT).put("/waiting\">");
    page.both(("守候页（只显示件数，可常开）", "a page of numbers that may stand open")).put("</a>");
    if let Some(reminder) = &tasks.reminder {
        for (label, at) in [(("上次催办", "reminded"), reminder.reminded), (("下次催办", "next"), reminder.next)]
        {
            let Some(at) = at else { continue };
            page.put(" · ").both(label).put(" ").say(&minute(at));
        }
    }
    page.put("</p>");
}

fn turn(page: &mut Html, tasks: &InboxPage, from: u32) {
    page.put("<p class=\"turn\">");
    if from > 0 {
        let before = from.saturating_sub(u32::from(crate::gate::INBOX_PAGE_MAX));
        page.put("<a href=\"?from=").say(&before.to_string()).put("\">").both(("上一页", "before")).put("</a>");
    }
    if let Some(next) = tasks.next {
        page.put("<a href=\"?from=").say(&next.to_string()).put("\">").both(("下一页", "next")).put("</a>");
    }
    page.put("</p>");
}

fn line(page: &mut Html, task: &InboxTask, now: Millis) {
    let case = &task.slip.context.case;
    page.put(if task.overdue { "<tr class=\"late\"><td class=\"number\">" } else { "<tr><td class=\"number\">" });
    link(page, task, "");
    page.say(&number(task)).put("</a></td><td class=\"what\">");
    say_kind(page, task.kind);
    if let Some(amount) = task.slip.lines.first().and_then(|line| line.amount) {
        page.put("<br><span class=\"sum\">¥").say(&amount.to_string()).put("</span>");
    }
    // A narrow screen has no heads of columns; the labels stand in for them.
    page.put("</td><td data-label=\"案号\">").say(case.number.expose()).put("<br><span class=\"minor\">");
    page.say(&case.court.name).put("</span></td><td data-label=\"被执行人\">");
    if let Some(party) = task.slip.party() {
        page.say(party.name.expose())
            .put("<br><span class=\"minor number\">")
            .say(party.id_number.expose())
            .put("</span>");
    }
    let (chinese, english) = age(task.offered_at, now);
    page.put("</td><td class=\"when\" data-label=\"已下发\">").both((&chinese, &english));
    page.put("</td><td class=\"when\" data-label=\"应反馈\">").say(&minute(task.due));
    if task.overdue {
        page.put(" <b class=\"badge\">").both(("逾期", "overdue")).put("</b>");
    }
    if let Some(reminded) = task.reminded {
        page.put("<br><span class=\"minor\">")
            .both(("已催办", "reminded"))
            .put(" ")
            .say(&minute(reminded))
            .put("</span>");
    }
    if task.outcome.is_some() {
        page.put("<br><span class=\"minor\">").both(("已登记", "registered")).put("</span>");
    }
    page.put("</td><td data-label=\"经办\">");
    claimed(page, task.claim.as_ref());
    page.put("</td></tr>");
}

fn claimed(page: &mut Html, claim: Option<&ClaimView>) {
    let Some(claim) = claim else {
        page.put("—");
        return;
    };
    page.say(&claim.by);
    if claim.own {
        page.put(" ").both(("（本人）", "you"));
    }
    page.put("<br><span class=\"minor\">").both(("至", "until")).put(" ").say(&minute(claim.until)).put("</span>");
}

/// Why something was not done, in the place where the clerk looks.
pub(super) fn notice(page: &mut Html, problem: &Problem) {
    let (chinese, english) = (problem.told(Language::Chinese), problem.told(Language::English));
    page.put("<div class=\"faults\" role=\"alert\"><p><b>").both((chinese.0, english.0)).put("</b></p><p>");
    page.both((&chinese.1, &english.1)).put("</p></div>");
}

/// A task, above its form.
pub(super) fn task(page: &mut Html, view: &InboxTask, word: &str, above: Option<&Problem>) {
    page.put("<p class=\"back\"><a href=\"")
        .put(super::ROOT)
        .put("/tasks\">← ")
        .both(("待办事项", "tasks"))
        .put("</a></p><h1>");
    say_kind(page, view.kind);
    page.put(" <span class=\"number\">").say(&number(view)).put("</span></h1>");
    if let Some(problem) = above {
        notice(page, problem);
    }
    if view.held {
        page.put("<p class=\"faults\" role=\"alert\"><b>");
        page.both((
            "此事项已被紧急停止，尚未办理的请勿办理；已办理的请如实答复。",
            "Held by an emergency stop: do not carry it out now; if it was done already, say so.",
        ));
        page.put("</b></p>");
    }
    page.put("<p class=\"sums\"><span>").both(("下发", "offered")).put(" <b>").say(&minute(view.offered_at));
    page.put(if view.overdue { "</b></span><span class=\"late\">" } else { "</b></span><span>" });
    page.both(("应反馈", "due")).put(" <b>").say(&minute(view.due)).put("</b>");
    if view.overdue {
        page.put(" <b class=\"badge\">").both(("逾期", "overdue")).put("</b>");
    }
    page.put("</span><span>");
    page.both(("状态", "state")).put(" <b>").say(view.state.chinese()).put("</b></span></p>");
    claim_form(page, view, word);
    page.put("<div class=\"two\"><section><h2>").both(("要求", "What is ordered")).put("</h2><dl>");
    ordered(page, view);
    page.put("</dl></section><section><h2>").both(("案件与承办人", "Case and officers")).put("</h2><dl>");
    of_case(page, view);
    page.put("</dl></section></div><section><h2>").both(("法院文书与证件", "Papers and credentials")).put("</h2>");
    papers(page, view);
    page.put("<p>");
    link(page, view, "/sheet");
    page.both(("打印办理单", "Sheet to print")).put("</a></p></section>");
    if let Some(outcome) = &view.outcome {
        answered(page, view.kind, outcome);
    }
}

/// Begins the place of the form; says whether it is to be drawn. One that came back is drawn in any case: what was typed is not lost.
pub(super) fn begin_answer(page: &mut Html, view: &InboxTask, came_back: bool) -> bool {
    page.put("<section id=\"answer\">");
    let taken_back = matches!(view.state, ActState::Withdrawn | ActState::Unsent);
    let other = view.claim.as_ref().filter(|claim| !claim.own);
    if !came_back && (taken_back || other.is_some()) {
        page.put("<h2>").both(("答复", "Answer")).put("</h2><p class=\"none\">");
        match other.filter(|_| !taken_back) {
            Some(claim) => {
                page.say(&claim.by).put(" ");
                page.both(match view.outcome {
                    None => ("正在办理此事项，由其答复。", "is at it and will answer."),
                    Some(_) => (
                        "已答复；如需更正，由其提交，或待认领到期。",
                        "has answered; to correct it, ask that clerk or wait until the claim is over.",
                    ),
                });
            }
            None => {
                page.both(("法院已撤回此事项，不必办理。", "The court took it back; nothing is to be done."));
            }
        }
        page.put("</p></section>");
        return false;
    }
    if view.outcome.is_none() {
        page.put("<h2>").both(("答复", "Answer")).put("</h2>");
        return true;
    }
    page.put(if came_back { "<details open><summary>" } else { "<details><summary>" });
    page.both(("再次答复（取代上次）", "Answer again, instead of the last")).put("</summary>");
    true
}

/// Ends what [`begin_answer`] began when it said that the form is drawn.
pub(super) fn end_answer(page: &mut Html, view: &InboxTask) {
    page.put(if view.outcome.is_none() { "</section>" } else { "</details></section>" });
}

fn claim_form(page: &mut Html, view: &InboxTask, word: &str) {
    page.put("<p class=\"claim\">");
    match &view.claim {
        Some(claim) => {
            page.both(("经办", "clerk")).put(" <b>");
            claimed(page, Some(claim));
            page.put("</b>");
        }
        None => {
            page.both(("尚无人认领", "nobody is at it"));
        }
    }
    page.put("</p>");
    if view.state.is_final() || view.claim.as_ref().is_some_and(|claim| !claim.own) {
        return;
    }
    page.put("<form class=\"claim\" method=\"post\" action=\"")
        .put(super::ROOT)
        .put("/tasks/")
        .say(&view.act.to_string());
    page.put("/claim\"><input type=\"hidden\" name=\"form\" value=\"").say(word).put("\"><button type=\"submit\">");
    page.both(if view.claim.is_some() { ("延长认领", "Keep it longer") } else { ("认领", "Take it") });
    page.put("</button></form>");
}

fn ordered(page: &mut Html, view: &InboxTask) {
    let (chinese, english) = kind(view.kind);
    page.put("<dt>").both(("事项", "what")).put("</dt><dd>").both((chinese, &english)).put("</dd>");
    if let Some(party) = view.slip.party() {
        subject(page, party);
    }
    if let Some(line) = view.slip.lines.first() {
        of_line(page, line);
    }
    if let Some(account) = view.slip.destination().filter(|_| view.kind.moves_money()) {
        page.term(("划往户名", "pay to"), &account.holder).term(("开户行", "bank"), &account.bank);
        page.term(("行号", "bank code"), &account.bank_code).term(("账号", "account"), account.number.expose());
    }
    if let Some(account) = view.slip.lines.first().and_then(|line| view.slip.payer(line)) {
        page.term(("款项来源户名", "money comes from"), &account.holder).term(("开户行", "bank"), &account.bank);
        page.term(("行号", "bank code"), &account.bank_code).term(("账号", "account"), account.number.expose());
    }
}

fn subject(page: &mut Html, party: &Party) {
    let label = match party.kind {
        PartyKind::Person => ("被执行人", "subject, a person"),
        PartyKind::Organisation => ("被执行人（单位）", "subject, an organisation"),
    };
    page.term(label, party.name.expose());
    let kind = if party.id_type == "01" { "居民身份证".to_owned() } else { party.id_type.clone() };
    page.term(("证件", "identity"), format!("{kind} {}", party.id_number.expose()).trim());
}

fn of_line(page: &mut Html, line: &Line) {
    let personal =
        |text: &Option<domain::Personal<String>>| text.as_ref().map_or_else(String::new, |text| text.expose().clone());
    page.term(("账号或财产", "account or asset"), &personal(&line.account));
    // Without a sum a release ends the whole freeze; with one it lowers its limit by so much.
    let sum = match (line.kind, line.amount) {
        (ActKind::Release, Some(_)) => {
            ("部分解除金额（元），其余冻结及顺位不变", "yuan to release; the rest stands in its rank")
        }
        _ => ("金额（元）", "yuan"),
    };
    page.term(sum, &line.amount.map_or_else(String::new, |amount| amount.to_string()));
    let days = [line.from, line.to].map(|day| day.map_or_else(String::new, |day| day.to_string()));
    let [from, to] = &days;
    page.term(("起日", "from"), from).term(("止日（含当日）", "to, inclusive"), to);
    if let Some(original) = &line.original {
        page.term(("原请求单号", "original slip"), &original.slip)
            .term(("原案号", "original case"), original.case_number.expose());
    }
    page.term(("办理要求", "note"), &personal(&line.note));
    for detail in &line.details {
        page.put("<dt>").say(&detail.name).put("</dt><dd>").say(detail.value.expose()).put("</dd>");
    }
}

fn of_case(page: &mut Html, view: &InboxTask) {
    let case = &view.slip.context.case;
    page.term(("案号", "case"), case.number.expose()).term(("法院", "court"), &case.court.name);
    for officer in &view.slip.context.officers {
        page.term(("承办人", "officer"), &of_officer(officer));
    }
}

fn of_officer(officer: &Officer) -> String {
    let parts = [
        ("", officer.name.expose()),
        ("工作证", officer.work_id.expose()),
        ("执行公务证", officer.duty_id.expose()),
        ("电话", officer.phone.expose()),
    ];
    let filled = parts.into_iter().filter(|(_, text)| !text.is_empty());
    filled.map(|(name, text)| format!("{name} {text}").trim().to_owned()).collect::<Vec<_>>().join("，")
}

fn paper_kind(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "ruling" => ("执行裁定书", "ruling"),
        "query_notice" => ("协助查询通知书", "query notice"),
        "freeze_notice" => ("协助冻结通知书", "freeze notice"),
        "deduct_notice" => ("协助扣划通知书", "deduct notice"),
        "release_notice" => ("协助解除通知书", "release notice"),
        "assist_notice" => ("协助执行通知书", "assist notice"),
        "holder_consent" => ("投保人同意书", "holder's consent"),
        "work_id_scan" => ("工作证扫描件", "work card"),
        "duty_id_scan" => ("执行公务证扫描件", "duty card"),
        _ => ("其他", "other"),
    }
}

fn papers(page: &mut Html, view: &InboxTask) {
    if view.slip.context.papers.is_empty() {
        page.put("<p class=\"none\">").both(("无", "none")).put("</p>");
        return;
    }
    page.put("<ul class=\"papers\">");
    for (place, paper) in view.slip.context.papers.iter().enumerate() {
        page.put("<li><a href=\"").put(super::ROOT).put("/tasks/").say(&view.act.to_string()).put("/papers/");
        page.say(&place.to_string()).put("\">").both(paper_kind(&paper.kind)).put("</a> ");
        page.say(paper.number.expose())
            .put(" <span class=\"minor\">")
            .say(paper.file_name.expose())
            .put("</span></li>");
    }
    page.put("</ul>");
}

fn answered(page: &mut Html, kind: ActKind, view: &OutcomeView) {
    let outcome = &view.outcome;
    page.put("<section class=\"answered\" id=\"answered\"><h2>");
    page.both(("已收到的答复", "Answer that was taken")).put("</h2><dl>");
    page.put("<dt>")
        .both(("结果", "result"))
        .put("</dt><dd><b>")
        .both(form::verdict(kind, outcome.verdict))
        .put("</b></dd>");
    if let Some(reason) = outcome.reason {
        page.put("<dt>").both(("原因", "reason")).put("</dt><dd>").both(form::reason(reason)).put("</dd>");
    }
    page.term(("时间", "at"), &minute(view.at)).term(("存证序号", "place in the trail"), &view.sequence.to_string());
    for (label, sum) in [
        (("登记限额（元）", "limit"), outcome.limit),
        (("实际控制（元）", "held"), outcome.caught),
        (("实际划出（元）", "moved"), outcome.moved),
    ] {
        page.term(label, &sum.map_or_else(String::new, |sum| sum.to_string()));
    }
    for (label, day) in
        [(("起日", "from"), outcome.from), (("止日", "to"), outcome.to), (("预计办理日", "due"), outcome.due)]
    {
        page.term(label, &day.map_or_else(String::new, |day| day.to_string()));
    }
    if let Some(serial) = &outcome.serial {
        page.term(("流水号", "serial"), serial.expose());
    }
    if let Some(text) = &outcome.text {
        page.term(("说明", "text"), text.expose());
    }
    for account in &outcome.accounts {
        let sum = account.available.or(account.balance).map_or_else(String::new, |sum| format!(" ¥{sum}"));
        page.term(
            (account.asset.chinese(), account.asset.word()),
            &format!("{} {}{sum}", account.number.expose(), account.class),
        );
    }
    for prior in &outcome.ahead {
        let sum = prior.amount.map_or_else(String::new, |sum| format!(" ¥{sum}"));
        let to = prior.to.map_or_else(String::new, |to| format!(" {to}"));
        let told = format!("{} {}{sum}{to}", prior.organ.expose(), prior.paper.expose());
        page.term(("在先措施", "earlier measure"), &told);
    }
    for reply in &outcome.replies {
        let digest = hex(&Sha256::digest(reply.bytes.expose()));
        page.put("<dt>").both(("盖章回执", "sealed reply")).put("</dt><dd>").say(reply.file_name.expose());
        page.put("<br><span class=\"minor number\">SHA-256 ").say(&digest).put("</span></dd>");
    }
    page.put("</dl><p><a href=\"").put(super::ROOT).put("/tasks\">");
    page.both(("办理其他事项", "go on with other tasks")).put("</a></p></section>");
}

/// The sheet: what goes to the counter, is filled in by hand, signed and sealed, and comes back as the sealed reply.
pub(super) fn sheet(page: &mut Html, view: &InboxTask) {
    page.put("<p class=\"back screen\">");
    link(page, view, "");
    page.put("← ")
        .both(("返回", "back"))
        .put("</a> ")
        .both(("用浏览器的打印功能打印", "print it with the browser"))
        .put("</p>");
    page.put("<article class=\"sheet\"><h1>")
        .both(("协助执行事项办理单", "Sheet of an act of assistance"))
        .put("</h1>");
    page.put("<p class=\"head\"><span>").both(("请求单号", "slip")).put(" <b class=\"number\">").say(&number(view));
    page.put("</b></span><span>").both(("协助单位", "partner")).put(" ").say(&view.partner).put("</span></p>");
    page.put("<table><tbody><tr><th>").both(("案件", "case")).put("</th><td><dl>");
    of_case(page, view);
    page.put("</dl></td></tr><tr><th>").both(("要求", "ordered")).put("</th><td><dl>");
    ordered(page, view);
    page.put("</dl></td></tr><tr><th>").both(("文书", "papers")).put("</th><td>");
    for paper in &view.slip.context.papers {
        page.both(paper_kind(&paper.kind)).put(" ").say(paper.number.expose()).put("<br>");
    }
    page.put("</td></tr><tr><th>").both(("时限", "due")).put("</th><td>").say(&minute(view.due));
    page.put("</td></tr><tr><th>").both(("办理结果", "result")).put("</th><td class=\"boxes\">");
    for offered in form::verdicts(view.kind) {
        page.put("<span>☐ ").both(form::verdict(view.kind, *offered)).put("</span>");
    }
    page.put("<p class=\"blanks\">");
    for label in blanks(view.kind) {
        page.put("<span>").both(*label).put("<i></i></span>");
    }
    page.put("</p></td></tr><tr class=\"sign\"><th>")
        .both(("经办人签字", "clerk"))
        .put("</th><td></td></tr><tr class=\"sign\"><th>");
    page.both(("复核人签字", "checked by"))
        .put("</th><td></td></tr><tr class=\"seal\"><th>")
        .both(("单位盖章", "seal"));
    page.put("</th><td><span class=\"date\">　　　　年　　　月　　　日</span></td></tr></tbody></table></article>");
}

fn blanks(kind: ActKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ActKind::Freeze => &[
            ("登记限额", "limit"),
            ("实际控制", "held"),
            ("起止", "from, to"),
            ("在先措施", "earlier measures"),
            ("原因", "reason"),
            ("流水号", "serial"),
        ],
        _ if kind.is_question() => {
            &[("账户或财产", "property"), ("余额", "balance"), ("原因", "reason"), ("流水号", "serial")]
        }
        _ if kind.moves_money() => &[("实际划出", "moved"), ("原因", "reason"), ("流水号", "serial")],
        _ if kind.gives_back() => &[("实际退回", "given back"), ("原因", "reason"), ("流水号", "serial")],
        _ => &[("起止", "from, to"), ("原因", "reason"), ("流水号", "serial")],
    }
}
