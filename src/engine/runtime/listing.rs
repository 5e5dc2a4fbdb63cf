//! Submitting, what people do, lists, events, entries, partners, counters: the rest of the handle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::request::{Request, RequestState};
use domain::socket::Cause;
use domain::{ActId, CaseId, Millis, RequestId};
use store::index::{Cursor, EntryId, IndexKey, IndexList, PageOrder};
use store::record::{Fact, RequestAccepted, read_leaf};

use super::documents::split;
use super::figures::stopped_acts;
use super::indexing::{finished_before, partner_number, state_number, stretch_end, stretch_of};
use super::{Engine, Told};
use crate::command::{Answer, ClosedRequest, Command, Submit};
use crate::decide::Decider;
use crate::refusal::Refusal;
use crate::state::slab::Index;
use crate::state::{OpenRequest, State, short_hash};
use crate::view::{Accepted, Caller, Counters, EntryView, EventView, Page, RequestFilter, RequestLine};

/// By which a party is known whatever type of number names it.
pub(super) fn subject_key(party: &domain::case::Party) -> u64 {
    short_hash(&[&domain::identity::normalise(&party.id_type, party.id_number.expose())])
}

/// Lines of a list at most.
const LIST_MAX: u16 = 200;

impl Engine {
    /// Submits a request; the answer is a function of its event alone.
    ///
    /// # Errors
    /// [`Refusal`]; nothing happened then.
    pub async fn submit(
        &self,
        caller: &Caller,
        key: &str,
        fingerprint: [u8; 32],
        mut request: Request,
    ) -> Result<Accepted, Refusal> {
        if caller.court.as_ref() != Some(&request.case.court.code) {
            return Err(Refusal::CourtForeign);
        }
        let hashers = &self.shared.hashers;
        let case_key = self.case_key(&request.case.court.code, request.case.number.expose());
        self.shared.name_serials(&mut request, case_key);
        let court = request.case.court.code.as_str();
        let preservation = request.preservation.as_ref().map(|number| self.case_key(court, number.expose()));
        let preservation = match preservation {
            Some(key) => self.shared.known_case(caller, key)?,
            None => None,
        };
        let submit = Submit {
            token: caller.token.clone(),
            idempotency: split(
                hashers.idempotency.hash([caller.token.as_bytes(), b"\0", key.as_bytes()].concat().as_slice()),
            ),
            fingerprint: split(hashers.fingerprint.hash(&fingerprint)),
            case_key,
            subjects: request.case.parties.iter().map(subject_key).collect(),
            preservation,
            paper_keys: request
                .papers
                .iter()
                .map(|paper| self.shared.document_key(court, paper.digest.expose()))
                .collect(),
            shown: self.shared.shown_to(&caller.token, &request, case_key),
            request: Arc::new(request),
        };
        self.shared.check_there(&submit, &[])?;
        let told = self.ask(Command::Submit(Box::new(submit))).await?;
        let Told { answer: Answer::Accepted(sequence), leaf, accepted } = told else {
            return Err(Refusal::Unavailable);
        };
        self.accepted(sequence, leaf, accepted)
    }

    /// The same answer from the event just written and, for a repeat, from the journal.
    pub(super) fn accepted(
        &self,
        sequence: u64,
        leaf: Option<(u64, trail::Hash)>,
        accepted: Option<(Millis, RequestAccepted)>,
    ) -> Result<Accepted, Refusal> {
        let (at, fact) = match accepted {
            Some(accepted) => accepted,
            None => {
                let record = self.shared.reader.read(sequence).map_err(|_| Refusal::Unavailable)?;
                let read = read_leaf(&record.ok_or(Refusal::Unavailable)?.leaf).map_err(|_| Refusal::Unavailable)?;
                let Fact::RequestAccepted(fact) = read.fact else { return Err(Refusal::Unavailable) };
                (read.at, fact)
            }
        };
        Ok(Accepted {
            request: RequestId(sequence),
            case: CaseId(fact.case.unwrap_or(sequence)),
            acts: fact.acts,
            at,
            goal: fact.goal,
            receipt: self.receipt(sequence, leaf)?,
        })
    }

    /// Approves the acts of a request that wait for it.
    ///
    /// # Errors
    /// [`Refusal::PersonNeeded`], [`Refusal::SamePerson`], [`Refusal::WrongState`], [`Refusal::NotFound`].
    pub async fn approve(&self, caller: &Caller, request: RequestId, reason: String) -> Result<u64, Refusal> {
        self.own_request(caller, request)?;
        caller.check_person()?;
        self.done(Command::Approve { request, by: caller.token.clone(), reason }).await
    }

