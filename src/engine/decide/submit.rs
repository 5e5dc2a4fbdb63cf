//! Submitting: the checks that need partners, papers and the ledger, the frozen plan, and the one event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::act::{ActOrder, Original};
use domain::ledger::Ledger;
use domain::measure::MeasureState;
use domain::partner::Partner;
use domain::request::{ACTS_MAX, Asked, Goal, Repeat, Request, Scope};
use domain::rules::{self, Breach};
use domain::{ActKind, Day, Money};
use store::record::{AcceptedBody, ActRef, Body, PlanLine, RequestAccepted, RequestTwin, SealTwin};

use super::Decider;
use crate::command::{Answer, DocumentKey, Submit};
use crate::config::CourtFile;
use crate::refusal::Refusal;
use crate::state::slab::Index;
use crate::state::{Measure, Taking, short_hash};

/// What an act builds on.
#[derive(Clone, Copy, Default)]
struct Base {
    /// A measure.
    measure: Option<Index>,
    /// Money that was taken.
    taking: Option<Index>,
}

impl Base {
    fn of_measure(measure: Index) -> Self {
        Self { measure: Some(measure), taking: None }
    }

    fn of_taking(taking: Index) -> Self {
        Self { measure: None, taking: Some(taking) }
    }
}

impl Decider {
    pub(super) fn submit(&mut self, submit: &Submit) -> Result<Answer, Refusal> {
        // What was taken once is answered again, whoever has left the court since.
        if !self.state.idempotency.contains_key(&submit.idempotency) {
            self.check_viewers(&submit.request)?;
        }
        self.submit_with(submit, Vec::new())
    }

    /// A misspelt viewer would see nothing, and nobody would be told.
    fn check_viewers(&self, request: &Request) -> Result<(), Refusal> {
        let Some(court) = self.config.courts.get(&request.case.court.code) else { return Err(Refusal::CourtForeign) };
        if request.viewers.iter().all(|viewer| court.tokens.contains(viewer)) {
            return Ok(());
        }
        Err(Refusal::OutOfBounds {
            at: "/viewers", bound: "须为本院令牌的名称 · names of tokens of this court"
        })
    }

    /// The same with papers whose keys the case has already.
    pub(super) fn submit_with(&mut self, submit: &Submit, carried: Vec<SealTwin>) -> Result<Answer, Refusal> {
        if let Some(keyed) = self.state.idempotency.get(&submit.idempotency) {
            let same = keyed.fingerprint == submit.fingerprint;
            return if same { Ok(Answer::Accepted(keyed.request)) } else { Err(Refusal::KeyReused) };
        }
        let request = &submit.request;
        self.check_court(request)?;
        self.check_law(submit)?;
        self.check_papers(submit)?;
        let mut plan = match &request.asked {
            Asked::Goal { goal, subjects, scope } => self.plan_goal(*goal, subjects, scope)?,
            Asked::Acts(acts) => self.plan_acts(submit, acts)?,
        };
        check_rounds(request, plan.len())?;
        self.preflight(request, &plan)?;
        self.check_registers(request, &plan)?;
        self.bind_law(submit, &mut plan);
        let court = request.case.court.code.as_str();
        for line in &mut plan {
            line.approvals = self.approvals_for(court, line);
        }
        let slips = self.number(&mut plan);
        let case = self.state.case_index(submit.case_key);
        let slot = match case.and_then(|case| self.state.cases.get(case)) {
            Some(case) => self.sealable(case.slot)?,
            None => self.keyring.create()?,
        };
        let mut body = self.accepted_body(submit, plan, slot)?;
        body.seals.extend(carried);
        let fact = RequestAccepted {
            acts: u32::try_from(body.plan.len()).unwrap_or(u32::MAX),
            case: case.map(|case| self.state.case_id(case).0),
            court: court.to_owned(),
            deadline: request.deadline,
            goal: goal_word(request).to_owned(),
            priority: request.priority.word().to_owned(),
            slips,
            token: submit.token.clone(),
        };
        let told = self.newly_bankrupt(submit);
        let before = case.map(|case| self.state.ledger(case).target);
        let sequence = self.emit(fact.into(), Some(Body::Accepted(Box::new(body))), slot);
        self.be_patient(domain::RequestId(sequence));
        self.schedule_round(domain::RequestId(sequence));
        self.suspend_for_bankruptcy(submit);
        if let Some(case) = case {
            let policy = self.court_of(case).map(|court| court.bankruptcy).unwrap_or_default();
            told.into_iter().for_each(|party| self.propose_releases(case, Some(party), policy));
            if before.is_some_and(|before| self.state.ledger(case).target > before) {
                self.look_anew_at(case);
            }
        }
        Ok(Answer::Accepted(sequence))
    }

