//! The rules of the levels evidence and access through the real gateway, each from both sides: what proves an act, who was waited for, who let go alone,
//! who may see it, and that the debtor is told.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use domain::rules::{Level, RULES};
use serde_json::{Value, json};

use crate::bench::{
    Ask, Caller, Gateway, RUNTIME, Setup, Spec, View, acts, eventually, freeze, look, person, release, secure, xiezhi,
};

const ACCOUNT: &str = "6228480318051081870";

fn evidence(caller: &Caller, act: &Value) -> Value {
    caller.get(&format!("/v1/acts/{}/evidence?limit=200", act["id"].as_str().unwrap())).of_status(200).json()
}

/// Its evidence once every event of it is proven.
fn proven(caller: &Caller, act: &Value) -> Value {
    eventually("a checkpoint that covers it", || {
        let shown = evidence(caller, act);
        shown["events"].as_array().unwrap().iter().all(|event| event["proof"].is_array()).then_some(shown)
    })
}

fn rules(shown: &Value) -> Vec<&str> {
    shown["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect()
}

fn stages(shown: &Value) -> Vec<(&str, &str)> {
    let delays = shown["delays"].as_array().unwrap().iter();
    delays.map(|delay| (delay["stage"].as_str().unwrap(), delay["awaited"].as_str().unwrap())).collect()
}

fn names(shown: &Value) -> Vec<&str> {
    shown["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

fn waited(shown: &Value, awaited: &str) -> i64 {
    let all = shown["waited"].as_array().unwrap();
    all.iter().find(|sum| sum["awaited"] == awaited).unwrap()["ms"].as_i64().unwrap()
}

fn with(ask: &Ask, field: &str, value: Value) -> Ask {
    let mut ask = ask.clone();
    ask.0[field] = value;
    ask
}

fn freezing(gateway: &Gateway, yuan: &str) -> Ask {
    let account = gateway.bank("bank-a").account(0);
    acts(&[0], vec![freeze("bank-a", &account, yuan)]).claim("1000.00")
}

/// The public keys of checkpoints and of receipts.
fn keys(gateway: &Gateway) -> [String; 2] {
    let shown = gateway.caller("").get("/trail/keys").of_status(200).json();
    ["checkpoint", "receipt"].map(|key| shown[key].as_str().unwrap().to_owned())
}

fn case_of(view: &View) -> &str {
    view.0["case"]["id"].as_str().unwrap()
}

#[test]
fn each_evidence_rule_from_both_sides() {
    let mut gateway = Setup::of(vec![Spec::called("bank-a").holds(&[100_000]), Spec::pulling("bank-b")]).lay_out();
    let clerks = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let clerk = Caller { base: gateway.url().to_owned(), token: clerks[0].clone() };
    let auditor = gateway.caller("court-auditor");
    let mut tried = BTreeSet::new();

    // D17, D31: a freeze over the network, with its rank; a question has none.
    let ask = freezing(&gateway, "400.00");
    let held = gateway.run(&ask).act("freeze", "bank-a").clone();
    let shown = proven(&auditor, &held);
    assert_eq!(rules(&shown), ["D17", "D29", "D30", "D31"]);
    let texts: Vec<&str> = shown["rules"].as_array().unwrap().iter().map(|it| it["zh"].as_str().unwrap()).collect();
    assert_eq!(texts[0], domain::rules::D17.zh);
    assert_eq!((shown["ranks"][0]["rank"].as_u64(), &shown["state"]), (Some(1), &json!("done")));
    for time in ["decided", "queued", "sent", "received", "effective", "answered"] {
        assert!(shown["times"][time]["at"].is_string(), "{time} in {shown:#}");
    }
    assert_eq!(shown["sealed"]["amount"], "400.00");
    assert!(!shown["sealed"]["papers"].as_array().unwrap().is_empty());
    let exchange = &shown["exchanges"][0];
    assert_eq!((&exchange["judged"], &exchange["verdict"]), (&json!("answered"), &json!("done")));
    assert!(exchange["digest"].as_str().unwrap().len() == 64 && shown["released_alone"] == json!([]));
    assert!(names(&shown).contains(&"request.finished"), "a finished act is proven as well: {:?}", names(&shown));
    let asked = gateway.run(&look(&[0]).at(&["bank-a"])).act("query", "bank-a").clone();
    let question = evidence(&auditor, &asked);
    assert_eq!((rules(&question), &question["ranks"]), (vec!["D17", "D29"], &json!([])));
    tried.extend(["D17", "D31"]);

    // D29: what our pause held is ours, what the bank did not fetch is the bank's.
    let pause = json!({ "reason": "例行维护", "until": domain::day::show_instant(now() + 3_600_000) });
    gateway.caller("operator").post("/v1/partners/bank-a/pause", &pause).of_status(200);
    let waiting = gateway.submit(&look(&[1]).at(&["bank-a"])).id;
    let act = gateway.view(&waiting).act("query", "bank-a").clone();
    assert_eq!(stages(&evidence(&auditor, &act)).last(), Some(&("pause", "gateway")));
    gateway.caller("operator").post_nothing("/v1/partners/bank-a/resume").of_status(200);
    gateway.wait_finished(&waiting);
    let shown = evidence(&auditor, &act);
    let paused: Vec<&Value> = shown["delays"].as_array().unwrap().iter().filter(|it| it["stage"] == "pause").collect();
    assert_eq!((paused.len(), &paused[0]["by"]), (1, &json!("operator")));
    assert!(paused[0]["until"].is_string() && names(&shown).contains(&"lane.paused"), "{shown:#}");
    let idle = gateway.submit(&look(&[2]).at(&["bank-b"])).id;
    let act = gateway.view(&idle).act("query", "bank-b").clone();
    let shown = evidence(&auditor, &act);
    assert_eq!(stages(&shown)[0], ("fetch", "partner"), "it was there for the bank to fetch");
    assert_eq!((waited(&shown, "gateway"), waited(&shown, "court")), (0, 0));
    RUNTIME.block_on(gateway.bank("bank-b").hub().poll_now()).unwrap();
    gateway.wait_finished(&idle);
    let shown = evidence(&auditor, &act);
    assert!(stages(&shown).iter().all(|(_, awaited)| *awaited == "partner"), "{shown:#}");
    assert!(shown["times"]["received"]["at"].is_string());
    tried.insert("D29");

    // D30: a counter that takes its freeze back alone; a release that we ordered is none of that.
    let asked = gateway.submit(&acts(&[0], vec![freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00"));
    clerk.get("/v1/partner/tasks").of_status(200);
    let act = gateway.view(&asked.id).act("freeze", "desk-a").clone();
    let answer = format!("/v1/partner/tasks/{}/answer", act["id"].as_str().unwrap());
    clerk.post(&answer, &json!({ "verdict": "done", "limit": "500.00", "caught": "500.00" })).of_status(200);
    gateway.wait_finished(&asked.id);
    assert_eq!(evidence(&auditor, &act)["released_alone"], json!([]));
    clerk.post(&answer, &json!({ "verdict": "refused", "reason": "other", "text": "已自行解冻" })).of_status(200);
    let shown = evidence(&auditor, &act);
    assert_eq!(shown["released_alone"][0]["how"], "superseded", "{shown:#}");
    let freed = gateway.run(&acts(&[0], vec![release(&held)]).same_case(&ask).claim("1000.00"));
    assert_eq!((freed.state_of("release", "bank-a"), gateway.bank("bank-a").held()), ("done", 0));
    assert_eq!(evidence(&auditor, &held)["released_alone"], json!([]));
    tried.insert("D30");

    let all: BTreeSet<&str> = RULES.iter().filter(|rule| rule.level == Level::Evidence).map(|rule| rule.id).collect();
    assert_eq!(tried, all, "a rule of evidence was not tried");
}

fn now() -> domain::Millis {
    engine::clock::Clock::wall(&engine::clock::SystemClock::new())
}

#[test]
fn an_objection_and_its_answer_stand_in_the_evidence_with_the_time_allowed() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let act = gateway.run(&freezing(&gateway, "400.00")).act("freeze", "bank-a").clone();
    let path = format!("/v1/acts/{}/objection", act["id"].as_str().unwrap());
    let text = "该账户为工会经费专户";
    gateway.caller("operator").post(&path, &json!({ "text": text })).of_status(200);
    let officer = gateway.caller("officer");
    let shown = evidence(&officer, &act);
    assert_eq!((&shown["objections"][0]["text"], &shown["objections"][0]["answered"]), (&json!(text), &Value::Null));
    let tasks = officer.get("/v1/tasks?kind=answer_objection").of_status(200).json();
    let end = format!("/v1/tasks/{}/end", tasks["tasks"][0]["id"].as_str().unwrap());
    officer.post(&end, &json!({ "end": "done", "reason": "异议不成立" })).of_status(200);
    let answered = evidence(&officer, &act)["objections"][0]["answered"].clone();
    assert_eq!((&answered["end"], &answered["in_time"]), (&json!("done"), &json!(true)));
    assert_eq!((&answered["by"], &answered["text"]), (&json!("officer"), &json!("异议不成立")));
    let bare = evidence(&gateway.caller("operator"), &act);
    assert!(!bare.to_string().contains("工会") && !bare.to_string().contains("异议不成立"), "{bare:#}");
}

#[test]
fn who_may_see_evidence_and_how_much_of_it() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let view = gateway.run(&freezing(&gateway, "400.00"));
    let act = view.act("freeze", "bank-a").clone();
    let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
    let account = gateway.bank("bank-a").account(0);
    for (who, sealed) in
        [("officer", true), ("submitter", true), ("approver", true), ("auditor", true), ("operator", false)]
    {
        let shown = gateway.caller(who).get(&path).of_status(200).json();
        assert_eq!(shown["sealed"].is_object(), sealed, "{who}");
        let text = shown.to_string();
        assert_eq!(text.contains(&account), sealed, "{who}");
        assert_eq!(text.contains("400.00"), sealed, "{who}");
        assert!(!text.contains(&person(0).id_number) && !text.contains(&person(0).name), "{who}");
        assert_eq!(shown["times"]["effective_as_of"].is_string() || sealed, sealed, "{who}");
    }
    gateway.caller("neighbour").get(&path).of_status(404);
    gateway.caller("partner").get(&path).of_status(403);
    gateway.caller("").get(&path).of_status(401);
    gateway.caller("officer").get("/v1/acts/act_000000000zzz0000/evidence").of_status(404);
    let beyond = act["id"].as_str().unwrap().replace("0000", "000z");
    gateway.caller("officer").get(&format!("/v1/acts/{beyond}/evidence")).of_status(404);
    gateway.caller("officer").get(&format!("{path}?limit=0")).of_status(400);
    // A secret request's is for its viewers alone.
    let secret = with(&freezing(&gateway, "100.00"), "viewers", json!(["officer"]));
    let id = gateway.submit(&secret).id;
    let shown = eventually("its end", || {
        let view = gateway.caller("officer").get(&format!("/v1/requests/{id}")).of_status(200).json();
        (view["state"] == "finished").then_some(view)
    });
    let path = format!("/v1/acts/{}/evidence", shown["acts"][0]["id"].as_str().unwrap());
    gateway.caller("officer").get(&path).of_status(200);
    for who in ["approver", "auditor", "operator", "court-auditor"] {
        gateway.caller(who).get(&path).of_status(404);
    }
}

#[test]
fn a_page_at_a_time_and_a_sheet_for_people() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let act = gateway.run(&freezing(&gateway, "400.00")).act("freeze", "bank-a").clone();
    let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
    let officer = gateway.caller("officer");
    let whole = proven(&officer, &act);
    // The same bytes and proofs on every page, whatever was read for those before it.
    let head = |page: &Value| {
        let mut head = page.clone();
        ["as_of", "events", "next", "tree_size", "checkpoint", "head"].iter().for_each(|key| head[key] = Value::Null);
        head
    };
    let bytes = |event: &Value| (event["sequence"].clone(), event["leaf"].clone(), event["leaf_hash"].clone());
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = officer.get(&format!("{path}?limit=1{cursor}")).of_status(200).json();
        found.extend(page["events"].as_array().unwrap().iter().map(bytes));
        assert_eq!(head(&page), head(&whole));
        assert_eq!(
            page["head"]["events_digest"], whole["head"]["events_digest"],
            "each page says which events there are"
        );
        if page["tree_size"] == whole["tree_size"] {
            let of_whole =
                whole["events"].as_array().unwrap().iter().find(|event| bytes(event) == bytes(&page["events"][0]));
            assert_eq!(Some(&page["events"][0]), of_whole, "its proof too");
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all: Vec<_> = whole["events"].as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(found, all);
    let ask = officer.call(reqwest::Method::GET, &path, &[("Accept", "text/plain")], None);
    let sheet = RUNTIME.block_on(ask).unwrap().of_status(200);
    assert_eq!(sheet.header("content-type"), Some("text/plain; charset=utf-8"));
    let text = sheet.text();
    for said in ["协助执行事项证据单", "协助单位办理生效", "顺位（D31）", "第1位", domain::rules::D29.zh, "400.00"]
    {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn evidence_is_checked_offline_and_what_was_altered_is_found() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let act = gateway.run(&freezing(&gateway, "400.00")).act("freeze", "bank-a").clone();
    proven(&gateway.caller("officer"), &act);
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["request", "--url", gateway.url(), "--token", &gateway.caller("officer").token, "evidence"]);
        command.arg(act["id"].as_str().unwrap()).args(more).stdin(Stdio::null()).output().unwrap()
    };
    let said = run(&[]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8_lossy(&said.stderr).contains("evidence sound"));
    assert!(String::from_utf8_lossy(&run(&["--sheet"]).stdout).contains("协助执行事项证据单"));
    let [key, receipts] = keys(&gateway);
    let file = gateway.root.path().join("evidence.json");
    let verify = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let file = file.to_string_lossy();
        let said = xiezhi(&["verify", "--evidence", &file, "--key", &key, "--key", &receipts]);
        (
            said.status.success(),
            format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr)),
        )
    };
    let saved = String::from_utf8(said.stdout).unwrap();
    let (sound, told) = verify(&saved);
    assert!(sound && told.contains("events proven"), "{told}");
    let altered = |change: &dyn Fn(&mut Value)| {
        let mut pages: Value = serde_json::from_str(&saved).unwrap();
        let events = pages[0]["events"].as_array_mut().unwrap();
        change(events.iter_mut().find(|event| event["name"] == "exchange.ended").unwrap());
        verify(&pages.to_string())
    };
    for (what, (sound, told)) in [
        ("a judgement", altered(&|event| event["leaf"]["f"]["judged"] = json!("accepted"))),
        ("a time", altered(&|event| event["leaf"]["at"] = json!(1))),
        ("a name", altered(&|event| event["name"] = json!("request.stopped"))),
    ] {
        assert!(!sound && told.contains("it was altered"), "{what}: {told}");
    }
    let mut pages: Value = serde_json::from_str(&saved).unwrap();
    let hash = pages[0]["events"][0]["proof"][0].as_str().unwrap().to_owned();
    pages[0]["events"][0]["proof"][0] =
        json!(format!("{}{}", if hash.starts_with('0') { '1' } else { '0' }, &hash[1..]));
    let (sound, told) = verify(&pages.to_string());
    assert!(!sound && told.contains("is not proven"), "{told}");
}

