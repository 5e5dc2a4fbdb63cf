//! Measures at run time: lists of what stands, and lists of another system that come over.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::case::{Case, Paper};
use domain::measure::MeasureState;
use domain::request::{Asked, PAPERS_MAX, PARTIES_MAX, Priority, Request};
use domain::{Day, Money, SlipLine, SlipNumber};

use super::listing::subject_key;
use super::{Engine, Shared};
use crate::command::{Answer, Command, ImportLine, ImportMeasures, ImportedPaper};
use crate::decide::{Decider, IMPORT_GROUP_MAX};
use crate::refusal::Refusal;
use crate::state::Measure;
use crate::state::slab::{Index, NONE};
use crate::view::{Caller, IMPORT_ROWS_MAX, ImportRow, ImportVerdict, MeasureFilter, MeasureLine, Page};

/// Lines of a list at most.
const LIST_MAX: u16 = 200;
/// Measures looked at for one page: the decider waits meanwhile, some 5 ms. A page may be short for it and still have a next one.
const LOOKED_MAX: usize = 50_000;

/// Looks for one page at most: where many measures of others are secret, a page may be short and still have a next one.
const LOOKS_MAX: usize = 8;

/// A measure copied out of the state, before its number is read from the journal.
struct Sketch {
    line: MeasureLine,
    place: (i32, Index),
    secret: bool,
}

impl Engine {
    /// Measures by their last day, the earliest first; those of a case with all that is remembered of it, those of a secret request
    /// for its viewers alone. `sealed` = also their sums and the numbers of another system, which is a read of personal data.
    ///
    /// # Errors
    /// [`Refusal::CourtForeign`] for another court's, [`Refusal::Unavailable`].
    pub async fn measures(
        &self,
        caller: &Caller,
        mut filter: MeasureFilter,
        sealed: bool,
    ) -> Result<Page<MeasureLine>, Refusal> {
        let court = match (&caller.court, &filter.court) {
            (Some(own), Some(asked)) if own != asked => return Err(Refusal::CourtForeign),
            (Some(own), _) => Some(own.clone()),
            (None, asked) => asked.clone(),
        };
        let limit = usize::from(filter.limit.clamp(1, LIST_MAX));
        let (mut found, mut next): (Vec<Sketch>, Option<u64>) = (Vec::new(), None);
        for _ in 0..LOOKS_MAX {
            let (more, place) = {
                let decider = self.shared.decider.read();
                self.sketches(&decider, court.as_deref(), &filter, (limit + 1).saturating_sub(found.len()))
            };
            let shown = |sketch: &Sketch| !sketch.secret || self.shared.shows(&caller.token, sketch.line.id.sequence);
            found.extend(more.into_iter().filter(shown));
            next = place.map(cursor_of);
            filter.cursor = next;
            if next.is_none() || found.len() > limit {
                break;
            }
        }
        // That there is more is said of what the caller may see, so that nothing secret is known by a page that follows.
        if let Some(behind) = found.get(limit) {
            next = Some(cursor_of(behind.place));
        }
        let lines: Vec<MeasureLine> = found.into_iter().take(limit).map(|sketch| sketch.line).collect();
        // Everything shown is durable: an empty question through the same queue waits for it.
        self.done(Command::Barrier).await?;
        let read = lines.iter().filter(|_| sealed).filter_map(|line| self.shared.request_at(line.id.sequence));
        self.note_reads(caller, read.collect()).await?;
        let complete = |line| if sealed { self.shared.numbered(line) } else { bare(line) };
        Ok(Page { lines: lines.into_iter().map(complete).collect(), next, filled_to: None })
    }

