//! What partners say of orders of cases that a start left out: nobody can compare it, so it is refused for good and becomes somebody's task.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::outcome::Outcome;
use domain::socket::ItemVerdict;
use domain::{Flaw, SlipLine};
use parking_lot::Mutex;
use store::record::OutcomeTwin;

use super::faces::named;
use super::slips::{Drawn, SlipSearch};
use super::{Engine, Shared};
use crate::command::Command;
use crate::refusal::Refusal;
use crate::state::short_hash;

/// Answers remembered so that one repeated by its partner is written down once; beyond it all are forgotten, and may be told again.
pub const LEFT_OUT_ANSWERS_MAX: usize = 65_536;

/// What partners said of what was left out, each as a hash of partner, slip and words.
#[derive(Default)]
pub struct Answers(Mutex<BTreeSet<u64>>);

impl Answers {
    fn knows(&self, answer: u64) -> bool {
        self.0.lock().contains(&answer)
    }

    fn learn(&self, answers: impl Iterator<Item = u64>) {
        let mut known = self.0.lock();
        if known.len() >= LEFT_OUT_ANSWERS_MAX {
            known.clear();
        }
        known.extend(answers);
    }
}

/// An answer as a person reads it.
pub(super) fn sentence(slip: &str, line: Option<u16>, outcome: Option<&Outcome>) -> String {
    let line = line.map_or(String::new(), |line| format!("-{line}"));
    let Some(outcome) = outcome else { return format!("{slip}{line} 线索 lead") };
    let sum = |word: &str, sum: Option<domain::Money>| sum.map_or(String::new(), |sum| format!(" {word} {sum}"));
    let (caught, moved) = (sum("控制 caught", outcome.caught), sum("划出 moved", outcome.moved));
    format!("{slip}{line} {}{caught}{moved}", outcome.verdict.word())
}

impl Engine {
    /// Refuses for good what is said of slips of cases that were left out. Said to be unknown, the partner would look for the fault at its
    /// own door; told to send it again later, it would for ever. What it said stands in the trail, as a task of the operators.
    pub(super) async fn of_left_out(
        &self,
        partner: &str,
        answers: &mut [ItemVerdict],
        said: &[(Option<u16>, Option<Outcome>)],
    ) -> Result<(), Refusal> {
        if !self.shared.papers.any_left_out() {
            return Ok(());
        }
        let unknown = Err(Flaw::SlipUnknown.into());
        let slips: Vec<(usize, SlipLine)> = (0..)
            .zip(answers.iter().zip(said))
            .filter(|(_, (answer, _))| answer.taken == unknown)
            .filter_map(|(place, (answer, (line, _)))| {
                let (slip, line) = named(&answer.slip, *line)?;
                Some((place, SlipLine { slip, line: line.unwrap_or(1) }))
            })
            .collect();
        let refused = Err(Flaw::NotReadable.into());
        // Of finished requests the verdict says it already; an answer that names somebody else is refused before that, and has no words.
        let finished = (0..).zip(answers.iter().zip(said));
        let finished = finished.filter(|(_, (answer, (_, outcome)))| outcome.is_some() && answer.taken == refused);
        let mut places: BTreeSet<usize> = finished.map(|(place, _)| place).collect();
        places.extend(self.drawn_for_left_out(slips).await?);
        let (mut told, mut fresh) = (Vec::new(), Vec::new());
        for place in places {
            let (Some(answer), Some((line, outcome))) = (answers.get_mut(place), said.get(place)) else { continue };
            answer.taken = refused.clone();
            let words = outcome.as_ref().map_or(0, |outcome| OutcomeTwin::from(outcome).fingerprint());
            let known_by = short_hash(&[partner, &answer.slip, &line.unwrap_or(0).to_string(), &words.to_string()]);
            if !self.shared.left_out.knows(known_by) {
                fresh.push(known_by);
                told.push(sentence(&answer.slip, *line, outcome.as_ref()));
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            partner,
            answers = told.len(),
            runbook = "docs/RUNBOOK.md#lost",
            "a partner answered orders of cases that were left out; look at the task and ask it what stands"
        );
        let command = Command::NobodysAnswer { partner: partner.to_owned(), text: told.join("\n") };
        self.done(command).await?;
        self.shared.left_out.learn(fresh.into_iter());
        Ok(())
    }

    /// Which of these may have been drawn for what nobody can read, on a thread that may take its time.
    async fn drawn_for_left_out(&self, slips: Vec<(usize, SlipLine)>) -> Result<Vec<usize>, Refusal> {
        if slips.is_empty() {
            return Ok(Vec::new());
        }
        let shared = Arc::clone(&self.shared);
        let found = self.off_worker(move || shared.drawn_for_left_out(slips));
        found.await.ok_or(Refusal::Unavailable)
    }
}

impl Shared {
    fn drawn_for_left_out(&self, slips: Vec<(usize, SlipLine)>) -> Vec<usize> {
        let next_slip = self.decider.read().state.next_slip;
        let mut search = SlipSearch::of(self);
        let may_be = |(place, key): (usize, SlipLine)| {
            (key.slip.counter() < next_slip && search.find(key) == Drawn::Unknown).then_some(place)
        };
        slips.into_iter().filter_map(may_be).collect()
    }
}
