//! Who may see what a secret request planned (rule D5), and that whoever reads is recorded: asked of the request itself, so that
//! a measure, a task and a sum need not remember it.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::{Entry, Ledger};
use domain::request::{Asked, Request};
use domain::task::TaskKind;
use domain::{CaseId, RequestId};
use store::index::{IndexList, PAGE_ENTRIES_MAX, PageOrder};
use store::record::{ActRef, Fact, read_leaf};

use super::listing::request_of;
use super::{Engine, Shared};
use crate::command::{ClosedRead, ClosedRequest, Command};
use crate::refusal::Refusal;
use crate::state::Task;
use crate::view::Caller;

impl Engine {
    /// A list that shows personal data is a read of each request in it: recorded before this returns.
    pub(super) async fn note_reads(&self, caller: &Caller, requests: BTreeSet<u64>) -> Result<(), Refusal> {
        let reads = requests.into_iter().map(|request| self.note_read_in_a_list(caller, request));
        futures_util::future::try_join_all(reads).await.map(drop)
    }

    async fn note_read_in_a_list(&self, caller: &Caller, request: u64) -> Result<(), Refusal> {
        let (by, is_person) = (&caller.token, caller.is_person);
        let read = |closed| Command::Read { by: by.clone(), is_person, request: RequestId(request), closed };
        match self.done(read(None)).await {
            Err(Refusal::NotFound) => {
                // What another system handed over, and what the index does not hold yet, has no version but its own event.
                let closed = self.shared.closed_request(request).ok().flatten();
                let version = closed.map_or(request, |closed| closed.version);
                self.done(read(Some(ClosedRead { version }))).await.map(drop)
            }
            other => other.map(drop),
        }
    }
}

impl Shared {
    /// The request of what an event planned, or the import itself; `None` when it planned nothing. By its leaf, so that it works for
    /// an erased case too.
    pub(super) fn request_at(&self, planned: u64) -> Option<u64> {
        let record = self.reader.read(planned).ok()??;
        match read_leaf(&record.leaf).ok()?.fact {
            Fact::RequestAccepted(_) | Fact::MeasureImported(_) => Some(planned),
            Fact::PlanExtended(fact) => Some(fact.request),
            _ => None,
        }
    }

    /// The only tokens that may see what an event planned, the submitter's first; empty when it is not secret, `None` when nobody
    /// can tell: it planned nothing, or is erased.
    pub(super) fn viewers_at(&self, planned: u64) -> Option<Vec<String>> {
        {
            let decider = self.decider.read();
            let state = &decider.state;
            let open = state.plans.get(&planned).and_then(|(request, _)| state.requests.get(*request));
            if let Some(open) = open {
                return Some(state.viewers_of(open));
            }
        }
        let request = self.request_at(planned)?;
        match self.closed_request(request) {
            Ok(Some(closed)) => Some(closed.viewers),
            // An import is in no index, and the index may be filled still.
            Ok(None) | Err(_) => self.papers.request(request).map(|papers| papers.viewers.clone()),
        }
    }

    /// May this token see what an event planned that is marked as secret? What nobody can tell is shown to nobody.
    pub(super) fn shows(&self, token: &str, planned: u64) -> bool {
        self.viewers_at(planned).is_some_and(|viewers| may_see(token, &viewers))
    }

    /// What the acts of a request name that is secret and that this token may see.
    pub(super) fn shown_to(&self, token: &str, request: &Request, case_key: (u64, u64)) -> BTreeSet<u64> {
        let Asked::Acts(acts) = &request.asked else { return BTreeSet::new() };
        if acts.iter().all(|act| act.original.is_none()) {
            return BTreeSet::new();
        }
        let named = self.decider.read().secrets_named(acts, case_key);
        named.into_iter().filter(|planned| self.shows(token, *planned)).collect()
    }

    /// A case that this token knows only by secret requests of others is not there for it. One ordinary request is enough.
    pub(super) fn check_case(&self, caller: &Caller, case: CaseId) -> Result<(), Refusal> {
        // An index that is being filled may not have come to the ordinary request yet.
        let lack = self.index.lack();
        if self.shows(&caller.token, case.0) || self.has_open(caller, case.0)? || self.has_closed(caller, case.0)? {
            return Ok(());
        }
        Err(lack.unwrap_or(Refusal::NotFound))
    }

    /// The key of a case that goes on under another number, unless this token knows it by secret requests of others alone: their
    /// number is then one like any other, and nothing goes over by it (rule D11).
    pub(super) fn known_case(&self, caller: &Caller, key: (u64, u64)) -> Result<Option<(u64, u64)>, Refusal> {
        let known = {
            let decider = self.decider.read();
            decider.state.case_index(key).map(|case| decider.state.case_id(case))
        };
        match known.map(|case| self.check_case(caller, case)) {
            Some(Err(Refusal::NotFound)) => Ok(None),
            Some(Err(refusal)) => Err(refusal),
            None | Some(Ok(())) => Ok(Some(key)),
        }
    }

