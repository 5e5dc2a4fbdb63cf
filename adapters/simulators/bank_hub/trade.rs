//! The three industries of the form with attributes: names of operations, and what a query's row says (WIRE g.6).

use serde::{Deserialize, Serialize};

use super::element::Element;
use super::slip::Slip;
use crate::bank::{Account, Customer};
use crate::money::yuan;

/// Whose hub it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trade {
    /// A bank.
    #[default]
    Bank,
    /// A housing-fund centre: one account a person, no field for what can be held.
    Fund,
    /// A payment institution: wallets with linked bank cards.
    Payment,
}

impl Trade {
    /// The operation's name in this industry.
    pub(crate) fn operation(self, of_banks: &str) -> String {
        match self {
            Trade::Bank => of_banks.to_owned(),
            Trade::Fund => format!("gjj{}", of_banks.strip_prefix("sh").unwrap_or(of_banks)),
            Trade::Payment => format!("if{of_banks}"),
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Trade::Bank => "http://syyh.service.webService.ckw.tdh/",
            Trade::Fund => "http://gjj.service.webService.ckw.tdh/",
            Trade::Payment => "http://if.service.webService.ckw.tdh/",
        }
    }
}

fn some(name: &'static str, value: impl Into<String>) -> (&'static str, String) {
    (name, value.into())
}

/// A fund account: no KYYE, no class, and the currency in words.
pub(crate) fn fund_row(slip: &Slip, customer: &Customer, account: &Account, index: usize, fed_at: &str) -> Element {
    let frozen = if account.freezes.is_empty() { "否" } else { "是" };
    let mut row = Element::new(
        "zhxx",
        vec![
            some("BDHM", &slip.number),
            some("CCXH", (index + 1).to_string()),
            some("KHZH", &account.number),
            some("KHWD", "宁波市住房公积金管理中心象山分中心"),
            some("KHRQ", account.opened.slashed()),
            some("ZHZT", "正常"),
            some("YE", yuan(account.balance)),
            some("BZ", "人民币"),
            some("YJCE", "1200.00"),
            some("SLDQ", "宁波"),
            some("TXDZ", &customer.address),
            some("DWMC", "某水产公司"),
            some("FKSJ", fed_at),
            some("SFYWJQDK", "否"),
            some("SFBFYDJ", frozen),
            some("BEIZ", ""),
        ],
    );
    if !account.freezes.is_empty() {
        let told = account.told().into_iter().enumerate().map(|(place, freeze)| {
            Element::new(
                "djxx",
                vec![
                    some("DJXH", (place + 1).to_string()),
                    some("DJDW", &freeze.organ),
                    some("DJWH", &freeze.document),
                    some("DJJSSJ", freeze.end.slashed()),
                ],
            )
        });
        row.children.push(Element::list("djxxlist", told.collect()));
    }
    row
}

/// A wallet, its owner as registered, and the card it pays from.
pub(crate) fn wallet_row(slip: &Slip, customer: &Customer, account: &Account, index: usize, fed_at: &str) -> Element {
    let mut row = Element::new(
        "zhxx",
        vec![
            some("BDHM", &slip.number),
            some("CCXH", (index + 1).to_string()),
            some("ZCMC", &customer.identity.name),
            some("ZCZJLX", "身份证"),
            some("ZCZJHM", &customer.identity.id_number),
            some("ZCSJHM", &customer.phone),
            some("ZCSJ", account.opened.slashed()),
            some("KHZH", &account.number),
            some("CCLB", "余额"),
            some("ZHZT", "正常"),
            some("BZ", "156"),
            some("YE", yuan(account.balance)),
            some("KYYE", yuan(account.available())),
            some("FKSJ", fed_at),
        ],
    );
    let bound = vec![some("FJXH", "1"), some("FJXX", "绑定手机"), some("BDSJH", &customer.phone)];
    row.children.push(Element::list("fjxxList", vec![Element::new("fjxx", bound)]));
    let card = vec![
        some("GLXH", "1"),
        some("MC", &customer.identity.name),
        some("KH", format!("6217{}", account.number.get(4..).unwrap_or_default())),
        some("KLB", "借记卡"),
        some("KHH", "建设银行象山支行"),
    ];
    row.children.push(Element::list("glxxList", vec![Element::new("glxx", card)]));
    row
}
