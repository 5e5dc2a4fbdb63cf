//! What every adapter must do, asked of each in the list; an adapter without a specimen fails the first test.

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
struct Specimen {
    /// Options that build it, `{url}` standing for a server's address.
    options: &'static [(&'static str, &'static str)],
    /// Keys that may not be left out.
    required: &'static [&'static str],
    /// Values, by key, that must be refused.
    refused: &'static [(&'static str, &'static str)],
    /// Does it talk over a network?
    network: bool,
    /// Files under `adapters/` that show its messages; each must be told apart by a test that writes or reads it.
    goldens: &'static [&'static str],
    /// An order of one line that it can say.
    order: fn() -> Slip,
    /// How each of its requests begins.
    begins: &'static [&'static str],
    /// An answer to the request given, that says "done".
    answer: fn(&str) -> String,
    /// Where the path it serves ends, when it is a face.
    face: Option<&'static str>,
}

/// The specimen of an adapter; a new adapter adds its own here, or nothing in this file passes.
fn specimen_of(name: &str) -> Specimen {
    match name {
        "bank_pull" => Specimen {
            options: &[("charset", "GBK")],
            required: &[],
            refused: &[("charset", "UTF-8"), ("charset", "KOI8-R"), ("colour", "red")],
            network: false,
            goldens: &["bank/golden/01_getXzcxList_reply.b64", "bank/golden/03_shfeedXzcxInfo_argument.b64"],
            order: freeze,
            begins: &[],
            answer: |_| String::new(),
            face: Some("/services/SyyhConvertDataService"),
        },
        "bank_http" => Specimen {
            options: &[
                ("url", "{url}"),
                ("bank_id", "102332002250"),
                ("from", "330225000000"),
                ("token", "canary-token"),
            ],
            required: &["url", "bank_id", "from", "token"],
            refused: &[
                ("url", "ftp://canary-token/"),
                ("url", "canary-token"),
                ("url", "http://user:canary-token@bank.example/"),
                ("bank_id", "canary token"),
                ("from", "<canary-token>"),
                ("token", "canary-token\nmore"),
                ("token", "canary-token王"),
                ("charset", "canary-token"),
                ("answer_bytes_max", "canary-token"),
                ("answer_bytes_max", "1"),
                ("ca_file", "/nowhere/canary-token"),
                ("client_pem_file", "/nowhere/canary-token"),
                ("colour", "canary-token"),
            ],
            network: true,
            goldens: &["bank/golden/http/100201_freeze.xml", "bank/golden/http/100202_partly.xml"],
            order: freeze,
            begins: &["POST / HTTP/1.1\r\n"],
            answer: bank_answer,
            face: None,
        },
        "bank_drop" | "police_drop" => of_mailbox(name),
        "housing_fund_open" => {
            open_specimen(&["housing_fund/golden/freeze.json", "housing_fund/golden/freeze_partly.json"])
        }
        "police_open" => Specimen {
            order: || crate::police::tests::order(ActKind::Watch),
            ..open_specimen(&["police/golden/watch_vehicle.json", "police/golden/watch_done.json"])
        },
        "insurance_open" => open_specimen(&["insurance/golden/freeze.json", "insurance/golden/frozen.json"]),
        "loopback" => Specimen {
            options: &[("answers", "done")],
            required: &[],
            refused: &[
                ("answers", "canary-token"),
                ("caught", "101"),
                ("ask", "x"),
                ("settles", "x"),
                ("balance", "1.001"),
            ],
            network: false,
            goldens: &[],
            order: freeze,
            begins: &[],
            answer: |_| String::new(),
            face: None,
        },
        _ => panic!("the adapter `{name}` has no specimen: add one, so that it is asked what every adapter is asked"),
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

/// What a partner of the open form says to an order, or to a question about one.
fn open_answer(request: &str) -> String {
    let asked = request.strip_prefix("GET /v1/tasks/").and_then(|rest| rest.split(' ').next());
    let sent = request.split("\"number\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let number = asked.or(sent).unwrap_or_default();
    format!(
        r#"{{"number":"{number}","state":"done","limit":"18000.00","caught":"18000.00","from":"2026-11-20","to":"2027-11-19","scope":["holder_change","surrender","loan","dividend"]}}"#
    )
}

/// The specimen of a partner that speaks the open task form.
fn open_specimen(goldens: &'static [&'static str]) -> Specimen {
    Specimen {
        options: &[("url", "{url}"), ("token", "canary-token")],
        required: &["url", "token"],
        refused: &[
            ("url", "ftp://canary-token/"),
            ("url", "canary-token"),
            ("url", "http://user:canary-token@partner.example/"),
            ("token", "canary-token\nmore"),
            ("token", "canary-token more"),
            ("token", "canary-token王"),
            ("answer_bytes_max", "canary-token"),
            ("answer_bytes_max", "1"),
            ("ca_file", "/nowhere/canary-token"),
            ("client_pem_file", "/nowhere/canary-token"),
            ("colour", "canary-token"),
        ],
        network: true,
        goldens,
        order: freeze,
        begins: &["POST /v1/tasks HTTP/1.1\r\n", "GET /v1/tasks/X2026112200000000012-1 HTTP/1.1\r\n"],
        answer: open_answer,
        face: None,
    }
}

fn of_mailbox(name: &str) -> Specimen {
    match name {
        "bank_drop" => drop_specimen(
            &[("bank_code", "B0000000000000001")],
            &["bank_code", "folder"],
            &["bank/golden/drop/QA_freeze.xml", "bank/golden/drop/QR_freeze.xml"],
            freeze,
        ),
        _ => drop_specimen(
            &[("organ", "330225"), ("target", "P0000000000330225")],
            &["organ", "target", "folder"],
            &["police/golden/drop/SS11_vehicle.xml", "police/golden/drop/SS13.xml"],
            || crate::police::tests::order(ActKind::Watch),
        ),
    }
}

/// The specimen of a partner with a mailbox; what its transport proves is asked in `transport/drop/tests`.
fn drop_specimen(
    own: &'static [(&'static str, &'static str)],
    required: &'static [&'static str],
    goldens: &'static [&'static str],
    order: fn() -> Slip,
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
        network: false,
        goldens,
        order,
        begins: &[],
        answer: |_| String::new(),
        face: None,
    }
}

