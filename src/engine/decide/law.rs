//! The law where it needs partners, the case's state and the rule packs in force: what is refused, barred, left, suspended.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::act::ActOrder;
use domain::case::PartyKind;
use domain::request::{Asked, Goal, PartnerKind};
use domain::rules::{self, Breach, Rule, RulePack, bars, protects};
use domain::{ActKind, ActState, Day, Money};
use store::record::{ActWithdrawn, Body, PackTwin, PlanLine, ReasonBody};

use super::Decider;
use super::allocate::available;
use crate::command::Submit;
use crate::refusal::Refusal;
use crate::state::slab::Index;
use crate::state::{Act, Found, Measure, OpenRequest, short_hash};

/// Why acts are taken back once a bankruptcy is told.
const SUSPENDED: &str = "D28 破产申请已受理，中止执行";

impl Decider {
    /// Every rule that the request breaks by itself or by what the case has told before.
    pub(super) fn check_law(&self, submit: &Submit) -> Result<(), Refusal> {
        let law_of = |partner: &str| self.config.partners.get(partner).map(|partner| (partner.kind, &*partner.law));
        let case = self.state.case_index(submit.case_key);
        let property_of = |order: &ActOrder| self.property_of(case, order, |measure| submit.sees_measure(measure));
        let mut broken = rules::check_under(&submit.request, Day::of(self.now), law_of, property_of);
        broken.extend(self.told_bankrupt(submit));
        broken.extend(self.check_halted(submit));
        if broken.is_empty() { Ok(()) } else { Err(Refusal::Rules(broken)) }
    }

    /// Measures on parties whose bankruptcy an earlier request of the case has told, and this one has not taken back.
    fn told_bankrupt(&self, submit: &Submit) -> Vec<Breach> {
        let Some(case) = self.state.case_index(submit.case_key) else { return Vec::new() };
        let stands = |subject: u16| {
            let place = usize::from(subject);
            let told_now = submit.request.case.parties.get(place).and_then(|party| party.bankrupt);
            let key = submit.subjects.get(place).copied();
            told_now.is_none() && key.is_some_and(|key| self.is_bankrupt(case, key))
        };
        let breach = |at: String| Breach { rule: &rules::D28, at };
        match &submit.request.asked {
            Asked::Goal { goal: Goal::Look, .. } => Vec::new(),
            Asked::Goal { subjects, .. } => {
                let broken = subjects.iter().enumerate().filter(|(_, subject)| stands(**subject));
                broken.map(|(place, _)| breach(format!("/subjects/{place}"))).collect()
            }
            Asked::Acts(acts) => {
                let stayed = |act: &ActOrder| rules::is_stayed_by_bankruptcy(act.kind) && stands(act.subject);
                let broken = acts.iter().enumerate().filter(|(_, act)| stayed(act));
                broken.map(|(place, _)| breach(format!("/acts/{place}/subject"))).collect()
            }
        }
    }

    /// Has a court accepted the bankruptcy of the party with this key?
    pub(super) fn is_bankrupt(&self, case: Index, subject: u64) -> bool {
        self.state.cases.get(case).is_some_and(|case| case.bankrupt.contains(&subject))
    }

    /// Must it rest because of a bankruptcy (rule D28), or because its case is halted?
    pub(super) fn is_suspended(&self, act: &Act) -> bool {
        let halted = self.state.cases.get(act.case).and_then(|case| case.halted.as_ref());
        halted.is_some_and(|halted| halted.cause().stays(act.kind()))
            || (rules::is_stayed_by_bankruptcy(act.kind()) && self.is_bankrupt(act.case, act.subject_key))
    }

    /// Parties whose bankruptcy this request tells and the case did not know.
    pub(super) fn newly_bankrupt(&self, submit: &Submit) -> Vec<u64> {
        let Some(case) = self.state.case_index(submit.case_key) else { return Vec::new() };
        let parties = submit.request.case.parties.iter().zip(&submit.subjects);
        let told = parties.filter(|(party, _)| party.bankrupt == Some(true)).map(|(_, key)| *key);
        told.filter(|key| !self.is_bankrupt(case, *key)).collect()
    }

