//! Results come back: at least once, without gaps, in order of version, signed, and only to where the court's file allows.

use serde_json::{Value, json};

use crate::bench::{Gateway, Mood, Received, Receiver, Setup, Spec, collect, eventually, foreign, look};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const OLDER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhro=";
/// Quick tries, as many as a test can use up.
const QUICK: &str = "retry = [\"20ms\", \"50ms\", \"50ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\", \"100ms\"]";
const OWN_NETWORK: &str = "networks = [\"127.0.0.1\"]";

fn banks() -> Vec<Spec> {
    let called = Spec::called("bank-b").holds(&[500_000]).with(|spec| spec.doubt.not_found_ms = Some(1_500));
    vec![Spec::pulling("bank-a").holds(&[300_000]), called]
}

/// What stands in the court's file unless a test says otherwise.
fn terms(more: &str) -> String {
    format!(
        "keys = [\"{SECRET}\", \"derived:1\"]\n{QUICK}\n{OWN_NETWORK}\n{more}\n[delivery.breaker]\nfailures = 1000\nopen_ms = 100\n"
    )
}

fn setup(origins: &[String], delivery: String) -> Setup {
    Setup { callback_origins: origins.to_vec(), delivery, ..Setup::of(banks()) }
}

fn with_receiver(receiver: &Receiver, more: &str) -> Gateway {
    setup(&[receiver.origin()], terms(more)).start()
}

fn deliveries(gateway: &Gateway, id: &str) -> Value {
    gateway.caller("submitter").get(&format!("/v1/requests/{id}/deliveries")).of_status(200).json()
}

/// Waits until the court has the last version of a finished request, and gives its deliveries.
fn wait_delivered(gateway: &Gateway, receiver: &Receiver, id: &str) -> Vec<Received> {
    let last = gateway.wait_finished(id).version();
    eventually("the last version with the court", || (receiver.has(id) == last).then_some(()));
    eventually("the court's word with us", || {
        (deliveries(gateway, id)["delivery"]["state"] == "delivered").then_some(())
    });
    receiver.of(id)
}

