//! Banks that fetch: lists until answered, feedback twice, against itself, for others; hand-backs; who sees what.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use simulators::bank::ClerkAct;
use simulators::{BankHub, BankHubConfig, Fault, Knob, PollReport};

use crate::bench::{
    Bank, Gateway, Hub, RUNTIME, Spec, Submitted, View, acts, deduct, files_below, freeze, look, release, secure,
};

/// Rounds are run by hand, so that each step can be looked at.
fn by_hand(id: &str) -> Spec {
    Spec::pulling(id).with(|spec| spec.poll_ms = 0)
}

fn round(bank: &Bank) -> PollReport {
    RUNTIME.block_on(bank.hub().poll_now()).unwrap()
}

/// A round after which nothing went wrong.
fn sound_round(bank: &Bank) -> PollReport {
    let report = round(bank);
    assert_eq!(report.errors, Vec::<String>::new());
    report
}

#[test]
fn a_list_is_delivered_until_it_is_answered() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    bank.knobs().set(Knob::next(Fault::SilenceAfterAccept, 2));
    let request = gateway.submit(&look(&[0, 1]));
    let first = sound_round(bank);
    assert_eq!((first.listed, first.new_queries, first.untold), (2, 2, 2));
    assert_eq!(gateway.view(&request.id).states(), ["awaiting", "awaiting"]);
    let second = sound_round(bank);
    assert_eq!((second.listed, second.repeats, second.conflicts, second.fed), (2, 2, 0, 2));
    assert_eq!(gateway.wait_finished(&request.id).states(), ["done", "done"]);
    assert_eq!(sound_round(bank).listed, 0);
}

#[test]
fn the_same_feedback_twice_is_taken_once_and_acknowledged_twice() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    bank.knobs().set(Knob::share(Fault::DuplicateFeedback, 1.0));
    let request = gateway.submit(&secure(&[0]).claim("500.00"));
    let fed: usize = (0..2).map(|_| sound_round(bank).fed).sum();
    assert_eq!(fed, 2);
    let view = gateway.wait_finished(&request.id);
    for act in view.acts() {
        assert_eq!(act["outcomes"].as_array().unwrap().len(), 1, "{act:#}");
    }
    assert_eq!((view.ledger("controlled"), bank.held()), ("500.00", 50_000));
    // And once more after its request is closed, as a hub that was restored from a backup does.
    let act = view.act("freeze", "bank-a");
    assert!(fed_back(&gateway, "bank-a", act, "1", "500.00").contains(SUCCESS));
}

const SUCCESS: &str = "c3VjY2Vzcw==";
const FAIL: &str = "ZmFpbA==";

fn covered(text: &str) -> String {
    STANDARD.encode(text)
}

fn soap(gateway: &Gateway, user: &str, password: &str, operation: &str, inner: Option<&str>) -> String {
    let marker = format!(
        "<usermarker><condition username=\"{}\" password=\"{}\"/></usermarker>",
        covered(user),
        covered(password)
    );
    let argument = inner.map(|inner| format!("<arg1>{}</arg1>", covered(inner))).unwrap_or_default();
    let envelope = format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"http://syyh.service.webService.ckw.tdh/\"><soapenv:Body><q:{operation}><arg0>{}</arg0>{argument}</q:{operation}></soapenv:Body></soapenv:Envelope>",
        covered(&marker)
    );
    let headers = [("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", "\"\"")];
    let call = gateway.caller("");
    let path = "/services/SyyhConvertDataService";
    let answer =
        RUNTIME.block_on(call.call(reqwest::Method::POST, path, &headers, Some(envelope.into_bytes()))).unwrap();
    let text = answer.text();
    let Some(told) = text.split("<return>").nth(1).and_then(|rest| rest.split("</return>").next()) else { return text };
    String::from_utf8_lossy(&STANDARD.decode(told.trim()).unwrap_or_default()).into_owned()
}

/// Feeds a result of a control back with a bank's own credential.
fn fed_back(gateway: &Gateway, bank: &str, act: &serde_json::Value, word: &str, yuan: &str) -> String {
    let bank = gateway.bank(bank);
    let row = [
        ("BDHM", act["slip"].as_str().unwrap()),
        ("CCXH", &act["line"].to_string()),
        ("KHZH", act["account"].as_str().unwrap_or_default()),
        ("KZNR", "1"),
        ("KZZT", word),
        ("SKJE", yuan),
        ("DJXE", yuan),
    ];
    let attributes: String = row.iter().map(|(name, value)| format!(" {name}=\"{}\"", covered(value))).collect();
    let inner = format!("<kzxxList><kzxx{attributes}/></kzxxList>");
    soap(gateway, &format!("YH-{}", bank.spec.id), &bank.spec.password, "shfeedXzkzInfo", Some(&inner))
}

