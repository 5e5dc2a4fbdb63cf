//! The form of an answer as it is drawn: its fields by the kind of act, what was filled in before, and beside each field what is wrong with it.

use domain::outcome::{AssetKind, AssetRole, FindingClass, Reason};
use domain::{ActId, ActKind};

use super::fields::Fields;
use super::form::{self, FEW_ROWS, ROWS_MAX, Said};
use super::html::Html;
use crate::fault::Fault;
use crate::language::Language;

/// Rows for accounts in sight; the others of the form fold out.
const ROWS_IN_SIGHT: usize = 3;
const MONEY: &str = "inputmode=\"decimal\"";

/// What was sent before, and what is wrong with it.
pub(super) struct Sent<'a> {
    fields: &'a Fields,
    /// Each with the field that it is about.
    faults: Vec<(String, &'a Fault)>,
    files: &'a [String],
}

impl<'a> Sent<'a> {
    /// `files` are the names of those that came with it: a browser does not keep them.
    pub(super) fn of(fields: &'a Fields, faults: &'a [Fault], files: &'a [String]) -> Self {
        let faults = faults.iter().map(|fault| (form::field_at(fields, fault.pointer()), fault)).collect();
        Self { fields, faults, files }
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.faults.iter().any(|(field, _)| field == name)
    }

    fn is_wrong_below(&self, prefix: &str) -> bool {
        self.faults.iter().any(|(field, _)| field.starts_with(prefix))
    }

    fn is_filled_below(&self, prefix: &str) -> bool {
        self.fields.texts.keys().any(|name| name.starts_with(prefix))
    }
}

/// Draws the form.
pub(super) fn draw(page: &mut Html, (kind, act): (ActKind, ActId), word: &str, sent: &Sent<'_>, rows: usize) {
    summary(page, sent);
    // The place in the page is that of the form again when the answer comes back with faults.
    page.put("<form class=\"answer\" method=\"post\" enctype=\"multipart/form-data\" action=\"");
    page.put(super::ROOT).put("/tasks/").say(&act.to_string()).put("/answer#answer\">");
    page.put("<input type=\"hidden\" name=\"form\" value=\"").say(word).put("\">");
    verdicts(page, kind, sent);
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
        field(page, sent, name, *label, "inputmode=\"decimal\" placeholder=\"0.00\"");
    }
    if kind.is_lasting() || kind == ActKind::Renew {
        field(page, sent, "from", ("起日", "first day"), "type=\"date\"");
        field(page, sent, "to", ("止日（含当日）", "last day, inclusive"), "type=\"date\"");
    }
    field(page, sent, "serial", ("本单位流水号", "your own number"), "maxlength=\"64\"");
    field(page, sent, "due", ("预计办理日（已登记的）", "expected day"), "type=\"date\"");
    page.put("</div>");
    if kind.is_question() {
        accounts(page, sent, rows);
        findings(page, sent);
    }
    if kind == ActKind::Freeze {
        ahead(page, sent);
    }
    words_and_files(page, sent);
    page.put("<p class=\"act\"><button type=\"submit\">")
        .both(("提交答复", "Answer"))
        .put("</button></p><p class=\"hint\">");
    page.both((
        "页面静置30分钟后须重新登录，未提交的内容不保留。",
        "After 30 minutes of rest you sign in again; what was not sent is not kept.",
    ));
    page.put("</p></form>");
}

/// What a fault wants, in both languages.
fn wanted(page: &mut Html, fault: &Fault) {
    let (chinese, english) = (fault.wanted(Language::Chinese), fault.wanted(Language::English));
    match chinese.split_once(" · ") {
        Some(both) if chinese == english => page.both(both),
        None if chinese == english => page.say(&chinese),
        _ => page.both((&chinese, &english)),
    };
}

/// All faults at once, each leading to its field.
fn summary(page: &mut Html, sent: &Sent<'_>) {
    if sent.faults.is_empty() {
        return;
    }
    page.put("<div class=\"faults\" role=\"alert\"><p><b>");
    page.both(("答复未提交，请更正后再提交", "nothing was sent; correct this and send it again")).put("</b></p><ul>");
    for (name, fault) in &sent.faults {
        page.put("<li><a href=\"#f-").say(name).put("\">");
        name_field(page, name);
        page.put("</a>：");
        wanted(page, fault);
        page.put("</li>");
    }
    page.put("</ul></div>");
}

/// `accounts.1.number` as people say it.
fn name_field(page: &mut Html, name: &str) {
    let mut steps = name.split('.').peekable();
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
        "asset" => "种类",
        "balance" => "余额",
        "available" => "可控金额",
        "class" => "类别",
        "status" => "状态",
        "branch" => "网点",
        "role" => "身份",
        "organ" => "机关",
        "paper" => "文号",
        "amount" => "金额",
        "value" => "内容",
        other => other,
    }
}

