//! For whom an act waited, through the real gateway: each stage from both sides, in the evidence, on its sheet, and held by `verify --evidence`.

use std::collections::BTreeSet;

use domain::delay::Stage;
use serde_json::{Value, json};
use simulators::{Fault, Knob};

use crate::bench::{Gateway, RUNTIME, Spec, View, acts, eventually, freeze, look, xiezhi};

/// An act's evidence once every event of it is proven.
fn proven(gateway: &Gateway, act: &Value) -> Value {
    let path = format!("/v1/acts/{}/evidence?limit=200", act["id"].as_str().unwrap());
    eventually("a checkpoint that covers it", || {
        let shown = gateway.caller("auditor").get(&path).of_status(200).json();
        shown["events"].as_array().unwrap().iter().all(|event| event["proof"].is_array()).then_some(shown)
    })
}

fn stages(shown: &Value) -> Vec<(String, String)> {
    let word = |delay: &Value, key: &str| delay[key].as_str().unwrap().to_owned();
    shown["delays"].as_array().unwrap().iter().map(|delay| (word(delay, "stage"), word(delay, "awaited"))).collect()
}

fn ms_of(shown: &Value, stage: &str) -> i64 {
    let delays = shown["delays"].as_array().unwrap().iter().filter(|delay| delay["stage"] == stage);
    delays.map(|delay| delay["ms"].as_i64().unwrap()).sum()
}

/// What each stage that was seen is called on the sheet, and that an outsider finds the evidence sound.
struct Held<'g> {
    gateway: &'g Gateway,
    seen: BTreeSet<String>,
}

impl Held<'_> {
    fn hold(&mut self, act: &Value, stage: Stage) -> Value {
        let shown = proven(self.gateway, act);
        // Who stops for the whole house is no court.
        let awaited = if stage == Stage::Stop { "gateway" } else { stage.awaited().word() };
        let waited = (stage.word().to_owned(), awaited.to_owned());
        assert!(stages(&shown).contains(&waited), "{waited:?} in {:?}", stages(&shown));
        let path = format!("/v1/acts/{}/evidence?limit=200", act["id"].as_str().unwrap());
        let auditor = self.gateway.caller("auditor");
        let ask = auditor.call(reqwest::Method::GET, &path, &[("Accept", "text/plain")], None);
        let sheet = RUNTIME.block_on(ask).unwrap().of_status(200).text();
        assert!(sheet.contains(stage.chinese()), "{} in {sheet}", stage.chinese());
        let keys = self.gateway.caller("").get("/trail/keys").of_status(200).json();
        let file = self.gateway.root.path().join("evidence.json");
        std::fs::write(&file, shown.to_string()).unwrap();
        let [key, receipts] = ["checkpoint", "receipt"].map(|kind| keys[kind].as_str().unwrap());
        let said = xiezhi(&["verify", "--evidence", &file.to_string_lossy(), "--key", key, "--key", receipts]);
        assert!(said.status.success(), "{}: {}", stage.word(), String::from_utf8_lossy(&said.stderr));
        self.seen.insert(stage.word().to_owned());
        shown
    }
}

fn queries(view: &View, partner: &str) -> Vec<Value> {
    let mut acts: Vec<Value> = view.acts().iter().copied().filter(|act| act["partner"] == partner).cloned().collect();
    acts.sort_by_key(|act| act["id"].as_str().unwrap().to_owned());
    acts
}

#[test]
fn waits_for_agreed_limits_and_for_a_breaker_are_told_apart_from_our_own_turn() {
    let gateway = Gateway::with(vec![
        Spec::called("bank-r").with(|spec| spec.rate = (1, 1_300, 1)),
        Spec::called("bank-f").with(|spec| (spec.in_flight, spec.total_ms) = (1, 5_000)),
        Spec::called("bank-k").with(|spec| (spec.in_flight, spec.breaker) = (1, (1, 1_500))),
        Spec::called("bank-t"),
    ]);
    gateway.bank("bank-f").knobs().set(Knob::share(Fault::Delay, 1.0).ms(1_300));
    gateway.bank("bank-k").knobs().set(Knob::next(Fault::ErrorBeforeEffect, 1));
    let mut held = Held { gateway: &gateway, seen: BTreeSet::new() };
    let view = gateway.run(&look(&[0, 1]).at(&["bank-r", "bank-f", "bank-k", "bank-t"]));
    for (partner, stage) in [("bank-r", Stage::Pace), ("bank-f", Stage::InFlight), ("bank-k", Stage::Rest)] {
        let acts = queries(&view, partner);
        let with: Vec<&Value> =
            acts.iter().filter(|act| ms_of(&proven(&gateway, act), stage.word()) >= 1_000).collect();
        assert!(
            !with.is_empty(),
            "{partner}: {:?}",
            acts.iter().map(|act| stages(&proven(&gateway, act))).collect::<Vec<_>>()
        );
        with.iter().for_each(|act| drop(held.hold(act, stage)));
        if partner != "bank-k" {
            assert_eq!(with.len(), 1, "{partner}: the first one waited for nobody");
        }
    }
    for act in queries(&view, "bank-t") {
        let told = stages(&held.hold(&act, Stage::Exchange));
        let others = [Stage::Pace, Stage::InFlight, Stage::PerDay, Stage::Rest].map(Stage::word);
        assert!(told.iter().all(|(stage, _)| !others.contains(&stage.as_str())), "{told:?}");
    }
    assert_eq!(held.seen.len(), 4);
}

