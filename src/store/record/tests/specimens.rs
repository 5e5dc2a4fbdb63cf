//! One event of each name with every field set, and domain values made from seeds: what holds `Personal` cannot be printed,
//! so a failing property names its seed instead.

use domain::act::{ActOrder, Original};
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::outcome::{
    AssetKind, AssetRole, Detail, Finding, FindingClass, FoundAccount, Lead, LeadClass, Outcome, PriorMeasure, Reason,
    SealedReply, Verdict,
};
use domain::request::{Asked, Goal, PartnerKind, Priority, Repeat, Request, Scope};
use domain::{ActId, ActKind, Day, Money, Personal};

use crate::record::*;

/// 2026-11-20T01:02:03.004Z.
pub(super) const AT: Millis = 1_795_136_523_004;

fn hex(byte: &str) -> String {
    byte.repeat(32)
}

/// One event of each name, in the order of [`Fact::NAMES`], with every field set and the body it has.
pub(super) fn specimens() -> Vec<Event> {
    let facts = [
        of_gateway(),
        of_requests(),
        of_acts(),
        of_people(),
        of_deliveries(),
        of_stops(),
        of_measures(),
        of_settlements(),
        of_inboxes(),
        super::cases::of_cases(),
        of_packets(),
        of_applicants(),
        super::reminders::of_reminders(),
        super::versions::of_holds(),
        super::versions::of_losses(),
        super::cases::of_erasures(),
    ]
    .concat();
    let dressed = |(place, (fact, body)): (i64, (Fact, Option<Body>))| {
        let key = if body.is_some() { 7 } else { 0 };
        Event { at: AT + place, fact, body, key }
    };
    (0..).zip(facts).map(dressed).collect()
}

fn of_gateway() -> Vec<(Fact, Option<Body>)> {
    let stored =
        DocumentStored { blob: hex("b1"), bytes: 48_213, court: "330225".to_owned(), token: "court-330225".to_owned() };
    vec![
        (GatewayStarted { epoch: 3, version: "0.1.0".to_owned() }.into(), None),
        (GatewayDrained { epoch: 3 }.into(), None),
        (ConfigLoaded { digest: hex("c0"), partners: 20 }.into(), None),
        (SnapshotTaken { digest: hex("5a"), next: 1_048_576 }.into(), None),
        (stored.into(), Some(document())),
        (DocumentErased { document: 4 }.into(), None),
    ]
}

fn of_requests() -> Vec<(Fact, Option<Body>)> {
    let accepted = RequestAccepted {
        acts: 2,
        case: Some(0),
        court: "330225".to_owned(),
        deadline: Some(AT + 86_400_000),
        goal: "collect".to_owned(),
        priority: "normal".to_owned(),
        slips: 2,
        token: "court-330225".to_owned(),
    };
    let by = || "approver-330225".to_owned();
    vec![
        (accepted.into(), Some(accepted_body(&mut Seed(6)))),
        (PlanExtended { acts: 1, request: 6, slips: 1 }.into(), Some(planned())),
        (RequestApproved { by: by(), request: 6 }.into(), Some(reason())),
        (RequestStopped { by: by(), request: 6 }.into(), Some(reason())),
        (DeadlinePassed { request: 6 }.into(), None),
        (RequestFinished { request: 6, state: "finished".to_owned() }.into(), None),
    ]
}

fn of_acts() -> Vec<(Fact, Option<Body>)> {
    let partner = || "bank-a".to_owned();
    let began = ExchangeBegan::of(vec![ActRef(6, 0), ActRef(6, 1)], "offer", "bank-a");
    let ended = ExchangeEnded {
        act: ActRef(6, 1),
        breaks: Some(AT + 30_000),
        cause: "status_503".to_owned(),
        due: Some(AT + 2_000),
        exchange: 12,
        judged: "answered".to_owned(),
        partner: partner(),
        state: "partly".to_owned(),
        verdict: "partly".to_owned(),
    };
    let received = OutcomeReceived {
        act: ActRef(6, 1),
        partner: partner(),
        state: "done".to_owned(),
        supersedes: true,
        verdict: "queued".to_owned(),
        way: "feedback".to_owned(),
    };
    vec![(began.into(), None), (ended.into(), Some(outcome())), (received.into(), Some(outcome()))]
}

