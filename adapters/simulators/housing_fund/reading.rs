//! A task of the open form as an order to a fund centre, after the centre's formal checks.

use super::order::{Order, Payee, Verb};
use crate::bank::Identity;
use crate::day::Day;
use crate::money::Fen;
use crate::open::{Answer, Task};

/// Why a task is handed back: a reason of the form, and words for people.
pub(crate) struct Defect(&'static str, &'static str);

impl From<Defect> for Answer {
    fn from(Defect(reason, text): Defect) -> Answer {
        Answer::handed_back(reason, text)
    }
}

/// What a centre and a court have agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Agreement {
    pub two_officers: bool,
    pub id_types: Vec<String>,
}

/// The order, or why the task is handed back.
pub(crate) fn order(task: &Task, agreement: &Agreement, today: Day) -> Result<Order, Defect> {
    let verb = match task.kind.as_str() {
        "query" => Verb::Query,
        "freeze" => Verb::Freeze { limit: amount(task)?, to: last_day(task, today)?, takes_over: taken_over(task) },
        "renew" => Verb::Renew { original: original(task)?, to: last_day(task, today)? },
        "release" => {
            let part = task.amount.map(|_| amount(task)).transpose()?;
            Verb::Release { original: original(task)?, part }
        }
        "deduct" => Verb::Deduct { original: original(task)?, amount: amount(task)?, payee: payee(task)? },
        "reverse" => Verb::Reverse { original: original(task)?, serial: serial(task), amount: amount(task)? },
        _ => return Err(Defect("unsupported", "不支持的措施")),
    };
    if task.kind == "deduct" && task.stage != "enforcement" {
        return Err(other("保全案件不得划拨"));
    }
    let account = task.asset.clone().unwrap_or_default();
    if task.kind != "query" && account.is_empty() {
        return Err(other("缺少公积金账号"));
    }
    if !agreement.id_types.contains(&task.subject.id_type) {
        return Err(Defect("unsupported", "不支持的证件类型"));
    }
    if agreement.two_officers && task.officers < 2 {
        return Err(Defect("credential_missing", "须由两名执行人员办理"));
    }
    papers(task)?;
    Ok(Order {
        number: task.number.clone(),
        organ: task.court.clone(),
        document: task.case_number.clone(),
        original_document: task.original.as_ref().map(|original| original.case_number.clone()).unwrap_or_default(),
        subject: Identity {
            name: task.subject.name.clone(),
            id_type: task.subject.id_type.clone(),
            id_number: task.subject.id_number.clone(),
        },
        account,
        verb,
    })
}

fn other(text: &'static str) -> Defect {
    Defect("other", text)
}

fn papers(task: &Task) -> Result<(), Defect> {
    let wanted: &[&str] = match task.kind.as_str() {
        "query" => &["query_notice"],
        "release" => &["ruling", "release_notice"],
        "deduct" => &["ruling", "deduct_notice"],
        "reverse" => &["ruling", "assist_notice"],
        _ => &["ruling", "freeze_notice"],
    };
    match wanted.iter().find(|kind| !task.carries(kind)) {
        None => Ok(()),
        Some(_) => Err(Defect("paper_missing", "缺少裁定书或协助执行通知书")),
    }
}

fn amount(task: &Task) -> Result<Fen, Defect> {
    task.amount.filter(|fen| *fen > 0).ok_or_else(|| other("缺少金额"))
}

fn last_day(task: &Task, today: Day) -> Result<Day, Defect> {
    task.to.filter(|to| *to >= today).ok_or_else(|| other("缺少截止日期或截止日期已过"))
}

fn original(task: &Task) -> Result<String, Defect> {
    let number = task.original.as_ref().map(|original| original.number.clone()).unwrap_or_default();
    if number.is_empty() { Err(other("缺少原请求单号")) } else { Ok(number) }
}

/// The centre's own serial of the payment that is put back.
fn serial(task: &Task) -> String {
    task.json.pointer("/original/serial").and_then(serde_json::Value::as_str).unwrap_or_default().trim().to_owned()
}

/// By what another organ's freeze is named whose rank is taken over.
fn taken_over(task: &Task) -> Vec<String> {
    let named = task.original.as_ref().map(|original| [original.number.clone(), original.case_number.clone()]);
    named.into_iter().flatten().filter(|text| !text.is_empty()).collect()
}

fn payee(task: &Task) -> Result<Payee, Defect> {
    let payee = task.destination.as_ref().filter(|payee| !payee.holder.is_empty() && !payee.number.is_empty());
    let payee = payee.ok_or_else(|| other("缺少案款账户"))?;
    Ok(Payee { holder: payee.holder.clone(), number: payee.number.clone() })
}
