//! What a court asks for, said in few words; everything that is not said is ordinary.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::gateway::COURT_ACCOUNT;
use super::people::person;

static CASES: AtomicU32 = AtomicU32::new(1);

/// A request that is being written.
#[derive(Clone)]
pub struct Ask(pub Value);

fn of_people(people: &[usize]) -> Value {
    let number = CASES.fetch_add(1, Ordering::Relaxed);
    let party = |index: &usize| {
        let identity = person(*index);
        json!({ "role": "obligor", "kind": "person", "name": identity.name, "id_type": identity.id_type, "id_number": identity.id_number })
    };
    let officer = |name: &str, number: &str| json!({ "name": name, "work_id": format!("GZ{number}"), "duty_id": format!("GW{number}"), "phone": "0574-00000000" });
    json!({
        "case": {
            "number": format!("(2026)浙0225执{number}号"), "stage": "enforcement",
            "court": { "code": "330225", "name": "象山县人民法院" },
            "claim": "1000000.00", "costs": "0.00",
            "parties": people.iter().map(party).collect::<Vec<_>>(),
            "account": {
                "holder": "象山县人民法院执行款专户", "bank": "象山农商银行",
                "bank_code": COURT_ACCOUNT.0, "number": COURT_ACCOUNT.1,
            },
        },
        "officers": [officer("陈听潮", "330225001"), officer("林望海", "330225002")],
        "documents": [], "priority": "normal",
    })
}

fn goal(word: &str, people: &[usize]) -> Ask {
    let mut body = of_people(people);
    body["goal"] = json!(word);
    body["subjects"] = json!((0..people.len()).collect::<Vec<_>>());
    body["scope"] = json!({ "kinds": ["bank"], "regions": ["330225"], "partners": [] });
    Ask(body)
}

/// Query everything about these people.
pub fn look(people: &[usize]) -> Ask {
    goal("look", people)
}

/// Query, then freeze just enough.
pub fn secure(people: &[usize]) -> Ask {
    goal("secure", people)
}

/// Secure, deduct, release what is over.
pub fn collect(people: &[usize]) -> Ask {
    goal("collect", people)
}

/// Exactly these acts on these people.
pub fn acts(people: &[usize], acts: Vec<Value>) -> Ask {
    let mut body = of_people(people);
    body["acts"] = Value::Array(acts);
    Ask(body)
}

/// A freeze.
pub fn freeze(partner: &str, account: &str, yuan: &str) -> Value {
    json!({ "kind": "freeze", "partner": partner, "subject": 0, "account": account, "amount": yuan })
}

fn on(kind: &str, freeze: &Value) -> Value {
    json!({ "kind": kind, "partner": freeze["partner"], "subject": freeze["subject"], "account": freeze["account"],
            "original": { "act": freeze["id"] } })
}

/// A deduction out of an earlier freeze, as a view shows it.
pub fn deduct(freeze: &Value, yuan: &str) -> Value {
    let mut act = on("deduct", freeze);
    act["amount"] = json!(yuan);
    act
}

/// A release of an earlier freeze.
pub fn release(freeze: &Value) -> Value {
    on("release", freeze)
}

/// A renewal of an earlier freeze.
pub fn renew(freeze: &Value, to: &str) -> Value {
    let mut act = on("renew", freeze);
    act["to"] = json!(to);
    act
}

impl Ask {
    fn with(mut self, pointer: &str, field: &str, value: Value) -> Self {
        self.0.pointer_mut(pointer).unwrap()[field] = value;
        self
    }

    pub fn case(self, number: &str) -> Self {
        self.with("/case", "number", json!(number))
    }

    /// The same case as another request's.
    pub fn same_case(self, other: &Ask) -> Self {
        self.with("/case", "number", other.0["case"]["number"].clone())
    }

    pub fn claim(self, yuan: &str) -> Self {
        self.with("/case", "claim", json!(yuan))
    }

    pub fn costs(self, yuan: &str) -> Self {
        self.with("/case", "costs", json!(yuan))
    }

    pub fn stage(self, word: &str) -> Self {
        self.with("/case", "stage", json!(word))
    }

    pub fn paid_to(self, bank_code: &str, number: &str) -> Self {
        self.with("/case/account", "bank_code", json!(bank_code)).with("/case/account", "number", json!(number))
    }

    pub fn at(self, partners: &[&str]) -> Self {
        self.with("/scope", "partners", json!(partners))
    }

    pub fn deadline(self, instant: &str) -> Self {
        self.with("", "deadline", json!(instant))
    }

    /// Has its results delivered there.
    pub fn callback(self, url: &str) -> Self {
        self.with("", "callback", json!({ "url": url }))
    }

    pub fn papers(self, papers: &[Value]) -> Self {
        self.with("", "documents", json!(papers))
    }
}
