//! The nine processing rules of one bank (WIRE g.1), one test each, and what follows from rank, queue and expiry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod gateway;

use gateway::{ACCOUNT, Gateway, SECOND_ACCOUNT, SLIP, control, freeze, later, query};
use simulators::bank::{BankRules, ClerkAct, PriorFreeze, Product, Right};
use simulators::{BankHub, BankHubConfig, County, Day};

fn start(gateway: &Gateway, rules: BankRules) -> BankHub {
    start_with(gateway, rules, &County::of_the_samples())
}

fn start_with(gateway: &Gateway, rules: BankRules, county: &County) -> BankHub {
    let config = BankHubConfig { gateway_url: gateway.url.clone(), rules, ..BankHubConfig::default() };
    BankHub::start(county, config).unwrap()
}

async fn order(gateway: &Gateway, hub: &BankHub, slip: String) {
    gateway.said.lock().unwrap().controls = vec![slip];
    let report = hub.poll_now().await.unwrap();
    assert_eq!(report.errors, Vec::<String>::new());
}

fn second_account(yuan: &str) -> String {
    control(SLIP, &[], &[&freeze("1", SECOND_ACCOUNT, yuan)])
}

fn slashed(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[tokio::test]
async fn rule_1_missing_papers_are_answered_at_once_and_nothing_happens() {
    for spoil in 0..3 {
        let gateway = Gateway::start();
        {
            let mut said = gateway.said.lock().unwrap();
            (said.no_document, said.empty_document, said.no_credentials) = (spoil == 0, spoil == 1, spoil == 2);
            said.queries = vec![query("A20261120E0100000001", &[])];
        }
        let hub = start(&gateway, BankRules::default());
        order(&gateway, &hub, second_account("100.00")).await;
        let result = gateway.result(SLIP, "1");
        let why = if spoil == 2 { "无证件信息" } else { "无法律文书" };
        assert_eq!(result["KZZT"], "2");
        assert_eq!(result["WNKZYY"], format!("{why}，协助执行单位业务审核未通过"));
        let answered = gateway::rows(&gateway.fed("shfeedXzcxInfo")[0], "zhxx");
        assert_eq!(answered[0]["KHZH"], "业务审核未通过");
        assert!(hub.books().effects().is_empty());
    }
}

#[tokio::test]
async fn rule_2_name_number_account_and_the_three_of_a_query() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    let line = freeze("1", ACCOUNT, "1.00");
    order(&gateway, &hub, control("N1", &[("XM", "王大渔")], &[&line])).await;
    assert_eq!(gateway.result("N1", "1")["WNKZYY"], "账号与被控制人姓名信息不匹配，协助执行单位业务审核未通过");
    order(&gateway, &hub, control("N2", &[("DSRZJHM", "330225189506120171")], &[&line])).await;
    assert_eq!(gateway.result("N2", "1")["WNKZYY"], "账号与被控制人证件信息不匹配，协助执行单位业务审核未通过");
    order(&gateway, &hub, control("N3", &[], &[&freeze("1", "6222999", "1.00")])).await;
    assert_eq!(gateway.result("N3", "1")["WNKZYY"], "查无账户信息");
    // The old 15-digit number and a number with hyphens are the same person.
    order(&gateway, &hub, control("N4", &[("DSRZJHM", "330225950612017")], &[&line])).await;
    assert_eq!(gateway.result("N4", "1")["KZZT"], "1");
    gateway.said.lock().unwrap().queries =
        vec![query("Q1", &[("ZJLX", "")]), query("Q2", &[("DSRZJHM", "3302251895-06120170")])];
    hub.poll_now().await.unwrap();
    let fed = gateway.fed("shfeedXzcxInfo");
    let first = |slip: &str| fed.iter().flat_map(|i| gateway::rows(i, "zhxx")).find(|r| r["BDHM"] == slip).unwrap();
    assert_eq!(first("Q1")["KHZH"], "业务审核未通过");
    assert_eq!(first("Q2")["KHZH"], ACCOUNT);
}