    fn accepted_body(&mut self, submit: &Submit, plan: Vec<PlanLine>, slot: u64) -> Result<AcceptedBody, Refusal> {
        let mut seals = Vec::with_capacity(submit.paper_keys.len());
        for (paper, key) in submit.request.papers.iter().zip(&submit.paper_keys) {
            let Some(document) = self.state.documents.get(key) else { continue };
            let key = DocumentKey {
                digest: paper.digest.expose(),
                blob: &document.blob,
                slot: document.slot,
                bytes: document.bytes,
                content_type: &document.content_type,
            };
            seals.push(self.keyring.wrap(&key, slot)?);
        }
        Ok(AcceptedBody {
            case_key: submit.case_key,
            idempotency: submit.idempotency,
            fingerprint: submit.fingerprint,
            subjects: submit.subjects.clone(),
            preservation: submit.preservation,
            rules: self.packs_of(&plan),
            plan,
            documents: submit.paper_keys.clone(),
            seals,
            request: RequestTwin::from(submit.request.as_ref()),
        })
    }

    fn check_court(&self, request: &Request) -> Result<(), Refusal> {
        if request.deadline.is_some_and(|deadline| deadline <= self.now) {
            return Err(Refusal::DeadlinePassed);
        }
        let Some(court) = self.config.courts.get(&request.case.court.code) else { return Err(Refusal::CourtForeign) };
        if transfers(request)
            && let Some(account) = &request.case.account
        {
            let listed = court
                .accounts
                .iter()
                .any(|(bank, number)| *bank == account.bank_code && number == account.number.expose());
            if !listed {
                return Err(Refusal::AccountNotListed);
            }
        }
        if let Some(callback) = &request.callback
            && !is_listed(court, callback.expose())
        {
            return Err(Refusal::CallbackNotListed);
        }
        Ok(())
    }

    fn check_papers(&self, submit: &Submit) -> Result<(), Refusal> {
        let court = submit.request.case.court.code.as_str();
        for (place, key) in submit.paper_keys.iter().enumerate() {
            let known = self.state.documents.get(key).is_some_and(|document| self.state.word(document.court) == court);
            if !known {
                return Err(Refusal::DocumentUnknown { at: format!("/documents/{place}/digest") });
            }
        }
        Ok(())
    }

    /// One query per subject and partner in scope; the partners are frozen by this.
    fn plan_goal(&self, _goal: Goal, subjects: &[u16], scope: &Scope) -> Result<Vec<PlanLine>, Refusal> {
        if let Some(place) = scope.partners.iter().position(|id| !self.is_current(id)) {
            return Err(Refusal::PartnerUnknown { at: format!("/scope/partners/{place}") });
        }
        let in_scope: Vec<&str> = self
            .config
            .partners
            .values()
            .filter(|partner| !partner.retired && partner.takes(ActKind::Query))
            .filter(|partner| scope.kinds.is_empty() || scope.kinds.contains(&partner.kind))
            .filter(|partner| scope.partners.is_empty() || scope.partners.contains(&partner.id))
            .filter(|partner| partner.serves(&scope.regions))
            .map(|partner| partner.id.as_str())
            .collect();
        if in_scope.is_empty() || subjects.is_empty() {
            return Err(Refusal::ScopeEmpty);
        }
        if in_scope.len() * subjects.len() > ACTS_MAX {
            return Err(Refusal::TooManyActs { max: 10_000 });
        }
        let pairs = in_scope.iter().flat_map(|partner| subjects.iter().map(move |subject| (*partner, *subject)));
        Ok(pairs.map(|(partner, subject)| PlanLine::of(ActKind::Query, partner, subject)).collect())
    }

