//! Dialect texts: what each key changes, what is refused, and what a third dialect says without any code.

use std::collections::BTreeMap;

use domain::ActKind;
use domain::form::TextBytes;
use domain::outcome::Verdict;
use domain::socket::{DialectEntry, DialectText, FaceAnswer, FaceVerb, ListClass, PartnerOptions};

use super::{Dates, Dialect, check};
use crate::bank::{INDUSTRY, PULL, face};
use crate::court_form::feedback;
use crate::court_form::packed::{Packed, decode_base64};
use crate::court_form::specimen::{Hub, call, slip};

fn text(rows: &[(&str, &[&str])]) -> DialectText {
    let entry = |(line, (key, texts)): (usize, &(&str, &[&str]))| {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        ((*key).to_owned(), DialectEntry { texts, line: u32::try_from(line).unwrap() + 1 })
    };
    DialectText { name: "third".to_owned(), entries: rows.iter().enumerate().map(entry).collect::<BTreeMap<_, _>>() }
}

const THIRD: &[(&str, &[&str])] = &[
    ("title", &["某省点对点"]),
    ("charset", &["UTF-8"]),
    ("dates", &["dashes"]),
    ("slip_prefix", &["none"]),
    ("query_papers_by", &["BDHM"]),
    ("currency", &["人民币"]),
    ("operations.bank.list_queries", &["getCx"]),
    ("operations.bank.feed_controls", &["feedKz", "feedKz2"]),
    ("operations.payment.list_queries", &["ofAnotherIndustry"]),
    ("elements.cxqq", &["cx"]),
    ("elements.kzxx", &["kz", "kzxx"]),
    ("fields.BDHM", &["QQDH"]),
    ("fields.DSRZJHM", &["ZJHM"]),
    ("errors.list", &["ErrorMSG"]),
    ("measures.freeze", &["F1"]),
    ("codes.controlled", &["Y"]),
    ("codes.not_controlled", &["N"]),
    ("codes.industry", &["SHYH"]),
    ("id_types.01", &["SFZ"]),
    ("limits.account", &["20"]),
    ("limits.officer_number", &["12"]),
    ("papers.query", &["query_notice"]),
    ("officers.two", &["true"]),
    ("right_types.FDCQ", &["4"]),
];

/// A table in which yes and no are one word would make a success of a refusal.
#[test]
fn what_must_not_be_confused_has_words_of_its_own() {
    for (rows, key) in [
        (&[("codes.controlled", &["1", "OK"][..]), ("codes.not_controlled", &["2", "OK"])][..], "codes.controlled"),
        (&[("codes.not_controlled", &["01"])], "codes.controlled"),
        (&[("codes.failed", &["success"])], "codes.taken"),
        (&[("codes.control", &["1"])], "codes.query"),
        (&[("codes.not_passed", &["查无"])], "codes.no_account"),
        (&[("measures.release", &["01"])], "measures"),
        (&[("operations.bank.list_controls", &["getXzcxList"])], "operations"),
    ] {
        let faults = check(&text(rows));
        let [fault] = faults.as_slice() else { panic!("{key}: {} faults", faults.len()) };
        assert_eq!((fault.key.as_str(), fault.line > 0), (key, true));
        assert!(fault.message.contains("nobody could tell them apart"), "{}", fault.message);
    }
}

#[test]
fn a_third_dialect_is_all_table() {
    let options = PartnerOptions { dialect: Some(text(THIRD).into()), ..PartnerOptions::default() };
    let hub = Hub::with(&PULL, face(), &options);
    assert!(matches!(hub.decode(&call("getCx", None)).unwrap().verb, FaceVerb::List(ListClass::Queries)));
    assert!(hub.decode(&call("getXzcxList", None)).is_err());
    let mut query = slip(ActKind::Query);
    query.lines[0].line = 0;
    let bytes = hub.encode("getCx", &FaceAnswer::List(vec![query])).bytes;
    let written = String::from_utf8(bytes).unwrap();
    let packed = decode_base64(written.split("<return>").nth(1).unwrap().split('<').next().unwrap()).unwrap();
    let inner = String::from_utf8(packed).unwrap();
    assert!(inner.starts_with("<cxqqList ErrorMSG=\"\"><cx QQDH=\"MjAyNjExMjIwMDAwMDAwMDAxMg==\""), "{inner}");
    // 王小渔 in UTF-8, SFZ for 01, and the bank's word for the industry.
    for value in ["XM=\"546L5bCP5riU\"", "ZJLX=\"U0Za\"", "LB=\"U0hZSA==\"", "ZJHM=\""] {
        assert!(inner.contains(value), "{value} in {inner}");
    }
    let dialect = Dialect::read(&INDUSTRY, options.dialect.as_deref()).unwrap();
    let fed = "<list><kz QQDH='MjAyNjExMjIwMDAwMDAwMDAxMg==' CCXH='MQ==' KZZT='WQ=='/></list>";
    let packed = Packed::read_inner(fed.as_bytes(), &dialect).unwrap();
    let fed = feedback::read(&packed, ListClass::Controls, INDUSTRY.asset).unwrap();
    assert_eq!((fed.items[0].slip.as_str(), fed.items[0].line), ("X2026112200000000012", Some(1)));
    assert_eq!(fed.items[0].outcome.as_ref().unwrap().verdict, Verdict::Done);
}

