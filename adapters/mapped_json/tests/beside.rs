//! What an average partner's JSON has beside the plain case: errors apart from states, several lists, one account as an object, texts
//! that are JSON, ranks, waits, leads within answers and beside results, and what differs with the kind of act.

use std::collections::BTreeMap;

use domain::outcome::{AssetKind, LeadClass, Verdict};
use domain::slip::SlipLine;
use domain::socket::{Cause, FaceFault, Judged, OptionText, PartnerOptions};
use domain::{ActKind, Day, Money, Secret};

use super::super::mapping::{Mapping, Verbs};
use super::super::value::{Shape, Sort, instant, money, wait};
use super::super::words::Given;
use super::{answered, key, of};
use crate::open::tests::specimen::{paper, reply, slip};

const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };
const QUERY: &str = "X2026112200000000012-0";
const FREEZE: &str = "X2026112200000000012-1";

/// A fund centre's tables: an envelope with a code, the account as an object, orders as a text within the message.
const CENTRE: &[(&str, &str)] = &[
    ("constants.app", "court-330225"),
    ("codes.kinds.freeze", "2"),
    ("codes.kinds.query", "1"),
    ("send.any.method", "POST"),
    ("send.any.packed", "/content base64"),
    ("send.any.body./app", "constants.app"),
    ("send.any.body./content/no", "number"),
    ("send.any.body./content/id", "subject.id_number required"),
    ("send.any.body./content/judge", "officers.1.name"),
    ("send.any.body./content/judgeTwo", "officers.2.name"),
    ("send.any.body./content/doc/no", "papers.1.number"),
    ("send.any.body./content/doc/md5", "papers.1.md5"),
    ("send.query.path", "/query"),
    ("send.freeze.path", "/control"),
    ("send.freeze.body./content/sum", "amount yuan_grouped required"),
    ("send.freeze.body./content/end", "to epoch_ms required"),
    ("ask.any.path", "/result/{number}"),
    ("answer.packed", "/data"),
    ("answer.error", "/code"),
    ("answer.number", "/data/no"),
    ("answer.state", "/data/status"),
    ("answer.text", "/msg"),
    ("answer.caught", "/data/held yuan_grouped"),
    ("answer.to", "/data/end instant"),
    ("answer.rank", "/data/rank"),
    ("answer.wait", "/retryAfter"),
    ("answer.accounts.at", "/data/account one"),
    ("answer.accounts.number", "/no"),
    ("answer.accounts.balance", "/sum yuan_grouped"),
    ("answer.accounts.available", "/free yuan_grouped"),
    ("answer.accounts.asset", "text:fund"),
    ("answer.accounts.ahead.at", "/freezes"),
    ("answer.accounts.ahead.organ", "/court"),
    ("answer.accounts.ahead.paper", "/doc"),
    ("answer.accounts.ahead.to", "/until dotted"),
    ("answer.accounts_policies.at", "/data/policies"),
    ("answer.accounts_policies.number", "/policyNo"),
    ("answer.accounts_policies.asset", "text:policy"),
    ("answer.leads.at", "/data/others"),
    ("answer.leads.class", "text:clue"),
    ("answer.leads.serial", "/id"),
    ("answer.leads.respond_by", "/until local"),
    ("answer.leads.details.place", "/centre"),
    ("answer_of.query.state", "/data/found"),
    ("posted.items", "/results"),
    ("posted.number", "/no"),
    ("posted.state", "/status"),
    ("posted.kind", "/type kinds"),
    ("posted.caught", "/held yuan_grouped"),
    ("posted.to", "/end instant"),
    ("posted.clues.at", "/news"),
    ("posted.clues.number", "/no"),
    ("posted.clues.class", "text:hit"),
    ("posted.clues.serial", "/id"),
    ("states.*", "doubt"),
    ("states.1", "done"),
    ("states.2", "queued"),
    ("states_of.query.true", "done"),
    ("states_of.query.false", "no_such_customer"),
    ("errors.*", "doubt"),
    ("errors.0000", "none"),
    ("errors.E1", "refused"),
    ("errors.E2", "throttled"),
    ("errors.E3", "not_found"),
    ("errors.E4", "accepted"),
    ("errors.E5", "handed_back"),
];

