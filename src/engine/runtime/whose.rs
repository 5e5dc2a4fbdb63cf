//! Whose an answer is: what a partner names is held against the subject of the order, which only the journal knows.

use domain::Flaw;
use domain::outcome::{FindingClass, Outcome, Reason};
use domain::slip::Slip;
use domain::socket::{Cause, FeedbackItem, Judged};
use domain::whose::Named;

use super::Engine;
use super::faces::{Finished, named};

/// The identity numbers of the persons whose records an answer brings.
fn recorded(outcome: &Outcome) -> impl Iterator<Item = Named> + '_ {
    let records = outcome.findings.iter().filter(|finding| finding.class == FindingClass::Identity);
    let numbers = records.flat_map(|finding| &finding.details).filter(|detail| detail.name == "id_number");
    numbers.map(|detail| Named::of("", detail.value.expose())).filter(Named::says_anything)
}

fn names_anybody(outcome: &Outcome) -> bool {
    outcome.named.iter().any(Named::says_anything) || recorded(outcome).next().is_some()
}

/// Why an answer is about somebody else than its slip. Everybody whom it names must be the subject; of the records that it brings one
/// must be, because a person may have had another number.
fn differs(slip: &Slip, outcome: &Outcome) -> Option<Reason> {
    let party = slip.party()?;
    let named = outcome.named.iter().find_map(|named| named.differs(party));
    named.or_else(|| {
        let mut records = recorded(outcome).map(|record| record.differs(party)).peekable();
        let first = records.peek().copied().flatten()?;
        records.all(|differs| differs.is_some()).then_some(first)
    })
}

/// What was called out for and answers about somebody else says nothing of ours.
pub(super) fn of_its_subject(slip: &Slip, judged: Judged) -> Judged {
    match &judged {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) if differs(slip, outcome).is_some() => {
            Judged::Doubt { cause: Cause::AnotherSubject }
        }
        _ => judged,
    }
}

impl Engine {
    /// Items that name somebody else than their slip is about are not taken, whichever way they came.
    pub(super) async fn hold_to_subjects(&self, partner: &str, items: &mut [FeedbackItem]) {
        let mut finished = Finished::default();
        for item in items {
            let Ok(outcome) = &item.outcome else { continue };
            if !names_anybody(outcome) {
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
                None => Flaw::NotReadable,
                Some(slip) => match differs(&slip, outcome) {
                    None => continue,
                    Some(Reason::NameMismatch) => Flaw::AnotherName,
                    Some(_) => Flaw::AnotherNumber,
                },
            };
            item.outcome = Err(why.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::outcome::{Detail, Finding, Verdict};
    use domain::request::Asked;
    use domain::slip::SlipContext;
    use domain::{Day, Personal, SlipNumber};

    fn records(numbers: &[&str]) -> Outcome {
        let finding = |number: &&str| Finding {
            class: FindingClass::Identity,
            details: vec![Detail { name: "id_number".to_owned(), value: Personal::from(*number) }],
        };
        Outcome { findings: numbers.iter().map(finding).collect(), ..Outcome::of(Verdict::Done) }
    }

    #[test]
    fn an_answer_is_its_subjects_or_a_doubt() {
        let request = crate::tests::request(Asked::Acts(Vec::new()));
        let context = SlipContext { case: request.case, officers: request.officers, papers: request.papers };
        let number = SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 1);
        let slip = Slip { number, context: std::sync::Arc::new(context), subject: 0, lines: Vec::new() };
        let told = |outcome: Outcome| of_its_subject(&slip, Judged::Answered(Box::new(outcome)));
        let doubt = Judged::Doubt { cause: Cause::AnotherSubject };
        let named =
            |name: &str, number: &str| Outcome { named: vec![Named::of(name, number)], ..Outcome::of(Verdict::Done) };
        assert!(told(named("林小满", "")) == doubt && told(named("王小渔", "330225189001010019")) == doubt);
        assert!(told(named("王*渔", "")) != doubt && told(Outcome::of(Verdict::Done)) != doubt);
        assert!(told(records(&["330225189001010019"])) == doubt);
        assert!(told(records(&["330225950612017", "330225189001010019"])) == doubt, "neither is the one");
        assert!(told(records(&["330225189001010019", "330225189506120170"])) != doubt, "one of them is");
        assert!(of_its_subject(&slip, Judged::Accepted) == Judged::Accepted);
    }
}
