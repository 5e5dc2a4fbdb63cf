//! What is secret shows itself to its viewers alone on every path, and who runs the gateway sees no personal data.

use serde_json::{Value, json};

use crate::bench::{
    Answer, Ask, Caller, Gateway, RUNTIME, Setup, Spec, View, acts, deduct, eventually, freeze, person, release, renew,
};

fn freezing(gateway: &Gateway, bank: &str, yuan: &str) -> Ask {
    acts(&[0], vec![freeze(bank, &gateway.bank(bank).account(0), yuan)]).claim("1000.00")
}

/// A request that only its submitter and the approver may see.
fn secret(mut ask: Ask) -> Ask {
    ask.0["viewers"] = json!(["approver"]);
    ask
}

fn finished(caller: &Caller, id: &str) -> View {
    eventually("its end", || {
        let view = caller.get(&format!("/v1/requests/{id}")).of_status(200).json();
        (view["state"] == "finished").then_some(View(view))
    })
}

fn partners_of_measures(caller: &Caller, filter: &str) -> Vec<String> {
    let shown = caller.get(&format!("/v1/measures?{filter}")).of_status(200).json();
    assert_eq!(shown["next"], Value::Null, "{shown:#}");
    let lines = shown["measures"].as_array().unwrap().iter();
    let mut partners: Vec<String> = lines.map(|line| line["partner"].as_str().unwrap().to_owned()).collect();
    partners.sort();
    partners
}

fn tasks(caller: &Caller, kind: &str) -> Vec<Value> {
    caller.get(&format!("/v1/tasks?kind={kind}")).of_status(200).json()["tasks"].as_array().unwrap().clone()
}

/// An ordinary freeze of 300 at bank-a, and a secret one of 400 at bank-b, of one case.
fn case_with_a_secret(setup: Setup) -> (Gateway, Ask, String, View) {
    let gateway = setup.start();
    let ordinary = freezing(&gateway, "bank-a", "300.00");
    let first = gateway.submit(&ordinary);
    gateway.wait_finished(&first.id);
    let hidden = gateway.submit(&secret(freezing(&gateway, "bank-b", "400.00").same_case(&ordinary)));
    let view = finished(&gateway.caller("submitter"), &hidden.id);
    (gateway, ordinary, first.id, view)
}

fn banks() -> Setup {
    Setup::of(["bank-a", "bank-b"].map(|id| Spec::called(id).holds(&[100_000])).to_vec())
}

const STRANGERS: [&str; 5] = ["officer", "second", "auditor", "court-auditor", "operator"];

#[test]
fn a_secret_measure_is_in_no_list_and_no_sum_of_whoever_may_not_see_it() {
    let (mut gateway, ordinary, first, _) = case_with_a_secret(banks());
    let number = ordinary.0["case"]["number"].as_str().unwrap().to_owned();
    let case: String = number.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for round in ["before a restart", "after it"] {
        for who in STRANGERS {
            let caller = gateway.caller(who);
            assert_eq!(partners_of_measures(&caller, ""), ["bank-a"], "{who} {round}");
            assert_eq!(partners_of_measures(&caller, &format!("case={case}")), ["bank-a"], "{who} {round}");
            assert_eq!(partners_of_measures(&caller, "limit=1"), ["bank-a"], "{who} {round}: no gap either");
        }
        for who in ["submitter", "approver"] {
            assert_eq!(partners_of_measures(&gateway.caller(who), ""), ["bank-a", "bank-b"], "{who} {round}");
        }
        for (who, sum) in
            [("officer", "300.00"), ("auditor", "300.00"), ("submitter", "700.00"), ("approver", "700.00")]
        {
            let view = finished(&gateway.caller(who), &first);
            assert_eq!((view.ledger("exposure"), view.ledger("controlled")), (sum, sum), "{who} {round}");
        }
        gateway.restart();
    }
}

