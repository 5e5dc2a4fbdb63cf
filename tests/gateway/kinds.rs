//! Partners that hold no accounts or hold other property: each through its own form, in its own time, and what they tell unasked.

use serde_json::{Value, json};
use simulators::Callback;
use simulators::police::{Police, PoliceConfig, Standing};

use crate::bench::{Gateway, Setup, View, acts, eventually, everybody, person};

const POLICE_ACTS: [&str; 6] = ["query", "locate", "watch", "border_control", "lift", "support"];

/// A gateway with police beside it who post to it by themselves.
fn with_police() -> (Gateway, Police) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let police = Police::start(&everybody(), PoliceConfig::default()).unwrap();
    let token = gateway.add_open_partner("police-a", "police", police.url(), "police-token", &POLICE_ACTS);
    gateway.start();
    police.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "police-a".to_owned(), token });
    (gateway, police)
}

fn of_police(kind: &str, more: Value) -> Value {
    let mut act = json!({ "kind": kind, "partner": "police-a", "subject": 0 });
    act.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act
}

fn classes(act: &Value) -> Vec<String> {
    let outcome = act["outcomes"].as_array().unwrap().last().unwrap();
    let findings = outcome["findings"].as_array().into_iter().flatten();
    findings.map(|finding| finding["class"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn police_say_who_somebody_is_and_where_they_were() {
    let (gateway, _police) = with_police();
    let asked = vec![of_police("query", json!({})), of_police("locate", json!({}))];
    let request = gateway.submit(&acts(&[0], asked));
    let view = gateway.wait_finished(&request.id);
    let who = view.act("query", "police-a");
    assert!(classes(who).contains(&"identity".to_owned()), "{who:#}");
    let identity = &who["outcomes"][0]["findings"][0]["details"];
    assert!(identity.as_array().unwrap().iter().any(|detail| detail["value"] == person(0).name), "{identity:#}");
    let whereabouts = view.act("locate", "police-a");
    assert!(classes(whereabouts).iter().all(|class| class == "whereabouts"), "{whereabouts:#}");
    assert_eq!(whereabouts["line"], 0, "a question stands on line 0");
}

#[test]
fn a_watched_person_who_turns_up_is_told_once_and_no_more_once_the_watch_is_lifted() {
    let (gateway, police) = with_police();
    let request = gateway.submit(&acts(&[0], vec![of_police("watch", json!({ "to": "2027-02-01" }))]));
    let watch = gateway.wait_finished(&request.id).act("watch", "police-a").clone();
    assert_eq!(watch["state"], "done");
    let hits = police.pass(&person(0).id_number, "石浦渔港");
    assert_eq!(hits.len(), 1);
    let leads = |view: &View| view.0["leads"].as_array().cloned().unwrap_or_default();
    let told = eventually("the hit", || {
        let view = gateway.view(&request.id);
        (leads(&view).len() == 1).then_some(view)
    });
    let lead = &leads(&told)[0];
    assert_eq!((&lead["class"], &lead["act"]), (&json!("hit"), &watch["id"]));
    assert!(lead["respond_by"].is_string(), "somebody of the court has a clock: {lead:#}");
    eventually("the police know that we have it", || police.all_posted().then_some(()));
    let lift = of_police("lift", json!({ "original": { "act": watch["id"] } }));
    let same_case = told.0["case"]["number"].as_str().unwrap().to_owned();
    let lifted = gateway.submit(&acts(&[0], vec![lift]).case(&same_case));
    assert_eq!(gateway.wait_finished(&lifted.id).state_of("lift", "police-a"), "done");
    assert!(police.pass(&person(0).id_number, "石浦渔港").is_empty());
    assert_eq!(leads(&gateway.view(&request.id)).len(), 1);
}

#[test]
fn people_who_come_to_help_are_under_way_until_they_have_come() {
    let (gateway, police) = with_police();
    let missing = gateway.submit_as("no-note", &acts(&[0], vec![of_police("support", json!({}))])).of_status(422);
    assert_eq!(missing.json()["errors"][0]["pointer"], "/acts/0/note");
    let ask = of_police("support", json!({ "to": "2026-12-01", "note": "强制腾退，请派员维持秩序" }));
    let request = gateway.submit(&acts(&[0], vec![ask]));
    let waits = |view: &View| view.act("support", "police-a")["outcomes"].as_array().is_some_and(|all| !all.is_empty());
    let view = gateway.wait_until(&request.id, "the police at it", waits);
    let act = view.act("support", "police-a");
    assert_eq!((&act["state"], &act["outcomes"][0]["verdict"]), (&json!("awaiting"), &json!("registered")));
    assert!(!act["next"]["who"].as_str().unwrap().is_empty());
    let number = View::key(act, false);
    assert!(police.finish(&number, Standing::Done, "已到场"));
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("support", "police-a"), "done");
}

#[test]
fn only_the_partner_itself_posts_and_only_what_it_may() {
    let (gateway, _police) = with_police();
    let path = "/v1/inbound/police-a";
    assert_eq!(gateway.caller("partner").post(path, &json!({})).of_status(404).slug(), "not_found", "another partner");
    assert_eq!(gateway.caller("submitter").post(path, &json!({})).of_status(403).slug(), "role_missing");
}