    /// Takes back what has not been sent about a party whose bankruptcy is now told; releases and questions stay.
    pub(super) fn suspend_for_bankruptcy(&mut self, submit: &Submit) {
        let parties = submit.request.case.parties.iter().zip(&submit.subjects);
        let told: Vec<u64> = parties.filter(|(party, _)| party.bankrupt == Some(true)).map(|(_, key)| *key).collect();
        let Some(case) = self.state.case_index(submit.case_key).filter(|_| !told.is_empty()) else { return };
        let unsent = |act: &Act| {
            told.contains(&act.subject_key)
                && self.is_suspended(act)
                && matches!(act.state(), ActState::Planned | ActState::Ready)
                && !act.is_under_way()
        };
        let of_case = self.state.acts_of_case(case).filter(|(_, act)| unsent(act));
        let found: Vec<_> = of_case.map(|(index, act)| (index, act.id(), act.request)).collect();
        let mut requests = Vec::new();
        for (index, id, request) in found {
            let fact = ActWithdrawn { act: id.into(), by: submit.token.clone() };
            let body = Body::Reason(ReasonBody { reason: SUSPENDED.to_owned(), amount: None, document: None });
            let slot = self.slot_of(index);
            self.emit(fact.into(), Some(body), slot);
            requests.push(request);
        }
        requests.dedup();
        for request in requests {
            self.go_on(request);
        }
    }

    /// The rule pack that an act was planned under; once that is no longer configured, the partner's newest.
    pub(super) fn pack_of(&self, act: &Act) -> Arc<RulePack> {
        self.pack_under(act.rules, act.lane)
    }

    /// The same for what was ordered under a pack at a partner.
    pub(super) fn pack_under(&self, rules: u64, lane: u16) -> Arc<RulePack> {
        let frozen = self.config.rules.get(&rules).filter(|_| rules != 0).map(Arc::clone);
        let built_in = || (rules == 0).then(Arc::<RulePack>::default);
        let newest = || self.partner(lane).map(|partner| Arc::clone(&partner.law));
        frozen.or_else(built_in).or_else(newest).unwrap_or_default()
    }

    /// Writes into each line which pack holds for it, and what that bars.
    pub(super) fn bind_law(&self, submit: &Submit, plan: &mut [PlanLine]) {
        let request = &submit.request;
        let case = self.state.case_index(submit.case_key);
        for line in plan {
            let Some(partner) = self.config.partners.get(&line.partner) else { continue };
            line.rules = partner.law.id;
            match ActKind::from_code(line.kind) {
                Some(ActKind::Query) => {
                    let party = request.case.parties.get(usize::from(line.subject));
                    let person = party.is_some_and(|party| party.kind == PartyKind::Person);
                    let closed = partner.kind == PartnerKind::HousingFund && !partner.law.opens_funds();
                    let surrenders = request.may_surrender(partner.law.surrender);
                    line.bars = [
                        (person && partner.law.living_reserve.is_positive(), bars::RESERVE),
                        (!surrenders, bars::SURRENDER),
                        (closed, bars::DEDUCT),
                    ]
                    .into_iter()
                    .filter(|(holds, _)| *holds)
                    .fold(0, |sum, (_, bar)| sum | bar);
                }
                Some(ActKind::Freeze) => {
                    let margin = line.account.as_ref().is_some_and(|it| partner.law.margin_accounts.contains(it));
                    let rule = case.and_then(|case| self.protecting(case, line.asset));
                    line.bars = if margin || rule == Some(&rules::D23) { bars::DEDUCT } else { 0 };
                }
                _ => {}
            }
        }
    }

    /// The packs of a plan, each once, the built-in one left out.
    pub(super) fn packs_of(&self, plan: &[PlanLine]) -> Vec<PackTwin> {
        let mut packs: BTreeMap<&str, &RulePack> = BTreeMap::new();
        for line in plan.iter().filter(|line| line.rules != 0) {
            if let Some(partner) = self.config.partners.get(&line.partner) {
                packs.insert(&partner.law.digest, &partner.law);
            }
        }
        let twin = |pack: &RulePack| PackTwin {
            name: pack.name.clone(),
            version: pack.version.clone(),
            digest: pack.digest.clone(),
        };
        packs.into_values().map(twin).collect()
    }