fn of_people() -> Vec<(Fact, Option<Body>)> {
    let (by, partner) = (|| "operator-1".to_owned(), || "bank-a".to_owned());
    let resolved = ActResolved {
        act: ActRef(6, 1),
        by: by(),
        second: "operator-2".to_owned(),
        state: "unsent".to_owned(),
        took_effect: true,
    };
    let refused = AccessRefused { count: 40, minute: AT - 3_004, source: "9d".repeat(8) };
    let hit = LeadReceived {
        act: ActRef(6, 1),
        class: "hit".to_owned(),
        partner: "police-a".to_owned(),
        respond_by: Some(AT + 10_800_000),
    };
    vec![
        (ActWithdrawn { act: ActRef(6, 0), by: by() }.into(), Some(reason())),
        (resolved.into(), Some(reason())),
        (ActPassed { act: ActRef(9, 0), over: ActRef(6, 1) }.into(), None),
        (LanePaused { by: by(), partner: partner(), until: AT + 3_600_000 }.into(), Some(reason())),
        (LaneResumed { by: by(), partner: partner() }.into(), None),
        (AccessRead { by: by(), request: 6, version: 9 }.into(), None),
        (refused.into(), None),
        (hit.into(), Some(lead())),
    ]
}

fn of_deliveries() -> Vec<(Fact, Option<Body>)> {
    let court = || "330225".to_owned();
    let asked = DeliveryAsked { by: "court-330225".to_owned(), court: court(), request: 6, since: 6, version: 9 };
    let ended = DeliveryEnded {
        breaks: Some(AT + 60_000),
        cause: "status_503".to_owned(),
        court: court(),
        delivery: 14,
        due: Some(AT + 5_000),
        judged: "not_acknowledged".to_owned(),
        previous: 6,
        request: 6,
        tries: 1,
        version: 9,
    };
    vec![
        (asked.into(), None),
        (DeliveryBegan { court: court(), request: 6, version: 9 }.into(), None),
        (ended.into(), None),
    ]
}

fn of_stops() -> Vec<(Fact, Option<Body>)> {
    let by = |person: &str| person.to_owned();
    let ordered = StopOrdered {
        all: true,
        by: by("operator-1"),
        court: "330225".to_owned(),
        kinds: vec!["freeze".to_owned(), "deduct".to_owned()],
        own: true,
    };
    vec![
        (ordered.into(), Some(reason())),
        (StopLiftProposed { by: by("operator-1"), stop: 30 }.into(), Some(reason())),
        (StopLifted { by: by("operator-2"), stop: 30 }.into(), Some(reason())),
    ]
}

fn of_measures() -> Vec<(Fact, Option<Body>)> {
    let by = || "operator-1".to_owned();
    let imported = MeasureImported { by: by(), case: Some(6), court: "330225".to_owned(), measures: 1 };
    let changed = MeasureChanged {
        by: by(),
        cause: "reconciled".to_owned(),
        measure: ActRef(6, 1),
        state: "in_force".to_owned(),
    };
    let amended = Body::Amended(AmendedBody { claim: 1_000_000, costs: 20_000, reason: "部分履行".to_owned() });
    let raised = TaskRaised {
        act: Some(ActRef(6, 1)),
        automatic: true,
        case: Some(6),
        court: "330225".to_owned(),
        due: Some(AT + 86_400_000),
        kind: "expiring".to_owned(),
        measure: Some(ActRef(6, 1)),
        partner: "bank-a".to_owned(),
    };
    let ended = TaskEnded { by: by(), end: "accepted".to_owned(), request: Some(40), task: 35 };
    vec![
        (imported.into(), Some(imported_body(&mut Seed(9)))),
        (MeasureLapsed { day: 20_779, measures: vec![ActRef(6, 1)] }.into(), None),
        (changed.into(), Some(Body::Changed(standing()))),
        (CaseAmended { by: by(), case: 6, news: true }.into(), Some(amended)),
        (raised.into(), Some(Body::Task(TaskBody { amount: Some(10_000), text: "查封即将届满".to_owned() }))),
        (ended.into(), Some(reason())),
    ]
}

