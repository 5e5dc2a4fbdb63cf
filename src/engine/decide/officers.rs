//! Officers: who is registered with a partner is asked when a request comes and again when something is to be sent (rule D4).

use std::collections::{BTreeMap, BTreeSet};

use domain::form::all_registered;
use domain::request::Request;
use domain::rules::{self, Breach};
use domain::sentence::Waiting;
use domain::task::{TaskEnd, TaskKind};
use domain::{ActState, Day};
use store::record::{ActRef, PlanLine};

use super::Decider;
use super::task::Draft;
use crate::refusal::Refusal;
use crate::state::{Act, OpenRequest, State, officer_key};

/// Told in one tick, so that a tick stays short.
const TOLD_PER_TICK_MAX: usize = 100;

impl State {
    /// The only tokens that may see a secret request, its own first; empty when it is not secret.
    #[must_use]
    pub(crate) fn viewers_of(&self, open: &OpenRequest) -> Vec<String> {
        if open.viewers.is_empty() {
            return Vec::new();
        }
        let words = [open.token].into_iter().chain(open.viewers.iter().copied());
        words.map(|word| self.word(word).to_owned()).collect()
    }
}

impl Decider {
    /// Every officer named must be registered today with every partner that keeps a register.
    pub(super) fn check_registers(&self, request: &Request, plan: &[PlanLine]) -> Result<(), Refusal> {
        let today = Day::of(self.now);
        let partners: BTreeSet<&str> = plan.iter().map(|line| line.partner.as_str()).collect();
        let registers = partners.into_iter().filter_map(|partner| self.config.partners.get(partner));
        let registers: Vec<_> = registers.filter_map(|partner| partner.form.register.as_deref()).collect();
        let mut broken = Vec::new();
        for (place, officer) in request.officers.iter().enumerate() {
            let key = officer_key(officer.work_id.expose(), officer.duty_id.expose());
            if registers.iter().any(|register| !all_registered(Some(register), &[key], today)) {
                broken.push(Breach { rule: &rules::D4, at: format!("/officers/{place}") });
            }
        }
        if broken.is_empty() { Ok(()) } else { Err(Refusal::Rules(broken)) }
    }

    /// A new day may begin or end what a register says: whoever was held may go, and whoever may not is held.
    pub(super) fn registers_change(&mut self) {
        self.registers_stirred = true;
        if self.state.lanes.iter().any(|lane| lane.register.is_some()) {
            self.state.rouse_ready(self.now);
        }
    }

    /// A request that is held for want of a registered officer is told once, and the task ends by itself when it may go.
    pub(super) fn tell_unregistered(&mut self) {
        // Only a new day or other settings change it; to look at every act with every tick would cost more than it tells.
        if !std::mem::take(&mut self.registers_stirred) {
            return;
        }
        let held = |act: &Act| act.state() == ActState::Ready && self.state.hold_on(act) == Some(Waiting::Officer);
        let act_of = |act: Option<ActRef>| {
            let index = act.and_then(|act| self.state.act_index(act.into()))?;
            self.state.acts.get(index).filter(|act| held(act))
        };
        let mut told = BTreeSet::new();
        let mut over = Vec::new();
        for task in self.state.tasks.values().filter(|task| task.kind() == TaskKind::OfficerUnregistered) {
            match act_of(task.act) {
                Some(act) => drop(told.insert((act.request, act.lane))),
                None => over.push(task.sequence),
            }
        }
        // One for a request and partner is enough, whatever number of acts waits there.
        let mut untold = BTreeMap::new();
        for (_, act) in self.state.acts.iter().filter(|(_, act)| held(act)) {
            if !told.contains(&(act.request, act.lane)) {
                untold.entry((act.request, act.lane)).or_insert((ActRef::from(act.id()), act.case));
            }
        }
        self.registers_stirred = untold.len() > TOLD_PER_TICK_MAX;
        for task in over {
            self.close_task(task, TaskEnd::Moot, None);
        }
        for ((request, lane), (act, case)) in untold.into_iter().take(TOLD_PER_TICK_MAX) {
            let partner = self.state.partner_of(lane).to_owned();
            let court = self.state.requests.get(request).map_or(0, |open| open.court);
            let court = self.state.word(court).to_owned();
            let draft = Draft { act: Some(act), partner, ..Draft::default() };
            self.raise(TaskKind::OfficerUnregistered, Some(case), &court, draft);
        }
    }
}
