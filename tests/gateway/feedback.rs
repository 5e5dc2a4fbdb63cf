//! What hubs feed back, over the SOAP face of the real gateway: answers in parts, lists beside accounts, results that are late,
//! foreign or wrong, receipts that do not fit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bench::{
    Ask, Gateway, Hub, Setup, Spec, Submitted, View, acts, deduct, freeze, look, release, renew, secure,
};

/// Hubs that are spoken by hand.
fn silent(id: &str) -> Spec {
    Spec::pulling(id).with(|spec| spec.poll_ms = 0)
}

struct Spoken {
    gateway: Gateway,
    user: String,
    password: String,
}

impl Spoken {
    fn with(ids: &[&str]) -> Self {
        let gateway = Setup::of(ids.iter().map(|id| silent(id)).collect()).start();
        let (user, password) = (format!("YH-{}", ids[0]), gateway.bank(ids[0]).spec.password.clone());
        Self { gateway, user, password }
    }

    fn hub(&self) -> Hub<'_> {
        Hub::of(&self.gateway, &self.user, &self.password)
    }

    /// Submits, and fetches as the bank does; the number of the slip.
    fn fetched(&self, ask: &Ask, list: &str) -> (Submitted, String) {
        let request = self.gateway.submit(ask);
        let told = self.hub().call(list, None);
        (request, Hub::field(&told, "BDHM"))
    }

    fn account(&self, slip: &str, number: &str, yuan: &str, inside: &str) -> String {
        let fields = [
            ("BDHM", slip),
            ("CCXH", "1"),
            ("KHZH", number),
            ("CCLB", "活期"),
            ("BZ", "156"),
            ("YE", yuan),
            ("KYYE", yuan),
        ];
        self.hub().row("zhxx", &fields, inside)
    }

    fn feed_query(&self, rows: &str) -> String {
        self.hub().call("shfeedXzcxInfo", Some(&format!("<zhxxList>{rows}</zhxxList>")))
    }

    fn feed_control(&self, slip: &str, line: &str, fields: &[(&str, &str)], beside: &str) -> String {
        let all = [&[("BDHM", slip), ("CCXH", line)], fields].concat();
        let row = self.hub().row("kzxx", &all, "");
        self.hub().call("shfeedXzkzInfo", Some(&format!("<kzxxList>{row}{beside}</kzxxList>")))
    }
}

const SUCCESS: &str = "RESULT=\"success\"";
const FAIL: &str = "RESULT=\"fail\"";

fn numbers(accounts: &Value) -> Vec<&str> {
    accounts.as_array().into_iter().flatten().map(|account| account["number"].as_str().unwrap()).collect()
}

fn findings<'v>(act: &'v Value, class: &str) -> Vec<Vec<(&'v str, &'v str)>> {
    let outcomes = act["outcomes"].as_array().into_iter().flatten();
    let all = outcomes.flat_map(|outcome| outcome["findings"].as_array().into_iter().flatten());
    let of_class = all.filter(|finding| finding["class"] == class);
    let pair = |detail: &'v Value| (detail["name"].as_str().unwrap(), detail["value"].as_str().unwrap());
    of_class.map(|finding| finding["details"].as_array().unwrap().iter().map(pair).collect()).collect()
}

