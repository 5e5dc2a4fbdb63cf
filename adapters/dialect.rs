//! Dialects: what differs between channels of one form, as tables and never as code. A partner names one in its options; what it
//! leaves out is the industry's own.

mod names;
mod reading;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::form::{FieldBytes, Form, PARTS_QUIET_MS, PartRelease};
use domain::outcome::{AssetKind, Reason};
use domain::request::PartnerKind;
use domain::slip::{SlipLine, SlipNumber};
use domain::socket::{DialectText, ListClass, OptionFault};
use domain::{ActKind, Day, Money};

use crate::court_form::reason::reason_of;
use crate::transport::charset::Charset;
use crate::transport::soap::Service;

/// What an operation is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    List(ListClass),
    Papers(ListClass),
    Credentials,
    Feedback(ListClass),
    /// Transactions, posted apart: acknowledged and not kept.
    Transactions,
    /// Sealed receipts, posted apart.
    Receipts,
    HandBack,
}

/// What an industry's service is before any dialect speaks.
pub(crate) struct Industry {
    pub(crate) kind: PartnerKind,
    pub(crate) service: Service,
    /// Prefix of its operations: names without it are read too.
    pub(crate) prefix: &'static str,
    /// Its operations; several may have one purpose, and the first of them is the one to use.
    pub(crate) operations: &'static [(&'static str, Purpose)],
    pub(crate) charset: Charset,
    /// Fields stand in elements of their own; else in attributes.
    pub(crate) fields_in_elements: bool,
    /// The attribute that says why a call is denied: of lists, of feedback, of hand-backs.
    pub(crate) errors: [&'static str; 3],
    /// LB, the word for the industry.
    pub(crate) word: &'static str,
    /// What sort of property its accounts are.
    pub(crate) asset: AssetKind,
    /// KZCS by act.
    pub(crate) measures: &'static [(ActKind, &'static str)],
    /// ZJLX by our own code, where the two differ.
    pub(crate) id_types: &'static [(&'static str, &'static str)],
}

/// How days are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dates {
    /// `2026/11/20`.
    Slashes,
    /// `2026-11-20`.
    Dashes,
    /// `20261120`.
    Digits,
    /// As the dialect's own shape says.
    Shaped,
}

/// In what unit amounts are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Amounts {
    /// `8000.00`.
    Yuan,
    /// `800000`.
    Fen,
}

/// Our names with the partner's spellings: the first is written, all are read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Renamed(BTreeMap<String, Vec<String>>);

impl Renamed {
    /// What is written for our name.
    pub(crate) fn written<'n>(&'n self, ours: &'n str) -> &'n str {
        self.0.get(ours).and_then(|spellings| spellings.first()).map_or(ours, String::as_str)
    }

    /// What is read for our name; `None` = our name alone.
    pub(crate) fn read(&self, ours: &str) -> Option<&[String]> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(ours).map(Vec::as_slice)
    }

    /// Our name for a spelling, in any case; `None` when the table has none.
    pub(crate) fn ours(&self, spelling: &str) -> Option<&str> {
        let has = |spellings: &&Vec<String>| spellings.iter().any(|known| known.eq_ignore_ascii_case(spelling));
        self.0.iter().find(|(_, spellings)| has(spellings)).map(|(ours, _)| ours.as_str())
    }

    /// Is this one of the spellings of our name, in any case?
    pub(crate) fn is(&self, name: &str, ours: &str) -> bool {
        match self.read(ours) {
            None => name.eq_ignore_ascii_case(ours),
            Some(spellings) => spellings.iter().any(|spelling| name.eq_ignore_ascii_case(spelling)),
        }
    }
}

