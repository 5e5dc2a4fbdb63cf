//! A storm of kills under load: what was acknowledged is known and ends, nothing takes effect twice, all sums agree.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use simulators::{Fault, Knob, Sequence};
use tokio::task::JoinHandle;

use crate::bench::{Bank, Caller, Gateway, RUNTIME, Setup, Spec, Submitted, collect, eventually, look, secure};

/// For each change; the night sets `XIEZHI_KILLS` (or `KILLS`).
const KILLS: u64 = 20;
/// Requests that may be open at once, so that the end does not take longer than the storm.
const OPEN_MAX: u64 = 60;

fn kills() -> u64 {
    let told = std::env::var("XIEZHI_KILLS").or_else(|_| std::env::var("KILLS"));
    told.ok().and_then(|count| count.parse().ok()).unwrap_or(KILLS)
}

/// What the courts know: every key that was sent, with its body, and what was acknowledged.
#[derive(Default)]
struct Known {
    sent: BTreeMap<String, Value>,
    acknowledged: BTreeMap<String, Submitted>,
}

/// Courts that submit without pause to whatever gateway there is, and repeat what was not answered.
fn press(
    known: &Arc<Mutex<Known>>,
    caller: &Arc<Mutex<Option<Caller>>>,
    done: &Arc<AtomicBool>,
    bodies: Vec<Value>,
) -> JoinHandle<()> {
    let (known, caller, done) = (Arc::clone(known), Arc::clone(caller), Arc::clone(done));
    RUNTIME.spawn(async move {
        let mut bodies = bodies.into_iter().enumerate().peekable();
        while let Some((place, body)) = bodies.peek().cloned() {
            if done.load(Ordering::Relaxed) {
                return;
            }
            let key = format!("storm-{place}");
            let now = caller.lock().unwrap().clone();
            let Some(now) = now else {
                tokio::task::yield_now().await;
                continue;
            };
            known.lock().unwrap().sent.insert(key.clone(), body.clone());
            // No answer, or shed: the same key goes again, as a court's system does.
            if let Ok(answer) = now.submit(&key, &body).await
                && answer.status == 202
            {
                known.lock().unwrap().acknowledged.insert(key, Submitted::of(&answer));
                bodies.next();
            }
        }
    })
}

fn banks() -> Vec<Spec> {
    let tune = |spec: &mut Spec| {
        spec.total_ms = 600;
        spec.doubt.not_found_ms = Some(1_500);
        spec.breaker = (20, 200);
    };
    vec![
        Spec::pulling("bank-a").holds(&[30_000]).with(|spec| spec.poll_ms = 50),
        Spec::called("bank-b").holds(&[40_000]).with(tune),
        Spec::called("bank-c").holds(&[50_000]).with(tune),
    ]
}

fn make_trouble(gateway: &Gateway) {
    for bank in &gateway.banks {
        let faults: &[Fault] = if bank.spec.pulls {
            &[Fault::SilenceAfterAccept, Fault::DuplicateFeedback, Fault::ResetMidBody]
        } else {
            &[
                Fault::SilenceAfterAccept,
                Fault::SilenceBeforeAccept,
                Fault::ResetMidBody,
                Fault::ErrorAfterEffect,
                Fault::ErrorBeforeEffect,
            ]
        };
        for fault in faults {
            bank.knobs().set(Knob::share(*fault, 0.02));
        }
    }
}

/// Waits until so many more events are durable or, while nobody presses, nothing is left to happen; the moment is the scheduler's.
fn let_it_run(gateway: &Gateway, events: u64, seen: u64, pressed: bool) -> u64 {
    eventually("some more events", || {
        let durable = gateway.figure("xiezhi_journal_durable_events")?;
        let idle = !pressed && gateway.figure("xiezhi_open_requests")? == 0;
        (durable >= seen + events || idle).then_some(durable)
    })
}