#[test]
fn what_follows_from_a_secret_request_is_as_secret_as_that() {
    let (gateway, ordinary, _, _) = case_with_a_secret(banks());
    let case = gateway.submit(&freezing(&gateway, "bank-a", "1.00").case("(2026)浙0225执9999号")).id;
    gateway.wait_finished(&case);
    let id = {
        let view = gateway.caller("submitter").get(&format!("/v1/requests?case={}", percent(&ordinary)));
        let line = view.of_status(200).json()["requests"][0]["id"].as_str().unwrap().to_owned();
        finished(&gateway.caller("submitter"), &line).0["case"]["id"].as_str().unwrap().to_owned()
    };
    let amended = json!({ "claim": "300.00", "reason": "部分履行" });
    gateway.caller("submitter").post(&format!("/v1/cases/{id}/claim"), &amended).of_status(200);
    let excess = eventually("the proposal", || {
        tasks(&gateway.caller("submitter"), "excess").into_iter().find(|task| task["partner"] == "bank-b")
    });
    let path = |verb: &str| format!("/v1/tasks/{}/{verb}", excess["id"].as_str().unwrap());
    let end = json!({ "end": "dismissed", "reason": "不必" });
    for who in STRANGERS {
        let caller = gateway.caller(who);
        assert!(tasks(&caller, "excess").iter().all(|task| task["partner"] != "bank-b"), "{who}");
        for (verb, body) in [("end", &end), ("accept", &json!({ "reason": "解除" }))] {
            let status = caller.post(&path(verb), body).status;
            assert!(matches!(status, 403 | 404), "{who} {verb}: {status}");
        }
    }
    gateway.caller("officer").post(&path("end"), &end).of_status(404);
    gateway.caller("officer").post(&path("accept"), &json!({ "reason": "解除" })).of_status(404);
    let accepted = gateway.caller("approver").post(&path("accept"), &json!({ "reason": "解除" })).of_status(202).json();
    let release = accepted["request"]["id"].as_str().unwrap();
    for who in ["submitter", "approver"] {
        finished(&gateway.caller(who), release);
    }
    for who in STRANGERS.into_iter().filter(|who| *who != "operator") {
        gateway.caller(who).get(&format!("/v1/requests/{release}")).of_status(404);
    }
}

#[test]
fn a_release_that_the_gateway_sends_by_itself_is_seen_by_whoever_ordered_the_freeze() {
    let mut setup = banks();
    setup.court = "excess = \"send\"".to_owned();
    let (gateway, ordinary, _, hidden) = case_with_a_secret(setup);
    let id = hidden.0["case"]["id"].as_str().unwrap();
    let amended = json!({ "claim": "300.00", "reason": "部分履行" });
    gateway.caller("submitter").post(&format!("/v1/cases/{id}/claim"), &amended).of_status(200);
    let of_case = |who: &str| {
        let listed =
            gateway.caller(who).get(&format!("/v1/requests?case={}", percent(&ordinary))).of_status(200).json();
        listed["requests"].as_array().unwrap().len()
    };
    eventually("the release", || (of_case("submitter") == 3).then_some(()));
    assert_eq!((of_case("approver"), of_case("officer"), of_case("auditor")), (3, 1, 1));
    eventually("the money is free", || (gateway.bank("bank-b").held() == 0).then_some(()));
}

#[test]
fn a_viewer_that_is_no_token_of_the_court_is_refused_and_any_name_of_a_token_is_taken() {
    let mut setup = banks();
    let name = format!("{}@court.example", "a".repeat(64 - "@court.example".len()));
    // Every holder's table stands below; this one's hash is nobody's.
    setup.delivery =
        format!("\n[[tokens]]\nname = \"{name}\"\nroles = [\"auditor\"]\nsha256 = \"{:064x}\"\nperson = true\n", 7);
    let gateway = setup.start();
    let with = |viewer: &str| {
        let mut ask = freezing(&gateway, "bank-a", "100.00");
        ask.0["viewers"] = json!(["approver", viewer]);
        gateway.submit_as(&format!("viewers-{viewer}"), &ask)
    };
    for stranger in ["aprover", "operator", "neighbour"] {
        let refused = with(stranger).of_status(422);
        assert_eq!(
            (refused.slug().as_str(), &refused.json()["errors"][0]["pointer"]),
            ("out_of_bounds", &json!("/viewers"))
        );
    }
    with(&name).of_status(202);
}

