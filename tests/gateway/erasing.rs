//! A case that is erased: by two people, when nothing of it can matter any more, so that nobody can read it and every proof stays.

use std::path::PathBuf;

use serde_json::{Value, json};
use store::disk::RealDisk;
use store::keys::{KeyShape, SlotState, check_keys};
use store::seal::master::MasterKey;

use crate::bench::{
    Answer, Ask, Caller, Gateway, Setup, Spec, Submitted, View, acts, eventually, files_below, freeze, look, person,
    xiezhi,
};
use crate::inbox::leaves;
use crate::lost::new_blobs;

/// Queries are answered and nothing is frozen, so that all is over with the answer.
fn one_bank() -> Gateway {
    Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])])
}

fn case_of(view: &View) -> String {
    view.0["case"]["id"].as_str().unwrap().to_owned()
}

fn word(cause: &str) -> Value {
    json!({ "cause": cause, "reason": "卷宗保管期限届满，按规定销毁" })
}

fn erase(gateway: &Gateway, who: &str, case: &str) -> Answer {
    gateway.caller(who).post(&format!("/v1/cases/{case}/erase"), &word("retention"))
}

fn erased(gateway: &Gateway, case: &str) {
    assert_eq!(erase(gateway, "officer", case).of_status(200).json()["erased"], false);
    assert_eq!(erase(gateway, "approver", case).of_status(200).json()["erased"], true);
}

fn slot_of(gateway: &Gateway, id: &str) -> u64 {
    let events = gateway.events(id);
    events.iter().find(|event| event["e"] == "request.accepted").unwrap()["k"].as_u64().unwrap()
}

fn slot_state(gateway: &Gateway, slot: u64) -> Option<SlotState> {
    let master = MasterKey::read(&gateway.config.join("secrets/master.key")).unwrap();
    check_keys(&RealDisk, &gateway.data.join("keys"), Some(&master), KeyShape::default()).unwrap().state(slot)
}

/// Everything of it that its court may read.
fn shown(gateway: &Gateway, view: &View) -> String {
    let (caller, id) = (gateway.caller("court-auditor"), view.0["id"].as_str().unwrap());
    let act = view.acts()[0]["id"].as_str().unwrap();
    let paths = [
        format!("/v1/requests/{id}?page_len=200"),
        format!("/v1/requests/{id}/events?limit=200"),
        format!("/v1/acts/{act}/evidence?limit=200"),
        "/v1/requests?limit=200".to_owned(),
        "/v1/tasks?limit=200".to_owned(),
        "/v1/measures?limit=200".to_owned(),
    ];
    paths.iter().map(|path| caller.get(path).of_status(200).text()).collect()
}

fn tells(text: &str, ask: &Ask) -> Vec<String> {
    let party = &ask.0["case"]["parties"][0];
    let told = [&party["name"], &party["id_number"], &ask.0["case"]["number"], &ask.0["officers"][0]["work_id"]];
    told.iter().map(|value| value.as_str().unwrap().to_owned()).filter(|told| text.contains(told.as_str())).collect()
}

/// The evidence of an act and what `verify` says of it.
fn verified(gateway: &Gateway, act: &str) -> (Value, String) {
    let caller = gateway.caller("court-auditor");
    let shown = eventually("a checkpoint that covers it", || {
        let shown = caller.get(&format!("/v1/acts/{act}/evidence?limit=200")).of_status(200).json();
        shown["events"].as_array().unwrap().iter().all(|event| event["proof"].is_array()).then_some(shown)
    });
    let file = gateway.root.path().join("evidence.json");
    std::fs::write(&file, shown.to_string()).unwrap();
    let keys = gateway.caller("").get("/trail/keys").of_status(200).json();
    let [checkpoint, receipt] = ["checkpoint", "receipt"].map(|key| keys[key].as_str().unwrap().to_owned());
    let file = file.to_string_lossy();
    let said = xiezhi(&["verify", "--evidence", &file, "--key", &checkpoint, "--key", &receipt]);
    let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{text}");
    (shown, text)
}

