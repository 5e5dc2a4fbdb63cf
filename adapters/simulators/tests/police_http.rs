//! The police over HTTP against their two pages: the golden tasks of the gateway, de-duplication, callbacks until they are taken, every fault.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use simulators::police::{Standing, Step};
use simulators::{Callback, County, Day, FAULTS, Fault, Knob, Police, PoliceConfig};

/// 2026-11-22T10:15:30+08:00.
const OPENED_MS: i64 = 1_795_313_730_000;
const PLATE: &str = "浙BO0000";
/// Longer than anything on loopback takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn police(config: PoliceConfig) -> Police {
    Police::start(&County::of_the_samples(), PoliceConfig { opened_ms: Some(OPENED_MS), ..config }).unwrap()
}

fn at_once() -> Police {
    police(PoliceConfig::default())
}

fn by_hand() -> Police {
    police(PoliceConfig { answer_after_ms: None, ..PoliceConfig::default() })
}

fn golden(name: &str) -> Value {
    let path = format!("{}/../police/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A golden task under another number.
fn task(name: &str, number: &str) -> Value {
    let mut task = golden(name);
    task["number"] = json!(number);
    task
}

fn lift(number: &str, original: &str) -> Value {
    let mut task = task("lift", number);
    task["original"]["number"] = json!(original);
    task
}

async fn try_call(police: &Police, path: &str, body: Option<&Value>) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
    let url = format!("{}/v1/tasks{path}", police.url());
    let request = match body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    let mut reply = request.header("Authorization", "Bearer police-token").send().await?;
    let status = reply.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

async fn send(police: &Police, task: &Value) -> (u16, Value) {
    let (status, bytes) = try_call(police, "", Some(task)).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn ask(police: &Police, number: &str) -> (u16, Value) {
    let (status, bytes) = try_call(police, &format!("/{number}"), None).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn state(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["state"].as_str().unwrap_or_default())
}

/// A stand-in for the gateway: answers with these statuses, then 200, and hands on what was posted.
struct Inbound {
    url: String,
    posted: Receiver<(String, Value)>,
}

impl Inbound {
    fn start(refusals: usize) -> Inbound {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, posted) = sync_channel(100);
        std::thread::spawn(move || {
            let mut left = refusals;
            // The thread ends with the first post that nobody waits for any more.
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if !serve(stream, &mut left, |post| tell.send(post).is_ok()) {
                    return;
                }
            }
        });
        Inbound { url, posted }
    }

    fn callback(&self) -> Callback {
        Callback { gateway: self.url.clone(), partner: "police-a".to_owned(), token: "our-token".to_owned() }
    }

    fn next(&self) -> (String, Value) {
        self.posted.recv_timeout(PATIENCE).expect("the police post within the test's patience")
    }
}

fn serve(stream: TcpStream, left: &mut usize, mut tell: impl FnMut((String, Value)) -> bool) -> bool {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return true;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let json: Value = serde_json::from_slice(&body).unwrap();
        let items = ["results", "leads"].iter().flat_map(|list| json[list].as_array().unwrap().clone());
        let verdicts: Vec<Value> = items.map(|item| json!({"number": item["number"], "taken": true})).collect();
        let (status, answer) = match *left {
            0 => ("200 OK", json!({"verdicts": verdicts}).to_string()),
            _ => ("500 Internal Server Error", String::new()),
        };
        *left = left.saturating_sub(1);
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if reader.get_mut().write_all(reply.as_bytes()).is_err() || !tell((head, json)) {
            return false;
        }
    }
}

/// The answer without the police's own time, of which tests know only the minute.
fn untimed(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("as_of");
    answer
}

#[tokio::test]
async fn the_golden_tasks_are_answered_as_the_goldens_say() {
    let police = by_hand();
    for (task, told) in [("query", "query_done"), ("watch_vehicle", "watch_done")] {
        let answer = send(&police, &golden(task)).await;
        assert_eq!((answer.0, untimed(answer.1)), (200, untimed(golden(told))), "{task}");
    }
    let answer = send(&police, &task("support", "S-1")).await;
    let mut told = golden("support_registered");
    told["number"] = json!("S-1");
    told["serial"] = json!("XZ20261122000002");
    assert_eq!((answer.0, untimed(answer.1)), (200, untimed(told)));
    assert_eq!(state(&send(&police, &golden("locate")).await).0, 409, "the query bears this number");
    let answer = send(&police, &task("locate", "L-0")).await;
    assert_eq!(answer, (202, json!({"number": "L-0", "kind": "locate", "state": "accepted"})));
    assert_eq!(state(&send(&police, &task("watch_person", "W-1")).await), (200, "done"));
    assert_eq!(state(&send(&police, &task("border_control", "B-1")).await), (202, "accepted"));
    assert_eq!(state(&send(&police, &lift("U-1", "W-1")).await), (200, "done"));
    assert_eq!(state(&send(&police, &lift("U-2", "W-9")).await), (200, "refused"));
    assert_eq!(ask(&police, "W-2").await, (404, json!({"number": "W-2", "state": "unknown"})));
}

