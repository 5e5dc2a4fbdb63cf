//! Views of what proves an act, and of what its applicant may see.

use domain::act::ActOrder;
use domain::delay::Awaited;
use domain::outcome::FoundAccount;
use domain::request::RequestState;
use domain::rules::Rule;
use domain::{ActId, ActKind, ActState, CaseId, Day, Millis, Money, Personal, RequestId};

use super::MeasureView;
use crate::delay::Stretch;

/// Lines of one list in what proves an act: an act that is asked about each day for half a year stays below it. The events beside them are paged.
pub const EVIDENCE_LINES_MAX: usize = 200;
/// Leaves that are looked at for one act: all the events of a request to 4,000 partners, in about a tenth of a second.
pub const EVIDENCE_LOOKED_MAX: usize = 20_000;

/// Everything that proves one act, from the journal alone.
pub struct EvidenceView {
    /// The act.
    pub act: ActId,
    /// Its request.
    pub request: RequestId,
    /// Its case.
    pub case: CaseId,
    /// Court code.
    pub court: String,
    /// What sort; `None` when its case was erased.
    pub kind: Option<ActKind>,
    /// The partner; empty when its case was erased and it never left.
    pub partner: String,
    /// Where it stands by the newest of its events.
    pub state: ActState,
    /// By when this was put together.
    pub as_of: Millis,
    /// The case's key was destroyed: what was sealed is gone, the leaves and their proofs stay.
    pub erased: bool,
    /// What stands sealed; `None` for whoever may not see it, and when it is erased.
    pub sealed: Option<SealedEvidence>,
    /// SHA-256 of the sealed body that ordered it, hex.
    pub order_digest: Option<String>,
    /// The separate times of rule D16.
    pub times: EvidenceTimes,
    /// In what stage it waited and for whom (rule D29), in order.
    pub delays: Vec<Stretch>,
    /// How long each was waited for, in milliseconds.
    pub waited: Vec<(Awaited, Millis)>,
    /// Messages, the first [`EVIDENCE_LINES_MAX`].
    pub exchanges: Vec<ExchangeLine>,
    /// How many messages there were.
    pub exchanges_total: u32,
    /// Who ordered, approved, withdrew, settled.
    pub people: Vec<PersonLine>,
    /// When the clerks of a partner without a system were reminded of it, the first [`EVIDENCE_LINES_MAX`] attempts.
    pub reminders: Vec<ReminderLine>,
    /// Written objections (rule D18) and what became of them.
    pub objections: Vec<ObjectionLine>,
    /// Rank as the partner registered it, each time that it said so (rules D15, D31).
    pub ranks: Vec<RankLine>,
    /// Let go by the partner without an order of ours (rule D30).
    pub released_alone: Vec<ReleasedLine>,
    /// The rules of the level evidence that apply to it.
    pub rules: Vec<&'static Rule>,
    /// Every event of it that was looked at is here; else the newest were not, and the cursor goes on.
    pub complete: bool,
    /// A page of its events, oldest first.
    pub events: Vec<EvidenceEvent>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// How many events there are.
    pub events_total: u32,
    /// Size of the tree that the proofs are for.
    pub tree_size: u64,
    /// The signed checkpoint that they lead to.
    pub checkpoint: String,
    /// Signed: which events there are.
    pub head: EvidenceHead,
}

/// What is signed of all the events of an act, whatever page of them is shown; the rest of what the signature covers stands in the
/// [`EvidenceView`] around it.
pub struct EvidenceHead {
    /// The name of the log.
    pub log: String,
    /// SHA-256 over every event in order: its sequence in eight bytes, big-endian, then its leaf hash.
    pub events_digest: [u8; 32],
    /// By the key of receipts, under the context `xiezhi.evidence.v1`.
    pub signature: [u8; 64],
}

impl Default for EvidenceHead {
    fn default() -> Self {
        Self { log: String::new(), events_digest: [0; 32], signature: [0; 64] }
    }
}