/// The attributes that bind a field to its name here and to what is wrong with it.
fn bound(page: &mut Html, sent: &Sent<'_>, name: &str) {
    page.put(" id=\"f-").say(name).put("\" name=\"").say(name).put("\"");
    if sent.is_wrong(name) {
        page.put(" aria-invalid=\"true\" aria-describedby=\"e-").say(name).put("\"");
    }
}

/// What is wrong with a field, beside it.
fn told(page: &mut Html, sent: &Sent<'_>, name: &str) {
    if !sent.is_wrong(name) {
        return;
    }
    page.put("<span class=\"wrong\" id=\"e-").say(name).put("\">");
    for (_, fault) in sent.faults.iter().filter(|(field, _)| field == name) {
        wanted(page, fault);
        page.put(" ");
    }
    page.put("</span>");
}

fn input(page: &mut Html, sent: &Sent<'_>, name: &str, more: &'static str) {
    page.put("<input");
    bound(page, sent, name);
    page.put(" value=\"").say(sent.fields.text(name).unwrap_or_default());
    page.put("\" autocomplete=\"off\" ").put(more).put(">");
}

fn field(page: &mut Html, sent: &Sent<'_>, name: &str, label: Said, more: &'static str) {
    page.put("<div class=\"field\"><label>").both(label);
    input(page, sent, name, more);
    page.put("</label>");
    told(page, sent, name);
    page.put("</div>");
}

fn verdicts(page: &mut Html, kind: ActKind, sent: &Sent<'_>) {
    page.put("<fieldset id=\"f-verdict\"");
    page.put(if sent.is_wrong("verdict") { " aria-describedby=\"e-verdict\"><legend>" } else { "><legend>" })
        .both(("办理结果", "result"))
        .put("</legend>");
    for offered in form::verdicts(kind) {
        page.put("<label class=\"choice\"><input type=\"radio\" name=\"verdict\" required value=\"")
            .say(offered.word());
        page.put(if sent.fields.text("verdict") == Some(offered.word()) { "\" checked>" } else { "\">" });
        page.put("<span>").both(form::verdict(kind, *offered)).put("</span></label>");
    }
    told(page, sent, "verdict");
    page.put("<div class=\"field\"><label>");
    page.both(("原因（未办理、回退、部分办理的）", "reason"));
    page.put("<select");
    bound(page, sent, "reason");
    page.put("><option value=\"\"></option>");
    for word in Reason::ALL {
        let (chinese, english) = form::reason(*word);
        option(page, sent.fields.text("reason"), word.word(), &format!("{chinese} {english}"));
    }
    page.put("</select></label>");
    told(page, sent, "reason");
    page.put("</div></fieldset>");
}

fn option(page: &mut Html, chosen: Option<&str>, word: &str, label: &str) {
    page.put("<option value=\"").say(word).put(if chosen == Some(word) { "\" selected>" } else { "\">" });
    page.say(label).put("</option>");
}

fn words_and_files(page: &mut Html, sent: &Sent<'_>) {
    page.put("<div class=\"field wide\"><label>").both(("说明（本单位原话）", "in your own words")).put("<textarea");
    bound(page, sent, "text");
    page.put(" rows=\"3\" maxlength=\"1000\">").say(sent.fields.text("text").unwrap_or_default());
    page.put("</textarea></label>");
    told(page, sent, "text");
    page.put("</div><div class=\"field wide\"><label>");
    page.both(("盖章回执（PDF，可多选，至多4件，每件至多5 MB）", "sealed reply: PDF, up to four of 5 MB"));
    page.put("<input type=\"file\"");
    bound(page, sent, "replies");
    page.put(" accept=\"application/pdf,.pdf\" multiple></label>");
    told(page, sent, "replies");
    if !sent.files.is_empty() {
        page.put("<span class=\"wrong\">").both(("请重新选择附件：", "choose the files again:"));
        page.put(" ").say(&sent.files.join("，")).put("</span>");
    }
    page.put("</div>");
}

/// The columns of a table in a form: name, label, attributes of its input or `None` where it is a choice.
type Column = (&'static str, Said, Option<&'static str>);

const ACCOUNT: [Column; 8] = [
    ("number", ("账号、保单号、产权证号或号牌", "number"), Some("maxlength=\"64\"")),
    ("asset", ("种类", "sort"), None),
    ("class", ("类别", "class"), Some("maxlength=\"100\"")),
    ("status", ("状态", "status"), Some("maxlength=\"100\"")),
    ("balance", ("余额（元）", "balance"), Some(MONEY)),
    ("available", ("可控金额（元）", "can be held"), Some(MONEY)),
    ("branch", ("网点", "branch"), Some("maxlength=\"100\"")),
    ("role", ("身份", "the subject is"), None),
];
const PRIOR: [Column; 4] = [
    ("organ", ("机关", "by whom"), Some("maxlength=\"100\"")),
    ("paper", ("文号", "paper"), Some("maxlength=\"100\"")),
    ("amount", ("金额（元）", "yuan"), Some(MONEY)),
    ("to", ("止日", "until"), Some("type=\"date\"")),
];
const FINDING: [Column; 2] =
    [("class", ("种类", "sort"), None), ("value", ("内容", "what"), Some("maxlength=\"500\""))];

