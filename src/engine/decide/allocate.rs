//! What a goal does next: which assets are frozen, out of which money comes, what is let go. Frozen parameters, the ledger's
//! ceilings, never a second try.

use std::collections::BTreeSet;

use domain::outcome::{AssetKind, AssetRole};
use domain::request::Goal;
use domain::rules::{bars, brings};
use domain::{ActKind, ActState, Day, Millis, Money};
use store::record::{ActRef, PlanLine};

use super::Decider;
use crate::state::slab::Index;
use crate::state::{Act, Found, Measure, OpenRequest};

/// So long an asset of a later kind waits for questions about earlier ones that may be answered at once; then it is taken as it
/// is. Two minutes are what an officer is promised.
pub const PATIENCE_MS: Millis = 120_000;

impl Decider {
    pub(super) fn next_acts(&self, request: Index) -> Vec<PlanLine> {
        let Some(open) = self.state.requests.get(request) else { return Vec::new() };
        let room = domain::request::ACTS_MAX.saturating_sub(open.acts.len());
        let may_start = open.may_start() && !self.state.is_halted(open.case);
        let mut plan = match open.goal() {
            Some(Goal::Secure) if may_start => {
                let mut plan = self.freezes(open);
                plan.extend(self.spills(open, &[]));
                plan
            }
            Some(Goal::Collect) if may_start => {
                let mut plan = self.freezes(open);
                let takings = self.takings(open);
                let spills = self.spills(open, &takings);
                plan.extend(takings);
                plan.extend(spills);
                plan
            }
            _ => Vec::new(),
        };
        if open.goal() == Some(Goal::Collect) {
            plan.extend(self.releases(open));
        }
        plan.truncate(room);
        plan
    }

