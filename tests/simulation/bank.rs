//! How a called partner behaves: what it answers at once, later, not at all, or not yet.

use domain::Millis;
use domain::outcome::{Outcome, Reason, Verdict};
use domain::socket::{Cause, Judged};

use crate::book::{Book, Key, Message, Place};
use crate::dice::Dice;
use crate::world::Manners;

/// Something a partner does later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Later {
    /// A message that was given up arrives and is carried out.
    Arrives(Key),
    /// An accepted order is carried out, and told unasked.
    Carries(Key),
    /// An outcome is told again, or at last.
    Tells(Key),
}

/// What an exchange comes to.
pub struct Handled {
    /// What our side judges.
    pub judged: Judged,
    /// After how long, in milliseconds.
    pub after_ms: Millis,
    /// What follows, each with its wait in milliseconds.
    pub later: Vec<(Millis, Later)>,
}

impl Handled {
    fn soon(judged: Judged, dice: &mut Dice) -> Self {
        Self { judged, after_ms: dice.wait_ms(5, 5_000), later: Vec::new() }
    }

    fn doubt(cause: Cause, dice: &mut Dice) -> Self {
        Self { judged: Judged::Doubt { cause }, after_ms: dice.wait_ms(1_000, 30_000), later: Vec::new() }
    }
}

/// Everything that decides how one exchange goes.
pub struct Mood<'a> {
    /// The partner's manners.
    pub manners: &'a Manners,
    /// How many of a hundred exchanges go wrong.
    pub faults_percent: u64,
    /// It can be asked by our number.
    pub can_be_asked: bool,
    /// The choices.
    pub dice: &'a mut Dice,
}

/// Our side sends an order.
pub fn send(book: &mut Book, message: &Message, mood: &mut Mood<'_>) -> Handled {
    let dice = &mut *mood.dice;
    if dice.chance(mood.faults_percent) {
        return faulty_send(book, message, mood);
    }
    book.receive(message, Place::Waiting);
    if dice.chance(mood.manners.answers_later_percent) {
        let mut handled = Handled::soon(Judged::Accepted, dice);
        handled.later.push((dice.wait_ms(100, 600_000), Later::Carries(message.key)));
        return handled;
    }
    book.process(message.key, mood.manners.lies, dice);
    answer(book, message.key, dice)
}

fn answer(book: &mut Book, key: Key, dice: &mut Dice) -> Handled {
    let said = book.say(key, false);
    let lied = book.orders.get(&key).is_some_and(|order| !order.told);
    let judged = match said {
        Some(outcome) => Judged::Answered(Box::new(outcome)),
        None => Judged::Accepted,
    };
    let mut handled = Handled::soon(judged, dice);
    if lied || dice.chance(10) {
        handled.later.push((dice.wait_ms(10, 100_000), Later::Tells(key)));
    }
    handled
}

fn faulty_send(book: &mut Book, message: &Message, mood: &mut Mood<'_>) -> Handled {
    let dice = &mut *mood.dice;
    let key = message.key;
    match dice.below(9) {
        0 | 1 => {
            // It happened, and nobody heard the answer.
            book.receive(message, Place::Waiting);
            book.process(key, mood.manners.lies, dice);
            let mut handled = Handled::doubt(Cause::Timeout, dice);
            if dice.chance(30) {
                handled.later.push((dice.wait_ms(10, 600_000), Later::Tells(key)));
            }
            handled
        }
        2 | 3 => {
            // It is somewhere on its way; our side has given it up by the time it arrives.
            book.receive(message, Place::OnItsWay);
            let arrives =
                dice.wait_ms(1_000, mood.manners.transit_ms_max).min(crate::dice::signed(mood.manners.transit_ms_max));
            let mut handled = Handled::doubt(Cause::Broken, dice);
            handled.later.push((arrives, Later::Arrives(key)));
            handled
        }
        4 => Handled::doubt(Cause::Status(502), dice),
        5 => Handled::soon(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }, dice),
        6 => {
            let retry_after_ms = Some(dice.between(1, 120) * 1_000);
            Handled::soon(Judged::NotSent { cause: Cause::Throttled, retry_after_ms }, dice)
        }
        7 => Handled::soon(Judged::NotSent { cause: Cause::Closed, retry_after_ms: None }, dice),
        _ if dice.chance(20) => {
            Handled::soon(Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None }, dice)
        }
        _ => Handled::soon(Judged::NotSent { cause: Cause::Credential, retry_after_ms: Some(5_000) }, dice),
    }
}

/// Our side asks by our number.
pub fn ask(book: &mut Book, key: Key, mood: &mut Mood<'_>) -> Handled {
    let dice = &mut *mood.dice;
    if !mood.can_be_asked {
        book.faults.push(format!("asked about {key:?}, but this partner cannot be asked"));
    }
    if dice.chance(mood.faults_percent) {
        return match dice.below(3) {
            0 => Handled::doubt(Cause::Timeout, dice),
            1 => Handled::soon(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }, dice),
            _ => Handled::soon(Judged::NotSent { cause: Cause::Throttled, retry_after_ms: Some(30_000) }, dice),
        };
    }
    match book.orders.get(&key).map(|order| order.place) {
        None | Some(Place::OnItsWay) => Handled::soon(Judged::NotFound, dice),
        Some(Place::Waiting) => Handled::soon(Judged::Accepted, dice),
        Some(Place::Processed) => answer(book, key, dice),
    }
}

/// A slip handed back by a pulling partner before it did anything.
pub fn hand_back() -> Outcome {
    Outcome::of(Verdict::HandedBack).because(Reason::CredentialMissing, "credential")
}
