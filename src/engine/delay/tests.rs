//! Whose delay it was, told from made-up lives of acts.

use store::record::{
    ExchangeBegan, ExchangeEnded, LanePaused, LaneResumed, OutcomeReceived, RequestAccepted, RequestApproved,
    StopLifted, StopOrdered,
};

use super::*;

fn whose(approvals: u8, fetched: bool) -> Whose {
    Whose {
        act: ActRef(10, 0),
        kind: Some(ActKind::Freeze),
        partner: "bank-a".to_owned(),
        court: "330225".to_owned(),
        approvals,
        fetched,
        base_until: None,
        waits: Vec::new(),
    }
}

fn seen(sequence: u64, at: Millis, fact: impl Into<Fact>) -> Seen {
    Seen { sequence, at, fact: fact.into(), body: None, leaf_hash: trail::leaf_hash(&[]) }
}

fn accepted(at: Millis) -> Seen {
    let fact = RequestAccepted {
        acts: 1,
        case: None,
        court: "330225".to_owned(),
        deadline: None,
        goal: "acts".to_owned(),
        priority: "normal".to_owned(),
        slips: 1,
        token: "court".to_owned(),
    };
    seen(10, at, fact)
}

fn began(sequence: u64, at: Millis, kind: &str) -> Seen {
    let acts = vec![ActRef(10, 0)];
    seen(sequence, at, ExchangeBegan::of(acts, kind, "bank-a"))
}

fn ended(sequence: u64, at: Millis, (judged, state): (&str, &str), due: Option<i64>) -> Seen {
    let fact = ExchangeEnded {
        act: ActRef(10, 0),
        breaks: None,
        cause: String::new(),
        due,
        exchange: sequence - 1,
        judged: judged.to_owned(),
        partner: "bank-a".to_owned(),
        state: state.to_owned(),
        verdict: String::new(),
    };
    seen(sequence, at, fact)
}

fn told(sequence: u64, at: Millis, state: &str) -> Seen {
    let fact = OutcomeReceived {
        act: ActRef(10, 0),
        partner: "bank-a".to_owned(),
        state: state.to_owned(),
        supersedes: false,
        verdict: "done".to_owned(),
        way: "feedback".to_owned(),
    };
    seen(sequence, at, fact)
}

fn shown(stretches: &[Stretch]) -> Vec<(Millis, Option<Millis>, &'static str, &'static str)> {
    stretches.iter().map(|it| (it.from, it.until, it.stage.word(), it.awaited.word())).collect()
}

#[test]
fn delay_is_the_agencys_from_the_moment_it_may_fetch() {
    let approved = |sequence, at, by: &str| seen(sequence, at, RequestApproved { by: by.to_owned(), request: 10 });
    let own =
        [accepted(100), approved(11, 150, "a"), approved(12, 180, "b"), began(13, 400, "offer"), told(14, 900, "done")];
    let found = stretches(&whose(2, true), &own, (&[], &[]), None, 1_000);
    assert_eq!(
        shown(&found),
        [
            (100, Some(180), "approval", "court"),
            (180, Some(400), "fetch", "partner"),
            (400, Some(900), "answer", "partner")
        ]
    );
    assert_eq!(sums(&found, 1_000), [(Awaited::Court, 80), (Awaited::Gateway, 0), (Awaited::Partner, 720)]);
}

#[test]
fn a_pause_and_a_stop_are_cut_out_of_what_waited_and_nothing_is_counted_twice() {
    let pause = |sequence, at, until| {
        seen(sequence, at, LanePaused { by: "op".to_owned(), partner: "bank-a".to_owned(), until })
    };
    let resumed = |sequence, at| seen(sequence, at, LaneResumed { by: "op".to_owned(), partner: "bank-a".to_owned() });
    let stop =
        StopOrdered { all: false, by: "approver".to_owned(), court: "330225".to_owned(), kinds: Vec::new(), own: true };
    let around = [
        pause(3, 50, 5_000),
        resumed(11, 200),
        seen(12, 150, stop),
        seen(13, 300, StopLifted { by: "other".to_owned(), stop: 12 }),
    ];
    let own = [accepted(100), began(14, 350, "send"), ended(15, 360, ("answered", "done"), None)];
    let found = stretches(&whose(0, false), &own, (&around, &[]), None, 1_000);
    assert_eq!(
        shown(&found),
        [
            (100, Some(200), "pause", "gateway"),
            (200, Some(300), "stop", "court"),
            (300, Some(350), "turn", "gateway"),
            (350, Some(360), "exchange", "partner")
        ]
    );
    let whole: Millis = sums(&found, 1_000).iter().map(|(_, ms)| ms).sum();
    assert_eq!(whole, 260, "from the first instant to the last, once");
}

