//! The contract: evidence that an outsider can check, who may do what, a thousand at once, stopping and reloading.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::{Fault, Knob};
use trail::{Checkpoint, Hash, NoteVerifier, ReceiptVerifier, check_inclusion, leaf_hash};

use crate::bench::{Gateway, RUNTIME, Spec, Submitted, collect, eventually, look};

fn hash(hex: &str) -> Hash {
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
    Hash::new(bytes.try_into().unwrap())
}

#[test]
fn receipt_checkpoint_entry_and_proof_hold_with_public_keys_alone() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let anybody = gateway.caller("");
    let keys = anybody.get("/trail/keys").of_status(200).json();
    let accepted = gateway.submit_as("proof", &look(&[0])).of_status(202).json();
    let receipt = &accepted["receipt"];
    let (sequence, leaf) = (receipt["sequence"].as_u64().unwrap(), receipt["leaf_hash"].as_str().unwrap());
    let text = format!(r#"{{"leaf_hash":"{leaf}","log":"xiezhi.test","sequence":{sequence}}}"#);
    let signature: [u8; 64] = STANDARD.decode(receipt["signature"].as_str().unwrap()).unwrap().try_into().unwrap();
    let verifier = ReceiptVerifier::parse(keys["receipt"].as_str().unwrap()).unwrap();
    let context = engine::runtime::trail::RECEIPT_CONTEXT;
    verifier.verify(context, text.as_bytes(), &signature).unwrap();
    let other = text.replace(&format!(":{sequence}}}"), &format!(":{}}}", sequence + 1));
    assert!(verifier.verify(context, other.as_bytes(), &signature).is_err());

    gateway.wait_finished(accepted["request"]["id"].as_str().unwrap());
    let key = NoteVerifier::parse(keys["checkpoint"].as_str().unwrap()).unwrap();
    let path = format!("/v1/trail/entries/{sequence}");
    let entry = eventually("a checkpoint that covers it", || {
        let answer = gateway.caller("auditor").get(&path);
        assert!(answer.status == 200 || answer.slug() == "not_yet_in_checkpoint", "{}", answer.text());
        (answer.status == 200).then(|| answer.json())
    });
    let bytes = STANDARD.decode(entry["leaf_base64"].as_str().unwrap()).unwrap();
    assert_eq!(leaf_hash(&bytes), hash(leaf), "the receipt names this leaf");
    assert_eq!(entry["leaf"]["e"], "request.accepted");
    let note = entry["checkpoint"].as_str().unwrap();
    let verified = Checkpoint::open(note.as_bytes(), std::slice::from_ref(&key)).unwrap();
    let proof: Vec<Hash> = entry["proof"].as_array().unwrap().iter().map(|one| hash(one.as_str().unwrap())).collect();
    let (size, root) = (verified.checkpoint.size(), verified.checkpoint.root());
    assert_eq!(entry["tree_size"], size);
    check_inclusion(&proof, size, &root, sequence, &leaf_hash(&bytes)).unwrap();
    assert!(check_inclusion(&proof, size, &root, sequence + 1, &leaf_hash(&bytes)).is_err());

    // The tile that holds it says the same, and is open to everybody.
    let newest = anybody.get("/trail/checkpoint").of_status(200);
    let size = Checkpoint::open(&newest.bytes, &[key]).unwrap().checkpoint.size();
    let tile = anybody.get(&format!("/trail/tile/0/000.p/{}", size.min(255))).of_status(200).bytes;
    let at = usize::try_from(sequence).unwrap() * 32;
    assert_eq!(&tile[at..at + 32], hash(leaf).as_bytes());
    for nonsense in ["/trail/tile/9/xyz", "/trail/tile/entries/000"] {
        assert_eq!(anybody.get(nonsense).status, 404, "{nonsense}");
    }
    gateway.caller("auditor").get("/v1/trail/entries/999999").of_status(404);
}

