//! The form in which a clerk answers: which fields an act of a kind has, how they are drawn, and the answer that they make.

use domain::outcome::{AssetKind, AssetRole, FindingClass, Reason, Verdict};
use domain::{ActId, ActKind};

use super::fields::Fields;
use super::html::Html;
use crate::fault::Fault;
use crate::intake::form::{Amount, AnswerForm, DetailForm, FindingForm, FoundForm, List, PriorForm, Text};
use crate::language::Language;

/// Rows for accounts on one form at most; who found more answers by JSON.
pub const ROWS_MAX: usize = 100;
/// Rows for accounts unless more are asked for.
pub(super) const ROWS: usize = 3;
/// Rows for earlier measures, and for other findings.
const FEW_ROWS: usize = 3;

type Said = (&'static str, &'static str);

/// What a clerk may say of an act of this kind, in the order in which it is offered.
pub(super) fn verdicts(kind: ActKind) -> &'static [Verdict] {
    match kind {
        _ if kind.is_question() => {
            &[Verdict::Done, Verdict::NoSuchCustomer, Verdict::Refused, Verdict::HandedBack, Verdict::Registered]
        }
        ActKind::Freeze => &[
            Verdict::Done,
            Verdict::Partly,
            Verdict::Queued,
            Verdict::Refused,
            Verdict::HandedBack,
            Verdict::Registered,
        ],
        _ => &[Verdict::Done, Verdict::Partly, Verdict::Refused, Verdict::HandedBack, Verdict::Registered],
    }
}

pub(super) fn verdict(kind: ActKind, verdict: Verdict) -> Said {
    match verdict {
        Verdict::Done if kind.is_question() => ("已查询，结果如下", "answered, as below"),
        Verdict::Done => ("已办理", "done"),
        Verdict::Partly => ("部分办理", "done in part"),
        Verdict::Queued => ("轮候登记", "registered behind earlier measures"),
        Verdict::Refused => ("未办理", "not done"),
        Verdict::HandedBack => ("回退（形式要件不全）", "handed back for a formal defect"),
        Verdict::NoSuchCustomer => ("查无此人或无财产", "nothing is known of the subject here"),
        Verdict::NeverReached => ("未送达", "never reached us"),
        Verdict::Registered => ("已登记，待条件成就", "registered, to be done when a condition is met"),
    }
}

pub(super) fn reason(reason: Reason) -> Said {
    let english = match reason {
        Reason::NotFound => "not found",
        Reason::NameMismatch => "name differs",
        Reason::IdMismatch => "identity number differs",
        Reason::PaperMissing => "a paper is missing",
        Reason::CredentialMissing => "a credential is missing",
        Reason::NoOriginalFreeze => "no original freeze",
        Reason::PriorRight => "an earlier right goes before",
        Reason::Insufficient => "less than ordered",
        Reason::Unsupported => "not supported here",
        Reason::PartOfAssets => "part of the assets",
        Reason::Other => "other",
        Reason::AwaitsCondition => "awaits a condition",
        Reason::NoticePeriod => "notice period",
        Reason::ConsentMissing => "consent is missing",
        Reason::UnderWay => "under way",
    };
    (reason.chinese(), english)
}

/// The answer that the fields make; what was left blank is left out.
pub(super) fn answer(fields: &Fields) -> AnswerForm<'_> {
    let text = |name: &str| fields.text(name).map(|text| Text(text.into()));
    let amount = |name: &str| fields.text(name).map(|text| Amount(text.into()));
    AnswerForm {
        accounts: rows(fields, "accounts", &["asset", "role"], ROWS_MAX, account),
        ahead: rows(fields, "ahead", &[], FEW_ROWS, prior),
        caught: amount("caught"),
        due: text("due"),
        findings: rows(fields, "findings", &["class"], FEW_ROWS, finding),
        from: text("from"),
        limit: amount("limit"),
        moved: amount("moved"),
        reason: text("reason"),
        replies: None,
        serial: text("serial"),
        text: text("text"),
        to: text("to"),
        verdict: text("verdict").unwrap_or_else(empty),
    }
}

