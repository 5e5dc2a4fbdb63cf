//! Fold: one event changes the state. Total, never fails, never recomputes a choice; what it does not know it leaves.

use std::cmp::Reverse;

use domain::outcome::{Outcome, Verdict};
use domain::request::{Goal, Priority};
use domain::rules::bars;
use domain::{ActId, ActKind, ActState, Millis, Money, SlipNumber};
use store::record::{
    AcceptedBody, ActRef, ActResolved, Body, Event, ExchangeBegan, ExchangeEnded, Fact, LeadTwin, OutcomeTwin,
    PlanLine, RequestAccepted, act_state,
};

use crate::state::act::NO_SEQUENCE;
use crate::state::books::paper_key;
use crate::state::lane::{Pause, class_of, is_the_partners};
use crate::state::slab::{Index, NONE};
use crate::state::{Act, Keyed, LEADS_MAX, OpenRequest, State, officer_key, short_hash};

impl State {
    /// Applies the event at `sequence`.
    pub fn fold(&mut self, sequence: u64, event: &Event) {
        self.next = sequence + 1;
        self.at = event.at;
        self.slot_highest = self.slot_highest.max(event.key);
        let at = event.at;
        self.note_proof(sequence, event);
        self.outdate_erasure(event);
        match (&event.fact, &event.body) {
            (Fact::GatewayStarted(fact), _) => self.epoch = fact.epoch,
            (Fact::ConfigLoaded(fact), _) => self.config_digest.clone_from(&fact.digest),
            (Fact::DocumentStored(fact), Some(Body::Document(body))) => {
                self.store_document(sequence, fact, body.digest_key, &body.content_type, event);
            }
            (Fact::DocumentStored(fact), _) => {
                // Erased since: its court keeps the place among the words that it had.
                self.word_for(&fact.court);
            }
            (Fact::KeyStoodIn(fact), _) => {
                self.slot_highest = self.slot_highest.max(fact.stand_in);
                self.stand_ins.note(fact.stand_in, fact.slot);
            }
            (Fact::DocumentErased(fact), _) => self.erase_document(fact.document),
            (Fact::RequestAccepted(fact), Some(Body::Accepted(body))) => {
                self.accept(sequence, fact, body, event);
            }
            (Fact::RequestAccepted(fact), _) => self.draw_unread(fact.slips),
            (Fact::PlanExtended(fact), Some(Body::Planned(body))) => {
                if let Some((request, _)) = self.plans.get(&fact.request).copied() {
                    self.extend(sequence, request, &body.plan, &[], at);
                }
            }
            (Fact::PlanExtended(fact), _) => self.draw_unread(fact.slips),
            (Fact::RequestApproved(fact), _) => self.approve(sequence, fact.request, &fact.by, at),
            (Fact::RequestStopped(fact), _) => self.halt(sequence, fact.request, at, |request| request.stopping = true),
            (Fact::DeadlinePassed(fact), _) => self.halt(sequence, fact.request, at, |request| request.overdue = true),
            (Fact::RequestFinished(fact), _) => {
                self.finish(fact.request);
                self.finishes_delivery(fact.request, sequence, at);
            }
            (Fact::ExchangeBegan(fact), _) => self.begin(sequence, fact, at),
            (Fact::ExchangeEnded(fact), body) => self.end(sequence, fact, outcome_of(body), at),
            (Fact::OutcomeReceived(fact), body) => {
                self.settle(sequence, fact.act, &fact.state, &fact.verdict, outcome_of(body), at);
            }
            (Fact::LeadReceived(fact), body) => self.take_lead(sequence, fact.act, body.as_ref()),
            (Fact::ActWithdrawn(fact), _) => self.withdraw(sequence, fact.act, &fact.by, at),
            (Fact::ActResolved(fact), body) => {
                let amount = match body {
                    Some(Body::Reason(reason)) => reason.amount,
                    _ => None,
                };
                self.resolve(sequence, fact, amount, at);
            }
            (Fact::LanePaused(fact), _) => {
                self.pause(&fact.partner, Some(Pause { by: fact.by.clone(), until: fact.until }));
            }
            (Fact::LaneResumed(fact), _) => self.pause(&fact.partner, None),
            (Fact::AccessRead(fact), _) => self.remember_read(&fact.by, fact.request, fact.version),
            (fact, body) => {
                self.fold_apart(sequence, fact, body.as_ref(), event);
            }
        }
    }

