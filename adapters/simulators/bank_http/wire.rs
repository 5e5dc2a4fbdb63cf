//! The messages of schemas/partners/bank-http-xml.md: read requests, write answers.

use encoding_rs::{Encoding, UTF_8};

use crate::bank::{Account, AccountState, Customer, Outcome, PriorFreeze, Reason, Verdict};
use crate::day::Day;
use crate::money::yuan;
use crate::wire::md5_hex;
use crate::xml::{self, Node};

/// Where the XML declaration must have ended.
const DECLARATION_BYTES_MAX: usize = 200;

/// A request as far as every TxCode shares it.
pub(crate) struct Request {
    pub tx_code: String,
    pub from: String,
    pub to: String,
    pub number: String,
    pub mode: String,
    pub body: Node,
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Ok,
    Accepted,
    Format,
    Repeated,
    NoSuchTx,
    TooMany,
    Closed,
    NoAccount,
    NotFound,
    CoreTimeout,
}

impl Code {
    pub(crate) fn number(self) -> &'static str {
        match self {
            Code::Ok => "100000",
            Code::Accepted => "100001",
            Code::Format => "200001",
            Code::CoreTimeout => "200002",
            Code::Repeated => "200003",
            Code::NoSuchTx => "200006",
            Code::TooMany => "200008",
            Code::Closed => "200009",
            Code::NoAccount => "200010",
            Code::NotFound => "200011",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Code::Ok => "成功",
            Code::Accepted => "已受理，请稍后查询",
            Code::Format => "报文格式错误",
            Code::CoreTimeout => "核心系统超时",
            Code::Repeated => "流水号重复且内容不一致",
            Code::NoSuchTx => "无接口权限",
            Code::TooMany => "调用次数超限",
            Code::Closed => "通道已关闭",
            Code::NoAccount => "账户不存在",
            Code::NotFound => "未登记该流水号",
        }
    }
}

/// The character set a document declares; UTF-8 when it says nothing, `None` when it is one this bank does not read.
pub(crate) fn charset_of(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(DECLARATION_BYTES_MAX)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let declaration = text.trim_start_matches('\u{feff}').strip_prefix("<?xml").and_then(|t| t.split("?>").next());
    let Some((_, after)) = declaration.and_then(|d| d.split_once("encoding")) else { return Some(UTF_8) };
    let label = after.trim_start_matches([' ', '=']).split(['"', '\'']).nth(1)?;
    let charset = Encoding::for_label(label.as_bytes())?;
    [UTF_8, encoding_rs::GBK, encoding_rs::GB18030].contains(&charset).then_some(charset)
}

