//! Measures of another system: each held against partner, law and what is known, then taken over with its own number.

use domain::act::ActOrder;
use domain::case::Role;
use domain::rules::{self, Breach};
use domain::{ActKind, Day, MeasureId, Money};
use store::record::{Body, ChangedBody, ImportedBody, MeasureImported, PlanLine, RequestTwin};

use super::Decider;
use crate::command::{Answer, ImportLine, ImportMeasures};
use crate::refusal::Refusal;
use crate::state::short_hash;

/// Measures of one `measure.imported`: at some 250 bytes a line the body stays below 64 KiB and so in the record itself.
pub const IMPORT_GROUP_MAX: usize = 200;

/// The measure and whether it was known before, or why not.
type Verdict = Result<(MeasureId, bool), Refusal>;

impl Decider {
    /// One event for all of a case that may come in; a verdict for each line of each case, in their order.
    pub(super) fn import_measures(&mut self, imports: &[ImportMeasures]) -> Answer {
        let mut verdicts = Vec::new();
        for import in imports {
            let each = self.import_case(import);
            verdicts.extend(each.unwrap_or_else(|refusal| vec![Err(refusal); import.lines.len()]));
        }
        Answer::Imported(verdicts)
    }

    fn import_case(&mut self, import: &ImportMeasures) -> Result<Vec<Verdict>, Refusal> {
        if !self.config.courts.contains_key(&import.court) || import.request.case.court.code != import.court {
            return Err(Refusal::CourtForeign);
        }
        if import.lines.len() > IMPORT_GROUP_MAX {
            return Err(Refusal::OutOfBounds { at: "/lines", bound: "at most 200 of one case at once" });
        }
        let today = Day::of(self.now);
        if !rules::is_case_number(import.request.case.number.expose(), today.ymd().0) {
            return Err(Refusal::Rules(vec![Breach { rule: &rules::D2, at: "/case_number".to_owned() }]));
        }
        let mut verdicts = Vec::with_capacity(import.lines.len());
        let (mut lines, mut standing) = (Vec::new(), Vec::new());
        for (place, line) in import.lines.iter().enumerate() {
            let number = line.order.original.as_ref().map_or("", |original| original.slip.as_str());
            let twice = |other: &&ImportLine| {
                other.order.partner == line.order.partner
                    && other.order.original.as_ref().is_some_and(|original| original.slip == number)
            };
            let checked = self.check_imported(import, line, today);
            let checked = checked.and_then(|known| {
                let before = import.lines.iter().take(place).any(|other| twice(&other));
                if before { Err(Refusal::WrongState { state: "named_twice" }) } else { Ok(known) }
            });
            verdicts.push(checked.map(|known| {
                known.map_or_else(
                    || {
                        let id = MeasureId { sequence: 0, line: u32::try_from(lines.len()).unwrap_or(u32::MAX) };
                        lines.push(self.imported_line(&line.order));
                        standing.push(standing_of(line));
                        (id, false)
                    },
                    |known| (known, true),
                )
            }));
        }
        if !lines.is_empty() {
            let sequence = self.record_import(import, lines, standing)?;
            for (id, _) in verdicts.iter_mut().filter_map(|verdict| verdict.as_mut().ok()).filter(|(_, known)| !known) {
                id.sequence = sequence;
            }
            self.look_at_ends_anew();
        }
        Ok(verdicts)
    }

    /// The measure that is known under this number already, if any.
    fn check_imported(
        &self,
        import: &ImportMeasures,
        line: &ImportLine,
        today: Day,
    ) -> Result<Option<MeasureId>, Refusal> {
        let order = &line.order;
        let broken = |rule, at: &str| Err(Refusal::Rules(vec![Breach { rule, at: at.to_owned() }]));
        let partner = self.config.partners.get(&order.partner).filter(|partner| !partner.retired);
        let Some(partner) = partner else { return Err(Refusal::PartnerUnknown { at: "/partner".to_owned() }) };
        let number = order.original.as_ref().map(|original| original.slip.as_str()).filter(|slip| !slip.is_empty());
        let Some(number) = number else { return Err(Refusal::OriginalUnknown { at: "/number".to_owned() }) };
        if let Some(index) = self.state.measure_by_number(&order.partner, number) {
            let known = self
                .state
                .measures
                .get(index)
                .filter(|known| Some(known.case) == self.state.case_index(import.case_key));
            return match known {
                Some(known) => Ok(Some(known.id())),
                None => Err(Refusal::OriginalUnknown { at: "/number".to_owned() }),
            };
        }
        let party = import.request.case.parties.get(usize::from(order.subject));
        if party.is_none_or(|party| party.role != Role::Obligor) {
            return broken(&rules::D1, "/party_name");
        }
        if order.kind == ActKind::Freeze && !order.amount.is_some_and(Money::is_positive) {
            return broken(&rules::D7, "/limit");
        }
        let Some(to) = order.to else { return broken(&rules::D9, "/to") };
        if to < today {
            return broken(&rules::D10, "/to");
        }
        let from = order.from.unwrap_or(today);
        if to < from || to > from.max(today).last_of_years(partner.law.years_at(Some(partner.kind))) {
            return broken(&rules::D9, "/to");
        }
        Ok(None)
    }

    fn imported_line(&self, order: &ActOrder) -> PlanLine {
        let mut line = PlanLine::of(order.kind, &order.partner, order.subject);
        if let Some(original) = &order.original {
            line.set_original(original);
        }
        line.account = order.account.as_ref().map(|account| account.expose().clone());
        line.asset = line.account.as_ref().map_or(0, |account| short_hash(&[&order.partner, account]));
        line.amount = order.amount.map(Money::units);
        (line.from, line.to) = (order.from.map(Day::count), order.to.map(Day::count));
        let law = self.config.partners.get(&order.partner).map(|partner| &partner.law);
        line.rules = law.map_or(0, |law| law.id);
        let margin = |account: &String| law.is_some_and(|law| law.margin_accounts.contains(account));
        line.bars = if line.account.as_ref().is_some_and(margin) { rules::bars::DEDUCT } else { 0 };
        line
    }

    fn record_import(
        &mut self,
        import: &ImportMeasures,
        lines: Vec<PlanLine>,
        standing: Vec<ChangedBody>,
    ) -> Result<u64, Refusal> {
        let case = self.state.case_index(import.case_key);
        let slot = match case.and_then(|case| self.state.cases.get(case)) {
            Some(case) => case.slot,
            None => self.keyring.create()?,
        };
        let fact = MeasureImported {
            by: import.by.clone(),
            case: case.map(|case| self.state.case_id(case).0),
            court: import.court.clone(),
            measures: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        };
        let body = ImportedBody {
            case_key: import.case_key,
            subjects: import.subjects.clone(),
            lines,
            standing,
            request: RequestTwin::from(import.request.as_ref()).bare(),
        };
        Ok(self.emit(fact.into(), Some(Body::Imported(Box::new(body))), slot))
    }
}

fn standing_of(line: &ImportLine) -> ChangedBody {
    ChangedBody {
        limit: line.order.amount.map(Money::units),
        caught: Some(if line.queued { 0 } else { line.caught.units() }),
        rank: (line.rank > 0).then_some(line.rank),
        queued: line.queued,
        ..ChangedBody::default()
    }
}
