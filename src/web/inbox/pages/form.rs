//! The form in which a clerk answers: what may be said of an act of a kind, the answer that the fields make, and the field that a fault is about.

use domain::ActKind;
use domain::outcome::{Reason, Verdict};

use super::fields::Fields;
use crate::intake::form::{Amount, AnswerForm, DetailForm, FindingForm, FoundForm, List, PriorForm, Text};

/// Rows for accounts on one form at most; who found more answers by JSON.
pub const ROWS_MAX: usize = 100;
/// Rows for accounts unless more are asked for; most debtors have fewer accounts at one partner.
pub(super) const ROWS: usize = 12;
/// Rows for earlier measures, and for other findings.
pub(super) const FEW_ROWS: usize = 3;

/// Chinese, and the same in English.
pub(super) type Said = (&'static str, &'static str);
/// A list of a form: its name, the fields of a row that always say something, its rows at most.
type Rows = (&'static str, &'static [&'static str], usize);

const ACCOUNTS: Rows = ("accounts", &["asset", "role"], ROWS_MAX);
const AHEAD: Rows = ("ahead", &[], FEW_ROWS);
const FINDINGS: Rows = ("findings", &["class"], FEW_ROWS);

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
        Reason::LimitDiffers => "another limit than ordered",
        Reason::EndsEarly => "ends before the ordered day",
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
        accounts: rows(fields, ACCOUNTS, account),
        ahead: rows(fields, AHEAD, prior),
        caught: amount("caught"),
        due: text("due"),
        findings: rows(fields, FINDINGS, finding),
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

/// The rows in which anything but the choices is filled in.
fn filled(fields: &Fields, (list, choices, max): Rows) -> Vec<usize> {
    let is_filled = |place: &usize| {
        let prefix = format!("{list}.{place}.");
        let own =
            fields.texts.range(prefix.clone()..).map(|(name, _)| name).take_while(|name| name.starts_with(&prefix));
        own.into_iter().any(|name| !choices.iter().any(|choice| name.get(prefix.len()..) == Some(choice)))
    };
    (0..max).filter(is_filled).collect()
}

fn rows<'a, T, const MAX: usize>(
    fields: &'a Fields,
    list: Rows,
    read: impl Fn(&dyn Fn(&str) -> Option<&'a str>) -> T,
) -> Option<List<T, MAX>> {
    let (name, ..) = list;
    let row = |place: usize| read(&|field: &str| fields.text(&format!("{name}.{place}.{field}")));
    let rows: Vec<T> = filled(fields, list).into_iter().map(row).collect();
    (!rows.is_empty()).then_some(List(rows))
}

/// The field of the form that a pointer into its answer is about: rows that were left blank are none there.
pub(super) fn field_at(fields: &Fields, pointer: &str) -> String {
    let mut steps = pointer.split('/').skip(1);
    let list = steps.next().unwrap_or_default();
    let Some(rows) = [ACCOUNTS, AHEAD, FINDINGS].into_iter().find(|(name, ..)| *name == list) else {
        return list.to_owned();
    };
    let place = steps.next().and_then(|place| filled(fields, rows).get(place.parse::<usize>().ok()?).copied());
    match (place, steps.next()) {
        (Some(place), Some("details")) => format!("{list}.{place}.value"),
        (Some(place), Some(field)) => format!("{list}.{place}.{field}"),
        _ => list.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_where_the_clerk_typed() {
        let sent =
            b"accounts.0.asset=cash&accounts.7.number=6&accounts.40.balance=x&findings.1.class=step&findings.1.value=y";
        let fields = Fields::of_pairs(sent).unwrap();
        for (pointer, field) in [
            ("/limit", "limit"),
            ("/accounts/0/number", "accounts.7.number"),
            ("/accounts/1/balance", "accounts.40.balance"),
            ("/accounts/2/balance", "accounts"),
            ("/findings/0/details/0/value", "findings.1.value"),
            ("/findings/0/class", "findings.1.class"),
            ("/replies/0/file_name", "replies"),
            ("", ""),
        ] {
            assert_eq!(field_at(&fields, pointer), field, "{pointer}");
        }
        assert_eq!(rows_in(&fields), 41);
    }
}
