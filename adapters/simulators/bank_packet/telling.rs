//! What a bank answers: the accounts of a customer, the record of a measure, and the sums that reconcile them.

use super::BankPacketConfig;
use super::reading::{Measure, Request};
use crate::bank::{Account, AccountState, Customer, Outcome, Right, Verdict};
use crate::day::Day;
use crate::money::yuan;
use crate::xml;

/// An answer: its class and rows, and what EXECRESULT counts of them.
#[derive(Clone)]
pub(super) struct Answer {
    pub class: &'static str,
    pub measure_code: String,
    pub rows: String,
    pub customers: usize,
    pub accounts: usize,
}

impl Answer {
    /// The members of its packet.
    pub(super) fn members(&self, number: &str, config: &BankPacketConfig, moment: &str) -> Vec<(String, Vec<u8>)> {
        let (class, measure, rows) = (self.class, &self.measure_code, &self.rows);
        let (organ, target) = (&config.organ, &config.target);
        let message = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{class}><BASICINFO QQDBS=\"{number}\" QQCSLX=\"{measure}\" SQJGDM=\"{organ}\" MBJGDM=\"{target}\" FSSJ=\"{moment}\"/>{rows}</{class}>"
        );
        let sums = format!(
            "<EXECRESULT QQDBS=\"{number}\" JSRWS=\"1\" FKRWS=\"1\" FKKHS=\"{}\" FKZHS=\"{}\" FKJYMXS=\"0\"/>",
            self.customers, self.accounts
        );
        vec![
            (format!("{class}{number}.xml"), message.into_bytes()),
            (format!("EXECRESULT{number}.xml"), sums.into_bytes()),
        ]
    }
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    xml::escape(&mut out, text);
    out
}

/// An element whose fields are attributes; empty ones are left out.
fn row(name: &str, fields: &[(&str, String)], children: &str) -> String {
    let mut out = format!("<{name}");
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!(" {field}=\"{}\"", escaped(value)));
    }
    if children.is_empty() {
        out.push_str("/>");
    } else {
        out.push_str(&format!(">{children}</{name}>"));
    }
    out
}

/// The answer to a question.
pub(super) fn queried(request: &Request, found: Option<(Customer, Vec<Account>)>) -> Answer {
    let task = ("RWLSH", request.number.clone());
    let (rows, customers, accounts) = match found {
        None => {
            let missed = [task, ("CXFKJG", "02".to_owned()), ("CXFKJGYY", "查无开户信息".to_owned())];
            (row("CUSTOMER", &missed, ""), 0, 0)
        }
        Some((customer, accounts)) => {
            let fields = [
                task,
                ("CXFKJG", "01".to_owned()),
                ("KHMC", customer.identity.name.clone()),
                ("ZZLX", customer.identity.id_type.clone()),
                ("ZZHM", customer.identity.id_number.clone()),
                ("LXSJ", customer.phone.clone()),
                ("ZZDZ", customer.address.clone()),
            ];
            let rows: String = accounts.iter().map(account_rows).collect();
            (row("CUSTOMER", &fields, &rows), 1, accounts.len())
        }
    };
    let (class, measure_code) = (request.answer_class, request.measure_code.clone());
    Answer { class, measure_code, rows, customers, accounts }
}

fn account_rows(account: &Account) -> String {
    let state = match account.state {
        AccountState::Closed => "销户",
        AccountState::ReportedLost => "挂失",
        AccountState::Normal if account.wholly_frozen() => "冻结",
        AccountState::Normal => "正常",
    };
    let currency = if account.currency == "156" { "CNY" } else { &account.currency };
    let mut rows = row(
        "ACCOUNT",
        &[
            ("KH", account.number.clone()),
            ("ZH", account.number.clone()),
            ("ZHLB", account.class.clone()),
            ("ZHZT", state.to_owned()),
            ("KHWD", account.branch.clone()),
            ("KHWDDM", account.branch_code.clone()),
            ("KHRQ", account.opened.compact()),
            ("BZ", currency.to_owned()),
            ("ZHYE", yuan(account.balance)),
            ("KYYE", yuan(account.available())),
        ],
        "",
    );
    for (index, told) in account.told().iter().enumerate() {
        rows.push_str(&row(
            "MEASURE",
            &[
                ("ZH", account.number.clone()),
                ("CSXH", (index + 1).to_string()),
                ("DJJGMC", told.organ.clone()),
                ("DJJE", yuan(told.limit.unwrap_or(told.caught))),
                ("DJJZRQ", told.end.compact()),
            ],
            "",
        ));
    }
    for (index, right) in account.rights.iter().enumerate() {
        rows.push_str(&row(
            "PRIORITY",
            &[
                ("ZH", account.number.clone()),
                ("XH", (index + 1).to_string()),
                ("QLLX", right_name(right).to_owned()),
                ("QLRXM", right.holder.clone()),
                ("QLJE", yuan(right.amount)),
            ],
            "",
        ));
    }
    rows
}

fn right_name(right: &Right) -> &'static str {
    if right.kind == "01" { "保证金" } else { "质押" }
}

/// The answer to a measure.
pub(super) fn controlled(
    request: &Request,
    measure: &Measure,
    verdict: &Verdict,
    (today, time_of_day): (Day, &str),
) -> Answer {
    let moment = |day: Day| format!("{}{time_of_day}", day.compact());
    let money = |fen: Option<i64>| fen.map(yuan).unwrap_or_default();
    let task = [("RWLSH", request.number.clone()), ("ZH", measure.account.clone())];
    let fields = match verdict.outcome {
        Outcome::Refused(reason) => vec![
            ("ZXJG", "1".to_owned()),
            ("SQDJXE", money(verdict.asked)),
            ("SDJE", "0.00".to_owned()),
            ("WNDJYY", reason.text().to_owned()),
        ],
        _ => {
            let limit = verdict.asked.or(verdict.limit);
            let is_freeze = request.measure_code == "05";
            let held = if request.measure_code == "06" { verdict.held } else { verdict.got };
            let rest = limit.filter(|_| is_freeze).map(|limit| (limit - held).max(0));
            let mut fields = vec![
                ("ZXJG", "0".to_owned()),
                ("SQDJXE", money(limit.or(Some(held)))),
                ("SDJE", yuan(held)),
                ("WDJJE", money(rest)),
                ("YE", money(verdict.balance)),
                ("ZHKYYE", money(verdict.available)),
                ("ZXQSSJ", moment(verdict.start.unwrap_or(today))),
                ("DJJSRQ", verdict.end.unwrap_or(today).compact()),
                ("WNDJYY", verdict.note.clone().unwrap_or_default()),
            ];
            fields.extend(before(verdict).filter(|_| is_freeze).into_iter().flatten());
            fields
        }
    };
    let fields = [task.to_vec(), fields].concat();
    let rows = row("FREEZERECORD", &fields, "");
    let (class, measure_code) = (request.answer_class, request.measure_code.clone());
    Answer { class, measure_code, rows, customers: 0, accounts: 1 }
}

/// The organ whose measure stands first, or whose right goes before all.
fn before(verdict: &Verdict) -> Option<Vec<(&'static str, String)>> {
    if let Some(first) = verdict.prior.first() {
        let amount = yuan(first.limit.unwrap_or(first.caught));
        return Some(vec![("DJJG", first.organ.clone()), ("DJJE", amount), ("DJJZRQ", first.end.compact())]);
    }
    let right = verdict.rights.first()?;
    Some(vec![("DJJG", right.holder.clone()), ("DJJE", yuan(right.amount))])
}
