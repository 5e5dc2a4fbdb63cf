//! The second port: knobs, clock, calendar and what happens at the partner, as JSON, for scripts on this machine.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Shared, Trade, dashed};
use crate::day::Day;
use crate::http1::{Incoming, Outgoing};
use crate::knobs::Knob;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateAsk {
    #[serde(with = "crate::day::text")]
    day: Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceAsk {
    ms: u64,
}

/// Answers one call; what it changed is durable then.
pub(crate) async fn answer<T: Trade>(shared: &Shared<T>, incoming: &Incoming) -> Outgoing {
    let Some(result) = result(shared, incoming) else {
        return json_answer(404, &json!({"error": no_such_path::<T>()}));
    };
    if let Err(failed) = shared.durable().await {
        return json_answer(503, &json!({"error": failed.to_string()}));
    }
    match result {
        Ok(value) => json_answer(200, &value),
        Err(text) => json_answer(400, &json!({ "error": text })),
    }
}

fn no_such_path<T: Trade>() -> String {
    let looks: Vec<String> = T::LOOKS.iter().map(|look| format!("/{look}")).collect();
    let acts: Vec<String> = T::ACTS.iter().map(|act| format!("/{act}")).collect();
    format!(
        "no such path; GET /knobs /violations /callbacks /taken {}; POST /knobs /advance_ms /date {}; DELETE /knobs",
        looks.join(" "),
        acts.join(" ")
    )
}

fn json_answer(status: u16, value: &Value) -> Outgoing {
    Outgoing::new(status, "application/json", value.to_string().into_bytes())
}

/// `None` = no such path.
fn result<T: Trade>(shared: &Shared<T>, incoming: &Incoming) -> Option<Result<Value, String>> {
    let name = incoming.path.strip_prefix('/')?;
    let body = &incoming.body;
    Some(match (incoming.method.as_str(), name) {
        ("GET", "knobs") => Ok(json!(shared.knobs.list())),
        ("POST", "knobs") => set_knob(shared, body),
        ("DELETE", "knobs") => {
            shared.knobs.clear();
            Ok(json!([]))
        }
        ("GET", "violations") => Ok(json!(shared.rate.lock().violations())),
        ("GET", "callbacks") => Ok(json!(shared.desk.lock().records())),
        ("GET", "taken") => Ok(json!(shared.desk.lock().taken())),
        ("GET", look) if T::LOOKS.contains(&look) => Ok(shared.desk.lock().trade().look(look)),
        ("POST", "advance_ms") => read::<AdvanceAsk>(body).map(|ask| {
            shared.change(|desk, _| desk.advance(ask.ms));
            json!({"advanced_ms": ask.ms})
        }),
        ("POST", "date") => read::<DateAsk>(body).map(|ask| {
            let today = shared.change(|desk, _| {
                desk.set_date(ask.day);
                desk.today()
            });
            json!({"today": dashed(today)})
        }),
        ("POST", act) if T::ACTS.contains(&act) => do_act(shared, act, body),
        _ => return None,
    })
}

/// `POST /retire {"id_number": …}` is the act `{"retire": {"id_number": …}}`.
fn do_act<T: Trade>(shared: &Shared<T>, name: &str, body: &[u8]) -> Result<Value, String> {
    let particulars: Value = if body.is_empty() { json!({}) } else { read(body)? };
    let named = Value::Object(Map::from_iter([(name.to_owned(), particulars)]));
    let act: T::Act = serde_json::from_value(named).map_err(|e| e.to_string())?;
    T::told(&shared.change(|desk, elapsed_ms| desk.act(act, elapsed_ms)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

fn set_knob<T: Trade>(shared: &Shared<T>, body: &[u8]) -> Result<Value, String> {
    let knob: Knob = read(body)?;
    if shared.knobs.set(knob) {
        Ok(json!(shared.knobs.list()))
    } else {
        Err("256 knobs are set; DELETE /knobs first".to_owned())
    }
}