    /// What has a file of its own: each changes nothing when the event is not its.
    fn fold_apart(&mut self, sequence: u64, fact: &Fact, body: Option<&Body>, event: &Event) {
        self.fold_delivery(sequence, fact, event.at);
        self.fold_reminder(sequence, fact, event.at);
        self.fold_stop(sequence, fact, event.at);
        self.fold_held(fact);
        self.fold_measures(sequence, fact, body, event);
        self.fold_settlement(sequence, fact, body);
        self.fold_applicant(fact);
        self.fold_erasure(sequence, event);
    }

    fn accept(&mut self, sequence: u64, fact: &RequestAccepted, body: &AcceptedBody, event: &Event) {
        let (claim, costs) = body.request.sums();
        let court = self.word_for(&fact.court);
        let case = match self.case_by_key.get(&body.case_key) {
            Some(case) => *case,
            None => self.open_case(sequence, body.case_key, event.key, &fact.court),
        };
        if fact.case.is_none() {
            self.join_case(sequence, case);
        }
        let request = OpenRequest {
            sequence,
            version: sequence,
            accepted_at: event.at,
            deadline: fact.deadline.unwrap_or(0),
            case,
            finals: 0,
            court,
            token: self.word_for(&fact.token),
            goal: Goal::from_word(&fact.goal).map_or(0, Goal::code),
            priority: Priority::from_word(&fact.priority).unwrap_or(Priority::Normal).code(),
            stopping: false,
            overdue: false,
            approvals: Vec::new(),
            acts: Vec::with_capacity(body.plan.len()),
            found: Vec::new(),
            parts: Vec::new(),
            events: vec![sequence],
            leads: Vec::new(),
            officers: body.request.officers().map(|(work, duty)| officer_key(work, duty)).collect(),
            viewers: body.request.viewers().iter().map(|viewer| self.word_for(viewer)).collect(),
            repeat: body.request.repeat().map(|repeat| (repeat.days, repeat.every_hours)),
            round: 0,
            round_began: 0,
        };
        let deadline = request.deadline;
        let request = self.requests.insert(request);
        if deadline != 0 {
            self.deadlines.insert((deadline, request));
        }
        if let Some(before) = body.preservation.and_then(|key| self.case_index(key)) {
            self.take_over(before, case);
        }
        if let Some(case) = self.cases.get_mut(case) {
            case.number = paper_key(body.request.case_number());
            case.requests.push(request);
            case.keys.push(body.idempotency);
            for (subject, told) in body.subjects.iter().zip(body.request.bankrupt()) {
                let Some(bankrupt) = told else { continue };
                case.bankrupt.retain(|other| other != subject);
                if bankrupt {
                    case.bankrupt.push(*subject);
                }
            }
        }
        self.retarget(case, Money::from_units(claim.saturating_add(costs)));
        self.idempotency.insert(body.idempotency, Keyed { request: sequence, fingerprint: body.fingerprint });
        self.reference(&body.documents, &self.readers_of(request));
        if body.request.has_callback() {
            self.expects_delivery(sequence, &fact.court, event.at);
        }
        self.extend(sequence, request, &body.plan, &body.subjects, event.at);
    }

