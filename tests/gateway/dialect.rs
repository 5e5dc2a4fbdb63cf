//! A province that nobody has written code for: one table beside the partner's file, and its bank is asked, ordered and heard.

use serde_json::json;

use crate::bench::{Gateway, Hub, Setup, Spec, acts, freeze, secure};

const THIRD: &str = include_str!("dialects/third.toml");

/// A bank on the third channel.
fn third() -> Gateway {
    let spec = Spec::pulling("bank-p").with(|spec| spec.poll_ms = 0);
    let mut gateway = Setup::of(vec![spec]).lay_out();
    gateway.write_config_file("dialects/third.toml", THIRD);
    let file = gateway.bank("bank-p").spec.file("").replace("charset = \"GBK\"", "dialect = \"third\"");
    gateway.write_config_file("partners/bank-p.toml", &file);
    gateway.start();
    gateway
}

fn hub(gateway: &Gateway) -> Hub<'_> {
    Hub {
        credential: ["login", "who", "proof"],
        namespace: "http://ck.province.example/ws/",
        returns: "out",
        covered: false,
        ..Hub::of(gateway, "YH-bank-p", &gateway.bank("bank-p").spec.password)
    }
}

#[test]
fn a_third_channel_is_one_table_from_list_to_result() {
    let gateway = third();
    let hub = hub(&gateway);
    let request = gateway.submit(&secure(&[0]).claim("800.00"));
    let queries = hub.call("pullQueries", None);
    assert!(queries.starts_with("<queries fault=\"\"><query no=\"SC"), "{queries}");
    for said in
        [" XZ=\"CX\"", " LB=\"SHYH\"", " GJ=\"CHN\"", " paperType=\"SFZ\"", " notice=\"查询通知\"", " holder=\""]
    {
        assert!(queries.contains(said), "{said} in {queries}");
    }
    let slip = Hub::field(&queries, "no");
    let asked = format!("<want>{}</want>", hub.row("condition", &[("no", &slip)], ""));
    let papers = hub.call("pullQueryPapers", Some(&asked));
    assert!(papers.starts_with("<papers fault=\"\"><paper no=\"SC"), "{papers}");
    let kinds = |papers: &str| -> Vec<String> {
        let named = papers.split(" kind=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        named.collect()
    };
    assert_eq!(kinds(&papers), ["协助查询存款通知书"], "a bank that is only asked reads no ruling and no order");
    let earlier = hub.row("earlier", &[("organ", "宁海县人民法院"), ("sum", "100"), ("ends", "01.05.2027")], "");
    let product = hub.row("product", &[("productNo", "LC01"), ("farbe", "rot")], "");
    let account = hub.row(
        "account",
        &[
            ("no", &slip),
            ("acct", "6222000001"),
            ("kind", "活期"),
            ("cur", "RMB"),
            ("balance", "60000"),
            ("free", "50000"),
        ],
        &format!("<djxxList>{earlier}</djxxList><jrxxList>{product}</jrxxList>"),
    );
    let none = hub.row("account", &[("no", &slip), ("acct", "NONE")], "");
    let told = hub.call("pushQueries2", Some(&format!("<accounts>{account}{none}</accounts>")));
    assert!(told.contains("verdict=\"OK\"") && told.contains("<verdict no=\"SC"), "{told}");
    let view = gateway.wait_until(&request.id, "the freeze", |view| view.acts_of("freeze", "bank-p").len() == 1);
    let found = &view.act("query", "bank-p")["outcomes"][0]["accounts"][0];
    assert_eq!(
        (&found["balance"], &found["available"], &found["currency"]),
        (&json!("600.00"), &json!("500.00"), &json!("156"))
    );
    assert_eq!((&found["ahead"][0]["to"], &found["ahead"][0]["amount"]), (&json!("2027-05-01"), &json!("1.00")));
    let orders = hub.call("pullOrders", None);
    for said in
        ["<orders fault=\"\"><order no=\"SC", " measure=\"DJ\"", " KZLX=\"CK\"", " amt=\"50000\"", " cur=\"RMB\""]
    {
        assert!(orders.contains(said), "{said} in {orders}");
    }
    let day = Hub::field(&orders, "until");
    assert!(day.len() == 10 && day.get(2..3) == Some(".") && day.get(5..6) == Some("."), "{day}");
    let (slip, line) = (Hub::field(&orders, "no"), Hub::field(&orders, "lineNo"));
    let asked = format!("<want>{}</want>", hub.row("condition", &[("no", &slip)], ""));
    let papers = hub.call("pullOrderPapers", Some(&asked));
    assert_eq!(kinds(&papers), ["CDS", "协助冻结存款通知书", "协助执行通知书"], "the ruling and what freezes");
    let fields = [
        ("no", slip.as_str()),
        ("lineNo", &line),
        ("outcom", "Y"),
        ("limit", "50000"),
        ("held", "30000"),
        ("why", "E05"),
        ("till", &day),
    ];
    let told = hub.call("pushOrders", Some(&format!("<results>{}</results>", hub.row("done", &fields, ""))));
    assert!(told.contains("verdict=\"OK\""), "{told}");
    let view = gateway.wait_finished(&request.id);
    let outcome = &view.act("freeze", "bank-p")["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["reason"]), (&json!("partly"), &json!("insufficient")));
    assert_eq!((view.ledger("controlled"), view.ledger("exposure")), ("300.00", "500.00"));
}

#[test]
fn refusals_hand_backs_and_denials_speak_the_table_too() {
    let gateway = third();
    let hub = hub(&gateway);
    let request = gateway.submit(&acts(&[0], vec![freeze("bank-p", "6222000001", "500.00")]));
    let slip = Hub::field(&hub.call("pullOrders", None), "no");
    let wrong = hub.row("done", &[("no", &slip), ("lineNo", "9"), ("outcome", "Y")], "");
    let told = hub.call("pushOrders", Some(&format!("<results>{wrong}</results>")));
    assert!(told.contains("verdict=\"NO\"") && told.contains("because=\"请求单内无此序号\""), "{told}");
    let back = hub.row("back", &[("no", &slip), ("why", "E07")], "");
    let told = hub.call("giveBack", Some(&format!("<returned>{back}</returned>")));
    assert!(told.contains("verdict=\"OK\""), "{told}");
    let view = gateway.wait_finished(&request.id);
    let outcome = &view.act("freeze", "bank-p")["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["reason"]), (&json!("handed_back"), &json!("id_mismatch")));
    let unknown = hub.row("condition", &[("no", "SC1")], "");
    assert!(hub.call("pullOrderPapers", Some(&format!("<want>{unknown}</want>"))).contains("fault=\"请求单号不存在\""));
    // Names of the form itself mean nothing on this channel.
    assert!(hub.call_raw("getXzcxList", None).contains("Fault"));
}

#[test]
fn what_the_table_limits_is_told_before_anything_is_sent() {
    let gateway = third();
    let told = |ask: &crate::bench::Ask| gateway.submit_as("never-bound", ask).of_status(422).text();
    let long = told(&acts(&[0], vec![freeze("bank-p", "6222000000001", "500.00")]));
    assert!(long.contains("12"), "13 bytes of an account where 12 fit: {long}");
    let mut foreigner = secure(&[0]);
    foreigner.0["case"]["parties"][0]["id_type"] = json!("14");
    assert!(told(&foreigner).contains("id_type"), "a type that the table has no code for");
    let mut alone = secure(&[0]);
    alone.0["officers"].as_array_mut().unwrap().truncate(1);
    assert!(told(&alone).contains("officers"), "two officers");
    let papers: Vec<_> = gateway.papers().iter().filter(|paper| paper["kind"] != "freeze_notice").cloned().collect();
    assert!(told(&secure(&[0]).papers(&papers)).contains("freeze_notice"), "a paper that the table asks for");
}

#[test]
fn faults_of_a_table_are_told_with_their_line_and_nothing_starts() {
    let mut gateway = Setup::of(vec![Spec::pulling("bank-p").with(|spec| spec.poll_ms = 0)]).lay_out();
    let broken = THIRD
        .replace("dates = \"dd.MM.yyyy\"", "dates = \"dd.MM\"")
        .replace("E05 = \"insufficient\"", "E05 = \"poor\"");
    gateway.write_config_file("dialects/third.toml", &broken);
    let told = gateway.try_start().unwrap_err();
    for line in ["dates", "reasons.E05"] {
        assert!(told.contains(line), "{line} in {told}");
    }
}
