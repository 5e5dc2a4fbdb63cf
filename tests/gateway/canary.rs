//! Canaries: marked values in every field that may not be seen, work with faults, and then a look at everything that is seen or kept.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use simulators::{Fault, Knob};

use crate::bench::{Caller, Clerk, Form, Gateway, RUNTIME, Setup, Spec, acts, collect, eventually, look, person};
use crate::kinds::{EveryKind, everywhere};

/// The shortest piece that is looked for; what is shorter is found by chance.
const PIECE: usize = 6;

/// Looks for every canary in every dress.
struct Scanner {
    dresses: Vec<(String, Vec<u8>)>,
    by_start: HashMap<[u8; PIECE], Vec<usize>>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 of bytes wherever they begin inside a longer text: three shifts, without the characters that neighbours share.
fn base64_anywhere(bytes: &[u8]) -> Vec<Vec<u8>> {
    let shifted = |shift: usize| {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        let text = STANDARD.encode(&padded).into_bytes();
        let begin = (shift * 8).div_ceil(6);
        let end = (shift + bytes.len()) * 8 / 6;
        text[begin..end].to_vec()
    };
    (0..3).map(shifted).collect()
}

fn dresses(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf8 = text.as_bytes().to_vec();
    let gbk = encoding_rs::GBK.encode(text).0.into_owned();
    let digest = Sha256::digest(&utf8).to_vec();
    let percent: String = utf8.iter().map(|byte| format!("%{byte:02X}")).collect();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut all = vec![
        ("utf-8", utf8.clone()),
        ("gbk", gbk.clone()),
        ("hex", hex(&utf8).into_bytes()),
        ("HEX", hex(&utf8).to_uppercase().into_bytes()),
        ("hex of gbk", hex(&gbk).into_bytes()),
        ("percent", percent.into_bytes()),
        ("json escapes", escaped.into_bytes()),
        ("sha256", digest.clone()),
        ("hex of sha256", hex(&digest).into_bytes()),
        ("base64url", URL_SAFE_NO_PAD.encode(&utf8).into_bytes()),
    ];
    all.extend(base64_anywhere(&utf8).into_iter().map(|dress| ("base64", dress)));
    all.extend(base64_anywhere(&gbk).into_iter().map(|dress| ("base64 of gbk", dress)));
    all.retain(|(_, bytes)| bytes.len() >= PIECE);
    all
}

impl Scanner {
    fn of(canaries: &[(&str, String)]) -> Self {
        let mut scanner = Self { dresses: Vec::new(), by_start: HashMap::new() };
        for (what, text) in canaries {
            for (dress, bytes) in dresses(text) {
                let start: [u8; PIECE] = bytes[..PIECE].try_into().unwrap();
                scanner.by_start.entry(start).or_default().push(scanner.dresses.len());
                scanner.dresses.push((format!("{what} as {dress}"), bytes));
            }
        }
        scanner
    }

