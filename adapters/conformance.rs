//! What every adapter must do, asked of each in the list; an adapter without a specimen fails the first test.

mod documents;
mod formal;
mod giving_back;
mod questions;
mod server;
mod transport;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::partner::Travel;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, OptionText, PartnerOptions, Plug};
use domain::{ActKind, Secret};

use crate::ADAPTERS;
use crate::bank::tests::specimen;

/// What the questions need to know of an adapter.
pub(crate) struct Specimen {
    /// Options that build it, `{url}` standing for a server's address.
    pub(crate) options: &'static [(&'static str, &'static str)],
    /// Keys that may not be left out.
    required: &'static [&'static str],
    /// Values, by key, that must be refused, beside those of the connection, which are asked of all.
    refused: &'static [(&'static str, &'static str)],
    /// Does it talk over a network?
    pub(crate) network: bool,
    /// Files under `adapters/` that show its messages; each must be told apart by a test that writes or reads it.
    goldens: &'static [&'static str],
    /// An order of one line that it can say.
    order: fn() -> Slip,
    /// How each of its requests begins.
    begins: &'static [&'static str],
    /// An answer to the request given, that says "done".
    answer: fn(&str) -> String,
    /// An answer to the request given, that says "refused".
    refusal: fn(&str) -> String,
    /// Where the path it serves ends, when it is a face.
    face: Option<&'static str>,
    /// Can it be asked by our number? `false` is a declaration that people must settle every doubt; it then asks nothing at all.
    asks: bool,
}

impl Specimen {
    /// The answers to begin with: nothing is asked of it that it does not say itself.
    pub(crate) const PLAIN: Self = Self {
        options: &[],
        required: &[],
        refused: &[],
        network: false,
        goldens: &[],
        order: freeze,
        begins: &[],
        answer: |_| String::new(),
        refusal: |_| String::new(),
        face: None,
        asks: true,
    };
}

/// The specimen of an adapter; a new adapter adds its own here, or nothing in this file passes.
pub(crate) fn specimen_of(name: &str) -> Specimen {
    match name {
        "bank_pull" => Specimen {
            options: &[("charset", "GBK")],
            ..pulled_specimen(
                &["bank/golden/01_getXzcxList_reply.b64", "bank/golden/03_shfeedXzcxInfo_argument.b64"],
                "/services/SyyhConvertDataService",
            )
        },
        "housing_fund_pull" => pulled_specimen(
            &[
                "housing_fund/golden/fetched/01_gjjfeedXzcxInfo_argument.b64",
                "housing_fund/golden/fetched/gjjgetXzkzList_reply.xml",
            ],
            "/services/GjjConvertDataService",
        ),
        "payment_pull" => pulled_specimen(
            &["payment/golden/01_ifshfeedXzcxInfo_argument.b64", "payment/golden/ifgetXzkzList_reply.xml"],
            "/services/IfConvertDataService",
        ),
        "registry_pull" => pulled_specimen(
            &["registry/golden/kzBdcQL_reply.xml", "registry/golden/feedkzBdcQL_argument.xml"],
            "/services/IpConvertDataService",
        ),
        "bank_http" => bank_specimen(),
        "housing_fund_open" => {
            open_specimen(&["housing_fund/golden/freeze.json", "housing_fund/golden/freeze_partly.json"])
        }
        "bank_drop" | "bank_packet" | "police_drop" => mailbox_specimen(name),
        "police_open" => police_specimen(),
        "grid_open" => grid_specimen(),
        "mapped_json" => mapped_specimen(),
        "insurance_open" => open_specimen(&["insurance/golden/freeze.json", "insurance/golden/frozen.json"]),
        "inbox" => Specimen {
            options: &[("two_officers", "true"), ("credential_scans", "false")],
            refused: &[("two_officers", "canary-token"), ("credential_scans", "1"), ("colour", "canary-token")],
            ..Specimen::PLAIN
        },
        "loopback" => Specimen {
            options: &[("answers", "done")],
            refused: &[
                ("answers", "canary-token"),
                ("caught", "101"),
                ("ask", "x"),
                ("settles", "x"),
                ("balance", "1.001"),
            ],
            ..Specimen::PLAIN
        },
        _ => panic!("the adapter `{name}` has no specimen: add one, so that it is asked what every adapter is asked"),
    }
}

