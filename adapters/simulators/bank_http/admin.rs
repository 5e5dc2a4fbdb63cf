//! The second port: knobs, calendar, credits and the books, as JSON, for a simulator that runs as a program of its own.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::bank::ClerkAct;
use crate::day::Day;
use crate::http1::{Incoming, Outgoing};
use crate::knobs::Knob;
use crate::money::{parse_yuan, yuan};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateAsk {
    day: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreditAsk {
    account: String,
    yuan: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClerkAsk {
    number: String,
    act: ClerkAct,
}

/// Answers one call.
pub(crate) fn answer(shared: &Shared, incoming: &Incoming) -> Outgoing {
    let result = match (incoming.method.as_str(), incoming.path.as_str()) {
        ("GET", "/knobs") => Ok(json!(shared.knobs.list())),
        ("POST", "/knobs") => set_knob(shared, &incoming.body),
        ("DELETE", "/knobs") => {
            shared.knobs.clear();
            Ok(json!([]))
        }
        ("GET", "/effects") => Ok(json!(shared.books.effects())),
        ("GET", "/violations") => Ok(json!(shared.rate.lock().violations())),
        ("GET", "/paid") => Ok(paid(shared)),
        ("GET", "/accounts") => Ok(accounts(shared)),
        ("POST", "/date") => set_date(shared, &incoming.body),
        ("POST", "/credit") => credit(shared, &incoming.body),
        ("POST", "/clerk") => clerk(shared, &incoming.body),
        _ => {
            return json_answer(
                404,
                &json!({"error": "no such path; try /knobs /effects /violations /paid /accounts /date /credit /clerk"}),
            );
        }
    };
    match result {
        Ok(value) => json_answer(200, &value),
        Err(text) => json_answer(400, &json!({ "error": text })),
    }
}

fn json_answer(status: u16, value: &Value) -> Outgoing {
    Outgoing::new(status, "application/json", value.to_string().into_bytes())
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

fn set_knob(shared: &Shared, body: &[u8]) -> Result<Value, String> {
    let knob: Knob = read(body)?;
    if shared.knobs.set(knob) {
        Ok(json!(shared.knobs.list()))
    } else {
        Err("256 knobs are set; DELETE /knobs first".to_owned())
    }
}

fn set_date(shared: &Shared, body: &[u8]) -> Result<Value, String> {
    let ask: DateAsk = read(body)?;
    let day = Day::parse(&ask.day).ok_or("day: not a date (yyyy-MM-dd)")?;
    shared.books.set_date(day).map_err(|e| e.to_string())?;
    Ok(json!({"today": shared.books.today().slashed()}))
}

fn credit(shared: &Shared, body: &[u8]) -> Result<Value, String> {
    let ask: CreditAsk = read(body)?;
    let fen = parse_yuan(&ask.yuan).ok_or("yuan: not an amount (18000.00)")?;
    shared.books.credit(&ask.account, fen).map_err(|e| e.to_string())?;
    Ok(json!({"balance": shared.books.account(&ask.account).map(|a| yuan(a.balance))}))
}

fn clerk(shared: &Shared, body: &[u8]) -> Result<Value, String> {
    let ask: ClerkAsk = read(body)?;
    shared.books.clerk(&ask.number, ask.act).map_err(|e| e.to_string())?;
    Ok(json!({"effects": shared.books.effect_count(&ask.number)}))
}

fn paid(shared: &Shared) -> Value {
    let rows: Vec<Value> = shared
        .books
        .paid_out()
        .iter()
        .map(|p| json!({"number": p.key, "account": p.account, "yuan": yuan(p.amount), "to": p.payee.account, "serial": p.serial}))
        .collect();
    json!(rows)
}

fn accounts(shared: &Shared) -> Value {
    let rows: Vec<Value> = shared
        .books
        .accounts()
        .iter()
        .map(|a| {
            let freezes: Vec<Value> = a.told().iter().map(|f| json!({"organ": f.organ, "held": yuan(f.caught), "queued": f.queued, "end": f.end.slashed()})).collect();
            json!({"number": a.number, "balance": yuan(a.balance), "available": yuan(a.available()), "freezes": freezes})
        })
        .collect();
    json!(rows)
}