/// Evidence of two acts as somebody saved it, and what `verify` says when it is given back changed.
struct Saved {
    gateway: Gateway,
    page: Value,
    of_other: Value,
}

impl Saved {
    fn of_two() -> Self {
        let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
        let officer = gateway.caller("officer");
        let act = gateway.run(&freezing(&gateway, "400.00")).act("freeze", "bank-a").clone();
        let other = gateway.run(&look(&[1])).act("query", "bank-a").clone();
        let (page, of_other) = (proven(&officer, &act), proven(&officer, &other));
        Self { gateway, page, of_other }
    }

    fn verified_by(&self, page: &Value, keys: &[String]) -> (i32, String) {
        let file = self.gateway.root.path().join("evidence.json");
        std::fs::write(&file, page.to_string()).unwrap();
        let file = file.to_string_lossy();
        let mut words = vec!["verify", "--evidence", &*file];
        words.extend(keys.iter().flat_map(|key| ["--key", key.as_str()]));
        let said = xiezhi(&words);
        let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        (said.status.code().unwrap(), text)
    }

    fn changed(&self, change: impl Fn(&mut Value)) -> (i32, String) {
        let mut page = self.page.clone();
        change(&mut page);
        self.verified_by(&page, &keys(&self.gateway))
    }
}

fn unproven(page: &mut Value) {
    page["events"].as_array_mut().unwrap().iter_mut().for_each(|event| event["proof"] = Value::Null);
}