    fn find(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for (at, window) in bytes.windows(PIECE).enumerate() {
            // Preallocated files are mostly zeros.
            if window[0] == 0 {
                continue;
            }
            let Some(candidates) = self.by_start.get(window) else { continue };
            let fits = candidates.iter().map(|place| &self.dresses[*place]);
            found.extend(fits.filter(|(_, dress)| bytes[at..].starts_with(dress)).map(|(name, _)| name.as_str()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn clean(&self, place: &str, bytes: &[u8]) {
        let found = self.find(bytes);
        assert!(found.is_empty(), "{place} shows {found:?}");
    }
}

#[test]
fn the_scanner_finds_what_it_should() {
    let scanner = Scanner::of(&[("name", "欧阳听涛".to_owned()), ("number", "330225189506120170".to_owned())]);
    for (dress, bytes) in dresses("欧阳听涛").into_iter().chain(dresses("330225189506120170")) {
        let haystack = [b"xx".as_slice(), &bytes, b"yy"].concat();
        assert!(!scanner.find(&haystack).is_empty(), "{dress}");
    }
    let inside = STANDARD.encode("before 330225189506120170 after");
    assert!(!scanner.find(inside.as_bytes()).is_empty());
    assert!(scanner.find("听涛 330225".as_bytes()).is_empty());
}

struct Planted {
    body: Value,
    canaries: Vec<(&'static str, String)>,
}

const KEY: &str = "canary-key-7f3a91";

/// A collect request with a mark in every field that is a person's, a case's or a secret.
fn plant(gateway: &Gateway) -> Planted {
    let who = person(0);
    let paper = "%PDF-1.4 金丝雀文书正文 canary-document-55d1 %%EOF";
    let papers: Vec<Value> =
        ["ruling", "query_notice", "freeze_notice", "deduct_notice", "release_notice", "work_id_scan", "duty_id_scan"]
            .iter()
            .map(|kind| {
                let number = match *kind {
                    "work_id_scan" => "GZ7700991",
                    "duty_id_scan" => "GW7700992",
                    _ => "(2026)浙0225执77991号之一",
                };
                gateway.paper(kind, "金丝雀裁定书甲.pdf", number, paper.as_bytes())
            })
            .collect();
    let mut body = collect(&[0]).case("(2026)浙0225执77991号").claim("6543.21").papers(&papers).0;
    body["case"]["account"]["holder"] = json!("金丝雀执行款户");
    body["case"]["account"]["bank"] = json!("金丝雀农商银行");
    let officer = |place: usize, name: &str, phone: &str| json!({ "name": name, "work_id": format!("GZ770099{place}"), "duty_id": format!("GW770099{}", place + 1), "phone": phone });
    body["officers"] = json!([officer(1, "金丝雀法官", "0574-77009911"), officer(3, "金丝雀书记", "0574-77009922")]);
    body["callback"] = json!({ "url": "https://court.test/canary-callback-path-31" });
    let mut canaries = vec![
        ("debtor's name", format!("{}\u{0}", who.name).trim_end_matches('\u{0}').to_owned()),
        ("debtor's number", who.id_number),
        ("case number", "浙0225执77991号".to_owned()),
        ("file name", "金丝雀裁定书甲".to_owned()),
        ("document", "金丝雀文书正文".to_owned()),
        ("document's text", "canary-document-55d1".to_owned()),
        ("whole document", paper.to_owned()),
        ("account holder", "金丝雀执行款户".to_owned()),
        ("bank of the account", "金丝雀农商银行".to_owned()),
        ("court's account", crate::bench::COURT_ACCOUNT.1.to_owned()),
        ("officer", "金丝雀法官".to_owned()),
        ("second officer", "金丝雀书记".to_owned()),
        ("work number", "GZ7700991".to_owned()),
        ("duty number", "GW7700992".to_owned()),
        ("phone", "0574-77009911".to_owned()),
        ("second phone", "0574-77009922".to_owned()),
        ("callback's path", "canary-callback-path-31".to_owned()),
        ("idempotency key", KEY.to_owned()),
        ("reason", "金丝雀理由一二三".to_owned()),
    ];
    for bank in &gateway.banks {
        canaries.push(("account", bank.account(0)));
        canaries.push(("password", bank.spec.password.clone()));
    }
    canaries.extend(gateway.tokens().into_iter().map(|token| ("token", token)));
    Planted { body, canaries }
}

/// Everything that the API says to people who may see no personal data, and what it says about mistakes.
fn scan_what_is_said(gateway: &Gateway, scanner: &Scanner, id: &str) {
    let anybody = gateway.caller("");
    for path in ["/metrics", "/health/ready", "/trail/checkpoint", "/trail/keys", "/trail/tile/0/000.p/20"] {
        scanner.clean(path, &anybody.get(path).bytes);
    }
    for path in ["/v1/requests?limit=200", "/v1/partners"] {
        scanner.clean(path, &gateway.caller("operator").get(path).of_status(200).bytes);
    }
    for leaf in gateway.events(id) {
        scanner.clean("a request's event", leaf.to_string().as_bytes());
    }
    let size = eventually("a checkpoint over everything", || {
        let durable = gateway.figure("xiezhi_journal_durable_events")?;
        (gateway.figure("xiezhi_checkpoint_events")? >= durable).then_some(durable)
    });
    for index in 0..size.min(400) {
        let entry = gateway.caller("auditor").get(&format!("/v1/trail/entries/{index}")).of_status(200).json();
        scanner.clean("a leaf", &STANDARD.decode(entry["leaf_base64"].as_str().unwrap()).unwrap());
    }
}

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, value)| pointers(value, &format!("{at}/{place}"), found))
        }
        _ => found.push(at.to_owned()),
    }
}

/// Each field of the body wrong in turn, in three ways: the problem never repeats what was sent.
fn scan_problems(gateway: &Gateway, scanner: &Scanner, body: &Value) {
    let mut fields = Vec::new();
    pointers(body, "", &mut fields);
    assert!(fields.len() > 50, "{}", fields.len());
    let caller = gateway.caller("submitter");
    let mark = "金丝雀理由一二三";
    for field in &fields {
        for wrong in [json!(format!("\u{1}{mark}")), json!({ mark: mark }), json!([mark.repeat(500)])] {
            let mut wrong_body = body.clone();
            *wrong_body.pointer_mut(field).unwrap() = wrong;
            let answer = RUNTIME.block_on(caller.submit("canary-key-7f3a91-wrong", &wrong_body)).unwrap();
            assert!((400..500).contains(&answer.status), "{field}: {}", answer.text());
            scanner.clean(&format!("the problem of {field}"), &answer.bytes);
        }
    }
    let cut = body.to_string();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", KEY)];
    for end in [cut.len() / 3, cut.len() / 2, cut.len() - 1] {
        let sent = Some(cut.as_bytes()[..end].to_vec());
        let answer = RUNTIME.block_on(caller.call(reqwest::Method::POST, "/v1/requests", &headers, sent)).unwrap();
        assert!((400..500).contains(&answer.status));
        scanner.clean("the problem of a body cut short", &answer.bytes);
    }
}

#[test]
fn nothing_personal_is_seen_or_kept_in_clear() {
    let banks = vec![
        Spec::pulling("bank-a").holds(&[300_000]),
        Spec::called("bank-b").holds(&[300_000]).with(|spec| spec.total_ms = 500),
        Spec::called("bank-c").holds(&[300_000]).with(|spec| spec.total_ms = 500),
    ];
    let origins = vec!["https://court.test".to_owned()];
    let mut gateway =
        Setup { log: "debug", snapshot_events: 1_000, callback_origins: origins, ..Setup::of(banks) }.start();
    let Planted { body, canaries } = plant(&gateway);
    let scanner = Scanner::of(&canaries);
    for (bank, faults) in [
        ("bank-b", [Fault::SilenceAfterAccept, Fault::WrongSchema, Fault::HtmlBody]),
        ("bank-c", [Fault::ResetMidBody, Fault::ErrorAfterEffect, Fault::TruncatedXml]),
    ] {
        for (fault, message) in faults.into_iter().zip(["100201", "100211", "100309"]) {
            gateway.bank(bank).knobs().set(Knob::next(fault, 1).only(message));
        }
    }
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::TruncatedXml, 1));
    let accepted = RUNTIME.block_on(gateway.caller("submitter").submit(KEY, &body)).unwrap().of_status(202);
    let id = accepted.json()["request"]["id"].as_str().unwrap().to_owned();
    let view = gateway.wait_finished(&id);
    assert_eq!(view.ledger("deducted"), "6543.21", "{:#}", view.0);
    // Reasons that people give, and a document with a name, are personal too.
    let reason = json!({ "reason": "金丝雀理由一二三" });
    let other = gateway.submit(&look(&[1]));
    gateway.caller("officer").post(&format!("/v1/requests/{}/stop", other.id), &reason);
    let until = domain::day::show_instant(engine::clock::Clock::wall(&engine::clock::SystemClock::new()) + 60_000);
    let pause = json!({ "reason": "金丝雀理由一二三", "until": until });
    gateway.caller("operator").post("/v1/partners/bank-b/pause", &pause).of_status(200);
    scan_what_is_said(&gateway, &scanner, &id);
    scan_problems(&gateway, &scanner, &body);
    gateway.caller("operator").post_nothing("/v1/partners/bank-b/resume").of_status(200);
    scan_what_is_kept(&mut gateway, &scanner);
}