/// What stands sealed in the events of an act.
pub struct SealedEvidence {
    /// 案号.
    pub case_number: Personal<String>,
    /// What was ordered.
    pub order: ActOrder,
    /// The slip and line under which the partner knows it.
    pub slip: String,
    /// Officers in charge: name and the numbers of work and duty cards.
    pub officers: Vec<[Personal<String>; 3]>,
    /// Papers: kind, number, digest.
    pub papers: Vec<(String, Personal<String>, Personal<String>)>,
}

/// An instant with the event that says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// When it was recorded.
    pub at: Millis,
    /// The event.
    pub event: u64,
}

/// The separate times of an act (rule D16); `None` = not yet, or never.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct EvidenceTimes {
    /// It was ordered.
    pub decided: Option<Moment>,
    /// It was ready to go: with every approval that it needs.
    pub queued: Option<Moment>,
    /// Its first message began, or it was first listed for a partner that fetches.
    pub sent: Option<Moment>,
    /// The partner showed that it has it: it fetched it, took it or answered it.
    pub received: Option<Moment>,
    /// The partner said that it took effect.
    pub effective: Option<Moment>,
    /// The partner's own time of that, in its words; personal data is not in it.
    pub effective_as_of: Option<String>,
    /// The first day of the effect by the partner's word.
    pub effective_from: Option<Day>,
    /// It was final for the first time.
    pub answered: Option<Moment>,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExchangeLine {
    /// Which, from 1.
    pub number: u32,
    /// Its `exchange.began`, or the event by which it came in.
    pub event: u64,
    /// `send`, `ask`, `offer`, or the way by which it came in.
    pub kind: String,
    /// When it began.
    pub began: Millis,
    /// When it ended, and the event.
    pub ended: Option<Moment>,
    /// How it was judged; empty while it is under way.
    pub judged: String,
    /// What was seen, when nothing was answered.
    pub cause: String,
    /// What the partner says became of it.
    pub verdict: String,
    /// The state the act was in after it.
    pub state: String,
    /// SHA-256 of the sealed answer, hex.
    pub digest: Option<String>,
    /// SHA-256 of each sealed reply (回执) in it, hex; only for whoever may see what is sealed.
    pub replies: Vec<String>,
}

/// Something that a person did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonLine {
    /// The event.
    pub event: u64,
    /// When.
    pub at: Millis,
    /// The event's name.
    pub what: &'static str,
    /// Name of the token.
    pub by: String,
}

/// An attempt to remind the partner's clerks of the act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReminderLine {
    /// Its `reminder.began`.
    pub event: u64,
    /// When it began.
    pub at: Millis,
    /// `arrived`, `waiting`, `overdue`: of the inbox as a whole, not of this act alone.
    pub why: String,
    /// Which try it was, from 1.
    pub tries: u32,
    /// When it ended, and the event; `None` = it is under way.
    pub ended: Option<Moment>,
    /// `acknowledged`, `not_acknowledged`, `given_up`; empty while it is under way.
    pub judged: String,
    /// What was seen, when it was not acknowledged.
    pub cause: String,
}

/// A written objection.
pub struct ObjectionLine {
    /// The event that raised it.
    pub event: u64,
    /// When it came.
    pub at: Millis,
    /// Until when the court must answer.
    pub due: Option<Millis>,
    /// What it says; empty for whoever may not see it.
    pub text: Personal<String>,
    /// The answer: when, `done` or `dismissed`, by whom.
    pub answered: Option<(Moment, String, String)>,
    /// In the words of whoever answered; empty for whoever may not see it.
    pub answer: Personal<String>,
}

/// A rank as the partner registered it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RankLine {
    /// The event.
    pub event: u64,
    /// When it was recorded.
    pub at: Millis,
    /// 1 = first; `None` = behind others that the partner does not name.
    pub rank: Option<u16>,
    /// It waits behind others.
    pub queued: bool,
}

/// A release without an order of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleasedLine {
    /// The event.
    pub event: u64,
    /// When it was recorded.
    pub at: Millis,
    /// How it came to be known: `told`, `requeried`, `reconciled`, `superseded`.
    pub how: String,
    /// Where the measure stands since.
    pub state: String,
}

