//! What a fund centre tells, in the words of the open form.

use serde_json::{Map, Value, json};

use super::account::{Account, Standing};
use super::order::{self, State, Step, Told};
use super::person::Person;
use super::state::dashed;
use crate::money::yuan;
use crate::open::{self, Ahead, details, finding};

/// The answer object of what was told; `accepted` when nothing was.
pub(crate) fn answer(told: Option<&Told>) -> open::Answer {
    let Some(told) = told else { return open::Answer::of(open::State::Accepted) };
    let mut answer = open::Answer::of(match told.state {
        State::Done => open::State::Done,
        State::Partly => open::State::Partly,
        State::Queued => open::State::Queued,
        State::Refused => open::State::Refused,
        State::NoSuchCustomer => open::State::NoSuchCustomer,
        State::Registered => open::State::Registered,
    });
    answer.reason = told.why.map(order::Why::word);
    answer.text = Some(told.text.clone()).filter(|text| !text.is_empty());
    (answer.limit, answer.caught, answer.moved) = (told.limit, told.caught, told.moved);
    (answer.from, answer.to, answer.due) = (told.from, told.to, told.due);
    answer.serial = Some(told.serial.clone()).filter(|serial| !serial.is_empty());
    answer.ahead = told.ahead.iter().map(ahead).collect();
    answer.findings = told.steps.iter().map(step).collect();
    // The time of the decision, not of the question: a callback and a later question tell the same.
    answer.own.insert("as_of".to_owned(), Value::String(told.as_of.clone()));
    if let Some(found) = &told.found {
        let (person, accounts) = &**found;
        let listed = accounts.iter().map(|account| self::account(person, account)).collect();
        answer.own.insert("accounts".to_owned(), Value::Array(listed));
    }
    answer
}

fn ahead(freeze: &order::Ahead) -> Ahead {
    Ahead {
        organ: freeze.organ.clone(),
        paper: freeze.document.clone(),
        amount: Some(freeze.limit),
        to: Some(freeze.to),
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn account(person: &Person, account: &Account) -> Value {
    let employer = person.employer.as_ref().filter(|_| account.standing == Standing::Normal);
    let of = |read: fn(&super::person::Employer) -> &String| employer.map(read).cloned().unwrap_or_default();
    let mut met: Vec<u8> = person
        .met
        .iter()
        .filter(|met| met.allows.is_none_or(|left| left > 0))
        .map(|met| met.condition.item())
        .collect();
    met.sort_unstable();
    let met: Vec<String> = met.iter().map(u8::to_string).collect();
    let pays_in = account.standing == Standing::Normal;
    let particulars = details(&[
        ("opened", &dashed(account.opened)),
        ("region", &account.region),
        ("monthly_contribution", &yuan(if pays_in { account.monthly } else { 0 })),
        ("paid_through", &account.paid_through),
        ("employer", &of(|employer| &employer.name)),
        ("employer_address", &of(|employer| &employer.address)),
        ("employer_contact", &of(|employer| &employer.contact)),
        ("employer_phone", &of(|employer| &employer.phone)),
        ("loan_unpaid", yes(account.loan.is_some())),
        ("loan_balance", &account.loan.map(yuan).unwrap_or_default()),
        ("court_frozen", yes(!account.freezes.is_empty())),
        ("housing_secured", yes(person.reserve.is_none())),
        ("reserve", &person.reserve.map(yuan).unwrap_or_default()),
        ("conditions_met", &met.join(",")),
    ]);
    let freezes: Vec<Value> = account
        .freezes
        .iter()
        .map(|f| json!({"organ": f.organ, "paper": f.document, "amount": yuan(f.limit), "to": dashed(f.to)}))
        .collect();
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    put("number", json!(account.number));
    put("class", json!(account.class));
    put("status", json!(account.standing.chinese()));
    put("currency", json!("CNY"));
    put("balance", json!(yuan(account.balance)));
    put("available", json!(yuan(account.available())));
    put("branch", json!(account.office));
    put("ahead", Value::Array(freezes));
    put("details", particulars);
    Value::Object(object)
}

fn step(step: &Step) -> Value {
    let told = |pairs: &[(&str, &str)]| finding("step", pairs);
    match step {
        Step::Ranked { rank } => told(&[("step", "ranked"), ("rank", &rank.to_string())]),
        Step::Checked { condition, met, allows, expected, on } => told(&[
            ("step", "condition_checked"),
            ("item", &condition.item().to_string()),
            ("condition", condition.word()),
            ("met", yes(*met)),
            ("looked_at", &dashed(*on)),
            ("allows", &allows.map(yuan).unwrap_or_default()),
            ("expected", &expected.map(dashed).unwrap_or_default()),
        ]),
        Step::Housing { reserve, on } => told(&[
            ("step", "housing_checked"),
            ("secured", yes(reserve.is_none())),
            ("reserve", &reserve.map(yuan).unwrap_or_default()),
            ("looked_at", &dashed(*on)),
        ]),
        Step::Paid { condition, on } => told(&[
            ("step", "paid"),
            ("item", &condition.item().to_string()),
            ("condition", condition.word()),
            ("on", &dashed(*on)),
        ]),
        Step::Closed { condition, on } => {
            told(&[("step", "account_closed"), ("item", &condition.item().to_string()), ("on", &dashed(*on))])
        }
        Step::Lapsed { why, on } => told(&[("step", "lapsed"), ("why", why), ("on", &dashed(*on))]),
    }
}