fn names(evidence: &Value) -> Vec<&str> {
    evidence["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

#[test]
fn two_people_erase_a_case_so_that_nobody_can_read_it_and_its_evidence_still_verifies() {
    let mut gateway = one_bank();
    let (ask, other) = (look(&[0]), look(&[1]));
    let view = gateway.run(&ask);
    let beside = gateway.run(&other);
    let (id, case) = (view.0["id"].as_str().unwrap().to_owned(), case_of(&view));
    let act = view.acts()[0]["id"].as_str().unwrap().to_owned();
    let slot = slot_of(&gateway, &id);
    let read = tells(&shown(&gateway, &view), &ask);
    assert!(read.len() > 1, "its court reads it until then: {read:?}");
    verified(&gateway, &act);

    let first = erase(&gateway, "officer", &case).of_status(200).json();
    assert_eq!(first["erased"], false);
    assert_eq!(erase(&gateway, "officer", &case).of_status(403).slug(), "same_person");
    assert_eq!(erase(&gateway, "submitter", &case).of_status(403).slug(), "person_needed");
    assert_eq!(erase(&gateway, "court-auditor", &case).of_status(403).slug(), "role_missing");
    assert_eq!(erase(&gateway, "neighbour", &case).of_status(404).slug(), "not_found");
    assert_eq!(gateway.view(&id).0["erased"], false);
    assert_eq!(tells(&shown(&gateway, &view), &ask), read);
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Live));

    // The answer comes when the key is overwritten, and nobody reads what was read before.
    assert_eq!(erase(&gateway, "approver", &case).of_status(200).json()["erased"], true);
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Destroyed));
    let is_erased = |gateway: &Gateway| {
        let now = gateway.view(&id);
        assert_eq!((&now.0["erased"], now.state()), (&json!(true), "finished"), "{:#}", now.0);
        assert_eq!(tells(&shown(gateway, &view), &ask), [""; 0]);
        let (evidence, _) = verified(gateway, &act);
        assert_eq!(evidence["erased"], true);
        let told = names(&evidence);
        assert!(told.contains(&"case.erasure_proposed") && told.contains(&"case.erased"), "{told:?}");
        assert!(told.contains(&"exchange.ended"), "that the bank answered is proven for ever");
        assert_eq!(erase(gateway, "second", &case).of_status(409).json()["state"], "erased");
        assert_eq!(erase(gateway, "neighbour", &case).of_status(404).slug(), "not_found");
    };
    is_erased(&gateway);
    let told = leaves(&gateway, "case.erased");
    assert_eq!(
        (&told[0]["by"], &told[0]["cause"], &told[0]["slots"]),
        (&json!("approver"), &json!("retention"), &json!([slot]))
    );
    // Over a stop in good order and over a kill; another case beside it is as it was.
    gateway.stop();
    gateway.start();
    is_erased(&gateway);
    gateway.restart();
    is_erased(&gateway);
    assert_eq!(tells(&shown(&gateway, &beside), &other).len(), read.len());

    // The same number is a new case from now on, and nothing of the old one is in it.
    let again = gateway.run(&look(&[2]).same_case(&ask));
    assert_ne!(case_of(&again), case);
    let list = gateway.caller("officer").get(&format!("/v1/requests?case={}", encoded(&ask))).of_status(200).json();
    assert_eq!(list["requests"].as_array().unwrap().len(), 1, "{list:#}");
    gateway.stop();
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Destroyed));
    let verify = gateway.verify();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    let name = person(0).name;
    for path in gateway.disk_files() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{}", path.display());
    }
}

