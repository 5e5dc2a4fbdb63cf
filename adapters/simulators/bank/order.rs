//! What a bank is asked to do with an account, and what it answers, free of any wire form.

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::money::Fen;

/// Who a customer is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name of the person or unit.
    pub name: String,
    /// Open code of the kind of document.
    pub id_type: String,
    /// Number on it.
    pub id_number: String,
}

impl Identity {
    /// Numbers are compared without `-`, without case, and an old 15-digit number equals its 18-digit successor.
    pub fn same_number(&self, other: &str) -> bool {
        let (a, b) = (normal_number(&self.id_number), normal_number(other));
        a == b || shortened(&a).is_some_and(|s| s == b) || shortened(&b).is_some_and(|s| s == a)
    }
}

fn normal_number(text: &str) -> String {
    text.chars().filter(|c| *c != '-' && !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

fn shortened(number: &str) -> Option<String> {
    (number.len() == 18).then(|| Some(format!("{}{}", number.get(0..6)?, number.get(8..17)?)))?
}

/// The court's number of one act: slip and line (the line is empty where one text carries both).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// Number of the slip (BDHM), or the whole TransSerialNumber.
    pub slip: String,
    /// Line in it (CCXH).
    pub line: String,
}

impl Name {
    /// The number as one text: `slip/line`, or the slip alone.
    pub fn key(&self) -> String {
        if self.line.is_empty() { self.slip.clone() } else { format!("{}/{}", self.slip, self.line) }
    }
}

/// Papers that came with an order, as far as they decide about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Papers {
    /// A legal document with a body was there.
    pub document: bool,
    /// The officers' credentials were there.
    pub credentials: bool,
    /// Numbers of the officers' credentials.
    pub officer_numbers: Vec<String>,
}

/// One order to a bank.
#[derive(Clone, Serialize, Deserialize)]
pub struct Order {
    /// The court's number; the key for de-duplication.
    pub name: Name,
    /// Digest of everything the order says; a repeat must have the same.
    pub content: String,
    /// Organ that orders.
    pub organ: String,
    /// Its document or case number, shown to later organs.
    pub document: String,
    /// Customer the account must belong to.
    pub subject: Identity,
    /// Account number.
    pub account: String,
    /// Sub-account, or empty.
    pub sub_account: String,
    /// Currency code as sent; empty is CNY.
    pub currency: String,
    /// What came with it.
    pub papers: Papers,
    /// What to do.
    pub verb: Verb,
}

/// The earlier freeze an order builds on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Original {
    /// Number of the freeze (or of a renewal of it); empty when only `application` is given.
    pub number: String,
    /// The slip it stood in, where the family carries it too; empty = not given.
    pub application: String,
}

/// Units of a financial product to hold beside the payback account.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProductAsk {
    /// Product number (JRCPBH).
    pub number: String,
    /// Units in hundredths.
    pub units: i64,
}

/// Where deducted money goes.
#[derive(Clone, Serialize, Deserialize)]
pub struct Payee {
    /// Holder of the account.
    pub name: String,
    /// Bank.
    pub bank: String,
    /// Bank's 12-digit code.
    pub bank_code: String,
    /// Account.
    pub account: String,
}

/// The measures a simulated bank knows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Hold money (01, 03, 100201).
    Freeze {
        /// Slip named for the freeze by the caller's family; empty = the slip itself.
        application: String,
        /// Amount in fen; `None` = the whole account.
        limit: Option<Fen>,
        /// Amount named beside a whole-account freeze; only reported back.
        asked: Option<Fen>,
        /// Explicitly behind others (03).
        queue: bool,
        /// Last day asked.
        end: Day,
        /// Units of a product, when a product is frozen.
        product: Option<ProductAsk>,
        /// Another organ's freeze whose rank it takes over: its document; empty = none.
        #[serde(default)]
        takes_over: Vec<String>,
    },
    /// Lengthen (02, 100205).
    Renew {
        /// The freeze.
        original: Original,
        /// New last day.
        end: Day,
    },
    /// End in full or lower the limit (04, 05, 100203).
    Release {
        /// The freeze.
        original: Original,
        /// Only a queued one may be taken out (05).
        queued_only: bool,
        /// Fen by which the limit is lowered; `None` = all of it ends.
        #[serde(default)]
        part: Option<Fen>,
    },
    /// Pay out of a freeze (06, 100211).
    Deduct {
        /// The freeze.
        original: Original,
        /// Fen; `None` = all it holds.
        amount: Option<Fen>,
        /// Destination.
        payee: Payee,
    },
    /// Put back what a deduct took (100213).
    Reverse {
        /// Number of the deduct.
        original: String,
        /// The slip it stood in, where it is carried too; empty = not given.
        application: String,
        /// The bank's own number of its payment; empty = not given.
        serial: String,
        /// Fen.
        amount: Fen,
    },
    /// A measure this bank does not do.
    Unsupported {
        /// Code as sent.
        code: String,
    },
}

