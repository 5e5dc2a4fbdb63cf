//! Keys and blobs that are damaged or lost: nothing of it reads as erased or as another state, nothing is sent or ended because of it,
//! no slot is given away, and all is well again once it is put back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use store::disk::RealDisk;
use store::keys::{KeyShape, KeyStore, Masters, SlotState, check_keys};
use store::random::OsRandom;
use store::seal::master::MasterKey;

use crate::bench::{Gateway, Hub, Spec, account, acts, eventually, files_below, freeze, look};
use crate::inbox::leaves;
use crate::storage::flip;

/// A bank that fetches when a test does so for it.
fn by_hand(id: &str) -> Spec {
    Spec::pulling(id).with(|spec| spec.poll_ms = 0)
}

fn slots(gateway: &Gateway) -> PathBuf {
    gateway.data.join("keys/slots-00000000")
}

/// The key slot under which a request's case is sealed.
fn slot_of(gateway: &Gateway, id: &str) -> u64 {
    let events = gateway.events(id);
    let accepted = events.iter().find(|event| event["e"] == "request.accepted").unwrap();
    accepted["k"].as_u64().unwrap()
}

/// A byte inside the wrapped key of a slot.
fn inside(slot: u64) -> usize {
    usize::try_from((slot + 1) * 128 + 40).unwrap()
}

fn asked(gateway: &Gateway, id: &str) -> (u16, Value) {
    let answer = gateway.caller("submitter").get(&format!("/v1/requests/{id}"));
    (answer.status, answer.json())
}

fn is_unreadable(gateway: &Gateway, id: &str) {
    let (status, told) = asked(gateway, id);
    assert_eq!((status, &told["type"]), (503, &json!("urn:xiezhi:problem:content_unreadable")), "{told:#}");
}

fn unreadable(gateway: &Gateway) -> u64 {
    let shown = gateway.caller("").get("/health/ready").of_status(200).json()["unreadable"].as_u64().unwrap();
    assert_eq!(gateway.figure("xiezhi_unreadable"), Some(shown));
    shown
}

fn findings(gateway: &Gateway, more: Option<&[&str]>) -> Vec<String> {
    let verified = more.map_or_else(|| gateway.verify(), |more| gateway.verify_with(more));
    let told = String::from_utf8(verified.stdout).unwrap();
    let found: Vec<String> = told.lines().filter(|line| line.starts_with("finding: ")).map(str::to_owned).collect();
    assert_eq!(verified.status.success(), found.is_empty(), "{told}{}", String::from_utf8_lossy(&verified.stderr));
    found
}

fn hub(gateway: &Gateway, operation: &str, document: Option<&str>) -> String {
    let password = gateway.bank("bank-a").spec.password.clone();
    Hub::of(gateway, "YH-bank-a", &password).call(operation, document)
}

