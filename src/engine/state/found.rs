//! What the queries of an open request have found: an answer may come in parts, and the newest word about each account stands.

use std::collections::BTreeMap;

use domain::ActState;
use domain::outcome::{ACCOUNTS_MAX, AssetKind, AssetRole, Verdict};
use serde::{Deserialize, Serialize};
use store::record::{FoundTwin, OutcomeTwin};

use super::books::id_key;
use super::slab::Index;
use super::{Act, Measure, State, short_hash};

/// The most messages in which one query may be answered: as many as it may have accounts, each told by itself.
pub const PARTS_MAX: usize = 2_000;

/// What others hold of an account of which that was never told: more than there is, so that nothing is taken for ours.
pub const HELD_UNKNOWN: i64 = i64::MAX;

/// An account that a query of an open request found.
#[derive(Clone, Serialize, Deserialize)]
pub struct Found {
    /// The query.
    pub query: Index,
    /// Hash of partner and account.
    pub asset: u64,
    /// Hash of what tells it from others of the same number: a card's demand and time deposits share one, and so do its currencies.
    pub row: u64,
    /// Hash of all that was said of it, to know a repeat.
    pub said: u64,
    /// The account.
    pub account: String,
    /// What could be held, in 1/10,000 yuan; 0 when it is not in CNY.
    pub available: i64,
    /// What stands there though others hold it, in 1/10,000 yuan; 0 when something is available, or nothing at all.
    pub behind_others: i64,
    /// What others hold there, in 1/10,000 yuan, as it was first told beside the one freeze of this case; [`HELD_UNKNOWN`] until then.
    pub others: i64,
    /// Key of the freeze beside which that was told, 0 = none. It stays while that one does: those who come later stand behind it.
    pub beside: u64,
    /// Code of what sort of property it is.
    pub asset_kind: u8,
    /// Code of what the subject is to it.
    pub role: u8,
    /// What the partner calls it.
    pub class: String,
}

/// The one freeze of ours on an account, and what is held there in all; sums in 1/10,000 yuan.
pub(crate) struct OursThere {
    key: u64,
    /// What it holds now, as far as we know.
    caught: i64,
    /// What is held there, by whomever.
    all: i64,
}

impl OursThere {
    pub(crate) fn of(freeze: &Measure, all: i64) -> Self {
        let key = id_key(freeze.sequence, freeze.place);
        Self { key, caught: freeze.caught(), all }
    }

    /// What others hold there; `before` = what the question before this one found. What came between our freeze and the first question
    /// after it cannot be told from what others hold, and is taken for theirs.
    pub(crate) fn others(&self, before: Option<&Found>) -> i64 {
        let told = before.filter(|before| before.beside == self.key).map(|before| before.others);
        told.unwrap_or_else(|| self.all.saturating_sub(self.caught).max(0))
    }
}

/// What tells rows of one number apart; `foreign` is the currency when it is another than the yuan.
pub(crate) fn row_of(number: &str, class: &str, foreign: &str) -> u64 {
    short_hash(&[number, class, foreign])
}

impl Found {
    fn of(query: Index, partner: &str, account: &FoundTwin) -> Self {
        let cny = account.is_cny();
        let (available, balance) = (account.available.unwrap_or(0).max(0), account.balance.unwrap_or(0).max(0));
        Self {
            query,
            asset: short_hash(&[partner, &account.number]),
            row: row_of(&account.number, &account.class, if cny { "" } else { &account.currency }),
            said: account.fingerprint(),
            account: account.number.clone(),
            available: if cny { available } else { 0 },
            behind_others: if cny && available == 0 && !account.ahead.is_empty() { balance } else { 0 },
            others: HELD_UNKNOWN,
            beside: 0,
            asset_kind: account.asset,
            role: account.role,
            class: account.class.clone(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.asset == other.asset && self.row == other.row
    }

    /// What sort of property it is.
    #[must_use]
    pub fn kind(&self) -> AssetKind {
        AssetKind::from_code(self.asset_kind).unwrap_or(AssetKind::Other)
    }

    /// What the subject is to it.
    #[must_use]
    pub fn role(&self) -> AssetRole {
        AssetRole::from_code(self.role).unwrap_or(AssetRole::Owner)
    }
}

/// A message in which part of a query's answer came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The query.
    pub query: Index,
    /// Sequence of its outcome.
    pub sequence: u64,
    /// Hash of all that it said beside accounts, to know a repeat.
    pub beside: u64,
}

/// What an outcome is to those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum News {
    /// All of it was said before and stands.
    Known,
    /// More messages, or more accounts in them, than a query may have.
    TooMany,
    /// It is news, and the act is in this state with it.
    Told(ActState),
}

