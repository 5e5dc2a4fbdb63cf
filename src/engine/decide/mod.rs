//! Deciding: (state at head, command, now, random) gives events or a refusal. Serial; nothing here waits or reads a clock.

mod accept;
pub mod allocate;
mod applicant;
mod claim;
mod deliver;
mod denied;
mod duties;
mod erase;
mod excess;
pub(crate) mod exchange;
pub(crate) mod face;
mod halt;
mod held;
mod import;
mod late;
mod law;
pub mod limits;
pub(crate) mod look;
pub mod measures;
pub(crate) mod numbering;
pub(crate) mod offer;
mod officers;
mod paced;
mod packet;
mod people;
pub mod plan;
mod preflight;
mod property;
mod pump;
pub(crate) mod remind;
mod repeat;
mod sealing;
mod secrecy;
mod settle;
pub(crate) mod start;
mod stop;
mod submit;
pub(crate) mod task;
pub(crate) mod time;
mod vouch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use domain::Millis;
use domain::partner::Partner;
use store::random::Random;
use store::record::{Body, Event, Fact};

use crate::command::{Answer, ClosedRequest, Command, Decision, Effect, Erased, Keyring, Outgoing};
use crate::config::Config;
use crate::courier::Reminding;
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::slab::Index;
pub use claim::CLAIM_MS;
pub use erase::ERASURE_AGREED_MS;
pub use import::IMPORT_GROUP_MAX;
use limits::Pacer;
pub use paced::Wait;
pub use people::PAUSE_MS_MAX;
pub use settle::{RECONCILED_LINES_MAX, SETTLED_LINES_MAX};
pub use stop::{LIFT_AGREED_MS, STOPS_MAX};
pub(crate) use submit::is_listed;

/// The one place where things are decided.
pub struct Decider {
    /// The state at head.
    pub state: State,
    config: Arc<Config>,
    keyring: Box<dyn Keyring>,
    random: Box<dyn Random + Sync>,
    pacers: BTreeMap<u16, Pacer>,
    /// What agreed limits keep waiting, by lane, where anything waits.
    paced: BTreeMap<u16, paced::Paced>,
    wakes: BTreeSet<(Millis, u16)>,
    patience: BTreeSet<(Millis, u64)>,
    rounds: repeat::Rounds,
    noticing: measures::Noticing,
    /// A register may hold others than it did: told with the next tick.
    registers_stirred: bool,
    /// When it was last looked for money that has not come.
    settlements_seen: Millis,
    draining: bool,
    /// What was under way when the process before this one ended, and has no end yet.
    interrupted: VecDeque<start::Interrupted>,
    /// Settings are in force; nothing passes with time before they are.
    configured: bool,
    /// Since when each person's token is the one in force, as far as is known.
    persons_since: BTreeMap<String, Millis>,
    /// The last tick left something that is due, and that no instant tells of, to the next.
    behind: bool,
    now: Millis,
    events: Vec<Event>,
    effects: Vec<Effect>,
    outgoing: Vec<Outgoing>,
    reminding: Vec<Reminding>,
    /// When each inbox was last looked through for what waits.
    looked: BTreeMap<u16, Millis>,
    /// Those that are being looked through.
    looks: BTreeMap<u16, look::Look>,
    closed: Vec<ClosedRequest>,
    touched: Vec<u64>,
    erased: Vec<Erased>,
    freed: Vec<(u64, u64)>,
}

