//! The lists that come with an account or a result: financial products, transactions, measures of others, rights of others,
//! sub-accounts. Each row is a finding that says which account it belongs to; what it does not know by name it keeps.

use domain::Personal;
use domain::outcome::{Detail, FINDINGS_MAX, Finding, FindingClass, Outcome, PriorMeasure};
use domain::{Flaw, Untaken};

use super::beside::{detail, sorted};
use super::packed::{Packed, Values};
use crate::markup::Element;

/// Earlier measures of one account: a court sees a handful, a bank that lists more than this lists its whole book.
const AHEAD_MAX: usize = 500;

/// A field of the form and our word for it.
type Words = &'static [(&'static str, &'static str)];

/// `jrxx`.
const HOLDING: Words = &[
    ("ZCXH", "sequence"),
    ("ZCMC", "name"),
    ("ZCLX", "class"),
    ("CPXSZL", "sold_as"),
    ("DQH", "region"),
    ("JRCPBH", "product"),
    ("LCZH", "wealth_account"),
    ("ZJHKZH", "payback_account"),
    ("ZCGLR", "manager"),
    ("ZCKFJY", "tradable_here"),
    ("ZCJYXZ", "restriction"),
    ("XZXCRQ", "restriction_ends"),
    ("ZYQR", "pledgee"),
    ("TGR", "custodian"),
    ("SYR", "beneficiary"),
    ("CLR", "started"),
    ("SHR", "redeemable"),
    ("TGZH", "custody_account"),
    ("JLDW", "unit"),
    ("BZ", "currency"),
    ("ZCDWJG", "unit_price"),
    ("SE", "quantity"),
    ("KYSE", "quantity_available"),
    ("ZCZJE", "value"),
    ("BEIZ", "remark"),
];
/// `wlxx`; ZJLX is the direction here and an identity paper's type elsewhere.
const TRANSACTION: Words = &[
    ("WLXH", "sequence"),
    ("JYZL", "kind"),
    ("ZJLX", "direction"),
    ("BZ", "currency"),
    ("JE", "amount"),
    ("JYSJ", "at"),
    ("JYLSH", "serial"),
    ("ZCKZXM", "counterparty"),
    ("ZCKZH", "counterparty_account"),
    ("ZCKZHKHH", "counterparty_bank"),
    ("JYDSYHHH", "counterparty_bank_code"),
    ("JYDSZJLX", "counterparty_id_type"),
    ("JYDSZJHM", "counterparty_id_number"),
    ("TXDZ", "counterparty_address"),
    ("LXDH", "counterparty_phone"),
    ("KHZH", "account"),
    ("BEIZ", "remark"),
];
/// `djxx`.
const MEASURE: Words = &[
    ("CSXH", "sequence"),
    ("DJXH", "sequence"),
    ("DJJG", "organ"),
    ("DJWH", "paper"),
    ("DJJE", "amount"),
    ("DJKSSJ", "from"),
    ("DJJZRQ", "to"),
    ("JRCPBH", "product"),
    ("SFBDJ", "held_here"),
    ("BEIZ", "mode"),
];
/// What an earlier measure already says for itself.
const OF_MEASURE: [&str; 6] = ["CSXH", "DJXH", "DJJG", "DJWH", "DJJE", "DJJZRQ"];
/// `qlxx`.
const RIGHT: Words = &[
    ("XH", "sequence"),
    ("QLLX", "kind"),
    ("QLR", "holder"),
    ("QLJE", "amount"),
    ("QLRDZ", "holder_address"),
    ("QLRLXFS", "holder_contact"),
    ("BEIZ", "remark"),
];
/// `glxx` of a bank: its own sub-accounts. One with a card number is an account elsewhere, and a lead.
const SUB_ACCOUNT: Words = &[
    ("GLXH", "sequence"),
    ("ZKHZH", "main_account"),
    ("GLZHLB", "class"),
    ("GLZHHM", "account"),
    ("BZ", "currency"),
    ("YE", "balance"),
    ("KYYE", "available"),
    ("BEIZ", "remark"),
];
const NO_WORDS: Words = &[];

/// Lists of a provincial channel, by the name of the list: what their rows are, and what the list is called in a finding.
pub(super) const PROVINCIAL: [(&str, FindingClass, &str); 5] = [
    ("JYXXList", FindingClass::Transaction, "transaction"),
    ("BXGXXList", FindingClass::Holding, "safe_box"),
    ("POSXXList", FindingClass::Holding, "card_terminal"),
    ("WYRZXXList", FindingClass::Contact, "online_login"),
    ("ZDJJXXList", FindingClass::Contact, "terminal"),
];

/// The words of a row that stands by itself.
pub(super) fn words_of(class: FindingClass) -> Words {
    match class {
        FindingClass::Holding => HOLDING,
        FindingClass::Transaction => TRANSACTION,
        _ => NO_WORDS,
    }
}

