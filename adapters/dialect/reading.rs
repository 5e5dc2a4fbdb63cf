//! A dialect's text made sense of: every key known, every fault told with its line, never a value.

use std::collections::BTreeMap;

use domain::ActKind;
use domain::case::PAPER_KINDS;
use domain::request::PartnerKind;
use domain::socket::{DialectEntry, DialectText, ListClass, OptionFault};

use super::{Dates, Dialect, Industry, Purpose};
use crate::transport::charset::Charset;

/// Characters of a code or name: longer than any seen.
const WORD_CHARS_MAX: usize = 40;
/// Spellings of one name.
const SPELLINGS_MAX: usize = 8;
/// Bytes of a field: the widest column seen takes 1,500.
const FIELD_BYTES_MAX: u16 = 4_000;

/// Elements that may be named otherwise.
const ELEMENTS: &[&str] = &[
    "cxqqList",
    "cxqq",
    "kzqqList",
    "kzqq",
    "kzzhlist",
    "kzzh",
    "wsinfoList",
    "wsinfo",
    "zjinfoList",
    "zjinfo",
    "result",
    "cxjglist",
    "htjglist",
    "jg",
    "zhxxList",
    "zhxx",
    "kzxxList",
    "kzxx",
    "htxxList",
    "htxx",
    "wlxxList",
    "wlxx",
    "hzxxList",
    "hzxx",
    "djxx",
    "qlxx",
    "glxx",
    "fjxx",
    "bdhm",
    "condition",
    "BDCCXQQLIST",
    "BDCCXQQ",
    "BDCKZQQLIST",
    "BDCKZQQ",
    "BDCQLLIST",
    "BDCQL",
    "GHDXLIST",
    "GHDX",
    "BDCCXJG",
    "BDCKZJG",
    "KZXX",
    "HZXX",
    "CFDJ",
    "DYAQ",
    "YGDJ",
    "HTXX",
    "WSINFOLIST",
    "WSINFO",
    "ZJINFOLIST",
    "ZJINFO",
    "JGLIST",
    "JG",
];

/// Fields that may be named otherwise.
const FIELDS: &[&str] = &[
    "AH",
    "BDCDYH",
    "BDCQLLX",
    "BDCQZH",
    "BDHM",
    "BEIZ",
    "BZ",
    "CBR",
    "CCLB",
    "CCXH",
    "CESKJE",
    "CFDJ",
    "CFJG",
    "CFQSSJ",
    "CFJSSJ",
    "CFWH",
    "CFYWH",
    "CKH",
    "CKJSSJ",
    "CKKSSJ",
    "CKWH",
    "CSJSRQ",
    "CSKSRQ",
    "CXQQDH",
    "DJJE",
    "DJJG",
    "DJJZRQ",
    "DJWH",
    "DJXE",
    "DSRZJHM",
    "DXMC",
    "DXSFZHM",
    "DXXH",
    "DXXM",
    "DXZJLX",
    "FIFTEENZJH",
    "FKSJ",
    "FYDM",
    "FYMC",
    "FZJG",
    "GJ",
    "GLZHHM",
    "GWZ",
    "GWZBH",
    "GWZBM",
    "GWZWJGS",
    "GZZ",
    "GZZBH",
    "GZZBM",
    "GZZWJGS",
    "JE",
    "JSRQ",
    "KHWD",
    "KHZH",
    "KSRQ",
    "KYYE",
    "KZCS",
    "KZLX",
    "KZNR",
    "KZQQDH",
    "KZZT",
    "LB",
    "LXFS",
    "MD5",
    "MESSAGE",
    "MSG",
    "QLJE",
    "QLLX",
    "QLR",
    "RESULT",
    "SFJH",
    "SKJE",
    "WJLX",
    "WJMC",
    "WNKZYY",
    "WSBH",
    "WSLB",
    "WSNR",
    "XCHTBZ",
    "XCHTDH",
    "XCHTR",
    "XCHTYY",
    "XH",
    "XM",
    "XZ",
    "YCFYWH",
    "YDJAH",
    "YDJDH",
    "YE",
    "YHDH",
    "YWH",
    "ZHZT",
    "ZJH",
    "ZJLX",
    "ZJMC",
    "ZJZL",
    "ZL",
    "ZXKZHHM",
    "ZXKZHKHH",
    "ZXKZHKHHHH",
    "ZXKZHLX",
    "ZXKZHZH",
    "condition",
    "password",
    "username",
];

