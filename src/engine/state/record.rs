//! The state as it stands in a snapshot: the parts that events made, in a fixed order; queues and maps are rebuilt.

use std::collections::{BTreeMap, VecDeque};

use domain::Millis;
use domain::measure::MeasureState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::books::id_key;
use super::delivery::Deliveries;
use super::erased::{ErasedCases, Erasure};
use super::gone::{Gone, Releases};
use super::joined::Joined;
use super::lane::LaneRecord;
use super::left_out::LeftOut;
use super::measure::{NO_DAY, Return};
use super::renewal::Renewals;
use super::slab::Slab;
use super::stand_in::StandIns;
use super::{Act, Case, Document, Keyed, Measure, OpenRequest, State, Taking, Task};
use crate::state::lane::Lane;

/// Version of the form; another version is folded from the journal instead.
pub const STATE_FORM: u32 = 16;

#[derive(Serialize, Deserialize)]
struct Counters {
    form: u32,
    next: u64,
    at: Millis,
    next_slip: u64,
    epoch: u64,
    config_digest: String,
}

/// What hangs together by indices.
struct Held<'a> {
    acts: &'a Slab<Act>,
    measures: &'a Slab<Measure>,
    takings: &'a Slab<Taking>,
    gone: &'a BTreeMap<u64, Measure>,
}

#[derive(Serialize)]
struct Out<'a> {
    counters: Counters,
    words: &'a [String],
    cases: &'a Slab<Case>,
    requests: &'a Slab<OpenRequest>,
    acts: &'a Slab<Act>,
    measures: &'a Slab<Measure>,
    takings: &'a Slab<Taking>,
    returns: &'a BTreeMap<u64, Return>,
    ordered_less: &'a BTreeMap<u64, i64>,
    renewals: &'a Renewals,
    gone: &'a BTreeMap<u64, Measure>,
    releases: &'a Releases,
    again: &'a BTreeMap<u64, u64>,
    viewers: &'a BTreeMap<u64, Vec<u16>>,
    tasks: &'a BTreeMap<u64, Task>,
    settled_lines: &'a BTreeMap<u64, u64>,
    lanes: Vec<&'a LaneRecord>,
    documents: &'a BTreeMap<(u64, u64), Document>,
    idempotency: Vec<((u64, u64), Keyed)>,
    leads: Vec<(u64, u64)>,
    deliveries: &'a Deliveries,
    stops: &'a BTreeMap<u64, super::stop::Stop>,
    claims: &'a super::claim::Claims,
    reminders: &'a BTreeMap<String, super::reminder::Reminder>,
    holds: &'a VecDeque<super::proof::Hold>,
    slot_highest: u64,
    left_out: &'a LeftOut,
    erased_cases: &'a ErasedCases,
    erasures: &'a BTreeMap<u64, Erasure>,
    went_over: &'a BTreeMap<u64, u64>,
}

#[derive(Deserialize)]
struct In {
    counters: Counters,
    words: Vec<String>,
    cases: Slab<Case>,
    requests: Slab<OpenRequest>,
    acts: Slab<Act>,
    measures: Slab<Measure>,
    takings: Slab<Taking>,
    returns: BTreeMap<u64, Return>,
    ordered_less: BTreeMap<u64, i64>,
    renewals: Renewals,
    gone: BTreeMap<u64, Measure>,
    releases: Releases,
    again: BTreeMap<u64, u64>,
    viewers: BTreeMap<u64, Vec<u16>>,
    tasks: BTreeMap<u64, Task>,
    settled_lines: BTreeMap<u64, u64>,
    lanes: Vec<LaneRecord>,
    documents: BTreeMap<(u64, u64), Document>,
    idempotency: Vec<((u64, u64), Keyed)>,
    leads: Vec<(u64, u64)>,
    deliveries: Deliveries,
    stops: BTreeMap<u64, super::stop::Stop>,
    claims: super::claim::Claims,
    reminders: BTreeMap<String, super::reminder::Reminder>,
    holds: VecDeque<super::proof::Hold>,
    slot_highest: u64,
    left_out: LeftOut,
    erased_cases: ErasedCases,
    erasures: BTreeMap<u64, Erasure>,
    went_over: BTreeMap<u64, u64>,
}

/// A snapshot that cannot be used; the state is then folded from the journal.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not the form this release writes.
    #[error("reading a state snapshot: form {found} is not {STATE_FORM}; it is folded from the journal instead")]
    Form {
        /// The form found.
        found: u32,
    },
    /// Damaged.
    #[error("reading a state snapshot: it is damaged ({0}); it is folded from the journal instead")]
    Damaged(#[from] postcard::Error),
}