/// Rows for accounts that were sent, and some to go on with.
pub(super) fn rows_in(fields: &Fields) -> usize {
    let place = |name: &String| name.strip_prefix("accounts.")?.split('.').next()?.parse::<usize>().ok();
    let last = fields.texts.keys().filter_map(place).max();
    last.map_or(ROWS, |last| last.saturating_add(1).clamp(ROWS, ROWS_MAX))
}

fn empty<'a>() -> Text<'a> {
    Text("".into())
}

/// A row is there when anything but its choices is filled in.
fn rows<'a, T, const MAX: usize>(
    fields: &'a Fields,
    list: &str,
    choices: &[&str],
    max: usize,
    read: impl Fn(&dyn Fn(&str) -> Option<&'a str>) -> T,
) -> Option<List<T, MAX>> {
    let filled = |place: &usize| {
        let prefix = format!("{list}.{place}.");
        let own =
            fields.texts.range(prefix.clone()..).map(|(name, _)| name).take_while(|name| name.starts_with(&prefix));
        own.into_iter().any(|name| !choices.iter().any(|choice| name.get(prefix.len()..) == Some(choice)))
    };
    let row = |place: usize| read(&|field: &str| fields.text(&format!("{list}.{place}.{field}")));
    let rows: Vec<T> = (0..max).filter(filled).map(row).collect();
    (!rows.is_empty()).then_some(List(rows))
}

fn account<'a>(field: &dyn Fn(&str) -> Option<&'a str>) -> FoundForm<'a> {
    let text = |name: &str| field(name).map(|text| Text(text.into()));
    let amount = |name: &str| field(name).map(|text| Amount(text.into()));
    FoundForm {
        ahead: None,
        asset: text("asset"),
        available: amount("available"),
        balance: amount("balance"),
        branch: text("branch"),
        class: text("class"),
        currency: text("currency"),
        details: None,
        number: text("number").unwrap_or_else(empty),
        role: text("role"),
        status: text("status"),
    }
}

fn prior<'a>(field: &dyn Fn(&str) -> Option<&'a str>) -> PriorForm<'a> {
    PriorForm {
        amount: field("amount").map(|text| Amount(text.into())),
        organ: field("organ").map_or_else(empty, |text| Text(text.into())),
        paper: field("paper").map(|text| Text(text.into())),
        to: field("to").map(|text| Text(text.into())),
    }
}

fn finding<'a>(field: &dyn Fn(&str) -> Option<&'a str>) -> FindingForm<'a> {
    let value = field("value").map_or_else(empty, |text| Text(text.into()));
    FindingForm {
        class: field("class").map_or_else(empty, |text| Text(text.into())),
        details: List(vec![DetailForm { name: Text("text".into()), value }]),
    }
}

/// Draws the form with what was filled in before, and what was wrong with it.
pub(super) fn draw(
    page: &mut Html,
    (kind, act): (ActKind, ActId),
    word: &str,
    fields: &Fields,
    faults: &[Fault],
    more_rows: usize,
) {
    self::faults(page, faults);
    page.put("<form class=\"answer\" method=\"post\" enctype=\"multipart/form-data\" action=\"");
    page.put(super::ROOT).put("/tasks/").say(&act.to_string()).put("/answer\">");
    page.put("<input type=\"hidden\" name=\"form\" value=\"").say(word).put("\">");
    draw_verdict(page, kind, fields);
    page.put("<div class=\"grid\">");
    let sums: &[(&str, Said)] = match kind {
        ActKind::Freeze => {
            &[("limit", ("登记限额（元）", "limit registered, yuan")), ("caught", ("实际控制（元）", "held now, yuan"))]
        }
        _ if kind.moves_money() => &[("moved", ("实际划出（元）", "moved to the court, yuan"))],
        _ if kind.gives_back() => &[("moved", ("实际退回（元）", "given back, yuan"))],
        _ => &[],
    };
    for (name, label) in sums {
        input(page, fields, name, *label, "inputmode=\"decimal\" placeholder=\"0.00\"");
    }
    if kind.is_lasting() || kind == ActKind::Renew {
        input(page, fields, "from", ("起日", "first day"), "type=\"date\"");
        input(page, fields, "to", ("止日（含当日）", "last day, inclusive"), "type=\"date\"");
    }
    input(page, fields, "serial", ("本单位流水号", "your own number"), "maxlength=\"64\"");
    input(page, fields, "due", ("预计办理日（已登记的）", "expected day"), "type=\"date\"");
    page.put("</div>");
    if kind.is_question() {
        draw_accounts(page, fields, more_rows);
        draw_findings(page, fields);
    }
    if kind == ActKind::Freeze {
        draw_ahead(page, fields);
    }
    page.put("<label class=\"wide\">").both(("说明（本单位原话）", "in your own words"));
    page.put("<textarea name=\"text\" rows=\"3\" maxlength=\"1000\">").say(fields.text("text").unwrap_or_default());
    page.put("</textarea></label><label class=\"wide\">")
        .both(("盖章回执（PDF，可多选，至多4件）", "sealed reply, PDF, up to four"));
    page.put("<input type=\"file\" name=\"replies\" accept=\"application/pdf,.pdf\" multiple></label>");
    page.put("<p class=\"act\"><button type=\"submit\">").both(("提交答复", "Answer")).put("</button></p></form>");
}

