//! Partners whose file is missing while acts are open there: listed as retired and named in the log, for nothing else knows them.

use domain::{ActState, Millis};

use super::Shared;
use crate::decide::Decider;
use crate::view::PartnerView;

impl Decider {
    /// Lanes with open acts whose partner no file describes and none did since the start: how it is reached, and what it would be
    /// believed by, is in no event, so nothing can be exchanged.
    pub(super) fn absent(&self) -> impl Iterator<Item = u16> + '_ {
        let is_absent = |lane: &u16| {
            let has_open = self.state.lane(*lane).is_some_and(|lane| open_in(&lane.counts) > 0);
            has_open && !self.config().partners.contains_key(self.state.partner_of(*lane))
        };
        let lanes = u16::try_from(self.state.lanes.len()).unwrap_or(u16::MAX);
        (0..lanes).filter(is_absent)
    }

    /// The partner as its lane alone knows it.
    pub(super) fn absent_view(&self, lane: u16, oldest: impl Fn(ActState) -> Option<Millis>) -> Option<PartnerView> {
        let found = self.state.lane(lane)?;
        let open = ActState::ALL.iter().filter(|state| state.is_open());
        let count = |of: &ActState| found.counts.get(of).copied().unwrap_or(0);
        let id = found.record.partner.clone();
        Some(PartnerView {
            name: id.clone(),
            id,
            kind: None,
            travel: None,
            acts: Vec::new(),
            stage: None,
            answered: found.record.answered,
            last_call: None,
            last_failure: None,
            waiting: open.map(|of| (*of, count(of), oldest(*of))).collect(),
            in_flight: found.in_flight,
            paused: found.record.paused.as_ref().map(|pause| (pause.by.clone(), pause.until)),
            broken_until: None,
            opens_at: None,
            overdue: 0,
            reminder: None,
            retired: true,
        })
    }
}

impl Shared {
    /// Names them in the log.
    pub(super) fn tell_absent(&self) {
        let decider = self.decider.read();
        for lane in decider.absent() {
            let open = decider.state.lane(lane).map_or(0, |lane| open_in(&lane.counts));
            tracing::error!(
                partner = decider.state.partner_of(lane),
                open_acts = open,
                runbook = "docs/RUNBOOK.md#retired",
                "acts are open at a partner that no file under partners describes: nothing is sent to it, fetched or fed back until its file is put back and the configuration is read again"
            );
        }
    }
}

fn open_in(counts: &std::collections::BTreeMap<ActState, u64>) -> u64 {
    counts.iter().filter(|(state, _)| state.is_open()).map(|(_, count)| *count).sum()
}