/// Keeps a finding; the last place of an answer says how many were left out.
pub(crate) fn keep(outcome: &mut Outcome, finding: Finding) {
    const LEFT_OUT: &str = "left_out";
    if finding.details.is_empty() {
        return;
    }
    if outcome.findings.len() + 1 < FINDINGS_MAX {
        return outcome.findings.push(finding);
    }
    let note = outcome.findings.last_mut().and_then(|last| last.details.first_mut());
    match note.filter(|note| note.name == LEFT_OUT) {
        Some(note) => {
            let count = note.value.expose().parse().unwrap_or(0_u64).saturating_add(1);
            note.value = Personal::new(count.to_string());
        }
        None => {
            let details = detail(LEFT_OUT, "1".to_owned()).into_iter().collect();
            outcome.findings.push(Finding { class: finding.class, details });
        }
    }
}

/// A row as a finding, with the account or list that it stands in.
pub(super) fn finding(
    class: FindingClass,
    values: Values<'_>,
    words: Words,
    standing: Option<(&str, &str)>,
) -> Finding {
    let own = sorted(values.each_but(&["BDHM", "CCXH"]), words);
    let mut details: Vec<Detail> = Vec::with_capacity(own.len() + 1);
    if let Some((name, text)) = standing
        && !own.iter().any(|detail| detail.name == name)
        && !own.is_empty()
    {
        details.extend(detail(name, text.to_owned()));
    }
    details.extend(own);
    details.truncate(domain::outcome::DETAILS_MAX);
    Finding { class, details }
}

/// Everything that stands in the lists of an account.
pub(super) fn of_account(packed: &Packed<'_>, element: &Element, account: &str, outcome: &mut Outcome) {
    if element.children.is_empty() {
        return;
    }
    let standing = Some(("account", account));
    for (name, class, words) in
        [("jrxx", FindingClass::Holding, HOLDING), ("wlxx", FindingClass::Transaction, TRANSACTION)]
    {
        for row in packed.all(element, name) {
            keep(outcome, finding(class, packed.values(row), words, standing));
        }
    }
    for row in packed.all(element, "glxx") {
        let values = packed.values(row);
        if !values.has("KH") {
            // Its own number is the account here; the one that it belongs to stands beside it.
            let main = Some(("main_account", account));
            keep(outcome, finding(FindingClass::SubAccount, values, SUB_ACCOUNT, main));
        }
    }
    of_result(packed, element, account, outcome);
}

/// What a result of a control has of them too: measures and rights of others, beyond what their rank says.
pub(super) fn of_result(packed: &Packed<'_>, element: &Element, account: &str, outcome: &mut Outcome) {
    if element.children.is_empty() {
        return;
    }
    let standing = Some(("account", account)).filter(|(_, account)| !account.is_empty());
    for values in packed.all(element, "djxx").into_iter().map(|row| packed.values(row)) {
        if values.each_but(&OF_MEASURE).iter().any(|(_, text)| !text.is_empty()) {
            keep(outcome, finding(FindingClass::Measure, values, MEASURE, standing));
        }
    }
    for values in packed.all(element, "qlxx").into_iter().map(|row| packed.values(row)) {
        let mut right = finding(FindingClass::Right, values, RIGHT, standing);
        if is_shared(values) {
            let holders = right.details.iter_mut().filter(|detail| detail.name == "holder");
            holders.for_each(|holder| "co_owner".clone_into(&mut holder.name));
        }
        keep(outcome, right);
    }
}

/// Co-ownership, which nobody stands behind: whoever owns a part of it must be told, and is not before anybody.
fn is_shared(values: Values<'_>) -> bool {
    values.text("QLLX").is_ok_and(|kind| kind.contains("共有"))
}

/// Earlier measures and rights on the account itself: `djxx` in the bank's order, then `qlxx`.
pub(super) fn ahead(packed: &Packed<'_>, element: &Element) -> Result<Vec<PriorMeasure>, Untaken> {
    if element.children.is_empty() {
        return Ok(Vec::new());
    }
    let (measures, rights) = (packed.all(element, "djxx"), packed.all(element, "qlxx"));
    if measures.len() + rights.len() > AHEAD_MAX {
        return Err(Flaw::AheadTooMany.above(AHEAD_MAX));
    }
    let mut numbered: Vec<(Option<u32>, PriorMeasure)> = Vec::with_capacity(measures.len());
    for values in measures.into_iter().map(|measure| packed.values(measure)) {
        // A product bought through the account is another thing than the money on it.
        if !values.text("JRCPBH")?.is_empty() {
            continue;
        }
        let place = values.first(&["CSXH", "DJXH"])?.parse().ok();
        let measure = PriorMeasure {
            organ: Personal::new(values.word("DJJG")?),
            paper: Personal::new(values.word("DJWH")?),
            amount: values.money("DJJE")?,
            to: values.day("DJJZRQ")?,
        };
        numbered.push((place, measure));
    }
    // The bank's own numbers are its order, where each has one.
    if numbered.iter().all(|(place, _)| place.is_some()) {
        numbered.sort_by_key(|(place, _)| *place);
    }
    let mut ahead: Vec<PriorMeasure> = numbered.into_iter().map(|(_, measure)| measure).collect();
    for values in rights.into_iter().map(|right| packed.values(right)).filter(|values| !is_shared(*values)) {
        ahead.push(PriorMeasure {
            organ: Personal::new(values.word("QLR")?),
            paper: Personal::new(values.word("QLLX")?),
            amount: values.money("QLJE")?,
            to: None,
        });
    }
    Ok(ahead)
}