/// Killed and started, stopped and started: snapshots, an index and set-aside pieces stand there too.
fn scan_what_is_kept(gateway: &mut Gateway, scanner: &Scanner) {
    gateway.restart();
    gateway.stop();
    for file in gateway.disk_files() {
        let name = file.to_string_lossy().into_owned();
        scanner.clean("a file's name", name.as_bytes());
        scanner.clean(&name, &std::fs::read(&file).unwrap());
    }
    scanner.clean("the log", gateway.read_log().as_bytes());
}

/// What police, insurers and fund centres tell is the most private of all, and some of it comes unasked.
#[test]
fn what_partners_of_every_kind_tell_is_not_seen_or_kept_in_clear_either() {
    let mut gateway = Setup { log: "debug", snapshot_events: 1_000, ..Setup::of(Vec::new()) }.lay_out();
    let kinds = EveryKind::beside(&gateway);
    gateway.start();
    kinds.meet(&gateway);
    let note = "金丝雀嘱咐请留意渔港";
    let police = |kind: &str, more: Value| {
        let mut act = json!({ "kind": kind, "partner": "police-a", "subject": 0, "note": note });
        act.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        act
    };
    let asked = vec![
        police("query", json!({})),
        police("locate", json!({})),
        police("watch", json!({ "to": "2027-02-01" })),
        police("watch", json!({ "to": "2027-02-01", "account": kinds.plate })),
    ];
    let watched = gateway.submit(&acts(&[0], asked));
    let seen = gateway.wait_finished(&watched.id);
    let taken = gateway.submit(&everywhere(collect(&[0])).claim("30000.00"));
    gateway.wait_finished(&taken.id);
    let place = "金丝雀码头西侧";
    let hits = kinds.police.pass(&person(0).id_number, place).len() + kinds.police.pass(&kinds.plate, place).len();
    assert_eq!(hits, 2);
    eventually("both hits", || kinds.police.all_posted().then_some(()));
    let told = gateway.view(&watched.id);
    assert!(told.0.to_string().contains(place), "{:#}", told.0);
    let told_of = |name: &str| {
        let details = seen.0["acts"][0]["outcomes"][0]["findings"][0]["details"].as_array().cloned().unwrap();
        let detail = details.into_iter().find(|detail| detail["name"] == name).unwrap();
        detail["value"].as_str().unwrap().to_owned()
    };
    let household = told_of("household_address");
    let mut canaries = vec![
        ("debtor's name", person(0).name),
        ("debtor's number", person(0).id_number),
        ("child's name", kinds.child.clone()),
        ("policy", kinds.policy.clone()),
        ("fund account", kinds.fund_account.clone()),
        ("plate", kinds.plate.clone()),
        ("household", household),
        ("note", note.to_owned()),
        ("place", place.to_owned()),
    ];
    canaries.extend(kinds.tokens.iter().map(|token| ("partner's token", token.clone())));
    canaries.retain(|(_, text)| text.len() >= PIECE);
    let scanner = Scanner::of(&canaries);
    scan_what_is_said(&gateway, &scanner, &watched.id);
    scan_what_is_kept(&mut gateway, &scanner);
}