fn options(entries: &[(&str, &str)], url: &str) -> PartnerOptions {
    let entry = |(line, (key, text)): (usize, &(&str, &str))| {
        let text = Secret::new(text.replace("{url}", url));
        ((*key).to_owned(), OptionText { text, line: u32::try_from(line).unwrap() + 10 })
    };
    let entries: BTreeMap<_, _> = entries.iter().enumerate().map(entry).collect();
    // Longer than any loopback exchange on a busy machine; tests of silence take a shorter one.
    PartnerOptions { entries, connect_timeout_ms: 10_000, timeout_ms: 20_000 }
}

fn plug(name: &str, entries: &[(&str, &str)], url: &str) -> Arc<dyn CallOut> {
    plug_of(name, &options(entries, url))
}

fn plug_of(name: &str, options: &PartnerOptions) -> Arc<dyn CallOut> {
    let adapter = ADAPTERS.iter().find(|adapter| adapter.name == name).unwrap();
    match (adapter.build)(options) {
        Ok(Plug::CallOut(call)) => call,
        Ok(Plug::Pull) => panic!("{name} is pulled"),
        Err(faults) => panic!("{name}: {faults:?}"),
    }
}

fn freeze() -> Slip {
    specimen::slip(ActKind::Freeze)
}

fn freeze_key() -> SlipLine {
    SlipLine { slip: freeze().number, line: 1 }
}

fn order_of(name: &str) -> Slip {
    (specimen_of(name).order)()
}

fn key_of(name: &str) -> SlipLine {
    let order = order_of(name);
    SlipLine { slip: order.number, line: order.lines[0].line }
}

fn kind_of(name: &str) -> ActKind {
    order_of(name).lines[0].kind
}

/// The adapters that we call over a network.
fn networked() -> Vec<&'static str> {
    let called = ADAPTERS.iter().filter(|adapter| adapter.travel == Travel::CallOut);
    called.map(|adapter| adapter.name).filter(|name| specimen_of(name).network).collect()
}
