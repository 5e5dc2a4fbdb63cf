//! Every fault the hub can show, and that its books stay right under each; restart from the ledger.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod gateway;

use gateway::{Gateway, SECOND_ACCOUNT, SLIP, control, freeze, later};
use simulators::bank::{BankRules, ClerkAct};
use simulators::{BankHub, BankHubConfig, County, FAULTS, Fault, Knob};

fn config(gateway: &Gateway) -> BankHubConfig {
    BankHubConfig { gateway_url: gateway.url.clone(), ..BankHubConfig::default() }
}

fn slip() -> String {
    control(SLIP, &[], &[&freeze("1", SECOND_ACCOUNT, "100.00")])
}

/// Shows the fault in the first round; gives everything the gateway got in that round and in the next.
async fn shown(fault: Fault) -> (Vec<String>, Vec<String>, usize) {
    let gateway = Gateway::start();
    gateway.said.lock().unwrap().controls = vec![slip()];
    let hub = BankHub::start(&County::of_the_samples(), config(&gateway)).unwrap();
    let mut knob = Knob::next(fault, 1).ms(0);
    knob.bytes = Some(1000);
    hub.knobs().set(knob);
    hub.poll_now().await.unwrap();
    assert_eq!(hub.knobs().fired(fault), 1, "{fault:?}");
    let first = gateway.fed("shfeedXzkzInfo");
    hub.poll_now().await.unwrap();
    let all = gateway.fed("shfeedXzkzInfo");
    let effects = hub.books().effect_count(&format!("{SLIP}/1"));
    (first.clone(), all[first.len()..].to_vec(), effects)
}

fn sound(inner: &str) -> bool {
    gateway::rows(inner, "kzxx")
        .first()
        .is_some_and(|r| r.get("BDHM").is_some_and(|b| b == SLIP) && r.get("SKJE").is_some_and(|held| held == "100.00"))
        && inner.ends_with("</kzxxList>")
        && !inner.contains(&" ".repeat(100))
}

#[tokio::test]
async fn after_each_fault_the_true_answer_is_told_and_the_effect_is_one() {
    for row in FAULTS.iter().filter(|r| r.hub && !matches!(r.fault, Fault::HandBack)) {
        let (first, second, effects) = shown(row.fault).await;
        let told: Vec<&String> = first.iter().chain(&second).collect();
        assert!(told.iter().any(|inner| sound(inner)), "{:?} {told:?}", row.fault);
        assert_eq!(effects, 1, "{:?}", row.fault);
    }
}

#[tokio::test]
async fn each_fault_looks_as_its_row_says() {
    let first = |fault| async move { shown(fault).await.0 };
    assert!(first(Fault::SilenceAfterAccept).await.is_empty());
    assert!(first(Fault::SilenceBeforeAccept).await.is_empty());
    assert!(first(Fault::Closed).await.is_empty());
    assert!(first(Fault::ResetMidBody).await.is_empty());
    assert_eq!(first(Fault::CloseWithoutAnswer).await.len(), 1);
    assert_eq!(first(Fault::DuplicateFeedback).await.len(), 2);
    assert!(first(Fault::HtmlBody).await[0].contains("<html>"));
    assert!(!first(Fault::TruncatedXml).await[0].ends_with("</kzxxList>"));
    assert_eq!(gateway::rows(&first(Fault::OtherCase).await[0], "kzxx")[0]["BDHM"], "A18900101E0200000001");
    assert!(gateway::rows(&first(Fault::WrongSchema).await[0], "kzxx").is_empty());
    assert_eq!(gateway::rows(&first(Fault::OversizeBody).await[0], "kzxx")[0]["BEIZ"].len(), 1000);
    let bare = &gateway::rows(&first(Fault::WithoutSums).await[0], "kzxx")[0].clone();
    assert!(bare["KZZT"] == "1" && !bare.contains_key("SKJE") && !bare.contains_key("CESKJE"));
    let refused = &gateway::rows(&first(Fault::QueueWords).await[0], "kzxx")[0].clone();
    assert!(refused["KZZT"] == "2" && refused["WNKZYY"].contains("不支持轮候"));
    let two = first(Fault::ConflictingFeedback).await;
    let states: Vec<String> = two.iter().map(|i| gateway::rows(i, "kzxx")[0]["KZZT"].clone()).collect();
    assert_eq!(states, ["1", "2"]);
    let lines: Vec<String> =
        gateway::rows(&first(Fault::UnknownLine).await[0], "kzxx").iter().map(|r| r["CCXH"].clone()).collect();
    assert_eq!(lines, ["1", "99"]);
}

#[tokio::test]
async fn a_hub_started_again_owes_what_was_not_taken_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start();
    let rules = BankRules { deduct_by_hand: true, ..BankRules::default() };
    let config = BankHubConfig { ledger: Some(folder.path().join("books")), rules, ..config(&gateway) };
    let county = County::of_the_samples();
    let deduct = {
        let mut line = later("1", "06", SLIP, "40.00");
        line[4] = ("KHZH", SECOND_ACCOUNT);
        control("D1", &[], &[&line])
    };
    {
        let hub = BankHub::start(&county, config.clone()).unwrap();
        hub.knobs().set(Knob::next(Fault::SilenceAfterAccept, 1));
        gateway.said.lock().unwrap().controls = vec![slip(), deduct];
        let report = hub.poll_now().await.unwrap();
        assert_eq!((report.untold, report.pending), (1, 1));
        hub.stop();
    }
    gateway.said.lock().unwrap().controls.clear();
    let hub = BankHub::start(&county, config.clone()).unwrap();
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    hub.books().clerk("D1/1", ClerkAct::Offline).unwrap();
    assert_eq!(hub.poll_now().await.unwrap().fed, 1);
    let effects: Vec<String> = hub.books().effects().into_iter().map(|e| e.key).collect();
    assert_eq!(effects, [format!("{SLIP}/1"), "D1/1".to_owned()]);
    let accounts = serde_json::to_string(&hub.books().accounts()).unwrap();
    hub.stop();
    let again = BankHub::start(&county, config).unwrap();
    assert_eq!(serde_json::to_string(&again.books().accounts()).unwrap(), accounts);
    assert_eq!(again.poll_now().await.unwrap().fed, 0);
}

#[tokio::test]
async fn a_ledger_of_another_county_or_a_changed_line_is_refused_and_a_cut_last_line_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start();
    let path = folder.path().join("books");
    let config = BankHubConfig { ledger: Some(path.clone()), ..config(&gateway) };
    let county = County::of_the_samples();
    BankHub::start(&county, config.clone()).unwrap().credit(SECOND_ACCOUNT, 500).unwrap();
    let other = BankHub::start(&County::made_up(1, 2, 0), config.clone());
    assert!(other.is_err_and(|e| e.to_string().contains("another county")));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [whole.as_slice(), b"{\"entry\":\"credited\",\"acc"].concat()).unwrap();
    assert_eq!(
        BankHub::start(&county, config.clone()).unwrap().books().account(SECOND_ACCOUNT).unwrap().balance,
        5_000_500
    );
    std::fs::write(&path, [whole.as_slice(), b"{}\n"].concat()).unwrap();
    assert!(BankHub::start(&county, config).is_err_and(|e| e.to_string().contains("line 3")));
}
