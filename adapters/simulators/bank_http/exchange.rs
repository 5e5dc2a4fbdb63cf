//! One exchange, from the bytes of a request to the text of an answer.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::Shared;
use super::orders;
use super::queries::Query;
use super::wire::{self, Code, Request};
use crate::bank::{Answer, Order, Ordered, Outcome, Reason, Verb, Verdict};

/// Questions still to be asked before an accepted order's result is told.
#[derive(Default)]
pub(crate) struct Waiting(HashMap<String, u32>);

/// The answer's text for a well-formed request.
pub(crate) async fn answer(shared: &Shared, request: &Request) -> String {
    match request.tx_code.as_str() {
        "100309" => query(shared, request),
        "100201" | "100203" | "100205" | "100211" | "100213" => order(shared, request).await,
        "100999" => ask(shared, request),
        _ => wire::answer(request, Code::NoSuchTx, None, ""),
    }
}

/// "All of it is done", of which the books know nothing: an order's amount comes back as held or paid, a query finds nobody.
pub(crate) fn claimed(shared: &Shared, request: &Request) -> String {
    let order = match orders::order(request, wire::content(request)) {
        Ok(order) => order,
        Err(_) => return wire::answer(request, Code::NoAccount, None, ""),
    };
    let amount = match &order.verb {
        Verb::Freeze { limit, .. } => *limit,
        Verb::Deduct { amount, .. } => *amount,
        Verb::Reverse { amount, .. } => Some(*amount),
        _ => None,
    };
    let end = match &order.verb {
        Verb::Freeze { end, .. } | Verb::Renew { end, .. } => Some(*end),
        _ => None,
    };
    let today = Some(shared.books.today());
    let got = amount.unwrap_or(0);
    let verdict = Verdict {
        outcome: Outcome::Done,
        got,
        held: got,
        start: today,
        end,
        ..Verdict::refused(Reason::NoAccount, amount)
    };
    wire::answer(request, Code::Ok, None, &wire::verdict_body(order.verb.word(), &order.account, &verdict))
}

/// "Refused", of something that was done; to a question it says so of the order asked about.
pub(crate) fn denied(shared: &Shared, request: &Request) -> String {
    let original = request.body.value("OriginalTransSerialNumber");
    let stored = shared.books.stored(if original.is_empty() { &request.number } else { original });
    let (verb, account) = stored.map_or(("freeze", String::new()), |stored| (stored.verb, stored.account));
    let mut body = String::new();
    if !original.is_empty() {
        crate::xml::element(&mut body, "OriginalTransSerialNumber", original);
        original_codes(&mut body, even_code(verb), Code::Ok);
    }
    body.push_str(&wire::verdict_body(verb, &account, &Verdict::refused(Reason::RefusedByClerk, None)));
    wire::answer(request, Code::Ok, None, &body)
}

fn query(shared: &Shared, request: &Request) -> String {
    for name in ["CaseNumber", "AccountName", "IDType", "IDNumber", "ApplicationOrgName"] {
        if let Err(text) = orders::required(&request.body, name) {
            return wire::answer(request, Code::Format, Some(&text), "");
        }
    }
    let content = wire::content(request);
    if let Some(earlier) = shared.recent.lock().get(&request.number) {
        if earlier.content != content {
            return wire::answer(request, Code::Repeated, None, "");
        }
        return wire::answer(request, earlier.code, None, &earlier.body);
    }
    let who = orders::identity(&request.body);
    let (code, body) = match shared.books.accounts_of(&who) {
        None => (Code::NoAccount, String::new()),
        Some((customer, accounts)) => (Code::Ok, wire::accounts_body(&who.name, &customer, &accounts)),
    };
    let text = wire::answer(request, code, None, &body);
    shared.recent.lock().put(&request.number, Query { content, code, body });
    text
}

async fn order(shared: &Shared, request: &Request) -> String {
    let order: Order = match orders::order(request, wire::content(request)) {
        Ok(order) => order,
        Err(text) => return wire::answer(request, Code::Format, Some(&text), ""),
    };
    let account = order.account.clone();
    let verb = order.verb.word();
    let (answer, first) = match shared.books.order(order).await {
        Ok(Ordered::New(answer)) => (answer, true),
        Ok(Ordered::Repeat(answer)) => (answer, false),
        Ok(Ordered::Conflict) => return wire::answer(request, Code::Repeated, None, ""),
        // The ledger's disk failed: whether it is written is not known, which is what 200002 says.
        Err(_) => return wire::answer(request, Code::CoreTimeout, None, ""),
    };
    let asks = shared.asks.load(Ordering::Relaxed);
    let mut waiting = shared.waiting.lock();
    if first && asks > 0 {
        waiting.0.insert(request.number.clone(), asks);
    }
    let untold = waiting.0.contains_key(&request.number);
    match answer {
        Answer::Decided(verdict) if !untold => {
            let (code, body) = told(verb, &account, &verdict);
            wire::answer(request, code, None, &body)
        }
        _ => wire::answer(request, Code::Accepted, None, ""),
    }
}

fn told(verb: &str, account: &str, verdict: &Verdict) -> (Code, String) {
    if verdict.outcome == Outcome::Refused(Reason::NoAccount) {
        return (Code::NoAccount, String::new());
    }
    (Code::Ok, wire::verdict_body(verb, account, verdict))
}

fn ask(shared: &Shared, request: &Request) -> String {
    let original = match orders::required(&request.body, "OriginalTransSerialNumber") {
        Ok(original) => original,
        Err(text) => return wire::answer(request, Code::Format, Some(&text), ""),
    };
    let mut body = String::new();
    crate::xml::element(&mut body, "OriginalTransSerialNumber", original);
    if let Some(earlier) = shared.recent.lock().get(original) {
        original_codes(&mut body, "100310", earlier.code);
        body.push_str(&earlier.body);
        return wire::answer(request, Code::Ok, None, &body);
    }
    let Some(stored) = shared.books.stored(original) else {
        return wire::answer(request, Code::NotFound, None, &body);
    };
    let Answer::Decided(verdict) = stored.answer else {
        return wire::answer(request, Code::Accepted, None, &body);
    };
    if still_waiting(&mut shared.waiting.lock(), original) {
        return wire::answer(request, Code::Accepted, None, &body);
    }
    let (code, told) = told(stored.verb, &stored.account, &verdict);
    original_codes(&mut body, even_code(stored.verb), code);
    body.push_str(&told);
    wire::answer(request, Code::Ok, None, &body)
}

/// Counts one question; the one that brings the count to zero gets the result.
fn still_waiting(waiting: &mut Waiting, original: &str) -> bool {
    let Some(left) = waiting.0.get_mut(original) else { return false };
    *left = left.saturating_sub(1);
    if *left > 0 {
        return true;
    }
    waiting.0.remove(original);
    false
}

fn original_codes(body: &mut String, tx_code: &str, code: Code) {
    crate::xml::element(body, "OriginalTxCode", tx_code);
    crate::xml::element(body, "OriginalCode", code.number());
}

fn even_code(verb: &str) -> &'static str {
    match verb {
        "freeze" => "100202",
        "release" => "100204",
        "renew" => "100206",
        "reverse" => "100214",
        _ => "100212",
    }
}