fn percent(ask: &Ask) -> String {
    ask.0["case"]["number"].as_str().unwrap().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// How often a token read something personal, by the trail.
fn reads(gateway: &Gateway, by: &str) -> usize {
    let size = eventually("a checkpoint over everything", || {
        let durable = gateway.figure("xiezhi_journal_durable_events")?;
        (gateway.figure("xiezhi_checkpoint_events")? >= durable).then_some(durable)
    });
    let auditor = gateway.caller("auditor");
    let entries = (0..size).map(|index| auditor.get(&format!("/v1/trail/entries/{index}")).of_status(200).json());
    entries.filter(|entry| entry["leaf"]["e"] == "access.read" && entry["leaf"]["f"]["by"] == by).count()
}

#[test]
fn whoever_runs_the_gateway_sees_no_personal_data_in_lists_and_whoever_sees_it_is_recorded() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let act = gateway.run(&freezing(&gateway, "bank-a", "300.00")).act("freeze", "bank-a").clone();
    let text = "该账户为工会经费专户";
    let path = format!("/v1/acts/{}/objection", act["id"].as_str().unwrap());
    gateway.caller("operator").post(&path, &json!({ "text": text })).of_status(200);
    let to = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).plus_days(300);
    let row = json!({
        "case_number": "(2025)浙0225执77号", "partner": "bank-a", "number": "FG1", "party_kind": "person",
        "party_name": person(0).name, "id_type": "01", "id_number": person(0).id_number, "account": "BJ-1",
        "limit": "5000.00", "to": to.to_string(),
    });
    let submitter = gateway.caller("submitter");
    let headers = [("Content-Type", "application/x-ndjson")];
    let import = submitter.call(reqwest::Method::POST, "/v1/measures/import", &headers, Some(row.to_string().into()));
    RUNTIME.block_on(import).unwrap().of_status(200);
    let operator = gateway.caller("operator");
    let (measures, open) = (operator.get("/v1/measures").of_status(200), operator.get("/v1/tasks").of_status(200));
    assert_eq!(measures.json()["measures"].as_array().unwrap().len(), 2, "{}", measures.text());
    for hidden in [text, "300.00", "5000.00", "FG1", "amount", "limit", "caught"] {
        assert!(!measures.text().contains(hidden) && !open.text().contains(hidden), "{hidden}");
    }
    assert!(open.text().contains("answer_objection"));
    assert_eq!((reads(&gateway, "operator"), reads(&gateway, "officer")), (0, 0));
    let officer = gateway.caller("officer");
    let measures = officer.get("/v1/measures").of_status(200).text();
    for shown in ["300.00", "5000.00", "FG1"] {
        assert!(measures.contains(shown), "{shown} in {measures}");
    }
    assert_eq!(reads(&gateway, "officer"), 2, "one for each request on the page");
    assert_eq!(tasks(&officer, "answer_objection")[0]["text"], text);
    assert_eq!(reads(&gateway, "officer"), 3);
}

/// The act on a freeze, named by our slip instead of by the act.
fn by_slip(mut act: Value, freeze: &Value, case: &Ask) -> Value {
    act["original"] = json!({ "slip": freeze["slip"], "case_number": case.0["case"]["number"] });
    act
}

/// Submits one act of the case as somebody.
fn submit_as(gateway: &Gateway, who: &str, key: &str, (case, act): (&Ask, Value)) -> Answer {
    let ask = acts(&[0], vec![act]).same_case(case).claim("1000.00");
    RUNTIME.block_on(gateway.caller(who).submit(key, &gateway.body(&ask))).unwrap()
}

#[test]
fn nobody_but_its_viewers_builds_on_a_secret_freeze_and_no_sum_of_it_is_sounded() {
    let (mut gateway, ordinary, _, hidden) = case_with_a_secret(banks());
    let secret_freeze = hidden.act("freeze", "bank-b").clone();
    let far =
        domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).plus_days(360).to_string();
    let part = |yuan: &str| {
        let mut act = release(&secret_freeze);
        act["amount"] = json!(yuan);
        act
    };
    let orders = [
        renew(&secret_freeze, &far),
        // Above what property of its sort is frozen for: not even that it is another sort than a guess can be heard.
        renew(&secret_freeze, "2099-01-01"),
        release(&secret_freeze),
        part("400.01"),
        part("1.00"),
        deduct(&secret_freeze, "400.01"),
        deduct(&secret_freeze, "1.00"),
    ];
    for round in ["before a restart", "after it"] {
        for (place, act) in orders.iter().enumerate() {
            let mut nothing = act.clone();
            nothing["original"]["act"] = json!(domain::ActId { sequence: 999_999, line: 0 }.to_string());
            let told = |how: &str, act: Value| {
                let key = format!("{how}-{place}-{}", round.replace(' ', "-"));
                let answer = submit_as(&gateway, "officer", &key, (&ordinary, act)).of_status(422);
                let body = answer.json();
                (answer.slug(), body["errors"].clone(), body["rules"].clone(), body["detail"].clone())
            };
            let secret = told("secret", act.clone());
            assert_eq!(secret, told("nothing", nothing), "{act} {round}");
            assert!(place == 1 || secret.0 == "original_unknown", "{secret:?}");
            let named = told("slip", by_slip(act.clone(), &secret_freeze, &ordinary));
            assert_eq!(named, secret, "{act} {round}");
        }
        gateway.restart();
        gateway.wait_index_filled();
    }
    assert_eq!((gateway.bank("bank-b").held(), gateway.bank("bank-b").paid()), (40_000, 0), "nothing was done to it");
    let too_much = submit_as(&gateway, "submitter", "too-much", (&ordinary, deduct(&secret_freeze, "400.01")));
    assert_eq!(too_much.of_status(422).rules(), ["D20"], "whoever may see it hears its sums");
    let act = by_slip(deduct(&secret_freeze, "100.00"), &secret_freeze, &ordinary);
    for (key, act) in [("by-act", part("100.00")), ("by-slip", act)] {
        let taken = submit_as(&gateway, "submitter", key, (&ordinary, act)).of_status(202).json();
        let done = finished(&gateway.caller("submitter"), taken["request"]["id"].as_str().unwrap());
        assert_eq!(done.acts()[0]["state"], "done", "{key}: {:#}", done.0);
    }
    assert_eq!((gateway.bank("bank-b").held(), gateway.bank("bank-b").paid()), (20_000, 10_000));
}