#[test]
fn evidence_that_lacks_something_or_is_another_acts_is_not_called_sound() {
    let saved = Saved::of_two();
    let of_other = &saved.of_other;
    let sound = saved.changed(|_| ());
    assert_eq!(sound.0, 0, "{}", sound.1);
    for (what, (code, told)) in [
        ("an event left out", saved.changed(|page| drop(page["events"].as_array_mut().unwrap().remove(1)))),
        ("the last left out", saved.changed(|page| drop(page["events"].as_array_mut().unwrap().pop()))),
        ("no event", saved.changed(|page| page["events"] = json!([]))),
        ("no proof", saved.changed(unproven)),
        ("more pages", saved.changed(|page| page["next"] = json!("9"))),
    ] {
        assert!(code == 3 && told.contains("NOT COMPLETE"), "{what}: {code} {told}");
    }
    let unproven_and_altered = |page: &mut Value| {
        unproven(page);
        page["events"][0]["leaf"]["at"] = json!(1);
    };
    let of_another = |page: &mut Value| {
        for of in ["events", "events_total", "checkpoint"] {
            page[of] = of_other[of].clone();
        }
    };
    let twice = |page: &mut Value| {
        let first = page["events"][0].clone();
        page["events"].as_array_mut().unwrap().insert(1, first);
    };
    for (what, wanted, (code, told)) in [
        ("a leaf without its proof", "it was altered", saved.changed(unproven_and_altered)),
        ("a time beside the leaf", "its time", saved.changed(|page| page["events"][0]["at"] = page["as_of"].clone())),
        ("the order's digest", "order_digest", saved.changed(|page| page["order_digest"] = json!("00"))),
        ("proofs of another act", "not about this act", saved.changed(of_another)),
        ("an event twice", "twice", saved.changed(twice)),
    ] {
        assert!(code == 1 && told.contains(wanted), "{what}: {code} {told}");
    }
}