/// A case number in a query.
fn encoded(ask: &Ask) -> String {
    ask.0["case"]["number"].as_str().unwrap().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_case_of_which_something_can_still_matter_is_not_erased() {
    let gateway = Setup {
        court: "settled_within_days = 30".to_owned(),
        ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000])])
    }
    .start();
    let refused = |case: &str| {
        let answer = erase(&gateway, "officer", case).of_status(409);
        assert_eq!(answer.slug(), "case_in_use");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    let account = gateway.bank("bank-a").account(0);
    let held = gateway.run(&acts(&[0], vec![freeze("bank-a", &account, "400.00")]).claim("1000.00"));
    let told = refused(&case_of(&held));
    assert!(told.contains("在控") && told.contains("待办"), "it stands, and the debtor is to be told: {told}");
    // Open: the bank is paused, and its question waits.
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    let pause = json!({ "reason": "例行维护", "until": domain::day::show_instant(now + 3_600_000) });
    gateway.caller("operator").post("/v1/partners/bank-a/pause", &pause).of_status(200);
    let ask = look(&[1]);
    let open = gateway.view(&gateway.submit(&ask).id);
    let told = refused(&case_of(&open));
    assert!(told.contains("未办结") && !told.contains("在控"), "{told}");
    let english = Caller { ..gateway.caller("officer") };
    let path = format!("/v1/cases/{}/erase", case_of(&open));
    let call = english.call(
        reqwest::Method::POST,
        &path,
        &[("Content-Type", "application/json"), ("Accept-Language", "en")],
        Some(word("retention").to_string().into_bytes()),
    );
    let told = crate::bench::RUNTIME.block_on(call).unwrap().of_status(409).json();
    assert!(told["detail"].as_str().unwrap().contains("requests that are open"), "{told:#}");
    assert_eq!(leaves(&gateway, "case.erasure_proposed").len(), 0, "nothing came of it");
    gateway.caller("operator").post_nothing("/v1/partners/bank-a/resume").of_status(200);
    gateway.wait_finished(open.0["id"].as_str().unwrap());
    // Between the two words the court asks again: what is open then stands in the way.
    let case = case_of(&open);
    assert_eq!(erase(&gateway, "officer", &case).of_status(200).json()["erased"], false);
    gateway.caller("operator").post("/v1/partners/bank-a/pause", &pause).of_status(200);
    let more = gateway.submit(&look(&[1]).same_case(&ask));
    assert_eq!(erase(&gateway, "approver", &case).of_status(409).slug(), "case_in_use");
    gateway.caller("operator").post_nothing("/v1/partners/bank-a/resume").of_status(200);
    gateway.wait_finished(&more.id);
    // The officer knew nothing of that request.
    assert_eq!(erase(&gateway, "approver", &case).of_status(200).json()["erased"], false);
    assert_eq!(erase(&gateway, "officer", &case).of_status(200).json()["erased"], true);
    assert_eq!((gateway.view(&more.id).0["erased"].clone(), gateway.figure("xiezhi_broken")), (json!(true), None));
}

fn key_files(gateway: &Gateway) -> Vec<(PathBuf, Vec<u8>)> {
    files_below(&gateway.data.join("keys"))
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// The kill comes behind the event and before the key is overwritten: the files of keys are as they were.
#[test]
fn a_kill_between_the_event_and_the_destruction_is_made_good_by_the_next_start() {
    let mut gateway = one_bank();
    let ask = look(&[0]);
    let view = gateway.run(&ask);
    let (id, case) = (view.0["id"].as_str().unwrap().to_owned(), case_of(&view));
    let slot = slot_of(&gateway, &id);
    let before = key_files(&gateway);
    erased(&gateway, &case);
    gateway.kill();
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Live));
    gateway.start();
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Destroyed));
    assert_eq!(gateway.view(&id).0["erased"], true);
    assert_eq!(tells(&shown(&gateway, &view), &ask), [""; 0]);
    // What follows is folded from the start of the journal, of which a part can be read by nobody.
    gateway.stop();
    std::fs::remove_dir_all(gateway.data.join("snapshot")).unwrap();
    gateway.start();
    assert_eq!(erase(&gateway, "second", &case).of_status(409).json()["state"], "erased");
    let (evidence, _) = verified(&gateway, view.acts()[0]["id"].as_str().unwrap());
    assert!(names(&evidence).contains(&"case.erased"));
    // So does the index, of which nobody knows any more who else might see it.
    gateway.stop();
    std::fs::remove_dir_all(gateway.data.join("index")).unwrap();
    std::fs::remove_dir_all(gateway.data.join("snapshot")).unwrap();
    gateway.start();
    gateway.wait_index_filled();
    let own = gateway.view(&id);
    assert_eq!((&own.0["erased"], own.state()), (&json!(true), "finished"), "{:#}", own.0);
    gateway.caller("officer").get(&format!("/v1/requests/{id}")).of_status(404);
    let again = gateway.run(&look(&[0]).same_case(&ask));
    assert_ne!(case_of(&again), case);
    let slip = |view: &View| view.acts()[0]["slip"].as_str().unwrap().to_owned();
    assert_ne!(slip(&again), slip(&view), "no number goes out twice");
    gateway.stop();
    assert!(gateway.verify().status.success());
}

