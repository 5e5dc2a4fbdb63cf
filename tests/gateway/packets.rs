//! A bank that takes the regulator's packets: asked, frozen, renewed and released through a folder; receptions, broken packets, a
//! clerk's correction, kills.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulators::bank::BankRules;
use simulators::{BankPacket, BankPacketConfig, BankPacketFault, BankPacketReport, County, Day};

use crate::bench::{
    Ask, Gateway, RUNTIME, Setup, Sftp, View, account, acts, county_of, deduct, eventually, freeze, release, renew,
    secure,
};
use crate::mailbox::{packets, partner, reasons, submitted_between_kills};

pub const TARGET: &str = "B0000000000000002";
const BANK: &str = "bank-e";

/// A partner's file for such a bank whose boxes stand in that folder.
pub fn bank_file(folder: &Path) -> String {
    file_with(&format!("folder = \"{}\"\n", folder.display()))
}

/// The same of boxes that stand wherever these options say.
fn file_with(place: &str) -> String {
    let options = format!("organ = \"330225\"\ntarget = \"{TARGET}\"\n{place}");
    let acts = ["query", "freeze", "renew", "release"].map(|act| format!("\"{act}\"")).join(", ");
    partner(BANK, "bank", &acts, &options).replace("adapter = \"bank_drop\"", "adapter = \"bank_packet\"")
}

fn day(ahead: i32) -> String {
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    domain::Day::from_count(domain::Day::of(now).count() + ahead).to_string()
}

fn with_county(county: &County) -> (Gateway, BankPacket, PathBuf) {
    with_rules(county, false)
}

/// A bank that reads a sum in a release says so in its file.
fn with_rules(county: &County, releases_a_part: bool) -> (Gateway, BankPacket, PathBuf) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let own = folder.join(TARGET);
    std::fs::create_dir_all(&own).unwrap();
    let bank = open_bank(county, &own, releases_a_part);
    let file = format!("part_release = {releases_a_part}\n{}", bank_file(&folder));
    gateway.write_config_file("partners/bank-e.toml", &file);
    gateway.start();
    (gateway, bank, own)
}

fn open_bank(county: &County, own: &Path, releases_a_part: bool) -> BankPacket {
    let rules = BankRules { first_day: Day::parse(&day(0)).unwrap(), ..BankRules::default() };
    let config = BankPacketConfig { folder: own.to_owned(), releases_a_part, rules, ..BankPacketConfig::default() };
    BankPacket::open(county, config).unwrap()
}

fn with_bank(balances: &[i64]) -> (Gateway, BankPacket, PathBuf) {
    with_county(&county_of(0, balances))
}

fn round(bank: &BankPacket) -> BankPacketReport {
    let report = RUNTIME.block_on(bank.poll());
    assert_eq!(report.errors, Vec::<String>::new());
    report
}

/// Rounds of the bank until the request looks so.
fn until(gateway: &Gateway, bank: &BankPacket, id: &str, what: &str, is_so: impl Fn(&View) -> bool) -> View {
    eventually(what, || {
        round(bank);
        let view = gateway.view(id);
        is_so(&view).then_some(view)
    })
}

/// Rounds until the bank has left what it was told to begin with, and none more: the next brings the true answer.
fn first_word(bank: &BankPacket) {
    eventually("the bank's first word", || (round(bank).faulty == 1).then_some(()));
}

fn finished(gateway: &Gateway, bank: &BankPacket, ask: &Ask) -> View {
    let request = gateway.submit(ask);
    until(gateway, bank, &request.id, "the request's end", |view| view.state() != "open")
}

fn order(person: usize) -> Ask {
    let mut one = freeze(BANK, &account(0, person), "100.00");
    (one["from"], one["to"]) = (json!(day(0)), json!(day(100)));
    acts(&[person], vec![one]).claim("1000.00")
}

fn verdicts(act: &Value) -> Vec<&str> {
    act["outcomes"].as_array().unwrap().iter().filter_map(|outcome| outcome["verdict"].as_str()).collect()
}

fn last(act: &Value) -> &Value {
    act["outcomes"].as_array().unwrap().last().unwrap()
}

