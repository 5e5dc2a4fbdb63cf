//! Sums in force: what an outcome makes of an act's limit, catch and money moved, and of the freeze it builds on.

use domain::outcome::Verdict;
use domain::{ActKind, ActState};
use store::record::OutcomeTwin;

use crate::state::slab::Index;
use crate::state::{Found, State, short_hash};

impl State {
    /// Sums in force after an outcome: of the act itself, and of the freeze it builds on.
    pub(crate) fn apply_sums(
        &mut self,
        index: Index,
        state: ActState,
        verdict: Option<Verdict>,
        outcome: Option<&OutcomeTwin>,
    ) {
        let Some(act) = self.acts.get_mut(index) else { return };
        let effect = state.took_effect();
        match act.kind() {
            kind if kind.is_question() => {
                if let Some(outcome) = outcome {
                    self.found(index, outcome);
                }
            }
            ActKind::Freeze if effect => {
                let limit = outcome.and_then(|o| o.limit).unwrap_or(act.amount).max(0);
                let whole = if verdict == Some(Verdict::Queued) { 0 } else { limit };
                act.caught =
                    outcome.and_then(|o| o.caught).unwrap_or(whole).clamp(0, limit).saturating_sub(act.moved).max(0);
                act.limit = limit.saturating_sub(act.moved).max(0);
                act.to = outcome.and_then(|o| o.to).unwrap_or(act.to);
            }
            ActKind::Freeze => (act.limit, act.caught) = (0, 0),
            kind if kind.moves_money() => {
                let all = if state == ActState::Done { act.amount } else { 0 };
                let moved = if effect { outcome.and_then(|o| o.moved).unwrap_or(all).max(0) } else { 0 };
                let (change, base) = (moved - act.moved, act.base);
                act.moved = moved;
                if let Some(freeze) = self.acts.get_mut(base) {
                    freeze.moved += change;
                    freeze.limit = freeze.limit.saturating_sub(change).max(0);
                    freeze.caught = freeze.caught.saturating_sub(change).max(0);
                }
            }
            ActKind::Release => {
                let base = act.base;
                if effect && let Some(freeze) = self.acts.get_mut(base) {
                    (freeze.limit, freeze.caught) = (0, 0);
                }
            }
            ActKind::Renew => {
                let (base, to) = (act.base, outcome.and_then(|o| o.to).unwrap_or(act.to));
                if effect && let Some(freeze) = self.acts.get_mut(base) {
                    freeze.to = to;
                }
            }
            ActKind::Lift => {
                let base = act.base;
                if effect && let Some(measure) = self.acts.get_mut(base) {
                    measure.lifted = true;
                }
            }
            _ => {}
        }
    }

    fn found(&mut self, query: Index, outcome: &OutcomeTwin) {
        let Some(act) = self.acts.get(query) else { return };
        let partner = self.partner_of(act.lane).to_owned();
        let request = act.request;
        let Some(open) = self.requests.get_mut(request) else { return };
        open.found.retain(|found| found.query != query);
        for account in &outcome.accounts {
            let cny = matches!(account.currency.as_str(), "" | "156" | "CNY" | "人民币");
            let (available, balance) = (account.available.unwrap_or(0).max(0), account.balance.unwrap_or(0).max(0));
            open.found.push(Found {
                query,
                asset: short_hash(&[&partner, &account.number]),
                account: account.number.clone(),
                available: if cny { available } else { 0 },
                behind_others: if cny && available == 0 && !account.ahead.is_empty() { balance } else { 0 },
                asset_kind: account.asset,
                role: account.role,
                class: account.class.clone(),
            });
        }
    }
}