#[tokio::test]
async fn rule_3_renew_release_and_deduct_need_the_original_on_that_account() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    order(&gateway, &hub, second_account("100.00")).await;
    for (slip, measure) in [("R02", "02"), ("R04", "04"), ("R06", "06")] {
        // The original stands on the second account; these lines name the first.
        order(&gateway, &hub, control(slip, &[], &[&later("1", measure, SLIP, "1.00")])).await;
        let result = gateway.result(slip, "1");
        assert_eq!((result["KZZT"].as_str(), result["WNKZYY"].as_str()), ("2", "无原冻结请求信息或冻结编号"));
    }
    assert_eq!(hub.books().effects().len(), 1);
}

#[tokio::test]
async fn rule_4_a_release_waits_for_the_open_deduct_and_is_carried_out_after_it() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules { deduct_by_hand: true, ..BankRules::default() });
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "5000.00")])).await;
    order(&gateway, &hub, control("D1", &[], &[&later("1", "06", SLIP, "2000.00")])).await;
    order(&gateway, &hub, control("U1", &[], &[&later("1", "04", SLIP, "")])).await;
    assert_eq!(gateway.fed("shfeedXzkzInfo").len(), 1, "neither deduct nor release is answered");
    assert_eq!(hub.books().effect_count("U1/1"), 0);
    hub.books().clerk("D1/1", ClerkAct::Offline).unwrap();
    let report = hub.poll_now().await.unwrap();
    assert_eq!((report.fed, report.pending), (2, 0));
    assert_eq!(gateway.result("D1", "1")["SKJE"], "2000.00");
    assert_eq!(
        (gateway.result("U1", "1")["KZZT"].as_str(), gateway.result("U1", "1")["SKJE"].as_str()),
        ("1", "3000.00")
    );
    let verbs: Vec<String> = hub.books().effects().into_iter().map(|e| e.verb).collect();
    assert_eq!(verbs, ["freeze", "deduct", "release"]);
    assert_eq!(hub.books().account(ACCOUNT).unwrap().caught(), 1_000_000, "only the other court's freeze is left");
}

#[tokio::test]
async fn rule_5_a_priority_right_leaves_nothing_to_control() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    let right = Right { kind: "01".to_owned(), holder: "海上保函部".to_owned(), amount: 5_000_000 };
    hub.books().add_right(SECOND_ACCOUNT, right).unwrap();
    order(&gateway, &hub, second_account("100.00")).await;
    let result = gateway.result(SLIP, "1");
    assert_eq!((result["SKJE"].as_str(), result["CESKJE"].as_str()), ("0.00", "100.00"));
    assert_eq!(gateway::rows(&gateway.fed("shfeedXzkzInfo")[0], "qlxx")[0]["QLR"], "海上保函部");
    hub.books().end_rights(SECOND_ACCOUNT).unwrap();
    assert_eq!(hub.books().account(SECOND_ACCOUNT).unwrap().caught(), 10_000, "the freeze stood in rank all the time");
}

#[tokio::test]
async fn rule_6_whole_account_and_products() {
    let gateway = Gateway::start();
    let mut county = County::of_the_samples();
    let product = |number: &str, freezable| Product {
        number: number.to_owned(),
        name: "潮信稳健理财".to_owned(),
        wealth_account: "900000000001".to_owned(),
        units: 100_000,
        units_held: 0,
        freezable,
    };
    county.accounts[1].products = vec![product("LC1", true), product("LC2", false)];
    let hub = start_with(&gateway, BankRules::default(), &county);
    let mut whole = freeze("1", ACCOUNT, "1.00");
    whole[3] = ("KZNR", "2");
    order(&gateway, &hub, control(SLIP, &[], &[&whole])).await;
    let result = gateway.result(SLIP, "1");
    assert_eq!(
        (result["SKJE"].as_str(), result["KYYE"].as_str(), result["CESKJE"].as_str()),
        ("8234.56", "0.00", "0.00")
    );
    let asset = |line, product| {
        let mut row = freeze(line, "", "100.00");
        row[1] = ("KZLX", "2");
        row.extend([("ZJHKZH", SECOND_ACCOUNT), ("JRCPBH", product), ("LCZH", "900000000001"), ("SE", "300.00")]);
        row
    };
    order(&gateway, &hub, control("P1", &[], &[&asset("1", "LC1"), &asset("2", "LC2")])).await;
    let (good, half) = (gateway.result("P1", "1"), gateway.result("P1", "2"));
    assert_eq!((good["KZZT"].as_str(), good["SKSE"].as_str(), good["SKJE"].as_str()), ("1", "300.00", "100.00"));
    assert_eq!(half["KZZT"], "1");
    assert_eq!(half["WNKZYY"], "成功冻结资金回款账户，但理财产品冻结失败");
    assert_eq!(hub.books().account(SECOND_ACCOUNT).unwrap().products[0].units_held, 30_000);
}