#[test]
fn every_door_asks_for_its_role() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let view = gateway.run(&look(&[0]));
    let id = view.0["id"].as_str().unwrap().to_owned();
    let act = view.act("query", "bank-a")["id"].as_str().unwrap().to_owned();
    let holders = ["submitter", "approver", "court-auditor", "operator", "partner"];
    let reason = json!({ "reason": "试" });
    let until = json!({ "reason": "试", "until": "2027-01-01T00:00:00+08:00" });
    let doors: Vec<(Method, String, Value, &[&str])> = vec![
        (Method::POST, "/v1/documents".into(), Value::Null, &["submitter"]),
        (Method::POST, "/v1/requests".into(), json!({}), &["submitter"]),
        (Method::GET, "/v1/requests".into(), Value::Null, &["submitter", "approver", "court-auditor", "operator"]),
        (Method::GET, format!("/v1/requests/{id}"), Value::Null, &["submitter", "approver", "court-auditor"]),
        (
            Method::GET,
            format!("/v1/requests/{id}/events"),
            Value::Null,
            &["submitter", "approver", "court-auditor", "operator"],
        ),
        (Method::POST, format!("/v1/requests/{id}/approve"), reason.clone(), &["approver"]),
        (Method::POST, format!("/v1/requests/{id}/stop"), reason.clone(), &["submitter", "approver"]),
        (Method::POST, format!("/v1/acts/{act}/withdraw"), reason.clone(), &["submitter", "approver"]),
        (Method::POST, format!("/v1/acts/{act}/resolve"), json!({}), &["submitter", "approver"]),
        (Method::GET, "/v1/partners".into(), Value::Null, &["submitter", "approver", "court-auditor", "operator"]),
        (Method::POST, "/v1/partners/bank-a/pause".into(), until, &["operator"]),
        (Method::POST, "/v1/partners/bank-a/resume".into(), Value::Null, &["operator"]),
        (Method::POST, "/v1/inbound/bank-a".into(), json!({}), &["partner"]),
        (Method::GET, "/v1/trail/entries/0".into(), Value::Null, &["court-auditor"]),
    ];
    for (method, path, body, allowed) in doors {
        let call = |name: &str| {
            let headers = [("Content-Type", "application/json")];
            let sent = (!body.is_null()).then(|| body.to_string().into_bytes());
            RUNTIME.block_on(gateway.caller(name).call(method.clone(), &path, &headers, sent)).unwrap()
        };
        let nobody = call("");
        assert_eq!((nobody.status, nobody.slug().as_str()), (401, "token_missing"), "{method} {path}");
        for holder in holders {
            let answer = call(holder);
            let refused = answer.status == 403 && answer.slug() == "role_missing";
            assert_eq!(refused, !allowed.contains(&holder), "{holder} {method} {path}: {}", answer.text());
        }
    }
    for open in ["/health/live", "/health/ready", "/metrics", "/trail/checkpoint", "/trail/keys"] {
        gateway.caller("").get(open).of_status(200);
    }
}

#[test]
fn another_court_sees_nothing_of_it() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let view = gateway.run(&look(&[0]));
    let id = view.0["id"].as_str().unwrap();
    let neighbour = gateway.caller("neighbour");
    assert_eq!(neighbour.get(&format!("/v1/requests/{id}")).of_status(404).slug(), "not_found");
    assert_eq!(neighbour.get(&format!("/v1/requests/{id}/events")).of_status(404).slug(), "not_found");
    assert_eq!(neighbour.get("/v1/requests").of_status(200).json()["requests"], json!([]));
    neighbour.post(&format!("/v1/requests/{id}/stop"), &json!({ "reason": "试" })).of_status(404);
    let digest = gateway.papers()[0]["digest"].as_str().unwrap().to_owned();
    neighbour.get(&format!("/v1/documents/{digest}")).of_status(404);
    assert_eq!(
        gateway.caller("submitter").get(&format!("/v1/documents/{digest}")).of_status(200).bytes,
        b"%PDF-1.4\n% ruling\n%%EOF\n"
    );
    let body = gateway.body(&look(&[0]));
    let foreign = RUNTIME.block_on(neighbour.submit("mine", &body)).unwrap().of_status(403);
    assert_eq!(foreign.slug(), "court_foreign");
}

#[test]
fn a_thousand_at_once_are_taken_or_told_to_come_again_and_what_was_taken_is_known() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.in_flight = 32)]);
    let bodies: Vec<Value> = (0..1_000).map(|place| gateway.body(&look(&[place % 300]))).collect();
    let caller = gateway.caller("submitter");
    let answers = RUNTIME.block_on(async {
        let calls: Vec<_> = bodies
            .into_iter()
            .enumerate()
            .map(|(place, body)| {
                let caller = caller.clone();
                RUNTIME.spawn(async move { caller.submit(&format!("rush-{place}"), &body).await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap().unwrap());
        }
        answers
    });
    let mut taken = Vec::new();
    for answer in &answers {
        match answer.status {
            202 => taken.push(Submitted::of(answer).id),
            503 => assert!(answer.header("retry-after").is_some(), "{}", answer.text()),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    let all = taken.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(all, taken.len(), "no two share an id");
    assert!(!taken.is_empty());
    eventually("the end of all", || (gateway.figure("xiezhi_open_requests")? == 0).then_some(()));
    for id in taken {
        assert_eq!(gateway.view(&id).state(), "finished");
    }
}

#[test]
fn a_stop_under_load_ends_well_and_loses_nothing() {
    let mut gateway =
        Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]), Spec::pulling("bank-b").holds(&[100_000])]);
    gateway.bank("bank-a").knobs().set(Knob::share(Fault::Delay, 1.0).ms(60));
    let ids: Vec<String> = (0..40).map(|person| gateway.submit(&collect(&[person]).claim("1500.00")).id).collect();
    gateway.stop();
    gateway.bank("bank-a").knobs().clear();
    gateway.start();
    for id in &ids {
        let view = gateway.wait_finished(id);
        assert_eq!((view.state(), view.ledger("deducted")), ("finished", "1500.00"), "{:#}", view.0);
        assert!(!view.states().contains(&"in_doubt"));
    }
    let paid: i64 = gateway.banks.iter().map(crate::bench::Bank::paid).sum();
    assert_eq!(paid, 40 * 150_000);
}