impl State {
    /// Writes the state.
    ///
    /// # Errors
    /// Of the sink.
    pub fn write_record<W: std::io::Write>(&self, sink: W) -> Result<(), postcard::Error> {
        let held = Held { acts: &self.acts, measures: &self.measures, takings: &self.takings, gone: self.gone.all() };
        self.write_parts(&held, self.lanes.iter().map(|lane| &lane.record).collect(), &self.deliveries, sink)
    }

    fn write_parts<W: std::io::Write>(
        &self,
        held: &Held<'_>,
        lanes: Vec<&LaneRecord>,
        deliveries: &Deliveries,
        sink: W,
    ) -> Result<(), postcard::Error> {
        #[expect(clippy::disallowed_methods, reason = "the order is made the same on the next line")]
        let mut idempotency: Vec<_> = self.idempotency.iter().map(|(key, value)| (*key, *value)).collect();
        idempotency.sort_unstable_by_key(|(key, _)| *key);
        #[expect(clippy::disallowed_methods, reason = "the order is made the same on the next line")]
        let mut leads: Vec<_> = self.leads.iter().map(|(key, value)| (*key, *value)).collect();
        leads.sort_unstable();
        let out = Out {
            counters: Counters {
                form: STATE_FORM,
                next: self.next,
                at: self.at,
                next_slip: self.next_slip,
                epoch: self.epoch,
                config_digest: self.config_digest.clone(),
            },
            words: &self.words,
            cases: &self.cases,
            requests: &self.requests,
            acts: held.acts,
            measures: held.measures,
            takings: held.takings,
            returns: &self.returns,
            ordered_less: &self.ordered_less,
            renewals: &self.renewals,
            gone: held.gone,
            releases: &self.releases,
            again: &self.again,
            viewers: &self.viewers,
            tasks: &self.tasks,
            settled_lines: &self.settled_lines,
            lanes,
            documents: &self.documents,
            idempotency,
            leads,
            deliveries,
            stops: &self.stops,
            claims: &self.claims,
            reminders: &self.reminders,
            holds: &self.holds,
            slot_highest: self.slot_highest,
            left_out: &self.left_out,
            erased_cases: &self.erased_cases,
            erasures: &self.erasures,
            went_over: &self.went_over,
        };
        let sink = postcard::to_io(&out, sink)?;
        // Behind all else, and only where there are any: nearly no directory has.
        if self.joined.is_empty() && self.stand_ins.is_empty() {
            return Ok(());
        }
        let sink = postcard::to_io(&self.joined, sink)?;
        if !self.stand_ins.is_empty() {
            postcard::to_io(&self.stand_ins, sink)?;
        }
        Ok(())
    }