fn mailbox_specimen(name: &str) -> Specimen {
    match name {
        "bank_drop" => drop_specimen(
            &[("bank_code", "B0000000000000001")],
            &["bank_code", "folder"],
            &["bank/golden/drop/QA_freeze.xml", "bank/golden/drop/QR_freeze.xml"],
        ),
        "bank_packet" => drop_specimen(
            &[("organ", "330225"), ("target", "B0000000000000002")],
            &["organ", "target", "folder"],
            &["bank/golden/packet/SS17_freeze.xml", "bank/golden/packet/SS19_partly.xml"],
        ),
        _ => Specimen {
            order: || crate::police::tests::order(ActKind::Watch),
            ..drop_specimen(
                &[("organ", "330225"), ("target", "P0000000000330225")],
                &["organ", "target", "folder"],
                &["police/golden/drop/SS11_vehicle.xml", "police/golden/drop/SS13.xml"],
            )
        },
    }
}

/// The specimen of a partner with a mailbox; what its transport proves is asked in `transport/drop/tests`.
fn drop_specimen(
    own: &'static [(&'static str, &'static str)],
    required: &'static [&'static str],
    goldens: &'static [&'static str],
) -> Specimen {
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPH8wHlNt8mZ0r0Zb4oO0eRrX0dJ1sJw9H8nN1l0bqk";
    let here = [("folder", "/nowhere/boxes"), ("sweep_every_ms", "1000"), ("settle_ms", "0")];
    Specimen {
        options: Box::leak([own, &here].concat().into_boxed_slice()),
        required,
        refused: &[
            ("folder", "canary-token"),
            ("sftp", "sftp://canary-token@bank.example/box"),
            ("host_key", KEY),
            ("key", "canary-token"),
            ("password", "canary-token"),
            ("sweep_every_ms", "canary-token"),
            ("sweep_every_ms", "1"),
            ("settle_ms", "canary-token"),
            ("colour", "canary-token"),
        ],
        goldens,
        ..Specimen::PLAIN
    }
}

/// The specimen of a partner that fetches by the courts' own form.
fn pulled_specimen(goldens: &'static [&'static str], face: &'static str) -> Specimen {
    Specimen {
        refused: &[("charset", "KOI8-R"), ("dialect", "none-there"), ("colour", "red")],
        goldens,
        face: Some(face),
        ..Specimen::PLAIN
    }
}

fn bank_specimen() -> Specimen {
    Specimen {
        options: &[("url", "{url}"), ("bank_id", "102332002250"), ("from", "330225000000"), ("token", "canary-token")],
        required: &["url", "bank_id", "from", "token"],
        refused: &[
            ("bank_id", "canary token"),
            ("from", "<canary-token>"),
            ("token", "canary-token\nmore"),
            ("token", "canary-token王"),
            ("charset", "canary-token"),
        ],
        network: true,
        goldens: &["bank/golden/http/100201_freeze.xml", "bank/golden/http/100202_partly.xml"],
        begins: &["POST / HTTP/1.1\r\n"],
        answer: bank_answer,
        refusal: bank_refusal,
        ..Specimen::PLAIN
    }
}

/// What the bank says to a freeze, or to a question about one.
fn bank_answer(request: &str) -> String {
    let value = |name: &str| {
        request.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default()
    };
    let good = include_str!("bank/golden/http/100202_partly.xml").trim_end().replace("8234.56</F", "18000.00</F");
    let good = good.replace("X2026112200000000012-1", value("TransSerialNumber"));
    if value("TxCode") == "100999" {
        let original = format!(
            "<Body><OriginalTransSerialNumber>{}</OriginalTransSerialNumber><OriginalTxCode>100202</OriginalTxCode><OriginalCode>100000</OriginalCode>",
            value("OriginalTransSerialNumber")
        );
        return good.replace("<Body>", &original).replace("<TxCode>100202", "<TxCode>101000");
    }
    good
}