/// With a paper that its court has, so that nothing but the erasure stands in the way.
#[test]
fn what_is_erased_is_said_to_be_erased_and_never_to_be_damaged() {
    let gateway = one_bank();
    let view = gateway.run(&look(&[0]));
    let (id, act) = (view.0["id"].as_str().unwrap(), view.acts()[0]["id"].as_str().unwrap());
    erased(&gateway, &case_of(&view));
    let paper = gateway.paper("reply", "银行书面答复.pdf", "复1号", b"%PDF-1.4 the bank's paper");
    let resolution = json!({ "took_effect": true, "document": paper["digest"], "reason": "按银行书面答复确认" });
    let unknown = json!({ "took_effect": true, "document": format!("sha256:{}", "0".repeat(64)), "reason": "按答复" });
    let reason = json!({ "reason": "不必办理" });
    for (who, path, body, state) in [
        ("officer", format!("/v1/acts/{act}/resolve"), &resolution, "erased"),
        ("officer", format!("/v1/acts/{act}/resolve"), &unknown, "erased"),
        ("submitter", format!("/v1/requests/{id}/deliveries"), &json!({ "since_version": 0 }), "erased"),
        ("officer", format!("/v1/acts/{act}/withdraw"), &reason, "finished"),
        ("officer", format!("/v1/requests/{id}/stop"), &reason, "finished"),
        ("approver", format!("/v1/requests/{id}/approve"), &reason, "finished"),
    ] {
        let told = gateway.caller(who).post(&path, body).of_status(409);
        assert_eq!((told.slug().as_str(), told.json()["state"].as_str()), ("wrong_state", Some(state)), "{path}");
    }
    let foreign = gateway.caller("neighbour").post(&format!("/v1/acts/{act}/resolve"), &resolution);
    assert!([403, 404].contains(&foreign.status), "{}", foreign.text());
}

/// Settings are read again, and the first person's token is not in them any more or has another secret.
#[test]
fn a_word_that_a_case_is_to_be_erased_does_not_outlive_the_token_that_said_it() {
    let gateway = one_bank();
    let case = case_of(&gateway.run(&look(&[0])));
    let path = gateway.config.join("courts/330225.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    assert_eq!(erase(&gateway, "officer", &case).of_status(200).json()["erased"], false);
    let tokens: Vec<&str> = file.split("[[tokens]]").collect();
    let others: Vec<&str> = tokens.iter().copied().filter(|token| !token.contains("\"officer\"")).collect();
    assert_eq!(others.len() + 1, tokens.len());
    gateway.write_config_file("courts/330225.toml", &others.join("[[tokens]]"));
    gateway.signal("HUP");
    eventually("the token is refused", || (erase(&gateway, "officer", &case).status == 401).then_some(()));
    assert_eq!(
        erase(&gateway, "approver", &case).of_status(200).json()["erased"],
        false,
        "one honest person is not two"
    );
    assert_eq!(erase(&gateway, "approver", &case).of_status(403).slug(), "same_person");
    assert_eq!(erase(&gateway, "second", &case).of_status(200).json()["erased"], true);
}

#[test]
fn a_case_is_erased_from_a_shell() {
    let gateway = one_bank();
    let view = gateway.run(&look(&[0]));
    let said = |who: &str| {
        let (token, case) = (gateway.caller(who).token, case_of(&view));
        let words = ["case", "--url", gateway.url(), "--token", &token, "erase", &case];
        let words = [&words[..], &["--cause", "mistaken", "--reason", "案号录入有误"]].concat();
        let said = xiezhi(&words);
        (
            said.status.success(),
            format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr)),
        )
    };
    let (done, told) = said("officer");
    assert!(done && told.contains("\"erased\":false"), "{told}");
    let (done, told) = said("officer");
    assert!(!done && told.contains("same_person"), "{told}");
    let (done, told) = said("second");
    assert!(done && told.contains("\"erased\":true"), "{told}");
}

