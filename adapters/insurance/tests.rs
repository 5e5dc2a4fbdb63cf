//! What we write to an insurer, byte for byte, and what we read of it, word for word.

use domain::outcome::{AssetKind, AssetRole, FindingClass, FoundAccount, LeadClass, Outcome, Reason, Verdict};
use domain::socket::{Cause, FaceFault, ItemVerdict, Judged, OptionText, PartnerOptions};
use domain::{ActKind, Day, Flaw, Money, Secret};
use proptest::prelude::*;

use super::{ACTS, OPEN, TRADE, form};
use crate::open::tests::specimen::{answered, key, paper, reply, slip};
use crate::open::{answer_inbound, judge_asked, judge_sent, read_inbound, task};

const POLICY: &str = "BX3302250000000017";
const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("golden/", $name, ".json")).trim_end()
    };
}

fn order(kind: ActKind) -> domain::slip::Slip {
    slip(kind, kind.is_control().then_some(POLICY))
}

fn judged(kind: ActKind, body: &str) -> Judged {
    judge_sent(&TRADE, kind, &key(kind), &reply(200, body))
}

fn told(kind: ActKind, golden: &str) -> Outcome {
    let outcome = answered(judged(kind, golden));
    let asked = judge_asked(&TRADE, kind, &key(kind), &reply(200, golden));
    assert!(answered(asked) == outcome, "what is told when asked is the same");
    outcome
}

fn yuan(text: &str) -> Option<Money> {
    Some(Money::parse_reported(text).unwrap())
}

fn detail<'f>(account: &'f FoundAccount, name: &str) -> &'f str {
    account.details.iter().find(|detail| detail.name == name).map_or("", |detail| detail.value.expose())
}

fn steps(outcome: &Outcome, name: &str) -> Vec<String> {
    let steps = outcome.findings.iter().filter(|finding| finding.class == FindingClass::Step);
    let details = steps.flat_map(|finding| &finding.details).filter(|detail| detail.name == name);
    details.map(|detail| detail.value.expose().clone()).collect()
}

#[test]
fn tasks_are_written_byte_for_byte() {
    let notices: [(ActKind, &str, &[&str]); 8] = [
        (ActKind::Query, golden!("query"), &[]),
        (ActKind::Freeze, golden!("freeze"), &["ruling", "freeze_notice"]),
        (ActKind::Renew, golden!("renew"), &["ruling", "freeze_notice"]),
        (ActKind::Release, golden!("release"), &["ruling", "release_notice"]),
        (ActKind::Surrender, golden!("surrender"), &["ruling", "assist_notice", "holder_consent"]),
        (ActKind::WithdrawBenefits, golden!("withdraw_benefits"), &["ruling", "assist_notice"]),
        (ActKind::Reverse, golden!("reverse"), &["ruling", "assist_notice"]),
        (ActKind::Reinstate, golden!("reinstate"), &["ruling", "assist_notice"]),
    ];
    for (kind, golden, papers) in notices {
        let files: Vec<_> = papers.iter().map(|kind| paper(kind, &format!("{kind}.pdf"))).collect();
        let written = String::from_utf8(task(&TRADE, &order(kind), &files).ok().unwrap()).unwrap();
        assert_eq!(written, golden);
        assert_eq!((TRADE.papers)(kind), !papers.is_empty());
    }
    let mut part = order(ActKind::Release);
    part.lines[0].amount = yuan("5000.00");
    let files = ["ruling", "release_notice"].map(|kind| paper(kind, &format!("{kind}.pdf")));
    let written = String::from_utf8(task(&TRADE, &part, &files).ok().unwrap()).unwrap();
    assert_eq!(written, golden!("release_part"));
}

#[test]
fn a_task_without_what_it_needs_never_leaves() {
    let lacks = |kind, change: fn(&mut domain::slip::Line)| {
        let mut slip = order(kind);
        change(&mut slip.lines[0]);
        task(&TRADE, &slip, &[]).is_err()
    };
    for kind in ACTS.iter().copied().filter(|kind| kind.is_control()) {
        assert!(lacks(kind, |line| line.account = None), "{kind:?}");
        assert_eq!(lacks(kind, |line| line.amount = None), kind.needs_amount(), "{kind:?}");
        assert_eq!(lacks(kind, |line| line.amount = Some(Money::ZERO)), kind.needs_amount(), "{kind:?}");
        assert_eq!(lacks(kind, |line| line.original = None), !kind.builds_on().is_empty(), "{kind:?}");
        assert_eq!(lacks(kind, |line| line.to = None), matches!(kind, ActKind::Freeze | ActKind::Renew), "{kind:?}");
    }
    for kind in [ActKind::Deduct, ActKind::Watch, ActKind::Locate] {
        assert!(task(&TRADE, &slip(kind, Some(POLICY)), &[]).is_err(), "{kind:?} is nothing an insurer does");
    }
}

