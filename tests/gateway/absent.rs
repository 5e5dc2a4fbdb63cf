//! A partner's file that is gone: at a reload the partner is retired and goes on, after a start nobody knows it, and everybody is told.

use serde_json::{Value, json};

use crate::bench::{Gateway, RUNTIME, Spec, freeze, look};

fn partner(gateway: &Gateway, id: &str) -> Option<Value> {
    let listed = gateway.caller("operator").get("/v1/partners").of_status(200).json();
    listed["partners"].as_array().unwrap().iter().find(|partner| partner["id"] == id).cloned()
}

#[test]
fn after_a_start_without_its_file_a_partner_is_retired_named_and_told_of_until_the_file_is_back() {
    let banks = vec![Spec::pulling("bank-a").with(|spec| spec.poll_ms = 0), Spec::called("bank-b")];
    let mut gateway = Gateway::with(banks);
    let request = gateway.submit(&look(&[0]).at(&["bank-a"]));
    let bank = gateway.bank("bank-a");
    let ordered = crate::bench::acts(&[0], vec![freeze("bank-a", &bank.account(0), "500.00")]);
    let second = gateway.submit(&ordered);
    let file = gateway.config.join("partners/bank-a.toml");
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    gateway.restart();

    let shown = partner(&gateway, "bank-a").expect("it is listed");
    assert_eq!((&shown["retired"], &shown["kind"], &shown["stage"]), (&json!(true), &Value::Null, &Value::Null));
    let ready = shown["waiting"].as_array().unwrap().iter().find(|waiting| waiting["state"] == "ready").unwrap();
    assert_eq!(ready["count"], 2, "{shown:#}");
    assert_eq!(partner(&gateway, "bank-b").unwrap()["retired"], false);
    assert_eq!(gateway.figure("xiezhi_lane_retired{partner=\"bank-a\"}"), Some(1));
    assert_eq!(gateway.figure("xiezhi_lane_retired{partner=\"bank-b\"}"), Some(0));
    let log = gateway.read_log();
    assert!(log.lines().any(|line| line.contains("bank-a") && line.contains("RUNBOOK.md#retired")), "{log}");
    for request in [&request, &second] {
        let next = &gateway.view(&request.id).acts()[0]["next"].clone();
        assert!(next["who"].as_str().unwrap().contains("运维人员"), "{next:#}");
    }

    std::fs::write(&file, kept).unwrap();
    gateway.signal("HUP");
    crate::bench::eventually("the partner's return", || {
        (partner(&gateway, "bank-a")?["retired"] == false).then_some(())
    });
    for _ in 0..2 {
        RUNTIME.block_on(gateway.bank("bank-a").hub().poll_now()).unwrap();
    }
    assert_eq!(gateway.wait_finished(&request.id).states(), ["done"]);
    assert_eq!(gateway.wait_finished(&second.id).states(), ["done"]);
}