#[test]
fn which_events_there_are_is_signed_and_what_says_otherwise_is_found() {
    let saved = Saved::of_two();
    let fewer = |page: &mut Value| {
        let events = page["events"].as_array_mut().unwrap();
        events.pop();
        page["events_total"] = json!(events.len());
    };
    let fewer_in_its_head_too = |page: &mut Value| {
        fewer(page);
        page["head"]["events_total"] = page["events_total"].clone();
    };
    let another = |page: &mut Value| page["head"] = saved.of_other["head"].clone();
    for (what, wanted, (code, told)) in [
        ("not all looked at", "`complete`", saved.changed(|page| page["complete"] = json!(false))),
        ("fewer events, and so it says", "`events_total`", saved.changed(fewer)),
        ("and in its head too", "not signed", saved.changed(fewer_in_its_head_too)),
        ("a head of another act", "`act`", saved.changed(another)),
        ("a tree of its own", "`tree_size`", saved.changed(|page| page["tree_size"] = json!(1))),
    ] {
        assert!(code == 1 && told.contains(wanted), "{what}: {code} {told}");
    }
    let [key, receipts] = keys(&saved.gateway);
    for (what, (code, told)) in [
        ("a file of an earlier release", saved.changed(|page| drop(page.as_object_mut().unwrap().remove("head")))),
        ("a head of a later one", saved.changed(|page| page["head"]["v"] = json!(2))),
        ("no key of receipts", saved.verified_by(&saved.page, std::slice::from_ref(&key))),
    ] {
        assert!(code == 3 && told.contains("whether these are all cannot be told"), "{what}: {code} {told}");
    }
    let other_way = saved.verified_by(&saved.page, &[receipts.clone(), key]);
    assert_eq!(other_way.0, 0, "{}", other_way.1);
    let without = saved.verified_by(&saved.page, &[receipts]);
    assert!(without.0 == 1 && without.1.contains("the key of the checkpoints is missing"), "{}", without.1);
}