#[test]
fn a_bank_that_takes_its_word_back_is_believed_and_both_words_stay() {
    let gateway = Gateway::with(vec![by_hand("bank-a"), by_hand("bank-b")]);
    let (a, b) = (gateway.bank("bank-a"), gateway.bank("bank-b"));
    let request = gateway.submit(&secure(&[0]).claim("500.00"));
    sound_round(a);
    a.knobs().set(Knob::next(Fault::ConflictingFeedback, 1).only("control"));
    sound_round(a);
    let view = gateway.wait_until(&request.id, "the later word", |view| view.state_of("freeze", "bank-a") == "refused");
    let outcomes = view.act("freeze", "bank-a")["outcomes"].as_array().unwrap();
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| outcome["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("done"), json!("refused")]);
    assert_eq!((view.ledger("controlled"), view.ledger("exposure")), ("0.00", "0.00"), "{:#}", view.0);
    // What was not secured after all is secured elsewhere.
    sound_round(b);
    sound_round(b);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "bank-b"), view.ledger("controlled"), b.held()), ("done", "500.00", 50_000));
}

#[test]
fn a_first_message_without_sums_or_with_words_of_a_queue_moves_nothing_and_the_whole_one_counts() {
    for (fault, before) in [(Fault::WithoutSums, "awaiting"), (Fault::QueueWords, "refused")] {
        let gateway = Gateway::with(vec![by_hand("bank-a")]);
        let bank = gateway.bank("bank-a");
        let request = gateway.submit(&acts(&[0], vec![freeze("bank-a", &bank.account(0), "500.00")]));
        bank.knobs().set(Knob::next(fault, 1).only("control"));
        assert_eq!(round(bank).untold, 1, "{fault:?}");
        let view = gateway.view(&request.id);
        assert_eq!((view.acts()[0]["state"].as_str(), view.ledger("controlled")), (Some(before), "0.00"), "{fault:?}");
        sound_round(bank);
        let view = gateway.wait_until(&request.id, "the whole answer", |view| view.acts()[0]["state"] == "done");
        assert_eq!((view.ledger("controlled"), bank.held()), ("500.00", 50_000));
    }
}

#[test]
fn what_is_handed_back_waits_for_the_court_to_correct_it() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    bank.knobs().set(Knob::next(Fault::HandBack, 1).only("control"));
    let account = bank.account(0);
    let request = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    assert_eq!(sound_round(bank).handed_back, 1);
    let view = gateway.wait_finished(&request.id);
    let act = view.act("freeze", "bank-a");
    assert_eq!((&act["state"], &act["outcomes"][0]["verdict"]), (&json!("handed_back"), &json!("handed_back")));
    assert!(act["outcomes"][0]["text"].as_str().unwrap().contains("执行公务证"), "{act:#}");
    assert_eq!((view.ledger("exposure"), bank.held()), ("0.00", 0));
}

#[test]
fn a_result_for_a_line_that_nobody_asked_for_is_refused_by_itself() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    let account = bank.account(0);
    let request = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    bank.knobs().set(Knob::next(Fault::UnknownLine, 1));
    let report = round(bank);
    assert!(report.errors.iter().any(|error| error.contains("refused the feedback")), "{report:?}");
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.acts().len()), ("done", 1), "the sound line was taken");
    round(bank);
}

