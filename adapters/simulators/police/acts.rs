//! What happens at the police besides tasks, and what scripts can look at.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::books::{Hit, PoliceBooks, Step};
use super::moment::{dashed, instant};
use super::order::Standing;
use crate::day::Day;

/// Steps that people take, in their order.
const STEPS: [&str; 4] = ["assigned", "departed", "arrived", "ended"];

/// Something that happens at the police.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum PoliceAct {
    /// Somebody (an identity number) or some vehicle (a plate) comes by.
    Pass { key: String, place: String },
    /// What was accepted is decided.
    Settle { number: String },
    /// People take a step of a support.
    Step {
        number: String,
        step: String,
        #[serde(default)]
        unit: String,
        #[serde(default)]
        officers: u32,
        #[serde(default)]
        phone: String,
    },
    /// A support ends.
    Finish {
        number: String,
        standing: Standing,
        #[serde(default)]
        text: String,
    },
}

/// Names of them all.
pub(super) const ACTS: &[&str] = &["pass", "settle", "step", "finish"];
/// What can be looked at.
pub(super) const LOOKS: &[&str] = &["measures", "hits", "effects", "waiting"];

/// What an act came to.
pub(crate) enum PoliceOutcome {
    /// Watches that were hit, possibly none.
    Hits(Vec<Hit>),
    /// Something was there to be changed.
    Changed(bool),
}

/// A step as it is written in the books; `None` when there is no such word.
pub(super) fn step(word: &str, unit: &str, officers: u32, phone: &str) -> Option<Step> {
    let word = STEPS.into_iter().find(|known| *known == word)?;
    Some(Step { word, unit: unit.to_owned(), officers, phone: phone.to_owned() })
}

/// For scripts.
pub(super) fn told(outcome: &PoliceOutcome) -> Result<Value, String> {
    match outcome {
        PoliceOutcome::Hits(hits) => Ok(json!({ "hits": hits.iter().map(hit).collect::<Vec<_>>() })),
        PoliceOutcome::Changed(true) => Ok(json!({"done": true})),
        PoliceOutcome::Changed(false) => {
            Err("nothing under way with this number, or no such step (assigned, departed, arrived, ended); look at /waiting and /effects".to_owned())
        }
    }
}

fn hit(hit: &Hit) -> Value {
    json!({
        "number": hit.number, "serial": hit.serial, "seen_at": instant(hit.seen_ms), "respond_by": instant(hit.respond_by_ms),
        "details": hit.details,
    })
}

pub(super) fn look(books: &PoliceBooks, name: &str) -> Value {
    match name {
        "measures" => {
            let rows = books.measures().into_iter().map(|measure| {
                json!({
                    "number": measure.number, "kind": measure.kind.word(), "plate": measure.plate, "serial": measure.serial,
                    "id_number": measure.id_number, "from": dashed(measure.from), "to": dashed(measure.to),
                    "lifted": measure.lifted.map(|day: Day| dashed(day)),
                })
            });
            rows.collect()
        }
        "hits" => books.hits().iter().map(hit).collect(),
        "effects" => {
            let rows = books.effects().into_iter().map(
                |effect| json!({"number": effect.number, "kind": effect.kind.word(), "at": instant(effect.at_ms)}),
            );
            rows.collect()
        }
        "waiting" => json!(books.waiting()),
        _ => Value::Null,
    }
}
