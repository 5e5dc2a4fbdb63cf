//! Whose an answer is: what a partner names is held against the subject of the order, which only the journal knows.

use domain::outcome::Reason;
use domain::slip::Slip;
use domain::socket::{Cause, FeedbackItem, Judged};

use super::Engine;
use super::faces::{Finished, named};

/// Told to a partner whose answer names somebody else.
pub(super) const ANOTHER_NAME: &str = "反馈的姓名（名称）与请求不符";
/// The same of the number.
pub(super) const ANOTHER_NUMBER: &str = "反馈的证件号码与请求不符";
/// Told where the order cannot be read any more, so that nobody can hold an answer against it.
pub(super) const NOT_READABLE: &str = "请求单内容已不可核对";

/// Why an answer is about somebody else than its slip.
fn differs(slip: &Slip, named: &[domain::whose::Named]) -> Option<Reason> {
    let party = slip.party()?;
    named.iter().find_map(|named| named.differs(party))
}

/// What was called out for and answers about somebody else says nothing of ours.
pub(super) fn of_its_subject(slip: &Slip, judged: Judged) -> Judged {
    match &judged {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) if differs(slip, &outcome.named).is_some() => {
            Judged::Doubt { cause: Cause::AnotherSubject }
        }
        _ => judged,
    }
}

impl Engine {
    /// Items that name somebody else than their slip is about are not taken, whichever way they came; the reason is for the partner.
    pub(super) async fn hold_to_subjects(&self, partner: &str, items: &mut [FeedbackItem]) {
        let mut finished = Finished::default();
        for item in items {
            let Ok(outcome) = &item.outcome else { continue };
            if !outcome.named.iter().any(domain::whose::Named::says_anything) {
                continue;
            }
            // A number that is not known is told so by whoever takes the item.
            let Some((number, _)) = named(&item.slip, item.line) else { continue };
            let acts = match self.acts_of(partner, number) {
                Some(acts) => Some(acts),
                None => self.finished_acts(partner, number, &mut finished).await,
            };
            let Some(acts) = acts else { continue };
            let why = match self.shared.papers.slip(&acts, false, None) {
                None => NOT_READABLE,
                Some(slip) => match differs(&slip, &outcome.named) {
                    None => continue,
                    Some(Reason::NameMismatch) => ANOTHER_NAME,
                    Some(_) => ANOTHER_NUMBER,
                },
            };
            item.outcome = Err(why.to_owned());
        }
    }
}
