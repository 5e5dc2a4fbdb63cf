//! Every fault that a called bank can show, once for each kind of message: whatever the line does, the end is right.

use std::collections::BTreeSet;

use simulators::{FAULTS, Fault, Knob};

use crate::bench::{Bank, Gateway, Spec, collect, look};

const MESSAGES: [&str; 3] = ["100309", "100201", "100211"];

fn id_of(fault: Fault) -> String {
    serde_json::to_value(fault).unwrap().as_str().unwrap().replace('_', "-")
}

/// One bank for each fault, which shows it once to the query, once to the freeze, once to the deduction.
#[test]
fn each_fault_once_on_query_freeze_and_deduct_ends_with_one_effect_each() {
    let faults: Vec<Fault> = FAULTS.iter().filter(|row| row.http).map(|row| row.fault).collect();
    let bank = |fault: &Fault| {
        Spec::called(&id_of(*fault)).holds(&[10_000]).with(|spec| {
            spec.total_ms = 1_000;
            spec.doubt.not_found_ms = Some(1_200);
        })
    };
    let gateway = Gateway::with(faults.iter().map(bank).collect());
    for (bank, fault) in gateway.banks.iter().zip(&faults) {
        for message in MESSAGES {
            bank.knobs().set(Knob::next(*fault, 1).only(message).ms(100));
        }
    }
    // All of it is needed, so that every bank is asked for all it has.
    let whole = i64::try_from(faults.len()).unwrap() * 10_000;
    let view = gateway.run(&collect(&[0]).claim(&simulators::yuan(whole)));
    assert_eq!(view.acts().len(), faults.len() * 3, "{:#}", view.0);
    assert_eq!(view.states().into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["done"]), "{:#}", view.0);
    for (bank, fault) in gateway.banks.iter().zip(&faults) {
        assert_eq!((bank.effects("freeze"), bank.effects("deduct")), (1, 1), "{fault:?}");
        assert_eq!((bank.paid(), bank.held()), (10_000, 0), "{fault:?}");
        assert_eq!(bank.knobs().fired(*fault), 3, "{fault:?}");
    }
    assert_eq!(view.ledger("deducted"), simulators::yuan(whole));
    assert_eq!(gateway.banks.iter().map(Bank::paid).sum::<i64>(), whole);
}

#[test]
fn too_many_calls_is_answered_by_waiting_as_long_as_the_bank_said() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").with(|spec| spec.retry_ms = (10, 10_000))]);
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::TooManySeconds, 1).ms(2_000));
    let submitted = gateway.submit(&look(&[0]));
    let view = gateway.wait_finished(&submitted.id);
    let sent = gateway.begins(&submitted.id, "send", view.act("query", "bank-a"));
    assert_eq!(sent.len(), 2);
    assert!(sent[1] - sent[0] >= 2_000, "{sent:?}");
}
