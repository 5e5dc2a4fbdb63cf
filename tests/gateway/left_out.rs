//! Keys and blobs that are lost for good, met by a fold of the whole journal: a start refuses and names them, and goes on without them
//! only where it is told to; then their cases are never told as anything but unreadable, and their courts wait for two people.

use std::path::PathBuf;

use crate::bench::{Gateway, Hub, RUNTIME, Spec, account, acts, files_below, freeze, look, person};
use crate::inbox::leaves;
use crate::lost::{answer_at_length, new_blobs};
use crate::measures::{import, today};
use crate::storage::flip;
use reqwest::Method;
use serde_json::{Value, json};

const WITHOUT: &[&str] = &["--without-lost-content"];

/// A bank that fetches when a test does so for it.
fn by_hand(id: &str) -> Spec {
    Spec::pulling(id).with(|spec| spec.poll_ms = 0)
}

fn hub(gateway: &Gateway, operation: &str, document: Option<&str>) -> String {
    let password = gateway.bank("bank-a").spec.password.clone();
    Hub::of(gateway, "YH-bank-a", &password).call(operation, document)
}

fn asked(gateway: &Gateway, id: &str) -> (u16, Value) {
    let answer = gateway.caller("submitter").get(&format!("/v1/requests/{id}"));
    (answer.status, answer.json())
}

fn is_unreadable(gateway: &Gateway, id: &str) {
    // Until then a request that is not open may be answered with "history is being read".
    gateway.wait_index_filled();
    let (status, told) = asked(gateway, id);
    assert_eq!((status, &told["type"]), (503, &json!("urn:xiezhi:problem:content_unreadable")), "{told:#}");
}

fn health(gateway: &Gateway, what: &str) -> u64 {
    gateway.caller("").get("/health/ready").of_status(200).json()[what].as_u64().unwrap()
}

fn slot_of(gateway: &Gateway, id: &str) -> u64 {
    let events = gateway.events(id);
    events.iter().find(|event| event["e"] == "request.accepted").unwrap()["k"].as_u64().unwrap()
}

/// As after an upgrade with another form of snapshots: all must be folded.
fn forget_snapshots(gateway: &Gateway) {
    let snapshots = files_below(&gateway.data.join("snapshot"));
    assert!(!snapshots.is_empty());
    snapshots.iter().for_each(|path| std::fs::remove_file(path).unwrap());
}

fn lift(gateway: &Gateway, who: &str, id: &Value) -> Value {
    let path = format!("/v1/stops/{}/lift", id.as_str().unwrap());
    gateway.caller(who).post(&path, &json!({ "reason": "已与各行核对" })).of_status(200).json()
}

