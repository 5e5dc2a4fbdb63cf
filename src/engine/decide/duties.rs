//! Duties that only people can meet: co-owners are told, objections answered, and what the network did not find is looked for elsewhere.

use std::collections::BTreeSet;

use domain::outcome::Outcome;
use domain::request::Goal;
use domain::task::{OBJECTION_DAYS, TaskEnd, TaskKind};
use domain::{ActKind, Day, Millis};
use store::record::ActRef;

use super::Decider;
use super::task::Draft;
use crate::command::{Answer, Objection};
use crate::refusal::Refusal;
use crate::state::slab::Index;

/// Particulars by which partners' forms name somebody else who owns the property too.
const CO_OWNER: [&str; 3] = ["co_owner", "co_owners", "joint_owner"];

/// Does an answer name a co-owner of what was found (rule D26)?
pub(super) fn names_co_owner(outcome: &Outcome) -> bool {
    let named = |name: &str| CO_OWNER.contains(&name);
    let of_accounts = outcome.accounts.iter().flat_map(|account| &account.details);
    of_accounts.chain(outcome.findings.iter().flat_map(|finding| &finding.details)).any(|detail| named(&detail.name))
}

fn end_of(day: Day) -> Millis {
    Day::from_count(day.count() + 1).start() - 1
}

impl Decider {
    /// Joint property may be frozen, and its co-owners must be told (rule D26).
    pub(super) fn tell_co_owners(&mut self, index: Index, co_owned: bool) {
        let Some(act) = self.state.acts.get(index).filter(|_| co_owned) else { return };
        let (id, case, partner) = (act.id(), act.case, self.state.partner_of(act.lane).to_owned());
        let court = self.state.cases.get(case).map_or(0, |case| case.court);
        let court = self.state.word(court).to_owned();
        let draft = Draft { act: Some(ActRef::from(id)), partner, ..Draft::default() };
        self.raise(TaskKind::NotifyCoOwner, Some(case), &court, draft);
    }

    /// The debtor is told promptly once something was frozen or taken (rule D20): once for a case and party, however much follows.
    pub(super) fn tell_debtors(&mut self) {
        while let Some(((case, subject), about)) = self.state.notices.pop_first() {
            if self.state.cases.get(case).is_some_and(|case| case.told.contains(&subject)) {
                continue;
            }
            let Some((rules, lane, is_measure)) = self.told_of(about) else { continue };
            let days = self.pack_under(rules, lane).debtor_notice_days;
            let due = self.config.calendar.workdays_after(Day::of(self.now), days);
            let court = self.state.cases.get(case).map_or(0, |case| case.court);
            let court = self.state.word(court).to_owned();
            let partner = self.state.partner_of(lane).to_owned();
            let (of_act, of_measure) = if is_measure { (None, Some(about)) } else { (Some(about), None) };
            let draft = Draft { act: of_act, measure: of_measure, partner, due: Some(end_of(due)), ..Draft::default() };
            self.raise(TaskKind::NotifyDebtor, Some(case), &court, draft);
        }
    }

    /// Under which pack what a notice is about was ordered, in which lane, and whether it is named as a measure: of a finished
    /// request that is what is left of a freeze, and its act where money is all that is left.
    fn told_of(&self, about: ActRef) -> Option<(u64, u16, bool)> {
        let id = domain::ActId::from(about);
        let act = self.state.act_index(id).and_then(|index| self.state.acts.get(index));
        let measure = || self.state.measure_by_act(id).map(|measure| (measure.rules, measure.lane, true));
        let taking = || {
            let index = self.state.taking_index(id)?;
            let taking = self.state.takings.get(index)?;
            let rules = self.state.measures.get(self.state.base_of(index)).map_or(0, |measure| measure.rules);
            Some((rules, taking.lane, false))
        };
        act.map(|act| (act.rules, act.lane, false)).or_else(measure).or_else(taking)
    }