    /// Starts nothing new for a request.
    ///
    /// # Errors
    /// [`Refusal::WrongState`], [`Refusal::NotFound`].
    pub async fn stop(&self, caller: &Caller, request: RequestId, reason: String) -> Result<u64, Refusal> {
        self.own_request(caller, request)?;
        self.done(Command::Stop { request, by: caller.token.clone(), reason }).await
    }

    /// Takes an act back before anything left.
    ///
    /// # Errors
    /// [`Refusal::WrongState`], [`Refusal::NotFound`].
    pub async fn withdraw(&self, caller: &Caller, act: ActId, reason: String) -> Result<u64, Refusal> {
        self.own_act(caller, act)?;
        self.done(Command::Withdraw { act, by: caller.token.clone(), reason }).await
    }

    /// Pauses a lane until an instant.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::OutOfBounds`].
    pub async fn pause(&self, caller: &Caller, partner: &str, reason: String, until: Millis) -> Result<u64, Refusal> {
        let command = Command::Pause { partner: partner.to_owned(), by: caller.token.clone(), reason, until };
        self.done(command).await
    }

    /// Lets a lane go on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::WrongState`].
    pub async fn resume(&self, caller: &Caller, partner: &str) -> Result<u64, Refusal> {
        self.done(Command::Resume { partner: partner.to_owned(), by: caller.token.clone() }).await
    }

    fn own_request(&self, caller: &Caller, id: RequestId) -> Result<String, Refusal> {
        let known = self.shared.known_to(caller, id)?;
        if known.closed.is_some() { Err(Refusal::WrongState { state: "finished" }) } else { Ok(known.court) }
    }

    fn own_act(&self, caller: &Caller, act: ActId) -> Result<String, Refusal> {
        let (request, _) = self.shared.known_by_act(caller, act)?;
        self.own_request(caller, request)
    }

    /// Requests, newest first: open ones from memory, finished ones from the index.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the index cannot be read.
    pub async fn requests(&self, caller: &Caller, filter: RequestFilter) -> Result<Page<RequestLine>, Refusal> {
        let limit = usize::from(filter.limit.clamp(1, LIST_MAX));
        let before = filter.cursor.unwrap_or(u64::MAX);
        let mut lines: BTreeMap<u64, RequestLine> = BTreeMap::new();
        if filter.state.is_none_or(|state| state == RequestState::Open) {
            let decider = self.shared.decider.read();
            let open = decider.state.requests.iter().map(|(_, open)| open).filter(|open| open.sequence < before);
            let mut cases = BTreeMap::new();
            for open in open.filter(|open| self.open_fits(&decider.state, open, (caller, &filter), &mut cases)) {
                lines.insert(open.sequence, open_line(&decider.state, open));
                if lines.len() > limit {
                    lines.pop_first();
                }
            }
        }
        if filter.state != Some(RequestState::Open) {
            for closed in self.closed_lines(caller, &filter, before, limit)? {
                // The newest word stands, whether the index has it or only memory.
                if lines.get(&closed.id.0).is_none_or(|line| line.version <= closed.version) {
                    lines.insert(closed.id.0, closed);
                }
            }
        }
        let mut lines: Vec<RequestLine> = lines.into_values().rev().collect();
        let more = lines.len() >= limit;
        lines.truncate(limit);
        let next = more.then(|| lines.last().map(|line| line.id.0)).flatten();
        // Everything shown is durable: an empty question through the same queue waits for it.
        self.done(Command::Barrier).await?;
        Ok(Page { lines, next, filled_to: self.shared.index.filled_to() })
    }

    pub(super) fn case_key(&self, court: &str, number: &str) -> (u64, u64) {
        split(self.shared.hashers.case.hash([court.as_bytes(), b"\0", number.as_bytes()].concat().as_slice()))
    }

    /// The cases of that number that the caller may see: its own court's, or every court's.
    fn cases(&self, decider: &Decider, caller: &Caller, number: &str) -> Vec<u64> {
        let state = &decider.state;
        let courts: Vec<&str> = match &caller.court {
            Some(court) => vec![court.as_str()],
            None => decider.config().courts.keys().map(String::as_str).collect(),
        };
        let found = courts.into_iter().filter_map(|court| state.case_index(self.case_key(court, number)));
        found.flat_map(|case| state.sequences_of_case(state.case_id(case).0)).collect()
    }