    fn is_current(&self, partner: &str) -> bool {
        self.config.partners.get(partner).is_some_and(|partner| !partner.retired)
    }

    /// Explicit acts, each held against partner, original and ceilings, as if those before it were accepted.
    fn plan_acts(&self, submit: &Submit, acts: &[ActOrder]) -> Result<Vec<PlanLine>, Refusal> {
        if acts.len() > ACTS_MAX {
            return Err(Refusal::TooManyActs { max: 10_000 });
        }
        let case = self.state.case_index(submit.case_key);
        let before = self.preserved(submit, case);
        let mut ledger = case.map(|case| self.state.ledger(case)).unwrap_or_default();
        ledger.target = submit.request.case.target();
        for (_, measure) in before.into_iter().flat_map(|before| self.state.measures_of_case(before)) {
            if measure.is_live_freeze() {
                ledger.exposure = ledger.exposure.plus(Money::from_units(measure.limit()));
                ledger.controlled = ledger.controlled.plus(Money::from_units(measure.caught()));
            }
        }
        let mut claimed: BTreeMap<Index, Money> = BTreeMap::new();
        let mut going: BTreeMap<Index, Going> = BTreeMap::new();
        let mut plan = Vec::with_capacity(acts.len());
        let mut taken = self.taken_before(acts, [case, before]);
        for (place, act) in acts.iter().enumerate() {
            let at = format!("/acts/{place}");
            let partner = self.config.partners.get(&act.partner).filter(|partner| !partner.retired);
            let Some(partner) = partner else { return Err(Refusal::PartnerUnknown { at: format!("{at}/partner") }) };
            if partner.acts.contains(&act.kind) && !partner.takes(act.kind) {
                return Err(Refusal::StageTooLow { at: format!("{at}/kind"), stage: partner.stage });
            }
            if !partner.takes(act.kind) {
                return Err(Refusal::Rules(vec![Breach { rule: &rules::D19, at: format!("{at}/kind") }]));
            }
            // A secret freeze refuses another one on its account too, which whoever may not see it can hear (rule D5): the same
            // money held twice for one case is worse than that.
            if act.kind == ActKind::Freeze && asset_of(act).is_some_and(|asset| !taken.insert(asset)) {
                return Err(Refusal::Rules(vec![Breach { rule: &rules::D14, at: format!("{at}/account") }]));
            }
            let base = self.base_of(act, (submit, [case, before]), &at)?;
            self.check_built_on(act, base, &at)?;
            self.check_left(act, base.measure, &mut going, &at)?;
            self.check_protected(act, (case, base.measure), &at)?;
            Self::check_ceilings(self, act, base, &mut ledger, &mut claimed, &at)?;
            plan.push(self.plan_line(act, base, case));
        }
        Ok(plan)
    }

    /// What freezes of the case, and of the preservation before it, are on already; gone through once for all that is ordered.
    fn taken_before(&self, acts: &[ActOrder], cases: [Option<Index>; 2]) -> BTreeSet<u64> {
        let freezes = acts.iter().any(|act| act.kind == ActKind::Freeze && act.account.is_some());
        let cases = cases.into_iter().flatten().filter(|_| freezes);
        cases.flat_map(|case| self.taken_assets(case)).collect()
    }