    /// Plans acts; `subjects` are the parties' hashes, or empty to take them from the request's earlier acts.
    fn extend(&mut self, sequence: u64, request: Index, plan: &[PlanLine], subjects: &[u64], at: Millis) {
        self.touch_request(request, sequence, at);
        let Some(open) = self.requests.get(request) else { return };
        let (case, start) = (open.case, u32::try_from(open.acts.len()).unwrap_or(u32::MAX));
        let (approvals, repeats, secret) = (open.approvals.len(), open.round > 0, !open.viewers.is_empty());
        if secret {
            let viewers = std::iter::once(open.token).chain(open.viewers.iter().copied()).collect();
            self.viewers.insert(sequence, viewers);
        }
        self.plans.insert(sequence, (request, start));
        let known: Vec<(u16, u64)> = if subjects.is_empty() {
            let acts = self.requests.get(request).map(|open| open.acts.clone()).unwrap_or_default();
            acts.iter().filter_map(|index| self.acts.get(*index)).map(|act| (act.subject, act.subject_key)).collect()
        } else {
            Vec::new()
        };
        for (place, line) in plan.iter().enumerate() {
            let Some(kind) = ActKind::from_code(line.kind) else { continue };
            let ready = approvals >= usize::from(line.approvals);
            let state = if ready { ActState::Ready } else { ActState::Planned };
            let id = ActId { sequence, line: u32::try_from(place).unwrap_or(u32::MAX) };
            let mut act = Act::planned(id, kind, state, at);
            act.slip = line.slip;
            act.line = line.line;
            act.amount = line.amount.unwrap_or(0);
            act.asset = line.asset;
            act.subject = line.subject;
            act.subject_key = subjects.get(usize::from(line.subject)).copied().unwrap_or_else(|| {
                known.iter().find(|(subject, _)| *subject == line.subject).map_or(0, |(_, key)| *key)
            });
            act.to = line.to.unwrap_or(i32::MIN);
            act.approvals = line.approvals;
            act.repeats = repeats && kind.is_question();
            (act.bars, act.rules) = (line.bars, line.rules);
            if secret && !kind.is_question() {
                act.bars |= bars::TELLING;
            }
            if let (ActKind::Freeze, Some(original)) = (kind, line.original()) {
                act.takes_over = (paper_key(&original.slip), paper_key(original.case_number.expose()));
            }
            act.request = request;
            act.case = case;
            act.lane = self.lane_for(&line.partner);
            self.tie(&mut act, line);
            self.place(act);
        }
    }

    fn place(&mut self, act: Act) {
        let (slip, lane, state, request) = (act.slip, act.lane, act.state(), act.request);
        self.next_slip = self.next_slip.max(SlipNumber::from_bits(slip).counter() + 1);
        let (measure, taking, makes) = (act.measure, act.taking, act.kind().is_lasting());
        let moves_money = act.kind().moves_money();
        let index = self.insert_act(act);
        if let Some(measure) = self.measures.get_mut(measure).filter(|_| makes) {
            measure.act = index;
        }
        if let Some(taking) = self.takings.get_mut(taking).filter(|_| moves_money) {
            taking.act = index;
        }
        self.slips.entry(slip).or_insert(index);
        if let Some(open) = self.requests.get_mut(request) {
            open.acts.push(index);
        }
        if let Some(lane) = self.lane_mut(lane) {
            lane.count(None, Some(state));
        }
        if state == ActState::Ready {
            self.make_ready(index);
        }
    }

    fn approve(&mut self, sequence: u64, request: u64, by: &str, at: Millis) {
        let Some((index, _)) = self.plans.get(&request).copied() else { return };
        self.touch_request(index, sequence, at);
        let Some(open) = self.requests.get_mut(index) else { return };
        let by = token_hash(by);
        if !open.approvals.contains(&by) {
            open.approvals.push(by);
        }
        let (approvals, acts) = (open.approvals.len(), open.acts.clone());
        for act in acts {
            let waits = self
                .acts
                .get(act)
                .is_some_and(|act| act.state() == ActState::Planned && usize::from(act.approvals) <= approvals);
            if waits {
                self.change(act, ActState::Ready, at);
            }
        }
    }

    /// Nothing new starts: what has not been sent becomes `unsent`; releases still go.
    fn halt(&mut self, sequence: u64, request: u64, at: Millis, mark: impl FnOnce(&mut OpenRequest)) {
        let Some((index, _)) = self.plans.get(&request).copied() else { return };
        self.touch_request(index, sequence, at);
        let Some(open) = self.requests.get_mut(index) else { return };
        mark(open);
        let deadline = open.deadline;
        let acts = open.acts.clone();
        self.deadlines.remove(&(deadline, index));
        for act in acts {
            let unsent = self.acts.get(act).is_some_and(|act| {
                matches!(act.state(), ActState::Planned | ActState::Ready)
                    && !act.is_under_way()
                    && !act.kind().ends_a_measure()
            });
            if unsent {
                self.change(act, ActState::Unsent, at);
            }
        }
    }