/// A dialect, whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dialect {
    pub(crate) charset: Charset,
    /// The document is Base64 of its bytes in the envelope.
    pub(crate) document_covered: bool,
    /// Every value is Base64 of its bytes.
    pub(crate) values_covered: bool,
    pub(crate) fields_in_elements: bool,
    pub(crate) dates: Dates,
    /// yyyy, MM and dd with what stands between them; empty where [`Dates`] says all.
    pub(crate) date_shape: String,
    pub(crate) amounts: Amounts,
    /// Namespace of answers, where it is not the industry's.
    pub(crate) namespace: Option<String>,
    /// The element around an answer.
    pub(crate) returns: String,
    /// What stands before the digits of our numbers.
    pub(crate) slip_prefix: String,
    /// The field by which papers of a query are asked for and answered.
    pub(crate) query_papers_by: String,
    /// The word for CNY that is written; both are read.
    pub(crate) currency: String,
    pub(crate) operations: Vec<(String, Purpose)>,
    pub(crate) elements: Renamed,
    pub(crate) fields: Renamed,
    pub(crate) errors: [String; 3],
    pub(crate) measures: BTreeMap<ActKind, String>,
    pub(crate) id_types: BTreeMap<String, String>,
    /// LB.
    pub(crate) industry_word: String,
    /// KZLX of money.
    pub(crate) deposit: String,
    /// KZNR of an amount.
    pub(crate) funds: String,
    /// ZXKZHLX of the case's own account.
    pub(crate) case_account: String,
    /// RESULT of what was taken, and of what was not.
    pub(crate) taken: String,
    pub(crate) failed: String,
    /// KZZT that means controlled, and not.
    pub(crate) controlled: Vec<String>,
    pub(crate) not_controlled: Vec<String>,
    /// XZ of a query and of a control.
    pub(crate) natures: (String, String),
    /// GJ of the Chinese.
    pub(crate) chinese: String,
    /// Words that mean no.
    pub(crate) no: Vec<String>,
    /// Words within KHZH that mean: no account here; not passed by the partner's own check.
    pub(crate) no_account: Vec<String>,
    pub(crate) not_passed: Vec<String>,
    /// Texts that stand where a reason would and mean that there is none.
    pub(crate) no_reason: Vec<String>,
    /// CKH by act, where it is not the form's.
    pub(crate) notices: BTreeMap<ActKind, String>,
    /// WSLB by our kind of paper, where it is not the form's.
    pub(crate) paper_names: BTreeMap<String, String>,
    /// Reasons by a text or code in the partner's words; looked at before the words that all banks use.
    pub(crate) reasons: Vec<(String, Reason)>,
    /// BDCQLLX by our own word; a word without a row is written as it is.
    pub(crate) right_types: BTreeMap<String, String>,
    /// What the partner checks before it takes a slip.
    pub(crate) form: Form,
}

impl Dialect {
    /// The dialect of an industry when nobody says otherwise.
    pub(crate) fn of(industry: &Industry) -> Self {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Self {
            charset: industry.charset,
            document_covered: true,
            values_covered: true,
            fields_in_elements: industry.fields_in_elements,
            dates: Dates::Slashes,
            date_shape: String::new(),
            amounts: Amounts::Yuan,
            namespace: None,
            returns: "return".to_owned(),
            slip_prefix: "X".to_owned(),
            query_papers_by: "WSBH".to_owned(),
            currency: "156".to_owned(),
            operations: industry.operations.iter().map(|(name, purpose)| ((*name).to_owned(), *purpose)).collect(),
            elements: Renamed::default(),
            // `KTZT` is a misspelling seen on the wire of 2016; fund centres and banks spell two fields apart.
            fields: Renamed(BTreeMap::from([
                ("KZZT".to_owned(), texts(&["KZZT", "KTZT"])),
                ("DJJG".to_owned(), texts(&["DJJG", "DJDW"])),
                ("DJJZRQ".to_owned(), texts(&["DJJZRQ", "DJJSSJ"])),
            ])),
            errors: industry.errors.map(str::to_owned),
            measures: industry.measures.iter().map(|(kind, code)| (*kind, (*code).to_owned())).collect(),
            id_types: industry.id_types.iter().map(|(own, code)| ((*own).to_owned(), (*code).to_owned())).collect(),
            industry_word: industry.word.to_owned(),
            deposit: "1".to_owned(),
            funds: "1".to_owned(),
            // The account stands on the case itself, which is what this word means.
            case_account: "一案一账号".to_owned(),
            taken: "success".to_owned(),
            failed: "fail".to_owned(),
            controlled: texts(&["1", "01"]),
            not_controlled: texts(&["2", "02"]),
            natures: ("1".to_owned(), "2".to_owned()),
            chinese: "156".to_owned(),
            no: texts(&["否"]),
            no_account: texts(&["查无"]),
            not_passed: texts(&["未通过"]),
            no_reason: texts(&["无", "-", "成功", "控制成功", "冻结成功"]),
            notices: BTreeMap::new(),
            paper_names: BTreeMap::new(),
            reasons: Vec::new(),
            right_types: BTreeMap::new(),
            form: form(industry),
        }
    }