fn faults(page: &mut Html, faults: &[Fault]) {
    if faults.is_empty() {
        return;
    }
    page.put("<div class=\"faults\" role=\"alert\"><p><b>")
        .both(("答复未提交，请更正；附件须重新选择", "nothing was sent; correct this and choose the files again"));
    page.put("</b></p><ul>");
    for fault in faults {
        page.put("<li>");
        name_place(page, fault.pointer());
        let (chinese, english) = (fault.wanted(Language::Chinese), fault.wanted(Language::English));
        page.put("：");
        if chinese == english {
            page.say(&chinese)
        } else {
            page.both((&chinese, &english))
        };
        page.put("</li>");
    }
    page.put("</ul></div>");
}

/// `/accounts/1/number` as people say it.
fn name_place(page: &mut Html, pointer: &str) {
    let mut steps = pointer.split('/').filter(|step| !step.is_empty()).peekable();
    while let Some(step) = steps.next() {
        match step.parse::<usize>() {
            Ok(place) => page.say(&format!("第{}行", place + 1)),
            Err(_) => page.say(field_name(step)),
        };
        if steps.peek().is_some() {
            page.put(" · ");
        }
    }
}

fn field_name(field: &str) -> &str {
    match field {
        "verdict" => "办理结果",
        "reason" => "原因",
        "text" => "说明",
        "limit" => "登记限额",
        "caught" => "实际控制",
        "moved" => "实际划出",
        "from" => "起日",
        "to" => "止日",
        "due" => "预计办理日",
        "serial" => "流水号",
        "accounts" => "查得账户或财产",
        "ahead" => "在先措施",
        "findings" => "其他查明事项",
        "replies" => "盖章回执",
        "number" => "账号",
        "balance" => "余额",
        "available" => "可控金额",
        "class" => "类别",
        "status" => "状态",
        "branch" => "网点",
        "currency" => "币种",
        "organ" => "机关",
        "paper" => "文号",
        "amount" => "金额",
        "file_name" => "文件名",
        other => other,
    }
}

fn draw_verdict(page: &mut Html, kind: ActKind, fields: &Fields) {
    page.put("<fieldset><legend>").both(("办理结果", "result")).put("</legend>");
    for offered in verdicts(kind) {
        page.put("<label class=\"choice\"><input type=\"radio\" name=\"verdict\" required value=\"")
            .say(offered.word());
        page.put(if fields.text("verdict") == Some(offered.word()) { "\" checked>" } else { "\">" });
        page.both(verdict(kind, *offered)).put("</label>");
    }
    page.put("<label>").both(("原因", "reason")).put("<select name=\"reason\"><option value=\"\"></option>");
    for word in Reason::ALL {
        let (chinese, english) = reason(*word);
        option(page, fields.text("reason"), word.word(), &format!("{chinese} {english}"));
    }
    page.put("</select></label></fieldset>");
}

fn option(page: &mut Html, chosen: Option<&str>, word: &str, label: &str) {
    page.put("<option value=\"").say(word).put(if chosen == Some(word) { "\" selected>" } else { "\">" });
    page.say(label).put("</option>");
}

fn input(page: &mut Html, fields: &Fields, name: &str, label: Said, more: &'static str) {
    page.put("<label>").both(label);
    cell(page, fields, name, more);
    page.put("</label>");
}