#[test]
fn faults_of_a_hub_harm_nothing_and_are_made_good_with_the_next_round() {
    let faults = [
        Fault::ResetMidBody,
        Fault::CloseWithoutAnswer,
        Fault::WrongSchema,
        Fault::TruncatedXml,
        Fault::HtmlBody,
        Fault::OtherCase,
        Fault::WrongCharset,
        Fault::SlowDrip,
        Fault::SilenceBeforeAccept,
        Fault::Delay,
    ];
    let spec = |place: usize| by_hand(&format!("bank-{place}")).holds(&[10_000]);
    let gateway = Gateway::with((0..faults.len()).map(spec).collect());
    let request = gateway.submit(&crate::bench::collect(&[0]).claim("1000.00"));
    for bank in &gateway.banks {
        let fault = faults[bank.place];
        for class in ["query", "control"] {
            bank.knobs().set(Knob::next(fault, 1).only(class).ms(5));
        }
        for _ in 0..8 {
            round(bank);
        }
    }
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.ledger("deducted"), "1000.00", "{:#}", view.0);
    for bank in &gateway.banks {
        assert_eq!(
            (bank.effects("freeze"), bank.effects("deduct"), bank.paid()),
            (1, 1, 10_000),
            "{:?}",
            faults[bank.place]
        );
    }
}

#[test]
fn two_hubs_on_one_path_see_and_answer_only_what_is_theirs() {
    let gateway = Gateway::with(vec![by_hand("bank-a"), by_hand("bank-b")]);
    let (a, b) = (gateway.bank("bank-a"), gateway.bank("bank-b"));
    let request = gateway.submit(&acts(&[0], vec![freeze("bank-b", &b.account(0), "500.00")]));
    assert_eq!(sound_round(a).listed, 0);
    let act = gateway.view(&request.id).act("freeze", "bank-b").clone();
    assert!(fed_back(&gateway, "bank-b", &act, "1", "500.00").contains(FAIL), "not handed out yet");
    b.knobs().set(Knob::next(Fault::SilenceAfterAccept, 1));
    assert_eq!(sound_round(b).listed, 1);
    assert!(fed_back(&gateway, "bank-a", &act, "2", "0.00").contains(FAIL), "a slip of another bank");
    let mut unknown = act.clone();
    unknown["slip"] = json!("A18900101E0200000001");
    assert!(fed_back(&gateway, "bank-b", &unknown, "1", "500.00").contains(FAIL), "a slip of nobody");
    assert_eq!(gateway.view(&request.id).state_of("freeze", "bank-b"), "awaiting");
    assert_eq!(sound_round(b).fed, 1);
    assert_eq!(gateway.wait_finished(&request.id).state_of("freeze", "bank-b"), "done");
}

#[test]
fn a_wrong_password_learns_nothing_and_changes_nothing() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let request = gateway.submit(&look(&[0]));
    let bank = gateway.bank("bank-a");
    for (user, password) in [("YH-bank-a", "guess"), ("YH-nobody", bank.spec.password.as_str()), ("", "")] {
        let told = soap(&gateway, user, password, "getXzcxList", None);
        assert!(!told.contains("cxqq "), "{told}");
        assert!(!told.contains(request.id.as_str()) && !told.contains(&covered("(2026)")), "{told}");
    }
    let config = BankHubConfig {
        gateway_url: format!("{}/services/SyyhConvertDataService", gateway.door_url()),
        username: "YH-bank-a".to_owned(),
        password: "guess".to_owned(),
        ..BankHubConfig::default()
    };
    let thief = BankHub::start(&simulators::County::of_the_samples(), config).unwrap();
    let report = RUNTIME.block_on(thief.poll_now()).unwrap();
    assert_eq!((report.listed, report.errors.len()), (0, 2), "{report:?}");
    assert_eq!(gateway.view(&request.id).states(), ["ready"]);
    assert_eq!(sound_round(bank).listed, 1);
}

#[test]
fn a_release_is_held_back_until_the_open_deduction_has_ended() {
    let spec = by_hand("bank-a").with(|spec| spec.rules.deduct_by_hand = true);
    let gateway = Gateway::with(vec![spec]);
    let bank = gateway.bank("bank-a");
    let frozen = acts(&[0], vec![freeze("bank-a", &bank.account(0), "500.00")]);
    let first = gateway.submit(&frozen);
    sound_round(bank);
    let held = gateway.wait_finished(&first.id).act("freeze", "bank-a").clone();
    let pay = gateway.submit(&acts(&[0], vec![deduct(&held, "300.00")]).same_case(&frozen));
    assert_eq!(sound_round(bank).pending, 1);
    let free = gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&frozen));
    let report = sound_round(bank);
    assert_eq!((report.new_controls, report.pending), (0, 1), "the release is not even shown");
    let view = gateway.view(&free.id);
    assert_eq!(view.state_of("release", "bank-a"), "ready");
    let next = &view.act("release", "bank-a")["next"];
    assert!(next["what"].as_str().unwrap().contains("在先的扣划") && next["who"] == "协助单位", "{next:#}");
    let figures = gateway.caller("").get("/metrics").text();
    let ready = "xiezhi_oldest_waiting_seconds{partner=\"bank-a\",state=\"ready\"} 0.000";
    assert!(figures.lines().any(|line| line == ready), "nothing at this bank is late");
    let paid = gateway.view(&pay.id);
    bank.books().clerk(&View::key(paid.act("deduct", "bank-a"), true), ClerkAct::Offline).unwrap();
    sound_round(bank);
    assert_eq!(gateway.wait_finished(&pay.id).state_of("deduct", "bank-a"), "done");
    sound_round(bank);
    let view = gateway.wait_finished(&free.id);
    assert_eq!(view.state_of("release", "bank-a"), "done");
    assert_eq!((bank.paid(), bank.held()), (30_000, 0));
    assert_eq!((view.ledger("deducted"), view.ledger("controlled")), ("300.00", "0.00"));
}