    /// `cases` = the case of the number that is looked for at each court met so far: one keyed hash a court, not one a request.
    fn open_fits(
        &self,
        state: &State,
        open: &OpenRequest,
        (caller, filter): (&Caller, &RequestFilter),
        cases: &mut BTreeMap<u16, Option<Index>>,
    ) -> bool {
        let court = state.word(open.court);
        let own = caller.court.as_ref().is_none_or(|own| own == court);
        if !own {
            return false;
        }
        let case = filter.case_number.as_ref().is_none_or(|number| {
            let key = || self.case_key(court, number.expose());
            *cases.entry(open.court).or_insert_with(|| state.case_index(key())) == Some(open.case)
        });
        let partner = filter.partner.as_ref().is_none_or(|partner| {
            let lane = state.lane_of(partner);
            open.acts.iter().any(|act| state.acts.get(*act).map(|act| act.lane) == lane)
        });
        case && partner && caller.may_see(&state.viewers_of(open))
    }

    fn closed_lines(
        &self,
        caller: &Caller,
        filter: &RequestFilter,
        before: u64,
        limit: usize,
    ) -> Result<Vec<RequestLine>, Refusal> {
        let lists: Vec<IndexList> = match (&filter.case_number, &filter.partner, filter.state) {
            (Some(number), _, _) => {
                let decider = self.shared.decider.read();
                self.cases(&decider, caller, number.expose()).into_iter().map(IndexList::RequestsOfCase).collect()
            }
            (None, Some(partner), _) => vec![IndexList::ActsByPartnerState(partner_number(partner), 0)],
            // Nearly all are finished, so only stopped ones have a list of their own.
            (None, None, Some(RequestState::Stopped)) => {
                vec![IndexList::RequestsByState(state_number(RequestState::Stopped.word()))]
            }
            (None, None, _) => vec![IndexList::Finished],
        };
        // Before the index is read: what goes over meanwhile is in both, and never in neither.
        let of_case = |request: &ClosedRequest| {
            filter.case_number.is_none() || lists.contains(&IndexList::RequestsOfCase(request.case))
        };
        let pending = self.shared.index.pending_where(|request| {
            request.sequence < before && of_case(request) && self.closed_fits(request, caller, filter)
        });
        let mut found = Vec::new();
        for list in &lists {
            self.closed_of(list, caller, filter, before, limit, &mut found)?;
        }
        found.extend(pending.iter().map(closed_line));
        Ok(found)
    }