#[test]
fn what_goes_on_is_waited_for_until_now() {
    let own = [
        accepted(100),
        began(11, 110, "send"),
        ended(12, 120, ("not_sent", "ready"), Some(200)),
        began(13, 200, "send"),
        ended(14, 230, ("doubt", "in_doubt"), Some(300)),
        began(15, 300, "ask"),
        ended(16, 310, ("doubt", "in_doubt"), None),
    ];
    let found = stretches(&whose(0, false), &own, (&[], &[]), None, 1_000);
    assert_eq!(
        shown(&found),
        [
            (100, Some(110), "turn", "gateway"),
            (110, Some(120), "exchange", "partner"),
            (120, Some(200), "retry", "partner"),
            (200, Some(230), "exchange", "partner"),
            (230, Some(310), "doubt", "partner"),
            (310, None, "settle", "court")
        ]
    );
    assert_eq!(sums(&found, 1_000).first(), Some(&(Awaited::Court, 690)));
}

#[test]
fn hours_and_a_lane_that_rested_are_not_our_turn() {
    use domain::calendar::{Calendar, Hours};
    use store::record::ConfigLoaded;
    const HOUR: Millis = 3_600_000;
    // Friday 20 November 2026, 16:00.
    let friday = domain::day::parse_instant("2026-11-20T16:00:00+08:00").unwrap();
    let loaded =
        |sequence, at, digest: &str| seen(sequence, at, ConfigLoaded { digest: digest.to_owned(), partners: 1 });
    let fails = |sequence, at, breaks| {
        let Seen { fact: Fact::ExchangeEnded(fact), .. } = ended(sequence, at, ("not_sent", "ready"), None) else {
            unreachable!("it ended")
        };
        seen(sequence, at, ExchangeEnded { breaks, ..fact })
    };
    let (hours, calendar) = (Hours::parse("08:30-17:00").unwrap(), Calendar::default());
    let service = Service { hours: &hours, calendar: &calendar, digest: "now" };
    let monday = friday + 65 * HOUR;
    let own = [
        Seen { at: friday, ..accepted(0) },
        began(20, monday + HOUR, "send"),
        ended(21, monday + HOUR + 10, ("answered", "done"), None),
    ];
    let rested = [
        loaded(3, friday - HOUR, "now"),
        fails(12, friday + HOUR / 2, Some(friday + HOUR)),
        seen(13, monday - HOUR / 2, ended(13, 0, ("answered", "done"), None).fact),
    ];
    let found = stretches(&whose(0, false), &own, (&rested[..1], &[]), Some(&service), monday + 2 * HOUR);
    let told = |found: &[Stretch]| -> Vec<(Millis, &'static str, &'static str)> {
        let length = |it: &Stretch| it.until.unwrap() - it.from;
        found.iter().map(|it| (length(it), it.stage.word(), it.awaited.word())).collect()
    };
    let (turn, shut) = ((HOUR, "turn", "gateway"), (63 * HOUR + HOUR / 2, "hours", "partner"));
    let sent = (10, "exchange", "partner");
    assert_eq!(told(&found), [turn, shut, (HOUR + HOUR / 2, "turn", "gateway"), sent], "a weekend");
    let found = stretches(&whose(0, false), &own, (&rested[..], &[]), Some(&service), monday + 2 * HOUR);
    let after = (HOUR + HOUR / 2, "turn", "gateway");
    let rest = (64 * HOUR, "rest", "partner");
    assert_eq!(told(&found), [(HOUR / 2, "turn", "gateway"), rest, after, sent]);
    let changed = [loaded(3, friday - HOUR, "then"), loaded(14, friday + 2 * HOUR, "now")];
    let found = stretches(&whose(0, false), &own, (&changed[..], &[]), Some(&service), monday + 2 * HOUR);
    assert_eq!(told(&found), [(66 * HOUR, "turn", "gateway"), sent], "the hours of then are not known");
    let waits = stretches(&whose(0, false), &own[..1], (&rested[..1], &[]), Some(&service), friday + 5 * HOUR);
    let last = waits.last().unwrap();
    assert_eq!((last.stage.word(), last.from, last.until), ("hours", friday + HOUR, None), "closed still");
}