#[test]
fn a_dialect_brings_its_own_checks() {
    let dialect = Dialect::read(&INDUSTRY, Some(&text(THIRD))).unwrap();
    let form = &dialect.form;
    assert_eq!(
        (form.bytes.account, form.bytes.ruling_number, form.officer_number_bytes_max),
        (Some(20), Some(75), Some(12))
    );
    assert_eq!(
        (form.two_officers, form.text, form.id_types.as_slice()),
        (true, TextBytes::Utf8, &["01".to_owned()][..])
    );
    assert!(form.papers.contains(&(ActKind::Query, vec!["query_notice".to_owned()])));
    assert_eq!((dialect.dates, dialect.measure(ActKind::Freeze)), (Dates::Dashes, Some("F1")));
}

#[test]
fn every_fault_is_told_with_its_line_and_without_its_value() {
    let wrong: &[(&str, &[&str])] = &[
        ("charset", &["secret-8"]),
        ("colour", &["secret"]),
        ("dates", &["secret"]),
        ("elements.cxqq", &["<secret>"]),
        ("elements.unheard", &["a"]),
        ("fields.BDHM", &[]),
        ("id_types.01", &["one", "two"]),
        ("limits.account", &["0"]),
        ("measures.secretly", &["1"]),
        ("officers.two", &["secret"]),
        ("operations.bank.steal", &["a"]),
        ("operations.casino.list_queries", &["a"]),
        ("papers.query", &["secret"]),
        ("slip_prefix", &["secret"]),
        ("tables.too.deep", &["a"]),
        ("values_covered", &["secret"]),
    ];
    let faults = check(&text(wrong));
    let told: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), fault.line)).collect();
    let expected: Vec<_> =
        wrong.iter().enumerate().map(|(n, (key, _))| (*key, u32::try_from(n).unwrap() + 1)).collect();
    assert_eq!(told, expected);
    for fault in faults {
        assert!(!fault.message.contains("secret"), "{fault:?}");
    }
    assert!(check(&text(THIRD)).is_empty());
}

#[test]
fn a_provincial_channel_names_the_slip_around_its_lists() {
    let dialect = Dialect::of(&INDUSTRY);
    let inner = "<backinfo><bdhm BDHM='WDE='><zhxxList><zhxx KHZH='MQ==' YE='MS4wMA=='/><zhxx KHZH='Mg=='/></zhxxList><BXGXXList><BXGXX A='MQ=='/></BXGXXList></bdhm><bdhm BDHM='WDI='><zhxxList><zhxx KHZH='MQ=='/></zhxxList></bdhm></backinfo>";
    let packed = Packed::read_inner(inner.as_bytes(), &dialect).unwrap();
    let fed = feedback::read(&packed, ListClass::Queries, INDUSTRY.asset).unwrap();
    let said: Vec<_> =
        fed.items.iter().map(|item| (item.slip.as_str(), item.outcome.as_ref().unwrap().accounts.len())).collect();
    assert_eq!(said, [("X1", 2), ("X2", 1)]);
}

#[test]
fn numbers_keep_their_owner_whatever_the_prefix() {
    let mut dialect = Dialect::of(&INDUSTRY);
    for prefix in ["X", "", "A", "GF"] {
        dialect.slip_prefix = prefix.to_owned();
        for number in
            ["X2026112200000000012", "X2026112200000000012-3", "A20261120E0200000001", "20111128320000100001", ""]
        {
            let written = dialect.write_number(number).into_owned();
            assert_eq!(dialect.read_number(written), number, "{prefix}");
        }
    }
}

/// A shipped file as the settings floor reads it.
fn shipped(text: &str) -> DialectText {
    let table: toml::Table = text.parse().unwrap();
    let mut entries = BTreeMap::new();
    let mut open: Vec<(String, toml::Table)> = vec![(String::new(), table)];
    while let Some((path, table)) = open.pop() {
        for (key, value) in table {
            let key = if path.is_empty() { key } else { format!("{path}.{key}") };
            let one = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match value {
                toml::Value::Table(table) => open.push((key, table)),
                toml::Value::Array(all) => {
                    drop(entries.insert(key, DialectEntry { texts: all.iter().map(one).collect(), line: 1 }));
                }
                value => drop(entries.insert(key, DialectEntry { texts: vec![one(&value)], line: 1 })),
            }
        }
    }
    DialectText { name: "shipped".to_owned(), entries }
}

#[test]
fn the_shipped_head_to_head_dialect_says_what_is_so_anyway() {
    let text = shipped(include_str!("../../config/dialects/gf.toml"));
    let read = Dialect::read(&INDUSTRY, Some(&text)).unwrap();
    let mut plain = Dialect::of(&INDUSTRY);
    plain.operations.sort_by(|a, b| a.0.cmp(&b.0));
    let mut sorted = read.clone();
    sorted.operations.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(sorted, plain);
}

#[test]
fn the_shipped_provincial_dialect_says_what_differs() {
    let text = shipped(include_str!("../../config/dialects/point-to-point.toml"));
    let read = Dialect::read(&INDUSTRY, Some(&text)).unwrap();
    assert_eq!((read.dates, read.slip_prefix.as_str(), read.query_papers_by.as_str()), (Dates::Dashes, "", "BDHM"));
    assert_eq!(read.form.id_types.len(), 4);
    assert!(read.form.credential_scans);
    assert_eq!(read.purpose(&INDUSTRY, "wsInfo"), Some(super::Purpose::Papers(ListClass::Queries)));
}