impl State {
    /// What an outcome that came by itself is to those before it.
    pub(crate) fn news_of(&self, index: Index, outcome: &OutcomeTwin) -> News {
        let Some(act) = self.acts.get(index) else { return News::Known };
        let verdict = outcome.verdict();
        let said = verdict.map_or(ActState::InDoubt, Verdict::state);
        if !outcome.in_part || !act.kind().is_question() {
            let repeats = act.state().is_final() && act.outcome_hash == outcome.fingerprint();
            return if repeats { News::Known } else { News::Told(said) };
        }
        let Some(open) = self.requests.get(act.request) else { return News::Told(said) };
        let (partner, beside) = (self.partner_of(act.lane), outcome.fingerprint_beside());
        let told: Vec<&Part> = open.parts.iter().filter(|part| part.query == index).collect();
        let own: Vec<&Found> = open.found.iter().filter(|found| found.query == index).collect();
        let news = outcome.accounts.iter().map(|account| Found::of(index, partner, account));
        let (mut is_news, mut fresh) = (!told.iter().any(|part| part.beside == beside), 0);
        for account in news {
            let known = own.iter().find(|found| found.is_same(&account));
            is_news |= known.is_none_or(|known| known.said != account.said);
            fresh += usize::from(known.is_none());
        }
        // Nothing but words: the last ones stand, so they are known only when they are the last.
        if outcome.accounts.is_empty() && own.is_empty() && verdict != Some(Verdict::Registered) {
            is_news = told.last().is_none_or(|part| part.beside != beside);
        }
        if !is_news {
            return News::Known;
        }
        if told.len() >= PARTS_MAX || own.len() + fresh > ACCOUNTS_MAX {
            return News::TooMany;
        }
        // An account found weighs more than words that there is none elsewhere; what is told beside ends nothing and undoes nothing.
        let has_accounts = !own.is_empty() || !outcome.accounts.is_empty();
        News::Told(match verdict {
            Some(Verdict::Registered) if act.state().is_final() => act.state(),
            Some(Verdict::NoSuchCustomer | Verdict::Refused) if has_accounts => ActState::Done,
            _ => said,
        })
    }

    /// Enters what a query found.
    pub(crate) fn found(&mut self, query: Index, outcome: &OutcomeTwin) {
        let Some(act) = self.acts.get(query) else { return };
        let partner = self.partner_of(act.lane).to_owned();
        let (request, repeats, asked) = (act.request, act.repeats, (act.lane, act.subject));
        let sequence = act.outcome;
        // A question asked again takes the place of the one before it, so that what is left to live stays where it was.
        let acts = &self.acts;
        let same = |found: &Found| {
            let before = acts.get(found.query).filter(|_| repeats);
            found.query == query || before.is_some_and(|before| (before.lane, before.subject) == asked)
        };
        let ours = if repeats { self.ours_there(act, &partner, outcome) } else { BTreeMap::new() };
        let Some(open) = self.requests.get_mut(request) else { return };
        let mut answered: Vec<Found> =
            outcome.accounts.iter().map(|account| Found::of(query, &partner, account)).collect();
        for account in &mut answered {
            let before = open.found.iter().find(|found| same(found) && found.is_same(account));
            let known = before.map(|before| (before.others, before.beside));
            let told = ours.get(&account.row).map(|ours| (ours.others(before), ours.key)).or(known);
            (account.others, account.beside) = told.unwrap_or((account.others, account.beside));
        }
        if outcome.in_part {
            open.parts.push(Part { query, sequence, beside: outcome.fingerprint_beside() });
            for account in answered {
                let known = open.found.iter_mut().find(|found| same(found) && found.is_same(&account));
                match known {
                    Some(known) => *known = account,
                    None => open.found.push(account),
                }
            }
            return;
        }
        open.parts.retain(|part| part.query != query);
        let place = open.found.iter().position(same).filter(|_| repeats).unwrap_or(open.found.len());
        open.found.retain(|found| !same(found));
        let place = place.min(open.found.len());
        open.found.splice(place..place, answered);
    }

    /// The one freeze of ours on each account that an answer tells of, by its row; none where it cannot be told what of it is ours.
    fn ours_there(&self, question: &Act, partner: &str, outcome: &OutcomeTwin) -> BTreeMap<u64, OursThere> {
        let freezes = self.only_freezes(question.case);
        let told = |account: &FoundTwin| {
            let freeze = self.measures.get((*freezes.get(&short_hash(&[partner, &account.number]))?)?)?;
            let all = account.held().filter(|_| account.is_cny() && freeze.stood_when_asked(question))?;
            Some((row_of(&account.number, &account.class, ""), OursThere::of(freeze, all)))
        };
        outcome.accounts.iter().filter_map(told).collect()
    }

    /// The live freezes of a case by what they are on; `None` where there is more than one: what an account holds for two cannot be told
    /// apart.
    pub(crate) fn only_freezes(&self, case: Index) -> BTreeMap<u64, Option<Index>> {
        let mut only = BTreeMap::new();
        for (index, measure) in self.measures_of_case(case).filter(|(_, measure)| measure.is_live_freeze()) {
            only.entry(measure.asset).and_modify(|only| *only = None).or_insert(Some(index));
        }
        only
    }

    /// The messages in which a query was answered, where it was in parts, oldest first.
    pub(crate) fn parts_of(&self, query: Index) -> impl Iterator<Item = u64> {
        let open = self.acts.get(query).and_then(|act| self.requests.get(act.request));
        let parts = open.into_iter().flat_map(|open| &open.parts);
        parts.filter(move |part| part.query == query).map(|part| part.sequence)
    }
}
