//! What comes along with an account: particulars of its industry, linked cards as leads, further information as findings.

use domain::Personal;
use domain::outcome::{DETAIL_CHARS_MAX, DETAILS_MAX, Detail, Finding, FindingClass, Lead, LeadClass, Outcome};
use domain::socket::INBOUND_ITEMS_MAX;

use super::packed::{Packed, Values};
use crate::markup::Element;

/// Fields that have a place of their own.
const PLACED: [&str; 11] = ["BDHM", "CCXH", "KHZH", "CCLB", "ZHZT", "BZ", "YE", "KYYE", "KHWD", "FKSJ", "WNKZYY"];

/// Our words for fields that have none.
const WORDS: &[(&str, &str)] = &[
    ("KHRQ", "opened"),
    ("XHRQ", "closed"),
    ("KHWDDM", "branch_code"),
    ("GLZJZH", "linked_fund_account"),
    ("TXDZ", "address"),
    ("YZBM", "post_code"),
    ("LXDH", "phone"),
    ("BEIZ", "remark"),
    ("YJCE", "monthly_contribution"),
    ("SLDQ", "region"),
    ("DWMC", "employer"),
    ("DWDZ", "employer_address"),
    ("DWLXR", "employer_contact"),
    ("LXRZJHM", "employer_contact_id"),
    ("SFYWJQDK", "loan_unpaid"),
    ("SFBFYDJ", "court_frozen"),
    ("ZCMC", "registered_name"),
    ("ZCZJLX", "registered_id_type"),
    ("ZCZJHM", "registered_id_number"),
    ("ZCSJHM", "registered_phone"),
    ("ZCSJ", "registered_at"),
];

/// The longest name of a field that is kept under its own name.
const NAME_BYTES_MAX: usize = 32;

/// Whatever a row of the form with attributes says that has no place of its own.
pub(crate) fn details(values: Values<'_>) -> Vec<Detail> {
    sorted(values.each_but(&PLACED), WORDS)
}

/// Known fields under our words, unknown ones under their own names.
pub(crate) fn sorted(said: Vec<(&str, String)>, words: &[(&str, &str)]) -> Vec<Detail> {
    let mut details = Vec::new();
    for (field, text) in said {
        if text.is_empty() || details.len() == DETAILS_MAX {
            continue;
        }
        let known = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(field));
        let name = known.map_or_else(|| field.to_ascii_lowercase(), |(_, word)| (*word).to_owned());
        // The open task form says yes and no for the same two particulars of a fund account.
        let text = match (name.as_str(), text.as_str()) {
            ("loan_unpaid" | "court_frozen", "是") => "yes".to_owned(),
            ("loan_unpaid" | "court_frozen", "否") => "no".to_owned(),
            _ => text,
        };
        details.extend(detail(&name, text));
    }
    details
}

/// A particular, its value cut to what is kept; `None` when its name is no word.
pub(crate) fn detail(name: &str, text: String) -> Option<Detail> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_word) {
        return None;
    }
    let value =
        if text.chars().count() > DETAIL_CHARS_MAX { text.chars().take(DETAIL_CHARS_MAX).collect() } else { text };
    Some(Detail { name: name.to_owned(), value: Personal::new(value) })
}

/// The particulars of some fields, those that are there.
pub(crate) fn named(values: Values<'_>, fields: &[(&str, &str)]) -> Vec<Detail> {
    let read = |(field, word): &(&str, &str)| {
        let text = values.text(field).ok().filter(|text| !text.is_empty())?;
        detail(word, text)
    };
    fields.iter().filter_map(read).collect()
}

/// Linked bank cards (`glxx` with a card number): accounts of the subject elsewhere. A bank's own sub-accounts name no card.
pub(crate) fn linked(packed: &Packed<'_>, values: Values<'_>, slip: &str, leads: &mut Vec<Lead>) {
    const CARD: &[(&str, &str)] =
        &[("KH", "account"), ("MC", "holder"), ("KLB", "class"), ("KHH", "bank"), ("BEIZ", "remark")];
    if values.element.children.is_empty() {
        return;
    }
    let as_of = values.word("FKSJ").unwrap_or_default();
    for card in packed.all(values.element, "glxx") {
        let card = packed.values(card);
        let number = card.text("KH").unwrap_or_default();
        if number.is_empty() || number.len() > 64 || leads.len() == INBOUND_ITEMS_MAX {
            continue;
        }
        leads.push(Lead {
            slip: slip.to_owned(),
            line: None,
            class: LeadClass::LinkedAccount,
            serial: Personal::new(number),
            as_of: as_of.clone(),
            respond_by: None,
            details: named(card, CARD),
            text: None,
        });
    }
}

/// Further information of a payment account (`fjxx`), the bound mobile among it; and what a provincial channel tells beside accounts.
pub(crate) fn findings(packed: &Packed<'_>, element: &Element, outcome: &mut Outcome) {
    const FURTHER: &[(&str, &str)] =
        &[("FJXX", "title"), ("FJXXNR", "content"), ("ZT", "status"), ("BDSJH", "bound_phone"), ("BEIZ", "remark")];
    if element.children.is_empty() {
        return;
    }
    for further in packed.all(element, "fjxx") {
        let details = named(packed.values(further), FURTHER);
        super::lists::keep(outcome, Finding { class: FindingClass::Contact, details });
    }
}
