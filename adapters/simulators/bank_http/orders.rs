//! From a request of the called family to an order on the books.

use super::wire::Request;
use crate::bank::{Identity, Name, Order, Original, Papers, Payee, Verb};
use crate::day::Day;
use crate::money::{Fen, parse_yuan};
use crate::wire::{decode_bytes, md5_hex};
use crate::xml::Node;

/// The order in a request; the error names the field for `Description`.
pub(crate) fn order(request: &Request, content: String) -> Result<Order, String> {
    let body = &request.body;
    for name in ["ApplicationID", "CaseNumber", "AccountName", "AccountNumber", "IDType", "IDNumber"] {
        required(body, name)?;
    }
    required(body, "ApplicationOrgName")?;
    required(body, "OperatorName")?;
    required(body, "OperatorIDNumber")?;
    let verb = match request.tx_code.as_str() {
        "100201" => freeze(body)?,
        "100203" => Verb::Release { original: original(body)?, queued_only: false, part: part(body)? },
        "100205" => Verb::Renew { original: original(body)?, end: day(body, "ExpireTime")? },
        "100213" => reverse(body)?,
        _ => deduct(body)?,
    };
    let officers = ["OperatorIDNumber", "InvestigatorIDNumber"];
    Ok(Order {
        name: Name { slip: request.number.clone(), line: String::new() },
        content,
        organ: body.value("ApplicationOrgName").to_owned(),
        document: body.value("CaseNumber").to_owned(),
        subject: identity(body),
        account: body.value("AccountNumber").to_owned(),
        sub_account: String::new(),
        currency: body.value("Currency").to_owned(),
        papers: Papers {
            document: documents_in_order(body),
            credentials: true,
            officer_numbers: officers.map(|o| body.value(o).to_owned()).to_vec(),
        },
        verb,
    })
}

/// The customer a request names.
pub(crate) fn identity(body: &Node) -> Identity {
    Identity {
        name: body.value("AccountName").to_owned(),
        id_type: body.value("IDType").to_owned(),
        id_number: body.value("IDNumber").to_owned(),
    }
}

/// The field's text, or which field is missing.
pub(crate) fn required<'a>(body: &'a Node, name: &str) -> Result<&'a str, String> {
    let value = body.value(name);
    if value.is_empty() { Err(format!("必填项缺失: {name}")) } else { Ok(value) }
}

fn freeze(body: &Node) -> Result<Verb, String> {
    required(body, "Currency")?;
    let limit = match required(body, "FreezeType")? {
        "01" => Some(amount(body, "Balance")?),
        "02" => None,
        _ => return Err("取值不合规: FreezeType".to_owned()),
    };
    let end = day(body, "ExpireTime")?;
    let application = body.value("ApplicationID").to_owned();
    let named = ["OriginalTransSerialNumber", "OriginalCaseNumber"].map(|name| body.value(name).to_owned());
    let takes_over = named.into_iter().filter(|text| !text.is_empty()).collect();
    Ok(Verb::Freeze { application, limit, asked: None, queue: false, end, product: None, takes_over })
}

fn deduct(body: &Node) -> Result<Verb, String> {
    required(body, "Currency")?;
    Ok(Verb::Deduct {
        original: original(body)?,
        amount: Some(amount(body, "DeductBalance")?),
        payee: Payee {
            name: required(body, "PayeeName")?.to_owned(),
            bank: required(body, "PayeeBank")?.to_owned(),
            bank_code: required(body, "PayeeBankID")?.to_owned(),
            account: required(body, "PayeeAccount")?.to_owned(),
        },
    })
}

fn reverse(body: &Node) -> Result<Verb, String> {
    required(body, "Currency")?;
    let number = required(body, "OriginalTransSerialNumber")?.to_owned();
    Ok(Verb::Reverse {
        original: number,
        application: body.value("ApplicationID").to_owned(),
        serial: body.value("OriginalCoreSerial").to_owned(),
        amount: amount(body, "ReturnBalance")?,
    })
}

/// The sum by which an unfreeze lowers the limit; without one all of it ends.
fn part(body: &Node) -> Result<Option<Fen>, String> {
    if body.value("Balance").is_empty() { Ok(None) } else { amount(body, "Balance").map(Some) }
}

fn original(body: &Node) -> Result<Original, String> {
    let number = required(body, "OriginalTransSerialNumber")?.to_owned();
    Ok(Original { number, application: body.value("ApplicationID").to_owned() })
}

fn amount(body: &Node, name: &str) -> Result<Fen, String> {
    let fen = parse_yuan(required(body, name)?).filter(|f| *f > 0);
    fen.ok_or_else(|| format!("金额不合规: {name}"))
}

fn day(body: &Node, name: &str) -> Result<Day, String> {
    Day::parse(required(body, name)?).ok_or_else(|| format!("日期不合规: {name}"))
}

fn documents_in_order(body: &Node) -> bool {
    let Some(attachments) = body.child("Attachments") else { return false };
    let good = |attachment: &Node| {
        let md5 = attachment.value("MD5");
        decode_bytes(attachment.value("Content"))
            .is_some_and(|bytes| !bytes.is_empty() && (md5.is_empty() || md5_hex(&bytes).eq_ignore_ascii_case(md5)))
    };
    let mut all = attachments.children.iter().filter(|c| c.name == "Attachment").peekable();
    all.peek().is_some() && all.all(good)
}