#[test]
fn accounts_that_come_in_two_messages_are_both_secured_and_nothing_is_ordered_twice() {
    let spoken = Spoken::with(&["bank-a"]);
    let (request, slip) = spoken.fetched(&secure(&[0]).claim("1000.00"), "getXzcxList");
    let first = spoken.account(&slip, "6222000001", "300.00", "");
    assert!(spoken.feed_query(&first).contains(SUCCESS));
    let gateway = &spoken.gateway;
    let view = gateway.wait_until(&request.id, "the first freeze", |view| view.acts_of("freeze", "bank-a").len() == 1);
    assert!(view.act("query", "bank-a").get("accounts").is_none(), "one message says all by itself");
    // The bank fetches the freeze before it tells the rest.
    let orders = spoken.hub().call("getXzkzList", None);
    assert_eq!(orders.matches("<kzzh ").count(), 1);
    assert!(spoken.feed_query(&spoken.account(&slip, "6222000002", "500.00", "")).contains(SUCCESS));
    let words = spoken.hub().row("zhxx", &[("BDHM", &slip), ("KHZH", "查无开户信息")], "");
    for again in [first.as_str(), &words, &words, &first] {
        assert!(spoken.feed_query(again).contains(SUCCESS));
    }
    let view = gateway.wait_until(&request.id, "the second freeze", |view| view.acts_of("freeze", "bank-a").len() == 2);
    let query = view.act("query", "bank-a");
    assert_eq!(numbers(&query["accounts"]), ["6222000001", "6222000002"]);
    let outcomes = query["outcomes"].as_array().unwrap();
    let said: Vec<_> =
        outcomes.iter().map(|outcome| (outcome["verdict"].clone(), outcome["in_part"].clone())).collect();
    assert_eq!(
        said,
        [(json!("done"), json!(true)), (json!("done"), json!(true)), (json!("no_such_customer"), json!(true))]
    );
    assert_eq!((&query["state"], view.ledger("exposure")), (&json!("done"), "800.00"));
    let orders = spoken.hub().call("getXzkzList", None);
    assert_eq!(orders.matches("<kzzh ").count(), 2);
    for act in view.acts_of("freeze", "bank-a") {
        let (slip, line, sum) =
            (act["slip"].as_str().unwrap(), act["line"].to_string(), act["amount"].as_str().unwrap());
        let done = [("KZZT", "1"), ("DJXE", sum), ("SKJE", sum)];
        assert!(spoken.feed_control(slip, &line, &done, "").contains(SUCCESS));
    }
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("controlled"), view.ledger("exposure")), ("800.00", "800.00"));
    assert_eq!(view.acts_of("freeze", "bank-a").len(), 2);
}

#[test]
fn a_part_that_comes_after_the_end_is_shown_beside_the_first_and_told_once() {
    let spoken = Spoken::with(&["bank-a"]);
    let (request, slip) = spoken.fetched(&look(&[0]), "getXzcxList");
    spoken.feed_query(&spoken.account(&slip, "6222000001", "300.00", ""));
    let before = spoken.gateway.wait_finished(&request.id);
    let late = spoken.account(&slip, "6222000002", "500.00", "");
    for row in [&late, &late] {
        assert!(spoken.feed_query(row).contains(SUCCESS));
    }
    let view = spoken.gateway.wait_until(&request.id, "the late part", |view| view.version() > before.version());
    let query = view.act("query", "bank-a");
    assert_eq!(numbers(&query["accounts"]), ["6222000001", "6222000002"]);
    assert_eq!(query["outcomes"].as_array().unwrap().len(), 2);
    spoken.feed_query(&spoken.account(&slip, "6222000001", "300.00", ""));
    assert_eq!(spoken.gateway.view(&request.id).version(), view.version(), "known already");
}

