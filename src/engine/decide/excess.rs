//! More than claim and costs (rule D8): what has not left is taken back, what stands is proposed for release, least valuable first.

use std::collections::BTreeMap;

use domain::measure::MeasureState;
use domain::outcome::AssetKind;
use domain::task::{TaskEnd, TaskKind};
use domain::{ActKind, ActState, Money};
use store::record::{ActRef, ActWithdrawn, AmendedBody, Body, CaseAmended, ReasonBody, TaskEnded};

use super::Decider;
use super::task::Draft;
use crate::command::{Amend, Answer};
use crate::config::ReleasePolicy;
use crate::refusal::Refusal;
use crate::state::slab::Index;
use crate::state::{Act, Measure};

/// Why an act is taken back by ourselves.
const OVER: &str = "D8 超过申请执行标的额与执行费用之和，未发出的部分撤回";

/// What a person reads of a part that the partner's form cannot say.
pub(super) const PART_BY_HAND: &str = "协助单位的接口不能表达部分解除，系统不会代为全部解除：请以书面方式办理部分解除；全部解除后重新冻结将丧失顺位。The partner's form cannot release a part, and the whole is not released in its place: have the limit lowered on paper; to release in full and freeze again would lose the rank.";

/// What a person reads of a freeze that is too much only because another partner told more than was ordered there.
const TOLD_ABOVE: &str = "超额出自另一协助单位反馈的金额高于所令，系统不自动解除本项：请先核对该反馈。The excess comes of another partner's report above what was ordered there; this freeze is not released by itself: check that report first.";

/// The most that a case may be about, in 1/10,000 yuan: a trillion yuan, so that hundreds of them still add up.
const CLAIM_UNITS_MAX: i64 = 10_000_000_000_000_000;

/// A freeze that is to be let go, or a part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LetGo {
    pub(super) measure: Index,
    /// In 1/10,000 yuan; 0 = all of it.
    pub(super) part: i64,
    /// Another partner told more than was ordered there, and but for that this could stay: a person decides whether it goes.
    pub(super) for_another: bool,
}

impl Decider {
    /// Claim and costs of a case are others from now on.
    pub(super) fn amend(&mut self, amend: Amend) -> Result<Answer, Refusal> {
        let case = self.own_case(amend.case.0, amend.court.as_deref())?;
        let fits = |sum: Money| (0..=CLAIM_UNITS_MAX).contains(&sum.units());
        for (at, sum) in [("/claim", amend.claim), ("/costs", amend.costs)] {
            if !fits(sum) {
                return Err(Refusal::OutOfBounds {
                    at,
                    bound: "须在0.00至1000000000000.00之间 · 0.00 to 1000000000000.00",
                });
            }
        }
        let before = self.state.ledger(case).target;
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        let body = AmendedBody { claim: amend.claim.units(), costs: amend.costs.units(), reason: amend.reason };
        let fact = CaseAmended { by: amend.by, case: amend.case.0, news: true };
        let sequence = self.emit(fact.into(), Some(Body::Amended(body)), slot);
        if self.state.ledger(case).target > before {
            self.look_anew_at(case);
        }
        Ok(Answer::Done(sequence))
    }

    /// The case, when it is the caller's; `None` = a token of the gateway, whose every case is.
    pub(super) fn own_case(&self, case: u64, court: Option<&str>) -> Result<Index, Refusal> {
        let index = self.state.case_by_sequence(case).ok_or(Refusal::NotFound)?;
        let of = self.state.cases.get(index).map(|case| self.state.word(case.court));
        if court.is_some_and(|court| of != Some(court)) {
            return Err(Refusal::NotFound);
        }
        self.sealable(self.slot_of_case(index)).map(|_| index)
    }

    /// Whatever the decision did to the sums: nothing above claim and costs stays without somebody being told at once.
    pub(super) fn settle_disturbed(&mut self) {
        // Until the configuration is there nobody knows what a court takes last; nothing is forgotten meanwhile.
        if self.config.courts.is_empty() {
            return;
        }
        while let Some(case) = self.state.disturbed.pop_first() {
            self.take_back(case);
            self.propose(case);
            self.tell_overtaken(case);
        }
    }