/// The same when it refuses.
fn bank_refusal(request: &str) -> String {
    let good = bank_answer(request);
    let (head, body) = good.split_once("<Result>").unwrap();
    let account = body.split("<AccountNumber>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    format!(
        "{head}<Result>9999</Result><AccountNumber>{account}</AccountNumber><AppliedBalance>18000.00</AppliedBalance><FrozedBalance>0.00</FrozedBalance><FailureCause>其他原因</FailureCause></Body></Response>"
    )
}

/// What a partner of the open form says to an order, or to a question about one.
fn open_answer(request: &str) -> String {
    let asked = request.strip_prefix("GET /v1/tasks/").and_then(|rest| rest.split(' ').next());
    let sent = request.split("\"number\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let number = asked.or(sent).unwrap_or_default();
    format!(
        r#"{{"number":"{number}","state":"done","limit":"18000.00","caught":"18000.00","from":"2026-11-20","to":"2027-11-19","scope":["holder_change","surrender","loan","dividend"]}}"#
    )
}

fn police_specimen() -> Specimen {
    Specimen {
        order: || crate::police::tests::order(ActKind::Watch),
        ..open_specimen(&["police/golden/watch_vehicle.json", "police/golden/watch_done.json"])
    }
}

fn grid_specimen() -> Specimen {
    Specimen {
        order: || crate::grid::tests::order(ActKind::GridTask),
        answer: grid_answer,
        ..open_specimen(&["grid/golden/find_person.json", "grid/golden/person_found.json"])
    }
}

/// What a grid platform says to a task, or to a question about one.
fn grid_answer(request: &str) -> String {
    let answer = open_answer(request);
    answer.replacen('{', r#"{"findings":[{"class":"whereabouts","details":{"what":"seen","place":"石浦渔港"}}],"#, 1)
}

/// What a partner with a form of its own says to a freeze, or to a question about one.
fn mapped_answer(request: &str) -> String {
    let asked = request.strip_prefix("GET /asked/").and_then(|rest| rest.split(' ').next());
    let sent = request.split("\"no\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let number = asked.or(sent).unwrap_or_default();
    format!(r#"{{"no":"{number}","result":"OK","held":1800000,"until":"20271119"}}"#)
}

/// The same when it refuses.
fn mapped_refusal(request: &str) -> String {
    mapped_answer(request).replace(r#""result":"OK","held":1800000"#, r#""result":"NO""#)
}

/// The specimen of a partner that its file describes.
fn mapped_specimen() -> Specimen {
    Specimen {
        options: &[
            ("url", "{url}"),
            ("token", "canary-token"),
            ("hmac_key", "shared"),
            ("constants.channel", "COURT"),
            ("codes.id_types.01", "ID_CARD"),
            ("send.freeze.path", "/orders"),
            ("send.freeze.body./no", "number"),
            ("send.freeze.body./channel", "constants.channel"),
            ("send.freeze.body./who/name", "subject.name required"),
            ("send.freeze.body./who/type", "subject.id_type id_types"),
            ("send.freeze.body./who/id", "subject.id_number required"),
            ("send.freeze.body./cents", "amount fen_number required"),
            ("send.freeze.body./until", "to compact required"),
            ("ask.any.path", "/asked/{number}"),
            ("answer.number", "/no"),
            ("answer.state", "/result"),
            ("answer.caught", "/held fen_number"),
            ("answer.to", "/until compact"),
            ("states.*", "doubt"),
            ("states.OK", "done"),
            ("states.NO", "refused"),
        ],
        required: &["url", "token", "send", "answer.number", "answer.state", "states.*"],
        refused: &[
            ("url", "http://partner.example/?canary-token=1"),
            ("token", "canary-token more"),
            ("token", "canary-token王"),
            ("token_header", "canary token"),
            ("token_header", "host"),
            ("hmac_form", "canary-token"),
            ("hmac_over", "canary-token"),
            ("two_officers", "canary-token"),
            ("send.freeze.path", "canary-token"),
            ("send.freeze.path", "/../canary-token"),
            ("send.freeze.path", "/{subject.name}/canary-token"),
            ("send.freeze.method", "GET"),
            ("send.freeze.says", "canary-token"),
            ("send.freeze.body./no", "canary-token"),
            ("send.freeze.body./cents", "amount canary-token"),
            ("send.freeze.body./cents", "amount fen canary-token"),
            ("send.freeze.body./who/type", "subject.id_type canary-token"),
            ("send.freeze.body./channel", "constants.canary-token"),
            ("send.freeze.body./no/more", "text:canary-token"),
            ("send.freeze.body.more", "number"),
            ("send.teleport.path", "/orders"),
            ("ask.any.path", "/asked"),
            ("ask.any.body./who", "subject.name"),
            ("answer.caught", "canary-token"),
            ("answer.caught", "/held canary-token"),
            ("answer.colour", "/canary-token"),
            ("states.*", "done"),
            ("states.OK", "canary-token"),
            ("reasons.R1", "canary-token"),
        ],
        network: true,
        goldens: &["mapped_json/golden/small_freeze.json", "mapped_json/golden/small_frozen.json"],
        begins: &["POST /orders HTTP/1.1\r\n", "GET /asked/X2026112200000000012-1 HTTP/1.1\r\n"],
        answer: mapped_answer,
        refusal: mapped_refusal,
        ..Specimen::PLAIN
    }
}

/// The same when it refuses.
fn open_refusal(request: &str) -> String {
    let good = open_answer(request);
    let number = good.split('"').nth(3).unwrap();
    format!(r#"{{"number":"{number}","state":"refused","reason":"other","text":"不予办理"}}"#)
}

/// The specimen of a partner that speaks the open task form.
fn open_specimen(goldens: &'static [&'static str]) -> Specimen {
    Specimen {
        options: &[("url", "{url}"), ("token", "canary-token")],
        required: &["url", "token"],
        refused: &[("token", "canary-token\nmore"), ("token", "canary-token more"), ("token", "canary-token王")],
        network: true,
        goldens,
        begins: &["POST /v1/tasks HTTP/1.1\r\n", "GET /v1/tasks/X2026112200000000012-1 HTTP/1.1\r\n"],
        answer: open_answer,
        refusal: open_refusal,
        ..Specimen::PLAIN
    }
}

pub(crate) fn options(entries: &[(&str, &str)], url: &str) -> PartnerOptions {
    let entry = |(line, (key, text)): (usize, &(&str, &str))| {
        let text = Secret::new(text.replace("{url}", url));
        ((*key).to_owned(), OptionText { text, line: u32::try_from(line).unwrap() + 10 })
    };
    let entries: BTreeMap<_, _> = entries.iter().enumerate().map(entry).collect();
    // Longer than any loopback exchange on a busy machine; tests of silence take a shorter one.
    PartnerOptions { entries, connect_timeout_ms: 10_000, timeout_ms: 20_000, dialect: None }
}

fn plug(name: &str, entries: &[(&str, &str)], url: &str) -> Arc<dyn CallOut> {
    plug_of(name, &options(entries, url))
}

pub(crate) fn plug_of(name: &str, options: &PartnerOptions) -> Arc<dyn CallOut> {
    let adapter = ADAPTERS.iter().find(|adapter| adapter.name == name).unwrap();
    match (adapter.build)(options) {
        Ok(Plug::CallOut(call)) => call,
        Ok(Plug::Pull(_) | Plug::Inbox) => panic!("{name} is not called"),
        Err(faults) => panic!("{name}: {faults:?}"),
    }
}

fn freeze() -> Slip {
    specimen::slip(ActKind::Freeze)
}

fn freeze_key() -> SlipLine {
    SlipLine { slip: freeze().number, line: 1 }
}

pub(crate) fn order_of(name: &str) -> Slip {
    (specimen_of(name).order)()
}

pub(crate) fn key_of(name: &str) -> SlipLine {
    let order = order_of(name);
    SlipLine { slip: order.number, line: order.lines[0].line }
}

pub(crate) fn kind_of(name: &str) -> ActKind {
    order_of(name).lines[0].kind
}

/// The adapters that we call over a network.
pub(crate) fn networked() -> Vec<&'static str> {
    let called = ADAPTERS.iter().filter(|adapter| adapter.travel == Travel::CallOut);
    called.map(|adapter| adapter.name).filter(|name| specimen_of(name).network).collect()
}