#[test]
fn a_debtor_is_secured_renewed_and_released_through_a_folder() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    let ask = secure(&[0]).claim("300.00");
    let secured = finished(&gateway, &bank, &ask);
    let (query, held) = (secured.act("query", BANK), secured.act("freeze", BANK).clone());
    assert_eq!((&query["state"], verdicts(query)), (&json!("done"), vec!["registered", "done"]), "{query:#}");
    assert_eq!((&held["state"], verdicts(&held)), (&json!("done"), vec!["registered", "done"]), "{held:#}");
    assert_eq!((&last(&held)["caught"], secured.ledger("controlled")), (&json!("300.00"), "300.00"));
    let again = |act: Value| acts(&[0], vec![act]).same_case(&ask).claim("300.00");
    // A year from where the freeze ends; the goal froze for as long as may be.
    let mut longer = renew(&held, &day(700));
    longer["from"] = held["measure"]["to"].clone();
    let renewed = finished(&gateway, &bank, &again(longer));
    let act = renewed.act("renew", BANK);
    assert_eq!((&act["state"], &last(act)["to"]), (&json!("done"), &json!(day(700))), "{act:#}");
    let own = bank.books().account(&account(0, 0)).unwrap();
    assert_eq!((own.freezes.len(), own.freezes[0].end.slashed()), (1, day(700).replace('-', "/")));
    let released = finished(&gateway, &bank, &again(release(&held)));
    assert_eq!((released.state_of("release", BANK), released.ledger("exposure")), ("done", "0.00"), "{:#}", released.0);
    assert_eq!(bank.books().account(&account(0, 0)).unwrap().caught(), 0);
    let done: Vec<String> = bank.books().effects().into_iter().map(|effect| effect.verb).collect();
    assert_eq!((done.join(" "), bank.fetched().len()), ("freeze renew release".to_owned(), 4));
    assert_eq!(bank.findings(), Vec::<String>::new());
    eventually("an empty box", || {
        let open = [packets(&folder.join("download")), packets(&folder.join("upload"))].concat();
        open.is_empty().then_some(())
    });
    assert!(packets(&folder.join("set_aside")).is_empty());
}

#[test]
fn what_another_court_holds_is_waited_for_and_what_is_short_is_said() {
    let mut county = county_of(0, &[50_000, 6_000]);
    let end = Day::parse(&day(300)).unwrap();
    county.held_by_another_court(&account(0, 0), "宁海县人民法院", "(2026)浙0226执保77号", end);
    let (gateway, bank, _) = with_county(&county);
    let queued = finished(&gateway, &bank, &order(0));
    let act = queued.act("freeze", BANK);
    assert_eq!((&last(act)["verdict"], &last(act)["caught"]), (&json!("queued"), &json!("0.00")), "{act:#}");
    assert_eq!(last(act)["ahead"][0]["organ"], "宁海县人民法院");
    let short = finished(&gateway, &bank, &order(1));
    let act = short.act("freeze", BANK);
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("partly"), &json!("insufficient")), "{act:#}");
    assert_eq!(short.ledger("controlled"), "60.00");
    // Nobody of that name, and an account that is not his.
    let mut other = order(2);
    other.0["acts"][0]["account"] = json!(account(0, 3));
    let refused = finished(&gateway, &bank, &other);
    let act = refused.act("freeze", BANK);
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("refused"), &json!("name_mismatch")), "{act:#}");
}

#[test]
fn a_part_of_a_freeze_is_never_sent_to_a_bank_that_would_release_all_of_it() {
    let (gateway, bank, _) = with_bank(&[50_000]);
    let ask = order(0);
    let held = finished(&gateway, &bank, &ask).act("freeze", BANK).clone();
    let mut part = release(&held);
    part["amount"] = json!("40.00");
    let answer = gateway.submit_as("a-part", &acts(&[0], vec![part]).same_case(&ask).claim("1000.00")).of_status(422);
    assert!(answer.text().contains("part"), "{}", answer.text());
    round(&bank);
    assert_eq!(bank.books().account(&account(0, 0)).unwrap().caught(), 10_000);
}

#[test]
fn a_bank_that_was_heard_to_read_the_sum_releases_that_much() {
    let (gateway, bank, _) = with_rules(&county_of(0, &[50_000]), true);
    let ask = order(0);
    let held = finished(&gateway, &bank, &ask).act("freeze", BANK).clone();
    let again = |act: Value| acts(&[0], vec![act]).same_case(&ask).claim("1000.00");
    let mut part = release(&held);
    part["amount"] = json!("40.00");
    let released = finished(&gateway, &bank, &again(part));
    assert_eq!(
        (released.state_of("release", BANK), released.ledger("exposure")),
        ("done", "60.00"),
        "{:#}",
        released.0
    );
    assert_eq!(bank.books().account(&account(0, 0)).unwrap().caught(), 6_000);
    assert_eq!(gateway.refused(&again(deduct(&held, "10.00"))), ["D19"], "the form has no word for a deduction");
}