    /// A goal that ends short leaves the duty to look on site (rule D35); one that is met ends it.
    pub(super) fn owe_investigation(&mut self, request: Index) {
        let Some(open) = self.state.requests.get(request) else { return };
        if !matches!(open.goal(), Some(Goal::Secure | Goal::Collect)) || open.stopping {
            return;
        }
        let (case, court) = (open.case, self.state.word(open.court).to_owned());
        let short = self.state.ledger(case).shortfall();
        if short.is_positive() {
            // Who may not know of a secret request is not told that it ended short: its task names its first act (rule D5).
            let act = (!open.viewers.is_empty()).then_some(ActRef(open.sequence, 0));
            let text = self.not_freezing(request);
            let draft = Draft { act, amount: Some(short.units()), text, ..Draft::default() };
            self.raise(TaskKind::SiteInvestigation, Some(case), &court, draft);
            return;
        }
        if let Some(task) = self.same_as_open(TaskKind::SiteInvestigation, Some(case), Draft::default()) {
            self.close_task(task, TaskEnd::Moot, None);
        }
    }

    /// Partners that told of property which could be held and take no freeze: why nothing was frozen there (rule D19).
    fn not_freezing(&self, request: Index) -> String {
        /// As many as fit a line; the request shows all.
        const NAMED_MAX: usize = 10;
        let Some(open) = self.state.requests.get(request) else { return String::new() };
        let of_worth = open.found.iter().filter(|found| found.available > 0);
        let lanes: BTreeSet<u16> =
            of_worth.filter_map(|found| self.state.acts.get(found.query)).map(|query| query.lane).collect();
        let freezes = |lane: u16| self.partner(lane).is_none_or(|partner| partner.takes(ActKind::Freeze));
        let named = lanes.into_iter().filter(|lane| !freezes(*lane)).take(NAMED_MAX);
        let named: Vec<&str> = named.map(|lane| self.state.partner_of(lane)).collect();
        if named.is_empty() {
            return String::new();
        }
        let named = named.join(", ");
        format!(
            "{named}：已查得财产，现处接入阶段未开通冻结（D19）。Property was found there, and its stage does not let it be frozen (D19)."
        )
    }

    /// A goal that ends while idle limits keep property out of reach at partners who cannot release a part leaves that to people.
    pub(super) fn owe_parts_by_hand(&mut self, request: Index) {
        let Some(open) = self.state.requests.get(request).filter(|open| !open.stopping) else { return };
        let (case, court) = (open.case, self.state.word(open.court).to_owned());
        for (index, part) in self.kept_idle(request) {
            let Some(measure) = self.state.measures.get(index) else { continue };
            let draft = Draft {
                measure: Some(ActRef(measure.sequence, measure.place)),
                partner: self.state.partner_of(measure.lane).to_owned(),
                amount: Some(part),
                text: super::excess::PART_BY_HAND.to_owned(),
                ..Draft::default()
            };
            self.raise(TaskKind::PartByHand, Some(case), &court, draft);
        }
    }

    /// A written objection: the court has fifteen days to answer, and nothing is suspended meanwhile (rule D18).
    pub(super) fn object(&mut self, objection: Objection) -> Result<Answer, Refusal> {
        let case = self.state.case_by_sequence(objection.case).ok_or(Refusal::NotFound)?;
        self.sealable(self.slot_of_case(case))?;
        let last = Day::from_count(Day::of(self.now).count() + OBJECTION_DAYS);
        let draft = Draft {
            act: Some(ActRef::from(objection.act)),
            partner: objection.partner,
            due: Some(end_of(last)),
            text: objection.text.expose().clone(),
            ..Draft::default()
        };
        // Two texts are two objections, and one task tells one: the second waits until the first is answered.
        if self.state.objection_to(objection.act.into(), &draft.partner, case).is_some() {
            return Err(Refusal::WrongState { state: "objection_open" });
        }
        Ok(Answer::Done(self.raise(TaskKind::AnswerObjection, Some(case), &objection.court, draft)))
    }
}