/// The charset's name for a declaration.
pub(crate) fn charset_name(charset: &'static Encoding) -> &'static str {
    if charset == UTF_8 { "UTF-8" } else { charset.name() }
}

/// Reads a request; the error is a text for `Description`.
pub(crate) fn read(bytes: &[u8]) -> Result<Request, String> {
    let charset = charset_of(bytes).ok_or("字符集不支持")?;
    let (text, malformed) = charset.decode_with_bom_removal(bytes);
    if malformed {
        return Err("字符集与声明不符".to_owned());
    }
    let mut root = xml::parse(&text).map_err(|e| format!("报文格式错误: {e}"))?;
    let head = root.child("Head").ok_or("缺少 Head")?;
    let field = |name: &str| head.value(name).to_owned();
    let (tx_code, from, to) = (field("TxCode"), field("MessageFrom"), field("MessageTo"));
    let (number, mode) = (field("TransSerialNumber"), field("Mode"));
    if root.name != "Request" || tx_code.is_empty() {
        return Err("缺少 Request 或 TxCode".to_owned());
    }
    let number_ok = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if number.is_empty() || number.len() > 40 || !number.chars().all(number_ok) {
        return Err("TransSerialNumber 不合规".to_owned());
    }
    let at = root.children.iter().position(|c| c.name == "Body").ok_or("缺少 Body")?;
    let body = root.children.swap_remove(at);
    Ok(Request { tx_code, from, to, number, mode, body })
}

/// Digest of TxCode and everything in Body.
pub(crate) fn content(request: &Request) -> String {
    let mut text = request.tx_code.clone();
    flatten(&request.body, &mut text);
    md5_hex(text.as_bytes())
}

fn flatten(node: &Node, text: &mut String) {
    text.push('<');
    text.push_str(&node.name);
    text.push('>');
    text.push_str(node.text.trim());
    for child in &node.children {
        flatten(child, text);
    }
    text.push('/');
}

/// Writes an answer without its XML declaration.
pub(crate) fn answer(request: &Request, code: Code, description: Option<&str>, body: &str) -> String {
    let even = request.tx_code.parse::<u32>().map_or(0, |t| t.saturating_add(1)).to_string();
    let mut out = String::with_capacity(512 + body.len());
    out.push_str("<Response><Head>");
    xml::element(&mut out, "TxCode", &even);
    xml::element(&mut out, "MessageFrom", &request.to);
    xml::element(&mut out, "MessageTo", &request.from);
    xml::element(&mut out, "TransSerialNumber", &request.number);
    xml::element(&mut out, "Mode", &request.mode);
    xml::element(&mut out, "Code", code.number());
    xml::element(&mut out, "Description", description.unwrap_or(code.description()));
    out.push_str("</Head><Body>");
    out.push_str(body);
    out.push_str("</Body></Response>");
    out
}

/// The whole document in a character set.
pub(crate) fn document(answer: &str, charset: &'static Encoding, declared: &'static Encoding) -> Vec<u8> {
    let text = format!("<?xml version=\"1.0\" encoding=\"{}\"?>\n{answer}", charset_name(declared));
    charset.encode(&text).0.into_owned()
}

pub(crate) fn start_time(day: Day) -> String {
    format!("{}000000", day.compact())
}

pub(crate) fn end_time(day: Day) -> String {
    format!("{}235959", day.compact())
}

/// Body of 100310.
pub(crate) fn accounts_body(name: &str, customer: &Customer, accounts: &[Account]) -> String {
    let mut out = String::new();
    xml::element(&mut out, "AccountName", name);
    if accounts.is_empty() {
        return out;
    }
    out.push_str("<Accounts>");
    for account in accounts {
        account_element(&mut out, customer, account);
    }
    out.push_str("</Accounts>");
    out
}

fn account_element(out: &mut String, customer: &Customer, account: &Account) {
    let status = match account.state {
        AccountState::Closed => "2",
        AccountState::ReportedLost => "3",
        AccountState::Normal if account.wholly_frozen() => "1",
        AccountState::Normal => "0",
    };
    out.push_str("<Account>");
    xml::element(out, "AccountNumber", &account.number);
    xml::element(out, "AccountType", if customer.company { "02" } else { "01" });
    xml::element(out, "AccountClass", &account.class);
    xml::element(out, "AccountStatus", status);
    xml::element(out, "Currency", if account.currency == "156" { "CNY" } else { &account.currency });
    xml::element(out, "AccountBalance", &yuan(account.balance));
    xml::element(out, "AccountAvaiableBalance", &yuan(account.available()));
    xml::element(out, "OpenBranch", &account.branch);
    xml::element(out, "OpenBranchID", &account.branch_code);
    xml::element(out, "OpenTime", &start_time(account.opened));
    if !account.freezes.is_empty() {
        out.push_str("<Measures>");
        for (index, told) in account.told().iter().enumerate() {
            out.push_str("<Measure>");
            xml::element(out, "Rank", &(index + 1).to_string());
            xml::element(out, "FreezeOrg", &told.organ);
            xml::element(out, "FreezeDocument", &told.document);
            xml::element(out, "FreezeBalance", &told.limit.map(yuan).unwrap_or_default());
            xml::element(out, "HeldBalance", &yuan(told.caught));
            xml::element(out, "Queued", if told.queued { "1" } else { "0" });
            xml::element(out, "ExpireTime", &end_time(told.end));
            out.push_str("</Measure>");
        }
        out.push_str("</Measures>");
    }
    if !account.rights.is_empty() {
        out.push_str("<Priorities>");
        for right in &account.rights {
            out.push_str("<Priority>");
            xml::element(out, "RightType", &right.kind);
            xml::element(out, "RightHolder", &right.holder);
            xml::element(out, "RightBalance", &yuan(right.amount));
            out.push_str("</Priority>");
        }
        out.push_str("</Priorities>");
    }
    out.push_str("</Account>");
}

/// `Result` of an outcome.
pub(crate) fn result_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "0000",
        Outcome::Queued => "0001",
        Outcome::BehindRight => "1005",
        Outcome::Refused(reason) => match reason {
            Reason::NameDiffers => "1001",
            Reason::NumberDiffers => "1002",
            Reason::OriginalUnknown | Reason::NoAccount | Reason::DeductUnknown => "1003",
            Reason::OriginalEnded => "1004",
            Reason::AmountAboveFreeze
            | Reason::NothingHeld
            | Reason::AmountAboveDeduct
            | Reason::PartAboveFreeze
            | Reason::AmountAboveTakenOver => "1006",
            Reason::OriginalQueued => "1007",
            Reason::DocumentMissing | Reason::CredentialsMissing => "1008",
            Reason::BadDates | Reason::BadAmount | Reason::NoPayee => "1009",
            Reason::Unsupported => "1010",
            Reason::OfficerNumberTooLong => "1011",
            Reason::RefusedByClerk | Reason::PaymentReturned => "9999",
        },
    }
}