/// One event with its place in the trail.
pub struct EvidenceEvent {
    /// Place in journal and trail.
    pub sequence: u64,
    /// When.
    pub at: Millis,
    /// Its name.
    pub name: &'static str,
    /// What happened, Chinese.
    pub zh: &'static str,
    /// What happened, English.
    pub en: &'static str,
    /// In a person's words, where there are any and the caller may see them.
    pub reason: Option<Personal<String>>,
    /// The leaf, canonical JSON.
    pub leaf: Vec<u8>,
    /// RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
    /// Hashes from the leaf up to the checkpoint; `None` while that does not cover it.
    pub proof: Option<Vec<[u8; 32]>>,
}

/// What the applicant may see of a request: sums and states (rule D34).
pub struct ApplicantView {
    /// 案号.
    pub case_number: Personal<String>,
    /// Court code.
    pub court: String,
    /// `look`, `secure`, `collect`, `acts`.
    pub goal: String,
    /// Where it stands.
    pub state: RequestState,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// As of when this is.
    pub as_of: Millis,
    /// Sums over this request alone: those of the case would tell of a secret one.
    pub sums: ApplicantSums,
    /// How many acts are in each state.
    pub counts: Vec<(ActState, u32)>,
    /// What came of each act of a page, in the order they were planned.
    pub results: Vec<ApplicantResult>,
    /// Where the next page begins; `None` at the end.
    pub next_page: Option<u32>,
    /// The case's key was destroyed.
    pub erased: bool,
}

/// What came of a request in all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ApplicantSums {
    /// Claim and costs of the case.
    pub target: Money,
    /// Held now by its measures.
    pub controlled: Money,
    /// Moved to the court by its acts.
    pub deducted: Money,
}

/// What came of one act.
pub struct ApplicantResult {
    /// What was ordered.
    pub kind: ActKind,
    /// At which partner.
    pub partner: String,
    /// Which party, in the order of the request.
    pub subject: u16,
    /// Where it stands.
    pub state: ActState,
    /// The end of the account that it is about.
    pub account: Option<AccountEnd>,
    /// What was ordered.
    pub amount: Option<Money>,
    /// Held, by the newest answer.
    pub caught: Option<Money>,
    /// Moved to the court, by the newest answer.
    pub moved: Option<Money>,
    /// What stands now.
    pub measure: Option<MeasureView>,
    /// What a question found.
    pub found: Vec<ApplicantFound>,
}

/// Property that a question found.
pub struct ApplicantFound {
    /// What sort.
    pub asset: domain::outcome::AssetKind,
    /// The end of its number.
    pub account: AccountEnd,
    /// What stands there.
    pub balance: Option<Money>,
    /// What can be held.
    pub available: Option<Money>,
}

/// The last characters of a number, and nothing of it when it is too short for that.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountEnd(pub Personal<String>);

/// So many characters of a number are shown.
const ACCOUNT_END_CHARACTERS: usize = 4;

impl AccountEnd {
    /// Of a number; at least as many characters stay hidden as are shown.
    #[must_use]
    pub fn of(number: &str) -> Self {
        let count = number.chars().count();
        let shown = if count >= 2 * ACCOUNT_END_CHARACTERS { ACCOUNT_END_CHARACTERS } else { 0 };
        Self(Personal::new(number.chars().skip(count - shown).collect()))
    }
}

impl From<&FoundAccount> for ApplicantFound {
    fn from(found: &FoundAccount) -> Self {
        Self {
            asset: found.asset,
            account: AccountEnd::of(found.number.expose()),
            balance: found.balance,
            available: found.available,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_half_of_a_number_stays_hidden() {
        let end = |number: &str| AccountEnd::of(number).0.expose().clone();
        assert_eq!(end("6228480318051081870"), "1870");
        assert_eq!(end("12345678"), "5678");
        assert_eq!(end("1234567"), "");
        assert_eq!(end(""), "");
        assert_eq!(end("保单编号甲乙丙丁"), "甲乙丙丁");
    }
}