fn table(page: &mut Html, sent: &Sent<'_>, list: &'static str, columns: &[Column], rows: std::ops::Range<usize>) {
    page.put("<table class=\"rows\"><thead><tr><td></td>");
    for (_, label, _) in columns {
        page.put("<th>").both(*label).put("</th>");
    }
    page.put("</tr></thead><tbody>");
    for place in rows {
        let row = (place + 1).to_string();
        page.put("<tr><td class=\"place\">").say(&row).put("</td>");
        for (field, (chinese, english), more) in columns {
            let name = format!("{list}.{place}.{field}");
            // Above a narrow screen's fields, and for whoever hears the page: there the column's head is far away.
            page.put(if more.is_none() { "<td class=\"narrow\"><label>" } else { "<td><label>" });
            page.put("<span class=\"cap\">").both((&format!("第{row}行 {chinese}"), english)).put("</span>");
            match *more {
                Some(more) => input(page, sent, &name, more),
                None => choose(page, sent, &name, &choices(list, field)),
            }
            page.put("</label>");
            told(page, sent, &name);
            page.put("</td>");
        }
        page.put("</tr>");
    }
    page.put("</tbody></table>");
}

fn choices(list: &str, field: &str) -> Vec<Said> {
    match (list, field) {
        ("findings", _) => FindingClass::ALL.iter().map(|class| (class.word(), class.chinese())).collect(),
        (_, "role") => AssetRole::ALL.iter().map(|role| (role.word(), role.chinese())).collect(),
        _ => AssetKind::ALL.iter().map(|kind| (kind.word(), kind.chinese())).collect(),
    }
}

fn choose(page: &mut Html, sent: &Sent<'_>, name: &str, words: &[Said]) {
    page.put("<select");
    bound(page, sent, name);
    page.put(">");
    for (word, label) in words {
        option(page, sent.fields.text(name), word, label);
    }
    page.put("</select>");
}

/// What folds out, open where something of it is filled in or wrong.
fn folded(page: &mut Html, open: bool, label: Said) {
    page.put(if open { "<details open><summary>" } else { "<details><summary>" }).both(label).put("</summary>");
}

fn accounts(page: &mut Html, sent: &Sent<'_>, rows: usize) {
    page.put("<fieldset id=\"f-accounts\"><legend>");
    page.both(("查得账户或财产", "accounts and other property found")).put("</legend>");
    told(page, sent, "accounts");
    table(page, sent, "accounts", &ACCOUNT, 0..ROWS_IN_SIGHT);
    let rows = rows.clamp(form::ROWS, ROWS_MAX);
    let beyond = |prefix: &str| (0..ROWS_IN_SIGHT).all(|place| !prefix.starts_with(&format!("accounts.{place}.")));
    let more_used = sent.fields.texts.keys().any(|name| {
        let choice = name.ends_with(".asset") || name.ends_with(".role");
        name.starts_with("accounts.") && !choice && beyond(name)
    });
    folded(page, more_used || rows > form::ROWS, ("更多行", "more rows"));
    table(page, sent, "accounts", &ACCOUNT, ROWS_IN_SIGHT..rows);
    if rows < ROWS_MAX {
        page.put("<p class=\"hint\"><a href=\"?rows=").say(&(rows * 4).min(ROWS_MAX).to_string()).put("#answer\">");
        page.both(("仍不够：换用更多行的表格（先换再填）", "still more rows; before filling in")).put("</a></p>");
    }
    page.put("</details></fieldset>");
}

fn findings(page: &mut Html, sent: &Sent<'_>) {
    let used = (0..FEW_ROWS).any(|place| sent.is_filled_below(&format!("findings.{place}.value")));
    folded(page, used || sent.is_wrong_below("findings"), ("其他查明事项", "other findings"));
    table(page, sent, "findings", &FINDING, 0..FEW_ROWS);
    page.put("</details>");
}

fn ahead(page: &mut Html, sent: &Sent<'_>) {
    page.put("<fieldset id=\"f-ahead\"><legend>")
        .both(("在先措施（如有）", "earlier measures, if any"))
        .put("</legend>");
    told(page, sent, "ahead");
    table(page, sent, "ahead", &PRIOR, 0..FEW_ROWS);
    page.put("</fieldset>");
}