    /// Reads a state and rebuilds what follows from it.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (counters, _) = postcard::take_from_bytes::<Counters>(bytes)?;
        if counters.form != STATE_FORM {
            return Err(RecordError::Form { found: counters.form });
        }
        let (read, behind) = postcard::take_from_bytes::<In>(bytes)?;
        let (joined, behind) = part_behind::<Joined>(behind)?;
        let (stand_ins, _) = part_behind::<StandIns>(behind)?;
        let mut state = Self {
            next: read.counters.next,
            at: read.counters.at,
            next_slip: read.counters.next_slip,
            epoch: read.counters.epoch,
            config_digest: read.counters.config_digest,
            words: read.words,
            cases: read.cases,
            requests: read.requests,
            acts: read.acts,
            measures: read.measures,
            takings: read.takings,
            returns: read.returns,
            ordered_less: read.ordered_less,
            renewals: read.renewals,
            gone: Gone::of(read.gone),
            releases: read.releases,
            again: read.again,
            viewers: read.viewers,
            tasks: read.tasks,
            settled_lines: read.settled_lines,
            documents: read.documents,
            deliveries: read.deliveries,
            stops: read.stops,
            claims: read.claims,
            reminders: read.reminders,
            holds: read.holds,
            slot_highest: read.slot_highest,
            left_out: read.left_out,
            erased_cases: read.erased_cases,
            erasures: read.erasures,
            went_over: read.went_over,
            joined,
            stand_ins,
            ..Self::default()
        };
        for record in read.lanes {
            let index = state.lane_for(&record.partner.clone());
            if let Some(lane) = state.lanes.get_mut(usize::from(index)) {
                *lane = Lane { record, ..Lane::of("") };
            }
        }
        state.idempotency = read.idempotency.into_iter().collect();
        state.leads = read.leads.into_iter().collect();
        state.rebuild_maps();
        state.rebuild_measures();
        state.rebuild_tasks();
        state.rebuild_queues();
        state.rebuild_deliveries();
        Ok(state)
    }

    /// A digest of everything that follows from events: equal for equal histories, kept as a golden per release.
    ///
    /// Lanes that no event names, their order and how many instants they remember follow from the configuration, and do not count.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut sink = Hashing(Sha256::new());
        let mut named: BTreeMap<&str, Option<LaneRecord>> = BTreeMap::new();
        for lane in &self.lanes {
            let bare = LaneRecord { ring: VecDeque::new(), ..lane.record.clone() };
            if bare != Lane::of(&bare.partner).record {
                named.insert(&lane.record.partner, Some(bare));
            }
        }
        let of_acts = self.acts.iter().map(|(_, act)| act.lane);
        let of_measures = self.measures.iter().map(|(_, measure)| measure.lane);
        let of_takings = self.takings.iter().map(|(_, taking)| taking.lane);
        let of_gone = self.gone.all().values().map(|measure| measure.lane);
        for lane in of_acts.chain(of_measures).chain(of_takings).chain(of_gone) {
            named.entry(self.partner_of(lane)).or_insert(None);
        }
        for delivery in self.deliveries.by_request.values() {
            named.entry(self.partner_of(delivery.lane)).or_insert(None);
        }
        let ranks: BTreeMap<&str, u16> = named.keys().copied().zip(0..).collect();
        let rank = |lane: u16| ranks.get(self.partner_of(lane)).copied().unwrap_or(0);
        fn ranked<T: Clone>(item: &T, lane: impl Fn(&mut T) -> &mut u16, rank: impl Fn(u16) -> u16) -> T {
            let mut item = item.clone();
            let place = lane(&mut item);
            *place = rank(*place);
            item
        }
        let acts = self.acts.map(|act| ranked(act, |act| &mut act.lane, rank));
        let measures = self.measures.map(|measure| ranked(measure, |measure| &mut measure.lane, rank));
        let takings = self.takings.map(|taking| ranked(taking, |taking| &mut taking.lane, rank));
        let gone = self.gone.all().iter();
        let gone = gone.map(|(key, measure)| (*key, ranked(measure, |measure| &mut measure.lane, rank))).collect();
        let held = Held { acts: &acts, measures: &measures, takings: &takings, gone: &gone };
        let mut deliveries = self.deliveries.clone();
        for delivery in deliveries.by_request.values_mut() {
            delivery.lane = rank(delivery.lane);
        }
        if self.write_parts(&held, named.values().flatten().collect(), &deliveries, &mut sink).is_err() {
            return String::new();
        }
        let digest = sink.0.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn rebuild_maps(&mut self) {
        self.document_keys = self.documents.iter().map(|(key, document)| (document.sequence, *key)).collect();
        for (index, case) in self.cases.iter() {
            self.case_by_key.insert(case.key, index);
            self.case_by_sequence.insert(case.sequence, index);
        }
        self.rebuild_joined();
        for (index, request) in self.requests.iter() {
            if request.deadline != 0 && request.may_start() {
                self.deadlines.insert((request.deadline, index));
            }
            self.plans.entry(request.sequence).or_insert((index, 0));
            for (place, act_index) in (0_u32..).zip(&request.acts) {
                if let Some(act) = self.acts.get(*act_index) {
                    if act.place == 0 {
                        self.plans.insert(act.sequence, (index, place));
                    }
                    self.slips.entry(act.slip).or_insert(*act_index);
                }
            }
        }
    }

    fn rebuild_measures(&mut self) {
        for (index, measure) in self.measures.iter() {
            self.measure_by_id.insert(id_key(measure.sequence, measure.place), index);
            self.measure_by_origin.insert(self.origin_of(measure), index);
            if measure.is_live() && measure.to != NO_DAY {
                self.expiring.insert((measure.to, index));
            }
            if measure.state() == MeasureState::Lapsed {
                self.lapsed.insert((measure.to, index));
            }
        }
        for (index, taking) in self.takings.iter() {
            self.taking_by_id.insert(id_key(taking.sequence, taking.place), index);
            self.taking_by_slip.insert((taking.slip, taking.line), index);
            if taking.is_unsettled() {
                self.unsettled.insert((taking.reported_at, index));
            }
        }
    }
}

/// A part that stands only where there is any of it, or of what comes behind it.
fn part_behind<'b, P: Default + Deserialize<'b>>(bytes: &'b [u8]) -> Result<(P, &'b [u8]), postcard::Error> {
    if bytes.is_empty() { Ok((P::default(), bytes)) } else { postcard::take_from_bytes(bytes) }
}

struct Hashing(Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