/// The words of `[operations.*]`.
const PURPOSES: &[(&str, Purpose)] = &[
    ("list_queries", Purpose::List(ListClass::Queries)),
    ("list_controls", Purpose::List(ListClass::Controls)),
    ("query_papers", Purpose::Papers(ListClass::Queries)),
    ("control_papers", Purpose::Papers(ListClass::Controls)),
    ("credentials", Purpose::Credentials),
    ("feed_queries", Purpose::Feedback(ListClass::Queries)),
    ("feed_controls", Purpose::Feedback(ListClass::Controls)),
    ("feed_transactions", Purpose::Transactions),
    ("feed_receipts", Purpose::Receipts),
    ("hand_back", Purpose::HandBack),
];

struct Sheet {
    dialect: Dialect,
    faults: Vec<OptionFault>,
}

/// One key being read.
struct Key<'k> {
    key: &'k str,
    entry: &'k DialectEntry,
}

pub(super) fn read(industry: &Industry, text: &DialectText) -> Result<Dialect, Vec<OptionFault>> {
    let mut sheet = Sheet { dialect: Dialect::of(industry), faults: Vec::new() };
    for (key, entry) in &text.entries {
        let key = Key { key, entry };
        let parts: Vec<&str> = key.key.split('.').collect();
        match parts.as_slice() {
            ["title"] => drop(sheet.one(&key)),
            [name] => sheet.plain(name, &key),
            ["operations", kind, purpose] => sheet.operation(industry, kind, purpose, &key),
            ["elements" | "fields", name] => sheet.renamed(parts.first() == Some(&"elements"), name, &key),
            ["errors", place] => sheet.error(place, &key),
            ["measures", act] => sheet.measure(act, &key),
            ["codes", word] => sheet.code(word, &key),
            ["id_types", own] => sheet.row(&key, own, |dialect| &mut dialect.id_types),
            ["right_types", own] => sheet.row(&key, own, |dialect| &mut dialect.right_types),
            ["limits", field] => sheet.limit(field, &key),
            ["papers", act] => sheet.papers(act, &key),
            ["officers", what] => sheet.officers(what, &key),
            _ => sheet.unknown(&key, "title, charset, values_covered, fields_in, dates, slip_prefix, query_papers_by, currency and the tables operations, elements, fields, errors, measures, codes, id_types, right_types, limits, papers, officers"),
        }
    }
    if !sheet.faults.is_empty() {
        return Err(sheet.faults);
    }
    let mut dialect = sheet.dialect;
    dialect.form.id_types = dialect.id_types.keys().cloned().collect();
    dialect.form.is_utf8 = dialect.charset == Charset::Utf8;
    dialect.form.papers.sort_by_key(|(kind, _)| *kind);
    Ok(dialect)
}

