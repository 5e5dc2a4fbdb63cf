//! What the hub feeds back: query results, control results, sealed receipts, hand-backs (WIRE g.1).

use super::element::Element;
use super::slip::{Line, Slip};
use super::trade::{Trade, fund_row, wallet_row};
use crate::bank::{Account, AccountState, Customer, Outcome, PriorFreeze, Right, Verdict};
use crate::day::Day;
use crate::money::yuan;
use crate::random::Sequence;
use crate::wire::{encode_bytes, md5_hex};

/// WNKZYY is 150 bytes wide at the court: about 50 Chinese characters.
const REASON_CHARS_MAX: usize = 50;

fn some(name: &'static str, value: impl Into<String>) -> (&'static str, String) {
    (name, value.into())
}

/// `<zhxx>` that says one thing in KHZH: no account, or refused by review.
pub(crate) fn query_refused(slip: &Slip, text: &str, fed_at: &str) -> Element {
    let attributes = vec![some("BDHM", &slip.number), some("CCXH", "1"), some("KHZH", text), some("FKSJ", fed_at)];
    Element::list("zhxxList", vec![Element::new("zhxx", attributes)])
}

/// All accounts of a customer.
pub(crate) fn query_done(
    trade: Trade,
    slip: &Slip,
    customer: &Customer,
    accounts: &[Account],
    fed_at: &str,
) -> Element {
    let row = match trade {
        Trade::Bank => zhxx,
        Trade::Fund => fund_row,
        Trade::Payment => wallet_row,
    };
    let rows = accounts.iter().enumerate().map(|(index, account)| row(slip, customer, account, index, fed_at));
    Element::list("zhxxList", rows.collect())
}

fn zhxx(slip: &Slip, customer: &Customer, account: &Account, index: usize, fed_at: &str) -> Element {
    let state = match account.state {
        AccountState::Closed => "销户",
        AccountState::ReportedLost => "挂失",
        AccountState::Normal if account.wholly_frozen() => "冻结",
        AccountState::Normal => "正常",
    };
    let mut attributes = vec![
        some("BDHM", &slip.number),
        some("CCXH", (index + 1).to_string()),
        some("KHZH", &account.number),
        some("CCLB", &account.class),
        some("ZHZT", state),
        some("KHWD", &account.branch),
        some("KHWDDM", &account.branch_code),
        some("KHRQ", account.opened.slashed()),
        some("XHRQ", ""),
        some("BZ", &account.currency),
        some("YE", yuan(account.balance)),
        some("KYYE", yuan(account.available())),
    ];
    // The customer's own data stand once, with the first account.
    if index == 0 {
        attributes.push(some("GLZJZH", ""));
    }
    attributes.push(some("FKSJ", fed_at));
    if index == 0 {
        attributes.push(some("TXDZ", &customer.address));
        attributes.push(some("YZBM", &customer.post_code));
        attributes.push(some("LXDH", &customer.phone));
    }
    attributes.push(some("BEIZ", ""));
    let mut element = Element::new("zhxx", attributes);
    if !account.products.is_empty() {
        element.children.push(Element::list("jrxxList", products(account)));
    }
    if !account.freezes.is_empty() {
        element.children.push(Element::list("djxxList", prior(&account.told(), true)));
    }
    if !account.rights.is_empty() {
        element.children.push(Element::list("qlxxList", rights(&account.rights)));
    }
    element
}

fn products(account: &Account) -> Vec<Element> {
    let rows = account.products.iter().enumerate().map(|(index, product)| {
        Element::new(
            "jrxx",
            vec![
                some("ZCXH", (index + 1).to_string()),
                some("ZCMC", &product.name),
                some("ZCLX", "M101"),
                some("CPXSZL", "00"),
                some("JRCPBH", &product.number),
                some("LCZH", &product.wealth_account),
                some("ZJHKZH", &account.number),
                some("JLDW", "份"),
                some("BZ", &account.currency),
                some("SE", yuan(product.units)),
                some("KYSE", yuan(product.units - product.units_held)),
            ],
        )
    });
    rows.collect()
}

fn prior(told: &[PriorFreeze], in_query: bool) -> Vec<Element> {
    let rows = told.iter().enumerate().map(|(index, freeze)| {
        let mut attributes = vec![
            some("CSXH", (index + 1).to_string()),
            some("DJJG", &freeze.organ),
            some("DJWH", &freeze.document),
            some("DJJE", yuan(freeze.limit.unwrap_or(freeze.caught))),
            some("DJJZRQ", freeze.end.slashed()),
        ];
        if in_query {
            attributes.push(some("JRCPBH", ""));
            // Freeze mode: 1 the account, 2 an amount.
            attributes.push(some("BEIZ", if freeze.limit.is_none() { "1" } else { "2" }));
        }
        Element::new("djxx", attributes)
    });
    rows.collect()
}

fn rights(rights: &[Right]) -> Vec<Element> {
    let rows = rights.iter().enumerate().map(|(index, right)| {
        Element::new(
            "qlxx",
            vec![
                some("XH", (index + 1).to_string()),
                some("QLLX", &right.kind),
                some("QLR", &right.holder),
                some("QLJE", yuan(right.amount)),
            ],
        )
    });
    rows.collect()
}