    fn plan_line(&self, act: &ActOrder, base: Base, case: Option<Index>) -> PlanLine {
        let mut line = PlanLine::of(act.kind, &act.partner, act.subject);
        if let Some(original) = &act.original {
            line.set_original(original);
        }
        line.note = act.note.as_ref().map(|note| note.expose().clone());
        line.details = store::record::details_out(&act.details);
        let freeze = base.measure.and_then(|base| self.state.measures.get(base));
        let taking = base.taking.and_then(|taking| self.state.takings.get(taking));
        line.base = freeze.map(|freeze| ActRef(freeze.sequence, freeze.place));
        line.base = line.base.or(taking.map(|taking| ActRef(taking.sequence, taking.place)));
        line.account = act.account.as_ref().map(|account| account.expose().clone());
        line.asset = match (&line.account, freeze) {
            (Some(account), _) => short_hash(&[&act.partner, account]),
            (None, Some(freeze)) => freeze.asset,
            (None, None) => taking.map_or(0, |taking| taking.asset),
        };
        line.amount = act.amount.map(Money::units);
        if act.kind == ActKind::Release && line.amount.is_some() && line.amount == freeze.map(Measure::limit) {
            // A part that is all of it: in full, which every partner can read.
            line.amount = None;
        }
        (line.from, line.to) = (act.from.map(Day::count), act.to.map(Day::count));
        if act.kind == ActKind::Support {
            // Whoever asks for people without a word about when means today.
            line.to = line.to.or(Some(Day::of(self.now).count()));
        }
        if act.kind.is_lasting() || act.kind == ActKind::Renew {
            let from = act.from.unwrap_or(Day::of(self.now));
            let partner = self.config.partners.get(&act.partner);
            line.property = partner.map_or(0, |partner| self.property_code(case, act, partner.kind));
            let property = Self::property_of_line(&line);
            let years = |partner: &Arc<Partner>| partner.law.years_for(property, Some(partner.kind));
            let years = partner.map_or(rules::DEPOSIT_YEARS_MAX, years);
            // A renewal never ends what it renews earlier than it would end by itself (rule D9).
            let longest = from.last_of_years(years);
            let last = freeze.and_then(Measure::last_day).filter(|_| act.kind == ActKind::Renew);
            line.from = Some(from.count());
            line.to = Some(act.to.unwrap_or(last.map_or(longest, |last| last.max(longest))).count());
        }
        line
    }

    /// What an act builds on, as far as we know it; a foreign freeze may be renewed or released, never deducted from.
    fn base_of(
        &self,
        act: &ActOrder,
        (submit, [case, before]): (&Submit, [Option<Index>; 2]),
        at: &str,
    ) -> Result<Base, Refusal> {
        let unknown = || Refusal::OriginalUnknown { at: format!("{at}/original") };
        if let (ActKind::Freeze, Some(original)) = (act.kind, &act.original) {
            // Only another organ's freeze is taken over (rule D13); one of ours is renewed.
            let ours = original.act.is_some() || self.state.measure_by_number(&act.partner, &original.slip).is_some();
            return if ours { Err(unknown()) } else { Ok(Base::default()) };
        }
        let Some(original) = act.original.as_ref().filter(|_| !act.kind.builds_on().is_empty()) else {
            return Ok(Base::default());
        };
        if act.kind.gives_back() {
            return self.taken_by(act, (submit, original), case).map(Base::of_taking).ok_or_else(unknown);
        }
        let Some(index) = self.measure_named(act, original) else {
            let is_ours = original.act.is_some() || act.kind.moves_money();
            return if is_ours { Err(unknown()) } else { Ok(Base::default()) };
        };
        let measure = self.state.measures.get(index).ok_or_else(unknown)?;
        let subject = submit.subjects.get(usize::from(act.subject)).copied();
        // A secret one named by its number is not taken for another organ's either: its partner would do what is asked.
        let fits = submit.sees_measure(measure)
            && act.kind.builds_on().contains(&measure.kind())
            && (Some(measure.case) == case || Some(measure.case) == before)
            && Some(measure.subject_key) == subject
            && self.state.partner_of(measure.lane) == act.partner;
        if !fits {
            return Err(unknown());
        }
        // What has lapsed cannot be renewed or taken from: a late renewal is a new freeze with a new rank.
        if measure.state() == MeasureState::Lapsed || (measure.is_live() && measure.is_over(Day::of(self.now))) {
            return Err(Refusal::Rules(vec![Breach { rule: &rules::D10, at: format!("{at}/original") }]));
        }
        Ok(Base::of_measure(index))
    }