#[test]
fn whatever_is_broken_is_set_aside_and_the_act_waits_for_the_true_answer() {
    use BankPacketFault as Fault;
    let (gateway, bank, folder) = with_bank(&[50_000]);
    let faults = [
        (Fault::Truncated, Some("truncated")),
        (Fault::Bomb, Some("bomb")),
        (Fault::Unsealed, Some("unencrypted")),
        (Fault::WrongTotals, Some("totals")),
        (Fault::UnknownResult, Some("schema")),
        (Fault::Contradiction, Some("contradiction")),
        (Fault::ForeignTask, Some("schema")),
        (Fault::OtherAccount, Some("another_account")),
        (Fault::ForeignCode, Some("bank_code")),
        (Fault::UnknownReception("30009"), Some("schema")),
        (Fault::DuplicateBatch, Some("duplicate_batch")),
        (Fault::Late, None),
        (Fault::NoReception, None),
        (Fault::LateReception, None),
        (Fault::Again, None),
        (Fault::UnknownRequest, Some("not_taken")),
    ];
    for (person, (fault, reason)) in faults.into_iter().enumerate() {
        let before = reasons(&folder).len();
        bank.spoil(fault);
        let view = finished(&gateway, &bank, &order(person));
        let act = view.act("freeze", BANK);
        assert_eq!((&act["state"], &last(act)["caught"]), (&json!("done"), &json!("100.00")), "{fault:?}: {act:#}");
        assert!(verdicts(act).iter().all(|verdict| ["registered", "done"].contains(verdict)), "{fault:?}: {act:#}");
        if let Some(reason) = reason {
            let told = eventually("the packet set aside", || {
                round(&bank);
                let told = reasons(&folder);
                (told.len() > before).then_some(told)
            });
            assert!(told.iter().any(|told| told == reason), "{fault:?}: {told:?}");
            assert_eq!(told.len(), before + 1, "{fault:?}");
        }
    }
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(12));
    assert_eq!(bank.books().effects().len(), 16, "one for each, whatever came back");
    assert_eq!(bank.findings(), Vec::<String>::new());
}

/// Accounts under another's name are nobody's here: nothing is frozen on them, and the true answer is waited for.
#[test]
fn an_answer_about_somebody_else_is_set_aside_and_nothing_of_it_is_believed() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    bank.spoil(BankPacketFault::OtherPerson);
    let request = gateway.submit(&secure(&[0]).claim("300.00"));
    eventually("the packet set aside", || {
        if bank.fetched().is_empty() {
            round(&bank);
        }
        (reasons(&folder) == ["another_subject"]).then_some(())
    });
    let view = gateway.view(&request.id);
    assert_eq!((view.states(), view.ledger("exposure")), (vec!["awaiting"], "0.00"), "{:#}", view.0);
    assert!(view.act("query", BANK).get("accounts").is_none_or(|accounts| accounts.as_array().unwrap().is_empty()));
    let view = until(&gateway, &bank, &request.id, "the true answer", |view| view.state() != "open");
    assert_eq!((view.state_of("freeze", BANK), view.ledger("controlled")), ("done", "300.00"), "{:#}", view.0);
    let log = gateway.read_log();
    assert!(log.contains("another_subject") && !log.contains("示例他人") && !log.contains("330225189001010019"));
}

#[test]
fn who_is_still_at_it_ends_nothing_and_a_limit_that_nobody_ordered_is_said() {
    let (gateway, bank, _) = with_bank(&[50_000]);
    bank.spoil(BankPacketFault::UnderWay);
    let request = gateway.submit(&order(0));
    first_word(&bank);
    let view =
        gateway.wait_until(&request.id, "its first word is read", |view| verdicts(view.act("freeze", BANK)).len() == 2);
    let act = view.act("freeze", BANK);
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("awaiting"), &json!("under_way")), "{act:#}");
    let view = until(&gateway, &bank, &request.id, "the true answer", |view| view.state() != "open");
    assert_eq!((view.states(), view.ledger("controlled")), (vec!["done"], "100.00"));
    bank.spoil(BankPacketFault::HalfTheLimit);
    let request = gateway.submit(&order(1));
    first_word(&bank);
    let view = gateway.wait_until(&request.id, "half of it", |view| view.state() != "open");
    let act = view.act("freeze", BANK);
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("partly"), &json!("limit_differs")), "{act:#}");
    assert!(last(act)["text"].as_str().unwrap().contains("50.00元与所令100.00元不符"), "{act:#}");
    assert_eq!(view.ledger("exposure"), "50.00");
}