#[test]
fn a_changed_configuration_is_read_again_and_a_faulty_one_changes_nothing() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a"), Spec::called("bank-b")]);
    let told = |gateway: &Gateway, text: &str| gateway.read_log().matches(text).count();
    let loaded = "the configuration was read again";
    gateway.rewrite_partner("bank-b", |spec| spec.acts = vec!["freeze", "release"]);
    gateway.signal("HUP");
    eventually("the new configuration", || (told(&gateway, loaded) == 1).then_some(()));
    let view = gateway.run(&look(&[0]));
    assert_eq!((view.acts().len(), view.state_of("query", "bank-a")), (1, "done"), "bank-b is not asked any more");
    gateway.write_config_file("partners/bank-a.toml", "id = \"bank-a\"\nspeed = 11\n");
    gateway.write_config_file("courts/330226.toml", "code = \"33\"\n");
    gateway.signal("HUP");
    eventually("the fault in the log", || (told(&gateway, "the configuration in force stays") == 1).then_some(()));
    let log = gateway.read_log();
    for fault in ["bank-a.toml:2", "330226.toml", "speed"] {
        assert!(log.contains(fault), "{fault}: all faults are told at once");
    }
    assert_eq!(gateway.run(&look(&[1])).state_of("query", "bank-a"), "done", "what was in force stays so");
    gateway.rewrite_partner("bank-a", |_| ());
    gateway.stop();
    assert!(gateway.try_start().unwrap_err().contains("330226.toml"), "a faulty configuration is not started with");
    std::fs::remove_file(gateway.config.join("courts/330226.toml")).unwrap();
    gateway.start();
}

#[test]
fn idempotency_holds_over_a_restart_and_a_refusal_does_not_bind_the_key() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let ask = look(&[0]);
    let wrong = gateway.submit_as("the-key", &ask.clone().at(&["nobody"])).of_status(422);
    assert_eq!(wrong.slug(), "partner_unknown");
    let first = gateway.submit_as("the-key", &ask).of_status(202);
    gateway.restart();
    assert_eq!(gateway.submit_as("the-key", &ask).of_status(202).bytes, first.bytes);
    // Twins at the same moment: one request, one answer.
    let body = gateway.body(&look(&[1]));
    let caller = gateway.caller("submitter");
    let answers: Vec<_> = RUNTIME.block_on(async {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let (caller, body) = (caller.clone(), body.clone());
                RUNTIME.spawn(async move { caller.submit("twins", &body).await.unwrap() })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap().of_status(202).bytes);
        }
        answers
    });
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let missing = caller.post("/v1/requests", &body).of_status(400);
    assert_eq!(missing.slug(), "idempotency_key_missing");
}

#[test]
fn a_long_poll_that_a_planned_stop_cuts_is_answered_or_told_to_come_back_and_never_sent_to_the_operators() {
    let mut gateway = Gateway::with(vec![Spec::pulling("bank-a").with(|spec| spec.poll_ms = 0)]);
    let asked = gateway.submit(&look(&[0]));
    let version = gateway.view(&asked.id).version();
    let path = format!("/v1/requests/{}?wait=30s&after_version={version}", asked.id);
    let polls: Vec<_> = (0..20)
        .map(|_| {
            let (caller, path) = (gateway.caller("submitter"), path.clone());
            RUNTIME.spawn(async move { caller.call(reqwest::Method::GET, &path, &[], None).await })
        })
        .collect();
    gateway.signal("TERM");
    assert_eq!(gateway.wait_ended(), Some(0));
    for poll in polls {
        // One that came when the door was shut already has no answer.
        let Ok(answer) = RUNTIME.block_on(poll).unwrap() else { continue };
        assert!(answer.status == 200 || answer.slug() == "draining", "{} {}", answer.status, answer.text());
        assert!(answer.status == 200 || answer.json()["retry_after"].is_u64());
    }
}