/// The files of the blobs, taken away while the gateway runs.
fn lose_blobs(gateway: &Gateway) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files_below(&gateway.data.join("blobs")).into_iter();
    let lost = files.map(|file| (file.clone(), std::fs::read(file).unwrap())).collect::<Vec<_>>();
    lost.iter().for_each(|(file, _)| std::fs::remove_file(file).unwrap());
    lost
}

#[test]
fn papers_that_are_lost_are_promised_to_nobody_and_whoever_waits_for_them_is_told() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    let ask = |person: usize| acts(&[person], vec![freeze("bank-a", &bank.account(person), "500.00")]);
    let first = ask(0);
    let taken = gateway.submit_as("first", &first).of_status(202);
    let id = Submitted::of(&taken).id;
    let lost = lose_blobs(&gateway);
    // Nothing new rests on them; what was taken is answered again.
    let second = ask(1);
    let refused = gateway.submit_as("second", &second).of_status(422);
    assert_eq!(
        (refused.slug().as_str(), &refused.json()["errors"][0]["pointer"]),
        ("document_lost", &json!("/documents/0/digest"))
    );
    assert_eq!(gateway.submit_as("first", &first).of_status(202).bytes, taken.bytes);
    // The bank gets no papers; it is not told that nothing is amiss, nor is anybody else.
    assert_ne!(round(bank).errors, Vec::<String>::new());
    let next = gateway.view(&id).act("freeze", "bank-a")["next"].clone();
    assert!(next["what"].as_str().unwrap().contains("文书无法读取"), "{next:#}");
    assert!(next["who"].as_str().unwrap().contains("运维人员"), "{next:#}");
    assert_eq!(gateway.figure("xiezhi_unreadable_papers_requests"), Some(1));
    for line in ["the bytes of a document are lost", "a paper cannot be read for a partner"] {
        assert!(gateway.read_log().contains(line), "{line}");
    }
    // Whoever has them stores them again, and the same key goes through.
    for paper in PAPERS_AGAIN {
        gateway.paper(paper, "再次上传.pdf", "", format!("%PDF-1.4\n% {paper}\n%%EOF\n").as_bytes());
    }
    gateway.submit_as("second", &second).of_status(202);
    // The operator restores the files, and the first goes on too.
    lost.iter().for_each(|(file, bytes)| std::fs::write(file, bytes).unwrap());
    for _ in 0..2 {
        sound_round(bank);
    }
    assert_eq!(gateway.wait_finished(&id).state_of("freeze", "bank-a"), "done");
    assert_eq!(gateway.figure("xiezhi_unreadable_papers_requests"), Some(0));
}

/// The papers of an ordinary request.
const PAPERS_AGAIN: [&str; 8] = [
    "ruling",
    "query_notice",
    "freeze_notice",
    "deduct_notice",
    "assist_notice",
    "release_notice",
    "work_id_scan",
    "duty_id_scan",
];

/// Orders to freeze a yuan each on accounts that no bank has.
fn many(first: usize, count: usize) -> Vec<serde_json::Value> {
    (first..first + count).map(|number| freeze("bank-a", &format!("62220000{number:011}"), "1.00")).collect()
}