/// One line's result.
pub(crate) fn kzxx(slip: &Slip, line: &Line, verdict: &Verdict) -> Element {
    let excess = verdict.asked.map_or(0, |asked| (asked - verdict.got).max(0));
    let mut attributes =
        vec![some("BDHM", &slip.number), some("CCXH", &line.number), some("KHZH", &line.account_as_asked)];
    if let Outcome::Refused(reason) = verdict.outcome {
        let text: String = reason.text().chars().take(REASON_CHARS_MAX).collect();
        attributes.push(some("KZZT", "2"));
        attributes.push(some("WNKZYY", text));
        attributes.push(some("SKJE", "0.00"));
        attributes.push(some("CESKJE", verdict.asked.map(yuan).unwrap_or_default()));
        return Element::new("kzxx", attributes);
    }
    if let Some((product, wealth_account)) = &line.product_as_asked {
        attributes.push(some("JRCPBH", product));
        attributes.push(some("LCZH", wealth_account));
    }
    let day = |d: Option<Day>| d.map(Day::slashed).unwrap_or_default();
    attributes.push(some("KZNR", &line.content_kind));
    attributes.push(some("KZZT", "1"));
    attributes.push(some("YE", verdict.balance.map(yuan).unwrap_or_default()));
    attributes.push(some("KYYE", verdict.available.map(yuan).unwrap_or_default()));
    attributes.push(some("CSKSRQ", day(verdict.start)));
    attributes.push(some("CSJSRQ", day(verdict.end)));
    attributes.push(some("DJXE", verdict.asked.or(verdict.limit).map(yuan).unwrap_or_default()));
    if let Some(units) = verdict.units {
        attributes.push(some("SKSE", yuan(units)));
    }
    attributes.push(some("SKJE", yuan(verdict.got)));
    // Rule 6: a whole account is controlled with what is available; nothing is in excess.
    attributes.push(some("CESKJE", yuan(if line.whole_account() { 0 } else { excess })));
    attributes.push(some("WNKZYY", verdict.note.clone().unwrap_or_default()));
    let remark = match (&verdict.serial, verdict.outcome) {
        (Some(serial), _) => format!("核心流水号{serial}"),
        (None, Outcome::Queued) => format!("轮候，前有{}笔", verdict.prior.len()),
        (None, _) => String::new(),
    };
    attributes.push(some("BEIZ", remark));
    let mut element = Element::new("kzxx", attributes);
    if !verdict.prior.is_empty() {
        element.children.push(Element::list("djxxList", prior(&verdict.prior, false)));
    }
    if !verdict.rights.is_empty() {
        element.children.push(Element::list("qlxxList", rights(&verdict.rights)));
    }
    element
}

/// The results of a slip, with the sealed receipt behind them when the bank seals.
pub(crate) fn control_done(slip: &Slip, rows: Vec<Element>, sealed: bool) -> Element {
    let mut list = Element::list("kzxxList", rows);
    if sealed {
        list.children.push(Element::list("hzxxList", vec![hzxx(slip)]));
    }
    list
}

pub(crate) fn hzxx(slip: &Slip) -> Element {
    let pdf = receipt_pdf(&slip.number);
    Element::new(
        "hzxx",
        vec![
            some("BDHM", &slip.number),
            some("WJMC", format!("{}回执.pdf", slip.number)),
            some("WJLX", "pdf"),
            some("WSLB", "回执"),
            some("WSNR", encode_bytes(&pdf)),
            some("MD5", md5_hex(&pdf)),
        ],
    )
}

/// A one-page PDF that readers open.
fn receipt_pdf(number: &str) -> Vec<u8> {
    let safe: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let text = format!("BT /F1 18 Tf 72 760 Td (Receipt {safe}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>\nstream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table_at = pdf.len();
    pdf.push_str("xref\n0 6\n0000000000 65535 f \n");
    for offset in offsets {
        pdf.push_str(&format!("{offset:010} 00000 n \n"));
    }
    pdf.push_str(&format!("trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{table_at}\n%%EOF\n"));
    pdf.into_bytes()
}

/// A hand-back.
pub(crate) fn hand_back(slip: &str, reason: &str, note: &str) -> Element {
    let attributes = vec![
        some("BDHM", slip),
        some("XCHTYY", reason),
        some("XCHTBZ", note),
        some("XCHTR", "网点经办"),
        some("XCHTDH", "0574-00000001"),
    ];
    Element::list("htxxlist", vec![Element::new("htxx", attributes)])
}

/// Made-up transactions of the window asked for, the same at each asking.
pub(crate) fn transactions(slip: &Slip, accounts: &[Account], from: Day, to: Day) -> Element {
    let mut rows = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        let mut random = Sequence::new(account.number.bytes().fold(7, |h, b| h.wrapping_mul(31) ^ u64::from(b)));
        for nth in 1..=3_u32 {
            let on = from.plus_days(i32::try_from(random.below(365)).unwrap_or(0)).min(to);
            rows.push(Element::new(
                "wlxx",
                vec![
                    some("BDHM", &slip.number),
                    some("CCXH", (index + 1).to_string()),
                    some("WLXH", nth.to_string()),
                    some("JYZL", "转账"),
                    some("ZJLX", if random.below(2) == 0 { "借" } else { "贷" }),
                    some("BZ", &account.currency),
                    some("JE", yuan(i64::try_from(random.below(1_000_000)).unwrap_or(0))),
                    some("JYSJ", format!("{} 09:00:00", on.slashed())),
                    some("JYLSH", format!("LS{}{nth}", account.number)),
                ],
            ));
        }
    }
    Element::list("wlxxList", rows)
}