#[test]
fn products_transactions_measures_and_rights_are_shown_with_the_account_they_belong_to() {
    let spoken = Spoken::with(&["bank-a"]);
    let (request, slip) = spoken.fetched(&look(&[0]), "getXzcxList");
    let hub = spoken.hub();
    let moved = |serial: &str, slip: &[(&str, &str)]| {
        let fields =
            [slip, &[("WLXH", "1"), ("ZJLX", "付"), ("JE", "88.00"), ("JYLSH", serial), ("ZCKZXM", "某甲")]].concat();
        hub.row("wlxx", &fields, "")
    };
    // Transactions before the answer: kept, and the question stays open.
    let apart = format!("<wlxxList>{}</wlxxList>", moved("T-0", &[("BDHM", &slip), ("KHZH", "6222000001")]));
    assert!(hub.call("shfeedXzcxwlxxInfo", Some(&apart)).contains(SUCCESS));
    assert_eq!(spoken.gateway.view(&request.id).state_of("query", "bank-a"), "awaiting");
    let nobody = format!("<wlxxList>{}</wlxxList>", moved("T-0", &[]));
    assert!(hub.call("shfeedXzcxwlxxInfo", Some(&nobody)).contains(FAIL), "whose they are must be said");
    let held = hub.row(
        "jrxx",
        &[("ZCXH", "1"), ("ZCMC", "稳健理财"), ("JRCPBH", "LC01"), ("ZCZJE", "20000.00"), ("XTZD", "新")],
        "",
    );
    let froze = |place: &str, organ: &str, product: &str| {
        hub.row("djxx", &[("CSXH", place), ("DJJG", organ), ("DJJE", "1.00"), ("JRCPBH", product), ("BEIZ", "2")], "")
    };
    let right = |kind: &str, holder: &str| hub.row("qlxx", &[("QLLX", kind), ("QLR", holder), ("QLJE", "5.00")], "");
    let below = hub.row("glxx", &[("GLXH", "1"), ("GLZHLB", "定期"), ("GLZHHM", "6222000001-01"), ("YE", "7.00")], "");
    let lists = [
        format!("<jrxxList>{held}</jrxxList>"),
        format!(
            "<djxxList>{}{}{}</djxxList>",
            froze("2", "乙法院", ""),
            froze("1", "甲法院", ""),
            froze("3", "丙法院", "LC01")
        ),
        format!("<qlxxList>{}{}</qlxxList>", right("质押", "某行"), right("共同共有", "李某")),
        format!("<glxxList>{below}</glxxList>"),
        format!("<wlxxList>{}</wlxxList>", moved("T-1", &[])),
    ]
    .concat();
    assert!(spoken.feed_query(&spoken.account(&slip, "6222000001", "300.00", &lists)).contains(SUCCESS));
    let view = spoken.gateway.wait_finished(&request.id);
    let query = view.act("query", "bank-a");
    let account = &query["outcomes"].as_array().unwrap().last().unwrap()["accounts"][0];
    let organs: Vec<_> = account["ahead"].as_array().unwrap().iter().map(|prior| prior["organ"].clone()).collect();
    assert_eq!(
        organs,
        ["甲法院", "乙法院", "某行"],
        "in the bank's order; neither a product's measure nor a co-owner is ahead"
    );
    let products = findings(query, "holding");
    assert_eq!(products.len(), 1);
    for pair in
        [("account", "6222000001"), ("name", "稳健理财"), ("product", "LC01"), ("value", "20000.00"), ("xtzd", "新")]
    {
        assert!(products[0].contains(&pair), "{pair:?} in {products:?}");
    }
    let serials: Vec<_> =
        findings(query, "transaction").into_iter().flatten().filter(|(name, _)| *name == "serial").collect();
    assert_eq!(serials, [("serial", "T-0"), ("serial", "T-1")]);
    assert!(findings(query, "transaction").iter().flatten().all(|(name, _)| *name != "id_type"));
    let measures = findings(query, "measure");
    assert!(measures.len() == 3 && measures[2].contains(&("product", "LC01")) && measures[0].contains(&("mode", "2")));
    let rights = findings(query, "right");
    assert!(rights[0].contains(&("holder", "某行")) && rights[1].contains(&("co_owner", "李某")), "{rights:?}");
    let sub = findings(query, "sub_account");
    assert!(
        sub[0].contains(&("account", "6222000001-01")) && sub[0].contains(&("main_account", "6222000001")),
        "{sub:?}"
    );
}