    /// What builds on a freeze is about the property that it holds (rule D20), and a renewal goes on where it ends (rule D9).
    fn check_built_on(&self, act: &ActOrder, base: Base, at: &str) -> Result<(), Refusal> {
        let Some(freeze) = base.measure.and_then(|base| self.state.measures.get(base)) else { return Ok(()) };
        let broken = |rule, field: &str| Err(Refusal::Rules(vec![Breach { rule, at: format!("{at}/{field}") }]));
        if freeze.asset != 0 && asset_of(act).is_some_and(|asset| asset != freeze.asset) {
            let at = format!("{at}/account");
            return if act.kind.moves_money() {
                broken(&rules::D20, "account")
            } else {
                Err(Refusal::OriginalUnknown { at })
            };
        }
        let Some(last) = freeze.last_day().filter(|_| act.kind == ActKind::Renew) else { return Ok(()) };
        if act.to.is_some_and(|to| to < last) {
            return broken(&rules::D9, "to");
        }
        if act.from.is_some_and(|from| from.count() > last.count().saturating_add(1)) {
            return broken(&rules::D9, "from");
        }
        Ok(())
    }

    /// Nothing is renewed or let go of which nothing is left, or will be: it is being let go whole. Nor is more let go in parts than
    /// there is; what a deduction may take says the sum that is free.
    fn check_left(
        &self,
        act: &ActOrder,
        base: Option<Index>,
        going: &mut BTreeMap<Index, Going>,
        at: &str,
    ) -> Result<(), Refusal> {
        let ends = act.kind.ends_a_measure();
        let base = base.filter(|_| ends || act.kind == ActKind::Renew);
        let Some((index, measure)) = base.and_then(|base| Some((base, self.state.measures.get(base)?))) else {
            return Ok(());
        };
        let going = going.entry(index).or_insert_with(|| self.going_of(index, measure.case));
        if going.whole || matches!(measure.state(), MeasureState::Ended | MeasureState::Void) {
            return Err(Refusal::OriginalGone { at: format!("{at}/original") });
        }
        if ends {
            let limit = Money::from_units(measure.limit());
            *going = going.with(act.amount.filter(|part| going.parts.is_positive() || *part != limit));
            if going.parts > limit {
                return Err(Refusal::Rules(vec![Breach { rule: &rules::D7, at: format!("{at}/amount") }]));
            }
        }
        Ok(())
    }

    fn going_of(&self, index: Index, case: Index) -> Going {
        let ends =
            |act: &crate::state::Act| act.measure == index && act.kind().ends_a_measure() && act.state().is_open();
        let acts = self.state.acts_of_case(case).map(|(_, act)| act).filter(|act| ends(act));
        acts.fold(Going::default(), |going, act| going.with(Some(Money::from_units(act.amount))))
    }

    /// The preservation that becomes this request's enforcement with it (rule D11), when it is known.
    fn preserved(&self, submit: &Submit, case: Option<Index>) -> Option<Index> {
        let before = submit.preservation.and_then(|key| self.state.case_index(key));
        before.filter(|before| Some(*before) != case)
    }

    /// The money that an act gives back: what an earlier act of the case took at this partner.
    fn taken_by(&self, act: &ActOrder, (submit, original): (&Submit, &Original), case: Option<Index>) -> Option<Index> {
        let index = self.taking_named(original, case)?;
        let taking = self.state.takings.get(index)?;
        let fits = submit.sees_taking(taking)
            && act.kind.builds_on().contains(&taking.kind())
            && Some(taking.case) == case
            && self.state.partner_of(taking.lane) == act.partner;
        fits.then_some(index)
    }

