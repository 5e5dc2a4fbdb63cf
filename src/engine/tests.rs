//! Tests of deciding and folding without threads: goals, doubt, order, limits, snapshots, and the golden digest.

mod beside;
mod ceilings;
pub(crate) mod changed_index;
mod claims;
mod configuring;
mod dates;
mod delays;
mod delivering;
mod denied;
mod departing;
mod doubts_settled;
mod due;
mod erased_cases;
mod erasing;
mod fed_at_length;
mod figures;
mod finished;
mod giving_back;
mod gone;
mod histories;
mod indexing;
mod kinds;
mod known;
mod late;
mod law;
mod ledger;
mod left_out;
mod life;
mod measures;
mod news;
mod notices;
mod officers;
mod open_or_over;
mod outlived;
mod overclaimed;
mod overload;
mod parts;
mod pulled_list;
mod reminders;
mod renewals;
mod reports;
mod said;
mod sealing;
mod second_book;
mod settling;
mod shown;
mod simulated;
mod starting;
mod stops;
mod vouched;
mod whole_slips;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::act::ActOrder;
use domain::calendar::{Calendar, Hours};
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::outcome::{FoundAccount, Outcome, Verdict};
use domain::partner::{Breaker, DoubtPolicy, Partner, Rate, Retry, Travel};
use domain::request::{Asked, Goal, PartnerKind, Priority, Request, Scope};
use domain::socket::{Cause, Judged};
use domain::{ActKind, ActState, Money, Personal};
use store::random::SeededRandom;
use store::record::{Event, SealTwin};

use crate::Decider;
use crate::command::{Answer, Command, Decision, DocumentKey, Effect, Keyring, StoreDocument, Submit};
use crate::config::{Config, CourtFile, Person};
use crate::refusal::Refusal;
use crate::state::State;
use said::bare;

const START: i64 = 1_795_305_600_000;

struct CountingKeyring(u64);

impl Keyring for CountingKeyring {
    fn create(&mut self) -> Result<u64, Refusal> {
        self.0 += 1;
        Ok(self.0)
    }

    fn stand_in(&mut self, _slot: u64) -> Result<u64, Refusal> {
        self.create()
    }

    fn can_seal(&self, _slot: u64) -> bool {
        true
    }

    fn wrap(&mut self, document: &DocumentKey<'_>, _case_slot: u64) -> Result<SealTwin, Refusal> {
        Ok(SealTwin {
            digest: document.digest.to_owned(),
            blob: document.blob.to_owned(),
            key: vec![7],
            bytes: document.bytes,
            content_type: document.content_type.to_owned(),
        })
    }
}

pub(crate) fn partner(id: &str) -> Partner {
    Partner {
        ask_every_ms: 86_400_000,
        form: domain::form::Form { part_release: domain::form::PartRelease::Read, ..domain::form::Form::default() },
        id: id.to_owned(),
        name: id.to_owned(),
        kind: PartnerKind::Bank,
        regions: Vec::new(),
        acts: ActKind::ALL.to_vec(),
        stage: domain::partner::Stage::Deduct,
        travel: Travel::CallOut,
        rate: Rate { max: 1_000, window_ms: 1_000, burst: 1_000 },
        per_day: None,
        in_flight_max: 100,
        hours: Hours::ALWAYS,
        retry: Retry { first_ms: 1_000, max_ms: 60_000 },
        breaker: Breaker { failures: 1_000, open_ms: 1_000 },
        doubt: DoubtPolicy {
            deduplicates: false,
            can_be_asked: true,
            ask_after_ms: 1_000,
            not_found_final_after_ms: Some(10_000),
        },
        answer_due_ms: 1_000_000,
        law: Arc::default(),
        credential: None,
        retired: false,
    }
}

/// Whose first word counts in these tests: people of the gateway's own, so that they may in every court.
fn persons() -> BTreeMap<String, Person> {
    let numbered = (1..=3).flat_map(|number| ["judge", "operator"].map(|kind| format!("{kind}-{number}")));
    let names =
        numbered.chain(["first", "second", "third", "a", "b", "operator", "officer", "approver"].map(str::to_owned));
    names.map(|name| (name, Person { court: None, hash: [1; 32], settles: true, lifts: true })).collect()
}