/// The slips of the controls' list and how many lines each has, in a dialect whose values are covered.
fn controls_listed(gateway: &Gateway, bank: &Bank) -> Vec<(String, usize)> {
    let hub = Hub::of(gateway, "YH-bank-a", &bank.spec.password);
    let list = hub.call("getXzkzList", None);
    let number = |row: &str| row.split(" BDHM=\"").nth(1)?.split('"').next().map(str::to_owned);
    list.split("<kzqq ")
        .skip(1)
        .map(|row| (number(&format!(" {row}")).unwrap(), row.matches("<kzzh ").count()))
        .collect()
}

#[test]
fn six_hundred_orders_at_one_bank_are_all_answered_though_its_hub_ignores_a_number_that_it_has_seen() {
    let gateway = Gateway::with(vec![by_hand("bank-a").with(|spec| spec.in_flight = 200)]);
    let bank = gateway.bank("bank-a");
    let requests: Vec<_> =
        (0..3).map(|place| gateway.submit(&acts(&[place], many(place * 200, 200)).claim("1000.00"))).collect();
    let mut listed = 0;
    for _ in 0..20 {
        let report = sound_round(bank);
        assert_eq!((report.repeats, report.conflicts), (0, 0), "every slip comes once");
        listed += report.new_controls;
        if report.listed == 0 {
            break;
        }
    }
    assert!(listed >= 6, "{listed} slips");
    for request in &requests {
        let view = gateway.wait_finished(&request.id);
        assert!(view.acts().iter().all(|act| act["outcomes"].as_array().unwrap().len() == 1));
    }
}

#[test]
fn no_more_acts_are_unanswered_than_the_file_of_a_bank_that_fetches_says() {
    for in_flight in [50, 5_000] {
        let gateway = Gateway::with(vec![by_hand("bank-a").with(|spec| spec.in_flight = in_flight)]);
        let bank = gateway.bank("bank-a");
        for place in 0..3 {
            gateway.submit(&acts(&[place], many(place * 200, 200)).claim("1000.00"));
        }
        let first = controls_listed(&gateway, bank);
        let lines: usize = first.iter().map(|(_, lines)| lines).sum();
        assert!(lines <= 500 && lines <= in_flight as usize && lines * 2 > in_flight.min(500) as usize, "{lines}");
        assert_eq!(controls_listed(&gateway, bank), first, "the same until it is answered");
    }
}

#[test]
fn a_search_and_what_it_freezes_share_the_places_of_a_bank_and_all_end() {
    let gateway = Gateway::with(vec![by_hand("bank-a").holds(&[100_000]).with(|spec| spec.in_flight = 40)]);
    let bank = gateway.bank("bank-a");
    let people: Vec<usize> = (0..150).collect();
    let requests: Vec<_> = people.chunks(50).map(|people| gateway.submit(&secure(people).claim("50000.00"))).collect();
    let mut rounds = 0;
    while gateway.figure("xiezhi_open_requests") != Some(0) {
        rounds += 1;
        assert!(rounds < 40, "still open after {rounds} rounds");
        let report = sound_round(bank);
        assert!(report.listed <= 40, "{report:?}");
        assert_eq!(report.repeats, 0, "{report:?}");
    }
    for request in &requests {
        assert_eq!(gateway.wait_finished(&request.id).ledger("controlled"), "50000.00");
    }
}

/// A hub spoken by hand.
fn spoken<'g>(gateway: &'g Gateway, bank: &'g Bank) -> Hub<'g> {
    Hub::of(gateway, "YH-bank-a", &bank.spec.password)
}

fn hand_back(hub: &Hub<'_>, slip: &str) -> String {
    let fields = [("BDHM", slip), ("XCHTYY", "法律文书不全"), ("XCHTR", "周某"), ("XCHTDH", "0574-1")];
    hub.call("htInfo", Some(&format!("<htxxlist>{}</htxxlist>", hub.row("htxx", &fields, ""))))
}

/// Three freezes on one slip, of which one is withdrawn before the bank fetches; the slip's number.
fn listed_without(gateway: &Gateway, bank: &Bank, gone: usize) -> (Submitted, String) {
    let request = gateway.submit(&acts(&[0], many(0, 3)));
    let act = gateway.view(&request.id).acts()[gone]["id"].as_str().unwrap().to_owned();
    gateway
        .caller("officer")
        .post(&format!("/v1/acts/{act}/withdraw"), &json!({ "reason": "当事人已说明" }))
        .of_status(200);
    let listed = controls_listed(gateway, bank);
    assert_eq!((listed.len(), listed[0].1), (1, 2));
    let list = spoken(gateway, bank).call("getXzkzList", None);
    (request, Hub::field(&list, "BDHM"))
}