#[test]
fn policies_are_read_by_role_and_the_cash_value_is_the_holders_alone() {
    let outcome = told(ActKind::Query, golden!("policies"));
    assert_eq!((outcome.verdict, outcome.accounts.len()), (Verdict::Done, 2));
    let holder = &outcome.accounts[0];
    assert_eq!(
        (holder.asset, holder.role, holder.number.expose().as_str()),
        (AssetKind::Policy, AssetRole::Holder, POLICY)
    );
    assert_eq!((holder.balance, holder.available), (yuan("21000.00"), yuan("18480.50")));
    assert_eq!(
        (holder.class.as_str(), holder.status.as_str(), holder.branch.as_str()),
        ("海安两全保险（分红型）", "有效", "象山支公司")
    );
    for (name, value) in [
        ("product", "海安两全保险（分红型）"),
        ("contract_state", "有效"),
        ("premium_status", "缴费中"),
        ("effective", "2016-03-05"),
        ("cash_value", "21000.00"),
        ("cash_value_as_of", "2026-11-22"),
        ("loan", "3000.00"),
        ("dividends_due", "480.50"),
        ("survival_benefits_due", "0.00"),
        ("surrender", "allowed"),
    ] {
        assert_eq!(detail(holder, name), value, "{name}");
    }
    assert_eq!(
        (holder.ahead.len(), holder.ahead[0].amount, holder.ahead[0].to),
        (1, yuan("10000.00"), Day::parse("2027-05-01"))
    );
    let beneficiary = &outcome.accounts[1];
    assert_eq!(beneficiary.role, AssetRole::Beneficiary);
    assert_eq!((beneficiary.balance, beneficiary.available), (yuan("1500.25"), yuan("1500.25")));
    // An insurer that offers the beneficiary the holder's 90,000 as well is not followed.
    for role in ["beneficiary", "insured"] {
        let greedy = golden!("policies").replace("\"beneficiary\"", &format!("\"{role}\""));
        let outcome = told(ActKind::Query, &greedy.replace("\"available\":\"1500.25\"", "\"available\":\"91500.25\""));
        assert_eq!(outcome.accounts[1].available, yuan("1500.25"));
    }
}