/// The packet is held under another name when it cannot be put aside, and is found by that: it is the same packet.
#[test]
fn what_is_held_under_another_name_is_not_told_again() {
    use sha2::Digest as _;
    let (gateway, _bank, folder) = with_bank(&[50_000]);
    let name = format!("330225{TARGET}X202001010000000001201FK001.zip");
    let sum: String = sha2::Sha256::digest(b"broken").iter().map(|byte| format!("{byte:02x}")).collect();
    // A folder where the packet should go: it is taken out of its place and cannot be put there.
    let aside = folder.join("set_aside").join(format!("{name}.{}", &sum[..8]));
    std::fs::create_dir_all(aside.join("x")).unwrap();
    std::fs::create_dir_all(folder.join("upload")).unwrap();
    std::fs::write(folder.join("upload").join(&name), b"broken").unwrap();
    eventually("it is held", || {
        let entries = std::fs::read_dir(folder.join("upload")).unwrap();
        let mut names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.any(|held| held.starts_with(&format!(".{name}.")) && held.ends_with(".held")).then_some(())
    });
    let sweeps = gateway.figure("xiezhi_sweeps_total").unwrap();
    eventually("some looks at it", || (gateway.figure("xiezhi_sweeps_total")? > sweeps + 3).then_some(()));
    std::fs::remove_dir_all(&aside).unwrap();
    eventually("it is put aside", || aside.is_file().then_some(()));
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(1), "one packet, whatever it was called");
    assert_eq!(gateway.read_log().matches("a packet was set aside").count(), 1);
}

#[test]
fn a_link_in_the_box_is_told_once_and_goes_aside_unopened() {
    let (gateway, _bank, folder) = with_bank(&[50_000]);
    let name = format!("330225{TARGET}X202001010000000001201FK001.zip");
    std::fs::create_dir_all(folder.join("upload")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("upload").join(&name)).unwrap();
    eventually("it is put aside", || (reasons(&folder) == ["link"]).then_some(()));
    let sweeps = gateway.figure("xiezhi_sweeps_total").unwrap();
    eventually("some looks", || (gateway.figure("xiezhi_sweeps_total")? > sweeps + 3).then_some(()));
    assert!(folder.join("set_aside").join(format!("{name}.link")).is_symlink());
    assert_eq!(gateway.figure("xiezhi_packets_set_aside_total"), Some(1));
    assert_eq!(gateway.read_log().matches("a packet was set aside").count(), 1);
}

#[test]
fn a_debtor_is_secured_and_released_over_sftp() {
    let server = Sftp::start();
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let own = server.root().join(TARGET);
    std::fs::create_dir_all(&own).unwrap();
    let bank = open_bank(&county_of(0, &[50_000]), &own, false);
    gateway.write_config_file("secrets/sftp.key", &server.key());
    gateway.write_config_file("partners/bank-e.toml", &file_with(&server.options()));
    gateway.start();
    let ask = secure(&[0]).claim("300.00");
    bank.spoil(BankPacketFault::OtherPerson);
    let secured = finished(&gateway, &bank, &ask);
    let held = secured.act("freeze", BANK).clone();
    assert_eq!((&held["state"], verdicts(&held)), (&json!("done"), vec!["registered", "done"]), "{held:#}");
    assert_eq!(reasons(&own), ["another_subject"], "what is set aside lies on the server");
    std::os::unix::fs::symlink(
        "/etc/hostname",
        own.join("upload").join(format!("330225{TARGET}X202001010000000001201FK001.zip")),
    )
    .unwrap();
    eventually("the link is put aside", || reasons(&own).contains(&"link".to_owned()).then_some(()));
    bank.spoil(BankPacketFault::Truncated);
    let released = finished(&gateway, &bank, &acts(&[0], vec![release(&held)]).same_case(&ask).claim("300.00"));
    assert_eq!((released.state_of("release", BANK), released.ledger("exposure")), ("done", "0.00"), "{:#}", released.0);
    let mut told = reasons(&own);
    told.sort();
    assert_eq!(told, ["another_subject", "link", "truncated"]);
    assert_eq!((bank.findings(), bank.fetched().len()), (Vec::new(), 3));
    assert_eq!(bank.books().account(&account(0, 0)).unwrap().caught(), 0);
    eventually("an empty box", || {
        let open = [packets(&own.join("download")), packets(&own.join("upload"))].concat();
        open.is_empty().then_some(())
    });
}