    /// More was moved than is owed now.
    fn overtaken(&self, case: Index) -> Money {
        let ledger = self.state.ledger(case);
        ledger.deducted.minus_or_zero(ledger.target)
    }

    /// Only a person can have it given back (`reverse`), and nobody may overlook it.
    fn tell_overtaken(&mut self, case: Index) {
        let over = self.overtaken(case);
        if over.is_positive() {
            let court =
                self.state.cases.get(case).map(|case| self.state.word(case.court).to_owned()).unwrap_or_default();
            let draft = Draft { amount: Some(over.units()), ..Draft::default() };
            self.raise(TaskKind::Overtaken, Some(case), &court, draft);
        }
    }

    /// What has not left and would be too much is not sent: of deductions the newest first, of freezes the least valuable.
    fn take_back(&mut self, case: Index) {
        let ledger = self.state.ledger(case);
        let mut held = ledger.excess();
        let mut taken = ledger.deducted.plus(ledger.deducting).minus_or_zero(ledger.target);
        if !held.is_positive() && !taken.is_positive() {
            return;
        }
        let unsent = |act: &Act| matches!(act.state(), ActState::Planned | ActState::Ready) && !act.is_under_way();
        let counts = |act: &Act| act.kind() == ActKind::Freeze || act.kind().moves_money();
        let of_case = self.state.acts_of_case(case).filter(|(_, act)| unsent(act) && counts(act));
        let mut acts: Vec<(usize, u64, u32, Index)> =
            of_case.map(|(index, act)| (self.rank_of_act(act), act.sequence, act.place, index)).collect();
        acts.sort_unstable_by(|a, b| b.cmp(a));
        let mut requests = Vec::new();
        for (_, _, _, index) in acts {
            let Some(act) = self.state.acts.get(index) else { continue };
            let over = if act.kind() == ActKind::Freeze { &mut held } else { &mut taken };
            if !over.is_positive() {
                continue;
            }
            *over = over.minus_or_zero(Money::from_units(act.amount));
            let (id, request, slot) = (act.id(), act.request, self.slot_of(index));
            let body = Body::Reason(ReasonBody { reason: OVER.to_owned(), document: None, amount: None });
            self.emit(ActWithdrawn { act: id.into(), by: String::new() }.into(), Some(body), slot);
            requests.push(request);
        }
        requests.sort_unstable();
        requests.dedup();
        requests.into_iter().for_each(|request| self.go_on(request));
    }

    /// What stands above claim and costs, as far as it is known: what is ordered and not answered may yet come to nothing, and
    /// what is being let go is counted as gone.
    fn known_excess(&self, case: Index) -> Money {
        let ledger = self.state.ledger(case);
        let live = self.state.measures_of_case(case).filter(|(_, measure)| measure.is_live_freeze());
        let limits: Money = live.map(|(_, measure)| Money::from_units(measure.limit())).sum();
        let going =
            self.state.acts_of_case(case).filter(|(_, act)| act.kind() == ActKind::Release && act.state().is_open());
        let freed: Money = going.map(|(_, act)| self.freed_by(act)).sum();
        limits.plus(ledger.deducted).minus_or_zero(ledger.target.plus(freed))
    }

    fn freed_by(&self, release: &Act) -> Money {
        let limit = self.state.measures.get(release.measure).filter(|measure| measure.is_live_freeze());
        let limit = limit.map_or(0, |measure| measure.limit());
        Money::from_units(if release.amount > 0 { release.amount.min(limit) } else { limit })
    }

    /// What a partner told above its order, less what of it is being let go.
    fn above_order(&self, (index, measure): (Index, &Measure)) -> Money {
        let above = self.state.above_order(measure);
        if above == Money::ZERO || measure.releasing == 0 {
            return above;
        }
        let of_case = self.state.acts_of_case(measure.case).map(|(_, act)| act);
        let going =
            of_case.filter(|act| act.kind() == ActKind::Release && act.measure == index && act.state().is_open());
        above.minus_or_zero(going.map(|act| self.freed_by(act)).sum())
    }

