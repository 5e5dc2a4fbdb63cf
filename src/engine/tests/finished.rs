//! Finished requests at run time: what late news costs, what an applicant sees of them, and slips of them in a journal that cannot be
//! read.

use domain::case::EraseCause;
use domain::{RequestId, SlipNumber};

use super::pulled_list::{court, fed, listed, started, submit_all};
use super::*;
use crate::runtime::Engine;
use crate::view::Caller;
use crate::view::Listed;

struct Ended {
    folder: tempfile::TempDir,
    tokio: tokio::runtime::Runtime,
    running: crate::runtime::Running,
    request: RequestId,
    slips: Vec<String>,
}

/// A look about two people that the bank has answered with an account each.
fn ended() -> Ended {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    let engine = &running.engine;
    let (request, slips) = tokio.block_on(async {
        submit_all(engine, 1).await;
        let slips = listed(engine).await;
        let request = engine.shared.decider.read().state.requests.iter().next().unwrap().1.sequence;
        let accounts: Vec<(&str, String)> = slips.iter().map(|slip| (slip.as_str(), "620000".to_owned())).collect();
        assert_eq!(fed(engine, &accounts).await, ["Ok(())", "Ok(())"]);
        (RequestId(request), slips)
    });
    assert!(running.engine.shared.decider.read().state.requests.is_empty(), "looked at, and over");
    Ended { folder, tokio, running, request, slips }
}

fn operator() -> Caller {
    Caller { token: "operator".to_owned(), court: None, partner: None, is_person: true, is_operator: true }
}

#[test]
fn late_news_of_one_request_in_one_message_puts_it_together_once() {
    let Ended { tokio, running, slips, request, .. } = ended();
    let engine = &running.engine;
    let read = || engine.shared.papers.events_read();
    let news = |from: usize, count: usize| -> Vec<(&str, String)> {
        (from..from + count).map(|n| (slips[0].as_str(), format!("63{n:04}"))).collect()
    };
    let cost = |from: usize, count: usize| {
        let before = read();
        let told = tokio.block_on(fed(engine, &news(from, count)));
        assert!(told.iter().all(|taken| taken == "Ok(())"), "{told:?}");
        read() - before
    };
    let (one, twenty) = (cost(0, 1), cost(1, 20));
    assert!(twenty < one + 3 * 20, "{twenty} events read for twenty pieces of news, {one} for one");
    // All of it is there, and told again it is known.
    let before = engine.shared.closed_request(request.0).unwrap().unwrap().version;
    let again = tokio.block_on(fed(engine, &news(0, 21)));
    assert!(again.iter().all(|taken| taken == "Ok(())"));
    assert_eq!(engine.shared.closed_request(request.0).unwrap().unwrap().version, before);
    let view = tokio.block_on(engine.request(&court(), request, 0, 10, None, 0)).unwrap();
    assert_eq!(view.acts[0].accounts().len(), 22);
    running.drain(std::time::Duration::from_secs(5));
}

#[test]
fn an_applicant_sees_all_that_was_found_though_it_came_in_parts() {
    let Ended { tokio, running, slips, request, .. } = ended();
    let engine = &running.engine;
    let shown = tokio.block_on(async {
        fed(engine, &[(slips[0].as_str(), "630001".to_owned())]).await;
        let case = domain::CaseId(request.0);
        let show = crate::command::ShowApplicant {
            case,
            allow: true,
            by: "approver".to_owned(),
            court: Some("330225".to_owned()),
            reason: "准予".to_owned(),
        };
        engine.done(Command::ShowApplicant(Box::new(show))).await.unwrap();
        engine.applicant(&court(), request, 0, 10).await.unwrap()
    });
    let found: Vec<usize> = shown.results.iter().map(|result| result.found.len()).collect();
    assert_eq!(found, [2, 1]);
    running.drain(std::time::Duration::from_secs(5));
}

fn reconciled(tokio: &tokio::runtime::Runtime, engine: &Engine, slip: String) -> (Vec<&'static str>, u32) {
    let line = Listed { slip, line: Some(1), state: Some(ActState::Done), limit: None, caught: None, moved: None };
    let day = domain::Day::of(engine.now());
    let told = tokio.block_on(engine.reconcile(&operator(), "bank", day, (vec![line], false))).unwrap();
    (told.differences.iter().map(|difference| difference.what).collect(), told.not_compared)
}