/// The same packet is refused with every look; the trail has it once, and the true answer comes in beside it.
#[test]
fn what_was_not_taken_and_cannot_be_put_aside_is_told_once() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    // A file where the folder should be.
    std::fs::write(folder.join("set_aside"), b"").unwrap();
    bank.spoil(BankPacketFault::UnknownRequest);
    assert_eq!(finished(&gateway, &bank, &order(0)).act("freeze", BANK)["state"], json!("done"));
    let told = || gateway.figure("xiezhi_packets_set_aside_total");
    eventually("the event", || {
        round(&bank);
        (told() == Some(1)).then_some(())
    });
    let sweeps = gateway.figure("xiezhi_sweeps_total").unwrap();
    eventually("some looks at it", || (gateway.figure("xiezhi_sweeps_total")? > sweeps + 3).then_some(()));
    assert!(gateway.read_log().contains("is passed over"));
    std::fs::remove_file(folder.join("set_aside")).unwrap();
    eventually("it is put aside", || (reasons(&folder) == ["not_taken"]).then_some(()));
    assert_eq!(told(), Some(1), "one event, whatever comes of it");
}

#[test]
fn a_code_that_nobody_agreed_is_neither_success_nor_failure() {
    let (gateway, bank, folder) = with_bank(&[50_000]);
    bank.spoil(BankPacketFault::UnknownResult);
    let request = gateway.submit(&order(0));
    eventually("the bank's packet set aside", || {
        // The true answer is left in the second round after the request came.
        if bank.fetched().is_empty() {
            round(&bank);
        }
        (!reasons(&folder).is_empty()).then_some(())
    });
    let view = gateway.view(&request.id);
    assert_eq!(
        (view.states(), view.ledger("controlled")),
        (vec!["awaiting"], "0.00"),
        "received, and nothing believed"
    );
    let view = until(&gateway, &bank, &request.id, "the true answer", |view| view.state() != "open");
    assert_eq!((view.states(), view.ledger("controlled")), (vec!["done"], "100.00"));
}

#[test]
fn a_refused_reception_is_a_hand_back_with_its_reason() {
    let (gateway, bank, _) = with_bank(&[50_000]);
    for (person, code, reason) in [(0, "30003", "paper_missing"), (1, "30004", "paper_missing"), (2, "30001", "other")]
    {
        bank.spoil(BankPacketFault::Refuse(code));
        let view = finished(&gateway, &bank, &order(person));
        let act = view.act("freeze", BANK);
        assert_eq!((&act["state"], &last(act)["reason"]), (&json!("handed_back"), &json!(reason)), "{act:#}");
        assert!(last(act)["text"].as_str().unwrap().starts_with(code));
    }
    assert!(bank.books().effects().is_empty());
}

#[test]
fn a_clerks_correction_supersedes_and_both_words_stay() {
    let (gateway, bank, _) = with_bank(&[50_000]);
    bank.spoil(BankPacketFault::Correction);
    let request = gateway.submit(&order(0));
    let view = until(&gateway, &bank, &request.id, "the clerk's second word", |view| {
        verdicts(view.act("freeze", BANK)).len() == 3
    });
    let act = view.act("freeze", BANK);
    assert_eq!(verdicts(act), ["registered", "refused", "done"], "{act:#}");
    assert_eq!((&act["state"], view.ledger("controlled")), (&json!("done"), "100.00"), "{:#}", view.0);
}

#[test]
fn kills_leave_one_packet_an_order_and_one_effect_an_act() {
    let (mut gateway, bank, folder) = with_bank(&[50_000]);
    let requests = submitted_between_kills(&mut gateway, 4, || drop(round(&bank)));
    for id in &requests {
        let view = until(&gateway, &bank, id, "the request's end", |view| view.state() != "open");
        assert_eq!((view.state_of("query", BANK), view.state_of("freeze", BANK)), ("done", "done"), "{:#}", view.0);
    }
    assert_eq!(bank.findings(), Vec::<String>::new(), "a packet that came again was the same packet");
    assert_eq!((bank.fetched().len(), bank.books().effects().len()), (8, 4));
    assert!(packets(&folder.join("set_aside")).is_empty());
    gateway.stop();
    assert!(gateway.verify().status.success());
}
