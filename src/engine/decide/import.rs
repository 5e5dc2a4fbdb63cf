//! Measures of another system: each held against partner, law and what is known, then taken over with its own number.

use domain::case::{Paper, Role};
use domain::measure::MeasureState;
use domain::outcome::AssetKind;
use domain::rules::{self, Breach};
use domain::{ActKind, Day, MeasureId, Money};
use store::record::{Body, ChangedBody, ImportedBody, MeasureImported, PlanLine, RequestTwin, SealTwin};

use super::Decider;
use crate::command::{
    Answer, DocumentKey, ImportLine, ImportMeasures, ImportedPaper, KnownValue, RowDiffers, TakenOver,
};
use crate::refusal::Refusal;
use crate::state::measure::NO_DAY;
use crate::state::{Measure, short_hash};

/// Measures of one `measure.imported`: at some 250 bytes a line the body stays below 64 KiB and so in the record itself.
pub const IMPORT_GROUP_MAX: usize = 200;

/// The measure, or why not.
type Verdict = Result<TakenOver, Refusal>;

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
            return Err(Refusal::OutOfBounds {
                at: "/lines",
                bound: "同一案件一次至多200项 · at most 200 of one case at once",
            });
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
                known.unwrap_or_else(|| {
                    let id = MeasureId { sequence: 0, line: u32::try_from(lines.len()).unwrap_or(u32::MAX) };
                    lines.push(self.imported_line(import, line));
                    standing.push(standing_of(line));
                    TakenOver { id, known: false, differs: Vec::new() }
                })
            }));
        }
        if !lines.is_empty() {
            let sequence = self.record_import(import, lines, standing)?;
            for taken in verdicts.iter_mut().filter_map(|verdict| verdict.as_mut().ok()).filter(|taken| !taken.known) {
                taken.id.sequence = sequence;
            }
        }
        Ok(verdicts)
    }

    /// The measure that is known under this number already, if any, and what the row says otherwise.
    fn check_imported(
        &self,
        import: &ImportMeasures,
        line: &ImportLine,
        today: Day,
    ) -> Result<Option<TakenOver>, Refusal> {
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
                Some(known) => {
                    let differs = differs(known, line, self.claimed_of(import, line));
                    Ok(Some(TakenOver { id: known.id(), known: true, differs }))
                }
                None => Err(Refusal::OriginalUnknown { at: "/number".to_owned() }),
            };
        }
        let party = import.request.case.parties.get(usize::from(order.subject));
        if party.is_none_or(|party| party.role != Role::Obligor) {
            return broken(&rules::D1, "/party_name");
        }
        let is_possible = |party: &domain::case::Party| {
            domain::identity::is_possible(&party.id_type, party.id_number.expose(), today)
        };
        if !party.is_some_and(is_possible) {
            return broken(&rules::D32, "/id_number");
        }
        if order.kind == ActKind::Freeze && !order.amount.is_some_and(Money::is_positive) {
            return broken(&rules::D7, "/limit");
        }
        check_standing(line)?;
        let Some(to) = order.to else { return broken(&rules::D9, "/to") };
        if to < today {
            return broken(&rules::D10, "/to");
        }
        let from = order.from.unwrap_or(today);
        let years = partner.law.years_for(line.property, Some(partner.kind));
        if to < from || to > from.max(today).last_of_years(years) {
            return broken(&rules::D9, "/to");
        }
        let unknown = line.papers.iter().position(|key| !self.is_stored(*key, &import.court));
        match unknown {
            Some(place) => Err(Refusal::DocumentUnknown { at: format!("/documents/{place}/digest") }),
            None => Ok(None),
        }
    }

    /// What a row says of whose property it is and which: keyed, as measures hold it.
    fn claimed_of(&self, import: &ImportMeasures, line: &ImportLine) -> (u64, u64) {
        let subject = import.subjects.get(usize::from(line.order.subject)).copied().unwrap_or(0);
        let account = line.order.account.as_ref();
        (subject, account.map_or(0, |account| short_hash(&[&line.order.partner, account.expose()])))
    }

    fn is_stored(&self, key: (u64, u64), court: &str) -> bool {
        self.state.documents.get(&key).is_some_and(|document| self.state.word(document.court) == court)
    }

    fn imported_line(&self, import: &ImportMeasures, imported: &ImportLine) -> PlanLine {
        let order = &imported.order;
        let mut line = PlanLine::of(order.kind, &order.partner, order.subject);
        if let Some(original) = &order.original {
            line.set_original(original);
        }
        line.account = order.account.as_ref().map(|account| account.expose().clone());
        line.asset = line.account.as_ref().map_or(0, |account| short_hash(&[&order.partner, account]));
        line.amount = order.amount.map(Money::units);
        (line.from, line.to) = (order.from.map(Day::count), order.to.map(Day::count));
        let case = self.state.case_index(import.case_key);
        let partner = self.config.partners.get(&order.partner);
        let known = || partner.map_or(0, |partner| self.property_code(case, order, partner.kind));
        line.property = imported.property.map_or_else(known, AssetKind::code);
        let law = partner.map(|partner| &partner.law);
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
            Some(case) => self.sealable(case.slot)?,
            None => self.keyring.create()?,
        };
        let (documents, seals, papers) = self.papers_of(import, slot)?;
        let mut request = domain::request::Request::clone(&import.request);
        request.papers = papers;
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
            documents,
            seals,
            request: RequestTwin::from(&request).bare(),
        };
        Ok(self.emit(fact.into(), Some(Body::Imported(Box::new(body))), slot))
    }

    /// The papers that came and are stored, with their keys wrapped under the case's: of the others their rows were refused.
    fn papers_of(&mut self, import: &ImportMeasures, slot: u64) -> Result<Papers, Refusal> {
        let (mut documents, mut seals, mut papers) = (Vec::new(), Vec::new(), Vec::new());
        for ImportedPaper { key, paper } in &import.papers {
            if !self.is_stored(*key, &import.court) {
                continue;
            }
            let Some(document) = self.state.documents.get(key) else { continue };
            let of = DocumentKey {
                digest: paper.digest.expose(),
                blob: &document.blob,
                slot: document.slot,
                bytes: document.bytes,
                content_type: &document.content_type,
            };
            seals.push(self.keyring.wrap(&of, slot)?);
            documents.push(*key);
            papers.push(paper.clone());
        }
        Ok((documents, seals, papers))
    }
}