#[tokio::test]
async fn rule_7_a_deduct_by_hand_is_sent_confirmed_refused_or_comes_back() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules { deduct_by_hand: true, interbank_unconfirmed: true, ..BankRules::default() });
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "5000.00")])).await;
    let before = hub.books().conserved();
    for slip in ["D1", "D2", "D3"] {
        order(&gateway, &hub, control(slip, &[], &[&later("1", "06", SLIP, "1000.00")])).await;
    }
    let books = hub.books();
    books.clerk("D1/1", ClerkAct::Online).unwrap();
    assert_eq!((books.in_transit().len(), books.effect_count("D1/1")), (1, 0), "state C: sent, unconfirmed");
    books.clerk("D1/1", ClerkAct::Confirm).unwrap();
    books.clerk("D2/1", ClerkAct::Refuse).unwrap();
    books.clerk("D3/1", ClerkAct::Online).unwrap();
    books.clerk("D3/1", ClerkAct::Return).unwrap();
    assert_eq!(hub.poll_now().await.unwrap().fed, 3);
    let told = |slip| (gateway.result(slip, "1")["KZZT"].clone(), gateway.result(slip, "1")["WNKZYY"].clone());
    assert_eq!(told("D1"), ("1".to_owned(), String::new()));
    assert_eq!(told("D2"), ("2".to_owned(), "业务人员审核拒绝".to_owned()));
    assert_eq!(told("D3"), ("2".to_owned(), "跨行汇划失败，资金已退回原账户".to_owned()));
    assert_eq!(books.account(ACCOUNT).unwrap().told()[1].caught, 400_000);
    assert_eq!((books.conserved(), books.paid_out().len(), books.in_transit().len()), (before, 1, 0));
}

#[tokio::test]
async fn rule_8_a_slip_is_answered_once_and_retried_while_its_feedback_fails() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    gateway.said.lock().unwrap().refuse = true;
    gateway.said.lock().unwrap().controls = vec![second_account("100.00")];
    let first = hub.poll_now().await.unwrap();
    assert_eq!((first.new_controls, first.fed, first.errors.len()), (1, 0, 1));
    gateway.said.lock().unwrap().refuse = false;
    let second = hub.poll_now().await.unwrap();
    assert_eq!((second.repeats, second.new_controls, second.fed), (1, 0, 1));
    assert_eq!(hub.poll_now().await.unwrap().fed, 0);
    assert_eq!(hub.books().effect_count(&format!("{SLIP}/1")), 1);
    gateway.said.lock().unwrap().controls = vec![second_account("200.00")];
    let changed = hub.poll_now().await.unwrap();
    assert_eq!((changed.conflicts, changed.fed, hub.findings().len()), (1, 0, 1));
    assert_eq!(hub.books().account(SECOND_ACCOUNT).unwrap().caught(), 10_000);
}

#[tokio::test]
async fn a_slip_of_which_some_lines_are_answered_is_a_repeat_and_no_other_content() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules { deduct_by_hand: true, ..BankRules::default() });
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "5000.00")])).await;
    let (one, two) = (later("1", "06", SLIP, "1000.00"), later("2", "06", SLIP, "500.00"));
    let listed = |lines: &[&[(&str, &str)]]| gateway.said.lock().unwrap().controls = vec![control("D1", &[], lines)];
    let polled = async || {
        let report = hub.poll_now().await.unwrap();
        (report.repeats, report.conflicts, hub.findings().len())
    };
    listed(&[&one, &two]);
    assert_eq!(polled().await, (0, 0, 0));
    listed(&[&two]);
    assert_eq!(polled().await, (0, 1, 1), "a line that waits for an answer is not left out");
    hub.books().clerk("D1/1", ClerkAct::Refuse).unwrap();
    assert_eq!(polled().await, (1, 0, 1));
    listed(&[&later("2", "06", SLIP, "600.00")]);
    assert_eq!(polled().await, (0, 1, 2), "another sum is another content");
}

