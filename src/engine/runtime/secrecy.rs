//! Who may see what a secret request planned (rule D5), and that whoever reads is recorded: asked of the request itself, so that
//! a measure, a task and a sum need not remember it.

use std::collections::{BTreeMap, BTreeSet};

use domain::RequestId;
use domain::ledger::{Entry, Ledger};
use store::record::{ActRef, Fact, read_leaf};

use super::{Engine, Shared};
use crate::command::{ClosedRead, Command};
use crate::refusal::Refusal;
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

    /// May the caller see all that a task is about? `marked` = something of it is secret, also when it is erased.
    pub(super) fn shows_all(&self, caller: &Caller, about: [Option<ActRef>; 2], marked: bool) -> bool {
        about.into_iter().flatten().all(|at| self.viewers_at(at.0).map_or(!marked, |viewers| caller.may_see(&viewers)))
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