#[test]
fn a_result_for_what_is_not_there_is_refused_with_a_reason_and_changes_nothing() {
    let spoken = Spoken::with(&["bank-a", "bank-b"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    let done = [("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00")];
    let told = spoken.feed_control(&slip, "7", &done, "");
    assert!(told.contains(FAIL) && told.contains("请求单内无此序号"), "{told}");
    let told = spoken.feed_control("A18900101E0200000001", "1", &done, "");
    assert!(told.contains(FAIL) && told.contains("请求单号不存在"), "{told}");
    let other = spoken.gateway.bank("bank-b");
    let foreign = Hub { user: "YH-bank-b", password: &other.spec.password, ..spoken.hub() };
    let row = foreign.row("kzxx", &[("BDHM", slip.as_str()), ("CCXH", "1"), ("KZZT", "2")], "");
    let feed = format!("<kzxxList>{row}</kzxxList>");
    let told = foreign.call("shfeedXzkzInfo", Some(&feed));
    assert!(
        told.contains(FAIL) && told.contains("请求单号不存在"),
        "another bank's slip is as unknown as nobody's: {told}"
    );
    let view = spoken.gateway.view(&request.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("controlled")), ("awaiting", "0.00"));
    assert!(spoken.feed_control(&slip, "1", &done, "").contains(SUCCESS));
    let finished = spoken.gateway.wait_finished(&request.id);
    // Finished: the same again is taken as known, others still know nothing of it, and a wrong line is still wrong.
    assert!(spoken.feed_control(&slip, "1", &done, "").contains(SUCCESS));
    assert!(foreign.call("shfeedXzkzInfo", Some(&feed)).contains(FAIL));
    assert!(spoken.feed_control(&slip, "7", &done, "").contains(FAIL));
    let view = spoken.gateway.view(&request.id);
    assert_eq!((view.version(), view.ledger("controlled")), (finished.version(), "500.00"));
}

#[test]
fn a_sealed_receipt_whose_sum_does_not_fit_is_kept_and_said_so() {
    let spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    let hub = spoken.hub();
    let body = STANDARD.encode(b"%PDF-1.4\n");
    let receipt = |name: &str, md5: &str| {
        let fields =
            hub.row("hzxx", &[("BDHM", &slip), ("WJMC", name), ("WJLX", "pdf"), ("WSLB", "回执"), ("MD5", md5)], "");
        fields.replacen("<hzxx", &format!("<hzxx WSNR=\"{body}\""), 1)
    };
    let fits = receipt("合.pdf", "6446A98080F5E51AB7F0ABC0E8EDA635");
    let receipts = format!("<hzxxList>{fits}{}</hzxxList>", receipt("不合.pdf", &"0".repeat(32)));
    let done = [("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00")];
    assert!(spoken.feed_control(&slip, "1", &done, &receipts).contains(SUCCESS));
    let view = spoken.gateway.wait_finished(&request.id);
    let replies = view.act("freeze", "bank-a")["outcomes"][0]["replies"].as_array().unwrap();
    let said: Vec<_> = replies.iter().map(|reply| (reply["file_name"].clone(), reply["md5_fits"].clone())).collect();
    assert_eq!(said, [(json!("合.pdf"), json!(true)), (json!("不合.pdf"), json!(false))]);
    assert_eq!(view.state_of("freeze", "bank-a"), "done", "what was done is no less done");
}

#[test]
fn controlled_with_a_reason_is_a_part_and_a_later_word_overrides_it() {
    let spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00"), freeze("bank-a", "6222000002", "100.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    let text = "成功冻结资金回款账户，但理财产品冻结失败";
    let part = [("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00"), ("WNKZYY", text)];
    assert!(spoken.feed_control(&slip, "1", &part, "").contains(SUCCESS));
    let gateway = &spoken.gateway;
    let view = gateway.wait_until(&request.id, "the part", |view| view.acts()[0]["state"] == "partly");
    let outcome = &view.acts()[0]["outcomes"][0];
    assert_eq!(
        (&outcome["verdict"], &outcome["reason"], &outcome["text"]),
        (&json!("partly"), &json!("part_of_assets"), &json!(text))
    );
    assert_eq!(view.ledger("controlled"), "500.00");
    // The later word, while the request is open.
    let refused = [("KZZT", "2"), ("WNKZYY", "账户存在优先权（保证金）"), ("SKJE", "0.00")];
    assert!(spoken.feed_control(&slip, "1", &refused, "").contains(SUCCESS));
    let view = gateway.wait_until(&request.id, "the later word", |view| view.acts()[0]["state"] != "partly");
    let verdicts: Vec<_> =
        view.acts()[0]["outcomes"].as_array().unwrap().iter().map(|outcome| outcome["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("partly"), json!("refused")]);
    assert_eq!((view.ledger("controlled"), view.ledger("exposure")), ("0.00", "100.00"));
    // And after its end.
    let done = [("KZZT", "1"), ("DJXE", "100.00"), ("SKJE", "100.00")];
    assert!(spoken.feed_control(&slip, "2", &done, "").contains(SUCCESS));
    let before = gateway.wait_finished(&request.id);
    assert_eq!(before.ledger("controlled"), "100.00");
    assert!(spoken.feed_control(&slip, "2", &[("KZZT", "2"), ("WNKZYY", "查无账户信息")], "").contains(SUCCESS));
    let view = gateway.wait_until(&request.id, "the late word", |view| view.version() > before.version());
    assert_eq!((&view.acts()[1]["state"], view.ledger("controlled")), (&json!("refused"), "0.00"));
}

#[test]
fn what_was_taken_is_not_forgotten_when_its_freeze_is_denied_and_told_again() {
    let spoken = Spoken::with(&["bank-a"]);
    let gateway = &spoken.gateway;
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "5000.00")]).claim("5000.00");
    let (first, slip) = spoken.fetched(&order, "getXzkzList");
    let held = [("KZZT", "1"), ("DJXE", "5000.00"), ("SKJE", "5000.00")];
    assert!(spoken.feed_control(&slip, "1", &held, "").contains(SUCCESS));
    let frozen = gateway.wait_finished(&first.id).act("freeze", "bank-a").clone();
    let taking = gateway.submit(&acts(&[0], vec![deduct(&frozen, "2000.00")]).same_case(&order).claim("5000.00"));
    spoken.hub().call("getXzkzList", None);
    let act = gateway.view(&taking.id).act("deduct", "bank-a").clone();
    let (of_deduct, line) = (act["slip"].as_str().unwrap(), act["line"].to_string());
    let taken = [("KZZT", "1"), ("DJXE", "2000.00"), ("SKJE", "2000.00")];
    assert!(spoken.feed_control(of_deduct, &line, &taken, "").contains(SUCCESS));
    let view = gateway.wait_finished(&taking.id);
    assert_eq!((view.ledger("deducted"), view.ledger("exposure")), ("2000.00", "3000.00"));
    let denied = [("KZZT", "2"), ("WNKZYY", "查无账户信息")];
    assert!(spoken.feed_control(&slip, "1", &denied, "").contains(SUCCESS));
    gateway.wait_until(&first.id, "the denial", |view| view.ledger("exposure") == "0.00");
    assert!(spoken.feed_control(&slip, "1", &held, "").contains(SUCCESS));
    let view = gateway.wait_until(&first.id, "the word again", |view| view.ledger("exposure") != "0.00");
    assert_eq!(
        (view.ledger("exposure"), view.ledger("controlled"), view.ledger("deducted")),
        ("3000.00", "3000.00", "2000.00"),
        "what is left of it, not all of it"
    );
}