#[tokio::test]
async fn a_number_takes_effect_once_and_other_content_never() {
    let police = by_hand();
    let watch = task("watch_vehicle", "W-1");
    let first = send(&police, &watch).await;
    assert_eq!(send(&police, &watch).await, first);
    let mut other = watch.clone();
    other["to"] = json!("2027-01-31");
    assert_eq!(send(&police, &other).await, (409, json!({"number": "W-1", "state": "conflict"})));
    assert_eq!((police.books().effect_count("W-1"), police.taken()), (1, 1));
    assert_eq!(police.books().measure("W-1").unwrap().to, Day::parse("2026-12-31").unwrap());
    assert_eq!(ask(&police, "W-1").await, first);
}

#[tokio::test]
async fn a_defect_binds_nothing() {
    let police = by_hand();
    let mut watch = task("watch_vehicle", "W-1");
    watch["officers"].as_array_mut().unwrap().truncate(1);
    let answer = send(&police, &watch).await;
    assert_eq!((state(&answer), &answer.1["reason"]), ((422, "handed_back"), &json!("credential_missing")));
    let mut watch = task("watch_vehicle", "W-1");
    watch["papers"][1]["content"] = json!("JVBERi0x");
    let answer = send(&police, &watch).await;
    assert_eq!(
        (state(&answer), &answer.1["reason"]),
        ((422, "handed_back"), &json!("paper_missing")),
        "a wrong digest"
    );
    let mut query = task("query", "Q-1");
    query["police"]["wants"] = json!(["criminal_record"]);
    assert_eq!(state(&send(&police, &query).await), (422, "handed_back"));
    query["police"]["wants"] = json!(["vehicle"]);
    assert_eq!(send(&police, &query).await.1["findings"].as_array().unwrap().len(), 1);
    let mut freeze = task("watch_vehicle", "F-1");
    freeze["kind"] = json!("freeze");
    assert_eq!(send(&police, &freeze).await.1["reason"], "unsupported");
    assert_eq!(ask(&police, "W-1").await.0, 404);
    assert_eq!(state(&send(&police, &task("watch_vehicle", "W-1")).await), (200, "done"));
}