#[test]
fn a_second_objection_is_not_lost_and_the_same_one_is_one() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let act = gateway.run(&freezing(&gateway, "400.00")).act("freeze", "bank-a").clone();
    let (operator, officer) = (gateway.caller("operator"), gateway.caller("officer"));
    let path = format!("/v1/acts/{}/objection", act["id"].as_str().unwrap());
    let object = |text: &str| operator.post(&path, &json!({ "text": text }));
    let (first, second) = ("该账户为工会经费专户", "该账户另有质押");
    let taken = object(first).of_status(200).bytes;
    assert_eq!(object(first).of_status(200).bytes, taken, "whoever did not hear the answer sends it again");
    let refused = object(second).of_status(409);
    assert_eq!((refused.slug().as_str(), &refused.json()["state"]), ("wrong_state", &json!("objection_open")));
    let open = officer.get("/v1/tasks?kind=answer_objection").of_status(200).json();
    let end = format!("/v1/tasks/{}/end", open["tasks"][0]["id"].as_str().unwrap());
    officer.post(&end, &json!({ "end": "done", "reason": "异议不成立" })).of_status(200);
    object(second).of_status(200);
    let shown = evidence(&officer, &act);
    let texts: Vec<&str> =
        shown["objections"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(texts, [first, second]);
}