    /// Finished requests of one list, the newest first, until there are so many more.
    fn closed_of(
        &self,
        list: &IndexList,
        caller: &Caller,
        filter: &RequestFilter,
        before: u64,
        limit: usize,
        found: &mut Vec<RequestLine>,
    ) -> Result<(), Refusal> {
        let index = self.shared.index.current();
        if *list == IndexList::Finished {
            return self.all_closed(caller, filter, before, limit, found);
        }
        // A partner's list names stretches of the journal, and the one that `before` cuts is looked through too.
        let by_stretch = matches!(list, IndexList::ActsByPartnerState(..));
        let from = if by_stretch { stretch_end(before.saturating_sub(1)) } else { before };
        let mut cursor = (from != u64::MAX).then(|| cursor_before(list, from)).flatten();
        let enough = found.len() + limit;
        while found.len() < enough {
            let page =
                index.page(list, PageOrder::NewestFirst, cursor.as_ref(), limit).map_err(|_| Refusal::Unavailable)?;
            for request in page.entries.iter().filter_map(|(key, _)| request_of(key)) {
                let closed = match (by_stretch, stretch_of(request)) {
                    (false, _) => self.shared.closed_request(request)?.into_iter().collect(),
                    (true, _) if found.len() >= enough => Vec::new(),
                    (true, start) => self.closed_within(start, before)?,
                };
                found.extend(closed.iter().filter(|closed| self.closed_fits(closed, caller, filter)).map(closed_line));
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        // The first request of a case stands in no list: its sequence is the case's number.
        if let IndexList::RequestsOfCase(case) = list
            && found.len() < enough
            && *case < before
            && let Some(closed) = self.shared.index.found(*case).map_err(|_| Refusal::Unavailable)?
            && self.closed_fits(&closed, caller, filter)
        {
            found.push(closed_line(&closed));
        }
        Ok(())
    }

    /// What nobody can be shown is in no list: of a case that was left out some histories can be read and others cannot.
    fn closed_fits(&self, closed: &ClosedRequest, caller: &Caller, filter: &RequestFilter) -> bool {
        caller.court.as_ref().is_none_or(|own| *own == closed.court)
            && caller.may_see(&closed.viewers)
            && filter.state.is_none_or(|state| state.word() == closed.state)
            && filter.partner.as_ref().is_none_or(|partner| closed.partners.contains(partner))
            && !self.shared.papers.is_case_left_out(closed.case)
    }

    /// All finished requests, the newest first, until there are so many more.
    fn all_closed(
        &self,
        caller: &Caller,
        filter: &RequestFilter,
        before: u64,
        limit: usize,
        found: &mut Vec<RequestLine>,
    ) -> Result<(), Refusal> {
        let (index, enough, mut before) = (self.shared.index.current(), found.len() + limit, before);
        while found.len() < enough {
            let stretch = finished_before(index.as_ref(), before).map_err(|_| Refusal::Unavailable)?;
            let Some(last) = stretch.last() else { break };
            before = last.sequence;
            found.extend(stretch.iter().filter(|closed| self.closed_fits(closed, caller, filter)).map(closed_line));
        }
        Ok(())
    }

    /// The finished requests that were accepted in one stretch of the journal, the newest first: which of them are a partner's stands
    /// with each.
    fn closed_within(&self, start: u64, before: u64) -> Result<Vec<ClosedRequest>, Refusal> {
        let (index, mut before) = (self.shared.index.current(), stretch_end(start).min(before));
        let mut within = Vec::new();
        loop {
            let stretch = finished_before(index.as_ref(), before).map_err(|_| Refusal::Unavailable)?;
            let begin = within.len();
            within.extend(stretch.into_iter().take_while(|closed| closed.sequence >= start));
            match within.get(begin..).and_then(<[_]>::last) {
                Some(last) if last.sequence > start => before = last.sequence,
                _ => return Ok(within),
            }
        }
    }

    /// The events that touched a request, oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unavailable`].
    pub async fn events(
        &self,
        caller: &Caller,
        id: RequestId,
        cursor: Option<u64>,
        limit: u16,
    ) -> Result<Page<EventView>, Refusal> {
        self.shared.known_to(caller, id)?;
        let open = {
            let decider = self.shared.decider.read();
            let open = decider.state.request_index(id).and_then(|index| decider.state.requests.get(index));
            open.map(|open| open.events.clone())
        };
        let sequences = match open {
            Some(sequences) => sequences,
            None => self.shared.closed_events(id.0)?,
        };
        self.done(Command::Barrier).await?;
        let after = cursor.map_or(0, |cursor| cursor.saturating_add(1));
        let limit = usize::from(limit.clamp(1, LIST_MAX));
        let page: Vec<u64> = sequences.iter().copied().filter(|sequence| *sequence >= after).take(limit).collect();
        let next = (page.last() != sequences.last()).then(|| page.last().copied()).flatten();
        let mut lines = Vec::with_capacity(page.len());
        for sequence in page {
            let record =
                self.shared.reader.read(sequence).map_err(|_| Refusal::Unavailable)?.ok_or(Refusal::Unavailable)?;
            let at = read_leaf(&record.leaf).map(|leaf| leaf.at).unwrap_or_default();
            lines.push(EventView { sequence, at, leaf: record.leaf });
        }
        Ok(Page { lines, next, filled_to: None })
    }

    /// A leaf with its proof against the newest signed checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is no such leaf, [`Refusal::NotYetInCheckpoint`], [`Refusal::Unavailable`] when something is
    /// damaged.
    pub async fn entry(&self, index: u64) -> Result<EntryView, Refusal> {
        let record = self.shared.reader.read(index).map_err(|_| Refusal::Unavailable)?.ok_or(Refusal::NotFound)?;
        let (tree_size, proof, checkpoint) = self.shared.trail.prove(index).map_err(|refusal| match refusal {
            // It is there, as was just read.
            Refusal::NotFound => Refusal::NotYetInCheckpoint,
            other => other,
        })?;
        Ok(EntryView { leaf: record.leaf, index, tree_size, proof, checkpoint })
    }

    /// Counts since start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let counts = &self.shared.counts;
        let plain = |name, value: &std::sync::atomic::AtomicU64| (name, String::new(), value.load(Ordering::Relaxed));
        let stopped = stopped_acts(|| self.shared.decider.read());
        let decider = self.shared.decider.read();
        let bytes = u64::try_from(decider.state.bytes_estimate()).unwrap_or(0);
        let stops = decider.state.stops.values().map(crate::state::stop::Stop::scope);
        let unread =
            self.shared.papers.unread.count(|request| decider.state.request_index(RequestId(request)).is_some());
        let mut by_scope = BTreeMap::from([("acts", 0_u64), ("all", 0), ("court", 0)]);
        for scope in stops {
            *by_scope.entry(scope.word()).or_insert(0) += 1;
        }
        let mut values = vec![
            plain("xiezhi_journal_batches_total", &counts.batches),
            plain("xiezhi_journal_events_total", &counts.events),
            plain("xiezhi_journal_commit_microseconds_total", &counts.commit_us),
            plain("xiezhi_exchanges_total", &counts.exchanges),
            plain("xiezhi_shed_total", &counts.shed),
            plain("xiezhi_snapshots_total", &counts.snapshots),
            plain("xiezhi_face_denied_total", &counts.face_denied),
            plain("xiezhi_sweeps_total", &counts.sweeps),
            plain("xiezhi_sweeps_failed_total", &counts.sweeps_failed),
            plain("xiezhi_swept_packets_total", &counts.swept),
            plain("xiezhi_packets_set_aside_total", &counts.set_aside),
            plain("xiezhi_deliveries_total", &counts.deliveries),
            plain("xiezhi_deliveries_acknowledged_total", &counts.acknowledged),
            plain("xiezhi_reminders_total", &counts.reminders),
            plain("xiezhi_reminders_acknowledged_total", &counts.reminders_acknowledged),
            ("xiezhi_state_bytes", String::new(), bytes),
            ("xiezhi_unreadable", String::new(), self.shared.papers.lost()),
            ("xiezhi_index_failing", String::new(), u64::from(self.shared.index.is_failing())),
            ("xiezhi_stopped_acts", String::new(), stopped),
            ("xiezhi_unreadable_papers_requests", String::new(), unread),
        ];
        let gauge = |(scope, count): (&str, u64)| ("xiezhi_stops_in_force", format!("scope=\"{scope}\""), count);
        values.extend(by_scope.into_iter().map(gauge));
        let failed = counts.failed.iter().enumerate().map(|(code, count)| {
            let labels = format!("cause=\"{}\"", Cause::word_of(code));
            ("xiezhi_exchanges_failed_total", labels, count.load(Ordering::Relaxed))
        });
        values.extend(failed);
        Counters { values }
    }
}

fn open_line(state: &State, open: &OpenRequest) -> RequestLine {
    RequestLine {
        id: RequestId(open.sequence),
        court: state.word(open.court).to_owned(),
        goal: open.goal().map_or("acts", domain::request::Goal::word).to_owned(),
        state: RequestState::Open,
        version: open.version,
        accepted_at: open.accepted_at,
        acts: u32::try_from(open.acts.len()).unwrap_or(u32::MAX),
        acts_final: open.finals,
    }
}

fn closed_line(closed: &ClosedRequest) -> RequestLine {
    RequestLine {
        id: RequestId(closed.sequence),
        court: closed.court.clone(),
        goal: closed.goal.clone(),
        state: RequestState::from_word(&closed.state).unwrap_or(RequestState::Finished),
        version: closed.version,
        accepted_at: closed.accepted_at,
        acts: closed.acts,
        acts_final: closed.acts,
    }
}

pub(super) fn request_of(key: &IndexKey) -> Option<u64> {
    match key {
        IndexKey::RequestOfCase { request: id, .. }
        | IndexKey::RequestByState { request: id, .. }
        | IndexKey::ActByPartnerState { act: id, .. } => Some(id.sequence),
        _ => None,
    }
}

/// Where a list goes on below a sequence; `None` for one that is not by requests.
fn cursor_before(list: &IndexList, sequence: u64) -> Option<Cursor> {
    let id = EntryId { sequence, line: 0 };
    let key = match list {
        IndexList::RequestsOfCase(case) => IndexKey::RequestOfCase { case: *case, request: id },
        IndexList::RequestsByState(state) => IndexKey::RequestByState { state: *state, request: id },
        IndexList::ActsByPartnerState(partner, state) => {
            IndexKey::ActByPartnerState { partner: *partner, state: *state, act: id }
        }
        IndexList::SlipsOfStretch(_)
        | IndexList::Finished
        | IndexList::FinishedOfStretch(_)
        | IndexList::EventsOfRequest(_) => return None,
    };
    Some(Cursor::from_bytes(key.encode()))
}
