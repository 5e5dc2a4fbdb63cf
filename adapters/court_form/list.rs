//! The lists that partners fetch: `cxqqList` of queries, `kzqqList` of controls with their lines.

use domain::ActKind;
use domain::case::CourtAccount;
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::ListClass;

use super::packed::Packing;
use crate::dialect::Dialect;
use crate::transport::pull::ANSWER_BYTES_MAX;

/// What a row needs beside the slip.
pub(crate) struct Particulars<'a> {
    /// BDHM.
    pub(crate) number: &'a str,
    /// WSBH, by which the bank fetches the papers of a query.
    pub(crate) paper_number: &'a str,
    /// LXFS, the court's address; no court tells it, so it is empty.
    pub(crate) contact: &'a str,
    /// CCLB of an account, which only the bank knows; empty.
    pub(crate) account_class: &'a str,
}

/// Writes the list. A slip that would pass the size cap is left for the next pull, and so is one that cannot be said whole.
pub(crate) fn list(dialect: &Dialect, class: ListClass, slips: &[Slip]) -> String {
    write(dialect, class, slips).finish()
}

/// The document of a list, as it lies in a file; see [`list`].
pub(crate) fn write<'d>(dialect: &'d Dialect, class: ListClass, slips: &[Slip]) -> Packing<'d> {
    let (root, row): (_, fn(&mut Packing<'_>, &Slip, &Particulars<'_>) -> Option<()>) = match class {
        ListClass::Queries => ("cxqqList", query),
        ListClass::Controls => ("kzqqList", control),
    };
    let mut packing = Packing::new(dialect);
    open(&mut packing, root);
    for slip in slips {
        let before = packing.len();
        let number = slip.number.to_string();
        let number = dialect.write_number(&number);
        // The slip number stands for the paper number too: it is ours and unique, so the later call for papers finds
        // its slip, where the papers' own numbers repeat from bank to bank and hold the case number.
        let particulars = Particulars { number: &number, paper_number: &number, contact: "", account_class: "" };
        if row(&mut packing, slip, &particulars).is_none() {
            packing.cut(before);
        }
        if packing.len() > ANSWER_BYTES_MAX {
            packing.cut(before);
            break;
        }
    }
    packing.end(root);
    packing
}

/// Can the slip be said whole?
pub(crate) fn can_write(dialect: &Dialect, slip: &Slip) -> bool {
    let number = slip.number.to_string();
    let particulars = Particulars { number: &number, paper_number: &number, contact: "", account_class: "" };
    let is_query = slip.lines.first().is_some_and(|line| line.kind.is_question());
    let row = if is_query { query } else { control };
    row(&mut Packing::new(dialect), slip, &particulars).is_some()
}

/// `<root errorMsg="">`.
pub(crate) fn open(packing: &mut Packing<'_>, root: &str) {
    let dialect = packing.dialect;
    packing.begin(root);
    packing.field(error(dialect, 0), "");
    packing.inside();
}

/// The attribute that says why a call is denied: of lists, of feedback, of hand-backs.
pub(crate) fn error(dialect: &Dialect, place: usize) -> &str {
    dialect.errors.get(place).map_or("errorMsg", String::as_str)
}

/// `<root errorMsg="…"/>` for a call that is denied.
pub(crate) fn denied(dialect: &Dialect, root: &str, attribute: &str, text: &str) -> String {
    let mut packing = Packing::new(dialect);
    packing.begin(root);
    packing.field(attribute, text);
    packing.empty();
    packing.finish()
}

/// A `cxqq`; `None` when the slip names no party.
pub(crate) fn query(packing: &mut Packing<'_>, slip: &Slip, particulars: &Particulars<'_>) -> Option<()> {
    packing.begin("cxqq");
    header(packing, slip, particulars, ActKind::Query)?;
    // No window of transactions is asked for: none is kept.
    packing.field("CKKSSJ", "");
    packing.field("CKJSSJ", "");
    packing.field("WSBH", particulars.paper_number);
    packing.empty();
    Some(())
}

/// A `kzqq` with its lines; `None` when any of it is missing, because half an order is a wrong order.
pub(crate) fn control(packing: &mut Packing<'_>, slip: &Slip, particulars: &Particulars<'_>) -> Option<()> {
    let first = slip.lines.first()?;
    packing.begin("kzqq");
    header(packing, slip, particulars, first.kind)?;
    packing.field("LXFS", particulars.contact);
    packing.field("BEIZ", "");
    packing.inside();
    packing.begin("kzzhlist");
    packing.inside();
    for line in &slip.lines {
        packing.begin("kzzh");
        match line.kind {
            ActKind::Deduct => deduct(packing, slip, line)?,
            _ => hold(packing, slip, line, particulars)?,
        }
        packing.empty();
    }
    packing.end("kzzhlist");
    packing.end("kzqq");
    Some(())
}

