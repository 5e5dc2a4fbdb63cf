//! Partners with a mailbox: packets that are left, fetched and answered, in a folder and over SFTP, broken packets, kills.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulators::{BankFront, BankFrontConfig, FrontFault, FrontReport, PoliceFront, PoliceFrontConfig, ReceptionFault};

use crate::bench::{
    Gateway, RUNTIME, Setup, Sftp, View, acts, collect, county_of, eventually, everybody, look, person, secure,
};

pub const CODE: &str = "B0000000000000001";
pub const TARGET: &str = "P0000000000330225";

/// What partners with a mailbox have in common; the options of their adapter come last.
pub fn partner(id: &str, kind: &str, acts: &str, options: &str) -> String {
    format!(
        "id = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"\nadapter = \"{kind}_drop\"\nregions = [\"330225\"]\nacts = [{acts}]\n\n\
         [rate]\nmax = 1000\nwindow_ms = 1000\nburst = 1000\n\n[retry]\nfirst_ms = 50\nmax_ms = 500\n\n\
         [timeouts]\nconnect_ms = 10000\ntotal_ms = 20000\n\n[doubt]\ndeduplicates = true\ncan_be_asked = false\nask_after_ms = 50\n\n\
         [options]\nsweep_every_ms = 50\nsettle_ms = 0\n{options}"
    )
}

pub fn bank_acts() -> String {
    ["query", "freeze", "renew", "release", "deduct"].map(|act| format!("\"{act}\"")).join(", ")
}

fn front(folder: &Path, balances: &[i64]) -> BankFront {
    std::fs::create_dir_all(folder.join(CODE)).unwrap();
    let config = BankFrontConfig { folder: folder.join(CODE), poll_ms: 0, ..BankFrontConfig::default() };
    BankFront::start(&county_of(0, balances), config).unwrap()
}

/// A gateway and a bank whose box is a folder of this machine.
fn with_bank(balances: &[i64]) -> (Gateway, BankFront, PathBuf) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let bank = front(&folder, balances);
    let options = format!("bank_code = \"{CODE}\"\nfolder = \"{}\"\n", folder.display());
    gateway.write_config_file("partners/bank-c.toml", &partner("bank-c", "bank", &bank_acts(), &options));
    gateway.start();
    let own = folder.join(CODE);
    (gateway, bank, own)
}

fn round(bank: &BankFront) -> FrontReport {
    RUNTIME.block_on(bank.poll_now()).unwrap()
}

/// Rounds of the bank until the request is finished.
fn finished(gateway: &Gateway, bank: &BankFront, id: &str) -> View {
    eventually("the request's end", || {
        assert_eq!(round(bank).errors, Vec::<String>::new());
        let view = gateway.view(id);
        (view.state() != "open").then_some(view)
    })
}

/// The files of a folder; none when there is no such folder yet.
pub fn packets(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// Every reason for which something was set aside so far.
pub fn reasons(folder: &Path) -> Vec<String> {
    let aside = folder.join("set_aside");
    let told = packets(&aside).into_iter().filter(|name| name.ends_with(".reason.txt"));
    told.map(|name| std::fs::read_to_string(aside.join(name)).unwrap().lines().next().unwrap().to_owned()).collect()
}

/// Requests for as many persons, the gateway killed after each; a partner looks at its box before every second kill, and after each.
pub fn submitted_between_kills(gateway: &mut Gateway, persons: usize, round: impl Fn()) -> Vec<String> {
    let mut requests = Vec::new();
    for person in 0..persons {
        requests.push(gateway.submit(&secure(&[person]).claim("100.00")).id);
        if person % 2 == 0 {
            round();
        }
        gateway.kill();
        round();
        gateway.start();
    }
    requests
}

#[test]
fn a_request_goes_through_a_folder_and_back() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    let request = gateway.submit(&collect(&[0]).claim("300.00"));
    eventually("the query's packet", || (packets(&folder.join("download")).len() == 1).then_some(()));
    let left = packets(&folder.join("download"));
    assert!(left[0].starts_with(&format!("CXQQ{CODE}X2026")) && left[0].len() == 55, "{left:?}");
    let view = finished(&gateway, &bank, &request.id);
    assert_eq!(view.state_of("query", "bank-c"), "done");
    let freeze = view.act("freeze", "bank-c");
    assert_eq!((freeze["state"].as_str(), bank.books().paid_out().len()), (Some("done"), 1), "{freeze:#}");
    assert_eq!(freeze["outcomes"][0]["replies"].as_array().map(Vec::len), Some(1), "the sealed receipt: {freeze:#}");
    assert_eq!(view.ledger("deducted"), "300.00");
    assert_eq!(bank.findings(), Vec::<String>::new());
    assert_eq!(bank.rejected(), Vec::new());
    eventually("an empty box", || {
        let open = [packets(&folder.join("download")), packets(&folder.join("upload"))].concat();
        open.is_empty().then_some(())
    });
    // What was taken is remembered by its sum and kept nowhere.
    assert!(packets(&folder.join("taken")).iter().all(|name| name.ends_with(".zip.sha256")));
}