#[tokio::test]
async fn rule_9_an_officers_number_over_15_bytes_fails() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    for (slip, number, state) in [("O1", "执证330225001", "1"), ("O2", "执行证330225001X", "2")] {
        order(&gateway, &hub, control(slip, &[("GZZBH", number)], &[&freeze("1", SECOND_ACCOUNT, "1.00")])).await;
        assert_eq!(gateway.result(slip, "1")["KZZT"], state, "{number}");
    }
    assert!(gateway.result("O2", "1")["WNKZYY"].contains("请业务人员线下处理"));
}

#[tokio::test]
async fn a_queue_is_told_by_what_stands_ahead_and_moves_up_when_that_ends() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules { queue: true, ..BankRules::default() });
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "18000.00")])).await;
    order(&gateway, &hub, control("S2", &[], &[&freeze("1", ACCOUNT, "1000.00")])).await;
    let result = gateway.result(SLIP, "1");
    assert_eq!(
        (result["KZZT"].as_str(), result["SKJE"].as_str(), result["CESKJE"].as_str()),
        ("1", "0.00", "18000.00")
    );
    let ahead = gateway::rows(gateway.fed("shfeedXzkzInfo").last().unwrap(), "djxx");
    assert_eq!(ahead.iter().map(|r| r["DJJG"].as_str()).collect::<Vec<_>>(), ["宁海县人民法院", "象山县人民法院"]);
    hub.books().end_by_other(ACCOUNT, "(2026)浙0226执保77号").unwrap();
    let told = hub.books().account(ACCOUNT).unwrap().told();
    assert_eq!(told.iter().map(|f| (f.queued, f.caught)).collect::<Vec<_>>(), [(false, 1_800_000), (true, 0)]);
    // 05 takes only a queued one out.
    order(&gateway, &hub, control("U5", &[], &[&later("1", "05", SLIP, "")])).await;
    assert_eq!(gateway.result("U5", "1")["KZZT"], "2");
    order(&gateway, &hub, control("U6", &[], &[&later("1", "05", "S2", "")])).await;
    assert_eq!(
        (gateway.result("U6", "1")["KZZT"].as_str(), hub.books().account(ACCOUNT).unwrap().freezes.len()),
        ("1", 1)
    );
}

#[tokio::test]
async fn a_freeze_ends_after_its_last_day_and_the_next_takes_its_place() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "18000.00")])).await;
    hub.set_date(slashed("2027-05-01")).unwrap();
    assert_eq!(hub.books().account(ACCOUNT).unwrap().freezes.len(), 2, "the last day counts");
    hub.set_date(slashed("2027-05-02")).unwrap();
    assert_eq!(hub.books().account(ACCOUNT).unwrap().told()[0].caught, 1_800_000);
    order(&gateway, &hub, control("R1", &[], &[&later("1", "02", SLIP, "")])).await;
    assert_eq!(gateway.result("R1", "1")["CSJSRQ"], "2028/05/01");
    hub.set_date(slashed("2027-11-20")).unwrap();
    // A renewal's own number names the freeze as well as its first.
    order(&gateway, &hub, control("U1", &[], &[&later("1", "04", "R1", "")])).await;
    assert_eq!(gateway.result("U1", "1")["KZZT"], "1");
    order(&gateway, &hub, control("U2", &[], &[&later("1", "04", SLIP, "")])).await;
    assert!(gateway.result("U2", "1")["WNKZYY"].starts_with("原冻结已失效"));
}

