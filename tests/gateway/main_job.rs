//! The main job: one click over a pulling bank and two called ones, judged by the banks' books.

use serde_json::json;
use simulators::yuan;

use crate::bench::{Bank, Gateway, Setup, Spec, View, collect, look, secure};

fn three_banks() -> Vec<Spec> {
    vec![
        Spec::pulling("bank-a").holds(&[300_000]),
        Spec::called("bank-b").holds(&[500_000]),
        Spec::called("bank-c").holds(&[200_000]),
    ]
}

#[test]
fn look_tells_what_is_there_and_touches_nothing() {
    let gateway = Gateway::with(three_banks());
    let view = gateway.run(&look(&[0]));
    assert_eq!(view.state(), "finished");
    assert_eq!(view.states(), ["done", "done", "done"]);
    for (bank, balance) in [("bank-a", "3000.00"), ("bank-b", "5000.00"), ("bank-c", "2000.00")] {
        let found = &view.act("query", bank)["outcomes"][0]["accounts"];
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found[0]["number"], gateway.bank(bank).account(0));
        assert_eq!((&found[0]["balance"], &found[0]["available"]), (&json!(balance), &json!(balance)), "{bank}");
        assert!(gateway.bank(bank).books().effects().is_empty());
    }
}

#[test]
fn secure_freezes_just_enough_over_all_banks() {
    let gateway = Gateway::with(three_banks());
    let view = gateway.run(&secure(&[0]).claim("7000.00").costs("50.00"));
    assert_eq!(view.state(), "finished");
    assert_eq!(gateway.banks.iter().map(Bank::held).sum::<i64>(), 705_000);
    assert_eq!((view.ledger("controlled"), view.ledger("exposure")), ("7050.00", "7050.00"));
    for bank in &gateway.banks {
        let told: Vec<_> =
            view.acts_of("freeze", &bank.spec.id).iter().map(|act| act["measure"]["caught"].clone()).collect();
        let booked: Vec<_> = if bank.held() > 0 { vec![json!(yuan(bank.held()))] } else { Vec::new() };
        assert_eq!(told, booked, "{}", bank.spec.id);
        assert_eq!(bank.paid(), 0);
    }
}

#[test]
fn collect_brings_the_money_to_the_court_and_a_repeat_changes_nothing() {
    let gateway = Gateway::with(three_banks());
    let ask = collect(&[0]).claim("8000.00").costs("123.45");
    let first = gateway.submit_as("one-click", &ask).of_status(202);
    let id = first.json()["request"]["id"].as_str().unwrap().to_owned();
    assert_eq!(first.header("location"), Some(format!("/v1/requests/{id}").as_str()));
    let view = gateway.wait_finished(&id);
    let paid: i64 = gateway.banks.iter().map(Bank::paid).sum();
    assert_eq!((paid, view.ledger("deducted")), (812_345, "8123.45"), "{:#}", view.0);
    assert_eq!(gateway.banks.iter().map(Bank::held).sum::<i64>(), 0, "what is over is released");
    assert_eq!(
        (view.ledger("controlled"), view.ledger("in_doubt"), view.ledger("deducting")),
        ("0.00", "0.00", "0.00")
    );
    for bank in &gateway.banks {
        let told: Vec<_> =
            view.acts_of("deduct", &bank.spec.id).iter().map(|act| act["outcomes"][0]["moved"].clone()).collect();
        let booked: Vec<_> = bank.books().paid_out().iter().map(|payment| json!(yuan(payment.amount))).collect();
        assert_eq!(told, booked, "{}", bank.spec.id);
    }
    let again = gateway.submit_as("one-click", &ask).of_status(202);
    assert_eq!(again.bytes, first.bytes, "the same key and body are answered with the same bytes");
    let other = gateway.submit_as("one-click", &ask.clone().claim("8000.01")).of_status(422);
    assert_eq!(other.slug(), "idempotency_key_reused");
    assert_eq!(gateway.banks.iter().map(Bank::paid).sum::<i64>(), 812_345);
}

/// The claim is amended downwards while deductions wait for approval: what the smaller claim does not need is set free.
#[test]
fn what_is_frozen_in_excess_is_released_once_the_debt_is_paid() {
    let banks = vec![Spec::called("bank-a").holds(&[400_000]), Spec::pulling("bank-b").holds(&[600_000])];
    let gateway = Setup { deduct_approvals: 1, ..Setup::of(banks) }.start();
    let ask = collect(&[0]).claim("10000.00");
    let submitted = gateway.submit(&ask);
    let view = gateway.wait_until(&submitted.id, "both deductions wait for approval", |view| {
        view.acts_of("deduct", "bank-a").len() + view.acts_of("deduct", "bank-b").len() == 2
    });
    assert_eq!((view.state_of("deduct", "bank-a"), view.state_of("deduct", "bank-b")), ("planned", "planned"));
    assert_eq!(gateway.banks.iter().map(Bank::held).sum::<i64>(), 1_000_000);
    gateway.run(&look(&[0]).same_case(&ask).claim("4000.00").at(&["bank-a"]));
    let reason = json!({ "reason": "申请执行人撤回部分请求" });
    let given_up = |view: &View| view.state_of("deduct", "bank-b") == "withdrawn";
    gateway.wait_until(&submitted.id, "the deduction that is over is taken back by itself", given_up);
    gateway.caller("approver").post(&format!("/v1/requests/{}/approve", submitted.id), &reason).of_status(200);
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!(
        (view.ledger("target"), view.ledger("deducted"), view.ledger("controlled")),
        ("4000.00", "4000.00", "0.00")
    );
    assert_eq!((view.state_of("deduct", "bank-b"), view.state_of("release", "bank-b")), ("withdrawn", "done"));
    assert_eq!((gateway.bank("bank-a").paid(), gateway.bank("bank-b").paid()), (400_000, 0));
    assert_eq!(gateway.bank("bank-b").held(), 0, "{:#}", view.0);
}

/// A court secures first and collects another day.
#[test]
fn what_an_earlier_request_secured_is_collected_by_a_later_one() {
    let gateway = Gateway::with(three_banks());
    let first = secure(&[0]).claim("9000.00");
    gateway.run(&first);
    assert_eq!(gateway.banks.iter().map(Bank::held).sum::<i64>(), 900_000);
    let view = gateway.run(&collect(&[0]).same_case(&first).claim("9000.00"));
    assert_eq!(gateway.banks.iter().map(Bank::paid).sum::<i64>(), 900_000, "{:#}", view.0);
    assert_eq!(gateway.banks.iter().map(Bank::held).sum::<i64>(), 0);
}