    fn sketches(
        &self,
        decider: &Decider,
        court: Option<&str>,
        filter: &MeasureFilter,
        limit: usize,
    ) -> (Vec<Sketch>, Option<(i32, Index)>) {
        let state = &decider.state;
        let lane = filter.partner.as_ref().map(|partner| state.lane_of(partner));
        let before = filter.ends_before.map_or(i32::MAX, |day| day.count().saturating_sub(1));
        let fits = |measure: &Measure| {
            let of_court = || state.cases.get(measure.case).map_or("", |case| state.word(case.court));
            let of_state = match (filter.state, &filter.case_number) {
                (Some(wanted), _) => measure.state() == wanted,
                (None, Some(_)) => true,
                (None, None) => measure.is_live(),
            };
            of_state
                && lane.is_none_or(|lane| lane == Some(measure.lane))
                && measure.to <= before
                && court.is_none_or(|court| court == of_court())
                && filter.asset.is_none_or(|asset| decider.asset_of(measure) == Some(asset))
        };
        let from = filter.cursor.map_or((i32::MIN, 0), place_of);
        let places: Box<dyn Iterator<Item = (i32, Index)> + '_> = match (&filter.case_number, filter.state) {
            (Some(number), _) => Box::new(self.places_of_case(decider, court, number.expose()).into_iter()),
            (None, Some(MeasureState::Lapsed)) => Box::new(state.lapsed_from(from)),
            (None, _) => Box::new(state.measures_ending_from(from, before)),
        };
        let (mut found, mut next) = (Vec::new(), None);
        for (looked, (to, index)) in places.filter(|place| *place >= from).enumerate() {
            if found.len() == limit || looked == LOOKED_MAX {
                next = Some((to, index));
                break;
            }
            if let Some(measure) = state.measures.get(index).filter(|measure| fits(measure)) {
                let (line, place, secret) = (line_of(decider, measure), (to, index), measure.is_secret());
                found.push(Sketch { line, place, secret });
            }
        }
        found.sort_by_key(|sketch| sketch.place);
        (found, next)
    }

    fn places_of_case(&self, decider: &Decider, court: Option<&str>, number: &str) -> Vec<(i32, Index)> {
        let state = &decider.state;
        let courts =
            decider.config().courts.keys().map(String::as_str).filter(|code| court.is_none_or(|court| court == *code));
        let cases = courts.filter_map(|court| state.case_index(self.case_key(court, number)));
        let places = cases.flat_map(|case| state.measures_of_case(case)).map(|(index, measure)| (measure.to, index));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places
    }

    /// Takes living measures over from another system, each with a verdict in its order; a row that is known already is not
    /// taken twice.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`] for more than [`IMPORT_ROWS_MAX`]; [`Refusal::Unavailable`] and its like, after which the same
    /// rows may be sent again.
    pub async fn import_measures(
        &self,
        caller: &Caller,
        mut rows: Vec<ImportRow>,
    ) -> Result<Vec<ImportVerdict>, Refusal> {
        if rows.len() > IMPORT_ROWS_MAX {
            return Err(Refusal::OutOfBounds { at: "", bound: "一次至多2000行 · at most 2000 rows at once" });
        }
        let mut verdicts: Vec<ImportVerdict> = vec![Err(Refusal::CourtForeign); rows.len()];
        let mut by_case: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        let mut lost = self.shared.without_papers(&mut rows);
        for (place, row) in rows.iter().enumerate() {
            if caller.court.as_ref().is_some_and(|own| *own != row.court.code) {
                continue;
            }
            if let Some(refusal) = lost.remove(&place) {
                if let Some(verdict) = verdicts.get_mut(place) {
                    *verdict = Err(refusal);
                }
            } else {
                let case = (row.court.code.clone(), row.case_number.expose().clone());
                by_case.entry(case).or_default().push(place);
            }
        }
        let (mut waiting, mut places) = (Vec::new(), Vec::new());
        for of_case in by_case.values() {
            for group in self.groups(caller, &rows, of_case) {
                if places.len() + group.1.len() > IMPORT_GROUP_MAX {
                    self.take_over(&mut waiting, &mut places, &mut verdicts).await?;
                }
                waiting.push(group.0);
                places.extend(group.1);
            }
        }
        self.take_over(&mut waiting, &mut places, &mut verdicts).await?;
        Ok(verdicts)
    }

    async fn take_over(
        &self,
        waiting: &mut Vec<ImportMeasures>,
        places: &mut Vec<usize>,
        verdicts: &mut [ImportVerdict],
    ) -> Result<(), Refusal> {
        if waiting.is_empty() {
            return Ok(());
        }
        let told = self.ask(Command::ImportMeasures(std::mem::take(waiting))).await?;
        let Answer::Imported(taken) = told.answer else { return Err(Refusal::Unavailable) };
        for (place, taken) in places.drain(..).zip(taken) {
            if let Some(verdict) = verdicts.get_mut(place) {
                *verdict = taken;
            }
        }
        Ok(())
    }

    /// The rows of one case in groups of at most [`IMPORT_GROUP_MAX`] measures, [`PARTIES_MAX`] parties and [`PAPERS_MAX`] papers, each
    /// under the officers that its rows name.
    fn groups(&self, caller: &Caller, rows: &[ImportRow], of_case: &[usize]) -> Vec<(ImportMeasures, Vec<usize>)> {
        let all: Vec<(usize, &ImportRow)> =
            of_case.iter().filter_map(|place| Some((*place, rows.get(*place)?))).collect();
        let limits: Money = all.iter().filter_map(|(_, row)| row.order.amount).sum();
        let mut groups: Vec<Group> = Vec::new();
        for (place, row) in all {
            let papers: Vec<ImportedPaper> = row.papers.iter().map(|paper| self.imported_paper(row, paper)).collect();
            if groups.last().is_none_or(|group| group.is_full_for(row, &papers)) {
                groups.push(Group::of(request_of(row, limits)));
            }
            let Some(group) = groups.last_mut() else { continue };
            group.take(row, papers);
            group.places.push(place);
        }
        let import = |group: Group| {
            let request = group.request;
            let import = ImportMeasures {
                by: caller.token.clone(),
                court: request.case.court.code.clone(),
                case_key: self.case_key(&request.case.court.code, request.case.number.expose()),
                subjects: request.case.parties.iter().map(subject_key).collect(),
                request: Arc::new(request),
                papers: group.papers,
                lines: group.lines,
            };
            (import, group.places)
        };
        groups.into_iter().map(import).collect()
    }

    fn imported_paper(&self, row: &ImportRow, paper: &Paper) -> ImportedPaper {
        let key = self.shared.document_key(&row.court.code, paper.digest.expose());
        ImportedPaper { key, paper: paper.clone() }
    }
}