#[tokio::test]
async fn later_money_is_caught_by_rank_up_to_the_limits_and_only_the_rest_is_free() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "18000.00")])).await;
    hub.credit(ACCOUNT, 500_000).unwrap();
    assert_eq!(hub.books().account(ACCOUNT).unwrap().told()[1].caught, 1_323_456);
    hub.credit(ACCOUNT, 1_000_000).unwrap();
    let account = hub.books().account(ACCOUNT).unwrap();
    assert_eq!((account.told()[1].caught, account.available()), (1_800_000, 523_456));
    assert!(hub.books().spend(ACCOUNT, 523_457).is_err());
    hub.books().spend(ACCOUNT, 523_456).unwrap();
    let by_hand = PriorFreeze {
        organ: "海曙区人民法院".to_owned(),
        document: "(2026)浙0203执9号".to_owned(),
        limit: None,
        caught: 0,
        end: slashed("2027-01-01"),
        queued: false,
    };
    hub.books().freeze_by_other(ACCOUNT, &by_hand).unwrap();
    hub.credit(ACCOUNT, 700).unwrap();
    assert_eq!(hub.books().account(ACCOUNT).unwrap().told()[2].caught, 700);
}

#[tokio::test]
async fn transactions_are_fed_apart_and_a_query_without_document_number_is_handed_back() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    let window = query("Q1", &[("CKKSSJ", "2026/01/01"), ("CKJSSJ", "2026/06/30")]);
    gateway.said.lock().unwrap().queries = vec![window, query("Q2", &[("WSBH", "")])];
    let report = hub.poll_now().await.unwrap();
    assert_eq!((report.fed, report.handed_back), (1, 1));
    let rows = gateway::rows(&gateway.fed("shfeedXzcxwlxxInfo")[0], "wlxx");
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|r| ("2026/01/01".."2026/07/01").contains(&r["JYSJ"].as_str())));
    assert_eq!(gateway::rows(&gateway.fed("htInfo")[0], "htxx")[0]["XCHTYY"], "无文书编号");
}

#[tokio::test]
async fn another_organs_freeze_is_taken_over_in_its_rank() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    order(&gateway, &hub, control(SLIP, &[], &[&freeze("1", ACCOUNT, "18000.00")])).await;
    // The samples' account is frozen by another organ for 10,000.00.
    let document = hub.books().account(ACCOUNT).unwrap().freezes[0].document.clone();
    let taking = |named: &str, yuan: &str| {
        let mut line = freeze("1", ACCOUNT, "");
        line.retain(|(name, _)| *name != "JE");
        let own =
            [("JE", yuan), ("YDJDH", named), ("YDJAH", "")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let line = line.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
        line.chain(own).collect::<Vec<_>>()
    };
    for (slip, named, yuan, why) in [
        ("T1", "没有的号", "1.00", "无原冻结请求信息或冻结编号"),
        ("T2", document.as_str(), "10000.01", "接续冻结金额超过原冻结限额"),
    ] {
        let line = taking(named, yuan);
        let line: Vec<(&str, &str)> = line.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        order(&gateway, &hub, control(slip, &[], &[&line])).await;
        assert_eq!(gateway.result(slip, "1")["WNKZYY"], why);
    }
    let line = taking(&document, "9000.00");
    let line: Vec<(&str, &str)> = line.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    order(&gateway, &hub, control("T3", &[], &[&line])).await;
    let result = gateway.result("T3", "1");
    assert_eq!((result["KZZT"].as_str(), result["SKJE"].as_str()), ("1", "9000.00"));
    let account = hub.books().account(ACCOUNT).unwrap();
    assert_eq!((account.freezes[0].names[0].slip.as_str(), account.freezes[1].names[0].slip.as_str()), ("T3", SLIP));
}

#[tokio::test]
async fn a_sum_beside_a_release_is_not_read_and_all_of_it_ends() {
    let gateway = Gateway::start();
    let hub = start(&gateway, BankRules::default());
    order(&gateway, &hub, second_account("100.00")).await;
    let mut line = later("1", "04", SLIP, "40.00");
    line.iter_mut().filter(|(name, _)| *name == "KHZH").for_each(|(_, account)| *account = SECOND_ACCOUNT);
    order(&gateway, &hub, control("U1", &[], &[&line])).await;
    assert_eq!(gateway.result("U1", "1")["KZZT"], "1");
    assert!(hub.books().account(SECOND_ACCOUNT).unwrap().freezes.is_empty(), "why no part is ever sent to such a bank");
}