/// A finished act on a freeze of 5,000.00: its slip and line.
fn done_on(spoken: &Spoken, (order, act): (&Ask, Value), words: &[(&str, &str)]) -> (Submitted, String, String) {
    let request = spoken.gateway.submit(&acts(&[0], vec![act]).same_case(order).claim("5000.00"));
    spoken.hub().call("getXzkzList", None);
    let act = spoken.gateway.view(&request.id).acts()[0].clone();
    let (slip, line) = (act["slip"].as_str().unwrap().to_owned(), act["line"].to_string());
    assert!(spoken.feed_control(&slip, &line, words, "").contains(SUCCESS));
    spoken.gateway.wait_finished(&request.id);
    (request, slip, line)
}

#[test]
fn a_release_that_is_denied_when_all_is_over_leaves_what_was_known_and_the_freeze_is_named_by_its_act() {
    let mut spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "5000.00")]).claim("5000.00");
    let (first, slip) = spoken.fetched(&order, "getXzkzList");
    let held = [("KZZT", "1"), ("DJXE", "5000.00"), ("SKJE", "4000.00")];
    assert!(spoken.feed_control(&slip, "1", &held, "").contains(SUCCESS));
    let frozen = spoken.gateway.wait_finished(&first.id).act("freeze", "bank-a").clone();
    done_on(&spoken, (&order, deduct(&frozen, "500.00")), &[("KZZT", "1"), ("SKJE", "500.00")]);
    let (request, slip, line) = done_on(&spoken, (&order, release(&frozen)), &[("KZZT", "1")]);
    let ledger = |view: &View| (view.ledger("exposure").to_owned(), view.ledger("controlled").to_owned());
    assert_eq!(spoken.gateway.view(&request.id).ledger("exposure"), "0.00");
    let gone = acts(&[0], vec![release(&frozen)]).same_case(&order).claim("5000.00");
    assert_eq!(spoken.gateway.submit_as("gone", &gone).of_status(422).slug(), "original_unknown");
    spoken.gateway.restart();
    spoken.gateway.wait_index_filled();
    assert!(
        spoken.feed_control(&slip, &line, &[("KZZT", "2"), ("WNKZYY", "系统异常，未能解除")], "").contains(SUCCESS)
    );
    let view = spoken.gateway.wait_until(&request.id, "the denial", |view| view.ledger("exposure") != "0.00");
    // 4,000.00 of 5,000.00 were held, and 500.00 moved.
    assert_eq!(ledger(&view), ("4500.00".to_owned(), "3500.00".to_owned()));
    let again = acts(&[0], vec![release(&frozen)]).same_case(&order).claim("5000.00");
    let open = spoken.gateway.submit(&again);
    for act in [release(&frozen), renew(&frozen, frozen["measure"]["to"].as_str().unwrap())] {
        let twice = acts(&[0], vec![act]).same_case(&order).claim("5000.00");
        let key = format!("twice-{}", twice.0["acts"][0]["kind"]);
        assert_eq!(spoken.gateway.submit_as(&key, &twice).of_status(422).slug(), "original_gone");
    }
    spoken.hub().call("getXzkzList", None);
    let act = spoken.gateway.view(&open.id).act("release", "bank-a").clone();
    let (slip, line) = (act["slip"].as_str().unwrap(), act["line"].to_string());
    assert!(spoken.feed_control(slip, &line, &[("KZZT", "1")], "").contains(SUCCESS));
    assert_eq!(spoken.gateway.wait_finished(&open.id).ledger("exposure"), "0.00");
}

