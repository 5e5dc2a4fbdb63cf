//! What is on the disk: an index that is lost or damaged, a journal with a flipped byte, two processes, stops and starts.

use std::path::{Path, PathBuf};

use serde_json::Value;

use simulators::{Fault, Knob};

use crate::bench::{Gateway, Setup, Spec, collect, eventually, files_below, look, xiezhi};

fn after_some_work() -> (Gateway, Vec<String>) {
    let gateway = Setup { snapshot_events: 1_000, ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000])]) }.start();
    let ids: Vec<String> = (0..6).map(|person| gateway.submit(&collect(&[person]).claim("10.00")).id).collect();
    ids.iter().for_each(|id| drop(gateway.wait_finished(id)));
    (gateway, ids)
}

fn listed(gateway: &Gateway) -> Vec<String> {
    let page = gateway.caller("submitter").get("/v1/requests?state=finished&limit=200").of_status(200).json();
    let mut ids: Vec<String> =
        page["requests"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Everything that was there before is there again, found by search and shown in full.
fn all_is_there(gateway: &Gateway, ids: &[String]) {
    gateway.wait_index_filled();
    assert_eq!(listed(gateway), ids);
    for id in ids {
        let view = gateway.view(id);
        assert_eq!((view.state(), view.ledger("deducted")), ("finished", "10.00"), "{:#}", view.0);
        assert_eq!(view.acts().len(), 3, "{:#}", view.0);
    }
}

#[test]
fn a_case_lists_all_its_requests_from_the_first_one_on() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let first = look(&[0]);
    let number = first.0["case"]["number"].as_str().unwrap().to_owned();
    let asks = [first.clone(), look(&[1]), look(&[0]).same_case(&first), look(&[0]).same_case(&first)];
    let ids = asks.map(|ask| gateway.submit(&ask).id);
    ids.iter().for_each(|id| drop(gateway.wait_finished(id)));
    let encoded: String = number.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let of_case = |gateway: &Gateway, rest: &str| -> Vec<String> {
        let page = gateway.caller("submitter").get(&format!("/v1/requests?case={encoded}{rest}")).of_status(200).json();
        page["requests"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    let newest_first = [ids[3].clone(), ids[2].clone(), ids[0].clone()];
    assert_eq!(of_case(&gateway, ""), newest_first);
    // After a stop nothing is remembered beside the index.
    gateway.stop();
    gateway.start();
    gateway.wait_index_filled();
    assert_eq!(of_case(&gateway, ""), newest_first);
    assert_eq!(of_case(&gateway, "&limit=2"), newest_first[..2]);
    let page = gateway.caller("submitter").get(&format!("/v1/requests?case={encoded}&limit=2")).of_status(200).json();
    let rest = format!("&limit=2&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(of_case(&gateway, &rest), newest_first[2..]);
}

/// A partner's requests are found by stretches of the journal: those of other partners beside them are left out, whatever the page.
#[test]
fn a_partner_lists_its_requests_page_by_page_newest_first() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a"), Spec::called("bank-b"), Spec::called("bank-c")]);
    let at = |number: usize| match number {
        3 | 170 => ["bank-a", "bank-c"],
        number if number.is_multiple_of(2) => ["bank-a", "bank-a"],
        _ => ["bank-b", "bank-b"],
    };
    // Two hundred requests of four events and more each: several stretches.
    let ids: Vec<String> = (0..200).map(|number| gateway.submit(&look(&[number % 5]).at(&at(number))).id).collect();
    ids.iter().for_each(|id| drop(gateway.wait_finished(id)));
    let of = |partner: &str| -> Vec<String> {
        let own = ids.iter().enumerate().filter(|(number, _)| at(*number).contains(&partner));
        own.map(|(_, id)| id.clone()).rev().collect()
    };
    let page = |gateway: &Gateway, partner: &str, rest: &str| -> (Vec<String>, Option<String>) {
        let path = format!("/v1/requests?state=finished&partner={partner}{rest}");
        let page = gateway.caller("submitter").get(&path).of_status(200).json();
        let ids = page["requests"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["next"].as_str().map(str::to_owned))
    };
    for stopped in [false, true] {
        if stopped {
            gateway.stop();
            gateway.start();
        }
        gateway.wait_index_filled();
        for (partner, limit) in [("bank-a", 200), ("bank-b", 7), ("bank-a", 30), ("bank-c", 1), ("bank-c", 200)] {
            let (mut found, mut next) = page(&gateway, partner, &format!("&limit={limit}"));
            while let Some(cursor) = next {
                let (more, after) = page(&gateway, partner, &format!("&limit={limit}&cursor={cursor}"));
                found.extend(more);
                next = after;
            }
            assert_eq!(found, of(partner), "{partner} by {limit}");
        }
    }
}

fn index_of(gateway: &Gateway) -> PathBuf {
    let index = engine::runtime::opening::index_folder(&gateway.data);
    assert!(index.is_dir());
    index
}

#[test]
fn an_index_that_is_deleted_is_filled_again() {
    let (mut gateway, ids) = after_some_work();
    gateway.kill();
    std::fs::remove_dir_all(index_of(&gateway)).unwrap();
    gateway.start();
    all_is_there(&gateway, &ids);
}

/// A kill leaves the index behind the journal: what was finished is shown from the first moment, and with no snapshot in the
/// way not even late.
#[test]
fn what_was_finished_before_a_kill_is_never_said_to_be_unknown() {
    let (mut gateway, ids) = after_some_work();
    gateway.kill();
    std::fs::remove_dir_all(index_of(&gateway)).unwrap();
    gateway.start();
    ids.iter().for_each(|id| assert_eq!(gateway.view(id).state(), "finished"));
    let lists = gateway.caller("submitter").get("/v1/requests?state=finished&limit=200").of_status(200).json();
    assert_eq!((lists["requests"].as_array().unwrap().len(), &lists["filled_to"]), (ids.len(), &Value::Null));
    gateway.stop();
    std::fs::remove_dir_all(index_of(&gateway)).unwrap();
    gateway.start();
    // The stop left a snapshot behind which nothing is known until the index is filled again.
    for id in &ids {
        let path = format!("/v1/requests/{id}");
        let shown = eventually("the request, shown again", || {
            let answer = gateway.caller("submitter").get(&path);
            assert!(matches!(answer.status, 200 | 503), "{}: {}", answer.status, answer.text());
            (answer.status == 200).then(|| answer.json())
        });
        assert_eq!(shown["state"], "finished");
    }
}

#[test]
fn an_index_full_of_garbage_is_set_aside_and_filled_again() {
    let (mut gateway, ids) = after_some_work();
    gateway.kill();
    for file in files_below(&index_of(&gateway)) {
        let length = std::fs::metadata(&file).unwrap().len();
        let garbage: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        std::fs::write(&file, garbage).unwrap();
    }
    gateway.start();
    all_is_there(&gateway, &ids);
    let aside = std::fs::read_dir(&gateway.data).unwrap().filter_map(Result::ok);
    let kept = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("index")).count();
    assert!(
        kept >= 2,
        "the damaged one is kept aside: {:?}",
        std::fs::read_dir(&gateway.data).unwrap().collect::<Vec<_>>()
    );
}

#[test]
fn rebuild_throws_the_index_away_and_only_of_a_stopped_gateway() {
    let (mut gateway, ids) = after_some_work();
    let data = gateway.data.to_string_lossy().into_owned();
    let running = xiezhi(&["rebuild", "--data", &data]);
    assert!(!running.status.success());
    assert!(String::from_utf8_lossy(&running.stderr).contains("in use"), "{running:?}");
    gateway.stop();
    assert!(xiezhi(&["rebuild", "--data", &data]).status.success());
    assert!(!engine::runtime::opening::index_folder(&gateway.data).exists());
    gateway.start();
    all_is_there(&gateway, &ids);
}

/// The journal's file with the last records, and where its last written byte is.
fn last_written(gateway: &Gateway) -> (PathBuf, usize) {
    let mut segments = files_below(&gateway.data.join("journal"));
    segments.retain(|file| file.file_name().is_some_and(|name| name != "clean"));
    segments.retain(|file| std::fs::read(file).unwrap().iter().any(|byte| *byte != 0));
    let last = segments.pop().unwrap();
    let end = std::fs::read(&last).unwrap().iter().rposition(|byte| *byte != 0).unwrap();
    (last, end)
}

pub fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_flipped_byte_in_the_journal_is_told_with_file_and_offset() {
    let (mut gateway, _) = after_some_work();
    gateway.stop();
    let (file, end) = last_written(&gateway);
    let sound = std::fs::read(&file).unwrap();
    let mut refused = 0;
    for part in [2, 3, 5] {
        let at = end * part / 6;
        flip(&file, at);
        if let Err(told) = gateway.try_start() {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(told.contains(&name), "names the file {name}: {told}");
            assert!(told.contains("at byte "), "names the place: {told}");
            refused += 1;
        } else {
            panic!("a journal with byte {at} of {} flipped was taken up", file.display());
        }
        let verified = gateway.verify();
        assert!(!verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        assert_eq!(std::fs::read(&file).unwrap().len(), sound.len(), "nothing was cut");
        std::fs::write(&file, &sound).unwrap();
    }
    assert_eq!(refused, 3);
    gateway.start();
}

/// No power cut explains a byte behind the end of a journal that was stopped in good order.
#[test]
fn a_byte_behind_the_end_of_a_clean_stop_is_told_alike_by_the_start_and_by_verify() {
    let (mut gateway, _) = after_some_work();
    gateway.stop();
    let (file, last) = last_written(&gateway);
    let end = (last + 1).next_multiple_of(512);
    let sound = std::fs::read(&file).unwrap();
    for at in [end + 5_000, end + 1_000_000, sound.len() - 1] {
        flip(&file, at);
        let wanted = format!("is damaged at byte {at}: only zeros may stand behind byte {end}");
        let told = gateway.try_start().unwrap_err();
        assert!(told.contains(&wanted), "{wanted}: {told}");
        let verified = gateway.verify();
        let told = String::from_utf8_lossy(&verified.stdout).into_owned();
        let findings: Vec<&str> = told.lines().filter(|line| line.starts_with("finding: ")).collect();
        assert_eq!((verified.status.code(), findings.len()), (Some(1), 1), "{told}");
        assert!(findings[0].contains(&wanted) && findings[0].contains(file.to_str().unwrap()), "{told}");
        assert!(
            told.contains("journal NOT sound") && told.contains("trail sound"),
            "the rest is looked at too: {told}"
        );
        std::fs::write(&file, &sound).unwrap();
    }
    gateway.start();
    gateway.kill();
    // What a kill leaves behind the end was never acknowledged, and is cut off.
    let (file, last) = last_written(&gateway);
    flip(&file, (last + 1).next_multiple_of(512) + 5_000);
    assert!(gateway.verify().status.success());
    gateway.start();
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let before: Vec<PathBuf> = gateway.disk_files();
    let (config, data) = (gateway.config.to_string_lossy().into_owned(), gateway.data.to_string_lossy().into_owned());
    let second = xiezhi(&["serve", "--config", &config, "--data", &data, "--listen", "127.0.0.1:0", "--json"]);
    assert!(!second.status.success() && second.stdout.is_empty(), "{second:?}");
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("use") || told.contains("lock"), "{told}");
    assert_eq!(gateway.disk_files().len(), before.len());
    assert_eq!(gateway.run(&look(&[0])).state(), "finished", "the first one goes on");
}

#[test]
fn a_clean_stop_is_known_as_one_and_a_kill_is_not() {
    let (mut gateway, ids) = after_some_work();
    gateway.stop();
    gateway.start();
    let taken_up = |gateway: &Gateway| -> Value {
        let log = gateway.read_log();
        let line = log.lines().rev().find(|line| line.contains("the data directory is taken up")).unwrap();
        serde_json::from_str(line).unwrap()
    };
    let told = taken_up(&gateway);
    assert_eq!(told["clean_stop"], true, "{told}");
    assert!(told["snapshot"].is_number(), "a stop leaves a snapshot: {told}");
    all_is_there(&gateway, &ids);
    gateway.restart();
    assert_eq!(taken_up(&gateway)["clean_stop"], false);
    all_is_there(&gateway, &ids);
}

/// A demo in a folder, and those who can be looked at.
struct Demo {
    process: std::process::Child,
    court: crate::bench::Caller,
    /// Admin ports by partner.
    admin: std::collections::BTreeMap<String, crate::bench::Caller>,
}

impl Demo {
    fn start(folder: &std::path::Path) -> Demo {
        use std::io::BufRead as _;
        use std::process::{Command, Stdio};
        let mut process = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
            .args(["demo", "--json", "--data"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let caller = |base: &Value, token| crate::bench::Caller { base: text(base), token };
        let partners = told["partners"].as_array().unwrap().iter().filter(|partner| partner["admin_url"].is_string());
        let admin =
            partners.map(|partner| (text(&partner["id"]), caller(&partner["admin_url"], String::new()))).collect();
        let court = caller(&told["gateway"], text(&told["tokens"]["submitter"]));
        Demo { process, court, admin }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Once the index is whole again; before that the list says itself that lines may be missing.
    fn ids(&self) -> Vec<Value> {
        let page = eventually("a whole index", || {
            let page = self.court.get("/v1/requests").of_status(200).json();
            (page["filled_to"] == Value::Null).then_some(page)
        });
        page["requests"].as_array().unwrap().iter().map(|line| line["id"].clone()).collect()
    }

    fn rows(&self, partner: &str, what: &str) -> Vec<Value> {
        self.admin[partner].get(what).of_status(200).json().as_array().unwrap().clone()
    }
}

#[test]
fn a_demo_that_was_killed_is_taken_up_where_it_was() {
    let folder = tempfile::TempDir::new().unwrap();
    let first = Demo::start(folder.path());
    // The list may hold the demo's second request by now, to a bank that is closed; ids sort as they were given.
    let oldest = |ids: Vec<Value>| ids.iter().map(|id| id.as_str().unwrap().to_owned()).min();
    let id = eventually("the demo's request", || oldest(first.ids()));
    first.kill();
    // Killed again with money held at the fund, with a policy frozen, and with money paid.
    for (partner, what) in [("fund-a", "/effects"), ("insurer-a", "/effects"), ("fund-a", "/paid")] {
        let again = Demo::start(folder.path());
        eventually(&format!("{partner} shows {what}"), || Some(()).filter(|()| !again.rows(partner, what).is_empty()));
        again.kill();
    }
    let last = Demo::start(folder.path());
    let view = eventually("the same request, finished", || {
        let view = last.court.get(&format!("/v1/requests/{id}"));
        Some(view).filter(|view| view.status == 200).map(|view| view.json()).filter(|view| view["state"] == "finished")
    });
    let finished = last.court.get("/v1/requests?state=finished").of_status(200).json();
    assert_eq!(finished["requests"][0]["id"], id, "a finished request is listed at once");
    // As undisturbed: everything but the sum that nobody has, each partner once.
    let fen = |key: &str| view["ledger"][key].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    assert_eq!((fen("target") - fen("deducted"), fen("in_doubt")), (350_000, 0), "{}", view["ledger"]);
    for partner in ["bank-b", "bank-c", "fund-a", "insurer-a"] {
        assert_eq!(last.rows(partner, "/paid").len(), 1, "{partner}");
    }
    last.kill();
}

/// A drain may wait for a bank, and where a disk hangs without end: whoever says it twice means it.
#[test]
fn told_twice_to_stop_it_ends_at_once_and_loses_nothing() {
    let banks = vec![Spec::called("bank-a").with(|spec| spec.total_ms = 60_000)];
    let mut gateway = Setup { drain_ms: 60_000, ..Setup::of(banks) }.start();
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1));
    let request = gateway.submit(&look(&[0]));
    gateway.wait_until(&request.id, "the query under way", |view| view.state_of("query", "bank-a") == "sending");
    gateway.signal("TERM");
    eventually("the first word is heard", || gateway.read_log().contains("stopping: nothing new").then_some(()));
    gateway.signal("TERM");
    assert_eq!(gateway.wait_ended(), Some(143), "as after a kill, and before its grace was over");
    gateway.start();
    assert_eq!(gateway.view(&request.id).acts().len(), 1);
}
