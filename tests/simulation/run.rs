//! One run: virtual time, an agenda of what is to come, turns of the gateway, crashes, and the checks after each of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::partner::Travel;
use domain::socket::Judged;
use domain::{ActId, Millis, SlipNumber};
use engine::command::{Answer, Command, Effect};
use engine::refusal::Refusal;
use engine::state::State;
use store::disk::simulated::Fault;
use store::disk::{Disk, SimulatedDisk};
use store::record::{Body, Event};

use crate::actors::{StoredDocument, Submission};
use crate::bank::{Later, Mood, ask, send};
use crate::book::{Book, Key, Message, Place};
use crate::broken::{Broken, Trace, broken, fnv};
use crate::bug::Bug;
use crate::checks;
use crate::dice::Dice;
use crate::gateway::{Batch, Died, Gateway, released};
use crate::history::History;
use crate::lying::LyingDisk;
use crate::world::{BEGIN, World, subject_key};

/// Something that is to happen.
pub enum Happening {
    /// An exchange comes to its end, for the process of that number.
    Reply { life: u64, exchange: u64, act: ActId, judged: Judged },
    /// A partner does something.
    Partner { partner: String, later: Later },
}

/// Who waits for an answer.
pub enum Origin {
    /// A court, for its submission; `other` = with another body.
    Court { number: usize, other: bool },
    /// A court, for a document.
    Document { number: usize },
    /// A pulling partner, for its list.
    List { partner: String },
    /// A partner, for what it fed back.
    Feedback { partner: String, keys: Vec<Key> },
    /// A partner, for what it told unasked.
    Told { partner: String, key: Key },
    /// Nobody.
    Nobody,
}

/// What a run came to.
pub struct Report {
    /// Hash over everything that was done.
    pub hash: u64,
    /// Events in the journal.
    pub events: u64,
    /// Restarts.
    pub lives: u64,
    /// The broken promise with its step, if any.
    pub broken: Option<(u64, Broken)>,
    /// The newest steps.
    pub steps: Vec<String>,
}

/// A run.
pub struct Simulation {
    pub(crate) dice: Dice,
    pub(crate) world: World,
    pub(crate) books: BTreeMap<String, Book>,
    pub(crate) history: History,
    pub(crate) documents: Vec<StoredDocument>,
    pub(crate) submissions: Vec<Submission>,
    pub(crate) now: Millis,
    pub(crate) trace: Trace,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) calm: bool,
    pub(crate) bug: Option<Bug>,
    pub(crate) simulated: SimulatedDisk,
    disk: Arc<dyn Disk>,
    shadow: State,
    leaves: Vec<u64>,
    messages: BTreeMap<ActId, Message>,
    pub acknowledged: BTreeMap<u64, (u64, u64)>,
    agenda: BTreeMap<(Millis, u64), Happening>,
    agenda_next: u64,
    skew: Millis,
    /// The latest instant that this process was told: for it time goes on from there, whatever the wall clock says.
    told: Millis,
    pub(crate) life: u64,
    floor: u64,
    step: u64,
}

