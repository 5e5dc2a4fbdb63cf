//! Questions about what goes back: money returned to where it came from, policies that stand again, and parts of freezes.

use std::sync::Arc;

use domain::act::{ORIGINAL_SERIAL, Original};
use domain::form::PartRelease;
use domain::outcome::Detail;
use domain::partner::Travel;
use domain::slip::Slip;
use domain::socket::Adapter;
use domain::{ActKind, Money, Personal};

use super::server::{Server, Step, ok};
use super::{networked, options, order_of, plug, plug_of, specimen_of};
use crate::ADAPTERS;
use crate::inbox::INBOX;

pub(super) fn adapter(name: &str) -> &'static Adapter {
    ADAPTERS.iter().find(|adapter| adapter.name == name).unwrap()
}

/// An order of that kind on what the specimen's own order is about, building on an act of ours.
pub(super) fn building(name: &str, kind: ActKind, fen: Option<i64>) -> Slip {
    let mut slip = order_of(name);
    let line = &mut slip.lines[0];
    line.kind = kind;
    line.amount = fen.map(Money::from_fen);
    let case_number = Personal::from("(2026)浙0225执1234号");
    line.original = Some(Original { act: None, slip: "X2026112000000000007-1".to_owned(), case_number });
    let serial = Detail { name: ORIGINAL_SERIAL.to_owned(), value: Personal::from("HX2026112000000003") };
    line.details = Some(serial).filter(|_| kind.gives_back()).into_iter().collect();
    slip
}

/// The body that leaves for an order; `None` when nothing does.
pub(super) async fn sent(name: &str, entries: &[(&str, &str)], slip: &Slip) -> Option<String> {
    let server = Server::start(vec![Step::Reply(Arc::new(|_| ok("{}")))]).await;
    let _judged = plug(name, entries, &server.url).send(slip).await;
    let request = server.requests().into_iter().next()?;
    Some(request.split_once("\r\n\r\n")?.1.to_owned())
}

#[tokio::test]
async fn whoever_promises_to_read_a_part_is_told_how_much() {
    for name in networked().into_iter().filter(|name| adapter(name).acts.contains(&ActKind::Release)) {
        let own = specimen_of(name).options;
        let described: &[(&str, &str)] = &[
            ("send.release.path", "/releases"),
            ("send.release.body./no", "number"),
            ("send.release.body./who/id", "subject.id_number"),
            ("send.release.body./of", "original.number required"),
        ];
        let placed = [described, &[("send.release.body./part", "amount yuan")]].concat();
        let bare = [own, described].concat();
        let whole = [own, placed.as_slice()].concat();
        // An adapter whose file describes its messages promises what the file places; the others what their form has.
        let entries = if plug(name, own, "http://127.0.0.1:9/").can_send(ActKind::Release) { own } else { &whole };
        let form = (adapter(name).form)(&options(entries, "http://127.0.0.1:9/"));
        assert_eq!(form.part_release, PartRelease::Read, "{name}");
        let part = sent(name, entries, &building(name, ActKind::Release, Some(123_456))).await.unwrap();
        let full = sent(name, entries, &building(name, ActKind::Release, None)).await.unwrap();
        assert!(part.contains("1234.56") && !full.contains("1234.56") && part != full, "{name}");
        if entries != own {
            let form = (adapter(name).form)(&options(&bare, "http://127.0.0.1:9/"));
            assert_eq!(form.part_release, PartRelease::NoPlace, "{name} places no sum");
            let alike = [bare.as_slice(), &[("send.any.body./part", "amount yuan")]].concat();
            let form = (adapter(name).form)(&options(&alike, "http://127.0.0.1:9/"));
            assert_eq!(form.part_release, PartRelease::Unagreed, "{name} places a sum in whatever it sends");
        }
    }
}