    /// Does anything that is in memory tell the caller of the case: a request, or a measure that another system handed over?
    fn has_open(&self, caller: &Caller, case: u64) -> Result<bool, Refusal> {
        let decider = self.decider.read();
        let state = &decider.state;
        let index = state.case_by_sequence(case).ok_or(Refusal::NotFound)?;
        let requests = state.cases.get(index).into_iter().flat_map(|case| &case.requests);
        let mut requests = requests.filter_map(|request| state.requests.get(*request));
        Ok(requests.any(|open| caller.may_see(&state.viewers_of(open)))
            || state.measures_of_case(index).any(|(_, measure)| !measure.is_secret()))
    }

    pub(super) fn has_closed(&self, caller: &Caller, case: u64) -> Result<bool, Refusal> {
        let sequences = self.decider.read().state.sequences_of_case(case);
        for case in sequences {
            if self.has_closed_under(caller, case)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_closed_under(&self, caller: &Caller, case: u64) -> Result<bool, Refusal> {
        let fits = |closed: &ClosedRequest| closed.case == case && caller.may_see(&closed.viewers);
        if !self.index.pending_where(fits).is_empty() {
            return Ok(true);
        }
        let (index, list, newest) = (self.index.current(), IndexList::RequestsOfCase(case), PageOrder::NewestFirst);
        let mut cursor = None;
        loop {
            let page =
                index.page(&list, newest, cursor.as_ref(), PAGE_ENTRIES_MAX).map_err(|_| Refusal::Unavailable)?;
            for request in page.entries.iter().filter_map(|(key, _)| request_of(key)) {
                if self.closed_request(request)?.is_some_and(|closed| caller.may_see(&closed.viewers)) {
                    return Ok(true);
                }
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(false),
            }
        }
    }

    /// May the caller see all that a task is about? `marked` = something of it is secret, also when it is erased.
    pub(super) fn shows_all(&self, caller: &Caller, about: [Option<ActRef>; 2], marked: bool) -> bool {
        about.into_iter().flatten().all(|at| self.viewers_at(at.0).map_or(!marked, |viewers| caller.may_see(&viewers)))
    }

    /// May the caller know that a task is there, and see its sum? What is too much in a case may be so for what stands in secret
    /// requests: without that the task is there only as far as what the caller may see is too much by itself, and its sum is not.
    pub(super) fn shows_task(&self, caller: &Caller, task: &Task, marked: bool) -> (bool, bool) {
        if !self.shows_all(caller, [task.act, task.measure], marked) {
            return (false, false);
        }
        if !matches!(task.kind(), TaskKind::Excess | TaskKind::Overtaken) {
            return (true, true);
        }
        let sums = {
            let decider = self.decider.read();
            let case = task.case.and_then(|case| decider.state.case_by_sequence(case));
            case.map(|case| (decider.state.ledger(case), decider.state.secret_entries(case)))
        };
        let Some((ledger, secrets)) = sums else { return (true, true) };
        let seen = self.seen_by(&caller.token, ledger, &secrets);
        let too_much = match task.kind() {
            TaskKind::Overtaken => seen.deducted > seen.target,
            _ => seen.excess().is_positive(),
        };
        let all = seen == ledger;
        (all || too_much, all)
    }

    /// The sums of a case without what stands in requests that this token may not see.
    pub(super) fn seen_by(&self, token: &str, mut ledger: Ledger, secrets: &[(u64, Entry)]) -> Ledger {
        let mut known: BTreeMap<u64, bool> = BTreeMap::new();
        for (planned, entry) in secrets {
            if !*known.entry(*planned).or_insert_with(|| self.shows(token, *planned)) {
                ledger.replace(*entry, Entry::VOID);
            }
        }
        ledger
    }
}

fn may_see(token: &str, viewers: &[String]) -> bool {
    viewers.is_empty() || viewers.iter().any(|viewer| viewer == token)
}

/// Who may see what follows from a secret request when somebody orders it: whoever might before. The new request's own token is one
/// of them by itself.
pub(super) fn viewers_beside(by: &str, before: &[String]) -> Vec<String> {
    let others: BTreeSet<&String> = before.iter().filter(|viewer| *viewer != by).collect();
    // Alone with it, it is secret still.
    if others.is_empty() { before.iter().take(1).cloned().collect() } else { others.into_iter().cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_might_see_it_before_may_see_what_follows_and_nobody_else() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(viewers_beside("officer", &names(&["court", "officer", "judge"])), names(&["court", "judge"]));
        assert_eq!(viewers_beside("", &names(&["court", "judge", "judge"])), names(&["court", "judge"]));
        assert_eq!(viewers_beside("court", &names(&["court", "court"])), names(&["court"]), "secret still");
        assert!(viewers_beside("court", &[]).is_empty());
    }
}