    /// Which freezes are let go: first what nobody ordered, where it was told. Then those that only wait in a queue, then what the
    /// court takes last; whole ones while they fit, then a part of one. What cannot be divided stays when only a part of it would be
    /// too much. What an open deduction claims stays.
    pub(super) fn to_let_go(&self, case: Index) -> Vec<LetGo> {
        let mut over = self.known_excess(case);
        if !over.is_positive() {
            return Vec::new();
        }
        let free = |measure: &Measure| measure.is_live_freeze() && measure.releasing == 0 && measure.limit() > 0;
        let mut freezes: Vec<(Index, &Measure)> =
            self.state.measures_of_case(case).filter(|(_, measure)| free(measure)).collect();
        freezes.sort_by_key(|(_, measure)| {
            let waits = measure.state() == MeasureState::Queued;
            let rank = self.rank_of_measure(measure);
            std::cmp::Reverse((waits, rank, measure.rank, measure.sequence, measure.place))
        });
        let live = self.state.measures_of_case(case).filter(|(_, measure)| measure.is_live_freeze());
        let above: Money = live.map(|measure| self.above_order(measure)).sum();
        let mut ours = over.minus_or_zero(above);
        // How much of each, in 1/10,000 yuan.
        let mut parts: BTreeMap<Index, Money> = BTreeMap::new();
        for (index, measure) in freezes.iter().filter(|(_, measure)| self.may_divide(measure)) {
            let part = over.min(self.above_order((*index, measure))).min(unclaimed(measure)).floor_fen();
            over = over.minus_or_zero(part);
            parts.extend(part.is_positive().then_some((*index, part)));
        }
        let mut plan: Vec<LetGo> = Vec::new();
        let mut for_another = |sum: Money| {
            let ordered_too_much = sum <= ours;
            ours = ours.minus_or_zero(sum);
            !ordered_too_much
        };
        for (index, measure) in &freezes {
            let part = parts.get(index).copied().unwrap_or_default();
            let rest = Money::from_units(measure.limit()).minus_or_zero(part);
            if measure.claimed == 0 && rest <= over {
                over = over.minus_or_zero(rest);
                parts.remove(index);
                plan.push(LetGo { measure: *index, part: 0, for_another: for_another(rest) });
            }
        }
        // A part where the partner can read how much; only what is left over then is a person's, on paper.
        let (readable, unread): (Vec<_>, Vec<_>) =
            freezes.iter().partition(|(_, measure)| self.reads_a_part(measure.lane));
        for (index, measure) in readable.into_iter().chain(unread) {
            let whole = plan.iter().any(|other| other.measure == index);
            if whole || !self.may_divide(measure) {
                continue;
            }
            let before = parts.get(&index).copied().unwrap_or_default();
            let more = over.min(unclaimed(measure).minus_or_zero(before)).floor_fen();
            over = over.minus_or_zero(more);
            let part = before.plus(more);
            if part.is_positive() {
                let for_another = more.is_positive() && for_another(more);
                plan.push(LetGo { measure: index, part: part.units(), for_another });
            }
        }
        plan
    }

    fn may_divide(&self, measure: &Measure) -> bool {
        let kind = self.asset_of(measure);
        !matches!(kind, Some(AssetKind::RealEstate | AssetKind::Vehicle | AssetKind::Policy))
    }

    /// Does the partner of this lane let go of a part when it is told to, and never of the whole?
    pub(super) fn reads_a_part(&self, lane: u16) -> bool {
        self.partner(lane).is_some_and(|partner| partner.form.part_release.is_read())
    }