/// Rows of one case that come over with one event.
struct Group {
    request: Request,
    papers: Vec<ImportedPaper>,
    lines: Vec<ImportLine>,
    places: Vec<usize>,
}

impl Group {
    fn of(request: Request) -> Self {
        Self { request, papers: Vec::new(), lines: Vec::new(), places: Vec::new() }
    }

    fn is_full_for(&self, row: &ImportRow, papers: &[ImportedPaper]) -> bool {
        let parties = &self.request.case.parties;
        let new_papers = papers.iter().filter(|paper| !self.has(paper)).count();
        let others =
            !row.officers.is_empty() && !self.request.officers.is_empty() && row.officers != self.request.officers;
        self.lines.len() >= IMPORT_GROUP_MAX
            || (parties.len() >= PARTIES_MAX && !parties.contains(&row.party))
            || self.papers.len() + new_papers > PAPERS_MAX
            || others
    }

    fn has(&self, paper: &ImportedPaper) -> bool {
        self.papers.iter().any(|known| known.key == paper.key)
    }

    fn take(&mut self, row: &ImportRow, papers: Vec<ImportedPaper>) {
        let parties = &mut self.request.case.parties;
        let subject = parties.iter().position(|party| *party == row.party).unwrap_or_else(|| {
            parties.push(row.party.clone());
            parties.len() - 1
        });
        if self.request.officers.is_empty() {
            self.request.officers.clone_from(&row.officers);
        }
        let mut order = row.order.clone();
        order.subject = u16::try_from(subject).unwrap_or(u16::MAX);
        self.lines.push(ImportLine {
            order,
            caught: row.caught,
            rank: row.rank,
            queued: row.queued,
            property: row.asset,
            papers: papers.iter().map(|paper| paper.key).collect(),
        });
        for paper in papers {
            if !self.has(&paper) {
                self.papers.push(paper);
            }
        }
    }
}

impl Shared {
    /// The number of another system stands in the sealed body of its import.
    fn numbered(&self, mut line: MeasureLine) -> MeasureLine {
        if line.imported {
            let planned = self.papers.line(domain::ActId { sequence: line.id.sequence, line: line.id.line });
            line.number = planned.and_then(|planned| planned.original()).map(|original| original.slip);
        }
        line
    }
}

fn request_of(row: &ImportRow, limits: Money) -> Request {
    Request {
        case: Case {
            number: row.case_number.clone(),
            stage: row.stage,
            court: row.court.clone(),
            claim: row.claim.unwrap_or(limits),
            costs: row.costs.unwrap_or_default(),
            parties: Vec::new(),
            account: None,
        },
        asked: Asked::Acts(Vec::new()),
        officers: Vec::new(),
        papers: Vec::new(),
        priority: Priority::Normal,
        deadline: None,
        callback: None,
        preservation: None,
        repeat: None,
        viewers: Vec::new(),
    }
}

fn line_of(decider: &Decider, measure: &Measure) -> MeasureLine {
    let state = &decider.state;
    let key = SlipLine { slip: SlipNumber::from_bits(measure.slip), line: measure.line };
    MeasureLine {
        id: measure.id(),
        case: state.case_id(measure.case),
        court: state.cases.get(measure.case).map_or("", |case| state.word(case.court)).to_owned(),
        partner: state.partner_of(measure.lane).to_owned(),
        kind: measure.kind(),
        asset: decider.asset_of(measure),
        state: measure.state(),
        limit: Some(Money::from_units(measure.limit())),
        caught: Some(Money::from_units(measure.caught())),
        from: (measure.from != crate::state::measure::NO_DAY).then(|| Day::from_count(measure.from)),
        to: measure.last_day(),
        rank: (measure.rank > 0).then_some(measure.rank),
        number: (!measure.imported).then(|| key.to_string()),
        imported: measure.imported,
        releasing: measure.releasing > 0,
    }
}

/// Without what stands sealed.
fn bare(line: MeasureLine) -> MeasureLine {
    MeasureLine { limit: None, caught: None, ..line }
}

/// A place among last days as one number that keeps their order.
fn cursor_of((to, index): (i32, Index)) -> u64 {
    let day = u64::try_from(i64::from(to) - i64::from(i32::MIN)).unwrap_or(0);
    day << 32 | u64::from(index)
}

fn place_of(cursor: u64) -> (i32, Index) {
    let day = i64::try_from(cursor >> 32).unwrap_or(0) + i64::from(i32::MIN);
    (i32::try_from(day).unwrap_or(i32::MAX), Index::try_from(cursor & u64::from(u32::MAX)).unwrap_or(NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_place_and_keeps_its_order() {
        let places = [(i32::MIN, 0), (-1, 7), (0, 0), (20_000, 3), (20_000, NONE), (i32::MAX, NONE)];
        let cursors = places.map(cursor_of);
        assert!(cursors.is_sorted());
        assert_eq!(cursors.map(place_of), places);
    }
}