#[test]
fn the_number_and_the_key_of_an_erased_case_are_free_again_at_once() {
    let gateway = one_bank();
    let ask = look(&[0]);
    let submitted = |ask: &Ask| Submitted::of(&gateway.submit_as("2026-zhi-1", ask).of_status(202));
    let first = submitted(&ask);
    let case = case_of(&gateway.wait_finished(&first.id));
    assert_eq!(submitted(&ask).bytes, first.bytes, "the same answer for as long as the case is kept");
    erased(&gateway, &case);
    let other = look(&[1]).same_case(&ask);
    let again = submitted(&other);
    assert_ne!(case_of(&gateway.wait_finished(&again.id)), case);
    assert_eq!(submitted(&other).bytes, again.bytes);
    assert_eq!(gateway.submit_as("2026-zhi-1", &ask).of_status(422).slug(), "idempotency_key_reused");
    gateway.caller("").get("/health/ready").of_status(200);
}

/// An older copy of the key files is what the runbook puts back when a slot is damaged; no event behind the snapshot tells of the erasure.
#[test]
fn a_key_that_comes_back_with_an_older_copy_of_the_key_files_is_ended_by_the_next_start() {
    let mut gateway = one_bank();
    let view = gateway.run(&look(&[0]));
    let slot = slot_of(&gateway, view.0["id"].as_str().unwrap());
    let before = key_files(&gateway);
    erased(&gateway, &case_of(&view));
    gateway.stop();
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Live));
    gateway.start();
    assert_eq!(slot_state(&gateway, slot), Some(SlotState::Destroyed));
    assert_eq!(gateway.view(view.0["id"].as_str().unwrap()).0["erased"], true);
}

/// Puts back what an older copy of the key files has, beside the keys that were made since.
fn put_back(older: &[(PathBuf, Vec<u8>)]) {
    for (path, older) in older {
        let mut now = std::fs::read(path).unwrap();
        let slots = now.chunks_mut(128).zip(older.chunks(128));
        slots
            .filter(|(_, older)| older.iter().any(|byte| *byte != 0))
            .for_each(|(now, older)| now.copy_from_slice(older));
        std::fs::write(path, now).unwrap();
    }
}

/// What `verify` finds, with the master key and without; both are the same.
fn findings(gateway: &Gateway) -> Vec<String> {
    let [with_key, without] = [gateway.verify(), gateway.verify_with(&[])].map(|verified| {
        let told = String::from_utf8_lossy(&verified.stdout).into_owned();
        let found: Vec<String> = told.lines().filter(|line| line.starts_with("finding: ")).map(str::to_owned).collect();
        assert_eq!(verified.status.success(), found.is_empty(), "{told}");
        assert_eq!(told.contains("keys sound"), found.is_empty(), "{told}");
        found
    });
    assert_eq!(with_key, without);
    with_key
}

#[test]
fn verify_names_the_keys_that_an_older_copy_brought_back_though_the_trail_ended_them() {
    let mut gateway = one_bank();
    let view = gateway.run(&look(&[0]));
    let slot = slot_of(&gateway, view.0["id"].as_str().unwrap());
    let before = files_below(&gateway.data.join("blobs"));
    let store = |gateway: &Gateway| gateway.paper("other", "ruling.pdf", "（2026）京01执1号", b"%PDF-1.4 lost");
    store(&gateway);
    let blobs = new_blobs(&gateway, &before);
    let older = key_files(&gateway);
    // The bytes of a paper are lost and it is stored once more: the key of the lost ones ends, as that of an erased case does.
    blobs.iter().for_each(|blob| std::fs::remove_file(blob).unwrap());
    store(&gateway);
    erased(&gateway, &case_of(&view));
    let papers = leaves(&gateway, "document.erased");
    assert_eq!(papers.len(), 1);
    gateway.stop();
    assert_eq!(findings(&gateway), [""; 0]);

    put_back(&older);
    let told = findings(&gateway);
    let of = |words: &str| told.iter().find(|told| told.contains(words)).cloned().unwrap_or_default();
    let (case, paper) = (of("`case.erased`"), of("`document.erased`"));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(case.contains(&format!("key slot {slot}: ")) && case.contains("start the gateway once"), "{case}");
    assert!(paper.contains("slots-00000000 at byte ") && paper.contains("`snapshot`"), "{paper}");

    gateway.start();
    gateway.stop();
    assert_eq!(findings(&gateway), [paper], "no snapshot knows of a paper that is gone");
    std::fs::remove_dir_all(gateway.data.join("snapshot")).unwrap();
    gateway.start();
    gateway.stop();
    assert_eq!(findings(&gateway), [""; 0]);
}