#[test]
fn a_form_with_fixed_codes_promises_no_part_and_gives_nothing_back() {
    for adapter in ADAPTERS {
        let has_fixed_codes = (adapter.travel == Travel::Pull && adapter.name != INBOX.name)
            || ["bank_drop", "bank_packet"].contains(&adapter.name);
        let form = (adapter.form)(&options(specimen_of(adapter.name).options, "http://127.0.0.1:9/"));
        if has_fixed_codes {
            assert!(!form.part_release.is_read(), "{}: a bank ends the whole freeze for it", adapter.name);
            assert!(
                adapter.acts.iter().all(|kind| !kind.gives_back()),
                "{}: the form has no code for it",
                adapter.name
            );
        } else if !adapter.acts.contains(&ActKind::Release) {
            assert_eq!(form.part_release, PartRelease::NoPlace, "{} releases nothing", adapter.name);
        }
    }
    let gives_back: Vec<&str> = ADAPTERS
        .iter()
        .filter(|adapter| adapter.acts.iter().any(|kind| kind.gives_back()))
        .map(|adapter| adapter.name)
        .collect();
    for name in ["bank_http", "insurance_open", "housing_fund_open", "mapped_json", "inbox", "loopback"] {
        assert!(gives_back.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn what_goes_back_names_our_number_theirs_and_where_the_money_comes_from() {
    for name in networked().into_iter().filter(|name| *name != "mapped_json") {
        let own = specimen_of(name).options;
        for kind in [ActKind::Reverse, ActKind::Reinstate] {
            let body = sent(name, own, &building(name, kind, Some(123_456))).await;
            if !adapter(name).acts.contains(&kind) {
                assert_eq!(body, None, "{name} cannot say {}", kind.word());
                continue;
            }
            let body = body.unwrap();
            for said in
                ["X2026112200000000012", "X2026112000000000007-1", "HX2026112000000003", "1234.56", "2010000000001234"]
            {
                assert!(body.contains(said), "{name} {}: {said}", kind.word());
            }
            let again = sent(name, own, &building(name, kind, Some(123_456))).await;
            assert_eq!(again.as_deref(), Some(body.as_str()), "{name}: a repeat is the same to the byte");
            assert_eq!(
                sent(name, own, &building(name, kind, None)).await,
                None,
                "{name}: without a sum nothing leaves"
            );
        }
    }
}

#[tokio::test]
async fn a_described_partner_says_what_goes_back_or_is_refused_at_start() {
    let described: &[(&str, &str)] = &[
        ("send.reverse.path", "/returns"),
        ("send.reverse.body./no", "number"),
        ("send.reverse.body./account", "asset required"),
        ("send.reverse.body./of", "original.number required"),
        ("send.reverse.body./theirs", "original.serial"),
        ("send.reverse.body./from", "payer.number"),
        ("send.reverse.body./cents", "amount fen_number required"),
        ("answer.moved", "/moved fen_number"),
    ];
    let entries = [specimen_of("mapped_json").options, described].concat();
    let body = sent("mapped_json", &entries, &building("mapped_json", ActKind::Reverse, Some(123_456))).await.unwrap();
    for said in ["X2026112000000000007-1", "HX2026112000000003", "123456", "2010000000001234"] {
        assert!(body.contains(said), "{said}");
    }
    assert!(plug_of("mapped_json", &options(&entries, "http://127.0.0.1:9/")).can_send(ActKind::Reverse));
    for (left_out, fault) in [
        ("send.reverse.body./cents", "send.reverse.body"),
        ("send.reverse.body./of", "send.reverse.body"),
        ("answer.moved", "answer.moved"),
    ] {
        let mut entries = entries.clone();
        entries.retain(|(key, _)| *key != left_out);
        let faults = (adapter("mapped_json").build)(&options(&entries, "http://127.0.0.1:9/")).err().unwrap();
        assert!(faults.iter().any(|found| found.key == fault), "{left_out}: {faults:?}");
    }
}