fn header(packing: &mut Packing<'_>, slip: &Slip, particulars: &Particulars<'_>, kind: ActKind) -> Option<()> {
    let (party, context) = (slip.party()?, &slip.context);
    let officer = context.officers.first()?;
    packing.field("BDHM", particulars.number);
    let (query, control) = &packing.dialect.natures;
    packing.field("XZ", if kind == ActKind::Query { query } else { control });
    packing.field("LB", &packing.dialect.industry_word);
    packing.field("XM", party.name.expose());
    // Holders of a resident card and registered organisations are Chinese; of others no court tells the country.
    let is_chinese = matches!(party.id_type.as_str(), "01" | "20500" | "20600" | "24100");
    packing.field("GJ", if is_chinese { &packing.dialect.chinese } else { "" });
    packing.field("ZJLX", packing.dialect.id_type(&party.id_type));
    packing.field("DSRZJHM", party.id_number.expose());
    packing.field("FZJG", "");
    packing.field("FYMC", &context.case.court.name);
    packing.field("FYDM", &context.case.court.code);
    packing.field("CBR", officer.name.expose());
    packing.field("YHDH", officer.phone.expose());
    packing.field("AH", context.case.number.expose());
    packing.field("GZZBH", officer.work_id.expose());
    packing.field("GWZBH", officer.duty_id.expose());
    packing.field("CKH", packing.dialect.notice(kind, notice_of(kind)));
    Some(())
}

fn hold(packing: &mut Packing<'_>, slip: &Slip, line: &Line, particulars: &Particulars<'_>) -> Option<()> {
    let account = line.account.as_ref()?;
    let amount = match (line.kind, line.amount) {
        (ActKind::Freeze, None) => return None,
        (_, amount) => amount.map(|amount| packing.dialect.amount(amount)).unwrap_or_default(),
    };
    begin_line(packing, line, account.expose())?;
    packing.field("GLZHHM", "");
    packing.field("CCLB", particulars.account_class);
    packing.field("BZ", &packing.dialect.currency);
    packing.field("JE", &amount);
    packing.field("KSRQ", &line.from.map(|day| packing.dialect.day(day)).unwrap_or_default());
    packing.field("JSRQ", &line.to.map(|day| packing.dialect.day(day)).unwrap_or_default());
    packing.field("SFJH", "");
    packing.field("CKWH", ruling_number(slip));
    // A freeze names one only when it takes over another organ's.
    if line.kind.builds_on_freeze() || line.original.is_some() {
        original(packing, line)?;
    }
    Some(())
}

fn deduct(packing: &mut Packing<'_>, slip: &Slip, line: &Line) -> Option<()> {
    let (account, amount, to) = (line.account.as_ref()?, line.amount?, slip.destination()?);
    begin_line(packing, line, account.expose())?;
    packing.field("BZ", &packing.dialect.currency);
    packing.field("JE", &packing.dialect.amount(amount));
    packing.field("CKWH", ruling_number(slip));
    destination(packing, to);
    original(packing, line)
}

fn begin_line(packing: &mut Packing<'_>, line: &Line, account: &str) -> Option<()> {
    let dialect = packing.dialect;
    packing.field("CCXH", &line.line.to_string());
    packing.field("KZLX", &dialect.deposit);
    packing.field("KZCS", dialect.measure(line.kind)?);
    packing.field("KZNR", &dialect.funds);
    packing.field("KHZH", account);
    Some(())
}

fn destination(packing: &mut Packing<'_>, to: &CourtAccount) {
    packing.field("ZXKZHHM", &to.holder);
    packing.field("ZXKZHKHH", &to.bank);
    packing.field("ZXKZHKHHHH", &to.bank_code);
    packing.field("ZXKZHZH", to.number.expose());
    packing.field("ZXKZHLX", &packing.dialect.case_account);
}

fn original(packing: &mut Packing<'_>, line: &Line) -> Option<()> {
    let original = line.original.as_ref()?;
    // Freezes made over a connection that knows no lines are kept as `slip-line`; this form names the slip.
    let slip = SlipLine::parse(&original.slip).map_or_else(|| original.slip.clone(), |key| key.slip.to_string());
    packing.field("YDJDH", &packing.dialect.write_number(&slip));
    packing.field("YDJAH", original.case_number.expose());
    Some(())
}

/// CKH: the name of the notice that goes with an act.
pub(crate) fn notice_of(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Freeze | ActKind::Renew => "协助冻结存款通知书",
        ActKind::Release => "解除冻结存款通知书",
        ActKind::Deduct => "协助扣划存款通知书",
        _ => "协助查询存款通知书",
    }
}

/// WSLB: what a paper of a kind is called.
pub(crate) fn paper_name(kind: &str) -> &'static str {
    match kind {
        "ruling" => "执行裁定书",
        "query_notice" => notice_of(ActKind::Query),
        "freeze_notice" => notice_of(ActKind::Freeze),
        "deduct_notice" => notice_of(ActKind::Deduct),
        "release_notice" => notice_of(ActKind::Release),
        "assist_notice" => "协助执行通知书",
        _ => "其他",
    }
}

pub(crate) fn ruling_number(slip: &Slip) -> &str {
    let ruling = slip.context.papers.iter().find(|paper| paper.kind == "ruling");
    ruling.map_or("", |paper| paper.number.expose())
}