#[test]
fn a_storm_of_kills_loses_and_doubles_nothing() {
    let mut gateway = Setup { snapshot_events: 2_000, log: "warn", ..Setup::of(banks()) }.start();
    let mut random = Sequence::new(20_261_122);
    let bodies: Vec<Value> = (0..kills() * 40)
        .map(|place| {
            let person = [usize::try_from(place % 300).unwrap()];
            let claim = format!("{}.{:02}", random.below(900) + 1, random.below(100));
            let ask = match random.below(4) {
                0 => look(&person),
                1 => secure(&person),
                _ => collect(&person),
            };
            gateway.body(&ask.claim(&claim))
        })
        .collect();
    let (known, done) = (Arc::new(Mutex::new(Known::default())), Arc::new(AtomicBool::new(false)));
    let caller = Arc::new(Mutex::new(Some(gateway.caller("submitter"))));
    let courts = press(&known, &caller, &done, bodies);
    let (mut seen, mut pressed) = (0, true);
    for kill in 0..kills() {
        make_trouble(&gateway);
        seen = let_it_run(&gateway, 40 + random.below(120), seen, pressed);
        if kill % 5 == 0 {
            gateway.keep_checkpoint();
        }
        gateway.kill();
        gateway.start();
        let open = gateway.figure("xiezhi_open_requests").unwrap();
        pressed = open < OPEN_MAX;
        *caller.lock().unwrap() = pressed.then(|| gateway.caller("submitter"));
        seen = seen.max(gateway.figure("xiezhi_journal_durable_events").unwrap());
        gateway.banks.iter().for_each(|bank| bank.knobs().clear());
    }
    done.store(true, Ordering::Relaxed);
    // A last answer must be noted before anybody judges; and a court that waits for `known` would hold one of the runtime's threads, with
    // the sockets of everybody who is judging.
    RUNTIME.block_on(courts).unwrap();
    eventually("the end of all requests", || (gateway.figure("xiezhi_open_requests")? == 0).then_some(()));
    gateway.wait_index_filled();
    let known = known.lock().unwrap();
    assert!(known.acknowledged.len() as u64 >= kills() * 2, "{} acknowledged", known.acknowledged.len());
    judge(&gateway, &known);
}

/// Every acknowledged request is known, ended and answered as before; the courts' sums are the banks' sums.
fn judge(gateway: &Gateway, known: &Known) {
    let mut told = BTreeMap::<String, i64>::new();
    for (key, submitted) in &known.acknowledged {
        let again = RUNTIME.block_on(gateway.caller("submitter").submit(key, &known.sent[key])).unwrap().of_status(202);
        assert_eq!(again.bytes, submitted.bytes, "{key} is answered otherwise than it was");
        let view = gateway.view(&submitted.id);
        assert_eq!(view.state(), "finished", "{:#}", view.0);
        for act in view.acts() {
            assert!(
                !matches!(act["state"].as_str(), Some("planned" | "ready" | "sending" | "awaiting" | "in_doubt")),
                "{act:#}"
            );
            if act["kind"] == "deduct" {
                let moved =
                    act["outcomes"].as_array().unwrap().last().map_or(json!("0.00"), |last| last["moved"].clone());
                let fen = simulators::parse_yuan(moved.as_str().unwrap_or("0.00")).unwrap();
                *told.entry(act["partner"].as_str().unwrap().to_owned()).or_default() += fen;
            }
        }
    }
    // One body may have been taken whose answer a kill swallowed: its money is in the books and not in `told`.
    let unanswered = known.sent.len() - known.acknowledged.len();
    assert!(unanswered <= 1, "{unanswered} never answered");
    if unanswered == 0 {
        let booked: BTreeMap<String, i64> = gateway
            .banks
            .iter()
            .filter(|bank| bank.paid() > 0)
            .map(|bank| (bank.spec.id.clone(), bank.paid()))
            .collect();
        assert_eq!(told, booked, "what courts were told is what left the accounts");
    }
    gateway.banks.iter().for_each(Bank::judge);
}

/// A partner's own agreement says when to try again, not the fact that nothing was configured yet at the first event of a start.
#[test]
fn what_a_kill_interrupted_goes_on_as_soon_as_the_next_start_is_configured() {
    const GUESSED_WAIT_MS: i64 = 45_000;
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.total_ms = 30_000)]);
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1));
    let request = gateway.submit(&look(&[0]));
    gateway.wait_until(&request.id, "the query under way", |view| view.state_of("query", "bank-a") == "sending");
    gateway.restart();
    let view = gateway.wait_finished(&request.id);
    let sent = gateway.begins(&request.id, "send", view.act("query", "bank-a"));
    assert_eq!(sent.len(), 2);
    assert!(sent[1] - sent[0] < GUESSED_WAIT_MS, "{sent:?}");
}