#[test]
fn what_the_partners_settings_hold_is_told_apart_from_our_own_turn() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]), Spec::called("bank-d")]);
    let text = gateway.bank("bank-d").spec.file(gateway.bank("bank-d").url());
    gateway.write_config_file("partners/bank-d.toml", &text.replace("in_flight_max", "per_day = 1\nin_flight_max"));
    let reload = |gateway: &Gateway, wanted: &str| {
        let before = gateway.figure("xiezhi_journal_durable_events");
        gateway.signal("HUP");
        eventually("the configuration in force", || {
            let partners = gateway.caller("operator").get("/v1/partners").of_status(200).json()["partners"].clone();
            let of = partners.as_array().unwrap().iter().find(|partner| partner["id"] == "bank-a").cloned().unwrap();
            (of["stage"] == wanted && gateway.figure("xiezhi_journal_durable_events") > before).then_some(())
        });
    };
    reload(&gateway, "deduct");
    // The day's one question is asked; the other waits for the partner until tomorrow.
    let day = gateway.submit(&look(&[0, 1]).at(&["bank-d"])).id;
    let view =
        gateway.wait_until(&day, "the first answer", |view| view.acts().iter().any(|act| act["state"] == "done"));
    let waiting = queries(&view, "bank-d").into_iter().find(|act| act["state"] == "ready").unwrap();

    let pause = json!({ "reason": "例行维护", "until": domain::day::show_instant(now() + 3_600_000) });
    let operator = gateway.caller("operator");
    operator.post("/v1/partners/bank-a/pause", &pause).of_status(200);
    let account = gateway.bank("bank-a").account(0);
    let frozen = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "400.00")]).claim("1000.00")).id;
    gateway.rewrite_partner("bank-a", |spec| spec.stage = "query");
    reload(&gateway, "query");
    operator.post_nothing("/v1/partners/bank-a/resume").of_status(200);
    let act = gateway.view(&frozen).act("freeze", "bank-a").clone();
    let mut held = Held { gateway: &gateway, seen: BTreeSet::new() };
    let shown = held.hold(&act, Stage::NotOpen);
    assert_eq!(shown["delays"].as_array().unwrap().last().unwrap()["until"], Value::Null, "still: {shown:#}");
    held.hold(&act, Stage::Pause);
    held.hold(&waiting, Stage::PerDay);
    let seen = held.seen;
    // Open again, but the officer is registered no more.
    let text =
        gateway.bank("bank-a").spec.file(gateway.bank("bank-a").url()).replace("\"query\"\nhours", "\"deduct\"\nhours");
    let registered = "\n[[officers]]\nwork_id = \"GZ0\"\nduty_id = \"GW0\"\n";
    gateway.write_config_file("partners/bank-a.toml", &format!("{text}{registered}"));
    reload(&gateway, "deduct");
    let mut held = Held { gateway: &gateway, seen };
    let shown = held.hold(&act, Stage::Officer);
    assert_eq!(stages(&shown).last(), Some(&("officer".to_owned(), "court".to_owned())));
    gateway.write_config_file("partners/bank-a.toml", &text);
    reload(&gateway, "deduct");
    gateway.wait_finished(&frozen);
    for stage in [Stage::NotOpen, Stage::Officer] {
        let shown = held.hold(&act, stage);
        assert!(shown["delays"].as_array().unwrap().iter().all(|delay| delay["until"].is_string()), "{shown:#}");
    }
    assert_eq!(held.seen.len(), 4);
}

#[test]
fn an_emergency_stop_and_our_own_downtime_are_told_and_proven() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]), Spec::pulling("bank-p")]);
    let account = gateway.bank("bank-a").account(0);
    let order = json!({ "scope": { "acts": ["freeze"] }, "reason": "核查" });
    let stop = gateway.caller("operator").post("/v1/stops", &order).of_status(200).json()["id"].clone();
    let lift = format!("/v1/stops/{}/lift", stop.as_str().unwrap());
    let frozen = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "400.00")]).claim("1000.00")).id;
    let act = gateway.view(&frozen).act("freeze", "bank-a").clone();
    Held { gateway: &gateway, seen: BTreeSet::new() }.hold(&act, Stage::Stop);
    // Nobody holds what a bank may fetch, and nobody could fetch it while we did not run.
    let idle = gateway.submit(&look(&[1]).at(&["bank-p"])).id;
    let fetched = gateway.view(&idle).act("query", "bank-p").clone();
    gateway.kill();
    gateway.restart();
    for who in ["operator", "operator-2"] {
        gateway.caller(who).post(&lift, &json!({ "reason": "已核实" })).of_status(200);
    }
    gateway.wait_finished(&frozen);
    RUNTIME.block_on(gateway.bank("bank-p").hub().poll_now()).unwrap();
    gateway.wait_finished(&idle);
    let mut held = Held { gateway: &gateway, seen: BTreeSet::new() };
    let stopped = held.hold(&act, Stage::Stop);
    assert!(!stages(&stopped).iter().any(|(stage, _)| stage == "pace" || stage == "not_open"), "{stopped:#}");
    let shown = held.hold(&fetched, Stage::Down);
    assert!(!stages(&shown).iter().any(|(stage, _)| stage == "stop"), "a stop of freezes holds no question: {shown:#}");
}

fn now() -> domain::Millis {
    engine::clock::Clock::wall(&engine::clock::SystemClock::new())
}
