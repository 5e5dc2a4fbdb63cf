//! A dialect's text made sense of: every key known, every fault told with its line, never a value.

use std::collections::BTreeMap;

use domain::ActKind;
use domain::case::PAPER_KINDS;
use domain::outcome::Reason;
use domain::request::PartnerKind;
use domain::socket::{DialectEntry, DialectText, ListClass, OptionFault};

use super::names::{ELEMENTS, FIELDS};
use super::{Amounts, Dates, Dialect, Industry, Purpose};
use crate::transport::charset::Charset;

/// Characters of a code or name: longer than any seen.
const WORD_CHARS_MAX: usize = 40;
/// Spellings of one name.
const SPELLINGS_MAX: usize = 8;
/// Bytes of a field: the widest column seen takes 1,500.
const FIELD_BYTES_MAX: u16 = 4_000;

/// Keys that stand in no table.
const PLAIN: &str = "title, charset, document_covered, values_covered, fields_in, dates, amounts, slip_prefix, query_papers_by, currency, namespace, returns";
/// Characters of a namespace.
const NAMESPACE_CHARS_MAX: usize = 200;

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
            ["notices", act] => sheet.notice(act, &key),
            ["paper_names", kind] => sheet.paper_name(kind, &key),
            ["reasons", text] => sheet.reason(text, &key),
            _ => sheet.unknown(&key, &format!("{PLAIN} and the tables operations, elements, fields, errors, measures, codes, id_types, right_types, limits, papers, officers, notices, paper_names, reasons")),
        }
    }
    sheet.held_apart(text);
    if !sheet.faults.is_empty() {
        return Err(sheet.faults);
    }
    let mut dialect = sheet.dialect;
    dialect.form.id_types = dialect.id_types.keys().cloned().collect();
    dialect.form.text = dialect.charset.counted();
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
        if name == "namespace" {
            return self.namespace(key);
        }
        let Some(text) = self.one(key) else { return };
        let dialect = &mut self.dialect;
        let fits = match name {
            "charset" => Charset::parse(text).map(|charset| dialect.charset = charset).is_some(),
            "values_covered" => flag(text).map(|flag| dialect.values_covered = flag).is_some(),
            "fields_in" => {
                dialect.fields_in_elements = text == "elements";
                matches!(text, "elements" | "attributes")
            }
            "document_covered" => flag(text).map(|flag| dialect.document_covered = flag).is_some(),
            "amounts" => amounts(text).map(|amounts| dialect.amounts = amounts).is_some(),
            "returns" => {
                text.clone_into(&mut dialect.returns);
                is_name(text)
            }
            "dates" => dates(text)
                .map(|(dates, shape)| {
                    dialect.dates = dates;
                    dialect.date_shape = shape;
                })
                .is_some(),
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
                !text.is_empty()
            }
            _ => return self.unknown(key, PLAIN),
        };
        if !fits {
            let wanted = match name {
                "charset" => "UTF-8, GBK or GB18030",
                "values_covered" | "document_covered" => "true or false",
                "amounts" => "yuan or fen",
                "returns" => "one name of letters, digits and _",
                "fields_in" => "attributes or elements",
                "dates" => "slashes, dashes, digits, or a shape with yyyy, MM and dd such as dd.MM.yyyy",
                "slip_prefix" => "at most 3 capital letters, or none",
                "query_papers_by" => "WSBH or BDHM",
                _ => "the word for CNY",
            };
            self.fault(key, &format!("cannot be read; write {wanted}"));
        }
    }

    fn namespace(&mut self, key: &Key<'_>) {
        let plain = |c: char| c.is_ascii_graphic() && !"<>&\"'".contains(c);
        match key.entry.texts.as_slice() {
            [text] if (1..=NAMESPACE_CHARS_MAX).contains(&text.len()) && text.chars().all(plain) => {
                self.dialect.namespace = Some(text.clone());
            }
            _ => self.fault(key, "must be the namespace that partners' clients were made with, in ASCII"),
        }
    }

    fn notice(&mut self, act: &str, key: &Key<'_>) {
        let Some(kind) = ActKind::from_word(act) else { return self.unknown(key, "acts, such as freeze") };
        if let Some(name) = self.one(key) {
            self.dialect.notices.insert(kind, name.to_owned());
        }
    }

    fn paper_name(&mut self, kind: &str, key: &Key<'_>) {
        if !PAPER_KINDS.contains(&kind) && kind != "other" {
            return self.unknown(key, &format!("{}, other", PAPER_KINDS.join(", ")));
        }
        if let Some(name) = self.one(key) {
            self.dialect.paper_names.insert(kind.to_owned(), name.to_owned());
        }
    }

    fn reason(&mut self, text: &str, key: &Key<'_>) {
        let Some(word) = self.one(key) else { return };
        match Reason::from_word(word) {
            Some(reason) if is_word(text) && !text.is_empty() => {
                self.dialect.reasons.push((text.to_owned(), reason));
            }
            _ => {
                let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
                self.fault(key, &format!("must be one of {}", words.join(", ")));
            }
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
            "query" => dialect.natures.0 = first,
            "control" => dialect.natures.1 = first,
            "chinese" => dialect.chinese = first,
            "no" => dialect.no.clone_from(texts),
            "no_account" => dialect.no_account.clone_from(texts),
            "not_passed" => dialect.not_passed.clone_from(texts),
            "no_reason" => dialect.no_reason.clone_from(texts),
            _ => self.unknown(
                key,
                "industry, deposit, funds, case_account, taken, failed, controlled, not_controlled, query, control, chinese, no, no_account, not_passed, no_reason",
            ),
        }
    }

    /// What must not be said in one word: whoever reads it would take the one for the other.
    fn held_apart(&mut self, text: &DialectText) {
        let dialect = &self.dialect;
        let shared = |one: &[String], other: &[String]| one.iter().any(|word| other.contains(word));
        let measures: Vec<&String> = dialect.measures.values().collect();
        let same_measure =
            measures.iter().enumerate().any(|(at, code)| measures.iter().skip(at + 1).any(|c| c == code));
        let operations = &dialect.operations;
        let same_operation = operations.iter().enumerate().any(|(at, (name, purpose))| {
            operations.iter().skip(at + 1).any(|(other, of)| other == name && of != purpose)
        });
        let confused = [
            ("codes.controlled", shared(&dialect.controlled, &dialect.not_controlled), "codes.not_controlled"),
            ("codes.taken", dialect.taken == dialect.failed, "codes.failed"),
            ("codes.query", dialect.natures.0 == dialect.natures.1, "codes.control"),
            ("codes.no_account", shared(&dialect.no_account, &dialect.not_passed), "codes.not_passed"),
            ("measures", same_measure, "another act"),
            ("operations", same_operation, "another operation"),
        ];
        for (key, _, other) in confused.into_iter().filter(|(_, is_confused, _)| *is_confused) {
            let message = format!("has a word that {other} has too; nobody could tell them apart, so write another");
            let line = text.entries.iter().find(|(name, _)| name.starts_with(key) || *name == other);
            let line = line.map_or(1, |(_, entry)| entry.line);
            self.faults.push(OptionFault { key: key.to_owned(), line, message });
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

fn amounts(text: &str) -> Option<Amounts> {
    match text {
        "yuan" => Some(Amounts::Yuan),
        "fen" => Some(Amounts::Fen),
        _ => None,
    }
}

/// One of three words, or a shape in which year, month and day stand once each.
fn dates(text: &str) -> Option<(Dates, String)> {
    let dates = match text {
        "slashes" => Dates::Slashes,
        "dashes" => Dates::Dashes,
        "digits" => Dates::Digits,
        _ => {
            let bare = ["yyyy", "MM", "dd"].iter().try_fold(text.to_owned(), |rest, part| {
                (rest.matches(part).count() == 1).then(|| rest.replace(part, ""))
            })?;
            let is_plain = !bare.chars().any(|c| c.is_ascii_alphanumeric() || c == '<' || c == '&');
            return is_plain.then(|| (Dates::Shaped, text.to_owned()));
        }
    };
    Some((dates, String::new()))
}