#[test]
fn another_lanes_pause_and_another_courts_stop_held_nothing() {
    let pause = LanePaused { by: "op".to_owned(), partner: "bank-b".to_owned(), until: 9_000 };
    let stop = StopOrdered { all: false, by: "x".to_owned(), court: "440300".to_owned(), kinds: Vec::new(), own: true };
    let around = [seen(3, 50, pause), seen(4, 60, stop)];
    let own = [accepted(100), began(14, 350, "send"), ended(15, 360, ("answered", "done"), None)];
    let found = stretches(&whose(0, false), &own, (&around, &[]), None, 1_000);
    assert_eq!(found.len(), 2, "{:?}", shown(&found));
}

#[test]
fn while_we_did_not_run_nobody_else_delayed() {
    let outage = Outage { from: 400, until: 700, event: 20 };
    let cut = |own: &[Seen], fetched| shown(&stretches(&whose(0, fetched), own, (&[], &[outage]), None, 1_000));
    // Nobody could fetch.
    let fetching = [accepted(100), began(21, 800, "offer")];
    assert_eq!(
        cut(&fetching, true),
        [
            (100, Some(400), "fetch", "partner"),
            (400, Some(700), "down", "gateway"),
            (700, Some(800), "fetch", "partner"),
            (800, None, "answer", "partner")
        ]
    );
    // An exchange was under way, and the doubt is of our making.
    let mut interrupted = ended(21, 700, ("doubt", "in_doubt"), Some(760));
    if let Fact::ExchangeEnded(fact) = &mut interrupted.fact {
        fact.cause = Cause::Interrupted.word().to_owned();
    }
    let asked = ended(23, 800, ("answered", "done"), None);
    let sending = [accepted(100), began(11, 300, "send"), interrupted, began(22, 760, "ask"), asked];
    assert_eq!(
        cut(&sending, false),
        [
            (100, Some(300), "turn", "gateway"),
            (300, Some(400), "exchange", "partner"),
            (400, Some(700), "down", "gateway"),
            (700, Some(800), "doubt", "gateway")
        ]
    );
    // Nor could it answer, nor the court approve.
    let answering = [accepted(100), began(11, 200, "offer"), told(22, 900, "done")];
    let whole = stretches(&whose(0, true), &answering, (&[], &[outage]), None, 1_000);
    assert_eq!(sums(&whole, 1_000), [(Awaited::Court, 0), (Awaited::Gateway, 300), (Awaited::Partner, 500)]);
    let approving = stretches(&whose(1, true), &[accepted(100)], (&[], &[outage]), None, 1_000);
    assert_eq!(sums(&approving, 1_000), [(Awaited::Court, 600), (Awaited::Gateway, 300), (Awaited::Partner, 0)]);
}

#[test]
fn what_went_wrong_on_our_side_is_ours_until_the_partner_keeps_us_waiting() {
    let failed = |sequence, at, judged: (&str, &str), cause: Cause| {
        let mut seen = ended(sequence, at, judged, Some(at + 50));
        if let Fact::ExchangeEnded(fact) = &mut seen.fact {
            fact.cause = cause.word().to_owned();
        }
        seen
    };
    let own = [
        accepted(100),
        began(11, 110, "send"),
        failed(12, 120, ("not_sent", "ready"), Cause::Address),
        began(13, 200, "send"),
        failed(14, 230, ("not_sent", "ready"), Cause::Connect),
        began(15, 300, "send"),
        failed(16, 310, ("doubt", "in_doubt"), Cause::Panicked),
        began(17, 360, "ask"),
        failed(18, 400, ("doubt", "in_doubt"), Cause::Timeout),
    ];
    let found = stretches(&whose(0, false), &own, (&[], &[]), None, 1_000);
    let of = |stage: &str| shown(&found).into_iter().filter(|it| it.2 == stage).collect::<Vec<_>>();
    assert_eq!(of("retry"), [(120, Some(200), "retry", "gateway"), (230, Some(300), "retry", "partner")]);
    assert_eq!(of("doubt"), [(310, Some(400), "doubt", "gateway"), (400, None, "doubt", "partner")]);
}

#[test]
fn nobody_fetches_what_builds_on_something_that_has_not_ended() {
    let own = [accepted(100), began(11, 900, "offer")];
    let waits = Whose { base_until: Some(600), ..whose(0, true) };
    assert_eq!(
        shown(&stretches(&waits, &own, (&[], &[]), None, 1_000)),
        [(100, Some(600), "turn", "gateway"), (600, Some(900), "fetch", "partner"), (900, None, "answer", "partner")]
    );
}