#[test]
fn a_damaged_key_is_told_as_such_and_neither_erases_nor_ends_anything() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a"), Spec::called("bank-b").holds(&[100_000])]);
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    let pause = json!({ "reason": "例行维护", "until": domain::day::show_instant(now + 3_600_000) });
    gateway.caller("operator").post("/v1/partners/bank-b/pause", &pause).of_status(200);
    let order = |person: usize| {
        let at = |bank: &str, place: usize| freeze(bank, &account(place, person), "10.00");
        acts(&[person], vec![at("bank-a", 0), at("bank-b", 1)]).claim("1000.00")
    };
    let first = order(0);
    let (lost, sound) = (gateway.submit(&first).id, gateway.submit(&order(1)).id);
    let slot = slot_of(&gateway, &lost);
    gateway.stop();
    flip(&slots(&gateway), inside(slot));
    gateway.start();
    eventually("the look at the keys of what is open", || (unreadable(&gateway) == 1).then_some(()));
    is_unreadable(&gateway, &lost);
    assert_eq!(asked(&gateway, &sound).0, 200);
    let log = gateway.read_log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("cannot be read; run `xiezhi verify`")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let place = format!("slots-00000000 at byte {}", (slot + 1) * 128);
    assert!(told[0].contains(&place) && told[0].contains("docs/RUNBOOK.md#keys"), "{}", told[0]);
    let in_list = |gateway: &Gateway| hub(gateway, "getXzkzList", None).matches("<kzzh ").count();
    assert_eq!(in_list(&gateway), 1, "what cannot be read is left out, and that was told");

    // What people say about the case could not be sealed: nothing of it is recorded, and the others are served on.
    let stop = gateway.caller("submitter").post(&format!("/v1/requests/{lost}/stop"), &json!({ "reason": "撤回" }));
    assert_eq!((stop.status, &stop.json()["type"]), (503, &json!("urn:xiezhi:problem:content_unreadable")));
    let more = gateway.submit_as("again", &look(&[0]).same_case(&first).claim("1000.00"));
    assert_eq!((more.status, &more.json()["type"]), (503, &json!("urn:xiezhi:problem:content_unreadable")));

    gateway.caller("operator").post_nothing("/v1/partners/bank-b/resume").of_status(200);
    eventually("a try at the order that cannot be written", || {
        gateway.figure("xiezhi_exchanges_failed_total{cause=\"unreadable\"}").filter(|count| *count > 0)
    });
    gateway.wait_until(&sound, "the other case's freeze", |view| view.state_of("freeze", "bank-b") == "done");
    assert_eq!(gateway.bank("bank-b").effects("freeze"), 1);
    is_unreadable(&gateway, &lost);
    // Put back while it serves.
    flip(&slots(&gateway), inside(slot));
    let view = gateway
        .wait_until(&lost, "the freeze at the bank that is called", |view| view.state_of("freeze", "bank-b") == "done");
    assert_eq!((&view.0["erased"], view.state_of("freeze", "bank-a")), (&json!(false), "awaiting"));
    assert_eq!((in_list(&gateway), unreadable(&gateway)), (2, 0));
}

#[test]
fn an_older_copy_of_the_keys_gives_no_slot_away_and_what_is_lost_is_told() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    let ask = |gateway: &Gateway, person: usize| gateway.submit(&look(&[person])).id;
    let first = ask(&gateway, 0);
    gateway.stop();
    let older = std::fs::read(slots(&gateway)).unwrap();
    // Each start begins an extent of its own.
    gateway.start();
    let second = ask(&gateway, 1);
    gateway.restart();
    let third = ask(&gateway, 2);
    let lost = [slot_of(&gateway, &second), slot_of(&gateway, &third)];
    gateway.kill();
    let newest = std::fs::read(slots(&gateway)).unwrap();
    assert!(newest.len() > older.len());
    std::fs::write(slots(&gateway), &older).unwrap();
    // What would have to be folded cannot be: it is not taken up half.
    let refused = gateway.try_start().unwrap_err();
    assert!(refused.contains("put the newest copy back"), "{refused}");
    std::fs::write(slots(&gateway), &newest).unwrap();
    gateway.start();
    gateway.stop();
    std::fs::write(slots(&gateway), &older).unwrap();
    gateway.start();
    assert!(gateway.read_log().contains("the key files end before the last key that the journal names"));
    eventually("the look at the keys of what is open", || (unreadable(&gateway) == 2).then_some(()));
    assert_eq!(asked(&gateway, &first).0, 200);
    for id in [&second, &third] {
        is_unreadable(&gateway, id);
    }
    let fourth = ask(&gateway, 3);
    let fresh = slot_of(&gateway, &fourth);
    assert!(lost.iter().all(|slot| fresh > *slot), "{fresh} after {lost:?}");
    gateway.stop();
    let told = findings(&gateway, None);
    for slot in lost {
        assert!(told.iter().any(|line| line.contains(&format!("key slot {slot}: there is no key"))), "{told:?}");
    }
    // The slots alone go back.
    let mut bytes = std::fs::read(slots(&gateway)).unwrap();
    for slot in lost {
        let at = usize::try_from((slot + 1) * 128).unwrap();
        bytes[at..at + 128].copy_from_slice(&newest[at..at + 128]);
    }
    std::fs::write(slots(&gateway), bytes).unwrap();
    let told = findings(&gateway, None);
    assert_eq!(told, [""; 0]);
    gateway.start();
    for id in [&first, &second, &third, &fourth] {
        assert_eq!(asked(&gateway, id).0, 200);
    }
}