fn cause(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "",
        Outcome::Queued => "账户已被其他机关冻结，已登记轮候",
        Outcome::BehindRight => "账户存在优先权利，暂未控制到资金",
        Outcome::Refused(reason) => reason.text(),
    }
}

/// Body of 100202, 100204, 100206, 100212, 100214 by the word of the verb.
pub(crate) fn verdict_body(verb: &str, account: &str, verdict: &Verdict) -> String {
    let mut out = String::new();
    xml::element(&mut out, "Result", result_code(verdict.outcome));
    xml::element(&mut out, "AccountNumber", account);
    if matches!(verb, "freeze" | "deduct" | "reverse")
        && let Some(asked) = verdict.asked
    {
        xml::element(&mut out, "AppliedBalance", &yuan(asked));
    }
    match verb {
        "freeze" | "renew" => xml::element(&mut out, "FrozedBalance", &yuan(verdict.got)),
        "release" => {
            xml::element(&mut out, "UnfreezeBalance", &yuan(verdict.got));
            // Of a part only: what the freeze is limited to from now on.
            if let Some(limit) = verdict.limit {
                xml::element(&mut out, "RemainBalance", &yuan(limit));
            }
        }
        "reverse" => xml::element(&mut out, "ReturnedBalance", &yuan(verdict.got)),
        _ => xml::element(&mut out, "DeductedBalance", &yuan(verdict.got)),
    }
    if verdict.took_effect() {
        effect_fields(&mut out, verb, verdict);
    }
    let cause = cause(verdict.outcome);
    if !cause.is_empty() {
        xml::element(&mut out, "FailureCause", cause);
    }
    if !verdict.prior.is_empty() {
        out.push_str("<FormerFreezes>");
        verdict.prior.iter().for_each(|p| former(&mut out, p));
        out.push_str("</FormerFreezes>");
    }
    out
}

fn effect_fields(out: &mut String, verb: &str, verdict: &Verdict) {
    if verb == "deduct" {
        xml::element(out, "FrozedBalance", &yuan(verdict.held));
    }
    if let (Some(balance), Some(available)) = (verdict.balance, verdict.available) {
        xml::element(out, "AccountBalance", &yuan(balance));
        xml::element(out, "AccountAvaiableBalance", &yuan(available));
    }
    if let (true, Some(start), Some(end)) = (verb != "deduct", verdict.start, verdict.end) {
        xml::element(out, "StartTime", &start_time(start));
        xml::element(out, "ExpireTime", &end_time(end));
    }
    if let (Some(serial), Some(on)) = (&verdict.serial, verdict.paid_on) {
        xml::element(out, "CoreSerial", serial);
        xml::element(out, "PaidTime", &start_time(on));
    }
}

fn former(out: &mut String, prior: &PriorFreeze) {
    out.push_str("<FormerFreeze>");
    xml::element(out, "FormerApplicationDepartment", &prior.organ);
    xml::element(out, "FormerDocument", &prior.document);
    xml::element(out, "FormerFrozenBalance", &yuan(prior.limit.unwrap_or(prior.caught)));
    xml::element(out, "FormerFrozenExpireTime", &end_time(prior.end));
    out.push_str("</FormerFreeze>");
}