#[test]
fn a_row_without_role_number_or_what_may_be_reached_is_no_answer() {
    let good = golden!("policies");
    for (from, to) in [
        ("\"role\":\"holder\"", "\"role\":\"owner\""),
        ("\"role\":\"holder\"", "\"role\":\"\""),
        ("\"role\":\"holder\",", ""),
        ("\"number\":\"BX3302250000000017\",", "\"number\":\"\","),
        ("\"available\":\"18480.50\",", ""),
        ("\"available\":\"18480.50\"", "\"available\":18480.50"),
        ("\"available\":\"18480.50\"", "\"available\":\"-1.00\""),
        ("\"loan\":\"3000.00\"", "\"loan\":\"3,000.00\""),
        ("\"effective\":\"2016-03-05\"", "\"effective\":\"2016-02-30\""),
        ("\"policies\"", "\"accounts\""),
        ("\"state\":\"done\"", "\"state\":\"partly\""),
        ("\"state\":\"done\"", "\"state\":\"registered\""),
        ("X2026112200000000012-0", "X2026112200000000012-1"),
        ("\"kind\":\"query\"", "\"kind\":\"freeze\""),
        ("\"state\":\"done\"", "\"state\":\"done\",\"state\":\"done\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert!(bad != good && judged(ActKind::Query, &bad) == DOUBT, "{to}");
    }
}

#[test]
fn a_freeze_bars_everything_or_is_a_part() {
    let outcome = told(ActKind::Freeze, golden!("frozen"));
    assert_eq!((outcome.verdict, outcome.limit, outcome.caught), (Verdict::Done, yuan("18000.00"), yuan("18000.00")));
    assert_eq!((outcome.from, outcome.to), (Day::parse("2026-11-22"), Day::parse("2027-11-19")));
    let part = told(ActKind::Freeze, &golden!("frozen").replace(",\"loan\"", ""));
    assert_eq!((part.verdict, part.reason), (Verdict::Partly, Some(Reason::PartOfAssets)));
    assert!(judged(ActKind::Freeze, &golden!("frozen").replace("\"scope\"", "\"range\"")) == DOUBT);
    let queued = told(ActKind::Freeze, golden!("queued"));
    assert_eq!((queued.verdict, queued.caught, queued.ahead.len()), (Verdict::Queued, Some(Money::ZERO), 1));
    assert_eq!(queued.reason, Some(Reason::PriorRight));
}

#[test]
fn a_surrender_waits_for_its_notices_and_then_pays_or_is_bought_out() {
    let waits = told(ActKind::Surrender, golden!("notice_period"));
    assert_eq!(
        (waits.verdict, waits.reason, waits.due),
        (Verdict::Registered, Some(Reason::NoticePeriod), Day::parse("2026-12-07"))
    );
    assert_eq!(waits.moved, None);
    assert_eq!(steps(&waits, "to"), ["insured", "beneficiary"]);
    assert_eq!(steps(&waits, "name"), ["王海棠", "王观澜"]);
    let paid = told(ActKind::Surrender, golden!("paid"));
    assert_eq!(
        (paid.verdict, paid.moved, paid.reason),
        (Verdict::Partly, yuan("17500.00"), Some(Reason::Insufficient))
    );
    assert_eq!(steps(&paid, "step"), ["notice_given", "notice_given", "contract_ended"]);
    let bought = told(ActKind::Surrender, golden!("bought_out"));
    assert_eq!((bought.verdict, bought.moved), (Verdict::Done, yuan("18000.00")));
    assert_eq!(steps(&bought, "step"), ["notice_given", "notice_given", "bought_out"]);
    let refused = told(ActKind::Surrender, golden!("consent_missing"));
    assert_eq!((refused.verdict, refused.reason), (Verdict::Refused, Some(Reason::ConsentMissing)));
    let benefits = told(ActKind::WithdrawBenefits, golden!("benefits_paid"));
    assert_eq!((benefits.verdict, benefits.moved), (Verdict::Partly, yuan("480.50")));
    for (golden, from, to) in [
        (golden!("notice_period"), "\"due\"", "\"moved\":\"1.00\",\"due\""),
        (golden!("paid"), "\"partly\"", "\"done\""),
        (golden!("bought_out"), "\"done\"", "\"partly\""),
        (golden!("bought_out"), "\"moved\":\"18000.00\",", ""),
        (golden!("consent_missing"), "\"text\"", "\"moved\":\"1.00\",\"text\""),
    ] {
        assert!(judged(ActKind::Surrender, &golden.replacen(from, to, 1)) == DOUBT, "{to}");
    }
}

#[test]
fn a_policy_stands_again_or_does_not_and_benefits_go_back() {
    let stands = told(ActKind::Reinstate, golden!("reinstated"));
    assert_eq!((stands.verdict, stands.moved), (Verdict::Done, yuan("18000.00")));
    assert_eq!(steps(&stands, "step"), ["reinstated"]);
    let refused = told(ActKind::Reinstate, golden!("not_reinstated"));
    assert_eq!((refused.verdict, refused.reason, refused.moved), (Verdict::Refused, Some(Reason::Insufficient), None));
    let back = told(ActKind::Reverse, golden!("reversed"));
    assert_eq!((back.verdict, back.moved), (Verdict::Done, yuan("18000.00")));
    let part = told(ActKind::Release, golden!("released_part"));
    assert_eq!((part.verdict, part.limit), (Verdict::Done, yuan("13000.00")));
    for (kind, golden, from, to) in [
        (ActKind::Reinstate, golden!("reinstated"), "\"done\"", "\"partly\""),
        (ActKind::Reinstate, golden!("reinstated"), "\"moved\":\"18000.00\",", ""),
        (ActKind::Reinstate, golden!("reinstated"), "\"moved\":\"18000.00\"", "\"moved\":\"17999.99\""),
        (ActKind::Reinstate, golden!("reinstated"), "\"kind\":\"reinstate\"", "\"kind\":\"surrender\""),
        (ActKind::Reinstate, golden!("not_reinstated"), "\"text\"", "\"moved\":\"1.00\",\"text\""),
        (ActKind::Reverse, golden!("reversed"), "\"moved\":\"18000.00\"", "\"moved\":\"0.00\""),
    ] {
        assert!(judged(kind, &golden.replacen(from, to, 1)) == DOUBT, "{to}");
    }
}

#[test]
fn a_callback_is_read_item_by_item() {
    let inbound = read_inbound(&TRADE, golden!("callback").as_bytes()).ok().unwrap();
    let [done, odd] = inbound.feedback.as_slice() else { panic!("two results") };
    assert_eq!((done.slip.as_str(), done.line), ("X2026112200000000012", Some(1)));
    assert!(done.outcome.as_ref().is_ok_and(|outcome| outcome.moved == yuan("18000.00")));
    assert_eq!(
        (odd.slip.as_str(), odd.outcome.as_ref().err().map(domain::Untaken::flaw)),
        ("X2026112200000000013", Some(Flaw::StateUnknown))
    );
    let [lead] = inbound.leads.as_slice() else { panic!("one lead") };
    assert_eq!(
        (lead.class, lead.serial.expose().as_str(), lead.details.len()),
        (LeadClass::Clue, "XS2026112200000001", 1)
    );
    let verdict = |slip: &str, taken| ItemVerdict { slip: slip.to_owned(), taken };
    let answer = answer_inbound(&[
        verdict("X2026112200000000012", Ok(())),
        verdict("X2026112200000000013", Err(Flaw::StateUnknown.into())),
        verdict("X2026112200000000012", Ok(())),
    ]);
    assert_eq!((answer.status, String::from_utf8(answer.bytes).unwrap().as_str()), (200, golden!("callback_reply")));
    for body in ["", "[]", "{\"results\":{}}", "{\"leads\":[{\"number\":\"X\"}]}", "{\"results\":[],\"results\":[]}"] {
        assert!(matches!(read_inbound(&TRADE, body.as_bytes()).err(), Some(FaceFault::Malformed(_))), "{body}");
    }
}

#[test]
fn the_form_asks_for_what_was_agreed() {
    let with = |entries: &[(&str, &str)]| {
        let entry = |(key, text): &(&str, &str)| {
            ((*key).to_owned(), OptionText { text: Secret::new((*text).to_owned()), line: 1 })
        };
        PartnerOptions {
            entries: entries.iter().map(entry).collect(),
            connect_timeout_ms: 1,
            timeout_ms: 2,
            dialect: None,
        }
    };
    let papers = |options: &PartnerOptions, wanted: ActKind| {
        form(options).papers.into_iter().filter(|(kind, _)| *kind == wanted).flat_map(|(_, papers)| papers).collect()
    };
    let plain: Vec<String> = papers(&with(&[]), ActKind::Surrender);
    assert_eq!(plain, ["ruling"]);
    let agreed = with(&[("consent", "yes"), ("two_officers", "yes")]);
    let consent: Vec<String> = papers(&agreed, ActKind::Surrender);
    assert_eq!(consent, ["ruling", "holder_consent"]);
    assert!(papers(&agreed, ActKind::Query).is_empty() && form(&agreed).two_officers && !form(&with(&[])).two_officers);
    let odd = with(&[("url", "http://127.0.0.1:9/"), ("token", "t"), ("consent", "maybe"), ("two_officers", "2")]);
    let mut faults: Vec<String> = (OPEN.build)(&odd).err().unwrap().into_iter().map(|fault| fault.key).collect();
    faults.sort_unstable();
    assert_eq!(faults, ["consent", "two_officers"]);
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..400), status in 100_u16..600) {
        let reply = crate::transport::http::HttpReply { status, retry_after_ms: None, body: Ok(bytes.clone()) };
        for kind in ACTS {
            let judged = judge_sent(&TRADE, *kind, &key(*kind), &reply);
            prop_assert!(!matches!(judged, Judged::Answered(_) | Judged::Accepted | Judged::NotFound));
            prop_assert!(!matches!(judge_asked(&TRADE, *kind, &key(*kind), &reply), Judged::NotFound));
        }
        drop(read_inbound(&TRADE, &bytes));
    }

    #[test]
    fn a_damaged_answer_is_never_a_panic(at in 0_usize..1_500, byte in any::<u8>()) {
        for (kind, golden) in [(ActKind::Query, golden!("policies")), (ActKind::Surrender, golden!("notice_period"))] {
            let mut body = golden.as_bytes().to_vec();
            if let Some(place) = body.get_mut(at) {
                *place = byte;
            }
            let reply = crate::transport::http::HttpReply { status: 200, retry_after_ms: None, body: Ok(body.clone()) };
            drop(judge_sent(&TRADE, kind, &key(kind), &reply));
            drop(read_inbound(&TRADE, &body));
        }
    }

    #[test]
    fn sums_are_read_exactly(units in 0_i64..1_000_000_000_000) {
        let sum = Money::from_units(units);
        let body = golden!("policies").replace("\"18480.50\"", &format!("\"{sum}\""));
        prop_assert_eq!(answered(judged(ActKind::Query, &body)).accounts[0].available, Some(sum));
    }
}