#[test]
fn a_lost_key_refuses_a_whole_fold_and_its_case_is_left_out_only_where_that_is_said() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    let order = |person: usize| acts(&[person], vec![freeze("bank-a", &account(0, person), "10.00")]).claim("1000.00");
    let lost = gateway.submit(&order(0)).id;
    let slip = Hub::field(&hub(&gateway, "getXzkzList", None), "BDHM");
    let sound = gateway.submit(&order(1)).id;
    let slot = slot_of(&gateway, &lost);
    gateway.stop();
    let (slots, place) = (gateway.data.join("keys/slots-00000000"), usize::try_from((slot + 1) * 128 + 40).unwrap());
    flip(&slots, place);
    forget_snapshots(&gateway);
    for _ in 0..2 {
        let refused = gateway.try_start().unwrap_err();
        for told in [
            &format!("key slot {slot}"),
            &format!("slots-00000000 at byte {}", (slot + 1) * 128),
            "1 key slots; 1 cases rest on it",
            "put the newest copy back",
            "xiezhi serve --without-lost-content",
            "1 courts are stopped until two people lift it",
            "docs/RUNBOOK.md#lost",
        ] {
            assert!(refused.contains(told), "{told}: {refused}");
        }
    }
    gateway.try_start_with(WITHOUT).unwrap();
    is_unreadable(&gateway, &lost);
    assert_eq!(asked(&gateway, &sound).0, 200);
    assert_eq!((health(&gateway, "unreadable"), health(&gateway, "stops")), (1, 1));
    assert_eq!(gateway.figure("xiezhi_unreadable"), Some(1));
    let stop = gateway.caller("submitter").get("/v1/stops").of_status(200).json()["stops"][0].clone();
    assert_eq!((&stop["by"], &stop["scope"]["court"]), (&json!("gateway"), &json!("330225")), "{stop:#}");
    assert!(stop["reason"].as_str().unwrap().contains("永久丢失"), "{stop:#}");
    // The same key again is another request, whose order could be the second of its kind: nothing goes until two have looked.
    let again = gateway.submit(&order(0)).id;
    assert_eq!(hub(&gateway, "getXzkzList", None).matches("<kzzh ").count(), 0);
    // Nobody needs to say it twice: what was left out stands in the snapshot.
    gateway.kill();
    gateway.start();
    is_unreadable(&gateway, &lost);
    assert_eq!((health(&gateway, "unreadable"), health(&gateway, "stops")), (1, 1));
    assert_eq!(lift(&gateway, "operator", &stop["id"])["lifted"], false);
    assert_eq!(lift(&gateway, "operator-2", &stop["id"])["lifted"], true);
    let listed = hub(&gateway, "getXzkzList", None);
    assert_eq!((listed.matches("<kzzh ").count(), listed.contains(&slip)), (2, false), "{slip} was seen: {listed}");
    let told = leaves(&gateway, "content.left_out");
    assert_eq!((told.len(), &told[0]["slots"]), (1, &json!([slot])));
    assert_eq!((&told[0]["cases"], &told[0]["keys"]), (&json!(1), &json!(1)));
    assert!(told[0]["events"].as_u64().unwrap() >= 1);
    assert_eq!(leaves(&gateway, "stop.ordered").len(), 1, "a start without it orders no second stop");
    gateway.stop();
    // A later whole fold, as after an upgrade, leaves out what the trail says, and stops nobody anew.
    forget_snapshots(&gateway);
    gateway.start();
    is_unreadable(&gateway, &lost);
    assert_eq!((health(&gateway, "stops"), leaves(&gateway, "content.left_out").len()), (0, 1));
    gateway.stop();
    // Found after all: a whole fold has it again, with what was ordered since, and nothing goes until two have looked.
    flip(&slots, place);
    for _ in 0..2 {
        forget_snapshots(&gateway);
        gateway.start();
        assert_eq!((health(&gateway, "unreadable"), health(&gateway, "stops")), (0, 1));
        gateway.stop();
    }
    gateway.start();
    let back = leaves(&gateway, "content.returned");
    assert_eq!((back.len(), &back[0]["slots"]), (1, &json!([slot])));
    gateway.wait_index_filled();
    for id in [&lost, &sound, &again] {
        assert_eq!(asked(&gateway, id).0, 200);
    }
    assert_eq!(health(&gateway, "unreadable"), 0);
    gateway.stop();
    assert!(gateway.verify().status.success());
}

#[test]
fn what_a_bank_says_of_orders_that_were_left_out_is_refused_for_good_and_told_once() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    let order = acts(&[0], vec![freeze("bank-a", &account(0, 0), "10.00")]).claim("1000.00");
    let open = gateway.submit(&order).id;
    let slip = Hub::field(&hub(&gateway, "getXzkzList", None), "BDHM");
    let finished = gateway.submit(&look(&[0]).at(&["bank-a"]).same_case(&order)).id;
    answer_at_length(&gateway);
    gateway.wait_finished(&finished);
    gateway.wait_index_filled();
    let slot = slot_of(&gateway, &open);
    gateway.stop();
    let (slots, place) = (gateway.data.join("keys/slots-00000000"), usize::try_from((slot + 1) * 128 + 40).unwrap());
    flip(&slots, place);
    forget_snapshots(&gateway);
    gateway.try_start_with(WITHOUT).unwrap();
    gateway.wait_index_filled();
    let password = gateway.bank("bank-a").spec.password.clone();
    let feed = |slip: &str| {
        let spoken = Hub::of(&gateway, "YH-bank-a", &password);
        let fields = [("BDHM", slip), ("CCXH", "1"), ("KZZT", "1"), ("DJXE", "10.00"), ("SKJE", "10.00")];
        let row = spoken.row("kzxx", &fields, "");
        spoken.call("shfeedXzkzInfo", Some(&format!("<kzxxList>{row}</kzxxList>")))
    };
    for _ in 0..2 {
        let told = feed(&slip);
        assert!(told.contains("RESULT=\"fail\"") && told.contains("请求单内容已不可核对"), "{told}");
    }
    assert!(feed("X2026112209999999999").contains("请求单号不存在"), "what was never drawn is still not known");
    let tasks = gateway.caller("operator").get("/v1/tasks?kind=set_aside").of_status(200).json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1, "{tasks:#}");
    assert_eq!(tasks["tasks"][0]["partner"], "bank-a");
    let raised = leaves(&gateway, "task.raised").into_iter().filter(|leaf| leaf["kind"] == "set_aside").count();
    assert_eq!(raised, 1, "a hub repeats what was not taken");
    let list = gateway.caller("submitter").get("/v1/requests?limit=200").of_status(200).json();
    assert_eq!(list["requests"].as_array().unwrap().len(), 0, "what nobody can be shown is in no list: {list:#}");
    is_unreadable(&gateway, &finished);
    gateway.stop();
    flip(&slots, place);
}