    /// The dialect that a partner's options name.
    ///
    /// # Errors
    /// Every fault of the dialect's text.
    pub(crate) fn read(industry: &Industry, text: Option<&DialectText>) -> Result<Self, Vec<OptionFault>> {
        text.map_or_else(|| Ok(Self::of(industry)), |text| reading::read(industry, text))
    }

    /// What an operation is for; the industry's prefix may be missing.
    pub(crate) fn purpose(&self, industry: &Industry, operation: &str) -> Option<Purpose> {
        let of = |name: &str| self.operations.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let prefixed = || of(&format!("{}{operation}", industry.prefix));
        of(operation).or_else(prefixed).map(|(_, purpose)| *purpose)
    }

    /// A day as this dialect writes it.
    pub(crate) fn day(&self, day: Day) -> String {
        let (year, month, day) = day.ymd();
        match self.dates {
            Dates::Slashes => format!("{year:04}/{month:02}/{day:02}"),
            Dates::Dashes => format!("{year:04}-{month:02}-{day:02}"),
            Dates::Digits => format!("{year:04}{month:02}{day:02}"),
            Dates::Shaped => {
                let shape = self.date_shape.replace("yyyy", &format!("{year:04}"));
                shape.replace("MM", &format!("{month:02}")).replace("dd", &format!("{day:02}"))
            }
        }
    }

    /// A day in this dialect's own shape, whatever stands after it; `None` when it is not in it.
    pub(crate) fn shaped_day(&self, text: &str) -> Option<Day> {
        let (mut rest, mut shape) = (text, self.date_shape.as_str());
        let (mut year, mut month, mut day) = (None, None, None);
        while let Some(sign) = shape.chars().next() {
            let parts = [("yyyy", &mut year), ("MM", &mut month), ("dd", &mut day)];
            match parts.into_iter().find(|(part, _)| shape.starts_with(part)) {
                Some((part, place)) => {
                    let (digits, after) = rest.split_at_checked(part.len())?;
                    *place = Some(digits.parse::<u16>().ok()?);
                    (rest, shape) = (after, shape.get(part.len()..)?);
                }
                None => {
                    rest = rest.strip_prefix(sign)?;
                    shape = shape.get(sign.len_utf8()..)?;
                }
            }
        }
        Day::parse(&format!("{:04}-{:02}-{:02}", year?, month?, day?))
    }

    /// An amount as this dialect writes it.
    pub(crate) fn amount(&self, amount: Money) -> String {
        match self.amounts {
            Amounts::Yuan => amount.to_string(),
            Amounts::Fen => (amount.units() / 100).to_string(),
        }
    }

    /// An amount as read; `None` when it is none.
    pub(crate) fn read_amount(&self, text: &str) -> Option<Money> {
        match self.amounts {
            Amounts::Yuan => Money::parse_reported(text).ok(),
            Amounts::Fen => text.parse::<i64>().ok().and_then(|fen| fen.checked_mul(100)).map(Money::from_units),
        }
    }

    /// A currency as read, `156` for the dialect's own word for CNY.
    pub(crate) fn read_currency(&self, text: String) -> String {
        if text == self.currency { "156".to_owned() } else { text }
    }

    /// The reason that a text means: by the dialect's own words, else by those that all use.
    pub(crate) fn reason(&self, text: &str) -> Reason {
        let own = self.reasons.iter().find(|(words, _)| text.contains(words.as_str()));
        own.map_or_else(|| reason_of(text), |(_, reason)| *reason)
    }

    /// Does a text stand where a reason would and mean that there is none?
    pub(crate) fn is_no_reason(&self, text: &str) -> bool {
        text.is_empty() || self.no_reason.iter().any(|known| known == text) || says_success(text)
    }

    /// CKH: the name of the notice that goes with an act; `usual` is the form's.
    pub(crate) fn notice<'t>(&'t self, kind: ActKind, usual: &'t str) -> &'t str {
        self.notices.get(&kind).map_or(usual, String::as_str)
    }