/// The decider with everything it ever decided, and the calls that left.
struct Table {
    decider: Decider,
    now: i64,
    events: Vec<Event>,
    effects: Vec<Effect>,
}

impl Table {
    /// The measure that an act made or builds on.
    fn made_by(&self, act: &crate::state::Act) -> crate::state::Measure {
        self.decider.state.measure_of(act).cloned().unwrap()
    }

    fn with(partners: Vec<Partner>) -> Self {
        let decider = Decider::new(State::default(), Box::new(CountingKeyring(0)), Box::new(SeededRandom::new(1)));
        let mut table = Self { decider, now: START, events: Vec::new(), effects: Vec::new() };
        let court = CourtFile {
            code: "330225".to_owned(),
            accounts: vec![("402332002258".to_owned(), "2010".to_owned())],
            tokens: vec!["clerk".to_owned()],
            ..CourtFile::default()
        };
        let config = Config {
            partners: partners.into_iter().map(|partner| (partner.id.clone(), Arc::new(partner))).collect(),
            courts: BTreeMap::from([("330225".to_owned(), Arc::new(court))]),
            persons: persons(),
            reminders: BTreeMap::new(),
            rules: BTreeMap::new(),
            calendar: Calendar::default(),
            digest: "d".to_owned(),
        };
        table.tell(Command::Start { version: "test".to_owned() }).unwrap();
        table.tell(Command::Configure(Arc::new(config))).unwrap();
        table.bring_papers();
        table
    }

    /// A paper that no request has named for a day is erased.
    fn bring_papers(&mut self) {
        self.tell(Command::StoreDocument(Box::new(ruling()))).unwrap();
    }

    fn keep(&mut self, decision: Decision) -> Result<Answer, Refusal> {
        self.events.extend(decision.events);
        self.effects.extend(decision.effects);
        decision.answer
    }

    fn tell(&mut self, command: Command) -> Result<Answer, Refusal> {
        let decision = self.decider.decide(command, self.now);
        let answer = self.keep(decision);
        let pumped = self.decider.pump(self.now);
        self.keep(pumped).unwrap();
        for (case, _) in self.decider.state.cases.iter() {
            let state = &self.decider.state;
            assert_eq!(state.ledger(case), state.ledger_by_sum(case), "the kept sums are those of the parts");
        }
        answer
    }

    fn pass(&mut self, ms: i64) {
        self.now += ms;
        self.tell(Command::Tick).unwrap();
    }

    fn submit(&mut self, key: u64, asked: Asked) -> Result<u64, Refusal> {
        self.hand_in(said::submit(key, request(asked)))
    }

    /// Open tasks but the debtor's notice, which the first effect of every case brings and whose own tests look at it.
    fn tasks_beside_notices(&self) -> impl Iterator<Item = &crate::state::Task> {
        self.decider.state.tasks.values().filter(|task| task.kind() != domain::task::TaskKind::NotifyDebtor)
    }

    fn collect(&mut self, key: u64) -> u64 {
        let scope = Scope::default();
        self.submit(key, Asked::Goal { goal: Goal::Collect, subjects: vec![0], scope }).unwrap()
    }

    fn end(&mut self, judged: Judged) {
        let effect = self.effects.remove(0);
        self.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
    }

    fn answer(&mut self, outcome: Outcome) {
        self.end(Judged::Answered(Box::new(outcome)));
    }

    fn next_kind(&self) -> Option<(ActKind, bool)> {
        let effect = self.effects.first()?;
        let index = self.decider.state.act_index(effect.act)?;
        Some((self.decider.state.acts.get(index)?.kind(), effect.ask))
    }

    fn states(&self) -> Vec<(ActKind, ActState)> {
        self.decider.state.acts.iter().map(|(_, act)| (act.kind(), act.state())).collect()
    }
}

/// The paper of every request here.
fn ruling() -> StoreDocument {
    StoreDocument {
        key: (9, 9),
        digest: "sha256:ruling".to_owned(),
        file_name: "ruling.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        blob: "00".to_owned(),
        bytes: 1,
        slot: 1_000,
        court: "330225".to_owned(),
        token: "court".to_owned(),
    }
}

