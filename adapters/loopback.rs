//! A partner that answers by a script in its options, without a network: for trying out a configuration, and for tests of the floors above.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::form::{Form, PartRelease};
use domain::outcome::{AssetKind, AssetRole, FoundAccount, Outcome, Reason, Verdict};
use domain::partner::Travel;
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::{Adapter, CallOut, Cause, Judged, OptionFault, PartnerOptions, Plug, SocketFuture};
use domain::{ActKind, Money, Personal};

use crate::options::Reading;

/// The adapter that talks to nobody.
pub(crate) const LOOPBACK: Adapter = Adapter {
    name: "loopback",
    travel: Travel::CallOut,
    options: OPTIONS,
    acts: ActKind::ALL,
    form: |_| Form { part_release: PartRelease::Read, ..Form::default() },
    build,
};

const OPTIONS: &[(&str, &str)] = &[
    (
        "answers",
        "comma list taken in turn and begun anew: done, partly, queued, refused, no_such_customer, accepted, doubt, not_sent, throttled (default done)",
    ),
    ("caught", "what `partly` holds or moves, in hundredths of the amount ordered, 0 to 100 (default 50)"),
    (
        "ask",
        "what a question answers: known (what was settled when it was sent), not_found, accepted, doubt (default known)",
    ),
    (
        "settles",
        "what `accepted` and `doubt` have come to when they are asked about: done, partly, refused, nothing (default done)",
    ),
    ("balance", "balance of the one account that a query finds, in yuan (default 10000.00)"),
];

/// Numbers remembered for questions; beyond it the oldest are forgotten, so that a long test cannot fill memory.
const REMEMBERED_MAX: usize = 100_000;
/// More steps than any script a person writes.
const STEPS_MAX: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Verdict(Verdict),
    Accepted,
    Doubt,
    NotSent(Cause),
    /// Never arrived: a question finds nothing.
    Nothing,
    Known,
}

impl Step {
    fn answer(word: &str) -> Option<Self> {
        Some(match word {
            "done" => Self::Verdict(Verdict::Done),
            "partly" => Self::Verdict(Verdict::Partly),
            "queued" => Self::Verdict(Verdict::Queued),
            "refused" => Self::Verdict(Verdict::Refused),
            "no_such_customer" => Self::Verdict(Verdict::NoSuchCustomer),
            "accepted" => Self::Accepted,
            "doubt" => Self::Doubt,
            "not_sent" => Self::NotSent(Cause::Connect),
            "throttled" => Self::NotSent(Cause::Throttled),
            _ => return None,
        })
    }

    fn ask(word: &str) -> Option<Self> {
        Some(match word {
            "known" => Self::Known,
            "not_found" => Self::Nothing,
            "accepted" => Self::Accepted,
            "doubt" => Self::Doubt,
            _ => return None,
        })
    }

    fn settles(word: &str) -> Option<Self> {
        match word {
            "nothing" => Some(Self::Nothing),
            "done" | "partly" | "refused" => Self::answer(word),
            _ => None,
        }
    }
}

struct Loopback {
    answers: Vec<Step>,
    caught_percent: i64,
    ask: Step,
    settles: Step,
    balance: Money,
    turn: AtomicUsize,
    /// What became of each number, for questions.
    known: Mutex<BTreeMap<SlipLine, Option<Outcome>>>,
}

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let answers =
        reading.read("answers", vec![Step::Verdict(Verdict::Done)], "words of the list, at most 1000", |text| {
            let steps: Option<Vec<Step>> =
                text.split(',').take(STEPS_MAX + 1).map(|word| Step::answer(word.trim())).collect();
            steps.filter(|steps| steps.len() <= STEPS_MAX)
        });
    let caught_percent = reading.read("caught", 50, "a whole number from 0 to 100", |text| {
        text.parse().ok().filter(|percent| (0..=100).contains(percent))
    });
    let ask = reading.read("ask", Step::Known, "known, not_found, accepted or doubt", Step::ask);
    let settles =
        reading.read("settles", Step::Verdict(Verdict::Done), "done, partly, refused or nothing", Step::settles);
    let balance = reading.read("balance", Money::from_fen(1_000_000), "an amount such as 10000.00", |text| {
        Money::parse_order(text).ok()
    });
    let known = Mutex::new(BTreeMap::new());
    reading.finish(Plug::CallOut(Arc::new(Loopback {
        answers,
        caught_percent,
        ask,
        settles,
        balance,
        turn: AtomicUsize::new(0),
        known,
    })))
}

