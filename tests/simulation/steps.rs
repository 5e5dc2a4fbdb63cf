//! What a step does: a court, a person, a partner, an operator, the disk or the clock, chosen by the seed; and the calm at the end.

use domain::Millis;
use domain::partner::Travel;
use domain::socket::ListClass;
use engine::command::{Command, StoreDocument};
use store::record::{Body, Fact};

use crate::actors::{in_doubt, new_document};
use crate::bank::hand_back;
use crate::book::Place;
use crate::broken::{Broken, broken};
use crate::gateway::{Died, Gateway};
use crate::run::{Origin, Simulation, item};

/// Rounds that the calm may take until everything is finished.
const ROUNDS_MAX: u64 = 4_000;
const HOUR_MS: Millis = 3_600_000;

impl Simulation {
    /// The process says that it is there and ends what was under way, then the configuration comes into force. Each is durable before
    /// the next; where it dies in between, another life has begun meanwhile.
    pub fn first_words(&mut self) -> Result<(), Broken> {
        let life = self.life;
        self.turn(vec![(Command::Start { version: "simulation".to_owned() }, Origin::Nobody)])?;
        let is_starting = |gateway: &Gateway| gateway.decider.is_starting();
        while self.life == life && self.gateway.as_ref().is_some_and(is_starting) {
            self.turn(vec![(Command::Tick, Origin::Nobody)])?;
        }
        if self.life != life {
            return Ok(());
        }
        self.turn(vec![(Command::Configure(self.world.config(self.bug)), Origin::Nobody)])
    }

    /// One step of a run with faults.
    pub fn one_step(&mut self) -> Result<(), Broken> {
        match self.dice.below(100) {
            0..=11 => self.submit_some(),
            12..=14 => self.store_document(),
            15..=24 => {
                let command = if self.dice.chance(85) { self.person() } else { self.operator() };
                self.turn_of(command)
            }
            25..=38 => self.pull(),
            39..=40 => {
                self.world.change(&mut self.dice);
                let config = self.world.config(self.bug);
                self.turn_of(Some(Command::Configure(config)))
            }
            41..=43 => {
                self.disturb();
                Ok(())
            }
            44..=45 => self.kill(),
            46..=48 => self.snapshot(),
            49 => {
                self.set_clock_back();
                Ok(())
            }
            50 => {
                let to = self.now + self.dice.wait_ms(60_000, 20 * 3_600_000);
                self.tell("hours pass");
                self.advance(to)
            }
            _ => {
                let wait = self.dice.wait_ms(1, 5_000);
                let to = self.next_instant().filter(|_| self.dice_says_next()).unwrap_or(self.now + wait);
                self.advance(to.min(self.now + 12 * HOUR_MS))
            }
        }
    }

    fn dice_says_next(&self) -> bool {
        // Without a choice of its own: the next instant is nearly always the interesting one.
        !self.now.rem_euclid(4).eq(&0)
    }

    fn turn_of(&mut self, command: Option<Command>) -> Result<(), Broken> {
        match command {
            Some(command) => self.turn(vec![(command, Origin::Nobody)]),
            None => Ok(()),
        }
    }