#[test]
fn a_result_for_what_was_not_fetched_is_refused_and_taken_once_it_was() {
    let spoken = Spoken::with(&["bank-a"]);
    let frozen = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (first, slip) = spoken.fetched(&frozen, "getXzkzList");
    spoken.feed_control(&slip, "1", &[("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00")], "");
    let held = spoken.gateway.wait_finished(&first.id).act("freeze", "bank-a").clone();
    let free = spoken.gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&frozen));
    let act = spoken.gateway.view(&free.id).act("release", "bank-a").clone();
    let told = spoken.feed_control(act["slip"].as_str().unwrap(), &act["line"].to_string(), &[("KZZT", "1")], "");
    assert!(told.contains(FAIL) && told.contains("该请求尚未下发"), "not fetched yet: {told}");
    spoken.hub().call("getXzkzList", None);
    let told = spoken.feed_control(act["slip"].as_str().unwrap(), &act["line"].to_string(), &[("KZZT", "1")], "");
    assert!(told.contains(SUCCESS), "{told}");
    let view: View = spoken.gateway.wait_finished(&free.id);
    assert_eq!((view.state_of("release", "bank-a"), view.ledger("controlled")), ("done", "0.00"));
}

/// A freeze of 500.00 that holds, and an act on it that the bank has fetched: what was asked first, the request, its slip and line.
fn on_a_held_freeze(spoken: &Spoken, of: fn(&Value) -> Value) -> (Submitted, String, String) {
    let frozen = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (first, slip) = spoken.fetched(&frozen, "getXzkzList");
    spoken.feed_control(&slip, "1", &[("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00")], "");
    let held = spoken.gateway.wait_finished(&first.id).act("freeze", "bank-a").clone();
    let request = spoken.gateway.submit(&acts(&[0], vec![of(&held)]).same_case(&frozen));
    let act = spoken.gateway.view(&request.id).acts()[0].clone();
    spoken.hub().call("getXzkzList", None);
    (request, act["slip"].as_str().unwrap().to_owned(), act["line"].to_string())
}