fn centre() -> Mapping {
    centre_with("answer.state", "/data/status")
}

/// The same with one more entry, or another in the place of one.
fn centre_with(key: &str, text: &str) -> Mapping {
    let entry =
        |(key, text): &(&str, &str)| ((*key).to_owned(), OptionText { text: Secret::new((*text).to_owned()), line: 1 });
    let entries: BTreeMap<_, _> = CENTRE.iter().chain([&(key, text)]).map(entry).collect();
    of(&PartnerOptions { entries, connect_timeout_ms: 1_000, timeout_ms: 2_000, ..PartnerOptions::default() })
}

fn judged(verb: Verbs, kind: ActKind, status: u16, body: &str) -> Judged {
    centre().judge(verb, kind, key(kind), false, &reply(status, body))
}

/// An answer whose data stand in it as a text.
fn packed(data: &str) -> String {
    serde_json::json!({ "code": "0000", "msg": "成功", "data": data }).to_string()
}

#[test]
fn an_order_may_hold_json_as_a_text_and_one_officer_and_paper_by_their_place() {
    let mapping = centre();
    let order = slip(ActKind::Freeze, None);
    let files = [paper("ruling", "裁定书.pdf")];
    let verb = &mapping.sends[&ActKind::Freeze];
    let given = Given::Order(&order, &order.lines[0], &files);
    let body = mapping.tables.body(&verb.body, verb.packing.as_ref(), &given).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), include_str!("../golden/packed_freeze.json").trim_end());
    assert!(mapping.tables.carries_bytes(&verb.body), "an MD5 needs the bytes");
}

#[test]
fn an_answer_says_whose_it_is_and_what_is_left() {
    let body = packed(
        r#"{"no":"X2026112200000000012-1","status":"1","held":"1.00","end":"2027-11-19T00:00:00+08:00","who":"王*渔","acct":"6222","rest":"300.00"}"#,
    );
    let with = |word: &str, place: &str| {
        let judged = centre_with(word, place).judge(
            Verbs::Sent,
            ActKind::Freeze,
            key(ActKind::Freeze),
            false,
            &reply(200, &body),
        );
        answered(judged)
    };
    let told = with("answer.name", "/data/who");
    assert_eq!((told.named.len(), told.named[0].name.expose().as_str()), (1, "王*渔"));
    assert_eq!(with("answer.id_number", "/data/who").named[0].id_number.expose(), "王*渔");
    assert_eq!(with("answer.account", "/data/acct").account_numbers[0].expose(), "6222");
    assert_eq!(with("answer.left", "/data/rest").left, Some(Money::from_fen(30_000)));
    assert!(with("answer.name", "/data/nobody").named.is_empty());
}

