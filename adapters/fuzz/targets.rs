//! The targets, one a decoder; a new decoder adds its own here.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ActKind;
use domain::socket::{FaceFault, Judged};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::{Grammar, files, fuzz, hostile};
use crate::bank::wire::answer::{judge_ask, judge_send};
use crate::conformance::{networked, options, plug_of, specimen_of};
use crate::court_form::specimen::Hub;
use crate::open::Trade;
use crate::open::answer::{judge_asked, judge_sent};
use crate::transport::http::{HttpReply, stated_charset};
use crate::transport::judge::retry_after_ms;

/// A bank on the banks' face.
static BANK: LazyLock<Hub> = LazyLock::new(crate::bank::tests::specimen::hub);
/// A registry on the registries' face.
static REGISTRY: LazyLock<Hub> = LazyLock::new(|| Hub::of(&crate::registry::PULL, crate::registry::face()));

/// A fund centre on the centres' face.
static FUND: LazyLock<Hub> = LazyLock::new(|| Hub::of(&crate::housing_fund::PULL, crate::housing_fund::face()));
/// A payment institution on the institutions' face.
static WALLET: LazyLock<Hub> = LazyLock::new(|| Hub::of(&crate::payment::PULL, crate::payment::face()));

/// A fault has a name, and shows nothing of the document.
fn named(fault: &FaceFault) {
    assert!(BANK.face.fault(fault).status >= 400);
    let (FaceFault::Malformed(why) | FaceFault::TooLarge(why)) = fault else { return };
    let told = why.chinese() + &why.english();
    assert!(!told.is_empty() && told.len() < 300, "{told}");
}

fn decode(body: &[u8]) {
    if let Err(fault) = BANK.decode(body) {
        named(&fault);
    }
}

#[test]
fn soap_envelope() {
    for (name, document) in hostile::xml() {
        assert!(BANK.decode(&document).is_err(), "{name}");
    }
    fuzz("soap_envelope", Grammar::Large, files("bank/golden/soap"), hostile::xml(), decode);
}

/// An envelope around a packed argument.
fn envelope(operation: &str, packed: &[u8]) -> Vec<u8> {
    let template = include_str!("../bank/golden/soap/shfeedXzcxInfo_request.xml").replace("shfeedXzcxInfo", operation);
    // The credential stands in the first argument, the document in the second.
    let (before, rest) = template.split_once("<arg1>").unwrap();
    let (_, after) = rest.split_once("</arg1>").unwrap();
    [before.as_bytes(), b"<arg1>", packed, b"</arg1>", after.as_bytes()].concat()
}

const OPERATIONS: [&str; 4] = ["shfeedXzcxInfo", "shfeedXzkzInfo", "htInfo", "cxwsInfo"];

#[test]
fn packed_argument() {
    for (name, packed) in hostile::base64() {
        for operation in OPERATIONS {
            assert!(BANK.decode(&envelope(operation, &packed)).is_err(), "{name}");
        }
    }
    let seeds = files("bank/golden").into_iter().filter(|golden| !golden.starts_with(b"<")).collect();
    fuzz("packed_argument", Grammar::Small, seeds, hostile::base64(), |packed| {
        decode(&envelope("shfeedXzkzInfo", packed))
    });
}

#[test]
fn inner_xml_of_banks() {
    let seeds = files("bank/golden").into_iter().filter(|golden| golden.starts_with(b"<")).collect();
    fuzz("inner_xml_of_banks", Grammar::Large, seeds, hostile::xml(), |inner| {
        let packed = STANDARD.encode(inner);
        for operation in OPERATIONS {
            decode(&envelope(operation, packed.as_bytes()));
        }
    });
}

#[test]
fn inner_xml_of_registries() {
    let seeds = files("registry/golden");
    fuzz("inner_xml_of_registries", Grammar::Small, seeds, hostile::xml(), |inner| {
        let packed = STANDARD.encode(inner);
        for operation in ["feedBdcQL", "feedkzBdcQL", "htInfo", "kzwsInfo"] {
            if let Err(fault) = REGISTRY.decode(&envelope(operation, packed.as_bytes())) {
                named(&fault);
            }
        }
    });
}

/// The same form with the prefixes and fields of funds and of wallets.
#[test]
fn inner_xml_of_funds_and_wallets() {
    let packed = |folder: &str| files(folder).into_iter().filter(|golden| !golden.starts_with(b"<"));
    let seeds = packed("housing_fund/golden/fetched").chain(packed("payment/golden"));
    let seeds: Vec<Vec<u8>> = seeds.filter_map(|golden| STANDARD.decode(golden.trim_ascii()).ok()).collect();
    let read = |inner: &[u8]| {
        let argument = STANDARD.encode(inner);
        for (hub, operations) in [
            (&FUND, ["gjjfeedXzcxInfo", "gjjfeedXzkzInfo", "gjjhtInfo"]),
            (&WALLET, ["ifshfeedXzcxInfo", "ifshfeedXzkzInfo", "ifhtInfo"]),
        ] {
            for operation in operations {
                if let Err(fault) = hub.decode(&envelope(operation, argument.as_bytes())) {
                    named(&fault);
                }
            }
        }
    };
    for (name, document) in hostile::xml() {
        for (hub, operation) in [(&FUND, "gjjfeedXzkzInfo"), (&WALLET, "ifshfeedXzkzInfo")] {
            let argument = STANDARD.encode(&document);
            assert!(hub.decode(&envelope(operation, argument.as_bytes())).is_err(), "{name}");
        }
    }
    fuzz("inner_xml_of_funds_and_wallets", Grammar::Small, seeds, hostile::xml(), read);
}

