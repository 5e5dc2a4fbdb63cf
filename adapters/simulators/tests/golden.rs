//! What the hub reads and writes equals the sample messages, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod gateway;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::{ACCOUNT, Gateway, SLIP};
use simulators::{BankHub, BankHubConfig, County, Fault, Knob};

fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().trim_end().to_owned()
}

/// The one slip inside a sample list.
fn slip_of(name: &str, tag: &str) -> String {
    let inner = gateway::decoded(&golden(name));
    let from = inner.find(&format!("<{tag} ")).unwrap();
    let to = inner.rfind(&format!("</{tag}List>")).unwrap();
    inner[from..to].to_owned()
}

fn hub(gateway: &Gateway, county: &County) -> BankHub {
    let config = BankHubConfig { gateway_url: gateway.url.clone(), sealed_receipts: false, ..BankHubConfig::default() };
    BankHub::start(county, config).unwrap()
}

fn fed_b64(gateway: &Gateway, operation: &str) -> String {
    let said = gateway.said.lock().unwrap();
    let (_, request) = said.requests.iter().rfind(|(o, _)| o == operation).expect("the operation was called");
    let from = request.find("<arg1>").unwrap() + 6;
    request[from..request.find("</arg1>").unwrap()].to_owned()
}

#[tokio::test]
async fn a_query_is_pulled_and_answered_in_the_very_bytes_of_the_samples() {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().query_envelope = Some(golden("getXzcxList_response.xml"));
    let hub = hub(&gateway, &County::of_the_samples());
    let report = hub.poll_now().await.unwrap();
    assert_eq!((report.new_queries, report.fed, report.errors), (1, 1, vec![]));
    let said = gateway.said.lock().unwrap();
    let request = |operation: &str| said.requests.iter().find(|(o, _)| o == operation).unwrap().1.clone();
    assert_eq!(request("getXzcxList"), golden("getXzcxList_request.xml"));
    assert_eq!(request("shfeedXzcxInfo"), golden("shfeedXzcxInfo_request.xml"));
}

#[tokio::test]
async fn a_stranger_is_answered_with_no_account() {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().queries = vec![slip_of("01_getXzcxList_reply.b64", "cxqq")];
    let hub = hub(&gateway, &County::default());
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    assert_eq!(fed_b64(&gateway, "shfeedXzcxInfo"), golden("04_shfeedXzcxInfo_argument_no_account.b64"));
}

#[tokio::test]
async fn a_freeze_behind_another_court_is_answered_partly_and_then_deducted() {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().controls = vec![slip_of("06_getXzkzList_reply_freeze.b64", "kzqq")];
    let hub = hub(&gateway, &County::of_the_samples());
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    assert_eq!(fed_b64(&gateway, "shfeedXzkzInfo"), golden("07_shfeedXzkzInfo_argument_partly.b64"));
    gateway.said.lock().unwrap().controls = vec![slip_of("09_getXzkzList_reply_deduct.b64", "kzqq")];
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    let result = gateway.result("A20261121E0200000009", "1");
    assert_eq!((result["KZZT"].as_str(), result["SKJE"].as_str(), result["CESKJE"].as_str()), ("1", "8000.00", "0.00"));
    let paid = hub.books().paid_out();
    assert_eq!(
        paid.iter().map(|p| (p.amount, p.payee.account.as_str())).collect::<Vec<_>>(),
        [(800_000, "2010000000001234")]
    );
    assert_eq!(hub.books().account(ACCOUNT).unwrap().caught(), 1_023_456);
}

#[tokio::test]
async fn a_wrong_identity_is_refused_in_the_bytes_of_the_sample() {
    let mut county = County::of_the_samples();
    county.customers[0].identity.id_number = "33022518950612999X".to_owned();
    county.accounts.iter_mut().for_each(|a| a.owner = "33022518950612999X".to_owned());
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().controls = vec![slip_of("06_getXzkzList_reply_freeze.b64", "kzqq")];
    let hub = hub(&gateway, &county);
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    assert_eq!(fed_b64(&gateway, "shfeedXzkzInfo"), golden("08_shfeedXzkzInfo_argument_refused.b64"));
    assert!(hub.books().effects().is_empty());
}

#[tokio::test]
async fn a_hand_back_is_the_sample_and_has_no_effect() {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().controls = vec![slip_of("06_getXzkzList_reply_freeze.b64", "kzqq")];
    let hub = hub(&gateway, &County::of_the_samples());
    hub.knobs().set(Knob::next(Fault::HandBack, 1));
    let report = hub.poll_now().await.unwrap();
    assert_eq!((report.handed_back, report.fed), (1, 0));
    assert_eq!(fed_b64(&gateway, "htInfo"), golden("10_htInfo_argument.b64"));
    assert_eq!(hub.books().effect_count(&format!("{SLIP}/1")), 0);
}

#[tokio::test]
async fn a_sealed_receipt_is_a_pdf_with_its_digest() {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().controls = vec![slip_of("06_getXzkzList_reply_freeze.b64", "kzqq")];
    let config = BankHubConfig { gateway_url: gateway.url.clone(), ..BankHubConfig::default() };
    let hub = BankHub::start(&County::of_the_samples(), config).unwrap();
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    let inner = gateway.fed("shfeedXzkzInfo").remove(0);
    let receipt = gateway::rows(&inner, "hzxx").remove(0);
    let pdf = STANDARD.decode(&receipt["WSNR"]).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.4"));
    assert_eq!((receipt["MD5"].len(), receipt["WSLB"].as_str(), receipt["BDHM"].as_str()), (32, "回执", SLIP));
}