/// Keyed digests, wrapped keys and the papers themselves.
type Papers = (Vec<(u64, u64)>, Vec<SealTwin>, Vec<Paper>);

/// What a row says otherwise than the measure of its number that is known; what it leaves out says nothing.
fn differs(known: &Measure, line: &ImportLine, (subject, asset): (u64, u64)) -> Vec<RowDiffers> {
    let order = &line.order;
    let day = |day: i32| (day != NO_DAY).then(|| Day::from_count(day));
    let (limit, caught) = (Money::from_units(known.limit()), Money::from_units(known.caught()));
    let queued = known.state() == MeasureState::Queued;
    let property = known.property().filter(|known| line.property.is_some_and(|said| said != *known));
    let told = [
        ("id_number", subject != known.subject_key, None),
        ("account", asset != 0 && asset != known.asset, None),
        ("kind", order.kind != known.kind(), Some(KnownValue::Word(known.kind().word()))),
        ("asset", property.is_some(), property.map(|known| KnownValue::Word(known.word()))),
        ("limit", order.amount.is_some_and(|said| said != limit), Some(KnownValue::Sum(limit))),
        ("caught", line.caught.is_positive() && line.caught != caught, Some(KnownValue::Sum(caught))),
        ("from", order.from.is_some() && order.from != day(known.from), Some(KnownValue::Day(day(known.from)))),
        ("to", order.to.is_some() && order.to != day(known.to), Some(KnownValue::Day(day(known.to)))),
        ("rank", line.rank > 0 && line.rank != known.rank, Some(KnownValue::Rank(known.rank))),
        ("queued", line.queued != queued, Some(KnownValue::Queued(queued))),
    ];
    let differing = told.into_iter().filter(|(_, differs, _)| *differs);
    differing.map(|(field, _, known)| RowDiffers { field, known }).collect()
}

/// What waits behind others holds nothing, and is not the first.
fn check_standing(line: &ImportLine) -> Result<(), Refusal> {
    if line.queued && line.rank == 1 {
        return Err(Refusal::OutOfBounds {
            at: "/rank", bound: "轮候的顺位须为2以上 · 2 or more for what is queued"
        });
    }
    if line.queued && line.caught.is_positive() {
        return Err(Refusal::OutOfBounds {
            at: "/caught", bound: "轮候的实际控制须为0.00 · 0.00 for what is queued"
        });
    }
    Ok(())
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
