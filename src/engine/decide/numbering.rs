//! Slip numbers: which acts of a plan are one order, with lines 1..n, so that it can travel whole.

use std::collections::BTreeSet;

use domain::partner::Travel;
use domain::slip::LINES_MAX;
use domain::{ActId, ActKind, Day, SlipNumber};
use store::record::{ActRef, PlanLine};

use super::Decider;
use super::offer::Places;

/// The most bytes of text on the lines of one slip: with markup and Base64 twice it stays below a quarter of the largest list, and a
/// line by itself is far below it. Accounts and ordinary notes of 200 lines come to a twentieth.
pub const SLIP_TEXT_BYTES_MAX: usize = 512 * 1024;

/// The slip that is being filled.
struct Filling {
    alike: Alike,
    last: u16,
    slip: u64,
    text_bytes: usize,
}

/// What lines of one slip have in common.
#[derive(PartialEq, Eq)]
struct Alike {
    partner: String,
    subject: u16,
    kind: u8,
    /// Only of partners that fetch, which know a repeat by the slip's number alone: what may become ready at another time is on a slip of
    /// its own.
    apart: Option<Apart>,
}

#[derive(PartialEq, Eq)]
struct Apart {
    approvals: u8,
    in_part: bool,
}

impl Decider {
    /// Draws slip numbers: one per query, one per run of control acts alike in partner, subject and kind, and as many lines to each as
    /// one list is sure to carry.
    pub(super) fn number(&self, plan: &mut [PlanLine]) -> u32 {
        let today = Day::of(self.now);
        let mut counter = self.state.next_slip;
        let mut drawn = 0;
        let mut filling: Option<Filling> = None;
        let mut taken_from: BTreeSet<ActRef> = BTreeSet::new();
        for line in plan {
            let kind = ActKind::from_code(line.kind);
            let pulls = self.places_of(&line.partner);
            // What waits for another act becomes ready when that ends, each at its own time.
            let alone = kind.is_none_or(ActKind::is_question)
                || (pulls.is_some() && self.waits_for_its_base(line, &taken_from));
            if let Some(base) = line.base.filter(|_| kind.is_some_and(ActKind::moves_money)) {
                taken_from.insert(base);
            }
            let apart = pulls.map(|_| Apart {
                approvals: line.approvals,
                in_part: kind == Some(ActKind::Release) && line.amount.is_some(),
            });
            let alike = Alike { partner: line.partner.clone(), subject: line.subject, kind: line.kind, apart };
            let releases = kind.is_some_and(ActKind::ends_a_measure);
            let lines_max = pulls.map_or(LINES_MAX, |places| places.lines_max(releases));
            let text_bytes = text_bytes_of(line);
            let room = filling.as_mut().filter(|slip| {
                !alone
                    && slip.alike == alike
                    && usize::from(slip.last) < lines_max
                    && slip.text_bytes + text_bytes <= SLIP_TEXT_BYTES_MAX
            });
            if let Some(slip) = room {
                slip.last += 1;
                slip.text_bytes += text_bytes;
                (line.slip, line.line) = (slip.slip, slip.last);
                continue;
            }
            line.slip = SlipNumber::issue(today, counter).bits();
            line.line = u16::from(!kind.is_some_and(ActKind::is_question));
            counter += 1;
            drawn += 1;
            filling = (!alone).then_some(Filling { alike, last: 1, slip: line.slip, text_bytes });
        }
        drawn
    }

    /// The places at a partner that fetches; `None` = it is called, and each line is a message of its own.
    fn places_of(&self, partner: &str) -> Option<Places> {
        let partner = self.config.partners.get(partner).filter(|partner| partner.travel == Travel::Pull)?;
        Some(Places::of(partner.in_flight_max))
    }

    /// May this line have to wait for what it builds on, as `waits_for` of the queues tells it? Where it cannot be said, yes.
    fn waits_for_its_base(&self, line: &PlanLine, taken_from: &BTreeSet<ActRef>) -> bool {
        let Some(kind) = ActKind::from_code(line.kind).filter(|kind| !kind.is_lasting()) else { return false };
        let Some(base) = line.base else { return kind.gives_back() };
        let id = ActId::from(base);
        let measure =
            self.state.measure_made_by(id.into()).and_then(|index| Some((index, self.state.measures.get(index)?)));
        let Some((index, measure)) = measure else { return true };
        if self.state.acts.get(measure.act).is_some_and(|made_by| made_by.state().is_open()) {
            return true;
        }
        let takes = |act: &crate::state::Act| act.measure == index && act.kind().moves_money() && act.state().is_open();
        kind == ActKind::Release
            && (taken_from.contains(&base) || self.state.acts_of_case(measure.case).any(|(_, act)| takes(act)))
    }
}

/// Bytes of the texts that a form may repeat for a line.
fn text_bytes_of(line: &PlanLine) -> usize {
    let details: usize = line.details.iter().map(|(name, value)| name.len() + value.len()).sum();
    line.account.as_ref().map_or(0, String::len) + line.note.as_ref().map_or(0, String::len) + details
}