    fn finish(&mut self, request: u64) {
        let Some((index, _)) = self.plans.get(&request).copied() else { return };
        let Some(open) = self.requests.remove(index) else { return };
        self.deadlines.remove(&(open.deadline, index));
        for act_index in &open.acts {
            let Some(act) = self.acts.get(*act_index) else { continue };
            self.plans.remove(&act.sequence);
            self.slips.remove(&act.slip);
            self.waiters.remove(act_index);
        }
        for act_index in open.acts {
            self.remove_act(act_index);
        }
        self.plans.remove(&request);
        if let Some(case) = self.cases.get_mut(open.case) {
            case.requests.retain(|other| *other != index);
        }
    }

    fn begin(&mut self, sequence: u64, fact: &ExchangeBegan, at: Millis) {
        let lane = self.lane_for(&fact.partner);
        let offer = fact.kind == "offer";
        if !offer && let Some(lane) = self.lane_mut(lane) {
            lane.begin(at);
            lane.in_flight += 1;
        }
        for act_ref in &fact.acts {
            let Some(index) = self.act_index((*act_ref).into()) else { continue };
            self.take_from_queues(index, lane);
            let Some(act) = self.acts.get_mut(index) else { continue };
            act.exchanges = act.exchanges.saturating_add(1);
            act.due_at = 0;
            if fact.kind != "ask" {
                act.sent_at = at;
            }
            act.began_at = at;
            let (slip, line) = (act.slip, act.line);
            if offer {
                act.answers_later = true;
            } else {
                act.exchange = sequence;
            }
            self.touch(index, sequence);
            if offer {
                if let Some(lane) = self.lane_mut(lane) {
                    lane.offered.insert((slip, line, index));
                }
                self.change(index, ActState::Awaiting, at);
            } else if fact.kind == "send" {
                self.change(index, ActState::Sending, at);
            }
        }
    }