#[test]
fn a_request_goes_over_sftp_and_back() {
    let server = Sftp::start();
    let bank = front(&server.root(), &[50_000]);
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let options = format!("bank_code = \"{CODE}\"\n{}", server.options());
    gateway.write_config_file("secrets/sftp.key", &server.key());
    gateway.write_config_file("partners/bank-c.toml", &partner("bank-c", "bank", &bank_acts(), &options));
    gateway.start();
    let request = gateway.submit(&secure(&[0]).claim("200.00"));
    let view = finished(&gateway, &bank, &request.id);
    assert_eq!((view.state_of("freeze", "bank-c"), view.ledger("controlled")), ("done", "200.00"));
    assert_eq!((bank.findings(), bank.rejected()), (Vec::new(), Vec::new()));
}

#[test]
fn broken_packets_are_set_aside_and_the_true_answer_is_taken() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    let faults = [
        (FrontFault::Truncated, Some("truncated")),
        (FrontFault::Bomb, Some("bomb")),
        (FrontFault::WrongTotals, Some("totals")),
        (FrontFault::DuplicateBatch, Some("duplicate_batch")),
        (FrontFault::Late, None),
    ];
    for (place, (fault, reason)) in faults.into_iter().enumerate() {
        let before = packets(&folder.join("set_aside")).len();
        bank.spoil(fault);
        let request = gateway.submit(&look(&[place]));
        let view = finished(&gateway, &bank, &request.id);
        assert_eq!(view.states(), ["done"], "{fault:?}");
        let Some(reason) = reason else { continue };
        let aside = eventually("the packet set aside", || {
            round(&bank);
            let names = packets(&folder.join("set_aside"));
            (names.len() == before + 2).then_some(names)
        });
        let told = reasons(&folder);
        assert!(aside.len() == before + 2 && told.iter().any(|told| told == reason), "{fault:?}: {told:?}");
    }
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(4));
    assert!(packets(&folder.join("upload")).is_empty());
}

#[test]
fn a_packet_that_grows_under_its_name_is_taken_once_it_is_whole() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let bank = front(&folder, &[50_000]);
    let options = format!("bank_code = \"{CODE}\"\nfolder = \"{}\"\n", folder.display());
    let file = partner("bank-c", "bank", &bank_acts(), &options).replace("settle_ms = 0", "settle_ms = 3600000");
    gateway.write_config_file("partners/bank-c.toml", &file);
    gateway.start();
    bank.spoil(FrontFault::Partial);
    let request = gateway.submit(&look(&[0]));
    eventually("half an answer", || {
        round(&bank);
        (!packets(&folder.join(CODE).join("upload")).is_empty()).then_some(())
    });
    let sweeps = gateway.figure("xiezhi_sweeps_total").unwrap();
    eventually("some looks at it", || (gateway.figure("xiezhi_sweeps_total")? > sweeps + 2).then_some(()));
    assert_eq!(gateway.view(&request.id).state(), "open");
    assert_eq!(finished(&gateway, &bank, &request.id).states(), ["done"]);
    assert!(packets(&folder.join(CODE).join("set_aside")).is_empty());
}