pub(crate) fn request(asked: Asked) -> Request {
    let personal = |text: &str| Personal::new(text.to_owned());
    Request {
        case: Case {
            number: personal("(2026)浙0225执1号"),
            stage: Stage::Enforcement,
            court: Court { code: "330225".to_owned(), name: "court".to_owned() },
            claim: Money::from_fen(100_000),
            costs: Money::from_fen(0),
            parties: vec![Party {
                role: Role::Obligor,
                kind: PartyKind::Person,
                name: personal("王小渔"),
                id_type: "01".to_owned(),
                bankrupt: None,
                id_number: personal("330225189506120170"),
            }],
            account: Some(CourtAccount {
                holder: "court".to_owned(),
                bank: "bank".to_owned(),
                bank_code: "402332002258".to_owned(),
                number: personal("2010"),
            }),
        },
        asked,
        officers: vec![Officer {
            name: personal("a"),
            work_id: personal("b"),
            duty_id: personal("c"),
            phone: personal("d"),
        }],
        papers: vec![Paper {
            kind: "ruling".to_owned(),
            number: personal("1"),
            file_name: personal("ruling.pdf"),
            digest: personal("sha256:ruling"),
        }],
        priority: Priority::Normal,
        deadline: None,
        callback: None,
        viewers: Vec::new(),
        repeat: None,
        preservation: None,
    }
}

/// What the runtime would read of an act of a finished request, were it only of this kind and nothing else.
fn known(sequence: u64, place: u32, kind: ActKind) -> crate::command::KnownAct {
    let planned = crate::command::Planned {
        id: store::record::ActRef(sequence, place),
        line: store::record::PlanLine::of(kind, "bank-a", 0),
        case_key: (5, 5),
        subjects: vec![77],
        request: store::record::RequestTwin::from(&request(Asked::Acts(Vec::new()))),
    };
    crate::command::KnownAct { state: ActState::Done, moved: 0, told: None, sent_at: START, planned, base: None }
}

fn found(available_fen: i64) -> Outcome {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.accounts.push(FoundAccount {
        asset: domain::outcome::AssetKind::Cash,
        details: Vec::new(),
        role: domain::outcome::AssetRole::Owner,
        number: Personal::new(format!("62{available_fen}")),
        class: String::new(),
        status: String::new(),
        currency: "156".to_owned(),
        balance: Some(Money::from_fen(available_fen)),
        available: Some(Money::from_fen(available_fen)),
        branch: String::new(),
        ahead: Vec::new(),
    });
    outcome
}

fn caught(fen: i64) -> Outcome {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.caught = Some(Money::from_fen(fen));
    outcome
}

fn moved(fen: i64) -> Outcome {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.moved = Some(Money::from_fen(fen));
    outcome
}

/// One whole collect: query, freeze, doubt, question, deduct.
fn whole_collect() -> Table {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    table.answer(found(250_000));
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
    table.end(Judged::Doubt { cause: Cause::Timeout });
    assert!(table.states().contains(&(ActKind::Freeze, ActState::InDoubt)));
    assert!(table.effects.is_empty(), "nothing is sent again while in doubt");
    table.pass(2_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, true)), "it is asked about instead");
    table.answer(caught(100_000));
    assert_eq!(table.next_kind(), Some((ActKind::Deduct, false)));
    table.answer(moved(100_000));
    table
}

#[test]
fn a_collect_freezes_just_enough_asks_when_in_doubt_and_finishes() {
    let table = whole_collect();
    assert!(table.effects.is_empty());
    assert!(table.decider.state.requests.is_empty(), "the request is finished and out of memory");
    assert!(table.decider.state.acts.is_empty(), "nothing stays frozen");
    let case = table.decider.state.cases.iter().next().unwrap().1;
    assert_eq!(case.ledger.deducted, Money::from_fen(100_000));
}

#[test]
fn folding_the_events_again_gives_the_same_state_and_the_golden_digest() {
    let table = whole_collect();
    let mut again = State::default();
    for (sequence, event) in (0..).zip(&table.events) {
        again.fold(sequence, event);
    }
    assert_eq!(again.digest(), table.decider.state.digest());
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/state-digest-v1.txt");
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(golden, again.digest()).unwrap();
    }
    assert_eq!(
        again.digest(),
        std::fs::read_to_string(golden).unwrap().trim(),
        "a released event folds differently now"
    );
}