/// The key store of a stopped gateway.
fn keys_of(gateway: &Gateway) -> KeyStore {
    let current = MasterKey::read(&gateway.config.join("secrets/master.key")).unwrap();
    let masters = Masters { current, previous: None };
    KeyStore::open(Arc::new(RealDisk), &gateway.data.join("keys"), masters, KeyShape::default()).unwrap()
}

#[test]
fn what_is_said_while_a_key_is_damaged_goes_with_the_case_that_is_erased() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    let id = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account(0, 0), "10.00")]).claim("1000.00")).id;
    let act = gateway.view(&id).acts()[0].clone();
    let slip = format!("{}-{}", act["slip"].as_str().unwrap(), act["line"]);
    let slot = slot_of(&gateway, &id);
    gateway.stop();
    flip(&slots(&gateway), inside(slot));
    gateway.start();
    // What a partner's list says of it becomes a task, which cannot wait for the key.
    let day = format!("{}-{}-{}", &slip[1..5], &slip[5..7], &slip[7..9]);
    let list = json!({ "day": day, "lines": [{ "slip": slip, "state": "done" }], "whole": false });
    gateway.caller("operator").post("/v1/partners/bank-a/reconciliation", &list).of_status(200);
    let text = |gateway: &Gateway| {
        let told = gateway.caller("operator").get("/v1/tasks?kind=reconciliation_differs").of_status(200).json();
        told["tasks"][0]["text"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(text(&gateway), "state");
    let said = leaves(&gateway, "key.stood_in");
    assert_eq!((said.len(), &said[0]["slot"]), (1, &json!(slot)));
    let stand_in = said[0]["stand_in"].as_u64().unwrap();
    assert_eq!(leaves(&gateway, "task.raised").len(), 1);
    gateway.restart();
    assert_eq!(text(&gateway), "state", "a start takes both keys up");
    gateway.stop();
    // Erased by somebody who knows of one key alone.
    keys_of(&gateway).destroy(&[slot], &mut OsRandom).unwrap();
    gateway.start();
    assert_eq!(text(&gateway), "");
    assert_eq!(gateway.view(&id).0["erased"], true);
    gateway.stop();
    let master = MasterKey::read(&gateway.config.join("secrets/master.key")).unwrap();
    let checked = check_keys(&RealDisk, &gateway.data.join("keys"), Some(&master), KeyShape::default()).unwrap();
    assert_eq!([slot, stand_in].map(|slot| checked.state(slot)), [Some(SlotState::Destroyed); 2]);
    assert_eq!(findings(&gateway, None), [""; 0]);
}

/// bank-a answers the question that it finds with 900 accounts: too long for a record, so that it stands in a blob.
pub fn answer_at_length(gateway: &Gateway) {
    let slip = Hub::field(&hub(gateway, "getXzcxList", None), "BDHM");
    let password = gateway.bank("bank-a").spec.password.clone();
    let spoken = Hub::of(gateway, "YH-bank-a", &password);
    let row = |number: u32| {
        let (line, account) = (number.to_string(), format!("622200000000{number}"));
        let fields = [
            ("BDHM", slip.as_str()),
            ("CCXH", &line),
            ("KHZH", &account),
            ("CCLB", "活期"),
            ("BZ", "156"),
            ("YE", "10.00"),
            ("KYYE", "10.00"),
            ("KHWD", "某某支行某某分理处"),
        ];
        spoken.row("zhxx", &fields, "")
    };
    let rows: String = (1_000..1_900).map(row).collect();
    spoken.call("shfeedXzcxInfo", Some(&format!("<zhxxList>{rows}</zhxxList>")));
}

/// The blobs that came since.
pub fn new_blobs(gateway: &Gateway, before: &[PathBuf]) -> Vec<PathBuf> {
    let now = files_below(&gateway.data.join("blobs"));
    let intents = gateway.data.join("blobs/intents");
    now.into_iter().filter(|path| !before.contains(path) && !path.starts_with(&intents)).collect()
}

fn put_aside(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

#[test]
fn an_outcome_whose_blob_is_lost_keeps_its_state_and_says_that_it_cannot_be_read() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    let asked_for = look(&[0]);
    gateway.papers();
    let before = files_below(&gateway.data.join("blobs"));
    let id = gateway.submit(&asked_for).id;
    answer_at_length(&gateway);
    let told = gateway.wait_finished(&id);
    assert_eq!(told.acts()[0]["outcomes"][0]["accounts"].as_array().unwrap().len(), 900);
    let blob = new_blobs(&gateway, &before);
    assert_eq!(blob.len(), 1);
    gateway.stop();
    assert_eq!(findings(&gateway, None), [""; 0]);
    let bytes = put_aside(&blob[0]);
    for more in [None, Some(&[][..])] {
        let found = findings(&gateway, more);
        let named = format!("{}: missing, though it is the body of event", blob[0].display());
        assert!(found.len() == 1 && found[0].contains(&named), "{found:?}");
    }
    for lost in [true, false] {
        if !lost {
            // Not lost but damaged.
            std::fs::write(&blob[0], &bytes).unwrap();
            flip(&blob[0], bytes.len() / 2);
            assert!(!findings(&gateway, Some(&[])).is_empty());
        }
        gateway.start();
        let view = gateway.view(&id);
        let act = view.acts()[0];
        assert_eq!(
            (view.state(), act["state"].as_str(), &act["unreadable"]),
            ("finished", Some("done"), &json!(true)),
            "{act:#}"
        );
        assert!(act["outcomes"].as_array().unwrap().is_empty());
        assert_eq!(act["next"]["who"], "运维人员", "{act:#}");
        assert_eq!(unreadable(&gateway), 1);
        gateway.stop();
    }
    std::fs::write(&blob[0], &bytes).unwrap();
    gateway.start();
    let again = gateway.view(&id);
    assert_eq!((&again.0["digest"], &again.0["acts"]), (&told.0["digest"], &told.0["acts"]));
    assert_eq!(unreadable(&gateway), 0);
}

#[test]
fn verify_misses_every_document_and_the_keys_and_writes_nothing() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a")]);
    gateway.submit(&look(&[0]));
    gateway.stop();
    let all = gateway.disk_files();
    let times = |paths: &[PathBuf]| -> Vec<_> {
        paths.iter().map(|path| std::fs::metadata(path).unwrap().modified().unwrap()).collect()
    };
    let written = times(&all);
    assert_eq!(findings(&gateway, None), [""; 0]);
    assert_eq!((gateway.disk_files(), times(&all)), (all.clone(), written));
    let blobs: Vec<PathBuf> = files_below(&gateway.data.join("blobs"));
    assert!(!blobs.is_empty());
    let kept: Vec<Vec<u8>> = blobs.iter().map(|path| put_aside(path)).collect();
    for (more, each) in [(None, 2), (Some(&[][..]), 1)] {
        let found = findings(&gateway, more);
        assert_eq!(
            found.len(),
            each * blobs.len(),
            "as a document and, where it can be opened, as a paper of the case: {found:?}"
        );
        for blob in &blobs {
            assert!(found.iter().any(|line| line.contains(&*blob.to_string_lossy())), "{found:?}");
        }
    }
    blobs.iter().zip(kept).for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    let keys = gateway.data.join("keys");
    std::fs::rename(&keys, gateway.data.join("keys-away")).unwrap();
    let found = findings(&gateway, None);
    assert!(
        found.len() == 1 && found[0].contains("have sealed bodies; put the newest copy of the folder back"),
        "{found:?}"
    );
    assert_eq!(findings(&gateway, Some(&[])), [""; 0], "leaves and proofs need no keys");
    std::fs::rename(gateway.data.join("keys-away"), &keys).unwrap();
    assert_eq!(findings(&gateway, None), [""; 0]);
}

#[test]
fn a_plain_file_in_the_place_of_the_index_is_set_aside() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let id = gateway.run(&look(&[0])).0["id"].as_str().unwrap().to_owned();
    gateway.stop();
    let index = gateway.data.join("index");
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::write(&index, b"not a folder").unwrap();
    gateway.start();
    gateway.wait_index_filled();
    assert_eq!(gateway.view(&id).state(), "finished");
    assert_eq!(std::fs::read(gateway.data.join("index-damaged-1")).unwrap(), b"not a folder");
}