impl Decider {
    /// Takes a folded state; lanes rest until [`Command::Configure`].
    #[must_use]
    pub fn new(mut state: State, keyring: Box<dyn Keyring>, random: Box<dyn Random + Sync>) -> Self {
        // What was over when it was decided was told in the same decision.
        state.disturbed.clear();
        state.notices.clear();
        state.freezes_ended.clear();
        // An earlier release let more be claimed than is held.
        let overclaimed = state.measures.iter().filter(|(_, measure)| measure.overclaimed() > 0);
        state.overclaimed = overclaimed.map(|(index, _)| index).collect();
        // A start looks at every end that is near.
        state.ends_stirred.clear();
        Self {
            state,
            config: Arc::new(Config::default()),
            keyring,
            random,
            pacers: BTreeMap::new(),
            paced: BTreeMap::new(),
            wakes: BTreeSet::new(),
            patience: BTreeSet::new(),
            rounds: repeat::Rounds::new(),
            noticing: measures::Noticing::NEVER,
            registers_stirred: true,
            settlements_seen: 0,
            draining: false,
            interrupted: VecDeque::new(),
            configured: false,
            persons_since: BTreeMap::new(),
            behind: false,
            now: 0,
            events: Vec::new(),
            effects: Vec::new(),
            outgoing: Vec::new(),
            reminding: Vec::new(),
            looked: BTreeMap::new(),
            looks: BTreeMap::new(),
            closed: Vec::new(),
            touched: Vec::new(),
            erased: Vec::new(),
            freed: Vec::new(),
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Decides one command. The state has advanced when this returns; nothing may leave before the events are durable.
    pub fn decide(&mut self, command: Command, now: Millis) -> Decision {
        self.set_now(now);
        let answer =
            if self.draining && needs_serving(&command) { Err(Refusal::Draining) } else { self.dispatch(command) };
        self.hold_to_what_is_held();
        self.end_what_is_moot();
        self.settle_disturbed();
        self.go_on_after_others();
        self.settle_disturbed();
        self.tell_debtors();
        self.tell_held();
        self.take(answer)
    }

    /// Begins whatever is due in lanes that may have something to do.
    pub fn pump(&mut self, now: Millis) -> Decision {
        self.set_now(now);
        while let Some((due, lane)) = self.wakes.first().copied() {
            if due > now {
                break;
            }
            self.wakes.remove(&(due, lane));
            self.state.stirred.insert(lane);
        }
        if !self.draining {
            while let Some(lane) = self.state.stirred.pop_first() {
                self.pump_lane(lane);
            }
        }
        self.tell_held();
        self.end_what_is_moot();
        self.take(Ok(Answer::Done(self.state.next)))
    }

    /// When [`Decider::pump`] or a tick has something to do next; `None` = only after another command.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        // A stopping gateway begins nothing, and what is due would be due again at once.
        if self.draining {
            return None;
        }
        if !self.configured {
            return self.is_starting().then_some(self.now);
        }
        let wake = self.wakes.first().map(|(due, _)| *due);
        let deadline = self.state.deadlines.first().map(|(due, _)| *due);
        let round = self.rounds.first().map(|(due, _)| *due);
        [wake, deadline, round, self.behind.then_some(self.now)].into_iter().flatten().min()
    }

    /// Has a deadline passed, or a goal's next round come due, that a tick has not told yet? Or did a start leave something to it?
    #[must_use]
    pub fn deadline_passed(&self, now: Millis) -> bool {
        if !self.configured {
            return self.is_starting() && !self.draining;
        }
        let round = self.rounds.first().is_some_and(|(due, _)| *due <= now);
        let deadline = self.state.deadlines.first().is_some_and(|(due, _)| *due <= now);
        !self.draining && (self.behind || round || deadline)
    }

    fn set_now(&mut self, now: Millis) {
        // Journal time never goes back, whatever the wall clock does.
        self.now = now.max(self.state.at).max(self.now);
        let today = domain::Day::of(self.now).count();
        if today != self.state.today {
            self.state.today = today;
            self.registers_change();
        }
    }

    fn take(&mut self, answer: Result<Answer, Refusal>) -> Decision {
        let events = std::mem::take(&mut self.events);
        let first = self.state.next - u64::try_from(events.len()).unwrap_or(0);
        Decision {
            events,
            first,
            effects: std::mem::take(&mut self.effects),
            outgoing: std::mem::take(&mut self.outgoing),
            reminding: std::mem::take(&mut self.reminding),
            closed: std::mem::take(&mut self.closed),
            touched: std::mem::take(&mut self.touched),
            erased: std::mem::take(&mut self.erased),
            freed: std::mem::take(&mut self.freed),
            answer,
        }
    }

    fn dispatch(&mut self, command: Command) -> Result<Answer, Refusal> {
        match command {
            Command::Start { version } => self.start(version),
            Command::Configure(config) => self.configure(config),
            Command::StoreDocument(document) => self.store_document(*document),
            Command::Submit(submit) => self.submit(&submit),
            Command::Approve { request, by, reason } => self.approve(request, &by, reason),
            Command::Stop { request, by, reason } => self.stop(request, &by, reason),
            Command::Withdraw { act, by, reason } => self.withdraw(act, &by, reason),
            Command::Resolve { act, by, took_effect, amount, document, reason } => {
                let paper = people::Paper { took_effect, amount, document, reason };
                self.resolve(act, &by, paper)
            }
            Command::Pause { partner, by, reason, until } => self.pause(&partner, &by, reason, until),
            Command::Resume { partner, by } => self.resume(&partner, &by),
            Command::OrderStop(order) => self.order_stop(*order),
            Command::LiftStop(lift) => self.lift_stop(*lift),
            Command::LeaveOut(left_out) => Ok(self.leave_out(*left_out)),
            Command::BringBack(back) => Ok(self.bring_back(*back)),
            Command::Ended { exchange, act, judged } => self.ended(exchange, act, judged),
            Command::List { partner, class } => self.list(&partner, class),
            Command::Feedback { partner, way, items } => self.feedback(&partner, way, items),
            Command::ClaimAct(claim) => self.claim(claim),
            Command::LateOutcome(late) => {
                self.kept(Some(&late.closed)).and_then(|()| self.sealable(late.slot)).map(|_| self.late_outcome(*late))
            }
            Command::ResolveLate(late) => self.sealable(late.slot).and_then(|_| self.resolve_late(*late)),
            Command::ImportMeasures(import) => Ok(self.import_measures(&import)),
            Command::Lead(news) => {
                // What came beside an answer is not refused for its key: there is nobody who would bring it again.
                let slot = Some(news.slot).filter(|_| !news.beside);
                let kept = self.kept(news.closed.as_ref());
                let sealable = kept.and_then(|()| slot.map_or(Ok(()), |slot| self.sealable(slot).map(drop)));
                sealable.map(|()| self.lead(*news))
            }
            Command::NobodysAnswer { partner, text } => Ok(self.nobodys_answer(partner, text)),
            Command::SetAside { partner, reason, digest } => Ok(self.set_aside(partner, reason, digest)),
            Command::Read { by, is_person, request, closed } => self.read(&by, is_person, request, closed),
            Command::Refused { source, minute, count } => self.refused(source, minute, count),
            Command::Snapshot { digest, next } => {
                Ok(Answer::Done(self.emit(store::record::SnapshotTaken { digest, next }.into(), None, 0)))
            }
            Command::Redeliver { request, by, since, closed } => self.redeliver(request, by, since, closed),
            Command::Carried { outgoing, version, end } => self.carried(&outgoing, version, end),
            Command::Reminded { partner, reminder, end } => self.reminded(&partner, reminder, &end),
            Command::Settle(settle) => self.settle(*settle),
            Command::Reconcile(reconcile) => self.reconcile(*reconcile),
            Command::Object(objection) => self.object(*objection),
            Command::EndTask(end) => self.end_task(*end),
            Command::AcceptTask(accept) => self.accept_task(*accept),
            Command::Amend(amend) => self.amend(*amend),
            Command::Halt(halt) => self.halt(*halt),
            Command::ResumeCase(resume) => self.resume_case(*resume),
            Command::EraseCase(erase) => self.erase_case(*erase),
            Command::ShowApplicant(show) => self.show_applicant(*show),
            Command::Tick => self.tick(),
            Command::Barrier => Ok(Answer::Done(self.state.next)),
            Command::Drain => self.drain(),
        }
    }

    /// Records an event: the state advances at once. Returns its sequence.
    fn emit(&mut self, fact: Fact, body: Option<Body>, key: u64) -> u64 {
        let (body, key) = match body {
            Some(body) => self.sealed_under(key).map_or((None, key), |key| (Some(body), key)),
            None => (None, key),
        };
        let event = Event { at: self.now, fact, body, key };
        let sequence = self.state.next;
        if let Some(closed) = self.state.closed_by(sequence, &event) {
            self.closed.push(closed);
        }
        if let Some(request) = self.state.request_touched_by(sequence, &event) {
            self.touched.push(request);
        }
        self.touched.extend(self.state.told_by(&event.fact));
        self.state.fold(sequence, &event);
        self.events.push(event);
        sequence
    }

    /// The partner of a lane, as configured now.
    fn partner(&self, lane: u16) -> Option<Arc<Partner>> {
        self.config.partners.get(self.state.partner_of(lane)).cloned()
    }

    /// What agreed limits have kept a ready act waiting for, and still may.
    #[must_use]
    pub fn waits_for_limits(&self, act: domain::ActId, now: Millis) -> Vec<Wait> {
        let index = self.state.act_index(act);
        let act = index.and_then(|index| self.state.acts.get(index));
        let ready = act.filter(|act| act.state() == domain::ActState::Ready && act.due_at <= now);
        let paced = ready.and_then(|act| Some((act, self.paced.get(&act.lane)?)));
        paced.map_or(Vec::new(), |(act, paced)| paced.waits_since(act.since.max(act.due_at), now))
    }

    /// The key slot of an act's case.
    fn slot_of(&self, act: Index) -> u64 {
        let case = self.state.acts.get(act).map(|act| act.case);
        case.and_then(|case| self.state.cases.get(case)).map_or(0, |case| case.slot)
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }
}

/// A stopping gateway still takes what partners say about acts under way.
fn needs_serving(command: &Command) -> bool {
    !matches!(
        command,
        Command::Ended { .. }
            | Command::Carried { .. }
            | Command::Reminded { .. }
            | Command::Feedback { .. }
            | Command::ClaimAct(_)
            | Command::LateOutcome(_)
            | Command::Lead(_)
            | Command::NobodysAnswer { .. }
            | Command::Snapshot { .. }
            | Command::Drain
            | Command::Read { .. }
            // What was refused while it served is told at its end.
            | Command::Refused { .. }
    )
}