fn cell(page: &mut Html, fields: &Fields, name: &str, more: &'static str) {
    page.put("<input name=\"").say(name).put("\" value=\"").say(fields.text(name).unwrap_or_default());
    page.put("\" autocomplete=\"off\" ").put(more).put(">");
}

fn draw_accounts(page: &mut Html, fields: &Fields, rows: usize) {
    page.put("<fieldset><legend>").both(("查得账户或财产", "accounts and other property found")).put("</legend>");
    page.put("<table class=\"rows\"><thead><tr>");
    for label in [
        ("账号、保单号、产权证号或号牌", "number"),
        ("种类", "sort"),
        ("类别", "class"),
        ("状态", "status"),
        ("余额（元）", "balance"),
        ("可控金额（元）", "can be held"),
        ("网点", "branch"),
        ("身份", "the subject is"),
    ] {
        page.put("<th>").both(label).put("</th>");
    }
    page.put("</tr></thead><tbody>");
    for place in 0..rows.clamp(1, ROWS_MAX) {
        let name = |field: &str| format!("accounts.{place}.{field}");
        page.put("<tr><td>");
        cell(page, fields, &name("number"), "maxlength=\"64\"");
        page.put("</td><td>");
        let kinds: Vec<_> = AssetKind::ALL.iter().map(|kind| (kind.word(), kind.chinese())).collect();
        choose(page, fields, &name("asset"), &kinds);
        for (field, more) in [
            ("class", "maxlength=\"100\""),
            ("status", "maxlength=\"100\""),
            ("balance", "inputmode=\"decimal\""),
            ("available", "inputmode=\"decimal\""),
            ("branch", "maxlength=\"100\""),
        ] {
            page.put("</td><td>");
            cell(page, fields, &name(field), more);
        }
        page.put("</td><td>");
        let roles: Vec<_> = AssetRole::ALL.iter().map(|role| (role.word(), role.chinese())).collect();
        choose(page, fields, &name("role"), &roles);
        page.put("</td></tr>");
    }
    page.put("</tbody></table>");
    if rows < ROWS_MAX {
        page.put("<p class=\"hint\"><a href=\"?rows=").say(&(rows * 4).clamp(12, ROWS_MAX).to_string());
        page.put("\">")
            .both(("行数不够：换用更多行的表格（先换再填）", "more rows; before filling in"))
            .put("</a></p>");
    }
    page.put("</fieldset>");
}

fn choose(page: &mut Html, fields: &Fields, name: &str, words: &[(&str, &str)]) {
    page.put("<select name=\"").say(name).put("\">");
    for (word, label) in words {
        option(page, fields.text(name), word, label);
    }
    page.put("</select>");
}

fn draw_findings(page: &mut Html, fields: &Fields) {
    page.put("<details><summary>").both(("其他查明事项", "other findings")).put("</summary>");
    page.put("<table class=\"rows\"><tbody>");
    let classes: Vec<_> = FindingClass::ALL.iter().map(|class| (class.word(), class.chinese())).collect();
    for place in 0..FEW_ROWS {
        page.put("<tr><td class=\"narrow\">");
        choose(page, fields, &format!("findings.{place}.class"), &classes);
        page.put("</td><td>");
        cell(page, fields, &format!("findings.{place}.value"), "maxlength=\"500\"");
        page.put("</td></tr>");
    }
    page.put("</tbody></table></details>");
}

fn draw_ahead(page: &mut Html, fields: &Fields) {
    page.put("<fieldset><legend>").both(("在先措施（如有）", "earlier measures, if any")).put("</legend>");
    page.put("<table class=\"rows\"><thead><tr>");
    for label in [("机关", "by whom"), ("文号", "paper"), ("金额（元）", "yuan"), ("止日", "until")] {
        page.put("<th>").both(label).put("</th>");
    }
    page.put("</tr></thead><tbody>");
    for place in 0..FEW_ROWS {
        page.put("<tr>");
        for (field, more) in [
            ("organ", "maxlength=\"100\""),
            ("paper", "maxlength=\"100\""),
            ("amount", "inputmode=\"decimal\""),
            ("to", "type=\"date\""),
        ] {
            page.put("<td>");
            cell(page, fields, &format!("ahead.{place}.{field}"), more);
            page.put("</td>");
        }
        page.put("</tr>");
    }
    page.put("</tbody></table></fieldset>");
}