    /// WSLB: what a paper of a kind is called; `usual` is the form's.
    pub(crate) fn paper_name<'t>(&'t self, kind: &str, usual: &'t str) -> &'t str {
        let own = self.paper_names.get(kind).or_else(|| self.paper_names.get("other").filter(|_| usual == "其他"));
        own.map_or(usual, String::as_str)
    }

    /// One of our numbers as this dialect writes it; another's number as it is.
    pub(crate) fn write_number<'n>(&self, number: &'n str) -> Cow<'n, str> {
        if self.slip_prefix == "X" || !is_ours(number) {
            return Cow::Borrowed(number);
        }
        Cow::Owned(format!("{}{}", self.slip_prefix, number.get(1..).unwrap_or_default()))
    }

    /// A number as read, in our own writing where it is ours.
    pub(crate) fn read_number(&self, number: String) -> String {
        if self.slip_prefix == "X" || is_ours(&number) {
            return number;
        }
        let ours = number.strip_prefix(&self.slip_prefix).map(|digits| format!("X{digits}"));
        ours.filter(|ours| is_ours(ours)).unwrap_or(number)
    }

    /// The code of an identity paper's type; ours where the table has none.
    pub(crate) fn id_type<'t>(&'t self, own: &'t str) -> &'t str {
        self.id_types.get(own).map_or(own, String::as_str)
    }

    /// The code of an act; `None` when this channel has none.
    pub(crate) fn measure(&self, kind: ActKind) -> Option<&str> {
        self.measures.get(&kind).map(String::as_str)
    }

    /// Whether KZZT says controlled; `None` when it says neither.
    pub(crate) fn is_controlled(&self, word: &str) -> Option<bool> {
        let is = |words: &[String]| words.iter().any(|known| known == word);
        if is(&self.controlled) { Some(true) } else { is(&self.not_controlled).then_some(false) }
    }
}

/// Words for "it was done" of whatever measure, such as 解除冻结成功, and no more than that.
fn says_success(text: &str) -> bool {
    /// 继续冻结已经处理成功 and the like; what is longer says more.
    const CHARS_MAX: usize = 10;
    let says_less = text.contains(['未', '不', '失', '无', '但', '部', '轮', '仅', '，', '；']);
    text.ends_with("成功") && text.chars().count() <= CHARS_MAX && !says_less
}

fn is_ours(number: &str) -> bool {
    SlipNumber::parse(number).is_some() || SlipLine::parse(number).is_some()
}

/// Checks a dialect's text for itself, so that each fault is told once however many partners use it.
#[must_use]
pub fn check(text: &DialectText) -> Vec<OptionFault> {
    Dialect::read(&crate::bank::INDUSTRY, Some(text)).err().unwrap_or_default()
}

/// What partners of the courts' own form hand back for (WIRE.md g.1): officers' numbers above 15 bytes of GBK, an order without
/// its original's number; and the widths of bank C's tables.
fn form(industry: &Industry) -> Form {
    let needs_ruling = [ActKind::Freeze, ActKind::Deduct, ActKind::TransferNotice];
    let says = |kind: &ActKind| industry.measures.iter().any(|(known, _)| known == kind);
    Form {
        officer_number_bytes_max: Some(15),
        party_name_bytes_max: Some(200),
        papers: needs_ruling.into_iter().filter(says).map(|kind| (kind, vec!["ruling".to_owned()])).collect(),
        original_number: true,
        // JE stands in each line of money, and KZCS has no code for a part: a hub may end the whole freeze all the same.
        part_release: if industry.asset == AssetKind::RealEstate {
            PartRelease::NoPlace
        } else {
            PartRelease::Unagreed
        },
        text: industry.charset.counted(),
        // No field says how many messages follow; a registry answers with all it has of a party.
        parts_quiet_ms: if industry.asset == AssetKind::RealEstate { 0 } else { PARTS_QUIET_MS },
        bytes: FieldBytes {
            account: Some(45),
            ruling_number: Some(75),
            case_number: Some(75),
            original_number: Some(45),
            court_holder: Some(150),
            court_bank: Some(150),
            court_bank_code: Some(45),
            court_account: Some(75),
        },
        asset_named: industry.measures.iter().map(|(kind, _)| *kind).collect(),
        ..Form::default()
    }
}