#[test]
fn a_lost_answer_leaves_its_open_case_out_and_a_finished_request_as_its_leaves_tell_it() {
    for is_open in [true, false] {
        let mut gateway = Gateway::with(vec![by_hand("bank-a"), by_hand("bank-b")]);
        gateway.papers();
        let before = files_below(&gateway.data.join("blobs"));
        let request = look(&[0]);
        let id = gateway.submit(&if is_open { request } else { request.at(&["bank-a"]) }).id;
        answer_at_length(&gateway);
        gateway.wait_until(&id, "the answer", |view| view.state_of("query", "bank-a") == "done");
        let blobs = new_blobs(&gateway, &before);
        assert_eq!(blobs.len(), 1);
        gateway.stop();
        let bytes = std::fs::read(&blobs[0]).unwrap();
        std::fs::remove_file(&blobs[0]).unwrap();
        forget_snapshots(&gateway);
        let refused = gateway.try_start().unwrap_err();
        let name = blobs[0].file_name().unwrap().to_str().unwrap().to_owned();
        let cases = u8::from(is_open);
        for told in [name, format!("0 key slots; {cases} cases rest on it"), "--without-lost-content".to_owned()] {
            assert!(refused.contains(&told), "{told}: {refused}");
        }
        gateway.try_start_with(WITHOUT).unwrap();
        if is_open {
            is_unreadable(&gateway, &id);
            assert_eq!((health(&gateway, "unreadable"), health(&gateway, "stops")), (1, 1));
        } else {
            // Nothing that is still open rests on it.
            gateway.wait_index_filled();
            let view = gateway.view(&id);
            assert_eq!((view.state(), &view.acts()[0]["unreadable"]), ("finished", &json!(true)));
            assert_eq!((health(&gateway, "unreadable"), health(&gateway, "stops")), (1, 0));
        }
        let told = leaves(&gateway, "content.left_out");
        assert_eq!((told.len(), &told[0]["events"]), (1, &json!(1)));
        gateway.stop();
        // Put back, a whole fold has it again.
        std::fs::write(&blobs[0], bytes).unwrap();
        forget_snapshots(&gateway);
        gateway.start();
        gateway.wait_index_filled();
        assert_eq!(gateway.view(&id).act("query", "bank-a")["outcomes"][0]["accounts"].as_array().unwrap().len(), 900);
        assert_eq!(health(&gateway, "unreadable"), 0);
    }
}

#[test]
fn an_import_is_refused_line_by_line_where_it_names_papers_whose_bytes_are_lost() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let row = |number: &str, papers: &[Value]| {
        json!({ "case_number": "(2025)浙0225执78号", "partner": "bank-a", "number": number, "party_kind": "person",
                "party_name": person(1).name, "id_type": "01", "id_number": person(1).id_number,
                "account": account(0, 1), "limit": "5.00", "to": today().plus_days(20).to_string(), "documents": papers })
    };
    let (lost, sound) = (gateway.papers()[..2].to_vec(), row("YD2", &[]));
    assert_eq!(import(&gateway, &row("YD0", &lost))["verdict"], "imported");
    let blobs: Vec<(PathBuf, Vec<u8>)> = files_below(&gateway.data.join("blobs"))
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    blobs.iter().for_each(|(path, _)| std::fs::remove_file(path).unwrap());
    let body = [row("YD1", &lost), sound, row("YD0", &lost)].map(|row| row.to_string()).join("\n").into_bytes();
    let submitter = gateway.caller("submitter");
    let headers = [("Content-Type", "application/x-ndjson")];
    let answer = RUNTIME.block_on(submitter.call(Method::POST, "/v1/measures/import", &headers, Some(body))).unwrap();
    let told = answer.of_status(200).json();
    let verdicts: Vec<&Value> = told["rows"].as_array().unwrap().iter().map(|row| &row["verdict"]).collect();
    assert_eq!(verdicts, ["refused", "imported", "known"], "what was taken is answered again: {told:#}");
    let problem = &told["rows"][0]["problem"];
    assert_eq!(
        (&problem["type"], &problem["errors"][0]["pointer"]),
        (&json!("urn:xiezhi:problem:document_lost"), &json!("/documents/0/digest"))
    );
    // Whoever has the papers stores them again, and the same row comes in.
    for paper in &lost {
        let kind = paper["kind"].as_str().unwrap();
        gateway.paper(kind, "再次上传.pdf", "", format!("%PDF-1.4\n% {kind}\n%%EOF\n").as_bytes());
    }
    assert_eq!(import(&gateway, &row("YD1", &lost))["verdict"], "imported");
    blobs.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
}