#[test]
fn a_result_for_another_account_is_sent_back_and_nothing_of_it_is_booked() {
    let spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    let held = |account| [("KHZH", account), ("KZZT", "1"), ("DJXE", "500.00"), ("SKJE", "500.00")];
    for refused in [&held("6222000002")[..], &[("KHZH", "6222000002"), ("KZZT", "2"), ("WNKZYY", "余额不足")]] {
        let told = spoken.feed_control(&slip, "1", refused, "");
        assert!(told.contains(FAIL) && told.contains("反馈的账户与请求不符"), "{told}");
        assert!(!told.contains("6222000002"), "{told}");
    }
    let view = spoken.gateway.view(&request.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("controlled")), ("awaiting", "0.00"));
    // As people and some systems write it.
    let told = spoken.feed_control(&slip, "1", &held("６２２２ 000-001"), "");
    assert!(told.contains(SUCCESS), "{told}");
    let view = spoken.gateway.wait_finished(&request.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("controlled")), ("done", "500.00"));
    // After its end it is held against the order all the same.
    let told = spoken.feed_control(&slip, "1", &held("6222000002"), "");
    assert!(told.contains(FAIL) && told.contains("反馈的账户与请求不符"), "{told}");
}

#[test]
fn a_deduction_from_another_account_moves_nothing_here() {
    let spoken = Spoken::with(&["bank-a"]);
    let (request, slip, line) = on_a_held_freeze(&spoken, |held| deduct(held, "200.00"));
    let moved = |account| [("KHZH", account), ("KZZT", "1"), ("DJXE", "200.00"), ("SKJE", "200.00")];
    assert!(spoken.feed_control(&slip, &line, &moved("6222000002"), "").contains(FAIL));
    let view = spoken.gateway.view(&request.id);
    assert_eq!((view.state_of("deduct", "bank-a"), view.ledger("deducted")), ("awaiting", "0.00"));
    assert!(spoken.feed_control(&slip, &line, &moved("6222000001"), "").contains(SUCCESS));
    assert_eq!(spoken.gateway.wait_finished(&request.id).ledger("deducted"), "200.00");
}

#[test]
fn a_limit_that_nobody_ordered_is_said_and_who_is_still_at_it_ends_nothing() {
    let spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    let at_it = [("KZZT", "2"), ("WNKZYY", "人工处理中")];
    assert!(spoken.feed_control(&slip, "1", &at_it, "").contains(SUCCESS));
    assert_eq!(spoken.gateway.view(&request.id).state_of("freeze", "bank-a"), "awaiting");
    let unclear = [("KZZT", "2"), ("WNKZYY", "无法自动控制，待人工处理")];
    assert!(spoken.feed_control(&slip, "1", &unclear, "").contains(FAIL), "refused, and still at it");
    let held = [("KZZT", "1"), ("DJXE", "300.00"), ("SKJE", "300.00")];
    assert!(spoken.feed_control(&slip, "1", &held, "").contains(SUCCESS));
    let view = spoken.gateway.wait_finished(&request.id);
    let act = view.act("freeze", "bank-a");
    let told = act["outcomes"].as_array().unwrap().last().unwrap();
    assert_eq!((&act["state"], &told["reason"]), (&json!("partly"), &json!("limit_differs")), "{act:#}");
    assert_eq!(view.ledger("exposure"), "300.00");
}