fn causes(gateway: &Gateway, id: &str) -> Vec<String> {
    let attempts = deliveries(gateway, id)["attempts"].as_array().cloned().unwrap_or_default();
    attempts.iter().map(|attempt| attempt["cause"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A request without what changes though no version does.
fn lasting(request: &Value) -> Value {
    let mut lasting = request.clone();
    for name in ["ledger", "delivery"] {
        lasting.as_object_mut().unwrap().remove(name);
    }
    for act in lasting["acts"].as_array_mut().unwrap() {
        for name in ["next", "measure"] {
            act.as_object_mut().unwrap().remove(name);
        }
    }
    lasting
}

#[test]
fn poll_long_poll_and_delivery_carry_the_same_digest() {
    let receiver = Receiver::open();
    let gateway = with_receiver(&receiver, "");
    let submitted = gateway.submit(&collect(&[0]).claim("6000.00").callback(&receiver.url()));
    let received = wait_delivered(&gateway, &receiver, &submitted.id);
    let last = received.last().unwrap();
    let path = format!("/v1/requests/{}", submitted.id);
    let polled = gateway.caller("submitter").get(&path).of_status(200);
    let before = last.previous();
    let waited = gateway.caller("submitter").get(&format!("{path}?wait=30s&after_version={before}")).of_status(200);
    let digest = polled.json()["digest"].as_str().unwrap().to_owned();
    assert_eq!((last.data()["digest"].as_str(), waited.json()["digest"].as_str()), (Some(&*digest), Some(&*digest)));
    assert_eq!(lasting(&last.data()["request"]), lasting(&polled.json()));
    assert_eq!(
        (&last.json()["type"], &last.data()["request"]["state"]),
        (&json!("request.finished"), &json!("finished"))
    );
    assert_eq!(last.headers["webhook-id"], format!("{}-{}", submitted.id, last.version()));
    assert_eq!(polled.json()["delivery"], json!({"state": "delivered", "acknowledged": last.version(), "tries": 0}));
    assert!(received.iter().all(|one| one.acknowledged), "nothing was sent twice to a receiver that takes it");
    assert_eq!(gateway.figure("xiezhi_deliveries_waiting{court=\"330225\"}"), Some(0));
    assert_eq!(gateway.figure("xiezhi_deliveries_acknowledged_total"), Some(received.len() as u64));
    gateway.run(&look(&[0]));
    assert!(receiver.received().len() == received.len(), "who asked for nothing is sent nothing");
}

#[test]
fn a_receiver_that_was_down_gets_the_newest_and_misses_nothing() {
    let receiver = Receiver::open();
    let gateway = with_receiver(&receiver, "");
    receiver.be(Mood::Says(503));
    let id = gateway.submit(&collect(&[0]).claim("6000.00").callback(&receiver.url())).id;
    gateway.wait_finished(&id);
    eventually("some tries", || (causes(&gateway, &id).len() >= 3).then_some(()));
    assert!(causes(&gateway, &id).iter().all(|cause| cause == "status_503"));
    receiver.be(Mood::TakesAndCuts);
    eventually("a try whose answer was cut", || causes(&gateway, &id).contains(&"broken".to_owned()).then_some(()));
    receiver.be(Mood::Takes);
    let received = wait_delivered(&gateway, &receiver, &id);
    let last = received.last().unwrap();
    assert_eq!(last.previous(), 0, "it has acknowledged nothing before");
    let same: Vec<_> = received.iter().filter(|one| one.version() == last.version()).collect();
    assert!(same.len() > 2, "the same version was tried again");
    assert!(same.iter().all(|one| one.headers["webhook-id"] == last.headers["webhook-id"]), "under one id");
    assert!(same.iter().all(|one| one.data()["digest"] == last.data()["digest"]), "saying one thing");
}

#[test]
fn what_is_given_up_is_shown_and_comes_when_asked_for() {
    let receiver = Receiver::open();
    let gateway = setup(&[receiver.origin()], terms("").replace(QUICK, "retry = [\"20ms\"]")).start();
    receiver.be(Mood::Says(400));
    let id = gateway.submit(&look(&[0]).callback(&receiver.url())).id;
    gateway.wait_finished(&id);
    eventually("the end of all tries", || (gateway.view(&id).0["delivery"]["state"] == "given_up").then_some(()));
    assert_eq!(gateway.figure("xiezhi_deliveries_given_up{court=\"330225\"}"), Some(1));
    receiver.be(Mood::Takes);
    let path = format!("/v1/requests/{id}/deliveries");
    let version = gateway.view(&id).version();
    let again = gateway.caller("submitter").post_nothing(&path).of_status(202);
    assert_eq!(again.json(), json!({"version": version, "previous_version": 0}));
    wait_delivered(&gateway, &receiver, &id);
    let first = receiver.received().last().unwrap().version() - 1;
    gateway.caller("operator").post(&path, &json!({ "since_version": first })).of_status(202);
    eventually("the same once more", || (receiver.received().last()?.previous() == first).then_some(()));
    let beyond = gateway.caller("submitter").post(&path, &json!({ "since_version": version + 1 })).of_status(422);
    assert_eq!(beyond.slug(), "out_of_bounds");
    gateway.caller("neighbour").post_nothing(&path).of_status(404);
    gateway.caller("neighbour").get(&path).of_status(404);
    let silent = gateway.run(&look(&[0])).0["id"].as_str().unwrap().to_owned();
    let none = gateway.caller("submitter").post_nothing(&format!("/v1/requests/{silent}/deliveries")).of_status(409);
    assert_eq!(none.json()["state"], "no_callback");
}

#[test]
fn a_receiver_that_hangs_holds_up_nobody_and_no_stop() {
    let receiver = Receiver::open();
    let mut gateway = with_receiver(&receiver, "in_flight_max = 3\n[delivery.timeouts]\ntotal_ms = 60000");
    receiver.be(Mood::Hangs);
    let hung: Vec<String> = (0..6).map(|_| gateway.submit(&look(&[0]).callback(&receiver.url())).id).collect();
    eventually("a full lane", || {
        (gateway.figure("xiezhi_deliveries_in_flight{court=\"330225\"}") == Some(3)).then_some(())
    });
    for id in &hung {
        gateway.wait_finished(id);
    }
    let paid = gateway.run(&collect(&[0]).claim("6000.00"));
    assert_eq!(paid.ledger("deducted"), "6000.00", "the partners went on");
    assert_eq!(receiver.received().len(), 3, "the court's own places were taken, and no others");
    gateway.stop();
    receiver.be(Mood::Takes);
    gateway.start();
    for id in &hung {
        wait_delivered(&gateway, &receiver, id);
    }
}

#[test]
fn kills_lose_nothing_and_leave_no_gap() {
    let receiver = Receiver::open();
    let mut gateway = with_receiver(&receiver, "");
    let mut ids = Vec::new();
    for kill in 0..6_u64 {
        for person in 0..4 {
            ids.push(gateway.submit(&collect(&[person]).claim("100.00").callback(&receiver.url())).id);
        }
        let seen = receiver.received().len() as u64;
        receiver.be(if kill % 2 == 0 { Mood::Takes } else { Mood::TakesAndCuts });
        eventually("some deliveries", || (receiver.received().len() as u64 > seen + kill).then_some(()));
        gateway.restart();
    }
    receiver.be(Mood::Takes);
    for id in &ids {
        wait_delivered(&gateway, &receiver, id);
    }
    let last: Vec<u64> = ids.iter().map(|id| gateway.view(id).version()).collect();
    let has: Vec<u64> = ids.iter().map(|id| receiver.has(id)).collect();
    assert_eq!(has, last);
}

#[test]
fn nothing_is_sent_to_where_the_courts_file_does_not_allow_it() {
    let (receiver, elsewhere) = (Receiver::open(), Receiver::open());
    let gateway = with_receiver(&receiver, "");
    for url in [
        elsewhere.url(),
        format!("http://127.0.0.1:{}@evil.example/", receiver.port),
        format!("{}.evil.example/", receiver.origin()),
        format!("{}1/", receiver.origin()),
    ] {
        let refused = gateway.submit_as("unlisted", &look(&[0]).callback(&url)).of_status(422);
        assert!(matches!(refused.slug().as_str(), "callback_not_listed" | "invalid_request"), "{}", refused.text());
    }
    receiver.be(Mood::SendsTo(elsewhere.url()));
    let id = gateway.submit(&look(&[0]).callback(&receiver.url())).id;
    eventually("a redirect", || causes(&gateway, &id).contains(&"redirected".to_owned()).then_some(()));
    assert_eq!(elsewhere.connections(), 0, "nobody follows it");
    receiver.be(Mood::Takes);
    wait_delivered(&gateway, &receiver, &id);
}

#[test]
fn an_address_near_us_is_refused_at_connect_unless_it_is_listed() {
    let receiver = Receiver::open();
    let by_name = format!("http://localhost:{}", receiver.port);
    let origins = [receiver.origin(), by_name.clone()];
    let bare = terms("").replace(OWN_NETWORK, "networks = [\"10.33.0.0/16\"]");
    let gateway = setup(&origins, bare.clone()).start();
    let ids: Vec<String> = [receiver.url(), format!("{by_name}/results?of=court")]
        .iter()
        .map(|url| gateway.submit(&look(&[0]).callback(url)).id)
        .collect();
    for id in &ids {
        eventually("a refusal", || causes(&gateway, id).contains(&"address".to_owned()).then_some(()));
    }
    assert_eq!(receiver.connections(), 0, "nobody connected to it");
    let file = std::fs::read_to_string(gateway.config.join("courts/330225.toml")).unwrap();
    gateway.write_config_file("courts/330225.toml", &file.replace("10.33.0.0/16", "127.0.0.1"));
    gateway.signal("HUP");
    for id in &ids {
        let again = || gateway.caller("operator").post_nothing(&format!("/v1/requests/{id}/deliveries")).of_status(202);
        eventually("its delivery", || {
            again();
            (receiver.has(id) == gateway.wait_finished(id).version()).then_some(())
        });
    }
}

#[test]
fn the_public_libraries_believe_our_signatures_also_while_keys_change() {
    let receiver = Receiver::open();
    let rotating = terms("").replace(
        &format!("keys = [\"{SECRET}\", \"derived:1\"]"),
        &format!("keys = [\"{SECRET}\", \"{OLDER}\", \"derived:2\", \"derived:1\"]"),
    );
    let gateway = setup(&[receiver.origin()], rotating).start();
    let id = gateway.submit(&collect(&[0]).claim("6000.00").callback(&receiver.url())).id;
    let received = wait_delivered(&gateway, &receiver, &id);
    let keys = gateway.caller("submitter").get("/v1/deliveries/keys").of_status(200).json();
    let public = keys["courts"][0]["keys"].clone();
    assert_eq!((&keys["courts"][0]["court"], public.as_array().unwrap().len()), (&json!("330225"), 2));
    assert_eq!(keys["courts"].as_array().unwrap().len(), 1, "a court sees its own");
    assert_ne!(public[0], public[1]);
    let one = |received: &Received| {
        let signatures = received.headers["webhook-signature"].split(' ').count();
        assert_eq!(signatures, 4, "one of each key in force");
        json!({ "headers": received.headers, "body": received.text })
    };
    let told = json!({
        "secrets": [SECRET, OLDER],
        "public_keys": public,
        "deliveries": received.iter().map(one).collect::<Vec<_>>(),
    });
    let judged = received.len().to_string();
    assert_eq!(foreign(&["python/bin/python", "judge.py"], &told), judged);
    assert_eq!(foreign(&["node", "judge.mjs", "node"], &told), judged);
}