impl Loopback {
    fn judge(&self, slip: &Slip) -> Judged {
        let unencodable = Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None };
        let [line] = slip.lines.as_slice() else { return unencodable };
        let key = SlipLine { slip: slip.number, line: line.line };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.answers.len().max(1);
        match self.answers.get(turn) {
            Some(Step::Verdict(verdict)) => {
                let outcome = self.outcome(*verdict, slip, line);
                self.remember(key, Some(outcome.clone()));
                Judged::Answered(Box::new(outcome))
            }
            Some(Step::NotSent(cause)) => Judged::NotSent { cause: *cause, retry_after_ms: None },
            step => {
                let settled = match self.settles {
                    Step::Verdict(verdict) => Some(self.outcome(verdict, slip, line)),
                    _ => None,
                };
                self.remember(key, settled);
                if step == Some(&Step::Accepted) { Judged::Accepted } else { Judged::Doubt { cause: Cause::Timeout } }
            }
        }
    }

    fn outcome(&self, verdict: Verdict, slip: &Slip, line: &Line) -> Outcome {
        let mut outcome = Outcome::of(verdict);
        let got = match (verdict, line.amount) {
            (Verdict::Done, amount) => amount,
            (Verdict::Partly, Some(amount)) => {
                Some(Money::from_units(amount.units() / 100 * self.caught_percent).floor_fen())
            }
            (_, amount) => amount.map(|_| Money::ZERO),
        };
        match line.kind {
            ActKind::Query if verdict == Verdict::Done => outcome.accounts.push(self.account(slip)),
            kind if kind.transfers() => outcome.moved = got,
            ActKind::Freeze | ActKind::Renew => {
                outcome.limit = line.amount;
                outcome.caught = got;
                (outcome.from, outcome.to) = (line.from, line.to);
            }
            _ => {}
        }
        match verdict {
            Verdict::Partly => outcome.because(Reason::Insufficient, ""),
            Verdict::Queued => outcome.because(Reason::PriorRight, ""),
            Verdict::Refused => outcome.because(Reason::Other, "脚本应答：拒绝"),
            _ => outcome,
        }
    }

    /// The same subject has the same account at every query.
    fn account(&self, slip: &Slip) -> FoundAccount {
        let digits: String =
            slip.party().map(|party| party.id_number.expose().chars().rev().take(8).collect()).unwrap_or_default();
        FoundAccount {
            number: Personal::new(format!("LB{digits}")),
            class: "活期".to_owned(),
            status: "正常".to_owned(),
            currency: "156".to_owned(),
            balance: Some(self.balance),
            available: Some(self.balance),
            branch: "回送测试行".to_owned(),
            ahead: Vec::new(),
            asset: AssetKind::Cash,
            role: AssetRole::Owner,
            details: Vec::new(),
        }
    }

    fn remember(&self, key: SlipLine, outcome: Option<Outcome>) {
        // A poisoned lock still guards a whole map: nothing panics between its changes.
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.entry(key).or_insert(outcome);
        if known.len() > REMEMBERED_MAX {
            drop(known.pop_first());
        }
    }

    fn asked(&self, key: SlipLine) -> Judged {
        match self.ask {
            Step::Known => {
                let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                known
                    .get(&key)
                    .cloned()
                    .flatten()
                    .map_or(Judged::NotFound, |outcome| Judged::Answered(Box::new(outcome)))
            }
            Step::Accepted => Judged::Accepted,
            Step::Doubt => Judged::Doubt { cause: Cause::Timeout },
            _ => Judged::NotFound,
        }
    }
}

impl CallOut for Loopback {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(async move { self.judge(slip) })
    }

    fn ask<'a>(&'a self, key: SlipLine, _kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move { self.asked(key) })
    }
}