    fn submit_some(&mut self) -> Result<(), Broken> {
        let mut commands = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let repeats = !self.submissions.is_empty() && self.dice.chance(30);
            let number = if repeats { Some(self.dice.place(self.submissions.len())) } else { self.new_submission() };
            let Some(number) = number else { continue };
            let other =
                self.dice.chance(10) && self.submissions.get(number).is_some_and(|made| made.accepted.is_some());
            self.tell(&format!("a court submits {number}, repeated: {repeats}, another body: {other}"));
            commands
                .extend(self.submit_command(number, other).map(|command| (command, Origin::Court { number, other })));
        }
        if commands.is_empty() { self.store_document() } else { self.turn(commands) }
    }

    fn store_document(&mut self) -> Result<(), Broken> {
        let courts: Vec<String> = self.world.courts.keys().cloned().collect();
        let Some(court) = self.dice.pick(&courts).cloned() else { return Ok(()) };
        let number = self.documents.len();
        let document = new_document(number, &court, &mut self.dice);
        let Some(mut gateway) = self.gateway.take() else { return Ok(()) };
        let put = gateway.put_document(&document.bytes);
        let (slot, id) = match put {
            Ok(put) => put,
            Err(Died(why)) => return self.fall(gateway, &why),
        };
        self.gateway = Some(gateway);
        let command = StoreDocument {
            key: document.key,
            digest: document.digest.clone(),
            file_name: "r.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            blob: id.to_string(),
            bytes: document.bytes.len() as u64,
            slot,
            token: format!("clerk-{court}"),
            court,
        };
        self.documents.push(document);
        self.tell(&format!("a court stores document {number}"));
        self.turn(vec![(Command::StoreDocument(Box::new(command)), Origin::Document { number })])
    }

    fn kill(&mut self) -> Result<(), Broken> {
        match self.gateway.take() {
            Some(gateway) if self.dice.chance(30) => {
                let closed = gateway.close();
                self.tell(&format!("is closed, cleanly: {}", closed.is_ok()));
                self.begin_life(true)
            }
            Some(gateway) => self.fall(gateway, "killed"),
            None => Ok(()),
        }
    }

    fn snapshot(&mut self) -> Result<(), Broken> {
        let Some(mut gateway) = self.gateway.take() else { return Ok(()) };
        self.tell("a snapshot is taken");
        match gateway.snapshot() {
            Ok(command) => {
                self.gateway = Some(gateway);
                self.turn_of(Some(command))
            }
            Err(Died(why)) => self.fall(gateway, &why),
        }
    }

    /// A pulling partner fetches a list or feeds back a part of what it has.
    fn pull(&mut self) -> Result<(), Broken> {
        let pulling = self.world.partners.values().filter(|partner| partner.travel == Travel::Pull);
        let pulling: Vec<String> = pulling.map(|partner| partner.id.clone()).collect();
        let Some(partner) = self.dice.pick(&pulling).cloned() else { return Ok(()) };
        if self.dice.chance(45) {
            let class = if self.dice.chance(50) { ListClass::Queries } else { ListClass::Controls };
            let command = Command::List { partner: partner.clone(), class };
            return self.turn(vec![(command, Origin::List { partner })]);
        }
        let commands: Vec<_> = self.feedback_of(&partner).into_iter().collect();
        if commands.is_empty() { Ok(()) } else { self.turn(commands) }
    }

    fn feedback_of(&mut self, partner: &str) -> Option<(Command, Origin)> {
        let lies = self.world.manners(partner).lies && !self.calm;
        let book = self.books.get_mut(partner)?;
        let waiting: Vec<_> = book.orders.iter().map(|(key, order)| (*key, order.place, order.acknowledged)).collect();
        let (mut items, mut keys) = (Vec::new(), Vec::new());
        for (key, place, acknowledged) in waiting {
            // What was answered is told again now and then; partners lose their own bookkeeping too.
            let chosen =
                if acknowledged { !self.calm && self.dice.chance(3) } else { self.calm || self.dice.chance(55) };
            if !chosen {
                continue;
            }
            if place == Place::Waiting
                && self.dice.chance(4)
                && let Some(order) = book.orders.get_mut(&key)
            {
                (order.place, order.outcome) = (Place::Processed, Some(hand_back()));
            }
            book.process(key, lies, &mut self.dice);
            let truth = self.calm || self.dice.chance(40);
            let Some(outcome) = book.say(key, truth) else { continue };
            items.push(item(key, Some(key.1), Ok(outcome)));
            keys.push(key);
        }
        if items.is_empty() {
            return None;
        }
        let count = items.len();
        self.tell(&format!("{partner} feeds back {count}"));
        let command = Command::Feedback { partner: partner.to_owned(), way: "feedback", items };
        Some((command, Origin::Feedback { partner: partner.to_owned(), keys }))
    }

    /// Faults stop; partners, people and operators do their part until everything is finished.
    pub fn calm_down(&mut self) -> Result<(), Broken> {
        self.calm = true;
        self.simulated.power_off_after(u64::MAX);
        self.world.restore();
        self.tell("calm");
        if let Some(gateway) = self.gateway.take() {
            self.fall(gateway, "restarted for the end")?;
        }
        for id in self.world.partners.keys().cloned().collect::<Vec<_>>() {
            self.turn_of(Some(Command::Resume { partner: id, by: "operator".to_owned() }))?;
        }
        for round in 0..ROUNDS_MAX {
            if self.history.requests.values().all(|seen| seen.finished)
                && self.next_instant().is_none_or(|at| at > self.now + 24 * HOUR_MS)
            {
                break;
            }
            self.calm_round(round)?;
        }
        self.check_end()
    }

    fn calm_round(&mut self, round: u64) -> Result<(), Broken> {
        let to = self.next_instant().unwrap_or(self.now + HOUR_MS);
        self.advance(to)?;
        self.settle_doubts()?;
        for command in self.let_all_go_on() {
            self.turn_of(Some(command))?;
        }
        if !round.is_multiple_of(4) {
            return self.check(false);
        }
        let pulling = self.world.partners.values().filter(|partner| partner.travel == Travel::Pull);
        for partner in pulling.map(|partner| partner.id.clone()).collect::<Vec<_>>() {
            for class in [ListClass::Queries, ListClass::Controls] {
                let command = Command::List { partner: partner.clone(), class };
                self.turn(vec![(command, Origin::List { partner: partner.clone() })])?;
            }
            let commands: Vec<_> = self.feedback_of(&partner).into_iter().collect();
            self.turn(commands)?;
        }
        for request in self
            .history
            .requests
            .iter()
            .filter(|(_, seen)| !seen.finished)
            .map(|(request, _)| *request)
            .collect::<Vec<_>>()
        {
            let request = domain::RequestId(request);
            self.turn_of(Some(Command::Approve { request, by: "judge-0".to_owned(), reason: String::new() }))?;
        }
        self.check(round.is_multiple_of(64))
    }

    /// Two people settle what no question and no second sending can.
    fn settle_doubts(&mut self) -> Result<(), Broken> {
        for act in in_doubt(&self.history) {
            let Some(doubt) = self.world.partners.get(&act.partner).map(|partner| partner.doubt) else { continue };
            let known = self.books.get(&act.partner).is_some_and(|book| book.orders.contains_key(&act.key));
            let by_itself =
                doubt.deduplicates || (doubt.can_be_asked && (known || doubt.not_found_final_after_ms.is_some()));
            if by_itself {
                continue;
            }
            for by in ["judge-3", "judge-4"] {
                let command = self.resolve(&act, by.to_owned());
                self.tell(&format!("{by} settles {}", act.id));
                self.turn_of(Some(command))?;
            }
        }
        Ok(())
    }

    /// P1 at the end: what courts stored can be read, and through the wrap under each case that references it.
    pub fn check_documents(&mut self) -> Result<(), Broken> {
        let Some(gateway) = self.gateway.as_ref() else { return Ok(()) };
        let events = match gateway.read_all() {
            Ok(events) => events,
            Err(why) => return broken("P1", format!("an event cannot be read: {why}")),
        };
        for event in &events {
            match (&event.fact, &event.body) {
                (Fact::RequestAccepted(_), Some(Body::Accepted(body))) => {
                    for (key, seal) in body.documents.iter().zip(&body.seals) {
                        let unwrapped = gateway.vault.unwrap(seal, event.key);
                        self.compare_document(gateway, *key, &seal.blob, unwrapped.as_ref())?;
                    }
                }
                (Fact::RequestAccepted(_), _) => return broken("P1", "a request lost its body"),
                _ => {}
            }
        }
        for document in gateway.decider.state.documents.iter() {
            let key = gateway.vault.keys().get(document.1.slot).ok().flatten();
            self.compare_document(gateway, *document.0, &document.1.blob, key.as_ref())?;
        }
        Ok(())
    }

    fn compare_document(
        &self,
        gateway: &Gateway,
        key: (u64, u64),
        blob: &str,
        under: Option<&store::seal::DataKey>,
    ) -> Result<(), Broken> {
        let Some(known) = self.documents.iter().find(|document| document.key == key) else { return Ok(()) };
        let Some(under) = under else { return broken("P1", format!("the key of document {} is gone", key.1)) };
        match gateway.read_document(blob, under) {
            Ok(bytes) if bytes == known.bytes => Ok(()),
            Ok(_) => broken("P1", format!("document {} has another content", key.1)),
            Err(why) => broken("P1", format!("document {} cannot be read: {why}", key.1)),
        }
    }
}