#[test]
fn a_result_without_its_sum_is_sent_back_and_the_act_waits_for_it() {
    let spoken = Spoken::with(&["bank-a"]);
    let order = acts(&[0], vec![freeze("bank-a", "6222000001", "500.00")]);
    let (request, slip) = spoken.fetched(&order, "getXzkzList");
    for bare in [&[("KZZT", "1")][..], &[("KZZT", "1"), ("DJXE", "500.00")], &[("KZZT", "1"), ("SKJE", "")]] {
        let told = spoken.feed_control(&slip, "1", bare, "");
        assert!(told.contains(FAIL) && told.contains("SKJE"), "{told}");
    }
    let view = spoken.gateway.view(&request.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("controlled")), ("awaiting", "0.00"));
    spoken.feed_control(&slip, "1", &[("KZZT", "1"), ("SKJE", "500.00")], "");
    assert_eq!(spoken.gateway.wait_finished(&request.id).ledger("controlled"), "500.00");
}

#[test]
fn a_release_that_was_refused_or_done_in_part_leaves_the_money_counted_as_held() {
    let cases = [
        (&[("KZZT", "2"), ("WNKZYY", "该冻结为轮候冻结，不能解除")][..], "refused"),
        (&[("KZZT", "1"), ("WNKZYY", "部分解除失败"), ("SKJE", "0.00")], "partly"),
    ];
    for (words, state) in cases {
        let spoken = Spoken::with(&["bank-a"]);
        let (request, slip, line) = on_a_held_freeze(&spoken, release);
        assert!(spoken.feed_control(&slip, &line, words, "").contains(SUCCESS));
        let view = spoken.gateway.wait_finished(&request.id);
        assert_eq!((view.state_of("release", "bank-a"), view.ledger("controlled")), (state, "500.00"), "{words:?}");
        let done = [("KZZT", "1"), ("SKJE", "0.00"), ("WNKZYY", "解除冻结成功")];
        assert!(spoken.feed_control(&slip, &line, &done, "").contains(SUCCESS));
        let is_done = |view: &View| view.state_of("release", "bank-a") == "done";
        let view = spoken.gateway.wait_until(&request.id, "the later word", is_done);
        assert_eq!(view.ledger("controlled"), "0.00", "all of it was let go in the end");
    }
}

#[test]
fn a_result_of_a_control_answers_no_question() {
    let spoken = Spoken::with(&["bank-a"]);
    let (request, slip) = spoken.fetched(&look(&[0]), "getXzcxList");
    let told = spoken.feed_control(&slip, "1", &[("KZZT", "1"), ("SKJE", "0.00")], "");
    assert!(told.contains(FAIL) && told.contains("与请求不符"), "{told}");
    assert_eq!(spoken.gateway.view(&request.id).state_of("query", "bank-a"), "awaiting");
    for unreadable in ["请联系网点", "null"] {
        let row = spoken.hub().row("zhxx", &[("BDHM", &slip), ("KHZH", unreadable)], "");
        assert!(spoken.feed_query(&row).contains(FAIL), "{unreadable}");
    }
    assert!(spoken.feed_query("").contains(FAIL), "an answer with nothing in it");
    assert!(spoken.feed_query(&spoken.account(&slip, "6222000001", "1.00", "")).contains(SUCCESS));
    assert_eq!(spoken.gateway.wait_finished(&request.id).state_of("query", "bank-a"), "done");
}
