//! Lists are searched while requests are taken: neither waits for the other for ever.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::bench::{Gateway, Spec, look};

#[test]
fn searches_by_case_are_answered_while_requests_are_taken() {
    const SEARCHES: usize = 200;
    const SUBMITTED_MAX: usize = 500;
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let ask = look(&[0]);
    gateway.run(&ask);
    let number = ask.0["case"]["number"].as_str().unwrap();
    let case: String = number.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let searching = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let searchers: Vec<_> = ["submitter", "auditor", "court-auditor", "approver"]
            .map(|name| {
                let caller = gateway.caller(name);
                let case = &case;
                scope.spawn(move || {
                    for _ in 0..SEARCHES {
                        let found = caller.get(&format!("/v1/requests?case={case}")).of_status(200).json();
                        assert_eq!(found["requests"].as_array().map(Vec::len), Some(1), "{found:#}");
                        caller.get(&format!("/v1/measures?case={case}")).of_status(200);
                    }
                })
            })
            .into();
        scope.spawn(|| {
            for _ in 0..SUBMITTED_MAX {
                if !searching.load(Ordering::Relaxed) {
                    return;
                }
                gateway.submit(&look(&[1]));
            }
        });
        let ended: Vec<_> = searchers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        searching.store(false, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "a search was not answered");
    });
    let last = gateway.run(&look(&[2]));
    assert_ne!(last.0["id"], Value::Null);
}