    fn check_ceilings(
        &self,
        act: &ActOrder,
        base: Base,
        ledger: &mut Ledger,
        claimed: &mut BTreeMap<Index, Money>,
        at: &str,
    ) -> Result<(), Refusal> {
        let amount = act.amount.unwrap_or_default();
        let refuse = |rule| Err(Refusal::Rules(vec![Breach { rule, at: format!("{at}/amount") }]));
        let free = |base| self.state.measures.get(base).map_or(Money::ZERO, Measure::free);
        match (act.kind, base.measure) {
            (ActKind::Freeze, _) => {
                if ledger.check_freeze(amount).is_err() {
                    return refuse(&rules::D8);
                }
                ledger.exposure = ledger.exposure.plus(amount);
            }
            (kind, Some(base)) if kind.moves_money() => {
                let taken = claimed.entry(base).or_default();
                let free = free(base).minus_or_zero(*taken);
                match ledger.check_deduct(amount, free) {
                    Err(domain::ledger::Ceiling::AboveFreeze) => return refuse(&rules::D20),
                    Err(_) => return refuse(&rules::D8),
                    Ok(()) => {}
                }
                *taken = taken.plus(amount);
                ledger.deducting = ledger.deducting.plus(amount);
            }
            (ActKind::Release, Some(base)) => {
                let held = self.state.measures.get(base).map_or(0, Measure::limit);
                if act.amount.is_some_and(|part| !part.is_positive() || part > Money::from_units(held)) {
                    return refuse(&rules::D7);
                }
                claimed.insert(base, free(base));
            }
            (kind, _) if kind.gives_back() => {
                let taking = base.taking.and_then(|taking| self.state.takings.get(taking));
                if amount > taking.map_or(Money::ZERO, Taking::returnable) {
                    return Err(Refusal::AboveTaken { at: format!("{at}/amount") });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many other persons must approve an act, by its kind and amount.
    pub(super) fn approvals_for(&self, court: &str, line: &PlanLine) -> u8 {
        let amount = Money::from_units(line.amount.unwrap_or(0));
        let (Some(court), Some(kind)) = (self.config.courts.get(court), ActKind::from_code(line.kind)) else {
            return 0;
        };
        let asked = court.approvals.iter().filter(|rule| rule.kinds.contains(&kind));
        asked.filter(|rule| rule.from <= amount).map(|rule| rule.persons).max().unwrap_or(0)
    }
}

/// What open acts let go of a measure, with those that stand before in the same request.
#[derive(Clone, Copy, Default)]
pub(super) struct Going {
    whole: bool,
    parts: Money,
}

impl Going {
    pub(super) fn with(mut self, part: Option<Money>) -> Self {
        match part.filter(|part| part.is_positive()) {
            Some(part) => self.parts = self.parts.plus(part),
            None => self.whole = true,
        }
        self
    }
}

/// The property that an act names.
fn asset_of(act: &ActOrder) -> Option<u64> {
    act.account.as_ref().map(|account| short_hash(&[&act.partner, account.expose()]))
}

/// All rounds of a goal must have room among the acts of one request.
fn check_rounds(request: &Request, questions: usize) -> Result<(), Refusal> {
    let rounds = request.repeat.map_or(1, Repeat::rounds);
    if questions.saturating_mul(rounds) > ACTS_MAX { Err(Refusal::TooManyActs { max: 10_000 }) } else { Ok(()) }
}

/// Does money go to the court's account, or back from there?
fn transfers(request: &Request) -> bool {
    match &request.asked {
        Asked::Goal { goal, .. } => *goal == Goal::Collect,
        Asked::Acts(acts) => acts.iter().any(|act| act.kind.transfers()),
    }
}

fn goal_word(request: &Request) -> &'static str {
    match &request.asked {
        Asked::Goal { goal, .. } => goal.word(),
        Asked::Acts(_) => "acts",
    }
}

/// Is `url` of one of the origins that the court's file lists?
pub(crate) fn is_listed(court: &CourtFile, url: &str) -> bool {
    court.callback_origins.iter().any(|origin| is_of_origin(url, origin))
}

/// Is `url` of `origin` (scheme, host and port alike), with nothing before the path but it?
fn is_of_origin(url: &str, origin: &str) -> bool {
    let rest = url.strip_prefix(origin.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}
