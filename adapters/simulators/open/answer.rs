//! What a partner says: answers, leads, and their JSON.

use serde_json::{Map, Value, json};

use crate::day::Day;
use crate::money::{Fen, yuan};

/// States of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Done,
    Partly,
    Queued,
    Registered,
    Refused,
    HandedBack,
    NoSuchCustomer,
    /// Has it, says later.
    Accepted,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Partly => "partly",
            State::Queued => "queued",
            State::Registered => "registered",
            State::Refused => "refused",
            State::HandedBack => "handed_back",
            State::NoSuchCustomer => "no_such_customer",
            State::Accepted => "accepted",
        }
    }
}

/// An earlier measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ahead {
    pub organ: String,
    pub paper: String,
    pub amount: Option<Fen>,
    pub to: Option<Day>,
}

/// An answer to a task, without the number and the kind, which the frame adds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub state: State,
    pub reason: Option<&'static str>,
    pub text: Option<String>,
    pub limit: Option<Fen>,
    pub caught: Option<Fen>,
    pub moved: Option<Fen>,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub due: Option<Day>,
    pub serial: Option<String>,
    pub ahead: Vec<Ahead>,
    /// Made by [`finding`].
    pub findings: Vec<Value>,
    /// The industry's own keys.
    pub own: Map<String, Value>,
}

impl Answer {
    /// A bare state.
    pub(crate) fn of(state: State) -> Answer {
        Answer {
            state,
            reason: None,
            text: None,
            limit: None,
            caught: None,
            moved: None,
            from: None,
            to: None,
            due: None,
            serial: None,
            ahead: Vec::new(),
            findings: Vec::new(),
            own: Map::new(),
        }
    }

    /// A state with a reason and words for people.
    pub(crate) fn because(state: State, reason: &'static str, text: &str) -> Answer {
        Answer { reason: Some(reason), text: Some(text.to_owned()), ..Answer::of(state) }
    }

    /// Not done.
    pub(crate) fn refused(reason: &'static str, text: &str) -> Answer {
        Answer::because(State::Refused, reason, text)
    }

    /// A formal defect: answered 422, binds nothing.
    pub(crate) fn handed_back(reason: &'static str, text: &str) -> Answer {
        Answer::because(State::HandedBack, reason, text)
    }

    /// The answer object; `number` is left out where there is none.
    pub(crate) fn json(&self, number: &str, kind: &str, today: Day) -> Value {
        let mut object = Map::new();
        let mut put = |key: &str, text: Option<String>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                object.insert(key.to_owned(), Value::String(text));
            }
        };
        put("number", Some(number.to_owned()));
        put("kind", Some(kind.to_owned()));
        put("state", Some(self.state.word().to_owned()));
        put("reason", self.reason.map(str::to_owned));
        put("text", self.text.clone());
        put("limit", self.limit.map(yuan));
        put("caught", self.caught.map(yuan));
        put("moved", self.moved.map(yuan));
        put("from", self.from.map(dashed));
        put("to", self.to.map(dashed));
        put("due", self.due.map(dashed));
        put("serial", self.serial.clone());
        put("as_of", Some(format!("{}T09:00:00+08:00", dashed(today))));
        if !self.ahead.is_empty() {
            let ahead: Vec<Value> = self.ahead.iter().map(Ahead::json).collect();
            object.insert("ahead".to_owned(), Value::Array(ahead));
        }
        if !self.findings.is_empty() {
            object.insert("findings".to_owned(), Value::Array(self.findings.clone()));
        }
        object.extend(self.own.clone());
        Value::Object(object)
    }
}

impl Ahead {
    pub(crate) fn json(&self) -> Value {
        json!({
            "organ": self.organ,
            "paper": self.paper,
            "amount": self.amount.map(yuan),
            "to": self.to.map(dashed),
        })
    }
}

/// `2026-11-20`.
pub(crate) fn dashed(day: Day) -> String {
    day.slashed().replace('/', "-")
}

/// A finding of a class with particulars; empty ones are left out.
pub(crate) fn finding(class: &str, pairs: &[(&str, &str)]) -> Value {
    json!({ "class": class, "details": details(pairs) })
}

/// Particulars; empty ones are left out.
pub(crate) fn details(pairs: &[(&str, &str)]) -> Value {
    let kept = pairs.iter().filter(|(_, value)| !value.is_empty());
    Value::Object(kept.map(|(name, value)| ((*name).to_owned(), Value::String((*value).to_owned()))).collect())
}

/// Something told unasked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lead {
    /// The task it belongs to.
    pub number: String,
    /// `hit`, `clue`, `linked_account`.
    pub class: &'static str,
    pub serial: String,
    /// RFC 3339.
    pub as_of: String,
    /// RFC 3339.
    pub respond_by: Option<String>,
    /// Made by [`details`].
    pub details: Value,
    pub text: String,
}

impl Lead {
    pub(crate) fn json(&self) -> Value {
        json!({
            "number": self.number,
            "class": self.class,
            "serial": self.serial,
            "as_of": self.as_of,
            "respond_by": self.respond_by,
            "details": self.details,
            "text": self.text,
        })
    }
}

/// What comes due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// The result of a task, final or registered.
    Result { number: String, answer: Answer },
    /// A lead.
    Lead(Lead),
}