#[test]
fn what_cannot_be_read_is_no_difference_of_the_partners() {
    let Ended { folder, tokio, running, slips, .. } = ended();
    // A number that we drew, on another day than the partner says: no slip of ours.
    let drawn = SlipNumber::parse(&slips[0]).unwrap();
    let other = SlipNumber::issue(drawn.issued_on().unwrap().plus_days(-1), drawn.counter()).to_string();
    assert_eq!(reconciled(&tokio, &running.engine, other.clone()), (vec!["unknown_slip"], 0));
    running.drain(std::time::Duration::from_secs(5));
    let running = started(folder.path(), &tokio);
    for file in std::fs::read_dir(folder.path().join("journal")).unwrap().map(|entry| entry.unwrap().path()) {
        let mut bytes = std::fs::read(&file).unwrap();
        let written = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        bytes.iter_mut().take(written).skip(64).step_by(16).for_each(|byte| *byte ^= 0x55);
        std::fs::write(&file, bytes).unwrap();
    }
    assert_eq!(reconciled(&tokio, &running.engine, other), (Vec::new(), 1), "nobody can say");
    running.drain(std::time::Duration::from_secs(5));
}

/// Damages the only record in which a word stands.
pub(super) fn flip_record(folder: &std::path::Path, word: &str) {
    let mut flipped = 0;
    for path in std::fs::read_dir(folder.join("journal")).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(word.len()).position(|window| window == word.as_bytes());
        if let Some(at) = found {
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, &[bytes[at] ^ 1], at as u64).unwrap();
            flipped += 1;
        }
    }
    assert_eq!(flipped, 1, "{word}");
}

#[test]
fn late_word_of_a_request_whose_plan_cannot_be_read_is_not_refused_as_of_no_request_of_ours() {
    let Ended { folder, tokio, running, slips, request } = ended();
    let engine = &running.engine;
    flip_record(folder.path(), "request.accepted");
    let late = [(slips[0].as_str(), "630001".to_owned()), (slips[0].as_str(), "630002".to_owned())];
    let told = tokio.block_on(fed(engine, &late));
    assert!(told.iter().all(|taken| taken.contains("NotReadableNow")), "{told:?}");
    let shown = tokio.block_on(engine.request(&court(), request, 0, 10, None, 0)).err();
    assert_eq!(shown, Some(Refusal::ContentUnreadable), "nor as erased");
    running.drain(std::time::Duration::from_secs(5));
}

#[test]
fn late_word_of_a_case_that_is_erased_is_refused_as_that_and_leaves_nothing() {
    let Ended { tokio, running, slips, request, .. } = ended();
    let engine = &running.engine;
    let person = |token: &str| Caller { token: token.to_owned(), is_person: true, ..court() };
    let erase = |token: &str| {
        let (caller, case) = (person(token), domain::CaseId(request.0));
        tokio.block_on(engine.erase_case(&caller, case, EraseCause::Ordered, "依法".to_owned()))
    };
    assert!(!erase("judge-1").unwrap().erased);
    // What its bank says behind the first word was not seen by whoever gave it.
    assert_eq!(tokio.block_on(fed(engine, &[(slips[0].as_str(), "630001".to_owned())])), ["Ok(())"]);
    assert!(!erase("judge-2").unwrap().erased);
    assert!(erase("judge-1").unwrap().erased);
    let before = engine.shared.decider.read().state.next;
    let late = [(slips[0].as_str(), "630002".to_owned()), (slips[1].as_str(), "630003".to_owned())];
    let told = tokio.block_on(fed(engine, &late));
    assert!(told.iter().all(|taken| taken.contains("CaseErased")), "{told:?}");
    assert_eq!(engine.shared.decider.read().state.next, before);
    assert_eq!(erase("judge-2").err(), Some(Refusal::WrongState { state: "erased" }));
    running.drain(std::time::Duration::from_secs(5));
}
