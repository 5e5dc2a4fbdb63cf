//! A partner that its file describes, against a stand-in that knows nothing of the file: at once, later, in doubt, twice.

use serde_json::{Value, json};
use simulators::{Call, Callback, Fault, Knob, Script, Scripted, ScriptedConfig};

use crate::bench::{Gateway, Setup, View, acts, eventually, person};

const SAMPLE: &str = include_str!("../../config/partners/payment-a.toml");
const CONTROL: &str = "/api/judicial/control";

/// The partner's own description, written from its page and not from the file.
fn script() -> Script {
    let receipt = json!({ "rsp": { "no": "{number}", "code": "0000" } });
    let call = |word: &str, path: &str, code: &str, says: Value, stands: Value, posted: Value| Call {
        word: word.to_owned(),
        method: "POST".to_owned(),
        path: path.to_owned(),
        when: Some(("/req/type".to_owned(), code.to_owned())),
        says,
        stands: Some(stands),
        waits: Some(json!({ "rsp": { "no": "{number}", "result": "DOING" } })),
        posted: Some(posted),
        later: word == "freeze",
    };
    let held = json!({ "no": "{number}", "result": "OK", "askedCents": "{/req/cents}", "heldCents": "{/req/cents}", "end": "{/req/end}" });
    let posted = json!({ "no": "{number}", "type": "DJ", "result": "OK", "askedCents": "{/req/cents}", "heldCents": "{/req/cents}", "end": "{/req/end}" });
    let accounts = json!([{ "no": "2088000000000017", "ccy": "CNY", "totalCents": 923_456, "freeCents": 823_456 }]);
    let cards = json!([{ "bank": "象山农商银行", "no": "6222000000000000017" }]);
    let found =
        json!({ "rsp": { "no": "{number}", "result": "OK", "accounts": accounts, "list": accounts, "cards": cards } });
    Script {
        number: "/req/no".to_owned(),
        calls: vec![
            Call { posted: None, ..call("query", "/api/judicial/query", "CX", found.clone(), found, Value::Null) },
            call("freeze", CONTROL, "DJ", receipt, json!({ "rsp": held }), posted),
            Call {
                word: "ask".to_owned(),
                method: "GET".to_owned(),
                path: "/api/judicial/result?no={number}".to_owned(),
                when: None,
                says: Value::Null,
                stands: None,
                waits: None,
                posted: None,
                later: false,
            },
        ],
        unknown: json!({ "rsp": { "no": "{number}", "result": "UNKNOWN_NO" } }),
        conflict: json!({ "rsp": { "no": "{number}", "code": "E409" } }),
        post: json!({ "batch": "1", "results": ["{result}"] }),
    }
}

/// A gateway with the sample partner beside it, quick and in use.
fn with_partner() -> (Gateway, Scripted) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let config = ScriptedConfig {
        token: Some(("authorization".to_owned(), "Bearer payment-token".to_owned())),
        hmac: Some(("payment-key".to_owned(), "x-signature".to_owned())),
        hmac_time_header: Some("x-time".to_owned()),
        repeat_ms: 20,
        ..ScriptedConfig::default()
    };
    let partner = Scripted::start(script(), config).unwrap();
    // Its token and its file's manners; the tables are those of the sample.
    let token = gateway.add_open_partner("payment-a", "police", partner.url(), "payment-token", &["query"]);
    let made = std::fs::read_to_string(gateway.config.join("partners/payment-a.toml")).unwrap();
    let hash = made.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    let sample_hash = SAMPLE.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    let file = SAMPLE
        .replace(sample_hash, hash)
        .replace("retired = true", "retired = false")
        .replace("http://127.0.0.1:9204/", partner.url())
        .replace("payment-a.token", "payment-a.secret")
        .replace("first_ms = 1000", "first_ms = 50")
        .replace("max_ms = 300000", "max_ms = 200")
        .replace("ask_after_ms = 60000", "ask_after_ms = 50")
        .replace("total_ms = 30000", "total_ms = 2000")
        .replace("connect_ms = 3000", "connect_ms = 500");
    gateway.write_config_file("partners/payment-a.toml", &file);
    gateway.write_config_file("secrets/payment-a.hmac", "payment-key");
    gateway.start();
    partner.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "payment-a".to_owned(), token });
    (gateway, partner)
}

fn order(kind: &str) -> Value {
    let mut act = json!({ "kind": kind, "partner": "payment-a", "subject": 0 });
    if kind == "freeze" {
        act["account"] = json!("2088000000000017");
        act["amount"] = json!("5000.00");
    }
    act
}

#[test]
fn what_it_says_at_once_is_the_answer() {
    let (gateway, partner) = with_partner();
    let request = gateway.submit(&acts(&[0], vec![order("query")]));
    let view = gateway.wait_finished(&request.id);
    let outcome = &view.act("query", "payment-a")["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["accounts"][0]["available"]), (&json!("done"), &json!("8234.56")));
    let lead = &view.0["leads"][0];
    assert_eq!(
        (&lead["class"], &lead["serial"]),
        (&json!("linked_account"), &json!("6222000000000000017")),
        "{:#}",
        view.0
    );
    assert_eq!(view.0["leads"].as_array().unwrap().len(), 1);
    let effect = &partner.effects()[0];
    assert_eq!(effect.order["req"]["who"]["idNo"], person(0).id_number);
    assert_eq!(effect.order["head"]["channel"], "COURT330225");
}

#[test]
fn what_it_takes_is_told_later_and_once_however_often_it_is_posted() {
    let (gateway, partner) = with_partner();
    partner.knobs().set(Knob::next(Fault::DuplicateCallback, 1).only("freeze"));
    let request = gateway.submit(&acts(&[0], vec![order("freeze")]));
    let awaiting = |view: &View| view.act("freeze", "payment-a")["state"] == "awaiting";
    let view = gateway.wait_until(&request.id, "the partner has it", awaiting);
    let number = View::key(view.act("freeze", "payment-a"), false);
    assert!(partner.settle(&number));
    let view = gateway.wait_finished(&request.id);
    let act = view.act("freeze", "payment-a");
    assert_eq!((&act["state"], &act["outcomes"][0]["caught"]), (&json!("done"), &json!("5000.00")), "{act:#}");
    eventually("both posts are answered", || partner.all_posted().then_some(()));
    assert_eq!(gateway.view(&request.id).act("freeze", "payment-a")["outcomes"].as_array().unwrap().len(), 1);
}

#[test]
fn silence_is_a_doubt_and_a_question_clears_it_without_a_second_order() {
    let (gateway, partner) = with_partner();
    partner.knobs().set(Knob::next(Fault::CloseWithoutAnswer, 1).only("freeze"));
    let request = gateway.submit(&acts(&[0], vec![order("freeze")]));
    let number = eventually("the order", || partner.effects().first().map(|effect| effect.number.clone()));
    assert!(partner.settle(&number));
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("freeze", "payment-a"), "done");
    assert_eq!(partner.effects().len(), 1);
}
