//! Limits: the agreed rate, places in flight, a bank that hangs, pauses and hours.

use serde_json::json;
use simulators::{Fault, Knob};

use crate::bench::{Gateway, Setup, Spec, eventually, look};

/// As the bank counts them: when they arrive.
#[test]
fn two_hundred_queued_acts_keep_the_agreed_rate() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.rate = (20, 400, 5))]);
    let people: Vec<usize> = (0..50).collect();
    let requests: Vec<_> = people.chunks(5).map(|people| gateway.submit(&look(people))).collect();
    let again: Vec<_> = (0..6).map(|round| gateway.submit(&look(&people[round..round + 25]))).collect();
    for request in requests.iter().chain(&again) {
        assert_eq!(gateway.wait_finished(&request.id).state(), "finished");
    }
    let bank = gateway.bank("bank-a").called();
    assert_eq!(bank.calls(), 200);
    assert_eq!(bank.violations(), Vec::new());
}

#[test]
fn never_more_exchanges_at_once_than_agreed() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.in_flight = 3)]);
    gateway.bank("bank-a").knobs().set(Knob::share(Fault::Delay, 1.0).ms(100));
    let request = gateway.submit(&look(&(0..20).collect::<Vec<_>>()));
    let mut most = 0;
    let mut seen = 0;
    eventually("the last act", || {
        let now = gateway.figure("xiezhi_in_flight{partner=\"bank-a\"}").unwrap();
        most = most.max(now);
        seen += 1;
        assert!(now <= 3);
        (gateway.figure("xiezhi_open_requests") == Some(0)).then_some(())
    });
    assert!(seen > 3 && most >= 2, "{most} at once in {seen} looks");
    assert_eq!(gateway.wait_finished(&request.id).state(), "finished");
}

#[test]
fn a_bank_that_hangs_delays_nobody_else() {
    let hung = Spec::called("bank-h").with(|spec| {
        spec.total_ms = 30_000;
        spec.in_flight = 4;
    });
    let others = ["bank-a", "bank-b", "bank-c"].map(Spec::called);
    let banks = others.into_iter().chain([hung, Spec::pulling("bank-p")]).collect();
    let mut gateway = Setup { drain_ms: 1_500, ..Setup::of(banks) }.start();
    gateway.bank("bank-h").knobs().set(Knob::share(Fault::SilenceBeforeAccept, 1.0));
    let requests: Vec<_> = (0..20).map(|person| gateway.submit(&look(&[person]))).collect();
    for request in &requests {
        let view = gateway.wait_until(&request.id, "everybody but the one that hangs", |view| {
            view.acts().iter().all(|act| (act["partner"] == "bank-h") != (act["state"] == "done"))
        });
        assert_eq!(view.state(), "open");
    }
    // Stopping waits no longer than it may for the one that hangs.
    gateway.signal("TERM");
    assert_eq!(gateway.wait_ended(), Some(0));
}

#[test]
fn a_pause_holds_until_it_is_ended_or_has_passed() {
    let gateway = Gateway::with(vec![Spec::called("bank-a"), Spec::pulling("bank-p").with(|spec| spec.poll_ms = 0)]);
    let operator = gateway.caller("operator");
    let in_ms = |ms: i64| domain::day::show_instant(now() + ms);
    for bank in ["bank-a", "bank-p"] {
        let pause = json!({ "reason": "银行系统升级", "until": in_ms(600_000) });
        operator.post(&format!("/v1/partners/{bank}/pause"), &pause).of_status(200);
    }
    let request = gateway.submit(&look(&[0]));
    let hub = gateway.bank("bank-p").hub();
    let poll = || crate::bench::RUNTIME.block_on(hub.poll_now()).unwrap();
    assert_eq!(poll().listed, 0, "a paused lane shows an empty list");
    let view = gateway.view(&request.id);
    assert_eq!((view.state_of("query", "bank-a"), view.state_of("query", "bank-p")), ("ready", "ready"));
    assert!(view.act("query", "bank-a")["next"]["by"].is_string());
    assert_eq!(gateway.bank("bank-a").called().calls(), 0);
    operator.post_nothing("/v1/partners/bank-p/resume").of_status(200);
    assert_eq!(poll().listed, 1);
    let pause = json!({ "reason": "再停片刻", "until": in_ms(1_500) });
    operator.post("/v1/partners/bank-a/pause", &pause).of_status(200);
    // Nobody ends this one: it ends by itself.
    assert_eq!(gateway.wait_finished(&request.id).states(), ["done", "done"]);
    assert_eq!(operator.post_nothing("/v1/partners/bank-a/resume").of_status(409).slug(), "wrong_state");
    let nothing = json!({ "reason": "", "until": in_ms(1_000) });
    operator.post("/v1/partners/bank-a/pause", &nothing).of_status(422);
    let long = json!({ "reason": "太久", "until": in_ms(30 * 86_400_000) });
    operator.post("/v1/partners/bank-a/pause", &long).of_status(422);
}

fn now() -> i64 {
    engine::clock::Clock::wall(&engine::clock::SystemClock::new())
}

#[test]
fn an_act_for_a_closed_bank_says_when_it_opens() {
    // A daily hour that is not now, wherever the clock stands: two to three hours ahead, or the first of the day.
    let hour = (now() / 3_600_000 + 8) % 24;
    let opens = if hour + 3 < 24 { hour + 2 } else { 0 };
    let hours = format!("daily {opens:02}:00-{:02}:00", opens + 1);
    let gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.hours = hours), Spec::called("bank-b")]);
    let request = gateway.submit(&look(&[0]));
    let view =
        gateway.wait_until(&request.id, "the open bank's answer", |view| view.state_of("query", "bank-b") == "done");
    let act = view.act("query", "bank-a");
    assert_eq!(act["state"], "ready");
    let by = act["next"]["by"].as_str().unwrap_or_else(|| panic!("no instant in {act:#}"));
    assert!(by.contains(&format!("T{opens:02}:00:00")), "{by}");
    // That it waits is the bank's hours' doing, and the evidence says so.
    let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
    let shown = gateway.caller("auditor").get(&path).of_status(200).json();
    let last = shown["delays"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["stage"], &last["awaited"]), (&json!("hours"), &json!("partner")), "{shown:#}");
    assert_eq!(gateway.bank("bank-a").called().calls(), 0);
}