impl Simulation {
    /// A run of a seed, with a bug planted or none.
    pub fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9).wrapping_add(1));
        let world = World::new(&mut dice);
        let subjects: Vec<u64> = (0..crate::world::SUBJECTS as u64).map(subject_key).collect();
        let mut books = BTreeMap::new();
        for (id, partner) in &world.partners {
            let deduplicates = partner.doubt.deduplicates || partner.travel == Travel::Pull;
            books.insert(id.clone(), Book::new(id, deduplicates, &subjects, &mut dice));
        }
        let simulated = SimulatedDisk::new(seed);
        let disk: Arc<dyn Disk> = if bug == Some(Bug::LyingSync) {
            Arc::new(LyingDisk(simulated.clone()))
        } else {
            Arc::new(simulated.clone())
        };
        Self {
            dice,
            world,
            books,
            history: History::default(),
            documents: Vec::new(),
            submissions: Vec::new(),
            now: BEGIN,
            trace: Trace::new(),
            gateway: None,
            calm: false,
            bug,
            simulated,
            disk,
            shadow: State::default(),
            leaves: Vec::new(),
            messages: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            agenda: BTreeMap::new(),
            agenda_next: 0,
            skew: 0,
            told: 0,
            life: 0,
            floor: 0,
            step: 0,
        }
    }

    /// Keeps every step and event for the report; the hash is another one then.
    pub fn telling_all(mut self) -> Self {
        self.trace.tell_all();
        self
    }

    /// Runs `steps` steps with faults, then calms down and finishes.
    pub fn run(mut self, steps: u64) -> Report {
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.run_to_end(steps)));
        let found = found.unwrap_or_else(|_| broken("no panic", "the process panicked; see above"));
        let events = self.history.next;
        Report {
            hash: self.trace.hash(),
            events,
            lives: self.life,
            broken: found.err().map(|broken| (self.step, broken)),
            steps: self.trace.newest(),
        }
    }

    fn run_to_end(&mut self, steps: u64) -> Result<(), Broken> {
        self.begin_life(false)?;
        while self.step < steps {
            self.step += 1;
            self.one_step()?;
            self.check(self.step.is_multiple_of(8))?;
        }
        self.calm_down()
    }

    /// What must hold at any time.
    pub fn check(&mut self, whole: bool) -> Result<(), Broken> {
        checks::p2_at_most_once(&mut self.books)?;
        if whole {
            checks::p4_books(&self.history, &self.books)?;
            let altered = self.bug.is_some_and(Bug::alters_state);
            if let Some(gateway) = self.gateway.as_ref().filter(|_| !altered) {
                checks::p6_state_is_fold(&self.shadow, gateway)?;
            }
        }
        Ok(())
    }

    /// What must hold when everything is over.
    pub fn check_end(&mut self) -> Result<(), Broken> {
        self.check(true)?;
        checks::liveness(&self.history, &self.world)?;
        checks::p2_effects(&self.books)?;
        checks::p3_agrees_with_books(&self.history, &self.books)?;
        self.check_documents()
    }

    /// A line of the trace.
    pub fn tell(&mut self, what: &str) {
        let line = format!("step {} life {} t+{} {what}", self.step, self.life, self.now - BEGIN);
        self.trace.tell(line);
    }

    /// Puts something on the agenda.
    pub fn later(&mut self, wait_ms: Millis, happening: Happening) {
        self.agenda_next += 1;
        self.agenda.insert((self.now + wait_ms.max(1), self.agenda_next), happening);
    }

    /// The wall clock: steps back now and then, never forward.
    pub fn wall(&self) -> Millis {
        self.now - self.skew
    }

    /// The wall clock is set back.
    pub fn set_clock_back(&mut self) {
        self.skew += self.dice.wait_ms(1, 3_000);
        self.tell("the wall clock is set back");
    }

    /// The next instant at which anything happens by itself.
    pub fn next_instant(&self) -> Option<Millis> {
        let agenda = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let due = self.gateway.as_ref().and_then(|gateway| gateway.decider.next_due()).map(|due| due + self.skew);
        [agenda, due].into_iter().flatten().min()
    }

    /// Moves time on, and does what has come due.
    pub fn advance(&mut self, to: Millis) -> Result<(), Broken> {
        self.now = self.now.max(to);
        let mut commands = vec![(Command::Tick, Origin::Nobody)];
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            if let Some(command) = Self::due(entry.remove(), self.life, &self.world, &mut self.books, &mut self.dice) {
                commands.push(command);
            }
        }
        self.turn(commands)
    }

    fn due(
        happening: Happening,
        life: u64,
        world: &World,
        books: &mut BTreeMap<String, Book>,
        dice: &mut Dice,
    ) -> Option<(Command, Origin)> {
        match happening {
            Happening::Reply { life: of, exchange, act, judged } => {
                (of == life).then_some((Command::Ended { exchange, act, judged }, Origin::Nobody))
            }
            Happening::Partner { partner, later } => {
                let book = books.get_mut(&partner)?;
                let lies = world.manners(&partner).lies;
                let key = match later {
                    Later::Arrives(key) => {
                        book.process(key, lies, dice);
                        return None;
                    }
                    Later::Carries(key) => {
                        book.process(key, lies, dice);
                        key
                    }
                    Later::Tells(key) => key,
                };
                let outcome = book.say(key, true)?;
                let items = vec![item(key, Some(key.1), Ok(outcome))];
                let command = Command::Feedback { partner: partner.clone(), way: "callback", items };
                Some((command, Origin::Told { partner, key }))
            }
        }
    }

    /// One turn: decide everything, make it durable, let go. The process may die at any point of it.
    pub fn turn(&mut self, commands: Vec<(Command, Origin)>) -> Result<(), Broken> {
        let Some(mut gateway) = self.gateway.take() else { return Ok(()) };
        let now = self.wall();
        self.told = self.told.max(now);
        let (commands, origins): (Vec<Command>, Vec<Origin>) = commands.into_iter().unzip();
        let batch = gateway.decide(commands, now, self.bug);
        self.note_messages(&batch);
        let mut early = Vec::new();
        if self.bug == Some(Bug::EarlyRelease) {
            early = self.release_early(&batch);
        }
        let committed = gateway.commit(&batch, now, self.bug);
        let written = match committed {
            Ok(written) => written,
            Err(Died(why)) => {
                self.retry_told(&origins);
                return self.fall(gateway, &why);
            }
        };
        for event in &written {
            self.take_event(event.sequence, &event.event, &event.leaf)?;
        }
        if !self.calm && self.dice.chance(1) {
            self.retry_told(&origins);
            return self.fall(gateway, "killed after the commit");
        }
        if self.dice.chance(10) {
            self.floor = self.history.next;
        }
        let (answers, effects, erased) = released(batch);
        let ended = gateway.erase(&erased);
        for (origin, (answer, _, _)) in origins.into_iter().zip(answers) {
            self.answered(origin, answer, &gateway)?;
        }
        for effect in effects {
            if !early.contains(&effect.exchange) {
                self.exchange(&effect);
            }
            if !self.calm && self.dice.below(1_000) < 3 {
                return self.fall(gateway, "killed between two sends");
            }
        }
        match ended {
            Ok(()) => self.gateway = Some(gateway),
            Err(Died(why)) => return self.fall(gateway, &why),
        }
        Ok(())
    }

    /// The planted bug: what belongs to a decision leaves before it is durable.
    fn release_early(&mut self, batch: &Batch) -> Vec<u64> {
        let mut left = Vec::new();
        for decision in &batch.decisions {
            if let Ok(Answer::Accepted(sequence)) = &decision.answer
                && let Some(Body::Accepted(body)) = decision.events.first().and_then(|event| event.body.as_ref())
            {
                self.acknowledged.insert(*sequence, body.idempotency);
            }
            for effect in &decision.effects {
                self.exchange(effect);
                left.push(effect.exchange);
            }
        }
        left
    }

    /// What a partner told and nobody took is told again.
    fn retry_told(&mut self, origins: &[Origin]) {
        for origin in origins {
            if let Origin::Told { partner, key } = origin {
                let wait = self.dice.wait_ms(1_000, 60_000);
                self.later(wait, Happening::Partner { partner: partner.clone(), later: Later::Tells(*key) });
            }
        }
    }

    /// Remembers what the acts of a batch look like on their way, as the runtime reads it out of the plan.
    fn note_messages(&mut self, batch: &Batch) {
        for decision in &batch.decisions {
            for (sequence, event) in (decision.first..).zip(&decision.events) {
                self.note_plan(sequence, event);
            }
        }
    }

    fn note_plan(&mut self, sequence: u64, event: &Event) {
        let (case, subjects, destination) = match (&event.body, &event.fact) {
            (Some(Body::Accepted(body)), _) => {
                let request = body.request.clone().into_request();
                let account = request.and_then(|request| request.case.account);
                (body.case_key, body.subjects.clone(), account.map(|account| account.number.into_exposed()))
            }
            (Some(Body::Planned(_)), store::record::Fact::PlanExtended(fact)) => {
                match self.history.requests.get(&fact.request) {
                    Some(seen) => (seen.case, seen.subjects.clone(), seen.destination.clone()),
                    None => return,
                }
            }
            _ => return,
        };
        for (place, line) in (0_u32..).zip(event.body.as_ref().map(Body::plan).unwrap_or_default()) {
            let base = line.base.and_then(|base| self.messages.get(&ActId::from(base))).map(|message| message.key);
            let message = Message {
                key: (line.slip, line.line),
                kind: domain::ActKind::from_code(line.kind).unwrap_or(domain::ActKind::Query),
                subject: subjects.get(usize::from(line.subject)).copied().unwrap_or(0),
                account: line.account.clone(),
                amount: line.amount.unwrap_or(0),
                base,
                case,
                case_number: self.world.number_of(case),
                destination: destination.clone(),
            };
            self.messages.insert(ActId { sequence, line: place }, message);
        }
    }

    fn take_event(&mut self, sequence: u64, event: &Event, leaf: &[u8]) -> Result<(), Broken> {
        self.trace.mix(leaf);
        if self.trace.tells_all() {
            self.tell(&format!("  {sequence} {}", String::from_utf8_lossy(leaf)));
        }
        self.leaves.push(fnv(0, leaf));
        checks::before(&self.history, event, &self.world)?;
        self.history.take(sequence, event)?;
        self.shadow.fold(sequence, event);
        checks::after(&self.history, sequence, event, &self.books)
    }

    fn exchange(&mut self, effect: &Effect) {
        let Some(message) = self.messages.get(&effect.act).cloned() else { return };
        let manners = self.world.manners(&effect.partner);
        let can_be_asked = self.world.partners.get(&effect.partner).is_some_and(|partner| partner.doubt.can_be_asked);
        let asks = effect.ask && self.bug != Some(Bug::BlindResend);
        let faults_percent = if self.calm { 0 } else { 30 };
        let Some(book) = self.books.get_mut(&effect.partner) else { return };
        let mut mood = Mood { manners: &manners, faults_percent, can_be_asked, dice: &mut self.dice };
        let handled = if asks { ask(book, message.key, &mut mood) } else { send(book, &message, &mut mood) };
        let what = if asks { "is asked about" } else { "gets" };
        self.tell(&format!(
            "{} {what} {} {} {}: {}",
            effect.partner,
            message.kind.word(),
            effect.act,
            SlipNumber::from_bits(message.key.0),
            judged_word(&handled.judged)
        ));
        for (wait_ms, later) in handled.later {
            self.later(wait_ms, Happening::Partner { partner: effect.partner.clone(), later });
        }
        let reply =
            Happening::Reply { life: self.life, exchange: effect.exchange, act: effect.act, judged: handled.judged };
        self.later(handled.after_ms, reply);
    }

    fn answered(&mut self, origin: Origin, answer: Result<Answer, Refusal>, gateway: &Gateway) -> Result<(), Broken> {
        match (origin, answer) {
            (Origin::Court { number, other }, answer) => self.court_answered(number, other, answer),
            (Origin::Document { number }, Ok(Answer::Stored(sequence))) => {
                if let Some(document) = self.documents.get_mut(number) {
                    document.sequence = Some(sequence);
                }
                Ok(())
            }
            (Origin::List { partner }, Ok(Answer::List(acts))) => {
                checks::p5_paused_list(&self.history, &partner, acts.len(), self.told)?;
                for index in acts {
                    let id = gateway.decider.state.acts.get(index).map(engine::state::Act::id);
                    let message = id.and_then(|id| self.messages.get(&id));
                    if let (Some(message), Some(book)) = (message, self.books.get_mut(&partner)) {
                        book.receive(message, Place::Waiting);
                    }
                }
                Ok(())
            }
            (Origin::Feedback { partner, keys }, Ok(Answer::Verdicts(verdicts))) => {
                self.fed_back(&partner, &keys, &verdicts)
            }
            (Origin::Told { partner, key }, Ok(Answer::Verdicts(verdicts))) => {
                if verdicts.iter().any(|(_, verdict)| self.is_read_later(verdict)) {
                    self.retry_told(&[Origin::Told { partner: partner.clone(), key }]);
                }
                self.fed_back(&partner, &[key], &verdicts)
            }
            _ => Ok(()),
        }
    }

    /// The process dies; the power may go with it. Then it is started again.
    pub fn fall(&mut self, gateway: Gateway, why: &str) -> Result<(), Broken> {
        drop(gateway);
        let power = self.simulated.is_off() || self.dice.chance(60);
        self.tell(&format!("dies ({why}), power cut: {power}"));
        if power {
            self.simulated.crash();
        }
        self.begin_life(true)
    }

    /// Starts the process; it may die while it starts, but not for ever.
    pub fn begin_life(&mut self, faulty: bool) -> Result<(), Broken> {
        for attempt in 0..4 {
            self.life += 1;
            self.told = 0;
            let disturbed = faulty && !self.calm && attempt < 3 && self.dice.chance(30);
            if disturbed {
                self.simulated.power_off_after(self.dice.below(40));
            } else if attempt > 0 {
                self.simulated.crash();
            }
            let taken = Gateway::take_up(&self.disk, self.floor, self.history.next, &mut self.dice, self.bug);
            let taken = match taken {
                Ok(taken) => taken,
                Err(Died(why)) if disturbed || attempt < 2 && faulty => {
                    self.tell(&format!("dies while starting ({why})"));
                    self.simulated.crash();
                    continue;
                }
                Err(Died(why)) => return broken("P1", format!("it does not start any more: {why}")),
            };
            self.compare_leaves(&taken.leaves)?;
            let first = self.history.next;
            for (sequence, event) in (first..).zip(&taken.tail) {
                self.note_plan(sequence, event);
                let leaf = usize::try_from(sequence)
                    .ok()
                    .and_then(|place| taken.leaves.get(place))
                    .cloned()
                    .unwrap_or_default();
                self.take_event(sequence, event, &leaf)?;
            }
            self.compare_acknowledged()?;
            self.gateway = Some(taken.gateway);
            self.check(true)?;
            self.tell(&format!("starts at {}", self.history.next));
            return self.first_words();
        }
        broken("P1", "it does not start any more")
    }

    fn compare_leaves(&self, leaves: &[Vec<u8>]) -> Result<(), Broken> {
        if leaves.len() < self.leaves.len() {
            return broken("P1", format!("{} events were acknowledged, {} are there", self.leaves.len(), leaves.len()));
        }
        match leaves.iter().zip(&self.leaves).position(|(leaf, known)| fnv(0, leaf) != *known) {
            Some(place) => broken("P1", format!("event {place} is another one after the restart")),
            None => Ok(()),
        }
    }

    fn compare_acknowledged(&self) -> Result<(), Broken> {
        let lost = self
            .acknowledged
            .iter()
            .find(|(sequence, key)| self.history.requests.get(sequence).is_none_or(|seen| seen.idempotency != **key));
        match lost {
            Some((sequence, _)) => broken("P1", format!("request {sequence} was acknowledged and is gone")),
            None => Ok(()),
        }
    }

    /// Something goes wrong with the disk soon.
    pub fn disturb(&mut self) {
        match self.dice.below(4) {
            0 => self.simulated.inject(Fault::SyncFails, u32::try_from(self.dice.below(4)).unwrap_or(0)),
            1 => self.simulated.inject(Fault::WriteFails, u32::try_from(self.dice.below(6)).unwrap_or(0)),
            _ => self.simulated.power_off_after(self.dice.below(16)),
        }
        self.tell("the disk is disturbed");
    }
}

/// One item of feedback.
pub fn item(
    key: Key,
    line: Option<u16>,
    outcome: Result<domain::outcome::Outcome, domain::Untaken>,
) -> domain::socket::FeedbackItem {
    domain::socket::FeedbackItem { slip: SlipNumber::from_bits(key.0).to_string(), line, outcome }
}

fn judged_word(judged: &Judged) -> String {
    match judged {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) => format!("answered {}", outcome.verdict.word()),
        Judged::Accepted => "accepted".to_owned(),
        Judged::NotSent { cause, .. } => format!("not sent, {}", cause.word()),
        Judged::Doubt { cause } => format!("doubt, {}", cause.word()),
        Judged::NotFound => "not found".to_owned(),
    }
}