fn of_settlements() -> Vec<(Fact, Option<Body>)> {
    let by = || "court-330225".to_owned();
    let received = SettlementReceived {
        act: Some(ActRef(6, 1)),
        by: by(),
        court: "330225".to_owned(),
        day: 20_779,
        line: "0123456789abcdef".to_owned(),
    };
    let settled = SettledBody {
        amount: 1_234_500,
        account: "2010".to_owned(),
        serial: "JY20261122001".to_owned(),
        reference: "扣划 X2026112200000000012-1".to_owned(),
    };
    let reconciled =
        PartnerReconciled { by: by(), day: 20_779, differences: 2, lines: 40, partner: "bank-a".to_owned() };
    vec![(received.into(), Some(Body::Settled(settled))), (reconciled.into(), None)]
}

fn standing() -> ChangedBody {
    ChangedBody {
        limit: Some(1_000_000),
        caught: Some(400_000),
        released: Some(250_000),
        to: Some(20_779),
        rank: Some(2),
        queued: true,
        reason: "对账".to_owned(),
    }
}

fn imported_body(seed: &mut Seed) -> Body {
    Body::Imported(Box::new(ImportedBody {
        case_key: seed.halves(),
        subjects: seed.many(Seed::next),
        lines: vec![seed.plan_line()],
        standing: vec![standing()],
        request: RequestTwin::from(&seed.request()),
        // Drawn last, so that everything before stays what it was.
        documents: vec![seed.halves()],
        seals: vec![seed.seal()],
    }))
}

fn of_inboxes() -> Vec<(Fact, Option<Body>)> {
    let claimed = ActClaimed { act: ActRef(6, 1), by: "clerk-1".to_owned(), until: 1_795_316_400_000 };
    vec![(claimed.into(), None)]
}

fn of_packets() -> Vec<(Fact, Option<Body>)> {
    let aside = PacketSetAside { cause: "truncated".to_owned(), digest: hex("5a"), partner: "bank-a".to_owned() };
    vec![(aside.into(), None)]
}

fn of_applicants() -> Vec<(Fact, Option<Body>)> {
    let by = || "approver-330225".to_owned();
    vec![
        (ApplicantAllowed { by: by(), case: 6 }.into(), Some(reason())),
        (ApplicantBarred { by: by(), case: 6 }.into(), Some(reason())),
    ]
}

fn document() -> Body {
    Body::Document(DocumentBody {
        digest: format!("sha256:{}", hex("d0")),
        digest_key: (1, u64::MAX),
        file_name: "执行裁定书.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
    })
}

pub(super) fn reason() -> Body {
    Body::Reason(ReasonBody {
        reason: "银行书面答复".to_owned(),
        document: Some(format!("sha256:{}", hex("d0"))),
        amount: Some(1_234_567_800),
    })
}

fn lead() -> Body {
    let full = (0..).map(|n| Seed(n).lead()).find(|lead| {
        lead.line.is_some() && lead.respond_by.is_some() && lead.text.is_some() && !lead.details.is_empty()
    });
    Body::Lead(Box::new(LeadTwin::from(&full.unwrap())))
}

fn planned() -> Body {
    let mut seed = Seed(8);
    Body::Planned(PlannedBody { plan: vec![seed.plan_line()] })
}

/// An outcome with every field set.
fn outcome() -> Body {
    let full = (0..).map(|n| Seed(n).outcome()).find(|outcome| {
        let told = [outcome.limit, outcome.caught, outcome.moved].iter().all(Option::is_some);
        let days = outcome.from.is_some() && outcome.to.is_some() && outcome.as_of.is_some();
        let words = outcome.reason.is_some() && outcome.text.is_some() && outcome.serial.is_some();
        let lists = [outcome.accounts.len(), outcome.ahead.len(), outcome.replies.len(), outcome.findings.len()];
        told && days && words && outcome.due.is_some() && outcome.in_part && !lists.contains(&0)
    });
    Body::Outcome(Box::new(OutcomeTwin::from(&full.unwrap())))
}

pub(super) fn accepted_body(seed: &mut Seed) -> Body {
    Body::Accepted(Box::new(AcceptedBody {
        preservation: None,
        case_key: seed.halves(),
        idempotency: seed.halves(),
        fingerprint: seed.halves(),
        subjects: seed.many(Seed::next),
        plan: seed.many(Seed::plan_line),
        documents: seed.many(Seed::halves),
        seals: seed.many(Seed::seal),
        rules: seed.many(Seed::pack),
        request: RequestTwin::from(&seed.request()),
    }))
}