/// What clerks read and answer is for their eyes: it stands in no log, figure, leaf or file.
#[test]
fn what_clerks_read_and_answer_is_not_seen_or_kept_in_clear() {
    let mut gateway = Setup { log: "debug", snapshot_events: 1_000, ..Setup::of(Vec::new()) }.lay_out();
    let tokens = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let note = "金丝雀嘱咐请查保险柜";
    let (account, words, serial) = ("6228480318059977001", "金丝雀答复余额另户", "JSQ-2026-770031");
    let sealed = "%PDF-1.7 金丝雀盖章回执正文 %%EOF";
    let query = json!({ "kind": "query", "partner": "desk-a", "subject": 0, "note": note });
    let asked = gateway.submit(&acts(&[0], vec![query]).case("(2026)浙0225执77993号"));
    let browser = Clerk::sign_in(gateway.url(), &tokens[0]);
    let clerk = Caller { base: gateway.url().to_owned(), token: tokens[0].clone() };
    let task = clerk.get("/v1/partner/tasks").of_status(200).json()["tasks"][0].clone();
    let page = format!("/console/partner/tasks/{}", task["id"].as_str().unwrap());
    let shown = browser.get(&page).of_status(200).text();
    assert!(shown.contains(note) && shown.contains(&person(0).name), "a clerk sees what is to be done");
    let form = Form::of(&shown, "multipart/form-data").with("accounts.0.number", account).with("text", words);
    let canaries = [
        ("debtor's name", person(0).name),
        ("debtor's number", person(0).id_number),
        ("case number", "浙0225执77993号".to_owned()),
        ("note", note.to_owned()),
        ("account", account.to_owned()),
        ("clerk's words", words.to_owned()),
        ("serial", serial.to_owned()),
        ("sealed reply", "金丝雀盖章回执正文".to_owned()),
        ("file name", "金丝雀回执".to_owned()),
        ("token", tokens[0].clone()),
    ];
    let scanner = Scanner::of(&canaries);
    // Turned away with every field filled in: what comes back is the clerk's own form, and nothing of it goes elsewhere.
    let wrong = form.with("serial", serial).with("verdict", "done").with("accounts.0.balance", "x");
    let faulty = browser.send(&wrong, Some(("金丝雀回执.pdf", sealed.as_bytes()))).of_status(422).text();
    let lost = clerk.get(&format!("/v1/partner/tasks/act_{}", "0".repeat(16))).of_status(404);
    scanner.clean("a problem", &lost.bytes);
    let refused = clerk.post(
        &format!("/v1/partner/tasks/{}/answer", task["id"].as_str().unwrap()),
        &json!({ "verdict": words, "serial": serial }),
    );
    scanner.clean("the problem of an answer", &refused.of_status(422).bytes);
    let sound = Form::of(&faulty, "multipart/form-data").with("accounts.0.balance", "5.00");
    let taken = browser.send(&sound, Some(("金丝雀回执.pdf", sealed.as_bytes()))).of_status(303);
    scanner.clean("where a form leads", taken.header("location").unwrap().as_bytes());
    let view = gateway.wait_finished(&asked.id);
    assert_eq!(view.acts()[0]["outcomes"][0]["serial"], serial, "{:#}", view.0);
    assert!(browser.get(&page).text().contains(words));
    scan_what_is_said(&gateway, &scanner, &asked.id);
    scan_what_is_kept(&mut gateway, &scanner);
}