#[tokio::test]
async fn a_hit_is_posted_until_it_is_taken_and_none_after_the_lift() {
    let (police, gateway) = (by_hand(), Inbound::start(2));
    send(&police, &task("watch_vehicle", "W-1")).await;
    assert_eq!(police.pass(PLATE, "石浦检查站").len(), 1, "before anybody can be called");
    police.call_back(gateway.callback());
    let (head, first) = gateway.next();
    assert!(head.starts_with("POST /v1/inbound/police-a HTTP/1.1\r\n"));
    assert!(head.to_ascii_lowercase().contains("authorization: bearer our-token"));
    assert_eq!([gateway.next().1, gateway.next().1], [first.clone(), first.clone()], "the same until 200");
    let lead = &first["leads"][0];
    assert_eq!(
        (&lead["number"], &lead["class"], &lead["details"]["plate"]),
        (&json!("W-1"), &json!("hit"), &json!(PLATE))
    );
    let clock = |key: &str| lead[key].as_str().unwrap()[..13].to_owned();
    assert_eq!((clock("as_of"), clock("respond_by")), ("2026-11-22T10".into(), "2026-11-22T13".into()));
    let shape = |lead: &Value| lead["details"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(shape(lead), shape(&golden("hit_callback")["leads"][0]), "no name, no identity number");
    send(&police, &lift("U-1", "W-1")).await;
    assert!(police.pass(PLATE, "石浦检查站").is_empty());
    send(&police, &task("watch_person", "W-2")).await;
    police.set_date(Day::parse("2026-12-31").unwrap());
    police.pass("330225189506120170", "象山站");
    assert_eq!(gateway.next().1["leads"][0]["number"], "W-2", "the next after the first three");
    police.set_date(Day::parse("2027-01-01").unwrap());
    assert!(police.pass("330225189506120170", "象山站").is_empty(), "it is over");
    assert_eq!(police.callbacks()[0].tries, 3);
}

#[tokio::test]
async fn what_was_accepted_is_told_when_asked_and_by_callback() {
    let (police, gateway) = (by_hand(), Inbound::start(0));
    police.call_back(gateway.callback());
    send(&police, &task("border_control", "B-1")).await;
    assert_eq!(state(&ask(&police, "B-1").await), (202, "accepted"));
    assert!(police.settle("B-1") && !police.settle("B-1"));
    let (_, posted) = gateway.next();
    let answer = ask(&police, "B-1").await;
    assert_eq!((state(&answer), &answer.1["to"]), ((200, "done"), &json!("2027-05-21")));
    assert_eq!(posted, json!({"results": [answer.1], "leads": []}));
    let (quick, gateway) = (at_once(), Inbound::start(0));
    quick.call_back(gateway.callback());
    send(&quick, &task("locate", "L-1")).await;
    assert_eq!(gateway.next().1["results"][0]["state"], "done", "decided without anybody's doing");
}

#[tokio::test]
async fn people_come_and_every_step_is_told() {
    let (police, gateway) = (by_hand(), Inbound::start(0));
    police.call_back(gateway.callback());
    send(&police, &task("support", "S-1")).await;
    assert!(police.step("S-1", &Step::new("assigned", "石浦派出所", 3)));
    let (_, posted) = gateway.next();
    assert_eq!(
        (&posted["results"][0]["state"], &posted["results"][0]["reason"]),
        (&json!("registered"), &json!("under_way"))
    );
    assert!(police.step("S-1", &Step::new("arrived", "石浦派出所", 3)));
    assert_eq!(gateway.next().1["results"][0]["findings"].as_array().unwrap().len(), 2);
    assert!(police.finish("S-1", Standing::Done, ""));
    assert_eq!(gateway.next().1["results"][0]["state"], "done");
    assert!(!police.finish("S-1", Standing::Refused, "") && !police.step("S-1", &Step::new("ended", "", 0)));
    send(&police, &task("support", "S-2")).await;
    police.set_date(Day::parse("2026-11-24").unwrap());
    let (_, posted) = gateway.next();
    assert_eq!((&posted["results"][0]["number"], &posted["results"][0]["state"]), (&json!("S-2"), &json!("refused")));
}

#[tokio::test]
async fn people_come_by_themselves_when_set_so() {
    let police = police(PoliceConfig { come_after_ms: Some(60_000), ..PoliceConfig::default() });
    let gateway = Inbound::start(0);
    police.call_back(gateway.callback());
    assert_eq!(state(&send(&police, &task("support", "S-1")).await), (200, "registered"));
    police.advance_ms(60_000);
    let (_, posted) = gateway.next();
    let states: Vec<&Value> = posted["results"].as_array().unwrap().iter().map(|result| &result["state"]).collect();
    assert_eq!(states, ["registered", "done"]);
    let told = ask(&police, "S-1").await;
    assert_eq!((state(&told), &told.1["findings"][0]["details"]["step"]), ((200, "done"), &json!("arrived")));
}

#[tokio::test]
async fn every_fault_has_or_has_not_its_effect_as_the_table_says_and_asking_tells_the_truth() {
    let of_callbacks =
        [Fault::DuplicateCallback, Fault::ConflictingCallback, Fault::EarlyCallback, Fault::LostCallback];
    for row in FAULTS.iter().filter(|row| row.open && !of_callbacks.contains(&row.fault)) {
        let police = by_hand();
        let mut knob = Knob::next(row.fault, 1).ms(1).only("watch");
        knob.bytes = Some(4096);
        police.knobs().set(knob);
        let watch = task("watch_vehicle", "W-1");
        let first = try_call(&police, "", Some(&watch)).await;
        assert_eq!(police.knobs().fired(row.fault), 1, "{:?}", row.fault);
        assert_eq!(police.books().effect_count("W-1"), usize::from(row.effect), "{:?}", row.fault);
        let told = ask(&police, "W-1").await;
        assert_eq!(state(&told), if row.effect { (200, "done") } else { (404, "unknown") }, "{:?}", row.fault);
        let silent =
            [Fault::ResetMidBody, Fault::CloseWithoutAnswer, Fault::SilenceAfterAccept, Fault::SilenceBeforeAccept];
        assert_eq!(first.is_err(), silent.contains(&row.fault), "{:?}", row.fault);
        assert_eq!(state(&send(&police, &watch).await), (200, "done"));
        assert_eq!(police.books().effect_count("W-1"), 1, "{:?}", row.fault);
    }
}

#[tokio::test]
async fn callbacks_are_doubled_lost_and_contradicted_as_told() {
    let (police, gateway) = (by_hand(), Inbound::start(0));
    police.call_back(gateway.callback());
    for (fault, number) in
        [(Fault::DuplicateCallback, "B-1"), (Fault::ConflictingCallback, "B-2"), (Fault::LostCallback, "B-3")]
    {
        police.knobs().set(Knob::next(fault, 1));
        // The knob is drawn for the callback alone: nothing else of this exchange can show it.
        send(&police, &task("border_control", number)).await;
        police.settle(number);
        let count = if fault == Fault::LostCallback { 0 } else { 2 };
        let posted: Vec<Value> = (0..count).map(|_| gateway.next().1["results"][0].clone()).collect();
        match fault {
            Fault::DuplicateCallback => assert_eq!(posted[0], posted[1]),
            Fault::ConflictingCallback => {
                assert_eq!((&posted[0]["state"], &posted[1]["state"]), (&json!("done"), &json!("refused")))
            }
            _ => assert_eq!(state(&ask(&police, number).await), (200, "done")),
        }
    }
}

#[tokio::test]
async fn who_shows_no_token_learns_nothing() {
    let police = by_hand();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
    let url = format!("{}/v1/tasks", police.url());
    let status = |reply: reqwest::Response| reply.status().as_u16();
    assert_eq!(status(client.post(&url).body("{}").send().await.unwrap()), 401);
    let wrong = client.get(format!("{url}/W-1")).header("Authorization", "Bearer other");
    assert_eq!(status(wrong.send().await.unwrap()), 401);
    assert_eq!((police.calls(), police.taken()), (0, 0));
}