    fn acts_of<'a>(&'a self, open: &'a OpenRequest) -> impl Iterator<Item = (Index, &'a Act)> {
        open.acts.iter().filter_map(|index| Some((*index, self.state.acts.get(*index)?)))
    }

    /// Does it count as tried? In a later round of a goal that repeats only what this round did does, and what is still open.
    fn is_of_round(open: &OpenRequest, act: &Act) -> bool {
        act.sequence >= open.round_began || act.state().is_open()
    }

    fn takes(&self, lane: u16, kind: ActKind) -> bool {
        self.partner(lane).is_some_and(|partner| partner.takes(kind) && !partner.retired)
    }

    /// How early the court takes property of this sort; 0 = first.
    fn rank(&self, open: &OpenRequest, asset: AssetKind) -> usize {
        let court = self.config.courts.get(self.state.word(open.court));
        let order = court.map(|court| court.asset_order.as_slice()).filter(|order| !order.is_empty());
        let order = order.unwrap_or(AssetKind::ALL);
        order.iter().position(|kind| *kind == asset).unwrap_or(order.len())
    }

    /// What may be frozen: found, of worth, not tried yet, at a partner that freezes; earlier kinds first, then the fullest.
    fn candidates<'a>(&'a self, open: &'a OpenRequest, worth: impl Fn(&Found) -> Money) -> Vec<&'a Found> {
        // Sets, because a province-wide request has thousands of acts and this runs after each of their outcomes.
        // What two persons found never to have happened was not tried; what no form can say would only be tried for ever.
        let never_was = |act: &Act| (act.state() == ActState::Unsent && act.verdict().is_none()) || act.did_not_fit;
        let freezes = self
            .acts_of(open)
            .filter(|(_, act)| act.kind() == ActKind::Freeze && !never_was(act) && Self::is_of_round(open, act));
        // What the case has frozen, or has ordered by whichever request, is not frozen twice (rule D14).
        let tried: BTreeSet<u64> = freezes.map(|(_, act)| act.asset).chain(self.taken_assets(open.case)).collect();
        let is_freezable = |found: &&Found| {
            let query = self.state.acts.get(found.query);
            query.is_some_and(|query| self.takes(query.lane, ActKind::Freeze) && self.may_freeze(open, query, found))
        };
        let of_worth = open.found.iter().filter(|found| worth(found).is_positive());
        let mut candidates: Vec<&Found> =
            of_worth.filter(|found| !tried.contains(&found.asset)).filter(is_freezable).collect();
        candidates.sort_by(|a, b| {
            let rank = |found: &Found| self.rank(open, found.kind());
            rank(a).cmp(&rank(b)).then(worth(b).cmp(&worth(a))).then(a.asset.cmp(&b.asset))
        });
        candidates.dedup_by_key(|found| found.asset);
        candidates
    }

    /// The latest rank that may be touched now: whoever may still bring property of an earlier kind is waited for, while an
    /// answer may come at once and patience lasts. A partner in doubt, paused, closed or resting is not waited for.
    fn rank_open(&self, open: &OpenRequest) -> usize {
        if self.now >= open.accepted_at.saturating_add(PATIENCE_MS) {
            return usize::MAX;
        }
        let waits = self.acts_of(open).filter(|(_, act)| act.kind() == ActKind::Query && self.may_answer_at_once(act));
        let kinds = waits.filter_map(|(_, act)| self.partner(act.lane)).filter_map(|partner| brings(partner.kind));
        kinds.map(|asset| self.rank(open, asset)).min().unwrap_or(usize::MAX)
    }

    fn may_answer_at_once(&self, query: &Act) -> bool {
        if !matches!(query.state(), ActState::Ready | ActState::Sending | ActState::Awaiting) {
            return false;
        }
        let Some(partner) = self.partner(query.lane) else { return false };
        let lane = self.state.lane(query.lane).map(|lane| &lane.record);
        let rests = lane.is_some_and(|lane| {
            lane.rests_until > self.now || lane.paused.as_ref().is_some_and(|pause| pause.until > self.now)
        });
        !rests && partner.hours.opens_at(self.now, &self.config.calendar).is_none()
    }

    /// Just enough: what candidates are worth, up to the room that the ledger leaves.
    fn freezes(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let mut room = self.state.ledger(open.case).room_to_freeze();
        if !room.is_positive() {
            return Vec::new();
        }
        let rank_open = self.rank_open(open);
        let left = self.left_to_live(open);
        let free = |found: &Found| available(found).minus_or_zero(left.get(&found.asset).copied().unwrap_or_default());
        let mut plan = Vec::new();
        for found in self.candidates(open, free) {
            let amount = free(found).min(room);
            if self.rank(open, found.kind()) > rank_open || !amount.is_positive() {
                break;
            }
            room = room.minus_or_zero(amount);
            plan.extend(self.freeze_of(found, amount));
        }
        // A place in the queue behind others is worth something only when nothing else is to be had.
        if plan.is_empty() && rank_open == usize::MAX && !self.freezes_under_way(open) {
            for found in self.candidates(open, behind_others) {
                let amount = behind_others(found).min(room);
                room = room.minus_or_zero(amount);
                plan.extend(self.freeze_of(found, amount).filter(|_| amount.is_positive()));
            }
        }
        // Acts alike stand together, so that they share a slip.
        plan.sort_by(|a, b| (&a.partner, a.subject).cmp(&(&b.partner, b.subject)));
        plan
    }

    fn freezes_under_way(&self, open: &OpenRequest) -> bool {
        self.acts_of(open).any(|(_, act)| act.kind() == ActKind::Freeze && act.state().is_open())
    }

    fn freeze_of(&self, found: &Found, amount: Money) -> Option<PlanLine> {
        let query = self.state.acts.get(found.query)?;
        let today = Day::of(self.now);
        let mut line = PlanLine::of(ActKind::Freeze, self.state.partner_of(query.lane), query.subject);
        line.account = Some(found.account.clone());
        line.asset = found.asset;
        line.amount = Some(amount.units());
        line.from = Some(today.count());
        line.to = Some(today.last_of_years(self.pack_of(query).years_of(found.kind())).count());
        (line.rules, line.bars) = (query.rules, self.bars_of_freeze(query, found));
        line.property = found.asset_kind;
        Some(line)
    }

    /// The live freezes that a goal may build on: its own, and those that earlier requests of the case put on accounts that
    /// this one has found. A court secures one day and collects another.
    fn freezes_in_reach<'a>(&'a self, open: &'a OpenRequest) -> impl Iterator<Item = (Index, &'a Measure)> {
        let found: BTreeSet<u64> = open.found.iter().map(|found| found.asset).collect();
        let own = self.own_freezes(open);
        let today = Day::of(self.now);
        let stands = move |measure: &Measure| measure.is_live_freeze() && !measure.is_over(today);
        let of_case = self.state.measures_of_case(open.case).filter(move |(_, measure)| stands(measure));
        let in_reach = move |measure: &Measure| found.contains(&measure.asset) && self.goal_sees(open, measure);
        of_case.filter(move |(index, measure)| own.contains(index) || in_reach(measure))
    }

    /// The freezes that this request ordered.
    fn own_freezes(&self, open: &OpenRequest) -> BTreeSet<Index> {
        self.acts_of(open).filter(|(_, act)| act.kind() == ActKind::Freeze).map(|(_, act)| act.measure).collect()
    }

    /// How money comes out of what is frozen; `None` when this partner gives none.
    fn taking_of(&self, open: &OpenRequest, freeze: &Measure) -> Option<ActKind> {
        let found = open.found.iter().find(|found| found.asset == freeze.asset);
        let of = found.map(|found| (found.kind(), found.role()));
        let kind = match of {
            Some((AssetKind::Policy, AssetRole::Holder | AssetRole::Owner)) => ActKind::Surrender,
            Some((AssetKind::Policy, _)) => ActKind::WithdrawBenefits,
            _ => ActKind::Deduct,
        };
        let barred = match kind {
            ActKind::Surrender => bars::SURRENDER,
            ActKind::Deduct => bars::DEDUCT,
            _ => 0,
        };
        let lawful = self.bars_on(found, freeze) & barred == 0;
        (lawful && self.takes(freeze.lane, kind)).then_some(kind)
    }

    /// Out of each freeze that holds something, up to the room that the ledger leaves; earlier kinds of property first. Where all that was
    /// ordered was taken, what the freeze holds beside that is other money; where it was not, nobody asks a second time.
    fn takings(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let mut room = self.state.ledger(open.case).room_to_deduct();
        if !room.is_positive() {
            return Vec::new();
        }
        let own = self.acts_of(open).filter(|(_, act)| {
            let ends = act.kind() == ActKind::Release && (act.amount == 0 || act.state().is_open());
            let takes = act.kind().moves_money() && act.state() != ActState::Done;
            (takes || ends) && !act.did_not_fit && Self::is_of_round(open, act)
        });
        let built_on: BTreeSet<Index> = own.map(|(_, act)| act.measure).collect();
        let holds = |(index, freeze): &(Index, &Measure)| {
            freeze.caught() > 0 && !built_on.contains(index) && !self.is_bankrupt(open.case, freeze.subject_key)
        };
        let mut freezes: Vec<(Index, &Measure)> = self.freezes_in_reach(open).filter(holds).collect();
        freezes.sort_by_key(|(index, freeze)| {
            let found = open.found.iter().find(|found| found.asset == freeze.asset);
            (found.map_or(0, |found| self.rank(open, found.kind())), *index)
        });
        let mut plan = Vec::new();
        for (_, freeze) in freezes {
            let Some(kind) = self.taking_of(open, freeze) else { continue };
            let amount = freeze.free().floor_fen().min(room);
            if !amount.is_positive() {
                continue;
            }
            room = room.minus_or_zero(amount);
            let mut line = self.on_freeze(kind, freeze, open);
            line.amount = Some(amount.units());
            line.note = self.note_of_taking(kind, freeze);
            plan.push(line);
        }
        plan
    }

    /// What a freeze does not hold (any more) still counts with its limit, and so keeps other property out of reach. When that
    /// property could serve the claim now, as much of such limits is let go as it needs: whole freezes that hold nothing, the
    /// largest first, then the idle part of those that hold something. `takings` are about to be ordered: what money comes out
    /// of is let go once that is answered. The ceiling holds at every instant, because a limit counts until its release is answered.
    fn spills(&self, open: &OpenRequest, takings: &[PlanLine]) -> Vec<PlanLine> {
        let mut wanted = self.wanted_elsewhere(open);
        if !wanted.is_positive() {
            return Vec::new();
        }
        let mut plan = Vec::new();
        for (_, freeze) in self.idle_freezes(open, takings) {
            let rest = Money::from_units(freeze.limit()).minus_or_zero(Money::from_units(freeze.caught()));
            let mut line = self.on_freeze(ActKind::Release, freeze, open);
            if freeze.caught() > 0 {
                let part = rest.min(wanted).floor_fen();
                // What the partner would read as the whole is never sent for a part.
                if !part.is_positive() || !self.reads_a_part(freeze.lane) {
                    continue;
                }
                line.amount = Some(part.units());
            }
            if !wanted.is_positive() {
                break;
            }
            wanted = wanted.minus_or_zero(rest);
            plan.push(line);
        }
        plan
    }

    /// Idle parts of freezes that keep other property out of reach, at partners who cannot let go of a part: a person's, with the sum.
    pub(super) fn kept_idle(&self, request: Index) -> Vec<(Index, i64)> {
        let Some(open) = self.state.requests.get(request) else { return Vec::new() };
        let mut wanted = self.wanted_elsewhere(open);
        let mut kept = Vec::new();
        if !wanted.is_positive() || !matches!(open.goal(), Some(Goal::Secure | Goal::Collect)) {
            return kept;
        }
        for (index, freeze) in self.idle_freezes(open, &[]) {
            let rest = Money::from_units(freeze.limit()).minus_or_zero(Money::from_units(freeze.caught()));
            let part = rest.min(wanted).floor_fen();
            if freeze.caught() > 0 && part.is_positive() && !self.reads_a_part(freeze.lane) {
                wanted = wanted.minus_or_zero(part);
                kept.push((index, part.units()));
            }
        }
        kept
    }

    /// Own freezes whose limit is above what they hold, and out of which nothing is under way: those that hold nothing first.
    fn idle_freezes<'a>(&'a self, open: &'a OpenRequest, takings: &[PlanLine]) -> Vec<(Index, &'a Measure)> {
        let of_case = self.state.acts_of_case(open.case);
        let blocks = |act: &Act| match act.kind() {
            ActKind::Release => {
                act.state().is_open() || (!act.kind().took_effect(act.state()) && Self::is_of_round(open, act))
            }
            kind => kind.moves_money() && act.state().is_open(),
        };
        let mut used: BTreeSet<Index> = of_case.filter(|(_, act)| blocks(act)).map(|(_, act)| act.measure).collect();
        let bases = takings.iter().filter_map(|line| line.base);
        used.extend(bases.filter_map(|base| self.state.measure_index(domain::ActId::from(base).into())));
        let own = self.own_freezes(open);
        let idle = |(index, freeze): &(Index, &Measure)| {
            freeze.limit() > freeze.caught()
                && own.contains(index)
                && !used.contains(index)
                && self.takes(freeze.lane, ActKind::Release)
        };
        let mut idle: Vec<(Index, &Measure)> = self.freezes_in_reach(open).filter(idle).collect();
        idle.sort_by_key(|(index, freeze)| {
            (freeze.caught() > 0, std::cmp::Reverse(freeze.limit() - freeze.caught()), *index)
        });
        idle
    }

    /// How much property could serve the claim that only idle limits keep out of reach.
    fn wanted_elsewhere(&self, open: &OpenRequest) -> Money {
        let ledger = self.state.ledger(open.case);
        let rank_open = self.rank_open(open);
        let left = self.left_to_live(open);
        let free = |found: &Found| available(found).minus_or_zero(left.get(&found.asset).copied().unwrap_or_default());
        let reachable =
            self.candidates(open, free).into_iter().filter(|found| self.rank(open, found.kind()) <= rank_open);
        let elsewhere: Money = reachable.map(free).sum();
        let owed = ledger.target.minus_or_zero(ledger.deducted.plus(ledger.controlled));
        elsewhere.min(owed).minus_or_zero(ledger.room_to_freeze())
    }

    /// Once everything owed is moved, what is left frozen is released at once (rule D8).
    fn releases(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let ledger = self.state.ledger(open.case);
        if !ledger.is_met() || ledger.deducting.is_positive() || ledger.target == Money::ZERO {
            return Vec::new();
        }
        // By whichever request: the same freeze is not released twice.
        let released = |act: &Act| act.kind() == ActKind::Release && (act.amount == 0 || act.state().is_open());
        let of_case = self.state.acts_of_case(open.case).filter(|(_, act)| released(act));
        let released: BTreeSet<Index> = of_case.map(|(_, act)| act.measure).collect();
        let mut plan = Vec::new();
        for (index, freeze) in self.freezes_in_reach(open) {
            if !released.contains(&index) && self.takes(freeze.lane, ActKind::Release) {
                plan.push(self.on_freeze(ActKind::Release, freeze, open));
            }
        }
        plan
    }

    fn on_freeze(&self, kind: ActKind, freeze: &Measure, open: &OpenRequest) -> PlanLine {
        // Each request counts the parties in an order of its own.
        let own = self.acts_of(open).find(|(_, act)| act.subject_key == freeze.subject_key);
        let subject = own.map_or(freeze.subject, |(_, act)| act.subject);
        let mut line = PlanLine::of(kind, self.state.partner_of(freeze.lane), subject);
        line.base = Some(ActRef(freeze.sequence, freeze.place));
        (line.asset, line.rules) = (freeze.asset, freeze.rules);
        line.account = open.found.iter().find(|found| found.asset == freeze.asset).map(|found| found.account.clone());
        line
    }
}

pub(super) fn available(found: &Found) -> Money {
    Money::from_units(found.available).floor_fen()
}

fn behind_others(found: &Found) -> Money {
    Money::from_units(found.behind_others).floor_fen()
}
