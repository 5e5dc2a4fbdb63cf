//! The script of a JSON partner, and the books that it keeps: each number once, what it stands as, what waits to be posted.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a partner has and says. In every answer the text `"{number}"` becomes the number, and `"{/place}"` what stands
/// there in the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Where our number stands in an order.
    pub number: String,
    /// Its addresses.
    pub calls: Vec<Call>,
    /// What a question is answered about a number that it does not know.
    pub unknown: Value,
    /// What a repeat with other content is answered.
    pub conflict: Value,
    /// What is posted: `"{result}"` becomes the result, in the form of `posted` of the call.
    #[serde(default)]
    pub post: Value,
}

/// One address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// For knobs and effects.
    pub word: String,
    /// Method.
    pub method: String,
    /// Path and query; `{number}` in it = a question about that number.
    pub path: String,
    /// Only orders in which this text stands at this place.
    #[serde(default)]
    pub when: Option<(String, String)>,
    /// The direct answer to an order.
    #[serde(default)]
    pub says: Value,
    /// What the order stands as once it is settled; absent = `says`.
    #[serde(default)]
    pub stands: Option<Value>,
    /// What it is answered as until then.
    #[serde(default)]
    pub waits: Option<Value>,
    /// How the result is posted; absent = it is not.
    #[serde(default)]
    pub posted: Option<Value>,
    /// Settled by `settle` and not at once.
    #[serde(default)]
    pub later: bool,
}

/// An order that took effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The court's number.
    pub number: String,
    /// Word of the call.
    pub word: String,
    /// The order.
    pub order: Value,
}

struct Kept {
    order: Value,
    call: Call,
    is_settled: bool,
}

/// The books.
pub(crate) struct Books {
    script: Script,
    kept: BTreeMap<String, Kept>,
    effects: Vec<Effect>,
    outbox: VecDeque<(String, Value)>,
    is_posting: bool,
}

impl Books {
    pub(crate) fn new(script: Script) -> Books {
        Books { script, kept: BTreeMap::new(), effects: Vec::new(), outbox: VecDeque::new(), is_posting: false }
    }

    /// The call that this request is, and the number in its address.
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Option<(Call, Option<String>)> {
        self.script.calls.iter().find_map(|call| {
            let fits = call.method == method
                && call
                    .when
                    .as_ref()
                    .is_none_or(|(place, text)| body.pointer(place).and_then(Value::as_str) == Some(text.as_str()));
            if !fits {
                return None;
            }
            match call.path.split_once("{number}") {
                None => (call.path == target).then(|| (call.clone(), None)),
                Some((before, after)) => {
                    let number = target.strip_prefix(before)?.strip_suffix(after)?;
                    Some((call.clone(), Some(number.to_owned())))
                }
            }
        })
    }

    /// What a question about a number is answered.
    pub(crate) fn asked(&self, number: &str) -> Value {
        match self.kept.get(number) {
            None => fill(&self.script.unknown, number, &Value::Null),
            Some(kept) if !kept.is_settled => {
                fill(kept.call.waits.as_ref().unwrap_or(&kept.call.says), number, &kept.order)
            }
            Some(kept) => fill(kept.call.stands.as_ref().unwrap_or(&kept.call.says), number, &kept.order),
        }
    }

    /// Takes an order once; the same again is answered the same, another under the same number is a conflict.
    pub(crate) fn take(&mut self, call: &Call, order: Value) -> Option<Value> {
        let number = order.pointer(&self.script.number).and_then(Value::as_str)?.to_owned();
        if let Some(kept) = self.kept.get(&number) {
            let same = kept.order == order;
            return Some(if same {
                fill(&kept.call.says, &number, &kept.order)
            } else {
                fill(&self.script.conflict, &number, &order)
            });
        }
        let said = fill(&call.says, &number, &order);
        self.effects.push(Effect { number: number.clone(), word: call.word.clone(), order: order.clone() });
        self.kept.insert(number.clone(), Kept { order, call: call.clone(), is_settled: false });
        if !call.later {
            self.settle(&number);
        }
        Some(said)
    }

    pub(crate) fn settle(&mut self, number: &str) -> bool {
        let Some(kept) = self.kept.get_mut(number).filter(|kept| !kept.is_settled) else { return false };
        kept.is_settled = true;
        if let Some(posted) = &kept.call.posted {
            self.outbox.push_back((kept.call.word.clone(), fill(posted, number, &kept.order)));
        }
        true
    }

    /// What is to be posted next: the word of its call and the whole message.
    pub(crate) fn next_post(&mut self) -> Option<(String, Value)> {
        let next = self.outbox.pop_front();
        self.is_posting = next.is_some();
        next.map(|(word, result)| (word, put(&self.script.post, "{result}", &result)))
    }

    pub(crate) fn end_post(&mut self) {
        self.is_posting = false;
    }

    pub(crate) fn is_posted(&self) -> bool {
        self.outbox.is_empty() && !self.is_posting
    }

    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }
}

/// The template with number and places of the order filled in; what is not there becomes null.
fn fill(template: &Value, number: &str, order: &Value) -> Value {
    each(template, &|text| match text {
        "{number}" => Some(Value::String(number.to_owned())),
        text => {
            let place = text.strip_prefix('{')?.strip_suffix('}').filter(|place| place.starts_with('/'))?;
            Some(order.pointer(place).cloned().unwrap_or(Value::Null))
        }
    })
}

fn put(template: &Value, word: &str, value: &Value) -> Value {
    each(template, &|text| (text == word).then(|| value.clone()))
}

fn each(template: &Value, of: &dyn Fn(&str) -> Option<Value>) -> Value {
    match template {
        Value::String(text) => of(text).unwrap_or_else(|| template.clone()),
        Value::Array(items) => items.iter().map(|item| each(item, of)).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (key.clone(), each(value, of))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