#[test]
fn a_slip_whose_first_line_was_withdrawn_has_its_papers_and_goes_back_whole() {
    for gone in 0..3 {
        let gateway = Gateway::with(vec![by_hand("bank-a")]);
        let bank = gateway.bank("bank-a");
        let (request, slip) = listed_without(&gateway, bank, gone);
        let hub = spoken(&gateway, bank);
        for (operation, row) in [("kzwsInfo", "<wsinfo "), ("zjInfo", "<zjinfo ")] {
            let asked = hub.row("condition", &[("BDHM", &slip)], "");
            let told = hub.call(operation, Some(&format!("<bdhminfo>{asked}</bdhminfo>")));
            assert!(told.contains(row), "{operation}: {told}");
        }
        let answer = hand_back(&hub, &slip);
        assert!(answer.contains("success"), "{answer}");
        let view = gateway.wait_finished(&request.id);
        let mut states = view.states();
        states.sort_unstable();
        assert_eq!(states, ["handed_back", "handed_back", "withdrawn"]);
        // And once more after the request is closed.
        let answer = hand_back(&hub, &slip);
        assert!(answer.contains("success"), "{answer}");
    }
}

#[test]
fn a_slip_is_handed_back_whole_after_its_request_has_ended_too() {
    let gateway = Gateway::with(vec![by_hand("bank-a")]);
    let bank = gateway.bank("bank-a");
    let (request, slip) = listed_without(&gateway, bank, 0);
    for act in gateway.view(&request.id).acts().iter().skip(1) {
        assert!(fed_back(&gateway, "bank-a", act, "1", "1.00").contains(SUCCESS));
    }
    gateway.wait_finished(&request.id);
    let answer = hand_back(&spoken(&gateway, bank), &slip);
    assert!(answer.contains("success"), "{answer}");
    let view = gateway.wait_until(&request.id, "the late word", |view| !view.states().contains(&"done"));
    let mut states = view.states();
    states.sort_unstable();
    assert_eq!(states, ["handed_back", "handed_back", "withdrawn"]);
}

/// What somebody says the bank's paper says of an act.
fn say(gateway: &Gateway, by: &str, act: &serde_json::Value, took_effect: bool) -> crate::bench::Answer {
    let paper = gateway.paper("reply", "银行书面答复.pdf", "复1号", b"%PDF-1.4 the bank's paper");
    let body = json!({ "took_effect": took_effect, "document": paper["digest"], "reason": "按银行书面答复确认" });
    gateway.caller(by).post(&format!("/v1/acts/{}/resolve", act["id"].as_str().unwrap()), &body)
}

#[test]
fn money_that_a_bank_denies_after_the_end_counts_until_two_people_have_settled_it() {
    let mut gateway = Gateway::with(vec![by_hand("bank-a").holds(&[100_000])]);
    let bank = gateway.bank("bank-a");
    let request = gateway.submit(&crate::bench::collect(&[0]).claim("600.00"));
    for _ in 0..3 {
        sound_round(bank);
    }
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.ledger("deducted"), "600.00");
    let act = view.act("deduct", "bank-a").clone();
    assert_eq!(say(&gateway, "officer", &act, false).of_status(409).slug(), "wrong_state", "nobody denies it");
    assert!(fed_back(&gateway, "bank-a", &act, "2", "0.00").contains(SUCCESS));
    let view = gateway.wait_until(&request.id, "the denial", |view| view.state_of("deduct", "bank-a") == "refused");
    assert_eq!(view.ledger("deducted"), "600.00");
    assert_eq!(say(&gateway, "officer", &act, false).of_status(200).json()["settled"], false);
    assert_eq!(say(&gateway, "officer", &act, false).of_status(403).slug(), "same_person");
    gateway.restart();
    assert_eq!(say(&gateway, "approver", &act, false).of_status(200).json()["settled"], true);
    let view = gateway.view(&request.id);
    assert_eq!((view.ledger("deducted"), view.ledger("controlled")), ("0.00", "600.00"), "{:#}", view.0);
    let act = view.act("deduct", "bank-a");
    assert_eq!((&act["state"], act["outcomes"].as_array().map(Vec::len)), (&json!("unsent"), Some(3)), "{act:#}");
}