#[test]
fn a_case_known_by_secret_requests_alone_is_unknown_to_others_until_an_ordinary_one_names_it() {
    let mut gateway = banks().start();
    let ask = secret(freezing(&gateway, "bank-b", "400.00"));
    let taken = gateway.submit(&ask);
    let view = finished(&gateway.caller("submitter"), &taken.id);
    let id = view.0["case"]["id"].as_str().unwrap().to_owned();
    let claim = json!({ "claim": "900.00", "reason": "变更" });
    let halt = json!({ "cause": "settlement", "reason": "和解" });
    let resume = json!({ "reason": "恢复" });
    let allow = json!({ "allow": true, "reason": "书面申请" });
    let calls = [
        ("officer", "claim", &claim),
        ("officer", "halt", &halt),
        ("officer", "resume", &resume),
        ("second", "claim", &claim),
        ("second", "halt", &halt),
        ("second", "resume", &resume),
        ("second", "applicant", &allow),
    ];
    let none = domain::CaseId(999_999).to_string();
    for round in ["before a restart", "after it"] {
        for (who, verb, body) in calls {
            let told = |case: &str| gateway.caller(who).post(&format!("/v1/cases/{case}/{verb}"), body);
            let (secret, unknown) = (told(&id).of_status(404), told(&none).of_status(404));
            assert_eq!(
                (secret.slug(), secret.json()["detail"].clone()),
                (unknown.slug(), unknown.json()["detail"].clone()),
                "{who} {verb} {round}"
            );
        }
        gateway.restart();
        gateway.wait_index_filled();
    }
    let post = |who: &str, verb: &str, body: &Value| gateway.caller(who).post(&format!("/v1/cases/{id}/{verb}"), body);
    post("submitter", "claim", &claim).of_status(200);
    post("approver", "applicant", &allow).of_status(200);
    post("submitter", "halt", &halt).of_status(200);
    post("second", "resume", &resume).of_status(404);
    post("approver", "resume", &resume).of_status(200);
    let ordinary = gateway.submit(&freezing(&gateway, "bank-a", "1.00").same_case(&ask));
    post("officer", "claim", &claim).of_status(200);
    gateway.wait_finished(&ordinary.id);
    gateway.wait_index_filled();
    post("officer", "claim", &json!({ "claim": "950.00", "reason": "变更" })).of_status(200);
    post("second", "halt", &halt).of_status(200);
}

#[test]
fn a_document_that_only_secret_requests_name_is_read_by_their_viewers_and_by_whoever_stored_it() {
    let mut gateway = banks().start();
    let named = |gateway: &Gateway, key: &str, viewers: &[&str], papers: &[Value]| {
        let mut ask = freezing(gateway, "bank-a", "100.00").case(&format!("(2026)浙0225执{key}号")).papers(papers);
        ask.0["viewers"] = json!(viewers);
        RUNTIME.block_on(gateway.caller("officer").submit(key, &ask.0)).unwrap().of_status(202);
    };
    let mut papers = gateway.papers().to_vec();
    papers[0] = gateway.paper("ruling", "执行裁定书.pdf", "(2026)浙0225执8号之一", b"%PDF-1.4 secret ruling");
    let path = format!("/v1/documents/{}", papers[0]["digest"].as_str().unwrap());
    let readers = |gateway: &Gateway| {
        let holders = ["submitter", "officer", "approver", "second", "court-auditor", "neighbour"];
        let reads = holders.into_iter().filter(|who| match gateway.caller(who).get(&path) {
            answer if answer.status == 404 => false,
            answer => answer.of_status(200).bytes == b"%PDF-1.4 secret ruling",
        });
        reads.collect::<Vec<_>>()
    };
    let whole_court = ["submitter", "officer", "approver", "second", "court-auditor"];
    assert_eq!(readers(&gateway), whole_court, "nothing names it yet");
    named(&gateway, "81", &["second"], &papers);
    assert_eq!(readers(&gateway), ["submitter", "officer", "second"]);
    // By the journal after a kill, by the snapshot after a stop.
    gateway.restart();
    assert_eq!(readers(&gateway), ["submitter", "officer", "second"]);
    gateway.stop();
    gateway.start();
    assert_eq!(readers(&gateway), ["submitter", "officer", "second"]);
    named(&gateway, "82", &["court-auditor"], &papers);
    assert_eq!(readers(&gateway), ["submitter", "officer", "second", "court-auditor"]);
    named(&gateway, "83", &[], &papers);
    assert_eq!(readers(&gateway), whole_court, "a request that all of them may see names it too");
}