#[test]
fn a_hand_back_and_an_unmounted_box_are_told() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    bank.spoil(FrontFault::HandBack);
    let request = gateway.submit(&look(&[0]));
    let view = finished(&gateway, &bank, &request.id);
    assert_eq!(view.states(), ["handed_back"]);
    // The share goes away and comes back: orders wait, nothing is lost.
    let away = folder.with_extension("away");
    std::fs::rename(&folder, &away).unwrap();
    eventually("a sweep that fails", || (gateway.figure("xiezhi_sweeps_failed_total")? > 0).then_some(()));
    assert!(gateway.read_log().contains("its mailbox cannot be swept"));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::rename(&away, &folder).unwrap();
    let request = gateway.submit(&look(&[1]));
    assert_eq!(finished(&gateway, &bank, &request.id).states(), ["done"]);
}

/// One packet whose sum cannot be looked up, and one that cannot be put aside because nothing can be left there: both are told
/// once, and every answer beside them comes in.
#[test]
fn packets_that_cannot_be_put_away_hold_up_no_answer_and_flood_no_trail() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    let named = |batch: &str| format!("CXFK{CODE}{batch:0>30}.zip");
    let barred = format!("{}.sha256", named("BARRED"));
    std::fs::create_dir_all(folder.join("taken").join(barred)).unwrap();
    std::fs::create_dir_all(folder.join("upload")).unwrap();
    for batch in ["BARRED", "BROKEN"] {
        std::fs::write(folder.join("upload").join(named(batch)), b"no packet").unwrap();
    }
    // A file where the folder should be: what is broken cannot be put aside.
    std::fs::write(folder.join("set_aside"), b"").unwrap();
    for person in 0..2 {
        let request = gateway.submit(&look(&[person]));
        assert_eq!(finished(&gateway, &bank, &request.id).states(), ["done"]);
    }
    let sweeps = gateway.figure("xiezhi_sweeps_total").unwrap();
    eventually("some looks at them", || (gateway.figure("xiezhi_sweeps_total")? > sweeps + 3).then_some(()));
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(1), "one event, whatever comes of it");
    assert!(gateway.read_log().contains("is passed over"));
    let lying = packets(&folder.join("upload"));
    assert_eq!(lying, [named("BARRED"), named("BROKEN")], "both lie where their sender left them");
    std::fs::remove_file(folder.join("set_aside")).unwrap();
    std::fs::remove_dir_all(folder.join("taken")).unwrap();
    eventually("both aside", || (packets(&folder.join("set_aside")).len() == 4).then_some(()));
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(2));
}

#[test]
fn kills_leave_one_packet_an_order_and_one_effect_an_act() {
    let (mut gateway, bank, folder) = with_bank(&[50_000]);
    let requests = submitted_between_kills(&mut gateway, 5, || drop(round(&bank)));
    for id in &requests {
        let view = finished(&gateway, &bank, id);
        assert_eq!((view.state_of("query", "bank-c"), view.state_of("freeze", "bank-c")), ("done", "done"));
    }
    assert_eq!(bank.findings(), Vec::<String>::new(), "a packet that came again was the same packet");
    assert_eq!(bank.rejected(), Vec::new());
    assert_eq!(bank.fetched().len(), 10, "one query and one freeze for each");
    assert_eq!(bank.books().effects().len(), 5);
    assert!(packets(&folder.join("set_aside")).is_empty());
    gateway.stop();
    assert!(gateway.verify().status.success());
}