    fn end(&mut self, sequence: u64, fact: &ExchangeEnded, outcome: Option<&OutcomeTwin>, at: Millis) {
        let lane = self.lane_for(&fact.partner);
        if let Some(lane) = self.lane_mut(lane) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            match fact.judged.as_str() {
                "not_sent" | "doubt" => lane.record.failures += u32::from(is_the_partners(&fact.cause)),
                _ => {
                    lane.record.failures = 0;
                    lane.record.rests_until = 0;
                }
            }
            if let Some(until) = fact.breaks {
                lane.record.rests_until = until;
            }
        }
        self.stirred.insert(lane);
        let Some(index) = self.act_index(fact.act.into()) else { return };
        if let Some(act) = self.acts.get_mut(index) {
            if act.exchange == fact.exchange {
                act.exchange = NO_SEQUENCE;
            }
            act.due_at = fact.due.unwrap_or(0);
            act.doubted = match fact.judged.as_str() {
                "doubt" => act.doubted || fact.state == ActState::InDoubt.word(),
                "not_sent" => act.doubted,
                "not_found" => fact.state == ActState::InDoubt.word(),
                _ => false,
            };
            // Whoever said "later" may say it when all is over, or say it twice.
            act.answers_later |= fact.judged == "accepted" || fact.state == ActState::Awaiting.word();
            act.tries = match fact.judged.as_str() {
                "answered" => 0,
                _ => act.tries.saturating_add(1),
            };
            // An outcome that came in by itself while the exchange was under way stands; the exchange adds nothing to it.
            if act.state().is_final() && fact.judged != "answered" {
                act.due_at = 0;
                self.touch(index, sequence);
                return;
            }
        }
        if fact.judged == "answered" {
            self.settle(sequence, fact.act, &fact.state, &fact.verdict, outcome, at);
        } else {
            self.touch(index, sequence);
            self.change(index, act_state(&fact.state), at);
        }
    }

    fn settle(
        &mut self,
        sequence: u64,
        act: ActRef,
        state: &str,
        verdict: &str,
        outcome: Option<&OutcomeTwin>,
        at: Millis,
    ) {
        let verdict = Verdict::from_word(verdict);
        let Some(index) = self.act_index(act.into()) else {
            self.settle_late(act.into(), act_state(state), verdict, outcome, at);
            return;
        };
        self.touch(index, sequence);
        self.count_answer(index, act_state(state));
        if let Some(act) = self.acts.get_mut(index) {
            act.outcome = sequence;
            act.set_verdict(verdict);
            act.outcome_hash = outcome.map_or(0, OutcomeTwin::fingerprint);
            // What is registered for later is asked about when its exchange said; whatever else was due is over.
            if verdict != Some(Verdict::Registered) {
                act.due_at = 0;
            }
        }
        let state = act_state(state);
        self.apply_sums(index, state, verdict, outcome, at);
        self.change(index, state, at);
        if verdict == Some(Verdict::Registered) {
            self.wake_waiters(index);
        }
    }

    /// The first word that brings an act to its end is an answer; what supersedes it is no second one.
    fn count_answer(&mut self, index: Index, state: ActState) {
        let Some(lane) = self.acts.get(index).filter(|act| act.state().is_open()).map(|act| act.lane) else { return };
        if let Some(lane) = self.lane_mut(lane).filter(|_| state.is_final()) {
            lane.record.answered += 1;
        }
    }

    fn wake_waiters(&mut self, index: Index) {
        for waiter in self.waiters.remove(&index).unwrap_or_default() {
            self.make_ready(waiter);
        }
    }

    fn resolve(&mut self, sequence: u64, fact: &ActResolved, amount: Option<i64>, at: Millis) {
        let Some(index) = self.act_index(fact.act.into()) else {
            if !fact.state.is_empty() {
                self.settle_denied(fact.act.into(), act_state(&fact.state), amount.unwrap_or(0), at);
            }
            return;
        };
        self.touch(index, sequence);
        if fact.state.is_empty() {
            if let Some(act) = self.acts.get_mut(index) {
                let by_other = act.settled_by != 0 && act.settled_by != token_hash(&fact.by);
                act.settled_differs |= by_other && !act.says_the_same(fact.took_effect, amount);
                act.settled_by = token_hash(&fact.by);
                act.settled_as = fact.took_effect;
                act.settled_amount = amount.unwrap_or(-1);
            }
            return;
        }
        let state = act_state(&fact.state);
        let part = amount.filter(|_| state == ActState::Partly);
        self.booked(index, |state_now| {
            let Some(act) = state_now.acts.get_mut(index) else { return };
            act.outcome = sequence;
            act.set_verdict(None);
            if let Some(amount) = amount.filter(|_| act.kind().transfers() && state == ActState::Done) {
                act.amount = amount;
            }
        });
        let part = part.map(|sum| self.settled_in_part(index, sum));
        self.apply_sums(index, state, None, part.as_ref(), at);
        let freeze = self.acts.get(index).filter(|act| act.kind() == ActKind::Freeze).map(|act| act.measure);
        if let (Some(freeze), Some(amount)) = (freeze, amount) {
            // What was ordered stays ordered until it is reduced or released; the paper says what is held of it.
            self.booked(index, |state_now| {
                state_now.with_measure(freeze, |measure| measure.set_caught(measure.caught().min(amount.max(0))));
            });
        }
        self.change(index, state, at);
    }

    /// What people say of a part, as a partner would have said it.
    fn settled_in_part(&self, index: Index, sum: i64) -> OutcomeTwin {
        let transfers = self.acts.get(index).is_some_and(|act| act.kind().transfers());
        let outcome = Outcome::of(Verdict::Partly);
        let told = Some(Money::from_units(sum.max(0)));
        let outcome = if transfers { Outcome { moved: told, ..outcome } } else { Outcome { caught: told, ..outcome } };
        OutcomeTwin::from(&outcome)
    }

    fn take_lead(&mut self, sequence: u64, act: ActRef, body: Option<&Body>) {
        if let Some(Body::Lead(lead)) = body {
            if self.leads.len() >= LEADS_MAX {
                self.leads.clear();
            }
            self.leads.insert(lead_key(act, lead), sequence);
        }
        let Some(index) = self.act_index(act.into()) else { return };
        self.touch(index, sequence);
        let request = self.acts.get(index).map(|act| act.request);
        if let Some(open) = request.and_then(|request| self.requests.get_mut(request)) {
            open.leads.push(sequence);
        }
    }

    fn withdraw(&mut self, sequence: u64, act: ActRef, by: &str, at: Millis) {
        let Some(index) = self.act_index(act.into()) else { return };
        if let Some(act) = self.acts.get_mut(index) {
            act.did_not_fit = by.is_empty();
        }
        self.touch(index, sequence);
        self.change(index, ActState::Withdrawn, at);
    }

    fn touch(&mut self, index: Index, sequence: u64) {
        let Some(request) = self.acts.get(index).map(|act| act.request) else { return };
        let at = self.at;
        self.touch_request(request, sequence, at);
    }

    /// Moves an act to a state, and whoever waits for that.
    fn change(&mut self, index: Index, state: ActState, at: Millis) {
        let Some(act) = self.acts.get_mut(index) else { return };
        let (from, lane, request) = (act.state(), act.lane, act.request);
        if state != ActState::InDoubt {
            // What a person said was about the doubt that ends here, not about a later one.
            act.settled_by = 0;
            act.settled_differs = false;
        }
        let (due, slip, line) = (act.due_at, act.slip, act.line);
        let frozen = act.asset;
        if act.kind() == ActKind::Freeze && frozen != 0 && from.is_open() && state.is_final() {
            self.freeze_ended(request, frozen);
        }
        self.booked(index, |state_now| {
            if let Some(act) = state_now.acts.get_mut(index) {
                act.set_state(state, at);
            }
        });
        self.stands_or_falls(index, state);
        self.released_or_not(index, state);
        self.renewed_or_not(index, state);
        if let Some(lane) = self.lane_mut(lane) {
            lane.count(from.is_open().then_some(from), state.is_open().then_some(state));
            if state.is_final() {
                lane.offered.remove(&(slip, line, index));
            }
            if due > at && matches!(state, ActState::Awaiting | ActState::InDoubt) {
                lane.timers.push(Reverse((due, index)));
            }
        }
        self.stirred.insert(lane);
        if let Some(open) = self.requests.get_mut(request) {
            match (from.is_final(), state.is_final()) {
                (false, true) => open.finals += 1,
                (true, false) => open.finals = open.finals.saturating_sub(1),
                _ => {}
            }
        }
        if state == ActState::Ready {
            // What came back unsent may be too much by now.
            let (case, base) = self.acts.get(index).map_or((NONE, NONE), |act| (act.case, act.measure));
            self.disturb(case);
            if self.measures.get(base).is_some_and(|base| base.overclaimed() > 0) {
                self.overclaimed.insert(base);
            }
        }
        match state {
            ActState::Ready => self.make_ready(index),
            ActState::InDoubt => self.order_next(lane, index),
            _ if state.is_handed_over() => self.handed_over(index, lane),
            _ => {}
        }
        if state.is_final() {
            self.wake_waiters(index);
        }
    }

    fn take_from_queues(&mut self, index: Index, lane: u16) {
        let Some(act) = self.acts.get(index) else { return };
        let (kind, state, priority) = (act.kind(), act.state(), self.priority_of(act));
        let Some(queue) = self.lane_mut(lane).and_then(|lane| lane.ready.get_mut(class_of(kind, state, priority)))
        else {
            return;
        };
        if queue.front() == Some(&index) {
            queue.pop_front();
        } else {
            queue.retain(|other| *other != index);
        }
    }
}

/// By which a repeated lead is known: the act and the partner's own number of it.
pub(crate) fn lead_key(act: ActRef, lead: &LeadTwin) -> u64 {
    short_hash(&[&act.0.to_string(), &act.1.to_string(), lead.serial()])
}

pub(crate) fn read_key(by: &str, request: u64) -> u64 {
    short_hash(&[by, &request.to_string()])
}

pub(crate) fn token_hash(token: &str) -> u32 {
    u32::try_from(short_hash(&[token]) & u64::from(u32::MAX)).unwrap_or(1).max(1)
}

fn outcome_of(body: &Option<Body>) -> Option<&OutcomeTwin> {
    match body {
        Some(Body::Outcome(outcome)) => Some(outcome),
        _ => None,
    }
}