fn is_name(text: &str) -> bool {
    let head = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    head && text.len() <= WORD_CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_word(text: &str) -> bool {
    text.chars().count() <= WORD_CHARS_MAX && !text.chars().any(char::is_control)
}

impl Sheet {
    fn fault(&mut self, key: &Key<'_>, message: &str) {
        self.faults.push(OptionFault { key: key.key.to_owned(), line: key.entry.line, message: message.to_owned() });
    }

    fn unknown(&mut self, key: &Key<'_>, known: &str) {
        self.fault(key, &format!("unknown key; known here: {known}"));
    }

    /// The one text of a key.
    fn one<'k>(&mut self, key: &Key<'k>) -> Option<&'k str> {
        match key.entry.texts.as_slice() {
            [text] if is_word(text) => Some(text),
            _ => {
                self.fault(key, &format!("must be one text of at most {WORD_CHARS_MAX} characters"));
                None
            }
        }
    }

    /// Names for elements, fields, operations.
    fn names(&mut self, key: &Key<'_>) -> Option<Vec<String>> {
        let texts = &key.entry.texts;
        if texts.is_empty() || texts.len() > SPELLINGS_MAX || !texts.iter().all(|text| is_name(text)) {
            let message = format!("must be one name or a list of at most {SPELLINGS_MAX}, of letters, digits and _");
            self.fault(key, &message);
            return None;
        }
        Some(texts.clone())
    }

    fn plain(&mut self, name: &str, key: &Key<'_>) {
        let Some(text) = self.one(key) else { return };
        let dialect = &mut self.dialect;
        let fits = match name {
            "charset" => Charset::parse(text).map(|charset| dialect.charset = charset).is_some(),
            "values_covered" => flag(text).map(|flag| dialect.values_covered = flag).is_some(),
            "fields_in" => {
                dialect.fields_in_elements = text == "elements";
                matches!(text, "elements" | "attributes")
            }
            "dates" => dates(text).map(|dates| dialect.dates = dates).is_some(),
            "slip_prefix" => {
                dialect.slip_prefix = if text == "none" { String::new() } else { text.to_owned() };
                text == "none" || text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            "query_papers_by" => {
                dialect.query_papers_by = text.to_owned();
                matches!(text, "WSBH" | "BDHM")
            }
            "currency" => {
                dialect.currency = text.to_owned();
                matches!(text, "156" | "CNY" | "人民币")
            }
            _ => {
                return self.unknown(
                    key,
                    "title, charset, values_covered, fields_in, dates, slip_prefix, query_papers_by, currency",
                );
            }
        };
        if !fits {
            let wanted = match name {
                "charset" => "UTF-8, GBK or GB18030",
                "values_covered" => "true or false",
                "fields_in" => "attributes or elements",
                "dates" => "slashes, dashes or digits",
                "slip_prefix" => "at most 3 capital letters, or none",
                "query_papers_by" => "WSBH or BDHM",
                _ => "156, CNY or 人民币",
            };
            self.fault(key, &format!("cannot be read; write {wanted}"));
        }
    }

    fn operation(&mut self, industry: &Industry, kind: &str, purpose: &str, key: &Key<'_>) {
        let Some(kind) = PartnerKind::from_word(kind) else {
            return self.unknown(key, "operations.<industry>.<purpose>, such as operations.bank.hand_back");
        };
        let Some((_, purpose)) = PURPOSES.iter().find(|(word, _)| *word == purpose) else {
            let words: Vec<&str> = PURPOSES.iter().map(|(word, _)| *word).collect();
            return self.unknown(key, &words.join(", "));
        };
        let Some(names) = self.names(key) else { return };
        if kind == industry.kind {
            self.dialect.operations.retain(|(_, known)| known != purpose);
            self.dialect.operations.extend(names.into_iter().map(|name| (name, *purpose)));
        }
    }

    fn renamed(&mut self, element: bool, name: &str, key: &Key<'_>) {
        let known = if element { ELEMENTS } else { FIELDS };
        let Some(ours) = known.iter().find(|known| **known == name) else {
            return self.unknown(key, &known.join(", "));
        };
        let Some(spellings) = self.names(key) else { return };
        let table = if element { &mut self.dialect.elements } else { &mut self.dialect.fields };
        table.0.insert((*ours).to_owned(), spellings);
    }

    fn error(&mut self, place: &str, key: &Key<'_>) {
        let Some(place) = ["list", "feedback", "hand_back"].iter().position(|known| *known == place) else {
            return self.unknown(key, "list, feedback, hand_back");
        };
        if let Some(name) = self.names(key).and_then(|names| names.into_iter().next())
            && let Some(error) = self.dialect.errors.get_mut(place)
        {
            *error = name;
        }
    }

    fn measure(&mut self, act: &str, key: &Key<'_>) {
        let Some(kind) = ActKind::from_word(act) else {
            return self.unknown(key, "acts, such as freeze");
        };
        if let Some(code) = self.one(key) {
            self.dialect.measures.insert(kind, code.to_owned());
        }
    }

    fn code(&mut self, word: &str, key: &Key<'_>) {
        let texts = &key.entry.texts;
        if texts.is_empty() || texts.len() > SPELLINGS_MAX || !texts.iter().all(|text| is_word(text)) {
            return self.fault(key, &format!("must be a text or a list of at most {SPELLINGS_MAX}"));
        }
        let dialect = &mut self.dialect;
        let first = texts.first().cloned().unwrap_or_default();
        match word {
            "industry" => dialect.industry_word = first,
            "deposit" => dialect.deposit = first,
            "funds" => dialect.funds = first,
            "case_account" => dialect.case_account = first,
            "taken" => dialect.taken = first,
            "failed" => dialect.failed = first,
            "controlled" => dialect.controlled.clone_from(texts),
            "not_controlled" => dialect.not_controlled.clone_from(texts),
            _ => self.unknown(key, "industry, deposit, funds, case_account, taken, failed, controlled, not_controlled"),
        }
    }

    fn row(&mut self, key: &Key<'_>, own: &str, table: fn(&mut Dialect) -> &mut BTreeMap<String, String>) {
        if let Some(code) = self.one(key) {
            table(&mut self.dialect).insert(own.to_owned(), code.to_owned());
        }
    }

    fn limit(&mut self, field: &str, key: &Key<'_>) {
        let form = &mut self.dialect.form;
        let bytes = &mut form.bytes;
        let place = match field {
            "officer_number" => &mut form.officer_number_bytes_max,
            "party_name" => &mut form.party_name_bytes_max,
            "account" => &mut bytes.account,
            "ruling_number" => &mut bytes.ruling_number,
            "case_number" => &mut bytes.case_number,
            "original_number" => &mut bytes.original_number,
            "court_holder" => &mut bytes.court_holder,
            "court_bank" => &mut bytes.court_bank,
            "court_bank_code" => &mut bytes.court_bank_code,
            "court_account" => &mut bytes.court_account,
            _ => {
                return self.unknown(
                    key,
                    "officer_number, party_name, account, ruling_number, case_number, original_number, court_holder, court_bank, court_bank_code, court_account",
                );
            }
        };
        let text = key.entry.texts.first().map_or("", String::as_str);
        match text.parse::<u16>() {
            Ok(limit) if (1..=FIELD_BYTES_MAX).contains(&limit) && key.entry.texts.len() == 1 => *place = Some(limit),
            _ => self.fault(key, &format!("must be a whole number from 1 to {FIELD_BYTES_MAX}")),
        }
    }

    fn papers(&mut self, act: &str, key: &Key<'_>) {
        let Some(kind) = ActKind::from_word(act) else {
            return self.unknown(key, "acts, such as freeze");
        };
        if !key.entry.texts.iter().all(|paper| PAPER_KINDS.contains(&paper.as_str())) {
            return self.fault(key, &format!("must be a list of {}", PAPER_KINDS.join(", ")));
        }
        let papers = &mut self.dialect.form.papers;
        papers.retain(|(known, _)| *known != kind);
        papers.push((kind, key.entry.texts.clone()));
    }

    fn officers(&mut self, what: &str, key: &Key<'_>) {
        let Some(flag) = self.one(key).map(flag) else { return };
        let form = &mut self.dialect.form;
        let place = match what {
            "two" => &mut form.two_officers,
            "scans" => &mut form.credential_scans,
            _ => return self.unknown(key, "two, scans"),
        };
        match flag {
            Some(flag) => *place = flag,
            None => self.fault(key, "must be true or false"),
        }
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

fn dates(text: &str) -> Option<Dates> {
    match text {
        "slashes" => Some(Dates::Slashes),
        "dashes" => Some(Dates::Dashes),
        "digits" => Some(Dates::Digits),
        _ => None,
    }
}