    /// Keeps the open proposals of a case, and what people were told of too much taken, in step with what is too much now.
    fn propose(&mut self, case: Index) {
        let plan = self.to_let_go(case);
        let named: Vec<(ActRef, i64)> =
            plan.iter().filter_map(|one| Some((self.named(one.measure)?, one.part))).collect();
        let (sequence, overtaken) = (self.state.case_id(case).0, self.overtaken(case).units());
        let moot = |task: &&crate::state::Task| match task.kind() {
            TaskKind::Overtaken => task.amount != overtaken,
            TaskKind::Excess => !task.measure.is_some_and(|measure| named.contains(&(measure, task.amount))),
            _ => !task.measure.is_some_and(|measure| self.stands(measure)),
        };
        let rests = |measure: &Measure| self.state.is_halted(case) || self.is_bankrupt(case, measure.subject_key);
        let failed = |measure: &Measure| measure.release_failed() && measure.is_live() && measure.releasing == 0;
        let of_case = self.state.measures_of_case(case);
        let again: Vec<Index> =
            of_case.filter(|(_, measure)| failed(measure) && rests(measure)).map(|(index, _)| index).collect();
        let over: Vec<u64> = {
            let open = self.state.proposals_of(sequence).into_iter();
            open.filter(moot).map(|task| task.sequence).collect()
        };
        for task in over {
            self.end_moot(task);
        }
        let policy = self.court_of(case).map(|court| court.excess).unwrap_or_default();
        for LetGo { measure, part, for_another } in plan {
            let how = if for_another { (ReleasePolicy::Propose, TOLD_ABOVE) } else { (policy, "") };
            self.propose_release(TaskKind::Excess, (case, measure), part, how);
        }
        // What was to be let go because the case rests, and was not, is a person's.
        for measure in again {
            self.propose_release(TaskKind::ReleaseProposed, (case, measure), 0, (ReleasePolicy::Propose, ""));
        }
    }

    pub(super) fn court_of(&self, case: Index) -> Option<&crate::config::CourtFile> {
        let court = self.state.cases.get(case).map(|case| self.state.word(case.court))?;
        self.config.courts.get(court).map(std::sync::Arc::as_ref)
    }

    pub(super) fn end_moot(&mut self, task: u64) {
        let fact = TaskEnded { by: String::new(), end: TaskEnd::Moot.word().to_owned(), request: None, task };
        self.emit(fact.into(), None, 0);
    }

    fn named(&self, measure: Index) -> Option<ActRef> {
        self.state.measures.get(measure).map(|measure| ActRef(measure.sequence, measure.place))
    }

    /// Does it stand?
    fn stands(&self, measure: ActRef) -> bool {
        let index = self.state.measure_index(domain::ActId::from(measure).into());
        let found = index.and_then(|index| self.state.measures.get(index));
        found.is_some_and(Measure::is_live)
    }

    /// Raises the proposal; the gateway follows it by itself where the court wants that, and no release of it has failed.
    pub(super) fn propose_release(
        &mut self,
        kind: TaskKind,
        (case, index): (Index, Index),
        part: i64,
        (policy, why): (ReleasePolicy, &str),
    ) {
        let Some(measure) = self.state.measures.get(index) else { return };
        let ends = if measure.kind() == ActKind::Freeze { ActKind::Release } else { ActKind::Lift };
        let by_hand = part > 0 && !self.reads_a_part(measure.lane);
        let takes = self.partner(measure.lane).is_some_and(|partner| partner.takes(ends) && !partner.retired);
        let possible = takes && !by_hand;
        let draft = Draft {
            measure: Some(ActRef(measure.sequence, measure.place)),
            partner: self.state.partner_of(measure.lane).to_owned(),
            automatic: policy == ReleasePolicy::Send && possible && !measure.release_failed(),
            amount: (part > 0).then_some(part),
            text: if by_hand { PART_BY_HAND } else { why }.to_owned(),
            ..Draft::default()
        };
        let court = self.state.cases.get(case).map(|case| self.state.word(case.court).to_owned()).unwrap_or_default();
        self.raise(kind, Some(case), &court, draft);
    }
}

fn unclaimed(measure: &Measure) -> Money {
    Money::from_units(measure.limit()).minus_or_zero(Money::from_units(measure.claimed))
}