/// Makes domain values; the same seed makes the same value (SplitMix64).
pub(super) struct Seed(pub u64);

impl Seed {
    fn pack(&mut self) -> PackTwin {
        PackTwin { name: self.text(), version: self.text(), digest: self.text() }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(u64::try_from(all.len()).unwrap())]
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(4) != 0).then(|| make(self))
    }

    pub(super) fn many<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    fn halves(&mut self) -> (u64, u64) {
        (self.next(), self.next())
    }

    /// Whatever may stand in a field: Chinese, quotes, line ends, other planes, zero bytes, the same character escaped.
    fn text(&mut self) -> String {
        const PIECES: [&str; 14] = [
            "张三",
            "𠮷",
            "\"",
            "\\u0041",
            "\u{0}",
            "\u{7f}",
            "\n",
            " ",
            "6222",
            "（2026）浙0225执1234号",
            "é",
            "\u{feff}",
            "a",
            "/",
        ];
        (0..self.below(6)).map(|_| self.one_of(&PIECES)).collect()
    }

    fn personal(&mut self) -> Personal<String> {
        Personal::new(self.text())
    }

    fn signed(&mut self) -> i64 {
        i64::from_ne_bytes(self.next().to_ne_bytes())
    }

    fn money(&mut self) -> Money {
        Money::from_units(self.signed() % Money::LIMIT.units())
    }

    fn day(&mut self) -> Day {
        Day::from_count(i32::try_from(self.signed() % 100_000).unwrap())
    }

    fn original(&mut self) -> Original {
        let act =
            self.maybe(|seed| ActId { sequence: seed.next() >> 11, line: u32::try_from(seed.below(10_000)).unwrap() });
        Original { act, slip: self.text(), case_number: self.personal() }
    }

    fn plan_line(&mut self) -> PlanLine {
        let subject = u16::try_from(self.below(64)).unwrap();
        let mut line = PlanLine::of(self.one_of(ActKind::ALL), "bank-a", subject);
        line.slip = self.next() >> 20;
        line.line = u16::try_from(self.below(3)).unwrap();
        line.approvals = u8::try_from(self.below(3)).unwrap();
        line.account = self.maybe(Self::text);
        line.asset = self.one_of(&[0, u64::MAX]);
        line.amount = self.maybe(|seed| seed.money().units());
        line.from = self.maybe(|seed| seed.day().count());
        line.to = self.maybe(|seed| seed.day().count());
        if let Some(original) = self.maybe(Self::original) {
            line.set_original(&original);
        }
        // Without draws of their own, so that everything after them stays what it was.
        (line.rules, line.bars) = (self.0, u8::try_from(self.0 % 8).unwrap());
        line.property = u8::try_from(self.0 % 7).unwrap();
        line
    }

    fn seal(&mut self) -> SealTwin {
        let key = (0..61_u8).map(|byte| byte.wrapping_mul(29)).collect();
        SealTwin { digest: self.text(), blob: hex("b1"), key, bytes: self.next() >> 11, content_type: self.text() }
    }

    pub(super) fn request(&mut self) -> Request {
        let asked = if self.below(2) == 0 {
            Asked::Acts(self.many(Self::order))
        } else {
            let subjects = self.many(|seed| u16::try_from(seed.below(64)).unwrap());
            Asked::Goal { goal: self.one_of(Goal::ALL), subjects, scope: self.scope() }
        };
        Request {
            case: self.case(),
            asked,
            officers: self.many(Self::officer),
            papers: self.many(Self::paper),
            priority: self.one_of(Priority::ALL),
            deadline: self.maybe(Self::signed),
            callback: self.maybe(Self::personal),
            viewers: Vec::new(),
            preservation: None,
            // Without a draw of its own, as above.
            repeat: self.0.is_multiple_of(3).then_some(Repeat { days: 30, every_hours: 24 }),
        }
    }

    fn scope(&mut self) -> Scope {
        Scope {
            kinds: self.many(|seed| seed.one_of(PartnerKind::ALL)),
            regions: self.many(Self::text),
            partners: self.many(Self::text),
        }
    }

    fn order(&mut self) -> ActOrder {
        ActOrder {
            kind: self.one_of(ActKind::ALL),
            partner: self.text(),
            subject: u16::try_from(self.below(65_536)).unwrap(),
            account: self.maybe(Self::personal),
            amount: self.maybe(Self::money),
            from: self.maybe(Self::day),
            to: self.maybe(Self::day),
            original: self.maybe(Self::original),
            note: self.maybe(Self::personal),
            details: Vec::new(),
        }
    }

    fn case(&mut self) -> Case {
        Case {
            number: self.personal(),
            stage: self.one_of(&[Stage::Enforcement, Stage::Preservation]),
            court: Court { code: self.text(), name: self.text() },
            claim: self.money(),
            costs: self.money(),
            parties: self.many(Self::party),
            account: self.maybe(|seed| CourtAccount {
                holder: seed.text(),
                bank: seed.text(),
                bank_code: seed.text(),
                number: seed.personal(),
            }),
        }
    }

    fn party(&mut self) -> Party {
        Party {
            role: self.one_of(&[Role::Obligor, Role::Creditor, Role::Other]),
            kind: self.one_of(&[PartyKind::Person, PartyKind::Organisation]),
            name: self.personal(),
            id_type: self.text(),
            // Without a draw of its own, so that everything after it stays what it was.
            bankrupt: [None, Some(true), Some(false)][usize::try_from(self.0 % 3).unwrap()],
            id_number: self.personal(),
        }
    }

    fn officer(&mut self) -> Officer {
        Officer { name: self.personal(), work_id: self.personal(), duty_id: self.personal(), phone: self.personal() }
    }

    fn paper(&mut self) -> Paper {
        Paper { kind: self.text(), number: self.personal(), file_name: self.personal(), digest: self.personal() }
    }

    pub(super) fn outcome(&mut self) -> Outcome {
        Outcome {
            verdict: self.one_of(Verdict::ALL),
            reason: self.maybe(|seed| seed.one_of(Reason::ALL)),
            text: self.maybe(Self::personal),
            limit: self.maybe(Self::money),
            caught: self.maybe(Self::money),
            moved: self.maybe(Self::money),
            from: self.maybe(Self::day),
            to: self.maybe(Self::day),
            serial: self.maybe(Self::personal),
            accounts: self.many(Self::account),
            ahead: self.many(Self::prior),
            replies: self.many(Self::reply),
            as_of: self.maybe(Self::text),
            due: self.maybe(Self::day),
            findings: self.many(Self::finding),
            in_part: self.next().is_multiple_of(2),
            about: None,
            account_numbers: Vec::new(),
            named: Vec::new(),
            left: None,
        }
    }

    fn account(&mut self) -> FoundAccount {
        FoundAccount {
            number: self.personal(),
            class: self.text(),
            status: self.text(),
            currency: self.text(),
            balance: self.maybe(Self::money),
            available: self.maybe(Self::money),
            branch: self.text(),
            ahead: self.many(Self::prior),
            asset: self.one_of(AssetKind::ALL),
            role: self.one_of(AssetRole::ALL),
            details: self.many(Self::detail),
        }
    }

    fn detail(&mut self) -> Detail {
        Detail { name: self.text(), value: self.personal() }
    }

    fn finding(&mut self) -> Finding {
        Finding { class: self.one_of(FindingClass::ALL), details: self.many(Self::detail) }
    }

    pub(super) fn lead(&mut self) -> Lead {
        Lead {
            slip: self.text(),
            line: self.maybe(|seed| u16::try_from(seed.below(100)).unwrap()),
            class: self.one_of(LeadClass::ALL),
            serial: self.personal(),
            as_of: self.text(),
            respond_by: self.maybe(|seed| seed.signed() >> 20),
            details: self.many(Self::detail),
            text: self.maybe(Self::personal),
        }
    }

    fn prior(&mut self) -> PriorMeasure {
        PriorMeasure {
            organ: self.personal(),
            paper: self.personal(),
            amount: self.maybe(Self::money),
            to: self.maybe(Self::day),
        }
    }

    fn reply(&mut self) -> SealedReply {
        let bytes = self.many(|seed| u8::try_from(seed.below(256)).unwrap());
        SealedReply {
            file_name: self.personal(),
            file_type: self.text(),
            bytes: Personal::new(bytes),
            md5_fits: self.below(2) == 0,
        }
    }
}