#[test]
fn an_error_is_read_before_what_became_of_it_and_needs_no_number() {
    let sent = |status, body: &str| judged(Verbs::Sent, ActKind::Freeze, status, body);
    let asked = |status, body: &str| judged(Verbs::Asked, ActKind::Freeze, status, body);
    for status in [200, 400, 409, 422] {
        assert_eq!(answered(sent(status, r#"{"code":"E1","data":null}"#)).verdict, Verdict::Refused, "{status}");
        let throttled = sent(status, r#"{"code":"E2","retryAfter":7}"#);
        assert!(throttled == Judged::NotSent { cause: Cause::Throttled, retry_after_ms: Some(7_000) }, "{status}");
    }
    assert_eq!(answered(sent(404, r#"{"code":"E5"}"#)).verdict, Verdict::HandedBack);
    let throttled = |wait| Judged::NotSent { cause: Cause::Throttled, retry_after_ms: wait };
    assert!(sent(429, r#"{"code":"E2","retryAfter":"7"}"#) == throttled(Some(7_000)));
    assert!(sent(503, r#"{"code":"E2","retryAfter":{}}"#) == throttled(None), "a wait that cannot be read is none");
    assert!(asked(200, r#"{"code":"E3"}"#) == Judged::NotFound && asked(404, r#"{"code":"E3"}"#) == Judged::NotFound);
    assert!(sent(200, r#"{"code":"E3"}"#) == DOUBT, "nobody was asked");
    assert!(sent(409, r#"{"code":"E4"}"#) == Judged::Accepted && sent(200, r#"{"code":"E4"}"#) == Judged::Accepted);
    for doubt in ["E9", "1", "ok"] {
        assert!(sent(200, &format!(r#"{{"code":"{doubt}"}}"#)) == DOUBT, "{doubt}");
    }
    let broken = Judged::Doubt { cause: Cause::Status(500) };
    assert!(sent(500, r#"{"code":"E1"}"#) == broken, "work may have been done before it failed");
    let other = packed(r#"{"no":"X2026112200000000099-1"}"#).replace("0000", "E1");
    assert!(sent(200, &other) == DOUBT, "an error about another number");
    assert!(sent(400, r#"{"code":"E4"}"#) == Judged::Doubt { cause: Cause::Status(400) });
}

#[test]
fn an_error_about_the_question_says_nothing_of_the_order() {
    let asked = |status, body: &str| judged(Verbs::Asked, ActKind::Freeze, status, body);
    for (code, status) in ["E1", "E4", "E5"].into_iter().flat_map(|code| [200, 400, 409, 422].map(|st| (code, st))) {
        let told = asked(status, &format!(r#"{{"code":"{code}","data":null}}"#));
        assert!(matches!(told, Judged::Doubt { .. }), "{code} {status}");
    }
    let named = packed(&format!(r#"{{"no":"{FREEZE}"}}"#));
    assert_eq!(answered(asked(200, &named.replacen("0000", "E1", 1))).verdict, Verdict::Refused);
    assert!(asked(200, &named.replacen("0000", "E4", 1)) == Judged::Accepted);
}

#[test]
fn nothing_found_is_an_empty_list_and_not_a_missing_one() {
    let told = |mapping: &Mapping, more: &str| {
        let body = packed(&format!(r#"{{"no":"{QUERY}","found":true{more}}}"#));
        mapping.judge(Verbs::Asked, ActKind::Query, key(ActKind::Query), false, &reply(200, &body))
    };
    for missing in ["", r#","account":null"#, r#","others":[]"#] {
        assert!(told(&centre(), missing) == DOUBT, "{missing}");
    }
    for (list, found) in [(r#","account":{}"#, 0), (r#","policies":[]"#, 0), (r#","policies":[{"policyNo":"P1"}]"#, 1)]
    {
        assert_eq!(answered(told(&centre(), list)).accounts.len(), found, "{list}");
    }
    for (key, place) in [
        ("answer.accounts.at", "/data/account one_or_nothing"),
        ("answer.accounts_policies.at", "/data/policies list_or_nothing"),
    ] {
        let mapping = centre_with(key, place);
        assert!(answered(told(&mapping, "")).accounts.is_empty(), "the file says that a missing list is none");
        assert_eq!(
            answered(told(&mapping, r#","policies":[{"policyNo":"P1"}],"account":{"no":"G1"}"#)).accounts.len(),
            2
        );
    }
}

#[test]
fn an_overdrawn_account_is_one_and_an_amount_held_is_never_below_nothing() {
    let told = |sum: &str| {
        let data = format!(r#"{{"no":"{QUERY}","found":true,"account":{{"no":"G1","sum":"{sum}","free":"0.00"}}}}"#);
        judged(Verbs::Asked, ActKind::Query, 200, &packed(&data))
    };
    let found = answered(told("-1,250.00"));
    assert_eq!(found.accounts[0].balance, Some(Money::from_fen(-125_000)));
    assert!(told("-1,25.00") == DOUBT);
    let held = format!(r#"{{"no":"{FREEZE}","status":1,"held":"-1.00","end":"2027-11-19T00:00:00+08:00"}}"#);
    assert!(judged(Verbs::Asked, ActKind::Freeze, 200, &packed(&held)) == DOUBT);
}

#[test]
fn the_text_within_is_read_as_strictly_as_the_message() {
    let held =
        format!(r#"{{"no":"{FREEZE}","status":1,"held":"18,000.00","end":"2027-11-19T00:00:00+08:00","rank":1}}"#);
    let asked = |body: &str| judged(Verbs::Asked, ActKind::Freeze, 200, body);
    let outcome = answered(asked(&packed(&held)));
    assert_eq!((outcome.verdict, outcome.caught), (Verdict::Done, Some(Money::from_fen(1_800_000))));
    assert_eq!((outcome.to, outcome.ahead.len()), (Day::parse("2027-11-19"), 0));
    for wrong in ["", "{", "{} {}", r#"{"no":1,"no":1}"#, &held.replace("18,000.00", "1,8000.00")] {
        assert!(asked(&packed(wrong)) == DOUBT, "{wrong}");
    }
    assert!(asked(r#"{"code":"0000","data":7}"#) == DOUBT);
    let late = held.replace("2027-11-19T00:00:00+08:00", "2027-11-19T16:30:00Z");
    assert_eq!(
        answered(asked(&packed(&late))).to,
        Day::parse("2027-11-20"),
        "another day here than where it was written"
    );
}

#[test]
fn a_rank_stands_for_those_who_are_not_named() {
    let told = |rank: &str| {
        let data =
            format!(r#"{{"no":"{FREEZE}","status":2,"held":"0.00","end":"2027-11-19T00:00:00Z","rank":{rank}}}"#);
        judged(Verbs::Asked, ActKind::Freeze, 200, &packed(&data))
    };
    let outcome = answered(told("3"));
    assert_eq!((outcome.verdict, outcome.ahead.len()), (Verdict::Queued, 2));
    assert!(outcome.ahead.iter().all(|prior| prior.organ.expose().is_empty()));
    for wrong in ["-1", "1.5", "\"first\"", "502"] {
        assert!(told(wrong) == DOUBT, "{wrong}");
    }
}

#[test]
fn one_account_as_an_object_others_in_a_list_of_their_own_and_each_with_its_earlier_measures() {
    let query = |data: &str| judged(Verbs::Sent, ActKind::Query, 200, &packed(data)).parted();
    let (judged, leads) = query(include_str!("../golden/packed_query.json").trim_end());
    let found = answered(judged);
    let shown: Vec<_> =
        found.accounts.iter().map(|account| (account.number.expose().as_str(), account.asset)).collect();
    assert_eq!(shown, [("G0001", AssetKind::Fund), ("P1", AssetKind::Policy), ("P2", AssetKind::Policy)]);
    assert_eq!(found.accounts[0].balance, Some(Money::from_fen(12_345_678)));
    assert_eq!(found.accounts[0].ahead[0].organ.expose(), "宁海县人民法院");
    assert_eq!(found.accounts[0].ahead[0].to, Day::parse("2027-06-01"));
    assert!(found.accounts[1].ahead.is_empty());
    let told: Vec<_> = leads.iter().map(|lead| (lead.class, lead.serial.expose().as_str())).collect();
    assert_eq!(
        told,
        [(LeadClass::Clue, "L-1")],
        "one without a number of its own is nothing that could be known again"
    );
    assert_eq!(leads[0].respond_by, domain::day::parse_instant("2026-11-25T17:00:00+08:00"));
    let none = format!(r#"{{"no":"{QUERY}","found":false,"account":{{"no":null,"sum":null}},"policies":null}}"#);
    assert_eq!(answered(query(&none).0).verdict, Verdict::NoSuchCustomer, "an object in which nothing stands");
    for wrong in [r#""account":[]"#, r#""account":{"sum":"1.00"}"#, r#""policies":{}"#, r#""others":{}"#] {
        assert!(query(&format!(r#"{{"no":"{QUERY}","found":true,{wrong}}}"#)).0 == DOUBT, "{wrong}");
    }
}

#[test]
fn leads_stand_beside_results_too_and_each_names_our_number() {
    let mapping = centre();
    let inbound = mapping.inbound(include_bytes!("../golden/posted_clues.json")).ok().unwrap();
    let verdicts: Vec<_> = inbound.feedback.iter().map(|item| item.outcome.as_ref().map(|it| it.verdict)).collect();
    assert_eq!(verdicts, [Ok(Verdict::Done)]);
    let told: Vec<_> = inbound.leads.iter().map(|lead| (lead.slip.as_str(), lead.line, lead.class)).collect();
    assert_eq!(told, [("X2026112200000000012", Some(1), LeadClass::Hit)]);
    let news = format!(r#"{{"news":[{{"no":"{FREEZE}","id":"1"}}]}}"#);
    assert_eq!(mapping.inbound(news.as_bytes()).ok().unwrap().leads.len(), 1, "news alone");
    for wrong in [r#"{"news":[{"id":"1"}]}"#, r#"{"news":[{"no":"X1"}]}"#, r#"{"news":{}}"#] {
        assert!(matches!(mapping.inbound(wrong.as_bytes()), Err(FaceFault::Malformed(_))), "{wrong}");
    }
    let many = format!(r#"{{"results":[{}],"news":[{{"no":"{FREEZE}","id":"1"}}]}}"#, vec!["{}"; 200].join(","));
    assert!(matches!(mapping.inbound(many.as_bytes()), Err(FaceFault::TooLarge(_))));
}

#[test]
fn instants_waits_and_grouped_sums_are_read_exactly_or_not_at_all() {
    let read = |shape, text: &str| instant(text, &Shape::parse(Sort::Instant, Some(shape)).unwrap());
    let at = domain::day::parse_instant("2026-11-25T17:00:00+08:00");
    for (shape, text) in [
        ("instant", "2026-11-25T09:00:00Z"),
        ("local", "2026-11-25 17:00:00"),
        ("local", "2026/11/25T17:00:00"),
        ("local_compact", "20261125170000"),
        ("epoch_ms", "1795597200000"),
        ("epoch_s", "1795597200.0"),
    ] {
        assert_eq!(read(shape, text), at, "{shape} {text}");
    }
    for (shape, text) in [
        ("instant", "2026-11-25"),
        ("local", "2026-11-25 25:00:00"),
        ("local_compact", "2026112517000"),
        ("local_compact", "20261125 70000"),
        ("epoch_ms", "99999999999999999"),
        ("epoch_s", "9223372036854775807"),
        ("epoch_s", "-99999999999"),
    ] {
        assert_eq!(read(shape, text), None, "{shape} {text}");
    }
    assert_eq!(wait("90", &Shape::Seconds), Some(90_000));
    assert_eq!(wait("90", &Shape::Milliseconds), Some(90));
    assert_eq!(wait("99999999999", &Shape::Seconds), Some(24 * 3_600_000), "at most a day");
    assert_eq!((wait("-1", &Shape::Seconds), wait("soon", &Shape::Seconds)), (None, None));
    let sum = |text| money(text, &Shape::YuanGrouped);
    assert_eq!(
        (sum("1,234,567.80"), sum("567.8")),
        (Some(Money::from_fen(123_456_780)), Some(Money::from_fen(56_780)))
    );
    assert_eq!(sum("1234567.80"), Some(Money::from_fen(123_456_780)), "nobody grouped it");
    for wrong in ["12,34.00", ",123.00", "1,234,56.00", "1,2,3", "-1,000.00"] {
        assert_eq!(sum(wrong), None, "{wrong}");
    }
}

#[test]
fn headers_of_the_file_stand_on_each_message_and_never_in_the_place_of_the_connections_own() {
    let sample = super::sample();
    let mapping = of(&sample);
    let number = SlipLine::parse(FREEZE).unwrap();
    let given = Given::Asked(number, ActKind::Freeze);
    let header = |text: &str| {
        let source = super::super::body::Source::parse(text, &[super::super::words::NUMBERS]).unwrap();
        mapping.tables.header(&source, &given)
    };
    assert_eq!(header("number").as_deref(), Some(FREEZE));
    assert_eq!(header("text:v2").as_deref(), Some("v2"));
    assert_eq!(header("constants.channel").as_deref(), Some("COURT330225"));
}