    /// The rule that protects an asset, by what open requests of the case have found.
    fn protecting(&self, case: Index, asset: u64) -> Option<&'static Rule> {
        let requests = self.state.cases.get(case).into_iter().flat_map(|case| &case.requests);
        let found = requests.filter_map(|request| self.state.requests.get(*request)).flat_map(|open| &open.found);
        found.filter(|found| asset != 0 && found.asset == asset).find_map(|found| protects(&found.class))
    }

    /// Refuses a measure on property that the case knows to be protected (rules D23, D24).
    pub(super) fn check_protected(
        &self,
        act: &ActOrder,
        (case, base): (Option<Index>, Option<Index>),
        at: &str,
    ) -> Result<(), Refusal> {
        if !rules::is_stayed_by_bankruptcy(act.kind) {
            return Ok(());
        }
        let freeze = base.and_then(|base| self.state.measures.get(base));
        let named = act.account.as_ref().map(|account| short_hash(&[&act.partner, account.expose()]));
        let asset = named.or(freeze.map(|freeze| freeze.asset)).unwrap_or(0);
        let rule = case.and_then(|case| self.protecting(case, asset));
        let barred = freeze.is_some_and(|freeze| freeze.bars & bars::DEDUCT != 0);
        let broken = match rule {
            Some(rule) if *rule == rules::D24 => Some(&rules::D24),
            Some(rule) if *rule == rules::D23 && act.kind.moves_money() => Some(&rules::D23),
            _ if barred && act.kind.moves_money() => Some(&rules::D23),
            _ => None,
        };
        let place = if named.is_some() { "account" } else { "original" };
        let refuse = |rule| Refusal::Rules(vec![Breach { rule, at: format!("{at}/{place}") }]);
        broken.map_or(Ok(()), |rule| Err(refuse(rule)))
    }

    /// May a goal freeze what it found?
    pub(super) fn may_freeze(&self, open: &OpenRequest, query: &Act, found: &Found) -> bool {
        let listed = || self.pack_of(query).reserve_accounts.contains(&found.account);
        !self.is_bankrupt(open.case, query.subject_key) && protects(&found.class) != Some(&rules::D24) && !listed()
    }

    /// What a freeze of this property bars later.
    pub(super) fn bars_of_freeze(&self, query: &Act, found: &Found) -> u8 {
        let margin = protects(&found.class) == Some(&rules::D23);
        let listed = || self.pack_of(query).margin_accounts.contains(&found.account);
        if margin || listed() { bars::DEDUCT } else { 0 }
    }

    /// What the law bars of a frozen asset: by the question of this request that found it, and by the freeze itself.
    pub(super) fn bars_on(&self, found: Option<&Found>, freeze: &Measure) -> u8 {
        let query = found.and_then(|found| self.state.acts.get(found.query));
        freeze.bars | query.map_or(0, |query| query.bars)
    }

    /// What stays on each asset so that a person can live (rule D22): once for a person, on deposits and fund accounts in the
    /// order in which they were found, so that what is found later changes nothing of what was left before.
    pub(super) fn left_to_live(&self, open: &OpenRequest) -> BTreeMap<u64, Money> {
        let mut left: BTreeMap<u64, Money> = BTreeMap::new();
        let mut kept: BTreeMap<u64, Money> = BTreeMap::new();
        for found in &open.found {
            let Some(query) = self.state.acts.get(found.query).filter(|query| query.bars & bars::RESERVE != 0) else {
                continue;
            };
            let pack = self.pack_of(query);
            if !pack.reserves_on(found.kind()) || left.contains_key(&found.asset) {
                continue;
            }
            let person = kept.entry(query.subject_key).or_default();
            let stays = pack.living_reserve.minus_or_zero(*person).min(available(found));
            *person = person.plus(stays);
            left.insert(found.asset, stays);
        }
        left
    }

    /// What the partner must know of the rules there when money is taken.
    pub(super) fn note_of_taking(&self, kind: ActKind, freeze: &Measure) -> Option<String> {
        let pack = self.pack_under(freeze.rules, freeze.lane);
        let partner = self.partner(freeze.lane)?;
        match kind {
            ActKind::Surrender if pack.buyout_days > 0 => {
                Some(format!("请先通知被保险人、受益人：{}日内可以赎买保单。", pack.buyout_days))
            }
            ActKind::Deduct if partner.kind == PartnerKind::HousingFund && pack.id != 0 => {
                let words: Vec<&str> = pack.fund_conditions.iter().map(|condition| condition.chinese()).collect();
                Some(format!("下列提取条件之一成就时划付：{}。", words.join("；")))
            }
            _ => None,
        }
    }
}