const KINDS: [ActKind; 5] = [ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct];

#[test]
fn answer_by_tx_code() {
    let key = "X2026112200000000012-1";
    let judged = |body: &[u8]| -> Vec<Judged> {
        KINDS.iter().flat_map(|kind| [judge_send(body, key, *kind, None), judge_ask(body, key, key, *kind)]).collect()
    };
    for (name, document) in hostile::xml() {
        assert!(judged(&document).iter().all(|judged| matches!(judged, Judged::Doubt { .. })), "{name}");
    }
    fuzz("answer_by_tx_code", Grammar::Large, files("bank/golden/http"), hostile::xml(), |body| drop(judged(body)));
}

#[test]
fn answer_of_the_open_form() {
    let key = "X2026112200000000012-1";
    let trades = [&crate::insurance::TRADE, &crate::housing_fund::TRADE, &crate::police::TRADE, &crate::grid::TRADE];
    let judged = |body: &[u8]| -> Vec<Judged> {
        let reply = HttpReply { status: 200, retry_after_ms: None, body: Ok(body.to_vec()) };
        let of = |trade: &'static Trade| {
            // A query and an act read differently; the others read as one of the two.
            let kinds = [ActKind::Query, *trade.acts.last().unwrap()];
            kinds
                .into_iter()
                .flat_map(|kind| [judge_sent(trade, kind, key, &reply), judge_asked(trade, kind, key, &reply)])
        };
        trades.into_iter().flat_map(of).collect::<Vec<_>>()
    };
    for (name, document) in hostile::json().into_iter().chain(hostile::xml()) {
        assert!(judged(&document).iter().all(|judged| !matches!(judged, Judged::Answered(_))), "{name}");
    }
    let seeds = ["insurance/golden", "housing_fund/golden", "police/golden", "grid/golden"]
        .into_iter()
        .flat_map(files)
        .collect();
    fuzz("answer_of_the_open_form", Grammar::Large, seeds, hostile::json(), |body| drop(judged(body)));
}

/// Answers of a partner that its file describes, to orders and to questions.
#[test]
fn answer_of_a_described_partner() {
    let judged = crate::mapped_json::tests::judged_every_way;
    for (name, document) in hostile::json().into_iter().chain(hostile::xml()) {
        assert!(judged(&document).iter().all(|judged| !matches!(judged, Judged::Answered(_))), "{name}");
    }
    fuzz("answer_of_a_described_partner", Grammar::Small, files("mapped_json/golden"), hostile::json(), |body| {
        drop(judged(body))
    });
}

/// What stands beside an answer: how long to wait, and in which charset it is.
#[test]
fn head_of_an_answer() {
    let seeds =
        ["7", "Sun, 22 Nov 2026 05:00:00 GMT", "text/xml; charset=\"GB18030\"", "application/json;charset=utf-8"];
    let seeds = seeds.into_iter().map(|text| text.as_bytes().to_vec()).collect();
    fuzz("head_of_an_answer", Grammar::Small, seeds, hostile::json(), |bytes| {
        let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
        let heads: HeaderMap =
            [RETRY_AFTER, DATE, CONTENT_TYPE].into_iter().map(|name| (name, value.clone())).collect();
        assert!(retry_after_ms(&heads).is_none_or(|wait_ms| wait_ms <= 24 * 3_600_000));
        let _any = stated_charset(&heads);
    });
}

/// Every adapter whose partners post to us reads what they post.
#[test]
fn posted_by_partners() {
    let calls: Vec<_> = networked()
        .into_iter()
        .map(|name| plug_of(name, &options(specimen_of(name).options, "http://127.0.0.1:9/")))
        .collect();
    for (name, document) in hostile::json().into_iter().chain(hostile::xml()) {
        for call in &calls {
            assert!(
                !call.read_inbound(&document).is_ok_and(|read| !read.feedback.is_empty() || !read.leads.is_empty()),
                "{name}"
            );
        }
    }
    let folders = ["insurance/golden", "housing_fund/golden", "police/golden", "grid/golden", "mapped_json/golden"];
    let answers: Vec<Vec<u8>> = folders.into_iter().flat_map(files).collect();
    let posted = answers
        .iter()
        .map(|answer| [b"{\"results\":[", answer.as_slice(), b"]}"].concat())
        .chain(answers.clone())
        .collect();
    let read = move |body: &[u8]| {
        for call in &calls {
            if let Err(fault) = call.read_inbound(body) {
                named(&fault);
            }
        }
    };
    fuzz("posted_by_partners", Grammar::Large, posted, hostile::json(), read);
}