#[test]
fn the_applicant_sees_what_its_court_allows_and_nobody_by_it() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let ask = secure(&[0]).claim("300.00");
    let view = gateway.run(&ask);
    let (path, case) = (format!("/v1/requests/{}/applicant", view.0["id"].as_str().unwrap()), case_of(&view));
    let say = |who: &str, allow: bool| {
        let body = json!({ "allow": allow, "reason": "申请执行人书面申请" });
        gateway.caller(who).post(&format!("/v1/cases/{case}/applicant"), &body)
    };
    let refused = gateway.caller("officer").get(&path).of_status(403);
    assert_eq!((refused.slug().as_str(), refused.rules()), ("applicant_not_allowed", vec!["D34".to_owned()]));
    assert!(refused.json()["rules"][0]["text"].as_str().unwrap().contains("许可"));
    say("officer", true).of_status(403);
    say("approver", false).of_status(409);
    say("approver", true).of_status(200);
    say("second", true).of_status(409);
    let shown = gateway.caller("officer").get(&path).of_status(200).json();
    let frozen = shown["results"].as_array().unwrap().iter().find(|it| it["kind"] == "freeze").unwrap().clone();
    let account = gateway.bank("bank-a").account(0);
    assert_eq!((&frozen["caught"], &frozen["state"]), (&json!("300.00"), &json!("done")));
    assert_eq!(frozen["account_end"].as_str().unwrap(), &account[account.len() - 4..]);
    assert_eq!(shown["sums"]["controlled"], "300.00");
    let text = shown.to_string();
    for hidden in
        [account.as_str(), &account[..12], &person(0).id_number, &person(0).name, "act_", "req_", "cas_", "slip"]
    {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    gateway.caller("neighbour").get(&path).of_status(404);
    gateway.caller("operator").get(&path).of_status(403);
    // Every read by a person is an event; a secret request of the same case shows nothing to anybody here.
    let auditor = gateway.caller("auditor");
    let read = eventually("the read in the trail", || {
        let size = gateway.figure("xiezhi_checkpoint_events")?;
        (0..size).rev().take(20).find_map(|index| {
            let leaf = auditor.get(&format!("/v1/trail/entries/{index}")).of_status(200).json()["leaf"].clone();
            (leaf["e"] == "access.read" && leaf["f"]["by"] == "officer").then_some(leaf)
        })
    });
    assert!(read["f"]["request"].is_u64());
    let secret = with(&look(&[0]).same_case(&ask), "viewers", json!(["officer"]));
    let id = gateway.submit(&secret).id;
    for who in ["officer", "auditor"] {
        gateway.caller(who).get(&format!("/v1/requests/{id}/applicant")).of_status(404);
    }
    say("second", false).of_status(200);
    gateway.caller("officer").get(&path).of_status(403);
}

#[test]
fn the_debtor_is_told_once_after_the_first_freeze_and_a_person_ends_it_with_a_note() {
    let banks = ["bank-a", "bank-b", "bank-c"].map(|id| Spec::called(id).holds(&[100_000]));
    let gateway = Gateway::with(banks.to_vec());
    let officer = gateway.caller("officer");
    let notices =
        || officer.get("/v1/tasks?kind=notify_debtor").of_status(200).json()["tasks"].as_array().unwrap().clone();
    let secret = with(&freezing(&gateway, "50.00"), "viewers", json!(["officer"]));
    let id = gateway.submit(&secret).id;
    eventually("the secret freeze", || {
        let view = officer.get(&format!("/v1/requests/{id}")).of_status(200).json();
        (view["state"] == "finished").then_some(())
    });
    assert_eq!(notices(), Vec::<Value>::new(), "whoever was told would know of a secret request");
    let ask = freezing(&gateway, "100.00");
    gateway.run(&ask);
    let told = notices();
    assert_eq!((told.len(), &told[0]["rule"], &told[0]["partner"]), (1, &json!("D20"), &json!("bank-a")));
    assert!(told[0]["due"].is_string() && told[0]["what"] == "送达被执行人通知", "{told:#?}");
    let more = |bank: &str| {
        let order = freeze(bank, &gateway.bank(bank).account(0), "10.00");
        let view = gateway.run(&acts(&[0], vec![order]).same_case(&ask).claim("1000.00"));
        assert_eq!(view.state_of("freeze", bank), "done");
    };
    more("bank-b");
    assert_eq!(notices().len(), 1);
    let end = format!("/v1/tasks/{}/end", told[0]["id"].as_str().unwrap());
    officer.post(&end, &json!({ "end": "done", "reason": "已于今日邮寄送达" })).of_status(200);
    more("bank-c");
    assert_eq!(notices(), Vec::<Value>::new(), "told is told");
}