fn with_police() -> (Gateway, PoliceFront, PathBuf) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let own = folder.join(TARGET);
    std::fs::create_dir_all(&own).unwrap();
    let config = PoliceFrontConfig {
        folder: own.clone(),
        organ: "330225".to_owned(),
        target: TARGET.to_owned(),
        ..PoliceFrontConfig::default()
    };
    let police = PoliceFront::open(&everybody(), config);
    let options = format!("organ = \"330225\"\ntarget = \"{TARGET}\"\nfolder = \"{}\"\n", folder.display());
    let acts = "\"query\", \"watch\", \"lift\"";
    gateway.write_config_file("partners/police-b.toml", &partner("police-b", "police", acts, &options));
    gateway.start();
    (gateway, police, own)
}

fn of_police(kind: &str, more: Value) -> Value {
    let mut act = json!({ "kind": kind, "partner": "police-b", "subject": 0 });
    act.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act
}

fn answered(gateway: &Gateway, police: &PoliceFront, id: &str) -> View {
    eventually("the police's answer", || {
        police.poll();
        assert_eq!(police.findings(), Vec::<String>::new());
        let view = gateway.view(id);
        (view.state() != "open").then_some(view)
    })
}

#[test]
fn police_receive_answer_and_tell_hits_through_a_folder() {
    let (gateway, police, _) = with_police();
    let asked = vec![of_police("query", json!({})), of_police("watch", json!({ "to": "2027-02-01" }))];
    let request = gateway.submit(&acts(&[0], asked));
    let view = answered(&gateway, &police, &request.id);
    let query = view.act("query", "police-b");
    let verdicts: Vec<&str> =
        query["outcomes"].as_array().unwrap().iter().map(|outcome| outcome["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["registered", "done"], "the reception, then the answer: {query:#}");
    assert!(query["outcomes"][1]["findings"].as_array().is_some_and(|found| !found.is_empty()));
    let watch = view.act("watch", "police-b").clone();
    assert_eq!(watch["state"], "done");
    assert_eq!(police.pass(&person(0).id_number, "石浦渔港"), 1);
    let told = eventually("the hit", || {
        let view = gateway.view(&request.id);
        view.0["leads"].as_array().is_some_and(|leads| leads.len() == 1).then_some(view)
    });
    assert!(told.0["leads"][0]["respond_by"].is_string(), "somebody of the court has a clock");
    let same_case = told.0["case"]["number"].as_str().unwrap().to_owned();
    let lift = of_police("lift", json!({ "original": { "act": watch["id"] } }));
    let lifted = gateway.submit(&acts(&[0], vec![lift]).case(&same_case));
    assert_eq!(answered(&gateway, &police, &lifted.id).state_of("lift", "police-b"), "done");
    assert_eq!(police.pass(&person(0).id_number, "石浦渔港"), 0);
}

#[test]
fn a_refused_reception_is_a_hand_back_and_a_broken_answer_is_set_aside() {
    let (gateway, police, folder) = with_police();
    police.spoil(ReceptionFault::Refuse("30004"));
    let request = gateway.submit(&acts(&[0], vec![of_police("query", json!({}))]));
    let view = answered(&gateway, &police, &request.id);
    assert_eq!(view.states(), ["handed_back"]);
    police.spoil(ReceptionFault::NoReception);
    let request = gateway.submit(&acts(&[1], vec![of_police("query", json!({}))]));
    assert_eq!(answered(&gateway, &police, &request.id).states(), ["done"]);
    for (person, fault, reason) in
        [(2, ReceptionFault::Unsealed, "unencrypted"), (3, ReceptionFault::WrongTotals, "totals")]
    {
        police.spoil(fault);
        let request = gateway.submit(&acts(&[person], vec![of_police("query", json!({}))]));
        eventually("the packet set aside", || {
            police.poll();
            let told = packets(&folder.join("set_aside")).into_iter().filter(|name| name.ends_with(".reason.txt"));
            let mut texts = told.map(|name| std::fs::read_to_string(folder.join("set_aside").join(name)).unwrap());
            texts.any(|text| text.starts_with(reason)).then_some(())
        });
        let view = gateway.view(&request.id);
        assert_eq!(view.states(), ["awaiting"], "received, and no answer that can be read");
    }
}