impl Verb {
    /// Word for the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Verb::Freeze { .. } => "freeze",
            Verb::Renew { .. } => "renew",
            Verb::Release { .. } => "release",
            Verb::Deduct { .. } => "deduct",
            Verb::Reverse { .. } => "reverse",
            Verb::Unsupported { .. } => "unsupported",
        }
    }
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No legal document, or an empty one.
    DocumentMissing,
    /// No credential scan.
    CredentialsMissing,
    /// Officer's number over 15 GBK bytes.
    OfficerNumberTooLong,
    /// No such account.
    NoAccount,
    /// Name differs.
    NameDiffers,
    /// Number differs.
    NumberDiffers,
    /// No such earlier freeze.
    OriginalUnknown,
    /// The earlier freeze has ended.
    OriginalEnded,
    /// The earlier freeze is not queued, or still is.
    OriginalQueued,
    /// More than the freeze may take.
    AmountAboveFreeze,
    /// No deduct with this number took money from this account.
    DeductUnknown,
    /// More than the deduct took and is not back yet.
    AmountAboveDeduct,
    /// More than the freeze is limited to.
    PartAboveFreeze,
    /// More than the freeze that is taken over is limited to.
    AmountAboveTakenOver,
    /// The freeze holds nothing.
    NothingHeld,
    /// Dates not acceptable.
    BadDates,
    /// Amount not acceptable.
    BadAmount,
    /// No account to pay to.
    NoPayee,
    /// Currency or measure not supported.
    Unsupported,
    /// Refused by the bank's clerk.
    RefusedByClerk,
    /// Interbank payment came back.
    PaymentReturned,
}

impl Reason {
    /// The bank's text (≤ 50 Chinese characters, the width of WNKZYY).
    pub fn text(self) -> &'static str {
        match self {
            Reason::DocumentMissing => "无法律文书，协助执行单位业务审核未通过",
            Reason::CredentialsMissing => "无证件信息，协助执行单位业务审核未通过",
            Reason::OfficerNumberTooLong => "执行人员证件编号超长，请业务人员线下处理",
            Reason::NoAccount => "查无账户信息",
            Reason::NameDiffers => "账号与被控制人姓名信息不匹配，协助执行单位业务审核未通过",
            Reason::NumberDiffers => "账号与被控制人证件信息不匹配，协助执行单位业务审核未通过",
            Reason::OriginalUnknown => "无原冻结请求信息或冻结编号",
            Reason::OriginalEnded => "原冻结已失效（到期、解除或已扣划完毕）",
            Reason::OriginalQueued => "原冻结的轮候状态与请求的措施不符",
            Reason::AmountAboveFreeze => "扣划金额超过原冻结限额",
            Reason::DeductUnknown => "无原扣划信息，或非自该账户扣划",
            Reason::AmountAboveDeduct => "退回金额超过原扣划未退回的金额",
            Reason::PartAboveFreeze => "部分解除金额超过原冻结限额",
            Reason::AmountAboveTakenOver => "接续冻结金额超过原冻结限额",
            Reason::NothingHeld => "原冻结项下无可扣划资金",
            Reason::BadDates => "控制期限不符合要求",
            Reason::BadAmount => "控制金额不符合要求",
            Reason::NoPayee => "无执行款专户信息",
            Reason::Unsupported => "不支持的控制措施或币种",
            Reason::RefusedByClerk => "业务人员审核拒绝",
            Reason::PaymentReturned => "跨行汇划失败，资金已退回原账户",
        }
    }
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect; the amounts tell how far.
    Done,
    /// A freeze registered behind others, holding nothing yet.
    Queued,
    /// A freeze registered behind a priority right, holding nothing.
    BehindRight,
    /// Nothing changed.
    Refused(Reason),
}

/// A freeze that stands before another, as told to its organ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorFreeze {
    /// Organ.
    pub organ: String,
    /// Its document.
    pub document: String,
    /// Limit in fen; `None` = whole account.
    pub limit: Option<Fen>,
    /// Held now, fen.
    pub caught: Fen,
    /// Last day.
    pub end: Day,
    /// Queued.
    pub queued: bool,
}

/// A right that goes before every freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// `01` margin, `02` pledge.
    pub kind: String,
    /// Holder.
    pub holder: String,
    /// Fen.
    pub amount: Fen,
}

/// The bank's answer to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// Asked, fen.
    pub asked: Option<Fen>,
    /// Limit of the freeze now, fen; `None` = whole account or no freeze.
    pub limit: Option<Fen>,
    /// Got by this order (caught, deducted, set free), fen.
    pub got: Fen,
    /// Held by the freeze after the order, fen.
    pub held: Fen,
    /// Balance after, fen; `None` when no account was reached.
    pub balance: Option<Fen>,
    /// Available after, fen.
    pub available: Option<Fen>,
    /// First day in force.
    pub start: Option<Day>,
    /// Last day in force.
    pub end: Option<Day>,
    /// Freezes ahead, in rank order.
    pub prior: Vec<PriorFreeze>,
    /// Rights ahead.
    pub rights: Vec<Right>,
    /// Units of a product held, hundredths.
    pub units: Option<i64>,
    /// Text that goes with a success.
    pub note: Option<String>,
    /// Bank's own payment number.
    pub serial: Option<String>,
    /// Day of payment.
    pub paid_on: Option<Day>,
}

impl Verdict {
    /// A refusal: nothing got, nothing changed.
    pub fn refused(reason: Reason, asked: Option<Fen>) -> Verdict {
        Verdict {
            outcome: Outcome::Refused(reason),
            asked,
            limit: None,
            got: 0,
            held: 0,
            balance: None,
            available: None,
            start: None,
            end: None,
            prior: Vec::new(),
            rights: Vec::new(),
            units: None,
            note: None,
            serial: None,
            paid_on: None,
        }
    }

    /// Whether anything in the books changed.
    pub fn took_effect(&self) -> bool {
        !matches!(self.outcome, Outcome::Refused(_))
    }
}

/// Decided, or still with the bank's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Final for this number.
    Decided(Box<Verdict>),
    /// A clerk or another order has to end first.
    Pending,
}
