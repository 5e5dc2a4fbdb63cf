//! An act in memory: about 170 bytes, everything that a decision about it needs; names and papers stay in the journal.

use domain::outcome::{PriorMeasure, Verdict};
use domain::{ActId, ActKind, ActState, Millis, SlipLine, SlipNumber};
use serde::{Deserialize, Serialize};

use super::slab::{Index, NONE};

/// An act that can still change, or whose measure lives.
#[derive(Clone, Serialize, Deserialize)]
pub struct Act {
    /// Sequence of the event that planned it.
    pub sequence: u64,
    /// Slip number.
    pub slip: u64,
    /// What was ordered, in 1/10,000 yuan; 0 for a query.
    pub amount: i64,
    /// Keyed hash of the account; 0 = none named.
    pub asset: u64,
    /// Keyed hash of the subject's identity number.
    pub subject_key: u64,
    /// When it is tried or asked again; 0 = not by time.
    pub due_at: Millis,
    /// Since when it has been in its state.
    pub since: Millis,
    /// When it first became ready: its rank among acts on the same subject; 0 = not yet.
    pub ready_at: Millis,
    /// When bytes may last have left; 0 = never.
    pub sent_at: Millis,
    /// When its newest exchange began, question or sending; 0 = never.
    pub began_at: Millis,
    /// Sequence of the exchange under way; [`u64::MAX`] = none.
    pub exchange: u64,
    /// Sequence of the newest outcome; [`u64::MAX`] = none.
    pub outcome: u64,
    /// Hash of that outcome, to know a repeat.
    pub outcome_hash: u64,
    /// Place in the plan of its event.
    pub place: u32,
    /// Its request; [`NONE`] when only the measure lives on.
    pub request: Index,
    /// Its case.
    pub case: Index,
    /// The measure that it makes or builds on; [`NONE`] = none that we know.
    pub measure: Index,
    /// The money that it takes or gives back; [`NONE`] = none.
    pub taking: Index,
    /// Last day of the effect that it orders, as a day count; `i32::MIN` = not said.
    pub to: i32,
    /// Its partner's lane.
    pub lane: u16,
    /// Its place among the controls on its subject at its partner, counted from whoever came when there was none; 0 = in no such line.
    pub turn: u32,
    /// Which party.
    pub subject: u16,
    /// Line on the slip.
    pub line: u16,
    /// Tries that provably did not reach the partner, or questions asked, in a row.
    pub tries: u16,
    /// Exchanges that carried it.
    pub exchanges: u16,
    /// How many approvals it waits for.
    pub approvals: u8,
    /// [`ActKind`].
    kind: u8,
    /// [`ActState`].
    state: u8,
    /// [`Verdict`] of the newest outcome; 0 = none.
    verdict: u8,
    /// The partner fetches it or answers later: news may still come when all is over.
    pub answers_later: bool,
    /// An earlier sending may have happened, and nothing has ruled it out since.
    pub doubted: bool,
    /// Whose word about a doubt waits for another's: hash of the token name; 0 = nobody's.
    pub settled_by: u32,
    /// What that person said: it took effect.
    pub settled_as: bool,
    /// The sum that person named, in 1/10,000 yuan; -1 = none.
    pub settled_amount: i64,
    /// Somebody else said otherwise before.
    pub settled_differs: bool,
    /// What the law bars of what builds on it, as [`domain::rules::bars`] has it.
    pub bars: u8,
    /// The rule pack it was planned under, by the first 64 bits of its digest; 0 = the one built in.
    pub rules: u64,
    /// Asked again by a goal that repeats: it yields to whatever else waits.
    pub repeats: bool,
    /// Code of the [`domain::delay::Stage`] in which its partner's settings hold it, as was told; 0 = they do not.
    pub held: u8,
    /// Taken back because it no longer fitted claim and costs: the same may be ordered anew for less.
    pub did_not_fit: bool,
    /// The foreign freeze whose rank it takes over (rule D13): its number and its case number, hashed by
    /// [`super::books::paper_key`]; 0 = none.
    pub takes_over: (u64, u64),
    /// What a release of a part has let go, or what was given back, in 1/10,000 yuan as far as it is entered: a later word about it
    /// counts the difference.
    pub effected: i64,
}

/// No sequence.
pub const NO_SEQUENCE: u64 = u64::MAX;

impl Act {
    /// A newly planned act.
    #[must_use]
    pub fn planned(id: ActId, kind: ActKind, state: ActState, at: Millis) -> Self {
        Self {
            sequence: id.sequence,
            turn: 0,
            slip: 0,
            amount: 0,
            asset: 0,
            subject_key: 0,
            due_at: 0,
            since: at,
            ready_at: if state == ActState::Ready { at } else { 0 },
            sent_at: 0,
            began_at: 0,
            exchange: NO_SEQUENCE,
            outcome: NO_SEQUENCE,
            outcome_hash: 0,
            place: id.line,
            request: NONE,
            case: NONE,
            measure: NONE,
            taking: NONE,
            to: i32::MIN,
            lane: 0,
            subject: 0,
            line: 0,
            tries: 0,
            exchanges: 0,
            approvals: 0,
            kind: kind.code(),
            state: state.code(),
            verdict: 0,
            answers_later: false,
            doubted: false,
            settled_by: 0,
            settled_as: false,
            settled_amount: -1,
            settled_differs: false,
            bars: 0,
            rules: 0,
            repeats: false,
            held: 0,
            did_not_fit: false,
            takes_over: (0, 0),
            effected: 0,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ActId {
        ActId { sequence: self.sequence, line: self.place }
    }

    /// Its key for the partner.
    #[must_use]
    pub fn slip_line(&self) -> SlipLine {
        SlipLine { slip: SlipNumber::from_bits(self.slip), line: self.line }
    }

    /// Is this the word about its doubt that waits for another person's? The sum in 1/10,000 yuan.
    #[must_use]
    pub fn says_the_same(&self, took_effect: bool, amount: Option<i64>) -> bool {
        self.settled_by != 0 && self.settled_as == took_effect && self.settled_amount == amount.unwrap_or(-1)
    }

    /// What was ordered.
    #[must_use]
    pub fn kind(&self) -> ActKind {
        ActKind::from_code(self.kind).unwrap_or(ActKind::Query)
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> ActState {
        ActState::from_code(self.state).unwrap_or(ActState::InDoubt)
    }

    pub(crate) fn set_state(&mut self, state: ActState, at: Millis) {
        self.state = state.code();
        self.since = at;
        if state == ActState::Ready && self.ready_at == 0 {
            self.ready_at = at;
        }
    }

    /// The newest verdict.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::from_code(self.verdict)
    }

    pub(crate) fn set_verdict(&mut self, verdict: Option<Verdict>) {
        self.verdict = verdict.map_or(0, Verdict::code);
    }

    /// Is this the freeze whose rank it takes over (rule D13)?
    #[must_use]
    pub fn takes_over(&self, prior: &PriorMeasure) -> bool {
        let key = super::books::paper_key(prior.paper.expose());
        key != 0 && (key == self.takes_over.0 || key == self.takes_over.1)
    }

    /// Does it build on a measure that another act made?
    #[must_use]
    pub fn builds_on_measure(&self) -> bool {
        self.measure != NONE && !self.kind().is_lasting()
    }

    /// Is it an order of a secret request (rule D5)? Its questions are not marked.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.bars & domain::rules::bars::TELLING != 0
    }

    /// Has an exchange begun that has not ended?
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.exchange != NO_SEQUENCE
    }
}