#[test]
fn a_snapshot_in_the_middle_changes_nothing() {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
    table.collect(1);
    table.answer(found(30_000));
    table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let loaded = State::read_record(&bytes).unwrap();
    assert_eq!(loaded.digest(), table.decider.state.digest());
    let lanes = |state: &State| -> Vec<(usize, usize, u32)> {
        let of = |lane: &crate::state::lane::Lane| {
            (lane.ready.iter().map(std::collections::VecDeque::len).sum(), lane.timers.len(), lane.in_flight)
        };
        state.lanes.iter().map(of).collect()
    };
    assert_eq!(lanes(&loaded), lanes(&table.decider.state));
}

#[test]
fn a_resend_that_did_not_leave_keeps_an_earlier_doubt() {
    let mut deduplicating = partner("bank-a");
    deduplicating.doubt =
        DoubtPolicy { deduplicates: true, can_be_asked: false, ask_after_ms: 1_000, not_found_final_after_ms: None };
    let mut table = Table::with(vec![deduplicating]);
    table.collect(1);
    table.answer(found(250_000));
    table.end(Judged::Doubt { cause: Cause::Timeout });
    table.pass(2_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)), "the very same message goes again");
    table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    assert!(table.states().contains(&(ActKind::Freeze, ActState::InDoubt)), "the first one may still have happened");
}

#[test]
fn not_found_is_believed_only_after_the_stated_time() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    table.answer(found(250_000));
    table.end(Judged::Doubt { cause: Cause::Timeout });
    table.pass(2_000);
    table.end(Judged::NotFound);
    assert!(table.states().contains(&(ActKind::Freeze, ActState::InDoubt)));
    table.pass(10_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, true)));
    table.end(Judged::NotFound);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)), "now it is sent again");
}

#[test]
fn the_window_is_exact_and_survives_a_restart() {
    let mut slow = partner("bank-a");
    slow.rate = Rate { max: 3, window_ms: 1_000, burst: 3 };
    let mut table = Table::with(vec![slow]);
    let orders = |count: usize| Asked::Acts(vec![bare(ActKind::Query, "bank-a"); count]);
    table.submit(1, orders(10)).unwrap();
    assert_eq!(table.effects.len(), 3);
    table.pass(999);
    assert_eq!(table.effects.len(), 3, "a half-open window of 1,000 ms holds three");
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let state = State::read_record(&bytes).unwrap();
    let config = Arc::clone(table.decider.config());
    table.decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
    table.tell(Command::Configure(config)).unwrap();
    assert_eq!(table.effects.len(), 3, "the window is remembered");
    table.pass(1);
    assert!(table.effects.len() > 3);
}

#[test]
fn the_same_key_with_another_body_is_refused_and_ceilings_name_their_rule() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = |account: &str, fen: i64| {
        let (account, amount) = (Some(Personal::new(account.to_owned())), Some(Money::from_fen(fen)));
        Asked::Acts(vec![ActOrder { account, amount, ..bare(ActKind::Freeze, "bank-a") }])
    };
    table.submit(1, freeze("62", 60_000)).unwrap();
    match table.submit(2, freeze("63", 40_001)) {
        Err(Refusal::Rules(broken)) => assert_eq!(broken.first().map(|breach| breach.rule.id), Some("D8")),
        _ => panic!("a freeze above claim and costs must be refused"),
    }
    table.submit(3, freeze("63", 40_000)).unwrap();
    assert_eq!(table.effects.len(), 1, "the second freeze on the same subject waits until the first is with the bank");
    table.answer(caught(60_000));
    assert_eq!(table.effects.len(), 1);
}

#[test]
fn an_act_takes_at_most_three_hundred_bytes() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let before = table.decider.state.bytes_estimate();
    let order = bare(ActKind::Query, "bank-a");
    table.submit(1, Asked::Acts(vec![order; 1_000])).unwrap();
    let each = (table.decider.state.bytes_estimate() - before) / 1_000;
    assert!(each <= 300, "{each} bytes an act");
}
